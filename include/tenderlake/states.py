"""The typed states that every source ends in, and what a person can do about each."""

from __future__ import annotations

from ocr_tasks.contract import Word


class SourceState(Word):
    """How the way of one source (an inbox object or a member of an archive) ended."""

    PUBLISHED = "published", "Its document stands in the lake."
    UNPACKED = "unpacked", "An archive: what counts are its members, sources of their own."
    PUBLISHED_WITH_FAILED_PAGES = (
        "published_with_failed_pages",
        "Its document stands in the lake; some of its pages could not be read.",
    )
    SKIPPED_DUPLICATE = "skipped_duplicate", "The same bytes stand in the lake under another source."
    SKIPPED_UNSUPPORTED = "skipped_unsupported", "A kind of file that is not read."
    SKIPPED_EMPTY = "skipped_empty", "The file has no bytes, or there is nothing in it."
    QUARANTINED_ENCRYPTED = "quarantined_encrypted", "It opens with a password only."
    QUARANTINED_CORRUPT = "quarantined_corrupt", "The file is damaged."
    QUARANTINED_TOO_LARGE = "quarantined_too_large", "It is over a limit of size or pages."
    QUARANTINED_ARCHIVE_BOMB = "quarantined_archive_bomb", "An archive that grows over the limits when it is unpacked."
    QUARANTINED_TIMEOUT = "quarantined_timeout", "It took longer than it may."
    QUARANTINED_CONVERSION_FAILED = "quarantined_conversion_failed", "It could not be converted into pages."
    QUARANTINED_OCR_FAILED = "quarantined_ocr_failed", "Not one of its pages could be read."
    QUARANTINED_INVALID = "quarantined_invalid", "Validation found an error that makes its rows worthless."

    @property
    def is_published(self) -> bool:
        """Whether the document of this source stands in the lake."""
        return self in (SourceState.PUBLISHED, SourceState.PUBLISHED_WITH_FAILED_PAGES)

    @property
    def is_skipped(self) -> bool:
        """Whether there was nothing to do for this source."""
        return self.value.startswith("skipped_")

    @property
    def is_quarantined(self) -> bool:
        """Whether a person has to look at this source."""
        return self.value.startswith("quarantined_")

    @property
    def advice(self) -> str:
        """One sentence that tells a person what to do, empty where nothing is to be done."""
        return _ADVICE.get(self, "")


_RETRY = "then trigger ingest_tenders with this key and reprocess = quarantined."

_ADVICE = {
    SourceState.QUARANTINED_ENCRYPTED: f"Put in an open copy, or add its password to TENDERLAKE_PASSWORDS, {_RETRY}",
    SourceState.QUARANTINED_CORRUPT: "Download the file again and put it into the inbox under the same name.",
    SourceState.QUARANTINED_TOO_LARGE: f"Split the file or raise the limit named in the reason, {_RETRY}",
    SourceState.QUARANTINED_ARCHIVE_BOMB: f"Unpack the archive by hand if you trust it, or raise the limits, {_RETRY}",
    SourceState.QUARANTINED_TIMEOUT: f"Raise the limit named in the reason, {_RETRY}",
    SourceState.QUARANTINED_CONVERSION_FAILED: "Save the file as PDF by hand and put that into the inbox.",
    SourceState.QUARANTINED_OCR_FAILED: f"Look at the reasons of the failed pages; mend the engine, {_RETRY}",
    SourceState.QUARANTINED_INVALID: f"Look at the failed checks in the run report, {_RETRY}",
}
