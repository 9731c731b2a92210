"""Lines of a digital page in the order in which people read them, gathered into paragraphs.

A recursive cut (XY cut): first along a gutter between columns of running text, else along the widest gap between
bands, as long as there is a sign of columns; what is left is read row by row. Borderless tables and forms (label here,
value there) are read by rows, because a value must stay beside its label.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations
from statistics import median
from typing import NamedTuple

from ocr_tasks.boxes import Box, union
from tenderlake.pagelines import TextLine
from tenderlake.wording import BULLETS, CONTENTS_ENTRY, DASHES, HyphenHabits, clean, join_lines

_MIN_GUTTER_PT = 8.0
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_CHARS = 18
_MIN_COLUMN_SHARE = 0.15
_MIN_FULLNESS = 0.45
_LABEL_SHARE = 0.4
_CONTINUATION_SHARE = 0.25
_STRETCHED_SHARE = 0.4
"""Of lines in pieces that begin in the middle of a sentence, where they are running text and not rows of a table."""
_MOST_SPACE = 4.0
"""Font sizes between the words of a line that is stretched to both edges of its column."""
_MAX_DEPTH = 40
_MIN_PARTY_LINES = 2
_MOST_DIGITS = 4
"""Of the number of a page."""
_PAGE_NUMBER = re.compile(r"[-–—\s]*\d{1,4}[-–—\s]*")
_CORNER_PT = 3.0
ONE_PLACE_PT = 2.0
"""The same text that begins this near is drawn twice, as for false bold or a shadow."""
_SHIFT_PT = 0.1
"""Copies this far beside each other make text look bold."""
PARTY = re.compile(
    r"\W*(?-i:(?=[А-ЯЁA-Z]))(?:от (?:имени )?)?(?:(?:государственн|муниципальн)\w+ )?"
    r"(?:заказчик|поставщик|исполнител|(?:суб|ген)?подрядчик|покупател|продав[еца]|арендатор|арендодател|участник|"
    r"утвержда|утвержд[её]н|согласован|приложение №|customer|supplier|contractor|buyer|seller)",
    re.IGNORECASE,
)
"""Who a block is of: begins with a capital, or it is a word in a sentence («исполнительного органа»)."""

_BULLET = re.compile(rf"(?:[{BULLETS}]\s*|o\s+)\S")
_DASHED = re.compile(rf"[{DASHES}]\s+\S")
_NUMBERED = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,5}[.)]?|[а-яa-z]\)|\(\d{1,3}\))\s+\S")
_TITLE_SHARE = 0.35
"""Of the width of a column, left free at the end of a row that is no line of running text."""
_SENTENCE_END = (".", ";", ":", "!", "?", "»", '"', ")")


class Row(NamedTuple):
    """What stands on one base line, left to right, cleaned."""

    box: Box
    text: str
    size: float
    is_bold: bool


@dataclass(frozen=True)
class Paragraph:
    """Rows that belong together. ``is_centered``: stands in the middle of its column, not filling it."""

    rows: tuple[Row, ...]
    is_centered: bool

    @property
    def box(self) -> Box:
        """The bounds."""
        return union([row.box for row in self.rows]) if len(self.rows) > 1 else self.rows[0].box

    @property
    def size(self) -> float:
        """Font size of most of the text, in points."""
        return max(self.rows, key=lambda row: len(row.text)).size if len(self.rows) > 1 else self.rows[0].size

    @property
    def is_bold(self) -> bool:
        """Whether all of it is bold."""
        return all(row.is_bold for row in self.rows)

    def text(self, habits: HyphenHabits) -> str:
        """The rows as one text, words parted at row ends joined."""
        return join_lines([row.text for row in self.rows], habits)


@dataclass(frozen=True)
class Region:
    """Part of a page that is read row by row, or one object (a table) by its number in the list that was given."""

    lines: tuple[TextLine, ...] = ()
    object_number: int | None = None


def order(lines: list[TextLine], objects: list[Box]) -> list[Region]:
    """The regions of a page in reading order.

    Args:
        lines: Lines of text.
        objects: Boxes of what stands in the text and is not taken apart, such as tables.
    """
    items = [_Item(line.box, line) for line in lines]
    items += [_Item(box, None, number) for number, box in enumerate(objects)]
    regions: list[Region] = []
    for group in _in_order(items):
        regions.extend(_regions(group))
    return regions


def _in_order(items: list[_Item]) -> list[list[_Item]]:
    sheet = _two_pages(items)
    if sheet is not None:
        return [*_in_order(sheet[0]), *_in_order(sheet[1])]
    parties = _party_columns(items)
    if parties is None:
        return _cut(items, 0)
    return [*_cut(parties.above, 0), parties.left, parties.right, *_in_order(parties.below)]


class _Item(NamedTuple):
    box: Box
    line: TextLine | None
    number: int = -1


@dataclass(frozen=True)
class _Parties:
    above: list[_Item]
    left: list[_Item]
    right: list[_Item]
    below: list[_Item]


def _two_pages(items: list[_Item]) -> tuple[list[_Item], list[_Item]] | None:
    """Two pages of a book side by side, told by their numbers («208» and «209») in the outer corners."""
    numbers = [
        (int(item.line.text), item.box)
        for item in items
        if item.line and len(item.line.text) <= _MOST_DIGITS and item.line.text.isdecimal()
    ]
    if len(numbers) < 2:
        return None
    page = union(item.box for item in items)
    corners = [(number, box) for number, box in numbers if _is_in_corner(box, page)]
    for (number, left), (following, right) in permutations(corners, 2):
        fold = (left.center[0] + right.center[0]) / 2
        if following != number + 1 or left.x0 >= fold or _overlap(left, right) < 0.5:
            continue
        sides = [i for i in items if i.box.x1 <= fold], [i for i in items if i.box.x0 >= fold]
        gap = min(i.box.x0 for i in sides[1]) - max(i.box.x1 for i in sides[0])
        if gap >= 2 * _MIN_GUTTER_PT and sum(map(len, sides)) == len(items):
            return sides
    return None


def _is_in_corner(box: Box, page: Box) -> bool:
    is_beside = min(box.x0 - page.x0, page.x1 - box.x1) < _CORNER_PT
    return is_beside and min(box.y0 - page.y0, page.y1 - box.y1) < _CORNER_PT


def _party_columns(items: list[_Item]) -> _Parties | None:
    """Two blocks side by side that begin with who they are of: details of the parties, approvals.

    Their lines look like labels and values, but read by rows the customer's account would stand beside the supplier's.
    """
    # Most lines begin with a small letter, and need no further look.
    names = [i for i in items if i.line and not i.line.text[:1].islower() and PARTY.match(i.line.text)]
    names.sort(key=lambda item: item.box.center[1])
    for left, right in permutations(names, 2):
        if right.box.x0 - left.box.x1 < _MIN_GUTTER_PT or _overlap(left.box, right.box) < 0.5:
            continue
        top = min(left.box.y0, right.box.y0)
        sides = _sides_below(left.box, right.box, [item for item in items if item.box.center[1] >= top])
        if _are_details(sides):
            taken = {id(item) for side in sides for item in side}
            rest = [item for item in items if id(item) not in taken]
            return _Parties(
                above=[item for item in rest if item.box.center[1] < top],
                left=sides[0],
                right=sides[1],
                below=[item for item in rest if item.box.center[1] >= top],
            )
    return None


def _are_details(sides: tuple[list[_Item], list[_Item]]) -> bool:
    """Whether two sides are lines of details, not words of one stretched line, and not columns of running text."""
    whole = [_whole_lines(_lines(side)) for side in sides]
    is_running = all(_continues(lines) >= _STRETCHED_SHARE for lines in whole)
    return min(map(len, whole)) >= _MIN_PARTY_LINES and not is_running


def _sides_below(left: Box, right: Box, items: list[_Item]) -> tuple[list[_Item], list[_Item]]:
    """Two blocks under two names: all lines down to the first that leaves no gutter between them."""
    block: list[_Item] = []
    gutter = (left.x1 + right.x0) / 2
    for item in sorted(items, key=lambda item: item.box.y0):
        spans = [(i.box.x0, i.box.x1) for i in (*block, item)]
        gaps = [x for x in _gaps(spans, _MIN_GUTTER_PT / 2) if left.center[0] < x < right.center[0]]
        if item.line is None or (block and not gaps):
            break
        block.append(item)
        gutter = gaps[0] if gaps else gutter
    return [item for item in block if item.box.x1 <= gutter], [item for item in block if item.box.x1 > gutter]


def _overlap(box: Box, other: Box) -> float:
    """Share of the lower of two heights in which both stand."""
    return (min(box.y1, other.y1) - max(box.y0, other.y0)) / max(1e-6, min(box.height, other.height))


def _regions(items: list[_Item]) -> list[Region]:
    """Lines above an object, the object, lines below it."""
    objects = sorted((item for item in items if item.line is None), key=lambda item: item.box.y0)
    lines = [item.line for item in items if item.line is not None]
    if not objects:
        return [Region(lines=tuple(lines))] if lines else []
    regions: list[Region] = []
    for item in objects:
        above = [line for line in lines if line.box.center[1] < item.box.center[1]]
        lines = [line for line in lines if line.box.center[1] >= item.box.center[1]]
        if above:
            regions.append(Region(lines=tuple(above)))
        regions.append(Region(object_number=item.number))
    if lines:
        regions.append(Region(lines=tuple(lines)))
    return regions


def _cut(items: list[_Item], depth: int) -> list[list[_Item]]:
    if depth > _MAX_DEPTH or len(items) < 2 * _MIN_COLUMN_LINES or not _has_neighbours(items):
        return [items]
    for gutter in _gaps([(item.box.x0, item.box.x1) for item in items], _MIN_GUTTER_PT):
        left = [item for item in items if item.box.x1 <= gutter]
        right = [item for item in items if item.box.x1 > gutter]
        if _are_columns(left, right):
            return [*_cut(left, depth + 1), *_cut(right, depth + 1)]
    bands = _gaps([(item.box.y0, item.box.y1) for item in items], 0.5)
    if not bands:
        return [items]
    above = [item for item in items if item.box.y1 <= bands[0]]
    below = [item for item in items if item.box.y1 > bands[0]]
    return [*_cut(above, depth + 1), *_cut(below, depth + 1)]


def _gaps(spans: list[tuple[float, float]], least: float) -> list[float]:
    """The middles of the gaps that no span crosses, the widest gap first."""
    gaps: list[tuple[float, float]] = []
    reached = None
    for start, end in sorted(spans):
        if reached is not None and start - reached >= least:
            gaps.append((start - reached, (start + reached) / 2))
        reached = end if reached is None else max(reached, end)
    return [middle for _, middle in sorted(gaps, reverse=True)]


def _has_neighbours(items: list[_Item]) -> bool:
    """Whether enough lines of some length stand beside each other: the sign of columns."""
    found = 0
    boxes = [item.box for item in items if item.line is None or len(item.line.text) >= _MIN_COLUMN_CHARS]
    boxes.sort(key=lambda box: box[1] + box[3])
    for (x0, y0, x1, y1), (next_x0, next_y0, next_x1, next_y1) in itertools.pairwise(boxes):
        overlap = min(y1, next_y1) - max(y0, next_y0)
        apart = max(x0, next_x0) - min(x1, next_x1)
        if overlap > 0.3 * min(y1 - y0, next_y1 - next_y0) and apart >= _MIN_GUTTER_PT:
            found += 1
            if found >= _MIN_COLUMN_LINES - 1:
                return True
    return False


def _are_columns(left: list[_Item], right: list[_Item]) -> bool:
    """Whether two sides of a gutter are columns of running text, not labels and values or columns of a table."""
    left_box, right_box = union(item.box for item in left), union(item.box for item in right)
    width = right_box.x1 - left_box.x0
    if min(left_box.width, right_box.width) < _MIN_COLUMN_SHARE * width:
        return False
    overlap = min(left_box.y1, right_box.y1) - max(left_box.y0, right_box.y0)
    if overlap < 0.5 * min(left_box.height, right_box.height):
        return False
    if not (_is_running(left, left_box) and _is_running(right, right_box)):
        return False
    left_texts = [item.line.text.strip() for item in left if item.line]
    if sum(text.endswith(":") for text in left_texts) > _LABEL_SHARE * len(left_texts):
        return False
    flows = any(_continues(_lines(side)) >= _CONTINUATION_SHARE for side in (left, right))
    return flows or 0.5 <= left_box.width / right_box.width <= 2.0


def _lines(items: list[_Item]) -> list[TextLine]:
    # Boxes to tick and bullets stand apart from their text in some files, and are no lines of their own.
    return [item.line for item in items if item.line and any(map(str.isalnum, item.line.text))]


def _is_running(items: list[_Item], box: Box) -> bool:
    if any(item.line is None for item in items):
        return True
    lines = _lines(items)
    if _are_full(lines, box):
        return True
    # Lines that were stretched to both edges come word by word.
    whole = _whole_lines(lines)
    return len(whole) < len(lines) and _continues(whole) >= _STRETCHED_SHARE and _are_full(whole, box)


def _are_full(lines: list[TextLine], box: Box) -> bool:
    return (
        len(lines) >= _MIN_COLUMN_LINES
        and median(len(line.text) for line in lines) >= _MIN_COLUMN_CHARS
        and median(line.box.width for line in lines) >= _MIN_FULLNESS * box.width
    )


def _whole_lines(lines: list[TextLine]) -> list[TextLine]:
    """Lines of one side of a gutter with their pieces joined, where no more than some spaces part them."""
    whole: list[TextLine] = []
    for group in base_lines(lines):
        first, *rest = sorted(group, key=lambda line: line.box.x0)
        whole.append(first)
        for line in rest:
            last = whole[-1]
            if line.box.x0 - last.box.x1 <= _MOST_SPACE * line.size:
                whole[-1] = last._replace(box=union((last.box, line.box)), text=f"{last.text} {line.text}")
            else:
                whole.append(line)
    return whole


def _continues(lines: list[TextLine]) -> float:
    """Share of the lines that begin in the middle of a sentence."""
    starts = [line.text.lstrip()[:1] for line in lines]
    return sum(start.islower() for start in starts) / max(1, len(starts))


def rows_of(grouped: list[list[TextLine]]) -> list[Row]:
    """Lines by base line as rows, in the same order."""
    return [row for group in grouped if (row := _row(group)).text]


def base_lines(lines: Iterable[TextLine]) -> list[list[TextLine]]:
    """Lines by base line, top to bottom. A line drawn twice is taken once, as bold where the copies are shifted."""
    groups: list[list[TextLine]] = []
    reference: TextLine | None = None  # the longest text of the last group
    for line in sorted(lines, key=lambda line: (line.box.y0 + line.box.y1, line.box.x0)):
        if reference is None or not _on_one_line(reference, line):
            groups.append([line])
            reference = line
        elif (copy := next((n for n, other in enumerate(groups[-1]) if is_copy(line, other)), None)) is not None:
            if line.box.x0 - groups[-1][copy].box.x0 >= _SHIFT_PT:
                groups[-1][copy] = groups[-1][copy]._replace(is_bold=True)
        else:
            groups[-1].append(line)
            reference = line if len(line.text) > len(reference.text) else reference
    return groups


def _on_one_line(reference: TextLine, line: TextLine) -> bool:
    _, top, _, bottom = reference.box
    _, line_top, _, line_bottom = line.box
    height, line_height = bottom - top, line_bottom - line_top
    least, most = (height, line_height) if height < line_height else (line_height, height)
    if most > 1.8 * least:  # an initial over several lines
        return abs(bottom - line_bottom) < 0.4 * least
    return min(bottom, line_bottom) - max(top, line_top) > 0.5 * least


def is_copy(line: TextLine, other: TextLine) -> bool:
    """Whether two lines are the same text, drawn twice in one place."""
    if line.text != other.text:
        return False
    return abs(line.box.x0 - other.box.x0) < ONE_PLACE_PT and abs(line.box.y0 - other.box.y0) < ONE_PLACE_PT


def _row(group: list[TextLine]) -> Row:
    if len(group) == 1:
        line = group[0]
        return Row(line.box, clean(line.text), line.size, line.is_bold)
    group = sorted(group, key=lambda line: line.box.x0)
    main = max(group, key=lambda line: len(line.text))
    text = clean(" ".join(line.text for line in group))
    return Row(union(line.box for line in group), text, main.size, all(line.is_bold for line in group))


def paragraphs_of(rows: list[Row]) -> list[Paragraph]:
    """Rows of one region as paragraphs: parted by space, indents, list marks, short last rows and changes of font."""
    if not rows:
        return []
    column = union(row.box for row in rows)
    pitches = [below.box.y0 - above.box.y0 for above, below in itertools.pairwise(rows)]
    pitch = median(pitches) if len(pitches) >= 3 else 0.0
    centered = [_is_centered(row, column) for row in rows]
    starts = [0]
    for number, (above, below) in enumerate(itertools.pairwise(rows), start=1):
        are_centered = centered[number - 1] and centered[number]
        if _starts_paragraph(above, below, column, pitch, are_centered=are_centered):
            starts.append(number)
    bounds = itertools.pairwise([*starts, len(rows)])
    return [Paragraph(tuple(rows[start:end]), all(centered[start:end])) for start, end in bounds]


def _is_centered(row: Row, column: Box) -> bool:
    left, _, right, _ = row.box
    column_left, _, column_right, _ = column
    width = column_right - column_left
    if right - left >= 0.85 * width:
        return False
    return abs((left + right) / 2 - (column_left + column_right) / 2) < 0.03 * width


def _starts_paragraph(above: Row, below: Row, column: Box, pitch: float, *, are_centered: bool) -> bool:
    if _looks_apart(above, below, pitch) or (above.text[-1:].isdigit() and CONTENTS_ENTRY.search(above.text)):
        return True
    ends_short = above.box.x1 < column.x1 - 0.12 * column.width
    if ends_short and (above.text.endswith(";") or _is_title_over(above, below, column)):
        return True
    begins_with_word = below.text[:2].isalpha()  # most do, and no mark of an item does
    if not begins_with_word and _is_item_or_page_number(below, column):
        return True
    if are_centered:
        return False
    size = below.size or 1.0
    is_outdented = below.box.x0 < above.box.x0 - 0.8 * size and above.box.x0 > column.x0 + 0.4 * column.width
    starts_new = not below.text[:1].islower()
    if begins_with_word and not starts_new:
        return is_outdented
    is_indented = below.box.x0 > above.box.x0 + 0.8 * size and below.box.x0 < column.x0 + 0.4 * column.width
    ends_sentence = above.text.endswith(_SENTENCE_END)
    mark = None if begins_with_word else next((mark for mark in (_NUMBERED, _DASHED) if mark.match(below.text)), None)
    if mark is not None:
        return ends_sentence or ends_short or is_indented or bool(mark.match(above.text))
    if is_indented and starts_new and (ends_sentence or ends_short):
        return True
    if is_outdented:
        return True
    if ends_short and starts_new:
        return ends_sentence or above.box.x1 < column.x1 - _TITLE_SHARE * column.width
    return False


def _is_title_over(above: Row, below: Row, column: Box) -> bool:
    """Whether a bold row stands over plain text that begins with a small letter, such as items without marks."""
    return above.is_bold and not below.is_bold and above.box.x1 < column.x1 - _TITLE_SHARE * column.width


def _is_item_or_page_number(row: Row, column: Box) -> bool:
    if _BULLET.match(row.text):
        return True
    return bool(_PAGE_NUMBER.fullmatch(row.text)) and row.box.x0 > column.x0 + 0.3 * column.width


def _looks_apart(above: Row, below: Row, pitch: float) -> bool:
    """Another font size or weight, or more space than between the rows of this region."""
    size = max(above.size, below.size, 1.0)
    is_in_sentence = below.text[:1].islower() and not above.text.endswith(_SENTENCE_END)
    if abs(above.size - below.size) > 0.12 * size or (above.is_bold != below.is_bold and not is_in_sentence):
        return True
    step = below.box.y0 - above.box.y0
    usual = min(pitch, 2.2 * size) if pitch else 1.6 * size
    return step > 1.3 * usual + 1.0
