"""Given the tables of a document, these are the cells in the lake: numbers, kinds of rows, roles of columns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import Block, BlockLabel
from ocr_tasks.htmltables import parse_html_table
from tenderlake.lake.rows import CellRow
from tenderlake.lake.vocabulary import ColumnRole, FieldUnit, RowKind
from tenderlake.tablemeaning import is_numbering_row, meaning_of, role_of_header
from tests.pageresults import document_cells, page_result, table_block, table_html

pytestmark = pytest.mark.unit

PRICES = ("№ п/п", "Наименование товара", "Ед. изм.", "Кол-во", "Цена за ед., руб.", "Сумма, руб. с НДС")


def prose(content: str) -> Block:
    return Block(label=BlockLabel.TEXT, bbox_px=(100, 50, 900, 90), content=content)


def cells(*pages: Sequence[Block]) -> list[CellRow]:
    return document_cells(*(page_result(*blocks, number=number) for number, blocks in enumerate(pages, start=1)))


def row(found: Sequence[CellRow], number: int) -> list[CellRow]:
    return [cell for cell in found if cell.row == number]


SPECIFICATION = table_html(
    PRICES,
    ("1", "2", "3", "4", "5", "6 = 4 × 5"),
    ("1.10", "Кабель ВВГнг(А)-LS 3х2,5", "м", "1 200", "176,00", "211 200,00"),
    ("2", "Муфта", "шт", "3", "88-50", "265,50"),
    ("", "Итого", "", "", "", "211 465,50"),
)


def test_a_specification_is_ready_to_be_summed_up() -> None:
    found = cells([table_block(SPECIFICATION)])
    assert [cell.column_role for cell in row(found, 3)] == [
        ColumnRole.ROW_NUMBER,
        ColumnRole.NAME,
        ColumnRole.UNIT,
        ColumnRole.QUANTITY,
        ColumnRole.PRICE,
        ColumnRole.AMOUNT,
    ]
    assert [row(found, number)[0].row_kind for number in range(1, 6)] == [
        RowKind.HEADER,
        RowKind.HEADER,
        RowKind.DATA,
        RowKind.DATA,
        RowKind.TOTAL,
    ]
    assert [cell.number for cell in row(found, 3)] == [None, None, None, Decimal(1200), Decimal(176), Decimal(211200)]
    assert row(found, 3)[5].text == "211 200,00"
    data = [cell for cell in found if cell.row_kind is RowKind.DATA and cell.column_role is ColumnRole.AMOUNT]
    (total,) = (cell.number for cell in row(found, 5) if cell.number is not None)
    assert sum(cell.number or 0 for cell in data) == total


def test_numbers_in_the_header_are_no_data() -> None:
    assert {cell.number for cell in row(cells([table_block(SPECIFICATION)]), 2)} == {None}


def test_a_table_over_three_pages_is_one_and_its_cells_know_their_page() -> None:
    first = table_block(table_html(PRICES, ("1", "Кабель", "м", "5", "10", "50")))
    second = table_block(table_html(PRICES, ("2", "Муфта", "шт", "1", "7", "7")))
    third = table_block(table_html(PRICES, ("3", "Лоток", "шт", "2", "4", "8"), ("", "Итого", "", "", "", "65")))
    after = table_block(table_html(("Заказчик", "Поставщик"), ("АО «Север»", "ООО «Юг»")))
    found = cells([prose("Спецификация"), first], [second], [third, prose("Подписи сторон"), after])
    assert {cell.table_number for cell in found} == {1, 2}
    one = [cell for cell in found if cell.table_number == 1]
    assert [(cell.row, cell.page_number, cell.block_number) for cell in one if cell.column == 2] == [
        (1, 1, 2),
        (2, 1, 2),
        (3, 2, 1),
        (4, 3, 1),
        (5, 3, 1),
    ]
    assert [cell.text for cell in one if cell.column == 2] == [
        "Наименование товара",
        "Кабель",
        "Муфта",
        "Лоток",
        "Итого",
    ]
    assert {cell.column_role for cell in one if cell.column == 6} == {ColumnRole.AMOUNT}
    assert {(cell.page_number, cell.block_number) for cell in found if cell.table_number == 2} == {(3, 3)}


def test_spans_are_kept_and_a_header_of_three_storeys_names_its_columns() -> None:
    estimate = (
        '<table><tr><td rowspan="3">№ пп</td><td rowspan="3">Обоснование</td><td rowspan="3">Наименование</td>'
        '<td colspan="3">Стоимость единицы, руб.</td><td rowspan="3">Общая стоимость, руб.</td></tr>'
        '<tr><td rowspan="2">Всего</td><td colspan="2">В том числе</td></tr>'
        "<tr><td>Осн.З/п</td><td>Эк.Маш</td></tr>"
        '<tr><td colspan="7">Раздел 1. Монтажные работы</td></tr>'
        "<tr><td>1</td><td>ФЕР46-03-009-01</td><td>Пробивка борозд</td><td>311,16</td><td>200</td><td>11</td>"
        "<td>1525</td></tr>"
        '<tr><td colspan="6">Итого по разделу 1</td><td>1 525</td></tr></table>'
    )
    found = cells([table_block(estimate)])
    roles = {cell.column: cell.column_role for cell in found if cell.row == 5}
    assert roles == {
        1: ColumnRole.ROW_NUMBER,
        2: ColumnRole.CODE,
        3: ColumnRole.NAME,
        4: ColumnRole.PRICE,
        5: ColumnRole.PRICE,
        6: ColumnRole.PRICE,
        7: ColumnRole.AMOUNT,
    }
    kinds = {cell.row: cell.row_kind for cell in found}
    assert [kinds[number] for number in range(1, 7)] == [
        RowKind.HEADER,
        RowKind.HEADER,
        RowKind.HEADER,
        RowKind.SECTION,
        RowKind.DATA,
        RowKind.TOTAL,
    ]
    (section,) = row(found, 4)
    assert (section.column_span, section.text) == (7, "Раздел 1. Монтажные работы")
    assert [cell.row_span for cell in row(found, 1)] == [3, 3, 3, 1, 3]


def test_a_table_without_a_header_has_no_roles() -> None:
    found = cells([table_block(table_html(("Москва", "12 500"), ("Казань", "1 200")))])
    assert {cell.row_kind for cell in found} == {RowKind.DATA}
    assert {cell.column_role for cell in found} == {None}
    assert [cell.number for cell in found] == [None, Decimal(12500), None, Decimal(1200)]


def test_cells_marked_as_header_are_one() -> None:
    marked = table_html(("Город", "Жителей"), tag="th").removesuffix("</table>") + table_html(
        ("Москва", "12 500")
    ).removeprefix("<table>")
    assert [cell.row_kind for cell in cells([table_block(marked)])] == [RowKind.HEADER] * 2 + [RowKind.DATA] * 2


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("№ п/п", ColumnRole.ROW_NUMBER),
        ("Наиме-\nнование товара", ColumnRole.NAME),
        ("Единица измерения", ColumnRole.UNIT),
        ("Количество", ColumnRole.QUANTITY),
        ("Цена за единицу, руб. без НДС", ColumnRole.PRICE),
        ("НМЦ за ед., руб.", ColumnRole.PRICE),
        ("Ставка НДС, %", ColumnRole.VAT),
        ("Общая стоимость", ColumnRole.AMOUNT),
        ("Цена за единицу измерения, руб.", ColumnRole.PRICE),
        ("Стоимость единицы измерения", ColumnRole.PRICE),
        ("Цена за единицу, включая НДС", ColumnRole.PRICE),
        ("Цена без учета НДС за единицу", ColumnRole.PRICE),
        ("Сумма, в том числе НДС 20%", ColumnRole.AMOUNT),
        ("Стоимость (НДС не облагается)", ColumnRole.AMOUNT),
        ("Общая цена, руб.", ColumnRole.AMOUNT),
        ("Сумма НДС, руб.", ColumnRole.VAT),
        ("В том числе НДС", ColumnRole.VAT),
        ("Код ОКПД2", ColumnRole.CODE),
        ("Примечание", None),
        ("", None),
    ],
)
def test_role_by_header(header: str, role: ColumnRole | None) -> None:
    assert role_of_header(header) is role


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Итого по разделу 1:", RowKind.TOTAL),
        ("Итоговая сумма", RowKind.TOTAL),
        ("ИТОГОпо смете", RowKind.TOTAL),
        ("Итоговый отчёт об испытаниях", RowKind.DATA),
        ("Итоговая аттестация слушателей", RowKind.DATA),
    ],
)
def test_a_row_of_a_total_and_a_thing_that_is_called_like_one(name: str, kind: RowKind) -> None:
    found = cells([table_block(table_html(PRICES, ("1", name, "шт", "1", "5", "5")))])
    assert row(found, 2)[0].row_kind is kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (("2", "В том числе кабель", "м", "10", "150,00", "1 500,00"), RowKind.DATA),
        (("2", "в т.ч. муфта", "", "3", "88,50", "265,50"), RowKind.DATA),
        (("", "В том числе кабель", "м", "10", "", "1 500,00"), RowKind.DATA),
        (("3", "Всего-то кабель", "м", "10", "150,00", "1 500,00"), RowKind.DATA),
        (("", "В том числе НДС 20 %", "", "", "", "1 500,00"), RowKind.TOTAL),
        (("4", "в том числе материалы", "", "", "", "1 500,00"), RowKind.TOTAL),
        (("", "В том числе по кабелю", "х", "10", "", "1 500,00"), RowKind.TOTAL),
        (("", "Всего", "шт", "10", "", "1 500,00"), RowKind.TOTAL),
        (("", "Всего", "", "10", "150,00", "1 500,00"), RowKind.TOTAL),
        (("", "Итого", "шт", "10", "", "1 500,00"), RowKind.TOTAL),
    ],
)
def test_a_line_that_begins_like_a_total_is_one_unless_it_has_all_that_a_line_has(
    line: tuple[str, ...], kind: RowKind
) -> None:
    found = cells([table_block(table_html(PRICES, ("1", "Сети", "шт", "1", "5", "5"), line))])
    assert row(found, 3)[0].row_kind is kind


RUB, PERCENT = FieldUnit.RUB, FieldUnit.PERCENT


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        ("Сумма, тыс. руб.", "1 234,5", (RUB, 1000)),
        ("Сумма, млн рублей", "1,5", (RUB, 10**6)),
        ("Стоимость (в тысячах рублей)", "12", (RUB, 1000)),
        ("Стоимость, млрд. руб", "12", (RUB, 10**9)),
        ("Цена за ед., руб.", "12", (RUB, 1)),
        ("Цена за 1 тыс. км, руб.", "12", (RUB, 1)),
        ("Сумма НДС (20 %), руб.", "12", (RUB, 1)),
        ("Стоимость, долл. США", "12", (FieldUnit.USD, 1)),
        ("НДС, %", "20", (PERCENT, 1)),
        ("НДС 20 %", "12", (None, None)),
        ("Кол-во, тыс. шт.", "12", (None, 1000)),
        ("Кол-во тысячелистника", "12", (None, None)),
        ("Кол-во", "12", (None, None)),
        ("Сумма", "12", (None, None)),
        ("Цена, руб. / тыс. руб.", "12", (None, None)),
        # What a cell says itself is read already.
        ("Сумма, тыс. руб.", "5,5 тыс. руб.", (RUB, 1)),
        ("Сумма, тыс. руб.", "100 руб.", (RUB, 1)),
        ("Сумма, тыс. руб.", "100 %", (None, None)),
        ("Сумма, тыс. руб.", "нет", (None, None)),
    ],
)
def test_a_number_stands_beside_its_unit(header: str, text: str, expected: tuple[FieldUnit | None, int | None]) -> None:
    found = cells([table_block(table_html(("№ п/п", "Наименование", header), ("1", "Кабель", text)))])
    assert [(cell.unit, cell.multiplier) for cell in row(found, 1)] == [(None, None)] * 3
    assert [(cell.unit, cell.multiplier) for cell in row(found, 2)] == [(None, None), (None, None), expected]


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("тыс. руб.", 1000),
        ("(в тыс. рублей)", 1000),
        ("Единица измерения: тыс. руб.", 1000),
        ("Таблица 2. Расчёт цены, млн руб.", 10**6),
        ("Стоимость работ составляет 100 тыс. руб.", None),
        ("Таблица 2", None),
    ],
)
def test_what_stands_above_a_table_is_said_of_its_money(above: str, expected: int | None) -> None:
    table = table_html(("Наименование", "Кол-во", "Сумма", "Цена, руб."), ("Кабель", "5", "1,5", "300"))
    found = cells([prose(above), table_block(table)])
    assert [cell.multiplier for cell in row(found, 2)] == [None, None, expected, 1]


def test_a_title_over_the_table_and_the_units_of_its_rows_are_heard() -> None:
    title = (
        '<table><tr><td colspan="3">Расчёт стоимости, тыс. руб.</td></tr><tr><td>Наименование</td><td>Кол-во</td>'
        "<td>Сумма</td></tr><tr><td>Кабель</td><td>5</td><td>1,5</td></tr></table>"
    )
    assert [cell.multiplier for cell in row(cells([table_block(title)]), 3)] == [None, None, 1000]
    rows = table_html(
        ("Наименование", "Ед. изм.", "Значение"), ("Стоимость работ", "тыс. руб.", "1 500"), ("Площадь", "м2", "120")
    )
    found = cells([table_block(rows)])
    assert [(cell.unit, cell.multiplier) for cell in found if cell.column == 3][1:] == [(RUB, 1000), (None, None)]


def test_a_table_that_goes_on_keeps_what_stood_above_it() -> None:
    columns = ("Наименование", "Кол-во", "Сумма")
    first, second = (table_block(table_html(columns, (name, "5", "1,5"))) for name in ("Кабель", "Муфта"))
    found = cells([prose("тыс. руб."), first], [second])
    assert [cell.multiplier for cell in found if cell.column == 3] == [None, 1000, 1000]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2", "3", "4"], True),
        (["1", "", "2", "3"], True),
        (["1", "2", "3 = 1 × 2"], True),
        (["1", "2"], False),
        (["1", "Кабель", "3"], False),
        (["2", "3", "4"], False),
        (["1", "", "", "", "", "2", "3"], False),
    ],
)
def test_numbering_rows(texts: list[str], expected: bool) -> None:
    assert is_numbering_row(texts) is expected


CELLS = st.sampled_from(["", "1", "2", "3", "Итого", "Кабель", "Цена", "Кол-во", "12,50", "1 2 3", "№ п/п"])


@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=12))
def test_whatever_stands_in_a_table_no_cell_is_lost(grid: list[list[str]]) -> None:
    source = table_html(*grid)
    table = parse_html_table(source)
    meaning = meaning_of(table)
    assert len(meaning.row_kinds) == table.row_count
    assert len(meaning.column_roles) == table.column_count
    found = cells([table_block(source)], [prose("конец")])
    assert sorted(cell.text for cell in found) == sorted(text for texts in grid for text in texts)
    assert len({(cell.table_number, cell.row, cell.column) for cell in found}) == len(found)


def test_what_a_model_leaves_open_costs_only_itself() -> None:
    hostile = "<table><tr><td rowspan=999999 colspan=999999>" + "9" * 100_000 + "<td>\x00<tr><tr><td>конец"
    found = cells([table_block(hostile)], [table_block("no table at all"), table_block(SPECIFICATION)])
    assert found[0].number is None
    assert found[-1].text == "211 465,50"
