"""Given digital pages with scans and seals, exact text stays, OCR sees the pictures alone, and both are merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ocr_tasks.contract import Block, BlockLabel, PageResult, PageStatus
from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PageKind, PagePlan, PrepareLimits, PrepareOptions
from tenderlake.intake import prepare_document
from tenderlake.mixedpages import merged
from tenderlake.mupdf import pymupdf
from tenderlake.pageflags import PageFlag
from tests.pdfs import RUSSIAN, digital_pdf, file_of, printed, put_picture, saved, scanned_pdf, write, write_lines

pytestmark = pytest.mark.unit

DPI = 100
BELOW = "Приложение к настоящему контракту составлено в двух экземплярах."


def prepared(document: Any, folder: Path) -> tuple[PagePlan, PageResult, Image.Image | None]:
    """The only page: its plan, its native part and the image that goes to OCR."""
    path = saved(document, folder / "tender.pdf")
    manifest = prepare_document(
        path, folder / "out", document_id="d0c", options=PrepareOptions(dpi=DPI), limits=PrepareLimits()
    )
    assert isinstance(manifest, DocumentManifest)
    (plan,) = manifest.pages
    native = PageResult.model_validate_json((folder / "out" / NATIVE_PAGES_NAME).read_bytes())
    return plan, native, Image.open(folder / "out" / plan.image_name) if plan.image_name else None


def ink(image: Image.Image, box_pt: tuple[float, float, float, float]) -> int:
    """Dark pixels in a box."""
    part = image.convert("L").crop(tuple(round(value * DPI / 72) for value in box_pt))  # type: ignore[arg-type]
    return sum(part.histogram()[:128])


def contract_with_scanned_table() -> Any:
    """Text, a scanned table across the page, text."""
    document = digital_pdf()
    put_picture(document[0], file_of(printed(size_pt=(460, 250))), (70, 300, 530, 550))
    write(document[0], BELOW, (70, 600))
    return document


def read_as(native: PageResult, *blocks: tuple[tuple[float, float, float, float], str], **facts: Any) -> PageResult:
    """What OCR makes of the page image; boxes in points."""
    return PageResult(
        page_key="k",
        document_id="d0c",
        page_number=1,
        status=PageStatus.DONE,
        engine="tesseract",
        engine_version="5",
        width_px=native.width_px,
        height_px=native.height_px,
        blocks=tuple(
            Block(label=BlockLabel.TEXT, bbox_px=tuple(v * DPI / 72 for v in box), content=text) for box, text in blocks
        ),
    ).model_copy(update=facts)


def contents(page: PageResult) -> list[str]:
    return [block.content for block in page.blocks]


def test_ocr_is_shown_the_pictures_in_their_places_and_none_of_the_text(tmp_path: Path) -> None:
    plan, native, image = prepared(contract_with_scanned_table(), tmp_path)
    assert (plan.kind, plan.quality_flags) == (PageKind.MIXED, (PageFlag.MIXED_PAGE,))
    assert image is not None
    assert image.size == (plan.width_px, plan.height_px) == (native.width_px, native.height_px)
    assert ink(image, (70, 300, 530, 550)) > 500
    assert ink(image, (0, 0, 595, 299)) == ink(image, (0, 551, 595, 842)) == 0


def test_what_ocr_reads_stands_between_the_text_above_and_below(tmp_path: Path) -> None:
    _, native, _ = prepared(contract_with_scanned_table(), tmp_path)
    assert contents(native) == [" ".join(RUSSIAN), "", BELOW]
    assert native.blocks[1].label is BlockLabel.PICTURE
    page = merged(native, read_as(native, ((80, 310, 300, 330), "Кабель"), ((80, 340, 300, 360), "Провод")))
    assert contents(page) == [" ".join(RUSSIAN), "Кабель", "Провод", BELOW]
    assert (page.engine, page.status, page.rotation_deg) == ("tesseract", PageStatus.DONE, 0)


def test_a_picture_in_which_nothing_is_read_stays_a_picture(tmp_path: Path) -> None:
    _, native, _ = prepared(contract_with_scanned_table(), tmp_path)
    page = merged(native, read_as(native))
    assert [block.label for block in page.blocks] == [BlockLabel.TEXT, BlockLabel.PICTURE, BlockLabel.TEXT]


def test_text_under_a_seal_is_neither_lost_nor_read_twice(tmp_path: Path) -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(printed(size_pt=(110, 110))), (200, 120, 310, 230))
    plan, native, image = prepared(document, tmp_path)
    assert plan.kind is PageKind.MIXED
    assert " ".join(RUSSIAN) in contents(native)
    assert image is not None
    with pymupdf.open() as alone:
        put_picture(alone.new_page(width=595, height=842), file_of(printed(size_pt=(110, 110))), (200, 120, 310, 230))
        pixels = alone[0].get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
    seal = ink(Image.frombytes("L", (pixels.width, pixels.height), pixels.samples), (200, 120, 310, 230))
    assert ink(image, (200, 120, 310, 230)) == pytest.approx(seal, rel=0.05)
    page = merged(native, read_as(native, ((210, 130, 300, 150), "М.П. Горбольница")))
    assert contents(page) == [" ".join(RUSSIAN), "М.П. Горбольница"]


def test_a_form_filled_in_on_a_scan_is_read_from_top_to_bottom(tmp_path: Path) -> None:
    document = scanned_pdf()
    filled = ("Общество с ограниченной ответственностью «Кабель»", "Сорок две тысячи рублей 00 копеек")
    for y, text in zip((200, 400), filled, strict=True):
        write(document[0], text, (100, y))
    plan, native, _ = prepared(document, tmp_path)
    assert plan.kind is PageKind.MIXED
    read = read_as(
        native, ((90, 150, 300, 170), "Поставщик:"), ((90, 350, 300, 370), "Цена:"), ((90, 500, 300, 520), "Дата")
    )
    assert contents(merged(native, read)) == ["Поставщик:", filled[0], "Цена:", filled[1], "Дата"]


def test_without_ocr_the_text_is_kept_and_the_page_says_what_is_missing(tmp_path: Path) -> None:
    _, native, _ = prepared(contract_with_scanned_table(), tmp_path)
    failed = read_as(native, status=PageStatus.FAILED, reason="the engine took too long")
    page = merged(native, failed)
    assert contents(page) == [" ".join(RUSSIAN), "", BELOW]
    assert page.status is PageStatus.DONE
    assert page.quality_flags == (PageFlag.MIXED_PAGE, PageFlag.PICTURES_NOT_READ)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_picture_and_text_keep_their_places_on_turned_pages(tmp_path: Path, rotation: int) -> None:
    """The text is upright on the paper, so the page is read as it lies, whatever its /Rotate says."""
    document = contract_with_scanned_table()
    document[0].set_rotation(rotation)
    plan, native, image = prepared(document, tmp_path)
    assert image is not None
    assert plan.rotation_deg == 0
    assert ink(image, (70, 300, 530, 550)) > 500
    assert ink(image, (0, 0, 595, 299)) == ink(image, (0, 551, 595, 842)) == 0
    assert contents(native) == [" ".join(RUSSIAN), "", BELOW]


def test_boxes_of_a_picture_that_ocr_turned_are_turned_back(tmp_path: Path) -> None:
    _, native, _ = prepared(contract_with_scanned_table(), tmp_path)
    width, height = native.width_px, native.height_px
    # A box at the lower left of the page lies at the upper left after a clockwise turn by 90 degrees.
    turned = Block(label=BlockLabel.TEXT, bbox_px=(height - 700.0, 120.0, height - 600.0, 160.0), content="Кабель")
    read = read_as(native, rotation_deg=90, width_px=height, height_px=width, blocks=(turned,))
    assert merged(native, read).blocks[1].bbox_px == (120.0, 600.0, 160.0, 700.0)


def test_an_old_ocr_layer_is_kept_for_the_case_that_ours_fails(tmp_path: Path) -> None:
    document = scanned_pdf()
    write_lines(document[0], RUSSIAN, hidden=True)
    plan, native, image = prepared(document, tmp_path)
    assert (plan.kind, plan.has_earlier_ocr) == (PageKind.IMAGE, True)
    assert image is not None
    assert (native.width_px, native.height_px) == image.size
    assert contents(native) == [" ".join(RUSSIAN)]
    assert native.quality_flags == (PageFlag.HIDDEN_TEXT_LAYER, PageFlag.EARLIER_OCR_TAKEN)


def test_an_old_ocr_layer_of_no_language_is_not_kept(tmp_path: Path) -> None:
    document = scanned_pdf()
    alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    garbled = [line.lower().translate(str.maketrans(alphabet, alphabet[7:] + alphabet[:7])) for line in RUSSIAN]
    write_lines(document[0], garbled, hidden=True)
    path = saved(document, tmp_path / "tender.pdf")
    manifest = prepare_document(
        path, tmp_path / "out", document_id="d0c", options=PrepareOptions(dpi=DPI), limits=PrepareLimits()
    )
    assert isinstance(manifest, DocumentManifest)
    assert not manifest.pages[0].has_earlier_ocr
