"""The lease of the writer: one process writes the lake at a time, whatever the pool ``lake`` of Airflow is set to.

A writer puts a claim object of its own below ``work/lake-writers/`` and lists that prefix. It has the lease if no other
live claim is there; else it takes its claim back and waits. Of two writers that claim at once the one that lists last
sees both claims, so two never have the lease. This needs nothing but a store that lists what was just written (S3 since
2020, SeaweedFS, MinIO). Conditional PUTs alone do not serve: stores without them write all the same, and SeaweedFS 4.48
checks ``If-Match`` before it writes, so that two PUTs at once may both succeed.

The holder renews its claim while it lives. A claim that has not changed for as long as its lease lasts, by the clock of
the one who waits, belongs to a dead process and is deleted. The holder measures the same time by its own clock from
before its last renewal, and looks for its claim before every write: one that slept, or lost the network, finds that it
has lost the lease and writes nothing more (:class:`LeaseLostError`). What remains is a write that was on its way when
the lease ended; a store that honours conditions refuses it where the next one has written that part meanwhile.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from tenderlake.documents import Value
from tenderlake.lake.parquet import MEDIA_TYPE
from tenderlake.layout import Layout
from tenderlake.storage import ConditionFailedError, ObjectMissingError, Storage, StorageError

log = logging.getLogger(__name__)

LEASE_S = 60.0
WAIT_S = 1800.0
_RENEWALS = 4
"""In the time of a lease: so many may fail before it is lost."""
_MARGIN = 1.25
"""Those who wait give a claim so much more time than its holder has."""


class LakeBusyError(Exception):
    """Another process has been writing the lake for longer than this one waits: a retry may help."""


class LeaseLostError(Exception):
    """This process may not write the lake any more, another one may have begun: a retry does the rest."""


class WriterClaim(Value):
    """What lies below ``work/lake-writers/``."""

    run_id: str
    process: str
    """Host and process id, for people."""
    lease_s: float
    renewals: int = 0


@dataclass
class _Seen:
    """A claim of somebody else, as it was when it last changed."""

    etag: str
    since: float
    claim: WriterClaim

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.since > self.claim.lease_s * _MARGIN


class WriterLease:
    """The right to write the lake, and the way to do it; made by :func:`writer_lease`."""

    def __init__(self, storage: Storage, layout: Layout, run_id: str, lease_s: float) -> None:
        self._storage, self._layout = storage, layout
        self._claim = WriterClaim(run_id=run_id, process=f"{socket.gethostname()}:{os.getpid()}", lease_s=lease_s)
        self._key = f"{layout.writers}{uuid.uuid4().hex}.json"
        self._renewed_at = 0.0
        self._turn = Lock()
        self._others: dict[str, _Seen] = {}
        self._has_conditions = storage.honours_conditions(f"{layout.writers}{uuid.uuid4().hex}.probe")
        if not self._has_conditions:
            log.warning("The store ignores conditions of PUT: the lake is safe by its lease alone")

    def acquire(self, wait_s: float) -> None:
        """Wait for the lease.

        Raises:
            LakeBusyError: it was not free in time.
        """
        give_up_at = time.monotonic() + wait_s
        pause_s = min(1.0, self._claim.lease_s / 10)
        while True:
            if not self._find_others():
                self._put_claim()
                if not self._find_others():
                    return
                self.release()
            if time.monotonic() > give_up_at:
                raise LakeBusyError(f"{self._holders()} has been writing the lake for {wait_s:.0f} s and goes on")
            time.sleep(random.uniform(0.5, 1.5) * pause_s)  # noqa: S311 - two that wait must not go on in step

    def check(self) -> None:
        """See that the lease is still there.

        Raises:
            LeaseLostError: it is not.
        """
        if time.monotonic() - self._renewed_at > self._claim.lease_s or not self._storage.exists(self._key):
            raise LeaseLostError("another process has taken the lake over, because this one gave no sign of life")

    def replace(self, path: Path, key: str, etag: str | None) -> None:
        """Write a Parquet object in place of the version that was read (None: there was no object).

        Raises:
            ConditionFailedError: somebody else has written it meanwhile; read it again.
            LeaseLostError: this process may not write any more.
        """
        self.check()
        if not self._has_conditions and _etag(self._storage, key) != etag:
            raise ConditionFailedError(f"s3://{self._storage.bucket}/{key} was written by somebody else")
        self._storage.replace(path, key, MEDIA_TYPE, etag=etag)

    def renew(self) -> None:
        """Say that this process lives."""
        with self._turn:
            self.check()
            self._put_claim()

    def release(self) -> None:
        """Give the lease back."""
        with self._turn:
            self._storage.delete([self._key])

    def _put_claim(self) -> None:
        started = time.monotonic()
        self._claim = self._claim.model_copy(update={"renewals": self._claim.renewals + 1})
        self._storage.put_model(self._key, self._claim)
        self._renewed_at = started

    def _find_others(self) -> bool:
        """Whether anybody else alive claims the lake; claims of the dead are deleted."""
        listed = {item.key: item.etag for item in self._storage.list_objects(self._layout.writers)}
        self._others = {
            key: seen
            for key, etag in listed.items()
            if key != self._key and key.endswith(".json") and (seen := self._look(key, etag)) is not None
        }
        for key, seen in list(self._others.items()):
            if seen.is_over or self._is_own(seen):
                log.warning(
                    "%s of run %s left its claim to the lake: it is free", seen.claim.process, seen.claim.run_id
                )
                self._storage.delete([key])
                del self._others[key]
        return bool(self._others)

    def _look(self, key: str, etag: str) -> _Seen | None:
        seen = self._others.get(key)
        if seen is not None and seen.etag == etag:
            return seen
        try:
            return _Seen(etag, time.monotonic(), self._storage.get_model(key, WriterClaim))
        except ObjectMissingError:  # given back since it was listed
            return None

    def _is_own(self, seen: _Seen) -> bool:
        """Of an earlier try of this run: Airflow runs one at a time, and conditions stop what is left of the other."""
        return self._has_conditions and seen.claim.run_id == self._claim.run_id

    def _holders(self) -> str:
        return ", ".join(f"run {seen.claim.run_id} ({seen.claim.process})" for seen in self._others.values()) or "a run"


@dataclass
class _Heartbeat:
    """Renews a lease from a thread of its own until it is stopped."""

    lease: WriterLease
    every_s: float
    _stopped: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._beat, name="lake-lease", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stopped.wait(self.every_s):
            try:
                self.lease.renew()
            except LeaseLostError:
                return
            except StorageError as error:  # the next one may succeed; if none does, the next write is refused
                log.warning("The lease of the lake could not be renewed: %s", error)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@contextmanager
def writer_lease(
    storage: Storage, layout: Layout, run_id: str, *, lease_s: float = LEASE_S, wait_s: float = WAIT_S
) -> Iterator[WriterLease]:
    """The right to write the lake while the block runs.

    Args:
        storage: the bucket.
        layout: its keys.
        run_id: who writes. A claim that an earlier try of this run left is not waited for, where the store honours
            conditions.
        lease_s: seconds after which others may take over from a process that gives no sign of life.
        wait_s: seconds to wait for another writer.

    Raises:
        LakeBusyError: another process writes, and goes on.
    """
    lease = WriterLease(storage, layout, run_id, lease_s)
    lease.acquire(wait_s)
    heartbeat = _Heartbeat(lease, lease_s / _RENEWALS)
    try:
        yield lease
    finally:
        heartbeat.stop()
        lease.release()


def _etag(storage: Storage, key: str) -> str | None:
    try:
        return storage.head(key).etag
    except ObjectMissingError:
        return None
