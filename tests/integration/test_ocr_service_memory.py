"""Given more documents than can be read at once, those that wait take room on disk once, and next to no memory."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from PIL import Image

from ocr_tasks.service.answers import DocumentStatus
from tests.ocrservice import OcrService, engine, read, serving, wait_for
from tests.pages import encoded
from tests.pdfs import RUSSIAN, digital_pdf

pytestmark = pytest.mark.integration

MIB = 2**20
WAITING = 5
LARGE = encoded(Image.linear_gradient("L").resize((60, 40))) + bytes(40 * MIB)
"""A small picture in a large file, as some scanning programs write them."""


def most_memory_bytes(pid: int) -> int:
    """The most that a process has ever had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread that has ended
            found += [int(child) for child in task.read_text().split()]
    return found


def send(service: OcrService, kind: str) -> httpx.Response:
    """Send the large file and wait for its answer, however long it takes."""
    if kind == "multipart":
        return service.ocr(LARGE)
    return service.ocr_json(file=base64.b64encode(LARGE).decode())


@pytest.mark.parametrize("kind", ["multipart", "json"])
def test_documents_that_wait_are_not_in_memory(tmp_path: Path, kind: str) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    stuck = engine("faulty", fault="hang")
    with (
        ThreadPoolExecutor(WAITING) as clients,
        serving(tmp_path / "service", TMPDIR=str(temporary), **stuck) as service,
    ):
        before = most_memory_bytes(service.process.pid)
        answers = [clients.submit(send, service, kind) for _ in range(WAITING)]
        whole = [len(LARGE)] * WAITING
        wait_for(lambda: [path.stat().st_size for path in temporary.rglob("*") if path.is_file()] == whole)
        # The pictures of two pages, and one document that is taken out of its JSON.
        assert most_memory_bytes(service.process.pid) - before < 2 * 40 * MIB + 2 * 54 * MIB + 40 * MIB
        service.process.kill()
    assert all(answer.exception() for answer in answers)


def test_few_documents_are_taken_apart_at_a_time(tmp_path: Path) -> None:
    with digital_pdf([RUSSIAN] * 3) as document:
        pdf: bytes = document.tobytes()
    slow = engine("faulty", fault="none", page_s=0.2)
    with serving(tmp_path, **slow) as service, ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(service.ocr, pdf) for _ in range(4)]
        seen = set()
        while not all(answer.done() for answer in answers):
            seen.add(len(children(service.process.pid)))
        assert {read(answer.result()).status for answer in answers} == {DocumentStatus.DONE}
        assert {read(answer.result()).pages_read for answer in answers} == {3}
        assert max(seen) == 3  # the engine's process, and two that take documents apart
        wait_for(lambda: len(children(service.process.pid)) == 1)
