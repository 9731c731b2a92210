"""Where everything lies in the bucket: the one place that builds S3 keys.

``inbox/<any path>``                              what people drop; never changed
``lake/<table>/ingest_date=YYYY-MM-DD/part-<n>.parquet``
``lake-compact/<table>/part-<n>.parquet``          the same rows in few files
``markdown/<path in inbox>[/<path in archive>].md``
``quarantine/<state>/<path in inbox>.json``
``work/documents/<document_id>/<options>/``       manifest, native texts, page images
``work/ocr/<page_key>.json``                      page results, addressed by content
``work/runs/<run>/``                              claim, batches, shards, staging tables
``reports/<run>/``                                what happened

Names that people gave are kept in ``markdown/`` and ``quarantine/`` as they are, unless a store or a file system would
refuse them or leave its folder: too long, empty, ``.``, ``..``, with control characters. Those get ``~`` and the hash
of the whole name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from tenderlake.settings import Settings
from tenderlake.states import SourceState

MAX_SEGMENT_BYTES = 240
"""Of one name between slashes: SeaweedFS, MinIO and Linux file systems take 255."""
MAX_KEY_BYTES = 1000
"""Of a whole key: S3 takes 1024."""

# Not allowed in XML, in which S3 lists and deletes keys, or not in UTF-8; DEL and C1 are no more readable.
_NOT_IN_KEYS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MARK = re.compile(r"~[0-9a-f]{8}\Z")


def run_folder(run_id: str) -> str:
    """The run id as one path segment that is safe in URLs and file systems."""
    return _segment(re.sub(r"[^A-Za-z0-9_.-]", "-", run_id))


def _derived_key(prefix: str, path: str, extension: str) -> str:
    """A key below a prefix that is named after a path, one to one: readable, and never refused or outside of it."""
    *folders, name = path.split("/")
    key = prefix + "/".join([*map(_segment, folders), _segment(name, extension)])
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    # Too deep: as many folders as fit, and the mark of the whole path at the name.
    last = _marked(name, path, extension)
    room = MAX_KEY_BYTES - len(f"{prefix}{last}".encode())
    for folder in map(_segment, folders):
        room -= len(f"{folder}/".encode())
        if room < 0:
            break
        prefix += f"{folder}/"
    return prefix + last


def _segment(name: str, extension: str = "") -> str:
    is_kept = (
        name not in ("", ".", "..")
        and len(f"{name}{extension}".encode(errors="replace")) <= MAX_SEGMENT_BYTES
        and not _NOT_IN_KEYS.search(name)
        and not _MARK.search(name)  # a name that looks marked could be that of another path
    )
    return f"{name}{extension}" if is_kept else _marked(name, name, extension)


def _marked(name: str, whole: str, extension: str) -> str:
    """The name, cut at a character, with the hash of what it stands for."""
    ending = f"~{hashlib.sha256(whole.encode(errors='surrogatepass')).hexdigest()[:8]}{extension}"
    shown = _NOT_IN_KEYS.sub("_", name).encode()[: MAX_SEGMENT_BYTES - len(ending)]
    return shown.decode(errors="ignore") + ending


@dataclass(frozen=True)
class Layout:
    """S3 keys, made from the prefixes of the settings."""

    settings: Settings

    @property
    def inbox(self) -> str:
        """Prefix of the inbox."""
        return self.settings.inbox_prefix

    def path_in_inbox(self, key: str) -> str:
        """The path that people know: the key without the inbox prefix."""
        return key.removeprefix(self.settings.inbox_prefix)

    def table(self, table: str) -> str:
        """Prefix of all partitions of a table."""
        return f"{self.settings.lake_prefix}{table}/"

    def day(self, table: str, ingest_date: dt.date) -> str:
        """Prefix of one partition of a table."""
        return f"{self.table(table)}ingest_date={ingest_date.isoformat()}/"

    def partition(self, table: str, ingest_date: dt.date, part: int = 0) -> str:
        """One Parquet object of a partition."""
        return f"{self.day(table, ingest_date)}part-{part}.parquet"

    def compact_table(self, table: str) -> str:
        """Prefix of the compact copy of a table."""
        return f"{self.settings.compact_prefix}{table}/"

    def compact_part(self, table: str, part: int) -> str:
        """One Parquet object of the compact copy of a table."""
        return f"{self.compact_table(table)}part-{part}.parquet"

    def markdown(self, source_key: str, archive_path: str | None = None) -> str:
        """The Markdown of a source."""
        return _derived_key(self.settings.markdown_prefix, self.path_of(source_key, archive_path), ".md")

    def quarantine(self, state: SourceState, source_key: str, archive_path: str | None = None) -> str:
        """The note on a quarantined source."""
        return _derived_key(self.quarantined(state), self.path_of(source_key, archive_path), ".json")

    def quarantined(self, state: SourceState) -> str:
        """Prefix of the notes on all sources in this state."""
        return f"{self.settings.quarantine_prefix}{state.value}/"

    def path_of(self, source_key: str, archive_path: str | None = None) -> str:
        """The path that people know of a source: in the inbox, and in the archive there."""
        path = self.path_in_inbox(source_key)
        return f"{path}/{archive_path}" if archive_path else path

    def document(self, document_id: str, options_digest: str) -> str:
        """Prefix of what prepare made of a document."""
        return f"{self.settings.work_prefix}documents/{document_id}/{options_digest}/"

    def page_result(self, page_key: str) -> str:
        """The result of one page."""
        return f"{self.settings.work_prefix}ocr/{page_key}.json"

    @property
    def runs(self) -> str:
        """Prefix of all runs."""
        return f"{self.settings.work_prefix}runs/"

    def run(self, run_id: str, name: str) -> str:
        """An object of a run."""
        return f"{self.runs}{run_folder(run_id)}/{name}"

    @property
    def claims(self) -> str:
        """Prefix of the claims of all runs in flight."""
        return f"{self.settings.work_prefix}claims/"

    def claim(self, run_id: str) -> str:
        """The claim of a run: which sources it has taken."""
        return f"{self.claims}{run_folder(run_id)}.json"

    @property
    def unfinished_publishing(self) -> str:
        """Prefix of the marks of runs whose publishing has begun and not ended."""
        return f"{self.settings.work_prefix}publishing/"

    @property
    def writers(self) -> str:
        """Prefix of the claims of those who write the lake, or wait for it."""
        return f"{self.settings.work_prefix}lake-writers/"

    def publishing_mark(self, run_id: str) -> str:
        """The mark of a run that is being published."""
        return f"{self.unfinished_publishing}{run_folder(run_id)}.json"

    def staging(self, run_id: str, table: str, batch: int) -> str:
        """Rows of one batch, before they are validated and published."""
        return self.run(run_id, f"staging/{table}/batch-{batch:04d}.parquet")

    def report(self, run_id: str, name: str) -> str:
        """A file of the run's report."""
        return f"{self.settings.reports_prefix}{run_folder(run_id)}/{name}"
