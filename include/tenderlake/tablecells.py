"""The cells of a document's tables as rows of the lake, with a table that goes on over pages as one.

Only the table that may go on is kept in memory; every other one is handed out with its page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import ParseTable, Table, parse_html_table
from tenderlake.continuedtables import continuation_of, joined, last_table
from tenderlake.lake.rows import CellRow
from tenderlake.lake.vocabulary import ColumnRole, RowKind
from tenderlake.russiannumbers import decimal_of
from tenderlake.tablemeaning import meaning_of
from tenderlake.tableunits import scale_above, scale_of_cell, scale_of_row

_NAMES = frozenset({ColumnRole.ROW_NUMBER, ColumnRole.CODE})
"""Columns whose cells look like numbers and are none: 1.10 is the tenth item, not eleven tenths."""


@dataclass(frozen=True)
class _Part:
    """From ``first_row`` on, the rows of a table stand in this block."""

    first_row: int
    page_number: int
    block_number: int


@dataclass
class _OpenTable:
    """A table at the end of the last page."""

    number: int
    table: Table
    parts: list[_Part]
    block: Block
    page: PageResult
    above: str


class DocumentCells:
    """Takes the pages of one document in order; :meth:`close` hands out what was kept back."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._table_count = 0
        self._open: _OpenTable | None = None

    def add(self, page: PageResult, parse: ParseTable = parse_html_table) -> Iterator[CellRow]:
        """The cells of all tables that are known to be whole after this page."""
        end = last_table(page)
        continued = self._continue(page, parse)
        if self._open is not None and (continued is None or continued != end):
            yield from self.close()
        for place, block in enumerate(page.blocks):
            if (
                place == continued
                or block.label is not BlockLabel.TABLE
                or block.content_format is not ContentFormat.HTML
            ):
                continue
            table = parse(block.content)
            if not table.cells:
                continue
            self._table_count += 1
            parts = [_Part(0, page.page_number, place + 1)]
            if place == end:
                self._open = _OpenTable(self._table_count, table, parts, block, page, _above(page, place))
            else:
                yield from self._rows(self._table_count, table, parts, _above(page, place))

    def close(self) -> Iterator[CellRow]:
        """The cells of the table that no page goes on with."""
        open_table, self._open = self._open, None
        if open_table is not None:
            yield from self._rows(open_table.number, open_table.table, open_table.parts, open_table.above)

    def _continue(self, page: PageResult, parse: ParseTable) -> int | None:
        """Add the page's part to the open table; returns the place of its block, None where the table has ended."""
        if self._open is None:
            return None
        found = continuation_of(self._open.table, self._open.block, self._open.page, page, parse)
        if found is None:
            return None
        place = found.first + found.block_count - 1
        self._open.parts.append(_Part(self._open.table.row_count, page.page_number, place + 1))
        self._open.table = joined(self._open.table, found.table)
        self._open.block, self._open.page = page.blocks[place], page
        return place

    def _rows(self, number: int, table: Table, parts: list[_Part], above: str) -> Iterator[CellRow]:
        meaning = meaning_of(table)
        of_table = meaning.scale or scale_above(above)
        of_rows = {
            cell.row: scale_of_row(cell.text)
            for cell in table.cells
            if meaning.column_roles[cell.column] is ColumnRole.UNIT
        }
        following = iter([*parts[1:], _Part(table.row_count, 0, 0)])
        part, next_part = parts[0], next(following)
        for cell in sorted(table.cells, key=lambda one: (one.row, one.column)):
            while cell.row >= next_part.first_row:
                part, next_part = next_part, next(following)
            kind, role = meaning.row_kinds[cell.row], meaning.column_roles[cell.column]
            is_number = kind is not RowKind.HEADER and role not in _NAMES
            value = decimal_of(cell.text) if is_number else None
            scale = None
            if value is not None:
                of_column = meaning.column_scales[cell.column]
                scale = scale_of_cell(cell.text, role, column=of_column, row=of_rows.get(cell.row), table=of_table)
            yield CellRow(
                document_id=self._document_id,
                table_number=number,
                row=cell.row + 1,
                column=cell.column + 1,
                row_span=cell.row_span,
                column_span=cell.column_span,
                page_number=part.page_number,
                block_number=part.block_number,
                row_kind=kind,
                column_role=role,
                text=cell.text,
                number=value,
                unit=scale.unit if scale else None,
                multiplier=scale.multiplier if scale else None,
            )


def _above(page: PageResult, place: int) -> str:
    """The text of the block above a table."""
    block = page.blocks[place - 1] if place else None
    return block.content if block is not None and block.content_format is ContentFormat.TEXT else ""
