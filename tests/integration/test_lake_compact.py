"""The compact copy: what it holds, what is written of it, what readers see meanwhile, and what damage costs."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenderlake.embedded.query import open_lake
from tenderlake.embedded.state import S3Connection
from tenderlake.lake import compact
from tenderlake.lake.compact import compact_lake
from tenderlake.lake.parquet import MEDIA_TYPE
from tenderlake.lake.partitions import merge_partition
from tenderlake.lake.rows import DocumentRow, to_table
from tenderlake.lake.schema import DOCUMENTS, PAGES, SCHEMA_VERSION, SCHEMA_VERSION_KEY, Table
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import ConditionFailedError, Storage
from tests.crashes import Crash, Killed
from tests.stagedruns import document_id, page_row

pytestmark = pytest.mark.integration

FIRST_DAY = dt.date(2026, 11, 20)
OLD_FILE = Path(__file__).parents[1] / "unit/lake/schema_1/documents.parquet"


def day_of(number: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=number)


def publish(storage: Storage, layout: Layout, night: int, *names: str, text: str = "", drop: str = "") -> None:
    """Put two pages of each document into the lake, or take a document out of it."""
    rows = [page_row(document_id(name), number, f"{name} {text}") for name in names for number in (1, 2)]
    gone = {document_id(drop)} if drop else set[str]()
    merge_partition(storage, layout, PAGES, day_of(night), additions=[to_table(PAGES, rows)], drop=gone)


def copy(storage: Storage, layout: Layout) -> list[str]:
    def write(path: Path, key: str, etag: str | None) -> None:
        storage.replace(path, key, MEDIA_TYPE, etag=etag)

    return compact_lake(storage, layout, write)


def rows(storage: Storage, prefix: str) -> list[tuple[object, ...]]:
    """All rows below a prefix, as a plain reader has them."""
    tables = []
    for item in storage.list_objects(prefix):
        table = pq.read_table(io.BytesIO(storage.get_bytes(item.key)))
        if "ingest_date=" in item.key:
            day = dt.date.fromisoformat(item.key.partition("ingest_date=")[2][:10])
            table = table.append_column("ingest_date", pa.repeat(pa.scalar(day, pa.date32()), table.num_rows))
        tables.append(table)
    return sorted((tuple(row.items()) for table in tables for row in table.to_pylist()), key=repr)


def is_like_the_lake(storage: Storage, layout: Layout, table: Table = PAGES) -> bool:
    return rows(storage, layout.compact_table(table.name)) == rows(storage, layout.table(table.name))


def versions(storage: Storage, layout: Layout) -> dict[str, str]:
    return {item.key: item.etag for item in storage.list_objects(layout.compact_table("pages"))}


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has room for two nights."""
    monkeypatch.setattr(compact, "FILE_NIGHTS", 2)


def test_many_nights_are_one_file_that_plain_readers_read_as_they_read_the_lake(
    storage: Storage, layout: Layout, s3: S3Connection, tmp_path: Path
) -> None:
    for night in range(5):
        publish(storage, layout, night, f"a{night}", f"b{night}")
    assert copy(storage, layout) == []
    (item,) = storage.list_objects(layout.compact_table("pages"))
    assert is_like_the_lake(storage, layout)
    path = storage.download(item.key, tmp_path / "part-0.parquet").path
    assert pq.read_schema(path).names == [*PAGES.schema.names, "ingest_date"]
    frame = pd.read_parquet(tmp_path, filters=[("ingest_date", "=", day_of(3))])
    assert set(frame["document_id"]) == {document_id("a3"), document_id("b3")}
    beside = Layout(Settings(lake_prefix="lake-compact/", compact_prefix="none/"))
    for where in (layout, beside):
        with open_lake(s3, where, tmp_path / "extensions") as database:
            found = database.sql("SELECT DISTINCT ingest_date FROM pages ORDER BY 1").fetchall()
        assert [day for (day,) in found] == [day_of(night) for night in range(5)]


def test_the_rows_are_sorted_so_that_a_document_is_in_one_place(storage: Storage, layout: Layout) -> None:
    for night, name in enumerate("cab"):
        publish(storage, layout, night, name)
    copy(storage, layout)
    (item,) = storage.list_objects(layout.compact_table("pages"))
    ids = pq.read_table(io.BytesIO(storage.get_bytes(item.key)))["document_id"].to_pylist()
    assert ids == sorted(ids)


@pytest.mark.usefixtures("small_files")
def test_only_files_whose_nights_have_changed_are_written(storage: Storage, layout: Layout) -> None:
    for night in range(5):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    before = versions(storage, layout)
    assert len(before) == 3
    copy(storage, layout)
    assert versions(storage, layout) == before
    publish(storage, layout, 0, "a0", text="прочитано снова")
    publish(storage, layout, 5, "a5")
    copy(storage, layout)
    after = versions(storage, layout)
    assert after.keys() == before.keys()
    assert [after[key] == before[key] for key in sorted(before)] == [False, True, False]
    assert is_like_the_lake(storage, layout)
    publish(storage, layout, 2, drop="a2")
    copy(storage, layout)
    assert is_like_the_lake(storage, layout)


@pytest.mark.usefixtures("small_files")
def test_a_night_that_is_deleted_by_hand_leaves_the_copy_and_one_that_comes_late_is_found(
    storage: Storage, layout: Layout
) -> None:
    for night in (1, 2, 3):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    storage.delete([layout.partition("pages", day_of(1)), layout.partition("pages", day_of(2))])
    publish(storage, layout, 0, "late")
    copy(storage, layout)
    assert is_like_the_lake(storage, layout)
    assert {row[-1] for row in rows(storage, layout.compact_table("pages"))} == {
        ("ingest_date", day_of(0)),
        ("ingest_date", day_of(3)),
    }


@contextmanager
def killed_before(write: int) -> Iterator[Crash]:
    with pytest.MonkeyPatch.context() as patch:
        yield Crash(patch, lambda number, key: number == write)


@pytest.mark.usefixtures("small_files")
def test_a_crash_before_any_write_leaves_every_document_there_once(storage: Storage, layout: Layout) -> None:
    for night in range(5):
        publish(storage, layout, night, f"a{night}", f"b{night}")
    copy(storage, layout)
    for write in range(1, 10):
        for night in (0, 2, 4):
            publish(storage, layout, night, f"a{night}", text=f"{write}")
        with killed_before(write) as crash:
            try:
                copy(storage, layout)
            except Killed:
                assert crash.is_over
        found = [dict(row) for row in rows(storage, layout.compact_table("pages"))]  # type: ignore[call-overload]
        assert len({(row["document_id"], row["page_number"]) for row in found}) == len(found) == 20
        if not crash.is_over:
            break
        assert not is_like_the_lake(storage, layout)
        copy(storage, layout)
        assert is_like_the_lake(storage, layout)
    assert write == 4


def test_a_writer_that_was_overtaken_replaces_nothing(storage: Storage, layout: Layout) -> None:
    publish(storage, layout, 0, "a")
    copy(storage, layout)
    publish(storage, layout, 1, "b")

    def late(path: Path, key: str, etag: str | None) -> None:
        publish(storage, layout, 2, "c")
        copy(storage, layout)
        storage.replace(path, key, MEDIA_TYPE, etag=etag)

    with pytest.raises(ConditionFailedError):
        compact_lake(storage, layout, late)
    assert is_like_the_lake(storage, layout)


def test_nights_are_added_some_at_a_time(storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "_ROWS_AT_ONCE", 1)
    for night in range(4):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    publish(storage, layout, 1, "a1", text="прочитано снова")
    publish(storage, layout, 2, drop="a2")
    copy(storage, layout)
    assert is_like_the_lake(storage, layout)
    assert len(versions(storage, layout)) == 1


@pytest.mark.usefixtures("small_files")
def test_a_damaged_night_keeps_its_file_as_it_was_and_is_told(storage: Storage, layout: Layout) -> None:
    for night in range(4):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    before = versions(storage, layout)
    key = layout.partition("pages", day_of(0))
    good = storage.get_bytes(key)
    storage.put_bytes(key, b"not parquet", MEDIA_TYPE)
    publish(storage, layout, 3, "a3", text="прочитано снова")
    (problem, waiting) = copy(storage, layout)
    assert waiting.startswith("the copies of documents and sources wait")
    assert f"{layout.compact_part('pages', 0)} is behind the lake: s3://{storage.bucket}/{key}: " in problem
    after = versions(storage, layout)
    assert [after[key] == before[key] for key in sorted(before)] == [True, False]
    storage.put_bytes(key, good, MEDIA_TYPE)
    assert copy(storage, layout) == []
    assert is_like_the_lake(storage, layout)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("damage", [b"not parquet", b""])
def test_a_damaged_file_of_the_copy_is_made_anew(storage: Storage, layout: Layout, damage: bytes) -> None:
    for night in range(5):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    storage.put_bytes(layout.compact_part("pages", 1), damage, MEDIA_TYPE)
    assert copy(storage, layout) == []
    assert is_like_the_lake(storage, layout)
    storage.delete([layout.compact_part("pages", 0)])
    assert copy(storage, layout) == []
    assert is_like_the_lake(storage, layout)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("number", [0, 1])
def test_a_file_that_another_program_has_written_anew_gives_no_rows_twice(
    storage: Storage, layout: Layout, number: int
) -> None:
    for night in range(4):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    key = layout.compact_part("pages", number)
    buffer = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(storage.get_bytes(key))).replace_schema_metadata(None), buffer)
    storage.put_bytes(key, buffer.getvalue(), MEDIA_TYPE)
    assert copy(storage, layout) == []
    assert is_like_the_lake(storage, layout)


def test_nights_of_an_older_version_have_the_columns_of_today(storage: Storage, layout: Layout) -> None:
    storage.upload(OLD_FILE, layout.partition("documents", day_of(0)), MEDIA_TYPE)
    row = DocumentRow(
        document_id=document_id("new"),
        source_key="inbox/a.pdf",
        filename="a.pdf",
        media_type="application/pdf",
        size_bytes=1,
        page_count=1,
        native_pages=1,
        ocr_pages=0,
        failed_pages=0,
        tender_id="0373200012326000457",
        markdown_key="markdown/a.pdf.md",
        pipeline_version="0.1.0",
        run_id="run",
    )
    merge_partition(storage, layout, DOCUMENTS, day_of(1), additions=[to_table(DOCUMENTS, [row])])
    assert copy(storage, layout) == []
    (item,) = storage.list_objects(layout.compact_table("documents"))
    found = pq.read_table(io.BytesIO(storage.get_bytes(item.key)))
    assert found.schema.names == [*DOCUMENTS.schema.names, "ingest_date"]
    assert found.num_rows == pq.read_metadata(OLD_FILE).num_rows + 1


def test_a_copy_of_a_newer_version_is_left_alone(storage: Storage, layout: Layout) -> None:
    publish(storage, layout, 0, "a")
    copy(storage, layout)
    key = layout.compact_part("pages", 0)
    table = pq.read_table(io.BytesIO(storage.get_bytes(key)))
    buffer = io.BytesIO()
    newer = {SCHEMA_VERSION_KEY: str(SCHEMA_VERSION + 1)}
    pq.write_table(table.replace_schema_metadata(newer), buffer)
    storage.put_bytes(key, buffer.getvalue(), MEDIA_TYPE)
    publish(storage, layout, 1, "b")
    problem = copy(storage, layout)[0]
    assert "newer version" in problem
    assert storage.get_bytes(key) == buffer.getvalue()


def test_where_no_copy_is_wanted_none_is_made_and_one_that_was_made_goes(storage: Storage, layout: Layout) -> None:
    without = Layout(Settings(compact_copy=False))
    publish(storage, layout, 0, "a")
    assert copy(storage, without) == []
    assert list(storage.list_objects(layout.settings.compact_prefix)) == []
    copy(storage, layout)
    strange = f"{layout.compact_table('pages')}notes.txt"
    storage.put_bytes(strange, b"somebody else's", "text/plain")
    # What would stay would grow old: rows of documents that have left the lake, for everybody who asks the copy.
    publish(storage, layout, 0, drop="a")
    assert copy(storage, without) == []
    assert [item.key for item in storage.list_objects(layout.settings.compact_prefix)] == [strange]


def test_the_footer_says_which_nights_a_file_holds(storage: Storage, layout: Layout) -> None:
    for night in range(3):
        publish(storage, layout, night, f"a{night}")
    copy(storage, layout)
    (item,) = storage.list_objects(layout.compact_table("pages"))
    notes = pq.read_metadata(io.BytesIO(storage.get_bytes(item.key))).metadata
    assert list(json.loads(notes[b"tenderlake.nights"])) == [day_of(night).isoformat() for night in range(3)]
