"""Waiting for an Airflow that is too busy to answer, within one bound, as long as it lives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tenderlake.embedded.airflow_api import AirflowUnavailableError
from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.progress import Screen

TAnswer = TypeVar("TAnswer")

LOOK_EVERY_S = 1.0
_SILENCE_LIMIT_S = 90.0


@dataclass(frozen=True)
class Patience:
    """Says how long to wait.

    Args:
        is_running: whether Airflow lives.
        logs: the folder of its logs, named where it stays silent.
        screen: where the waiting is shown.
        silence_limit_s: so long it may stay silent.
    """

    is_running: Callable[[], bool]
    logs: Path
    screen: Screen
    silence_limit_s: float = _SILENCE_LIMIT_S

    def wait(self, heard_at: float, error: AirflowUnavailableError) -> None:
        """Wait a little after a question without an answer.

        Args:
            heard_at: when Airflow last answered, of the monotonic clock, in seconds.
            error: what became of the question.

        Raises:
            EmbeddedError: Airflow was stopped, or has been silent for too long.
        """
        if not self.is_running():
            raise EmbeddedError("Airflow was stopped; `make run` starts it again and the run goes on") from error
        silence_s = time.monotonic() - heard_at
        if silence_s > self.silence_limit_s:
            raise EmbeddedError(f"Airflow has not answered for {silence_s:.0f} s (logs: {self.logs})") from error
        self.screen.progress("Airflow does not answer, waiting for it")
        time.sleep(LOOK_EVERY_S)

    def ask(self, question: Callable[[], TAnswer]) -> TAnswer:
        """The answer to a question that may be asked again and again.

        Raises:
            EmbeddedError: as :meth:`wait`, or Airflow refuses the question.
        """
        asked_at = time.monotonic()
        while True:
            try:
                return question()
            except AirflowUnavailableError as error:
                self.wait(asked_at, error)
