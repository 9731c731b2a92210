"""Markdown of pages and documents: what people read, so it is made to be read.

Text comes from hostile files and from models: it is escaped so that it shows as text and never as markup or HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, PageResult, PageStatus
from ocr_tasks.htmltables import ParseTable, parse_html_table, table_markdown
from ocr_tasks.markdowntext import escape, formula

_RUNNING = frozenset({BlockLabel.HEADER, BlockLabel.FOOTER, BlockLabel.PAGE_NUMBER})
"""Stand in the blocks of a page and are left out of the Markdown: they would interrupt sentences over pages."""

# The Latin letter o is Word's second bullet.
_LIST_MARK = re.compile(r"^\s*(?:[•·▪◦●○■‣►➢❖⁃–—―‒−⎯o-]|(?P<number>\d{1,3}(?:\.\d{1,3})*[.)]?))\s+")


def page_markdown(page: PageResult, parse: ParseTable = parse_html_table) -> str:
    """The Markdown of one page; blocks are parted by a blank line, list items follow each other."""
    parts: list[str] = []
    previous: BlockLabel | None = None
    for block in page.blocks:
        if block.label in _RUNNING:
            continue
        text = _block(block, parse)
        if not text:
            continue
        is_next_item = previous is block.label is BlockLabel.LIST_ITEM
        parts.append(("\n" if is_next_item else "\n\n") + text)
        previous = block.label
    return "".join(parts).strip("\n")


def _block(block: Block, parse: ParseTable) -> str:
    if block.content_format is ContentFormat.HTML:
        return table_markdown(parse(block.content))
    if block.content_format is ContentFormat.LATEX:
        return formula(block.content)
    return _RENDERERS.get(block.label, _paragraph)(block)


def _paragraph(block: Block) -> str:
    lines = [line.strip() for line in block.content.strip().splitlines() if line.strip()]
    # Two spaces keep the line break: requisites and addresses are read by their lines.
    return "  \n".join(escape(line) for line in lines)


def _heading(block: Block) -> str:
    default = 1 if block.label is BlockLabel.TITLE else 2
    text = escape(" ".join(block.content.split()))
    return f"{'#' * (block.heading_level or default)} {text}" if text else ""


def _list_item(block: Block) -> str:
    text = " ".join(block.content.split())
    match = _LIST_MARK.match(text)
    if match is None:
        return f"- {escape(text)}"
    rest = escape(text[match.end() :])
    # A clause number is part of the text («3.2.»): as a list of its own it would be counted anew.
    return f"- {match['number']} {rest}" if match["number"] else f"- {rest}"


def _picture(block: Block) -> str:
    text = " ".join(block.content.split())
    name = "Seal" if block.label is BlockLabel.SEAL else "Picture"
    return f"*[{name}: {escape(text)}]*" if text else f"*[{name}]*"


_RENDERERS: Mapping[BlockLabel, Callable[[Block], str]] = {
    BlockLabel.TITLE: _heading,
    BlockLabel.HEADING: _heading,
    BlockLabel.LIST_ITEM: _list_item,
    BlockLabel.PICTURE: _picture,
    BlockLabel.SEAL: _picture,
}


_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def front_matter(facts: Mapping[str, object]) -> str:
    """YAML front matter; every value is written as JSON, which is YAML and cannot break out of its line.

    But for characters that end lines in YAML or may not stand in it (YAML 1.1, 5.1 and 5.4): these are escaped.
    """
    lines = [
        f"{name}: {_NOT_IN_YAML.sub(_escaped, json.dumps(value, ensure_ascii=False))}"
        for name, value in facts.items()
        if value is not None
    ]
    return "---\n" + "\n".join(lines) + "\n---\n"


def document_page(page: PageResult, markdown: str, trouble: str | None = None) -> str:
    """One page within a document: the page mark as a comment, a note where the page was not read, the text.

    ``trouble``: why only a part of it was read.
    """
    lines = [f"\n<!-- page {page.page_number} -->\n"]
    if page.status is PageStatus.FAILED:
        lines.append(f"> **Page {page.page_number} could not be read:** {escape(page.reason or '')}\n")
    elif trouble:
        lines.append(f"> **Page {page.page_number} was not read in full:** {escape(trouble)}\n")
    elif page.quality_flags:
        lines.append(f"<!-- page {page.page_number}: {', '.join(page.quality_flags)} -->\n")
    if markdown:
        lines.append(markdown + "\n")
    return "\n".join(lines)
