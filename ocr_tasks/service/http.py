"""What stands around every request: its id, its line in the log, the limit of its body, an answer whatever happens."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocr_tasks.service.answers import ErrorAnswer, ErrorDetail
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.saving import new_request_id
from ocr_tasks.service.uploads import content_type, most_body_bytes, too_large

log = logging.getLogger(__name__)

_DRAIN_S = 5.0


def error_body(error: ServiceError, request_id: str) -> bytes:
    """The JSON of an error."""
    detail = ErrorDetail(code=error.code, message=error.message)
    return ErrorAnswer(error=detail, request_id=request_id).model_dump_json().encode()


def error_headers(error: ServiceError) -> dict[str, str]:
    """The headers that an error needs beside its body."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


class RequestShell:
    """Wraps the application.

    Args:
        app: The application.
        max_bytes: Largest document.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        exchange = _Exchange(scope, receive, send, self._max_bytes)
        try:
            exchange.check_length()
            await self._app(scope, exchange.receive, exchange.send)
        except ServiceError as error:
            await exchange.answer(error)
        except ClientDisconnect:
            log.info("%s the client went away", exchange.request_id)
        except Exception as error:
            _log_defect(exchange.request_id, error)
            told = "a defect of the service: its log says more about this request"
            await exchange.answer(ServiceError(500, ErrorCode.INTERNAL, told))
        finally:
            log.info(
                "%s %s %s %s, %d bytes, %.2f s",
                *(exchange.request_id, scope["method"], _path(scope), exchange.status or "no answer"),
                *(exchange.received_bytes, time.monotonic() - started),
            )


class _Exchange:
    """One request on its way in and its answer on its way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._max_bytes = max_bytes
        self._limit_bytes = most_body_bytes(content_type(self._headers), max_bytes)
        self._is_complete = False
        self.received_bytes = 0
        self.status: int | None = None
        self.request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = self.request_id

    def check_length(self) -> None:
        """Refuse what is announced to be too large before any of it is received."""
        length = self._headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limit_bytes:
            raise too_large(self._max_bytes)

    async def receive(self) -> Message:
        message = await self._take()
        if self.received_bytes > self._limit_bytes:
            raise too_large(self._max_bytes)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Request-ID"] = self.request_id
            if message["status"] >= 400:
                await self._drain()
        await self._send(message)

    async def answer(self, error: ServiceError) -> None:
        """Answer with an error, unless an answer has begun."""
        if self.status is not None:
            return
        headers = {"content-type": "application/json", **error_headers(error)}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": error.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": error_body(error, self.request_id)})

    async def _take(self) -> Message:
        message = await self._receive()
        self.received_bytes += len(message.get("body", b""))
        self._is_complete = self._is_complete or not message.get("more_body", False)
        return message

    async def _drain(self) -> None:
        """Take in a little more of a body that is refused: a client that still sends would be cut off unanswered.

        Not where the client waits to be told to go on (``Expect: 100-continue``), as curl does with large bodies.
        """
        is_waiting = self._headers.get("expect", "").lower() == "100-continue" and not self.received_bytes
        has_body = not self._headers.keys().isdisjoint(("content-length", "transfer-encoding"))
        if is_waiting or not has_body:
            return
        deadline = time.monotonic() + _DRAIN_S
        most = self._limit_bytes + self._max_bytes
        while not self._is_complete and self.received_bytes < most:
            try:
                await asyncio.wait_for(self._take(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                return


def _path(scope: Scope) -> str:
    """The path as it was sent, so that it is one word; its query may hold secrets."""
    return str(scope.get("raw_path", b"").decode("ascii", "backslashreplace")[:200])


def _log_defect(request_id: str, error: Exception) -> None:
    """Where it happened, without its message: that may hold words of a document."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s defect: %s\n%s", request_id, type(error).__name__, frames)
