"""Given the blocks of a page, this Markdown comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape as escape_html
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import ValidationError

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult, PageStatus
from ocr_tasks.markdown import document_page, front_matter, page_markdown
from ocr_tasks.markdowntext import escape

pytestmark = pytest.mark.unit


def page(*blocks: Block, **facts: object) -> PageResult:
    values: dict[str, object] = {
        "page_key": "k",
        "document_id": "d",
        "page_number": 1,
        "status": PageStatus.DONE,
        "engine": "null",
        "engine_version": "1",
        "width_px": 100,
        "height_px": 100,
        "blocks": blocks,
    }
    return PageResult.model_validate(values | facts)


def block(label: BlockLabel, content: str, **facts: object) -> Block:
    return Block.model_validate({"label": label, "bbox_px": (0, 0, 1, 1), "content": content} | facts)


def test_headings_paragraphs_and_lists_keep_their_order() -> None:
    result = page_markdown(
        page(
            block(BlockLabel.TITLE, "ИЗВЕЩЕНИЕ\nо закупке"),
            block(BlockLabel.TEXT, "Заказчик: МБОУ СОШ № 7\nг. Киров"),
            block(BlockLabel.LIST_ITEM, "• Кабель ВВГ 3×2,5"),
            block(BlockLabel.LIST_ITEM, "3.2. Срок поставки"),
            block(BlockLabel.HEADING, "Цена", heading_level=3),
        )
    )
    assert result == (
        "# ИЗВЕЩЕНИЕ о закупке\n\nЗаказчик: МБОУ СОШ № 7  \nг. Киров\n\n"
        "- Кабель ВВГ 3×2,5\n- 3.2. Срок поставки\n\n### Цена"
    )


@pytest.mark.parametrize("mark", ["•", "–", "−", "⎯", "o", "➢", "-"])
def test_the_mark_of_an_item_becomes_that_of_markdown(mark: str) -> None:
    assert page_markdown(page(block(BlockLabel.LIST_ITEM, f"{mark} копия устава"))) == "- копия устава"


def test_a_box_that_is_ticked_stays() -> None:
    assert page_markdown(page(block(BlockLabel.LIST_ITEM, "☑ субъект МСП"))) == "- ☑ субъект МСП"


def test_running_headers_are_left_out() -> None:
    text = page_markdown(
        page(
            block(BlockLabel.HEADER, "Документация об аукционе"),
            block(BlockLabel.TEXT, "Текст"),
            block(BlockLabel.PAGE_NUMBER, "7"),
        )
    )
    assert text == "Текст"


def test_simple_table_becomes_gfm_and_spans_stay_html() -> None:
    simple = "<table><tr><th>Товар</th><th>Цена</th></tr><tr><td>Кабель | 3×2,5</td><td>1 234,56</td></tr></table>"
    spans = "<table><tr><td colspan=2>Итого</td></tr><tr><td>1</td><td>2</td></tr></table>"
    result = page_markdown(
        page(
            block(BlockLabel.TABLE, simple, content_format=ContentFormat.HTML),
            block(BlockLabel.TABLE, spans, content_format=ContentFormat.HTML),
        )
    )
    assert "| Товар | Цена |\n| --- | --- |\n| Кабель \\| 3×2,5 | 1 234,56 |" in result
    assert '<tr><td colspan="2">Итого</td></tr>' in result


def test_html_of_a_document_never_becomes_html_of_ours() -> None:
    hostile = "<table><tr><td><script>alert(1)</script><img src=x onerror=y>цена</td></tr></table>"
    result = page_markdown(
        page(
            block(BlockLabel.TABLE, hostile, content_format=ContentFormat.HTML),
            block(BlockLabel.TEXT, "<script>alert(2)</script>\n# не заголовок\n> не цитата"),
        )
    )
    assert "<script" not in result
    assert "<img" not in result
    assert "\\# не заголовок" in result
    assert "\\> не цитата" in result


def test_failed_page_says_why_in_the_document() -> None:
    failed = page(status=PageStatus.FAILED, reason="the image does not decode", page_number=3)
    text = document_page(failed, "")
    assert "<!-- page 3 -->" in text
    assert "could not be read:** the image does not decode" in text


@given(st.text())
def test_front_matter_values_stay_on_their_line(value: str) -> None:
    lines = front_matter({"source": value, "missing": None}).split("\n")
    assert lines[0] == lines[2] == "---"
    assert lines[1].startswith('source: "')
    assert len(lines) == 4


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("имя\u2028---\u2029.pdf")
@example("имя\x7f\x80\x85\ufeff\ufffe.pdf")
def test_front_matter_has_only_what_yaml_may_hold_and_loses_nothing(value: str) -> None:
    line = front_matter({"source": value}).split("\n")[1]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", line)
    assert json.loads(line.removeprefix("source: ")) == value


def test_blanks_to_fill_in_stay_readable() -> None:
    assert (
        escape("КОНТРАКТ № ____________ от «__» ______ 2026 г.") == "КОНТРАКТ № ____________ от «\\_\\_» ______ 2026 г."
    )
    assert escape("имя_файла") == "имя_файла"
    assert escape("________") == "\\________"


@given(st.text(alphabet="аб<>&;#lt*_`\\[]()!-+ \n1.|~=\"'"))
def test_a_commonmark_reader_shows_escaped_text_and_no_markup_of_the_document(text: str) -> None:
    html = MarkdownIt("commonmark").render(escape(text))
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert not tags & {"script", "img", "h1", "h2", "h3", "em", "strong", "blockquote", "hr"}
    shown = unescape(re.sub(r"<[^>]+>", "", html))
    assert [c for c in shown if c in "аб<&"] == [c for c in text if c in "аб<&"]


HOSTILE = (
    "![](http://evil.example/t.png)",
    "[see](http://evil.example)",
    "[1]: http://evil.example/a",
    "<img src=x onerror=alert(1)>",
    "x\n\n<img src=x onerror=alert(1)>\n\n<!-- page 99 -->",
    "a*b*c `code` <b>d</b> \\| e | f",
    "$$\n\n<script>alert(1)</script>\n\n$$",
    "<!-- page 99 -->",
    "[a\nb]: http://evil.example",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "made",
    [
        lambda text: block(BlockLabel.TEXT, text),
        lambda text: block(BlockLabel.HEADING, text),
        lambda text: block(BlockLabel.LIST_ITEM, text),
        lambda text: block(BlockLabel.SEAL, text),
        lambda text: block(BlockLabel.FORMULA, text, content_format=ContentFormat.LATEX),
        lambda text: table_of([text, "b"], ["c", "d"]),
        lambda text: table_of([text, "b"], ["c"], span=2),
    ],
    ids=["text", "heading", "list", "seal", "formula", "table", "table with spans"],
)
def test_nothing_of_a_document_becomes_a_picture_a_link_or_a_page_mark(made: Callable[[str], Block], text: str) -> None:
    markdown = page_markdown(page(made(text), block(BlockLabel.TEXT, "[1] [see][1]")))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    assert not re.search(r"<(?:img|a|script|b)\b", html)
    assert "<!--" not in html


def table_of(*rows: list[str], span: int = 1) -> Block:
    cells = "".join(
        f"<tr>{''.join(f'<td colspan={span}>{escape_html(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return block(BlockLabel.TABLE, f"<table>{cells}</table>", content_format=ContentFormat.HTML)


def test_the_text_of_a_cell_is_shown_as_it_is() -> None:
    text = "a*b* `c` [d](e) \\| f | g"
    html = MarkdownIt("commonmark").enable("table").render(page_markdown(page(table_of([text, "b"], ["c", "d"]))))
    assert unescape(re.sub("<[^>]*>", "", html.split("</th>")[0])).strip() == text


def test_a_formula_keeps_its_meaning() -> None:
    source = "\\[ a < b, \\quad c<d \\]"
    assert "a < b" in page_markdown(page(block(BlockLabel.FORMULA, source, content_format=ContentFormat.LATEX)))
    assert "c\\lt d" in page_markdown(page(block(BlockLabel.FORMULA, source, content_format=ContentFormat.LATEX)))


def test_a_flag_is_a_name_and_nothing_else() -> None:
    with pytest.raises(ValidationError):
        page(quality_flags=("x --><script>alert(1)</script>",))


def test_a_sparse_table_makes_no_grid_of_millions() -> None:
    source = "<table><tr>" + "<td>x" * 4000 + "</tr>" + "<tr><td>y" * 4000 + "</table>"
    markdown = page_markdown(page(block(BlockLabel.TABLE, source, content_format=ContentFormat.HTML)))
    assert len(markdown) < 20 * len(source)
    assert markdown.count("x</td>") + markdown.count("y</td>") == 8000
