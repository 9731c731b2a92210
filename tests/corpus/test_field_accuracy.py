"""The fields of real documents against a list of those that people found by reading them (``fields_gold.tsv``).

Every document of the list is prepared and read as the pipeline does it, scans by Tesseract. ``bench/field_accuracy.py``
prints the table; ``tests/fieldaccuracy.py`` says what is counted.
"""

from __future__ import annotations

import pytest

from tenderlake.fields.finding import RankedField
from tenderlake.lake.vocabulary import FieldName, FieldRole
from tests.fieldaccuracy import IDENTIFIERS, NOTHING, SUMS, Scores, of_group, scores, total
from tests.fieldgold import GoldDocument, gold_documents, read_gold_documents
from tests.readdocuments import Library

pytestmark = pytest.mark.corpus

LEAST_PRECISION, LEAST_RECALL = 0.95, 0.85
LEAST_OF_OTHERS = 0.9
FEWEST_DOCUMENTS = 24
FEWEST_OF_THE_PURCHASES = 20
"""Of the folder of documents of purchases."""


@pytest.fixture(scope="module")
def found(library: Library) -> dict[GoldDocument, list[RankedField]]:
    """The fields that are found in the documents of the list."""
    return {gold: document.fields() for gold, document in read_gold_documents(library).items()}


@pytest.fixture(scope="module")
def counted(found: dict[GoldDocument, list[RankedField]]) -> Scores:
    """The counts of all fields of all documents."""
    return total(scores(gold.known, fields) for gold, fields in found.items())


def test_the_list_is_about_enough_documents_and_says_fields_that_there_are() -> None:
    gold = gold_documents()
    assert len(gold) >= FEWEST_DOCUMENTS
    assert sum(document.path.startswith("ru-tender/") for document in gold) >= FEWEST_OF_THE_PURCHASES
    for document in gold:
        for one in (*document.known.expected, *document.known.tolerated):
            assert FieldName(one.field)
            assert not one.role or FieldRole(one.role)


@pytest.mark.parametrize("names", [IDENTIFIERS, SUMS, IDENTIFIERS | SUMS], ids=["identifiers", "sums", "both"])
def test_identifiers_and_sums_are_right_and_there(counted: Scores, names: frozenset[FieldName]) -> None:
    score = of_group(counted, names)
    assert score.precision >= LEAST_PRECISION, score.false
    assert score.precision_of_all >= LEAST_PRECISION, score.false
    assert score.recall >= LEAST_RECALL, score.missed


def test_most_other_fields_are_right_and_there(counted: Scores) -> None:
    score = of_group(counted, frozenset(FieldName) - IDENTIFIERS - SUMS)
    assert score.precision >= LEAST_OF_OTHERS, score.false
    assert score.recall >= LEAST_OF_OTHERS, score.missed


def test_what_only_looks_like_a_field_is_passed_over(found: dict[GoldDocument, list[RankedField]]) -> None:
    """«НМЦ за ед.», thresholds of a law, blanks for dates, hectares, contracts that are referred to."""
    wrong = {}
    for gold, fields in found.items():
        traps = {one.field for one in gold.known.expected if one.value == NOTHING}
        known = {one.field for one in (*gold.known.expected, *gold.known.tolerated) if one.value != NOTHING}
        if caught := (traps - known) & {one.candidate.field.value for one in fields}:
            wrong[gold.path] = caught
    assert wrong == {}
