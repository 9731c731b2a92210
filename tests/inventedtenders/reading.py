"""Reads the invented papers as the pipeline reads documents: as the files they are, or printed and scanned."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from samples.scanning import Scanner, jpeg, pdf_of_jpegs
from samples.typesetting import Typesetter, find_fonts
from tenderlake.mupdf import Page, pymupdf
from tests.inventedtenders.writing import Paper, papers
from tests.readdocuments import Library, ReadDocument

_SCAN_DPI, _JPEG_QUALITY = 300, 85


def read_papers(folder: Path, *, is_scanned: bool = False) -> dict[Paper, ReadDocument]:
    """All papers; ``folder`` is a new one for their files. Scanned: PDFs of pictures, those of Word files left out.

    Raises:
        FontsMissingError: the fonts they are set in are not there.
    """
    typesetter, files = Typesetter(find_fonts()), folder / "files"
    files.mkdir(parents=True)
    chosen = [paper for paper in papers() if not is_scanned or paper.name.endswith(".pdf")]
    for number, paper in enumerate(chosen, start=1):
        data = paper.data(typesetter)
        (files / paper.name).write_bytes(_scanned(data, seed=number) if is_scanned else data)
    read = Library(files, folder).read(paper.name for paper in chosen)
    return {paper: read[paper.name] for paper in chosen}


def _scanned(data: bytes, *, seed: int) -> bytes:
    with pymupdf.open("pdf", data) as printed:
        pages = [(jpeg(_scan(page, seed), _JPEG_QUALITY, _SCAN_DPI), page.rect) for page in printed]
        return bytes(pdf_of_jpegs(pages).tobytes())


def _scan(page: Page, seed: int) -> Image.Image:
    blanks = [word for word in page.get_text("words") if set(word[4]) == {"_"}]
    return Scanner(seed=seed, dpi=_SCAN_DPI).scan(page, find_fonts(), signature_seeds=range(len(blanks)))
