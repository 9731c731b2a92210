"""Reconciliation: everything that a run took is accounted for, in sources and in pages.

Two suites. The first goes source by source, so that one that is lost and one that is counted twice do not make a sum
that looks right, and so that what is lost has a name. The second checks the sums that the report shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from tenderlake.documents import PreparedSource, SourceId, SourceRef
from tenderlake.runs import SourceOutcome
from tenderlake.states import SourceState
from tenderlake.validation.results import Reconciliation, Tally
from tenderlake.validation.running import Failure, SuiteRunner, told
from tenderlake.validation.suites import Suite, sources_suite, sums_suite

_MOST_ERRORS = 100
"""Of one kind that are told; a disaster need not fill the report."""
_ENDS = ("published", "unpacked", "skipped", "quarantined", "left")


def reconcile(
    runner: SuiteRunner,
    *,
    discovered: Iterable[SourceRef],
    prepared: Iterable[PreparedSource],
    outcomes: Iterable[SourceOutcome],
    staged_pages: Mapping[str, int],
) -> Reconciliation:
    """Compare what came in with how it ended.

    Args:
        runner: runs the suites, and keeps their results with the others of the run.
        discovered: what discover took.
        prepared: what prepare found, members of archives too; sources that it did not get to are missing.
        outcomes: how every source ends, after validation.
        staged_pages: rows in the staged table ``pages``, by document_id.
    """
    found = {item.source.identity: item.page_count for item in prepared}
    taken = dict.fromkeys([*(source.identity for source in discovered), *found])
    ends: Counter[SourceId] = Counter()
    pages: Counter[SourceId] = Counter()
    sources_by_end: Counter[str] = Counter()
    pages_by_end: Counter[str] = Counter()
    for outcome in outcomes:
        source, end = outcome.source.identity, _end(outcome)
        # A document that is staged has the pages that are there; any other source ends with all that was found in it.
        count = staged_pages.get(str(outcome.document_id), 0) if outcome.markdown_staging_key else found.get(source, 0)
        ends[source] += 1
        pages[source] += count
        sources_by_end[end] += 1
        pages_by_end[end] += count
    by_source = pd.DataFrame(
        {
            "source": [_name(source) for source in {**taken, **ends}],
            "is_taken": [source in taken for source in {**taken, **ends}],
            "outcomes": [ends[source] for source in {**taken, **ends}],
            "pages_found": [found.get(source, 0) for source in {**taken, **ends}],
            "pages_accounted": [pages[source] for source in {**taken, **ends}],
        }
    )
    sums = pd.DataFrame(
        [
            {"measure": "sources", "discovered": len(taken), **{end: sources_by_end[end] for end in _ENDS}},
            {"measure": "pages", "discovered": sum(found.values()), **{end: pages_by_end[end] for end in _ENDS}},
        ]
    )
    sums["accounted"] = sums[list(_ENDS)].sum(axis="columns")
    sources, pages_row = sums.to_dict("records")
    tallies = {name: Tally(sources=sources[name], pages=pages_row[name]) for name in ("discovered", *_ENDS)}
    return Reconciliation(
        **tallies, errors=(*_errors(runner, sources_suite(), by_source), *_errors(runner, sums_suite(), sums))
    )


def _errors(runner: SuiteRunner, suite: Suite, frame: pd.DataFrame) -> list[str]:
    return [error for failure in runner.run(suite, frame) for error in _told(suite, failure)]


def _told(suite: Suite, failure: Failure) -> Iterator[str]:
    yield from (message for _, message in told(suite, failure, _MOST_ERRORS))
    more = 0 if failure.rows is None else len(failure.rows) - _MOST_ERRORS
    if more > 0:
        yield f"and {more} more sources like these"


def _name(source: SourceId) -> str:
    return "/".join(part for part in source if part)


def _end(outcome: SourceOutcome) -> str:
    if outcome.state is None:
        return "left"
    if outcome.state.is_published:
        return "published"
    if outcome.state is SourceState.UNPACKED:
        return "unpacked"
    return "skipped" if outcome.state.is_skipped else "quarantined"
