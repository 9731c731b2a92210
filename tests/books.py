"""Electronic books and XPS documents for tests, made part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

from tests.officefiles import zipped
from tests.pdfs import FONT

_XPS = "http://schemas.microsoft.com/xps/2005/06"


def epub(chapters: Sequence[str], *, parts: Mapping[str, bytes | str] | None = None) -> bytes:
    """An EPUB: each chapter is the inside of its ``body``; the spine turns the order of the manifest around."""
    names = [f"text/chapter {number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(
        f'<item id="c{number}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for number, name in reversed(list(enumerate(names)))
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(names)))
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>Регламент закупок</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {
        f"OEBPS/{name}": (
            '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title>Регламент закупок</title></head><body>{chapter}</body></html>"
        )
        for name, chapter in zip(names, chapters, strict=True)
    }
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/book.opf": book,
            **pages,
            **(parts or {}),
        }
    )


def fb2(body: str, *, rest: str = "", encoding: str = "utf-8") -> bytes:
    """An FB2 book with this inside of its body; ``rest`` follows the body."""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<!-- made in a test -->\n'
        '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">'
        "<description><title-info><author><first-name>Иван</first-name><last-name>Петров</last-name></author>"
        "<book-title>Памятка заказчику</book-title><annotation><p>О закупках.</p></annotation></title-info>"
        f"</description><body>{body}</body>{rest}</FictionBook>"
    )
    return text.encode(encoding)


def xps(pages: Sequence[Sequence[str]], *, replaced: Mapping[str, str] | None = None) -> bytes:
    """An XPS document of A4 pages with these lines (ECMA-388; lengths are 1/96 inch); ``replaced``: other parts."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r" Type="{_XPS}/fixedrepresentation" Target="/all.fdseq"/></Relationships>'
        ),
        "all.fdseq": f'<FixedDocumentSequence xmlns="{_XPS}"><DocumentReference Source="/one.fdoc"/>'
        "</FixedDocumentSequence>",
        "one.fdoc": f'<FixedDocument xmlns="{_XPS}">'
        + "".join(f'<PageContent Source="/{number}.fpage"/>' for number in range(len(pages)))
        + "</FixedDocument>",
        "font.ttf": FONT.buffer,
    }
    for number, lines in enumerate(pages):
        glyphs = "".join(
            f'<Glyphs FontUri="/font.ttf" FontRenderingEmSize="15" Fill="#ff000000" OriginX="80" '
            f'OriginY="{100 + 20 * place}" UnicodeString={quoteattr(line)}/>'
            for place, line in enumerate(lines)
        )
        parts[f"{number}.fpage"] = f'<FixedPage xmlns="{_XPS}" Width="794" Height="1123">{glyphs}</FixedPage>'
    return zipped(parts | dict(replaced or {}))
