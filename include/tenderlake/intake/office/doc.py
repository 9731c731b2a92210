"""Reads Word documents of 1997 to 2003 (DOC) from their streams; own code, for no library gives their tables.

Left out: deleted and hidden text, field instructions, annotations.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.blips import pictures_in
from tenderlake.intake.office.doclists import chain, read_lists, read_styles
from tenderlake.intake.office.docstreams import (
    BOLD,
    DELETED,
    END_NOTES,
    END_REFERENCES,
    HEADERS,
    HIDDEN,
    LIST_INSTANCES,
    LISTS,
    NOTE_REFERENCES,
    NOTES,
    SECTIONS,
    STYLES,
    WordStreams,
    open_word,
    sprms,
)
from tenderlake.intake.office.edges import EdgeCell, EdgeRow, table_of_edges
from tenderlake.intake.office.embedded import files_in_storages
from tenderlake.intake.office.flow import Flow, Picture
from tenderlake.intake.office.listnumbers import BULLET

_FOOTNOTES, _HEADERS_PART, _ENDNOTES, _BOXES = 1, 2, 5, 6
_CELL_END, _PAGE_END, _PARAGRAPH_END = "\x07", "\x0c", "\r"
_FIELD_BEGIN, _FIELD_RESULT, _FIELD_END = "\x13", "\x14", "\x15"
_SIGNS = {"\x0b": "\n", "\x1e": "-", "\x1f": "", "\t": "\t", "\xa0": " "}
_NOTE_MARK, _PICTURE_MARK = "\x02", "\x01"
_END = re.compile("[\r\x07\x0c]")
_TITLE_STYLE = 62
_TWIPS_PER_CM = 567
_MOST_BOLD_HEADING_CHARS = 120


@dataclass(frozen=True)
class _Format:
    """What is said of a paragraph, as far as it matters here."""

    heading_level: int | None = None
    is_title: bool = False
    is_centered: bool = False
    list_number: int = 0
    list_level: int = 0
    in_table: bool = False
    ends_row: bool = False
    depth: int = 0
    ends_inner_cell: bool = False
    ends_inner_row: bool = False
    breaks_before: bool = False
    edges: tuple[int, ...] = ()
    merges: tuple[tuple[bool, bool], ...] = ()
    """Of every cell: whether it belongs to the cell above, and to the one before."""
    is_header_row: bool = False


@dataclass
class _Row:
    texts: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


def read_doc(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a document; raises :class:`RejectedError` where it is damaged, encrypted or of before 1997."""
    reader = _DocReader(open_word(source), Flow(limits))
    reader.read()
    for attachment in files_in_storages(source, "ObjectPool"):
        reader.flow.attach(attachment, is_shown=False)
    return reader.flow


class _DocReader:
    def __init__(self, streams: WordStreams, flow: Flow) -> None:
        self.flow = flow
        self._streams = streams
        self._styles = read_styles(streams.table_of(STYLES))
        self._lists = read_lists(streams.table_from(LISTS), streams.table_of(LIST_INSTANCES))
        self._formats: dict[tuple[int, bytes], _Format] = {}
        self._fields: list[bool] = []
        self._notes: dict[int, tuple[int, str]] = {}
        self._notes = {
            **self._note_texts(_FOOTNOTES, NOTE_REFERENCES, NOTES),
            **self._note_texts(_ENDNOTES, END_REFERENCES, END_NOTES),
        }
        self._continuous = self._continuous_sections()
        self._rows: list[EdgeRow] = []
        self._row = _Row()
        self._shown_pictures: set[int] = set()

    def read(self) -> None:
        self._show_margins()
        self._read_part(*self._streams.part(0))
        self._read_part(*self._streams.part(_BOXES))
        for picture in pictures_in(self._streams.main):  # floating ones: their place is not known
            self.flow.picture(picture)

    def _read_part(self, begin: int, end: int) -> None:
        self._fields = []
        for first, last in self._paragraphs(begin, end):
            self._paragraph(first, last)
        self._end_table()

    def _paragraphs(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Where paragraphs begin, and where their end marks stand."""
        while begin < end:
            match = _END.search(self._streams.text, begin, end)
            last = match.start() if match else end - 1
            yield begin, last
            begin = last + 1

    def _paragraph(self, first: int, last: int) -> None:
        end_mark = self._streams.text[last]
        said = self._format(last)
        has_mark = end_mark in "\r\x07\x0c"
        text = self._shown(first, last if has_mark else last + 1)
        if said.in_table:
            mark = self._mark(said) if text.strip() else None
            self._table_paragraph(f"{mark} {text.strip()}" if mark else text, end_mark, said)
            self._add_extras(first, last)
            return
        self._end_table()
        if said.breaks_before and not self.flow.page_is_empty:
            self.flow.end_page()
        self._emit(text, said, self._is_bold(first, last))
        self._add_extras(first, last)
        if end_mark == _PAGE_END and not self.flow.page_is_empty and last not in self._continuous:
            self.flow.end_page()

    def _emit(self, text: str, said: _Format, is_bold: bool) -> None:
        shown = text.strip()
        if not shown:
            return
        mark = self._mark(said)
        if mark:
            text = shown = f"{mark} {shown}"
        is_short = len(shown) <= _MOST_BOLD_HEADING_CHARS and "\n" not in shown
        is_lettered = any(map(str.isalpha, shown))
        if said.is_title:
            self.flow.text(" ".join(shown.split()), BlockLabel.TITLE, 1)
        elif said.heading_level is not None and len(shown) < 500 and mark != BULLET:
            self.flow.heading(shown, said.heading_level)
        elif is_bold and is_short and is_lettered and (said.is_centered or shown.isupper()):
            self.flow.heading(shown, 4)
        else:
            self.flow.text(text, BlockLabel.LIST_ITEM if mark else BlockLabel.TEXT)

    def _mark(self, said: _Format) -> str | None:
        """The automatic number of a paragraph that shows something."""
        return self._lists.next(str(said.list_number), said.list_level) if said.list_number else None

    # ---- text

    def _shown(self, first: int, last: int) -> str:
        """What people see of the characters: results of fields, no deleted or hidden text."""
        streams = self._streams
        parts: list[str] = []
        for position in range(first, last):
            char = streams.text[position]
            if char == _FIELD_BEGIN:
                self._fields.append(False)
            elif char == _FIELD_RESULT and self._fields:
                self._fields[-1] = True
            elif char == _FIELD_END:
                if self._fields:
                    self._fields.pop()
            elif not all(self._fields) or streams.flags[position] & (DELETED | HIDDEN):
                continue
            elif char == _NOTE_MARK and position in self._notes:
                parts.append(f"[{self._notes[position][0]}]")
            elif char >= " " or char in _SIGNS:
                parts.append(_SIGNS.get(char, char))
        return "".join(parts)

    def _is_bold(self, first: int, last: int) -> bool:
        letters = [place for place in range(first, min(last, first + 200)) if self._streams.text[place].isalpha()]
        return bool(letters) and all(self._streams.flags[place] & BOLD for place in letters)

    def _add_extras(self, first: int, last: int) -> None:
        """Notes and pictures that belong to a paragraph."""
        text = self._streams.text
        place = text.find(_NOTE_MARK, first, last)
        while place >= 0:
            if place in self._notes:
                mark, note = self._notes[place]
                self.flow.note(f"[{mark}] {note}")
            place = text.find(_NOTE_MARK, place + 1, last)
        place = text.find(_PICTURE_MARK, first, last)
        while place >= 0:
            if place in self._streams.pictures:
                self._picture(self._streams.pictures[place])
            place = text.find(_PICTURE_MARK, place + 1, last)

    def _picture(self, place: int) -> None:
        """A picture within the text ([MS-DOC] 2.9.192 PICFAndOfficeArtData)."""
        data = self._streams.data
        if place + 32 > len(data) or place in self._shown_pictures:
            return
        self._shown_pictures.add(place)
        size, header = struct.unpack_from("<IH", data, place)
        width, height = struct.unpack_from("<hh", data, place + 0x1C)
        shown = (width / _TWIPS_PER_CM, height / _TWIPS_PER_CM) if width > 0 and height > 0 else None
        for picture in pictures_in(data[place + header : place + size]):
            self.flow.picture(Picture(picture.data, picture.name, shown))

    def _note_texts(self, part: int, references: int, texts: int) -> dict[int, tuple[int, str]]:
        """Number and text of every note, by the position of its reference."""
        places, _ = self._streams.positions(references, 2)
        begin, end = self._streams.part(part)
        data = self._streams.table_of(texts)
        starts = struct.unpack_from(f"<{len(data) // 4}I", data)
        found: dict[int, tuple[int, str]] = {}
        for index, place in enumerate(places[:-1]):
            if index + 1 < len(starts):
                low, high = begin + starts[index], min(begin + starts[index + 1], end)
                self._fields = []
                found[place] = (index + 1, self._lines(low, high))
        return found

    def _lines(self, begin: int, end: int) -> str:
        return "\n".join(self._shown(first, last) for first, last in self._paragraphs(begin, end)).strip()

    def _show_margins(self) -> None:
        """Headers and footers, each once, on the first page ([MS-DOC] 2.8.22: six a section after six others)."""
        data = self._streams.table_of(HEADERS)
        starts = struct.unpack_from(f"<{len(data) // 4}I", data)
        begin, end = self._streams.part(_HEADERS_PART)
        shown: set[str] = set()
        for index in range(6, len(starts) - 2):
            self._fields = []
            text = self._lines(begin + starts[index], min(begin + starts[index + 1], end))
            if text and text not in shown:
                shown.add(text)
                self.flow.margin(text, BlockLabel.HEADER if index % 6 in (0, 1, 4) else BlockLabel.FOOTER)
        self._fields = []

    def _continuous_sections(self) -> frozenset[int]:
        """The positions of section ends after which the page goes on."""
        ends, sections = self._streams.positions(SECTIONS, 12)
        found: set[int] = set()
        for index, section in enumerate(sections):
            place = struct.unpack_from("<I", section, 2)[0]
            if index == 0 or place + 2 > len(self._streams.main):
                continue
            (size,) = struct.unpack_from("<H", self._streams.main, place)
            properties = dict(sprms(self._streams.main[place + 2 : place + 2 + size]))
            if properties.get(0x3009) == b"\0":
                found.add(ends[index] - 1)
        return frozenset(found)

    # ---- tables

    def _table_paragraph(self, text: str, end_mark: str, said: _Format) -> None:
        row = self._row
        if said.depth > 1:
            ending = "\n" if said.ends_inner_row else "\t" if said.ends_inner_cell else " "
            row.parts.append(text + ending)
        elif said.ends_row:
            self._end_row(said)
        elif end_mark == _CELL_END:
            row.texts.append("".join([*row.parts, text]))
            row.parts = []
        else:
            row.parts.append(text + "\n")

    def _end_row(self, said: _Format) -> None:
        row, self._row = self._row, _Row()
        if row.parts:
            row.texts.append("".join(row.parts))
        if not row.texts:
            return
        edges = list(said.edges)
        while len(edges) <= len(row.texts):
            edges.append((edges[-1] if edges else 0) + 1000)
        cells = []
        for index, text in enumerate(row.texts):
            below, right = said.merges[index] if index < len(said.merges) else (False, False)
            cells.append(EdgeCell(text, edges[index + 1], below, right))
        self._rows.append(EdgeRow(tuple(cells), edges[0], said.is_header_row))

    def _end_table(self) -> None:
        if self._row.texts or self._row.parts:
            self._end_row(_Format())
        rows, self._rows = self._rows, []
        if len(rows) == 1 and len(rows[0].cells) == 1:
            self.flow.text(rows[0].cells[0].text)
        elif rows:
            self.flow.table(table_of_edges(rows))

    # ---- properties

    def _format(self, position: int) -> _Format:
        said = self._streams.paragraph(position)
        key = (said.style, said.properties)
        if key not in self._formats:
            self._formats[key] = self._parsed(said.style, said.properties)
        return self._formats[key]

    def _parsed(self, style: int, properties: bytes) -> _Format:
        said = _Format()
        for base in chain(self._styles, style):
            if 1 <= base.kind <= 9:
                said = replace(said, heading_level=base.kind)
            elif base.kind == _TITLE_STYLE:
                said = replace(said, is_title=True)
            for code, operand in sprms(base.properties):
                said = _apply(said, code, operand)
        for code, operand in sprms(properties):
            said = _apply(said, code, operand)
        return said


def _apply(said: _Format, code: int, operand: bytes) -> _Format:
    if not operand:
        return said
    if code in _FLAGS:
        return _FLAGS[code](said, operand[0] != 0)
    if code in (0x2403, 0x2461):
        return replace(said, is_centered=operand[0] == 1)
    if code == 0x2640:
        return replace(said, heading_level=operand[0] + 1 if operand[0] < 9 else None)
    if code == 0x6649 and len(operand) == 4:
        return replace(said, depth=max(0, min(struct.unpack("<i", operand)[0], 100)))
    if code == 0x460B and len(operand) == 2:
        number = struct.unpack("<H", operand)[0]
        return replace(said, list_number=0 if number in (0, 0xF801) else number)
    if code == 0x260A:
        return replace(said, list_level=operand[0])
    if code == 0xD608:
        return _table_definition(said, operand)
    if code == 0xD62B and len(operand) >= 2 and operand[0] < len(said.merges):
        merges = list(said.merges)
        merges[operand[0]] = (operand[1] == 1, merges[operand[0]][1])
        return replace(said, merges=tuple(merges))
    return said


_FLAGS: Mapping[int, Callable[[_Format, bool], _Format]] = {
    0x2407: lambda said, is_on: replace(said, breaks_before=is_on),
    0x2416: lambda said, is_on: replace(said, in_table=is_on),
    0x2417: lambda said, is_on: replace(said, ends_row=is_on),
    0x244B: lambda said, is_on: replace(said, ends_inner_cell=is_on),
    0x244C: lambda said, is_on: replace(said, ends_inner_row=is_on),
    0x3404: lambda said, is_on: replace(said, is_header_row=is_on),
}


def _table_definition(said: _Format, operand: bytes) -> _Format:
    """Edges and merged cells of a row ([MS-DOC] 2.9.321 TDefTableOperand)."""
    count = operand[0]
    if len(operand) < 1 + 2 * (count + 1):
        return said
    edges = struct.unpack_from(f"<{count + 1}h", operand, 1)
    merges: list[tuple[bool, bool]] = []
    for index in range(count):
        at = 1 + 2 * (count + 1) + 20 * index
        bits = struct.unpack_from("<H", operand, at)[0] if at + 2 <= len(operand) else 0
        merges.append(((bits >> 5) & 3 == 1, bits & 3 in (2, 3)))
    return replace(said, edges=edges, merges=tuple(merges))
