"""The streams of a Word 97-2003 file: its text by pieces, and what is said of paragraphs and characters ([MS-DOC]).

Offsets and numbers below are those of the specification: Fib (2.5.1), Clx (2.9.38), PapxFkp (2.9.181), ChpxFkp
(2.9.33), Sprm (2.2.5.1).
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import olefile

from tenderlake.intake.office.package import corrupt
from tenderlake.intake.outcome import RejectedError, is_disk_trouble
from tenderlake.states import SourceState

_MAGIC = 0xA5EC
_FIRST_WORD_97 = 0xC1
_TABLES = 0x9A
STYLES, NOTE_REFERENCES, NOTES, SECTIONS, HEADERS, CHARACTERS, PARAGRAPHS, PIECES = 1, 2, 3, 6, 11, 12, 13, 33
END_REFERENCES, END_NOTES, LISTS, LIST_INSTANCES = 46, 47, 73, 74
_PAGE_BYTES = 512
_MOST_CHARS = 50_000_000
_HUGE_PAPX, _HUGE_PAPX_OLD = 0x6646, 0x6645
_TABLE_DEFINITION, _TABLE_DEFINITION_10 = 0xD608, 0xD606
_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
DELETED, HIDDEN, BOLD = 1, 2, 4
_CHARACTER_FLAGS = {0x0800: DELETED, 0x083C: HIDDEN, 0x0835: BOLD}
_PICTURE_PLACE = 0x6A03


def sprms(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The single properties in a list of them: their codes and operands."""
    place = 0
    while place + 2 <= len(data):
        (code,) = struct.unpack_from("<H", data, place)
        place += 2
        kind = code >> 13
        if kind != 6:
            size = _SIZES[kind]
        elif code in (_TABLE_DEFINITION, _TABLE_DEFINITION_10):
            size = struct.unpack_from("<H", data, place)[0] - 1 if place + 2 <= len(data) else 0
            place += 2
        else:
            size = data[place] if place < len(data) else 0
            place += 1
        yield code, data[place : place + size]
        place += max(size, 0)


@dataclass(frozen=True)
class ParagraphProperties:
    """What is said of one paragraph: the number of its style and its own properties."""

    style: int = 0
    properties: bytes = b""


@dataclass
class WordStreams:
    """The text of all parts of a document and its properties."""

    main: bytes
    table: bytes
    data: bytes
    text: str = ""
    flags: bytearray = field(default_factory=bytearray)
    """One byte a character: DELETED, HIDDEN, BOLD."""
    pictures: dict[int, int] = field(default_factory=dict)
    """Places of pictures in the stream ``data`` by the character that stands for them."""
    part_sizes: tuple[int, ...] = ()
    """Characters of the main text, footnotes, headers, macros, annotations, endnotes, text boxes, in this order."""
    _positions: list[tuple[int, int, int]] = field(default_factory=list)
    _paragraphs: list[tuple[int, int, ParagraphProperties]] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def part(self, number: int) -> tuple[int, int]:
        """Where a part begins and ends in the text."""
        begin = sum(self.part_sizes[:number])
        return min(begin, len(self.text)), min(begin + self.part_sizes[number], len(self.text))

    def paragraph(self, position: int) -> ParagraphProperties:
        """What is said of the paragraph that ends with the character at this position."""
        offset = self._offset(position)
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self._paragraphs[index][1]:
            return ParagraphProperties()
        return self._paragraphs[index][2]

    def _offset(self, position: int) -> int:
        index = bisect_right(self._positions, (position, 1 << 60, 0)) - 1
        if index < 0:
            return -1
        begin, offset, width = self._positions[index]
        return offset + (position - begin) * width

    def table_of(self, index: int) -> bytes:
        """The structure that the header of the file places at this index."""
        return _structure(self.main, self.table, index)

    def table_from(self, index: int) -> bytes:
        """The same with all that follows: the size of lists does not count their levels (2.9.192 PlfLst)."""
        offset, size = _place(self.main, index)
        return self.table[offset:] if size else b""

    def positions(self, index: int, item_bytes: int) -> tuple[list[int], list[bytes]]:
        """A list of positions with an item for each but the last (PLC, 2.2.2)."""
        return _plc(self.table_of(index), item_bytes)


def open_word(source: Path | io.BytesIO) -> WordStreams:
    """Read the streams; raises :class:`RejectedError` where they are damaged, encrypted or too old."""
    try:
        with olefile.OleFileIO(source) as ole:
            main = ole.openstream("WordDocument").read()
            flags = struct.unpack_from("<H", main, 0x0A)[0]
            _check_header(main, flags)
            table = ole.openstream("1Table" if flags & 0x0200 else "0Table").read()
            data = ole.openstream("Data").read() if ole.exists("Data") else b""
        streams = WordStreams(main, table, data, part_sizes=struct.unpack_from("<7i", main, 0x4C))
        if any(size < 0 for size in streams.part_sizes):
            raise corrupt("its header makes no sense")
        _read_text(streams)
        _read_paragraphs(streams)
    except RejectedError:
        raise
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError, struct.error) as error:
        if is_disk_trouble(error):
            raise
        raise corrupt(error) from error
    return streams


def _check_header(main: bytes, flags: int) -> None:
    magic, version = struct.unpack_from("<HH", main, 0)
    if magic != _MAGIC or version < _FIRST_WORD_97:
        raise RejectedError(
            SourceState.QUARANTINED_CONVERSION_FAILED, "a Word document of before 1997: no reader for it is built in"
        )
    if flags & 0x0100:
        raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, "the Word document is encrypted in a way not known here")


def _structure(main: bytes, table: bytes, index: int) -> bytes:
    offset, size = _place(main, index)
    return table[offset : offset + size] if size and offset < len(table) else b""


def _place(main: bytes, index: int) -> tuple[int, int]:
    """Offset and size of a structure; a header that was cut off places none."""
    start = _TABLES + 8 * index
    return struct.unpack_from("<II", main, start) if start + 8 <= len(main) else (0, 0)


def _plc(data: bytes, item_bytes: int) -> tuple[list[int], list[bytes]]:
    count = max(0, (len(data) - 4) // (4 + item_bytes))
    if not count:
        return [], []
    positions = list(struct.unpack_from(f"<{count + 1}I", data))
    base = 4 * (count + 1)
    return positions, [data[base + i * item_bytes : base + (i + 1) * item_bytes] for i in range(count)]


def _read_text(streams: WordStreams) -> None:
    pieces = _pieces(streams.table_of(PIECES))
    positions, descriptions = _plc(pieces, 8)
    runs = list(_character_runs(streams))
    parts: list[str] = []
    length = 0
    for index, description in enumerate(descriptions):
        count = positions[index + 1] - positions[index]
        (place,) = struct.unpack_from("<I", description, 2)
        is_narrow = bool(place & 0x40000000)
        offset = (place & 0x3FFFFFFF) // 2 if is_narrow else place & 0x3FFFFFFF
        width = 1 if is_narrow else 2
        raw = streams.main[offset : offset + count * width] if count > 0 else b""
        text = raw.decode("cp1252" if is_narrow else "utf-16-le", "replace")
        if not is_narrow and len(text) != count:  # pairs of surrogates count twice
            text = "".join(chr(unit) for (unit,) in struct.iter_unpack("<H", raw[: len(raw) // 2 * 2]))
        streams._positions.append((length, offset, width))
        parts.append(text)
        _mark_characters(streams, runs, (offset, offset + len(text) * width), length, width)
        length += len(text)
        if length > _MOST_CHARS:
            raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, f"it has more than {_MOST_CHARS} characters")
    if not parts:
        raise corrupt("it has no text")
    streams.text = "".join(parts)
    if not streams.text and streams.part_sizes[0] > 1:  # an empty document is the end of a paragraph
        raise corrupt("its text is cut off")


def _pieces(clx: bytes) -> bytes:
    place = 0
    while place < len(clx):
        if clx[place] == 1:
            place += 3 + struct.unpack_from("<H", clx, place + 1)[0]
        elif clx[place] == 2:
            (size,) = struct.unpack_from("<I", clx, place + 1)
            return clx[place + 5 : place + 5 + size]
        else:
            break
    raise corrupt("its list of pieces is missing")


@dataclass(frozen=True)
class _Run:
    begin: int
    end: int
    flags: int
    picture: int | None = None


def _pages(streams: WordStreams, index: int) -> Iterator[bytes]:
    """The pages of properties that a list names."""
    _, numbers = streams.positions(index, 4)
    for item in numbers:
        begin = (struct.unpack("<I", item)[0] & 0x3FFFFF) * _PAGE_BYTES
        page = streams.main[begin : begin + _PAGE_BYTES]
        if len(page) == _PAGE_BYTES:
            yield page


def _character_runs(streams: WordStreams) -> Iterator[_Run]:
    for page in _pages(streams, CHARACTERS):
        count = min(page[-1], 101)
        edges = struct.unpack_from(f"<{count + 1}I", page)
        for index in range(count):
            at = page[4 * (count + 1) + index] * 2
            run = _run(edges[index], edges[index + 1], page[at + 1 : at + 1 + page[at]] if at else b"")
            if run.flags or run.picture is not None:
                yield run


def _run(begin: int, end: int, properties: bytes) -> _Run:
    run = _Run(begin, end, 0)
    for code, operand in sprms(properties):
        if code in _CHARACTER_FLAGS and operand and operand[0] in (1, 0x81):
            run = replace(run, flags=run.flags | _CHARACTER_FLAGS[code])
        elif code == _PICTURE_PLACE and len(operand) == 4:
            run = replace(run, picture=struct.unpack("<I", operand)[0])
    return run


def _mark_characters(
    streams: WordStreams, runs: list[_Run], offsets: tuple[int, int], position: int, width: int
) -> None:
    """Note what is said of the characters of one piece."""
    begin, end = offsets
    flags = bytearray((end - begin) // width)
    for run in runs:
        first, last = max(run.begin, begin), min(run.end, end)
        if first >= last:
            continue
        low, high = (first - begin) // width, (last - begin + width - 1) // width
        for place in range(low, min(high, len(flags))):
            flags[place] |= run.flags
        if run.picture is not None:
            streams.pictures[position + low] = run.picture
    streams.flags += flags


def _read_paragraphs(streams: WordStreams) -> None:
    found: list[tuple[int, int, ParagraphProperties]] = []
    for page in _pages(streams, PARAGRAPHS):
        count = min(page[-1], 29)
        edges = struct.unpack_from(f"<{count + 1}I", page)
        for index in range(count):
            at = page[4 * (count + 1) + index * 13] * 2
            found.append((edges[index], edges[index + 1], _papx(streams, page, at)))
    found.sort(key=lambda entry: entry[0])
    streams._paragraphs = found
    streams._starts = [begin for begin, _, _ in found]


def _papx(streams: WordStreams, page: bytes, at: int) -> ParagraphProperties:
    if not at or at + 2 > _PAGE_BYTES:
        return ParagraphProperties()
    size, begin = (page[at] * 2 - 1, at + 1) if page[at] else (page[at + 1] * 2, at + 2)
    content = page[begin : begin + size]
    if len(content) < 2:
        return ParagraphProperties()
    properties = content[2:]
    for code, operand in sprms(properties):
        if code in (_HUGE_PAPX, _HUGE_PAPX_OLD) and len(operand) == 4:
            (place,) = struct.unpack("<I", operand)
            if place + 2 <= len(streams.data):
                (length,) = struct.unpack_from("<H", streams.data, place)
                properties = streams.data[place + 2 : place + 2 + length]
            break
    return ParagraphProperties(struct.unpack_from("<H", content)[0], properties)
