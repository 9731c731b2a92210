"""Given a shard in a folder, each page ends in a result that says what happened to it. In this process, on paths."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from PIL import Image

from ocr_tasks.contract import (
    EngineSpec,
    ExitCode,
    PageResult,
    PageStatus,
    PageTask,
    Progress,
    ProgressEvent,
    Runner,
    Shard,
)
from ocr_tasks.engines import EngineInfo, PageReading, create_engine
from ocr_tasks.errors import BadShardError, EngineUnavailableError, StorageError
from ocr_tasks.pipeline import prefetched
from ocr_tasks.reading import PageReader, PageRequest, open_reader, page_result
from ocr_tasks.run import ShardRun, load_shard
from ocr_tasks.settings import RunSettings
from ocr_tasks.transfer import Transfer
from tests.pages import encoded
from tests.texts import said

pytestmark = pytest.mark.unit


class Folder:
    """A shard in a folder, its pages white images of 40 × 30."""

    def __init__(self, path: Path, pages: int = 3, engine: str = "null", **options: str | int | float | bool) -> None:
        self.path = path
        self.events: list[Progress] = []
        tasks = []
        for number in range(1, pages + 1):
            (path / f"{number}.png").write_bytes(encoded(Image.new("L", (40, 30), 255)))
            tasks.append(
                PageTask(
                    page_key=f"key-{number}",
                    document_id="document",
                    page_number=number,
                    image_url=f"{number}.png",
                    result_url=f"results/{number}.json",
                )
            )
        self.shard = Shard(shard_id="shard", engine=EngineSpec(name=engine, options=options), pages=tuple(tasks))

    def run(self, settings: RunSettings | None = None) -> ExitCode:
        transfer = Transfer(base_folder=self.path)
        settings = settings or RunSettings()
        reader = open_reader(self.shard.engine, settings)
        return ShardRun(self.shard, reader, transfer, settings, self.events.append).run()

    @property
    def pages_told(self) -> list[int]:
        """The pages of the progress lines, sorted: results are stored side by side, and told when they are."""
        return sorted(event.page_number or 0 for event in self.events if event.event is ProgressEvent.PAGE)

    def result(self, page_number: int) -> PageResult:
        return PageResult.model_validate_json((self.path / f"results/{page_number}.json").read_bytes())

    @property
    def results(self) -> list[PageResult]:
        written = sorted((self.path / "results").glob("*"))
        return [PageResult.model_validate_json(file.read_bytes()) for file in written]


def test_every_page_gets_a_result_and_a_progress_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path, engine="null", text="Текст")

    assert folder.run() is ExitCode.ALL_DONE
    assert [(r.page_key, r.status, said(r), r.width_px, r.height_px) for r in folder.results] == [
        (f"key-{number}", PageStatus.DONE, "Текст", 40, 30) for number in (1, 2, 3)
    ]
    assert [(e.event, e.done, e.total) for e in folder.events] == [
        (ProgressEvent.READY, 0, 3),
        (ProgressEvent.PAGE, 1, 3),
        (ProgressEvent.PAGE, 2, 3),
        (ProgressEvent.PAGE, 3, 3),
        (ProgressEvent.FINISHED, 3, 3),
    ]
    assert folder.pages_told == [1, 2, 3]
    assert (folder.events[0].engine, folder.events[0].engine_version) == ("null", "1")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "the image file is empty"),
        (b"<html>404</html>", "no image of a known kind"),
        (encoded(Image.new("L", (40, 30)))[:50], "cannot be decoded"),
        (None, "no such file"),
    ],
)
def test_a_page_without_a_usable_image_fails_alone(tmp_path: Path, broken: bytes | None, reason: str) -> None:
    folder = Folder(tmp_path)
    image = tmp_path / "2.png"
    image.unlink() if broken is None else image.write_bytes(broken)

    assert folder.run() is ExitCode.SOME_PAGES_FAILED
    assert [result.status for result in folder.results] == [PageStatus.DONE, PageStatus.FAILED, PageStatus.DONE]
    assert reason in str(folder.result(2).reason)
    assert [event.reason for event in folder.events if event.page_number == 2] == [folder.result(2).reason]


def test_a_page_over_the_pixel_limit_fails_with_its_size(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pages=1)
    assert folder.run(RunSettings(max_pixels=1199)) is ExitCode.SOME_PAGES_FAILED
    assert "(40 × 30)" in str(folder.result(1).reason)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("exception", "the engine failed: RuntimeError: no kernel for an image of 40 × 30"),
        ("timeout", "not read within 300 s"),
        ("garbage", "the engine"),
    ],
)
def test_an_engine_that_fails_on_a_page_fails_that_page_only(tmp_path: Path, fault: str, reason: str) -> None:
    folder = Folder(tmp_path, engine="faulty", fault=fault, fault_page_number=2)

    assert folder.run() is ExitCode.SOME_PAGES_FAILED
    assert [said(result) for result in folder.results] == ["page 1", "", "page 3"]
    assert folder.result(2).status is PageStatus.FAILED
    assert str(folder.result(2).reason).startswith(reason)
    assert (folder.result(2).width_px, folder.result(2).height_px) == (40, 30)


def test_an_engine_that_is_lost_ends_the_run_and_keeps_what_was_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path, engine="faulty", fault="lost", fault_page_number=2)
    with pytest.raises(EngineUnavailableError, match="device is gone"):
        folder.run()
    assert [result.page_number for result in folder.results] == [1]


def test_memory_that_runs_out_ends_the_run_and_keeps_what_was_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path, engine="faulty", fault="out_of_memory", fault_page_number=3, fault_memory_mib=64)
    with pytest.raises(MemoryError):
        folder.run()
    assert [result.page_number for result in folder.results] == [1, 2]


def test_a_page_whose_result_cannot_be_written_is_left_for_a_retry(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "results/2.json").mkdir(parents=True)  # a folder where the result should be
    (tmp_path / "results/2.json/x").touch()

    assert folder.run() is ExitCode.TEMPORARY
    assert (folder.result(1).status, folder.result(3).status) == (PageStatus.DONE, PageStatus.DONE)
    assert folder.pages_told == [1, 3]
    assert ProgressEvent.FINISHED not in [event.event for event in folder.events]
    assert list((tmp_path / "results").glob(".*")) == []


def test_storage_that_fails_again_and_again_ends_the_run(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pages=6)
    (tmp_path / "results").touch()  # no folder can be made there

    assert folder.run() is ExitCode.TEMPORARY
    assert {event.event for event in folder.events} == {ProgressEvent.READY, ProgressEvent.WAITING}


def test_a_page_that_the_engine_cannot_read_now_is_left_for_a_retry(tmp_path: Path) -> None:
    folder = Folder(tmp_path, engine="faulty", fault="unreachable", fault_page_number=2)
    assert folder.run() is ExitCode.TEMPORARY
    assert folder.pages_told == [1, 3]
    assert [result.page_number for result in folder.results] == [1, 3]


def test_an_engine_that_cannot_be_reached_again_and_again_ends_the_run(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pages=6, engine="faulty", fault="unreachable")
    assert folder.run() is ExitCode.TEMPORARY
    assert {event.event for event in folder.events} == {ProgressEvent.READY, ProgressEvent.WAITING}


class Reading(PageReader):
    """Reads what it is told to, with its own idea of how: the interface that every reader has."""

    def __init__(self, concurrency: int = 1) -> None:
        self._concurrency = concurrency
        self.started = 0
        self.meeting = threading.Barrier(concurrency)
        self.changed = threading.Condition()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="reading", version="1")

    @property
    def concurrency(self) -> int:
        return self._concurrency

    def read(self, image: bytes, request: PageRequest) -> PageResult:
        with self.changed:
            self.started += 1
            self.changed.notify_all()
        self.meeting.wait(60)  # until so many pages are being read at the same time
        reading = PageReading(blocks=(), width_px=40, height_px=30)
        return page_result(request, self.info, reading, duration_s=0)

    def close(self) -> None:
        pass


class HeldStorage(Transfer):
    """Storage that takes no result before so many pages are being read or were."""

    def __init__(self, folder: Path, reader: Reading, pages: int) -> None:
        super().__init__(base_folder=folder)
        self._reader, self._pages = reader, pages
        self.most_started = 0

    def write(self, address: str, data: bytes, content_type: str = "application/json") -> None:
        with self._reader.changed:
            assert self._reader.changed.wait_for(lambda: self._reader.started >= self._pages, 60)
            time.sleep(0.1)  # time for the reader to start more than it should
            self.most_started = self.most_started or self._reader.started
        super().write(address, data, content_type)


def test_as_many_pages_as_the_engine_takes_are_read_at_the_same_time(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pages=12)
    reader = Reading(concurrency=4)
    run = ShardRun(folder.shard, reader, Transfer(base_folder=tmp_path), RunSettings(), folder.events.append)
    assert run.run() is ExitCode.ALL_DONE
    assert [result.page_key for result in folder.results] == sorted(f"key-{number}" for number in range(1, 13))
    assert [event.done for event in folder.events] == [*range(13), 12]


def test_the_engine_reads_on_while_storage_takes_its_time_but_not_without_bound(tmp_path: Path) -> None:
    """Four results on their way and two waiting: it reads the page after these, and then it waits."""
    folder = Folder(tmp_path, pages=20)
    reader = Reading()
    storage = HeldStorage(tmp_path, reader, pages=7)
    run = ShardRun(folder.shard, reader, storage, RunSettings(prefetch_pages=2), folder.events.append)
    assert run.run() is ExitCode.ALL_DONE
    assert storage.most_started == 7
    assert len(folder.results) == 20


def test_facts_of_the_shard_are_in_every_result(tmp_path: Path) -> None:
    folder = Folder(tmp_path, pages=1)
    folder.shard = folder.shard.model_copy(update={"runner": Runner.DOCKER, "image": "tenderlake/ocr-cpu:1"})
    folder.run()
    assert (folder.result(1).runner, folder.result(1).image) == ("docker", "tenderlake/ocr-cpu:1")


@pytest.mark.parametrize("ahead", [1, 2, 5, 100])
def test_downloads_run_ahead_within_their_bound_and_arrive_in_order(ahead: int) -> None:
    tasks = [
        PageTask(page_key=str(n), document_id="d", page_number=n, image_url="i", result_url="r")
        for n in (*range(1, 21),)
    ]
    started: set[int] = set()
    lock = threading.Lock()

    def fetch(task: PageTask) -> bytes:
        with lock:
            started.add(task.page_number)
        return str(task.page_number).encode()

    for position, (task, download) in enumerate(prefetched(fetch, tasks, ahead), start=1):
        assert (task.page_number, download.result()) == (position, str(position).encode())
        with lock:
            assert max(started) <= position + ahead
    assert len(started) == 20


def test_the_next_page_is_downloaded_while_one_is_read() -> None:
    tasks = [PageTask(page_key=str(n), document_id="d", page_number=n, image_url="i", result_url="r") for n in (1, 2)]
    second_started = threading.Event()

    def fetch(task: PageTask) -> bytes:
        if task.page_number == 2:
            second_started.set()
        return b""

    for task, _ in prefetched(fetch, tasks, 1):
        if task.page_number == 1:
            assert second_started.wait(30)


def test_a_failed_download_is_told_at_its_own_page() -> None:
    tasks = [
        PageTask(page_key=str(n), document_id="d", page_number=n, image_url="i", result_url="r") for n in (1, 2, 3)
    ]

    def fetch(task: PageTask) -> bytes:
        if task.page_number == 2:
            raise StorageError("gone")
        return b"x"

    downloads: list[Future[bytes]] = [download for _, download in prefetched(fetch, tasks, 3)]
    assert [isinstance(download.exception(), StorageError) for download in downloads] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the shard is missing: no such file"),
        ("not json", "is no shard of contract version 1: Invalid JSON"),
        ('{"contract_version": 2}', "contract_version: must be 1"),
        (
            '{"shard_id": "s", "engine": {"name": "null"}, "pages": [{"page_key": "k", "document_id": "d", '
            '"page_number": 1, "image_url": "s3://bucket/key", "result_url": "r"}]}',
            "page 1 has the address 's3://bucket/key': give http(s)://, file:// or a path",
        ),
    ],
)
def test_a_bad_shard_says_what_is_wrong_in_one_line(tmp_path: Path, content: str | None, message: str) -> None:
    shard = tmp_path / "shard.json"
    if content is not None:
        shard.write_text(content)
    with pytest.raises(BadShardError) as raised:
        load_shard(str(shard), Transfer())
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_bad_shard_does_not_show_its_signed_addresses(tmp_path: Path) -> None:
    shard = tmp_path / "shard.json"
    shard.write_text(
        '{"shard_id": "s", "pages": [{"image_url": "http://host/key?X-Amz-Signature=5ecret", "dpi": "5ecret"}]}'
    )
    with pytest.raises(BadShardError) as raised:
        load_shard(str(shard), Transfer())
    assert "5ecret" not in str(raised.value)


@pytest.mark.parametrize(
    ("engine", "options", "error", "message"),
    [
        ("paddle", {}, EngineUnavailableError, "unknown engine 'paddle': this image knows .*null.*tesseract"),
        ("null", {"txet": "x"}, BadShardError, "wrong option for engine 'null': txet"),
        ("faulty", {"fault": "sulk"}, BadShardError, "wrong option for engine 'faulty': fault"),
    ],
)
def test_an_engine_that_cannot_be_had_says_why(
    engine: str, options: dict[str, str | int | float | bool], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        create_engine(EngineSpec(name=engine, options=options))


@pytest.mark.parametrize("value", ["0", "-1", "many", "inf"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(BadShardError, match="OCR_MAX_PIXELS"):
        RunSettings.from_environment({"OCR_MAX_PIXELS": value})


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
def test_a_time_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(BadShardError, match="OCR_START_TIMEOUT_S"):
        RunSettings.from_environment({"OCR_START_TIMEOUT_S": value})


def test_limits_come_from_the_environment() -> None:
    environment = {"OCR_MAX_PIXELS": "2e6", "OCR_PREFETCH_PAGES": "7", "OCR_START_TIMEOUT_S": "0.5"}
    expected = RunSettings(max_pixels=2_000_000, prefetch_pages=7, start_timeout_s=0.5)
    assert RunSettings.from_environment(environment) == expected
    assert RunSettings.from_environment({}) == RunSettings()
