"""Makes the blocks of a page from what the PaddleOCR-VL pipeline found. No PaddleOCR in here: plain values.

The order of the pipeline's list is the reading order; its ``block_order`` is not, it is empty for tables and pictures.
What a model writes is hostile: of HTML only the structure of tables passes, of text nothing that is no text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat
from ocr_tasks.htmltables import Cell, Table, parse_html_table, table_html

_LABELS = {
    "abstract": BlockLabel.TEXT,
    "algorithm": BlockLabel.TEXT,
    "aside_text": BlockLabel.OTHER,
    "chart": BlockLabel.PICTURE,
    "content": BlockLabel.TEXT,
    "display_formula": BlockLabel.FORMULA,
    "doc_title": BlockLabel.TITLE,
    "figure_title": BlockLabel.CAPTION,
    "footer": BlockLabel.FOOTER,
    "footer_image": BlockLabel.PICTURE,
    "footnote": BlockLabel.FOOTNOTE,
    "formula_number": BlockLabel.OTHER,
    "header": BlockLabel.HEADER,
    "header_image": BlockLabel.PICTURE,
    "image": BlockLabel.PICTURE,
    "inline_formula": BlockLabel.FORMULA,
    "number": BlockLabel.PAGE_NUMBER,
    "paragraph_title": BlockLabel.HEADING,
    "reference": BlockLabel.TEXT,
    "reference_content": BlockLabel.TEXT,
    "seal": BlockLabel.SEAL,
    "table": BlockLabel.TABLE,
    "text": BlockLabel.TEXT,
    "vertical_text": BlockLabel.TEXT,
    "vision_footnote": BlockLabel.CAPTION,
}
"""The labels of PP-DocLayoutV3 and V2. A chart that was read becomes a table."""
_HEADING_LEVELS = {BlockLabel.TITLE: 1, BlockLabel.HEADING: 2}
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_HEADING_MARK = re.compile(r"^\s*#{1,6}(?:\s+|$)")
_FORMULA_MARK = re.compile(r"(?<!\\)(?:\$\$?|\\[\[\]()])")
_NO_TAG = re.compile(
    r"<(?!/?(?:table|thead|tbody|tfoot|tr|td|th|br|p|div|li|ul|ol|b|i|u|s|em|strong|small|sub|sup|span|font|center"
    r"|caption|col|colgroup|img|html|body)\b[^<>]*>)",
    re.IGNORECASE,
)
"""A sign that begins no tag a table has: «x<y» must not be taken for one and lost."""


class PipelineBlock(Protocol):
    """What is used of PaddleX's ``PaddleOCRVLBlock``."""

    label: str
    bbox: Sequence[float]
    content: str
    group_id: int | None
    polygon_points: Iterable[Iterable[float]] | None


def page_blocks(result: Mapping[str, Any], *, width_px: int, height_px: int) -> tuple[Block, ...]:
    """The blocks of one page in reading order.

    Parts of a group that the pipeline joined to read them at once are one block here, with the box around all of them:
    the text stands in the first part only. Text has no confidence, because the model gives none.

    Args:
        result: A ``PaddleOCRVLResult``.
        width_px: Width of the page; boxes are kept within it.
        height_px: Its height.
    """
    scores = _layout_scores(result)
    groups: dict[object, list[PipelineBlock]] = {}
    for number, block in enumerate(result["parsing_res_list"]):
        groups.setdefault(("alone", number) if block.group_id is None else block.group_id, []).append(block)
    return tuple(_block(group, scores, width_px, height_px) for group in groups.values())


def clean_text(text: str) -> str:
    """Text without control characters and halves of characters, with plain line ends."""
    return _NO_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean_table(source: str) -> str:
    """The table in some HTML, of nothing but its own structure and escaped text; empty where there is no cell."""
    table = parse_html_table(_NO_TAG.sub("&lt;", source))
    return table_html(table) if table.cells else ""


def _block(
    group: Sequence[PipelineBlock], scores: Mapping[tuple[int, ...], float], width_px: int, height_px: int
) -> Block:
    first = group[0]
    label, content, content_format = _content(first.label, "\n".join(part.content for part in group if part.content))
    boxes = [clipped_box(part.bbox, width_px, height_px) for part in group]
    known_scores = [scores[key] for part in group if (key := _key(part.bbox)) in scores]
    return Block(
        label=label,
        bbox_px=(
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        ),
        content=content,
        content_format=content_format,
        heading_level=_HEADING_LEVELS.get(label),
        layout_score=min(known_scores, default=None),
        polygon_px=_polygon(first.polygon_points, width_px, height_px) if len(group) == 1 else None,
    )


def _content(pipeline_label: str, text: str) -> tuple[BlockLabel, str, ContentFormat]:
    label = _LABELS.get(pipeline_label, BlockLabel.OTHER)
    text = clean_text(text)
    if pipeline_label == "chart" and "|" in text:
        return BlockLabel.TABLE, _chart_table(text), ContentFormat.HTML
    if label is BlockLabel.TABLE and (table := clean_table(text)):
        return label, table, ContentFormat.HTML
    if label is BlockLabel.FORMULA:
        parts = (part.strip() for part in _FORMULA_MARK.split(text))
        return label, "\n".join(part for part in parts if part), ContentFormat.LATEX
    if label in _HEADING_LEVELS:
        text = _HEADING_MARK.sub("", text)
    return label, text, ContentFormat.TEXT


def _chart_table(text: str) -> str:
    """What the model makes of a chart: a row a line, cells parted by ``|``, the first row is the head."""
    rows = [line.strip().strip("|").split("|") for line in text.split("\n") if line.strip().strip("|")]
    cells = tuple(
        Cell(row=row, column=column, text=cell.strip(), is_header=row == 0)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    )
    return table_html(Table(cells, len(rows), max(map(len, rows), default=0)))


def clipped_box(box: Sequence[float], width_px: int, height_px: int) -> BBox:
    """The part of a box on the page; an edge that is no number is that of the page."""
    x0, x1 = sorted((_clipped(box[0], width_px, 0), _clipped(box[2], width_px, width_px)))
    y0, y1 = sorted((_clipped(box[1], height_px, 0), _clipped(box[3], height_px, height_px)))
    return (x0, y0, x1, y1)


def _clipped(value: float, limit: int, otherwise: int) -> float:
    value = float(value)
    return min(max(value, 0.0), float(limit)) if math.isfinite(value) else float(otherwise)


def _polygon(
    points: Iterable[Iterable[float]] | None, width_px: int, height_px: int
) -> tuple[tuple[float, float], ...] | None:
    if points is None:
        return None
    pairs = [tuple(float(value) for value in point) for point in points]
    if len(pairs) < 3 or any(len(pair) != 2 or not all(map(math.isfinite, pair)) for pair in pairs):
        return None
    return tuple((_clipped(x, width_px, 0), _clipped(y, height_px, 0)) for x, y in pairs)


def _layout_scores(result: Mapping[str, Any]) -> dict[tuple[int, ...], float]:
    """Scores by box: a block keeps the box of the layout model, and nothing else that tells which it was."""
    boxes = (result.get("layout_det_res") or {}).get("boxes") or []
    scores = {_key(box["coordinate"]): float(box["score"]) for box in boxes}
    return {key: score for key, score in scores.items() if 0 <= score <= 1}


def _key(box: Sequence[float]) -> tuple[int, ...]:
    return tuple(int(edge) if math.isfinite(edge) else -1 for edge in box)
