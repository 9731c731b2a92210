"""RAR archives of versions 2.9 to 7, whole or in several parts, read with the unrar library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unrar.cffi import unrarlib
from unrar.cffi._unrarlib import lib

from tenderlake.intake.archives.common import LINK, NEEDS_PASSWORD, PART_OF_SEVERAL, SPECIAL, corrupt
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.states import SourceState

_RAR_OK, _RAR_END, _RAR_NO_VOLUME, _RAR_NO_PASSWORD, _RAR_BAD_PASSWORD = 0, 10, 15, 22, 24
_RAR_WRONG_PASSWORD = (_RAR_NO_PASSWORD, _RAR_BAD_PASSWORD)
_RAR_PROBLEMS = {
    _RAR_NO_VOLUME: PART_OF_SEVERAL,
    11: "it needs more memory than there is",
    12: "its checksum is wrong",
    13: "its list of contents is damaged",
    14: "its way of packing is not known",
    18: "it ends too early",
    25: "it needs a larger dictionary than is allowed",
}
"""Of the library's dll.hpp: ERAR_NO_MEMORY, _BAD_DATA, _BAD_ARCHIVE, _UNKNOWN_FORMAT, _EREAD, _LARGE_DICT."""
_RAR_ENCRYPTED_FLAG, _RAR_DIRECTORY_FLAG, _RAR_SPLIT_BEFORE_FLAG = 0x04, 0x20, 0x01
_RAR_FORMAT_MASK, _RAR_REGULAR_FILE = 0o170000, 0o100000
_RAR_UNIX = 3
_VOLUME_IS_OPEN = 1
_GO_ON, _STOP = 1, -1
_REST = "rest of the archive"
_MOST_FAILURES = 50
"""A password that fails on so many members in a row is not tried on the rest."""


class _Answers:
    """Answers the library's callback: takes bytes, gives the password, refuses volumes that are missing.

    The library's Python wrapper says yes to every question; asked for a volume that is missing it would ask for ever,
    and it knows no password that is not ASCII. An exception must not pass through C, so it is kept and raised later.
    """

    def __init__(self, password: str | None, *, has_volumes: bool) -> None:
        self.password, self._has_volumes = password, has_volumes
        self.member: MemberSink | None = None
        self.error: Exception | None = None

    def __call__(self, message: int, first: int, second: int) -> int:
        if message == lib.UCM_PROCESSDATA:
            return self._take(first, second)
        if message == lib.UCM_NEEDPASSWORDW:
            return self._give_password(first, second)
        if message in (lib.UCM_CHANGEVOLUME, lib.UCM_CHANGEVOLUMEW):
            return _GO_ON if self._has_volumes and second == _VOLUME_IS_OPEN else _STOP
        return _STOP

    def _take(self, place: int, size: int) -> int:
        if self.member is None:
            return _GO_ON
        try:
            self.member.write(bytes(unrarlib.ffi.buffer(unrarlib.ffi.cast("char *", place), size)))
        except Exception as error:
            self.error = error
            return _STOP
        return _GO_ON

    def _give_password(self, place: int, room: int) -> int:
        if self.password is None or len(self.password) >= room:
            return _STOP
        target = unrarlib.ffi.cast("wchar_t *", place)
        for number, char in enumerate(f"{self.password}\0"):
            target[number] = char
        return _GO_ON


def unpack_rar(path: Path, folder: UnpackFolder, passwords: Sequence[str], *, has_volumes: bool = False) -> None:
    """Unpack a RAR archive.

    Members may need different passwords: those that one password does not open are tried with the next.

    Args:
        path: The archive, or the first of its parts.
        folder: For the members.
        passwords: Tried one after the other.
        has_volumes: The other parts lie beside it under the names that RAR gives them.
    """
    reader = _RarUnpacker(path, folder, has_volumes=has_volumes)
    for password in (None, *passwords):
        reader.try_password(password)
        if reader.is_done:
            return
    reader.give_up()


class _RarUnpacker:
    """Goes through an archive with one password after the other, each time for what is still locked."""

    def __init__(self, path: Path, folder: UnpackFolder, *, has_volumes: bool) -> None:
        self._path, self._folder, self._has_volumes = path, folder, has_volumes
        self._count = 0
        self._locked: dict[int, MemberSink] = {}
        """Members that no password has opened yet, by their place in the archive."""
        self._is_listed = False
        """Whether the archive was read to its end: where names or a solid archive are encrypted it may not be."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left that another password may open."""
        return self._is_listed and not self._locked

    def give_up(self) -> None:
        """No password opens what is left."""
        if not self._count:
            raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)
        for member in self._locked.values():
            member.reject(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)
        if not self._is_listed:
            self._folder.add(_REST).reject(SourceState.QUARANTINED_ENCRYPTED, NEEDS_PASSWORD)

    def try_password(self, password: str | None) -> None:
        """Unpack what a password opens."""
        begin, failures = 0, 0
        while failures < _MOST_FAILURES:
            locked_before = len(self._locked)
            stuck = self._pass(password, begin)
            if stuck is None:
                return
            failures = 0 if len(self._locked) < locked_before else failures + 1
            begin = stuck + 1

    def _pass(self, password: str | None, begin: int) -> int | None:
        """Go through the archive once.

        After a wrong password the library has lost its place, and all has to begin again behind that member.

        Returns:
            The place of the member with another password; None at the end of what can be read.
        """
        answers = _Answers(password, has_volumes=self._has_volumes)
        with self._opened(answers) as handle:
            place = 0
            while handle is not None:
                header = unrarlib.RARHeaderDataEx()
                code = unrarlib.RARReadHeaderEx(handle, header)
                if code != _RAR_OK:
                    self._end(code, place, password)
                    return None
                is_wanted = place >= self._count or (place >= begin and place in self._locked)
                code = self._process(handle, header, answers, place, is_wanted=is_wanted)
                if code in _RAR_WRONG_PASSWORD:
                    # Without a password an encrypted member is passed over, which only a solid archive refuses.
                    return None if password is None else place
                place += 1
        return None

    @contextmanager
    def _opened(self, answers: _Answers) -> Iterator[object]:
        """The library's handle; None where the names in the archive cannot be read with this password."""
        # The library keeps the numbers of both as they are, so they have to live until the end.
        user_data = unrarlib.ffi.new_handle(answers)
        archive = unrarlib.RAROpenArchiveDataEx(self._path, lib.C_RAR_OM_EXTRACT)
        # The stub declares its user data as a pointer, the structure as a number of the same size.
        archive.value.Callback = unrarlib.ffi.cast(
            unrarlib.ffi.typeof(archive.value.Callback), unrarlib.PyUNRARCALLBACKStub
        )
        archive.value.UserData = int(unrarlib.ffi.cast("long", user_data))
        handle = unrarlib.RAROpenArchiveEx(archive.value)
        code = archive.value.OpenResult
        if code == _RAR_OK:
            try:
                yield handle
            finally:
                unrarlib.RARCloseArchive(handle)
        elif code in _RAR_WRONG_PASSWORD or answers.password is not None:
            yield None  # decrypted with a wrong password its directory looks damaged
        else:
            raise corrupt("its beginning is not that of a RAR archive")

    def _end(self, code: int, place: int, password: str | None) -> None:
        """The library reads no further member: the end, a wrong password for the names, or damage."""
        if self._is_listed or (code != _RAR_END and place == 0 and (code in _RAR_WRONG_PASSWORD or password)):
            return
        if code != _RAR_END and place == 0:
            raise corrupt(_rar_words(code))
        self._is_listed = True
        if code != _RAR_END:
            # What was read so far is kept; the rest is a member of its own, so that nobody thinks all is well.
            self._folder.add(_REST).reject(SourceState.QUARANTINED_CORRUPT, _rar_problem(code))

    def _process(self, handle: object, header: Any, answers: _Answers, place: int, *, is_wanted: bool) -> int:
        """Unpack a member, or pass it over; the library's code."""
        member = self._sink(header, place) if is_wanted else None
        is_locked = answers.password is None and _is_encrypted(header)
        answers.member = None if is_locked else member
        operation = lib.C_RAR_TEST if is_wanted and not is_locked else lib.C_RAR_SKIP
        code = int(unrarlib.RARProcessFileW(handle, operation, unrarlib.ffi.NULL, unrarlib.ffi.NULL))
        if answers.error is not None:
            raise answers.error
        if member is not None and member.rejection is None:
            if is_locked:
                self._locked[place] = member
            else:
                self._judge(member, header, code, place)
        return code

    def _sink(self, header: Any, place: int) -> MemberSink | None:
        """Where the bytes of a member go; None for a folder."""
        if (member := self._locked.get(place)) is not None:
            member.restart()
            return member
        self._count = max(self._count, place + 1)
        is_folder = header.Flags & _RAR_DIRECTORY_FLAG
        return None if is_folder else self._folder.add(str(unrarlib.ffi.string(header.FileNameW)))

    def _judge(self, member: MemberSink, header: Any, code: int, place: int) -> None:
        self._locked.pop(place, None)
        is_unix_special = header.HostOS == _RAR_UNIX and header.FileAttr & _RAR_FORMAT_MASK != _RAR_REGULAR_FILE
        if header.RedirType or is_unix_special:
            member.reject(SourceState.SKIPPED_UNSUPPORTED, LINK if header.RedirType else SPECIAL)
        elif header.Flags & _RAR_SPLIT_BEFORE_FLAG and not self._has_volumes:
            member.reject(SourceState.QUARANTINED_CORRUPT, PART_OF_SEVERAL)
        elif code in _RAR_WRONG_PASSWORD or (code not in (_RAR_OK, _RAR_NO_VOLUME) and _is_encrypted(header)):
            # Before version 5 nothing but the checksum tells a wrong password, and damage shows the same way.
            member.restart()
            self._locked[place] = member
        elif code != _RAR_OK:
            member.reject(SourceState.QUARANTINED_CORRUPT, _rar_problem(code))


def _is_encrypted(header: Any) -> bool:
    return bool(header.Flags & _RAR_ENCRYPTED_FLAG)


def _rar_problem(code: int) -> str:
    return PART_OF_SEVERAL if code == _RAR_NO_VOLUME else f"damaged in the archive: {_rar_words(code)}"


def _rar_words(code: int) -> str:
    return _RAR_PROBLEMS.get(code, "it cannot be unpacked")
