"""Given an official image with a Python that this host lacks, its wheels are fetched, and fit a base that has nothing.

The stand-in for the base has Debian's Python and nearly every package, so that it shows neither. No daemon is needed
here, but the package index is, as for every build of an image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

from tests.obstacles import ocr_python

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker/ocr"


@pytest.fixture(scope="module")
def host_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has pip and nothing else, as hosts have."""
    folder = tmp_path_factory.mktemp("host")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin/python"


def fetched(python: Path, image_python: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [str(python), str(FOLDER / "fetch_wheels.py"), image_python, str(FOLDER / "requirements.txt"), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return sorted(file.name for file in folder.iterdir())


def test_wheels_for_python_3_10_are_fetched_by_another_python(host_python: Path, tmp_path: Path) -> None:
    assert sys.version_info[:2] != (3, 10)
    names = fetched(host_python, "3.10", tmp_path / "wheels")
    assert any(name.startswith("exceptiongroup-") for name in names), "needed before Python 3.11 only"
    compiled = [name for name in names if "-cp3" in name and "-abi3-" not in name]
    assert any(name.startswith("pydantic_core-") for name in compiled)
    assert all("-cp310-cp310-" in name for name in compiled)
    assert len(names) == len({name.partition("-")[0] for name in names})


def test_a_base_without_any_of_the_packages_gets_all_that_the_service_needs(host_python: Path, tmp_path: Path) -> None:
    """With the Python of the real pipeline's environment, which is that of the official image where there is one."""
    base = tmp_path / "base"
    subprocess.run([str(ocr_python()), "-m", "venv", "--without-pip", str(base)], check=True)
    python = base / "bin/python"
    say_version = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    version = subprocess.run([python, "-c", say_version], capture_output=True, text=True, check=True).stdout.strip()
    wheels, added = tmp_path / "wheels", tmp_path / "added"
    names = fetched(host_python, version, wheels)
    # The one package that the script itself needs of the base.
    shutil.copytree(Path(packaging.__file__).parent, tmp_path / "own/packaging")

    done = subprocess.run(
        [python, FOLDER / "add_packages.py", wheels, added, FOLDER / "requirements.in"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "own")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("added  ") == len(names)
    service = subprocess.run(
        [python, "-c", "import ocr_tasks.service.server, pypdfium2, boto3, PIL.Image, numpy; print('imported')"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{added}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert service.stdout.strip() == "imported", service.stderr
