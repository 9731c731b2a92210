"""Ruled tables of a page for Tesseract: the rules taken out, words put into cells, doubtful cells read again.

Left in the page, the rules are read as letters («|», «[»), cells beside each other as one line, and columns of single
digits not at all. Of 555 cells of invented tenders, printed and scanned, 70 % are right with words put into cells by
their boxes alone, 86 % with the rules taken out before, and 88 % cut out and stacked in one column; but a stack of
single digits is not read either, and short words lose the context that tells their alphabet. So the tables
without their rules are read first, cells that are empty, doubtful or shared by a word are stacked and read again, and
small ones that are still empty are read alone, forty at most. What stands around the tables is read apart from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median

from PIL import Image

from ocr_tasks.boxes import Box
from ocr_tasks.contract import BBox
from ocr_tasks.engines.tesseract_layout import Paragraph, ParagraphKind, TableCell
from ocr_tasks.engines.tesseract_turning import substance
from ocr_tasks.engines.tesseract_words import TextLine, Word
from ocr_tasks.ink import INK_LEVELS, darker_than_paper
from ocr_tasks.ruledgrid import Grid, grids_of
from ocr_tasks.scannedrules import LOOK_DPI, ScannedRules, find_rules

_REACH_PT = 2.0
"""Lines of a scan that meet do so; a blank to be filled in ends nearer to the rule beside it than drawn ones may."""
_SNAP_PT = 4.5
"""Lines nearer than any print is high: cells with frames of their own, a blank to be filled in on the rule below."""
_LEAST_ROW_PT = 6.0
_LEAST_TABLE_PT = 36.0
"""A table is wider than a word; the smallest print is as high as a row."""
_GAP_PT = 6.0
_PAD_PT = 4.0
"""White around a cell's ink in the stack: of those tried (4 to 16 points) the one that reads best."""
_WIDE = 0.25
"""Part of the page's width from which on cells are stacked apart from the narrow ones: a stack is as wide as its
widest."""
_TALLEST_PX = 30_000
_TALL = 2.0
_TALL_PT = 20.0
"""Ink that is so much higher than wide may be a line that runs up the page."""
_SMALLEST_PX = 2
"""Of ink in the look: less is a speck."""
_SPECKS = frozenset(".,:;'`’‘‚|¦_^~\"*·•°")
_SPECK_WORD = 2
_INSIDE = 0.2
"""Part of a word's width that reaches into the next cell before it is taken for words of both."""
_SURE = 0.85
"""A cell with a less sure word is read a second time."""
_AS_MUCH = 0.8
"""Of what was read over the rule between two cells, when it is read in each of them."""
_SMALL_PT = 30.0
_MOST_SINGLE = 40


@dataclass(frozen=True)
class _Crop:
    """The ink of one cell: where it is on the page, and that it is stacked turned, so that a line up is level."""

    cell: int
    box: tuple[int, int, int, int]
    is_turned: bool = False

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (height, width) if self.is_turned else (width, height)


@dataclass(frozen=True)
class Stack:
    """Cells one below the other, as an image to read as one column.

    Attributes:
        image: The image.
        crops: What is stacked, each with the pixel row at which it begins.
        pad_px: White to the left and right of it.
    """

    image: Image.Image
    crops: tuple[tuple[int, _Crop], ...]
    pad_px: int
    gap_px: int

    def crop_at(self, box: BBox) -> tuple[int, _Crop] | None:
        """The crop that a box of the stack's image lies in."""
        middle = (box[1] + box[3]) / 2
        for top, crop in self.crops:
            if top - self.gap_px / 2 <= middle < top + crop.size[1] + self.gap_px / 2:
                return top, crop
        return None

    def on_page(self, box: BBox) -> BBox:
        """A box of the stack's image on the page; of a turned crop all of it."""
        found = self.crop_at(box)
        if found is None:
            return box
        top, crop = found
        left, upper, right, lower = crop.box
        if crop.is_turned:
            return float(left), float(upper), float(right), float(lower)
        across, down = left - self.pad_px, upper - top
        return box[0] + across, box[1] + down, box[2] + across, box[3] + down


@dataclass(frozen=True)
class CellTexts:
    """What was read in the cells of a page, by their numbers; ``doubtful`` ones should be read again.

    ``shared``: cells that a word was read over; it stands in the first of them.
    """

    lines: Mapping[int, tuple[TextLine, ...]]
    doubtful: frozenset[int]
    shared: frozenset[tuple[int, ...]] = frozenset()


@dataclass(frozen=True)
class RuledPage:
    """A page with ruled tables.

    Attributes:
        image: The tables without their rules, where they are on the page, and nothing else.
        rest: The page without the tables: what stands around them keeps its layout.
    """

    image: Image.Image
    rest: Image.Image
    _rules: ScannedRules
    _tables: tuple[_RuledTable, ...]
    _crops: tuple[_Crop, ...]
    _dpi: float

    def taken_apart(self, paragraphs: Sequence[Paragraph]) -> tuple[list[Paragraph], CellTexts]:
        """What was read on ``image`` beside the cells, and what in them."""
        outside: list[Paragraph] = []
        found: dict[int, list[TextLine]] = defaultdict(list)
        crossing: set[tuple[int, ...]] = set()
        for paragraph in paragraphs:
            if paragraph.kind is ParagraphKind.PICTURE:
                outside.append(paragraph)
                continue
            kept: list[list[TextLine]] = [[]]
            for line in paragraph.lines:
                parts = self._parts(line, crossing)
                if None in parts:
                    kept[-1].append(parts.pop(None))
                elif kept[-1]:  # what stands above a table is no paragraph with what stands below it
                    kept.append([])
                for cell, part in parts.items():
                    if cell is not None and part.words:
                        found[cell].append(part)
            outside.extend(replace(paragraph, lines=tuple(lines)) for lines in kept if lines)
        lines = {cell: tuple(sorted(parts, key=lambda line: line.words[0].bbox_px[1])) for cell, parts in found.items()}
        crossed = {cell for cells in crossing for cell in cells}
        doubtful = {crop.cell for crop in self._crops if crop.cell in crossed or not _is_sure(lines.get(crop.cell, ()))}
        return outside, CellTexts(lines, frozenset(doubtful), frozenset(crossing))

    def _parts(self, line: TextLine, crossing: set[tuple[int, ...]]) -> dict[int | None, TextLine]:
        """The words of a line by cells, None for those outside; cells that share a word are added to ``crossing``."""
        by_cell: dict[int | None, list[Word]] = defaultdict(list)
        for word in line.words:
            cells = self._cells_of(word.bbox_px)
            by_cell[cells[0] if cells else None].append(word)
            if len(cells) > 1:
                crossing.add(tuple(cells))
        parts = {cell: replace(line, words=tuple(words)) for cell, words in by_cell.items()}
        return {cell: part if cell is None else _without_specks(part) for cell, part in parts.items()}

    def _cells_of(self, box: BBox) -> list[int]:
        """The cells that a word stands in: that of its middle first, with another where it reaches far into it."""
        middle = (box[1] + box[3]) / 2
        places = [
            (box[0] + box[2]) / 2,
            *(edge + (1 - 2 * n) * _INSIDE * (box[2] - box[0]) for n, edge in ((0, box[0]), (1, box[2]))),
        ]
        found = [self._cell_at(*self._rules.straight(place, middle)) for place in places]
        return list(dict.fromkeys(cell for cell in found if cell is not None)) if found[0] is not None else []

    def _cell_at(self, x_pt: float, y_pt: float) -> int | None:
        for table in self._tables:
            if table.grid.box.holds(x_pt, y_pt):
                for number, cell in enumerate(table.grid.cells):
                    if cell.box.holds(x_pt, y_pt):
                        return table.first_cell + number
        return None

    def stacks(self, texts: CellTexts) -> list[Stack]:
        """The doubtful cells in one column each."""
        return list(_stacks(self.image, [crop for crop in self._crops if crop.cell in texts.doubtful], self._dpi))

    def single_cells(self, texts: CellTexts) -> list[Stack]:
        """Small cells in which nothing was read, one by one: columns of single digits are not read as columns."""
        unread = [crop for crop in self._crops if not texts.lines.get(crop.cell) and not crop.is_turned]
        small_px = _SMALL_PT / 72 * self._dpi
        small = [crop for crop in unread if max(crop.size) <= small_px][:_MOST_SINGLE]
        return [stack for crop in small for stack in _stacks(self.image, [crop], self._dpi)]

    def better(self, texts: CellTexts, stacks: Sequence[Stack], read: Sequence[Sequence[Paragraph]]) -> CellTexts:
        """The texts of the cells, with what was read in ``stacks`` where it says more.

        Cells that shared a word are taken anew together, or none of them gets what the first has of it already.
        """
        again: dict[tuple[int, bool], list[TextLine]] = defaultdict(list)
        for stack, paragraphs in zip(stacks, read, strict=True):
            for line in (line for paragraph in paragraphs for line in paragraph.lines):
                found = stack.crop_at(line.words[0].bbox_px) if line.words else None
                if found is not None and (part := _without_specks(line)).words:
                    words = tuple(replace(word, bbox_px=stack.on_page(word.bbox_px)) for word in part.words)
                    again[found[1].cell, found[1].is_turned].append(replace(part, words=words))
        lines = dict(texts.lines)
        for (cell, _), second in again.items():
            if not lines.get(cell) or _says(second) > _says(lines[cell]):
                lines[cell] = tuple(second)
        for cells in sorted(texts.shared):
            parts = {cell: tuple(again.get((cell, False), ())) for cell in cells}
            first = [line for cell in cells for line in texts.lines.get(cell, ())]
            if all(parts.values()) and _says(chain.from_iterable(parts.values())) >= _AS_MUCH * _says(first):
                lines.update(parts)
                continue
            whole = _letters(lines.get(cells[0], ()))
            lines.update({cell: texts.lines.get(cell, ()) for cell in cells[1:] if _letters(parts[cell]) in whole})
        return CellTexts(lines, texts.doubtful)

    def with_tables(self, paragraphs: Sequence[Paragraph], texts: CellTexts) -> list[Paragraph]:
        """All that was read, in reading order: each table behind what stands above it."""
        ordered = _downwards(paragraphs)
        for table in self._tables:
            made = table.filled(texts.lines)
            ordered.insert(_place_in(ordered, made.bbox_px), made)
        return ordered


@dataclass(frozen=True)
class _RuledTable:
    """A grid on the page image; ``first_cell`` is the number of its first cell among those of the page."""

    grid: Grid
    bbox_px: BBox
    first_cell: int

    def filled(self, texts: Mapping[int, tuple[TextLine, ...]]) -> Paragraph:
        places = {
            (cell.row, cell.column): texts.get(self.first_cell + number, ())
            for number, cell in enumerate(self.grid.cells)
        }
        cells = tuple(TableCell(place, places.get((place.row, place.column), ())) for place in self.grid.places())
        return Paragraph(
            kind=ParagraphKind.TABLE,
            lines=tuple(line for cell in cells for line in cell.lines),
            bbox_px=self.bbox_px,
            cells=cells,
        )


def find_ruled_page(image: Image.Image, dpi: float) -> RuledPage | None:
    """The page taken apart into its ruled tables and the rest; None where it has no ruled table.

    Args:
        image: The page, grey and level.
        dpi: Its resolution.
    """
    rules = find_rules(image, dpi)
    grids = _table_grids(rules, image) if rules else []
    if rules is None or not grids:
        return None
    clean = rules.erased(image, [cell.box for grid in grids for cell in grid.cells])
    cutter = _Cutter(clean, dpi)
    tables: list[_RuledTable] = []
    crops: list[_Crop] = []
    count = 0
    for grid in grids:
        tables.append(_RuledTable(grid, _bounds(rules.on_image(cell.box) for cell in grid.cells), count))
        for cell in grid.cells:
            crops.extend(cutter.crops(count, rules.on_image(cell.box)))
            count += 1
    around, inside = _parted(clean, [table.bbox_px for table in tables])
    return RuledPage(inside, around, rules, tuple(tables), tuple(crops), dpi)


def _parted(clean: Image.Image, tables: Iterable[BBox]) -> tuple[Image.Image, Image.Image]:
    """A page whose rules are erased without its tables, and the tables alone."""
    paper = _paper(clean)
    around, inside = clean.copy(), Image.new("L", clean.size, paper)
    for table in tables:
        left, top, right, bottom = (round(edge) for edge in table)
        inside.paste(clean.crop((left, top, right, bottom)), (left, top))
        around.paste(paper, (left, top, right, bottom))
    return around, inside


def _table_grids(rules: ScannedRules, image: Image.Image) -> list[Grid]:
    grids = [
        grid
        for grid in grids_of(rules.across, rules.down, reach_pt=_REACH_PT, snap_pt=_SNAP_PT)
        if grid.column_count > 1 and _has_room(grid)
    ]
    page = Box(0, 0, image.width * rules.points_a_pixel, image.height * rules.points_a_pixel)
    boxes = [grid.box for grid in grids]
    return [grid for grid in grids if not grid.is_frame(boxes, page)]


def _has_room(grid: Grid) -> bool:
    """Whether print fits into most cells; lines so near each other are strokes of letters that ran together."""
    heights, widths = (median(sides) for sides in zip(*((c.box.height, c.box.width) for c in grid.cells), strict=True))
    return heights >= _LEAST_ROW_PT and widths >= _LEAST_ROW_PT and grid.box.width >= _LEAST_TABLE_PT


class _Cutter:
    """Finds the ink of cells."""

    def __init__(self, image: Image.Image, dpi: float) -> None:
        self._look_px = min(max(1, round(dpi / LOOK_DPI)), *image.size)
        self._ink = darker_than_paper(image.reduce(self._look_px), INK_LEVELS)
        self._tall_px = _TALL_PT / 72 * dpi

    def crops(self, cell: int, box: tuple[int, int, int, int]) -> Iterator[_Crop]:
        """The ink within a cell; none where it is empty, twice where its line may run up the page."""
        left, top = box[0] // self._look_px + 1, box[1] // self._look_px + 1
        right, bottom = max(left + 1, box[2] // self._look_px), max(top + 1, box[3] // self._look_px)
        ink = self._ink.crop((left, top, right, bottom)).getbbox()
        if ink is None or max(ink[2] - ink[0], ink[3] - ink[1]) <= _SMALLEST_PX:
            return
        around = (left + ink[0] - 1, top + ink[1] - 1, left + ink[2] + 1, top + ink[3] + 1)
        crop = _Crop(cell, _scaled(around, self._look_px))
        yield crop
        width, height = crop.size
        if height >= self._tall_px and height >= _TALL * width:
            yield replace(crop, is_turned=True)


def _stacks(image: Image.Image, crops: list[_Crop], dpi: float) -> Iterator[Stack]:
    paper = _paper(image)
    gap_px, pad_px = round(_GAP_PT / 72 * dpi), round(_PAD_PT / 72 * dpi)
    for is_wide in (False, True):
        waiting: list[_Crop] = []
        height = 0
        for crop in (crop for crop in crops if (crop.size[0] > _WIDE * image.width) is is_wide):
            if waiting and height + crop.size[1] + gap_px > _TALLEST_PX:
                yield _stack(image, waiting, gap_px, pad_px, paper)
                waiting, height = [], 0
            waiting.append(crop)
            height += crop.size[1] + gap_px
        if waiting:
            yield _stack(image, waiting, gap_px, pad_px, paper)


def _stack(image: Image.Image, crops: list[_Crop], gap_px: int, pad_px: int, paper: int) -> Stack:
    width = max(crop.size[0] for crop in crops) + 2 * pad_px
    stack = Image.new("L", (width, sum(crop.size[1] + gap_px for crop in crops) + gap_px), paper)
    placed: list[tuple[int, _Crop]] = []
    top = gap_px
    for crop in crops:
        part = image.crop(crop.box)
        stack.paste(part.transpose(Image.Transpose.ROTATE_270) if crop.is_turned else part, (pad_px, top))
        placed.append((top, crop))
        top += crop.size[1] + gap_px
    return Stack(stack, tuple(placed), pad_px, gap_px)


def _without_specks(line: TextLine) -> TextLine:
    """The line without specks that were read as signs."""
    words = (word for word in line.words if len(word.text) > _SPECK_WORD or not _SPECKS.issuperset(word.text))
    return replace(line, words=tuple(words))


def _is_sure(lines: Sequence[TextLine]) -> bool:
    return bool(lines) and all(word.confidence >= _SURE for line in lines for word in line.words)


def _letters(lines: Iterable[TextLine]) -> str:
    return "".join(word.text for line in lines for word in line.words)


def _says(lines: Iterable[TextLine]) -> float:
    return substance(word for line in lines for word in line.words)


def _downwards(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs from top to bottom, as they are where some stand beside each other: cells taken out leave columns."""
    placed = [(box, paragraph) for paragraph in paragraphs if (box := paragraph.box)]
    for number, (one, _) in enumerate(placed):
        for other, _ in placed[:number]:
            shared = min(one[3], other[3]) - max(one[1], other[1])
            if shared > 0.5 * min(one[3] - one[1], other[3] - other[1]):
                return list(paragraphs)
    return [paragraph for _, paragraph in sorted(placed, key=lambda pair: pair[0][1])]


def _place_in(paragraphs: Sequence[Paragraph], table: BBox) -> int:
    """Where in reading order a table comes: behind the last paragraph above it, or before the first one below."""
    boxes = [paragraph.box for paragraph in paragraphs]
    overlapping = [number for number, box in enumerate(boxes) if box and box[0] < table[2] and box[2] > table[0]]
    middle = (table[1] + table[3]) / 2
    above = [number for number in overlapping if (box := boxes[number]) and (box[1] + box[3]) / 2 < middle]
    if above:
        return above[-1] + 1
    return overlapping[0] if overlapping else len(paragraphs)


def _paper(image: Image.Image) -> int:
    """The most common level of grey."""
    histogram = image.reduce(min(8, *image.size)).histogram()
    return histogram.index(max(histogram))


def _bounds(boxes: Iterable[tuple[int, int, int, int]]) -> BBox:
    left, top, right, bottom = zip(*boxes, strict=True)
    return float(min(left)), float(min(top)), float(max(right)), float(max(bottom))


def _scaled(box: tuple[int, int, int, int], factor: int) -> tuple[int, int, int, int]:
    return box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor
