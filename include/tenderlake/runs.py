"""The values of one run: what its form asked for, and what each stage hands to the next through S3.

Names of the objects below ``work/runs/<run>/``: ``discovery.json``, ``batches/``, ``prepared/``, ``plan.json``,
``shards/``, ``assembled/``, ``staging/<table>/``, ``validation.json``, ``published.json``,
``finished-runs.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocr_tasks.contract import EngineSpec
from tenderlake.documents import PreparedSource, PrepareOptions, SourceRef, TextLayerMode, Value
from tenderlake.errors import NeedsPersonError
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.validation.results import CheckResult, Reconciliation, Verdict


class FormError(NeedsPersonError, ValueError):
    """The trigger form asks for something that does not exist; the message names it."""


class Reprocess(StrEnum):
    """Which sources are taken although they have a final state for these very bytes."""

    NEW_ONLY = "new_only"
    QUARANTINED = "quarantined"
    FAILED_PAGES = "failed_pages"
    ALL = "all"

    def takes(self, state: SourceState) -> bool:
        """Whether a source in this state is taken again."""
        if self is Reprocess.ALL:
            return True
        if self is Reprocess.QUARANTINED:
            return state.is_quarantined
        return self is Reprocess.FAILED_PAGES and state is SourceState.PUBLISHED_WITH_FAILED_PAGES


class RunOptions(Value):
    """What one run takes and how it reads it: the trigger form, completed from the settings.

    ``prefix`` is relative to the inbox; ``keys`` are paths in the inbox (empty: everything under the prefix).
    ``states`` are states whose sources are taken again besides those that ``reprocess`` says.
    ``start_after`` is set where one run goes on after another: only what is listed after this path in the inbox is
    looked at, so that a chain of runs passes the inbox once and comes to an end, whatever happens to its documents.
    """

    prefix: str = ""
    keys: tuple[str, ...] = ()
    reprocess: Reprocess = Reprocess.NEW_ONLY
    states: tuple[SourceState, ...] = ()
    text_layer: TextLayerMode = TextLayerMode.AUTO
    engine: str = "tesseract"
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("rus", "eng")
    dpi: Annotated[int, Field(ge=72, le=600)] = 300
    max_documents: Annotated[int, Field(ge=1)] = 500
    start_after: str = ""

    @classmethod
    def from_form(cls, form: Mapping[str, object], settings: Settings) -> RunOptions:
        """Options from the values of the trigger form; a missing or empty value means the setting.

        Raises:
            FormError: a value has a name that the form does not know: left out it would mean the whole inbox.
        """
        if strangers := sorted(set(form) - set(cls.model_fields)):
            raise FormError(f"the form has no field {', '.join(strangers)}; it has {', '.join(cls.model_fields)}")
        defaults = {
            "text_layer": settings.text_layer,
            "engine": settings.engine,
            "languages": settings.languages,
            "dpi": settings.dpi,
            "max_documents": settings.max_documents,
        }
        given = {name: value for name, value in form.items() if value not in (None, "", [])}
        return cls.model_validate({**defaults, **given})

    def takes_again(self, state: SourceState) -> bool:
        """Whether a source whose bytes ended in this state is taken once more."""
        return self.reprocess.takes(state) or state in self.states

    @property
    def is_repeating(self) -> bool:
        """Whether the run takes anything that was processed before."""
        return any(self.takes_again(state) for state in SourceState)

    @property
    def prepare_options(self) -> PrepareOptions:
        """How this run makes pages."""
        return PrepareOptions(text_layer=self.text_layer, dpi=self.dpi, languages=self.languages)


class Claim(Value):
    """The sources that a run in flight has taken: no other run takes them."""

    run_id: str
    claimed_at: datetime
    sources: tuple[tuple[str, str], ...]
    """Pairs of key and ETag."""


class Batch(Value):
    """The sources that one prepare task takes."""

    number: int
    sources: tuple[SourceRef, ...]


class Discovery(Value):
    """What discover found: the first object of a run, and the left side of its reconciliation."""

    run_id: str
    started_at: datetime
    options: RunOptions
    batch_keys: tuple[str, ...]
    source_count: int
    continue_after: str | None
    """The path in the inbox after which the next run goes on, None where nothing more is waiting."""


class PreparedBatch(Value):
    """What prepare did with each source of a batch, in the batch's order."""

    number: int
    sources: tuple[PreparedSource, ...]


class PlannedPage(Value):
    """A page that needs OCR: where its image lies and where its result belongs."""

    page_key: str
    document_id: str
    page_number: int
    image_key: str
    result_key: str
    dpi: int | None


class PlannedShard(Value):
    """The pages that one OCR task reads; URLs are signed when that task starts."""

    shard_id: str
    engine: EngineSpec
    pages: tuple[PlannedPage, ...]
    expected_s: float


class PrimarySource(Value):
    """The source that a document is published under; any other source with the same bytes is a duplicate.

    ``is_in_lake``: the document stands there. ``is_published_already``: and this run does not read it again, so that
    all its sources here are duplicates.
    """

    key: str
    archive_path: str | None = None
    is_in_lake: bool = False
    is_published_already: bool = False


class RunPlan(Value):
    """Which documents the run assembles, by document_id, and what OCR it needs."""

    engine: EngineSpec
    reading_digest: str
    primary_sources: dict[str, PrimarySource]
    shard_keys: tuple[str, ...]
    page_count: int
    cached_page_count: int
    """Image pages whose result existed already."""


class SourceOutcome(Value):
    """How the way of one source ends, as far as is known before validation.

    ``state`` None: left for the next run, because the system (not the source) failed; ``reason`` says how.
    ``markdown_staging_key`` is set where rows and Markdown of its document are staged under this source.
    """

    source: SourceRef
    document_id: str | None
    state: SourceState | None
    reason: str | None = None
    markdown_staging_key: str | None = None
    tender_id: str | None = None
    """The purchase of the document, from its path or from its text."""
    page_count: int = 0
    native_pages: int = 0
    ocr_pages: int = 0
    failed_pages: int = 0
    doubtful_pages: int = 0
    prepare_s: float = 0.0
    ocr_s: float = 0.0
    assemble_s: float = 0.0


class AssembledBatch(Value):
    """The outcomes of a batch; its rows lie in ``staging/<table>/batch-<n>.parquet``."""

    number: int
    outcomes: tuple[SourceOutcome, ...]


class Validation(Value):
    """The outcome of validate: documents that failed something, and whether the run's sums add up."""

    verdicts: dict[str, Verdict]
    reconciliation: Reconciliation
    checks: tuple[CheckResult, ...] = ()
    checked_rows: dict[str, int] = Field(default={})
    """Per table."""
    data_docs: tuple[str, ...] = ()
    """Pages of Great Expectations in the folder of the report, by their names there."""

    @property
    def reconciliation_errors(self) -> tuple[str, ...]:
        """What is lost or counted twice, in sentences."""
        return self.reconciliation.errors


class PartitionChange(Value):
    """What a run did to one partition of a table, in rows; ``row_count`` is what the partition has now."""

    row_count: int
    added: int
    dropped: int

    def after(self, earlier: PartitionChange | None) -> PartitionChange:
        """Both as one, where another run has changed the partition just before."""
        if earlier is None:
            return self
        sums = {"added": earlier.added + self.added, "dropped": earlier.dropped + self.dropped}
        return self.model_copy(update=sums)


class PublishedRun(Value):
    """The outcome of publish: counts for people, XCom and asset events."""

    run_id: str
    state_counts: dict[str, int]
    """Sources by final state; ``left`` counts those left for the next run."""
    left_reasons: tuple[str, ...] = ()
    rows: dict[str, int]
    """Rows written per table."""
    partitions: dict[str, dict[date, PartitionChange]] = Field(default={})
    """The partitions that changed, per table and ingest_date."""
    page_count: int = 0
    native_pages: int = 0
    ocr_pages: int = 0
    failed_pages: int = 0
    report_key: str = ""
    copy_problems: tuple[str, ...] = ()
    """Why a file of the compact copy is behind the lake."""

    finished_runs: tuple[PublishedRun, ...] = ()
    """Runs that ended while they were being published, which this one has finished: nobody else tells of them."""

    def event_of(self, table: str) -> dict[str, object] | None:
        """What the event of a table's asset tells those who wait for it, as JSON; None where no row came or went."""
        runs = (*self.finished_runs, self)
        changes: dict[date, PartitionChange] = {}
        for run in runs:
            for day, change in run.partitions.get(table, {}).items():
                changes[day] = change.after(changes.get(day))
        if not changes:
            return None
        return {
            "run_id": self.run_id,
            "rows": sum(run.rows.get(table, 0) for run in runs),
            "partitions": {day.isoformat(): change.model_dump() for day, change in sorted(changes.items())},
        }
