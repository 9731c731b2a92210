"""7-Zip archives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import py7zr
import py7zr.exceptions
import py7zr.io

from tenderlake.intake.archives.common import LINK, NEEDS_PASSWORD, corrupt
from tenderlake.intake.outcome import RejectedError, is_disk_trouble
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.states import SourceState


class _SevenZipWriter(py7zr.io.Py7zIO):
    """One member, as py7zr wants to write it."""

    def __init__(self, member: MemberSink) -> None:
        self._member = member

    def write(self, s: bytes | bytearray) -> int:
        return self._member.write(bytes(s))

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._member.size_bytes


class _SevenZipFactory(py7zr.io.WriterFactory):
    def __init__(self, folder: UnpackFolder) -> None:
        self._folder = folder

    def create(self, filename: str) -> py7zr.io.Py7zIO:
        return _SevenZipWriter(self._folder.add(filename))


def unpack_seven_zip(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack a 7-Zip archive."""
    problem: Exception | None = None
    for password in (None, *passwords):
        folder.restart()
        try:
            with py7zr.SevenZipFile(path, password=password) as archive:
                if password is None and archive.needs_password():
                    continue
                _name_seven_zip_links(archive, folder)
                archive.extractall(factory=_SevenZipFactory(folder))
                return
        except RejectedError:
            raise
        except py7zr.exceptions.PasswordRequired:
            continue
        except OSError as error:
            if is_disk_trouble(error):
                raise
            problem = error
        except Exception as error:  # a wrong password shows as any kind of damage
            problem = error
        if password is None:
            break
    folder.restart()
    if problem is not None and not _is_seven_zip_encrypted(path):
        raise corrupt(problem)
    raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)


def _name_seven_zip_links(archive: py7zr.SevenZipFile, folder: UnpackFolder) -> None:
    for entry in archive.files:
        if entry.is_symlink or entry.is_junction or entry.is_socket:
            folder.add(entry.filename).reject(SourceState.SKIPPED_UNSUPPORTED, LINK)


def _is_seven_zip_encrypted(path: Path) -> bool:
    try:
        with py7zr.SevenZipFile(path) as archive:
            return bool(archive.needs_password())
    except py7zr.exceptions.PasswordRequired:
        return True
    except Exception:  # damaged is not encrypted
        return False
