"""Finds out what a file is from its content; the name is never asked.

What can be read is known by its signature or, within a container, by what the container says of itself, and confirmed
later by its reader. Everything else only gets a name that people understand, for the reason why it was left out.
"""

from __future__ import annotations

import io
import mmap
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import olefile
import puremagic

from tenderlake.intake.cms import MessageKind, message_kind
from tenderlake.intake.encodings import declared_encoding, decode_text
from tenderlake.intake.zipends import holds_zip, is_last_part
from tenderlake.states import SourceState

TKind = TypeVar("TKind")

HEAD_BYTES = 8192
PDF_HEADER_WITHIN_BYTES = 1024
"""Readers of PDF accept the header anywhere in the first kilobyte (ISO 32000-1, annex H.3.4.1)."""


class SourceFormat(StrEnum):
    """Pictures and documents of pages as people see them; the values are media types."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"
    GIF = "image/gif"
    BMP = "image/bmp"
    WEBP = "image/webp"
    JPEG2000 = "image/jp2"
    DJVU = "image/vnd.djvu"
    XPS = "application/vnd.ms-xpsdocument"

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
    SIGNED = "application/pkcs7-mime"
    """A file wrapped in its signature."""


class DocumentFormat(StrEnum):
    """The documents whose file holds text in its order, without places on a page; the values are media types."""

    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODP = "application/vnd.oasis.opendocument.presentation"
    RTF = "application/rtf"
    DOC = "application/msword"
    XLS = "application/vnd.ms-excel"
    PPT = "application/vnd.ms-powerpoint"
    ENCRYPTED_OFFICE = "application/x-ole-storage"
    """An OOXML file with a password: which one shows when it is open."""
    EPUB = "application/epub+zip"
    FB2 = "application/x-fictionbook+xml"
    FLAT_OFFICE = "application/vnd.ms-office.flat+xml"
    """An office document as one XML file: which one shows when it is read."""
    SPREADSHEET_XML = "application/vnd.ms-spreadsheetml"
    HTML = "text/html"
    TXT = "text/plain"
    CSV = "text/csv"
    XML = "application/xml"


class MailFormat(StrEnum):
    """E-mails; the values are media types."""

    EML = "message/rfc822"
    MSG = "application/vnd.ms-outlook"
    TNEF = "application/vnd.ms-tnef"
    """What Outlook attaches as ``winmail.dat``."""


class ConvertedFormat(StrEnum):
    """Documents that no reader here knows and LibreOffice converts; the values are media types."""

    WORD_6 = "application/x-msword-6"
    XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
    ODG = "application/vnd.oasis.opendocument.graphics"
    WORKS = "application/vnd.ms-works"
    VISIO = "application/vnd.visio"
    VISIO_XML = "application/vnd.ms-visio.drawing"
    PUBLISHER = "application/vnd.ms-publisher"
    EMF = "image/emf"
    WMF = "image/wmf"
    SVG = "image/svg+xml"

    @property
    def words(self) -> str:
        """The format as people call it."""
        return _CONVERTED[self][0]

    @property
    def suffix(self) -> str:
        """The usual ending of names: LibreOffice asks for it."""
        return _CONVERTED[self][1]


_CONVERTED = {
    ConvertedFormat.WORD_6: ("a Word document of before 1997", ".doc"),
    ConvertedFormat.XLSB: ("a binary Excel workbook (XLSB)", ".xlsb"),
    ConvertedFormat.ODG: ("an OpenDocument drawing", ".odg"),
    ConvertedFormat.WORKS: ("a Microsoft Works document", ".wps"),
    ConvertedFormat.VISIO: ("a Visio drawing", ".vsd"),
    ConvertedFormat.VISIO_XML: ("a Visio drawing", ".vsdx"),
    ConvertedFormat.PUBLISHER: ("a Microsoft Publisher document", ".pub"),
    ConvertedFormat.EMF: ("a Windows metafile (EMF)", ".emf"),
    ConvertedFormat.WMF: ("a Windows metafile (WMF)", ".wmf"),
    ConvertedFormat.SVG: ("an SVG drawing", ".svg"),
}
KnownFormat = SourceFormat | DocumentFormat | ConvertedFormat | MailFormat | ArchiveFormat


@dataclass(frozen=True)
class Unsupported:
    """A file that is left out: its name in words, its media type, why it is left out, and the state that it ends in."""

    name: str
    media_type: str
    why: str = "this version does not read it"
    state: SourceState = SourceState.SKIPPED_UNSUPPORTED

    @property
    def reason(self) -> str:
        """What a person reads."""
        return f"{self.name} ({self.media_type}): {self.why}"


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
_RTF = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,64}\{\\rtf")
_NO_TEXT = "it belongs to another file and holds no text"
_NOT_OPENED = "its encryption is not opened here"
_RAR_MARK = b"Rar!\x1a\x07"
_MOST_UNPACKER_BYTES = 1 << 20
"""The reader of RAR looks for an archive behind a program of at most this size (unrar, archive.hpp, MAXSFXSIZE)."""
_PROGRAM = Unsupported("program", "application/vnd.microsoft.portable-executable", "a program is not read")
_OTHER_ARCHIVE = "this way of packing is not read: pack it as ZIP, 7z or RAR"
_ERASED = re.compile(rb"(?:\0+|\xff{16,})\Z")
_EMPTY_SPACE = Unsupported(
    "file of nothing but zeros or ones",
    "application/octet-stream",
    "its content was lost when it was saved or copied: get it anew",
    SourceState.QUARANTINED_CORRUPT,
)
_ISO_MARK, _ISO_MARK_AT = b"CD001", 32_769
"""ECMA-119, 8.1.2: behind sixteen sectors that it leaves to others."""
_ISO = Unsupported("disk image", "application/vnd.efi.iso", _OTHER_ARCHIVE)
_CHART = Unsupported("chart of Microsoft Graph", "application/vnd.ms-graph", "it holds the numbers behind a picture")
_CHART_BOF = rb"\x09\x08[\x08-\x10]\0.{2}\0\x80"
"""A stream like that of a workbook whose type is a chart of another program ([MS-XLS] 2.4.21, [MS-OGRAPH] 2.3.3)."""
_OTHERS: tuple[
    tuple[re.Pattern[bytes], SourceFormat | DocumentFormat | ConvertedFormat | MailFormat | Unsupported], ...
] = (
    (re.compile(rb"\x78\x9f\x3e\x22"), MailFormat.TNEF),
    (re.compile(rb"AT&TFORM....DJV[UM]", re.DOTALL), SourceFormat.DJVU),
    (re.compile(rb"AT&TFORM"), Unsupported("part of a DjVu document", "image/vnd.djvu")),
    (
        re.compile(rb"\s{0,64}-----BEGIN PGP MESSAGE-----"),
        Unsupported("OpenPGP message", "application/pgp-encrypted", _NOT_OPENED, SourceState.QUARANTINED_ENCRYPTED),
    ),
    (re.compile(rb"\s{0,64}-----BEGIN "), Unsupported("digital signature or key", "application/x-pem-file", _NO_TEXT)),
    (re.compile(rb"\xdb\xa5-\0|\xfe7\0#|1\xbe\0\0"), ConvertedFormat.WORD_6),
    (re.compile(rb"MZ.{62}", re.DOTALL), _PROGRAM),
    (re.compile(rb"MSCF\0{4}"), Unsupported("Windows cabinet", "application/vnd.ms-cab-compressed", _OTHER_ARCHIVE)),
    (
        re.compile(rb"\x60\xea.{2}[\x1e-\x40]", re.DOTALL),
        Unsupported("ARJ archive", "application/x-arj", _OTHER_ARCHIVE),
    ),
    (re.compile(rb".{2}-l[hz][0-9s]-", re.DOTALL), Unsupported("LHA archive", "application/x-lha", _OTHER_ARCHIVE)),
    (re.compile(rb"\x1f[\x9d\xa0]"), Unsupported("file packed by compress", "application/x-compress", _OTHER_ARCHIVE)),
    (re.compile(rb"\x28\xb5\x2f\xfd"), Unsupported("Zstandard archive", "application/zstd", _OTHER_ARCHIVE)),
    (re.compile(rb"\x04\x22\x4d\x18"), Unsupported("LZ4 archive", "application/x-lz4", _OTHER_ARCHIVE)),
    (
        re.compile(rb"\x5d\0\0[\x01-\x80]\0.{8}\0", re.DOTALL),
        Unsupported("LZMA archive", "application/x-lzma", _OTHER_ARCHIVE),
    ),
    (re.compile(_CHART_BOF, re.DOTALL), _CHART),
    (re.compile(rb"\x09[\0\x02\x04\x08][\x04-\x10]\0"), DocumentFormat.XLS),
    (re.compile(rb"\x01\0\0\0.{36} EMF", re.DOTALL), ConvertedFormat.EMF),
    # Without its usual header a metafile begins as much else may: then its version says what it is ([MS-WMF] 2.3.2.2).
    (re.compile(rb"\xd7\xcd\xc6\x9a\0\0|[\x01\x02]\0\x09\0\0[\x01\x03]"), ConvertedFormat.WMF),
)
_MESSAGES: dict[MessageKind, ArchiveFormat | Unsupported] = {
    MessageKind.SIGNATURE: Unsupported("digital signature", "application/pkcs7-signature", _NO_TEXT),
    MessageKind.SIGNED_FILE: ArchiveFormat.SIGNED,
    MessageKind.ENCRYPTED: Unsupported(
        "encrypted message", "application/pkcs7-mime", _NOT_OPENED, SourceState.QUARANTINED_ENCRYPTED
    ),
}
_MAIL_HEADER = re.compile(
    rb"^(Received|Return-Path|MIME-Version|From|To|Subject|Date|Message-ID|Delivered-To|Content-Type|DKIM-Signature|"
    rb"ARC-Seal|X-[\w-]+):",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_START = re.compile(rb"(?:From [^\n]*\n)?[A-Za-z][\w-]{1,60}:")
# A comment ends at its first end: tried at every other one too, a hundred of them would take for ever.
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?><!--.{0,2000}?-->\s*)*+<(?:!doctype\s+html\b|html\b|(?:head|body|title|meta|link|style|script|base|table|div|p|h[1-6]|font|center|span|br|hr|ul|ol|pre|img)(?![\w:.-]))",
    re.IGNORECASE | re.DOTALL,
)
_SVG = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?><!--.{0,2000}?-->\s*)*+(?:<!DOCTYPE svg[^>\[]*>\s*)?<(?:svg:)?svg\b", re.DOTALL
)
_FB2 = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?><!--.{0,2000}?-->\s*)*+<FictionBook\b", re.DOTALL)
_XML = re.compile(r"\s*<\?xml\b", re.IGNORECASE)
_ROOT = re.compile(r"\s*(?><\?.{0,500}?\?>\s*|<!--.{0,2000}?-->\s*)*+<(?:[\w.-]+:)?([\w-]+)([^>]*)", re.DOTALL)
_ROOTS = {
    ("wordDocument", "schemas.microsoft.com/office/word/2003/wordml"): DocumentFormat.FLAT_OFFICE,
    ("package", "schemas.microsoft.com/office/2006/xmlPackage"): DocumentFormat.FLAT_OFFICE,
    ("document", "urn:oasis:names:tc:opendocument:xmlns:office"): DocumentFormat.FLAT_OFFICE,
    ("Workbook", "urn:schemas-microsoft-com:office:spreadsheet"): DocumentFormat.SPREADSHEET_XML,
}
"""Office documents that are one XML file, by the name and a namespace of their root."""


def _main_type(kind: str, program: str, *files: str) -> re.Pattern[bytes]:
    """The content types of the main part of an OOXML file, with or without macros."""
    names = "|".join(files)
    return re.compile(rf"{kind}\.(?:{names})\.main|{program}\.(?:{names})\.macro".encode(), re.IGNORECASE)


_OOXML_TYPES: tuple[tuple[re.Pattern[bytes], DocumentFormat | ConvertedFormat], ...] = (
    (_main_type("wordprocessingml", "ms-word", "document", "template"), DocumentFormat.DOCX),
    (re.compile(rb"ms-excel\.sheet\.binary", re.IGNORECASE), ConvertedFormat.XLSB),
    (_main_type("spreadsheetml", "ms-excel", "sheet", "template", "addin"), DocumentFormat.XLSX),
    (re.compile(rb"ms-visio\.(?:drawing|template|stencil)\.", re.IGNORECASE), ConvertedFormat.VISIO_XML),
    (_main_type("presentationml", "ms-powerpoint", "presentation", "slideshow", "template"), DocumentFormat.PPTX),
)
_ZIP_FOLDERS = (("word/", DocumentFormat.DOCX), ("xl/", DocumentFormat.XLSX), ("ppt/", DocumentFormat.PPTX))
_MOST_TYPES_BYTES = 4 << 20
_ODF_FORMATS: dict[str, DocumentFormat | ConvertedFormat] = {
    **{odf.value: odf for odf in (DocumentFormat.ODT, DocumentFormat.ODS, DocumentFormat.ODP)},
    ConvertedFormat.ODG.value: ConvertedFormat.ODG,
    DocumentFormat.EPUB.value: DocumentFormat.EPUB,
}
_OLE_STREAMS: tuple[tuple[str, DocumentFormat | MailFormat | ConvertedFormat], ...] = (
    ("EncryptedPackage", DocumentFormat.ENCRYPTED_OFFICE),
    ("__substg1.0_", MailFormat.MSG),
    ("__properties_version1.0", MailFormat.MSG),
    ("WordDocument", DocumentFormat.DOC),
    ("PowerPoint Document", DocumentFormat.PPT),
    ("Workbook", DocumentFormat.XLS),
    ("Book", DocumentFormat.XLS),
    ("VisioDocument", ConvertedFormat.VISIO),
    ("Quill", ConvertedFormat.PUBLISHER),
    ("MatOST", ConvertedFormat.WORKS),
)
_FIRST_WORD_97 = 0xC1
_PDF_OBJECT = re.compile(rb"\b\d{1,7} \d{1,5} obj\b")
_MIN_CONFIDENCE = 0.5
_UNKNOWN = "damaged, encrypted, or of a program that is not known here"


def sniff(path: Path) -> KnownFormat | Unsupported:
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
        return sniff_zip(path)
    if head.startswith(_OLE):
        return _name_ole(path)
    if _RTF.match(head):
        return DocumentFormat.RTF
    if (message := message_kind(head)) is not None:
        return _MESSAGES[message]
    other = _first_match(_ARCHIVES, head) or _first_match(_OTHERS, head)
    if other is _PROGRAM:
        return _archive_in(path) or _PROGRAM
    if other is not None:
        return other
    if b"%PDF-" in head[:PDF_HEADER_WITHIN_BYTES] or _is_headless_pdf(head):
        return SourceFormat.PDF
    return _name_other(path, head)


def _archive_in(program: Path) -> ArchiveFormat | None:
    """The archive that a program unpacks when it is started; it is not started here."""
    if holds_zip(program):
        return ArchiveFormat.ZIP
    with program.open("rb") as file:
        return ArchiveFormat.RAR if _RAR_MARK in file.read(_MOST_UNPACKER_BYTES) else None


def picture_format_of(data: bytes) -> SourceFormat | None:
    """The format of a picture by its first bytes; None where it is none that is decoded here."""
    return _first_match(_PICTURES, data[:HEAD_BYTES])


def _first_match(signatures: Sequence[tuple[re.Pattern[bytes], TKind]], head: bytes) -> TKind | None:
    return next((kind for signature, kind in signatures if signature.match(head)), None)


def _is_headless_pdf(head: bytes) -> bool:
    """A PDF that lost its first bytes: its objects are still there, and MuPDF may repair it."""
    return bool(_PDF_OBJECT.search(head)) and (b"endobj" in head or b"/Type" in head)


def sniff_zip(source: Path | io.BytesIO) -> SourceFormat | DocumentFormat | ConvertedFormat | ArchiveFormat:
    """What a ZIP file is: an office document by what it says of itself, else an archive."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            named = _name_odf(archive, names) or _name_ooxml(archive, names)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zlib.error):
        return ArchiveFormat.ZIP  # and the unpacker says what is wrong with it
    return named or ArchiveFormat.ZIP


def _name_odf(archive: zipfile.ZipFile, names: Sequence[str]) -> DocumentFormat | ConvertedFormat | None:
    if "mimetype" not in names or archive.getinfo("mimetype").file_size >= 200:
        return None
    media_type = archive.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
    return _ODF_FORMATS.get(media_type)


def _name_ooxml(
    archive: zipfile.ZipFile, names: Sequence[str]
) -> SourceFormat | DocumentFormat | ConvertedFormat | None:
    """By the content types of the parts (ECMA-376 part 2, 10.1.2), else by their folders."""
    types_name = next((name for name in names if name.lower() == "[content_types].xml"), None)
    if types_name is None:
        return None
    if archive.getinfo(types_name).file_size <= _MOST_TYPES_BYTES:
        types = archive.read(types_name)
        if found := next((office for pattern, office in _OOXML_TYPES if pattern.search(types)), None):
            return found
    for folder, office in _ZIP_FOLDERS:
        if any(name.startswith(folder) for name in names):
            return office
    if any(name.lower().endswith(".fdseq") for name in names):
        return SourceFormat.XPS
    return None


def _name_ole(path: Path) -> DocumentFormat | MailFormat | ConvertedFormat | Unsupported:
    streams = _ole_entries(path)
    if streams is not None:
        for stream, office in _OLE_STREAMS:
            wanted = stream.lower()  # no program tells the letters' cases apart ([MS-CFB] 2.6.4)
            if any(name.startswith(wanted) if stream.endswith("_") else name == wanted for name in streams):
                return _version_of(path, stream, office)
    else:  # the directory is damaged; its reader will say so of what it once was
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for stream, office in _OLE_STREAMS:
                if content.find(stream.encode("utf-16-le")) >= 0:
                    return office
    return Unsupported("Microsoft Office file", "application/x-ole-storage")


def _version_of(
    path: Path, stream: str, office: DocumentFormat | MailFormat | ConvertedFormat
) -> DocumentFormat | MailFormat | ConvertedFormat | Unsupported:
    """What the beginning of the stream says more exactly."""
    if office not in (DocumentFormat.DOC, DocumentFormat.XLS):
        return office
    try:
        with olefile.OleFileIO(path) as ole:
            head = ole.openstream(stream).read(8)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error):
        return office
    if office is DocumentFormat.XLS:
        return _CHART if re.match(_CHART_BOF, head, re.DOTALL) else office
    is_old = len(head) >= 4 and struct.unpack_from("<H", head, 2)[0] < _FIRST_WORD_97  # [MS-DOC] 2.5.2, nFib
    return ConvertedFormat.WORD_6 if is_old else office


def _ole_entries(path: Path) -> frozenset[str] | None:
    """The names in the root of an OLE file, in small letters; None where it is damaged."""
    try:
        with olefile.OleFileIO(path) as ole:
            return frozenset(entry[0].lower() for entry in ole.listdir(streams=True, storages=True))
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, RecursionError):
        return None


def _name_other(path: Path, head: bytes) -> DocumentFormat | ConvertedFormat | MailFormat | ArchiveFormat | Unsupported:
    if _ERASED.match(head):
        return _ISO if _is_disk_image(path) else _EMPTY_SPACE
    if _is_mail(head):
        return MailFormat.EML
    if (text := decode_text(head, declared_encoding(head))) is not None:
        return _name_text(text.text)
    try:
        with path.open("rb") as file:
            guesses = puremagic.magic_stream(file)
    except (puremagic.PureError, ValueError, OSError):
        guesses = []
    if is_last_part(path) or holds_zip(path):
        return ArchiveFormat.ZIP  # and the unpacker says what is missing
    best = guesses[0] if guesses else None
    if best is None or best.confidence < _MIN_CONFIDENCE or not best.name:
        return Unsupported("unknown data", "application/octet-stream", _UNKNOWN)
    return Unsupported(best.name.removesuffix(" file"), best.mime_type or "application/octet-stream")


def _is_disk_image(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(_ISO_MARK_AT)
        return file.read(len(_ISO_MARK)) == _ISO_MARK


def _is_mail(head: bytes) -> bool:
    """Begins with header lines, not an empty one, at least two of which only e-mails have (RFC 5322, 2.2)."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not _MAIL_START.match(head):
        return False
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return len({name.lower() for name in _MAIL_HEADER.findall(header)}) >= 2


def _name_text(text: str) -> DocumentFormat | ConvertedFormat:
    if _HTML.match(text):
        return DocumentFormat.HTML
    if _SVG.match(text):
        return ConvertedFormat.SVG
    if _FB2.match(text):
        return DocumentFormat.FB2
    if (root := _ROOT.match(text)) is not None:
        for (name, namespace), found in _ROOTS.items():
            if root[1] == name and namespace in root[2]:
                return found
    if _XML.match(text):
        return DocumentFormat.XML
    return DocumentFormat.TXT
