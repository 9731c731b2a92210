"""Forms on pages that OCR read: labels and values that an engine saw as columns of text are put beside each other.

Tesseract reads the columns of a form, ruled or not, one after the other. The lines that it saw and their boxes are
enough to find forms as on digital pages (:mod:`tenderlake.alignedforms`); engines that see tables themselves, or tell
no lines, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from ocr_tasks.boxes import Box
from ocr_tasks.contract import Block, BlockLabel, ContentFormat, Line, PageResult
from tenderlake.alignedforms import take_forms, taken_lines
from tenderlake.pagelines import TextLine
from tenderlake.ruledtables import PageTable
from tenderlake.wording import HyphenHabits

_SIZE_PT = 10.0
_SIZE_SHARE = 0.8
"""Of the height of a line is the size of its font."""
_SEEN = frozenset({BlockLabel.TEXT, BlockLabel.LIST_ITEM, BlockLabel.HEADING, BlockLabel.TABLE})


def with_forms(page: PageResult) -> PageResult:
    """The page with its forms as tables of labels and values; the same page where there are none."""
    seen = [(line, block) for block in page.blocks if _is_seen(block) for line in block.lines]
    if not seen:
        return page
    points_a_pixel = _SIZE_PT / max(1.0, _SIZE_SHARE * median(line.bbox_px[3] - line.bbox_px[1] for line, _ in seen))
    lines = {_text_line(line, points_a_pixel): line for line, _ in seen}
    forms, _ = take_forms(list(lines), HyphenHabits.of([line.text for line in lines]))
    if not forms:
        return page
    made: dict[int, list[Block]] = {}
    taken: set[int] = set()
    for form in forms:
        of_form = [id(lines[line]) for line in taken_lines(form, lines)]
        first = next(
            number for number, block in enumerate(page.blocks) if any(id(one) in of_form for one in block.lines)
        )
        made.setdefault(first, []).append(_block(form, points_a_pixel))
        taken.update(of_form)
    return page.model_copy(update={"blocks": tuple(_rebuilt(page.blocks, made, taken))})


def _is_seen(block: Block) -> bool:
    return block.content_format is ContentFormat.TEXT and block.label in _SEEN


def _text_line(line: Line, points_a_pixel: float) -> TextLine:
    box = Box(*(edge * points_a_pixel for edge in line.bbox_px))
    return TextLine(box, line.text, _SIZE_PT, is_bold=False)


def _block(form: PageTable, points_a_pixel: float) -> Block:
    x0, y0, x1, y1 = (edge / points_a_pixel for edge in form.box)
    return Block(label=BlockLabel.TABLE, bbox_px=(x0, y0, x1, y1), content=form.html, content_format=ContentFormat.HTML)


def _rebuilt(blocks: tuple[Block, ...], made: dict[int, list[Block]], taken: set[int]) -> Iterator[Block]:
    """The blocks without the lines that forms took; each form where the first of them was."""
    for number, block in enumerate(blocks):
        left = tuple(line for line in block.lines if id(line) not in taken)
        before = tuple(line for line in left if made.get(number) and line.bbox_px[1] < made[number][0].bbox_px[1])
        if len(left) == len(block.lines):
            yield block
            continue
        yield from _with_lines(block, before)
        yield from made.get(number, ())
        yield from _with_lines(block, tuple(line for line in left if line not in before))


def _with_lines(block: Block, lines: tuple[Line, ...]) -> Iterator[Block]:
    """The block with these of its lines, if any."""
    if not lines:
        return
    edges = list(zip(*(line.bbox_px for line in lines), strict=True))
    box = (min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))
    content = "\n".join(line.text for line in lines)
    yield block.model_copy(update={"bbox_px": box, "content": content, "lines": lines})
