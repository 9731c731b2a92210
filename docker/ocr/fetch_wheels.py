"""Fetches the wheels of a universal lock for an image's Python: ``fetch_wheels.py PYTHON_VERSION LOCK FOLDER``.

pip takes ``--python-version`` for what it downloads, and still evaluates the lock's markers for the Python it runs in:
with another one it would look for versions that the image cannot have. So the lock is narrowed to the image's Python
first. Runs on the host that builds the image, with pip's own configuration there, in any Python that has pip.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from packaging.requirements import Requirement
except ImportError:  # a host that has nothing but pip has the one that pip brings
    from pip._vendor.packaging.requirements import Requirement

# An old enough glibc of Linux on x86_64, which the official images are for.
_PLATFORMS = [*(f"manylinux_2_{glibc}_x86_64" for glibc in (36, 35, 34, 31, 28, 27, 24, 17)), "manylinux2014_x86_64"]
_IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}


def main(python_version: str, lock: Path, folder: Path) -> int:
    """Fetch them; returns the exit status of pip.

    Args:
        python_version: Of the image, such as ``3.10.19``; two numbers stand for the first release.
        lock: Pinned requirements with markers.
        folder: Gets the wheels.
    """
    with tempfile.TemporaryDirectory() as temporary:
        narrowed = Path(temporary, lock.name)
        narrowed.write_text("".join(f"{pin}\n" for pin in pins_for(python_version, lock.read_text())))
        platforms = [f"--platform={platform}" for platform in _PLATFORMS]
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python_version, *platforms),
            *("--dest", str(folder), "-r", str(narrowed)),
        ]
        return subprocess.run(command, check=False).returncode


def pins_for(python_version: str, lock: str) -> list[str]:
    """Those pins of a lock that count for a version of Python, without their markers."""
    numbers = python_version.split(".")
    environment = _IMAGE | {
        "python_version": ".".join(numbers[:2]),
        "python_full_version": ".".join([*numbers, "0"][:3]),
        "implementation_version": ".".join([*numbers, "0"][:3]),
        "extra": "",
    }
    pins = []
    for line in lock.splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            pins.append(f"{requirement.name}{requirement.specifier}")
    return pins


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(Path, sys.argv[2:])))
