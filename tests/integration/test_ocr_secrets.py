"""Given processes of the same user, none of them can read the secrets of the one that has them. Real processes.

Root may read everything, so what is tested here runs without any capability, as the images' user does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ocr_command import command, environment, write_shard
from tests.ocrservice import engine, serving, starting, wait_for

pytestmark = pytest.mark.integration

SECRETS = {
    "OCR_SERVICE_TOKEN": "t0ken-of-callers",
    "CLOUDRU_S3_SECRET_KEY": "s3cret-of-s3",
    "OCR_SERVER_API_KEY": "k3y",
}
WITHOUT_PRIVILEGE = f"""#!{sys.executable}
import ctypes, os, sys
PR_CAPBSET_DROP = 24
for capability in range(64):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python that may read no more of other processes than any user may."""
    script = tmp_path / "python"
    script.write_text(WITHOUT_PRIVILEGE)
    script.chmod(0o755)
    return str(script)


def environ_of(pid: int, python: str) -> str:
    """What another process of the same user can read of its variables; the error where it cannot."""
    code = f"print(open('/proc/{pid}/environ').read())"
    ended = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout or ended.stderr.splitlines()[-1]


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


@contextmanager
def running(arguments: list[str], variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(arguments, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_variables_of_a_process_that_does_not_hide_are_read(tmp_path: Path, python: str) -> None:
    """What the tests below would see if nothing were done."""
    started = tmp_path / "started"
    waits = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    with running([python, "-c", waits], os.environ | SECRETS) as process:
        wait_for(started.exists)
        assert "t0ken-of-callers" in environ_of(process.pid, python)


def test_the_secrets_of_the_service_cannot_be_read(tmp_path: Path, python: str) -> None:
    with serving(tmp_path / "service", python=python, **SECRETS) as service:
        assert "Permission" in environ_of(service.process.pid, python)
        assert "cannot be hidden" not in service.log
        (worker,) = children(service.process.pid)
        assert Path(f"/proc/{worker}/oom_score_adj").read_text().strip() == "1000"


def test_only_the_engine_itself_gets_its_secret_and_nobody_reads_it_there(tmp_path: Path, python: str) -> None:
    nobody = engine("remote", url="http://127.0.0.1:1")
    secrets = {**SECRETS, "OCR_REMOTE_TOKEN": "t0ken-of-remote"}
    with starting(tmp_path / "service", python=python, **nobody, **secrets) as service:
        wait_for(lambda: "waiting for the OCR service" in service.log)
        (worker,) = children(service.process.pid)
        variables = Path(f"/proc/{worker}/environ").read_text()
        assert "OCR_REMOTE_TOKEN=t0ken-of-remote" in variables
        assert [secret for secret in SECRETS.values() if secret in variables] == []
        assert "Permission" in environ_of(worker, python)


def test_the_address_of_a_shard_cannot_be_read(tmp_path: Path, python: str) -> None:
    shard = write_shard(tmp_path, engine="faulty", fault="hang", fault_once_file=str(tmp_path / "hangs"))
    with running([python, *command("run")[1:]], environment(OCR_SHARD=shard, OCR_WORKER="never")) as process:
        wait_for((tmp_path / "hangs").exists)
        assert "Permission" in environ_of(process.pid, python)
