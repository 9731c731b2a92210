"""Windows metafiles (EMF, WMF): drawings made of commands, which nothing here draws.

A scan that was pasted into a document often lies in one as a whole: such a picture is taken out of it ([MS-EMF] 2.3.1,
[MS-WMF] 2.3.1).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator

_EMF_SIGNATURE_AT = 40
_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_WMF_STARTS = (b"\x01\x00\x09\x00", b"\x02\x00\x09\x00")
_GZIP = b"\x1f\x8b\x08"
_MOST_BYTES = 200 << 20
_HEAD_BYTES = 100
_MM_100_PER_CM = 1000.0
_EMF_BITMAPS = {0x4C: 84, 0x4D: 84, 0x50: 48, 0x51: 48}
"""Where the places of a bitmap stand in records: EMR_BITBLT, STRETCHBLT, SETDIBITSTODEVICE, STRETCHDIBITS."""
_WMF_BITMAPS = {0x0940: 22, 0x0B41: 26, 0x0D33: 24, 0x0F43: 28}
"""Where a bitmap begins in records: META_DIBBITBLT, DIBSTRETCHBLT, SETDIBTODEV, STRETCHDIB."""
_JPEG, _PNG = 4, 5
_WHOLE_SHARE = 0.5
_MOST_COLOURS = 256


def unzipped(data: bytes, most_bytes: int = _MOST_BYTES) -> bytes:
    """A metafile without its compression (EMZ, WMZ), at most so much of it; other bytes as they are."""
    if not data.startswith(_GZIP):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, most_bytes)
    except (zlib.error, gzip.BadGzipFile):
        return data


def is_metafile(data: bytes) -> bool:
    """Whether these are an EMF or WMF, with or without compression."""
    head = unzipped(data, _HEAD_BYTES)
    return _is_emf(head) or head.startswith((_PLACEABLE, *_WMF_STARTS))


def _is_emf(data: bytes) -> bool:
    return data[:4] == b"\x01\0\0\0" and data[_EMF_SIGNATURE_AT : _EMF_SIGNATURE_AT + 4] == b" EMF"


def size_cm(data: bytes) -> tuple[float, float] | None:
    """How large a metafile is meant to be; None where it does not say."""
    if not _is_emf(data):
        return None
    left, top, right, bottom = struct.unpack_from("<4i", data, 24)
    return abs(right - left) / _MM_100_PER_CM, abs(bottom - top) / _MM_100_PER_CM


def picture_in(data: bytes) -> bytes | None:
    """The picture that a metafile shows, as a file of its own; None where it shows several, or a drawing."""
    found = list(_bitmaps(data))
    areas = [_area(bitmap) for bitmap in found]
    if not found or max(areas) < _WHOLE_SHARE * sum(areas):
        return None
    return _as_file(found[areas.index(max(areas))])


def _bitmaps(data: bytes) -> Iterator[bytes]:
    """Bitmaps as they lie in memory: a header, colours, rows."""
    try:
        yield from _bitmaps_of_emf(data) if _is_emf(data) else _bitmaps_of_wmf(data)
    except struct.error:
        return  # cut off


def _bitmaps_of_emf(data: bytes) -> Iterator[bytes]:
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if size < 8:
            return
        if (at := _EMF_BITMAPS.get(kind)) is not None and size >= at + 16:
            head, head_bytes, rows, rows_bytes = struct.unpack_from("<4I", data, place + at)
            if head_bytes >= 40 and max(head + head_bytes, rows + rows_bytes) <= size:
                yield data[place + head : place + head + head_bytes] + data[place + rows : place + rows + rows_bytes]
        place += size


def _bitmaps_of_wmf(data: bytes) -> Iterator[bytes]:
    place = (22 if data.startswith(_PLACEABLE) else 0) + 18
    while place + 6 <= len(data):
        words, kind = struct.unpack_from("<IH", data, place)
        if words < 3:
            return
        if (at := _WMF_BITMAPS.get(kind)) is not None and 2 * words > at + 40:
            yield data[place + at : place + 2 * words]
        place += 2 * words


def _area(bitmap: bytes) -> int:
    _, width, height = struct.unpack_from("<Iii", bitmap)
    return abs(int(width) * int(height))


def _as_file(bitmap: bytes) -> bytes:
    """A BMP file, or the file that the bitmap is a cover of ([MS-WMF] 2.2.2.3)."""
    head_bytes, _, _, _, bits, kind, _, _, _, colours = struct.unpack_from("<IiiHHIIiiI", bitmap)
    if bits <= 8:
        colours = colours or 1 << bits
    colours = min(colours, _MOST_COLOURS)
    masks_bytes = 12 if kind == 3 and head_bytes == 40 else 0
    rows_at = head_bytes + masks_bytes + 4 * colours
    if kind in (_JPEG, _PNG):
        return bitmap[rows_at:]
    return b"BM" + struct.pack("<IHHI", 14 + len(bitmap), 0, 0, 14 + rows_at) + bitmap
