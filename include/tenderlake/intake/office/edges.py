"""Tables whose rows are drawn by the positions of their cells' edges, as RTF and old Word files draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr_tasks.htmltables import Cell, Table
from tenderlake.intake.office.flow import clean_lines
from tenderlake.intake.office.grids import whole_table

_NEAR = 60
"""Edges this near (in twips, a tenth of a centimetre) are meant to be the same."""


@dataclass(frozen=True)
class EdgeCell:
    """A cell with its right edge in twips. ``goes_on_*``: it belongs to the cell above, or to the one before."""

    text: str
    right: int
    goes_on_below: bool = False
    goes_on_right: bool = False


@dataclass(frozen=True)
class EdgeRow:
    """A row with the left edge of its first cell, in twips."""

    cells: tuple[EdgeCell, ...]
    left: int = 0
    is_header: bool = False


def table_of_edges(rows: Sequence[EdgeRow]) -> Table:
    """The table: columns are what lies between any two edges, merged cells are spans."""
    grid = _Grid(rows)
    placed: list[Cell] = []
    above: dict[tuple[int, int], int] = {}
    for place, row in enumerate(rows):
        here: dict[tuple[int, int], int] = {}
        left = grid.column(row.left)
        for cell in row.cells:
            right = max(left + 1, grid.column(cell.right))
            if cell.goes_on_right and placed and placed[-1].row == place:
                last = placed[-1]
                text = "\n".join(part for part in (last.text, clean_lines(cell.text)) if part)
                placed[-1] = replace(last, column_span=right - last.column, text=text)
                here = {key: index for key, index in here.items() if index != len(placed) - 1}
                here[last.column, right] = len(placed) - 1
            elif cell.goes_on_below and (left, right) in above:
                index = above[left, right]
                placed[index] = replace(placed[index], row_span=placed[index].row_span + 1)
                here[left, right] = index
            else:
                here[left, right] = len(placed)
                placed.append(Cell(place, left, clean_lines(cell.text), 1, right - left, row.is_header))
            left = right
        above = here
    width = max((cell.column + cell.column_span for cell in placed), default=0)
    return whole_table(placed, len(rows), width)


class _Grid:
    """The edges of all rows, those near each other taken for one."""

    def __init__(self, rows: Sequence[EdgeRow]) -> None:
        edges = sorted({row.left for row in rows} | {cell.right for row in rows for cell in row.cells})
        self._column: dict[int, int] = {}
        last: int | None = None
        column = -1
        for edge in edges:
            if last is None or edge - last > _NEAR:
                column, last = column + 1, edge
            self._column[edge] = column

    def column(self, edge: int) -> int:
        """The number of the column that begins at an edge."""
        return self._column[edge]
