"""Tables that go on over pages: which block continues which, and both as one table.

A table goes on where it ends one page and one begins the next, running headers and footers aside, and the second says
so («Продолжение таблицы 3»), repeats the header of the first, or has its columns, stands in the same place and has no
header that names other columns. A row that the end of the page cuts in two is one row again. It works on page results,
so it is the same for digital pages and for OCR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import Cell, ParseTable, Table, parse_html_table
from tenderlake.tablemeaning import has_header_of_its_own
from tenderlake.wording import HyphenHabits, join_lines

_RUNNING = frozenset({BlockLabel.HEADER, BlockLabel.FOOTER, BlockLabel.PAGE_NUMBER, BlockLabel.OTHER})
"""Also print along the edge of a sheet, which comes last on its page."""
_CONTINUATION = re.compile(
    r"\W*(?:продолжение|окончание)\s+(?:таблицы|табл\b|приложения|формы)|\W*\(?(?:table\s+)?(?:continued|cont['’]d)\b",
    re.IGNORECASE,
)
_LONGEST_CAPTION = 120
_HEADER_ROWS = 6
"""Rows at the beginning of a table among which a repeated header is looked for."""
_SAME_PLACE_SHARE = 0.02
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class TablePart:
    """From ``first_row`` on, the rows of a table stand in this block; rows count from 0, pages and blocks from 1."""

    first_row: int
    page_number: int
    block_number: int


@dataclass(frozen=True)
class WholeTable:
    """A table over all its pages; the first part is where it begins."""

    table: Table
    parts: tuple[TablePart, ...]


@dataclass(frozen=True)
class OwnTable:
    """A table that begins on a page; ``place`` is that of its block, from 0. ``is_open``: the next page may go on."""

    place: int
    table: Table
    is_open: bool


@dataclass(frozen=True)
class PageTables:
    """What the tables of a page are to those of the pages before.

    Args:
        ended: the table that was open and is whole now. It stands before everything else that begins on this page.
        continued: the places of the blocks that belong to the table of the page before: its caption and its rows.
        own: the tables that begin here, those without a cell left out.
        goes_on: nothing but more of the open table stands here, and the next page may go on with it.
    """

    ended: WholeTable | None = None
    continued: range = range(0)
    own: tuple[OwnTable, ...] = ()
    goes_on: bool = False


@dataclass
class _OpenTable:
    """A table at the end of the last page; ``block`` and ``page`` are where its last part stands."""

    table: Table
    block: Block
    page: PageResult
    parts: list[TablePart] = field(default_factory=list)


class DocumentTables:
    """Takes the pages of one document in order; :meth:`close` hands out the table that no page goes on with."""

    def __init__(self) -> None:
        self._open: _OpenTable | None = None

    def add(self, page: PageResult, parse: ParseTable = parse_html_table) -> PageTables:
        """The tables of the next page; ``parse`` makes them."""
        end = _last_table(page)
        continued = self._continue(page, parse)
        if continued and continued[-1] == end:
            return PageTables(continued=continued, goes_on=True)
        ended = self.close()
        return PageTables(ended=ended, continued=continued, own=self._own(page, continued, end, parse))

    def close(self) -> WholeTable | None:
        """The open table, whole."""
        found, self._open = self._open, None
        return WholeTable(found.table, tuple(found.parts)) if found is not None else None

    def _continue(self, page: PageResult, parse: ParseTable) -> range:
        """Add the page's part to the open table; returns the places of its blocks."""
        if self._open is None:
            return range(0)
        found = _continuation_of(self._open, page, parse)
        if found is None:
            return range(0)
        place = found.places[-1]
        more = found.table
        if _is_row_cut(self._open.table, more, self._open.parts[-1].first_row):
            self._open.table, more = _with_rest_of_row(self._open.table, more)
        self._open.parts.append(TablePart(self._open.table.row_count, page.page_number, place + 1))
        self._open.table = _joined(self._open.table, more)
        self._open.block, self._open.page = page.blocks[place], page
        return found.places

    def _own(self, page: PageResult, continued: range, end: int | None, parse: ParseTable) -> tuple[OwnTable, ...]:
        own = []
        for place, block in enumerate(page.blocks):
            if place in continued or not _is_table(block) or not (table := parse(block.content)).cells:
                continue
            own.append(OwnTable(place, table, is_open=place == end))
            if place == end:
                self._open = _OpenTable(table, block, page, [TablePart(0, page.page_number, place + 1)])
        return tuple(own)


@dataclass(frozen=True)
class _Continuation:
    """How a page goes on with the table of the page before.

    ``places`` are the blocks of its caption and the table; ``table`` are its rows without those of the repeated header.
    """

    places: range
    table: Table


def _last_table(page: PageResult) -> int | None:
    """The number of the block that is a table and ends the page."""
    for number in range(len(page.blocks) - 1, -1, -1):
        block = page.blocks[number]
        if block.label not in _RUNNING:
            return number if _is_table(block) else None
    return None


def _continuation_of(so_far: _OpenTable, page: PageResult, parse: ParseTable) -> _Continuation | None:
    """How ``page`` goes on with the table; None where it does not."""
    table = so_far.table
    body = [number for number, other in enumerate(page.blocks) if other.label not in _RUNNING]
    if not body:
        return None
    first, *rest = body
    has_caption = _is_caption(page.blocks[first]) and bool(rest)
    place = rest[0] if has_caption else first
    following = page.blocks[place]
    if not _is_table(following):
        return None
    parsed = parse(following.content)
    if not parsed.cells or table.row_count + parsed.row_count > _MOST_ROWS:
        return None
    repeated = _repeated_rows(table, parsed)
    has_same_columns = parsed.column_count == table.column_count
    is_same_place = (
        has_same_columns
        and _is_same_place(so_far.block, so_far.page, following, page)
        and (bool(repeated) or not has_header_of_its_own(parsed, table))
    )
    if not (has_same_columns and (has_caption or repeated)) and not is_same_place:
        return None
    return _Continuation(range(first, place + 1), _without_rows(parsed, repeated))


def _joined(table: Table, more: Table) -> Table:
    """Both as one table, the rows of ``more`` below."""
    cells = tuple(replace(cell, row=cell.row + table.row_count, is_header=False) for cell in more.cells)
    return Table((*table.cells, *cells), table.row_count + more.row_count, max(table.column_count, more.column_count))


def _is_row_cut(table: Table, more: Table, first_row: int) -> bool:
    """Whether the first row of ``more`` is the rest of the last one of ``table``, as where Word breaks in a row.

    Its cells go on with small letters, and the one that names the row is empty. Rows of a table in which others are
    without a name, too, are rows of their own, and so are those that say the same as another row («шт»);
    ``first_row`` is where the last part of ``table`` begins.
    """
    last, rest = _whole_row(table, table.row_count - 1), _whole_row(more, 0)
    if not last or len(rest) != len(last) or not any(rest) or rest[0] or not last[0]:
        return False
    if any(after and not (before and after[0].islower()) for before, after in zip(last, rest, strict=True)):
        return False
    if any(cell.column == 0 and cell.row > first_row and not cell.text for cell in table.cells):
        return False
    others = (*table.cells, *(cell for cell in more.cells if cell.row))
    return {(cell.column, cell.text) for cell in others if cell.text}.isdisjoint(enumerate(rest))


def _whole_row(table: Table, row: int) -> list[str]:
    """The texts of a row without spans, none for another one."""
    cells = [cell for cell in table.cells if cell.row <= row < cell.row + cell.row_span]
    return [] if any(cell.row_span > 1 or cell.column_span > 1 for cell in cells) else [cell.text for cell in cells]


def _with_rest_of_row(table: Table, more: Table) -> tuple[Table, Table]:
    """The table with its last row whole, and what is left of ``more``."""
    rest = {cell.column: cell.text for cell in more.cells if cell.row == 0 and cell.text}
    habits = HyphenHabits()
    cells = tuple(
        replace(cell, text=join_lines([cell.text, rest[cell.column]], habits))
        if cell.row == table.row_count - 1 and cell.column in rest
        else cell
        for cell in table.cells
    )
    return replace(table, cells=cells), _without_rows(more, 1)


def _is_table(block: Block) -> bool:
    return block.label is BlockLabel.TABLE and block.content_format is ContentFormat.HTML


def _is_caption(block: Block) -> bool:
    is_text = block.content_format is ContentFormat.TEXT and len(block.content) <= _LONGEST_CAPTION
    return is_text and bool(_CONTINUATION.match(block.content))


def _is_same_place(block: Block, before: PageResult, following: Block, page: PageResult) -> bool:
    """Whether both parts begin and end at the same share of the width, as the pages may differ in resolution."""
    if not before.width_px or not page.width_px:
        return False
    sides = ((block.bbox_px[side] / before.width_px, following.bbox_px[side] / page.width_px) for side in (0, 2))
    return all(abs(first - second) <= _SAME_PLACE_SHARE for first, second in sides)


def _rows(table: Table, count: int) -> list[tuple[str, ...]]:
    """The texts of the first rows, white space and case aside."""
    rows: list[list[str]] = [[] for _ in range(min(count, table.row_count))]
    for cell in takewhile(lambda cell: cell.row < len(rows), table.cells):
        rows[cell.row].append("".join(cell.text.split()).lower())
    return [tuple(row) for row in rows]


def _repeated_rows(table: Table, parsed: Table) -> int:
    """How many rows at the top of ``parsed`` stand at the top of ``table``: its header, or the numbers of columns."""
    known = _rows(table, _HEADER_ROWS)
    count = 0
    for row in _rows(parsed, _HEADER_ROWS):
        if row not in known or not any(row):
            break
        known = known[known.index(row) + 1 :]
        count += 1
    # A row that a cell of the header reaches into belongs to the header's part; none may be cut in two.
    while count and any(cell.row < count < cell.row + cell.row_span for cell in parsed.cells):
        count -= 1
    return min(count, parsed.row_count - 1)


def _without_rows(table: Table, count: int) -> Table:
    cells: Sequence[Cell] = [replace(cell, row=cell.row - count) for cell in table.cells if cell.row >= count]
    return Table(tuple(cells), table.row_count - count, table.column_count)
