"""The whole system on this machine: S3, Airflow, and OCR in containers where there is Docker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenderlake.embedded.launcher import Embedded
from tenderlake.embedded.query import open_lake
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.settings import RunnerChoice, Settings
from tests.obstacles import docker_obstacle


def expected_runner() -> str:
    """Where OCR has to run here: in containers where a daemon has the image."""
    return "process" if docker_obstacle() else "docker"


@contextmanager
def running_system(folder: Path, **pipeline: Any) -> Iterator[Embedded]:
    """S3 and Airflow started in a folder, stopped at the end. ``pipeline`` are settings of the pipeline.

    Where Docker is at hand it is demanded, so that a quiet fall-back to processes fails the test.
    """
    if expected_runner() == "docker":
        pipeline["runner"] = RunnerChoice.DOCKER
    settings = Settings(**pipeline)
    environment = {f"TENDERLAKE_{name.upper()}": str(value) for name, value in pipeline.items()}
    with Embedded(EmbeddedSettings(state_dir=folder), settings, environment) as system:
        yield system


def query(system: Embedded, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the lake, read back by DuckDB."""
    with open_lake(system.connection, system.layout, system.state.path / "duckdb") as database:
        return database.execute(sql, list(values)).fetchall()
