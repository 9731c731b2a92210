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
_REST = "rest of the message"


@dataclass(frozen=True)
class _Property:
    kind: int
    value: bytes


@dataclass
class _Attached:
    """An attachment while its attributes come. ``is_whole``: all of them could be read."""

    title: bytes = b""
    data: bytes = b""
    properties: dict[str, _Property] = field(default_factory=dict)
    is_whole: bool = True


def read_tnef(data: bytes, depth: int = 0) -> OutlookMessage:
    """Read a message, within so many others.

    What is damaged, or of a type that nobody knows, costs only itself: the message names it among what is lost.

    Raises:
        RejectedError: Nothing of it can be read.
    """
    message = _Reader(data, depth).message()
    if message.lost and not message.has_content:
        raise RejectedError(SourceState.QUARANTINED_CORRUPT, "the Outlook message (winmail.dat) is cut off or damaged")
    return message


class _Reader:
    """One message, which may be attached to another."""

    def __init__(self, data: bytes, depth: int) -> None:
        self._data, self._depth = data, depth
        self._code_pages: list[int] = []
        self._subject = self._body = b""
        self._properties: dict[str, _Property] = {}
        self._attached: list[_Attached] = []
        self._is_whole = True

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
        if not self._is_whole:
            message.lost.append(_REST)
        return message

    def _attributes(self) -> Iterator[tuple[int, bytes]]:
        place = _HEAD_BYTES
        while place + _ATTRIBUTE_HEAD_BYTES <= len(self._data):
            _, number, _, size = struct.unpack_from("<BHHI", self._data, place)
            place += _ATTRIBUTE_HEAD_BYTES
            if place + size > len(self._data):
                self._note_damage(number)
                return
            yield number, self._data[place : place + size]
            place += size + _CHECKSUM_BYTES
        has_end = _HEAD_BYTES < place <= len(self._data) and not self._data[place:].strip(b"\0\r\n")
        self._is_whole &= has_end

    def _take(self, number: int, value: bytes) -> None:
        if number == _NEW_ATTACHMENT:
            self._attached.append(_Attached())
        elif number == _SUBJECT:
            self._subject = value
        elif number == _BODY:
            self._body = value
        elif number == _PROPERTIES:
            self._is_whole &= _take_properties(value, self._properties)
        elif number == _CODE_PAGE:
            self._code_pages = [int.from_bytes(value[:4], "little")]
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
            attached.is_whole &= _take_properties(value, attached.properties)

    def _note_damage(self, number: int) -> None:
        """The file ends within an attribute: with the last attachment, or with something else."""
        if self._attached and number in (_TITLE, _DATA, _ATTACHMENT_PROPERTIES):
            self._attached[-1].is_whole = False
        else:
            self._is_whole = False

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
        if not attached.is_whole and not data and (inner is None or not inner.value):
            message.lost.append(name or _REST)
            return
        if inner is not None and inner.kind == _OBJECT:
            interface, content = inner.value[:_INTERFACE_BYTES], inner.value[_INTERFACE_BYTES:]
            if interface == _MESSAGE_INTERFACE and content.startswith(SIGNATURE) and self._depth < MOST_DEPTH:
                self._embed(name, content, message)
                return
            data = content or data
        elif inner is not None:
            data = inner.value or data
        content_id = attached.properties.get(Tag.CONTENT_ID)
        is_layout = is_layout_picture(name, self._string(content_id) if content_id is not None else "")
        message.attachments.append(OutlookAttachment(name, data, is_layout))

    def _embed(self, name: str, content: bytes, message: OutlookMessage) -> None:
        try:
            message.embed(name, read_tnef(content, self._depth + 1))
        except RejectedError:
            message.lost.append(name or _REST)

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


def _take_properties(data: bytes, found: dict[str, _Property]) -> bool:
    """Take the properties in an attribute, by the four digits of their number; whether all could be read.

    Those with names of their own are left out. The first of several values stands for all.
    """
    place = 4
    taken: dict[str, _Property] = {}
    is_known = True
    try:
        (count,) = struct.unpack_from("<I", data)
        for _ in range(count):
            kind, number = struct.unpack_from("<HH", data, place)
            place += 4
            if number >= _FIRST_NAMED:
                place = _behind_name(data, place)
            if is_known and not _is_known(kind):
                is_known = False
                found.update(taken)
                taken.clear()
            values, place = _values(data, place, kind)
            if number < _FIRST_NAMED and values:
                taken[f"{number:04X}"] = _Property(kind & ~_MANY_VALUES, values[0])
    except struct.error:
        if is_known:
            found.update(taken)
        return False
    found.update(taken)
    return True


def _is_known(kind: int) -> bool:
    base = kind & ~_MANY_VALUES
    return base in _OF_VARIABLE_SIZE or base in _FIXED_BYTES


def _behind_name(data: bytes, place: int) -> int:
    place += _INTERFACE_BYTES
    (is_text,) = struct.unpack_from("<I", data, place)
    place += 4
    if not is_text:
        return place + 4
    (size,) = struct.unpack_from("<I", data, place)
    return place + 4 + _filled(size)


def _values(data: bytes, place: int, kind: int) -> tuple[list[bytes], int]:
    """The values of a property, and where they end; raises :class:`struct.error` where they are cut off.

    A type that is not known is taken for one of variable size, which is what those are that Outlook has beside the
    documented ones: if it is none, what follows makes no sense.
    """
    count = 1
    base = kind & ~_MANY_VALUES
    has_size = base not in _FIXED_BYTES
    if kind & _MANY_VALUES or has_size:
        (count,) = struct.unpack_from("<I", data, place)
        place += 4
    values: list[bytes] = []
    for _ in range(count):
        size = _FIXED_BYTES.get(base, 0)
        if has_size:
            (size,) = struct.unpack_from("<I", data, place)
            place += 4
        if place + size > len(data):
            raise struct.error
        values.append(data[place : place + size])
        place += _filled(size)
    return values, place


def _filled(size: int) -> int:
    return size + -size % 4
