"""Splits a PDF or a TIFF into page images, in a process of its own: what a hostile file does there ends with it.

``python -m ocr_tasks.service.splitter FILE MEDIA_TYPE DPI`` takes page numbers on standard input, one a line, counting
from 1. Each answer on standard output is a line of JSON (``Opened`` first, then a ``Split`` for each number) and then
``size_bytes`` bytes of PNG.
"""

from __future__ import annotations

import io
import math
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict

from ocr_tasks.images import PageImage, load_page_image
from ocr_tasks.service.sniffing import MediaType

_POINTS_PER_INCH = 72
_MOST_PIXELS = 60_000_000
"""Of a rendered page; a larger sheet is rendered with fewer dots per inch. A3 at 400 dpi has 31 million."""
_LEAST_DPI = 20
_MEMORY_BYTES = 4 * 2**30


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opened(_Message):
    """How many pages there are, or why the file cannot be opened."""

    page_count: int = 0
    error: str | None = None


class Split(_Message):
    """The size of the page image that follows and its resolution, or why there is none."""

    size_bytes: int = 0
    dpi: int | None = None
    error: str | None = None


class _Pages(Protocol):
    def __len__(self) -> int: ...

    def png(self, index: int) -> tuple[bytes, int | None]: ...


class _PdfPages:
    """Pages of a PDF as they would be printed, filled-in forms included."""

    def __init__(self, path: str, dpi: int) -> None:
        import pypdfium2  # here: the service itself never loads a PDF

        self._pdf = pypdfium2.PdfDocument(path)
        self._pdf.init_forms()
        self._dpi = dpi

    def __len__(self) -> int:
        return len(self._pdf)

    def png(self, index: int) -> tuple[bytes, int | None]:
        page = self._pdf[index]
        width, height = page.get_size()
        dpi = min(self._dpi, int(math.sqrt(_MOST_PIXELS / max(width * height, 1.0)) * _POINTS_PER_INCH))
        if dpi < _LEAST_DPI:
            raise ValueError(f"the sheet is too large: {width / 72:.0f} × {height / 72:.0f} inches")
        image = page.render(scale=dpi / _POINTS_PER_INCH).to_pil().convert("RGB")
        page.close()
        return _png(image, dpi), dpi


class _TiffPages:
    """Frames of a TIFF, as fax and scanning programs write them."""

    def __init__(self, path: str, dpi: int) -> None:
        Image.MAX_IMAGE_PIXELS = None  # the limit of load_page_image decides
        self._image = Image.open(path, formats=("TIFF",))
        self._count: int = getattr(self._image, "n_frames", 1)

    def __len__(self) -> int:
        return self._count

    def png(self, index: int) -> tuple[bytes, int | None]:
        self._image.seek(index)
        if self._image.width * self._image.height > _MOST_PIXELS * 4:
            raise ValueError(f"the page is too large: {self._image.width} × {self._image.height} pixels")
        alone = io.BytesIO()
        self._image.save(alone, "TIFF", save_all=False, dpi=self._image.info.get("dpi"))
        page: PageImage = load_page_image(
            alone.getvalue(), page_number=index + 1, dpi=None, max_pixels=_MOST_PIXELS * 4
        )
        return _png(page.image, page.dpi), page.dpi


def _png(image: Image.Image, dpi: int | None) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, **({"dpi": (dpi, dpi)} if dpi else {}))
    return buffer.getvalue()


def _open(path: str, media_type: MediaType, dpi: int) -> _Pages:
    return _PdfPages(path, dpi) if media_type is MediaType.PDF else _TiffPages(path, dpi)


def _why(error: Exception, path: str) -> str:
    """The words of PDFium and Pillow, without the path of the file."""
    text = str(error).replace(path, "the document")
    if "password" in text.lower():
        return "it is encrypted: send it without a password"
    return text or type(error).__name__


def main(path: str, media_type: str, dpi: str) -> None:
    """Answer until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    with suppress(OSError):  # where memory is short let the kernel take this process, and not the service
        Path("/proc/self/oom_score_adj").write_text("1000")
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a native library prints must not stand between the answers

    def answer(message: _Message, body: bytes = b"") -> None:
        output.write(message.model_dump_json().encode() + b"\n" + body)
        output.flush()

    try:
        pages = _open(path, MediaType(media_type), int(dpi))
        answer(Opened(page_count=len(pages)))
    except Exception as error:  # a decoder raises anything
        answer(Opened(error=_why(error, path)))
        return
    for line in sys.stdin:
        try:
            png, page_dpi = pages.png(int(line) - 1)
        except Exception as error:
            answer(Split(error=_why(error, path)))
        else:
            answer(Split(size_bytes=len(png), dpi=page_dpi), png)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(0)  # the page images are out; freeing a broken document is known to crash
