"""``python -m ocr_tasks`` as a child process, on shards in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ocr_tasks.contract import EngineSpec, PageResult, PageTask, Progress, Shard
from tests.pages import encoded


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    output: str
    errors: str

    @property
    def progress(self) -> list[Progress]:
        """Its standard output, which has to consist of progress lines."""
        return [Progress.model_validate_json(line) for line in self.output.splitlines()]

    @property
    def last_error(self) -> str:
        return self.errors.rstrip().splitlines()[-1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ocr_tasks", *arguments]


def environment(**variables: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OCR_")} | variables


def ocr_tasks(*arguments: str, **variables: str) -> Ended:
    ended = subprocess.run(
        command(*arguments), env=environment(**variables), capture_output=True, text=True, timeout=120, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def write_shard(folder: Path, pages: int = 3, engine: str = "null", **options: str | int | float | bool) -> str:
    """Write a shard of small white pages, ``shard.json`` in a folder, and return its path."""
    tasks = []
    for number in range(1, pages + 1):
        (folder / f"{number}.png").write_bytes(encoded(Image.new("L", (40, 30), 255)))
        tasks.append(
            PageTask(
                page_key=str(number),
                document_id="d",
                page_number=number,
                image_url=f"{number}.png",
                result_url=f"results/{number}.json",
            )
        )
    shard = Shard(shard_id="s", engine=EngineSpec(name=engine, options=options), pages=tuple(tasks))
    (folder / "shard.json").write_text(shard.model_dump_json())
    return str(folder / "shard.json")


def results(folder: Path) -> dict[int, PageResult]:
    """The results of a shard in a folder, by page number."""
    read = [PageResult.model_validate_json(file.read_bytes()) for file in sorted((folder / "results").glob("*.json"))]
    return {result.page_number: result for result in read}
