"""Office files of the samples, part by part, so that the same content always gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from html import escape

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_P = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument."
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SAVED = (2026, 3, 11, 10, 0, 0)
_LEVELS = ("%1.", "%1.%2.", "%1.%2.%3.")

Cell = str | Decimal | int


def _package(main: str, content_type: str, parts: dict[str, str]) -> bytes:
    """A package with its content types and the relationship to its main part."""
    kinds = {f"/{name}": kind for name, kind in _PART_KINDS.items() if name in parts} | {f"/{main}": content_type}
    overrides = "".join(f'<Override PartName="{name}" ContentType="{_TYPES}{kind}"/>' for name, kind in kinds.items())
    sheets = "".join(
        f'<Override PartName="/{name}" ContentType="{_TYPES}spreadsheetml.worksheet+xml"/>'
        for name in parts
        if name.startswith("xl/worksheets/")
    )
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}{sheets}</Types>'
    )
    whole = {"[Content_Types].xml": types, "_rels/.rels": _relationships({"r1": ("officeDocument", main)}), **parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in whole.items():
            package.writestr(zipfile.ZipInfo(name, _SAVED), _HEAD + content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


_PART_KINDS = {
    "word/styles.xml": "wordprocessingml.styles+xml",
    "word/numbering.xml": "wordprocessingml.numbering+xml",
    "word/header1.xml": "wordprocessingml.header+xml",
    "xl/styles.xml": "spreadsheetml.styles+xml",
}


def _relationships(targets: dict[str, tuple[str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="{key}" Type="{_R}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_P}">{entries}</Relationships>'


# ---- Word


def paragraph(text: str, *, style: str = "", level: int | None = None, align: str = "") -> str:
    """A paragraph; ``level`` from 0 makes it a numbered clause."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if level is not None:
        properties += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    properties += f'<w:jc w:val="{align}"/>' if align else ""
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def page_break() -> str:
    """The end of a page."""
    return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]], total: str = "") -> str:
    """A table with a header row that is repeated on every page, and a last row of one cell across and its value."""
    grid = "".join("<w:gridCol/>" for _ in header)
    lines = [_row(header, "<w:trPr><w:tblHeader/></w:trPr>"), *(_row(row) for row in rows)]
    if total:
        wide = f'<w:tcPr><w:gridSpan w:val="{len(header)}"/></w:tcPr>'
        lines.append(f"<w:tr><w:tc>{wide}{paragraph(total)}</w:tc></w:tr>")
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    borders = "".join(f'<w:{side} w:val="single" w:sz="4"/>' for side in sides)
    properties = f"<w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr>"
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"


def _row(cells: Sequence[str], properties: str = "") -> str:
    return f"<w:tr>{properties}{''.join(f'<w:tc><w:tcPr/>{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"


def word_document(blocks: Sequence[str], header: str) -> bytes:
    """A DOCX file of these blocks with a running header."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        f"<w:pPr>{properties}</w:pPr><w:rPr><w:b/></w:rPr></w:style>"
        for key, name, properties in (
            ("Title", "Title", '<w:jc w:val="center"/>'),
            ("Heading1", "heading 1", '<w:outlineLvl w:val="0"/>'),
        )
    )
    levels = "".join(
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="{text}"/></w:lvl>'
        for place, text in enumerate(_LEVELS)
    )
    section = '<w:sectPr><w:headerReference w:type="default" r:id="h"/><w:pgSz w:w="11906" w:h="16838"/></w:sectPr>'
    return _package(
        "word/document.xml",
        "wordprocessingml.document.main+xml",
        {
            "word/document.xml": f'<w:document xmlns:w="{_W}" xmlns:r="{_R}"><w:body>{"".join(blocks)}{section}'
            "</w:body></w:document>",
            "word/styles.xml": f'<w:styles xmlns:w="{_W}">{styles}</w:styles>',
            "word/numbering.xml": f'<w:numbering xmlns:w="{_W}"><w:abstractNum w:abstractNumId="0">{levels}'
            '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
            "word/header1.xml": f'<w:hdr xmlns:w="{_W}">{paragraph(header)}</w:hdr>',
            "word/_rels/document.xml.rels": _relationships(
                {
                    "s": ("styles", "styles.xml"),
                    "n": ("numbering", "numbering.xml"),
                    "h": ("header", "header1.xml"),
                }
            ),
        },
    )


# ---- Excel


def _place(row: int, column: int) -> str:
    return f"{chr(ord('A') + column)}{row + 1}"


def sheet(rows: Sequence[Sequence[Cell | None]], merged: Sequence[tuple[int, int, int]] = ()) -> str:
    """The cells of a sheet; ``merged``: row, first and last column of cells that are one. Money has two decimals."""
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = "".join(_cell(_place(number, column), value) for column, value in enumerate(row) if value is not None)
        lines.append(f'<row r="{number + 1}">{cells}</row>')
    spans = "".join(f'<mergeCell ref="{_place(row, first)}:{_place(row, last)}"/>' for row, first, last in merged)
    merges = f'<mergeCells count="{len(merged)}">{spans}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{_S}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'


def _cell(place: str, value: Cell) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    style = 1 if isinstance(value, Decimal) else 0
    return f'<c r="{place}" s="{style}"><v>{float(value)!r}</v></c>'


def workbook(sheets: dict[str, str]) -> bytes:
    """An XLSX file of these sheets."""
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="s{number}"/>'
        for number, name in enumerate(sheets, start=1)
    )
    targets = {f"s{number}": ("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)}
    fonts = '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    fills = "".join(f'<fill><patternFill patternType="{kind}"/></fill>' for kind in ("none", "gray125"))
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    money = '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    styles = (
        f'{fonts}<fills count="2">{fills}</fills><borders count="1"><border/></borders>'
        f'<cellStyleXfs count="1">{plain}</cellStyleXfs><cellXfs count="2">{plain}{money}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    )
    return _package(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main+xml",
        {
            "xl/workbook.xml": f'<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>{entries}</sheets></workbook>',
            "xl/styles.xml": f'<styleSheet xmlns="{_S}">{styles}</styleSheet>',
            **{f"xl/worksheets/sheet{number}.xml": xml for number, xml in enumerate(sheets.values(), start=1)},
            "xl/_rels/workbook.xml.rels": _relationships({**targets, "st": ("styles", "styles.xml")}),
        },
    )
