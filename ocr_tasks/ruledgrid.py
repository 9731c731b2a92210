"""Grids of cells from ruling lines, wherever the lines come from: drawn on a digital page, or seen in a scan.

The lines are gathered and put straight, their crossings found, and from every crossing the smallest rectangle whose
four sides are drawn is a cell; cells that touch are a grid. All lengths are points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ocr_tasks.boxes import Box, union
from ocr_tasks.linkedgroups import linked_groups

_SNAP_PT = 2.5
_JOIN_PT = 3.0
_SHORTEST_PT = 4.0
_OVERHANG_PT = 12.0
_MOST_LINES = 1500
"""More lines than any table has: a drawing or a chart, where looking for cells would take minutes."""
_MOST_CELLS = 20_000
"""More cells than any page of a table has: graph paper, hatching."""
_FRAME_SHARE = 0.35


class Place(NamedTuple):
    """A place of a grid, or the places that a cell covers; ``row`` and ``column`` count from 0."""

    row: int
    column: int
    row_span: int
    column_span: int


class GridCell(NamedTuple):
    """One cell of a grid; ``row`` and ``column`` count from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    box: Box


@dataclass(frozen=True)
class Grid:
    """Cells that touch. Places of the grid may belong to no cell where lines are missing."""

    cells: tuple[GridCell, ...]
    row_count: int
    column_count: int

    @property
    def box(self) -> Box:
        """The bounds of the cells."""
        return union(cell.box for cell in self.cells)

    def places(self) -> Iterator[Place]:
        """The places row by row, each once: those of the cells, and empty ones where lines are missing."""
        cells = {(cell.row, cell.column): cell for cell in self.cells}
        taken: set[tuple[int, int]] = set()
        for row in range(self.row_count):
            for column in range(self.column_count):
                if (row, column) in taken:
                    continue
                cell = cells.get((row, column))
                row_span, column_span = (cell.row_span, cell.column_span) if cell else (1, 1)
                covered = {(r, c) for r in range(row, row + row_span) for c in range(column, column + column_span)}
                if covered & taken:  # overlapping cells of a damaged grid
                    row_span = column_span = 1
                    covered = {(row, column)}
                taken |= covered
                yield Place(row, column, row_span, column_span)

    def is_frame(self, all_boxes: Iterable[Box], page_box: Box) -> bool:
        """Whether these are the lines around a page or a drawing sheet: a huge cell, or one with a table inside."""
        boxes = list(all_boxes)
        for cell in self.cells:
            if cell.box.area > _FRAME_SHARE * page_box.area:
                return True
            if any(other.area < 0.95 * cell.box.area and cell.box.holds(*other.center) for other in boxes):
                return True
        return False


class Rule(NamedTuple):
    """A straight line: across at height ``at`` from left to right, or down at ``at`` from top to bottom."""

    at: float
    start: float
    end: float


def grids_of(
    across: Iterable[Rule], down: Iterable[Rule], *, reach_pt: float = _JOIN_PT, snap_pt: float = _SNAP_PT
) -> list[Grid]:
    """The grids that lines across and lines down make, top to bottom.

    Args:
        across: Lines across.
        down: Lines down.
        reach_pt: How near lines end to each other that meet.
        snap_pt: How near to each other lines are one, double or drawn cell by cell.
    """
    rows, columns = _straightened(across, snap_pt), _straightened(down, snap_pt)
    if not rows or not columns or len(rows) > _MOST_LINES or len(columns) > _MOST_LINES:
        return []
    rows, columns = _closed(rows, columns, reach_pt)
    columns, rows = _closed(columns, rows, reach_pt)
    cells = list(islice(_cells(rows, columns, reach_pt), _MOST_CELLS + 1))
    if len(cells) > _MOST_CELLS:
        return []
    return sorted((_grid(group) for group in _touching(cells)), key=lambda grid: (grid.box.y0, grid.box.x0))


def _straightened(rules: Iterable[Rule], snap_pt: float = _SNAP_PT) -> list[Rule]:
    """Lines that are nearly one become one: double lines, lines drawn cell by cell."""
    by_position: list[list[Rule]] = []
    for rule in sorted(rules):
        group = by_position[-1] if by_position else []
        if group and rule.at - group[-1].at <= snap_pt and rule.at - group[0].at <= 2 * snap_pt:
            by_position[-1].append(rule)
        else:
            by_position.append([rule])
    straight: list[Rule] = []
    for group in by_position:
        at = sum(rule.at for rule in group) / len(group)
        straight.extend(rule for rule in _joined(at, group) if rule.end - rule.start >= _SHORTEST_PT)
    return straight


def _joined(at: float, group: list[Rule]) -> Iterator[Rule]:
    start, end = None, 0.0
    for rule in sorted(group, key=lambda rule: rule.start):
        if start is None:
            start, end = rule.start, rule.end
        elif rule.start - end <= _JOIN_PT:
            end = max(end, rule.end)
        else:
            yield Rule(at, start, end)
            start, end = rule.start, rule.end
    if start is not None:
        yield Rule(at, start, end)


def _meet(rule: Rule, crossing: Rule, reach_pt: float) -> bool:
    return (
        rule.start - reach_pt <= crossing.at <= rule.end + reach_pt
        and crossing.start - reach_pt <= rule.at <= crossing.end + reach_pt
    )


def _closed(rules: list[Rule], crossing: list[Rule], reach_pt: float) -> tuple[list[Rule], list[Rule]]:
    """Add the outer lines that a grid lacks: where three lines and more end together beyond the last that crosses them.

    Returns:
        ``rules`` as they are, and ``crossing`` with the missing ones added.
    """
    added: list[Rule] = []
    for is_end in (False, True):
        ends: dict[int, list[Rule]] = defaultdict(list)
        for rule in rules:
            met = [other.at for other in crossing if _meet(rule, other, reach_pt)]
            if len(met) < 2:
                continue
            overhang = rule.end - max(met) if is_end else min(met) - rule.start
            if overhang > _OVERHANG_PT:
                ends[round((rule.end if is_end else rule.start) / _SNAP_PT)].append(rule)
        for group in ends.values():
            if len(group) >= 3:
                at = sum(rule.end if is_end else rule.start for rule in group) / len(group)
                added.append(Rule(at, min(rule.at for rule in group), max(rule.at for rule in group)))
    return rules, _straightened([*crossing, *added]) if added else crossing


def _cells(rows: list[Rule], columns: list[Rule], reach_pt: float) -> Iterator[tuple[float, float, float, float]]:
    """The smallest drawn rectangle to the lower right of every crossing."""
    rights: dict[int, list[int]] = defaultdict(list)  # line across -> lines down that it meets, left to right
    belows: dict[int, list[int]] = defaultdict(list)
    for column in sorted(range(len(columns)), key=lambda i: columns[i].at):
        for row in sorted(range(len(rows)), key=lambda i: rows[i].at):
            if _meet(rows[row], columns[column], reach_pt):
                rights[row].append(column)
                belows[column].append(row)
    for row, met in rights.items():
        for position, column in enumerate(met):
            lower = belows[column][belows[column].index(row) + 1 :]
            found = next(
                (
                    (columns[column].at, rows[row].at, columns[right].at, rows[below].at)
                    for below in lower
                    for right in met[position + 1 :]
                    if right in rights[below]
                ),
                None,
            )
            if found is not None and found[2] > found[0] and found[3] > found[1]:
                yield found


def _touching(cells: list[tuple[float, float, float, float]]) -> list[list[tuple[float, float, float, float]]]:
    """Cells that share a corner, in groups."""
    return [[cells[number] for number in group] for group in linked_groups(len(cells), _shared_corners(cells))]


def _shared_corners(cells: list[tuple[float, float, float, float]]) -> Iterator[tuple[int, int]]:
    first_at: dict[tuple[float, float], int] = {}
    for number, (x0, y0, x1, y1) in enumerate(cells):
        for corner in ((x0, y0), (x1, y0), (x0, y1), (x1, y1)):
            yield number, first_at.setdefault(corner, number)


def _grid(cells: list[tuple[float, float, float, float]]) -> Grid:
    xs = sorted({x for cell in cells for x in (cell[0], cell[2])})
    ys = sorted({y for cell in cells for y in (cell[1], cell[3])})
    column_of, row_of = {x: i for i, x in enumerate(xs)}, {y: i for i, y in enumerate(ys)}
    placed = [
        GridCell(row_of[y0], column_of[x0], row_of[y1] - row_of[y0], column_of[x1] - column_of[x0], Box(x0, y0, x1, y1))
        for x0, y0, x1, y1 in cells
    ]
    return Grid(tuple(sorted(placed)), len(ys) - 1, len(xs) - 1)
