"""What stands behind a label: «Цена договора: …», «Срок поставки» over the sentence that tells it, a cell and its row.

A statement ends with its sentence, with the row of its table, or with its block. It goes on in the next block where the
label is all of its own (a heading), or where the sentence is not at its end (OCR cuts sentences into blocks).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedTable
from tenderlake.lake.vocabulary import FieldMethod

REACH = 300
"""Characters behind a label in which its value is looked for."""
MOST_STATEMENTS = 300
"""Places of a label on a page that are looked at."""
_BEFORE = 160
_SENTENCE_END = re.compile(
    r"(?:(?<=[а-яёА-ЯЁa-z]{5})|(?<=[0-9)»\"”%])|(?<=НДС))[.!?](?=\s+[«\"(]?[А-ЯЁA-Z•–—-])|;(?=\s)"
    r"|\n(?=[ \t]*(?:[•–—]|-[ ]))|\n+(?=[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}\.? [А-ЯЁ])"
)
_BLOCK_END = re.compile(r"\n\n")
_OPEN = re.compile(r"[\s.:,–—-]*\Z")
"""A label with nothing behind it: a heading."""
_CLOSED = re.compile(r"[.;!?][)»\"”]?\s*\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label to look for in lower-case text; one of ``hints``, parts of words, is in every text that has it."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    reach: int = REACH


def wanted(pattern: str, *hints: str, reach: int = REACH) -> Wanted:
    """A label as a regular expression in lower case; the case of the text does not matter."""
    return Wanted(re.compile(pattern), hints, reach)


@dataclass(frozen=True, slots=True)
class Statement:
    """A label at ``page.text[start:text_start]`` and the ``text`` behind it.

    ``before``: what stands before the label in its sentence. ``is_row``: the label stands in a table.
    """

    label: str
    start: int
    text: str
    text_start: int
    before: str
    is_row: bool

    def method(self, end: int) -> FieldMethod:
        """How a value that ends at ``text[:end]`` was found: in the row of the label, or beside or behind it."""
        if self.is_row and "\t" in self.text[:end]:
            return FieldMethod.CELL
        return FieldMethod.LABEL if len(self.text[:end].split()) <= _WORDS_OF_A_LABEL else FieldMethod.PHRASE


_WORDS_OF_A_LABEL = 6


def statements(page: PageReading, label: Wanted) -> Iterator[Statement]:
    """What the page says behind each place of a label."""
    lowered = _lowered(page.text)
    if not any(hint in lowered for hint in label.hints):
        return
    tables = deque((piece.start, piece.end) for piece, _ in page.tables)
    for match in islice(label.pattern.finditer(lowered), MOST_STATEMENTS):
        while tables and tables[0][1] <= match.start():
            tables.popleft()
        is_row = bool(tables) and tables[0][0] <= match.start()
        end = _end(page.text, match.end(), label.reach, is_row=is_row)
        yield Statement(
            page.text[match.start() : match.end()],
            match.start(),
            page.text[match.end() : end],
            match.end(),
            _before(page.text, match.start()),
            is_row,
        )


@lru_cache(maxsize=1)
def _lowered(text: str) -> str:
    """The text in lower case, character by character; kept, as two dozen labels are looked for in the page at hand."""
    lowered = text.lower()
    return (
        lowered
        if len(lowered) == len(text)
        else "".join(low if len(low := char.lower()) == 1 else char for char in text)
    )


def _end(text: str, start: int, reach: int, *, is_row: bool) -> int:
    window = text[start : start + reach]
    if is_row:
        end = window.find("\n")
        if end >= 0 and not _OPEN.match(window[:end]):
            return start + end
    sentence = next(
        (match for match in _SENTENCE_END.finditer(window) if not _OPEN.match(window[: match.start()])), None
    )
    limit = sentence.start() if sentence is not None else len(window)
    for block in _BLOCK_END.finditer(window, 0, limit):
        said = window[: block.start()]
        if not _OPEN.match(said) and _CLOSED.search(said):
            return start + block.start()
    return start + limit


def _before(text: str, start: int) -> str:
    said = text[max(0, start - _BEFORE) : start]
    ends = [match.end() for match in _SENTENCE_END.finditer(said)]
    line = said.rfind("\n\n") + 1
    return said[max([line, *ends]) :]


@dataclass(frozen=True, slots=True)
class Column:
    """The cells under a header cell, top to bottom; empty ones too."""

    header: PlacedCell
    cells: tuple[PlacedCell, ...]
    table: PlacedTable


def columns_under(page: PageReading, pattern: re.Pattern[str]) -> Iterator[Column]:
    """The columns of the page whose header begins with the pattern; headers over one column, in the first rows."""
    for piece in page.pieces:
        if piece.placed is None:
            continue
        for header in piece.placed.cells:
            if header.row >= _HEADER_ROWS:
                break
            if header.column_span == 1 and pattern.match(page.text, header.start, header.end):
                yield Column(header, tuple(piece.placed.below(header)), piece.placed)


_HEADER_ROWS = 4
