"""What the Russian documents of the corpus are, as people told who read them: ``corpus/test_document_types.py``.

What is not among the types of the lake is ``other``: laws, orders, certificates, requests for prices, pages of tables.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tenderlake.lake.vocabulary import DocumentType

_LISTED = {
    DocumentType.TECHNICAL_SPECIFICATION: """
        ru-tender/dedoc-table-page.djvu ru-tender/dedoc-techreq-GASU-2012.docx
        ru-tender/dedoc-tz-airport-kazan-titlepage-scan.pdf ru-tender/dedoc-tz-alpaca.doc
        ru-tender/dedoc-tz-alpaca.docx ru-tender/dedoc-tz-alpaca.pdf ru-tender/dedoc-tz-ecology-permit-scan.png
        ru-tender/dedoc-tz-gis.odt ru-tender/dedoc-tz-landscape-table-scan.png
        ru-tender/dedoc-tz-pdn-administration.docx ru-tender/dedoc-tz-survey-garbled-textlayer.pdf
        ru-tender/mfc-perm-tz-ais-comments.doc ru-tender/vgasu-tz-webshop.docx
        ru-text/task-google-docs-skia.pdf ru-text/tz-transport-gost34-part.pdf""",
    DocumentType.ESTIMATE: "ru-tender/dedoc-local-estimate-grandsmeta-scan.png",
    DocumentType.CONTRACT: "ru-tender/dedoc-contract-last-page-sample.jpg",
    DocumentType.NMCK_JUSTIFICATION: """
        ru-tender/dedoc-price-analysis-nmc-scan.pdf ru-tender/dedoc-price-analysis-skewed.png""",
    DocumentType.APPLICATION_FORM: """
        ru-tender/autofill-bid.docx ru-tender/autofill-guarantee-letter.docx
        ru-tender/autofill-participant-form.docx ru-tender/autofill-price-offer.docx""",
    DocumentType.OTHER: """
        ru-tender/autofill-rfq-example.docx ru-tender/dedoc-addresses-table-landscape-1.jpg
        ru-tender/dedoc-addresses-table-landscape-2.jpg ru-tender/dedoc-analytical-note-comments.docx
        ru-tender/dedoc-annex-rotated-1.png ru-tender/dedoc-annex-rotated-2.png
        ru-tender/dedoc-gost-frame-contents.jpg ru-tender/dedoc-gost-frame-multipage-table-digital.pdf
        ru-tender/dedoc-gost-frame-template-table.jpg ru-tender/dedoc-invoice-offer-moysklad.jpg
        ru-tender/dedoc-koap-moscow.docx ru-tender/dedoc-kpi-annex.docx ru-tender/dedoc-mfo-certificate-tilted.jpg
        ru-tender/dedoc-nir-report-tz-gis.docx ru-tender/eis-format-requirements-223fz-v16.2.pdf
        ru-tender/law-44fz-full.pdf ru-tender/mfc-perm-annex-E1.docx ru-tender/mfc-perm-annex-G.docx
        ru-tender/mfc-perm-calendar-plan.xlsx ru-tender/mfc-perm-test-programme.docx
        ru-tender/moscow-order-ggi-2020-p1-scan.jpg ru-tender/pdfjs-eskd-drawing-frame.pdf
        ru-tender/tender-report-toilet-paper.pdf
        ru-text/cp1251.csv ru-text/datasheet-6LO1I-abbyy-ocr.pdf ru-text/datasheet-ILD3-abbyy-ocr.pdf
        ru-text/datasheet-ILD3-scan.pdf ru-text/datasheet-ITM2-M-abbyy-ocr.pdf ru-text/datasheet-ITM2-M-scan.pdf
        ru-text/example-page.jpg ru-text/example-page.pdf ru-text/example-word2016.pdf ru-text/example.doc
        ru-text/example.docx ru-text/example.odt ru-text/example.rtf ru-text/fstec-order75-page.png
        ru-text/header-test.pdf ru-text/law-pdn-draft.pdf ru-text/lenoblast-law-cropped.png
        ru-text/lenoblast-law-image.png ru-text/long-list.pdf ru-text/merged-cells-table.pdf
        ru-text/multipage-9p.pdf ru-text/orientation-table-5.png ru-text/orientation-table-6.png
        ru-text/privacy-policy.docx ru-text/privacy-policy.pdf ru-text/skewed-book-page-1.jpg
        ru-text/skewed-book-page-2.jpg ru-text/table-merged-horizontal.pdf ru-text/table-merged-vertical.pdf
        ru-text/table-multipage-3p.pdf ru-text/table-multipage-no-repeat.pdf ru-text/table-rotated-cells-90.pdf
        ru-text/ukrf.docx ru-text/ukrf.odt ru-text/vvp-global-table.pdf""",
}
ACCEPTED = {
    # Middle pages of a specification without a title: only its words tell.
    "ru-tender/dedoc-tz-survey-garbled-textlayer.pdf": DocumentType.OTHER,
    # One sentence about a system, which stands in every specification.
    "ru-tender/dedoc-tz-gis.odt": DocumentType.OTHER,
    # «Отчёт о НИР» on its cover, a specification inside.
    "ru-tender/dedoc-nir-report-tz-gis.docx": DocumentType.TECHNICAL_SPECIFICATION,
}
"""Types that are not those of the list and not wrong either, and why."""

_SAME_PAGE = "ru-text/example-page."
"""One page as pictures of several formats, two of which are read."""
_TRUTHS = (".gt.txt", ".silver.txt", ".gt.md")


@cache
def known_types() -> dict[str, DocumentType]:
    """The type of every document of the list, by its path."""
    return {path: kind for kind, paths in _LISTED.items() for path in paths.split()}


def unlisted(corpus: Path) -> list[str]:
    """Documents of the Russian folders that nobody told the type of; lines of text are none."""
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file, delimiter="\t")]
    documents = [path for path in paths if path.startswith(("ru-tender/", "ru-text/")) and not path.endswith(_TRUTHS)]
    return [
        path
        for path in documents
        if path not in known_types() and "/lines-" not in path and not path.startswith(_SAME_PAGE)
    ]


def confusion(found: Mapping[str, DocumentType]) -> Counter[tuple[DocumentType, DocumentType]]:
    """How many documents of one type were taken for another: (what it is, what it was taken for)."""
    return Counter((known_types()[path], kind) for path, kind in found.items())


def matrix(found: Mapping[str, DocumentType]) -> Iterator[str]:
    """The lines of the confusion matrix: a row for what documents are, a column for what they were taken for."""
    counted = confusion(found)
    kinds = [kind for kind in DocumentType if any(kind in pair for pair in counted)]
    yield f"{'is / taken for':24}" + "".join(f"{kind.value[:12]:>14}" for kind in kinds)
    for kind in kinds:
        yield f"{kind.value:24}" + "".join(f"{counted[kind, other] or '.':>14}" for other in kinds)
