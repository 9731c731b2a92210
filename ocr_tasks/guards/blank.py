"""Whether a page image is blank, whatever the scanner added to it.

The page is looked at in small (some 75 dpi), where print is still strokes and noise is gone. Marks are groups of dark
pixels that touch each other. What scanners and punches make is no ink: specks, what touches the edge of the image,
round holes near it, and what is hardly darker than the paper (the other side shining through). One letter is enough
for a page not to be blank: the doubt must be right, it need not be found always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from PIL import Image

from ocr_tasks.images import PageImage
from ocr_tasks.ink import darker_than_paper

_LOOK_DPI = 75
_FAINTEST = 28
"""Levels of grey of 255 that ink is darker than the paper around it, in small. Pencil and worn type reach 40, the other
side of thin paper 10 to 20."""
_MOST_SPECK_PX = 2
"""In small, some 0.7 mm; the smallest letters are higher."""
_HOLE_INCHES = (0.15, 0.4)
_HOLE_FROM_EDGE_INCHES = 1.0
_HOLE_FILL = 0.6
"""A disc fills 0.79 of its square; letters of that size are mostly paper."""
_SURE_INK_LEVELS = 90
_SURE_INK_SHARE = 0.005
"""Black pixels in the middle of the page that make it printed without a closer look; a page of text has 0.02 to 0.1."""
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
    """Whether nothing is written or printed on a page; a millisecond for a printed page, some ten for another."""
    factor = max(1, round(page.likely_dpi / _LOOK_DPI))
    if min(page.width_px, page.height_px) < 3 * factor or _is_surely_printed(page.image, factor):
        return False
    dark = darker_than_paper(page.image.reduce(factor).convert("L"), _FAINTEST)
    return not any(_is_ink(mark, dark.width, dark.height) for mark in _marks(dark))


def _is_surely_printed(image: Image.Image, factor: int) -> bool:
    """Look at one pixel of each square only, in the middle of the page, and count what is black."""
    left, top = round(image.width * _MIDDLE), round(image.height * _MIDDLE)
    middle = (left, top, image.width - left, image.height - top)
    size = (max(1, (middle[2] - left) // factor), max(1, (middle[3] - top) // factor))
    sample = image.resize(size, Image.Resampling.NEAREST, box=middle).convert("L")
    black = darker_than_paper(sample, _SURE_INK_LEVELS).histogram()[255]
    return black > _SURE_INK_SHARE * size[0] * size[1]


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
    if max(mark.right - mark.left, mark.bottom - mark.top) <= _MOST_SPECK_PX:
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
