"""Finds the pictures in the binary streams of old office files by their own signatures.

The records around them ([MS-ODRAW] 2.2.23) name their size; what matters is the picture's own beginning and end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from tenderlake.intake.office.flow import Picture

_START = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xc0-\xfe]")
_RECORD_BYTES = 8
_PNG, _JPEG = 0xF01E, (0xF01D, 0xF02A)
_LEAST_BYTES = 1000
_MOST_PICTURES = 2000


def pictures_in(stream: bytes) -> Iterator[Picture]:
    """The PNG and JPEG pictures in a stream, in its order."""
    place = count = 0
    while count < _MOST_PICTURES and (match := _START.search(stream, place)):
        begin = match.start()
        end = _end_by_record(stream, begin) or _end_by_itself(stream, begin)
        place = max(end, begin + 4)
        if end - begin >= _LEAST_BYTES:
            count += 1
            kind = "png" if stream[begin] == 0x89 else "jpg"
            yield Picture(stream[begin:end], f"picture {count}.{kind}")


def _end_by_record(stream: bytes, begin: int) -> int | None:
    """The end that the record around a picture names; its header is 17 or 33 bytes longer than the record's own."""
    for header in (17, 33):
        at = begin - header - _RECORD_BYTES
        if at < 0:
            continue
        kind, size = struct.unpack_from("<HI", stream, at + 2)
        if (kind == _PNG or kind in _JPEG) and header < size <= len(stream) - at - _RECORD_BYTES:
            return at + _RECORD_BYTES + int(size)
    return None


def _end_by_itself(stream: bytes, begin: int) -> int:
    """Where the picture itself says that it ends; its beginning where that is not found."""
    if stream[begin] == 0x89:
        end = stream.find(b"IEND\xaeB`\x82", begin)
        return end + 8 if end >= 0 else begin
    end = stream.find(b"\xff\xd9", begin)
    return end + 2 if end >= 0 else begin
