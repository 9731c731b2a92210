"""Given a page, its image is the cheapest that shows the same, upright, and within the limits."""

from __future__ import annotations

import io
import math
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_tasks.images import load_page_image
from tenderlake.mupdf import pymupdf
from tenderlake.pagecontent import read_page
from tenderlake.pageflags import PageFlag
from tenderlake.rendering import MAX_SIDE_PX, PageImage, encode, page_scale, render_image, render_page
from tests.pdfs import (
    digital_pdf,
    file_of,
    ink_box,
    new_page,
    photograph,
    printed,
    put_picture,
    reopened,
    scanned_pdf,
    square,
    write,
)

pytestmark = pytest.mark.unit

MAX_PIXELS = 60_000_000


def rendered(document: Any, *, dpi: int = 100, max_pixels: int = MAX_PIXELS) -> PageImage:
    with reopened(document) as read:
        return render_page(read[0], read_page(read[0]), dpi=dpi, max_pixels=max_pixels)


def opened(image: PageImage) -> Image.Image:
    picture = Image.open(io.BytesIO(image.data))
    assert picture.size == (image.width_px, image.height_px)
    assert Image.MIME[str(picture.format)] == image.media_type
    return picture


# ---- resolution


@given(st.floats(0, 1e7), st.floats(0, 1e7), st.integers(72, 600), st.integers(10_000, 100_000_000))
def test_no_page_is_larger_than_the_limits(width_pt: float, height_pt: float, dpi: int, max_pixels: int) -> None:
    scale = page_scale(width_pt, height_pt, dpi, max_pixels)
    width, height = math.ceil(width_pt * scale.px_per_pt), math.ceil(height_pt * scale.px_per_pt)
    assert width <= MAX_SIDE_PX
    assert height <= MAX_SIDE_PX
    assert (width - 1) * (height - 1) <= max_pixels
    assert scale.is_downscaled == (scale.dpi != dpi)


def test_an_ordinary_page_has_the_resolution_that_was_asked_for() -> None:
    scale = page_scale(595, 842, 300, MAX_PIXELS)
    assert (scale.dpi, scale.flags) == (300, ())


# ---- pages of a PDF


def test_a_scan_that_is_one_jpeg_is_passed_through_byte_for_byte() -> None:
    data = file_of(printed(dpi=150))
    image = rendered(scanned_pdf(data), dpi=200)
    assert image.data == data
    assert (image.media_type, image.dpi, image.flags) == ("image/jpeg", 150, ())


def test_a_colour_scan_passes_through_too() -> None:
    data = file_of(photograph((1240, 1754)))
    assert rendered(scanned_pdf(data), dpi=150).data == data


def embedded_as(data: bytes, name: str, *, parameters: str = "null", size: tuple[int, int] | None = None) -> Any:
    """A scanned page whose picture is stored as these bytes in this codec."""
    document = scanned_pdf(file_of(Image.new("L", size or printed(dpi=150).size, 255)))
    xref = document[0].get_images()[0][0]
    document.update_stream(xref, data, compress=False)
    document.xref_set_key(xref, "Filter", name)
    document.xref_set_key(xref, "DecodeParms", parameters)
    return document


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_2000_scan_becomes_what_browsers_show_at_its_own_resolution(mode: str) -> None:
    scan = printed(dpi=150, mode=mode)
    data = file_of(scan, "JPEG2000")
    document = embedded_as(data, "/JPXDecode", size=scan.size)
    document.xref_set_key(document[0].get_images()[0][0], "ColorSpace", "/DeviceGray" if mode == "L" else "/DeviceRGB")
    image = rendered(document, dpi=150)
    assert (image.media_type, image.suffix) == ("image/jpeg", ".jpg")
    assert (image.width_px, image.height_px) == scan.size
    read = load_page_image(image.data, page_number=1, dpi=image.dpi, max_pixels=MAX_PIXELS)
    assert ink_box(read.image) == pytest.approx(ink_box(scan), abs=0.01)


def test_a_jpeg_that_is_packed_once_more_is_unpacked_and_passed_through() -> None:
    data = file_of(printed(dpi=150))
    assert rendered(embedded_as(zlib.compress(data), "[/FlateDecode /DCTDecode]"), dpi=150).data == data


def test_what_unpacks_to_no_end_is_not_passed_through() -> None:
    bomb = zlib.compress(b"\xff\xd8\xff" + bytes(80 * 2**20))
    opened(rendered(embedded_as(bomb, "[/FlateDecode /DCTDecode]"), dpi=72)).load()


def test_the_quality_that_a_scanner_notes_changes_nothing() -> None:
    data = file_of(printed(dpi=150))
    assert rendered(embedded_as(data, "/DCTDecode", parameters="<</Quality 80>>"), dpi=150).data == data


@pytest.mark.parametrize("parameters", ["<</ColorTransform 0>>", "[<</ColorTransform 0>>]"])
def test_a_jpeg_with_colours_of_its_own_is_not_passed_through(parameters: str) -> None:
    data = file_of(printed(dpi=150))
    assert rendered(embedded_as(data, "/DCTDecode", parameters=parameters), dpi=150).data != data


def test_a_fax_scan_loses_no_pixel() -> None:
    scan = printed(dpi=150).convert("1")
    fax = file_of(scan, "TIFF", compression="group4", strip_size=2**30)
    with Image.open(io.BytesIO(fax)) as tiff:
        tags: Any = tiff.tag_v2  # type: ignore[attr-defined]
        is_black_one = tags[262] == 0  # photometric interpretation: 0 is white
        ((start,), (length,)) = tags[273], tags[279]
    parameters = f"<</K -1 /Columns {scan.width} /Rows {scan.height} /BlackIs1 {'false' if is_black_one else 'true'}>>"
    document = embedded_as(fax[start : start + length], "/CCITTFaxDecode", parameters=parameters, size=scan.size)
    document.xref_set_key(document[0].get_images()[0][0], "BitsPerComponent", "1")
    picture = opened(rendered(document, dpi=150))
    assert (picture.format, picture.mode) == ("PNG", "1")
    assert picture.tobytes() == scan.tobytes()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_jpeg_scan_is_not_encoded_again_and_read_upright(rotation: int) -> None:
    scan = square((1240, 1754), (100, 200, 400, 300))
    data = file_of(scan, "JPEG")
    document = scanned_pdf(data)
    document[0].set_rotation(rotation)
    image = rendered(document, dpi=150)
    assert image.data.endswith(data[2:])
    upright = load_page_image(image.data, page_number=1, dpi=image.dpi, max_pixels=MAX_PIXELS).image
    assert upright.size == (image.width_px, image.height_px)
    assert ink_box(upright) == pytest.approx(ink_box(scan.rotate(-rotation, expand=True)), abs=0.01)


def test_a_two_level_scan_becomes_png_at_its_own_resolution() -> None:
    scan = printed(dpi=150).convert("1")
    image = rendered(scanned_pdf(file_of(scan, "PNG")), dpi=200)
    picture = opened(image)
    assert (picture.format, picture.mode, image.dpi) == ("PNG", "1", 150)
    assert list(picture.convert("L").get_flattened_data()) == list(scan.convert("L").get_flattened_data())


def test_text_over_a_scan_is_rendered_with_it() -> None:
    document = scanned_pdf(file_of(Image.new("L", (1240, 1754), 255)))
    write(document[0], "Копия верна", (100, 400), size=40)
    image = rendered(document)
    left, top, _, bottom = ink_box(opened(image))
    assert left == pytest.approx(100 / 595, abs=0.03)
    assert top < 400 / 842 < bottom + 0.03


def test_a_cut_jpeg_is_not_passed_on_to_readers_that_refuse_it() -> None:
    data = file_of(printed(dpi=150))
    document = scanned_pdf(data)
    (image,) = document[0].get_images()
    document.update_stream(image[0], data[: len(data) // 2], compress=False)
    document.xref_set_key(image[0], "Filter", "/DCTDecode")
    picture = rendered(document)
    opened(picture).load()
    assert picture.data != data[: len(data) // 2]


def test_a_jpeg_with_an_orientation_of_its_own_is_not_passed_through() -> None:
    """A reader of PDF ignores it, a reader of JPEG turns the picture."""
    scan = printed(dpi=150)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of(scan, exif=exif)
    image = rendered(scanned_pdf(data), dpi=150)
    assert image.data != data
    assert opened(image).size == scan.size


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_scan_comes_out_as_people_see_it(rotation: int) -> None:
    scan = square((1240, 1754), (100, 200, 400, 300))
    document = scanned_pdf(file_of(scan, "PNG"))
    document[0].set_rotation(rotation)
    image = rendered(document, dpi=150)
    seen = scan.rotate(-rotation, expand=True)
    assert opened(image).size == seen.size
    assert ink_box(opened(image)) == pytest.approx(ink_box(seen), abs=0.005)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_drawing_comes_out_as_people_see_it(rotation: int) -> None:
    document = pymupdf.open()
    page = new_page(document)
    page.draw_rect(pymupdf.Rect(50, 100, 150, 130), fill=(0, 0, 0))
    page.set_rotation(rotation)
    image = rendered(document)
    upright = square((595, 842), (50, 100, 150, 130)).rotate(-rotation, expand=True)
    assert ink_box(opened(image)) == pytest.approx(ink_box(upright), abs=0.01)


def test_a_page_without_colour_is_grey_and_one_with_a_seal_is_not() -> None:
    assert opened(rendered(digital_pdf())).mode == "L"
    document = digital_pdf()
    seal = Image.new("RGB", (300, 300), "white")
    seal.paste((30, 50, 200), (60, 60, 240, 240))
    put_picture(document[0], file_of(seal, "PNG"), (300, 600, 420, 720))
    assert opened(rendered(document)).mode == "RGB"


def test_a_huge_page_is_made_smaller_and_flagged() -> None:
    document = pymupdf.open()
    write(new_page(document, (14_400, 14_400)), "Генеральный план", (1000, 1000), size=900)
    image = rendered(document, dpi=300, max_pixels=1_000_000)
    assert image.width_px * image.height_px <= 1_000_000
    assert image.flags == (PageFlag.DOWNSCALED,)
    assert image.dpi is not None
    assert image.dpi < 72


def test_a_large_page_of_a_coarse_picture_is_not_blown_up() -> None:
    scan = file_of(photograph((1837, 2267)))
    document = pymupdf.open()
    page = new_page(document, (1837, 2267))
    put_picture(page, scan, (0, 0, 1837, 1100))
    put_picture(page, scan, (0, 1100, 1837, 2267))
    image = rendered(document, dpi=300)
    assert image.width_px == pytest.approx(2480, abs=30)
    assert image.flags == ()


def test_the_crop_box_is_what_people_see() -> None:
    document = pymupdf.open()
    page = new_page(document)
    page.draw_rect(pymupdf.Rect(200, 300, 300, 400), fill=(0, 0, 0))
    page.set_cropbox(pymupdf.Rect(200, 300, 400, 500))
    image = rendered(document, dpi=72)
    assert (image.width_px, image.height_px) == (200, 200)
    assert ink_box(opened(image)) == pytest.approx((0, 0, 0.5, 0.5), abs=0.02)


BOXES = [
    "[0 0 0 0]",
    "[0 0 0.001 700]",
    "[1 2 3]",
    "[0 0 1e30 1e30]",
    "[0 0 9000000 9000000]",
    "[-5 -5 100 100]",
    "[500 500 0 0]",
]


@pytest.mark.parametrize("box", BOXES)
def test_no_page_box_is_too_odd_for_an_image(box: str) -> None:
    document = digital_pdf()
    document.xref_set_key(document[0].xref, "MediaBox", box)
    image = rendered(document, max_pixels=1_000_000)
    assert 1 <= image.width_px * image.height_px <= 1_000_000
    opened(image).load()


def test_the_user_unit_makes_a_page_larger() -> None:
    document = digital_pdf()
    document.xref_set_key(document[0].xref, "UserUnit", "2")
    assert rendered(document, dpi=72).width_px == 1190


# ---- pictures that are files


def from_file(data: bytes, *, max_pixels: int = MAX_PIXELS) -> PageImage:
    return render_image(Image.open(io.BytesIO(data)), data, max_pixels=max_pixels)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_plain_pictures_are_passed_through(kind: str, mode: str) -> None:
    data = file_of(printed(mode=mode), kind, dpi=(150, 150))
    image = from_file(data)
    assert image.data == data
    assert image.dpi == 150


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_was_held(orientation: int) -> None:
    stored = square((600, 400), (40, 30, 240, 90))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = opened(from_file(file_of(stored, exif=exif)))
    turns = {
        1: (), 2: ("FLIP_LEFT_RIGHT",), 3: ("ROTATE_180",), 4: ("FLIP_TOP_BOTTOM",),
        5: ("ROTATE_270", "FLIP_LEFT_RIGHT"), 6: ("ROTATE_270",),
        7: ("ROTATE_90", "FLIP_LEFT_RIGHT"), 8: ("ROTATE_90",),
    }[orientation]  # fmt: skip
    seen = stored
    for turn in turns:
        seen = seen.transpose(Image.Transpose[turn])
    assert image.size == seen.size
    assert ink_box(image) == pytest.approx(ink_box(seen), abs=0.02)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_tiff_with_an_orientation_is_turned_once(orientation: int) -> None:
    stored = square((600, 400), (40, 30, 240, 90))
    image = opened(from_file(file_of(stored, "TIFF", tiffinfo={274: orientation})))
    seen = stored.rotate({1: 0, 3: 180, 6: 270, 8: 90}[orientation], expand=True)
    assert ink_box(image) == pytest.approx(ink_box(seen), abs=0.02)


def test_transparency_becomes_white_paper() -> None:
    layer = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    layer.paste((0, 0, 0, 255), (30, 20, 60, 40))
    image = opened(from_file(file_of(layer, "PNG")))
    assert ink_box(image) == pytest.approx((0.1, 0.1, 0.2, 0.2), abs=0.01)
    assert image.convert("L").getpixel((200, 150)) == 255


def test_a_palette_with_a_transparent_colour_becomes_white_paper() -> None:
    picture = square((300, 200), (30, 20, 59, 39)).convert("P")
    picture.putpixel((0, 0), 7)
    picture.info["transparency"] = 7
    image = opened(from_file(file_of(picture, "PNG", transparency=7)))
    assert image.convert("L").getpixel((0, 0)) == 255


@pytest.mark.parametrize("top", [255, 1023, 4095, 65535])
def test_sixteen_bits_become_eight_whatever_part_of_them_is_used(top: int) -> None:
    wide = Image.new("I;16", (300, 200), top)
    wide.paste(0, (30, 20, 60, 40))
    image = opened(from_file(file_of(wide, "TIFF"))).convert("L")
    assert image.getpixel((200, 150)) == 255
    assert image.getpixel((45, 30)) == 0


def test_cmyk_becomes_colours() -> None:
    ink = Image.new("CMYK", (300, 200), (0, 0, 0, 0))
    ink.paste((0, 255, 255, 0), (0, 0, 150, 200))
    image = opened(from_file(file_of(ink, "TIFF")))
    assert image.mode == "RGB"
    red, green, blue = image.getpixel((50, 100))  # type: ignore[misc]
    assert red > 150 > max(green, blue)


def test_a_fax_page_gets_square_pixels() -> None:
    """204 dots across and 98 down: half as high as it is on paper."""
    fax = square((1728, 1100), (172, 110, 1555, 990), "1")
    image = from_file(file_of(fax, "TIFF", compression="group4", dpi=(204, 98)))
    assert opened(image).size == (1728, round(1100 * 204 / 98))
    assert image.dpi == 204


@pytest.mark.parametrize("dpi", [(72, 72), (96, 96), (1, 1), (0, 0)])
def test_a_resolution_that_nobody_chose_is_not_believed(dpi: tuple[int, int]) -> None:
    assert from_file(file_of(printed(), "TIFF", dpi=dpi)).dpi is None


def test_a_picture_over_the_limit_is_made_smaller_and_flagged() -> None:
    data = file_of(square((2000, 1000), (200, 100, 999, 499)), "PNG", dpi=(300, 300))
    image = from_file(data, max_pixels=500_000)
    assert image.flags == (PageFlag.DOWNSCALED,)
    assert opened(image).size == (1000, 500)
    assert image.dpi == 150
    assert ink_box(opened(image)) == pytest.approx((0.1, 0.1, 0.5, 0.5), abs=0.01)


def test_a_picture_without_colour_is_stored_grey() -> None:
    assert opened(encode(printed(mode="RGB"), None)).mode == "L"
