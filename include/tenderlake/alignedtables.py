"""Tables without ruling lines, told by their alignment: price lists, estimates, lists of works.

Care goes into precision, because columns of running text, forms and contents look alike. A table has three columns and
more with white gutters through all of its rows, three rows and more that fill at least three of them, and a column of
numbers behind the first; half of its places are filled. Columns in which sentences go on from row to row, leaders of
dots and the scattered figures of a chart are no table. What follows from that: a table of words alone stays text, read
row by row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ocr_tasks.boxes import Box, union
from tenderlake.pagelines import TextLine
from tenderlake.readingorder import base_lines
from tenderlake.ruledtables import PageTable, TableCell
from tenderlake.wording import LEADERS, HyphenHabits, clean, join_cell_lines

_MIN_COLUMNS = 3
_MIN_FULL_ROWS = 3
_MIN_GUTTER_PT = 6.0
_MOST_HEADER_ROWS = 3
_MOST_STEP = 2.6
_TIGHT_STEP = 1.45
_NUMBER_SHARE = 0.6
_RUNNING_SHARE = 0.34
_LEADER_SHARE = 0.3
_FILLED_SHARE = 0.5
_MOST_COLUMNS = 30
_NUMBER = re.compile(r"[-–—+]?[\d\s.,/:%×x*–-]*\d[\d\s.,/:%×x*–-]*(?:%|₽|\$|€|руб\.?|р\.|шт\.?|г\.?)?|[-–—]")


@dataclass(frozen=True)
class _Row:
    """What stands on one base line, parted where there is a gap; ``spans`` crosses gutters, as a name of a section."""

    box: Box
    cells: tuple[TextLine, ...]
    spans: bool = False


def take_aligned_tables(lines: list[TextLine], habits: HyphenHabits) -> tuple[list[PageTable], list[TextLine]]:
    """Find tables by alignment; ``habits`` say how words parted at line ends are joined.

    Returns:
        The tables, and the lines that stand outside all of them.
    """
    if not _are_any_beside(lines):
        return [], lines
    rows = [_parted(group) for group in base_lines(lines)]
    if sum(len(row.cells) >= _MIN_COLUMNS for row in rows) < _MIN_FULL_ROWS:
        return [], lines
    tables: list[PageTable] = []
    taken: set[TextLine] = set()
    start = 0
    while start < len(rows):
        run = _run(rows[start:]) if len(rows[start].cells) >= _MIN_COLUMNS else []
        table = _table(run, habits) if run else None
        if table is not None:
            tables.append(table)
            taken.update(line for line in lines if table.box.grown(0.5).holds(*line.box.center))
        start += len(run) if table is not None else 1
    return tables, [line for line in lines if line not in taken]


def _are_any_beside(lines: list[TextLine]) -> bool:
    """Whether enough lines can stand beside others at all: a quick look that spares most pages the long one."""
    fewest = _MIN_FULL_ROWS * (_MIN_COLUMNS - 1)
    if sum(bool(_NUMBER.fullmatch(line.text.strip())) for line in lines) < _MIN_FULL_ROWS - 1:
        return False
    ordered = sorted([(round((line.box.y0 + line.box.y1) / 8), line.box.x0, line.box.x1) for line in lines])
    gaps = 0
    for (height, _, end), (next_height, start, _) in pairwise(ordered):
        # On one base line, or on two that a rounded height does not tell apart.
        gaps += next_height - height <= 1 and start - end >= _MIN_GUTTER_PT
    return gaps >= fewest


def _parted(group: list[TextLine]) -> _Row:
    """Lines on one base line, those without a gap between them as one cell."""
    cells: list[TextLine] = []
    for line in sorted(group, key=lambda line: line.box.x0):
        if cells and line.box.x0 - cells[-1].box.x1 < max(_MIN_GUTTER_PT, 0.7 * line.size):
            cells[-1] = cells[-1]._replace(
                box=union((cells[-1].box, line.box)),
                text=f"{cells[-1].text} {line.text}",
                is_bold=cells[-1].is_bold and line.is_bold,
            )
        else:
            cells.append(line)
    return _Row(union(cell.box for cell in cells), tuple(cells))


def _run(rows: list[_Row]) -> list[_Row]:
    """The rows from the first one on that share gutters."""
    run = [rows[0]]
    columns = [(cell.box.x0, cell.box.x1) for cell in rows[0].cells]
    for number, row in enumerate(rows[1:], start=1):
        size = max(1.0, min(run[-1].cells[0].size, row.cells[0].size))
        if row.box.y0 - run[-1].box.y0 > _MOST_STEP * size and len(row.cells) < _MIN_COLUMNS:
            break
        if row.box.y0 - run[-1].box.y1 > _MOST_STEP * size:
            break
        widened = _columns([*columns, *_spans([row])])
        if len(widened) != len(row.cells) and _is_below_header(row, run):
            widened = _columns(_spans([row]))
        if len(widened) >= max(_MIN_COLUMNS, len(columns) - 1 if len(run) < _MIN_FULL_ROWS else len(columns)):
            columns = widened
            run.append(row)
        elif len(row.cells) == 1 and _goes_on(rows[number + 1 : number + 2], columns):
            run.append(_Row(row.box, row.cells, spans=True))
        else:
            break
    while run and (len(run[-1].cells) < 2 and not _is_second_line(run)):
        run.pop()
    return run


def _is_below_header(row: _Row, run: list[_Row]) -> bool:
    """Whether the rows so far may be a header whose names stand otherwise in the columns than what is below them."""
    return len(run) <= _MOST_HEADER_ROWS and len(row.cells) >= max(_MIN_COLUMNS, *(len(one.cells) for one in run))


def _spans(rows: Iterable[_Row]) -> list[tuple[float, float]]:
    return [(cell.box.x0, cell.box.x1) for row in rows for cell in row.cells]


def _goes_on(following: list[_Row], columns: list[tuple[float, float]]) -> bool:
    """Whether the next row is one of the table again."""
    if not following or len(following[0].cells) < _MIN_COLUMNS:
        return False
    return len(_columns([*columns, *_spans(following)])) >= len(columns)


def _is_second_line(run: list[_Row]) -> bool:
    """Whether the last row is a further line of a cell that is not in the first column."""
    for last, before in pairwise(reversed(run)):
        is_tight = last.box.y0 - before.box.y0 <= _TIGHT_STEP * max(1.0, last.cells[0].size)
        if last.spans or not is_tight:
            return False
        if len(before.cells) > 1:
            return last.box.x0 > before.cells[0].box.x1
    return False


def _columns(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns that remain when all cells are seen from above: joined where there is no gutter between them."""
    columns: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if columns and start - columns[-1][1] < _MIN_GUTTER_PT:
            columns[-1] = (columns[-1][0], max(columns[-1][1], end))
        else:
            columns.append((start, end))
    return columns


def _table(run: list[_Row], habits: HyphenHabits) -> PageTable | None:
    """The rows as a table; None where they look like something else."""
    plain = [row for row in run if not row.spans]
    columns = _columns_of(plain)
    if not _MIN_COLUMNS <= len(columns) <= _MOST_COLUMNS:
        return None
    grid = [_by_column(row, columns) for row in run]
    if not _is_tabular(run, grid, len(columns)):
        return None
    groups = _logical_rows(run, grid)
    filled = [len({column for place in group for column in grid[place]}) for group in groups if not run[group[0]].spans]
    if sum(filled) < _FILLED_SHARE * len(filled) * len(columns):
        return None
    cells: list[TableCell] = []
    for number, group in enumerate(groups):
        if run[group[0]].spans:
            text = clean(run[group[0]].cells[0].text)
            cells.append(TableCell(number, 0, 1, len(columns), text))
        else:
            for column in range(len(columns)):
                texts = [clean(grid[place][column]) for place in group if grid[place].get(column)]
                cells.append(TableCell(number, column, 1, 1, join_cell_lines(texts, habits)))
    return PageTable(union(row.box for row in run), tuple(cells), len(groups))


def _columns_of(rows: list[_Row]) -> list[tuple[float, float]]:
    """The columns of all rows; where names in the header bridge or part those of the rows below, theirs alone."""
    columns = _columns(_spans(rows))
    counts = Counter(len(row.cells) for row in rows if len(row.cells) >= _MIN_COLUMNS)
    full = [row for row in rows[1:] if len(row.cells) == counts.most_common(1)[0][0]] if counts else []
    if len(full) < _MIN_FULL_ROWS or all(_fills(row, columns) for row in full):
        return columns
    below = _columns(_spans(full))
    return below if len(below) == len(full[0].cells) else columns


def _fills(row: _Row, columns: list[tuple[float, float]]) -> bool:
    """Whether each column has one cell of the row."""
    if len(row.cells) != len(columns):
        return False
    return all(
        start <= cell.box.x0 and cell.box.x1 <= end for cell, (start, end) in zip(row.cells, columns, strict=True)
    )


def _by_column(row: _Row, columns: list[tuple[float, float]]) -> dict[int, str]:
    """The texts of a row by column."""
    pairs = zip(row.cells, columns, strict=False)
    if len(row.cells) == len(columns) and all(_may_stand_in(cell, columns, column) for cell, column in pairs):
        return {number: cell.text for number, cell in enumerate(row.cells)}
    texts: dict[int, str] = {}
    for cell in row.cells:
        middle = (cell.box.x0 + cell.box.x1) / 2
        column = min(
            range(len(columns)), key=lambda number: max(columns[number][0] - middle, 0, middle - columns[number][1])
        )
        texts[column] = f"{texts[column]} {cell.text}" if column in texts else cell.text
    return texts


def _may_stand_in(cell: TextLine, columns: list[tuple[float, float]], column: tuple[float, float]) -> bool:
    """Whether a cell that is as many from the left as a column is its cell: no other holds it."""
    over = [one for one in columns if cell.box.x0 < one[1] and one[0] < cell.box.x1]
    return not over or column in over


def _is_tabular(run: list[_Row], grid: list[dict[int, str]], column_count: int) -> bool:
    full = [texts for row, texts in zip(run, grid, strict=True) if len(texts) >= _MIN_COLUMNS and not row.spans]
    if len(full) < _MIN_FULL_ROWS:
        return False
    if sum(any(LEADERS.search(text) for text in texts.values()) for texts in full) > _LEADER_SHARE * len(full):
        return False
    has_numbers = False
    for column in range(column_count):
        texts = [text.strip() for row in full if (text := row.get(column))]
        if len(texts) < 2:
            continue
        if column and sum(bool(_NUMBER.fullmatch(text)) for text in texts) >= _NUMBER_SHARE * len(texts):
            has_numbers = has_numbers or len(texts) >= _MIN_FULL_ROWS - 1
        running = [text for text in texts if len(text) >= 25]
        if sum(text[:1].islower() for text in running) > _RUNNING_SHARE * len(texts):
            return False
    return has_numbers


def _logical_rows(run: list[_Row], grid: list[dict[int, str]]) -> list[list[int]]:
    """Numbers of base lines by row of the table: further lines of a cell belong to the row that they stand near."""
    groups: list[list[int]] = []
    for number, (row, texts) in enumerate(zip(run, grid, strict=True)):
        previous = run[number - 1] if number else None
        is_more = (
            previous is not None
            and not row.spans
            and not previous.spans
            and 0 not in texts
            and len(texts) < len(grid[groups[-1][0]])
            and row.box.y0 - previous.box.y0 <= _TIGHT_STEP * max(1.0, row.cells[0].size)
        )
        if is_more:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups
