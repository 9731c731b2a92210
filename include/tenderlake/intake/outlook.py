"""Reads Outlook messages (MSG): properties in streams of an OLE file ([MS-OXMSG] 2.1, [MS-OXPROPS])."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import olefile

from tenderlake.intake.encodings import decode_text
from tenderlake.intake.outcome import RejectedError, is_disk_trouble, one_line
from tenderlake.states import SourceState

MOST_DEPTH = 10
"""Of messages within messages."""
_TIME_TYPE = 0x40
_UTF_8 = 65001
_CODE_PAGES = (0x3FFD0003, 0x3FDE0003)
_FIXED_HEADERS = {"message": 32, "embedded": 24, "attachment": 8}
_ATTACHMENT = "__attach_version1.0_"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_RTF_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_MOST_RTF_BYTES = 100_000_000
_WINDOW_BYTES = 4096


class Tag:
    """The properties that are read ([MS-OXPROPS]), by the four digits of their number."""

    SUBJECT, SENDER, SENDER_SMTP, SENDER_ADDRESS = "0037", "0C1A", "5D01", "0C1F"
    TO, CC, BODY, PAGE, RICH_TEXT = "0E04", "0E03", "1000", "1013", "1009"
    LONG_NAME, SHORT_NAME, DISPLAY_NAME, DATA, CONTENT_ID = "3707", "3704", "3001", "3701", "3712"
    SENT, DELIVERED = "0039", "0E06"


@dataclass(frozen=True)
class OutlookAttachment:
    """A file attached to a message; ``is_layout``: a picture that its text refers to."""

    name: str
    data: bytes
    is_layout: bool = False


@dataclass
class OutlookMessage:
    """A message; ``page`` is its HTML, ``rich_text`` its RTF, empty where it has none.

    ``lost``: the names of what is too damaged to be read.
    """

    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    page: str = ""
    rich_text: bytes = b""
    attachments: list[OutlookAttachment] = field(default_factory=list)
    embedded: list[tuple[str, OutlookMessage]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def has_content(self) -> bool:
        """Whether anything of it could be read."""
        texts = (*self.headers.values(), self.body, self.page)
        return bool(any(text.strip() for text in texts) or self.rich_text or self.attachments or self.embedded)

    def embed(self, name: str, message: OutlookMessage) -> None:
        """Take a message within this one; its members go to a folder of this name."""
        title = "".join(char for char in name if char.isprintable() and char not in "/\\").strip(". ")
        self.embedded.append((title[:100] or f"message {len(self.embedded) + 1}", message))

    def with_embedded(self, prefix: str = "") -> Iterator[tuple[str, OutlookMessage]]:
        """This message and those within it, each with the folder that its members go to."""
        yield prefix, self
        for name, message in self.embedded:
            yield from message.with_embedded(f"{prefix}{name}/")


def read_outlook(path: Path) -> OutlookMessage:
    """Read a message; raises :class:`RejectedError` where it is damaged."""
    try:
        with olefile.OleFileIO(path) as ole:
            return _Storage(ole, (), "message").message(0)
    except RejectedError:
        raise
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        if is_disk_trouble(error):
            raise
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, f"the Outlook message is damaged: {one_line(error)}"
        ) from error


class _Storage:
    """One storage of the file: the message, an attachment, or a message within."""

    def __init__(self, ole: olefile.OleFileIO, path: tuple[str, ...], kind: str) -> None:
        self._ole, self._path = ole, path
        size = len(path)
        self._names = {
            entry[size]
            for entry in ole.listdir(streams=True, storages=True)
            if len(entry) > size and tuple(entry[:size]) == path
        }
        self._fixed = self._fixed_properties(_FIXED_HEADERS[kind])

    def _stream(self, name: str) -> bytes | None:
        return bytes(self._ole.openstream([*self._path, name]).read()) if name in self._names else None

    def _fixed_properties(self, header_bytes: int) -> dict[int, bytes]:
        data = (self._stream("__properties_version1.0") or b"")[header_bytes:]
        return {
            struct.unpack_from("<I", data, place)[0]: data[place + 8 : place + 16]
            for place in range(0, len(data) - 15, 16)
        }

    def _binary(self, tag: str) -> bytes:
        return self._stream(f"__substg1.0_{tag}0102") or b""

    def _string(self, tag: str) -> str:
        wide = self._stream(f"__substg1.0_{tag}001F")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self._stream(f"__substg1.0_{tag}001E")
        return self._narrow(narrow.rstrip(b"\0")) if narrow else ""

    def _narrow(self, data: bytes) -> str:
        fixed = (self._fixed.get(tag) for tag in _CODE_PAGES)
        return decode_narrow(data, [struct.unpack_from("<I", value)[0] for value in fixed if value is not None])

    def _date(self) -> str:
        tags = (int(tag, 16) << 16 | _TIME_TYPE for tag in (Tag.SENT, Tag.DELIVERED))
        dates = (date_of(self._fixed[tag]) for tag in tags if tag in self._fixed)
        return next(filter(None, dates), "")

    def message(self, depth: int) -> OutlookMessage:
        """The message in this storage."""
        address = self._string(Tag.SENDER_SMTP) or self._string(Tag.SENDER_ADDRESS)
        page = self._binary(Tag.PAGE)
        message = OutlookMessage(
            headers={
                "From": sender_of(self._string(Tag.SENDER), address),
                "To": self._string(Tag.TO),
                "Cc": self._string(Tag.CC),
                "Date": self._date(),
                "Subject": self._string(Tag.SUBJECT),
            },
            body=self._string(Tag.BODY),
            page=self._narrow(page) if page else self._string(Tag.PAGE),
            rich_text=rtf_of(self._binary(Tag.RICH_TEXT)),
        )
        for name in sorted(name for name in self._names if name.startswith(_ATTACHMENT)):
            _Storage(self._ole, (*self._path, name), "attachment").attach_to(message, depth)
        return message

    def attach_to(self, message: OutlookMessage, depth: int) -> None:
        """Add what this attachment holds."""
        name = self._string(Tag.LONG_NAME) or self._string(Tag.SHORT_NAME) or self._string(Tag.DISPLAY_NAME)
        inner = f"__substg1.0_{Tag.DATA}000D"
        if inner in self._names:
            storage = _Storage(self._ole, (*self._path, inner), "embedded")
            is_message = any(entry.startswith("__substg1.0_") for entry in storage._names)
            if is_message and depth < MOST_DEPTH:
                message.embed(name, storage.message(depth + 1))
                return
        is_layout = is_layout_picture(name, self._string(Tag.CONTENT_ID))
        message.attachments.append(OutlookAttachment(name, self._binary(Tag.DATA), is_layout))


def sender_of(name: str, address: str) -> str:
    """Who sent a message, with the address where it says more than the name."""
    is_address = "@" in address and address.lower() != name.lower()
    return f"{name} <{address}>".strip() if is_address else name


def date_of(value: bytes) -> str:
    """A time of Windows (tenths of microseconds since 1601) as e-mails write it; empty where it is none."""
    if len(value) < 8:
        return ""
    try:
        return format_datetime(_EPOCH + timedelta(microseconds=struct.unpack_from("<Q", value)[0] // 10))
    except (OverflowError, ValueError):
        return ""


def decode_narrow(data: bytes, code_pages: Iterable[int]) -> str:
    """Text of one byte a letter: in the first code page that fits, else by its letters."""
    for number in code_pages:
        try:
            return data.decode("utf-8" if number == _UTF_8 else f"cp{number}")
        except (LookupError, UnicodeDecodeError):
            continue
    decoded = decode_text(data)
    return decoded.text if decoded is not None else data.decode("cp1251", "replace")


def is_layout_picture(name: str, content_id: str) -> bool:
    """Whether an attachment is a picture that the text of the message shows."""
    return bool(content_id) and name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp"))


def rtf_of(data: bytes) -> bytes:
    """RTF out of its compressed form ([MS-OXRTFCP] 2.2.1); empty where there is none."""
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    size = min(size, _MOST_RTF_BYTES)
    if kind == 0x414C454D:
        return data[16 : 16 + size]
    if kind != 0x75465A4C:
        return b""
    return _expanded(data[16:], size)


def _expanded(data: bytes, size: int) -> bytes:
    """Literal bytes and references into the last 4096 bytes, eight to a byte of flags."""
    window = bytearray(_RTF_DICTIONARY.ljust(_WINDOW_BYTES, b"\0"))
    at, place = len(_RTF_DICTIONARY), 0
    out = bytearray()
    while place < len(data) and len(out) < size:
        flags, place = data[place], place + 1
        for bit in range(8):
            is_reference = flags >> bit & 1
            if place + is_reference >= len(data) or len(out) >= size:
                return bytes(out)
            found = data[place : place + 1 + is_reference]
            place += len(found)
            if is_reference:
                offset, length = found[0] << 4 | found[1] >> 4, (found[1] & 15) + 2
                if offset == at % _WINDOW_BYTES:
                    return bytes(out)  # how the end is marked
            else:
                offset, length = -1, 1
            for step in range(length):
                byte = window[(offset + step) % _WINDOW_BYTES] if is_reference else found[0]
                out.append(byte)
                window[at % _WINDOW_BYTES] = byte
                at += 1
    return bytes(out)
