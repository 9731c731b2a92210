"""Staging, merging and reading the lake, on a real S3 server."""

from __future__ import annotations

import base64
import datetime as dt
import os
import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ocr_tasks.contract import BlockLabel
from tenderlake.embedded.state import S3Connection
from tenderlake.lake import parquet
from tenderlake.lake.additions import DuplicateRowsError
from tenderlake.lake.partitions import Merge, PartitionError, merge_partition
from tenderlake.lake.reading import (
    LakeReadError,
    PublishedDocument,
    iter_table,
    known_sources,
    published_documents,
)
from tenderlake.lake.rows import BlockRow, DocumentRow, PageRow, SourceRow, to_table
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, PAGES, SOURCES
from tenderlake.lake.staging import StagingError, StagingWriter, read_staging
from tenderlake.lake.vocabulary import TextSource
from tenderlake.layout import Layout
from tenderlake.states import SourceState
from tenderlake.storage import Storage

pytestmark = pytest.mark.integration

DAY = dt.date(2026, 11, 20)
NEXT_DAY = dt.date(2026, 11, 21)
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def document_id(name: str) -> str:
    """A made-up id; names sort as their ids do."""
    return name.encode().hex().ljust(64, "0")


def page(name: str, number: int, text: str = "текст") -> PageRow:
    return PageRow(
        document_id=document_id(name),
        page_number=number,
        width_px=2480,
        height_px=3508,
        text_source=TextSource.NATIVE,
        text=text,
    )


def pages(name: str, count: int, text: str = "текст") -> pa.Table:
    return to_table(PAGES, [page(name, number, text) for number in range(1, count + 1)])


def document(name: str, reading_digest: str | None = None) -> DocumentRow:
    return DocumentRow(
        document_id=document_id(name),
        source_key=f"inbox/{name}.zip",
        archive_path=f"{name}.pdf",
        filename=f"{name}.pdf",
        media_type="application/pdf",
        size_bytes=1000,
        page_count=1,
        native_pages=1,
        ocr_pages=0,
        failed_pages=0,
        markdown_key=f"markdown/{name}.pdf.md",
        pipeline_version="0.1.0",
        reading_digest=reading_digest,
        run_id="run",
    )


def source(
    key: str,
    name: str | None,
    state: SourceState = SourceState.PUBLISHED,
    archive_path: str | None = None,
    etag: str = "e1",
) -> SourceRow:
    return SourceRow(
        source_key=f"inbox/{key}",
        etag=etag,
        size_bytes=1000,
        last_modified=NOON,
        archive_path=archive_path,
        document_id=document_id(name) if name else None,
        state=state,
        run_id="run",
        first_seen_at=NOON,
        finished_at=NOON,
    )


def stored(storage: Storage, layout: Layout, table: str, tmp_path: Path, day: dt.date = DAY) -> pq.ParquetFile:
    path = tmp_path / "stored.parquet"
    storage.download(layout.partition(table, day), path)
    return pq.ParquetFile(path)


def stored_pages(storage: Storage, layout: Layout, tmp_path: Path) -> list[tuple[str, int, str]]:
    rows = stored(storage, layout, "pages", tmp_path).read(["document_id", "page_number", "text"]).to_pylist()
    return [(bytes.fromhex(row["document_id"]).rstrip(b"\0").decode(), row["page_number"], row["text"]) for row in rows]


# Staging


def test_staged_rows_come_back_in_their_order(storage: Storage, layout: Layout) -> None:
    rows = [page(name, number) for name in ("b", "a") for number in range(1, 1501)]
    with StagingWriter(storage, layout, "manual__1", PAGES, 3) as writer:
        writer.add(rows[:1000])
        writer.add(rows[1000:])
        assert writer.row_count == 3000
    assert storage.exists("work/runs/manual__1/staging/pages/batch-0003.parquet")
    back = pa.concat_tables(read_staging(storage, layout, "manual__1", PAGES, 3))
    assert back == to_table(PAGES, rows)


def test_a_batch_that_failed_leaves_nothing_staged(storage: Storage, layout: Layout) -> None:
    with pytest.raises(KeyError), StagingWriter(storage, layout, "run", PAGES, 1) as writer:
        writer.add([page("a", 1)])
        raise KeyError
    assert list(read_staging(storage, layout, "run", PAGES, 1)) == []
    assert not storage.exists(layout.staging("run", "pages", 1))


def test_staging_again_replaces_the_earlier_try(storage: Storage, layout: Layout) -> None:
    for text in ("первая", "вторая"):
        with StagingWriter(storage, layout, "run", PAGES, 1) as writer:
            writer.add([page("a", 1, text)])
    (rows,) = read_staging(storage, layout, "run", PAGES, 1)
    assert rows["text"].to_pylist() == ["вторая"]


def test_a_damaged_staged_object_is_named(storage: Storage, layout: Layout) -> None:
    storage.put_bytes(layout.staging("run", "pages", 1), b"PAR1 and then nothing", "application/octet-stream")
    with pytest.raises(StagingError, match=r"staging/pages/batch-0001\.parquet: it is no readable Parquet file"):
        list(read_staging(storage, layout, "run", PAGES, 1))


# Merging


def test_rows_of_a_first_publication_are_sorted(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    shuffled = [page("b", 2), page("a", 1), page("b", 1), page("a", 2)]
    merge = merge_partition(storage, layout, PAGES, DAY, additions=[to_table(PAGES, shuffled), pages("0", 1)])
    assert merge == Merge(row_count=5, added=5, dropped=0)
    assert stored_pages(storage, layout, tmp_path) == [
        ("0", 1, "текст"),
        ("a", 1, "текст"),
        ("a", 2, "текст"),
        ("b", 1, "текст"),
        ("b", 2, "текст"),
    ]


def test_merging_the_same_rows_twice_leaves_them_once(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    batches = [pages("a", 2), pages("c", 1)]
    merge_partition(storage, layout, PAGES, DAY, additions=batches)
    once = stored_pages(storage, layout, tmp_path)
    assert merge_partition(storage, layout, PAGES, DAY, additions=batches) == Merge(row_count=3, added=3, dropped=3)
    assert stored_pages(storage, layout, tmp_path) == once


def test_a_document_is_replaced_as_a_whole_and_others_stay(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 2), pages("b", 3), pages("c", 2)])
    # Read again, b has only two pages; page 3 must not survive. a leaves the lake.
    again = pages("b", 2, "новый").to_batches()
    merge = merge_partition(storage, layout, PAGES, DAY, additions=again, drop={document_id("a")})
    assert merge == Merge(row_count=4, added=2, dropped=5)
    assert stored_pages(storage, layout, tmp_path) == [
        ("b", 1, "новый"),
        ("b", 2, "новый"),
        ("c", 1, "текст"),
        ("c", 2, "текст"),
    ]


def test_sources_are_replaced_by_key_and_path_in_the_archive(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    first = [
        source("a.zip", None),
        source("a.zip", "x", archive_path="смета.xls"),
        source("a.zip", "y", archive_path="ТЗ.pdf"),
        source("b.pdf", "z"),
    ]
    merge_partition(storage, layout, SOURCES, DAY, additions=[to_table(SOURCES, first)])
    again = [source("a.zip", "x2", archive_path="смета.xls", etag="e2"), source("b.pdf", "z", etag="e2")]
    merge = merge_partition(
        storage, layout, SOURCES, DAY, additions=[to_table(SOURCES, again)], drop={("inbox/a.zip", None)}
    )
    assert merge == Merge(row_count=3, added=2, dropped=3)
    rows = stored(storage, layout, "sources", tmp_path).read(["source_key", "archive_path", "etag"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("inbox/a.zip", "ТЗ.pdf", "e1"),
        ("inbox/a.zip", "смета.xls", "e2"),
        ("inbox/b.pdf", None, "e2"),
    ]


def test_nothing_to_add_writes_nothing_and_dropping_all_leaves_an_empty_table(
    storage: Storage, layout: Layout, tmp_path: Path
) -> None:
    assert merge_partition(storage, layout, PAGES, DAY, drop={document_id("a")}) == Merge(0, 0, 0)
    assert not storage.exists(layout.partition("pages", DAY))
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 2)])
    assert merge_partition(storage, layout, PAGES, DAY, drop={document_id("a")}) == Merge(0, 0, 2)
    assert stored_pages(storage, layout, tmp_path) == []


def test_many_small_row_groups_merge_as_one_big_one_would(
    storage: Storage, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of the table in a dictionary, and 30 random merges of both."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 7)
    chance = random.Random(20261120)  # noqa: S311
    names = [f"{number:02d}" for number in range(20)]
    model: dict[str, list[str]] = {}
    for step in range(30):
        added = {name: [f"{step}"] * chance.randint(1, 12) for name in chance.sample(names, 4)}
        dropped = set(chance.sample(names, 2))
        rows = [page(name, number, text) for name, texts in added.items() for number, text in enumerate(texts, 1)]
        chance.shuffle(rows)
        batches = [to_table(PAGES, rows[start : start + 5]) for start in range(0, len(rows), 5)]
        merge_partition(storage, layout, PAGES, DAY, additions=batches, drop={document_id(name) for name in dropped})
        model = {name: texts for name, texts in model.items() if name not in dropped} | added
        assert stored_pages(storage, layout, tmp_path) == [
            (name, number, text) for name in sorted(model) for number, text in enumerate(model[name], 1)
        ]
    assert stored(storage, layout, "pages", tmp_path).num_row_groups > 5


def test_an_old_file_with_fewer_columns_takes_part(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    old = pa.table({"document_id": [document_id("a")], "page_number": pa.array([1], pa.int32()), "text": ["старый"]})
    pq.write_table(old, tmp_path / "old.parquet")
    storage.upload(tmp_path / "old.parquet", layout.partition("pages", DAY), parquet.MEDIA_TYPE)
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("b", 1)])
    file = stored(storage, layout, "pages", tmp_path)
    assert file.schema_arrow.equals(PAGES.schema)
    assert file.read(["text", "width_px"]).to_pylist() == [
        {"text": "старый", "width_px": None},
        {"text": "текст", "width_px": 2480},
    ]


def test_a_damaged_partition_is_named_and_left_as_it_is(storage: Storage, layout: Layout) -> None:
    key = layout.partition("pages", DAY)
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 500)])
    broken = storage.get_bytes(key)[:-100]
    storage.put_bytes(key, broken, parquet.MEDIA_TYPE)
    with pytest.raises(PartitionError, match=rf"s3://{storage.bucket}/{key} was left as it is: .*reprocess = all"):
        merge_partition(storage, layout, PAGES, DAY, additions=[pages("c", 1)])
    assert storage.get_bytes(key) == broken


def put_file(storage: Storage, key: str, rows: pa.Table, tmp_path: Path) -> None:
    pq.write_table(rows, tmp_path / "by hand.parquet")
    storage.upload(tmp_path / "by hand.parquet", key, parquet.MEDIA_TYPE)


def test_a_file_that_somebody_wrote_in_another_order_is_sorted(
    storage: Storage, layout: Layout, tmp_path: Path
) -> None:
    unsorted = pa.concat_tables([pages("c", 2), pages("b", 1), pages("a", 2), pages("b2", 1)])
    put_file(storage, layout.partition("pages", DAY), unsorted, tmp_path)
    merge = merge_partition(storage, layout, PAGES, DAY, additions=[pages("aa", 1)], drop={document_id("b")})
    assert merge == Merge(row_count=6, added=1, dropped=1)
    assert [(name, number) for name, number, _ in stored_pages(storage, layout, tmp_path)] == [
        ("a", 1), ("a", 2), ("aa", 1), ("b2", 1), ("c", 1), ("c", 2)
    ]  # fmt: skip


def test_a_file_with_rows_twice_is_left_to_a_person(storage: Storage, layout: Layout, tmp_path: Path) -> None:
    twice = pa.concat_tables([pages("c", 2), pages("a", 2), pages("c", 1)])
    put_file(storage, layout.partition("pages", DAY), twice, tmp_path)
    with pytest.raises(
        PartitionError, match=r"part-0\.parquet was left as it is: it has rows twice .*'page_number': 1"
    ):
        merge_partition(storage, layout, PAGES, DAY, additions=[pages("b", 1)])
    # Where just those rows are replaced, nothing is wrong any more.
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("c", 1)])
    assert [(name, number) for name, number, _ in stored_pages(storage, layout, tmp_path)] == [
        ("a", 1), ("a", 2), ("c", 1)
    ]  # fmt: skip


def test_two_rows_with_one_key_are_refused(storage: Storage, layout: Layout) -> None:
    with pytest.raises(DuplicateRowsError, match=r"table pages: two added rows have the key .*'page_number': 2"):
        merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 3), to_table(PAGES, [page("a", 2)])])
    assert not storage.exists(layout.partition("pages", DAY))


def run_script(script: str, s3: S3Connection, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A Python script in a process of its own, with the S3 server in its environment."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **s3.environment(), "AWS_DEFAULT_REGION": s3.region},
        capture_output=True,
        text=True,
        check=False,
    )


MEASURED_MERGE = """
import datetime as dt, sys
import boto3, pyarrow as pa, pyarrow.parquet as pq
from tenderlake.lake import parquet
from tenderlake.lake.partitions import merge_partition
from tenderlake.lake.schema import PAGES
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage, client_config

parquet.ROW_GROUP_BYTES = 2**20
storage = Storage(boto3.client("s3", config=client_config()), sys.argv[1])
additions = [pq.read_table(sys.argv[2])]
merge_partition(storage, Layout(Settings.model_construct()), PAGES, dt.date(2026, 11, 20), additions=additions)
print(pa.default_memory_pool().max_memory())
"""


def test_memory_does_not_grow_with_the_partition(
    storage: Storage, layout: Layout, s3: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 2**20)
    text = "я" * 5_000  # 10 kB a page, 1 MB a document, 80 MB together
    merge_partition(storage, layout, PAGES, DAY, additions=(pages(f"{number:02d}", 100, text) for number in range(80)))
    pq.write_table(pages("40 and a half", 100, text), tmp_path / "added.parquet")
    peak_bytes = int(run_script(MEASURED_MERGE, s3, storage.bucket, tmp_path / "added.parquet").stdout)
    assert stored(storage, layout, "pages", tmp_path).metadata.num_rows == 8100
    assert peak_bytes < 16 * 2**20


CRASHING_MERGE = """
import datetime as dt, io, os, sys
import boto3, pyarrow as pa, pyarrow.parquet as pq
from tenderlake.lake.partitions import merge_partition
from tenderlake.lake.schema import PAGES
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage, client_config

bucket, additions, moment = sys.argv[1:]
client = boto3.client("s3", config=client_config())

class Torn(io.FileIO):
    # The body is read twice, for its signature and for the wire: the process dies in the middle of the second time.
    left = 1.5

    def read(self, size=-1):
        self.left -= size / os.fstat(self.fileno()).st_size
        return super().read(size) if self.left > 0 else os._exit(9)

def begin(params, **_):
    if moment == "while sending":
        params["body"] = Torn(params["body"].name)

client.meta.events.register("before-call.s3.PutObject", begin)
if moment != "while sending":
    event = {"before": "before-send.s3.PutObject", "after": "after-call.s3.PutObject"}[moment]
    client.meta.events.register(event, lambda **_: os._exit(9))
rows = pq.read_table(additions)
merge_partition(
    Storage(client, bucket), Layout(Settings.model_construct()), PAGES, dt.date(2026, 11, 20), additions=[rows]
)
"""


@pytest.mark.parametrize(("moment", "expected"), [("before", "old"), ("while sending", "old"), ("after", "new")])
def test_a_crash_while_writing_leaves_the_old_table_or_the_new_one(
    moment: str, expected: str, storage: Storage, layout: Layout, s3: S3Connection, tmp_path: Path
) -> None:
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 2, "старый")])
    chance = random.Random(1)  # noqa: S311
    # Text that does not compress.
    new = [page("a", number, base64.b64encode(chance.randbytes(15_000)).decode()) for number in range(1, 901)]
    pq.write_table(to_table(PAGES, new), tmp_path / "new.parquet")
    crash = run_script(CRASHING_MERGE, s3, storage.bucket, tmp_path / "new.parquet", moment)
    assert crash.returncode == 9, crash.stderr
    read = stored_pages(storage, layout, tmp_path)
    if expected == "old":
        assert read == [("a", 1, "старый"), ("a", 2, "старый")]
    else:
        assert [text for _, _, text in read] == [row.text for row in new]
    # And the next try ends well.
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 1, "починен")])
    assert stored_pages(storage, layout, tmp_path) == [("a", 1, "починен")]


# Reading


def test_a_table_is_read_back_with_its_dates(storage: Storage, layout: Layout) -> None:
    merge_partition(storage, layout, PAGES, NEXT_DAY, additions=[pages("b", 1)])
    merge_partition(storage, layout, PAGES, DAY, additions=[pages("a", 2)])
    storage.put_bytes("lake/pages/_SUCCESS", b"", "text/plain")
    read = [(day, rows.to_pylist()) for day, rows in iter_table(storage, layout, PAGES, ["page_number"])]
    assert read == [(DAY, [{"page_number": 1}, {"page_number": 2}]), (NEXT_DAY, [{"page_number": 1}])]


def test_an_unreadable_object_of_the_lake_is_named(storage: Storage, layout: Layout) -> None:
    storage.put_bytes(layout.partition("pages", DAY), b"not parquet", "text/plain")
    with pytest.raises(LakeReadError, match=r"lake/pages/ingest_date=2026-11-20/part-0\.parquet"):
        list(iter_table(storage, layout, PAGES))


def test_known_sources_say_where_and_when(storage: Storage, layout: Layout) -> None:
    assert list(known_sources(storage, layout)) == []
    rows = [source("a.pdf", "a"), source("b.pdf", None, SourceState.QUARANTINED_CORRUPT)]
    merge_partition(storage, layout, SOURCES, DAY, additions=[to_table(SOURCES, rows)])
    known = [row for batch in known_sources(storage, layout) for row in batch.to_pylist()]
    assert known == [
        {
            "source_key": key,
            "archive_path": None,
            "etag": "e1",
            "last_modified": NOON,
            "state": state,
            "document_id": name,
            "run_id": "run",
            "first_seen_at": NOON,
            "ingest_date": DAY,
        }
        for key, state, name in [
            ("inbox/a.pdf", "published", document_id("a")),
            ("inbox/b.pdf", "quarantined_corrupt", None),
        ]
    ]


def test_published_documents_are_found_with_their_date_and_source(storage: Storage, layout: Layout) -> None:
    merge_partition(
        storage, layout, DOCUMENTS, DAY, additions=[to_table(DOCUMENTS, [document("a", "0123"), document("b")])]
    )
    merge_partition(storage, layout, DOCUMENTS, NEXT_DAY, additions=[to_table(DOCUMENTS, [document("c", "4567")])])
    wanted = {document_id("a"), document_id("c"), document_id("never seen")}
    assert published_documents(storage, layout, wanted) == {
        document_id("a"): PublishedDocument(document_id("a"), DAY, "0123", "inbox/a.zip", "a.pdf"),
        document_id("c"): PublishedDocument(document_id("c"), NEXT_DAY, "4567", "inbox/c.zip", "c.pdf"),
    }
    assert published_documents(storage, layout, set()) == {}


def test_pandas_and_duckdb_read_all_partitions_and_the_date_from_the_path(
    storage: Storage, layout: Layout, tmp_path: Path
) -> None:
    block = BlockRow(
        document_id=document_id("a"),
        page_number=1,
        block_number=1,
        label=BlockLabel.TEXT,
        bbox_px=(1.0, 2.0, 3.0, 4.5),
        content="Начальная (максимальная) цена",
    )
    for day in (DAY, NEXT_DAY):
        merge_partition(storage, layout, BLOCKS, day, additions=[to_table(BLOCKS, [block])])
        merge_partition(storage, layout, SOURCES, day, additions=[to_table(SOURCES, [source("a.pdf", "a")])])
    for item in storage.list_objects("lake/"):
        path = tmp_path / item.key
        path.parent.mkdir(parents=True, exist_ok=True)
        storage.download(item.key, path)
    frame = pd.read_parquet(tmp_path / "lake/blocks")
    assert frame["ingest_date"].tolist() == ["2026-11-20", "2026-11-21"]
    assert [list(box) for box in frame["bbox_px"]] == [[1.0, 2.0, 3.0, 4.5]] * 2
    assert str(pd.read_parquet(tmp_path / "lake/sources")["first_seen_at"].dtype) == "datetime64[us, UTC]"
    query = (
        f"SELECT ingest_date, bbox_px[4], content FROM read_parquet('{tmp_path}/lake/blocks/**/*.parquet') ORDER BY 1"  # noqa: S608
    )
    assert duckdb.sql(query).fetchall() == [(day, 4.5, block.content) for day in (DAY, NEXT_DAY)]
