"""Assemble: the pages of each document in order, native and read, as rows of the tables and as Markdown.

Works through a document some pages at a time, so that memory does not grow with its length. What is staged here becomes
visible to nobody before publish.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from ocr_tasks.contract import PageResult, PageStatus
from ocr_tasks.htmltables import ParseTable, Table, parse_html_table
from ocr_tasks.markdown import front_matter, page_markdown
from tenderlake import PIPELINE_VERSION
from tenderlake.continuedtables import DocumentTables
from tenderlake.document_type import HEAD_CHARACTERS, classify
from tenderlake.documentmarkdown import MARKDOWN_MEDIA_TYPE, DocumentMarkdown
from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PageKind, PagePlan, PreparedSource, SourceRef
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.finding import FieldFinder, RankedField
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.rows import BlockRow, DocumentRow, FieldRow, PageRow, clean_text
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS
from tenderlake.lake.staging import StagingWriter
from tenderlake.lake.vocabulary import FieldName, TextSource
from tenderlake.layout import Layout
from tenderlake.mixedpages import merged
from tenderlake.ocr import read_result
from tenderlake.paragraphs import page_text, with_joined_lines
from tenderlake.planning import page_key
from tenderlake.preparation import prepared_key
from tenderlake.quality import PageQuality, grade, language_of
from tenderlake.readforms import with_forms
from tenderlake.runs import AssembledBatch, Discovery, PreparedBatch, PrimarySource, RunPlan, SourceOutcome
from tenderlake.states import SourceState
from tenderlake.storage import ObjectMissingError, Storage, StorageError
from tenderlake.tablecells import DocumentCells
from tenderlake.tender_id import tender_id_of

log = logging.getLogger(__name__)

_PAGES_AT_ONCE = 64
_MOST_REASONS = 3
_LONGEST_REASON = 500


class OcrIncompleteError(Exception):
    """Pages of the document have no OCR result: the OCR task failed, the document waits for the next run."""


@dataclass(frozen=True)
class AssembledPage:
    """A page of the document, however it was read.

    ``trouble``: why a part of it could not be read, where the rest was: a mixed page without what its pictures say, or
    a scan with the text of an earlier OCR. The text that is there is kept, and the document says what is missing.
    """

    plan: PagePlan
    result: PageResult
    markdown: str
    is_native: bool
    """Whether all of the text comes from the text layer."""
    parse: ParseTable
    """Makes the tables of the page, each once."""
    ocr: PageResult | None = None
    trouble: str | None = None


def assembled_key(layout: Layout, run_id: str, number: int) -> str:
    """Where the outcomes of a batch lie."""
    return layout.run(run_id, f"assembled/batch-{number:04d}.json")


def assemble_batch(storage: Storage, layout: Layout, run_id: str, number: int) -> AssembledBatch:
    """Assemble the documents of a batch: stage their rows and Markdown, write ``assembled/batch-<n>.json``.

    Raises:
        StorageError: storage failed; the batch is assembled again as a whole.
    """
    discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    plan = storage.get_model(layout.run(run_id, "plan.json"), RunPlan)
    try:
        prepared = storage.get_model(prepared_key(layout, run_id, number), PreparedBatch)
    except ObjectMissingError:
        # Its prepare task failed: publish counts the sources of the batch as left.
        prepared = PreparedBatch(number=number, sources=())
    with _Staging(storage, layout, run_id, number) as staging:
        assembler = _Assembler(storage, layout, discovery, plan, staging)
        outcomes = tuple(assembler.assemble(source) for source in prepared.sources)
    batch = AssembledBatch(number=number, outcomes=outcomes)
    storage.put_model(assembled_key(layout, run_id, number), batch)
    return batch


class _Staging(ExitStack):
    """The staged rows of a batch in all tables; nothing of them is uploaded after an exception."""

    def __init__(self, storage: Storage, layout: Layout, run_id: str, number: int) -> None:
        super().__init__()
        self.documents, self.pages, self.blocks, self.cells, self.fields = self._writers = tuple(
            self.enter_context(StagingWriter(storage, layout, run_id, table, number))
            for table in (DOCUMENTS, PAGES, BLOCKS, TABLE_CELLS, FIELDS)
        )

    def flush(self) -> None:
        """Write the rows of a document; one that cannot be written is that document's trouble."""
        for writer in self._writers:
            writer.flush()

    def forget(self) -> None:
        """Drop what is left of a document that failed: written with the next one, or with the end, it fails them."""
        for writer in self._writers:
            writer.forget()


@dataclass
class _Totals:
    """What is summed up over the pages of a document."""

    qualities: list[PageQuality] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    languages: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    failed_pages: int = 0
    ocr_s: float = 0.0
    native_pages: int = 0
    engine_result: PageResult | None = None
    head_text: str = ""
    """Of the first pages, for the type of the document."""

    def add(self, page: AssembledPage, text: str, language: str | None) -> None:
        result = page.result
        self.qualities.append(
            PageQuality.of(page.ocr if page.trouble and page.ocr else result, is_native=page.is_native)
        )
        self.flags.update(page.plan.quality_flags, result.quality_flags)
        if language:
            self.languages[language] = self.languages.get(language, 0) + 1
        if result.status is PageStatus.FAILED:
            self.failed_pages += 1
            self.reasons.append(f"page {result.page_number}: {result.reason}")
        elif page.trouble:
            self.reasons.append(f"page {result.page_number}: {page.trouble}")
        if page.plan.kind is PageKind.NATIVE:
            self.native_pages += 1
        if page.ocr is not None:
            self.ocr_s += page.ocr.duration_s
            if page.ocr.status is PageStatus.DONE:
                self.engine_result = self.engine_result or page.ocr
        if len(self.head_text) < HEAD_CHARACTERS:
            self.head_text += text[:HEAD_CHARACTERS] + "\n\n"

    @property
    def doubtful_pages(self) -> int:
        """Pages that were read, and whose reading is doubtful."""
        return sum(page.is_doubtful and page.status is PageStatus.DONE for page in self.qualities)


class _Assembler:
    """Assembles the sources of one batch."""

    def __init__(
        self, storage: Storage, layout: Layout, discovery: Discovery, plan: RunPlan, staging: _Staging
    ) -> None:
        self._storage, self._layout, self._discovery = storage, layout, discovery
        self._plan, self._staging = plan, staging

    def assemble(self, prepared: PreparedSource) -> SourceOutcome:
        """The outcome of one source; rows and Markdown are staged where it carries its document."""
        try:
            outcome = self._outcome(prepared)
        except StorageError:
            raise
        except Exception as error:
            # Whatever one document does to this code, the others of the batch go on.
            log.exception("%s could not be assembled", prepared.source.key)
            self._staging.forget()
            outcome = SourceOutcome(
                source=prepared.source,
                document_id=prepared.document_id,
                state=SourceState.QUARANTINED_INVALID,
                reason=f"the pipeline failed on this document ({type(error).__name__}: {error})"[:_LONGEST_REASON],
            )
        outcome = outcome.model_copy(update={"prepare_s": prepared.prepare_s})
        path = self._layout.path_of(prepared.source.key, prepared.source.archive_path)
        state = outcome.state.value if outcome.state else "left for the next run"
        log.info("%s: %s", path, f"{state}: {outcome.reason}" if outcome.reason else state)
        return outcome

    def _outcome(self, prepared: PreparedSource) -> SourceOutcome:
        source, document_id = prepared.source, prepared.document_id
        if prepared.rejection is not None:
            rejection = prepared.rejection
            return SourceOutcome(source=source, document_id=document_id, state=rejection.state, reason=rejection.reason)
        if prepared.manifest_key is None or document_id is None:
            return SourceOutcome(source=source, document_id=document_id, state=None, reason=prepared.left_reason)
        primary = self._plan.primary_sources.get(document_id)
        if primary is None:
            reason = "prepared after the plan was made"
            return SourceOutcome(source=source, document_id=document_id, state=None, reason=reason)
        if primary.is_published_already or not _is_primary(source, primary):
            name = self._layout.path_of(primary.key, primary.archive_path)
            reason = f"the same bytes as {name}"
            return SourceOutcome(
                source=source, document_id=document_id, state=SourceState.SKIPPED_DUPLICATE, reason=reason
            )
        try:
            return self._document(prepared, prepared.manifest_key, document_id)
        except OcrIncompleteError as error:
            return SourceOutcome(source=source, document_id=document_id, state=None, reason=str(error))

    def _document(self, prepared: PreparedSource, manifest_key: str, document_id: str) -> SourceOutcome:
        started = time.monotonic()
        source = prepared.source
        manifest = self._storage.get_model(manifest_key, DocumentManifest)
        self._require_ocr(manifest)
        totals = _Totals()
        path = self._layout.path_of(source.key, source.archive_path)
        finder = FieldFinder(DocumentContext(path=path, page_count=len(manifest.pages)))
        staging_key = self._layout.run(self._discovery.run_id, f"markdown/{document_id}.md")
        with tempfile.TemporaryDirectory(prefix="tenderlake-assemble-") as folder:
            body = Path(folder, "body.md")
            with body.open("w", encoding="utf-8", errors="replace") as file:
                tables, markdown, cells = DocumentTables(), DocumentMarkdown(file), DocumentCells(document_id)
                for page in self._pages(manifest, Path(folder)):
                    self._stage_page(manifest, page, totals)
                    finder.add(PageReading.of(page.result, is_ocr=not page.is_native, parse=page.parse))
                    of_page = tables.add(page.result, page.parse)
                    self._staging.cells.add(cells.add(page.result, of_page))
                    markdown.add(page.result, of_page, page.trouble, page.parse)
                ended = tables.close()
                self._staging.cells.add(cells.close(ended))
                markdown.close(ended)
            fields = finder.ranked()
            for name, count in finder.dropped.items():
                log.warning("%s: %d values of field %s are left out, there are too many", path, count, name.value)
            tender_id = self._tender_id(source, fields)
            row = self._document_row(prepared, manifest, totals, tender_id, time.monotonic() - started)
            target = Path(folder, "document.md")
            with target.open("w", encoding="utf-8", errors="replace") as file, body.open(encoding="utf-8") as pages:
                file.write(front_matter(_facts(self._layout, source, row)))
                for chunk in iter(lambda: pages.read(1 << 20), ""):
                    file.write(chunk)
            self._storage.upload(target, staging_key, MARKDOWN_MEDIA_TYPE)
        self._staging.fields.add(_field_rows(row, fields))
        self._staging.documents.add([row])
        self._staging.flush()
        state, reason = _final_state(totals)
        return SourceOutcome(
            source=source,
            document_id=document_id,
            state=state,
            reason=reason,
            markdown_staging_key=staging_key,
            tender_id=tender_id,
            page_count=len(manifest.pages),
            native_pages=totals.native_pages,
            ocr_pages=len(manifest.pages) - totals.native_pages,
            failed_pages=totals.failed_pages,
            doubtful_pages=totals.doubtful_pages,
            ocr_s=totals.ocr_s,
            assemble_s=row.assemble_s,
        )

    def _tender_id(self, source: SourceRef, fields: Sequence[RankedField]) -> str | None:
        """The purchase as people filed it, else the number that the document gives for its own."""
        path = self._layout.path_in_inbox(source.key)
        numbers = (
            ranked.candidate.value
            for ranked in fields
            if ranked.candidate.field is FieldName.PURCHASE_NUMBER and ranked.candidate.is_valid
        )
        return tender_id_of(path, self._layout.settings.tender_id_pattern) or next(numbers, None)

    def _result_key(self, document_id: str, page_number: int) -> str:
        return self._layout.page_result(page_key(document_id, page_number, self._plan.reading_digest))

    def _require_ocr(self, manifest: DocumentManifest) -> None:
        """Ask for all results before anything is staged: a document is assembled whole or not at all."""
        needed = [page for page in manifest.image_pages if page.image_name is not None]
        exists = self._storage.in_parallel(
            lambda page: self._storage.exists(self._result_key(manifest.document_id, page.page_number)), needed
        )
        missing = len(needed) - sum(exists)
        if missing:
            raise OcrIncompleteError(f"{missing} of {len(needed)} image pages have no OCR result: the OCR task failed")

    def _pages(self, manifest: DocumentManifest, folder: Path) -> Iterator[AssembledPage]:
        """The pages in order, some at a time."""
        native = self._native_pages(manifest, folder)
        plans = iter(manifest.pages)
        while chunk := list(islice(plans, _PAGES_AT_ONCE)):
            by_number = self._ocr_pages(manifest, chunk)
            for plan in chunk:
                own = next(native) if plan.has_native_result else None
                if own is not None and own.page_number != plan.page_number:
                    raise ValueError(f"native pages of {manifest.document_id} do not match its manifest")
                yield assembled_page(plan, own, by_number.get(plan.page_number))

    def _native_pages(self, manifest: DocumentManifest, folder: Path) -> Iterator[PageResult]:
        if not any(page.has_native_result for page in manifest.pages):
            return
        key = self._layout.document(manifest.document_id, manifest.options.digest) + NATIVE_PAGES_NAME
        path = Path(folder, "native")
        self._storage.download(key, path)
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield PageResult.model_validate_json(line)

    def _ocr_pages(self, manifest: DocumentManifest, chunk: Sequence[PagePlan]) -> dict[int, PageResult]:
        plans = [plan for plan in chunk if plan.kind is not PageKind.NATIVE]
        results = self._storage.in_parallel(lambda plan: self._ocr_page(manifest, plan), plans)
        return {result.page_number: result for result in results}

    def _ocr_page(self, manifest: DocumentManifest, plan: PagePlan) -> PageResult:
        if plan.image_name is None:
            return self._failed_page(manifest, plan, plan.reason)
        result_key = self._result_key(manifest.document_id, plan.page_number)
        result = read_result(self._storage, result_key)
        key = page_key(manifest.document_id, plan.page_number, self._plan.reading_digest)
        if result is None or (result.page_key, result.document_id, result.page_number) != (
            key,
            manifest.document_id,
            plan.page_number,
        ):
            reason = f"what the engine wrote to {result_key} is no result of this page"
            return self._failed_page(manifest, plan, reason)
        return with_joined_lines(with_forms(result))

    def _failed_page(self, manifest: DocumentManifest, plan: PagePlan, reason: str) -> PageResult:
        return PageResult(
            page_key=page_key(manifest.document_id, plan.page_number, self._plan.reading_digest),
            document_id=manifest.document_id,
            page_number=plan.page_number,
            status=PageStatus.FAILED,
            reason=reason,
            engine=self._plan.engine.name,
            engine_version="",
            width_px=plan.width_px,
            height_px=plan.height_px,
        )

    def _stage_page(self, manifest: DocumentManifest, page: AssembledPage, totals: _Totals) -> None:
        plan, result = page.plan, page.result
        text = page_text(result, page.parse)
        language = language_of(text)
        totals.add(page, text, language)
        prefix = self._layout.document(manifest.document_id, manifest.options.digest)
        is_failed = result.status is PageStatus.FAILED
        # A failed page may have blocks: boxes are on the page as the engine turned it.
        size = (plan.width_px, plan.height_px)
        if not page.is_native and result.width_px:
            size = (result.width_px, result.height_px)
        turned_deg = 0 if page.is_native else result.rotation_deg
        self._staging.pages.add(
            [
                PageRow(
                    document_id=manifest.document_id,
                    page_number=result.page_number,
                    width_px=size[0],
                    height_px=size[1],
                    dpi=plan.dpi,
                    rotation_deg=(plan.rotation_deg + turned_deg) % 360,
                    text_source=_text_source(page),
                    text=None if is_failed else text,
                    markdown=None if is_failed else page.markdown,
                    language=language,
                    confidence=result.confidence,
                    quality_flags=tuple(dict.fromkeys((*plan.quality_flags, *result.quality_flags))),
                    engine=None if page.is_native else result.engine,
                    model=result.model,
                    ocr_seconds=None if page.ocr is None else page.ocr.duration_s,
                    image_key=prefix + plan.image_name if plan.image_name else None,
                    image_rotation_deg=turned_deg if plan.image_name else None,
                    page_key=None if page.is_native else result.page_key,
                )
            ]
        )
        self._staging.blocks.add(
            BlockRow(
                document_id=manifest.document_id,
                page_number=result.page_number,
                block_number=number,
                label=block.label,
                bbox_px=block.bbox_px,
                content=block.content,
                content_format=block.content_format,
                heading_level=block.heading_level,
                confidence=block.confidence,
            )
            for number, block in enumerate(result.blocks, start=1)
        )

    def _document_row(
        self,
        prepared: PreparedSource,
        manifest: DocumentManifest,
        totals: _Totals,
        tender_id: str | None,
        assemble_s: float,
    ) -> DocumentRow:
        source, read = prepared.source, totals.engine_result
        kind = classify(source.filename, totals.head_text)
        languages = sorted(totals.languages, key=lambda name: -totals.languages[name])
        return DocumentRow(
            document_id=manifest.document_id,
            source_key=source.key,
            archive_path=source.archive_path,
            filename=source.filename,
            media_type=manifest.media_type,
            size_bytes=manifest.size_bytes,
            page_count=len(manifest.pages),
            native_pages=totals.native_pages,
            ocr_pages=len(manifest.pages) - totals.native_pages,
            failed_pages=totals.failed_pages,
            document_type=kind.document_type,
            document_type_reason=kind.reason,
            languages=tuple(languages),
            quality_grade=grade(totals.qualities),
            quality_flags=tuple(sorted(totals.flags)),
            tender_id=tender_id,
            markdown_key=self._layout.markdown(source.key, source.archive_path),
            engine=read.engine if read else None,
            engine_version=read.engine_version if read else None,
            model=read.model if read else None,
            ocr_runner=read.runner if read else None,
            ocr_image=read.image if read else None,
            pipeline_version=PIPELINE_VERSION,
            reading_digest=self._plan.reading_digest,
            run_id=self._discovery.run_id,
            prepare_s=prepared.prepare_s,
            ocr_s=totals.ocr_s,
            assemble_s=assemble_s,
        )


def assembled_page(plan: PagePlan, native: PageResult | None, ocr: PageResult | None) -> AssembledPage:
    """One page from what its text layer and OCR said, as far as ``plan`` asks for them."""
    result, trouble = ocr or native, None
    if result is None:
        raise ValueError(f"page {plan.page_number} is neither native nor read")
    is_native, is_lost = ocr is None, ocr is not None and ocr.status is PageStatus.FAILED
    if ocr is not None and native is not None and plan.kind is PageKind.MIXED:
        result, is_native = merged(native, ocr), is_lost
        trouble = f"the pictures on it could not be read: {ocr.reason}" if is_lost else None
    elif ocr is not None and native is not None and is_lost:
        result, is_native = native, True
        trouble = f"{ocr.reason}; its text is that of an earlier OCR"
    parse = cache(_parse_table)
    return AssembledPage(plan, result, page_markdown(result, parse), is_native, parse, ocr, trouble)


def _parse_table(source: str) -> Table:
    """The cells of what will stand in table ``blocks``: control characters may part a tag."""
    return parse_html_table(clean_text(source))


def _field_rows(document: DocumentRow, fields: Sequence[RankedField]) -> Iterator[FieldRow]:
    for number, (candidate, rank) in enumerate(((found.candidate, found.rank) for found in fields), start=1):
        yield FieldRow(
            document_id=document.document_id,
            field_number=number,
            field=candidate.field,
            role=candidate.role,
            rank=rank,
            value=candidate.value,
            number=candidate.number,
            unit=candidate.unit,
            date=candidate.date,
            raw_text=candidate.raw_text,
            page_number=candidate.page_number,
            bbox_px=candidate.bbox_px,
            method=candidate.method,
            is_valid=candidate.is_valid,
            is_repaired=candidate.is_repaired,
            validation_message=candidate.message,
            tender_id=document.tender_id,
        )


def _is_primary(source: SourceRef, primary: PrimarySource) -> bool:
    return source.identity == (primary.key, primary.archive_path)


def _text_source(page: AssembledPage) -> TextSource:
    if page.result.status is PageStatus.FAILED:
        return TextSource.NONE
    return TextSource.NATIVE if page.is_native else TextSource.OCR


def _final_state(totals: _Totals) -> tuple[SourceState, str | None]:
    reasons = "; ".join(totals.reasons[:_MOST_REASONS])
    if len(totals.reasons) > _MOST_REASONS:
        reasons += f"; and {len(totals.reasons) - _MOST_REASONS} more"
    if not totals.reasons:
        return SourceState.PUBLISHED, None
    if totals.failed_pages == len(totals.qualities):
        return SourceState.QUARANTINED_OCR_FAILED, f"no page could be read: {reasons}"
    return SourceState.PUBLISHED_WITH_FAILED_PAGES, reasons


def _facts(layout: Layout, source: SourceRef, row: DocumentRow) -> dict[str, object]:
    """What the front matter of the Markdown tells."""
    return {
        "source": layout.path_of(source.key, source.archive_path),
        "document_id": row.document_id,
        "tender_id": row.tender_id,
        "document_type": row.document_type,
        "media_type": row.media_type,
        "pages": row.page_count,
        "native_pages": row.native_pages,
        "ocr_pages": row.ocr_pages,
        "failed_pages": row.failed_pages,
        "languages": list(row.languages),
        "quality_grade": row.quality_grade,
        "quality_flags": list(row.quality_flags),
        "engine": f"{row.engine} {row.engine_version}" if row.engine else None,
        "model": row.model,
        "pipeline_version": row.pipeline_version,
    }
