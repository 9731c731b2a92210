"""Reads Excel workbooks of before 2007 (BIFF 2 to 8) with xlrd: values by their formats, merged cells, hidden ones."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import olefile
import xlrd
from xlrd.biffh import error_text_from_code

from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.blips import pictures_in
from tenderlake.intake.office.embedded import files_in_storages
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.grids import GridCell, add_sheet
from tenderlake.intake.office.numberformats import BUILT_IN_FORMATS, NumberStyle, shown_number
from tenderlake.intake.office.package import corrupt
from tenderlake.intake.office.xlsx import is_mostly_russian
from tenderlake.intake.outcome import RejectedError, is_disk_trouble, one_line
from tenderlake.states import SourceState

_DRAWING_GROUP, _CONTINUE = 0x00EB, 0x003C
_EXTRAS = frozenset({0x0018, 0x001C})
"""Lbl and Note."""
_IGNORED = 0x0FFE
_TRUTH = {True: ("ЛОЖЬ", "ИСТИНА"), False: ("FALSE", "TRUE")}


def read_xls(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a workbook, a sheet a page; raises :class:`RejectedError` where it is damaged."""
    data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
    book, is_mended = _open(data)
    style = NumberStyle(is_mostly_russian(_words(book)), since_1904=book.datemode == 1)
    flow = Flow(limits, has_real_pages=True)
    for place, sheet in enumerate(book.sheets()):
        cells = list(_cells(book, sheet, style))
        add_sheet(flow, sheet.name, cells, is_hidden=sheet.visibility != 0, is_first=place == 0)
    for picture in pictures_in(_drawing_group(data)):
        flow.picture(picture)
    if is_mended:
        flow.lost.append("the names and notes of the workbook")
    for attachment in files_in_storages(io.BytesIO(data), prefix="MBD"):
        flow.attach(attachment, is_shown=False)
    return flow


def _open(data: bytes) -> tuple[Any, bool]:
    """The workbook, and whether something was left out of it that the library does not read."""
    problem: Exception | None = None
    # Formats of damaged files may be what is damaged; names and notes may be, and hold nothing that a sheet shows.
    for content, formatting_info in ((data, True), (data, False), (_without_extras(data), False)):
        try:
            book = xlrd.open_workbook(
                file_contents=content, formatting_info=formatting_info, logfile=io.StringIO(), ragged_rows=True
            )
        except MemoryError:
            raise
        except Exception as error:  # the library lets through whatever its parsers raise
            if is_disk_trouble(error):
                raise
            words = one_line(error)
            if "encrypted" in words:
                raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, words) from error
            problem = problem or error
        else:
            return book, content is not data
    raise corrupt(problem)


def _without_extras(data: bytes) -> bytes:
    """The records of a workbook alone, with names and notes made records that nobody reads ([MS-XLS] 2.3).

    They are read past damage in the file around them.
    """
    stream = bytearray(_workbook_stream(data))
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind in _EXTRAS:
            struct.pack_into("<H", stream, place, _IGNORED)
        place += 4 + size
    return bytes(stream)


def _words(book: Any) -> list[str]:
    found: list[str] = []
    for sheet in book.sheets():
        for row in range(min(sheet.nrows, 200)):
            found += [str(cell.value) for cell in sheet.row(row) if cell.ctype == xlrd.XL_CELL_TEXT]
    return found


def _cells(book: Any, sheet: Any, style: NumberStyle) -> Iterator[GridCell]:
    spans = {(top, left): (bottom - top, right - left) for top, bottom, left, right in sheet.merged_cells}
    for row in range(sheet.nrows):
        for column, cell in enumerate(sheet.row(row)):
            if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            text = _text(book, cell, style)
            if text:
                yield GridCell(row, column, text, *spans.get((row, column), (1, 1)))


def _text(book: Any, cell: Any, style: NumberStyle) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return shown_number(cell.value, _format(book, cell), style)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return _TRUTH[style.is_russian][bool(cell.value)]
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(error_text_from_code.get(cell.value, "#?"))
    return str(cell.value)


def _format(book: Any, cell: Any) -> str:
    fallback = "SHORTDATE" if cell.ctype == xlrd.XL_CELL_DATE else "General"
    if cell.xf_index is None or not 0 <= cell.xf_index < len(book.xf_list):
        return fallback
    key = book.xf_list[cell.xf_index].format_key
    if key == 14 or key == 22:
        return BUILT_IN_FORMATS[key]
    found = book.format_map.get(key)
    return str(found.format_str) if found is not None and found.format_str else BUILT_IN_FORMATS.get(key, fallback)


def _drawing_group(data: bytes) -> bytes:
    """The pictures of a workbook: records of one kind, cut into pieces ([MS-XLS] 2.4.171)."""
    stream = _workbook_stream(data)
    parts: list[bytes] = []
    place, is_inside = 0, False
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        is_inside = kind == _DRAWING_GROUP or (is_inside and kind == _CONTINUE)
        if is_inside:
            parts.append(stream[place + 4 : place + 4 + size])
        place += 4 + size
    return b"".join(parts)


def _workbook_stream(data: bytes) -> bytes:
    """The records of a workbook; none where the file around them is damaged, or there is none."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return bytes(ole.openstream("Workbook").read())
    except (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error):
        return b""
