"""Real documents through the whole system: each ends in a typed state, and what was read is what stands there."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest

from tenderlake.embedded.launcher import Embedded
from tenderlake.states import SourceState
from tests.corpus.test_hostile_corpus import STATES
from tests.listings import BODY, embedded_files, members_of
from tests.obstacles import corpus_folder
from tests.reasons import is_for_people
from tests.services import query, running_system
from tests.texts import likeness, word_recall

pytestmark = pytest.mark.corpus

LEAST_RECALL = 0.9
"""Share of the words of a digital document that have to be in its pages; most have all of them."""
LEAST_LIKENESS = 0.95
"""Of a clean page read by OCR: Tesseract loses a letter or two of this one («6)» for «б)», 1.2.3 at the edge)."""
TEXTS = (".gt.txt", ".silver.txt", ".gt.md")
ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".eml", ".msg")
FEWEST_ARCHIVES, FEWEST_WITH_FILES, FEWEST_HOSTILE = 20, 4, 100
DOCUMENT_TIMEOUT_S = 60
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
    with running_system(
        tmp_path_factory.mktemp("system"), document_timeout_s=DOCUMENT_TIMEOUT_S, max_documents=SCALE_OF_RUN
    ) as system:
        system.upload(inbox)
        result = system.wait(system.trigger())
        assert result.has_succeeded, result.failures
        assert len(result.runs) > 1
        yield system


def test_every_file_ends_in_one_typed_state(system: Embedded, entries: list[Entry]) -> None:
    rows = query(system, "SELECT source_key, state FROM sources WHERE archive_path IS NULL")
    states = {key.removeprefix("inbox/"): SourceState(state) for key, state in rows}
    assert len(rows) == len(states)
    assert set(states) == {entry.path for entry in entries}
    assert not system.is_anything_new()


def test_every_file_of_every_archive_and_mail_ends_in_one_typed_state(system: Embedded) -> None:
    """By the listings of other programs; what has bytes of its own has the right ones."""
    rows = query(system, "SELECT source_key, archive_path, document_id FROM sources WHERE archive_path IS NOT NULL")
    assert len(rows) == len({row[:2] for row in rows})
    unpacked = query(system, "SELECT source_key FROM sources WHERE state = 'unpacked' AND archive_path IS NULL")
    assert len(unpacked) > FEWEST_ARCHIVES
    for (key,) in unpacked:
        listed = members_of(corpus_folder() / key.removeprefix("inbox/"))
        digests = {path: digest for source, path, digest in rows if source == key}
        within_documents = {path for path in digests if path not in listed and path.rpartition("/")[0] in listed}
        digests = {path: digest for path, digest in digests.items() if path not in within_documents}
        bodies = {path for path in digests if path not in listed}
        assert set(digests) - bodies == set(listed) - {BODY}, key
        assert all(re.fullmatch(r"message\.(txt|html|rtf)", path) for path in bodies), key
        assert bool(bodies) is (BODY in listed), key
        wrong = [
            path for path, data in listed.items() if data and digests[path] not in (None, sha256(data).hexdigest())
        ]
        assert wrong == [], key


def test_every_archive_that_was_not_unpacked_is_for_a_person_to_see(system: Embedded) -> None:
    rows = query(system, "SELECT source_key, state FROM sources WHERE archive_path IS NULL AND state <> 'unpacked'")
    left = {key: SourceState(state) for key, state in rows if key.endswith(ARCHIVES)}
    assert left
    assert {key: state for key, state in left.items() if not state.is_quarantined} == {}


def test_the_files_within_documents_are_sources_of_their_own(system: Embedded, entries: list[Entry]) -> None:
    wanted = {
        f"inbox/{entry.path}": names for entry in entries if (names := embedded_files(corpus_folder() / entry.path))
    }
    assert len(wanted) >= FEWEST_WITH_FILES
    states = dict(query(system, "SELECT source_key, state FROM sources WHERE archive_path IS NULL"))
    rows = query(system, "SELECT source_key, count(*) FROM sources WHERE archive_path IS NOT NULL GROUP BY source_key")
    found = dict(rows)
    lost = {key: names for key, names in wanted.items() if found.get(key, 0) < len(names)}
    assert {key: names for key, names in lost.items() if SourceState(states[key]).is_published} == {}


def test_every_reason_is_one_that_a_person_understands(system: Embedded) -> None:
    rows = query(system, "SELECT source_key, archive_path, state, state_reason FROM sources")
    with_reason = [row for row in rows if SourceState(row[2]) is not SourceState.PUBLISHED]
    assert len(with_reason) > FEWEST_ARCHIVES
    assert [row for row in with_reason if not is_for_people(row[3])] == []
    assert [row for row in rows if SourceState(row[2]) is SourceState.PUBLISHED and row[3]] == []


def test_no_document_took_more_than_its_limits(system: Embedded) -> None:
    """Each was prepared in its time by a child that nobody had to kill."""
    assert query(system, "SELECT source_key FROM sources WHERE state = 'quarantined_timeout'") == []
    slow = query(system, "SELECT source_key, prepare_s FROM documents WHERE prepare_s > ?", DOCUMENT_TIMEOUT_S)
    assert slow == []
    killed = query(
        system,
        "SELECT source_key, state_reason FROM sources WHERE regexp_matches(state_reason, 'process|crashed')",
    )
    assert killed == []


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
    rows = query(system, "SELECT source_key, state FROM sources WHERE source_key LIKE 'inbox/hostile/%'")
    states = {key.rsplit("/", 1)[-1]: state for key, state in rows}
    assert len(states) > FEWEST_HOSTILE
    assert {name: states[name] for name in STATES} == {name: state.value for name, state in STATES.items()}
