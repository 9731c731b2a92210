"""Archives for tests, made byte by byte where no library makes them: names of old archivers, links, bombs, RAR."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

import py7zr
import pyzipper
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


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


def seven_zip_of_blocks(*blocks: tuple[Mapping[str, bytes], str | None]) -> bytes:
    """A 7-Zip archive to which files were added with one password after the other."""
    buffer = io.BytesIO()
    for number, (members, password) in enumerate(blocks):
        buffer.seek(0)
        with py7zr.SevenZipFile(buffer, "a" if number else "w", password=password) as archive:
            for name, data in members.items():
                archive.writestr(data, name)
    return buffer.getvalue()


def rar_of(members: Mapping[str, bytes], passwords: Mapping[str, str] | None = None) -> bytes:
    """A RAR archive of version 2.9, its members stored (RAR 5 technote and unrar's headers.hpp name the fields).

    ``passwords``: of the members that are encrypted.
    """
    parts = [_RAR, _rar_block(0x73, 0, b"\0" * 6)]
    for name, data in members.items():
        password = (passwords or {}).get(name)
        if password is None:
            parts += [_rar_file(name, data, data), data]
        else:
            salt = zlib.crc32(name.encode()).to_bytes(8, "big")
            locked = _rar_encrypted(data, password, salt)
            parts += [_rar_file(name, data, locked, flags=0x404, salt=salt), locked]
    parts.append(_rar_block(0x7B, 0x4000, b""))
    return b"".join(parts)


def rar_parts_of(members: Mapping[str, bytes], part_bytes: int, *, has_new_names: bool = True) -> list[bytes]:
    """A RAR archive in several parts; ``part_bytes``: of the members in each."""
    volumes: list[list[bytes]] = [[]]
    room = part_bytes
    for name, data in members.items():
        begin, is_first = 0, True
        while is_first or begin < len(data):
            if room == 0:
                volumes.append([])
                room = part_bytes
            piece = data[begin : begin + room]
            begin, room = begin + len(piece), room - len(piece)
            flags = (0 if is_first else 1) | (2 if begin < len(data) else 0)
            # The checksum of a piece is its own, that of the last piece is that of the whole file.
            whole = piece if begin < len(data) else data
            volumes[-1] += [_rar_file(name, whole, piece, size=len(data), flags=flags), piece]
            is_first = False
    found = []
    for number, blocks in enumerate(volumes):
        kind = 0x01 | (0x10 if has_new_names else 0) | (0x100 if number == 0 else 0)
        end = _rar_block(0x7B, 0x4000 | (1 if number + 1 < len(volumes) else 0), b"")
        found.append(b"".join([_RAR, _rar_block(0x73, kind, b"\0" * 6), *blocks, end]))
    return found


_RAR = b"Rar!\x1a\x07\x00"


def _rar_file(
    name: str, whole: bytes, stored: bytes, *, size: int | None = None, flags: int = 0, salt: bytes = b""
) -> bytes:
    # Names beyond ASCII are written twice: in any bytes, then in RAR's own packing of UTF-16.
    plain = name.encode("ascii", "replace")
    is_plain = name.isascii()
    raw = plain if is_plain else plain + b"\0" + _rar_unicode(name)
    size = len(whole) if size is None else size
    facts = struct.pack("<IIBIIBBHI", len(stored), size, 3, zlib.crc32(whole), 0x5A210000, 29, 0x30, len(raw), 0o100644)
    return _rar_block(0x74, 0x8000 | flags | (0 if is_plain else 0x200), facts + raw + salt)


def _rar_encrypted(data: bytes, password: str, salt: bytes) -> bytes:
    """AES-128 with the key of RAR 3: 262,144 rounds of SHA-1 (unrar's crypt3.cpp)."""
    seed, digest, vector = password.encode("utf-16-le") + salt, hashlib.sha1(usedforsecurity=False), bytearray()
    for number in range(0x40000):
        digest.update(seed + number.to_bytes(3, "little"))
        if number % 0x4000 == 0:
            vector.append(digest.copy().digest()[-1])
    key = b"".join(word.to_bytes(4, "little") for word in struct.unpack(">4I", digest.digest()[:16]))
    return _aes_cbc(data, key, bytes(vector))


def _aes_cbc(data: bytes, key: bytes, vector: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(data.ljust(-(-len(data) // 16) * 16, b"\0")) + encryptor.finalize()


def rar5_of(members: Mapping[str, bytes], passwords: Mapping[str, str], *, hides_names: str = "") -> bytes:
    """A RAR archive of version 5, its members stored and encrypted, each with its own password (RAR 5.0 technote).

    ``hides_names``: the password of the headers.
    """
    salt, vector, rounds = b"s" * 16, b"v" * 16, 4
    found = b"Rar!\x1a\x07\x01\x00"
    header_key = b""
    if hides_names:
        header_key, check = _rar5_key(hides_names, salt, rounds)
        found += _rar5_block(4, b"\0\x01" + bytes([rounds]) + salt + check)

    def add(block: bytes) -> None:
        nonlocal found
        found += vector + _aes_cbc(block, header_key, vector) if header_key else block

    add(_rar5_block(1, b"\0"))
    for name, data in members.items():
        stored, extra = data, b""
        if password := passwords.get(name):
            key, check = _rar5_key(password, salt, rounds)
            stored = _aes_cbc(data, key, vector)
            record = b"\x01\0\x01" + bytes([rounds]) + salt + vector + check
            extra = _vint(len(record)) + record
        raw = name.encode()
        facts = b"\x04" + _vint(len(data)) + _vint(0o100644) + struct.pack("<I", zlib.crc32(data)) + b"\0\x01"
        add(_rar5_block(2, facts + _vint(len(raw)) + raw, extra, len(stored)))
        found += stored
    add(_rar5_block(5, b"\0"))
    return found


def _rar5_key(password: str, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    """The key, and what a password is checked against before anything is decrypted."""
    key, value = (hashlib.pbkdf2_hmac("sha256", password.encode(), salt, (1 << rounds) + more) for more in (0, 32))
    check = bytes(a ^ b ^ c ^ d for a, b, c, d in zip(value[:8], value[8:16], value[16:24], value[24:], strict=True))
    return key, check + hashlib.sha256(check).digest()[:4]


def _rar5_block(kind: int, facts: bytes, extra: bytes = b"", data_bytes: int = 0) -> bytes:
    flags = (1 if extra else 0) | (2 if data_bytes else 0)
    sizes = (_vint(len(extra)) if extra else b"") + (_vint(data_bytes) if data_bytes else b"")
    body = _vint(kind) + _vint(flags) + sizes + facts + extra
    head = _vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(head)) + head


def _vint(value: int) -> bytes:
    found = b""
    while value >= 0x80:
        found += bytes([0x80 | value & 0x7F])
        value >>= 7
    return found + bytes([value])


def zip_parts_of(members: Mapping[str, bytes], part_bytes: int) -> list[bytes]:
    """A ZIP archive in several parts; the last one has the directory's end (APPNOTE 8.5)."""
    whole = bytearray(b"PK\x07\x08" + zip_of(members))
    end = whole.rindex(b"PK\x05\x06")
    (place,) = struct.unpack_from("<I", whole, end + 16)
    directory = place + 4
    last = (end + 21) // part_bytes
    whole[end : end + 22] = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", last, directory // part_bytes, len(members), len(members),
        end - directory, directory % part_bytes, 0
    )  # fmt: skip
    at = directory
    while at < end:
        (offset,) = struct.unpack_from("<I", whole, at + 42)
        struct.pack_into("<H", whole, at + 34, (offset + 4) // part_bytes)
        struct.pack_into("<I", whole, at + 42, (offset + 4) % part_bytes)
        at += 46 + sum(struct.unpack_from("<HHH", whole, at + 28))
    return cut(bytes(whole), part_bytes)


def cut(data: bytes, part_bytes: int) -> list[bytes]:
    """A file in pieces."""
    return [data[begin : begin + part_bytes] for begin in range(0, len(data), part_bytes)]


def _rar_unicode(name: str) -> bytes:
    """Every character as two bytes: flag 2 of the packing, four characters for each byte of flags."""
    packed = bytes([0])  # the high byte that flag 1 would use
    for start in range(0, len(name), 4):
        packed += b"\xaa" + name[start : start + 4].encode("utf-16-le")
    return packed


def _rar_block(kind: int, flags: int, rest: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
