"""Starts the programs that help to read documents, such as LibreOffice and DjVuLibre.

They run in the session of the child that prepares the document, so they end with it, and are isolated as it is
(:mod:`tenderlake.isolation`). Each is started with an environment of its own and nothing of the caller's.
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tenderlake.documents import PrepareLimits
from tenderlake.intake.outcome import RejectedError
from tenderlake.states import SourceState

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def find_program(*names: str) -> Path | None:
    """The file of the first of these programs that is installed."""
    return next((Path(found).resolve() for name in names if (found := shutil.which(name))), None)


def run_program(
    command: Sequence[str | Path],
    folder: Path,
    limits: PrepareLimits,
    *,
    output: Path | None = None,
    errors: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program to its end; its exit status, or the number of the signal that ended it, negative.

    Args:
        command: The program's file and its arguments.
        folder: Where it runs; what it writes aside goes there.
        limits: Its time.
        output: The file that gets its standard output.
        errors: The file that gets its standard error.
        environment: Variables that it needs beside the usual ones.

    Raises:
        RejectedError: It takes too long.
    """
    with open(output or "/dev/null", "wb") as out, open(errors or "/dev/null", "wb") as err:  # noqa: PTH123  one line
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "LC_ALL": "C.UTF-8", **(environment or {})},
            preexec_fn=_die_with_parent,  # the child has one thread
        )
        try:
            return process.wait(timeout=limits.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise RejectedError(
                SourceState.QUARANTINED_TIMEOUT,
                f"{Path(command[0]).name} takes longer over it than TENDERLAKE_DOCUMENT_TIMEOUT_S "
                f"({limits.timeout_s:g} s)",
            ) from error
        finally:
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
