"""Whatever a page image's file holds, the engine gets upright 8-bit pixels, or the page says why not."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.errors import PageError
from ocr_tasks.images import PageImage, load_page_image

pytestmark = pytest.mark.unit

SIZE = (60, 40)
INK, PAPER = (10, 10), (50, 30)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def load(data: bytes, *, dpi: int | None = None, max_pixels: int = 10**6) -> PageImage:
    return load_page_image(data, page_number=1, dpi=dpi, max_pixels=max_pixels)


def page(mode: str = "L") -> Image.Image:
    """White paper with a black square in the upper left quarter."""
    image = Image.new("L", SIZE, 255)
    ImageDraw.Draw(image).rectangle((5, 5, 15, 15), fill=0)
    return image.convert(mode)


def deep(mode: str, white: float) -> Image.Image:
    image = page("F").point(lambda value: value * (white / 255.0) + 0.0)
    return image if mode == "F" else image.convert("I").convert(mode)


def transparent(mode: str) -> Image.Image:
    """Ink on nothing: without flattening, the paper would be black."""
    image = Image.new("LA", SIZE, (0, 0))
    image.paste((0, 255), (5, 5, 16, 16))
    return image.convert(mode)


def palette_with_transparency() -> bytes:
    image = Image.new("P", SIZE, 1)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.paste(0, (5, 5, 16, 16))
    return saved(image, "PNG", transparency=1)


FILES: dict[str, Callable[[], bytes]] = {
    "1-bit TIFF, as fax": lambda: saved(page("1"), "TIFF", compression="group4"),
    "grey PNG": lambda: saved(page(), "PNG"),
    "colour JPEG": lambda: saved(page("RGB"), "JPEG"),
    "CMYK JPEG": lambda: saved(page("RGB").convert("CMYK"), "JPEG"),
    "CMYK TIFF": lambda: saved(page("RGB").convert("CMYK"), "TIFF"),
    "palette GIF": lambda: saved(page("P"), "GIF"),
    "grey PNG with alpha": lambda: saved(transparent("LA"), "PNG"),
    "colour PNG with alpha": lambda: saved(transparent("RGBA"), "PNG"),
    "palette PNG with transparency": palette_with_transparency,
    "16-bit PNG": lambda: saved(deep("I;16", 65535), "PNG"),
    "12-bit TIFF": lambda: saved(deep("I;16", 4095), "TIFF"),
    "floating-point TIFF, 0..1": lambda: saved(deep("F", 1), "TIFF"),
    "LAB TIFF": lambda: saved(Image.merge("LAB", (page(), *[Image.new("L", SIZE, 128)] * 2)), "TIFF"),
    "JPEG 2000": lambda: saved(page(), "JPEG2000"),
    "WebP": lambda: saved(page("RGB"), "WEBP"),
    "BMP": lambda: saved(page("RGB"), "BMP"),
}


@pytest.mark.parametrize("kind", FILES)
def test_ink_is_dark_and_paper_light_whatever_the_file(kind: str) -> None:
    loaded = load(FILES[kind]())

    grey = loaded.image.convert("L")
    assert loaded.image.mode in ("L", "RGB")
    assert (loaded.width_px, loaded.height_px) == SIZE
    assert grey.getpixel(INK) < 40  # type: ignore[operator]
    assert grey.getpixel(PAPER) > 215  # type: ignore[operator]


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn 90 degrees clockwise to show"
    loaded = load(saved(page(), "JPEG", exif=exif))

    assert (loaded.width_px, loaded.height_px) == (SIZE[1], SIZE[0])
    assert loaded.image.getpixel((SIZE[1] - 10, 10)) < 40  # type: ignore[operator]


@pytest.mark.parametrize(
    ("in_file", "from_pipeline", "expected"),
    [((300, 300), None, 300), ((72, 72), 200, 200), (None, None, None), ((1, 1), None, None)],
)
def test_the_pipelines_dpi_wins_over_the_files_and_nonsense_is_none(
    in_file: tuple[int, int] | None, from_pipeline: int | None, expected: int | None
) -> None:
    options = {"dpi": in_file} if in_file else {}
    assert load(saved(page(), "PNG", **options), dpi=from_pipeline).dpi == expected


def test_an_image_over_the_limit_is_refused_before_it_is_decoded() -> None:
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    with pytest.raises(PageError, match=r"400 megapixels \(20000 × 20000\), more than 200.*OCR_MAX_PIXELS"):
        load(bomb, max_pixels=200_000_000)


def test_an_image_larger_than_pillow_allows_is_taken_below_our_limit() -> None:
    before = Image.MAX_IMAGE_PIXELS
    loaded = load(saved(Image.new("1", (14_000, 14_000), 1), "PNG"), max_pixels=200_000_000)
    assert loaded.width_px == 14_000
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_file_with_two_pages_is_refused_instead_of_losing_one() -> None:
    two = saved(page(), "TIFF", save_all=True, append_images=[page()])
    with pytest.raises(PageError, match="more than one page"):
        load(two)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the image file is empty"),
        (b"%PDF-1.7 not an image", "no image of a known kind"),
        (saved(page(), "PNG")[:-30], "cannot be decoded"),
        (saved(page().resize((600, 400)), "JPEG")[:-500], "cannot be decoded.*truncated"),
        (b"II*\x00\x08\x00\x00\x00\xff\xff", "image"),
    ],
)
def test_what_is_no_whole_image_says_so(data: bytes, reason: str) -> None:
    with pytest.raises(PageError, match=reason):
        load(data)
