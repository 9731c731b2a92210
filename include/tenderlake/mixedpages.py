"""Puts together what the text layer and OCR say about one page.

The native page has an empty picture block for every area that OCR was shown. What OCR read in an area takes the place
of its block; where native text lies over the area (a form filled in on a scan, a seal over signatures), the blocks of
both are read by their height.
"""

from __future__ import annotations

from ocr_tasks.boxes import Box
from ocr_tasks.contract import BBox, Block, BlockLabel, PageResult, PageStatus
from tenderlake.pageflags import PageFlag
from tenderlake.pagelines import Turn


def merged(native: PageResult, read: PageResult) -> PageResult:
    """A mixed page: native text with what OCR read in its pictures.

    Where OCR failed, the native text stays, and the page is flagged: text that is safe is not given up for a seal that
    is not. The boxes are those of the native page.
    """
    flags = tuple(dict.fromkeys((*native.quality_flags, *read.quality_flags)))
    if read.status is PageStatus.FAILED:
        flags = tuple(dict.fromkeys((*flags, PageFlag.PICTURES_NOT_READ.value)))
        return native.model_copy(update={"quality_flags": flags})
    found = [_turned_back(block, read) for block in read.blocks]
    update = {
        "blocks": tuple(_filled(native.blocks, found)),
        "quality_flags": flags,
        "rotation_deg": 0,
        "width_px": native.width_px,
        "height_px": native.height_px,
    }
    return read.model_copy(update=update)


def _filled(blocks: tuple[Block, ...], found: list[Block]) -> list[Block]:
    """The blocks of a native page with what was found in its picture areas."""
    areas = {number: block.bbox_px for number, block in enumerate(blocks) if _is_area(block)}
    if not areas:
        return [*blocks, *found]
    groups: dict[int, list[Block]] = {number: [] for number in areas}
    for block in found:
        if block.content.strip():
            groups[min(areas, key=lambda number: _distance(areas[number], _center(block)))].append(block)
    moved: set[int] = set()
    for area, group in groups.items():
        if group:
            over = [
                n for n, block in enumerate(blocks) if n not in areas and _distance(areas[area], _center(block)) == 0
            ]
            over = [number for number in over if number not in moved]
            moved.update(over)
            groups[area] = _by_height(group, [blocks[number] for number in over])
    filled: list[Block] = []
    for number, block in enumerate(blocks):
        if number not in moved:
            filled.extend(groups.get(number) or [block])
    return filled


def _is_area(block: Block) -> bool:
    return block.label is BlockLabel.PICTURE and not block.content


def _by_height(read: list[Block], over: list[Block]) -> list[Block]:
    """Blocks of two readings of the same area, each in its own order, the higher one first."""
    result: list[Block] = []
    waiting = list(over)
    for block in read:
        while waiting and _center(waiting[0])[1] < _center(block)[1]:
            result.append(waiting.pop(0))
        result.append(block)
    return result + waiting


def _center(block: Block) -> tuple[float, float]:
    x0, y0, x1, y1 = block.bbox_px
    return (x0 + x1) / 2, (y0 + y1) / 2


def _distance(box: BBox, point: tuple[float, float]) -> float:
    """0 inside the box."""
    (x0, y0, x1, y1), (x, y) = box, point
    return max(x0 - x, 0.0, x - x1) + max(y0 - y, 0.0, y - y1)


def _turned_back(block: Block, read: PageResult) -> Block:
    """A block with boxes on the page image as it was given to OCR, where OCR turned it to read it."""
    if read.rotation_deg == 0:
        return block
    lines = tuple(line.model_copy(update={"bbox_px": _box_back(line.bbox_px, read)}) for line in block.lines)
    polygon = None  # that of a turned block is not worth the arithmetic: its box says where it is
    return block.model_copy(update={"bbox_px": _box_back(block.bbox_px, read), "lines": lines, "polygon_px": polygon})


def _box_back(bbox: BBox, read: PageResult) -> BBox:
    turn = Turn(read.rotation_deg, float(read.width_px), float(read.height_px))
    return tuple(turn.unapply(Box(*bbox)))  # type: ignore[return-value]  # four numbers
