"""Given print in columns without lines, price lists and estimates are tables, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ocr_tasks.contract import BlockLabel, ContentFormat, PageResult
from ocr_tasks.htmltables import parse_html_table
from tenderlake.nativetext import NativePage, NativeText
from tenderlake.pagecontent import read_page
from tests.pdfs import FONT, RUSSIAN, digital_pdf, new_page, reopened, write, write_lines

pytestmark = pytest.mark.unit

COLUMNS = (70, 100, 350, 410, 490)
HEADER = ("№", "Наименование товара", "Ед.", "Кол-во", "Цена, руб.")
GOODS = (
    ("1", "Кабель ВВГнг(А)-LS 3х2,5", "м", "1 200", "96,50"),
    ("2", "Светильник светодиодный 36 Вт", "шт.", "48", "1 450,00"),
    ("3", "Щит распределительный ЩРн-12", "шт.", "4", "2 310,40"),
    ("4", "Автоматический выключатель", "шт.", "60", "215,00"),
)


def native(document: Any) -> PageResult:
    text = NativeText("d0c")
    with reopened(document) as read:
        page = read[0]
        text.add(page, read_page(page), NativePage(1, 595, 842, 0, 1.0))
    return next(text.results({1: "k"}))


def tables(document: Any) -> list[list[list[str]]]:
    """The tables of the page, rows of texts; a span stands once."""
    found = []
    for block in native(document).blocks:
        if block.content_format is ContentFormat.HTML:
            table = parse_html_table(block.content)
            rows: list[list[str]] = [[] for _ in range(table.row_count)]
            for cell in table.cells:
                rows[cell.row].append(cell.text)
            found.append(rows)
    return found


def write_row(page: Any, texts: Sequence[str], y: float, columns: Sequence[float] = COLUMNS) -> None:
    for x, text in zip(columns, texts, strict=True):
        if text:
            write(page, text, (x, y), size=10)


def price_list(rows: Sequence[Sequence[str]] = (HEADER, *GOODS), step: float = 16) -> Any:
    document = digital_pdf([RUSSIAN[:4]])
    for number, texts in enumerate(rows):
        write_row(document[0], texts, 220 + step * number)
    write_lines(document[0], RUSSIAN[4:], (70, 420))
    return document


def test_a_price_list_without_lines_is_a_table_between_its_texts() -> None:
    page = native(price_list())
    assert [block.label for block in page.blocks] == [BlockLabel.TEXT, BlockLabel.TABLE, BlockLabel.TEXT]
    assert tables(price_list()) == [[list(HEADER), *map(list, GOODS)]]


def test_second_lines_of_a_name_belong_to_its_row() -> None:
    document = digital_pdf([()])
    y = 100.0
    for number, texts in enumerate((HEADER, *GOODS)):
        write_row(document[0], texts, y)
        if number:
            write(document[0], "с доставкой до склада заказчика", (100, y + 12), size=10)
        y += 34
    assert [row[1] for row in tables(document)[0][1:]] == [
        f"{texts[1]} с доставкой до склада заказчика" for texts in GOODS
    ]


def test_a_name_of_a_section_goes_over_all_columns() -> None:
    section = ("", "", "", "", "")
    document = price_list((HEADER, *GOODS[:2], section, *GOODS[2:]))
    write(
        document[0], "Раздел 2. Электрооборудование и материалы для наружного освещения", (100, 220 + 16 * 3), size=10
    )
    rows = tables(document)[0]
    assert rows[3] == ["Раздел 2. Электрооборудование и материалы для наружного освещения"]
    assert rows[4] == list(GOODS[2])


def test_a_total_with_two_cells_is_the_last_row() -> None:
    rows = tables(price_list((HEADER, *GOODS, ("", "Итого", "", "", "207 342,60"))))[0]
    assert rows[-1] == ["", "Итого", "", "", "207 342,60"]


def test_columns_of_running_text_are_no_table() -> None:
    document = digital_pdf([()])
    words = " ".join(RUSSIAN).split()
    for column in range(3):
        lines = [" ".join(words[start : start + 3]) for start in range(column * 20, column * 20 + 20, 3)]
        write_lines(document[0], lines, (40 + column * 180, 100), size=9)
    assert tables(document) == []


@pytest.mark.parametrize("leaders", ["........................", ". . . . . . . . . . . .", "………………"])
def test_contents_with_leaders_are_no_table(leaders: str) -> None:
    document = digital_pdf([()])
    for number in range(6):
        y = 100 + 16 * number
        write(document[0], f"{number + 1}.", (70, y))
        write(document[0], f"Требования к товару раздела {number} {leaders}", (100, y))
        write(document[0], str(3 + number), (520, y))
    assert tables(document) == []


def test_a_form_is_a_table_of_labels_and_values_and_signatures_are_none() -> None:
    document = digital_pdf([()])
    for number, (label, value) in enumerate(
        (("ИНН:", "5902123456"), ("КПП:", "590201001"), ("Телефон:", "212-34-56"), ("БИК:", "045773001"))
    ):
        write(document[0], label, (70, 100 + 16 * number))
        write(document[0], value, (250, 100 + 16 * number))
    for number, x in enumerate((70, 250, 430)):
        write(document[0], ("Главный врач", "______________", "И. И. Иванов")[number], (x, 300))
        write(document[0], ("Бухгалтер", "______________", "П. П. Петрова")[number], (x, 330))
    (form,) = tables(document)
    assert form == [["ИНН:", "5902123456"], ["КПП:", "590201001"], ["Телефон:", "212-34-56"], ["БИК:", "045773001"]]


def test_numbered_clauses_are_no_table() -> None:
    document = digital_pdf([()])
    for number, line in enumerate(RUSSIAN):
        write(document[0], f"{number + 1}.1.", (70, 100 + 16 * number))
        write(document[0], line, (110, 100 + 16 * number), size=10)
    assert tables(document) == []


def test_no_word_is_lost_or_doubled_where_a_table_stands_beside_text() -> None:
    document = price_list()
    write_lines(document[0], ["Примечание: цены указаны с НДС"], (70, 310))
    with reopened(document) as read:
        content = read_page(read[0])
        wanted = sorted(content.visible_text.split())
        text = NativeText("d0c")
        text.add(read[0], content, NativePage(1, 595, 842, 0, 1.0))
    page = next(text.results({1: "k"}))
    taken: list[str] = []
    for block in page.blocks:
        is_table = block.content_format is ContentFormat.HTML
        texts = [cell.text for cell in parse_html_table(block.content).cells] if is_table else [block.content]
        taken += " ".join(texts).split()
    assert sorted(taken) == wanted


def test_a_blank_page_has_none() -> None:
    document = digital_pdf([()])
    new_page(document)
    assert tables(document) == []


RIGHT_EDGES = (70, 100, 330, 420, 480, 550)
SUMS_HEADER = ("№", "Наименование", "Ед.", "Кол-во", "Цена", "Сумма")
SUMS = (
    ("1", "Кабель силовой", "м", "267", "5 177,19", "1 382 309,73"),
    ("2", "Светильник потолочный", "шт.", "4", "302,94", "1 211,76"),
    ("3", "Щит распределительный", "шт.", "145", "4 961,79", "719 459,55"),
    ("4", "Труба гофрированная", "м", "1 356", "6 355,34", "8 617 841,04"),
)


@pytest.mark.parametrize("header_left", [(70, 100, 320, 350, 425, 493), (70, 100, 330, 372, 419, 473)])
def test_names_at_the_left_of_columns_with_numbers_at_the_right_head_these_columns(
    header_left: tuple[float, ...],
) -> None:
    document = digital_pdf([()])
    write_row(document[0], SUMS_HEADER, 200, header_left)
    for number, texts in enumerate(SUMS):
        for column, text in enumerate(texts):
            edge = RIGHT_EDGES[column]
            x = edge if column < 3 else edge - FONT.text_length(text, 10)
            write(document[0], text, (x, 216 + 16 * number), size=10)
    assert tables(document) == [[list(SUMS_HEADER), *map(list, SUMS)]]


def test_a_name_of_three_lines_in_the_last_row_stays_in_the_table() -> None:
    document = price_list((HEADER, *GOODS))
    for number, text in enumerate(("двухклавишный", "с подсветкой")):
        write(document[0], text, (COLUMNS[1], 284 + 12 * (number + 1)), size=10)
    (rows,) = tables(document)
    assert rows[-1][1] == "Автоматический выключатель двухклавишный с подсветкой"
