"""The folder that a prepared document lies in; the manifest is written last and at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ocr_tasks.contract import PageResult
from tenderlake.documents import MANIFEST_NAME, NATIVE_PAGES_NAME, DocumentManifest, PrepareLimits, UnpackedMember
from tenderlake.intake.attachments import Attachment, write_attachments
from tenderlake.rendering import PageImage


class PreparedFolder:
    """Writes page images, native pages, attachments and the manifest.

    A folder without a manifest holds no prepared document.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.attachments: tuple[UnpackedMember, ...] = ()
        """The files within the document."""
        path.mkdir(parents=True, exist_ok=True)
        (path / MANIFEST_NAME).unlink(missing_ok=True)

    def add_image(self, page_number: int, image: PageImage) -> str:
        """Write one page image; returns its file name."""
        name = f"page-{page_number:06d}{image.suffix}"
        (self.path / name).write_bytes(image.data)
        return name

    def add_native_pages(self, pages: Iterable[PageResult]) -> None:
        """Write the native pages, one JSON object a line."""
        with (self.path / NATIVE_PAGES_NAME).open("w", encoding="utf-8") as file:
            for page in pages:
                file.write(page.model_dump_json())
                file.write("\n")

    def attach(self, attachments: Iterable[Attachment], document_size_bytes: int, limits: PrepareLimits) -> None:
        """Write the files within the document; see :func:`~tenderlake.intake.attachments.write_attachments`."""
        self.attachments = write_attachments(attachments, self.path, document_size_bytes, limits)

    def finish(self, manifest: DocumentManifest) -> None:
        """Write the manifest so that it is there whole or not at all."""
        partial = self.path / f"{MANIFEST_NAME}.partial"
        partial.write_text(manifest.model_dump_json(), encoding="utf-8")
        os.replace(partial, self.path / MANIFEST_NAME)  # noqa: PTH105  # Path.replace says the same, less plainly
