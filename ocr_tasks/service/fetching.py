"""Fetches the document that a caller names by its address, from the public internet only.

Each host is resolved once, the addresses are judged, and the connection is made to an address that was judged: a name
that resolves to something else a moment later (DNS rebinding) gains nothing. Redirects are followed here, each judged
anew. Proxies of the environment are not used: they would connect for us to what was not judged.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import h11

from ocr_tasks.service.addresses import is_public
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.transfer import describe

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_CONNECT_TIMEOUT_S = 10.0
_CHUNK_BYTES = 64 * 1024
_MOST_URL_LENGTH = 8192
_MOST_HEADER_BYTES = 64 * 1024
_URL_SIGNS = "/%:=&?~#+!$,;'@()*[]"

IsAllowed = Callable[[str], bool]


class Fetcher:
    """Fetches documents.

    Args:
        max_bytes: Largest document.
        is_allowed: Whether a numeric address may be connected to.
    """

    def __init__(self, max_bytes: int, is_allowed: IsAllowed = is_public) -> None:
        self._max_bytes = max_bytes
        self._is_allowed = is_allowed
        self._tls = ssl.create_default_context()

    async def fetch(self, url: str, target: BinaryIO) -> None:
        """Write what an address answers into a file. Its time is for the caller to limit.

        Raises:
            ServiceError: 422 for an address that is refused or gives nothing, 413 for too much; no query is shown.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _checked(url)
            location = await self._get(parts, target)
            if location is None:
                return
            url = _joined(parts, location)
        raise _not_fetched(url, f"more than {_MOST_REDIRECTS} redirects")

    async def _get(self, parts: SplitResult, target: BinaryIO) -> str | None:
        """Write the body and return None, or return where a redirect points to."""
        name = describe(urlunsplit(parts))
        try:
            async with self._connected(parts) as exchange:
                answer = await exchange.request(parts)
                headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in answer.headers}
                if answer.status_code in _REDIRECTS and "location" in headers:
                    return headers["location"]
                if answer.status_code != 200:
                    raise _not_fetched(name, f"it answered {answer.status_code}")
                if headers.get("content-encoding", "identity").lower() != "identity":
                    raise _not_fetched(name, "it answered compressed, which was not asked for")
                length = headers.get("content-length", "")
                if length.isdecimal() and int(length) > self._max_bytes:
                    raise self._too_large(name)
                await self._write(exchange, target, name)
        except ssl.SSLError as error:
            raise _not_fetched(
                name, f"no trusted connection: {getattr(error, 'verify_message', '') or error.reason}"
            ) from None
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            raise _not_fetched(name, f"the connection failed: {error or type(error).__name__}") from None
        except h11.ProtocolError:
            raise _not_fetched(name, "its answer is no HTTP, or was cut off") from None
        return None

    async def _write(self, exchange: _Exchange, target: BinaryIO, name: str) -> None:
        written = 0
        async for chunk in exchange.body():
            written += len(chunk)
            if written > self._max_bytes:
                raise self._too_large(name)
            target.write(chunk)

    @asynccontextmanager
    async def _connected(self, parts: SplitResult) -> AsyncIterator[_Exchange]:
        host = _ascii_host(parts)
        port = parts.port or _PORTS[parts.scheme]
        address = await self._resolve(host, port)
        is_tls = parts.scheme == "https"
        connecting = asyncio.open_connection(
            address, port, ssl=self._tls if is_tls else None, server_hostname=host if is_tls else None
        )
        reader, writer = await asyncio.wait_for(connecting, _CONNECT_TIMEOUT_S)
        try:
            yield _Exchange(reader, writer)
        finally:
            writer.transport.abort()  # whatever the other side still sends is of no use

    async def _resolve(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ServiceError(422, ErrorCode.URL_NOT_FETCHED, f"url: the host {host!r} was not found") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise ServiceError(
                422,
                ErrorCode.REFUSED_URL,
                f"url: the host {host!r} is not on the public internet: send the document itself, or let the operator "
                "set OCR_SERVICE_ALLOW_PRIVATE_URLS",
            )
        return addresses[0]

    def _too_large(self, name: str) -> ServiceError:
        return ServiceError(413, ErrorCode.TOO_LARGE, f"{name} is larger than {self._max_bytes} bytes")


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)

    async def request(self, parts: SplitResult) -> h11.Response:
        target = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=_URL_SIGNS)
        headers = [
            ("Host", _host_header(parts)),
            ("Accept", "application/pdf, image/*"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "tenderlake-ocr"),
            ("Connection", "close"),
        ]
        self._writer.write(self._http.send(h11.Request(method="GET", target=target, headers=headers)) or b"")
        self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
        await self._writer.drain()
        event = await self._next_event()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next_event()
        if not isinstance(event, h11.Response):
            raise h11.RemoteProtocolError("no answer")
        return event

    async def body(self) -> AsyncIterator[bytes]:
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    async def _next_event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(await self._reader.read(_CHUNK_BYTES))


def _checked(url: str) -> SplitResult:
    """Take an address apart.

    Raises:
        ServiceError: It is none that is fetched.
    """
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if len(url) > _MOST_URL_LENGTH or not is_whole or not url.isprintable():
        raise ServiceError(422, ErrorCode.REFUSED_URL, "url: give a whole http:// or https:// address")
    if parts.username is not None or parts.password is not None:
        raise ServiceError(422, ErrorCode.REFUSED_URL, "url: an address with user and password is not fetched")
    return parts


def _ascii_host(parts: SplitResult) -> str:
    """The host as it is resolved, asked for and named in its certificate: letters beyond ASCII are encoded (IDNA)."""
    host = parts.hostname or ""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise ServiceError(422, ErrorCode.URL_NOT_FETCHED, f"url: the host {host!r} was not found") from None


def _host_header(parts: SplitResult) -> str:
    host = _ascii_host(parts)
    name = f"[{host}]" if ":" in host else host
    return name if parts.port is None else f"{name}:{parts.port}"


def _joined(parts: SplitResult, location: str) -> str:
    """The address that a redirect points to."""
    try:
        return urljoin(urlunsplit(parts), location)
    except ValueError:
        raise ServiceError(422, ErrorCode.REFUSED_URL, "url: it redirects to what is no address") from None


def _not_fetched(url: str, reason: str) -> ServiceError:
    return ServiceError(422, ErrorCode.URL_NOT_FETCHED, f"{describe(url)} was not fetched: {reason}")
