"""The cells of a document's tables as rows of the lake, with a table that goes on over pages as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ocr_tasks.contract import ContentFormat, PageResult
from tenderlake.continuedtables import PageTables, TablePart, WholeTable
from tenderlake.lake.rows import CellRow
from tenderlake.lake.vocabulary import ColumnRole, RowKind
from tenderlake.russiannumbers import decimal_of
from tenderlake.tablemeaning import meaning_of
from tenderlake.tableunits import scale_above, scale_of_cell, scale_of_row

_NAMES = frozenset({ColumnRole.ROW_NUMBER, ColumnRole.CODE})
"""Columns whose cells look like numbers and are none: 1.10 is the tenth item, not eleven tenths."""


@dataclass(frozen=True)
class _Open:
    """The table that the next page may go on with: its number, and what stands above it."""

    number: int
    above: str


class DocumentCells:
    """Takes the pages of one document in order; :meth:`close` hands out what was kept back."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._table_count = 0
        self._open: _Open | None = None

    def add(self, page: PageResult, tables: PageTables) -> Iterator[CellRow]:
        """The cells of all tables that are known to be whole after this page.

        Args:
            page: the page.
            tables: what the walk through the document says of it.
        """
        yield from self.close(tables.ended)
        for own in tables.own:
            self._table_count += 1
            above = _above(page, own.place)
            if own.is_open:
                self._open = _Open(self._table_count, above)
            else:
                whole = WholeTable(own.table, (TablePart(0, page.page_number, own.place + 1),))
                yield from self._rows(self._table_count, whole, above)

    def close(self, ended: WholeTable | None) -> Iterator[CellRow]:
        """The cells of the table that no page goes on with."""
        if ended is not None and self._open is not None:
            yield from self._rows(self._open.number, ended, self._open.above)

    def _rows(self, number: int, whole: WholeTable, above: str) -> Iterator[CellRow]:
        table, parts = whole.table, whole.parts
        meaning = meaning_of(table)
        of_table = meaning.scale or scale_above(above)
        of_rows = {
            cell.row: scale_of_row(cell.text)
            for cell in table.cells
            if meaning.column_roles[cell.column] is ColumnRole.UNIT
        }
        following = iter([*parts[1:], TablePart(table.row_count, 0, 0)])
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
