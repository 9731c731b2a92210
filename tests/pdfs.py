"""PDF files and pictures made in the test: digital pages, scans, and text layers that lie."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tenderlake.mupdf import pymupdf

A4_PT = (595.0, 842.0)
FONT = pymupdf.Font("helv")
BOLD = pymupdf.Font("hebo")

RUSSIAN = (
    "Настоящее техническое задание определяет требования к поставке оборудования",
    "для нужд муниципального учреждения. Поставщик обязуется передать товар",
    "в собственность заказчика, а заказчик обязуется принять и оплатить его",
    "в порядке и на условиях, предусмотренных контрактом. Срок поставки",
    "составляет тридцать календарных дней с момента заключения контракта.",
    "Гарантийный срок на поставленный товар должен быть не менее двенадцати",
    "месяцев. Место поставки: город Пермь, улица Ленина, дом десять, склад.",
    "Начальная цена контракта составляет один миллион двести тысяч рублей.",
)
ENGLISH = (
    "This agreement sets out the terms under which the supplier shall deliver",
    "the equipment to the customer. Payment is due within thirty days after",
    "the goods have been accepted in writing by the customer. The warranty",
    "period shall not be shorter than twelve months from the delivery date.",
)


def new_page(document: Any, size_pt: tuple[float, float] = A4_PT) -> Any:
    """An empty page."""
    return document.new_page(width=size_pt[0], height=size_pt[1])


def write(
    page: Any,
    text: str,
    at: tuple[float, float],
    *,
    size: float = 11,
    bold: bool = False,
    hidden: bool = False,
    turned_deg: int = 0,
) -> None:
    """Write one line with its base line at ``at``, from left to right, or turned clockwise around its beginning."""
    writer = pymupdf.TextWriter(page.rect)
    point = pymupdf.Point(*at)
    writer.append(point, text, font=BOLD if bold else FONT, fontsize=size)
    morph = (point, pymupdf.Matrix(-turned_deg)) if turned_deg else None
    writer.write_text(page, render_mode=3 if hidden else 0, morph=morph)


def write_lines(
    page: Any, lines: Iterable[str], at: tuple[float, float] = (70, 90), *, size: float = 11, **style: Any
) -> None:
    """Write lines one below the other."""
    x, y = at
    for number, line in enumerate(lines):
        write(page, line, (x, y + number * size * 1.3), size=size, **style)


def digital_pdf(pages: Sequence[Sequence[str]] = (RUSSIAN,)) -> Any:
    """A born-digital document with these lines on its pages."""
    document = pymupdf.open()
    for lines in pages:
        write_lines(new_page(document), lines)
    return document


def printed(
    lines: Sequence[str] = RUSSIAN, *, dpi: int = 150, size_pt: tuple[float, float] = A4_PT, mode: str = "L"
) -> Image.Image:
    """A page of print as pixels."""
    with pymupdf.open() as document:
        page = new_page(document, size_pt)
        write_lines(page, lines)
        pixels = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        return Image.frombytes("L", (pixels.width, pixels.height), pixels.samples).convert(mode)


def photograph(size: tuple[int, int] = (600, 400)) -> Image.Image:
    """Something with many shades and no even background."""
    waves = Image.effect_mandelbrot(size, (-2.2, -1.2, 0.8, 1.2), 90)
    return Image.merge("RGB", (waves, waves.rotate(180), Image.linear_gradient("L").resize(size)))


def file_of(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def put_picture(page: Any, data: bytes, where: tuple[float, float, float, float] | None = None) -> None:
    """Put a picture on a page, on all of it without ``where``."""
    page.insert_image(pymupdf.Rect(*where) if where else page.rect, stream=data, keep_proportion=False)


def scanned_pdf(data: bytes | None = None, *, size_pt: tuple[float, float] = A4_PT) -> Any:
    """A document of one page that is one picture."""
    document = pymupdf.open()
    put_picture(new_page(document, size_pt), data or file_of(printed(size_pt=size_pt)))
    return document


def draw_table(page: Any, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Rule a grid with lines at these places."""
    shape = page.new_shape()
    for y in ys:
        shape.draw_line((xs[0], y), (xs[-1], y))
    for x in xs:
        shape.draw_line((x, ys[0]), (x, ys[-1]))
    shape.finish(width=0.7)
    shape.commit()


def saved(document: Any, path: Path, **options: Any) -> Path:
    """Save and close a document."""
    document.save(path, **options)
    document.close()
    return path


def reopened(document: Any) -> Any:
    """The document as a reader of its file sees it."""
    data = document.tobytes()
    document.close()
    return pymupdf.open("pdf", data)


def ink_box(image: Image.Image) -> tuple[float, float, float, float]:
    """Where the dark pixels are, as shares of the width and the height."""
    box = image.convert("L").point(lambda level: 255 if level < 128 else 0).getbbox()
    assert box is not None, "the picture is white"
    return box[0] / image.width, box[1] / image.height, box[2] / image.width, box[3] / image.height


def square(size: tuple[int, int], where: tuple[int, int, int, int], mode: str = "L") -> Image.Image:
    """White with one black rectangle: shows which way up a picture is."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).rectangle(where, fill=0)
    return image.convert(mode)
