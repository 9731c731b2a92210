"""Reads Rich Text Format (version 1.9.1): own code, for striprtf loses tables, notes, pictures and page ends.

Only what shows is read: field instructions, deleted and hidden text are left out. Embedded files are taken as files.
"""

from __future__ import annotations

import binascii
import codecs
import io
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import PrepareLimits
from tenderlake.intake.attachments import Attachment
from tenderlake.intake.office.edges import EdgeCell, EdgeRow, table_of_edges
from tenderlake.intake.office.embedded import object_of_rtf
from tenderlake.intake.office.flow import Flow, Picture
from tenderlake.intake.office.package import corrupt
from tenderlake.intake.plaintext import source_bytes

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\", re.DOTALL
)
_CODE_PAGES = {0: "cp1252", 2: "symbol", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5",
               161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
               222: "cp874", 238: "cp1250"}  # fmt: skip
_SIGNS = {"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
          "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "lbr": "\n"}  # fmt: skip
_SYMBOLS = {b"~": " ", b"_": "-", b"{": "{", b"}": "}", b"\\": "\\"}
_SKIPPED = frozenset({
    "colortbl", "info", "generator", "fldinst", "nonshppict", "objclass", "objname", "themedata", "filetbl",
    "colorschememapping", "latentstyles", "datastore", "xmlnstbl", "listtable", "listoverridetable", "rsidtbl", "xe",
    "pgdsctbl", "annotation", "atnid", "atnauthor", "atndate", "atnref", "atrfstart", "atrfend", "atntime", "bkmkstart",
    "bkmkend", "revtbl", "template", "sp", "pnseclvl", "wgrffmtfilter", "mmathPr", "userprops", "docvar", "tc",
    "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "picprop", "blipuid", "nesttableprops", "pgptbl",
    "do",
})  # fmt: skip
_STARRED = frozenset({"objdata", "shppict", "shpinst", "shptxt", "pntext", "listtext", "footnote", "nesttableprops"})
_MARGINS = {**dict.fromkeys(("header", "headerl", "headerr", "headerf"), BlockLabel.HEADER),
            **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), BlockLabel.FOOTER)}  # fmt: skip
_HEADING_NAME = re.compile(r"(?:heading|заголовок)\s*([1-9])", re.IGNORECASE)
_TWIPS_PER_CM = 567
_PICTURE_KINDS = {"pngblip": "png", "jpegblip": "jpeg", "emfblip": "emf", "wmetafile": "wmf"}
_MOST_GROUPS = 10_000
_BODY_LEVEL = 9


@dataclass(frozen=True)
class _Group:
    """What holds within a group; ``destination`` names where its text goes."""

    destination: str = "body"
    font: int = 0
    skip_after_unicode: int = 1
    is_hidden: bool = False
    is_bold: bool = False


@dataclass
class _HexData:
    """Bytes as hexadecimal digits, or as they are."""

    digits: list[bytes] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)

    def bytes(self) -> bytes:
        """What was written; raises :class:`binascii.Error`."""
        digits = b"".join(b"".join(self.digits).split())
        return b"".join(self.data) or binascii.unhexlify(digits[: len(digits) // 2 * 2])


@dataclass
class _Pict(_HexData):
    kind: str = ""
    size: list[int] = field(default_factory=lambda: [0, 0])


@dataclass
class _Sink:
    """Where text goes while a part of the document is read: the body, a note, a header."""

    parts: list[str] = field(default_factory=list)


def read_rtf(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a document; raises :class:`RejectedError` where its groups make no sense."""
    reader = _RtfReader(Flow(limits))
    reader.read(source_bytes(source))
    return reader.flow


class _RtfReader:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._group = _Group()
        self._stack: list[_Group] = []
        self._sinks = [_Sink()]
        self._pending = bytearray()
        self._code_page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._skip = 0
        self._star = False
        self._pict: _Pict | None = None
        self._mark = ""
        self._style = 0
        self._styles: dict[int, int] = {}
        self._style_name: list[str] = []
        self._reading_style = 0
        self._outline: int | None = None
        self._bold_chars = self._plain_chars = 0
        self._is_centered = False
        self._in_table = False
        self._rows: list[EdgeRow] = []
        self._cells: list[str] = []
        self._definition: list[EdgeCell] = []
        self._left = 0
        self._is_header_row = False
        self._merge: dict[str, bool] = {}
        self._section_breaks = True
        self._margins_shown: set[str] = set()
        self._objects: list[Attachment | None] = []
        self._object_count = 0
        self._object_data: _HexData | None = None

    def read(self, data: bytes) -> None:
        place, end = data.find(b"{\\rtf"), len(data)
        while 0 <= place < end:
            match = _TOKEN.match(data, place)
            if match is None:
                break
            place = match.end()
            place += self._token(match, data, place)
        if self._stack:
            self.flow.lost.append("its end")
        self._end_paragraph()
        self._end_table()
        self._show_objects()

    def _token(self, match: re.Match[bytes], data: bytes, place: int) -> int:
        """Take one token; returns how many bytes of raw data follow it."""
        word, argument, hexadecimal, symbol, brace, text = match.groups()
        if brace is not None:
            self._flush()
            self._open() if brace == b"{" else self._close()
        elif word is not None:
            name, value = word.decode("ascii"), int(argument) if argument else None
            if name == "bin":
                size = max(0, value or 0)
                if (sink := self._pict or self._object_data) is not None:
                    sink.data.append(data[place : place + size])
                return size
            self._word(name, value)
        elif hexadecimal is not None:
            self._bytes(bytes.fromhex(hexadecimal.decode("ascii")))
        elif symbol is not None:
            self._symbol(symbol)
        elif text is not None:
            self._bytes(text)
        return 0

    # ---- groups

    def _open(self) -> None:
        if len(self._stack) >= _MOST_GROUPS:
            raise corrupt("its groups lie in each other without end")
        self._stack.append(self._group)
        self._star = False

    def _close(self) -> None:
        if not self._stack:
            return
        ended, self._group = self._group, self._stack.pop()
        self._star = False
        if ended.destination != self._group.destination:
            self._end_destination(ended.destination)

    def _end_destination(self, name: str) -> None:
        if name in ("footnote", *_MARGINS):
            text = "".join(self._sinks.pop().parts) if len(self._sinks) > 1 else ""
            if name == "footnote":
                self.flow.note(text)
            elif text.strip() and text not in self._margins_shown:
                self._margins_shown.add(text)
                self.flow.margin(text, _MARGINS[name])
        elif name == "pict" and self._pict is not None:
            self._end_picture(self._pict)
            self._pict = None
        elif name == "objdata" and self._object_data is not None:
            self._end_object(self._object_data)
            self._object_data = None
        elif name in ("listtext", "pntext"):
            self._mark = " ".join("".join(self._sinks.pop().parts).split()) if len(self._sinks) > 1 else ""
        elif name == "stylesheet":
            self._end_style()
        elif name == "shptxt":
            self._end_paragraph()

    def _enter(self, name: str) -> None:
        self._flush()
        self._group = replace(self._group, destination=name)
        if name in ("footnote", "listtext", "pntext") or name in _MARGINS:
            self._sinks.append(_Sink())
        elif name == "pict":
            self._pict = _Pict()
        elif name == "objdata":
            self._object_data = _HexData()
        elif name == "shptxt":
            self._end_paragraph()

    # ---- text

    @property
    def _is_skipping(self) -> bool:
        return self._group.destination in ("skip", "fonttbl", "stylesheet", "pict", "objdata", "shpinst")

    def _bytes(self, data: bytes) -> None:
        if self._pict is not None and self._group.destination == "pict":
            self._pict.digits.append(data)
            return
        if self._object_data is not None and self._group.destination == "objdata":
            self._object_data.digits.append(data)
            return
        if self._group.destination == "stylesheet":
            self._style_name.append(data.decode(self._code_page, "replace"))
            if data.rstrip().endswith(b";"):
                self._end_style()
            return
        if self._skip:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            data = data[dropped:]
        if not self._is_skipping and not self._group.is_hidden:
            self._pending += data

    def _flush(self) -> None:
        """Decode what bytes of text have come so far."""
        if not self._pending:
            return
        code_page = self._fonts.get(self._group.font, self._code_page)
        if code_page == "symbol":
            text = "".join(chr(0xF000 + byte) if byte >= 0x80 else chr(byte) for byte in self._pending)
        else:
            text = bytes(self._pending).decode(code_page, "replace")
        self._pending.clear()
        self._text(text)

    def _text(self, text: str) -> None:
        if self._is_skipping or self._group.is_hidden:
            return
        self._sinks[-1].parts.append(text)
        size = len(text.strip())
        if self._group.is_bold:
            self._bold_chars += size
        else:
            self._plain_chars += size

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._star = True
        elif symbol in (b"\r", b"\n"):
            self._word("par", None)
        elif symbol in _SYMBOLS:
            self._flush()
            self._text(_SYMBOLS[symbol])

    def _unicode(self, value: int) -> None:
        self._flush()
        code = value + 0x10000 if value < 0 else value
        char = chr(code) if 0 < code < 0x110000 else "\ufffd"
        sink = self._sinks[-1].parts
        if 0xDC00 <= code < 0xE000 and sink and sink[-1] and 0xD800 <= ord(sink[-1][-1]) < 0xDC00:
            pair = (sink[-1][-1] + char).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            sink[-1] = sink[-1][:-1] + pair
        else:
            self._text(char)
        self._skip = self._group.skip_after_unicode

    # ---- control words

    def _word(self, name: str, value: int | None) -> None:
        is_starred, self._star = self._star, False
        if name in _SKIPPED or (is_starred and name not in _STARRED):
            self._flush()
            self._group = replace(self._group, destination="skip")
            return
        if self._group.destination == "skip":
            return
        if name == "u":
            self._unicode(value or 0)
            return
        self._skip = 0
        if name in _SIGNS:
            self._flush()
            self._text(_SIGNS[name])
        elif (
            name in ("fonttbl", "stylesheet", "footnote", "listtext", "pntext", "pict", "objdata", "shpinst", "shptxt")
            or name in _MARGINS
        ):
            self._enter(name)
        elif handler := _HANDLERS.get(name):
            self._flush()
            handler(self, value)
        elif self._pict is not None:
            self._pict_word(name, value or 0)

    def _pict_word(self, name: str, value: int) -> None:
        assert self._pict is not None  # noqa: S101  # asked by the caller
        if name in _PICTURE_KINDS:
            self._pict.kind = _PICTURE_KINDS[name]
        elif name in ("picwgoal", "pichgoal"):
            self._pict.size[name == "pichgoal"] = value

    def _end_picture(self, pict: _Pict) -> None:
        if not pict.kind or self._objects:  # beside an embedded object it only shows what that is
            return
        try:
            data = pict.bytes()
        except binascii.Error:
            return
        width, height = (size / _TWIPS_PER_CM for size in pict.size)
        shown = (width, height) if width > 0 and height > 0 else None
        self.flow.picture(Picture(data, f"picture.{pict.kind}", shown))

    def _object(self, _: int | None) -> None:
        self._objects.append(None)

    def _end_object(self, data: _HexData) -> None:
        self._object_count += 1
        try:
            found = object_of_rtf(data.bytes(), f"object {self._object_count}.bin")
        except binascii.Error:
            return
        if self._objects:
            self._objects[-1] = found
        else:
            self._objects.append(found)

    def _show_objects(self) -> None:
        objects, self._objects = self._objects, []
        for found in objects:
            if found is not None:
                self.flow.attach(found, is_shown=True)
            else:
                self.flow.unread("embedded object, not read")

    def _set_font(self, value: int | None) -> None:
        self._group = replace(self._group, font=value or 0)

    def _set_charset(self, value: int | None) -> None:
        if self._group.destination == "fonttbl" and (code_page := _CODE_PAGES.get(value or 0)):
            self._fonts[self._group.font] = code_page

    def _set_code_page(self, value: int | None) -> None:
        name = f"cp{value}"
        with suppress(LookupError):  # of a code page that does not exist
            codecs.lookup(name)
            self._code_page = name

    def _set_skip(self, value: int | None) -> None:
        self._group = replace(self._group, skip_after_unicode=max(0, min(value or 0, 20)))

    def _set_bold(self, value: int | None) -> None:
        self._group = replace(self._group, is_bold=value != 0)

    def _set_hidden(self, value: int | None) -> None:
        self._group = replace(self._group, is_hidden=value != 0)

    def _plain(self, _: int | None) -> None:
        self._group = replace(self._group, is_bold=False, is_hidden=False)

    # ---- styles and paragraphs

    def _set_style(self, value: int | None) -> None:
        if self._group.destination == "stylesheet":
            self._reading_style = value or 0
        else:
            self._style = value or 0

    def _set_outline(self, value: int | None) -> None:
        if self._group.destination == "stylesheet":
            self._styles[self._reading_style] = value or 0
        elif not self._is_skipping:
            self._outline = value

    def _end_style(self) -> None:
        name = "".join(self._style_name).strip(" ;")
        self._style_name = []
        if match := _HEADING_NAME.match(name):
            self._styles.setdefault(self._reading_style, int(match[1]) - 1)
        self._reading_style = 0

    def _begin_paragraph(self, _: int | None) -> None:
        if self._is_skipping or len(self._sinks) > 1:
            return
        self._style, self._outline, self._in_table, self._is_centered = 0, None, False, False

    def _end_line(self, _: int | None) -> None:
        """A paragraph ends: in a cell, a note or a header it is a line."""
        if self._is_skipping:
            return
        if len(self._sinks) > 1 or self._in_table:
            if self._mark and self._in_table:
                self._sinks[-1].parts.append("")
            self._sinks[-1].parts.append("\n")
            return
        self._end_paragraph()

    def _end_paragraph(self) -> None:
        self._flush()
        if len(self._sinks) > 1:
            return
        text = "".join(self._sinks[0].parts).strip("\n")
        self._sinks[0].parts = []
        mark, self._mark = self._mark, ""
        is_bold = self._bold_chars > 0 and self._plain_chars == 0
        self._bold_chars = self._plain_chars = 0
        if not self._in_table:
            self._end_table()
        self._show_objects()
        if not text.strip():
            return
        shown = f"{mark} {text.strip()}" if mark else text
        level = self._outline if self._outline is not None else self._styles.get(self._style, _BODY_LEVEL)
        if level < _BODY_LEVEL and len(shown) < 400:
            self.flow.heading(shown, level + 1)
        elif is_bold and len(shown) <= 120 and (self._is_centered or shown.isupper()) and any(map(str.isalpha, shown)):
            self.flow.heading(shown, 4)
        else:
            self.flow.text(shown, BlockLabel.LIST_ITEM if mark else BlockLabel.TEXT)

    def _center(self, _: int | None) -> None:
        self._is_centered = True

    def _page(self, _: int | None) -> None:
        if self._is_skipping or len(self._sinks) > 1:
            return
        if not self._in_table:
            self._end_paragraph()
            if not self.flow.page_is_empty:
                self.flow.end_page()

    def _section(self, value: int | None) -> None:
        self._end_paragraph()
        if self._section_breaks:
            self._page(value)

    def _continuous_section(self, _: int | None) -> None:
        self._section_breaks = False

    def _default_section(self, _: int | None) -> None:
        self._section_breaks = True

    # ---- tables

    def _begin_row(self, _: int | None) -> None:
        self._definition, self._merge, self._is_header_row, self._left = [], {}, False, 0

    def _set_in_table(self, _: int | None) -> None:
        if not self._is_skipping and len(self._sinks) == 1:
            if not self._in_table and "".join(self._sinks[0].parts).strip():
                self._end_paragraph()
            self._in_table = True

    def _edge(self, value: int | None) -> None:
        cell = EdgeCell("", value or 0, self._merge.get("clvmrg", False), self._merge.get("clmrg", False))
        self._definition.append(cell)
        self._merge = {}

    def _set_left(self, value: int | None) -> None:
        self._left = value or 0

    def _header_row(self, _: int | None) -> None:
        self._is_header_row = True

    def _end_cell(self, _: int | None) -> None:
        if len(self._sinks) > 1 or self._is_skipping:
            return
        text = "".join(self._sinks[0].parts)
        self._cells.append(f"{self._mark} {text}" if self._mark else text)
        self._mark = ""
        self._sinks[0].parts = []
        self._in_table = True
        self._bold_chars = self._plain_chars = 0

    def _end_row(self, _: int | None) -> None:
        if len(self._sinks) > 1 or self._is_skipping or not self._cells:
            return
        cells: list[EdgeCell] = []
        right = self._left
        for place, text in enumerate(self._cells[:1000]):
            known = self._definition[place] if place < len(self._definition) else EdgeCell("", right + 1000)
            right = max(right + 1, known.right)
            cells.append(replace(known, text=text, right=right))
        left = min(self._left, cells[0].right - 1)
        self._rows.append(EdgeRow(tuple(cells), left, self._is_header_row))
        self._cells = []

    def _nested_cell(self, _: int | None) -> None:
        self._text("\t")

    def _nested_row(self, _: int | None) -> None:
        self._text("\n")

    def _end_table(self) -> None:
        if self._cells:  # the row was never ended
            self._end_row(None)
        rows, self._rows = self._rows, []
        if len(rows) == 1 and len(rows[0].cells) == 1:
            self.flow.text(rows[0].cells[0].text)
        elif rows:
            self.flow.table(table_of_edges(rows))


def _merging(name: str) -> Callable[[_RtfReader, int | None], None]:
    def note(reader: _RtfReader, _: int | None) -> None:
        reader._merge[name] = True

    return note


_HANDLERS: Mapping[str, Callable[[_RtfReader, int | None], None]] = {
    "f": _RtfReader._set_font,
    "object": _RtfReader._object,
    "fcharset": _RtfReader._set_charset,
    "ansicpg": _RtfReader._set_code_page,
    "uc": _RtfReader._set_skip,
    "b": _RtfReader._set_bold,
    "v": _RtfReader._set_hidden,
    "deleted": _RtfReader._set_hidden,
    "plain": _RtfReader._plain,
    "s": _RtfReader._set_style,
    "outlinelevel": _RtfReader._set_outline,
    "pard": _RtfReader._begin_paragraph,
    "par": _RtfReader._end_line,
    "qc": _RtfReader._center,
    "page": _RtfReader._page,
    "sect": _RtfReader._section,
    "sectd": _RtfReader._default_section,
    "sbknone": _RtfReader._continuous_section,
    "trowd": _RtfReader._begin_row,
    "intbl": _RtfReader._set_in_table,
    "cellx": _RtfReader._edge,
    "trleft": _RtfReader._set_left,
    "trhdr": _RtfReader._header_row,
    "clmrg": _merging("clmrg"),
    "clvmrg": _merging("clvmrg"),
    "cell": _RtfReader._end_cell,
    "row": _RtfReader._end_row,
    "nestcell": _RtfReader._nested_cell,
    "nestrow": _RtfReader._nested_row,
}
