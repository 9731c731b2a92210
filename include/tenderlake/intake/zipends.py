"""The end of a ZIP archive, which says of how many parts it is the last (APPNOTE 4.3.16)."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_RECORD = struct.Struct("<4sHHHHIIH")
_SIGNATURE = b"PK\x05\x06"
_MOST_COMMENT_BYTES = 65_535
_ELSEWHERE = 0xFFFF
"""The number is in a larger record (APPNOTE 4.4.1.4): nobody cuts an archive into so many parts."""


@dataclass(frozen=True)
class ZipEnd:
    """Where the directory is: ``directory_part`` counts from 0, ``directory_place`` from the beginning of that part."""

    part_count: int
    directory_part: int
    directory_place: int


def read_zip_end(file: IO[bytes]) -> ZipEnd | None:
    """What the end of an archive, or of its last part, says; None where there is none."""
    size = file.seek(0, io.SEEK_END)
    begin = max(0, size - _MOST_COMMENT_BYTES - _RECORD.size)
    file.seek(begin)
    tail = file.read()
    place = tail.rfind(_SIGNATURE)
    if place < 0 or place + _RECORD.size > len(tail):
        return None
    _, part, directory_part, _, _, directory_bytes, directory_place, _ = _RECORD.unpack_from(tail, place)
    is_whole = directory_part == 0 and directory_place + directory_bytes <= begin + place
    return ZipEnd(1 if is_whole or part == _ELSEWHERE else part + 1, directory_part, directory_place)


def is_last_part(path: Path) -> bool:
    """Whether a file is the last part of an archive in several parts."""
    with path.open("rb") as file:
        end = read_zip_end(file)
    return end is not None and end.part_count > 1


def holds_zip(path: Path) -> bool:
    """Whether a file that begins as another ends as a ZIP archive: one that unpacks itself, or has bytes before it."""
    with path.open("rb") as file:
        end = read_zip_end(file)
        if end is None or end.part_count > 1:
            return False
        file.seek(0)
        return zipfile.is_zipfile(file)
