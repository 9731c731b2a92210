"""Prepare: each source of a batch becomes a manifest with page images and native texts, or a typed rejection.

Downloads and uploads happen here, with credentials; the documents themselves are opened only in the sandbox's child
processes. A document that was prepared before with the same options is not prepared again.
"""

from __future__ import annotations

import logging
import mimetypes
import tempfile
import time
from pathlib import Path

from pydantic import ValidationError

from tenderlake.documents import (
    MANIFEST_NAME,
    DocumentManifest,
    PreparedSource,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    SourceRef,
)
from tenderlake.layout import Layout
from tenderlake.runs import Batch, PreparedBatch, RunOptions
from tenderlake.sandbox import PrepareSandbox
from tenderlake.states import SourceState
from tenderlake.storage import (
    ConditionFailedError,
    Download,
    ObjectMissingError,
    ObjectTooLargeError,
    Storage,
    StorageAccessError,
    StorageRefusedError,
)

log = logging.getLogger(__name__)

CHANGED = "changed in the inbox before it was read"
REMOVED = "removed from the inbox before it was read"
PEOPLES_DOING = frozenset({CHANGED, REMOVED})
"""Reasons to leave a source that are no failure of the system."""


def prepare_batch(storage: Storage, layout: Layout, run_id: str, batch_key: str, options: RunOptions) -> PreparedBatch:
    """Prepare every source of a batch and write ``prepared/batch-<n>.json``.

    Raises:
        StorageError: storage failed; the batch is done again as a whole, finished documents are found and kept.
    """
    batch = storage.get_model(batch_key, Batch)
    limits = layout.settings.prepare_limits
    sources = []
    with PrepareSandbox(limits) as sandbox:
        worker = _SourcePreparer(storage, layout, options.prepare_options, limits, sandbox)
        for source in batch.sources:
            prepared = worker.prepare(source)
            sources.append(prepared)
            log.info("%s: %s", layout.path_in_inbox(source.key), _summary(prepared))
    result = PreparedBatch(number=batch.number, sources=tuple(sources))
    storage.put_model(prepared_key(layout, run_id, batch.number), result)
    return result


def prepared_key(layout: Layout, run_id: str, number: int) -> str:
    """Where the outcome of a batch lies."""
    return layout.run(run_id, f"prepared/batch-{number:04d}.json")


def _summary(prepared: PreparedSource) -> str:
    if prepared.rejection:
        return f"{prepared.rejection.state.value}: {prepared.rejection.reason}"
    if prepared.left_reason:
        return f"left for the next run: {prepared.left_reason}"
    return f"{prepared.page_count} pages, {prepared.image_pages} of them for OCR, {prepared.prepare_s:.1f} s"


class _SourcePreparer:
    """Prepares one source after the other with the same storage, options and sandbox."""

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        options: PrepareOptions,
        limits: PrepareLimits,
        sandbox: PrepareSandbox,
    ) -> None:
        self._storage, self._layout, self._options = storage, layout, options
        self._limits, self._sandbox = limits, sandbox

    def prepare(self, source: SourceRef) -> PreparedSource:
        """Download, look for an earlier manifest, else open the document in the sandbox and upload what came out."""
        started = time.monotonic()
        too_large = Rejection(
            state=SourceState.QUARANTINED_TOO_LARGE,
            reason=f"{source.size_bytes:,} bytes are more than TENDERLAKE_MAX_DOCUMENT_BYTES "
            f"({self._limits.max_document_bytes:,})",
        )
        if source.size_bytes > self._limits.max_document_bytes:
            return PreparedSource(source=source, rejection=too_large)
        with tempfile.TemporaryDirectory(prefix="tenderlake-prepare-") as folder:
            try:
                download = self._storage.download(
                    source.key, Path(folder, "source"), etag=source.etag, max_bytes=self._limits.max_document_bytes
                )
            except ObjectTooLargeError:
                return PreparedSource(source=source, rejection=too_large)
            except ObjectMissingError:
                return PreparedSource(source=source, left_reason=REMOVED)
            except ConditionFailedError:
                return PreparedSource(source=source, left_reason=CHANGED)
            except (StorageAccessError, StorageRefusedError) as error:
                self._storage.check()  # this one object, or all of the bucket?
                return PreparedSource(source=source, left_reason=str(error))
            return self._prepare_bytes(source, download, Path(folder, "pages"), started)

    def _prepare_bytes(self, source: SourceRef, download: Download, output: Path, started: float) -> PreparedSource:
        document_id = download.sha256
        prefix = self._layout.document(document_id, self._options.digest)
        outcome = self._earlier_manifest(prefix + MANIFEST_NAME)
        if outcome is None:
            output.mkdir()
            outcome = self._sandbox.prepare(download.path, output, document_id, self._options)
            if isinstance(outcome, DocumentManifest):
                self._upload(output, prefix)
        duration_s = time.monotonic() - started
        if isinstance(outcome, Rejection):
            return PreparedSource(source=source, document_id=document_id, rejection=outcome, prepare_s=duration_s)
        return PreparedSource(
            source=source,
            document_id=document_id,
            manifest_key=prefix + MANIFEST_NAME,
            media_type=outcome.media_type,
            page_count=len(outcome.pages),
            image_pages=len(outcome.image_pages),
            prepare_s=duration_s,
        )

    def _earlier_manifest(self, key: str) -> DocumentManifest | Rejection | None:
        try:
            return self._storage.get_model(key, DocumentManifest)
        except (ObjectMissingError, ValidationError):  # none yet, or one of another version
            return None

    def _upload(self, output: Path, prefix: str) -> None:
        files = [path for path in sorted(output.iterdir()) if path.name != MANIFEST_NAME]
        self._storage.in_parallel(lambda path: self._storage.upload(path, prefix + path.name, _media_type(path)), files)
        # The manifest comes last: where it is, everything it names is there too.
        self._storage.upload(output / MANIFEST_NAME, prefix + MANIFEST_NAME, "application/json")


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
