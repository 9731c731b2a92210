"""Reads documents that hold their text in order: office files, web pages, plain text.

Each format has a reader that fills a :class:`~tenderlake.intake.office.flow.Flow`; what is written is the same for all.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lxml import etree

from tenderlake.documents import PagePlan, PrepareLimits, PrepareOptions
from tenderlake.intake.books import read_epub, read_fb2
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.office.doc import read_doc
from tenderlake.intake.office.docx import read_docx
from tenderlake.intake.office.encryption import decrypt_office
from tenderlake.intake.office.flatfiles import package_of
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.odf import read_odf
from tenderlake.intake.office.odfencryption import open_odf
from tenderlake.intake.office.package import OfficePackage, corrupt
from tenderlake.intake.office.ppt import read_ppt
from tenderlake.intake.office.pptx import read_pptx
from tenderlake.intake.office.rtf import read_rtf
from tenderlake.intake.office.spreadsheetxml import read_spreadsheet_xml
from tenderlake.intake.office.xls import read_xls
from tenderlake.intake.office.xlsx import read_xlsx
from tenderlake.intake.outcome import RejectedError, one_line
from tenderlake.intake.plaintext import read_plain_text, read_plain_xml
from tenderlake.intake.sniffing import ConvertedFormat, DocumentFormat, sniff_zip
from tenderlake.intake.webpage import read_html
from tenderlake.states import SourceState

Source = Path | io.BytesIO


def prepare_text_document(
    path: Path,
    source_format: DocumentFormat,
    folder: PreparedFolder,
    document_id: str,
    options: PrepareOptions,
    limits: PrepareLimits,
    passwords: Sequence[str] = (),
) -> tuple[tuple[PagePlan, ...], str]:
    """Prepare all pages of a document.

    Returns:
        The pages, and the media type: that of what lies under an encryption.

    Raises:
        RejectedError: It is damaged, needs a password, is too large, or has nothing in it.
    """
    source: Source = path
    media_type = source_format.value
    try:
        if source_format in _MAYBE_ENCRYPTED:
            decrypted = decrypt_office(path, passwords)
            if source_format is DocumentFormat.ENCRYPTED_OFFICE:
                source_format = _inner_format(decrypted)
                media_type = source_format.value
            source = decrypted or path
        if source_format is DocumentFormat.FLAT_OFFICE:
            source = package_of(path)
            source_format = _inner_format(source)
            media_type = source_format.value
        if source_format in _OPENDOCUMENT:
            with open_odf(source, limits, passwords) as package:
                flow = read_odf(package, limits)
                flow.lost += package.lost
        else:
            flow = _READERS[source_format](source, limits)
    except etree.LxmlError as error:
        raise corrupt(one_line(error)) from error
    except RecursionError as error:
        raise corrupt("its parts lie in each other without end") from error
    pages = flow.write(folder, document_id, options)
    folder.attach(flow.attachments, path.stat().st_size, limits)
    return pages, flow.media_type or media_type


def _inner_format(decrypted: io.BytesIO | None) -> DocumentFormat:
    if decrypted is None:
        raise corrupt("the document in it cannot be found")
    inner = sniff_zip(decrypted)
    decrypted.seek(0)
    if not isinstance(inner, DocumentFormat):
        name = inner.words if isinstance(inner, ConvertedFormat) else inner.name
        raise RejectedError(
            SourceState.SKIPPED_UNSUPPORTED, f"{name} within another format: this version does not read it"
        )
    return inner


def _in_package(read: Callable[[OfficePackage, PrepareLimits], Flow]) -> Callable[[Source, PrepareLimits], Flow]:
    def reader(source: Source, limits: PrepareLimits) -> Flow:
        with OfficePackage(source, limits) as package:
            flow = read(package, limits)
            flow.lost += package.lost
            return flow

    return reader


_MAYBE_ENCRYPTED = frozenset(
    {DocumentFormat.ENCRYPTED_OFFICE, DocumentFormat.DOC, DocumentFormat.XLS, DocumentFormat.PPT}
)
_OPENDOCUMENT = frozenset({DocumentFormat.ODT, DocumentFormat.ODS, DocumentFormat.ODP})
_READERS: Mapping[DocumentFormat, Callable[[Source, PrepareLimits], Flow]] = {
    DocumentFormat.DOCX: _in_package(read_docx),
    DocumentFormat.XLSX: _in_package(read_xlsx),
    DocumentFormat.PPTX: _in_package(read_pptx),
    DocumentFormat.RTF: read_rtf,
    DocumentFormat.DOC: read_doc,
    DocumentFormat.XLS: read_xls,
    DocumentFormat.PPT: read_ppt,
    DocumentFormat.EPUB: _in_package(read_epub),
    DocumentFormat.FB2: read_fb2,
    DocumentFormat.SPREADSHEET_XML: read_spreadsheet_xml,
    DocumentFormat.HTML: read_html,
    DocumentFormat.TXT: read_plain_text,
    DocumentFormat.XML: read_plain_xml,
}

__all__ = ["prepare_text_document"]
