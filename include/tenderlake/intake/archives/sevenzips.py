"""7-Zip archives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import py7zr
import py7zr.compressor
import py7zr.exceptions
import py7zr.io

from tenderlake.intake.archives.common import LINK, NEEDS_PASSWORD, UNKNOWN_PACKING, corrupt
from tenderlake.intake.outcome import RejectedError, is_disk_trouble
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.states import SourceState

_MOST_BLOCKS = 100
"""Every block is tried with every password, and the archive is opened again each time."""


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
    """Unpack a 7-Zip archive: all with one password, else each of its blocks with the one that fits."""
    problem: Exception | None = None
    for password in (None, *passwords):
        folder.restart()
        try:
            _unpack_with(path, folder, password)
            return
        except RejectedError:
            raise
        except py7zr.exceptions.PasswordRequired:
            continue
        except Exception as error:  # a wrong password shows as any kind of damage
            if is_disk_trouble(error):
                raise
            problem = error
        if password is None:
            break
    folder.restart()
    if problem is not None and not _is_seven_zip_encrypted(path):
        _unpack_blocks(path, folder, ())  # what is sound, or packed in a way that is known
        if not any(member.rejection is None for member in folder.members):
            folder.restart()
            raise _unknown_packing() if _is_packing_unknown(problem) else corrupt(problem)
        return
    _unpack_blocks(path, folder, passwords)
    if not folder.members:
        raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)


def _unpack_with(path: Path, folder: UnpackFolder, password: str | None) -> None:
    with py7zr.SevenZipFile(path, password=password) as archive:
        if password is None and archive.needs_password():
            raise py7zr.exceptions.PasswordRequired((), "some of it")
        _name_seven_zip_links(archive, folder)
        archive.extractall(factory=_SevenZipFactory(folder))


@dataclass(frozen=True)
class _Block:
    """Files that are compressed together, with one password or none; without a block: those without a byte."""

    names: tuple[str, ...]
    is_encrypted: bool


def _unpack_blocks(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack the blocks of an archive one by one; those that no password opens are named."""
    for block in _blocks(path, passwords):
        problem: Exception | None = None
        for password in passwords if block.is_encrypted else (None,):
            problem = _unpack_block(path, folder, block, password)
            if problem is None:
                break
        else:
            for name in block.names:
                folder.add(name).reject(*_why(block, problem))


def _why(block: _Block, problem: Exception | None) -> tuple[SourceState, str]:
    if block.is_encrypted:
        return SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD
    if _is_packing_unknown(problem):
        return SourceState.SKIPPED_UNSUPPORTED, UNKNOWN_PACKING
    return SourceState.QUARANTINED_CORRUPT, "damaged in the archive"


def _is_packing_unknown(problem: Exception | None) -> bool:
    return isinstance(problem, py7zr.exceptions.UnsupportedCompressionMethodError)


def _unknown_packing() -> RejectedError:
    return RejectedError(SourceState.SKIPPED_UNSUPPORTED, f"the archive is {UNKNOWN_PACKING}")


def _blocks(path: Path, passwords: Sequence[str]) -> list[_Block]:
    """The blocks of an archive, once its names can be read; none where there are more than is worth it."""
    for password in (None, *passwords):
        try:
            with py7zr.SevenZipFile(path, password=password) as archive:
                names: dict[int, list[str]] = {}
                encrypted: dict[int, bool] = {}
                for entry in archive.files:
                    if entry.is_directory or entry.is_symlink or entry.is_junction or entry.is_socket:
                        continue
                    coders = [] if entry.emptystream else entry.folder.coders
                    block = 0 if entry.emptystream else id(entry.folder)
                    names.setdefault(block, []).append(entry.filename)
                    encrypted[block] = py7zr.compressor.SupportedMethods.needs_password(coders)
                found = [_Block(tuple(names[block]), encrypted[block]) for block in names]
                return found if 1 < len(found) <= _MOST_BLOCKS else []
        except Exception:  # noqa: S112 - a wrong password shows as any kind of damage
            continue
    return []


def _unpack_block(path: Path, folder: UnpackFolder, block: _Block, password: str | None) -> Exception | None:
    """Unpack one block; what went wrong where that fails."""
    kept = len(folder.members)
    try:
        with py7zr.SevenZipFile(path, password=password) as archive:
            archive.extract(targets=list(block.names), factory=_SevenZipFactory(folder))
            return None
    except RejectedError:
        raise
    except Exception as error:  # as above
        if is_disk_trouble(error):
            raise
        folder.restart(kept)
        return error


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
