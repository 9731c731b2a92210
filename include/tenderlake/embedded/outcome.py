"""What became of the documents of some runs, read from the tables of the lake, and how it is shown."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from tenderlake.layout import Layout
from tenderlake.states import SourceState

_QUERY = """
SELECT s.source_key, s.archive_path, s.state, s.state_reason, d.page_count, d.ocr_pages, d.failed_pages,
       d.prepare_s + d.ocr_s + d.assemble_s, d.ocr_runner, d.engine
FROM sources AS s
LEFT JOIN documents AS d
  ON d.document_id = s.document_id AND d.run_id = s.run_id AND d.source_key = s.source_key
  AND d.archive_path IS NOT DISTINCT FROM s.archive_path
WHERE s.run_id IN (SELECT unnest(?))
ORDER BY s.source_key, s.archive_path NULLS FIRST
"""

_NARROWEST_PATH = 20
_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of control and format characters, halves of characters, line and paragraph separators."""
_MOST_NAMED = 3
"""Sources with the same trouble that are named one by one."""
_MOST_ROWS, _MOST_LINES = 200, 50
"""Of a table of documents and of remarks on them that anybody reads on a screen: thousands would hide what matters."""


@dataclass(frozen=True)
class DocumentOutcome:
    """One source as it ended; pages and seconds are None where no document was published under it."""

    path: str
    state: SourceState
    reason: str | None
    pages: int | None = None
    ocr_pages: int | None = None
    failed_pages: int | None = None
    seconds: float | None = None
    ocr_runner: str | None = None
    engine: str | None = None


def read_outcomes(
    database: duckdb.DuckDBPyConnection, layout: Layout, run_ids: Collection[str]
) -> list[DocumentOutcome]:
    """The sources that these runs have brought to a state, in the order of their paths.

    Args:
        database: with the lake's tables as views.
        layout: its keys.
        run_ids: the runs.
    """
    views = {name for (name,) in database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
    if "sources" not in views:
        return []
    if "documents" not in views:  # every source so far was skipped or quarantined
        database.execute(
            "CREATE TEMP TABLE documents (document_id VARCHAR, source_key VARCHAR, archive_path VARCHAR, "
            "run_id VARCHAR, page_count INTEGER, "
            "ocr_pages INTEGER, failed_pages INTEGER, prepare_s DOUBLE, ocr_s DOUBLE, assemble_s DOUBLE, "
            "ocr_runner VARCHAR, engine VARCHAR)"
        )
    rows = database.execute(_QUERY, [list(run_ids)]).fetchall()
    return [
        DocumentOutcome(
            path=layout.path_of(key, archive_path),
            state=SourceState(state),
            reason=reason,
            pages=pages,
            ocr_pages=ocr_pages,
            failed_pages=failed_pages,
            seconds=seconds,
            ocr_runner=ocr_runner,
            engine=engine,
        )
        for key, archive_path, state, reason, pages, ocr_pages, failed_pages, seconds, ocr_runner, engine in rows
    ]


def outcome_table(outcomes: Sequence[DocumentOutcome], width: int) -> str:
    """The documents as a table of at most ``width`` characters; long paths lose their middle.

    Of very many the first are shown, and how to see the others.
    """
    rows = [("Document", "Pages", "OCR", "State", "Seconds")]
    rows += [
        (
            _plain(outcome.path),
            _number(outcome.pages),
            _number(outcome.ocr_pages),
            outcome.state.value,
            "" if outcome.seconds is None else f"{outcome.seconds:.1f}",
        )
        for outcome in outcomes[:_MOST_ROWS]
    ]
    others = [max(len(row[column]) for row in rows) for column in range(1, 5)]
    room = max(width - sum(others) - 2 * len(others), _NARROWEST_PATH)
    path_width = min(room, max(len(row[0]) for row in rows))
    lines = [
        "  ".join(
            (
                _shortened(path, path_width).ljust(path_width),
                pages.rjust(others[0]),
                ocr.rjust(others[1]),
                state.ljust(others[2]),
                seconds.rjust(others[3]),
            )
        ).rstrip()
        for path, pages, ocr, state, seconds in rows
    ]
    lines.insert(1, "─" * max(len(line) for line in lines))
    if len(outcomes) > _MOST_ROWS:
        lines.append(f"… and {len(outcomes) - _MOST_ROWS} more, which the reports list, and the table `sources`")
    return "\n".join(lines)


def totals_line(outcomes: Iterable[DocumentOutcome]) -> str:
    """Sums over the table: documents by state, pages, and how the OCR ran."""
    outcomes = list(outcomes)
    states = Counter(outcome.state for outcome in outcomes)
    counts = ", ".join(f"{states[state]} {state.value}" for state in SourceState if states[state])
    pages = sum(outcome.pages or 0 for outcome in outcomes)
    ocr_pages = sum(outcome.ocr_pages or 0 for outcome in outcomes)
    runners = sorted({f"{o.engine}, {o.ocr_runner}" for o in outcomes if o.ocr_runner})
    by_ocr = f", {ocr_pages} by OCR ({'; '.join(runners)})" if runners else ""
    return f"{_count(len(outcomes), 'document')}: {counts}. {_count(pages, 'page')}{by_ocr}."


def attention_lines(outcomes: Iterable[DocumentOutcome]) -> list[str]:
    """What a person should look at: reason and advice of every source that is not simply fine.

    A reason that many sources share is told once, with their number and the first of them. What was merely skipped
    comes last, and of very many lines the first are told.
    """
    by_message: dict[str, list[str]] = {}
    for outcome in sorted(outcomes, key=lambda outcome: outcome.state.is_skipped):
        if outcome.state is not SourceState.PUBLISHED and (outcome.reason or outcome.state.advice):
            said = ". ".join(text.rstrip(".") for text in (outcome.reason, outcome.state.advice) if text)
            by_message.setdefault(_plain(said), []).append(_plain(outcome.path))
    lines = []
    for message, paths in by_message.items():
        if len(paths) > _MOST_NAMED:
            lines.append(f"{len(paths)} documents, the first is {paths[0]}: {message}.")
        else:
            lines.extend(f"{path}: {message}." for path in paths)
    if len(lines) > _MOST_LINES:
        return [*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} more remarks: the reports list all of them."]
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _plain(text: str) -> str:
    """File names are written by strangers: a line break in one breaks the table, an escape steers the terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in _STEERING else sign for sign in text)


def _shortened(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    tail = (width - 1) * 2 // 3  # the file's name stands at the end
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"
