"""The files within a PDF: those of its list (portfolios too), those pinned to pages, and associated ones.

MuPDF's own functions are called, not PyMuPDF's: these read only the first level of the tree of names, in which longer
lists have none, and spoil names that are not ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tenderlake.documents import Rejection
from tenderlake.intake.archives.common import NEEDS_PASSWORD
from tenderlake.intake.attachments import Attachment
from tenderlake.intake.membernames import safe_name
from tenderlake.intake.outcome import NOT_ENOUGH_MEMORY, is_disk_trouble, is_out_of_memory, one_line
from tenderlake.mupdf import Document, Page, first_complaint, forget_complaints, pymupdf
from tenderlake.states import SourceState

_NAME_KEYS = ("UF", "F", "Unix", "DOS", "Mac")
_FILTERS_SINCE_VERSION = 4
_LOCKED = Rejection(state=SourceState.QUARANTINED_ENCRYPTED, reason=NEEDS_PASSWORD)
_FileSpec = Any


def has_files(page: Page) -> bool:
    """Whether a file is pinned to the page."""
    return any(kind == pymupdf.PDF_ANNOT_FILE_ATTACHMENT for _, kind, _ in page.annot_xrefs())


def encrypts_files_only(document: Document) -> bool:
    """Whether a document that needs a password needs it for the files within it alone (ISO 32000-1, 7.6.5)."""
    mupdf = pymupdf.mupdf
    pdf = mupdf.pdf_document_from_fz_document(document.this)
    encryption = mupdf.pdf_dict_gets(mupdf.pdf_trailer(pdf), "Encrypt")
    # Filters for streams and strings came with this version; those that are not named leave them as they are.
    has_filters = mupdf.pdf_to_int(mupdf.pdf_dict_gets(encryption, "V")) >= _FILTERS_SINCE_VERSION
    names = [str(mupdf.pdf_to_name(mupdf.pdf_dict_gets(encryption, key))) for key in ("StmF", "StrF")]
    return has_filters and all(name in ("", "Identity") for name in names)


def attached_files(
    document: Document, pages_with_files: Iterable[int], *, are_locked: bool = False
) -> Iterator[Attachment]:
    """The files within a document, one after the other (ISO 32000-1, 7.11.4; ISO 32000-2, 14.13).

    Args:
        document: It is open, with its password.
        pages_with_files: The numbers of the pages, from 1, on which :func:`has_files` finds some.
        are_locked: They need a password that nobody knows.
    """
    mupdf = pymupdf.mupdf
    seen: set[int] = set()
    for number, file in enumerate(_file_specs(document, pages_with_files), start=1):
        try:
            # MuPDF's own test asks for a type that some programs write in another way (/F).
            if not mupdf.pdf_is_dict(mupdf.pdf_dict_gets(file, "EF")):
                continue
            stream = mupdf.pdf_to_num(_stream(file))
        except Exception as error:  # the library raises nearly anything on a broken file
            if is_disk_trouble(error):
                raise
            continue
        if stream and stream in seen:
            continue
        seen.add(stream)
        yield _attachment(file, number, is_locked=are_locked)


def _file_specs(document: Document, pages_with_files: Iterable[int]) -> Iterator[_FileSpec]:
    mupdf = pymupdf.mupdf
    try:
        pdf = mupdf.pdf_document_from_fz_document(document.this)
        names = mupdf.pdf_load_name_tree(pdf, mupdf.pdf_new_name("EmbeddedFiles"))
        yield from (mupdf.pdf_dict_get_val(names, place) for place in range(mupdf.pdf_dict_len(names)))
        root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(pdf), "Root")
        associated = mupdf.pdf_dict_gets(root, "AF")
        yield from (mupdf.pdf_array_get(associated, place) for place in range(mupdf.pdf_array_len(associated)))
        for number in pages_with_files:
            for note in document[number - 1].annots(types=[pymupdf.PDF_ANNOT_FILE_ATTACHMENT]):
                yield mupdf.pdf_dict_gets(mupdf.pdf_annot_obj(note.this), "FS")
    except Exception as error:  # as above; what was found until here is kept
        if is_disk_trouble(error):
            raise


def _stream(file: _FileSpec) -> Any:
    """The object that holds the bytes, by its number the same for a file in the list and on a page; null for none."""
    mupdf = pymupdf.mupdf
    streams = mupdf.pdf_dict_gets(file, "EF")
    found = [mupdf.pdf_dict_gets(streams, key) for key in _NAME_KEYS]
    return next((stream for stream in found if mupdf.pdf_to_num(stream)), found[0])


def _attachment(file: _FileSpec, number: int, *, is_locked: bool) -> Attachment:
    mupdf = pymupdf.mupdf
    forget_complaints()
    name = f"attachment {number}"
    try:
        texts = (str(mupdf.pdf_to_text_string(mupdf.pdf_dict_gets(file, key))) for key in _NAME_KEYS)
        name = safe_name(next((text for text in texts if text), name))
        if is_locked:
            return Attachment(name, rejection=_LOCKED)
        buffer = mupdf.pdf_load_stream(_stream(file))
        return Attachment(name, bytes(mupdf.fz_buffer_extract_copy(buffer)))
    except Exception as error:  # as above
        if is_disk_trouble(error):
            raise
        if is_out_of_memory(error):
            pymupdf.TOOLS.store_shrink(100)
            rejection = Rejection(state=SourceState.QUARANTINED_TOO_LARGE, reason=NOT_ENOUGH_MEMORY)
        else:
            words = first_complaint() or one_line(error) or type(error).__name__
            rejection = Rejection(state=SourceState.QUARANTINED_CORRUPT, reason=f"damaged in the document: {words}")
        return Attachment(name, rejection=rejection)
