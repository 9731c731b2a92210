"""Archives in several parts: which files beside each other are one archive, by their names.

Here alone a name decides, for nothing else tells: only the first part of a cut file has a signature, and the parts of a
RAR do not know each other. One part is the *main* one, which people open and whose files are named after it.

The names: ``x.part1.rar``, ``x.part2.rar`` (RAR since version 3); ``x.rar``, ``x.r00``, ``x.r01`` (RAR before);
``x.z01``, ``x.z02`` and the last, main part ``x.zip`` (APPNOTE 8.5); ``x.7z.001``, ``x.7z.002`` (pieces of a file).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

TPart = TypeVar("TPart")
TOther = TypeVar("TOther")

MOST_PARTS = 1000
"""More files that are named like parts of one archive are taken as files of their own."""
_ZIP_MAIN_NUMBER = 100_000
_PIECES = re.compile(r"(?P<stem>.+\.(?:7z|zip|rar|tar|tgz|gz|bz2|xz|tbz2?|txz))\.(?P<number>\d{3})", re.IGNORECASE)
_RAR = re.compile(r"(?P<stem>.+)\.part(?P<number>\d{1,4})\.rar", re.IGNORECASE)
_OLD_RAR = re.compile(r"(?P<stem>.+)\.(?:rar|(?P<letter>[rs])(?P<number>\d{2}))", re.IGNORECASE)
_ZIP = re.compile(r"(?P<stem>.+)\.(?:zip|z(?P<number>\d{2,3}))", re.IGNORECASE)


class Scheme(StrEnum):
    """How the parts of an archive are named."""

    PIECES = "pieces"
    RAR = "rar"
    OLD_RAR = "old_rar"
    ZIP = "zip"


@dataclass(frozen=True)
class PartName:
    """What the path of a file says of it: part ``number`` (from 1) of the archive ``stem``."""

    stem: str
    scheme: Scheme
    number: int
    is_main: bool


def part_name(path: str) -> PartName | None:
    """Which part of an archive a file is named like; any ``.zip`` and ``.rar`` is named like a main one."""
    folder, slash, name = path.rpartition("/")
    for scheme, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(name):
            number = _number(scheme, match)
            is_main = number == _ZIP_MAIN_NUMBER if scheme is Scheme.ZIP else number == 1
            return PartName(f"{folder}{slash}{match['stem']}", scheme, number, is_main) if number else None
    return None


_PATTERNS = {Scheme.PIECES: _PIECES, Scheme.RAR: _RAR, Scheme.OLD_RAR: _OLD_RAR, Scheme.ZIP: _ZIP}


def _number(scheme: Scheme, match: re.Match[str]) -> int:
    digits = match["number"]
    if scheme is Scheme.ZIP:
        return _ZIP_MAIN_NUMBER if digits is None else int(digits)
    if scheme is Scheme.OLD_RAR:
        return 1 if digits is None else 2 + int(digits) + 100 * (match["letter"].lower() == "s")
    return int(digits)


@dataclass(frozen=True)
class PartSet(Generic[TPart]):
    """The parts of one archive that are there, in their order, with their numbers.

    ``missing``: the paths of those that are not there, as far as names tell; there may be more after the last.
    """

    scheme: Scheme
    parts: tuple[TPart, ...]
    numbers: tuple[int, ...]
    main: TPart | None
    missing: tuple[str, ...]

    @property
    def neutral_names(self) -> list[str]:
        """A name for each part under which the readers of archives find it."""
        return [_neutral_name(self.scheme, number) for number in self.numbers]

    @property
    def leader(self) -> TPart:
        """The main part, or the first where that is missing."""
        return self.parts[0] if self.main is None else self.main

    @property
    def others(self) -> tuple[TPart, ...]:
        """All parts but the leader."""
        return tuple(part for part in self.parts if part is not self.leader)

    def map(self, change: Callable[[TPart], TOther]) -> PartSet[TOther]:
        """The same set of other things, such as what is known of each part."""
        changed = tuple(change(part) for part in self.parts)
        main = next((new for old, new in zip(self.parts, changed, strict=True) if old is self.main), None)
        return PartSet(self.scheme, changed, self.numbers, main, self.missing)


def part_sets(files: Iterable[TPart], path_of: Callable[[TPart], str]) -> list[TPart | PartSet[TPart]]:
    """The files, those that are parts of one archive together, in the order of the first of each.

    A single ``x.rar`` or ``x.zip`` is a file like others, and so are orphans of a scheme whose names mean other things
    too (``x.r00``).
    """
    groups: dict[tuple[str, Scheme], dict[int, TPart]] = {}
    units: list[TPart | tuple[str, Scheme]] = []
    for file in files:
        name = part_name(path_of(file))
        group = groups.setdefault((name.stem, name.scheme), {}) if name else None
        if name is None or group is None or name.number in group or len(group) >= MOST_PARTS:
            units.append(file)
            continue
        if not group:
            units.append((name.stem, name.scheme))
        group[name.number] = file
    found: list[TPart | PartSet[TPart]] = []
    for unit in units:
        if isinstance(unit, tuple) and (group := groups.get(unit)) is not None:
            found += _set_of(unit[0], unit[1], group, path_of)
        else:
            found.append(unit)  # type: ignore[arg-type]  # no tuple: those are ours
    return found


def _set_of(
    stem: str, scheme: Scheme, group: dict[int, TPart], path_of: Callable[[TPart], str]
) -> Sequence[TPart | PartSet[TPart]]:
    numbers = sorted(group)
    main = group.get(_ZIP_MAIN_NUMBER if scheme is Scheme.ZIP else 1)
    is_single = main is not None and len(group) == 1 and scheme is not Scheme.PIECES
    if is_single or (main is None and scheme is Scheme.OLD_RAR):
        return list(group.values())
    last = max(number for number in numbers if number != _ZIP_MAIN_NUMBER)
    expected = [*range(1, min(last, MOST_PARTS) + 1), *([_ZIP_MAIN_NUMBER] if scheme is Scheme.ZIP else [])]
    example = path_of(group[last])
    missing = tuple(_path(stem, scheme, number, example) for number in expected if number not in group)
    return [PartSet(scheme, tuple(group[number] for number in numbers), tuple(numbers), main, missing)]


def _path(stem: str, scheme: Scheme, number: int, example: str) -> str:
    """The path of a part, written like the ``example`` beside it."""
    if scheme is Scheme.OLD_RAR or number == _ZIP_MAIN_NUMBER:
        return f"{stem}.{_neutral_name(scheme, number).rpartition('.')[2]}"
    suffix = example[len(stem) :]
    return stem + re.sub(r"\d+", lambda digits: f"{number:0{len(digits[0])}d}", suffix, count=1)


def _neutral_name(scheme: Scheme, number: int) -> str:
    if scheme is Scheme.RAR:
        return f"volume.part{number:05d}.rar"
    if scheme is Scheme.OLD_RAR:
        letter, rest = divmod(number - 2, 100)
        return "volume.rar" if number == 1 else f"volume.{'rs'[letter]}{rest:02d}"
    if scheme is Scheme.ZIP:
        return "volume.zip" if number == _ZIP_MAIN_NUMBER else f"volume.z{number:05d}"
    return f"volume.{number:05d}"
