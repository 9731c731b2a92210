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
from datetime import UTC, datetime
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
    started_at: datetime
    """By this machine's clock."""

    @property
    def is_running(self) -> bool:
        """Whether this very process lives (a zombie does not)."""
        return process_identity(self.pid) == self.identity

    def members(self) -> set[psutil.Process]:
        """The living processes of the service: those of the leader's session, and all their children.

        Process groups would not do: Airflow gives every task one of its own, and OCR runs in a session of its own. The
        kernel gives no process the id of a session that has members, so where the leader is gone they are still told
        apart; where its id belongs to a stranger, nothing of the session is left.
        """
        if process_identity(self.pid) not in (None, self.identity):
            return set()
        found = {process for process in psutil.process_iter() if _is_in_session(self.pid, process)}
        for process in tuple(found):
            with contextlib.suppress(psutil.Error):
                found.update(process.children(recursive=True))
        return {process for process in found if _is_alive(process)}

    def stop(self, first_signal: signal.Signals, *, patience_s: float) -> None:
        """Ask the leader to end, wait, then end what is left of the service. Does nothing to anybody else."""
        known = self.members()
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, first_signal)
            _wait_for_end({process for process in known if process.pid == self.pid}, patience_s)
        for last_signal in (signal.SIGTERM, signal.SIGKILL):
            # Children that were cut off from the session are known from before.
            known = {process for process in known if _is_alive(process)} | self.members()
            for process in known:
                with contextlib.suppress(psutil.Error):
                    process.send_signal(last_signal)  # psutil makes sure that it is still the same process
            if _wait_for_end(known, patience_s):
                return


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_in_session(session_id: int, process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == session_id
    except (ProcessLookupError, PermissionError):
        return False


def _wait_for_end(processes: set[psutil.Process], patience_s: float) -> bool:
    """Whether all of them ended in time. A zombie has ended: its parent may be one that never looks."""
    deadline = time.monotonic() + patience_s
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


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
    started_at = datetime.now(UTC)
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
    return ServiceProcess(name=name, pid=process.pid, identity=identity or "ended at once", started_at=started_at)
