"""Tables with ruling lines on a digital page, as a grid of cells with spans and as clean HTML.

PyMuPDF finds the cells; their text is put together here from the words of the page, because PyMuPDF's own cell text
drops spaces. Frames around a page or a paragraph are not tables and are left to the flow of text.
"""

from __future__ import annotations

import html
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from tenderlake.mupdf import Page
from tenderlake.pagecontent import TEXT_FLAGS, Box, PageContent, TextLine, union
from tenderlake.wording import HyphenHabits, clean, join_lines

_SAME_EDGE_PT = 3.0
_FRAME_SHARE = 0.35


class TableCell(NamedTuple):
    """One cell; ``row`` and ``column`` count from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str


@dataclass(frozen=True)
class RuledTable:
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
    page: Page, content: PageContent, habits: HyphenHabits
) -> tuple[list[RuledTable], list[TextLine], list[TextLine]]:
    """Find the tables of a page; ``habits`` say how words parted at line ends are joined.

    Returns:
        The tables, and the lines and sideways lines of the page that stand outside all of them.
    """
    grids = _find_grids(page, content) if content.rules else []
    if not grids:
        return [], list(content.lines), list(content.sideways)
    words = [
        _Word(content.turn.apply(word[:4]), word[4], (word[5], word[6]))
        for word in page.get_text("words", flags=TEXT_FLAGS)
    ]
    tables: list[RuledTable] = []
    for cells in grids:
        table = _fill(cells, words, habits)
        if table is not None:
            tables.append(table)
    boxes = [table.box for table in tables]
    return tables, _lines_outside(content.lines, boxes, words), _lines_outside(content.sideways, boxes, words)


def _find_grids(page: Page, content: PageContent) -> list[list[Box]]:
    """The cells of every table, upright. PyMuPDF is asked about the unrotated page, where its boxes are exact."""
    assert content.rules is not None  # noqa: S101  # for the type checker; the caller asks
    rotation = page.rotation
    if rotation:
        page.set_rotation(0)
    try:
        found = page.find_tables(clip=tuple(content.turn.unapply(content.rules)), use_layout=False)
        grids = [[content.turn.apply(cell) for cell in table.cells] for table in (found.tables if found else ())]
    finally:
        if rotation:
            page.set_rotation(rotation)
    boxes = [union(cells) for cells in grids]
    return [cells for cells in grids if not _is_frame(cells, boxes, content.page_box)]


def _is_frame(cells: list[Box], tables: list[Box], page_box: Box) -> bool:
    """Whether these are the lines around a page or a drawing sheet: a huge cell, or one with another table inside."""
    for cell in cells:
        if cell.area > _FRAME_SHARE * page_box.area:
            return True
        if any(other.area < 0.95 * cell.area and cell.holds(*other.center) for other in tables):
            return True
    return False


def _edges(values: list[float]) -> list[float]:
    """Distinct grid lines: positions closer than a double rule are one."""
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > _SAME_EDGE_PT:
            edges.append(value)
    return edges


def _index(edges: list[float], value: float) -> int:
    return min(range(len(edges)), key=lambda i: abs(edges[i] - value))


def _fill(boxes: list[Box], words: list[_Word], habits: HyphenHabits) -> RuledTable | None:
    """Put the words into the cells; None where that makes no table."""
    xs, ys = (
        _edges([x for box in boxes for x in (box.x0, box.x1)]),
        _edges([y for box in boxes for y in (box.y0, box.y1)]),
    )
    places: dict[tuple[int, int], tuple[int, int, Box]] = {}
    for box in boxes:
        column, row = _index(xs, box.x0), _index(ys, box.y0)
        column_span, row_span = _index(xs, box.x1) - column, _index(ys, box.y1) - row
        if column_span > 0 and row_span > 0:
            places.setdefault((row, column), (row_span, column_span, box))
    if len(xs) < 3 or len(places) < 2:
        return None
    table_box = union(box for _, _, box in places.values())
    texts = _cell_texts({place: box for place, (_, _, box) in places.items()}, table_box, words, habits)
    filled = [place for place, text in texts.items() if text]
    if len(filled) < 2 or len({column for _, column in filled}) < 2:
        return None
    cells = _without_holes(places, texts, len(ys) - 1, len(xs) - 1)
    return RuledTable(box=table_box, cells=cells, row_count=len(ys) - 1)


def _without_holes(
    places: dict[tuple[int, int], tuple[int, int, Box]], texts: dict[tuple[int, int], str], rows: int, columns: int
) -> tuple[TableCell, ...]:
    """The cells with empty ones added where lines are missing, so that every place of the grid belongs to one cell."""
    taken: set[tuple[int, int]] = set()
    cells: list[TableCell] = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            row_span, column_span, _ = places.get((row, column), (1, 1, None))
            covered = {(r, c) for r in range(row, row + row_span) for c in range(column, column + column_span)}
            if covered & taken:  # overlapping cells of a damaged grid: keep the first, never lose the text
                row_span = column_span = 1
                covered = {(row, column)}
            taken |= covered
            cells.append(TableCell(row, column, row_span, column_span, texts.get((row, column), "")))
    return tuple(cells)


def _cell_texts(
    cells: dict[tuple[int, int], Box], table_box: Box, words: list[_Word], habits: HyphenHabits
) -> dict[tuple[int, int], str]:
    """The text of each cell. A word in the table but in no cell goes to the nearest: no word is lost."""
    contents: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for word in words:
        x, y = word.box.center
        if not table_box.holds(x, y):
            continue
        place = next((place for place, box in cells.items() if box.holds(x, y)), None)
        contents[place or min(cells, key=lambda candidate: _distance(cells[candidate], x, y))].append(word)
    return {place: _lines_text(found, habits) for place, found in contents.items()}


def _distance(box: Box, x: float, y: float) -> float:
    dx, dy = max(box.x0 - x, 0.0, x - box.x1), max(box.y0 - y, 0.0, y - box.y1)
    return dx * dx + dy * dy


def _lines_text(words: list[_Word], habits: HyphenHabits) -> str:
    by_line: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for word in words:
        by_line[word.line].append(word)
    lines = sorted(by_line.values(), key=_line_order)
    texts = [clean(" ".join(word.text for word in line)) for line in lines]
    return join_lines(texts, habits)


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
