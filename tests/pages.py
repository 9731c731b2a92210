"""Page images of Russian print, made without any installed font."""

from __future__ import annotations

import io

import pymupdf
from PIL import Image


def printed_page(html: str, *, dpi: int = 200) -> Image.Image:
    """Render HTML as a grey A4 page; its Cyrillic letters come from the font inside PyMuPDF."""
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        page.insert_htmlbox(pymupdf.Rect(60, 60, 535, 780), html)
        pixels = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        return Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """The file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
