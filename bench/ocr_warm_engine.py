"""OCR with an engine that stays loaded, against one process a page: what shards are for."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import pymupdf

from ocr_tasks.contract import EngineSpec, PageTask, Shard
from tenderlake.ocr_attempts import ProcessRunner
from tenderlake.settings import Settings

SCAN = Path(__file__).parents[1] / "include/samples/documents/0373200012326000457/Акт осмотра.png"
PAGES = 8
DPI = 100
"""Small pages: the start of the engine is what differs, and it is the same for large ones."""


def shard(folder: Path, image: Path, numbers: range) -> Shard:
    """Pages that are all the same image."""
    return Shard(
        shard_id="bench",
        engine=EngineSpec(name="tesseract"),
        pages=tuple(
            PageTask(
                page_key=f"{number}",
                document_id="bench",
                page_number=number,
                image_url=str(image),
                result_url=str(folder / f"{number}.json"),
                dpi=DPI,
            )
            for number in numbers
        ),
    )


def main() -> None:
    """Print pages a second of both ways."""
    log = logging.getLogger("bench")
    runner = ProcessRunner(Settings(), log)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = folder / "page.png"
        with pymupdf.open(SCAN) as document:
            document[0].get_pixmap(dpi=24, colorspace=pymupdf.csGRAY).save(image)
        seconds = {}
        for way, shards in (
            ("one engine for all pages", [shard(folder, image, range(1, PAGES + 1))]),
            ("one engine a page", [shard(folder, image, range(n, n + 1)) for n in range(1, PAGES + 1)]),
        ):
            started = time.monotonic()
            for item in shards:
                assert runner.run(item, 120.0).exit_code == 0
            seconds[way] = time.monotonic() - started
    for way, duration_s in seconds.items():
        print(f"{way:<28} {PAGES / duration_s:6.2f} pages/s")
    warm, cold = seconds.values()
    print(f"{'ratio':<28} {cold / warm:6.2f}")


if __name__ == "__main__":
    main()
