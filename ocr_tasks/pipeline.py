"""Moves bytes while an engine reads: images are fetched ahead of it, results are stored behind it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from ocr_tasks.contract import PageTask

_DOWNLOAD_THREADS = 4
_UPLOAD_THREADS = 4
CONNECTIONS = _DOWNLOAD_THREADS + _UPLOAD_THREADS
"""How many requests are made to storage at the same time."""


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


class Uploads:
    """Stores results in threads of its own.

    Args:
        waiting: How many may wait behind those that are being stored.
    """

    def __init__(self, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=_UPLOAD_THREADS, thread_name_prefix="upload")
        self._changed = threading.Condition()
        self._unfinished = 0
        self._most = _UPLOAD_THREADS + waiting

    def add(self, store: Callable[[], None]) -> None:
        """Have something stored soon; waits while too much is waiting already."""
        with self._changed:
            self._changed.wait_for(lambda: self._unfinished < self._most)
            self._unfinished += 1
        self._executor.submit(self._run, store)

    def finish(self, limit_s: float | None = None) -> None:
        """Wait until everything that was added is done with, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._unfinished == 0, limit_s)

    def _run(self, store: Callable[[], None]) -> None:
        try:
            store()
        finally:
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()
