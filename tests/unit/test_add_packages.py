"""Given a Python and some wheels, only packages that it lacks are added; what would not fit stops the build."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

SCRIPT = Path(__file__).parents[2] / "docker/ocr/add_packages.py"


class Wheels:
    """A folder of small wheels for this Python."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.target, self.requirements = folder / "wheels", folder / "target", folder / "requirements.in"
        self.folder.mkdir()
        self.requirements.write_text("# nothing\n")

    def add(self, name: str, version: str, *requires: str, tag: str = "py3-none-any", extra: str = "") -> None:
        info = f"{name}-{version}.dist-info"
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        with zipfile.ZipFile(self.folder / f"{name}-{version}-{tag}.whl", "w") as archive:
            archive.writestr(f"{name}/__init__.py", f"version = {version!r}\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
            archive.writestr(f"{info}/RECORD", "")
            if extra:
                archive.writestr(f"{name}-{version}.data/{extra}", "")

    def install(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SCRIPT), str(self.folder), str(self.target), str(self.requirements)],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def wheels(tmp_path: Path) -> Wheels:
    return Wheels(tmp_path)


def test_what_is_there_is_kept_and_what_is_missing_is_added(wheels: Wheels) -> None:
    wheels.add("pydantic", "99.0")
    wheels.add("tenderlake_sample", "1.0", "pydantic>=2", 'no-such-package; python_version < "3"')
    wheels.requirements.write_text("pydantic\ntenderlake-sample>=1  # a comment\n")
    done = wheels.install()
    assert done.returncode == 0, done.stderr
    assert "added  tenderlake-sample 1.0" in done.stdout
    assert "kept   pydantic 2" in done.stdout
    assert sorted(path.name for path in wheels.target.iterdir()) == [
        "tenderlake_sample",
        "tenderlake_sample-1.0.dist-info",
    ]


def test_a_base_that_is_too_old_for_an_added_package_stops_the_build(wheels: Wheels) -> None:
    wheels.add("tenderlake_sample", "1.0", "pydantic>=50")
    done = wheels.install()
    assert done.returncode == 1
    assert "tenderlake_sample needs pydantic>=50, and the base image has 2" in done.stderr


def test_a_requirement_that_nobody_brings_stops_the_build(wheels: Wheels) -> None:
    wheels.add("tenderlake_sample", "1.0", "no-such-package")
    wheels.requirements.write_text("another-missing<2\n")
    done = wheels.install()
    assert done.returncode == 1
    assert (
        "tenderlake_sample needs no-such-package, which is neither in the base image nor among the wheels"
        in done.stderr
    )
    assert "ocr_tasks needs another-missing<2" in done.stderr


def test_a_wheel_for_another_python_stops_the_build(wheels: Wheels) -> None:
    wheels.add("tenderlake_sample", "1.0", tag="cp27-cp27m-win32")
    done = wheels.install()
    assert done.returncode == 1
    assert "is not for Python" in done.stderr


def test_a_wheel_that_pip_would_have_to_rearrange_stops_the_build(wheels: Wheels) -> None:
    wheels.add("tenderlake_sample", "1.0", extra="purelib/hidden.py")
    assert "has to be installed by pip" in wheels.install().stderr


def test_no_wheels_at_all_say_how_to_build(wheels: Wheels) -> None:
    done = wheels.install()
    assert done.returncode == 1
    assert "docker/ocr/build.sh" in done.stderr
