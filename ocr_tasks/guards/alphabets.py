"""Words in letters of two alphabets: they look right and no search finds them."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from ocr_tasks.letters import CYRILLIC_OF_LATIN, LATIN_OF_CYRILLIC, word_rarity

_WORD = re.compile(r"[^\W\d_]{2,60}")
"""Hyphens and digits divide words: IP-телефон, СМР-2 and 3D-принтер are as they should be."""
_FEWEST_MIXED = 3
_MIXED_SHARE = 0.02
"""Of the words with Cyrillic letters. One wrong word on a page is a slip, not a doubt about the page."""
_SHORTEST_WHOLE_WORD = 4
_LIKELIER_BY = 0.5
"""How much more usual (``word_rarity``) a word must be in Cyrillic letters. Measured on words that can be both: COMET,
METEO, CAPEX, COPY stay below 0.45; COCTAB, HOMEP, CMETA, TOBAP reach 0.5 to 1.1."""


@dataclass(frozen=True)
class WordCount:
    """Words of a text: those with Cyrillic letters, and those in two alphabets or in the wrong one."""

    cyrillic: int = 0
    mixed: int = 0

    def __add__(self, other: WordCount) -> WordCount:
        return WordCount(self.cyrillic + other.cyrillic, self.mixed + other.mixed)

    @property
    def is_doubtful(self) -> bool:
        """Whether so many are mixed that the text should not be trusted."""
        return self.mixed >= _FEWEST_MIXED and self.mixed >= _MIXED_SHARE * self.cyrillic


def count_words(text: str) -> WordCount:
    """Count the words of a text."""
    cyrillic = mixed = 0
    for word in _WORD.findall(text):
        has_cyrillic, is_mixed = _judged(word)
        cyrillic += has_cyrillic
        mixed += is_mixed
    return WordCount(cyrillic, mixed)


@lru_cache(maxsize=50_000)
def _judged(word: str) -> tuple[bool, bool]:
    """Whether a word has Cyrillic letters, and whether it is mixed."""
    if word.isascii():
        return False, _is_cyrillic_in_disguise(word)
    sides = [side for side in map(_alphabet, word) if side]
    has_cyrillic = "c" in sides
    return has_cyrillic, has_cyrillic and "l" in sides and _is_mixed(word, sides)


def _alphabet(letter: str) -> str:
    if "a" <= letter <= "z" or "A" <= letter <= "Z":
        return "l"
    return "c" if "Ѐ" <= letter <= "ӿ" else ""


def _is_mixed(word: str, sides: list[str]) -> bool:
    """Designations such as ВВГнгLS change the alphabet once, with letters that only the other one has."""
    if len(word) < 3:
        return False
    latin = [letter for letter in word if _alphabet(letter) == "l"]
    cyrillic = [letter for letter in word if _alphabet(letter) == "c"]
    if all(letter in CYRILLIC_OF_LATIN for letter in latin) or all(letter in LATIN_OF_CYRILLIC for letter in cyrillic):
        return True
    return sum(before != after for before, after in itertools.pairwise(sides)) > 1


def _is_cyrillic_in_disguise(word: str) -> bool:
    """Whether a Latin word is far likelier to be a Russian one: COCTAB, HOMEP."""
    if len(word) < _SHORTEST_WHOLE_WORD or not all(letter in CYRILLIC_OF_LATIN for letter in word):
        return False
    latin = word_rarity(word)
    cyrillic = word_rarity("".join(CYRILLIC_OF_LATIN[letter] for letter in word))
    return latin is not None and cyrillic is not None and latin - cyrillic >= _LIKELIER_BY
