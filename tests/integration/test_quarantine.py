"""Quarantine as an operator works with it: notes that say what to do, taken again by state, and gone when mended."""

from __future__ import annotations

import json
import logging

import pytest

from tenderlake.lake.reading import known_sources
from tenderlake.layout import Layout
from tenderlake.publishing import QuarantineNote
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage
from tests import pipeline
from tests.officefiles import scan
from tests.pdfs import digital_pdf

pytestmark = pytest.mark.integration

BROKEN_ENGINE = Layout(Settings(engine="faulty", engine_options={"fault": "exception", "fault_page_number": 1}))
ENGINE = Layout(Settings(engine="null", engine_options={"text": "прочитано"}))


def put(storage: Storage, path: str, data: bytes) -> None:
    storage.put_bytes(f"inbox/{path}", data, "application/octet-stream")


def states(storage: Storage) -> dict[str, str]:
    rows = (row for batch in known_sources(storage, ENGINE) for row in batch.to_pylist())
    return {row["source_key"].removeprefix("inbox/"): row["state"] for row in rows}


def notes(storage: Storage) -> dict[str, QuarantineNote]:
    return {item.key: storage.get_model(item.key, QuarantineNote) for item in storage.list_objects("quarantine/")}


def counted(storage: Storage, run_id: str) -> dict[str, int]:
    """What the report of a run says is in quarantine."""
    report = json.loads(storage.get_bytes(f"reports/{run_id}/report.json"))
    return {count["state"]: count["sources"] for count in report["quarantine"]}


def test_sources_are_taken_again_by_their_state_and_what_is_mended_loses_its_note(storage: Storage) -> None:
    pdf = bytes(digital_pdf().tobytes())
    put(storage, "44/скан.png", scan())
    put(storage, "44/обрезан.pdf", pdf[:300])
    pipeline.run(storage, BROKEN_ENGINE, "run-1")
    assert states(storage) == {"44/скан.png": "quarantined_ocr_failed", "44/обрезан.pdf": "quarantined_corrupt"}
    found = notes(storage)
    assert set(found) == {
        "quarantine/quarantined_ocr_failed/44/скан.png.json",
        "quarantine/quarantined_corrupt/44/обрезан.pdf.json",
    }
    for note in found.values():
        assert (note.reason, note.advice, note.run_id) == (note.reason or None, note.state.advice or None, "run-1")
    assert {note.stage for note in found.values()} == {"ocr", "prepare"}

    # The engine is mended: all that it failed on is taken again, and nothing else.
    assert pipeline.take(storage, ENGINE, "probe").source_count == 0
    pipeline.run(storage, ENGINE, "run-2", states=(SourceState.QUARANTINED_OCR_FAILED,))
    assert states(storage) == {"44/скан.png": "published", "44/обрезан.pdf": "quarantined_corrupt"}
    assert set(notes(storage)) == {"quarantine/quarantined_corrupt/44/обрезан.pdf.json"}
    assert counted(storage, "run-1") == {"quarantined_corrupt": 1, "quarantined_ocr_failed": 1}
    assert counted(storage, "run-2") == {"quarantined_corrupt": 1}

    # The file is mended: it goes the way of every new one.
    put(storage, "44/обрезан.pdf", pdf)
    pipeline.run(storage, ENGINE, "run-3")
    assert set(states(storage).values()) == {"published"}
    assert (notes(storage), counted(storage, "run-3")) == ({}, {})
    assert storage.exists("markdown/44/обрезан.pdf.md")


def test_the_log_of_each_stage_says_what_became_of_a_source_and_why(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    put(storage, "44/обрезан.pdf", bytes(digital_pdf().tobytes())[:300])
    put(storage, "44/целый.pdf", bytes(digital_pdf().tobytes()))
    with caplog.at_level(logging.INFO, logger="tenderlake"):
        pipeline.run(storage, ENGINE, "run-1")
    said = {record.name: record.getMessage() for record in caplog.records if "обрезан" in record.getMessage()}
    assert set(said) >= {"tenderlake.preparation", "tenderlake.assembly"}
    for line in said.values():
        assert line.startswith("44/обрезан.pdf: quarantined_corrupt: the PDF ")
    assert ("tenderlake.assembly", logging.INFO, "44/целый.pdf: published") in caplog.record_tuples
