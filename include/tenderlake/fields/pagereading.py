"""A page as finders of fields look at it: clean text with the place of every part, and its tables."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import ParseTable, Table, parse_html_table
from tenderlake.spacedletters import joined_letters

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u0301]")
"""Soft hyphens, zero widths, and stress marks."""
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
NOWHERE: BBox = (0.0, 0.0, 0.0, 0.0)
LONGEST_CELL = 20_000
LONGEST_BLOCK = 500_000
LONGEST_PAGE = 2_000_000
"""Characters in which fields are looked for; what an engine invents beyond is left out of the search alone."""
_MOST_BESIDE = 50
"""Lines at one height that are looked at."""
_SEARCHED_FOR_LINE = 200
"""Characters after the last line in which the next one is looked for."""


def clean(text: str) -> str:
    """Text to search in: NFC, without characters that are not seen, every space a plain one, «П Р И К А З» as a word.

    Never NFKC: it turns № into No and м² into м2. Tabs and line ends stay.
    """
    return joined_letters(_SPACES.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFC", text))))


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A cell in the text of its page: ``text[start:end]``. ``row`` and ``column`` count from 0 in the table's grid."""

    row: int
    column: int
    row_span: int
    column_span: int
    is_header: bool
    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return self.start == self.end


@dataclass(frozen=True, eq=False)
class PlacedTable:
    """The cells of a table in reading order, and who is beside whom."""

    cells: tuple[PlacedCell, ...]

    @cached_property
    def column_count(self) -> int:
        """Of the grid."""
        return max((cell.column + cell.column_span for cell in self.cells), default=0)

    @cached_property
    def _starts(self) -> list[int]:
        return [cell.start for cell in self.cells]

    @cached_property
    def _grid(self) -> dict[tuple[int, int], PlacedCell]:
        return {
            (row, column): cell
            for cell in self.cells
            for row in range(cell.row, cell.row + cell.row_span)
            for column in range(cell.column, cell.column + cell.column_span)
        }

    def cell_at(self, position: int) -> PlacedCell | None:
        """The cell that a place of the page's text lies in; None between cells."""
        number = bisect_right(self._starts, position) - 1
        # Empty cells begin where the next one does.
        return self.cells[number] if number >= 0 and position < self.cells[number].end else None

    def right_of(self, cell: PlacedCell) -> PlacedCell | None:
        """The next cell in the first row of a cell that is not empty."""
        return next(self.cells_right_of(cell), None)

    def cells_right_of(self, cell: PlacedCell) -> Iterator[PlacedCell]:
        """The cells that are not empty in the first row of a cell to its right, the nearest first."""
        column = cell.column + cell.column_span
        while (found := self._grid.get((cell.row, column))) is not None:
            if not found.is_empty:
                yield found
            column = found.column + found.column_span

    def left_of(self, cell: PlacedCell) -> Iterator[PlacedCell]:
        """The cells to the left in the first row of a cell, the nearest first; empty ones too."""
        column = cell.column - 1
        while (found := self._grid.get((cell.row, column))) is not None:
            yield found
            column = found.column - 1

    def below(self, cell: PlacedCell) -> Iterator[PlacedCell]:
        """The cells under the first column of a cell, downwards; empty ones too."""
        row = cell.row + cell.row_span
        while (found := self._grid.get((row, cell.column))) is not None:
            yield found
            row = found.row + found.row_span

    def heads_of(self, cell: PlacedCell, rows: int) -> list[PlacedCell]:
        """The cells over the first column of a cell in the first ``rows`` of the table, downwards; none twice."""
        found = [self._grid.get((row, cell.column)) for row in range(min(rows, cell.row))]
        return list(dict.fromkeys(head for head in found if head is not None))

    def above(self, cell: PlacedCell) -> Iterator[PlacedCell]:
        """The cells over the first column of a cell, upwards; empty ones too."""
        row = cell.row - 1
        while (found := self._grid.get((row, cell.column))) is not None:
            yield found
            row = found.row - 1


@dataclass(frozen=True, eq=False)
class Piece:
    """One block in the text of its page: ``text[start:end]``; ``table`` and ``placed`` where it is a table."""

    start: int
    end: int
    number: int
    """Of the block on the page, from 1."""
    label: BlockLabel
    block: Block
    table: Table | None
    placed: PlacedTable | None = None


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a block that the engine saw: ``text[start:end]`` and where it lies on the page."""

    start: int
    end: int
    bbox_px: BBox


@dataclass(frozen=True, eq=False)
class PageReading:
    """One page that was read.

    ``text``: the blocks in reading order with an empty line between them; rows of tables are lines, cells are parted by
    tabs. ``lined_text``: the same, character by character, but for line ends inside of cells that are spaces there.
    ``is_ocr``: whether letters may be misread; digits of text layers are never repaired.
    """

    page_number: int
    width_px: int
    height_px: int
    is_ocr: bool
    text: str
    lined_text: str
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, page: PageResult, *, is_ocr: bool, parse: ParseTable = parse_html_table) -> PageReading:
        """The reading of a page result; running headers and footers are part of it."""
        parts: list[str] = []
        pieces: list[Piece] = []
        start = 0
        for number, block in enumerate(page.blocks, start=1):
            table, placed, text = None, None, ""
            if block.content_format is ContentFormat.HTML:
                table = _cleaned(parse(block.content))
                placed, text = _placed(table, start)
            else:
                text = clean(block.content[:LONGEST_BLOCK]).strip()
            if not text.strip() or start + len(text) > LONGEST_PAGE:
                continue
            pieces.append(Piece(start, start + len(text), number, block.label, block, table, placed))
            parts.append(text)
            start += len(text) + 2
        lined_text = "\n\n".join(parts)
        text = "\n\n".join(
            part.translate(_ONE_ROW) if piece.table is not None else part
            for part, piece in zip(parts, pieces, strict=True)
        )
        lined_text = lined_text.replace(_ROW_END, "\n")
        return cls(page.page_number, page.width_px, page.height_px, is_ocr, text, lined_text, tuple(pieces))

    @cached_property
    def tables(self) -> tuple[tuple[Piece, Table], ...]:
        """The tables of the page with the block that each is."""
        return tuple((piece, piece.table) for piece in self.pieces if piece.table is not None)

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.start for piece in self.pieces]

    @cached_property
    def lines(self) -> tuple[PlacedLine, ...]:
        """The lines of all blocks whose lines the engine told, in reading order."""
        return tuple(line for piece in self.pieces for line in _placed_lines(piece, self.text))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [line.start for line in self.lines]

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.lined_text)]

    def line_start(self, position: int) -> int:
        """Where the line of ``lined_text`` begins that a place lies in."""
        number = bisect_left(self._line_ends, position)
        return self._line_ends[number - 1] + 1 if number else 0

    def line_end(self, position: int) -> int:
        """Where the line of ``lined_text`` ends that a place lies in."""
        number = bisect_left(self._line_ends, position)
        return self._line_ends[number] if number < len(self._line_ends) else len(self.lined_text)

    def piece_at(self, position: int) -> Piece | None:
        """The block that a place of the text lies in; None between blocks."""
        number = bisect_right(self._starts, position) - 1
        return self.pieces[number] if number >= 0 and position < self.pieces[number].end else None

    def cell_at(self, position: int) -> tuple[PlacedTable, PlacedCell] | None:
        """The table and its cell that a place of the text lies in; None outside of tables."""
        piece = self.piece_at(position)
        cell = piece.placed.cell_at(position) if piece and piece.placed else None
        return (piece.placed, cell) if piece and piece.placed and cell else None

    @cached_property
    def _by_height(self) -> tuple[list[float], list[PlacedLine]]:
        lines = sorted(self.lines, key=lambda line: line.bbox_px[1])
        return [line.bbox_px[1] for line in lines], lines

    def line_beside(self, start: int, end: int) -> PlacedLine | None:
        """The line to the right of the label ``text[start:end]``, at its height: the value in a form without rules.

        None where lines are not known, where the label's line goes on, or where nothing stands beside it.
        """
        own = self.line_at(start)
        if own is None or self.text[end : own.end].strip(" :–—-.\n"):
            return None
        last = self.line_at(end - 1)
        return self._right_of(own) or (self._right_of(last) if last is not None and last is not own else None)

    def _right_of(self, own: PlacedLine) -> PlacedLine | None:
        beside = [line for line in self._level_with(own) if line.bbox_px[0] >= own.bbox_px[2]]
        return min(beside, key=lambda line: line.bbox_px[0], default=None)

    def _level_with(self, own: PlacedLine) -> list[PlacedLine]:
        """The lines that share more than half of their height with this one."""
        tops, lines = self._by_height
        y0, y1 = own.bbox_px[1::2]
        near = lines[bisect_left(tops, y0 - (y1 - y0)) : bisect_right(tops, y1)][:_MOST_BESIDE]
        return [line for line in near if min(y1, line.bbox_px[3]) - max(y0, line.bbox_px[1]) > (y1 - y0) / 2]

    def has_line_left_of(self, line: PlacedLine) -> bool:
        """Whether another line stands at the same height to the left."""
        return any(other.bbox_px[2] <= line.bbox_px[0] for other in self._level_with(line))

    def line_at(self, position: int) -> PlacedLine | None:
        """The line that a place of the text lies in; None where lines are not known."""
        number = bisect_right(self._line_starts, position) - 1
        return self.lines[number] if number >= 0 and position < self.lines[number].end else None

    def box_of(self, start: int, end: int) -> BBox:
        """The box around the lines that ``text[start:end]`` touches, around its blocks where lines are not known."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        boxes: list[BBox] = []
        for piece in self.pieces[first:]:
            if piece.start >= end:
                break
            if piece.end > start:
                boxes.extend(self._boxes(piece, start, end))
        boxes = [box for box in boxes if box[2] > box[0] or box[3] > box[1]]
        if not boxes:
            return NOWHERE
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        return (min(x0s), min(y0s), max(x1s), max(y1s))

    def _boxes(self, piece: Piece, start: int, end: int) -> list[BBox]:
        first = max(bisect_right(self._line_starts, max(start, piece.start)) - 1, 0)
        found: list[BBox] = []
        for line in self.lines[first:]:
            if line.start >= min(end, piece.end):
                break
            if line.end > start and line.start >= piece.start:
                found.append(line.bbox_px)
        return found or [piece.block.bbox_px]


_ROW_END = "\x1e"
"""Between the rows of a table while its text is put together; clean cells have no control characters of this kind."""
_ONE_ROW = str.maketrans({"\n": " ", _ROW_END: "\n"})


def _cleaned(table: Table) -> Table:
    cells = tuple(replace(cell, text=_clean_cell(cell.text)) for cell in table.cells)
    return Table(cells, table.row_count, table.column_count)


def _clean_cell(text: str) -> str:
    lines = clean(text[:LONGEST_CELL]).replace(_ROW_END, " ").split("\n")
    return "\n".join(line for part in lines if (line := " ".join(part.split())))


def _placed(table: Table, start: int) -> tuple[PlacedTable, str]:
    """The cells with their places in the page's text, where the table begins at ``start``; and its text."""
    parts: list[str] = []
    placed: list[PlacedCell] = []
    place, row = start, 0
    for cell in sorted(table.cells, key=lambda cell: (cell.row, cell.column)):
        if place - start + len(cell.text) > LONGEST_BLOCK:
            break
        gap = _ROW_END * (cell.row - row) if cell.row > row else "\t" if placed else ""
        row, place = cell.row, place + len(gap)
        parts += (gap, cell.text)
        spans = cell.row_span, cell.column_span
        placed.append(PlacedCell(row, cell.column, *spans, cell.is_header, place, place + len(cell.text)))
        place += len(cell.text)
    return PlacedTable(tuple(placed)), "".join(parts)


def _placed_lines(piece: Piece, text: str) -> Iterator[PlacedLine]:
    """The lines of a block in the page's text; a line that was changed when lines were joined fills the gap it left."""
    found: list[int] = []
    place = piece.start
    for line in piece.block.lines:
        # The hyphen at the end of a line is gone where the word was made whole.
        sought = clean(line.text).strip().rstrip("-‐‑ ")
        start = text.find(sought, place, min(piece.end, place + len(sought) + _SEARCHED_FOR_LINE)) if sought else -1
        found.append(start)
        place = start + len(sought) if start >= 0 else place
    ends: list[int] = []
    following = piece.end
    for start in reversed(found):
        ends.append(following)
        following = start if start >= 0 else following
    before = piece.start
    for line, start, end in zip(piece.block.lines, found, reversed(ends), strict=True):
        begin = start if start >= 0 else before
        yield PlacedLine(begin, max(end, begin), line.bbox_px)
        before = begin
