"""Given a shard and an engine that may die, every page ends with a result. Real child processes, real signed URLs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ocr_tasks.contract import EngineSpec, ExitCode, PageResult, PageStatus, Runner
from tenderlake.layout import Layout
from tenderlake.ocr import (
    Attempt,
    AttemptEnd,
    EngineUnavailableError,
    TemporaryOcrError,
    pending_pages,
    read_shard,
    signed_shard,
)
from tenderlake.ocr_attempts import ProcessRunner
from tenderlake.runs import PlannedPage, PlannedShard
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests.obstacles import ocr_python
from tests.shards import planned_shard
from tests.tinymodels import READING_SOON_ENDS, tiny_models

pytestmark = pytest.mark.integration

log = logging.getLogger(__name__)


class Reader:
    """Reads a shard with child processes, and remembers which pages each attempt got."""

    def __init__(self, storage: Storage, layout: Layout, shard: PlannedShard, silence_s: float = 60.0) -> None:
        self.storage, self.layout, self.shard, self.silence_s = storage, layout, shard, silence_s
        self.runner = ProcessRunner(layout.settings, log)
        self.attempts: list[list[int]] = []

    def attempt(self, pages: Sequence[PlannedPage]) -> Attempt:
        self.attempts.append([page.page_number for page in pages])
        shard = signed_shard(self.storage, self.layout, self.shard, pages, Runner.PROCESS, expires_s=600)
        return self.runner.run(shard, self.silence_s)

    def read(self) -> dict[int, PageResult]:
        read_shard(self.storage, self.shard, self.attempt)
        return {page.page_number: self.storage.get_model(page.result_key, PageResult) for page in self.shard.pages}


def failed_pages(results: dict[int, PageResult]) -> list[int]:
    return [number for number, result in results.items() if result.status is PageStatus.FAILED]


def test_all_pages_are_read_in_one_process(storage: Storage, layout: Layout) -> None:
    reader = Reader(storage, layout, planned_shard(storage, layout, 3))
    results = reader.read()
    assert failed_pages(results) == []
    assert len(reader.attempts) == 1
    assert all(result.runner is Runner.PROCESS for result in results.values())


def test_pages_that_have_a_result_are_not_read_again(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 3)
    Reader(storage, layout, shard.model_copy(update={"pages": shard.pages[:2]})).read()
    reader = Reader(storage, layout, shard)
    reader.read()
    assert reader.attempts == [[3]]
    assert pending_pages(storage, shard.pages) == []


@pytest.mark.parametrize("fault", ["crash", "out_of_memory"])
def test_a_page_that_kills_the_engine_fails_alone(storage: Storage, fault: str) -> None:
    layout = Layout(Settings(ocr_memory_bytes=2**30))
    shard = planned_shard(storage, layout, 8, engine="faulty", fault=fault, fault_page_number=3)
    reader = Reader(storage, layout, shard)
    results = reader.read()
    assert failed_pages(results) == [3]
    assert "on this page" in str(results[3].reason)
    # Halving 8 pages where no result of a dying attempt was stored in time: 8, 4, 2, 6, 3, 2, 1 and 5 pages.
    assert len(reader.attempts) <= 8


def test_a_page_that_hangs_is_stopped_and_fails_alone(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 4, engine="faulty", fault="hang", fault_page_number=2)
    results = Reader(storage, layout, shard, silence_s=5.0).read()
    assert failed_pages(results) == [2]
    assert "no progress" in str(results[2].reason)


@pytest.mark.parametrize("end", list(AttemptEnd))
def test_an_engine_that_dies_on_every_page_is_to_blame_itself(
    storage: Storage, layout: Layout, end: AttemptEnd
) -> None:
    shard = planned_shard(storage, layout, 16)
    starts: list[int] = []

    def dying(pages: Sequence[PlannedPage]) -> Attempt:
        starts.append(len(pages))
        return Attempt(exit_code=139, end=end)

    with pytest.raises(EngineUnavailableError, match="dies on every page"):
        read_shard(storage, shard, dying)
    assert len(pending_pages(storage, shard.pages)) == 16
    assert len(starts) < 20


def reads_pages(
    storage: Storage, shard: PlannedShard, readable: set[int], status: PageStatus = PageStatus.DONE
) -> Callable[[Sequence[PlannedPage]], Attempt]:
    """Attempts that read the pages in order, until the engine dies on one that is not readable."""

    def attempt(pages: Sequence[PlannedPage]) -> Attempt:
        for page in pages:
            if page.page_number not in readable:
                return Attempt(exit_code=139)
            result = PageResult(
                page_key=page.page_key,
                document_id=page.document_id,
                page_number=page.page_number,
                status=status,
                reason="the image file is empty" if status is PageStatus.FAILED else None,
                engine="null",
                engine_version="1",
                width_px=0,
                height_px=0,
            )
            storage.put_model(page.result_key, result)
        return Attempt(exit_code=ExitCode.ALL_DONE)

    return attempt


@pytest.mark.parametrize("status", list(PageStatus))
def test_a_host_that_breaks_after_a_page_blames_no_other(storage: Storage, layout: Layout, status: PageStatus) -> None:
    """A page that failed for its image alone says nothing for the engine either."""
    shard = planned_shard(storage, layout, 8)
    with pytest.raises(EngineUnavailableError, match="dies on every page"):
        read_shard(storage, shard, reads_pages(storage, shard, {1}, status))
    assert [page.page_number for page in pending_pages(storage, shard.pages)] == [2, 3, 4, 5, 6, 7, 8]


def test_pages_that_kill_the_engine_one_by_one_are_blamed_where_others_are_read(
    storage: Storage, layout: Layout
) -> None:
    shard = planned_shard(storage, layout, 10)
    outcome = read_shard(storage, shard, reads_pages(storage, shard, {1, 4, 7, 8, 10}))
    results = {page.page_number: storage.get_model(page.result_key, PageResult) for page in shard.pages}
    assert failed_pages(results) == [2, 3, 5, 6, 9]
    assert (outcome.pages, outcome.blamed) == (10, 5)


def test_an_engine_that_dies_before_it_is_ready_is_tried_again(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 4)
    with pytest.raises(TemporaryOcrError, match="before it read a page"):
        read_shard(storage, shard, lambda pages: Attempt(exit_code=137, is_ready=False))
    assert len(pending_pages(storage, shard.pages)) == 4


def test_an_unknown_engine_needs_a_person(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 1, engine="no-such-engine")
    with pytest.raises(EngineUnavailableError, match="no-such-engine"):
        Reader(storage, layout, shard).read()


def test_missing_language_data_names_the_package(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 1, engine="tesseract")
    shard = shard.model_copy(update={"engine": EngineSpec(name="tesseract", languages=("xyz",))})
    with pytest.raises(EngineUnavailableError, match="tesseract-ocr-xyz"):
        Reader(storage, layout, shard).read()


def test_signed_urls_that_have_expired_are_worth_a_retry(storage: Storage, layout: Layout) -> None:
    shard = planned_shard(storage, layout, 1)
    runner = ProcessRunner(layout.settings, log)

    def late(pages: Sequence[PlannedPage]) -> Attempt:
        import time

        signed = signed_shard(storage, layout, shard, pages, Runner.PROCESS, expires_s=1)
        time.sleep(2)
        return runner.run(signed, 60.0)

    with pytest.raises(TemporaryOcrError):
        read_shard(storage, shard, late)


def test_the_child_gets_no_secrets(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "top-secret-value")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    seen: dict[str, str] = {}
    runner = ProcessRunner(layout.settings, log)
    start = runner._start

    def spy(shard: Path, engine: EngineSpec) -> object:
        child = start(shard, engine)
        with open(f"/proc/{child.pid}/environ", "rb") as file:  # noqa: PTH123
            seen.update(item.split("=", 1) for item in file.read().decode().split("\0") if "=" in item)
        return child

    monkeypatch.setattr(runner, "_start", spy)
    shard = planned_shard(storage, layout, 1)
    with caplog.at_level(logging.DEBUG):
        read_shard(
            storage,
            shard,
            lambda pages: runner.run(signed_shard(storage, layout, shard, pages, Runner.PROCESS, expires_s=60), 60.0),
        )
    assert "OCR_SHARD" in seen
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONSTARTUP"} & set(seen)
    assert "X-Amz-Signature" not in caplog.text


def test_the_memory_limit_of_a_process_holds(storage: Storage) -> None:
    layout = Layout(Settings(ocr_memory_bytes=10 * 2**20))
    runner = ProcessRunner(layout.settings, log)
    shard = planned_shard(storage, layout, 1)
    result = runner.run(signed_shard(storage, layout, shard, shard.pages, Runner.PROCESS, expires_s=60), 60.0)
    assert result.exit_code != 0


def test_another_python_reads_with_paddleocr_vl_under_a_memory_limit(storage: Storage) -> None:
    """Its address space is 1.7 GB, of which it writes to a third: a limit of address space would end it."""
    settings = Settings(ocr_python=str(ocr_python()), ocr_memory_bytes=2**30)
    layout = Layout(settings)
    models = str(tiny_models() / "official_models")
    shard = planned_shard(storage, layout, 2, "paddleocr-vl", models_folder=models, **READING_SOON_ENDS)
    results = Reader(storage, layout, shard).read()
    assert failed_pages(results) == []
    assert str(results[1].model).startswith("PaddleOCR-VL-1.6")
    assert results[1].runner is Runner.PROCESS


def test_a_process_gets_the_key_and_the_gpu_of_its_engine_and_no_other_code(storage: Storage, tmp_path: Path) -> None:
    """The interpreter of the setting is a script that writes down what it is given."""
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/env\nls "$PYTHONPATH" > {tmp_path}/code\nexit 75\n')
    spy.chmod(0o755)
    settings = Settings(ocr_python=str(spy), ocr_server_api_key="key-of-the-server", ocr_remote_token="token")
    layout = Layout(settings)
    shard = planned_shard(storage, layout, 1, "paddleocr-vl-server", server_url="http://127.0.0.1:9/v1")
    with pytest.raises(TemporaryOcrError):
        Reader(storage, layout, shard).read()
    given = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert given["OCR_SERVER_API_KEY"] == "key-of-the-server"
    assert "OCR_REMOTE_TOKEN" not in given
    assert given["CUDA_VISIBLE_DEVICES"] == "0"
    assert (tmp_path / "code").read_text().split() == ["ocr_tasks"]


def test_a_python_without_the_engine_says_what_to_install(storage: Storage, layout: Layout) -> None:
    models = str(tiny_models() / "official_models")
    shard = planned_shard(storage, layout, 1, "paddleocr-vl", device="cpu", models_folder=models)
    with pytest.raises(EngineUnavailableError, match="make ocr-env"):
        Reader(storage, layout, shard).read()
