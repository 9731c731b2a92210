"""Arithmetic of tables: quantity × price = amount in a row, and «Итого» against the rows above it.

What does not hold is a misread digit, a lost row or an error of the document: a person should look, so it is a warning
and never more. A rule is only believed where the table proves that it is meant: most of its rows have to obey. Totals
may be those of a section, of everything so far, of the totals of the sections, or the total before with VAT or with the
rows after it. A table says nothing about its totals where a row has no number, where rows are parts of others («1.1»
under «1», «в том числе») or factors and discounts, and where totals stand above their rows.

Rows are rounded half up to kopecks, estimates to whole roubles; prices to their last digit. n rounded rows are off by
0.005·n at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tenderlake.lake.vocabulary import ColumnRole, RowKind
from tenderlake.tablemeaning import is_numbering_row

_KOPECK, _HALF_KOPECK, _HALF_ROUBLE = Decimal("0.01"), Decimal("0.005"), Decimal("0.5")
_FEWEST_ROWS = 2
_MOST_ROWS_SHARE = 0.6
"""Share of the rows that have to obey before the others are doubted."""
_FAR = Decimal("0.5")
"""Share of a total by which what the rows make may be off: beyond it, the total is one of something else."""
_PART_OF_IT = re.compile(r"\s*(?:в ?т(?:ом|\.) ?ч|из них|(?:сумма )?ндс)", re.IGNORECASE)
_NO_PLAIN_SUM = re.compile(
    r"скид|снижен|коэффиц|индекс|аванс|остат|удерж|обеспеч|средн|миним|максим|эконом|с уч[её]том(?! ?ндс)",
    re.IGNORECASE,
)
_OVERHEAD = re.compile(r"(?i:накладные расходы|сметная прибыль)|(?:НР|СП)\b")
_MOST_COLUMNS = 30
"""Of amounts that are looked at: no table of a tender has more, and a hostile one has a million."""
_NOTHING = frozenset(("", "-", "–", "—", "x", "х"))


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
    by_row: dict[int, list[SumCell]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, []).append(cell)
    rows = [_Row.of(of_row) for of_row in by_row.values()]
    columns = sorted({cell.column for cell in cells if cell.column_role is ColumnRole.AMOUNT})[:_MOST_COLUMNS]
    yield from _products(rows, columns)
    for column in columns:
        yield from _totals(rows, column)


@dataclass(frozen=True)
class _Row:
    """A row as all its columns of amounts need it: a table may have thousands of them.

    ``factors`` are the numbers of columns without a meaning.
    """

    kind: RowKind
    texts: tuple[str, ...]
    by_column: Mapping[int, SumCell]
    number: str
    quantity: Decimal | None
    price: Decimal | None
    factors: tuple[Decimal, ...]
    is_part: bool
    """Whether it tells VAT and the like, which is in the total before, or begins a list of parts."""
    is_overhead: bool
    is_plain: bool
    """Whether its words leave its number what it is: neither a discount nor a factor."""

    @classmethod
    def of(cls, cells: Sequence[SumCell]) -> _Row:
        def only(role: ColumnRole) -> Decimal | None:
            found = [cell.number for cell in cells if cell.column_role is role and cell.number is not None]
            return found[0] if len(found) == 1 else None

        texts = tuple(cell.text.strip() for cell in cells)
        return cls(
            kind=cells[0].row_kind,
            texts=texts,
            by_column={cell.column: cell for cell in reversed(cells)},
            number=next((cell.text.strip(" .") for cell in cells if cell.column_role is ColumnRole.ROW_NUMBER), ""),
            quantity=only(ColumnRole.QUANTITY),
            price=only(ColumnRole.PRICE),
            factors=tuple(cell.number for cell in cells if cell.column_role is None and cell.number is not None),
            is_part=any(_PART_OF_IT.match(text) for text in texts),
            is_overhead=any(_OVERHEAD.match(text) for text in texts),
            is_plain=not any(_NO_PLAIN_SUM.search(text) for text in texts),
        )


def _products(rows: Sequence[_Row], columns: Sequence[int]) -> Iterator[SumCheck]:
    """Quantity × price against each column of amounts, where most rows obey."""
    data = [row for row in rows if row.kind is RowKind.DATA]
    for column in columns:
        checks = [check for row in data if (check := _product(row, column)) is not None]
        obeying = sum(check.holds for check in checks)
        if obeying >= max(_FEWEST_ROWS, _MOST_ROWS_SHARE * len(checks)):
            yield from checks
            return


def _product(row: _Row, column: int) -> SumCheck | None:
    amount = row.by_column.get(column)
    if row.quantity is None or row.price is None or amount is None or amount.number is None:
        return None
    stated, product = amount.number, row.quantity * row.price
    is_whole = stated == stated.to_integral_value()
    rounding = abs(row.quantity) * _half_of_last_digit(row.price)
    tolerance = max(rounding, _HALF_ROUBLE if is_whole and abs(product) >= 100 else _KOPECK)
    # Estimates have columns of factors.
    holds = any(abs(product * factor - stated) <= tolerance for factor in (Decimal(1), *row.factors))
    return SumCheck(amount.page_number, amount.row, column, stated, product, holds, is_total=False)


def _half_of_last_digit(price: Decimal) -> Decimal:
    """By how much a price is rounded; kopecks are taken for given, whatever zeros the column has after them."""
    exponent = price.normalize().as_tuple().exponent
    return Decimal(5).scaleb(min(int(exponent), -2) - 1)


@dataclass
class _Sums:
    """What a total may be the sum of, while the rows of a column go by.

    A section are rows with the totals under them: the first is the sum of the rows, the last may be that with VAT.
    """

    items: int = 0
    """Rows since the last total."""
    of_items: Decimal = Decimal(0)
    everything: Decimal = Decimal(0)
    row_count: int = 0
    first_totals: Decimal = Decimal(0)
    closed_sections: Decimal = Decimal(0)
    """Sum of their last totals."""
    last_total: Decimal | None = None
    """Of this section."""
    continued: Decimal = Decimal(0)
    """The total above these rows, which the next one may go on from: overheads are added to a total of their own."""
    parts: Decimal = Decimal(0)
    """VAT and the like since the last total."""

    def add(self, number: Decimal) -> None:
        if not self.items and self.last_total is not None:
            self.closed_sections += self.last_total
            self.continued = self.last_total
        self.items += 1
        self.of_items += number
        self.row_count += 1
        self.everything += number

    def candidates(self) -> Iterator[Decimal]:
        items, before = self.of_items, self.last_total
        yield self.everything
        if self.items:
            yield from (items, self.closed_sections + items)
        if before is not None:
            yield self.first_totals
            yield from (before, before + self.parts, before + items)
            yield self.closed_sections + (Decimal(0) if self.items else before)

    def close(self, total: Decimal) -> None:
        if self.items:
            if abs(self.continued + self.of_items - total) <= _KOPECK:
                self.closed_sections -= self.continued
                self.first_totals -= self.continued
            self.first_totals += total
        self.last_total, self.items, self.of_items, self.parts = total, 0, Decimal(0), Decimal(0)


def _totals(rows: Sequence[_Row], column: int) -> Iterator[SumCheck]:
    """The totals of a column, as far as the table says what they are the sum of."""
    if _has_rows_within_rows(rows, column):
        return
    sums, has_overheads = _Sums(), any(row.is_overhead for row in rows)
    for row in rows:
        cell = row.by_column.get(column)
        number = cell.number if cell is not None else None
        if row.kind is RowKind.DATA:
            if not _take(sums, row, number):
                return
        elif row.kind is RowKind.TOTAL and cell is not None and number is not None:
            if not sums.row_count:
                return
            if row.is_part:
                sums.parts += number
                continue
            check = _total(sums, cell, number)
            # Where overheads have rows, totals of sections that are printed without them may hold them all the same.
            if check is not None and row.is_plain and (check.holds or not has_overheads):
                yield check
            sums.close(number)


def _total(sums: _Sums, cell: SumCell, number: Decimal) -> SumCheck | None:
    if sums.row_count < _FEWEST_ROWS:
        return None
    tolerance = _KOPECK + _HALF_KOPECK * sums.row_count
    nearest = min(sums.candidates(), key=lambda one: abs(one - number))
    if abs(nearest - number) > _FAR * abs(number):
        return None
    holds = abs(nearest - number) <= tolerance
    return SumCheck(cell.page_number, cell.row, cell.column, number, nearest, holds, is_total=True)


def _take(sums: _Sums, row: _Row, number: Decimal | None) -> bool:
    """Add a row of data; False where totals cannot be verified from here on."""
    if _NOTHING.issuperset(row.texts) or is_numbering_row(row.texts):
        return True
    if number is None or row.is_part or not row.is_plain:
        return False
    if sums.items >= _FEWEST_ROWS and number == sums.of_items and row.quantity is None:
        sums.close(number)  # a total by another name
    else:
        sums.add(number)
    return True


def _has_rows_within_rows(rows: Sequence[_Row], column: int) -> bool:
    """Whether rows with an amount are numbered as parts of others with one: «1.1» under «1»."""
    numbered = {
        row.number
        for row in rows
        if row.kind is RowKind.DATA and (cell := row.by_column.get(column)) is not None and cell.number is not None
    }
    return any(number.rpartition(".")[0] in numbered for number in numbered if "." in number)
