"""Publish: the single writer of the lake. Merges staged rows, writes Markdown, quarantine notes and the report.

Everything is written in an order that makes a crash harmless: what documents hold (pages, blocks, cells, fields),
Markdown, notes, then ``documents`` and last ``sources``. A mark says that a run is being published; the next run to
publish finishes what stands under a mark, from the same staged rows and under the same date, before it begins its own.
The compact copy (:mod:`tenderlake.lake.compact`) follows when all is done: it is made from the lake alone, and a run
whose copy fails has published all the same.

Who publishes holds the lease of the lake (:mod:`tenderlake.lake.lease`). What a newer run has published of a source is
never replaced by an older one, whenever that is published. A partition that cannot be read is found before anything is
written: what belongs to its day is left for the next run, everything else is published.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError

from tenderlake import PIPELINE_VERSION
from tenderlake.assembly import assembled_key
from tenderlake.documentmarkdown import MARKDOWN_MEDIA_TYPE, add_flags
from tenderlake.documents import Value
from tenderlake.lake.additions import Additions, Owner, owner
from tenderlake.lake.compact import compact_lake
from tenderlake.lake.lease import LeaseLostError, WriterLease, writer_lease
from tenderlake.lake.partitions import Merge, PartitionError, list_parts, merge_additions
from tenderlake.lake.reading import LakeReadError, published_documents, quarantined_sources
from tenderlake.lake.rows import SourceRow, to_table
from tenderlake.lake.schema import CONTENT_TABLES, DOCUMENTS, SOURCES, TABLES, Table
from tenderlake.lake.staging import read_staging
from tenderlake.lakechanges import PUBLISHED_BY_A_NEWER_RUN, LakeChanges, is_published
from tenderlake.layout import Layout
from tenderlake.preparation import PEOPLES_DOING
from tenderlake.reports import (
    LEFT,
    CheckedDocument,
    QuarantineCount,
    ReportedSource,
    RunReport,
    StageFigure,
    write_report,
)
from tenderlake.runs import (
    AssembledBatch,
    Batch,
    Discovery,
    PartitionChange,
    PublishedRun,
    RunPlan,
    SourceOutcome,
    Validation,
)
from tenderlake.states import SourceState
from tenderlake.storage import (
    ConditionFailedError,
    ObjectMissingError,
    Storage,
    StorageAccessError,
    StorageUnavailableError,
)
from tenderlake.tender_id import tender_id_of
from tenderlake.validation.results import Verdict

log = logging.getLogger(__name__)

Merges = dict[str, dict[date, Merge]]
"""What was done to which partition, by table."""
_FINISHED = "finished-runs.json"

_STAGES = {SourceState.QUARANTINED_OCR_FAILED: "ocr", SourceState.QUARANTINED_INVALID: "validate"}


class PublishingMark(Value):
    """Says that the writes of a run have begun and may be half done; with what nobody could find out afterwards.

    Dates are those of partitions, by document.
    """

    run_id: str
    dates: dict[str, date] = Field(default={})
    """Documents that are written."""
    superseded: dict[str, date] = Field(default={})
    """Documents that leave the lake."""
    stale_keys: tuple[str, ...] = ()
    """Notes and Markdown that are deleted at the end."""


class _FinishedRuns(Value):
    """Runs that ended while they were being published and that the tries of another run have finished."""

    run_ids: tuple[str, ...] = ()


class QuarantineNote(Value):
    """What lies in ``quarantine/``: why a source is there, since when, and what to do. The file stays in the inbox."""

    source_key: str
    archive_path: str | None
    document_id: str | None
    state: SourceState
    reason: str
    stage: str
    advice: str
    run_id: str
    quarantined_at: datetime


def published_key(layout: Layout, run_id: str) -> str:
    """Where the outcome of publish lies."""
    return layout.run(run_id, "published.json")


def run_outcomes(storage: Storage, layout: Layout, discovery: Discovery) -> list[SourceOutcome]:
    """The outcome of every source that the run took; those of batches that failed are left for the next run."""

    def of_batch(number: int) -> list[SourceOutcome]:
        try:
            outcomes = storage.get_model(assembled_key(layout, discovery.run_id, number), AssembledBatch).outcomes
        except ObjectMissingError:
            outcomes = ()
        done = {outcome.source.key for outcome in outcomes}
        left = [
            SourceOutcome(source=source, document_id=None, state=None, reason="its batch failed in prepare or assemble")
            for source in storage.get_model(discovery.batch_keys[number - 1], Batch).sources
            if source.key not in done
        ]
        return [*outcomes, *left]

    by_batch = storage.in_parallel(of_batch, range(1, len(discovery.batch_keys) + 1))
    return [outcome for outcomes in by_batch for outcome in outcomes]


def with_verdict(outcome: SourceOutcome, verdicts: Mapping[str, Verdict]) -> SourceOutcome:
    """The outcome after validation: a critical failure sends the document to quarantine."""
    verdict = verdicts.get(outcome.document_id or "")
    if outcome.markdown_staging_key is None or verdict is None or not verdict.critical:
        return outcome
    return outcome.model_copy(update={"state": SourceState.QUARANTINED_INVALID, "reason": verdict.reason})


def publish_run(storage: Storage, layout: Layout, run_id: str) -> PublishedRun:
    """Publish what the run has staged, after what a run that died has left half done; again it changes nothing.

    Raises:
        tenderlake.lake.partitions.PartitionError: a partition is damaged; nothing of it was overwritten.
        tenderlake.lake.reading.LakeReadError: ``documents`` or ``sources`` is damaged; nothing was written.
        tenderlake.lake.lease.LakeBusyError: another process writes the lake, and goes on.
        tenderlake.lake.lease.LeaseLostError: another process has taken the lake over.
        StorageError: storage failed; the task is repeated as a whole.

    Nothing of this is raised for the compact copy: ``copy_problems`` tells why it is behind.
    """
    with writer_lease(storage, layout, run_id) as lease:
        marks = [
            storage.get_model(item.key, PublishingMark) for item in storage.list_objects(layout.unfinished_publishing)
        ]
        others = [mark for mark in marks if mark.run_id != run_id]
        to_tell_of = _note_finished(storage, layout, run_id, [mark.run_id for mark in others])
        for mark in others:
            _finish(storage, layout, lease, mark)
        published, report = _publish(storage, layout, lease, run_id)
        problems = tuple(_copy_problems(storage, layout, lease))
    outcomes = [_outcome(storage, layout, other) for other in to_tell_of]
    finished = tuple(outcome for outcome in outcomes if outcome is not None)
    if problems:
        write_report(storage, layout, report.model_copy(update={"copy_problems": problems}))
    if problems or finished:
        published = published.model_copy(update={"copy_problems": problems, "finished_runs": finished})
        storage.put_model(published_key(layout, run_id), published)
    return published


def _note_finished(storage: Storage, layout: Layout, run_id: str, others: Sequence[str]) -> list[str]:
    """Note runs before they are finished: a try that dies after that has told nobody of them, and the next one does."""
    noted: set[str] = set(others)
    for run in (run_id, *others):
        try:
            noted.update(storage.get_model(layout.run(run, _FINISHED), _FinishedRuns).run_ids)
        except ObjectMissingError:
            continue
    if others:
        storage.put_model(layout.run(run_id, _FINISHED), _FinishedRuns(run_ids=tuple(sorted(noted))))
    return sorted(noted - {run_id})


def _outcome(storage: Storage, layout: Layout, run_id: str) -> PublishedRun | None:
    """What a run has published; None where it never came to that."""
    try:
        return storage.get_model(published_key(layout, run_id), PublishedRun)
    except ObjectMissingError:
        return None


def _copy_problems(storage: Storage, layout: Layout, lease: WriterLease) -> list[str]:
    """Bring the compact copy up; why it is behind, where that does not succeed: the next publication tries again."""
    try:
        problems = compact_lake(storage, layout, lease.replace)
    except Exception as error:  # the lake is right without it, whatever this was
        log.exception("The compact copy could not be brought up")
        return [f"the compact copy is behind the lake: {error or type(error).__name__}"]
    for problem in problems:
        log.error("%s", problem)
    return problems


def _finish(storage: Storage, layout: Layout, lease: WriterLease, mark: PublishingMark) -> None:
    """Publish a run that ended while it was being published; given up where what it staged is gone or unreadable."""
    log.warning("Finishing run %s, which ended while it was being published", mark.run_id)
    try:
        _publish(storage, layout, lease, mark.run_id)
    except (StorageUnavailableError, StorageAccessError, ConditionFailedError, LeaseLostError):
        raise  # these would keep this run from being published too
    except (PartitionError, LakeReadError):
        raise
    except Exception as error:
        log.error("Run %s cannot be finished (%s): reprocess its documents", mark.run_id, error)
        _drop_uncommitted(storage, layout, lease, mark)
        storage.delete([layout.publishing_mark(mark.run_id)])


def _drop_uncommitted(storage: Storage, layout: Layout, lease: WriterLease, mark: PublishingMark) -> None:
    """Take what was written of documents that did not become visible, or their next date would show it twice."""
    in_lake = published_documents(storage, layout, mark.dates.keys())
    by_day: dict[date, set[Owner]] = {}
    for document_id, day in mark.dates.items():
        if document_id not in in_lake or in_lake[document_id].ingest_date != day:
            by_day.setdefault(day, set()).add(owner(document_id))
    for table in CONTENT_TABLES:
        for day, owners in by_day.items():
            merge_additions(storage, layout, day, Additions.none(table), drop=owners, replace=lease.replace)


def _publish(storage: Storage, layout: Layout, lease: WriterLease, run_id: str) -> tuple[PublishedRun, RunReport]:
    discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    plan = storage.get_model(layout.run(run_id, "plan.json"), RunPlan)
    validation = _validation(storage, layout, run_id)
    judged = [with_verdict(outcome, validation.verdicts) for outcome in run_outcomes(storage, layout, discovery)]
    try:
        begun = storage.get_model(layout.publishing_mark(run_id), PublishingMark)
        changes = LakeChanges(storage, layout, discovery, plan, judged, superseded=begun.superseded)
    except ObjectMissingError:
        begun = PublishingMark(run_id=run_id)
        changes = _without_damaged(storage, layout, LakeChanges(storage, layout, discovery, plan, judged))
    mark = PublishingMark(
        run_id=run_id,
        dates=begun.dates | changes.dates,
        superseded=changes.superseded,
        stale_keys=tuple(sorted({*begun.stale_keys, *changes.stale_keys()})),
    )
    storage.put_model(layout.publishing_mark(run_id), mark)
    merges = _Publisher(storage, layout, lease, discovery, validation, changes).publish()
    lease.check()
    storage.delete(mark.stale_keys)
    outcomes = changes.outcomes
    published = _with_earlier_tries(
        _summary(run_id, outcomes, merges), merges, begun, _outcome(storage, layout, run_id)
    )
    report = _report(layout, discovery, validation, outcomes, published.rows, quarantined_sources(storage, layout))
    report_key = write_report(storage, layout, report)
    published = published.model_copy(update={"report_key": report_key})
    storage.put_model(published_key(layout, run_id), published)
    storage.delete([layout.publishing_mark(run_id)])
    return published, report


def _validation(storage: Storage, layout: Layout, run_id: str) -> Validation:
    """What validate found; a run that another version of the pipeline has validated is validated again."""
    key = layout.run(run_id, "validation.json")
    try:
        return storage.get_model(key, Validation)
    except ValidationError as error:
        first = error.errors()[0]
        log.warning(
            "Run %s is validated again, as another version of Tenderlake has written s3://%s/%s (%s: %s)",
            run_id,
            storage.bucket,
            key,
            ".".join(map(str, first["loc"])) or "it",
            first["msg"],
        )
        from tenderlake.validation.stage import validate_run  # pandas and all the checks, for this rare case

        return validate_run(storage, layout, run_id)


def _without_damaged(storage: Storage, layout: Layout, changes: LakeChanges) -> LakeChanges:
    """The changes without those of days that have a damaged file in any table, found before anything is written."""
    damaged: dict[date, str] = {}

    def look(table: Table, day: date) -> None:
        try:
            list_parts(storage, layout, table, day)
        except PartitionError as error:
            log.error("%s", error)
            damaged[day] = str(error)

    looked: set[tuple[str, date]] = set()
    while True:
        wanted = [(table, day) for table in TABLES.values() if table is not SOURCES for day in changes.document_days]
        wanted += [(SOURCES, day) for day in changes.source_days]
        new = [(table, day) for table, day in wanted if (table.name, day) not in looked]
        storage.in_parallel(lambda pair: look(*pair), new)
        looked.update((table.name, day) for table, day in new)
        if damaged.keys().isdisjoint({*changes.document_days, *changes.source_days}):
            return changes
        changes = changes.without(damaged)


def unfinished_business(storage: Storage, layout: Layout, run_id: str) -> list[str]:
    """What is left of a run for the next one and why, one sentence each; empty for a run that did all it took."""
    try:
        discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    except ObjectMissingError:
        return []
    try:
        published = storage.get_model(published_key(layout, run_id), PublishedRun)
    except ObjectMissingError:
        return [f"nothing was published: all {discovery.source_count} sources are left for the next run"]
    problems = [*published.left_reasons, *published.copy_problems]
    validation = storage.get_model(layout.run(run_id, "validation.json"), Validation)
    problems.extend(f"the sums of the run do not add up: {error}" for error in validation.reconciliation_errors)
    return problems


class _Publisher:
    """Writes one run into the lake."""

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        lease: WriterLease,
        discovery: Discovery,
        validation: Validation,
        changes: LakeChanges,
    ) -> None:
        self._storage, self._layout, self._lease, self._discovery = storage, layout, lease, discovery
        self._verdicts, self._changes = validation.verdicts, changes
        self._now = datetime.now(UTC)

    def publish(self) -> Merges:
        """Write everything in its order."""
        # Side by side: while one waits for storage, another compresses.
        contents = self._storage.in_parallel(self._merge_documents, CONTENT_TABLES)
        merges: Merges = {table.name: merged for table, merged in zip(CONTENT_TABLES, contents, strict=True)}
        self._lease.check()
        self._write_markdown()
        self._write_notes()
        merges[DOCUMENTS.name] = self._merge_documents(DOCUMENTS)
        merges[SOURCES.name] = self._merge_sources()
        return merges

    def _merge_documents(self, table: Table) -> dict[date, Merge]:
        dates = {owner(document_id): day for document_id, day in self._changes.dates.items()}
        # Documents that are published again without rows in this table (no block any more) lose their old ones.
        drop: dict[date, set[Owner]] = {day: set() for day in self._changes.document_days}
        for document_id, day in [*self._changes.dates.items(), *self._changes.superseded.items()]:
            drop[day].add(owner(document_id))
        return self._merge(table, self._staged(table), dates, drop)

    def _merge(
        self,
        table: Table,
        rows: Iterable[pa.Table],
        dates: Mapping[Owner, date],
        drop: Mapping[date, AbstractSet[Owner]],
    ) -> dict[date, Merge]:
        """Merge rows into the partitions of their owners' dates, and drop owners from partitions."""
        with tempfile.TemporaryDirectory(prefix="tenderlake-publish-") as folder:
            by_day = Additions.spilled(Path(folder) / "rows.arrow", table, rows).split(dates.get)
            return {
                day: merge_additions(
                    self._storage,
                    self._layout,
                    day,
                    by_day.get(day, Additions.none(table)),
                    drop=drop.get(day, frozenset()),
                    replace=self._lease.replace,
                )
                for day in sorted({*by_day, *drop})
            }

    def _staged(self, table: Table) -> Iterator[pa.Table]:
        """The staged rows of the documents that are published; each batch is fetched once."""
        if not self._changes.dates:  # a run that only loses documents
            return
        wanted = pa.array(sorted(self._changes.dates), pa.string())
        for number in range(1, len(self._discovery.batch_keys) + 1):
            for rows in read_staging(self._storage, self._layout, self._discovery.run_id, table, number):
                chosen = rows.filter(pc.is_in(rows["document_id"], wanted))
                yield self._with_warnings(chosen) if table is DOCUMENTS else chosen

    def _with_warnings(self, documents: pa.Table) -> pa.Table:
        rows = documents.to_pylist()
        for row in rows:
            flags = self._verdicts.get(row["document_id"], Verdict()).flags
            row["quality_flags"] = [*(row["quality_flags"] or []), *(flag.value for flag in flags)]
        return pa.Table.from_pylist(rows, schema=documents.schema)

    def _write_markdown(self) -> None:
        def write(outcome: SourceOutcome) -> None:
            staged = str(outcome.markdown_staging_key)
            target = self._layout.markdown(outcome.source.key, outcome.source.archive_path)
            flags = self._verdicts.get(str(outcome.document_id), Verdict()).flags
            if not flags:
                self._storage.copy(staged, target)
                return
            with tempfile.TemporaryDirectory(prefix="tenderlake-markdown-") as folder:
                path, flagged = Path(folder, "staged.md"), Path(folder, "flagged.md")
                self._storage.download(staged, path)
                add_flags(path, flagged, [flag.value for flag in flags])
                self._storage.upload(flagged, target, MARKDOWN_MEDIA_TYPE)

        self._storage.in_parallel(write, self._changes.published)

    def _write_notes(self) -> None:
        def write(outcome: SourceOutcome) -> None:
            source, state = outcome.source, outcome.state
            if state is None or not state.is_quarantined:
                return
            note = QuarantineNote(
                source_key=source.key,
                archive_path=source.archive_path,
                document_id=outcome.document_id,
                state=state,
                reason=outcome.reason or "",
                stage=_STAGES.get(state, "prepare"),
                advice=state.advice,
                run_id=self._discovery.run_id,
                quarantined_at=self._now,
            )
            self._storage.put_model(self._layout.quarantine(state, source.key, source.archive_path), note)

        self._storage.in_parallel(write, self._changes.final)

    def _merge_sources(self) -> dict[date, Merge]:
        drop: dict[date, set[Owner]] = {day: set() for day in self._changes.source_days}
        for day, sources in self._changes.forgotten.items():
            drop[day].update(map(owner, sources))
        for identity, vanished in self._changes.vanished.items():
            drop[vanished.ingest_date].add(owner(identity))
        dates = {owner(o.source.identity): self._changes.source_day(o.source) for o in self._changes.final}
        rows = [self._source_row(outcome) for outcome in self._changes.final]
        return self._merge(SOURCES, [to_table(SOURCES, rows)], dates, drop)

    def _source_row(self, outcome: SourceOutcome) -> SourceRow:
        source = outcome.source
        known = self._changes.known.get(source.identity)
        if outcome.state is None:
            raise ValueError(f"{source.key} has no state and cannot be published")
        return SourceRow(
            source_key=source.key,
            etag=source.etag,
            size_bytes=source.size_bytes,
            last_modified=source.last_modified,
            archive_path=source.archive_path,
            document_id=outcome.document_id,
            state=outcome.state,
            state_reason=outcome.reason,
            tender_id=outcome.tender_id
            or tender_id_of(self._layout.path_in_inbox(source.key), self._layout.settings.tender_id_pattern),
            run_id=self._discovery.run_id,
            first_seen_at=known.first_seen_at if known else self._discovery.started_at,
            finished_at=self._now,
        )


def _summary(run_id: str, outcomes: Sequence[SourceOutcome], merges: Merges) -> PublishedRun:
    published = [outcome for outcome in outcomes if is_published(outcome)]
    no_failures = {*PEOPLES_DOING, PUBLISHED_BY_A_NEWER_RUN}
    failed = [outcome for outcome in outcomes if outcome.state is None and outcome.reason not in no_failures]
    left = Counter(outcome.reason or "" for outcome in failed)
    return PublishedRun(
        run_id=run_id,
        state_counts=dict(Counter(outcome.state.value if outcome.state else LEFT for outcome in outcomes)),
        left_reasons=tuple(f"{count} sources are left for the next run: {why}" for why, count in left.most_common()),
        rows={table: sum(merge.added for merge in by_day.values()) for table, by_day in merges.items()},
        partitions={
            table: {day: _change(merge) for day, merge in by_day.items() if merge.added or merge.dropped}
            for table, by_day in merges.items()
        },
        page_count=sum(outcome.page_count for outcome in published),
        native_pages=sum(outcome.native_pages for outcome in published),
        ocr_pages=sum(outcome.ocr_pages for outcome in published),
        failed_pages=sum(outcome.failed_pages for outcome in published),
    )


def _change(merge: Merge) -> PartitionChange:
    return PartitionChange(row_count=merge.row_count, added=merge.added, dropped=merge.dropped)


def _with_earlier_tries(
    published: PublishedRun, merges: Merges, begun: PublishingMark, earlier: PublishedRun | None
) -> PublishedRun:
    """With the partitions from which an earlier try took rows, and told nobody: this one finds nothing to take."""
    is_repeated = bool(begun.dates or begun.superseded)
    partitions = {
        table: {
            **(earlier.partitions.get(table, {}) if earlier else {}),
            **({day: _change(merge) for day, merge in by_day.items()} if is_repeated else {}),
            **published.partitions[table],
        }
        for table, by_day in merges.items()
    }
    return published.model_copy(update={"partitions": partitions})


def _report(
    layout: Layout,
    discovery: Discovery,
    validation: Validation,
    outcomes: Sequence[SourceOutcome],
    rows: dict[str, int],
    quarantined: Mapping[SourceState, int],
) -> RunReport:
    return RunReport(
        run_id=discovery.run_id,
        pipeline_version=PIPELINE_VERSION,
        options=discovery.options,
        started_at=discovery.started_at,
        finished_at=datetime.now(UTC),
        sources=tuple(_reported(layout, outcome) for outcome in outcomes),
        rows=rows,
        stages=tuple(
            StageFigure(stage=stage, duration_s=duration_s, detail=detail)
            for stage, duration_s, detail in (
                ("prepare", sum(o.prepare_s for o in outcomes), f"{len(outcomes)} sources"),
                ("ocr", sum(o.ocr_s for o in outcomes), f"{sum(o.ocr_pages for o in outcomes)} pages"),
                ("assemble", sum(o.assemble_s for o in outcomes), f"{sum(o.page_count for o in outcomes)} pages"),
            )
        ),
        checked_documents=tuple(
            _checked(layout, outcome, validation.verdicts[outcome.document_id])
            for outcome in outcomes
            if outcome.markdown_staging_key and outcome.document_id in validation.verdicts
        ),
        checks=validation.checks,
        data_docs=validation.data_docs,
        quarantine=tuple(
            QuarantineCount(state=state, sources=count, folder=layout.quarantined(state))
            for state, count in quarantined.items()
        ),
        reconciliation=validation.reconciliation,
        more_waiting=discovery.continue_after is not None,
    )


def _checked(layout: Layout, outcome: SourceOutcome, verdict: Verdict) -> CheckedDocument:
    source = outcome.source
    return CheckedDocument(
        path=layout.path_of(source.key, source.archive_path),
        document_id=str(outcome.document_id),
        markdown_key=layout.markdown(source.key, source.archive_path) if is_published(outcome) else None,
        findings=verdict.findings,
    )


def _reported(layout: Layout, outcome: SourceOutcome) -> ReportedSource:
    source = outcome.source
    return ReportedSource(
        path=layout.path_of(source.key, source.archive_path),
        state=outcome.state,
        reason=outcome.reason,
        page_count=outcome.page_count,
        native_pages=outcome.native_pages,
        ocr_pages=outcome.ocr_pages,
        failed_pages=outcome.failed_pages,
        doubtful_pages=outcome.doubtful_pages,
        duration_s=outcome.prepare_s + outcome.ocr_s + outcome.assemble_s,
        markdown_key=layout.markdown(source.key, source.archive_path) if is_published(outcome) else None,
    )
