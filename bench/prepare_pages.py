"""Making page images and native texts, against PyMuPDF's own tools in the same run; on more cores; and in what memory.

Sections, all where none is named: ``scans``, ``images``, ``text``, ``cores``, ``memory``, ``worker``. Rates are pages a
second of processor time, as other work on the machine takes its share of the clock; every round is a process of its
own, as every document is in the pipeline: nothing is remembered from the round before. Ours and theirs take turns.

With ``TENDERLAKE_CORPUS`` set, native text is measured on the 44-FZ law of the corpus, else on a sample contract.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

from PIL import Image

from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake import prepare_document
from tenderlake.mupdf import pymupdf

TENDER = Path(__file__).parents[1] / "include/samples/documents/0373200012326000457"
SCANS = TENDER / "Приложение 4. Локальный сметный расчёт.pdf"
DIGITAL = TENDER / "Приложение 3. Проект контракта.pdf"
LAW = Path(os.environ.get("TENDERLAKE_CORPUS", "/nowhere"), "ru-tender/law-44fz-full.pdf")
TEXTS = LAW if LAW.is_file() else DIGITAL
ROUNDS = 5
SHORT, LONG = 50, 1000
EARLY, LATE = 1_000, 10_000
FORK = get_context("fork")


def by_pymupdf(path: Path) -> int:
    """Every page rendered at 300 dpi and encoded by MuPDF."""
    with pymupdf.open(path) as document:
        for page in document:
            page.get_pixmap(dpi=300).tobytes("jpg")
        return int(document.page_count)


def text_by_pymupdf(path: Path) -> int:
    """The plain text of every page, without boxes, order or tables."""
    with pymupdf.open(path) as document:
        for page in document:
            page.get_text("text")
        return int(document.page_count)


def by_prepare(path: Path, mode: TextLayerMode) -> int:
    """Every page prepared, manifest and files written."""
    with tempfile.TemporaryDirectory() as folder:
        made = prepare_document(
            path, Path(folder), document_id="0" * 64, options=PrepareOptions(text_layer=mode), limits=PrepareLimits()
        )
        assert isinstance(made, DocumentManifest)
        return len(made.pages)


class Rate(NamedTuple):
    """Pages a second of processor time, and of the clock."""

    cpu: float
    clock: float


def rate(work: Callable[[], int], rounds: int = 1) -> Rate:
    """How fast this process does some work."""
    clock, cpu = time.perf_counter(), time.process_time()
    pages = sum(work() for _ in range(rounds))
    return Rate(pages / (time.process_time() - cpu), pages / (time.perf_counter() - clock))


def in_children(works: list[Callable[[], Rate]]) -> list[Rate]:
    """The same in processes of their own, all at once."""
    started = FORK.Barrier(len(works))

    def child(work: Callable[[], Rate], answers: object) -> None:
        started.wait()
        answers.send(work())  # type: ignore[attr-defined]

    pipes = [FORK.Pipe(duplex=False) for _ in works]
    children = [FORK.Process(target=child, args=(work, pipe[1])) for work, pipe in zip(works, pipes, strict=True)]
    for process in children:
        process.start()
    rates = [pipe[0].recv() for pipe in pipes]
    for process in children:
        process.join()
    return rates


def compare(name: str, ours: Callable[[], int], theirs: Callable[[], int], wanted: str) -> None:
    """Print the best of some rounds in turns, and the middle of their ratios."""
    pairs = [(in_children([lambda: rate(ours)])[0], in_children([lambda: rate(theirs)])[0]) for _ in range(ROUNDS)]
    our_best, their_best = max(our.cpu for our, _ in pairs), max(their.cpu for _, their in pairs)
    ratio = median(our.cpu / their.cpu for our, their in pairs)
    print(f"{name:<40} {our_best:8.1f} pages/s, PyMuPDF alone {their_best:7.1f}, ratio {ratio:7.2f}{wanted}{load()}")


def load() -> str:
    """How busy the machine is: with more than its cores, figures are lower than they could be."""
    return f"  (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)"


def recoded_scans(folder: Path, codec: str) -> Path:
    """The sample scans with their pictures in another codec."""
    path = folder / f"scans.{codec}.pdf"
    with pymupdf.open(SCANS) as source, pymupdf.open() as target:
        for page in source:
            picture = Image.open(io.BytesIO(page.get_pixmap(dpi=300, colorspace=pymupdf.csGRAY).tobytes("png")))
            buffer = io.BytesIO()
            picture.save(buffer, codec)
            target.new_page(width=page.rect.width, height=page.rect.height).insert_image(
                page.rect, stream=buffer.getvalue()
            )
        target.save(path)
    return path


def repeated(path: Path, pages: int, target: Path) -> Path:
    """A document of so many pages, made of the first ones of another."""
    with pymupdf.open(path) as source, pymupdf.open() as document:
        while document.page_count < pages:
            document.insert_pdf(source, to_page=min(source.page_count, SHORT, pages - document.page_count) - 1)
        document.save(target)
    return target


def scans(folder: Path) -> None:
    """Scanned pages that are passed through, and those that are decoded and encoded again."""
    png = recoded_scans(folder, "PNG")
    compare("scans passed through", lambda: by_prepare(SCANS, TextLayerMode.AUTO), lambda: by_pymupdf(SCANS), ", of 50")
    compare("scans as PNG, encoded again", lambda: by_prepare(png, TextLayerMode.AUTO), lambda: by_pymupdf(png), "")


def images(_: Path) -> None:
    """Pages that are rendered and encoded."""
    ours, theirs = (lambda: by_prepare(DIGITAL, TextLayerMode.IGNORE)), (lambda: by_pymupdf(DIGITAL))
    compare("digital pages as images", ours, theirs, ", of 3")


def text(_: Path) -> None:
    """Digital pages: all that is done for one, against their plain text alone."""
    ours, theirs = (lambda: by_prepare(TEXTS, TextLayerMode.AUTO)), (lambda: text_by_pymupdf(TEXTS))
    compare("digital pages as text", ours, theirs, ", 200 pages/s wanted")


def cores(_: Path) -> None:
    """Rendering in one process, and in one a core: by the clock, and by processor time, whatever else runs."""
    count = os.cpu_count() or 1

    def work() -> Rate:
        by_prepare(DIGITAL, TextLayerMode.IGNORE)  # loads what is loaded once
        return rate(lambda: by_prepare(DIGITAL, TextLayerMode.IGNORE), rounds=4)

    pairs = [(in_children([work])[0], in_children([work] * count)) for _ in range(ROUNDS)]
    by_clock = [sum(rate.clock for rate in many) / one.clock for one, many in pairs]
    by_cpu = [sum(rate.cpu for rate in many) / one.cpu for one, many in pairs]
    best_one, best_many = max(one.clock for one, _ in pairs), max(sum(r.clock for r in many) for _, many in pairs)
    print(f"rendering in 1 process                   {best_one:8.1f} pages/s by the clock")
    print(f"rendering in {count} processes                 {best_many:8.1f} pages/s by the clock")
    print(
        f"  times one: {best_many / best_one:.2f} (best of each), {median(by_clock):.2f} (middle of the rounds), "
        f"{median(by_cpu):.2f} by processor time, of {0.9 * count:.1f}{load()}"
    )


def memory(folder: Path) -> None:
    """A short and a long document, each in a process of its own."""
    for name, source in (("text", TEXTS), ("scans", SCANS)):
        sizes = [peak_mb(repeated(source, pages, folder / f"{name}-{pages}.pdf")) for pages in (SHORT, LONG)]
        change = f"{sizes[1] / sizes[0] - 1:+.0%}"
        print(f"memory, {name}: {SHORT} pages {sizes[0]:.0f} MB, {LONG} pages {sizes[1]:.0f} MB, {change} of 20 %")


def worker(_: Path) -> None:
    """One process that prepares document after document: what it holds after some pages, and after many."""
    for name, source in (("text", TEXTS), ("scans", SCANS)):
        held = in_worker(source)
        print(f"memory of a worker, {name}: {held[0]:.0f} MB after {EARLY} pages, {held[1]:.0f} MB after {LATE}")


def in_worker(source: Path) -> tuple[float, float]:
    """Megabytes that a fresh process holds when it has prepared so many pages of a document, again and again."""
    command = [sys.executable, __file__, "--in-worker", str(source)]
    early, late = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(early), float(late)


def prepare_again_and_again(source: Path) -> Iterable[float]:
    """Megabytes after :data:`EARLY` and after :data:`LATE` pages."""
    done = 0
    for pages in (EARLY, LATE):
        while done < pages:
            done += by_prepare(source, TextLayerMode.AUTO)
        yield status_mb("VmRSS:")


def peak_mb(path: Path) -> float:
    """The most memory that a fresh process takes to prepare a document."""
    command = [sys.executable, __file__, "--peak", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def status_mb(key: str) -> float:
    """A size that Linux tells of this process. Not ru_maxrss, which remembers the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(key)[2].split()[0]) / 1024


SECTIONS = {"scans": scans, "images": images, "text": text, "cores": cores, "memory": memory, "worker": worker}


def main() -> None:
    """Run the sections that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=" ".join(SECTIONS))
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--in-worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        by_prepare(arguments.peak, TextLayerMode.AUTO)
        print(status_mb("VmHWM:"))
    elif arguments.in_worker:
        print(*prepare_again_and_again(arguments.in_worker))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for name in arguments.sections or SECTIONS:
                SECTIONS[name](Path(folder))


if __name__ == "__main__":
    main()
