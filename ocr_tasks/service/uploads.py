"""Takes a document from a request: a multipart file, base64 or an address in JSON."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path

from fastapi import Request
from pydantic import ValidationError

from ocr_tasks.service.answers import JsonDocument
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.fetching import Fetcher
from ocr_tasks.service.forms import BadFormError, write_file_of_form
from ocr_tasks.service.pages import ReceivedDocument
from ocr_tasks.service.sniffing import HEAD_BYTES, media_type
from ocr_tasks.validation import one_line

MULTIPART = "multipart/form-data"
JSON = "application/json"
_FILE_FIELD = "file"
_DECODED_CHARACTERS = 4 * 2**20
_ENVELOPE_BYTES = 64 * 1024
"""What a request may have beside the document: headers of parts, other fields, the address."""


def content_type(headers: dict[str, str]) -> str:
    """The media type of a request without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def most_body_bytes(kind: str, max_bytes: int) -> int:
    """How large a request may be that carries the largest document."""
    return _ENVELOPE_BYTES + (-(-max_bytes // 3) * 4 if kind == JSON else max_bytes)


class Receiver:
    """Takes documents from requests: whatever is waiting is on disk, and nothing of it in memory.

    Args:
        max_bytes: Largest document.
        fetcher: Fetches what is named by its address.
    """

    def __init__(self, max_bytes: int, fetcher: Fetcher) -> None:
        self._max_bytes = max_bytes
        self._fetcher = fetcher
        self._decoding = asyncio.Lock()
        """JSON is in memory twice while it is taken apart: one document at a time."""

    async def receive(self, request: Request, folder: Path) -> ReceivedDocument:
        """Write the document into a folder.

        Raises:
            ServiceError: 413, 415 or 422: the request has no document that is read.
        """
        path = folder / "document"
        kind = content_type(dict(request.headers))
        if kind == MULTIPART:
            await self._from_multipart(request, path)
        elif kind == JSON:
            await self._from_json(request, path)
        else:
            raise ServiceError(
                415,
                ErrorCode.UNSUPPORTED_TYPE,
                f"send {MULTIPART} with the document in the field {_FILE_FIELD!r}, or {JSON}",
            )
        return await asyncio.to_thread(self._checked, path)

    async def _from_multipart(self, request: Request, path: Path) -> None:
        try:
            with path.open("wb") as target:
                await write_file_of_form(request.headers["content-type"], request.stream(), _FILE_FIELD, target)
        except BadFormError as error:
            raise _bad(str(error)) from None

    async def _from_json(self, request: Request, path: Path) -> None:
        body = path.with_name("body")
        with body.open("wb") as target:
            async for chunk in request.stream():
                target.write(chunk)
        async with self._decoding:
            url = await asyncio.to_thread(_take_apart, body, path)
        if url is not None:
            with path.open("wb") as target:
                await self._fetcher.fetch(url, target)

    def _checked(self, path: Path) -> ReceivedDocument:
        size_bytes = path.stat().st_size
        if size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if not size_bytes:
            raise _bad("the document is empty")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            digest.update(head)
            while chunk := file.read(2**20):
                digest.update(chunk)
        found = media_type(head)
        if found is None:
            raise ServiceError(
                415,
                ErrorCode.UNSUPPORTED_TYPE,
                "this is no PDF and no image of a known kind (PNG, JPEG, TIFF, JPEG 2000, WebP, GIF, BMP, PNM): "
                "its content decides, not its name",
            )
        return ReceivedDocument(path=path, media_type=found, size_bytes=size_bytes, document_id=digest.hexdigest())


def too_large(max_bytes: int) -> ServiceError:
    """The answer to a document that is too large."""
    return ServiceError(
        413,
        ErrorCode.TOO_LARGE,
        f"the document is larger than {max_bytes} bytes: split it, or let the operator raise OCR_SERVICE_MAX_BYTES",
    )


def _take_apart(body: Path, path: Path) -> str | None:
    """Write the document that a JSON body has, or return the address that it names; the body is deleted."""
    try:
        sent = JsonDocument.model_validate_json(body.read_bytes())
    except ValidationError as error:
        raise _bad(f"wrong JSON: {one_line(error)}") from None
    finally:
        body.unlink(missing_ok=True)
    if (sent.file is None) == (sent.url is None):
        raise _bad('wrong JSON: give either "file" (base64) or "url"')
    if sent.file is not None:
        try:
            _write_base64(sent.file, path)
        except ValueError:
            raise _bad('"file" is no base64: encode the document in one piece, without line breaks') from None
    return sent.url


def _write_base64(text: str, path: Path) -> None:
    with path.open("wb") as target:
        for start in range(0, len(text), _DECODED_CHARACTERS):
            part = text[start : start + _DECODED_CHARACTERS]
            if part.endswith("=") and start + len(part) < len(text):
                raise ValueError("the end in the middle")
            target.write(base64.b64decode(part, validate=True))


def _bad(message: str) -> ServiceError:
    return ServiceError(422, ErrorCode.BAD_REQUEST, message)
