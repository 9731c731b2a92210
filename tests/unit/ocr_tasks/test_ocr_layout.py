"""Given the words that Tesseract found, the page becomes blocks with labels, boxes and true confidences."""

from __future__ import annotations

import pytest

from ocr_tasks.contract import Block, BlockLabel
from ocr_tasks.engines.tesseract_layout import Paragraph, ParagraphKind, build_blocks, mean_confidence, page_words
from ocr_tasks.engines.tesseract_words import TextLine, Word

pytestmark = pytest.mark.unit

WIDTH_PX, HEIGHT_PX = 1000, 1400


def line(text: str, *, left: float = 100, top: float = 0, height: float = 20, confidence: float = 0.95) -> TextLine:
    """A line whose letters are half as wide as they are high."""
    words = []
    for word in text.split():
        right = left + len(word) * height / 2
        words.append(Word(text=word, bbox_px=(left, top, right, top + height), confidence=confidence))
        left = right + height / 2
    return TextLine(words=tuple(words), letter_height_px=height)


def centred(text: str, **options: float) -> TextLine:
    width = len(text) * options.get("height", 20) / 2
    return line(text, left=(WIDTH_PX - width) / 2, **options)


def paragraph(*lines: TextLine, kind: ParagraphKind = ParagraphKind.TEXT) -> Paragraph:
    return Paragraph(kind=kind, lines=lines)


BODY = paragraph(*(line("поставщик обязуется поставить товар заказчику", top=100 + 30 * row) for row in range(6)))


def blocks_of(*paragraphs: Paragraph) -> tuple[Block, ...]:
    return build_blocks(paragraphs, width_px=WIDTH_PX, height_px=HEIGHT_PX)


@pytest.mark.parametrize(
    ("what", "heading", "level"),
    [
        ("very large print", line("Договор поставки", height=36), 1),
        ("large print", line("Предмет договора", height=26), 2),
        ("centred capitals", centred("ТЕХНИЧЕСКОЕ ЗАДАНИЕ"), 2),
        ("numbered capitals", line("5. ФОРС-МАЖОР"), 2),
        ("capitals numbered in Roman", line("IV. ОБЯЗАННОСТИ СТОРОН"), 2),
    ],
)
def test_headings_are_told_by_size_and_by_capitals(what: str, heading: TextLine, level: int) -> None:
    block = blocks_of(paragraph(heading), BODY)[0]
    assert (block.label, block.heading_level) == (BlockLabel.HEADING, level), what


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("an approval mark on the right", [line("УТВЕРЖДАЮ", left=750)]),
        ("a line of numbers", [centred("ИНН 7701234567 КПП 770101001")]),
        ("large handwriting that was guessed", [line("оее Рори", height=40, confidence=0.35)]),
        ("a short abbreviation", [centred("НДС")]),
        ("a whole paragraph of capitals", [centred("ВНИМАНИЕ УЧАСТНИКОВ ЗАКУПКИ", top=20 * row) for row in range(4)]),
        ("usual print", [centred("Предмет договора")]),
    ],
)
def test_other_lines_stay_text(what: str, lines: list[TextLine]) -> None:
    block = blocks_of(paragraph(*lines), BODY)[0]
    assert (block.label, block.heading_level) == (BlockLabel.TEXT, None), what


def test_lines_are_kept_as_printed_and_hyphenated_words_apart() -> None:
    block = blocks_of(paragraph(line("акт приема-", top=10), line("передачи тен-", top=40), line("дера", top=70)))[0]
    assert block.content == "акт приема-\nпередачи тен-\nдера"
    assert [printed.text for printed in block.lines] == ["акт приема-", "передачи тен-", "дера"]
    assert block.bbox_px[1] == 10
    assert block.bbox_px[3] == 90


def test_confidence_is_weighted_by_the_length_of_words() -> None:
    words = (
        Word(text="а", bbox_px=(0, 0, 10, 10), confidence=0.1),
        Word(text="девятьсот", bbox_px=(20, 0, 90, 10), confidence=0.9),
    )
    block = blocks_of(paragraph(TextLine(words=words)))[0]
    assert block.confidence == pytest.approx(0.82)
    assert block.lines[0].confidence == pytest.approx(0.82)


def test_a_page_without_words_has_no_confidence_and_no_blocks() -> None:
    empty = [paragraph(TextLine(words=())), paragraph()]
    assert blocks_of(*empty) == ()
    assert mean_confidence(page_words(empty)) is None


def test_tables_keep_their_label_and_order_is_reading_order() -> None:
    table = paragraph(line("№ Наименование Цена", height=30), kind=ParagraphKind.TABLE)
    caption = paragraph(line("Рис. 1"), kind=ParagraphKind.CAPTION)
    labels = [block.label for block in blocks_of(BODY, table, caption, BODY)]
    assert labels == [BlockLabel.TEXT, BlockLabel.TABLE, BlockLabel.CAPTION, BlockLabel.TEXT]


def test_a_stamp_is_a_picture_and_a_speck_is_nothing() -> None:
    stamp = Paragraph(kind=ParagraphKind.PICTURE, bbox_px=(700, 1100, 900, 1300))
    speck = Paragraph(kind=ParagraphKind.PICTURE, bbox_px=(10, 10, 20, 20))
    blocks = blocks_of(speck, BODY, stamp)
    assert [block.label for block in blocks] == [BlockLabel.TEXT, BlockLabel.PICTURE]
    assert blocks[1].bbox_px == stamp.bbox_px
    assert blocks[1].confidence is None
