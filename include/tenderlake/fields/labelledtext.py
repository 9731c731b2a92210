"""Text behind a label: «Предмет закупки: …», the cell beside «Юридический адрес», the line under a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedLine, PlacedTable
from tenderlake.lake.vocabulary import FieldMethod

LONGEST_TEXT = 1000
_NUMBERING = re.compile(r"[\s|«\"]{0,4}(?:[-–—•*]\s{1,3})?(?:(?:\d{1,2}[.)]?){1,4}\s?[|.)]?\s{0,2})?")
_SEPARATOR = re.compile(r"(?:\s{0,3}\([^()\n\t]{1,80}\))?\s{0,2}(?:[:–—-]|\.(?=\s*$|\n))?[^\S\n]{0,3}", re.MULTILINE)
_DASH = re.compile(r"\s{1,2}[–—-]\s{1,2}")
_LABEL_OF_NEXT = re.compile(r"\s{2,}|[.;]?\s(?=[А-ЯЁ][а-яё]{2,20}(?: [а-яё]{2,20}){0,3}\s?:)")
_ENDS_SENTENCE = (".", ";", ":")
_MOST_LINES = 6
_MOST_CELLS = 100
_MOST_LABELS = 2000
_LONGEST_LABEL_CELL = 120
_LONGEST_HEADING = 40
_ROW_NUMBER = re.compile(r"\d{1,3}[.)]?")
_LABEL_AND_VALUE = 2
"""Columns of a table that is a form."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """``text[start:end]`` behind the label at ``label_start``. ``is_column``: one of the cells of its column."""

    label_start: int
    start: int
    end: int
    method: FieldMethod
    is_column: bool = False

    def words(self, page: PageReading) -> str:
        """The label itself with what stands around it in its cell or between it and the value."""
        if self.method is FieldMethod.LABEL:
            return page.text[self.label_start : self.start]
        place = page.cell_at(self.label_start)
        return page.text[place[1].start : min(place[1].end, place[1].start + _LONGEST_LABEL_CELL)] if place else ""


def labelled_texts(page: PageReading, label: re.Pattern[str], *, anywhere: bool = False) -> Iterator[Labelled]:
    """The texts behind a label that stands at the beginning of a line or a cell, or anywhere with a colon.

    Behind a colon, the rest of its sentence; else the cell to the right or below, or the line under it.
    """
    for match in islice(label.finditer(page.lined_text), _MOST_LABELS):
        place = page.cell_at(match.start())
        begin = _line_start(page, match.start(), place)
        head = _NUMBERING.match(page.lined_text, begin, match.start())
        is_first = head is not None and head.end() == match.start()
        separator = _SEPARATOR.match(page.lined_text, match.end())
        end_of_label = separator.end() if separator else match.end()
        has_dash = _DASH.fullmatch(page.lined_text, match.end(), end_of_label) is not None
        has_colon = ":" in page.lined_text[match.end() : end_of_label]
        if not is_first and not (anywhere and has_colon):
            continue
        end = _line_end(page, match.end(), place)
        if place is None and (line := page.line_beside(match.start(), match.end())) is not None and is_first:
            yield Labelled(match.start(), line.start, _end_of_column(page, line), FieldMethod.LABEL)
        elif end_of_label < end and (has_colon or _goes_on(page, end_of_label) or (is_first and has_dash)):
            yield Labelled(match.start(), end_of_label, _end_of(page, end_of_label, end), FieldMethod.LABEL)
        elif place is not None:
            yield from _beside(*place, match.start(), match.end(), page.text)
        elif (has_colon or is_first) and end_of_label >= end:
            yield from _under(page, match.start(), end)


def _end_of_column(page: PageReading, line: PlacedLine) -> int:
    """Where a value ends that stands beside its label: with its last line that has no other label beside it."""
    end = line.end
    for _ in range(_MOST_LINES):
        following = page.line_at(end + 1) or page.line_at(end)
        if following is None or following.start < end or following.bbox_px[0] > line.bbox_px[2]:
            break
        if following.bbox_px[1] - line.bbox_px[3] > line.bbox_px[3] - line.bbox_px[1] or page.has_line_left_of(
            following
        ):
            break
        line, end = following, following.end
    return min(end, line.end)


def _goes_on(page: PageReading, position: int) -> bool:
    """Whether a line without a colon goes on with a value: on OCR pages columns stand in one line."""
    return page.is_ocr and page.lined_text[position : position + 1].isupper()


def _line_start(page: PageReading, position: int, place: tuple[PlacedTable, PlacedCell] | None) -> int:
    line = page.line_start(position)
    if place is not None:
        return max(line, place[1].start)
    seen = page.line_at(position)
    return max(line, seen.start) if seen is not None else line


def _line_end(page: PageReading, position: int, place: tuple[PlacedTable, PlacedCell] | None) -> int:
    line = page.line_end(position)
    return min(line, place[1].end) if place else line


def _end_of(page: PageReading, start: int, end: int) -> int:
    """Where a text ends that begins on a line: with it, or some lines on where the line was broken in a sentence."""
    piece = page.piece_at(start)
    limit = min(piece.end if piece and piece.table is None else end, start + LONGEST_TEXT)
    for _ in range(_MOST_LINES):
        following = page.lined_text[end + 1 : end + 2]
        if (
            end >= limit
            or page.lined_text[end - 1] in _ENDS_SENTENCE
            or not (following.islower() or following.isdigit())
        ):
            break
        end = min(page.line_end(end + 1), limit)
    other = _LABEL_OF_NEXT.search(page.lined_text, start, min(end, start + LONGEST_TEXT))
    return min(other.start() if other else end, start + LONGEST_TEXT)


def _heads_columns(table: PlacedTable, cell: PlacedCell, right: PlacedCell, text: str) -> bool:
    """Whether a cell is in the header of columns: first row of a table with more, its neighbour a few words too."""
    if cell.is_header and right.is_header:
        return True
    if any(_ROW_NUMBER.fullmatch(text, left.start, left.end) for left in table.left_of(cell)):
        return False  # «1 | Фирменное наименование | ИП Сафина»
    if _are_numbered(table, cell, right, text):
        return True
    words = text[right.start : right.end]
    is_label = len(words) <= _LONGEST_HEADING and not any(letter.isdigit() or letter in '«»"@' for letter in words)
    return cell.row == 0 and table.column_count > _LABEL_AND_VALUE and is_label and any(True for _ in table.below(cell))


def _are_numbered(table: PlacedTable, cell: PlacedCell, right: PlacedCell, text: str) -> bool:
    """Whether the row under two cells numbers them as columns: «1 | 2 | 3»."""
    under = [next(table.below(one), None) for one in (cell, right)]
    return all(one is not None and _ROW_NUMBER.fullmatch(text, one.start, one.end) for one in under)


def _beside(table: PlacedTable, cell: PlacedCell, label_start: int, label_end: int, text: str) -> Iterator[Labelled]:
    if cell.end - label_end > _LONGEST_LABEL_CELL:
        return
    right = table.right_of(cell)
    if right is not None and not _heads_columns(table, cell, right, text):
        yield Labelled(label_start, right.start, min(right.end, right.start + LONGEST_TEXT), FieldMethod.CELL)
    else:
        for below in islice(table.below(cell), _MOST_CELLS):
            if not below.is_empty:
                end = min(below.end, below.start + LONGEST_TEXT)
                yield Labelled(label_start, below.start, end, FieldMethod.CELL, is_column=True)


def _under(page: PageReading, label_start: int, end: int) -> Iterator[Labelled]:
    text = page.lined_text
    gap = re.compile(r"\n{1,2}").match(text, end)
    if gap is not None and gap.end() < len(text) and page.cell_at(gap.end()) is None:
        line_end = page.line_end(gap.end())
        yield Labelled(label_start, gap.end(), _end_of(page, gap.end(), line_end), FieldMethod.LABEL)
