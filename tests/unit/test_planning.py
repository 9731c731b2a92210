"""Given image pages, these shards come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import EngineSpec
from tenderlake.documents import PrepareOptions
from tenderlake.planning import WeighedPage, pack_shards, page_key, reading_digest
from tenderlake.runs import PlannedPage
from tenderlake.settings import Settings

pytestmark = pytest.mark.unit

ENGINE = EngineSpec(name="tesseract")


def pages(*seconds: float) -> list[WeighedPage]:
    return [
        WeighedPage(
            PlannedPage(
                page_key=f"{number}", document_id="d", page_number=number, image_key="i", result_key="r", dpi=300
            ),
            expected_s,
        )
        for number, expected_s in enumerate(seconds, start=1)
    ]


def test_little_work_is_one_shard() -> None:
    assert len(pack_shards(pages(4, 4), ENGINE, Settings(gpu_pool_slots=2))) == 1


def test_idle_slots_get_a_shard_each_where_there_is_work_for_them() -> None:
    assert len(pack_shards(pages(*[4.0] * 40), ENGINE, Settings(gpu_pool_slots=2))) == 2


def test_much_work_makes_shards_of_ten_minutes() -> None:
    shards = pack_shards(pages(*[4.0] * 3000), ENGINE, Settings(shard_target_s=600))
    assert len(shards) == 21
    assert all(shard.expected_s <= 610 for shard in shards)


def test_never_more_shards_than_airflow_may_map() -> None:
    assert len(pack_shards(pages(*[4.0] * 10_000), ENGINE, Settings(shard_target_s=10, max_shards=128))) == 128


def test_no_pages_no_shards() -> None:
    assert pack_shards([], ENGINE, Settings()) == []


@given(
    st.lists(st.floats(0.01, 5000), min_size=1, max_size=300),
    st.floats(5, 2000),
    st.integers(1, 128),
    st.integers(1, 8),
)
def test_every_page_is_in_exactly_one_shard_in_order(
    seconds: list[float], target_s: float, most: int, slots: int
) -> None:
    settings = Settings(shard_target_s=target_s, max_shards=most, gpu_pool_slots=slots)
    shards = pack_shards(pages(*seconds), ENGINE, settings)
    assert [page.page_number for shard in shards for page in shard.pages] == list(range(1, len(seconds) + 1))
    assert len(shards) <= most
    assert len({shard.shard_id for shard in shards}) == len(shards)


def test_page_keys_change_with_what_decides_the_reading() -> None:
    def key(options: PrepareOptions, engine: EngineSpec, revision: str) -> str:
        return page_key("d", 1, reading_digest(options, engine, revision))

    base = key(PrepareOptions(), ENGINE, "image:1")
    others = {
        key(PrepareOptions(dpi=200), ENGINE, "image:1"),
        key(PrepareOptions(), EngineSpec(name="tesseract", languages=("rus",)), "image:1"),
        key(PrepareOptions(), ENGINE, "image:2"),
        page_key("d", 2, reading_digest(PrepareOptions(), ENGINE, "image:1")),
        page_key("e", 1, reading_digest(PrepareOptions(), ENGINE, "image:1")),
    }
    assert len(others | {base}) == 6
    assert base == key(PrepareOptions(), ENGINE, "image:1")
