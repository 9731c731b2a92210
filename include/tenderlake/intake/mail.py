"""Unpacks e-mails (EML, MSG, winmail.dat): the message with its header lines, and what is attached, each a member.

A message within a message is a member like any other. Nothing is fetched: pictures at addresses stay there.
"""

from __future__ import annotations

import email.errors
import email.header
import email.message
import email.policy
import html
import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import unquote

from tenderlake.documents import PrepareLimits, Unpacking
from tenderlake.intake.encodings import decode_text
from tenderlake.intake.membernames import safe_name
from tenderlake.intake.office.flow import Picture, picture_is_large
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.outlook import OutlookMessage, read_outlook
from tenderlake.intake.sniffing import MailFormat
from tenderlake.intake.tnef import read_tnef
from tenderlake.intake.unpacking import UnpackFolder
from tenderlake.states import SourceState

_SHOWN_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?]*\?=")
_BETWEEN_ENCODED = re.compile(r"(\?=)\s+(=\?)")
_MOST_PARAMETER_CHARS, _MOST_HEADER_CHARS = 10_000, 200_000
_TABLE = re.compile("<table", re.IGNORECASE)
_SUFFIXES = {"message/rfc822": ".eml", "text/html": ".html", "text/plain": ".txt", "text/calendar": ".ics"}
_SMALL_PICTURE = "a small picture of the message's layout, such as a logo"
_LOST = "damaged in the message: it is cut off, or of a type that is not known here"
_STYLE = "a part of the page's layout, with nothing to read in it"
_STYLE_TYPES = frozenset({"text/css", "text/javascript", "application/javascript", "application/x-javascript",
                          "text/xml", "application/x-font-woff", "font/woff", "font/woff2"})  # fmt: skip
"""What a saved web page (MHTML, RFC 2557) holds beside its text and pictures; XML is Office's list of the files."""


@dataclass(frozen=True)
class _Attachment:
    name: str
    data: bytes
    is_layout: bool = False
    is_style: bool = False


def unpack_mail(path: Path, output: Path, mail_format: MailFormat, limits: PrepareLimits) -> Unpacking:
    """Unpack one e-mail: ``message.txt`` or ``message.html`` first, then its attachments under their own names.

    Raises:
        RejectedError: It is damaged as a whole, or too large.
        OSError: Our disk failed.
    """
    folder = UnpackFolder(output, path.stat().st_size, limits)
    try:
        if mail_format is MailFormat.EML:
            _unpack_eml(path, folder)
        else:
            _unpack_outlook(
                read_outlook(path) if mail_format is MailFormat.MSG else read_tnef(path.read_bytes()), folder
            )
    except RecursionError as error:
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, "the parts of the message lie in each other without end"
        ) from error
    return folder.finish(mail_format.value)


def _add(folder: UnpackFolder, attachment: _Attachment) -> None:
    member = folder.add(attachment.name)
    if reason := _left_out(attachment):
        member.reject(SourceState.SKIPPED_UNSUPPORTED, reason)
    elif member.rejection is None:
        member.write(attachment.data)


def _left_out(attachment: _Attachment) -> str | None:
    """Why a part of the message is none that people attached; None where it is one."""
    if attachment.is_style:
        return _STYLE
    is_small = attachment.is_layout and not picture_is_large(Picture(attachment.data, attachment.name))
    return _SMALL_PICTURE if is_small else None


def message_member(headers: Iterable[tuple[str, str]], text: str, page: str) -> _Attachment:
    """The message itself: as a web page where it has tables or no plain text, else as plain text."""
    lines = [f"{name}: {' '.join(value.split())}" for name, value in headers if value.strip()]
    if page.strip() and (not text.strip() or _TABLE.search(page)):
        head = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
        whole = (
            f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body>\n{head}<hr>\n{page}\n</body></html>\n'
        )
        return _Attachment("message.html", whole.encode("utf-8", "replace"))
    # The empty line before all keeps the text from being an e-mail itself, to be unpacked again and again.
    return _Attachment("message.txt", "\n".join(["", *lines, "", text]).encode("utf-8", "replace"))


def _attachments_line(attachments: Iterable[_Attachment], messages: Iterable[str] = ()) -> list[tuple[str, str]]:
    """A header line with the names of what is attached, messages within included; none where nothing is.

    A short word, as the language of a page is told by its letters. Whether they are published is not known yet; they
    lie beside the message, in the lake and as Markdown.
    """
    names = [attachment.name for attachment in attachments if _left_out(attachment) is None]
    names += messages
    return [("Files", "; ".join(names))] if names else []


# ---- EML (RFC 5322, 2045 to 2047, 2231)


class _RawHeaders(email.policy.Compat32):
    """Headers as they are in the file: bytes that no standard allows stay, and are decoded here.

    One without end is cut: Python's own readers of parameters and encoded words take hours for a megabyte.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Name and value of a header."""
        name, value = super().header_source_parse(sourcelines)
        has_parameters = name.lower().startswith("content-")
        return name, value[: _MOST_PARAMETER_CHARS if has_parameters else _MOST_HEADER_CHARS]

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The value as it is."""
        return value


def _unpack_eml(path: Path, folder: UnpackFolder) -> None:
    with path.open("rb") as file:
        message = BytesParser(policy=_RawHeaders()).parse(file)
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[_Attachment] = []
    for part in _leaves(message):
        if _is_body(part):
            (pages if part.get_content_type() == "text/html" else texts).append(_text_of(part))
        else:
            attachments.append(_attachment(part, len(attachments) + 1))
    headers = [(name, _header(value)) for name in _SHOWN_HEADERS if (value := message.get(name)) is not None]
    _add(folder, message_member([*headers, *_attachments_line(attachments)], "\n\n".join(texts), "<hr>".join(pages)))
    for attachment in attachments:
        _add(folder, attachment)


def _leaves(message: email.message.Message) -> Iterator[email.message.Message]:
    """The parts that hold something; a message within the message is one part."""
    stack = [message]
    while stack:
        part = stack.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            stack += reversed(_inner_parts(part))
        else:
            yield part


def _inner_parts(part: email.message.Message) -> list[email.message.Message]:
    """The parts within one; a text is not decoded to see that there are none, for its character set may be anything."""
    payload = part.get_payload() if part.is_multipart() else ()
    return [inner for inner in payload if isinstance(inner, email.message.Message)]


def _is_body(part: email.message.Message) -> bool:
    is_attached = part.get_content_disposition() == "attachment" or _filename(part) is not None
    return part.get_content_type() in ("text/plain", "text/html") and not is_attached


def _bytes_of(part: email.message.Message) -> bytes:
    if part.is_multipart():  # message/rfc822
        return b"\n".join(inner.as_bytes() for inner in _inner_parts(part))
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _text_of(part: email.message.Message) -> str:
    data = _bytes_of(part)
    charset = part.get_content_charset() or ""
    if charset and charset not in ("us-ascii", "ascii"):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            pass
    decoded = decode_text(data, charset or None)
    return decoded.text if decoded is not None else data.decode("utf-8", "replace")


def _filename(part: email.message.Message) -> str | None:
    try:
        name = part.get_filename()
    except (LookupError, ValueError, TypeError):
        name = None
    return safe_name(_header(name)) if name else None


def _attachment(part: email.message.Message, number: int) -> _Attachment:
    kind = part.get_content_type()
    name = _filename(part)
    is_sent_as_file = name is not None or part.get_content_disposition() == "attachment"
    if name is None and kind == "message/rfc822":
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        subject = _header(inner.get("Subject") or "") if isinstance(inner, email.message.Message) else ""
        name = safe_name(f"{subject or 'message'}.eml")
    location = part.get("Content-Location")
    if name is None and location is not None:
        name = _name_at(str(location))
    if name is None:
        suffix = _SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ""
        name = f"attachment {number}{suffix}"
    is_shown = location is not None or part.get("Content-ID") is not None
    is_style = location is not None and kind in _STYLE_TYPES and not is_sent_as_file
    return _Attachment(name, _bytes_of(part), is_shown and part.get_content_maintype() == "image", is_style)


def _name_at(address: str) -> str | None:
    """The file's name in the address of a part of a web page; None where there is none in it."""
    name = unquote(address.partition("?")[0].rstrip("/").replace("\\", "/").rpartition("/")[2])
    return safe_name(name) if "." in name and ":" not in name else None


def _header(value: object) -> str:
    """The words of a header: encoded words decoded, undeclared bytes by the letters that they look like."""
    text = str(value)
    raw = _undeclared(text)
    if raw is not None:
        text = raw
    if not _ENCODED_WORD.search(text):
        return text
    try:
        parts = email.header.decode_header(_BETWEEN_ENCODED.sub(r"\1 \2", text))
        return "".join(_decoded_word(word, charset) for word, charset in parts)
    except (email.errors.HeaderParseError, ValueError):
        return text


def _undeclared(text: str) -> str | None:
    """Text of a header that came as bytes beyond ASCII, which no standard allows and many programs write."""
    if text.isascii():
        return None
    data = text.encode("utf-8", "surrogateescape")
    decoded = decode_text(data)
    return decoded.text if decoded is not None else data.decode("utf-8", "replace")


def _decoded_word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    try:
        return word.decode(charset or "ascii")
    except (LookupError, UnicodeDecodeError):
        decoded = decode_text(word)
        return decoded.text if decoded is not None else word.decode("utf-8", "replace")


# ---- messages of Outlook ([MS-OXMSG], [MS-OXTNEF])


def _unpack_outlook(message: OutlookMessage, folder: UnpackFolder) -> None:
    for prefix, inner in message.with_embedded():
        attachments = [
            _Attachment(safe_name(attached.name or f"attachment {number}"), attached.data, attached.is_layout)
            for number, attached in enumerate(inner.attachments, start=1)
        ]
        listed = _attachments_line(attachments, (name for name, _ in inner.embedded))
        headers = [(name, value) for name, value in inner.headers.items() if name in _SHOWN_HEADERS and value]
        if inner.body or inner.page or (headers and not inner.rich_text):
            body = message_member([*headers, *listed], inner.body, inner.page)
            _add(folder, _Attachment(prefix + body.name, body.data))
        elif inner.rich_text:
            if headers or listed:
                _add(folder, _Attachment(f"{prefix}message.txt", message_member([*headers, *listed], "", "").data))
            _add(folder, _Attachment(f"{prefix}message.rtf", inner.rich_text))
        for attachment in attachments:
            _add(folder, replace(attachment, name=prefix + attachment.name))
        for name in inner.lost:
            folder.add(prefix + safe_name(name)).reject(SourceState.QUARANTINED_CORRUPT, _LOST)
