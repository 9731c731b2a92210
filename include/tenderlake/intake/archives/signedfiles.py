"""Files that are wrapped in their signature: what is signed is the one member."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tenderlake.documents import SINGLE_FILE_NAME
from tenderlake.intake.cms import DamagedMessageError, signed_file
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.unpacking import UnpackFolder
from tenderlake.states import SourceState


def unpack_signed(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Take a file out of the message that signs it."""
    member = folder.add(SINGLE_FILE_NAME)
    try:
        for chunk in signed_file(path, folder.path):
            member.write(chunk)
    except DamagedMessageError as error:
        raise RejectedError(SourceState.QUARANTINED_CORRUPT, f"the signed file is damaged: {error}") from error
