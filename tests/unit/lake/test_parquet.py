"""Files of the lake: bounded row groups, old and newer schemas, damage."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenderlake.lake import parquet
from tenderlake.lake.parquet import ParquetError, ParquetWriter, read_row_groups
from tenderlake.lake.schema import DOCUMENTS, PAGES, SCHEMA_VERSION, SCHEMA_VERSION_KEY, TABLES, Table

pytestmark = pytest.mark.unit

OLD_FILES = sorted(Path(__file__).parent.glob("schema_*/*.parquet"))
"""A row or two a table, written by the code of the schema version that names the folder."""


def pages(count: int, text: str = "текст") -> pa.Table:
    rows = [{"document_id": "a" * 64, "page_number": number, "text": text} for number in range(1, count + 1)]
    return pa.Table.from_pylist(rows, schema=PAGES.schema)


def write(path: Path, rows: pa.Table, table: Table = PAGES) -> Path:
    with ParquetWriter(path, table) as writer:
        writer.write(rows)
    return path


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_says_what_it_is(table: Table, tmp_path: Path) -> None:
    path = write(tmp_path / "empty.parquet", table.schema.empty_table(), table)
    metadata = pq.read_schema(path).metadata
    assert metadata[b"tenderlake.schema_version"] == str(SCHEMA_VERSION).encode()
    assert metadata[b"tenderlake.table"] == table.name.encode()
    assert "ingest_date" not in table.schema.names
    assert len({column.name for column in table.columns}) == len(table.columns)
    assert table.key_columns[: len(table.owner_columns)] == table.owner_columns
    for column in table.columns:
        assert column.meaning.endswith(".") and column.example, f"{table.name}.{column.name} needs a description"


def test_row_groups_are_bounded_in_rows_and_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 50_000)
    short = pq.ParquetFile(write(tmp_path / "short.parquet", pages(250)))
    assert [short.metadata.row_group(i).num_rows for i in range(short.num_row_groups)] == [100, 100, 50]
    long = pq.ParquetFile(write(tmp_path / "long.parquet", pages(250, text="x" * 5_000)))
    assert long.num_row_groups > 20
    assert sum(long.metadata.row_group(i).num_rows for i in range(long.num_row_groups)) == 250


def test_files_are_compressed_and_carry_statistics(tmp_path: Path) -> None:
    column = pq.ParquetFile(write(tmp_path / "pages.parquet", pages(3))).metadata.row_group(0).column(1)
    assert column.compression == "ZSTD"
    assert (column.statistics.min, column.statistics.max) == (1, 3)


def test_columns_that_an_old_file_lacks_are_null_and_narrow_types_widen(tmp_path: Path) -> None:
    old = pa.table({"document_id": ["a" * 64], "page_number": pa.array([1], pa.int16()), "text": ["старый"]})
    pq.write_table(old, tmp_path / "old.parquet")
    (rows,) = read_row_groups(tmp_path / "old.parquet", PAGES)
    assert rows.schema == PAGES.schema
    assert rows.select(["page_number", "text", "confidence", "quality_flags"]).to_pylist() == [
        {"page_number": 1, "text": "старый", "confidence": None, "quality_flags": None}
    ]
    (rows,) = read_row_groups(tmp_path / "old.parquet", PAGES, ["markdown", "text"])
    assert rows.to_pylist() == [{"markdown": None, "text": "старый"}]


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_of_earlier_schemas_are_read_with_the_columns_of_today(path: Path) -> None:
    table, version = TABLES[path.stem], int(path.parent.name.removeprefix("schema_"))
    assert version < SCHEMA_VERSION
    assert pq.read_schema(path).metadata[SCHEMA_VERSION_KEY.encode()] == str(version).encode()
    (rows,) = read_row_groups(path, table)
    assert rows.schema == table.schema
    assert rows.num_rows
    for column in table.columns:
        assert rows[column.name].null_count == rows.num_rows or column.since <= version, column.name
        assert rows[column.name].null_count == 0 or column.since > version or column.nullable, column.name


def test_there_are_files_of_every_earlier_schema() -> None:
    assert {path.parent.name for path in OLD_FILES} == {f"schema_{version}" for version in range(1, SCHEMA_VERSION)}


def test_a_file_of_a_newer_version_is_refused_rather_than_stripped_of_its_columns(tmp_path: Path) -> None:
    newer = pages(1).replace_schema_metadata({SCHEMA_VERSION_KEY: str(SCHEMA_VERSION + 1)})
    pq.write_table(newer, tmp_path / "newer.parquet")
    with pytest.raises(ParquetError, match="newer version of Tenderlake"):
        list(read_row_groups(tmp_path / "newer.parquet", PAGES))


def test_a_file_of_another_table_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "documents.parquet", DOCUMENTS.schema.empty_table(), DOCUMENTS)
    with pytest.raises(ParquetError, match="no column 'page_number', so it is no file of table pages"):
        list(read_row_groups(path, PAGES))


@pytest.mark.parametrize("damage", ["truncated", "empty", "html"])
def test_what_is_no_parquet_file_is_named_so(damage: str, tmp_path: Path) -> None:
    path = write(tmp_path / "pages.parquet", pages(2000))
    data = path.read_bytes()
    path.write_bytes(
        {"truncated": data[: len(data) // 2], "empty": b"", "html": b"<html>503 Service Unavailable</html>"}[damage]
    )
    with pytest.raises(ParquetError, match="no readable Parquet file"):
        list(read_row_groups(path, PAGES))


def test_a_flipped_byte_is_noticed_or_harmless_but_never_read_as_other_text(tmp_path: Path) -> None:
    path = write(tmp_path / "pages.parquet", pages(500))
    data, truth = path.read_bytes(), pa.concat_tables(read_row_groups(path, PAGES))
    noticed = 0
    for position in range(4, len(data), 11):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        try:
            assert pa.concat_tables(read_row_groups(path, PAGES)) == truth
        except ParquetError:
            noticed += 1
    assert noticed > len(data) / 11 / 2


def test_an_exception_while_writing_leaves_no_readable_file(tmp_path: Path) -> None:
    path = tmp_path / "pages.parquet"
    with pytest.raises(KeyError), ParquetWriter(path, PAGES) as writer:
        writer.write(pages(3))
        raise KeyError
    assert not path.exists() or pq.ParquetFile(path).metadata.num_rows == 0
