"""Writes an invented document down as PDF or DOCX from one plain form.

A line is a paragraph; ``#`` and ``##`` begin titles, ``>`` a line at the right, ``|`` the row of a ruled table and
``¦`` that of one without lines; ``⏎`` breaks the line of a cell. The first cell of a short row reaches over the rest.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from samples.typesetting import Sheet, Typesetter
from tests.fieldaccuracy import Expected, Known
from tests.officefiles import cell, docx, paragraph

_PAPERS = Path(__file__).parent / "papers"
_MARK = re.compile(r"^(##|[#>|¦]) ?")
_PDF_STYLES = {"#": 'p style="text-align:center;font-weight:bold"', "##": 'p style="font-weight:bold"'}
_DOCX_STYLES = {"#": ('<w:jc w:val="center"/>', "<w:b/>"), "##": ("", "<w:b/>"), ">": ('<w:jc w:val="right"/>', "")}
_SHEET = Sheet(size_pt=11, footer="{page}")
_WIDE_SHEET = Sheet(size_pt=9, landscape=True, margin_left_pt=40, footer="{page}")
_MANY_COLUMNS = 7
_GUTTER_PT = 8
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4"/>' for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


@dataclass(frozen=True)
class Paper:
    """An invented document.

    Attributes:
        name: its file name, which says little or nothing.
        document_type: what it is.
        text: what it says, in the form above.
        known: what has to be found in it, and what may be found as well.
    """

    name: str
    document_type: str
    text: str
    known: Known

    @classmethod
    def of(cls, file: Path) -> Paper:
        """The document that a text file describes."""
        head, _, body = file.read_text(encoding="utf-8").partition("\n\n")
        name, document_type = (line.partition(": ")[2] for line in head.splitlines())
        text, _, fields = body.partition("\n=== found\n")
        found, _, allowed = fields.partition("=== allowed\n")
        return cls(name, document_type, text, Known(name, _expected(found), _expected(allowed)))

    def data(self, typesetter: Typesetter) -> bytes:
        """The bytes of its file."""
        parts = list(_parts(self.text))
        if self.name.endswith(".docx"):
            return docx("".join(_in_docx(mark, rows) for mark, rows in parts))
        is_wide = any(len(row) >= _MANY_COLUMNS for mark, rows in parts if mark in "|¦" for row in rows)
        body = "".join(_in_pdf(mark, rows) for mark, rows in parts)
        return typesetter.save(typesetter.document([body], _WIDE_SHEET if is_wide else _SHEET), self.name)


def papers() -> list[Paper]:
    """All of them."""
    return [Paper.of(file) for file in sorted(_PAPERS.glob("*.txt"))]


def _expected(lines: str) -> tuple[Expected, ...]:
    names_and_values = (line.partition(" = ") for line in lines.splitlines() if line)
    return tuple(Expected(*name.partition(" ")[::2], value) for name, _, value in names_and_values)


def _parts(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    lines = [line for line in text.splitlines() if line]
    marked = [(match[1] if (match := _MARK.match(line)) else "", _MARK.sub("", line)) for line in lines]
    for mark, group in groupby(marked, key=lambda pair: pair[0]):
        rows = [content for _, content in group]
        if mark and mark in "|¦":
            yield mark, [[cell_text.strip() for cell_text in row.split(f" {mark} ")] for row in rows]
        else:
            yield from ((mark, [[row]]) for row in rows)


def _in_pdf(mark: str, rows: list[list[str]]) -> str:
    if mark not in ("|", "¦"):
        style = _PDF_STYLES.get(mark, 'p style="text-align:right"' if mark else "p")
        return f"<{style}>{_lines(rows[0][0], '<br/>')}</p>"
    columns = max(len(row) for row in rows)
    width = "" if mark == "|" else f' style="width:{100 // columns}%;padding-right:{_GUTTER_PT}pt"'
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{width}{_colspan(row, place, columns)}>{_lines(text, '<br/>')}</td>" for place, text in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<table class="{"grid" if mark == "|" else ""}">{body}</table>'


def _colspan(row: list[str], place: int, columns: int) -> str:
    return f' colspan="{columns - len(row) + 1}"' if place == 0 and len(row) < columns else ""


def _in_docx(mark: str, rows: list[list[str]]) -> str:
    if mark not in ("|", "¦"):
        return paragraph(html.escape(rows[0][0]), *_DOCX_STYLES.get(mark, ("", "")))
    columns = max(len(row) for row in rows)
    body = "".join(
        "<w:tr>" + "".join(_docx_cell(row, place, columns) for place in range(len(row))) + "</w:tr>" for row in rows
    )
    borders = f"<w:tblBorders>{_BORDERS}</w:tblBorders>" if mark == "|" else ""
    return f"<w:tbl><w:tblPr>{borders}</w:tblPr><w:tblGrid>{'<w:gridCol/>' * columns}</w:tblGrid>{body}</w:tbl>"


def _docx_cell(row: list[str], place: int, columns: int) -> str:
    span = columns - len(row) + 1 if place == 0 else 1
    properties = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    first, *rest = row[place].split("⏎")
    more = "".join(paragraph(html.escape(line)) for line in rest)
    return cell(html.escape(first), properties).replace("</w:tc>", f"{more}</w:tc>")


def _lines(text: str, line_break: str) -> str:
    return html.escape(text, quote=False).replace("⏎", line_break)
