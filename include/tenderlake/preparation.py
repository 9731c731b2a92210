"""Prepare: each source of a batch becomes a manifest with page images and native texts, or a typed rejection.

Downloads and uploads happen here, with credentials; the documents themselves are opened only in the sandbox's child
processes. A document that was prepared before with the same options is not prepared again.
"""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from tenderlake.documents import (
    MANIFEST_NAME,
    SINGLE_FILE_NAME,
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
    Download,
    ObjectMissingError,
    ObjectTooLargeError,
    Storage,
    StorageAccessError,
    StorageRefusedError,
)
from tenderlake.volumes import PartSet, Scheme, part_sets

log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_MOST_SHOWN_PARTS = 5

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
        for unit in part_sets(batch.sources, lambda source: source.key):
            for prepared in worker.prepare(unit):
                sources.append(prepared)
                log.info("%s: %s", _path_of(layout, prepared.source), _summary(prepared))
    result = PreparedBatch(number=batch.number, sources=tuple(sources))
    storage.put_model(prepared_key(layout, run_id, batch.number), result)
    return result


def prepared_key(layout: Layout, run_id: str, number: int) -> str:
    """Where the outcome of a batch lies."""
    return layout.run(run_id, f"prepared/batch-{number:04d}.json")


def _path_of(layout: Layout, source: SourceRef) -> str:
    return layout.path_of(source.key, source.archive_path)


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


@dataclass(frozen=True)
class _MemberFile:
    """A member of an archive, and where its bytes lie."""

    source: SourceRef
    path: Path


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

    def prepare(self, unit: SourceRef | PartSet[SourceRef]) -> Iterator[PreparedSource]:
        """Download, look for an earlier manifest, else open the document in the sandbox and upload what came out.

        Yields:
            What became of the source; after an archive or a document with files within it, what became of each of its
            members; of an archive in several parts, what became of the other parts.
        """
        started = time.monotonic()
        archives = _Archives(UnpackBudget(self._limits))
        with tempfile.TemporaryDirectory(prefix="tenderlake-prepare-") as name:
            folder = Path(name)
            if isinstance(unit, PartSet):
                yield from self._prepare_inbox_parts(unit, folder, started, archives)
                return
            download = self._download(unit, folder / "source")
            if isinstance(download, PreparedSource):
                yield download
            else:
                yield from self._prepare_file(unit, download.path, download.sha256, folder, started, archives)

    def _download(self, source: SourceRef, path: Path) -> Download | PreparedSource:
        """The bytes of a source, or how its way ends here."""
        if source.size_bytes > self._limits.max_document_bytes:
            return PreparedSource(source=source, rejection=self._too_large(source.size_bytes))
        try:
            return self._storage.download(source.key, path, etag=source.etag, max_bytes=self._limits.max_document_bytes)
        except ObjectTooLargeError:
            return PreparedSource(source=source, rejection=self._too_large(source.size_bytes))
        except ObjectMissingError:
            return PreparedSource(source=source, left_reason=REMOVED)
        except ConditionFailedError:
            return PreparedSource(source=source, left_reason=CHANGED)
        except (StorageAccessError, StorageRefusedError) as error:
            self._storage.check()  # this one object, or all of the bucket?
            return PreparedSource(source=source, left_reason=str(error))

    def _too_large(self, size_bytes: int) -> Rejection:
        return Rejection(
            state=SourceState.QUARANTINED_TOO_LARGE,
            reason=f"{size_bytes:,} bytes are more than TENDERLAKE_MAX_DOCUMENT_BYTES "
            f"({self._limits.max_document_bytes:,})",
        )

    # ---- archives in several parts

    def _prepare_inbox_parts(
        self, parts: PartSet[SourceRef], folder: Path, started: float, archives: _Archives
    ) -> Iterator[PreparedSource]:
        if (rejection := self._unjoinable(parts)) is not None:
            yield from self._end_together(parts, PreparedSource(source=parts.leader, rejection=rejection))
            return
        paths: list[Path] = []
        for number, part in enumerate(parts.parts):
            download = self._download(part, folder / f"part-{number}")
            if isinstance(download, PreparedSource):
                yield from self._end_together(parts, download)
                return
            paths.append(download.path)
        yield from self._prepare_parts(parts, paths, folder, started, archives)

    def _unjoinable(self, parts: PartSet[SourceRef]) -> Rejection | None:
        """Why the parts that are there do not make an archive, as far as their names tell."""
        # A main part of these schemes has a name that whole archives have too: its reader tells what it is.
        may_be_whole = parts.main is not None and parts.scheme in (Scheme.ZIP, Scheme.OLD_RAR)
        if parts.missing and not may_be_whole:
            shown = ", ".join(path.rpartition("/")[2] for path in parts.missing[:_MOST_SHOWN_PARTS])
            more = len(parts.missing) - _MOST_SHOWN_PARTS
            shown += f" and {more} more" if more > 0 else ""
            return Rejection(
                state=SourceState.QUARANTINED_CORRUPT,
                reason=f"an archive in several parts, of which some are missing or damaged: {shown}. "
                "Put them beside the others: the archive is then taken again by itself",
            )
        size_bytes = sum(part.size_bytes for part in parts.parts)
        return self._too_large(size_bytes) if size_bytes > self._limits.max_document_bytes else None

    def _prepare_parts(
        self, parts: PartSet[SourceRef], paths: Sequence[Path], folder: Path, started: float, archives: _Archives
    ) -> Iterator[PreparedSource]:
        """The main part with all that is in the archive, then the others; ``paths``: the files of the parts."""
        document_id = _sha256_of(paths)
        path = _joined(parts, paths, folder / "parts")
        of_archive = self._prepare_file(parts.leader, path, document_id, folder, started, archives)
        main = _with_hint(next(of_archive), parts)
        yield main
        yield from of_archive
        yield from (self._like_main(part, main) for part in parts.others)

    def _end_together(self, parts: PartSet[SourceRef], outcome: PreparedSource) -> Iterator[PreparedSource]:
        """All parts end as one of them does."""
        main = outcome.model_copy(update={"source": parts.leader})
        yield main
        yield from (self._like_main(part, main) for part in parts.others)

    def _like_main(self, part: SourceRef, main: PreparedSource) -> PreparedSource:
        if main.left_reason is not None:
            return PreparedSource(source=part, left_reason=main.left_reason)
        name = _path_of(self._layout, main.source)
        if main.rejection is None or main.rejection.state is SourceState.UNPACKED:
            rejection = Rejection(state=SourceState.UNPACKED, reason=f"a part of {name}: what is in it stands there")
        else:
            reason = f"a part of {name}: {main.rejection.reason}"
            rejection = Rejection(state=main.rejection.state, reason=reason)
        return PreparedSource(source=part, rejection=rejection)

    # ---- one file

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
            _remove(path)  # its members are all that is needed from here on
            yield from self._prepare_members(source, _named_after(source, outcome), output, archives)
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
        files: list[_MemberFile] = []
        for member in members:
            archive_path = "/".join(part for part in (archive.archive_path, member.archive_path) if part)
            source = archive.model_copy(update={"archive_path": archive_path, "size_bytes": member.size_bytes})
            if member.file_name is None:
                yield PreparedSource(source=source, rejection=member.rejection)
            else:
                files.append(_MemberFile(source, folder / member.file_name))
        for unit in part_sets(files, lambda file: file.source.archive_path or ""):
            started = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="member-", dir=folder) as name:
                if isinstance(unit, PartSet):
                    yield from self._prepare_member_parts(unit, Path(name), started, archives)
                    continue
                document_id = _sha256_of([unit.path])
                yield from self._prepare_file(unit.source, unit.path, document_id, Path(name), started, archives)
            unit.path.unlink(missing_ok=True)

    def _prepare_member_parts(
        self, files: PartSet[_MemberFile], folder: Path, started: float, archives: _Archives
    ) -> Iterator[PreparedSource]:
        parts = files.map(lambda file: file.source)
        if (rejection := self._unjoinable(parts)) is not None:
            yield from self._end_together(parts, PreparedSource(source=parts.leader, rejection=rejection))
        else:
            paths = [file.path for file in files.parts]
            yield from self._prepare_parts(parts, paths, folder, started, archives)

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


def _sha256_of(paths: Sequence[Path]) -> str:
    """The SHA-256 of files one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def _joined(parts: PartSet[SourceRef], paths: Sequence[Path], target: Path) -> Path:
    """The archive that the files make: a file, or a folder of parts under names that readers know."""
    if parts.scheme is not Scheme.PIECES:
        target.mkdir()
        for path, name in zip(paths, parts.neutral_names, strict=True):
            path.rename(target / name)
        return target
    with target.open("wb") as whole:
        for path in paths:
            with path.open("rb") as piece:
                shutil.copyfileobj(piece, whole, _CHUNK_BYTES)
            path.unlink()
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _with_hint(main: PreparedSource, parts: PartSet[SourceRef]) -> PreparedSource:
    """Of a file cut into pieces nothing tells how many there are: where it is damaged, the last may be missing."""
    rejection = main.rejection
    if rejection is None or rejection.state is not SourceState.QUARANTINED_CORRUPT or parts.scheme is not Scheme.PIECES:
        return main
    last = parts.parts[-1].filename
    reason = f"{rejection.reason}. If there are parts after {last}, put them beside it"
    return main.model_copy(update={"rejection": Rejection(state=rejection.state, reason=reason)})


def _named_after(archive: SourceRef, unpacking: Unpacking) -> Sequence[UnpackedMember]:
    """The members, where the one of a format that keeps no names is called as its archive is, but for the ending."""
    stem = archive.filename.rpartition(".")[0]
    if not stem or [member.archive_path for member in unpacking.members] != [SINGLE_FILE_NAME]:
        return unpacking.members
    return [member.model_copy(update={"archive_path": stem}) for member in unpacking.members]


def _too_deep(depth: int) -> Rejection:
    return Rejection(
        state=SourceState.QUARANTINED_ARCHIVE_BOMB,
        reason=f"it lies in {_counted(depth, 'archive')}, one in another, and is not opened: "
        f"TENDERLAKE_MAX_ARCHIVE_DEPTH is {depth}",
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
