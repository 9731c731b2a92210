"""The fields and types of invented papers, which look as tender documents do and were labelled before finders saw them.

They are prepared in the sandbox as files; ``bench/field_accuracy.py`` reads them as scans, too.
"""

from __future__ import annotations

import pytest

from samples.typesetting import FontsMissingError
from tenderlake.fields.finding import RankedField
from tenderlake.lake.vocabulary import DocumentType, FieldName
from tests.fieldaccuracy import IDENTIFIERS, SUMS, Scores, of_group, scores, total
from tests.inventedtenders.reading import read_papers
from tests.inventedtenders.writing import Paper, papers
from tests.obstacles import missing
from tests.readdocuments import ReadDocument

pytestmark = pytest.mark.integration

LEAST_PRECISION, LEAST_RECALL = 0.95, 0.85
OTHERS = frozenset(FieldName) - IDENTIFIERS - SUMS


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[Paper, ReadDocument]:
    """The papers as the pipeline reads them."""
    try:
        return read_papers(tmp_path_factory.mktemp("papers"))
    except FontsMissingError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def found(read: dict[Paper, ReadDocument]) -> dict[Paper, list[RankedField]]:
    """The fields that are found in them."""
    return {paper: document.fields() for paper, document in read.items()}


@pytest.fixture(scope="module")
def counted(found: dict[Paper, list[RankedField]]) -> Scores:
    """The counts of all fields of all papers."""
    return total(scores(paper.known, fields) for paper, fields in found.items())


def test_the_papers_name_fields_and_types_that_there_are() -> None:
    for paper in papers():
        assert DocumentType(paper.document_type)
        assert all(FieldName(one.field) for one in (*paper.known.expected, *paper.known.tolerated))


@pytest.mark.parametrize("names", [IDENTIFIERS, SUMS, OTHERS], ids=["identifiers", "sums", "others"])
def test_fields_are_right_and_there(counted: Scores, names: frozenset[FieldName]) -> None:
    score = of_group(counted, names)
    assert score.precision >= LEAST_PRECISION, score.false
    assert score.recall >= LEAST_RECALL, score.missed


def test_what_is_right_by_its_check_digits_is_valid(found: dict[Paper, list[RankedField]]) -> None:
    wrong = [
        one.candidate
        for fields in found.values()
        for one in fields
        if one.candidate.field in IDENTIFIERS and one.candidate.is_valid is False
    ]
    assert wrong == []


def test_leaflets_rules_plans_of_years_and_an_invoice_from_abroad_hold_nothing(
    found: dict[Paper, list[RankedField]],
) -> None:
    silent = {paper.name: fields for paper, fields in found.items() if not of_kinds(paper)}
    assert set(silent) == {
        "Памятка участнику.docx",
        "invoice.pdf",
        "Правила.pdf",
        "Положение.docx",
        "Финансирование.docx",
    }
    assert [one.candidate for fields in silent.values() for one in fields if one.candidate.field in IDENTIFIERS] == []


def of_kinds(paper: Paper) -> list[str]:
    """The identifiers and sums that stand in a paper."""
    return [one.field for one in paper.known.expected if FieldName(one.field) in IDENTIFIERS | SUMS]


def test_every_paper_gets_its_type(read: dict[Paper, ReadDocument]) -> None:
    wrong = {
        paper.name: (found.document_type.value, found.reason)
        for paper, document in read.items()
        if (found := document.classification()).document_type.value != paper.document_type
    }
    assert wrong == {}
