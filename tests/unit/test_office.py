"""Given an office file, these pages come out: what people read in it, in its order, and nothing that harms."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import docx as python_docx
import msoffcrypto.format.ooxml
import openpyxl
import pptx
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Alignment
from PIL import Image

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import parse_html_table
from tenderlake.documents import PageKind, PrepareLimits
from tenderlake.intake.office.numberformats import NumberStyle, shown_number
from tenderlake.intake.sniffing import DocumentFormat
from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState
from tests.officefiles import STRICT_W, cell, doc, docx, encrypted_odf, odf, ole, ooxml, paragraph, scan, xlsx, zipped
from tests.prepared import LIMITS, prepared, rejected

pytestmark = pytest.mark.unit


def rows(html: str) -> list[list[str]]:
    """The texts of a table, row by row."""
    table = parse_html_table(html)
    found: list[list[str]] = [[] for _ in range(table.row_count)]
    for one in table.cells:
        found[one.row].append(one.text)
    return found


# ---- Word


def test_a_document_of_another_program_is_read_in_its_order(tmp_path: Path) -> None:
    document = python_docx.Document()
    document.add_heading("Техническое задание", 0)
    document.add_heading("Предмет закупки", 1)
    document.add_paragraph("Поставка кабеля.")
    table = document.add_table(2, 2)
    for place, text in enumerate(("Наименование", "Кол-во", "Кабель", "1 200")):
        table.cell(place // 2, place % 2).text = text
    document.add_heading("Сроки", 2)
    buffer = io.BytesIO()
    document.save(buffer)
    found = prepared(tmp_path, buffer.getvalue())
    assert found.manifest.media_type == DocumentFormat.DOCX
    *others, _ = found.said()[:3], None
    assert others[0] == [
        ("title 1", "Техническое задание"),
        ("heading 1", "Предмет закупки"),
        ("text", "Поставка кабеля."),
    ]
    assert rows(found.texts()[3]) == [["Наименование", "Кол-во"], ["Кабель", "1 200"]]
    assert found.said()[4] == ("heading 2", "Сроки")


def test_a_page_of_an_office_file_has_no_size_and_its_blocks_no_place(tmp_path: Path) -> None:
    found = prepared(tmp_path, docx(paragraph("Текст")))
    (page,) = found.manifest.pages
    assert (page.kind, page.width_px, page.height_px, page.dpi) == (PageKind.NATIVE, 0, 0, None)
    assert found.blocks()[0].bbox_px == (0, 0, 0, 0)


def test_pages_end_where_people_see_them_end(tmp_path: Path) -> None:
    """Word writes down where a page ended; a break of the author's own is written down twice and counts once."""
    rendered = "<w:r><w:lastRenderedPageBreak/><w:t>три</w:t></w:r>"
    body = (
        paragraph("один")
        + "<w:p><w:r><w:br w:type='page'/></w:r></w:p>"
        + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>два, и дальше на странице </w:t></w:r>"
        + rendered
        + "</w:p>"
        + paragraph("четыре", "<w:pageBreakBefore/>")
        + paragraph("", "<w:sectPr/>")
        + paragraph("пять")
        + "<w:sectPr><w:type w:val='nextPage'/></w:sectPr>"
    )
    found = prepared(tmp_path, docx(body))
    assert [found.texts(number) for number in sorted(found.native)] == [
        ["один"],
        ["два, и дальше на странице"],
        ["три"],
        ["четыре"],
        ["пять"],
    ]


def test_a_table_over_two_pages_is_cut_between_its_rows(tmp_path: Path) -> None:
    broken = "<w:tc><w:p><w:r><w:lastRenderedPageBreak/><w:t>в</w:t></w:r></w:p></w:tc>"
    table = f"<w:tbl><w:tr>{cell('а')}{cell('б')}</w:tr><w:tr>{broken}{cell('г')}</w:tr></w:tbl>"
    found = prepared(tmp_path, docx(table))
    assert [rows(found.texts(number)[0]) for number in (1, 2)] == [[["а", "б"]], [["в", "г"]]]


def test_automatic_numbers_are_part_of_the_text(tmp_path: Path) -> None:
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2."/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="russianLower"/><w:lvlText w:val="%3)"/></w:lvl>'
    )
    numbering = (
        f'<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )

    def item(text: str, level: int) -> str:
        return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')

    body = (
        item("Предмет", 0) + item("Товар", 1) + item("новый", 2) + item("целый", 2) + item("Цена", 0) + item("НМЦК", 1)
    )
    data = docx(body, parts={"word/numbering.xml": numbering}, relations={"n": ("numbering", "numbering.xml")})
    assert prepared(tmp_path, data).said() == [
        ("list_item", text) for text in ("1. Предмет", "1.1. Товар", "а) новый", "б) целый", "2. Цена", "2.1. НМЦК")
    ]


def test_items_whose_marks_were_typed_are_items_of_a_list(tmp_path: Path) -> None:
    typed = ("• Заявка на участие", "- Анкета участника", "− Смета", "2) Оферта", "3.1) Письмо", "☐ нет")
    others = ("Состав документов:", "-5 °C и ниже", "1. Общие условия", "- первая\nстрока и вторая")
    body = "".join(paragraph(text.replace("\n", "</w:t><w:br/><w:t>")) for text in (*typed, *others))
    labels = {block.content: block.label for block in prepared(tmp_path, docx(body)).blocks()}
    assert labels == {
        **dict.fromkeys(typed, BlockLabel.LIST_ITEM),
        **dict.fromkeys(others, BlockLabel.TEXT),
    }


def test_the_articles_of_a_law_from_a_reference_system_are_headings(tmp_path: Path) -> None:
    styles = (
        '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:style w:type="paragraph" w:styleId="a5"><w:name w:val="Заголовок статьи"/></w:style></w:styles>'
    )
    body = paragraph("Статья 1.1. Законодательство города", '<w:pStyle w:val="a5"/>') + paragraph(
        "1. Оно состоит из кодекса."
    )
    data = docx(body, parts={"word/styles.xml": styles}, relations={"s": ("styles", "styles.xml")})
    assert prepared(tmp_path, data).said() == [
        ("heading 4", "Статья 1.1. Законодательство города"),
        ("text", "1. Оно состоит из кодекса."),
    ]


def test_bold_entries_of_a_table_of_contents_are_no_headings(tmp_path: Path) -> None:
    entry = paragraph("1. Общие сведения</w:t><w:tab/><w:t>4", run="<w:b/>")
    dotted = paragraph("2. Цена ........ 12", run="<w:b/>")
    found = prepared(tmp_path, docx(entry + dotted + paragraph("1. Общие сведения", run="<w:b/>")))
    assert found.said() == [
        ("text", "1. Общие сведения 4"),
        ("text", "2. Цена ........ 12"),
        ("heading 4", "1. Общие сведения"),
    ]


def test_merged_cells_are_spans_and_marked_header_rows_are_headers(tmp_path: Path) -> None:
    starts, goes_on, wide = "<w:vMerge w:val='restart'/>", "<w:vMerge/>", "<w:gridSpan w:val='2'/>"
    table = (
        f"<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{cell('№', starts)}{cell('Цена, руб.', wide)}</w:tr>"
        f"<w:tr>{cell('', goes_on)}{cell('без НДС')}{cell('с НДС')}</w:tr>"
        f"<w:tr>{cell('1')}{cell('100')}{cell('120')}</w:tr></w:tbl>"
    )
    (block,) = prepared(tmp_path, docx(table)).blocks()
    cells = parse_html_table(block.content).cells
    assert (cells[0].text, cells[0].row_span, cells[0].is_header) == ("№", 2, True)
    assert (cells[1].text, cells[1].column_span) == ("Цена, руб.", 2)
    assert [(one.row, one.column, one.text) for one in cells[2:]] == [
        (1, 1, "без НДС"),
        (1, 2, "с НДС"),
        (2, 0, "1"),
        (2, 1, "100"),
        (2, 2, "120"),
    ]


def test_cells_that_span_more_columns_than_any_table_has_keep_their_text(tmp_path: Path) -> None:
    row = "<w:tr>" + "".join(cell(f"a{place}", "<w:gridSpan w:val='1000000000'/>") for place in range(50)) + "</w:tr>"
    table = rows(prepared(tmp_path, docx(f"<w:tbl>{row * 40}</w:tbl>")).texts()[0])
    assert table == [[" ".join(f"a{place}" for place in range(50))]] * 40


def test_notes_headers_boxes_and_links_stand_for_what_they_are(tmp_path: Path) -> None:
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    box = (
        '<w:r><mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><w:drawing><w:txbxContent>'
        + paragraph("в рамке")
        + "</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>"
        + paragraph("в рамке")
        + "</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    body = (
        "<w:p><w:r><w:t>Цена</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r>"
        "<w:hyperlink r:id='h'><w:r><w:t> на сайте</w:t></w:r></w:hyperlink>"
        "<w:del><w:r><w:delText>удалено</w:delText></w:r></w:del><w:ins><w:r><w:t> вставлено</w:t></w:r></w:ins></w:p>"
        f"<w:p>{box}</w:p><w:sectPr><w:headerReference r:id='top'/></w:sectPr>"
    )
    note = f"<w:footnote w:id='2'>{paragraph('с НДС')}</w:footnote>"
    data = docx(
        body,
        parts={
            "word/footnotes.xml": f"<w:footnotes {namespace}>{note}</w:footnotes>",
            "word/header1.xml": f"<w:hdr {namespace}>{paragraph('Проект')}</w:hdr>",
        },
        relations={
            "f": ("footnotes", "footnotes.xml"),
            "top": ("header", "header1.xml"),
            "h": ("hyperlink", "https://example.org/"),
        },
    )
    assert prepared(tmp_path, data).said() == [
        ("header", "Проект"),
        ("text", "Цена[1] на сайте вставлено"),
        ("text", "в рамке"),
        ("footnote", "[1] с НДС"),
    ]


@pytest.mark.parametrize(("kind", "namespace"), [("docx", STRICT_W), ("docm", None)])
def test_strict_files_and_files_with_macros_are_the_same_documents(
    tmp_path: Path, kind: str, namespace: str | None
) -> None:
    arguments = {"namespace": namespace} if namespace else {}
    data = docx(paragraph("Текст"), kind=kind, parts={"word/vbaProject.bin": b"macro"}, **arguments)
    assert prepared(tmp_path, data).texts() == ["Текст"]


def drawing(relation: str, width_cm: float = 15) -> str:
    size = round(width_cm * 360_000)
    return (
        f'<w:p><w:r><w:drawing><wp:extent xmlns:wp="urn:wp" cx="{size}" cy="{size}"/>'
        f'<a:blip xmlns:a="urn:a" r:embed="{relation}"/></w:drawing></w:r></w:p>'
    )


def test_a_scan_within_a_document_becomes_a_page_for_ocr_and_a_logo_does_not(tmp_path: Path) -> None:
    picture, other = scan(), scan(colour="lightgrey")
    body = paragraph("Паспорт изделия") + drawing("scan") + drawing("small") + drawing("icon", 1) + drawing("away")
    data = docx(
        body + drawing("scan") + "<w:p><w:r><w:br w:type='page'/></w:r></w:p>" + paragraph("Дальше"),
        parts={"word/media/a.png": picture, "word/media/b.png": scan(90, 70), "word/media/c.png": other},
        relations={
            "scan": ("image", "media/a.png"),
            "small": ("image", "media/b.png"),
            "icon": ("image", "media/c.png"),
            "away": ("image", "http://example.org/logo.png"),
        },
    )
    found = prepared(tmp_path, data)
    first, image, last = found.manifest.pages
    assert (first.kind, last.kind) == (PageKind.NATIVE, PageKind.NATIVE)
    assert (found.texts(1), found.texts(3)) == (["Паспорт изделия"], ["Дальше"])
    assert image.kind is PageKind.IMAGE
    assert "page 1" in image.reason
    assert (found.folder / str(image.image_name)).read_bytes() == picture


def test_a_large_table_that_is_full_keeps_its_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs save price lists of fifty thousand rows as web pages."""
    monkeypatch.setattr("tenderlake.intake.office.grids._MOST_TABLE_PLACES", 100)
    page = "<table>" + "".join(f"<tr><td>a{row}<td>b{row}<td>c{row}" for row in range(60)) + "</table>"
    table = rows(prepared(tmp_path, f"<html><body>{page}</body></html>".encode()).texts()[0])
    assert table == [[f"a{row}", f"b{row}", f"c{row}"] for row in range(60)]


def test_a_picture_that_stands_in_many_places_makes_no_bomb(tmp_path: Path) -> None:
    """It is one picture, however often it is shown; a megabyte on a hundred pages would be past the ratio."""
    noise = random.Random(1).randbytes(700_000)  # noqa: S311  # not for secrets
    stamp = Image.frombytes("L", (1000, 700), noise)
    buffer = io.BytesIO()
    stamp.save(buffer, "PNG")
    data = docx(
        paragraph("Печать") + drawing("p") * 300,
        parts={"word/media/stamp.png": buffer.getvalue()},
        relations={"p": ("image", "media/stamp.png")},
    )
    assert len(data) * 200 < 300 * 700_000
    assert prepared(tmp_path, data).texts() == ["Печать"]


def test_an_old_word_document_keeps_its_table_and_drops_its_fields(tmp_path: Path) -> None:
    in_table, row_end = b"\x16\x24\x01", b"\x16\x24\x01\x17\x24\x01"
    data = doc(
        [
            ("Договор \x13 HYPERLINK x \x14по ссылке\x15\r", b""),
            ("Товар\x07", in_table),
            ("Цена,\r", in_table),
            ("руб.\x07", in_table),
            ("\x07", row_end),
            ("Кабель\x07", in_table),
            ("100\x07", in_table),
            ("\x07", row_end),
            ("После\x0c", b""),
            ("Вторая страница\r", b"\x40\x26\x00"),
        ]
    )
    found = prepared(tmp_path, data)
    assert found.manifest.media_type == DocumentFormat.DOC
    first, table, last = found.texts(1)
    assert (first, last) == ("Договор по ссылке", "После")
    assert rows(table) == [["Товар", "Цена,\nруб."], ["Кабель", "100"]]
    assert found.said(2) == [("heading 1", "Вторая страница")]


RTF = rb"""{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 Arial;}{\f1\fcharset0 Arial;}}
{\stylesheet{\s1 heading 1;}}{\info{\author Somebody}}{\*\generator x;}
\pard\s1\f0 \'cf\'f0\'e5\'e4\'ec\'e5\'f2\par
\pard {\listtext 1.\tab}\f0\u1062?\u1077?\u1085?\u1072? {\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\v hidden}\par
\trowd\trhdr\cellx1000\cellx3000\pard\intbl A\cell B\cell\row
\trowd\clvmgf\cellx1000\cellx2000\cellx3000\pard\intbl 1\cell 2\cell 3\cell\row
\trowd\clvmrg\cellx1000\cellx2000\cellx3000\pard\intbl\cell 4\cell 5\cell\row
\pard \page End{\footnote note}\par}"""


def test_rich_text_keeps_headings_lists_notes_and_tables(tmp_path: Path) -> None:
    found = prepared(tmp_path, RTF)
    heading, item, table = found.said(1)
    assert (heading, item) == (("heading 1", "Предмет"), ("list_item", "1. Цена link"))
    cells = parse_html_table(table[1]).cells
    assert [(one.text, one.row_span, one.column_span, one.is_header) for one in cells] == [
        ("A", 1, 1, True),
        ("B", 1, 2, True),
        ("1", 2, 1, False),
        ("2", 1, 1, False),
        ("3", 1, 1, False),
        ("4", 1, 1, False),
        ("5", 1, 1, False),
    ]
    assert found.said(2) == [("text", "End"), ("footnote", "note")]


# ---- sheets


def test_rows_that_share_no_edge_make_no_grid_of_empty_cells(tmp_path: Path) -> None:
    """A file of thirty kilobytes would make a million of them."""
    lines = b"".join(b"\\trowd\\cellx%d a%d\\cell\\row" % (200 * number, number) for number in range(1, 1101))
    tables = [rows(text) for text in prepared(tmp_path, b"{\\rtf1 " + lines + b"}").texts()]
    assert tables == [[[f"a{number}"] for number in range(1, 1101)]]


def test_a_workbook_is_a_page_a_sheet_with_numbers_as_people_see_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Смета"
    sheet.append(["Наименование", "Цена", "Дата", "Доля", "Сумма"])
    sheet.append(["Кабель", 1234567.5, None, 0.125, 0.1 + 0.2])
    sheet["B2"].number_format = '#,##0.00" ₽"'
    sheet["C2"] = 46042
    sheet["C2"].number_format = "dd.mm.yyyy"
    sheet["D2"].number_format = "0.0%"
    sheet.merge_cells("A4:C4")
    sheet["A4"] = "Итого"
    sheet["D4"] = 5
    sheet["A4"].alignment = Alignment(horizontal="center")
    hidden = book.create_sheet("Черновик")
    hidden["C7"] = "не для всех"
    hidden.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    found = prepared(tmp_path, buffer.getvalue())
    heading, table = found.blocks(1)
    assert (heading.label, heading.content) == (BlockLabel.HEADING, "Смета")
    assert rows(table.content) == [
        ["Наименование", "Цена", "Дата", "Доля", "Сумма"],
        ["Кабель", "1 234 567,50 ₽", "20.01.2026", "12,5%", "0,3"],
        ["Итого", "5", ""],
    ]
    assert parse_html_table(table.content).cells[10].column_span == 3
    assert found.texts(2)[0] == "Черновик (hidden sheet)"
    assert rows(found.texts(2)[1]) == [["не для всех"]]


def test_formulas_stand_for_their_values_and_printed_titles_for_headers(tmp_path: Path) -> None:
    names = (
        "<definedNames><definedName name='_xlnm.Print_Titles' localSheetId='0'>Лист!$1:$1</definedName></definedNames>"
    )
    content = (
        "<sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row>"
        "<row r='2'><c r='A2'><f>SUM(B1:B9)</f><v>1.1000000000000001</v></c><c r='B2' t='e'><v>#REF!</v></c></row>"
        "</sheetData>"
    )
    table = prepared(tmp_path, xlsx({"Лист": content}, strings=["Итог"], names=names)).blocks()[1]
    cells = parse_html_table(table.content).cells
    assert [(one.text, one.is_header) for one in cells if one.text] == [
        ("Итог", True),
        ("1,1", False),
        ("#REF!", False),
    ]


def test_a_formula_that_nobody_has_calculated_is_shown_itself(tmp_path: Path) -> None:
    content = (
        "<sheetData><row r='1'><c r='A1'><v>2</v></c><c r='B1'><f>A1*5</f><v/></c><c r='C1'><f>A1+1</f></c>"
        "<c r='D1' t='str'><f>IF(A1&gt;3,\"да\",\"\")</f><v></v></c></row></sheetData>"
    )
    found = prepared(tmp_path, xlsx({"Лист": content}))
    assert rows(found.texts()[1]) == [["2", "=A1*5", "=A1+1"]]


def test_a_row_that_stands_in_a_sheet_to_its_end_is_not_shown_a_million_times_and_says_so(tmp_path: Path) -> None:
    row = "<table:table-cell><text:p>нет</text:p></table:table-cell></table:table-row>"
    sheet = f"<table:table><table:table-row table:number-rows-repeated='1048576'>{row}</table:table>"
    found = prepared(tmp_path, odf("spreadsheet", f"<office:spreadsheet>{sheet}</office:spreadsheet>"))
    assert sum(len(rows(text)) for page in found.native for text in found.texts(page) if "<table" in text) == 1000
    assert found.texts(2)[-1] == "[row 1 stands here 1048576 times, of which 1000 are shown]"


def test_sheets_that_repeat_themselves_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a thousand sheets may stay below the limit."""
    monkeypatch.setattr("tenderlake.intake.office.odf._MOST_CELLS", 1000)
    cell = "<table:table-cell table:number-columns-repeated='40'><text:p>x</text:p></table:table-cell>"
    sheet = f"<table:table><table:table-row table:number-rows-repeated='20'>{cell}</table:table-row></table:table>"
    assert len(prepared(tmp_path, odf("spreadsheet", f"<office:spreadsheet>{sheet}</office:spreadsheet>")).native) == 1
    rejection = rejected(tmp_path, odf("spreadsheet", f"<office:spreadsheet>{sheet * 2}</office:spreadsheet>"))
    assert rejection.state is SourceState.QUARANTINED_TOO_LARGE


def test_cells_that_lie_far_apart_make_no_grid_of_empty_ones(tmp_path: Path) -> None:
    """A file of some kilobytes would make millions of them."""
    places = ((row, f"{chr(65 + row // 26 % 26)}{chr(65 + row % 26)}{chr(65 + row // 676)}") for row in range(1500))
    cells = "".join(
        f'<row r="{row + 1}"><c r="{column}{row + 1}" t="inlineStr"><is><t>x</t></is></c></row>'
        for row, column in places
    )
    found = prepared(tmp_path, xlsx({"Цены": f"<sheetData>{cells}</sheetData>"}))
    tables = [rows(found.texts(page)[-1]) for page in found.native]
    assert sum(len(table) for table in tables) == 1500
    assert all(len(table) * len(table[0]) <= 10_000 for table in tables)


def test_a_large_sheet_that_is_full_keeps_a_column_where_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A price list of sixty thousand rows has notes in some of them only."""
    monkeypatch.setattr("tenderlake.intake.office.grids._MOST_GRID_PLACES", 100)
    cells = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{column}{row}"><v>{row}</v></c>' for column in ("ABC" if row < 400 else "AC"))
        + "</row>"
        for row in range(1, 601)
    )
    found = prepared(tmp_path, xlsx({"Цены": f"<sheetData>{cells}</sheetData>"}))
    tables = [rows(found.texts(page)[-1]) for page in found.native]
    assert tables[-1][-1] == ["600", "", "600"]


def test_one_string_in_more_cells_than_any_document_has_is_refused(tmp_path: Path) -> None:
    cells = '<row><c t="s"><v>0</v></c></row>' * 100
    book = xlsx({"Цены": f"<sheetData>{cells}</sheetData>"}, strings=["слово " * 10_000])
    rejection = rejected(tmp_path, book)
    assert rejection.state is SourceState.QUARANTINED_TOO_LARGE
    assert "TENDERLAKE_MAX_PAGES" in rejection.reason


def test_a_million_empty_cells_with_a_format_are_nothing(tmp_path: Path) -> None:
    row = "".join(f"<c r='{chr(65 + number)}{{0}}' s='1'/>" for number in range(20))
    empty = "".join(f"<row r='{number}'>{row.replace('{0}', str(number))}</row>" for number in range(1, 50_001))
    content = f"<sheetData>{empty}<row r='60000'><c r='Z60000'><v>7</v></c></row></sheetData>"
    found = prepared(tmp_path, xlsx({"Лист": content}), limits=LIMITS.model_copy(update={"max_unpack_ratio": 2000}))
    assert rows(found.texts()[1]) == [["7"]]


def test_a_long_sheet_is_cut_into_pages(tmp_path: Path) -> None:
    content = "".join(f"<row r='{number}'><c r='A{number}'><v>{number}</v></c></row>" for number in range(1, 1201))
    found = prepared(tmp_path, xlsx({"Лист": f"<sheetData>{content}</sheetData>"}))
    assert len(found.manifest.pages) == 3
    assert rows(found.texts(3)[0])[-1] == ["1200"]
    refused = rejected(
        tmp_path,
        xlsx({"Лист": f"<sheetData>{content}</sheetData>"}),
        limits=LIMITS.model_copy(update={"max_pages": 2}),
    )
    assert (refused.state, "TENDERLAKE_MAX_PAGES" in refused.reason) == (SourceState.QUARANTINED_TOO_LARGE, True)


def test_an_old_workbook_is_read_like_a_new_one(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Смета")
    sheet.write_merge(0, 0, 0, 1, "Работы")
    sheet.write(1, 0, "Монтаж")
    sheet.write(1, 1, 1234.5, xlwt.easyxf(num_format_str="#,##0.00"))
    sheet.write(1, 3, 46042, xlwt.easyxf(num_format_str="DD.MM.YYYY"))
    buffer = io.BytesIO()
    book.save(buffer)
    found = prepared(tmp_path, buffer.getvalue())
    assert found.manifest.media_type == DocumentFormat.XLS
    assert rows(found.texts()[1]) == [["Работы", ""], ["Монтаж", "1 234,50", "20.01.2026"]]


# ---- presentations and OpenDocument


def test_a_template_without_slides_is_empty(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pptx.Presentation().save(buffer)
    assert rejected(tmp_path, buffer.getvalue()).state is SourceState.SKIPPED_EMPTY


def test_a_slide_is_a_page_with_its_notes(tmp_path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Итоги закупок"
    table = slide.shapes.add_table(2, 2, 0, 0, 9_000_000, 900_000).table
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(0, 0).text = "Год"
    table.cell(1, 0).text = "2025"
    slide.notes_slide.notes_text_frame.text = "Сказать о сроках"
    show.slides.add_slide(show.slide_layouts[6]).shapes.add_textbox(0, 0, 9, 9).text_frame.text = "Спасибо"
    buffer = io.BytesIO()
    show.save(buffer)
    found = prepared(tmp_path, buffer.getvalue())
    heading, block, note = found.blocks(1)
    assert (heading.label, heading.content) == (BlockLabel.HEADING, "Итоги закупок")
    cells = parse_html_table(block.content).cells
    assert (cells[0].text, cells[0].column_span, cells[0].is_header) == ("Год", 2, True)
    assert (note.label, note.content) == (BlockLabel.FOOTNOTE, "Сказать о сроках")
    assert found.texts(2) == ["Спасибо"]


def record(kind: int, body: bytes, *, is_container: bool = False) -> bytes:
    return struct.pack("<HHI", 0xF if is_container else 0, kind, len(body)) + body


def test_an_old_presentation_is_a_page_a_slide(tmp_path: Path) -> None:
    def slide(title: str, points: str) -> bytes:
        texts = ((0, title.encode("utf-16-le"), 0x0FA0), (1, points.encode("latin-1"), 0x0FA8))
        atoms = b"".join(record(0x0F9F, struct.pack("<I", kind)) + record(atom, text) for kind, text, atom in texts)
        return record(0x03F3, b"\0" * 20) + atoms

    slides = record(0x0FF0, slide("Итоги", "one\rtwo") + slide("Планы", "three"), is_container=True)
    data = ole({"PowerPoint Document": record(0x03E8, slides, is_container=True)})
    found = prepared(tmp_path, data)
    assert found.manifest.media_type == DocumentFormat.PPT
    assert found.said(1) == [("heading 2", "Итоги"), ("list_item", "one"), ("list_item", "two")]
    assert found.said(2) == [("heading 2", "Планы"), ("list_item", "three")]


def test_an_opendocument_text_is_read_in_its_order(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="P9" style:family="paragraph"><style:paragraph-properties fo:break-before="page"/>'
        '</style:style><text:list-style style:name="L1"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/></text:list-style>'
    )
    body = (
        "<office:text><text:tracked-changes><text:p>удалено</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">Предмет</text:h>'
        '<text:list text:style-name="L1">'
        '<text:list-item><text:p>Кабель<text:s text:c="3"/>ВВГ</text:p></text:list-item>'
        "<text:list-item><text:p>Лампа</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row>"
        '<table:table-cell table:number-columns-spanned="2"><text:p>Цена</text:p></table:table-cell>'
        "<table:covered-table-cell/></table:table-row></table:table-header-rows><table:table-row>"
        "<table:table-cell><text:p>1</text:p></table:table-cell>"
        "<table:table-cell><text:p>2</text:p></table:table-cell>"
        "</table:table-row></table:table>"
        '<text:p text:style-name="P9">Вторая<text:note><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>сноска</text:p></text:note-body></text:note></text:p></office:text>"
    )
    found = prepared(tmp_path, odf("text", body, styles=styles))
    assert found.said(1)[:3] == [("heading 2", "Предмет"), ("list_item", "1. Кабель ВВГ"), ("list_item", "2. Лампа")]
    header = parse_html_table(found.texts(1)[3]).cells[0]
    assert (header.text, header.column_span, header.is_header) == ("Цена", 2, True)
    assert found.said(2) == [("text", "Вторая[1]"), ("footnote", "[1] сноска")]


def test_an_opendocument_sheet_does_not_unroll_its_empty_rows(tmp_path: Path) -> None:
    body = (
        '<office:spreadsheet><table:table table:name="Цены"><table:table-row>'
        '<table:table-cell table:number-columns-repeated="2"><text:p>5,50</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row></table:table></office:spreadsheet>"
    )
    found = prepared(tmp_path, odf("spreadsheet", body))
    assert found.texts()[0] == "Цены"
    assert rows(found.texts()[1]) == [["5,50", "5,50"]]


# ---- what means harm


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("declaration", [BOMB, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'])
def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path, declaration: str) -> None:
    data = ooxml("docx", {"word/document.xml": f"{declaration}<document><body><p>&a;</p></body></document>"})
    rejection = rejected(tmp_path, data)
    assert (rejection.state, "entities" in rejection.reason) == (SourceState.QUARANTINED_CORRUPT, True)


def test_a_bomb_within_a_document_is_not_unpacked(tmp_path: Path) -> None:
    data = docx(paragraph("x" * 9) + " " * (300 * 2**20))
    rejection = rejected(tmp_path, data)
    assert rejection.state is SourceState.QUARANTINED_ARCHIVE_BOMB
    assert "TENDERLAKE_MAX_UNPACK" in rejection.reason


def test_tables_within_tables_without_end_do_not_end_the_reader(tmp_path: Path) -> None:
    deep = paragraph("дно")
    for _ in range(60):
        deep = f"<w:tbl><w:tr><w:tc>{deep}</w:tc><w:tc>{paragraph('x')}</w:tc></w:tr></w:tbl>"
    outcome = prepared(tmp_path, docx(paragraph("верх") + deep))
    assert outcome.texts()[0] == "верх"


def encrypted(password: str) -> bytes:
    document, plain, locked = python_docx.Document(), io.BytesIO(), io.BytesIO()
    document.add_paragraph("Секрет")
    document.save(plain)
    msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt(password, locked)
    return locked.getvalue()


def test_a_document_with_a_password_opens_with_one_of_the_list(tmp_path: Path) -> None:
    data = encrypted("zakupki")
    assert rejected(tmp_path, data, passwords=("1234",)).state is SourceState.QUARANTINED_ENCRYPTED
    found = prepared(tmp_path, data, passwords=("1234", "zakupki"))
    assert found.texts() == ["Секрет"]
    assert found.manifest.media_type == DocumentFormat.DOCX


@pytest.mark.parametrize("form", ["blowfish", "aes", "whole"])
def test_an_opendocument_file_with_a_password_opens_with_one_of_the_list(tmp_path: Path, form: str) -> None:
    plain = odf("text", "<office:text><text:p>Секрет</text:p></office:text>")
    data = encrypted_odf(plain, "закупки", form=form)
    refused = rejected(tmp_path, data, passwords=("1234",))
    assert (refused.state, "TENDERLAKE_PASSWORDS" in refused.reason) == (SourceState.QUARANTINED_ENCRYPTED, True)
    found = prepared(tmp_path, data, passwords=("1234", "закупки"))
    assert (found.texts(), found.manifest.media_type) == (["Секрет"], DocumentFormat.ODT)


def test_an_encryption_that_nobody_knows_says_so(tmp_path: Path) -> None:
    entry = (
        '<file-entry full-path="content.xml"><encryption-data><algorithm algorithm-name="x#rot13-cbc3"/>'
        '<key-derivation key-derivation-name="PBKDF2" iteration-count="9" salt="c2FsdA=="/></encryption-data>'
        "</file-entry>"
    )
    refused = rejected(tmp_path, odf("text", "<office:text/>", manifest=entry), passwords=("1234",))
    assert refused.state is SourceState.QUARANTINED_ENCRYPTED
    assert "rot13" in refused.reason


def test_a_bomb_under_an_encryption_is_not_unpacked(tmp_path: Path) -> None:
    plain = odf("text", "<office:text>" + " " * (120 * 2**20) + "</office:text>")
    refused = rejected(tmp_path, encrypted_odf(plain, "1234", form="aes"), passwords=("1234",))
    assert refused.state is SourceState.QUARANTINED_ARCHIVE_BOMB


def test_a_document_without_a_word_is_empty(tmp_path: Path) -> None:
    assert rejected(tmp_path, docx("<w:p/>")).state is SourceState.SKIPPED_EMPTY


def test_a_cut_package_is_corrupt(tmp_path: Path) -> None:
    data = docx(paragraph("Текст"))
    assert rejected(tmp_path, data[:-40]).state is SourceState.QUARANTINED_CORRUPT
    assert rejected(tmp_path, zipped({"[Content_Types].xml": "", "word/document.xml": "<a>"})).state is (
        SourceState.QUARANTINED_CORRUPT
    )


def test_pictures_are_flagged_where_only_text_is_taken(tmp_path: Path) -> None:
    from tenderlake.documents import DocumentManifest, PrepareOptions, TextLayerMode
    from tenderlake.intake import prepare_document

    data = docx(paragraph("Текст") + drawing("p"), parts={"word/a.png": scan()}, relations={"p": ("image", "a.png")})
    path = tmp_path / "a"
    path.write_bytes(data)
    options = PrepareOptions(text_layer=TextLayerMode.ONLY)
    outcome = prepare_document(path, tmp_path / "out", document_id="d", options=options, limits=PrepareLimits())
    assert isinstance(outcome, DocumentManifest)
    (page,) = outcome.pages
    assert page.quality_flags == (PageFlag.PICTURES_NOT_READ,)


ACCOUNTING = '_-* #,##0.00\\ "₽"_-;\\-* #,##0.00\\ "₽"_-;_-* "-"??\\ "₽"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "russian", "english"),
    [
        (1234.5, "#,##0.00", "1 234,50", "1,234.50"),
        (-1234.567, "#,##0.00", "-1 234,57", "-1,234.57"),
        (-15.5, ACCOUNTING, "-15,50 ₽", "-15.50 ₽"),
        (0, ACCOUNTING, "- ₽", "- ₽"),
        (0.1 + 0.2, "General", "0,3", "0.3"),
        (1e-7, "General", "0,0000001", "0.0000001"),
        (1.005, "0.00", "1,01", "1.01"),
        (0.5, "0%", "50%", "50%"),
        (-5, "0;(0)", "(5)", "(5)"),
        (1234, "00000", "01234", "01234"),
        (12, "0.0#", "12,0", "12.0"),
        (12345, "#,##0,", "12", "12"),
        (3, '[>=5]"много";[<5]"мало"', "мало", "мало"),
        (3, "#,##0.00[$₽-419]", "3,00₽", "3.00₽"),
        (46042.5, "dd.mm.yyyy hh:mm", "20.01.2026 12:00", "20.01.2026 12:00"),
        (46042, "[$-419]d mmmm yyyy;@", "20 января 2026", "20 January 2026"),
        (46042, "SHORTDATE", "20.01.2026", "1/20/2026"),
        (46042.75, "h:mm AM/PM", "6:00 PM", "6:00 PM"),
        (1.5, "[h]:mm", "36:00", "36:00"),
        (7, "@", "7", "7"),
        (1e308, "yyyy", "1e+308", "1e+308"),
    ],
)
def test_numbers_are_shown_by_their_formats(value: float, code: str, russian: str, english: str) -> None:
    assert shown_number(value, code, NumberStyle(is_russian=True)) == russian
    assert shown_number(value, code, NumberStyle(is_russian=False)) == english


@given(st.floats(allow_nan=False), st.text(alphabet='0#?,.%;"\\_*[]$-@ymdhseE+/AMP<>= я', max_size=30))
def test_no_format_breaks_a_number(value: float, code: str) -> None:
    assert isinstance(shown_number(value, code, NumberStyle()), str)
