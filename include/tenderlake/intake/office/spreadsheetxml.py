"""Reads workbooks that Excel 2003 and 1C write as one XML file ("XML Spreadsheet 2003").

The elements are those of Microsoft's "XML Spreadsheet Reference" (2001): rows and cells count on from the one before
unless they have an index, and a cell goes over so many more rows and columns.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.grids import GridCell, add_sheet
from tenderlake.intake.office.numberformats import BUILT_IN_FORMATS, NumberStyle, shown_number
from tenderlake.intake.office.package import (
    Element,
    attribute,
    child,
    children,
    corrupt,
    descendants,
    number,
    parse_xml,
)
from tenderlake.intake.office.xlsx import is_mostly_russian
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.plaintext import source_bytes
from tenderlake.states import SourceState

_MOST_CELLS = 3_000_000
_MOST_SAMPLE = 2000
_MOST_PLACE = 1 << 20
_NAMED_FORMATS = {
    "General Number": "General",
    "General Date": BUILT_IN_FORMATS[22],
    "Short Date": BUILT_IN_FORMATS[14],
    "Medium Date": "dd-mmm-yy",
    "Long Date": BUILT_IN_FORMATS[14],
    "Short Time": "h:mm",
    "Medium Time": "h:mm AM/PM",
    "Long Time": "h:mm:ss",
    "Currency": "#,##0.00",
    "Euro Currency": '#,##0.00" €"',
    "Fixed": "0.00",
    "Standard": "#,##0.00",
    "Percent": "0.00%",
    "Scientific": "0.00E+00",
}
_TRUTH = {(True, "1"): "ИСТИНА", (True, "0"): "ЛОЖЬ", (False, "1"): "TRUE", (False, "0"): "FALSE"}
_EPOCH = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001  # days of a calendar
_SECONDS_A_DAY = 86_400


def read_spreadsheet_xml(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a workbook, a sheet a page; raises :class:`RejectedError` where it is damaged."""
    root = parse_xml(source_bytes(source), "Workbook", is_huge=True)
    sheets = list(children(root, "Worksheet"))
    if not sheets:
        raise corrupt("the workbook has no sheets")
    flow = Flow(limits, has_real_pages=True)
    reader = _Reader(root)
    for place, sheet in enumerate(sheets):
        visible = child(sheet, "WorksheetOptions", "Visible")
        is_hidden = visible is not None and (visible.text or "").strip() in ("SheetHidden", "SheetVeryHidden")
        cells = list(reader.cells(sheet))
        add_sheet(flow, attribute(sheet, "Name"), cells, is_hidden=is_hidden, is_first=place == 0)
    return flow


class _Reader:
    def __init__(self, root: Element) -> None:
        self._formats: dict[str, str] = {}
        for style in children(child(root, "Styles"), "Style"):
            self._formats[attribute(style, "ID")] = self._format_of(style)
        texts = [_words(found) for found, _ in zip(descendants(root, "Data"), range(_MOST_SAMPLE), strict=False)]
        since_1904 = next(descendants(child(root, "ExcelWorkbook"), "Date1904"), None) is not None
        self._style = NumberStyle(is_mostly_russian(texts), since_1904)
        self._count = 0

    def _format_of(self, style: Element) -> str:
        found = child(style, "NumberFormat")
        code = attribute(found, "Format") if found is not None else ""
        code = code or self._formats.get(attribute(style, "Parent"), "")
        return _NAMED_FORMATS.get(code, code or "General")

    def cells(self, sheet: Element) -> Iterator[GridCell]:
        """The cells of a sheet that show something."""
        row = -1
        for table in children(sheet, "Table"):
            for element in children(table, "Row"):
                row = _place(element, row)
                yield from self._row(element, row, attribute(table, "StyleID"))
                row += min(number(attribute(element, "Span")), _MOST_PLACE)

    def _row(self, row: Element, place: int, style: str) -> Iterator[GridCell]:
        style = attribute(row, "StyleID") or style
        column = -1
        for cell in children(row, "Cell"):
            column = _place(cell, column)
            across, down = (max(0, number(attribute(cell, name))) for name in ("MergeAcross", "MergeDown"))
            text = self._text(cell, attribute(cell, "StyleID") or style)
            if text:
                self._count += 1
                if self._count > _MOST_CELLS:
                    raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, f"a workbook of over {_MOST_CELLS} cells")
                yield GridCell(place, column, text, down + 1, across + 1)
            column += across

    def _text(self, cell: Element, style: str) -> str:
        data = child(cell, "Data")
        if data is None:
            return ""
        text, kind = _words(data), attribute(data, "Type")
        if kind == "Boolean":
            return _TRUTH.get((self._style.is_russian, text.strip()), text)
        if kind not in ("Number", "DateTime"):
            return text
        code = self._formats.get(style, "General")
        try:
            value = float(text) if kind == "Number" else self._days(text.strip())
        except (ValueError, OverflowError):
            return text
        if kind == "DateTime" and code == "General":
            code = BUILT_IN_FORMATS[14 if value == int(value) else 22]
        return shown_number(value, code, self._style)

    def _days(self, text: str) -> float:
        since = datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH[self._style.since_1904]
        return since.days + since.seconds / _SECONDS_A_DAY


def _place(element: Element, before: int) -> int:
    """Where a row or cell is, from 0: behind the one before, or where it says itself."""
    index = number(attribute(element, "Index"))
    return index - 1 if before + 1 < index <= _MOST_PLACE else before + 1


def _words(data: Element) -> str:
    """The text of a cell, which may have marks of HTML in it."""
    for line_break in descendants(data, "BR"):
        line_break.text = "\n"
    return "".join(data.itertext())
