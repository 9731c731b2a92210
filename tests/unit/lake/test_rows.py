"""Rows become Parquet and come back; what cannot be written is cleaned or refused in one place."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import BlockLabel, ContentFormat
from tenderlake.lake.parquet import ParquetWriter, read_row_groups
from tenderlake.lake.rows import ROW_TYPES, BlockRow, PageRow, Row, RowError, SourceRow, clean_text, to_table
from tenderlake.lake.schema import BLOCKS, PAGES, SOURCES, TABLES, Table
from tenderlake.lake.vocabulary import TextSource
from tenderlake.states import SourceState

pytestmark = pytest.mark.unit

DOCUMENT_ID = "a" * 64
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MOSCOW = dt.timezone(dt.timedelta(hours=3))

ARROW_TYPES = {
    str: pa.string(),
    float: pa.float64(),
    bool: pa.bool_(),
    dt.date: pa.date32(),
    Decimal: pa.decimal128(38, 11),
    dt.datetime: pa.timestamp("us", tz="UTC"),
    tuple[str, ...]: pa.list_(pa.string()),
    tuple[float, float, float, float]: pa.list_(pa.float64()),
}


def source(**changes: object) -> SourceRow:
    row = SourceRow(
        source_key="inbox/a.pdf",
        etag="e1",
        size_bytes=10,
        last_modified=NOON,
        state=SourceState.PUBLISHED,
        run_id="run",
        first_seen_at=NOON,
        finished_at=NOON,
    )
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def page(**changes: object) -> PageRow:
    row = PageRow(document_id=DOCUMENT_ID, page_number=1, width_px=10, height_px=20, text_source=TextSource.NATIVE)
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def block(**changes: object) -> BlockRow:
    row = BlockRow(
        document_id=DOCUMENT_ID,
        page_number=1,
        block_number=1,
        label=BlockLabel.TEXT,
        bbox_px=(0.0, 1.0, 2.0, 3.0),
        content="текст",
    )
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def round_trip(folder: Path, table: Table, rows: list[Row]) -> list[dict[str, object]]:
    path = folder / "rows.parquet"
    with ParquetWriter(path, table) as writer:
        writer.write(to_table(table, rows))
    return [row for group in read_row_groups(path, table) for row in group.to_pylist()]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_typed_row_has_the_columns_of_the_schema(table: Table) -> None:
    row_type = ROW_TYPES[table.name]
    hints = typing.get_type_hints(row_type)
    assert list(hints) == [column.name for column in table.columns]
    for column in table.columns:
        hint = hints[column.name]
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        assert (type(None) in options) == column.nullable, f"{table.name}.{column.name} nullable"
        (value_type,) = (option for option in options if option is not type(None))
        if value_type is int:
            assert pa.types.is_integer(column.arrow_type), f"{table.name}.{column.name}"
        elif isinstance(value_type, type) and issubclass(value_type, Enum):
            assert column.arrow_type == pa.string()
            assert set(column.allowed) == {member.value for member in value_type}, f"{table.name}.{column.name}"
        else:
            assert column.arrow_type == ARROW_TYPES[value_type], f"{table.name}.{column.name}"


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\n\r"))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1), timezones=st.sampled_from([dt.UTC, MOSCOW]))  # noqa: DTZ001


@given(
    pages=st.lists(
        st.builds(
            page,
            page_number=st.integers(1, 2**31 - 1),
            dpi=st.none() | st.integers(1, 600),
            text=st.none() | TEXTS,
            markdown=st.none() | TEXTS,
            confidence=st.none() | st.floats(0, 1),
            quality_flags=st.lists(st.text("abc_"), max_size=3).map(tuple),
        ),
        max_size=20,
    )
)
def test_pages_come_back_as_they_were_written(pages: list[PageRow], tmp_path_factory: pytest.TempPathFactory) -> None:
    back = round_trip(tmp_path_factory.mktemp("pages"), PAGES, list(pages))
    assert [{**row, "quality_flags": tuple(row["quality_flags"])} for row in back] == [  # type: ignore[arg-type]
        dataclasses.asdict(row) for row in pages
    ]


@given(box=st.tuples(FLOATS, FLOATS, FLOATS, FLOATS), content=TEXTS, seen_at=TIMES)
def test_boxes_and_times_come_back_exactly(
    box: tuple[float, float, float, float],
    content: str,
    seen_at: dt.datetime,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (row,) = round_trip(folder, BLOCKS, [block(bbox_px=box, content=content, content_format=ContentFormat.HTML)])
    assert (tuple(row["bbox_px"]), row["content"], row["content_format"]) == (box, content, "html")  # type: ignore[arg-type]
    (row,) = round_trip(folder, SOURCES, [source(first_seen_at=seen_at)])
    assert row["first_seen_at"] == seen_at
    assert row["first_seen_at"].utcoffset() == dt.timedelta(0)  # type: ignore[attr-defined]


@given(text=st.text(st.characters(codec=None)))
def test_any_text_at_all_can_be_written(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    (row,) = round_trip(folder, PAGES, [page(text=text, engine=text)])
    assert row["text"] == clean_text(text)
    assert not set(str(row["text"])) & {chr(code) for code in [*range(9), 11, 12, *range(14, 32), 127]}


@pytest.mark.parametrize(
    ("hostile", "cleaned"),
    [
        ("НМЦК\x00 1\x07 000", "НМЦК 1 000"),
        ("один\fдва\vтри", "один\nдва\nтри"),
        ("обры\ud800в", "обры\ufffdв"),
        ("табуляция\tи\r\nстроки", "табуляция\tи\r\nстроки"),
        ("№ ½ – « » \u00a0 😀", "№ ½ – « » \u00a0 😀"),
    ],
)
def test_free_text_loses_what_readers_stumble_over_and_nothing_else(hostile: str, cleaned: str, tmp_path: Path) -> None:
    (row,) = round_trip(tmp_path, BLOCKS, [block(content=hostile)])
    assert row["content"] == cleaned


def test_keys_keep_every_character_so_that_they_are_found_again(tmp_path: Path) -> None:
    key = "inbox/странное\x07имя\x0b.pdf"
    (row,) = round_trip(tmp_path, SOURCES, [source(source_key=key, archive_path="plain\udcff.txt")])
    assert row["source_key"] == key
    assert row["archive_path"] == "plain\\udcff.txt"


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        (PAGES, page(page_number=7, confidence=float("nan")), r"pages, row .*'page_number': 7.*confidence: nan"),
        (BLOCKS, block(bbox_px=(0.0, 0.0, float("inf"), 1.0)), r"blocks, .*column bbox_px: inf"),
        (PAGES, page(width_px=2**31), r"column width_px: .*2147483648"),
        (SOURCES, source(finished_at=dt.datetime(2026, 1, 1)), r"column finished_at: .* no time zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_written_truthfully_is_refused_by_name(table: Table, row: Row, message: str) -> None:
    examples: dict[str, Row] = {"pages": page(), "blocks": block(), "sources": source()}
    with pytest.raises(RowError, match=message):
        to_table(table, [examples[table.name], row])


def test_a_row_of_another_table_is_refused() -> None:
    with pytest.raises(RowError, match="table pages takes PageRow, not BlockRow"):
        to_table(PAGES, [block()])


def test_no_rows_make_an_empty_table_with_all_columns(tmp_path: Path) -> None:
    assert to_table(PAGES, []).schema == PAGES.schema
    assert round_trip(tmp_path, PAGES, []) == []
