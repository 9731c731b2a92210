"""Given any file, preparing it ends in a manifest that is whole, or in a state and a reason for people."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr_tasks.contract import PageResult
from tenderlake.documents import (
    MANIFEST_NAME,
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PageKind,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    TextLayerMode,
    Unpacking,
)
from tenderlake.intake import prepare_document
from tenderlake.intake.sniffing import DocumentFormat, SourceFormat, sniff
from tenderlake.mupdf import pymupdf
from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState
from tests.officefiles import ole
from tests.pdfs import (
    RUSSIAN,
    digital_pdf,
    file_of,
    new_page,
    printed,
    put_picture,
    saved,
    scanned_pdf,
    square,
    write_lines,
)

pytestmark = pytest.mark.unit

LIMITS = PrepareLimits(max_pages=20, max_page_pixels=4_000_000, memory_bytes=512 * 2**20)
OPTIONS = PrepareOptions(dpi=100)


def prepared(
    path: Path, *, options: PrepareOptions = OPTIONS, limits: PrepareLimits = LIMITS
) -> DocumentManifest | Rejection:
    return prepare_document(path, path.parent / "out", document_id="d0c", options=options, limits=limits)


def manifest_of(path: Path, **arguments: Any) -> DocumentManifest:
    """The manifest of a file that is prepared, after checking that the folder holds what it says."""
    outcome = prepared(path, **arguments)
    assert isinstance(outcome, DocumentManifest), outcome
    folder = path.parent / "out"
    assert DocumentManifest.model_validate_json((folder / MANIFEST_NAME).read_bytes()) == outcome
    native = [PageResult.model_validate_json(line) for line in (folder / NATIVE_PAGES_NAME).open("rb")]
    assert [page.page_number for page in native] == [
        page.page_number for page in outcome.pages if page.has_native_result
    ]
    for page in outcome.image_pages:
        if page.image_name is not None:
            image = Image.open(folder / page.image_name)
            assert image.size == (page.width_px, page.height_px)
            assert Image.MIME[str(image.format)] == page.image_media_type
            assert (folder / page.image_name).stat().st_size == page.image_size_bytes
    return outcome


def rejection_of(path: Path, **arguments: Any) -> Rejection:
    """The rejection of a file; no manifest may be left beside it."""
    outcome = prepared(path, **arguments)
    assert isinstance(outcome, Rejection), outcome
    assert not (path.parent / "out" / MANIFEST_NAME).exists()
    assert "\n" not in outcome.reason
    return outcome


def written(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# ---- what is prepared


def test_a_pdf_has_native_pages_and_image_pages(tmp_path: Path) -> None:
    document = digital_pdf()
    put_picture(new_page(document), file_of(printed(dpi=100)))
    new_page(document)
    path = saved(document, tmp_path / "tender.pdf")
    manifest = manifest_of(path)
    assert manifest.media_type == "application/pdf"
    assert manifest.size_bytes == path.stat().st_size
    assert [page.kind for page in manifest.pages] == [PageKind.NATIVE, PageKind.IMAGE, PageKind.NATIVE]
    assert manifest.pages[1].image_name == "page-000002.jpg"
    assert manifest.pages[2].quality_flags == (PageFlag.BLANK_PAGE,)
    first, blank = (json.loads(line) for line in (tmp_path / "out" / NATIVE_PAGES_NAME).open(encoding="utf-8"))
    assert first["blocks"][0]["content"] == " ".join(RUSSIAN)
    assert blank["blocks"] == []


def test_the_same_file_makes_the_same_files(tmp_path: Path) -> None:
    document = digital_pdf()
    put_picture(new_page(document), file_of(printed(dpi=100), "PNG"))
    path = saved(document, tmp_path / "tender.pdf")
    contents = []
    for _ in range(2):
        manifest_of(path)
        contents.append({entry.name: entry.read_bytes() for entry in (tmp_path / "out").iterdir()})
    assert contents[0] == contents[1]


def test_page_keys_change_with_the_options_only(tmp_path: Path) -> None:
    path = saved(digital_pdf([RUSSIAN, RUSSIAN]), tmp_path / "tender.pdf")
    keys = []
    for dpi in (100, 200):
        manifest_of(path, options=PrepareOptions(dpi=dpi))
        keys += [json.loads(line)["page_key"] for line in (tmp_path / "out" / NATIVE_PAGES_NAME).open()]
    assert len(set(keys)) == 4


def test_the_text_layer_can_be_ignored_or_be_all_there_is(tmp_path: Path) -> None:
    document = digital_pdf()
    put_picture(new_page(document), file_of(printed(dpi=100)))
    path = saved(document, tmp_path / "tender.pdf")
    for mode, kind in ((TextLayerMode.IGNORE, PageKind.IMAGE), (TextLayerMode.ONLY, PageKind.NATIVE)):
        manifest = manifest_of(path, options=PrepareOptions(dpi=100, text_layer=mode))
        assert {page.kind for page in manifest.pages} == {kind}


def test_a_native_page_has_the_size_of_its_image(tmp_path: Path) -> None:
    document = digital_pdf()
    document[0].set_rotation(90)
    path = saved(document, tmp_path / "turned.pdf")
    (page,) = manifest_of(path).pages
    # The print is upright on the paper: the turn of the page is taken back.
    assert (page.width_px, page.height_px, page.dpi, page.rotation_deg) == (826, 1169, 100, 0)


KINDS = ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "JPEG2000"]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_pages(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, file_of(square((300, 200), (30, 20, 150, 100)), kind))
    manifest = manifest_of(path)
    assert manifest.media_type == sniff(path)
    (page,) = manifest.pages
    assert (page.kind, page.width_px, page.height_px) == (PageKind.IMAGE, 300, 200)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "group4", "jpeg", "tiff_adobe_deflate", "packbits"])
def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path, compression: str) -> None:
    mode = "1" if compression == "group4" else "L"
    frames = [square((300, 200 + 10 * number), (30, 20, 150, 100), mode) for number in range(3)]
    for frame in frames:
        frame.paste(100, (160, 100, 200, 140))
    data = file_of(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression=compression)
    manifest = manifest_of(written(tmp_path, data))
    assert [page.height_px for page in manifest.pages] == [200, 210, 220]
    assert [page.image_name for page in manifest.pages] == [
        f"page-00000{number}.{'png' if mode == '1' else 'jpg'}" for number in (1, 2, 3)
    ]


def test_a_transparency_that_is_worked_into_the_grey_is_read(tmp_path: Path) -> None:
    data = file_of(square((300, 200), (30, 20, 150, 100)).convert("LA"), "TIFF")
    of_alpha, of_premultiplied_alpha = (struct.pack("<HHIHH", 338, 3, 1, kind, 0) for kind in (2, 1))
    assert of_alpha in data
    manifest = manifest_of(written(tmp_path, data.replace(of_alpha, of_premultiplied_alpha)))
    assert [(page.kind, page.width_px) for page in manifest.pages] == [(PageKind.IMAGE, 300)]


def test_a_thumbnail_in_a_tiff_is_no_page(tmp_path: Path) -> None:
    page, thumbnail = square((300, 200), (30, 20, 150, 100)), square((30, 20), (3, 2, 15, 10))
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    data = file_of(page, "TIFF", save_all=True, append_images=[thumbnail])
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 2
    assert len(manifest_of(written(tmp_path, data)).pages) == 1


def test_a_frame_that_does_not_decode_does_not_lose_the_others(tmp_path: Path) -> None:
    frames = [square((300, 200), (30, 20, 150, 100)) for _ in range(3)]
    data = bytearray(file_of(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw"))
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        tags: Any = getattr(image, "tag_v2")  # noqa: B009  # only TIFF has them
        (start, *_), (length, *_) = tags[273], tags[279]
    data[start : start + length] = b"\xff" * length
    manifest = manifest_of(written(tmp_path, bytes(data)))
    first, broken, last = manifest.pages
    assert first.image_name is not None
    assert last.image_name is not None
    assert broken.image_name is None
    assert broken.quality_flags == (PageFlag.RENDER_FAILED,)
    assert "does not decode" in broken.reason


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    path = written(tmp_path, file_of(square((5000, 4000), (500, 400, 2500, 2000))))
    (page,) = manifest_of(path).pages
    assert page.width_px * page.height_px <= LIMITS.max_page_pixels
    assert page.quality_flags == (PageFlag.DOWNSCALED,)


def test_the_name_of_a_file_plays_no_part(tmp_path: Path) -> None:
    document = digital_pdf()
    data = document.tobytes()
    document.close()
    assert manifest_of(written(tmp_path, data, "estimate.docx")).media_type == "application/pdf"
    assert manifest_of(written(tmp_path, b"Name;Price\nTable;100\n", "scan.pdf")).media_type == "text/csv"


def test_a_pdf_after_some_other_bytes_is_a_pdf(tmp_path: Path) -> None:
    document = digital_pdf()
    data = b"\0" * 300 + document.tobytes()
    document.close()
    assert len(manifest_of(written(tmp_path, data)).pages) == 1


# ---- what is not


MISLEADING_BOXES = {
    "a crop box above the page": ("CropBox", "[2000 2000 3000 3000]"),
    "a crop box left of the page": ("CropBox", "[-500 0 -100 800]"),
    "a unit of nothing": ("UserUnit", "0"),
}


@pytest.mark.parametrize("name", MISLEADING_BOXES)
def test_a_page_whose_box_shows_nothing_of_it_is_read_whole(tmp_path: Path, name: str) -> None:
    document = digital_pdf()
    document.xref_set_key(document[0].xref, *MISLEADING_BOXES[name])
    manifest = manifest_of(saved(document, tmp_path / "a.pdf"), options=PrepareOptions(dpi=72))
    page = manifest.pages[0]
    assert (page.kind, page.width_px, page.height_px, page.quality_flags) == (PageKind.NATIVE, 595, 842, ())
    assert RUSSIAN[0] in (tmp_path / "out" / NATIVE_PAGES_NAME).read_text("utf-8")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


OOXML = {"[Content_Types].xml": b"<Types/>"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
OTHERS = {
    "digital signature (application/pkcs7-signature): it belongs to another file and holds no text": bytes.fromhex(
        "3080060 92a864886f70d010702a0".replace(" ", "")
    )
    + b"\0" * 50,
    "digital signature or key (application/x-pem-file): it belongs to another file and holds no text": (
        b"\r\n-----BEGIN PKCS7-----\r\nMIIB\r\n-----END PKCS7-----\r\n"
    ),
    "program (application/vnd.microsoft.portable-executable): a program is not read": b"MZ\x90" + bytes(100),
    "Windows cabinet (application/vnd.ms-cab-compressed): this way of packing is not read: pack it as ZIP, 7z or RAR": (
        b"MSCF" + bytes(40)
    ),
    "chart of Microsoft Graph (application/vnd.ms-graph): it holds the numbers behind a picture": ole(
        {"Workbook": bytes.fromhex("0908100000060080") + bytes(100)}
    ),
    "disk image (application/vnd.efi.iso): this way of packing is not read: pack it as ZIP, 7z or RAR": (
        bytes(32_769) + b"CD001" + bytes(100)
    ),
    "unknown data (application/octet-stream): damaged, encrypted, or of a program that is not known here": bytes(
        range(256)
    )
    * 4,
}
DAMAGED = {
    "a Word document of nothing": zipped(**OOXML, word__document=b"x"),
    "an Excel workbook of nothing": zipped(**OOXML, xl__workbook=b"x"),
    "an OpenDocument text of nothing": zipped(mimetype=b"application/vnd.oasis.opendocument.text"),
    "an old presentation without a directory": OLE + "PowerPoint Document".encode("utf-16-le"),
    "an old Word document without a directory": OLE + "WordDocument".encode("utf-16-le"),
    "an encrypted document without its key": OLE + "EncryptedPackage".encode("utf-16-le"),
    "an Outlook message without a directory": OLE + "__substg1.0_".encode("utf-16-le"),
    "a ZIP archive without its end": zipped(a=b"x" * 500)[:-30],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_once_was_a_document_is_corrupt(tmp_path: Path, name: str) -> None:
    rejection = rejection_of(written(tmp_path, DAMAGED[name]))
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert "damaged" in rejection.reason or "cannot be found" in rejection.reason


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_neither_pdf_nor_picture_is_skipped_by_name(tmp_path: Path, name: str) -> None:
    rejection = rejection_of(written(tmp_path, OTHERS[name]))
    assert rejection.state is SourceState.SKIPPED_UNSUPPORTED
    assert rejection.reason == name


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_empty_space_of_a_disk_is_damage_and_neither_text_nor_anything_else(tmp_path: Path, byte: bytes) -> None:
    """As Windows leaves of a file that it had no time to write: ones would be Russian letters, zeros an embroidery."""
    assert rejection_of(written(tmp_path, byte * 20_000)) == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason="file of nothing but zeros or ones (application/octet-stream): its content was lost when it was saved "
        "or copied: get it anew",
    )


def test_an_openpgp_message_is_encrypted_and_no_text(tmp_path: Path) -> None:
    data = b"\n-----BEGIN PGP MESSAGE-----\nVersion: 2.6.2\n\nhIwDY32hYGCE8MkBA\n=zzaA\n-----END PGP MESSAGE-----\n"
    rejection = rejection_of(written(tmp_path, data))
    assert rejection.state is SourceState.QUARANTINED_ENCRYPTED


def test_an_empty_file_is_skipped(tmp_path: Path) -> None:
    assert rejection_of(written(tmp_path, b"")).state is SourceState.SKIPPED_EMPTY


def test_a_pdf_that_needs_a_password_is_quarantined(tmp_path: Path) -> None:
    path = saved(
        digital_pdf(), tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner"
    )
    rejection = rejection_of(path)
    assert rejection == Rejection(
        state=SourceState.QUARANTINED_ENCRYPTED,
        reason="the PDF needs a password that is not in TENDERLAKE_PASSWORDS",
    )


def test_a_pdf_that_is_encrypted_for_certificates_is_quarantined_as_such(tmp_path: Path) -> None:
    path = saved(digital_pdf(), tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_128, user_pw="s", owner_pw="o")
    data = path.read_bytes()
    assert b"/Filter/Standard" in data
    path.write_bytes(data.replace(b"/Filter/Standard", b"/Filter/Adobe.PubSec"))
    assert rejection_of(path) == Rejection(
        state=SourceState.QUARANTINED_ENCRYPTED, reason="the PDF is encrypted for the holders of certain certificates"
    )


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    path = saved(
        digital_pdf(), tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", permissions=0
    )
    manifest_of(path)
    assert RUSSIAN[0] in (tmp_path / "out" / NATIVE_PAGES_NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n%%EOF\n"])
def test_a_pdf_of_which_nothing_is_left_is_corrupt(tmp_path: Path, data: bytes) -> None:
    assert rejection_of(written(tmp_path, data)).state is SourceState.QUARANTINED_CORRUPT


def test_a_pdf_without_pages_is_corrupt(tmp_path: Path) -> None:
    data = (
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
        b"trailer\n<</Root 1 0 R/Size 3>>\n%%EOF\n"
    )
    rejection = rejection_of(written(tmp_path, data))
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert rejection.reason.startswith("the PDF has no pages")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF"])
def test_a_cut_picture_is_corrupt(tmp_path: Path, kind: str) -> None:
    data = file_of(printed(dpi=60), kind)
    rejection = rejection_of(written(tmp_path, data[: len(data) // 2]))
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert str(tmp_path) not in rejection.reason


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (LIMITS.model_copy(update={"max_pages": 1}), "TENDERLAKE_MAX_PAGES"),
        (LIMITS.model_copy(update={"max_document_bytes": 100}), "TENDERLAKE_MAX_DOCUMENT_BYTES"),
    ],
)
def test_what_is_too_large_names_the_setting(tmp_path: Path, limits: PrepareLimits, setting: str) -> None:
    frames = [square((300, 200), (30, 20, 150, 100)) for _ in range(2)]
    for name, data in {
        "a.pdf": digital_pdf([RUSSIAN, RUSSIAN]).tobytes(),
        "a.tiff": file_of(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
    }.items():
        rejection = rejection_of(written(tmp_path, data, name), limits=limits)
        assert rejection.state is SourceState.QUARANTINED_TOO_LARGE
        assert setting in rejection.reason


def test_a_decompression_bomb_is_not_decoded(tmp_path: Path) -> None:
    """A few hundred kilobytes that claim a picture of 2.5 gigapixels."""
    bomb = file_of(Image.new("1", (50_000, 50_000)), "PNG")
    rejection = rejection_of(written(tmp_path, bomb))
    assert rejection.state is SourceState.QUARANTINED_TOO_LARGE
    assert "TENDERLAKE_MAX_PAGE_PIXELS" in rejection.reason


def test_a_dynamic_form_is_not_taken_for_a_blank_page(tmp_path: Path) -> None:
    document = pymupdf.open()
    new_page(document)
    document.xref_set_key(document.pdf_catalog(), "NeedsRendering", "true")
    path = saved(document, tmp_path / "form.pdf")
    assert rejection_of(path).state is SourceState.QUARANTINED_CONVERSION_FAILED


# ---- what is damaged


def test_a_page_that_cannot_be_found_does_not_lose_the_others(tmp_path: Path) -> None:
    document = digital_pdf([RUSSIAN, RUSSIAN, RUSSIAN])
    document.update_object(document[1].xref, "<</Type/Page/Parent 999 0 R/MediaBox 5>>")
    document.xref_set_key(document[1].xref, "Contents", "12345 0 R")
    data = document.tobytes()
    manifest = manifest_of(written(tmp_path, data))
    assert [page.page_number for page in manifest.pages] == [1, 2, 3]
    assert manifest.pages[0].kind is PageKind.NATIVE
    assert manifest.pages[2].kind is PageKind.NATIVE


@pytest.mark.parametrize("said", [b"1", b"0", b"-1", b"999999"])
@pytest.mark.parametrize("branches", [1, 2])
def test_pages_that_the_file_does_not_count_are_not_lost(tmp_path: Path, said: bytes, branches: int) -> None:
    """Viewers go by the count in the tree of pages, or by the tree; nothing may be lost where they differ."""
    kids = b" ".join(b"%d 0 R" % (10 + number) for number in range(4))
    branch = b"<</Type/Pages/Count %s/Kids[%s]>>" % (said, kids if branches == 1 else b"3 0 R 4 0 R")
    drawn = b"<</Length 13>>\nstream\n9 9 90 9 re f\nendstream"
    objects = [(1, b"<</Type/Catalog/Pages 2 0 R>>"), (2, branch), (9, drawn)]
    if branches == 2:
        objects += [
            (3 + half, b"<</Type/Pages/Count %s/Kids[%s]>>" % (said, kids[14 * half :][:13])) for half in range(2)
        ]
    objects += [
        (10 + number, b"<</Type/Page/Contents 9 0 R/MediaBox[0 0 200 %d]>>" % (216 + 36 * number))
        for number in range(4)
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % numbered for numbered in objects)
    manifest = manifest_of(written(tmp_path, b"%PDF-1.7\n" + body + b"trailer\n<</Root 1 0 R>>"))
    assert [page.height_px for page in manifest.pages] == [round((216 + 36 * number) / 72 * 100) for number in range(4)]


def test_a_page_whose_content_is_destroyed_is_no_blank_page(tmp_path: Path) -> None:
    document = digital_pdf([RUSSIAN, RUSSIAN])
    for content in document[1].get_contents():
        document.update_stream(content, b"\x00\xff broken ( << [ \x80 Tj", compress=False)
    manifest = manifest_of(written(tmp_path, document.tobytes()))
    assert manifest.pages[0].kind is PageKind.NATIVE
    lost = manifest.pages[1]
    assert (lost.kind, lost.image_name) == (PageKind.IMAGE, None)
    assert PageFlag.RENDER_FAILED in lost.quality_flags
    assert "damaged" in lost.reason


def test_a_file_with_a_broken_index_is_repaired_and_flagged(tmp_path: Path) -> None:
    document = digital_pdf()
    data = document.tobytes()
    manifest = manifest_of(written(tmp_path, data[: data.rindex(b"startxref")]))
    assert manifest.pages[0].kind is PageKind.NATIVE
    assert manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE,)


@pytest.fixture(scope="module")
def mixed_pdf() -> bytes:
    document = digital_pdf([RUSSIAN])
    put_picture(new_page(document), file_of(printed(dpi=50), "PNG"))
    write_lines(new_page(document), RUSSIAN, hidden=True)
    data: bytes = document.tobytes()
    document.close()
    return data


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0.0, 1.0))
def test_a_pdf_cut_anywhere_ends_in_a_typed_outcome(tmp_path: Path, mixed_pdf: bytes, cut: float) -> None:
    path = written(tmp_path, mixed_pdf[: int(len(mixed_pdf) * cut)])
    outcome = prepared(path)
    if isinstance(outcome, DocumentManifest):
        manifest_of(path)
    else:
        assert outcome.state.is_quarantined or outcome.state.is_skipped


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_pdf_with_any_bytes_changed_ends_in_a_typed_outcome(
    tmp_path: Path, mixed_pdf: bytes, data: st.DataObject
) -> None:
    changed = bytearray(mixed_pdf)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    assert isinstance(prepared(written(tmp_path, bytes(changed))), DocumentManifest | Rejection)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        [
            b"",
            *OTHERS.values(),
            *DAMAGED.values(),
            rb"{\rtf1 \u12",
            b"<html><p>",
            b"%PDF-",
            b"II*\0",
            b"\xff\xd8\xff",
            b"BM",
        ]
    ),
    tail=st.binary(max_size=200),
)
def test_any_bytes_are_something(tmp_path: Path, head: bytes, tail: bytes) -> None:
    path = written(tmp_path, head[:300] + tail)
    if path.stat().st_size:
        kind = sniff(path)
        assert isinstance(kind, SourceFormat) or kind.name
    assert isinstance(prepared(path), DocumentManifest | Rejection | Unpacking)


@pytest.mark.parametrize("piece", [b"<!---->", b"<?a?>"])
def test_comments_without_end_cost_no_time_without_end(tmp_path: Path, piece: bytes) -> None:
    assert sniff(written(tmp_path, piece * 500 + b"x")) is DocumentFormat.TXT


def test_a_disk_that_fails_is_not_blamed_on_the_document(tmp_path: Path) -> None:
    path = saved(scanned_pdf(file_of(printed(dpi=50))), tmp_path / "a.pdf")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "page-000001.jpg").mkdir()  # a folder where the image has to go
    with pytest.raises(OSError, match=r"page-000001\.jpg"):
        prepared(path)
