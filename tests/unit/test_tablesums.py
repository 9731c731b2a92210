"""Given the cells of a table, these sums are doubted and these are not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult, PageStatus
from tenderlake.tablecells import DocumentCells
from tenderlake.tablesums import SumCell, SumCheck, check_sums

pytestmark = pytest.mark.unit

HEADER = "№ п/п|Наименование|Кол-во|Цена, руб.|Сумма, руб."


def checks(*rows: str, header: str = HEADER) -> list[SumCheck]:
    """The relations of a table that is written with | between its cells."""
    body = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row.split("|")) + "</tr>" for row in (header, *rows))
    page = PageResult(
        page_key="k",
        document_id="d" * 64,
        page_number=1,
        status=PageStatus.DONE,
        engine="native",
        engine_version="1",
        width_px=1000,
        height_px=1400,
        blocks=(
            Block(
                label=BlockLabel.TABLE,
                bbox_px=(0, 0, 10, 10),
                content=f"<table>{body}</table>",
                content_format=ContentFormat.HTML,
            ),
        ),
    )
    document = DocumentCells("d" * 64)
    cells = [*document.add(page), *document.close()]
    return list(
        check_sums(
            [
                SumCell(
                    cell.page_number, cell.row, cell.column, cell.row_kind, cell.column_role, cell.text, cell.number
                )
                for cell in cells
            ]
        )
    )


def doubts(*rows: str, header: str = HEADER) -> list[tuple[int, Decimal, Decimal]]:
    return [(check.row, check.stated, check.computed) for check in checks(*rows, header=header) if not check.holds]


CABLE, SLEEVE, TRAY = "1|Кабель|1200|176,00|211 200,00", "2|Муфта|3|88,50|265,50", "3|Лоток|2|4|8"


def test_a_table_that_adds_up_is_not_doubted() -> None:
    found = checks(
        CABLE, SLEEVE, TRAY, "|Итого|||211 473,50", "|в т.ч. НДС 20 %|||35 245,58", "|Всего к оплате|||211 473,50"
    )
    assert len(found) == 5
    assert all(check.holds for check in found)


def test_a_digit_that_was_misread_is_found_where_it_stands() -> None:
    assert doubts(CABLE, "2|Муфта|3|88,50|285,50", TRAY) == [(3, Decimal("285.50"), Decimal("265.50"))]


def test_a_total_that_misses_a_row_is_doubted() -> None:
    assert doubts(CABLE, SLEEVE, "|Итого|||211 200,00") == [(4, Decimal(211200), Decimal("211465.50"))]


def test_sections_and_their_total_hold() -> None:
    rows = ("Раздел 1. Кабель", CABLE, SLEEVE, "|Итого по разделу 1|||211 465,50", "Раздел 2. Лотки", TRAY)
    end = ("|Итого по разделу 2|||8", "|Всего по смете|||211 473,50")
    assert doubts(*rows, *end) == []


def test_vat_on_top_of_the_total_holds() -> None:
    assert (
        doubts(CABLE, SLEEVE, "|Итого без НДС|||211 465,50", "|НДС 20 %|||42 293,10", "|Всего с НДС|||253 758,60") == []
    )


def test_estimates_are_rounded_to_whole_roubles() -> None:
    assert doubts("1|Борозды|4,9|311,16|1525", "2|Кабель|3|100,10|300", "|Итого|||1 825") == []


def test_a_table_whose_columns_are_no_product_is_left_alone() -> None:
    assert checks("1|Кабель|5|10|7", "2|Муфта|2|3|9") == []


def test_a_row_without_a_number_makes_its_total_unverifiable() -> None:
    assert doubts(CABLE, "2|Муфта|3|88,50|по счёту", "|Итого|||999") == []


def test_a_table_without_amounts_has_no_sums() -> None:
    assert checks("Москва|5", "Итого|9", header="Город|Жителей") == []
