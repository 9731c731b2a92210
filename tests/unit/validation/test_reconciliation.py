"""What a run took and how it ended have to match: source by source, page by page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest

from tenderlake.documents import PreparedSource, Rejection, SourceRef
from tenderlake.runs import SourceOutcome
from tenderlake.states import SourceState
from tenderlake.validation.reconciliation import reconcile
from tenderlake.validation.results import Reconciliation, Tally
from tenderlake.validation.running import SuiteRunner

pytestmark = pytest.mark.unit

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def runner() -> SuiteRunner:
    return SuiteRunner()


def source(name: str, archive_path: str | None = None) -> SourceRef:
    return SourceRef(key=f"inbox/{name}", etag="e", size_bytes=1, last_modified=NOON, archive_path=archive_path)


def outcome(ref: SourceRef, state: SourceState | None, document_id: str | None = None) -> SourceOutcome:
    staged = document_id if state and state.is_published else None
    return SourceOutcome(source=ref, document_id=document_id, state=state, markdown_staging_key=staged)


def prepared(ref: SourceRef, page_count: int) -> PreparedSource:
    if page_count:
        return PreparedSource(source=ref, manifest_key="m", page_count=page_count)
    rejection = Rejection(state=SourceState.QUARANTINED_CORRUPT, reason="no PDF")
    return PreparedSource(source=ref, rejection=rejection)


@dataclass
class Run:
    """A run that took one source of every kind; a test may break it."""

    discovered: list[SourceRef] = field(default_factory=list)
    prepared: list[PreparedSource] = field(default_factory=list)
    outcomes: list[SourceOutcome] = field(default_factory=list)
    staged_pages: dict[str, int] = field(default_factory=dict)

    def reconcile(self, runner: SuiteRunner) -> Reconciliation:
        return reconcile(
            runner,
            discovered=self.discovered,
            prepared=self.prepared,
            outcomes=self.outcomes,
            staged_pages=self.staged_pages,
        )


@pytest.fixture
def run() -> Run:
    read, failed, copy, broken, waits, lost_batch, packed = (
        source(f"{name}.pdf") for name in ("read", "failed", "copy", "broken", "waits", "lost batch", "packed")
    )
    member = source("packed.pdf", "смета.pdf")
    return Run(
        discovered=[read, failed, copy, broken, waits, lost_batch, packed],
        prepared=[
            prepared(read, 3),
            prepared(failed, 2),
            prepared(copy, 3),
            prepared(broken, 0),
            prepared(waits, 4),
            prepared(packed, 0),
            prepared(member, 5),
        ],
        outcomes=[
            outcome(read, SourceState.PUBLISHED, "r"),
            outcome(failed, SourceState.PUBLISHED_WITH_FAILED_PAGES, "f"),
            outcome(copy, SourceState.SKIPPED_DUPLICATE, "r"),
            outcome(broken, SourceState.QUARANTINED_CORRUPT),
            outcome(waits, None, "w"),
            outcome(lost_batch, None),
            outcome(packed, SourceState.SKIPPED_UNSUPPORTED),
            outcome(member, SourceState.PUBLISHED, "m"),
        ],
        staged_pages={"r": 3, "f": 2, "m": 5},
    )


def test_a_run_that_lost_nothing_adds_up(run: Run, runner: SuiteRunner) -> None:
    assert run.reconcile(runner) == Reconciliation(
        discovered=Tally(sources=8, pages=17),
        published=Tally(sources=3, pages=10),
        skipped=Tally(sources=2, pages=3),
        quarantined=Tally(sources=1, pages=0),
        left=Tally(sources=2, pages=4),
    )


def test_a_run_that_took_nothing_adds_up(runner: SuiteRunner) -> None:
    nothing = Tally()
    assert Run().reconcile(runner) == Reconciliation(
        discovered=nothing, published=nothing, skipped=nothing, quarantined=nothing, left=nothing
    )


def test_a_lost_source_is_named(run: Run, runner: SuiteRunner) -> None:
    run.outcomes = [outcome for outcome in run.outcomes if outcome.source.archive_path is None]
    assert run.reconcile(runner).errors == (
        "inbox/packed.pdf/смета.pdf: it was taken, and has no outcome",
        "inbox/packed.pdf/смета.pdf: 5 pages were found in it, and 0 are accounted for",
        "sources: 8 discovered are not 2 published + 0 unpacked + 2 skipped + 1 quarantined + 2 left",
        "pages: 17 discovered are not 5 published + 0 unpacked + 3 skipped + 0 quarantined + 4 left",
    )


def test_one_lost_and_one_counted_twice_do_not_make_up_for_each_other(run: Run, runner: SuiteRunner) -> None:
    broken, waits = run.outcomes[3], run.outcomes[5]
    run.outcomes[5] = broken
    assert run.reconcile(runner).errors == (
        f"{broken.source.key}: it was taken, and has 2 outcomes",
        f"{waits.source.key}: it was taken, and has no outcome",
    )


def test_pages_lost_on_the_way_are_counted(run: Run, runner: SuiteRunner) -> None:
    run.staged_pages["r"] = 2
    assert run.reconcile(runner).errors == (
        "inbox/read.pdf: 3 pages were found in it, and 2 are accounted for",
        "pages: 17 discovered are not 9 published + 0 unpacked + 3 skipped + 0 quarantined + 4 left",
    )


def test_an_outcome_out_of_nowhere_is_named(run: Run, runner: SuiteRunner) -> None:
    run.outcomes.append(outcome(source("stranger.pdf"), SourceState.SKIPPED_EMPTY))
    assert run.reconcile(runner).errors == (
        "inbox/stranger.pdf: it has an outcome, and nobody took it",
        "sources: 8 discovered are not 3 published + 0 unpacked + 3 skipped + 1 quarantined + 2 left",
    )


def test_its_results_stand_with_the_other_checks(run: Run) -> None:
    runner = SuiteRunner()
    run.staged_pages["r"] = 2
    run.reconcile(runner)
    assert {(result.suite, result.name): (result.checked_rows, result.failed_rows) for result in runner.results} == {
        ("reconciliation of sources", "taken"): (8, 0),
        ("reconciliation of sources", "one_outcome"): (8, 0),
        ("reconciliation of sources", "all_pages"): (8, 1),
        ("reconciliation of sums", "sums"): (2, 1),
    }
