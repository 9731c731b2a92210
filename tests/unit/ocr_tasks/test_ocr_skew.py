"""Given a page that lies a little askew, the angle is found, and boxes find their way back."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.contract import BBox
from ocr_tasks.skew import find_skew_deg, level_image

pytestmark = pytest.mark.unit

DPI = 150
MARK = (300, 420, 380, 440)


def lines_of_words() -> Image.Image:
    """Lines of dark bars, as long as words, on grey paper."""
    page = Image.new("L", (1240, 1754), 235)
    draw = ImageDraw.Draw(page)
    for number, top in enumerate(range(150, 1500, 45)):
        left = 120
        while left < 1000:
            width = 40 + (left * 7 + number * 31) % 90
            draw.rectangle((left, top, left + width, top + 18), fill=40)
            left += width + 20
    return page


def skewed(page: Image.Image, clockwise_deg: float) -> Image.Image:
    return page.rotate(-clockwise_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=235)


@pytest.mark.parametrize("lies_deg", [-11.0, -5.0, -2.0, -0.5, 0.5, 1.0, 3.0, 7.5, 11.0])
def test_the_angle_of_print_is_found(lies_deg: float) -> None:
    assert find_skew_deg(skewed(lines_of_words(), lies_deg), DPI) == pytest.approx(-lies_deg, abs=0.25)


@pytest.mark.parametrize("lies_deg", [0.0, 0.1, -0.1])
def test_a_level_page_is_left_alone(lies_deg: float) -> None:
    assert find_skew_deg(skewed(lines_of_words(), lies_deg), DPI) == 0.0


@pytest.mark.parametrize(
    "page",
    [
        Image.new("L", (1240, 1754), 255),
        Image.new("L", (1240, 1754), 0),
        Image.new("L", (1, 1), 0),
        Image.new("L", (3000, 5), 0),
        lines_of_words().transpose(Image.Transpose.ROTATE_90),
    ],
    ids=["white", "black", "a dot", "a strip", "sideways"],
)
def test_what_has_no_lines_is_left_alone(page: Image.Image) -> None:
    assert find_skew_deg(page, DPI) == 0.0


def test_the_levelled_page_is_level_and_holds_all_of_it() -> None:
    page = skewed(lines_of_words(), 4.0)
    level = level_image(page, find_skew_deg(page, DPI))
    assert find_skew_deg(level.image, DPI) == 0.0
    assert level.image.width > page.width
    assert level.image.getpixel((0, 0)) == 235  # what was outside is paper


@pytest.mark.parametrize("angle_deg", [-9.0, -1.5, 0.0, 2.0, 6.0])
def test_a_box_finds_its_way_back(angle_deg: float) -> None:
    page = Image.new("L", (700, 900), 0)
    ImageDraw.Draw(page).rectangle(MARK, fill=255)
    level = level_image(page, angle_deg)
    found: BBox | None = level.image.point(lambda shade: 255 * (shade > 128)).getbbox()
    assert found is not None
    left, top, right, bottom = level.back(found)
    # The box around a turned box: it holds the mark, and lies around the same middle.
    assert (left <= MARK[0] + 2, top <= MARK[1] + 2, right >= MARK[2] - 2, bottom >= MARK[3] - 2) == (True,) * 4
    assert (left + right) / 2 == pytest.approx((MARK[0] + MARK[2]) / 2, abs=2)
    assert (top + bottom) / 2 == pytest.approx((MARK[1] + MARK[3]) / 2, abs=2)


def test_a_box_stays_on_the_page() -> None:
    level = level_image(Image.new("L", (700, 900), 255), 5.0)
    assert level.back((0, 0, level.image.width, level.image.height)) == (0, 0, 700, 900)
