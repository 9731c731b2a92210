"""Making page images and native texts, against PyMuPDF's own renderer with its own JPEG encoder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf

from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake import prepare_document

TENDER = Path(__file__).parents[1] / "include/samples/documents/0373200012326000457"
SCANS = TENDER / "Приложение 4. Локальный сметный расчёт.pdf"
DIGITAL = TENDER / "Приложение 3. Проект контракта.pdf"
ROUNDS = 5


def by_pymupdf(path: Path) -> int:
    """Every page rendered at 300 dpi and encoded by MuPDF."""
    with pymupdf.open(path) as document:
        for page in document:
            page.get_pixmap(dpi=300).tobytes("jpg")
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
    """Pages a second over some rounds, the first one left out."""
    work()
    started = time.monotonic()
    pages = sum(work() for _ in range(ROUNDS))
    return pages / (time.monotonic() - started)


def main() -> None:
    """Print pages a second and their ratio to PyMuPDF alone."""
    for name, path, mode in (
        ("scans passed through", SCANS, TextLayerMode.AUTO),
        ("digital pages as images", DIGITAL, TextLayerMode.IGNORE),
        ("digital pages as text", DIGITAL, TextLayerMode.AUTO),
    ):
        theirs = pages_per_second(lambda path=path: by_pymupdf(path))  # type: ignore[misc]
        ours = pages_per_second(lambda path=path, mode=mode: by_prepare(path, mode))  # type: ignore[misc]
        print(f"{name:<26} {ours:8.1f} pages/s, PyMuPDF to JPEG {theirs:6.1f}, ratio {ours / theirs:7.1f}")


if __name__ == "__main__":
    main()
