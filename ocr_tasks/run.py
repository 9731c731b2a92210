"""Reads the pages of one shard with a warm engine, and writes each page's result as soon as it is there.

A page that cannot be read ends in a ``failed`` result and the run goes on. A page whose image or result cannot be
moved now gets no result: it is left for the retry. What ends the whole run is a ``TaskError`` or ``MemoryError``;
results written until then stay.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from pydantic import ValidationError

from ocr_tasks.contract import (
    CONTRACT_VERSION,
    ExitCode,
    PageResult,
    PageStatus,
    PageTask,
    Progress,
    ProgressEvent,
    Shard,
)
from ocr_tasks.errors import BadShardError, ObjectMissingError, PageError, StorageError
from ocr_tasks.reading import PageReader, PageRequest, failed_page
from ocr_tasks.settings import RunSettings
from ocr_tasks.transfer import Transfer, describe, is_supported
from ocr_tasks.validation import one_line

log = logging.getLogger(__name__)

# After so many pages in a row that storage did not give or take, it will not give the next one either.
_STORAGE_FAILURES_IN_A_ROW = 3
_DOWNLOAD_THREADS = 4

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


def prefetched(
    fetch: Callable[[PageTask], bytes], tasks: Iterable[PageTask], ahead: int
) -> Generator[tuple[PageTask, Future[bytes]], None, None]:
    """Yield each task with its download, in order, while at most ``ahead`` later ones are in flight or waiting."""
    remaining = iter(tasks)
    window: deque[tuple[PageTask, Future[bytes]]] = deque()
    executor = ThreadPoolExecutor(max_workers=min(ahead, _DOWNLOAD_THREADS), thread_name_prefix="prefetch")
    try:
        for task in islice(remaining, ahead):
            window.append((task, executor.submit(fetch, task)))
        while window:
            task, download = window.popleft()
            download.exception()  # waits, so that the window below never holds more than `ahead` unfinished pages
            for following in islice(remaining, 1):
                window.append((following, executor.submit(fetch, following)))
            yield task, download
            del download  # the page's bytes are not needed while the next page is waited for
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


class ShardRun:
    """One run of one shard.

    Args:
        shard: What to read.
        reader: What to read it with.
        transfer: Where images come from and results go to.
        settings: Limits.
        emit: Takes the progress lines.
        writing: Held while a page's result and its progress line are written, so that a stop does not part them.
    """

    def __init__(
        self,
        shard: Shard,
        reader: PageReader,
        transfer: Transfer,
        settings: RunSettings,
        emit: Emit,
        writing: threading.Lock | None = None,
    ) -> None:
        self._shard = shard
        self._reader = reader
        self._transfer = transfer
        self._settings = settings
        self._emit = emit
        self._writing = writing or threading.Lock()
        self._done = 0
        self._failed = 0

    def run(self) -> ExitCode:
        """Read every page.

        Returns:
            ALL_DONE, SOME_PAGES_FAILED, or TEMPORARY where pages were left without a result because of storage.

        Raises:
            TaskError: The run cannot go on.
            MemoryError: There is not enough memory.
        """
        info = self._reader.info
        self._emit(self._progress(ProgressEvent.READY, engine=info.name, engine_version=info.version))
        left_out = failures_in_a_row = 0
        fetch = prefetched(lambda task: self._transfer.read(task.image_url), self._shard.pages, self._ahead)
        for task, download in fetch:
            try:
                self._finish(task, self._read(task, download))
            except StorageError as error:
                left_out += 1
                failures_in_a_row += 1
                log.error("page %d of %s is left for a retry: %s", task.page_number, task.document_id, error)
                if failures_in_a_row == _STORAGE_FAILURES_IN_A_ROW:
                    log.error("stopped: storage failed for %d pages in a row", failures_in_a_row)
                    fetch.close()
                    return ExitCode.TEMPORARY
            else:
                failures_in_a_row = 0
        if left_out:
            return ExitCode.TEMPORARY
        self._emit(self._progress(ProgressEvent.FINISHED))
        return ExitCode.SOME_PAGES_FAILED if self._failed else ExitCode.ALL_DONE

    @property
    def _ahead(self) -> int:
        return self._settings.prefetch_pages

    def _read(self, task: PageTask, download: Future[bytes]) -> PageResult:
        """Read one page; an image that does not exist is a failed page."""
        request = PageRequest.of(task, self._shard.page_timeout_s)
        try:
            result = self._reader.read(download.result(), request)
        except ObjectMissingError as error:
            result = failed_page(request, self._reader.info, PageError(str(error)))
        return result.model_copy(update={"runner": self._shard.runner, "image": self._shard.image})

    def _finish(self, task: PageTask, result: PageResult) -> None:
        with self._writing:
            self._transfer.write(task.result_url, result.model_dump_json().encode())
            self._done += 1
            self._failed += result.status is PageStatus.FAILED
            self._emit(
                self._progress(
                    ProgressEvent.PAGE,
                    document_id=result.document_id,
                    page_number=result.page_number,
                    status=result.status,
                    reason=result.reason,
                    duration_s=round(result.duration_s, 3),
                )
            )

    def _progress(self, event: ProgressEvent, **facts: object) -> Progress:
        return Progress.model_validate({"event": event, "done": self._done, "total": len(self._shard.pages), **facts})
