"""Tables that go on over pages: which block continues which, and both as one table.

A table goes on where it ends one page and one begins the next, running headers and footers aside, and the second says
so («Продолжение таблицы 3»), repeats the header of the first, or has its columns, stands in the same place and has no
header that names other columns. It works on page results, so it is the same for digital pages and for OCR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import Cell, ParseTable, Table, parse_html_table
from tenderlake.tablemeaning import has_header_of_its_own

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
class Continuation:
    """How a page goes on with the table of the page before.

    ``block_count``: so many blocks from ``first`` on are its caption and the table. ``table`` are its rows without
    those of the repeated header.
    """

    first: int
    block_count: int
    table: Table


def last_table(page: PageResult) -> int | None:
    """The number of the block that is a table and ends the page."""
    for number in range(len(page.blocks) - 1, -1, -1):
        block = page.blocks[number]
        if block.label not in _RUNNING:
            return number if _is_table(block) else None
    return None


def continuation_of(
    table: Table, block: Block, before: PageResult, page: PageResult, parse: ParseTable = parse_html_table
) -> Continuation | None:
    """How ``page`` goes on with ``table``; None where it does not.

    Args:
        table: The table so far, over all its pages.
        block: Its last part, the block that ends ``before``.
        before: The page before.
        page: The page that may go on.
        parse: Makes the tables of that page.
    """
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
        and _is_same_place(block, before, following, page)
        and (bool(repeated) or not has_header_of_its_own(parsed, table))
    )
    if not (has_same_columns and (has_caption or repeated)) and not is_same_place:
        return None
    return Continuation(first, place - first + 1, _without_rows(parsed, repeated))


def joined(table: Table, more: Table) -> Table:
    """Both as one table, the rows of ``more`` below."""
    cells = tuple(replace(cell, row=cell.row + table.row_count, is_header=False) for cell in more.cells)
    return Table((*table.cells, *cells), table.row_count + more.row_count, max(table.column_count, more.column_count))


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
