"""What programs print over the text of a page: stamps of electronic signatures, and watermarks that run aslant.

They stand where there is no room for them: read with what is below, the owner of a certificate would stand in the
middle of a sentence or in a cell of prices, and the sides of the stamp would be lines of a table.

A stamp is told by its words, which a standard sets (ГОСТ Р 7.0.97-2016, 5.23): that the document is
signed, the certificate, its owner, from when to when it is valid. One that stands apart from all text is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ocr_tasks.boxes import Box, union
from ocr_tasks.ruledgrid import Rule
from tenderlake.pagelines import TextLine

_TITLE = re.compile(r"\W*документ\s+подписан\b", re.IGNORECASE)
_ENTRY = re.compile(
    r"\W*(?:(?:усиленной|квалифицированной|электронной|цифровой)\s+(?:\w+\s+)*подписью|подписью$|сертификат\b|"
    r"сведения\s+о\s+сертификате|владелец\b|действителен\b|кому\s+выдан|кем\s+выдан|издатель\b|отпечаток\b|"
    r"(?:серийный\s+)?номер\s+сертификата|(?:[0-9a-f]{2} ?){8,}$)",
    re.IGNORECASE,
)
_FEWEST_LINES = 3
_MOST_STEP = 2.2
"""Font sizes from one line of a stamp to the next."""
_FRAME_PT = 36.0
"""The sides of a stamp are this near to its words."""
_ASLANT_SIZES = 2.0
"""Font sizes: text that is wider and higher runs aslant."""


@dataclass(frozen=True)
class Stamp:
    """A stamp over other text; ``lines`` from top to bottom."""

    lines: tuple[TextLine, ...]

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
    """The stamps that stand over other lines of the page."""
    stamps: list[Stamp] = []
    for title in lines:
        if not _TITLE.match(title.text):  # nearly all lines of all pages
            continue
        stamp = Stamp(tuple(_below(title, lines)))
        if len(stamp.lines) >= _FEWEST_LINES and _is_over(stamp, lines):
            stamps.append(stamp)
    return stamps


def _below(title: TextLine, lines: Sequence[TextLine]) -> Iterable[TextLine]:
    """The title of a stamp and its further lines."""
    last, bounds = title, title.box
    yield title
    for line in sorted(lines, key=lambda line: line.box.y0):
        step = line.box.y0 - last.box.y0
        is_under = min(line.box.x1, bounds.x1) > max(line.box.x0, bounds.x0)
        if is_under and 0 < step <= _MOST_STEP * title.size and _ENTRY.match(line.text):
            last, bounds = line, union((bounds, line.box))
            yield line


def _is_over(stamp: Stamp, lines: Sequence[TextLine]) -> bool:
    own = set(stamp.lines)
    return any(line not in own and line.box.clipped(stamp.box).area > 0 for line in lines)


def is_aslant(line: TextLine) -> bool:
    """Whether text runs neither along nor across the page, as watermarks do."""
    return len(line.text.strip()) > 1 and min(line.box.width, line.box.height) > _ASLANT_SIZES * line.size
