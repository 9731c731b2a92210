"""Reads electronic books, EPUB and FB2, as the web pages that they are or resemble; nothing is fetched."""

from __future__ import annotations

import base64
import binascii
import io
import posixpath
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from lxml import html

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import PrepareLimits
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.package import (
    Element,
    OfficePackage,
    attribute,
    child,
    children,
    corrupt,
    descendants,
    local,
    parse_xml,
)
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.plaintext import source_bytes
from tenderlake.intake.webpage import add_page, parse_html
from tenderlake.states import SourceState

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGE_TYPES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_TAGS: Mapping[str, str] = {
    "p": "p",
    "v": "p",
    "text-author": "p",
    "date": "p",
    "subtitle": "h6",
    "section": "section",
    "epigraph": "blockquote",
    "cite": "blockquote",
    "annotation": "section",
    "poem": "div",
    "stanza": "div",
    "table": "table",
    "tr": "tr",
    "td": "td",
    "th": "th",
    "code": "span",
}
"""What an element of FB2 is in HTML; all others are inline (http://www.fictionbook.org, FictionBook2.1.xsd)."""
_NOTES = frozenset({"notes", "comments", "footnotes"})


def read_epub(package: OfficePackage, limits: PrepareLimits) -> Flow:
    """Read an EPUB: its pages in the order of its spine (EPUB 3.3, 5.7), each on a page of its own.

    Raises:
        RejectedError: It is damaged, or its pages are encrypted.
    """
    root_file = next(descendants(package.xml(_CONTAINER), "rootfile"), None)
    if root_file is None:
        raise corrupt("its container names no book")
    name = root_file.get("full-path") or ""
    book = package.xml(name)
    items = {item.get("id"): item for item in children(child(book, "manifest"), "item")}
    spine = [entry.get("idref") for entry in children(child(book, "spine"), "itemref")]
    folder = posixpath.dirname(name)
    read = [items[entry] for entry in spine if entry in items and items[entry].get("media-type") in _PAGE_TYPES]
    pages = list(dict.fromkeys(_within(folder, item.get("href")) for item in read))
    _refuse_encrypted(package, pages)
    flow = Flow(limits)
    for title in list(descendants(child(book, "metadata"), "title"))[:1]:
        flow.text(" ".join("".join(title.itertext()).split()), BlockLabel.TITLE, 1)
    for number, page in enumerate(pages):
        if page not in package:
            flow.lost.append(page)
            continue
        if number and not flow.page_is_empty:
            flow.end_page()
        add_page(flow, parse_html(package.read(page)), _PackagePictures(package, posixpath.dirname(page)).find)
    return flow


def _within(folder: str, reference: str | None) -> str:
    """The part that a reference within the book means."""
    return posixpath.normpath(posixpath.join(folder, unquote((reference or "").partition("#")[0]))).lstrip("/")


def _refuse_encrypted(package: OfficePackage, pages: list[str]) -> None:
    """Books may have their fonts scrambled, which harms nobody; with scrambled pages there is nothing to read."""
    encryption = package.optional_xml(_ENCRYPTION)
    scrambled = {unquote(attribute(found, "URI")) for found in descendants(encryption, "CipherReference")}
    if scrambled.intersection(pages):
        raise RejectedError(
            SourceState.QUARANTINED_ENCRYPTED, "the pages of the book are encrypted (digital rights management)"
        )


class _PackagePictures:
    """The pictures of a page of the book."""

    def __init__(self, package: OfficePackage, folder: str) -> None:
        self._package, self._folder = package, folder

    def find(self, address: str) -> bytes | None:
        """The bytes of a picture in the book; None for one that is somewhere else."""
        return None if "://" in address else self._package.optional_read(_within(self._folder, address))


def read_fb2(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read an FB2 book: title, authors, annotation, then its bodies; raises :class:`RejectedError`."""
    root = parse_xml(source_bytes(source), "FB2")
    flow = Flow(limits)
    info = child(root, "description", "title-info")
    if (title := child(info, "book-title")) is not None:
        flow.text(_words(title), BlockLabel.TITLE, 1)
    for author in children(info, "author"):
        flow.text(
            " ".join(_words(part) for part in author if local(part) in ("first-name", "middle-name", "last-name"))
        )
    pictures = {found.get("id"): found for found in children(root, "binary")}
    page = html.Element("body")
    if (annotation := child(info, "annotation")) is not None:
        page.append(_as_html(annotation, 2))
    for body in children(root, "body"):
        page.append(_notes(body) if body.get("name") in _NOTES else _as_html(body, 1))

    def find(address: str) -> bytes | None:
        found = pictures.get(address.removeprefix("#"))
        try:
            return None if found is None else base64.b64decode(found.text or "")
        except (binascii.Error, ValueError):
            return None

    add_page(flow, page, find)
    return flow


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _as_html(element: Element, level: int) -> Element:
    """The same in HTML; ``level`` is that of the headings in it."""
    name = local(element)
    if name == "image":
        made = html.Element("img", src=attribute(element, "href"), alt=attribute(element, "alt"))
        made.tail = element.tail
        return made
    if name == "title":
        made = html.Element(f"h{min(level, 6)}")
        made.text = " ".join(_words(line) for line in element)
        return made
    made = html.Element({"body": "section", "empty-line": "br"}.get(name) or _TAGS.get(name, "span"))
    made.text, made.tail = element.text, element.tail
    for span in ("rowspan", "colspan"):
        if value := element.get(span):
            made.set(span, value)
    for inner in element:
        if isinstance(inner.tag, str):
            made.append(_as_html(inner, level + 1 if local(inner) == "section" else level))
    return made


def _notes(body: Element) -> Element:
    """Notes with their numbers before them: a number is no heading."""
    made = html.Element("section")
    for section in descendants(body, "section"):
        note = html.Element("p")
        note.text = " ".join(_words(part) for part in section)
        made.append(note)
    return made
