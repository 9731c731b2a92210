"""Given the blocks of a page, this Markdown comes out."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult, PageStatus
from ocr_tasks.markdown import document_page, escape, front_matter, page_markdown

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
