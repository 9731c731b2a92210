"""Given a block cut out of a page, this is what the model is shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_tasks.engines.blocktexts import Crop
from ocr_tasks.engines.paddleocr_vl_crops import GRID_PX, MOST_PIXELS, Pixels, is_blank, other_size, prepared_crop

pytestmark = pytest.mark.unit

MIN_PIXELS, MAX_PIXELS = 112_896, 1_003_520


def white(height: int, width: int) -> Pixels:
    return np.full((height, width, 3), 255, np.uint8)


def printed(height: int, width: int, ink: int = 0) -> Pixels:
    pixels = white(height, width)
    pixels[height // 2, width // 2] = ink
    return pixels


def crop_of(pixels: Pixels, max_pixels: int = MAX_PIXELS) -> Crop | None:
    return prepared_crop(pixels, "OCR:", MIN_PIXELS, max_pixels)


@pytest.mark.parametrize("shade", [255, 128, 0])
def test_the_model_is_not_asked_about_nothing(shade: int) -> None:
    assert crop_of(np.full((40, 300, 3), shade, np.uint8)) is None


def test_noise_that_nobody_sees_is_nothing() -> None:
    noise = np.random.default_rng(0).integers(252, 256, (60, 200, 3)).astype(np.uint8)
    assert is_blank(noise)


@pytest.mark.parametrize("ink", [0, 128, 230, 245])
def test_one_faint_dot_is_not_nothing(ink: int) -> None:
    assert not is_blank(printed(400, 600, ink))


def test_colour_alone_is_not_nothing() -> None:
    pixels = white(50, 50)
    pixels[10:20, 10:20] = (255, 255, 200)
    assert not is_blank(pixels)


def test_a_crop_that_the_model_takes_stays_as_it_is() -> None:
    pixels = printed(120, 800)
    crop = crop_of(pixels)
    assert crop is not None
    assert np.array_equal(crop.pixels, pixels)
    assert (crop.prompt, crop.min_pixels, crop.max_pixels) == ("OCR:", MIN_PIXELS, MAX_PIXELS)


def test_a_grey_crop_gets_its_colours() -> None:
    crop = crop_of(printed(50, 60)[:, :, 0])
    assert crop is not None
    assert crop.pixels.shape == (50, 60, 3)


@given(
    height=st.integers(2, 3000),
    width=st.integers(1, 3000),
    max_pixels=st.sampled_from([3136, 112_896, MAX_PIXELS, MOST_PIXELS]),
)
@settings(max_examples=60)
def test_the_model_takes_every_crop(height: int, width: int, max_pixels: int) -> None:
    crop = crop_of(printed(height, width), max_pixels)
    assert crop is not None
    require_taken(crop)
    require_taken(other_size(crop))
    assert (crop.pixels < 255).any()


@pytest.mark.parametrize("size", [(1, 30_000), (30_000, 1), (40, 30_000), (5, 5)])
def test_the_narrowest_strip_is_padded(size: tuple[int, int]) -> None:
    crop = crop_of(printed(*size), 112_896)
    assert crop is not None
    require_taken(crop)


def test_a_second_look_is_at_another_size() -> None:
    small, large = crop_of(printed(100, 200)), crop_of(printed(2000, 1500))
    assert small is not None
    assert large is not None
    assert other_size(small).min_pixels > small.min_pixels
    assert other_size(large).max_pixels > large.max_pixels
    largest = Crop(pixels=large.pixels, prompt="OCR:", min_pixels=MIN_PIXELS, max_pixels=MOST_PIXELS)
    assert other_size(largest).max_pixels < MOST_PIXELS


def require_taken(crop: Crop) -> None:
    """What ``smart_resize`` of PaddleX demands; else the page fails."""
    height, width = crop.pixels.shape[:2]
    assert min(height, width) >= GRID_PX
    assert max(height, width) / min(height, width) <= 200
    reduction = min(1.0, (crop.max_pixels / (height * width)) ** 0.5)
    assert min(height, width) * reduction >= GRID_PX
