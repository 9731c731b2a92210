"""Making page images and native texts, against PyMuPDF's own tools in the same run; and what memory it takes.

With ``TENDERLAKE_CORPUS`` set, native text is measured on the 44-FZ law of the corpus, else on a sample contract.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake import prepare_document
from tenderlake.mupdf import pymupdf

TENDER = Path(__file__).parents[1] / "include/samples/documents/0373200012326000457"
SCANS = TENDER / "Приложение 4. Локальный сметный расчёт.pdf"
DIGITAL = TENDER / "Приложение 3. Проект контракта.pdf"
LAW = Path(os.environ.get("TENDERLAKE_CORPUS", "/nowhere"), "ru-tender/law-44fz-full.pdf")
ROUNDS = 5
SHORT, LONG = 50, 1000


def by_pymupdf(path: Path) -> int:
    """Every page rendered at 300 dpi and encoded by MuPDF."""
    with pymupdf.open(path) as document:
        for page in document:
            page.get_pixmap(dpi=300).tobytes("jpg")
        return int(document.page_count)


def text_by_pymupdf(path: Path) -> int:
    """The plain text of every page, without boxes, order or tables."""
    with pymupdf.open(path) as document:
        for page in document:
            page.get_text("text")
        return int(document.page_count)


def by_prepare(path: Path, mode: TextLayerMode) -> int:
    """Every page prepared, manifest and files written."""
    with tempfile.TemporaryDirectory() as folder:
        made = prepare_document(
            path, Path(folder), document_id="0" * 64, options=PrepareOptions(text_layer=mode), limits=PrepareLimits()
        )
        assert isinstance(made, DocumentManifest)
        return len(made.pages)


def pages_per_second(work: Callable[[], int]) -> float:
    """Pages a second of processor time, the best of some rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        pages = work()
        best = max(best, pages / (time.process_time() - started))
    return best


def recoded_scans(folder: Path, codec: str) -> Path:
    """The sample scans with their pictures in another codec."""
    path = folder / f"scans.{codec}.pdf"
    with pymupdf.open(SCANS) as source, pymupdf.open() as target:
        for page in source:
            picture = Image.open(io.BytesIO(page.get_pixmap(dpi=300, colorspace=pymupdf.csGRAY).tobytes("png")))
            buffer = io.BytesIO()
            picture.save(buffer, codec)
            target.new_page(width=page.rect.width, height=page.rect.height).insert_image(
                page.rect, stream=buffer.getvalue()
            )
        target.save(path)
    return path


def repeated(path: Path, pages: int, target: Path) -> Path:
    """A document of so many pages, made of the first ones of another."""
    with pymupdf.open(path) as source, pymupdf.open() as document:
        while document.page_count < pages:
            document.insert_pdf(source, to_page=min(source.page_count, SHORT, pages - document.page_count) - 1)
        document.save(target)
    return target


def peak_mb(path: Path) -> float:
    """The most memory that a fresh process takes to prepare a document."""
    command = [sys.executable, __file__, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print pages a second and their ratio to PyMuPDF alone, and the memory of a short and a long document."""
    digital = LAW if LAW.is_file() else DIGITAL
    with tempfile.TemporaryDirectory() as folder:
        for name, path, mode, theirs_do in (
            ("scans passed through", SCANS, TextLayerMode.AUTO, by_pymupdf),
            ("scans as PNG, encoded again", recoded_scans(Path(folder), "PNG"), TextLayerMode.AUTO, by_pymupdf),
            ("digital pages as images", DIGITAL, TextLayerMode.IGNORE, by_pymupdf),
            ("digital pages as text", digital, TextLayerMode.AUTO, text_by_pymupdf),
        ):
            theirs = pages_per_second(lambda path=path, do=theirs_do: do(path))  # type: ignore[misc]
            ours = pages_per_second(lambda path=path, mode=mode: by_prepare(path, mode))  # type: ignore[misc]
            print(f"{name:<28} {ours:8.1f} pages/s, PyMuPDF alone {theirs:7.1f}, ratio {ours / theirs:7.2f}")
        for name, source in (("text", digital), ("scans", SCANS)):
            sizes = [peak_mb(repeated(source, pages, Path(folder, f"{name}-{pages}.pdf"))) for pages in (SHORT, LONG)]
            print(f"memory, {name}: {SHORT} pages {sizes[0]:.0f} MB, {LONG} pages {sizes[1]:.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        by_prepare(Path(sys.argv[1]), TextLayerMode.AUTO)
        # Not ru_maxrss, which remembers the size of the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    else:
        main()
