"""Archives for tests, made byte by byte where no library makes them: names of old archivers, links, bombs, RAR."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

import py7zr
import pyzipper


def zip_of(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive as programs of today write it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def old_zip_of(members: Mapping[str, bytes], code_page: str) -> bytes:
    """A ZIP archive of an old Windows: names in a code page, and nothing that says which."""
    directory, body = b"", b""
    for name, data in members.items():
        raw, checksum = name.encode(code_page), zlib.crc32(data)
        sizes = struct.pack("<III", checksum, len(data), len(data))
        head = struct.pack("<HHHHH", 20, 0, 0, 0, 0x5A21) + sizes
        entry = (
            b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHHHII", len(raw), 0, 0, 0, 0, 0, len(body))
        )
        body += b"PK\x03\x04" + head + struct.pack("<HH", len(raw), 0) + raw + data
        directory += entry + raw
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def zip_with_link(name: str, target: str) -> bytes:
    """A ZIP archive with a symbolic link."""
    buffer = io.BytesIO()
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, target)
    return buffer.getvalue()


def encrypted_zip_of(members: Mapping[str, bytes], password: str) -> bytes:
    """A ZIP archive with AES."""
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def seven_zip_of(members: Mapping[str, bytes], password: str | None = None, *, hides_names: bool = False) -> bytes:
    """A 7-Zip archive."""
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password=password, header_encryption=hides_names) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return buffer.getvalue()


def rar_of(members: Mapping[str, bytes]) -> bytes:
    """A RAR archive of version 2.9, its members stored (RAR 5 technote and unrar's headers.hpp name the fields)."""
    parts = [b"Rar!\x1a\x07\x00", _rar_block(0x73, 0, b"\0" * 6)]
    for name, data in members.items():
        # Names beyond ASCII are written twice: in any bytes, then in RAR's own packing of UTF-16.
        plain = name.encode("ascii", "replace")
        is_plain = name.isascii()
        raw = plain if is_plain else plain + b"\0" + _rar_unicode(name)
        facts = struct.pack(
            "<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0x5A210000, 29, 0x30, len(raw), 0o100644
        )
        parts.append(_rar_block(0x74, 0x8000 | (0 if is_plain else 0x200), facts + raw))
        parts.append(data)
    parts.append(_rar_block(0x7B, 0x4000, b""))
    return b"".join(parts)


def _rar_unicode(name: str) -> bytes:
    """Every character as two bytes: flag 2 of the packing, four characters for each byte of flags."""
    packed = bytes([0])  # the high byte that flag 1 would use
    for start in range(0, len(name), 4):
        packed += b"\xaa" + name[start : start + 4].encode("utf-16-le")
    return packed


def _rar_block(kind: int, flags: int, rest: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
