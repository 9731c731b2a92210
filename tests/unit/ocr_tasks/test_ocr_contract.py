"""The contract: what one side writes, the other reads, and what is wrong is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ocr_tasks.contract import (
    MOST_PIXELS,
    Block,
    BlockLabel,
    ContentFormat,
    EngineSpec,
    Line,
    PageResult,
    PageStatus,
    PageTask,
    Progress,
    ProgressEvent,
    Runner,
    Shard,
)

pytestmark = pytest.mark.unit

numbers = st.floats(allow_nan=False, allow_infinity=False)
boxes = st.tuples(numbers, numbers, numbers, numbers)
confidences = st.none() | st.floats(min_value=0, max_value=1)
numbers_from_one = st.integers(min_value=1, max_value=10**6)

lines = st.builds(Line, text=st.text(), bbox_px=boxes, confidence=confidences)
blocks = st.builds(
    Block,
    label=st.sampled_from(BlockLabel),
    bbox_px=boxes,
    content=st.text(),
    content_format=st.sampled_from(ContentFormat),
    confidence=confidences,
    heading_level=st.none() | st.integers(min_value=1, max_value=6),
    layout_score=confidences,
    polygon_px=st.none() | st.lists(st.tuples(numbers, numbers), max_size=4).map(tuple),
    lines=st.lists(lines, max_size=3).map(tuple),
)
results = st.builds(
    PageResult,
    page_key=st.text(),
    document_id=st.text(),
    page_number=numbers_from_one,
    status=st.sampled_from(PageStatus),
    reason=st.text(min_size=1),
    engine=st.text(),
    engine_version=st.text(),
    model=st.none() | st.text(),
    runner=st.none() | st.sampled_from(Runner),
    width_px=st.integers(0, MOST_PIXELS),
    height_px=st.integers(0, MOST_PIXELS),
    rotation_deg=st.sampled_from((0, 90, 180, 270)),
    confidence=confidences,
    quality_flags=st.lists(st.from_regex(r"[a-z0-9_]{1,64}", fullmatch=True), max_size=2).map(tuple),
    blocks=st.lists(blocks, max_size=3).map(tuple),
    duration_s=st.floats(min_value=0, allow_infinity=False),
)
tasks = st.builds(
    PageTask,
    page_key=st.text(),
    document_id=st.text(),
    page_number=numbers_from_one,
    image_url=st.text(),
    result_url=st.text(),
    dpi=st.none() | numbers_from_one,
)
shards = st.builds(
    Shard,
    shard_id=st.text(),
    engine=st.builds(
        EngineSpec,
        name=st.text(),
        languages=st.lists(st.text(), max_size=3).map(tuple),
        options=st.dictionaries(st.text(), st.booleans() | st.integers() | numbers | st.text(), max_size=3),
    ),
    pages=st.lists(tasks, min_size=1, max_size=4, unique_by=lambda task: task.page_key).map(tuple),
    page_timeout_s=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
)


@given(results)
def test_a_page_result_comes_back_as_it_was_written(result: PageResult) -> None:
    assert PageResult.model_validate_json(result.model_dump_json()) == result


@given(shards)
def test_a_shard_comes_back_as_it_was_written(shard: Shard) -> None:
    assert Shard.model_validate_json(shard.model_dump_json()) == shard


def _task(page_key: str = "k") -> PageTask:
    return PageTask(page_key=page_key, document_id="d", page_number=1, image_url="i", result_url="r")


def test_a_shard_of_another_version_is_refused() -> None:
    shard = json.loads(Shard(shard_id="s", engine=EngineSpec(name="null"), pages=(_task(),)).model_dump_json())
    shard["contract_version"] = 2
    with pytest.raises(ValidationError, match="contract_version"):
        Shard.model_validate(shard)


def test_two_pages_of_a_shard_never_share_a_result() -> None:
    with pytest.raises(ValidationError, match="same page_key"):
        Shard(shard_id="s", engine=EngineSpec(name="null"), pages=(_task(), _task()))


def test_a_failed_page_says_why() -> None:
    with pytest.raises(ValidationError, match="must have a reason"):
        PageResult(
            page_key="k",
            document_id="d",
            page_number=1,
            status=PageStatus.FAILED,
            engine="null",
            engine_version="1",
            width_px=0,
            height_px=0,
        )


def test_a_box_of_nan_is_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Block(label=BlockLabel.TEXT, bbox_px=(float("nan"), 0, 1, 1), content="x")


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="dno"):
        Progress.model_validate({"event": ProgressEvent.READY, "done": 0, "total": 1, "dno": 1})
