"""Prepares documents in child processes that can be killed: documents are hostile, and libraries have bugs.

::

    caller ──pipes, JSON lines──> zygote (python -m tenderlake.zygote) ──fork──> one child for each document

The zygote imports the libraries once and stays single-threaded, so that forking it is cheap and safe; it never opens a
document itself. The child has limits of memory, CPU time and file size, its own session, no standard streams, and none
of the caller's environment: no credentials reach it. It answers through files in the output folder, which the caller
checks before it believes them. The zygote ends when its caller is gone, the child when the zygote is. Zygote and child
have no network and no privileges, and the child sees only its document, its folder and the code it runs, as far as the
kernel allows (:mod:`tenderlake.isolation`); what is in force is in the log once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

import ocr_tasks
import tenderlake
from tenderlake.childresults import UnbelievableError, read_manifest, read_outcome, read_unpacking
from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.isolation import Isolation
from tenderlake.states import SourceState
from tenderlake.zygote import (
    DISK_CODE,
    ISOLATION_CODE,
    OUT_OF_MEMORY_CODE,
    TICK_S,
    End,
    Reply,
    Request,
    too_much_memory,
)

log = logging.getLogger(__name__)

_START_TIMEOUT_S = 120.0
_GRACE_S = 30.0
_MAX_MESSAGE_BYTES = 1 << 20
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
"""The only variables of the caller that the zygote gets."""


class SandboxError(RuntimeError):
    """The sandbox itself does not work; no document is to blame."""


class _ZygoteGoneError(Exception):
    """The zygote ended or does not answer."""


class PrepareSandbox:
    """Prepares documents one after the other, each in its own child process.

    Used as a context manager. One document at a time; calls from several threads wait for each other.
    """

    def __init__(self, limits: PrepareLimits, passwords: Sequence[str] = ()) -> None:
        self._limits = limits
        self._passwords = tuple(passwords)
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def prepare(
        self,
        path: Path,
        output: Path,
        document_id: str,
        options: PrepareOptions,
        limits: PrepareLimits | None = None,
    ) -> DocumentManifest | Unpacking | Rejection:
        """Prepare one document; see :func:`tenderlake.intake.prepare_document`.

        Args:
            path: The file.
            output: An empty folder, or one that does not exist yet. After a rejection it is empty.
            document_id: The SHA-256 of the file.
            options: How pages are made.
            limits: Other limits of archives than those of the sandbox, such as what is left within an outer archive.

        Raises:
            SandboxError: No process can be started, or our disk failed; no document is to blame.
        """
        request = Request(
            path=str(path.absolute()),
            output=str(output.absolute()),
            document_id=document_id,
            options=options,
            limits=limits or self._limits,
            passwords=self._passwords,
        )
        with self._lock:
            outcome = self._prepare(request, output)
        if isinstance(outcome, Rejection):
            _empty(output)
        return outcome

    def _prepare(self, request: Request, output: Path) -> DocumentManifest | Unpacking | Rejection:
        for _ in range(2):
            _empty(output)
            try:
                reply = self._ask(request)
            except _ZygoteGoneError:
                log.warning("the process that reads documents is gone; starting it again")
                self._stop()
                self._start()
                continue
            outcome = self._judge(reply, request, output)
            if outcome is None:
                return self._prepare(request.model_copy(update={"may_convert": True}), output)
            return outcome
        return Rejection(
            state=SourceState.QUARANTINED_CORRUPT, reason="the process that reads documents died over it, twice"
        )

    def _judge(self, reply: Reply, request: Request, output: Path) -> DocumentManifest | Unpacking | Rejection | None:
        """What became of the document; None: it has to be done again, by a child that may start LibreOffice."""
        if reply.end is End.TIMED_OUT or (reply.end is End.SIGNALLED and reply.code == signal.SIGXCPU):
            return Rejection(
                state=SourceState.QUARANTINED_TIMEOUT,
                reason=f"it takes longer than TENDERLAKE_DOCUMENT_TIMEOUT_S ({self._limits.timeout_s:g} s)",
            )
        # Nobody but the kernel kills a child that is within its time.
        if (reply.end, reply.code) in ((End.SIGNALLED, signal.SIGKILL), (End.EXITED, OUT_OF_MEMORY_CODE)):
            return too_much_memory(self._limits)
        if reply.end is End.SIGNALLED:
            name = signal.Signals(reply.code).name if reply.code in set(signal.Signals) else f"signal {reply.code}"
            return Rejection(
                state=SourceState.QUARANTINED_CORRUPT, reason=f"the library that reads it crashed ({name})"
            )
        if reply.code == DISK_CODE:
            raise SandboxError(f"cannot write to {output}: is the disk full?")
        if reply.code == ISOLATION_CODE:
            raise SandboxError("the kernel lets no process that reads documents be isolated, though it offers to")
        if reply.code != 0:
            return Rejection(
                state=SourceState.QUARANTINED_CORRUPT, reason=f"the process reading it ended with status {reply.code}"
            )
        try:
            return self._believe(request, output)
        except UnbelievableError as error:
            log.error("the process reading %s left what makes no sense: %s", request.document_id, error)
            return Rejection(
                state=SourceState.QUARANTINED_CORRUPT, reason="the process reading it left a result that makes no sense"
            )

    @staticmethod
    def _believe(request: Request, output: Path) -> DocumentManifest | Unpacking | Rejection | None:
        outcome = read_outcome(output)
        if outcome.needs_converter:
            if request.may_convert:
                raise UnbelievableError("it asks for the converter that it may use")
            return None
        if outcome.trace:
            log.error("unforeseen error while reading %s:\n%s", request.document_id, outcome.trace)
        if outcome.disk_error:
            raise SandboxError(f"cannot write to {output}: {outcome.disk_error}")
        if outcome.rejection:
            return outcome.rejection
        return read_unpacking(request, output) if outcome.is_archive else read_manifest(request, output)

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in _stop
        command = [sys.executable, "-P", "-m", "tenderlake.zygote"]
        self._zygote = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_scrubbed_environment(),
            cwd="/",
            start_new_session=True,
        )
        try:
            ready = self._receive(time.monotonic() + _START_TIMEOUT_S)
            _log_once(Isolation.model_validate_json(ready))
        except (_ZygoteGoneError, ValidationError) as error:
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
            self._stop()
            raise SandboxError(f"`{' '.join(command)}` does not start: {said or 'it says nothing'}") from error

    def _stop(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            for pipe in (zygote.stdin, zygote.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                zygote.wait(timeout=2 * TICK_S)  # it ends by itself when its standard input does
            except subprocess.TimeoutExpired:
                zygote.kill()
                zygote.wait()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _ask(self, request: Request) -> Reply:
        zygote = self._zygote
        if zygote is None or zygote.stdin is None:
            raise _ZygoteGoneError
        try:
            zygote.stdin.write(request.model_dump_json().encode() + b"\n")
            zygote.stdin.flush()
        except OSError as error:
            raise _ZygoteGoneError from error
        answer = self._receive(time.monotonic() + self._limits.timeout_s + _GRACE_S)
        try:
            return Reply.model_validate_json(answer)
        except ValidationError as error:
            raise _ZygoteGoneError from error

    def _receive(self, deadline: float) -> bytes:
        """One line of the zygote."""
        if self._zygote is None or self._zygote.stdout is None:
            raise _ZygoteGoneError
        descriptor = self._zygote.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        line = b""
        while not line.endswith(b"\n"):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or len(line) > _MAX_MESSAGE_BYTES:
                raise _ZygoteGoneError
            if poll.poll(left_s * 1000):
                part = os.read(descriptor, 65536)
                if not part:
                    raise _ZygoteGoneError
                line += part
        return line


@functools.cache
def _log_once(isolation: Isolation) -> None:
    log.info("documents are opened in processes with %s", isolation.words)
    for lack in isolation.lacks:
        log.warning("a document that takes over the process that opens it could %s", lack)


def _scrubbed_environment() -> dict[str, str]:
    """What Python needs to start and no more: credentials and settings of the caller stay with the caller."""
    roots = dict.fromkeys(str(Path(str(package.__file__)).parents[1]) for package in (tenderlake, ocr_tasks))
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed_on,
        "PYTHONPATH": os.pathsep.join(roots),
        "LC_ALL": "C.UTF-8",
        "MALLOC_ARENA_MAX": "1",
        "OMP_NUM_THREADS": "1",
    }


def _empty(folder: Path) -> None:
    """Remove what a child left; what lies behind a link is not touched."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
