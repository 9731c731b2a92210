"""Letters and digits that look alike: reading labels and numbers as OCR leaves them.

Labels are compared by the shape of their letters; digits are repaired only after a label, only on pages that OCR read,
at most two of them, and only to a value that passes its check. A check digit lets one wrong number of ten through, so
a number that was read clean is never changed. The confusions are those seen in Tesseract's output on scans of tenders:
«HH 7799434926» (ИНН), «BHK» and «KHK» (БИК), «КИП» (КПП), «P/e» (р/с), a cell border read as «1».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MOST_REPAIRS = 2

_TO_CYRILLIC = str.maketrans("ABEKMHOPCTYXЁ", "АВЕКМНОРСТУХЕ")
_SHAPES = str.maketrans(
    {
        letter: shape
        for shape, letters in {"Н": "ИЙПМHNUM", "В": "БB", "К": "K", "О": "СЕЁOCEQ", "Г": "ТRT", "Р": "P"}.items()
        for letter in letters
    }
)
_LIKE_DIGITS = dict(
    zip(
        "ОоOoDQ" + "ЗзЭэ" + "IilІ|!" + "Чч" + "Ss" + "бБ" + "В" + "Тт" + "Zz",
        "000000" + "3333" + "111111" + "44" + "55" + "66" + "8" + "77" + "22",
        strict=True,
    )
)
DIGIT_LIKE = "".join(_LIKE_DIGITS)
"""Characters that a digit is read as."""
_TO_DIGITS = str.maketrans(_LIKE_DIGITS)


def upper(text: str) -> str:
    """Text in capitals, as long as before: «ß» stays, so that places in one are places in the other."""
    capitals = text.upper()
    return capitals if len(capitals) == len(text) else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def in_cyrillic(text: str) -> str:
    """Text in capitals with Latin letters that look Cyrillic as these, as long as before: «ИHH», «OГPH»."""
    return upper(text).translate(_TO_CYRILLIC)


def shape(text: str) -> str:
    """Text as labels are compared on pages that OCR read, as long as before: И, П, М and Н are one letter."""
    return upper(text).translate(_SHAPES)


@dataclass(frozen=True)
class ReadNumber:
    """A number as it stands and as it is meant. ``length``: of what was taken of the text."""

    value: str
    length: int
    message: str | None = None

    @property
    def is_repaired(self) -> bool:
        """Whether it is not what was read."""
        return self.message is not None


def repaired(raw: str, lengths: tuple[int, ...], passes: Callable[[str], bool]) -> ReadNumber | None:
    """The number that a run of digits, look-alikes and single spaces is meant to be, None where nothing passes.

    ``raw`` begins at the number; what follows it may be part of the run.
    """
    for value, length, message in _guesses(raw, lengths):
        if passes(value):
            return ReadNumber(value, length, message)
    return None


def _guesses(raw: str, lengths: tuple[int, ...]) -> Iterator[tuple[str, int, str]]:
    first = re.match(r"[^ ]*", raw)
    group = first[0] if first else ""
    if group.isdigit() and len(group) - 1 in lengths:
        # The border of a table's cell, read as a digit: one group only, or the next row's number becomes part of it.
        if group[0] == "1":
            yield group[1:], len(group), "a 1 in front is taken for the border of a cell"
        if group[-1] == "1":
            yield group[:-1], len(group), "a 1 at the end is taken for the border of a cell"
    for prefix in prefixes(raw):
        value = prefix.replace(" ", "").translate(_TO_DIGITS)
        changed = [(was, now) for was, now in zip(prefix.replace(" ", ""), value, strict=True) if was != now]
        if value.isdigit() and len(value) in lengths and 0 < len(changed) <= MOST_REPAIRS:
            yield value, len(prefix), "read as " + ", ".join(f"«{was}» for {now}" for was, now in changed)


def prefixes(raw: str) -> Iterator[str]:
    """The first group, the first two, …: «40702 810 9» may end at any space."""
    for space in re.finditer("[ \n]", raw):
        yield raw[: space.start()]
    yield raw
