"""Validate: the checks of all staged rows, and the reconciliation of the run."""

from __future__ import annotations

from collections import Counter
from functools import partial

from tenderlake.assembly import assembled_key
from tenderlake.lake.staging import read_staging
from tenderlake.layout import Layout
from tenderlake.planning import prepared_sources
from tenderlake.publishing import run_outcomes, with_verdict
from tenderlake.runs import Batch, Discovery, Validation, Verdict
from tenderlake.storage import Storage
from tenderlake.validation.checks import BatchFrames, Validator
from tenderlake.validation.reconciliation import reconcile
from tenderlake.validation.running import SuiteRunner


def validate_run(storage: Storage, layout: Layout, run_id: str) -> Validation:
    """Check what the run has staged, batch by batch; writes ``validation.json``.

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
    for number in range(1, len(discovery.batch_keys) + 1):
        if not storage.exists(assembled_key(layout, run_id, number)):
            continue  # rows that a failed assemble may have left: its sources wait for the next run
        frames = BatchFrames.of(partial(read_staging, storage, layout, run_id, batch=number))
        verdicts.update(validator.check_batch(frames))
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
    )
    storage.put_model(layout.run(run_id, "validation.json"), validation)
    return validation
