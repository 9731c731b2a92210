"""Given a shard, ``python -m ocr_tasks`` ends with the exit code of the contract. Real child processes."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ocr_tasks.contract import EngineSpec, ExitCode, PageResult, PageStatus, PageTask, ProgressEvent, Shard
from tenderlake.storage import Storage
from tests.obstacles import language_data_obstacle, missing
from tests.ocr_command import command, environment, ocr_tasks, results, write_shard
from tests.pages import encoded, printed_page
from tests.texts import said, squeezed

pytestmark = pytest.mark.integration

PRINTED = "Поставщик обязуется поставить товар, а Заказчик обязуется принять и оплатить его."


MakeShard = Callable[..., str]


@pytest.fixture
def make_shard(tmp_path: Path) -> MakeShard:
    """Makes a shard of white pages in a folder and returns its path."""
    return partial(write_shard, tmp_path)


def test_all_pages_done_is_0(make_shard: MakeShard, tmp_path: Path) -> None:
    ended = ocr_tasks("run", make_shard(2, text="Текст"))
    assert ended.code == ExitCode.ALL_DONE
    assert [event.event for event in ended.progress] == ["ready", "page", "page", "finished"]
    assert [said(result) for result in results(tmp_path).values()] == ["Текст", "Текст"]


def test_the_shard_may_come_from_the_environment(make_shard: MakeShard, tmp_path: Path) -> None:
    ended = ocr_tasks("run", OCR_SHARD=make_shard(1))
    assert ended.code == ExitCode.ALL_DONE
    assert list(results(tmp_path)) == [1]


def test_a_page_that_fails_for_good_is_10(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard()
    (tmp_path / "2.png").write_bytes(b"broken")
    ended = ocr_tasks("run", shard)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    # Results are stored side by side, and told when they are.
    told = {event.page_number: event.status for event in ended.progress if event.event is ProgressEvent.PAGE}
    assert told == {1: PageStatus.DONE, 2: PageStatus.FAILED, 3: PageStatus.DONE}
    assert results(tmp_path)[2].status is PageStatus.FAILED


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (("run",), {}, "no shard: give its URL or path, or set OCR_SHARD"),
        (
            ("run", "no/such/shard.json"),
            {},
            f"the shard is missing: no such file: {Path('no/such/shard.json').absolute()}",
        ),
        (("run", "s3://bucket/shard.json"), {}, "give http(s)://, file:// or a path"),
        (("run", __file__), {}, "is no shard of contract version 1: Invalid JSON"),
        (("run", "shard.json"), {"OCR_MAX_PIXELS": "lots"}, "OCR_MAX_PIXELS='lots' is no positive number"),
        (("walk",), {}, "invalid choice: 'walk'"),
        ((), {}, "required: run|serve|doctor"),
    ],
)
def test_a_wrong_shard_or_command_is_64_and_one_line(
    arguments: tuple[str, ...], variables: dict[str, str], message: str
) -> None:
    ended = ocr_tasks(*arguments, **variables)
    assert ended.code == ExitCode.BAD_SHARD
    assert message in ended.errors
    assert len(ended.errors.splitlines()) == 1
    assert ended.output == ""


def test_an_unknown_engine_is_69(make_shard: MakeShard) -> None:
    ended = ocr_tasks("run", make_shard(engine="paddleocr"))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "unknown engine 'paddleocr': this image knows" in ended.last_error


def test_missing_language_data_is_69_and_says_what_to_install(make_shard: MakeShard, tmp_path: Path) -> None:
    ended = ocr_tasks("run", make_shard(engine="tesseract"), TESSDATA_PREFIX=str(tmp_path))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert (
        f"Tesseract language data 'rus', 'eng' not found in {tmp_path}: "
        "install tesseract-ocr-rus tesseract-ocr-eng (Debian/Ubuntu) or set TESSDATA_PREFIX"
    ) in ended.last_error


def test_memory_that_runs_out_is_137_and_keeps_what_was_read(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard(engine="faulty", fault="out_of_memory", fault_page_number=2, fault_memory_mib=64)
    ended = ocr_tasks("run", shard)
    assert ended.code == ExitCode.OUT_OF_MEMORY
    assert "out of memory" in ended.last_error
    assert list(results(tmp_path)) == [1]


@pytest.mark.parametrize("limit_mib", [300, 320, 340, 360, 400, 1000])
def test_tesseract_with_too_little_memory_never_gives_an_empty_page(
    make_shard: MakeShard, tmp_path: Path, limit_mib: int
) -> None:
    """Its image library answers a failed allocation with nothing, and Tesseract then reads a page without text."""
    if obstacle := language_data_obstacle():
        missing(obstacle)
    shard = make_shard(1, engine="tesseract")
    (tmp_path / "1.png").write_bytes(encoded(printed_page(f"<p>{PRINTED}</p>", dpi=500)))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mib * 2**20, limit_mib * 2**20))

    ended = subprocess.run(
        command("run", shard), env=environment(), preexec_fn=limit, capture_output=True, timeout=120, check=False
    )
    read = [squeezed(said(result)) for result in results(tmp_path).values()]
    assert (ended.returncode, read) in ((ExitCode.OUT_OF_MEMORY, []), (ExitCode.ALL_DONE, [squeezed(PRINTED)]))
    if limit_mib == 300:
        assert ended.returncode == ExitCode.OUT_OF_MEMORY
    if limit_mib == 1000:
        assert ended.returncode == ExitCode.ALL_DONE


def test_a_crash_keeps_what_was_read(make_shard: MakeShard, tmp_path: Path) -> None:
    """A real engine takes longer for a page than storage for the result of the one before."""
    ended = ocr_tasks("run", make_shard(engine="faulty", fault="crash", fault_page_number=3, page_s=2))
    assert ended.code == -signal.SIGSEGV
    assert list(results(tmp_path)) == [1, 2]
    assert [event.done for event in ended.progress] == [0, 1, 2]


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_75_even_while_the_engine_hangs(make_shard: MakeShard, tmp_path: Path, told: signal.Signals) -> None:
    shard = make_shard(engine="faulty", fault="hang", fault_page_number=2)
    process = subprocess.Popen(
        command("run", shard), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        events = [json.loads(process.stdout.readline())["event"] for _ in range(2)]  # ready, page 1; page 2 hangs
        process.send_signal(told)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert events == ["ready", "page"]
    assert process.returncode == ExitCode.TEMPORARY
    assert output == ""
    assert f"told to stop ({told.name})" in errors
    assert list(results(tmp_path)) == [1]


def test_nobody_reading_the_progress_is_75(make_shard: MakeShard, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", make_shard()), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == ExitCode.TEMPORARY
    assert process.stderr is not None
    with process.stderr as errors:
        assert "nobody reads the progress" in errors.read()


def test_the_doctor_finds_a_complete_engine() -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)
    ended = ocr_tasks("doctor")
    assert ended.code == ExitCode.ALL_DONE
    lines = ended.output.splitlines()
    assert lines[0].startswith("ok       Tesseract 5.")
    assert [line.split()[:2] for line in lines[1:]] == [["ok", "rus"], ["ok", "eng"], ["ok", "rus+eng"]]


def test_the_doctor_says_what_is_missing(tmp_path: Path) -> None:
    ended = ocr_tasks("doctor", "--languages", "rus,kaz", TESSDATA_PREFIX=str(tmp_path))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert [line.split()[0] for line in ended.output.splitlines()] == ["ok", "missing", "missing"]
    assert "install tesseract-ocr-kaz" in ended.output


def test_the_doctor_does_not_know_every_engine() -> None:
    ended = ocr_tasks("doctor", "--engine", "abbyy")
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "missing  unknown engine 'abbyy'" in ended.output


class SignedShard:
    """A shard of two printed pages in a bucket, everything behind signed addresses."""

    def __init__(self, storage: Storage, expires_s: int = 600) -> None:
        self.storage = storage
        tasks = []
        for number in (1, 2):
            storage.put_bytes(f"images/{number}.png", encoded(printed_page(f"<p>{PRINTED}</p>")), "image/png")
            tasks.append(
                PageTask(
                    page_key=str(number),
                    document_id="d",
                    page_number=number,
                    dpi=200,
                    image_url=self._signed("get_object", f"images/{number}.png", expires_s),
                    result_url=self._signed("put_object", f"results/страница {number}.json", expires_s),
                )
            )
        shard = Shard(shard_id="s", engine=EngineSpec(name="tesseract"), pages=tuple(tasks))
        storage.put_bytes("shard.json", shard.model_dump_json().encode(), "application/json")
        self.url = self._signed("get_object", "shard.json", 600)

    def _signed(self, operation: str, key: str, expires_s: int) -> str:
        parameters = {"Bucket": self.storage.bucket, "Key": key}
        url: str = self.storage.client.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires_s)
        return url

    def result(self, number: int) -> PageResult:
        return self.storage.get_model(f"results/страница {number}.json", PageResult)


def test_a_shard_behind_signed_addresses_is_read_from_s3(storage: Storage) -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)
    shard = SignedShard(storage)
    ended = ocr_tasks("run", OCR_SHARD=shard.url)
    assert (ended.code, ended.errors) == (ExitCode.ALL_DONE, "")
    assert [squeezed(said(shard.result(number))) for number in (1, 2)] == [squeezed(PRINTED)] * 2


def test_an_image_that_is_gone_from_s3_fails_its_page_only(storage: Storage) -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)
    shard = SignedShard(storage)
    storage.client.delete_object(Bucket=storage.bucket, Key="images/1.png")
    ended = ocr_tasks("run", OCR_SHARD=shard.url)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    assert [shard.result(number).status for number in (1, 2)] == [PageStatus.FAILED, PageStatus.DONE]
    assert "no such object (404 NoSuchKey)" in str(shard.result(1).reason)
    assert "Signature" not in str(shard.result(1).reason)


def test_an_expired_signature_is_75_and_fails_no_page(storage: Storage) -> None:
    shard = SignedShard(storage, expires_s=1)
    time.sleep(2)
    ended = ocr_tasks("run", OCR_SHARD=shard.url)
    assert ended.code == ExitCode.TEMPORARY
    assert "signature has probably expired" in ended.errors
    assert "X-Amz-" not in ended.errors
    assert storage.client.list_objects_v2(Bucket=storage.bucket, Prefix="results/")["KeyCount"] == 0
