"""Given a digital page, its text comes out in reading order and labelled: headings, lists, tables, running headers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult
from ocr_tasks.ruledgrid import Grid, Rule, grids_of
from tenderlake.mupdf import pymupdf
from tenderlake.nativetext import NativePage, NativeText
from tenderlake.pagecontent import read_page
from tenderlake.wording import HyphenHabits, clean, join_cell_lines, join_lines
from tests.pdfs import ENGLISH, FONT, RUSSIAN, digital_pdf, draw_table, new_page, reopened, write, write_lines

pytestmark = pytest.mark.unit

PX_PER_PT = 2.0


def read(document: Any) -> list[PageResult]:
    """The page results of all pages, at two pixels a point."""
    text = NativeText("d0c")
    keys: dict[int, str] = {}
    with reopened(document) as opened:
        for number, page in enumerate(opened, start=1):
            content = read_page(page)
            size = (round(content.turn.width_pt * PX_PER_PT), round(content.turn.height_pt * PX_PER_PT))
            text.add(page, content, NativePage(number, *size, content.turn.rotation_deg, PX_PER_PT))
            keys[number] = f"key-{number}"
    return list(text.results(keys))


def contents(result: PageResult) -> list[str]:
    return [block.content for block in result.blocks]


def labels(result: PageResult) -> list[BlockLabel]:
    return [block.label for block in result.blocks]


def only_table(result: PageResult) -> Block:
    (table,) = [block for block in result.blocks if block.label is BlockLabel.TABLE]
    assert table.content_format is ContentFormat.HTML
    return table


def test_a_paragraph_is_one_block_with_its_lines_and_boxes_in_pixels() -> None:
    (result,) = read(digital_pdf())
    assert contents(result) == [" ".join(RUSSIAN)]
    (block,) = result.blocks
    assert [line.text for line in block.lines] == list(RUSSIAN)
    assert block.bbox_px[0] == pytest.approx(70 * PX_PER_PT, abs=4)
    assert block.lines[0].bbox_px[3] == pytest.approx(90 * PX_PER_PT, abs=8)
    assert (result.width_px, result.height_px) == (1190, 1684)
    assert (result.engine, result.engine_version) == ("native", pymupdf.__version__)
    assert result.confidence is None
    assert block.confidence is None


def test_headings_stand_out_by_size_or_by_bold_capitals_in_the_middle() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "Техническое задание", (70, 80), size=20)
    write(page, "ОБЩИЕ ПОЛОЖЕНИЯ", (240, 130), bold=True)
    write_lines(page, RUSSIAN, (70, 170))
    write(page, "2. Требования к качеству", (70, 320), bold=True)
    write_lines(page, RUSSIAN, (70, 350))
    (result,) = read(document)
    found = {block.content: block.heading_level for block in result.blocks if block.label is BlockLabel.HEADING}
    assert found == {"Техническое задание": 1, "ОБЩИЕ ПОЛОЖЕНИЯ": 4, "2. Требования к качеству": 4}


def test_the_text_of_a_page_before_annexes_in_small_print_is_no_heading() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "Сертификат соответствия", (70, 80), size=18)
    write_lines(page, [*RUSSIAN, *RUSSIAN], (70, 120), size=11)
    for _ in range(3):
        write_lines(new_page(document), RUSSIAN * 5, (70, 80), size=7)
    first, *_ = read(document)
    assert labels(first) == [BlockLabel.HEADING, BlockLabel.TEXT]


def test_bold_entries_of_contents_are_no_headings() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "1. Общие положения ............................ 3", (70, 80), bold=True)
    write_lines(page, RUSSIAN, (70, 170))
    (result,) = read(document)
    assert labels(result) == [BlockLabel.TEXT] * 2


def test_list_items_are_blocks_of_their_own_and_keep_their_second_lines() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "Поставщик обязан передать заказчику вместе с товаром следующие документы:", (70, 90))
    write(page, "• паспорт изделия и руководство по эксплуатации на русском языке,", (90, 106))
    write(page, "заверенные печатью изготовителя;", (98, 122))
    write(page, "• гарантийный талон;", (90, 138))
    write(page, "1) сертификат соответствия;", (90, 154))
    write(page, "2) счёт-фактуру.", (90, 170))
    (result,) = read(document)
    assert contents(result) == [
        "Поставщик обязан передать заказчику вместе с товаром следующие документы:",
        "• паспорт изделия и руководство по эксплуатации на русском языке, заверенные печатью изготовителя;",
        "• гарантийный талон;",
        "1) сертификат соответствия;",
        "2) счёт-фактуру.",
    ]
    assert labels(result) == [BlockLabel.TEXT, *[BlockLabel.LIST_ITEM] * 4]


@pytest.mark.parametrize("mark", ["−", "⎯", "―", "‒", "►", "✔", "○", "⁃", "–"])
def test_whatever_an_item_begins_with_is_its_mark(mark: str) -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "К заявке участника закупки прилагаются:", (70, 90))
    write(page, f"{mark} выписка из реестра юридических лиц, полученная не ранее чем", (90, 106))
    write(page, "за шесть месяцев до подачи заявки", (70, 122))
    write(page, f"{mark} копия устава", (90, 138))
    (result,) = read(document)
    assert labels(result) == [BlockLabel.TEXT, BlockLabel.LIST_ITEM, BlockLabel.LIST_ITEM]
    assert contents(result)[2] == f"{mark} копия устава"


def test_a_dash_at_the_beginning_of_a_line_is_no_item_in_the_middle_of_a_sentence() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "3) закупка товара для обеспечения муниципальных нужд города (далее", (90, 90))
    write(page, "- закупка) есть совокупность действий, осуществляемых заказчиком и", (70, 104))
    write(page, "направленных на обеспечение нужд;", (70, 118))
    write(page, "4.1) участник закупки есть любое лицо.", (90, 132))
    (result,) = read(document)
    assert labels(result) == [BlockLabel.LIST_ITEM] * 2
    assert "(далее - закупка) есть" in contents(result)[0]


def test_the_number_of_a_page_is_no_end_of_its_last_sentence() -> None:
    document = pymupdf.open()
    for number in range(1, 4):
        page = new_page(document)
        write_lines(page, RUSSIAN[:3], (70, 740))
        write(page, str(number + 7), (292, 740 + 3 * 14.3))
    for number, result in enumerate(read(document), start=1):
        assert contents(result) == [" ".join(RUSSIAN[:3]), str(number + 7)]
        assert labels(result)[1] is BlockLabel.PAGE_NUMBER


def test_a_number_that_ends_a_sentence_on_a_line_of_its_own_stays_there() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write_lines(page, ["Заказчик вправе увеличить количество поставляемого товара до", "120"], (70, 90))
    (result,) = read(document)
    assert contents(result) == ["Заказчик вправе увеличить количество поставляемого товара до 120"]


def test_a_word_that_begins_like_the_name_of_a_party_heads_no_column() -> None:
    """Print to PDF sets each word of a justified line on its own, here «исполнительного» at both ends of one."""
    document = pymupdf.open()
    page = new_page(document)
    lines = [
        "в) идентификационный номер налогоплательщика (при наличии) членов коллегиального",
        "исполнительного органа, лица, исполняющего функции единоличного исполнительного органа",
        "управляющего (при наличии), управляющей организации (при наличии), участников (членов)",
    ]
    for number, line in enumerate(lines):
        words = line.split()
        widths = [FONT.text_length(word, 9) for word in words]
        gap = (500 - sum(widths)) / (len(words) - 1)
        for place, word in enumerate(words):
            write(page, word, (50 + sum(widths[:place]) + gap * place, 90 + 11.5 * number), size=9)
    (result,) = read(document)
    assert contents(result) == [" ".join(lines)]


def test_an_indent_begins_a_paragraph() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write_lines(page, RUSSIAN[:3], (70, 90))
    write(page, "Заказчик вправе отказаться от товара.", (100, 90 + 3 * 14.3))
    (result,) = read(document)
    assert contents(result) == [" ".join(RUSSIAN[:3]), "Заказчик вправе отказаться от товара."]


def test_columns_of_running_text_are_read_one_after_the_other() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "A title over both of the columns of this page", (150, 70), size=16)
    left = [line[:38] for line in (*ENGLISH, *ENGLISH)]
    right = [line[20:58] for line in (*ENGLISH, *ENGLISH)]
    write_lines(page, left, (60, 110), size=9)
    write_lines(page, right, (320, 110), size=9)
    (result,) = read(document)
    text = "\n".join(contents(result))
    order = [text.index(words) for words in ("A title", left[0], left[7][:30], right[0], right[7][:30])]
    assert order == sorted(order)


def test_two_pages_of_a_book_on_one_sheet_are_read_one_after_the_other() -> None:
    """The questionnaires on them have answers too short for columns of running text; the page numbers tell."""
    document = pymupdf.open()
    page = new_page(document, (842, 595))
    questions = ("Каков размер обеспечения?", "Нужен ли опыт работ?", "Есть ли аванс?")
    for left, side in ((60, "налево"), (480, "направо")):
        for number, question in enumerate(questions):
            write(page, f"{question} ({side})", (left, 80 + 60 * number))
            write(page, "☐", (left, 100 + 60 * number))
            write(page, "Да", (left + 16, 100 + 60 * number))
    write(page, "46", (40, 570), size=9)
    write(page, "47", (792, 570), size=9)
    (result,) = read(document)
    text = "\n".join(contents(result))
    assert text.index("Есть ли аванс? (налево)") < text.index("46") < text.index("Каков размер обеспечения? (направо)")


def test_two_numbers_under_a_form_do_not_make_a_book_of_it() -> None:
    document = pymupdf.open()
    page = new_page(document)
    for number in range(4):
        write(page, f"Показатель {number} за год", (70, 90 + number * 18))
        write(page, f"Значение {number}", (400, 90 + number * 18))
    write(page, "1", (70, 180))
    write(page, "2", (400, 180))
    (result,) = read(document)
    assert "<td>Показатель 2 за год</td><td>Значение 2</td>" in "\n".join(contents(result))


def test_boxes_to_tick_that_stand_apart_do_not_break_columns() -> None:
    document = pymupdf.open()
    page = new_page(document)
    for left, lines in ((60, RUSSIAN[:4]), (320, ENGLISH[:4])):
        for number, line in enumerate(lines):
            write(page, "☐", (left, 110 + 12 * number), size=8)
            write(page, line[:38], (left + 30, 110 + 12 * number), size=9)
    (result,) = read(document)
    text = "\n".join(contents(result))
    assert text.index(RUSSIAN[3][:38]) < text.index(ENGLISH[0][:38])


def test_a_form_is_read_by_rows_so_that_values_stay_beside_their_labels() -> None:
    document = pymupdf.open()
    page = new_page(document)
    rows = [
        ("Наименование заказчика:", "Администрация города Перми"),
        ("Почтовый адрес:", "614000, Пермь, ул. Ленина, 23"),
        ("Контактное лицо:", "Иванова Мария Петровна"),
        ("Начальная цена:", "1 200 000,00 рублей"),
    ]
    for number, (label, value) in enumerate(rows):
        write(page, label, (70, 90 + number * 18))
        write(page, value, (300, 90 + number * 18))
    (result,) = read(document)
    (form,) = contents(result)
    for label, value in rows:
        assert f"<tr><td>{label}</td><td>{value}</td></tr>" in form


def test_the_details_of_two_parties_are_read_one_party_after_the_other() -> None:
    """By rows the account of one would stand beside the name of the other."""
    document = pymupdf.open()
    page = new_page(document)
    write(page, "12. Адреса, реквизиты и подписи сторон", (190, 80), bold=True)
    sides = (
        ("ЗАКАЗЧИК:", "МБОУ СОШ № 14", "ИНН 9801014570", "р/с 03234643987010004800", "Директор ________ Е. П. Лысьва"),
        ("ПОСТАВЩИК:", "ООО «Кабель»", "ИНН 5902123456", "р/с 40702810500000012345", "Директор ________ И. И. Кама"),
    )
    for x, side in zip((70, 330), sides, strict=True):
        write_lines(page, side, (x, 110))
    write(page, "Приложение: спецификация товара на одном листе, составляющая часть контракта.", (70, 230))
    (result,) = read(document)
    text = "\n".join(contents(result))
    wanted = ["12. Адреса", *sides[0], *sides[1], "Приложение: спецификация"]
    places = [text.index(words) for words in wanted]
    assert places == sorted(places)


def test_an_approval_beside_the_name_of_the_annex_is_read_on_its_own() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write_lines(page, ["Приложение № 1", "к извещению № 44"], (70, 80))
    write_lines(page, ["УТВЕРЖДАЮ", "Директор Е. П. Лысьва", "«___» ________ 2026 г."], (380, 80))
    write_lines(page, RUSSIAN, (70, 200))
    (result,) = read(document)
    text = "\n".join(contents(result))
    wanted = ["Приложение № 1", "к извещению", "УТВЕРЖДАЮ", "Директор", RUSSIAN[0]]
    places = [text.index(words) for words in wanted]
    assert places == sorted(places)


def test_a_ruled_table_is_html_and_the_text_around_it_stays_around_it() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "Перечень товаров приведён в таблице.", (70, 90))
    draw_table(page, (70, 120, 350, 520), (110, 140, 170, 200))
    for row, cells in enumerate([("№", "Наименование", "Цена"), ("1", "Стол & стул", "<100>"), ("2", "Шкаф", "200")]):
        for x, cell in zip((80, 130, 360), cells, strict=True):
            write(page, cell, (x, 130 + row * 30))
    write(page, "Итого: 300 рублей.", (70, 230))
    (result,) = read(document)
    assert contents(result) == [
        "Перечень товаров приведён в таблице.",
        "<table><tr><td>№</td><td>Наименование</td><td>Цена</td></tr>"
        "<tr><td>1</td><td>Стол &amp; стул</td><td>&lt;100&gt;</td></tr>"
        "<tr><td>2</td><td>Шкаф</td><td>200</td></tr></table>",
        "Итого: 300 рублей.",
    ]
    assert only_table(result).bbox_px == pytest.approx((140, 220, 1040, 400), abs=3)


def test_merged_cells_have_spans_and_lines_in_a_cell_are_joined() -> None:
    document = pymupdf.open()
    page = new_page(document)
    shape = page.new_shape()
    for start, end in [
        ((70, 100), (370, 100)), ((170, 130), (370, 130)), ((70, 170), (370, 170)),
        ((70, 100), (70, 170)), ((170, 100), (170, 170)), ((270, 130), (270, 170)), ((370, 100), (370, 170)),
    ]:  # fmt: skip
        shape.draw_line(start, end)
    shape.finish(width=0.7)
    shape.commit()
    write(page, "Срок", (80, 120))
    write(page, "поставки", (80, 135))
    write(page, "Количество", (220, 120))
    write(page, "штук", (180, 150))
    write(page, "комплек-", (280, 145))
    write(page, "тов", (280, 160))
    (result,) = read(document)
    assert only_table(result).content == (
        '<table><tr><td rowspan="2">Срок поставки</td><td colspan="2">Количество</td></tr>'
        "<tr><td>штук</td><td>комплектов</td></tr></table>"
    )


def test_a_table_that_goes_on_on_the_next_page_is_closed() -> None:
    """Word leaves the lower line away where a row breaks over the page."""
    document = pymupdf.open()
    page = new_page(document)
    shape = page.new_shape()
    for y in (700, 730, 760):
        shape.draw_line((70, y), (470, y))
    for x in (70, 200, 470):
        shape.draw_line((x, 700), (x, 800))
    shape.finish(width=0.7)
    shape.commit()
    for row, (name, price) in enumerate([("Стол", "100"), ("Стул", "200"), ("Шкаф", "300")]):
        write(page, name, (80, 720 + row * 30))
        write(page, price, (210, 720 + row * 30))
    (result,) = read(document)
    assert only_table(result).content.endswith("<tr><td>Шкаф</td><td>300</td></tr></table>")


def test_a_frame_around_the_page_is_no_table() -> None:
    document = digital_pdf()
    page = document[0]
    draw_table(page, (20, 40, 575), (20, 822))
    (result,) = read(document)
    assert contents(result) == [" ".join(RUSSIAN)]


def test_underlined_words_are_no_table() -> None:
    document = digital_pdf()
    page = document[0]
    for y in (93, 107, 121, 136):
        page.draw_line((70, y), (300, y))
        page.draw_line((320, y), (420, y))
    assert labels(read(document)[0]) == [BlockLabel.TEXT]


def test_print_that_runs_up_a_header_cell_is_read() -> None:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (70, 110, 150, 400), (100, 200, 230))
    write(page, "Единица измерения", (95, 195), turned_deg=-90, size=9)
    write(page, "Количество", (130, 195), turned_deg=-90, size=9)
    write_lines(page, ["Наименование товара,", "работы, услуги"], (160, 130))
    for x, text in ((80, "шт"), (120, "15"), (160, "Бумага офисная формата А4")):
        write(page, text, (x, 220))
    (result,) = read(document)
    assert only_table(result).content.startswith(
        "<table><tr><td>Единица измерения</td><td>Количество</td><td>Наименование товара, работы, услуги</td></tr>"
    )


def test_running_headers_footers_and_page_numbers_are_told_from_text() -> None:
    document = pymupdf.open()
    for number in range(1, 6):
        page = new_page(document)
        write(page, "Контракт № 44/2024", (220, 40))
        write(page, f"Приложение № {number * number}", (70, 90))
        write_lines(page, RUSSIAN, (70, 120))
        write(page, "Заказчик ________  Поставщик ________", (70, 800))
        write(page, str(number), (290, 825))
    for number, result in enumerate(read(document), start=1):
        found = {block.label: block.content for block in result.blocks if block.label is not BlockLabel.TEXT}
        assert found == {
            BlockLabel.HEADER: "Контракт № 44/2024",
            BlockLabel.FOOTER: "Заказчик ________ Поставщик ________",
            BlockLabel.PAGE_NUMBER: str(number),
        }


def test_what_stands_alone_on_every_page_is_their_text() -> None:
    document = pymupdf.open()
    for number in range(1, 5):
        page = new_page(document)
        write(page, f"Разделительный лист. Том {number}.", (70, 60))
        write(page, str(number), (292, 800))
    for result in read(document):
        assert labels(result) == [BlockLabel.TEXT, BlockLabel.PAGE_NUMBER]


def test_numbered_annexes_that_each_begin_a_page_are_no_running_header() -> None:
    (first, second, third) = read(digital_pdf([[f"Приложение № {number}", "", *RUSSIAN] for number in (1, 2, 3)]))
    for result in (first, second, third):
        assert BlockLabel.HEADER not in labels(result)


def test_a_running_header_may_count_the_pages() -> None:
    document = pymupdf.open()
    for number in range(3, 9):
        page = new_page(document)
        write(page, f"Извещение № 0356300010724000012 лист {number}", (220, 40))
        write_lines(page, RUSSIAN, (70, 220))
    assert all(labels(result)[0] is BlockLabel.HEADER for result in read(document))


def test_three_pages_are_enough_for_a_footer_that_says_page_of_pages() -> None:
    document = pymupdf.open()
    for number in (1, 2, 3):
        page = new_page(document)
        write_lines(page, RUSSIAN, (70, 120))
        write(page, f"Извещение № 44 · страница {number} из 3", (220, 820))
    assert all(labels(result)[-1] is BlockLabel.FOOTER for result in read(document))


def test_a_phrase_that_begins_a_few_pages_of_many_is_text() -> None:
    document = pymupdf.open()
    for number in range(1, 13):
        page = new_page(document)
        write(
            page, "Требования к качеству:" if number % 4 == 0 else f"Раздел {'абвгдежзиклм'[number - 1] * 3}", (70, 60)
        )
        write_lines(page, RUSSIAN, (70, 300))
    assert all(BlockLabel.HEADER not in labels(result) for result in read(document))


def test_text_drawn_twice_for_false_bold_is_taken_once() -> None:
    document = pymupdf.open()
    page = new_page(document)
    for shift in (0.0, 0.4):
        write(page, "Извещение о проведении аукциона", (70 + shift, 90))
    assert contents(read(document)[0]) == ["Извещение о проведении аукциона"]


def test_sideways_text_at_the_edge_is_kept_at_the_end() -> None:
    document = digital_pdf()
    write(document[0], "Инв. № подл.", (30, 700), turned_deg=-90)
    (result,) = read(document)
    assert contents(result) == [" ".join(RUSSIAN), "Инв. № подл."]
    assert labels(result)[-1] is BlockLabel.OTHER


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_table_on_a_turned_page_reads_as_on_an_upright_one(rotation: int) -> None:
    """A landscape page as scanners and Word make it: drawn sideways, turned upright by /Rotate."""
    source = pymupdf.open()
    page = new_page(source, (842, 595))
    write(page, "Ведомость", (70, 90))
    draw_table(page, (70, 200, 400), (110, 140, 170))
    for row, cells in enumerate([("Работа", "Цена"), ("Покраска стен", "500")]):
        for x, cell in zip((80, 210), cells, strict=True):
            write(page, cell, (x, 130 + row * 30))
    turned = pymupdf.open()
    size = (595, 842) if rotation != 180 else (842, 595)
    target = new_page(turned, size)
    target.show_pdf_page(target.rect, source, 0, rotate=rotation)
    target.set_rotation(rotation)
    (result,) = read(turned)
    assert contents(result)[0] == "Ведомость"
    assert "<tr><td>Покраска стен</td><td>500</td></tr>" in only_table(result).content
    assert (result.width_px, result.height_px) == (1684, 1190)
    assert only_table(result).bbox_px == pytest.approx((140, 220, 800, 340), abs=6)


def test_a_filled_form_field_is_text() -> None:
    document = digital_pdf([["ИНН участника закупки:"]])
    widget = pymupdf.Widget()
    widget.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
    widget.rect = pymupdf.Rect(250, 75, 400, 95)
    widget.field_name = "inn"
    widget.field_value = "5902123456"
    document[0].add_widget(widget)
    assert contents(read(document)[0]) == ["ИНН участника закупки: 5902123456"]


# ---- hyphens and spaces


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["поставка оборудо-", "вания заказчику"], "поставка оборудования заказчику"),
        (["поставка оборудо\xad", "вания"], "поставка оборудования"),
        (["из-за какой-", "то задержки"], "из-за какой-то задержки"),
        (["город Санкт-", "Петербург"], "город Санкт-Петербург"),
        (["обмен XML-", "документами"], "обмен XML-документами"),
        (["организационно-", "правовая форма"], "организационно-правовая форма"),
        (["цена -", "сто рублей"], "цена - сто рублей"),
        (["страницы 12-", "15 договора"], "страницы 12-15 договора"),
        (["", "одна", ""], "одна"),
        (["Кол-", "во товара"], "Кол-во товара"),
        (["количест-", "во товара"], "количество товара"),
        (["Свердловский р-", "н города"], "Свердловский р-н города"),
        (["Щит распределительны", "й навесной"], "Щит распределительный навесной"),
        (["Монитор жидкокристалличе", "ский"], "Монитор жидкокристаллический"),
        (["указаны в", "них и", "ими"], "указаны в них и ими"),
        (["длина", "м"], "длина м"),
    ],
)
def test_words_parted_at_line_ends_are_whole_again(lines: Sequence[str], joined: str) -> None:
    assert join_lines([clean(line) for line in lines]) == joined


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["1 234 56", "7,89"], "1 234 567,89"),
        (["1 234 567,", "89"], "1 234 567,89"),
        (["1 234", "567,89"], "1 234 567,89"),
        (["5", "10,00"], "5 10,00"),
        (["100,00", "200,00"], "100,00 200,00"),
    ],
)
def test_a_number_that_a_narrow_column_cut_is_whole_again(lines: list[str], joined: str) -> None:
    assert join_cell_lines(lines, HyphenHabits()) == joined


def test_the_hyphens_of_an_address_stay() -> None:
    lines = ["адрес https://zakupki.gov.ru/223/ecp-non-", "public-upload для загрузки", *["постав-", "щик"] * 4]
    joined = join_lines(lines, HyphenHabits.of(lines))
    assert joined.startswith("адрес https://zakupki.gov.ru/223/ecp-non-public-upload для загрузки поставщик")


def test_bold_words_in_the_middle_of_a_sentence_do_not_part_it() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "– сведения размещаются по адресу, который указан ниже:", (70, 76))
    write(page, "– https://int223.zakupki.gov.ru/223/integration/upload или", (70, 90), bold=True)
    write(page, "для загрузки в хранилище файлов, подлежащих размещению на сайте", (70, 104))
    write(page, "https://int.zakupki.gov.ru/upload", (70, 118), bold=True)
    write(page, "ОБЩИЕ ПОЛОЖЕНИЯ", (240, 132), bold=True)
    write_lines(page, RUSSIAN[:2], (70, 146))
    (result,) = read(document)
    assert len(contents(result)) == 4
    assert contents(result)[1].endswith("размещению на сайте https://int.zakupki.gov.ru/upload")


def test_a_page_without_automatic_hyphenation_keeps_the_hyphens_of_its_lines() -> None:
    lines = ["длинная строка без переноса", *["ещё одна такая строка"] * 30, "адрес file-"]
    assert join_lines(["адрес file-", "upload"], HyphenHabits.of(lines)) == "адрес file-upload"
    assert join_lines(["адрес file-", "upload"], HyphenHabits.of([*lines, "fileupload"])) == "адрес fileupload"


def test_boxes_to_tick_are_no_lines_that_could_have_parted_words() -> None:
    lines = ["строка без переноса"] * 15 + ["постав-", "щик"]
    assert join_lines(lines[-2:], HyphenHabits.of(lines + ["☐"] * 60)) == "поставщик"


@pytest.mark.parametrize(
    ("drawn", "read_as"),
    [
        ("\ufffd \x84 Да, на уровне региона", "• Да, на уровне региона"),
        ("\uf0b7 копия устава", "• копия устава"),
        ("\uf123\tкопия устава", "• копия устава"),
        ("ООО \x93Ромашка\x94 \x97 поставщик\x8a", "ООО “Ромашка” — поставщик"),
        ("\uf123", "\uf123"),
    ],
)
def test_characters_that_no_font_explains_are_bullets_or_punctuation(drawn: str, read_as: str) -> None:
    assert clean(drawn) == read_as


@given(st.text(max_size=60))
def test_cleaning_leaves_single_spaces_and_is_done_once(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == clean(cleaned)
    assert cleaned == " ".join(cleaned.split(" "))
    assert "  " not in cleaned


# ---- grids of lines

edges = st.lists(st.integers(1, 60), min_size=2, max_size=7).map(
    lambda steps: [10.0 + sum(steps[:i]) * 8.0 for i in range(len(steps) + 1)]
)


def lines_of(xs: list[float], ys: list[float]) -> tuple[list[Rule], list[Rule]]:
    return [Rule(y, xs[0], xs[-1]) for y in ys], [Rule(x, ys[0], ys[-1]) for x in xs]


def spans(grid: Grid) -> set[tuple[int, int, int, int]]:
    return {cell[:4] for cell in grid.cells}


@given(edges, edges)
def test_any_full_grid_is_found_cell_by_cell(xs: list[float], ys: list[float]) -> None:
    (grid,) = grids_of(*lines_of(xs, ys))
    assert spans(grid) == {(row, column, 1, 1) for row in range(len(ys) - 1) for column in range(len(xs) - 1)}


@given(edges, edges, st.data())
def test_a_merged_cell_has_its_spans(xs: list[float], ys: list[float], data: st.DataObject) -> None:
    top = data.draw(st.integers(0, len(ys) - 2))
    left = data.draw(st.integers(0, len(xs) - 2))
    bottom = data.draw(st.integers(top + 1, len(ys) - 1))
    right = data.draw(st.integers(left + 1, len(xs) - 1))
    inside = (right - left) * (bottom - top)
    if (top, bottom) == (0, len(ys) - 1) or (left, right) == (0, len(xs) - 1):
        return  # without its inner lines this grid has other rows or columns
    across = [
        rule
        for y in ys
        for rule in (
            [Rule(y, xs[0], xs[left]), Rule(y, xs[right], xs[-1])]
            if ys[top] < y < ys[bottom]
            else [Rule(y, xs[0], xs[-1])]
        )
        if rule.end > rule.start
    ]
    down = [
        rule
        for x in xs
        for rule in (
            [Rule(x, ys[0], ys[top]), Rule(x, ys[bottom], ys[-1])]
            if xs[left] < x < xs[right]
            else [Rule(x, ys[0], ys[-1])]
        )
        if rule.end > rule.start
    ]
    (grid,) = grids_of(across, down)
    assert (top, left, bottom - top, right - left) in spans(grid)
    assert len(grid.cells) == (len(xs) - 1) * (len(ys) - 1) - inside + 1


@given(edges, edges, st.floats(-1.0, 1.0), st.booleans())
def test_double_lines_and_lines_drawn_cell_by_cell_are_one_grid(
    xs: list[float], ys: list[float], shift: float, piecewise: bool
) -> None:
    across, down = lines_of(xs, ys)
    if piecewise:
        across = [Rule(y, a + 0.3, b - 0.3) for y in ys for a, b in pairwise(xs)]
    doubled = [Rule(rule.at + shift, rule.start, rule.end) for rule in across]
    (grid,) = grids_of([*across, *doubled], down)
    assert len(grid.cells) == (len(xs) - 1) * (len(ys) - 1)


def test_a_drawing_with_thousands_of_lines_is_left_alone() -> None:
    lines = [Rule(i * 8.0, 0, 1000) for i in range(1600)]
    assert grids_of(lines, lines) == []


def test_graph_paper_is_no_table() -> None:
    lines = [Rule(i * 6.0, 0, 1000) for i in range(150)]
    assert grids_of(lines, lines) == []
    assert len(grids_of(lines[:100], lines[:100])) == 1
