"""Speaks to an OpenAI-compatible model server, such as vLLM; what it answers is bounded and checked.

The HTTP library is urllib3: ``ocr_tasks`` has it already, and unlike the ``openai`` and ``httpx`` packages of the
PaddleOCR image it takes no proxy from the environment, keeps no cookies and shows every status as it came.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, TypeVar

import urllib3
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from ocr_tasks.errors import EngineUnavailableError
from ocr_tasks.settings import SERVER_API_KEY_VARIABLE
from ocr_tasks.validation import one_line

_MOST_ANSWER_BYTES = 2 * 2**20
"""An answer of 8192 tokens is below 100 KB; more than this is no answer."""
_CHUNK_BYTES = 2**16
_CONNECT_TIMEOUT_S = 10.0
_TEMPORARY_STATUSES = (408, 425, 500, 502, 504)
_OVERLOADED_STATUSES = (429, 503)
_KEY_STATUSES = (401, 403)
_TLS_FAILURES = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
_SHOWN_CHARACTERS = 200
_DATA_ADDRESS = re.compile(r"data:[\w/+.-]*;base64,[\w+/=]*")


class ServerTroubleError(Exception):
    """The server did not answer this time (connection, time, 429, 5xx); another try can help."""


class ConnectionLostError(ServerTroubleError):
    """The connection failed or was cut, as it is when the server breaks down."""


class OverloadedError(ServerTroubleError):
    """The server says that it has too much to do (429, 503).

    Attributes:
        retry_after_s: When it wants to be asked again; 0 where it does not say.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RequestRefusedError(Exception):
    """The server refused this request, and would again; the message holds its own words.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class AnswerError(Exception):
    """What the server answered is no answer of an OpenAI-compatible server."""


@dataclass(frozen=True)
class Completion:
    """What the model said. ``is_cut``: it stopped at its limit of tokens, not because it was finished."""

    text: str
    is_cut: bool


class _Answer(BaseModel):
    """Only what is used is checked: servers differ in the rest."""

    model_config = ConfigDict(strict=True)


class _Message(_Answer):
    content: str


class _Choice(_Answer):
    message: _Message
    finish_reason: str | None = None


class _ChatAnswer(_Answer):
    choices: Annotated[list[_Choice], Field(min_length=1)]


class _Model(_Answer):
    id: str


class _ModelsAnswer(_Answer):
    data: list[_Model]


_AnswerT = TypeVar("_AnswerT", bound=_Answer)


class ModelServer:
    """One server; safe to use from several threads.

    Args:
        url: Its address, ending in ``/v1``.
        api_key: Sent as bearer token; None where the server wants none.
        connections: Connections kept open.
    """

    def __init__(self, url: str, *, api_key: SecretStr | None = None, connections: int = 1) -> None:
        self.url = url.rstrip("/")
        self._api_key = api_key
        self._http = urllib3.PoolManager(num_pools=1, maxsize=connections, retries=False)

    def models(self, timeout_s: float) -> tuple[str, ...]:
        """The names of the models it serves.

        Raises:
            ServerTroubleError: No answer this time.
            RequestRefusedError: It does not tell, such as 404 where the address is wrong.
            AnswerError: It answers something else.
            EngineUnavailableError: It refuses the key, redirects, or its certificate is not trusted.
        """
        data = self._ask("GET", f"{self.url}/models", timeout_s)
        return tuple(_cleaned(model.id) for model in _parsed(_ModelsAnswer, data, "a list of models").data)

    def check_health(self, timeout_s: float) -> None:
        """Ask ``/health`` beside ``/v1``; a server without that page counts as healthy.

        Raises:
            ServerTroubleError: The server says that it is not healthy, or says nothing.
            EngineUnavailableError: As in ``models``.
        """
        try:
            self._ask("GET", f"{self.url.removesuffix('/v1')}/health", timeout_s)
        except RequestRefusedError:
            return

    def complete(self, request: Mapping[str, object], timeout_s: float) -> Completion:
        """Ask for one chat completion.

        Args:
            request: The body, as OpenAI's chat completions take it.
            timeout_s: How long it may take.

        Raises:
            ServerTroubleError: No answer this time.
            RequestRefusedError: The server refuses this request.
            AnswerError: The answer holds no text.
            EngineUnavailableError: As in ``models``.
        """
        body = json.dumps(request, separators=(",", ":")).encode()
        data = self._ask("POST", f"{self.url}/chat/completions", timeout_s, body)
        choice = _parsed(_ChatAnswer, data, "a chat completion").choices[0]
        return Completion(text=choice.message.content, is_cut=choice.finish_reason == "length")

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._http.clear()

    def _ask(self, method: str, url: str, timeout_s: float, body: bytes | None = None) -> bytes:
        deadline = time.monotonic() + timeout_s
        try:
            response = self._http.request(
                method,
                url,
                body=body,
                headers=self._headers(has_body=body is not None),
                timeout=urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            with closing(response):
                data = _read(response, deadline)
        except (HTTPError, OSError) as error:
            if _is_wrong_for_good(error):
                raise EngineUnavailableError(
                    f"no secure connection to the model server at {self.url}: {_cleaned(str(error))}; check its "
                    "address and that this machine trusts its certificate"
                ) from None
            raise _connection_trouble(error, timeout_s) from None
        if response.status == 200:
            return data
        raise self._refusal(response, data)

    def _headers(self, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key.get_secret_value()}"
        return headers

    def _refusal(self, response: urllib3.BaseHTTPResponse, data: bytes) -> Exception:
        """What an answer other than 200 means."""
        status = response.status
        answer = f"answered {status}{self._own_words(data)}"
        if status in _OVERLOADED_STATUSES:
            return OverloadedError(f"it {answer}", _seconds(response.headers.get("Retry-After")))
        if status in _TEMPORARY_STATUSES:
            return ServerTroubleError(f"it {answer}")
        if status in _KEY_STATUSES:
            hint = "check it" if self._api_key else "none is set"
            return EngineUnavailableError(
                f"the model server at {self.url} refuses the key ({status}): {SERVER_API_KEY_VARIABLE}, {hint}"
            )
        if 300 <= status < 400:
            return EngineUnavailableError(
                f"the model server at {self.url} {answer}, a redirect, which is not followed: "
                "give the address that really answers"
            )
        return RequestRefusedError(f"the model server {answer}", status)

    def _own_words(self, data: bytes) -> str:
        """What the server says about an error: OpenAI's form, vLLM's older one, FastAPI's; nothing of any other."""
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            return ""
        for name in ("error", "message", "detail"):
            if isinstance(told, dict) and name in told:
                told = told[name]
        if not isinstance(told, str):
            return ""
        if self._api_key:
            told = told.replace(self._api_key.get_secret_value(), "…")
        return f": {_cleaned(told)}" if told.strip() else ""


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The body, however slowly it comes in: the time limit of a socket begins anew with every byte."""
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := response.read1(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > _MOST_ANSWER_BYTES:
            raise AnswerError(f"the model server answered more than {_MOST_ANSWER_BYTES // 2**20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(form: type[_AnswerT], data: bytes, name: str) -> _AnswerT:
    try:
        return form.model_validate_json(data)
    except ValidationError as error:
        raise AnswerError(f"the model server answered something else than {name}: {one_line(error)}") from None


def _is_wrong_for_good(error: Exception) -> bool:
    """Whether a secure connection fails because of what only a person can mend, and not because it was cut."""
    cause = error.args[0] if isinstance(error, SSLError) and error.args else None
    return isinstance(cause, ssl.SSLError) and cause.reason in _TLS_FAILURES


def _connection_trouble(error: Exception, timeout_s: float) -> ServerTroubleError:
    """What went wrong on the way, without the object names that urllib3 puts around it."""
    if isinstance(error, NameResolutionError):
        return ServerTroubleError("its host name is not known here")
    if isinstance(error, HTTPTimeoutError | TimeoutError) and not isinstance(error, NewConnectionError):
        return ServerTroubleError(f"no answer within {timeout_s:.3g} s")
    causes = [error.__cause__, *error.args[::-1], error]
    cause = next(cause for cause in causes if isinstance(cause, Exception))
    told = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return ConnectionLostError(_cleaned(told))


def _seconds(retry_after: str | None) -> float:
    """What ``Retry-After`` asks for; 0 where it says nothing, or a date."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else 0.0


def _cleaned(text: str) -> str:
    """Words of a server for people: one short line, without control characters and without pictures."""
    text = _DATA_ADDRESS.sub("data:…", text)
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
