"""What a scanner makes of a printed page: stamps and signatures in ink, skew, blur, uneven light, noise, dust, JPEG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Pixels = NDArray[np.float32]
"""Height x width x colours, 0 (black) to 255 (white)."""

_INK_BLUE = (58, 72, 160)
_SUPERSAMPLING = 2
_POINTS_PER_MM = 72 / 25.4
_TONER = np.float32(26)


@dataclass(frozen=True)
class Stamp:
    """A round seal: text around, text inside; its centre seen from the middle of a line to sign on (``blank``)."""

    around: str
    inside: tuple[str, ...]
    blank: int
    right_mm: float
    down_mm: float
    diameter_mm: float = 38
    turn_deg: float = -8


@dataclass(frozen=True)
class Scanner:
    """How a page comes out.

    ``noise`` is the standard deviation in grey levels, ``light_fall`` how much darker the far corner is (fraction),
    ``paper`` what white paper comes out as: one grey level, or three colours; ``dust`` the number of specks.
    """

    seed: int
    dpi: int = 300
    skew_deg: float = 0.4
    blur_px: float = 0.7
    noise: float = 5.0
    light_fall: float = 0.05
    paper: tuple[int] | tuple[int, int, int] = (246,)
    dust: int = 40

    def scan(
        self, page: pymupdf.Page, fonts: Path, *, stamps: Sequence[Stamp] = (), signature_seeds: Sequence[int] = ()
    ) -> Image.Image:
        """The page as a picture, grey or RGB as ``paper`` has it.

        Signatures are scribbled on the lines to sign on («______»), one for each, in the order of the page; the same
        seed gives the same hand.
        """
        random = np.random.default_rng(self.seed)
        pixmap = page.get_pixmap(dpi=self.dpi, colorspace=pymupdf.csRGB)
        printed = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
        blanks = [pymupdf.Rect(word[:4]) for word in page.get_text("words", sort=True) if set(word[4]) == {"_"}]
        for stamp in stamps:
            line = blanks[stamp.blank]
            x = (line.x0 + line.x1) / 2 + stamp.right_mm * _POINTS_PER_MM
            y = line.y1 + stamp.down_mm * _POINTS_PER_MM
            _lay_ink(printed, _draw_stamp(stamp, fonts, self.dpi, random), (x, y), self.dpi)
        for line, seed in zip(blanks, signature_seeds, strict=True):
            middle = ((line.x0 + line.x1) / 2, line.y1 - 2 * _POINTS_PER_MM)
            _lay_ink(printed, _draw_signature(seed, line.width * 0.7 / 72 * self.dpi), middle, self.dpi)
        printed = printed.convert("RGB" if len(self.paper) == 3 else "L")
        turned = printed.rotate(self.skew_deg, Image.Resampling.BICUBIC, fillcolor="white")
        blurred = turned.filter(ImageFilter.GaussianBlur(self.blur_px))
        pixels = np.atleast_3d(np.asarray(blurred, dtype=np.float32))
        return Image.fromarray(self._expose(pixels, random).astype(np.uint8).squeeze())

    def _expose(self, pixels: Pixels, random: np.random.Generator) -> Pixels:
        height, width, _ = pixels.shape
        down = np.linspace(0, 0.4, height, dtype=np.float32)[:, None, None]
        across = np.linspace(0, 0.6, width, dtype=np.float32)[None, :, None]
        light = 1 - np.float32(self.light_fall) * (down + across) ** 2
        paper = np.array(self.paper, dtype=np.float32)
        lit: Pixels = (_TONER + pixels * ((paper - _TONER) / 255)) * light
        lit += random.standard_normal((height, width, 1), dtype=np.float32) * np.float32(self.noise)
        for _ in range(self.dust):
            speck_y, speck_x = int(random.integers(0, height - 4)), int(random.integers(0, width - 4))
            size = int(random.integers(1, 4))
            lit[speck_y : speck_y + size, speck_x : speck_x + size] -= 120
        return np.clip(lit, 0, 255)


def jpeg(image: Image.Image, quality: int, dpi: int) -> bytes:
    """The picture as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, dpi=(dpi, dpi), optimize=True)
    return buffer.getvalue()


def png(image: Image.Image, levels: int, dpi: int) -> bytes:
    """The grey picture as PNG of so many levels, with the paper made white, as scanners' own software does."""
    pixels = np.asarray(image, dtype=np.float32)
    stretched = np.clip((pixels - 40) / (215 - 40), 0, 1)
    stepped = np.round(stretched * (levels - 1)) * (255 / (levels - 1))
    buffer = io.BytesIO()
    Image.fromarray(stepped.astype(np.uint8)).save(buffer, "PNG", dpi=(dpi, dpi), optimize=True)
    return buffer.getvalue()


def fax_tiff(images: Sequence[Image.Image], threshold: int, dpi: int) -> bytes:
    """The grey pictures as frames of one black and white TIFF, CCITT group 4."""
    frames = [image.point(lambda grey: 255 if grey > threshold else 0).convert("1") for image in images]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], compression="group4", dpi=(dpi, dpi))
    return buffer.getvalue()


def pdf_of_jpegs(pages: Sequence[tuple[bytes, pymupdf.Rect]]) -> pymupdf.Document:
    """A PDF whose pages are one picture each; no text layer."""
    document = pymupdf.open()
    for picture, paper in pages:
        page = document.new_page(width=paper.width, height=paper.height)
        page.insert_image(page.rect, stream=picture)
    return document


def _lay_ink(page: Image.Image, ink: Image.Image, centre_pt: tuple[float, float], dpi: int) -> None:
    """Lay ink (RGBA) on the page so that print beneath stays visible."""
    left = round(centre_pt[0] / 72 * dpi - ink.width / 2)
    top = round(centre_pt[1] / 72 * dpi - ink.height / 2)
    box = (left, top, left + ink.width, top + ink.height)
    below = np.asarray(page.crop(box), dtype=np.float32)
    colour = np.asarray(ink, dtype=np.float32)
    alpha = colour[:, :, 3:] / 255
    mixed = below * (1 - alpha + alpha * colour[:, :, :3] / 255)
    page.paste(Image.fromarray(mixed.astype(np.uint8)), box)


def _draw_stamp(stamp: Stamp, fonts: Path, dpi: int, random: np.random.Generator) -> Image.Image:
    size = round(stamp.diameter_mm / 25.4 * dpi * _SUPERSAMPLING)
    image = Image.new("RGBA", (size, size), (*_INK_BLUE, 0))
    draw = ImageDraw.Draw(image)
    middle = size / 2
    for radius, width in ((0.49, 0.016), (0.335, 0.009)):
        edge = radius * size
        box = (middle - edge, middle - edge, middle + edge, middle + edge)
        draw.ellipse(box, outline=(*_INK_BLUE, 235), width=round(width * size))
    font = ImageFont.truetype(str(fonts / "LiberationSans-Bold.ttf"), round(size * 0.072))
    widths = [font.getlength(letter) for letter in stamp.around]
    for index, letter in enumerate(stamp.around):
        angle = 360 * (sum(widths[:index]) + widths[index] / 2) / sum(widths)
        side = size // 8
        tile = Image.new("L", (side, side), 0)
        ImageDraw.Draw(tile).text((side / 2, side / 2), letter, font=font, fill=235, anchor="mm")
        tile = tile.rotate(-angle, Image.Resampling.BICUBIC)
        radius, turn = size * 0.412, math.radians(angle)
        corner = (
            round(middle + radius * math.sin(turn) - side / 2),
            round(middle - radius * math.cos(turn) - side / 2),
        )
        image.paste((*_INK_BLUE, 235), (corner[0], corner[1], corner[0] + side, corner[1] + side), tile)
    inner = ImageFont.truetype(str(fonts / "LiberationSans-Bold.ttf"), round(size * 0.08))
    for index, line in enumerate(stamp.inside):
        height = middle + (index - (len(stamp.inside) - 1) / 2) * size * 0.1
        draw.text((middle, height), line, font=inner, fill=(*_INK_BLUE, 235), anchor="mm")
    image = image.rotate(stamp.turn_deg, Image.Resampling.BICUBIC)
    image = image.resize((size // _SUPERSAMPLING, size // _SUPERSAMPLING), Image.Resampling.LANCZOS)
    ink = np.asarray(image, dtype=np.float32).copy()
    uneven = random.normal(0.85, 0.25, (12, 12)).clip(0.35, 1).astype(np.float32)
    patches = Image.fromarray((uneven * 255).astype(np.uint8)).resize(image.size, Image.Resampling.BICUBIC)
    ink[:, :, 3] *= np.asarray(patches, dtype=np.float32) / 255
    return Image.fromarray(ink.astype(np.uint8))


def _draw_signature(seed: int, width_px: float) -> Image.Image:
    random = np.random.default_rng(seed)
    width = round(width_px * _SUPERSAMPLING)
    height = width // 2
    image = Image.new("RGBA", (width, height), (*_INK_BLUE, 0))
    strokes = int(random.integers(5, 8))
    points: list[tuple[float, float]] = []
    for step in range(240):
        way = step / 239
        swing = math.sin(way * strokes * math.tau + seed)
        fade = 0.42 * (1 - way) ** 1.3 + 0.06
        x = 0.06 + 0.86 * way + 0.05 * math.cos(way * strokes * math.tau * 1.02)
        points.append((x * width, (0.52 + swing * fade - 0.1 * way) * height))
    ImageDraw.Draw(image).line(points, fill=(*_INK_BLUE, 225), width=max(3, width // 60), joint="curve")
    return image.resize((width // _SUPERSAMPLING, height // _SUPERSAMPLING), Image.Resampling.LANCZOS)
