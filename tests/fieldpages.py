"""Pages to find fields in, written down as what stands on them: paragraphs and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ocr_tasks.contract import Block, BlockLabel
from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.finding import FieldFinder, Finder
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.vocabulary import FieldName
from tests.pageresults import page_result, table_block, table_html

Row = Sequence[str]
Part = str | Sequence[Row]
"""A paragraph, or a table as its rows of cells."""


def page_of(*parts: Part, number: int = 1, is_ocr: bool = False) -> PageReading:
    """A page with these paragraphs and tables one under the other, each 100 pixels high."""
    blocks = [_block(part, place) for place, part in enumerate(parts)]
    result = page_result(*blocks, number=number, size_px=(1000, 100 * len(parts)))
    return PageReading.of(result, is_ocr=is_ocr)


def found(finders: Finder | Iterable[Finder], *parts: Part, is_ocr: bool = False) -> dict[FieldName, list[Candidate]]:
    """What finders find on a page of a document of one page: the candidates of each field, the best first."""
    finders = (finders,) if callable(finders) else finders
    finder = FieldFinder(DocumentContext(path="tender/document.pdf", page_count=1), finders)
    finder.add(page_of(*parts, is_ocr=is_ocr))
    fields: dict[FieldName, list[Candidate]] = {}
    for ranked in finder.ranked():
        fields.setdefault(ranked.candidate.field, []).append(ranked.candidate)
    return fields


def values(finders: Finder | Iterable[Finder], *parts: Part, is_ocr: bool = False) -> dict[str, list[str]]:
    """The values of each field that was found, the best first."""
    return {
        field.value: [candidate.value for candidate in candidates]
        for field, candidates in found(finders, *parts, is_ocr=is_ocr).items()
    }


def _block(part: Part, place: int) -> Block:
    box = (0.0, 100.0 * place, 1000.0, 100.0 * place + 90)
    if isinstance(part, str):
        return Block(label=BlockLabel.TEXT, bbox_px=box, content=part)
    return table_block(table_html(*part), box)
