"""Makes a PDF of an XPS document with MuPDF, so that its pages are read as those of a PDF are."""

from __future__ import annotations

from pathlib import Path

from tenderlake.documents import PrepareLimits
from tenderlake.intake.outcome import NOT_ENOUGH_MEMORY, RejectedError, is_disk_trouble, is_out_of_memory, one_line
from tenderlake.mupdf import first_complaint, forget_complaints, pymupdf
from tenderlake.states import SourceState


def xps_as_pdf(path: Path, folder: Path, limits: PrepareLimits) -> tuple[Path, bool]:
    """The document as a PDF in a folder, and whether something in it could not be read.

    Raises:
        RejectedError: It is damaged, or has too many pages.
    """
    forget_complaints()
    pdf = folder / "source.pdf"
    try:
        with pymupdf.open(path, filetype="xps") as document:
            if document.page_count > limits.max_pages:
                raise RejectedError(
                    SourceState.QUARANTINED_TOO_LARGE,
                    f"it has {document.page_count} pages, more than TENDERLAKE_MAX_PAGES ({limits.max_pages})",
                )
            pdf.write_bytes(document.convert_to_pdf())
    except RejectedError:
        raise
    except Exception as error:  # PyMuPDF has many error types
        if is_disk_trouble(error):
            raise
        if is_out_of_memory(error):
            raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, NOT_ENOUGH_MEMORY) from error
        complaint = first_complaint() or one_line(str(error).replace(str(path), "the file"))
        raise RejectedError(SourceState.QUARANTINED_CORRUPT, f"the XPS document is damaged: {complaint}") from error
    return pdf, first_complaint() is not None
