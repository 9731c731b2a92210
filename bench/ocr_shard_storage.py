"""A shard read over slow storage, against the engine alone; and what a page costs beside the engine.

The storage is a real HTTP server in another process. Both engines answer without reading: the first after 100 ms, as a
fast GPU does, the second at once with a page of the size that an A4 page of a tender has.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from multiprocessing.connection import Connection

from PIL import Image, ImageDraw

from ocr_tasks.contract import Block, BlockLabel, EngineSpec, ExitCode, Line, PageResult, PageTask, Shard
from ocr_tasks.engines import Engine, EngineInfo, PageReading, create_engine
from ocr_tasks.images import PageImage, load_page_image
from ocr_tasks.pipeline import CONNECTIONS
from ocr_tasks.reading import EngineReader, PageReader, PageRequest
from ocr_tasks.run import ShardRun
from ocr_tasks.settings import RunSettings
from ocr_tasks.transfer import Transfer
from ocr_tasks.worker import WorkerReader

PAGES = 40
ROUNDS = 3
ENGINE_S = 0.1
REQUEST_S = 0.2
COST_PAGES = 100
BLOCKS, LINES = 60, 2
TEXT = "Поставщик обязуется поставить товар, а Заказчик обязуется принять и оплатить его в срок."
SLOW = EngineSpec(name="null", options={"text": TEXT, "page_s": ENGINE_S})


class TypicalPage(Engine):
    """Answers at once with 60 blocks of two lines each."""

    def __init__(self, spec: EngineSpec) -> None:
        pass

    @property
    def info(self) -> EngineInfo:
        """Which engine this is."""
        return EngineInfo(name="typical", version="1")

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Build the blocks, as an engine has to."""
        rows = [50.0 + page.height_px / 70 * row for row in range(BLOCKS)]
        blocks = tuple(
            Block(
                label=BlockLabel.TEXT,
                bbox_px=(100, y, page.width_px - 100, y + 24),
                content="\n".join([f"{number}. {TEXT}"] * LINES),
                confidence=0.93,
                lines=tuple(
                    Line(
                        text=f"{number}. {TEXT}", bbox_px=(100, y + 12 * line, 900, y + 12 * line + 12), confidence=0.93
                    )
                    for line in range(LINES)
                ),
            )
            for number, y in enumerate(rows, start=1)
        )
        return PageReading(blocks=blocks, width_px=page.width_px, height_px=page.height_px, confidence=0.93)


def page_image() -> bytes:
    """An A4 page at 200 dpi with print on it, as JPEG."""
    image = Image.new("L", (1654, 2339), 255)
    draw = ImageDraw.Draw(image)
    for row in range(60):
        draw.text((150, 120 + row * 35), "Lorem ipsum dolor sit amet, consectetur adipiscing elit " * 3, fill=20)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def serve(image: bytes, request_s: float, told: Connection) -> None:
    """Storage that takes so long for each request; says its port, and ends with its parent."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(request_s)
            self.answer(image)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(request_s)
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Answers)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def storage(request_s: float) -> Iterator[str]:
    """A storage server; its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(page_image(), request_s, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


class Timed(PageReader):
    """Another reader, and how long it was from its first page's beginning to its last page's end."""

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader
        self._began: float | None = None
        self.duration_s = 0.0

    @property
    def info(self) -> EngineInfo:
        """That of the other reader."""
        return self._reader.info

    @property
    def concurrency(self) -> int:
        """That of the other reader."""
        return self._reader.concurrency

    def read(self, image: bytes, request: PageRequest) -> PageResult:
        """Read with the other reader."""
        self._began = self._began or time.monotonic()
        result = self._reader.read(image, request)
        self.duration_s = time.monotonic() - self._began
        return result

    def close(self) -> None:
        """The other reader is closed by whoever opened it."""


def shard_s(reader: PageReader, address: str, pages: int) -> float:
    """Seconds between the first page's beginning and the last page's end, images and results in storage."""
    tasks = tuple(
        PageTask(
            page_key=f"{number}",
            document_id="bench",
            page_number=number,
            image_url=f"{address}/{number}.jpg",
            result_url=f"{address}/{number}.json",
        )
        for number in range(1, pages + 1)
    )
    shard = Shard(shard_id="bench", engine=EngineSpec(name="bench"), pages=tasks)
    timed = Timed(reader)
    run = ShardRun(shard, timed, Transfer(connections=CONNECTIONS), RunSettings(), lambda progress: None)
    assert run.run() is ExitCode.ALL_DONE
    return timed.duration_s


def alone_s(reader: PageReader, pages: int) -> float:
    """The same with images that are in memory, and results that nobody wants."""
    image = page_image()
    timed = Timed(reader)
    for number in range(1, pages + 1):
        timed.read(image, PageRequest(page_key=f"{number}", document_id="bench", page_number=number, timeout_s=60))
    return timed.duration_s


def engine_alone_s(engine: Engine, pages: int) -> float:
    """Seconds that an engine and the decoding of its images take, and nothing else."""
    image = page_image()
    started = time.monotonic()
    for number in range(1, pages + 1):
        engine.read(load_page_image(image, page_number=number, dpi=200, max_pixels=10**8), 60)
    return time.monotonic() - started


def main() -> None:
    """Print pages a second and ratios, and milliseconds a page."""
    settings = RunSettings(worker_pages=2 * ROUNDS * PAGES)  # what a new process costs is not the question here
    with storage(REQUEST_S) as address:
        for place, reader in (
            ("in this process", EngineReader(create_engine(SLOW), settings)),
            ("in a worker process", WorkerReader(SLOW, settings)),
        ):
            # The best of some rounds, by turns: other work on this machine makes some slower.
            rounds = [(alone_s(reader, PAGES), shard_s(reader, address, PAGES)) for _ in range(ROUNDS)]
            alone, duration_s = (min(times) for times in zip(*rounds, strict=True))
            reader.close()
            print(
                f"{ENGINE_S * 1000:.0f} ms a page {place:<20} alone {PAGES / alone:5.2f} pages/s, over storage of "
                f"{REQUEST_S * 1000:.0f} ms a request {PAGES / duration_s:5.2f}, "
                f"ratio {alone / duration_s:.3f} (wanted: 0.95)"
            )
    typical = TypicalPage(EngineSpec(name="typical"))
    with storage(0) as address:
        engine_s = min(engine_alone_s(typical, COST_PAGES) for _ in range(ROUNDS))
        duration_s = min(shard_s(EngineReader(typical, settings), address, COST_PAGES) for _ in range(ROUNDS))
    cost_ms = (duration_s - engine_s) / COST_PAGES * 1000
    print(f"around the engine, {BLOCKS} blocks a page: {cost_ms:.1f} ms a page (wanted: under 20)")


if __name__ == "__main__":
    main()
