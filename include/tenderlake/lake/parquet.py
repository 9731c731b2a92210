"""Parquet files on the local disk: written and read a row group at a time, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tenderlake.lake.schema import SCHEMA_VERSION, SCHEMA_VERSION_KEY, Table

MEDIA_TYPE = "application/vnd.apache.parquet"
ROW_GROUP_ROWS = 20_000
ROW_GROUP_BYTES = 16 * 2**20
"""Of Arrow memory, before compression: what a reader or a writer holds at a time.

With 16 MiB DuckDB has the pages of one document from S3 in two thirds of the time that it takes with 32 MiB; with 8 MiB
it is no sooner."""
BLOOM_FALSE_POSITIVES = 0.01
"""Share of the row groups that a reader opens for a value that is not there."""


class ParquetError(Exception):
    """The file cannot be read as this table; the message says why."""


class NewerFileError(ParquetError):
    """The file was written by a newer version of this code."""


class ParquetWriter:
    """Writes one table to one file, in row groups of bounded size; a context manager.

    Pages carry checksums, so that a reader can tell a damaged file from a strange one.

    Args:
        path: the file.
        table: which table.
        lookup_rows: about how many rows a file of the lake will have, sorted in the table's order; such a file gets
            what readers find single documents by. None for rows in any order.
    """

    def __init__(self, path: Path, table: Table, *, lookup_rows: int | None = None) -> None:
        aids = {} if lookup_rows is None else _lookup_aids(table, lookup_rows)
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd", write_page_checksum=True, **aids)
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self.row_count = 0

    @property
    def size_bytes(self) -> int:
        """Size of the file so far, without what is pending and the footer."""
        return int(self._file.tell()) if not self._file.closed else 0

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what is pending and the footer; after an exception the file is left unfinished."""
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()
            self._file.close()

    def write(self, rows: pa.Table) -> None:
        """Add rows; they reach the file with the row group that they fill."""
        for piece in bounded_slices(rows):
            size_bytes = piece.nbytes  # of each column anew: for a few rows it takes longer than all the rest
            if (
                self._pending_rows + piece.num_rows > ROW_GROUP_ROWS
                or self._pending_bytes + size_bytes > ROW_GROUP_BYTES
            ):
                self._flush()
            self._pending.append(piece)
            self._pending_rows += piece.num_rows
            self._pending_bytes += size_bytes
            self.row_count += piece.num_rows

    def note(self, key: str, value: str) -> None:
        """Write a text into the footer, beside the schema; see :func:`read_note`."""
        self._writer.add_key_value_metadata({key: value})

    def _flush(self) -> None:
        if self._pending:
            group = pa.concat_tables(self._pending).combine_chunks()
            self._writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
        self._pending, self._pending_rows, self._pending_bytes = [], 0, 0


def _lookup_aids(table: Table, row_count: int) -> dict[str, Any]:
    ordering = [(name, "ascending") for name in table.order_columns]
    ndv = min(ROW_GROUP_ROWS, max(row_count, 1))
    return {
        "sorting_columns": pq.SortingColumn.from_ordering(table.schema, ordering, null_placement="at_start"),
        "bloom_filter_options": {name: {"ndv": ndv, "fpp": BLOOM_FALSE_POSITIVES} for name in table.lookup_columns},
        "write_page_index": True,
    }


def bounded_slices(rows: pa.Table) -> Iterator[pa.Table]:
    """The rows in slices of about one row group at most; no bytes are copied."""
    size = min(ROW_GROUP_ROWS, max(1, rows.num_rows * ROW_GROUP_BYTES // max(1, rows.nbytes)))
    for start in range(0, rows.num_rows, size):
        yield rows.slice(start, size)


def read_row_groups(source: Path | RawIOBase, table: Table, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a file, a row group at a time, with the columns and types of today's schema.

    Columns that the file does not have yet are null.

    Args:
        source: the file.
        table: what it holds.
        columns: which columns, None for all.

    Raises:
        ParquetError: the file is damaged, is no file of this table, or was written by a newer version.
    """
    names = list(columns) if columns is not None else list(table.schema.names)
    with _open(source, table) as file:
        present = [name for name in names if name in file.schema_arrow.names]
        for number in range(file.num_row_groups):
            yield _conform(file.read_row_group(number, columns=present), table, names)


def count_rows(source: Path | RawIOBase, table: Table) -> int:
    """Rows of a file, by its footer.

    Raises:
        ParquetError: as for :func:`read_row_groups`.
    """
    with _open(source, table) as file:
        return int(file.metadata.num_rows)


def read_note(source: Path | RawIOBase, table: Table, key: str) -> str | None:
    """A text that was written into the footer, None where there is none.

    Raises:
        ParquetError: as for :func:`read_row_groups`.
    """
    with _open(source, table) as file:
        value = (file.metadata.metadata or {}).get(key.encode())
        return None if value is None else str(value, "utf-8")


@contextmanager
def _open(source: Path | RawIOBase, table: Table) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file:
            _check(file.schema_arrow, table)
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names and texts that are no UTF-8
        raise ParquetError(f"it is no readable Parquet file ({_first_line(error)})") from error


def _check(schema: pa.Schema, table: Table) -> None:
    version = int((schema.metadata or {}).get(SCHEMA_VERSION_KEY.encode(), b"0"))
    if version > SCHEMA_VERSION:
        raise NewerFileError(
            f"it was written by a newer version of Tenderlake (schema {version}, this one knows {SCHEMA_VERSION})"
        )
    missing = [name for name in table.key_columns if name not in schema.names]
    if missing:
        raise ParquetError(f"it has no column {missing[0]!r}, so it is no file of table {table.name}")


def _conform(rows: pa.Table, table: Table, names: Sequence[str]) -> pa.Table:
    schema = pa.schema([table.schema.field(name) for name in names], metadata=table.schema.metadata)
    arrays = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
