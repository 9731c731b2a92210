"""Where the ink of a page is, in small: what is darker than the paper around it."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

_PAPER_PX = 24
"""Paper is taken as even over such a distance, so that shadows and yellowed edges are paper."""


def darker_than_paper(small: Image.Image, levels: int) -> Image.Image:
    """255 where a pixel of a grey image of some 75 dpi is so many levels darker than the paper around it, else 0."""
    coarse = small.reduce(min(_PAPER_PX // 2, *small.size))
    paper = coarse.filter(ImageFilter.MaxFilter(3)).resize(small.size, Image.Resampling.BILINEAR)
    return ImageChops.subtract(paper, small).point(lambda darker: 255 if darker >= levels else 0)
