"""How often the decision between text layer and OCR is right, over pages of every kind of damage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from tenderlake.documents import PageKind, PrepareOptions
from tenderlake.pagecontent import read_page
from tenderlake.picturetext import PictureFinder
from tenderlake.textlayer import judge_page
from tests.heldoutpages import held_out_pages
from tests.labelledpages import LabelledPage, labelled_pages
from tests.pdfs import reopened

pytestmark = pytest.mark.unit

LEAST_RECALL = 0.99
"""Of the pages whose text layer must not be believed, so many go to OCR."""
LEAST_PRECISION = 0.99
"""Of the pages that go to OCR, so many have no text layer to be believed."""
LEAST_HELD_OUT_RECALL = 0.95
"""The same of pages of new kinds: some damage leaves no trace in the text, such as letters mapped to digits."""


def decided(page: LabelledPage) -> PageKind:
    with reopened(page.make()) as document:
        return judge_page(document[0], read_page(document[0]), PrepareOptions(), PictureFinder()).kind


@dataclass(frozen=True)
class Outcome:
    """How many pages that must not be believed were caught and missed, how many others were taken for such."""

    caught: int
    missed: int
    alarms: int
    wrong: dict[str, tuple[PageKind, PageKind]]

    @property
    def recall(self) -> float:
        return self.caught / (self.caught + self.missed)

    @property
    def precision(self) -> float:
        return self.caught / (self.caught + self.alarms)


def outcome_of(pages: Iterable[LabelledPage]) -> Outcome:
    kinds = [(page.name, page.kind, decided(page)) for page in pages]
    assert len({name for name, _, _ in kinds}) == len(kinds), "two pages have the same name"
    counts = Counter((label is PageKind.IMAGE, found is PageKind.IMAGE) for _, label, found in kinds)
    return Outcome(
        caught=counts[True, True],
        missed=counts[True, False],
        alarms=counts[False, True],
        wrong={name: (label, found) for name, label, found in kinds if label is not found},
    )


def test_text_layers_are_believed_where_they_are_right_and_nowhere_else() -> None:
    outcome = outcome_of(labelled_pages())
    assert outcome.recall >= LEAST_RECALL, outcome.wrong
    assert outcome.precision >= LEAST_PRECISION, outcome.wrong


def test_the_rules_hold_on_kinds_of_pages_that_they_were_not_made_on() -> None:
    outcome = outcome_of(held_out_pages())
    assert outcome.recall >= LEAST_HELD_OUT_RECALL, outcome.wrong
    assert outcome.precision >= LEAST_PRECISION, outcome.wrong


def test_pictures_with_text_are_found_in_sound_pages_and_photographs_are_not_taken_for_them() -> None:
    sound = [page for page in labelled_pages() if page.kind is not PageKind.IMAGE]
    assert {page.name: decided(page) for page in sound} == {page.name: page.kind for page in sound}
