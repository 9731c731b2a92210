"""The grade of a document says how far its text can be trusted, and every flag has its meaning told in one place."""

from __future__ import annotations

import re

import pytest

from ocr_tasks.contract import PageResult, PageStatus, ReadingFlag
from tenderlake.lake.vocabulary import QualityGrade
from tenderlake.pageflags import PageFlag
from tenderlake.quality import PageQuality, grade
from tenderlake.validation.results import DocumentFlag
from tests.obstacles import ROOT

pytestmark = pytest.mark.unit


def page(*flags: str, confidence: float | None = 0.95, status: PageStatus = PageStatus.DONE) -> PageQuality:
    result = PageResult(
        page_key="key",
        document_id="document",
        page_number=1,
        status=status,
        reason="lost" if status is PageStatus.FAILED else None,
        engine="engine",
        engine_version="1",
        width_px=100,
        height_px=100,
        confidence=confidence,
        quality_flags=flags,
    )
    return PageQuality.of(result, is_native=False)


OF_WORDS = {ReadingFlag.UNSURE_NUMBERS, ReadingFlag.UNSURE_WORDS, ReadingFlag.MARKS_READ_AS_TEXT}


@pytest.mark.parametrize("flag", sorted(set(ReadingFlag) - {ReadingFlag.READ_AGAIN} - OF_WORDS))
def test_a_doubtful_page_keeps_a_document_from_being_good(flag: ReadingFlag) -> None:
    assert grade([page(flag.value), page(), page()]) is QualityGrade.FAIR
    assert grade([page(flag.value), page(flag.value), page()]) is QualityGrade.POOR


@pytest.mark.parametrize("flag", sorted(OF_WORDS))
def test_doubtful_words_keep_a_document_from_being_good_and_make_none_poor(flag: ReadingFlag) -> None:
    assert grade([page(flag.value), page(flag.value)]) is QualityGrade.FAIR


def test_a_page_that_was_read_well_the_second_time_is_as_good_as_any() -> None:
    assert grade([page(ReadingFlag.READ_AGAIN.value), page(PageFlag.MIXED_PAGE.value)]) is QualityGrade.GOOD


def test_confidence_and_failures_grade_as_before() -> None:
    failed = page(status=PageStatus.FAILED)
    assert grade([page(confidence=0.9), page(confidence=None)]) is QualityGrade.GOOD
    assert grade([page(confidence=0.75)]) is QualityGrade.FAIR
    assert grade([page(confidence=0.5)]) is QualityGrade.POOR
    assert grade([failed, *[page()] * 9]) is QualityGrade.FAIR
    assert grade([failed, page()]) is QualityGrade.POOR


def test_each_flag_means_one_thing_and_is_told_in_the_documentation() -> None:
    prepared, read, checked = ({flag.value for flag in kind} for kind in (PageFlag, ReadingFlag, DocumentFlag))
    assert not prepared & read
    assert not checked & (prepared | read)
    documentation = (ROOT / "docs/quality-flags.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", documentation, re.MULTILINE)
    assert sorted(told) == sorted({*prepared, *read, *checked})
