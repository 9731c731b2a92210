"""Given documents that refer to pictures, templates and entities elsewhere, nothing connects to where they are.

The readers run here without isolation, which would hold back what they try (``test_isolation``).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenderlake.documents import PrepareLimits, PrepareOptions, Rejection
from tenderlake.intake import prepare_document
from tests.books import epub, fb2, xps
from tests.officefiles import docx, odf, paragraph, xlsx, zipped
from tests.pdfs import RUSSIAN, digital_pdf

pytestmark = pytest.mark.integration

TEXT = "Заказчик закупает кабель."


class Listener:
    """Counts who connects."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/found"
        self.count = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.count += 1
            connection.close()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    opened = Listener()
    yield opened
    opened.close()


def entities(url: str) -> str:
    """A document type that loads its definitions, and an entity, from elsewhere."""
    return f'<!DOCTYPE a SYSTEM "{url}/a.dtd" [<!ENTITY % more SYSTEM "{url}/more"> %more; <!ENTITY x SYSTEM "{url}">]>'


def html(url: str) -> bytes:
    return (
        f'<html><head><base href="{url}/"><link rel=stylesheet href="{url}/a.css"><script src="{url}/a.js"></script>'
        f'<meta http-equiv=refresh content="0;url={url}"></head><body background="{url}/b.png"><p>{TEXT}</p>'
        f'<img src="{url}/a.png"><iframe src="{url}"></iframe><object data="{url}"></object></body></html>'
    ).encode()


def word(url: str) -> bytes:
    picture = (
        '<w:p><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" r:link="r1"/>'
        "</w:drawing></w:r></w:p>"
    )
    settings = f'<w:settings xmlns:w="urn:w"><w:attachedTemplate r:id="r2" xmlns:r="urn:r">{url}</w:attachedTemplate>'
    return docx(
        paragraph(TEXT) + picture,
        relations={"r1": ("image", f"{url}/a.png"), "r2": ("attachedTemplate", f"{url}/a.dotm")},
        parts={"word/settings.xml": settings + "</w:settings>"},
    )


def word_with_entities(url: str) -> bytes:
    body = f"<w:document xmlns:w='urn:w'><w:body>{paragraph('&x;')}</w:body></w:document>"
    return docx(paragraph(TEXT), parts={"word/document.xml": entities(url) + body})


def workbook(url: str) -> bytes:
    return xlsx(
        {"Лист": f"<sheetData><row r='1'><c r='A1' t='str'><f>WEBSERVICE(\"{url}\")</f><v>1</v></c></row></sheetData>"}
    )


def writer(url: str) -> bytes:
    picture = (
        f'<draw:frame><draw:image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{url}/a.png"/></draw:frame>'
    )
    return odf("text", f"<office:text><text:p>{TEXT}{picture}</text:p></office:text>")


def drawing(url: str) -> bytes:
    """For LibreOffice, where that is installed: it is what opens this one."""
    names = {"office": "office", "text": "text", "draw": "drawing", "svg": "svg-compatible"}
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"' for name, urn in names.items()
    )
    frame = '<draw:frame svg:width="5cm" svg:height="5cm" svg:x="2cm" svg:y="2cm">'
    picture = f'{frame}<draw:image xlink:href="{url}/a.png" xlink:type="simple" xlink:actuate="onLoad"/></draw:frame>'
    words = f"{frame}<draw:text-box><text:p>{TEXT}</text:p></draw:text-box></draw:frame>"
    kind = "application/vnd.oasis.opendocument.graphics"
    manifest = 'xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    entry = '<m:file-entry m:full-path="{}" m:media-type="{}"/>'
    return zipped(
        {
            "mimetype": kind,
            "content.xml": f'<office:document-content {namespaces} xmlns:xlink="http://www.w3.org/1999/xlink">'
            f'<office:body><office:drawing><draw:page draw:name="p">{words}{picture}</draw:page></office:drawing>'
            "</office:body></office:document-content>",
            "META-INF/manifest.xml": f"<m:manifest {manifest}>"
            f"{entry.format('/', kind)}{entry.format('content.xml', 'text/xml')}</m:manifest>",
        }
    )


def rtf(url: str) -> bytes:
    field = r"{\field{\*\fldinst INCLUDEPICTURE " + url + r"}{\fldrslt x}}{\*\template " + url + "}"
    return (r"{\rtf1\ansi text " + field + "}").encode()


def mail(url: str) -> bytes:
    return (
        "From: a@b.ru\r\nTo: c@d.ru\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        f'<img src="{url}">text\r\n--b\r\nContent-Type: message/external-body; access-type=url; URL="{url}"\r\n\r\n'
        "Content-Type: text/plain\r\n\r\n--b--\r\n"
    ).encode()


def pdf(url: str) -> bytes:
    """A picture whose bytes are elsewhere, and actions that open addresses."""
    with digital_pdf([RUSSIAN]) as document:
        picture = document.get_new_xref()
        document.update_object(
            picture, "<</Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8/ColorSpace/DeviceGray>>"
        )
        document.update_stream(picture, b"")
        document.xref_set_key(picture, "F", f"<</FS/URL/F({url})>>")
        kind, resources = document.xref_get_key(document[0].xref, "Resources")
        assert kind == "xref"
        document.xref_set_key(int(resources.split()[0]), "XObject", f"<</P {picture} 0 R>>")
        document.xref_set_key(document.pdf_catalog(), "OpenAction", f"<</S/URI/URI({url})>>")
        document.xref_set_key(document[0].xref, "AA", f"<</O<</S/SubmitForm/F({url})>>>>")
        contents = document.get_new_xref()
        document.update_object(contents, "<<>>")
        document.update_stream(contents, b"q 99 0 0 99 0 0 cm /P Do Q")
        document.xref_set_key(document[0].xref, "Contents", f"[{contents} 0 R {document[0].get_contents()[0]} 0 R]")
        data: bytes = document.tobytes()
    return data


def xml(url: str) -> bytes:
    return f'<?xml version="1.0"?>{entities(url)}<a>{TEXT}&x;</a>'.encode()


def xps_with_picture(url: str) -> bytes:
    brush = f'<ImageBrush ImageSource="{url}/a.png" Viewbox="0,0,9,9" Viewport="0,0,9,9"/>'
    page = (
        '<FixedPage xmlns="http://schemas.microsoft.com/xps/2005/06" Width="99" Height="99">'
        f'<Path Data="M 0,0 L 9,0 9,9 Z"><Path.Fill>{brush}</Path.Fill></Path></FixedPage>'
    )
    return xps([[TEXT]], replaced={"0.fpage": page})


DOCUMENTS: dict[str, Callable[[str], bytes]] = {
    "HTML": html,
    "DOCX": word,
    "DOCX with entities": word_with_entities,
    "XLSX": workbook,
    "ODT": writer,
    "ODG": drawing,
    "RTF": rtf,
    "EML": mail,
    "PDF": pdf,
    "XML": xml,
    "SVG": lambda url: f'<svg><image href="{url}"/><text>{TEXT}</text></svg>'.encode(),
    "FB2": lambda url: fb2(f'<section><p>{TEXT}</p><image l:href="{url}/a.png"/></section>'),
    "FB2 with entities": lambda url: fb2("<p>&x;</p>").replace(b"<Fiction", f"{entities(url)}<Fiction".encode(), 1),
    "EPUB": lambda url: epub([f'<p>{TEXT}</p><img src="{url}/a.png"/>'], parts={"META-INF/encryption.xml": xml(url)}),
    "XPS": xps_with_picture,
    "ZIP": lambda url: zipped({"a.url": f"[InternetShortcut]\nURL={url}\n"}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_connects_to_what_a_document_names(listener: Listener, tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(DOCUMENTS[name](listener.url))
    outcome = prepare_document(
        source, tmp_path / "out", document_id="d0c", options=PrepareOptions(dpi=72), limits=PrepareLimits(timeout_s=60)
    )
    assert listener.count == 0
    if name != "ODG":  # read where LibreOffice is installed
        assert isinstance(outcome, Rejection) == (name == "XML" or "entities" in name), outcome


def test_the_listener_counts(listener: Listener) -> None:
    host, port = listener.url.removeprefix("http://").removesuffix("/found").split(":")
    with socket.create_connection((host, int(port))) as connection:
        assert connection.recv(1) == b""
    assert listener.count == 1
