"""Great Expectations' own results: one set a suite and run, whatever the number of frames, as its JSON and Data Docs.

The library makes a result for each frame that is checked. Here those of a suite are summed up: counts are added,
percentages made anew, and the first failed rows kept, named by document and page.

Its Data Docs are pages that load style and scripts from content networks, and that do **not** escape what stands in the
data: a script in a document's text would run in the browser of whoever looks (1.24.1). So values are escaped before
they are rendered, of the page only what is text and tables is kept, and a style of our own makes it readable offline.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pandas as pd

from tenderlake.validation.frames import records

_MOST_VALUES = 20
"""Values that failed and the rows they are in, of one expectation: as many as the library tells in its summaries."""
_COUNTS = ("element_count", "unexpected_count", "missing_count")
_NAMES = ("document_id", "page_number", "source")
"""Columns that name a row."""


class SuiteResult:
    """What Great Expectations says of one suite, over all frames of a run."""

    def __init__(self, suite_name: str) -> None:
        self.suite_name = suite_name
        self._results: list[dict[str, Any]] = []
        self._library_version = ""

    @property
    def file_stem(self) -> str:
        """The name of the suite as that of a file."""
        return re.sub(r"[^a-z0-9]+", "-", self.suite_name.lower())

    def add(self, answers: Sequence[Any], frame: pd.DataFrame) -> None:
        """Add the answers of a frame, in the order of the suite's checks."""
        found = [_trimmed(answer, frame) for answer in answers]
        self._results = [_sum(*pair) for pair in zip(self._results, found, strict=True)] if self._results else found

    def to_json(self, run_id: str) -> dict[str, Any]:
        """In the library's form of a validation result."""
        from great_expectations import __version__

        results = [_with_percentages(result) for result in self._results]
        passed = sum(result["success"] for result in results)
        return {
            "success": passed == len(results),
            "results": results,
            "suite_name": self.suite_name,
            "suite_parameters": {},
            "statistics": {
                "evaluated_expectations": len(results),
                "successful_expectations": passed,
                "unsuccessful_expectations": len(results) - passed,
                "success_percent": 100.0 * passed / len(results),
            },
            "meta": {"great_expectations_version": __version__, "run_id": {"run_name": run_id, "run_time": None}},
        }

    def to_html(self, run_id: str) -> str:
        """The page of the library's Data Docs, made fit to be opened anywhere."""
        from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
        from great_expectations.render.renderer import ValidationResultsPageRenderer

        told = self.to_json(run_id)
        # What is expected is ours; what was found is that of documents.
        told["results"] = [{**result, "result": _escaped(result["result"])} for result in told["results"]]
        result = expectationSuiteValidationResultSchema.load(told)
        page = _page_view().render(ValidationResultsPageRenderer().render(result))
        return _offline_page(page, f"{self.suite_name} · {run_id}")


@functools.cache
def _page_view() -> Any:
    """The library's templates of a page: read and compiled once, which takes longer than filling them in."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _trimmed(answer: Any, frame: pd.DataFrame) -> dict[str, Any]:
    """An answer as JSON, with its counts and the first failed values: the others may be millions."""
    result = dict(answer.result)
    places = result.pop("unexpected_index_list", None) or []
    for name in ("unexpected_list", "unexpected_index_query", "partial_unexpected_counts"):
        result.pop(name, None)
    if "partial_unexpected_index_list" in result:
        names = [name for name in _NAMES if name in frame.columns]
        result["partial_unexpected_index_list"] = records(frame.iloc[places[:_MOST_VALUES]][names])
    answer.result = result
    found: dict[str, Any] = answer.to_json_dict()
    return found


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two results of one expectation as one."""
    ours, theirs = one["result"], other["result"]
    result = {**ours, **{name: ours[name] + theirs[name] for name in _COUNTS if name in ours}}
    for name in ("partial_unexpected_list", "partial_unexpected_index_list"):
        if name in ours:
            result[name] = [*ours[name], *theirs[name]][:_MOST_VALUES]
    if isinstance(ours.get("observed_value"), int):
        result["observed_value"] = ours["observed_value"] + theirs["observed_value"]
    return {**one, "success": one["success"] and other["success"], "result": result}


def _with_percentages(result: dict[str, Any]) -> dict[str, Any]:
    """As the library makes them; none of nothing."""
    counts = result["result"]
    if "unexpected_count" not in counts:
        return result
    failed, count = counts["unexpected_count"], counts["element_count"]
    present = count - counts.get("missing_count", 0)
    shares = {
        "unexpected_percent": _percent(failed, present),
        "missing_percent": _percent(count - present, count),
        "unexpected_percent_total": _percent(failed, count),
        "unexpected_percent_nonmissing": _percent(failed, present),
    }
    return {**result, "result": {**counts, **{name: share for name, share in shares.items() if name in counts}}}


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def _escaped(value: Any) -> Any:
    """The same with every string as text of HTML."""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, Mapping):
        return {name: _escaped(item) for name, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


# fmt: off
_KEPT = frozenset((
    "div", "span", "p", "a", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "thead", "tbody", "tr",
    "th", "td", "strong", "b", "em", "small", "br", "hr", "code", "pre",
))
_DROPPED = frozenset((
    "script", "style", "svg", "button", "nav", "form", "select", "title", "head", "iframe", "object", "noscript",
    "footer",
))
"""With all that is in them."""
_SIGNS = {"fa-check-circle": "✓", "fa-times": "✗", "fa-exclamation-triangle": "⚠"}
"""Letters in the place of pictures, by their class."""
# fmt: on
_VOID = frozenset(("br", "hr"))
_CONTROLS = frozenset(("modal", "sticky"))
"""Classes of what needs a script, and of the library's advertisement of itself."""


class _KeptText(HTMLParser):
    """Collects the text and tables of a page; links only to places of the page itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropped = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if self._dropped:
            self._depth += tag == self._dropped
        elif tag in _DROPPED or not _CONTROLS.isdisjoint(classes):
            self._dropped, self._depth = tag, 1
        elif signs := [sign for name, sign in _SIGNS.items() if name in classes]:
            self.parts.extend(signs)
        elif tag in _KEPT:
            kept = {"id": given.get("id"), "class": " ".join(classes)}
            if (target := given.get("href") or "").startswith("#"):
                kept["href"] = target
            written = "".join(f' {name}="{html.escape(value)}"' for name, value in kept.items() if value)
            self.parts.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            self._depth -= tag == self._dropped
            self._dropped = self._dropped if self._depth else ""
        elif tag in _KEPT - _VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(html.escape(data, quote=False))


def _offline_page(page: str, title: str) -> str:
    parser = _KeptText()
    parser.feed(page)
    parser.close()
    style = files("tenderlake").joinpath("templates", "data_docs.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{html.escape(title)}</title><style>{style}</style></head><body>",
            "<p>Great Expectations' own page of this suite, without its scripts and its style from the internet; the "
            '<a href="../index.html">report of the run</a> says what it means for the documents.</p>',
            "".join(parser.parts),
            "</body></html>",
        ]
    )
