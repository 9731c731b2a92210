"""Given the cells of a table, these sums are doubted and these are not."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.tablesums import SumCell, SumCheck, check_sums
from tests.pageresults import document_cells, page_result, table_block, table_html

pytestmark = pytest.mark.unit

HEADER = "№ п/п|Наименование|Кол-во|Цена, руб.|Сумма, руб."


def checks(*rows: str, header: str = HEADER) -> list[SumCheck]:
    """The relations of a table that is written with | between its cells."""
    page = page_result(table_block(table_html(*(row.split("|") for row in (header, *rows)))))
    return list(
        check_sums(
            [
                SumCell(
                    cell.page_number, cell.row, cell.column, cell.row_kind, cell.column_role, cell.text, cell.number
                )
                for cell in document_cells(page)
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


def test_the_price_of_a_justification_is_a_sum() -> None:
    header = "№|Наименование|Кол-во|Источник № 1, руб.|Источник № 2, руб.|Средняя цена, руб.|НМЦК, руб."
    rows = ("1|Светильник|120|6400|6600|6 500,00|780 000,00", "2|Лампа|60|8200|8600|8 400,00|504 000,00")
    assert doubts(*rows, "|Итого|||||1 284 000,00", header=header) == []
    assert doubts(*rows, "|Итого|||||1 234 000,00", header=header) == [(4, Decimal(1234000), Decimal(1284000))]


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


SOUND = {
    "VAT on top of each section": (
        *(CABLE, SLEEVE, "|Итого|||211 465,50", "|НДС 20 %|||42 293,10", "|Всего по разделу 1|||253 758,60"),
        *(TRAY, TRAY, "|Итого|||16", "|НДС 20 %|||3,20", "|Всего по разделу 2|||19,20"),
        "|Всего по смете|||253 777,80",
    ),
    "unforeseen costs after the total": (
        *(CABLE, SLEEVE, "|Итого|||211 465,50", "|Непредвиденные затраты 2 %|||4 229,31"),
        "|Всего с непредвиденными|||215 694,81",
    ),
    "overheads of one section in rows, of another in its total": (
        *("1|Грунт|2|100|200", "2|Вывоз|1|50|50", "|Итого прямые затраты|||250", "|Накладные расходы|||40"),
        *("|Сметная прибыль|||10", "|Итого по разделу 1|||300", "3|Щебень|1|500|500", "4|Песок|1|100|100"),
        *("|Итого по разделу 2|||720", "|Всего по смете|||1020"),
    ),
    "a total by another name": (CABLE, SLEEVE, "|Стоимость работ|||211 465,50", TRAY, "|Всего|||211 473,50"),
    "a discount": (CABLE, SLEEVE, "|Итого|||211 465,50", "|Скидка|||11 465,50", "|Всего к оплате|||200 000,00"),
    "a discount that the total names": (CABLE, SLEEVE, "|Итого|||211 465,50", "|Итого со снижением|||200 000,00"),
    "a factor": (CABLE, SLEEVE, "|Коэффициент снижения|||0,85", "|Итого|||179 745,68"),
    "parts of rows": ("1|Сети|||300", "1.1|Кабель|||200", "1.2|Муфта|||100", "2|Щит|||50", "|Итого|||350"),
    "parts of a row": ("1|Сети|||300", "|в том числе:|||", "|кабель|||200", "|муфта|||100", "|Итого|||300"),
    "totals above their rows": (
        *("|Всего 2026|||300", "1|Кабель|||200", "2|Муфта|||100"),
        *("|Всего 2027|||70", "3|Лоток|||50", "4|Щит|||20"),
    ),
    "a row of dashes and a row that numbers the columns": (
        CABLE,
        "—|—|—|—|—",
        "1|2|3|4|5",
        SLEEVE,
        "|Итого|||211 465,50",
    ),
    "prices that were rounded": ("1|Болт|30000|3,33|100 000,00", "2|Гайка|3|1,10|3,30", "3|Шайба|2|0,50|1,00"),
    "a column of factors": ("1|Провод|10|5|1,2|60", "2|Кабель|10|7|1|70", "3|Муфта|4|2|1|8", "4|Щит|2|3|1|6"),
    "a total of something else": (CABLE, SLEEVE, "|Всего наименований, шт.|||2"),
}


@pytest.mark.parametrize("rows", SOUND.values(), ids=SOUND)
def test_sound_tables_of_every_kind_are_not_doubted(rows: tuple[str, ...]) -> None:
    header = "№ п/п|Наименование|Кол-во|Цена|К|Сумма" if rows[0].count("|") == 5 else HEADER
    assert doubts(*rows, header=header) == []


MONEY = st.decimals("0.01", "99999.99", places=2)
QUANTITY = st.decimals("0.1", "999", places=1).filter(lambda quantity: quantity > 0)
SECTIONS = st.lists(st.lists(st.tuples(QUANTITY, MONEY), min_size=1, max_size=6), min_size=1, max_size=4)


def half_up(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


def made_table(sections: list[list[tuple[Decimal, Decimal]]], vat_percent: int) -> list[list[str]]:
    """A table that adds up: items, a total for each section where there are several, a grand total, VAT on top."""
    rows, grand = [], Decimal(0)
    for section in sections:
        amounts = [half_up(quantity * price) for quantity, price in section]
        for (quantity, price), amount in zip(section, amounts, strict=True):
            rows.append([str(len(rows) + 1), "Кабель", str(quantity), str(price), str(amount)])
        if len(sections) > 1:
            rows.append(["", "Итого по разделу", "", "", str(sum(amounts))])
        grand += sum(amounts)
    rows.append(["", "Итого", "", "", str(grand)])
    if vat_percent:
        vat = half_up(grand * vat_percent / 100)
        rows += [["", f"НДС {vat_percent} %", "", "", str(vat)], ["", "Всего с НДС", "", "", str(grand + vat)]]
    return rows


@given(SECTIONS, st.sampled_from([0, 10, 20, 22]))
def test_no_table_that_adds_up_is_doubted(sections: list[list[tuple[Decimal, Decimal]]], vat_percent: int) -> None:
    assert doubts(*("|".join(row) for row in made_table(sections, vat_percent))) == []


def test_a_line_that_costs_as_much_as_those_above_it_is_no_total() -> None:
    lines = "1|Кабель|1|100,00|100,00", "2|Муфта|2|50,00|100,00", "3|Лоток|1|200,00|200,00"
    assert doubts(*lines, "|Итого|||400,00") == []
    assert doubts(*lines, "|Итого|||600,00") == [(5, Decimal(600), Decimal(400))]


@given(SECTIONS, st.data())
def test_a_misread_digit_of_an_amount_is_found(
    sections: list[list[tuple[Decimal, Decimal]]], data: st.DataObject
) -> None:
    sections[0] += [(Decimal(2), Decimal("4.50"))] * 4  # enough rows that say what is meant
    rows = made_table(sections, 0)
    place = data.draw(st.sampled_from([number for number, row in enumerate(rows) if row[2]]))
    amount = rows[place][4]
    rows[place][4] = str(Decimal(amount) + max(Decimal(1000), 2 * Decimal(amount)).quantize(Decimal(100)))
    assert (place + 2) in {row for row, _, _ in doubts(*("|".join(row) for row in rows))}


def test_a_table_whose_columns_are_no_product_is_left_alone() -> None:
    assert checks("1|Кабель|5|10|7", "2|Муфта|2|3|9") == []


def test_a_row_without_a_number_makes_its_total_unverifiable() -> None:
    assert doubts(CABLE, "2|Муфта|3|88,50|по счёту", "|Итого|||211 300") == []


def test_only_the_first_columns_of_amounts_are_looked_at() -> None:
    columns = 3000
    header = "|".join(["Сумма"] * columns)
    wide = checks(*["1|2"] * columns, "|".join(["5"] * columns), "Итого|9", header=header)
    assert len(wide) <= 30


def test_a_table_without_amounts_has_no_sums() -> None:
    assert checks("Москва|5", "Итого|9", header="Город|Жителей") == []
