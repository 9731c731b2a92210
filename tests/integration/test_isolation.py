"""Given a document that takes over the process that opens it, it reaches no network, no files and no other process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.embedded.state import S3Connection
from tenderlake.sandbox import PrepareSandbox
from tests import attempts
from tests.obstacles import ROOT, missing
from tests.officefiles import odf

pytestmark = pytest.mark.integration

SIGNALS_SINCE = 6
"""Earlier versions of Landlock do not keep signals from other processes of the same user."""
USERS = ["root", "nobody"] if os.getuid() == 0 else ["this user"]
TAKEN_OVER = """#!{python}
import sys
sys.path.insert(0, {folder!r})
import attempts, pymupdf
done = attempts.successes({tried!r})
with pymupdf.open() as document:
    page = document.new_page()
    for number, line in enumerate(done or ["nothing"]):
        page.insert_text((20, 40 + 14 * number), line)
    document.save(sys.argv[-1].rsplit("/", 1)[0] + "/source.pdf")
"""


class Outside:
    """What a document might reach: servers on this machine, S3, a file with a secret, this very process."""

    def __init__(self, folder: Path, s3: S3Connection) -> None:
        self.secret = folder / "secret.txt"
        self.secret.write_text("top secret")
        self.stolen = folder / "stolen.txt"
        self._listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self._listeners[1].bind(str(folder / "socket"))
        self._listeners[1].listen()
        port = self._listeners[0].getsockname()[1]
        self.network = (
            f"connect 127.0.0.1:{port}",
            f"connect {folder / 'socket'}",
            f"connect {urlsplit(s3.endpoint_url).netloc}",
            f"send 127.0.0.1:{port}",
        )
        self.files = (
            f"read {self.secret}",
            f"read /proc/{os.getpid()}/environ",
            f"write {self.stolen}",
        )
        self.signal = f"signal {os.getpid()}"

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()


@pytest.fixture
def outside(s3_server: S3Connection) -> Iterator[Outside]:
    folder = Path(f"/var/tmp/tenderlake-test-{os.getpid()}")  # noqa: S108  a path short enough for a socket
    folder.mkdir(mode=0o755)
    reachable = Outside(folder, s3_server)
    yield reachable
    reachable.close()
    shutil.rmtree(folder)


def landlock_version() -> int:
    """Ends the test where there is none."""
    program = "from tenderlake.isolation import isolate_process; print(isolate_process().landlock_version)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    version = int(done.stdout)
    return version or missing("the kernel has no Landlock: files cannot be hidden from processes")


def tried_by_a_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: tuple[str, ...]) -> str:
    """The text that comes back from a document that has a program in the place of LibreOffice try things."""
    programs = tmp_path / "bin"
    programs.mkdir()
    shutil.copy(attempts.__file__, programs / "attempts.py")
    program = programs / "soffice"
    program.write_text(TAKEN_OVER.format(python=sys.executable, folder=str(programs), tried=tried))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:")  # the empty entry is the working folder
    source = tmp_path / "drawing"
    source.write_bytes(odf("graphics", "<office:drawing/>"))
    with PrepareSandbox(PrepareLimits(timeout_s=60)) as sandbox:
        outcome = sandbox.prepare(
            source, tmp_path / "out", "d0c", PrepareOptions(text_layer=TextLayerMode.ONLY, languages=("eng",))
        )
    assert isinstance(outcome, DocumentManifest), outcome
    page = json.loads((tmp_path / "out" / NATIVE_PAGES_NAME).read_text(encoding="utf-8"))
    return "\n".join(block["content"] for block in page["blocks"])


def test_unconfined_all_of_it_can_be_reached(outside: Outside) -> None:
    """Or the tests below would prove nothing."""
    tried = [*outside.network, *outside.files, outside.signal]
    done = subprocess.run([sys.executable, attempts.__file__, *tried], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == tried


def test_a_program_that_reads_a_document_reaches_no_network(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried_by_a_converter(tmp_path, monkeypatch, outside.network) == "nothing"


def test_a_program_that_reads_a_document_sees_no_other_files_and_processes(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = (outside.signal,) if landlock_version() >= SIGNALS_SINCE else ()
    assert tried_by_a_converter(tmp_path, monkeypatch, (*outside.files, *signals)) == "nothing"
    assert not outside.stolen.exists()


@pytest.mark.parametrize("user", USERS)
def test_a_process_that_reads_a_document_starts_nothing_and_reaches_nothing(outside: Outside, user: str) -> None:
    assert landlock_version()
    folder = outside.secret.with_name("own")
    folder.mkdir()
    folder.chmod(0o777)
    program = textwrap.dedent("""
        import ctypes, json, os, pwd, sys
        from pathlib import Path
        from tenderlake.isolation import confine_files, forbid_programs, isolate_process
        from tests.attempts import successes
        folder, user, *tried = sys.argv[1:]
        if user == "nobody":
            os.setgroups([])
            os.setgid(pwd.getpwnam(user).pw_gid)
            os.setuid(pwd.getpwnam(user).pw_uid)
            ctypes.CDLL(None).prctl(4, 1)  # as a process is that was started by this user
        isolation = isolate_process()
        confine_files(isolation, [Path("/usr"), Path("/lib"), Path("/lib64"), Path("/bin")], [Path(folder)])
        forbid_programs(isolation)
        own = [f"write {folder}/new", f"read {folder}/new", "thread"]
        assert successes(own) == own
        try:
            (Path(folder) / "link").symlink_to("/etc")
            raise SystemExit("it can make links")
        except PermissionError:
            pass
        print(json.dumps(successes(tried)))
    """)
    tried = [*outside.network, *outside.files, outside.signal, "run /bin/true", "fork"]
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), user, *tried], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert not outside.stolen.exists()


def test_what_is_in_force_is_logged_once() -> None:
    program = textwrap.dedent("""
        import logging
        from tenderlake.documents import PrepareLimits
        from tenderlake.sandbox import PrepareSandbox
        logging.basicConfig(level=logging.INFO)
        for _ in range(2):
            with PrepareSandbox(PrepareLimits()):
                pass
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if "documents are opened in processes with" in line]
    assert len(lines) == 1, done.stderr
    assert "a filter of system calls" in lines[0]
