"""Given damage that once broke a reader, it alone ends, in a state and with a reason that people understand."""

from __future__ import annotations

import errno
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import olefile
import pytest
from PIL import UnidentifiedImageError

from tenderlake.documents import Rejection
from tenderlake.intake.outcome import NO_SENSE, one_line
from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState
from tests.archives import old_zip_of, zip_of
from tests.officefiles import S, doc, docx, odf, ole, paragraph, scan, xlsx, zipped
from tests.pdfs import RUSSIAN, digital_pdf, file_of, new_page, printed, put_picture, scanned_pdf
from tests.prepared import prepared, rejected, unpacked

pytestmark = pytest.mark.unit


def with_bytes(data: bytes, start: int, changed: bytes) -> bytes:
    return data[:start] + changed + data[start + len(changed) :]


def without_bytes(data: bytes) -> bytes:
    """A ZIP file that lost ten bytes near its beginning: its first member now lies ten bytes before the file."""
    return data[:4] + data[14:]


def with_larger_directory(data: bytes) -> bytes:
    """A ZIP file whose directory is said to be larger than the file (APPNOTE 4.3.16)."""
    return with_bytes(data, data.rindex(b"PK\x05\x06") + 12, struct.pack("<I", 10_000))


def without_part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return zipped({part: package.read(part) for part in package.namelist() if part != name})


# An offset before the beginning of a file is an error of the operating system, like a full disk. A disk that fails ends
# the whole run, so nothing that a document says may pass for it.


def test_an_archive_whose_directory_begins_before_it_is_damaged(tmp_path: Path) -> None:
    found = rejected(tmp_path, with_larger_directory(zip_of({"a.txt": b"text"})))
    assert found == Rejection(
        state=SourceState.QUARANTINED_CORRUPT, reason=f"the archive (or Office file) is damaged: {NO_SENSE}"
    )


def test_an_archive_whose_members_lie_before_its_beginning_costs_these_members(tmp_path: Path) -> None:
    members = unpacked(tmp_path, without_bytes(zip_of({"a.txt": b"text", "b.txt": b"text"})))
    damaged = Rejection(state=SourceState.QUARANTINED_CORRUPT, reason=f"damaged in the archive: {NO_SENSE}")
    assert members == {"a.txt": damaged, "b.txt": b"text"}


def test_an_office_file_whose_parts_lie_before_its_beginning_is_damaged(tmp_path: Path) -> None:
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{S}"><sheets><sheet name="Цены" sheetId="1"/></sheets></workbook>',
        "[Content_Types].xml": '<Types><Override ContentType="application/x.spreadsheetml.sheet.main+xml"/></Types>',
    }
    found = rejected(tmp_path, without_bytes(zipped(parts)))
    assert found == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason=f"the document is damaged: its part xl/workbook.xml: {NO_SENSE}",
    )


def test_a_member_whose_name_is_another_in_its_own_header_costs_only_itself(tmp_path: Path) -> None:
    data = zip_of({"цена.txt": b"100", "b.txt": b"text"})
    members = unpacked(tmp_path, with_bytes(data, data.index("цена".encode()), b"\xff\xff"))
    damaged = Rejection(state=SourceState.QUARANTINED_CORRUPT, reason=f"damaged in the archive: {NO_SENSE}")
    assert members == {"цена.txt": damaged, "b.txt": b"text"}


# What is lost by damage is never taken for what was not there.


def test_a_workbook_whose_sheets_cannot_be_found_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    cells = '<sheetData><row r="1"><c r="A1"><v>100</v></c></row></sheetData>'
    found = prepared(tmp_path, without_part(xlsx({"Цены": cells, "Лоты": cells}), "xl/worksheets/sheet1.xml"))
    assert found.manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE,)
    found = rejected(tmp_path, without_part(xlsx({"Цены": cells}), "xl/worksheets/sheet1.xml"))
    assert found == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason="the document is damaged: nothing is left of it without the sheet Цены",
    )


def test_a_document_whose_notes_are_damaged_is_flagged(tmp_path: Path) -> None:
    data = docx(
        paragraph("Цена"), parts={"word/footnotes.xml": "<w:foot"}, relations={"f": ("footnotes", "footnotes.xml")}
    )
    found = prepared(tmp_path, data)
    assert found.texts() == ["Цена"]
    assert found.manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE,)


def with_damaged(data: bytes, content: bytes) -> bytes:
    """A ZIP file with a wrong byte in what a member holds, which is stored as it is."""
    return with_bytes(data, data.index(content) + len(content) // 2, b"\xff\x01")


def stored(package: bytes) -> bytes:
    """A package whose parts are not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as parts, zipfile.ZipFile(buffer, "w") as whole:
        for name in parts.namelist():
            whole.writestr(name, parts.read(name))
    return buffer.getvalue()


def test_a_damaged_picture_costs_only_itself(tmp_path: Path) -> None:
    drawn = '<w:p><w:r><w:drawing><a:blip xmlns:a="x" r:embed="p"/></w:drawing></w:r></w:p>'
    picture = scan()
    document = docx(
        paragraph("Цена") + drawn,
        parts={"word/media/scan.png": picture},
        relations={"p": ("image", "media/scan.png")},
    )
    assert len(prepared(tmp_path, stored(document)).manifest.pages) == 2
    found = prepared(tmp_path, with_damaged(stored(document), picture))
    assert found.texts() == ["Цена"]
    assert [page.quality_flags for page in found.manifest.pages] == [(PageFlag.REPAIRED_FILE,)]


def test_an_opendocument_file_whose_styles_are_damaged_is_flagged(tmp_path: Path) -> None:
    document = odf("text", "<office:text><text:p>Цена</text:p></office:text>")
    with zipfile.ZipFile(io.BytesIO(document)) as parts:
        sound = {name: parts.read(name) for name in parts.namelist()}
    found = prepared(tmp_path, zipped({**sound, "styles.xml": "<office:"}))
    assert found.texts() == ["Цена"]
    assert found.manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE,)


@pytest.mark.parametrize(
    "made",
    [
        lambda depth: docx("<w:tbl><w:tr><w:tc>" * depth + paragraph("Цена") + "</w:tc></w:tr></w:tbl>" * depth),
        lambda depth: odf(
            "text",
            "<office:text>" + "<text:section>" * depth + "<text:p>Цена</text:p>" + "</text:section>" * depth
            + "</office:text>",
        ),
    ],
)  # fmt: skip
def test_what_lies_too_deep_to_be_read_is_said(tmp_path: Path, made: Callable[[int], bytes]) -> None:
    assert prepared(tmp_path, made(30)).texts() == ["Цена"]
    assert rejected(tmp_path, made(60)) == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason="the document is damaged: nothing is left of it without what lies too deep in its parts",
    )


def test_a_word_document_that_is_cut_off_before_its_text_is_damaged(tmp_path: Path) -> None:
    """Its header ends before it says where the lists are."""
    with olefile.OleFileIO(io.BytesIO(doc([("Цена\r", b"")]))) as sound:
        main, table = (sound.openstream(name).read() for name in ("WordDocument", "1Table"))
    found = rejected(tmp_path, ole({"WordDocument": main[:512], "1Table": table}))
    assert found == Rejection(
        state=SourceState.QUARANTINED_CORRUPT, reason="the document is damaged: its text is cut off"
    )


def test_a_scan_whose_picture_is_destroyed_is_no_blank_page(tmp_path: Path) -> None:
    picture = file_of(printed(dpi=72))
    document = digital_pdf()
    put_picture(new_page(document), picture)
    data = document.tobytes()
    found = prepared(tmp_path, with_bytes(data, data.index(picture) + 3, bytes(200)))
    sound, lost = found.manifest.pages
    assert sound.quality_flags == ()
    assert lost.image_name is None
    assert PageFlag.RENDER_FAILED in lost.quality_flags
    assert "jpeg" in lost.reason


def test_a_scan_whose_picture_is_cut_off_is_flagged(tmp_path: Path) -> None:
    picture = file_of(printed(dpi=72))
    data = scanned_pdf(picture).tobytes()
    middle = data.index(picture) + len(picture) // 2
    found = prepared(tmp_path, with_bytes(data, middle, bytes(len(picture) // 2)))
    assert PageFlag.DAMAGED_PAGE in found.manifest.pages[0].quality_flags


def test_a_rich_text_that_is_cut_off_is_flagged_or_damaged(tmp_path: Path) -> None:
    data = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}Price 100\par}"
    assert prepared(tmp_path, data).manifest.pages[0].quality_flags == ()
    assert prepared(tmp_path, data[:-1]).manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE,)
    assert rejected(tmp_path, data[:25]) == Rejection(
        state=SourceState.QUARANTINED_CORRUPT, reason="the document is damaged: nothing is left of it without its end"
    )


def test_a_presentation_whose_slides_cannot_be_found_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    assert rejected(tmp_path, ole({"PowerPoint Document": bytes(100)})) == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason="the document is damaged: nothing is left of it without its slides",
    )


def test_what_stands_after_the_end_of_a_web_page_is_read(tmp_path: Path) -> None:
    """Programs of mail add their lines there, and browsers show them."""
    page = b"<html><body><p>Order 17</p></body></html>\n<p>Scanned for viruses</p></html><p>Price 100</p>"
    assert prepared(tmp_path, page).texts() == ["Order 17", "Scanned for viruses", "Price 100"]


# What once ended a reader in a way that nobody had foreseen.


def test_a_code_page_that_does_not_exist_is_not_taken(tmp_path: Path) -> None:
    assert prepared(tmp_path, rb"{\rtf1\ansi\ansicpg12 Price 100\par}").texts() == ["Price 100"]


def test_what_is_left_of_a_pdf_after_a_piece_of_a_web_page_is_no_web_page(tmp_path: Path) -> None:
    page = b"<html><head><title>Order</title></head><body><p>Text</p>"
    found = rejected(tmp_path, page + b"\n9 0 obj\n<</Type/Page>>\nendobj\n")
    assert found == Rejection(
        state=SourceState.QUARANTINED_CORRUPT, reason="the PDF is damaged beyond repair: its beginning is missing"
    )


@pytest.mark.parametrize(
    "error",
    [
        IndexError("list index out of range"),
        KeyError("Workbook"),
        struct.error("unpack requires a buffer of 4 bytes"),
        OSError(errno.EINVAL, "Invalid argument"),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_reason_is_in_the_words_of_a_program(error: Exception) -> None:
    assert one_line(error) == NO_SENSE


def test_what_a_decoder_says_of_its_data_is_said_shorter() -> None:
    assert one_line(OSError("codec configuration error when reading image file")) == "its data is damaged"


def test_a_reason_names_no_object_of_a_program() -> None:
    error = UnidentifiedImageError(f"no picture in {io.BytesIO()!r}")
    assert one_line(error) == "no picture in the file"


def test_a_member_without_a_name_says_so(tmp_path: Path) -> None:
    (member,) = unpacked(tmp_path, old_zip_of({"": b"text"}, "ascii")).values()
    assert member == Rejection(state=SourceState.QUARANTINED_CORRUPT, reason="it has no name")


def test_a_reason_names_no_bytes_that_a_reader_met(tmp_path: Path) -> None:
    picture = file_of(printed(dpi=72))
    data = scanned_pdf(picture).tobytes()
    frame = data.index(b"\xff\xc0", data.index(picture))
    found = rejected(tmp_path, with_bytes(data, frame, b"\xff\xf9"))
    assert found.reason.endswith("jpeg error: Unsupported marker type")


def test_a_pdf_whose_catalog_is_no_object_of_its_own_is_read(tmp_path: Path) -> None:
    data = digital_pdf().tobytes().replace(b"/Root 1 0 R", b"/Root<</Type/Catalog/Pages 2 0 R>>")
    assert RUSSIAN[0] in prepared(tmp_path, data).texts()[0]


def test_a_message_in_a_character_set_of_unknown_letters_is_read(tmp_path: Path) -> None:
    head = "From: a@example.org\nSubject: Order\nContent-Type: text/plain; charset=кои8\n\n"
    text = unpacked(tmp_path, (head + RUSSIAN[0]).encode())["message.txt"]
    assert isinstance(text, bytes)
    assert RUSSIAN[0] in text.decode()
