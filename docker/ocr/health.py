"""The container's health check: what the doctor finds in a second, and what the service says of itself.

Exits with 1 where the engine lacks something or the service does not work; Docker shows what is printed here.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request

from ocr_tasks.engines import engine_class
from ocr_tasks.errors import TaskError
from ocr_tasks.service.settings import ServiceSettings

_PATIENCE_S = 10


def problems(settings: ServiceSettings) -> list[str]:
    """What is wrong, in sentences; a model that is still being loaded is not."""
    found = [
        finding.text for finding in engine_class(settings.engine).diagnose_quickly(settings.spec) if not finding.is_ok
    ]
    address = f"http://127.0.0.1:{settings.port}/health"
    try:
        # An empty handler: no proxy of the environment stands between a container and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=_PATIENCE_S) as answer:
            health = json.load(answer)
    except urllib.error.HTTPError as error:
        return [*found, f"{address} answers {error.code}"]
    except (OSError, ValueError) as error:
        return [*found, f"{address} does not answer: {error}"]
    if health.get("paddleocr") == "failed":
        found.append("the service could not load its engine: its log says why")
    return found


def main() -> int:
    """Print what is wrong; returns the exit status."""
    try:
        found = problems(ServiceSettings.from_environment(os.environ))
    except TaskError as error:
        found = [str(error)]
    print("\n".join(found) or "healthy")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
