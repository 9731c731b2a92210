"""Finds out what a file is from its content; the name is never asked.

What can be read (PDF and pictures) is known by its signature and confirmed later by its decoder. Everything else only
gets a name that people understand, for the reason why it was left out.
"""

from __future__ import annotations

import mmap
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import puremagic

TKind = TypeVar("TKind")

HEAD_BYTES = 8192
PDF_HEADER_WITHIN_BYTES = 1024
"""Readers of PDF accept the header anywhere in the first kilobyte (ISO 32000-1, annex H.3.4.1)."""


class SourceFormat(StrEnum):
    """The formats that this version reads; the values are media types."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"
    GIF = "image/gif"
    BMP = "image/bmp"
    WEBP = "image/webp"
    JPEG2000 = "image/jp2"

    @property
    def pillow_name(self) -> str:
        """The name of Pillow's decoder."""
        return "JPEG2000" if self is SourceFormat.JPEG2000 else self.value.partition("/")[2].upper()


class ArchiveFormat(StrEnum):
    """The archives that are unpacked; the values are media types."""

    ZIP = "application/zip"
    SEVEN_ZIP = "application/x-7z-compressed"
    RAR = "application/vnd.rar"
    TAR = "application/x-tar"
    GZIP = "application/gzip"
    BZIP2 = "application/x-bzip2"
    XZ = "application/x-xz"


@dataclass(frozen=True)
class Unsupported:
    """A file that is left out: its name in words and its media type."""

    name: str
    media_type: str


_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), SourceFormat.PNG),
    (re.compile(rb"\xff\xd8\xff"), SourceFormat.JPEG),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), SourceFormat.TIFF),
    (re.compile(rb"GIF8[79]a"), SourceFormat.GIF),
    # Two letters are no signature: the size of the second header must be one of those that exist.
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), SourceFormat.BMP),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), SourceFormat.WEBP),
    (re.compile(rb"\0\0\0\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51"), SourceFormat.JPEG2000),
)
_ZIP = re.compile(rb"PK\x03\x04|PK\x05\x06|PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = (
    (re.compile(rb"Rar!\x1a\x07"), ArchiveFormat.RAR),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), ArchiveFormat.SEVEN_ZIP),
    (re.compile(rb"\x1f\x8b\x08"), ArchiveFormat.GZIP),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), ArchiveFormat.BZIP2),
    (re.compile(rb"\xfd7zXZ\0"), ArchiveFormat.XZ),
    (re.compile(rb".{257}ustar", re.DOTALL), ArchiveFormat.TAR),
)
_OTHERS = (
    (re.compile(rb"\{\\rtf"), Unsupported("RTF document", "application/rtf")),
    (re.compile(rb"AT&TFORM"), Unsupported("DjVu document", "image/vnd.djvu")),
    (
        re.compile(rb"0.{0,6}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.DOTALL),
        Unsupported("digital signature", "application/pkcs7-signature"),
    ),
    (re.compile(rb"-----BEGIN "), Unsupported("digital signature or key", "application/x-pem-file")),
    (
        re.compile(
            rb"\s*(?:Received|Return-Path|MIME-Version|From|Subject|Date|Message-ID|Delivered-To|X-[\w-]+):", re.I
        ),
        Unsupported("e-mail", "message/rfc822"),
    ),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)", re.I), Unsupported("web page", "text/html")),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml"), Unsupported("XML file", "application/xml")),
)
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_ZIP_FOLDERS = (
    ("word/", Unsupported("Word document", f"{_OOXML}wordprocessingml.document")),
    ("xl/", Unsupported("Excel workbook", f"{_OOXML}spreadsheetml.sheet")),
    ("ppt/", Unsupported("PowerPoint presentation", f"{_OOXML}presentationml.presentation")),
)
_ODF_NAMES = {
    f"{_ODF}text": "OpenDocument text",
    f"{_ODF}spreadsheet": "OpenDocument spreadsheet",
    f"{_ODF}presentation": "OpenDocument presentation",
    f"{_ODF}graphics": "OpenDocument drawing",
    "application/epub+zip": "EPUB book",
}
_OLE_STREAMS = (
    ("EncryptedPackage", Unsupported("Office document with a password", "application/x-ole-storage")),
    ("__substg1.0_", Unsupported("Outlook message", "application/vnd.ms-outlook")),
    ("WordDocument", Unsupported("Word 97-2003 document", "application/msword")),
    ("PowerPoint Document", Unsupported("PowerPoint 97-2003 presentation", "application/vnd.ms-powerpoint")),
    ("Workbook", Unsupported("Excel 97-2003 workbook", "application/vnd.ms-excel")),
    ("Book", Unsupported("Excel 5 workbook", "application/vnd.ms-excel")),
)
_PDF_OBJECT = re.compile(rb"\b\d{1,7} \d{1,5} obj\b")
_MIN_CONFIDENCE = 0.5


def sniff(path: Path) -> SourceFormat | ArchiveFormat | Unsupported:
    """What a file with at least one byte is, by its content.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"%PDF-"):
        return SourceFormat.PDF
    found = _first_match(_PICTURES, head)
    if found is not None:
        return found
    # Containers may hold a PDF near their beginning; they are what they begin with.
    if _ZIP.match(head):
        return _name_zip(path)
    if head.startswith(_OLE):
        return _name_ole(path)
    other = _first_match(_ARCHIVES, head) or _first_match(_OTHERS, head)
    if other is not None:
        return other
    if b"%PDF-" in head[:PDF_HEADER_WITHIN_BYTES] or _is_headless_pdf(head):
        return SourceFormat.PDF
    return _name_other(path, head)


def _first_match(signatures: Sequence[tuple[re.Pattern[bytes], TKind]], head: bytes) -> TKind | None:
    return next((kind for signature, kind in signatures if signature.match(head)), None)


def _is_headless_pdf(head: bytes) -> bool:
    """A PDF that lost its first bytes: its objects are still there, and MuPDF may repair it."""
    return bool(_PDF_OBJECT.search(head)) and (b"endobj" in head or b"/Type" in head)


def _name_zip(path: Path) -> ArchiveFormat | Unsupported:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                media_type = archive.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
                if media_type in _ODF_NAMES:
                    return Unsupported(_ODF_NAMES[media_type], media_type)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError):
        return ArchiveFormat.ZIP  # the one who unpacks it says what is wrong
    if "[Content_Types].xml" in names:
        for folder, office in _ZIP_FOLDERS:
            if any(name.startswith(folder) for name in names):
                return office
        if any(name.endswith(".fdseq") for name in names):
            return Unsupported("XPS document", "application/vnd.ms-xpsdocument")
    return ArchiveFormat.ZIP


def _name_ole(path: Path) -> Unsupported:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for stream, office in _OLE_STREAMS:
            if content.find(stream.encode("utf-16-le")) >= 0:
                return office
    return Unsupported("Microsoft Office file", "application/x-ole-storage")


def _name_other(path: Path, head: bytes) -> Unsupported:
    if _is_text(head):
        return Unsupported("plain text", "text/plain")
    try:
        with path.open("rb") as file:
            guesses = puremagic.magic_stream(file)
    except (puremagic.PureError, ValueError, OSError):
        guesses = []
    best = guesses[0] if guesses else None
    if best is None or best.confidence < _MIN_CONFIDENCE or not best.name:
        return Unsupported("unknown data", "application/octet-stream")
    return Unsupported(best.name.removesuffix(" file"), best.mime_type or "application/octet-stream")


def _is_text(head: bytes) -> bool:
    """Text in UTF-8, UTF-16 with a mark, or a one-byte code page: no control characters but line ends."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any((byte < 0x20 and byte not in b"\t\n\r\f\x1a") or byte == 0x7F for byte in head)
