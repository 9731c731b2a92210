"""Given a table in HTML, these cells come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.htmltables import Cell, has_cells, parse_html_table, table_markdown, table_text

pytestmark = pytest.mark.unit


def test_spans_push_later_cells_to_their_columns() -> None:
    table = parse_html_table(
        "<table><tr><th rowspan='2'>№</th><th colspan='2'>Цена</th></tr>"
        "<tr><th>без НДС</th><th>с НДС</th></tr><tr><td>1</td><td>100</td><td>120</td></tr></table>"
    )
    assert table.column_count == 3
    assert table.cells[0] == Cell(0, 0, "№", row_span=2, is_header=True)
    assert table.cells[2] == Cell(1, 1, "без НДС", is_header=True)
    assert table.cells[-1] == Cell(2, 2, "120")


def test_a_table_that_never_closes_is_read_as_far_as_it_goes() -> None:
    table = parse_html_table("<table><tr><td>Кабель<td>10 шт<tr><td>Лампа")
    assert [cell.text for cell in table.cells] == ["Кабель", "10 шт", "Лампа"]


def test_line_breaks_in_cells_stay() -> None:
    assert parse_html_table("<table><tr><td>ИНН<br>1234567890</td></tr></table>").cells[0].text == "ИНН\n1234567890"


def test_a_span_of_a_million_rows_costs_nothing() -> None:
    table = parse_html_table("<table><tr><td rowspan=1000000 colspan=1000000>x</td></tr></table>")
    assert table.cells[0].row_span == 1
    assert table.column_count == 1000


def test_spans_that_cover_more_than_any_table_has_are_not_believed() -> None:
    table = parse_html_table("<table>" + "<tr><td rowspan=1000 colspan=1000>x</td></tr>" * 1000 + "</table>")
    assert len(table.cells) == 1000
    assert sum(cell.row_span * cell.column_span for cell in table.cells) <= 201_000


def test_words_of_a_table_can_be_searched() -> None:
    table = parse_html_table(
        "<table><tr><th colspan=2>Цена,<br>руб.</th></tr><tr><td>Кабель</td><td>72,03</td></tr></table>"
    )
    assert table_text(table) == "Цена, руб.\nКабель\t72,03"


def test_a_broken_declaration_ends_the_table_without_an_error() -> None:
    assert [c.text for c in parse_html_table("<table><tr><td>Кабель</td></tr><![foo bar]>").cells] == ["Кабель"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<table><tr><td>Кабель", True),
        ("<table><tr><TH/>", True),
        ("<table><!-- <td>Кабель</td> --></table>", False),
        ("<table><!-- <td>Кабель</td> --><tr><td></table>", True),
        ("<table title='<td>'>Кабель</table>", False),
        ("<table><script><td>Кабель</script></table>", False),
        ("<table><tr>Кабель</tr><td", False),
        ("Кабель", False),
    ],
)
def test_a_cell_is_what_the_parser_takes_for_one(source: str, expected: bool) -> None:
    assert has_cells(source) is expected
    assert bool(parse_html_table(source).cells) is expected


@given(st.text(alphabet="<>/![tdrhbale=\"' 12\n&;ПП-", max_size=300))
def test_nothing_that_a_model_writes_raises(source: str) -> None:
    table = parse_html_table(source)
    table_markdown(table)
    assert has_cells(source) == bool(table.cells)
