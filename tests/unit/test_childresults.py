"""Given the folder that a child left, it is believed only where everything in it makes sense."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tenderlake.childresults import UnbelievableError, read_manifest, read_outcome
from tenderlake.documents import MANIFEST_NAME, NATIVE_PAGES_NAME, DocumentManifest, PrepareLimits, PrepareOptions
from tenderlake.intake import prepare_document
from tenderlake.zygote import OUTCOME_NAME, Outcome, Request
from tests.pdfs import digital_pdf, file_of, new_page, printed, put_picture, saved

pytestmark = pytest.mark.unit

OPTIONS = PrepareOptions(dpi=72)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """What an honest child leaves of a digital page and a scan."""
    document = digital_pdf()
    put_picture(new_page(document), file_of(printed(dpi=72)))
    path = saved(document, tmp_path / "tender.pdf")
    folder = tmp_path / "out"
    outcome = prepare_document(path, folder, document_id="d0c", options=OPTIONS, limits=PrepareLimits())
    assert isinstance(outcome, DocumentManifest)
    (folder / OUTCOME_NAME).write_text(Outcome().model_dump_json())
    return folder


def believed(folder: Path, *, document_id: str = "d0c", options: PrepareOptions = OPTIONS) -> DocumentManifest:
    request = Request(path="/in", output=str(folder), document_id=document_id, options=options, limits=PrepareLimits())
    assert read_outcome(folder) == Outcome()
    return read_manifest(request, folder)


def test_an_honest_result_is_believed(output: Path) -> None:
    assert [page.image_name for page in believed(output).pages] == [None, "page-000002.jpg"]
    assert not (output / OUTCOME_NAME).exists()


def replace_by_link(path: Path) -> None:
    target = path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(target)


def swap(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


LIES: dict[str, Callable[[Path], object]] = {
    "no outcome": lambda folder: (folder / OUTCOME_NAME).unlink(),
    "an outcome that is a link": lambda folder: replace_by_link(folder / OUTCOME_NAME),
    "an outcome of something else": lambda folder: (folder / OUTCOME_NAME).write_text('{"ok": true}'),
    "no manifest": lambda folder: (folder / MANIFEST_NAME).unlink(),
    "half a manifest": lambda folder: os.truncate(folder / MANIFEST_NAME, 200),
    "a manifest that is a link": lambda folder: replace_by_link(folder / MANIFEST_NAME),
    "a manifest of another document": lambda folder: swap(folder / MANIFEST_NAME, '"d0c"', '"0ther"'),
    "pages out of order": lambda folder: swap(folder / MANIFEST_NAME, '"page_number":2', '"page_number":7'),
    "an image outside the folder": lambda folder: swap(folder / MANIFEST_NAME, "page-000002", "../page-000002"),
    "an image of another page": lambda folder: swap(folder / MANIFEST_NAME, "page-000002", "page-000001"),
    "an image that is not there": lambda folder: (folder / "page-000002.jpg").unlink(),
    "an image that is a link": lambda folder: replace_by_link(folder / "page-000002.jpg"),
    "an image with two names": lambda folder: os.link(folder / "page-000002.jpg", folder.parent / "second-name"),
    "an image that was cut": lambda folder: os.truncate(folder / "page-000002.jpg", 100),
    "a file too many": lambda folder: (folder / "page-000003.jpg").write_bytes(b"x"),
    "no native pages": lambda folder: (folder / NATIVE_PAGES_NAME).write_text(""),
    "native pages of another document": lambda folder: swap(folder / NATIVE_PAGES_NAME, '"d0c"', '"0ther"'),
    "native pages that are no pages": lambda folder: (folder / NATIVE_PAGES_NAME).write_text("{}\n"),
    "a native page with another number": lambda folder: swap(
        folder / NATIVE_PAGES_NAME, '"page_number":1', '"page_number":2'
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_believed(output: Path, lie: str) -> None:
    LIES[lie](output)
    with pytest.raises(UnbelievableError):
        believed(output)


def test_a_result_for_other_options_is_not_believed(output: Path) -> None:
    with pytest.raises(UnbelievableError):
        believed(output, options=PrepareOptions(dpi=300))
