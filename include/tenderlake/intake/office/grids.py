"""Builds tables: cells with spans as files give them, empty borders and columns in which nothing begins left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ocr_tasks.htmltables import Cell, Table
from tenderlake.intake.office.flow import MOST_REAL_PAGE_CHARS, MOST_TABLE_ROWS, Flow, clean_lines, rows_of_text

_MOST_SPAN = 1000
_MOST_GRID_PLACES, _MOST_TABLE_PLACES, _EMPTY_TIMES = 2_000_000, 1_000_000, 2
"""Of a sheet and of a table that is drawn: places, and how many there may be for every cell where there are more."""
_MOST_SPARSE_PLACES, _SPARSE_TIMES = 10_000, 10
"""Of a page of a sheet that is nearly empty: places, and how many there may be for every filled one."""


@dataclass(frozen=True)
class GridCell:
    """A cell at its place in the grid of the file, counted from 0."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


def cleaned(cell: GridCell) -> GridCell:
    """The cell with its text as it goes into the lake."""
    text = clean_lines(cell.text)
    return cell if text == cell.text else replace(cell, text=text)


def compact_table(cells: Iterable[GridCell]) -> Table:
    """A table of the cells with text; rows and columns in which none of them begins are left out.

    Forms are drawn on grids of hundreds of narrow columns, and sheets have empty borders: neither is content. Places
    that no cell covers become empty cells, so that every row of the table is whole.
    """
    full = [c for cell in cells if (c := cleaned(cell)).text]
    rows = _Places(cell.row for cell in full)
    columns = _Places(cell.column for cell in full)
    return _placed(full, rows, columns)


class _Places:
    """The rows (or columns) that are kept, renumbered."""

    def __init__(self, used: Iterable[int]) -> None:
        self._kept = sorted(set(used))
        self._place = {old: new for new, old in enumerate(self._kept)}

    def __len__(self) -> int:
        return len(self._kept)

    def place(self, old: int) -> int:
        """The new number."""
        return self._place[old]

    def span(self, old: int, span: int) -> int:
        """How many kept ones a span covers."""
        covered = bisect_left(self._kept, old + span) - self._place[old]
        return max(1, min(covered, _MOST_SPAN))


def _placed(cells: Iterable[GridCell], rows: _Places, columns: _Places) -> Table:
    """The table of these cells on the rows and columns that are kept."""
    placed = [
        Cell(
            rows.place(cell.row),
            columns.place(cell.column),
            cell.text,
            rows.span(cell.row, cell.row_span),
            columns.span(cell.column, cell.column_span),
            cell.is_header,
        )
        for cell in cells
    ]
    return whole_table(placed, len(rows), len(columns))


def whole_table(cells: Sequence[Cell], row_count: int, column_count: int) -> Table:
    """The table with an empty cell at every place that no cell covers; cells that overlap others lose their spans.

    A grid of very many places of which most are empty, as of rows that share no edges, is not drawn: each row becomes
    one cell. One of as many that are filled is a price list.
    """
    if row_count * column_count > max(_MOST_TABLE_PLACES, _EMPTY_TIMES * len(cells)):
        return _table_of_lines(cells, row_count)
    taken: set[tuple[int, int]] = {(cell.row, cell.column) for cell in cells}
    whole: list[Cell] = []
    for cell in cells:
        if any(place in taken for place in _other_places(cell, row_count, column_count)):
            cell = replace(cell, row_span=1, column_span=1)
        taken.update(_other_places(cell, row_count, column_count))
        whole.append(cell)
    header_rows = {cell.row for cell in cells if cell.is_header}
    whole += [
        Cell(row, column, "", is_header=row in header_rows)
        for row in range(row_count)
        for column in range(column_count)
        if (row, column) not in taken
    ]
    whole.sort(key=lambda cell: (cell.row, cell.column))
    return Table(tuple(whole), row_count, column_count)


def _table_of_lines(cells: Sequence[Cell], row_count: int) -> Table:
    rows: list[list[Cell]] = [[] for _ in range(row_count)]
    for cell in sorted(cells, key=lambda cell: cell.column):
        rows[cell.row].append(cell)
    lines = (rows_of_text([[cell.text for cell in row]]) for row in rows)
    placed = (
        Cell(place, 0, clean_lines(line), is_header=any(cell.is_header for cell in row))
        for place, (row, line) in enumerate(zip(rows, lines, strict=True))
    )
    return Table(tuple(placed), row_count, 1)


def _other_places(cell: Cell, row_count: int, column_count: int) -> Iterator[tuple[int, int]]:
    """The places that a cell covers but its own, one by one: of thousands of spans that overlap few are needed."""
    for row in range(cell.row, min(cell.row + cell.row_span, row_count)):
        for column in range(cell.column, min(cell.column + cell.column_span, column_count)):
            if (row, column) != (cell.row, cell.column):
                yield row, column


def pieces_of(cells: Sequence[GridCell]) -> Iterator[Table]:
    """The table of a whole sheet in pieces of a bounded number of rows and letters, with the same columns in each.

    A sheet that is very large and mostly empty keeps in each piece only the columns used there.
    """
    full = sorted((c for cell in cells if (c := cleaned(cell)).text), key=lambda cell: (cell.row, cell.column))
    rows = _Places(cell.row for cell in full)
    columns = _Places(cell.column for cell in full)
    is_sparse = len(rows) * len(columns) > max(_MOST_GRID_PLACES, _EMPTY_TIMES * len(full))
    for piece in _cut(full, is_sparse=is_sparse):
        here = _Places(cell.row for cell in piece)
        across = _Places(cell.column for cell in piece) if is_sparse else columns
        yield _placed(piece, here, across)


def _cut(cells: Sequence[GridCell], *, is_sparse: bool) -> Iterator[list[GridCell]]:
    """Cells in order of their rows, cut between rows; where they lie far apart also before their grid grows large."""
    piece: list[GridCell] = []
    columns: set[int] = set()
    rows = chars = 0
    for _, group in groupby(cells, key=lambda cell: cell.row):
        row = list(group)
        size = sum(len(cell.text) for cell in row)
        places = (rows + 1) * len(columns.union(cell.column for cell in row)) if is_sparse else 0
        is_empty_grid = places > max(_MOST_SPARSE_PLACES, _SPARSE_TIMES * len(piece))
        if piece and (rows >= MOST_TABLE_ROWS or chars + size > MOST_REAL_PAGE_CHARS or is_empty_grid):
            yield piece
            piece, rows, chars = [], 0, 0
            columns.clear()
        piece += row
        columns.update(cell.column for cell in row)
        rows, chars = rows + 1, chars + size
    if piece:
        yield piece


def add_sheet(flow: Flow, name: str, cells: Sequence[GridCell], *, is_hidden: bool, is_first: bool) -> None:
    """A sheet as pages of its own: its name as a heading, then its table; raises :class:`RejectedError`."""
    flow.refuse_endless(sum(len(cell.text) for cell in cells))
    if not is_first:
        flow.end_page()
    flow.heading(f"{name} (hidden sheet)" if is_hidden else name, 2)
    for number, table in enumerate(pieces_of(cells)):
        if number:
            flow.end_page()
        flow.table(table)
