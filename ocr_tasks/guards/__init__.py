"""The guards: doubts about what an engine has read. They know texts and page images, and no engine."""

from __future__ import annotations

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.guards.repetition import has_repetition

__all__ = ["text_flags"]


def text_flags(text: str, *, is_table: bool) -> frozenset[ReadingFlag]:
    """Doubts about the text of one block.

    Args:
        text: As the model wrote it: plain text, or a table as HTML or OTSL (``<fcel>…<nl>``).
        is_table: Whether it is a table.
    """
    return frozenset({ReadingFlag.REPETITION} if has_repetition(text, is_table=is_table) else ())
