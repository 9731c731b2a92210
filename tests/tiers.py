"""Runs the tiers of the tests one after the other, and says which ran: ``python -m tests.tiers [TIER …]``.

A tier that the machine does not allow is named with the reason. With TENDERLAKE_REQUIRE_ALL_TIERS=1 it is a failure.
"""

from __future__ import annotations

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
    """One tier: what keeps it from running here, None where nothing does."""

    name: str
    obstacle: Callable[[], str | None]


TIERS = (
    Tier("unit", no_obstacle),
    Tier("integration", language_data_obstacle),
    Tier("docker", docker_obstacle),
    Tier("e2e", language_data_obstacle),
    Tier("corpus", corpus_obstacle),
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
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", "-m", tier.name, "tests"], cwd=ROOT, check=False)
    took = f"{time.monotonic() - started:.0f} s"
    if code.returncode == NO_TESTS_COLLECTED:
        return False, f"FAILED: no test carries the marker {tier.name}"
    return code.returncode == 0, f"passed in {took}" if code.returncode == 0 else f"FAILED in {took}"


def main(names: list[str]) -> int:
    """Run the named tiers, all without a name; returns the exit status."""
    unknown = set(names) - {tier.name for tier in TIERS}
    if unknown:
        print(f"no such tier: {', '.join(sorted(unknown))}; there are {', '.join(tier.name for tier in TIERS)}")
        return 64
    outcomes = {tier.name: _run(tier) for tier in TIERS if not names or tier.name in names}
    print("\nTiers:")
    for name, (_, line) in outcomes.items():
        print(f"  {name:<12} {line}")
    return 0 if all(is_right for is_right, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
