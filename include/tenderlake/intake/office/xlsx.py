"""Reads Excel workbooks (XLSX, XLSM and templates; transitional and Strict OOXML, ECMA-376 part 1).

Own code over lxml: openpyxl finds no sheets in Strict workbooks, keeps an object for every empty cell that has a
format, and shows no number by its format; calamine does not even give the formats. Formulas stand for their cached
values; nothing is calculated, no link to another workbook is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.drawings import add_drawing
from tenderlake.intake.office.embedded import EmbeddedParts
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.grids import GridCell, add_sheet
from tenderlake.intake.office.numberformats import BUILT_IN_FORMATS, NumberStyle, plain_number, shown_number
from tenderlake.intake.office.package import (
    Element,
    OfficePackage,
    attribute,
    child,
    children,
    corrupt,
    local,
    number,
)

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_TITLE_ROWS = re.compile(r"\$(\d+):\$(\d+)")
_CYRILLIC = re.compile("[А-Яа-яЁё]")
_LATIN = re.compile("[A-Za-z]")
_SAMPLE_STRINGS = 2000
_TRUTH = {(True, "1"): "ИСТИНА", (True, "0"): "ЛОЖЬ", (False, "1"): "TRUE", (False, "0"): "FALSE"}


def is_mostly_russian(texts: list[str]) -> bool:
    """Whether the words of a workbook are Russian; it decides how numbers are shown."""
    sample = " ".join(texts[:_SAMPLE_STRINGS])
    return len(_CYRILLIC.findall(sample)) * 2 >= len(_LATIN.findall(sample))


def read_xlsx(package: OfficePackage, limits: PrepareLimits) -> Flow:
    """Read a workbook, a sheet a page; raises :class:`RejectedError` where it is damaged."""
    main = package.relations("").first("officeDocument") or "xl/workbook.xml"
    workbook = package.xml(main)
    relations = package.relations(main)
    strings = _shared_strings(package, relations.first("sharedStrings"))
    dates = child(workbook, "workbookPr")
    since_1904 = dates is not None and attribute(dates, "date1904") in ("1", "true")
    formats = _formats(package.optional_xml(relations.first("styles")))
    reader = _SheetReader(strings, formats, NumberStyle(is_mostly_russian(strings), since_1904))
    flow = Flow(limits, has_real_pages=True)
    embedded = EmbeddedParts(package, flow)
    titles = _title_rows(workbook)
    is_first = True
    sheets = child(workbook, "sheets")
    if sheets is None:
        raise corrupt("the workbook has no sheets")
    for index, sheet in enumerate(children(sheets, "sheet")):
        target = relations.target(attribute(sheet, "id"))
        if target is None or target not in package:
            package.lost.append(f"the sheet {attribute(sheet, 'name')}")
            continue
        cells = reader.read(package, target, titles.get(index, range(0)))
        is_hidden = attribute(sheet, "state") in ("hidden", "veryHidden")
        name = attribute(sheet, "name")
        add_sheet(flow, name, cells, is_hidden=is_hidden, is_first=is_first)
        is_first = False
        sheet_relations = package.relations(target)
        for drawing in sheet_relations.of_kind("drawing"):
            add_drawing(package, drawing, flow)
        for kind in ("oleObject", "package"):
            for target in sheet_relations.of_kind(kind):
                embedded.show(target, "object")
    embedded.take_rest()
    return flow


def _shared_strings(package: OfficePackage, part: str | None) -> list[str]:
    if part is None or part not in package:
        return []
    return [text_of(item) for item in package.elements(part, "si")]


def text_of(item: Element) -> str:
    """The text of a string with its runs; readings of Asian signs are left out."""
    parts: list[str] = []
    for found in item:
        name = local(found)
        if name == "t":
            parts.append(found.text or "")
        elif name == "r":
            parts.extend(text.text or "" for text in children(found, "t"))
    return "".join(parts)


def _formats(styles: Element | None) -> list[str]:
    """The number format of every cell style."""
    own = {
        number(attribute(found, "numFmtId")): attribute(found, "formatCode")
        for found in children(child(styles, "numFmts"), "numFmt")
    }
    codes = {**BUILT_IN_FORMATS, **own}
    return [
        codes.get(number(attribute(style, "numFmtId")), "General") for style in children(child(styles, "cellXfs"), "xf")
    ]


def _title_rows(workbook: Element) -> dict[int, range]:
    """The rows that a sheet repeats on every printed page: the file says they are headers."""
    found: dict[int, range] = {}
    for name in children(child(workbook, "definedNames"), "definedName"):
        if attribute(name, "name") == "_xlnm.Print_Titles" and (match := _TITLE_ROWS.search(name.text or "")):
            found[number(attribute(name, "localSheetId"))] = range(int(match[1]) - 1, int(match[2]))
    return found


@dataclass
class _SheetReader:
    strings: list[str]
    formats: list[str]
    style: NumberStyle
    _numbers: dict[tuple[str, int], str] = field(default_factory=dict)

    def read(self, package: OfficePackage, part: str, titles: range) -> list[GridCell]:
        """The cells of a sheet that show something."""
        texts: dict[tuple[int, int], str] = {}
        spans: dict[tuple[int, int], tuple[int, int]] = {}
        next_row = 0
        for element in package.elements(part, "row", "mergeCell"):
            if local(element) == "mergeCell":
                first, _, last = attribute(element, "ref").partition(":")
                corner, opposite = place_of(first), place_of(last)
                if corner is not None and opposite is not None:
                    spans[corner] = (max(1, opposite[0] - corner[0] + 1), max(1, opposite[1] - corner[1] + 1))
                continue
            row = number(attribute(element, "r"), next_row + 1) - 1
            next_row = row + 1
            for column, text in self._row(element):
                texts[row, column] = text
        return [
            GridCell(row, column, text, *spans.get((row, column), (1, 1)), is_header=row in titles)
            for (row, column), text in texts.items()
        ]

    def _row(self, element: Element) -> Iterator[tuple[int, str]]:
        column = -1
        for cell in element:
            if local(cell) != "c":
                continue
            place = place_of(cell.get("r") or "")
            column = place[1] if place is not None else column + 1
            if len(cell) and (text := self._text(cell)):
                yield column, text

    def _text(self, cell: Element) -> str:
        kind = cell.get("t") or "n"
        if kind == "inlineStr":
            inline = child(cell, "is")
            return text_of(inline) if inline is not None else ""
        found = child(cell, "v")
        value = (found.text or "") if found is not None else ""
        if not value and kind == "n" and (formula := child(cell, "f")) is not None and formula.text:
            return f"={formula.text}"  # of a program that does not calculate: Excel would, when it opens the file
        if kind == "s":
            index = number(value, -1)
            return self.strings[index] if 0 <= index < len(self.strings) else ""
        if kind == "b":
            return _TRUTH.get((self.style.is_russian, value), value)
        if kind != "n" or not value:
            return value
        return self._number(value, number(cell.get("s")))

    def _number(self, value: str, style_index: int) -> str:
        key = (value, style_index)
        if key not in self._numbers:
            try:
                amount = float(value)
            except ValueError:
                return value
            code = self.formats[style_index] if 0 <= style_index < len(self.formats) else "General"
            shown = shown_number(amount, code, self.style)
            if not shown and amount:  # a format that hides what it has, such as ;;;
                shown = plain_number(amount, self.style)
            if len(self._numbers) > 100_000:
                self._numbers.clear()
            self._numbers[key] = shown
        return self._numbers[key]


def place_of(reference: str) -> tuple[int, int] | None:
    """Row and column from 0 of a reference such as ``AB12``."""
    match = _REFERENCE.fullmatch(reference.strip())
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1
