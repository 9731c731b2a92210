"""The text of a page as people search and read it: sentences instead of lines, tables as their words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, Line, PageResult
from ocr_tasks.htmltables import ParseTable, parse_html_table, table_html, table_text
from tenderlake.wording import HyphenHabits, join_cell_lines, join_lines

_PROSE = frozenset({BlockLabel.TEXT, BlockLabel.LIST_ITEM, BlockLabel.FOOTNOTE, BlockLabel.CAPTION})
_MARGIN_SHARE = 0.08
"""A line that ends this near (as a share of the block's width) to the right edge was broken by the edge."""


def with_joined_lines(page: PageResult) -> PageResult:
    """The page with the lines of prose joined, words parted at line ends whole again.

    A line goes on in the next one where it fills the width of its block and the next one begins with a small letter:
    rows of tables that an engine took for text, addresses and requisites keep their lines. Cells of a table whose lines
    the engine told become one line each, as on digital pages. ``lines`` stay as read.
    """
    habits = HyphenHabits.of([line.text for block in page.blocks for line in block.lines])
    return page.model_copy(update={"blocks": tuple(_joined(block, habits) for block in page.blocks)})


def page_text(page: PageResult, parse: ParseTable = parse_html_table) -> str:
    """The plain text of a page: blocks in reading order with a blank line between them, tables cell by cell."""
    return "\n\n".join(text for block in page.blocks if (text := _block_text(block, parse)))


def _block_text(block: Block, parse: ParseTable) -> str:
    if block.content_format is ContentFormat.HTML:
        return table_text(parse(block.content))
    return block.content.strip()


def _joined(block: Block, habits: HyphenHabits) -> Block:
    if block.content_format is ContentFormat.HTML and block.lines:
        return _with_joined_cells(block, habits)
    is_prose = block.label in _PROSE and block.content_format is ContentFormat.TEXT
    # Engines that have joined the lines themselves are left alone.
    if not is_prose or len(block.lines) < 2 or block.content.count("\n") != len(block.lines) - 1:
        return block
    parts = [[block.lines[0].text]]
    for line, following in pairwise(block.lines):
        if _goes_on(block, line, following):
            parts[-1].append(following.text)
        else:
            parts.append([following.text])
    return block.model_copy(update={"content": "\n".join(join_lines(part, habits) for part in parts)})


def _with_joined_cells(block: Block, habits: HyphenHabits) -> Block:
    table = parse_html_table(block.content)
    cells = tuple(replace(cell, text=join_cell_lines(cell.text.split("\n"), habits)) for cell in table.cells)
    return block.model_copy(update={"content": table_html(replace(table, cells=cells))})


def _goes_on(block: Block, line: Line, following: Line) -> bool:
    left, _, right, _ = block.bbox_px
    is_full = line.bbox_px[2] >= right - _MARGIN_SHARE * (right - left)
    return is_full and following.text.lstrip()[:1].islower()
