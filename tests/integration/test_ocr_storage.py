"""Given storage that refuses, fails or is slow, and images that are none, all other pages are delivered. Real HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

import pytest
from PIL import Image

from ocr_tasks.contract import EngineSpec, ExitCode, PageResult, PageStatus, PageTask, Shard
from tests.obstacles import language_data_obstacle, missing
from tests.ocr_command import command, environment, ocr_tasks
from tests.pages import encoded

pytestmark = pytest.mark.integration

IMAGE = encoded(Image.new("L", (40, 30), 255))
SIGNATURE = "X-Amz-Signature=5ecret"


class Answers(BaseHTTPRequestHandler):
    """Gives and takes objects, unless the server was told to answer a request in another way."""

    server: Server

    def do_GET(self) -> None:
        body = self.server.objects.get(self._name)
        if self._refused():
            return
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changed:
            self.server.put_begun.append(self._name)
            self.server.changed.notify_all()
            self.server.changed.wait_for(lambda: self._name not in self.server.held, 60)
        if self._refused():
            return
        self.server.objects[self._name] = body
        self._answer(200, b"")

    @property
    def _name(self) -> str:
        return self.path.partition("?")[0].removeprefix("/")

    def _refused(self) -> bool:
        statuses = self.server.refusals.get((self.command, self._name), [])
        if not statuses:
            return False
        self._answer(statuses.pop(0), b"<Error><Code>Refused</Code></Error>")
        return True

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Storage with a shard of pages in it; ``refusals`` are the next answers to a request for an object."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.objects: dict[str, bytes] = {}
        self.refusals: dict[tuple[str, str], list[int]] = {}
        self.changed = Condition()
        self.put_begun: list[str] = []
        self.held: set[str] = set()

    def signed(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}?{SIGNATURE}"

    def hold_shard(self, *images: bytes, engine: str = "null", **options: str | int | float) -> str:
        """Take in a shard with these images; returns its address."""
        tasks = []
        for number, image in enumerate(images, start=1):
            self.objects[f"{number}.png"] = image
            tasks.append(
                PageTask(
                    page_key=str(number),
                    document_id="d",
                    page_number=number,
                    image_url=self.signed(f"{number}.png"),
                    result_url=self.signed(f"{number}.json"),
                )
            )
        shard = Shard(shard_id="s", engine=EngineSpec(name=engine, options={**options}), pages=tuple(tasks))
        self.objects["shard.json"] = shard.model_dump_json().encode()
        return self.signed("shard.json")

    @property
    def results(self) -> dict[int, PageResult]:
        names = sorted(name for name in self.objects if name.endswith(".json") and name != "shard.json")
        return {int(name.removesuffix(".json")): PageResult.model_validate_json(self.objects[name]) for name in names}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("method", "name", "said"),
    [("GET", "2.png", "answered 403 Refused to GET"), ("PUT", "2.json", "answered 403 Refused to PUT")],
)
def test_a_page_that_storage_refuses_is_left_for_a_retry(server: Server, method: str, name: str, said: str) -> None:
    address = server.hold_shard(*[IMAGE] * 4)
    server.refusals[method, name] = [403]
    ended = ocr_tasks("run", OCR_SHARD=address)
    assert ended.code == ExitCode.TEMPORARY
    assert list(server.results) == [1, 3, 4]
    assert "page 2 of d is left for a retry" in ended.errors
    assert said in ended.errors
    assert "5ecret" not in ended.errors + ended.output


def test_the_retry_delivers_what_was_left(server: Server) -> None:
    address = server.hold_shard(*[IMAGE] * 2)
    server.refusals["PUT", "2.json"] = [403]
    assert ocr_tasks("run", OCR_SHARD=address).code == ExitCode.TEMPORARY
    assert ocr_tasks("run", OCR_SHARD=address).code == ExitCode.ALL_DONE
    assert list(server.results) == [1, 2]


def test_an_image_that_does_not_exist_fails_its_page_only(server: Server) -> None:
    address = server.hold_shard(*[IMAGE] * 3)
    del server.objects["2.png"]
    ended = ocr_tasks("run", OCR_SHARD=address)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    assert {number: result.status for number, result in server.results.items()} == {1: "done", 2: "failed", 3: "done"}
    assert "no such object (404 NoSuchKey)" in str(server.results[2].reason)


def test_storage_that_is_down_for_one_page_leaves_it_and_recovers_for_the_others(server: Server) -> None:
    address = server.hold_shard(*[IMAGE] * 5)
    server.refusals = {("GET", "1.png"): [503] * 99, ("GET", "3.png"): [503], ("PUT", "4.json"): [500, 503]}
    ended = ocr_tasks("run", OCR_SHARD=address)
    assert ended.code == ExitCode.TEMPORARY
    assert list(server.results) == [2, 3, 4, 5]
    assert "storage answered 503 Refused to GET" in ended.errors


def test_storage_that_refuses_everything_ends_the_run_early(server: Server) -> None:
    address = server.hold_shard(*[IMAGE] * 50)
    server.refusals = {("GET", f"{number}.png"): [403] for number in range(1, 51)}
    ended = ocr_tasks("run", OCR_SHARD=address)
    assert ended.code == ExitCode.TEMPORARY
    assert "stopped: 3 pages in a row had to be left for a retry" in ended.last_error
    assert server.results == {}
    assert len([name for name, left in server.refusals.items() if not left]) < 20


WIDE = (30_000, 40)
BAD_IMAGES = {
    2: b"",
    3: encoded(Image.effect_noise((300, 300), 50))[:5000],
    4: "Это текст, а не картинка\n".encode(),
    5: encoded(Image.new("L", WIDE, 255)),
    6: encoded(Image.new("L", (1, 1), 255)),
}


@pytest.mark.parametrize("worker", ["never", "always"])
@pytest.mark.parametrize("engine", ["null", "tesseract"])
def test_bad_images_end_in_typed_results_beside_good_ones(server: Server, engine: str, worker: str) -> None:
    if engine == "tesseract" and (obstacle := language_data_obstacle()):
        missing(obstacle)
    address = server.hold_shard(IMAGE, *BAD_IMAGES.values(), IMAGE, engine=engine)
    ended = ocr_tasks("run", OCR_SHARD=address, OCR_WORKER=worker)
    assert ended.code == ExitCode.SOME_PAGES_FAILED
    read = server.results
    assert {number: result.status for number, result in read.items()} == {
        **dict.fromkeys((1, 5, 6, 7), PageStatus.DONE),
        **dict.fromkeys((2, 3, 4), PageStatus.FAILED),
    }
    assert read[2].reason == "the image file is empty"
    assert str(read[3].reason).startswith("the image cannot be decoded")
    assert "no image of a known kind" in str(read[4].reason)
    assert [(read[number].width_px, read[number].height_px) for number in (5, 6)] == [WIDE, (1, 1)]


@pytest.mark.parametrize("worker", ["never", "always"])
def test_a_result_on_its_way_is_delivered_before_the_process_stops(server: Server, worker: str) -> None:
    """The engine is in the middle of page 2 and storage in the middle of taking page 1 when the signal comes."""
    address = server.hold_shard(*[IMAGE] * 3, engine="faulty", fault="hang", fault_page_number=2)
    server.held.add("1.json")
    process = subprocess.Popen(
        command("run"),
        env=environment(OCR_SHARD=address, OCR_WORKER=worker),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with server.changed:
            assert server.changed.wait_for(lambda: server.put_begun, 60)
            process.terminate()
            server.held.clear()
            server.changed.notify_all()
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == ExitCode.TEMPORARY
    assert list(server.results) == [1]
    assert '"page_number":1' in output.splitlines()[-1]
    assert "told to stop (SIGTERM)" in errors
