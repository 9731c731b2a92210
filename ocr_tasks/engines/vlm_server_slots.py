"""A bounded number of requests in flight, over all pages that are read at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


class RequestSlots(Generic[ResultT]):
    """``count`` threads, each with one request at a time; what is submitted waits for the next free one.

    The threads of ``concurrent.futures`` are waited for when a process ends, even one that hangs on a dead server;
    these are not.
    """

    def __init__(self, count: int) -> None:
        self._waiting: SimpleQueue[tuple[Future[ResultT], Callable[[], ResultT]] | None] = SimpleQueue()
        self._count = count
        for number in range(1, count + 1):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def submit(self, work: Callable[[], ResultT]) -> Future[ResultT]:
        """Do the work as soon as a slot is free; a future that is cancelled before is never begun."""
        future: Future[ResultT] = Future()
        self._waiting.put((future, work))
        return future

    def close(self) -> None:
        """End the threads, each after what it is doing."""
        for _ in range(self._count):
            self._waiting.put(None)

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            future, work = job
            del job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # whoever waits for the result is to know
                    future.set_exception(error)
            del future, work  # a crop is not to stay in memory while the slot is free
