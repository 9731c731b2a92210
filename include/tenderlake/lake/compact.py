"""The compact copy: the same tables in few large files, for questions about all days.

A night is one file a table, and DuckDB needs about a millisecond for each file that it looks into, so a thousand nights
make every question without a date slow. The nights cannot be put together where they lie: ``ingest_date`` is in their
path, and S3 replaces one object at once and never two, so that readers of ``**/*.parquet`` would see rows twice, or not
at all. So the same rows lie once more below ``lake-compact/``, with ``ingest_date`` as a column of the files.

It is made from the nights and from nothing else. The footer of each file says which nights are in it, in which
versions; after every publication the files whose nights have changed are written anew. A crash leaves files that are
behind, and whoever publishes next brings them up. **A night stays in the file that it was first put in**, and a file is
one object: each document is there once, old or new, for every reader at any moment. New nights fill the last file. All
files have the columns of today: with a new version of the schema they are written anew.

``documents`` and then ``sources`` are copied when the tables of what documents hold are: as in the lake itself, what is
in ``documents`` has its pages. Where one of those cannot be brought up, both wait with it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.lake.additions import Additions, DuplicateRowsError, Run
from tenderlake.lake.objectfile import ObjectFile
from tenderlake.lake.parquet import NewerFileError, ParquetError, count_rows, read_note, read_row_groups
from tenderlake.lake.reading import night_objects
from tenderlake.lake.rewriting import IsReplaced, Marks, OldRows, write_merged
from tenderlake.lake.schema import CONTENT_TABLES, DATE, DOCUMENTS, SCHEMA_VERSION, SOURCES, TABLES, Column, Table
from tenderlake.layout import Layout
from tenderlake.storage import ConditionFailedError, DiskFullError, ObjectInfo, ObjectMissingError, Storage

log = logging.getLogger(__name__)

FILE_BYTES = 128 * 2**20
"""A file that is larger takes no further night: the last one is written anew every night, some 20 MB in a second of
processor time (``bench/README.md``)."""
FILE_NIGHTS = 366
"""Nights that one file takes: its footer names them all, and every reader reads it."""
_ROWS_AT_ONCE = 1_000_000
"""Of nights that are added to a file at a time: their keys are sorted in memory, their rows lie on the disk."""
_PART = re.compile(r"/part-(\d{1,9})\.parquet\Z")
_NIGHTS_NOTE = "tenderlake.nights"
_INGEST_DATE = Column("ingest_date", DATE, "The day the source was first taken in.", "2026-11-20")

Replace = Callable[[Path, str, str | None], None]
"""Writes a file to a key in place of the version with this ETag; see :meth:`tenderlake.storage.Storage.replace`."""


@dataclass(frozen=True)
class _Night:
    """The files of one partition of a table."""

    items: tuple[ObjectInfo, ...]

    @property
    def version(self) -> str:
        """Changes with every file, and with the schema that they are written in here."""
        told = [f"schema {SCHEMA_VERSION}", *sorted(f"{item.key} {item.etag}" for item in self.items)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

    @property
    def size_bytes(self) -> int:
        return sum(item.size_bytes for item in self.items)


@dataclass(frozen=True)
class _File:
    """One file of the copy; ``nights`` are those in it by their versions, None where it cannot be read."""

    number: int
    item: ObjectInfo | None
    nights: Mapping[date, str] | None

    @property
    def days(self) -> AbstractSet[date]:
        return (self.nights or {}).keys()


class _LeftError(Exception):
    """A file of the copy is left as it is, for the reason given."""


def compact_table(table: Table) -> Table:
    """The table as it is in the copy: with ``ingest_date`` as a column."""
    return replace(table, columns=(*table.columns, _INGEST_DATE))


def compact_lake(storage: Storage, layout: Layout, write: Replace) -> list[str]:
    """Bring the compact copy of all tables up to their nights; writes nothing where nothing has changed.

    Where the settings want no copy, one that is there is deleted: it would be read, and it would only grow old.

    Args:
        storage: the bucket.
        layout: its keys.
        write: how a file is written; two processes may not do this at once.

    Returns:
        What could not be copied and why, in sentences.

    Raises:
        ConditionFailedError: somebody else writes the copy.
        StorageError: storage failed; what is written stays right.
    """
    if not layout.settings.compact_copy:
        storage.delete([item.key for table in TABLES.values() for item in _parts(storage, layout, table).values()])
        return []

    def copy(table: Table) -> list[str]:
        return list(_Copying(storage, layout, table, write).problems())

    problems = [problem for of_table in storage.in_parallel(copy, CONTENT_TABLES) for problem in of_table]
    for table in (DOCUMENTS, SOURCES):
        if problems:
            return [
                *problems,
                "the copies of documents and sources wait for that, or they would name what has no pages",
            ]
        problems = copy(table)
    return problems


class _Copying:
    """Brings the copy of one table up to its nights."""

    def __init__(self, storage: Storage, layout: Layout, table: Table, write: Replace) -> None:
        self._storage, self._layout, self._write = storage, layout, write
        self._table, self._compact = table, compact_table(table)

    def problems(self) -> Iterator[str]:
        """Write the files that have to be written; yields why one was left."""
        nights = {
            day: _Night(tuple(items)) for day, items in night_objects(self._storage, self._layout, self._table).items()
        }
        try:
            placed = list(_placed(self._files(), nights))
        except _LeftError as error:
            yield str(error)
            return
        for file, days in placed:
            wanted = {day: nights[day] for day in days}
            if file.nights == {day: night.version for day, night in wanted.items()}:
                continue
            try:
                self._rewrite(file, wanted)
            except (_LeftError, DiskFullError) as error:
                yield f"{self._address(file.number)} is behind the lake: {error}"
            except OSError as error:
                yield (
                    f"{self._address(file.number)} is behind the lake: {error}. It is made in the folder "
                    f"{tempfile.gettempdir()} of the worker: see to its disk, or set TMPDIR to a folder on another one"
                )

    def _files(self) -> list[_File]:
        found = _parts(self._storage, self._layout, self._table)
        return [self._file(number, item) for number, item in sorted(found.items())]

    def _file(self, number: int, item: ObjectInfo) -> _File:
        try:
            note = read_note(ObjectFile(self._storage, item), self._compact, _NIGHTS_NOTE)
            nights = {date.fromisoformat(day): str(version) for day, version in json.loads(note or "null").items()}
        except NewerFileError as error:
            raise _LeftError(f"{self._address(number)} was left as it is: {error}") from error
        except (ParquetError, ValueError, AttributeError) as error:  # the last: no nights are told, by another program
            log.warning("%s is made anew: %s", self._address(number), error)
            return _File(number, item, None)
        return _File(number, item, nights)

    def _rewrite(self, file: _File, wanted: Mapping[date, _Night]) -> None:
        """Write a file with these nights in it; what has not changed comes from the file itself."""
        known = file.nights or {}
        current = {day: night.version for day, night in wanted.items()}
        changed = {day for day in known.keys() | current.keys() if known.get(day) != current.get(day)}
        notes = {_NIGHTS_NOTE: json.dumps({day.isoformat(): version for day, version in sorted(current.items())})}
        with tempfile.TemporaryDirectory(prefix="tenderlake-compact-") as name:
            folder = Path(name)
            old = self._fetched(file, folder / "old.parquet") if known.keys() - changed else None
            come = {day: wanted[day] for day in changed & wanted.keys()}
            for number, days in enumerate(_portions(self._row_counts(come))):
                new = folder / f"new-{number}.parquet"
                # The rows of changed nights go with the first portion; later ones find none of theirs.
                self._merge(
                    old, new, changed if number == 0 else frozenset(), {day: wanted[day] for day in days}, notes
                )
                if old is not None:
                    old.unlink()
                old = new
            key = self._layout.compact_part(self._table.name, file.number)
            self._write(new, key, file.item.etag if file.item else None)

    def _merge(
        self,
        old: Path | None,
        new: Path,
        gone: AbstractSet[date],
        come: Mapping[date, _Night],
        notes: Mapping[str, str],
    ) -> None:
        spill = new.with_suffix(".rows")
        try:
            additions = Additions.spilled(spill, self._compact, self._rows(come, new.with_suffix(".night")))
            write_merged(new, self._compact, OldRows(old, self._compact, _of_days(gone)), additions, notes=notes)
        except ParquetError as error:
            raise _LeftError(f"{error}; delete it, and the next publication makes it anew") from error
        except DuplicateRowsError as error:
            raise _LeftError(f"two of its nights have the same rows ({error})") from error
        spill.unlink()

    def _rows(self, nights: Mapping[date, _Night], path: Path) -> Iterator[pa.Table]:
        """The rows of nights with their day, a row group at a time."""
        for day, night in nights.items():
            for item in night.items:
                with self._naming(item):
                    self._storage.download(item.key, path, etag=item.etag)
                    for rows in read_row_groups(path, self._table):
                        days = pa.repeat(pa.scalar(day, DATE), rows.num_rows)
                        yield rows.append_column(_INGEST_DATE.name, days)

    @contextmanager
    def _naming(self, item: ObjectInfo) -> Iterator[None]:
        """Say which file of a night cannot be read."""
        try:
            yield
        except ParquetError as error:
            where = f"s3://{self._storage.bucket}/{item.key}"
            raise _LeftError(f"{where}: {error}; put a good copy in its place") from error
        except (ObjectMissingError, ConditionFailedError) as error:
            raise _LeftError(f"{error}; the next publication copies it") from error

    def _row_counts(self, nights: Mapping[date, _Night]) -> dict[date, int]:
        counts = dict.fromkeys(nights, 0)
        for day, night in nights.items():
            for item in night.items:
                with self._naming(item):
                    counts[day] += count_rows(ObjectFile(self._storage, item), self._table)
        return counts

    def _fetched(self, file: _File, path: Path) -> Path | None:
        if file.item is None:
            return None
        return self._storage.download(file.item.key, path, etag=file.item.etag).path

    def _address(self, number: int) -> str:
        return f"s3://{self._storage.bucket}/{self._layout.compact_part(self._table.name, number)}"


def _parts(storage: Storage, layout: Layout, table: Table) -> dict[int, ObjectInfo]:
    """The files of the copy of a table by their numbers, and nothing else that lies there."""
    return {
        int(match[1]): item
        for item in storage.list_objects(layout.compact_table(table.name))
        if (match := _PART.search(item.key)) and item.key == layout.compact_part(table.name, int(match[1]))
    }


def _placed(files: Sequence[_File], nights: Mapping[date, _Night]) -> Iterator[tuple[_File, list[date]]]:
    """Which nights belong into which file: where they are, else into the last one that has room."""
    home = {day: file.number for file in reversed(files) for day in file.days}
    by_file: dict[int, list[date]] = {file.number: [] for file in files}
    newcomers = []
    for day in sorted(nights):
        if day in home:
            by_file[home[day]].append(day)
        else:
            newcomers.append(day)
    sizes = {file.number: file.item.size_bytes if file.item and file.nights else 0 for file in files}
    # What a damaged file held is in no other, so that it goes there again.
    last = min((file.number for file in files if file.nights is None), default=max(by_file, default=0))
    for day in newcomers:
        size, held = sizes.get(last, 0), by_file.setdefault(last, [])
        if held and (size + nights[day].size_bytes > FILE_BYTES or len(held) >= FILE_NIGHTS):
            last = max(by_file) + 1
        by_file.setdefault(last, []).append(day)
        sizes[last] = sizes.get(last, 0) + nights[day].size_bytes
    known = {file.number: file for file in files}
    for number, days in sorted(by_file.items()):
        yield known.get(number, _File(number, None, {})), days


def _portions(row_counts: Mapping[date, int]) -> Iterator[list[date]]:
    """Nights that are added at a time; one portion at least, so that rows can go where none come."""
    portion: list[date] = []
    rows = 0
    for day, count in sorted(row_counts.items()):
        if portion and rows + count > _ROWS_AT_ONCE:
            yield portion
            portion, rows = [], 0
        portion.append(day)
        rows += count
    yield portion


def _of_days(days: AbstractSet[date]) -> IsReplaced:
    """All rows of these days go."""
    values = pa.array(sorted(days), DATE)

    def marked(rows: pa.Table, runs: Sequence[Run]) -> Marks:
        return np.asarray(pc.is_in(rows[_INGEST_DATE.name], values).to_numpy(), dtype=bool)

    return marked
