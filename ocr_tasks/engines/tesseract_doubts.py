"""What Tesseract read and hardly believes itself: numbers, words that are none, and marks that are no print at all.

Tesseract gives every word a confidence. In 1,235 lines of invented tenders, printed and scanned, two thirds of the
numbers below 0.7 are misread, and four fifths of the words below 0.5 whose letters do not follow each other as in
words. Words of usual letters are mostly right even at 0.15, so they are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.tesseract_words import TextLine, Word
from ocr_tasks.letters import word_rarity

_SURE_NUMBER = 0.7
_SURE_WORD = 0.5
_CLEAR_WORD = 0.6
_USUAL_WORD = 0.3
_USUAL_RARITY = 4.5
"""Words that are letters by chance are above it (``ocr_tasks.letters``)."""
_FEWEST_SIGNS = 3
"""Of a word in running text; in a cell, where «ii» may stand for a number, one is enough."""
_NUMBER = re.compile(r"\d{3}|\d[.,]\d")
_FILLER = re.compile(r"[\W_]+")
_AROUND = ".,:;!?()«»\"'/-–—"


def is_mark(line: TextLine) -> bool:
    """Whether a line is most likely no print: a signature, a stamp, a rule or dirt, read as signs.

    Nothing in it is a word or a number, and Tesseract hardly believes it.
    """
    signs = sum(len(word.text) for word in line.words)
    confidence = sum(word.confidence * len(word.text) for word in line.words) / max(signs, 1)
    is_blank_to_fill_in = any("__" in word.text for word in line.words)
    return confidence < _SURE_WORD and not is_blank_to_fill_in and not any(map(_is_believable, line.words))


def reading_doubts(lines: Iterable[TextLine], cells: Iterable[TextLine]) -> Iterator[ReadingFlag]:
    """Doubts about a page; a flag may come more than once.

    Args:
        lines: What stands outside of ruled tables.
        cells: The lines within their cells.
    """
    for line in lines:
        if is_mark(line):
            yield ReadingFlag.MARKS_READ_AS_TEXT
        else:
            yield from _word_doubts(line.words, _FEWEST_SIGNS)
    for line in cells:
        yield from _word_doubts(line.words, 1)


def _word_doubts(words: Iterable[Word], fewest_signs: int) -> Iterator[ReadingFlag]:
    for word in words:
        if _is_number(word.text):
            if word.confidence < _SURE_NUMBER:
                yield ReadingFlag.UNSURE_NUMBERS
        elif word.confidence < _SURE_WORD and len(word.text) >= fewest_signs and _is_odd(word.text):
            yield ReadingFlag.UNSURE_WORDS


def _is_number(text: str) -> bool:
    return bool(_NUMBER.search(text)) and 2 * sum(map(str.isdigit, text)) >= len(text)


def _is_believable(word: Word) -> bool:
    text = word.text.strip(_AROUND)
    if text.isdigit() or _is_number(text):
        return True
    if sum(map(str.isalnum, text)) < 2:  # initials and specks say nothing
        return False
    return word.confidence >= _CLEAR_WORD or (word.confidence >= _USUAL_WORD and _is_usual(text))


def _is_odd(text: str) -> bool:
    return not _FILLER.fullmatch(text) and not _is_usual(text)


def _is_usual(text: str) -> bool:
    rarity = word_rarity(text.strip(_AROUND))
    return rarity is not None and rarity <= _USUAL_RARITY
