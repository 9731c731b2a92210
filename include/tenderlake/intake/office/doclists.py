"""Lists and paragraph styles of Word 97-2003 files ([MS-DOC] 2.9.131 LSTF, 2.9.150 LVL, 2.9.126 LFO, 2.9.271 STSH)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tenderlake.intake.office.listnumbers import Level, ListCounter

NUMBER_FORMATS = {0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter", 22: "decimalZero",
                  23: "bullet", 58: "russianLower", 59: "russianUpper", 255: "none"}  # fmt: skip
"""What numbers of lists look like, by their codes ([MS-OSHARED] 2.2.1.3, MSONFC)."""
_LEVELS = 9
_MOST_DEPTH = 20
_NO_STYLE = 0x0FFF


@dataclass(frozen=True)
class WordStyle:
    """A paragraph style: its built-in kind (1 to 9 a heading, 62 the title), what it is based on, its properties."""

    kind: int
    base: int
    properties: bytes = b""


def read_lists(lists: bytes, instances: bytes) -> ListCounter:
    """The lists of a document; damaged ones are as none."""
    counter = ListCounter()
    try:
        _read_abstract(lists, counter)
        _read_instances(instances, counter)
    except (struct.error, IndexError):
        pass
    return counter


def _read_abstract(data: bytes, counter: ListCounter) -> None:
    if len(data) < 2:
        return
    (count,) = struct.unpack_from("<h", data)
    place = 2 + 28 * count
    for index in range(max(0, count)):
        at = 2 + 28 * index
        (identity,) = struct.unpack_from("<i", data, at)
        is_simple = bool(data[at + 26] & 1)
        levels: dict[int, Level] = {}
        counter.abstract[str(identity)] = levels
        for level in range(1 if is_simple else _LEVELS):
            levels[level], place = _level(data, place)


def _level(data: bytes, place: int) -> tuple[Level, int]:
    """One level, and where the next begins."""
    start, number_format, flags = struct.unpack_from("<iBB", data, place)
    characters, paragraphs = data[place + 24], data[place + 25]
    limit = data[place + 26]
    at = place + 28 + paragraphs + characters
    (size,) = struct.unpack_from("<H", data, at)
    raw = data[at + 2 : at + 2 + 2 * size].decode("utf-16-le", "replace")
    text = "".join(f"%{ord(char) + 1}" if ord(char) < _LEVELS else char for char in raw)
    level = Level(
        start=max(0, min(start, 1 << 30)),
        number_format=NUMBER_FORMATS.get(number_format, "decimal"),
        text=text,
        is_legal=bool(flags & 4),
        restarts_after=limit if flags & 8 else None,
    )
    return level, at + 2 + 2 * size


def _read_instances(data: bytes, counter: ListCounter) -> None:
    if len(data) < 4:
        return
    count = min(struct.unpack_from("<I", data)[0], 10_000)
    place = 4 + 16 * count
    for index in range(count):
        at = 4 + 16 * index
        (identity,) = struct.unpack_from("<i", data, at)
        overrides: dict[int, Level] = {}
        counter.lists[str(index + 1)] = (str(identity), overrides)
        place += 4
        for _ in range(data[at + 12]):
            start, flags = struct.unpack_from("<iI", data, place)
            place += 8
            number = flags & 0xF
            base = counter.abstract.get(str(identity), {}).get(number, Level())
            if flags & 0x20:
                overrides[number], place = _level(data, place)
            elif flags & 0x10:
                overrides[number] = Level(start, base.number_format, base.text, base.is_legal, base.restarts_after)


def read_styles(data: bytes) -> dict[int, WordStyle]:
    """The styles of a document by their numbers; damaged ones are as none."""
    styles: dict[int, WordStyle] = {}
    try:
        header, count = struct.unpack_from("<HH", data)
        (base_bytes,) = struct.unpack_from("<H", data, 4)
        place = 2 + header
        for number in range(count):
            (size,) = struct.unpack_from("<H", data, place)
            if size >= 6:
                styles[number] = _style(data[place + 2 : place + 2 + size], base_bytes)
            place += 2 + size + size % 2
    except struct.error:
        pass
    return styles


def _style(data: bytes, base_bytes: int) -> WordStyle:
    kind = struct.unpack_from("<H", data)[0] & 0x0FFF
    type_and_base, counts = struct.unpack_from("<HH", data, 2)
    if type_and_base & 0xF != 1:
        return WordStyle(kind, _NO_STYLE)
    (name_chars,) = struct.unpack_from("<H", data, base_bytes)
    place = base_bytes + 2 + 2 * name_chars + 2
    parts: list[bytes] = []
    for _ in range(counts & 0xF):
        place += place % 2
        if place + 2 > len(data):
            break
        (size,) = struct.unpack_from("<H", data, place)
        parts.append(data[place + 2 : place + 2 + size])
        place += 2 + size
    return WordStyle(kind, type_and_base >> 4, parts[0][2:] if parts else b"")


def chain(styles: dict[int, WordStyle], number: int) -> list[WordStyle]:
    """A style and all that it is based on, the base first."""
    found: list[WordStyle] = []
    while number in styles and len(found) < _MOST_DEPTH:
        found.append(styles[number])
        number = styles[number].base
    return found[::-1]
