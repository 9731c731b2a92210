"""The OCR service from the outside: a child process, real HTTP, every status it can answer."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from ocr_tasks.contract import ExitCode, PageStatus, ReadingFlag
from ocr_tasks.service.answers import DocumentAnswer, DocumentResult, DocumentStatus
from ocr_tasks.service.errors import ErrorCode
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.state import S3Connection, StateFolder
from tests.obstacles import language_data_obstacle, missing
from tests.ocrservice import OcrService, engine, read, refused, serving, starting, wait_for
from tests.pages import encoded
from tests.pdfs import RUSSIAN, digital_pdf, printed

pytestmark = pytest.mark.integration

PAGE = encoded(Image.linear_gradient("L").resize((60, 40)))
SAMPLES = Path(__file__).parents[2] / "include/samples/documents"


def pdf(pages: int, **options: object) -> bytes:
    """A PDF of so many pages, saved with PyMuPDF's options."""
    with digital_pdf([RUSSIAN] * pages) as document:
        data: bytes = document.tobytes(**options)
        return data


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OcrService]:
    """A service that reads the same on every page, takes small documents only, and wants no token."""
    limits = {"OCR_SERVICE_MAX_BYTES": "200000", "OCR_SERVICE_MAX_PAGES": "3", "OCR_SERVICE_UPLOAD_TIMEOUT_S": "2"}
    with serving(tmp_path_factory.mktemp("service"), **engine("null", text="Текст"), **limits) as running:
        yield running


def test_an_image_is_read_and_saved(service: OcrService) -> None:
    answer = read(service.ocr(PAGE))
    assert (answer.status, answer.page_count, answer.pages_read) == (DocumentStatus.DONE, 1, 1)
    assert answer.markdown == "<!-- page 1 -->\n\nТекст"
    (page,) = answer.pages
    assert (page.status, page.engine, page.width_px, page.height_px) == (PageStatus.DONE, "null", 60, 40)
    assert [block.content for block in page.blocks] == ["Текст"]
    folder = Path(answer.saved.local or "")
    assert folder == service.output / answer.request_id
    assert sorted(path.name for path in folder.iterdir()) == ["result.json", "result.md"]
    saved = DocumentResult.model_validate_json((folder / "result.json").read_bytes())
    assert saved == DocumentResult.model_validate(answer.model_dump(exclude={"saved"}))
    assert (folder / "result.md").read_text() == answer.markdown + "\n"


def test_a_pdf_is_read_page_by_page(service: OcrService) -> None:
    answer = read(service.ocr(pdf(3)))
    assert [page.page_number for page in answer.pages] == [1, 2, 3]
    assert {(page.width_px, page.height_px, page.dpi) for page in answer.pages} == {(1653, 2339, 200)}
    assert answer.markdown.count("Текст") == 3


def test_every_page_of_a_fax_is_read(service: OcrService) -> None:
    buffer = io.BytesIO()
    pages = [Image.new("1", (90, 50 + number), 1) for number in range(3)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(204, 196))
    answer = read(service.ocr(buffer.getvalue()))
    assert [(page.width_px, page.height_px) for page in answer.pages] == [(90, 50), (90, 51), (90, 52)]


def test_a_document_may_come_as_json(service: OcrService) -> None:
    by_file = read(service.ocr(PAGE))
    by_json = read(service.ocr_json(file=base64.b64encode(PAGE).decode()))
    assert by_json.document_id == by_file.document_id
    assert by_json.pages[0].blocks == by_file.pages[0].blocks


def test_names_of_uploads_go_nowhere(service: OcrService) -> None:
    answer = read(service.ocr(PAGE, name="../../../../tmp/Секрет.png"))
    assert Path(answer.saved.local or "").parent == service.output
    assert "Секрет" not in service.log


@pytest.mark.parametrize(
    ("document", "status", "code", "message"),
    [
        (b"", 422, ErrorCode.BAD_REQUEST, "the document is empty"),
        (b"just text", 415, ErrorCode.UNSUPPORTED_TYPE, "no PDF and no image of a known kind"),
        (b"PK\x03\x04 an archive", 415, ErrorCode.UNSUPPORTED_TYPE, "no PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, ErrorCode.UNSUPPORTED_TYPE, "no PDF"),
        (b"%PDF-1.7 and nothing more", 422, ErrorCode.UNREADABLE_DOCUMENT, "the PDF cannot be opened"),
        (b"II*\x00 and nothing more", 422, ErrorCode.UNREADABLE_DOCUMENT, "the TIFF cannot be opened"),
        (pdf(1, encryption=5, user_pw="secret"), 422, ErrorCode.UNREADABLE_DOCUMENT, "it is encrypted"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200_000), 413, ErrorCode.TOO_LARGE, "larger than 200000 bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), 413, ErrorCode.TOO_LARGE, "larger than 200000 bytes"),
        (pdf(4), 413, ErrorCode.TOO_LARGE, "the document has 4 pages, more than 3"),
    ],
    ids=["empty", "text", "zip", "svg", "broken pdf", "broken tiff", "encrypted", "large", "very large", "long"],
)
def test_what_is_no_readable_document_is_refused(
    service: OcrService, document: bytes, status: int, code: ErrorCode, message: str
) -> None:
    answer = service.ocr(document, name="page.png")
    assert (answer.status_code, refused(answer).code) == (status, code)
    assert message in refused(answer).message
    assert "/document" not in refused(answer).message


def test_a_broken_image_is_a_failed_page(service: OcrService) -> None:
    answer = read(service.ocr(PAGE[:60]))
    assert (answer.status, answer.pages[0].status) == (DocumentStatus.FAILED, PageStatus.FAILED)
    assert "the image cannot be decoded" in (answer.pages[0].reason or "")
    assert "**Page 1 could not be read:**" in answer.markdown


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        ("[]", "must be an object"),
        ("{}", 'give either "file" (base64) or "url"'),
        ('{"file": "AAAA", "url": "http://a.example/"}', 'give either "file" (base64) or "url"'),
        ('{"file": 1}', "file: must be a valid string"),
        ('{"file": "AAAA", "name": "x"}', "name: is unknown"),
        ('{"file": "no base64!"}', '"file" is no base64'),
        ('{"file": "QUJD\\nQUJD"}', "without line breaks"),
        ('{"file": "я"}', '"file" is no base64'),
        ('{"file": ""}', "the document is empty"),
        ("[" * 100_000, "Invalid JSON"),
    ],
)
def test_bad_json_is_422(service: OcrService, body: str, message: str) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = httpx.post(f"{service.url}/ocr", content=body.encode(), headers=headers)
    assert (answer.status_code, refused(answer).code) == (422, ErrorCode.BAD_REQUEST)
    assert message in refused(answer).message


@pytest.mark.parametrize(
    ("content_type", "body", "status", "message"),
    [
        ("text/plain", b"x", 415, "send multipart/form-data"),
        ("", b"", 415, "send multipart/form-data"),
        ("multipart/form-data", b"x", 422, "the form cannot be read: its header Content-Type names no boundary"),
        ("multipart/form-data; boundary=b", b"nonsense", 422, "the form"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--b--\r\n',
            422,
            "no file in the field 'file'",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1\r\n' * 2 + b"--b--\r\n",
            422,
            "several files",
        ),
    ],
)
def test_a_bad_form_is_told(service: OcrService, content_type: str, body: bytes, status: int, message: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = httpx.post(f"{service.url}/ocr", content=body, headers=headers)
    assert answer.status_code == status
    assert message in refused(answer).message


def test_a_body_without_a_length_is_limited_too(service: OcrService) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield bytes(10_000)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{service.url}/ocr", content=chunks(), headers=headers)
    assert (answer.status_code, refused(answer).code) == (413, ErrorCode.TOO_LARGE)


def test_a_body_that_does_not_come_is_408(service: OcrService) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = f"POST /ocr HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    wait_for(lambda: service.health()["documents"] == 0)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, ErrorCode.NOT_FOUND),
        ("GET", "/docs", 404, ErrorCode.NOT_FOUND),
        ("GET", "/ocr", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("POST", "/health", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("POST", "/ocr?page_timeout_s=0", 422, ErrorCode.BAD_REQUEST),
        ("POST", "/ocr?page_timeout_s=pa55word", 422, ErrorCode.BAD_REQUEST),
        ("GET", "/a%0Ab?token=pa55word", 404, ErrorCode.NOT_FOUND),
    ],
)
def test_errors_of_the_framework_have_the_same_form(
    service: OcrService, method: str, path: str, status: int, code: ErrorCode
) -> None:
    answer = httpx.request(method, service.url + path)
    assert (answer.status_code, refused(answer).code) == (status, code)
    assert "pa55word" not in answer.text + service.log


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:{port}/health", ErrorCode.REFUSED_URL),
        ("http://localhost:{port}/health", ErrorCode.REFUSED_URL),
        ("http://[::1]:{port}/health", ErrorCode.REFUSED_URL),
        ("http://[::ffff:127.0.0.1]:{port}/health", ErrorCode.REFUSED_URL),
        ("http://0x7f000001:{port}/health", ErrorCode.REFUSED_URL),
        ("http://2130706433:{port}/health", ErrorCode.REFUSED_URL),
        ("http://127.1:{port}/health", ErrorCode.REFUSED_URL),
        ("http://0:{port}/health", ErrorCode.REFUSED_URL),
        ("http://169.254.169.254/latest/meta-data/", ErrorCode.REFUSED_URL),
        ("http://10.0.0.1/", ErrorCode.REFUSED_URL),
        ("file:///etc/passwd", ErrorCode.REFUSED_URL),
        ("ftp://a.example/x", ErrorCode.REFUSED_URL),
        ("/etc/passwd", ErrorCode.REFUSED_URL),
        ("http://", ErrorCode.REFUSED_URL),
        ("http://user:pa55word@8.8.8.8/", ErrorCode.REFUSED_URL),
        ("http://a.example:99999/", ErrorCode.REFUSED_URL),
        ("http://8.8.8.8/\r\nHost: x", ErrorCode.REFUSED_URL),
        ("https://no-such-host.invalid/?X-Amz-Signature=pa55word", ErrorCode.URL_NOT_FETCHED),
    ],
)
def test_an_address_that_is_not_public_is_refused(service: OcrService, url: str, code: ErrorCode) -> None:
    answer = service.ocr_json(url=url.format(port=service.url.rpartition(":")[2]))
    assert (answer.status_code, refused(answer).code) == (422, code)
    assert "pa55word" not in answer.text + service.log


def test_health_says_what_there_is(service: OcrService) -> None:
    health = service.health()
    assert (health["status"], health["paddleocr"], health["s3_storage"]) == ("ok", "ready", "not_configured")
    assert health["engine"] == {
        "name": "null",
        "version": "1",
        "model": None,
        "model_digest": None,
        "concurrency": 1,
    }
    assert httpx.get(f"{service.url}/health/ready").status_code == 200
    assert httpx.get(f"{service.url}/health/vllm").json()["status"] == "not_configured"


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/vllm"])
def test_health_may_be_asked_for_without_its_body(service: OcrService, path: str) -> None:
    answer = httpx.head(service.url + path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_it_listens_at_every_address_of_both_kinds(tmp_path: Path) -> None:
    with starting(tmp_path, OCR_SERVICE_HOST="::") as service:
        port = service.url.rpartition(":")[2]
        for host in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{host}:{port}/health").status_code == 200


def test_a_service_that_asks_for_no_token_says_so(service: OcrService) -> None:
    assert "set OCR_SERVICE_TOKEN to change that" in service.log


def test_a_token_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    with serving(tmp_path, OCR_SERVICE_TOKEN="t0ken") as service:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic t0ken"}):
            answer = service.ocr(PAGE, **headers)
            assert (answer.status_code, refused(answer).code) == (401, ErrorCode.UNAUTHORIZED)
            assert answer.headers["www-authenticate"] == "Bearer"
        assert read(service.ocr(PAGE, Authorization="Bearer t0ken")).status is DocumentStatus.DONE
        assert service.health()["status"] == "ok"
        assert "t0ken" not in service.log
        assert "set OCR_SERVICE_TOKEN" not in service.log


def test_it_answers_while_the_engine_is_loaded(tmp_path: Path) -> None:
    with starting(tmp_path, **engine("faulty", fault="hang", fault_page_number=0)) as service:
        assert service.health()["paddleocr"] == "initializing"
        answer = service.ocr(PAGE)
        assert (answer.status_code, refused(answer).code) == (503, ErrorCode.ENGINE_INITIALIZING)
        assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{service.url}/health/ready").status_code == 503
        assert service.stop() == ExitCode.ALL_DONE


def test_an_engine_that_cannot_be_loaded_is_told_and_does_not_end_the_service(tmp_path: Path) -> None:
    with starting(tmp_path, **engine("faulty", fault="none", model_file=str(tmp_path / "model"))) as service:
        health = service.wait_until("failed")
        assert health["reason"] == f"the model {tmp_path / 'model'} is missing"
        answer = service.ocr(PAGE)
        assert (answer.status_code, refused(answer).code) == (503, ErrorCode.ENGINE_FAILED)
        assert "is missing" in refused(answer).message
        assert "retry-after" in answer.headers
        assert service.process.poll() is None


def test_the_model_server_is_asked_how_it_is(tmp_path: Path) -> None:
    with starting(tmp_path, **engine("paddleocr-vl-server", server_url="http://127.0.0.1:1/v1")) as service:
        health = httpx.get(f"{service.url}/health/vllm").json()
        assert health["status"] == "unreachable"
        assert health["reason"]


def test_a_page_that_fails_does_not_lose_the_others(tmp_path: Path) -> None:
    with serving(tmp_path, **engine("faulty", fault="crash", fault_page_number=2)) as service:
        answer = read(service.ocr(pdf(3)))
        assert answer.status is DocumentStatus.SOME_PAGES_FAILED
        assert [page.status.value for page in answer.pages] == ["done", "failed", "done"]
        assert answer.pages[1].quality_flags == (ReadingFlag.ENGINE_DIED,)
        assert "crashed" in (answer.pages[1].reason or "")
        assert service.health()["status"] == "ok"


def test_time_that_is_over_gives_up_the_page_and_keeps_those_read(tmp_path: Path) -> None:
    variables = engine("faulty", fault="hang", fault_page_number=2)
    with serving(tmp_path, OCR_SERVICE_DOCUMENT_TIMEOUT_S="3", **variables) as service:
        answer = service.ocr(pdf(3))
        assert (answer.status_code, refused(answer).code) == (504, ErrorCode.TIMEOUT)
        assert "1 of 3 pages were read, the rest given up" in refused(answer).message
        result = DocumentAnswer.model_validate(answer.json()["result"])
        assert [page.status.value for page in result.pages] == ["done", "failed"]
        assert result.status is DocumentStatus.SOME_PAGES_FAILED
        assert json.loads((Path(result.saved.local or "") / "result.json").read_text())["pages_read"] == 1


def test_a_hanging_engine_is_replaced_and_the_next_page_is_read(tmp_path: Path) -> None:
    once = str(tmp_path / "once")
    variables = engine("faulty", fault="hang", fault_once_file=once)
    with serving(tmp_path / "service", OCR_SERVICE_PAGE_TIMEOUT_S="1", **variables) as service:
        answer = service.ocr(PAGE)
        assert (answer.status_code, refused(answer).code) == (504, ErrorCode.TIMEOUT)
        assert "hung" in answer.json()["result"]["pages"][0]["reason"]
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE


def test_more_than_the_queue_takes_is_503_and_the_rest_is_read(tmp_path: Path) -> None:
    variables = engine("faulty", fault="none", page_s=1.5)
    with serving(tmp_path, OCR_SERVICE_QUEUE="2", **variables) as service, ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda _: service.ocr(PAGE), range(6)))
        full = [answer for answer in answers if answer.status_code == 503]
        assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 4
        assert {refused(answer).code for answer in full} == {ErrorCode.QUEUE_FULL}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in full)
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE


def test_a_short_document_does_not_wait_for_a_long_one(tmp_path: Path) -> None:
    with serving(tmp_path, **engine("faulty", fault="none", page_s=0.4)) as service, ThreadPoolExecutor(1) as client:
        long = client.submit(service.ocr, pdf(12))
        wait_for(lambda: service.health()["documents"] == 1)
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE
        assert not long.done()
        assert read(long.result()).pages_read == 12


def test_a_client_that_goes_away_frees_its_place(tmp_path: Path) -> None:
    with serving(tmp_path, OCR_SERVICE_QUEUE="1", **engine("faulty", fault="none", page_s=0.5)) as service:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{service.url}/ocr", files={"file": pdf(100)}, timeout=1.0)
        wait_for(lambda: service.health()["documents"] == 0)
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE
        assert "the client went away" in service.log


def test_an_engine_that_cannot_read_now_is_503(tmp_path: Path) -> None:
    with serving(tmp_path, **engine("faulty", fault="unreachable", fault_page_number=2)) as service:
        answer = service.ocr(pdf(3))
        assert (answer.status_code, refused(answer).code) == (503, ErrorCode.ENGINE_UNREACHABLE)
        assert "retry-after" in answer.headers
        assert answer.json()["result"]["pages_read"] == 1
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE


def test_a_page_on_which_the_engine_was_lost_is_read_by_a_fresh_one(tmp_path: Path) -> None:
    variables = engine("faulty", fault="lost", fault_once_file=str(tmp_path / "once"))
    with serving(tmp_path / "service", **variables) as service:
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE
        assert "the device is gone" in service.log


def test_an_engine_that_is_lost_on_every_page_is_loaded_again(tmp_path: Path) -> None:
    with serving(tmp_path / "service", **engine("faulty", fault="lost")) as service:
        answers = [service.ocr(PAGE) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 503]
        assert refused(answers[2]).code is ErrorCode.ENGINE_INITIALIZING
        assert "the engine dies on every page" in refused(answers[2]).message
        service.wait_until("ready")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_the_page_and_gives_up_the_rest(tmp_path: Path, told: signal.Signals) -> None:
    with serving(tmp_path, **engine("faulty", fault="none", page_s=0.7)) as service, ThreadPoolExecutor(1) as client:
        answering = client.submit(service.ocr, pdf(20))
        wait_for(lambda: service.health()["documents"] == 1)
        time.sleep(1.0)
        assert service.stop(told) == ExitCode.TEMPORARY
        answer = answering.result()
        assert (answer.status_code, refused(answer).code) == (503, ErrorCode.STOPPING)
        result = DocumentAnswer.model_validate(answer.json()["result"])
        assert 0 < result.pages_read < 20
        assert Path(result.saved.local or "", "result.json").is_file()


def test_a_stop_does_not_wait_for_an_engine_that_hangs(tmp_path: Path) -> None:
    variables = engine("faulty", fault="hang", fault_page_number=2)
    with serving(tmp_path, OCR_SERVICE_STOP_S="1", **variables) as service, ThreadPoolExecutor(1) as client:
        answering = client.submit(service.ocr, pdf(2))
        wait_for(lambda: service.health()["documents"] == 1)
        time.sleep(1.0)
        assert service.stop() == ExitCode.TEMPORARY
        assert answering.result().json()["result"]["pages_read"] == 1


def test_a_stop_without_work_is_0(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        assert service.stop() == ExitCode.ALL_DONE
        assert "Traceback" not in service.log


def test_a_restart_goes_on_where_a_kill_has_left(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        first = read(service.ocr(PAGE)).saved.local
        service.process.kill()
        service.process.wait()
    left = service.output / ".part-20260101T000000Z-0123456789abcdef"
    written_now = service.output / ".part-20260101T000000Z-aaaaaaaaaaaaaaaa"
    left.mkdir()
    os.utime(left, (0, 0))
    written_now.mkdir()  # by another service
    with serving(tmp_path) as service:
        second = read(service.ocr(PAGE)).saved.local
        assert sorted(map(str, service.output.iterdir())) == sorted([first, second, str(written_now)])


def test_old_results_make_room(tmp_path: Path) -> None:
    output = tmp_path / "output"
    for number in range(5):
        old = output / f"2020010{number + 1}T000000Z-0123456789abcdef"
        old.mkdir(parents=True)
        (old / "result.json").write_bytes(bytes(4000))
        if number < 2:
            os.utime(old, (0, 0))
    (output / "notes.txt").write_text("not ours")
    with serving(tmp_path, OCR_SERVICE_KEEP_BYTES="8000") as service:
        saved = read(service.ocr(PAGE)).saved.local
        kept = sorted(path.name for path in output.iterdir())
        assert kept == ["20200105T000000Z-0123456789abcdef", Path(saved or "").name, "notes.txt"]
        (output / "20200106T000000Z-0123456789abcdef").mkdir()
        os.utime(output / "20200106T000000Z-0123456789abcdef", (0, 0))
        read(service.ocr(PAGE))
        assert (output / "20200106T000000Z-0123456789abcdef").exists()  # nobody looks again so soon


def test_a_result_that_cannot_be_saved_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, **engine("null", text="Текст")) as service:
        service.output.rmdir()
        service.output.write_text("a file where the folder was")
        answer = read(service.ocr(PAGE))
        assert "Текст" in answer.markdown
        assert answer.saved.local is None
        assert "not saved locally" in (answer.saved.local_error or "")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OCR_SERVICE_PORT": "x"}, "wrong setting OCR_SERVICE_PORT"),
        ({"OCR_ENGINE_OPTIONS": "{"}, "wrong setting OCR_ENGINE_OPTIONS"),
        (engine("null", txt="x"), "wrong option for engine 'null': txt: is unknown"),
        ({"OCR_SERVICE_TOKEN": ""}, "OCR_SERVICE_TOKEN is set and empty"),
        ({"CLOUDRU_S3_ENDPOINT": "nonsense"}, "wrong setting CLOUDRU_S3_ENDPOINT"),
        ({"OCR_SERVICE_OUTPUT": "/proc/output"}, "OCR_SERVICE_OUTPUT=/proc/output cannot be written"),
        ({"OCR_SERVICE_HOST": "192.0.2.1"}, "cannot listen at 192.0.2.1:0"),
        (
            {
                "CLOUDRU_S3_ENDPOINT": "s3.cloud.ru",
                "CLOUDRU_S3_BUCKET": "b-b",
                "CLOUDRU_S3_ACCESS_KEY": "t:k",
                "CLOUDRU_S3_SECRET_KEY": "s",
            },
            "wrong setting CLOUDRU_S3_ENDPOINT",
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_with_64(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    service = OcrService(tmp_path, variables)
    assert service.process.wait(60) == ExitCode.BAD_SHARD
    assert message in service.log.rstrip().splitlines()[-1]


@pytest.fixture(scope="module")
def cloud_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Connection]:
    """An S3 server whose key has the form of Cloud.ru's."""
    folder = tmp_path_factory.mktemp("cloud")
    StateFolder(folder).create()
    StateFolder(folder).secret("s3_access_key_id", lambda: "tenant-1:key-1")
    with SeaweedFS.in_folder(folder, stop_patience_s=3.0) as connection:
        yield connection


def s3_variables(s3: S3Connection, **other: str) -> dict[str, str]:
    variables = {
        "CLOUDRU_S3_ENDPOINT": s3.endpoint_url,
        "CLOUDRU_S3_BUCKET": s3.bucket,
        "CLOUDRU_S3_ACCESS_KEY": s3.access_key_id,
        "CLOUDRU_S3_SECRET_KEY": s3.secret_access_key,
    }
    return variables | other


def test_results_are_saved_in_s3_too(tmp_path: Path, cloud_s3: S3Connection) -> None:
    with serving(tmp_path, **engine("null", text="Текст"), **s3_variables(cloud_s3)) as service:
        assert service.health()["s3_storage"] == "configured"
        answer = read(service.ocr(PAGE))
        assert answer.saved.s3.location == f"s3://{cloud_s3.bucket}/ocr/{answer.request_id}"
        storage = cloud_s3.storage()
        for name in ("result.json", "result.md"):
            stored = storage.client.get_object(Bucket=cloud_s3.bucket, Key=f"ocr/{answer.request_id}/{name}")
            assert stored["Body"].read() == (Path(answer.saved.local or "") / name).read_bytes()
        assert service.health()["s3_error"] is None
        assert cloud_s3.secret_access_key not in service.log


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:1"}, "S3 was not reached"),
        ({"CLOUDRU_S3_SECRET_KEY": "wr0ngsecret"}, "S3 refused (403"),
    ],
    ids=["down", "wrong key"],
)
def test_s3_that_fails_fails_no_request(
    tmp_path: Path, cloud_s3: S3Connection, wrong: dict[str, str], error: str
) -> None:
    with serving(tmp_path, **s3_variables(cloud_s3, **wrong)) as service:
        answer = read(service.ocr(PAGE))
        assert answer.saved.s3.location is None
        assert error in (answer.saved.s3.error or "")
        assert Path(answer.saved.local or "", "result.json").is_file()
        assert error in service.health()["s3_error"]
        assert "wr0ngsecret" not in service.log + str(answer)


def test_one_missing_variable_of_s3_saves_locally_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, CLOUDRU_S3_BUCKET="tenders", CLOUDRU_S3_ACCESS_KEY="t:k") as service:
        health = service.health()
        assert health["s3_storage"] == "not_configured"
        assert health["s3_missing"] == ["CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_SECRET_KEY"]
        assert "for S3 CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_SECRET_KEY must be set too" in service.log
        assert read(service.ocr(PAGE)).saved.s3.location is None


def test_the_samples_are_read_by_a_real_engine(tmp_path: Path) -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)
    with serving(tmp_path, OCR_ENGINE="tesseract") as service:
        notice = next(SAMPLES.rglob("Извещение.pdf"))
        answer = read(service.ocr(notice.read_bytes()))
        assert answer.status is DocumentStatus.DONE
        assert "0373200012326000457" in answer.markdown
        assert answer.pages[0].model == "rus+eng"
        broken = next(SAMPLES.rglob("*повреждено*.pdf"))
        assert service.ocr(broken.read_bytes()).status_code == 422
        assert "0373200012326000457" not in service.log
        scan = read(service.ocr(encoded(printed(("Tender of the town of Perm",)))))
        assert "Tender" in scan.markdown


def test_pages_are_read_side_by_side_where_the_engine_can(tmp_path: Path) -> None:
    once = tmp_path / "once"
    variables = engine("faulty", fault="hang", fault_once_file=str(once), concurrency=2)
    with ThreadPoolExecutor(1) as client, serving(tmp_path / "service", **variables) as service:
        assert service.health()["engine"]["concurrency"] == 2
        hanging = client.submit(service.ocr, PAGE)
        wait_for(once.exists)
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE
        assert not hanging.done()


def test_a_document_whose_turn_never_comes_is_asked_to_come_again(tmp_path: Path) -> None:
    variables = engine("faulty", fault="hang", fault_once_file=str(tmp_path / "once"))
    with serving(tmp_path / "service", OCR_SERVICE_DOCUMENT_TIMEOUT_S="1", **variables) as service:
        assert service.ocr(PAGE).status_code == 504
        answer = service.ocr(PAGE)
        assert (answer.status_code, refused(answer).code) == (503, ErrorCode.QUEUE_FULL)
        assert "retry-after" in answer.headers
        assert answer.json()["result"] is None


def test_a_page_may_be_given_up_earlier_than_the_settings_say(tmp_path: Path) -> None:
    with serving(tmp_path, OCR_ENGINE="faulty", OCR_ENGINE_OPTIONS='{"fault": "timeout"}') as service:
        answer = read(service.ocr(PAGE, query="?page_timeout_s=2.5"))
        assert answer.pages[0].reason == "not read within 2.5 s"
        answer = read(service.ocr(PAGE, query="?page_timeout_s=86400"))
        assert answer.pages[0].reason == "not read within 300 s"


def test_sheets_of_any_size_are_rendered(tmp_path: Path) -> None:
    with digital_pdf() as document:
        document.new_page(width=14_400, height=14_400)
        document.new_page(width=3, height=3)
        document.new_page(width=14_400, height=3)
        data = document.tobytes()
    with serving(tmp_path) as service:
        answer = read(service.ocr(data))
        assert answer.status is DocumentStatus.DONE
        assert [page.dpi for page in answer.pages] == [200, 38, 200, 200]
        assert max(page.width_px * page.height_px for page in answer.pages) <= 60_000_000


def test_a_picture_bomb_fails_its_page_alone(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    with serving(tmp_path) as service:
        answer = read(service.ocr(buffer.getvalue()))
        assert "more than 200" in (answer.pages[0].reason or "")
        assert read(service.ocr(PAGE)).status is DocumentStatus.DONE


def test_no_secret_reaches_the_children(tmp_path: Path) -> None:
    secrets = {"OCR_SERVICE_TOKEN": "t0ken", "CLOUDRU_S3_SECRET_KEY": "s3cret", "AWS_SECRET_ACCESS_KEY": "4ws"}
    variables = engine("faulty", fault="none", page_s=3.0)
    programs = ["ocr_tasks.service.splitter", "ocr_tasks.worker"]
    with serving(tmp_path, **secrets, **variables) as service, ThreadPoolExecutor(1) as client:
        answering = client.submit(service.ocr, pdf(2), Authorization="Bearer t0ken")
        wait_for(lambda: sorted(map(program, children(service.process.pid))) == programs)
        seen = [Path(f"/proc/{child}/environ").read_bytes() for child in children(service.process.pid)]
        answering.result()
    assert len(seen) == 2
    assert [word for word in (b"t0ken", b"s3cret", b"4ws") if any(word in text for text in seen)] == []


def program(pid: int) -> str:
    """The module that a process of Python runs; until it begins it is a copy of the one that started it."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return words[2] if len(words) > 2 else ""


def children(pid: int) -> list[int]:
    """The processes that a process has started, by any of its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
