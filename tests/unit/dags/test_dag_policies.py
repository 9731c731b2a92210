"""Policies that every DAG keeps, and the shape of ingest_tenders."""

from __future__ import annotations

import ast
import datetime as dt
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors
from airflow.task.priority_strategy import validate_and_load_priority_weight_strategy

from tenderlake.lake.schema import TABLES
from tenderlake.lake.vocabulary import TableName
from tenderlake.pools import pools_file
from tenderlake.runs import PartitionChange, PublishedRun, RunOptions
from tenderlake.settings import Settings
from tenderlake_airflow.stages import tell_of_changes

pytestmark = pytest.mark.unit

DAGS = Path(__file__).parents[3] / "dags"
EXPECTED = {"ingest_tenders.py": {"ingest_tenders"}}
"""Every DAG file and the DAGs that it declares: a new file has to be entered here."""
ALLOWED_TAGS = {"tenderlake", "nightly"}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS))


def tasks(dag: DAG) -> list[object]:
    return list(dag.tasks)


def test_every_file_is_accounted_for(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert {path.name for path in DAGS.glob("*.py")} == set(EXPECTED)
    assert set(bag.dags) == set().union(*EXPECTED.values())


@pytest.mark.parametrize("dag_id", sorted(set().union(*EXPECTED.values())))
def test_dag_is_documented_tagged_and_never_catches_up(bag: DagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert len(dag.doc_md or "") > 500
    assert dag.catchup is False
    assert set(dag.tags) <= ALLOWED_TAGS
    assert dag.max_active_runs == Settings().max_active_runs
    assert dag.dagrun_timeout is not None


@pytest.mark.parametrize("dag_id", sorted(set().union(*EXPECTED.values())))
def test_every_task_has_an_owner_a_pool_that_exists_retries_and_a_timeout(bag: DagBag, dag_id: str) -> None:
    pools = json.loads(pools_file(Settings()))
    for task in bag.dags[dag_id].tasks:
        assert task.owner == "tenderlake", task.task_id
        assert task.pool in pools, f"{task.task_id}: pool {task.pool} is not made at start"
        assert task.pool_slots <= pools[task.pool]["slots"], task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_policy is not None, task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert task.execution_timeout < bag.dags[dag_id].dagrun_timeout, task.task_id


def test_the_seven_stages_are_there_in_their_order(bag: DagBag) -> None:
    dag = bag.dags["ingest_tenders"]
    stages = ["discover", "prepare", "plan", "ocr", "assemble", "validate", "publish"]
    for before, after in pairwise(stages):
        assert before in dag.get_task(after).upstream_task_ids
    assert dag.get_task("ocr").pool == "gpu"
    assert dag.get_task("publish").pool == "lake"


def test_every_table_of_the_lake_is_an_asset_that_publish_may_have_changed(bag: DagBag) -> None:
    publish = bag.dags["ingest_tenders"].get_task("publish")
    assets = publish.op_kwargs["tables"]
    assert [asset.name for asset in assets] == [f"tenderlake.{table}" for table in TABLES]
    assert set(TABLES) == set(TableName)
    assert assets[0].uri == f"s3://{Settings().bucket}/lake/sources"
    assert publish.inlets == assets, "Airflow knows of no other assets before their first event"
    # An asset among the outlets would get an event from every run.
    assert publish.outlets == [publish.op_kwargs["changed"]]
    assert isinstance(publish.outlets[0], AssetAlias)


def test_only_tables_in_which_rows_came_or_went_get_an_event(bag: DagBag) -> None:
    change = PartitionChange(row_count=7, added=3, dropped=0)
    night = dt.date(2026, 11, 20)
    published = PublishedRun(
        run_id="run", state_counts={}, rows={"sources": 3, "pages": 0}, partitions={"sources": {night: change}}
    )
    arguments = bag.dags["ingest_tenders"].get_task("publish").op_kwargs
    events = OutletEventAccessors()[arguments["changed"]]
    tell_of_changes(published, events, arguments["tables"])
    (event,) = events.asset_alias_events
    assert event.dest_asset_key.name == "tenderlake.sources"
    assert event.extra["partitions"] == {"2026-11-20": {"row_count": 7, "added": 3, "dropped": 0}}


def test_one_writer_and_one_claimer_at_a_time() -> None:
    pools = json.loads(pools_file(Settings()))
    assert pools["lake"]["slots"] == 1
    assert pools["discovery"]["slots"] == 1


def test_the_form_has_the_fields_of_a_run_and_its_defaults_start_a_nightly_run(bag: DagBag) -> None:
    params = bag.dags["ingest_tenders"].params
    assert set(params) == set(RunOptions.model_fields)
    for name in params:
        field = params.get_param(name)
        assert field.schema.get("title"), name
        assert field.description, name
    assert RunOptions.from_form(params.dump(), Settings()) == RunOptions.from_form({}, Settings())


def test_the_older_of_two_runs_goes_first(bag: DagBag) -> None:
    # They share the pool cpu: else nothing of the first would reach the GPUs until all of the second is prepared.
    dag = bag.dags["ingest_tenders"]

    def priority(task_id: str) -> int:
        task = dag.get_task(task_id)
        strategy = validate_and_load_priority_weight_strategy(task.weight_rule)
        return strategy.get_weight(SimpleNamespace(task=task))

    stages = ["discover", "prepare", "plan", "ocr", "assemble", "validate", "publish", "close_run"]
    priorities = [priority(stage) for stage in stages]
    assert priorities == sorted(set(priorities))


def test_dag_files_hold_declarations_only() -> None:
    for path in DAGS.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        logic = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.Try)]
        assert logic == [], path.name


def test_parsing_a_dag_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.path[:0] = ['plugins', 'dags']; import ingest_tenders; "
        "print([m for m in ('great_expectations', 'pandas', 'pyarrow', 'pymupdf', 'duckdb') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=DAGS.parent, capture_output=True, text=True, check=True, timeout=120
    )
    assert answer.stdout.strip().splitlines()[-1] == "[]"


def test_nothing_below_the_edge_imports_airflow() -> None:
    root = DAGS.parent
    forbidden = {root / "include": ("airflow",), root / "ocr_tasks": ("airflow", "tenderlake", "boto3")}
    for folder, names in forbidden.items():
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                # The service saves to S3 with keys of its own; whoever reads a shard has signed addresses.
                allowed = ("boto3",) if path.is_relative_to(root / "ocr_tasks/service") else ()
                for module in modules:
                    assert module.split(".")[0] not in set(names) - set(allowed), f"{path} imports {module}"


def test_only_the_settings_read_the_environment() -> None:
    """``embedded`` starts other programs and hands its own environment on; everything else asks the settings."""
    root = DAGS.parent
    allowed = {root / "include/tenderlake/ocr_attempts.py", root / "include/tenderlake/sandbox.py"}
    for folder in (root / "include/tenderlake", root / "dags", root / "plugins"):
        for path in folder.rglob("*.py"):
            if path in allowed or "embedded" in path.parts:
                continue
            text = path.read_text(encoding="utf-8")
            assert "os.environ" not in text, path
            assert "getenv" not in text, path
