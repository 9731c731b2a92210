"""Finding the fields of a document: its pages one by one, then the candidates of each field in order of trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby, islice

from tenderlake.fields.amounts import find_amounts
from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.dates import find_dates
from tenderlake.fields.documentnumbers import find_document_numbers
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.requisites import find_requisites
from tenderlake.fields.settling import settled
from tenderlake.fields.terms import find_terms
from tenderlake.fields.totals import find_totals
from tenderlake.lake.vocabulary import FieldName, FieldRole

MOST_OF_A_FIELD = 100
"""Different values of one field and role that are kept; a price list has thousands of sums."""
MOST_OF_A_PAGE = 1000


Finder = Callable[[PageReading, DocumentContext], Iterable[Candidate]]
"""Looks at one page and yields what it finds, in any order; of other pages it knows what the context tells."""

FINDERS: tuple[Finder, ...] = (
    find_requisites,
    find_amounts,
    find_totals,
    find_dates,
    find_terms,
    find_document_numbers,
)

_ORDER = (FieldRole.CUSTOMER, FieldRole.SUPPLIER, FieldRole.PARTICIPANT, None, FieldRole.OPERATOR, FieldRole.BANK)
"""Whose values come first: those of the customer are what a purchase is looked up by."""


@dataclass(frozen=True)
class RankedField:
    """A candidate with its rank among those of its field and role, 1 for the best."""

    candidate: Candidate
    rank: int


class FieldFinder:
    """Collects the candidates of one document; memory is bounded whatever the document holds."""

    def __init__(self, context: DocumentContext, finders: Iterable[Finder] = FINDERS) -> None:
        self._context = context
        self._finders = tuple(finders)
        self._kept: dict[tuple[FieldName, FieldRole | None], dict[str, Candidate]] = {}
        self.dropped: Counter[FieldName] = Counter()
        """Values that were found and not kept, because there are too many of their field."""

    def add(self, page: PageReading) -> None:
        """Look at one page."""
        context = self._context.at(page)
        for finder in self._finders:
            for candidate in islice(finder(page, context), MOST_OF_A_PAGE):
                self._keep(candidate)
        self._context = context.after(page)

    def _keep(self, candidate: Candidate) -> None:
        """Keep the best of those that say the same: a number in every header is one value, not a hundred."""
        same_field = self._kept.setdefault((candidate.field, candidate.role), {})
        known = same_field.get(candidate.value)
        if known is None and len(same_field) >= MOST_OF_A_FIELD:
            self.dropped[candidate.field] += 1
        elif known is None or _trust(candidate) > _trust(known):
            same_field[candidate.value] = candidate

    def ranked(self) -> list[RankedField]:
        """All that was found, by field and role, the best first."""
        found = settled([candidate for same_field in self._kept.values() for candidate in same_field.values()])
        found.sort(key=lambda one: (_place(one), *(-trust for trust in _trust(one)), one.page_number, one.value))
        return [
            RankedField(candidate, rank)
            for _, group in groupby(found, key=_place)
            for rank, candidate in enumerate(group, start=1)
        ]


def _place(candidate: Candidate) -> tuple[str, int]:
    return candidate.field.value, _ORDER.index(candidate.role)


def _trust(candidate: Candidate) -> tuple[float, float, float]:
    """What holds beats what cannot be checked, that what does not hold; then the finder's own score."""
    checked = {True: 2.0, None: 1.0, False: 0.0}[candidate.is_valid]
    return checked, candidate.score, 0.0 if candidate.is_repaired else 1.0
