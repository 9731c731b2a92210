"""The settings of the service, from environment variables. docs/ocr-service.md lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines import ENGINES
from ocr_tasks.errors import BadShardError
from ocr_tasks.validation import one_line

TOKEN_VARIABLE = "OCR_SERVICE_TOKEN"  # noqa: S105  the name of a variable
S3_VARIABLES = ("CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_BUCKET", "CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY")
"""All four make S3 configured; with any missing, results are saved locally only."""

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, which Cloud.ru follows.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[\w!'()*-][\w./!'()*-]{0,199}", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Variables(BaseModel):
    """Fields are read from the variables that are their aliases; a blank variable counts as not set, but for tokens."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class S3Settings(_Variables):
    """Where results are saved beside the local folder. Addresses are path style, signatures version 4."""

    endpoint: str = Field(alias="CLOUDRU_S3_ENDPOINT")
    bucket: str = Field(alias="CLOUDRU_S3_BUCKET")
    access_key: SecretStr = Field(alias="CLOUDRU_S3_ACCESS_KEY")
    secret_key: SecretStr = Field(alias="CLOUDRU_S3_SECRET_KEY")
    region: str = Field(alias="CLOUDRU_S3_REGION", default="ru-central-1", pattern=r"^[a-z0-9-]{1,40}$")
    prefix: str = Field(alias="CLOUDRU_S3_PREFIX", default="ocr")

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good or parts.username or parts.query or parts.fragment or parts.path.strip("/"):
            raise ValueError("give the address of the store alone, such as https://s3.cloud.ru")
        return value.rstrip("/")

    @field_validator("bucket")
    @classmethod
    def _is_a_bucket(cls, value: str) -> str:
        if not _BUCKET.fullmatch(value):
            raise ValueError("no name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
        return value

    @field_validator("access_key")
    @classmethod
    def _is_tenant_and_key(cls, value: SecretStr) -> SecretStr:
        tenant, _, key = value.get_secret_value().partition(":")
        if not (tenant and key and _TOKEN.fullmatch(tenant + key)) or ":" in key:
            raise ValueError("give tenant_id:key_id, both from the console of Cloud.ru")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("a key has no blanks and no letters beyond ASCII")
        return value

    @field_validator("prefix")
    @classmethod
    def _is_a_prefix(cls, value: str) -> str:
        value = value.strip("/")
        if not _PREFIX.fullmatch(value) or "//" in value or ".." in value:
            raise ValueError("give a path of letters, digits and -_./, such as ocr/results")
        return value


class ServiceSettings(_Variables):
    """What the service does and how much of it."""

    engine: str = Field(alias="OCR_ENGINE", default="paddleocr-vl")
    engine_options: dict[str, str | int | float | bool] = Field(alias="OCR_ENGINE_OPTIONS", default={})
    """JSON, such as ``{"version": "1.5"}``."""
    languages: tuple[str, ...] = Field(alias="OCR_LANGUAGES", default=("rus", "eng"))
    host: str = Field(alias="OCR_SERVICE_HOST", default="0.0.0.0")  # noqa: S104  a container: its network decides
    port: int = Field(alias="OCR_SERVICE_PORT", default=8081, ge=0, le=65535)
    """0: a free one, as the log then says."""
    token: SecretStr | None = Field(alias="OCR_SERVICE_TOKEN", default=None)
    """Callers of ``POST /ocr`` have to send ``Authorization: Bearer <token>``."""
    output: Path = Field(alias="OCR_SERVICE_OUTPUT", default=Path("/app/output"))
    max_bytes: int = Field(alias="OCR_SERVICE_MAX_BYTES", default=64 * 2**20, ge=1, le=2**30)
    """Largest document."""
    max_pages: int = Field(alias="OCR_SERVICE_MAX_PAGES", default=500, ge=1)
    queue: int = Field(alias="OCR_SERVICE_QUEUE", default=8, ge=1, le=1000)
    """Documents accepted at a time, those being read included."""
    page_timeout_s: Seconds = Field(alias="OCR_SERVICE_PAGE_TIMEOUT_S", default=300.0)
    document_timeout_s: Seconds = Field(alias="OCR_SERVICE_DOCUMENT_TIMEOUT_S", default=3600.0)
    """From the last byte of the request to the last page, waiting for its turn included."""
    upload_timeout_s: Seconds = Field(alias="OCR_SERVICE_UPLOAD_TIMEOUT_S", default=120.0)
    """To receive a document, or to fetch it from its address."""
    stop_s: Seconds = Field(alias="OCR_SERVICE_STOP_S", default=5.0)
    """How long pages in work may go on after SIGTERM; 3.5 s more may go to saving. ``docker stop`` kills after 10 s."""
    dpi: int = Field(alias="OCR_SERVICE_DPI", default=200, ge=50, le=600)
    """Resolution that pages of PDFs are rendered with."""
    allow_private_urls: bool = Field(alias="OCR_SERVICE_ALLOW_PRIVATE_URLS", default=False)
    keep_days: float = Field(alias="OCR_SERVICE_KEEP_DAYS", default=7.0, gt=0)
    keep_bytes: int = Field(alias="OCR_SERVICE_KEEP_BYTES", default=10 * 2**30, ge=1)
    """Saved results beyond this age or sum are deleted from the local folder, oldest first."""
    s3: S3Settings | None = None
    s3_missing: tuple[str, ...] = ()
    """Which variables of S3 are not set, where some are."""

    @property
    def spec(self) -> EngineSpec:
        """Which engine reads, and how."""
        return EngineSpec(name=self.engine, languages=self.languages, options=self.engine_options)

    @property
    def health_url(self) -> str:
        """Where this machine itself can ask for the health of the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  any address, this one too
        return f"http://[{host}]:{self.port}/health" if ":" in host else f"http://{host}:{self.port}/health"

    @field_validator("engine")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in ENGINES:
            raise ValueError(f"unknown engine, give one of {', '.join(sorted(ENGINES))}")
        return value

    @field_validator("engine_options", mode="before")
    @classmethod
    def _are_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('no JSON: give an object such as {"version": "1.5"}') from None

    @field_validator("languages", mode="before")
    @classmethod
    def _are_a_list(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(language.strip() for language in value.split(",") if language.strip())

    @field_validator("token")
    @classmethod
    def _can_be_sent(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("a token has no blanks and no letters beyond ASCII")
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServiceSettings:
        """Read the settings.

        Raises:
            BadShardError: A variable cannot work; the message names it and never shows a secret.
        """
        if not environment.get(TOKEN_VARIABLE, "unset").strip():
            # Most likely a secret that was not found: nobody means to open the service with it.
            raise BadShardError(f"{TOKEN_VARIABLE} is set and empty: give a token, or unset it to let everybody call")
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        known = {str(field.alias) for field in cls.model_fields.values() if field.alias}
        s3_known = {str(field.alias) for field in S3Settings.model_fields.values()}
        missing = tuple(name for name in S3_VARIABLES if name not in given)
        try:
            settings = cls.model_validate({name: value for name, value in given.items() if name in known})
        except ValidationError as error:
            raise BadShardError(f"wrong setting {one_line(error)}") from None
        s3 = _s3_settings({name: value for name, value in given.items() if name in s3_known})
        is_partly_given = 0 < len(missing) < len(S3_VARIABLES)
        return settings.model_copy(update={"s3": s3, "s3_missing": missing if is_partly_given else ()})


def _s3_settings(given: dict[str, str]) -> S3Settings | None:
    """None where some are missing; those that are given have to be right all the same."""
    try:
        return S3Settings.model_validate(given)
    except ValidationError as error:
        if told := one_line(error, but_missing=True):
            raise BadShardError(f"wrong setting {told}") from None
        return None
