"""Signed and encrypted messages (CMS, RFC 5652; once PKCS #7): ``.sig``, ``.p7s``, ``.p7m``.

A signature lies beside its document, or holds it: the same names are used for both, and programs write either as BER or
as base64, with PEM's lines or bare. Only the few fields before the document are read; no signature is checked.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO

_CHUNK_BYTES = 1 << 20
_MOST_LEVELS = 16
_SEQUENCE, _OBJECT_ID, _FIELD_0 = 0x30, 0x06, 0xA0
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_CONSTRUCTED = 0x20
_SIGNED, _ENVELOPED, _ENCRYPTED = (bytes.fromhex(f"2a864886f70d0107{last}") for last in ("02", "03", "06"))
_BASE64_BEGIN = re.compile(rb"MI[A-P][A-Za-z0-9+/]{20}")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BLANKS = b"\0\r\n\t \xef\xbb\xbf\xff\xfe"
"""Not of base64: blanks, marks of Unicode, and every other byte of UTF-16."""
_PEM_BEGIN = re.compile(rb"\A-----BEGIN[^-]{0,80}-----")


class MessageKind(Enum):
    """What a message is to a reader."""

    SIGNATURE = auto()
    SIGNED_FILE = auto()
    ENCRYPTED = auto()


class DamagedMessageError(ValueError):
    """The message is cut off, or no CMS."""


def message_kind(head: bytes) -> MessageKind | None:
    """What the message that begins with ``head`` is; None where it is none."""
    head = _decoded_head(head)
    if not head.startswith(b"\x30"):
        return None
    try:
        return _Message(io.BytesIO(head)).kind
    except DamagedMessageError:
        return None


def signed_file(path: Path, work: Path) -> Iterator[bytes]:
    """The file within a signed message, in pieces.

    Args:
        path: The message.
        work: An existing folder, for a message in base64 while it is decoded.

    Raises:
        DamagedMessageError: The message is cut off.
        OSError: Our disk failed.
    """
    with path.open("rb") as source:
        if source.read(1) == b"\x30":
            source.seek(0)
            yield from _Message(source).file()
            return
        decoded = work / "decoded"
        try:
            with decoded.open("w+b") as target:
                source.seek(0)
                _decode(source, target)
                target.seek(0)
                yield from _Message(target).file()
        finally:
            decoded.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Field:
    tag: int
    size: int | None
    """Of its content in bytes; None where an end mark closes it."""

    @property
    def is_end(self) -> bool:
        return self.tag == 0 and self.size == 0


class _Message:
    """Reads a message up to its document, then the document (BER: X.690, 8.1)."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.kind = self._begin()

    def _begin(self) -> MessageKind | None:
        self._enter(_SEQUENCE)
        kind = self._value(_OBJECT_ID)
        if kind in (_ENVELOPED, _ENCRYPTED):
            return MessageKind.ENCRYPTED
        if kind != _SIGNED:
            return None
        try:
            return MessageKind.SIGNED_FILE if self._has_file() else MessageKind.SIGNATURE
        except DamagedMessageError:
            return MessageKind.SIGNATURE  # there is no more to it than its name

    def _has_file(self) -> bool:
        """Read on to the document; False where there is none."""
        self._enter(_FIELD_0)
        self._enter(_SEQUENCE)
        self._skip(self._field())  # the version
        self._skip(self._field())  # the algorithms
        signed = self._enter(_SEQUENCE)
        begin = self._source.tell()
        self._value(_OBJECT_ID)
        is_over = signed.size is not None and self._source.tell() - begin >= signed.size
        return not is_over and not self._field().is_end

    def file(self) -> Iterator[bytes]:
        """The bytes of the document."""
        if self.kind is MessageKind.SIGNED_FILE:
            yield from self._octets(self._field(), _MOST_LEVELS)

    def _octets(self, field: _Field, levels: int) -> Iterator[bytes]:
        if field.tag == _OCTETS and field.size is not None:
            left = field.size
            while left:
                chunk = self._read(min(left, _CHUNK_BYTES))
                left -= len(chunk)
                yield chunk
        elif field.tag == _OCTETS_IN_PIECES and levels:
            for inner in self._fields_in(field):
                yield from self._octets(inner, levels - 1)
        else:  # before CMS, what was signed could be more than bytes (RFC 2315, 7)
            raise DamagedMessageError("the signed file is not there as bytes")

    def _fields_in(self, field: _Field) -> Iterator[_Field]:
        begin = self._source.tell()
        while field.size is None or self._source.tell() - begin < field.size:
            inner = self._field()
            if field.size is None and inner.is_end:
                return
            yield inner

    def _skip(self, field: _Field, levels: int = _MOST_LEVELS) -> None:
        if field.size is not None:
            self._source.seek(field.size, io.SEEK_CUR)
        elif field.tag & _CONSTRUCTED and levels:
            for inner in self._fields_in(field):
                self._skip(inner, levels - 1)
        else:
            raise DamagedMessageError("a field of the message has no end")

    def _enter(self, tag: int) -> _Field:
        field = self._field()
        if field.tag != tag:
            raise DamagedMessageError("it is no message with a signature")
        return field

    def _value(self, tag: int) -> bytes:
        return self._read(min(self._enter(tag).size or 0, _CHUNK_BYTES), exactly=True)

    def _field(self) -> _Field:
        tag, first = self._read(2, exactly=True)
        if first < 0x80:
            return _Field(tag, first)
        if first == 0x80:
            return _Field(tag, None)
        if first > 0x88:
            raise DamagedMessageError("a field of the message is too long")
        return _Field(tag, int.from_bytes(self._read(first - 0x80, exactly=True), "big"))

    def _read(self, size: int, *, exactly: bool = False) -> bytes:
        data = self._source.read(size)
        if (size and not data) or (exactly and len(data) < size):
            raise DamagedMessageError("the signed message is cut off")
        return data


def _decoded_head(head: bytes) -> bytes:
    """The first bytes of a message, out of base64 where they are in it."""
    plain = _PEM_BEGIN.sub(b"", head.translate(None, _BLANKS), count=1)
    if not _BASE64_BEGIN.match(plain):
        return head
    text = _NOT_BASE64.split(plain, maxsplit=1)[0]
    return base64.b64decode(text[: len(text) // 4 * 4])


def _decode(source: IO[bytes], target: IO[bytes]) -> None:
    """Decode base64, with PEM's lines or without."""
    rest, is_first = b"", True
    while chunk := source.read(_CHUNK_BYTES):
        text = chunk.translate(None, _BLANKS)
        if is_first:
            text, is_first = _PEM_BEGIN.sub(b"", text, count=1), False
        text = rest + text
        end = _NOT_BASE64.search(text)
        usable = text if end is None else text[: end.start()]
        rest = usable[len(usable) // 4 * 4 :]
        target.write(base64.b64decode(usable[: len(usable) // 4 * 4]))
        if end is not None:
            break
    try:
        target.write(base64.b64decode(rest + b"=" * (-len(rest) % 4)))
    except binascii.Error as error:
        raise DamagedMessageError("the signed message is cut off") from error
