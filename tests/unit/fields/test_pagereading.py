"""A page as finders look at it: every place of its text leads back to a block, a cell, a line and a box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, Line
from tenderlake.fields.pagereading import LONGEST_CELL, NOWHERE, PageReading, clean
from tests.pageresults import page_result

pytestmark = pytest.mark.unit


def reading(*blocks: Block) -> PageReading:
    return PageReading.of(page_result(*blocks, size_px=(1000, 1000)), is_ocr=False)


def table(html: str) -> Block:
    return Block(label=BlockLabel.TABLE, bbox_px=(0, 0, 90, 90), content=html, content_format=ContentFormat.HTML)


def text(content: str, *lines: tuple[str, float]) -> Block:
    placed = tuple(Line(text=words, bbox_px=(10, top, 200, top + 9)) for words, top in lines)
    return Block(label=BlockLabel.TEXT, bbox_px=(5, 5, 300, 300), content=content, lines=placed)


def test_rows_are_lines_and_cells_are_parted_by_tabs_but_lines_in_cells_can_be_seen() -> None:
    page = reading(text("До"), table("<table><tr><td>ИНН<br>КПП</td><td>1</td></tr><tr><td>2</td><td/></tr></table>"))
    assert page.text == "До\n\nИНН КПП\t1\n2\t"
    assert page.lined_text == "До\n\nИНН\nКПП\t1\n2\t"


def test_every_cell_knows_its_place_and_its_neighbours() -> None:
    page = reading(
        text("До"),
        table("<table><tr><td colspan=2>а</td><td>б</td></tr><tr><td>в</td><td></td><td>г</td></tr></table>"),
    )
    place = page.cell_at(page.text.index("в"))
    assert place is not None
    grid, cell = place

    def said(cells: object) -> list[str]:
        return [page.text[one.start : one.end] for one in cells]  # type: ignore[attr-defined]

    right = grid.right_of(cell)
    assert right is not None
    assert said([right]) == ["г"]
    assert said(grid.left_of(right)) == ["", "в"]
    assert said(grid.above(right)) == ["б"]
    assert said(grid.above(cell)) == ["а"]
    assert page.cell_at(0) is None


def test_a_value_is_boxed_by_its_lines_else_by_its_block() -> None:
    page = reading(text("Адрес школы\nг. Москва", ("Адрес школы", 20), ("г. Москва", 40)), text("без строк"))
    assert page.box_of(page.text.index("г."), page.text.index("г.") + 2) == (10, 40, 200, 49)
    assert page.box_of(0, page.text.index("Москва")) == (10, 20, 200, 49)
    assert page.box_of(page.text.index("без"), page.text.index("без") + 3) == (5, 5, 300, 300)
    assert page.box_of(len(page.text) + 5, len(page.text) + 9) == NOWHERE


def test_lines_that_were_joined_keep_their_places() -> None:
    lines = (("для государствен-", 20), ("ных нужд, в том", 40), ("числе школы", 60))
    page = reading(text("для государственных нужд, в том числе школы", *lines))
    for word, top in (("для", 20), ("нужд", 40), ("школы", 60)):
        assert page.box_of(page.text.index(word), page.text.index(word) + len(word))[1] == top


@given(
    st.lists(st.text("аб 1\n-\u00ad\u00a0", max_size=12), max_size=6),
    st.lists(st.text("аб 1\n-", max_size=9), max_size=6),
)
def test_any_lines_give_places_within_their_block(contents: list[str], lines: list[str]) -> None:
    page = reading(*(text(content, *((line, 10.0) for line in lines)) for content in contents))
    assert len(page.text) == len(page.lined_text)
    for line in page.lines:
        assert 0 <= line.start <= line.end <= len(page.text)
    starts = [line.start for line in page.lines]
    assert starts == sorted(starts)


def test_cells_beyond_all_measure_are_cut_for_the_search() -> None:
    page = reading(table(f"<table><tr><td>{'7' * 1_000_000}</td><td>ИНН</td></tr></table>"))
    assert len(page.text) == LONGEST_CELL + len("\tИНН")


def test_clean_text_keeps_what_means_something() -> None:
    assert clean("№ м² Пе\u0301тр ин\u00adн") == "№ м² Петр инн"
    assert clean("П Р О Т О К О Л") == "ПРОТОКОЛ"
