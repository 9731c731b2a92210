"""Given a table that goes on over pages, the Markdown of the document shows one table, and no row is lost."""

from __future__ import annotations

import io

import pytest

from ocr_tasks.contract import Block, BlockLabel, ContentFormat
from tenderlake.continuedtables import DocumentTables
from tenderlake.documentmarkdown import DocumentMarkdown
from tests.pageresults import page_result, table_block, table_html

pytestmark = pytest.mark.unit

BOX = (100.0, 100.0, 900.0, 1200.0)
HEADER = ("№", "Наименование", "Цена")
NUMBERS = ("1", "2", "3")


def table(*rows: tuple[str, ...], box: tuple[float, float, float, float] = BOX) -> Block:
    return table_block(table_html(*rows), box)


def text(content: str, label: BlockLabel = BlockLabel.TEXT) -> Block:
    return Block(label=label, bbox_px=(100, 50, 900, 90), content=content)


def markdown(*pages: tuple[Block, ...], trouble: str | None = None) -> str:
    file = io.StringIO()
    tables, writer = DocumentTables(), DocumentMarkdown(file)
    for number, blocks in enumerate(pages, start=1):
        page = page_result(*blocks, number=number)
        writer.add(page, tables.add(page), trouble)
    writer.close(tables.close())
    return file.getvalue()


FOOTER = text("Документация о закупке", BlockLabel.FOOTER)
PAGE_NUMBER = text("4", BlockLabel.PAGE_NUMBER)
ONE_TABLE = """
<!-- page 1 -->

Спецификация


| № | Наименование | Цена |
| --- | --- | --- |
| 1 | Кабель | 10 |
| 2 | Провод | 20 |

<!-- page 2 -->

Итого 30
"""


def test_a_repeated_header_is_shown_once_and_running_lines_do_not_part_the_table() -> None:
    shown = markdown(
        (text("Спецификация"), table(HEADER, ("1", "Кабель", "10")), FOOTER, PAGE_NUMBER),
        (FOOTER, table(HEADER, ("2", "Провод", "20"), box=(90, 100, 905, 300)), text("Итого 30")),
    )
    assert shown == ONE_TABLE.replace("Спецификация\n\n\n", "Спецификация\n\n")


def test_a_table_may_say_that_it_goes_on() -> None:
    shown = markdown(
        (table(HEADER, NUMBERS, ("1", "Кабель", "10")),),
        (text("Продолжение таблицы 3"), table(NUMBERS, ("2", "Провод", "20"), box=(300, 100, 700, 200))),
    )
    assert shown.count("| --- | --- | --- |") == 1
    assert "Продолжение" not in shown
    assert shown.count("| 1 | 2 | 3 |") == 1
    assert shown.index("Провод") < shown.index("<!-- page 2 -->")


def test_a_table_without_a_repeated_header_goes_on_in_its_place() -> None:
    shown = markdown(
        (table(HEADER, ("1", "Кабель", "10")),), (table(("2", "Провод", "20")),), (table(("3", "Щит", "5")),)
    )
    assert shown.count("| --- | --- | --- |") == 1
    assert [shown.count(name) for name in ("Кабель", "Провод", "Щит")] == [1, 1, 1]
    assert shown.index("Щит") < shown.index("<!-- page 2 -->") < shown.index("<!-- page 3 -->")


@pytest.mark.parametrize(
    "second",
    [
        (text("Таблица 4. Сроки"), table(HEADER, ("2", "Провод", "20"))),
        (table(("Этап", "Срок", "Место", "Кто")),),
        (table(("Этап", "Срок", "Место"), box=(400, 100, 700, 200)),),
        (table(("Наименование", "Ед. изм.", "Цена"), ("Бумага", "пачка", "300,00")),),
        (text("Итого"), text("Подпись")),
        (),
    ],
    ids=["a title between", "other columns", "another place", "another header", "no table", "nothing"],
)
def test_other_tables_stay_apart(second: tuple[Block, ...]) -> None:
    first = (table(HEADER, ("1", "Кабель", "10")),)
    shown = markdown(first, second)
    assert shown == markdown(first) + markdown((), second).removeprefix("\n<!-- page 1 -->\n")


def test_a_header_with_merged_cells_is_dropped_as_a_whole() -> None:
    head = '<tr><td rowspan="2">№</td><td colspan="2">Цена</td></tr><tr><td>без НДС</td><td>с НДС</td></tr>'
    parts = [
        Block(
            label=BlockLabel.TABLE,
            bbox_px=BOX,
            content=f"<table>{head}<tr><td>{number}</td><td>10</td><td>12</td></tr></table>",
            content_format=ContentFormat.HTML,
        )
        for number in (1, 2)
    ]
    shown = markdown(*((part,) for part in parts))
    assert shown.count("без НДС") == 1
    assert shown.count("<table>") == 1
    assert "<tr><td>2</td><td>10</td><td>12</td></tr>" in shown


def test_a_header_alone_at_the_top_of_a_page_does_not_lose_the_row_that_follows() -> None:
    """Two rows that are the same as the beginning: the last row of a part is never dropped."""
    shown = markdown((table(HEADER, ("1", "Кабель", "10")),), (table(HEADER),))
    assert shown.count("Наименование") == 2


def test_trouble_on_a_page_in_the_middle_of_a_table_is_told() -> None:
    shown = markdown((table(HEADER, ("1", "Кабель", "10")),), (table(("2", "Провод", "20")),), trouble="no seal")
    assert shown.count("was not read in full") == 2


def test_a_row_that_the_end_of_a_page_cuts_is_one_row() -> None:
    shown = markdown(
        (table(HEADER, ("1", "Кабель", "10"), ("2", "Провод медный в двойной изоляции, для скрытой про-", "20")),),
        (table(HEADER, ("", "кладки, тип", ""), ("3", "Щит", "30")),),
    )
    assert "| 2 | Провод медный в двойной изоляции, для скрытой прокладки, тип | 20 |\n| 3 | Щит | 30 |" in shown


def test_the_rest_of_a_row_alone_on_its_page_keeps_the_pages_of_the_rows_right() -> None:
    tables = DocumentTables()
    pages = (
        table(HEADER, ("1", "Кабель", "10"), ("2", "Провод", "20")),
        table(HEADER, ("", "медный", "")),
        table(HEADER, ("", "с изоляцией", ""), ("3", "Щит", "30")),
    )
    for number, block in enumerate(pages, start=1):
        tables.add(page_result(block, number=number))
    whole = tables.close()
    assert whole is not None
    assert [cell.text for cell in whole.table.cells if cell.column == 1] == [
        "Наименование",
        "Кабель",
        "Провод медный с изоляцией",
        "Щит",
    ]
    assert [(part.page_number, part.first_row) for part in whole.parts] == [(1, 0), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        (("", "напряжение", "220 В"), ("", "мощность", "не менее 5 кВт")),
        (("2", "Провод", "20"), ("", "Итого", "30")),
        (("2", "Провод", "20"), ("", "", "30")),
        (("2", "Провод", ""), ("", "медный", "не указана")),
        (("2", "Провод", "по проекту"), ("", "двигатель", "по заявке")),
    ],
    ids=["rows without a name", "a total", "a number", "a new cell", "what another row says"],
)
def test_a_row_of_its_own_without_a_number_stays_one(before: tuple[str, ...], rest: tuple[str, ...]) -> None:
    shown = markdown((table(HEADER, ("1", "Кабель", "по заявке"), before),), (table(HEADER, rest),))
    assert f"| {' | '.join(before)} |\n| {' | '.join(rest)} |" in shown
