"""Given the hidden text of a DjVu page, its paragraphs come out with their lines; nothing in it can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.intake.djvu import paragraphs_of

pytestmark = pytest.mark.unit


def lines_of(expression: str) -> list[list[str]]:
    return [[text for _, text in paragraph] for paragraph in paragraphs_of(expression)]


def test_lines_of_one_zone_are_a_paragraph() -> None:
    text = '(page 0 0 9 9 (para 0 5 9 9 (line 0 7 9 9 "первая ") (line 0 5 9 7 "вторая")) (para 0 0 9 4 (line 0 0 9 4 "третья")))'  # fmt: skip  # noqa: E501
    assert lines_of(text) == [["первая", "вторая"], ["третья"]]


def test_text_without_finer_zones_is_taken_by_its_line_breaks() -> None:
    assert lines_of(r'(page 0 0 9 9 "one\ntwo")') == [["one", "two"]]


def test_escapes_are_read() -> None:
    assert lines_of(r'(line 0 0 9 9 "ООО \"Ромашка\" \\ \(2\)")') == [['ООО "Ромашка" \\ (2)']]


def test_a_page_without_text_has_no_paragraphs() -> None:
    assert lines_of('(page 0 0 0 0 "")\n') == []


@given(st.text(alphabet='()" \\\n09-ая', max_size=60))
def test_anything_else_is_read_as_far_as_it_goes(expression: str) -> None:
    for paragraph in paragraphs_of(expression):
        assert all(text.strip() and len(zone) == 4 for zone, text in paragraph)
