"""Starting background services and stopping exactly those.

A service is known by its process id together with the moment the kernel started it: a process id alone may belong to
somebody else by the time it is stopped. Every service leads a session of its own, so that its children can be found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict


class ServiceProcess(BaseModel):
    """The process that leads a service, as it is written down between two commands.

    ``identity`` tells it from a later process with the same id.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    identity: str

    @property
    def is_running(self) -> bool:
        """Whether this very process lives (a zombie does not)."""
        return process_identity(self.pid) == self.identity

    def members(self) -> list[psutil.Process]:
        """The living processes of the service's session: the leader, its children and theirs.

        The kernel gives no process the id of a session that has members, so where the leader is gone they are still
        told apart; where its id belongs to a stranger, nothing of the session is left.
        """
        if process_identity(self.pid) not in (None, self.identity):
            return []
        return [process for process in psutil.process_iter() if _leads(self.pid, process)]

    def stop(self, first_signal: signal.Signals, *, patience_s: float) -> None:
        """Ask the leader to end, wait, then end what is left of its session. Does nothing to anybody else."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, first_signal)
            self._wait(patience_s, leader_only=True)
        for last_signal in (signal.SIGTERM, signal.SIGKILL):
            for process in self.members():
                with contextlib.suppress(psutil.Error):
                    process.send_signal(last_signal)
            if self._wait(patience_s / 3, leader_only=False):
                return

    def _wait(self, patience_s: float, *, leader_only: bool) -> bool:
        deadline = time.monotonic() + patience_s
        while True:
            _reap(self.pid)
            if not (self.is_running if leader_only else self.members()):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)


def process_identity(pid: int) -> str | None:
    """What tells a living process from any other that had or will have its id; None where there is none."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return _kernel_identity(pid) or f"created {process.create_time():.2f}"
    except psutil.Error:
        return None


def _kernel_identity(pid: int) -> str | None:
    """Linux: boot and clock tick of the start, which do not move when the clock is set."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # The second field, the program's name, may hold spaces and brackets; the 22nd is the start.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return f"{boot} {fields[19]}"


def start_service(
    name: str, command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str], log: Path
) -> ServiceProcess:
    """Start a background process in a session of its own, its output appended to a log file.

    Secrets belong into ``environment``, never into ``command``, which every user of the machine can read.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    identity = process_identity(process.pid)
    return ServiceProcess(name=name, pid=process.pid, identity=identity or "ended at once")


def _leads(session_id: int, process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == session_id and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def _reap(pid: int) -> None:
    """Take the exit status where the process is a child of ours; without that it stays as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
