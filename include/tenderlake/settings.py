"""The settings, and the one place of the pipeline that reads the environment.

Every field is set by ``TENDERLAKE_<NAME>`` in upper case. S3 credentials are not here: they come from the Airflow
connection ``s3_connection_id``, or from boto3's own variables for commands outside Airflow.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tenderlake.documents import PrepareLimits, PrepareOptions, TextLayerMode


class RunnerChoice(StrEnum):
    """Where OCR shards run.

    ``auto``: in containers where a Docker daemon answers and has the image, else in child processes.
    """

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


class Settings(BaseSettings):
    """All settings with their defaults; sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="TENDERLAKE_", frozen=True, extra="ignore")

    # Storage
    bucket: str = "tenderlake"
    s3_connection_id: str = "tenderlake_s3"
    inbox_prefix: str = "inbox/"
    lake_prefix: str = "lake/"
    markdown_prefix: str = "markdown/"
    quarantine_prefix: str = "quarantine/"
    work_prefix: str = "work/"
    reports_prefix: str = "reports/"

    tender_id_pattern: str = r"(?<!\d)(\d{19}|\d{11})(?!\d)"

    # Schedule and size of a run
    schedule_cron: str = "0 2 * * *"
    schedule_timezone: str = "Europe/Moscow"
    max_documents: Annotated[int, Field(ge=1)] = 500
    max_active_runs: Annotated[int, Field(ge=1)] = 2
    batch_documents: Annotated[int, Field(ge=1)] = 16
    batch_bytes: Annotated[int, Field(ge=1)] = 256 * 2**20
    max_batches: Annotated[int, Field(ge=1, le=1024)] = 128

    # Preparing a document
    text_layer: TextLayerMode = TextLayerMode.AUTO
    dpi: Annotated[int, Field(ge=72, le=600)] = 300
    languages: Annotated[tuple[str, ...], NoDecode] = ("rus", "eng")
    document_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    document_memory_bytes: Annotated[int, Field(gt=0)] = 3 * 2**30
    max_document_bytes: Annotated[int, Field(gt=0)] = 2**30
    max_pages: Annotated[int, Field(gt=0)] = 5000
    max_page_pixels: Annotated[int, Field(gt=0)] = 60_000_000

    # OCR
    engine: str = "tesseract"
    engine_options: dict[str, str | int | float | bool] = {}
    runner: RunnerChoice = RunnerChoice.AUTO
    ocr_image: str = "tenderlake/ocr-cpu:0.1.0"
    docker_url: str | None = None
    docker_network: str | None = None
    gpu_device_ids: Annotated[tuple[str, ...], NoDecode] = ()
    ocr_pool_slots: Annotated[int, Field(ge=1)] = 1
    shard_target_s: Annotated[float, Field(gt=0)] = 600.0
    shard_timeout_s: Annotated[float, Field(gt=0)] = 2 * 3600.0
    max_shards: Annotated[int, Field(ge=1, le=1024)] = 128
    page_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    ocr_start_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    ocr_user: str | None = None
    ocr_tmp_bytes: Annotated[int, Field(gt=0)] = 2**30
    ocr_memory_bytes: Annotated[int, Field(gt=0)] = 4 * 2**30
    ocr_cpus: Annotated[float, Field(gt=0)] = 2.0
    ocr_pids: Annotated[int, Field(gt=0)] = 256
    ocr_shm_bytes: Annotated[int, Field(gt=0)] = 256 * 2**20

    # Pools (made at start; a task of pool gpu takes ocr_pool_slots)
    gpu_pool_slots: Annotated[int, Field(ge=1)] = 2
    cpu_pool_slots: Annotated[int, Field(ge=1)] = 2

    @field_validator("languages", "gpu_device_ids", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        """Lists are written with commas or plus signs: ``rus,eng`` or ``rus+eng``."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.replace("+", ",").split(",") if part.strip())
        return value

    @field_validator(
        "inbox_prefix", "lake_prefix", "markdown_prefix", "quarantine_prefix", "work_prefix", "reports_prefix"
    )
    @classmethod
    def _end_with_slash(cls, value: str) -> str:
        return value.strip("/") + "/"

    @property
    def prepare_limits(self) -> PrepareLimits:
        """What one document may cost."""
        return PrepareLimits(
            timeout_s=self.document_timeout_s,
            memory_bytes=self.document_memory_bytes,
            max_document_bytes=self.max_document_bytes,
            max_pages=self.max_pages,
            max_page_pixels=self.max_page_pixels,
        )

    @property
    def prepare_options(self) -> PrepareOptions:
        """How pages are made where a run's form says nothing else."""
        return PrepareOptions(text_layer=self.text_layer, dpi=self.dpi, languages=self.languages)

    def container_network(self, endpoint_url: str | None) -> str:
        """Docker network of the OCR containers.

        As set, else ``host`` where S3 listens on this host's loopback address, else ``bridge``.
        """
        if self.docker_network:
            return self.docker_network
        host = urlsplit(endpoint_url or "").hostname or ""
        return "host" if host in ("localhost", "::1") or host.startswith("127.") else "bridge"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
