"""Makes the parts of a DOCX package of a Word 2003 XML document (``w:wordDocument``, WordprocessingML 2003).

Both have the same body of paragraphs, runs and tables; lists, notes, pictures, headers and tracked changes are written
in other ways, and the elements of section and revision wrappers in other namespaces ("Overview of WordprocessingML",
Microsoft, 2003). The names of elements count for the reader, not their namespaces.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import cast

from lxml import etree

from tenderlake.intake.office.doclists import NUMBER_FORMATS
from tenderlake.intake.office.package import Element, attribute, child, children, descendants, local, number

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN_TYPE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_NAMES = {
    "sect": "sdt",
    "sub-section": "sdt",
    "hlink": "hyperlink",
    "vmerge": "vMerge",
    "listPr": "numPr",
    "ilfo": "numId",
    "listDef": "abstractNum",
    "list": "num",
    "ilst": "abstractNumId",
    "nfc": "numFmt",
    "content": "sdt",
}
_DELETED = frozenset({"Word.Deletion", "Word.Comment"})


def parts_of_word_xml(root: Element) -> dict[str, bytes]:
    """The parts by their names."""
    return _Converter(root).parts()


class _Converter:
    def __init__(self, root: Element) -> None:
        self._root = root
        self._parts: dict[str, bytes] = {}
        self._relations: list[str] = []

    def parts(self) -> dict[str, bytes]:
        self._leave_out_deleted()
        self._name_lists()
        self._take_pictures()
        self._take_margins()
        for kind in ("footnote", "endnote"):
            self._take_notes(kind)
        self._rename()
        for kind in ("styles", "numbering"):
            found = child(self._root, "lists" if kind == "numbering" else kind)
            if found is not None:
                self._add_part(kind, kind, found)
        body = child(self._root, "body")
        document = etree.Element("document")
        if body is not None:
            document.append(body)
        relations = f"<Relationships>{''.join(self._relations)}</Relationships>"
        return {
            "[Content_Types].xml": b'<Types><Override ContentType="' + _MAIN_TYPE + b'"/></Types>',
            "word/document.xml": _text(document),
            "word/_rels/document.xml.rels": relations.encode(),
            **self._parts,
        }

    def _add_part(self, kind: str, name: str, root: Element) -> str:
        self._parts[f"word/{name}.xml"] = _text(root)
        return self._relate(kind, f"{name}.xml")

    def _relate(self, kind: str, target: str) -> str:
        identity = f"r{len(self._relations)}"
        self._relations.append(f'<Relationship Id="{identity}" Type="{_RELATIONS}/{kind}" Target="{target}"/>')
        return identity

    def _leave_out_deleted(self) -> None:
        for annotation in list(descendants(self._root, "annotation")):
            parent = annotation.getparent()
            content = child(annotation, "content")
            if parent is None:
                continue
            if attribute(annotation, "type") not in _DELETED and content is not None:
                for inner in list(content):
                    annotation.addprevious(inner)
            parent.remove(annotation)

    def _name_lists(self) -> None:
        for found in descendants(self._root, "listDef"):
            found.set("abstractNumId", attribute(found, "listDefId"))
        for found in descendants(child(self._root, "lists"), "list"):
            found.set("numId", attribute(found, "ilfo"))
        for found in descendants(self._root, "nfc"):
            _set_value(found, NUMBER_FORMATS.get(number(attribute(found, "val")), "decimal"))

    def _take_pictures(self) -> None:
        """Pictures lie in the text as base64; those shown again have only the name."""
        names: dict[str, str] = {}
        for data in descendants(self._root, "binData"):
            try:
                content = base64.b64decode(data.text or "")
            except (binascii.Error, ValueError):
                continue
            name = f"media/{len(names) + 1}"
            self._parts[f"word/{name}"] = content
            names[attribute(data, "name")] = self._relate("image", name)
            data.text = None
        for image in descendants(self._root, "imagedata"):
            if (identity := names.get(attribute(image, "src"))) is not None:
                image.set(f"{{{_RELATIONS}}}id", identity)

    def _take_notes(self, kind: str) -> None:
        part = etree.Element(f"{kind}s")
        for note in list(descendants(child(self._root, "body"), kind)):
            reference = etree.Element(f"{kind}Reference", id=str(len(part)))
            note.addprevious(reference)
            note.tail = None
            note.set("id", str(len(part)))
            part.append(note)
        if len(part):
            self._add_part(f"{kind}s", f"{kind}s", part)

    def _take_margins(self) -> None:
        for section in list(descendants(self._root, "sectPr")):
            for margin in _margins(section):
                kind = "header" if local(margin) == "hdr" else "footer"
                section.remove(margin)
                identity = self._add_part(kind, f"{kind}{len(self._relations)}", margin)
                section.append(etree.Element(f"{kind}Reference", id=identity))

    def _rename(self) -> None:
        for element in self._root.iter():
            if isinstance(element.tag, str) and (name := _NAMES.get(local(element))) is not None:
                element.tag = name


def _margins(section: Element) -> Iterator[Element]:
    yield from [*children(section, "hdr"), *children(section, "ftr")]


def _set_value(element: Element, value: str) -> None:
    for key in element.attrib:
        if key.rpartition("}")[2] == "val":
            element.attrib[key] = value


def _text(element: Element) -> bytes:
    return cast(bytes, etree.tostring(element, with_tail=False))
