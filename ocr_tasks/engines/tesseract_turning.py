"""Finds by reading how a page must be turned for its print to be upright, where a reading makes that doubtful.

Debian packages no ``osd.traineddata``, so Tesseract has no model that tells. But print that is upside down is read with
a mean confidence of 0.28 to 0.37, upright print above 0.77 (Russian and English pages, tables, 200 dpi), and of lines
that run down the page Tesseract itself says so. So pages that are read well cost nothing more. Of the others a part
with much ink is read at each turn, and the whole page again only where that part became clearly better to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PIL import Image

from ocr_tasks.contract import BBox
from ocr_tasks.engines.tesseract_layout import Paragraph, mean_confidence, page_words
from ocr_tasks.engines.tesseract_words import Word
from ocr_tasks.ink import ink_of

_SURE_CONFIDENCE = 0.6
"""From here on a page is read well enough not to ask whether it is turned."""
_WORD_CONFIDENCE = 0.5
_FEWEST_LETTERS = 20
"""What a turned part must say at least: noise and photos give words by chance, and short ones."""
_CLEARLY = 2.0
_CELL_PX = 38
"""Half an inch of the ink's image."""
_PART_CELLS = 9
_LEAST_INK = 0.005


def is_sideways(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether most letters stand in lines that run down the page."""
    letters = [(paragraph.is_sideways, sum(len(line.text) for line in paragraph.lines)) for paragraph in paragraphs]
    return 2 * sum(count for sideways, count in letters if sideways) > sum(count for _, count in letters)


def is_read_well(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether the words of a page are such that it can hardly stand on its head."""
    confidence = mean_confidence(page_words(paragraphs))
    return confidence is not None and confidence >= _SURE_CONFIDENCE


def substance(words: Iterable[Word]) -> float:
    """How much is read: letters and digits by their confidence, without the words that are rather guessed."""
    return sum(
        word.confidence * sum(map(str.isalnum, word.text)) for word in words if word.confidence >= _WORD_CONFIDENCE
    )


def is_clearly_better(turned: Sequence[Word], as_it_is: Sequence[Word]) -> bool:
    """Whether the turned page, or the turned part of it, is the one that people would read."""
    confidence = mean_confidence(turned)
    if confidence is None or confidence < _SURE_CONFIDENCE:
        return False
    return substance(turned) > max(_CLEARLY * substance(as_it_is), _FEWEST_LETTERS)


def words_within(words: Iterable[Word], box: BBox) -> list[Word]:
    """The words whose middle is in a box."""
    return [
        word
        for word in words
        if box[0] <= (word.bbox_px[0] + word.bbox_px[2]) / 2 < box[2]
        and box[1] <= (word.bbox_px[1] + word.bbox_px[3]) / 2 < box[3]
    ]


def part_with_ink(image: Image.Image, dpi: float) -> tuple[int, int, int, int] | None:
    """The square of some 4.5 inches with the most ink, all of a smaller page; None where there is hardly any.

    Args:
        image: The page, grey.
        dpi: Its resolution.
    """
    ink = ink_of(image, dpi)
    cells = ink.resize((max(1, ink.width // _CELL_PX), max(1, ink.height // _CELL_PX)), Image.Resampling.BOX)
    across, down = min(_PART_CELLS, cells.width), min(_PART_CELLS, cells.height)
    levels = cells.tobytes()
    sums = {
        (left, top): sum(sum(levels[row * cells.width + left :][:across]) for row in range(top, top + down))
        for left in range(cells.width - across + 1)
        for top in range(cells.height - down + 1)
    }
    left, top = max(sums, key=lambda place: sums[place])
    if sums[left, top] < _LEAST_INK * 255 * across * down:
        return None
    x_px, y_px = image.width / cells.width, image.height / cells.height
    return round(left * x_px), round(top * y_px), round((left + across) * x_px), round((top + down) * y_px)
