"""Damages files as chance would have it, the same way each time: bytes, sizes, references, parts, two files in one.

Random bytes alone end in the first check of a format. So each format is damaged where its readers believe it: numbers
of PDF objects and their streams inside the compression, fields of the directories of ZIP, TIFF and OLE files, sizes in
the headers of pictures, parts within packages.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from random import Random

Mutation = Callable[[Random, bytes], bytes]

_NUMBERS = (0, 1, 2, 3, 7, 8, 16, 32, 100, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536, 100_000, 2**24)
_LARGE = (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, -1, -(2**31))
_MOST_BYTES = 4 << 20
"""A mutation that would make more keeps the file as it was."""


# ---- any file


def flip_bits(rng: Random, data: bytes) -> bytes:
    """Turn one to a few dozen bits, wherever they are."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(rng: Random, data: bytes) -> bytes:
    """Fill a stretch with zeros, ones or noise, as a failed disk sector or transfer does."""
    start, size = rng.randrange(len(data)), rng.choice((1, 4, 64, 512, 4096))
    size = min(size, len(data) - start)
    fill = rng.choice((b"\0" * size, b"\xff" * size, rng.randbytes(size)))
    return data[:start] + fill + data[start + size :]


def truncate(rng: Random, data: bytes) -> bytes:
    """Cut the end off."""
    return data[: rng.randrange(1, len(data) + 1)]


def cut_out(rng: Random, data: bytes) -> bytes:
    """Leave out a stretch."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 2 + len(data) // 4) :]


def repeat(rng: Random, data: bytes) -> bytes:
    """Put a stretch in several times."""
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 2 + len(data) // 8)]
    return data[:start] + piece * rng.choice((2, 3, 10, 100)) + data[start + len(piece) :]


def swap(rng: Random, data: bytes) -> bytes:
    """Exchange two stretches."""
    first, second, third = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def set_number(rng: Random, data: bytes) -> bytes:
    """Overwrite a binary number of one, two, four or eight bytes with one that readers stumble over."""
    size = rng.choice((1, 2, 2, 4, 4, 4, 8))
    if len(data) < size:
        return data
    # Most headers and directories stand at an end and have their numbers at even places.
    near_end = rng.choice((len(data), min(len(data), 512)))
    start = rng.randrange(near_end - size + 1)
    start = start - start % size if rng.random() < 0.7 else start
    if rng.random() < 0.2:
        start = len(data) - start - size
    return _with_number(rng, data, start, size, rng.choice(("little", "big")))


def _with_number(rng: Random, data: bytes, start: int, size: int, order: str) -> bytes:
    value = rng.choice((*_NUMBERS, *_LARGE, len(data), len(data) - 1, start)) % (1 << 8 * size)
    raw = value.to_bytes(size, "little" if order == "little" else "big")
    return data[:start] + raw + data[start + size :]


ANY_FILE: tuple[Mutation, ...] = (flip_bits, overwrite, truncate, cut_out, repeat, swap, set_number)


def splice(rng: Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    return data[: rng.randrange(1, len(data) + 1)] + other[rng.randrange(len(other)) :]


# ---- text with a structure


def _matches(data: bytes, pattern: re.Pattern[bytes]) -> list[re.Match[bytes]]:
    return list(pattern.finditer(data, 0, _MOST_BYTES))


def _replaced(data: bytes, match: re.Match[bytes], value: bytes, group: int = 0) -> bytes:
    return data[: match.start(group)] + value + data[match.end(group) :]


def _odd_number(rng: Random, old: bytes) -> bytes:
    known = int(old) if old.isdigit() and len(old) < 15 else 0
    near = (known + 1, known - 1, known * 2, known * 1000)
    written = (b"1e9", b"-0.000001", b"99999999999999999999", b"0.5", b"", b"null", b"+-3")
    return rng.choice((*(b"%d" % n for n in (*_NUMBERS, *_LARGE, *near)), *written))


_DECIMAL = re.compile(rb"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def set_decimal(rng: Random, data: bytes) -> bytes:
    """Write another number in the place of one in decimal digits."""
    found = _matches(data, _DECIMAL)
    if not found:
        return flip_bits(rng, data)
    match = rng.choice(found)
    return _replaced(data, match, _odd_number(rng, match.group()))


_TOKEN = re.compile(rb"<[^<>]{0,300}>|\{|\}|\\[a-z]+-?\d* ?|&[#\w]+;|[\"'=:;,]|\r?\n|[^\W\d]+")


def change_token(rng: Random, data: bytes) -> bytes:
    """Leave out, repeat or exchange a tag, a brace, a control word, a line end or a word."""
    found = _matches(data, _TOKEN)
    if not found:
        return flip_bits(rng, data)
    match, other = rng.choice(found), rng.choice(found)
    times = rng.choice((0, 2, 3, 50, 5000))
    value = rng.choice((match.group() * times, other.group(), match.group() + other.group()))
    return _replaced(data, match, value)


TEXT: tuple[Mutation, ...] = (set_decimal, set_decimal, change_token, change_token, change_token)

# ---- PDF

_PDF_NUMBER = re.compile(
    rb"/(?:Length|Width|Height|BitsPerComponent|Predictor|Columns|Colors|Count|Rotate|UserUnit|First|N|Size|Prev|"
    rb"FirstChar|LastChar|W|Index|DW|K|Rows|EarlyChange|XStep|YStep|Length1|StructParents)\s*\[?\s*(-?\d+)"
)
_PDF_BOX = re.compile(rb"/(?:MediaBox|CropBox|BBox|Matrix|Rect|FontBBox|Decode|Domain|Range)\s*\[([^\]]{0,200})\]")
_PDF_REFERENCE = re.compile(rb"\b(\d+) \d+ R\b")
_PDF_NAME = re.compile(rb"/[A-Z][A-Za-z0-9]{1,20}")
_PDF_XREF = re.compile(rb"\d{10}(?= \d{5} [nf])|(?<=startxref)\s+\d+|(?<=xref)\s+\d+ \d+")
_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)


def set_pdf_number(rng: Random, data: bytes) -> bytes:
    """Another length, width, count or the like."""
    return _set_in(rng, data, _PDF_NUMBER, lambda match: _odd_number(rng, match.group(1)))


def set_pdf_box(rng: Random, data: bytes) -> bytes:
    """Another media box, matrix or range: huge, empty, turned round, not of numbers."""

    def box(match: re.Match[bytes]) -> bytes:
        numbers = match.group(1).split() or [b"0"]
        numbers[rng.randrange(len(numbers))] = _odd_number(rng, b"7")
        return b" ".join(rng.choice((numbers, numbers[::-1], numbers[:-1], numbers * 2)))

    return _set_in(rng, data, _PDF_BOX, box)


def set_pdf_reference(rng: Random, data: bytes) -> bytes:
    """Let an object refer to another one: to itself, its parent, what is of another type, what is not there."""
    numbers = [match.group(1) for match in _matches(data, _PDF_REFERENCE)] + [b"0", b"99999"]
    return _set_in(rng, data, _PDF_REFERENCE, lambda match: rng.choice(numbers))


def set_pdf_name(rng: Random, data: bytes) -> bytes:
    """Another key, type, filter, font or colour space of those in the file."""
    names = [match.group() for match in _matches(data, _PDF_NAME)]
    names += [b"/LZWDecode", b"/ASCII85Decode", b"/CCITTFaxDecode", b"/JBIG2Decode", b"/JPXDecode", b"/RunLengthDecode"]
    return _set_in(rng, data, _PDF_NAME, lambda match: rng.choice(names), group=0)


def set_pdf_offset(rng: Random, data: bytes) -> bytes:
    """Another place in the cross-reference table."""
    places = (b"0000000000", b"9999999999", b"%010d" % rng.randrange(len(data)), b"-000000001")
    return _set_in(
        rng, data, _PDF_XREF, lambda match: match.group()[:1].replace(b"0", b"") + rng.choice(places), group=0
    )


def change_pdf_stream(rng: Random, data: bytes) -> bytes:
    """Damage what a stream holds under its compression, and set its length right."""
    found = _matches(data, _PDF_STREAM)
    if not found:
        return set_pdf_number(rng, data)
    match = rng.choice(found)
    try:
        inner, is_packed = zlib.decompressobj().decompress(match.group(1), _MOST_BYTES), True
    except zlib.error:
        inner, is_packed = match.group(1), False
    if not inner:
        return data
    inner = rng.choice((*ANY_FILE, *TEXT, *TEXT))(rng, inner)
    if len(inner) > _MOST_BYTES:
        return data
    packed = zlib.compress(inner, 1) if is_packed else inner
    head = data[: match.start(1)]
    at = head.rfind(b" obj")
    head = head[:at] + re.sub(rb"/Length \d+(?! \d+ R)", b"/Length %d" % len(packed), head[at:])
    return head + packed + data[match.end(1) :]


def _set_in(
    rng: Random, data: bytes, pattern: re.Pattern[bytes], value: Callable[[re.Match[bytes]], bytes], group: int = 1
) -> bytes:
    found = _matches(data, pattern)
    if not found:
        return flip_bits(rng, data)
    match = rng.choice(found)
    return _replaced(data, match, value(match), group)


PDF: tuple[Mutation, ...] = (
    set_pdf_number,
    set_pdf_box,
    set_pdf_reference,
    set_pdf_name,
    set_pdf_offset,
    change_pdf_stream,
    change_pdf_stream,
    change_pdf_stream,
)

# ---- archives and packages

_ZIP_FIELDS = {
    b"PK\x03\x04": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\x01\x02": ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4)),
    b"PK\x05\x06": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}
"""The numbers of a local header, a directory entry and the end of the directory: place and size (APPNOTE 4.3)."""


def set_zip_field(rng: Random, data: bytes) -> bytes:
    """Another size, flag, method, offset or length in the headers of a ZIP file."""
    signature = rng.choice(tuple(_ZIP_FIELDS))
    places = [match.start() for match in _matches(data, re.compile(re.escape(signature)))]
    if not places:
        return set_number(rng, data)
    offset, size = rng.choice(_ZIP_FIELDS[signature])
    start = rng.choice(places) + offset
    if start + size > len(data):
        return data
    if rng.random() < 0.3:  # the fields of flags and methods have few values with a meaning
        value = rng.choice((1, 8, 9, 12, 14, 20, 93, 95, 98, 99, 0x800, 0x801, 0x2001)) & ((1 << 8 * size) - 1)
        return data[:start] + value.to_bytes(size, "little") + data[start + size :]
    return _with_number(rng, data, start, size, "little")


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    EOFError,
)


def change_zip_member(rng: Random, data: bytes) -> bytes:
    """Damage what a member holds under its compression; the archive around it is sound."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
                return set_zip_field(rng, data)
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except _ZIP_ERRORS:
        return set_zip_field(rng, data)
    filled = [number for number, (_, content) in enumerate(members) if content]
    if not filled:
        return set_zip_field(rng, data)
    chosen = rng.choice(filled)
    name, content = members[chosen]
    is_text = content.lstrip()[:1] == b"<"
    members[chosen] = (name, rng.choice((*TEXT, *TEXT, *ANY_FILE) if is_text else ANY_FILE)(rng, content))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, inner in members:
            archive.writestr(zipfile.ZipInfo(member), inner, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def change_compressed(rng: Random, data: bytes) -> bytes:
    """Damage what lies under gzip, bzip2 or xz."""
    for module in (gzip, bz2, lzma):
        try:
            with module.open(io.BytesIO(data)) as file:
                inner = file.read(_MOST_BYTES)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue
        return bytes(module.compress(rng.choice(ANY_FILE)(rng, inner))) if inner else data
    return flip_bits(rng, data)


# ---- messages of Outlook


def set_tnef_field(rng: Random, data: bytes) -> bytes:
    """Another number or size of an attribute of winmail.dat, or another number in its value ([MS-OXTNEF] 2.1.3)."""
    places, place = [], 6
    while place + 9 <= len(data):
        (size,) = struct.unpack_from("<I", data, place + 5)
        places.append((place, size))
        place += 11 + size
    if not places:
        return set_number(rng, data)
    start, size = rng.choice(places)
    if rng.random() < 0.3:
        return _with_number(rng, data, *rng.choice(((start + 1, 2), (start + 5, 4))), "little")
    inside = start + 9 + rng.randrange(max(1, min(size, len(data)) - 4)) // 2 * 2
    return _with_number(rng, data, inside, rng.choice((2, 4)), "little") if inside + 4 <= len(data) else data


# ---- pictures


def set_png_field(rng: Random, data: bytes) -> bytes:
    """Another number in a chunk, with the checksum set right (PNG, 5.3)."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, place)
        chunks.append((place, size))
        place += 12 + size
    if not chunks:
        return set_number(rng, data)
    # The header counts most.
    start, size = chunks[0] if rng.random() < 0.6 else rng.choice(chunks)
    body = data[start + 8 : start + 8 + size]
    if not body:
        return truncate(rng, data)
    field = rng.choice((1, 4))
    at = rng.randrange(max(1, min(len(body), 16) - field + 1))
    body = _with_number(rng, body, at, min(field, len(body)), "big")
    kind = data[start + 4 : start + 8]
    checked = kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[: start + 4] + checked + data[start + 12 + size :]


def set_jpeg_field(rng: Random, data: bytes) -> bytes:
    """Another number in a segment: sizes, samplings, tables, lengths (ITU-T T.81, annex B)."""
    segments, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        segments.append(place)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    frames = [start for start in segments if 0xC0 <= data[start + 1] <= 0xCF]
    if not segments:
        return set_number(rng, data)
    start = rng.choice(frames if frames and rng.random() < 0.5 else segments)
    size = rng.choice((1, 2))
    return _with_number(rng, data, min(start + rng.randrange(1, 18), len(data) - size), size, "big")


def set_tiff_field(rng: Random, data: bytes) -> bytes:
    """Another kind, count or value of a tag, or another place of the directory (TIFF 6.0, section 2)."""
    order = "little" if data[:2] == b"II" else "big"
    mark = "<" if order == "little" else ">"
    place, entries = struct.unpack_from(f"{mark}I", data, 4)[0] if len(data) >= 8 else 0, [(4, 4)]
    for _ in range(20):
        if not 8 <= place <= len(data) - 2:
            break
        (count,) = struct.unpack_from(f"{mark}H", data, place)
        for number in range(min(count, 60)):
            start = place + 2 + 12 * number
            entries += [(start, 2), (start + 2, 2), (start + 4, 4), (start + 8, 4), (start + 8, 2)]
        place = place + 2 + 12 * count
        entries.append((place, 4))
        place = struct.unpack_from(f"{mark}I", data, place)[0] if place + 4 <= len(data) else 0
    start, size = rng.choice(entries)
    return _with_number(rng, data, start, size, order) if start + size <= len(data) else set_number(rng, data)


def set_header_number(rng: Random, data: bytes) -> bytes:
    """Another number among the first hundred bytes, where BMP, GIF, WebP and JPEG 2000 keep their sizes."""
    size = rng.choice((1, 2, 4))
    start = rng.randrange(max(1, min(len(data), 100) - size + 1))
    return _with_number(rng, data, start, size, rng.choice(("little", "big")))


BY_FORMAT: Mapping[str, Sequence[Mutation]] = {
    "pdf": PDF,
    "zip": (set_zip_field, set_zip_field, set_zip_field, change_zip_member),
    "package": (change_zip_member, change_zip_member, change_zip_member, set_zip_field),
    "compressed": (change_compressed,),
    "png": (set_png_field,),
    "jpeg": (set_jpeg_field,),
    "tiff": (set_tiff_field, set_tiff_field),
    "picture": (set_header_number,),
    "tnef": (set_tnef_field, set_tnef_field, set_number),
    "binary": (set_number, set_number),
    "text": TEXT,
}
"""Where the readers of a format believe it; the mutations for any file come on top."""


def mutated(rng: Random, data: bytes, family: str, other: bytes) -> bytes:
    """A damaged copy of a file.

    Args:
        rng: Decides everything: the same generator makes the same copy.
        data: The file.
        family: A key of :data:`BY_FORMAT`.
        other: A file that may be joined to it.
    """
    if rng.random() < 0.05:
        return splice(rng, data, other)
    special = BY_FORMAT[family]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        mutation = rng.choice(special if rng.random() < 0.65 else ANY_FILE)
        changed = mutation(rng, data)
        if 0 < len(changed) <= _MOST_BYTES + len(data):
            data = changed
    return data
