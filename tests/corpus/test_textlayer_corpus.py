"""Real PDFs of which it is known how they were made: text is taken where it can be believed, and it is the right text.

The thresholds lie a little under what was measured: every page decided right, all words of the digital ones taken.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from ocr_tasks.contract import ContentFormat, PageResult
from tenderlake.documents import (
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PageKind,
    PrepareLimits,
    PrepareOptions,
    TextLayerMode,
)
from tenderlake.pageflags import PageFlag
from tenderlake.sandbox import PrepareSandbox
from tests.obstacles import corpus_folder
from tests.texts import squeezed, words

pytestmark = pytest.mark.corpus

LEAST_RECALL = 0.995
LEAST_PRECISION = 0.995
LEAST_DECISION_PRECISION = 0.95
"""A cover of a photograph and three words may go to OCR without need; a page with a lying text layer must."""
MOST_FIGURE_PAGES = 0.1
"""Share of pages of a digital document that may go to OCR: pages of figures and screenshots."""

DIGITAL = (
    "formats/docling-multi_page.pdf",
    "formats/docling-table_mislabeled_as_picture.pdf",
    "multi/en-sample-contract.pdf",
    "multi/es-annual-report.pdf",
    "multi/fr-prospectus-kiid.pdf",
    "multi/olmocr-bench-earnings.pdf",
    "multi/olmocr-bench-multi_column_miss.pdf",
    "multi/olmocr-gnarly-edgar-rotated90.pdf",
    "multi/olmocr-gnarly-edgar.pdf",
    "multi/olmocr-gnarly-lots_of_sci_tables.pdf",
    "multi/us-nics-table-rotated.pdf",
    "multi/us-senate-expenditures.pdf",
    "ru-tender/dedoc-gost-frame-multipage-table-digital.pdf",
    "ru-tender/dedoc-tz-alpaca.pdf",
    "ru-tender/eis-format-requirements-223fz-v16.2.pdf",
    "ru-tender/law-44fz-full.pdf",
    "ru-tender/pdfjs-eskd-drawing-frame.pdf",
    "ru-tender/tender-report-toilet-paper.pdf",
    "ru-text/example-page.pdf",
    "ru-text/example-word2016.pdf",
    "ru-text/header-test.pdf",
    "ru-text/law-pdn-draft.pdf",
    "ru-text/long-list.pdf",
    "ru-text/merged-cells-table.pdf",
    "ru-text/multipage-9p.pdf",
    "ru-text/privacy-policy.pdf",
    "ru-text/table-merged-horizontal.pdf",
    "ru-text/table-merged-vertical.pdf",
    "ru-text/table-multipage-3p.pdf",
    "ru-text/table-multipage-no-repeat.pdf",
    "ru-text/table-rotated-cells-90.pdf",
    "ru-text/task-google-docs-skia.pdf",
    "ru-text/tz-transport-gost34-part.pdf",
    "ru-text/vvp-global-table.pdf",
)
WITH_KNOWN_TEXT = tuple(name for name in DIGITAL if name.startswith("ru-"))
SCANNED = (
    "formats/docling-nemotron_multipage.pdf",
    "formats/docling-ocr_test_rotated_180.pdf",
    "formats/mineru-small_ocr.pdf",
    "formats/paperless-tagged-but-no-text.pdf",
    "formats/unstructured-table-multi-row-column-cells.pdf",
    "multi/de-image-only.pdf",
    "multi/olmocr-bench-buildingnotes.pdf",
    "multi/olmocr-bench-lincoln_letter.pdf",
    "multi/olmocr-gnarly-edgar_image.pdf",
    "ru-tender/dedoc-price-analysis-nmc-scan.pdf",
    "ru-tender/dedoc-tz-airport-kazan-titlepage-scan.pdf",
    "ru-text/datasheet-ILD3-scan.pdf",
    "ru-text/datasheet-ITM2-M-scan.pdf",
)
WITH_AN_OLD_OCR = (
    "formats/unstructured-pdf-with-ocr-text.pdf",
    "multi/olmocr-gnarly-horribleocr.pdf",
    "multi/olmocr-gnarly-newspaper.pdf",
    "multi/olmocr-gnarly-small_page_size.pdf",
    "ru-text/datasheet-6LO1I-abbyy-ocr.pdf",
    "ru-text/datasheet-ILD3-abbyy-ocr.pdf",
    "ru-text/datasheet-ITM2-M-abbyy-ocr.pdf",
)
GARBLED = ("ru-tender/dedoc-tz-survey-garbled-textlayer.pdf", "hostile/pdfjs-complex_ttf_font.pdf")


@dataclass(frozen=True)
class Prepared:
    """A manifest and its native pages by number."""

    manifest: DocumentManifest
    native: dict[int, PageResult]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prepared]:
    """Every named document, prepared at a low resolution: the decision does not depend on it."""
    corpus, results = corpus_folder(), {}
    options = PrepareOptions(dpi=72)
    with PrepareSandbox(PrepareLimits(timeout_s=120)) as sandbox:
        for name in (*DIGITAL, *SCANNED, *WITH_AN_OLD_OCR, *GARBLED):
            output = tmp_path_factory.mktemp("prepared")
            outcome = sandbox.prepare(corpus / name, output, "d0c", options)
            assert isinstance(outcome, DocumentManifest), f"{name}: {outcome}"
            with (output / NATIVE_PAGES_NAME).open("rb") as lines:
                pages = [PageResult.model_validate_json(line) for line in lines]
            results[name] = Prepared(outcome, {page.page_number: page for page in pages})
    return results


def page_text(page: PageResult) -> str:
    """Everything that was taken from a page, tables without their tags."""
    return "\n".join(
        html.unescape(re.sub(r"<[^>]+>", "\n", block.content))
        if block.content_format is ContentFormat.HTML
        else block.content
        for block in page.blocks
    )


@pytest.mark.parametrize("name", DIGITAL)
def test_the_text_of_digital_documents_is_taken(prepared: dict[str, Prepared], name: str) -> None:
    pages = prepared[name].manifest.pages
    images = [page for page in pages if page.kind is PageKind.IMAGE]
    assert len(images) <= MOST_FIGURE_PAGES * len(pages), [(page.page_number, page.reason) for page in images]
    assert not any(PageFlag.GARBLED_TEXT_LAYER in page.quality_flags for page in pages)


@pytest.mark.parametrize("name", SCANNED)
def test_scans_go_to_ocr(prepared: dict[str, Prepared], name: str) -> None:
    pages = prepared[name].manifest.pages
    assert {page.kind for page in pages} == {PageKind.IMAGE}
    assert all(page.image_name for page in pages)


@pytest.mark.parametrize("name", WITH_AN_OLD_OCR)
def test_somebodys_old_ocr_is_not_taken_for_text(prepared: dict[str, Prepared], name: str) -> None:
    for page in prepared[name].manifest.pages:
        assert page.kind is PageKind.IMAGE
        assert page.quality_flags[:1] == (PageFlag.HIDDEN_TEXT_LAYER,)


@pytest.mark.parametrize("name", GARBLED)
def test_garbled_text_layers_go_to_ocr(prepared: dict[str, Prepared], name: str) -> None:
    for page in prepared[name].manifest.pages:
        assert page.kind is PageKind.IMAGE
        assert PageFlag.GARBLED_TEXT_LAYER in page.quality_flags


def test_the_decision_is_right_on_nearly_every_page(prepared: dict[str, Prepared]) -> None:
    """Precision and recall of sending pages to OCR, over all pages of which it is known how they were made."""
    caught = missed = alarms = 0
    for name, document in prepared.items():
        for page in document.manifest.pages:
            is_image = page.kind is PageKind.IMAGE
            caught += is_image and name not in DIGITAL
            missed += not is_image and name not in DIGITAL
            alarms += is_image and name in DIGITAL
    assert caught / (caught + missed) == 1.0
    assert caught / (caught + alarms) >= LEAST_DECISION_PRECISION


def truth_of(name: str) -> list[str]:
    """The text of every page of a document."""
    return (corpus_folder() / name).with_suffix(".gt.txt").read_text(encoding="utf-8").split("\f")


@pytest.mark.parametrize("name", WITH_KNOWN_TEXT)
def test_native_text_is_what_is_printed(prepared: dict[str, Prepared], name: str) -> None:
    truth = truth_of(name)
    wanted = found = common = 0
    for number, page in prepared[name].native.items():
        printed = words(truth[number - 1].replace("\xad", "").replace("\u200b", ""))
        taken = words(page_text(page))
        wanted, found = wanted + printed.total(), found + taken.total()
        common += (printed & taken).total()
    assert common >= LEAST_RECALL * wanted
    assert common >= LEAST_PRECISION * found


IN_ORDER = (
    "ru-tender/dedoc-tz-alpaca.pdf",
    "ru-tender/tender-report-toilet-paper.pdf",
    "ru-text/example-page.pdf",
    "ru-text/example-word2016.pdf",
    "ru-text/law-pdn-draft.pdf",
    "ru-text/long-list.pdf",
    "ru-text/merged-cells-table.pdf",
    "ru-text/table-multipage-3p.pdf",
    "ru-text/table-multipage-no-repeat.pdf",
    "ru-text/table-rotated-cells-90.pdf",
    "ru-text/task-google-docs-skia.pdf",
    "ru-text/vvp-global-table.pdf",
)


@pytest.mark.parametrize("name", IN_ORDER)
def test_native_text_is_in_the_order_of_the_page(prepared: dict[str, Prepared], name: str) -> None:
    """Letter by letter, white space aside: no line, cell or column is out of its place."""
    for number, page in prepared[name].native.items():
        printed = truth_of(name)[number - 1].replace("\xad", "").replace("\u200b", "")
        assert squeezed(page_text(page)) == squeezed(printed)


def test_only_text_layers_read_nothing_by_ocr(tmp_path: Path) -> None:
    with PrepareSandbox(PrepareLimits()) as sandbox:
        outcome = sandbox.prepare(
            corpus_folder() / "formats/paperless-multi-page-mixed.pdf",
            tmp_path,
            "d0c",
            PrepareOptions(text_layer=TextLayerMode.ONLY),
        )
    assert isinstance(outcome, DocumentManifest)
    assert outcome.image_pages == ()
    assert [PageFlag.PICTURES_NOT_READ in page.quality_flags for page in outcome.pages] == [True] * 3 + [False] * 3
