"""What stands behind a label: «Цена договора: …», «Срок поставки» over the sentence that tells it, a cell and its row.

A statement ends with its sentence, with the row of its table, or with its block. It goes on in the next block where the
label is all of its own (a heading), or where the sentence is not at its end (OCR cuts sentences into blocks).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ocr_tasks.htmltables import Cell, Table
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.vocabulary import FieldMethod

REACH = 300
"""Characters behind a label in which its value is looked for."""
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
    """A label to look for. ``hints``: parts of words in lower case; a text with the label has one of them."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    reach: int = REACH


def wanted(pattern: str, *hints: str, reach: int = REACH) -> Wanted:
    """A label as a regular expression, whatever the case of its letters."""
    return Wanted(re.compile(pattern, re.IGNORECASE), hints, reach)


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
    lowered = page.text.lower()
    if not any(hint in lowered for hint in label.hints):
        return
    tables = deque((piece.start, piece.end) for piece, _ in page.tables)
    for match in label.pattern.finditer(page.text):
        while tables and tables[0][1] <= match.start():
            tables.popleft()
        is_row = bool(tables) and tables[0][0] <= match.start()
        end = _end(page.text, match.end(), label.reach, is_row=is_row)
        yield Statement(
            match[0],
            match.start(),
            page.text[match.end() : end],
            match.end(),
            _before(page.text, match.start()),
            is_row,
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
    """The cells under a header cell, top to bottom."""

    header: Cell
    cells: tuple[Cell, ...]


def columns_under(table: Table, pattern: re.Pattern[str]) -> Iterator[Column]:
    """The columns whose header matches; only headers of one column, in the first rows."""
    for header in table.cells:
        if header.row < _HEADER_ROWS and header.column_span == 1 and pattern.search(header.text):
            below = header.row + header.row_span
            yield Column(
                header,
                tuple(cell for cell in table.cells if cell.column == header.column and cell.row >= below),
            )


_HEADER_ROWS = 4


def rows_of(table: Table) -> list[list[Cell]]:
    """The cells of each row; a cell over several rows stands in its first."""
    rows: list[list[Cell]] = [[] for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row].append(cell)
    return rows
