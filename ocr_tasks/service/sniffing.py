"""Tells what a file is by its first bytes; names and declared types of uploads are hostile."""

from __future__ import annotations

import re
from enum import Enum

HEAD_BYTES = 1024
"""How much of a file is looked at. A PDF may start with rubbish; readers accept its mark within 1024 bytes."""

_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
_PNM = re.compile(rb"P[1-6][ \t\r\n]+(?:#|\d)")


class MediaType(str, Enum):
    """What the service reads."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    PNG = "image/png"
    JPEG = "image/jpeg"
    JPEG2000 = "image/jp2"
    WEBP = "image/webp"
    GIF = "image/gif"
    BMP = "image/bmp"
    PNM = "image/x-portable-anymap"


_MARKS = (
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"II*\x00", MediaType.TIFF),
    (b"MM\x00*", MediaType.TIFF),
    (b"II+\x00", MediaType.TIFF),
    (b"MM\x00+", MediaType.TIFF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", MediaType.JPEG2000),
    (b"\xff\x4f\xff\x51", MediaType.JPEG2000),
    (b"GIF87a", MediaType.GIF),
    (b"GIF89a", MediaType.GIF),
)


def media_type(head: bytes) -> MediaType | None:
    """What a file is that starts with these bytes; None for what the service does not read."""
    for mark, found in _MARKS:
        if head.startswith(mark):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return MediaType.BMP
    if _PNM.match(head):
        return MediaType.PNM
    return MediaType.PDF if b"%PDF-" in head else None
