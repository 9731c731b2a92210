"""ZIP archives, with names in the code pages of Russian Windows and with AES or the old encryption."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import IO

import pyzipper

from tenderlake.intake.archives.common import LINK, NEEDS_PASSWORD, SPECIAL, UNKNOWN_PACKING, copy, corrupt
from tenderlake.intake.archives.joinedfiles import JoinedFiles
from tenderlake.intake.membernames import decode_names
from tenderlake.intake.outcome import RejectedError, is_disk_trouble, one_line
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.intake.zipends import read_zip_end
from tenderlake.states import SourceState

_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_LOCAL_HEADER_BYTES = 30
_UNICODE_PATH_FIELD = 0x7075


def unpack_zip(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack a ZIP archive."""
    with path.open("rb") as file:
        end = read_zip_end(file)
    if end is not None and end.part_count > 1:
        reason = f"it is the last of {end.part_count} parts: put the others (.z01 and so on) beside it in the inbox"
        raise RejectedError(SourceState.QUARANTINED_CORRUPT, reason)
    with path.open("rb") as file, _open(file) as archive:
        _unpack(archive, folder, passwords)


def unpack_split_zip(parts: Sequence[Path], folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack a ZIP archive in several parts, the last of which says how many there are."""
    with parts[-1].open("rb") as file:
        end = read_zip_end(file)
    if end is None or end.part_count == 1:  # whole, whatever the files beside it are
        unpack_zip(parts[-1], folder, passwords)
        return
    count = end.part_count
    if count != len(parts):
        reason = f"an archive in {count} parts, of which {len(parts)} are there: put the others beside them"
        raise RejectedError(SourceState.QUARANTINED_CORRUPT, reason)
    with JoinedFiles(parts) as joined, io.BufferedReader(joined) as whole, _open(whole) as archive:
        entries = archive.infolist()
        if end.directory_part >= count or any(entry.volume >= count for entry in entries):
            raise corrupt("something in it begins in a part that it has not")
        # The library takes the parts for one file, and moves all places by as much as it misses the directory.
        moved = archive.start_dir - end.directory_place
        for entry in entries:
            entry.header_offset += joined.starts[entry.volume] - moved
        _unpack(archive, folder, passwords)


def _open(file: IO[bytes]) -> pyzipper.AESZipFile:
    try:
        return pyzipper.AESZipFile(file)
    except (zipfile.BadZipFile, pyzipper.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise corrupt(error) from error


def _unpack(archive: pyzipper.AESZipFile, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    entries = archive.infolist()
    _refuse_overlaps(entries)
    for entry, name in zip(entries, _zip_names(entries), strict=True):
        if not name.endswith("/"):
            _unpack_zip_entry(archive, entry, folder.add(name), passwords)


def _zip_names(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Names as their archiver meant them: its Unicode field, its UTF-8 flag, else the code page they look like."""
    declared = [_declared_zip_name(entry) for entry in entries]
    undeclared = [_raw_zip_name(entry) for entry, name in zip(entries, declared, strict=True) if name is None]
    guessed = iter(decode_names(undeclared))
    return [name if name is not None else next(guessed) for name in declared]


def _declared_zip_name(entry: zipfile.ZipInfo) -> str | None:
    if entry.flag_bits & _UTF8_FLAG:
        return entry.filename
    return _unicode_path(entry)


def _raw_zip_name(entry: zipfile.ZipInfo) -> bytes:
    # orig_filename is what the flags say, cp437, which maps every byte to a character and back.
    return entry.orig_filename.encode("cp437", "replace")


def _unicode_path(entry: zipfile.ZipInfo) -> str | None:
    """The name in Info-ZIP's Unicode path field (APPNOTE 4.6.9), which counts while its checksum fits the name."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH_FIELD and len(data) > 5 and data[0] == 1:
            (checksum,) = struct.unpack_from("<I", data, 1)
            if checksum == zlib.crc32(_raw_zip_name(entry)):
                with suppress(UnicodeDecodeError):
                    return data[5:].decode("utf-8")
    return None


def _refuse_overlaps(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Members that share their bytes make a bomb of any size (D. Fifield, "A better zip bomb", 2019)."""
    for before, entry in pairwise(sorted(entries, key=lambda e: e.header_offset)):
        if entry.header_offset < before.header_offset + 30 + before.compress_size:
            raise RejectedError(SourceState.QUARANTINED_ARCHIVE_BOMB, "its members overlap each other, as in a bomb")


def _unpack_zip_entry(
    archive: pyzipper.AESZipFile, entry: zipfile.ZipInfo, member: MemberSink, passwords: Sequence[str]
) -> None:
    if member.rejection:
        return
    kind = (entry.external_attr >> 16) & 0o170000 if entry.create_system == 3 else 0
    if kind == 0o120000:
        member.reject(SourceState.SKIPPED_UNSUPPORTED, LINK)
        return
    if kind not in (0, 0o100000):
        member.reject(SourceState.SKIPPED_UNSUPPORTED, SPECIAL)
        return
    if not entry.flag_bits & _ENCRYPTED_FLAG:
        problem = _read_zip_entry(archive, entry, member, None)
        if isinstance(problem, NotImplementedError):
            member.reject(SourceState.SKIPPED_UNSUPPORTED, UNKNOWN_PACKING)
        elif problem is not None:
            member.reject(SourceState.QUARANTINED_CORRUPT, f"damaged in the archive: {one_line(problem)}")
        return
    for password in dict.fromkeys(encoded for given in passwords for encoded in _encoded(given)):
        # A wrong password passes ZipCrypto's own test once in 256 times; then it is the checksum that tells.
        if _read_zip_entry(archive, entry, member, password) is None:
            return
        member.restart()
    member.reject(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)


def _encoded(password: str) -> Iterator[bytes]:
    """A password as bytes: in UTF-8, and in the code pages of the archivers of Russian Windows."""
    for code_page in ("utf-8", "cp866", "cp1251"):
        with suppress(UnicodeEncodeError):
            yield password.encode(code_page)


def _believe_directory(archive: pyzipper.AESZipFile, entry: zipfile.ZipInfo) -> None:
    """Let a member have another name before its bytes than in the directory, which some programs change alone.

    The library refuses such members; other programs go by the directory.
    """
    file = archive.fp
    if file is None:
        return
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER_BYTES)
    if len(header) == _LOCAL_HEADER_BYTES:
        (size,) = struct.unpack_from("<H", header, 26)
        name = file.read(size)
        with suppress(UnicodeDecodeError):
            entry.orig_filename = name.decode("utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437")


def _read_zip_entry(
    archive: pyzipper.AESZipFile, entry: zipfile.ZipInfo, member: MemberSink, password: bytes | None
) -> Exception | None:
    try:
        _believe_directory(archive, entry)
        with archive.open(entry, pwd=password) as source:
            copy(source, member)
    except RejectedError:
        raise
    except (zipfile.BadZipFile, pyzipper.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError,
            NotImplementedError, struct.error) as error:  # fmt: skip
        return error
    except OSError as error:
        if is_disk_trouble(error):
            raise
        return error  # bz2 says so of damaged data
    return None
