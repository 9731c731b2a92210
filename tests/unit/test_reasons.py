"""Given a damaged file, a person reads what is wrong with it, not what a library's code calls it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tenderlake.documents import PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.intake import prepare_document
from tenderlake.intake.outcome import one_line
from tests.archives import old_zip_of, rar_of, seven_zip_of
from tests.pdfs import file_of, photograph
from tests.reasons import is_for_people

pytestmark = pytest.mark.unit

TEXT = bytes(range(256)) * 40


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def png() -> bytes:
    return file_of(photograph(), "PNG")


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a gzip file of which a byte was lost on the way": (
        lambda: flipped(gzip.compress(TEXT), -8),
        "the archive (or Office file) is damaged: its checksum is wrong",
    ),
    "a gzip file that ends in the middle": (
        lambda: gzip.compress(TEXT)[:-40],
        "the archive (or Office file) is damaged: it ends too early",
    ),
    "an xz file that ends in the middle": (
        lambda: lzma.compress(TEXT)[:-40],
        "the archive (or Office file) is damaged: it ends too early",
    ),
    "a bzip2 file with a wrong byte": (
        lambda: flipped(bz2.compress(TEXT), 60),
        "the archive (or Office file) is damaged: its data is damaged",
    ),
    "a ZIP archive without its end": (
        lambda: old_zip_of({"a.txt": TEXT}, "ascii")[:-30],
        "the archive (or Office file) is damaged: its list of contents is damaged",
    ),
    "a 7-Zip archive with a wrong byte": (
        lambda: flipped(seven_zip_of({"a.txt": TEXT}), 60),
        "the archive (or Office file) is damaged: its data is damaged",
    ),
    "a PNG picture that ends in the middle": (
        lambda: png()[: len(png()) // 2],
        "the PNG picture does not decode: it ends too early",
    ),
    "the first bytes of a TIFF picture": (
        lambda: b"II*\0" + b"\xff" * 60,
        "the TIFF picture does not decode: its beginning makes no sense",
    ),
}


def reasons(tmp_path: Path, data: bytes) -> list[str]:
    """Why a file, or each of its members, is rejected."""
    path = tmp_path / "file"
    path.write_bytes(data)
    outcome = prepare_document(
        path, tmp_path / "out", document_id="d0c", options=PrepareOptions(dpi=72), limits=PrepareLimits()
    )
    if isinstance(outcome, Unpacking):
        return [member.rejection.reason for member in outcome.members if member.rejection]
    assert isinstance(outcome, Rejection)
    return [outcome.reason]


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_wrong_with_a_damaged_file_is_said_in_plain_words(tmp_path: Path, name: str) -> None:
    make, reason = DAMAGED[name]
    assert reasons(tmp_path, make()) == [reason]
    assert is_for_people(reason)


@pytest.mark.parametrize("archived", [lambda members: old_zip_of(members, "ascii"), rar_of], ids=["zip", "rar"])
def test_a_member_with_a_wrong_byte_has_a_wrong_checksum(
    tmp_path: Path, archived: Callable[[dict[str, bytes]], bytes]
) -> None:
    data = archived({"bad.txt": TEXT})
    assert reasons(tmp_path, flipped(data, data.index(TEXT) + 5)) == ["damaged in the archive: its checksum is wrong"]


@pytest.mark.parametrize(
    "error",
    [
        KeyError("word/document.xml"),
        IndexError("list index out of range"),
        UnicodeDecodeError("utf-8", b"\xd1", 0, 1, "invalid start byte"),
        OSError("decoder error -2"),
        ValueError(),
        Image.DecompressionBombError("Image size (4364711535 pixels) exceeds limit"),
        NotImplementedError("That compression method is not supported"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_library_says_a_person_reads_words(error: Exception) -> None:
    assert is_for_people(f"the file is damaged: {one_line(error)}")


def test_reasons_for_programmers_are_told_from_those_for_people() -> None:
    assert is_for_people("the PDF is damaged beyond repair: syntax error: expected object number")
    for reason in ("", None, "damaged (RAR error 12)", "reading it failed: ValueError", "it is damaged: ", "see 0x7f"):
        assert not is_for_people(reason)
