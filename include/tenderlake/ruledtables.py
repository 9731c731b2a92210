"""Tables with ruling lines on a digital page, as a grid of cells with spans and as clean HTML.

The cells come from :mod:`tenderlake.ruledgrid`, their text from the words of the page. Frames around a page or a
paragraph are not tables and are left to the flow of text.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ocr_tasks.boxes import Box, union
from ocr_tasks.ruledgrid import Grid
from tenderlake.overprint import Stamp, is_aslant
from tenderlake.pagelines import TextLine
from tenderlake.readingorder import ONE_PLACE_PT
from tenderlake.ruledgrid import find_grids
from tenderlake.spacedletters import text_of_placed
from tenderlake.wording import HyphenHabits, clean, join_cell_lines

if TYPE_CHECKING:
    from tenderlake.drawnpage import Word
    from tenderlake.mupdf import Page
    from tenderlake.pagecontent import PageContent

_ONE_PLACE_SHARE = 0.1
"""Of the height of a word, where that is less than :data:`~tenderlake.readingorder.ONE_PLACE_PT`."""
_MOST_PLACES = 200
"""Of one word, among lines that are left out of tables; more are no watermarks."""


class TableCell(NamedTuple):
    """One cell; ``row`` and ``column`` count from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str


@dataclass(frozen=True)
class PageTable:
    """A table on a page; the cells are sorted by row and column."""

    box: Box
    cells: tuple[TableCell, ...]
    row_count: int

    @property
    def html(self) -> str:
        """The table as HTML without attributes other than ``rowspan`` and ``colspan``."""
        rows: list[list[str]] = [[] for _ in range(self.row_count)]
        for cell in self.cells:
            spans = "".join(
                f' {name}="{span}"'
                for name, span in (("rowspan", cell.row_span), ("colspan", cell.column_span))
                if span > 1
            )
            rows[cell.row].append(f"<td{spans}>{html.escape(cell.text, quote=False)}</td>")
        return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in rows) + "</table>"


class _Word(NamedTuple):
    box: Box
    text: str
    line: tuple[int, int]


def take_tables(
    page: Page, content: PageContent, habits: HyphenHabits, stamps: Sequence[Stamp] = ()
) -> tuple[list[PageTable], list[TextLine], list[TextLine]]:
    """Find the tables of a page.

    Args:
        page: The page of PyMuPDF.
        content: What was read from it.
        habits: How words parted at line ends are joined.
        stamps: What is printed over the page and is part of no table.

    Returns:
        The tables, and the lines and sideways lines of the page that stand outside all of them; not those of stamps.
    """
    stamped = {line for stamp in stamps for line in (*stamp.lines, *stamp.copies)}
    lines = tuple(line for line in content.lines if line not in stamped) if stamped else content.lines
    grids = find_grids(page, content, stamps)
    boxes = [grid.box for grid in grids]
    grids = [grid for grid in grids if grid.column_count > 1 and not grid.is_frame(boxes, content.page_box)]
    if not grids:
        return [], list(lines), list(content.sideways)
    drawn = without_copies(content.drawn.words())
    words = [_Word(content.turn.apply(word[:4]), word[4], (word[5], word[6])) for word in drawn]
    aslant = tuple(line for line in content.sideways if is_aslant(line))
    words = _words_without((*stamped, *aslant), words)
    tables = [table for grid in grids if (table := _fill(grid, words, habits)) is not None]
    taken = [table.box for table in tables]
    sideways = [line for line in content.sideways if line not in aslant]
    return tables, _lines_outside(lines, taken, words), [*_lines_outside(tuple(sideways), taken, words), *aslant]


def _words_without(lines: tuple[TextLine, ...], words: list[_Word]) -> list[_Word]:
    """The words that are not those of these lines. A word of another line may stand there, too, and be the same."""
    if not lines:
        return words
    by_line: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for word in words:
        by_line[word.line].append(word)
    places: dict[str, list[tuple[Box, frozenset[str]]]] = defaultdict(list)
    for line in lines:
        texts = frozenset(line.text.split())
        for text in texts:
            places[text].append((line.box.grown(0.5), texts))
    taken = {
        number
        for number, group in by_line.items()
        for box, texts in places.get(group[0].text, [])[:_MOST_PLACES]
        if all(word.text in texts and box.holds(*word.box.center) for word in group)
    }
    return [word for word in words if word.line not in taken]


def without_copies(words: list[Word]) -> list[Word]:
    """The words without those that are drawn again in the same place, as for false bold or a shadow."""
    if len({(word[4], round(word[0] / 8), round(word[1] / 8)) for word in words}) == len(words):  # most pages
        return words
    kept: list[Word] = []
    places: set[tuple[str, int, int]] = set()
    for word in words:
        # In tiny print the same words stand near each other.
        place = min(ONE_PLACE_PT, _ONE_PLACE_SHARE * (word[3] - word[1])) or 1.0
        across, down = int(word[0] // place), int(word[1] // place)
        around = ((word[4], across + dx, down + dy) for dx in (0, -1, 1) for dy in (0, -1, 1))
        if places.isdisjoint(around):
            kept.append(word)
        places.add((word[4], across, down))
    return kept


def _fill(grid: Grid, words: list[_Word], habits: HyphenHabits) -> PageTable | None:
    """Put the words into the cells; None where that makes no table."""
    cells = {(cell.row, cell.column): cell.box for cell in grid.cells}
    texts = _cell_texts(cells, grid.box, words, habits)
    filled = [place for place, text in texts.items() if text]
    if len(filled) < 2 or len({column for _, column in filled}) < 2:
        return None
    placed = tuple(TableCell(*place, texts.get((place.row, place.column), "")) for place in grid.places())
    return PageTable(grid.box, placed, grid.row_count)


def _cell_texts(
    cells: dict[tuple[int, int], Box], table_box: Box, words: list[_Word], habits: HyphenHabits
) -> dict[tuple[int, int], str]:
    """The text of each cell. A word in the table but in no cell goes to the nearest: no word is lost."""
    contents: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    by_row: dict[int, dict[tuple[int, int], Box]] = defaultdict(dict)
    for place, box in cells.items():
        by_row[place[0]][place] = box
    rows = [(union(row.values()), row) for row in by_row.values()]
    for word in words:
        x, y = word.box.center
        if not table_box.holds(x, y):
            continue
        at_height = (cell for bounds, row in rows if bounds.holds(x, y) for cell in row.items())
        found = next((place for place, box in at_height if box.holds(x, y)), None)
        contents[found or min(cells, key=lambda candidate: _distance(cells[candidate], x, y))].append(word)
    return {place: _lines_text(inside, habits) for place, inside in contents.items()}


def _distance(box: Box, x: float, y: float) -> float:
    dx, dy = max(box.x0 - x, 0.0, x - box.x1), max(box.y0 - y, 0.0, y - box.y1)
    return dx * dx + dy * dy


def _lines_text(words: list[_Word], habits: HyphenHabits) -> str:
    by_line: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for word in words:
        by_line[word.line].append(word)
    lines = sorted(by_line.values(), key=_line_order)
    texts = [clean(text_of_placed([(word.text, word.box) for word in line])) for line in lines]
    return join_cell_lines(texts, habits)


def _line_order(line: list[_Word]) -> tuple[float, float]:
    """Lines of upright text go down; lines of text that runs up or down the page go across."""
    first, last = line[0].box, line[-1].box
    box = union(word.box for word in line)
    if abs(last.center[1] - first.center[1]) > abs(last.center[0] - first.center[0]) and box.height > 2 * box.width:
        runs_up = last.center[1] < first.center[1]
        return (box.x0 if runs_up else -box.x1), 0.0
    return round(box.center[1] / 3), box.x0


def _lines_outside(lines: tuple[TextLine, ...], tables: list[Box], words: list[_Word]) -> list[TextLine]:
    """The lines outside the tables; of a line that runs out of a table, the words outside."""
    outside: list[TextLine] = []
    for line in lines:
        inside = [table for table in tables if line.box.clipped(table).area > 0 or table.holds(*line.box.center)]
        if not inside:
            outside.append(line)
        elif not any(_contains(table.grown(2.0), line.box) for table in inside):
            rest = [
                word
                for word in words
                if line.box.grown(1.0).holds(*word.box.center) and not any(t.holds(*word.box.center) for t in tables)
            ]
            if rest:
                outside.append(line._replace(box=union(w.box for w in rest), text=" ".join(w.text for w in rest)))
    return outside


def _contains(outer: Box, inner: Box) -> bool:
    return outer.holds(inner.x0, inner.y0) and outer.holds(inner.x1, inner.y1)
