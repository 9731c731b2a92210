"""Grids of cells from the ruling lines of a digital page.

The lines are gathered and put straight, their crossings found, and from every crossing the smallest rectangle whose
four sides are drawn is a cell; cells that touch are a grid. PyMuPDF's ``find_tables`` works by the same idea; it was
rejected for speed (it gathers every character of the page first: 40 to 300 ms a page against 2 to 10 here) and because
it does not close tables whose outer lines are missing, as at a page break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocr_tasks.ruledgrid import Grid, Rule, grids_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenderlake.mupdf import Page
    from tenderlake.overprint import Stamp
    from tenderlake.pagecontent import PageContent

_THIN_PT = 3.0
_STRAIGHT_PT = 1.0
_WHITE = 0.97


def find_grids(page: Page, content: PageContent, stamps: Sequence[Stamp] = ()) -> list[Grid]:
    """The grids of a page, top to bottom; the page may be turned. The frames of ``stamps`` are no lines of them."""
    if content.rules is None:
        return []
    across: list[Rule] = []
    down: list[Rule] = []
    for box in _line_boxes(page.get_cdrawings()):
        upright = content.turn.apply(box)
        if upright.width >= upright.height:
            across.append(Rule(upright.center[1], upright.x0, upright.x1))
        else:
            down.append(Rule(upright.center[0], upright.y0, upright.y1))
    for stamp in stamps:
        across = [rule for rule in across if not stamp.has_side(rule, is_across=True)]
        down = [rule for rule in down if not stamp.has_side(rule, is_across=False)]
    return grids_of(across, down)


def _line_boxes(drawings: list[dict[str, Any]]) -> Iterator[tuple[float, float, float, float]]:
    """Every drawn straight line of the unrotated page as a flat box; the sides of rectangles are lines, too."""
    for drawing in drawings:
        kind = drawing.get("type", "")
        is_stroked = "s" in kind and not _is_white(drawing.get("color"))
        is_filled = "f" in kind and not _is_white(drawing.get("fill"))
        if not is_stroked and not is_filled:
            continue
        for item in drawing.get("items", ()):
            if item[0] == "l":  # of a filled outline, too: some programs draw thin rectangles side by side
                (x0, y0), (x1, y1) = item[1], item[2]
                if abs(x0 - x1) <= _STRAIGHT_PT or abs(y0 - y1) <= _STRAIGHT_PT:
                    yield min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
            elif item[0] in ("re", "qu"):
                points = item[1] if item[0] == "qu" else (item[1][:2], item[1][2:4])
                xs, ys = [point[0] for point in points], [point[1] for point in points]
                yield from _sides(min(xs), min(ys), max(xs), max(ys))


def _is_white(colour: Any) -> bool:
    return colour is not None and len(colour) > 0 and min(colour) >= _WHITE


def _sides(x0: float, y0: float, x1: float, y1: float) -> Iterator[tuple[float, float, float, float]]:
    if min(x1 - x0, y1 - y0) <= _THIN_PT:  # a line drawn as a thin rectangle
        yield x0, y0, x1, y1
        return
    yield x0, y0, x1, y0
    yield x0, y1, x1, y1
    yield x0, y0, x0, y1
    yield x1, y0, x1, y1
