"""Arithmetic of tables: quantity × price = amount in a row, and «Итого» against the rows above it.

What does not hold is a misread digit, a lost row or an error of the document: a person should look, so it is a warning
and never more. A rule is only believed where the table proves that it is meant: most of its rows have to obey. Totals
may be those of a section, of everything so far, of the totals of the sections, or the total before with VAT.

Rows are rounded half up to kopecks, estimates to whole roubles; n rounded rows are off by 0.005·n at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tenderlake.lake.vocabulary import ColumnRole, RowKind

_KOPECK, _HALF_KOPECK, _HALF_ROUBLE = Decimal("0.01"), Decimal("0.005"), Decimal("0.5")
_FEWEST_ROWS = 2
_MOST_ROWS_SHARE = 0.6
"""Share of the rows that have to obey before the others are doubted."""
_PART_OF_IT = re.compile(r"\s*(?:в ?т(?:ом|\.) ?ч|из них|(?:сумма )?ндс)", re.IGNORECASE)


class SumCell(NamedTuple):
    """What arithmetic needs of a cell; ``row`` and ``column`` as in the lake."""

    page_number: int
    row: int
    column: int
    row_kind: RowKind
    column_role: ColumnRole | None
    text: str
    number: Decimal | None


class SumCheck(NamedTuple):
    """One relation that should hold: what the cell says, and what the others make of it."""

    page_number: int
    row: int
    column: int
    stated: Decimal
    computed: Decimal
    holds: bool
    is_total: bool


def check_sums(cells: Sequence[SumCell]) -> Iterator[SumCheck]:
    """All relations of one table, those of rows first; nothing where the table has no sums.

    Args:
        cells: of one table, in the order of rows and columns.
    """
    rows: dict[int, list[SumCell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    yield from _products(rows)
    for column in sorted({cell.column for cell in cells if cell.column_role is ColumnRole.AMOUNT}):
        yield from _totals(rows, column)


def _products(rows: Mapping[int, list[SumCell]]) -> Iterator[SumCheck]:
    """Quantity × price against each column of amounts, where most rows obey."""
    data = [row for row in rows.values() if row[0].row_kind is RowKind.DATA]
    amounts = sorted({cell.column for row in data for cell in row if cell.column_role is ColumnRole.AMOUNT})
    for column in amounts:
        checks = [check for row in data if (check := _product(row, column)) is not None]
        obeying = sum(check.holds for check in checks)
        if obeying >= max(_FEWEST_ROWS, _MOST_ROWS_SHARE * len(checks)):
            yield from checks
            return


def _product(row: Sequence[SumCell], column: int) -> SumCheck | None:
    def numbers(role: ColumnRole) -> list[Decimal]:
        return [cell.number for cell in row if cell.column_role is role and cell.number is not None]

    quantities, prices = numbers(ColumnRole.QUANTITY), numbers(ColumnRole.PRICE)
    amount = next((cell for cell in row if cell.column == column), None)
    if len(quantities) != 1 or len(prices) != 1 or amount is None or amount.number is None:
        return None
    product = quantities[0] * prices[0]
    is_whole = amount.number == amount.number.to_integral_value()
    tolerance = _HALF_ROUBLE if is_whole and abs(product) >= 100 else _KOPECK
    holds = abs(product - amount.number) <= tolerance
    return SumCheck(amount.page_number, amount.row, column, amount.number, product, holds, is_total=False)


@dataclass
class _Sums:
    """What a total may be the sum of, while the rows of a column go by."""

    since_total: Decimal = Decimal(0)
    everything: Decimal = Decimal(0)
    of_totals: Decimal = Decimal(0)
    row_count: int = 0
    rows_since_total: int = 0
    is_complete: bool = True
    """Whether every row had a number."""
    last_totals: list[Decimal] = field(default_factory=list)
    parts: Decimal = Decimal(0)
    """VAT and the like since the last total."""

    def add(self, number: Decimal | None) -> None:
        self.row_count += 1
        self.rows_since_total += 1
        if number is None:
            self.is_complete = False
            return
        self.since_total += number
        self.everything += number

    def candidates(self) -> list[Decimal]:
        found = [self.everything, self.of_totals]
        if self.rows_since_total:
            found.insert(0, self.since_total)
        found.extend(total + part for total in self.last_totals[-1:] for part in (Decimal(0), self.parts))
        return found

    def close(self, total: Decimal) -> None:
        if self.rows_since_total:
            self.of_totals += total
        self.last_totals.append(total)
        self.since_total, self.rows_since_total, self.parts = Decimal(0), 0, Decimal(0)


def _totals(rows: Mapping[int, list[SumCell]], column: int) -> Iterator[SumCheck]:
    sums = _Sums()
    for cells in rows.values():
        kind, cell = cells[0].row_kind, next((one for one in cells if one.column == column), None)
        number = cell.number if cell is not None else None
        if kind is RowKind.DATA:
            sums.add(number)
        elif kind is RowKind.TOTAL and cell is not None and number is not None:
            if any(_PART_OF_IT.match(one.text) for one in cells):
                sums.parts += number
                continue
            if sums.is_complete and sums.row_count >= _FEWEST_ROWS:
                tolerance = _KOPECK + _HALF_KOPECK * sums.row_count
                nearest = min(sums.candidates(), key=lambda one: abs(one - number))
                holds = abs(nearest - number) <= tolerance
                yield SumCheck(cell.page_number, cell.row, column, number, nearest, holds, is_total=True)
            sums.close(number)
