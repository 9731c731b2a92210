"""More text than can be printed, or seen, in an area."""

from __future__ import annotations

import re

from ocr_tasks.contract import Block, BlockLabel, ContentFormat
from ocr_tasks.images import PageImage

_POINTS_AN_INCH = 72
_SQUARE_POINTS_A_LETTER = 7.0
"""Print of four points: its letters are half as wide as high, and the box of a single line ends at the letters. The
smallest print of forms and of drawings has five."""
_SQUARE_PIXELS_A_LETTER = 45.0
"""Five by nine pixels: smaller letters cannot be told apart."""
_FREE_LETTERS = 30
"""Layout models cut tight boxes around short texts."""

_MOST_CHARACTERS = 200_000
"""With its tags, more than any sheet holds."""

_TAG = re.compile(r"<[^<>]{1,200}>")
_FILLER = re.compile(r"([^\w\s<>]|_)(?:\s?\1){3,}")


def has_too_much_text(blocks: tuple[Block, ...], page: PageImage) -> bool:
    """Whether a block, or all blocks of a page together, have more letters than fit. Formulas are not judged."""
    points_a_pixel = _POINTS_AN_INCH / page.likely_dpi
    area_px = max(_SQUARE_PIXELS_A_LETTER, _SQUARE_POINTS_A_LETTER / points_a_pixel**2)
    total = 0
    for block in blocks:
        if block.label is BlockLabel.FORMULA or block.content_format is ContentFormat.LATEX:
            continue
        letters = _letters(block.content)
        total += letters
        if letters * area_px > _area(block) + _FREE_LETTERS * area_px:
            return True
    return total * area_px > page.width_px * page.height_px + _FREE_LETTERS * area_px


def _letters(content: str) -> int:
    """Signs that take room; leaders of dots are narrow, and rules are no letters."""
    return sum(map(len, _FILLER.sub("", _TAG.sub("", content[:_MOST_CHARACTERS])).split()))


def _area(block: Block) -> float:
    left, top, right, bottom = block.bbox_px
    return max(right - left, 1.0) * max(bottom - top, 1.0)
