"""Who may write the lake: one process at a time, whatever becomes of the others."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tenderlake.lake import lease as leases
from tenderlake.lake.lease import LakeBusyError, LeaseLostError, WriterClaim, WriterLease, writer_lease
from tenderlake.layout import Layout
from tenderlake.storage import ConditionFailedError, Storage
from tests.crashes import end_leases

pytestmark = pytest.mark.integration

KEY = "lake/pages/ingest_date=2026-11-20/part-0.parquet"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "part.parquet"
    path.write_bytes(b"new")
    return path


def claim_of_the_dead(storage: Storage, layout: Layout, run_id: str = "dead", lease_s: float = 60.0) -> None:
    storage.put_model(f"{layout.writers}0.json", WriterClaim(run_id=run_id, process="there:1", lease_s=lease_s))


def test_a_second_writer_waits_for_the_first(storage: Storage, layout: Layout) -> None:
    order: list[str] = []
    entered, goes = threading.Event(), threading.Event()

    def first() -> None:
        with writer_lease(storage, layout, "first"):
            entered.set()
            goes.wait()
            order.append("first")

    def second() -> None:
        with writer_lease(storage, layout, "second"):
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    entered.wait()
    threads[1].start()
    with pytest.raises(LakeBusyError, match="run first"), writer_lease(storage, layout, "third", wait_s=0.1):
        pass
    goes.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "second"]
    assert list(storage.list_objects(layout.writers)) == []


def test_of_many_who_come_at_once_one_writes_at_a_time(storage: Storage, layout: Layout) -> None:
    inside, most = [0], [0]
    together = threading.Barrier(4)

    def write(name: str) -> None:
        together.wait()
        with writer_lease(storage, layout, name):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

    threads = [threading.Thread(target=write, args=(f"run-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_the_claim_of_a_dead_process_ends_with_its_lease(storage: Storage, layout: Layout) -> None:
    claim_of_the_dead(storage, layout)
    with pytest.raises(LakeBusyError, match=r"run dead \(there:1\)"), writer_lease(storage, layout, "run", wait_s=0.1):
        pass
    end_leases(storage, layout)
    with writer_lease(storage, layout, "run") as lease:
        lease.check()


def test_a_retry_does_not_wait_for_what_its_own_run_left(storage: Storage, layout: Layout) -> None:
    claim_of_the_dead(storage, layout, run_id="run")
    with writer_lease(storage, layout, "run", wait_s=0.1) as lease:
        lease.check()


def test_a_lease_that_is_renewed_is_not_taken(storage: Storage, layout: Layout) -> None:
    with (
        writer_lease(storage, layout, "slow", lease_s=3.0) as lease,
        pytest.raises(LakeBusyError),
        writer_lease(storage, layout, "waits", wait_s=4.5),
    ):
        pass
    with pytest.raises(LeaseLostError):
        lease.check()  # given back


def test_who_slept_and_was_followed_writes_nothing_more(storage: Storage, layout: Layout, file: Path) -> None:
    with writer_lease(storage, layout, "sleeper") as sleeper:
        sleeper.replace(file, KEY, None)
        end_leases(storage, layout)  # what the others see when it gives no sign of life
        with writer_lease(storage, layout, "next"):
            with pytest.raises(LeaseLostError):
                sleeper.replace(file, KEY, storage.head(KEY).etag)
            with pytest.raises(LeaseLostError):
                sleeper.renew()


def test_by_its_own_clock_a_lease_ends_before_others_take_it(storage: Storage, layout: Layout, file: Path) -> None:
    lease = WriterLease(storage, layout, "stopped", lease_s=0.05)
    lease.acquire(wait_s=1.0)
    time.sleep(0.06)  # no heartbeat
    with pytest.raises(LeaseLostError):
        lease.replace(file, KEY, None)
    assert not storage.exists(KEY)


def test_a_claim_that_cannot_be_renewed_once_is_renewed_the_next_time(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWALS", 40)
    put, refused = Storage.put_model, []

    def unreliable(self: Storage, key: str, value: Any) -> None:
        if value.renewals == 2 and not refused:
            refused.append(key)
            raise leases.StorageError("gone for a moment")
        put(self, key, value)

    monkeypatch.setattr(Storage, "put_model", unreliable)
    with writer_lease(storage, layout, "run", lease_s=8.0) as lease:
        key = next(storage.list_objects(layout.writers)).key
        while storage.get_model(key, WriterClaim).renewals < 4:
            time.sleep(0.05)
        lease.check()
    assert refused


def test_a_store_without_conditions_is_noticed_and_the_version_is_compared_first(
    storage: Storage, layout: Layout, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage.honours_conditions("work/probe")
    assert not storage.exists("work/probe")
    put_object = storage.client.put_object

    def deaf(**request: Any) -> Any:
        return put_object(**{name: value for name, value in request.items() if name not in ("IfMatch", "IfNoneMatch")})

    monkeypatch.setattr(storage.client, "put_object", deaf)
    assert not storage.honours_conditions("work/probe")
    claim_of_the_dead(storage, layout, run_id="run")
    with pytest.raises(LakeBusyError), writer_lease(storage, layout, "run", wait_s=0.1):
        pass  # an earlier try of this run could still write, so it is waited for
    end_leases(storage, layout)
    with writer_lease(storage, layout, "run") as lease:
        lease.replace(file, KEY, None)
        with pytest.raises(ConditionFailedError):
            lease.replace(file, KEY, None)
        with pytest.raises(ConditionFailedError):
            lease.replace(file, KEY, "another")
        lease.replace(file, KEY, storage.head(KEY).etag)


def test_conditions_of_a_put(storage: Storage, file: Path) -> None:
    storage.replace(file, KEY, "text/plain", etag=None)
    with pytest.raises(ConditionFailedError, match=KEY):
        storage.replace(file, KEY, "text/plain", etag=None)
    etag = storage.head(KEY).etag
    storage.replace(file, KEY, "text/plain", etag=etag)
    storage.put_bytes(KEY, b"other", "text/plain")
    with pytest.raises(ConditionFailedError, match=KEY):
        storage.replace(file, KEY, "text/plain", etag=etag)
    storage.delete([KEY])
    with pytest.raises(ConditionFailedError, match=KEY):
        storage.replace(file, KEY, "text/plain", etag=etag)
