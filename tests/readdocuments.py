"""Documents read as the pipeline reads them, without storage: prepared in the sandbox, scanned pages by Tesseract."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ocr_tasks.contract import EngineSpec, PageResult
from ocr_tasks.reading import PageReader, PageRequest, open_reader
from ocr_tasks.settings import RunSettings, WorkerUse
from tenderlake.assembly import AssembledPage, assembled_page
from tenderlake.document_type import HEAD_CHARACTERS, Classification, classify
from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PrepareLimits, PrepareOptions
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.finding import FieldFinder, RankedField
from tenderlake.fields.pagereading import PageReading
from tenderlake.paragraphs import page_text, with_joined_lines
from tenderlake.readforms import with_forms
from tenderlake.sandbox import PrepareSandbox

_PAGE_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class ReadDocument:
    """A document that was read; ``path`` is where it would lie in the inbox."""

    path: str
    pages: tuple[AssembledPage, ...]

    def fields(self) -> list[RankedField]:
        """The fields that are found in it, as assembling finds them."""
        finder = FieldFinder(DocumentContext(path=self.path, page_count=len(self.pages)))
        for page in self.pages:
            finder.add(PageReading.of(page.result, is_ocr=not page.is_native))
        return finder.ranked()

    def classification(self) -> Classification:
        """Its type, by its name and the text of its first pages."""
        head = ""
        for page in self.pages:
            if len(head) < HEAD_CHARACTERS:
                head += page_text(page.result)[:HEAD_CHARACTERS] + "\n\n"
        return classify(self.path.rpartition("/")[2], head)

    def text(self) -> str:
        """What it says, page by page."""
        return "\f".join(page_text(page.result) for page in self.pages)


class DocumentReader:
    """Reads documents one after the other; a context manager, because it holds a sandbox and an engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._sandbox = PrepareSandbox(PrepareLimits(timeout_s=120))
        self._engine: PageReader | None = None

    def __enter__(self) -> Self:
        self._sandbox.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sandbox.__exit__(kind, error, trace)
        if self._engine is not None:
            self._engine.close()

    def read(self, file: Path, path: str) -> ReadDocument | None:
        """Read a file; None where it is no document, or holds documents instead of pages."""
        self._count += 1
        output = self._folder / str(self._count)
        output.mkdir()
        manifest = self._sandbox.prepare(file, output, "d0c", PrepareOptions())
        if not isinstance(manifest, DocumentManifest):
            return None
        return ReadDocument(path, tuple(self._pages(manifest, output)))

    def _pages(self, manifest: DocumentManifest, output: Path) -> Iterator[AssembledPage]:
        lines = (output / NATIVE_PAGES_NAME).read_bytes().splitlines()
        native = {page.page_number: page for page in map(PageResult.model_validate_json, lines)}
        for plan in manifest.pages:
            read = None
            if plan.image_name is not None:
                request = PageRequest(
                    page_key="key",
                    document_id="d0c",
                    page_number=plan.page_number,
                    dpi=plan.dpi,
                    timeout_s=_PAGE_TIMEOUT_S,
                )
                read = self._tesseract().read((output / plan.image_name).read_bytes(), request)
                read = with_joined_lines(with_forms(read))
            yield assembled_page(plan, native.get(plan.page_number), read)

    def _tesseract(self) -> PageReader:
        if self._engine is None:
            self._engine = open_reader(
                EngineSpec(name="tesseract", languages=("rus", "eng")), RunSettings(worker=WorkerUse.ALWAYS)
            )
        return self._engine


class Library:
    """Documents of a folder, each read once however often it is asked for; several are read at the same time."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._corpus = corpus
        self._folder = folder
        self._read: dict[str, ReadDocument | None] = {}

    def read(self, paths: Iterable[str]) -> dict[str, ReadDocument]:
        """The documents at these paths.

        Raises:
            AssertionError: one of them was rejected.
        """
        paths = list(paths)
        if missing := [path for path in paths if path not in self._read]:
            self._read.update(self._read_now(missing))
        found = {path: self._read[path] for path in paths}
        rejected = [path for path, document in found.items() if document is None]
        assert not rejected, f"no documents: {rejected}"
        return {path: document for path, document in found.items() if document is not None}

    def _read_now(self, paths: list[str]) -> dict[str, ReadDocument | None]:
        idle: queue.SimpleQueue[DocumentReader] = queue.SimpleQueue()
        count = min(len(paths), os.cpu_count() or 1)
        with ExitStack() as stack:
            for number in range(count):
                folder = self._folder / f"{len(self._read)}-{number}"
                folder.mkdir(parents=True)
                idle.put(stack.enter_context(DocumentReader(folder)))

            def read(path: str) -> ReadDocument | None:
                reader = idle.get()
                try:
                    return reader.read(self._corpus / path, path)
                finally:
                    idle.put(reader)

            with ThreadPoolExecutor(count) as threads:
                return dict(zip(paths, threads.map(read, paths), strict=True))
