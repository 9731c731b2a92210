"""Reads the pages of one shard with a warm engine, and writes each page's result as soon as it is there.

::

    images fetched ahead ──> pages read, reader.concurrency at a time ──> results stored, then told as progress

A page that cannot be read ends in a ``failed`` result and the run goes on. A page whose image or result cannot be
moved now, or that its engine cannot read now, gets no result: it is left for the retry. What ends the whole run is any
other ``TaskError`` or ``MemoryError``; pages read until then still get their results.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from pydantic import ValidationError

from ocr_tasks.contract import (
    CONTRACT_VERSION,
    ExitCode,
    PageResult,
    PageStatus,
    PageTask,
    Progress,
    ProgressEvent,
    ReadingFlag,
    Shard,
)
from ocr_tasks.errors import BadShardError, EngineUnreachableError, ObjectMissingError, PageError, StorageError
from ocr_tasks.pipeline import Uploads, prefetched
from ocr_tasks.reading import PageReader, PageRequest, failed_page
from ocr_tasks.settings import RunSettings
from ocr_tasks.transfer import Transfer, describe, is_supported
from ocr_tasks.validation import one_line

log = logging.getLogger(__name__)

# After so many pages in a row that could not be moved, or not be read now, the next one will fail the same way.
_LEFT_OUT_IN_A_ROW = 3
# When the run ends early: how long results may take to be stored. The pages of the others are read again.
_LAST_UPLOADS_S = 30.0

Emit = Callable[[Progress], None]


def load_shard(address: str, transfer: Transfer) -> Shard:
    """Fetch and check a shard.

    Raises:
        BadShardError: It is missing or no valid shard of this contract version.
        StorageError: It could not be fetched now.
    """
    try:
        shard = Shard.model_validate_json(transfer.read(address))
    except ObjectMissingError as error:
        raise BadShardError(f"the shard is missing: {error}") from None
    except ValidationError as error:
        # "from None": the error holds the shard with its signed addresses.
        raise BadShardError(
            f"{describe(address)} is no shard of contract version {CONTRACT_VERSION}: {one_line(error)}"
        ) from None
    for task in shard.pages:
        for page_address in (task.image_url, task.result_url):
            if not is_supported(page_address):
                raise BadShardError(
                    f"page {task.page_number} has the address {describe(page_address)!r}: "
                    "give http(s)://, file:// or a path"
                )
    return shard


class ShardRun:
    """One run of one shard.

    Args:
        shard: What to read.
        reader: What to read it with.
        transfer: Where images come from and results go to.
        settings: Limits.
        emit: Takes the progress lines, one call at a time.
        uploads: Stores the results; whoever stops the process waits for it a little.
    """

    def __init__(
        self,
        shard: Shard,
        reader: PageReader,
        transfer: Transfer,
        settings: RunSettings,
        emit: Emit,
        uploads: Uploads | None = None,
    ) -> None:
        self._shard = shard
        self._reader = reader
        self._transfer = transfer
        self._settings = settings
        self._emit = emit
        self._uploads = uploads or Uploads(settings.prefetch_pages)
        self._lock = threading.Lock()
        """Held for what is below, which all threads share, and while a progress line is written."""
        self._done = 0
        self._failed = 0
        self._left_out = 0
        self._left_out_in_a_row = 0
        self._is_stopped = False
        self._fatal: Exception | None = None
        self._held_back: list[tuple[PageTask, PageResult]] = []

    def run(self) -> ExitCode:
        """Read every page.

        Returns:
            ALL_DONE, SOME_PAGES_FAILED, or TEMPORARY where pages were left without a result.

        Raises:
            TaskError: The run cannot go on.
            MemoryError: There is not enough memory.
        """
        info = self._reader.info
        self._emit(self._progress(ProgressEvent.READY, engine=info.name, engine_version=info.version))
        self._read_all()
        if not self._is_stopped and not self._left_out:
            # Fewer than the reader would take for its own fault, so it was the pages. Not where others must be tried
            # again anyway: what they wait for may be what is broken.
            self._store_all(self._held_back)
        self._uploads.finish(_LAST_UPLOADS_S if self._is_stopped else None)
        with self._lock:
            if self._fatal is not None:
                raise self._fatal
            if self._left_out:
                return ExitCode.TEMPORARY
            self._emit(self._progress(ProgressEvent.FINISHED))
            return ExitCode.SOME_PAGES_FAILED if self._failed else ExitCode.ALL_DONE

    def _read_all(self) -> None:
        """Hand pages to reading threads, each when one is free, until there are none or the run has to stop."""
        free = threading.Semaphore(self._reader.concurrency)

        def read(task: PageTask, download: Future[bytes]) -> None:
            try:
                with self._leaving_out(task):
                    self._finish(task, self._read(task, download))
            except Exception as error:
                self._stop(error)
            finally:
                free.release()

        fetch = prefetched(
            lambda task: self._transfer.read(task.image_url), self._shard.pages, self._settings.prefetch_pages
        )
        # Its threads are waited for at the end: an engine must not be closed while it reads.
        with ThreadPoolExecutor(self._reader.concurrency, thread_name_prefix="read") as threads:
            for task, download in fetch:
                free.acquire()
                if self._is_stopped:
                    break
                threads.submit(read, task, download)
                del download  # the page's bytes are not needed while the next page is waited for
            fetch.close()

    def _read(self, task: PageTask, download: Future[bytes]) -> PageResult:
        """Read one page; an image that does not exist is a failed page."""
        request = PageRequest.of(task, self._shard.page_timeout_s)
        try:
            result = self._reader.read(download.result(), request)
        except ObjectMissingError as error:
            result = failed_page(request, self._reader.info, PageError(str(error)))
        return result.model_copy(update={"runner": self._shard.runner, "image": self._shard.image})

    def _finish(self, task: PageTask, result: PageResult) -> None:
        """Have a result stored; one without any block, or of a dead engine, only when another page is read after it.

        Where none is, the reader will say that the engine is to blame, and those pages must not have failed.
        """
        with self._lock:
            if ReadingFlag.ENGINE_DIED in result.quality_flags or _is_nothing_read(result):
                self._held_back.append((task, result))
                self._emit(self._page_progress(ProgressEvent.WAITING, task, result))
                return
            ready = [(task, result)]
            if result.status is PageStatus.DONE:
                ready += self._held_back
                self._held_back = []
        self._store_all(ready)

    def _store_all(self, results: list[tuple[PageTask, PageResult]]) -> None:
        for task, result in results:
            self._uploads.add(partial(self._store, task, result))

    def _store(self, task: PageTask, result: PageResult) -> None:
        try:
            with self._leaving_out(task):
                self._transfer.write(task.result_url, result.model_dump_json().encode())
                with self._lock:
                    self._left_out_in_a_row = 0
                    self._done += 1
                    self._failed += result.status is PageStatus.FAILED
                    self._emit(self._page_progress(ProgressEvent.PAGE, task, result))
        except Exception as error:
            self._stop(error)

    @contextmanager
    def _leaving_out(self, task: PageTask) -> Iterator[None]:
        """Leave a page for a retry where it cannot be moved, or not be read now."""
        try:
            yield
        except (StorageError, EngineUnreachableError) as error:
            log.error("page %d of %s is left for a retry: %s", task.page_number, task.document_id, error)
            with self._lock:
                self._left_out += 1
                self._left_out_in_a_row += 1
                if self._left_out_in_a_row == _LEFT_OUT_IN_A_ROW:
                    log.error("stopped: %d pages in a row had to be left for a retry", _LEFT_OUT_IN_A_ROW)
                    self._is_stopped = True
                self._emit(
                    self._progress(
                        ProgressEvent.WAITING,
                        document_id=task.document_id,
                        page_number=task.page_number,
                        reason=str(error),
                    )
                )

    def _stop(self, error: Exception) -> None:
        with self._lock:
            self._fatal = self._fatal or error
            self._is_stopped = True

    def _page_progress(self, event: ProgressEvent, task: PageTask, result: PageResult) -> Progress:
        return self._progress(
            event,
            document_id=task.document_id,
            page_number=task.page_number,
            status=result.status,
            reason=result.reason,
            duration_s=round(result.duration_s, 3),
        )

    def _progress(self, event: ProgressEvent, **facts: object) -> Progress:
        return Progress.model_validate({"event": event, "done": self._done, "total": len(self._shard.pages), **facts})


def _is_nothing_read(result: PageResult) -> bool:
    """Whether all blocks of a page were asked for in vain: the engine may read nothing at all."""
    return ReadingFlag.BLOCK_NOT_READ in result.quality_flags and not any(block.content for block in result.blocks)
