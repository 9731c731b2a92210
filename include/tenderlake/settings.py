"""The settings, and the one place of the pipeline that reads the environment.

Every field is set by ``TENDERLAKE_<NAME>`` in upper case; ``docs/settings.md`` is made from here. Values that cannot
work are refused here, where they can be named, and not by the task that meets them at night. S3 credentials are not
here: they come from the Airflow connection ``s3_connection_id``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]
from pydantic import Field, SecretStr, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from ocr_tasks.settings import (
    MAX_PIXELS_VARIABLE,
    PREFETCH_VARIABLE,
    START_TIMEOUT_VARIABLE,
    WORKER_PAGES_VARIABLE,
    RunSettings,
)
from tenderlake.documents import PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.errors import NeedsPersonError

TSettings = TypeVar("TSettings", bound=BaseSettings)
TNumber = TypeVar("TNumber", int, float)

PREFIX = "TENDERLAKE_"
LANGUAGE_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z0-9_]+)?$"
"""A language code of Tesseract: ``rus``, ``chi_sim``, ``script/Cyrillic``."""

_MAX_PREFIX_BYTES = 200
_PREFIXES = (
    "inbox_prefix",
    "lake_prefix",
    "compact_prefix",
    "markdown_prefix",
    "quarantine_prefix",
    "work_prefix",
    "reports_prefix",
)

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
EngineOption = str | int | float | bool
Secret = SecretStr | None
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]


class SettingsError(NeedsPersonError, ValueError):
    """A setting cannot work; the message names its variable, one after the other where there are several."""


class RunnerChoice(StrEnum):
    """Where OCR shards run.

    ``auto``: in containers where a Docker daemon answers and has the image, else in child processes.
    """

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


class Settings(BaseSettings):
    """All settings with their defaults; sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=True)

    # Storage
    bucket: str = Field(
        default="tenderlake",
        pattern=r"^[A-Za-z0-9._-]{3,255}$",
        description="The bucket with the inbox and all that the pipeline writes.",
    )
    s3_connection_id: Name = Field(
        default="tenderlake_s3", description="The Airflow connection (type Amazon Web Services) with endpoint and keys."
    )
    inbox_prefix: str = Field(
        default="inbox/", description="Where people drop documents; never changed by the pipeline."
    )
    lake_prefix: str = Field(default="lake/", description="Where the Parquet tables are.")
    compact_prefix: str = Field(
        default="lake-compact/",
        description="Where the same tables are in few large files, for questions about all days.",
    )
    compact_copy: bool = Field(
        default=True,
        description="Whether these files are kept; they take as much room as the tables. If not, they are deleted.",
    )
    markdown_prefix: str = Field(default="markdown/", description="Where the Markdown of each document is.")
    quarantine_prefix: str = Field(
        default="quarantine/", description="Where the notes on documents that could not be read are."
    )
    work_prefix: str = Field(default="work/", description="Where page images, OCR results and the state of runs are.")
    reports_prefix: str = Field(default="reports/", description="Where the report of each run is.")
    data_docs: bool = Field(
        default=True,
        description="Whether Great Expectations' own results and pages of each run are put beside its report.",
    )
    max_part_bytes: Count = Field(
        default=512 * 2**20,
        description="Size in bytes of a Parquet file of the lake; what more a day brings goes to further files.",
    )

    tender_id_pattern: str = Field(
        default=r"(?<!\d)(\d{19}|3(?:1[1-9]|[2-4]\d)\d{8})(?!\d)",
        description=(
            "Regular expression that finds the purchase number in a path of the inbox: its first group, or "
            "the whole match. By default 19 digits (44-FZ), or 11 that begin with 3 and the year (223-FZ): others "
            "are telephone numbers."
        ),
    )

    # Schedule and size of a run
    schedule_cron: str = Field(
        default="0 2 * * *",
        description="When runs start: minute, hour, day of month, month, day of week; or @daily and the like.",
    )
    schedule_timezone: str = Field(
        default="Europe/Moscow",
        description="The time zone of the schedule and of the dates of partitions, as in the IANA list.",
    )
    max_documents: Count = Field(
        default=500, description="Documents that one run takes; when more is waiting the next run starts at once."
    )
    max_active_runs: Count = Field(default=2, description="Runs side by side.")
    batch_documents: Count = Field(default=32, description="Documents in one prepare task.")
    batch_bytes: Count = Field(default=256 * 2**20, description="Size in bytes of the documents in one prepare task.")
    max_batches: int = Field(
        default=128, ge=1, le=1024, description="Prepare tasks in one run; where more would be needed the batches grow."
    )

    # Preparing a document
    text_layer: TextLayerMode = Field(
        default=TextLayerMode.AUTO,
        description=(
            "Where the text of PDF pages comes from: `auto` takes text layers that are sound, `ignore` reads "
            "every page by OCR, `only` never uses OCR."
        ),
    )
    dpi: int = Field(
        default=300,
        ge=72,
        le=600,
        description="Resolution, in dots per inch, of page images that are rendered; scans keep their own.",
    )
    languages: Annotated[tuple[Language, ...], NoDecode] = Field(
        default=("rus", "eng"),
        min_length=1,
        description="Tesseract's codes, the main language first, with commas or plus signs between them.",
    )
    document_timeout_s: Seconds = Field(
        default=300.0, le=4 * 3600, description="Seconds that preparing one document may take."
    )
    document_memory_bytes: Count = Field(
        default=3 * 2**30, description="Memory in bytes that preparing one document may take."
    )
    max_document_bytes: Count = Field(
        default=2**30, description="Size in bytes of the largest document that is opened."
    )
    max_pages: Count = Field(default=5000, description="Pages of the longest document that is opened.")
    max_page_pixels: Count = Field(
        default=60_000_000, description="Pixels (width times height) of a page image; larger ones are made smaller."
    )

    max_archive_members: Count = Field(
        default=PrepareLimits().max_archive_members,
        description="Files in one archive, those of archives within it counted in.",
    )
    max_archive_depth: Count = Field(
        default=PrepareLimits().max_archive_depth, description="Archives within archives: 1 opens none within another."
    )
    max_unpacked_bytes: Count = Field(
        default=PrepareLimits().max_unpacked_bytes,
        description="Bytes that one archive may unpack to, with all archives within it.",
    )
    max_unpack_ratio: int = Field(
        default=PrepareLimits().max_unpack_ratio,
        ge=2,
        description="How many times its own size an archive may unpack to, once that is more than 64 MiB.",
    )
    passwords: tuple[SecretStr, ...] = Field(
        default=(),
        description='Passwords that encrypted files are tried with, as a JSON list such as `["2026", "zakupki"]`.',
    )

    # OCR
    engine: str = Field(
        default="tesseract",
        description=(
            "The OCR engine: `tesseract` (CPU), `paddleocr-vl` (GPU), `paddleocr-vl-server` (layout here, model on a "
            "vLLM server), `remote` (a deployed OCR service)."
        ),
    )
    engine_options: dict[str, EngineOption] = Field(
        default={},
        description=(
            'Options of TENDERLAKE_ENGINE as a JSON object, such as `{"psm": 6}`; they are for that engine alone, and '
            "not for another one that the form chooses."
        ),
    )
    form_engine_options: dict[str, dict[str, EngineOption]] = Field(
        default={},
        description=(
            "Options of the engines that the form may choose in place of TENDERLAKE_ENGINE, as a JSON object with an "
            'object an engine, such as `{"paddleocr-vl": {"version": "1.5"}}`.'
        ),
    )
    runner: RunnerChoice = Field(
        default=RunnerChoice.AUTO,
        description=(
            "Where OCR runs: `docker` in containers, `process` in child processes, `auto` in containers "
            "where a Docker daemon answers and has the image."
        ),
    )
    ocr_image: Name = Field(
        default="tenderlake/ocr-cpu:0.2.0",
        description=(
            "The image of the OCR containers of `tesseract` and `remote`. Its tag stands for engine and model: a new "
            "one makes new results."
        ),
    )
    paddleocr_image: Name = Field(
        default="tenderlake/ocr:0.1.0",
        description=(
            "The image of the OCR containers of `paddleocr-vl` and `paddleocr-vl-server`, made by docker/ocr/build.sh."
        ),
    )
    ocr_python: Name | None = Field(
        default=None,
        description=(
            "With OCR in child processes: the Python that has the engine's libraries, such as `.venv-ocr/bin/python`; "
            "where unset the one that runs the pipeline."
        ),
    )
    ocr_server_api_key: Secret = Field(
        default=None, description="The key of the vLLM server, for the engine `paddleocr-vl-server`."
    )
    ocr_remote_token: Secret = Field(
        default=None, description="The bearer token of the OCR service, for the engine `remote`."
    )
    docker_url: str | None = Field(
        default=None,
        description=(
            "The Docker daemon, such as `unix:///var/run/docker.sock`; where unset DOCKER_HOST, else the local one."
        ),
    )
    docker_network: str | None = Field(
        default=None,
        description=(
            "The network of the OCR containers, which must reach S3 and, for `paddleocr-vl-server` and `remote`, their "
            "server; where unset `host` if S3 is on a loopback address, else `bridge`."
        ),
    )
    gpu_device_ids: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description=(
            "GPUs that OCR containers get, by number or UUID, with commas between them; empty: none. Where unset the "
            "first one for the PaddleOCR-VL engines, unless their option `device` is `cpu`, and none for the others."
        ),
    )
    ocr_pool_slots: Count = Field(default=1, description="Slots of the pool `gpu` that one OCR shard takes.")
    shard_target_s: Seconds = Field(
        default=600.0, description="Seconds that one OCR shard is meant to take; decides how pages are packed."
    )
    shard_timeout_s: Seconds = Field(
        default=2 * 3600.0,
        le=24 * 3600,
        description="Seconds after which an OCR shard is ended; what it has read by then is kept.",
    )
    max_shards: int = Field(
        default=128, ge=1, le=1024, description="OCR shards of one run; where more would be needed they grow."
    )
    page_timeout_s: Seconds = Field(default=300.0, description="Seconds that reading one page may take.")
    ocr_start_timeout_s: Seconds = Field(
        default=RunSettings.start_timeout_s, description="Seconds that an OCR engine may take to start."
    )
    ocr_max_pixels: Count = Field(
        default=RunSettings.max_pixels,
        description=(
            "Pixels (width times height) of the largest page image that OCR takes; a larger one is a failed page."
        ),
    )
    ocr_prefetch_pages: int = Field(
        default=RunSettings.prefetch_pages,
        ge=1,
        le=256,
        description="Page images that OCR downloads ahead of the one that it reads.",
    )
    ocr_worker_pages: Count = Field(
        default=RunSettings.worker_pages,
        description=(
            "Pages after which an engine that grows with every page is started afresh within its shard (PaddleOCR-VL)."
        ),
    )
    ocr_user: str | None = Field(
        default=None,
        description="User id that OCR containers run as; where unset that of the image, which must not be root.",
    )
    ocr_tmp_bytes: Count | None = Field(
        default=None,
        description=(
            "Size in bytes of the temporary folder (in memory) of an OCR container; where unset 1 GiB, 2 GiB for "
            "PaddleOCR-VL."
        ),
    )
    ocr_memory_bytes: Count | None = Field(
        default=None,
        description=(
            "Memory in bytes that one OCR container or process may take; where unset 4 GiB, 16 GiB for PaddleOCR-VL."
        ),
    )
    ocr_cpus: float = Field(
        default=2.0, gt=0, allow_inf_nan=False, description="CPU cores that one OCR container may use."
    )
    ocr_pids: Count | None = Field(
        default=None,
        description=("Processes and threads that one OCR container may have; where unset 256, 1024 for PaddleOCR-VL."),
    )
    ocr_shm_bytes: Count | None = Field(
        default=None,
        description="Shared memory in bytes of an OCR container; where unset 256 MiB, 1 GiB for PaddleOCR-VL.",
    )

    # Pools (made at start; a task of pool gpu takes ocr_pool_slots)
    gpu_pool_slots: Count = Field(
        default=2,
        description="Slots of the pool `gpu`: how many OCR shards run at a time, times TENDERLAKE_OCR_POOL_SLOTS.",
    )
    cpu_pool_slots: Count = Field(
        default=2, description="Slots of the pool `cpu`: how many tasks prepare or assemble documents at a time."
    )

    @field_validator("languages", "gpu_device_ids", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        """Lists are written with commas or plus signs: ``rus,eng`` or ``rus+eng``."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.replace("+", ",").split(",") if part.strip())
        return value

    @field_validator(*_PREFIXES)
    @classmethod
    def _is_a_folder_of_its_own(cls, value: str, info: ValidationInfo) -> str:
        """With one slash at the end. A folder within another would take its own output for documents, or delete it."""
        prefix = value.strip().strip("/") + "/"
        if any(segment in ("", ".", "..") for segment in prefix[:-1].split("/")) or not prefix.isprintable():
            raise ValueError("give a folder, such as inbox/: neither empty nor with . or .. or // in it")
        if len(prefix.encode()) > _MAX_PREFIX_BYTES:
            raise ValueError(f"give a shorter folder: it may have {_MAX_PREFIX_BYTES} bytes")
        for other in _PREFIXES:
            taken = info.data.get(other)
            if taken is not None and (prefix.startswith(taken) or taken.startswith(prefix)):
                raise ValueError(f"give a folder outside of {variable(other)} ({taken})")
        return prefix

    @field_validator("tender_id_pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            matches_nothing = re.compile(value).search("")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        if matches_nothing:
            raise ValueError("this regular expression finds an empty purchase number in every path")
        return value

    @field_validator("schedule_cron")
    @classmethod
    def _is_a_schedule(cls, value: str) -> str:
        try:
            # The next time, because a day that no month has is found only there.
            croniter(value, datetime.now(UTC)).get_next()
            is_schedule = value.startswith("@") or len(value.split()) == 5
        except (ValueError, KeyError):
            is_schedule = False
        if not is_schedule:
            raise ValueError("no schedule: give minute, hour, day of month, month and day of week, such as 0 2 * * *")
        return value

    @field_validator("schedule_timezone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("no time zone: give a name such as Europe/Moscow or UTC") from None
        return value

    @field_validator("engine")
    @classmethod
    def _is_an_engine(cls, value: str) -> str:
        from tenderlake.engines import engine_profile  # here, because that module needs this one

        return engine_profile(value).name

    @field_validator("form_engine_options")
    @classmethod
    def _are_of_engines(cls, value: dict[str, dict[str, EngineOption]]) -> dict[str, dict[str, EngineOption]]:
        from tenderlake.engines import engine_profile  # here, because that module needs this one

        for name in value:
            engine_profile(name)
        return value

    @field_validator("ocr_server_api_key", "ocr_remote_token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value.strip() or None if isinstance(value, str) else value

    @field_validator("docker_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value and "://" not in value:
            raise ValueError("give an address such as unix:///var/run/docker.sock or tcp://host:2376")
        return value or None

    @field_validator("shard_timeout_s")
    @classmethod
    def _ends_after_the_target(cls, value: float, info: ValidationInfo) -> float:
        return _at_least(value, info, "shard_target_s", why="shards would be ended before they are done")

    @field_validator("ocr_start_timeout_s")
    @classmethod
    def _is_noticed_before_the_shard_ends(cls, value: float, info: ValidationInfo) -> float:
        page_s, shard_s = info.data.get("page_timeout_s"), info.data.get("shard_timeout_s")
        if page_s is not None and shard_s is not None and value + page_s > shard_s:
            raise ValueError(
                f"with {variable('page_timeout_s')} ({page_s:g}) it is more than {variable('shard_timeout_s')} "
                f"({shard_s:g}): a page that hangs would never be found"
            )
        return value

    @field_validator("ocr_max_pixels")
    @classmethod
    def _takes_every_prepared_page(cls, value: int, info: ValidationInfo) -> int:
        return _at_least(value, info, "max_page_pixels", why="OCR would refuse pages that were prepared for it")

    @field_validator("gpu_pool_slots")
    @classmethod
    def _has_room_for_a_shard(cls, value: int, info: ValidationInfo) -> int:
        return _at_least(value, info, "ocr_pool_slots", why="no OCR shard would ever start")

    @property
    def prepare_limits(self) -> PrepareLimits:
        """What one document may cost."""
        return PrepareLimits(
            timeout_s=self.document_timeout_s,
            memory_bytes=self.document_memory_bytes,
            max_document_bytes=self.max_document_bytes,
            max_pages=self.max_pages,
            max_page_pixels=self.max_page_pixels,
            max_archive_members=self.max_archive_members,
            max_archive_depth=self.max_archive_depth,
            max_unpacked_bytes=self.max_unpacked_bytes,
            max_unpack_ratio=self.max_unpack_ratio,
        )

    @property
    def password_list(self) -> tuple[str, ...]:
        """The passwords in the clear, for the process that opens documents and nobody else."""
        return tuple(password.get_secret_value() for password in self.passwords)

    @property
    def prepare_options(self) -> PrepareOptions:
        """How pages are made where a run's form says nothing else."""
        return PrepareOptions(text_layer=self.text_layer, dpi=self.dpi, languages=self.languages)

    @property
    def ocr_environment(self) -> dict[str, str]:
        """Variables of :mod:`ocr_tasks.settings` for a container or process that reads a shard, with any engine."""
        return {
            MAX_PIXELS_VARIABLE: str(self.ocr_max_pixels),
            PREFETCH_VARIABLE: str(self.ocr_prefetch_pages),
            WORKER_PAGES_VARIABLE: str(self.ocr_worker_pages),
            START_TIMEOUT_VARIABLE: str(self.ocr_start_timeout_s),
        }

    def container_network(self, endpoint_url: str | None) -> str:
        """Docker network of the OCR containers.

        As set, else ``host`` where S3 listens on this host's loopback address, else ``bridge``.
        """
        if self.docker_network:
            return self.docker_network
        host = urlsplit(endpoint_url or "").hostname or ""
        return "host" if host in ("localhost", "::1") or host.startswith("127.") else "bridge"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def _at_least(value: TNumber, info: ValidationInfo, other: str, *, why: str) -> TNumber:
    least: TNumber | None = info.data.get(other)
    if least is not None and value < least:
        raise ValueError(f"less than {variable(other)} ({least:g}): {why}")
    return value


def read_settings(model: type[TSettings]) -> TSettings:
    """Settings from the environment.

    Raises:
        SettingsError: a variable has a value that cannot work.
    """
    try:
        return model()
    except ValidationError as error:
        problems = [
            f"{'_'.join([PREFIX[:-1], *map(str, problem['loc'][:1])]).upper()}={problem['input']!r}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_url=False)
        ]
        raise SettingsError("; ".join(problems)) from None
    except UnreadableError as error:
        names = [name for name in model.model_fields if f'"{name}"' in str(error)]
        raise SettingsError(f"{', '.join(map(variable, names)) or error}: give a JSON object") from None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SettingsError: a variable has a value that cannot work.
    """
    return read_settings(Settings)
