"""Writing a file of the lake anew: old rows that stay and rows that are added, in the order of the table.

Memory holds a row group of the old file and one of the new.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from heapq import merge
from itertools import chain, groupby, pairwise
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from tenderlake.lake.additions import Additions, DuplicateRowsError, Owner, Run, Stretch, Texts, runs_of
from tenderlake.lake.parquet import ParquetError, ParquetWriter, count_rows, read_row_groups
from tenderlake.lake.schema import Table

Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]
IsReplaced = Callable[[pa.Table, Sequence[Run]], Marks]
"""Marks the rows of a table that go, given its runs."""
NO_NOTES: Mapping[str, str] = MappingProxyType({})


class FileFullError(Exception):
    """The file grows over its size."""


class _OutOfOrderError(Exception):
    """The rows of an old file are not in the order of the table."""


def of_owners(owners: AbstractSet[Owner]) -> IsReplaced:
    """All rows of these owners go."""

    def marked(rows: pa.Table, runs: Sequence[Run]) -> Marks:
        marks = np.zeros(rows.num_rows, dtype=bool)
        for run in runs:
            if run.owner in owners:
                marks[run.start : run.end] = True
        return marks

    return marked


class OldRows:
    """The rows of the old file that stay.

    Args:
        path: the file, None where there is none.
        table: what it holds.
        is_replaced: which rows go.

    Attributes:
        row_count: all rows of the file.
        dropped_count: those that went, as far as it was read.
    """

    def __init__(self, path: Path | None, table: Table, is_replaced: IsReplaced) -> None:
        self._path, self._table, self._is_replaced = path, table, is_replaced
        self.row_count = count_rows(path, table) if path else 0
        self.dropped_count = 0

    def stretches(self, places: Sequence[Texts]) -> Iterator[Stretch]:
        """Slices of row groups in order, cut where rows that belong to other places come between them."""
        last: Texts = ()
        for group in self._groups():
            runs = runs_of(group, self._table)
            for before, after in pairwise([last, *(run.place for run in runs)]):
                if before > after:
                    raise _OutOfOrderError
            last = runs[-1].place if runs else last
            yield from self._cut(self._without_replaced(group, runs), places)

    def unsorted(self) -> Iterator[pa.Table]:
        """The rows as they are in the file."""
        self.dropped_count = 0
        for group in self._groups():
            yield self._without_replaced(group, runs_of(group, self._table))

    def _groups(self) -> Iterator[pa.Table]:
        return read_row_groups(self._path, self._table) if self._path else iter(())

    def _without_replaced(self, group: pa.Table, runs: Sequence[Run]) -> pa.Table:
        stays = ~self._is_replaced(group, runs)
        self.dropped_count += group.num_rows - int(stays.sum())
        # The filter copies, so that a few rows that stay do not keep their whole group in memory.
        return group if stays.all() else group.filter(pa.array(stays))

    def _cut(self, rows: pa.Table, places: Sequence[Texts]) -> Iterator[Stretch]:
        runs = runs_of(rows, self._table)
        for _, stretch in groupby(runs, key=lambda run: bisect_left(places, run.place)):
            first, *others = stretch
            end = others[-1].end if others else first.end
            yield Stretch(first.place, rows.slice(first.start, end - first.start))


def write_merged(
    path: Path,
    table: Table,
    old: OldRows,
    additions: Additions | None,
    *,
    most_bytes: int | None = None,
    notes: Mapping[str, str] = NO_NOTES,
) -> int:
    """Write the new file; returns its rows.

    Args:
        path: of the new file; where the old one is out of order, a file is spilled beside it.
        table: what it holds.
        old: rows that stay.
        additions: rows that come.
        most_bytes: its greatest size.
        notes: texts for its footer.

    Raises:
        FileFullError: it grows over its size.
        ParquetError: the old file is damaged.
    """
    places = additions.places if additions else ()
    row_count = old.row_count + (additions.row_count if additions else 0)
    if additions and not old.row_count:
        return _write_stretches(path, table, additions.whole(), row_count, most_bytes, notes)
    added = additions.stretches() if additions else iter(())
    try:
        in_order = merge(old.stretches(places), added, key=attrgetter("place"))
        return _write_stretches(path, table, in_order, row_count, most_bytes, notes)
    except _OutOfOrderError:
        # Written by hand, or by a version that sorted otherwise.
        added = additions.whole() if additions else iter(())
        rows = chain(old.unsorted(), (stretch.rows for stretch in added))
        try:
            everything = Additions.spilled(path.with_suffix(".arrow"), table, rows)
        except DuplicateRowsError as error:
            raise ParquetError(f"it has rows twice ({error})") from error
        return _write_stretches(path, table, everything.whole(), row_count, most_bytes, notes)


def _write_stretches(
    path: Path,
    table: Table,
    stretches: Iterable[Stretch],
    row_count: int,
    most_bytes: int | None,
    notes: Mapping[str, str],
) -> int:
    with ParquetWriter(path, table, lookup_rows=row_count) as writer:
        for stretch in stretches:
            writer.write(stretch.rows)
            if most_bytes is not None and writer.size_bytes > most_bytes:
                raise FileFullError
        for key, value in notes.items():
            writer.note(key, value)
    if most_bytes is not None and path.stat().st_size > most_bytes:
        raise FileFullError
    return writer.row_count
