"""Given a table as the model wrote it, the pipeline's conversion gets what it takes, and never costs more than a block.

PaddleX's own conversion runs in tests/integration/test_ocr_paddle_tables.py.
"""

from __future__ import annotations

import pytest

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import BlockText
from ocr_tasks.engines.paddleocr_vl_tables import MOST_PLACES, converted_table

pytestmark = pytest.mark.unit


def prepared(text: str) -> str:
    """What is handed to the conversion."""
    return converted_table(BlockText(text), lambda otsl: otsl).text


@pytest.mark.parametrize(
    ("written", "handed_on"),
    [
        ("<fcel>A<fcel>1<nl>", "<fcel>A<fcel>1<nl>"),
        ("<fcel>A<fcel><nl><lcel><fcel>B<nl>", "<fcel>A<ecel><nl><lcel><fcel>B<nl>"),
        ("<fcel>A<fcel> <fcel>1<nl>", "<fcel>A<ecel><fcel>1<nl>"),
        ("<fcel>A<fcel>1", "<fcel>A<fcel>1<nl>"),
        ("<fcel>A<fcel>", "<fcel>A<ecel><nl>"),
        ("Таблица 1 <fcel>A<fcel>1", "<fcel>Таблица 1<nl><fcel>A<fcel>1<nl>"),
        ("<fcel>A<nl>Примечание<nl><nl>", "<fcel>A<nl><fcel>Примечание<nl>"),
        ("<fcel>A<ecel>1<nl><ucel>B<lcel><5<nl>", "<fcel>A<fcel>1<nl><fcel>B<fcel><5<nl>"),
        ("<table><tr><td>A</td></tr></table>", "<table><tr><td>A</td></tr></table>"),
        ("просто текст", "просто текст"),
        ("<nl><nl>", ""),
    ],
)
def test_the_conversion_gets_rows_of_full_and_empty_cells(written: str, handed_on: str) -> None:
    assert prepared(written) == handed_on


def test_a_table_that_cannot_be_converted_fails_as_a_block_and_keeps_its_text() -> None:
    def fail(_: str) -> str:
        raise IndexError("list index out of range")

    table = converted_table(BlockText("<fcel>A<fcel>1<nl><fcel>B<ecel><nl>"), fail)
    assert table.text == "A\t1\nB\t"
    assert table.failure == ("a table could not be converted, it is kept as text: IndexError: list index out of range")


def test_a_table_of_which_nothing_comes_is_kept_as_text() -> None:
    assert converted_table(BlockText("<fcel>A<nl>"), lambda _: "") == BlockText("A")


def test_one_long_row_among_thousands_of_short_ones_is_kept_as_text_and_flagged() -> None:
    count = 800

    def fail(_: str) -> str:
        raise AssertionError("never asked")

    table = converted_table(BlockText("<fcel>a" * count + "<nl>" + "<fcel>b<nl>" * count), fail)
    assert table.flags == {ReadingFlag.REPETITION}
    assert table.text.split() == ["a"] * count + ["b"] * count


def test_the_longest_table_that_the_model_can_write_is_converted() -> None:
    rows = 16_384 // 8
    assert rows * 8 <= MOST_PLACES
    assert prepared("<ecel><ecel><ecel><fcel>1<ecel><ecel><nl>" * rows).count("<nl>") == rows
