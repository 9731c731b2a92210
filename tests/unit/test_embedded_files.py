"""Given a document with files within it, the document comes out, and beside it each of these files."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import olefile
import pytest
import xlwt

from tenderlake.documents import DocumentManifest, PageKind, PrepareLimits
from tenderlake.mupdf import pymupdf
from tenderlake.states import SourceState
from tests.officefiles import (
    doc,
    docx,
    docx_with_objects,
    odf,
    ole,
    ole10_object,
    ole_package,
    paragraph,
    relationships,
    xlsx,
    zipped,
)
from tests.pdfs import new_page, write_lines
from tests.prepared import LIMITS, outcome_of, prepared

pytestmark = pytest.mark.unit

ESTIMATE = xlsx({"Смета": "<sheetData><row><c t='inlineStr'><is><t>Кабель</t></is></c></row></sheetData>"})
PDF = b"%PDF-1.7\n% a document of another program"


Files = dict[str, bytes | SourceState]


def files(folder: Path, data: bytes, limits: PrepareLimits = LIMITS, passwords: Sequence[str] = ()) -> Files:
    """Path of each file within a document -> its bytes, or the state it ends in."""
    manifest = outcome_of(folder, data, limits=limits, passwords=passwords)
    assert isinstance(manifest, DocumentManifest), manifest
    return {
        file.archive_path: file.rejection.state
        if file.rejection
        else (folder / "out" / str(file.file_name)).read_bytes()
        for file in manifest.attachments
    }


def test_a_file_dropped_on_a_word_document_has_the_name_that_its_author_sees(tmp_path: Path) -> None:
    data = docx_with_objects(
        {
            "oleObject1.bin": ole10_object("Смета № 1.xlsx", ESTIMATE),
            "oleObject2.bin": ole10_object("Акт сверки.pdf", PDF, is_wide=False),
        }
    )
    assert files(tmp_path, data) == {"Смета № 1.xlsx": ESTIMATE, "Акт сверки.pdf": PDF}
    assert prepared(tmp_path, data).texts() == [
        "Документация",
        "[embedded file: Смета № 1.xlsx]",
        "[embedded file: Акт сверки.pdf]",
    ]


def test_every_way_to_embed_a_file_gives_the_file(tmp_path: Path) -> None:
    old_document = ole({"WordDocument": b"\xec\xa5" + b"\0" * 600})
    data = docx_with_objects(
        {
            "Microsoft_Excel_Sheet1.xlsx": ESTIMATE,
            "oleObject1.bin": ole({"Package": ESTIMATE}),
            "oleObject2.bin": ole({"CONTENTS": PDF}),
            "oleObject3.bin": old_document,
            "oleObject4.bin": ole({"\x01Ole10Native": struct.pack("<I", 9) + b"BM picture"}),
        }
    )
    assert files(tmp_path, data) == {
        "Microsoft_Excel_Sheet1.xlsx": ESTIMATE,
        "oleObject1.xlsx": ESTIMATE,
        "oleObject2.pdf": PDF,
        "oleObject3.doc": old_document,
        "oleObject4": b"BM picture",
    }


def test_what_holds_no_file_is_only_named(tmp_path: Path) -> None:
    link = struct.pack("<HHHI", 2, 0, 1, 0)
    data = docx_with_objects({"oleObject1.bin": ole({"Equation Native": b"x" * 40})})
    assert files(tmp_path, data) == {}
    assert prepared(tmp_path, data).texts()[1] == "[embedded Package, not read]"
    linked = ole({"\x01Ole10Native": struct.pack("<I", len(link) + 4) + link[:2] + b"a\0b\0" + link[2:]})
    assert files(tmp_path, docx_with_objects({"oleObject1.bin": linked})) == {}


def test_a_file_that_no_paragraph_shows_is_taken_once(tmp_path: Path) -> None:
    shown = docx_with_objects({"chart data.xlsx": ESTIMATE})
    hidden = docx(paragraph("Текст"), parts={"word/embeddings/Смета.xlsx": ESTIMATE})
    assert files(tmp_path, shown) == {"chart data.xlsx": ESTIMATE}
    assert files(tmp_path, hidden) == {"Смета.xlsx": ESTIMATE}


def test_sheets_and_slides_hold_files_too(tmp_path: Path) -> None:
    sheet = xlsx({"Лист": "<sheetData><row><c><v>1</v></c></row></sheetData>"})
    slide = _slides_with_object()
    with_object = _with_parts(
        sheet,
        {
            "xl/embeddings/oleObject1.bin": ole10_object("Акт.pdf", PDF),
            "xl/worksheets/_rels/sheet1.xml.rels": relationships(
                {"e": ("oleObject", "../embeddings/oleObject1.bin"), "x": ("oleObject", "file://server/x.xls")}
            ),
        },
    )
    assert files(tmp_path, with_object) == {"Акт.pdf": PDF}
    assert files(tmp_path, slide) == {"Акт.pdf": PDF}


def _with_parts(package: bytes, parts: Mapping[str, bytes | str]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return zipped({**{name: archive.read(name) for name in archive.namelist()}, **parts})


def _slides_with_object() -> bytes:
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    spaces = (
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    frame = "<p:graphicFrame><p:graphic><p:oleObj progId='Package' r:id='e'/></p:graphic></p:graphicFrame>"
    return zipped(
        {
            "[Content_Types].xml": f'<Types><Override PartName="/ppt/presentation.xml" ContentType="{kind}"/></Types>',
            "_rels/.rels": relationships({"r1": ("officeDocument", "ppt/presentation.xml")}),
            "ppt/presentation.xml": f'<p:presentation {spaces}><p:sldIdLst><p:sldId id="256" r:id="s1"/></p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": relationships({"s1": ("slide", "slides/slide1.xml")}),
            "ppt/slides/slide1.xml": f"<p:sld {spaces}><p:cSld><p:spTree>{frame}</p:spTree></p:cSld></p:sld>",
            "ppt/slides/_rels/slide1.xml.rels": relationships({"e": ("oleObject", "../embeddings/oleObject1.bin")}),
            "ppt/embeddings/oleObject1.bin": ole10_object("Акт.pdf", PDF),
        }
    )


def _rtf_object(kind: int, class_name: bytes, native: bytes) -> bytes:
    texts = b"".join(struct.pack("<I", len(text) + 1) + text + b"\0" for text in (class_name, b"", b""))
    data = struct.pack("<II", 0x501, kind) + texts + struct.pack("<I", len(native)) + native
    return rb"{\object\objemb{\*\objclass x}{\*\objdata " + data.hex("\n", 40).encode() + rb"}{\result{\pard see}}}"


def test_rich_text_holds_packages_and_whole_documents(tmp_path: Path) -> None:
    package = _rtf_object(2, b"Package", ole_package("Акт.pdf", PDF))
    workbook = _rtf_object(2, b"Excel.Sheet.12", ole({"Package": ESTIMATE}))
    link = _rtf_object(1, b"Word.Document.8", b"")
    data = rb"{\rtf1\ansi Text " + package + rb"\par " + workbook + rb"\par " + link + rb"\par}"
    assert files(tmp_path, data) == {"Акт.pdf": PDF, "object 2.xlsx": ESTIMATE}
    texts = prepared(tmp_path, data).texts()
    assert [text for text in texts if text.startswith("[")] == [
        "[embedded file: Акт.pdf]",
        "[embedded file: object 2.xlsx]",
        "[embedded object, not read]",
    ]


def test_old_office_files_hold_files_in_storages(tmp_path: Path) -> None:
    native = ole_package("Акт.pdf", PDF)
    objects = {"_1": {"\x01Ole10Native": struct.pack("<I", len(native)) + native}, "_2": {"Package": ESTIMATE}}
    assert files(tmp_path, doc([("Текст\r", b"")], objects=objects)) == {"Акт.pdf": PDF, "object 2.xlsx": ESTIMATE}
    book, buffer = xlwt.Workbook(), io.BytesIO()
    book.add_sheet("Лист").write(0, 0, "Кабель")
    book.save(buffer)
    with olefile.OleFileIO(buffer) as file:
        stream = file.openstream("Workbook").read()
    data = ole({"Workbook": stream, "MBD0001": {"CONTENTS": PDF}, "_VBA": {"CONTENTS": b"x"}})
    assert files(tmp_path, data) == {"object 1.pdf": PDF}


def test_an_old_presentation_holds_files_in_compressed_records(tmp_path: Path) -> None:
    objects = [(0x10, zlib.compress(ole({"CONTENTS": PDF}))), (0x10, b"damaged"), (0x00, ole({"Package": ESTIMATE}))]
    text = struct.pack("<HHI", 0, 0x0FA0, 10) + "Слайд".encode("utf-16-le")
    persist = struct.pack("<HHI", 0, 0x03F3, 0)
    slides = struct.pack("<HHI", 0x0F, 0x0FF0, len(persist + text)) + persist + text
    stream = struct.pack("<HHI", 0x0F, 0x03E8, len(slides)) + slides
    for instance, data in objects:
        body = (struct.pack("<I", 0) if instance else b"") + data
        stream += struct.pack("<HHI", instance, 0x1011, len(body)) + body
    assert files(tmp_path, ole({"PowerPoint Document": stream})) == {"object 1.pdf": PDF, "object 3.xlsx": ESTIMATE}


def test_an_opendocument_file_within_another_can_be_read_by_itself(tmp_path: Path) -> None:
    spaces = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    frames = "".join(
        f'<text:p><draw:frame><draw:object {spaces} xlink:href="./Object {number}"/></draw:frame></text:p>'
        for number in (1, 2)
    ) + (f'<text:p><draw:frame><draw:object-ole {spaces} xlink:href="./Object 3"/></draw:frame></text:p>')
    manifest = "".join(
        f'<file-entry full-path="Object {number}/" media-type="application/vnd.oasis.opendocument.{kind}"/>'
        for number, kind in ((1, "spreadsheet"), (2, "formula"))
    )
    inner = odf(
        "spreadsheet",
        "<office:spreadsheet><table:table table:name='Лист'><table:table-row><table:table-cell><text:p>Кабель</text:p>"
        "</table:table-cell></table:table-row></table:table></office:spreadsheet>",
    )
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        content = archive.read("content.xml")
    outer = odf("text", f"<office:text><text:p>Текст</text:p>{frames}</office:text>", manifest=manifest)
    data = _with_parts(
        outer,
        {
            "Object 1/content.xml": content,
            "Object 2/content.xml": "<math/>",
            "Object 3": ole10_object("Акт.pdf", PDF),
        },
    )
    found = files(tmp_path, data)
    assert set(found) == {"Object 1.ods", "Акт.pdf"}
    assert files(tmp_path, data) == found  # the same bytes again: it is known by them
    assert "[embedded formula, not read: Object 2]" in prepared(tmp_path, data).texts()
    sheet = prepared(tmp_path, bytes(found["Object 1.ods"]))  # type: ignore[arg-type]
    assert "Кабель" in sheet.texts()[1]


def test_a_pdf_holds_files_in_its_list_and_pinned_to_pages(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        write_lines(new_page(document), ["A contract with files within it"] * 20)
        page = new_page(document)
        write_lines(page, ["Second page"] * 20)
        document.embfile_add("Смета", ESTIMATE, filename="Смета.xlsx", ufilename="Смета.xlsx")
        page.add_file_annot((100, 700), PDF, "../../Акт.pdf")
        _make_tree_of_names(document)
        data = document.tobytes()
    assert files(tmp_path, data) == {"Смета.xlsx": ESTIMATE, "Акт.pdf": PDF}


def _pdf_that_locks_its_files(password: str) -> bytes:
    """A PDF whose page anybody can read, and whose file needs a password (ISO 32000-1, 7.6.5).

    The key of AES-256 is the same for all objects: what is locked is taken from a PDF of which everything is.
    """
    document = pymupdf.open()
    document.embfile_add("a.txt", b"12 345,60")
    new_page(document)
    all_locked = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=password, owner_pw="owner")
    file = re.search(rb"/EmbeddedFile.*?stream\n(.{32})", all_locked, re.DOTALL)
    rules = re.search(rb"/Encrypt<<(.*?)/StmF/StdCF/StrF/StdCF(.*>>)>>\s*startxref", all_locked, re.DOTALL)
    assert file and rules
    text = b" ".join(b"BT /F 9 Tf 50 %d Td (A contract with a file within it) Tj ET" % (50 + 12 * n) for n in range(30))
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 6 0 R]>>>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Filespec/F(a.txt)/EF<</F 7 0 R>>>>",
        b"<</Type/EmbeddedFile/Filter[/Crypt]/DecodeParms[<</Name/StdCF>>]/Length 32>>\nstream\n%s\nendstream"
        % file[1],
    )
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % numbered for numbered in enumerate(objects, start=1))
    encrypt = rules[1] + b"/StmF/Identity/StrF/Identity/EFF/StdCF" + rules[2]
    return b"%PDF-2.0\n" + body + b"trailer\n<</Size 8/Root 1 0 R/Encrypt<<" + encrypt + b">>"


def test_a_pdf_that_locks_only_the_files_within_it_is_read(tmp_path: Path) -> None:
    data = _pdf_that_locks_its_files("secret")
    manifest = outcome_of(tmp_path, data)
    assert isinstance(manifest, DocumentManifest), manifest
    assert manifest.pages[0].kind is PageKind.NATIVE
    assert files(tmp_path, data) == {"a.txt": SourceState.QUARANTINED_ENCRYPTED}
    assert files(tmp_path, data, passwords=["wrong", "secret"]) == {"a.txt": b"12 345,60"}


def test_a_file_in_a_pdf_is_taken_whatever_type_its_entry_has(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = new_page(document)
        write_lines(page, ["Документация"])
        page.add_file_annot((100, 700), PDF, "Акт.pdf")
        entries = [n for n in range(1, document.xref_length()) if "/Filespec" in document.xref_object(n)]
        for number in entries:
            key = "FS/Type" if "/FS" in document.xref_object(number) else "Type"
            document.xref_set_key(number, key, "/F")
        data = document.tobytes()
    assert entries
    assert b"/Filespec" not in data
    assert files(tmp_path, data) == {"Акт.pdf": PDF}


def _make_tree_of_names(document: pymupdf.Document) -> None:
    """Names in leaves below the root of the tree, as programs write longer lists (ISO 32000-1, 7.9.6)."""
    catalog = document.pdf_catalog()
    leaf = document.get_new_xref()
    document.update_object(leaf, document.xref_get_key(catalog, "Names/EmbeddedFiles")[1])
    document.xref_set_key(catalog, "Names/EmbeddedFiles", f"<< /Kids [{leaf} 0 R] >>")


def test_two_files_of_one_name_and_names_that_lead_outside_are_all_kept(tmp_path: Path) -> None:
    data = docx_with_objects(
        {
            "oleObject1.bin": ole10_object("a.pdf", PDF),
            "oleObject2.bin": ole10_object("a.pdf", PDF + b"2"),
            "oleObject3.bin": ole10_object("..\\..\\etc\\passwd", b"x"),
            "oleObject4.bin": ole10_object("..", b"y"),
        }
    )
    assert files(tmp_path, data) == {"a.pdf": PDF, "a (2).pdf": PDF + b"2", "passwd": b"x", "attachment": b"y"}


def test_a_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    cut = docx_with_objects({"oleObject1.bin": ole10_object("a.pdf", PDF)[:700], "b.pdf": PDF})
    assert files(tmp_path, cut) == {"oleObject1.bin": ole10_object("a.pdf", PDF)[:700], "b.pdf": PDF}
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx_with_objects({"b.pdf": PDF}))) as good, zipfile.ZipFile(stored, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name))
    damaged = stored.getvalue().replace(PDF, PDF.upper())
    assert files(tmp_path, damaged) == {"b.pdf": SourceState.QUARANTINED_CORRUPT}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"max_archive_members": 1}, ["a.txt", "further files within the document"]),
        ({"max_archive_members": 0}, ["further files within the document"]),
        ({"max_document_bytes": 20_000}, ["a.txt", "b.txt", "c.txt"]),
    ],
)
def test_a_limit_costs_the_files_past_it_and_not_the_document(
    tmp_path: Path, changed: dict[str, int], expected: list[str]
) -> None:
    data = docx_with_objects({"a.txt": b"one", "b.txt": b"x" * 30_000, "c.txt": b"three"})
    found = files(tmp_path, data, LIMITS.model_copy(update=changed))
    assert list(found) == expected
    states = {state for state in found.values() if isinstance(state, SourceState)}
    assert states <= {SourceState.QUARANTINED_ARCHIVE_BOMB, SourceState.QUARANTINED_TOO_LARGE}
    assert len(states) == 1
    assert found.get("a.txt", b"one") == b"one"
    assert found.get("c.txt", b"three") == b"three"
