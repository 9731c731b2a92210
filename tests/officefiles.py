"""Office files for tests, made part by part: OOXML and OpenDocument packages, OLE files, old Word documents."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from PIL import Image, ImageDraw

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "application/vnd.openxmlformats-officedocument."
_MAIN = {
    "docx": ("word/document.xml", f"{_TYPES}wordprocessingml.document.main+xml"),
    "docm": ("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
    "xlsx": ("xl/workbook.xml", f"{_TYPES}spreadsheetml.sheet.main+xml"),
}


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    """A ZIP package of these parts in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def relationships(entries: Mapping[str, tuple[str, str]], base: str = R) -> str:
    """A part of relationships: id to kind and target; a target with ``://`` is external."""
    lines = "".join(
        f'<Relationship Id="{identity}" Type="{base}/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>")
        for identity, (kind, target) in entries.items()
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}</Relationships>'
    )


def ooxml(kind: str, parts: Mapping[str, bytes | str]) -> bytes:
    """An OOXML file with its content types and root relationship."""
    main, content_type = _MAIN[kind]
    types = f'<Types><Override PartName="/{main}" ContentType="{content_type}"/></Types>'
    root = relationships({"r1": ("officeDocument", main)})
    return zipped({"[Content_Types].xml": types, "_rels/.rels": root, **parts})


def docx(
    body: str,
    *,
    parts: Mapping[str, bytes | str] | None = None,
    relations: Mapping[str, tuple[str, str]] | None = None,
    kind: str = "docx",
    namespace: str = W,
) -> bytes:
    """A Word document with this body in WordprocessingML (prefix ``w``)."""
    document = f'<w:document xmlns:w="{namespace}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'
    rels = {"word/_rels/document.xml.rels": relationships(relations or {})}
    return ooxml(kind, {"word/document.xml": document, **rels, **(parts or {})})


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    """A paragraph of one run."""
    return (
        f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"
    )


def cell(text: str, properties: str = "") -> str:
    """A cell of a table."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def xlsx(
    sheets: Mapping[str, str],
    *,
    styles: str = "",
    strings: Sequence[str] = (),
    hidden: Sequence[str] = (),
    names: str = "",
) -> bytes:
    """A workbook: every sheet is the inside of its ``worksheet`` element."""
    entries = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="s{number}"' + (' state="hidden"/>' if name in hidden else "/>")
        for number, name in enumerate(sheets, start=1)
    )
    relations = {f"s{number}": ("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)}
    relations |= {"st": ("styles", "styles.xml"), "ss": ("sharedStrings", "sharedStrings.xml")}
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    return ooxml(
        "xlsx",
        {
            "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{entries}</sheets>{names}</workbook>',
            "xl/_rels/workbook.xml.rels": relationships(relations),
            "xl/styles.xml": f'<styleSheet xmlns="{S}">{styles}</styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{S}">{shared}</sst>',
            **{
                f"xl/worksheets/sheet{number}.xml": f'<worksheet xmlns="{S}">{content}</worksheet>'
                for number, content in enumerate(sheets.values(), start=1)
            },
        },
    )


def odf(kind: str, body: str, *, styles: str = "", manifest: str = "") -> bytes:
    """An OpenDocument file; the usual prefixes are declared."""
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style", "draw")
    )
    fo = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    content = (
        f"<office:document-content {namespaces} {fo}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body>{body}</office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        }
    )


def scan(width: int = 900, height: int = 700, colour: str = "white") -> bytes:
    """A PNG picture large enough to hold text."""
    image = Image.new("L", (width, height), colour)
    ImageDraw.Draw(image).text((40, 40), "SCAN", fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


Storage = Mapping[str, "bytes | Storage"]

_SECTOR, _SMALL = 512, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole(root: Storage) -> bytes:
    """An OLE file of streams and storages ([MS-CFB])."""
    entries: list[bytearray] = []
    contents: list[tuple[int, bytes]] = []
    _add_entry(entries, contents, "Root Entry", root, 5)
    small = _Sectors(64)
    for index, content in contents:
        if len(content) < _SMALL:
            struct.pack_into("<II", entries[index], 116, small.add(content), len(content))
    sectors = _Sectors(_SECTOR)
    for index, content in [(0, b"".join(small.data)), *contents]:
        if index == 0 or len(content) >= _SMALL:
            struct.pack_into("<II", entries[index], 116, sectors.add(content), len(content))
    first_directory = sectors.add(b"".join(entries))
    small_table = sectors.add(small.table())
    small_sectors = -(-len(small.table()) // _SECTOR)
    fat_sectors = 1
    while (len(sectors.chains) + fat_sectors) * 4 > fat_sectors * _SECTOR:
        fat_sectors += 1
    first_fat = len(sectors.chains)
    sectors.chains += [_FAT] * fat_sectors
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    counts = (0, fat_sectors, first_directory, 0, _SMALL, small_table, small_sectors, _END, 0)
    header += struct.pack("<9I", *counts)
    header += struct.pack(f"<{fat_sectors}I", *range(first_fat, first_fat + fat_sectors)).ljust(436, b"\xff")
    return header + b"".join(sectors.data) + sectors.table().ljust(fat_sectors * _SECTOR, b"\xff")


class _Sectors:
    """Streams in sectors of one size, each a chain."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.data: list[bytes] = []
        self.chains: list[int] = []

    def add(self, content: bytes) -> int:
        first, count = len(self.chains), max(1, -(-len(content) // self._size))
        for number in range(count):
            self.data.append(content[number * self._size : (number + 1) * self._size].ljust(self._size, b"\0"))
            self.chains.append(first + number + 1 if number + 1 < count else _END)
        return first

    def table(self) -> bytes:
        return struct.pack(f"<{len(self.chains)}I", *self.chains)


def _add_entry(
    entries: list[bytearray], contents: list[tuple[int, bytes]], name: str, content: bytes | Storage, kind: int
) -> int:
    index = len(entries)
    entry = bytearray(128)
    raw = name.encode("utf-16-le")
    entry[: len(raw)] = raw
    struct.pack_into("<HBBIII", entry, 64, len(raw) + 2, kind, 1, _FREE, _FREE, _FREE)
    struct.pack_into("<I", entry, 116, _END)
    entries.append(entry)
    if isinstance(content, bytes):
        contents.append((index, content))
        return index
    previous: int | None = None
    for inner, value in content.items():
        number = _add_entry(entries, contents, inner, value, 2 if isinstance(value, bytes) else 1)
        if previous is None:
            struct.pack_into("<I", entry, 76, number)
        else:
            struct.pack_into("<I", entries[previous], 72, number)
        previous = number
    return index


def doc(paragraphs: Sequence[tuple[str, bytes]], *, version: int = 0xC1, objects: Storage | None = None) -> bytes:
    """A Word 97 document: paragraphs with their end marks, each with the properties that are said of it (sprms).

    ``objects``: the storages of embedded objects.
    """
    text = "".join(content for content, _ in paragraphs)
    raw = text.encode("utf-16-le")
    begin = 2048
    main = bytearray(begin) + raw
    main += b"\0" * (-len(main) % 512)
    edges, page = [begin], bytearray(512)
    at = 510
    places = []
    for content, properties in paragraphs:
        edges.append(edges[-1] + 2 * len(content))
        papx = struct.pack("<H", 0) + properties
        papx += b"\0" * (1 - len(papx) % 2)
        at = (at - 1 - len(papx)) // 2 * 2
        page[at] = (len(papx) + 1) // 2
        page[at + 1 : at + 1 + len(papx)] = papx
        places.append(at // 2)
    struct.pack_into(f"<{len(edges)}I", page, 0, *edges)
    for index, place in enumerate(places):
        page[4 * len(edges) + 13 * index] = place
    page[511] = len(places)
    page_number = len(main) // 512
    main += page
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, begin, 0)
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    bins = struct.pack("<III", edges[0], edges[-1], page_number)
    struct.pack_into("<HH", main, 0, 0xA5EC, version)
    struct.pack_into("<H", main, 0x0A, 0x0200)
    struct.pack_into("<i", main, 0x4C, len(text))
    struct.pack_into("<II", main, 0x9A + 8 * 33, 0, len(clx))
    struct.pack_into("<II", main, 0x9A + 8 * 13, len(clx), len(bins))
    pool: Storage = {"ObjectPool": objects} if objects else {}
    return ole({"WordDocument": bytes(main), "1Table": clx + bins, **pool})


def outlook(
    strings: Mapping[str, str], *, attachments: Sequence[Storage] = (), fixed: bytes = b"", header_bytes: int = 32
) -> Storage:
    """The storage of an Outlook message: properties by their tags, such as ``0037`` for the subject."""
    storage: dict[str, bytes | Storage] = {
        f"__substg1.0_{tag}001F": value.encode("utf-16-le") for tag, value in strings.items()
    }
    storage["__properties_version1.0"] = b"\0" * header_bytes + fixed
    for number, attachment in enumerate(attachments):
        storage[f"__attach_version1.0_#{number:08X}"] = attachment
    return storage


def ole_package(name: str, data: bytes, *, is_wide: bool = True) -> bytes:
    """The native data of an object of the class Package, without its size ([MS-OLEDS] 2.3.6).

    ``is_wide``: with the names in UTF-16 at the end, as programs of today write them; else in cp1251 alone.
    """
    label = name.encode("cp1251", "replace") + b"\0"
    native = struct.pack("<H", 2) + label + b"C:\\" + label + struct.pack("<HHI", 0, 3, len(label)) + label
    native += struct.pack("<I", len(data)) + data
    if is_wide:
        native += b"".join(struct.pack("<I", len(text)) + text.encode("utf-16-le") for text in ("C:\\t", name, name))
    return native


def ole10_object(name: str, data: bytes, *, is_wide: bool = True) -> bytes:
    """An embedded object that holds any file, as Windows makes it when a file is dropped on a document."""
    native = ole_package(name, data, is_wide=is_wide)
    return ole({"\x01Ole10Native": struct.pack("<I", len(native)) + native})


def docx_with_objects(objects: Mapping[str, bytes], *, text: str = "Документация") -> bytes:
    """A Word document with embedded objects: names of parts in ``word/embeddings`` and their bytes."""
    shown = "".join(
        f"<w:p><w:r><w:object><o:OLEObject xmlns:o='urn:schemas-microsoft-com:office:office' ProgID='Package' "
        f"r:id='e{number}'/></w:object></w:r></w:p>"
        for number in range(len(objects))
    )
    return docx(
        paragraph(text) + shown,
        parts={f"word/embeddings/{name}": data for name, data in objects.items()},
        relations={f"e{number}": ("oleObject", f"embeddings/{name}") for number, name in enumerate(objects)},
    )


def encrypted_odf(plain: bytes, password: str, *, form: str) -> bytes:
    """An OpenDocument file with a password.

    ``form``: ``blowfish`` and ``aes`` as in OpenDocument 1.2 part 3 (3.4, 4.8), ``whole`` as LibreOffice writes it now.
    """
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    kept = {"mimetype": parts["mimetype"]}
    if form == "whole":
        locked, entry = _whole_odf(plain, password)
        return zipped({**kept, "META-INF/manifest.xml": _odf_manifest(entry), "encrypted-package": locked})
    entries = ""
    for name, data in parts.items():
        if name in ("mimetype", "META-INF/manifest.xml"):
            entries += parts["META-INF/manifest.xml"].decode() if name != "mimetype" else ""
            continue
        kept[name], entry = _odf_part(name, data, password, is_aes=form == "aes")
        entries += entry
    return zipped({**kept, "META-INF/manifest.xml": _odf_manifest(entries)})


def _odf_manifest(entries: str) -> str:
    spaces = (
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'
    )
    return f"<manifest:manifest {spaces}>{entries}</manifest:manifest>"


def _odf_part(name: str, data: bytes, password: str, *, is_aes: bool) -> tuple[bytes, str]:
    compressor = zlib.compressobj(wbits=-15)
    deflated = compressor.compress(data) + compressor.flush()
    salt, start = name.encode()[:16].ljust(16, b"s"), "sha256" if is_aes else "sha1"
    key_bytes, vector = (32, b"v" * 16) if is_aes else (16, b"v" * 8)
    key = hashlib.pbkdf2_hmac("sha1", hashlib.new(start, password.encode()).digest(), salt, 1000, key_bytes)
    if is_aes:
        padding = 16 - len(deflated) % 16
        padded = deflated + b"\x99" * (padding - 1) + bytes([padding])
        locked = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor().update(padded)
    else:
        locked = Cipher(Blowfish(key), CFB(vector)).encryptor().update(deflated)
    names = ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2000/09/xmldsig#sha256",
             "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k")  # fmt: skip
    algorithm, start_name, digest_name = names if is_aes else ("Blowfish CFB", "SHA1", "SHA1/1K")
    digest = hashlib.new(start, deflated[:1024]).digest()
    return locked, (
        f'<manifest:file-entry manifest:full-path="{name}"><manifest:encryption-data '
        f'manifest:checksum-type="{digest_name}" manifest:checksum="{_base64(digest)}">'
        f'<manifest:algorithm manifest:algorithm-name="{algorithm}" '
        f'manifest:initialisation-vector="{_base64(vector)}"/>'
        f'<manifest:key-derivation manifest:key-derivation-name="PBKDF2" manifest:key-size="{key_bytes}" '
        f'manifest:iteration-count="1000" manifest:salt="{_base64(salt)}"/><manifest:start-key-generation '
        f'manifest:start-key-generation-name="{start_name}"/></manifest:encryption-data></manifest:file-entry>'
    )


def _whole_odf(plain: bytes, password: str) -> tuple[bytes, str]:
    start, salt, vector = hashlib.sha256(password.encode()).digest(), b"s" * 16, b"v" * 12
    key = Argon2id(salt=salt, length=32, iterations=2, lanes=4, memory_cost=1024).derive(start)
    locked = vector + AESGCM(key).encrypt(vector, plain, None)
    return locked, (
        '<manifest:file-entry manifest:full-path="encrypted-package"><manifest:encryption-data><manifest:algorithm '
        'manifest:algorithm-name="http://www.w3.org/2009/xmlenc11#aes256-gcm" '
        f'manifest:initialisation-vector="{_base64(vector)}"/><manifest:key-derivation '
        'manifest:key-derivation-name="urn:org:documentfoundation:names:experimental:office:manifest:argon2id" '
        f'manifest:key-size="32" loext:argon2-iterations="2" loext:argon2-memory="1024" loext:argon2-lanes="4" '
        f'manifest:salt="{_base64(salt)}"/><manifest:start-key-generation manifest:start-key-generation-name='
        '"http://www.w3.org/2001/04/xmlenc#sha256"/></manifest:encryption-data></manifest:file-entry>'
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
