"""The list of fields that people found in documents of the corpus by reading them: ``tests/corpus/fields_gold.tsv``.

A line is one field of one document: whose it is (empty where nobody's), its value, what stands there, the page, and
whether the reader was sure; what they were not sure of is neither asked for nor wrong. ``NONE`` as value says that the
field is not there, though something looks like it: ``raw_text`` is what.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.fieldaccuracy import Expected, Known
from tests.readdocuments import Library, ReadDocument

GOLD = Path(__file__).parent / "corpus" / "fields_gold.tsv"
_TYPE = "document_type"


@dataclass(frozen=True)
class GoldDocument:
    """What is known of a document of the corpus; ``document_type`` is None where the reader was not sure."""

    path: str
    known: Known
    document_type: str | None


def gold_documents() -> list[GoldDocument]:
    """All documents of the list."""
    with GOLD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    by_document = defaultdict(list)
    for row in rows:
        by_document[row["document"]].append(row)
    return [_document(path, lines) for path, lines in by_document.items()]


def _document(path: str, lines: list[dict[str, str]]) -> GoldDocument:
    types = [line["value"] for line in lines if line["field"] == _TYPE and line["sure"] == "yes"]
    fields = [
        (Expected(line["field"], line["role"], line["value"]), line["sure"] == "yes")
        for line in lines
        if line["field"] != _TYPE
    ]
    known = Known(
        path,
        expected=tuple(one for one, is_sure in fields if is_sure),
        tolerated=tuple(one for one, is_sure in fields if not is_sure),
    )
    return GoldDocument(path, known, types[0] if types else None)


def read_gold_documents(library: Library) -> dict[GoldDocument, ReadDocument]:
    """The documents of the list, read as the pipeline reads them.

    Raises:
        AssertionError: one of them was rejected.
    """
    gold = gold_documents()
    read = library.read(one.path for one in gold)
    return {one: read[one.path] for one in gold}
