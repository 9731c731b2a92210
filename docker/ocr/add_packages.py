"""Adds packages to an image without changing a single one that it has: ``add_packages.py WHEELS TARGET REQUIREMENTS``.

Runs inside the base image, when docker/ocr/Dockerfile is built. Of the wheels in a folder, those whose package the
Python here lacks are unpacked into TARGET; pip is not needed, and could replace what PaddleOCR depends on. Then every
requirement, of the added packages and of the file, is checked against the versions that will really be there.
"""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename


def main(wheels: Path, target: Path, requirements: Path) -> int:
    """Add what is missing; returns the exit status."""
    target.mkdir(parents=True)
    supported = set(sys_tags())
    files = sorted(wheels.glob("*.whl"))
    if not files:
        print("no wheels to add: build with docker/ocr/build.sh, which fetches them", file=sys.stderr)
        return 1
    for wheel in files:
        name, wheel_version, _, tags = parse_wheel_filename(wheel.name)
        try:
            print(f"kept   {name} {version(name)}")
        except PackageNotFoundError:
            if not tags & supported:
                print(f"{wheel.name} is not for Python {sys.version.split()[0]} here", file=sys.stderr)
                return 1
            _unpack(wheel, target)
            print(f"added  {name} {wheel_version}")
    sys.path.append(str(target))
    problems = [*_unmet(requirements.read_text().splitlines(), "ocr_tasks")]
    for added in distributions(path=[str(target)]):
        problems += _unmet(added.requires or [], _name(added))
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


def _unpack(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        # Scripts, headers and the like, which nothing here runs.
        members = [name for name in archive.namelist() if ".data/" not in name]
        if any(".data/purelib/" in name or ".data/platlib/" in name for name in archive.namelist()):
            raise SystemExit(f"{wheel.name} has modules outside of its root: it has to be installed by pip")
        archive.extractall(target, members)


def _unmet(lines: list[str], needed_by: str) -> list[str]:
    """What of some requirements is not there, in sentences."""
    problems = []
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = distribution(requirement.name).version
        except PackageNotFoundError:
            problems.append(f"{needed_by} needs {requirement}, which is neither in the base image nor among the wheels")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            problems.append(
                f"{needed_by} needs {requirement}, and the base image has {found}: pin an older {needed_by}"
            )
    return problems


def _name(found: Distribution) -> str:
    return str(found.metadata["Name"])


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
