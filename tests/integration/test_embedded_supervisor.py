"""Airflow's processes are looked after: what ends is started again, and stop ends all of them.

Small Python programs stand in for Airflow's, which take half a minute to start; the e2e tier runs the real ones.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tenderlake.embedded.processes import process_identity
from tenderlake.embedded.supervisor import Component, supervise

pytestmark = pytest.mark.integration


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def component(folder: Path, name: str, program: str) -> Component:
    return Component(name, [sys.executable, "-c", program], folder / f"{name}.log")


@contextmanager
def supervised(*components: Component) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=supervise, args=(list(components), stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_what_dies_is_started_again_and_said_while_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = tmp_path / "starts"
    dying = component(
        tmp_path,
        "scheduler",
        f"import sys, time; file = open(r'{starts}', 'a'); file.write('x'); file.close()\n"
        f"if len(open(r'{starts}').read()) < 3: sys.exit(9)\n"
        "time.sleep(600)",
    )
    steady = component(tmp_path, "triggerer", "import time; time.sleep(600)")
    with supervised(dying, steady):
        wait_for(lambda: steady.process is not None)
        first = steady.process
        wait_for(lambda: starts.exists() and starts.read_text() == "xxx")
        assert steady.process is first
    assert dying.process is not None and dying.process.poll() is not None
    assert first is not None and first.poll() is not None
    said = capsys.readouterr().out
    assert said.count("scheduler ended with exit code 9; it is started again") == 2
    assert "triggerer" not in said


def test_what_dies_takes_its_children_along(tmp_path: Path) -> None:
    children = tmp_path / "children"
    dying = component(
        tmp_path,
        "scheduler",
        "import os, signal, subprocess, sys, time\n"
        "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"print(worker.pid, file=open(r'{children}', 'a'), flush=True)\n"
        f"if open(r'{children}').read().count('\\n') < 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "time.sleep(600)",
    )
    with supervised(dying):
        wait_for(lambda: children.exists() and children.read_text().count("\n") == 2)
        first, second = map(int, children.read_text().split())
        wait_for(lambda: process_identity(first) is None)
        assert process_identity(second) is not None
        os.kill(second, signal.SIGKILL)


def test_what_keeps_dying_is_started_ever_more_rarely(tmp_path: Path) -> None:
    hopeless = component(tmp_path, "scheduler", "raise SystemExit(1)")
    with supervised(hopeless):
        wait_for(lambda: hopeless.pause_s >= 4.0)
