"""Makes old Excel workbooks that are encrypted with RC4, as Excel 97 does ([MS-OFFCRYPTO] 2.3.6, [MS-XLS] 2.2.10)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from tests.officefiles import ole

_BOF, _FILE_PASS, _BOUND_SHEET, _INTERFACE = 0x0809, 0x002F, 0x0085, 0x00E1
_BLOCK_BYTES = 1024
_SALT, _VERIFIER = bytes(range(16)), b"0123456789abcdef"


def encrypted_xls(stream: bytes, password: str) -> bytes:
    """The workbook of a stream of records, with a password."""
    encrypt = _RC4(password)
    head = encrypt.at(0, _VERIFIER + hashlib.md5(_VERIFIER).digest())  # noqa: S324  # what the format uses
    file_pass = struct.pack("<HHHHH", _FILE_PASS, 54, 1, 1, 1) + _SALT + head
    parts: list[bytes] = []
    place = 0
    for number, (kind, value) in enumerate(_records(stream)):
        if kind == _BOUND_SHEET:  # where the sheet begins, which is not encrypted
            value = struct.pack("<I", struct.unpack_from("<I", value)[0] + len(file_pass)) + value[4:]
        open_bytes = {_BOF: len(value), _INTERFACE: len(value), _BOUND_SHEET: 4}.get(kind, 0)
        locked = value[:open_bytes] + encrypt.at(place + 4 + open_bytes, value[open_bytes:])
        parts.append(struct.pack("<HH", kind, len(value)) + locked)
        place += 4 + len(value)
        if number == 0:
            parts.append(file_pass)
            place += len(file_pass)
    return ole({"Workbook": b"".join(parts)})


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind == 0:  # what fills the stream up
            return
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


class _RC4:
    def __init__(self, password: str) -> None:
        first = hashlib.md5(password.encode("utf-16-le")).digest()[:5]  # noqa: S324
        self._base = hashlib.md5((first + _SALT) * 16).digest()[:5]  # noqa: S324

    def at(self, place: int, data: bytes) -> bytes:
        """Bytes encrypted as those at a place of the stream: every block of 1024 bytes has a key of its own."""
        parts: list[bytes] = []
        while data:
            block, within = divmod(place, _BLOCK_BYTES)
            key = hashlib.md5(self._base + struct.pack("<I", block)).digest()  # noqa: S324
            cipher = Cipher(ARC4(key), mode=None).encryptor()
            cipher.update(b"\0" * within)
            piece = data[: _BLOCK_BYTES - within]
            parts.append(cipher.update(piece))
            place, data = place + len(piece), data[len(piece) :]
        return b"".join(parts)
