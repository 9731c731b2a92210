"""Has pages read by a deployed OCR service (``python -m ocr_tasks serve``): its blocks are handed on as they come.

What the service answers is bounded and checked: it is another machine, perhaps of another version.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import urllib3
from pydantic import Field, SecretStr, ValidationError, field_validator
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from ocr_tasks.contract import EngineSpec, PageStatus
from ocr_tasks.engines.base import Engine, EngineInfo, Finding, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.errors import (
    BadShardError,
    EngineDiedError,
    EngineUnavailableError,
    EngineUnreachableError,
    PageError,
    PageTimeoutError,
)
from ocr_tasks.images import PageImage
from ocr_tasks.service.answers import DocumentAnswer, EngineState, ErrorAnswer, Health, ServicePage
from ocr_tasks.settings import REMOTE_TOKEN_VARIABLE, remote_token
from ocr_tasks.validation import one_line

log = logging.getLogger(__name__)

_MOST_ANSWER_BYTES = 32 * 2**20
"""The pipeline takes no larger page result either."""
_CHUNK_BYTES = 2**16
_CONNECT_TIMEOUT_S = 10.0
_HEALTH_TIMEOUT_S = 10.0
_HEALTH_PAUSE_S = 2.0
_BUSY_STATUSES = (408, 425, 429, 502, 503)
_TIME_IS_OVER = 504
_REFUSING_STATUSES = (301, 302, 303, 307, 308, 401, 403, 404, 405)
_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_MOST_FAILED_CONNECTIONS = 5
_MOST_SUSPECTS = 2
"""Pages in a row that a service fails on, none read between them: then it is not the pages."""
_SHORTEST_LIMIT_S = 0.1
_SHOWN_CHARACTERS = 300


class RemoteOptions(EngineOptions):
    """Options of the engine. The service's token is no option: ``OCR_REMOTE_TOKEN``.

    Attributes:
        url: Where the service is, such as ``https://ocr.example:8081``.
        concurrency: Pages on their way at the same time; more than the service reads at a time only wait there.
        start_timeout_s: How long a service that loads its model is waited for.
        queue_timeout_s: How long a page may wait for its turn, or for a service that restarts, besides its own time.
    """

    url: str
    concurrency: Annotated[int, Field(ge=1, le=256)] = 2
    start_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 300.0
    queue_timeout_s: Annotated[float, Field(ge=0, le=3600)] = 600.0

    @field_validator("url")
    @classmethod
    def _is_address_of_a_service(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give the address of the service, such as https://ocr.example:8081")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("give it without user, password and query; a token goes into OCR_REMOTE_TOKEN")
        return value.rstrip("/").removesuffix("/ocr")


@dataclass(frozen=True)
class _Answered:
    """One answer, whatever it says."""

    status: int
    data: bytes
    retry_after_s: float

    @property
    def error(self) -> ErrorAnswer | None:
        """The service's own error; None where it is none, or that of something in front of the service."""
        try:
            return ErrorAnswer.model_validate_json(self.data)
        except ValidationError:
            return None

    @property
    def told(self) -> str:
        """What the service says about an error, in one short line."""
        if self.error is None:
            return f"it answered {self.status}"
        text = self.error.error.message
        return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_SHOWN_CHARACTERS]

    @property
    def is_about_now(self) -> bool:
        """Whether it says nothing about the page, which may be read a little later."""
        if self.status == _TIME_IS_OVER:  # of the page, only where the service itself says what became of it
            return self.error is None or self.error.result is None or not self.error.result.pages
        return self.status in _BUSY_STATUSES


class NoAnswerError(Exception):
    """The service was not reached, or did not answer whole."""


class RemoteService:
    """One service; safe to use from several threads.

    Args:
        url: Its address.
        token: Sent as bearer token; None where the service wants none.
        connections: Connections kept open.
    """

    def __init__(self, url: str, token: SecretStr | None, connections: int) -> None:
        self.url = url
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        # No proxy of the environment, no redirects: pages and the token go where the options say, or nowhere.
        self._http = urllib3.PoolManager(num_pools=1, maxsize=connections, retries=False)

    def health(self) -> Health:
        """The state of the service.

        Raises:
            NoAnswerError: It is not reached.
            EngineUnavailableError: What answers is no such service, or refuses the token.
        """
        try:
            answered = self._ask("GET", "/health", _HEALTH_TIMEOUT_S)
        except PageError as error:
            raise EngineUnavailableError(f"{error}, asked for its health: correct the option url") from None
        self.check_not_refused(answered)
        if answered.status != 200:
            raise NoAnswerError(answered.told)
        try:
            return Health.model_validate_json(answered.data)
        except ValidationError:
            raise EngineUnavailableError(
                f"what answers at {self.url} is no OCR service: correct the option url"
            ) from None

    def read(self, png: bytes, timeout_s: float, wait_s: float) -> _Answered:
        """Have one page read.

        Args:
            png: The page.
            timeout_s: How long it may take there, from when its turn has come.
            wait_s: How long the answer is waited for.

        Raises:
            NoAnswerError: The service is not reached, or did not answer in time. That is not the page's fault: it may
                not even have had its turn.
            PageError: The answer is too large.
        """
        body, kind = urllib3.encode_multipart_formdata({"file": ("page.png", png, "image/png")})
        limit_s = max(timeout_s, _SHORTEST_LIMIT_S)
        return self._ask("POST", f"/ocr?page_timeout_s={limit_s:.1f}", wait_s, body, kind)

    def check_not_refused(self, answered: _Answered) -> None:
        """Make sure that no person has to mend something.

        Raises:
            EngineUnavailableError: The token or the address is wrong.
        """
        if answered.status in (401, 403):
            raise EngineUnavailableError(
                f"the OCR service at {self.url} refuses the token: set {REMOTE_TOKEN_VARIABLE}"
            )
        if answered.status in _REFUSING_STATUSES:
            raise EngineUnavailableError(
                f"the OCR service at {self.url} answered {answered.status}: correct the option url"
            )

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._http.clear()

    def _ask(
        self, method: str, path: str, timeout_s: float, body: bytes | None = None, kind: str | None = None
    ) -> _Answered:
        deadline = time.monotonic() + timeout_s
        try:
            response = self._http.request(
                method,
                self.url + path,
                body=body,
                headers={**self._headers, "Content-Type": kind} if kind else self._headers,
                timeout=urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            with closing(response):
                data = _read_whole(response, deadline)
        except urllib3.exceptions.SSLError as error:
            raise EngineUnavailableError(f"no secure connection to the OCR service at {self.url}: {error}") from None
        except urllib3.exceptions.NewConnectionError as error:
            raise NoAnswerError(str(error).rpartition(": ")[2].rpartition("] ")[2]) from None
        except ConnectTimeoutError:
            raise NoAnswerError("no connection in time") from None
        except (HTTPTimeoutError, TimeoutError):
            raise NoAnswerError(f"it did not answer within {timeout_s:.3g} s") from None
        except (HTTPError, OSError) as error:
            raise NoAnswerError(f"the connection failed ({type(error).__name__})") from None
        return _Answered(response.status, data, _seconds(response.headers.get("Retry-After")))


class RemoteEngine(Engine):
    """Sends pages to a service and hands on what it read."""

    options_type = RemoteOptions
    secret_variables = (REMOTE_TOKEN_VARIABLE,)
    fits_beside_itself = True

    def __init__(self, spec: EngineSpec) -> None:
        self._options = options = RemoteOptions.of(spec)
        self._service = RemoteService(options.url, remote_token(os.environ), options.concurrency)
        self._info = _await_service(self._service, options.start_timeout_s)
        self._lock = threading.Lock()
        self._failed_in_a_row = 0

    @classmethod
    def page_wait_s(cls, spec: EngineSpec) -> float:
        """As long as a page may wait for its turn."""
        return RemoteOptions.of(spec).queue_timeout_s

    @classmethod
    def start_wait_s(cls, spec: EngineSpec) -> float:
        """As long as the service is waited for."""
        return RemoteOptions.of(spec).start_timeout_s

    @property
    def info(self) -> EngineInfo:
        """Name ``remote``; as version the engine that really reads, with its version; its model and digest."""
        return self._info

    @property
    def concurrency(self) -> int:
        """That of the options."""
        return self._options.concurrency

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read one page.

        Its time counts from when its turn has come there. Besides, it may wait for ``queue_timeout_s``: for its turn,
        and while the service is busy or restarted.
        """
        deadline = time.monotonic() + timeout_s + self._options.queue_timeout_s
        png = _png(page)
        failures = 0
        while True:
            pause_s = _PAUSE_S * 2**failures
            try:
                wait_s = max(deadline - time.monotonic(), _SHORTEST_LIMIT_S)
                answered = self._service.read(png, timeout_s, wait_s)
            except NoAnswerError as error:
                failures += 1
                trouble = str(error)
            else:
                if not answered.is_about_now:
                    return self._reading(answered, page)
                trouble, pause_s = answered.told, answered.retry_after_s or pause_s
            pause_s = min(pause_s, _LONGEST_PAUSE_S)
            if failures == _MOST_FAILED_CONNECTIONS or time.monotonic() + pause_s >= deadline:
                raise EngineUnreachableError(f"the OCR service at {self._options.url} does not read now: {trouble}")
            time.sleep(pause_s)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Ask the service for its state."""
        try:
            options = RemoteOptions.of(spec)
            health = RemoteService(options.url, remote_token(os.environ), 1).health()
        except (BadShardError, EngineUnavailableError) as error:
            return [Finding(is_ok=False, text=str(error))]
        except NoAnswerError as error:
            return [Finding(is_ok=False, text=f"the OCR service at {options.url} does not answer: {error}")]
        facts = f"the OCR service at {options.url} is {health.paddleocr.value}: {_version(health)}"
        reason = f" ({health.reason})" if health.reason else ""
        return [Finding(is_ok=health.paddleocr is EngineState.READY, text=facts + reason)]

    @classmethod
    def diagnose_container(cls, spec: EngineSpec) -> list[Finding]:
        """Check the options: everything else is at the service."""
        RemoteOptions.of(spec)
        return []

    def _reading(self, answered: _Answered, page: PageImage) -> PageReading:
        self._service.check_not_refused(answered)
        if answered.status == _TIME_IS_OVER:
            raise PageTimeoutError(f"the OCR service: {answered.told}")
        if 400 <= answered.status < 500:
            raise PageError(f"the OCR service: {answered.told}")
        if answered.status != 200:
            raise self._failure(f"the OCR service: {answered.told}")
        read = self._checked(answered.data, page)
        with self._lock:
            self._failed_in_a_row = 0
        return PageReading(
            blocks=read.blocks,
            width_px=read.width_px or page.width_px,
            height_px=read.height_px or page.height_px,
            rotation_deg=read.rotation_deg,
            confidence=read.confidence,
            quality_flags=read.quality_flags,
            unread_reason=read.reason if read.status is PageStatus.FAILED else None,
        )

    def _failure(self, reason: str) -> EngineDiedError | EngineUnreachableError:
        """What it means that the service failed, on this page or on every one."""
        with self._lock:
            self._failed_in_a_row += 1
            if self._failed_in_a_row < _MOST_SUSPECTS:
                return EngineDiedError(reason)
        return EngineUnreachableError(
            f"the OCR service at {self._options.url} fails on every page, the last time: {reason}"
        )

    def _checked(self, data: bytes, page: PageImage) -> ServicePage:
        try:
            answer = DocumentAnswer.model_validate_json(data)
        except ValidationError as error:
            raise self._failure(f"the OCR service gave no valid answer: {one_line(error)}") from None
        if len(answer.pages) != 1:
            raise self._failure(f"the OCR service answered {len(answer.pages)} pages for one")
        read = answer.pages[0]
        size = {read.width_px, read.height_px}
        if size != {page.width_px, page.height_px} and (size != {0} or read.blocks):
            raise self._failure(f"the OCR service answered for another page: {read.width_px} × {read.height_px} pixels")
        identity = (f"{read.engine} {read.engine_version}", read.model, read.model_digest)
        if identity != (self._info.version, self._info.model, self._info.model_digest):
            raise EngineUnreachableError(
                f"the OCR service at {self._options.url} now reads with {identity[0]}, not with {self._info.version}: "
                "another run takes the new engine"
            )
        return read


def _await_service(service: RemoteService, timeout_s: float) -> EngineInfo:
    """Wait until the service can read.

    Raises:
        EngineUnavailableError: Its engine has failed.
        EngineUnreachableError: It was not ready in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            health = service.health()
            trouble = health.reason or "its engine is being loaded"
            if health.paddleocr is EngineState.READY:
                return EngineInfo("remote", _version(health), health.engine.model, health.engine.model_digest)
            if health.paddleocr is EngineState.FAILED:
                raise EngineUnavailableError(f"the engine of the OCR service at {service.url} failed: {trouble}")
        except NoAnswerError as error:
            trouble = str(error)
        if time.monotonic() + _HEALTH_PAUSE_S >= deadline:
            raise EngineUnreachableError(
                f"the OCR service at {service.url} was not ready in {timeout_s:g} s: {trouble}"
            )
        log.info("waiting for the OCR service at %s: %s", service.url, trouble)
        time.sleep(_HEALTH_PAUSE_S)


def _version(health: Health) -> str:
    return f"{health.engine.name} {health.engine.version}"


def _png(page: PageImage) -> bytes:
    """The pixels as they are; a JPEG would change what is read."""
    buffer = io.BytesIO()
    dpi = {"dpi": (page.dpi, page.dpi)} if page.dpi else {}
    page.image.save(buffer, "PNG", compress_level=1, **dpi)
    return buffer.getvalue()


def _read_whole(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The body, however slowly it comes in: the time limit of a socket begins anew with every byte."""
    data = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        data += chunk
        if len(data) > _MOST_ANSWER_BYTES:
            raise PageError(f"the OCR service answered more than {_MOST_ANSWER_BYTES // 2**20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(data)


def _seconds(retry_after: str | None) -> float:
    """What ``Retry-After`` asks for; 0 where it says nothing, or a date."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else 0.0
