"""Rows of the lake as pandas frames for Great Expectations, and the rows that failed back.

Free text is cut: no check looks beyond its beginning, and a frame must not grow with the length of pages and cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks.contract import BlockLabel, ContentFormat
from ocr_tasks.htmltables import has_cells
from tenderlake.lake.schema import BLOCKS, STRING, Table

HAS_CELLS = "has_cells"
"""Column that frames of blocks have besides: whether the block is a table in which cells begin."""

_LONGEST_TEXT = 100
_CELL = r"(?i)<t[dh][\s>/]"
"""Looks like a cell; it may stand in a comment."""


def to_frame(table: Table, parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Rows as a frame that keeps Arrow's types: whole numbers stay whole where some are missing."""
    empty = table.schema.empty_table()
    rows = pa.concat_tables([_narrow(table, part) for part in (empty, *parts)])
    frame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    assert isinstance(frame, pd.DataFrame)  # noqa: S101 - pyarrow has no types
    return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, None where a value is missing."""
    present = frame.notna()
    found: list[dict[str, Any]] = frame.astype(object).where(present, None).to_dict("records")  # type: ignore[assignment]
    return found


def _narrow(table: Table, rows: pa.Table) -> pa.Table:
    marks = _marks_of_cells(rows) if table is BLOCKS else None
    for column in table.columns:
        if column.is_free_text and column.arrow_type == STRING:
            cut = pc.utf8_slice_codeunits(rows[column.name], 0, _LONGEST_TEXT)
            rows = rows.set_column(rows.schema.get_field_index(column.name), column.name, cut)
    return rows if marks is None else rows.append_column(HAS_CELLS, marks)


def _marks_of_cells(blocks: pa.Table) -> pa.Array:
    is_table = pc.and_(
        pc.equal(blocks["label"], BlockLabel.TABLE.value), pc.equal(blocks["content_format"], ContentFormat.HTML.value)
    )
    may_have = pc.fill_null(pc.and_(is_table, pc.match_substring_regex(blocks["content"], _CELL)), False)
    marks = np.array(may_have.to_numpy())
    # What follows a comment is for the parser that makes the cells: only it says where comments end.
    for place in np.flatnonzero(marks):
        marks[place] = has_cells(blocks["content"][place].as_py())
    return pa.array(marks)
