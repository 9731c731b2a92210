"""The typed values that pass between the stages: sources, manifests of pages, outcomes.

Stages hand these on as JSON objects in S3 (``work/``); XCom carries only their keys and counts. Page texts are
:class:`ocr_tasks.contract.PageResult` whichever way they were read, from a text layer or by OCR.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenderlake.states import SourceState

MANIFEST_NAME = "manifest.json"
NATIVE_PAGES_NAME = "native-pages.jsonl"
UNPACKING_NAME = "unpacking.json"
SINGLE_FILE_NAME = "content"
"""Of the one file in a gzip, bzip2, xz or signed message: these keep no name, or one that nothing vouches for."""
PREPARE_VERSION = 4
"""Raised when the same bytes and options would be prepared differently: manifests of older versions are not reused."""


class Value(BaseModel):
    """An immutable value; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextLayerMode(StrEnum):
    """What to do with text layers: test each page, OCR every page, or never OCR."""

    AUTO = "auto"
    IGNORE = "ignore"
    ONLY = "only"


class PageKind(StrEnum):
    """Where the text of a page comes from."""

    NATIVE = "native"
    IMAGE = "image"
    MIXED = "mixed"
    """Native text beside pictures that may hold more: a page image that shows only these goes to OCR."""


SourceId = tuple[str, str | None]
"""Key and archive_path of a source."""


class SourceRef(Value):
    """One object of the inbox as it was listed, or (with ``archive_path``) a member of an archive in it."""

    key: str
    etag: str
    size_bytes: int
    last_modified: datetime
    archive_path: str | None = None

    @property
    def identity(self) -> SourceId:
        """What tells this source from all others, whatever its bytes."""
        return self.key, self.archive_path

    @property
    def filename(self) -> str:
        """The last part of the path, as people know the file."""
        return (self.archive_path or self.key).rsplit("/", 1)[-1]


class PrepareLimits(Value):
    """What one document may cost. Past a limit the document ends in its own state; the others go on."""

    timeout_s: float = 300.0
    memory_bytes: int = 3 * 2**30
    max_document_bytes: int = 2**30
    max_pages: int = 5000
    max_page_pixels: int = 60_000_000
    """A page image larger than this is rendered smaller, with a quality flag, not refused."""
    max_archive_members: int = 10_000
    max_archive_depth: int = 5
    """Archives within archives: 1 takes no archive within another."""
    max_unpacked_bytes: int = 8 * 2**30
    """Of all members of one source together, those of archives within it too."""
    max_unpack_ratio: int = 200


class PrepareOptions(Value):
    """How pages are made from a document: these options decide the text and the images of its pages."""

    text_layer: TextLayerMode = TextLayerMode.AUTO
    dpi: Annotated[int, Field(ge=72, le=600)] = 300
    languages: tuple[str, ...] = ("rus", "eng")

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that name these options and the version of the preparing code."""
        text = json.dumps([PREPARE_VERSION, self.model_dump(mode="json")], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class PagePlan(Value):
    """One page of a document and where its text will come from.

    ``width_px``, ``height_px``: of the page image, or of the native page at ``dpi``, as people see the page (rotation
    applied). ``rotation_deg``: the clockwise turn that was applied to get there. ``reason``: why native or image.
    ``image_name``: file name of the page image beside the manifest (None for native pages). ``has_earlier_ocr``: of an
    image page, the text that somebody's OCR left in the file was kept for the case that ours fails.
    """

    page_number: Annotated[int, Field(ge=1)]
    kind: PageKind
    reason: str
    width_px: int
    height_px: int
    dpi: Annotated[int, Field(gt=0)] | None = None
    rotation_deg: Literal[0, 90, 180, 270] = 0
    image_name: str | None = None
    image_media_type: str | None = None
    image_size_bytes: int | None = None
    has_earlier_ocr: bool = False
    quality_flags: tuple[str, ...] = ()

    @property
    def has_native_result(self) -> bool:
        """Whether the page has a line among the native pages."""
        return self.kind is not PageKind.IMAGE or self.has_earlier_ocr


class Rejection(Value):
    """Why a source ends without a document: a final state and a reason that a person understands."""

    state: SourceState
    reason: str


class UnpackedMember(Value):
    """One file of an archive or within a document: its bytes lie in ``file_name``, unless there is a ``rejection``."""

    archive_path: str
    size_bytes: Annotated[int, Field(ge=0)]
    file_name: str | None = None
    rejection: Rejection | None = None


class DocumentManifest(Value):
    """What prepare found out about one document; it lies beside its page images and native texts.

    ``document_id`` is the SHA-256 of the bytes, ``media_type`` comes from the content and never from the name.
    ``attachments``: files within the document, each a source of its own beside it, as members are beside an archive.
    """

    manifest_version: Literal[1] = 1
    document_id: str
    media_type: str
    size_bytes: int
    options: PrepareOptions
    pages: tuple[PagePlan, ...]
    attachments: tuple[UnpackedMember, ...] = ()

    @property
    def image_pages(self) -> tuple[PagePlan, ...]:
        """The pages that need OCR, as a whole or in part."""
        return tuple(page for page in self.pages if page.kind is not PageKind.NATIVE)


class Unpacking(Value):
    """What one level of an archive holds, in its order."""

    media_type: str
    members: tuple[UnpackedMember, ...]


class PreparedSource(Value):
    """What prepare did with one source: one of ``manifest_key``, ``rejection`` and ``left_reason`` is set.

    An archive that was unpacked has a ``rejection`` with state ``unpacked``; its members are sources of their own.

    ``left_reason``: the object was not there as listed; the next run sees what became of it.

    ``document_id`` is None only where the bytes could not be read to the end. ``image_pages`` and ``page_count`` repeat
    the manifest, so that sums can be made without reading it.
    """

    source: SourceRef
    document_id: str | None = None
    manifest_key: str | None = None
    rejection: Rejection | None = None
    left_reason: str | None = None
    media_type: str | None = None
    page_count: int = 0
    image_pages: int = 0
    prepare_s: float = 0.0
