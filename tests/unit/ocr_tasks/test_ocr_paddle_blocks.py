"""Given what the PaddleOCR-VL pipeline found on a page, these are its blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import Block, BlockLabel, ContentFormat
from ocr_tasks.engines.paddleocr_vl_blocks import clean_table, clean_text, clipped_box, page_blocks
from ocr_tasks.htmltables import parse_html_table

pytestmark = pytest.mark.unit

LABELS = (
    "abstract algorithm aside_text chart content display_formula doc_title figure_title footer footer_image footnote "
    "formula_number header header_image image inline_formula number paragraph_title reference reference_content seal "
    "table text vertical_text vision_footnote"
)
WIDTH_PX, HEIGHT_PX = 1000, 1400


@dataclass
class Found:
    """What ``PaddleOCRVLBlock`` holds."""

    label: str
    content: str = ""
    bbox: tuple[float, ...] = (100, 200, 900, 300)
    group_id: int | None = None
    polygon_points: Iterable[Iterable[float]] | None = None


def blocks_of(*found: Found, **layout: Any) -> tuple[Block, ...]:
    return page_blocks({"parsing_res_list": list(found), **layout}, width_px=WIDTH_PX, height_px=HEIGHT_PX)


def block_of(label: str, content: str = "") -> Block:
    return blocks_of(Found(label, content))[0]


def test_the_order_of_the_list_is_the_reading_order() -> None:
    found = [Found("table", "вторая", bbox=(0, 500, 9, 600)), Found("text", "первая", bbox=(0, 10, 9, 20))]
    assert [block.content for block in blocks_of(*found)] == ["вторая", "первая"]


@pytest.mark.parametrize("label", LABELS.split())
def test_every_label_of_the_layout_model_is_known(label: str) -> None:
    assert block_of(label, "x").label is not BlockLabel.OTHER or label in ("aside_text", "formula_number")


def test_a_label_that_nobody_knows_is_still_a_block() -> None:
    block = block_of("hologram", "12-34")
    assert (block.label, block.content) == (BlockLabel.OTHER, "12-34")


@pytest.mark.parametrize(
    ("label", "expected", "level"),
    [("doc_title", BlockLabel.TITLE, 1), ("paragraph_title", BlockLabel.HEADING, 2), ("text", BlockLabel.TEXT, None)],
)
def test_headings_have_their_level(label: str, expected: BlockLabel, level: int | None) -> None:
    block = block_of(label, "Предмет договора")
    assert (block.label, block.heading_level) == (expected, level)


@pytest.mark.parametrize("written", ["## Предмет договора", "# Предмет договора", " ###  Предмет договора"])
def test_the_mark_of_a_heading_is_taken_off(written: str) -> None:
    assert block_of("paragraph_title", written).content == "Предмет договора"


def test_a_number_sign_that_is_print_stays() -> None:
    assert block_of("paragraph_title", "#3 по списку").content == "#3 по списку"
    assert block_of("text", "# не заголовок").content == "# не заголовок"


def test_headers_footers_and_notes_stay_in_the_page() -> None:
    found = [
        Found("header", "ООО «Ромашка»"),
        Found("number", "7"),
        Found("footnote", "1 См. п. 2"),
        Found("footer", "стр."),
    ]
    assert [block.label for block in blocks_of(*found)] == [
        BlockLabel.HEADER,
        BlockLabel.PAGE_NUMBER,
        BlockLabel.FOOTNOTE,
        BlockLabel.FOOTER,
    ]


@pytest.mark.parametrize("label", ["image", "chart", "seal", "header_image", "footer_image"])
def test_what_was_not_read_is_an_empty_block(label: str) -> None:
    block = block_of(label)
    assert (block.content, block.content_format) == ("", ContentFormat.TEXT)
    assert block.label in (BlockLabel.PICTURE, BlockLabel.SEAL)


def test_nothing_is_made_up_where_the_model_says_nothing() -> None:
    block = block_of("text", "Текст")
    assert block.confidence is None
    assert block.layout_score is None
    assert block.polygon_px is None
    assert block.lines == ()


def test_the_score_of_the_layout_model_is_found_by_the_box() -> None:
    layout = {"boxes": [{"coordinate": [1.7, 2, 3, 4], "score": 0.5}, {"coordinate": [10, 20, 30, 40], "score": 0.9}]}
    blocks = blocks_of(
        Found("text", "x", bbox=(10, 20, 30, 40)), Found("text", "y", bbox=(1, 2, 3, 4)), layout_det_res=layout
    )
    assert [block.layout_score for block in blocks] == [0.9, 0.5]


def test_parts_that_were_read_together_are_one_block_around_all() -> None:
    left, right = (50, 100, 480, 400), (520, 90, 950, 420)
    layout = {"boxes": [{"coordinate": list(left), "score": 0.9}, {"coordinate": list(right), "score": 0.7}]}
    blocks = blocks_of(
        Found("text", "Левый и правый столбец", bbox=left, group_id=0, polygon_points=[(50, 100), (480, 100), (9, 9)]),
        Found("text", "", bbox=right, group_id=0),
        Found("text", "Дальше", group_id=2),
        layout_det_res=layout,
    )
    assert [block.content for block in blocks] == ["Левый и правый столбец", "Дальше"]
    assert blocks[0].bbox_px == (50, 90, 950, 420)
    assert blocks[0].layout_score == 0.7
    assert blocks[0].polygon_px is None


def test_a_polygon_is_kept_within_the_page() -> None:
    block = blocks_of(Found("text", "x", polygon_points=[[-5, 10], [1200, 10], [700, 1500]]))[0]
    assert block.polygon_px == ((0, 10), (1000, 10), (700, 1400))


@pytest.mark.parametrize("points", [[], [[1, 2], [3, 4]], [[1, 2], [3, float("nan")], [5, 6]]])
def test_a_polygon_that_is_none_is_left_out(points: list[list[float]]) -> None:
    assert blocks_of(Found("text", "x", polygon_points=points))[0].polygon_px is None


@pytest.mark.parametrize(
    "written",
    ["$$ E = mc^2 $$", "\\[E = mc^2\\]", "\\( E = mc^2 \\)", "$E = mc^2$", " $$ E = mc^2 $$  ", "E = mc^2"],
)
def test_a_formula_is_latex_without_its_wrapping(written: str) -> None:
    block = block_of("display_formula", written)
    assert (block.content, block.content_format) == ("E = mc^2", ContentFormat.LATEX)


def test_several_formulas_in_a_block_are_a_line_each() -> None:
    assert block_of("display_formula", "$$ a = b $$  $$ c = d $$").content == "a = b\nc = d"


def test_what_only_looks_like_wrapping_stays_in_a_formula() -> None:
    matrix = "\\begin{matrix} 1 \\\\[2pt] 2 \\end{matrix} = 5\\$"
    assert block_of("display_formula", f"$${matrix}$$").content == matrix


def test_a_table_is_nothing_but_a_table() -> None:
    block = block_of(
        "table",
        '<html><body><table border=1 style="x"><thead><tr><th onclick="steal()">Цена</th><th colspan="2">НДС</th></tr>'
        "</thead><tr><td rowspan=2><b>100</b></td><td><img src=x onerror=alert(1)>20</td><td>a&lt;b</td></tr>"
        "<tr><td><script>alert(1)</script></td><td>3</td></tr></table>",
    )
    assert block.content_format is ContentFormat.HTML
    assert block.content.replace("\n", "") == (
        '<table><tr><th>Цена</th><th colspan="2">НДС</th></tr>'
        '<tr><td rowspan="2">100</td><td>20</td><td>a&lt;b</td></tr>'
        "<tr><td>&lt;script&gt;alert(1)&lt;/script&gt;</td><td>3</td></tr></table>"
    )


def test_signs_that_only_look_like_tags_are_kept() -> None:
    cells = parse_html_table(
        clean_table("<table><tr><td>x<y</td><td>5 < 6 <б></td><td><!-- <![foo</td></tr></table>")
    ).cells
    assert [cell.text for cell in cells] == ["x<y", "5 < 6 <б>", "<!-- <![foo"]


def test_a_table_without_cells_is_its_text() -> None:
    block = block_of("table", "Спецификация прилагается")
    assert (block.label, block.content, block.content_format) == (
        BlockLabel.TABLE,
        "Спецификация прилагается",
        ContentFormat.TEXT,
    )


def test_a_chart_that_was_read_is_a_table() -> None:
    block = block_of("chart", "Год | Сумма\n2024 | 1 < 2\n2025 | 7")
    assert (block.label, block.content_format) == (BlockLabel.TABLE, ContentFormat.HTML)
    table = parse_html_table(block.content)
    assert [cell.text for cell in table.cells] == ["Год", "Сумма", "2024", "1 < 2", "2025", "7"]
    assert [cell.is_header for cell in table.cells[:3]] == [True, True, False]


def test_what_is_no_text_is_taken_out() -> None:
    assert clean_text(" а\x00б\ud800в\r\nг\x1b[31m\ufffe\td \n") == "абв\nг[31m\td"


@given(st.text())
def test_every_text_can_be_written_as_json_and_read_back(text: str) -> None:
    block = block_of("text", text)
    assert Block.model_validate_json(block.model_dump_json()) == block
    json.dumps(block.content).encode()


@given(st.text(alphabet="<>/!?[]tdrhabscipt=\"' 12\n&;Пx", max_size=200))
def test_nothing_that_a_model_writes_as_a_table_gets_out_of_it(source: str) -> None:
    cleaned = clean_table(f"<table><tr><td>{source}")
    for tag in cleaned.split("<")[1:]:
        name = tag.partition(">")[0].strip("/").split(" ")[0]
        assert name in ("table", "tr", "td", "th", "br")


EDGES = st.floats(allow_nan=True, allow_infinity=True)


@given(st.tuples(EDGES, EDGES, EDGES, EDGES))
def test_every_box_is_on_its_page(box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = clipped_box(box, WIDTH_PX, HEIGHT_PX)
    assert 0 <= x0 <= x1 <= WIDTH_PX
    assert 0 <= y0 <= y1 <= HEIGHT_PX
