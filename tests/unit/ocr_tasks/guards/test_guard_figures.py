"""How well the guards tell good readings from bad ones, measured on labelled readings.

The floors lie a little under what was measured; the figures are printed (pytest -s, and on a failure).
"""

from __future__ import annotations

import pytest

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.guards import find_doubts
from ocr_tasks.images import PageImage
from tests.labelled import LabelledReading, labelled_readings, scores
from tests.pages import printed_page

pytestmark = pytest.mark.unit

DPI = 100
FLOORS = {"tuned": (0.97, 0.97), "held_out": (0.95, 0.75)}
"""Least precision and recall of each flag."""
FEWEST_READINGS = 150


@pytest.fixture(scope="module")
def page() -> PageImage:
    """A printed page: what is read from it is judged by its text and its area."""
    return PageImage(image=printed_page("<p>Поставка товара. </p>" * 20, dpi=DPI), page_number=1, dpi=DPI)


@pytest.mark.parametrize("half", ["tuned", "held_out"])
def test_the_guards_are_right_and_find_most(half: str, page: PageImage) -> None:
    def judge(labelled: LabelledReading) -> frozenset[ReadingFlag]:
        return find_doubts(labelled.reading(page.width_px, page.height_px, DPI), page)

    readings = labelled_readings(half)
    measured = scores(readings, judge)
    print(f"\n{half}, {len(readings)} readings", *measured.values(), sep="\n")
    for labelled in readings:
        if (given := judge(labelled)) != labelled.flags:
            print(f"  {labelled.kind}: wanted {_names(labelled.flags)}, got {_names(given)}: {labelled.text[:60]!r}")
    least_precision, least_recall = FLOORS[half]
    for score in measured.values():
        assert score.precision >= least_precision, score
        assert score.recall >= least_recall, score


def test_there_are_enough_readings_of_every_kind() -> None:
    readings = [*labelled_readings("tuned"), *labelled_readings("held_out")]
    assert len(readings) >= FEWEST_READINGS
    assert sum(not reading.flags for reading in readings) >= len(readings) // 3


def _names(flags: frozenset[ReadingFlag]) -> list[str]:
    return sorted(flag.value for flag in flags)
