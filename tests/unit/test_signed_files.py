"""Given a signature or a signed message, this is what it is: a signature, the file that it signs, or closed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tenderlake.states import SourceState
from tests.prepared import rejected, unpacked

pytestmark = pytest.mark.unit

DOCUMENT = "Договор поставки бумаги. ".encode() * 200
MORE = bytes(range(256)) * 3
DATA, SIGNED, ENVELOPED = (bytes.fromhex(f"06092a864886f70d0107{last}") for last in ("01", "02", "03"))


def field(tag: int, *parts: bytes) -> bytes:
    """A field with its length before it."""
    content = b"".join(parts)
    size = len(content).to_bytes(3, "big")
    return bytes([tag]) + (bytes([len(content)]) if len(content) < 128 else b"\x83" + size) + content


def open_field(tag: int, *parts: bytes) -> bytes:
    """A field with a mark at its end, as programs write that do not know its length yet."""
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def message(*content: bytes, field: Callable[..., bytes] = field) -> bytes:
    """A message with a signature that nobody could check, around its content."""
    algorithms = bytes.fromhex("310f300d06096086480165030402010500")
    signed = field(0x30, DATA, *([field(0xA0, *content)] if content else []))
    certificates = field(0xA0, field(0x30, MORE))
    return field(0x30, SIGNED, field(0xA0, field(0x30, b"\2\1\1", algorithms, signed, certificates)))


def pem(data: bytes) -> bytes:
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(data) + b"-----END PKCS7-----\n"


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as bytes": bytes,
    "in PEM": pem,
    "in lines of base64": base64.encodebytes,
    "in one line of base64": base64.b64encode,
    "in base64 in UTF-8 with a mark": lambda data: b"\xef\xbb\xbf" + base64.b64encode(data),
    "in base64 in UTF-16": lambda data: base64.b64encode(data).decode().encode("utf-16"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [field, open_field], ids=["with lengths", "with end marks"])
def test_a_signature_beside_its_document_holds_no_text(tmp_path: Path, way: str, made: Callable[..., bytes]) -> None:
    rejection = rejected(tmp_path, WAYS[way](message(field=made)))
    assert rejection.state is SourceState.SKIPPED_UNSUPPORTED
    assert rejection.reason.startswith("digital signature (application/pkcs7-signature): it belongs to another file")


@pytest.mark.parametrize("way", WAYS)
def test_the_document_comes_out_of_its_signature(tmp_path: Path, way: str) -> None:
    assert unpacked(tmp_path, WAYS[way](message(field(0x04, DOCUMENT)))) == {"content": DOCUMENT}


def test_a_document_in_pieces_comes_out_whole(tmp_path: Path) -> None:
    pieces = [field(0x04, DOCUMENT[:1000]), open_field(0x24, field(0x04, DOCUMENT[1000:]))]
    assert unpacked(tmp_path, message(open_field(0x24, *pieces), field=open_field)) == {"content": DOCUMENT}


@pytest.mark.parametrize("way", ["as bytes", "in one line of base64"])
def test_a_signed_document_that_is_cut_off_is_damaged(tmp_path: Path, way: str) -> None:
    rejection = rejected(tmp_path, WAYS[way](message(field(0x04, DOCUMENT))[:3000]))
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert rejection.reason == "the signed file is damaged: the signed message is cut off"


@pytest.mark.parametrize("way", WAYS)
def test_an_encrypted_message_is_in_quarantine(tmp_path: Path, way: str) -> None:
    closed = field(0x30, ENVELOPED, field(0xA0, field(0x30, b"\2\1\0", MORE)))
    rejection = rejected(tmp_path, WAYS[way](closed))
    assert rejection.state is SourceState.QUARANTINED_ENCRYPTED
    assert rejection.reason == "encrypted message (application/pkcs7-mime): its encryption is not opened here"
