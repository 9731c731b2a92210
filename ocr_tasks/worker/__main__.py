"""The worker process: one engine, pages read as they come. Started by ``WorkerProcess``, with a socket as its input."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ocr_tasks.engines import create_engine
from ocr_tasks.errors import EngineUnavailableError, TaskError
from ocr_tasks.hiding import hide_from_processes_of_the_same_user
from ocr_tasks.logs import log_to_stderr
from ocr_tasks.reading import EngineReader, PageReader
from ocr_tasks.settings import REMOTE_TOKEN_VARIABLE, SERVER_API_KEY_VARIABLE
from ocr_tasks.worker.wire import LOADING, Channel, Failure, Read, Ready, Result, Start

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_ENGINE_SECRETS = frozenset((SERVER_API_KEY_VARIABLE, REMOTE_TOKEN_VARIABLE))
_MAX_IMAGE_BYTES = 2**32 - 1
_GONE = 1
"""Exit code where nobody listens any more, or where an answer could not be given."""


def main(parent_pid: int) -> None:
    """Serve the reader that started this process, until it closes its end.

    The engine is loaded here, in the main thread: paddle imported in another one believes to be in static graph mode
    ever after, and refuses every page. Pages are read from threads of their own.
    """
    _end_with(parent_pid)
    _be_the_first_to_go()
    if not _ENGINE_SECRETS.isdisjoint(os.environ):  # programs that take documents apart run beside it
        hide_from_processes_of_the_same_user()
    log_to_stderr()
    channel = _take_channel()
    frame = channel.receive()
    if frame is None:
        return
    reader = _load(channel, Start.model_validate_json(frame[0]))
    if reader is None:
        return
    channel.send(Ready(info=reader.info, concurrency=reader.concurrency))
    with ThreadPoolExecutor(max_workers=reader.concurrency, thread_name_prefix="page") as threads:
        while frame := channel.receive():
            threads.submit(_read, channel, reader, Read.model_validate_json(frame[0]), frame[1])
            del frame  # the image is not needed here while the next page is waited for
    reader.close()


def _end_with(parent_pid: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, whatever this one is doing then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before the kernel was asked
        os._exit(_GONE)


def _be_the_first_to_go() -> None:
    """Where memory is short let the kernel take this process, and not the one that knows which pages are done."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _take_channel() -> Channel:
    """Keep the socket from what reads standard input, and from processes that a library starts."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return Channel(connection, max_body_bytes=_MAX_IMAGE_BYTES)


def _load(channel: Channel, start: Start) -> PageReader | None:
    try:
        return EngineReader(create_engine(start.engine), start.settings)
    except (TaskError, MemoryError) as error:
        channel.send(Failure.of(LOADING, error))
    except Exception as error:
        log.exception("the engine %s cannot be loaded", start.engine.name)
        reason = EngineUnavailableError(
            f"the engine {start.engine.name} cannot be loaded: {type(error).__name__}: {error}"
        )
        channel.send(Failure.of(LOADING, reason))
    return None


def _read(channel: Channel, reader: PageReader, message: Read, image: bytes) -> None:
    """Answer one request; what cannot be answered ends the process, so that nobody waits for it."""
    try:
        try:
            result = reader.read(image, message.request)
        except (TaskError, MemoryError) as error:
            channel.send(Failure.of(message.number, error))
        else:
            channel.send(Result(number=message.number), result.model_dump_json().encode())
    except BaseException:
        log.exception("page %d of %s", message.request.page_number, message.request.document_id)
        sys.stderr.flush()
        os._exit(_GONE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
    sys.stderr.flush()
    # Not sys.exit: native libraries are known to hang in what they do at the end.
    os._exit(0)
