"""Given a service, the engine ``remote`` delivers what it read; given one that fails, a typed result or exit code."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ocr_tasks.contract import ExitCode, PageResult, PageStatus
from ocr_tasks.engines.remote import NoAnswerError, RemoteService
from tests.obstacles import language_data_obstacle, missing
from tests.ocr_command import Ended, ocr_tasks, results, write_shard
from tests.ocrservice import engine, serving
from tests.pages import encoded, printed_page
from tests.texts import said
from tests.webhosts import Behave, Host, gives

pytestmark = pytest.mark.integration

HERE = "127.0.0.1"
READY = {
    "status": "ok",
    "paddleocr": "ready",
    "s3_storage": "not_configured",
    "version": "1",
    "models": ["m"],
    "device": "gpu:0",
    "engine": {"name": "paddleocr-vl", "version": "3.6.0", "model": "m", "model_digest": "d"},
    "documents": 0,
    "queue": 8,
}
PAGE: dict[str, Any] = {
    "page_key": "k",
    "document_id": "d",
    "page_number": 1,
    "status": "done",
    "engine": "paddleocr-vl",
    "engine_version": "3.6.0",
    "model": "m",
    "model_digest": "d",
    "width_px": 40,
    "height_px": 30,
    "blocks": [{"label": "text", "bbox_px": [0, 0, 40, 30], "content": "Т"}],
    "a_field_of_a_newer_service": 1,
}
DOCUMENT: dict[str, Any] = {
    "request_id": "r",
    "status": "done",
    "document_id": "d",
    "media_type": "image/png",
    "size_bytes": 1,
    "page_count": 1,
    "pages_read": 1,
    "duration_s": 1.0,
    "markdown": "Т",
    "pages": [PAGE],
    "saved": {"local": "/app/output/r", "s3": {"status": "not_configured"}},
}


def answer(value: object, status: int = 200, **headers: str) -> Behave:
    return gives(json.dumps(value).encode(), status, **headers)


def error(status: int, message: str, **headers: str) -> Behave:
    body = {"error": {"code": "internal", "message": message}, "request_id": "r"}
    return answer(body, status, **headers)


def given_up(message: str) -> Behave:
    """The answer of a service that began with the page, and did not come to its end."""
    page = {**PAGE, "status": "failed", "reason": message, "blocks": []}
    result = {**DOCUMENT, "status": "failed", "pages_read": 0, "pages": [page]}
    return answer({"error": {"code": "timeout", "message": message}, "request_id": "r", "result": result}, 504)


def document(**page: object) -> Behave:
    return answer({**DOCUMENT, "pages": [{**PAGE, **page}]})


def in_turn(*behaviours: Behave) -> Behave:
    """The first to the first request, and so on; the last to all others."""
    numbers = count()

    def behave(request: BaseHTTPRequestHandler) -> None:
        behaviours[min(next(numbers), len(behaviours) - 1)](request)

    return behave


StartService = Callable[..., Host]


@pytest.fixture
def stand_in() -> Iterator[StartService]:
    """Starts services that answer ``POST /ocr`` as told."""
    hosts: list[Host] = []

    def start(ocr: Behave, health: Behave | None = None) -> Host:
        def behave(request: BaseHTTPRequestHandler) -> None:
            (ocr if request.path.startswith("/ocr") else health or answer(READY))(request)

        hosts.append(Host(HERE, behave))
        return hosts[-1]

    yield start
    for host in hosts:
        host.close()


def run(folder: Path, url: str, pages: int = 1, page_timeout_s: float = 20.0, **options: float) -> Ended:
    """Read a shard of pages with the service."""
    path = Path(write_shard(folder, pages, "remote", url=url, **options))
    shard = json.loads(path.read_text()) | {"page_timeout_s": page_timeout_s}
    path.write_text(json.dumps(shard))
    return ocr_tasks("run", str(path))


def only(folder: Path) -> PageResult:
    (result,) = results(folder).values()
    return result


def test_pages_come_back_exactly_as_the_service_read_them(tmp_path: Path) -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, name, options in ((here, "tesseract", {}), (there, "remote", {"url": "", "concurrency": 2})):
        folder.mkdir()
        with serving(tmp_path / f"service-{name}", OCR_ENGINE="tesseract") as service:
            shard = write_shard(folder, 2, name, **(options | {"url": service.url} if options else {}))
            (folder / "1.png").write_bytes(encoded(printed_page("<h1>Контракт № 1</h1><p>Поставщик обязуется.</p>")))
            (folder / "2.png").write_bytes(b"no image")
            assert ocr_tasks("run", shard).code == ExitCode.SOME_PAGES_FAILED
    local, remote = results(here), results(there)
    same = {"blocks", "width_px", "height_px", "rotation_deg", "confidence", "quality_flags", "status", "model"}
    assert remote[1].model_dump(include=same) == local[1].model_dump(include=same)
    assert "обязуется" in said(remote[1])
    assert (remote[1].engine, remote[1].engine_version) == ("remote", f"tesseract {local[1].engine_version}")
    assert remote[1].model_digest == local[1].model_digest
    assert (remote[2].status, remote[2].reason) == (PageStatus.FAILED, local[2].reason)


def test_the_token_is_sent_and_shown_nowhere(tmp_path: Path) -> None:
    with serving(tmp_path / "service", OCR_SERVICE_TOKEN="t0ken", **engine("null", text="Текст")) as service:
        shard = write_shard(tmp_path, 1, "remote", url=service.url)
        refused = ocr_tasks("run", shard)
        assert refused.code == ExitCode.ENGINE_UNAVAILABLE
        assert "refuses the token: set OCR_REMOTE_TOKEN" in refused.last_error
        read = ocr_tasks("run", shard, OCR_REMOTE_TOKEN="t0ken")
        assert read.code == ExitCode.ALL_DONE
        assert "t0ken" not in read.errors + only(tmp_path).model_dump_json()


def test_a_page_that_hangs_there_fails_and_the_others_are_read(tmp_path: Path) -> None:
    variables = engine("faulty", fault="hang", fault_once_file=str(tmp_path / "once"))
    with serving(tmp_path / "service", OCR_SERVICE_DOCUMENT_TIMEOUT_S="2", **variables) as service:
        ended = run(tmp_path, service.url, pages=2, page_timeout_s=120.0, concurrency=1)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    read = results(tmp_path)
    assert (read[1].status, read[2].status) == (PageStatus.FAILED, PageStatus.DONE)
    assert "the time is over: 0 of 1 pages were read" in (read[1].reason or "")


def test_a_service_that_still_loads_is_waited_for(tmp_path: Path, stand_in: StartService) -> None:
    loading = answer({**READY, "paddleocr": "initializing", "status": "starting"})
    service = stand_in(document(), health=in_turn(loading, error(503, "later"), answer(READY)))
    assert run(tmp_path, service.url).code == ExitCode.ALL_DONE
    assert said(only(tmp_path)) == "Т"
    assert only(tmp_path).engine_version == "paddleocr-vl 3.6.0"


@pytest.mark.parametrize(
    ("health", "code", "message"),
    [
        (
            answer({**READY, "paddleocr": "failed", "reason": "the model is missing"}),
            ExitCode.ENGINE_UNAVAILABLE,
            "failed: the model is missing",
        ),
        (answer({**READY, "paddleocr": "initializing"}), ExitCode.TEMPORARY, "was not ready in 3 s"),
        (error(503, "no place"), ExitCode.TEMPORARY, "no place"),
        (answer({"status": "ok"}), ExitCode.ENGINE_UNAVAILABLE, "is no OCR service: correct the option url"),
        (gives(b"<html>"), ExitCode.ENGINE_UNAVAILABLE, "is no OCR service"),
        (gives(b"", 404), ExitCode.ENGINE_UNAVAILABLE, "answered 404: correct the option url"),
        (gives(b"", 302, Location="http://127.0.0.1/"), ExitCode.ENGINE_UNAVAILABLE, "answered 302"),
        (gives(b"", 403), ExitCode.ENGINE_UNAVAILABLE, "refuses the token"),
        (gives(b" " * 2**26), ExitCode.ENGINE_UNAVAILABLE, "more than 32 MiB"),
        (lambda request: None, ExitCode.TEMPORARY, "was not ready in 3 s"),
    ],
    ids=["failed", "initializing", "503", "other json", "html", "404", "redirect", "403", "endless", "hangs up"],
)
def test_without_a_ready_service_nothing_is_read(
    tmp_path: Path, stand_in: StartService, health: Behave, code: ExitCode, message: str
) -> None:
    service = stand_in(document(), health=health)
    ended = run(tmp_path, service.url, start_timeout_s=3.0)
    assert (ended.code, results(tmp_path)) == (code, {})
    assert message in ended.last_error


def test_no_service_at_all_is_75(tmp_path: Path) -> None:
    ended = run(tmp_path, "http://127.0.0.1:1", start_timeout_s=1.0)
    assert ended.code == ExitCode.TEMPORARY
    assert "was not ready in 1 s: Connection refused" in ended.last_error


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8081", "ftp://a.example", "http://user:pa55word@a.example", "http://a.example/?token=pa55word"]
)
def test_a_wrong_address_is_64(tmp_path: Path, url: str) -> None:
    ended = run(tmp_path, url)
    assert ended.code == ExitCode.BAD_SHARD
    assert "wrong option for engine 'remote': url" in ended.last_error
    assert "pa55word" not in ended.errors


@pytest.mark.parametrize(
    "busy",
    [
        error(503, "the queue is full", Retry_After="1"),
        gives(b"Bad Gateway", 502),
        gives(b"", 429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"),
        gives(b"<html>Gateway Time-out", 504),
        error(504, "the time was over before its turn came"),
        lambda request: None,
    ],
    ids=["503", "502", "429", "504 of a gateway", "504 of no page", "hangs up"],
)
def test_a_busy_service_is_asked_again(tmp_path: Path, stand_in: StartService, busy: Behave) -> None:
    service = stand_in(in_turn(busy, busy, document()))
    assert run(tmp_path, service.url).code == ExitCode.ALL_DONE
    assert sum(asked.method == "POST" for asked in service.asked) == 3


def test_a_service_that_stays_busy_leaves_the_page_for_a_retry(tmp_path: Path, stand_in: StartService) -> None:
    service = stand_in(error(503, "the queue is full", Retry_After="1"))
    ended = run(tmp_path, service.url, page_timeout_s=1.0, queue_timeout_s=2.0)
    assert (ended.code, results(tmp_path)) == (ExitCode.TEMPORARY, {})
    assert "does not read now: the queue is full" in ended.last_error
    assert 2 <= sum(asked.method == "POST" for asked in service.asked) <= 4


def test_pages_that_wait_for_their_turn_have_their_time_nevertheless(tmp_path: Path, stand_in: StartService) -> None:
    """A service that reads one page at a time, each in less than its time, all of them together in more."""
    turn = threading.Lock()

    def in_line(request: BaseHTTPRequestHandler) -> None:
        with turn:
            time.sleep(0.6)
        document()(request)

    service = stand_in(in_line)
    ended = run(tmp_path, service.url, pages=4, page_timeout_s=1.0, concurrency=4)
    assert ended.code == ExitCode.ALL_DONE
    limits = {asked.path for asked in service.asked if asked.method == "POST"}
    assert limits == {"/ocr?page_timeout_s=1.0"}


def test_a_service_that_never_answers_leaves_all_pages_for_a_retry(tmp_path: Path, stand_in: StartService) -> None:
    end_of_test = threading.Event()
    service = stand_in(lambda request: end_of_test.wait(60) and None)
    ended = run(tmp_path, service.url, pages=4, page_timeout_s=0.5, concurrency=2, queue_timeout_s=0.5)
    end_of_test.set()
    assert (ended.code, results(tmp_path)) == (ExitCode.TEMPORARY, {})
    assert "does not read now: it did not answer within 1 s" in ended.errors


@pytest.mark.parametrize("pages", [2, 4])
@pytest.mark.parametrize("ocr", [error(500, "no space left"), gives(b"<html>log in")], ids=["500", "html"])
def test_a_service_that_fails_on_every_page_leaves_all_for_a_retry(
    tmp_path: Path, stand_in: StartService, ocr: Behave, pages: int
) -> None:
    ended = run(tmp_path, stand_in(ocr).url, pages=pages, concurrency=1)
    assert (ended.code, results(tmp_path)) == (ExitCode.TEMPORARY, {})
    assert "fails on every page" in ended.errors


def test_a_machine_that_is_off_is_not_the_fault_of_a_page() -> None:
    """Its address answers nothing: here because nobody takes the connections that wait already."""
    with socket.create_server((HERE, 0), backlog=0) as silent, ExitStack() as waiting:
        for _ in range(3):
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(silent.getsockname())
        service = RemoteService(f"http://{HERE}:{silent.getsockname()[1]}", None, 1)
        with pytest.raises(NoAnswerError, match="no connection in time"):
            service.read(b"png", 1.0, 1.0)


@pytest.mark.parametrize(
    ("ocr", "reason"),
    [
        (error(413, "the document is larger than 5 bytes"), "the OCR service: the document is larger than 5 bytes"),
        (error(415, "this is no image"), "the OCR service: this is no image"),
        (error(422, "no"), "the OCR service: no"),
        (error(500, "a defect"), "the OCR service: a defect"),
        (given_up("the time is over"), "the OCR service: the time is over"),
        (gives(b"<html>", 500), "the OCR service: it answered 500"),
        (gives(b"<html>"), "the OCR service gave no valid answer: Invalid JSON"),
        (gives(b""), "the OCR service gave no valid answer"),
        (answer({}), "the OCR service gave no valid answer: request_id: is missing"),
        (answer({**DOCUMENT, "pages": []}), "the OCR service answered 0 pages for one"),
        (answer({**DOCUMENT, "pages": [PAGE, PAGE]}), "the OCR service answered 2 pages for one"),
        (document(width_px=41), "the OCR service answered for another page: 41 × 30 pixels"),
        (document(confidence=7), "the OCR service gave no valid answer: pages.0.confidence"),
        (document(blocks=[{"label": "poem"}]), "the OCR service gave no valid answer: pages.0.blocks.0"),
        (gives(b"[" * 100_000), "the OCR service gave no valid answer"),
        (gives(b" " * 2**26), "the OCR service answered more than 32 MiB"),
        (document(status="failed", reason="it is torn"), "it is torn"),
    ],
)
def test_what_is_no_reading_is_a_failed_page(tmp_path: Path, stand_in: StartService, ocr: Behave, reason: str) -> None:
    service = stand_in(in_turn(ocr, document()))
    ended = run(tmp_path, service.url, pages=2, concurrency=1)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    failed, good = results(tmp_path).values()
    assert (failed.status, good.status) == (PageStatus.FAILED, PageStatus.DONE)
    assert reason in (failed.reason or "")


def test_flags_confidence_and_rotation_are_handed_on(tmp_path: Path, stand_in: StartService) -> None:
    facts: dict[str, Any] = {
        "width_px": 30,
        "height_px": 40,
        "rotation_deg": 90,
        "confidence": 0.5,
        "quality_flags": ["repetition"],
    }
    service = stand_in(document(**facts, status="failed", reason="one block was not read"))
    assert run(tmp_path, service.url).code == ExitCode.SOME_PAGES_FAILED
    result = only(tmp_path)
    assert {name: getattr(result, name) for name in ("width_px", "height_px", "rotation_deg", "confidence")} == {
        name: facts[name] for name in ("width_px", "height_px", "rotation_deg", "confidence")
    }
    assert "repetition" in result.quality_flags
    assert said(result) == "Т"


def test_another_engine_behind_the_same_address_ends_the_run(tmp_path: Path, stand_in: StartService) -> None:
    service = stand_in(in_turn(document(), document(engine_version="3.7.0")))
    ended = run(tmp_path, service.url, pages=3, concurrency=1)
    assert (ended.code, list(results(tmp_path))) == (ExitCode.TEMPORARY, [1])
    assert "now reads with paddleocr-vl 3.7.0, not with paddleocr-vl 3.6.0" in ended.last_error


def test_the_doctor_asks_the_service(tmp_path: Path, stand_in: StartService) -> None:
    service = stand_in(document())
    ended = ocr_tasks("doctor", "--engine", "remote", "--option", f"url={service.url}")
    assert ended.code == ExitCode.ALL_DONE
    assert f"the OCR service at {service.url} is ready: paddleocr-vl 3.6.0" in ended.output


def test_pixels_are_sent_without_loss(tmp_path: Path, stand_in: StartService) -> None:
    service = stand_in(document())
    write_shard(tmp_path, 1, "remote", url=service.url)
    noise = Image.effect_noise((40, 30), 60).convert("RGB")
    (tmp_path / "1.png").write_bytes(encoded(noise))
    assert ocr_tasks("run", str(tmp_path / "shard.json")).code == ExitCode.ALL_DONE
    sent = next(asked for asked in service.asked if asked.method == "POST").body
    (tmp_path / "sent.png").write_bytes(sent[sent.index(b"\x89PNG") :])
    with Image.open(tmp_path / "sent.png") as picture:
        assert picture.convert("RGB").tobytes() == noise.tobytes()
