"""Lines of text and the turn of their page: what the reading of PDF pages and the putting together of pages share.

Apart from what opens PDF pages, so that only processes that open documents load MuPDF.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ocr_tasks.boxes import Box


class TextLine(NamedTuple):
    """A run of visible text on one base line. ``size`` is that of most of its characters, in points."""

    box: Box
    text: str
    size: float
    is_bold: bool


@dataclass(frozen=True)
class Turn:
    """How the unrotated page is turned clockwise to be read, and its size after that."""

    rotation_deg: int
    width_pt: float
    height_pt: float

    def apply(self, box: Iterable[float]) -> Box:
        """A box of the unrotated page on the page as people read it."""
        x0, y0, x1, y1 = box
        if self.rotation_deg == 90:
            x0, y0, x1, y1 = self.width_pt - y1, x0, self.width_pt - y0, x1
        elif self.rotation_deg == 180:
            x0, y0, x1, y1 = self.width_pt - x1, self.height_pt - y1, self.width_pt - x0, self.height_pt - y0
        elif self.rotation_deg == 270:
            x0, y0, x1, y1 = y0, self.height_pt - x1, y1, self.height_pt - x0
        return Box(x0, y0, x1, y1)

    def unapply(self, box: Box) -> Box:
        """The opposite of :meth:`apply`."""
        back = Turn(-self.rotation_deg % 360, *self._other_size())
        return back.apply(box)

    def _other_size(self) -> tuple[float, float]:
        if self.rotation_deg in (90, 270):
            return self.height_pt, self.width_pt
        return self.width_pt, self.height_pt

    def turned_by(self, degrees: int) -> Turn:
        """This turn and then ``degrees`` (a multiple of 90) more."""
        size = (self.height_pt, self.width_pt) if degrees % 180 else (self.width_pt, self.height_pt)
        return Turn((self.rotation_deg + degrees) % 360, *size)
