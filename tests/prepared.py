"""Prepares a document as the pipeline does and shows what came out in few words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ocr_tasks.contract import Block, PageResult
from tenderlake.documents import (
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PageKind,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    Unpacking,
)
from tenderlake.intake import prepare_document

LIMITS = PrepareLimits(
    max_pages=40, max_page_pixels=4_000_000, memory_bytes=512 * 2**20, max_unpacked_bytes=200 * 2**20
)


class Prepared:
    """A prepared document: its manifest, its native pages by number, its folder."""

    def __init__(self, manifest: DocumentManifest, folder: Path) -> None:
        self.manifest, self.folder = manifest, folder
        with (folder / NATIVE_PAGES_NAME).open("rb") as lines:
            results = [PageResult.model_validate_json(line) for line in lines]
        self.native = {page.page_number: page for page in results}
        wanted = [page.page_number for page in manifest.pages if page.kind is PageKind.NATIVE]
        assert list(self.native) == wanted

    def blocks(self, page: int = 1) -> tuple[Block, ...]:
        """The blocks of a native page."""
        return self.native[page].blocks

    def said(self, page: int = 1) -> list[tuple[str, str]]:
        """Label and content of the blocks of a page; a heading with its level."""
        return [
            (f"{block.label.value} {block.heading_level}" if block.heading_level else block.label.value, block.content)
            for block in self.blocks(page)
        ]

    def texts(self, page: int = 1) -> list[str]:
        """The contents of the blocks of a page."""
        return [block.content for block in self.blocks(page)]


def outcome_of(
    folder: Path, data: bytes, *, limits: PrepareLimits = LIMITS, passwords: Sequence[str] = ()
) -> DocumentManifest | Unpacking | Rejection:
    """What preparing a file with these bytes ends in."""
    path = folder / "source"
    path.write_bytes(data)
    return prepare_document(
        path, folder / "out", document_id="d0c", options=PrepareOptions(), limits=limits, passwords=passwords
    )


def prepared(folder: Path, data: bytes, *, limits: PrepareLimits = LIMITS, passwords: Sequence[str] = ()) -> Prepared:
    """A file that is prepared."""
    outcome = outcome_of(folder, data, limits=limits, passwords=passwords)
    assert isinstance(outcome, DocumentManifest), outcome
    return Prepared(outcome, folder / "out")


def rejected(folder: Path, data: bytes, *, limits: PrepareLimits = LIMITS, passwords: Sequence[str] = ()) -> Rejection:
    """A file that ends without a document."""
    outcome = outcome_of(folder, data, limits=limits, passwords=passwords)
    assert isinstance(outcome, Rejection), outcome
    return outcome


def unpacked(folder: Path, data: bytes, *, limits: PrepareLimits = LIMITS) -> dict[str, bytes | Rejection]:
    """The members of a file that is unpacked, by their paths."""
    outcome = outcome_of(folder, data, limits=limits)
    assert isinstance(outcome, Unpacking), outcome
    return {
        member.archive_path: member.rejection or (folder / "out" / str(member.file_name)).read_bytes()
        for member in outcome.members
    }
