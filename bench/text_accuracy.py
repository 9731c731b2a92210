"""How exactly the text of digital documents is read: a table of all documents of the corpus whose text is known.

Needs ``TENDERLAKE_CORPUS``. ``tests/textaccuracy.py`` says what is compared and what is forgiven; the last column is
the rate without any white space.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from rapidfuzz.distance import Levenshtein

from tenderlake.documents import PrepareLimits
from tenderlake.sandbox import PrepareSandbox
from tests.obstacles import corpus_folder, corpus_obstacle
from tests.textaccuracy import accuracy, known_texts, page_pairs, read_pages


def main() -> None:
    """Print the table, worst document first."""
    if obstacle := corpus_obstacle():
        print(f"not run: {obstacle}")
        return
    corpus, rows = corpus_folder(), []
    with tempfile.TemporaryDirectory() as folder, PrepareSandbox(PrepareLimits(timeout_s=120)) as sandbox:
        for number, document in enumerate(known_texts(corpus)):
            pages = read_pages(sandbox, corpus / document.path, Path(folder, str(number)))
            found = accuracy(corpus, document, pages)
            squeezed = [(a.replace(" ", ""), b.replace(" ", "")) for a, b in page_pairs(corpus, document, pages)]
            errors = sum(Levenshtein.distance(truth, read) for truth, read in squeezed)
            rows.append((found.rate, errors / max(1, sum(len(truth) for truth, _ in squeezed)), found))
    print(f"{'errors':>8} {'of':>8} {'rate':>8} {'no space':>8}  document")
    for rate, rate_without_space, found in sorted(rows, key=lambda row: -row[0]):
        counts = f"{found.errors:8} {found.characters:8} {rate:8.3%} {rate_without_space:8.3%}"
        print(f"{counts}  {found.document.path}")
    print(f"median of {len(rows)} documents: {median(row[0] for row in rows):.3%}")


if __name__ == "__main__":
    main()
