"""Given pages with text and pictures, and engines that fail on them, the lake holds all text that there is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tenderlake.lake.reading import iter_table
from tenderlake.lake.schema import DOCUMENTS, PAGES, SOURCES
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline
from tests.pdfs import RUSSIAN, digital_pdf, file_of, printed, put_picture, scanned_pdf, write, write_lines

pytestmark = pytest.mark.integration

TEXT = " ".join(RUSSIAN)
BELOW = "Приложение к настоящему контракту составлено в двух экземплярах."
FAILING = Settings(engine="faulty", engine_options={"fault": "exception"})


def rows(storage: Storage, layout: Layout, table: Any) -> list[dict[str, Any]]:
    return list(pa.concat_tables(part for _, part in iter_table(storage, layout, table)).to_pylist())


def run(storage: Storage, settings: Settings, document: Any) -> tuple[Layout, dict[str, Any], dict[str, Any]]:
    """One document through all stages: the row of the document and that of its only page."""
    storage.put_bytes("inbox/contract.pdf", document.tobytes(), "application/pdf")
    document.close()
    layout = Layout(settings)
    pipeline.run(storage, layout, "run-1")
    (row,), (page,) = rows(storage, layout, DOCUMENTS), rows(storage, layout, PAGES)
    return layout, row, page


def contract_with_scanned_table() -> Any:
    document = digital_pdf()
    put_picture(document[0], file_of(printed(size_pt=(460, 250))), (70, 300, 530, 550))
    write(document[0], BELOW, (70, 600))
    return document


def test_a_mixed_page_has_exact_text_and_what_its_pictures_say(storage: Storage) -> None:
    settings = Settings(engine="null", engine_options={"text": "прочитано на картинке"})
    layout, document, page = run(storage, settings, contract_with_scanned_table())
    assert page["text"] == f"{TEXT}\n\nпрочитано на картинке\n\n{BELOW}"
    assert (page["text_source"], page["engine"], page["quality_flags"]) == ("ocr", "null", ["mixed_page"])
    assert page["ocr_seconds"] is not None
    assert (document["native_pages"], document["ocr_pages"], document["failed_pages"]) == (0, 1, 0)
    assert rows(storage, layout, SOURCES)[0]["state"] == "published"


def test_a_contract_whose_seal_cannot_be_read_keeps_its_text_and_says_so(storage: Storage) -> None:
    layout, document, page = run(storage, FAILING, contract_with_scanned_table())
    assert page["text"] == f"{TEXT}\n\n{BELOW}"
    assert page["text_source"] == "native"
    assert page["quality_flags"] == ["mixed_page", "pictures_not_read"]
    assert document["failed_pages"] == 0
    assert document["quality_grade"] != "good"
    source = rows(storage, layout, SOURCES)[0]
    assert source["state"] == "published_with_failed_pages"
    assert "page 1: the pictures on it could not be read" in source["state_reason"]
    assert "Page 1 was not read in full" in storage.get_bytes("markdown/contract.pdf.md").decode()


def test_the_pictures_are_read_again_when_asked(storage: Storage) -> None:
    layout, *_ = run(storage, FAILING, contract_with_scanned_table())
    again = pipeline.take(storage, layout, "run-2", reprocess="failed_pages")
    assert sum(len(shard.pages) for shard in pipeline.prepare_and_plan(storage, layout, again)) == 1


def test_a_scan_that_cannot_be_read_has_the_text_of_its_old_ocr(storage: Storage) -> None:
    document = scanned_pdf()
    write_lines(document[0], RUSSIAN, hidden=True)
    layout, row, page = run(storage, FAILING, document)
    assert page["text"] == TEXT
    assert page["text_source"] == "native"
    assert {"hidden_text_layer", "earlier_ocr_taken"} <= set(page["quality_flags"])
    assert row["quality_grade"] != "good"
    source = rows(storage, layout, SOURCES)[0]
    assert source["state"] == "published_with_failed_pages"
    assert "its text is that of an earlier OCR" in source["state_reason"]


def test_a_scan_that_can_be_read_has_nothing_of_its_old_ocr(storage: Storage) -> None:
    document = scanned_pdf()
    write_lines(document[0], RUSSIAN, hidden=True)
    _, _, page = run(storage, Settings(engine="null", engine_options={"text": "прочитано"}), document)
    assert (page["text"], page["text_source"]) == ("прочитано", "ocr")
    assert page["quality_flags"] == ["hidden_text_layer"]
