"""Unpacks archives: ZIP, 7-Zip, RAR and tar, and single files in gzip, bzip2, xz or a message that signs them.

One level at a time: an archive within an archive is a member like any other. Nothing is ever written under a member's
own name; links and devices are named and not followed. Passwords are those of a list that the operator keeps.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tenderlake.documents import PrepareLimits, Unpacking
from tenderlake.intake.archives.rars import unpack_rar
from tenderlake.intake.archives.sevenzips import unpack_seven_zip
from tenderlake.intake.archives.signedfiles import unpack_signed
from tenderlake.intake.archives.tars import unpack_compressed_with, unpack_tar
from tenderlake.intake.archives.zips import unpack_split_zip, unpack_zip
from tenderlake.intake.sniffing import ArchiveFormat
from tenderlake.intake.unpacking import UnpackFolder


def unpack(
    path: Path, output: Path, archive: ArchiveFormat, limits: PrepareLimits, passwords: Sequence[str]
) -> Unpacking:
    """Unpack one archive.

    Args:
        path: The archive.
        output: An existing folder for its members, ``member-000001`` and so on.
        archive: Its format.
        limits: What it may cost.
        passwords: Tried one after the other where one is needed.

    Raises:
        RejectedError: It is damaged as a whole, a bomb, or needs a password for everything in it.
        OSError: Our disk failed.
    """
    folder = UnpackFolder(output, path.stat().st_size, limits)
    _UNPACKERS[archive](path, folder, passwords)
    return folder.finish(archive.value)


def unpack_parts(parts: Path, output: Path, limits: PrepareLimits, passwords: Sequence[str]) -> Unpacking:
    """Unpack one archive in several parts.

    Args:
        parts: A folder that holds them and nothing else, named by :class:`tenderlake.volumes.PartSet`.
        output: An existing folder for its members.
        limits: What it may cost.
        passwords: Tried one after the other where one is needed.

    Raises:
        RejectedError: As :func:`unpack`, or a part is missing.
        OSError: Our disk failed.
    """
    paths = sorted(parts.iterdir())
    folder = UnpackFolder(output, sum(path.stat().st_size for path in paths), limits)
    last = paths[-1]
    if last.suffix == ".zip":
        unpack_split_zip(paths, folder, passwords)
        return folder.finish(ArchiveFormat.ZIP.value)
    # Of the older names, .rar comes after .r00 and so on, but before .s00.
    main = parts / "volume.rar"
    unpack_rar(main if main.exists() else paths[0], folder, passwords, has_volumes=True)
    return folder.finish(ArchiveFormat.RAR.value)


_UNPACKERS: Mapping[ArchiveFormat, Callable[[Path, UnpackFolder, Sequence[str]], None]] = {
    ArchiveFormat.ZIP: unpack_zip,
    ArchiveFormat.SEVEN_ZIP: unpack_seven_zip,
    ArchiveFormat.RAR: unpack_rar,
    ArchiveFormat.TAR: unpack_tar,
    ArchiveFormat.GZIP: unpack_compressed_with(lambda path: gzip.GzipFile(path)),
    ArchiveFormat.BZIP2: unpack_compressed_with(bz2.BZ2File),
    ArchiveFormat.XZ: unpack_compressed_with(lzma.LZMAFile),
    ArchiveFormat.SIGNED: unpack_signed,
}
