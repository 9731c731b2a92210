"""Given the parts of one archive, they are found by their names and unpacked as one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.documents import PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.intake import prepare_document
from tenderlake.states import SourceState
from tenderlake.volumes import PartSet, part_sets
from tests.archives import rar_of, rar_parts_of, zip_of, zip_parts_of

pytestmark = pytest.mark.unit


def noise(size: int) -> bytes:
    """Bytes that nothing makes smaller."""
    return hashlib.shake_128(str(size).encode()).digest(size)


MEMBERS = {
    "Проект контракта.docx": noise(4000),
    "empty.txt": b"",
    "Смета.xlsx": noise(7200),
}


def opened(
    folder: Path, names: Sequence[str], parts: Sequence[bytes], limits: PrepareLimits | None = None
) -> dict[str, bytes | SourceState] | Rejection:
    """What comes out of parts with these names: path of each member -> its bytes, or the state it ends in."""
    files = dict(zip(names, parts, strict=True))
    (unit,) = part_sets(sorted(files), lambda name: name)
    assert isinstance(unit, PartSet)
    source = folder / "parts"
    source.mkdir()
    for name, neutral in zip(unit.parts, unit.neutral_names, strict=True):
        (source / neutral).write_bytes(files[name])
    outcome = prepare_document(
        source, folder / "out", document_id="d", options=PrepareOptions(), limits=limits or PrepareLimits()
    )
    if isinstance(outcome, Rejection):
        return outcome
    assert isinstance(outcome, Unpacking)
    return {
        member.archive_path: member.rejection.state
        if member.rejection
        else (folder / "out" / str(member.file_name)).read_bytes()
        for member in outcome.members
    }


@pytest.mark.parametrize(("has_new_names", "part_bytes"), [(True, 3000), (True, 700), (False, 3000), (False, 100)])
def test_the_parts_of_a_rar_are_one_archive(tmp_path: Path, has_new_names: bool, part_bytes: int) -> None:
    parts = rar_parts_of(MEMBERS, part_bytes, has_new_names=has_new_names)
    if has_new_names:
        names = [f"x.part{number:02d}.rar" for number in range(1, len(parts) + 1)]
    else:
        names = ["x.rar", *(f"x.{'rs'[number // 100]}{number % 100:02d}" for number in range(len(parts) - 1))]
    assert opened(tmp_path, names, parts) == MEMBERS


@pytest.mark.parametrize("part_bytes", [5000, 700, 150])
def test_the_parts_of_a_zip_are_one_archive(tmp_path: Path, part_bytes: int) -> None:
    parts = zip_parts_of(MEMBERS, part_bytes)
    names = [*(f"x.z{number:02d}" for number in range(1, len(parts))), "x.zip"]
    assert opened(tmp_path, names, parts) == MEMBERS


def test_whole_archives_are_not_changed_by_what_lies_beside_them(tmp_path: Path) -> None:
    for place, (names, whole) in enumerate(
        ((["x.z01", "x.zip"], zip_of(MEMBERS)), (["x.r00", "x.rar"], rar_of(MEMBERS)))
    ):
        folder = tmp_path / str(place)
        folder.mkdir()
        assert opened(folder, names, [b"something else", whole]) == MEMBERS


def test_a_missing_last_part_costs_what_is_in_it(tmp_path: Path) -> None:
    parts = rar_parts_of(MEMBERS, 5000)
    found = opened(tmp_path, ["x.part1.rar", "x.part2.rar"], parts[:2])
    assert isinstance(found, dict)
    assert found["Проект контракта.docx"] == MEMBERS["Проект контракта.docx"]
    assert found["Смета.xlsx"] is SourceState.QUARANTINED_CORRUPT


def test_a_zip_that_is_not_whole_says_what_it_lacks(tmp_path: Path) -> None:
    parts = zip_parts_of(MEMBERS, 4000)
    found = opened(tmp_path, ["x.z01", "x.zip"], [parts[0], parts[-1]])
    assert isinstance(found, Rejection)
    assert found.state is SourceState.QUARANTINED_CORRUPT
    assert f"an archive in {len(parts)} parts, of which 2 are there" in found.reason
    path = tmp_path / "alone"
    path.write_bytes(parts[-1])
    alone = prepare_document(path, tmp_path / "o", document_id="d", options=PrepareOptions(), limits=PrepareLimits())
    assert isinstance(alone, Rejection)
    assert f"the last of {len(parts)} parts" in alone.reason


def test_limits_count_for_all_parts_together(tmp_path: Path) -> None:
    parts = rar_parts_of(MEMBERS, 3000)
    names = [f"x.part{number}.rar" for number in range(1, len(parts) + 1)]
    found = opened(tmp_path, names, parts, PrepareLimits(max_unpacked_bytes=5000))
    assert isinstance(found, Rejection)
    assert found.state is SourceState.QUARANTINED_ARCHIVE_BOMB


@pytest.mark.parametrize(
    ("names", "main", "missing"),
    [
        (["a/x.part1.rar", "a/x.part2.rar"], "a/x.part1.rar", ()),
        (["x.PART01.RAR", "x.part03.rar"], "x.PART01.RAR", ("x.part02.rar",)),
        (["x.part2.rar"], None, ("x.part1.rar",)),
        (["x.rar", "x.r00", "x.r02"], "x.rar", ("x.r01",)),
        (["x.7z.001", "x.7z.002"], "x.7z.001", ()),
        (["x.7z.001"], "x.7z.001", ()),
        (["x.zip.002", "x.zip.004"], None, ("x.zip.001", "x.zip.003")),
        (["x.z01", "x.z03", "x.zip"], "x.zip", ("x.z02",)),
        (["x.z01"], None, ("x.zip",)),
    ],
)
def test_what_is_missing_has_a_name(names: list[str], main: str | None, missing: tuple[str, ...]) -> None:
    (unit,) = part_sets(names, lambda name: name)
    assert isinstance(unit, PartSet)
    assert (unit.main, unit.missing) == (main, missing)
    assert set(unit.parts) == set(names)


@pytest.mark.parametrize(
    "names",
    [
        ["x.rar"],
        ["x.zip"],
        ["a/x.zip", "b/x.z01.pdf"],
        ["x.r00"],
        ["Договор.001", "Договор.002"],
        ["a/x.rar", "b/x.r00"],
        ["ТЗ.v01", "ТЗ.v02", "ТЗ.docx"],
        ["x.zip", "y.zip", "x.rar"],
    ],
)
def test_other_files_stay_files_of_their_own(names: list[str]) -> None:
    assert part_sets(names, lambda name: name) == names


_SUFFIXES = st.sampled_from(
    [".zip", ".z01", ".z02", ".rar", ".r00", ".r01", ".part1.rar", ".part2.rar", ".7z.001", ".pdf"]
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a/b"]), _SUFFIXES).map("".join), max_size=30))
def test_no_file_is_lost_and_none_is_in_two_archives(names: list[str]) -> None:
    files = list(enumerate(names))  # the same name may come twice in an archive
    found: list[tuple[int, str]] = []
    for unit in part_sets(files, lambda file: file[1]):
        found += unit.parts if isinstance(unit, PartSet) else [unit]
    assert sorted(found) == files
