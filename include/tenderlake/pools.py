"""Airflow's pools: how much of each scarce thing there is. A task whose pool does not exist is never scheduled.

``python -m tenderlake.pools`` prints them for ``airflow pools import``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from tenderlake.settings import Settings, get_settings


class PoolName(StrEnum):
    """Names that tasks ask for."""

    GPU = "gpu"
    CPU = "cpu"
    LAKE = "lake"
    DISCOVERY = "discovery"


@dataclass(frozen=True)
class Pool:
    """A pool of Airflow: at most ``slots`` of its task slots are in use at a time."""

    name: PoolName
    slots: int
    description: str


def pool_definitions(settings: Settings) -> tuple[Pool, ...]:
    """Every pool that the DAGs use."""
    return (
        Pool(PoolName.GPU, settings.gpu_pool_slots, "OCR: what the GPUs (or, without one, the cores) hold at a time"),
        Pool(PoolName.CPU, settings.cpu_pool_slots, "Preparing and assembling documents"),
        Pool(PoolName.LAKE, 1, "The single writer of the Parquet tables; must stay 1"),
        Pool(PoolName.DISCOVERY, 1, "Claiming sources, one run at a time; must stay 1"),
    )


def pools_file(settings: Settings) -> str:
    """The pools in the format of ``airflow pools import``."""
    return json.dumps(
        {
            pool.name.value: {"slots": pool.slots, "description": pool.description, "include_deferred": False}
            for pool in pool_definitions(settings)
        },
        indent=2,
    )


if __name__ == "__main__":
    print(pools_file(get_settings()))
