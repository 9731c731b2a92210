"""Tables: HTML from engines and text layers as cells, and cells as Markdown.

HTML of a model is hostile: only the table's own structure is read, and what is written is made from the cells alone.
"""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

from ocr_tasks.markdowntext import escape

_MOST_SPAN = 1000
"""The HTML standard's own bound for colspan (https://html.spec.whatwg.org/#attr-tdth-colspan)."""
_MOST_PLACES = 200_000
"""Places of a grid beyond which spans are no longer believed: a thousand rows of two hundred columns."""


_MOST_EMPTY_PLACES = 10_000


@dataclass(frozen=True)
class Cell:
    """One cell; ``row`` and ``column`` count from 0 in the full grid, spans are at least 1."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False


@dataclass(frozen=True)
class Table:
    """A table as its cells in reading order, with the size of its grid."""

    cells: tuple[Cell, ...]
    row_count: int
    column_count: int

    @property
    def has_spans(self) -> bool:
        """Whether a cell covers more than one place of the grid."""
        return any(cell.row_span > 1 or cell.column_span > 1 for cell in self.cells)


ParseTable = Callable[[str], Table]
"""What makes a table of its HTML: :func:`parse_html_table`, or one that remembers what it was asked before."""


class _TableParser(HTMLParser):
    """Collects rows of cells; tags that are not of a table are dropped, their text is kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[tuple[list[str], int, int, bool]]] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self._is_open = False
        elif tag in ("td", "th"):
            if not self.rows:
                self.rows.append([])
            spans = dict(attrs)
            self.rows[-1].append(([], _span(spans.get("rowspan")), _span(spans.get("colspan")), tag == "th"))
            self._is_open = True
        elif tag in ("br", "p", "div", "li"):
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.rows[-1][-1][0].append(data)


def _span(value: str | None) -> int:
    try:
        return min(max(int(value or 1), 1), _MOST_SPAN)
    except ValueError:
        return 1


def parse_html_table(source: str) -> Table:
    """The cells of a table in HTML; never raises, whatever a model wrote. No table: no cells."""
    parser = _TableParser()
    with contextlib.suppress(AssertionError):  # html.parser's answer to some broken declarations («<![…»)
        parser.feed(source)
        parser.close()
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    columns = 0
    for row, parsed in enumerate(parser.rows):
        column = 0
        for parts, row_span, column_span, is_header in parsed:
            while (row, column) in taken:
                column += 1
            # A span past the last row covers nothing: a model that repeats itself must not make a grid of millions.
            row_span = min(row_span, len(parser.rows) - row)
            if len(taken) + row_span * column_span > _MOST_PLACES:
                row_span = column_span = 1
            taken.update((r, c) for r in range(row, row + row_span) for c in range(column, column + column_span))
            text = "\n".join(line for part in "".join(parts).split("\n") if (line := " ".join(part.split())))
            cells.append(Cell(row, column, text, row_span, column_span, is_header))
            column += column_span
            columns = max(columns, column)
    return Table(tuple(cells), len(parser.rows), columns)


class _CellSeenError(Exception):
    """There is one: nothing else was asked."""


class _CellSeeker(_TableParser):
    """Stops at the first cell, however long the table is."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            raise _CellSeenError


def has_cells(source: str) -> bool:
    """Whether :func:`parse_html_table` finds a cell: one in a comment or an attribute is none."""
    seeker = _CellSeeker()
    try:
        with contextlib.suppress(AssertionError):
            seeker.feed(source)
            seeker.close()
    except _CellSeenError:
        return True
    return False


def table_markdown(table: Table) -> str:
    """A GFM table where every cell has one place, else HTML of nothing but rows, cells, spans and line breaks.

    HTML too where most places of the grid have no cell: one long row among thousands of short ones makes millions.
    """
    if not table.cells:
        return ""
    places = table.row_count * table.column_count
    is_sparse = places > _MOST_EMPTY_PLACES + 2 * len(table.cells)
    return table_html(table) if table.has_spans or is_sparse else _gfm(table)


def table_text(table: Table) -> str:
    """The cells as plain text, for searching: a row is a line, cells are parted by tabs, a span stands once."""
    rows: list[list[str]] = [[] for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row].append(" ".join(cell.text.split()))
    return "\n".join("\t".join(row) for row in rows)


def _gfm(table: Table) -> str:
    grid = [[""] * table.column_count for _ in range(table.row_count)]
    for cell in table.cells:
        text = "<br>".join(escape(line).replace("|", "\\|") for line in cell.text.split("\n"))
        grid[cell.row][cell.column] = text
    lines = [f"| {' | '.join(row)} |" for row in grid]
    lines.insert(1, f"|{' --- |' * table.column_count}")
    return "\n".join(lines)


def table_html(table: Table) -> str:
    """The table as HTML of nothing but rows, cells, spans and line breaks."""
    rows: list[list[str]] = [[] for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row].append(_html_cell(cell))
    return "\n".join(["<table>", *(f"<tr>{''.join(row)}</tr>" for row in rows), "</table>"])


def _html_cell(cell: Cell) -> str:
    tag = "th" if cell.is_header else "td"
    rows = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    columns = f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    text = html.escape(cell.text, quote=False).replace("\n", "<br>")
    return f"<{tag}{rows}{columns}>{text}</{tag}>"
