"""Comparing what was read with what stands there."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from difflib import SequenceMatcher

from ocr_tasks.contract import PageResult


def squeezed(text: str) -> str:
    """Text without any white space, in one Unicode form: OCR sets spaces in numbers as it likes."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def words(text: str) -> Counter[str]:
    """The words of a text with their counts, without case and punctuation."""
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFC", text).lower().replace("ё", "е")))


def word_recall(truth: str, read: str) -> float:
    """Share of the words of the truth that were read, by count: 1 where all of them were."""
    wanted, found = words(truth), words(read)
    total = wanted.total()
    return (wanted & found).total() / total if total else 1.0


def likeness(truth: str, read: str) -> float:
    """How alike two texts are, character by character without white space: 1 where they are the same."""
    return SequenceMatcher(None, squeezed(truth), squeezed(read), autojunk=False).ratio()


def said(result: PageResult) -> str:
    """What the blocks of a page result say, one after the other."""
    return "\n\n".join(block.content for block in result.blocks)
