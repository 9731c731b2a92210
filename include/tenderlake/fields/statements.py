"""What stands behind a label: «Цена договора: …», «Срок поставки» over the sentence that tells it, a cell and its row.

A statement ends with its sentence, with the row of its table, or with its block. It goes on in the next block where the
label is all of its own (a heading), or where the sentence is not at its end (OCR cuts sentences into blocks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from ocr_tasks.contract import BBox
from tenderlake.fields.lookalikes import in_cyrillic
from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedTable
from tenderlake.lake.vocabulary import FieldMethod

REACH = 300
"""Characters behind a label in which its value is looked for."""
MOST_STATEMENTS = 300
"""Places of a label on a page that are looked at."""
_BEFORE = 160
_QUOTED = 2
"""A letter with the quotation mark or bracket before it."""
_ROUBLES = r"\d[\d \u00a0]{0,20}(?:,\d{1,3})? (?:(?:тыс|млн)\.? ?)?руб"
"""«3 958,40 тыс. руб. без НДС; 4 750,08 тыс. руб. с НДС»: a semicolon between two forms of one price."""
_SENTENCE_END = re.compile(
    rf"(?:(?<=[а-яёА-ЯЁa-z]{{5}})|(?<=[0-9)»\"”%])|(?<=НДС)|(?<=[ )](?:дней|года|этап)))[.!?]"
    rf"(?=\s+[«\"(]?[А-ЯЁA-Z•–—-])|;(?=\s)(?!\s{_ROUBLES})"
    r"|\n(?=[ \t]*(?:[•–—]|-[ ]))|\n+(?=[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}\.? [А-ЯЁ])"
)
_BLOCK_END = re.compile(r"\n\n")
_DIGIT = re.compile("[0-9]")
_OPEN = re.compile(r"[\s.:,–—-]*\Z")
"""A label with nothing behind it: a heading."""
_CLOSED = re.compile(r"[.;!?][)»\"”]?\s*\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label to look for in searchable text; one of ``hints``, parts of words, is in every text that has it."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    reach: int = REACH


def wanted(pattern: str, *hints: str, reach: int = REACH) -> Wanted:
    """A label as a regular expression in small Cyrillic letters without ё."""
    return Wanted(re.compile(pattern), hints, reach)


@dataclass(frozen=True, slots=True)
class Statement:
    """A label at ``start`` in the text of its page and the ``text`` behind it, which begins at ``text_start`` there.

    ``before``: what stands before the label in its sentence. ``is_row``: the text is the rest of a row, or, where
    ``is_below``, the cell under the label.
    """

    page: PageReading
    label: str
    start: int
    text: str
    text_start: int
    before: str = ""
    is_row: bool = False
    is_below: bool = False

    def method(self, end: int) -> FieldMethod:
        """How a value that ends at ``text[:end]`` was found: in a cell of its own, beside its label, or farther on."""
        if self.is_below or (self.is_row and "\t" in self.text[:end]):
            return FieldMethod.CELL
        return FieldMethod.LABEL if len(self.text[:end].split()) <= _WORDS_OF_A_LABEL else FieldMethod.PHRASE

    def raw_text(self, end: int) -> str:
        """What stands in the document up to ``text[:end]``, with the label."""
        if self.is_below:
            return f"{self.label} {raw(self.page, self.text_start, self.text_start + end)}"
        return raw(self.page, self.start, self.text_start + end)

    def box(self, end: int) -> BBox:
        """Where that stands; of a cell under its label the cell alone."""
        return self.page.box_of(self.text_start if self.is_below else self.start, self.text_start + end)


_WORDS_OF_A_LABEL = 6


def raw(page: PageReading, start: int, end: int) -> str:
    """What stands in the document, on one line; with the bracket that closes behind it."""
    said = page.text[start:end]
    if page.text.startswith(")", end) and said.count("(") > said.count(")"):
        said += ")"
    return " ".join(said.split())


def statements(page: PageReading, label: Wanted) -> Iterator[Statement]:
    """What the page says behind each place of a label; in a table, what the cell under it says too."""
    lowered = searchable(page.text)
    if not any(hint in lowered for hint in label.hints):
        return
    for match in islice(label.pattern.finditer(lowered), MOST_STATEMENTS):
        start, end = match.span()
        piece = page.piece_at(start)
        # Of a table of one column, as OCR sees them in columns of text, the rows are lines of text.
        is_row = piece is not None and piece.table is not None and piece.table.column_count > 1
        stop = _row_end(page.text, end, label.reach) if is_row else _end(page.text, end, label.reach)
        before = _before(page.text, start)
        beside = Statement(page, page.text[start:end], start, page.text[end:stop], end, before, is_row)
        yield beside
        if is_row and _DIGIT.search(beside.text) is None:
            yield from _below(beside, label.reach)


def _below(beside: Statement, reach: int) -> Iterator[Statement]:
    """The one cell under a label that has nothing but other labels beside it; over many cells it heads a column."""
    placed = beside.page.cell_at(beside.start)
    if placed is None:
        return
    table, label = placed
    under = [cell for cell in table.below(label) if not cell.is_empty]
    if len(under) == 1:
        text = beside.page.text[under[0].start : under[0].end][:reach]
        yield replace(beside, text=text, text_start=under[0].start, is_below=True)


@lru_cache(maxsize=4)
def searchable(text: str) -> str:
    """The text in lower case, Latin letters that look Cyrillic as these, ё as е, character by character.

    Kept for the page at hand: two dozen labels are looked for in it.
    """
    lowered = in_cyrillic(text).lower()
    return lowered if len(lowered) == len(text) else text


def _row_end(text: str, start: int, reach: int) -> int:
    end = text.find("\n", start, start + reach)
    return end if end >= 0 else min(start + reach, len(text))


def _end(text: str, start: int, reach: int) -> int:
    window = text[start : start + reach]
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
    begin = max(0, start - _BEFORE)
    # The capital that shows the end of a sentence may be the label's own.
    ends = [match.end() for match in _SENTENCE_END.finditer(text, begin, start + _QUOTED) if match.end() <= start]
    line = text.rfind("\n\n", begin, start) + 1
    return text[max([begin, line, *ends]) : start]


HEADER_ROWS = 4
"""First rows of a table in which headers of columns are looked for."""


@dataclass(frozen=True, slots=True)
class Column:
    """The cells under a header cell, top to bottom; empty ones too."""

    header: PlacedCell
    cells: tuple[PlacedCell, ...]
    table: PlacedTable


def columns_under(page: PageReading, pattern: re.Pattern[str], *, rows: int = HEADER_ROWS) -> Iterator[Column]:
    """The columns of the page whose header begins with the pattern; headers over one column, in the first ``rows``."""
    for piece in page.pieces:
        if piece.placed is None:
            continue
        for header in piece.placed.cells:
            if header.row >= rows:
                break
            if header.column_span == 1 and pattern.match(page.text, header.start, header.end):
                yield Column(header, tuple(piece.placed.below(header)), piece.placed)
