"""How well fields and types of documents are found: a table of all fields, and the confusion matrix of the types.

Three parts: real documents against the list that people made by reading them (needs ``TENDERLAKE_CORPUS`` and the
language data of Tesseract), the types of all Russian documents of the corpus, and invented papers, as files and as
scans of their print. ``tests/fieldaccuracy.py`` says what is counted. ``--wrong`` lists what is missed and false.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from samples.typesetting import FontsMissingError
from tests.documenttypes import known_types, matrix
from tests.fieldaccuracy import Scores, scores, table, total
from tests.fieldgold import read_gold_documents
from tests.inventedtenders.reading import read_papers
from tests.obstacles import corpus_folder, corpus_obstacle, language_data_obstacle
from tests.readdocuments import Library


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if obstacle := corpus_obstacle() or language_data_obstacle():
            print(f"real documents are left out: {obstacle}")
        else:
            _real(Library(corpus_folder(), folder / "library"))
        try:
            for title, is_scanned in (("invented papers", False), ("the same, scanned", True)):
                read = read_papers(folder / title, is_scanned=is_scanned)
                _print(
                    f"{title}: {len(read)}", total(scores(paper.known, each.fields()) for paper, each in read.items())
                )
        except FontsMissingError as error:
            print(f"invented papers are left out: {error}")


def _real(library: Library) -> None:
    gold = read_gold_documents(library)
    _print(
        f"real documents: {len(gold)}", total(scores(one.known, document.fields()) for one, document in gold.items())
    )
    documents = library.read(known_types())
    print(f"\ntypes of {len(documents)} real documents")
    print("\n".join(matrix({path: read.classification().document_type for path, read in documents.items()})))


def _print(title: str, together: Scores) -> None:
    print(f"\n{title}")
    print("\n".join(table(together)))
    if "--wrong" in sys.argv[1:]:
        for name, score in together.items():
            print("\n".join(f"missed {name}: {line}" for line in score.missed), end="\n" if score.missed else "")
            print("\n".join(f"false {name}: {line}" for line in score.false), end="\n" if score.false else "")


if __name__ == "__main__":
    main()
