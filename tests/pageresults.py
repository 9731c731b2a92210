"""Pages as an engine or a text layer tells them, written down as their blocks."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat, PageResult, PageStatus
from ocr_tasks.htmltables import ParseTable, parse_html_table
from tenderlake.continuedtables import DocumentTables
from tenderlake.lake.rows import CellRow
from tenderlake.tablecells import DocumentCells


def page_result(*blocks: Block, number: int = 1, size_px: tuple[int, int] = (1000, 1400)) -> PageResult:
    """A page of a document that was read well."""
    return PageResult(
        page_key="key",
        document_id="d" * 64,
        page_number=number,
        status=PageStatus.DONE,
        engine="native",
        engine_version="1",
        width_px=size_px[0],
        height_px=size_px[1],
        blocks=blocks,
    )


def table_html(*rows: Sequence[str], tag: str = "td") -> str:
    """A table of nothing but rows and cells."""
    body = "".join(f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)}</tr>" for row in rows)
    return f"<table>{body}</table>"


def table_block(source: str, bbox_px: BBox = (100.0, 100.0, 900.0, 1200.0)) -> Block:
    """A table as engines give it, in HTML."""
    return Block(label=BlockLabel.TABLE, bbox_px=bbox_px, content=source, content_format=ContentFormat.HTML)


def document_cells(*pages: PageResult, parse: ParseTable = parse_html_table) -> list[CellRow]:
    """The cells of the tables of a document."""
    tables, cells = DocumentTables(), DocumentCells("d" * 64)
    found = [cell for page in pages for cell in cells.add(page, tables.add(page, parse))]
    return [*found, *cells.close(tables.close())]
