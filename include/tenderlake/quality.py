"""How good the reading of a document is, in words that an analyst can filter by, and the language of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ocr_tasks.contract import PageResult, PageStatus

_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN = re.compile(r"[A-Za-z]")
_FEWEST_LETTERS = 20


class QualityGrade(StrEnum):
    """Grades of a document, from the worst of its facts.

    ``excellent``: all pages native, or read with a mean confidence of 0.95 and more. ``good``: 0.85 and more, or an
    engine that gives no confidence. ``fair``: 0.70 and more, or up to a tenth of the pages failed. ``poor``: the rest.
    """

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


_FROM_CONFIDENCE = ((0.95, QualityGrade.EXCELLENT), (0.85, QualityGrade.GOOD), (0.70, QualityGrade.FAIR))
_MOST_FAILED_FOR_FAIR = 0.1


@dataclass(frozen=True)
class PageQuality:
    """What grading needs of one page. ``confidence`` is None for native pages and engines that give none."""

    is_native: bool
    status: PageStatus
    confidence: float | None

    @classmethod
    def of(cls, page: PageResult, *, is_native: bool) -> PageQuality:
        """The quality facts of a page result."""
        return cls(is_native, page.status, page.confidence)


def grade(pages: Sequence[PageQuality]) -> QualityGrade:
    """The grade of a document from its pages."""
    failed = sum(page.status is PageStatus.FAILED for page in pages)
    if failed:
        return QualityGrade.FAIR if failed <= _MOST_FAILED_FOR_FAIR * len(pages) else QualityGrade.POOR
    read = [page for page in pages if not page.is_native]
    known = [page.confidence for page in read if page.confidence is not None]
    if not read:
        return QualityGrade.EXCELLENT
    if not known:
        return QualityGrade.GOOD
    mean = sum(known) / len(known)
    return next((name for least, name in _FROM_CONFIDENCE if mean >= least), QualityGrade.POOR)


def language_of(text: str) -> str | None:
    """``ru`` or ``en`` by the alphabet of most letters, None below twenty letters: too little to tell."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic + latin < _FEWEST_LETTERS:
        return None
    return "ru" if cyrillic >= latin else "en"
