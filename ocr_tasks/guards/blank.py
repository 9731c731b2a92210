"""Whether a page image is blank, whatever the scanner added to it.

The page is looked at in small (some 75 dpi), where print is still strokes and noise is gone. Marks are groups of dark
pixels that touch each other. What scanners and punches make is no ink: specks, what touches the edge of the image,
round holes near it, and what is hardly darker than the paper (the other side shining through). One letter is enough
for a page not to be blank: the doubt must be right, it need not be found always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageFilter

from ocr_tasks.images import PageImage

_LOOK_DPI = 75
_FAINTEST = 28
"""Levels of grey of 255 that ink is darker than the paper around it, in small. Pencil and worn type reach 40, the other
side of thin paper 10 to 20."""
_PAPER_PX = 24
"""Paper is taken as even over such a distance, so that shadows and yellowed edges are paper."""
_MOST_SPECK_PIXELS = 3
_HOLE_INCHES = (0.15, 0.4)
_HOLE_FROM_EDGE_INCHES = 1.0
_HOLE_FILL = 0.6
"""A disc fills 0.79 of its square; letters of that size are mostly paper."""
_SURE_INK_SHARE = 0.004
"""Dark pixels in the middle of the page that make it printed without a closer look; an A4 page has 0.03 and more."""
_MIDDLE = 0.12
_DARK_BYTES = re.compile(rb"\xff+")


@dataclass
class _Mark:
    """Dark pixels that touch each other: the box around them and their number."""

    left: int
    top: int
    right: int
    bottom: int
    pixels: int

    def join(self, other: _Mark) -> None:
        self.left, self.right = min(self.left, other.left), max(self.right, other.right)
        self.top, self.bottom = min(self.top, other.top), max(self.bottom, other.bottom)
        self.pixels += other.pixels


def is_blank(page: PageImage) -> bool:
    """Whether nothing is written or printed on a page; takes milliseconds on printed pages, some tens on blank ones."""
    dark = _dark_pixels(page)
    if dark.width < 3 or dark.height < 3:
        return False
    middle = dark.crop(
        (
            round(dark.width * _MIDDLE),
            round(dark.height * _MIDDLE),
            round(dark.width * (1 - _MIDDLE)),
            round(dark.height * (1 - _MIDDLE)),
        )
    )
    if middle.histogram()[255] > _SURE_INK_SHARE * middle.width * middle.height:
        return False
    return not any(_is_ink(mark, dark.width, dark.height) for mark in _marks(dark))


def _dark_pixels(page: PageImage) -> Image.Image:
    """The page in small: 255 where a pixel is darker than the paper around it, else 0."""
    factor = max(1, round(page.likely_dpi / _LOOK_DPI))
    small = page.image.reduce(factor).convert("L")
    coarse = small.reduce(max(1, min(_PAPER_PX, *small.size) // 2))
    paper = coarse.filter(ImageFilter.MaxFilter(3)).resize(small.size, Image.Resampling.BILINEAR)
    return ImageChops.subtract(paper, small).point(lambda darker: 255 if darker >= _FAINTEST else 0)


def _marks(dark: Image.Image) -> list[_Mark]:
    """Group the dark pixels: stretches of a row that touch a stretch of the row above are one mark."""
    pixels, width = dark.tobytes(), dark.width
    stretches: list[_Mark] = []
    owners: list[int] = []
    above: range = range(0)
    for row in range(dark.height):
        first = len(stretches)
        for match in _DARK_BYTES.finditer(pixels, row * width, (row + 1) * width):
            left, right = match.start() - row * width, match.end() - row * width
            owners.append(len(stretches))
            stretches.append(_Mark(left, row, right, row + 1, right - left))
            for other in above:
                if stretches[other].left <= right and left <= stretches[other].right:
                    owners[_owner(owners, other)] = _owner(owners, owners[-1])
        above = range(first, len(stretches))
    marks: dict[int, _Mark] = {}
    for number, stretch in enumerate(stretches):
        marks.setdefault(_owner(owners, number), replace(stretch, pixels=0)).join(stretch)
    return list(marks.values())


def _owner(owners: list[int], number: int) -> int:
    while owners[number] != number:
        owners[number] = owners[owners[number]]
        number = owners[number]
    return number


def _is_ink(mark: _Mark, width: int, height: int) -> bool:
    if mark.pixels <= _MOST_SPECK_PIXELS:
        return False
    if mark.left <= 1 or mark.top <= 1 or mark.right >= width - 1 or mark.bottom >= height - 1:
        return False
    return not _is_hole(mark, width, height)


def _is_hole(mark: _Mark, width: int, height: int) -> bool:
    """Whether a mark is a disc of the size of a punched hole, near the edge."""
    across, down = mark.right - mark.left, mark.bottom - mark.top
    smallest, largest = (inches * _LOOK_DPI for inches in _HOLE_INCHES)
    near_edge = min(mark.left, mark.top, width - mark.right, height - mark.bottom) <= _HOLE_FROM_EDGE_INCHES * _LOOK_DPI
    is_round = smallest <= across <= largest and smallest <= down <= largest and 0.7 <= across / down <= 1.4
    return near_edge and is_round and mark.pixels >= _HOLE_FILL * across * down
