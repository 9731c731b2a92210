r"""Rows of the tables as typed values, and the one place where they become Arrow.

Documents are hostile and models invent characters, so strings are made fit for Parquet and every reader here:

* Free text (``Column.is_free_text``): lone surrogates become U+FFFD; form feeds and vertical tabs become line ends;
  NUL and the other control characters are dropped, but for tab, line feed and carriage return.
* Identifiers (keys, names of engines, codes) keep every character, since they must be found again as they were written;
  only a lone surrogate, which UTF-8 cannot carry, is written as ``\udcXX``.
* NaN and infinities are refused (:class:`RowError`): the contract keeps them out of results, so that here they are an
  error of ours. So are times without a time zone and numbers that do not fit.

Everything else, null where a value is due or a confidence of 1.7, is written as it is and judged by validation.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter

import pyarrow as pa

from ocr_tasks.contract import BlockLabel, ContentFormat, Runner
from tenderlake.errors import NeedsPersonError
from tenderlake.lake.schema import Column, Table
from tenderlake.lake.vocabulary import (
    ColumnRole,
    DocumentType,
    FieldMethod,
    FieldName,
    FieldRole,
    FieldUnit,
    QualityGrade,
    RowKind,
    TextSource,
)
from tenderlake.states import SourceState

_LINE_ENDS = re.compile("[\v\f]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_REFUSALS = (ValueError, TypeError, OverflowError)  # pyarrow's own errors are subclasses


class RowError(NeedsPersonError, ValueError):
    """A row cannot be written: an error of the pipeline, not of a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A row of ``sources``; the columns are described in the schema."""

    source_key: str
    etag: str
    size_bytes: int
    last_modified: datetime
    archive_path: str | None = None
    document_id: str | None = None
    state: SourceState
    state_reason: str | None = None
    tender_id: str | None = None
    run_id: str
    first_seen_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A row of ``documents``; the columns are described in the schema."""

    document_id: str
    source_key: str
    archive_path: str | None = None
    filename: str
    media_type: str
    size_bytes: int
    page_count: int
    native_pages: int
    ocr_pages: int
    failed_pages: int
    document_type: DocumentType | None = None
    document_type_reason: str | None = None
    languages: tuple[str, ...] = ()
    quality_grade: QualityGrade | None = None
    quality_flags: tuple[str, ...] = ()
    tender_id: str | None = None
    markdown_key: str
    engine: str | None = None
    engine_version: str | None = None
    model: str | None = None
    ocr_runner: Runner | None = None
    ocr_image: str | None = None
    pipeline_version: str
    reading_digest: str | None = None
    run_id: str
    prepare_s: float = 0.0
    ocr_s: float = 0.0
    assemble_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A row of ``pages``; the columns are described in the schema."""

    document_id: str
    page_number: int
    width_px: int
    height_px: int
    dpi: int | None = None
    rotation_deg: int = 0
    text_source: TextSource
    text: str | None = None
    markdown: str | None = None
    language: str | None = None
    confidence: float | None = None
    quality_flags: tuple[str, ...] = ()
    engine: str | None = None
    model: str | None = None
    ocr_seconds: float | None = None
    image_key: str | None = None
    image_rotation_deg: int | None = None
    page_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    """A row of ``blocks``; the columns are described in the schema."""

    document_id: str
    page_number: int
    block_number: int
    label: BlockLabel
    bbox_px: tuple[float, float, float, float]
    content: str
    content_format: ContentFormat = ContentFormat.TEXT
    heading_level: int | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """A row of ``table_cells``; the columns are described in the schema."""

    document_id: str
    table_number: int
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    page_number: int
    block_number: int
    row_kind: RowKind = RowKind.DATA
    column_role: ColumnRole | None = None
    text: str
    number: Decimal | None = None
    unit: FieldUnit | None = None
    multiplier: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A row of ``fields``; the columns are described in the schema."""

    document_id: str
    field_number: int
    field: FieldName
    role: FieldRole | None = None
    rank: int
    value: str
    number: Decimal | None = None
    unit: FieldUnit | None = None
    date: dt.date | None = None
    raw_text: str
    page_number: int
    bbox_px: tuple[float, float, float, float]
    method: FieldMethod
    is_valid: bool | None = None
    is_repaired: bool = False
    validation_message: str | None = None
    tender_id: str | None = None


Row = SourceRow | DocumentRow | PageRow | BlockRow | CellRow | FieldRow

ROW_TYPES: dict[str, type[Row]] = {
    "sources": SourceRow,
    "documents": DocumentRow,
    "pages": PageRow,
    "blocks": BlockRow,
    "table_cells": CellRow,
    "fields": FieldRow,
}
"""The row type of every table."""


def clean_text(text: str) -> str:
    """Free text that Parquet and every reader of it can carry; see the module for the rules."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", _SURROGATES.sub("\ufffd", text)))


def clean_identifier(text: str) -> str:
    """An identifier with all its characters, lone surrogates escaped."""
    return _SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def to_table(table: Table, rows: Iterable[Row]) -> pa.Table:
    """Rows as an Arrow table with exactly the columns and types of the schema, in the order given.

    Raises:
        RowError: a value cannot be written; the message names table, row and column.
    """
    rows = list(rows)
    row_type = ROW_TYPES[table.name]
    for row in rows:
        if type(row) is not row_type:
            raise RowError(f"table {table.name} takes {row_type.__name__}, not {type(row).__name__}")
    arrays = [_to_array(table, column, rows) for column in table.columns]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _to_array(table: Table, column: Column, rows: Sequence[Row]) -> pa.Array:
    clean = clean_text if column.is_free_text else clean_identifier
    value_of = attrgetter(column.name)
    try:
        return pa.array([_writable(value_of(row), clean) for row in rows], column.arrow_type)
    except _REFUSALS:
        # Neither Arrow nor Python says whose value it was: find it, so that the message can.
        for row in rows:
            try:
                pa.array([_writable(value_of(row), clean)], column.arrow_type)
            except _REFUSALS as error:
                key = {name: getattr(row, name) for name in table.key_columns}
                raise RowError(f"table {table.name}, row {key}, column {column.name}: {error}") from error
        raise


def _writable(value: object, clean: Callable[[str], str]) -> object:
    """The value as Arrow takes it: enums as their values, strings cleaned, numbers and times checked."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    if isinstance(value, tuple | list):
        return [_writable(item, clean) for item in value]
    return value
