"""DjVu documents made with DjVuLibre's encoders: two-level and grey pages, turned ones, hidden text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.obstacles import missing


def djvulibre_or_missing() -> None:
    """Ends the test where DjVuLibre's programs are not installed."""
    if absent := [name for name in ("cjb2", "c44", "djvm", "djvused", "ddjvu") if shutil.which(name) is None]:
        missing(f"there is no {absent[0]}: install djvulibre-bin")


def djvu_page(
    folder: Path, name: str, image: Image.Image, *, dpi: int = 300, turns: int = 0, text: str | None = None
) -> Path:
    """A document of one page: two-level pictures (mode 1) without loss, others as wavelets.

    ``turns``: by 90 degrees to the left; ``text``: the hidden text as djvused takes it.
    """
    page = folder / f"{name}.djvu"
    source = folder / (f"{name}.pbm" if image.mode == "1" else f"{name}.ppm")
    image.save(source)
    encoder = "cjb2" if image.mode == "1" else "c44"
    _run(encoder, "-dpi", str(dpi), str(source), str(page))
    if turns:
        _run("djvused", "-e", f"select 1; set-rotation {turns}", "-s", str(page))
    if text is not None:
        script = folder / f"{name}.txt"
        script.write_text(f"select 1\nset-txt\n{text}\n.\n", encoding="utf-8")
        _run("djvused", "-f", str(script), "-s", str(page))
    return page


def djvu_document(pages: Sequence[Path], path: Path) -> Path:
    """One document of several."""
    _run("djvm", "-c", str(path), *map(str, pages))
    return path


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
