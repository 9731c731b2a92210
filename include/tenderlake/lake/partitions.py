"""Merging rows into a partition of the lake: read, drop what is replaced, add, PUT under the same key.

One writer at a time (the pool ``lake``). Readers see the old object or the new one, never half of one: an object
appears in S3 as a whole.

Memory holds a row group of the old file and one of the new; what is added is spilled to an Arrow file on the disk and
mapped from there, and only its keys are sorted. DuckDB's ``COPY … ORDER BY`` would say the same in one statement, but
ends with "Out of Memory" on half a gigabyte of pages at a limit of 512 MB.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import reduce
from heapq import merge
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.errors import NeedsPersonError
from tenderlake.lake.parquet import MEDIA_TYPE, ROW_GROUP_ROWS, ParquetError, ParquetWriter, read_row_groups
from tenderlake.lake.rows import clean_identifier
from tenderlake.lake.schema import Table
from tenderlake.layout import Layout
from tenderlake.storage import ObjectMissingError, Storage

Owner = tuple[tuple[bool, str], ...]
"""Values of the owner columns, comparable as the files are sorted: null comes first, then by code points."""


class PartitionError(NeedsPersonError):
    """A partition cannot be merged and was left as it is: a person has to look."""


class DuplicateRowsError(NeedsPersonError):
    """Two added rows have the same key, an error of the pipeline; the partition was left as it is."""


@dataclass(frozen=True)
class Merge:
    """What a merge did.

    Args:
        row_count: rows that the partition has now.
        added: rows that were added.
        dropped: old rows that were replaced or dropped.
    """

    row_count: int
    added: int
    dropped: int


def merge_partition(
    storage: Storage,
    layout: Layout,
    table: Table,
    ingest_date: date,
    *,
    additions: Iterable[pa.Table | pa.RecordBatch] = (),
    drop: Collection[str] | Collection[tuple[str, str | None]] = (),
) -> Merge:
    """Replace documents (or sources) in one partition; the new file is sorted by the table's key.

    All old rows go whose owner is in ``drop`` or has rows in ``additions``, so merging the same additions twice leaves
    them once. Where there is no old file and nothing to add, nothing is written.

    Args:
        storage: the bucket.
        layout: its keys.
        table: which table.
        ingest_date: which partition.
        additions: rows with the columns of the table, in any order.
        drop: document ids; for ``sources`` pairs of source_key and archive_path.

    Raises:
        PartitionError: the old file is damaged, out of order, or newer than this code.
        DuplicateRowsError: two added rows have the same key.
    """
    key = layout.partition(table.name, ingest_date)
    with tempfile.TemporaryDirectory(prefix="tenderlake-merge-") as name:
        folder = Path(name)
        spilled = _spill(folder / "additions.arrow", table, additions)
        added = _AddedRows(spilled, table)
        old_path: Path | None = folder / "old.parquet"
        try:
            storage.download(key, folder / "old.parquet")
        except ObjectMissingError:
            if not added.owners:
                return Merge(row_count=0, added=0, dropped=0)
            old_path = None
        owners = ((owner,) if isinstance(owner, str) else owner for owner in drop)
        old = _OldRows(old_path, table, replaced={*map(_comparable, owners), *added.owners}, added=added.owners)
        try:
            with ParquetWriter(folder / "new.parquet", table) as writer:
                for stretch in merge(old.stretches(), added.stretches(), key=attrgetter("owner")):
                    writer.write(stretch.rows)
        except ParquetError as error:
            raise PartitionError(
                f"s3://{storage.bucket}/{key} was left as it is: {error}. Put a good copy in its place, or delete it "
                "and run ingest_tenders with reprocess = all"
            ) from error
        storage.upload(folder / "new.parquet", key, MEDIA_TYPE)
    return Merge(row_count=writer.row_count, added=spilled.num_rows, dropped=old.dropped_count)


class _Stretch(NamedTuple):
    """Rows that follow each other in the new file; ``owner`` is that of the first."""

    owner: Owner
    rows: pa.Table


class _Run(NamedTuple):
    """The rows of one owner, from ``start`` up to ``end``, in a sorted table."""

    owner: Owner
    start: int
    end: int


class _AddedRows:
    """The added rows in the order of their keys."""

    def __init__(self, rows: pa.Table, table: Table) -> None:
        keys = rows.select(list(table.key_columns))
        order = pc.sort_indices(keys, sort_keys=[(name, "ascending", "at_start") for name in table.key_columns])
        keys = keys.take(order)
        repeated = _same_as_before(keys, table.key_columns)
        if repeated.any():
            first = keys.slice(int(np.argmax(repeated)), 1).to_pylist()[0]
            raise DuplicateRowsError(f"table {table.name}: two added rows have the key {first}")
        self._rows = rows
        self._positions = order.to_numpy()
        self._runs = _owner_runs(keys, table)

    @property
    def owners(self) -> list[Owner]:
        """Whose rows are added, in order."""
        return [run.owner for run in self._runs]

    def stretches(self) -> Iterator[_Stretch]:
        """The rows in order, as slices of the file on the disk."""
        for run in self._runs:
            positions = self._positions[run.start : run.end]
            breaks = np.flatnonzero(np.diff(positions.astype(np.int64)) != 1) + 1
            for part in np.split(positions, breaks):
                yield _Stretch(run.owner, self._rows.slice(int(part[0]), len(part)))


class _OldRows:
    """The rows of the old file that stay, in the order of their keys."""

    def __init__(self, path: Path | None, table: Table, *, replaced: AbstractSet[Owner], added: list[Owner]) -> None:
        self._path = path
        self._table = table
        self._replaced = replaced
        self._added = added
        self.dropped_count = 0

    def stretches(self) -> Iterator[_Stretch]:
        """Slices of row groups, cut where added rows belong between them."""
        if self._path is None:
            return
        last: Owner = ()
        for group in read_row_groups(self._path, self._table):
            runs = _owner_runs(group, self._table)
            for before, after in pairwise([last, *(run.owner for run in runs)]):
                if before > after:
                    raise ParquetError(f"its rows are not sorted by {', '.join(self._table.owner_columns)}")
            last = runs[-1].owner if runs else last
            yield from self._cut(self._without_replaced(group, runs))

    def _without_replaced(self, group: pa.Table, runs: list[_Run]) -> pa.Table:
        stays = np.ones(group.num_rows, dtype=bool)
        for run in runs:
            if run.owner in self._replaced:
                stays[run.start : run.end] = False
        self.dropped_count += group.num_rows - int(stays.sum())
        # The filter copies, so that a few rows that stay do not keep their whole group in memory.
        return group if stays.all() else group.filter(pa.array(stays))

    def _cut(self, rows: pa.Table) -> Iterator[_Stretch]:
        runs = _owner_runs(rows, self._table)
        for _, stretch in groupby(runs, key=lambda run: bisect_left(self._added, run.owner)):
            first, *others = stretch
            end = others[-1].end if others else first.end
            yield _Stretch(first.owner, rows.slice(first.start, end - first.start))


def _spill(path: Path, table: Table, additions: Iterable[pa.Table | pa.RecordBatch]) -> pa.Table:
    """The additions as one table whose buffers are pages of a file: the system takes them back when it needs room."""
    with pa.ipc.new_file(path, table.schema) as writer:
        for rows in additions:
            if isinstance(rows, pa.RecordBatch):
                rows = pa.Table.from_batches([rows])
            writer.write_table(rows.select(table.schema.names).cast(table.schema), max_chunksize=ROW_GROUP_ROWS)
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _same_as_before(rows: pa.Table, columns: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For every row but the first: whether these columns have the values of the row before (null equals null)."""
    sames = []
    for name in columns:
        before, after = rows[name].slice(0, max(0, rows.num_rows - 1)), rows[name].slice(1)
        both_null = pc.and_(pc.is_null(before), pc.is_null(after))
        sames.append(pc.or_(pc.fill_null(pc.equal(before, after), False), both_null).to_numpy())
    return reduce(np.logical_and, sames)


def _owner_runs(rows: pa.Table, table: Table) -> list[_Run]:
    if not rows.num_rows:
        return []
    changes = np.flatnonzero(~_same_as_before(rows, table.owner_columns)) + 1
    starts = np.concatenate([[0], changes])
    ends = [*starts[1:].tolist(), rows.num_rows]
    values = rows.select(list(table.owner_columns)).take(pa.array(starts))
    owners = zip(*(values[name].to_pylist() for name in table.owner_columns), strict=True)
    return [
        _Run(_comparable(owner), start, end) for owner, start, end in zip(owners, starts.tolist(), ends, strict=True)
    ]


def _comparable(values: Iterable[str | None]) -> Owner:
    return tuple((value is not None, clean_identifier(value or "")) for value in values)
