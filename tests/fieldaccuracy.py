"""How well fields are found: what was found in documents against what people found by reading them.

Precision counts the values that the finder puts first for a field and role: one that does not stand in the document
as that is false. Recall asks for every value of the list among the first so many of its field and role as there are in
the list. A value without a role in the list may be anybody's, one with a role has to be found as theirs. Values are the
same when their normal forms are: digits, sums, days; names, subjects, addresses and places when they have nearly the
same words. A term is its number and unit or its last day, whatever it runs from.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from rapidfuzz import fuzz

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.finding import RankedField
from tenderlake.lake.vocabulary import FieldName

IDENTIFIERS = frozenset(
    {
        FieldName.PURCHASE_NUMBER, FieldName.PURCHASE_CODE, FieldName.OKPD2, FieldName.KTRU, FieldName.OKVED2,
        FieldName.INN, FieldName.KPP, FieldName.OGRN, FieldName.OKPO, FieldName.OKTMO, FieldName.BIK,
        FieldName.SETTLEMENT_ACCOUNT, FieldName.CORRESPONDENT_ACCOUNT, FieldName.TREASURY_ACCOUNT, FieldName.KBK,
        FieldName.CONTRACT_REGISTRY_NUMBER,
    }
)  # fmt: skip
SUMS = frozenset(
    {
        FieldName.NMCK, FieldName.CONTRACT_PRICE, FieldName.TOTAL_AMOUNT, FieldName.TOTAL_WITHOUT_VAT,
        FieldName.VAT_RATE, FieldName.VAT_AMOUNT, FieldName.ESTIMATE_TOTAL, FieldName.ADVANCE_PERCENT,
        FieldName.BID_SECURITY_PERCENT, FieldName.BID_SECURITY_AMOUNT, FieldName.CONTRACT_SECURITY_PERCENT,
        FieldName.CONTRACT_SECURITY_AMOUNT, FieldName.WARRANTY_SECURITY_PERCENT, FieldName.WARRANTY_SECURITY_AMOUNT,
    }
)  # fmt: skip
GROUPS: Mapping[str, Collection[FieldName]] = {
    "identifiers": IDENTIFIERS,
    "sums": SUMS,
    "other fields": frozenset(FieldName) - IDENTIFIERS - SUMS,
}
_TERMS = frozenset({FieldName.DELIVERY_TERM, FieldName.PAYMENT_TERM, FieldName.WARRANTY_TERM, FieldName.BID_VALIDITY})
_DATES = frozenset(
    {
        FieldName.DOCUMENT_DATE, FieldName.APPROVAL_DATE, FieldName.CONTRACT_DATE, FieldName.BID_DEADLINE,
        FieldName.AUCTION_DATE, FieldName.RESULTS_DATE, FieldName.WORK_START, FieldName.WORK_END,
    }
)  # fmt: skip
_WORDED = frozenset(
    {
        FieldName.PURCHASE_METHOD, FieldName.PLATFORM, FieldName.SUBJECT, FieldName.CUSTOMER, FieldName.SUPPLIER,
        FieldName.PARTICIPANT, FieldName.BANK, FieldName.ADDRESS, FieldName.DELIVERY_PLACE,
    }
)  # fmt: skip
_LEAST_LIKENESS = 80
NOTHING = "NONE"
"""The value of a line that says that a field is not there, though something in the document looks like it."""


@dataclass(frozen=True, order=True)
class Expected:
    """A field that stands in a document; ``role`` is empty where it does not matter whose."""

    field: str
    role: str
    value: str


@dataclass(frozen=True)
class Known:
    """What is known of a document: what has to be found, and what may be found as well."""

    path: str
    expected: tuple[Expected, ...]
    tolerated: tuple[Expected, ...] = ()


@dataclass
class Score:
    """The counts of one field, and what went wrong."""

    expected: int = 0
    found: int = 0
    first: int = 0
    """Values that were put first."""
    first_right: int = 0
    emitted: int = 0
    emitted_right: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of what was put first."""
        return self.first_right / self.first if self.first else 1.0

    @property
    def precision_of_all(self) -> float:
        """Of everything that was found, whatever its rank."""
        return self.emitted_right / self.emitted if self.emitted else 1.0

    @property
    def recall(self) -> float:
        """Of what has to be found."""
        return self.found / self.expected if self.expected else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.expected + other.expected,
            self.found + other.found,
            self.first + other.first,
            self.first_right + other.first_right,
            self.emitted + other.emitted,
            self.emitted_right + other.emitted_right,
            self.missed + other.missed,
            self.false + other.false,
        )


Scores = dict[FieldName, Score]


def scores(known: Known, ranked: Sequence[RankedField]) -> Scores:
    """The counts of every field of one document."""
    found: Scores = defaultdict(Score)
    expected = [one for one in known.expected if one.value != NOTHING]
    for ranked_field in ranked:
        _judge(found[ranked_field.candidate.field], known, expected, ranked_field)
    for one in expected:
        score = found[FieldName(one.field)]
        score.expected += 1
        listed = (*expected, *known.tolerated)
        limit = sum(other.field == one.field and other.role in ("", one.role) for other in listed)
        if any(each.rank <= limit and is_same(one, each.candidate) for each in ranked):
            score.found += 1
        else:
            score.missed.append(f"{known.path}: {one.role} {one.value}")
    return dict(found)


def _judge(score: Score, known: Known, expected: Iterable[Expected], ranked: RankedField) -> None:
    candidate = ranked.candidate
    is_right = any(is_same(one, candidate) for one in expected)
    if not is_right and any(is_same(one, candidate) for one in known.tolerated):
        return
    score.emitted += 1
    score.emitted_right += is_right
    if ranked.rank == 1:
        score.first += 1
        score.first_right += is_right
    if not is_right:
        raw = " ".join(candidate.raw_text.split())[:90]
        score.false.append(f"{known.path}: {ranked.rank} {candidate.role or ''} {candidate.value} from «{raw}»")


def is_same(expected: Expected, candidate: Candidate) -> bool:
    """Whether a candidate says what is expected, and of whom."""
    name = FieldName(expected.field)
    if name is not candidate.field or expected.role not in ("", candidate.role or ""):
        return False
    if name in _DATES:
        return candidate.value.startswith(expected.value)
    if name in _TERMS:
        return expected.value in (_term(candidate), candidate.value, str(candidate.date))
    if name in _WORDED:
        return fuzz.token_set_ratio(_words(expected.value), _words(candidate.value)) >= _LEAST_LIKENESS
    if name is FieldName.PHONE:
        return _digits(expected.value)[-10:] == _digits(candidate.value)[-10:]
    if (number := _number(expected.value)) is not None and name in SUMS:
        return number == candidate.number
    return expected.value.casefold() == candidate.value.casefold()


def total(each: Iterable[Scores]) -> Scores:
    """The counts of several documents together."""
    together: Scores = defaultdict(Score)
    for one in each:
        for name, score in one.items():
            together[name] += score
    return dict(together)


def of_group(together: Scores, names: Collection[FieldName]) -> Score:
    """The counts of several fields together."""
    return sum((score for name, score in together.items() if name in names), Score())


def table(together: Scores) -> Iterator[str]:
    """The lines of a table of all fields, group by group."""
    yield f"{'field':28} known found  recall  first precision    all precision"
    for group, names in GROUPS.items():
        for name in FieldName:
            if name in names and name in together:
                yield _line(name.value, together[name])
        yield _line(f"= {group}", of_group(together, names))


def _line(name: str, score: Score) -> str:
    return (
        f"{name:28} {score.expected:5} {score.found:5} {score.recall:7.3f}  {score.first:5} {score.precision:9.3f}"
        f"  {score.emitted:5} {score.precision_of_all:9.3f}"
    )


def _term(candidate: Candidate) -> str:
    return f"{candidate.number.normalize():f} {candidate.unit}" if candidate.number is not None else ""


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold().replace("ё", "е")))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text.partition("доб")[0])


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
