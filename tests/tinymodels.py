"""The real PaddleOCR-VL pipeline with tiny random models, in child processes of the environment that has it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.obstacles import ocr_python
from tests.ocr_command import Ended, environment

ROOT = Path(__file__).parents[1]
MAKER = ROOT / "tests/tiny_models_maker.py"
CACHE = ROOT / ".pytest_cache/tiny-models"
READING_SOON_ENDS = {"device": "cpu", "max_new_tokens": 8, "max_pixels": 112_896}
"""Options of an engine: random weights never come to an end, and nothing is lost by stopping them."""


def tiny_models() -> Path:
    """A home of PaddleX with models of both versions; made once, read only by convention."""
    home = CACHE / hashlib.sha256(MAKER.read_bytes()).hexdigest()[:16]
    if not home.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=CACHE))
        made = subprocess.run(
            [str(ocr_python()), str(MAKER), str(making / "official_models")],
            env={**os.environ, "PADDLE_PDX_CACHE_HOME": str(making / "pdx")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-2000:]
        try:
            making.rename(home)
        except OSError:  # another process was faster
            shutil.rmtree(making)
    return home


def copied_models(folder: Path) -> Path:
    """The same, to be damaged."""
    home = folder / "paddlex"
    shutil.copytree(tiny_models() / "official_models", home / "official_models")
    return home


def paddle_command(*arguments: str) -> list[str]:
    """``python -m ocr_tasks`` in the environment of PaddleOCR-VL."""
    return [str(ocr_python()), "-m", "ocr_tasks", *arguments]


def paddle_environment(home: Path, **variables: str) -> dict[str, str]:
    """Its environment: ``ocr_tasks`` of this folder, models of that one."""
    return environment(PADDLE_PDX_CACHE_HOME=str(home), PYTHONPATH=str(ROOT)) | variables


def paddle_tasks(*arguments: str, home: Path, **variables: str) -> Ended:
    """Run it to its end."""
    ended = subprocess.run(
        paddle_command(*arguments),
        env=paddle_environment(home, **variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
