"""The settings of the container, from environment variables; the shard carries everything that is about its pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pydantic import SecretStr

from ocr_tasks.errors import BadShardError

SHARD_VARIABLE = "OCR_SHARD"
MAX_PIXELS_VARIABLE = "OCR_MAX_PIXELS"
PREFETCH_VARIABLE = "OCR_PREFETCH_PAGES"
WORKER_VARIABLE = "OCR_WORKER"
WORKER_PAGES_VARIABLE = "OCR_WORKER_PAGES"
WORKER_GRACE_S = 30.0
"""What a worker process gets beyond the time of a page before it is killed."""
START_TIMEOUT_VARIABLE = "OCR_START_TIMEOUT_S"
MODELS_HOME_VARIABLE = "PADDLE_PDX_CACHE_HOME"
MODELS_MANIFEST_VARIABLE = "OCR_MODELS_MANIFEST"
SERVER_API_KEY_VARIABLE = "OCR_SERVER_API_KEY"
REMOTE_TOKEN_VARIABLE = "OCR_REMOTE_TOKEN"  # noqa: S105  the name of a variable


class WorkerUse(str, Enum):
    """Whether the engine runs in a worker process of its own, which can be killed and replaced."""

    AUTO = "auto"
    """As the engine needs it."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class RunSettings:
    """Limits of one run.

    Attributes:
        max_pixels: Largest page image, width times height; a larger one is a failed page. The default takes an A0
            sheet at 300 dpi (139 megapixels) and keeps the decoded image below 600 MB in colour.
        prefetch_pages: How many pages are downloaded ahead of those being read, and how many results may wait for
            storage.
        worker: Whether the engine runs in a worker process.
        worker_pages: After so many pages the worker process is replaced: the memory of some engines grows with every
            page (PaddleOCR issue 17113: 8 GB in 300 pages).
        start_timeout_s: How long loading an engine in a worker process may take, besides what it waits for a server.
    """

    max_pixels: int = 200_000_000
    prefetch_pages: int = 4
    worker: WorkerUse = WorkerUse.AUTO
    worker_pages: int = 200
    start_timeout_s: float = 300.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RunSettings:
        """Read the settings; a value that cannot work is a ``BadShardError``."""
        return cls(
            max_pixels=_positive(environment, MAX_PIXELS_VARIABLE, cls.max_pixels),
            prefetch_pages=_positive(environment, PREFETCH_VARIABLE, cls.prefetch_pages),
            worker=_worker_use(environment),
            worker_pages=_positive(environment, WORKER_PAGES_VARIABLE, cls.worker_pages),
            start_timeout_s=_seconds(environment, START_TIMEOUT_VARIABLE, cls.start_timeout_s),
        )


@dataclass(frozen=True)
class ModelSettings:
    """Where the models of PaddleOCR-VL are.

    Attributes:
        home: Where PaddleX keeps models and fonts: ``PADDLE_PDX_CACHE_HOME``, by default ``~/.paddlex``.
        manifest: File that says which models the image was built with, None where there is none.
    """

    home: Path
    manifest: Path | None = None

    @property
    def models_folder(self) -> Path:
        """Folder that holds a folder a model."""
        return self.home / "official_models"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ModelSettings:
        """Read the settings."""
        home = environment.get(MODELS_HOME_VARIABLE) or "~/.paddlex"
        manifest = environment.get(MODELS_MANIFEST_VARIABLE, "").strip()
        return cls(home=Path(home).expanduser().absolute(), manifest=Path(manifest) if manifest else None)


def server_api_key(environment: Mapping[str, str]) -> SecretStr | None:
    """The key of the model server, None where there is none. It stands in no shard: shards are kept in storage.

    Raises:
        BadShardError: It cannot be sent in an HTTP header.
    """
    return _secret(environment, SERVER_API_KEY_VARIABLE)


def remote_token(environment: Mapping[str, str]) -> SecretStr | None:
    """The bearer token of the service that the engine ``remote`` asks, None where there is none. It stands in no shard.

    Raises:
        BadShardError: It cannot be sent in an HTTP header.
    """
    return _secret(environment, REMOTE_TOKEN_VARIABLE)


def _secret(environment: Mapping[str, str], name: str) -> SecretStr | None:
    value = environment.get(name, "").strip()
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise BadShardError(f"{name} holds a blank or a letter that no key has: set it again")
    return SecretStr(value) if value else None


def _worker_use(environment: Mapping[str, str]) -> WorkerUse:
    text = environment.get(WORKER_VARIABLE, "").strip().lower()
    try:
        return WorkerUse(text or WorkerUse.AUTO)
    except ValueError:
        raise BadShardError(f"{WORKER_VARIABLE}={text!r}: give auto, always or never") from None


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    value = int(_number(environment, name, default))
    if value < 1:
        raise _no_number(environment, name, default)
    return value


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    value = _number(environment, name, default)
    if value <= 0:
        raise _no_number(environment, name, default)
    return value


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "").strip()
    try:
        value = float(text or default)  # 2e8 is how people write it
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _no_number(environment, name, default)
    return value


def _no_number(environment: Mapping[str, str], name: str, default: float) -> BadShardError:
    return BadShardError(
        f"{name}={environment[name].strip()!r} is no positive number: unset it or give one, such as {default}"
    )
