"""Writes the file of a multipart form to disk as it comes in: once, and with nothing of it kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_MOST_NAME_BYTES = 16 * 1024
"""Of the headers that name a part."""


class BadFormError(Exception):
    """The form is none, or not one with one file; the message is for people."""


async def write_file_of_form(content_type: str, chunks: AsyncIterator[bytes], field: str, target: BinaryIO) -> None:
    """Write what a form has in one of its fields; its other fields are passed over.

    Args:
        content_type: The header of the request, with the boundary between the parts.
        chunks: The body of the request. How long it may be is for the caller to limit.
        field: Name of the field.
        target: Gets the file.

    Raises:
        BadFormError: The form cannot be read, or has not exactly one file there.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise BadFormError("the form cannot be read: its header Content-Type names no boundary")
    parts = _Parts(field.encode(), target)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_finished,
                "on_part_data": parts.data,
                "on_end": parts.end,
            },
        )
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise BadFormError("the form cannot be read: it is no multipart/form-data, or was cut off") from None
    if not parts.files:
        raise BadFormError(f"the form has no file in the field {field!r}")
    if not parts.is_whole:
        raise BadFormError("the form cannot be read: it was cut off")


class _Parts:
    """What the parser finds, in its order."""

    def __init__(self, field: bytes, target: BinaryIO) -> None:
        self._field = field
        self._target = target
        self._name = b""
        self._value = b""
        self._disposition = b""
        self._is_file = False
        self.files = 0
        self.is_whole = False

    def begin(self) -> None:
        self._disposition = b""
        self._is_file = False

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = _longer(self._name, data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = _longer(self._value, data[start:end])

    def header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._is_file = options.get(b"name") == self._field and b"filename" in options
        self.files += self._is_file
        if self.files > 1:
            raise BadFormError("the form has several files: send one document a request")

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._target.write(data[start:end])

    def end(self) -> None:
        self.is_whole = True


def _longer(text: bytes, more: bytes) -> bytes:
    if len(text) + len(more) > _MOST_NAME_BYTES:
        raise BadFormError("the form cannot be read: the headers of a part are too long")
    return text + more
