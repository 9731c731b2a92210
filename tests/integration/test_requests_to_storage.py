"""What a document costs in requests to storage, stage by stage: with a hundred thousand of them nothing else counts.

Stores charge for each, and one on its own takes as long as reading a small document does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tenderlake.assembly import assemble_batch
from tenderlake.discovery import release_claim
from tenderlake.embedded.uploads import find_documents, upload_documents
from tenderlake.layout import Layout
from tenderlake.planning import plan_run
from tenderlake.preparation import prepare_batch
from tenderlake.publishing import publish_run
from tenderlake.runs import Validation
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tenderlake.validation.results import Reconciliation
from tests import pipeline
from tests.pdfs import scanned_pdf
from tests.stagedruns import NO_SUMS

pytestmark = pytest.mark.integration

FEW, MANY = 5, 25
REQUESTS_OF_A_DOCUMENT = {
    "prepare": 4,  # the file, an earlier manifest, the pages, the manifest
    "plan": 0,
    "assemble": 3,  # the manifest, the pages, the Markdown
    "publish": 1,  # the Markdown, to its place
}
"""Of a small digital document."""


@pytest.fixture
def layout() -> Layout:
    return Layout(Settings(engine="null"))


@contextmanager
def counted(storage: Storage) -> Iterator[Counter[str]]:
    """Counts the requests that are made meanwhile, by the last part of their key."""
    keys: Counter[str] = Counter()

    def count(params: dict[str, Any], **_: Any) -> None:
        keys[params["url_path"].rpartition("/")[2]] += 1

    storage.client.meta.events.register("before-call.s3", count)
    try:
        yield keys
    finally:
        storage.client.meta.events.unregister("before-call.s3", count)


def requests_of_a_run(storage: Storage, layout: Layout, run_id: str, documents: int) -> dict[str, int]:
    """The requests of each stage for a run with so many new letters, all in one batch."""
    for number in range(documents):
        storage.put_bytes(f"inbox/{run_id}/{number}.txt", f"Письмо {number} из {run_id}".encode(), "text/plain")
    found = pipeline.take(storage, layout, run_id)
    stages = {
        "prepare": lambda: prepare_batch(storage, layout, run_id, found.batch_keys[0], found.options),
        "plan": lambda: plan_run(storage, layout, run_id),
        "assemble": lambda: assemble_batch(storage, layout, run_id, 1),
        "publish": lambda: publish_run(storage, layout, run_id),
    }
    sums = Reconciliation(discovered=NO_SUMS, published=NO_SUMS, skipped=NO_SUMS, quarantined=NO_SUMS, left=NO_SUMS)
    storage.put_model(layout.run(run_id, "validation.json"), Validation(verdicts={}, reconciliation=sums))
    made = {}
    for name, stage in stages.items():
        with counted(storage) as keys:
            stage()
        made[name] = keys.total()
    return made


def test_a_small_document_costs_few_requests_and_a_run_no_more_with_more_of_them(
    storage: Storage, layout: Layout
) -> None:
    requests_of_a_run(storage, layout, "first", 1)  # the files of the lake are there from here on
    few = requests_of_a_run(storage, layout, "few", FEW)
    many = requests_of_a_run(storage, layout, "many", MANY)
    more = {stage: (many[stage] - few[stage]) / (MANY - FEW) for stage in many}
    assert more == {stage: pytest.approx(most, abs=0.5) for stage, most in REQUESTS_OF_A_DOCUMENT.items()}


def test_plan_asks_only_for_documents_that_ocr_has_to_read(storage: Storage, layout: Layout) -> None:
    for number in range(8):
        storage.put_bytes(f"inbox/{number}.txt", f"Письмо {number}".encode(), "text/plain")
    storage.put_bytes("inbox/scan.pdf", scanned_pdf().tobytes(), "application/pdf")
    found = pipeline.take(storage, layout, "run")
    prepare_batch(storage, layout, "run", found.batch_keys[0], found.options)
    with counted(storage) as keys:
        plan = plan_run(storage, layout, "run")
    assert keys["manifest.json"] == 1
    assert (plan.page_count, len(plan.primary_sources)) == (1, 9)


def test_looking_for_new_documents_costs_no_request_for_each_that_is_known(storage: Storage, layout: Layout) -> None:
    requests = []
    for run_id, documents in (("first", 1), ("more", MANY)):
        requests_of_a_run(storage, layout, run_id, documents)
        release_claim(storage, layout, run_id)
        with counted(storage) as keys:
            found = pipeline.take(storage, layout, "night")
        assert found.source_count == 0
        requests.append(keys.total())
    assert requests[0] == requests[1]


def test_files_that_were_sent_before_are_known_from_a_listing(storage: Storage, tmp_path: Path) -> None:
    for number in range(MANY):
        (tmp_path / f"{number}.txt").write_text(f"Письмо {number}", encoding="utf-8")
    documents = find_documents(tmp_path, "inbox/")
    assert len(upload_documents(storage, documents).new) == MANY
    (tmp_path / "7.txt").write_text("Исправленное письмо 7", encoding="utf-8")
    with counted(storage) as keys:
        upload = upload_documents(storage, find_documents(tmp_path, "inbox/"))
    assert (len(upload.new), len(upload.changed), len(upload.same)) == (0, 1, MANY - 1)
    assert keys.total() == 2  # the listing, and the letter that has changed


def test_a_few_files_are_found_among_many_others(storage: Storage, tmp_path: Path) -> None:
    for number in range(MANY):
        storage.put_bytes(f"inbox/between/{number}.txt", b"", "text/plain")
    for name in ("a", "z"):
        (tmp_path / f"{name}.txt").write_text(name)
    assert len(upload_documents(storage, find_documents(tmp_path, "inbox/")).new) == 2
    assert len(upload_documents(storage, find_documents(tmp_path, "inbox/")).same) == 2
