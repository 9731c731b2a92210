"""Runs the four processes of Airflow and starts again what ends: ``python -m tenderlake.embedded.supervisor <logs>``.

It does what ``airflow standalone`` does, and three things that one does not: a scheduler that died is replaced (one
HTTP error of its API is enough to end it), SIGTERM stops everything, and the log servers stay off, which would listen
on all addresses of the machine; the logs are read from the disk.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

COMPONENTS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "api-server": ["api-server"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}

_LOOK_AFTER_S = 0.5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_STABLE_AFTER_S = 300.0
_STOP_PATIENCE_S = 5.0


@dataclass
class Component:
    """One process of Airflow and its restarts; a process that keeps ending is started ever more rarely."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    start_at: float = field(default_factory=time.monotonic)

    def look_after(self) -> str | None:
        """Start it where it is due; returns what a person should know."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self._start(now)
            return None
        exit_code = self.process.poll()
        if exit_code is None:
            return None
        # A scheduler that was killed leaves its workers behind, 160 MB each, which nobody gives work any more.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if now - self.started_at > _STABLE_AFTER_S:
            self.pause_s = _FIRST_PAUSE_S
        message = f"{self.name} ended with exit code {exit_code}; it is started again in {self.pause_s:.0f} s"
        self.process, self.start_at = None, now + self.pause_s
        self.pause_s = min(2 * self.pause_s, _LONGEST_PAUSE_S)
        return message

    def _start(self, now: float) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0
            )
        self.started_at = now

    def stop(self, deadline: float) -> None:
        """Wait for the end until the deadline; what is left is for the caller, who ends the whole session."""
        if self.process is not None:
            try:
                self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return


def supervise(components: list[Component], stop: threading.Event) -> None:
    """Keep the components running until ``stop`` is set, then end them."""
    while not stop.is_set():
        for component in components:
            message = component.look_after()
            if message:
                print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%SZ} {message}", flush=True)
        stop.wait(_LOOK_AFTER_S)
    running = [component for component in components if component.process is not None]
    for component in running:
        if component.process is not None:
            component.process.terminate()
    deadline = time.monotonic() + _STOP_PATIENCE_S
    for component in running:
        component.stop(deadline)


def main(logs: Path) -> None:
    """Run Airflow with the environment of this process."""
    airflow = str(Path(sys.executable).with_name("airflow"))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervise(
        [Component(name, [airflow, *command], logs / f"airflow-{name}.log") for name, command in COMPONENTS.items()],
        stop,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
