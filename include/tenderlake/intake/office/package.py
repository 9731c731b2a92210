"""The parts of OOXML and OpenDocument files: ZIP packages of XML, read within limits and without anything external."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from tenderlake.documents import PrepareLimits
from tenderlake.intake.outcome import RejectedError, is_disk_trouble, one_line
from tenderlake.states import SourceState

Element = Any
"""An element of lxml, which has no type hints."""

_CHUNK_BYTES = 1 << 20
_RATIO_COUNTS_FROM_BYTES = 64 << 20
_READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError, KeyError)


def corrupt(error: object) -> RejectedError:
    """The rejection of a document that is damaged."""
    return RejectedError(SourceState.QUARANTINED_CORRUPT, f"the document is damaged: {one_line(error)}")


class OfficePackage:
    """A package; parts are named as in the ZIP directory, without a slash before.

    Args:
        source: The file, or its decrypted bytes.
        limits: Of bytes and of the ratio; a part that is only named costs nothing.
    """

    def __init__(self, source: Path | io.BytesIO, limits: PrepareLimits) -> None:
        self._limits = limits
        self._read_bytes = 0
        self._kept: dict[str, bytes | None] = {}
        self.lost: list[str] = []
        """What the document was read without, though it has it or refers to it."""
        try:
            self._size_bytes = source.stat().st_size if isinstance(source, Path) else source.getbuffer().nbytes
            self._zip = zipfile.ZipFile(source)
        except _READ_ERRORS as error:
            raise corrupt(one_line(error)) from error
        self._names = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in self._zip.infolist()}

    def __enter__(self) -> OfficePackage:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    @property
    def names(self) -> list[str]:
        """The names of all parts."""
        return [info.filename.replace("\\", "/").lstrip("/") for info in self._names.values()]

    def read(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            RejectedError: It is missing, damaged, or a bomb.
        """
        info = self._names.get(name.lower())
        if info is None:
            raise corrupt(f"its part {name} is missing")
        parts: list[bytes] = []
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    self._count(len(chunk))
                    parts.append(chunk)
        except _READ_ERRORS as error:
            raise corrupt(f"its part {name}: {one_line(error)}") from error
        except OSError as error:
            if is_disk_trouble(error):
                raise
            raise corrupt(f"its part {name}: {one_line(error)}") from error
        return b"".join(parts)

    def optional_read(self, name: str | None) -> bytes | None:
        """The bytes of a part that a document can be read without: None where it is missing or damaged.

        A picture that stands on every page is read, kept and counted once.
        """
        if name is None or name not in self:
            return None
        if name not in self._kept:
            try:
                self._kept[name] = self.read(name)
            except RejectedError as error:
                if error.rejection.state is not SourceState.QUARANTINED_CORRUPT:
                    raise
                self._kept[name] = None
                self.lost.append(name)
        return self._kept[name]

    def inflate(self, data: bytes, name: str) -> bytes:
        """Bytes deflated without a header, under the same limits; raises :class:`RejectedError`."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        parts: list[bytes] = []
        try:
            while data and not inflater.eof:
                parts.append(inflater.decompress(data, _CHUNK_BYTES))
                self._count(len(parts[-1]))
                data = inflater.unconsumed_tail
            parts.append(inflater.flush())
        except zlib.error as error:
            raise corrupt(f"its part {name}: {one_line(error)}") from error
        return b"".join(parts)

    def _count(self, size_bytes: int) -> None:
        self._read_bytes += size_bytes
        ratio = self._read_bytes / max(self._size_bytes, 1)
        is_bomb = self._read_bytes > _RATIO_COUNTS_FROM_BYTES and ratio > self._limits.max_unpack_ratio
        if is_bomb or self._read_bytes > self._limits.max_unpacked_bytes:
            raise RejectedError(
                SourceState.QUARANTINED_ARCHIVE_BOMB,
                "its parts unpack to more than TENDERLAKE_MAX_UNPACK_RATIO or TENDERLAKE_MAX_UNPACKED_BYTES allow",
            )

    def xml(self, name: str) -> Element:
        """The root element of a part; raises :class:`RejectedError`."""
        return parse_xml(self.read(name), name)

    def optional_xml(self, name: str | None) -> Element | None:
        """The root element of a part that a document can be read without: None where it is missing or damaged."""
        if name is None or name not in self:
            return None
        try:
            return self.xml(name)
        except RejectedError as error:
            if error.rejection.state is not SourceState.QUARANTINED_CORRUPT:
                raise
            self.lost.append(name)
            return None

    def elements(self, name: str, *tags: str) -> Iterator[Element]:
        """The elements of these local names in a large part, each freed after use; raises :class:`RejectedError`."""
        data = self.read(name)
        refuse_entities(data, name)
        events = etree.iterparse(
            io.BytesIO(data),
            tag=[f"{{*}}{tag}" for tag in tags],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        try:
            for _, element in events:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise corrupt(f"its part {name}: {one_line(error)}") from error

    def relations(self, part: str) -> Relations:
        """What a part refers to."""
        folder, _, name = part.rpartition("/")
        root = self.optional_xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        return Relations(folder, root)


class Relations:
    """The relationships of a part (ECMA-376 part 2, 9): what is outside of the package has no target."""

    def __init__(self, folder: str, root: Element | None) -> None:
        self._targets: dict[str, tuple[str, str]] = {}
        for entry in root if root is not None else ():
            if not isinstance(entry.tag, str) or entry.get("TargetMode") == "External":
                continue
            target = unquote(entry.get("Target") or "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            kind = (entry.get("Type") or "").rpartition("/")[2]
            self._targets[entry.get("Id") or ""] = (kind, path)

    def target(self, relation_id: str | None) -> str | None:
        """The part that an id means."""
        return self._targets[relation_id][1] if relation_id in self._targets else None

    def of_kind(self, kind: str) -> list[str]:
        """The parts of one kind, such as ``slide``, in the order of the file."""
        return [path for found, path in self._targets.values() if found == kind]

    def first(self, kind: str) -> str | None:
        """The first part of a kind."""
        return next(iter(self.of_kind(kind)), None)


def refuse_entities(data: bytes, name: str) -> None:
    """No office program writes a document type: it is there to define entities, which nobody expands here."""
    if any(f"<!{word}".encode(code) in data for word in ("DOCTYPE", "ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")):  # fmt: skip  # noqa: E501
        raise corrupt(f"its part {name} declares entities of its own, as in an attack")


def parse_xml(data: bytes, name: str, *, is_huge: bool = False) -> Element:
    """The root element; nothing external is loaded and no entity expanded; raises :class:`RejectedError`.

    ``is_huge``: a whole document with its pictures, which are texts longer than libxml2 takes from a stranger.
    """
    refuse_entities(data, name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=is_huge,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise corrupt(f"its part {name}: {one_line(error)}") from error
    if root is None:
        raise corrupt(f"its part {name} is empty")
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace: that of Strict OOXML is another, the names are the same."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str, default: str = "") -> str:
    """The value of an attribute, whatever namespace it is in."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default


def child(element: Element | None, *path: str) -> Element | None:
    """The first descendant along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((found for found in element if local(found) == name), None)
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of a local name."""
    return (found for found in (element if element is not None else ()) if local(found) == name)


def descendants(element: Element | None, *names: str) -> Iterator[Element]:
    """All descendants of these local names, in the order of the document."""
    if element is not None:
        yield from element.iter(*(f"{{*}}{name}" for name in names))


def number(text: str | None, default: int = 0) -> int:
    """A whole number in an attribute; the default where it is none."""
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return default
