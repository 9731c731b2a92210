"""One small document of every kind that is read, made on the spot: what mutated documents begin as."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pptx
import xlwt

from tenderlake.mupdf import pymupdf
from tests import raredocuments
from tests.archives import encrypted_zip_of, old_zip_of, rar_of, seven_zip_of, zip_of, zip_with_link
from tests.books import epub, fb2, xps
from tests.officefiles import cell, doc, docx, odf, ole, outlook, paragraph, scan, xlsx
from tests.pdfs import (
    ENGLISH,
    RUSSIAN,
    digital_pdf,
    draw_table,
    file_of,
    new_page,
    photograph,
    printed,
    put_picture,
    scanned_pdf,
    write,
    write_lines,
)
from tests.tneffiles import WIDE, attachment, tnef


@dataclass(frozen=True)
class SmallDocument:
    """A sound file.

    ``kind``: what people call it, such as ``pdf`` or ``office``; ``family``: how it is damaged
    (:data:`tests.mutations.BY_FORMAT`).
    """

    name: str
    kind: str
    family: str
    data: bytes


def _bytes(document: Any, **options: Any) -> bytes:
    data: bytes = document.tobytes(no_new_id=True, **options)
    document.close()
    return data


def _mixed() -> Any:
    document = digital_pdf([RUSSIAN[:3]])
    put_picture(document[0], file_of(printed(RUSSIAN[:2], dpi=72, size_pt=(300, 100))), (100, 400, 400, 500))
    put_picture(new_page(document), file_of(printed(dpi=40), "PNG"))
    hidden = new_page(document)
    put_picture(hidden, file_of(printed(dpi=40)))
    write_lines(hidden, RUSSIAN, hidden=True)
    return document


def _table() -> Any:
    document = pymupdf.open()
    page = new_page(document, (400, 300))
    draw_table(page, (40, 150, 260, 360), (40, 70, 100, 130))
    for row in range(3):
        for column, word in enumerate(("Наименование", "Количество", "120,50")):
            write(page, word, (45 + 110 * column, 60 + 30 * row), size=9)
    write_lines(page, ENGLISH[:2], (40, 200), size=8)
    page.set_rotation(90)
    return document


def _form_and_links() -> Any:
    document = digital_pdf([ENGLISH[:2], RUSSIAN[:2]])
    page = document[0]
    page.insert_link({"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(10, 10, 90, 30), "uri": "https://example.org"})
    field = pymupdf.Widget()
    field.field_name, field.field_type = "name", pymupdf.PDF_WIDGET_TYPE_TEXT
    field.rect = pymupdf.Rect(50, 300, 250, 320)
    field.field_value = "ООО Ромашка"
    page.add_widget(field)
    page.add_freetext_annot((50, 350, 250, 380), "note")
    document.set_toc([[1, "First", 1], [2, "Second", 2]])
    return document


def pdfs() -> Iterator[SmallDocument]:
    """Digital, scanned and mixed ones; with and without compression and object streams."""
    native = [RUSSIAN[:4], ENGLISH[:2]]
    made = {
        "native": _bytes(digital_pdf(native), deflate=True, garbage=3),
        "native in the open": _bytes(digital_pdf(native), expand=255),
        "native in object streams": _bytes(digital_pdf(native), deflate=True, garbage=3, use_objstms=1),
        "scan as JPEG": _bytes(scanned_pdf(file_of(printed(dpi=60)))),
        "scan in colour": _bytes(scanned_pdf(file_of(photograph((200, 280))))),
        "scan of two levels": _bytes(scanned_pdf(file_of(printed(dpi=60, mode="1"), "TIFF", compression="group4"))),
        "scan as JPEG 2000": _bytes(scanned_pdf(file_of(printed(dpi=40), "JPEG2000"))),
        "mixed": _bytes(_mixed(), deflate=True),
        "table": _bytes(_table(), expand=255),
        "form": _bytes(_form_and_links(), garbage=1),
    }
    for name, data in made.items():
        yield SmallDocument(f"pdf {name}", "pdf", "pdf", data)


def pictures() -> Iterator[SmallDocument]:
    """Every format and the codecs of TIFF."""
    grey, colours = printed(RUSSIAN[:3], dpi=50, size_pt=(300, 200)), photograph((160, 120))
    levels = grey.convert("1")
    frames = {"save_all": True, "append_images": [grey.rotate(90, expand=True), grey]}
    for name, family, data in (
        ("jpeg", "jpeg", file_of(grey)),
        ("jpeg in colour", "jpeg", file_of(colours, progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")),
        ("png", "png", file_of(grey, "PNG")),
        ("png of a palette", "png", file_of(colours.convert("P"), "PNG")),
        ("png interlaced alpha", "png", file_of(colours.convert("RGBA"), "PNG", dpi=(300, 300))),
        ("tiff", "tiff", file_of(grey, "TIFF")),
        ("tiff lzw frames", "tiff", file_of(grey, "TIFF", compression="tiff_lzw", **frames)),
        ("tiff group 4", "tiff", file_of(levels, "TIFF", compression="group4")),
        ("tiff group 3", "tiff", file_of(levels, "TIFF", compression="group3")),
        ("tiff jpeg", "tiff", file_of(colours, "TIFF", compression="jpeg")),
        ("tiff deflate", "tiff", file_of(colours, "TIFF", compression="tiff_adobe_deflate", big_tiff=False)),
        ("bmp", "picture", file_of(colours.resize((60, 40)), "BMP")),
        ("bmp of two levels", "picture", file_of(levels, "BMP")),
        ("gif frames", "picture", file_of(colours.convert("P"), "GIF", save_all=True, append_images=[colours])),
        ("webp", "picture", file_of(colours, "WEBP")),
        ("webp without loss", "picture", file_of(grey.convert("RGB"), "WEBP", lossless=True)),
        ("jpeg 2000", "picture", file_of(grey, "JPEG2000")),
    ):
        yield SmallDocument(name, "picture", family, data)


def _members() -> dict[str, bytes]:
    return {
        "Лот 1/Техническое задание.txt": "\n".join(RUSSIAN).encode(),
        "Лот 1/Смета.xlsx": xlsx({"Смета": "<sheetData/>"}),
        "scan.png": scan(60, 40),
        "empty": b"",
    }


def zips() -> Iterator[SmallDocument]:
    """ZIP archives of today and of old, with links and encryption."""
    members = _members()
    for name, data in (
        ("zip", zip_of(members)),
        ("zip of cp866", old_zip_of(members, "cp866")),
        ("zip in a zip", zip_of({"inner.zip": zip_of(members), "a.txt": b"text"})),
        ("zip with a password", encrypted_zip_of(members, "secret")),
        ("zip with a link", zip_with_link("link", "../../etc/passwd")),
    ):
        yield SmallDocument(name, "zip", "zip", data)


def _tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def other_archives() -> Iterator[SmallDocument]:
    """7-Zip, RAR, tar and what is only compressed."""
    members = _members()
    packed = _tar(members)
    for name, family, data in (
        ("7z", "binary", seven_zip_of(members)),
        ("7z with a password", "binary", seven_zip_of(members, "secret")),
        ("rar", "binary", rar_of(members)),
        ("tar", "binary", packed),
        ("tar.gz", "compressed", gzip.compress(packed, mtime=0)),
        ("tar.bz2", "compressed", bz2.compress(packed)),
        ("tar.xz", "compressed", lzma.compress(packed)),
        ("gz", "compressed", gzip.compress("\n".join(RUSSIAN).encode(), mtime=0)),
    ):
        yield SmallDocument(name, "archive", family, data)


def _docx() -> bytes:
    rows = "".join(f"<w:tr>{cell('Цена')}{cell(str(number))}</w:tr>" for number in range(3))
    heading = paragraph("ТЕХНИЧЕСКОЕ ЗАДАНИЕ", '<w:pStyle w:val="Heading1"/>')
    merged = cell("Итого", '<w:gridSpan w:val="2"/><w:vMerge/>')
    return docx(heading + "".join(map(paragraph, RUSSIAN[:3])) + f"<w:tbl>{rows}<w:tr>{merged}</w:tr></w:tbl>")


def _xlsx() -> bytes:
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c><c r="C{row}" s="1"><v>{row}.5</v></c></row>'
        for row in range(1, 6)
    )
    sheet = f'<cols><col min="2" max="2" hidden="1"/></cols><sheetData>{rows}</sheetData>'
    merged = '<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>'
    styles = '<numFmts><numFmt numFmtId="170" formatCode="#,##0.00"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
    return xlsx({"Смета": sheet + merged, "Лист 2": "<sheetData/>"}, styles=styles, strings=["Работы"])


def _xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Смета")
    sheet.write_merge(0, 0, 0, 1, "Работы")
    for row in range(1, 12):
        sheet.write(row, 0, RUSSIAN[row % 8])
        sheet.write(row, 1, row * 1234.5, xlwt.easyxf(num_format_str="#,##0.00"))
        sheet.write(row, 3, 46000 + row, xlwt.easyxf(num_format_str="DD.MM.YYYY"))
    book.add_sheet("Лист 2").write(0, 0, xlwt.Formula("1+1"))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _pptx() -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Итоги закупок"
    table = slide.shapes.add_table(2, 2, 0, 0, 9_000_000, 900_000).table
    table.cell(0, 0).merge(table.cell(0, 1))
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def _ppt() -> bytes:
    def record(kind: int, body: bytes, *, is_container: bool = False) -> bytes:
        return struct.pack("<HHI", 0xF if is_container else 0, kind, len(body)) + body

    texts = record(0x0F9F, struct.pack("<I", 0)) + record(0x0FA0, "Итоги".encode("utf-16-le"))
    slides = record(0x0FF0, record(0x03F3, b"\0" * 20) + texts, is_container=True)
    return ole({"PowerPoint Document": record(0x03E8, slides, is_container=True)})


_ODT = (
    "<office:text><text:h text:outline-level='1'>Задание</text:h><text:list><text:list-item><text:p>Первое</text:p>"
    "</text:list-item></text:list><table:table><table:table-column table:number-columns-repeated='2'/><table:table-row>"
    "<table:table-cell table:number-columns-spanned='2'><text:p>Цена</text:p></table:table-cell></table:table-row>"
    "</table:table></office:text>"
)
_ODS = (
    "<office:spreadsheet><table:table table:name='Смета'><table:table-row table:number-rows-repeated='3'>"
    "<table:table-cell office:value-type='float' office:value='12.5' table:number-columns-repeated='2'>"
    "<text:p>12,5</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"
)
_RTF = rb"""{\rtf1\ansi\ansicpg1251\uc1{\fonttbl{\f0\fcharset204 Arial;}}{\stylesheet{\s1 heading 1;}}
\pard\s1\outlinelevel0 \'c7\'e0\'e4\'e0\'ed\'e8\'e5\par\pard \u1062?\u1077?\u1085?\u1072? {\b 100}\par
\trowd\cellx2000\cellx4000\intbl 1\cell 2\cell\row {\footnote note}{\pict\pngblip\picw10\pich10 89504e47}
\page end\par}"""


_SPREADSHEET_XML = f"""<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="s1"><NumberFormat ss:Format="0.00"/>
</Style></Styles><Worksheet ss:Name="Смета"><Table><Row ss:Index="2"><Cell ss:MergeAcross="1" ss:MergeDown="2"><Data
 ss:Type="String">{RUSSIAN[0]}</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">12.5</Data></Cell></Row><Row
 ss:Span="3"><Cell ss:Index="4"><Data ss:Type="DateTime">2026-01-20T00:00:00</Data></Cell></Row></Table></Worksheet>
</Workbook>"""
_WORD_XML = f"""<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"
 xmlns:aml="a" xmlns:wx="b"><w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:nfc w:val="0"/><w:lvlText
 w:val="%1."/></w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list></w:lists>
<w:body><wx:sect><w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr>
<w:r><w:t>{RUSSIAN[0]}</w:t>
<w:footnote><w:p/></w:footnote></w:r>
<aml:annotation aml:type="Word.Insertion"><aml:content><w:r><w:t>1</w:t></w:r></aml:content></aml:annotation></w:p>
<w:tbl><w:tr><w:tc><w:tcPr><w:vmerge w:val="restart"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>
<w:sectPr><w:hdr w:type="odd"><w:p/>
</w:hdr></w:sectPr></wx:sect></w:body></w:wordDocument>"""


def office_files() -> Iterator[SmallDocument]:
    """Office documents of all readers."""
    lines = [(f"{line}\r", b"") for line in RUSSIAN] + [
        ("Цена\x07", b"\x16\x24\x01"),
        ("\x07", b"\x16\x24\x01\x17\x24\x01"),
    ]
    for name, family, data in (
        ("docx", "package", _docx()),
        ("xlsx", "package", _xlsx()),
        ("pptx", "package", _pptx()),
        ("odt", "package", odf("text", _ODT)),
        ("ods", "package", odf("spreadsheet", _ODS)),
        ("doc", "binary", doc(lines)),
        ("xls", "binary", _xls()),
        ("ppt", "binary", _ppt()),
        ("rtf", "text", _RTF),
        ("epub", "package", epub([f"<h1>Глава</h1><p>{line}</p>" for line in RUSSIAN[:2]])),
        ("fb2", "text", fb2(f"<section><title><p>Порядок</p></title><p>{RUSSIAN[0]}</p></section>")),
        ("xps", "package", xps([ENGLISH])),
        ("spreadsheet xml", "text", _SPREADSHEET_XML.encode()),
        ("word xml", "text", _WORD_XML.encode()),
    ):
        yield SmallDocument(name, "office", family, data)


def _eml() -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Запрос цен", "Иванов <a@example.org>", "b@example.org"
    mail.set_content("\n".join(RUSSIAN))
    mail.add_alternative("<p>Цена <b>100</b></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4 ...", maintype="application", subtype="pdf", filename="Смета.pdf")
    mail.set_boundary("boundary")
    return mail.as_bytes()


def letters_and_texts() -> Iterator[SmallDocument]:
    """Mail, web pages and texts."""
    attached: dict[str, bytes | Any] = {
        "__substg1.0_3707001F": "Смета.txt".encode("utf-16-le"),
        "__substg1.0_37010102": b"data",
    }
    html = (
        "<html><head><meta charset=utf-8><title>Закупка</title></head><body><h1>Извещение</h1><ul><li>1<li>2</ul>"
        "<table><tr><td rowspan=2>Цена<td>100<tr><td colspan=2>200</table><p>" + RUSSIAN[0] + "</body></html>"
    )
    table = "\n".join(["Наименование;Цена;Количество", *(f"Товар {n};{n}00,50;{n}" for n in range(1, 9))])
    for name, family, data in (
        ("eml", "text", _eml()),
        ("msg", "binary", ole(outlook({"0037": "Запрос", "1000": RUSSIAN[0]}, attachments=[attached]))),
        (
            "winmail.dat",
            "binary",
            tnef({(0x1000, WIDE): RUSSIAN[0].encode("utf-16-le")}, [attachment(b"a.pdf", b"data")]),
        ),
        ("html", "text", html.encode()),
        ("json", "text", b'{"a": {"b": ["c", 1.50, null]}}'),
        ("xml", "text", f"<?xml version='1.0' encoding='utf-8'?><a><b c='1'>{RUSSIAN[0]}</b></a>".encode()),
        ("csv of cp1251", "text", table.encode("cp1251")),
        ("txt", "text", "\n".join(RUSSIAN).encode("utf-8-sig")),
    ):
        yield SmallDocument(name, "text", family, data)


def rare_documents() -> Iterator[SmallDocument]:
    """Forms of all of these that come less often."""
    for kind, made in (
        ("picture", raredocuments.pictures()),
        ("archive", raredocuments.archives()),
        ("office", raredocuments.office_files()),
        ("text", raredocuments.letters_and_texts()),
    ):
        for name, family, data in made:
            yield SmallDocument(name, kind, family, data)


def small_documents(*kinds: str) -> tuple[SmallDocument, ...]:
    """All documents, or those of these kinds."""
    makers = (pdfs, pictures, zips, other_archives, office_files, letters_and_texts, rare_documents)
    return tuple(document for make in makers for document in make() if not kinds or document.kind in kinds)
