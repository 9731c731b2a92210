"""The application: ``POST /ocr`` and the states of the service, described by ``/openapi.json``."""

from __future__ import annotations

import asyncio
import hmac
import logging
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ocr_tasks import __version__
from ocr_tasks.service.answers import (
    DocumentAnswer,
    DocumentResult,
    EngineFacts,
    EngineState,
    ErrorAnswer,
    ErrorDetail,
    Health,
    JsonDocument,
    ServiceStatus,
    VllmHealth,
)
from ocr_tasks.service.documentreading import DocumentReading
from ocr_tasks.service.enginehost import EngineHost, Load
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.fetching import Fetcher
from ocr_tasks.service.http import error_headers
from ocr_tasks.service.pages import Splitters
from ocr_tasks.service.saving import Output
from ocr_tasks.service.settings import ServiceSettings
from ocr_tasks.service.uploads import JSON, MULTIPART, Receiver
from ocr_tasks.service.vllm import VllmProbe
from ocr_tasks.validation import words

log = logging.getLogger(__name__)

_QUEUE_RETRY_AFTER_S = 15
_HTTP_CODES = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "The bearer token is missing or wrong"},
    408: {"description": "The document did not come in in time"},
    413: {"description": "The document has too many bytes or pages"},
    415: {"description": "No PDF, no image, or another type of request"},
    422: {"description": "The request is wrong, the address refused, or the document broken or encrypted"},
    503: {
        "description": "The engine is not ready, the queue is full, or the service is being stopped: try again later",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
    },
    504: {"description": "The time is over; `result` has the pages that were read, and they are saved"},
}
_DEVICES = {"paddleocr-vl": "gpu:0", "paddleocr-vl-server": "gpu:0", "remote": "remote"}
"""Where engines run that are not told otherwise; the others run on the CPU."""
_REQUEST_BODY = {
    "required": True,
    "content": {
        MULTIPART: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "A PDF or an image"}},
            }
        },
        JSON: {"schema": JsonDocument.model_json_schema()},
    },
}


@dataclass
class Service:
    """What the requests share.

    Attributes:
        settings: The settings.
        output: Where results are saved.
        host: The engine.
        splitters: Take PDFs and TIFFs apart.
    """

    settings: ServiceSettings
    output: Output
    host: EngineHost
    splitters: Splitters = field(default_factory=Splitters)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    documents: int = 0
    has_given_up: bool = False
    """Whether a document was given up because of the stop."""

    def health(self) -> Health:
        """The state of everything."""
        host, info = self.host, self.host.info
        status = {
            EngineState.INITIALIZING: ServiceStatus.STARTING,
            EngineState.READY: ServiceStatus.OK,
            EngineState.FAILED: ServiceStatus.FAILED,
        }[host.state]
        return Health(
            status=ServiceStatus.STOPPING if self.stopping.is_set() else status,
            paddleocr=host.state,
            reason=host.reason,
            s3_storage=self.output.s3_state,
            s3_missing=self.settings.s3_missing,
            s3_error=self.output.s3_error,
            version=__version__,
            models=(info.model,) if info and info.model else (),
            device=str(self.settings.engine_options.get("device", _DEVICES.get(self.settings.engine, "cpu"))),
            engine=EngineFacts(
                name=info.name if info else self.settings.engine,
                version=info.version if info else None,
                model=info.model if info else None,
                model_digest=info.model_digest if info else None,
                concurrency=host.concurrency,
            ),
            documents=self.documents,
            queue=self.settings.queue,
        )

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in the queue; it is free again when the request ends, however it does.

        Raises:
            ServiceError: 503.
        """
        if self.stopping.is_set():
            raise ServiceError(503, ErrorCode.STOPPING, "the service is being stopped", retry_after_s=10)
        self.host.check()
        if self.documents >= self.settings.queue:
            raise ServiceError(
                503,
                ErrorCode.QUEUE_FULL,
                f"the queue is full: {self.documents} documents are being read or waiting",
                retry_after_s=_QUEUE_RETRY_AFTER_S,
            )
        self.documents += 1
        try:
            yield
        except asyncio.CancelledError:
            self.has_given_up = True  # only the end of the service cancels a request
            raise
        finally:
            self.documents -= 1


def create_app(settings: ServiceSettings, load: Load) -> tuple[FastAPI, Service]:
    """Build the application; the engine begins to load when it is started.

    Args:
        settings: The settings.
        load: Loads the engine.

    Raises:
        BadShardError: The output folder cannot be written.
    """
    output = Output(settings)
    output.local.check()
    service = Service(settings, output, EngineHost(load))
    is_allowed = {"is_allowed": lambda _: True} if settings.allow_private_urls else {}
    receiver = Receiver(settings.max_bytes, Fetcher(settings.max_bytes, **is_allowed))
    vllm = VllmProbe(settings.spec)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.host.start()
        yield
        await service.host.stop()

    app = FastAPI(
        title="Tenderlake OCR",
        version=__version__,
        description="Reads PDFs and images: Markdown and blocks.",
        docs_url=None,  # the pages of Swagger and ReDoc load their scripts from the internet
        redoc_url=None,
        lifespan=lifespan,
    )
    _answer_errors(app)

    async def check_token(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        given = credentials.credentials if credentials else ""
        token = settings.token.get_secret_value() if settings.token else ""
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise ServiceError(401, ErrorCode.UNAUTHORIZED, "send the header 'Authorization: Bearer <token>'")

    @app.head("/health", include_in_schema=False)
    @app.get("/health", summary="State of the service; 200 while it lives")
    async def health() -> Health:
        return service.health()

    @app.head("/health/ready", include_in_schema=False)
    @app.get(
        "/health/ready",
        summary="Whether documents can be read now",
        responses={503: {"model": Health, "description": "Not now"}},
    )
    async def ready(response: Response) -> Health:
        state = service.health()
        response.status_code = 200 if state.status is ServiceStatus.OK else 503
        return state

    @app.head("/health/vllm", include_in_schema=False)
    @app.get("/health/vllm", summary="State of the vLLM server")
    async def vllm_health() -> VllmHealth:
        return await vllm.health()

    @app.post(
        "/ocr",
        summary="Read a PDF or an image",
        response_model=DocumentAnswer,
        responses={status: {**facts, "model": ErrorAnswer} for status, facts in _ERRORS.items()},
        dependencies=[Depends(check_token)] if settings.token else [],
        openapi_extra={"requestBody": _REQUEST_BODY},
    )
    async def ocr(
        request: Request,
        page_timeout_s: Annotated[
            float | None,
            Query(gt=0, le=86_400, description="How long a page may take; not more than OCR_SERVICE_PAGE_TIMEOUT_S"),
        ] = None,
    ) -> Response:
        async with service.place():
            limit_s = min(page_timeout_s or settings.page_timeout_s, settings.page_timeout_s)
            return await _read(service, receiver, request, limit_s)

    return app, service


async def _read(service: Service, receiver: Receiver, request: Request, page_timeout_s: float) -> Response:
    settings = service.settings
    request_id: str = request.state.request_id
    with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
        try:
            receiving = receiver.receive(request, Path(folder))
            document = await asyncio.wait_for(receiving, settings.upload_timeout_s)
        except asyncio.TimeoutError:
            message = f"the document did not come in within {settings.upload_timeout_s:g} s"
            raise ServiceError(408, ErrorCode.UPLOAD_TOO_SLOW, message) from None
        reading = DocumentReading(
            request_id, document, service.host, service.splitters, settings, page_timeout_s, service.stopping
        )
        result = await _unless_gone(request, reading.run())
    service.has_given_up |= reading.error is not None and reading.error.code is ErrorCode.STOPPING
    if reading.error is not None and not result.pages:
        raise reading.error
    saved = await asyncio.to_thread(service.output.save, result)
    answer = DocumentAnswer(**dict(result), saved=saved)
    log.info("%s %s: %d of %d pages read", request_id, result.status.value, result.pages_read, result.page_count)
    if reading.error is None:
        return Response(answer.model_dump_json(), media_type=JSON)
    return _error_response(request, reading.error, answer)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, DocumentResult]) -> DocumentResult:
    """Stop the work when the client goes away: nobody would read the answer. Its request has been received whole."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer_errors(app: FastAPI) -> None:
    """One form for all errors, those of the framework included."""

    async def on_service_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)  # noqa: S101
        return _error_response(request, error)

    async def on_wrong_value(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        problem = error.errors()[0]
        message = f"{problem['loc'][-1]}: {words(problem)}"
        return _error_response(request, ServiceError(422, ErrorCode.BAD_REQUEST, message))

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        code = _HTTP_CODES.get(error.status_code, ErrorCode.BAD_REQUEST)
        message = f"{error.detail}: /openapi.json says what there is"
        response = _error_response(request, ServiceError(error.status_code, code, message))
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(ServiceError, on_service_error)
    app.add_exception_handler(RequestValidationError, on_wrong_value)
    app.add_exception_handler(HTTPException, on_http_error)


def _error_response(request: Request, error: ServiceError, result: DocumentAnswer | None = None) -> JSONResponse:
    detail = ErrorDetail(code=error.code, message=error.message)
    answer = ErrorAnswer(error=detail, request_id=request.state.request_id, result=result)
    return JSONResponse(answer.model_dump(mode="json"), status_code=error.status, headers=error_headers(error))
