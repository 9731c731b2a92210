"""The run report: ``reports/<run>/index.html`` for people and ``report.json`` for programs.

One self-contained page: no script, nothing from the network, every name and reason escaped.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from tenderlake.documents import Value
from tenderlake.layout import Layout
from tenderlake.runs import RunOptions
from tenderlake.states import SourceState
from tenderlake.storage import Storage
from tenderlake.validation.results import CheckResult, Finding, Reconciliation, Severity

LEFT = "left"
"""In counts of states: sources that are left for the next run."""


class ReportedSource(Value):
    """One source of the run.

    ``path`` is the path in the inbox (and in the archive) as people know it. ``state`` None: left for the next run.
    ``duration_s`` is the time spent on it in all stages. ``markdown_key`` is set where it was published.
    """

    path: str
    state: SourceState | None
    reason: str | None = None
    page_count: int = 0
    native_pages: int = 0
    ocr_pages: int = 0
    failed_pages: int = 0
    doubtful_pages: int = 0
    duration_s: float = 0.0
    markdown_key: str | None = None

    @property
    def state_name(self) -> str:
        """The state, or :data:`LEFT`."""
        return self.state.value if self.state else LEFT

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look at it."""
        return self.state is None or self.state.is_quarantined

    @property
    def advice(self) -> str:
        """What a person can do."""
        return self.state.advice if self.state else "Nothing: the next run takes it again."


class CheckedDocument(Value):
    """What validation says of one document; ``markdown_key`` is set where it was published all the same."""

    path: str
    document_id: str
    markdown_key: str | None = None
    findings: tuple[Finding, ...]

    @property
    def is_bad(self) -> bool:
        """Whether it went to quarantine for it."""
        return any(finding.severity is Severity.CRITICAL for finding in self.findings)

    @property
    def row_count(self) -> int:
        """Lines that the findings take in the report."""
        return sum(len(finding.rows) + (finding.row_count > len(finding.rows)) for finding in self.findings)


class QuarantineCount(Value):
    """Sources in quarantine for one reason, from all runs; ``folder`` holds a note on each."""

    state: SourceState
    sources: int
    folder: str


class StageFigure(Value):
    """What one stage did: ``duration_s`` is summed over its tasks, ``detail`` tells the counts in words."""

    stage: str
    duration_s: float
    detail: str = ""


class RunReport(Value):
    """Everything that the report of one run tells."""

    run_id: str
    pipeline_version: str
    options: RunOptions
    started_at: datetime
    finished_at: datetime
    sources: tuple[ReportedSource, ...]
    rows: dict[str, int]
    """Rows written per table."""
    stages: tuple[StageFigure, ...] = ()
    checked_documents: tuple[CheckedDocument, ...] = ()
    """Those that failed a check."""
    checks: tuple[CheckResult, ...] = ()
    data_docs: tuple[str, ...] = ()
    """Pages of Great Expectations beside the report."""
    quarantine: tuple[QuarantineCount, ...] = ()
    """What is there after this run, of all runs."""
    reconciliation: Reconciliation | None = None
    more_waiting: bool = False
    """Whether the inbox held more than the run may take."""
    copy_problems: tuple[str, ...] = ()
    """Why a file of the compact copy is behind the lake."""

    @property
    def took_s(self) -> float:
        """Time from the start of the run to this report."""
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def state_counts(self) -> dict[str, int]:
        """Sources by state, :data:`LEFT` for those left for the next run."""
        return dict(Counter(source.state_name for source in self.sources).most_common())


def write_report(storage: Storage, layout: Layout, report: RunReport) -> str:
    """Write both files of the report; returns the key of the page."""
    storage.put_bytes(
        layout.report(report.run_id, "report.json"), report_json(report).encode(), "application/json; charset=utf-8"
    )
    key = layout.report(report.run_id, "index.html")
    storage.put_bytes(key, render_report(report, key).encode(), "text/html; charset=utf-8")
    return key


def report_json(report: RunReport) -> str:
    """The report for programs: all fields of :class:`RunReport`, and the counts of states."""
    return json.dumps(
        {**report.model_dump(mode="json"), "state_counts": report.state_counts}, ensure_ascii=False, indent=1
    )


def render_report(report: RunReport, key: str) -> str:
    """The report as one HTML page.

    Args:
        report: what it tells.
        key: where the page will lie in the bucket; links to Markdown are relative to it.
    """
    ordered = sorted(report.sources, key=lambda source: (source.state_name, source.path))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            needs_a_person=[source for source in ordered if source.needs_a_person],
            others=[source for source in ordered if not source.needs_a_person],
            published=[source for source in ordered if source.state and source.state.is_published],
            checked=sorted(report.checked_documents, key=lambda document: (not document.is_bad, document.path)),
            link=lambda target: "../" * key.count("/") + quote(target),
            tone=_tone,
            words=lambda name: "left for the next run" if name == LEFT else name.replace("_", " "),
            time=lambda when: when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            duration=_duration,
        )
    )


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tenderlake", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _tone(source: ReportedSource) -> str:
    if source.state is None or source.state is SourceState.PUBLISHED_WITH_FAILED_PAGES:
        return "warn"
    if source.state.is_quarantined:
        return "bad"
    return "good" if source.state.is_published else ""


def _duration(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
