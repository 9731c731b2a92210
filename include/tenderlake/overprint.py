"""What programs print over the text of a page: stamps of electronic signatures, and watermarks that run aslant.

They stand where there is no room for them: read with what is below, the owner of a certificate would stand in the
middle of a sentence or in a cell of prices, and the sides of the stamp would be lines of a table.

A stamp is told by its words, which a standard sets (ГОСТ Р 7.0.97-2016, 5.23): that the document is
signed, the certificate, its owner, from when to when it is valid. One that stands apart from all text is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from ocr_tasks.boxes import Box, union
from ocr_tasks.ruledgrid import Rule
from tenderlake.pagelines import TextLine
from tenderlake.readingorder import is_copy

_TITLE = re.compile(r"\W*документ\s+подписан\b", re.IGNORECASE)
_ENTRY = re.compile(
    r"\W*(?:(?:усиленной|квалифицированной|электронной|цифровой)\s+(?:\w+\s+)*подписью|подписью$|сертификат\b|"
    r"сведения\s+о\s+сертификате|владелец\b|действителен\b|кому\s+выдан|кем\s+выдан|издатель\b|отпечаток\b|"
    r"(?:серийный\s+)?номер\s+сертификата|(?:[0-9a-f]{2} ?){8,}$)",
    re.IGNORECASE,
)
_FEWEST_LINES = 3
_MOST_TITLES = 50
_MOST_STEP = 2.2
"""Font sizes from one line of a stamp to the next."""
_FRAME_PT = 36.0
"""The sides of a stamp are this near to its words."""
_ASLANT_SIZES = 2.0
"""Font sizes: text that is wider and higher runs aslant."""


@dataclass(frozen=True)
class Stamp:
    """A stamp over other text; ``lines`` from top to bottom, ``copies`` those drawn again in their place."""

    lines: tuple[TextLine, ...]
    copies: tuple[TextLine, ...] = ()

    @property
    def box(self) -> Box:
        """The bounds of its words."""
        return union(line.box for line in self.lines)

    def has_side(self, rule: Rule, *, is_across: bool) -> bool:
        """Whether a line is a side of its frame: as long as its words are wide or high, and beside them."""
        x0, y0, x1, y1 = self.box
        first, last, start, end = (y0, y1, x0, x1) if is_across else (x0, x1, y0, y1)
        is_near = first - _FRAME_PT <= rule.at <= first or last <= rule.at <= last + _FRAME_PT
        return is_near and start - _FRAME_PT <= rule.start <= start + _FRAME_PT and abs(rule.end - end) <= _FRAME_PT


def stamps_over(lines: Sequence[TextLine]) -> list[Stamp]:
    """The stamps that stand over other lines of the page. No line is one of two stamps."""
    titles = list(islice((line for line in lines if _TITLE.match(line.text)), _MOST_TITLES))  # none on nearly all pages
    stamps: list[Stamp] = []
    free = sorted(lines, key=lambda line: line.box.y0) if titles else []
    for title in titles:
        stamp = _stamp(title, free) if title in free else None
        if stamp is not None and len(stamp.lines) >= _FEWEST_LINES and _is_over(stamp, lines):
            stamps.append(stamp)
            own = {*stamp.lines, *stamp.copies}
            free = [line for line in free if line not in own]
    return stamps


def _stamp(title: TextLine, lines: Sequence[TextLine]) -> Stamp:
    """The title of a stamp and its further lines; ``lines`` from top to bottom."""
    own, copies, bounds = [title], [], title.box
    for line in lines:
        step = line.box.y0 - own[-1].box.y0
        if step > _MOST_STEP * title.size:
            break
        is_under = min(line.box.x1, bounds.x1) > max(line.box.x0, bounds.x0)
        if any(line is not other and is_copy(line, other) for other in own[-2:]):
            copies.append(line)
        elif is_under and step > 0 and _ENTRY.match(line.text):
            own.append(line)
            bounds = union((bounds, line.box))
    return Stamp(tuple(own), tuple(copies))


def _is_over(stamp: Stamp, lines: Sequence[TextLine]) -> bool:
    """Whether other text is printed in its place. The boxes of lines that are set solid reach into each other."""
    own = {*stamp.lines, *stamp.copies}
    box = _core(stamp.box, stamp.lines[0].size)
    return any(line not in own and _core(line.box, line.size).clipped(box).area > 0 for line in lines)


def _core(box: Box, size: float) -> Box:
    """A box without a quarter of the font size above and below."""
    return Box(box.x0, box.y0 + size / 4, box.x1, box.y1 - size / 4)


def is_aslant(line: TextLine) -> bool:
    """Whether text runs neither along nor across the page, as watermarks do."""
    return len(line.text.strip()) > 1 and min(line.box.width, line.box.height) > _ASLANT_SIZES * line.size
