"""Given a hostile document, the sandbox gives a typed outcome, and the next document is prepared as if nothing was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from tenderlake.documents import (
    MANIFEST_NAME,
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PageKind,
    PrepareLimits,
    PrepareOptions,
    Rejection,
)
from tenderlake.mupdf import pymupdf
from tenderlake.pageflags import PageFlag
from tenderlake.sandbox import PrepareSandbox, SandboxError
from tenderlake.states import SourceState
from tests.pdfs import RUSSIAN, digital_pdf, file_of, new_page, printed, put_picture, saved, scanned_pdf

pytestmark = pytest.mark.integration

T = TypeVar("T")
OPTIONS = PrepareOptions(dpi=100)
LIMITS = PrepareLimits(timeout_s=60, memory_bytes=400 * 2**20)
SHORT = LIMITS.model_copy(update={"timeout_s": 1.5})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def good(folder: Path) -> Path:
    document = digital_pdf()
    put_picture(new_page(document), file_of(printed(dpi=100)))
    return saved(document, folder / "good.pdf")


def draw_nested_forms(document: Any, page: Any, depth: int, content: bytes, entries: str = "") -> None:
    """Let the page draw a form that draws a form, and so on; ``content`` is what each but the last draws."""
    below = ""
    for level in range(depth):
        xref = document.get_new_xref()
        resources = f"{below}/ExtGState<</H<</ca 0.99/CA 0.99>>>>"
        document.update_object(
            xref, f"<</Type/XObject/Subtype/Form/BBox[0 0 9999 9999]{entries}/Resources<<{resources}>>>>"
        )
        document.update_stream(xref, b"9 w 0 0 m 999 999 l S\n" if level == 0 else content)
        below = f"/XObject<</F {xref} 0 R>>"
    document.xref_set_key(page.xref, "Resources", f"<<{below}>>")
    contents = document.get_new_xref()
    document.update_object(contents, "<<>>")
    document.update_stream(contents, b"/F Do ")
    document.xref_set_key(page.xref, "Contents", f"{contents} 0 R")


@pytest.fixture(scope="module")
def endless(folder: Path) -> Path:
    """Ten to the power of nine lines in two kilobytes."""
    document = pymupdf.open()
    draw_nested_forms(document, new_page(document), 10, b"/F Do " * 10)
    return saved(document, folder / "endless.pdf")


def add_bomb(document: Any) -> Any:
    """A large page of twenty transparent layers, each of which has to be kept until all are drawn."""
    page = new_page(document, (5000, 5000))
    draw_nested_forms(document, page, 20, b"/H gs /F Do ", "/Group<</S/Transparency/I true>>")
    return document


@pytest.fixture(scope="module")
def bomb(folder: Path) -> Path:
    return saved(add_bomb(pymupdf.open()), folder / "bomb.pdf")


@pytest.fixture
def sandbox() -> Iterator[PrepareSandbox]:
    with PrepareSandbox(LIMITS) as opened:
        yield opened


def assert_goes_on(sandbox: PrepareSandbox, good: Path, folder: Path) -> None:
    """The next document is prepared, and its folder holds just what it should."""
    outcome = sandbox.prepare(good, folder, "d0c", OPTIONS)
    assert isinstance(outcome, DocumentManifest), outcome
    assert {entry.name for entry in folder.iterdir()} == {MANIFEST_NAME, NATIVE_PAGES_NAME, "page-000002.jpg"}
    assert RUSSIAN[0] in (folder / NATIVE_PAGES_NAME).read_text(encoding="utf-8")


def children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children()
    except psutil.NoSuchProcess:
        return []
    return children


def zygotes() -> list[psutil.Process]:
    """The zygotes that this test process has started."""
    return [child for child in children_of(psutil.Process()) if is_zygote(child)]


def is_zygote(child: psutil.Process) -> bool:
    try:
        return "tenderlake.zygote" in child.cmdline()
    except psutil.NoSuchProcess:  # also of one that was killed and is not buried yet
        return False


def is_at_work(child: psutil.Process) -> bool:
    """Whether it is past its setting up; a zygote that starts may have a child that only tries the kernel."""
    try:
        return bool(child.cpu_times().user > 0.05)
    except psutil.NoSuchProcess:
        return False


def wait_for(found: Callable[[], T | None], seconds: float = 30.0) -> T:
    """The first thing that is found; fails where nothing comes."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return result


class Meanwhile:
    """Runs something in a thread, as soon as a child of a zygote is at work on a document."""

    def __init__(self, act: Callable[[psutil.Process, psutil.Process], None]) -> None:
        self._act = act
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            zygote, child = wait_for(
                lambda: next(((zygote, child) for zygote in zygotes() for child in children_of(zygote)), None)
            )
            wait_for(lambda: is_at_work(child))
            self._act(zygote, child)
        except BaseException as failure:
            self._failure = failure

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        if self._failure is not None:
            raise self._failure


def test_a_document_is_prepared_as_without_a_sandbox(sandbox: PrepareSandbox, good: Path, tmp_path: Path) -> None:
    outcome = sandbox.prepare(good, tmp_path / "out", "d0c", OPTIONS)
    assert isinstance(outcome, DocumentManifest)
    assert [page.kind for page in outcome.pages] == [PageKind.NATIVE, PageKind.IMAGE]
    assert_goes_on(sandbox, good, tmp_path / "out")


def test_an_endless_document_is_killed_in_time(good: Path, endless: Path, tmp_path: Path) -> None:
    with PrepareSandbox(SHORT) as sandbox:
        outcome = sandbox.prepare(endless, tmp_path, "d0c", OPTIONS)
        assert outcome == Rejection(
            state=SourceState.QUARANTINED_TIMEOUT, reason="it takes longer than TENDERLAKE_DOCUMENT_TIMEOUT_S (1.5 s)"
        )
        assert list(tmp_path.iterdir()) == []
        assert_goes_on(sandbox, good, tmp_path)


def test_a_document_that_needs_too_much_memory_is_too_large(
    sandbox: PrepareSandbox, good: Path, bomb: Path, tmp_path: Path
) -> None:
    outcome = sandbox.prepare(bomb, tmp_path, "d0c", OPTIONS)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_TOO_LARGE
    assert "TENDERLAKE_DOCUMENT_MEMORY_BYTES" in outcome.reason
    assert_goes_on(sandbox, good, tmp_path)


def test_one_page_that_needs_too_much_memory_does_not_lose_the_others(
    sandbox: PrepareSandbox, folder: Path, tmp_path: Path
) -> None:
    path = saved(add_bomb(digital_pdf()), folder / "bomb-on-page-2.pdf")
    outcome = sandbox.prepare(path, tmp_path, "d0c", OPTIONS)
    assert isinstance(outcome, DocumentManifest), outcome
    text, lost = outcome.pages
    assert text.kind is PageKind.NATIVE
    assert lost.image_name is None
    assert lost.quality_flags == (PageFlag.RENDER_FAILED,)
    assert "TENDERLAKE_DOCUMENT_MEMORY_BYTES" in lost.reason


@pytest.mark.parametrize(
    ("number", "state", "words"),
    [
        (signal.SIGSEGV, SourceState.QUARANTINED_CORRUPT, "the library that reads it crashed (SIGSEGV)"),
        (signal.SIGABRT, SourceState.QUARANTINED_CORRUPT, "the library that reads it crashed (SIGABRT)"),
        # What the kernel sends where the machine runs out of memory.
        (signal.SIGKILL, SourceState.QUARANTINED_TOO_LARGE, "TENDERLAKE_DOCUMENT_MEMORY_BYTES"),
    ],
)
def test_a_child_that_ends_by_a_signal_takes_nothing_with_it(
    sandbox: PrepareSandbox, good: Path, endless: Path, tmp_path: Path, number: int, state: SourceState, words: str
) -> None:
    with Meanwhile(lambda _, child: child.send_signal(number)):
        outcome = sandbox.prepare(endless, tmp_path, "d0c", OPTIONS)
    assert isinstance(outcome, Rejection)
    assert outcome.state is state
    assert words in outcome.reason
    assert_goes_on(sandbox, good, tmp_path)


def test_no_secret_reaches_the_child_and_it_is_confined(
    monkeypatch: pytest.MonkeyPatch, endless: Path, tmp_path: Path
) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AIRFLOW_CONN_TENDERLAKE_S3",
        "AIRFLOW__CORE__FERNET_KEY",
        "TENDERLAKE_BUCKET",
    ):
        monkeypatch.setenv(name, "top-secret-value")
    seen: dict[str, Any] = {}

    def look(zygote: psutil.Process, child: psutil.Process) -> None:
        for name, process in (("zygote", zygote), ("child", child)):
            seen[name] = Path(f"/proc/{process.pid}/environ").read_bytes()
        seen["streams"] = {str(entry.readlink()) for entry in Path(f"/proc/{child.pid}/fd").iterdir()}
        seen["session"] = os.getsid(child.pid)
        seen["pid"] = child.pid
        seen["memory"] = child.rlimit(psutil.RLIMIT_AS)
        seen["core"] = child.rlimit(psutil.RLIMIT_CORE)
        seen["cpu"] = child.rlimit(psutil.RLIMIT_CPU)
        seen["file"] = child.rlimit(psutil.RLIMIT_FSIZE)
        seen["threads"] = (zygote.num_threads(), child.num_threads())
        seen["status"] = Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
        child.kill()

    with PrepareSandbox(LIMITS) as sandbox, Meanwhile(look):
        sandbox.prepare(endless, tmp_path, "d0c", OPTIONS)
    for name in ("zygote", "child"):
        assert b"top-secret-value" not in seen[name]
        assert b"AWS_" not in seen[name]
        assert b"AIRFLOW" not in seen[name]
    assert seen["streams"] <= {os.devnull, str(endless)}
    assert seen["session"] == seen["pid"]
    assert seen["threads"] == (1, 1)
    assert LIMITS.memory_bytes < seen["memory"][1] < LIMITS.memory_bytes + 2**30
    assert seen["core"] == (0, 0)
    assert seen["cpu"][1] <= LIMITS.timeout_s + 10
    assert seen["file"][1] == max(LIMITS.max_document_bytes, 4 * LIMITS.max_page_pixels)
    assert "NoNewPrivs:\t1" in seen["status"]


def test_a_zygote_that_is_gone_is_started_again(sandbox: PrepareSandbox, good: Path, tmp_path: Path) -> None:
    (zygote,) = zygotes()
    zygote.kill()
    zygote.wait(10)
    assert_goes_on(sandbox, good, tmp_path)


def test_a_document_over_which_the_zygote_dies_twice_is_given_up(
    sandbox: PrepareSandbox, good: Path, endless: Path, tmp_path: Path
) -> None:
    orphans: list[psutil.Process] = []

    def kill_twice(zygote: psutil.Process, child: psutil.Process) -> None:
        orphans.append(child)
        zygote.kill()
        second, child = wait_for(
            lambda: next(
                (
                    (other, child)
                    for other in zygotes()
                    if other != zygote
                    for child in children_of(other)
                    if is_at_work(child)
                ),
                None,
            )
        )
        orphans.append(child)
        second.kill()

    with Meanwhile(kill_twice):
        outcome = sandbox.prepare(endless, tmp_path, "d0c", OPTIONS)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_CORRUPT
    assert "twice" in outcome.reason
    psutil.wait_procs(orphans, timeout=10)
    assert not any(orphan.is_running() for orphan in orphans), "a child outlived its zygote"
    assert_goes_on(sandbox, good, tmp_path)


def test_everything_ends_with_the_caller(endless: Path, tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from tenderlake.documents import PrepareLimits, PrepareOptions
        from tenderlake.sandbox import PrepareSandbox
        with PrepareSandbox(PrepareLimits()) as sandbox:
            sandbox.prepare(Path(sys.argv[1]), Path(sys.argv[2]), "d0c", PrepareOptions())
    """)
    caller = psutil.Popen([sys.executable, "-c", program, str(endless), str(tmp_path)])
    try:
        (zygote,) = wait_for(lambda: children_of(caller))
        (child,) = wait_for(lambda: children_of(zygote))
    finally:
        caller.kill()
        caller.wait()
    psutil.wait_procs([zygote, child], timeout=10)
    assert not zygote.is_running()
    assert not child.is_running()


def test_closing_ends_the_zygote(good: Path, tmp_path: Path) -> None:
    with PrepareSandbox(LIMITS) as sandbox:
        assert_goes_on(sandbox, good, tmp_path)
        (zygote,) = zygotes()
    assert not zygote.is_running()


def _prepare_in_daemon(good: str, folder: str) -> None:
    with PrepareSandbox(LIMITS) as sandbox:
        sandbox.prepare(Path(good), Path(folder), "d0c", OPTIONS)


def test_it_works_in_a_daemonic_process(good: Path, tmp_path: Path) -> None:
    """Where multiprocessing allows no children: so do some executors run their tasks."""
    process = get_context("spawn").Process(target=_prepare_in_daemon, args=(str(good), str(tmp_path)), daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert json.loads((tmp_path / MANIFEST_NAME).read_bytes())["document_id"] == "d0c"


def test_calls_from_several_threads_wait_for_each_other(sandbox: PrepareSandbox, good: Path, tmp_path: Path) -> None:
    outcomes: list[DocumentManifest | Rejection] = []
    threads = [
        threading.Thread(
            target=lambda name: outcomes.append(sandbox.prepare(good, tmp_path / name, "d0c", OPTIONS)), args=(name,)
        )
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in outcomes] == [DocumentManifest] * 4


def test_a_disk_that_fails_is_an_error_of_the_system(sandbox: PrepareSandbox, good: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SandboxError, match="cannot write to"):
        sandbox.prepare(good, tmp_path / "file" / "out", "d0c", OPTIONS)


def test_a_file_that_is_not_there_is_an_error_of_the_system(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="No such file"):
        sandbox.prepare(tmp_path / "missing.pdf", tmp_path / "out", "d0c", OPTIONS)


def test_a_sandbox_that_cannot_start_says_what_it_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match=r"tenderlake\.zygote` does not start"):
        PrepareSandbox(LIMITS).__enter__()


def test_what_an_earlier_document_left_is_gone(sandbox: PrepareSandbox, good: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep.txt").write_text("not ours")
    output = tmp_path / "out"
    output.mkdir()
    (output / MANIFEST_NAME).write_text("{}")
    (output / "link").symlink_to(outside)
    (output / "page-000009.jpg").write_text("stale")
    assert_goes_on(sandbox, good, output)
    assert (outside / "keep.txt").read_text() == "not ours"


def test_importing_the_callers_side_does_not_load_the_libraries() -> None:
    program = "import sys, tenderlake.sandbox; print([m for m in ('pymupdf', 'PIL', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_scan_of_one_page_ends_beside_its_manifest(sandbox: PrepareSandbox, folder: Path, tmp_path: Path) -> None:
    data = file_of(printed(dpi=100))
    outcome = sandbox.prepare(saved(scanned_pdf(data), folder / "scan.pdf"), tmp_path, "d0c", OPTIONS)
    assert isinstance(outcome, DocumentManifest)
    assert (tmp_path / "page-000001.jpg").read_bytes() == data
