"""Reads PowerPoint presentations of before 2007: the texts of their slides in order ([MS-PPT] 2.4.14.3).

Tables of such slides are drawn shapes: their words are there, their grid is not.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import olefile

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import PrepareLimits
from tenderlake.intake.attachments import Attachment
from tenderlake.intake.office.blips import pictures_in
from tenderlake.intake.office.embedded import embedded_file
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.package import corrupt
from tenderlake.intake.outcome import is_disk_trouble

_SLIDE_LIST, _SLIDE, _NOTES = 0x0FF0, 0x03EE, 0x03F0
_PERSIST, _TEXT_HEADER, _WIDE_TEXT, _NARROW_TEXT, _DRAWING = 0x03F3, 0x0F9F, 0x0FA0, 0x0FA8, 0x040C
_CONTAINER = 0xF
_OBJECT, _COMPRESSED = 0x1011, 1
_SLIDES_INSTANCE = 0
_TITLE_KINDS = frozenset({0, 6})
_MOST_DEPTH = 30


def read_ppt(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a presentation, a slide a page; raises :class:`RejectedError` where it is damaged."""
    try:
        with olefile.OleFileIO(source) as ole:
            stream = ole.openstream("PowerPoint Document").read()
            pictures = ole.openstream("Pictures").read() if ole.exists("Pictures") else b""
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError, struct.error) as error:
        if is_disk_trouble(error):
            raise
        raise corrupt(error) from error
    flow = Flow(limits, has_real_pages=True)
    if not any(is_container for _, _, is_container, _ in _records(stream)):
        flow.lost.append("its slides")  # even a presentation without slides has a container for them
    outlines = list(_outlines(stream))
    drawn = [list(_texts(body)) for kind, body in _slides(stream) if kind == _SLIDE]
    for place in range(max(len(outlines), len(drawn))):
        if place:
            flow.end_page()
        for kind, text in outlines[place] if place < len(outlines) else ():
            _add(flow, kind, text)
        for kind, text in drawn[place] if place < len(drawn) else ():
            _add(flow, kind, text)
    for picture in pictures_in(pictures):
        flow.picture(picture)
    for attachment in _objects(stream, limits):
        flow.attach(attachment, is_shown=False)
    return flow


def _objects(stream: bytes, limits: PrepareLimits) -> Iterator[Attachment]:
    """The files in embedded objects: OLE files, mostly compressed ([MS-PPT] 2.10.34)."""
    for number, (_, instance, _, body) in enumerate((r for r in _records(stream) if r[0] == _OBJECT), start=1):
        data = body
        if instance == _COMPRESSED:
            try:
                data = zlib.decompressobj().decompress(body[4:], limits.max_document_bytes)
            except zlib.error:
                continue
        if (attachment := embedded_file(data, f"object {number}.bin")) is not None:
            yield attachment


def _add(flow: Flow, kind: int, text: str) -> None:
    if kind in _TITLE_KINDS:
        flow.heading(text.replace("\x0b", " ").replace("\r", " "), 2)
        return
    for paragraph in text.replace("\x0b", "\n").split("\r"):
        flow.text(paragraph, BlockLabel.LIST_ITEM if kind == 1 else BlockLabel.TEXT)


def _records(data: bytes) -> Iterator[tuple[int, int, bool, bytes]]:
    """Kind, instance, whether it holds others, and body of the records one after the other."""
    place = 0
    while place + 8 <= len(data):
        head, kind, size = struct.unpack_from("<HHI", data, place)
        yield kind, head >> 4, head & 0xF == _CONTAINER, data[place + 8 : place + 8 + size]
        place += 8 + size


def _outlines(stream: bytes) -> Iterator[list[tuple[int, str]]]:
    """The texts that a presentation keeps apart from its slides: for every slide its title and body."""
    for _, _, is_container, body in _records(stream):
        for kind, instance, _, inner in _records(body) if is_container else ():
            if kind == _SLIDE_LIST and instance == _SLIDES_INSTANCE:
                yield from _split_slides(inner)


def _split_slides(body: bytes) -> Iterator[list[tuple[int, str]]]:
    current: list[tuple[int, str]] | None = None
    text_kind = 4
    for kind, _, _, inner in _records(body):
        if kind == _PERSIST:
            if current is not None:
                yield current
            current = []
        elif kind == _TEXT_HEADER and len(inner) >= 4:
            (text_kind,) = struct.unpack_from("<I", inner)
        elif current is not None and (text := _text(kind, inner)):
            current.append((text_kind, text))
    if current is not None:
        yield current


def _slides(stream: bytes) -> Iterator[tuple[int, bytes]]:
    return (
        (kind, body) for kind, _, is_container, body in _records(stream) if is_container and kind in (_SLIDE, _NOTES)
    )


def _texts(body: bytes, depth: int = 0, kind: int = 4) -> Iterator[tuple[int, str]]:
    """The texts of shapes drawn on a slide itself."""
    for record, _, is_container, inner in _records(body):
        if (is_container and depth < _MOST_DEPTH) or record == 0xF00D:
            yield from _texts(inner, depth + 1, kind)
        elif record == _TEXT_HEADER and len(inner) >= 4:
            (kind,) = struct.unpack_from("<I", inner)
        elif text := _text(record, inner):
            yield kind, text


def _text(kind: int, body: bytes) -> str:
    if kind == _WIDE_TEXT:
        return body.decode("utf-16-le", "replace")
    return body.decode("latin-1") if kind == _NARROW_TEXT else ""
