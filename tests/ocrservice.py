"""The OCR service as a child process, and a client of it over real HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ocr_tasks.service.answers import DocumentAnswer, ErrorDetail

_SERVING = re.compile(r"serving at \S+:(\d+)$", re.MULTILINE)
_PATIENCE_S = 60.0


class OcrService:
    """A service that was started; ``url`` is known once it listens."""

    def __init__(self, folder: Path, variables: dict[str, str], python: str = sys.executable) -> None:
        self.output = folder / "output"
        self._log = folder / "service.log"
        folder.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OCR_", "CLOUDRU_"))}
        given = {
            "OCR_ENGINE": "null",
            "OCR_SERVICE_HOST": "127.0.0.1",
            "OCR_SERVICE_PORT": "0",
            "OCR_SERVICE_OUTPUT": str(self.output),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "ocr_tasks", "serve"], env=clean | given | variables, stdout=log, stderr=log
            )
        self.url = ""

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    def wait_until_serving(self) -> None:
        """Wait until it listens, whatever its engine does."""
        wait_for(lambda: _SERVING.search(self.log) or self.process.poll() is not None)
        found = _SERVING.search(self.log)
        assert found, self.log
        self.url = f"http://127.0.0.1:{found[1]}"

    def wait_until(self, state: str) -> dict[str, Any]:
        """Wait for a state of the engine; answers ``/health``."""
        wait_for(lambda: self.health()["paddleocr"] == state)
        return self.health()

    def health(self) -> dict[str, Any]:
        """``GET /health``, which has to answer 200 whatever the engine does."""
        answer = httpx.get(f"{self.url}/health", timeout=10)
        assert answer.status_code == 200
        health: dict[str, Any] = answer.json()
        return health

    def ocr(self, document: bytes, *, name: str = "document", query: str = "", **headers: str) -> httpx.Response:
        """Send a document as a multipart file."""
        return httpx.post(f"{self.url}/ocr{query}", files={"file": (name, document)}, headers=headers, timeout=120)

    def ocr_json(self, **body: object) -> httpx.Response:
        """Send JSON."""
        return httpx.post(f"{self.url}/ocr", json=body, timeout=120)

    def stop(self, told: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop and return its exit code."""
        self.process.send_signal(told)
        return self.process.wait(_PATIENCE_S)


@contextmanager
def starting(folder: Path, *, python: str = sys.executable, **variables: str) -> Iterator[OcrService]:
    """A service that may still load its engine; it is gone in the end."""
    service = OcrService(folder, variables, python)
    try:
        service.wait_until_serving()
        yield service
    finally:
        service.process.kill()
        service.process.wait()


@contextmanager
def serving(folder: Path, *, python: str = sys.executable, **variables: str) -> Iterator[OcrService]:
    """A service that is ready."""
    with starting(folder, python=python, **variables) as service:
        service.wait_until("ready")
        yield service


def engine(name: str, **options: str | int | float | bool) -> dict[str, str]:
    """The variables of an engine with options."""
    return {"OCR_ENGINE": name, "OCR_ENGINE_OPTIONS": json.dumps(options)}


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so; fail where it does not become so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it did not happen")
        time.sleep(0.05)


def read(response: httpx.Response) -> DocumentAnswer:
    """The answer to a document that was read."""
    assert response.status_code == 200, response.text
    return DocumentAnswer.model_validate_json(response.content)


def refused(response: httpx.Response) -> ErrorDetail:
    """The error in an answer."""
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"] == response.json()["request_id"]
    return ErrorDetail.model_validate(response.json()["error"])
