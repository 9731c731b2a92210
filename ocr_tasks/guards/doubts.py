"""The doubts about one text, and about one page."""

from __future__ import annotations

from collections import Counter

from ocr_tasks.contract import Block, BlockLabel, ContentFormat, ReadingFlag
from ocr_tasks.engines.base import PageReading
from ocr_tasks.guards.alphabets import WordCount, count_words
from ocr_tasks.guards.area import has_too_much_text
from ocr_tasks.guards.blank import is_blank
from ocr_tasks.guards.repetition import has_repetition
from ocr_tasks.guards.truncation import is_truncated
from ocr_tasks.images import PageImage

_MOST_CHARACTERS = 60_000
"""More than a block of a page holds. Of a longer text the beginning and the end are judged: loops go on to the end."""
_SAME_BLOCKS = 10
_SAME_BLOCK_LETTERS = 30
"""So many blocks of so many letters that say the same are a loop over blocks."""


def text_flags(text: str, *, is_table: bool) -> frozenset[ReadingFlag]:
    """Doubts about the text of one block: repetition, mixed script, truncation. Cheap: some 3 ms for a full page.

    Args:
        text: As the model wrote it: plain text, LaTeX, or a table as HTML or OTSL (``<fcel>…<nl>``).
        is_table: Whether it is a table.
    """
    flags = _loop_flags(text, is_table=is_table)
    if _count(text).is_doubtful:
        flags.add(ReadingFlag.MIXED_SCRIPT)
    return frozenset(flags)


def find_doubts(reading: PageReading, page: PageImage) -> frozenset[ReadingFlag]:
    """Doubts about the reading of a page, without those that the engine has itself.

    Args:
        reading: What the engine read.
        page: The image that it read.
    """
    flags: set[ReadingFlag] = set()
    words = WordCount()
    for block in reading.blocks:
        is_table = block.label is BlockLabel.TABLE or block.content_format is ContentFormat.HTML
        flags |= _loop_flags(block.content, is_table=is_table)
        if block.content_format is not ContentFormat.LATEX:
            words += _count(block.content)
    if words.is_doubtful:
        flags.add(ReadingFlag.MIXED_SCRIPT)
    if _has_same_blocks(reading.blocks):
        flags.add(ReadingFlag.REPETITION)
    if has_too_much_text(reading.blocks, page):
        flags.add(ReadingFlag.TOO_MUCH_TEXT)
    says_something = any(_says_something(block) for block in reading.blocks)
    if says_something is is_blank(page):
        flags.add(ReadingFlag.TEXT_ON_BLANK_PAGE if says_something else ReadingFlag.NOTHING_READ)
    return frozenset(flags)


def _loop_flags(text: str, *, is_table: bool) -> set[ReadingFlag]:
    flags = set()
    if any(has_repetition(part, is_table=is_table) for part in _parts(text)):
        flags.add(ReadingFlag.REPETITION)
    if is_truncated(text, is_table=is_table):
        flags.add(ReadingFlag.TRUNCATED)
    return flags


def _parts(text: str) -> tuple[str, ...]:
    """The text, or its beginning and its end: no text takes long."""
    if len(text) <= _MOST_CHARACTERS:
        return (text,)
    half = _MOST_CHARACTERS // 2
    return text[:half], text[-half:]


def _count(text: str) -> WordCount:
    return sum(map(count_words, _parts(text)), WordCount())


def _has_same_blocks(blocks: tuple[Block, ...]) -> bool:
    same = Counter(block.content for block in blocks).most_common(1)
    return bool(same) and same[0][1] >= _SAME_BLOCKS and sum(map(str.isalpha, same[0][0])) >= _SAME_BLOCK_LETTERS


def _says_something(block: Block) -> bool:
    return any(map(str.isalnum, block.content))
