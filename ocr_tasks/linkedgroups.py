"""Things that are linked, directly or over others, put together in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


def linked_groups(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The groups of things that are known by their numbers from 0; who has no link is a group alone.

    Numbers rise within a group, and groups stand in the order of their first ones. Memory is that of the numbers:
    links are looked at once (a disjoint-set forest with halved paths: Tarjan and van Leeuwen, 1984).

    Args:
        count: How many things there are.
        links: Pairs of their numbers.
    """
    group_of = list(range(count))

    def root(number: int) -> int:
        while group_of[number] != number:
            group_of[number] = group_of[group_of[number]]
            number = group_of[number]
        return number

    for one, other in links:
        group_of[root(one)] = root(other)
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(count):
        groups[root(number)].append(number)
    return list(groups.values())
