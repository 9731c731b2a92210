"""Automatic numbers: «3.2.» and «а)» are nowhere in the text of a Word document, yet contracts refer to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PLACE = re.compile(r"%([1-9])")
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщэюя"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_MOST_LEVELS = 9
BULLET = "•"


def in_format(value: int, number_format: str) -> str:
    """A number as the format of its level writes it (ECMA-376 part 1, 17.18.59)."""
    if number_format in ("upperRoman", "lowerRoman"):
        text = _roman(value)
    elif number_format in ("upperLetter", "lowerLetter"):
        text = _letter(value, _LATIN)
    elif number_format in ("russianUpper", "russianLower"):
        text = _letter(value, _RUSSIAN)
    elif number_format == "decimalZero":
        return f"{value:02d}"
    else:
        return str(value)
    return text.upper() if number_format.startswith("upper") or number_format.endswith("Upper") else text


def _roman(value: int) -> str:
    if not 0 < value < 4000:
        return str(value)
    text = ""
    for size, sign in _ROMAN:
        while value >= size:
            text, value = text + sign, value - size
    return text


def _letter(value: int, letters: str) -> str:
    if value < 1 or value > 20 * len(letters):
        return str(value)
    return letters[(value - 1) % len(letters)] * ((value - 1) // len(letters) + 1)


@dataclass(frozen=True)
class Level:
    """One level of a list: where it starts and how it writes its numbers (``%1`` is the number of level 1)."""

    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    is_legal: bool = False
    restarts_after: int | None = None
    """Level (from 1) whose numbers make this one begin anew; None: any level above, 0: none."""
    style: str | None = None


@dataclass
class ListCounter:
    """Counts the paragraphs of lists.

    Args:
        abstract: The levels of every list by its id, counted from 0.
        lists: For every list that paragraphs name: the list that it is an instance of, and the levels of its own.
    """

    abstract: dict[str, dict[int, Level]] = field(default_factory=dict)
    lists: dict[str, tuple[str, dict[int, Level]]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    def next(self, list_id: str, place: int) -> str | None:
        """The number (or bullet) of the next paragraph of a list at a level from 0; None: it is in no list."""
        if list_id not in self.lists or not 0 <= place < _MOST_LEVELS:
            return None
        abstract, overrides = self.lists[list_id]
        levels = {**self.abstract.get(abstract, {}), **overrides}
        level = levels.get(place, Level())
        counts = self._counts.setdefault(abstract, {})
        if place in overrides and (list_id, place) not in self._started:
            counts.pop(place, None)
        self._started.add((list_id, place))
        counts[place] = counts[place] + 1 if place in counts else level.start
        for deeper in [deep for deep in counts if deep > place]:
            after = levels.get(deeper, Level()).restarts_after
            if after is None or (after and place < after):
                del counts[deeper]
        if level.number_format == "bullet":
            return BULLET
        if level.number_format == "none" and not _PLACE.search(level.text):
            return level.text.strip()

        def shown(match: re.Match[str]) -> str:
            which = int(match[1]) - 1
            other = levels.get(which, Level())
            value = counts.get(which, other.start)
            return in_format(value, "decimal" if level.is_legal else other.number_format)

        return _PLACE.sub(shown, level.text).strip()
