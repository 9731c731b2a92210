"""The server engine against the model server's own speed, and the memory of the process that reads.

The server is a stand-in that takes 2 s a request, 16 at once; more wait. Everything else is real: ``python -m
ocr_tasks run`` with the PaddleOCR-VL pipeline of ``make ocr-env``, whose layout model is a tiny one that finds one
block of text on every page. So the server could finish 8 pages a second, and what is missing is lost by the engine.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ocr_tasks.contract import EngineSpec, PageTask, Progress, ProgressEvent, Shard
from tests.obstacles import ocr_python, ocr_python_obstacle
from tests.tinymodels import MAKER, paddle_command, paddle_environment
from tests.vlmserver import StandIn

PAGES = 400
EARLY_PAGES, LATE_PAGES = 100, 390
SERVER_SLOTS = 16
REQUEST_S = 2.0
IN_FLIGHT = 24
"""More pages than the server takes at once, because these have one block each: real ones have a dozen."""
DPI = 150

ONE_BLOCK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import tiny_models_maker as maker
maker.BLOCKS = (("text", 0.98, 0.05, 0.19, 0.95, 0.60),)
maker.make_layout_model(Path(sys.argv[2]) / "official_models" / maker.LAYOUT_MODEL)
"""


@dataclass(frozen=True)
class Measured:
    """What a run showed. ``peak_mib``: the most memory of the worker process until so many pages were done."""

    pages_per_s: float
    peak_mib: dict[int, int]


def make_home(folder: Path) -> None:
    """The folder of models."""
    making = [str(ocr_python()), "-c", ONE_BLOCK, str(MAKER.parent), str(folder)]
    subprocess.run(making, check=True, capture_output=True, env=paddle_environment(folder))


def write_shard(folder: Path, server: StandIn) -> Path:
    """A shard of A4 pages that are all the same image."""
    page = Image.new("L", (round(8.27 * DPI), round(11.69 * DPI)), 255)
    draw = ImageDraw.Draw(page)
    for y in range(0, page.height, 20):
        draw.text((100, y), "Lorem ipsum dolor sit amet, consectetur adipiscing elit " * 3, fill=20)
    page.save(folder / "page.png")
    tasks = tuple(
        PageTask(
            page_key=f"{number}",
            document_id="bench",
            page_number=number,
            image_url="page.png",
            result_url=f"results/{number}.json",
        )
        for number in range(1, PAGES + 1)
    )
    options = {"server_url": server.url, "device": "cpu", "concurrency": IN_FLIGHT}
    shard = Shard(shard_id="bench", engine=EngineSpec(name="paddleocr-vl-server", options=options), pages=tasks)
    (folder / "shard.json").write_text(shard.model_dump_json())
    return folder / "shard.json"


def worker_peak_mib(pid: int) -> int:
    """Peak memory of the largest child of a process."""
    children = {child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()}
    status = [Path(f"/proc/{child}/status").read_text() for child in children]
    return max(int(size_kib) for text in status for size_kib in re.findall(r"VmHWM:\s+(\d+) kB", text)) // 1024


def measure(shard: Path, home: Path, **variables: str) -> Measured:
    """Read the shard with other settings of the container."""
    process = subprocess.Popen(
        paddle_command("run", str(shard)),
        env=paddle_environment(home, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    started = ended = 0.0
    peak_mib = {}
    for line in process.stdout:
        progress = Progress.model_validate(json.loads(line))
        if progress.event is ProgressEvent.READY:
            started = time.monotonic()
        elif progress.event is ProgressEvent.PAGE:
            ended = time.monotonic()
            if progress.done in (EARLY_PAGES, LATE_PAGES):
                peak_mib[progress.done] = worker_peak_mib(process.pid)
    assert process.wait() == 0
    return Measured(pages_per_s=PAGES / (ended - started), peak_mib=peak_mib)


def main() -> None:
    """Print pages a second, their share of what the server could do, and the memory."""
    if obstacle := ocr_python_obstacle():
        sys.exit(obstacle)
    with (
        tempfile.TemporaryDirectory() as name,
        StandIn(slots=SERVER_SLOTS, delay_s=REQUEST_S, is_recording=False) as server,
    ):
        home = Path(name, "paddlex")
        make_home(home)
        shard = write_shard(Path(name), server)
        default = measure(shard, home)
        never_replaced = measure(shard, home, OCR_WORKER_PAGES=str(PAGES))
    ideal = SERVER_SLOTS / REQUEST_S
    print(f"{'the server alone':<40} {ideal:6.2f} pages/s")
    print(f"{'the engine':<40} {default.pages_per_s:6.2f} pages/s, ratio {default.pages_per_s / ideal:.2f}")
    pages_per_s = never_replaced.pages_per_s
    print(f"{'the engine, one process for all pages':<40} {pages_per_s:6.2f} pages/s, ratio {pages_per_s / ideal:.2f}")
    for pages, mib in never_replaced.peak_mib.items():
        print(f"{f'its memory, {IN_FLIGHT} pages in flight':<40} {mib:6d} MiB at most until page {pages}")


if __name__ == "__main__":
    main()
