"""Keeps the engine: loads it in the background, lends it a page at a time, loads it again when it is lost."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ocr_tasks.contract import PageResult
from ocr_tasks.engines import EngineInfo
from ocr_tasks.errors import BadShardError, EngineUnreachableError, PageError, PageTimeoutError, TaskError
from ocr_tasks.reading import PageReader, PageRequest, failed_page
from ocr_tasks.service.answers import EngineState
from ocr_tasks.service.errors import ErrorCode, ServiceError

log = logging.getLogger(__name__)

_UNREACHABLE_RETRY_S = 5.0
_FAILED_RETRY_S = 60.0
"""A model or a GPU that was missing may have come: a restart of the process would help no more than this."""
_RETRY_AFTER_INITIALIZING_S = 10
_RETRY_AFTER_NO_TURN_S = 15
_CLOSE_S = 1.0
_RETRY_AFTER_UNREACHABLE_S = 30

Load = Callable[[], PageReader]


class PagePlace:
    """Room for the image of one page, from before it is made until it has been read."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def give_back(self) -> None:
        """Let another page have it; a second time changes nothing."""
        if self._places is not None:
            self._places.release()
            self._places = None


class EngineHost:
    """One engine for all requests, up to its ``concurrency`` of pages at a time, first come first served.

    Args:
        load: Loads the engine; called in a thread, again after each failure but a wrong setting.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns: asyncio.Semaphore | None = None
        self._places: asyncio.Semaphore | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._reader: PageReader | None = None
        self._stopped = threading.Event()
        self.state = EngineState.INITIALIZING
        self.reason: str | None = None

    @property
    def info(self) -> EngineInfo | None:
        """Which engine reads, None until it is ready."""
        return self._reader.info if self._reader else None

    @property
    def concurrency(self) -> int | None:
        """How many pages are read at a time, None until the engine is ready."""
        return self._reader.concurrency if self._reader else None

    def start(self) -> None:
        """Begin to load; called in the event loop that requests run in."""
        self._loop = asyncio.get_running_loop()
        self._load_in_background()

    async def stop(self) -> None:
        """Give the engine back; a page in work is given up with it, and an engine that does not end is left behind."""
        self._stopped.set()
        reader, self._reader = self._reader, None
        if reader is None:
            return
        closing = threading.Thread(target=reader.close, name="engine-closer", daemon=True)
        closing.start()
        deadline = time.monotonic() + _CLOSE_S
        while closing.is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    def check(self) -> None:
        """Make sure that pages can be read.

        Raises:
            ServiceError: 503, with the state of the engine.
        """
        if self.state is EngineState.INITIALIZING:
            detail = f": {self.reason}" if self.reason else ""
            message = f"the engine is being loaded{detail}"
            raise ServiceError(503, ErrorCode.ENGINE_INITIALIZING, message, retry_after_s=_RETRY_AFTER_INITIALIZING_S)
        if self.state is EngineState.FAILED:
            message = f"the engine cannot be loaded: {self.reason}"
            raise ServiceError(503, ErrorCode.ENGINE_FAILED, message, retry_after_s=int(_FAILED_RETRY_S))

    async def take_place(self, give_up_s: Callable[[], float]) -> PagePlace:
        """Wait until the image of a page is wanted: one more than are read at a time, first come first served.

        Raises:
            ServiceError: 503, the engine cannot read now, or other documents kept it busy all the time.
        """
        self.check()
        places = self._places
        if places is None:
            raise ServiceError(503, ErrorCode.STOPPING, "the service is being stopped", retry_after_s=10)
        try:
            await asyncio.wait_for(places.acquire(), max(give_up_s(), 0.001))
        except asyncio.TimeoutError:
            raise _no_turn() from None
        return PagePlace(places)

    async def read(self, image: bytes, request: PageRequest, give_up_s: Callable[[], float]) -> PageResult:
        """Read a page when it is its turn.

        Args:
            image: The page's image file.
            request: What to know of it.
            give_up_s: How long may still be waited, asked again when the turn has come.

        Raises:
            PageTimeoutError: It was not read within that time. An engine that still works on it keeps its turn until
                it is back, or until its process was killed and replaced.
            ServiceError: 503, the engine cannot read now, or other documents kept it busy all the time.
        """
        self.check()
        reader, turns, threads = self._reader, self._turns, self._threads
        if reader is None or turns is None or threads is None:
            raise ServiceError(503, ErrorCode.STOPPING, "the service is being stopped", retry_after_s=10)
        try:
            await asyncio.wait_for(turns.acquire(), max(give_up_s(), 0.001))
        except asyncio.TimeoutError:
            raise _no_turn() from None
        left_s = give_up_s()
        if left_s <= 0:
            turns.release()
            raise _no_turn()
        request = request.model_copy(update={"timeout_s": min(request.timeout_s, left_s)})
        working = asyncio.get_running_loop().run_in_executor(threads, reader.read, image, request)
        working.add_done_callback(lambda done: _give_back(turns, done))
        done, _ = await asyncio.wait({working}, timeout=left_s)
        if not done:
            raise PageTimeoutError("the engine had not read it when the time was over")
        return self._outcome(working, reader, request)

    def _outcome(self, done: asyncio.Future[PageResult], reader: PageReader, request: PageRequest) -> PageResult:
        try:
            return done.result()
        except EngineUnreachableError as error:
            message = f"the engine cannot read now: {error}"
            raise ServiceError(
                503, ErrorCode.ENGINE_UNREACHABLE, message, retry_after_s=_RETRY_AFTER_UNREACHABLE_S
            ) from None
        except TaskError as error:
            log.error("the engine is lost and is loaded again: %s", error)
            self._lose(reader, str(error))
            message = f"the engine was lost and is loaded again: {error}"
            raise ServiceError(
                503, ErrorCode.ENGINE_INITIALIZING, message, retry_after_s=_RETRY_AFTER_INITIALIZING_S
            ) from None
        except MemoryError:
            return failed_page(request, reader.info, PageError("there is not enough memory for this page"))

    def _lose(self, reader: PageReader, reason: str) -> None:
        if self._reader is not reader:
            return  # another page has noticed
        self._reader = None
        self.state, self.reason = EngineState.INITIALIZING, reason
        self._load_in_background(reader)

    def _load_in_background(self, lost: PageReader | None = None) -> None:
        threading.Thread(target=self._keep_loading, args=(lost,), name="engine-loader", daemon=True).start()

    def _keep_loading(self, lost: PageReader | None) -> None:
        if lost is not None:
            with suppress(Exception):  # it is lost already
                lost.close()
        retry_s: float | None = 0.0
        while retry_s is not None and not self._stopped.wait(retry_s):
            retry_s = self._try_to_load()

    def _try_to_load(self) -> float | None:
        """Return after how many seconds to try again, None for never."""
        try:
            reader = self._load()
        except EngineUnreachableError as error:
            self._tell(EngineState.INITIALIZING, f"waiting for what it needs: {error}")
            return _UNREACHABLE_RETRY_S
        except BadShardError as error:
            self._tell(EngineState.FAILED, str(error))
            return None
        except (TaskError, MemoryError) as error:
            self._tell(EngineState.FAILED, str(error) or "out of memory")
            return _FAILED_RETRY_S
        except Exception as error:
            log.exception("a defect of the engine")
            self._tell(EngineState.FAILED, f"{type(error).__name__}: {error}")
            return _FAILED_RETRY_S
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the service is being stopped
                self._loop.call_soon_threadsafe(self._take, reader)
        return None

    def _take(self, reader: PageReader) -> None:
        self._turns = asyncio.Semaphore(reader.concurrency)
        self._places = asyncio.Semaphore(reader.concurrency + 1)
        self._threads = ThreadPoolExecutor(reader.concurrency, thread_name_prefix="page")
        self._reader = reader
        self.state, self.reason = EngineState.READY, None
        info = reader.info
        log.info("the engine %s %s is ready, model %s", info.name, info.version, info.model or "none")

    def _tell(self, state: EngineState, reason: str) -> None:
        log.error("the engine is not loaded: %s", reason)
        self.state, self.reason = state, reason


def _no_turn() -> ServiceError:
    """Nothing is wrong with the page: its client should come again."""
    message = "the time was over before its turn came: other documents were being read"
    return ServiceError(503, ErrorCode.QUEUE_FULL, message, retry_after_s=_RETRY_AFTER_NO_TURN_S)


def _give_back(turns: asyncio.Semaphore, done: asyncio.Future[PageResult]) -> None:
    turns.release()
    if not done.cancelled():
        done.exception()  # looked at, so that asyncio does not log it for a page that nobody waits for any more
