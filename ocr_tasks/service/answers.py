"""What the service answers: the models that its OpenAPI describes, and that the engine ``remote`` reads."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ocr_tasks.contract import PageResult
from ocr_tasks.service.errors import ErrorCode
from ocr_tasks.service.sniffing import MediaType


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class EngineState(str, Enum):
    """Where the engine stands."""

    INITIALIZING = "initializing"
    READY = "ready"
    FAILED = "failed"


class ServiceStatus(str, Enum):
    """Whether documents can be read: the state of the engine, and whether the service is being stopped."""

    STARTING = "starting"
    OK = "ok"
    FAILED = "failed"
    STOPPING = "stopping"


class StorageState(str, Enum):
    """Whether results are saved in S3 too."""

    CONFIGURED = "configured"
    NOT_CONFIGURED = "not_configured"


class VllmState(str, Enum):
    """Where the model server stands."""

    NOT_CONFIGURED = "not_configured"
    UNREACHABLE = "unreachable"
    READY = "ready"


class EngineFacts(_Answer):
    """Which engine reads: facts that results are told apart by."""

    name: str
    version: str | None = None
    model: str | None = None
    model_digest: str | None = None
    concurrency: int | None = None


class Health(_Answer):
    """``GET /health``. Its status is 200 as long as the process lives: what the engine does is in the body."""

    status: ServiceStatus
    paddleocr: EngineState = Field(description="State of the OCR engine, whichever it is")
    reason: str | None = Field(default=None, description="Why the engine is not ready")
    s3_storage: StorageState
    s3_missing: tuple[str, ...] = Field(default=(), description="Variables that are not set, where some are")
    s3_error: str | None = Field(default=None, description="Why the last result was not saved in S3")
    version: str = Field(description="Version of this service")
    models: tuple[str, ...] = Field(description="Models that read; empty until the engine is ready")
    device: str = Field(description="What the engine was told to run on")
    engine: EngineFacts
    documents: int = Field(description="Documents being read or waiting")
    queue: int = Field(description="Documents accepted at a time")


class VllmHealth(_Answer):
    """``GET /health/vllm``."""

    status: VllmState
    models: tuple[str, ...] = ()
    reason: str | None = None


class DocumentStatus(str, Enum):
    """How a document was read."""

    DONE = "done"
    SOME_PAGES_FAILED = "some_pages_failed"
    FAILED = "failed"


class ServicePage(PageResult):
    """One page: a page result of the OCR contract, with its Markdown and the resolution it was read at."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # the service may be newer than who reads this

    markdown: str = ""
    dpi: int | None = None


class SavedInS3(_Answer):
    """What became of the copy in S3."""

    status: StorageState
    location: str | None = Field(default=None, description="s3://bucket/key of the folder; null where not saved")
    error: str | None = None


class Saved(_Answer):
    """Where the results are: ``result.json`` and ``result.md`` in a folder each."""

    local: str | None = Field(description="Folder; null where it could not be written")
    local_error: str | None = None
    s3: SavedInS3


class DocumentResult(_Answer):
    """What was read from a document; saved as ``result.json``."""

    request_id: str
    status: DocumentStatus
    reason: str | None = Field(default=None, description="Why the rest of the document was given up")
    document_id: str = Field(description="SHA-256 of the document")
    media_type: MediaType
    size_bytes: int
    page_count: int
    pages_read: int = Field(description="Pages with status done")
    duration_s: Annotated[float, Field(ge=0)]
    markdown: str = Field(description="The whole document")
    pages: tuple[ServicePage, ...]


class DocumentAnswer(DocumentResult):
    """``POST /ocr``."""

    saved: Saved


class ErrorDetail(_Answer):
    """What is wrong: a code for programs, a sentence for people."""

    code: ErrorCode
    message: str


class ErrorAnswer(_Answer):
    """Every error of the service."""

    error: ErrorDetail
    request_id: str
    result: DocumentAnswer | None = Field(default=None, description="What was read before the error, where pages were")


class JsonDocument(BaseModel):
    """A document as JSON: exactly one of ``file`` and ``url``."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1, "maxProperties": 1})

    file: str | None = Field(default=None, description="The document in base64, in one piece")
    url: str | None = Field(default=None, description="Its http:// or https:// address on the public internet")
