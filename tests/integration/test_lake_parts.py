"""Partitions of several parts: how they grow, what a merge writes, what readers see meanwhile; and second writers."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenderlake.embedded.query import open_lake
from tenderlake.embedded.state import S3Connection
from tenderlake.lake import parquet, partitions
from tenderlake.lake.partitions import Merge, PartitionError, merge_partition
from tenderlake.lake.rows import DocumentRow, FieldRow, to_table
from tenderlake.lake.schema import DOCUMENTS, FIELDS, PAGES
from tenderlake.lake.vocabulary import FieldMethod, FieldName
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import ConditionFailedError, Storage
from tests.crashes import Crash, Killed
from tests.stagedruns import document_id, page_row

pytestmark = pytest.mark.integration

DAY = dt.date(2026, 11, 20)
PART_BYTES = 40_000


@pytest.fixture
def layout() -> Layout:
    """Partitions that go on in another part from 40 kB on: about eight documents of five pages."""
    return Layout(Settings(max_part_bytes=PART_BYTES))


def pages(name: str, count: int = 5, text: str = "") -> pa.Table:
    """Pages of a document, of a kilobyte each that does not compress."""
    chance = random.Random(name + text)  # noqa: S311
    rows = [page_row(document_id(name), number, text + chance.randbytes(500).hex()) for number in range(1, count + 1)]
    return to_table(PAGES, rows)


def merge(storage: Storage, layout: Layout, names: list[str], text: str = "", drop: set[str] | None = None) -> Merge:
    return merge_partition(
        storage,
        layout,
        PAGES,
        DAY,
        additions=[pages(name, text=text) for name in names],
        drop={document_id(name) for name in drop or ()},
    )


def parts(storage: Storage, layout: Layout) -> dict[int, list[str]]:
    """The documents of every part, in its order."""
    found = {}
    for item in storage.list_objects(layout.day("pages", DAY)):
        ids = pq.read_table(io.BytesIO(storage.get_bytes(item.key)), columns=["document_id"])["document_id"].to_pylist()
        number = int(item.key.rpartition("part-")[2].removesuffix(".parquet"))
        found[number] = [bytes.fromhex(id).rstrip(b"\0").decode() for id in dict.fromkeys(ids)]
    return dict(sorted(found.items()))


def names(first: int, last: int) -> list[str]:
    return [f"{number:03d}" for number in range(first, last + 1)]


def sizes(storage: Storage, layout: Layout) -> list[int]:
    return [item.size_bytes for item in storage.list_objects(layout.day("pages", DAY))]


def test_a_partition_goes_on_in_further_parts_and_every_document_stays_in_its_own(
    storage: Storage, layout: Layout
) -> None:
    place: dict[str, int] = {}
    for night in range(10):
        merge(storage, layout, names(4 * night, 4 * night + 3))
        found = {name: number for number, ids in parts(storage, layout).items() for name in ids}
        assert sorted(found) == names(0, 4 * night + 3)
        assert found | place == found, "a document has moved"
        place = found
    assert len(set(place.values())) > 3
    assert max(sizes(storage, layout)) <= PART_BYTES
    # A document that is read again stays where it is, and so does one that nobody touches.
    assert merge(storage, layout, ["002", "030"], text="снова", drop={"011"}) == Merge(195, 10, 15)
    after = {name: number for number, ids in parts(storage, layout).items() for name in ids}
    assert after == {name: number for name, number in place.items() if name != "011"}


def test_a_night_that_brings_more_than_a_part_is_spread_over_several(storage: Storage, layout: Layout) -> None:
    assert merge(storage, layout, names(1, 60)) == Merge(row_count=300, added=300, dropped=0)
    found = parts(storage, layout)
    assert list(found) == list(range(len(found)))
    assert len(found) > 4
    assert sorted(name for ids in found.values() for name in ids) == names(1, 60)
    assert max(sizes(storage, layout)) <= PART_BYTES


def test_any_merges_leave_what_a_dictionary_would_hold(storage: Storage, layout: Layout) -> None:
    chance = random.Random(20261120)  # noqa: S311
    model: dict[str, int] = {}
    homes: dict[str, int] = {}
    for step in range(12):
        added = {name: chance.randint(1, 8) for name in chance.sample(names(1, 60), 9)}
        dropped = set(chance.sample(names(1, 60), 6)) - added.keys()
        merged = merge_partition(
            storage,
            layout,
            PAGES,
            DAY,
            additions=[pages(name, count, str(step)) for name, count in added.items()],
            drop={document_id(name) for name in dropped},
        )
        model = {name: count for name, count in model.items() if name not in dropped} | added
        assert (merged.row_count, merged.added) == (sum(model.values()), sum(added.values()))
        found = [(name, number) for number, ids in parts(storage, layout).items() for name in ids]
        assert sorted(name for name, _ in found) == sorted(model)
        stayed = homes.keys() & model.keys()
        assert {name: number for name, number in found if name in stayed} == {name: homes[name] for name in stayed}
        homes = dict(found)
    assert len(set(homes.values())) > 3


def test_a_document_larger_than_a_part_has_one_of_its_own(storage: Storage, layout: Layout) -> None:
    merge(storage, layout, ["a"])
    big = merge_partition(storage, layout, PAGES, DAY, additions=[pages("big", 100), pages("b"), pages("c")])
    assert big == Merge(row_count=115, added=110, dropped=0)
    holders = [ids for ids in parts(storage, layout).values() if "big" in ids]
    assert holders == [["big"]]


def test_a_merge_writes_only_the_parts_that_it_changes(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge(storage, layout, names(1, 30))
    place = {name: number for number, ids in parts(storage, layout).items() for name in ids}
    before = {item.key: item.last_modified for item in storage.list_objects(layout.day("pages", DAY))}
    fetched: list[str] = []
    download = Storage.download

    def counted(self: Storage, key: str, *args: Any, **kwargs: Any) -> Any:
        fetched.append(key)
        return download(self, key, *args, **kwargs)

    monkeypatch.setattr(Storage, "download", counted)
    key = layout.partition("pages", DAY, place["007"])
    assert merge(storage, layout, ["007"], text="снова").added == 5
    assert fetched == [key]
    after = {item.key: item.last_modified for item in storage.list_objects(layout.day("pages", DAY))}
    assert {name for name, when in after.items() if before[name] != when} <= {key}
    fetched.clear()
    assert merge(storage, layout, [], drop={"nobody"}) == Merge(row_count=150, added=0, dropped=0)
    assert fetched == []


def test_readers_find_every_document_once_at_any_moment_and_after_any_crash(
    storage: Storage, layout: Layout, s3: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge(storage, layout, names(1, 12))
    seen: list[set[str]] = []

    def look() -> None:
        with open_lake(s3, layout, tmp_path / "extensions") as lake:
            found = lake.execute("SELECT document_id, count(*) FROM pages GROUP BY 1").fetchall()
        assert {count for _, count in found} == {5}
        seen.append({bytes.fromhex(id).rstrip(b"\0").decode() for id, _ in found})

    def killed_before(last: int) -> bool:
        with monkeypatch.context() as patch:
            Crash(patch, lambda number, key: number == last)
            try:
                merge(storage, layout, names(9, 40), text="снова", drop={"001"})
            except Killed:
                return True
        return False

    last = 1
    while killed_before(last):
        look()
        # What no document of this merge is about is there all the time.
        assert set(names(2, 12)) <= seen[-1] <= set(names(1, 40))
        last += 1
    look()
    assert last > 4
    assert seen[-1] == set(names(2, 40))


# Second writers


@contextmanager
def another_writes(patch: pytest.MonkeyPatch, write: Callable[[], object], times: int) -> Iterator[None]:
    """Somebody else writes just before this process does."""
    left = [times]
    replace = Storage.replace

    def late(self: Storage, *args: Any, **kwargs: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            patch.setattr(Storage, "replace", replace)
            write()
            patch.setattr(Storage, "replace", late)
        replace(self, *args, **kwargs)

    with patch.context():
        patch.setattr(Storage, "replace", late)
        yield
        patch.setattr(Storage, "replace", replace)


@pytest.mark.parametrize("existing", [[], ["0"]])
def test_what_another_writer_added_meanwhile_is_kept(
    existing: list[str], storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    if existing:
        merge(storage, layout, existing)
    others = iter("abc")
    with another_writes(monkeypatch, lambda: merge(storage, layout, [next(others)]), times=3):
        result = merge(storage, layout, ["x"])
    assert parts(storage, layout) == {0: [*existing, "a", "b", "c", "x"]}
    assert result == Merge(row_count=5 * (4 + len(existing)), added=5, dropped=0)


def test_a_writer_that_comes_too_late_every_time_gives_up_and_has_changed_nothing(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_MOST_CONFLICTS", 3)
    merge(storage, layout, ["a"])
    texts = iter("123456")
    with (
        another_writes(monkeypatch, lambda: merge(storage, layout, ["a"], text=next(texts)), times=9),
        pytest.raises(ConditionFailedError, match=r"part-0\.parquet was written by somebody else"),
    ):
        merge(storage, layout, ["x"])
    assert parts(storage, layout) == {0: ["a"]}


def test_a_damaged_part_is_named_and_no_part_is_written(storage: Storage, layout: Layout) -> None:
    merge(storage, layout, names(1, 30))
    key = layout.partition("pages", DAY, 3)
    good = storage.get_bytes(key)
    storage.put_bytes(key, good[: len(good) // 2], parquet.MEDIA_TYPE)
    before = {item.key: item.etag for item in storage.list_objects("lake/")}
    with pytest.raises(PartitionError, match=rf"s3://{storage.bucket}/{key} was left as it is"):
        merge(storage, layout, names(1, 3), text="снова")
    assert {item.key: item.etag for item in storage.list_objects("lake/")} == before


# Look-ups


def field(name: str, number: int, tender_id: str | None) -> FieldRow:
    return FieldRow(
        document_id=document_id(name),
        field_number=number,
        field=FieldName.INN,
        rank=number,
        value=f"{name} {number}",
        raw_text="ИНН",
        page_number=1,
        bbox_px=(0.0, 0.0, 0.0, 0.0),
        method=FieldMethod.LABEL,
        tender_id=tender_id,
    )


def test_fields_lie_by_tender_and_old_rows_of_a_document_go_wherever_they_are(
    storage: Storage, layout: Layout, tmp_path: Path
) -> None:
    first = [field("a", 1, "2"), field("a", 2, "2"), field("b", 1, "1"), field("c", 1, None)]
    merge_partition(storage, layout, FIELDS, DAY, additions=[to_table(FIELDS, first)])

    def stored() -> list[tuple[str | None, str]]:
        storage.download(layout.partition("fields", DAY), tmp_path / "fields.parquet")
        found = pq.read_table(tmp_path / "fields.parquet", columns=["tender_id", "value"]).to_pylist()
        return [(row["tender_id"], row["value"]) for row in found]

    assert stored() == [(None, "c 1"), ("1", "b 1"), ("2", "a 1"), ("2", "a 2")]
    # Read again, document a turns out to belong to two other tenders: one before, one after.
    again = [field("a", 1, "0"), field("a", 2, "3")]
    result = merge_partition(storage, layout, FIELDS, DAY, additions=[to_table(FIELDS, again)])
    assert result == Merge(row_count=4, added=2, dropped=2)
    assert stored() == [(None, "c 1"), ("0", "a 1"), ("1", "b 1"), ("3", "a 2")]


def test_a_file_says_how_it_is_sorted_and_its_filters_rule_out_what_it_does_not_hold(
    storage: Storage, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    rows = [
        DocumentRow(
            document_id=f"{number * 7919 % 1000:064d}",
            source_key=f"inbox/{number}.pdf",
            filename="ТЗ.pdf",
            media_type="application/pdf",
            size_bytes=1,
            page_count=1,
            native_pages=1,
            ocr_pages=0,
            failed_pages=0,
            tender_id=f"{number // 3:04d}",
            markdown_key="markdown/ТЗ.md",
            pipeline_version="0.1.0",
            run_id="run",
        )
        for number in range(1000)
    ]
    merge_partition(storage, Layout(Settings()), DOCUMENTS, DAY, additions=[to_table(DOCUMENTS, rows)])
    path = tmp_path / "documents.parquet"
    storage.download(layout.partition("documents", DAY), path)
    metadata = pq.read_metadata(path)
    tender, document = (metadata.schema.names.index(name) for name in ("tender_id", "document_id"))
    assert [column.column_index for column in metadata.row_group(0).sorting_columns] == [tender, document]
    # One tender is in one row group by the statistics; one document by the filters, though all ranges overlap.
    filters = duckdb.execute(
        "SELECT row_group_id FROM parquet_bloom_probe(?, 'document_id', ?) WHERE NOT bloom_filter_excludes",
        [str(path), rows[500].document_id],
    ).fetchall()
    assert metadata.num_row_groups == 10
    assert len(filters) <= 2
    (found,) = duckdb.execute(
        "SELECT count(*) FROM read_parquet(?) WHERE document_id = ?", [str(path), rows[500].document_id]
    ).fetchall()
    assert found == (1,)
