"""Given runs that were staged and accidents, this is what the lake holds: publish alone, on a real S3 server."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ocr_tasks.markdown import front_matter
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.partitions import PartitionError
from tenderlake.lake.reading import LakeReadError, iter_table
from tenderlake.lake.schema import DOCUMENTS, FIELDS, PAGES, SOURCES, TABLE_CELLS, TABLES, Table
from tenderlake.lakechanges import PUBLISHED_BY_A_NEWER_RUN
from tenderlake.layout import Layout
from tenderlake.publishing import publish_run, unfinished_business
from tenderlake.runs import Validation
from tenderlake.states import SourceState
from tenderlake.storage import Storage, StorageUnavailableError
from tenderlake.validation.results import DocumentFlag, Finding, FoundRow, Severity, Verdict
from tests.crashes import Crash, Killed, end_leases
from tests.stagedruns import NIGHT, Staged, document_id, stage_run

pytestmark = pytest.mark.integration

TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)
NEXT_NIGHT = NIGHT + timedelta(days=1)
TIMES = {"finished_at", "prepare_s", "ocr_s", "assemble_s"}
"""Columns that tell when it was done, not what."""
CHANGING = ("lake/", "lake-compact/", "markdown/", "quarantine/", "work/lake-writers/", "work/publishing/")
"""Where publishing writes, but for the report and the outcome of the run, which are written anew each time."""


def rows(storage: Storage, layout: Layout, table: Table) -> list[dict[str, Any]]:
    found = [
        {"ingest_date": day, **{name: value for name, value in row.items() if name not in TIMES}}
        for day, part in iter_table(storage, layout, table)
        for row in part.to_pylist()
    ]
    return sorted(found, key=lambda row: [str(row[name]) for name in ("ingest_date", *table.key_columns)])


def copied(storage: Storage, layout: Layout, table: Table) -> list[dict[str, Any]]:
    """What the compact copy holds, as :func:`rows` has it."""
    found = [
        {name: value for name, value in row.items() if name not in TIMES}
        for item in storage.list_objects(layout.compact_table(table.name))
        for row in pq.read_table(io.BytesIO(storage.get_bytes(item.key))).to_pylist()
    ]
    return sorted(found, key=lambda row: [str(row[name]) for name in ("ingest_date", *table.key_columns)])


def copy_is_like_the_lake(storage: Storage, layout: Layout) -> bool:
    return all(copied(storage, layout, table) == rows(storage, layout, table) for table in TABLES.values())


def lake(storage: Storage, layout: Layout) -> dict[str, object]:
    """Everything that people see: rows with their dates, Markdown, notes."""
    texts = {
        item.key: storage.get_bytes(item.key) for prefix in ("markdown/",) for item in storage.list_objects(prefix)
    }
    notes = {item.key for item in storage.list_objects("quarantine/")}
    return {**{table.name: rows(storage, layout, table) for table in TABLES.values()}, **texts, "notes": notes}


def states(storage: Storage, layout: Layout) -> dict[str, str]:
    return {
        "/".join(filter(None, [row["source_key"].removeprefix("inbox/"), row["archive_path"]])): row["state"]
        for row in rows(storage, layout, SOURCES)
    }


def keys_are_unique(storage: Storage, layout: Layout) -> bool:
    for table in TABLES.values():
        for found in (rows(storage, layout, table), copied(storage, layout, table)):
            keys = [tuple(row[name] for name in table.key_columns) for row in found]
            if len(keys) != len(set(keys)):
                return False
    return True


FIRST = [
    Staged("a.pdf", "a"),
    Staged("b.pdf", "b", text="цена 100"),
    Staged("copy of b.pdf", "b", state=SourceState.SKIPPED_DUPLICATE),
    Staged("c.zip", "c", state=SourceState.UNPACKED),
    Staged("c.zip", "c1", archive_path="смета.xls"),
    Staged("c.zip", "c2", archive_path="старое.doc"),
    Staged("d.pdf", state=SourceState.QUARANTINED_CORRUPT),
    Staged("e.pdf", "e"),
]
SECOND = [
    Staged("a.pdf", "a", pages=1, text="прочитано снова"),
    Staged("b.pdf", "b2", version=2, text="цена 200"),
    Staged("c.zip", "c0", version=2, state=SourceState.UNPACKED),
    Staged("c.zip", "c1", version=2, archive_path="смета.xls"),
    Staged("d.pdf", "d", version=2),
    Staged("e.pdf", state=SourceState.SKIPPED_EMPTY, version=2),
    Staged("f.pdf", state=SourceState.QUARANTINED_ENCRYPTED),
    Staged("g.pdf", "g", state=None),
    Staged("h.pdf", "h"),
]
"""Everything a run can do to the lake: a document read again with fewer pages; new bytes, whose old document leaves and
whose duplicate is forgotten; an archive that has lost a member; one mended; one emptied; new ones."""


def two_nights(storage: Storage, layout: Layout) -> None:
    stage_run(storage, layout, "run-1", FIRST)
    publish_run(storage, layout, "run-1")
    stage_run(storage, layout, "run-2", SECOND, started_at=NEXT_NIGHT, in_lake=["a", "c1"])


def test_all_tables_are_published_with_their_dates(storage: Storage, layout: Layout) -> None:
    two_nights(storage, layout)
    published = publish_run(storage, layout, "run-2")
    assert states(storage, layout) == {
        "a.pdf": "published",
        "b.pdf": "published",
        "c.zip": "unpacked",
        "c.zip/смета.xls": "published",
        "d.pdf": "published",
        "e.pdf": "skipped_empty",
        "f.pdf": "quarantined_encrypted",
        "h.pdf": "published",
    }
    documents = {row["document_id"]: row["ingest_date"] for row in rows(storage, layout, DOCUMENTS)}
    dates = {"a": TODAY, "b2": TOMORROW, "c1": TODAY, "d": TOMORROW, "h": TOMORROW}
    assert documents == {document_id(name): day for name, day in dates.items()}
    for table in (PAGES, TABLE_CELLS, FIELDS):
        found = {(row["document_id"], row["ingest_date"]) for row in rows(storage, layout, table)}
        assert found == set(documents.items()), table.name
    assert published.rows == {
        "pages": 9,
        "blocks": 18,
        "table_cells": 9,
        "fields": 9,
        "documents": 5,
        "sources": 8,
    }
    nothing = [Staged("i.pdf", "i", state=None)]
    stage_run(storage, layout, "run-3", nothing, started_at=NEXT_NIGHT + timedelta(hours=1))
    unchanged = publish_run(storage, layout, "run-3")
    assert [unchanged.event_of(table) for table in TABLES] == [None] * len(TABLES)
    # What consumers of the asset are told: rows now, rows that came, rows that went.
    assert published.event_of("pages") == {
        "run_id": "run-2",
        "rows": 9,
        "partitions": {
            "2026-11-20": {"row_count": 3, "added": 3, "dropped": 10},
            "2026-11-21": {"row_count": 6, "added": 6, "dropped": 0},
        },
    }
    assert {item.key for item in storage.list_objects("markdown/")} == {
        f"markdown/{path}.md" for path in ("a.pdf", "b.pdf", "c.zip/смета.xls", "d.pdf", "h.pdf")
    }
    assert {item.key for item in storage.list_objects("quarantine/")} == {"quarantine/quarantined_encrypted/f.pdf.json"}


def test_what_is_read_again_or_leaves_the_lake_leaves_no_row_in_its_copy(storage: Storage, layout: Layout) -> None:
    two_nights(storage, layout)
    assert {row["text"] for row in copied(storage, layout, PAGES)} == {"текст", "цена 100"}
    publish_run(storage, layout, "run-2")
    assert copy_is_like_the_lake(storage, layout)
    assert {row["document_id"] for row in copied(storage, layout, PAGES)} == set(
        map(document_id, ["a", "b2", "c1", "d", "h"])
    )
    assert [row["text"] for row in copied(storage, layout, PAGES) if row["document_id"] == document_id("a")] == [
        "прочитано снова"
    ]
    # The last document of a night goes: nothing of that night is left.
    emptied = [
        Staged(path, state=SourceState.SKIPPED_EMPTY, version=3)
        for path in ("a.pdf", "b.pdf", "c.zip", "d.pdf", "h.pdf")
    ]
    stage_run(storage, layout, "run-3", emptied, started_at=NEXT_NIGHT + timedelta(hours=1))
    publish_run(storage, layout, "run-3")
    assert copy_is_like_the_lake(storage, layout)
    assert [copied(storage, layout, table) for table in TABLES.values() if table is not SOURCES] == [[]] * 5


class FullFolder(tempfile.TemporaryDirectory[str]):
    """Temporary folders on a disk that has room for everything but the compact copy."""

    def __init__(self, **options: Any) -> None:
        if options["prefix"] == "tenderlake-compact-":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/tenderlake-compact")  # noqa: S108
        super().__init__(**options)


def test_a_disk_that_is_full_for_the_copy_is_told_and_the_lake_is_published(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_nights(storage, layout)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", FullFolder)
        published = publish_run(storage, layout, "run-2")
    assert published.state_counts["published"] == 5
    assert {row["run_id"] for row in rows(storage, layout, SOURCES)} == {"run-2"}
    assert not copy_is_like_the_lake(storage, layout)
    assert any("lake-compact/pages/part-0.parquet" in problem for problem in published.copy_problems)
    told = "; ".join(published.copy_problems)
    assert "No space left on device" in told
    assert "TMPDIR" in told
    assert set(published.copy_problems) <= set(unfinished_business(storage, layout, "run-2"))
    for name in ("index.html", "report.json"):
        assert "No space left on device" in storage.get_bytes(layout.report("run-2", name)).decode()
    stage_run(storage, layout, "run-3", [], started_at=NEXT_NIGHT)
    assert publish_run(storage, layout, "run-3").copy_problems == ()
    assert copy_is_like_the_lake(storage, layout)


def test_storage_that_fails_while_the_copy_is_made_fails_no_publication(
    storage: Storage, layout: Layout, s3: S3Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_run(storage, layout, "run-1", FIRST)

    def refused(storage: Storage, path: Path, key: str, media_type: str, *, etag: str | None) -> None:
        if key.startswith("lake-compact/"):
            raise StorageUnavailableError(f"s3://{storage.bucket}/{key}: connection reset")
        replace(storage, path, key, media_type, etag=etag)

    replace = Storage.replace
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "replace", refused)
        (problem,) = publish_run(storage, layout, "run-1").copy_problems
    assert problem.startswith(f"the compact copy is behind the lake: s3://{s3.bucket}/lake-compact/")
    assert publish_run(storage, layout, "run-1").copy_problems == ()
    assert copy_is_like_the_lake(storage, layout)


def test_the_copy_names_no_document_without_its_pages(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_run(storage, layout, "run-1", FIRST)
    copying = []

    def noted(storage: Storage, path: Path, key: str, media_type: str, *, etag: str | None) -> None:
        replace(storage, path, key, media_type, etag=etag)
        if key.startswith("lake-compact/"):
            copying.append(key.split("/")[1])
            known = {row["document_id"] for row in copied(storage, layout, PAGES)}
            assert {row["document_id"] for row in copied(storage, layout, DOCUMENTS)} <= known

    replace = Storage.replace
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "replace", noted)
        publish_run(storage, layout, "run-1")
    assert copying[-2:] == ["documents", "sources"]
    # A night of pages that cannot be copied holds the documents back.
    night = layout.partition("pages", TODAY)
    good = storage.get_bytes(night)
    stage_run(storage, layout, "run-2", [Staged("z.pdf", "z")], started_at=NEXT_NIGHT)
    storage.put_bytes(night, good[:-1], "application/octet-stream")
    assert publish_run(storage, layout, "run-2").copy_problems
    assert document_id("z") in {row["document_id"] for row in rows(storage, layout, DOCUMENTS)}
    assert document_id("z") not in {row["document_id"] for row in copied(storage, layout, DOCUMENTS)}
    storage.put_bytes(night, good, "application/octet-stream")
    assert publish_run(storage, layout, "run-2").copy_problems == ()
    assert copy_is_like_the_lake(storage, layout)


def test_a_batch_staged_before_there_were_cells_and_fields_is_published(storage: Storage, layout: Layout) -> None:
    stage_run(storage, layout, "run-1", FIRST[:2], without=[TABLE_CELLS, FIELDS])
    published = publish_run(storage, layout, "run-1")
    assert (published.rows["pages"], published.rows["table_cells"], published.rows["fields"]) == (4, 0, 0)


def test_what_validation_doubts_stands_in_the_front_matter_as_in_the_table(storage: Storage, layout: Layout) -> None:
    stage_run(storage, layout, "run-1", FIRST[:2])
    front = front_matter({"source": "a.pdf", "quality_flags": ["read_again"], "pages": 2})
    body = "\nтекст\r\n\n---\n\nquality_flags: []\n"
    staged = layout.run("run-1", f"markdown/{document_id('a')}.md")
    storage.put_bytes(staged, (front + body).encode(), "text/markdown")
    key = layout.run("run-1", "validation.json")
    doubt = Finding(
        suite="sums of tables",
        check="adds_up",
        severity=Severity.WARNING,
        row_count=1,
        rows=(FoundRow(page_number=1, message="page 1: 5 stands there"),),
        flag=DocumentFlag.SUMS_DO_NOT_ADD_UP,
    )
    verdicts = {document_id("a"): Verdict(findings=(doubt,))}
    validation = storage.get_model(key, Validation)
    storage.put_model(key, validation.model_copy(update={"verdicts": verdicts}))
    for _ in range(2):
        publish_run(storage, layout, "run-1")
        markdown = storage.get_bytes("markdown/a.pdf.md").decode()
        flags = ["read_again", "sums_do_not_add_up"]
        assert markdown == front_matter({"source": "a.pdf", "quality_flags": flags, "pages": 2}) + body
    (row, other) = rows(storage, layout, DOCUMENTS)
    assert (row["quality_flags"], other["quality_flags"]) == (["sums_do_not_add_up"], [])
    assert storage.get_bytes("markdown/b.pdf.md").decode() == "цена 100"


# Crashes


def test_a_crash_before_any_write_leaves_a_lake_that_the_next_try_completes(
    storage: Storage, layout: Layout, s3: S3Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_nights(storage, layout)
    before = lake(storage, layout)
    start = snapshot(storage)
    publish_run(storage, layout, "run-2")
    wanted = lake(storage, layout)
    assert wanted != before
    for last_write in range(1, 200):
        restore(storage, start)
        with monkeypatch.context() as patch:
            crash = Crash(patch, lambda number, key, last=last_write: number == last)  # type: ignore[misc]
            try:
                publish_run(storage, layout, "run-2")
            except Killed:
                assert crash.is_over
            else:
                break
        assert keys_are_unique(storage, layout)
        publish_run(storage, layout, "run-2")
        assert lake(storage, layout) == wanted, f"killed before write {last_write}"
        assert copy_is_like_the_lake(storage, layout)
        assert list(storage.list_objects(layout.unfinished_publishing)) == []
    assert last_write > 31


def snapshot(storage: Storage) -> dict[str, tuple[str, bytes]]:
    """ETag and bytes of everything that publishing changes."""
    items = [item for prefix in CHANGING for item in storage.list_objects(prefix)]
    return {item.key: (item.etag, storage.get_bytes(item.key)) for item in items}


def restore(storage: Storage, objects: dict[str, tuple[str, bytes]]) -> None:
    """The bucket as it was, as far as publishing changes it."""
    now = {item.key: item.etag for key in CHANGING for item in storage.list_objects(key)}
    storage.delete(now.keys() - objects.keys())
    for key, (etag, data) in objects.items():
        if now.get(key) != etag:
            storage.put_bytes(key, data, "application/octet-stream")


def test_the_next_run_finishes_one_that_died_under_the_date_of_that_one(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_run(storage, layout, "run-1", FIRST)
    publish_run(storage, layout, "run-1")
    wanted = lake(storage, layout)
    storage.delete(
        item.key for prefix in ("lake/", "markdown/", "quarantine/") for item in storage.list_objects(prefix)
    )
    with monkeypatch.context() as patch, pytest.raises(Killed):
        Crash(patch, lambda number, key: key.startswith("lake/documents/"))
        publish_run(storage, layout, "run-1")
    end_leases(storage, layout)
    assert rows(storage, layout, PAGES)
    assert not rows(storage, layout, DOCUMENTS)
    # Nobody knows the sources of the first run yet, so the second takes some of them again.
    stage_run(storage, layout, "run-2", FIRST[:2], started_at=NEXT_NIGHT)
    # The first try of the second dies when the first run is finished, or when all is done but its copy.
    for killed_at in (layout.publishing_mark("run-2"), "lake-compact/"):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            Crash(patch, lambda number, key, at=killed_at: key.startswith(at))  # type: ignore[misc]
            publish_run(storage, layout, "run-2")
        end_leases(storage, layout)
    published = publish_run(storage, layout, "run-2")
    # Its task died before it told Airflow what it has changed: the one that finishes it does.
    told = published.event_of("pages")
    assert told is not None
    assert told["partitions"] == {"2026-11-20": {"row_count": 10, "added": 14, "dropped": 14}}
    again = lake(storage, layout)
    for row in [*again["documents"], *again["sources"]]:  # type: ignore[misc]
        row["run_id"] = "run-1"
    assert again == wanted


@pytest.mark.parametrize("killed_at", ["lake/documents/", "lake/sources/", "lake-compact/"])
def test_who_waits_is_told_of_rows_that_went_before_the_first_try_died(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    stage_run(storage, layout, "run-1", FIRST[:2])
    publish_run(storage, layout, "run-1")
    empty = [Staged("a.pdf", state=SourceState.SKIPPED_EMPTY, version=2)]
    stage_run(storage, layout, "run-2", empty, started_at=NEXT_NIGHT)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        Crash(patch, lambda number, key: key.startswith(killed_at))
        publish_run(storage, layout, "run-2")
    end_leases(storage, layout)
    published = publish_run(storage, layout, "run-2")
    events = {table: published.event_of(table) for table in TABLES}
    days = {table: list(event["partitions"]) if event else [] for table, event in events.items()}  # type: ignore[call-overload]
    assert days == {table: ["2026-11-20"] for table in TABLES}


def test_what_a_run_that_cannot_be_finished_wrote_is_taken_back(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_run(storage, layout, "run-1", FIRST)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        Crash(patch, lambda number, key: key.startswith("lake/documents/"))
        publish_run(storage, layout, "run-1")
    end_leases(storage, layout)
    storage.put_bytes(layout.staging("run-1", "pages", 1), b"damaged", "application/octet-stream")
    stage_run(storage, layout, "run-2", FIRST, started_at=NEXT_NIGHT)
    publish_run(storage, layout, "run-2")
    assert keys_are_unique(storage, layout)
    assert {row["ingest_date"] for row in rows(storage, layout, PAGES)} == {TOMORROW}


PUBLISHING = """
import os, sys
import boto3
from tenderlake.layout import Layout
from tenderlake.publishing import publish_run
from tenderlake.settings import Settings
from tenderlake.storage import Storage, client_config

bucket, run_id, last_file = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client("s3", config=client_config())
files = 0

def answered(request_dict, **_):
    global files
    files += "/lake/" in request_dict["url"]
    if files == last_file:
        os._exit(9)

client.meta.events.register("needs-retry.s3.PutObject", answered)
print("ready", flush=True)
sys.stdin.readline()
publish_run(Storage(client, bucket), Layout(Settings.model_construct()), run_id)
"""


def publisher(s3: S3Connection, run_id: str, last_file: int = -1) -> subprocess.Popen[str]:
    """A process that publishes when it is told to; it dies when so many files of the lake are written."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHING, s3.bucket, run_id, str(last_file)],
        env={"PATH": os.environ["PATH"], **s3.environment(), "AWS_DEFAULT_REGION": s3.region},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_process_that_dies_when_it_has_written_a_file_is_followed_by_the_next(
    storage: Storage, layout: Layout, s3: S3Connection
) -> None:
    two_nights(storage, layout)
    start = snapshot(storage)
    publish_run(storage, layout, "run-2")
    wanted = lake(storage, layout)
    for last_file in (2, 11):
        restore(storage, start)
        killed = publisher(s3, "run-2", last_file)
        killed.communicate("go\n")
        assert killed.returncode == 9
        end_leases(storage, layout)
        assert lake(storage, layout) != wanted
        stage_run(storage, layout, "run-3", [Staged("i.pdf", "i", state=None)], started_at=NEXT_NIGHT)
        publish_run(storage, layout, "run-3")
        assert lake(storage, layout) == wanted


# Second writers


def test_two_processes_that_publish_at_once_lose_nothing_and_double_nothing(
    storage: Storage, layout: Layout, s3: S3Connection
) -> None:
    ours = [Staged(f"ours {number}.pdf", f"o{number}") for number in range(6)]
    theirs = [Staged(f"theirs {number}.pdf", f"t{number}") for number in range(6)]
    same = "the same bytes"
    stage_run(storage, layout, "run-1", [*ours, Staged("one name.pdf", same)])
    stage_run(storage, layout, "run-2", [*theirs, Staged("another name.pdf", same)], started_at=NEXT_NIGHT)
    processes = [publisher(s3, run_id) for run_id in ("run-1", "run-2")]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert keys_are_unique(storage, layout)
    assert copy_is_like_the_lake(storage, layout)
    assert len(rows(storage, layout, DOCUMENTS)) == 13
    assert len(rows(storage, layout, PAGES)) == 26
    assert sorted(states(storage, layout).values()) == ["published"] * 13 + ["skipped_duplicate"]


def test_an_older_run_that_is_published_late_replaces_nothing_of_a_newer_one(storage: Storage, layout: Layout) -> None:
    stage_run(storage, layout, "run-1", [Staged("a.pdf", "a"), Staged("b.pdf", "b"), Staged("only mine.pdf", "m")])
    publish_run(storage, layout, "run-1")
    newer = [Staged("a.pdf", "a2", version=2), Staged("b.pdf", "b", text="прочитано лучше")]
    stage_run(storage, layout, "run-2", newer, started_at=NEXT_NIGHT, in_lake=["b"])
    publish_run(storage, layout, "run-2")
    wanted = lake(storage, layout)
    # Somebody clears the publish task of the first run.
    published = publish_run(storage, layout, "run-1")
    assert lake(storage, layout) == wanted
    assert published.state_counts == {"left": 2, "published": 1}
    assert published.left_reasons == ()
    assert unfinished_business(storage, layout, "run-1") == []
    report = storage.get_bytes(layout.report("run-1", "report.json")).decode()
    assert report.count(PUBLISHED_BY_A_NEWER_RUN) == 2


def test_a_run_that_began_first_and_ends_last_keeps_the_newer_version_of_a_file(
    storage: Storage, layout: Layout
) -> None:
    stage_run(storage, layout, "slow", [Staged("a.pdf", "old", version=1)])
    stage_run(storage, layout, "quick", [Staged("a.pdf", "new", version=2)], started_at=NIGHT + timedelta(hours=1))
    publish_run(storage, layout, "quick")
    publish_run(storage, layout, "slow")
    assert [row["document_id"] for row in rows(storage, layout, DOCUMENTS)] == [document_id("new")]
    # The other way round: the one that has the newer version is right, though it began before.
    stage_run(storage, layout, "early", [Staged("a.pdf", "newest", version=3)], started_at=NIGHT - timedelta(hours=1))
    publish_run(storage, layout, "early")
    assert [row["document_id"] for row in rows(storage, layout, DOCUMENTS)] == [document_id("newest")]


# Damage


@pytest.mark.parametrize("damage", [b"not parquet", b""])
@pytest.mark.parametrize("table", ["pages", "fields"])
def test_a_damaged_file_leaves_its_day_alone_and_the_other_days_are_published(
    table: str, damage: bytes, storage: Storage, layout: Layout
) -> None:
    two_nights(storage, layout)
    key = layout.partition(table, TODAY)
    good = storage.get_bytes(key)
    before = lake(storage, layout)
    storage.put_bytes(key, damage, "application/octet-stream")
    publish_run(storage, layout, "run-2")
    assert storage.get_bytes(key) == damage
    problems = unfinished_business(storage, layout, "run-2")
    assert sum(f"s3://{storage.bucket}/{key} was left as it is" in problem for problem in problems) == 1
    assert sum(f"{layout.compact_part(table, 0)} is behind the lake" in problem for problem in problems) == 1
    storage.put_bytes(key, good, "application/octet-stream")
    # Of the sources that have to do with the first day nothing has changed; h.pdf has nothing to do with it.
    now = lake(storage, layout)
    assert [row for row in now["documents"] if row["ingest_date"] == TODAY] == before["documents"]  # type: ignore[attr-defined]
    assert states(storage, layout)["h.pdf"] == "published"
    assert states(storage, layout)["d.pdf"] == "quarantined_corrupt"
    assert keys_are_unique(storage, layout)
    # The next run takes them again.
    stage_run(storage, layout, "run-3", SECOND, started_at=NEXT_NIGHT + timedelta(hours=1), in_lake=["a", "c1", "h"])
    publish_run(storage, layout, "run-3")
    assert states(storage, layout)["d.pdf"] == "published"
    assert len(rows(storage, layout, DOCUMENTS)) == 5


def test_damage_within_a_file_stops_publishing_and_loses_nothing(storage: Storage, layout: Layout) -> None:
    two_nights(storage, layout)
    key = layout.partition("pages", TODAY)
    good = storage.get_bytes(key)
    middle = len(good) // 8
    storage.put_bytes(key, good[:middle] + bytes(50) + good[middle + 50 :], "application/octet-stream")
    with pytest.raises((PartitionError, LakeReadError), match=key):
        publish_run(storage, layout, "run-2")
    stage_run(storage, layout, "run-3", [Staged("i.pdf", "i")], started_at=NEXT_NIGHT)
    with pytest.raises(PartitionError, match=key):
        publish_run(storage, layout, "run-3")
    storage.put_bytes(key, good, "application/octet-stream")
    publish_run(storage, layout, "run-3")
    assert states(storage, layout) | {"i.pdf": "published"} == states(storage, layout)
    assert states(storage, layout)["h.pdf"] == "published"
    assert keys_are_unique(storage, layout)


def test_a_damaged_table_of_documents_stops_everything_and_says_where(storage: Storage, layout: Layout) -> None:
    two_nights(storage, layout)
    key = layout.partition("documents", TODAY)
    storage.put_bytes(key, b"not parquet", "application/octet-stream")
    with pytest.raises(LakeReadError, match=key):
        publish_run(storage, layout, "run-2")


def test_every_staged_object_is_fetched_once(storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    two_nights(storage, layout)
    fetched = []
    download = Storage.download

    def counted(self: Storage, key: str, *args: Any, **kwargs: Any) -> Any:
        fetched.append(key)
        return download(self, key, *args, **kwargs)

    monkeypatch.setattr(Storage, "download", counted)
    publish_run(storage, layout, "run-2")
    staged = sorted(key for key in fetched if "/staging/" in key)
    assert staged == sorted({item.key for item in storage.list_objects(layout.run("run-2", "staging/"))})
