"""Given the first bytes of a file, this is what the service takes it for."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_tasks.service.sniffing import MediaType, media_type

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PNG", MediaType.PNG),
        ("JPEG", MediaType.JPEG),
        ("TIFF", MediaType.TIFF),
        ("JPEG2000", MediaType.JPEG2000),
        ("WEBP", MediaType.WEBP),
        ("GIF", MediaType.GIF),
        ("BMP", MediaType.BMP),
        ("PPM", MediaType.PNM),
    ],
)
def test_images_are_known_by_their_first_bytes(kind: str, expected: MediaType) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 5)).save(buffer, kind)
    assert media_type(buffer.getvalue()[:1024]) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.7\n", MediaType.PDF),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", MediaType.PDF),
        (b"", None),
        (b"BMW AG", None),
        (b"P6 ", None),
        (b"P2P is a kind of network", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"PK\x03\x04", None),
        ("Текст".encode(), None),
    ],
)
def test_other_files_by_theirs(head: bytes, expected: MediaType | None) -> None:
    assert media_type(head) is expected


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(head: bytes) -> None:
    assert media_type(head) is None or isinstance(media_type(head), MediaType)
