"""Publish: the single writer of the lake. Merges staged rows, writes Markdown, quarantine notes and the report.

Everything is written in an order that makes a crash harmless: blocks and pages, Markdown, notes, then ``documents`` and
last ``sources``. A mark says that a run is being published; the next run to publish finishes what stands under a mark,
from the same staged rows and under the same date, before it begins its own.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from tenderlake import PIPELINE_VERSION
from tenderlake.assembly import assembled_key
from tenderlake.documents import SourceId, Value
from tenderlake.lake.partitions import PartitionError, merge_partition
from tenderlake.lake.reading import PublishedDocument, iter_table, known_sources, published_documents
from tenderlake.lake.rows import SourceRow, to_table
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, PAGES, SOURCES, Table
from tenderlake.lake.staging import read_staging
from tenderlake.layout import Layout
from tenderlake.preparation import PEOPLES_DOING
from tenderlake.reports import LEFT, FailedCheck, ReportedSource, RunReport, StageFigure, write_report
from tenderlake.runs import (
    AssembledBatch,
    Batch,
    Discovery,
    PublishedRun,
    RunPlan,
    SourceOutcome,
    Validation,
    Verdict,
)
from tenderlake.states import SourceState
from tenderlake.storage import ObjectMissingError, Storage, StorageAccessError, StorageUnavailableError
from tenderlake.tender_id import tender_id_of
from tenderlake.validation.results import Severity

log = logging.getLogger(__name__)

_STAGES = {SourceState.QUARANTINED_OCR_FAILED: "ocr", SourceState.QUARANTINED_INVALID: "validate"}


class PublishingMark(Value):
    """Says that the writes of a run have begun and may be half done."""

    run_id: str


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


@dataclass(frozen=True)
class KnownSource:
    """What the lake says of a source before this run writes."""

    state: SourceState
    document_id: str | None
    first_seen_at: datetime
    ingest_date: date


def published_key(layout: Layout, run_id: str) -> str:
    """Where the outcome of publish lies."""
    return layout.run(run_id, "published.json")


def run_outcomes(storage: Storage, layout: Layout, discovery: Discovery) -> list[SourceOutcome]:
    """The outcome of every source that the run took; those of batches that failed are left for the next run."""
    outcomes: list[SourceOutcome] = []
    for number, batch_key in enumerate(discovery.batch_keys, start=1):
        try:
            batch = storage.get_model(assembled_key(layout, discovery.run_id, number), AssembledBatch)
        except ObjectMissingError:
            batch = AssembledBatch(number=number, outcomes=())
        outcomes.extend(batch.outcomes)
        done = {outcome.source.key for outcome in batch.outcomes}
        outcomes.extend(
            SourceOutcome(source=source, document_id=None, state=None, reason="its batch failed in prepare or assemble")
            for source in storage.get_model(batch_key, Batch).sources
            if source.key not in done
        )
    return outcomes


def with_verdict(outcome: SourceOutcome, verdicts: Mapping[str, Verdict]) -> SourceOutcome:
    """The outcome after validation: a critical failure sends the document to quarantine."""
    verdict = verdicts.get(outcome.document_id or "")
    if outcome.markdown_staging_key is None or verdict is None or not verdict.critical:
        return outcome
    return outcome.model_copy(update={"state": SourceState.QUARANTINED_INVALID, "reason": "; ".join(verdict.critical)})


def publish_run(storage: Storage, layout: Layout, run_id: str) -> PublishedRun:
    """Publish what the run has staged, after what a run that died has left half done; again it changes nothing.

    Raises:
        tenderlake.lake.partitions.PartitionError: a partition is damaged; nothing of it was overwritten.
        StorageError: storage failed; the task is repeated as a whole.
    """
    for item in storage.list_objects(layout.unfinished_publishing):
        earlier = storage.get_model(item.key, PublishingMark).run_id
        if earlier != run_id:
            _finish(storage, layout, earlier)
    return _publish(storage, layout, run_id)


def _finish(storage: Storage, layout: Layout, run_id: str) -> None:
    """Publish a run that ended while it was being published; given up where what it staged is gone or unreadable."""
    log.warning("Finishing run %s, which ended while it was being published", run_id)
    try:
        _publish(storage, layout, run_id)
    except (StorageUnavailableError, StorageAccessError, PartitionError):
        raise  # these would keep this run from being published too
    except Exception as error:
        log.error("Run %s cannot be finished (%s): reprocess its documents", run_id, error)
        storage.delete([layout.publishing_mark(run_id)])


def _publish(storage: Storage, layout: Layout, run_id: str) -> PublishedRun:
    discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    plan = storage.get_model(layout.run(run_id, "plan.json"), RunPlan)
    validation = storage.get_model(layout.run(run_id, "validation.json"), Validation)
    judged = [with_verdict(outcome, validation.verdicts) for outcome in run_outcomes(storage, layout, discovery)]
    storage.put_model(layout.publishing_mark(run_id), PublishingMark(run_id=run_id))
    publisher = _Publisher(storage, layout, discovery, plan, validation, judged)
    rows = publisher.publish()
    outcomes = publisher.outcomes
    published = _summary(run_id, outcomes, rows)
    report_key = write_report(storage, layout, _report(layout, discovery, validation, outcomes, rows))
    published = published.model_copy(update={"report_key": report_key})
    storage.put_model(published_key(layout, run_id), published)
    storage.delete([layout.publishing_mark(run_id)])
    return published


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
    problems = list(published.left_reasons)
    validation = storage.get_model(layout.run(run_id, "validation.json"), Validation)
    problems.extend(f"the sums of the run do not add up: {error}" for error in validation.reconciliation_errors)
    return problems


class _Publisher:
    """Writes one run into the lake."""

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        discovery: Discovery,
        plan: RunPlan,
        validation: Validation,
        outcomes: Sequence[SourceOutcome],
    ) -> None:
        self._storage, self._layout, self._discovery = storage, layout, discovery
        self._verdicts = validation.verdicts
        self._now = datetime.now(UTC)
        self._today = discovery.started_at.astimezone(ZoneInfo(layout.settings.schedule_timezone)).date()
        in_lake = published_documents(storage, layout, {str(o.document_id) for o in outcomes if o.document_id})
        judged = [self._unless_published_meanwhile(outcome, plan, in_lake) for outcome in outcomes]
        originals = {outcome.document_id: outcome for outcome in judged if outcome.markdown_staging_key is not None}
        self.outcomes = _archives_wait_for_members(
            [self._like_its_original(outcome, originals, in_lake) for outcome in judged]
        )
        """How the sources of the run end, as published."""
        self._final = [outcome for outcome in self.outcomes if outcome.state is not None]
        self._published = [outcome for outcome in self._final if _is_published(outcome)]
        self._known = _known(storage, layout, {outcome.source.key for outcome in self._final})
        self._vanished = self._vanished_members()
        self._dates = {
            document_id: in_lake[document_id].ingest_date if document_id in in_lake else self._today
            for document_id in (str(outcome.document_id) for outcome in self._published)
        }

    def _unless_published_meanwhile(
        self, outcome: SourceOutcome, plan: RunPlan, in_lake: Mapping[str, PublishedDocument]
    ) -> SourceOutcome:
        """A duplicate, where another run has published the same bytes under another source since this one planned."""
        document = in_lake.get(str(outcome.document_id)) if _is_published(outcome) else None
        if document is None or plan.primary_sources[document.document_id].is_in_lake:
            return outcome
        if document.source_key is None or (document.source_key, document.archive_path) == outcome.source.identity:
            return outcome
        reason = f"the same bytes as {self._layout.path_in_inbox(document.source_key)}"
        return outcome.model_copy(update={"state": SourceState.SKIPPED_DUPLICATE, "reason": reason})

    def _like_its_original(
        self,
        outcome: SourceOutcome,
        originals: Mapping[str | None, SourceOutcome],
        in_lake: Mapping[str, PublishedDocument],
    ) -> SourceOutcome:
        """A duplicate of what is not in the lake after all shares its fate, or nobody would look at its bytes again."""
        if outcome.state is not SourceState.SKIPPED_DUPLICATE or outcome.document_id in in_lake:
            return outcome
        original = originals.get(outcome.document_id)
        if original is not None and _is_published(original):
            return outcome
        if original is None or original.state is None:
            reason = f"{outcome.reason}, which is not in the lake"
            return outcome.model_copy(update={"state": None, "reason": reason})
        reason = f"{outcome.reason}: {original.reason}"
        return outcome.model_copy(update={"state": original.state, "reason": reason})

    def publish(self) -> dict[str, int]:
        """Write everything in its order; returns rows added per table."""
        superseded = self._superseded_documents()
        dates = sorted({*self._dates.values(), *superseded.values()})
        rows: Counter[str] = Counter()
        for table in (BLOCKS, PAGES):
            rows[table.name] = sum(self._merge_documents(table, day, superseded) for day in dates)
        self._write_markdown()
        self._write_notes()
        rows[DOCUMENTS.name] = sum(self._merge_documents(DOCUMENTS, day, superseded) for day in dates)
        rows[SOURCES.name] = self._merge_sources(self._forgotten_duplicates(superseded))
        self._delete_stale_objects()
        return dict(rows)

    def _merge_documents(self, table: Table, day: date, superseded: Mapping[str, date]) -> int:
        wanted = {document_id for document_id, its_day in self._dates.items() if its_day == day}
        dropped = {document_id for document_id, its_day in superseded.items() if its_day == day}
        merged = merge_partition(
            self._storage,
            self._layout,
            table,
            day,
            additions=self._staged(table, wanted),
            # Documents that are published again without rows in this table (no block any more) lose their old ones.
            drop=wanted | dropped,
        )
        return merged.added

    def _staged(self, table: Table, document_ids: Collection[str]) -> Iterator[pa.Table]:
        if not document_ids:  # a partition that only loses documents
            return
        wanted = pa.array(sorted(document_ids), pa.string())
        for number in range(1, len(self._discovery.batch_keys) + 1):
            for rows in read_staging(self._storage, self._layout, self._discovery.run_id, table, number):
                chosen = rows.filter(pc.is_in(rows["document_id"], wanted))
                yield self._with_warnings(chosen) if table is DOCUMENTS else chosen

    def _with_warnings(self, documents: pa.Table) -> pa.Table:
        rows = documents.to_pylist()
        for row in rows:
            if self._verdicts.get(row["document_id"], Verdict()).warnings:
                row["quality_flags"] = [*(row["quality_flags"] or []), "validation_warning"]
        return pa.Table.from_pylist(rows, schema=documents.schema)

    def _superseded_documents(self) -> dict[str, date]:
        """Documents of the lake whose source carries other bytes now: the lake shows what the inbox holds."""
        # While the new bytes are in quarantine the old document is better than none.
        current = {
            outcome.source.identity: outcome.document_id
            for outcome in self._final
            if outcome.state is not None and not outcome.state.is_quarantined
        }
        keys = pa.array(sorted({key for key, _ in current}), pa.string())
        columns = ["document_id", "source_key", "archive_path"]
        return {
            row["document_id"]: day
            for day, rows in iter_table(self._storage, self._layout, DOCUMENTS, columns)
            for row in rows.filter(pc.is_in(rows["source_key"], keys)).to_pylist()
            if row["document_id"] not in self._dates
            and (
                (source := (row["source_key"], row["archive_path"])) in self._vanished
                or (source in current and row["document_id"] != current[source])
            )
        }

    def _vanished_members(self) -> dict[SourceId, KnownSource]:
        """What the lake knows as members of archives that do not hold them any more."""
        ours = {outcome.source.identity for outcome in self.outcomes}
        # While the new bytes are in quarantine the old members are better than none.
        renewed = {
            outcome.source.key
            for outcome in self._final
            if outcome.source.archive_path is None and outcome.state is not None and not outcome.state.is_quarantined
        }
        return {
            identity: known
            for identity, known in self._known.items()
            if identity[1] is not None and identity[0] in renewed and identity not in ours
        }

    def _forgotten_duplicates(self, superseded: Collection[str]) -> dict[date, list[SourceId]]:
        """Duplicates of documents that leave the lake: unknown from now on, so that the next run takes them in."""
        forgotten: dict[date, list[SourceId]] = {}
        if not superseded:
            return forgotten
        ours = {outcome.source.identity for outcome in self._final}
        gone = pa.array(sorted(superseded), pa.string())
        for batch in known_sources(self._storage, self._layout):
            for row in batch.filter(pc.is_in(batch["document_id"], gone)).to_pylist():
                source = (row["source_key"], row["archive_path"])
                if source not in ours and row["state"] == SourceState.SKIPPED_DUPLICATE.value:
                    forgotten.setdefault(row["ingest_date"], []).append(source)
        return forgotten

    def _write_markdown(self) -> None:
        def copy(outcome: SourceOutcome) -> None:
            target = self._layout.markdown(outcome.source.key, outcome.source.archive_path)
            self._storage.copy(str(outcome.markdown_staging_key), target)

        self._storage.in_parallel(copy, self._published)

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

        self._storage.in_parallel(write, self._final)

    def _delete_stale_objects(self) -> None:
        """Notes and Markdown of what these sources were before."""
        for outcome in self._final:
            source, known = outcome.source, self._known.get(outcome.source.identity)
            if known is None or known.state is outcome.state:
                continue
            if known.state.is_quarantined:
                self._storage.delete([self._layout.quarantine(known.state, source.key, source.archive_path)])
            if outcome.state is not None and outcome.state.is_skipped:
                self._storage.delete([self._layout.markdown(source.key, source.archive_path)])
        for (key, archive_path), known in self._vanished.items():
            self._storage.delete([self._layout.markdown(key, archive_path)])
            if known.state.is_quarantined:
                self._storage.delete([self._layout.quarantine(known.state, key, archive_path)])

    def _merge_sources(self, forgotten: Mapping[date, Sequence[SourceId]]) -> int:
        dropped = {day: list(sources) for day, sources in forgotten.items()}
        for identity, vanished in self._vanished.items():
            dropped.setdefault(vanished.ingest_date, []).append(identity)
        by_date: dict[date, list[SourceRow]] = {day: [] for day in dropped}
        for outcome in self._final:
            known = self._known.get(outcome.source.identity)
            by_date.setdefault(known.ingest_date if known else self._today, []).append(self._source_row(outcome, known))
        return sum(
            merge_partition(
                self._storage,
                self._layout,
                SOURCES,
                day,
                additions=[to_table(SOURCES, rows)],
                drop=dropped.get(day, ()),
            ).added
            for day, rows in sorted(by_date.items())
        )

    def _source_row(self, outcome: SourceOutcome, known: KnownSource | None) -> SourceRow:
        source = outcome.source
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


def _archives_wait_for_members(outcomes: Sequence[SourceOutcome]) -> list[SourceOutcome]:
    """An archive of which a member is left is left too: discovery takes archives, not members."""
    left = {o.source.key: o.reason for o in outcomes if o.source.archive_path and o.state is None}
    return [
        outcome.model_copy(update={"state": None, "reason": f"a file in it is left: {left[outcome.source.key]}"})
        if outcome.source.key in left and outcome.source.archive_path is None and outcome.state is not None
        else outcome
        for outcome in outcomes
    ]


def _is_published(outcome: SourceOutcome) -> bool:
    return outcome.state is not None and outcome.state.is_published


def _known(storage: Storage, layout: Layout, keys: Collection[str]) -> dict[SourceId, KnownSource]:
    """What the lake says of these sources."""
    wanted = pa.array(sorted(keys), pa.string())
    known = {}
    for batch in known_sources(storage, layout):
        for row in batch.filter(pc.is_in(batch["source_key"], wanted)).to_pylist():
            known[row["source_key"], row["archive_path"]] = KnownSource(
                state=SourceState(row["state"]),
                document_id=row["document_id"],
                first_seen_at=row["first_seen_at"],
                ingest_date=row["ingest_date"],
            )
    return known


def _summary(run_id: str, outcomes: Sequence[SourceOutcome], rows: dict[str, int]) -> PublishedRun:
    published = [outcome for outcome in outcomes if _is_published(outcome)]
    failed = [outcome for outcome in outcomes if outcome.state is None and outcome.reason not in PEOPLES_DOING]
    left = Counter(outcome.reason or "" for outcome in failed)
    return PublishedRun(
        run_id=run_id,
        state_counts=dict(Counter(outcome.state.value if outcome.state else LEFT for outcome in outcomes)),
        left_reasons=tuple(f"{count} sources are left for the next run: {why}" for why, count in left.most_common()),
        rows=rows,
        page_count=sum(outcome.page_count for outcome in published),
        native_pages=sum(outcome.native_pages for outcome in published),
        ocr_pages=sum(outcome.ocr_pages for outcome in published),
        failed_pages=sum(outcome.failed_pages for outcome in published),
    )


def _report(
    layout: Layout,
    discovery: Discovery,
    validation: Validation,
    outcomes: Sequence[SourceOutcome],
    rows: dict[str, int],
) -> RunReport:
    paths = {
        outcome.document_id: layout.path_of(outcome.source.key, outcome.source.archive_path)
        for outcome in outcomes
        if outcome.markdown_staging_key
    }
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
        failed_checks=tuple(
            FailedCheck(path=paths.get(document_id, document_id), severity=severity, message=message)
            for document_id, verdict in validation.verdicts.items()
            for severity, messages in ((Severity.CRITICAL, verdict.critical), (Severity.WARNING, verdict.warnings))
            for message in messages
        ),
        checks=validation.checks,
        reconciliation=validation.reconciliation,
        more_waiting=discovery.continue_after is not None,
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
        markdown_key=layout.markdown(source.key, source.archive_path) if _is_published(outcome) else None,
    )
