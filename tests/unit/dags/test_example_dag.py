"""The DAG that docs/for-analysts.md shows to those who want to go on where the pipeline ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from tests.codeblocks import code_blocks

pytestmark = pytest.mark.unit

DAGS = Path(__file__).parents[3] / "dags"


@pytest.mark.parametrize("document", ["for-analysts.md"])
def test_the_example_is_scheduled_on_an_asset_that_the_pipeline_publishes(document: str, tmp_path: Path) -> None:
    examples = [block for block in code_blocks(document) if "from airflow" in block.code]
    assert len(examples) == 1
    (tmp_path / "example.py").write_text(examples[0].code, encoding="utf-8")
    bag = DagBag(str(tmp_path))
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    waits_for = [(asset.name, asset.uri) for asset in dag.timetable.asset_condition.objects]
    published = DagBag(str(DAGS)).dags["ingest_tenders"].get_task("publish").op_kwargs["tables"]
    assert waits_for
    assert set(waits_for) <= {(asset.name, asset.uri) for asset in published}
