"""Words set with spaces between their letters, as titles often are: «Т Е Х Н И Ч Е С К О Е  З А Д А Н И Е».

In text, one space stands between letters and more between words. On a PDF page the widths of the gaps tell them apart.
Where they do not, the words come out as one: nobody can tell them apart but by their meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ocr_tasks.boxes import Box

_LETTER = r"[^\W\d_]"
_SPACES = "[ \u00a0]"
_RUN = re.compile(rf"(?<!\w){_LETTER}(?:{_SPACES}{{1,9}}{_LETTER}(?!\w)){{3,}}")
_LONE_END = re.compile(rf"(?<={_LETTER}){_SPACES}([.,:;!?»”])(?!\S)")
_BETWEEN_WORDS = re.compile(f"{_SPACES}{{2,}}")
_ONE_SPACE = re.compile(_SPACES)
_IN_ONE_CASE = re.compile("UU+|U?l+|U")
_ONE_LETTER_WORDS = frozenset("авикосуя")
_SHORTEST_WORD = 4
"""Letters: fewer may be initials, or words of one letter."""
_VOWELS = frozenset("аеёиоуыэюяaeiou")
_WIDE_GAP = 1.5
"""A gap between words, against the usual one: a space more than between letters makes at least twice of it."""
_MARKS = "«»„“”\"'().,:;!?"


def joined_letters(text: str) -> str:
    """One line of text with its letter-spaced words whole.

    Left alone are letters that spell no word: one-letter words, columns («А Б В Г Д»), days, formulas, digits.
    """
    joined = _RUN.sub(lambda found: _joined(found[0]), text)
    return text if joined == text else _LONE_END.sub(r"\1", joined)


def _joined(run: str) -> str:
    words = [word for group in _BETWEEN_WORDS.split(run) for word in _in_one_case(_ONE_SPACE.sub("", group))]
    return " ".join(words) if any(map(_spells_a_word, words)) else run


def _in_one_case(letters: str) -> list[str]:
    """«П Р И К А З о назначении»: where the case changes, a word ends."""
    cases = "".join("U" if letter.isupper() else "l" for letter in letters)
    return [letters[found.start() : found.end()] for found in _IN_ONE_CASE.finditer(cases)]


def _spells_a_word(word: str) -> bool:
    if len(word) < _SHORTEST_WORD or set(word) <= _ONE_LETTER_WORDS:
        return False
    letters = word.lower()
    if all(ord(b) - ord(a) == 1 for a, b in pairwise(letters)):
        return False
    return any(letter in _VOWELS for letter in letters) and any(letter not in _VOWELS for letter in letters)


def has_spaced_letters(text: str) -> bool:
    """Whether it is worth asking for the places of the letters of a line."""
    return _RUN.search(text) is not None


def text_of_placed(pieces: Sequence[tuple[str, Box]]) -> str:
    """The text of a line from its pieces, which white space parts, with letter-spaced words whole.

    Args:
        pieces: texts and boxes in the order of reading, in any direction.
    """
    text = " ".join(piece for piece, _ in pieces)
    if not has_spaced_letters(text):
        return text
    gaps = [
        _gap(box, following) if _is_letter(piece) and _is_letter(next_piece) else None
        for (piece, box), (next_piece, following) in pairwise(pieces)
    ]
    usual = median([gap for gap in gaps if gap is not None] or [0.0])
    parts = [pieces[0][0]]
    for gap, (piece, _) in zip(gaps, pieces[1:], strict=True):
        parts += ["  " if gap is not None and gap > _WIDE_GAP * usual else " ", piece]
    return " ".join(joined_letters("".join(parts)).split())


def _is_letter(piece: str) -> bool:
    return len(piece.strip(_MARKS)) == 1


def _gap(box: Box, following: Box) -> float:
    across = max(following.x0 - box.x1, box.x0 - following.x1)
    return max(across, following.y0 - box.y1, box.y0 - following.y1)
