"""Schemathesis asks the running service what its OpenAPI promises: every status, header and body is as described."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ocrservice import OcrService, engine, serving

pytestmark = pytest.mark.integration

TOKEN = "t0ken"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OcrService]:
    folder = tmp_path_factory.mktemp("service")
    with serving(folder, OCR_SERVICE_TOKEN=TOKEN, **engine("null", text="Текст")) as running:
        yield running


def test_the_service_keeps_what_its_openapi_promises(service: OcrService, tmp_path: Path) -> None:
    """Not checked: that all data of the right form are accepted, because most bytes are no document."""
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {TOKEN}"),
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "60", "--seed", "3", "--generation-deterministic", "--suppress-health-check", "all"),
            *("--report", "ndjson", "--report-dir", str(tmp_path)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "No issues found" in ended.stdout, ended.stdout
    assert service.health()["status"] == "ok"
    assert "defect" not in service.log


def test_the_description_is_whole(service: OcrService) -> None:
    description = httpx.get(f"{service.url}/openapi.json").json()
    assert sorted(description["paths"]) == ["/health", "/health/ready", "/health/vllm", "/ocr"]
    post = description["paths"]["/ocr"]["post"]
    assert sorted(post["requestBody"]["content"]) == ["application/json", "multipart/form-data"]
    assert sorted(post["responses"]) == ["200", "401", "408", "413", "415", "422", "503", "504"]
    assert "http" not in json.dumps(description["paths"]).replace("http://", "").replace("https://", "")
