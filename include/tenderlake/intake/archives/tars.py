"""tar archives, and single files that are only compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from tenderlake.documents import SINGLE_FILE_NAME, PrepareLimits
from tenderlake.intake.archives.common import LINK, SPECIAL, copy, corrupt
from tenderlake.intake.membernames import decode_names
from tenderlake.intake.outcome import is_disk_trouble
from tenderlake.intake.unpacking import MemberSink, UnpackFolder
from tenderlake.states import SourceState

_Compressed = bz2.BZ2File | gzip.GzipFile | lzma.LZMAFile


def unpack_tar(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
    """Unpack a tar archive."""
    with path.open("rb") as file:
        _unpack_tar_stream(file, folder)


def _unpack_tar_stream(file: IO[bytes] | _Compressed, folder: UnpackFolder) -> None:
    try:
        # Latin-1 keeps every byte of a name; which code page it is shows when all of them are known.
        with tarfile.open(fileobj=file, mode="r:", encoding="latin-1") as archive:
            entries = list(_tar_entries(archive, folder.limits))
            names = decode_names([entry.name.encode("latin-1", "replace") for entry in entries])
            for entry, name in zip(entries, names, strict=True):
                _unpack_tar_entry(archive, entry, folder.add(name))
    except (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise corrupt(error) from error
    except OSError as error:
        if is_disk_trouble(error):
            raise
        raise corrupt(error) from error


def _tar_entries(archive: tarfile.TarFile, limits: PrepareLimits) -> Iterator[tarfile.TarInfo]:
    files = 0
    for entry in archive:
        if not entry.isdir():
            files += 1
            yield entry
        if files > limits.max_archive_members:  # the folder says so in words
            return


def _unpack_tar_entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, member: MemberSink) -> None:
    if member.rejection:
        return
    if not entry.isfile():
        is_link = entry.issym() or entry.islnk()
        member.reject(SourceState.SKIPPED_UNSUPPORTED, LINK if is_link else SPECIAL)
        return
    source = archive.extractfile(entry)
    if source is not None:
        copy(source, member)


def unpack_compressed_with(
    open_file: Callable[[Path], _Compressed],
) -> Callable[[Path, UnpackFolder, Sequence[str]], None]:
    """A compressed tar, or one file without a name of its own."""

    def unpack_compressed(path: Path, folder: UnpackFolder, passwords: Sequence[str]) -> None:
        try:
            with open_file(path) as source:
                head = source.read(tarfile.BLOCKSIZE)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            if is_disk_trouble(error):
                raise
            raise corrupt(error) from error
        with open_file(path) as source:
            if head[257:262] == b"ustar":
                _unpack_tar_stream(source, folder)
                return
            member = folder.add(SINGLE_FILE_NAME)
            try:
                copy(source, member)
            except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
                raise corrupt(error) from error
            except OSError as error:
                if is_disk_trouble(error):
                    raise
                raise corrupt(error) from error

    return unpack_compressed
