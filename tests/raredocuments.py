"""Small documents in forms that come less often: flat and locked office files, mail in odd encodings, rarer codecs."""

from __future__ import annotations

import base64
import bz2
import io
import lzma
import quopri
import re
import struct
import zipfile
from email.message import EmailMessage

import olefile
import py7zr
import xlwt
from PIL import Image

from tests.archives import rar5_of
from tests.encryptedxls import encrypted_xls
from tests.officefiles import docx, docx_with_objects, encrypted_odf, odf, ole, outlook, paragraph, scan, xlsx
from tests.pdfs import RUSSIAN, file_of, photograph, printed
from tests.tneffiles import BINARY, LONG, MESSAGE_INTERFACE, NARROW, OBJECT, TIME, WIDE, attachment, tnef

PASSWORD = "secret"
"""Of all that are locked here."""
Made = tuple[str, str, bytes]
"""Name, how it is damaged (:data:`tests.mutations.BY_FORMAT`), bytes."""


def _flat_odt(plain: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        content = package.read("content.xml").decode()
    kind = 'office:mimetype="application/vnd.oasis.opendocument.text"'
    picture = base64.b64encode(scan(40, 30)).decode()
    frame = (
        f"<text:p><draw:frame><draw:image><office:binary-data>{picture}</office:binary-data></draw:image></draw:frame>"
    )
    content = content.replace("</office:text>", f"{frame}</text:p></office:text>")
    content = content.replace("office:document-content>", "office:document>")
    return content.replace("<office:document-content", f'<?xml version="1.0"?><office:document {kind}', 1).encode()


def _flat_docx(plain: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        parts = {name: package.read(name).decode() for name in package.namelist()}
    kinds = dict(re.findall(r'PartName="/(.*?)" ContentType="(.*?)"', parts.pop("[Content_Types].xml")))
    flat = "".join(
        f'<pkg:part pkg:name="/{name}" pkg:contentType="{kinds.get(name, "application/xml")}"><pkg:xmlData>{text}'
        "</pkg:xmlData></pkg:part>"
        for name, text in parts.items()
    )
    package_space = "http://schemas.microsoft.com/office/2006/xmlPackage"
    return f'<?xml version="1.0"?><pkg:package xmlns:pkg="{package_space}">{flat}</pkg:package>'.encode()


def _locked_xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Смета")
    for row in range(30):
        sheet.write(row, 0, RUSSIAN[row % 8])
        sheet.write(row, 1, row * 12.5)
    buffer = io.BytesIO()
    book.save(buffer)
    with olefile.OleFileIO(buffer) as plain:
        return encrypted_xls(plain.openstream("Workbook").read(), PASSWORD)


def _emf() -> bytes:
    """A metafile that is one bitmap."""
    buffer = io.BytesIO()
    Image.new("L", (450, 400), 255).save(buffer, "BMP")
    dib = buffer.getvalue()[14:]
    facts = struct.pack("<4I", 80, 1064, 1144, len(dib) - 1064)
    record = b"\0" * 40 + facts + b"\0" * 16 + dib
    header = struct.pack("<II", 1, 88) + b"\0" * 16 + struct.pack("<4i", 0, 0, 10_000, 8_000) + b" EMF" + b"\0" * 44
    return header + struct.pack("<II", 0x51, 8 + len(record)) + record + struct.pack("<5I", 14, 20, 0, 0, 20)


def _docx_with_metafile() -> bytes:
    drawn = '<w:p><w:r><w:drawing><a:blip xmlns:a="x" r:embed="p"/></w:drawing></w:r></w:p>'
    parts = {"word/media/a.emf": _emf()}
    return docx(paragraph(RUSSIAN[0]) + drawn, parts=parts, relations={"p": ("image", "media/a.emf")})


def _rtf() -> bytes:
    text = "".join(f"\\'{byte:02x}" for byte in RUSSIAN[0].encode("cp1251")).encode()
    rows = b"".join(
        b"\\trowd\\clvmgf\\cellx%d\\clmrg\\cellx9000\\intbl 1\\cell 2\\cell\\row" % (900 * n) for n in range(1, 5)
    )
    picture = b"{\\*\\shppict{\\pict\\emfblip\\picwgoal5000\\pichgoal4000 " + _emf()[:3000].hex().encode() + b"}}"
    return (
        b"{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0\\fcharset204 A;}{\\f1\\fcharset238 B;}}{\\*\\listtable{\\list}}"
        b"{\\header " + text + b"}\\pard\\f0 " + text + b"\\par{\\listtext 1.\\tab}\\u1062\\'d6\\uc2\\u8470No"
        b"{\\field{\\*\\fldinst HYPERLINK}{\\fldrslt x}}\\par"
        + rows
        + b"{\\object{\\*\\objdata 0105}}"
        + picture
        + b"}"
    )


def office_files() -> tuple[Made, ...]:
    """Flat XML, files with a password, pictures in metafiles, objects."""
    body = f"<office:text><text:h text:outline-level='1'>Задание</text:h><text:p>{RUSSIAN[0]}</text:p></office:text>"
    plain = odf("text", body)
    return (
        ("fodt", "text", _flat_odt(plain)),
        ("flat docx", "text", _flat_docx(docx("".join(map(paragraph, RUSSIAN[:2]))))),
        ("odt with a password", "package", encrypted_odf(plain, PASSWORD, form="aes")),
        ("odt locked as a whole", "package", encrypted_odf(plain, PASSWORD, form="whole")),
        ("xls with a password", "binary", _locked_xls()),
        ("docx with a metafile", "package", _docx_with_metafile()),
        ("docx with objects", "package", docx_with_objects({"a.xlsx": xlsx({"Смета": "<sheetData/>"}), "b.bin": b"x"})),
        ("rtf in full", "text", _rtf()),
    )


def _eml(*, charset: str, transfer: str) -> bytes:
    text, name = "\r\n".join(RUSSIAN[:3]).encode(charset), charset.encode()
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}[transfer](text)
    return (
        b"Received: from a by b\r\nFrom: " + "Отдел".encode(charset) + b" <a@example.org>\r\n"
        b"Subject: =?" + name + b"?B?" + base64.b64encode("Запрос".encode(charset)) + b"?=\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n"
        b"Content-Type: text/plain; charset=" + name + b"\r\nContent-Transfer-Encoding: " + transfer.encode()
        + b"\r\n\r\n" + coded + b"\r\n--=_b\r\nContent-Type: application/octet-stream; name*0*=utf-8''%D0%A1;\r\n"
        b" name*1=.txt\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n--=_b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: b@example.org\r\nSubject: inner\r\n\r\ntext\r\n--=_b--\r\n"
    )  # fmt: skip


def _web_archive() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "<Saved by a browser>", "Закупка"
    mail.set_content(f"<html><body><h1>Закупка</h1><p>{RUSSIAN[0]}<img src='a.png'></body></html>", subtype="html")
    mail.add_related(scan(500, 400), maintype="image", subtype="png", headers=["Content-Location: http://a/a.png"])
    mail.set_boundary("boundary")
    return mail.as_bytes()


def _compressed_rtf() -> bytes:
    """Rich text as Outlook packs it: letters, then a reference to some of them ([MS-OXRTFCP] 2.1.3)."""
    packed = b"\x00{\\rtf1 a\x80bcdefgh\x0d\x05}\x01"
    return struct.pack("<IIII", 12 + len(packed), 60, 0x75465A4C, 0) + packed


def letters_and_texts() -> tuple[Made, ...]:
    """Mail of old programs, messages within messages, web pages and tables in other encodings."""
    inner = outlook({"0037": "Ответ", "1000": RUSSIAN[0]}, header_bytes=24)
    held = {"__properties_version1.0": b"\0" * 8, "__substg1.0_3701000D": inner}
    message = outlook({"0037": "Запрос", "3001": "a"}, attachments=[held])
    page = {
        "__substg1.0_10130102": "<p>Цена <b>100</b></p>".encode("cp1251"),
        "__substg1.0_10090102": _compressed_rtf(),
    }
    wrapped = tnef({(0x1000, WIDE): "Во вложении.".encode("utf-16-le")}, [attachment(b"a.pdf", b"%PDF-")])
    full = tnef(
        {
            (0x8005, WIDE): "Отдел".encode("utf-16-le"),
            (0x0C1A, NARROW): "Иванов".encode("cp1251") + b"\0",
            (0x0039, TIME): 134_100_000_000_000_000,
            (0x0017, LONG): 1,
            (0x0E79, 0xFB): b"\1" * 21,
            (0x1009, BINARY): _compressed_rtf(),
        },
        [
            attachment("Смета.xls".encode("cp1251"), b"data", {(0x3707, WIDE): "Смета.xls".encode("utf-16-le")}),
            attachment(b"", b"", {(0x3701, OBJECT): MESSAGE_INTERFACE + wrapped, (0x3001, WIDE): b"a\0"}),
        ],
        subject="Запрос".encode("cp1251"),
    )
    web = f"<html><head><title>Закупка</title></head><body><p>{RUSSIAN[0]}<table><tr><td>1<td>2</table></body></html>"
    table = "\r\n".join(["№\tТовар\tЦена", *(f"{n}\tКабель\t{n},50" for n in range(1, 9))])
    return (
        ("eml of cp1251", "text", _eml(charset="windows-1251", transfer="8bit")),
        ("eml of koi8-r", "text", _eml(charset="koi8-r", transfer="quoted-printable")),
        ("eml of utf-16", "text", _eml(charset="utf-16-le", transfer="base64")),
        ("mht", "text", _web_archive()),
        ("msg in a msg", "binary", ole(message)),
        ("msg of a page", "binary", ole({**outlook({"0037": "Запрос"}), **page})),
        ("winmail.dat in full", "tnef", full),
        ("html of utf-16", "text", web.encode("utf-16")),
        ("html of koi8-r", "text", web.encode("koi8-r")),
        ("csv of utf-16", "text", table.encode("utf-16")),
        ("csv of cp866", "text", table.replace("№", "N").encode("cp866")),
        ("vcard", "text", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Иванов\r\nTEL:1\r\nEND:VCARD\r\n".encode()),
    )


def pictures() -> tuple[Made, ...]:
    """Codecs of TIFF and kinds of PNG and JPEG 2000 that scanners seldom write."""
    grey, colours = printed(RUSSIAN[:2], dpi=40, size_pt=(300, 200)), photograph((120, 90))
    levels = grey.convert("1")
    frames = {"save_all": True, "append_images": [levels.rotate(90, expand=True), levels]}
    return (
        ("tiff packbits", "tiff", file_of(grey, "TIFF", compression="packbits")),
        ("tiff of runs", "tiff", file_of(levels, "TIFF", compression="tiff_ccitt")),
        ("tiff of faxes", "tiff", file_of(levels, "TIFF", compression="group4", **frames)),
        ("tiff cmyk", "tiff", file_of(colours.convert("CMYK"), "TIFF", compression="tiff_lzw")),
        ("tiff of 16 bits", "tiff", file_of(grey.convert("I;16"), "TIFF")),
        ("big tiff", "tiff", file_of(colours, "TIFF", big_tiff=True)),
        ("png of 16 bits", "png", file_of(grey.convert("I;16"), "PNG")),
        ("png of two levels", "png", file_of(levels, "PNG")),
        ("jpeg cmyk", "jpeg", file_of(colours.convert("CMYK"))),
        ("jpeg 2000 without loss", "picture", file_of(colours, "JPEG2000", irreversible=False, no_jp2=True)),
        ("webp frames", "picture", file_of(colours, "WEBP", save_all=True, append_images=[colours.rotate(180)])),
        ("bmp of runs", "picture", _bmp_of_runs()),
    )


def _bmp_of_runs() -> bytes:
    rows = b"".join(bytes((60, 0 if row % 2 else 1, 0, 0)) for row in range(40)) + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, 60, 40, 1, 8, 1, len(rows), 0, 0, 2, 0) + b"\0\0\0\0\xff\xff\xff\0"
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(rows), 0, 0, 14 + len(head)) + head + rows


def archives() -> tuple[Made, ...]:
    """Other ways to pack: RAR 5, 7-Zip and ZIP with other codecs, bare compressed files."""
    members = {"Лот 1/Задание.txt": "\n".join(RUSSIAN).encode(), "scan.png": scan(60, 40), "empty": b""}
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w", filters=[{"id": py7zr.FILTER_BZIP2}]) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as whole:
        for (name, data), method in zip(members.items(), (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, 0), strict=True):
            whole.writestr(name, data, method)
    return (
        ("rar 5", "binary", rar5_of(members, {})),
        ("rar 5 with a password", "binary", rar5_of(members, dict.fromkeys(members, PASSWORD))),
        ("7z of bzip2", "binary", packed.getvalue()),
        ("zip of other codecs", "zip", zipped.getvalue()),
        ("bz2", "compressed", bz2.compress(members["Лот 1/Задание.txt"])),
        ("xz", "compressed", lzma.compress(members["Лот 1/Задание.txt"])),
    )
