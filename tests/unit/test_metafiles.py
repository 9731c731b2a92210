"""Given a document with a Windows metafile in it, the scan within is read, and a drawing is said to be unread."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tenderlake.documents import PageKind
from tenderlake.intake.office.metafiles import is_metafile, picture_in, size_cm, unzipped
from tenderlake.pageflags import PageFlag
from tests.officefiles import docx, paragraph
from tests.prepared import prepared

pytestmark = pytest.mark.unit

SIZE = (900, 700)


def bitmap(size: tuple[int, int] = SIZE, mode: str = "RGB") -> bytes:
    """A bitmap as it lies in memory: that of a BMP file without the file's own header."""
    buffer = io.BytesIO()
    Image.new(mode, size, 255 if mode == "L" else 1).save(buffer, "BMP")
    return buffer.getvalue()[14:]


def emf(*bitmaps: bytes, drawing: bytes = b"") -> bytes:
    """An EMF of 10 by 8 cm with these bitmaps and other records."""
    header = struct.pack("<II", 1, 88) + b"\0" * 16 + struct.pack("<4i", 0, 0, 10_000, 8_000) + b" EMF" + b"\0" * 44
    records = drawing
    for dib in bitmaps:
        head = struct.unpack_from("<I", dib)[0]
        facts = struct.pack("<4I", 80, head, 80 + head, len(dib) - head)
        record = b"\0" * 40 + facts + b"\0" * 16 + dib
        records += struct.pack("<II", 0x51, 8 + len(record)) + record
    return header + records + struct.pack("<5I", 14, 20, 0, 0, 20)


def wmf(dib: bytes) -> bytes:
    """A placeable WMF with one bitmap."""
    dib += b"\0" * (len(dib) % 2)
    record = struct.pack("<IH", 14 + len(dib) // 2, 0x0F43) + b"\0" * 22 + dib
    return (
        b"\xd7\xcd\xc6\x9a"
        + b"\0" * 18
        + struct.pack("<HHH", 1, 9, 0x300)
        + b"\0" * 12
        + record
        + struct.pack("<IH", 3, 0)
    )


def document(metafile: bytes, name: str = "image1.emf") -> bytes:
    drawn = '<w:p><w:r><w:drawing><a:blip xmlns:a="x" r:embed="p"/></w:drawing></w:r></w:p>'
    return docx(
        paragraph("Текст") + drawn,
        parts={f"word/media/{name}": metafile},
        relations={"p": ("image", f"media/{name}")},
    )


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
@pytest.mark.parametrize("made", [emf, wmf, lambda dib: gzip.compress(emf(dib))], ids=["emf", "wmf", "emz"])
def test_a_scan_within_a_metafile_becomes_a_page_for_ocr(tmp_path: Path, made: object, mode: str) -> None:
    found = prepared(tmp_path, document(made(bitmap(mode=mode))))  # type: ignore[operator]
    assert [page.kind for page in found.manifest.pages] == [PageKind.NATIVE, PageKind.IMAGE]
    page = found.manifest.pages[1]
    assert (page.width_px, page.height_px) == SIZE
    assert PageFlag.PICTURES_NOT_READ not in found.manifest.pages[0].quality_flags


SEVERAL = emf(bitmap((500, 400)), bitmap((500, 400)), bitmap((400, 400)))


@pytest.mark.parametrize("metafile", [emf(), gzip.compress(emf()), SEVERAL], ids=["emf", "emz", "several"])
def test_a_drawing_is_not_read_and_the_page_says_so(tmp_path: Path, metafile: bytes) -> None:
    (page,) = prepared(tmp_path, document(metafile)).manifest.pages
    assert page.quality_flags == (PageFlag.PICTURES_NOT_READ,)


def test_a_small_drawing_is_no_loss(tmp_path: Path) -> None:
    small = bytearray(emf())
    struct.pack_into("<4i", small, 24, 0, 0, 2000, 2000)
    (page,) = prepared(tmp_path, document(bytes(small))).manifest.pages
    assert page.quality_flags == ()


def test_rich_text_holds_metafiles_too(tmp_path: Path) -> None:
    picture = rb"{\pict\emfblip " + emf(bitmap((400, 500))).hex().encode() + b"}"
    found = prepared(tmp_path, rb"{\rtf1 Text " + picture + rb"\par}")
    assert [page.kind for page in found.manifest.pages] == [PageKind.NATIVE, PageKind.IMAGE]


@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_no_bytes_break_it(noise: bytes, at: int, is_emf: bool) -> None:
    data = emf(bitmap((4, 4))) if is_emf else wmf(bitmap((4, 4)))
    damaged = unzipped(data[:at] + noise + data[at + len(noise) :])
    if is_metafile(damaged):
        size_cm(damaged)
        picture_in(damaged)
