"""How far the text of a document can be trusted, and the language of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_tasks.contract import PageResult, PageStatus
from tenderlake.lake.schema import QualityGrade

_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN = re.compile(r"[A-Za-z]")
_FEWEST_LETTERS = 20


_LEAST_FOR_GOOD, _LEAST_FOR_FAIR = 0.85, 0.70
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
    """The grade of a document from the worst of its facts.

    ``good``: no page failed, and those read by OCR have a mean confidence of 0.85 and more (or an engine that gives
    none). ``fair``: 0.70 and more, or up to a tenth of the pages failed. ``poor``: the rest.
    """
    failed = sum(page.status is PageStatus.FAILED for page in pages)
    if failed:
        return QualityGrade.FAIR if failed <= _MOST_FAILED_FOR_FAIR * len(pages) else QualityGrade.POOR
    known = [page.confidence for page in pages if not page.is_native and page.confidence is not None]
    mean = sum(known) / len(known) if known else 1.0
    if mean >= _LEAST_FOR_GOOD:
        return QualityGrade.GOOD
    return QualityGrade.FAIR if mean >= _LEAST_FOR_FAIR else QualityGrade.POOR


def language_of(text: str) -> str | None:
    """``rus`` or ``eng`` (ISO 639-3) by the alphabet of most letters, None below twenty letters: too little to tell."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic + latin < _FEWEST_LETTERS:
        return None
    return "rus" if cyrillic >= latin else "eng"
