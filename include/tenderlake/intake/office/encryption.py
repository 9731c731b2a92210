"""Opens office files with a password, by trying those that the operator keeps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import msoffcrypto
from msoffcrypto import exceptions
from msoffcrypto.format.ooxml import OOXMLFile

from tenderlake.intake.archives.common import NEEDS_PASSWORD
from tenderlake.intake.outcome import RejectedError, is_disk_trouble, one_line
from tenderlake.states import SourceState

_EVERYBODYS_PASSWORD = "VelvetSweatshop"  # noqa: S105  # Excel's own, for files that only forbid changes ([MS-OFFCRYPTO] 2.4.2.3)
_WRONG_KEY = (exceptions.InvalidKeyError, exceptions.DecryptionError)


def decrypt_office(path: Path, passwords: Sequence[str]) -> io.BytesIO | None:
    """The file without its encryption; None where it has none.

    Raises:
        RejectedError: No password fits, the way of encryption is not known, or the file is damaged.
    """
    with path.open("rb") as file:
        try:
            office = msoffcrypto.OfficeFile(file)
            if not office.is_encrypted():
                return None
        except Exception as error:  # the library lets anything through that its parsers raise
            if is_disk_trouble(error):
                raise
            return None
        verified = {"verify_password": True} if isinstance(office, OOXMLFile) else {}  # the others always do
        problem: object = None
        for password in (*passwords, _EVERYBODYS_PASSWORD):
            decrypted = io.BytesIO()
            try:
                office.load_key(password=password, **verified)
                office.decrypt(decrypted)
            except _WRONG_KEY as error:
                problem = error
                continue
            except Exception as error:
                if is_disk_trouble(error) or isinstance(error, MemoryError):
                    raise
                problem = problem or error
                continue
            decrypted.seek(0)
            return decrypted
    if isinstance(problem, _WRONG_KEY):
        raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)
    words = one_line(problem)
    raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, f"it is encrypted in a way that is not known here: {words}")
