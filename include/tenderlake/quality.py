"""How far the text of a document can be trusted, and the language of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_tasks.contract import PageResult, PageStatus, ReadingFlag
from tenderlake.lake.vocabulary import QualityGrade

_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN = re.compile(r"[A-Za-z]")
_FEWEST_LETTERS = 20


_LEAST_FOR_GOOD, _LEAST_FOR_FAIR = 0.85, 0.70
_MOST_FAILED_FOR_FAIR = 0.1
_MOST_DOUBTFUL_FOR_FAIR = 0.5
_UNSURE = frozenset(
    flag.value for flag in (ReadingFlag.UNSURE_NUMBERS, ReadingFlag.UNSURE_WORDS, ReadingFlag.MARKS_READ_AS_TEXT)
)
"""Some words of a page are doubtful, and the rest of it is not."""
_DOUBTS = frozenset(flag.value for flag in ReadingFlag) - {ReadingFlag.READ_AGAIN.value} - _UNSURE
"""A page that was read again and has no other flag is as good as any."""


@dataclass(frozen=True)
class PageQuality:
    """What grading needs of one page.

    ``confidence`` is None for native pages and engines that give none. ``is_doubtful``: something of its text may be
    lost, invented or unsearchable. ``is_unsure``: some words or numbers of it may be misread.
    """

    is_native: bool
    status: PageStatus
    confidence: float | None
    is_doubtful: bool = False
    is_unsure: bool = False

    @classmethod
    def of(cls, page: PageResult, *, is_native: bool) -> PageQuality:
        """The quality facts of a page result."""
        return cls(
            is_native,
            page.status,
            page.confidence,
            is_doubtful=not _DOUBTS.isdisjoint(page.quality_flags),
            is_unsure=not _UNSURE.isdisjoint(page.quality_flags),
        )


def grade(pages: Sequence[PageQuality]) -> QualityGrade:
    """The grade of a document from the worst of its facts.

    ``good``: no page failed, and those read by OCR have a mean confidence of 0.85 and more (or an engine that gives
    none), and the reading of no page is doubtful, nor that of a word. ``fair``: 0.70 and more, or up to a tenth of the
    pages failed, or up to half of them are doubtful. ``poor``: the rest.
    """
    failed = sum(page.status is PageStatus.FAILED for page in pages)
    if failed:
        return QualityGrade.FAIR if failed <= _MOST_FAILED_FOR_FAIR * len(pages) else QualityGrade.POOR
    known = [page.confidence for page in pages if not page.is_native and page.confidence is not None]
    mean = sum(known) / len(known) if known else 1.0
    doubtful = sum(page.is_doubtful for page in pages)
    if mean < _LEAST_FOR_FAIR or doubtful > _MOST_DOUBTFUL_FOR_FAIR * len(pages):
        return QualityGrade.POOR
    is_sure = not doubtful and not any(page.is_unsure for page in pages)
    return QualityGrade.GOOD if mean >= _LEAST_FOR_GOOD and is_sure else QualityGrade.FAIR


def language_of(text: str) -> str | None:
    """``rus`` or ``eng`` (ISO 639-3) by the alphabet of most letters, None below twenty letters: too little to tell."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic + latin < _FEWEST_LETTERS:
        return None
    return "rus" if cyrillic >= latin else "eng"
