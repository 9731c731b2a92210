"""Every example of docs/for-analysts.md and its Russian twin, run against a lake that the pipeline has made.

In S3, as a local copy, and as a copy with files of an older version.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pytest
from airflow.dag_processing.dagbag import DagBag
from duckdb_extensions import import_extension
from PIL import Image

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.tesseract import TesseractEngine
from ocr_tasks.images import PageImage
from tenderlake.embedded.airflow import connection_json
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.parquet import ParquetWriter
from tenderlake.lake.rows import SourceRow, to_table
from tenderlake.lake.schema import SOURCES, TABLES
from tenderlake.runs import PublishedRun
from tenderlake.states import SourceState
from tests import analystslake
from tests.codeblocks import CodeBlock, code_blocks
from tests.obstacles import language_data_obstacle, missing

pytestmark = pytest.mark.integration

OLDER_FILES = Path(__file__).parents[1] / "unit/lake/schema_1"
EXAMPLES = [block for block in code_blocks("for-analysts.md") if "from airflow" not in block.code]
RUSSIAN_EXAMPLES = code_blocks("for-analysts.ru.md")
SOURCE = SourceRow(
    source_key="inbox/a.pdf",
    etag="1",
    size_bytes=1,
    last_modified=analystslake.NIGHTS[0],
    state=SourceState.PUBLISHED,
    run_id="run",
    first_seen_at=analystslake.NIGHTS[0],
    finished_at=analystslake.NIGHTS[0],
)
EXAMPLE_DAG = next(block for block in code_blocks("for-analysts.md") if "from airflow" in block.code)


@dataclass(frozen=True)
class Lake:
    """Where the lake lies, and what the runs that made it have said of it."""

    address: str
    runs: tuple[PublishedRun, PublishedRun]


@pytest.fixture(scope="module", autouse=True)
def environment(s3_server: S3Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The variables that the document asks for; DuckDB's extensions are installed already, for lack of internet."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environment().items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        with duckdb.connect() as database:
            import_extension("httpfs", con=database)
            import_extension("fts", con=database)
        yield


@pytest.fixture(scope="module")
def in_s3(s3_server: S3Connection) -> Lake:
    """Two nights in the bucket of the document."""
    if obstacle := language_data_obstacle():
        missing(obstacle)
    return Lake(f"s3://{s3_server.bucket}/lake", analystslake.fill(s3_server.storage()))


@pytest.fixture(scope="module")
def copied(in_s3: Lake, s3_server: S3Connection, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same in a folder, as ``aws s3 sync`` leaves it."""
    folder, storage = tmp_path_factory.mktemp("copy"), s3_server.storage()
    for item in storage.list_objects("lake/"):
        (folder / item.key).parent.mkdir(parents=True, exist_ok=True)
        storage.download(item.key, folder / item.key)
    return Lake(str(folder / "lake"), in_s3.runs)


@pytest.fixture
def with_older_files(copied: Lake, tmp_path: Path) -> Lake:
    """A copy with a day that the first version of the schema has written."""
    folder = Path(shutil.copytree(copied.address, tmp_path / "lake"))
    for path in OLDER_FILES.glob("*.parquet"):
        day = folder / path.stem / "ingest_date=2026-03-01"
        day.mkdir()
        shutil.copy(path, day / "part-0.parquet")
    return Lake(str(folder), copied.runs)


@pytest.fixture(params=["in_s3", "copied", "with_older_files"])
def lake(request: pytest.FixtureRequest) -> Lake:
    return request.getfixturevalue(request.param)


def read_through(
    monkeypatch: pytest.MonkeyPatch, lake: Lake, examples: Sequence[CodeBlock] = EXAMPLES
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Run a document from its beginning to its end: the variables in the end, and the rows of each query."""
    monkeypatch.setenv("LAKE", lake.address)
    names: dict[str, Any] = {}
    answers: dict[str, pd.DataFrame] = {}
    for block in examples:
        try:
            if block.language == "sql":
                answers[block.place] = names["lake"].sql(block.code).df()
            else:
                exec(compile(block.code, block.place, "exec"), names)  # noqa: S102 - our own document
        except Exception as error:
            pytest.fail(f"{block.place}: {type(error).__name__}: {error}")
    return names, answers


def test_every_example_works_and_every_query_finds_something(monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    names, answers = read_through(monkeypatch, lake)
    assert {block.language for block in EXAMPLES} == {"python", "sql"}
    assert len(answers) >= 12
    assert [place for place, rows in answers.items() if rows.empty] == []
    assert not names["highest"].empty
    assert names["deadlines"]["deadline"].to_list()[0].isoformat() == "2026-03-23"
    count = names["lake"].sql("SELECT count(*), count(tender_id) FROM documents").fetchone()
    assert (len(names["in_pandas"]), names["in_pandas"]["tender_id"].notna().sum()) == count
    assert (names["in_polars"].height, names["in_polars"]["tender_id"].count()) == count
    names["lake"].close()


def test_the_examples_in_russian_work_too(monkeypatch: pytest.MonkeyPatch, in_s3: Lake) -> None:
    names, answers = read_through(monkeypatch, in_s3, RUSSIAN_EXAMPLES)
    assert len(answers) >= 6
    assert [place for place, rows in answers.items() if rows.empty] == []
    names["lake"].close()


@pytest.fixture(scope="module")
def answers(copied: Lake) -> dict[str, pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        names, answers = read_through(patch, copied)
    names["lake"].close()
    return answers


def test_the_compact_copy_answers_every_query_as_the_lake_does(
    monkeypatch: pytest.MonkeyPatch, in_s3: Lake, answers: dict[str, pd.DataFrame]
) -> None:
    compact = replace(in_s3, address=f"{in_s3.address}-compact")
    names, found = read_through(monkeypatch, compact, [block for block in EXAMPLES if "newest" not in block.code])
    assert not names["highest"].empty
    assert not names["deadlines"].is_empty()
    names["lake"].close()
    assert found.keys() == answers.keys()
    for place, rows in found.items():
        told, expected = (sorted(map(repr, frame.itertuples(index=False))) for frame in (rows, answers[place]))
        assert told == expected, place


def reach(server: S3Connection, database: duckdb.DuckDBPyConnection) -> None:
    """Let a plain DuckDB read the bucket; the keys are in the variables."""
    url = urlsplit(server.endpoint_url)
    database.load_extension("httpfs")
    database.execute(f"SET s3_endpoint = '{url.netloc}'; SET s3_use_ssl = false; SET s3_url_style = 'path'")


def answer(answers: dict[str, pd.DataFrame], word: str) -> pd.DataFrame:
    """The rows of the only query whose code has the word."""
    (block,) = [block for block in EXAMPLES if block.language == "sql" and word in block.code]
    return answers[block.place]


def test_prices_are_those_of_the_tender_with_its_customer(answers: dict[str, pd.DataFrame]) -> None:
    (row,) = answer(answers, "1_000_000").to_dict("records")
    assert (row["inn"], row["tenders"], row["total_rub"]) == ("9801014570", 1, pytest.approx(2_662_235.08))
    assert "школа" in row["customer"].lower()


def test_every_estimate_line_with_cable_is_found_and_no_other(answers: dict[str, pd.DataFrame]) -> None:
    rows = answer(answers, "(?i)кабел")
    assert set(rows["tender_id"]) == {"0373200012326000457", "0373200012326000458"}
    assert all("кабел" in name.lower() for name in rows["name"])
    assert list(rows[rows["name"] == "Прокладка кабеля в лотке"]["amount"].astype(float)) == [3000.0]


def test_sums_that_do_not_add_up_are_those_that_were_made_wrong(answers: dict[str, pd.DataFrame]) -> None:
    figures = answer(answers, "f.unit = 'RUB' AND f.is_valid = false")
    assert set(figures["filename"]) == {"Контракт.docx"}
    lines = answer(answers, "l.quantity::DOUBLE * l.price::DOUBLE")
    assert list(lines["filename"]) == ["Локальная смета.xlsx"]
    assert float(lines["amount"].iloc[0]) == 3600.0


def test_what_is_missing_is_told_with_its_reason(answers: dict[str, pd.DataFrame]) -> None:
    failed = answer(answers, "text_source = 'none'")
    assert list(failed["filename"]) == ["scan.tif"]
    assert [list(pages) for pages in failed["failed"]] == [[2]]
    quarantined = answer(answers, "LIKE 'quarantined_%'")
    assert set(quarantined["state"]) == {"quarantined_corrupt", "quarantined_encrypted"}
    assert all(len(reason) > 10 for reason in quarantined["state_reason"])
    (duplicate,) = answer(answers, "skipped_duplicate").to_dict("records")
    assert {duplicate["duplicate"], duplicate["published_as"]} == {
        "inbox/0373200012326000457/Извещение.pdf",
        "inbox/0373200012326000457/Печатная форма извещения.pdf",
    }


def test_russian_endings_do_not_matter_to_the_search(answers: dict[str, pd.DataFrame]) -> None:
    found = answer(answers, "match_bm25")
    assert "Приложение 4. Локальный сметный расчёт.xlsx" in set(found["filename"])
    assert "Контракт.docx" not in set(found["filename"])


def test_the_lake_grew_by_what_the_runs_say(answers: dict[str, pd.DataFrame], copied: Lake) -> None:
    rows = answer(answers, "pages_so_far")
    assert [day.date() for day in rows["ingest_date"]] == [night.date() for night in analystslake.NIGHTS]
    assert list(rows["pages"]) == [run.page_count for run in copied.runs]
    assert list(rows["failed"]) == [run.failed_pages for run in copied.runs]


def test_the_cutting_of_a_page_shows_the_value(monkeypatch: pytest.MonkeyPatch, in_s3: Lake) -> None:
    names, _ = read_through(monkeypatch, in_s3)
    cutting: Image.Image = names["cutting"]
    assert 0 < cutting.width < names["image"].width
    engine = TesseractEngine(EngineSpec(name="tesseract"))
    try:
        reading = engine.read(PageImage(image=cutting.convert("RGB"), page_number=1, dpi=200), 60.0)
    finally:
        engine.close()
    assert names["value"] in "".join(block.content for block in reading.blocks).replace(" ", "")
    names["lake"].close()


@pytest.mark.parametrize("table", TABLES)
def test_pandas_duckdb_and_the_runs_agree(in_s3: Lake, s3_server: S3Connection, table: str) -> None:
    frame = pd.read_parquet(f"{in_s3.address}/{table}")
    with duckdb.connect() as database:
        reach(s3_server, database)
        rows = database.sql(f"SELECT * FROM read_parquet('{in_s3.address}/{table}/**/*.parquet')")  # noqa: S608
        assert rows.columns == list(frame.columns)
        keys = [*TABLES[table].key_columns, "ingest_date"]
        by_duckdb = rows.project(", ".join(f'"{name}"::VARCHAR' for name in keys)).fetchall()
    by_pandas = frame[keys].astype(object).where(frame[keys].notna(), None)
    by_pandas = [tuple(None if value is None else str(value) for value in row) for row in by_pandas.to_numpy()]
    assert sorted(map(repr, by_duckdb)) == sorted(map(repr, by_pandas))
    assert len(by_duckdb) == sum(run.rows[table] for run in in_s3.runs)
    assert len(by_duckdb) == sum(change.row_count for run in in_s3.runs for change in run.partitions[table].values())


def test_sources_documents_and_pages_are_those_that_the_runs_reconciled(in_s3: Lake) -> None:
    states = pd.read_parquet(f"{in_s3.address}/sources")["state"].value_counts().to_dict()
    told: dict[str, int] = {}
    for run in in_s3.runs:
        for state, count in run.state_counts.items():
            told[state] = told.get(state, 0) + count
    assert states == told
    documents = pd.read_parquet(f"{in_s3.address}/documents")
    assert len(documents) == sum(count for state, count in told.items() if state.startswith("published"))
    pages = pd.read_parquet(f"{in_s3.address}/pages", columns=["document_id", "text_source"])
    assert len(pages) == documents["page_count"].sum() == sum(run.page_count for run in in_s3.runs)
    assert (pages["text_source"] == "none").sum() == documents["failed_pages"].sum()


def test_a_session_that_keeps_footers_sees_a_file_that_was_replaced(s3_server: S3Connection, tmp_path: Path) -> None:
    storage, path = s3_server.storage(), tmp_path / "part.parquet"

    def put(value: str, count: int) -> None:
        rows = [replace(SOURCE, source_key=f"inbox/{number:06}.pdf", run_id=value) for number in range(count)]
        with ParquetWriter(path, SOURCES, lookup_rows=count) as writer:
            writer.write(to_table(SOURCES, rows))
        storage.upload(path, "trial/ingest_date=2026-03-01/part-0.parquet", "application/vnd.apache.parquet")

    with duckdb.connect() as database:
        reach(s3_server, database)
        database.execute("SET parquet_metadata_cache = true")
        files = f"'s3://{s3_server.bucket}/trial/**/*.parquet'"
        for value, count in (("first", 30_000), ("second", 40_000), ("third", 20_000)):
            put(value, count)
            counts = f"SELECT run_id, count(*) FROM {files} GROUP BY ALL"  # noqa: S608
            last = f"SELECT run_id FROM {files} WHERE source_key = 'inbox/{count - 1:06}.pdf'"  # noqa: S608
            assert database.sql(last).fetchall() == [(value,)]
            assert database.sql(counts).fetchall() == [(value, count)]


def test_the_example_dag_reads_the_days_that_the_asset_events_name(
    in_s3: Lake,
    s3_server: S3Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TENDERLAKE_S3", connection_json(s3_server))
    (tmp_path / "example.py").write_text(EXAMPLE_DAG.code, encoding="utf-8")
    (dag,) = DagBag(str(tmp_path)).dags.values()
    (asset,) = dag.timetable.asset_condition.objects
    events = [SimpleNamespace(extra=run.model_dump(mode="json") | {"partitions": fields(run)}) for run in in_s3.runs]
    days = dag.get_task("changed_days").python_callable(triggering_asset_events={asset: events})
    assert list(days) == [night.date().isoformat() for night in analystslake.NIGHTS]
    dag.get_task("count_prices").python_callable(days)
    said = capsys.readouterr().out.splitlines()[-2:]
    for line, (day, count) in zip(said, sorted(days.items()), strict=True):
        assert line.startswith(f"{day}: ")
        assert line.endswith(f" among {count} fields; Airflow was told of {count}")


def fields(run: PublishedRun) -> dict[str, Any]:
    """What the event of the Asset says of the partitions."""
    return {day.isoformat(): change.model_dump() for day, change in run.partitions["fields"].items()}
