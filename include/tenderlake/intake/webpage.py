"""Reads web pages: headings, paragraphs, lists and tables in order; scripts and styles dropped, nothing fetched."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_to_bytes

from lxml import etree, html

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import Cell, Table
from tenderlake.documents import PrepareLimits
from tenderlake.intake.encodings import declared_encoding, decode_text
from tenderlake.intake.office.flow import Flow, Picture, clean_lines
from tenderlake.intake.office.grids import whole_table
from tenderlake.intake.office.package import Element, corrupt
from tenderlake.intake.outcome import RejectedError, one_line
from tenderlake.intake.plaintext import source_bytes
from tenderlake.states import SourceState

_DROPPED = frozenset({"script", "style", "head", "noscript", "template", "iframe", "object", "embed", "svg", "nav",
                      "button", "select", "option", "textarea", "canvas", "audio", "video", "map"})  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "header", "footer", "aside", "body", "html", "form", "fieldset", "legend",
    "blockquote", "address", "center", "pre", "dl", "dt", "dd", "figure", "figcaption", "ul", "ol", "li", "table", "tr",
    "td", "th", "tbody", "thead", "tfoot", "hr", "menu", "details", "summary", "caption", *_HEADINGS,
})  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_MOST_DEPTH = 200
_ENDS = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
"""Programs of mail add their lines after these; a browser shows them, libxml2 drops all that follows."""
_MOST_PLACES = 2_000_000


def read_html(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a web page; raises :class:`RejectedError` where nothing can be made of it."""
    flow = Flow(limits)
    _PageReader(flow).read(parse_html(source_bytes(source)))
    return flow


def add_page(flow: Flow, root: Element, find_picture: Callable[[str], bytes | None]) -> None:
    """Add a page of a document of several; its title, which all pages may have, is left out.

    Args:
        flow: Where it goes.
        root: Its root element.
        find_picture: The bytes of the picture at an address within the document, else None.
    """
    _PageReader(flow, find_picture).read_body(root)


def parse_html(data: bytes) -> Element:
    """The root element of a web page, with its encoding found: declared, or by its letters."""
    name = declared_encoding(data)
    decoded = decode_text(data.replace(b"\0", b"") if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else data, name)
    if decoded is None:
        raise RejectedError(SourceState.SKIPPED_UNSUPPORTED, "it begins as a web page and goes on as unknown data")
    text = _ENDS.sub("", re.sub(r"^\s*<\?xml[^>]*\?>", "", decoded.text))
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise corrupt(one_line(error)) from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):  # libxml2 drops all that follows
        raise corrupt("its elements lie in each other without end")
    return root


class _PageReader:
    def __init__(self, flow: Flow, find_picture: Callable[[str], bytes | None] | None = None) -> None:
        self._flow = flow
        self._find_picture = find_picture
        self._parts: list[str] = []
        self._counts: dict[Element, int] = {}

    def read(self, root: Element) -> None:
        title = root.find(".//title")
        if title is not None and (title.text or "").strip() and root.find(".//h1") is None:
            self._flow.text(" ".join(title.text.split()), BlockLabel.TITLE, 1)
        self.read_body(root)

    def read_body(self, root: Element) -> None:
        """All but the title."""
        body = root.find("body")
        self._walk(body if body is not None else root, 0)
        self._flush()

    def _flush(self, label: BlockLabel = BlockLabel.TEXT, level: int | None = None) -> None:
        """End the paragraph that inline text has made so far."""
        text = "".join(self._parts)
        self._parts = []
        if level is not None:
            self._flow.heading(text, level)
        else:
            self._flow.text(text, label)

    def _walk(self, element: Element, depth: int) -> None:
        if depth > _MOST_DEPTH:
            self._parts.append(_SPACE.sub(" ", "".join(element.itertext())))
            return
        self._parts.append(_text(element.text, element))
        for inner in element:
            if isinstance(inner.tag, str) and not _is_dropped(inner):
                self._element(inner, depth)
            self._parts.append(_text(inner.tail, element))

    def _element(self, element: Element, depth: int) -> None:
        name = element.tag.lower()
        if name == "br":
            self._parts.append("\n")
        elif name == "img":
            self._picture(element)
        elif name == "table":
            self._flush()
            self._table(element, depth)
        elif name in _HEADINGS:
            self._flush()
            self._walk(element, depth + 1)
            self._flush(level=_HEADINGS[name])
        elif name == "li":
            self._item(element, depth)
        elif name in _BLOCKS:
            self._flush()
            self._walk(element, depth + 1)
            self._flush()
        else:
            self._walk(element, depth + 1)

    def _item(self, element: Element, depth: int) -> None:
        self._flush()
        parent = element.getparent()
        mark = "•"
        if parent is not None and parent.tag == "ol":
            self._counts[parent] = self._counts.get(parent, _start(parent) - 1) + 1
            mark = f"{self._counts[parent]}."
        self._parts.append(f"{mark} ")
        lists = [inner for inner in element if inner.tag in ("ul", "ol", "table")]
        if lists:  # the item's own words first, then what lies in it
            for inner in lists:
                inner.drop_tree()  # its tail stays
        self._parts.append(_inline_text(element))
        if "".join(self._parts).strip() == mark:
            self._parts = []
        self._flush(BlockLabel.LIST_ITEM)
        for inner in lists:
            self._element(inner, depth + 1)

    def _table(self, table: Element, depth: int) -> None:
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]
        cells_of_rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        if not any(len(row) > 1 for row in cells_of_rows) or self._is_layout(table, cells_of_rows):
            # A table that only places things on the screen: what is in its cells is the content.
            for row in cells_of_rows:
                for cell in row:
                    self._walk(cell, depth + 1)
                    self._flush()
            return
        caption = table.find("caption")
        if caption is not None:
            self._flow.text(_inline_text(caption), BlockLabel.CAPTION)
        self._flow.table(_table_of(rows, cells_of_rows))
        for image in table.iter("img"):
            self._picture(image)

    @staticmethod
    def _is_layout(table: Element, rows: list[list[Element]]) -> bool:
        holds_tables = next((found for found in table.iter("table") if found is not table), None) is not None
        return holds_tables and not any(cell.tag == "th" for row in rows for cell in row)

    def _picture(self, element: Element) -> None:
        """Only a picture that is in the page itself, or in the book that the page is of; none is fetched."""
        address = element.get("src") or ""
        if not address.startswith("data:image/"):
            if self._find_picture is not None and (found := self._find_picture(address)):
                self._flow.picture(Picture(found, element.get("alt") or "picture"))
            return
        head, _, data = address.partition(",")
        try:
            content = base64.b64decode(data) if ";base64" in head else unquote_to_bytes(data)
        except (binascii.Error, ValueError):
            return
        self._flow.picture(Picture(content, element.get("alt") or "picture"))


def _table_of(rows: list[Element], cells_of_rows: list[list[Element]]) -> Table:
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    width = 0
    for place, row in enumerate(cells_of_rows):
        column = 0
        is_head = rows[place].getparent().tag == "thead"
        for cell in row:
            while (place, column) in taken:
                column += 1
            row_span = min(_whole(cell.get("rowspan"), len(rows)), len(rows) - place)
            column_span = min(_whole(cell.get("colspan"), 1), 200)
            taken.update((r, c) for r in range(place, place + row_span) for c in range(column, column + column_span))
            text = _inline_text(cell)
            cells.append(Cell(place, column, clean_lines(text), row_span, column_span, cell.tag == "th" or is_head))
            column += column_span
            width = max(width, column)
            if len(taken) > _MOST_PLACES:
                raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, f"a table of over {_MOST_PLACES} places")
    return whole_table(cells, len(rows), width)


def _whole(text: str | None, zero: int) -> int:
    """A span; 0 means all that is left (https://html.spec.whatwg.org/#attr-tdth-rowspan)."""
    try:
        value = int((text or "1").strip())
    except ValueError:
        return 1
    return value if value > 0 else zero


def _start(element: Element) -> int:
    try:
        return int(element.get("start") or 1)
    except ValueError:
        return 1


def _text(text: str | None, parent: Element) -> str:
    if not text:
        return ""
    if any(ancestor.tag == "pre" for ancestor in (parent, *parent.iterancestors("pre"))):
        return text
    return _SPACE.sub(" ", text)


def _inline_text(element: Element) -> str:
    """All text within, with line breaks where blocks begin and end."""
    parts: list[str] = []

    def walk(found: Element, depth: int) -> None:
        parts.append(_text(found.text, found))
        for inner in found:
            if depth >= _MOST_DEPTH:
                parts.append(_SPACE.sub(" ", "".join(inner.itertext())))
            elif isinstance(inner.tag, str) and not _is_dropped(inner):
                is_block = inner.tag in _BLOCKS
                parts.append("\n" if is_block or inner.tag == "br" else "")
                if inner.tag in ("td", "th"):
                    parts[-1] = "\t"
                walk(inner, depth + 1)
                parts.append("\n" if is_block and inner.tag not in ("td", "th") else "")
            parts.append(_text(inner.tail, found))

    walk(element, 0)
    return "".join(parts)


def _is_dropped(element: Element) -> bool:
    if element.tag in _DROPPED or element.get("hidden") is not None:
        return True
    return bool(_HIDDEN.search(element.get("style") or ""))
