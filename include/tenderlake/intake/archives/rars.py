"""RAR archives of versions 2.9 to 5, read with the unrar library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrar.cffi import unrarlib

from tenderlake.intake.archives.common import LINK, NEEDS_PASSWORD, PART_OF_SEVERAL, SPECIAL, corrupt
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.states import SourceState

_RAR_OK, _RAR_END, _RAR_NO_VOLUME, _RAR_NO_PASSWORD, _RAR_BAD_PASSWORD = 0, 10, 15, 22, 24
_RAR_PROBLEMS = {
    11: "it needs more memory than there is",
    12: "its checksum is wrong",
    13: "its list of contents is damaged",
    14: "its way of packing is not known",
    18: "it ends too early",
    25: "it needs a larger dictionary than is allowed",
}
"""Of the library's dll.hpp: ERAR_NO_MEMORY, _BAD_DATA, _BAD_ARCHIVE, _UNKNOWN_FORMAT, _EREAD, _LARGE_DICT."""
_RAR_WRONG_PASSWORD = (_RAR_NO_PASSWORD, _RAR_BAD_PASSWORD)
_RAR_DIRECTORY_FLAG = 0x20
_RAR_FORMAT_MASK, _RAR_REGULAR_FILE = 0o170000, 0o100000
_RAR_UNIX = 3


class _RarMemberWriter:
    """Answers the library's callback: takes bytes, and refuses further volumes and passwords that it has not got.

    The library's Python wrapper says yes to every question; asked for a volume that is missing it would ask for ever.
    An exception must not pass through C, so it is kept and raised afterwards.
    """

    def __init__(self, member: MemberSink | None) -> None:
        self._member = member
        self.error: Exception | None = None

    def __call__(self, message: int, first: int, second: int) -> int:
        if message != unrarlib.UCM_PROCESSDATA:
            return -1
        if self._member is None:
            return 1
        try:
            self._member.write(bytes(unrarlib.ffi.buffer(unrarlib.ffi.cast("char *", first), second)))
        except Exception as error:
            self.error = error
            return -1
        return 1


def unpack_rar(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack a RAR archive."""
    # Without a password once more at the end: what is not encrypted is taken in any case.
    attempts = (None, *(password for password in passwords if password.isascii()), None)
    for number, password in enumerate(attempts, start=1):
        folder.restart()
        is_complete = _unpack_rar_with(path, folder, password)
        if is_complete or number == len(attempts):
            break
    if not folder.members:
        raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)


def _unpack_rar_with(path: Path, folder: UnpackFolder, password: str | None) -> bool:
    """Unpack with one password; whether none of the members needed another one."""
    try:
        archive = unrarlib.RarArchive.open_for_processing(str(path), pwd=password)
    except unrarlib.BadRarFile as error:
        if error.code in _RAR_WRONG_PASSWORD or password is not None:
            return False  # decrypted with a wrong password its directory looks damaged
        raise corrupt("its beginning is not that of a RAR archive") from error
    is_complete = True
    with archive:
        while True:
            header = unrarlib.RARHeaderDataEx()
            code = unrarlib.RARReadHeaderEx(archive.handle, header)
            if code == _RAR_END:
                return is_complete
            if code in _RAR_WRONG_PASSWORD:
                return False
            if code != _RAR_OK:
                if not folder.members and password is not None:
                    return False
                if not folder.members:
                    raise corrupt(_rar_problem(code))
                # What was read so far is kept; the rest is a member of its own, so that nobody thinks all is well.
                folder.add("rest of the archive").reject(SourceState.QUARANTINED_CORRUPT, _rar_problem(code))
                return is_complete
            is_complete &= _unpack_rar_member(archive.handle, header, folder)


def _unpack_rar_member(handle: object, header: Any, folder: UnpackFolder) -> bool:
    """Unpack the member at hand; False where it needs another password."""
    name = str(unrarlib.ffi.string(header.FileNameW))
    member = None if header.Flags & _RAR_DIRECTORY_FLAG else folder.add(name)
    writer = _RarMemberWriter(member)
    user_data = unrarlib.ffi.new_handle(writer)
    unrarlib.RARSetCallbackPtr(handle, unrarlib.PyUNRARCALLBACKStub, user_data)
    code = unrarlib.RARProcessFileW(handle, unrarlib.C_RAR_TEST, unrarlib.ffi.NULL, unrarlib.ffi.NULL)
    unrarlib.RARSetCallbackPtr(handle, unrarlib.ffi.NULL, unrarlib.ffi.NULL)
    if writer.error is not None:
        raise writer.error
    if member is None or member.rejection:
        return True
    is_unix_special = header.HostOS == _RAR_UNIX and header.FileAttr & _RAR_FORMAT_MASK != _RAR_REGULAR_FILE
    if header.RedirType or is_unix_special:
        member.reject(SourceState.SKIPPED_UNSUPPORTED, LINK if header.RedirType else SPECIAL)
    elif code in _RAR_WRONG_PASSWORD:
        member.reject(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)
        return False
    elif code != _RAR_OK:
        member.reject(SourceState.QUARANTINED_CORRUPT, _rar_problem(code))
    return True


def _rar_problem(code: int) -> str:
    if code == _RAR_NO_VOLUME:
        return PART_OF_SEVERAL
    return f"damaged in the archive: {_RAR_PROBLEMS.get(code, 'it cannot be unpacked')}"
