"""What archives and e-mails hold, told by other programs than those under test: names, and bytes where they are plain.

For files of the corpus only: none of the care that hostile files need.
"""

from __future__ import annotations

import email
import email.policy
import io
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import olefile
import py7zr
from unrar.cffi import rarfile

from tenderlake.mupdf import pymupdf

CODE_PAGES = {"zip_filename_cp866": "cp866", "zip_filename_koi8r": "koi8_r"}
"""Of archives that do not say themselves in what their names are written, by a part of the archive's name."""
BODY = "the message"
"""Stands for whatever name the body of a message has."""


def members_of(path: Path) -> dict[str, bytes | None]:
    """Path of every file in an archive or e-mail, and in archives in it, with its bytes; None where they are not plain.

    Raises:
        ValueError: it is neither.
    """
    found: dict[str, bytes | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in _members(path, Path(folder)):
            found[name] = data
            inner = Path(folder, "inner")
            inner.write_bytes(data or b"")
            if data and zipfile.is_zipfile(inner) and not _is_office(inner):
                found.update({f"{name}/{path}": inner_data for path, inner_data in members_of(inner).items()})
    return found


def embedded_files(document: Path) -> list[str]:
    """Names of the files within an office file or PDF."""
    if document.suffix == ".pdf":
        try:
            with pymupdf.open(document) as pdf:
                return [str(name) for name in pdf.embfile_names()]
        except (pymupdf.FileDataError, ValueError):
            return []
    if document.suffix in (".docx", ".xlsx", ".pptx") and zipfile.is_zipfile(document):
        with zipfile.ZipFile(document) as package:
            return [name for name in package.namelist() if re.search("/embeddings/.", name)]
    return []


def _members(path: Path, folder: Path) -> Iterator[tuple[str, bytes | None]]:
    head = path.read_bytes()[:8]
    if head.startswith(b"PK"):
        return _zip(path)
    if head.startswith(b"Rar!"):
        return _rar(path)
    if head.startswith(b"7z"):
        return _seven_zip(path, folder)
    if head.startswith(b"\x1f\x8b"):
        return _tar(path)
    return _msg(path) if olefile.isOleFile(path) else _eml(path)


def _is_office(path: Path) -> bool:
    names = zipfile.ZipFile(path).namelist()
    return "[Content_Types].xml" in names or "mimetype" in names


def _zip(path: Path) -> Iterator[tuple[str, bytes | None]]:
    code_page = next((page for part, page in CODE_PAGES.items() if part in path.name), None)
    with zipfile.ZipFile(path, metadata_encoding=code_page) as archive:
        for entry in archive.infolist():
            is_link = entry.external_attr >> 28 == 0o12
            if not entry.is_dir():
                yield entry.filename, None if is_link else _bytes_of(archive, entry)


def _bytes_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, EOFError):
        return None


def _rar(path: Path) -> Iterator[tuple[str, bytes | None]]:
    archive = rarfile.RarFile(str(path))
    for entry in archive.infolist():
        if not entry.is_dir():
            yield entry.filename, archive.read(entry) or None


def _seven_zip(path: Path, folder: Path) -> Iterator[tuple[str, bytes | None]]:
    with py7zr.SevenZipFile(path) as archive:
        entries = archive.list()
        archive.extractall(folder / "7z")  # noqa: S202  # a known archive
    for entry in entries:
        if not entry.is_directory:
            yield entry.filename, (folder / "7z" / entry.filename).read_bytes()


def _tar(path: Path) -> Iterator[tuple[str, bytes | None]]:
    with tarfile.open(path) as archive:
        for entry in archive:
            if entry.isfile():
                file = archive.extractfile(entry)
                yield entry.name, file.read() if file else None


def _eml(path: Path) -> Iterator[tuple[str, bytes | None]]:
    message = email.message_from_binary_file(io.BytesIO(path.read_bytes()), policy=email.policy.default)
    yield BODY, None
    for part in message.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            yield name, part.get_payload(decode=True)


def _msg(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """By the properties of its attachments: 3707 the long name, 3701 the bytes ([MS-OXPROPS])."""
    yield BODY, None
    with olefile.OleFileIO(path) as ole:
        folders = {entry[0] for entry in ole.listdir() if entry[0].startswith("__attach")}
        for attached in sorted(folders):
            name = ole.openstream([attached, "__substg1.0_3707001F"]).read().decode("utf-16-le")
            yield name.rstrip("\0"), ole.openstream([attached, "__substg1.0_37010102"]).read()
