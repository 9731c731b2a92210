"""Sends mutated documents through the sandbox of the pipeline and says what became of them.

A larger run than that of the tests, by hand, with real documents too and a table at its end::

    python -m tests.mutationrun --count 10000 --corpus FOLDER --keep FOLDER

Inputs that show a fault lie in the folder of ``--keep`` afterwards. The same seed makes the same inputs of the same
files.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from tenderlake.documents import DocumentManifest, PageKind, PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.sandbox import PrepareSandbox, SandboxError
from tests.mutations import mutated
from tests.raredocuments import PASSWORD
from tests.reasons import is_for_people
from tests.smalldocuments import SmallDocument, small_documents

OPTIONS = PrepareOptions(dpi=72)
LIMITS = PrepareLimits(
    timeout_s=20,
    memory_bytes=400 * 2**20,
    max_document_bytes=64 * 2**20,
    max_pages=60,
    max_page_pixels=4_000_000,
    max_archive_members=500,
    max_unpacked_bytes=128 * 2**20,
)
_WORKERS = 2
_SETTLED_AFTER = 200
"""Inputs after which memory is measured first: by then everything is imported and every buffer has been used."""
_PATIENCE_S = 60.0
"""Longer than the sandbox itself waits past the limit of time: after that it hangs."""
_PR_SET_CHILD_SUBREAPER = 36
_FAMILIES = {
    ".pdf": ("pdf", "pdf"),
    ".png": ("picture", "png"),
    ".jpg": ("picture", "jpeg"),
    ".tif": ("picture", "tiff"),
    ".tiff": ("picture", "tiff"),
    **dict.fromkeys((".webp", ".jp2", ".gif", ".bmp", ".djvu"), ("picture", "picture")),
    ".zip": ("zip", "zip"),
    **dict.fromkeys((".7z", ".rar"), ("archive", "binary")),
    ".gz": ("archive", "compressed"),
    **dict.fromkeys((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".xps"), ("office", "package")),
    **dict.fromkeys((".doc", ".xls", ".ppt"), ("office", "binary")),
    ".rtf": ("office", "text"),
    **dict.fromkeys((".msg", ".p7s"), ("text", "binary")),
    **dict.fromkeys((".eml", ".html", ".txt", ".csv", ".fb2"), ("text", "text")),
}
"""Of the corpus: kind and family by suffix."""


@dataclass(frozen=True)
class MutatedDocument:
    """A damaged copy of a document; ``name`` says of which and which copy."""

    name: str
    kind: str
    data: bytes


def mutations_of(documents: Sequence[SmallDocument], count: int, seed: int = 0) -> Iterator[MutatedDocument]:
    """So many damaged copies, as many of each document."""
    for number, document in zip(range(count), itertools.cycle(documents), strict=False):
        name = f"{document.name}#{number}"
        rng = Random(f"{seed} {name}")  # noqa: S311  # not for secrets
        data = mutated(rng, document.data, document.family, rng.choice(documents).data)
        yield MutatedDocument(name, document.kind, data)


@dataclass(frozen=True)
class Ending:
    """What became of one input. ``faults``: what is wrong with that."""

    name: str
    kind: str
    state: str
    reason: str
    duration_s: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Measures:
    """What the process and its children (the zygotes, and orphans of these) use at one moment."""

    rss_bytes: int
    children_rss_bytes: int
    open_files: int
    processes: int

    @classmethod
    def now(cls) -> Measures:
        """Of this process."""
        ctypes.CDLL(None).malloc_trim(0)  # what the last large input left unused would count as a leak
        process = psutil.Process()
        children = process.children()
        memory = sum(child.memory_info().rss for child in children)
        return cls(process.memory_info().rss, memory, process.num_fds(), len(children))


@dataclass
class Report:
    """A whole run. ``left_behind``: files in the folder for temporary files when all was over."""

    endings: list[Ending] = field(default_factory=list)
    before: Measures | None = None
    settled: Measures | None = None
    at_the_end: Measures | None = None
    after: Measures | None = None
    left_behind: list[str] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def faults(self) -> list[str]:
        """What is wrong, an input a line."""
        return [f"{e.name}: {fault}: {e.state}: {e.reason}" for e in self.endings for fault in e.faults]


class HangError(Exception):
    """An input took longer than the sandbox may."""


class _ErrorLog(logging.Handler):
    """Keeps what is logged as an error, by thread."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.said.setdefault(record.thread or 0, []).append(record.getMessage())


def run(
    documents: Iterable[MutatedDocument],
    folder: Path,
    *,
    limits: PrepareLimits = LIMITS,
    options: PrepareOptions = OPTIONS,
    keep: Path | None = None,
) -> Report:
    """Prepare all documents in sandboxes, two at a time.

    Args:
        documents: Made one by one, as they are needed.
        folder: An empty folder for everything that is written.
        limits: Of each.
        options: How pages are made.
        keep: A folder for the inputs that show a fault.

    Raises:
        HangError: One did not end.
    """
    return _Run(documents, folder, limits, options, keep).run()


class _Run:
    def __init__(
        self,
        documents: Iterable[MutatedDocument],
        folder: Path,
        limits: PrepareLimits,
        options: PrepareOptions,
        keep: Path | None,
    ) -> None:
        self._documents, self._folder = iter(documents), folder
        self._limits, self._options, self._keep = limits, options, keep
        self._lock = threading.Lock()
        self._report = Report()
        self._errors = _ErrorLog()
        self._since: dict[int, tuple[float, str]] = {}
        self._failures: list[BaseException] = []

    def run(self) -> Report:
        temporary = self._folder / "tmp"
        temporary.mkdir()
        logger = logging.getLogger("tenderlake")
        logger.addHandler(self._errors)
        # Orphans of the children become ours, so that they are seen.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.environ["TMPDIR"], old = str(temporary), os.environ.get("TMPDIR")
        started = time.monotonic()
        try:
            self._report.before = Measures.now()
            self._work()
            self._report.after = Measures.now()
        finally:
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
            logger.removeHandler(self._errors)
            os.environ.pop("TMPDIR")
            if old is not None:
                os.environ["TMPDIR"] = old
        self._report.duration_s = time.monotonic() - started
        self._report.left_behind = [str(path.relative_to(temporary)) for path in temporary.rglob("*")]
        return self._report

    def _work(self) -> None:
        threads = [threading.Thread(target=self._worker, args=(n,), daemon=True) for n in range(_WORKERS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(0.2)
            now = time.monotonic()
            for since, name in tuple(self._since.values()):
                if now - since > self._limits.timeout_s + _PATIENCE_S:
                    raise HangError(f"{name} has not ended after {now - since:.0f} s")
        if self._failures:
            raise self._failures[0]

    def _worker(self, number: int) -> None:
        folder = self._folder / str(number)
        folder.mkdir()
        try:
            with PrepareSandbox(self._limits, (PASSWORD,)) as sandbox:
                while True:
                    with self._lock:
                        document = next(self._documents, None)
                    if document is None:
                        break
                    self._since[number] = (time.monotonic(), document.name)
                    ending = self._prepare(sandbox, document, folder)
                    self._since.pop(number)
                    self._add(ending, document)
                with self._lock:  # the first to finish, as long as both zygotes are there
                    self._report.at_the_end = self._report.at_the_end or Measures.now()
        except BaseException as failure:
            self._failures.append(failure)
            self._since.pop(number, None)

    def _add(self, ending: Ending, document: MutatedDocument) -> None:
        with self._lock:
            self._report.endings.append(ending)
            if len(self._report.endings) == _SETTLED_AFTER:
                self._report.settled = Measures.now()
        if ending.faults and self._keep:
            self._keep.mkdir(parents=True, exist_ok=True)
            (self._keep / re.sub(r"[^\w.#-]", "_", ending.name)).write_bytes(document.data)

    def _prepare(self, sandbox: PrepareSandbox, document: MutatedDocument, folder: Path) -> Ending:
        path, output = folder / "source", folder / "output"
        path.write_bytes(document.data)
        said = self._errors.said.setdefault(threading.get_ident(), [])
        said.clear()
        started = time.monotonic()
        try:
            outcome = sandbox.prepare(path, output, document.name, self._options)
        except SandboxError as error:
            return Ending(document.name, document.kind, "failed run", str(error), 0.0, ("the batch would fail",))
        duration_s = time.monotonic() - started
        faults = [*_faults_of(outcome), *(f"an error in the log: …{line[-500:]}" for line in said)]
        if isinstance(outcome, Rejection) and output.is_dir() and any(output.iterdir()):
            faults.append("files are left of a rejected document")
        shutil.rmtree(output, ignore_errors=True)
        state, reason = _said_of(outcome)
        return Ending(document.name, document.kind, state, reason, duration_s, tuple(faults))


def _said_of(outcome: DocumentManifest | Unpacking | Rejection) -> tuple[str, str]:
    if isinstance(outcome, Rejection):
        return outcome.state.value, outcome.reason
    if isinstance(outcome, Unpacking):
        return "unpacked", f"{len(outcome.members)} members"
    lost = [page for page in outcome.pages if page.kind is PageKind.IMAGE and page.image_name is None]
    return ("prepared, pages lost" if lost else "prepared"), f"{len(outcome.pages)} pages"


def _faults_of(outcome: DocumentManifest | Unpacking | Rejection) -> Iterator[str]:
    if isinstance(outcome, Rejection):
        yield from _faults_of_rejection(outcome)
    elif isinstance(outcome, Unpacking):
        for member in outcome.members:
            if member.rejection:
                yield from (
                    f"member {member.archive_path}: {fault}" for fault in _faults_of_rejection(member.rejection)
                )
    else:
        if not any(page.image_name or page.has_native_result for page in outcome.pages):
            yield "a document without any page that can be read"
        for page in outcome.pages:
            if not (page.image_name or page.has_native_result) and (wrong := _fault_of_words(page.reason)):
                yield f"page {page.page_number}: {wrong}"


def _faults_of_rejection(rejection: Rejection) -> Iterator[str]:
    if not (rejection.state.is_quarantined or rejection.state.is_skipped):
        yield "no final state"
    if rejection.reason.startswith(("reading it failed", "the process", "the library that reads it crashed")):
        yield "not foreseen"
    if wrong := _fault_of_words(rejection.reason):
        yield wrong


def _fault_of_words(reason: str) -> str | None:
    return None if is_for_people(reason) else f"not in the words of people: {reason!r}"


# ---- by hand


def corpus_documents(folder: Path, most_bytes: int) -> tuple[SmallDocument, ...]:
    """The real documents of at most this size."""
    found = []
    for path in sorted(folder.rglob("*")):
        family = _FAMILIES.get(path.suffix.lower())
        if family and path.is_file() and not path.name.endswith(".gt.txt") and 0 < path.stat().st_size <= most_bytes:
            found.append(SmallDocument(str(path.relative_to(folder)), *family, path.read_bytes()))
    return tuple(found)


def _table(report: Report) -> Iterator[str]:
    kinds = sorted({ending.kind for ending in report.endings})
    counts = Counter((ending.kind, ending.state) for ending in report.endings)
    states = sorted({state for _, state in counts})
    yield f"| ended in | {' | '.join(kinds)} | all |"
    yield f"|---|{'---:|' * (len(kinds) + 1)}"
    for state in states:
        row = [counts[kind, state] for kind in kinds]
        yield f"| {state} | {' | '.join(map(str, row))} | {sum(row)} |"
    yield f"| inputs | {' | '.join(str(sum(counts[k, s] for s in states)) for k in kinds)} | {len(report.endings)} |"
    slowest = {kind: max(ending.duration_s for ending in report.endings if ending.kind == kind) for kind in kinds}
    yield f"| slowest, s | {' | '.join(f'{slowest[kind]:.1f}' for kind in kinds)} | {max(slowest.values()):.1f} |"
    yield ""
    yield f"{report.duration_s:.0f} s"
    for name in ("before", "settled", "at_the_end", "after"):
        yield f"{name}: {getattr(report, name)}"
    yield f"left behind: {report.left_behind[:10]}"
    yield "slowest:"
    for ending in sorted(report.endings, key=lambda e: -e.duration_s)[:10]:
        yield f"  {ending.duration_s:.1f} s {ending.name}: {ending.state}: {ending.reason}"
    yield f"{len(report.faults)} faults:"
    yield from (f"  {fault[:600]}" for fault in report.faults)


def main(arguments: Sequence[str]) -> int:
    """Run by hand; the exit status is 1 where there is a fault."""
    parser = argparse.ArgumentParser(description="Send mutated documents through the sandbox.")
    parser.add_argument("--count", type=int, default=10_000, help="inputs")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other inputs")
    parser.add_argument("--kinds", nargs="*", default=(), help="pdf, picture, zip, archive, office, text; default all")
    parser.add_argument("--corpus", type=Path, help="a folder of real documents; they are mutated as well")
    parser.add_argument("--only-corpus", action="store_true", help="no small documents of our own")
    parser.add_argument("--most-bytes", type=int, default=1_000_000, help="larger real documents are left out")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that show a fault")
    parser.add_argument("--timeout-s", type=float, default=LIMITS.timeout_s, help="limit of time of an input")
    given = parser.parse_args(arguments)
    documents = () if given.only_corpus else small_documents(*given.kinds)
    if given.corpus:
        real = corpus_documents(given.corpus, given.most_bytes)
        documents += tuple(document for document in real if not given.kinds or document.kind in given.kinds)
    limits = LIMITS.model_copy(update={"timeout_s": given.timeout_s})
    with tempfile.TemporaryDirectory(prefix="tenderlake-mutations-") as folder:
        report = run(mutations_of(documents, given.count, given.seed), Path(folder), limits=limits, keep=given.keep)
    print("\n".join(_table(report)))
    return 1 if report.faults or report.left_behind else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
