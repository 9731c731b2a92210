"""Models answer anything: the guards have an answer to every text, and soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, ReadingFlag
from ocr_tasks.engines import PageReading
from ocr_tasks.guards import find_doubts, text_flags
from ocr_tasks.guards.repetition import has_repetition
from ocr_tasks.images import PageImage

pytestmark = pytest.mark.unit

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
MARKUP = st.lists(
    st.sampled_from(
        ["<table>", "</table>", "<tr>", "<td>", "</td>", "<fcel>", "<nl>", "<", ">", "_", ".", " ", "\n", "1"]
    )
    | st.sampled_from(["9", "а", "Заказчик ", "\\begin{", "\\end{", "\x00", "\ud800", "²", "٣", "https://"]),
    max_size=200,
).map("".join)
PAGE = PageImage(image=Image.new("L", (60, 80), 255), page_number=1)


@given(text=ANY_TEXT | MARKUP, is_table=st.booleans())
def test_any_text_has_an_answer(text: str, is_table: bool) -> None:
    assert text_flags(text, is_table=is_table) <= set(ReadingFlag)


@given(text=ANY_TEXT, times=st.integers(2, 400), is_table=st.booleans())
def test_any_loop_has_an_answer_and_a_long_one_is_found(text: str, times: int, is_table: bool) -> None:
    flags = text_flags(text * times, is_table=is_table)
    if not is_table and times >= 100 and sum(map(str.isalpha, text)) > 50 and len(set(text)) > 20 and len(text) < 150:
        assert ReadingFlag.REPETITION in flags


@given(
    texts=st.lists(MARKUP | ANY_TEXT, max_size=8),
    box=st.tuples(*[st.floats()] * 4),
    label=st.sampled_from(BlockLabel),
    content_format=st.sampled_from(ContentFormat),
)
def test_any_page_has_an_answer(
    texts: list[str], box: tuple[float, float, float, float], label: BlockLabel, content_format: ContentFormat
) -> None:
    block = Block(label=label, bbox_px=(0, 0, 1, 1), content="")
    blocks = tuple(
        block.model_copy(update={"content": text, "content_format": content_format, "bbox_px": box}) for text in texts
    )
    assert find_doubts(PageReading(blocks=blocks, width_px=60, height_px=80), PAGE) <= set(ReadingFlag)


@pytest.mark.parametrize(
    "unit",
    ["а", "ab ", "_ ", "<", "<td></td>", " \n", "1 ", "7", "\\begin{", "<fcel>x<nl>", "...x", "\ud800", "12 34,"],
)
@pytest.mark.parametrize("is_table", [False, True])
def test_ten_million_characters_are_read_from_both_ends(unit: str, is_table: bool) -> None:
    """With a time that grows faster than the text this test would never end."""
    flags = text_flags(unit * (10_000_000 // len(unit)), is_table=is_table)
    assert (ReadingFlag.REPETITION in flags) is bool(unit.strip())


def test_a_loop_is_found_in_the_middle_of_a_page_and_at_the_end_of_a_book() -> None:
    words = ["".join("абвгдежзик"[int(digit)] for digit in str(number**3)) for number in range(20_000)]
    loop = "стороны договорились о нижеследующем " * 30
    assert not has_repetition(" ".join(words[:700]), is_table=False)
    assert text_flags(" ".join([*words[:350], loop, *words[350:700]]), is_table=False) == {ReadingFlag.REPETITION}
    assert text_flags(" ".join([*words, loop]), is_table=False) == {ReadingFlag.REPETITION}
