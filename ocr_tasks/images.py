"""Opens a page image: whatever the file holds becomes 8-bit grey or RGB pixels, upright, or a reason why not."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from ocr_tasks.errors import PageError

log = logging.getLogger(__name__)

# What the pipeline makes or passes through. Pillow's other decoders are attack surface and nothing else.
_FORMATS = ("PNG", "JPEG", "TIFF", "JPEG2000", "WEBP", "BMP", "GIF", "PPM")
_COLOUR_MODES = ("RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "P", "PA")
_PLAUSIBLE_DPI = range(30, 4801)
_A4_INCHES = (8.27, 11.69)
_LARGEST_SHEET_INCHES = 47.0
"""An A0 sheet. Files from cameras and browsers say 72 dpi whatever they hold."""


@dataclass(frozen=True, eq=False)
class PageImage:
    """One page as an engine gets it.

    Attributes:
        image: The pixels, mode ``L`` or ``RGB``, alpha flattened on white, turned as its EXIF orientation says.
        page_number: Its number in the document, from 1.
        dpi: Dots per inch, None where nobody knows.
    """

    image: Image.Image
    page_number: int
    dpi: int | None = None

    @property
    def width_px(self) -> int:
        """Width of the image."""
        return self.image.width

    @property
    def height_px(self) -> int:
        """Height of the image."""
        return self.image.height

    @property
    def likely_dpi(self) -> float:
        """The dpi if it makes a possible sheet, else that of an A4 sheet, 70 to 600."""
        short, long = sorted((self.width_px, self.height_px))
        if self.dpi and long / self.dpi <= _LARGEST_SHEET_INCHES:
            return self.dpi
        return min(max(short / _A4_INCHES[0], long / _A4_INCHES[1], 70.0), 600.0)


def load_page_image(data: bytes, *, page_number: int, dpi: int | None, max_pixels: int) -> PageImage:
    """Decode a page image.

    Args:
        data: The file.
        page_number: The page's number in its document, from 1.
        dpi: The resolution the pipeline rendered with; without it the file's own is taken where it says one.
        max_pixels: The most pixels that are decoded. A larger image fails instead of being scaled down: the pipeline
            chooses the resolution of a page, and boxes must be those of the image it keeps.

    Raises:
        PageError: The file is no image, broken, too large, or has more than one page.
    """
    if not data:
        raise PageError("the image file is empty")
    try:
        with _pillow_size_limit_off(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of every odd tag; what matters is an error, and handled
            opened: Image.Image = Image.open(BytesIO(data), formats=_FORMATS)
            _check_size(opened, max_pixels)
            _check_single_page(opened)
            opened.load()
        pixels = _to_eight_bit(_upright(opened))
    except (PageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise PageError(f"the image file is no image of a known kind ({', '.join(_FORMATS)})") from None
    except Exception as error:  # a decoder raises anything: OSError, SyntaxError, struct.error, ValueError …
        raise PageError(f"the image cannot be decoded: {error or type(error).__name__}") from error
    return PageImage(image=pixels, page_number=page_number, dpi=dpi or _file_dpi(opened))


@contextmanager
def _pillow_size_limit_off() -> Iterator[None]:
    """Let our own limit decide: Pillow's is smaller than a legitimate A0 scan."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _check_size(image: Image.Image, max_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise PageError(
            f"the image has {pixels / 1e6:.0f} megapixels ({image.width} × {image.height}), more than "
            f"{max_pixels / 1e6:.0f}: prepare it with a lower dpi or raise OCR_MAX_PIXELS"
        )


def _check_single_page(image: Image.Image) -> None:
    """A TIFF with more pages would lose them silently."""
    if image.format != "TIFF":
        return
    try:
        image.seek(1)
    except EOFError:
        image.seek(0)
        return
    raise PageError("the image file has more than one page: a page image must have exactly one")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception as error:  # broken EXIF data is common in scans and no reason to lose the page
        log.warning("EXIF data ignored: %s", error)
        return image


def _to_eight_bit(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB"):
        return image
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return flat if image.mode in _COLOUR_MODES else flat.convert("L")
    if image.mode in _COLOUR_MODES:
        return image.convert("RGB")
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled_to_eight_bit(image)
    return image.convert("L")


def _scaled_to_eight_bit(image: Image.Image) -> Image.Image:
    """Scale grey of more than 8 bits by the depth its values need; Pillow's own conversion clips instead."""
    image = image.convert("F")
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    black = min(low, 0.0)
    white = next((limit for limit in (1.0, 255.0, 4095.0, 65535.0) if high <= limit), high)
    scale = 255.0 / (white - black)
    return image.point(lambda value: value * scale - black * scale).convert("L")


def _file_dpi(image: Image.Image) -> int | None:
    try:
        dpi = round(float(image.info["dpi"][0]))
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return dpi if dpi in _PLAUSIBLE_DPI else None
