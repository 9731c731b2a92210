"""A page as finders of fields look at it: clean text with the place of every part, and its tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import Table, parse_html_table, table_text

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u0301]")
"""Soft hyphens, zero widths, and stress marks."""
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_SPACED_LETTERS = re.compile(r"(?<![^\W\d_])(?:[А-ЯЁа-яё] ){3,}[А-ЯЁа-яё](?![^\W\d_])")
NOWHERE: BBox = (0.0, 0.0, 0.0, 0.0)


def clean(text: str) -> str:
    """Text to search in: NFC, without characters that are not seen, every space a plain one, «П Р И К А З» as a word.

    Never NFKC: it turns № into No and м² into м2. Tabs and line ends stay.
    """
    text = _SPACES.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFC", text)))
    return _SPACED_LETTERS.sub(lambda match: match[0].replace(" ", ""), text)


@dataclass(frozen=True)
class Piece:
    """One block in the text of its page: ``text[start:end]``; ``table`` where it is one."""

    start: int
    end: int
    number: int
    """Of the block on the page, from 1."""
    label: BlockLabel
    block: Block
    table: Table | None


@dataclass(frozen=True)
class PageReading:
    """One page that was read.

    ``text``: the blocks in reading order with an empty line between them; rows of tables are lines, cells are parted by
    tabs. ``is_ocr``: whether letters may be misread; digits of text layers are never repaired.
    """

    page_number: int
    width_px: int
    height_px: int
    is_ocr: bool
    text: str
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, page: PageResult, *, is_ocr: bool) -> PageReading:
        """The reading of a page result; running headers and footers are part of it."""
        parts: list[str] = []
        pieces: list[Piece] = []
        start = 0
        for number, block in enumerate(page.blocks, start=1):
            is_table = block.content_format is ContentFormat.HTML
            table = _cleaned(parse_html_table(block.content)) if is_table else None
            text = table_text(table) if table is not None else clean(block.content).strip()
            if not text:
                continue
            pieces.append(Piece(start, start + len(text), number, block.label, block, table))
            parts.append(text)
            start += len(text) + 2
        return cls(page.page_number, page.width_px, page.height_px, is_ocr, "\n\n".join(parts), tuple(pieces))

    @cached_property
    def tables(self) -> tuple[tuple[Piece, Table], ...]:
        """The tables of the page with the block that each is."""
        return tuple((piece, piece.table) for piece in self.pieces if piece.table is not None)

    def piece_at(self, position: int) -> Piece | None:
        """The block that a place of the text lies in; None between blocks."""
        return next((piece for piece in self.pieces if piece.start <= position < piece.end), None)

    def box_of(self, start: int, end: int) -> BBox:
        """The box around the blocks that ``text[start:end]`` touches; of its lines where they are known."""
        boxes = [box for piece in self.pieces if piece.start < end and start < piece.end for box in _boxes(piece)]
        boxes = [box for box in boxes if box[2] > box[0] or box[3] > box[1]]
        if not boxes:
            return NOWHERE
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        return (min(x0s), min(y0s), max(x1s), max(y1s))


def _boxes(piece: Piece) -> Iterator[BBox]:
    yield piece.block.bbox_px


def _cleaned(table: Table) -> Table:
    cells = tuple(replace(cell, text=clean(cell.text)) for cell in table.cells)
    return Table(cells, table.row_count, table.column_count)
