"""Attempts at a shard: following what an engine says, stopping one that says nothing, and running it in a process.

The Docker way is in the Airflow operator, which shares :func:`follow` and :class:`Watchdog` with the process way here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

import ocr_tasks
from ocr_tasks.contract import EngineSpec, Progress, ProgressEvent, Shard
from tenderlake.engines import engine_environment, engine_runtime
from tenderlake.ocr import Attempt, AttemptEnd
from tenderlake.settings import Settings

SHARD_VARIABLE = "OCR_SHARD"
"""Where ``python -m ocr_tasks run`` finds its shard: signed URLs do not belong on a command line."""

STOP_GRACE_S = 3
"""Airflow kills a task five seconds after it has asked it to stop."""
_LOG_TAIL_LINES = 20
_PASSED_TO_CHILD = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "SSL_CERT_FILE")


class Watchdog:
    """Kills an attempt that finishes no page for ``silence_s`` seconds; a context manager around following it."""

    def __init__(self, silence_s: float, kill: Callable[[], object]) -> None:
        self._silence_s, self._kill = silence_s, kill
        self._fed = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.end = AttemptEnd.EXITED

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._fed.set()
        self._thread.join()

    def feed(self) -> None:
        """A page has its result."""
        self._fed.set()

    def _watch(self) -> None:
        while self._fed.wait(self._silence_s):
            self._fed.clear()
            if self._is_over:
                return
        self.end = AttemptEnd.STALLED
        self._kill()


@dataclass(frozen=True)
class Said:
    """What an engine has said: whether it was ever ready for pages, and its last lines that were no progress."""

    is_ready: bool
    tail: tuple[str, ...]


def follow(lines: Iterable[str], watchdog: Watchdog, log: logging.Logger) -> Said:
    """Pass an engine's lines on to the log, progress in words."""
    tail: deque[str] = deque(maxlen=_LOG_TAIL_LINES)
    is_ready = False
    for line in lines:
        text = line.rstrip()
        try:
            progress = Progress.model_validate_json(text)
        except ValidationError:
            tail.append(text[:500])
            log.info("%s", text[:2000])
            continue
        watchdog.feed()
        is_ready = True
        log.info("%s", progress_words(progress))
    return Said(is_ready, tuple(tail))


def progress_words(progress: Progress) -> str:
    """A progress line for people."""
    if progress.event is ProgressEvent.PAGE:
        what = f"page {progress.page_number} of {str(progress.document_id)[:12]}"
        status = progress.status.value if progress.status else "?"
        took = f" in {progress.duration_s:.1f} s" if progress.duration_s is not None else ""
        why = f": {progress.reason}" if progress.reason else ""
        return f"{progress.done}/{progress.total} {what} {status}{took}{why}"
    if progress.event is ProgressEvent.WAITING:
        return (
            f"{progress.done}/{progress.total} page {progress.page_number} of {str(progress.document_id)[:12]} "
            f"has no result yet: {progress.reason}"
        )
    if progress.event is ProgressEvent.READY:
        return f"Engine {progress.engine} {progress.engine_version} is ready, {progress.total} pages to read"
    return f"Engine finished: {progress.done} of {progress.total} pages have a result"


class ProcessRunner:
    """Runs ``python -m ocr_tasks run`` as a child process with a memory limit, for machines without Docker.

    The child gets none of the environment but what it needs: no credentials but the key of its own engine's server, no
    settings of Airflow.
    """

    def __init__(self, settings: Settings, log: logging.Logger) -> None:
        self._settings, self._log = settings, log
        self._child: subprocess.Popen[str] | None = None

    def run(self, shard: Shard, silence_s: float) -> Attempt:
        """Start the engine on a shard and wait for its end; stopped after ``silence_s`` seconds without a page."""
        with tempfile.TemporaryDirectory(prefix="tenderlake-shard-") as folder:
            path = Path(folder, "shard.json")
            path.touch(mode=0o600)
            path.write_text(shard.model_dump_json(), encoding="utf-8")
            child = self._start(path, shard.engine)
            try:
                with Watchdog(silence_s, lambda: _signal_group(child.pid, signal.SIGKILL)) as watchdog:
                    said = follow(child.stdout or (), watchdog, self._log)
                    code = child.wait()
            finally:
                self.stop()
        return Attempt(code if code >= 0 else 128 - code, watchdog.end, said.is_ready, said.tail)

    def _start(self, shard: Path, engine: EngineSpec) -> subprocess.Popen[str]:
        runtime = engine_runtime(self._settings, engine)
        environment = {name: value for name, value in os.environ.items() if name in _PASSED_TO_CHILD}
        environment |= engine_environment(self._settings, engine.name)
        environment |= {SHARD_VARIABLE: str(shard), "HOME": str(shard.parent), "TMPDIR": str(shard.parent)}
        if runtime.gpu_device_ids:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(runtime.gpu_device_ids)
        python = sys.executable
        if self._settings.ocr_python:
            python = str(Path(self._settings.ocr_python).expanduser().absolute())
            environment["PYTHONPATH"] = str(_code_alone(shard.parent))
        memory_kib = runtime.limits.memory_bytes // 1024
        # The shell's ulimit instead of preexec_fn, which is not safe in a process with threads. -d counts memory that
        # can be written, each process by itself; -v would count address space, of which Paddle takes three times as
        # much, and CUDA more than there is memory.
        limited = ["/bin/sh", "-c", 'ulimit -c 0 && ulimit -d "$0" && exec "$@"', str(memory_kib)]
        self._child = subprocess.Popen(
            [*limited, python, "-m", "ocr_tasks", "run"],
            env=environment,
            cwd=shard.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        return self._child

    def stop(self) -> None:
        """End the child and all that it started: politely, then for good. No error where nothing runs."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            self._log.info("Stopping the OCR process %d", child.pid)
            _signal_group(child.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_GRACE_S)
        _signal_group(child.pid, signal.SIGKILL)
        child.wait()


def _code_alone(folder: Path) -> Path:
    """A folder with ``ocr_tasks`` and nothing else of this environment, for a Python that has libraries of its own."""
    code = folder / "code"
    code.mkdir()
    (code / ocr_tasks.__name__).symlink_to(Path(ocr_tasks.__path__[0]), target_is_directory=True)
    return code


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
