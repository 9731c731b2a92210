"""Broken, odd and malicious files: each ends in a typed outcome, in time, and the sandbox stays alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.sandbox import PrepareSandbox
from tenderlake.states import SourceState
from tests.obstacles import corpus_folder

pytestmark = pytest.mark.corpus

LIMITS = PrepareLimits(timeout_s=30, memory_bytes=2**30, max_pages=100, max_page_pixels=20_000_000)
OPTIONS = PrepareOptions(dpi=150)
SMALL = LIMITS.model_copy(update={"timeout_s": 3.0, "memory_bytes": 150 * 2**20})

STATES = {
    "pdfplumber-empty.pdf": SourceState.SKIPPED_EMPTY,
    "zipbomb-overlapping-546GB.zip": SourceState.QUARANTINED_ARCHIVE_BOMB,
    "tika-testODTEncrypted.odt": SourceState.QUARANTINED_ENCRYPTED,
    "ocrmypdf-invalid.pdf": SourceState.QUARANTINED_CORRUPT,
    "qpdf-empty.pdf": SourceState.QUARANTINED_CORRUPT,
    "qpdf-deep-pages.pdf": SourceState.QUARANTINED_CORRUPT,
    "pdfjs-poppler-85140-0.pdf": SourceState.QUARANTINED_CORRUPT,
    "pypdf-unreadablemetadata.pdf": SourceState.QUARANTINED_CORRUPT,
    "pillow-truncated_image.png": SourceState.QUARANTINED_CORRUPT,
    "pillow-truncated_jpeg.jpg": SourceState.QUARANTINED_CORRUPT,
    "pillow-crash-2020-10-test.tif": SourceState.QUARANTINED_CORRUPT,
    "pillow-oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": SourceState.QUARANTINED_CORRUPT,
    "pdfminer-rc4-40.pdf": SourceState.QUARANTINED_ENCRYPTED,
    "pdfminer-aes-256-r6.pdf": SourceState.QUARANTINED_ENCRYPTED,
    "pdfjs-saslprep-r6.pdf": SourceState.QUARANTINED_ENCRYPTED,
    "qpdf-enc-XI-R6_V5_U-view_attachments_cleartext-metadata.pdf": SourceState.QUARANTINED_ENCRYPTED,
    "pillow-decompression_bomb.gif": SourceState.QUARANTINED_TOO_LARGE,
    "ocrmypdf-livecycle.pdf": SourceState.QUARANTINED_CONVERSION_FAILED,
}
PAGES = {
    "corkami-AppleII.pdf": 1,
    "corkami-quine.pdf": 2,
    "ocrmypdf-cardinal.pdf": 4,
    "ocrmypdf-hugemono.pdf": 1,
    "ocrmypdf-poster.pdf": 1,
    "pdfjs-empty_protected.pdf": 1,
    "pdfjs-encrypted-attachment.pdf": 1,
    "pdfjs-poppler-90-0-fuzzed.pdf": 16,
    "pdfjs-rotation.pdf": 2,
    "pillow-exif-dpi-zerodivision.jpg": 1,
    "pillow-multipage_multiple_frame_loop.tiff": 2,
    "qpdf-bad1.pdf": 1,  # a word and no more: a text file
    "qpdf-issue-202.pdf": 10,
    "tika-testPDF_bad_page_303226.pdf": 19,
    "unstructured-copy-protected.pdf": 2,
    "unstructured-grid_offset_error.docx": 1,
    "docling-Strict.docx": 1,
    "docling-docx_external_image.docx": 1,
}


def prepare_all(folder: Path, limits: PrepareLimits) -> dict[str, DocumentManifest | Unpacking | Rejection]:
    with PrepareSandbox(limits) as sandbox:
        return {
            path.name: sandbox.prepare(path, folder / path.name, path.name, OPTIONS)
            for path in sorted((corpus_folder() / "hostile").iterdir())
        }


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DocumentManifest | Unpacking | Rejection]:
    return prepare_all(tmp_path_factory.mktemp("hostile"), LIMITS)


def test_every_file_ends_in_a_manifest_or_a_final_state(
    outcomes: dict[str, DocumentManifest | Unpacking | Rejection],
) -> None:
    assert len(outcomes) > 100
    for name, outcome in outcomes.items():
        if isinstance(outcome, DocumentManifest):
            assert outcome.pages, name
            assert any(page.image_name or page.kind == "native" for page in outcome.pages), name
        elif isinstance(outcome, Unpacking):
            assert outcome.members, name
        else:
            assert outcome.state.is_quarantined or outcome.state.is_skipped, name
            assert outcome.reason.strip(), name
            # Foreseen, every one of them: no crash, no unforeseen error, no result that makes no sense.
            assert not outcome.reason.startswith(("the PDF library", "reading it failed", "the process")), (
                name,
                outcome,
            )


@pytest.mark.parametrize("name", STATES)
def test_what_is_wrong_with_a_file_is_told(
    outcomes: dict[str, DocumentManifest | Unpacking | Rejection], name: str
) -> None:
    outcome = outcomes[name]
    assert isinstance(outcome, Rejection)
    assert outcome.state is STATES[name], outcome.reason


@pytest.mark.parametrize("name", PAGES)
def test_what_can_be_read_is_read_with_all_its_pages(
    outcomes: dict[str, DocumentManifest | Unpacking | Rejection], name: str
) -> None:
    outcome = outcomes[name]
    assert isinstance(outcome, DocumentManifest), outcome
    assert len(outcome.pages) == PAGES[name]


def test_with_little_time_and_memory_every_file_still_ends(tmp_path: Path) -> None:
    outcomes = prepare_all(tmp_path, SMALL)
    assert len(outcomes) > 100
    for name, outcome in outcomes.items():
        if isinstance(outcome, Rejection):
            assert not outcome.reason.startswith(("the PDF library", "reading it failed", "the process")), (
                name,
                outcome,
            )
