"""Given the parts of an archive in the inbox, this is what the lake holds, in whatever order they come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tenderlake.discovery import discover, is_anything_new
from tenderlake.lake.schema import SOURCES
from tenderlake.runs import RunOptions
from tenderlake.storage import Storage
from tests import pipeline
from tests.archives import cut, rar_parts_of, seven_zip_of, zip_of, zip_parts_of
from tests.integration.test_archive_runs import CONTRACT, ESTIMATE, layout, markdown, put, states
from tests.integration.test_pipeline import rows

pytestmark = pytest.mark.integration

FILES = {"Проект.pdf": CONTRACT, "Смета.pdf": ESTIMATE}
RAR = rar_parts_of(FILES, (len(CONTRACT) + len(ESTIMATE)) // 3 + 1)
SEVEN_ZIP = cut(seven_zip_of(FILES), 2000)
ZIP = zip_parts_of(FILES, 5000)


def reasons(storage: Storage) -> dict[str, str]:
    return {row["source_key"].removeprefix("inbox/"): row["state_reason"] for row in rows(storage, layout(), SOURCES)}


def test_the_parts_of_archives_are_joined(storage: Storage) -> None:
    for number, part in enumerate(RAR, start=1):
        put(storage, f"a/x.part{number}.rar", part)
    for number, part in enumerate(SEVEN_ZIP, start=1):
        put(storage, f"b/y.7z.{number:03d}", part)
    inner = {f"z.z{number:02d}": part for number, part in enumerate(ZIP[:-1], start=1)} | {"z.zip": ZIP[-1]}
    put(storage, "c/все.zip", zip_of(inner))
    published = pipeline.run(storage, layout(batch_documents=1), "run")
    assert not published.left_reasons
    found = states(storage)
    assert {path: found.pop(path) for path in list(found) if path.endswith(".pdf")} == {
        "a/x.part1.rar/Проект.pdf": "published",
        "a/x.part1.rar/Смета.pdf": "published",
        "b/y.7z.001/Проект.pdf": "skipped_duplicate",
        "b/y.7z.001/Смета.pdf": "skipped_duplicate",
        "c/все.zip/z.zip/Проект.pdf": "skipped_duplicate",
        "c/все.zip/z.zip/Смета.pdf": "skipped_duplicate",
    }
    assert len(found) == len(RAR) + len(SEVEN_ZIP) + len(ZIP) + 1
    assert set(found.values()) == {"unpacked"}
    assert reasons(storage)["a/x.part2.rar"] == "a part of a/x.part1.rar: what is in it stands there"
    assert pipeline.take(storage, layout(), "again").source_count == 0


@pytest.mark.parametrize("late", [1, 3])
def test_a_part_that_comes_later_brings_the_others_along(storage: Storage, late: int) -> None:
    for number, part in enumerate(RAR, start=1):
        if number != late:
            put(storage, f"x.part{number}.rar", part)
    pipeline.run(storage, layout(), "first")
    first = states(storage)
    if late == 3:  # nothing but the archive itself says that there is another part
        assert first["x.part1.rar/Смета.pdf"] == "quarantined_corrupt"
    else:
        assert set(first.values()) == {"quarantined_corrupt"}
        assert all(f"x.part{late}.rar" in reason for reason in reasons(storage).values())
    assert pipeline.take(storage, layout(), "nothing new").source_count == 0
    put(storage, f"x.part{late}.rar", RAR[late - 1])
    pipeline.run(storage, layout(max_documents=1), "second")
    assert states(storage) == {
        **{f"x.part{number}.rar": "unpacked" for number in range(1, 4)},
        "x.part1.rar/Проект.pdf": "published",
        "x.part1.rar/Смета.pdf": "published",
    }
    assert markdown(storage) == {"x.part1.rar/Проект.pdf.md", "x.part1.rar/Смета.pdf.md"}
    assert not list(storage.list_objects("quarantine/"))
    assert pipeline.take(storage, layout(), "again").source_count == 0


def test_two_runs_never_share_the_parts_of_an_archive(storage: Storage) -> None:
    put(storage, "x.part1.rar", RAR[0])

    def taken_by(run: str, running: set[str]) -> int:
        options = RunOptions(engine="null")
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return discover(storage, layout(), run, options, now=now, is_running=running.__contains__).source_count

    assert taken_by("one", set()) == 1
    put(storage, "x.part2.rar", RAR[1])
    assert not is_anything_new(storage, layout(), RunOptions(engine="null"), is_running={"one"}.__contains__)
    assert taken_by("two", {"one"}) == 0
    assert taken_by("three", set()) == 2


def test_a_damaged_archive_of_pieces_says_that_some_may_be_missing(storage: Storage) -> None:
    put(storage, "y.7z.001", SEVEN_ZIP[0])
    put(storage, "y.7z.002", SEVEN_ZIP[1])
    pipeline.run(storage, layout(), "run")
    assert states(storage) == {"y.7z.001": "quarantined_corrupt", "y.7z.002": "quarantined_corrupt"}
    assert "If there are parts after y.7z.002, put them beside it" in reasons(storage)["y.7z.001"]
    assert reasons(storage)["y.7z.002"].startswith("a part of y.7z.001: ")
