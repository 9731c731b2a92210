"""Rows that are to be added to the lake: on the local disk, in the order of the table, split by where they go.

What is added is spilled to an Arrow file and mapped from there, and only its keys are sorted in memory: the system
takes the pages of such a file back when it needs room.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property, reduce
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.errors import NeedsPersonError
from tenderlake.lake.parquet import ROW_GROUP_ROWS, bounded_slices
from tenderlake.lake.rows import clean_identifier
from tenderlake.lake.schema import Table

TLabel = TypeVar("TLabel", bound=Hashable)

Texts = tuple[tuple[bool, str], ...]
"""Values of columns of strings, comparable as the files are sorted: null comes first, then by code points."""
Owner = Texts
"""Values of the owner columns."""
Positions = np.ndarray[tuple[int], np.dtype[np.int64]]


class DuplicateRowsError(NeedsPersonError):
    """Two added rows have the same key, an error of the pipeline; nothing was written."""


class Run(NamedTuple):
    """Rows that follow each other, from ``start`` up to ``end``, with the same owner and leading columns."""

    place: Texts
    """Values of the leading and the owner columns: where the rows belong in the order."""
    owner: Owner
    start: int
    end: int


class Stretch(NamedTuple):
    """Rows that follow each other in a file; ``place`` is that of the first."""

    place: Texts
    rows: pa.Table


class Additions:
    """Rows to add, in the order of their table."""

    def __init__(self, table: Table, rows: pa.Table, positions: Positions, runs: Sequence[Run]) -> None:
        self.table = table
        self._rows, self._positions, self._runs = rows, positions, runs

    @classmethod
    def spilled(cls, path: Path, table: Table, batches: Iterable[pa.Table | pa.RecordBatch]) -> Self:
        """The rows of batches in any order, with all columns of the table.

        Args:
            path: the file that they are kept in, for as long as the additions are used.
            table: which table.
            batches: read once.

        Raises:
            DuplicateRowsError: two rows have the same key.
        """
        with pa.ipc.new_file(path, table.schema) as writer:
            for batch in batches:
                rows = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
                writer.write_table(rows.select(table.schema.names).cast(table.schema), max_chunksize=ROW_GROUP_ROWS)
        rows = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        _refuse_repeated_keys(table, rows)
        keys = rows.select(list(table.order_columns))
        order = _sorted(keys, table.order_columns)
        return cls(table, rows, order.to_numpy().astype(np.int64), runs_of(keys.take(order), table))

    @classmethod
    def none(cls, table: Table) -> Self:
        """No rows."""
        return cls(table, table.schema.empty_table(), np.empty(0, np.int64), ())

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._positions)

    @cached_property
    def owners(self) -> frozenset[Owner]:
        """Whose rows they are."""
        return frozenset(run.owner for run in self._runs)

    @cached_property
    def places(self) -> list[Texts]:
        """Where they belong, in order."""
        return [run.place for run in self._runs]

    def split(self, label_of: Callable[[Owner], TLabel | None]) -> dict[TLabel, Additions]:
        """The rows by a label of their owner, without those whose label is None."""
        chosen: dict[TLabel, list[Run]] = {}
        for run in self._runs:
            label = label_of(run.owner)
            if label is not None:
                chosen.setdefault(label, []).append(run)
        return {label: self._only(runs) for label, runs in chosen.items()}

    def _only(self, chosen: Sequence[Run]) -> Additions:
        runs, start = [], 0
        for run in chosen:
            end = start + run.end - run.start
            runs.append(run._replace(start=start, end=end))
            start = end
        positions = np.concatenate([self._positions[run.start : run.end] for run in chosen])
        return Additions(self.table, self._rows, positions, runs)

    def stretches(self) -> Iterator[Stretch]:
        """The rows in order, as slices of the file on the disk, so that other rows can go between any two owners."""
        for run in self._runs:
            yield from self._slices(run, run.end)

    def whole(self) -> Iterator[Stretch]:
        """The same in large slices, where no other rows go between them: a row group each, those of a sorted file."""
        if self._runs:
            for place, rows in self._slices(self._runs[0], self.row_count):
                yield from (Stretch(place, piece) for piece in bounded_slices(rows))

    def _slices(self, first: Run, end: int) -> Iterator[Stretch]:
        positions = self._positions[first.start : end]
        breaks = np.flatnonzero(np.diff(positions) != 1) + 1
        for part in np.split(positions, breaks):
            yield Stretch(first.place, self._rows.slice(int(part[0]), len(part)))


def runs_of(rows: pa.Table, table: Table) -> list[Run]:
    """The rows of a sorted table by their owners."""
    if not rows.num_rows:
        return []
    columns = [*table.leading_columns, *table.owner_columns]
    changes = np.flatnonzero(~_same_as_before(rows, columns)) + 1
    starts = np.concatenate([[0], changes])
    ends = [*starts[1:].tolist(), rows.num_rows]
    values = rows.select(columns).take(pa.array(starts))
    places = zip(*(map(_comparable, values[name].to_pylist()) for name in columns), strict=True)
    leading = len(table.leading_columns)
    return [
        Run(place, place[leading:], start, end) for place, start, end in zip(places, starts.tolist(), ends, strict=True)
    ]


def distinct_owners(rows: pa.Table, table: Table) -> Iterator[Owner]:
    """Whose rows a table in any order holds."""
    found = rows.group_by(list(table.owner_columns), use_threads=False).aggregate([])
    yield from zip(*(map(_comparable, found[name].to_pylist()) for name in table.owner_columns), strict=True)


def owner(values: str | Iterable[str | None]) -> Owner:
    """The owner that people call by one id, or by the values of the owner columns."""
    return tuple(map(_comparable, (values,) if isinstance(values, str) else values))


def _comparable(value: str | None) -> tuple[bool, str]:
    return value is not None, clean_identifier(value or "")


def _sorted(keys: pa.Table, columns: Sequence[str]) -> pa.Array:
    return pc.sort_indices(keys, sort_keys=[(name, "ascending", "at_start") for name in columns])


def _refuse_repeated_keys(table: Table, rows: pa.Table) -> None:
    keys = rows.select(list(table.key_columns))
    keys = keys.take(_sorted(keys, table.key_columns))
    repeated = _same_as_before(keys, table.key_columns)
    if repeated.any():
        first = keys.slice(int(np.argmax(repeated)), 1).to_pylist()[0]
        raise DuplicateRowsError(f"table {table.name}: two added rows have the key {first}")


def _same_as_before(rows: pa.Table, columns: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For every row but the first: whether these columns have the values of the row before (null equals null)."""
    sames = []
    for name in columns:
        before, after = rows[name].slice(0, max(0, rows.num_rows - 1)), rows[name].slice(1)
        both_null = pc.and_(pc.is_null(before), pc.is_null(after))
        sames.append(pc.or_(pc.fill_null(pc.equal(before, after), False), both_null).to_numpy())
    return reduce(np.logical_and, sames)
