"""Small skew of a page: how far its lines are from level, and the way back from the levelled image.

The ink of the page is summed up along lines of each angle that is tried. Where the angle is that of the print, lines
and the gaps between them alternate sharply. All is done on an image of 75 dpi, squeezed to columns that are wide
enough to shear it in place of turning it: some 20 ms a page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from PIL import Image, ImageChops

from ocr_tasks.contract import BBox
from ocr_tasks.ink import ink_of

_COLUMN_PX = 8
"""At 10 degrees print rises by 1.4 pixels within such a column."""
_MOST_DEG = 12.0
_STEPS_DEG = (1.0, 0.5, 0.1)
_LEAST_DEG = 0.3
"""What is less costs no letters."""
_CLEARLY = 1.15
"""How much sharper lines must be than as they are. Pages without lines, such as photos, have no sharp angle."""
_FEWEST_PX = 60


@dataclass(frozen=True)
class LevelImage:
    """An image turned by a small angle, on a canvas that holds all of it.

    Attributes:
        image: The turned image.
        angle_deg: How far it was turned, clockwise; 0 where it is as it was.
        width_px: Width before.
        height_px: Height before.
    """

    image: Image.Image
    angle_deg: float
    width_px: int
    height_px: int

    def back(self, box: BBox) -> BBox:
        """The box on the image as it was, around the corners of a box on the turned one, within the image."""
        if not self.angle_deg:
            return box
        angle = math.radians(self.angle_deg)
        cos, sin = math.cos(angle), math.sin(angle)
        points = []
        for x in (box[0] - self.image.width / 2, box[2] - self.image.width / 2):
            for y in (box[1] - self.image.height / 2, box[3] - self.image.height / 2):
                points.append((x * cos + y * sin + self.width_px / 2, y * cos - x * sin + self.height_px / 2))
        across, down = zip(*points, strict=True)
        return (
            max(min(across), 0.0),
            max(min(down), 0.0),
            min(max(across), float(self.width_px)),
            min(max(down), float(self.height_px)),
        )


def level_image(image: Image.Image, angle_deg: float) -> LevelImage:
    """Turn a grey image clockwise by a small angle; what was outside becomes paper."""
    width, height = image.size
    if angle_deg:
        image = image.rotate(-angle_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper(image))
    return LevelImage(image=image, angle_deg=angle_deg, width_px=width, height_px=height)


def find_skew_deg(image: Image.Image, dpi: float) -> float:
    """How far a page must be turned clockwise for its lines to be level; 0 where that is little, or not clear.

    Args:
        image: The page, grey.
        dpi: Its resolution.
    """
    ink = ink_of(image, dpi)
    if min(ink.size) < _FEWEST_PX:
        return 0.0
    columns = ink.resize((max(1, ink.width // _COLUMN_PX), ink.height), Image.Resampling.BOX)
    best, reach = 0.0, _MOST_DEG
    for step in _STEPS_DEG:
        count = round(reach / step)
        best = max((best + number * step for number in range(-count, count + 1)), key=partial(_sharpness, columns))
        reach = step
    if not _LEAST_DEG <= abs(best) <= _MOST_DEG:
        return 0.0
    return round(best, 2) if _sharpness(columns, best) > _CLEARLY * _sharpness(columns, 0.0) else 0.0


def _sharpness(columns: Image.Image, deg: float) -> float:
    """How much the ink along lines changes from row to row, if the page were turned clockwise by so much."""
    rise = -math.tan(math.radians(deg)) * _COLUMN_PX
    sheared = columns.transform(
        columns.size,
        Image.Transform.AFFINE,
        (1, 0, 0, rise, 1, -rise * columns.width / 2),
        Image.Resampling.NEAREST,  # as good as a finer one: the columns differ in what it rounds
    )
    rows = sheared.resize((1, columns.height), Image.Resampling.BOX)
    steps = ImageChops.difference(rows.crop((0, 1, 1, rows.height)), rows.crop((0, 0, 1, rows.height - 1)))
    return float(sum(count * level * level for level, count in enumerate(steps.histogram())))


def _paper(image: Image.Image) -> int:
    """The most common level of grey."""
    histogram = image.reduce(min(8, *image.size)).histogram()
    return histogram.index(max(histogram))
