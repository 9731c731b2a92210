"""What the readers of all archive formats share."""

from __future__ import annotations

from typing import Protocol

from tenderlake.intake.outcome import RejectedError, one_line
from tenderlake.intake.unpacking import MemberSink
from tenderlake.states import SourceState

CHUNK_BYTES = 1 << 20
NEEDS_PASSWORD = "it needs a password that is not in TENDERLAKE_PASSWORDS"  # noqa: S105 - a message
LINK = "a link within the archive: links are not followed"
SPECIAL = "a device or pipe within the archive, not a file"
UNKNOWN_PACKING = "packed in a way that this version does not read: pack it anew as ZIP, 7z or RAR"
PART_OF_SEVERAL = "another part of this archive in several parts is missing: put it beside this one in the inbox"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


def copy(source: Readable, member: MemberSink) -> None:
    """Write all bytes of a stream into a member, in pieces."""
    while chunk := source.read(CHUNK_BYTES):
        member.write(chunk)


def corrupt(error: object) -> RejectedError:
    """The rejection of an archive that is damaged as a whole."""
    return RejectedError(SourceState.QUARANTINED_CORRUPT, f"the archive (or Office file) is damaged: {one_line(error)}")
