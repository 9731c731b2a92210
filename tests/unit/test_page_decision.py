"""How often the decision between text layer and OCR is right, over pages of every kind of damage."""

from __future__ import annotations

from collections import Counter

import pytest

from tenderlake.documents import PageKind, PrepareOptions
from tenderlake.pagecontent import read_page
from tenderlake.picturetext import PictureFinder
from tenderlake.textlayer import judge_page
from tests.labelledpages import LabelledPage, labelled_pages
from tests.pdfs import reopened

pytestmark = pytest.mark.unit

LEAST_RECALL = 0.99
"""Of the pages whose text layer must not be believed, so many go to OCR."""
LEAST_PRECISION = 0.99
"""Of the pages that go to OCR, so many have no text layer to be believed."""


def decided(page: LabelledPage) -> PageKind:
    with reopened(page.make()) as document:
        return judge_page(document[0], read_page(document[0]), PrepareOptions(), PictureFinder()).kind


def test_text_layers_are_believed_where_they_are_right_and_nowhere_else() -> None:
    pages = list(labelled_pages())
    kinds = {page.name: (page.kind, decided(page)) for page in pages}
    assert len(kinds) == len(pages)
    outcome = Counter((label is PageKind.IMAGE, found is PageKind.IMAGE) for label, found in kinds.values())
    wrong = {name: kind for name, kind in kinds.items() if kind[0] is not kind[1]}
    caught, missed, alarms = outcome[True, True], outcome[True, False], outcome[False, True]
    assert caught / (caught + missed) >= LEAST_RECALL, wrong
    assert caught / (caught + alarms) >= LEAST_PRECISION, wrong


def test_pictures_with_text_are_found_in_sound_pages_and_photographs_are_not_taken_for_them() -> None:
    sound = [page for page in labelled_pages() if page.kind is not PageKind.IMAGE]
    assert {page.name: decided(page) for page in sound} == {page.name: page.kind for page in sound}
