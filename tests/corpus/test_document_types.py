"""The types of all Russian documents of the corpus, each read by a person; ``bench/field_accuracy.py`` has the matrix.

Scans are read by Tesseract, so a title has to be found in what it makes of them.
"""

from __future__ import annotations

import pytest

from tenderlake.lake.vocabulary import DocumentType
from tests.documenttypes import ACCEPTED, confusion, known_types, unlisted
from tests.obstacles import corpus_folder
from tests.readdocuments import Library, ReadDocument

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def documents(library: Library) -> dict[str, ReadDocument]:
    """The documents as they are read."""
    return library.read(known_types())


def test_every_russian_document_of_the_corpus_is_listed() -> None:
    assert unlisted(corpus_folder()) == []


def test_no_document_gets_a_type_that_it_is_not(documents: dict[str, ReadDocument]) -> None:
    found = {path: document.classification() for path, document in documents.items()}
    wrong = {
        path: (kind.document_type.value, kind.reason)
        for path, kind in found.items()
        if kind.document_type not in (known_types()[path], ACCEPTED.get(path))
    }
    assert wrong == {}
    unreasoned = [
        path for path, kind in found.items() if kind.document_type is not DocumentType.OTHER and not kind.reason
    ]
    assert unreasoned == []


def test_every_type_but_other_is_found_where_the_corpus_has_it(documents: dict[str, ReadDocument]) -> None:
    matrix = confusion({path: document.classification().document_type for path, document in documents.items()})
    kinds = {kind for kind, _ in matrix}
    assert len(kinds) > len(DocumentType) // 2
    assert all(matrix[kind, kind] for kind in kinds)
