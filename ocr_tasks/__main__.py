"""Entry point of ``python -m ocr_tasks``."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ocr_tasks.cli import main

if __name__ == "__main__":
    # Standard output carries progress lines and nothing else: what a native library prints goes to standard error.
    progress = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    code = main(output=progress)
    with suppress(BrokenPipeError):
        progress.flush()
    sys.stderr.flush()
    # Not sys.exit: it would wait for downloads in flight, and storage that does not answer can hold them for minutes.
    os._exit(code)
