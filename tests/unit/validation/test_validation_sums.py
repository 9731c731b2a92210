"""Given the totals that tables prove and the prices that a document states, these prices are doubted."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from tenderlake.lake.schema import FIELDS
from tenderlake.tablesums import SumCheck
from tenderlake.validation.frames import to_frame
from tenderlake.validation.sums import price_checks

pytestmark = pytest.mark.unit

DOCUMENT, OTHER = "d" * 64, "e" * 64


def prices(*rows: dict[str, object]) -> pd.DataFrame:
    base = {"document_id": DOCUMENT, "field": "nmck", "rank": 1, "page_number": 3}
    return to_frame(FIELDS, [pa.Table.from_pylist([base | row for row in rows], schema=FIELDS.schema)])


def totals(*found: tuple[int, int, str], document_id: str = DOCUMENT, holds: bool = True) -> pd.DataFrame:
    """Totals by table and column."""
    rows = [
        (document_id, table, *SumCheck(1, 9, column, Decimal(number), Decimal(number), holds, is_total=True))
        for table, column, number in found
    ]
    return pd.DataFrame(rows, columns=["document_id", "table_number", *SumCheck._fields])


def checked(price: str, *found: tuple[int, int, str]) -> list[tuple[Decimal, bool]]:
    """What the price was compared with, and whether it is that."""
    frame = price_checks(prices({"number": Decimal(price)}), totals(*found))
    return list(zip(frame["computed"], frame["holds"], strict=True))


@pytest.mark.parametrize(
    ("price", "found"),
    [
        ("1284350.40", ((1, 5, "1284350.40"),)),
        ("1284350", ((1, 5, "1284350.40"),)),
        ("1541220.48", ((1, 5, "1284350.40"),)),
        ("1284350.40", ((1, 5, "1541220.48"),)),
        ("667413", ((1, 5, "667.413"),)),
        ("300000", ((1, 5, "100000"), (2, 5, "200000"))),
        ("100000", ((1, 5, "90000"), (1, 6, "110000"), (1, 7, "100000"))),
        ("100000", ((1, 5, "90000"), (1, 6, "110000"))),
    ],
    ids=["total", "whole roubles", "with VAT", "without VAT", "thousands", "lots", "a column", "mean of offers"],
)
def test_a_price_that_the_tables_explain_is_not_doubted(price: str, found: tuple[tuple[int, int, str], ...]) -> None:
    assert [holds for _, holds in checked(price, *found)] == [True]


def test_a_price_near_the_total_that_is_none_is_doubted() -> None:
    assert checked("1234350.40", (1, 5, "1284350.40")) == [(Decimal("1284350.40"), False)]


def test_totals_of_something_else_say_nothing() -> None:
    assert checked("1284350.40", (1, 5, "17000")) == []
    assert checked("1284350.40") == []


def test_only_the_best_price_is_compared_and_only_with_totals_of_its_document_that_hold() -> None:
    second = prices({"number": Decimal(88), "rank": 2}, {"number": None}, {"number": Decimal(88), "field": "inn"})
    assert price_checks(second, totals((1, 5, "100"))).empty
    best = prices({"number": Decimal(88)})
    assert price_checks(best, totals((1, 5, "100"), document_id=OTHER)).empty
    assert price_checks(best, totals((1, 5, "100"), holds=False)).empty
    (row,) = price_checks(best, totals((1, 5, "100"))).to_dict("records")
    assert (row["document_id"], row["page_number"], row["field"], row["holds"]) == (DOCUMENT, 3, "nmck", False)


def test_the_estimate_that_a_justification_names_is_not_compared_with_its_table_of_goods() -> None:
    goods = totals((1, 11, "1200753.94"))
    estimate = {"number": Decimal("1461481.14"), "field": "estimate_total"}
    assert price_checks(prices(estimate, {"number": Decimal("2662235.08")}), goods).empty
    (row,) = price_checks(prices(estimate), goods).to_dict("records")
    assert (row["field"], row["holds"]) == ("estimate_total", False)
