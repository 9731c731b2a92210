"""From a file to pages: what it is, its native texts, its page images, or why it ends here.

:func:`prepare_document` is a pure local function: a path in, a folder out. Documents are hostile, so the pipeline calls
it through :mod:`tenderlake.sandbox` only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenderlake.documents import (
    UNPACKING_NAME,
    DocumentManifest,
    PagePlan,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    Unpacking,
)
from tenderlake.intake.archives import unpack, unpack_parts
from tenderlake.intake.djvu import prepare_djvu
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.mail import unpack_mail
from tenderlake.intake.office import prepare_text_document
from tenderlake.intake.office.conversion import convert_to_pdf
from tenderlake.intake.outcome import NOT_ENOUGH_MEMORY, RejectedError
from tenderlake.intake.pdf import prepare_pdf
from tenderlake.intake.pictures import prepare_pictures
from tenderlake.intake.sniffing import (
    ArchiveFormat,
    ConvertedFormat,
    DocumentFormat,
    MailFormat,
    SourceFormat,
    Unsupported,
    sniff,
)
from tenderlake.intake.xps import xps_as_pdf
from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState


def prepare_document(
    path: Path,
    output: Path,
    *,
    document_id: str,
    options: PrepareOptions,
    limits: PrepareLimits,
    passwords: Sequence[str] = (),
    may_convert: bool = True,
) -> DocumentManifest | Unpacking | Rejection:
    """Prepare one document, or unpack one level of an archive.

    Args:
        path: The file; its name plays no part. Of an archive in several parts, the folder that holds these.
        output: A folder, made where missing. On success it holds ``manifest.json`` (written last), the native texts
            (``native-pages.jsonl``), the page images (``page-000001.jpg`` and so on) and the files within the
            document (``member-000001`` and so on). Of an archive it holds ``unpacking.json`` and the members.
        document_id: The SHA-256 of the file.
        options: How pages are made.
        limits: Sizes that are checked here; time and memory are for the sandbox to enforce.
        passwords: Tried where a file is encrypted.
        may_convert: This process may start LibreOffice and DjVuLibre for what has no reader here.

    Returns:
        The manifest, the members of an archive, or the final state of a file that cannot be prepared and why.

    Raises:
        OSError: The disk failed; the document is not to blame.
        ConverterNeededError: Another program has to help, and ``may_convert`` is not set.
    """
    folder = PreparedFolder(output)
    try:
        if path.is_dir():
            return _finished(unpack_parts(path, output, limits, passwords), output)
        size_bytes = _checked_size(path, limits)
        source_format = sniff(path)
        if isinstance(source_format, ArchiveFormat | MailFormat):
            if isinstance(source_format, MailFormat):
                unpacking = unpack_mail(path, output, source_format, limits)
            else:
                unpacking = unpack(path, output, source_format, limits, passwords)
            return _finished(unpacking, output)
        if isinstance(source_format, Unsupported):
            raise RejectedError(source_format.state, source_format.reason)
        pages, media_type = _prepare_pages(
            path, source_format, folder, document_id, options, limits, passwords, may_convert=may_convert
        )
    except RejectedError as error:
        return error.rejection
    except MemoryError:
        return Rejection(state=SourceState.QUARANTINED_TOO_LARGE, reason=NOT_ENOUGH_MEMORY)
    manifest = DocumentManifest(
        document_id=document_id,
        media_type=media_type,
        size_bytes=size_bytes,
        options=options,
        pages=pages,
        attachments=folder.attachments,
    )
    folder.finish(manifest)
    return manifest


def _finished(unpacking: Unpacking, output: Path) -> Unpacking:
    (output / UNPACKING_NAME).write_text(unpacking.model_dump_json(), encoding="utf-8")
    return unpacking


def _prepare_pages(
    path: Path,
    source_format: SourceFormat | DocumentFormat | ConvertedFormat,
    folder: PreparedFolder,
    document_id: str,
    options: PrepareOptions,
    limits: PrepareLimits,
    passwords: Sequence[str],
    *,
    may_convert: bool,
) -> tuple[tuple[PagePlan, ...], str]:
    """The pages of a document, and its media type."""
    if isinstance(source_format, DocumentFormat):
        return prepare_text_document(path, source_format, folder, document_id, options, limits, passwords)
    if isinstance(source_format, ConvertedFormat):
        with tempfile.TemporaryDirectory(prefix="convert-", dir=folder.path) as work:
            pdf = convert_to_pdf(path, source_format, Path(work), limits, may_convert=may_convert)
            pages = prepare_pdf(pdf, folder, document_id, options, limits)
    elif source_format is SourceFormat.DJVU:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=folder.path) as work:
            pages = prepare_djvu(path, folder, Path(work), document_id, options, limits, may_start_programs=may_convert)
    elif source_format is SourceFormat.XPS:
        with tempfile.TemporaryDirectory(prefix="convert-", dir=folder.path) as work:
            pdf, is_damaged = xps_as_pdf(path, Path(work), limits)
            pages = prepare_pdf(pdf, folder, document_id, options, limits)
        if is_damaged:
            pages = tuple(_flagged(page) for page in pages)
    elif source_format is SourceFormat.PDF:
        pages = prepare_pdf(path, folder, document_id, options, limits, passwords)
    else:
        pages = prepare_pictures(path, source_format, folder, limits)
        folder.add_native_pages(())
    return pages, source_format.value


def _flagged(page: PagePlan) -> PagePlan:
    flags = dict.fromkeys((*page.quality_flags, PageFlag.REPAIRED_FILE.value))
    return page.model_copy(update={"quality_flags": tuple(flags)})


def _checked_size(path: Path, limits: PrepareLimits) -> int:
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise RejectedError(SourceState.SKIPPED_EMPTY, "the file has 0 bytes")
    if size_bytes > limits.max_document_bytes:
        raise RejectedError(
            SourceState.QUARANTINED_TOO_LARGE,
            f"it has {size_bytes} bytes, more than TENDERLAKE_MAX_DOCUMENT_BYTES ({limits.max_document_bytes})",
        )
    return size_bytes


__all__ = ["prepare_document"]
