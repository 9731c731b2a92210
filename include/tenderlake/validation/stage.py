"""Validate: the checks of all staged rows, and the reconciliation of the run."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from tenderlake.assembly import assembled_key
from tenderlake.lake.staging import read_staging
from tenderlake.layout import Layout
from tenderlake.planning import prepared_sources
from tenderlake.publishing import run_outcomes, with_verdict
from tenderlake.runs import Batch, Discovery, Validation
from tenderlake.storage import Storage
from tenderlake.validation.checks import BatchFrames, Validator
from tenderlake.validation.reconciliation import reconcile
from tenderlake.validation.results import Verdict
from tenderlake.validation.running import SuiteRunner
from tenderlake.validation.suiteresults import SuiteResult

log = logging.getLogger(__name__)

MOST_ROWS = 200_000
"""Rows of batches that are checked together: each look costs seconds, and memory grows with its rows."""


def validate_run(storage: Storage, layout: Layout, run_id: str) -> Validation:
    """Check what the run has staged, some batches at a time; writes ``validation.json``.

    Raises:
        ValidationBrokenError: the checks could not be made, an error of the pipeline.
        StorageError: storage failed; the task is repeated as a whole.
    """
    discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    runner = SuiteRunner()
    validator = Validator(runner)
    verdicts: dict[str, Verdict] = {}
    staged_pages: Counter[str] = Counter()
    checked_rows: Counter[str] = Counter()
    for frames in _portions(storage, layout, discovery):
        verdicts.update(validator.check(frames))
        staged_pages.update(frames.pages["document_id"].tolist())
        checked_rows.update({table.name: len(frame) for table, frame in frames})
    outcomes = [with_verdict(outcome, verdicts) for outcome in run_outcomes(storage, layout, discovery)]
    reconciliation = reconcile(
        runner,
        discovered=[source for key in discovery.batch_keys for source in storage.get_model(key, Batch).sources],
        prepared=prepared_sources(storage, layout, discovery),
        outcomes=outcomes,
        staged_pages=staged_pages,
    )
    validation = Validation(
        verdicts=verdicts,
        reconciliation=reconciliation,
        checks=runner.results,
        checked_rows=dict(checked_rows),
        data_docs=_write_data_docs(storage, layout, run_id, runner.suite_results) if layout.settings.data_docs else (),
    )
    storage.put_model(layout.run(run_id, "validation.json"), validation)
    return validation


def _portions(storage: Storage, layout: Layout, discovery: Discovery) -> Iterator[BatchFrames]:
    """The staged rows of whole batches, as many at a time as fit."""
    pending: list[BatchFrames] = []
    for number in range(1, len(discovery.batch_keys) + 1):
        if not storage.exists(assembled_key(layout, discovery.run_id, number)):
            continue  # rows that a failed assemble may have left: its sources wait for the next run
        pending.append(BatchFrames.of(partial(read_staging, storage, layout, discovery.run_id, batch=number)))
        if sum(frames.row_count for frames in pending) >= MOST_ROWS:
            yield BatchFrames.joined(pending)
            pending = []
    if pending:
        yield BatchFrames.joined(pending)


def _write_data_docs(storage: Storage, layout: Layout, run_id: str, results: Sequence[SuiteResult]) -> tuple[str, ...]:
    """Great Expectations' own results beside the report; returns the names of their pages there."""
    pages = []
    for result in results:
        name = f"great_expectations/{result.file_stem}"
        told = json.dumps(result.to_json(run_id), ensure_ascii=False, indent=1).encode(errors="replace")
        storage.put_bytes(layout.report(run_id, f"{name}.json"), told, "application/json; charset=utf-8")
        try:
            page = result.to_html(run_id)
        except Exception:
            # The library's rendering is a convenience: what it cannot show must not keep a night's documents back.
            log.exception("Great Expectations cannot show its results of %s", result.suite_name)
            continue
        pages.append(f"{name}.html")
        storage.put_bytes(layout.report(run_id, pages[-1]), page.encode(errors="replace"), "text/html; charset=utf-8")
    return tuple(pages)
