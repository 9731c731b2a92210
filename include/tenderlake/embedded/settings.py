"""The settings of the embedded services: ``TENDERLAKE_<NAME>`` in the environment, like those of the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[3]


class EmbeddedSettings(BaseSettings):
    """Where the state lies and which ports are tried first; a port that is taken is replaced by a free one."""

    model_config = SettingsConfigDict(env_prefix="TENDERLAKE_", frozen=True, extra="ignore")

    state_dir: Path = REPOSITORY / ".tenderlake"
    dags_folder: Path = REPOSITORY / "dags"
    plugins_folder: Path = REPOSITORY / "plugins"
    samples_folder: Path = REPOSITORY / "include" / "samples" / "documents"
    s3_port: Annotated[int, Field(ge=1024, le=55535)] = 8333
    airflow_port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    parallelism: Annotated[int, Field(ge=1)] = 8
    """Tasks that the local executor runs side by side; each costs about 140 MB."""
    start_timeout_s: Annotated[float, Field(gt=0)] = 180.0
