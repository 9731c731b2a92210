"""The sample tender through the whole system: S3, Airflow triggered over REST, OCR, tables and Markdown read back."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tenderlake.embedded.launcher import Embedded
from tenderlake.states import SourceState
from tests.codeblocks import code_blocks
from tests.services import expected_runner, query, running_system
from tests.texts import squeezed, word_recall

pytestmark = pytest.mark.e2e

SAMPLES = Path(__file__).parents[2] / "include/samples"
DAGS = Path(__file__).parents[2] / "dags"
ANALYSTS_DAG = "count_new_prices"
PATIENCE_S = 120.0
SMALLEST_RECALL = 0.7
"""Words of the truth that OCR has to find on the worst sample page, a dense estimate; the others are far above."""


@dataclass(frozen=True)
class Expected:
    """A row of ``expected.tsv``."""

    path: str
    state: SourceState
    pages: int
    native_pages: int
    ocr_pages: int
    facts: tuple[str, ...]


def expected() -> list[Expected]:
    with (SAMPLES / "expected.tsv").open(encoding="utf-8", newline="") as file:
        return [
            Expected(
                row["path"],
                SourceState(row["state"]),
                int(row["pages"]),
                int(row["native_pages"]),
                int(row["ocr_pages"]),
                tuple(fact for fact in row["facts"].split(";") if fact),
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]


def analysts_dag() -> str:
    """The DAG that the analysts' manual shows, as it stands there."""
    (example,) = (block.code for block in code_blocks("for-analysts.md") if "from airflow" in block.code)
    return example


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what happens by itself; the end of patience is a failure."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.5)


EXPECTED = expected()
PUBLISHED = [sample for sample in EXPECTED if sample.state.is_published]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The system after one run over the samples, with the DAG of an analyst beside our own."""
    dags = Path(shutil.copytree(DAGS, tmp_path_factory.mktemp("airflow") / "dags"))
    (dags / f"{ANALYSTS_DAG}.py").write_text(analysts_dag(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENDERLAKE_DAGS_FOLDER", str(dags))
        with running_system(tmp_path_factory.mktemp("system")) as embedded:
            wait_until(lambda: embedded.api.dag_parsed_at(ANALYSTS_DAG) is not None)
            embedded.api.unpause(ANALYSTS_DAG)
            embedded.upload(SAMPLES / "documents")
            result = embedded.wait(embedded.trigger())
            assert result.has_succeeded, result.failures
            yield embedded


def test_every_sample_ends_as_expected(system: Embedded) -> None:
    rows = query(
        system,
        "SELECT s.source_key, s.state, coalesce(d.page_count, 0), coalesce(d.native_pages, 0), "
        "coalesce(d.ocr_pages, 0) FROM sources s LEFT JOIN documents d ON d.source_key = s.source_key",
    )
    found = {(key.removeprefix("inbox/"), state, *counts) for key, state, *counts in rows}
    assert found == {(s.path, s.state.value, s.pages, s.native_pages, s.ocr_pages) for s in EXPECTED}


@pytest.mark.parametrize("sample", PUBLISHED, ids=lambda sample: Path(sample.path).name)
def test_the_facts_of_a_document_are_in_its_markdown(system: Embedded, sample: Expected) -> None:
    markdown = system.connection.storage().get_bytes(f"markdown/{sample.path}.md").decode()
    assert markdown.startswith("---\nsource: ")
    assert [n for n in range(1, sample.pages + 1) if f"<!-- page {n} -->" not in markdown] == []
    plain = squeezed(markdown.replace("\\", ""))
    assert [fact for fact in sample.facts if squeezed(fact) not in plain] == []


def test_a_table_that_goes_on_over_a_page_is_one_table_to_read(system: Embedded) -> None:
    sample = next(sample for sample in PUBLISHED if "Описание объекта" in sample.path)
    markdown = system.connection.storage().get_bytes(f"markdown/{sample.path}.md").decode()
    rows = [line for line in markdown.split("\n") if line.startswith("|")]
    assert "Продолжение таблицы" not in markdown
    assert sum("ОКПД2" in row for row in rows) == 1


@pytest.mark.parametrize("truth", sorted((SAMPLES / "truth").glob("*.txt")), ids=lambda path: path.stem)
def test_pages_read_by_ocr_say_what_the_paper_says(system: Embedded, truth: Path) -> None:
    rows = query(
        system,
        "SELECT p.page_number, p.text, p.text_source FROM pages p JOIN documents d USING (document_id) "
        "WHERE d.filename = ? ORDER BY p.page_number",
        truth.stem,
    )
    pages = truth.read_text(encoding="utf-8").split("\f")
    assert len(rows) == len(pages)
    for (number, text, source), wanted in zip(rows, pages, strict=True):
        recall = word_recall(wanted, text)
        assert recall >= SMALLEST_RECALL, f"page {number} ({source}): {recall:.2f} of the words"


def test_ocr_ran_where_it_should_and_says_so(system: Embedded) -> None:
    runners = query(
        system, "SELECT DISTINCT ocr_runner, engine, ocr_image IS NOT NULL FROM documents WHERE ocr_pages > 0"
    )
    is_docker = expected_runner() == "docker"
    assert runners == [(expected_runner(), "tesseract", is_docker)]


def test_every_page_of_every_published_document_is_there_once(system: Embedded) -> None:
    lost = query(
        system,
        "SELECT d.filename, d.page_count, count(p.page_number), count(DISTINCT p.page_number) "
        "FROM documents d LEFT JOIN pages p USING (document_id) GROUP BY ALL "
        "HAVING count(p.page_number) <> d.page_count OR count(DISTINCT p.page_number) <> d.page_count",
    )
    assert lost == []
    orphans = query(system, "SELECT count(*) FROM pages ANTI JOIN documents USING (document_id)")
    assert orphans == [(0,)]


def test_confidence_is_the_engines_and_native_pages_have_none(system: Embedded) -> None:
    facts = query(
        system,
        "SELECT text_source, count(confidence) = count(*), min(confidence) > 0, max(confidence) <= 1 "
        "FROM pages GROUP BY text_source ORDER BY text_source",
    )
    assert facts == [("native", False, None, None), ("ocr", True, True, True)]


def test_quarantine_tells_why_and_what_to_do(system: Embedded) -> None:
    storage = system.connection.storage()
    quarantined = [sample for sample in EXPECTED if sample.state.is_quarantined]
    assert quarantined
    for sample in quarantined:
        note = json.loads(storage.get_bytes(f"quarantine/{sample.state.value}/{sample.path}.json"))
        assert note["state"] == sample.state.value
        assert len(note["reason"]) > 10
        assert note["advice"] == sample.state.advice
        assert note["stage"] == "prepare"


def test_the_report_names_every_source(system: Embedded) -> None:
    storage = system.connection.storage()
    reports = [item.key for item in storage.list_objects("reports/") if item.key.endswith("index.html")]
    assert reports
    page = storage.get_bytes(reports[0]).decode()
    assert "<script" not in page
    assert [sample.path for sample in EXPECTED if Path(sample.path).name not in page] == []


def test_the_dag_of_an_analyst_begins_when_the_pipeline_has_published(system: Embedded) -> None:
    def said() -> str:
        logs = (system.airflow.home / "logs").glob(f"dag_id={ANALYSTS_DAG}/*/task_id=count_prices/*.log")
        return "\n".join(log.read_text(encoding="utf-8") for log in logs)

    wait_until(lambda: "Airflow was told of" in said())
    ((day, fields, prices),) = query(
        system,
        "SELECT ingest_date::VARCHAR, count(*), count(*) FILTER (field = 'nmck' AND rank = 1) FROM fields GROUP BY ALL",
    )
    assert prices > 0
    assert f"{day}: {prices} prices among {fields} fields; Airflow was told of {fields}" in said()


def lake_objects(system: Embedded) -> dict[str, str]:
    return {item.key: item.etag for item in system.connection.storage().list_objects("lake/")}


def test_a_second_run_takes_nothing_and_changes_nothing(system: Embedded) -> None:
    before = lake_objects(system)
    assert not system.is_anything_new()
    upload = system.upload(SAMPLES / "documents")
    assert (upload.new, upload.changed) == ((), ())
    result = system.wait(system.trigger())
    assert result.has_succeeded
    assert lake_objects(system) == before
    assert list(system.connection.storage().list_objects("work/claims/")) == []


def test_reprocessing_everything_in_a_chain_of_runs_publishes_nothing_twice(system: Embedded) -> None:
    counts = "SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM documents), (SELECT count(*) FROM pages), "
    counts += "(SELECT count(*) FROM blocks)"
    before = query(system, counts)
    first_seen = query(system, "SELECT source_key, first_seen_at FROM sources ORDER BY ALL")
    result = system.wait(system.trigger({"reprocess": "all", "max_documents": 5}))
    assert result.has_succeeded, result.failures
    assert len(result.runs) == 3
    assert query(system, counts) == before
    assert query(system, "SELECT source_key, first_seen_at FROM sources ORDER BY ALL") == first_seen
    runs = query(system, "SELECT count(DISTINCT run_id) FROM sources")
    assert runs == [(3,)]


def test_a_mended_file_leaves_quarantine_and_replaces_what_it_was(system: Embedded, tmp_path: Path) -> None:
    broken = next(sample for sample in EXPECTED if sample.state is SourceState.QUARANTINED_CORRUPT)
    good = next(sample for sample in PUBLISHED if sample.path.endswith(".png"))
    target = tmp_path / broken.path
    target.parent.mkdir(parents=True)
    # Another picture than the sample itself, or it would be a duplicate.
    target.write_bytes((SAMPLES / "documents" / good.path).read_bytes() + b"\0")
    system.upload(tmp_path)
    result = system.wait(system.trigger({"keys": [broken.path]}))
    assert result.has_succeeded, result.failures
    assert query(system, "SELECT state FROM sources WHERE source_key = ?", f"inbox/{broken.path}") == [("published",)]
    storage = system.connection.storage()
    assert not storage.exists(f"quarantine/{broken.state.value}/{broken.path}.json")

    target.write_bytes((SAMPLES / "documents" / good.path).read_bytes() + b"\0\0")
    system.upload(tmp_path)
    assert system.wait(system.trigger()).has_succeeded
    documents = query(system, "SELECT document_id FROM documents WHERE source_key = ?", f"inbox/{broken.path}")
    assert len(documents) == 1
    assert query(system, "SELECT count(*) FROM pages ANTI JOIN documents USING (document_id)") == [(0,)]


def test_a_key_that_is_not_there_fails_the_run_with_its_name(system: Embedded) -> None:
    result = system.wait(system.trigger({"keys": ["нет такого.pdf"]}))
    assert not result.has_succeeded
    assert any("нет такого.pdf" in failure.message for failure in result.failures)
    assert list(system.connection.storage().list_objects("work/claims/")) == []


def test_no_secret_is_in_any_log(system: Embedded) -> None:
    secrets = (system.connection.secret_access_key, system.airflow.password, "X-Amz-Signature")
    found = [
        (path.name, secret[:4])
        for path in system.state.path.rglob("*.log")
        for secret in secrets
        if secret in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []
