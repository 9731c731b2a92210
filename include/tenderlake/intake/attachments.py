"""Files within documents: embedded objects of office files, attachments of PDF files.

The document is published, and each file within it becomes a source of its own beside it, as a member of an archive
does, under the same limits. A limit costs the files that are past it, not the document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tenderlake.documents import PrepareLimits, Rejection, UnpackedMember
from tenderlake.intake.membernames import unique_paths
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.unpacking import UnpackFolder

FURTHER_FILES = "further files within the document"
"""The name of the row that stands for all files past the limit of members."""


@dataclass(frozen=True)
class Attachment:
    """A file within a document; ``rejection``: why its bytes cannot be taken."""

    name: str
    data: bytes = b""
    rejection: Rejection | None = None


def write_attachments(
    attachments: Iterable[Attachment], folder: Path, document_size_bytes: int, limits: PrepareLimits
) -> tuple[UnpackedMember, ...]:
    """Write the files of a document, ``member-000001`` and so on.

    Args:
        attachments: The files, in the order of the document; taken one after the other.
        folder: An existing folder.
        document_size_bytes: Size of the document, for the ratio.
        limits: What they may cost together.

    Returns:
        What became of each; at most one more than the limit of members, for those past it.

    Raises:
        OSError: Our disk failed.
    """
    unpack = UnpackFolder(folder, document_size_bytes, limits)
    for attachment in attachments:
        try:
            member = unpack.add(attachment.name)
        except RejectedError as error:
            return _with_further_files(unpack.results(), error.rejection)
        if member.rejection is not None:
            continue
        if attachment.rejection is not None:
            member.reject(attachment.rejection.state, attachment.rejection.reason)
            continue
        try:
            member.write(attachment.data)
        except RejectedError as error:
            member.reject(error.rejection.state, error.rejection.reason)
        member.close()
    return unpack.results()


def _with_further_files(members: tuple[UnpackedMember, ...], rejection: Rejection) -> tuple[UnpackedMember, ...]:
    path = unique_paths([*(member.archive_path for member in members), FURTHER_FILES])[-1]
    return (*members, UnpackedMember(archive_path=path, size_bytes=0, rejection=rejection))
