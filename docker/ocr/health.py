"""The container's health check: what the doctor finds in the container in a second, and whether the service answers.

Exits with 1 where the container lacks something or its service does not answer; Docker shows what is printed here.
Swarm, ECS and others replace a container for that, so it is no failure what a new one would not mend: a model server
that is down, or an engine that did not load and that the service tries again. ``/health/ready`` tells those.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass

from ocr_tasks.engines import engine_class
from ocr_tasks.errors import TaskError
from ocr_tasks.hiding import hide_from_processes_of_the_same_user
from ocr_tasks.service.answers import EngineState, Health
from ocr_tasks.service.settings import ServiceSettings

_PATIENCE_S = 10


@dataclass(frozen=True)
class Checked:
    """What was found, in sentences.

    Attributes:
        problems: Why the container is unhealthy.
        notes: What else keeps it from reading.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check(settings: ServiceSettings) -> Checked:
    """Look at the container and ask its service."""
    findings = engine_class(settings.engine).diagnose_container(settings.spec)
    found = tuple(finding.text for finding in findings if not finding.is_ok)
    address = settings.health_url
    try:
        # An empty handler: no proxy of the environment stands between a container and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=_PATIENCE_S) as answer:
            health = Health.model_validate_json(answer.read())
    except urllib.error.HTTPError as error:
        return Checked((*found, f"{address} answers {error.code}"))
    except (OSError, ValueError) as error:
        return Checked((*found, f"{address} does not answer: {error}"))
    if health.paddleocr is EngineState.READY:
        return Checked(found)
    return Checked(found, (f"the engine is {health.paddleocr.value}: {health.reason or 'being loaded'}",))


def main() -> int:
    """Print what is wrong; returns the exit status."""
    hide_from_processes_of_the_same_user()  # it is given the variables of the container, secrets too
    try:
        checked = check(ServiceSettings.from_environment(os.environ))
    except TaskError as error:
        checked = Checked((str(error),))
    print("\n".join((*(checked.problems or ("healthy",)), *checked.notes)))
    return 1 if checked.problems else 0


if __name__ == "__main__":
    sys.exit(main())
