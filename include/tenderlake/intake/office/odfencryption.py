"""Opens OpenDocument files with a password, by trying those that the operator keeps.

What is implemented, by the sections of OpenDocument 1.2 part 3 (ISO 26300-3):

- 3.4 and 4.8: every part is deflated, then encrypted with Blowfish in CFB mode or AES in CBC mode, under a key made by
  PBKDF2 (HMAC-SHA-1) from the SHA-1 or SHA-256 of the password in UTF-8; a digest of its first kilobyte tells a wrong
  password.
- What LibreOffice writes since 24.8 (proposed for OpenDocument 1.5): the whole package is one encrypted part,
  ``encrypted-package``, under AES-256-GCM with a key made by Argon2id; the tag tells a wrong password.

Keys of OpenPGP are not opened. There is a library, odf-decrypt: it decides by the name of the program that wrote the
file, reads without limits, and brings two more dependencies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tenderlake.documents import PrepareLimits
from tenderlake.intake.archives.common import NEEDS_PASSWORD
from tenderlake.intake.office.package import Element, OfficePackage, attribute, child, corrupt, descendants, number
from tenderlake.intake.outcome import RejectedError
from tenderlake.states import SourceState

_MANIFEST = "META-INF/manifest.xml"
_WHOLE_PACKAGE = "encrypted-package"
_DIGEST_OF_BYTES = 1024
_GCM_VECTOR_BYTES = 12
_MOST_ROUNDS = 10_000_000
_MOST_MEMORY_KIB = 1 << 20
_MOST_ARGON2_ROUNDS = 100
_MOST_LANES = 64
_DEFAULT_KEY_BYTES = 16
_BLOWFISH, _AES_CBC, _AES_GCM = ("blowfish cfb", "blowfish"), "-cbc", "-gcm"


@dataclass(frozen=True)
class _PartEncryption:
    """How one part is encrypted (4.8); names are the last parts of their URIs, in small letters."""

    algorithm: str
    vector: bytes
    derivation: str
    salt: bytes
    key_bytes: int
    rounds: int
    memory_kib: int
    lanes: int
    start_key: str
    digest_kind: str
    digest: bytes

    def key(self, password: str) -> bytes:
        """The key that a password makes; raises ``ValueError`` where the way is not known, or would take too long."""
        start = hashlib.new("sha256" if "sha256" in self.start_key else "sha1", password.encode()).digest()
        if self.derivation == "pbkdf2" and 0 < self.rounds <= _MOST_ROUNDS:
            return hashlib.pbkdf2_hmac("sha1", start, self.salt, self.rounds, self.key_bytes)
        if self.derivation == "argon2id":
            if self.memory_kib > _MOST_MEMORY_KIB or self.rounds > _MOST_ARGON2_ROUNDS or self.lanes > _MOST_LANES:
                raise ValueError("the key takes too much memory or time")
            return Argon2id(
                salt=self.salt, length=32, iterations=self.rounds, lanes=self.lanes, memory_cost=self.memory_kib
            ).derive(start)
        raise ValueError(f"the way to make its key is not known: {self.derivation}")

    def decrypt(self, data: bytes, key: bytes) -> bytes | None:
        """The bytes, still deflated; None where the key is wrong."""
        if self.algorithm.endswith(_AES_GCM):
            return self._decrypt_gcm(data, key)
        if self.algorithm in _BLOWFISH:
            plain = Cipher(Blowfish(key), CFB(self.vector)).decryptor().update(data)
        elif self.algorithm.endswith(_AES_CBC):
            plain = Cipher(algorithms.AES(key), modes.CBC(self.vector)).decryptor().update(data)
            padding = plain[-1] if plain else 0
            plain = plain[:-padding] if 0 < padding <= 16 else plain  # xmlenc, 5.2: the last byte is their number
        else:
            raise ValueError(f"its encryption is not known: {self.algorithm}")
        digest = hashlib.new("sha256" if "sha256" in self.digest_kind else "sha1", plain[:_DIGEST_OF_BYTES]).digest()
        return plain if digest == self.digest else None

    def _decrypt_gcm(self, data: bytes, key: bytes) -> bytes | None:
        # xmlenc 1.1, 5.2.4: the vector stands before the bytes and the tag behind them.
        vector, body = data[:_GCM_VECTOR_BYTES], data[_GCM_VECTOR_BYTES:]
        try:
            return AESGCM(key).decrypt(vector, body, None)
        except InvalidTag:
            return None


def open_odf(source: Path | io.BytesIO, limits: PrepareLimits, passwords: Sequence[str]) -> OfficePackage:
    """The parts of an OpenDocument file, decrypted where one of the passwords fits.

    Raises:
        RejectedError: It is damaged, no password fits, or its encryption is not known.
    """
    package = OfficePackage(source, limits)
    parts = _encryptions(package.xml(_MANIFEST)) if _MANIFEST in package else {}
    parts = {name: encryption for name, encryption in parts.items() if name in package}
    if not parts:
        return package
    with package:
        name = next((name for name in (_WHOLE_PACKAGE, "content.xml") if name in parts), next(iter(parts)))
        password = _fitting(package.read(name), parts[name], passwords)
        if name == _WHOLE_PACKAGE:
            plain = parts[name].decrypt(package.read(name), parts[name].key(password)) or b""
            whole = plain if plain.startswith(b"PK") else package.inflate(plain, name)
            return OfficePackage(io.BytesIO(whole), limits)
    return _DecryptedPackage(source, limits, parts, password)


def _fitting(data: bytes, encryption: _PartEncryption, passwords: Sequence[str]) -> str:
    for password in passwords:
        try:
            if encryption.decrypt(data, encryption.key(password)) is not None:
                return password
        except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as error:
            raise RejectedError(
                SourceState.QUARANTINED_ENCRYPTED, f"it is encrypted in a way that is not known here: {error}"
            ) from error
    raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)


class _DecryptedPackage(OfficePackage):
    """A package whose parts are decrypted when they are read."""

    def __init__(
        self, source: Path | io.BytesIO, limits: PrepareLimits, parts: dict[str, _PartEncryption], password: str
    ) -> None:
        super().__init__(source, limits)
        self._parts, self._password = parts, password

    def read(self, name: str) -> bytes:
        """The bytes of a part."""
        data = super().read(name)
        encryption = self._parts.get(name)
        if encryption is None:
            return data
        try:
            plain = encryption.decrypt(data, encryption.key(self._password))
        except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as error:
            raise corrupt(f"its part {name} cannot be decrypted: {error}") from error
        if plain is None:
            raise corrupt(f"its part {name} is not what its digest says")
        return self.inflate(plain, name)


def _encryptions(manifest: Element) -> dict[str, _PartEncryption]:
    found = {}
    for entry in descendants(manifest, "file-entry"):
        data = child(entry, "encryption-data")
        if data is not None:
            found[attribute(entry, "full-path")] = _encryption(data)
    return found


def _encryption(data: Element) -> _PartEncryption:
    algorithm, derivation, start = (
        child(data, name) for name in ("algorithm", "key-derivation", "start-key-generation")
    )

    def value(element: Element | None, name: str) -> str:
        return attribute(element, name) if element is not None else ""

    name = _last(value(algorithm, "algorithm-name"))
    implied = {"aes256": 32, "aes192": 24}.get(name.partition("-")[0], _DEFAULT_KEY_BYTES)
    return _PartEncryption(
        algorithm=name,
        vector=_bytes(value(algorithm, "initialisation-vector")),
        derivation=_last(value(derivation, "key-derivation-name")),
        salt=_bytes(value(derivation, "salt")),
        key_bytes=max(1, min(number(value(derivation, "key-size"), implied), 64)),
        rounds=number(value(derivation, "iteration-count") or value(derivation, "argon2-iterations")),
        memory_kib=number(value(derivation, "argon2-memory")),
        lanes=number(value(derivation, "argon2-lanes")),
        start_key=_last(value(start, "start-key-generation-name")),
        digest_kind=value(data, "checksum-type").lower(),
        digest=_bytes(value(data, "checksum")),
    )


def _last(name: str) -> str:
    """``http://www.w3.org/2001/04/xmlenc#aes256-cbc`` and the like without where they are defined."""
    return name.replace("#", ":").rpartition(":")[2].lower()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
