"""Runs the tiers of the tests round by round, and says which ran: ``python -m tests.tiers [TIER …]``.

A tier that the machine does not allow is named with the reason. With TENDERLAKE_REQUIRE_ALL_TIERS=1 it is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
    """

    name: str
    obstacle: Callable[[], str | None]


@dataclass(frozen=True)
class Round:
    """Tiers whose tests run at the same time.

    Args:
        tiers: their names.
        beyond_cores: so many more processes than there are cores run their files side by side; None: one does.
    """

    tiers: tuple[str, ...]
    beyond_cores: int | None = None

    def command(self, names: Sequence[str]) -> list[str]:
        """How some of its tiers are run."""
        sharing = []
        if self.beyond_cores is not None:
            processes = min(len(os.sched_getaffinity(0)) + self.beyond_cores, MOST_PROCESSES)
            sharing = ["-n", str(processes)]
        # Of the other tiers nothing is imported, which takes a quarter of a minute.
        return [sys.executable, "-m", "pytest", "-q", *sharing, *(f"tests/{name}" for name in names)]


MOST_PROCESSES = 5
"""Each may take two gigabytes with its models."""
TIERS = {
    tier.name: tier
    for tier in (
        Tier("unit", no_obstacle),
        Tier("integration", language_data_obstacle),
        Tier("e2e", language_data_obstacle),
        Tier("docker", docker_obstacle),
        Tier("corpus", corpus_obstacle),
    )
}
ROUNDS = (
    Round(("unit",), beyond_cores=0),
    Round(("integration", "e2e"), beyond_cores=1),  # mostly they wait for other processes
    Round(("docker",)),
    Round(("corpus",), beyond_cores=0),  # has an Airflow of its own, so e2e is elsewhere
)


def _run(round: Round, names: Sequence[str]) -> Iterator[tuple[str, bool, str]]:
    """Of each named tier of the round: its name, whether it is all right, and a line about it."""
    able = []
    for name in names:
        if (obstacle := TIERS[name].obstacle()) is None:
            able.append(name)
        else:
            is_required = is_everything_required()
            yield name, not is_required, f"{'FAILED' if is_required else 'not run'}: {obstacle}"
    if not able:
        return
    print(f"\n== {', '.join(able)}", flush=True)
    started = time.monotonic()
    code = subprocess.run(round.command(able), cwd=ROOT, check=False).returncode
    took = f"in {time.monotonic() - started:.0f} s" + (" together" if len(able) > 1 else "")
    for name in able:
        yield name, code == 0, f"passed {took}" if code == 0 else f"FAILED {took}"


def gaps() -> Iterator[str]:
    """What would make tests run never: files of tests in no tier's folder, tiers in no round, or without tests."""
    files = [path.relative_to(ROOT / "tests") for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    yield from (f"tests/{file} lies in no tier's folder" for file in files if file.parts[0] not in TIERS)
    yield from (f"there are no tests in tests/{name}" for name in set(TIERS) - {file.parts[0] for file in files})
    yield from (
        f"the tier {name} is in no round" for name in set(TIERS) - {name for one in ROUNDS for name in one.tiers}
    )


def main(names: list[str]) -> int:
    """Run the named tiers, all without a name; returns the exit status."""
    if unknown := set(names) - set(TIERS):
        print(f"no such tier: {', '.join(sorted(unknown))}; there are {', '.join(TIERS)}")
        return 64
    if found := list(gaps()):
        print("\n".join(found))
        return 1
    chosen = [(one, [name for name in one.tiers if not names or name in names]) for one in ROUNDS]
    outcomes = [outcome for one, wanted in chosen for outcome in _run(one, wanted)]
    print("\nTiers:")
    for name, _, line in outcomes:
        print(f"  {name:<12} {line}")
    return 0 if all(is_right for _, is_right, _ in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
