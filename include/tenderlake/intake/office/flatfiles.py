"""Office files that are one XML file instead of a package: made into the package that they stand for, in memory.

Flat OpenDocument (ISO 26300-1, 3.1.2: ``office:document``), Flat OPC (Office's ``pkg:package``) and Word 2003 XML.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from lxml import etree

from tenderlake.intake.office.package import Element, attribute, child, children, corrupt, descendants, local, parse_xml
from tenderlake.intake.office.wordxml import parts_of_word_xml
from tenderlake.intake.plaintext import source_bytes

_XLINK = "{http://www.w3.org/1999/xlink}href"


def package_of(source: Path | io.BytesIO) -> io.BytesIO:
    """The package that a flat file stands for; raises :class:`RejectedError` where it is damaged."""
    root = parse_xml(source_bytes(source), "the whole document", is_huge=True)
    makers = {"document": _of_odf, "package": _of_opc, "wordDocument": parts_of_word_xml}
    maker = makers.get(local(root))
    if maker is None:
        raise corrupt("it is no document of an office program")
    return _zipped(maker(root))


def _zipped(parts: Mapping[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    buffer.seek(0)
    return buffer


def _of_odf(root: Element) -> dict[str, bytes]:
    """Pictures and embedded files as parts of their own; styles and content may stay together."""
    parts = {"mimetype": attribute(root, "mimetype").encode("ascii", "replace")}
    for image in descendants(root, "image", "object-ole"):
        data = child(image, "binary-data")
        if data is not None:
            name = f"Object {len(parts)}" if local(image) == "object-ole" else f"Pictures/{len(parts)}"
            parts[name] = _binary(data)
            image.set(_XLINK, name)
            image.remove(data)
    parts["content.xml"] = cast(bytes, etree.tostring(root))
    return parts


def _of_opc(root: Element) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    types: list[str] = []
    for part in children(root, "part"):
        name = attribute(part, "name").lstrip("/")
        content, data = child(part, "xmlData"), child(part, "binaryData")
        if content is not None and len(content):
            parts[name] = cast(bytes, etree.tostring(content[0], with_tail=False))
        elif data is not None:
            parts[name] = _binary(data)
        else:
            continue
        override = etree.Element("Override", PartName=f"/{name}", ContentType=attribute(part, "contentType"))
        types.append(etree.tostring(override, encoding="unicode"))
    parts["[Content_Types].xml"] = f"<Types>{''.join(types)}</Types>".encode()
    return parts


def _binary(element: Element) -> bytes:
    try:
        return base64.b64decode(element.text or "")
    except (binascii.Error, ValueError):
        return b""  # no picture: the reader leaves it out
