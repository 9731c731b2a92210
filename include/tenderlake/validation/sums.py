"""Numbers that have to agree: those of the tables among themselves, and the price of the purchase with its tables.

A price is only compared with tables that prove themselves: those whose total is the sum of their rows. It may be such a
total, their sum (lots, or several tables), any of these with or without VAT, the mean of the totals of one table
(offers of several suppliers), in roubles or in thousands. What is far from all of them is about something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from tenderlake.lake.vocabulary import ColumnRole, FieldName, RowKind
from tenderlake.tablesums import SumCell, SumCheck, check_sums

_TABLE = ["document_id", "table_number"]
_CELL = ["page_number", "row", "column", "row_kind", "column_role", "text", "number"]
_TOTAL = ["document_id", "table_number", "column", "stated"]
_KINDS = {kind.value: kind for kind in RowKind}
_ROLES = {role.value: role for role in ColumnRole}
_PRICES = (FieldName.NMCK.value, FieldName.ESTIMATE_TOTAL.value)
_VAT_PERCENT = (5, 7, 10, 18, 20, 22)
"""Rates in force since 2004: articles 164 and 164.1 of the Tax Code in their versions."""
_TOLERANCE = Decimal(1)
"""Prices are often written in whole roubles."""
_FAR = Decimal("0.3")
"""Share of the price by which a total may be off and still be meant for the same."""


def table_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """Every relation of numbers that the tables promise, and whether it holds; see :mod:`tenderlake.tablesums`.

    Cells without a place or of an unknown kind are left out: other checks tell of them.
    """
    cells = cells.dropna(subset=[*_TABLE, "page_number", "row", "column", "row_kind"])
    cells = cells[cells["row_kind"].isin(list(_KINDS))]
    has_amounts = cells[(cells["column_role"] == ColumnRole.AMOUNT.value).fillna(False)][_TABLE].drop_duplicates()
    chosen = cells.merge(has_amounts, on=_TABLE).sort_values([*_TABLE, "row", "column"])
    columns = [pa.array(chosen[name]).to_pylist() for name in (*_TABLE, *_CELL)]
    found = [
        (*table, *check)
        for table, rows in groupby(zip(*columns, strict=True), lambda row: row[:2])
        for check in check_sums([_cell(*row[2:]) for row in rows])
    ]
    return pd.DataFrame(found, columns=[*_TABLE, *SumCheck._fields])


def _cell(
    page_number: int, row: int, column: int, kind: str, role: str | None, text: str | None, number: Decimal | None
) -> SumCell:
    return SumCell(page_number, row, column, _KINDS[kind], _ROLES.get(role or ""), text or "", number)


def price_checks(fields: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """The best price of each kind of every document whose tables prove a total near it, and whether it is one.

    Beside the price of the purchase, the total of an estimate is that of another paper: a part of the price.

    Args:
        fields: rows of the table ``fields``.
        sums: as :func:`table_sums` makes them.
    """
    is_price = fields["field"].isin(_PRICES) & (fields["rank"] == 1) & fields["number"].notna()
    prices = fields[is_price.fillna(False)].dropna(subset=["document_id"])
    is_nmck = prices["field"] == FieldName.NMCK.value
    prices = prices[is_nmck | ~prices["document_id"].isin(prices["document_id"][is_nmck])]
    columns = ["document_id", "page_number", "field", "number"]
    totals: dict[str, list[_Total]] = {}
    if len(prices):
        proved = sums[sums["is_total"] & sums["holds"]] if len(sums) else sums
        wanted = proved[proved["document_id"].isin(set(prices["document_id"]))]
        for document_id, *total in zip(*(wanted[name] for name in _TOTAL), strict=True):
            totals.setdefault(document_id, []).append(_Total(*total))
    found = []
    for document_id, page_number, name, price in zip(*(pa.array(prices[c]).to_pylist() for c in columns), strict=True):
        made = list(_made(totals.get(document_id, ())))
        nearest = min(made, key=lambda one: abs(one - price), default=None)
        if nearest is not None and abs(nearest - price) <= _FAR * abs(price):
            holds = any(abs(one - price) <= _TOLERANCE for one in _with_and_without_vat(made))
            found.append((document_id, page_number, name, price, nearest, holds))
    return pd.DataFrame(found, columns=["document_id", "page_number", "field", "stated", "computed", "holds"])


class _Total(NamedTuple):
    """What a total says, and where it stands."""

    table_number: int
    column: int
    stated: Decimal


def _with_and_without_vat(sums: Sequence[Decimal]) -> Iterator[Decimal]:
    for one in sums:
        yield one
        for percent in _VAT_PERCENT:
            yield one * (100 + percent) / 100
            yield one * 100 / (100 + percent)


def _made(totals: Sequence[_Total]) -> Iterator[Decimal]:
    """What a price may be where these are the totals, in roubles and in thousands."""
    for total in _combined(totals):
        yield from (total, total * 1000, total / 1000)


def _combined(totals: Sequence[_Total]) -> Iterator[Decimal]:
    yield from {total.stated for total in totals}
    last_by_table: list[Decimal] = []
    for _, of_table in groupby(totals, lambda one: one.table_number):
        by_column = {total.column: total.stated for total in of_table}
        last_by_table.append(by_column[max(by_column)])
        yield sum(by_column.values(), Decimal(0)) / len(by_column)
    yield sum(last_by_table, Decimal(0))
