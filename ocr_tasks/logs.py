"""Where the processes of an OCR container log: standard error, without anything secret."""

from __future__ import annotations

import logging
import sys

from ocr_tasks.transfer import without_secrets


class WithoutSecrets(logging.Formatter):
    """Hides signatures in whatever is logged; urllib3, for one, logs whole addresses when it retries."""

    def format(self, record: logging.LogRecord) -> str:
        """The usual line, without the query of any address in it."""
        return without_secrets(super().format(record))


def log_to_stderr() -> None:
    """Take over the logging of this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutSecrets("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
