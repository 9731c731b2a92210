"""Reads OpenDocument files (ODT, ODS, ODP; ISO 26300): texts by their page breaks, sheets and slides a page each.

Own code over lxml: odfpy gives the XML and no more. Tracked deletions and annotations are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import Cell
from tenderlake.documents import PrepareLimits
from tenderlake.intake.attachments import Attachment
from tenderlake.intake.membernames import safe_name
from tenderlake.intake.office.drawings import add_picture
from tenderlake.intake.office.embedded import embedded_file, odf_of_folder
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.grids import GridCell, add_sheet, whole_table
from tenderlake.intake.office.listnumbers import BULLET, in_format
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
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.sniffing import ConvertedFormat, DocumentFormat
from tenderlake.states import SourceState

_EMBEDDED_KINDS = {
    DocumentFormat.ODT.value: ".odt",
    DocumentFormat.ODS.value: ".ods",
    DocumentFormat.ODP.value: ".odp",
    ConvertedFormat.ODG.value: ".odg",
}
_MOST_DEPTH = 40
_MOST_REPEATED_CELLS = 1000
_MOST_REPEATED_ROWS = 1000
_MOST_CELLS = 3_000_000
_MOST_SPACES = 200
_SKIPPED = frozenset({"tracked-changes", "annotation", "annotation-end", "forms", "sequence-decls", "variable-decls",
                      "user-field-decls", "table-of-content-source", "bibliography-source", "scripts", "shapes", "desc",
                      "title", "event-listeners"})  # fmt: skip
_CM_PER_UNIT = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}
_NUMBER_FORMATS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman",
                   "а": "russianLower", "А": "russianUpper"}  # fmt: skip


def read_odf(package: OfficePackage, limits: PrepareLimits) -> Flow:
    """Read an OpenDocument file; raises :class:`RejectedError` where it is damaged."""
    root = package.xml("content.xml")
    body = child(root, "body")
    content = next((found for found in (body if body is not None else ()) if local(found) in _BODIES), None)
    if content is None:
        raise corrupt("it has no body")
    styles = package.optional_xml("styles.xml")
    kind = local(content)
    has_real_pages = kind != "text" or next(descendants(content, "soft-page-break"), None) is not None
    reader = _OdfReader(
        package, Flow(limits, has_real_pages=has_real_pages), [found for found in (styles, root) if found is not None]
    )
    _BODIES[kind](reader, content)
    return reader.flow


class _OdfReader:
    def __init__(self, package: OfficePackage, flow: Flow, roots: list[Element]) -> None:
        self.flow = flow
        self._package = package
        self._styles: dict[str, Element] = {}
        self._lists: dict[str, Element] = {}
        for root in roots:
            for style in descendants(root, "style"):
                self._styles[attribute(style, "name")] = style
            for style in descendants(root, "list-style"):
                self._lists[attribute(style, "name")] = style
        self._media_types = {
            attribute(entry, "full-path"): attribute(entry, "media-type")
            for entry in descendants(package.optional_xml("META-INF/manifest.xml"), "file-entry")
        }
        self._roots = roots
        self._depth = 0
        self._cell_count = 0
        self._cut_rows: list[tuple[int, int]] = []
        self._counts: dict[str, list[int]] = {}
        self._headings: list[int] = [0] * 10
        self._is_rendered_break = False

    # ---- texts

    def read_text(self, body: Element) -> None:
        self._show_margins()
        self._blocks(body)

    def read_slides(self, body: Element) -> None:
        for place, page in enumerate(children(body, "page")):
            if place:
                self.flow.end_page()
            self._blocks(page)

    def read_sheets(self, body: Element) -> None:
        is_first = True
        for table in children(body, "table"):
            is_hidden = self._style_value(attribute(table, "style-name"), "table-properties", "display") == "false"
            cells = list(self._sheet_cells(table))
            add_sheet(self.flow, attribute(table, "name"), cells, is_hidden=is_hidden, is_first=is_first)
            for row, repeated in self._cut_rows:
                self.flow.unread(f"row {row} stands here {repeated} times, of which {_MOST_REPEATED_ROWS} are shown")
            self._cut_rows.clear()
            is_first = False
            for frame in descendants(table, "frame"):
                self._frame(frame)

    def _blocks(self, parent: Element) -> None:
        for element in parent:
            self._block(element)

    def _block(self, element: Element) -> None:
        name = local(element)
        if name in ("p", "h"):
            self._paragraph(element, None)
        elif name == "list":
            self._list(element, attribute(element, "style-name"), 0)
        elif name == "table":
            self._break_before(element)
            self._table(element)
        elif name == "soft-page-break":
            self._rendered_break()
        elif name == "frame":
            self._frame(element)
        elif name == "notes":
            for paragraph in descendants(element, "p"):
                self.flow.note(self._words(paragraph, []))
        elif name not in _SKIPPED and name:
            self._nested(partial(self._blocks, element))

    def _nested(self, work: Callable[[], None]) -> None:
        if self._depth >= _MOST_DEPTH:
            self._package.lost.append("what lies too deep in its parts")
            return
        self._depth += 1
        work()
        self._depth -= 1

    def _rendered_break(self) -> None:
        if not self.flow.page_is_empty:
            self.flow.end_page()

    def _break_before(self, element: Element) -> None:
        style = attribute(element, "style-name")
        for kind in ("paragraph-properties", "table-properties"):
            if self._style_value(style, kind, "break-before") == "page" and not self.flow.page_is_empty:
                self.flow.end_page()
        style_element = self._styles.get(style)
        is_new_master = style_element is not None and attribute(style_element, "master-page-name")
        if is_new_master and not self.flow.page_is_empty:
            self.flow.end_page()

    def _style_value(self, style: str, kind: str, name: str) -> str:
        """A property of a style or of those that it is based on."""
        for _ in range(_MOST_DEPTH):
            element = self._styles.get(style)
            if element is None:
                return ""
            properties = child(element, kind)
            if properties is not None and (value := attribute(properties, name)):
                return value
            style = attribute(element, "parent-style-name")
        return ""

    def _paragraph(self, element: Element, mark: str | None) -> None:
        self._break_before(element)
        extras: list[Callable[[], None]] = []
        text = self._words(element, extras).strip("\n")
        if local(element) == "h":
            level = number(attribute(element, "outline-level"), 1)
            self.flow.heading(f"{mark} {text}" if mark else text, level)
        elif mark is not None and text.strip():
            self.flow.text(f"{mark} {text.strip()}", BlockLabel.LIST_ITEM)
        elif self._is_title(element):
            self.flow.text(" ".join(text.split()), BlockLabel.TITLE, 1)
        else:
            self.flow.text(text)
        for extra in extras:
            extra()
        if self._style_value(attribute(element, "style-name"), "paragraph-properties", "break-after") == "page":
            self.flow.end_page()

    def _is_title(self, element: Element) -> bool:
        style = attribute(element, "style-name")
        for _ in range(_MOST_DEPTH):
            if style == "Title":
                return True
            found = self._styles.get(style)
            if found is None:
                return False
            style = attribute(found, "parent-style-name")
        return False

    def _list(self, element: Element, style: str, level: int) -> None:
        style = attribute(element, "style-name") or style
        counts = self._counts.setdefault(style, [])
        if attribute(element, "continue-numbering") != "true" and not attribute(element, "continue-list"):
            del counts[level:]
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            mark: str | None = self._next_mark(style, level, item) if local(item) == "list-item" else None
            for inner in item:
                if local(inner) in ("p", "h"):
                    self._paragraph(inner, mark)
                    mark = None
                elif local(inner) == "list":
                    self._nested(partial(self._list, inner, style, level + 1))
                else:
                    self._block(inner)

    def _next_mark(self, style: str, level: int, item: Element) -> str:
        counts = self._counts.setdefault(style, [])
        levels = {number(attribute(found, "level")): found for found in self._lists.get(style, ())}
        own = levels.get(level + 1)
        while len(counts) <= level:
            counts.append(0)
        del counts[level + 1 :]
        start = attribute(item, "start-value") or (attribute(own, "start-value") if own is not None else "")
        counts[level] = (
            number(start, 1) if start and (counts[level] == 0 or attribute(item, "start-value")) else counts[level] + 1
        )
        if own is None or local(own) != "list-level-style-number":
            return BULLET
        shown = max(1, number(attribute(own, "display-levels"), 1))
        parts: list[str] = []
        for place in range(max(0, level + 1 - shown), level + 1):
            place_style = levels.get(place + 1)
            code = attribute(place_style, "num-format") if place_style is not None else "1"
            if code:
                parts.append(in_format(counts[place] or 1, _NUMBER_FORMATS.get(code[:1], "decimal")))
        return f"{attribute(own, 'num-prefix')}{'.'.join(parts)}{attribute(own, 'num-suffix')}".strip() or BULLET

    def _words(self, element: Element, extras: list[Callable[[], None]]) -> str:
        """The text of a paragraph; notes, frames and pictures in it are put off until after it."""
        # Line breaks of the XML itself are white space (ISO 26300-1, 6.1.2).
        parts = [(element.text or "").replace("\n", " ")]
        for inner in element:
            parts.append(self._inline(inner, extras))
            parts.append((inner.tail or "").replace("\n", " "))
        return "".join(parts)

    def _inline(self, element: Element, extras: list[Callable[[], None]]) -> str:
        name = local(element)
        if name == "s":
            return " " * min(number(attribute(element, "c"), 1), _MOST_SPACES)
        if name == "tab":
            return "\t"
        if name == "line-break":
            return "\n"
        if name == "note":
            return self._note(element, extras)
        if name in ("frame", "custom-shape", "text-box", "g"):
            extras.append(partial(self._frame, element))
            return ""
        if name == "soft-page-break":
            extras.append(self._rendered_break)
            return ""
        if name in _SKIPPED or not name:
            return ""
        return self._words(element, extras)

    def _note(self, element: Element, extras: list[Callable[[], None]]) -> str:
        citation, body = child(element, "note-citation"), child(element, "note-body")
        mark = f"[{(citation.text or '').strip()}]" if citation is not None else ""
        if body is not None:
            text = "\n".join(self._words(paragraph, []) for paragraph in descendants(body, "p"))
            extras.append(partial(self.flow.note, f"{mark} {text}"))
        return mark

    def _frame(self, element: Element) -> None:
        if attribute(element, "class") == "title":
            self.flow.heading(" ".join(self._words(found, []) for found in descendants(element, "p")), 2)
            return
        shown = _size_cm(element)
        for image in children(element, "image"):
            if add_picture(self._package, attribute(image, "href").removeprefix("./"), self.flow, shown):
                break
        for embedded in (*children(element, "object"), *children(element, "object-ole")):
            self._object(attribute(embedded, "href").removeprefix("./"))
        for box in (*children(element, "text-box"), *children(element, "table")):
            self._nested(partial(self._blocks, box))
        if local(element) in ("custom-shape", "g", "text-box"):
            self._nested(partial(self._blocks, element))

    def _object(self, target: str) -> None:
        """A file within: another OpenDocument file as a folder, or an OLE file (ISO 26300-1, 10.4.6)."""
        media_type = self._media_types.get(f"{target}/", "")
        if media_type in _EMBEDDED_KINDS:
            data = odf_of_folder(self._package, target, media_type)
            attachment: Attachment | None = Attachment(safe_name(target + _EMBEDDED_KINDS[media_type]), data)
        else:
            whole = self._package.optional_read(target)
            attachment = embedded_file(whole, target) if whole is not None else None
        if attachment is not None:
            self.flow.attach(attachment, is_shown=True)
        else:
            kind = media_type.rpartition(".")[2] or "object"
            self.flow.unread(f"embedded {kind}, not read: {target.rpartition('/')[2]}")

    # ---- tables

    def _table(self, table: Element) -> None:
        extras: list[Callable[[], None]] = []
        cells: list[Cell] = []
        width = row_count = 0
        for place, (row, is_header, _) in enumerate(_rows_of(table)):
            row_count = place + 1
            column = 0
            for cell in _cells_of(row):
                repeated = min(number(attribute(cell, "number-columns-repeated"), 1), _MOST_REPEATED_CELLS)
                if local(cell) == "covered-table-cell":
                    column += repeated
                    continue
                text = self._cell_text(cell, extras)
                row_span, column_span = _spans(cell)
                for _ in range(max(1, repeated)):
                    cells.append(Cell(place, column, text, row_span, column_span, is_header))
                    column += 1
                width = max(width, column + column_span - 1)
        self.flow.table(whole_table(cells, row_count, width))
        for extra in extras:
            extra()

    def _cell_text(self, cell: Element, extras: list[Callable[[], None]]) -> str:
        lines: list[str] = []
        for element in cell:
            name = local(element)
            if name in ("p", "h"):
                lines.append(self._words(element, extras))
            elif name == "list":
                lines += [f"{BULLET} {self._words(paragraph, extras)}" for paragraph in descendants(element, "p", "h")]
            elif name == "table":
                for row, _, _ in _rows_of(element):
                    lines.append(
                        "\t".join(" ".join(self._cell_text(inner, extras).split()) for inner in _cells_of(row))
                    )
            elif name not in _SKIPPED and name not in ("frame", "soft-page-break"):
                lines.append(self._cell_text(element, extras))
        return "\n".join(lines)

    def _sheet_cells(self, table: Element) -> Iterator[GridCell]:
        place = 0
        for row, is_header, repeated in _rows_of(table):
            found = list(self._sheet_row(row))
            for copy in range(min(repeated, _MOST_REPEATED_ROWS) if found else 0):
                for column, text, row_span, column_span in found:
                    self._cell_count += 1
                    if self._cell_count > _MOST_CELLS:
                        raise RejectedError(
                            SourceState.QUARANTINED_TOO_LARGE,
                            f"its sheets repeat themselves to over {_MOST_CELLS} cells",
                        )
                    yield GridCell(place + copy, column, text, row_span, column_span, is_header)
            if found and repeated > _MOST_REPEATED_ROWS:
                self._cut_rows.append((place + 1, repeated))
            place += repeated

    def _sheet_row(self, row: Element) -> Iterator[tuple[int, str, int, int]]:
        column = 0
        for cell in _cells_of(row):
            repeated = max(1, number(attribute(cell, "number-columns-repeated"), 1))
            if local(cell) == "table-cell" and len(cell):
                text = self._cell_text(cell, [])
                for copy in range(min(repeated, _MOST_REPEATED_CELLS) if text.strip() else 0):
                    yield column + copy, text, *_spans(cell)
            column += repeated

    # ---- headers and footers

    def _show_margins(self) -> None:
        """The headers and footers of all page styles, each once, on the first page."""
        shown: set[str] = set()
        for root in self._roots:
            for page_style in descendants(root, "master-page"):
                for name, label in (("header", BlockLabel.HEADER), ("footer", BlockLabel.FOOTER)):
                    for margin in children(page_style, name):
                        text = self._cell_text(margin, [])
                        if text.strip() and text not in shown:
                            shown.add(text)
                            self.flow.margin(text, label)


def _rows_of(table: Element, *, is_header: bool = False) -> Iterator[tuple[Element, bool, int]]:
    """The rows of a table with whether they are headers and how often they are repeated."""
    for element in table:
        name = local(element)
        if name == "table-row":
            yield element, is_header, max(1, number(attribute(element, "number-rows-repeated"), 1))
        elif name == "table-header-rows":
            yield from _rows_of(element, is_header=True)
        elif name in ("table-rows", "table-row-group"):
            yield from _rows_of(element, is_header=is_header)


def _cells_of(row: Element) -> Iterator[Element]:
    return (cell for cell in row if local(cell) in ("table-cell", "covered-table-cell"))


def _spans(cell: Element) -> tuple[int, int]:
    rows, columns = (number(attribute(cell, f"number-{kind}-spanned"), 1) for kind in ("rows", "columns"))
    return max(1, min(rows, 100_000)), max(1, min(columns, 1000))


def _size_cm(frame: Element) -> tuple[float, float] | None:
    sizes = [_length_cm(attribute(frame, name)) for name in ("width", "height")]
    return (sizes[0], sizes[1]) if sizes[0] is not None and sizes[1] is not None else None


def _length_cm(text: str) -> float | None:
    factor = _CM_PER_UNIT.get(text[-2:])
    try:
        return float(text[:-2]) * factor if factor is not None else None
    except ValueError:
        return None


_BODIES: dict[str, Callable[[_OdfReader, Element], None]] = {
    "text": _OdfReader.read_text,
    "spreadsheet": _OdfReader.read_sheets,
    "presentation": _OdfReader.read_slides,
    "drawing": _OdfReader.read_slides,
}
