"""Automatic numbers of Word documents: «3.2.» and «а)» are nowhere in the text, yet contracts refer to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tenderlake.intake.office.package import Element, attribute, child, children, descendants, number

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
class _Level:
    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    is_legal: bool = False
    restarts_after: int | None = None
    """Level (from 1) whose numbers make this one begin anew; None: any level above, 0: none."""
    style: str | None = None


@dataclass
class Numbering:
    """The lists of a document and how far each has counted."""

    root: Element | None
    _abstract: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _lists: dict[str, tuple[str, dict[int, _Level]]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        links: dict[str, str] = {}
        style_owners: dict[str, str] = {}
        for entry in children(self.root, "abstractNum"):
            identity = attribute(entry, "abstractNumId")
            self._abstract[identity] = {number(attribute(lvl, "ilvl")): _level(lvl) for lvl in children(entry, "lvl")}
            if (link := child(entry, "numStyleLink")) is not None:
                links[identity] = attribute(link, "val")
            if (own := child(entry, "styleLink")) is not None:
                style_owners[attribute(own, "val")] = identity
        for identity, style in links.items():
            self._abstract[identity] = self._abstract.get(style_owners.get(style, ""), {})
        for entry in children(self.root, "num"):
            target = child(entry, "abstractNumId")
            if target is None:
                continue
            abstract = attribute(target, "val")
            overrides: dict[int, _Level] = {}
            for override in children(entry, "lvlOverride"):
                place = number(attribute(override, "ilvl"))
                base = self._abstract.get(abstract, {}).get(place, _Level())
                lvl, start = child(override, "lvl"), child(override, "startOverride")
                level = _level(lvl) if lvl is not None else base
                first = number(attribute(start, "val"), 1) if start is not None else level.start
                overrides[place] = _Level(
                    first, level.number_format, level.text, level.is_legal, level.restarts_after, level.style
                )
            self._lists[attribute(entry, "numId")] = (abstract, overrides)

    def level_of_style(self, list_id: str, style: str) -> int:
        """The level of a list that belongs to a paragraph style; 0 where none does."""
        abstract, _ = self._lists.get(list_id, ("", {}))
        levels = self._abstract.get(abstract, {})
        return next((place for place, level in levels.items() if level.style == style), 0)

    def next(self, list_id: str, place: int) -> str | None:
        """The number (or bullet) of the next paragraph of a list at a level from 0; None: it is in no list."""
        if list_id not in self._lists or not 0 <= place < _MOST_LEVELS:
            return None
        abstract, overrides = self._lists[list_id]
        levels = {**self._abstract.get(abstract, {}), **overrides}
        level = levels.get(place, _Level())
        counts = self._counts.setdefault(abstract, {})
        if place in overrides and (list_id, place) not in self._started:
            counts.pop(place, None)
        self._started.add((list_id, place))
        counts[place] = counts[place] + 1 if place in counts else level.start
        for deeper in [deep for deep in counts if deep > place]:
            after = levels.get(deeper, _Level()).restarts_after
            if after is None or (after and place < after):
                del counts[deeper]
        if level.number_format == "bullet":
            return BULLET
        if level.number_format == "none" and not _PLACE.search(level.text):
            return level.text.strip()

        def shown(match: re.Match[str]) -> str:
            which = int(match[1]) - 1
            other = levels.get(which, _Level())
            value = counts.get(which, other.start)
            return in_format(value, "decimal" if level.is_legal else other.number_format)

        return _PLACE.sub(shown, level.text).strip()


def _level(element: Element) -> _Level:
    def value(name: str, default: str = "") -> str:
        found = child(element, name)
        return attribute(found, "val", default) if found is not None else default

    restart = child(element, "lvlRestart")
    legal = child(element, "isLgl")
    return _Level(
        start=number(value("start", "1"), 1),
        number_format=value("numFmt", "decimal") or _alternate_format(element),
        text=value("lvlText"),
        is_legal=legal is not None and attribute(legal, "val", "1") not in ("0", "false"),
        restarts_after=number(attribute(restart, "val")) if restart is not None else None,
        style=value("pStyle") or None,
    )


def _alternate_format(element: Element) -> str:
    """Formats of newer versions stand in an alternative, such as «01, 02»."""
    return next((attribute(found, "val") for found in descendants(element, "numFmt")), "decimal")
