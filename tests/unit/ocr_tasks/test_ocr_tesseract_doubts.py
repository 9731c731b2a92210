"""Given words with the confidence that Tesseract had in them, these doubts are told."""

from __future__ import annotations

import pytest

from ocr_tasks.contract import BlockLabel, ReadingFlag
from ocr_tasks.engines.tesseract_doubts import is_mark, reading_doubts
from ocr_tasks.engines.tesseract_layout import Paragraph, ParagraphKind, build_blocks
from ocr_tasks.engines.tesseract_words import TextLine, Word

pytestmark = pytest.mark.unit


def line(*words: tuple[str, float]) -> TextLine:
    return TextLine(tuple(Word(text, (n * 50, 0, n * 50 + 40, 20), sure) for n, (text, sure) in enumerate(words)))


SIGNATURE = line(("[", 0.3), ("/", 0.4), ("[", 0.2), ("[", 0.3), ("(", 0.5), ("QQ", 0.21))


@pytest.mark.parametrize(
    "words",
    [
        [("Требование", 0.35)],
        [("______________", 0.4)],
        [("12", 0.3)],
        [("А.", 0.95), ("И.", 0.93)],
        [("км", 0.7)],
    ],
)
def test_what_may_be_print_is_no_mark(words: list[tuple[str, float]]) -> None:
    assert not is_mark(line(*words))


def test_a_signature_is_a_picture_with_what_was_read_in_it() -> None:
    (block,) = build_blocks([Paragraph(ParagraphKind.TEXT, (SIGNATURE,))], width_px=1000, height_px=1000)
    assert (block.label, block.content) == (BlockLabel.PICTURE, "[ / [ [ ( QQ")
    assert set(reading_doubts([SIGNATURE], [])) == {ReadingFlag.MARKS_READ_AS_TEXT}


def test_a_signature_among_print_stays_where_it_is() -> None:
    printed = line(("Директор", 0.95), ("Петров", 0.96))
    (block,) = build_blocks([Paragraph(ParagraphKind.TEXT, (printed, SIGNATURE))], width_px=1000, height_px=1000)
    assert block.label is BlockLabel.TEXT


@pytest.mark.parametrize(
    ("word", "flags"),
    [
        (("151036173", 0.4), {ReadingFlag.UNSURE_NUMBERS}),
        (("227 913,11", 0.65), {ReadingFlag.UNSURE_NUMBERS}),
        (("1 510 361,73", 0.9), set()),
        (("ВВГНКА)-Ё$", 0.35), {ReadingFlag.UNSURE_WORDS}),
        (("ВВГнг(А)-LS", 0.85), set()),
        (("Требуется", 0.16), set()),
        (("______", 0.1), set()),
    ],
)
def test_numbers_and_odd_words_are_doubted(word: tuple[str, float], flags: set[ReadingFlag]) -> None:
    assert set(reading_doubts([line(("Кабель", 0.96), word)], [])) == flags


def test_in_a_cell_a_single_odd_sign_may_be_a_number() -> None:
    assert set(reading_doubts([], [line(("ii", 0.3))])) == {ReadingFlag.UNSURE_WORDS}
    assert not set(reading_doubts([line(("Кабель", 0.96), ("ii", 0.3))], []))
