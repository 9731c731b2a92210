"""What a person sees while runs are at work: one line that changes on a terminal, a line a change elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tenderlake.embedded.airflow_api import TaskInstance

_HIDDEN_STATES = (None, "skipped", "removed", "upstream_failed")


@dataclass(frozen=True)
class StageProgress:
    """How far one task of the DAG is, over all its mapped instances and all runs that are followed."""

    name: str
    done: int
    total: int
    failed: int = 0
    has_begun: bool = False

    def __str__(self) -> str:
        """Such as ``prepare 2/3 (1 failed)``."""
        failures = f" ({self.failed} failed)" if self.failed else ""
        return f"{self.name} {self.done}/{self.total}{failures}"


def stage_progress(order: Sequence[str], instances: Iterable[TaskInstance]) -> list[StageProgress]:
    """The stages in the order of the DAG; those that were left out do not appear."""
    by_task: dict[str, list[TaskInstance]] = {task: [] for task in order}
    for instance in instances:
        by_task.setdefault(instance.task_id, []).append(instance)
    return [
        StageProgress(
            name=task,
            done=sum(instance.is_done for instance in found),
            total=len(found),
            failed=sum(instance.has_failed for instance in found),
            has_begun=any(instance.state not in _HIDDEN_STATES for instance in found),
        )
        for task, found in by_task.items()
    ]


def progress_text(stages: Iterable[StageProgress]) -> str:
    """The stages that have begun, in one line."""
    return " · ".join(str(stage) for stage in stages if stage.has_begun) or "waiting for the scheduler"


def duration_text(seconds: float) -> str:
    """Minutes and seconds, such as ``2:05``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


@dataclass
class Screen:
    """Writes progress and messages to a stream so that they do not get in each other's way."""

    stream: TextIO
    started_at: float = field(default_factory=time.monotonic)
    _shown: str = ""
    _is_line_open: bool = False

    def progress(self, text: str) -> None:
        """Show how far it is."""
        elapsed = duration_text(time.monotonic() - self.started_at)
        if self.stream.isatty():
            width = shutil.get_terminal_size().columns - 1
            line = f"{elapsed} {text}"
            if len(line) > width:  # what is at work stands at the end
                line = f"{elapsed} …{text[-(width - len(elapsed) - 2) :]}"
            self.stream.write(f"\r\x1b[K{line}")
            self._is_line_open = True
        elif text != self._shown:
            self.stream.write(f"{elapsed} {text}\n")
        self._shown = text
        self.stream.flush()

    def say(self, text: str) -> None:
        """Write a message on a line of its own."""
        if self._is_line_open:
            self.stream.write("\r\x1b[K")
            self._is_line_open = False
        self.stream.write(text + "\n")
        self.stream.flush()

    def close(self) -> None:
        """End the line that changes."""
        if self._is_line_open:
            self.stream.write("\n")
            self.stream.flush()
            self._is_line_open = False
