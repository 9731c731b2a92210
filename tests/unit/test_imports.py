"""What a task loads: libraries that open documents are for the children that open them."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

STAGES = ("discovery", "preparation", "planning", "ocr", "assembly", "validation.stage", "publishing")
OPEN_DOCUMENTS = ("tenderlake.intake", "pymupdf", "lxml", "py7zr", "olefile", "xlrd", "PIL")


def test_no_stage_loads_what_opens_documents() -> None:
    # They take longer to load than a small batch takes to be read, and tasks hold the keys of the storage.
    code = (
        f"import importlib, sys; [importlib.import_module('tenderlake.' + name) for name in {STAGES}]; "
        f"print([name for name in {OPEN_DOCUMENTS} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert answer.stdout.strip() == "[]"
