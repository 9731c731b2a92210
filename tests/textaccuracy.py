"""How exactly the text of digital documents is read: character error rates against what the documents say.

The rate is the Levenshtein distance of both texts over the length of the truth, page by page where the truth has pages.
Before that both are brought to one form (:func:`plain`): NFC, characters without a shape taken out, words that are
parted at line ends whole, any white space one space, bullets and boxes to tick taken out, and Markdown taken out of
truths that are written in it. Truths of Word files tell no automatic numbers, headers, footers and footnotes: those are
left out of what was read, and numbers that begin lines out of both. Nothing else is forgiven: neither the order of the
text nor letters, case, punctuation, or spaces between words.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from ocr_tasks.contract import BlockLabel, PageResult
from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PrepareOptions
from tenderlake.paragraphs import page_text
from tenderlake.sandbox import PrepareSandbox

TRUTH_ENDINGS = (".gt.txt", ".gt.md")
TWINS = {
    "ru-tender/dedoc-tz-alpaca.doc": "ru-tender/dedoc-tz-alpaca.docx.gt.txt",
    "ru-text/example.doc": "ru-text/example.docx.gt.txt",
    "ru-text/example.odt": "ru-text/example.docx.gt.txt",
    "ru-text/example.rtf": "ru-text/example.docx.gt.txt",
    "ru-text/ukrf.odt": "ru-text/ukrf.docx.gt.txt",
}
"""Documents that say the same as another one, whose text is known."""

_SHAPELESS = dict.fromkeys([*range(0x7F, 0xA0), 0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_PARTED = re.compile(r"(?<=[^\W\d_])[-\xad‐]\s*\n\s*(?=[а-яёa-z])")
_LIST_MARK = re.compile(r"[•▪●○◦■❖➢✓☐\ue000-\uf8ff\ufffd]|^[ \t]*(?:[·–—-]|o(?=\t))[ \t]+(?=\S)", re.MULTILINE)
_NUMBER = re.compile(
    r"^[ \t]*\(?(?:\d{1,3}(?:\.\d{1,3})*(?:[.)]|(?=[ \t]))|[a-zа-я][.)]|[ivxIVX]{1,5}[.)])\s*", re.MULTILINE
)
_MARKDOWN = re.compile(
    r"<!--.*?-->|^#+ |^\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$|^[-*] +|(?<=[:|] )- |"
    r"\*\*|~~|(?<!\w)\*|\*(?!\w)|\||\\(?=[_\W])",
    re.MULTILINE,
)
_LEFT_OUT = frozenset({BlockLabel.HEADER, BlockLabel.FOOTER, BlockLabel.PAGE_NUMBER, BlockLabel.FOOTNOTE})


@dataclass(frozen=True)
class KnownText:
    """A digital document of the corpus and the file that tells what it says; both are paths in the corpus."""

    path: str
    truth: str

    @property
    def is_main_text(self) -> bool:
        """Whether the truth comes from a Word file's main text: no automatic numbers, running headers, footnotes."""
        return self.truth.endswith(".docx.gt.txt")


@dataclass(frozen=True)
class Accuracy:
    """How exactly one document was read; ``errors`` and ``characters`` count characters of the plain form."""

    document: KnownText
    errors: int
    characters: int

    @property
    def rate(self) -> float:
        """The character error rate."""
        return self.errors / max(self.characters, 1)


def known_texts(corpus: Path) -> list[KnownText]:
    """Every digital document of the corpus whose text is known."""
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    told = {row["path"]: row["ground_truth"] for row in rows if _is_digital(row)}
    return [KnownText(path, truth) for path, truth in sorted({**told, **TWINS}.items())]


def _is_digital(row: dict[str, str]) -> bool:
    is_read_by_ocr = "scan" in row["kind"] or "broken text layer" in row["kind"] or row["text_pages"].startswith("0/")
    return row["ground_truth"].endswith(TRUTH_ENDINGS) and (not is_read_by_ocr or row["kind"] == "born-digital")


def read_pages(sandbox: PrepareSandbox, document: Path, folder: Path) -> list[PageResult | None]:
    """The native pages of a document, None where a page is for OCR; ``folder`` is a new one for what is made of it.

    Raises:
        AssertionError: the document was rejected.
    """
    outcome = sandbox.prepare(document, folder, "d0c", PrepareOptions(dpi=72))
    assert isinstance(outcome, DocumentManifest), f"{document}: {outcome}"
    results = [PageResult.model_validate_json(line) for line in (folder / NATIVE_PAGES_NAME).read_bytes().splitlines()]
    by_number = {result.page_number: result for result in results}
    return [by_number.get(page.page_number) for page in outcome.pages]


def accuracy(corpus: Path, document: KnownText, pages: Sequence[PageResult | None]) -> Accuracy:
    """Compare the pages of a document with its truth."""
    compared = list(page_pairs(corpus, document, pages))
    errors = sum(Levenshtein.distance(truth, read) for truth, read in compared)
    return Accuracy(document, errors, sum(len(truth) for truth, _ in compared))


def page_pairs(corpus: Path, document: KnownText, pages: Sequence[PageResult | None]) -> Iterator[tuple[str, str]]:
    """What stands there and what was read, in the plain form: page by page, or as a whole where pages are not told."""
    truth = (corpus / document.truth).read_text(encoding="utf-8")
    if document.truth.endswith(".md"):
        truth = _MARKDOWN.sub("", truth)
    parts, texts = truth.removesuffix("\f").split("\f"), [_text(document, page) for page in pages]
    if len(parts) != len(texts):
        parts, texts = ["\n".join(parts)], ["\n".join(texts)]
    for part, text in zip(parts, texts, strict=True):
        yield plain(part, document), plain(text, document)


def _text(document: KnownText, page: PageResult | None) -> str:
    if page is None:
        return ""
    if document.is_main_text:
        page = page.model_copy(update={"blocks": tuple(b for b in page.blocks if b.label not in _LEFT_OUT)})
    return page_text(page)


def plain(text: str, document: KnownText) -> str:
    """A text in the form in which texts are compared."""
    text = _LIST_MARK.sub("", _PARTED.sub("", unicodedata.normalize("NFC", text)).translate(_SHAPELESS))
    if document.is_main_text:
        text = _NUMBER.sub("", text)
    return " ".join(text.split())
