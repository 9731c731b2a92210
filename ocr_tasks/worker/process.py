"""One worker process, seen from its parent: it is started, asked, watched, and in the end always gone."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from pydantic import ValidationError

from ocr_tasks.contract import EngineSpec, PageResult
from ocr_tasks.engines import engine_class
from ocr_tasks.errors import EngineUnavailableError, TaskError
from ocr_tasks.reading import PageRequest
from ocr_tasks.settings import SHARD_VARIABLE, WORKER_GRACE_S, RunSettings
from ocr_tasks.validation import one_line
from ocr_tasks.worker.wire import ANSWER, LOADING, Channel, Read, Ready, Result, Start, WireError

log = logging.getLogger(__name__)

_TICK_S = 0.2
"""How often deadlines are looked at."""
_MOST_RESULT_BYTES = 32 * 2**20
"""The pipeline takes no larger result either."""
_SECRET = re.compile(r"^(AWS|CLOUDRU)_|SECRET|PASSWORD|TOKEN|(ACCESS|API)_KEY|CREDENTIAL", re.IGNORECASE)
_SIGNED = re.compile(r"X-Amz-|[?&](Signature|sig)=|://[^/@\s]+:[^/@\s]+@", re.IGNORECASE)


@dataclass(frozen=True)
class WorkerLimits:
    """How long is waited for a worker process.

    Attributes:
        start_s: For the engine to be loaded; PaddleOCR-VL takes 38 s.
        grace_s: For a page, beyond its own time-out: engines look at their clock only between two steps, and decoding
            the largest image takes seconds.
        exit_s: For the process to end by itself when it is told to.
    """

    start_s: float = 300.0
    grace_s: float = WORKER_GRACE_S
    exit_s: float = 10.0


class WorkerDiedError(Exception):
    """The worker process ended, or had to be ended, before it answered.

    Args:
        story: What happened, with ``{where}`` for the page or the loading that it happened on.
        is_own_fault: Whether what was asked for is known to be the cause: its time was over, and there was nothing
            else that it may have waited for.
        is_memory: Whether it most likely was short of memory.
    """

    def __init__(self, story: str, *, is_own_fault: bool = False, is_memory: bool = False) -> None:
        super().__init__(story)
        self._story = story
        self.is_own_fault = is_own_fault
        self.is_memory = is_memory

    def told(self, where: str) -> str:
        """What happened, for people."""
        return self._story.replace("{where}", where)


@dataclass
class _Awaited:
    """An answer that is waited for: of a page, or of the loading where there is no request."""

    deadline: float
    page: Future[PageResult]
    loading: Future[Ready]
    request: PageRequest | None = None
    is_alone: bool = True
    """Whether nothing else was waited for, at any time."""

    def fail(self, error: Exception) -> None:
        (self.page if self.request else self.loading).set_exception(error)


class WorkerProcess:
    """Starts a worker process and loads an engine in it; safe to use from several threads.

    A thread of its own starts the process, watches its deadlines, and buries it: the kernel kills a worker when the
    thread that started it ends (PR_SET_PDEATHSIG), so that must be none that comes and goes.
    """

    def __init__(self, spec: EngineSpec, settings: RunSettings, limits: WorkerLimits) -> None:
        self._limits = limits
        self._own_secrets = engine_class(spec.name).secret_variables
        self._lock = threading.Lock()
        self._awaited: dict[int, _Awaited] = {}
        self._numbers = count(LOADING)
        self._end: Exception | None = None
        self._is_over = threading.Event()
        self._talks_nonsense = False
        self.pages = 0
        """How many pages it was given; counted by its owner."""
        self.in_flight = 0
        """How many of them have not come back; counted by its owner."""
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours, max_body_bytes=_MOST_RESULT_BYTES)
        _, awaited = self._await(limits.start_s)
        self._loading = awaited.loading
        self._keeper = threading.Thread(target=self._keep, args=(theirs,), name="worker-keeper", daemon=True)
        self._keeper.start()
        with suppress(OSError):  # it has ended already: the keeper says of what
            self._channel.send(Start(engine=spec, settings=settings))

    @property
    def has_ended(self) -> bool:
        """Whether it can read nothing any more."""
        return self._is_over.is_set()

    @property
    def is_loading(self) -> bool:
        """Whether ``ready`` would have to wait."""
        return not self._loading.done()

    def ready(self) -> Ready:
        """Wait until the engine is loaded.

        Raises:
            TaskError: It cannot be.
            MemoryError: There is not enough memory.
            WorkerDiedError: The process ended, or the start limit is over.
        """
        return self._loading.result()

    def read(self, image: bytes, request: PageRequest) -> PageResult:
        """Have a page read.

        Raises:
            TaskError: The engine's own errors that are about more than this page.
            MemoryError: The engine found that there is not enough memory.
            WorkerDiedError: The process ended before it answered.
        """
        number, awaited = self._await(request.timeout_s + self._limits.grace_s, request)
        try:
            self._channel.send(Read(number=number, request=request), image)
        except OSError:  # it is dead or dying: the keeper says of what
            self._is_over.set()
        return awaited.page.result()

    def close(self) -> None:
        """Let it finish what it does at the end, or kill it, and wait until it is gone with all that it holds."""
        self._channel.stop_sending()
        self._is_over.set()
        self._keeper.join()

    def _await(self, limit_s: float, request: PageRequest | None = None) -> tuple[int, _Awaited]:
        awaited = _Awaited(time.monotonic() + limit_s, Future(), Future(), request)
        with self._lock:
            if self._end is not None:
                raise self._end
            number = next(self._numbers)
            self._awaited[number] = awaited
            if len(self._awaited) > 1:
                for each in self._awaited.values():
                    each.is_alone = False
        return number, awaited

    def _keep(self, theirs: socket.socket) -> None:
        try:
            process = self._start(theirs)
        except OSError as error:
            self._finish(EngineUnavailableError(f"no process can be started for the engine: {error.strerror}"))
            return
        finally:
            theirs.close()
        receiver = threading.Thread(target=self._receive, name="worker-receiver", daemon=True)
        receiver.start()
        late: _Awaited | None = None
        # Its end is looked for as well: something that it started may still hold its end of the socket.
        while late is None and not self._is_over.wait(_TICK_S) and process.poll() is None:
            late = self._late()
        if late is None and not self._talks_nonsense:
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._limits.exit_s)
        was_killed = process.poll() is None
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # and whatever it has started
        code = process.wait()
        self._channel.shut_down()
        receiver.join()  # what it said before its end counts
        self._finish(self._death(code, was_killed=was_killed), late)

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        # Its output goes where our errors go: native libraries print there, and ours is for progress lines alone.
        return subprocess.Popen(
            [sys.executable, "-m", "ocr_tasks.worker", str(os.getpid())],
            stdin=theirs.fileno(),
            stdout=2,
            env=_environment(self._own_secrets),
            start_new_session=True,
        )

    def _late(self) -> _Awaited | None:
        """One whose time is over, if any."""
        with self._lock:
            first = min(self._awaited.values(), key=lambda awaited: awaited.deadline, default=None)
        return first if first and first.deadline < time.monotonic() else None

    def _receive(self) -> None:
        try:
            while frame := self._channel.receive():
                self._take(*frame)
        except OSError as error:
            log.warning("the worker process is gone: %s", error.strerror)
        except (WireError, ValidationError) as error:
            log.error("the worker process says what makes no sense: %s", _words(error))
            self._talks_nonsense = True
        self._is_over.set()

    def _take(self, header: bytes, body: bytes) -> None:
        answer = ANSWER.validate_json(header)
        with self._lock:
            awaited = self._awaited.get(answer.number)
            if awaited is None:
                raise WireError("an answer that nobody asked for")
            if isinstance(answer, Result):
                result = _page_result(body, awaited.request)
            del self._awaited[answer.number]
        if isinstance(answer, Ready):
            awaited.loading.set_result(answer)
        elif isinstance(answer, Result):
            awaited.page.set_result(result)
        else:
            awaited.fail(answer.exception)

    def _death(self, code: int, *, was_killed: bool) -> WorkerDiedError:
        if self._talks_nonsense:
            return WorkerDiedError("the engine's process said what makes no sense {where}")
        if was_killed:
            return WorkerDiedError("the engine was stopped {where}")
        if code == -signal.SIGKILL:
            return WorkerDiedError("the engine was killed {where}, most likely out of memory", is_memory=True)
        if code < 0:
            return WorkerDiedError(f"the engine crashed {{where}} ({_signal_name(-code)})")
        return WorkerDiedError(f"the engine's process ended {{where}} (exit code {code})")

    def _finish(self, end: TaskError | WorkerDiedError, late: _Awaited | None = None) -> None:
        """Tell everybody who still waits."""
        self._is_over.set()
        self._channel.close()
        with self._lock:
            self._end = end
            left = list(self._awaited.values())
            self._awaited.clear()
        for awaited in left:
            own = WorkerDiedError("the engine hung {where} and was stopped", is_own_fault=True)
            # Engines take turns at a device or a lock: of several, the late one may only have waited for another.
            awaited.fail(own if awaited is late and awaited.is_alone else end)


def _page_result(body: bytes, request: PageRequest | None) -> PageResult:
    result = PageResult.model_validate_json(body)
    asked = request and (request.page_key, request.document_id, request.page_number)
    if (result.page_key, result.document_id, result.page_number) != asked:
        raise WireError("the result of another page")
    return result


def _words(error: WireError | ValidationError) -> str:
    return one_line(error) if isinstance(error, ValidationError) else str(error)


def _environment(own_secrets: tuple[str, ...]) -> dict[str, str]:
    """The variables of this process but for those that are or may be secret and not the engine's own."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in own_secrets or (name != SHARD_VARIABLE and not _SECRET.search(name) and not _SIGNED.search(value))
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
