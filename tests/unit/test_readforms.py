"""Labels and values that OCR read as two columns of blocks are put beside each other."""

from __future__ import annotations

import pytest

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, Line, PageResult
from ocr_tasks.htmltables import parse_html_table
from tenderlake.readforms import with_forms
from tests.pageresults import page_result

pytestmark = pytest.mark.unit

LABELS = ("Номер извещения", "Способ закупки", "Начальная (максимальная) цена", "Валюта")
VALUES = ("0198300004526000123", "Электронный аукцион", "1284350.40", "Российский рубль")


def block_of(texts: tuple[str, ...], x: int, top: int, *, label: BlockLabel = BlockLabel.TEXT) -> Block:
    """A block of lines one under the other, 60 pixels apart."""
    lines = tuple(
        Line(text=text, bbox_px=(x, top + 60 * place, x + 18 * len(text), top + 60 * place + 40))
        for place, text in enumerate(texts)
    )
    box = (x, top, max(line.bbox_px[2] for line in lines), lines[-1].bbox_px[3])
    return Block(label=label, bbox_px=box, content="\n".join(texts), lines=lines)


def page_of(*blocks: Block) -> PageResult:
    return page_result(*blocks, size_px=(2480, 3508))


def test_two_columns_of_a_form_become_one_table_where_the_first_stood() -> None:
    page = page_of(
        block_of(("Извещение о закупке",), 900, 100),
        block_of(
            (*LABELS, "Закупка проводится среди субъектов малого и среднего предпринимательства города"), 300, 300
        ),
        block_of(VALUES, 1300, 304),
        block_of(("Контрактный управляющий Рыбакова А. Л.",), 300, 900),
    )
    title, form, rest, last = with_forms(page).blocks
    assert title == page.blocks[0]
    assert form.content_format is ContentFormat.HTML
    cells = [cell.text for cell in parse_html_table(form.content).cells]
    assert cells == [text for pair in zip(LABELS, VALUES, strict=True) for text in pair]
    assert form.bbox_px == pytest.approx((300, 300, 1300 + 18 * len(VALUES[0]), 524))
    assert rest.content.startswith("Закупка проводится")
    assert rest.bbox_px[1] == 300 + 4 * 60
    assert last == page.blocks[3]


def test_a_page_without_a_form_stays_as_it_is() -> None:
    page = page_of(block_of(("Поставщик обязуется передать товар", "в собственность заказчика"), 300, 300))
    assert with_forms(page) is page


def test_tables_that_an_engine_saw_itself_are_left_alone() -> None:
    table = Block(
        label=BlockLabel.TABLE,
        bbox_px=(0, 0, 900, 300),
        content="<table><tr><td>Валюта</td><td>Российский рубль</td></tr></table>",
        content_format=ContentFormat.HTML,
    )
    page = page_of(table)
    assert with_forms(page) is page
