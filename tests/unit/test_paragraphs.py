"""Given the lines of a page read by OCR, these paragraphs come out."""

from __future__ import annotations

import pytest

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, Line
from tenderlake.paragraphs import with_joined_lines
from tests.pageresults import page_result

pytestmark = pytest.mark.unit


def content(*lines: tuple[str, float], label: BlockLabel = BlockLabel.TEXT) -> str:
    """The content of a block 1000 px wide after joining; each line with its right edge."""
    block = Block(
        label=label,
        bbox_px=(0, 0, 1000, 40 * len(lines)),
        content="\n".join(text for text, _ in lines),
        lines=tuple(Line(text=text, bbox_px=(0, 40 * n, right, 40 * n + 30)) for n, (text, right) in enumerate(lines)),
    )
    return with_joined_lines(page_result(block, size_px=(1000, 1000))).blocks[0].content


def test_a_sentence_over_lines_is_one_and_its_words_are_whole() -> None:
    assert (
        content(("Комиссия в составе: электромонтёр Чернов, про-", 1000), ("извела осмотр сетей.", 400))
        == "Комиссия в составе: электромонтёр Чернов, произвела осмотр сетей."
    )


def test_requisites_keep_their_lines() -> None:
    lines = (("ИНН 9801014570", 400), ("счёт 03234643987010004800", 700), ("Банк: Отделение", 500))
    assert content(*lines) == "\n".join(text for text, _ in lines)


def test_rows_of_a_table_taken_for_text_keep_their_lines() -> None:
    lines = (("1 Светильники с лампами шт 250", 1000), ("2 Выключатели и розетки шт 224", 1000))
    assert content(*lines) == "\n".join(text for text, _ in lines)


def test_tables_are_left_alone() -> None:
    lines = (("неисправны, шт", 1000), ("мерцают", 300))
    assert content(*lines, label=BlockLabel.TABLE) == "неисправны, шт\nмерцают"


def test_the_number_of_a_law_is_not_parted() -> None:
    assert content(("в соответствии с Законом № 44-", 1000), ("фз", 100)) == "в соответствии с Законом № 44-фз"


def test_lines_of_a_cell_are_joined_where_the_engine_told_them() -> None:
    def table(*lines: str) -> str:
        block = Block(
            label=BlockLabel.TABLE,
            bbox_px=(0, 0, 100, 100),
            content="<table><tr><td>Наимено-<br>вание</td><td>шт.</td></tr></table>",
            content_format=ContentFormat.HTML,
            lines=tuple(Line(text=text, bbox_px=(0, 0, 10, 10)) for text in lines),
        )
        return with_joined_lines(page_result(block, size_px=(1000, 1000))).blocks[0].content

    assert "<td>Наименование</td>" in table("Наимено-", "вание", "шт.")
    assert "<td>Наимено-<br>вание</td>" in table()
