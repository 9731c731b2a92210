"""Tables as the PaddleOCR-VL model writes them, in OTSL: cells are ``<fcel>``, ``<ecel>`` …, rows end with ``<nl>``.

PaddleX converts them to HTML (3.6.1 inference/pipelines/paddleocr_vl/uilts.py ``convert_otsl_to_html``). That raises
for some tables and costs the page, writes the next tag into a cell that is marked as full and is empty, loses the text
of others, and takes minutes and gigabytes for one long row among thousands of short ones, because it pads all rows to
the longest. So the conversion is prepared, bounded and done block by block, here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import BlockText

log = logging.getLogger(__name__)

MOST_PLACES = 20_000
"""Rows times the longest row. A sound table has a place a token at most, and 4096 tokens by default; PaddleX takes some
30 µs a place."""
_CELL = re.compile("(<(?:fcel|ecel|lcel|ucel|xcel)>)")
_FULL, _EMPTY = "<fcel>", "<ecel>"
_ROW_END = "<nl>"


def converted_table(table: BlockText, convert: Callable[[str], str]) -> BlockText:
    """The table as HTML; as plain text where it cannot be converted, with a flag or a failure that says so.

    Args:
        table: What the model wrote. Text without any mark of OTSL is left as it is.
        convert: PaddleX's conversion to HTML.
    """
    if not _CELL.search(table.text) and _ROW_END not in table.text:
        return table
    rows = _rows(table.text)
    places = len(rows) * max(map(len, rows), default=0)
    if places > MOST_PLACES:
        log.warning("a table of %d rows would have %d places, so it is kept as text", len(rows), places)
        return replace(table, text=_plain(rows), flags=table.flags | {ReadingFlag.REPETITION})
    try:
        html = convert(_otsl(rows)) if rows else ""
    except Exception as error:
        log.warning("a table could not be converted", exc_info=True)
        failure = f"a table could not be converted, it is kept as text: {type(error).__name__}: {error}"
        return replace(table, text=_plain(rows), failure=failure)
    return replace(table, text=html or _plain(rows))


def _rows(text: str) -> list[list[tuple[str, str]]]:
    """The rows as cells of mark and text, without empty rows: cells with text are full ones, and no others.

    What stands before the first cell of a row becomes a row of its own.
    """
    rows: list[list[tuple[str, str]]] = []
    for line in text.split(_ROW_END):
        before, *marked = _CELL.split(line)
        if before.strip():
            rows.append([(_FULL, before.strip())])
        if marked:
            pairs = zip(marked[::2], marked[1::2], strict=True)
            rows.append([_cell(mark, content.strip()) for mark, content in pairs])
    return rows


def _cell(mark: str, content: str) -> tuple[str, str]:
    if content:
        return _FULL, content
    return (_EMPTY if mark == _FULL else mark), ""


def _otsl(rows: list[list[tuple[str, str]]]) -> str:
    return "".join("".join(mark + content for mark, content in row) + _ROW_END for row in rows)


def _plain(rows: list[list[tuple[str, str]]]) -> str:
    """A row a line, cells parted by tabs."""
    lines = ("\t".join(" ".join(content.split()) for _, content in row) for row in rows)
    return "\n".join(line for line in lines if line.strip())
