"""Where the ink of a page is, in small: what is darker than the paper around it."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

_PAPER_PX = 24
"""Paper is taken as even over such a distance, so that shadows and yellowed edges are paper."""
_LOOK_DPI = 75
INK_LEVELS = 40
"""How much darker than paper ink is."""
_FAINT_LEVELS = 12
_LEAST_INK = 0.005
"""Share of a page below which its print may be a faint one."""


def darker_than_paper(small: Image.Image, levels: int) -> Image.Image:
    """255 where a pixel of a grey image of some 75 dpi is so many levels darker than the paper around it, else 0."""
    coarse = small.reduce(min(_PAPER_PX // 2, *small.size))
    paper = coarse.filter(ImageFilter.MaxFilter(3)).resize(small.size, Image.Resampling.BILINEAR)
    return ImageChops.subtract(paper, small).point(lambda darker: 255 if darker >= levels else 0)


def ink_of(image: Image.Image, dpi: float) -> Image.Image:
    """The ink of a grey page in some 75 dpi: 255 where there is ink, faint ink where there is hardly another."""
    small = image.reduce(min(max(1, round(dpi / _LOOK_DPI)), *image.size))
    ink = darker_than_paper(small, INK_LEVELS)
    if ink.histogram()[255] < _LEAST_INK * ink.width * ink.height:
        return darker_than_paper(small, _FAINT_LEVELS)
    return ink
