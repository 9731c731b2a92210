"""Makes the page images that OCR reads.

The cheapest way that loses nothing: a scanned page that is one embedded JPEG is passed through byte for byte; one
embedded picture in another codec is decoded once, at its own resolution; everything else is rendered by MuPDF. Page
images are JPEG or PNG, which browsers show, too. Pixels are encoded by Pillow (libjpeg-turbo), which takes a fraction
of the time of MuPDF's own encoders. Pages without colour are grey, two-level pictures are PNG.
"""

from __future__ import annotations

import io
import math
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image, ImageChops

from tenderlake.mupdf import Page, pymupdf
from tenderlake.pageflags import PageFlag
from tenderlake.pagelines import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocr_tasks.boxes import Box
    from tenderlake.pagecontent import PageContent

JPEG_QUALITY = 92
"""Above 90 nothing that OCR needs is lost; 95 is half as big again."""
MAX_SIDE_PX = 32_000
"""Tesseract refuses sides of 32767 and more, JPEG of 65501 and more."""

_MOST_INFLATED_BYTES = 64 * 2**20
_PASS_RESOLUTION = (0.5, 1.5)
_READABLE_SIDE_PX = 1400
_A4_WIDTH_PX = 2480
_MAX_STRETCH = 1.03
_EDGE_TOLERANCE = 0.02
_CHROMA = 48
_MIN_COLOUR_SHARE = 0.001
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS_ORIENTATIONS = (5, 6, 7, 8)

_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True)
class PageImage:
    """An encoded page image, upright as people see the page. ``dpi`` is None where it is not known."""

    data: bytes
    media_type: Literal["image/jpeg", "image/png"]
    width_px: int
    height_px: int
    dpi: int | None
    flags: tuple[PageFlag, ...] = ()

    @property
    def suffix(self) -> str:
        """The file name suffix with its dot."""
        return _SUFFIXES[self.media_type]


@dataclass(frozen=True)
class PageScale:
    """How many pixels a point has. ``dpi`` is None below one dot per inch."""

    px_per_pt: float
    dpi: int | None
    is_downscaled: bool

    @property
    def flags(self) -> tuple[PageFlag, ...]:
        """The flag of a page that is smaller than asked."""
        return (PageFlag.DOWNSCALED,) if self.is_downscaled else ()


def page_scale(width_pt: float, height_pt: float, dpi: int, max_pixels: int) -> PageScale:
    """The resolution of a page: ``dpi``, or less where the page would have more than ``max_pixels``."""
    width_pt, height_pt = max(width_pt, 1e-3), max(height_pt, 1e-3)
    # One pixel a side is left for rounding up.
    most = min(math.sqrt(max_pixels / (width_pt * height_pt)), (MAX_SIDE_PX - 1) / max(width_pt, height_pt))
    if dpi / 72 <= most:
        return PageScale(dpi / 72, dpi, is_downscaled=False)
    lower = int(most * 72 * 0.999)
    return PageScale(lower / 72, lower, is_downscaled=True) if lower >= 1 else PageScale(most * 0.999, None, True)


def render_page(page: Page, content: PageContent | None, *, dpi: int, max_pixels: int) -> PageImage:
    """The image of a PDF page, upright; raises whatever PyMuPDF raises where the page cannot be drawn.

    Args:
        page: The page of PyMuPDF.
        content: What was read from it; None where that failed, then the page is simply rendered.
        dpi: The resolution that is wanted.
        max_pixels: A larger page is rendered at less, and flagged.
    """
    useful_dpi = dpi
    if content is not None:
        picture = _embedded_picture(page, content, dpi, max_pixels)
        if picture is not None:
            return picture
        useful_dpi = _useful_dpi(page, content, dpi)
    scale = page_scale(page.rect.width, page.rect.height, useful_dpi, max_pixels)
    is_coloured = any(_can_have_colour(image) for image in page.get_images(full=True)) and _shows_colour(page, scale)
    return encode(_rendered(page, scale.px_per_pt, is_coloured=is_coloured), scale.dpi, scale.flags, is_coloured)


def _rendered(page: Page, px_per_pt: float, *, is_coloured: bool) -> Image.Image:
    pixmap = page.get_pixmap(
        matrix=pymupdf.Matrix(px_per_pt, px_per_pt),
        colorspace=pymupdf.csRGB if is_coloured else pymupdf.csGRAY,
        alpha=False,
    )
    return _pillow(pixmap)


def _shows_colour(page: Page, scale: PageScale) -> bool:
    """Whether a page is worth rendering in colour, by a look at an eighth of its size: most colour scans show none."""
    shorter_px = min(page.rect.width, page.rect.height) * scale.px_per_pt
    return _is_colourful(_rendered(page, scale.px_per_pt / _reduction(shorter_px), is_coloured=True))


def render_pictures(page: Page, content: PageContent, areas: Sequence[Box], scale: PageScale) -> PageImage:
    """The image of a mixed page: its picture areas in their places, without the page's own text, and white elsewhere.

    It has the size of the native page at this scale and is turned as that is, so that boxes of both are comparable.
    """
    size = (
        max(1, round(content.turn.width_pt * scale.px_per_pt)),
        max(1, round(content.turn.height_pt * scale.px_per_pt)),
    )
    is_coloured = any(_can_have_colour(image) for image in page.get_images(full=True))
    sheet = Image.new("RGB" if is_coloured else "L", size, "white")
    drawn = page.get_displaylist()
    back = Turn(content.sideways_deg, content.turn.width_pt, content.turn.height_pt)
    for area in areas:
        part = _without_text(drawn, back.unapply(area), scale.px_per_pt, is_coloured=is_coloured)
        if content.sideways_deg:
            part = part.transpose(_CLOCKWISE[content.sideways_deg])
        sheet.paste(part, (round(area.x0 * scale.px_per_pt), round(area.y0 * scale.px_per_pt)))
    return encode(sheet, scale.dpi, scale.flags)


def _without_text(drawn: Any, area: Box, px_per_pt: float, *, is_coloured: bool) -> Image.Image:
    """Part of a page as it would be seen if it had no text."""
    mupdf = pymupdf.mupdf
    x0, y0 = round(area.x0 * px_per_pt), round(area.y0 * px_per_pt)
    width, height = max(1, round(area.width * px_per_pt)), max(1, round(area.height * px_per_pt))
    space = pymupdf.csRGB if is_coloured else pymupdf.csGRAY
    pixmap = pymupdf.Pixmap(space, pymupdf.IRect(x0, y0, x0 + width, y0 + height), False)
    pixmap.clear_with(255)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap.this)
    # A device without these two calls leaves out text; painting over it would hide the seal that lies there, too.
    device.m_internal.fill_text = None
    device.m_internal.stroke_text = None
    mupdf.fz_run_display_list(
        drawn.this,
        device,
        mupdf.FzMatrix(px_per_pt, 0, 0, px_per_pt, 0, 0),
        mupdf.FzRect(x0, y0, x0 + width, y0 + height),
        mupdf.FzCookie(),
    )
    mupdf.fz_close_device(device)
    return _pillow(pixmap)


def _useful_dpi(page: Page, content: PageContent, dpi: int) -> int:
    """Less than ``dpi`` for a large page of nothing but coarse pictures: enlarging those only takes time in OCR.

    Never less than makes the page as many pixels wide as an A4 page at 300 dpi.
    """
    if content.has_paths or content.lines or content.sideways or not content.pictures:
        return dpi
    finest = max((_picture_dpi(info) for info in page.get_image_info()), default=float(dpi))
    shorter_pt = max(1.0, min(content.page_turn.width_pt, content.page_turn.height_pt))
    return min(dpi, max(1, math.ceil(max(finest, _A4_WIDTH_PX / shorter_pt * 72))))


def _picture_dpi(info: dict[str, Any]) -> float:
    a, b = info["transform"][:2]
    return float(info["width"] / max(1e-3, math.hypot(a, b)) * 72)


def _can_have_colour(image: tuple[Any, ...]) -> bool:
    """``image`` is an entry of PyMuPDF: (xref, soft mask, width, height, bits per component, colour space, …)."""
    return image[4] > 1 and image[5] not in ("DeviceGray", "CalGray", "")


def _pillow(pixmap: Any) -> Image.Image:
    mode = "L" if pixmap.n == 1 else "RGB"
    return Image.frombytes(mode, (pixmap.width, pixmap.height), pixmap.samples)


@dataclass(frozen=True)
class _Embedded:
    """The picture that a page consists of: object number, size in pixels, resolution, clockwise turn to be read."""

    xref: int
    width_px: int
    height_px: int
    dpi: int
    rotation_deg: int

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height once it is turned."""
        is_sideways = self.rotation_deg in (90, 270)
        return (self.height_px, self.width_px) if is_sideways else (self.width_px, self.height_px)


def _embedded_picture(page: Page, content: PageContent, dpi: int, max_pixels: int) -> PageImage | None:
    """The one picture of a scanned page without rendering, where that shows the same; else None."""
    if not content.ends_with_full_picture:
        return None
    picture = _find_picture(page, content)
    if picture is None or picture.width_px * picture.height_px > max_pixels:
        return None
    lower, upper = (factor * dpi for factor in _PASS_RESOLUTION)
    is_readable = min(picture.width_px, picture.height_px) >= _READABLE_SIDE_PX
    if picture.dpi > upper or (picture.dpi < lower and not is_readable):
        return None
    return _pass_jpeg(page, picture) or _decode(page, picture)


def _find_picture(page: Page, content: PageContent) -> _Embedded | None:
    info = page.get_image_info()[-1]
    width_pt, height_pt = content.page_turn.width_pt, content.page_turn.height_pt
    if content.page_turn.rotation_deg in (90, 270):
        width_pt, height_pt = height_pt, width_pt
    x0, y0, x1, y1 = info["bbox"]
    edges = (x0 / width_pt, y0 / height_pt, x1 / width_pt - 1, y1 / height_pt - 1)
    if info["has-mask"] or max(abs(edge) for edge in edges) > _EDGE_TOLERANCE:
        return None
    size = (info["width"], info["height"])
    found = {image[0]: image for image in page.get_images(full=True) if image[2:4] == size}
    placed = _placement(info["transform"])
    if len(found) != 1 or placed is None:
        return None
    (xref, image), *_ = found.items()
    rotation_deg, across_pt, down_pt = placed
    across, down = size[0] / across_pt * 72, size[1] / down_pt * 72
    if xref == 0 or image[1] != 0 or max(across, down) > _MAX_STRETCH * min(across, down):
        return None
    rotation_deg = (rotation_deg + content.page_turn.rotation_deg) % 360
    return _Embedded(xref, *size, dpi=max(1, round((across + down) / 2)), rotation_deg=rotation_deg)


def _placement(transform: tuple[float, ...]) -> tuple[int, float, float] | None:
    """How a picture is put on the page: turned clockwise, its width and height in points; None for flips and skews."""
    a, b, c, d = transform[:4]
    least = 1e-3 * (abs(a) + abs(b) + abs(c) + abs(d))
    if abs(b) < least and abs(c) < least and a * d > 0:
        return (0 if a > 0 else 180), abs(a), abs(d)
    if abs(a) < least and abs(d) < least and b * c < 0:
        return (90 if b > 0 else 270), abs(b), abs(c)
    return None


def _pass_jpeg(page: Page, picture: _Embedded) -> PageImage | None:
    """The bytes of an embedded JPEG, where any reader of JPEG sees what a reader of PDF sees.

    On a turned page they get a mark of how to turn them, which readers of JPEG obey; the picture is not encoded again.
    """
    data = _stored_as(page, picture, "/DCTDecode")
    # A cut stream has no end mark; MuPDF shows what is left of it, others refuse it.
    if data is None or not data.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in data[-64:]:
        return None
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        is_same = image.size == (picture.width_px, picture.height_px) and image.mode in ("L", "RGB")
        exif = image.getexif()
        if not is_same or exif.get(_ORIENTATION_TAG, 1) != 1 or (exif and picture.rotation_deg):
            return None
    return PageImage(_turned_jpeg(data, picture.rotation_deg), "image/jpeg", *picture.upright_size, picture.dpi)


def _turned_jpeg(data: bytes, rotation_deg: int) -> bytes:
    """A JPEG without Exif data with an orientation mark as its first segment (Exif 2.32, 4.5.4 and 4.6.4)."""
    if rotation_deg == 0:
        return data
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = {90: 6, 180: 3, 270: 8}[rotation_deg]
    segment = exif.tobytes()
    return data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]


def _stored_as(page: Page, picture: _Embedded, codec: str) -> bytes | None:
    """The bytes of a picture where they are a file of this codec and nothing in the PDF changes its colours."""
    keys = ("Filter", "ColorSpace", "Decode", "DecodeParms")
    found = {key: page.parent.xref_get_key(picture.xref, key) for key in keys}
    is_plain = (
        found["Decode"][0] == "null"
        and found["DecodeParms"][0] in ("null", "dict", "array")
        and "ColorTransform" not in found["DecodeParms"][1]
        and "/Indexed" not in found["ColorSpace"][1]
        and "/Lab" not in found["ColorSpace"][1]
    )
    filters = found["Filter"][1].strip("[]").replace(" ", "")
    if not is_plain or filters not in (codec, f"/FlateDecode{codec}"):
        return None
    data: bytes = page.parent.xref_stream_raw(picture.xref)
    return data if filters == codec else _inflated(data)


def _inflated(data: bytes) -> bytes | None:
    """What a program has packed once more; None where that is no JPEG any more but a bomb."""
    packed = zlib.decompressobj()
    try:
        unpacked = packed.decompress(data, _MOST_INFLATED_BYTES)
    except zlib.error:
        return None
    return None if packed.unconsumed_tail else unpacked


def _decode(page: Page, picture: _Embedded) -> PageImage | None:
    """The pixels of an embedded picture at its own resolution, turned as the page is."""
    pixmap = pymupdf.Pixmap(page.parent, picture.xref)
    if pixmap.colorspace is None or pixmap.alpha:
        return None
    if pixmap.colorspace.name not in ("DeviceGray", "DeviceRGB"):
        pixmap = pymupdf.Pixmap(pymupdf.csGRAY if pixmap.n == 1 else pymupdf.csRGB, pixmap)
    image = _pillow(pixmap)
    if picture.rotation_deg:
        image = image.transpose(_CLOCKWISE[picture.rotation_deg])
    return encode(image, picture.dpi)


def encode(
    image: Image.Image, dpi: int | None, flags: tuple[PageFlag, ...] = (), is_colour_known: bool = False
) -> PageImage:
    """Encode pixels (modes 1, L or RGB): PNG for two levels, else JPEG, grey where there is no colour.

    ``is_colour_known``: RGB holds colour, and need not be looked at.
    """
    if image.mode == "RGB" and not is_colour_known and not has_colour(image):
        image = image.convert("L")
    if image.mode == "L" and sum(image.histogram()[1:255]) == 0:
        image = image.convert("1", dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    if image.mode == "1":
        image.save(buffer, "PNG", dpi=(dpi, dpi) if dpi else None)
        return PageImage(buffer.getvalue(), "image/png", image.width, image.height, dpi, flags)
    options: dict[str, Any] = {"dpi": (dpi, dpi)} if dpi else {}
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, **options)
    return PageImage(buffer.getvalue(), "image/jpeg", image.width, image.height, dpi, flags)


def is_one_colour(image: PageImage) -> bool:
    """Whether nothing can be seen on a page image."""
    with Image.open(io.BytesIO(image.data)) as pixels:
        return pixels.getcolors(maxcolors=1) is not None


def has_colour(image: Image.Image) -> bool:
    """Whether an RGB image holds more colour than a thousandth of its area: a seal does, yellow paper does not."""
    return _is_colourful(image.reduce(_reduction(min(image.size))))


def _reduction(shorter_px: float) -> int:
    return max(1, min(8, int(shorter_px) // 64))


def _is_colourful(small: Image.Image) -> bool:
    red, green, blue = small.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    least = ImageChops.darker(ImageChops.darker(red, green), blue)
    histogram = ImageChops.subtract(most, least).histogram()
    return sum(histogram[_CHROMA:]) > _MIN_COLOUR_SHARE * sum(histogram)


def render_image(image: Image.Image, original: bytes | None, *, max_pixels: int) -> PageImage:
    """The page image of a picture file or of one frame of it.

    Args:
        image: The decoded picture in any mode of Pillow.
        original: The bytes of the file, where it holds nothing but this picture and is JPEG or PNG: they are passed
            through where nothing has to be changed.
        max_pixels: A larger picture is made smaller, and flagged.

    Raises:
        OSError: The pixels cannot be decoded.
    """
    dpi_xy = _resolution(image)
    stored = image.getexif().get(_ORIENTATION_TAG, 1)
    image.load()
    orientation = image.getexif().get(_ORIENTATION_TAG, 1)  # Pillow turns TIFFs by itself while loading
    is_plain = orientation in (0, 1) and not _is_stretched(dpi_xy) and "transparency" not in image.info
    if original is not None and is_plain and _fits(image, max_pixels):
        if image.format == "JPEG" and image.mode in ("L", "RGB"):
            return PageImage(original, "image/jpeg", *image.size, dpi=_one_dpi(dpi_xy))
        if image.format == "PNG" and image.mode in ("1", "L", "RGB"):
            return PageImage(original, "image/png", *image.size, dpi=_one_dpi(dpi_xy))
    pixels = _plain(image)
    if orientation in _ORIENTATIONS:
        pixels = pixels.transpose(_ORIENTATIONS[orientation])
    if stored in _SIDEWAYS_ORIENTATIONS and dpi_xy is not None:
        dpi_xy = (dpi_xy[1], dpi_xy[0])
    pixels, dpi_xy = _square(pixels, dpi_xy)
    pixels, dpi_xy, is_smaller = _shrunk(pixels, dpi_xy, max_pixels)
    encoded = encode(pixels, _one_dpi(dpi_xy))
    return replace(encoded, flags=(PageFlag.DOWNSCALED,)) if is_smaller else encoded


def _fits(image: Image.Image, max_pixels: int) -> bool:
    return image.width * image.height <= max_pixels and max(image.size) <= MAX_SIDE_PX


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch across and down, where the file gives them; 72 and 96 are what programs write that do not know."""
    try:
        across, down = (float(value) for value in image.info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    is_true = min(across, down) >= 60 and 100 <= max(across, down) <= 2400  # comparisons with NaN are false
    return (across, down) if is_true else None


def _one_dpi(dpi_xy: tuple[float, float] | None) -> int | None:
    return None if dpi_xy is None else max(1, round(min(dpi_xy)))


def _is_stretched(dpi_xy: tuple[float, float] | None) -> bool:
    return dpi_xy is not None and max(dpi_xy) > _MAX_STRETCH * min(dpi_xy)


def _plain(image: Image.Image) -> Image.Image:
    """The picture in mode 1, L or RGB: transparency on white paper, 16 bits scaled to 8."""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layers = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")  # Pillow has no direct way
        return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    if image.mode in ("1", "L", "RGB"):
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits or more: the full range is scaled to 8 bits; 12 bits in 16 and floats to 1.0 included."""
    wide = image.convert("F")
    extrema: Any = wide.getextrema()
    low, high = min(float(extrema[0]), 0.0), float(extrema[1])
    top = (
        1.0
        if image.mode == "F" and high <= 1.0
        else next((2.0**b - 1 for b in (8, 10, 12, 14, 16) if high < 2**b), high)
    )
    factor = 255.0 / max(top - low, 1e-6)
    return wide.point(lambda value: value * factor + (-low * factor)).convert("L")


def _square(image: Image.Image, dpi_xy: tuple[float, float] | None) -> tuple[Image.Image, tuple[float, float] | None]:
    """Fax pages have 204 x 98 dots per inch: the poorer side is stretched, so that letters have their shape."""
    if dpi_xy is None or not _is_stretched(dpi_xy) or max(dpi_xy) > 4 * min(dpi_xy):
        return image, dpi_xy
    best = max(dpi_xy)
    size = (round(image.width * best / dpi_xy[0]), round(image.height * best / dpi_xy[1]))
    grey = image.convert("L") if image.mode == "1" else image
    return grey.resize(size, Image.Resampling.BICUBIC), (best, best)


def _shrunk(
    image: Image.Image, dpi_xy: tuple[float, float] | None, max_pixels: int
) -> tuple[Image.Image, tuple[float, float] | None, bool]:
    if _fits(image, max_pixels):
        return image, dpi_xy, False
    factor = min(math.sqrt(max_pixels / (image.width * image.height)), MAX_SIDE_PX / max(image.size))
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    grey = image.convert("L") if image.mode == "1" else image
    small = grey.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return small, None if dpi_xy is None else (dpi_xy[0] * factor, dpi_xy[1] * factor), True
