"""Putting a folder of documents into the inbox: only what is new or changed is sent."""

from __future__ import annotations

import hashlib
import mimetypes
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from os.path import commonprefix
from pathlib import Path

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.storage import ObjectInfo, ObjectMissingError, Storage

_PART_BYTES = 8 * 2**20
"""boto3 sends larger files in parts of this size, and their ETag is made of the parts' digests."""
_MOST_LISTED = 10
"""Objects that are listed for each document, a thousand a request, before those that did not come are asked for."""


class Comparison(StrEnum):
    """A local file beside the object of its key."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class LocalDocument:
    """A file and the key it gets."""

    path: Path
    key: str
    size_bytes: int


@dataclass(frozen=True)
class Upload:
    """What was done with a folder."""

    new: tuple[LocalDocument, ...] = ()
    changed: tuple[LocalDocument, ...] = ()
    same: tuple[LocalDocument, ...] = ()

    @property
    def sent_bytes(self) -> int:
        """Bytes that went over to S3."""
        return sum(document.size_bytes for document in (*self.new, *self.changed))


def find_documents(folder: Path, inbox: str) -> list[LocalDocument]:
    """Every file below a folder (or the one file given), with its key; hidden files are no documents.

    Keys are in Unicode's composed form, whatever form the file system keeps names in.

    Raises:
        EmbeddedError: there is no such folder, it has no documents, something in it cannot be read, or has a name that
            makes no key or the key of another file.
    """
    try:
        if folder.is_file():
            found = [(folder, folder.name)]
        elif folder.is_dir():
            found = [(path, path.relative_to(folder).as_posix()) for path in _files(folder)]
        else:
            raise EmbeddedError(f"DOCS={folder}: there is no such folder")
        documents = [LocalDocument(path, inbox + _path_in_inbox(name), path.stat().st_size) for path, name in found]
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"DOCS={folder} cannot be read: {error}") from error
    if not documents:
        raise EmbeddedError(f"DOCS={folder} has no documents (hidden files do not count)")
    by_key: dict[str, LocalDocument] = {}
    for document in documents:
        _check_key(document)
        if (other := by_key.setdefault(document.key, document)) is not document:
            raise EmbeddedError(f"{other.path} and {document.path} would both be {document.key} in S3: rename one")
    return documents


def _path_in_inbox(name: str) -> str:
    """The path that a file gets; a backslash parts folders, as SeaweedFS 4.48 makes of one in any key."""
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _check_key(document: LocalDocument) -> None:
    try:
        size_bytes = len(document.key.encode())
    except UnicodeEncodeError as error:
        raise EmbeddedError(f"{document.path!r}: the name is not valid UTF-8; rename the file") from error
    if "\\" in str(document.path) and {"", ".", ".."} & set(document.key.split("/")):
        raise EmbeddedError(f"{document.path}: S3 takes the backslash for the end of a folder's name; rename the file")
    if size_bytes > 1024:
        raise EmbeddedError(
            f"{document.path}: S3 keys have at most 1024 bytes, this has {size_bytes}; shorten the path"
        )


def local_etags(path: Path) -> tuple[str, str]:
    """The ETags that S3 gives to these bytes: sent in one piece, and sent in parts as boto3 does."""
    whole, parts = hashlib.md5(usedforsecurity=False), []
    with path.open("rb") as file:
        while part := file.read(_PART_BYTES):
            whole.update(part)
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    in_parts = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return whole.hexdigest(), f"{in_parts}-{len(parts)}"


def compare(document: LocalDocument, known: ObjectInfo | None) -> Comparison:
    """Whether an object has the bytes of a file; a store with other ETags makes every file look changed."""
    if known is None:
        return Comparison.NEW
    if known.size_bytes == document.size_bytes and known.etag in local_etags(document.path):
        return Comparison.SAME
    return Comparison.CHANGED


def upload_documents(storage: Storage, documents: list[LocalDocument]) -> Upload:
    """Send what is new or changed; objects that are the same keep their ETag and their time.

    Raises:
        EmbeddedError: a file cannot be read.
        StorageError: S3 fails.
    """
    in_inbox = _objects_of(storage, documents)

    def send(document: LocalDocument) -> Comparison:
        try:
            result = compare(document, in_inbox.get(document.key))
            if result is not Comparison.SAME:
                media_type = mimetypes.guess_type(document.path.name)[0] or "application/octet-stream"
                storage.upload(document.path, document.key, media_type)
        except OSError as error:
            raise EmbeddedError(f"{document.path} cannot be read: {error.strerror}") from error
        return result

    results = list(zip(documents, storage.in_parallel(send, documents), strict=True))
    return Upload(
        **{kind.value: tuple(item for item, result in results if result is kind) for kind in Comparison},
    )


def _objects_of(storage: Storage, documents: list[LocalDocument]) -> dict[str, ObjectInfo]:
    """What the inbox has under the keys of the documents: listed, unless much else lies between them."""
    keys = {document.key for document in documents}
    most = _MOST_LISTED * len(keys)
    prefix = commonprefix(sorted(keys))  # noqa: RUF071 - S3 compares prefixes letter by letter, too
    listed = list(islice(storage.list_objects(prefix), most + 1))
    found = {item.key: item for item in listed if item.key in keys}
    if len(listed) > most:

        def look(key: str) -> ObjectInfo | None:
            try:
                return storage.head(key)
            except ObjectMissingError:
                return None

        asked = storage.in_parallel(look, sorted(keys - found.keys()))
        found.update({item.key: item for item in asked if item is not None})
    return found
