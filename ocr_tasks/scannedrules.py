"""The ruling lines of a scanned page: long straight runs of ink, put together to lines, put straight.

A run is a stretch of ink in one row (or column) of pixels that is longer than print has any. Runs that touch are one
line, however it steps from row to row because the page is not quite level; what is thick for its length is a bar, a
shaded cell or a picture. The slant that is left after levelling is that of the lines themselves. All is done in some
150 dpi with Pillow and a search in bytes: 40 ms a page. OpenCV does the same by morphological opening; it was rejected
because it would more than double the image (160 MB, and 63 MB of NumPy).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice, takewhile
from typing import NamedTuple

from PIL import Image, ImageDraw

from ocr_tasks.boxes import Box
from ocr_tasks.ink import INK_LEVELS, darker_than_paper
from ocr_tasks.linkedgroups import linked_groups
from ocr_tasks.ruledgrid import Rule

LOOK_DPI = 150
"""In which lines are looked for, and the ink of cells."""
_SHORTEST_RUN_PT = 12.0
"""Higher than the stems of 16-point letters, and lower than a table of one row."""
_THICKEST_PT = 3.0
_STEP_PX = 3
"""How far runs in rows beside each other may be apart and be one line."""
_MOST_RUNS = 200_000
"""More than any page of tables has: a photo, or a page of black."""
_LONG_PT = 100.0
"""From here on a line tells how slanted the page is."""
_MOST_SLANT = math.tan(math.radians(2.0))
_MOST_JITTER_PX = 1.5
_MOST_BEND = 0.01
"""How crooked a line may be: by so many pixels of the look, and by such a part of its length (bent paper)."""
_EDGE_PT = 4.0
"""How far from the edge of a cell its lines are, where they are double."""
_MARGIN_PX = 1
"""What is left of a line around its runs, in pixels of the look."""


class Run(NamedTuple):
    """Pixels of ink in a row, or in a column: ``line`` is its number, ``end`` is behind the last pixel."""

    line: int
    start: int
    end: int


@dataclass(frozen=True)
class ScannedRules:
    """The lines of a page, in points, as they were if the page were quite straight.

    Attributes:
        across: Lines across.
        down: Lines down.
        points_a_pixel: Points in a pixel of the image.
        slant: How far lines across go down to the right, and lines down to the left: a part of their length.
    """

    across: tuple[Rule, ...]
    down: tuple[Rule, ...]
    points_a_pixel: float
    slant: float
    _runs_across: tuple[Run, ...]
    _runs_down: tuple[Run, ...]
    _look_px: int

    def straight(self, x_px: float, y_px: float) -> tuple[float, float]:
        """A point of the image where it were if the page were quite straight, in points."""
        return (x_px + self.slant * y_px) * self.points_a_pixel, (y_px - self.slant * x_px) * self.points_a_pixel

    def on_image(self, box: Box) -> tuple[int, int, int, int]:
        """The pixels of the image within a box of the straight page."""
        x, y = box.center
        across_px, down_px = -self.slant * y / self.points_a_pixel, self.slant * x / self.points_a_pixel
        return (
            round(box.x0 / self.points_a_pixel + across_px),
            round(box.y0 / self.points_a_pixel + down_px),
            round(box.x1 / self.points_a_pixel + across_px),
            round(box.y1 / self.points_a_pixel + down_px),
        )

    def erased(self, image: Image.Image, cells: Iterable[Box]) -> Image.Image:
        """A copy of the image without the lines around some cells of the straight page.

        What runs through the middle of a cell stays: in coarse images letters run together, and are no lines.
        """
        image = image.copy()
        draw = ImageDraw.Draw(image)
        boxes = list(cells)
        across = _Edges((y, box.x0, box.x1) for box in boxes for y in (box.y0, box.y1))
        down = _Edges((x, box.y0, box.y1) for box in boxes for x in (box.x0, box.x1))
        for run in self._runs_across:
            x, y = self._straight_middle(_centre(run), run.line + 0.5)
            if across.has(y, x):
                self._erase(draw, (run.start, run.line, run.end, run.line + 1))
        for run in self._runs_down:
            x, y = self._straight_middle(run.line + 0.5, _centre(run))
            if down.has(x, y):
                self._erase(draw, (run.line, run.start, run.line + 1, run.end))
        return image

    def _straight_middle(self, x: float, y: float) -> tuple[float, float]:
        return self.straight(x * self._look_px, y * self._look_px)

    def _erase(self, draw: ImageDraw.ImageDraw, pixels: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = pixels
        draw.rectangle(
            (
                (left - _MARGIN_PX) * self._look_px,
                (top - _MARGIN_PX) * self._look_px,
                (right + _MARGIN_PX) * self._look_px - 1,
                (bottom + _MARGIN_PX) * self._look_px - 1,
            ),
            fill=255,
        )


class _Edges:
    """Edges of cells that run one way, in points: each at a height, from a start to an end."""

    def __init__(self, edges: Iterable[tuple[float, float, float]]) -> None:
        self._edges = sorted(set(edges))

    def has(self, at: float, along: float) -> bool:
        """Whether a point is on one of them, or as near as a double line is."""
        first = bisect_left(self._edges, (at - _EDGE_PT,))
        near = takewhile(lambda edge: edge[0] <= at + _EDGE_PT, islice(self._edges, first, None))
        return any(start - _EDGE_PT <= along <= end + _EDGE_PT for _, start, end in near)


def find_rules(image: Image.Image, dpi: float) -> ScannedRules | None:
    """The lines of a page; None where it has none, or so many that it is a picture.

    Args:
        image: The page, grey, its print level within a degree or two.
        dpi: Its resolution.
    """
    look_px = min(max(1, round(dpi / LOOK_DPI)), *image.size)
    ink = darker_than_paper(image.reduce(look_px), INK_LEVELS)
    points_a_pixel = 72 / dpi * look_px
    across = _drawn_lines(ink, points_a_pixel)
    down = _drawn_lines(ink.transpose(Image.Transpose.TRANSPOSE), points_a_pixel)
    turned = [(-slant, length) for slant, length in _slants(down, points_a_pixel)]
    slant = _weighted_median([*_slants(across, points_a_pixel), *turned])
    across = [line for line in across if _is_straight(line, slant)]
    down = [line for line in down if _is_straight(line, -slant)]
    if not across or not down:
        return None
    return ScannedRules(
        across=tuple(_rule(line, slant, points_a_pixel) for line in across),
        down=tuple(_rule(line, -slant, points_a_pixel) for line in down),
        points_a_pixel=72 / dpi,
        slant=slant,
        _runs_across=tuple(run for line in across for run in line),
        _runs_down=tuple(run for line in down for run in line),
        _look_px=look_px,
    )


def _drawn_lines(ink: Image.Image, points_a_pixel: float) -> list[list[Run]]:
    """The runs of each line across, none in a picture; lines down are found in the transposed image."""
    found = list(islice(_runs(ink, round(_SHORTEST_RUN_PT / points_a_pixel)), _MOST_RUNS + 1))
    if len(found) > _MOST_RUNS:
        return []
    lines = []
    for group in linked_groups(len(found), _touching(found)):
        runs = [found[number] for number in group]
        length = max(run.end for run in runs) - min(run.start for run in runs)
        thickness = sum(map(_length, runs)) / length
        if thickness * points_a_pixel <= _THICKEST_PT:
            lines.append(runs)
    return lines


def _runs(ink: Image.Image, shortest: int) -> Iterator[Run]:
    width = ink.width + 1  # a column of paper, so that no run goes on in the next row
    padded = Image.new("L", (width, ink.height))
    padded.paste(ink)
    for match in re.finditer(b"\xff{%d,}" % shortest, padded.tobytes()):
        line, start = divmod(match.start(), width)
        yield Run(line, start, start + match.end() - match.start())


def _touching(runs: list[Run]) -> Iterator[tuple[int, int]]:
    """The numbers of runs that overlap, or nearly, from row to row; ``runs`` are in order."""
    above = range(0)
    for line, numbers in groupby(range(len(runs)), key=lambda number: runs[number].line):
        row = list(numbers)
        if above and runs[above.start].line == line - 1:
            yield from _touching_rows(runs, above, row)
        above = range(row[0], row[-1] + 1)


def _touching_rows(runs: list[Run], above: range, row: list[int]) -> Iterator[tuple[int, int]]:
    near = above.start
    for number in row:
        start, end = runs[number].start - _STEP_PX, runs[number].end + _STEP_PX
        while near < above.stop and runs[near].end < start:
            near += 1
        other = near
        while other < above.stop and runs[other].start <= end:
            yield number, other
            other += 1


def _slants(lines: list[list[Run]], points_a_pixel: float) -> Iterator[tuple[float, int]]:
    """How far each long line falls over its length, with that length: the slope of the straight line through it."""
    for runs in lines:
        length = max(run.end for run in runs) - min(run.start for run in runs)
        if length * points_a_pixel < _LONG_PT:
            continue
        along, at = _middle(runs)
        spread = sum((_centre(run) - along) ** 2 * _length(run) for run in runs)
        product = sum((_centre(run) - along) * (run.line - at) * _length(run) for run in runs)
        if spread and abs(product) <= _MOST_SLANT * spread:
            yield product / spread, length


def _is_straight(runs: list[Run], slant: float) -> bool:
    """Whether a line is straight for its length: strokes of a signature are not."""
    levels = [run.line - slant * _centre(run) for run in runs]
    length = max(run.end for run in runs) - min(run.start for run in runs)
    thickness = sum(map(_length, runs)) / length
    return max(levels) - min(levels) <= thickness + _MOST_JITTER_PX + _MOST_BEND * length


def _weighted_median(values: list[tuple[float, int]]) -> float:
    left = sum(weight for _, weight in values) / 2
    for value, weight in sorted(values):
        left -= weight
        if left <= 0:
            return value
    return 0.0


def _rule(runs: list[Run], slant: float, points_a_pixel: float) -> Rule:
    along, at = _middle(runs)
    start, end = min(run.start for run in runs), max(run.end for run in runs)
    shift = slant * (at + 0.5)
    return Rule(
        (at + 0.5 - slant * along) * points_a_pixel, (start + shift) * points_a_pixel, (end + shift) * points_a_pixel
    )


def _middle(runs: list[Run]) -> tuple[float, float]:
    """The centre of the pixels of a line: along it, and across."""
    pixels = sum(map(_length, runs))
    along = sum(_centre(run) * _length(run) for run in runs) / pixels
    return along, sum(run.line * _length(run) for run in runs) / pixels


def _centre(run: Run) -> float:
    return (run.start + run.end) / 2


def _length(run: Run) -> int:
    return run.end - run.start
