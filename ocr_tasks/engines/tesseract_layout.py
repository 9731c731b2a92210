"""Makes the blocks of a page from the words and lines that Tesseract found. No Tesseract in here: plain values.

Tesseract tells paragraphs, tables and pictures apart, but no headings (its ``HEADING_TEXT`` means "wider than one
column"). A heading is told here by size and by centred or numbered capitals, the way Russian official papers set it.
Lines of a paragraph are joined by line breaks and hyphenated words are left as printed: «тен-» + «дер» and
«купли-» + «продажи» look the same without a dictionary, and a wrong join cannot be undone.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat, Line
from ocr_tasks.engines.tesseract_doubts import is_mark
from ocr_tasks.engines.tesseract_words import TextLine, Word
from ocr_tasks.htmltables import Cell, Table, table_html
from ocr_tasks.ruledgrid import Place

_HEADING_MAX_LINES = 3
_HEADING_MIN_LETTERS = 3
_CAPITALS_MIN_LETTERS = 6
_HEADING_MIN_CONFIDENCE = 0.6
"""Handwriting and stamps are large as well, and read badly."""
_LARGE = 1.25
_VERY_LARGE = 1.7
"""Letter height against the median of the page."""
_CENTRE_TOLERANCE = 0.1
"""How far from the middle of the page a centred line may be, as a part of the page's width."""
_MIN_PICTURE_AREA = 0.005
"""Part of the page below which a picture is a speck, a bullet or a bit of a rule."""
_NUMBERED = re.compile(r"(?:\d{1,3}|[IVX]{1,5})(?:\.\d{1,3})*[.)]?\s")


class ParagraphKind(Enum):
    """What the layout analysis takes a paragraph for."""

    TEXT = "text"
    TABLE = "table"
    CAPTION = "caption"
    PICTURE = "picture"


@dataclass(frozen=True)
class TableCell:
    """A cell of a ruled table, and the lines in it."""

    place: Place
    lines: tuple[TextLine, ...]


@dataclass(frozen=True)
class Paragraph:
    """One paragraph, a whole table, or a picture (which has no lines).

    ``bbox_px`` is needed for a picture and a ruled table only. ``is_sideways``: its lines run down the page.
    ``cells`` are those of a ruled table, row by row, with the same lines as ``lines``.
    """

    kind: ParagraphKind
    lines: tuple[TextLine, ...] = ()
    bbox_px: BBox = (0.0, 0.0, 0.0, 0.0)
    is_sideways: bool = False
    cells: tuple[TableCell, ...] = ()

    @property
    def box(self) -> BBox | None:
        """Where it stands; None where it has neither words nor a box of its own."""
        words = [word.bbox_px for line in self.lines for word in line.words]
        if self.kind is ParagraphKind.PICTURE or self.cells:
            return self.bbox_px
        return _union(words) if words else None

    def moved(self, move: Callable[[BBox], BBox], scale: float) -> Paragraph:
        """The same elsewhere: ``move`` gives the new place of a box, ``scale`` the new size of a letter."""

        def line_moved(line: TextLine) -> TextLine:
            words = tuple(replace(word, bbox_px=move(word.bbox_px)) for word in line.words)
            return TextLine(words, line.letter_height_px * scale)

        return replace(
            self,
            lines=tuple(map(line_moved, self.lines)),
            bbox_px=move(self.bbox_px),
            cells=tuple(replace(cell, lines=tuple(map(line_moved, cell.lines))) for cell in self.cells),
        )


def build_blocks(paragraphs: Sequence[Paragraph], *, width_px: int, height_px: int) -> tuple[Block, ...]:
    """Return the blocks of a page in the order of its paragraphs; those without text, and specks, are left out."""
    body_px = _body_letter_height(paragraphs)
    blocks = []
    for paragraph in paragraphs:
        if paragraph.kind is ParagraphKind.PICTURE:
            if _area(paragraph.bbox_px) >= _MIN_PICTURE_AREA * width_px * height_px:
                blocks.append(Block(label=BlockLabel.PICTURE, bbox_px=paragraph.bbox_px, content=""))
            continue
        lines = tuple(line for line in paragraph.lines if line.words)
        if _is_table(paragraph.cells):
            blocks.append(_table_block(paragraph, lines))
        elif lines:
            kind = ParagraphKind.TEXT if paragraph.cells else paragraph.kind
            blocks.append(_text_block(kind, lines, body_px=body_px, width_px=width_px))
    return tuple(blocks)


def mean_confidence(words: Iterable[Word]) -> float | None:
    """Mean of the words' confidences weighted by their length; None without words."""
    weighted = [(word.confidence, len(word.text)) for word in words]
    letters = sum(length for _, length in weighted)
    return round(sum(confidence * length for confidence, length in weighted) / letters, 4) if letters else None


def page_words(paragraphs: Iterable[Paragraph]) -> list[Word]:
    """All words of a page."""
    return [word for paragraph in paragraphs for line in paragraph.lines for word in line.words]


def _text_block(kind: ParagraphKind, lines: tuple[TextLine, ...], *, body_px: float, width_px: int) -> Block:
    words = [word for line in lines for word in line.words]
    confidence = mean_confidence(words)
    bbox = _union([word.bbox_px for word in words])
    label, level = BlockLabel(kind.value), None
    if kind is ParagraphKind.TEXT:
        level = _heading_level(lines, bbox, confidence or 0.0, body_px=body_px, width_px=width_px)
        label = BlockLabel.HEADING if level else BlockLabel.TEXT
        if all(map(is_mark, lines)):  # kept, and out of the way of the prose
            label = BlockLabel.PICTURE
    return Block(
        label=label,
        bbox_px=bbox,
        content="\n".join(line.text for line in lines),
        confidence=confidence,
        heading_level=level,
        lines=tuple(map(_line, lines)),
    )


def _is_table(cells: Sequence[TableCell]) -> bool:
    """Whether something stands in two columns of a grid."""
    return len({cell.place.column for cell in cells if cell.lines}) > 1


def _table_block(table: Paragraph, lines: Sequence[TextLine]) -> Block:
    places = [cell.place for cell in table.cells]
    cells = Table(
        cells=tuple(
            Cell(
                place.row, place.column, "\n".join(line.text for line in cell.lines), place.row_span, place.column_span
            )
            for place, cell in zip(places, table.cells, strict=True)
        ),
        row_count=max(place.row + place.row_span for place in places),
        column_count=max(place.column + place.column_span for place in places),
    )
    return Block(
        label=BlockLabel.TABLE,
        bbox_px=_union([table.bbox_px, *(word.bbox_px for line in lines for word in line.words)]),
        content=table_html(cells),
        content_format=ContentFormat.HTML,
        confidence=mean_confidence([word for line in lines for word in line.words]),
        lines=tuple(map(_line, lines)),
    )


def _line(line: TextLine) -> Line:
    return Line(
        text=line.text,
        bbox_px=_union([word.bbox_px for word in line.words]),
        confidence=mean_confidence(line.words),
    )


def _heading_level(
    lines: Sequence[TextLine], bbox: BBox, confidence: float, *, body_px: float, width_px: int
) -> int | None:
    """1 for very large print, 2 for other headings, None for text."""
    text = "\n".join(line.text for line in lines)
    letters = [character for character in text if character.isalpha()]
    digits = sum(character.isdigit() for character in text)
    if (
        len(lines) > _HEADING_MAX_LINES
        or len(letters) < _HEADING_MIN_LETTERS
        or digits > len(letters)
        or confidence < _HEADING_MIN_CONFIDENCE
    ):
        return None
    size = statistics.median(line.letter_height_px for line in lines) / body_px if body_px else 1.0
    if size >= _LARGE:
        return 1 if size >= _VERY_LARGE else 2
    is_capitals = len(letters) >= _CAPITALS_MIN_LETTERS and all(letter.isupper() for letter in letters)
    is_centred = abs((bbox[0] + bbox[2]) / 2 - width_px / 2) <= _CENTRE_TOLERANCE * width_px
    return 2 if is_capitals and (is_centred or _NUMBERED.match(text)) else None


def _body_letter_height(paragraphs: Sequence[Paragraph]) -> float:
    """Letter height of the page's running text: the median over its letters, not over its lines."""
    heights = [
        line.letter_height_px
        for paragraph in paragraphs
        for line in paragraph.lines
        if line.letter_height_px > 0
        for _ in line.text
    ]
    return statistics.median(heights) if heights else 0.0


def _union(boxes: Sequence[BBox]) -> BBox:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _area(box: BBox) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
