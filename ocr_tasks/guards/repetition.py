"""Endless repetition: the model ran in circles, on one line, over several lines or over the rows of a table.

Loops are found as stretches of text that repeat with a fixed period, wherever they are and whatever their unit is: a
letter, a word, a phrase, several lines, several table rows. PaddleOCR's own check looks at the end of a single line
only and misses loops of lines and of table rows (PaddleOCR issues 17903, 17288, 16710).

Tender documents repeat a lot by right: blanks to fill in, dot leaders, empty rows of forms, columns of «шт.», places
for signatures. So what is repeated decides how often it may be: the more letters the unit has, the less.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<[^<>]{1,200}>")
_FILLER = re.compile(r"([^\w\s<>]|_)(?:[ \t]?\1){3,}")
"""The same sign again and again: blanks to fill in, dot leaders, rules."""
_LONGEST_FILLER = 500
"""Characters; three lines of a page are some 300."""
_LETTER_RUN = re.compile(r"([^\W\d_])\1{11,}")
_DIGIT_RUN = re.compile(r"(\d)\1{29,}")
"""Budget codes and accounts of 20 digits hold up to 19 zeros."""
_PLACEHOLDERS = frozenset("xXхХ")
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"\d+")

_GRAM = 8
"""Characters that must come again for a period to be noticed."""
_SHORTEST_STRETCH = 6

_TEXT_LIMITS = ((50, 4), (30, 5), (12, 10), (4, 14), (1, 20), (0, 80))
_COLUMN_LIMITS = ((60, 5), (30, 10), (16, 40), (0, 60))
"""For units of one or more whole lines: what Tesseract reads from a column of a table is one value a line."""
_TABLE_LIMITS = ((60, 7), (20, 12), (8, 30), (0, 100))
"""Letters and digits of the repeated unit, at least, and how many repetitions are too many; the first that fits
counts."""
_FEWEST_TURNS = 4

_COUNTING_TEXT_LIMITS = ((40, 12), (20, 45), (0, 150))
_COUNTING_TABLE_LIMITS = ((40, 20), (20, 60), (0, 150))
"""The same for rows that differ in a number only, which grows by one: lists of equal things have short names, what a
model counts on is a sentence."""

_RATIO_MIN_BYTES = 1500
_MOST_RATIO = 18.0
"""zlib's ratio above which a text has next to nothing new: loops that change a little from turn to turn, which reach 25
and more. Pages of laws and forms stay below 7, lists of equal things below 14."""


@dataclass(frozen=True)
class _Run:
    """A stretch of text with a period: ``start`` and ``end`` of the whole, and the length of one turn."""

    start: int
    end: int
    period: int

    @property
    def turns(self) -> int:
        return (self.end - self.start) // self.period


def has_repetition(text: str, *, is_table: bool) -> bool:
    """Whether a text has repetition of the kind that only a model makes; the time is linear in the text.

    Args:
        text: Plain text, or a table as HTML or OTSL (``<fcel>…<nl>``).
        is_table: Whether it is a table.
    """
    if _has_long_run(text):
        return True
    short = _SPACE.sub(_one_space, _FILLER.sub(r"\1\1\1", text))
    return (
        any(_is_loop(short, run, is_table=is_table) for run in _runs(short))
        or _counts_on(short, is_table=is_table)
        or _says_nothing_new(short, is_table=is_table)
    )


def _has_long_run(text: str) -> bool:
    if any(len(match.group()) > _LONGEST_FILLER for match in _FILLER.finditer(text)):
        return True
    if any(match.group(1) not in _PLACEHOLDERS or len(match.group()) > 100 for match in _LETTER_RUN.finditer(text)):
        return True
    return _DIGIT_RUN.search(text) is not None


def _one_space(match: re.Match[str]) -> str:
    return "\n" if "\n" in match.group() else " "


def _runs(text: str) -> Iterator[_Run]:
    """Find periodic stretches: where every group of letters was last seen the same distance ago."""
    seen: dict[str, int] = {}
    done: dict[int, int] = {}
    last_distance = stretch = 0
    for position in range(len(text) - _GRAM + 1):
        gram = text[position : position + _GRAM]
        distance = position - seen.get(gram, position)
        seen[gram] = position
        stretch = stretch + 1 if distance and distance == last_distance else 0
        last_distance = distance
        if stretch < _SHORTEST_STRETCH or done.get(distance, 0) > position:
            continue
        ahead = _equal(text, position, position - distance, 1)
        done[distance] = position + ahead
        stretch = 0
        if ahead >= distance:  # the second turn is where it is noticed, so a long loop has more than one ahead
            behind = _equal(text, position - 1, position - distance - 1, -1)
            yield _Run(start=position - distance - behind, end=position + ahead, period=distance)


def _equal(text: str, one: int, other: int, step: int) -> int:
    """How many characters are equal from two positions on, ahead (1) or back (-1); compared in growing pieces."""
    equal, piece = 0, 64
    while piece:
        first, second = (_piece(text, start + step * equal, piece, step) for start in (one, other))
        if len(first) == piece and first == second:
            equal += piece
            piece *= 2
        else:
            piece //= 2
    return equal


def _piece(text: str, start: int, length: int, step: int) -> str:
    """Characters from ``start`` on, ahead or back; fewer than ``length`` at the end of the text."""
    return text[start : start + length] if step > 0 else text[max(start - length + 1, 0) : max(start + 1, 0)]


def _is_loop(text: str, run: _Run, *, is_table: bool) -> bool:
    if run.turns < _FEWEST_TURNS:
        return False
    unit = text[run.start : run.start + run.period]
    substance = _substance(unit)
    if not is_table and {char for char in unit if char.isalnum()} <= _PLACEHOLDERS:
        substance = 0
    limits = _TABLE_LIMITS if is_table else _COLUMN_LIMITS if "\n" in unit else _TEXT_LIMITS
    return run.turns >= _limit(limits, substance)


def _substance(unit: str) -> int:
    """Letters and digits of what is repeated; numbers alone say less, accounts are full of zeros."""
    content = _TAG.sub("", unit)
    signs = sum(map(str.isalnum, content))
    return signs if any(map(str.isalpha, content)) else signs // 4


def _limit(limits: tuple[tuple[int, int], ...], substance: int) -> int:
    return next(most for least, most in limits if substance >= least)


def _counts_on(text: str, *, is_table: bool) -> bool:
    """Whether the same lines or rows come again with a number that grows by one and nothing else changed.

    The first turn is let off: what comes before a loop may look like its end.
    """
    limits = _COUNTING_TABLE_LIMITS if is_table else _COUNTING_TEXT_LIMITS
    least = limits[0][1]
    numbers = [match.group() for match in _NUMBER.finditer(text)]
    if len(numbers) < least:
        return False
    plain = _NUMBER.sub("0", text)
    for run in _runs(plain):
        if run.turns < least:
            continue
        unit = plain[run.start : run.start + run.period]
        in_unit = unit.count("0")
        if run.turns < _limit(limits, sum(map(str.isalpha, _TAG.sub("", unit)))):
            continue
        before = plain.count("0", 0, run.start)
        if _only_one_grows([numbers[before + turn * in_unit :][:in_unit] for turn in range(1, run.turns)]):
            return True
    return False


def _only_one_grows(turns: list[list[str]]) -> bool:
    growing = 0
    for column in zip(*turns, strict=True):
        if len(set(column)) == 1:
            continue
        values = [int(value[:15]) for value in column]
        if any(later - earlier != 1 for earlier, later in itertools.pairwise(values)):
            return False
        growing += 1
    return growing == 1


def _says_nothing_new(text: str, *, is_table: bool) -> bool:
    raw = (_TAG.sub(" ", text) if is_table else text).encode("utf-8", "surrogatepass")
    if len(raw) < _RATIO_MIN_BYTES:
        return False
    return len(raw) / len(zlib.compress(raw, 6)) > _MOST_RATIO
