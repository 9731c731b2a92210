"""Reads pages in a worker process, replaces the process when it dies or has read enough, and says which page did it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ocr_tasks.contract import EngineSpec, PageResult, PageStatus, ReadingFlag
from ocr_tasks.engines import EngineInfo, engine_class
from ocr_tasks.errors import EngineUnavailableError, PageError, StoppedError
from ocr_tasks.reading import PageReader, PageRequest, failed_page
from ocr_tasks.settings import RunSettings
from ocr_tasks.worker.process import WorkerDiedError, WorkerLimits, WorkerProcess

log = logging.getLogger(__name__)

_MOST_SUSPECTS = 3
"""Pages that kill an engine which has read none: then it is not the pages. As in ``tenderlake.ocr.read_shard``."""


class WorkerReader(PageReader):
    """Reads with an engine in a worker process; may be used from any number of threads.

    Whom a death is blamed on: the page whose own time was over; else nobody, until the page has been read once more,
    alone in a fresh process, and that has died as well. So pages that were merely in flight beside a bad one never pay.
    The blamed page gets a failed result with the flag ``engine_died``. Whoever keeps results should hold those of
    such pages back until another page is read: where nothing is read, the engine is to blame, and ``read`` says so.

    Args:
        spec: The engine.
        settings: After ``worker_pages`` pages the process is replaced. That is done when the next page comes, not at
            once: after the last page of a shard nobody should wait for an engine to load. Where there is room for two,
            the process reads on until the next one is loaded.
        limits: How long is waited for the process.

    Raises:
        TaskError: As the engine's constructor; an ``EngineUnavailableError`` also where it crashes or takes too long.
        MemoryError: There is not enough memory to load it.
    """

    def __init__(self, spec: EngineSpec, settings: RunSettings, limits: WorkerLimits | None = None) -> None:
        self._spec = spec
        self._settings = settings
        limits = limits or WorkerLimits()
        self._limits = replace(limits, start_s=limits.start_s + engine_class(spec.name).start_wait_s(spec))
        self._changed = threading.Condition()
        self._in_flight = 0
        self._is_one_alone = False
        self._waiting_alone = 0
        self._is_closed = False
        self._must_replace = False
        self._died = 0
        self._has_read = False
        self._worker: WorkerProcess | None = None
        self._is_room_for_two = engine_class(spec.name).fits_beside_itself
        self._next: WorkerProcess | None = None
        self._replaced: set[WorkerProcess] = set()
        """Those that still read what they were given."""
        self._load()

    @property
    def info(self) -> EngineInfo:
        """That of the engine."""
        return self._ready.info

    @property
    def concurrency(self) -> int:
        """That of the engine."""
        return self._ready.concurrency

    def read(self, image: bytes, request: PageRequest) -> PageResult:
        """Read a page in the worker process, once more where the process died, and give it up then."""
        started = time.monotonic()
        try:
            try:
                return self._read(image, request, alone=False)
            except WorkerDiedError as death:
                if death.is_own_fault:
                    raise
                log.warning("%s; it is read again, alone", _told(death, request))
                return self._read(image, request, alone=True)
        except WorkerDiedError as death:
            return self._blame(death, request, duration_s=time.monotonic() - started)

    def close(self) -> None:
        """End the worker process; reads that wait end with a ``StoppedError``."""
        self._is_closed = True
        # Without the lock: whoever loads an engine holds it.
        for worker in (self._worker, self._next, *tuple(self._replaced)):
            if worker is not None:
                worker.close()
        with self._changed:
            self._changed.notify_all()

    def _read(self, image: bytes, request: PageRequest, *, alone: bool) -> PageResult:
        with self._entered(alone=alone) as worker:
            try:
                result = worker.read(image, request)
            except MemoryError:
                self._must_replace = True  # what it holds may be what is missing
                raise WorkerDiedError("the engine ran out of memory {where}") from None
            except WorkerDiedError:
                if self._is_closed:
                    raise StoppedError("stopped while the page was read") from None
                raise
        if result.status is PageStatus.DONE:
            self._has_read = True
        return result

    @contextmanager
    def _entered(self, *, alone: bool) -> Iterator[WorkerProcess]:
        """Wait for a turn, and hold a living worker process for its time."""
        with self._changed:
            self._waiting_alone += alone
            try:
                self._changed.wait_for(lambda: self._is_closed or self._may_enter(alone=alone))
            finally:
                self._waiting_alone -= alone
            if self._is_closed:
                raise StoppedError("stopped before the page was read")
            worker = self._living_worker()
            worker.pages += 1
            worker.in_flight += 1
            self._in_flight += 1
            self._is_one_alone = alone
        try:
            yield worker
        finally:
            with self._changed:
                worker.in_flight -= 1
                self._in_flight -= 1
                self._is_one_alone = False
                is_of_no_use = worker in self._replaced and not worker.in_flight
                if is_of_no_use:
                    self._replaced.remove(worker)
                self._changed.notify_all()
            if is_of_no_use:
                worker.close()

    def _may_enter(self, *, alone: bool) -> bool:
        if self._in_flight == 0:
            return alone or not self._waiting_alone
        is_full = self._in_flight >= self.concurrency or self._is_one_alone or self._waiting_alone > 0
        return not (alone or is_full or self._is_spent)

    @property
    def _is_spent(self) -> bool:
        """Whether the worker process must be replaced before the next page; pages in flight are waited for."""
        worker = self._worker
        if self._must_replace or worker is None or worker.has_ended:
            return True
        return not self._is_room_for_two and worker.pages >= self._settings.worker_pages

    def _living_worker(self) -> WorkerProcess:
        if self._is_spent:
            if self._worker is not None:
                self._worker.close()  # first: a device has no room for two
            try:
                self._load()
            except MemoryError as error:
                # Not as it is: it would end the run as if a page had been too large.
                raise EngineUnavailableError(f"the engine cannot be loaded again: {error}") from None
        elif self._is_room_for_two:
            self._replace_beside()
        assert self._worker is not None  # noqa: S101
        return self._worker

    def _replace_beside(self) -> None:
        """Have the next process loaded when it is time, and take it when it is."""
        worker, following = self._worker, self._next
        assert worker is not None  # noqa: S101
        if worker.pages < self._settings.worker_pages or (following and following.is_loading):
            return
        if following is None:
            self._next = WorkerProcess(self._spec, self._settings, self._limits)
            if self._is_closed:  # meanwhile
                self._next.close()
        elif following.has_ended:
            self._must_replace = True  # which says what is wrong
        else:
            try:
                self._load()
            finally:
                if worker.in_flight:
                    self._replaced.add(worker)
                else:
                    worker.close()

    def _load(self) -> None:
        self._worker = worker = self._next or WorkerProcess(self._spec, self._settings, self._limits)
        self._next = None
        self._must_replace = False
        if self._is_closed:  # meanwhile
            worker.close()
        try:
            self._ready = worker.ready()
        except WorkerDiedError as death:
            if self._is_closed:
                raise StoppedError("stopped while the engine was loaded") from None
            story = death.told("while it was loaded")
            raise (MemoryError(story) if death.is_memory else EngineUnavailableError(story)) from None
        except Exception:
            worker.close()
            raise

    def _blame(self, death: WorkerDiedError, request: PageRequest, *, duration_s: float) -> PageResult:
        reason = death.told("on this page")
        log.error("%s", _told(death, request))
        with self._changed:
            self._died += 1
            if not self._has_read and self._died >= _MOST_SUSPECTS:
                raise EngineUnavailableError(f"the engine dies on every page, the last time: {reason}")
        result = failed_page(request, self.info, PageError(reason), duration_s=duration_s)
        return result.model_copy(update={"quality_flags": (ReadingFlag.ENGINE_DIED.value,)})


def _told(death: WorkerDiedError, request: PageRequest) -> str:
    return death.told(f"on page {request.page_number} of {request.document_id}")
