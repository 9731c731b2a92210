"""Given a machine or a change that CI cannot take, it says so at once and with the cure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("given", [None, "documents"])
def test_ci_without_the_real_documents_ends_before_it_installs_anything(tmp_path: Path, given: str | None) -> None:
    checkout = tmp_path / "checkout"
    checkout.joinpath(".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", checkout / ".ci/run")
    programs = tmp_path / "programs"
    programs.mkdir()
    # What the script needs to find itself, and nothing that could install.
    programs.joinpath("dirname").symlink_to(str(shutil.which("dirname")))
    environment = {name: value for name, value in os.environ.items() if name != "TENDERLAKE_CORPUS"}
    environment["PATH"] = str(programs)
    if given:
        environment["TENDERLAKE_CORPUS"] = str(tmp_path / given)
    expected = tmp_path / (given or "shared/corpus")

    ended = subprocess.run(
        [str(shutil.which("bash")), str(checkout / ".ci/run")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"no real documents in {expected}: set TENDERLAKE_CORPUS" in ended.stderr
    assert not ended.stdout


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("from datetime import UTC as UTC\n", 'Module "datetime" has no attribute "UTC"'),
        ("import tomllib as tomllib\n", 'module named "tomllib"'),
        ("try:\n    print()\nexcept* ValueError:\n    print()\n", "Cannot use `except*` on Python 3.10"),
        ("print()\n", None),
    ],
)
def test_lint_refuses_in_ocr_tasks_what_only_a_later_python_has(
    tmp_path: Path, code: str, complaint: str | None
) -> None:
    """The PaddleOCR-VL image has Python 3.10, the rest of the project and most machines a later one."""
    file = tmp_path / "ocr_tasks" / "later.py"
    file.parent.mkdir()
    file.write_text(f'"""A module."""\n\n{code}')
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    commands = ["ruff check --no-cache ocr_tasks", "mypy --python-version 3.10 ocr_tasks"]
    assert commands[1] in (ROOT / "Makefile").read_text()
    tools = Path(sys.executable).parent
    found = [
        subprocess.run([tools / name, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        for name, *arguments in map(str.split, commands)
    ]
    said = "".join(lint.stdout + lint.stderr for lint in found)
    assert any(lint.returncode for lint in found) == (complaint is not None), said
    assert complaint is None or complaint in said
