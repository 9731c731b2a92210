"""Given storage that answers, fails, or lies over HTTP, objects come whole or with the right error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ocr_tasks.errors import BadShardError, ObjectMissingError, StorageError
from ocr_tasks.logs import WithoutSecrets
from ocr_tasks.transfer import Transfer, describe

pytestmark = pytest.mark.integration

SIGNATURE = "X-Amz-Signature=5ecret"


class Answers(BaseHTTPRequestHandler):
    """Gives each request the next prepared answer: status, body, and perhaps a length that the body falls short of."""

    server: Server

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self.server.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer()

    def _answer(self) -> None:
        self.server.requests.append((self.command, self.path.partition("?")[0]))
        status, body, announced = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(announced if announced is not None else len(body)))
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = announced is not None

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Storage that does as it is told; the last answer is given for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answers: list[tuple[int, bytes, int | None]] = []
        self.requests: list[tuple[str, str]] = []
        self.received: list[bytes] = []
        self.retry_after = ""

    def will_answer(self, *answers: tuple[int, bytes] | tuple[int, bytes, int]) -> str:
        """Prepare the answers and return a signed address."""
        self.answers = [(*answer, None) if len(answer) == 2 else answer for answer in answers]
        return f"http://user:pa55word@127.0.0.1:{self.server_port}/bucket/key?{SIGNATURE}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transfer() -> Transfer:
    return Transfer(attempts=3, backoff_s=0, connect_timeout_s=5, read_timeout_s=5)


def s3_error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No</Message></Error>".encode()


def test_an_object_is_read_and_written(server: Server, transfer: Transfer) -> None:
    address = server.will_answer((200, "Текст".encode()))
    assert transfer.read(address).decode() == "Текст"
    transfer.write(address, b"result")
    assert server.requests == [("GET", "/bucket/key"), ("PUT", "/bucket/key")]
    assert server.received == [b"result"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_storage_that_stumbles_is_asked_again(server: Server, transfer: Transfer, status: int) -> None:
    address = server.will_answer((status, b""), (status, b""), (200, b"page"))
    assert transfer.read(address) == b"page"
    assert len(server.requests) == 3


def test_storage_that_asks_for_a_long_pause_is_not_waited_for_so_long(server: Server) -> None:
    """It may ask for hours, in which pages would expire; the test itself would not end."""
    transfer = Transfer(attempts=2, longest_pause_s=1)
    address = server.will_answer((503, b""), (200, b"page"))
    server.retry_after = "86400"
    assert transfer.read(address) == b"page"


def test_a_write_is_tried_again_with_its_whole_body(server: Server, transfer: Transfer) -> None:
    transfer.write(server.will_answer((503, b""), (200, b"")), b"result")
    assert server.received == [b"result", b"result"]


def test_a_body_that_is_cut_off_is_fetched_again(server: Server, transfer: Transfer) -> None:
    address = server.will_answer((200, b"half", 8), (200, b"complete"))
    assert transfer.read(address) == b"complete"


def test_a_body_that_is_always_cut_off_is_a_storage_error(server: Server, transfer: Transfer) -> None:
    with pytest.raises(StorageError, match="IncompleteRead"):
        transfer.read(server.will_answer((200, b"half", 8)))
    assert len(server.requests) == 3


def test_storage_that_stays_down_is_given_up(server: Server, transfer: Transfer) -> None:
    with pytest.raises(StorageError, match="storage answered 500 InternalError to GET"):
        transfer.read(server.will_answer((500, s3_error("InternalError"))))
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_object_is_told_apart_and_not_asked_for_again(
    server: Server, transfer: Transfer, status: int
) -> None:
    with pytest.raises(ObjectMissingError, match=f"no such object \\({status} NoSuchKey\\)"):
        transfer.read(server.will_answer((status, s3_error("NoSuchKey"))))
    assert len(server.requests) == 1


def test_an_expired_signature_is_temporary_and_not_asked_for_again(server: Server, transfer: Transfer) -> None:
    with pytest.raises(StorageError, match=r"answered 403 AccessDenied to GET .*signature has probably expired"):
        transfer.read(server.will_answer((403, s3_error("AccessDenied"))))
    assert len(server.requests) == 1


def test_a_missing_bucket_at_writing_is_temporary(server: Server, transfer: Transfer) -> None:
    with pytest.raises(StorageError, match="404 NoSuchBucket"):
        transfer.write(server.will_answer((404, s3_error("NoSuchBucket"))), b"result")


def test_nobody_listening_is_a_storage_error(server: Server, transfer: Transfer) -> None:
    address = server.will_answer((200, b""))
    server.shutdown()
    server.server_close()
    with pytest.raises(StorageError, match="storage not reached"):
        transfer.read(address)


@pytest.mark.parametrize("answer", [(403, b""), (404, b""), (500, b""), (200, b"half", 8)])
def test_neither_errors_nor_logs_show_what_is_secret(
    server: Server,
    transfer: Transfer,
    answer: tuple[int, bytes] | tuple[int, bytes, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.setFormatter(WithoutSecrets())
    address = server.will_answer(answer)
    with caplog.at_level(logging.DEBUG), pytest.raises((StorageError, ObjectMissingError)) as raised:
        transfer.read(address)
    logging.getLogger(__name__).error("with its traceback", exc_info=raised.value)
    shown = str(raised.value) + caplog.text
    assert "/bucket/key" in shown
    assert "5ecret" not in shown
    assert "pa55word" not in shown
    assert describe(address) == f"http://127.0.0.1:{server.server_port}/bucket/key"


def test_paths_and_file_addresses_are_read_and_written(tmp_path: Path) -> None:
    transfer = Transfer(base_folder=tmp_path)
    transfer.write("results/страница 1.json", b"{}")
    assert (tmp_path / "results/страница 1.json").read_bytes() == b"{}"
    assert transfer.read((tmp_path / "results/страница 1.json").as_uri()) == b"{}"
    assert transfer.read(str(tmp_path / "results/страница 1.json")) == b"{}"
    with pytest.raises(ObjectMissingError, match="no such file"):
        transfer.read("results/2.json")


@pytest.mark.parametrize("address", ["s3://bucket/key", "ftp://host/file", ""])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(BadShardError, match="give http"):
        Transfer().read(address)
