"""Given pages as browsers, report generators and office programs print them, each in its own way of placing text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ocr_tasks.contract import BlockLabel, PageResult
from ocr_tasks.htmltables import parse_html_table
from tenderlake.mupdf import pymupdf
from tenderlake.nativetext import NativePage, NativeText
from tenderlake.pagecontent import read_page
from tests.pdfs import FONT, RUSSIAN, digital_pdf, draw_table, new_page, reopened, write, write_lines

pytestmark = pytest.mark.unit

LEFT = (
    "Поставщик обязуется передать Заказчику товар в количестве, ассортименте и сроки, установленные контрактом, "
    "а заказчик принимает поставленный товар и оплачивает его в порядке, который установлен контрактом. Гарантийный "
    "срок на поставленный товар составляет двенадцать месяцев со дня подписания документа о приёмке."
)
RIGHT = (
    "Заказчик вправе отказаться от приёмки товара, качество которого не соответствует требованиям технического "
    "задания, и потребовать его замены за счёт поставщика в течение десяти рабочих дней. Расходы на перевозку "
    "забракованного товара к месту нахождения поставщика и обратно несёт поставщик."
)


def read(document: Any) -> list[PageResult]:
    """The page results of all pages, at one pixel a point."""
    text = NativeText("d0c")
    with reopened(document) as opened:
        for number, page in enumerate(opened, start=1):
            text.add(page, read_page(page), NativePage(number, 595, 842, 0, 1.0))
        return list(text.results({number: f"key-{number}" for number in range(1, opened.page_count + 1)}))


def write_stretched(page: Any, text: str, edges: tuple[float, float], y: float) -> None:
    """Lines from edge to edge, word by word, the gaps between the words as wide as it takes; the last one as it is."""
    lines: list[list[str]] = [[]]
    for word in text.split():
        if FONT.text_length(" ".join([*lines[-1], word]), 11) > edges[1] - edges[0]:
            lines.append([])
        lines[-1].append(word)
    for number, words in enumerate(lines):
        free = edges[1] - edges[0] - sum(FONT.text_length(word, 11) for word in words)
        gap = free / max(1, len(words) - 1) if number + 1 < len(lines) else FONT.text_length(" ", 11)
        x = edges[0]
        for word in words:
            write(page, word, (x, y + 14 * number))
            x += FONT.text_length(word, 11) + gap


def test_columns_of_lines_stretched_to_both_edges_are_read_one_after_the_other() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write_stretched(page, LEFT, (50, 285), 100)
    write_stretched(page, RIGHT, (310, 545), 100)
    (result,) = read(document)
    assert " ".join(block.content for block in result.blocks) == f"{LEFT} {RIGHT}"


def cells_of(page: PageResult) -> list[list[str]]:
    """The texts of the only table of a page, row by row."""
    (block,) = [block for block in page.blocks if block.label is BlockLabel.TABLE]
    table = parse_html_table(block.content)
    rows: list[list[str]] = [[] for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row].append(cell.text)
    return rows


PRICES = (("№", "Наименование", "Цена, руб."), ("1", "Насос", "5 177,19"), ("2", "Насос", "5 177,19"))
EDGES = (70, 120, 350, 520)


def price_table(page: Any, rows: Sequence[Sequence[str]] = PRICES, shift: float = 0.0) -> None:
    """A ruled table with a row every 20 points from 110 on."""
    draw_table(page, EDGES, range(110, 111 + 20 * len(rows), 20))
    for number, texts in enumerate(rows):
        for x, text in zip(EDGES, texts, strict=False):
            write(page, text, (x + 10 + shift, 124 + 20 * number))


@pytest.mark.parametrize("shift", [0.0, 0.4, 1.5])
def test_the_text_of_a_table_that_is_drawn_twice_is_taken_once(shift: float) -> None:
    document = pymupdf.open()
    page = new_page(document)
    price_table(page)
    price_table(page, shift=shift)
    assert cells_of(read(document)[0]) == [list(row) for row in PRICES]


def test_a_title_that_is_drawn_twice_side_by_side_is_bold() -> None:
    document = digital_pdf()
    for shift in (0.0, 0.4):
        write(document[0], "РАЗДЕЛ 1. ПРЕДМЕТ КОНТРАКТА", (70 + shift, 60))
    title, *_ = read(document)[0].blocks
    assert (title.label, title.content) == (BlockLabel.HEADING, "РАЗДЕЛ 1. ПРЕДМЕТ КОНТРАКТА")


def test_items_whose_marks_are_drawn_and_no_text_are_paragraphs_below_their_title() -> None:
    items = (
        "соответствие требованиям пункта 1 части 1 статьи 31 Закона о контрактной системе",
        "в сфере закупок;",
        "отсутствие в реестре недобросовестных поставщиков;",
        "отсутствие задолженности по налогам.",
    )
    document = pymupdf.open()
    page = new_page(document)
    write(page, "3. Требования к участникам", (70, 90), bold=True)
    write_lines(page, items, (90, 105))
    (result,) = read(document)
    assert [(block.label, block.content) for block in result.blocks] == [
        (BlockLabel.HEADING, "3. Требования к участникам"),
        (BlockLabel.TEXT, f"{items[0]} {items[1]}"),
        *((BlockLabel.TEXT, item) for item in items[2:]),
    ]


STAMP = (
    "ДОКУМЕНТ ПОДПИСАН",
    "ЭЛЕКТРОННОЙ ПОДПИСЬЮ",
    "Сертификат 00A1B2C3D4E5F60718293A4B5C",
    "Владелец Иванов Иван Иванович",
    "Действителен с 01.02.2026 по 01.05.2027",
)


def stamp(page: Any, at: tuple[float, float]) -> None:
    """A stamp of an electronic signature in its frame, 185 points wide and 62 high."""
    write_lines(page, STAMP, (at[0] + 6, at[1] + 12), size=8)
    shape = page.new_shape()
    shape.draw_rect((*at, at[0] + 185, at[1] + 62))
    shape.finish(color=(0, 0, 1))
    shape.commit()


def test_a_stamp_over_sentences_stands_after_them() -> None:
    document = digital_pdf()
    stamp(document[0], (300, 108))
    (result,) = read(document)
    assert [(block.label, block.content) for block in result.blocks] == [
        (BlockLabel.TEXT, " ".join(RUSSIAN)),
        (BlockLabel.OTHER, "\n".join(STAMP)),
    ]
    assert [line.text for line in result.blocks[1].lines] == list(STAMP)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_a_stamp_that_is_drawn_twice_is_told_once(shift: float) -> None:
    document = digital_pdf()
    for x in (300, 300 + shift):
        stamp(document[0], (x, 108))
    assert [block.content for block in read(document)[0].blocks] == [" ".join(RUSSIAN), "\n".join(STAMP)]


def test_no_line_of_two_stamps_over_each_other_is_told_twice() -> None:
    document = digital_pdf()
    for at in ((100, 108), (250, 112)):
        stamp(document[0], at)
    words = " ".join(block.content for block in read(document)[0].blocks).split()
    assert sorted(words) == sorted(" ".join((*RUSSIAN, *STAMP, *STAMP)).split())


def test_a_stamp_between_lines_set_solid_stays_between_them() -> None:
    lines = ("Приложение на 3 л. прилагается.", *STAMP, "Исполнитель: Петров П.П.")
    document = pymupdf.open()
    page = new_page(document)
    for number, line in enumerate(lines):
        write(page, line, (70, 90 + 11.5 * number))
    assert " ".join(" ".join(block.content for block in read(document)[0].blocks).split()) == " ".join(lines)


def test_a_stamp_and_a_watermark_over_a_table_change_no_cell() -> None:
    rows = (*PRICES, *((str(number), f"Насос {number}", f"по {number} 177,19") for number in range(3, 9)))
    document = pymupdf.open()
    page = new_page(document)
    price_table(page, rows)
    stamp(page, (330, 165))
    write(page, "ОБРАЗЕЦ", (140, 280), size=40, turned_deg=-35)
    (result,) = read(document)
    assert cells_of(result) == [list(row) for row in rows]
    assert [block.content for block in result.blocks if block.label is BlockLabel.OTHER] == [
        "\n".join(STAMP),
        "ОБРАЗЕЦ",
    ]


def test_a_stamp_in_a_cell_of_its_own_stays_there() -> None:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (70, 260, 520), (100, 130, 210))
    for x, text in ((80, "Заказчик"), (270, "Поставщик")):
        write(page, text, (x, 118))
    write(page, "ООО «Ромашка»", (80, 150))
    write_lines(page, STAMP, (270, 146), size=8)
    (result,) = read(document)
    assert cells_of(result) == [["Заказчик", "Поставщик"], ["ООО «Ромашка»", " ".join(STAMP)]]


def test_the_address_and_the_page_that_a_browser_prints_below_each_page_are_a_footer() -> None:
    document = digital_pdf([RUSSIAN] * 3)
    for number, page in enumerate(document, start=1):
        write(page, f"https://zakupki.example/notice/view.html?id=457 {number}/3", (40, 830), size=8)
    for result in read(document):
        assert [block.label for block in result.blocks] == [BlockLabel.TEXT, BlockLabel.FOOTER]


def test_the_same_word_twice_in_tiny_print_is_two_words() -> None:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (70, 90, 110), (100, 106, 112))
    for x, y in ((71, 103), (91, 103), (71, 109), (91, 109)):
        for number, line in enumerate(("не но не но не но", "не но не но не но")):
            write(page, line, (x, y + number), size=1)
    assert cells_of(read(document)[0]) == [["не но не но не но не но не но не но"] * 2] * 2
