"""Words and lines as Tesseract recognised them. No Tesseract in here: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from ocr_tasks.contract import BBox


@dataclass(frozen=True)
class Word:
    """One recognised word; ``confidence`` 0..1."""

    text: str
    bbox_px: BBox
    confidence: float


@dataclass(frozen=True)
class TextLine:
    """One line. ``letter_height_px`` is the height of its small letters, 0 where unknown."""

    words: tuple[Word, ...]
    letter_height_px: float = 0.0

    @property
    def text(self) -> str:
        """Its words, a space between them."""
        return " ".join(word.text for word in self.words)
