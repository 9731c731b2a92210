"""Real office files: none is lost, their words are all there, and their tables are tables.

What the truths leave out (automatic numbers, headers, text boxes) is read all the same, so precision may be lower than
recall; words of merged cells stand in the truths once a cell, so recall of a small file may be a little under 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from ocr_tasks.contract import BlockLabel, PageResult
from tenderlake.documents import (
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    Unpacking,
)
from tenderlake.paragraphs import page_text
from tenderlake.sandbox import PrepareSandbox
from tests.obstacles import corpus_folder
from tests.texts import words

pytestmark = pytest.mark.corpus

LIMITS = PrepareLimits(timeout_s=60, memory_bytes=2**30)
SUFFIXES = (".docx", ".doc", ".odt", ".rtf", ".xlsx", ".xls", ".pptx", ".csv", ".fb2", ".eml", ".msg")
LEAST_RECALL, LEAST_MEDIAN_RECALL, LEAST_PRECISION = 0.95, 0.9999, 0.9
ENDINGS = {
    "dedoc-message.eml": "unpacked",
    "paperless-eml_with_umlaut.eml": "unpacked",
    "unstructured-fake-email-malformed-encoding.eml": "unpacked",
    "docling-msg_with_attachment.msg": "unpacked",
    "unstructured-fake-email-attachment.msg": "unpacked",
    "unstructured-fake-encrypted.msg": "unpacked",
    "dedoc-broken.odt": "unpacked",  # an archive under that name
}
TABLES = {
    "example.doc": 2,
    "example.docx": 2,
    "example.odt": 2,
    "example.rtf": 2,
    "mfc-perm-tz-ais-comments.doc": 7,
    "dedoc-techreq-GASU-2012.docx": 86,
    "mfc-perm-calendar-plan.xlsx": 1,
    "dedoc-example.xls": 2,
    "docling-legacy_sample.doc": 1,
    "cp1251.csv": 1,
}
PICTURE_PAGES = {"dedoc-odt_with_images.odt": 2, "dedoc-example_with_images.xls": 2, "dedoc-docx_with_images.docx": 5}


class Read:
    """What became of one file."""

    def __init__(self, path: Path, outcome: DocumentManifest | Unpacking | Rejection, folder: Path) -> None:
        self.path, self.outcome = path, outcome
        self.pages: list[PageResult] = []
        if isinstance(outcome, DocumentManifest):
            lines = (folder / NATIVE_PAGES_NAME).read_text(encoding="utf-8").splitlines()
            self.pages = [PageResult.model_validate_json(line) for line in lines]

    @property
    def ending(self) -> str:
        """A state, or that there are pages or members."""
        if isinstance(self.outcome, Rejection):
            return self.outcome.state.value
        return "unpacked" if isinstance(self.outcome, Unpacking) else "prepared"

    @property
    def text(self) -> str:
        """All text."""
        return "\n".join(page_text(page) for page in self.pages)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    folder = tmp_path_factory.mktemp("office")
    with PrepareSandbox(LIMITS, ("tika",)) as sandbox:
        return {
            path.name: Read(
                path, sandbox.prepare(path, folder / path.name, path.name, PrepareOptions()), folder / path.name
            )
            for path in sorted(office_files())
        }


def office_files() -> Iterator[Path]:
    for group in ("ru-tender", "ru-text", "formats", "hostile"):
        yield from (path for path in (corpus_folder() / group).iterdir() if path.suffix in SUFFIXES)


def test_no_office_file_is_lost(read: dict[str, Read]) -> None:
    assert len(read) > 45
    assert {name: one.ending for name, one in read.items() if one.ending != ENDINGS.get(name, "prepared")} == {}


def test_all_their_words_are_read(read: dict[str, Read]) -> None:
    recalls: dict[str, float] = {}
    precisions: dict[str, float] = {}
    for name, one in read.items():
        truth_file = one.path.with_name(f"{name}.gt.txt")
        if not truth_file.exists():
            continue
        truth, found = words(truth_file.read_text(encoding="utf-8")), words(one.text)
        common = (truth & found).total()
        recalls[name], precisions[name] = common / truth.total(), common / found.total()
    assert len(recalls) > 15
    assert {name: value for name, value in recalls.items() if value < LEAST_RECALL} == {}
    assert {name: value for name, value in precisions.items() if value < LEAST_PRECISION} == {}
    assert median(recalls.values()) >= LEAST_MEDIAN_RECALL


@pytest.mark.parametrize("name", TABLES)
def test_their_tables_are_tables(read: dict[str, Read], name: str) -> None:
    labels = [block.label for page in read[name].pages for block in page.blocks]
    assert labels.count(BlockLabel.TABLE) == TABLES[name]


@pytest.mark.parametrize("name", PICTURE_PAGES)
def test_their_large_pictures_are_pages_for_ocr(read: dict[str, Read], name: str) -> None:
    outcome = read[name].outcome
    assert isinstance(outcome, DocumentManifest)
    assert len(outcome.image_pages) == PICTURE_PAGES[name]


def test_the_same_document_says_the_same_in_every_format(read: dict[str, Read]) -> None:
    texts = {words(read[f"example.{kind}"].text).total() for kind in ("doc", "docx", "odt", "rtf")}
    assert len(texts) == 1
    counts = [words(read[f"example.{kind}"].text) for kind in ("doc", "docx", "odt", "rtf")]
    assert all(count == counts[0] for count in counts)
