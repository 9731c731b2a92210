"""The process that forks a child for every document: ``python -m tenderlake.zygote``, started by the sandbox.

It reads requests from standard input, one JSON object a line, and answers how each child ended. It imports the
libraries once and stays single-threaded, so that forking it is cheap and safe, and it never opens a document itself.
It has no network and no privileges (:mod:`tenderlake.isolation`); a child also sees no files but its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import importlib
import math
import mimetypes
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import ocr_tasks
import tenderlake
from tenderlake.documents import PrepareLimits, PrepareOptions, Rejection, Unpacking, Value
from tenderlake.isolation import Isolation, IsolationError, confine_files, forbid_programs, isolate_process
from tenderlake.states import SourceState

OUTCOME_NAME = "outcome.json"
OUT_OF_MEMORY_CODE = 3
DISK_CODE = 4
"""Exit status of a child that could not even write its outcome."""
ISOLATION_CODE = 5
"""Exit status of a child that the kernel did not let shut itself off, though it said that it would."""
TICK_S = 1.0
"""How soon a process notices that the one above it is gone, in seconds."""
_PR_SET_PDEATHSIG = 1
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/bin")
"""Programs and libraries, the same for everybody and without secrets; so is what lies beside them in /etc and /var."""
_SYSTEM_FILES = (
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/libreoffice",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/var/cache/fontconfig",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
)


class Request(Value):
    """One document to prepare; the paths are absolute."""

    path: str
    output: str
    document_id: str
    options: PrepareOptions
    limits: PrepareLimits
    passwords: tuple[str, ...] = ()
    may_convert: bool = False
    """The child may start processes: LibreOffice has to convert the document."""


class End(StrEnum):
    """How a child ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"


class Reply(Value):
    """How the child ended; ``code`` is its exit status or the number of the signal."""

    end: End
    code: int = 0


class Outcome(Value):
    """What the child says in its file; nothing means that there is a manifest.

    ``is_archive``: there is a list of members instead. ``needs_converter``: it has to be done again by a child that may
    start LibreOffice. ``disk_error``: our own disk failed. ``trace``: where an unforeseen error happened, for the log.
    """

    rejection: Rejection | None = None
    is_archive: bool = False
    needs_converter: bool = False
    disk_error: str | None = None
    trace: str | None = None


def too_much_memory(limits: PrepareLimits) -> Rejection:
    """The rejection of a document that does not fit into its memory."""
    return Rejection(
        state=SourceState.QUARANTINED_TOO_LARGE,
        reason=f"it needs more memory than TENDERLAKE_DOCUMENT_MEMORY_BYTES ({limits.memory_bytes}) allows",
    )


@dataclass(frozen=True)
class _Zygote:
    """This process, as a child needs to know it; ``answers`` and ``nothing`` are open files."""

    pid: int
    caller: int
    libc: ctypes.CDLL
    isolation: Isolation
    answers: int
    nothing: int


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)  # a library that prints must not speak in our name
    caller = os.getppid()
    _import_libraries()
    libc = ctypes.CDLL(None, use_errno=True)
    gc.freeze()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{threads} threads after importing the libraries: a process with threads must not fork")
    zygote = _Zygote(os.getpid(), caller, libc, isolate_process(), answers, nothing)
    os.write(answers, zygote.isolation.model_dump_json().encode() + b"\n")
    poll = select.poll()
    poll.register(0, select.POLLIN)
    received = b""
    while os.getppid() == caller:
        if not poll.poll(TICK_S * 1000):
            continue
        part = os.read(0, 65536)
        if not part:
            return
        received += part
        while b"\n" in received:
            line, _, received = received.partition(b"\n")
            reply = _run_child(Request.model_validate_json(line), zygote)
            os.write(answers, reply.model_dump_json().encode() + b"\n")


def _import_libraries() -> None:
    """Everything that a child needs, those parts too that libraries import when they are first used."""
    importlib.import_module("tenderlake.intake")
    importlib.import_module("PIL.Image").init()
    mimetypes.init(files=())  # its first question would read files of the host, which children do not see


def _run_child(request: Request, zygote: _Zygote) -> Reply:
    """Fork a child for one document and wait for its end, or put an end to it."""
    child = os.fork()
    if child == 0:
        _be_child(request, zygote)
    handle = os.pidfd_open(child)
    try:
        is_late = not _wait(handle, zygote.caller, time.monotonic() + request.limits.timeout_s)
    finally:
        # Before the child is reaped its number and that of its group cannot be another's.
        for kill in (os.kill, os.killpg):
            with contextlib.suppress(ProcessLookupError):
                kill(child, signal.SIGKILL)
        os.close(handle)
        _, status = os.waitpid(child, 0)
    if is_late:
        return Reply(end=End.TIMED_OUT)
    if os.WIFSIGNALED(status):
        return Reply(end=End.SIGNALLED, code=os.WTERMSIG(status))
    return Reply(end=End.EXITED, code=os.WEXITSTATUS(status))


def _wait(handle: int, caller: int, deadline: float) -> bool:
    """Whether the child ended in time; gives up at once where the caller is gone."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.register(0, select.POLLHUP)
    while (left_s := deadline - time.monotonic()) > 0:
        events = dict(poll.poll(min(left_s, TICK_S) * 1000))
        if handle in events:
            return True
        if events.get(0, 0) & select.POLLHUP or os.getppid() != caller:
            return False
    return False


def _be_child(request: Request, zygote: _Zygote) -> NoReturn:
    """What the child does after the fork; it never returns into the zygote's loop."""
    code = 70
    try:
        _detach(zygote)
        _limit(request)
        Path(request.output).mkdir(parents=True, exist_ok=True)
        _isolate(request, zygote.isolation)
        outcome = _prepare_in_child(request)
        partial = Path(request.output, f"{OUTCOME_NAME}.partial")
        partial.write_text(outcome.model_dump_json(), encoding="utf-8")
        partial.rename(Path(request.output, OUTCOME_NAME))
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY_CODE
    except IsolationError:
        code = ISOLATION_CODE
    except OSError:
        code = DISK_CODE
    finally:
        os._exit(code)


def _detach(zygote: _Zygote) -> None:
    """Own session, no streams; the child dies with the zygote."""
    zygote.libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote.pid:
        os._exit(0)
    os.setsid()
    for stream in (0, 1, 2):
        os.dup2(zygote.nothing, stream)
    os.close(zygote.answers)
    with contextlib.suppress(OSError):
        # Where the machine itself runs out of memory, this process is the one to end.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit(request: Request) -> None:
    """Memory, processor time and sizes of files."""
    limits = request.limits
    used_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    largest_file = max(limits.max_document_bytes, 4 * limits.max_page_pixels)
    cpu_s = math.ceil(limits.timeout_s) + 5
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, largest_file),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, used_pages * resource.getpagesize() + limits.memory_bytes),
    ):
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def _isolate(request: Request, isolation: Isolation) -> None:
    """Leave the child its document, its folder, and the code that it runs."""
    # What libraries put aside goes where the document's own files go, and away with them.
    tempfile.tempdir = request.output
    if request.may_convert and not isolation.has_system_call_filter:
        return  # LibreOffice would have to make its socket in a folder that it does not get
    readable = [Path(request.path), *_code_folders()]
    if request.may_convert:
        readable += _program_folders()
    confine_files(isolation, readable, [Path(request.output), Path(os.devnull)])
    if not request.may_convert:
        forbid_programs(isolation)


def _code_folders() -> list[Path]:
    """Where Python and its packages lie. Not all of ``sys.path``: beside our packages lie other files, too."""
    packages = [str(Path(str(package.__file__)).parent) for package in (tenderlake, ocr_tasks)]
    installed = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    installed += [sys.prefix, sys.base_prefix]
    return [Path(name) for name in (*packages, *installed, *_SYSTEM_FOLDERS, *_SYSTEM_FILES)]


def _program_folders() -> list[Path]:
    from tenderlake.intake.office.conversion import converter_folders

    # An empty entry means the working folder, which is the root of everything.
    folders = [Path(entry) for entry in os.get_exec_path() if Path(entry).is_absolute() and entry.strip("/")]
    return [*folders, *converter_folders()]


def _prepare_in_child(request: Request) -> Outcome:
    from tenderlake.intake import prepare_document
    from tenderlake.intake.outcome import ConverterNeededError

    try:
        prepared = prepare_document(
            Path(request.path),
            Path(request.output),
            document_id=request.document_id,
            options=request.options,
            limits=request.limits,
            passwords=request.passwords,
            may_convert=request.may_convert,
        )
    except ConverterNeededError:
        return Outcome(needs_converter=True)
    except MemoryError:
        return Outcome(rejection=too_much_memory(request.limits))
    except OSError as error:
        return _disk_outcome(error, request.limits)
    except Exception:  # one bad document never fails a run, whatever the libraries raise
        return _unforeseen_outcome()
    if isinstance(prepared, Rejection):
        return Outcome(rejection=prepared)
    return Outcome(is_archive=isinstance(prepared, Unpacking))


def _disk_outcome(error: OSError, limits: PrepareLimits) -> Outcome:
    from tenderlake.intake.outcome import is_disk_trouble

    if error.errno == errno.EFBIG:
        return Outcome(
            rejection=Rejection(
                state=SourceState.QUARANTINED_TOO_LARGE,
                reason=f"one of its pages makes a file larger than TENDERLAKE_MAX_DOCUMENT_BYTES "
                f"({limits.max_document_bytes})",
            )
        )
    if error.errno == errno.ENOMEM:
        return Outcome(rejection=too_much_memory(limits))
    # A file that the child may not see is no trouble of the disk: only the document can have led there.
    if is_disk_trouble(error) and error.errno not in (errno.EACCES, errno.EPERM):
        return Outcome(disk_error=str(error))
    return _unforeseen_outcome()


def _unforeseen_outcome() -> Outcome:
    """Of the error at hand, which is a fault in a reader."""
    return Outcome(
        rejection=Rejection(
            state=SourceState.QUARANTINED_CORRUPT,
            reason="reading it failed in a way that nobody has foreseen: the log of the task says more",
        ),
        trace=traceback.format_exc(limit=-10)[-4000:],
    )


if __name__ == "__main__":
    main()
