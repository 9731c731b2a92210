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

    state_dir: Annotated[
        Path, Field(description="Folder of everything that the services keep: data, logs, passwords.")
    ] = REPOSITORY / ".tenderlake"
    dags_folder: Annotated[Path, Field(description="Folder of the DAG files.")] = REPOSITORY / "dags"
    plugins_folder: Annotated[Path, Field(description="Folder of Airflow's plugins.")] = REPOSITORY / "plugins"
    samples_folder: Annotated[Path, Field(description="What goes into an empty inbox without DOCS.")] = (
        REPOSITORY / "include" / "samples" / "documents"
    )
    s3_port: Annotated[int, Field(ge=1024, le=55535, description="Port of the S3 server that is tried first.")] = 8333
    airflow_port: Annotated[int, Field(ge=1024, le=65535, description="Port of Airflow that is tried first.")] = 8080
    parallelism: Annotated[
        int, Field(ge=1, description="Tasks that the local executor runs side by side; each costs about 140 MB.")
    ] = 8
    start_timeout_s: Annotated[float, Field(gt=0, description="Seconds that a service may take to start.")] = 180.0
