"""Finds the file in an embedded object: OLE packages, whole documents, PDF files, in OOXML, OpenDocument and RTF.

Objects that hold no file (equations, links to files elsewhere) have none here; the text says that they are there.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import olefile

from tenderlake.intake.attachments import Attachment
from tenderlake.intake.membernames import decode_names, safe_name
from tenderlake.intake.office.flow import Flow
from tenderlake.intake.office.package import OfficePackage
from tenderlake.intake.outcome import RejectedError, is_disk_trouble
from tenderlake.intake.sniffing import ConvertedFormat, DocumentFormat, sniff_zip
from tenderlake.states import SourceState

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NATIVE, _EQUATION = "\x01Ole10Native", "Equation Native"
_PLAIN_STREAMS = ("Package", "CONTENTS", "EmbeddedOdf", "package_stream")
"""Streams that are a file as it is: of Office for OOXML, of Acrobat for PDF, of LibreOffice (two names) for ODF."""
_WHOLE_FILES = {"WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt",
                "VisioDocument": ".vsd", "EncryptedPackage": ".docx"}  # fmt: skip
_SUFFIXES = {DocumentFormat.DOCX: ".docx", DocumentFormat.XLSX: ".xlsx", DocumentFormat.PPTX: ".pptx",
             DocumentFormat.ODT: ".odt", DocumentFormat.ODS: ".ods", DocumentFormat.ODP: ".odp",
             ConvertedFormat.XLSB: ".xlsb", ConvertedFormat.ODG: ".odg"}  # fmt: skip
_LINK, _EMBEDDED_OBJECT = 1, 2
_STRUCTURE_ERRORS = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, RecursionError)


def embedded_file(data: bytes, name: str) -> Attachment | None:
    """The file in an embedded object.

    Args:
        data: The bytes of the object: an OLE file, or the embedded file itself.
        name: What to call it where it has no name of its own; a suffix of objects is replaced.

    Returns:
        None where there is no file in it: an equation, a link, nothing at all.
    """
    if not data.startswith(_OLE):
        return Attachment(safe_name(name), data) if data else None
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            streams = {entry[0]: entry for entry in ole.listdir() if len(entry) == 1}
            return _of_streams(streams, partial(_read_entry, ole, streams), data, name)
    except _STRUCTURE_ERRORS as error:
        if is_disk_trouble(error):
            raise
        return Attachment(safe_name(name), data)  # its own reader says what is wrong with it


def files_in_storages(source: Path | io.BytesIO, *folder: str, prefix: str = "") -> Iterator[Attachment]:
    """The files in the objects of an old office file, each a storage of its own.

    Args:
        source: The OLE file.
        folder: The storage that holds those of the objects; none for the root.
        prefix: How the names of their storages begin.
    """
    try:
        with olefile.OleFileIO(source) as ole:
            storages: dict[str, dict[str, list[str]]] = {}
            for entry in ole.listdir():
                if tuple(entry[: len(folder)]) == folder and len(entry) == len(folder) + 2:
                    storages.setdefault(entry[-2], {})[entry[-1]] = entry
            for number, (storage, streams) in enumerate(storages.items(), start=1):
                if storage.startswith(prefix):
                    found = _of_streams(streams, partial(_read_entry, ole, streams), None, f"object {number}.bin")
                    if found is not None:
                        yield found
    except _STRUCTURE_ERRORS as error:
        if is_disk_trouble(error):
            raise
        return  # what was found until here


def _read_entry(ole: olefile.OleFileIO, streams: Mapping[str, list[str]], stream: str) -> bytes:
    return bytes(ole.openstream(streams[stream]).read())


def _of_streams(
    streams: Collection[str], read: Callable[[str], bytes], whole: bytes | None, name: str
) -> Attachment | None:
    """The file in an object of these streams; ``whole``: the object as an OLE file, where it is one."""
    stem = name.rpartition(".")[0] if name.lower().endswith(".bin") else name
    if _NATIVE in streams:
        return native_file(read(_NATIVE)[4:], stem)
    for stream in _PLAIN_STREAMS:
        if stream in streams:
            content = read(stream)
            return Attachment(safe_name(stem + _suffix_of(content)), content)
    if _EQUATION in streams:
        return None
    stream, suffix = next((found for found in _WHOLE_FILES.items() if found[0] in streams), ("", ""))
    if whole is None:  # the stream of a workbook can be read without its file
        return Attachment(safe_name(f"{stem}{suffix}"), read(stream)) if suffix == ".xls" else None
    return Attachment(safe_name(f"{stem}{suffix}" if suffix else name), whole)


def _suffix_of(data: bytes) -> str:
    if data.startswith(b"%PDF-"):
        return ".pdf"
    if data.startswith(b"PK"):
        found = sniff_zip(io.BytesIO(data))
        return _SUFFIXES.get(found, ".zip") if isinstance(found, DocumentFormat | ConvertedFormat) else ".zip"
    return ""


def native_file(native: bytes, name: str) -> Attachment | None:
    """The file in the native data of the class Package ([MS-OLEDS] 2.3.6; its fields as Windows Packager writes them).

    Label, path and temporary path in the code page of the author's Windows, then the bytes; newer programs add the same
    names in UTF-16. Native data of another class are a file of their own.
    """
    try:
        reader = _Native(native)
        return reader.file()
    except (struct.error, ValueError, IndexError):
        return Attachment(safe_name(name), native) if native else None


class _Native:
    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def file(self) -> Attachment | None:
        flags, label, path = self._number("<H"), self._text(), self._text()
        if flags != _EMBEDDED_OBJECT:
            raise ValueError("no package")
        kind = self._number("<I") >> 16
        if kind == _LINK:
            return None
        self._bytes()  # its temporary path
        content = self._bytes()
        name = self._wide_label() or decode_names([label or path])[0]
        return Attachment(safe_name(name), content)

    def _wide_label(self) -> str:
        try:
            self._wide()  # the temporary path again
            return self._wide()
        except (struct.error, ValueError):
            return ""

    def _wide(self) -> str:
        size = 2 * self._number("<I")
        return self._take(size).decode("utf-16-le")

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._place)
        self._place += struct.calcsize(form)
        return int(value)

    def _text(self) -> bytes:
        end = self._data.index(b"\0", self._place)
        text, self._place = self._data[self._place : end], end + 1
        return text

    def _bytes(self) -> bytes:
        return self._take(self._number("<I"))

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self._place:
            raise ValueError("cut off")
        taken, self._place = self._data[self._place : self._place + size], self._place + size
        return taken


@dataclass(frozen=True)
class _OleObject:
    """An object of OLE 1, as RTF holds it ([MS-OLEDS] 2.2.5)."""

    class_name: bytes
    native: bytes


def object_of_rtf(data: bytes, name: str) -> Attachment | None:
    """The file in the object data of an RTF document; None where it is a link, or nothing that can be taken."""
    found = _ole_object(data)
    if found is None or not found.native:
        return None
    if found.class_name == b"Package":
        return native_file(found.native, name)
    return embedded_file(found.native, name)


def _ole_object(data: bytes) -> _OleObject | None:
    try:
        _, kind = struct.unpack_from("<II", data)
        place = 8
        texts = []
        for _ in range(3):  # class, topic, item
            (size,) = struct.unpack_from("<I", data, place)
            texts.append(data[place + 4 : place + 4 + size].rstrip(b"\0"))
            place += 4 + size
        (size,) = struct.unpack_from("<I", data, place)
    except struct.error:
        return None
    # Where the end is missing, what is there is taken: its own reader says that it is damaged.
    return _OleObject(texts[0], data[place + 4 : place + 4 + size]) if kind == _EMBEDDED_OBJECT else None


class EmbeddedParts:
    """The embedded files of an OOXML package; each is taken once, wherever it is referred to."""

    def __init__(self, package: OfficePackage, flow: Flow) -> None:
        self._package, self._flow = package, flow
        self._taken: set[str] = set()

    def show(self, target: str | None, what: str) -> None:
        """Take the file in a part, and say in the text where it is; ``what``: what the document calls it."""
        if target is None or target not in self._package:
            self._flow.unread(f"embedded {what}, not read")
            return
        if target.lower() in self._taken:
            return
        attachment = self._take(target)
        if attachment is None:
            self._flow.unread(f"embedded {what}, not read")
        else:
            self._flow.attach(attachment, is_shown=True)

    def take_rest(self) -> None:
        """Take the files that nothing in the text refers to, such as the numbers behind a chart."""
        for part in self._package.names:
            is_embedded = "/embeddings/" in f"/{part.lower()}" and not part.endswith("/")
            if is_embedded and part.lower() not in self._taken and (attachment := self._take(part)) is not None:
                self._flow.attach(attachment, is_shown=False)

    def _take(self, part: str) -> Attachment | None:
        self._taken.add(part.lower())
        name = part.rpartition("/")[2]
        try:
            data = self._package.read(part)
        except RejectedError as error:
            if error.rejection.state is not SourceState.QUARANTINED_CORRUPT:
                raise
            return Attachment(safe_name(name), rejection=error.rejection)
        return embedded_file(data, name)


def odf_of_folder(package: OfficePackage, folder: str, media_type: str) -> bytes:
    """An OpenDocument file within another, which is a folder of parts, as a file of its own (ISO 26300-3, 2 and 3).

    The same parts always make the same bytes.
    """
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), media_type)
        archive.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), manifest)
        for part in package.names:
            if part.startswith(f"{folder}/") and not part.endswith("/"):
                entry = zipfile.ZipInfo(part.removeprefix(f"{folder}/"))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, package.read(part))
    return buffer.getvalue()
