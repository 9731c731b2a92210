"""The finder of identifiers and contacts: what stands on a page, whose it is, and which bank an account belongs to."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from tenderlake.fields.addresses import addresses
from tenderlake.fields.banks import banks
from tenderlake.fields.candidates import Candidate
from tenderlake.fields.checksums import account_fits
from tenderlake.fields.codes import codes
from tenderlake.fields.contacts import contacts
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.hits import Hit
from tenderlake.fields.identifiers import identifiers
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.parties import parties, readable, with_names
from tenderlake.fields.purchase import purchase
from tenderlake.fields.roles import OnLine, Roles
from tenderlake.lake.vocabulary import FieldName, FieldRole

_ACCOUNTS = (FieldName.SETTLEMENT_ACCOUNT, FieldName.CORRESPONDENT_ACCOUNT, FieldName.TREASURY_ACCOUNT)
_OF_A_PARTY = (
    FieldName.INN,
    FieldName.KPP,
    FieldName.OGRN,
    FieldName.OKPO,
    FieldName.OKTMO,
    FieldName.OKVED2,
    FieldName.BIK,
    *_ACCOUNTS,
    FieldName.EMAIL,
    FieldName.PHONE,
)
_LONGEST_QUOTATION = 300
MOST_NAMES = 300
MOST_NUMBERS = 2000
"""Identifiers and contacts of a page that are looked at: a registry has thousands, and is no paper of one purchase."""


def find_requisites(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Identifiers, codes, contacts and parties of a page, and what is bought."""
    roles = context.roles(page)
    found = islice(chain(identifiers(page), contacts(page)), MOST_NUMBERS)
    numbers = list(_beside_inns(roles, [_with_role(hit, roles, on_line) for hit, on_line in _places(page, found)]))
    numbers = list(_with_banks(with_names(page, roles, numbers)))
    # What there is little of comes first: who takes but some of a page takes that.
    text = readable(page)
    named = chain(parties(page, roles, numbers), banks(page, roles, text, numbers), addresses(page, roles))
    for hit in chain(purchase(page, context.trail), islice(named, MOST_NAMES), numbers, codes(page)):
        yield candidate_of(page, hit)


def candidate_of(page: PageReading, hit: Hit) -> Candidate:
    """A hit as a candidate, with its quotation and its place on the page."""
    return Candidate(
        field=hit.field,
        value=hit.value,
        raw_text=" ".join(page.text[hit.start : min(hit.end, hit.start + _LONGEST_QUOTATION)].split()),
        page_number=page.page_number,
        bbox_px=page.box_of(hit.value_start, hit.end),
        method=hit.method,
        role=hit.role,
        is_valid=hit.is_valid,
        is_repaired=hit.is_repaired,
        message=hit.message,
        beside_inn=hit.beside_inn,
        score=hit.score,
    )


def _places(page: PageReading, hits: Iterable[Hit]) -> Iterator[tuple[Hit, OnLine]]:
    """Each hit with its place among those of its kind on its line."""
    hits = list(hits)
    lines = [page.line_start(hit.value_start) for hit in hits]
    counts = Counter((hit.field, line) for hit, line in zip(hits, lines, strict=True))
    seen: Counter[tuple[FieldName, int]] = Counter()
    for hit, line in zip(hits, lines, strict=True):
        yield hit, OnLine(seen[hit.field, line], counts[hit.field, line])
        seen[hit.field, line] += 1


def _with_role(hit: Hit, roles: Roles, on_line: OnLine) -> Hit:
    if hit.field not in _OF_A_PARTY:
        return hit
    own_words = roles.page.text[hit.start : hit.value_start] + " " + roles.page.text[slice(*hit.words)]
    return replace(hit, role=roles.role_at(hit.value_start, own_words=own_words, on_line=on_line))


def _beside_inns(roles: Roles, hits: Sequence[Hit]) -> Iterator[Hit]:
    """Values of nobody with the ИНН nearest to them in their paragraph or cell."""
    inns = [hit for hit in hits if hit.field is FieldName.INN]
    starts = [inn.value_start for inn in inns]
    for hit in hits:
        if hit.role is not None or hit.field not in _OF_A_PARTY:
            yield hit
            continue
        number = bisect_right(starts, hit.value_start)
        near = inns[max(0, number - 1) : number + 1]
        near = [inn for inn in near if _are_together(roles, inn, hit)] or _in_a_row(roles.page, near, hit)
        inn = min(near, key=lambda inn: abs(inn.value_start - hit.value_start), default=None)
        yield replace(hit, beside_inn=inn.value) if inn is not None else hit


def _are_together(roles: Roles, inn: Hit, hit: Hit) -> bool:
    page = roles.page
    if roles.are_parted(inn.value_start, hit.value_start):
        return False
    place, other = page.cell_at(inn.value_start), page.cell_at(hit.value_start)
    return place == other and page.piece_at(inn.value_start) is page.piece_at(hit.value_start)


def _in_a_row(page: PageReading, inns: Sequence[Hit], hit: Hit) -> list[Hit]:
    """Those in cells of their own in a value's row of a table; none where it stands between two different ones."""
    place = page.cell_at(hit.value_start)
    if place is None:
        return []
    places = [(inn, page.cell_at(inn.value_start)) for inn in inns]
    found = [inn for inn, other in places if other and other[0] is place[0] and other[1].row == place[1].row]
    return found if len({inn.value for inn in found}) == 1 else []


def _with_banks(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Accounts with what the БИК of their bank says of their control key."""
    banks: dict[FieldRole | None, list[Hit]] = {}
    for hit in hits:
        if hit.field is FieldName.BIK and hit.is_valid:
            banks.setdefault(hit.role, []).append(hit)
    for hit in hits:
        if hit.field not in _ACCOUNTS:
            yield hit
        elif (checked := _checked_account(hit, banks.get(hit.role, []))) is not None:
            yield checked


_MOST_BANKS = 20


def _checked_account(account: Hit, banks: Sequence[Hit]) -> Hit | None:
    near = sorted(banks, key=lambda bank: abs(bank.value_start - account.value_start))[:_MOST_BANKS]
    fits = [account_fits(account.value, bank.value) for bank in near]
    if True in fits:
        return replace(account, is_valid=True, message=account.message)
    if account.needs_bank or account.is_valid is False:
        return None if account.needs_bank else account
    if False in fits:
        message = f"the control key does not fit the БИК {near[0].value}"
        return replace(account, is_valid=False, message=message, score=min(account.score, 0.3))
    return replace(account, is_valid=None)
