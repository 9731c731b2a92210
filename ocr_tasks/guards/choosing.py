"""Which of two readings of a page is kept."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.base import PageReading

_WEIGHTS = {
    ReadingFlag.TEXT_ON_BLANK_PAGE: 6,
    ReadingFlag.NOTHING_READ: 6,
    ReadingFlag.REPETITION: 5,
    ReadingFlag.BLOCK_NOT_READ: 5,
    ReadingFlag.TRUNCATED: 4,
    ReadingFlag.TOO_MUCH_TEXT: 4,
    ReadingFlag.MIXED_SCRIPT: 2,
}
"""How much of a page a doubt puts in question. The other flags tell what happened, and put nothing in question."""
_INVENTED = frozenset({ReadingFlag.TEXT_ON_BLANK_PAGE, ReadingFlag.TOO_MUCH_TEXT})
_LEAST_KEPT = 0.5


@dataclass(frozen=True)
class Judged:
    """A reading with all doubts about it: the engine's own, and the guards'."""

    reading: PageReading
    doubts: frozenset[ReadingFlag]

    @property
    def weight(self) -> int:
        """How doubtful it is."""
        return weight_of(self.doubts)


def weight_of(doubts: Iterable[ReadingFlag]) -> int:
    """How much all of these doubts put in question."""
    return sum(_WEIGHTS.get(doubt, 0) for doubt in doubts)


def says_much_less(second: str, first: str) -> bool:
    """Whether a second reading lost more than half of what the first one says: then it is no better."""
    return _substance(second) < _LEAST_KEPT * _substance(first)


def better_reading(first: Judged, second: Judged) -> Judged:
    """Return the reading to keep: the less doubtful one, the first where they are equal.

    A second reading that says much less is only better where what the first one says is invented: doubts are easily
    avoided by reading nothing.
    """
    if second.reading.unread_reason and not first.reading.unread_reason:
        return first
    if second.weight > first.weight or (second.weight == first.weight and not _read_more(first, second)):
        return first
    if _INVENTED.isdisjoint(first.doubts) and says_much_less(_text(second), _text(first)):
        return first
    return second


def _read_more(first: Judged, second: Judged) -> bool:
    """Whether only the second reading has the whole page."""
    return first.reading.unread_reason is not None and second.reading.unread_reason is None


def _text(judged: Judged) -> str:
    return "\n".join(block.content for block in judged.reading.blocks)


def _substance(text: str) -> int:
    """How much a text says, in bytes; what is said again and again counts once."""
    return len(zlib.compress(text.encode("utf-8", "surrogatepass"))) if text.strip() else 0
