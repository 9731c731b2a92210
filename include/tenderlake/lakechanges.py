"""What a run changes in the lake: how its sources end, which documents come and go, and under which date.

Decided from what the lake holds before anything is written, so that a run that is published again after a crash decides
the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.documents import SourceId, SourceRef
from tenderlake.lake.reading import PublishedDocument, iter_table, known_sources, published_documents
from tenderlake.lake.schema import DOCUMENTS
from tenderlake.layout import Layout
from tenderlake.runs import Discovery, RunPlan, SourceOutcome
from tenderlake.states import SourceState
from tenderlake.storage import ObjectMissingError, Storage

PUBLISHED_BY_A_NEWER_RUN = "a newer run has published it"
"""Why an outcome is not published that is no failure: the lake knows better already."""


@dataclass(frozen=True)
class KnownSource:
    """What the lake says of a source before this run writes."""

    state: SourceState
    etag: str
    last_modified: datetime
    document_id: str | None
    run_id: str
    first_seen_at: datetime
    ingest_date: date


class LakeChanges:
    """What one run changes.

    Args:
        storage: the bucket.
        layout: its keys.
        discovery: what the run took.
        plan: what it planned.
        judged: how its sources end by its own judgement.
        superseded: documents of which the run knew before it crashed that they leave the lake, with their partitions.

    Attributes:
        outcomes: how the sources of the run end, as published; ``state`` None: left for the next run.
        final: those of the outcomes that end here.
        published: those of them that have a document of their own.
        known: what the lake says of these sources, and of all members of these archives.
        vanished: what the lake knows as members of archives that do not hold them any more.
        dates: the partition of every document that is published.
        superseded: documents that leave the lake, with their partitions.
        forgotten: duplicates of documents that leave the lake, by the partition of their sources: unknown from now on,
            so that the next run takes them in.
    """

    def __init__(
        self,
        storage: Storage,
        layout: Layout,
        discovery: Discovery,
        plan: RunPlan,
        judged: Sequence[SourceOutcome],
        *,
        superseded: Mapping[str, date] = MappingProxyType({}),
    ) -> None:
        self._storage, self._layout, self._discovery, self._plan = storage, layout, discovery, plan
        self._judged = judged
        self._run_starts: dict[str, datetime | None] = {}
        self.today = discovery.started_at.astimezone(ZoneInfo(layout.settings.schedule_timezone)).date()
        self.known = _known(storage, layout, {outcome.source.key for outcome in judged})
        in_lake = published_documents(storage, layout, {str(o.document_id) for o in judged if o.document_id})
        outcomes = [self._unless_published_meanwhile(self._unless_known_better(outcome), in_lake) for outcome in judged]
        originals = {o.document_id: o for o in outcomes if o.state is not SourceState.SKIPPED_DUPLICATE}
        self.outcomes = _archives_wait_for_members(
            [self._like_its_original(outcome, originals, in_lake) for outcome in outcomes]
        )
        self.final = [outcome for outcome in self.outcomes if outcome.state is not None]
        self.published = [outcome for outcome in self.final if is_published(outcome)]
        self.vanished = self._vanished_members()
        self.dates = {
            document_id: in_lake[document_id].ingest_date if document_id in in_lake else self.today
            for document_id in (str(outcome.document_id) for outcome in self.published)
        }
        self._superseded_by_source = self._find_superseded()
        self.superseded = dict(superseded)
        for found in self._superseded_by_source.values():
            self.superseded.update(found)
        self.forgotten = self._forgotten_duplicates()

    def without(self, damaged: Mapping[date, str]) -> LakeChanges:
        """The changes without those that touch these days; their sources are left, for the reason given a day."""
        reasons = {
            key: min(days & damaged.keys()) for key, days in self._days_by_key().items() if days & damaged.keys()
        }
        judged = [
            outcome.model_copy(update={"state": None, "reason": damaged[reasons[outcome.source.key]]})
            if outcome.source.key in reasons and outcome.state is not None
            else outcome
            for outcome in self._judged
        ]
        return LakeChanges(self._storage, self._layout, self._discovery, self._plan, judged)

    @cached_property
    def document_days(self) -> list[date]:
        """Partitions of the tables of documents that are written."""
        return sorted({*self.dates.values(), *self.superseded.values()})

    @cached_property
    def source_days(self) -> list[date]:
        """Partitions of ``sources`` that are written."""
        ended = {self.source_day(outcome.source) for outcome in self.final}
        return sorted({*ended, *self.forgotten, *(known.ingest_date for known in self.vanished.values())})

    def source_day(self, source: SourceRef) -> date:
        """The partition of a source: the day it was first taken in."""
        known = self.known.get(source.identity)
        return known.ingest_date if known else self.today

    def stale_keys(self) -> Iterator[str]:
        """Notes and Markdown of what these sources were before."""
        for outcome in self.final:
            source, known = outcome.source, self.known.get(outcome.source.identity)
            if known is None or known.state is outcome.state:
                continue
            if known.state.is_quarantined:
                yield self._layout.quarantine(known.state, source.key, source.archive_path)
            if outcome.state is not None and outcome.state.is_skipped:
                yield self._layout.markdown(source.key, source.archive_path)
        for (key, archive_path), known in self.vanished.items():
            yield self._layout.markdown(key, archive_path)
            if known.state.is_quarantined:
                yield self._layout.quarantine(known.state, key, archive_path)

    def _days_by_key(self) -> dict[str, set[date]]:
        """Every day that an object of the inbox has to do with; an archive and its members share their fate."""
        days: dict[str, set[date]] = {}
        for outcome in self.final:
            days.setdefault(outcome.source.key, set()).add(self.source_day(outcome.source))
        for outcome in self.published:
            days[outcome.source.key].add(self.dates[str(outcome.document_id)])
        for (key, _), known in self.vanished.items():
            days.setdefault(key, set()).add(known.ingest_date)
        for (key, _), documents in self._superseded_by_source.items():
            days.setdefault(key, set()).update(documents.values(), self.forgotten)
        return days

    def _unless_known_better(self, outcome: SourceOutcome) -> SourceOutcome:
        """Left out, where the lake has the outcome of a newer run for this object of the inbox."""
        known = self.known.get((outcome.source.key, None))
        if known is None or known.run_id == self._discovery.run_id or outcome.state is None:
            return outcome
        # Whole seconds: a listing tells more of them than a request for the one object.
        theirs, ours = known.last_modified.replace(microsecond=0), outcome.source.last_modified.replace(microsecond=0)
        if known.etag == outcome.source.etag or theirs == ours:
            their_start = self._start_of(known.run_id)
            is_newer = their_start is not None and their_start > self._discovery.started_at
        else:
            is_newer = theirs > ours
        return outcome.model_copy(update={"state": None, "reason": PUBLISHED_BY_A_NEWER_RUN}) if is_newer else outcome

    def _start_of(self, run_id: str) -> datetime | None:
        """When a run began; None where its objects are gone, as those of old runs are."""
        if run_id not in self._run_starts:
            try:
                found = self._storage.get_model(self._layout.run(run_id, "discovery.json"), Discovery).started_at
            except ObjectMissingError:
                found = None
            self._run_starts[run_id] = found
        return self._run_starts[run_id]

    def _unless_published_meanwhile(
        self, outcome: SourceOutcome, in_lake: Mapping[str, PublishedDocument]
    ) -> SourceOutcome:
        """A duplicate, where another run has published the same bytes under another source since this one planned."""
        document = in_lake.get(str(outcome.document_id)) if is_published(outcome) else None
        if document is None or self._plan.primary_sources[document.document_id].is_in_lake:
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
        if original is not None and is_published(original):
            return outcome
        if original is None or original.state is None:
            reason = f"{outcome.reason}, which is not in the lake"
            return outcome.model_copy(update={"state": None, "reason": reason})
        reason = f"{outcome.reason}: {original.reason}"
        return outcome.model_copy(update={"state": original.state, "reason": reason})

    def _find_superseded(self) -> dict[SourceId, dict[str, date]]:
        """Documents of the lake whose source carries other bytes now: the lake shows what the inbox holds."""
        # While the new bytes are in quarantine the old document is better than none.
        current = {
            outcome.source.identity: outcome.document_id
            for outcome in self.final
            if outcome.state is not None and not outcome.state.is_quarantined
        }
        keys = pa.array(sorted({key for key, _ in current}), pa.string())
        columns = ["document_id", "source_key", "archive_path"]
        found: dict[SourceId, dict[str, date]] = {}
        for day, rows in iter_table(self._storage, self._layout, DOCUMENTS, columns):
            for row in rows.filter(pc.is_in(rows["source_key"], keys)).to_pylist():
                source, document_id = (row["source_key"], row["archive_path"]), row["document_id"]
                is_other = source in current and document_id != current[source]
                if document_id not in self.dates and (is_other or source in self.vanished):
                    found.setdefault(source, {})[document_id] = day
        return found

    def _vanished_members(self) -> dict[SourceId, KnownSource]:
        ours = {outcome.source.identity for outcome in self.outcomes}
        # While the new bytes are in quarantine the old members are better than none.
        renewed = {
            outcome.source.key
            for outcome in self.final
            if outcome.source.archive_path is None and outcome.state is not None and not outcome.state.is_quarantined
        }
        return {
            identity: known
            for identity, known in self.known.items()
            if identity[1] is not None and identity[0] in renewed and identity not in ours
        }

    def _forgotten_duplicates(self) -> dict[date, list[SourceId]]:
        forgotten: dict[date, list[SourceId]] = {}
        if not self.superseded:
            return forgotten
        ours = {outcome.source.identity for outcome in self.final}
        gone = pa.array(sorted(self.superseded), pa.string())
        for row in _sources_with(self._storage, self._layout, "document_id", gone):
            source = (row["source_key"], row["archive_path"])
            if source not in ours and row["state"] == SourceState.SKIPPED_DUPLICATE.value:
                forgotten.setdefault(row["ingest_date"], []).append(source)
        return forgotten


def _archives_wait_for_members(outcomes: Sequence[SourceOutcome]) -> list[SourceOutcome]:
    """An archive of which a member is left is left too: discovery takes archives, not members."""
    left = {o.source.key: o.reason for o in outcomes if o.source.archive_path and o.state is None}
    return [
        outcome.model_copy(update={"state": None, "reason": f"a file in it is left: {left[outcome.source.key]}"})
        if outcome.source.key in left and outcome.source.archive_path is None and outcome.state is not None
        else outcome
        for outcome in outcomes
    ]


def is_published(outcome: SourceOutcome) -> bool:
    """Whether the source ends with a document of its own in the lake."""
    return outcome.state is not None and outcome.state.is_published


def _known(storage: Storage, layout: Layout, keys: Collection[str]) -> dict[SourceId, KnownSource]:
    """What the lake says of these sources."""
    return {
        (row["source_key"], row["archive_path"]): KnownSource(
            state=SourceState(row["state"]),
            etag=row["etag"],
            last_modified=row["last_modified"],
            document_id=row["document_id"],
            run_id=row["run_id"],
            first_seen_at=row["first_seen_at"],
            ingest_date=row["ingest_date"],
        )
        for row in _sources_with(storage, layout, "source_key", pa.array(sorted(keys), pa.string()))
    }


def _sources_with(storage: Storage, layout: Layout, column: str, values: pa.Array) -> Iterator[dict[str, Any]]:
    for batch in known_sources(storage, layout):
        yield from batch.filter(pc.is_in(batch[column], values)).to_pylist()
