"""Great Expectations' own results: one set a suite however many frames, on pages that are safe and need no network."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tenderlake.validation.running import SuiteRunner
from tenderlake.validation.suiteresults import SuiteResult
from tenderlake.validation.suites import Check, Suite

pytestmark = pytest.mark.unit

SCRIPT = "<script>alert(1)</script>"
SUITE = Suite(
    "words of pages",
    (
        Check("there", lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="word"), lambda row: "missing"),
        Check("known", lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="word", value_set=["да"]), lambda row: "odd"),
        Check("not_empty", lambda gxe: gxe.ExpectTableRowCountToBeBetween(min_value=1), lambda row: "empty"),
        Check(
            "ordered",
            lambda gxe: gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="last", column_B="page_number"),
            lambda row: "beyond",
        ),
    ),
    lambda row: "",
)


def frame(*words: str | None, document_id: str = "d" * 64) -> pd.DataFrame:
    pages = range(1, len(words) + 1)
    rows = [
        {"document_id": document_id, "page_number": page, "last": 3, "word": word}
        for page, word in zip(pages, words, strict=True)
    ]
    return pa.Table.from_pylist(rows).to_pandas(types_mapper=pd.ArrowDtype)


FRAMES = (frame("да", "нет", None), frame("да", document_id="e" * 64), frame(*["нет"] * 40, SCRIPT))


@pytest.fixture(scope="module")
def summed() -> SuiteResult:
    runner = SuiteRunner()
    for one in FRAMES:
        runner.run(SUITE, one)
    (result,) = runner.suite_results
    return result


def by_check(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["expectation_config"]["meta"]["check"]: one for one in result["results"]}


def test_the_results_of_many_frames_are_those_of_all_rows_at_once(summed: SuiteResult) -> None:
    whole = SuiteRunner()
    whole.run(SUITE, pd.concat(FRAMES))
    (expected,) = whole.suite_results
    result = summed.to_json("run-1")
    assert result == expected.to_json("run-1")
    checks = by_check(result)
    assert {name: check["success"] for name, check in checks.items()} == {
        "there": False,
        "known": False,
        "not_empty": True,
        "ordered": False,
    }
    known = checks["known"]["result"]
    assert (known["element_count"], known["missing_count"], known["unexpected_count"]) == (45, 1, 42)
    assert known["unexpected_percent"] == pytest.approx(100 * 42 / 44)
    assert checks["not_empty"]["result"] == {"observed_value": 45}
    assert result["statistics"]["unsuccessful_expectations"] == 3


def test_failed_rows_are_named_by_document_and_page_and_only_the_first(summed: SuiteResult) -> None:
    known = by_check(summed.to_json("run-1"))["known"]["result"]
    assert known["partial_unexpected_index_list"][:2] == [
        {"document_id": "d" * 64, "page_number": 2},
        {"document_id": "d" * 64, "page_number": 1},
    ]
    assert len(known["partial_unexpected_index_list"]) == len(known["partial_unexpected_list"]) == 20


class Page(HTMLParser):
    """Tags, addresses and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses.update(value or "" for name, value in attrs if name in ("href", "src"))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_its_page_shows_the_findings_runs_nothing_and_fetches_nothing() -> None:
    runner = SuiteRunner()
    runner.run(SUITE, frame("да", SCRIPT, "$missing <img src=x onerror='alert(2)'>"))
    (result,) = runner.suite_results
    html = result.to_html("run-1")
    page = Page(html)
    for shown in (SCRIPT, "words of pages", "✗", "✓"):
        assert shown in page.text
    assert not {"script", "img", "link", "iframe", "form", "button"} & page.tags
    assert {address for address in page.addresses if not address.startswith("#")} == {"../index.html"}
    assert "default-src 'none'" in html
