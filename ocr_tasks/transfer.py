"""Reads and writes objects: presigned http(s) addresses, ``file://`` addresses and paths.

The container holds no credentials: an address carries its own signature in its query, so a query is never shown,
neither in a message nor in a log.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from ocr_tasks.errors import BadShardError, ObjectMissingError, StorageError

_HTTP_SCHEMES = ("http", "https")
_TEMPORARY_STATUSES = (408, 429, 500, 502, 503, 504)
_MISSING_STATUSES = (404, 410)
_QUERY = re.compile(r"\?[\w.~%+-]+=[^\s\"'<>)]*")
_S3_ERROR_CODE = re.compile(rb"<Code>(\w{1,80})</Code>")


def without_secrets(text: str) -> str:
    """Return a text with the query of every address in it replaced by ``?…``."""
    return _QUERY.sub("?…", text)


def describe(address: str) -> str:
    """Name an object for people: its address without user, password, query and fragment."""
    parts = urlsplit(address)
    if parts.scheme not in _HTTP_SCHEMES:
        return address
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_supported(address: str) -> bool:
    """Whether an address is one that ``Transfer`` can read and write."""
    scheme, separator, _ = address.partition("://")
    return bool(address) and (not separator or scheme in (*_HTTP_SCHEMES, "file"))


class Transfer:
    """One pooled client for every object of a shard; safe to use from several threads.

    Args:
        connections: Connections kept open to one host.
        attempts: Tries of one request before storage counts as unreachable. Only connection errors, cut-off bodies
            and the statuses 408, 429, 500, 502, 503, 504 are tried again.
        backoff_s: Wait before the second retry; it doubles from there, to 20 s at most.
        connect_timeout_s: How long to wait for a connection.
        read_timeout_s: How long to wait for the next bytes.
        longest_pause_s: The longest wait before a retry, also where the answer asks for more (``Retry-After``).
        base_folder: What relative paths are relative to.
    """

    def __init__(
        self,
        *,
        connections: int = 4,
        attempts: int = 6,
        backoff_s: float = 0.5,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 60.0,
        longest_pause_s: int = 30,
        base_folder: Path | None = None,
    ) -> None:
        self._base_folder = base_folder or Path()
        self._http = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s),
            retries=urllib3.Retry(
                total=attempts - 1,
                backoff_factor=backoff_s,
                backoff_max=20,
                retry_after_max=longest_pause_s,
                status_forcelist=_TEMPORARY_STATUSES,
                allowed_methods=("GET", "PUT"),
                raise_on_status=False,  # the last answer comes back, with its status and S3's error code
            ),
        )

    def read(self, address: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            ObjectMissingError: There is none (404, 410, no such file).
            StorageError: It could not be had now: no connection, 5xx, 403 (an expired signature), a cut-off body.
        """
        path = self._path(address)
        if path is None:
            return self._request("GET", address).data
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissingError(f"no such file: {path}") from None
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error

    def write(self, address: str, data: bytes, content_type: str = "application/json") -> None:
        """Write an object whole: a reader sees all of it or nothing.

        Raises:
            StorageError: It could not be written now.
        """
        path = self._path(address)
        if path is None:
            try:
                self._request("PUT", address, body=data, headers={"Content-Type": content_type})
            except ObjectMissingError as error:
                raise StorageError(str(error)) from None
            return
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise StorageError(f"cannot write {path}: {error.strerror}") from error

    def _path(self, address: str) -> Path | None:
        """The local path of an address, None where it is http(s)."""
        if not is_supported(address):
            raise BadShardError(f"cannot use the address {describe(address)!r}: give http(s)://, file:// or a path")
        parts = urlsplit(address)
        if parts.scheme in _HTTP_SCHEMES:
            return None
        path = Path(url2pathname(parts.path)) if address.startswith("file://") else Path(address)
        return self._base_folder / path

    def _request(
        self, method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        name = describe(url)
        try:
            response = self._http.request(method, url, body=body, headers=headers, decode_content=False)
        except HTTPError as error:
            # "from None": the chained error holds the whole address, and a traceback would print it.
            cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
            raise StorageError(
                f"storage not reached ({method} {name}): {without_secrets(f'{type(cause).__name__}: {cause}')}"
            ) from None
        if response.status in (200, 201, 204):
            return response
        code = _S3_ERROR_CODE.search(response.data)
        answer = f"{response.status} {code[1].decode()}" if code else str(response.status)
        if response.status in _MISSING_STATUSES:
            raise ObjectMissingError(f"no such object ({answer}): {name}")
        hint = ": its signature has probably expired, a retry gets a new one" if response.status == 403 else ""
        raise StorageError(f"storage answered {answer} to {method} {name}{hint}")
