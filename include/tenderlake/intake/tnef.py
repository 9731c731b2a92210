"""Reads what Outlook and Exchange wrap messages in, ``winmail.dat`` (TNEF; [MS-OXTNEF]): properties and attachments."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.outlook import (
    MOST_DEPTH,
    OutlookAttachment,
    OutlookMessage,
    Tag,
    date_of,
    decode_narrow,
    is_layout_picture,
    rtf_of,
    sender_of,
)
from tenderlake.states import SourceState

SIGNATURE = struct.pack("<I", 0x223E9F78)
_HEAD_BYTES = 6
_ATTRIBUTE_HEAD_BYTES, _CHECKSUM_BYTES = 9, 2
_SUBJECT, _BODY, _PROPERTIES, _CODE_PAGE = 0x8004, 0x800C, 0x9003, 0x9007
_NEW_ATTACHMENT, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_FIXED_BYTES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""The sizes of values by their type ([MS-OXTNEF] 2.1.3.4, filled up to four bytes)."""
_NARROW, _WIDE, _OBJECT, _BINARY, _TIME = 0x1E, 0x1F, 0x0D, 0x0102, 0x40
_OF_VARIABLE_SIZE = frozenset({_NARROW, _WIDE, _OBJECT, _BINARY})
_MANY_VALUES, _FIRST_NAMED = 0x1000, 0x8000
_MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")
_INTERFACE_BYTES = 16


@dataclass(frozen=True)
class _Property:
    kind: int
    value: bytes


@dataclass
class _Attached:
    """An attachment while its attributes come."""

    title: bytes = b""
    data: bytes = b""
    properties: dict[str, _Property] = field(default_factory=dict)


def read_tnef(data: bytes, depth: int = 0) -> OutlookMessage:
    """Read a message, within so many others; raises :class:`RejectedError` where it is damaged."""
    try:
        return _Reader(data, depth).message()
    except (struct.error, IndexError) as error:
        raise _damaged() from error


def _damaged() -> RejectedError:
    return RejectedError(SourceState.QUARANTINED_CORRUPT, "the Outlook message (winmail.dat) is cut off or damaged")


class _Reader:
    """One message, which may be attached to another."""

    def __init__(self, data: bytes, depth: int) -> None:
        self._data, self._depth = data, depth
        self._code_pages: list[int] = []
        self._subject = self._body = b""
        self._properties: dict[str, _Property] = {}
        self._attached: list[_Attached] = []

    def message(self) -> OutlookMessage:
        for number, value in self._attributes():
            self._take(number, value)
        page = self._properties.get(Tag.PAGE)
        message = OutlookMessage(
            headers=self._headers(),
            body=self._text(Tag.BODY) or self._narrow(self._body),
            page=self._string(page) if page is not None else "",
            rich_text=rtf_of(self._bytes(Tag.RICH_TEXT)),
        )
        for attached in self._attached:
            self._attach(attached, message)
        return message

    def _attributes(self) -> Iterator[tuple[int, bytes]]:
        place = _HEAD_BYTES
        while place + _ATTRIBUTE_HEAD_BYTES <= len(self._data):
            _, number, _, size = struct.unpack_from("<BHHI", self._data, place)
            place += _ATTRIBUTE_HEAD_BYTES
            if place + size > len(self._data):
                raise _damaged()
            yield number, self._data[place : place + size]
            place += size + _CHECKSUM_BYTES

    def _take(self, number: int, value: bytes) -> None:
        if number == _NEW_ATTACHMENT:
            self._attached.append(_Attached())
        elif number == _SUBJECT:
            self._subject = value
        elif number == _BODY:
            self._body = value
        elif number == _PROPERTIES:
            self._properties.update(_properties(value))
        elif number == _CODE_PAGE:
            self._code_pages = list(struct.unpack_from("<I", value))
        elif number in (_TITLE, _DATA, _ATTACHMENT_PROPERTIES):
            self._take_attached(number, value)

    def _take_attached(self, number: int, value: bytes) -> None:
        if not self._attached:
            self._attached.append(_Attached())
        attached = self._attached[-1]
        if number == _TITLE:
            attached.title = value
        elif number == _DATA:
            attached.data = value
        else:
            attached.properties.update(_properties(value))

    def _headers(self) -> dict[str, str]:
        sent = next((found for tag in (Tag.SENT, Tag.DELIVERED) if (found := self._properties.get(tag))), None)
        address = self._text(Tag.SENDER_SMTP) or self._text(Tag.SENDER_ADDRESS)
        return {
            "From": sender_of(self._text(Tag.SENDER), address),
            "To": self._text(Tag.TO),
            "Cc": self._text(Tag.CC),
            "Date": date_of(sent.value) if sent is not None and sent.kind == _TIME else "",
            "Subject": self._text(Tag.SUBJECT) or self._narrow(self._subject),
        }

    def _attach(self, attached: _Attached, message: OutlookMessage) -> None:
        names = (attached.properties.get(tag) for tag in (Tag.LONG_NAME, Tag.SHORT_NAME, Tag.DISPLAY_NAME))
        name = next((text for found in names if found is not None and (text := self._string(found))), "")
        name = name or self._narrow(attached.title)
        inner = attached.properties.get(Tag.DATA)
        data = attached.data
        if inner is not None and inner.kind == _OBJECT:
            interface, content = inner.value[:_INTERFACE_BYTES], inner.value[_INTERFACE_BYTES:]
            if interface == _MESSAGE_INTERFACE and content.startswith(SIGNATURE) and self._depth < MOST_DEPTH:
                message.embed(name, read_tnef(content, self._depth + 1))
                return
            data = content or data
        elif inner is not None:
            data = inner.value or data
        content_id = attached.properties.get(Tag.CONTENT_ID)
        is_layout = is_layout_picture(name, self._string(content_id) if content_id is not None else "")
        message.attachments.append(OutlookAttachment(name, data, is_layout))

    def _text(self, tag: str) -> str:
        found = self._properties.get(tag)
        return self._string(found) if found is not None else ""

    def _bytes(self, tag: str) -> bytes:
        found = self._properties.get(tag)
        return found.value if found is not None else b""

    def _string(self, found: _Property) -> str:
        if found.kind == _WIDE:
            return found.value.decode("utf-16-le", "replace").rstrip("\0")
        return self._narrow(found.value)

    def _narrow(self, data: bytes) -> str:
        return decode_narrow(data.rstrip(b"\0"), self._code_pages)


def _properties(data: bytes) -> dict[str, _Property]:
    """The properties in an attribute, by the four digits of their number; those with names of their own are left out.

    The first of several values stands for all.
    """
    found: dict[str, _Property] = {}
    (count,) = struct.unpack_from("<I", data)
    place = 4
    for _ in range(min(count, len(data) // 8)):
        kind, number = struct.unpack_from("<HH", data, place)
        place += 4
        if number >= _FIRST_NAMED:
            place = _behind_name(data, place)
        values, place = _values(data, place, kind)
        if number < _FIRST_NAMED and values:
            found[f"{number:04X}"] = _Property(kind & ~_MANY_VALUES, values[0])
    return found


def _behind_name(data: bytes, place: int) -> int:
    place += _INTERFACE_BYTES
    (is_text,) = struct.unpack_from("<I", data, place)
    place += 4
    if not is_text:
        return place + 4
    (size,) = struct.unpack_from("<I", data, place)
    return place + 4 + _filled(size)


def _values(data: bytes, place: int, kind: int) -> tuple[list[bytes], int]:
    count = 1
    base = kind & ~_MANY_VALUES
    if kind & _MANY_VALUES or base in _OF_VARIABLE_SIZE:
        (count,) = struct.unpack_from("<I", data, place)
        place += 4
    values: list[bytes] = []
    for _ in range(count):
        if base in _OF_VARIABLE_SIZE:
            (size,) = struct.unpack_from("<I", data, place)
            place += 4
        elif base in _FIXED_BYTES:
            size = _FIXED_BYTES[base]
        else:
            raise _damaged()
        if place + size > len(data):
            raise _damaged()
        values.append(data[place : place + size])
        place += _filled(size)
    return values, place


def _filled(size: int) -> int:
    return size + -size % 4
