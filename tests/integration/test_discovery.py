"""Given an inbox, a lake and runs in flight, this is what a run takes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest

from tenderlake.discovery import discover, pack_batches, release_claim
from tenderlake.documents import SourceRef
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.partitions import merge_partition
from tenderlake.lake.rows import SourceRow, to_table
from tenderlake.lake.schema import SOURCES
from tenderlake.layout import Layout
from tenderlake.runs import Batch, Claim, Discovery, FormError, Reprocess, RunOptions
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage, StorageAccessError, StorageUnavailableError

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


def put(storage: Storage, *paths: str) -> None:
    for path in paths:
        storage.put_bytes(f"inbox/{path}", path.encode(), "application/octet-stream")


def found(
    storage: Storage, layout: Layout, run_id: str = "run-1", running: tuple[str, ...] = (), **options: object
) -> Discovery:
    return discover(
        storage,
        layout,
        run_id,
        RunOptions.model_validate(options),
        now=NOW,
        is_running=lambda other: other in running,
    )


def taken(storage: Storage, discovery: Discovery) -> list[str]:
    batches = [storage.get_model(key, Batch) for key in discovery.batch_keys]
    return [source.key.removeprefix("inbox/") for batch in batches for source in batch.sources]


def publish_state(storage: Storage, layout: Layout, path: str, state: SourceState) -> None:
    item = storage.head(f"inbox/{path}")
    row = SourceRow(
        source_key=item.key,
        etag=item.etag,
        size_bytes=item.size_bytes,
        last_modified=item.last_modified,
        state=state,
        run_id="earlier",
        first_seen_at=NOW,
        finished_at=NOW,
    )
    merge_partition(storage, layout, SOURCES, date(2026, 3, 1), additions=[to_table(SOURCES, [row])])


def test_everything_in_a_new_inbox_is_taken_and_claimed(storage: Storage, layout: Layout) -> None:
    put(storage, "0373/Извещение.pdf", "0373/Смета (скан).pdf", "b.pdf")
    discovery = found(storage, layout)
    assert sorted(taken(storage, discovery)) == ["0373/Извещение.pdf", "0373/Смета (скан).pdf", "b.pdf"]
    assert len(storage.get_model(layout.claim("run-1"), Claim).sources) == 3


def test_known_bytes_are_left_and_changed_ones_are_taken(storage: Storage, layout: Layout) -> None:
    put(storage, "a.pdf", "b.pdf")
    publish_state(storage, layout, "a.pdf", SourceState.PUBLISHED)
    publish_state(storage, layout, "b.pdf", SourceState.PUBLISHED)
    storage.put_bytes("inbox/b.pdf", b"new bytes", "application/pdf")
    assert taken(storage, found(storage, layout)) == ["b.pdf"]


def test_an_empty_night_leaves_no_trace(storage: Storage, layout: Layout) -> None:
    discovery = found(storage, layout)
    assert discovery.source_count == 0
    assert list(storage.list_objects("")) == []


def test_claims_of_a_run_in_flight_are_respected_and_those_of_a_dead_one_are_not(
    storage: Storage, layout: Layout
) -> None:
    put(storage, "a.pdf", "b.pdf")
    found(storage, layout, "run-1", max_documents=1)
    assert taken(storage, found(storage, layout, "run-2", running=("run-1",))) == ["b.pdf"]
    release_claim(storage, layout, "run-2")
    assert taken(storage, found(storage, layout, "run-3")) == ["a.pdf", "b.pdf"]
    assert not storage.exists(layout.claim("run-1"))


def test_a_retry_of_discover_takes_the_same_again(storage: Storage, layout: Layout) -> None:
    put(storage, "a.pdf")
    found(storage, layout)
    assert taken(storage, found(storage, layout, running=("run-1",))) == ["a.pdf"]


@pytest.mark.parametrize(
    ("reprocess", "states", "expected"),
    [
        (Reprocess.NEW_ONLY, (), []),
        (Reprocess.QUARANTINED, (), ["bad.pdf", "locked.pdf"]),
        (Reprocess.FAILED_PAGES, (), ["half.pdf"]),
        (Reprocess.ALL, (), ["bad.pdf", "good.pdf", "half.pdf", "locked.pdf"]),
        (Reprocess.NEW_ONLY, (SourceState.QUARANTINED_ENCRYPTED,), ["locked.pdf"]),
        (Reprocess.FAILED_PAGES, (SourceState.QUARANTINED_CORRUPT,), ["bad.pdf", "half.pdf"]),
    ],
)
def test_reprocess_takes_sources_by_their_state(
    storage: Storage, layout: Layout, reprocess: Reprocess, states: tuple[SourceState, ...], expected: list[str]
) -> None:
    put(storage, "good.pdf", "bad.pdf", "half.pdf", "locked.pdf")
    publish_state(storage, layout, "locked.pdf", SourceState.QUARANTINED_ENCRYPTED)
    publish_state(storage, layout, "good.pdf", SourceState.PUBLISHED)
    publish_state(storage, layout, "bad.pdf", SourceState.QUARANTINED_CORRUPT)
    publish_state(storage, layout, "half.pdf", SourceState.PUBLISHED_WITH_FAILED_PAGES)
    assert sorted(taken(storage, found(storage, layout, reprocess=reprocess, states=states))) == expected


def test_a_chain_of_runs_passes_the_inbox_once(storage: Storage, layout: Layout) -> None:
    put(storage, *(f"{number:02d}.pdf" for number in range(5)))
    runs, start_after = [], ""
    while True:
        discovery = found(
            storage, layout, f"run-{len(runs)}", max_documents=2, start_after=start_after, reprocess="all"
        )
        runs.append(taken(storage, discovery))
        if discovery.continue_after is None:
            break
        start_after = discovery.continue_after
    assert runs == [["00.pdf", "01.pdf"], ["02.pdf", "03.pdf"], ["04.pdf"]]


def test_prefix_and_keys_narrow_the_run(storage: Storage, layout: Layout) -> None:
    put(storage, "t1/a.pdf", "t1/b.pdf", "t2/c.pdf")
    assert taken(storage, found(storage, layout, prefix="t2/")) == ["t2/c.pdf"]
    release_claim(storage, layout, "run-1")
    assert taken(storage, found(storage, layout, keys=["t1/b.pdf", "inbox/t2/c.pdf"])) == ["t1/b.pdf", "t2/c.pdf"]


def test_a_key_that_is_not_there_is_named(storage: Storage, layout: Layout) -> None:
    with pytest.raises(FormError, match=r"нет такого\.pdf"):
        found(storage, layout, keys=["нет такого.pdf"])


def test_a_folder_that_is_not_there_is_named(storage: Storage, layout: Layout) -> None:
    put(storage, "t1/a.pdf")
    with pytest.raises(FormError, match="нет такой/"):
        found(storage, layout, prefix="нет такой/")
    assert taken(storage, found(storage, layout, prefix="t1/", start_after="t1/a.pdf")) == []


@pytest.mark.parametrize("said", ["t1/", "/t1/", " t1/", "inbox/t1/", "/inbox/t1/", "s3://{bucket}/inbox/t1/"])
def test_a_folder_is_known_however_people_copy_it(storage: Storage, layout: Layout, said: str) -> None:
    put(storage, "t1/a.pdf", "t2/c.pdf")
    prefix = said.format(bucket=layout.settings.bucket)
    assert taken(storage, found(storage, layout, prefix=prefix)) == ["t1/a.pdf"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("t1/a.pdf", "t1/a.pdf"),
        (" t1/a.pdf ", "t1/a.pdf"),
        ("/inbox/t1/a.pdf", "t1/a.pdf"),
        ("s3://{bucket}/inbox/t1/a.pdf", "t1/a.pdf"),
        ("t1/b.pdf ", "t1/b.pdf "),
        ("t1/Заявка.zip/Форма 2/смета.xlsx", "t1/Заявка.zip"),
    ],
)
def test_a_key_is_known_however_people_copy_it(storage: Storage, layout: Layout, said: str, meant: str) -> None:
    put(storage, "t1/a.pdf", "t1/b.pdf", "t1/b.pdf ", "t1/Заявка.zip")
    keys = [said.format(bucket=layout.settings.bucket)]
    assert taken(storage, found(storage, layout, keys=keys)) == [meant]


def test_folder_markers_are_no_documents_but_empty_files_are(storage: Storage, layout: Layout) -> None:
    storage.put_bytes("inbox/folder/", b"", "application/x-directory")
    storage.put_bytes("inbox/empty.pdf", b"", "application/pdf")
    assert taken(storage, found(storage, layout)) == ["empty.pdf"]


def test_a_missing_bucket_and_wrong_keys_say_what_to_do(storage: Storage, layout: Layout, s3: S3Connection) -> None:
    with pytest.raises(StorageAccessError, match="TENDERLAKE_BUCKET"):
        found(Storage(storage.client, "no-such-bucket"), layout)
    stranger = dataclasses.replace(s3, secret_access_key="wrong").storage()
    with pytest.raises(StorageAccessError, match="refused the credentials"):
        found(stranger, layout)


def test_storage_that_does_not_answer_is_named(layout: Layout) -> None:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}, connect_timeout=1),
    )
    with pytest.raises(StorageUnavailableError, match=r"cannot reach S3 at http://127\.0\.0\.1:9"):
        found(Storage(client, "tenders"), layout)


def test_batches_are_bounded_in_documents_and_bytes() -> None:
    sources = [SourceRef(key=f"{n}", etag="e", size_bytes=10, last_modified=NOW) for n in range(10)]
    by_count = pack_batches(sources, Settings(batch_documents=4))
    assert [len(batch.sources) for batch in by_count] == [4, 4, 2]
    by_bytes = pack_batches(sources, Settings(batch_bytes=25))
    assert [len(batch.sources) for batch in by_bytes] == [2, 2, 2, 2, 2]
    assert [
        source
        for batch in pack_batches(sources, Settings(max_batches=3, batch_documents=1))
        for source in batch.sources
    ] == sources
    assert len(pack_batches(sources, Settings(max_batches=3, batch_documents=1))) <= 3
