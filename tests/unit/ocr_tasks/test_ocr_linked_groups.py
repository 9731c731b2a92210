"""Things that are linked come in one group, over however many others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.linkedgroups import linked_groups

pytestmark = pytest.mark.unit

LINKS = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=15)
    )
)


def test_groups_stand_in_the_order_of_their_first_ones() -> None:
    assert linked_groups(6, [(5, 2), (2, 0), (3, 1)]) == [[0, 2, 5], [1, 3], [4]]


@given(LINKS)
def test_a_group_holds_what_can_be_reached_from_each_of_its_own(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = case
    groups = linked_groups(count, links)
    assert sorted(number for group in groups for number in group) == list(range(count))
    for group in groups:
        reached = {group[0]}
        for _ in range(count):
            reached |= {number for link in links if set(link) & reached for number in link}
        assert sorted(reached) == group
