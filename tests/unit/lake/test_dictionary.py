"""The data dictionary says what the lake holds today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ocr_tasks.contract import Word
from tenderlake.lake.dictionary import data_dictionary
from tenderlake.lake.schema import TABLES, Column
from tenderlake.lake.vocabulary import DocumentType, FieldName

pytestmark = pytest.mark.unit

COLUMNS = [
    pytest.param(column, id=f"{table.name}.{column.name}") for table in TABLES.values() for column in table.columns
]
LISTS = {column.words for table in TABLES.values() for column in table.columns if column.words is not None}
WORDS = [pytest.param(word, id=f"{words.__name__}.{word.name}") for words in LISTS for word in words]


def test_the_document_is_up_to_date() -> None:
    written = (Path(__file__).parents[3] / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == data_dictionary(), "run: python -m tenderlake.lake.dictionary > docs/data-dictionary.md"


@pytest.mark.parametrize("word", sorted(WORDS, key=lambda param: str(param.id)))
def test_every_word_says_what_it_means_in_a_sentence(word: Word) -> None:
    assert re.fullmatch(r"[A-ZА-ЯЁ«].*\.", word.meaning)
    assert word == word.value == str(word)
    assert type(word)(word.value) is word


def test_every_field_has_the_term_that_russian_documents_use() -> None:
    assert [name for name in FieldName if not name.russian] == []
    assert [kind for kind in DocumentType if not kind.russian] == [DocumentType.OTHER]


@pytest.mark.parametrize("column", COLUMNS)
def test_the_example_of_a_column_is_one_that_the_column_may_hold(column: Column) -> None:
    assert column.meaning.endswith(".")
    if column.words is not None:
        assert column.example in column.allowed
    if column.pattern is not None:
        assert re.search(column.pattern, column.example)
    if column.minimum is not None:
        assert float(column.example) >= column.minimum


def test_a_bar_in_a_meaning_does_not_break_its_table() -> None:
    rows = [line for line in data_dictionary().split("\n") if line.startswith("| ")]
    assert rows
    for block in data_dictionary().split("\n\n"):
        table = [line for line in block.split("\n") if line.startswith("| ")]
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in table}) <= 1
