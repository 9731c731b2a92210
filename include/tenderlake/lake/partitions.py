"""Merging rows into a partition of the lake: read, drop what is replaced, add, PUT under the same key.

A partition is one object, ``part-0.parquet``, until that would grow over ``max_part_bytes``. What comes then goes to
further parts. **An owner stays in the part that it was first published in**, and a part is one object, so whoever reads
``**/*.parquet`` finds the rows of every document once, old or new, whatever is being written and wherever it stops: S3
can replace one object at once, but not two, and rows that moved from part to part would be there twice, or not at all,
until the second PUT. New owners fill the last part; those that it has no room for go to new parts, one, two, four, …,
by the hash of the owner. A merge writes only the parts that it changes.

Memory holds a row group of the old file and one of the new; what is added lies on the disk. DuckDB's
``COPY … ORDER BY`` would say the same in one statement, but ends with "Out of Memory" on half a gigabyte of pages at a
limit of 512 MB.
"""

from __future__ import annotations

import hashlib
import logging
import random
import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from tenderlake.errors import NeedsPersonError
from tenderlake.lake.additions import Additions, Owner, distinct_owners, owner
from tenderlake.lake.objectfile import ObjectFile
from tenderlake.lake.parquet import MEDIA_TYPE, ParquetError, count_rows, read_row_groups
from tenderlake.lake.rewriting import FileFullError, OldRows, of_owners, write_merged
from tenderlake.lake.schema import Table
from tenderlake.layout import Layout
from tenderlake.storage import ConditionFailedError, ObjectInfo, ObjectMissingError, Storage

log = logging.getLogger(__name__)

_PART = re.compile(r"/part-(\d{1,9})\.parquet\Z")
_MOST_CONFLICTS = 8
_FULL = 0.9
"""Of a part's size: from here on no new owner is tried in it."""
_MOST_PARTS_AT_ONCE = 1024
_NEW = "new.parquet"

Replace = Callable[[Path, str, str | None], None]
"""Writes a file to a key in place of the version with this ETag; see :meth:`tenderlake.storage.Storage.replace`."""


class PartitionError(NeedsPersonError):
    """A partition cannot be merged and was left as it is: a person has to look."""


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


@dataclass(frozen=True)
class Part:
    """One object of a partition.

    Args:
        number: as in its name.
        item: the version that was looked at.
        row_count: its rows.
        owners: those of the owners that were asked for whose rows are in it.
    """

    number: int
    item: ObjectInfo
    row_count: int
    owners: frozenset[Owner]


def merge_partition(
    storage: Storage,
    layout: Layout,
    table: Table,
    ingest_date: date,
    *,
    additions: Iterable[pa.Table | pa.RecordBatch] = (),
    drop: Collection[str] | Collection[tuple[str, str | None]] = (),
) -> Merge:
    """Replace documents (or sources) in one partition, with rows that come in batches; see :func:`merge_additions`.

    Args:
        storage: the bucket.
        layout: its keys.
        table: which table.
        ingest_date: which partition.
        additions: rows with the columns of the table, in any order.
        drop: document ids; for ``sources`` pairs of source_key and archive_path.

    Raises:
        DuplicateRowsError: two added rows have the same key.
    """
    with tempfile.TemporaryDirectory(prefix="tenderlake-additions-") as folder:
        spilled = Additions.spilled(Path(folder) / "rows.arrow", table, additions)
        return merge_additions(storage, layout, ingest_date, spilled, drop=frozenset(map(owner, drop)))


def merge_additions(
    storage: Storage,
    layout: Layout,
    ingest_date: date,
    additions: Additions,
    *,
    drop: AbstractSet[Owner] = frozenset(),
    replace: Replace | None = None,
) -> Merge:
    """Replace documents (or sources) in one partition; its files are sorted in the order of the table.

    All old rows go whose owner is in ``drop`` or has rows in ``additions``, so merging the same additions twice leaves
    them once. Parts in which nothing changes are not written. Where somebody else has written a part meanwhile, it is
    read and merged again.

    Args:
        storage: the bucket.
        layout: its keys.
        ingest_date: which partition.
        additions: rows to add.
        drop: owners whose old rows go.
        replace: how a part is written.

    Raises:
        PartitionError: an old file is damaged or newer than this code; what is merged before it stays merged.
        ConditionFailedError: others wrote this partition at every try.
    """

    def put(path: Path, key: str, etag: str | None) -> None:
        storage.replace(path, key, MEDIA_TYPE, etag=etag)

    return _Merging(storage, layout, ingest_date, additions, drop, replace or put).merge()


def list_parts(
    storage: Storage, layout: Layout, table: Table, ingest_date: date, owners: AbstractSet[Owner] = frozenset()
) -> list[Part]:
    """The parts of a partition in order, and which of the owners have rows in which.

    Of a part its footer is read, and where owners are asked for the columns that name them.

    Raises:
        PartitionError: a part is damaged or newer than this code.
        ConditionFailedError: a part was written while it was read.
    """
    items = _part_objects(storage, layout, table, ingest_date)
    return storage.in_parallel(lambda item: _look_into(storage, table, *item, owners), items)


def _part_objects(storage: Storage, layout: Layout, table: Table, day: date) -> list[tuple[int, ObjectInfo]]:
    found = {
        int(match[1]): item
        for item in storage.list_objects(layout.day(table.name, day))
        if (match := _PART.search(item.key)) and item.key == layout.partition(table.name, day, int(match[1]))
    }
    return sorted(found.items())


def _look_into(storage: Storage, table: Table, number: int, item: ObjectInfo, wanted: AbstractSet[Owner]) -> Part:
    with _naming(storage, item.key):
        if not wanted:
            return Part(number, item, count_rows(ObjectFile(storage, item), table), frozenset())
        row_count = 0
        owners: set[Owner] = set()
        for rows in read_row_groups(ObjectFile(storage, item), table, table.owner_columns):
            row_count += rows.num_rows
            owners.update(distinct_owners(rows, table))
    return Part(number, item, row_count, frozenset(owners & wanted))


@contextmanager
def _naming(storage: Storage, key: str) -> Iterator[None]:
    try:
        yield
    except ParquetError as error:
        raise PartitionError(
            f"s3://{storage.bucket}/{key} was left as it is: {error}. Put a good copy in its place, or delete it "
            "and run ingest_tenders with reprocess = all"
        ) from error


class _Merging:
    """One merge, up to its end: what is written stays written when the rest is tried again."""

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        ingest_date: date,
        additions: Additions,
        drop: AbstractSet[Owner],
        replace: Replace,
    ) -> None:
        self._storage, self._layout, self._day = storage, layout, ingest_date
        self._table, self._additions, self._replace = additions.table, additions, replace
        self._replaced = drop | additions.owners
        self._written: dict[Owner, int] = {}
        """Owners whose new rows are in the lake, and in which part."""
        self._dropped = 0
        self._most_bytes = layout.settings.max_part_bytes

    def merge(self) -> Merge:
        fan_out, conflicts = 0, 0
        while True:
            try:
                row_count = self._try(fan_out)
                return Merge(row_count=row_count, added=self._additions.row_count, dropped=self._dropped)
            except FileFullError:
                fan_out = max(1, 2 * fan_out)
            except ConditionFailedError as error:
                conflicts += 1
                if conflicts == _MOST_CONFLICTS:
                    raise
                log.warning("%s: it is read and merged again", error)
                time.sleep(random.uniform(0, 0.05 * 2**conflicts))  # noqa: S311 - so that two do not go on in step

    def _try(self, fan_out: int) -> int:
        """Merge what is not written yet, with new owners in so many new parts (0: in the last part).

        Returns:
            Rows of the partition.
        """
        parts = {part.number: part for part in self._parts(fan_out)}
        home = {owner: part.number for part in reversed(parts.values()) for owner in part.owners}
        first_new = max(parts, default=-1) + 1
        newcomers_to = self._newcomers_to(parts, fan_out)

        def part_of(owner: Owner) -> int | None:
            if owner in self._written:
                return None
            if owner in home:
                return home[owner]
            return newcomers_to if fan_out == 0 else first_new + _hash(owner) % fan_out

        by_part = self._additions.split(part_of)
        row_count = 0
        for number in sorted({*parts, *by_part}):
            part, additions = parts.get(number), by_part.get(number)
            if additions is None and part is not None and not part.owners & self._replaced_in(number):
                row_count += part.row_count
                continue
            newcomers = additions.owners - home.keys() if additions else frozenset()
            is_alone = part is None and len(newcomers) == 1
            is_limited = bool(newcomers) and not is_alone and fan_out < _MOST_PARTS_AT_ONCE
            row_count += self._rewrite(number, part, additions, self._most_bytes if is_limited else None)
        return row_count

    def _parts(self, fan_out: int) -> list[Part]:
        items = _part_objects(self._storage, self._layout, self._table, self._day)
        if fan_out == 0 and self._additions.row_count and len(items) == 1 and not self._is_full(items[0][1]):
            # The usual case: everything goes to the only part, whatever is in it.
            return [Part(number, item, 0, frozenset()) for number, item in items]
        return list_parts(self._storage, self._layout, self._table, self._day, self._replaced)

    def _is_full(self, item: ObjectInfo) -> bool:
        return item.size_bytes >= _FULL * self._most_bytes

    def _newcomers_to(self, parts: Mapping[int, Part], fan_out: int) -> int:
        last = max(parts, default=-1)
        return last if parts and not self._is_full(parts[last].item) else last + 1

    def _replaced_in(self, number: int) -> frozenset[Owner]:
        """Owners whose rows in a part are old."""
        return frozenset(owner for owner in self._replaced if self._written.get(owner) != number)

    def _rewrite(self, number: int, part: Part | None, additions: Additions | None, most_bytes: int | None) -> int:
        """Write one part, if anything changes in it; returns its rows."""
        key = self._layout.partition(self._table.name, self._day, number)
        with tempfile.TemporaryDirectory(prefix="tenderlake-merge-") as name, _naming(self._storage, key):
            folder = Path(name)
            old = OldRows(self._fetched(part, folder), self._table, of_owners(self._replaced_in(number)))
            row_count = write_merged(folder / _NEW, self._table, old, additions, most_bytes=most_bytes)
            if additions is not None or old.dropped_count:
                self._replace(folder / _NEW, key, part.item.etag if part else None)
        self._dropped += old.dropped_count
        if additions is not None:
            self._written.update(dict.fromkeys(additions.owners, number))
        return row_count

    def _fetched(self, part: Part | None, folder: Path) -> Path | None:
        if part is None:
            return None
        try:
            return self._storage.download(part.item.key, folder / "old.parquet", etag=part.item.etag).path
        except ObjectMissingError as error:
            raise ConditionFailedError(f"s3://{self._storage.bucket}/{part.item.key} was deleted") from error


def _hash(owner: Owner) -> int:
    """The same for an owner in every process and version."""
    text = "\0".join(value for _, value in owner)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
