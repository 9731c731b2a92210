"""Names of archive members: which code page they are written in, and paths that stay inside of their archive.

Archivers of Russian Windows write names in cp866 or cp1251 without saying so, and every reader then shows mojibake
(ZIP, APPNOTE 4.4.4: without bit 11 of the flags a name is in cp437, whatever that is worth). One archive is written by
one program, so the code page is chosen over all of its names together.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

_CODE_PAGES = ("cp866", "cp1251", "koi8_r")
_COMMON_LETTERS = frozenset("оеаинтсрвлкмдпуя")
"""The sixteen most frequent letters of Russian text: about 85 % of it."""
_RUSSIAN = re.compile("[А-Яа-яЁё]")
_PLAIN = re.compile(r"[ -~№«»–—“”]")
_CASE_BREAK = re.compile("[а-яё][А-ЯЁ]")
_DRIVE = re.compile(r"^[A-Za-z]:")
_FRAME_LETTERS = re.compile("[\u2500-\u259f]")
MAX_PATH_BYTES = 900
_MOST_NAME_CHARS = 150


class UnsafeNameError(ValueError):
    """A member's name leads outside of its archive, or is none at all."""


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Decode names of one archive that nobody has declared an encoding for.

    UTF-8 where all of them are UTF-8; else the code page under which they look most like Russian file names.
    """
    with contextlib.suppress(UnicodeDecodeError):
        decoded = [name.decode("utf-8") for name in names]
        # Four bytes of cp866 may pass for one character of UTF-8, but not for one that is assigned.
        if not any(unicodedata.category(char) in ("Cn", "Co") for name in decoded for char in name):
            return decoded
    best = max(_CODE_PAGES, key=lambda code_page: sum(_likeness(name, code_page) for name in names))
    return [name.decode(best, "replace") for name in names]


def _likeness(name: bytes, code_page: str) -> float:
    """How much like a Russian file name the bytes look under a code page; only its letters beyond ASCII count."""
    text = name.decode(code_page, "replace")
    points = 0.0
    for char in text:
        if char.isascii():
            continue
        if _RUSSIAN.match(char):
            points += 1.0 if char.lower() in _COMMON_LETTERS else 0.3
        elif not _PLAIN.match(char):
            points -= 1.0
        if _FRAME_LETTERS.match(char):
            points -= 1.0
    # KOI8-R and cp1251 have each other's capitals for small letters: a capital within a word gives it away.
    return points - 2.0 * len(_CASE_BREAK.findall(text))


def safe_path(name: str) -> str:
    """The path of a member within its archive, with ``/`` between its parts.

    Raises:
        UnsafeNameError: It is absolute, leads outside, or has no name in it.
    """
    path = "".join(char if char.isprintable() else "_" for char in name.replace("\\", "/"))
    if path.startswith("/") or _DRIVE.match(path):
        raise UnsafeNameError("its name is an absolute path")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnsafeNameError("its name leads outside of the archive")
    if not parts:
        raise UnsafeNameError("it has no name")
    clean = "/".join(parts)
    if len(clean.encode()) <= MAX_PATH_BYTES:
        return clean
    return clean.encode()[-MAX_PATH_BYTES:].decode(errors="ignore").lstrip("/")


def safe_name(name: str) -> str:
    """A file name out of what a message or document says: its last part, without what no path may have."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(char if char.isprintable() else " " for char in last)
    clean = " ".join(clean.split()).strip(". ") or "attachment"
    if len(clean) > _MOST_NAME_CHARS:
        stem, dot, extension = clean.rpartition(".")
        is_extension = bool(dot) and len(extension) <= 10
        clean = f"{stem[:_MOST_NAME_CHARS]}.{extension}" if is_extension else clean[:_MOST_NAME_CHARS]
    return clean


def unique_paths(paths: Iterable[str]) -> list[str]:
    """The paths, where one comes again with a number before its extension: every member is a source of its own."""
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    """The last one that a path got: ten thousand members of one name would take minutes."""
    unique = []
    for path in paths:
        candidate, number = path, numbers.get(path, 1)
        while candidate in seen:
            number += 1
            folder, slash, name = path.rpartition("/")
            stem, dot, extension = name.rpartition(".")
            named = f"{stem} ({number}){dot}{extension}" if stem else f"{name} ({number})"
            candidate = f"{folder}{slash}{named}"
        numbers[path] = number
        seen.add(candidate)
        unique.append(candidate)
    return unique
