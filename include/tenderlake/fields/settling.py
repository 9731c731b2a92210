"""What the candidates of a document say about each other, once all of its pages were seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.checksums import PurchaseCode, is_notice_44, is_notice_223, purchase_code
from tenderlake.fields.organisations import name_key
from tenderlake.fields.parties import WEAK
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole

_NAMES = (FieldName.CUSTOMER, FieldName.SUPPLIER, FieldName.PARTICIPANT)
_TITLED = {FieldName.SUBJECT, FieldName.PURCHASE_METHOD}
_MORE_TRUST = 0.05


def settled(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with what the others prove of them.

    A value without a party that stands elsewhere with one is that party's, and is told once. The ИНН and КПП in an ИКЗ
    are the customer's. The law of a purchase follows from the form of its number.
    """
    settled = _without_titles(_without_weak_names(_with_parties(_with_neighbours(_with_customer(candidates)))))
    return [*settled, *_laws(settled)]


def _with_customer(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Values that stand in a valid ИКЗ are the customer's, where nothing else is said of them."""
    codes = [code for one in candidates if one.field is FieldName.PURCHASE_CODE and (code := purchase_code(one.value))]
    return [_confirmed(candidate, codes) for candidate in candidates]


def _confirmed(candidate: Candidate, codes: Sequence[PurchaseCode]) -> Candidate:
    own = {FieldName.INN: [code.inn for code in codes], FieldName.KPP: [code.kpp for code in codes]}
    if candidate.value not in own.get(candidate.field, []) or candidate.role not in (None, FieldRole.CUSTOMER):
        return candidate
    return replace(candidate, role=FieldRole.CUSTOMER, score=min(candidate.score + _MORE_TRUST, 1.0))


def _with_neighbours(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Values beside an ИНН that elsewhere is said to be somebody's are his."""
    owners: dict[str, set[FieldRole]] = defaultdict(set)
    for candidate in candidates:
        if candidate.field is FieldName.INN and candidate.role is not None:
            owners[candidate.value].add(candidate.role)
    return [
        replace(candidate, role=min(owners[inn])) if inn is not None and len(owners.get(inn, ())) == 1 else candidate
        for candidate in candidates
        for inn in (candidate.beside_inn,)
    ]


def _with_parties(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without those that say what another one says, and whose it is."""
    owned = defaultdict(set)
    for candidate in candidates:
        if candidate.role is not None:
            owned[candidate.field].add(candidate.value)
    kept: dict[tuple[FieldName, FieldRole | None, str], Candidate] = {}
    for candidate in candidates:
        if candidate.role is None and candidate.value in owned[candidate.field]:
            continue
        key = candidate.field, candidate.role, candidate.value
        if key not in kept or candidate.score > kept[key].score:
            kept[key] = candidate
    return list(kept.values())


def _without_weak_names(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without names that only the head of a paper tells, where its text names the party; each name in one spelling."""
    named = {one.field for one in candidates if one.field in _NAMES and one.score > WEAK}
    best: dict[tuple[FieldName, str], Candidate] = {}
    for candidate in candidates:
        key = candidate.field, name_key(candidate.value)
        if candidate.field in _NAMES and (key not in best or candidate.score > best[key].score):
            best[key] = candidate
    return [
        candidate
        for candidate in candidates
        if candidate.field not in _NAMES
        or (
            best[candidate.field, name_key(candidate.value)] is candidate
            and (candidate.score > WEAK or candidate.field not in named)
        )
    ]


def _without_titles(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without subjects and methods that the title tells, where a label does."""
    told = {one.field for one in candidates if one.method is not FieldMethod.TITLE} & _TITLED
    return [one for one in candidates if one.field not in told or one.method is not FieldMethod.TITLE]


def _laws(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    known = {candidate.value for candidate in candidates if candidate.field is FieldName.LAW}
    for candidate in candidates:
        law = _law_of(candidate)
        if law is not None and law not in known:
            known.add(law)
            yield replace(
                candidate,
                field=FieldName.LAW,
                value=law,
                method=FieldMethod.PATTERN,
                is_valid=None,
                is_repaired=False,
                message=None,
            )


def _law_of(candidate: Candidate) -> str | None:
    if not candidate.is_valid:
        return None
    if candidate.field is FieldName.PURCHASE_CODE or (
        candidate.field is FieldName.PURCHASE_NUMBER and is_notice_44(candidate.value)
    ):
        return "44-FZ"
    return "223-FZ" if candidate.field is FieldName.PURCHASE_NUMBER and is_notice_223(candidate.value) else None
