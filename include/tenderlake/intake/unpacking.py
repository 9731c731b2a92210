"""What unpacking an archive leaves: a folder of members under neutral names, and a list that says what each is.

Limits are enforced while bytes are written, not believed from the archive's own directory.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from tenderlake.documents import PrepareLimits, Rejection, UnpackedMember, Unpacking
from tenderlake.intake.membernames import UnsafeNameError, safe_path, unique_paths
from tenderlake.intake.outcome import RejectedError, one_line
from tenderlake.states import SourceState

_RATIO_COUNTS_FROM_BYTES = 64 * 2**20
"""Below this nobody is hurt by a high ratio: plain text and XML reach 1:100 and more."""


class MemberSink:
    """Takes the bytes of one member. Past its own limit it takes no more, and the member ends with a reason."""

    def __init__(self, folder: UnpackFolder, number: int, path: str) -> None:
        self._folder = folder
        self.path = path
        self.file_name = f"member-{number:06d}"
        self.size_bytes = 0
        self.rejection: Rejection | None = None
        self._file: IO[bytes] | None = None

    def write(self, chunk: bytes) -> int:
        """Take a chunk.

        Raises:
            RejectedError: The whole archive is a bomb.
        """
        self.size_bytes += len(chunk)
        self._folder.count(len(chunk))
        if self.rejection is None and self.size_bytes > self._folder.limits.max_document_bytes:
            self.reject(
                SourceState.QUARANTINED_TOO_LARGE,
                f"it unpacks to more than TENDERLAKE_MAX_DOCUMENT_BYTES ({self._folder.limits.max_document_bytes:,})",
            )
        if self.rejection is None:
            if self._file is None:
                self._file = (self._folder.path / self.file_name).open("wb")
            self._file.write(chunk)
        return len(chunk)

    def reject(self, state: SourceState, reason: object) -> None:
        """End the member without its bytes."""
        self.rejection = Rejection(state=state, reason=one_line(reason))
        self.close()
        (self._folder.path / self.file_name).unlink(missing_ok=True)

    def restart(self) -> None:
        """Forget what was written, such as what a wrong password gave."""
        self._folder.count(-self.size_bytes)
        self.size_bytes, self.rejection = 0, None
        self.close()
        (self._folder.path / self.file_name).unlink(missing_ok=True)

    def close(self) -> None:
        """No more bytes come."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def result(self, path: str) -> UnpackedMember:
        """What became of the member; one without a byte has a file too."""
        self.close()
        if self.rejection is None and self.size_bytes == 0:
            (self._folder.path / self.file_name).touch()
        return UnpackedMember(
            archive_path=path,
            size_bytes=self.size_bytes,
            file_name=None if self.rejection else self.file_name,
            rejection=self.rejection,
        )


class UnpackFolder:
    """Where the members of one archive go, with the limits of the whole.

    Args:
        path: The folder.
        archive_size_bytes: Size of the archive itself, for the ratio.
        limits: Those of the document, or what is left of them within an outer archive.
    """

    def __init__(self, path: Path, archive_size_bytes: int, limits: PrepareLimits) -> None:
        self.path, self.limits = path, limits
        self._archive_size_bytes = max(archive_size_bytes, 1)
        self._unpacked_bytes = 0
        self._members: list[MemberSink] = []

    def add(self, name: str) -> MemberSink:
        """Begin a member under the name that the archive gives it.

        Raises:
            RejectedError: There are too many members.
        """
        if len(self._members) >= self.limits.max_archive_members:
            raise RejectedError(
                SourceState.QUARANTINED_ARCHIVE_BOMB,
                "it has more members than TENDERLAKE_MAX_ARCHIVE_MEMBERS allows",
            )
        number = len(self._members) + 1
        try:
            member = MemberSink(self, number, safe_path(name))
        except UnsafeNameError as error:
            member = MemberSink(self, number, f"member {number}")
            why = f"{error}: {name[:200]}" if name.strip() else str(error)
            member.reject(SourceState.QUARANTINED_CORRUPT, why)
        self._members.append(member)
        return member

    def count(self, size_bytes: int) -> None:
        """Count unpacked bytes.

        Raises:
            RejectedError: There are too many, or too many for the size of the archive.
        """
        self._unpacked_bytes += size_bytes
        if self._unpacked_bytes > self.limits.max_unpacked_bytes:
            raise RejectedError(
                SourceState.QUARANTINED_ARCHIVE_BOMB,
                "it unpacks to more bytes than TENDERLAKE_MAX_UNPACKED_BYTES allows",
            )
        ratio = self._unpacked_bytes / self._archive_size_bytes
        if self._unpacked_bytes > _RATIO_COUNTS_FROM_BYTES and ratio > self.limits.max_unpack_ratio:
            raise RejectedError(
                SourceState.QUARANTINED_ARCHIVE_BOMB,
                f"it unpacks to more than {self.limits.max_unpack_ratio} times its size (TENDERLAKE_MAX_UNPACK_RATIO)",
            )

    @property
    def members(self) -> tuple[MemberSink, ...]:
        """Those begun so far."""
        return tuple(self._members)

    def restart(self, kept: int = 0) -> None:
        """Forget all members behind the first ``kept``, such as what a wrong password gave."""
        for member in self._members[kept:]:
            member.restart()
        del self._members[kept:]

    def finish(self, media_type: str) -> Unpacking:
        """The list of members.

        Raises:
            RejectedError: Not one of them could be opened without a password.
        """
        rejections = [member.rejection for member in self._members]
        if rejections and all(r and r.state is SourceState.QUARANTINED_ENCRYPTED for r in rejections):
            raise RejectedError(SourceState.QUARANTINED_ENCRYPTED, rejections[0].reason if rejections[0] else "")
        return Unpacking(media_type=media_type, members=self.results())

    def results(self) -> tuple[UnpackedMember, ...]:
        """What became of each member, under paths that are all different."""
        paths = unique_paths(member.path for member in self._members)
        return tuple(member.result(path) for member, path in zip(self._members, paths, strict=True))
