"""Background services end when they should, with all that they started, and strangers never do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenderlake.embedded.processes import ServiceProcess, process_identity, start_service

pytestmark = pytest.mark.integration

# A service with a child in a session of its own, as OCR has; both say when they are ready.
FAMILY = """
import pathlib, signal, subprocess, sys, time
stubborn, folder = sys.argv[1] == "stubborn", pathlib.Path(sys.argv[2])
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" if stubborn else ""
child = f"import pathlib, time; {ignore} pathlib.Path(r'{folder}/child').touch(); time.sleep(600)"
process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
(folder / "child-pid").write_text(str(process.pid))
while not (folder / "child").exists():
    time.sleep(0.02)
(folder / "ready").touch()
time.sleep(600)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def start(folder: Path, kind: str) -> tuple[ServiceProcess, int]:
    service = start_service(
        "family",
        [sys.executable, "-c", FAMILY, kind, str(folder)],
        cwd=folder,
        environment={"PATH": os.defpath},
        log=folder / "log",
    )
    wait_for((folder / "ready").exists)
    return service, int((folder / "child-pid").read_text())


def has_ended(pid: int) -> bool:
    return process_identity(pid) is None


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("kind", ["obedient", "stubborn"])
def test_a_service_ends_with_its_children_in_other_sessions(
    tmp_path: Path, kind: str, stranger: subprocess.Popen[bytes]
) -> None:
    service, child = start(tmp_path, kind)
    assert service.is_running
    service.stop(signal.SIGINT, patience_s=1.0)
    assert not service.is_running
    assert has_ended(service.pid)
    assert has_ended(child)
    assert stranger.poll() is None


def test_what_a_dead_leader_left_in_its_session_is_found(tmp_path: Path) -> None:
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); open('ready', 'w'); time.sleep(600)"
    service = start_service(
        "leader", [sys.executable, "-c", script], cwd=tmp_path, environment={"PATH": os.defpath}, log=tmp_path / "log"
    )
    wait_for((tmp_path / "ready").exists)
    os.kill(service.pid, signal.SIGKILL)
    wait_for(lambda: not service.is_running)
    (orphan,) = service.members()
    service.stop(signal.SIGINT, patience_s=1.0)
    assert has_ended(orphan.pid)


def test_a_stranger_who_got_the_process_id_is_left_alone(stranger: subprocess.Popen[bytes]) -> None:
    """The process id is the stranger's, what was written down is the start of one that is gone."""
    now = process_identity(stranger.pid)
    assert now is not None
    gone = ServiceProcess(
        name="seaweedfs",
        pid=stranger.pid,
        identity=now + "0",
        started_at=datetime.now(UTC),
    )
    assert not gone.is_running
    assert gone.members() == set()
    gone.stop(signal.SIGKILL, patience_s=0.2)
    assert stranger.poll() is None
