"""Given a page, its text is taken, or it goes to OCR, and the reason says why."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.boxes import Box
from tenderlake.documents import PageKind, PrepareOptions, TextLayerMode
from tenderlake.mupdf import pymupdf
from tenderlake.pagecontent import covered_share, read_page
from tenderlake.pageflags import PageFlag
from tenderlake.pagelines import Turn
from tenderlake.picturetext import PictureFinder
from tenderlake.textlayer import Judgement, judge_page
from tests.pdfs import (
    A4_PT,
    ENGLISH,
    RUSSIAN,
    digital_pdf,
    file_of,
    new_page,
    photograph,
    printed,
    put_picture,
    reopened,
    scanned_pdf,
    write,
    write_lines,
)

pytestmark = pytest.mark.unit


def judged(document: Any, mode: TextLayerMode = TextLayerMode.AUTO) -> Judgement:
    """What becomes of the first page of the document."""
    with reopened(document) as read:
        content = read_page(read[0], with_hidden_text=mode is TextLayerMode.ONLY)
        return judge_page(read[0], content, PrepareOptions(text_layer=mode), PictureFinder())


def test_among_the_lines_of_a_drawing_no_table_is_looked_for() -> None:
    grid = "".join(f"{x} {y} m {x + 20} {y} l {x} {y} m {x} {y + 20} l S\n" for x in (100, 120) for y in (100, 120))
    flags = []
    for shape_count in (0, 50_000):  # each is filled and stroked
        document = digital_pdf()
        stream = document.get_new_xref()
        document.update_object(stream, "<<>>")
        document.update_stream(stream, grid.encode() + b"9 9 6 6 re B\n" * shape_count)
        parts = " ".join(f"{number} 0 R" for number in (*document[0].get_contents(), stream))
        document.xref_set_key(document[0].xref, "Contents", f"[{parts}]")
        judgement = judged(document)
        assert judgement.kind is PageKind.NATIVE
        flags.append(judgement.flags)
    assert flags == [(), (PageFlag.TABLES_NOT_SOUGHT,)]


@pytest.mark.parametrize("lines", [RUSSIAN, ENGLISH], ids=["russian", "english"])
def test_a_digital_page_is_native(lines: tuple[str, ...]) -> None:
    assert judged(digital_pdf([lines])) == Judgement(PageKind.NATIVE, "the text layer is sound")


def test_a_page_with_hardly_a_word_and_nothing_else_is_native() -> None:
    assert judged(digital_pdf([["Приложение 1"]])).kind is PageKind.NATIVE


def test_a_scan_without_text_is_an_image() -> None:
    assert judged(scanned_pdf()).kind is PageKind.IMAGE


def test_invisible_text_over_a_scan_is_not_believed() -> None:
    document = scanned_pdf()
    write_lines(document[0], RUSSIAN, hidden=True)
    judgement = judged(document)
    assert judgement.kind is PageKind.IMAGE
    assert judgement.flags == (PageFlag.HIDDEN_TEXT_LAYER,)


def test_text_under_the_page_image_is_not_believed() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(printed()))
    assert judged(document).flags == (PageFlag.HIDDEN_TEXT_LAYER,)


def test_a_watermark_with_transparency_over_the_text_hides_nothing() -> None:
    document = digital_pdf()
    watermark = Image.new("RGBA", (1200, 1700), (0, 0, 0, 0))
    watermark.paste((225, 225, 225, 60), (200, 700, 1000, 900))
    put_picture(document[0], file_of(watermark, "PNG"))
    assert judged(document).kind is PageKind.NATIVE


def test_an_electronic_stamp_over_a_scan_is_text_and_the_scan_goes_to_ocr() -> None:
    document = scanned_pdf()
    write_lines(
        document[0], ["Документ подписан электронной подписью", "Сертификат: 01 D9 7A", *RUSSIAN[:2]], (300, 700)
    )
    judgement = judged(document)
    assert judgement.kind is PageKind.MIXED
    assert judgement.flags == (PageFlag.MIXED_PAGE,)
    assert covered_share(judgement.areas, Box(0, 0, *A4_PT)) > 0.99


def test_an_even_background_under_the_text_is_no_scan() -> None:
    document = pymupdf.open()
    page = new_page(document)
    put_picture(page, file_of(Image.linear_gradient("L").point(lambda level: 215 + level // 7).convert("RGB")))
    write_lines(page, RUSSIAN)
    assert judged(document).kind is PageKind.NATIVE


def test_a_scanned_table_in_a_digital_page_goes_to_ocr_and_the_text_does_not() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(printed(size_pt=(460, 250))), (70, 400, 530, 650))
    judgement = judged(document)
    assert judgement.kind is PageKind.MIXED
    assert judgement.reason == "the text layer is sound, pictures on 22% of the page may hold more text"
    assert judgement.flags == (PageFlag.MIXED_PAGE,)
    assert [tuple(map(round, area)) for area in judgement.areas] == [(70, 400, 530, 650)]


def test_the_strips_of_a_scan_are_one_picture() -> None:
    document = digital_pdf()
    scan = printed(size_pt=(460, 250))
    for number in range(5):
        top, strip = number * scan.height // 5, scan.height // 5
        part = scan.crop((0, top, scan.width, top + strip))
        put_picture(document[0], file_of(part), (70, 400 + number * 50, 530, 450 + number * 50))
    assert [tuple(map(round, area)) for area in judged(document).areas] == [(70, 400, 530, 650)]


def seal() -> Image.Image:
    """A round seal with letters on transparent paper, as facsimiles are put under contracts."""
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for inset in (5, 90):
        draw.ellipse((inset, inset, 400 - inset, 400 - inset), outline=(30, 50, 160, 255), width=8)
    for row in range(5):
        draw.text((110, 130 + row * 28), "GORODSKAYA BOLNITSA No 4", fill=(30, 50, 160, 255), font_size=16)
    return image


def test_a_seal_over_the_signatures_is_read() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(seal(), "PNG"), (80, 180, 190, 290))
    judgement = judged(document)
    assert judgement.kind is PageKind.MIXED
    assert len(judgement.areas) == 1


def test_a_coat_of_arms_at_the_top_is_no_text() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(seal(), "PNG"), (270, 15, 330, 75))
    assert judged(document) == Judgement(PageKind.NATIVE, "the text layer is sound")


def test_a_picture_that_stands_on_every_page_is_read_once() -> None:
    document = digital_pdf([RUSSIAN, RUSSIAN, RUSSIAN])
    for page in document:
        put_picture(page, file_of(seal(), "PNG"), (400, 650, 510, 760))
    pictures = PictureFinder()
    with reopened(document) as read:
        kinds = [judge_page(page, read_page(page), PrepareOptions(), pictures).kind for page in read]
    assert kinds == [PageKind.MIXED, PageKind.NATIVE, PageKind.NATIVE]


def test_a_page_number_on_a_scan_is_text_and_on_dark_paper_part_of_the_picture() -> None:
    light, dark = scanned_pdf(), scanned_pdf(file_of(printed().point(lambda level: level // 3)))
    for document in (light, dark):
        write(document[0], "17", (290, 820))
    assert judged(light).kind is PageKind.MIXED
    assert judged(dark).kind is PageKind.IMAGE


def test_a_photograph_in_a_digital_page_does_not() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(photograph()), (70, 400, 530, 700))
    assert judged(document) == Judgement(PageKind.NATIVE, "the text layer is sound", (PageFlag.PICTURES_NOT_READ,))


def test_a_logo_is_not_worth_mentioning() -> None:
    document = digital_pdf()
    put_picture(document[0], file_of(photograph((60, 60))), (70, 20, 110, 60))
    assert judged(document) == Judgement(PageKind.NATIVE, "the text layer is sound")


def test_a_garbled_text_layer_goes_to_ocr_and_the_reason_names_a_word() -> None:
    alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    garbled = [line.lower().translate(str.maketrans(alphabet, alphabet[7:] + alphabet[:7])) for line in RUSSIAN]
    judgement = judged(digital_pdf([garbled]))
    assert judgement.kind is PageKind.IMAGE
    assert judgement.flags == (PageFlag.GARBLED_TEXT_LAYER,)
    assert "words of no language" in judgement.reason


def test_a_page_whose_headings_alone_are_garbled_goes_to_ocr() -> None:
    document = digital_pdf([RUSSIAN * 3])
    headings = ("ПРЕДМЕТ КОНТРАКТА", "ОБЯЗАННОСТИ СТОРОН", "ОТВЕТСТВЕННОСТЬ")
    for number, heading in enumerate(headings):
        moved = "".join(chr(ord(letter) + 5) if letter != " " else letter for letter in heading)
        write(document[0], moved, (70, 600 + 20 * number), bold=True)
    judgement = judged(document)
    assert (judgement.kind, judgement.flags) == (PageKind.IMAGE, (PageFlag.GARBLED_TEXT_LAYER,))
    assert "in one of the fonts" in judgement.reason


@pytest.mark.parametrize(
    "lines",
    [
        ("ВВГнг(А)-LSLTx 3х2,5", "ЩРн-12з-1 36 УХЛ3 IP31", "АПвПуг 1х120/50-10", "КГтп-ХЛ 4х16"),
        (r"\\server2\shared\CORPCNTRCTS\Qrtrly\Blnkts", "zkpk@mbdrv.example"),
    ],
    ids=["articles", "path"],
)
def test_a_font_of_article_numbers_or_addresses_is_not_garbled(lines: tuple[str, ...]) -> None:
    document = digital_pdf([RUSSIAN * 3])
    for number, line in enumerate(lines):
        write(document[0], line, (70, 600 + 20 * number), bold=True)
    assert judged(document).kind is PageKind.NATIVE


def test_a_font_without_a_map_to_letters_is_garbled() -> None:
    document = digital_pdf()
    for xref in range(1, document.xref_length()):
        document.xref_set_key(xref, "ToUnicode", "null") if document.xref_is_font(xref) else None
    judgement = judged(document)
    assert judgement.kind is PageKind.IMAGE
    assert judgement.flags == (PageFlag.GARBLED_TEXT_LAYER,)


def test_letters_drawn_as_curves_are_an_image() -> None:
    document = pymupdf.open()
    page = new_page(document)
    write(page, "стр. 1", (280, 800))
    shape = page.new_shape()
    for row in range(12):
        for column in range(40):
            x, y = 70 + column * 11, 100 + row * 20
            shape.draw_bezier((x, y), (x + 8, y), (x + 8, y + 9), (x, y + 9))
            shape.finish(fill=(0, 0, 0))
    shape.commit()
    judgement = judged(document)
    assert judgement.kind is PageKind.IMAGE
    assert judgement.flags == (PageFlag.LETTERS_AS_CURVES,)


@pytest.mark.parametrize("with_white_background", [False, True])
def test_a_blank_page_is_native_and_flagged(with_white_background: bool) -> None:
    document = pymupdf.open()
    page = new_page(document)
    if with_white_background:
        page.draw_rect(page.rect, color=(1, 1, 1), fill=(1, 1, 1))
    assert judged(document) == Judgement(PageKind.NATIVE, "the page is blank", (PageFlag.BLANK_PAGE,))


def test_ignore_makes_every_page_an_image() -> None:
    assert judged(digital_pdf(), TextLayerMode.IGNORE).kind is PageKind.IMAGE


def test_only_never_makes_an_image_and_says_what_was_not_read() -> None:
    judgement = judged(scanned_pdf(), TextLayerMode.ONLY)
    assert judgement.kind is PageKind.NATIVE
    assert PageFlag.PICTURES_NOT_READ in judgement.flags


def test_only_takes_hidden_text() -> None:
    document = scanned_pdf()
    write_lines(document[0], RUSSIAN, hidden=True)
    with reopened(document) as read:
        content = read_page(read[0], with_hidden_text=True)
        assert RUSSIAN[0] in content.visible_text


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_is_read_upright(rotation: int) -> None:
    document = digital_pdf()
    document[0].set_rotation(rotation)
    with reopened(document) as read:
        content = read_page(read[0])
    assert content.page_turn.rotation_deg == rotation
    # The text is upright on the paper, so the turn of the page would lay it on its side.
    assert content.turn == Turn(0, 595, 842)
    assert content.lines[0].box.x0 == pytest.approx(70, abs=2)
    assert content.lines[0].box.y1 == pytest.approx(90, abs=5)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_sideways_print_and_the_turn_of_the_page_cancel_out(rotation: int) -> None:
    """A landscape table printed sideways on a portrait page that /Rotate turns upright."""
    document = pymupdf.open()
    page = new_page(document)
    write(page, "Ведомость объёмов работ", (300, 420), turned_deg=-rotation)
    page.set_rotation(rotation)
    with reopened(document) as read:
        content = read_page(read[0])
        assert content.turn == content.page_turn
        assert [line.text for line in content.lines] == ["Ведомость объёмов работ"]
        assert content.lines[0].box.width > content.lines[0].box.height


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_turn_forth_and_back(rotation: int) -> None:
    turn = Turn(rotation, 595, 842)
    box = Box(10, 20, 110, 50)
    turned = turn.apply(box)
    assert turned.area == box.area
    assert turn.unapply(turned) == pytest.approx(box)


def test_the_user_unit_of_a_page_counts() -> None:
    document = digital_pdf()
    document.xref_set_key(document[0].xref, "UserUnit", "2")
    with reopened(document) as read:
        content = read_page(read[0])
    assert (content.turn.width_pt, content.turn.height_pt) == (1190, 1684)
    assert content.lines[0].box.x0 == pytest.approx(140, abs=4)


def test_strips_of_a_scan_add_up_and_overlaps_count_once() -> None:
    page = Box(0, 0, 600, 800)
    strips = [Box(0, y, 600, y + 100) for y in range(0, 800, 100)]
    assert covered_share(strips, page) == 1.0
    assert covered_share([Box(0, 0, 300, 800)] * 3, page) == pytest.approx(0.5, abs=0.03)
    assert covered_share([], page) == 0.0
