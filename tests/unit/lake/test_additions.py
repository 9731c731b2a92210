"""Rows that are added to a file of the lake: in how many pieces they are written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenderlake.lake.additions import Additions
from tenderlake.lake.rows import SourceRow, to_table
from tenderlake.lake.schema import SOURCES
from tenderlake.states import SourceState

pytestmark = pytest.mark.unit

NIGHT = datetime(2026, 4, 20, tzinfo=UTC)


def source(number: int) -> SourceRow:
    return SourceRow(
        source_key=f"inbox/{number:04d}.pdf",
        etag="e",
        size_bytes=1,
        last_modified=NIGHT,
        archive_path=None,
        document_id=None,
        state=SourceState.SKIPPED_EMPTY,
        state_reason=None,
        tender_id=None,
        run_id="run",
        first_seen_at=NIGHT,
        finished_at=NIGHT,
    )


def test_a_night_that_is_copied_as_it_is_comes_in_one_piece_and_not_in_one_for_each_source(tmp_path: Path) -> None:
    # Each piece takes a millisecond, and a night of a backlog holds a hundred thousand of them.
    rows = to_table(SOURCES, [source(number) for number in range(500)])
    additions = Additions.spilled(tmp_path / "rows.arrow", SOURCES, [rows])
    (piece,) = additions.whole()
    assert piece.rows.equals(rows)
    assert len(list(additions.stretches())) == 500


def test_rows_that_come_in_any_order_leave_in_that_of_the_table(tmp_path: Path) -> None:
    rows = to_table(SOURCES, [source(number) for number in (3, 0, 1, 2)])
    additions = Additions.spilled(tmp_path / "rows.arrow", SOURCES, [rows])
    for pieces in (additions.whole(), additions.stretches()):
        keys = [key for piece in pieces for key in piece.rows["source_key"].to_pylist()]
        assert keys == [f"inbox/{number:04d}.pdf" for number in range(4)]
