"""Given a lock for several Pythons, only what counts for the image's Python is fetched, whatever Python fetches it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "docker/ocr"
pins_for: Callable[[str, str], list[str]] = runpy.run_path(str(FOLDER / "fetch_wheels.py"))["pins_for"]


def test_a_pin_counts_for_the_python_of_the_image_and_for_linux() -> None:
    lock = """\
# a comment
same==1.0
older==1.0 ; python_full_version < '3.11'
newer==2.0 ; python_full_version >= '3.11'
patch==1.0 ; python_full_version < '3.11.5'
patch==2.0 ; python_full_version >= '3.11.5'
windows==1.0 ; sys_platform == 'win32'
kept==1.0 ; python_full_version < '3.11' and implementation_name != 'PyPy'  # because
with-extra[standard]==1.0
"""
    ten = ["same==1.0", "older==1.0", "patch==1.0", "kept==1.0", "with-extra==1.0"]
    assert pins_for("3.10.19", lock) == pins_for("3.10", lock) == ten
    assert pins_for("3.11.4", lock) == ["same==1.0", "newer==2.0", "patch==1.0", "with-extra==1.0"]
    assert pins_for("3.11.9", lock) == ["same==1.0", "newer==2.0", "patch==2.0", "with-extra==1.0"]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12.1"])
def test_the_lock_of_the_image_pins_each_package_once(version: str) -> None:
    requirements = [Requirement(pin) for pin in pins_for(version, (FOLDER / "requirements.txt").read_text())]
    names = [requirement.name for requirement in requirements]
    assert len(names) == len(set(names))
    wanted = {
        Requirement(line).name
        for line in (FOLDER / "requirements.in").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    }
    assert wanted <= set(names)
