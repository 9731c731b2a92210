"""Reads pages in a worker process, replaces the process when it dies or has read enough, and says which page did it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ocr_tasks.contract import EngineSpec, PageResult, PageStatus
from ocr_tasks.engines import EngineInfo, engine_class
from ocr_tasks.errors import (
    EngineDiedError,
    EngineLostError,
    EngineStartTimeoutError,
    EngineUnavailableError,
    StoppedError,
    TaskError,
)
from ocr_tasks.reading import PageReader, PageRequest, failed_page
from ocr_tasks.settings import START_TIMEOUT_VARIABLE, RunSettings
from ocr_tasks.worker.process import WorkerDiedError, WorkerLimits, WorkerProcess

log = logging.getLogger(__name__)

_MOST_SUSPECTS = 3
"""Pages in a row that kill the engine, none read between them: then it is not the pages. As in ``tenderlake.ocr``."""


class WorkerReader(PageReader):
    """Reads with an engine in a worker process; may be used from any number of threads.

    Whom a death is blamed on: the page whose time was over while it was alone in the engine; else nobody, until the
    page has been read once more, alone in a fresh process, and that has died as well. So pages that were merely in
    flight beside a bad one never pay. An engine that says it is lost (``EngineLostError``) counts as dead.

    The blamed page gets a failed result with the flag ``engine_died``. Whoever keeps results should hold it back until
    another page is read after it: where three such pages follow each other the engine is to blame, as ``read`` says.

    Args:
        spec: The engine.
        settings: After ``worker_pages`` pages the process is replaced. That is done when the next page comes, not at
            once: after the last page of a shard nobody should wait for an engine to load. Where there is room for two,
            the process reads on until the next one is loaded.
        limits: How long is waited for the process; by default as the settings say.

    Raises:
        TaskError: As the engine's constructor; an ``EngineUnavailableError`` also where it crashes, an
            ``EngineStartTimeoutError`` where it takes too long.
        MemoryError: There is not enough memory to load it.
    """

    def __init__(self, spec: EngineSpec, settings: RunSettings, limits: WorkerLimits | None = None) -> None:
        self._spec = spec
        self._settings = settings
        limits = limits or WorkerLimits(start_s=settings.start_timeout_s)
        engine = engine_class(spec.name)
        self._limits = replace(
            limits,
            start_s=limits.start_s + engine.start_wait_s(spec),
            grace_s=limits.grace_s + engine.page_wait_s(spec),
        )
        self._changed = threading.Condition()
        self._in_flight = 0
        self._is_one_alone = False
        self._waiting_alone = 0
        self._is_closed = False
        self._must_replace = False
        self._died_in_a_row = 0
        self._failed_loads = 0
        self._failed_load: TaskError | None = None
        self._worker: WorkerProcess | None = None
        self._is_room_for_two = engine.fits_beside_itself
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
                self._give_up(worker)  # what it holds may be what is missing
                raise WorkerDiedError("the engine ran out of memory {where}") from None
            except EngineLostError as error:
                self._give_up(worker)
                raise WorkerDiedError(f"the engine broke {{where}} ({error})") from None
            except WorkerDiedError:
                if self._is_closed:
                    raise StoppedError("stopped while the page was read") from None
                raise
        if result.status is PageStatus.DONE:
            with self._changed:
                self._died_in_a_row = 0
        return result

    def _give_up(self, worker: WorkerProcess) -> None:
        """Have a process replaced that may not be able to read any more."""
        if worker is self._worker:
            self._must_replace = True

    @contextmanager
    def _entered(self, *, alone: bool) -> Iterator[WorkerProcess]:
        """Wait for a turn, and hold a living worker process for its time."""
        failed_loads = self._failed_loads  # before the lock, which is held while an engine is loaded
        with self._changed:
            self._waiting_alone += alone
            try:
                self._changed.wait_for(
                    lambda: self._is_closed or self._failed_loads != failed_loads or self._may_enter(alone=alone)
                )
            finally:
                self._waiting_alone -= alone
            if self._is_closed:
                raise StoppedError("stopped before the page was read")
            if self._failed_load is not None and self._failed_loads != failed_loads:
                # Not tried again for each page that waits: it may have taken its whole time to fail.
                raise type(self._failed_load)(str(self._failed_load))
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
            if self._next is None or not self._take_next():
                self._load_again()
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
        elif self._take_next():
            if worker.in_flight:
                self._replaced.add(worker)
            else:
                worker.close()

    def _take_next(self) -> bool:
        """Take the process that was loaded beside; False where that failed, as it does where there is no room."""
        following = self._next
        assert following is not None  # noqa: S101
        try:
            ready = following.ready()
            if following.has_ended:
                raise WorkerDiedError("the engine's process ended {where}")
        except (TaskError, MemoryError, WorkerDiedError) as error:
            if self._is_closed:
                raise StoppedError("stopped while the engine was loaded") from None
            following.close()
            self._next = None
            self._is_room_for_two = False
            reason = error.told("while it was loaded") if isinstance(error, WorkerDiedError) else error
            log.warning("no engine can be loaded beside the one that reads, it is replaced after its end: %s", reason)
            return False
        self._worker, self._next, self._ready, self._must_replace = following, None, ready, False
        if self._is_closed:  # meanwhile
            following.close()
        return True

    def _load_again(self) -> None:
        """Load the next engine where none reads; those who wait for it are told where that fails."""
        try:
            self._load()
            return
        except MemoryError as error:
            # Not as it is: it would end the run as if a page had been too large.
            failure: TaskError = EngineUnavailableError(f"the engine cannot be loaded again: {error}")
        except TaskError as error:
            failure = error
        self._failed_load = failure
        self._failed_loads += 1
        self._changed.notify_all()
        raise failure

    def _load(self) -> None:
        self._worker = worker = WorkerProcess(self._spec, self._settings, self._limits)
        self._must_replace = False
        if self._is_closed:  # meanwhile
            worker.close()
        try:
            self._ready = worker.ready()
        except WorkerDiedError as death:
            if self._is_closed:
                raise StoppedError("stopped while the engine was loaded") from None
            raise self._loading_error(death) from None
        except Exception:
            worker.close()
            raise

    def _loading_error(self, death: WorkerDiedError) -> TaskError | MemoryError:
        if death.is_own_fault:
            return EngineStartTimeoutError(
                f"the engine was not loaded within {self._limits.start_s:g} s and was stopped: where it needs longer, "
                f"raise {START_TIMEOUT_VARIABLE} (in the pipeline TENDERLAKE_{START_TIMEOUT_VARIABLE})"
            )
        story = death.told("while it was loaded")
        return MemoryError(story) if death.is_memory else EngineUnavailableError(story)

    def _blame(self, death: WorkerDiedError, request: PageRequest, *, duration_s: float) -> PageResult:
        reason = death.told("on this page")
        log.error("%s", _told(death, request))
        with self._changed:
            self._died_in_a_row += 1
            if self._died_in_a_row >= _MOST_SUSPECTS:
                raise EngineUnavailableError(f"the engine dies on every page, the last time: {reason}")
        return failed_page(request, self.info, EngineDiedError(reason), duration_s=duration_s)


def _told(death: WorkerDiedError, request: PageRequest) -> str:
    return death.told(f"on page {request.page_number} of {request.document_id}")
