"""Reads Word documents (DOCX, DOCM and templates; transitional and Strict OOXML, ECMA-376 part 1).

Own code over lxml: the libraries leave out automatic numbers, text boxes, merged cells or the order of tables and
paragraphs, and none of them knows where Word ended its pages. Deleted text and comments are left out; nothing external
is followed and no field or macro is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import Cell
from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.docxnumbers import Numbering
from tenderlake.intake.office.docxstyles import ParagraphStyle, Styles, of_properties, switch
from tenderlake.intake.office.drawings import add_picture
from tenderlake.intake.office.embedded import EmbeddedParts
from tenderlake.intake.office.flow import Flow, clean_lines, rows_of_text
from tenderlake.intake.office.grids import whole_table
from tenderlake.intake.office.listnumbers import BULLET
from tenderlake.intake.office.package import (
    Element,
    OfficePackage,
    attribute,
    child,
    children,
    corrupt,
    descendants,
    local,
    number,
)

_EMU_PER_CM = 360_000
_MOST_BOLD_HEADING_CHARS = 120
_BOLD_HEADING_LEVEL = 4
_SECTION_NUMBER = re.compile(r"(?:\d{1,2}\.)+(?:\d{1,2})?\s+\S|(?:ГЛАВА|РАЗДЕЛ|СТАТЬЯ|ПРИЛОЖЕНИЕ)\b", re.IGNORECASE)
_MOST_DEPTH = 40
_TRANSPARENT = frozenset({"sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "body", "hyperlink", "dir",
                          "fldSimple", "bdo", "ruby", "rubyBase", "oMathPara"})  # fmt: skip
_FIXED = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


class _Break(Enum):
    """Why a page ends: the file says so itself, or Word wrote down where it did when it was last laid out."""

    EXPLICIT = "explicit"
    RENDERED = "rendered"


@dataclass
class _Words:
    """The text of a paragraph so far, with what stands within it."""

    parts: list[str] = field(default_factory=list)
    extras: list[Callable[[], None]] = field(default_factory=list)
    bold_chars: int = 0
    plain_chars: int = 0

    def add(self, text: str, *, is_bold: bool) -> None:
        self.parts.append(text)
        size = len(text.strip())
        self.bold_chars += size if is_bold else 0
        self.plain_chars += 0 if is_bold else size

    @property
    def text(self) -> str:
        return "".join(self.parts)


def read_docx(package: OfficePackage, limits: PrepareLimits) -> Flow:
    """Read a Word document; raises :class:`RejectedError` where it is damaged."""
    main = _main_part(package)
    root = package.xml(main)
    has_real_pages = next(descendants(root, "lastRenderedPageBreak"), None) is not None
    reader = _DocxReader(package, main, Flow(limits, has_real_pages=has_real_pages))
    body = child(root, "body")
    if body is None:
        raise corrupt("it has no body")
    reader.read_body(body)
    reader.embedded.take_rest()
    return reader.flow


def _main_part(package: OfficePackage) -> str:
    found = package.relations("").first("officeDocument")
    if found is not None and found in package:
        return found
    return "word/document.xml"


class _DocxReader:
    def __init__(self, package: OfficePackage, main: str, flow: Flow) -> None:
        self.flow = flow
        self.embedded = EmbeddedParts(package, flow)
        self._package = package
        self._relations = package.relations(main)
        self._styles = Styles(package.optional_xml(self._relations.first("styles")))
        self._numbering = Numbering(package.optional_xml(self._relations.first("numbering")))
        self._notes = {kind: self._load_notes(kind) for kind in ("footnote", "endnote")}
        self._note_counts = {"footnote": 0, "endnote": 0}
        self._margins_shown: set[str] = set()
        self._last_break: _Break | None = None
        self._depth = 0

    # ---- what stands in the body

    def read_body(self, body: Element) -> None:
        final = child(body, "sectPr")
        sections = [found for found in descendants(body, "sectPr") if found is not final]
        self._sections = iter([*sections, *([final] if final is not None else [])])
        self._show_margins(next(self._sections, None))
        self._blocks(body)

    def _blocks(self, parent: Element) -> None:
        for element in parent:
            name = local(element)
            if name == "p":
                self._paragraph(element)
            elif name == "tbl":
                self._table(element)
            elif name in _TRANSPARENT:
                self._nested(partial(self._blocks, element))
            elif name == "AlternateContent":
                self._nested(partial(self._blocks, _alternative(element)))
            elif name == "altChunk":
                self.embedded.show(self._relations.target(attribute(element, "id")), "document")

    def _nested(self, work: Callable[[], None]) -> None:
        if self._depth >= _MOST_DEPTH:
            self._package.lost.append("what lies too deep in its parts")
            return
        self._depth += 1
        work()
        self._depth -= 1

    def _page_break(self, kind: _Break) -> None:
        """End the page; what Word wrote down about a break that the file makes itself is the same break."""
        if self.flow.page_is_empty and (self._last_break is None or self._last_break is not kind):
            self._last_break = self._last_break or kind
            return
        if self.flow.page_is_empty and kind is _Break.RENDERED:
            return
        self.flow.end_page()
        self._last_break = kind

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        style_element = child(properties, "pStyle")
        style_id = attribute(style_element, "val") if style_element is not None else None
        style = of_properties(properties).over(self._styles.of(style_id))
        if style.breaks_before and not self.flow.page_is_empty:
            self._page_break(_Break.EXPLICIT)
        mark = self._number(style, style_id)
        is_bold = bool(style.is_bold)
        words = _Words()

        def end_line(kind: _Break) -> None:
            nonlocal mark, words
            if words.text.strip() or not mark:
                self._emit(words, style, mark)
                mark, words = None, _Words()
            if self.flow.page_is_empty and not self.flow.has_pages and kind is _Break.RENDERED:
                return
            self._page_break(kind)

        self._runs(element, lambda: words, is_bold, end_line)
        self._emit(words, style, mark)
        section = child(properties, "sectPr")
        if section is not None:
            self._end_section()

    def _end_section(self) -> None:
        following = next(self._sections, None)
        kind = child(following, "type")
        goes_on = following is not None and kind is not None and attribute(kind, "val") == "continuous"
        if not goes_on and not self.flow.page_is_empty:
            self._page_break(_Break.EXPLICIT)
        self._show_margins(following)

    def _number(self, style: ParagraphStyle, style_id: str | None) -> str | None:
        if style.list_id in (None, "0"):
            return None
        level = style.list_level
        if level is None:
            level = self._numbering.level_of_style(style.list_id or "", style_id or "")
        return self._numbering.next(style.list_id or "", level)

    def _emit(self, words: _Words, style: ParagraphStyle, mark: str | None) -> None:
        text = words.text.strip("\n")
        if text.strip():
            shown = f"{mark} {text.strip()}" if mark else text
            level = style.heading_level or self._bold_heading(words, style, shown)
            if style.is_title:
                self.flow.text(" ".join(shown.split()), BlockLabel.TITLE, 1)
            elif level is not None and mark != BULLET:
                self.flow.heading(shown, level)
            else:
                self.flow.text(shown, BlockLabel.LIST_ITEM if mark is not None else BlockLabel.TEXT)
        for extra in words.extras:
            extra()

    @staticmethod
    def _bold_heading(words: _Words, style: ParagraphStyle, text: str) -> int | None:
        """Most authors make headings by hand: a short bold line that is numbered, centred or in capitals."""
        if not words.bold_chars or words.plain_chars or len(text) > _MOST_BOLD_HEADING_CHARS:
            return None
        if "\n" in text.strip() or text.rstrip().endswith((",", ";", ":")) or not any(map(str.isalpha, text)):
            return None
        is_telling = bool(_SECTION_NUMBER.match(text)) or bool(style.is_centered) or text.isupper()
        return _BOLD_HEADING_LEVEL if is_telling else None

    # ---- what stands in a paragraph

    def _runs(
        self, parent: Element, words: Callable[[], _Words], is_bold: bool, end_line: Callable[[_Break], None]
    ) -> None:
        for element in parent:
            name = local(element)
            if name == "r":
                bold = switch(child(element, "rPr"), "b")
                if switch(child(element, "rPr"), "vanish"):
                    continue
                self._run(element, words, is_bold if bold is None else bold, end_line)
            elif name in _TRANSPARENT:
                self._nested(partial(self._runs, element, words, is_bold, end_line))
            elif name == "oMath":
                words().add("".join(text.text or "" for text in descendants(element, "t")), is_bold=False)
            elif name == "AlternateContent":
                self._nested(partial(self._runs, _alternative(element), words, is_bold, end_line))

    def _run(
        self, run: Element, words: Callable[[], _Words], is_bold: bool, end_line: Callable[[_Break], None]
    ) -> None:
        for element in run:
            name = local(element)
            if name == "t":
                words().add(element.text or "", is_bold=is_bold)
            elif name in _FIXED:
                words().add(_FIXED[name], is_bold=is_bold)
            elif name == "br":
                if attribute(element, "type") == "page":
                    end_line(_Break.EXPLICIT)
                else:
                    words().add("\n", is_bold=is_bold)
            elif name == "lastRenderedPageBreak":
                end_line(_Break.RENDERED)
            elif name == "sym":
                words().add(chr(number_of_symbol(element)), is_bold=is_bold)
            elif name == "AlternateContent":
                self._nested(partial(self._run, _alternative(element), words, is_bold, end_line))
            else:
                self._anchor(element, words())

    def _anchor(self, element: Element, words: _Words) -> None:
        """What a run holds beside its text."""
        name = local(element)
        if name in ("footnoteReference", "endnoteReference"):
            self._note(name.removesuffix("Reference"), element, words)
        elif name in ("drawing", "pict", "object"):
            self._drawing(element, words)

    def _note(self, kind: str, element: Element, words: _Words) -> None:
        note = self._notes[kind].get(attribute(element, "id"))
        if note is None:
            return
        if attribute(element, "customMarkFollows"):
            mark = "*"
        else:  # Word counts them as they come; the ids are only names
            self._note_counts[kind] += 1
            mark = str(self._note_counts[kind])
        words.add(f"[{mark}]", is_bold=False)
        text = "\n".join(self._cell_paragraphs(note, []))
        words.extras.append(partial(self.flow.note, f"[{mark}] {text.strip()}"))

    def _load_notes(self, kind: str) -> dict[str, Element]:
        root = self._package.optional_xml(self._relations.first(f"{kind}s"))
        return {
            attribute(note, "id"): note
            for note in children(root, kind)
            if attribute(note, "type", "normal") == "normal"
        }

    def _drawing(self, element: Element, words: _Words) -> None:
        """Pictures, text boxes and embedded objects: they follow the paragraph that they are tied to."""
        extent = next(descendants(element, "extent"), None)
        shown = None
        if extent is not None:
            shown = (number(attribute(extent, "cx")) / _EMU_PER_CM, number(attribute(extent, "cy")) / _EMU_PER_CM)
        is_object = local(element) == "object"
        for found in descendants(element, "blip", "imagedata"):
            target = self._relations.target(attribute(found, "embed") or attribute(found, "id"))
            if target is not None and not is_object:
                words.extras.append(partial(self._picture, target, shown))
        for found in descendants(element, "OLEObject"):
            target = self._relations.target(attribute(found, "id"))
            program = attribute(found, "ProgID") or "object"
            words.extras.append(partial(self.embedded.show, target, program))
        for box in descendants(element, "txbxContent"):
            if not any(local(ancestor) == "txbxContent" for ancestor in box.iterancestors()):
                words.extras.append(partial(self._nested, partial(self._blocks, box)))

    def _picture(self, target: str, shown: tuple[float, float] | None) -> None:
        add_picture(self._package, target, self.flow, shown)

    # ---- tables

    def _table(self, element: Element) -> None:
        rows = list(_rows_of(element))
        cells = [cell for row in rows for cell in _cells_of(row)]
        if len(cells) == 1:  # a frame around text, not a table
            self._nested(partial(self._blocks, cells[0]))
            return
        piece: list[list[_TableCell]] = []
        extras: list[Callable[[], None]] = []
        for row in rows:
            read = _RowReader(self, row)
            if read.begins_page and (piece or not self.flow.page_is_empty):
                self._show_table(piece, extras)
                piece, extras = [], []
                self._page_break(_Break.RENDERED)
            piece.append(read.cells)
            extras += read.extras
            for _ in range(read.breaks_within):
                self._show_table(piece, extras)
                piece, extras = [], []
                self._page_break(_Break.RENDERED)
        self._show_table(piece, extras)

    def _show_table(self, rows: list[list[_TableCell]], extras: list[Callable[[], None]]) -> None:
        if rows:
            placed = _placed(rows)
            width = max((cell.column + cell.column_span for cell in placed), default=0)
            self.flow.table(whole_table(placed, len(rows), width))
        for extra in extras:
            extra()

    def _cell_paragraphs(self, cell: Element, extras: list[Callable[[], None]]) -> Iterator[str]:
        """The paragraphs of a cell or note as lines; tables within become lines with tabs."""
        for element in cell:
            name = local(element)
            if name == "p":
                yield self._cell_paragraph(element, extras)
            elif name == "tbl":
                lines = [
                    [" ".join(self._cell_paragraphs(inner, extras)) for inner in _cells_of(row)]
                    for row in _rows_of(element)
                ]
                yield rows_of_text(lines)
            elif name in _TRANSPARENT:
                yield from self._cell_paragraphs(element, extras)
            elif name == "AlternateContent":
                yield from self._cell_paragraphs(_alternative(element), extras)

    def _cell_paragraph(self, element: Element, extras: list[Callable[[], None]]) -> str:
        properties = child(element, "pPr")
        style_element = child(properties, "pStyle")
        style_id = attribute(style_element, "val") if style_element is not None else None
        style = of_properties(properties).over(self._styles.of(style_id))
        mark = self._number(style, style_id)
        words = _Words()
        self._runs(element, lambda: words, False, lambda kind: None)
        extras += words.extras
        return f"{mark} {words.text.strip()}".rstrip() if mark else words.text

    # ---- headers and footers

    def _show_margins(self, section: Element | None) -> None:
        """Headers and footers, each once, on the first page of the section that they belong to."""
        for kind, label in (("headerReference", BlockLabel.HEADER), ("footerReference", BlockLabel.FOOTER)):
            for reference in children(section, kind):
                target = self._relations.target(attribute(reference, "id"))
                root = self._package.optional_xml(target)
                if root is None or target is None:
                    continue
                relations, self._relations = self._relations, self._package.relations(target)
                text = "\n".join(line for line in self._cell_paragraphs(root, []) if line.strip())
                self._relations = relations
                if text and text not in self._margins_shown:
                    self._margins_shown.add(text)
                    self.flow.margin(text, label)


@dataclass(frozen=True)
class _TableCell:
    text: str
    column: int
    span: int
    continues: bool
    is_header: bool


class _RowReader:
    """One row: its cells, and the page ends in it."""

    def __init__(self, reader: _DocxReader, row: Element) -> None:
        self.extras: list[Callable[[], None]] = []
        properties = child(row, "trPr")
        is_header = bool(switch(properties, "tblHeader"))
        before = child(properties, "gridBefore")
        column = min(number(attribute(before, "val")) if before is not None else 0, 1000)
        self.cells: list[_TableCell] = []
        leading = within = 0
        for cell in _cells_of(row):
            cell_properties = child(cell, "tcPr")
            span_element, merge = child(cell_properties, "gridSpan"), child(cell_properties, "vMerge")
            span = number(attribute(span_element, "val"), 1) if span_element is not None else 1
            span = max(1, min(span, 1000))
            continues = merge is not None and attribute(merge, "val", "continue") != "restart"
            text = "\n".join(reader._cell_paragraphs(cell, self.extras))
            self.cells.append(_TableCell(text, column, span, continues, is_header))
            column += span
            before_text, after_text = _breaks_of(cell)
            leading, within = max(leading, before_text), max(within, after_text)
        self.begins_page = leading > 0
        self.breaks_within = min(within, 20)


def _breaks_of(cell: Element) -> tuple[int, int]:
    """How many pages ended in a cell: before its first letter, and after."""
    before = after = 0
    has_text = False
    for element in descendants(cell, "lastRenderedPageBreak", "br", "t"):
        name = local(element)
        if name == "t":
            has_text = has_text or bool((element.text or "").strip())
        elif name == "lastRenderedPageBreak":
            before, after = (before, after + 1) if has_text else (before + 1, after)
    return min(before, 1), after


def _rows_of(table: Element) -> Iterator[Element]:
    for element in table:
        name = local(element)
        if name == "tr":
            if child(element, "trPr", "del") is None:
                yield element
        elif name in _TRANSPARENT:
            yield from _rows_of(element)


def _cells_of(row: Element) -> Iterator[Element]:
    for element in row:
        name = local(element)
        if name == "tc":
            yield element
        elif name in _TRANSPARENT:
            yield from _cells_of(element)


def _placed(rows: list[list[_TableCell]]) -> list[Cell]:
    """Cells with their row spans: a cell that goes on below is one cell."""
    found: list[Cell] = []
    open_cells: dict[int, int] = {}
    for place, row in enumerate(rows):
        going_on: dict[int, int] = {}
        for cell in row:
            above = open_cells.get(cell.column)
            if cell.continues and above is not None and found[above].column_span == cell.span:
                first = found[above]
                found[above] = Cell(
                    first.row, first.column, first.text, first.row_span + 1, first.column_span, first.is_header
                )
                going_on[cell.column] = above
                continue
            going_on[cell.column] = len(found)
            found.append(Cell(place, cell.column, clean_lines(cell.text), 1, cell.span, cell.is_header))
        open_cells = going_on
    return found


def _alternative(element: Element) -> Element:
    """The first of several ways to say the same, with text or a picture in it where one has."""
    choices = [found for found in element if local(found) in ("Choice", "Fallback")]
    telling = (found for found in choices if next(descendants(found, "t", "blip", "imagedata"), None) is not None)
    return next(telling, choices[0] if choices else element)


def number_of_symbol(element: Element) -> int:
    """The character of a symbol font, in the private use area where those fonts are."""
    try:
        code = int(attribute(element, "char", "2022"), 16)
    except ValueError:
        return ord(BULLET)
    if 0xD800 <= code < 0xE000 or code > 0x10FFFF or code == 0:
        return ord(BULLET)
    return code if code >= 0x100 else 0xF000 + code
