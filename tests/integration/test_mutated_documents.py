"""Given thousands of files damaged by chance, each ends in a typed outcome, and nothing is left behind of them."""

from __future__ import annotations

from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest

from tenderlake.documents import Unpacking
from tenderlake.lake.schema import SOURCES
from tenderlake.layout import Layout
from tenderlake.sandbox import PrepareSandbox
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage
from tests import pipeline
from tests.integration.test_pipeline import rows
from tests.mutationrun import LIMITS, OPTIONS, Report, mutations_of, run
from tests.reasons import is_for_people
from tests.smalldocuments import small_documents

pytestmark = pytest.mark.integration

MOST_GROWTH_BYTES = 16 * 2**20
"""Of a process over thousands of files: what is left of each is under seven kilobytes."""


@pytest.fixture(scope="module")
def mutations(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """PDFs, pictures and ZIP archives, the formats that most documents come in, and some of all others."""
    common = mutations_of(small_documents("pdf", "picture", "zip"), 2200)
    others = mutations_of(small_documents("archive", "office", "text"), 650)
    return run([*common, *others], tmp_path_factory.mktemp("mutations"))


def test_every_file_ends_in_an_outcome_that_people_understand(mutations: Report) -> None:
    assert mutations.faults == []
    kinds = Counter(ending.kind for ending in mutations.endings)
    assert kinds["pdf"] + kinds["picture"] + kinds["zip"] == 2200
    assert kinds.total() == 2850


def test_what_is_damaged_is_neither_all_refused_nor_all_read(mutations: Report) -> None:
    """Else the mutations would miss what they are for: the readers behind the first checks of a format."""
    for kind in ("pdf", "picture", "zip", "archive", "office", "text"):
        states = Counter(ending.state for ending in mutations.endings if ending.kind == kind)
        assert states["quarantined_corrupt"] > 0.05 * states.total(), (kind, states)
        read = states["prepared"] + states["prepared, pages lost"] + states["unpacked"]
        assert read > 0.1 * states.total(), (kind, states)


def test_nothing_is_left_behind(mutations: Report) -> None:
    before, settled = mutations.before, mutations.settled
    end, after = mutations.at_the_end, mutations.after
    assert before and settled and end and after
    assert mutations.left_behind == []
    assert after.processes == before.processes
    assert after.open_files == before.open_files
    assert end.rss_bytes - settled.rss_bytes < MOST_GROWTH_BYTES
    assert end.children_rss_bytes - settled.children_rss_bytes < MOST_GROWTH_BYTES


def test_a_run_over_damaged_files_loses_none_of_them_and_stands(storage: Storage) -> None:
    """One damaged copy of every document, through all stages but Airflow: what comes out of them is hostile, too."""
    documents = small_documents()
    for mutated in mutations_of(documents, len(documents), seed=1):
        storage.put_bytes(f"inbox/{mutated.name}", mutated.data, "application/octet-stream")
    layout = Layout(Settings(engine="null", engine_options={"text": "прочитано"}))
    published = pipeline.run(storage, layout, "run", dpi=72)
    assert not published.left_reasons
    sources = rows(storage, layout, SOURCES)
    assert len({source["source_key"] for source in sources}) == len(documents)
    assert published.state_counts == Counter(source["state"] for source in sources)
    assert published.state_counts["published"] > len(documents) // 5
    quarantined = [source for source in sources if SourceState(source["state"]).is_quarantined]
    assert [source for source in quarantined if not is_for_people(source["state_reason"])] == []


def test_what_a_reader_looks_up_for_the_first_time_is_there_within_the_sandbox(tmp_path: Path) -> None:
    """The table of media types, which Python would read from the host when it is first asked."""
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Цены", "a@example.org"
    mail.set_content("Цены во вложении")
    mail.add_attachment(b"x", maintype="application", subtype="x-latex")
    path = tmp_path / "mail"
    path.write_bytes(mail.as_bytes())
    with PrepareSandbox(LIMITS) as sandbox:
        outcome = sandbox.prepare(path, tmp_path / "out", "d0c", OPTIONS)
    assert isinstance(outcome, Unpacking), outcome
    assert [member.archive_path for member in outcome.members] == ["message.txt", "attachment 1.latex"]
