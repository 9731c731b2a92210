"""Reading the lake back, for the stages: a row group at a time, in constant memory."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.errors import NeedsPersonError
from tenderlake.lake.parquet import ParquetError, read_row_groups
from tenderlake.lake.schema import DOCUMENTS, SOURCES, Table
from tenderlake.layout import Layout
from tenderlake.states import SourceState
from tenderlake.storage import ObjectInfo, ObjectMissingError, Storage

KNOWN_COLUMNS = (
    "source_key",
    "archive_path",
    "etag",
    "last_modified",
    "state",
    "document_id",
    "run_id",
    "first_seen_at",
)
_PARTITION = re.compile(r"ingest_date=(\d{4}-\d{2}-\d{2})/[^/]+\.parquet$")


class LakeReadError(NeedsPersonError):
    """An object of the lake cannot be read; the message names it."""


@dataclass(frozen=True)
class PublishedDocument:
    """Where a document stands in the lake.

    Args:
        document_id: which document.
        ingest_date: the partition that all its rows are in.
        reading_digest: the options that its pages were read with.
        source_key: the source it is published under.
        archive_path: the path in the archive of that source, None for the object itself.
    """

    document_id: str
    ingest_date: date
    reading_digest: str | None
    source_key: str
    archive_path: str | None


def iter_table(
    storage: Storage,
    layout: Layout,
    table: Table,
    columns: Sequence[str] | None = None,
) -> Iterator[tuple[date, pa.Table]]:
    """The rows of a table with their ingest date, a row group at a time, oldest partition first.

    Args:
        storage: the bucket.
        layout: its keys.
        table: which table.
        columns: which columns, None for all; those that an old file does not have are null.

    Raises:
        LakeReadError: an object is damaged.
    """
    nights = sorted(night_objects(storage, layout, table).items())
    for day, key in ((day, item.key) for day, items in nights for item in items):
        with tempfile.TemporaryDirectory(prefix="tenderlake-read-") as folder:
            path = Path(folder) / "part.parquet"
            try:
                storage.download(key, path)
            except ObjectMissingError:  # deleted since it was listed
                continue
            try:
                for rows in read_row_groups(path, table, columns):
                    yield day, rows
            except ParquetError as error:
                raise LakeReadError(f"s3://{storage.bucket}/{key}: {error}; put a good copy in its place") from error


def night_objects(storage: Storage, layout: Layout, table: Table) -> dict[date, list[ObjectInfo]]:
    """The files of every partition of a table, by their ingest date, those of a day in the order of their keys."""
    found: dict[date, list[ObjectInfo]] = {}
    for item in sorted(storage.list_objects(layout.table(table.name)), key=lambda one: one.key):
        if match := _PARTITION.search(item.key):
            found.setdefault(date.fromisoformat(match[1]), []).append(item)
    return found


def known_sources(storage: Storage, layout: Layout) -> Iterator[pa.RecordBatch]:
    """Every source that has a state, with its ingest_date and the columns :data:`KNOWN_COLUMNS`."""
    for day, rows in iter_table(storage, layout, SOURCES, KNOWN_COLUMNS):
        days = pa.repeat(pa.scalar(day, pa.date32()), rows.num_rows)
        yield from rows.append_column("ingest_date", days).to_batches()


def quarantined_sources(storage: Storage, layout: Layout) -> dict[SourceState, int]:
    """How many sources are in quarantine, by state; none of a state that no source is in."""
    counts: Counter[str] = Counter()
    for _, rows in iter_table(storage, layout, SOURCES, ["state"]):
        for found in rows["state"].value_counts().to_pylist():
            counts[found["values"]] += found["counts"]
    return {state: counts[state.value] for state in SourceState if state.is_quarantined and counts[state.value]}


def published_documents(
    storage: Storage, layout: Layout, document_ids: AbstractSet[str]
) -> dict[str, PublishedDocument]:
    """Those of the documents that stand in the lake."""
    if not document_ids:
        return {}
    wanted = pa.array(sorted(document_ids), pa.string())
    columns = ["document_id", "reading_digest", "source_key", "archive_path"]
    return {
        row["document_id"]: PublishedDocument(ingest_date=day, **row)
        for day, rows in iter_table(storage, layout, DOCUMENTS, columns)
        for row in rows.filter(pc.is_in(rows["document_id"], wanted)).to_pylist()
    }
