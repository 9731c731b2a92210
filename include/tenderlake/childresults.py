"""What the caller believes of the files that a child left: a document that took it over may have written anything."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ocr_tasks.contract import PageResult
from tenderlake.documents import (
    MANIFEST_NAME,
    NATIVE_PAGES_NAME,
    UNPACKING_NAME,
    DocumentManifest,
    UnpackedMember,
    Unpacking,
)
from tenderlake.zygote import OUTCOME_NAME, Outcome, Request

_MAX_OUTCOME_BYTES = 1 << 20
_MAX_MANIFEST_BYTES = 64 << 20
_MAX_NATIVE_BYTES = 1 << 30
_IMAGE_NAME = re.compile(r"page-(\d{6})\.(jpg|png)")


class UnbelievableError(Exception):
    """The files of the child make no sense."""


def read_outcome(output: Path) -> Outcome:
    """What the child says; raises :class:`UnbelievableError`."""
    try:
        return Outcome.model_validate_json(_read(output / OUTCOME_NAME, _MAX_OUTCOME_BYTES))
    except ValidationError as error:
        raise UnbelievableError(f"its outcome: {error}") from error


def read_manifest(request: Request, output: Path) -> DocumentManifest:
    """The manifest, once all files it names are there and are plain files, and no others.

    Raises:
        UnbelievableError: Anything is missing, too much, or that of another document.
    """
    (output / OUTCOME_NAME).unlink()
    try:
        manifest = DocumentManifest.model_validate_json(_read(output / MANIFEST_NAME, _MAX_MANIFEST_BYTES))
        _check_native_pages(manifest, output / NATIVE_PAGES_NAME)
    except ValidationError as error:
        raise UnbelievableError(str(error)) from error
    if manifest.document_id != request.document_id or manifest.options != request.options:
        raise UnbelievableError("the manifest is that of another document")
    if [page.page_number for page in manifest.pages] != list(range(1, len(manifest.pages) + 1)):
        raise UnbelievableError("the pages are not counted from 1")
    attached = _checked_attachments(request, manifest.attachments, output)
    expected = {MANIFEST_NAME, NATIVE_PAGES_NAME, *_checked_images(manifest, output), *attached}
    if unexpected := {entry.name for entry in output.iterdir()} - expected:
        raise UnbelievableError(f"files that the manifest does not know: {sorted(unexpected)[:3]}")
    return manifest


def read_unpacking(request: Request, output: Path) -> Unpacking:
    """The members of an archive, once all files that the list names are there and are plain files, and no others.

    Raises:
        UnbelievableError: Anything is missing, too much, or larger than it says.
    """
    (output / OUTCOME_NAME).unlink()
    try:
        unpacking = Unpacking.model_validate_json(_read(output / UNPACKING_NAME, _MAX_MANIFEST_BYTES))
    except ValidationError as error:
        raise UnbelievableError(str(error)) from error
    limits, members = request.limits, unpacking.members
    if len(members) > limits.max_archive_members or sum(m.size_bytes for m in members) > limits.max_unpacked_bytes:
        raise UnbelievableError("more members or bytes than were allowed")
    names = {UNPACKING_NAME, *_checked_members(members, output)}
    if unexpected := {entry.name for entry in output.iterdir()} - names:
        raise UnbelievableError(f"files that the list does not know: {sorted(unexpected)[:3]}")
    return unpacking


def _checked_members(members: Sequence[UnpackedMember], output: Path) -> set[str]:
    """The names of their files."""
    if len({member.archive_path for member in members}) != len(members):
        raise UnbelievableError("two members with the same path")
    names: set[str] = set()
    for number, member in enumerate(members, start=1):
        if (member.file_name is None) == (member.rejection is None):
            raise UnbelievableError(f"member {number} is neither a file nor rejected, or both")
        if member.file_name is None:
            continue
        if member.file_name != f"member-{number:06d}" or _size_of(output / member.file_name) != member.size_bytes:
            raise UnbelievableError(f"member {number} is not what the list says")
        names.add(member.file_name)
    return names


def _checked_attachments(request: Request, attachments: Sequence[UnpackedMember], output: Path) -> set[str]:
    limits = request.limits
    size_bytes = sum(member.size_bytes for member in attachments if member.file_name)
    # One more than the limit: the row of those past it.
    if len(attachments) > limits.max_archive_members + 1 or size_bytes > limits.max_unpacked_bytes:
        raise UnbelievableError("more files within the document, or more bytes in them, than were allowed")
    return _checked_members(attachments, output)


def _checked_images(manifest: DocumentManifest, output: Path) -> set[str]:
    names: set[str] = set()
    for page in manifest.image_pages:
        if page.image_name is None:
            continue
        match = _IMAGE_NAME.fullmatch(page.image_name)
        if match is None or int(match.group(1)) != page.page_number:
            raise UnbelievableError(f"an image with the name {page.image_name!r}")
        if _size_of(output / page.image_name) != page.image_size_bytes:
            raise UnbelievableError(f"{page.image_name} has not the size that the manifest says")
        names.add(page.image_name)
    return names


def _check_native_pages(manifest: DocumentManifest, path: Path) -> None:
    wanted = [page.page_number for page in manifest.pages if page.has_native_result]
    if _size_of(path) > _MAX_NATIVE_BYTES:
        raise UnbelievableError("too much native text")
    found: list[int] = []
    with path.open("rb") as file:
        for line in file:
            result = PageResult.model_validate_json(line)
            if result.document_id != manifest.document_id:
                raise UnbelievableError("a native page of another document")
            found.append(result.page_number)
    if found != wanted:
        raise UnbelievableError("the native pages are not those of the manifest")


def _size_of(path: Path) -> int:
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise UnbelievableError(f"{path.name} is missing") from error
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise UnbelievableError(f"{path.name} is not a plain file")
    return status.st_size


def _read(path: Path, most_bytes: int) -> bytes:
    if _size_of(path) > most_bytes:
        raise UnbelievableError(f"{path.name} is too large")
    return path.read_bytes()
