"""The run report: everything is in it, nothing of a document can break out of it, nothing is fetched for it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tenderlake.reports import (
    CheckedDocument,
    QuarantineCount,
    ReportedSource,
    RunReport,
    StageFigure,
    render_report,
    report_json,
)
from tenderlake.runs import RunOptions
from tenderlake.states import SourceState
from tenderlake.validation.results import (
    CheckResult,
    DocumentFlag,
    FailedRow,
    Finding,
    FoundRow,
    Reconciliation,
    Severity,
    Tally,
)

pytestmark = pytest.mark.unit

KEY = "reports/scheduled__2026-11-20/index.html"
START = dt.datetime(2026, 11, 20, 23, 0, tzinfo=dt.UTC)


def report(*sources: ReportedSource, **changes: object) -> RunReport:
    values: dict[str, object] = {
        "run_id": "scheduled__2026-11-20T23:00:00+00:00",
        "pipeline_version": "0.1.0",
        "options": RunOptions(prefix="0173100004525000001/"),
        "started_at": START,
        "finished_at": START + dt.timedelta(minutes=12, seconds=7),
        "sources": sources,
        "rows": {"documents": 1, "pages": 12},
    }
    return RunReport.model_validate(values | changes)


PUBLISHED = ReportedSource(
    path="0173100004525000001/Техническое задание № 1.pdf",
    state=SourceState.PUBLISHED,
    page_count=12,
    native_pages=9,
    ocr_pages=3,
    duration_s=15.25,
    markdown_key="markdown/0173100004525000001/Техническое задание № 1.pdf.md",
)
ENCRYPTED = ReportedSource(
    path="закрыт.pdf", state=SourceState.QUARANTINED_ENCRYPTED, reason="the file asks for a password"
)
LEFT = ReportedSource(path="потом.pdf", state=None, reason="the OCR task failed")


class Page(HTMLParser):
    """Tags, links and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links.extend(value or "" for name, value in attrs if name in ("href", "src", "action", "style", "onload"))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] != "style" and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return "\n".join(self.words)

    def section(self, title: str) -> str:
        """Words from this heading on, up to the next one."""
        return "\n".join(self._section(title))

    def _section(self, title: str) -> Iterator[str]:
        titles = {"Needs a look", "What the checks found", "All other sources", "Sources", "Sums", "Stages", "Run"}
        titles.add("In quarantine now")
        inside = False
        for word in self.words:
            if word in titles | {"Checks"}:
                inside = word == title
            elif inside:
                yield word


def test_a_published_source_leads_to_its_markdown() -> None:
    page = Page(render_report(report(PUBLISHED), KEY))
    assert page.links == [
        "../../markdown/0173100004525000001/%D0%A2%D0%B5%D1%85%D0%BD%D0%B8%D1%87%D0%B5%D1%81%D0%BA%D0%BE%D0%B5"
        "%20%D0%B7%D0%B0%D0%B4%D0%B0%D0%BD%D0%B8%D0%B5%20%E2%84%96%201.pdf.md"
    ]
    assert PUBLISHED.path in page.section("Sources")
    assert "took 12 min 7 s" in page.text
    assert "15.2" in page.section("Sources")


def test_what_needs_a_person_comes_first_with_its_reason_and_advice() -> None:
    page = Page(render_report(report(PUBLISHED, ENCRYPTED, LEFT), KEY))
    look = page.section("Needs a look")
    assert "the file asks for a password" in look
    assert SourceState.QUARANTINED_ENCRYPTED.advice in look
    assert "the OCR task failed" in look
    assert "the next run takes it again" in look
    assert PUBLISHED.path not in look
    assert PUBLISHED.path in page.section("All other sources")


def test_a_copy_that_is_behind_is_told_apart_from_what_became_of_the_sources() -> None:
    why = "s3://tenderlake/lake-compact/pages/part-0.parquet is behind the lake: <disk full>"
    page = Page(render_report(report(PUBLISHED, copy_problems=(why,)), KEY))
    assert why in page.text
    assert "The lake is right" in page.text
    assert "The lake is right" not in Page(render_report(report(PUBLISHED), KEY)).text


def checked_document(
    path: str,
    severity: Severity,
    *messages: str,
    row_count: int | None = None,
    markdown_key: str | None = None,
    flag: DocumentFlag = DocumentFlag.VALIDATION_WARNING,
) -> CheckedDocument:
    """A document that failed one check on its pages from 1 on."""
    rows = tuple(FoundRow(page_number=number, message=message) for number, message in enumerate(messages, start=1))
    finding = Finding(
        suite="blocks",
        check="box_x1_on_page",
        severity=severity,
        row_count=row_count or len(rows),
        rows=rows,
        flag=flag,
    )
    return CheckedDocument(path=path, document_id="d" * 64, markdown_key=markdown_key, findings=(finding,))


def test_what_the_checks_found_is_told_by_document_and_page_the_worst_first() -> None:
    flagged = checked_document(
        PUBLISHED.path,
        Severity.WARNING,
        "the box reaches outside the page",
        "the box is turned inside out",
        row_count=40,
        markdown_key=PUBLISHED.markdown_key,
        flag=DocumentFlag.BOXES_OFF_PAGE,
    )
    refused = checked_document("я последний.pdf", Severity.CRITICAL, "confidence 1.7 is above 1")
    page = Page(render_report(report(PUBLISHED, checked_documents=(flagged, refused)), KEY))
    found = page.section("What the checks found").split("\n")[5:]
    check = "blocks: box x1 on page"
    assert found == [
        *("я последний.pdf", "dddddddddddd…", "critical", check, "1", "confidence 1.7 is above 1"),
        *(PUBLISHED.path, "dddddddddddd…", "boxes off page", check, "1", "the box reaches outside the page"),
        *("2", "the box is turned inside out"),
        "and 38 more like this",
    ]
    assert len(page.links) == 2, "in the list of sources and in that of findings"


def test_what_is_in_quarantine_from_earlier_runs_is_counted_with_its_folder() -> None:
    state = SourceState.QUARANTINED_TIMEOUT
    count = QuarantineCount(state=state, sources=7, folder="quarantine/quarantined_timeout/")
    page = Page(render_report(report(PUBLISHED, quarantine=(count,)), KEY))
    assert "\n".join(("quarantined timeout", "7", state.advice, count.folder)) in page.section("In quarantine now")
    assert "../../quarantine/quarantined_timeout/" in page.links


def test_nothing_of_a_document_becomes_markup() -> None:
    evil = "<script>alert(1)</script>\"><img src=x onerror='alert(2)'>.pdf"
    hostile = ReportedSource(
        path=evil, state=SourceState.PUBLISHED_WITH_FAILED_PAGES, reason=evil, markdown_key=f"markdown/{evil}.md"
    )
    page = Page(
        render_report(
            report(
                hostile,
                run_id=evil,
                options=RunOptions(prefix=evil, keys=(evil,)),
                stages=(StageFigure(stage=evil, duration_s=1, detail=evil),),
                checked_documents=(checked_document(evil, Severity.CRITICAL, evil),),
                checks=(
                    CheckResult(
                        suite=evil,
                        name=evil,
                        expectation=evil,
                        severity=Severity.WARNING,
                        checked_rows=1,
                        failed_rows=1,
                        examples=(FailedRow(document_id=evil, page_number=1, message=evil),),
                    ),
                ),
                reconciliation=reconciliation(errors=(evil,)),
            ),
            KEY,
        )
    )
    assert not {"script", "img"} & set(page.tags)
    assert page.text.count(evil) >= 10
    assert all(link.startswith("../../markdown/") for link in page.links)


def test_the_page_needs_no_network() -> None:
    html = render_report(report(PUBLISHED, ENCRYPTED), KEY)
    assert "http://" not in html
    assert "https://" not in html
    assert "default-src 'none'" in html
    assert not {"script", "link", "img", "iframe"} & set(Page(html).tags)


def reconciliation(errors: tuple[str, ...] = ()) -> Reconciliation:
    return Reconciliation(
        discovered=Tally(sources=3, pages=17),
        published=Tally(sources=1, pages=12),
        skipped=Tally(),
        quarantined=Tally(sources=1, pages=5),
        left=Tally(sources=1),
        errors=errors,
    )


def test_the_sums_are_shown_and_a_loss_is_shouted() -> None:
    page = Page(render_report(report(PUBLISHED, ENCRYPTED, LEFT, reconciliation=reconciliation()), KEY))
    assert "Nothing was lost: 3 sources with 17 pages" in page.text
    assert page.section("Sums").split("\n")[-14:] == [
        *("sources", "3", "1", "0", "0", "1", "1"),
        *("pages", "17", "12", "0", "0", "5", "0"),
    ]
    lost = reconciliation(errors=("inbox/a.pdf was discovered and has no outcome",))
    page = Page(render_report(report(PUBLISHED, reconciliation=lost), KEY))
    assert "The sums do not add up.\ninbox/a.pdf was discovered and has no outcome" in page.text
    assert "Nothing was lost" not in page.text


def test_an_empty_run_has_a_report_too() -> None:
    page = Page(render_report(report(rows={}), KEY))
    assert page.section("Sources") == "None."


def test_the_json_says_the_same() -> None:
    told = json.loads(report_json(report(PUBLISHED, ENCRYPTED, LEFT, reconciliation=reconciliation())))
    assert told["state_counts"] == {"published": 1, "quarantined_encrypted": 1, "left": 1}
    assert told["options"]["prefix"] == "0173100004525000001/"
    assert told["sources"][0]["markdown_key"] == PUBLISHED.markdown_key
    assert told["reconciliation"]["discovered"] == {"sources": 3, "pages": 17}
    assert told["finished_at"] == "2026-11-20T23:12:07Z"
