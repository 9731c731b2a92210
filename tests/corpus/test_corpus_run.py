"""Real documents through the whole system: each ends in a typed state, and what was read is what stands there."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tenderlake.embedded.launcher import Embedded
from tenderlake.states import SourceState
from tests.obstacles import corpus_folder
from tests.services import query, running_system
from tests.texts import likeness, word_recall

pytestmark = pytest.mark.corpus

LEAST_RECALL = 0.9
"""Share of the words of a digital document that have to be in its pages; most have all of them."""
LEAST_LIKENESS = 0.95
"""Of a clean page read by OCR: Tesseract loses a letter or two of this one («6)» for «б)», 1.2.3 at the edge)."""
TEXTS = (".gt.txt", ".silver.txt", ".gt.md")
SCALE_OF_RUN = 120
"""Documents in a run, so that the corpus takes a chain of several runs."""


@dataclass(frozen=True)
class Entry:
    """A row of the corpus manifest that matters here."""

    path: str
    kind: str
    pages: str
    text_pages: str
    ground_truth: str


def manifest() -> list[Entry]:
    with (corpus_folder() / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        names = Entry.__dataclass_fields__
        return [Entry(**{name: row[name] for name in names}) for row in csv.DictReader(file, delimiter="\t")]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return [entry for entry in manifest() if not entry.path.endswith(TEXTS)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> Iterator[Embedded]:
    """The system after its runs over the documents of the corpus, without the texts that tell what they say."""
    inbox = tmp_path_factory.mktemp("inbox")
    for entry in entries:
        target = inbox / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpus_folder() / entry.path, target)
    with running_system(tmp_path_factory.mktemp("system"), document_timeout_s=60, max_documents=SCALE_OF_RUN) as system:
        system.upload(inbox)
        result = system.wait(system.trigger())
        assert result.has_succeeded, result.failures
        assert len(result.runs) > 1
        yield system


def test_every_file_ends_in_one_typed_state(system: Embedded, entries: list[Entry]) -> None:
    rows = query(system, "SELECT source_key, state, state_reason FROM sources WHERE archive_path IS NULL")
    states = {key.removeprefix("inbox/"): SourceState(state) for key, state, _ in rows}
    assert len(rows) == len(states)
    assert set(states) == {entry.path for entry in entries}
    assert not system.is_anything_new()
    unexplained = [key for key, state, reason in rows if not SourceState(state).is_published and not reason]
    assert unexplained == []


def test_no_page_of_a_published_document_is_lost(system: Embedded) -> None:
    wrong = query(
        system,
        "SELECT d.source_key, d.archive_path, d.page_count, count(DISTINCT p.page_number), count(p.page_number) "
        "FROM documents d LEFT JOIN pages p USING (document_id) "
        "GROUP BY document_id, d.source_key, d.archive_path, d.page_count "
        "HAVING count(DISTINCT p.page_number) <> d.page_count OR count(p.page_number) <> d.page_count",
    )
    assert wrong == []


def test_page_counts_are_those_of_the_manifest(system: Embedded, entries: list[Entry]) -> None:
    found = dict(query(system, "SELECT source_key, page_count FROM documents WHERE archive_path IS NULL"))
    told = {f"inbox/{entry.path}": int(entry.pages) for entry in entries if entry.pages.isdigit()}
    wrong = {
        key: (count, told[key]) for key, count in found.items() if key in told and count != told[key] and told[key] > 0
    }
    assert wrong == {}


def test_all_tender_documents_that_are_pdf_or_image_are_published(system: Embedded) -> None:
    kinds = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
    rows = query(system, "SELECT source_key, state FROM sources WHERE regexp_matches(source_key, 'inbox/ru-')")
    lost = [
        (key, state)
        for key, state in rows
        if key.endswith(kinds) and not (SourceState(state).is_published or state == "skipped_duplicate")
    ]
    assert lost == []


def test_digital_text_is_what_the_documents_say(system: Embedded, entries: list[Entry]) -> None:
    recalls = {}
    for entry in entries:
        digital = entry.kind == "born-digital" and entry.path.endswith(".pdf") and entry.ground_truth.endswith(".txt")
        if not digital or not entry.path.startswith("ru-"):
            continue
        rows = query(
            system,
            "SELECT string_agg(coalesce(p.text, '') || ' ' || coalesce(p.markdown, ''), ' ') FROM pages p "
            "JOIN sources s USING (document_id) WHERE s.source_key = ?",
            f"inbox/{entry.path}",
        )
        truth = (corpus_folder() / entry.ground_truth).read_text(encoding="utf-8")
        recalls[entry.path] = word_recall(truth, rows[0][0] or "")
    assert len(recalls) >= 15
    assert {path: round(recall, 3) for path, recall in recalls.items() if recall < LEAST_RECALL} == {}


def test_a_garbled_text_layer_is_read_by_ocr(system: Embedded, entries: list[Entry]) -> None:
    garbled = [entry.path for entry in entries if "broken text layer" in entry.kind]
    assert garbled
    for path in garbled:
        rows = query(system, "SELECT native_pages, ocr_pages FROM documents WHERE source_key = ?", f"inbox/{path}")
        assert rows[0][0] == 0, path


def test_all_forms_of_the_same_page_say_the_same(system: Embedded, entries: list[Entry]) -> None:
    forms = [entry for entry in entries if entry.path.startswith("ru-text/example-page.")]
    assert len(forms) >= 5
    for entry in forms:
        rows = query(
            system,
            "SELECT p.text FROM pages p JOIN sources s USING (document_id) WHERE s.source_key = ?",
            f"inbox/{entry.path}",
        )
        truth = (corpus_folder() / entry.ground_truth).read_text(encoding="utf-8")
        assert likeness(truth, rows[0][0]) > LEAST_LIKENESS, entry.path


def test_hostile_files_cost_only_themselves(system: Embedded) -> None:
    rows = query(system, "SELECT count(*) FROM sources WHERE source_key LIKE 'inbox/hostile/%'")
    assert rows[0][0] > 20
    timeouts = query(system, "SELECT source_key FROM sources WHERE state = 'quarantined_timeout'")
    assert len(timeouts) <= 2, timeouts
