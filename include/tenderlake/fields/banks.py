"""The banks of accounts: behind or under the account, before the БИК, or behind their label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tenderlake.fields.hits import Hit
from tenderlake.fields.labelledtext import labelled_texts
from tenderlake.fields.organisations import names_in, normal_name
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.roles import Roles
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole

_LABEL = re.compile(
    r"(?:наименование (?:банка|кредитной организации)|банк(?: получателя)?(?=\s{0,2}:|\t)|обслуживающий банк)",
    re.IGNORECASE,
)
_BANK = re.compile(
    r"(?:[Вв] )?(?P<bank>(?:П?АО|ЗАО|ОАО|ООО|АКБ|КБ|НКО|[А-ЯЁ][а-яё-]{3,30}|[А-ЯЁ]{3,20})(?![а-яё])[^\n\t\d;:,]{0,20}"
    r"[^\n\t;:,]{2,100}?(?:, г\. ?[А-ЯЁ][а-яё]{2,20}(?:[ -][А-ЯЁа-яё]{2,20})?)?)"
    r"(?=[\s,;]{1,3}(?:[КкРр]/с|[Кк]ор|КОР|БИК|ИНН|ЕКС|K/e)|[\n\t;,]|\Z)"
)
_WORD = re.compile(r"банк|АКБ|отделение|гркц|ркц|уфк|окц", re.IGNORECASE)
_NO_BANK = re.compile(r"\d{5}|получател|реквизит", re.IGNORECASE)
_ITS_NUMBERS = re.compile(r"[\s,;]{1,3}(?:к/с|корр|бик)", re.IGNORECASE)
_GAP = re.compile(r"[\s,;]{0,4}")
_CUT = re.compile(r"[,;]?\s(?:[КкРр]/с|БИК|[Кк]ор)")
_CAPTION = re.compile(r"\s*(?:\n|Банк получателя)")
_LONGEST = 200
_SHORTEST_NAME, _LONGEST_NAME = 5, 150
_ACCOUNTS = (FieldName.SETTLEMENT_ACCOUNT, FieldName.TREASURY_ACCOUNT, FieldName.CORRESPONDENT_ACCOUNT)


def banks(page: PageReading, roles: Roles, text: str, numbers: Iterable[Hit]) -> Iterator[Hit]:
    """The banks of a page. ``numbers``: its identifiers, with whose they are; ``text``: with legal forms made right."""
    for number in numbers:
        if number.field in _ACCOUNTS:
            yield from _behind(page, text, number)
        elif number.field is FieldName.BIK:
            yield from _before(text, number)
            yield from _left_of(page, text, number)
    for labelled in labelled_texts(page, _LABEL):
        value = _CUT.split(text[labelled.start : labelled.end])[0]
        if _is_bank(value):
            end = labelled.start + len(value)
            yield _hit(text, labelled.start, end, roles.role_at(labelled.start), labelled.method, 0.7)


def _is_bank(value: str) -> bool:
    return _SHORTEST_NAME <= len(value) <= _LONGEST_NAME and bool(_WORD.search(value)) and not _NO_BANK.search(value)


def _is_announced(text: str, match: re.Match[str]) -> bool:
    """«р/с 407… в ПАО «ВТБ», к/с …»: a bank that has no such word in its name."""
    is_quoted = re.fullmatch(r"(?:П?АО|НКО|АКБ) [«\"][^«»\"]{2,40}[»\"]", match["bank"]) is not None
    return is_quoted and match[0][:2].lower() == "в " and _ITS_NUMBERS.match(text, match.end()) is not None


def _behind(page: PageReading, text: str, account: Hit) -> Iterator[Hit]:
    """The bank that follows an account: «р/с 407… в ПАО «Банк», БИК …», in its cell or the one below."""
    place = page.cell_at(account.value_start)
    spans = [(account.end, len(text))]
    if place is not None:
        table, cell = place
        below = next(table.below(cell), None)
        spans = [(account.end, cell.end), *([(below.start, below.end)] if below else [])]
    for begin, limit in spans:
        gap = _GAP.match(text, begin, limit)
        start = gap.end() if gap else begin
        match = _BANK.match(text, start, min(limit, start + _LONGEST))
        if match is not None and (_is_bank(match["bank"]) or _is_announced(text, match)):
            hit = _hit(text, *match.span("bank"), account.role, FieldMethod.PHRASE, 0.7)
            yield replace(hit, beside_inn=account.beside_inn)
            return


def _before(text: str, bik: Hit) -> Iterator[Hit]:
    """The bank on the line before its БИК: «ПАО СБЕРБАНК Г. МОСКВА БИК 044525225»."""
    before = max(0, bik.start - _LONGEST)
    line = max(text.rfind("\n", before, bik.start), text.rfind("\t", before, bik.start), before - 1) + 1
    head = text[line : bik.start].rstrip(" ,;|")
    name = next((start for start, _ in names_in(text, line, line + len(head))), line)
    if _is_bank(text[name : line + len(head)].strip()) and not _NO_BANK.search(head):
        hit = _hit(text, name, line + len(head), bik.role, FieldMethod.PHRASE, 0.6)
        yield replace(hit, beside_inn=bik.beside_inn)


def _left_of(page: PageReading, text: str, bik: Hit) -> Iterator[Hit]:
    """The bank in the cell before that of its БИК: «ПАО «Банк» г. Лесной, Банк получателя | БИК | 044…» of invoices."""
    place = page.cell_at(bik.start)
    beside = next((cell for cell in place[0].left_of(place[1]) if not cell.is_empty), None) if place else None
    if beside is None:
        return
    name = _CAPTION.split(text[beside.start : beside.end], maxsplit=1)[0]
    if _is_bank(name):
        hit = _hit(text, beside.start, beside.start + len(name), bik.role, FieldMethod.CELL, 0.6)
        yield replace(hit, beside_inn=bik.beside_inn)


def _hit(text: str, start: int, end: int, role: FieldRole | None, method: FieldMethod, score: float) -> Hit:
    return Hit(FieldName.BANK, normal_name(text[start:end]), start, start, end, method, score=score, role=role)
