"""Office documents that are one XML file are read as the packages that they stand for."""

from __future__ import annotations

import base64
import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from ocr_tasks.contract import BlockLabel
from ocr_tasks.htmltables import parse_html_table
from tenderlake.intake.sniffing import DocumentFormat
from tenderlake.states import SourceState
from tests.officefiles import docx, odf, paragraph, scan, xlsx
from tests.prepared import prepared, rejected

pytestmark = pytest.mark.unit

SHEET = "urn:schemas-microsoft-com:office:spreadsheet"
WORD = "http://schemas.microsoft.com/office/word/2003/wordml"
OPC = "http://schemas.microsoft.com/office/2006/xmlPackage"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


def rows(html: str) -> list[list[str]]:
    table = parse_html_table(html)
    assert table is not None
    return [[cell.text for cell in table.cells if cell.row == row] for row in range(table.row_count)]


def workbook(sheets: str) -> bytes:
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{SHEET}" xmlns:ss="{SHEET}" '
        f'xmlns:x="urn:schemas-microsoft-com:office:excel"><Styles><Style ss:ID="s1">'
        '<NumberFormat ss:Format="Standard"/></Style><Style ss:ID="s2" ss:Parent="s1"/>'
        '<Style ss:ID="s3"><NumberFormat ss:Format="Short Date"/></Style>'
        f"</Styles>{sheets}</Workbook>"
    ).encode()


def test_a_workbook_of_1c_is_tables_with_numbers_by_their_formats(tmp_path: Path) -> None:
    table = """<Worksheet ss:Name="Смета"><Table>
        <Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Наименование работ</Data></Cell>
             <Cell><Data ss:Type="String">Сумма</Data></Cell><Cell><Data ss:Type="String">Срок</Data></Cell></Row>
        <Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="String">Окраска<B> стен</B></Data></Cell>
             <Cell ss:StyleID="s2"><Data ss:Type="Number">1234567.5</Data></Cell>
             <Cell ss:StyleID="s3"><Data ss:Type="DateTime">2026-01-20T00:00:00.000</Data></Cell></Row>
        <Row><Cell><Data ss:Type="String">1</Data></Cell></Row></Table></Worksheet>
        <Worksheet ss:Name="Служебный"><Table><Row><Cell><Data ss:Type="Boolean">1</Data></Cell></Row></Table>
        <x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>"""
    found = prepared(tmp_path, workbook(table))
    assert found.manifest.media_type == DocumentFormat.SPREADSHEET_XML.value
    assert len(found.manifest.pages) == 2
    texts = found.texts()
    assert texts[0] == "Смета"
    assert rows(texts[1]) == [
        ["Наименование работ", "Сумма", "Срок"],
        ["", "Окраска стен", "1 234 567,50", "20.01.2026"],
        ["1", "", "", ""],
    ]
    hidden = found.texts(2)
    assert hidden[0] == "Служебный (hidden sheet)"
    assert rows(hidden[1]) == [["ИСТИНА"]]


def test_a_workbook_without_sheets_is_damaged(tmp_path: Path) -> None:
    assert rejected(tmp_path, workbook("")).state is SourceState.QUARANTINED_CORRUPT


def test_a_word_2003_file_is_read_as_a_word_document(tmp_path: Path) -> None:
    picture = base64.b64encode(scan()).decode()
    data = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?><?mso-application progid="Word.Document"?>
    <w:wordDocument xmlns:w="{WORD}" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:aml="urn:aml" xmlns:wx="urn:wx">
    <w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="0"/><w:lvlText w:val="%1."/>
    </w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list></w:lists>
    <w:styles><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/>
    </w:pPr></w:style></w:styles>
    <w:body><wx:sect><w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>Договор</w:t></w:r></w:p>
    <w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr><w:r><w:t>Предмет</w:t></w:r>
    <w:r><w:footnote><w:p><w:r><w:t>Сноска</w:t></w:r></w:p></w:footnote></w:r></w:p>
    <w:p><w:r><w:t>Цена </w:t></w:r><aml:annotation w:type="Word.Deletion"><aml:content><w:r><w:delText>5</w:delText>
    </w:r></aml:content></aml:annotation><aml:annotation w:type="Word.Insertion"><aml:content><w:r><w:t>7 руб.</w:t>
    </w:r></aml:content></aml:annotation></w:p>
    <w:tbl><w:tr><w:tc><w:tcPr><w:vmerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>
    <w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr>
    <w:tr><w:tc><w:tcPr><w:vmerge/></w:tcPr><w:p/></w:tc><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
    <w:p><w:r><w:pict><w:binData w:name="wordml://1.png">{picture}</w:binData>
    <v:shape><v:imagedata src="wordml://1.png"/></v:shape></w:pict></w:r></w:p>
    <w:sectPr><w:hdr w:type="odd"><w:p><w:r><w:t>Закупка 15</w:t></w:r></w:p></w:hdr></w:sectPr></wx:sect></w:body>
    </w:wordDocument>"""
    found = prepared(tmp_path, data.encode())
    assert found.manifest.media_type == DocumentFormat.DOCX.value
    blocks = found.native[1].blocks
    assert [(block.label, block.content) for block in blocks if block.label is not BlockLabel.TABLE] == [
        (BlockLabel.HEADER, "Закупка 15"),
        (BlockLabel.HEADING, "Договор"),
        (BlockLabel.LIST_ITEM, "1. Предмет[1]"),
        (BlockLabel.TEXT, "Цена 7 руб."),
        (BlockLabel.FOOTNOTE, "[1] Сноска"),
    ]
    assert rows(next(block.content for block in blocks if block.label is BlockLabel.TABLE)) == [["a", "b"], ["c"]]
    assert len(found.manifest.image_pages) == 1


@pytest.mark.parametrize(
    "data",
    [docx(paragraph("Договор")), xlsx({"Лист": "<row><c t='inlineStr'><is><t>Договор</t></is></c></row>"})],
    ids=["docx", "xlsx"],
)
def test_a_package_in_one_file_is_read_as_the_package(tmp_path: Path, data: bytes) -> None:
    with zipfile.ZipFile(BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
        types = parts.pop("[Content_Types].xml").decode()
    flat = ""
    kinds = dict(re.findall(r'PartName="(.*?)" ContentType="(.*?)"', types))
    for name, content in parts.items():
        kind = kinds.get(f"/{name}", "application/xml")
        text = content.decode().partition("?>")[2] if content.startswith(b"<?xml") else content.decode()
        flat += f'<pkg:part pkg:name="/{name}" pkg:contentType="{kind}"><pkg:xmlData>{text}</pkg:xmlData></pkg:part>'
    whole = f'<?xml version="1.0"?><pkg:package xmlns:pkg="{OPC}">{flat}</pkg:package>'
    assert "Договор" in prepared(tmp_path, whole.encode()).texts()[-1]


def test_a_flat_opendocument_file_keeps_its_pictures(tmp_path: Path) -> None:
    with zipfile.ZipFile(BytesIO(odf("text", "<office:text/>"))) as package:
        declared = package.read("content.xml").decode().partition("<office:document-content")[2].partition(">")[0]
    data = (
        f'<?xml version="1.0"?><office:document{declared} office:mimetype="{DocumentFormat.ODT.value}"><office:body>'
        f"<office:text><text:h text:outline-level='1'>Заявка</text:h><text:p><draw:frame>"
        f"<draw:image><office:binary-data>{base64.b64encode(scan()).decode()}</office:binary-data></draw:image>"
        "</draw:frame></text:p></office:text></office:body></office:document>"
    )
    found = prepared(tmp_path, data.encode())
    assert found.manifest.media_type == DocumentFormat.ODT.value
    assert found.texts() == ["Заявка"]
    assert len(found.manifest.image_pages) == 1


def test_a_part_of_a_package_alone_is_no_document(tmp_path: Path) -> None:
    data = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{OFFICE}"><a>Заявка</a></office:document-content>'
    )
    found = prepared(tmp_path, data.encode())
    assert found.manifest.media_type == DocumentFormat.XML.value
    assert found.texts()[-1] == "a: Заявка"
