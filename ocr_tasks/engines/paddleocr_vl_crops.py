"""Prepares the crops of a page for the vision language model: what it would refuse is padded, blank ones are left out.

The limits are those of ``smart_resize`` in PaddleX 3.6.1 (inference/models/doc_vlm/processors/paddleocr_vl/_siglip.py)
and of the same step in vLLM and transformers: sides become multiples of 28 pixels, and an aspect ratio above 200 is an
error that costs the whole page.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ocr_tasks.engines.blocktexts import Crop

Pixels = npt.NDArray[np.uint8]

GRID_PX = 28
MOST_PIXELS = 1_605_632
"""The most pixels PaddleOCR-VL itself ever shows the model (for spotting)."""
_MOST_ASPECT_RATIO = 190
_WHITE = 255
_BLANK_LEVELS = 4
"""Differences of brightness within which a crop is blank. The faintest print that a scanner keeps (light grey on
white, bleed-through) differs by ten and more; a noisy blank crop is left to the model."""
_CHANGE = 1.6
"""How much larger or smaller, in pixels, the model sees a crop the second time."""


def prepared_crop(pixels: Pixels, prompt: str, min_pixels: int, max_pixels: int) -> Crop | None:
    """A crop that the model takes, None where there is nothing on it.

    Args:
        pixels: Shape (height, width, 3) or (height, width), blue, green, red.
        prompt: What the model will be asked.
        min_pixels: The model sees the crop with at least so many pixels.
        max_pixels: And with at most so many.
    """
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    if is_blank(pixels):
        return None
    return Crop(pixels=_padded(pixels, max_pixels), prompt=prompt, min_pixels=min_pixels, max_pixels=max_pixels)


def is_blank(pixels: Pixels) -> bool:
    """Whether all pixels have the same colour, but for noise that nobody sees."""
    if pixels.size == 0:
        return True
    # One colour after the other: over the pixels of all three at once, numpy takes twenty times as long.
    colours = (pixels[..., number] for number in range(pixels.shape[-1]))
    return all(int(colour.max()) - int(colour.min()) <= _BLANK_LEVELS for colour in colours)


def other_size(crop: Crop) -> Crop:
    """The same crop as the model sees it larger, or smaller where it already is as large as it may be.

    Which of both is better is unknown: what a model repeats endlessly at one size it mostly does not at another.
    """
    height, width = crop.pixels.shape[:2]
    seen = min(max(height * width, crop.min_pixels), crop.max_pixels)
    wanted = seen * _CHANGE if seen * _CHANGE <= MOST_PIXELS else seen / _CHANGE
    pixels = max(round(wanted), GRID_PX * GRID_PX)
    return Crop(
        pixels=_padded(crop.pixels, pixels),
        prompt=crop.prompt,
        # Both limits: a crop smaller than min_pixels is enlarged to it, a larger one than max_pixels is reduced to it.
        min_pixels=round(pixels * 0.9),
        max_pixels=pixels,
    )


def _padded(pixels: Pixels, max_pixels: int) -> Pixels:
    """Pad with white to sides and an aspect ratio that the model takes."""
    height, width = pixels.shape[:2]
    # Reduced to max_pixels, the short side must keep at least one step of the grid.
    ratio = max(min(_MOST_ASPECT_RATIO, max_pixels // (GRID_PX * GRID_PX) - 1), 1)
    new_height = max(height, GRID_PX, -(-width // ratio))
    new_width = max(width, GRID_PX, -(-height // ratio))
    if (new_height, new_width) == (height, width):
        return np.ascontiguousarray(pixels)
    padded = np.full((new_height, new_width, 3), _WHITE, np.uint8)
    top, left = (new_height - height) // 2, (new_width - width) // 2
    padded[top : top + height, left : left + width] = pixels
    return padded
