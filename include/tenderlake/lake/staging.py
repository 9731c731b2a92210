"""Staging: the rows of one batch, between assemble and publish, as one Parquet object a table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from tenderlake.lake.parquet import MEDIA_TYPE, ParquetError, ParquetWriter, read_row_groups
from tenderlake.lake.rows import Row, to_table
from tenderlake.lake.schema import Table
from tenderlake.layout import Layout
from tenderlake.storage import ObjectMissingError, Storage

_ROWS_AT_A_TIME = 1000


class StagingError(Exception):
    """A staged object cannot be read: the batch has to be assembled again."""


class StagingWriter:
    """Writes the rows of one batch of one table, in constant memory; a context manager.

    The object appears when the block ends well, whole, in place of what an earlier try wrote; after an exception
    nothing is uploaded. A batch without rows gets an object too: it says that the batch was assembled.
    """

    def __init__(self, storage: Storage, layout: Layout, run_id: str, table: Table, batch: int) -> None:
        self._storage = storage
        self._key = layout.staging(run_id, table.name, batch)
        self._table = table
        self._folder = tempfile.TemporaryDirectory(prefix="tenderlake-staging-")
        self._path = Path(self._folder.name) / "batch.parquet"
        self._writer = ParquetWriter(self._path, table)
        self._pending: list[Row] = []

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Finish and upload the file, or drop it after an exception."""
        with self._folder:
            with self._writer:
                if kind is None:
                    self.flush()
            if kind is None:
                self._storage.upload(self._path, self._key, MEDIA_TYPE)

    @property
    def row_count(self) -> int:
        """Rows added so far."""
        return self._writer.row_count + len(self._pending)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows.

        Raises:
            RowError: a row cannot be written; an error of the pipeline.
        """
        for row in rows:
            self._pending.append(row)
            if len(self._pending) >= _ROWS_AT_A_TIME:
                self.flush()

    def forget(self) -> None:
        """Drop what was added since the last flush, so that no other document is blamed for it."""
        self._pending = []

    def flush(self) -> None:
        """Write what was added so far, so that a row that cannot be written is told from those of the next document.

        Raises:
            RowError: a row cannot be written; the rows since the last flush are dropped.
        """
        rows, self._pending = self._pending, []
        self._writer.write(to_table(self._table, rows))


def read_staging(storage: Storage, layout: Layout, run_id: str, table: Table, batch: int) -> Iterator[pa.Table]:
    """The staged rows of a batch, a row group at a time, in the order they were written.

    Yields nothing where the batch was not staged, because its assemble failed.

    Raises:
        StagingError: the object is damaged.
    """
    key = layout.staging(run_id, table.name, batch)
    with tempfile.TemporaryDirectory(prefix="tenderlake-staging-") as folder:
        path = Path(folder) / "batch.parquet"
        try:
            storage.download(key, path)
        except ObjectMissingError:
            return
        try:
            yield from read_row_groups(path, table)
        except ParquetError as error:
            raise StagingError(
                f"s3://{storage.bucket}/{key}: {error}; clear the batch's assemble task to run it again"
            ) from error
