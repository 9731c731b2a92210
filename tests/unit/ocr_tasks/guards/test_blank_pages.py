"""A page is blank whatever the scanner adds to it, and it is not blank if a single letter stands there."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from ocr_tasks.guards.blank import is_blank
from ocr_tasks.images import PageImage
from tests.pages import printed_page

pytestmark = pytest.mark.unit

DPI = 200
SIZE = (1653, 2339)
Marks = Callable[[Image.Image], Image.Image]


def blank(level: int = 255) -> Image.Image:
    return Image.new("L", SIZE, level)


def printed(html: str) -> Image.Image:
    return ImageOps.fit(printed_page(html, dpi=DPI), SIZE)


def grain(image: Image.Image, strength: float = 10) -> Image.Image:
    return ImageChops.add(image, Image.effect_noise(image.size, strength), 1, -128)


def specks(image: Image.Image) -> Image.Image:
    chance, marked = random.Random(1), image.copy()  # noqa: S311  the same page each time
    pen = ImageDraw.Draw(marked)
    for _ in range(300):
        x, y, size = chance.randrange(SIZE[0]), chance.randrange(SIZE[1]), chance.randint(1, 3)
        pen.ellipse((x, y, x + size, y + size), fill=30)
    return marked


def dark_border(image: Image.Image) -> Image.Image:
    marked = image.copy()
    pen = ImageDraw.Draw(marked)
    pen.rectangle((0, 0, 45, SIZE[1]), fill=15)
    pen.polygon([(0, 0), (SIZE[0], 0), (SIZE[0], 25), (0, 70)], fill=5)
    return marked


def holes(image: Image.Image) -> Image.Image:
    marked = image.copy()
    for y in (950, 1580):
        ImageDraw.Draw(marked).ellipse((80, y, 128, y + 48), fill=25)
    return marked


def streak(image: Image.Image) -> Image.Image:
    marked = image.copy()
    ImageDraw.Draw(marked).line((700, 0, 702, SIZE[1]), fill=90, width=2)
    return marked


def shadow(image: Image.Image) -> Image.Image:
    gradient = Image.linear_gradient("L").resize(SIZE).point(lambda level: 255 - level // 3)
    return ImageChops.multiply(image, gradient)


def other_side(image: Image.Image) -> Image.Image:
    back = ImageOps.mirror(printed("<p>" + "Поставщик обязуется поставить товар в срок. " * 30 + "</p>"))
    faint = back.filter(ImageFilter.GaussianBlur(2)).point(lambda level: 255 - (255 - level) // 14)
    return ImageChops.multiply(image, faint)


SCANNER: dict[str, tuple[Marks, ...]] = {
    "nothing": (),
    "grain": (grain,),
    "specks": (specks,),
    "dark border": (dark_border,),
    "punched holes": (holes,),
    "streak": (streak,),
    "shadow": (shadow,),
    "the other side": (other_side,),
    "all of it": (other_side, shadow, specks, holes, dark_border, grain),
}
PRINT = {
    "a page": "<p>" + "Поставщик обязуется поставить товар, а Заказчик принять и оплатить его. " * 20 + "</p>",
    "a line": "<p>Оборотная сторона не заполняется</p>",
    "a number": "<p style='font-size:9pt'>7</p>",
    "a dash": "<p>—</p>",
    "small print": "<p style='font-size:5pt'>Тираж 100 экз.</p>",
}


def marked(image: Image.Image, by: str) -> PageImage:
    for mark in SCANNER[by]:
        image = mark(image)
    return PageImage(image=image, page_number=1, dpi=DPI)


@pytest.mark.parametrize("scanner", SCANNER)
def test_what_the_scanner_adds_is_no_ink(scanner: str) -> None:
    assert is_blank(marked(blank(), scanner))
    assert is_blank(marked(blank(215), scanner))  # grey paper


@pytest.mark.parametrize("scanner", SCANNER)
@pytest.mark.parametrize("text", PRINT)
def test_a_page_with_print_is_not_blank(text: str, scanner: str) -> None:
    assert not is_blank(marked(printed(PRINT[text]), scanner))


@pytest.mark.parametrize("contrast", [0.6, 0.3, 0.2])
def test_faint_print_is_print(contrast: float) -> None:
    faint = printed(PRINT["a line"]).point(lambda level: round(255 - (255 - level) * contrast))
    assert not is_blank(PageImage(image=faint, page_number=1, dpi=DPI))


@pytest.mark.parametrize("kind", ["signature", "stamp", "rule", "inverted"])
def test_what_people_put_on_pages_is_ink(kind: str) -> None:
    page = blank()
    pen = ImageDraw.Draw(page)
    if kind == "signature":
        pen.arc((900, 1800, 1100, 1900), 20, 300, fill=70, width=3)
    elif kind == "stamp":
        pen.ellipse((800, 1000, 1100, 1300), outline=120, width=5)
    elif kind == "rule":
        pen.line((200, 1200, 1450, 1200), fill=0, width=2)
    else:
        page = ImageOps.invert(printed(PRINT["a page"]))
    assert not is_blank(PageImage(image=page, page_number=1, dpi=DPI))


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 900), (30_000, 40), (600, 800)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("dpi", [None, 1, 72, 4800])
def test_any_size_and_resolution_has_an_answer(size: tuple[int, int], mode: str, dpi: int | None) -> None:
    assert is_blank(PageImage(image=Image.new(mode, size, "white"), page_number=1, dpi=dpi)) in (True, False)
