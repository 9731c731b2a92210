"""What people see: progress, the table of documents, what needs their attention."""

from __future__ import annotations

import io

import pytest

from tenderlake.embedded.airflow_api import TaskInstance
from tenderlake.embedded.outcome import DocumentOutcome, attention_lines, outcome_table, totals_line
from tenderlake.embedded.progress import Screen, progress_text, stage_progress
from tenderlake.states import SourceState

pytestmark = pytest.mark.unit

ORDER = ["discover", "next_run", "prepare", "ocr", "publish"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def task(name: str, state: str | None, map_index: int = -1) -> TaskInstance:
    return TaskInstance(name, map_index, state, 1)


def test_stages_stand_in_the_order_of_the_dag_with_their_counts() -> None:
    instances = [
        task("prepare", "running", 1),
        task("publish", None),
        task("prepare", "success", 0),
        task("prepare", "failed", 2),
        task("ocr", "upstream_failed"),
        task("discover", "success"),
        task("next_run", "skipped"),
    ]
    assert progress_text(stage_progress(ORDER, instances)) == "discover 1/1 · prepare 1/3 (1 failed)"


def test_before_anything_has_begun_progress_says_what_is_waited_for() -> None:
    assert progress_text(stage_progress(ORDER, [task("discover", None)])) == "waiting for the scheduler"


def test_a_file_gets_a_line_only_when_something_changed() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    for text in ("prepare 0/2", "prepare 0/2", "prepare 1/2"):
        screen.progress(text)
    screen.close()
    lines = [line.partition(" ")[2] for line in stream.getvalue().splitlines()]
    assert lines == ["prepare 0/2", "prepare 1/2"]


def test_a_terminal_keeps_one_line_and_messages_do_not_run_into_it() -> None:
    stream = Terminal()
    screen = Screen(stream)
    screen.progress("prepare 0/2")
    screen.progress("prepare 1/2")
    screen.say("prepare[1] failed: no S3")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\r\x1b[Kprepare[1] failed: no S3\n")


OUTCOMES = [
    DocumentOutcome("0173/Извещение.pdf", SourceState.PUBLISHED, None, 12, 0, 0, 1.23),
    DocumentOutcome(
        "0173/Приложение 2.tif", SourceState.PUBLISHED, None, 3, 3, 0, 13.5, ocr_runner="docker", engine="tesseract"
    ),
    DocumentOutcome("0173/битый.pdf", SourceState.QUARANTINED_CORRUPT, "the cross-reference table is damaged"),
]


def test_the_table_has_a_line_for_every_document() -> None:
    lines = outcome_table(OUTCOMES, width=100).splitlines()
    assert lines[0].split() == ["Document", "Pages", "OCR", "State", "Seconds"]
    assert [line.split()[-1] for line in lines[2:]] == ["1.2", "13.5", "quarantined_corrupt"]
    columns = {line.index(word) for line, word in zip(lines[2:], ("published", "published", "quaran"), strict=True)}
    assert len(columns) == 1, "columns do not line up"


def test_long_paths_lose_their_middle_not_the_name_of_the_file() -> None:
    path = "0173100004525000001/" + "Приложение " * 10 + "ТЗ.pdf"
    outcomes = [DocumentOutcome(path, SourceState.PUBLISHED, None, 1, 0, 0, 1.0)]
    lines = outcome_table(outcomes, width=80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "0173" in lines[2] and "…" in lines[2] and "ТЗ.pdf" in lines[2]


def test_a_name_that_would_steer_the_terminal_is_shown_and_not_obeyed() -> None:
    name = "сметы\x1b[2J\r\n\u202eИтого\N{NO-BREAK SPACE}2.xlsx"
    outcomes = [
        DocumentOutcome(name, SourceState.PUBLISHED, None, 1),
        DocumentOutcome("b.xlsx", SourceState.SKIPPED_DUPLICATE, f"the same bytes as {name}"),
    ]
    said = [*outcome_table(outcomes, 200).split("\n"), *attention_lines(outcomes)]
    assert len(said) == 5
    assert all("сметы�[2J���Итого\N{NO-BREAK SPACE}2.xlsx" in said[line] for line in (2, 4))


def test_sums_name_states_pages_and_where_ocr_ran() -> None:
    assert totals_line(OUTCOMES) == (
        "3 documents: 2 published, 1 quarantined_corrupt. 15 pages, 3 by OCR (tesseract, docker)."
    )
    one_page = DocumentOutcome("ТЗ.pdf", SourceState.PUBLISHED, None, 1, 0, 0, 1.0)
    assert totals_line([one_page]) == "1 document: 1 published. 1 page."


def test_only_what_needs_attention_is_explained_and_with_what_to_do() -> None:
    (line,) = attention_lines(OUTCOMES)
    assert line.startswith("0173/битый.pdf: the cross-reference table is damaged. ")
    assert SourceState.QUARANTINED_CORRUPT.advice.rstrip(".") in line


def test_a_reason_that_many_documents_share_is_told_once() -> None:
    reason = "Word document: this version does not read it"
    outcomes = [DocumentOutcome(f"{n}.docx", SourceState.SKIPPED_UNSUPPORTED, reason) for n in range(20)]
    assert attention_lines(outcomes) == [f"20 documents, the first is 0.docx: {reason}."]


def test_of_thousands_of_documents_a_screen_shows_what_matters_and_where_the_rest_is() -> None:
    outcomes = [
        DocumentOutcome(f"{n:04d}/Копия.pdf", SourceState.SKIPPED_DUPLICATE, f"the same bytes as {n:04d}/Извещение.pdf")
        for n in range(5000)
    ]
    outcomes.append(DocumentOutcome("9999/битый.pdf", SourceState.QUARANTINED_CORRUPT, "it is damaged"))
    table, remarks = outcome_table(outcomes, width=100).splitlines(), attention_lines(outcomes)
    assert len(table) < 250 and len(remarks) < 100
    assert table[-1].startswith("… and 4801 more, which the reports list")
    assert remarks[0].startswith("9999/битый.pdf: it is damaged. ")
    assert remarks[-1] == "… and 4951 more remarks: the reports list all of them."
    assert totals_line(outcomes).startswith("5001 documents: ")
