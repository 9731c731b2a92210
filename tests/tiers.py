"""Runs the tiers of the tests one after the other, and says which ran: ``python -m tests.tiers [TIER …]``.

A tier that the machine does not allow is named with the reason. With TENDERLAKE_REQUIRE_ALL_TIERS=1 it is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.obstacles import (
    corpus_obstacle,
    docker_obstacle,
    is_everything_required,
    language_data_obstacle,
    no_obstacle,
)

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Tier:
    """One tier.

    Args:
        name: its folder, and the marker of its tests.
        obstacle: what keeps it from running here, None where nothing does.
        beyond_cores: several processes run its files side by side, so many more than there are cores; None: one does.
    """

    name: str
    obstacle: Callable[[], str | None]
    beyond_cores: int | None = None

    @property
    def command(self) -> list[str]:
        """How it is run."""
        sharing = []
        if self.beyond_cores is not None:
            processes = min(len(os.sched_getaffinity(0)) + self.beyond_cores, MOST_PROCESSES)
            sharing = ["-n", str(processes)]
        # Of the other tiers nothing is imported, which takes a quarter of a minute.
        return [sys.executable, "-m", "pytest", "-q", *sharing, f"tests/{self.name}"]


MOST_PROCESSES = 5
"""Each may take two gigabytes with its models."""
TIERS = (
    Tier("unit", no_obstacle, beyond_cores=0),
    Tier("integration", language_data_obstacle, beyond_cores=1),  # mostly they wait for other processes
    Tier("docker", docker_obstacle),
    Tier("e2e", language_data_obstacle),
    Tier("corpus", corpus_obstacle, beyond_cores=0),
)
NO_TESTS_COLLECTED = 5


def _run(tier: Tier) -> tuple[bool, str]:
    """Whether the tier is all right, and a line about it."""
    obstacle = tier.obstacle()
    if obstacle is not None:
        is_required = is_everything_required()
        return not is_required, f"{'FAILED' if is_required else 'not run'}: {obstacle}"
    print(f"\n== {tier.name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(tier.command, cwd=ROOT, check=False)
    took = f"{time.monotonic() - started:.0f} s"
    if code.returncode == NO_TESTS_COLLECTED:
        return False, f"FAILED: there are no tests in tests/{tier.name}"
    return code.returncode == 0, f"passed in {took}" if code.returncode == 0 else f"FAILED in {took}"


def tests_of_no_tier() -> list[str]:
    """Files of tests outside of the folders of the tiers."""
    folders = {tier.name for tier in TIERS}
    files = [path.relative_to(ROOT / "tests") for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    return [str(file) for file in files if file.parts[0] not in folders]


def main(names: list[str]) -> int:
    """Run the named tiers, all without a name; returns the exit status."""
    unknown = set(names) - {tier.name for tier in TIERS}
    if unknown:
        print(f"no such tier: {', '.join(sorted(unknown))}; there are {', '.join(tier.name for tier in TIERS)}")
        return 64
    if homeless := tests_of_no_tier():
        print("these would never run, they lie in no tier's folder: " + ", ".join(homeless))
        return 1
    outcomes = {tier.name: _run(tier) for tier in TIERS if not names or tier.name in names}
    print("\nTiers:")
    for name, (_, line) in outcomes.items():
        print(f"  {name:<12} {line}")
    return 0 if all(is_right for is_right, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
