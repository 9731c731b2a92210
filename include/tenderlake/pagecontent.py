"""What is on a PDF page, read once in one pass: lines of text, pictures, rules and curves.

Everything downstream (the test of the text layer, the taking of text, the choice of how to render) works on
:class:`PageContent`. All lengths are points (1/72 inch, the page's UserUnit applied), origin at the top left of the
page **as people read it**: the page's /Rotate is applied, and so is the turn of a page whose text runs sideways.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ocr_tasks.boxes import Box, union
from tenderlake.drawnpage import DrawnPage
from tenderlake.pagelines import TextLine, Turn
from tenderlake.spacedletters import has_spaced_letters, text_of_placed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenderlake.mupdf import Page

_SPAN_BOLD = 16
_RULE_THICKNESS_PT = 3.0
_RULE_LENGTH_PT = 10.0
_GLYPH_HEIGHT_PT = (3.0, 40.0)
_GLYPH_WIDTH_PT = (1.0, 60.0)
_COVERING_SHARE = 0.25
_FULL_PAGE_SHARE = 0.96
_SIDEWAYS_SHARE = 0.6
_GRID = 48
_MOST_SHAPES = 100_000
"""More than any page of tables has: a drawing, whose lines would take minutes and hundreds of megabytes."""


@dataclass(frozen=True)
class PageContent:
    """What is on one page. ``page_turn`` is the page's own rotation; ``turn`` also makes sideways text upright.

    ``sideways`` are visible lines that do not run left to right after ``turn``. ``text_of_fonts`` is the visible text
    of each font, in pieces. ``covered_text_share``: share of text
    that an opaque picture was painted over. ``glyph_sized_paths`` counts drawn shapes of the size of letters, ``rules``
    bounds the lines and frames from which a table could be made (None: there are too few). ``is_drawing``: so many
    shapes are drawn that no table is looked for among them. ``ends_with_full_picture``:
    the last thing painted is a picture over the whole page, so that nothing else is seen. ``drawn`` is asked for more.
    """

    page_turn: Turn
    turn: Turn
    lines: tuple[TextLine, ...]
    sideways: tuple[TextLine, ...]
    hidden_text: str
    text_of_fonts: tuple[str, ...]
    covered_text_share: float
    pictures: tuple[Box, ...]
    picture_share: float
    has_paths: bool
    is_drawing: bool
    has_visible_paint: bool
    glyph_sized_paths: int
    rules: Box | None
    ends_with_full_picture: bool
    drawn: DrawnPage = field(repr=False, compare=False)

    @property
    def page_box(self) -> Box:
        """The whole page."""
        return Box(0.0, 0.0, self.turn.width_pt, self.turn.height_pt)

    @property
    def sideways_deg(self) -> int:
        """The clockwise turn from the page as its /Rotate says to the page as people read it."""
        return (self.turn.rotation_deg - self.page_turn.rotation_deg) % 360

    @property
    def visible_text(self) -> str:
        """All text that people see, a line a line, in no particular order."""
        return "\n".join(line.text for line in (*self.lines, *self.sideways))


def read_page(page: Page, *, with_hidden_text: bool = False) -> PageContent:
    """Read a page; raises whatever PyMuPDF raises where the page is too damaged.

    Args:
        page: A page of PyMuPDF.
        with_hidden_text: Take text that people do not see as if they did.
    """
    rect = page.rect
    page_turn = Turn(int(page.rotation) % 360, float(rect.width), float(rect.height))
    drawn = DrawnPage(page)
    fonts: dict[str, list[str]] = {}
    runs, hidden_text = _text_runs(drawn, with_hidden_text, fonts)
    turn = page_turn.turned_by(_sideways_turn(runs, page_turn.rotation_deg))
    lines, sideways = _turned(runs, turn)
    page_box = Box(0.0, 0.0, turn.width_pt, turn.height_pt)
    paint = [] if runs and drawn.has_text_only else _paint(drawn, turn, has_text=bool(runs))
    pictures = tuple(box for kind, box in paint if kind in ("fill-image", "fill-imgmask") and box.area > 0)
    paths = [(kind, box) for kind, box in paint if kind.endswith("-path") and kind.startswith(("fill", "stroke"))]
    return PageContent(
        page_turn=page_turn,
        turn=turn,
        lines=lines,
        sideways=sideways,
        hidden_text=hidden_text,
        text_of_fonts=tuple(map("\n".join, fonts.values())),
        covered_text_share=_covered_text_share(page, paint, page_box),
        pictures=pictures,
        picture_share=covered_share(pictures, page_box),
        has_paths=bool(paths),
        is_drawing=len(paths) > _MOST_SHAPES,
        has_visible_paint=bool(runs) or any(kind.startswith(("fill", "stroke")) for kind, _ in paint),
        glyph_sized_paths=sum(_is_glyph_sized(box) for _, box in paths),
        rules=_rules(paths, page_box) if len(paths) <= _MOST_SHAPES else None,
        ends_with_full_picture=_ends_with_full_picture(paint, page_box),
        drawn=drawn,
    )


def _paint(drawn: DrawnPage, turn: Turn, *, has_text: bool) -> list[tuple[str, Box]]:
    """What is painted on the page, in its order; text only where it may be all there is, or lie under a picture."""
    page_box = Box(0.0, 0.0, turn.width_pt, turn.height_pt)

    def clipped(*, with_text: bool) -> list[tuple[str, Box]]:
        return [(kind, turn.apply(box).clipped(page_box)) for kind, box in drawn.painted(with_text=with_text)]

    paint = clipped(with_text=not has_text)
    return clipped(with_text=True) if has_text and any(_covers(kind, box, page_box) for kind, box in paint) else paint


def _covers(kind: str, box: Box, page_box: Box) -> bool:
    return kind == "fill-image" and box.area > _COVERING_SHARE * page_box.area


_Direction = tuple[int, int]
_Run = tuple[_Direction, TextLine]
"""A line and the direction in which it runs on the unrotated page."""


def _text_runs(drawn: DrawnPage, with_hidden_text: bool, fonts: dict[str, list[str]]) -> tuple[list[_Run], str]:
    """The visible lines of the unrotated page, and the text that is there but not seen; ``fonts`` gets their texts."""
    runs: list[_Run] = []
    hidden: list[str] = []
    words = _WordsOfLines(drawn)
    blocks = [block["lines"] for block in drawn.text()["blocks"] if "lines" in block]
    for block_number, block in enumerate(blocks):
        for line_number, line in enumerate(block):
            spans = line["spans"]
            seen = spans if with_hidden_text else [span for span in spans if span["alpha"] > 0]
            if len(seen) < len(spans):
                hidden.append("".join([span["text"] for span in spans if span["alpha"] == 0]))
            if not seen:
                continue
            text, size, is_bold = _style(seen)
            if not text or text.isspace():
                continue
            for span in seen:
                fonts.setdefault(span["font"], []).append(span["text"])
            if has_spaced_letters(text):
                text = words.whole(text, block_number, line_number)
            box = Box(*line["bbox"]) if len(seen) == len(spans) else union(Box(*span["bbox"]) for span in seen)
            dx, dy = line["dir"]
            runs.append(((round(dx), round(dy)), TextLine(box, text, size, is_bold)))
    return runs, "\n".join(hidden)


@dataclass
class _WordsOfLines:
    """MuPDF's words of each line of each block of text, asked for only where a line has letter-spaced words."""

    drawn: DrawnPage

    @cached_property
    def _pieces(self) -> dict[tuple[int, int], list[tuple[str, Box]]]:
        pieces: dict[tuple[int, int], list[tuple[str, Box]]] = {}
        for x0, y0, x1, y1, text, block, line, _ in self.drawn.words():
            pieces.setdefault((block, line), []).append((text, Box(x0, y0, x1, y1)))
        return pieces

    def whole(self, text: str, block: int, line: int) -> str:
        """The text of a line with its letter-spaced words whole, told by where its letters stand."""
        pieces = self._pieces.get((block, line), [])
        if " ".join(piece for piece, _ in pieces).split() != text.split():  # some of the line is not seen
            return text
        whole = text_of_placed(pieces)
        return whole if whole != " ".join(text.split()) else text


def _style(spans: list[dict[str, Any]]) -> tuple[str, float, bool]:
    """The text of spans, the size of the longest of them, and whether all that is not white space is bold."""
    first = spans[0]
    if len(spans) == 1:
        return first["text"], first["size"], bool(first["flags"] & _SPAN_BOLD)
    size, most, text, is_bold = first["size"], -1, "", True
    for span in spans:
        part = span["text"]
        text += part
        length = len(part.strip())
        if length > most:
            size, most = span["size"], length
        if length and not span["flags"] & _SPAN_BOLD:
            is_bold = False
    return text, size, is_bold


def _turned(runs: list[_Run], turn: Turn) -> tuple[tuple[TextLine, ...], tuple[TextLine, ...]]:
    """The lines that run left to right on the page as people read it, and those that do not."""
    upright = _direction(turn.rotation_deg)
    if turn.rotation_deg:
        runs = [(direction, line._replace(box=turn.apply(line.box))) for direction, line in runs]
    lines = tuple([line for direction, line in runs if direction == upright])
    return lines, tuple([line for direction, line in runs if direction != upright]) if len(lines) < len(runs) else ()


_DIRECTIONS = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}


def _direction(rotation_deg: int) -> _Direction:
    """The direction of text on the unrotated page that reads left to right once it is turned clockwise."""
    return _DIRECTIONS[rotation_deg]


def _sideways_turn(runs: list[_Run], rotation_deg: int) -> int:
    """The further clockwise turn after which most of the text reads left to right, else 0."""
    if {direction for direction, _ in runs} <= {_direction(rotation_deg)}:
        return 0
    letters: Counter[_Direction] = Counter()
    for direction, line in runs:
        letters[direction] += len(line.text)
    direction, count = letters.most_common(1)[0]
    if count < _SIDEWAYS_SHARE * letters.total():
        return 0
    for turn_deg, candidate in _DIRECTIONS.items():
        if candidate == direction:
            return (turn_deg - rotation_deg) % 360
    return 0


def covered_share(boxes: Iterable[Box], page_box: Box) -> float:
    """Share of the page under at least one of the boxes, counted on a coarse grid: scans come in strips and tiles."""
    boxes = tuple(boxes)
    if not boxes or page_box.area <= 0:
        return 0.0
    cell_width, cell_height = page_box.width / _GRID, page_box.height / _GRID
    rows = [0] * _GRID
    for box in boxes:
        # A cell counts when its middle is covered.
        first, last = round(box.x0 / cell_width), round(box.x1 / cell_width)
        mask = (1 << max(0, last)) - (1 << max(0, first))
        for row in range(round(box.y0 / cell_height), round(box.y1 / cell_height)):
            rows[row] |= mask
    return sum(row.bit_count() for row in rows) / (_GRID * _GRID)


def _covered_text_share(page: Page, paint: list[tuple[str, Box]], page_box: Box) -> float:
    """Share of the text, by area, that lies under an opaque picture painted later: 'text under the page image'."""
    total = covered = 0.0
    last_covers: list[Box] = []
    for kind, box in reversed(paint):
        if _covers(kind, box, page_box):
            last_covers.append(box)
        elif kind in ("fill-text", "stroke-text"):
            total += box.area
            if any(cover.holds(*box.center) for cover in last_covers):
                covered += box.area
    if not covered or total <= 0:
        return 0.0
    # Entries: (xref, soft mask, width, height, …). A stamp or watermark with a soft mask hides nothing.
    if not any(image[1] == 0 and image[2] * image[3] > 250_000 for image in page.get_images(full=True)):
        return 0.0
    return covered / total


def _ends_with_full_picture(paint: list[tuple[str, Box]], page_box: Box) -> bool:
    for kind, box in reversed(paint):
        if kind.startswith(("fill", "stroke")):
            return kind == "fill-image" and box.area >= _FULL_PAGE_SHARE * page_box.area
    return False


def _is_glyph_sized(box: Box) -> bool:
    return (
        _GLYPH_HEIGHT_PT[0] <= box.height <= _GLYPH_HEIGHT_PT[1]
        and _GLYPH_WIDTH_PT[0] <= box.width <= _GLYPH_WIDTH_PT[1]
    )


def _rules(paths: list[tuple[str, Box]], page_box: Box) -> Box | None:
    """The bounds of lines and frames, where there are at least two lines each way."""
    found: list[Box] = []
    across = down = 0
    for _, box in paths:
        if box.area > 0.9 * page_box.area:
            continue
        is_wide, is_tall = box.width >= _RULE_LENGTH_PT, box.height >= _RULE_LENGTH_PT
        is_frame = is_wide and is_tall
        if is_frame or (is_wide and box.height <= _RULE_THICKNESS_PT):
            across += 2 if is_frame else 1
            found.append(box)
        if is_frame or (is_tall and box.width <= _RULE_THICKNESS_PT):
            down += 2 if is_frame else 1
            found.append(box)
    return union(found).grown(5.0) if across >= 2 and down >= 2 else None
