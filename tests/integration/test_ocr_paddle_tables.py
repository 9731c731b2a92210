"""Whatever table the model writes, PaddleX's own conversion does not raise, and no tag becomes text of a cell."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.obstacles import ocr_python

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CONVERT = """
import json, random
from paddlex.inference.pipelines.paddleocr_vl.uilts import convert_otsl_to_html
from ocr_tasks.engines.blocktexts import BlockText
from ocr_tasks.engines.paddleocr_vl_tables import converted_table

marks = ["<fcel>", "<fcel>Ж", "Ж", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>"]
choose = random.Random(1)
written = ["".join(choose.choices(marks, k=choose.randint(1, 14))) for _ in range(5000)]
converted = [(text, converted_table(BlockText(text), convert_otsl_to_html)) for text in written]
print(json.dumps([[text, table.text, table.failure] for text, table in converted]))
"""


def test_no_sequence_of_marks_is_too_much(tmp_path: Path) -> None:
    ended = subprocess.run(
        [str(ocr_python()), "-c", CONVERT],
        env={
            "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
            "PADDLE_PDX_CACHE_HOME": str(tmp_path),
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    converted = json.loads(ended.stdout.splitlines()[-1])
    assert len(converted) == 5000
    for written, text, failure in converted:
        assert failure is None, written
        assert "cel>" not in text.replace("&gt;", ">"), written
        assert "nl>" not in text.replace("&gt;", ">"), written
        assert text.count("Ж") == written.count("Ж"), (written, text)
