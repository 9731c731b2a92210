"""Reads PowerPoint presentations (PPTX, PPTM, shows, templates): a slide a page, its notes at the end of the page."""

from __future__ import annotations

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import Cell
from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.drawings import add_picture, paragraph_text, shown_cm
from tenderlake.intake.office.embedded import EmbeddedParts
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.grids import whole_table
from tenderlake.intake.office.package import (
    Element,
    OfficePackage,
    Relations,
    attribute,
    child,
    children,
    descendants,
    local,
    number,
)
from tenderlake.intake.outcome import RejectedError
from tenderlake.states import SourceState

_TITLES = frozenset({"title", "ctrTitle"})
_MARGINS = {
    "ftr": BlockLabel.FOOTER,
    "hdr": BlockLabel.HEADER,
    "dt": BlockLabel.FOOTER,
    "sldNum": BlockLabel.PAGE_NUMBER,
}


def read_pptx(package: OfficePackage, limits: PrepareLimits) -> Flow:
    """Read a presentation; raises :class:`RejectedError` where it is damaged or has no slides."""
    main = package.relations("").first("officeDocument") or "ppt/presentation.xml"
    relations = package.relations(main)
    flow = Flow(limits, has_real_pages=True)
    slides = child(package.xml(main), "sldIdLst")
    targets = [relations.target(_relation_id(entry)) for entry in children(slides, "sldId")]
    if not targets:
        raise RejectedError(
            SourceState.SKIPPED_EMPTY, "the presentation has no slides, as a template or theme has none"
        )
    embedded = EmbeddedParts(package, flow)
    for place, target in enumerate(targets):
        if place:
            flow.end_page()
        root = package.optional_xml(target)
        if root is None or target is None:
            flow.unread(f"slide {place + 1} is missing or damaged")
            continue
        is_hidden = attribute(root, "show", "1") in ("0", "false")
        _Slide(package, package.relations(target), embedded, flow, is_hidden=is_hidden).read(root)
    embedded.take_rest()
    return flow


def _relation_id(entry: Element) -> str:
    """``r:id``: the ``id`` without a namespace beside it is another."""
    return next((str(value) for key, value in entry.attrib.items() if key.endswith("}id")), "")


class _Slide:
    def __init__(
        self, package: OfficePackage, relations: Relations, embedded: EmbeddedParts, flow: Flow, *, is_hidden: bool
    ) -> None:
        self._package, self._relations, self._embedded, self._flow = package, relations, embedded, flow
        self._is_hidden = is_hidden

    def read(self, root: Element) -> None:
        tree = child(root, "cSld", "spTree")
        shapes = list(tree) if tree is not None else []
        shapes.sort(key=lambda shape: _placeholder(shape) not in _TITLES)  # titles are often drawn last
        for shape in shapes:
            self._shape(shape)
        self._notes()

    def _shape(self, shape: Element) -> None:
        name = local(shape)
        if name == "sp":
            self._text(shape)
        elif name in ("grpSp", "AlternateContent", "Choice"):
            for inner in shape:
                self._shape(inner)
        elif name == "graphicFrame":
            self._frame(shape)
        elif name == "pic":
            self._pictures(shape)

    def _text(self, shape: Element) -> None:
        kind = _placeholder(shape)
        for body in children(shape, "txBody"):
            texts = [(paragraph, paragraph_text(paragraph)) for paragraph in children(body, "p")]
            if kind in _TITLES:
                title = " ".join(text for _, text in texts)
                self._flow.heading(f"{title} (hidden slide)" if self._is_hidden else title, 2)
                continue
            if kind in _MARGINS:
                self._flow.margin("\n".join(text for _, text in texts), _MARGINS[kind])
                continue
            for paragraph, text in texts:
                self._flow.text(text, BlockLabel.LIST_ITEM if _is_item(paragraph) else BlockLabel.TEXT)

    def _frame(self, shape: Element) -> None:
        for table in descendants(shape, "tbl"):
            self._table(table)
        for diagram in descendants(shape, "relIds"):
            root = self._package.optional_xml(self._relations.target(attribute(diagram, "dm")))
            for paragraph in descendants(root, "p"):
                self._flow.text(paragraph_text(paragraph), BlockLabel.LIST_ITEM)
        for embedded in descendants(shape, "oleObj"):
            target = self._relations.target(_relation_id(embedded))
            self._embedded.show(target, attribute(embedded, "progId") or "object")

    def _table(self, table: Element) -> None:
        properties = child(table, "tblPr")
        has_header = properties is not None and attribute(properties, "firstRow") in ("1", "true")
        rows = list(children(table, "tr"))
        cells: list[Cell] = []
        width = 0
        for place, row in enumerate(rows):
            for column, cell in enumerate(children(row, "tc")):
                width = max(width, column + 1)
                if attribute(cell, "hMerge") in ("1", "true") or attribute(cell, "vMerge") in ("1", "true"):
                    continue
                text = "\n".join(paragraph_text(paragraph) for paragraph in descendants(cell, "p"))
                row_span = max(1, min(number(attribute(cell, "rowSpan"), 1), len(rows)))
                column_span = max(1, min(number(attribute(cell, "gridSpan"), 1), 1000))
                cells.append(Cell(place, column, text, row_span, column_span, has_header and place == 0))
        self._flow.table(whole_table(cells, len(rows), width))

    def _pictures(self, shape: Element) -> None:
        for blip in descendants(shape, "blip"):
            target = self._relations.target(attribute(blip, "embed"))
            add_picture(self._package, target, self._flow, shown_cm(shape))

    def _notes(self) -> None:
        root = self._package.optional_xml(self._relations.first("notesSlide"))
        for shape in descendants(root, "sp"):
            if _placeholder(shape) == "body":
                self._flow.note("\n".join(paragraph_text(paragraph) for paragraph in descendants(shape, "p")))


def _placeholder(shape: Element) -> str:
    """What a shape is on its slide: ``title``, ``body`` and so on; empty for a shape of its own."""
    found = child(shape, "nvSpPr", "nvPr", "ph")
    return attribute(found, "type", "obj") if found is not None else ""


def _is_item(paragraph: Element) -> bool:
    properties = child(paragraph, "pPr")
    if properties is None:
        return False
    if child(properties, "buNone") is not None:
        return False
    has_bullet = child(properties, "buChar") is not None or child(properties, "buAutoNum") is not None
    return has_bullet or number(attribute(properties, "lvl")) > 0
