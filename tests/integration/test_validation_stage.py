"""The stage validate: from what the stages before it left in S3 to ``validation.json``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence

import pytest

from ocr_tasks.contract import BlockLabel
from tenderlake.assembly import assembled_key
from tenderlake.documents import PreparedSource, SourceRef
from tenderlake.lake.rows import BlockRow, DocumentRow, PageRow
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, PAGES
from tenderlake.lake.staging import StagingWriter
from tenderlake.lake.vocabulary import TextSource
from tenderlake.layout import Layout
from tenderlake.preparation import prepared_key
from tenderlake.runs import (
    AssembledBatch,
    Batch,
    Discovery,
    PreparedBatch,
    RunOptions,
    SourceOutcome,
    Validation,
)
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage
from tenderlake.validation.results import Reconciliation, Tally
from tenderlake.validation.stage import validate_run

pytestmark = pytest.mark.integration

RUN = "manual__1"
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
GOOD, BAD = "a" * 64, "b" * 64


def source(name: str) -> SourceRef:
    return SourceRef(key=f"inbox/{name}", etag="e", size_bytes=1, last_modified=NOON)


def stage(storage: Storage, layout: Layout, number: int, *document_ids: str, confidence: float | None = None) -> None:
    """Stage documents of two native pages; those with a confidence claim it for their second page."""
    with (
        StagingWriter(storage, layout, RUN, DOCUMENTS, number) as documents,
        StagingWriter(storage, layout, RUN, PAGES, number) as pages,
        StagingWriter(storage, layout, RUN, BLOCKS, number) as blocks,
    ):
        for document_id in document_ids:
            documents.add([document_row(document_id)])
            page = PageRow(
                document_id=document_id,
                page_number=1,
                width_px=2480,
                height_px=3508,
                text_source=TextSource.NATIVE,
                text="текст",
                markdown="текст",
            )
            second = confidence if document_id == BAD else None
            pages.add([page, dataclasses.replace(page, page_number=2, confidence=second)])
            blocks.add(
                BlockRow(
                    document_id=document_id,
                    page_number=page_number,
                    block_number=1,
                    label=BlockLabel.TEXT,
                    bbox_px=(0.0, 0.0, 3000.0 if document_id == GOOD and page_number == 1 else 100.0, 100.0),
                    content="текст",
                )
                for page_number in (1, 2)
            )


def document_row(document_id: str) -> DocumentRow:
    return DocumentRow(
        document_id=document_id,
        source_key="inbox/a.pdf",
        filename="a.pdf",
        media_type="application/pdf",
        size_bytes=1000,
        page_count=2,
        native_pages=2,
        ocr_pages=0,
        failed_pages=0,
        markdown_key="markdown/a.pdf.md",
        pipeline_version="0.1.0",
        run_id=RUN,
    )


def put_batch(
    storage: Storage,
    layout: Layout,
    number: int,
    names: list[str],
    *,
    is_assembled: bool,
    document_ids: Sequence[str] = (GOOD, BAD),
) -> None:
    sources = tuple(source(name) for name in names)
    storage.put_model(layout.run(RUN, f"batches/batch-{number:04d}.json"), Batch(number=number, sources=sources))
    ids = dict(zip(names, document_ids, strict=False))
    prepared = tuple(
        PreparedSource(source=source(name), document_id=ids[name], manifest_key="m", page_count=2) for name in names
    )
    storage.put_model(prepared_key(layout, RUN, number), PreparedBatch(number=number, sources=prepared))
    if is_assembled:
        outcomes = tuple(
            SourceOutcome(
                source=source(name),
                document_id=ids[name],
                state=SourceState.PUBLISHED,
                markdown_staging_key="m",
                page_count=2,
                native_pages=2,
            )
            for name in names
        )
        storage.put_model(assembled_key(layout, RUN, number), AssembledBatch(number=number, outcomes=outcomes))


def put_discovery(storage: Storage, layout: Layout, batches: int, sources: int) -> None:
    keys = tuple(layout.run(RUN, f"batches/batch-{number:04d}.json") for number in range(1, batches + 1))
    storage.put_model(
        layout.run(RUN, "discovery.json"),
        Discovery(
            run_id=RUN,
            started_at=NOON,
            options=RunOptions(),
            batch_keys=keys,
            source_count=sources,
            continue_after=None,
        ),
    )


def test_verdicts_and_sums_of_a_run_are_written(storage: Storage, layout: Layout) -> None:
    put_discovery(storage, layout, batches=2, sources=3)
    put_batch(storage, layout, 1, ["good.pdf", "bad.pdf"], is_assembled=True)
    stage(storage, layout, 1, GOOD, BAD, confidence=1.7)
    # The second batch was staged, and its task failed before it was done: it waits for the next run.
    put_batch(storage, layout, 2, ["later.pdf"], is_assembled=False)
    stage(storage, layout, 2, "c" * 64)

    validation = validate_run(storage, layout, RUN)

    told = {name: (verdict.critical, verdict.warnings) for name, verdict in validation.verdicts.items()}
    assert told == {
        BAD: (("page 2: confidence 1.7 is above 1",), ()),
        GOOD: ((), ("page 1, block 1: the box [0, 0, 3000, 100] reaches outside the page (2480 × 3508 px)",)),
    }
    ((finding,),) = (verdict.findings for name, verdict in validation.verdicts.items() if name == BAD)
    assert [row.page_number for row in finding.rows] == [2]
    assert validation.reconciliation == Reconciliation(
        discovered=Tally(sources=3, pages=6),
        published=Tally(sources=1, pages=2),
        skipped=Tally(),
        quarantined=Tally(sources=1, pages=2),
        left=Tally(sources=1, pages=2),
    )
    assert validation.checked_rows == {"documents": 2, "pages": 4, "blocks": 4, "table_cells": 0, "fields": 0}
    assert {check.name for check in validation.checks if not check.is_passed} == {
        "confidence_in_range",
        "box_x1_on_page",
    }
    assert storage.get_model(layout.run(RUN, "validation.json"), Validation) == validation


def test_rows_that_vanished_on_the_way_are_a_loss(storage: Storage, layout: Layout) -> None:
    put_discovery(storage, layout, batches=1, sources=2)
    put_batch(storage, layout, 1, ["good.pdf", "bad.pdf"], is_assembled=True)
    stage(storage, layout, 1, GOOD)
    validation = validate_run(storage, layout, RUN)
    assert validation.reconciliation_errors == (
        "inbox/bad.pdf: 2 pages were found in it, and 0 are accounted for",
        "pages: 4 discovered are not 2 published + 0 unpacked + 0 skipped + 0 quarantined + 0 left",
    )


def test_a_run_that_took_nothing_is_valid(storage: Storage, layout: Layout) -> None:
    put_discovery(storage, layout, batches=0, sources=0)
    validation = validate_run(storage, layout, RUN)
    assert validation.verdicts == {}
    assert validation.reconciliation_errors == ()


def test_batches_are_checked_together_or_some_at_a_time_with_the_same_outcome(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_discovery(storage, layout, batches=2, sources=2)
    for number, (name, document_id) in enumerate((("good.pdf", GOOD), ("bad.pdf", BAD)), start=1):
        put_batch(storage, layout, number, [name], is_assembled=True, document_ids=(document_id,))
        stage(storage, layout, number, document_id, confidence=1.7)
    together = validate_run(storage, layout, RUN)
    pages = [item.key for item in storage.list_objects(layout.report(RUN, "great_expectations/"))]
    monkeypatch.setattr("tenderlake.validation.stage.MOST_ROWS", 1)
    assert validate_run(storage, layout, RUN) == together
    assert set(together.verdicts) == {GOOD, BAD}
    assert [item.key for item in storage.list_objects(layout.report(RUN, "great_expectations/"))] == pages
    assert sorted(layout.report(RUN, name) for name in together.data_docs) == sorted(
        key for key in pages if key.endswith(".html")
    )
    told = json.loads(storage.get_bytes(layout.report(RUN, "great_expectations/pages.json")))
    (failed,) = (result for result in told["results"] if not result["success"])
    assert failed["result"]["partial_unexpected_index_list"] == [{"document_id": BAD, "page_number": 2}]


def test_the_results_of_great_expectations_can_be_left_out(storage: Storage) -> None:
    layout = Layout(Settings.model_construct(data_docs=False))
    put_discovery(storage, layout, batches=0, sources=0)
    assert validate_run(storage, layout, RUN).data_docs == ()
    assert list(storage.list_objects("reports/")) == []
