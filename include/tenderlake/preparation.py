"""Prepare: each source of a batch becomes a manifest with page images and native texts, or a typed rejection.

Downloads and uploads happen here, with credentials; the documents themselves are opened only in the sandbox's child
processes. A document that was prepared before with the same options is not prepared again.
"""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from tenderlake.documents import (
    MANIFEST_NAME,
    DocumentManifest,
    PreparedSource,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    SourceRef,
    UnpackedMember,
    Unpacking,
)
from tenderlake.layout import Layout
from tenderlake.runs import Batch, PreparedBatch, RunOptions
from tenderlake.sandbox import PrepareSandbox
from tenderlake.states import SourceState
from tenderlake.storage import (
    ConditionFailedError,
    ObjectMissingError,
    ObjectTooLargeError,
    Storage,
    StorageAccessError,
    StorageRefusedError,
)

log = logging.getLogger(__name__)

CHANGED = "changed in the inbox before it was read"
REMOVED = "removed from the inbox before it was read"
PEOPLES_DOING = frozenset({CHANGED, REMOVED})
"""Reasons to leave a source that are no failure of the system."""


def prepare_batch(storage: Storage, layout: Layout, run_id: str, batch_key: str, options: RunOptions) -> PreparedBatch:
    """Prepare every source of a batch and write ``prepared/batch-<n>.json``.

    Raises:
        StorageError: storage failed; the batch is done again as a whole, finished documents are found and kept.
    """
    batch = storage.get_model(batch_key, Batch)
    limits = layout.settings.prepare_limits
    sources: list[PreparedSource] = []
    with PrepareSandbox(limits, layout.settings.password_list) as sandbox:
        worker = _SourcePreparer(storage, layout, options.prepare_options, limits, sandbox)
        for source in batch.sources:
            for prepared in worker.prepare(source):
                sources.append(prepared)
                log.info("%s: %s", layout.path_of(source.key, prepared.source.archive_path), _summary(prepared))
    result = PreparedBatch(number=batch.number, sources=tuple(sources))
    storage.put_model(prepared_key(layout, run_id, batch.number), result)
    return result


def prepared_key(layout: Layout, run_id: str, number: int) -> str:
    """Where the outcome of a batch lies."""
    return layout.run(run_id, f"prepared/batch-{number:04d}.json")


def _summary(prepared: PreparedSource) -> str:
    if prepared.rejection:
        return f"{prepared.rejection.state.value}: {prepared.rejection.reason}"
    if prepared.left_reason:
        return f"left for the next run: {prepared.left_reason}"
    return f"{prepared.page_count} pages, {prepared.image_pages} of them for OCR, {prepared.prepare_s:.1f} s"


class UnpackBudget:
    """What is left of one source's limits within its archives, however they are nested and however many there are."""

    def __init__(self, limits: PrepareLimits) -> None:
        self.limits = limits

    def spend(self, members: Sequence[UnpackedMember]) -> None:
        """Take off what an archive or a document held."""
        size_bytes = sum(member.size_bytes for member in members)
        left = {
            "max_archive_members": max(0, self.limits.max_archive_members - len(members)),
            "max_unpacked_bytes": max(0, self.limits.max_unpacked_bytes - size_bytes),
        }
        self.limits = self.limits.model_copy(update=left)


@dataclass(frozen=True)
class _Archives:
    """In how many archives a file lies, and what they may still unpack together."""

    budget: UnpackBudget
    depth: int = 0


class _SourcePreparer:
    """Prepares one source after the other with the same storage, options and sandbox."""

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        options: PrepareOptions,
        limits: PrepareLimits,
        sandbox: PrepareSandbox,
    ) -> None:
        self._storage, self._layout, self._options = storage, layout, options
        self._limits, self._sandbox = limits, sandbox

    def prepare(self, source: SourceRef) -> Iterator[PreparedSource]:
        """Download, look for an earlier manifest, else open the document in the sandbox and upload what came out.

        Yields:
            What became of the source; after an archive, what became of each of its members.
        """
        started = time.monotonic()
        too_large = Rejection(
            state=SourceState.QUARANTINED_TOO_LARGE,
            reason=f"{source.size_bytes:,} bytes are more than TENDERLAKE_MAX_DOCUMENT_BYTES "
            f"({self._limits.max_document_bytes:,})",
        )
        if source.size_bytes > self._limits.max_document_bytes:
            yield PreparedSource(source=source, rejection=too_large)
            return
        with tempfile.TemporaryDirectory(prefix="tenderlake-prepare-") as folder:
            try:
                download = self._storage.download(
                    source.key, Path(folder, "source"), etag=source.etag, max_bytes=self._limits.max_document_bytes
                )
            except ObjectTooLargeError:
                yield PreparedSource(source=source, rejection=too_large)
            except ObjectMissingError:
                yield PreparedSource(source=source, left_reason=REMOVED)
            except ConditionFailedError:
                yield PreparedSource(source=source, left_reason=CHANGED)
            except (StorageAccessError, StorageRefusedError) as error:
                self._storage.check()  # this one object, or all of the bucket?
                yield PreparedSource(source=source, left_reason=str(error))
            else:
                archives = _Archives(UnpackBudget(self._limits))
                yield from self._prepare_file(source, download.path, download.sha256, Path(folder), started, archives)

    def _prepare_file(
        self, source: SourceRef, path: Path, document_id: str, folder: Path, started: float, archives: _Archives
    ) -> Iterator[PreparedSource]:
        """One file, an inbox object or a member of an archive; ``folder`` is for what is made of it."""
        output = folder / "output"
        outcome = self._outcome(path, document_id, output, archives)
        duration_s = time.monotonic() - started
        if isinstance(outcome, Unpacking):
            why = f"{_counted(len(outcome.members), 'file')} in it" if outcome.members else "no file in it"
            rejection = Rejection(state=SourceState.UNPACKED, reason=why)
            yield PreparedSource(source=source, document_id=document_id, rejection=rejection, prepare_s=duration_s)
            path.unlink()  # its members are all that is needed from here on
            yield from self._prepare_members(source, outcome.members, output, archives)
        elif isinstance(outcome, Rejection):
            yield PreparedSource(source=source, document_id=document_id, rejection=outcome, prepare_s=duration_s)
        else:
            yield PreparedSource(
                source=source,
                document_id=document_id,
                manifest_key=self._layout.document(document_id, self._options.digest) + MANIFEST_NAME,
                media_type=outcome.media_type,
                page_count=len(outcome.pages),
                image_pages=len(outcome.image_pages),
                prepare_s=duration_s,
            )
            yield from self._prepare_members(
                source, self._within_depth(outcome.attachments, archives), output, archives
            )

    def _within_depth(self, attachments: Sequence[UnpackedMember], archives: _Archives) -> Sequence[UnpackedMember]:
        """The files within a document; none of them where it lies as deep as files may."""
        if archives.depth < self._limits.max_archive_depth:
            return attachments
        return [
            member.model_copy(update={"file_name": None, "rejection": member.rejection or _too_deep(archives.depth)})
            for member in attachments
        ]

    def _prepare_members(
        self, archive: SourceRef, members: Sequence[UnpackedMember], folder: Path, archives: _Archives
    ) -> Iterator[PreparedSource]:
        """The files of an archive, or within a document."""
        archives.budget.spend(members)
        archives = replace(archives, depth=archives.depth + 1)
        for member in members:
            started = time.monotonic()
            archive_path = "/".join(part for part in (archive.archive_path, member.archive_path) if part)
            source = archive.model_copy(update={"archive_path": archive_path, "size_bytes": member.size_bytes})
            if member.file_name is None:
                yield PreparedSource(source=source, rejection=member.rejection)
                continue
            path = folder / member.file_name
            with path.open("rb") as file:
                document_id = hashlib.file_digest(file, "sha256").hexdigest()
            with tempfile.TemporaryDirectory(prefix="member-", dir=folder) as member_folder:
                yield from self._prepare_file(source, path, document_id, Path(member_folder), started, archives)
            path.unlink(missing_ok=True)

    def _outcome(
        self, path: Path, document_id: str, output: Path, archives: _Archives
    ) -> DocumentManifest | Unpacking | Rejection:
        prefix = self._layout.document(document_id, self._options.digest)
        output.mkdir()
        outcome = self._earlier_manifest(prefix, output)
        if outcome is not None:
            return outcome
        prepared = self._sandbox.prepare(path, output, document_id, self._options, archives.budget.limits)
        if isinstance(prepared, DocumentManifest):
            self._upload(output, prefix)
        elif isinstance(prepared, Unpacking) and archives.depth >= self._limits.max_archive_depth:
            return _too_deep(archives.depth)
        return prepared

    def _earlier_manifest(self, prefix: str, output: Path) -> DocumentManifest | None:
        """What was prepared before, with the files within the document in ``output``.

        None where there is nothing, or where a file within did not come out: now a limit may be another.
        """
        try:
            manifest = self._storage.get_model(prefix + MANIFEST_NAME, DocumentManifest)
            if any(member.rejection and member.rejection.state.is_quarantined for member in manifest.attachments):
                return None
            for member in manifest.attachments:
                if member.file_name is not None:
                    self._storage.download(prefix + member.file_name, output / member.file_name)
        except (ObjectMissingError, ValidationError):  # none yet, or one of another version
            return None
        return manifest

    def _upload(self, output: Path, prefix: str) -> None:
        files = [path for path in sorted(output.iterdir()) if path.name != MANIFEST_NAME]
        self._storage.in_parallel(lambda path: self._storage.upload(path, prefix + path.name, _media_type(path)), files)
        # The manifest comes last: where it is, everything it names is there too.
        self._storage.upload(output / MANIFEST_NAME, prefix + MANIFEST_NAME, "application/json")


def _too_deep(depth: int) -> Rejection:
    return Rejection(
        state=SourceState.QUARANTINED_ARCHIVE_BOMB,
        reason=f"{_counted(depth, 'archive')} deep, more than TENDERLAKE_MAX_ARCHIVE_DEPTH allows",
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
