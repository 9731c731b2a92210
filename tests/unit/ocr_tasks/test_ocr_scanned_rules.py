"""Given the picture of a ruled table, its cells are found: merged ones, on paper not quite level, in bad print."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ocr_tasks.ruledgrid import Grid, Place, grids_of
from ocr_tasks.scannedrules import ScannedRules, find_rules

pytestmark = pytest.mark.unit

DPI = 150
MARGIN_PX = 60


class Drawing(NamedTuple):
    """A ruled table: the edges of its columns and rows in pixels, and the places that one merged cell covers."""

    xs: tuple[int, ...]
    ys: tuple[int, ...]
    merged: Place

    @property
    def places(self) -> set[Place]:
        """What cells it has."""
        rows, columns = range(len(self.ys) - 1), range(len(self.xs) - 1)
        return {self.merged} | {Place(r, c, 1, 1) for r in rows for c in columns if not self.covers(r, c)}

    def covers(self, row: int, column: int) -> bool:
        """Whether a place is one of the merged cell."""
        first_row, first_column, row_span, column_span = self.merged
        return first_row <= row < first_row + row_span and first_column <= column < first_column + column_span


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    edges = [
        tuple(MARGIN_PX + sum(sizes[:n]) for n in range(len(sizes) + 1))
        for sizes in (
            draw(st.lists(st.integers(40, 120), min_size=3, max_size=6)),
            draw(st.lists(st.integers(30, 80), min_size=3, max_size=8)),
        )
    ]
    xs, ys = edges
    # Within the table, not over its whole width or height: then it would have other rows or columns.
    row, column = draw(st.integers(0, len(ys) - 3)), draw(st.integers(0, len(xs) - 3))
    row_span = draw(st.integers(1, max(1, len(ys) - 2 - row)))
    column_span = draw(st.integers(1, max(1, len(xs) - 2 - column)))
    return Drawing(xs, ys, Place(row, column, row_span, column_span))


def picture(drawing: Drawing, *, width_px: int = 2, gap_px: int = 0) -> Image.Image:
    """The lines of the table on paper, with gaps in the middle of the upper and lower sides of wide cells."""
    image = Image.new("L", (drawing.xs[-1] + MARGIN_PX, drawing.ys[-1] + MARGIN_PX), 240)
    draw = ImageDraw.Draw(image)
    merged = drawing.merged
    for number, y in enumerate(drawing.ys):
        for column, (left, right) in enumerate(pairwise(drawing.xs)):
            if not (merged.row < number < merged.row + merged.row_span and drawing.covers(number, column)):
                draw.line((left, y, right, y), fill=40, width=width_px)
                if gap_px and right - left >= 80:
                    draw.rectangle(((left + right) // 2, y - 4, (left + right) // 2 + gap_px - 1, y + 4), fill=240)
    for number, x in enumerate(drawing.xs):
        for row, (top, bottom) in enumerate(pairwise(drawing.ys)):
            if not (merged.column < number < merged.column + merged.column_span and drawing.covers(row, number)):
                draw.line((x, top, x, bottom), fill=40, width=width_px)
    return image


def grids(image: Image.Image) -> tuple[ScannedRules, list[Grid]]:
    rules = find_rules(image, DPI)
    assert rules is not None
    return rules, grids_of(rules.across, rules.down, reach_pt=2.0, snap_pt=4.5)


def places(grid: Grid) -> set[Place]:
    return {Place(*cell[:4]) for cell in grid.cells}


@settings(max_examples=30)
@given(drawings(), st.floats(-0.35, 0.35), st.integers(1, 5), st.integers(0, 3))
def test_a_drawn_table_gives_back_its_cells(drawing: Drawing, skew_deg: float, width_px: int, gap_px: int) -> None:
    image = picture(drawing, width_px=width_px, gap_px=gap_px).rotate(skew_deg, Image.Resampling.BICUBIC, fillcolor=240)
    _, (grid,) = grids(image)
    assert places(grid) == drawing.places


@settings(max_examples=15)
@given(drawings(), st.floats(-0.35, 0.35))
def test_cells_are_where_they_are_on_the_image(drawing: Drawing, skew_deg: float) -> None:
    """Each cell is filled with a grey of its own; that is what is found in the middle of its box."""
    image = picture(drawing)
    greys = {}
    for number, place in enumerate(sorted(drawing.places)):
        greys[place] = 200 + number % 40
        box = (
            drawing.xs[place.column] + 4,
            drawing.ys[place.row] + 4,
            drawing.xs[place.column + place.column_span] - 4,
            drawing.ys[place.row + place.row_span] - 4,
        )
        image.paste(greys[place], box)
    turned = image.rotate(skew_deg, Image.Resampling.NEAREST, fillcolor=240)
    rules, (grid,) = grids(turned)
    for cell in grid.cells:
        left, top, right, bottom = rules.on_image(cell.box)
        assert turned.getpixel(((left + right) // 2, (top + bottom) // 2)) == greys[Place(*cell[:4])]


def test_noise_and_double_lines_are_one_grid() -> None:
    drawing = Drawing((60, 160, 300, 420), (60, 110, 160, 260), Place(0, 1, 1, 1))
    image = picture(drawing)
    doubled = ImageChops.darker(image, ImageChops.offset(image, 3, 3)).filter(ImageFilter.GaussianBlur(0.6))
    _, (grid,) = grids(ImageChops.add(doubled, Image.effect_noise(doubled.size, 16), 1, -128))
    assert places(grid) == drawing.places


def test_erased_lines_are_gone_and_the_print_stays() -> None:
    drawing = Drawing((60, 160, 300), (60, 110, 160), Place(0, 0, 1, 1))
    image = picture(drawing)
    ImageDraw.Draw(image).rectangle((200, 75, 210, 95), fill=0)
    rules, (grid,) = grids(image)
    clean = rules.erased(image, [cell.box for cell in grid.cells])
    assert clean.point(lambda grey: 255 if grey < 128 else 0).getbbox() == (200, 75, 211, 96)


def test_letters_that_run_together_are_not_erased_with_the_lines() -> None:
    """In a coarse image a word is a stretch of ink as long as a short line."""
    drawing = Drawing((60, 260, 500), (60, 130, 200), Place(0, 0, 1, 1))
    image = picture(drawing)
    ImageDraw.Draw(image).rectangle((100, 90, 160, 93), fill=0)
    rules, (grid,) = grids(image)
    clean = rules.erased(image, [cell.box for cell in grid.cells])
    assert clean.point(lambda grey: 255 if grey < 128 else 0).getbbox() == (100, 90, 161, 94)


def test_print_signatures_and_solid_areas_are_no_rules() -> None:
    image = Image.new("L", (900, 600), 240)
    draw = ImageDraw.Draw(image)
    draw.rectangle((50, 50, 400, 200), fill=30)  # a picture
    points = [(500 + 3 * x, 300 + (x % 20 - 10) * 8) for x in range(100)]
    draw.line(points, fill=40, width=3, joint="curve")
    for x in range(20):  # a line of letters
        draw.rectangle((100 + 14 * x, 400, 108 + 14 * x, 414), fill=20)
    assert find_rules(image, DPI) is None


@pytest.mark.parametrize("size", [(1, 1), (5, 900), (900, 5)])
def test_tiny_and_black_images_have_no_rules(size: tuple[int, int]) -> None:
    assert find_rules(Image.new("L", size, 0), DPI) is None
    assert find_rules(Image.new("L", size, 255), DPI) is None
