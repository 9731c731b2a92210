"""What finders of identifiers and parties hand to each other, and where a value may stand after its label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedTable
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole

LONGEST_REGION = 300
"""Characters after a label in which its value is looked for."""
_LONGEST_LABEL_CELL = 200
"""Characters of a cell that names what the next one holds; longer ones are prose."""
_MOST_CELLS_BELOW = 300
_MOST_CELLS_BESIDE = 20
_ROWS_OF_LABELS = 3
"""Rows from the top of a table that may be its header where the engine does not say."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A value in the text of a page, before it is known whose it is.

    Args:
        field: what it is.
        value: in its normal form.
        start: where its label begins, or itself where it has none.
        value_start: where itself begins.
        end: where it ends.
        method: how it was found.
        is_valid: as for a candidate.
        is_repaired: as for a candidate.
        message: as for a candidate.
        score: as for a candidate.
        role: whose it is where the label itself says so.
        words: where the cell with its label lies, if that is another one.
        beside_inn: as for a candidate.
        needs_bank: whether it counts only if its key fits a БИК of the page.
    """

    field: FieldName
    value: str
    start: int
    value_start: int
    end: int
    method: FieldMethod
    is_valid: bool | None = None
    is_repaired: bool = False
    message: str | None = None
    score: float = 0.5
    role: FieldRole | None = None
    beside_inn: str | None = None
    needs_bank: bool = False
    words: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Region:
    """A place where the value of a label may stand: ``text[start:end]``.

    ``label_start``: where the quotation of label and value begins.
    ``is_one_of_many``: whether other cells of the row or the column have values of the label too.
    """

    start: int
    end: int
    label_start: int
    method: FieldMethod
    is_one_of_many: bool = False
    words: tuple[int, int] = (0, 0)
    """Of the cell that the label stands in, where the value stands in another."""


def regions_after(page: PageReading, start: int, end: int, following: int) -> Iterator[Region]:
    """Where the value of the label ``text[start:end]`` may stand, the likeliest first.

    In running text: behind it, up to the next label (``following``). In a table: behind it in its cell; where the cell
    holds but the label, in the cell to the right; under the label of a column, in all cells below.
    """
    place = page.cell_at(start)
    if place is None:
        if (line := page.line_beside(start, end)) is not None:
            yield Region(line.start, line.end, line.start, FieldMethod.LABEL, words=(start, end))
        piece_end = _text_end(page, end)
        yield Region(end, min(following, end + LONGEST_REGION, piece_end), start, FieldMethod.LABEL)
        return
    table, cell = place
    yield Region(end, min(following, cell.end, end + LONGEST_REGION), start, FieldMethod.LABEL)
    if following >= cell.end and cell.end - cell.start <= _LONGEST_LABEL_CELL:
        yield from _regions_beside(table, cell, following)


def _text_end(page: PageReading, position: int) -> int:
    """Where running text ends: at the next table or the end of the page."""
    return next((piece.start for piece, _ in page.tables if piece.start >= position), len(page.text))


def _regions_beside(table: PlacedTable, cell: PlacedCell, following: int) -> Iterator[Region]:
    words = cell.start, min(cell.end, cell.start + _LONGEST_LABEL_CELL)
    # Where the cell to the right begins with a label of its own, the two stand in the header of columns.
    beside = [right for right in islice(table.cells_right_of(cell), _MOST_CELLS_BESIDE) if right.start + 4 < following]
    for number, right in enumerate(beside):
        end = min(right.end, following, right.start + LONGEST_REGION)
        begin = words[0] if number == 0 else right.start
        yield Region(right.start, end, begin, FieldMethod.CELL, is_one_of_many=len(beside) > 1, words=words)
    is_head = cell.is_header or cell.row < _ROWS_OF_LABELS
    if not is_head and (under := next((below for below in table.below(cell) if not below.is_empty), None)):
        # A head within a table, as the forms of the unified system have: its first row alone.
        end = min(under.end, under.start + LONGEST_REGION)
        yield Region(under.start, end, under.start, FieldMethod.CELL, words=words)
    if is_head:
        for below in islice(table.below(cell), _MOST_CELLS_BELOW):
            if not below.is_empty:
                end = min(below.end, below.start + LONGEST_REGION)
                yield Region(below.start, end, below.start, FieldMethod.CELL, is_one_of_many=True, words=words)
