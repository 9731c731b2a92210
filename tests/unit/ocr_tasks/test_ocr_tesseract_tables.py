"""Words that Tesseract read over the rule between two cells, and what is read in each cell when it is cut out."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.contract import BBox
from ocr_tasks.engines.tesseract_layout import Paragraph, ParagraphKind
from ocr_tasks.engines.tesseract_tables import RuledPage, find_ruled_page
from ocr_tasks.engines.tesseract_words import TextLine, Word

pytestmark = pytest.mark.unit

DPI = 150
LEFT, MIDDLE, RIGHT = 100, 400, 700


def page() -> RuledPage:
    """Three rows of two cells, the first two with ink in them, which nobody reads here."""
    image = Image.new("L", (1240, 1754), 255)
    draw = ImageDraw.Draw(image)
    for x in (LEFT, MIDDLE, RIGHT):
        draw.line((x, 100, x, 400), fill=0, width=2)
    for y in (100, 200, 300, 400):
        draw.line((LEFT, y, RIGHT, y), fill=0, width=2)
    for x in (320, 345, 370, 420, 445):
        draw.ellipse((x, 135, x + 14, 155), outline=0, width=3)
    found = find_ruled_page(image, DPI)
    assert found is not None
    return found


def paragraph(*words: tuple[str, BBox]) -> Paragraph:
    lines = tuple(TextLine((Word(text, box, 0.9),)) for text, box in words)
    return Paragraph(ParagraphKind.TEXT, lines)


@pytest.mark.parametrize(
    ("again", "cells"),
    [
        (("12", "34"), ["12", "34"]),
        (("", "34"), ["1234", ""]),
        (("12", ""), ["1234", ""]),
        (("", "56"), ["1234", "56"]),
        (("", ""), ["1234", ""]),
    ],
)
def test_a_word_read_over_a_rule_stands_in_one_cell_or_is_parted(again: tuple[str, str], cells: list[str]) -> None:
    ruled = page()
    _, texts = ruled.taken_apart([paragraph(("1234", (300, 130, 500, 160)))])
    (stack,) = ruled.stacks(texts)
    read = [
        (text, (5.0, float(top), 40.0, float(top + crop.size[1])))
        for (top, crop), text in zip(stack.crops, again, strict=True)
        if text
    ]
    better = ruled.better(texts, [stack], [[paragraph(*read)]])
    (table,) = ruled.with_tables([], better)
    assert [" ".join(line.text for line in cell.lines) for cell in table.cells] == [*cells, "", "", "", ""]
