"""Makes ``winmail.dat`` files as Outlook does ([MS-OXTNEF])."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")
_NEW_ATTACHMENT, _ATTACHMENT_PROPERTIES = 0x9002, 0x9005
TITLE, DATA, SUBJECT, PROPERTIES, CODE_PAGE = 0x8010, 0x800F, 0x8004, 0x9003, 0x9007
WIDE, NARROW, OBJECT, BINARY, LONG, TIME = 0x1F, 0x1E, 0x0D, 0x0102, 0x03, 0x40


def attribute(number: int, value: bytes) -> bytes:
    """One attribute with its checksum."""
    level = 2 if number in (TITLE, DATA, _NEW_ATTACHMENT, _ATTACHMENT_PROPERTIES) else 1
    return struct.pack("<BHHI", level, number, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def mapi(properties: Mapping[tuple[int, int], bytes | int]) -> bytes:
    """Properties by number and type; bytes are values of variable size, numbers those of eight bytes or four."""
    parts = [struct.pack("<I", len(properties))]
    for (number, kind), value in properties.items():
        parts.append(struct.pack("<HH", kind, number))
        if number >= 0x8000:
            parts.append(b"\x01" * 16 + struct.pack("<II", 1, 6) + "Имя".encode("utf-16-le") + b"\0\0")
        if isinstance(value, int):
            parts.append(struct.pack("<Q" if kind == TIME else "<I", value))
        else:
            parts.append(struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4))
    return b"".join(parts)


def attachment(
    title: bytes, data: bytes = b"", properties: Mapping[tuple[int, int], bytes | int] | None = None
) -> bytes:
    """The attributes of an attachment; ``title``: its short name in the code page of the message."""
    parts = [attribute(_NEW_ATTACHMENT, b"\0" * 14), attribute(TITLE, title + b"\0")]
    if data:
        parts.append(attribute(DATA, data))
    if properties:
        parts.append(attribute(_ATTACHMENT_PROPERTIES, mapi(properties)))
    return b"".join(parts)


def tnef(
    properties: Mapping[tuple[int, int], bytes | int],
    attachments: Sequence[bytes] = (),
    *,
    subject: bytes = b"",
    code_page: int = 1251,
) -> bytes:
    """A whole file."""
    parts = [struct.pack("<IH", 0x223E9F78, 1), attribute(CODE_PAGE, struct.pack("<II", code_page, 0))]
    if subject:
        parts.append(attribute(SUBJECT, subject + b"\0"))
    parts.append(attribute(PROPERTIES, mapi(properties)))
    return b"".join([*parts, *attachments])
