"""Given an engine that hangs, crashes or grows, its worker process is replaced and only the bad page fails.

Real child processes. Time limits are either so long that they never pass, or what a test waits for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ocr_tasks.contract import EngineSpec, ExitCode, PageResult, PageStatus, ProgressEvent, ReadingFlag
from ocr_tasks.engines.faulty import FaultyEngine
from ocr_tasks.errors import (
    BadShardError,
    EngineStartTimeoutError,
    EngineUnavailableError,
    EngineUnreachableError,
    StoppedError,
)
from ocr_tasks.reading import EngineReader, PageRequest, open_reader
from ocr_tasks.run import ShardRun, load_shard
from ocr_tasks.settings import RunSettings, WorkerUse
from ocr_tasks.transfer import Transfer
from ocr_tasks.worker import WorkerLimits, WorkerReader
from tests.ocr_command import Ended, command, environment, ocr_tasks, results, write_shard
from tests.pages import encoded
from tests.texts import said

pytestmark = pytest.mark.integration

IMAGE = encoded(Image.new("L", (40, 30), 255))
LONG_S = 120.0
SHORT_S = 2.0
LOADING_S = 5.0
"""What loading the faulty engine surely takes no longer than."""

Option = str | int | float | bool
OpenReader = Callable[..., WorkerReader]


def request(number: int, timeout_s: float = LONG_S) -> PageRequest:
    return PageRequest(page_key=f"key-{number}", document_id="document", page_number=number, timeout_s=timeout_s)


def process_of(result: PageResult) -> int:
    """The process that read a page."""
    return int(said(result).split()[-1])


def is_alive(pid: int) -> bool:
    """Whether a process exists and has not ended; one that nobody has buried yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def died_pages(read: list[PageResult]) -> list[int]:
    return [result.page_number for result in read if ReadingFlag.ENGINE_DIED in result.quality_flags]


def failed_pages(read: list[PageResult]) -> list[int]:
    return [result.page_number for result in read if result.status is PageStatus.FAILED]


@pytest.fixture
def open_worker() -> Iterator[OpenReader]:
    """Opens readers of the faulty engine, and closes them after the test."""
    opened = []

    def open_one(
        fault: str = "none",
        *,
        worker_pages: int = 1000,
        grace_s: float = 1,
        start_s: float = LONG_S,
        **options: Option,
    ) -> WorkerReader:
        spec = EngineSpec(name="faulty", options={"fault": fault, "tells_process": True, **options})
        limits = WorkerLimits(start_s=start_s, grace_s=grace_s, exit_s=2)
        reader = WorkerReader(spec, RunSettings(worker_pages=worker_pages), limits)
        opened.append(reader)
        return reader

    yield open_one
    for reader in opened:
        reader.close()


def test_pages_are_read_in_one_other_process(open_worker: OpenReader) -> None:
    reader = open_worker(concurrency=3)
    read = [reader.read(IMAGE, request(number)) for number in (1, 2, 3)]
    assert [(r.page_key, r.status, r.engine, r.width_px) for r in read] == [
        (f"key-{number}", PageStatus.DONE, "faulty", 40) for number in (1, 2, 3)
    ]
    assert (reader.info.name, reader.info.version, reader.concurrency) == ("faulty", "1", 3)
    [process] = {process_of(result) for result in read}
    assert process != os.getpid()
    reader.close()
    assert not is_alive(process)


def test_the_setting_decides_whether_there_is_a_worker() -> None:
    readers = [open_reader(EngineSpec(name="null"), RunSettings(worker=use)) for use in WorkerUse]
    for reader in readers:
        reader.close()
    assert [type(reader) for reader in readers] == [EngineReader, WorkerReader, EngineReader]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crash", "the engine crashed on this page (SIGSEGV)"),
        ("killed", "the engine was killed on this page, most likely out of memory"),
        ("out_of_memory", "the engine ran out of memory on this page"),
        ("babble", "the engine's process said what makes no sense on this page"),
    ],
)
def test_a_page_that_kills_its_worker_twice_fails_alone(open_worker: OpenReader, fault: str, reason: str) -> None:
    reader = open_worker(fault, fault_page_number=2, fault_memory_mib=64)
    read = [reader.read(IMAGE, request(number)) for number in (1, 2, 3, 4)]
    assert failed_pages(read) == died_pages(read) == [2]
    assert read[1].reason == reason
    assert process_of(read[0]) != process_of(read[2]) == process_of(read[3])
    assert not is_alive(process_of(read[0]))


@pytest.mark.parametrize("fault", ["crash", "killed", "out_of_memory", "babble"])
def test_a_page_on_which_a_worker_died_by_chance_is_read_in_the_next(
    open_worker: OpenReader, tmp_path: Path, fault: str
) -> None:
    reader = open_worker(fault, fault_page_number=2, fault_once_file=str(tmp_path / "once"), fault_memory_mib=64)
    read = [reader.read(IMAGE, request(number)) for number in (1, 2, 3)]
    assert failed_pages(read) == []
    assert process_of(read[0]) != process_of(read[1]) == process_of(read[2])
    assert (tmp_path / "once").exists()


@pytest.mark.parametrize("fault", ["hang", "freeze"])
def test_a_page_that_hangs_is_stopped_and_fails_alone(open_worker: OpenReader, fault: str) -> None:
    reader = open_worker(fault, fault_page_number=2)
    first = reader.read(IMAGE, request(1))
    hung = reader.read(IMAGE, request(2, SHORT_S))
    next_one = reader.read(IMAGE, request(3))
    assert (hung.reason, died_pages([first, hung, next_one])) == ("the engine hung on this page and was stopped", [2])
    assert hung.duration_s >= SHORT_S
    assert [first.status, next_one.status] == [PageStatus.DONE, PageStatus.DONE]
    assert not is_alive(process_of(first))


def test_an_image_larger_than_any_buffer_does_not_wait_for_a_frozen_process(open_worker: OpenReader) -> None:
    """Its bytes are never taken, so not even sending them would end by itself."""
    reader = open_worker("freeze", concurrency=2, fault_page_number=1)
    large = IMAGE + bytes(8 * 2**20)
    with ThreadPoolExecutor() as threads:
        frozen = threads.submit(reader.read, IMAGE, request(1, SHORT_S))
        others = [threads.submit(reader.read, large, request(number)) for number in (2, 3)]
        assert [future.result(LONG_S).status for future in (frozen, *others)] == ["failed", "done", "done"]


def test_an_image_that_cannot_be_read_costs_no_worker(open_worker: OpenReader) -> None:
    reader = open_worker()
    read = [reader.read(image, request(n)) for n, image in enumerate((IMAGE, b"", b"no image", IMAGE), start=1)]
    assert failed_pages(read) == [2, 3]
    assert died_pages(read) == []
    assert process_of(read[0]) == process_of(read[3])


def test_a_worker_is_replaced_after_its_pages(open_worker: OpenReader) -> None:
    reader = open_worker(worker_pages=2)
    processes = [process_of(reader.read(IMAGE, request(number))) for number in range(1, 7)]
    assert processes[0::2] == processes[1::2]
    assert len(set(processes)) == 3
    assert [is_alive(process) for process in processes[1::2]] == [False, False, True]


def test_a_worker_is_replaced_only_when_its_pages_in_flight_are_read(open_worker: OpenReader) -> None:
    reader = open_worker(worker_pages=5, concurrency=4, page_s=0.1)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda number: reader.read(IMAGE, request(number)), range(1, 21)))
    assert failed_pages(read) == []
    processes = [process_of(result) for result in read]
    assert sorted(processes.count(process) for process in set(processes)) == [5, 5, 5, 5]


def test_where_there_is_room_for_two_reading_goes_on_while_the_next_worker_loads(
    open_worker: OpenReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FaultyEngine, "fits_beside_itself", True)
    reader = open_worker(worker_pages=5, concurrency=4, page_s=0.1)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda number: reader.read(IMAGE, request(number)), range(1, 101)))
    assert failed_pages(read) == []
    counts = Counter(process_of(result) for result in read)
    assert len(counts) > 1
    assert counts[process_of(read[0])] > 5
    assert sum(is_alive(process) for process in counts) <= 1  # the next one may be loading, but has read nothing
    reader.close()
    assert not any(is_alive(process) for process in counts)


def test_where_there_is_no_room_for_two_after_all_workers_are_replaced_one_after_the_other(
    open_worker: OpenReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(FaultyEngine, "fits_beside_itself", True)
    reader = open_worker(killed_on_load=2, loads_file=str(tmp_path / "loads"), worker_pages=5)
    read: list[PageResult] = []

    def three_processes_have_read() -> bool:
        read.append(reader.read(IMAGE, request(len(read) + 1)))
        return len({process_of(result) for result in read}) == 3

    wait_until(three_processes_have_read, "the worker is not replaced")
    assert failed_pages(read) == []


def test_a_next_worker_that_cannot_be_loaded_ends_the_run(
    open_worker: OpenReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FaultyEngine, "fits_beside_itself", True)
    reader = open_worker(worker_pages=1)
    reader.read(IMAGE, request(1))
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(EngineUnavailableError):
        for number in range(2, 100):
            reader.read(IMAGE, request(number))
            time.sleep(0.02)


def test_memory_that_grows_with_every_page_is_given_back(open_worker: OpenReader) -> None:
    kept_mib = 64
    reader = open_worker("growth", worker_pages=3, fault_memory_mib=kept_mib)
    memory_mib = []
    for number in range(1, 13):
        process = process_of(reader.read(IMAGE, request(number)))
        resident = next(
            line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")
        )
        memory_mib.append(int(resident.split()[1]) / 1024)
    first, third, last = memory_mib[0], memory_mib[2], memory_mib[-1]
    assert third > first + 1.5 * kept_mib  # it does grow
    assert last < third + kept_mib / 2  # 12 pages take what 3 take
    assert memory_mib[3] < first + kept_mib / 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fault": "sulk"}, BadShardError, "wrong option for engine 'faulty': fault"),
        ({"fault": "none", "model_file": "/no/model"}, EngineUnavailableError, "the model /no/model is missing"),
        ({"fault": "unreachable"}, EngineUnreachableError, "the model server does not answer"),
        ({"fault": "exception"}, EngineUnavailableError, "cannot be loaded: RuntimeError: no kernel for nothing"),
        ({"fault": "crash"}, EngineUnavailableError, r"the engine crashed while it was loaded \(SIGSEGV\)"),
        ({"fault": "killed"}, MemoryError, "killed while it was loaded, most likely out of memory"),
        ({"fault": "out_of_memory", "fault_memory_mib": 64}, MemoryError, "64 MiB taken"),
        ({"fault": "hang"}, EngineStartTimeoutError, "not loaded within 5 s and was stopped: .* OCR_START_TIMEOUT_S"),
        ({"fault": "babble"}, EngineUnavailableError, "makes no sense while it was loaded"),
    ],
)
def test_an_engine_that_cannot_be_loaded_says_why(
    options: dict[str, Option], error: type[Exception], message: str
) -> None:
    spec = EngineSpec(name="faulty", options={"fault_page_number": 0, **options})
    limits = WorkerLimits(start_s=5.0 if options["fault"] == "hang" else LONG_S)
    with pytest.raises(error, match=message):
        WorkerReader(spec, RunSettings(), limits)


def test_an_unknown_engine_says_so_from_the_worker() -> None:
    with pytest.raises(EngineUnavailableError, match="unknown engine 'abbyy'"):
        WorkerReader(EngineSpec(name="abbyy"), RunSettings())


def test_an_engine_that_cannot_read_now_says_so_and_is_kept(open_worker: OpenReader) -> None:
    reader = open_worker("unreachable", fault_page_number=2)
    process = process_of(reader.read(IMAGE, request(1)))
    with pytest.raises(EngineUnreachableError, match="the model server does not answer"):
        reader.read(IMAGE, request(2))
    assert process_of(reader.read(IMAGE, request(3))) == process


def test_a_page_on_which_the_device_was_lost_is_read_in_a_fresh_process(
    open_worker: OpenReader, tmp_path: Path
) -> None:
    """What CUDA calls an illegal memory access spoils the process, and mostly nothing beyond it."""
    reader = open_worker("lost", fault_page_number=2, fault_once_file=str(tmp_path / "once"))
    read = [reader.read(IMAGE, request(number)) for number in (1, 2, 3)]
    assert failed_pages(read) == []
    assert process_of(read[0]) != process_of(read[1]) == process_of(read[2])


def test_a_page_on_which_the_device_is_always_lost_fails_alone(open_worker: OpenReader) -> None:
    reader = open_worker("lost", fault_page_number=2)
    read = [reader.read(IMAGE, request(number)) for number in (1, 2, 3)]
    assert failed_pages(read) == died_pages(read) == [2]
    assert "the engine broke on this page (the device is gone" in str(read[1].reason)


@pytest.mark.parametrize("fault", ["crash", "lost"])
def test_a_host_that_breaks_after_a_page_is_to_blame_itself(open_worker: OpenReader, fault: str) -> None:
    reader = open_worker(fault, fault_from_page_number=2)
    assert died_pages([reader.read(IMAGE, request(number)) for number in (1, 2, 3)]) == [2, 3]
    with pytest.raises(EngineUnavailableError, match=r"dies on every page, the last time: "):
        reader.read(IMAGE, request(4))


def test_several_pages_are_read_at_the_same_time(open_worker: OpenReader) -> None:
    """While one hangs others are read, and come first."""
    reader = open_worker("hang", fault_page_number=1, concurrency=2, grace_s=LONG_S)
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(reader.read, IMAGE, request(1))
        others = [threads.submit(reader.read, IMAGE, request(number)) for number in range(2, 8)]
        read = [future.result(LONG_S) for future in others]
        assert failed_pages(read) == []
        assert not hanging.done()
        reader.close()
        with pytest.raises(StoppedError):
            hanging.result(LONG_S)
    assert len({process_of(result) for result in read}) == 1


@pytest.mark.parametrize("fault", ["crash", "killed"])
def test_pages_beside_one_that_kills_the_worker_are_not_blamed(open_worker: OpenReader, fault: str) -> None:
    reader = open_worker(fault, fault_page_number=6, concurrency=4, page_s=0.2)
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda number: reader.read(IMAGE, request(number)), range(1, 13)))
    assert failed_pages(read) == died_pages(read) == [6]


def test_pages_beside_one_that_hangs_are_read_again(open_worker: OpenReader) -> None:
    """The hanging page is stopped while the others are being read one after the other, some of them at that moment."""
    reader = open_worker("hang", fault_page_number=1, concurrency=3, page_s=0.5)
    with ThreadPoolExecutor(3) as threads:
        hanging = threads.submit(reader.read, IMAGE, request(1, SHORT_S))
        others = list(threads.map(lambda number: reader.read(IMAGE, request(number)), range(2, 32)))
        assert died_pages([hanging.result(LONG_S)]) == [1]
    assert failed_pages(others) == []
    assert len({process_of(result) for result in others}) in (2, 3)  # where the hanging page came last of those alone


def test_a_page_that_only_waited_for_the_one_that_hangs_is_not_blamed(open_worker: OpenReader) -> None:
    """Its time is over first, yet it never had its turn."""
    reader = open_worker("hang", fault_page_number=1, concurrency=3, takes_turns=True)
    with ThreadPoolExecutor(3) as threads:
        hanging = threads.submit(reader.read, IMAGE, request(1, 2 * SHORT_S))
        time.sleep(0.5)  # it has its turn
        others = [threads.submit(reader.read, IMAGE, request(number, SHORT_S)) for number in (2, 3)]
        read = [future.result(LONG_S) for future in (hanging, *others)]
    assert died_pages(read) == failed_pages(read) == [1]


def test_an_engine_that_dies_on_every_page_is_to_blame_itself(open_worker: OpenReader) -> None:
    reader = open_worker("crash")
    assert died_pages([reader.read(IMAGE, request(number)) for number in (1, 2)]) == [1, 2]
    with pytest.raises(EngineUnavailableError, match=r"dies on every page, the last time: .* \(SIGSEGV\)"):
        reader.read(IMAGE, request(3))


def test_a_worker_that_cannot_be_replaced_blames_no_page(open_worker: OpenReader, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.touch()
    reader = open_worker("crash", fault_page_number=2, model_file=str(model))
    assert reader.read(IMAGE, request(1)).status is PageStatus.DONE
    model.unlink()
    with pytest.raises(EngineUnavailableError, match=f"the model {model} is missing"):
        reader.read(IMAGE, request(2))


def test_an_engine_that_cannot_be_loaded_again_is_loaded_once_for_all_pages_that_wait(
    open_worker: OpenReader, tmp_path: Path
) -> None:
    loads = tmp_path / "loads"
    reader = open_worker(
        "crash", concurrency=6, page_s=0.5, loads_file=str(loads), hangs_from_load=2, start_s=LOADING_S
    )
    with ThreadPoolExecutor(6) as threads:
        reading = [threads.submit(reader.read, IMAGE, request(number)) for number in range(1, 7)]
        errors = {type(future.exception(LONG_S)) for future in reading}
    assert errors == {EngineStartTimeoutError}
    assert loads.read_bytes() == b".."


def test_an_engine_that_was_not_loaded_again_is_loaded_for_the_next_page(
    open_worker: OpenReader, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.touch()
    reader = open_worker("crash", fault_page_number=2, model_file=str(model))
    model.unlink()
    with pytest.raises(EngineUnavailableError):
        reader.read(IMAGE, request(2))
    model.touch()
    assert reader.read(IMAGE, request(3)).status is PageStatus.DONE


def test_the_time_to_load_is_a_setting(tmp_path: Path) -> None:
    shard = write_shard(tmp_path, 1, "faulty", fault="hang", fault_page_number=0)
    ended = ocr_tasks("run", shard, OCR_WORKER="always", OCR_START_TIMEOUT_S="1.5")
    assert ended.code == ExitCode.TEMPORARY
    assert "not loaded within 1.5 s" in ended.last_error


def test_the_worker_gets_no_secrets_and_no_open_files(
    open_worker: OpenReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_SHARD", "http://s3/shard?X-Amz-Signature=5ecret")
    monkeypatch.setenv("CLOUDRU_S3_SECRET_KEY", "5ecret")
    monkeypatch.setenv("SOMETHING", "http://s3/page?X-Amz-Signature=5ecret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/cuda")
    monkeypatch.setenv("OCR_REMOTE_TOKEN", "5ecret of another engine")
    monkeypatch.setenv("OCR_SERVER_API_KEY", "5ecret of a third one")
    monkeypatch.setenv("ALL_PROXY", "http://me:5ecret@proxy.example:3128")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        process = process_of(open_worker().read(IMAGE, request(1)))
        variables = Path(f"/proc/{process}/environ").read_text()
        opened = [link.readlink() for link in Path(f"/proc/{process}/fd").iterdir()]
        arguments = Path(f"/proc/{process}/cmdline").read_text()
    assert "5ecret" not in variables + arguments
    assert "LD_LIBRARY_PATH=/usr/lib/cuda" in variables
    assert tmp_path / "open" not in opened
    assert Path(f"/proc/{process}/oom_score_adj").read_text().strip() == "1000"


def children(pid: int) -> list[int]:
    """The processes that a process has started, by whichever of its threads."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in thread.read_text().split()]
    return found


def started(shard: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("run", shard),
        env=environment(OCR_WORKER="always", **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, ExitCode.TEMPORARY), (signal.SIGKILL, -signal.SIGKILL)])
@pytest.mark.parametrize("fault", ["hang", "freeze"])
def test_a_worker_never_outlives_its_parent(tmp_path: Path, told: signal.Signals, code: int, fault: str) -> None:
    """Told to stop in the middle of a page: what was read is delivered, the rest is left, nobody is left behind."""
    parent = started(write_shard(tmp_path, engine="faulty", fault=fault, fault_page_number=2))
    try:
        assert parent.stdout is not None
        assert [line.split('"')[3] for line in (parent.stdout.readline(), parent.stdout.readline())] == [
            ProgressEvent.READY,
            ProgressEvent.PAGE,
        ]
        [worker] = children(parent.pid)
        parent.send_signal(told)
        output, errors = parent.communicate(timeout=60)
    finally:
        parent.kill()
    assert (parent.returncode, output) == (code, "")
    assert "Traceback" not in errors
    assert list(results(tmp_path)) == [1]
    wait_until(lambda: not is_alive(worker), "the worker lives on")


def run(folder: Path, pages: int = 4, engine: str = "faulty", **options: Option) -> Ended:
    shard = write_shard(folder, pages, engine, **options)
    return ocr_tasks("run", shard, OCR_WORKER="always", OCR_WORKER_PAGES="3")


def test_what_a_library_prints_is_no_progress(tmp_path: Path) -> None:
    ended = run(tmp_path, 5, fault="none", prints="{} I0714 paddle says hello")
    assert ended.code == ExitCode.ALL_DONE
    assert [event.event for event in ended.progress] == ["ready", *["page"] * 5, "finished"]
    assert "I0714 paddle says hello" in ended.errors


@pytest.mark.parametrize("fault", ["crash", "killed", "out_of_memory", "babble"])
def test_a_shard_is_read_to_its_end_whatever_kills_the_engine(tmp_path: Path, fault: str) -> None:
    ended = run(tmp_path, 6, fault=fault, fault_page_number=2, fault_memory_mib=64)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    read = list(results(tmp_path).values())
    assert [result.page_number for result in read] == [1, 2, 3, 4, 5, 6]
    assert failed_pages(read) == died_pages(read) == [2]
    told = [(event.event, event.reason) for event in ended.progress if event.page_number == 2]
    assert told == [(ProgressEvent.WAITING, read[1].reason), (ProgressEvent.PAGE, read[1].reason)]


def test_a_shard_with_a_page_that_hangs_is_read_to_its_end(open_worker: OpenReader, tmp_path: Path) -> None:
    path = write_shard(tmp_path, 4, "faulty", fault="hang", fault_page_number=2)
    transfer = Transfer(base_folder=tmp_path)
    shard = load_shard(path, transfer).model_copy(update={"page_timeout_s": SHORT_S})
    run = ShardRun(shard, open_worker("hang", fault_page_number=2), transfer, RunSettings(), lambda progress: None)
    assert run.run() is ExitCode.SOME_PAGES_FAILED
    read = list(results(tmp_path).values())
    assert [result.page_number for result in read] == [1, 2, 3, 4]
    assert failed_pages(read) == died_pages(read) == [2]


def test_the_first_page_waits_for_proof_that_the_engine_can_read(tmp_path: Path) -> None:
    ended = run(tmp_path, 3, fault="crash", fault_page_number=1)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    assert failed_pages(list(results(tmp_path).values())) == [1]
    assert len(results(tmp_path)) == 3


def test_a_broken_host_is_69_and_no_page_gets_a_result(tmp_path: Path) -> None:
    ended = run(tmp_path, 5, fault="crash")
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "the engine dies on every page" in ended.last_error
    assert results(tmp_path) == {}
    assert [event.event for event in ended.progress] == ["ready", "waiting", "waiting"]


def test_a_host_that_breaks_in_the_middle_is_69_and_what_it_read_before_is_kept(tmp_path: Path) -> None:
    ended = run(tmp_path, 8, fault="crash", fault_from_page_number=2)
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert list(results(tmp_path)) == [1]


def test_the_last_page_may_kill_the_engine(tmp_path: Path) -> None:
    ended = run(tmp_path, 4, fault="crash", fault_page_number=4)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    assert died_pages(list(results(tmp_path).values())) == [4]


def test_pages_that_kill_the_engine_are_blamed_where_there_are_too_few_for_a_broken_host(tmp_path: Path) -> None:
    ended = run(tmp_path, 2, fault="crash")
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    assert died_pages(list(results(tmp_path).values())) == [1, 2]


def test_an_engine_that_needs_too_much_memory_to_load_is_137(tmp_path: Path) -> None:
    assert run(tmp_path, fault="killed", fault_page_number=0).code == ExitCode.OUT_OF_MEMORY
