"""Runs as assemble and validate leave them, made by hand: for tests of what publish does with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ocr_tasks.contract import BlockLabel, EngineSpec
from tenderlake.assembly import assembled_key
from tenderlake.documents import SourceRef
from tenderlake.lake.rows import BlockRow, CellRow, DocumentRow, FieldRow, PageRow, Row
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.lake.staging import StagingWriter
from tenderlake.lake.vocabulary import FieldMethod, FieldName, TextSource
from tenderlake.layout import Layout
from tenderlake.runs import (
    AssembledBatch,
    Batch,
    Discovery,
    PrimarySource,
    RunOptions,
    RunPlan,
    SourceOutcome,
    Validation,
)
from tenderlake.states import SourceState
from tenderlake.storage import Storage
from tenderlake.validation.results import Reconciliation, Tally

NIGHT = datetime(2026, 11, 20, 2, tzinfo=UTC)
BATCH_SOURCES = 3
NO_SUMS = Tally()
STAGED_TABLES = (DOCUMENTS, PAGES, BLOCKS, TABLE_CELLS, FIELDS)


@dataclass(frozen=True)
class Staged:
    """How one source ended in a run.

    Args:
        path: in the inbox.
        document: a name for the bytes; None where they could not be read.
        version: of the object in the inbox; the higher it is, the later it was put there.
        state: of the source; None: it is left.
        pages: of the document; each has two blocks, a cell and a field.
        text: what each page says.
        archive_path: in the archive at ``path``.
        tender_id: of the document.
    """

    path: str
    document: str | None = None
    version: int = 1
    state: SourceState | None = SourceState.PUBLISHED
    pages: int = 2
    text: str = "текст"
    archive_path: str | None = None
    tender_id: str | None = None

    @property
    def source(self) -> SourceRef:
        """The source in the inbox."""
        return SourceRef(
            key=f"inbox/{self.path}",
            etag=f"version-{self.version}",
            size_bytes=1000,
            last_modified=NIGHT.replace(hour=0, minute=self.version),
            archive_path=self.archive_path,
        )

    @property
    def document_id(self) -> str | None:
        """SHA-256 as it might be."""
        return document_id(self.document) if self.document else None

    @property
    def has_rows(self) -> bool:
        """Whether a document is staged under this source."""
        return self.state is not None and self.state.is_published


def document_id(name: str) -> str:
    """A made-up id; names sort as their ids do."""
    return name.encode().hex().ljust(64, "0")


def page_row(document_id: str, number: int, text: str) -> PageRow:
    """A page with a sound text layer."""
    return PageRow(
        document_id=document_id,
        page_number=number,
        width_px=2480,
        height_px=3508,
        text_source=TextSource.NATIVE,
        text=text,
    )


def stage_run(
    storage: Storage,
    layout: Layout,
    run_id: str,
    staged: Sequence[Staged],
    *,
    started_at: datetime = NIGHT,
    without: Sequence[Table] = (),
    in_lake: Sequence[str] = (),
) -> None:
    """Write everything that publish reads of a run.

    Args:
        storage: the bucket.
        layout: its keys.
        run_id: which run.
        staged: how its sources end, in order.
        started_at: when the run began.
        without: tables that the version of the pipeline that staged them did not know.
        in_lake: names of the documents that were in the lake when the run was planned.
    """
    items = {item.source.identity: item for item in staged}
    stage_outcomes(
        storage,
        layout,
        run_id,
        [_outcome(layout, run_id, item) for item in staged],
        lambda table, outcome: _rows(table, run_id, items[outcome.source.identity]),
        started_at=started_at,
        batch_sources=BATCH_SOURCES,
        tables=[table for table in STAGED_TABLES if table not in without],
        in_lake={document_id(name) for name in in_lake},
    )
    for item in staged:
        if item.has_rows:
            storage.put_bytes(_markdown(layout, run_id, item), item.text.encode(), "text/markdown")


def stage_outcomes(
    storage: Storage,
    layout: Layout,
    run_id: str,
    outcomes: Sequence[SourceOutcome],
    rows_of: Callable[[Table, SourceOutcome], Iterable[Row]],
    *,
    started_at: datetime = NIGHT,
    batch_sources: int = 16,
    tables: Sequence[Table] = STAGED_TABLES,
    in_lake: Collection[str] = (),
) -> None:
    """Write what publish reads of a run, but for the Markdown; outcomes that name theirs have rows."""
    batches = [outcomes[start : start + batch_sources] for start in range(0, len(outcomes), batch_sources)]
    keys = tuple(layout.run(run_id, f"batches/batch-{number:04d}.json") for number in range(1, len(batches) + 1))
    discovery = Discovery(
        run_id=run_id,
        started_at=started_at,
        options=RunOptions(),
        batch_keys=keys,
        source_count=len(outcomes),
        continue_after=None,
    )
    plan = RunPlan(
        engine=EngineSpec(name="null"),
        reading_digest="digest",
        primary_sources={
            str(outcome.document_id): PrimarySource(
                key=outcome.source.key,
                archive_path=outcome.source.archive_path,
                is_in_lake=outcome.document_id in in_lake,
            )
            for outcome in outcomes
            if outcome.markdown_staging_key
        },
        shard_keys=(),
        page_count=0,
        cached_page_count=0,
    )
    sums = Reconciliation(discovered=NO_SUMS, published=NO_SUMS, skipped=NO_SUMS, quarantined=NO_SUMS, left=NO_SUMS)
    storage.put_model(layout.run(run_id, "discovery.json"), discovery)
    storage.put_model(layout.run(run_id, "plan.json"), plan)
    storage.put_model(layout.run(run_id, "validation.json"), Validation(verdicts={}, reconciliation=sums))
    for number, (key, batch) in enumerate(zip(keys, batches, strict=True), start=1):
        storage.put_model(key, Batch(number=number, sources=tuple(outcome.source for outcome in batch)))
        assembled = AssembledBatch(number=number, outcomes=tuple(batch))
        storage.put_model(assembled_key(layout, run_id, number), assembled)
        for table in tables:
            with StagingWriter(storage, layout, run_id, table, number) as writer:
                for outcome in batch:
                    writer.add(rows_of(table, outcome) if outcome.markdown_staging_key else ())


def _markdown(layout: Layout, run_id: str, item: Staged) -> str:
    return layout.run(run_id, f"markdown/{item.document_id}.md")


def _outcome(layout: Layout, run_id: str, item: Staged) -> SourceOutcome:
    return SourceOutcome(
        source=item.source,
        document_id=item.document_id,
        state=item.state,
        reason=None if item.has_rows else "as the test says",
        markdown_staging_key=_markdown(layout, run_id, item) if item.has_rows else None,
        page_count=item.pages if item.has_rows else 0,
        native_pages=item.pages if item.has_rows else 0,
    )


def _rows(table: Table, run_id: str, item: Staged) -> Sequence[Row]:
    id, numbers = str(item.document_id), range(1, item.pages + 1)
    if table is DOCUMENTS:
        return [
            DocumentRow(
                document_id=id,
                source_key=item.source.key,
                archive_path=item.archive_path,
                filename=item.source.filename,
                media_type="application/pdf",
                size_bytes=1000,
                page_count=item.pages,
                native_pages=item.pages,
                ocr_pages=0,
                failed_pages=0,
                tender_id=item.tender_id,
                markdown_key=f"markdown/{item.path}.md",
                pipeline_version="0.1.0",
                reading_digest="digest",
                run_id=run_id,
            )
        ]
    if table is PAGES:
        return [page_row(id, number, item.text) for number in numbers]
    if table is BLOCKS:
        return [
            BlockRow(
                document_id=id,
                page_number=number,
                block_number=block,
                label=BlockLabel.TEXT,
                bbox_px=(0.0, 0.0, 10.0, 10.0),
                content=item.text,
            )
            for number in numbers
            for block in (1, 2)
        ]
    if table is TABLE_CELLS:
        return [
            CellRow(
                document_id=id, table_number=1, row=number, column=1, page_number=number, block_number=1, text=item.text
            )
            for number in numbers
        ]
    return [
        FieldRow(
            document_id=id,
            field_number=number,
            field=FieldName.SUBJECT,
            rank=number,
            value=item.text,
            raw_text=item.text,
            page_number=number,
            bbox_px=(0.0, 0.0, 10.0, 10.0),
            method=FieldMethod.LABEL,
            tender_id=item.tender_id,
        )
        for number in numbers
    ]
