"""What may keep tests from running on a machine: a skip with the reason, or a failure where everything is demanded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from ocr_tasks.engines.tessdata import find_tessdata
from ocr_tasks.errors import EngineUnavailableError

ROOT = Path(__file__).parents[1]
OCR_IMAGE = os.environ.get("TENDERLAKE_TEST_OCR_IMAGE", "tenderlake/ocr-cpu:0.2.0")
PADDLEOCR_BASE_IMAGE = "tenderlake/paddleocr-vl-stand-in:3.6"
PADDLEOCR_IMAGE = "tenderlake/ocr-stand-in:0.1.0"


def is_everything_required() -> bool:
    """Whether a tier that cannot run is a failure, as in CI."""
    return os.environ.get("TENDERLAKE_REQUIRE_ALL_TIERS") == "1"


def missing(reason: str) -> NoReturn:
    """End a test that cannot run here."""
    if is_everything_required():
        pytest.fail(reason)
    pytest.skip(reason)


def no_obstacle() -> None:
    """For what runs everywhere."""


def language_data_obstacle() -> str | None:
    """Why Tesseract cannot read Russian here."""
    try:
        find_tessdata(("rus", "eng"))
    except EngineUnavailableError as error:
        return str(error)
    return None


def docker_obstacle() -> str | None:
    """Why no OCR container can be started here."""
    try:
        client = docker.from_env(timeout=10)
        client.ping()
    except docker.errors.DockerException:
        return "no Docker daemon answers: start one or set DOCKER_HOST"
    if not client.images.list(name=OCR_IMAGE):
        return f"the Docker daemon has no image {OCR_IMAGE}: docker/ocr-cpu/build.sh"
    return None


def ocr_python_obstacle() -> str | None:
    """Why the real PaddleOCR-VL pipeline cannot run here."""
    if _ocr_python().is_file():
        return None
    return f"there is no {_ocr_python()} with the PaddleOCR-VL pipeline: make ocr-env"


def ocr_python() -> Path:
    """The Python that has the PaddleOCR-VL pipeline (TENDERLAKE_TEST_OCR_PYTHON); ends the test where there is none."""
    if obstacle := ocr_python_obstacle():
        missing(obstacle)
    return _ocr_python()


def _ocr_python() -> Path:
    return Path(os.environ.get("TENDERLAKE_TEST_OCR_PYTHON") or ROOT / ".venv-ocr/bin/python")


def corpus_obstacle() -> str | None:
    """Why there are no real documents here."""
    folder = os.environ.get("TENDERLAKE_CORPUS")
    if folder and Path(folder, "MANIFEST.tsv").is_file():
        return None
    return "set TENDERLAKE_CORPUS to the folder of real documents"


def corpus_folder() -> Path:
    """The folder of real documents; ends the test where there is none."""
    if obstacle := corpus_obstacle():
        missing(obstacle)
    return Path(os.environ["TENDERLAKE_CORPUS"])
