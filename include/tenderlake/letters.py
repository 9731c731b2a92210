"""Whether letters look like a language: finds text layers whose characters are not what is printed.

No dictionary: ``ocr_tasks.letters`` knows how rare each pair of letters is in running text, and a word is *unlikely*
when its pairs are rare on average. Words of a language, known or not, stay far below the threshold; shifted,
mis-decoded or misread letters land far above it (measured on real documents: 0 to 7 % of the letters of sound pages
stand in unlikely words, 55 to 100 % of garbled ones).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ocr_tasks.letters import NEVER_SEEN, word_rarity

UNLIKELY_WORD = 3.85
"""Mean rarity above which a word is unlikely. Languages average 2.2 to 2.6, garbled text 3.7 to 5.7."""
MAX_UNLIKELY_SHARE = 0.15
"""Share of letters in unlikely words above which a text is garbled."""
MAX_UNLIKELY_SHARE_OF_FONT = 0.5
"""The same for the text of one font of a page."""
ALLOWED_UNLIKELY_LETTERS = 16
"""Letters in unlikely words that are let pass first: in a short list two odd words are no share of anything."""
MAX_ACCENTED_SHARE = 0.4
"""cp1251 read as Latin-1 is nearly all accented letters; no language in Latin letters comes near this share."""
MAX_BAD_SHARE = 0.02
"""Share of characters in words that hold a character without meaning."""
MAX_LONE_BAD_SHARE = 0.15
"""The same for characters that stand alone: bullets and check boxes are often without meaning in a sound text."""
MIN_ALPHANUMERIC_SHARE = 0.5
"""Texts are letters and digits; shifted letters often become punctuation."""
MIN_CHARACTERS = 24
"""Below this no statistics are made of a text."""

_FEWEST_UNLIKELY_LETTERS = 30
_PATH = re.compile(r"\\\\|[A-Za-z]:\\")
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN_WORD = re.compile(r"[(«\"]*([А-ЮA-Z]?[а-яёa-z]+)[.,:;!?)»\"]*")
"""Needs no look at its single letters: no capital inside, and no Я, which may be a sign of a wrong code page."""
# A sign or a digit inside a word: glyph numbers read as characters, print in one alphabet read as another.
_BROKEN = re.compile(
    r"[A-Za-zА-яЁё][\\^`{|}~\[\]<>®©¤§¬¦«»¶][A-Za-zА-яЁё]|[a-zа-яё]\d[A-Za-zА-яЁё]|[A-Za-zА-яЁё]\d[a-zа-яё]"
)
_ADDRESS = re.compile(r"[/@]|^[0-9A-Fa-f-]+$|^<|>$")
_SHORTEST_HUMP = 3.4
"""Parts of an identifier such as setPublishDate are longer on average than those of misread capitals: HacToaLuee."""
_CAMEL = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_REPEATED_MARK = re.compile(r"([^\w\s]|_)(?:\s*\1)+")
# Letters of Serbian and Macedonian that stand for capitals where Mac or DOS code pages were read as cp1251, and the
# rarest of Ukrainian, which stands for the most frequent vowel.
_MAC_SIGNS = frozenset("ЂЃЉЊЌЋЏђѓљњќћџҐ")
# What the last letter of the alphabet, and it alone, becomes in small Mac text read as cp1251: «требованиЯ».
_INNER_CAPITAL = re.compile("[а-яё]Я")
_MAX_INNER_SHARE = 0.004
# The final form of sigma inside of words stands for the most frequent Russian consonant, т, read as cp1253.
_INNER_FINAL = re.compile("ς[α-ω]")
# Lines between the cells of a text table may touch a word, its corners do not: cp866 read as koi8-r is full of them.
_CORNERS = re.compile("[\u250c-\u254f\u2552-\u2560\u2562-\u259f]")
_MAX_SPACE_SHARE = 0.6
"""Forms have blanks to fill in, but no page is most of all spaces: its letters are mapped to them."""
_FEWEST_SPACES = 200
_MAX_FOREIGN_CYRILLIC_SHARE = 0.02
"""Letters that Kazakh, Tatar and others add to the Russian ones; code pages that are mistaken for others lack them."""
_FEWEST_SYLLABLES = 30
_NARROW_RANGE = 100
"""Chinese and Korean have thousands of signs; an alphabet that was moved there has neighbours alone."""
_LOST_LETTERS = re.compile(r"\?{3,}")
_SOUTH_SLAVIC = frozenset({"srp", "mkd"})


@dataclass(frozen=True)
class LetterVerdict:
    """Whether a text may be believed; ``problem`` says in words why not."""

    is_sound: bool
    problem: str = ""


_SOUND = LetterVerdict(is_sound=True)


def judge_letters(text: str, languages: tuple[str, ...] = ("rus", "eng")) -> LetterVerdict:
    """Test whether ``text`` can be what is printed.

    Args:
        text: The text of a page.
        languages: Tesseract's codes of the languages that are expected. They only lift tests that another alphabet
            would fail; a text in a language that was not asked for is sound all the same.
    """
    tokens = text.split()
    words = {token: _counted(token) for token in set(tokens)}
    counts = _Counts(*_unpacked(sum([words[token][0] for token in tokens]), len(_Counts._fields)))
    # Each different word is judged once, so that a filler repeated a hundred times does not decide.
    judged, unlikely = _unpacked(sum([count for _, count in words.values()]), 2)
    problem = (
        _bad_characters(text, counts)
        or _wrong_alphabet(text, counts, languages)
        or _moved_letters(text, counts)
        or _unlikely_words(words, judged, unlikely if _is_judged_by_russian(counts) else 0)
    )
    return LetterVerdict(is_sound=False, problem=problem) if problem else _SOUND


def judge_font(text: str) -> str:
    """What is wrong with the text of one font of a page, empty where nothing is.

    Stricter evidence is asked for than of a page: a font may be there for article numbers and addresses alone.
    """
    words = {token: _counted(token) for token in set(text.split()) if not _PATH.match(token)}
    judged, unlikely = _unpacked(sum([count for _, count in words.values()]), 2)
    if unlikely < _FEWEST_UNLIKELY_LETTERS or unlikely < MAX_UNLIKELY_SHARE_OF_FONT * judged:
        return ""
    counts = _Counts(*_unpacked(sum([counted for counted, _ in words.values()]), len(_Counts._fields)))
    return _unlikely_words(words, judged, unlikely if _is_judged_by_russian(counts) else 0)


class _Counts(NamedTuple):
    """How many characters of a text, white space aside, are what."""

    all: int
    alphanumeric: int
    letters: int
    accented: int = 0
    foreign: int = 0
    foreign_cyrillic: int = 0
    syllables: int = 0
    capital_ya: int = 0
    bad: int = 0
    bad_in_words: int = 0


_PACK_BITS = 32
_ALL_LETTERS = 1 + (1 << _PACK_BITS) + (1 << 2 * _PACK_BITS)
"""Packed: one character more that is a letter."""


def _packed(numbers: Iterable[int]) -> int:
    """Counts side by side in one number: thousands of them are added up at once."""
    return sum(number << _PACK_BITS * place for place, number in enumerate(numbers))


def _unpacked(packed: int, count: int) -> list[int]:
    return [packed >> _PACK_BITS * place & (1 << _PACK_BITS) - 1 for place in range(count)]


@lru_cache(maxsize=20_000)
def _counted(token: str) -> tuple[int, int]:
    """Packed counts of a token: as in ``_Counts``, and how many letters can be judged and stand in unlikely words.

    Words come again and again: to count all characters of every page takes five times as long.
    """
    if plain := _PLAIN_WORD.fullmatch(token):
        letters = len(plain[1])
        packed = letters * _ALL_LETTERS + len(token) - letters
        rarity = word_rarity(plain[1])
        if rarity is None:
            return packed, 0
        return packed, letters + (letters << _PACK_BITS if rarity > UNLIKELY_WORD else 0)
    parts = _judged_parts(token)
    letters = sum(map(str.isalpha, token))
    bad = sum(map(is_meaningless, token)) + (len(_CORNERS.findall(token)) if letters else 0)
    counts = _Counts(
        all=len(token),
        alphanumeric=sum(map(str.isalnum, token)),
        letters=letters,
        accented=sum(["\xc0" <= char <= "\u024f" for char in token]),
        foreign=sum([char in _MAC_SIGNS for char in token]),
        foreign_cyrillic=sum(["\u048a" <= char <= "\u04ff" for char in token]),
        syllables=sum(["\u3400" <= char <= "\ud7a3" for char in token]),
        capital_ya=token.count("Я"),
        bad=bad,
        bad_in_words=bad if len(token) > 1 else 0,
    )
    lengths = [(len(part), rarity) for part, rarity in parts]
    judged = sum([length for length, _ in lengths])
    return _packed(counts), _packed((judged, sum([length for length, rarity in lengths if rarity > UNLIKELY_WORD])))


@lru_cache(maxsize=2_000)
def is_meaningless(char: str) -> bool:
    """Whether a character stands for nothing: unmapped, of private use, a control character."""
    if char < "\x7f":
        return char < " " and char not in "\t\n\r"
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs")


def _bad_characters(text: str, counts: _Counts) -> str:
    bad, in_words = counts.bad, counts.bad_in_words
    # A program's answer to letters that its code page has not.
    for lost in _LOST_LETTERS.findall(text) if "???" in text else ():
        bad += len(lost)
        in_words += len(lost)
    if in_words > MAX_BAD_SHARE * counts.all or bad > MAX_LONE_BAD_SHARE * counts.all:
        return f"{bad} of {counts.all} characters have no meaning (the font does not say which letters they are)"
    return ""


def _has_too_many_signs(alphanumeric: int, marks: int) -> bool:
    return alphanumeric < MIN_ALPHANUMERIC_SHARE * marks


def _wrong_alphabet(text: str, counts: _Counts, languages: tuple[str, ...]) -> str:
    marks = counts.all
    if _has_too_many_signs(counts.alphanumeric, marks):
        # Leaders of dots and lines to write on are no signs of garbling.
        rest = "".join(_REPEATED_MARK.sub(r"\1", text).split())
        marks = len(rest)
        if marks >= MIN_CHARACTERS and _has_too_many_signs(counts.alphanumeric, marks):
            return "more signs than letters and digits"
    if marks < MIN_CHARACTERS:
        return ""
    if counts.letters >= MIN_CHARACTERS and counts.accented > MAX_ACCENTED_SHARE * counts.letters:
        return "accented Latin letters where words should be (a wrong code page)"
    if _SOUTH_SLAVIC.isdisjoint(languages) and counts.foreign > MAX_BAD_SHARE * counts.letters:
        return "letters of a wrong code page"
    most = max(2, _MAX_INNER_SHARE * counts.letters)
    if counts.capital_ya > most and len(_INNER_CAPITAL.findall(text)) > most:
        return "capitals inside of words (a wrong code page)"
    if "ς" in text and len(_INNER_FINAL.findall(text)) > most:
        return "final letters inside of words (a wrong code page)"
    return ""


def _moved_letters(text: str, counts: _Counts) -> str:
    """Fonts that map all letters to the signs of another script, or to nothing."""
    spaces = text.count(" ")
    if spaces >= _FEWEST_SPACES and spaces > _MAX_SPACE_SHARE * len(text):
        return "spaces where letters should be"
    if counts.syllables >= _FEWEST_SYLLABLES:
        syllables = [ord(char) for char in text if "\u3400" <= char <= "\ud7a3"]
        if max(syllables) - min(syllables) < _NARROW_RANGE:
            return "letters moved to another script"
    return ""


def _is_judged_by_russian(counts: _Counts) -> bool:
    return counts.foreign_cyrillic <= _MAX_FOREIGN_CYRILLIC_SHARE * counts.letters


def _unlikely_words(words: Iterable[str], judged: int, unlikely: int) -> str:
    if judged >= MIN_CHARACTERS and unlikely - ALLOWED_UNLIKELY_LETTERS > MAX_UNLIKELY_SHARE * judged:
        parts = (part for word in words for part, rarity in _judged_parts(word) if rarity > UNLIKELY_WORD)
        example = max(parts, key=_tells_most)
        return f"{unlikely * 100 // judged} % of the letters are in words of no language, such as '{example[:20]}'"
    return ""


def _judged_parts(token: str) -> tuple[tuple[str, float], ...]:
    """The words of a token that can be judged, each with its rarity."""
    if len(token) < 4:
        return ()
    if _BROKEN.search(token) and not _ADDRESS.search(token):
        return ((token, NEVER_SEEN),)
    judged: list[tuple[str, float]] = []
    for word in _WORD.findall(token):
        if len(word) < 4:
            continue
        parts = [word] if word.islower() or word.isupper() or word.istitle() else _CAMEL.split(word)
        if len(parts) > 1 and (len(word) < _SHORTEST_HUMP * len(parts) or len(parts[-1]) == 1):
            judged.append((word, NEVER_SEEN))
            continue
        judged += [(part, rarity) for part in parts if (rarity := word_rarity(part)) is not None]
    return tuple(judged)


def _tells_most(word: str) -> tuple[bool, int, str]:
    """The longest word up to twelve letters is the best example; the last item keeps the choice the same every run."""
    return 0 < len(word) <= 12, len(word), word
