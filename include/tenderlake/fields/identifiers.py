"""Identifiers of parties, accounts, purchases and contracts: numbers with a label, or of a form that proves itself.

A long number alone says nothing: 19 digits are a notice, a contract or a card, ten digits an ИНН, an ОКПО or a phone.
So a label comes first, then the check digit; without a label only those numbers are taken that hold an ИНН inside (ИКЗ,
contracts), the notices of 44-FZ, accounts whose key fits a БИК of the page, and the ИНН right behind a firm's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from ocr_tasks.contract import BlockLabel
from tenderlake.fields import checksums
from tenderlake.fields.hits import Hit, Region, regions_after
from tenderlake.fields.labels import ACCOUNT, Label, labels_in
from tenderlake.fields.lookalikes import DIGIT_LIKE, prefixes, repaired
from tenderlake.fields.organisations import LEGAL_FORM
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.vocabulary import FieldMethod, FieldName


@dataclass(frozen=True)
class _Form:
    """What a number of digits has to be. ``wrong``: what is said of one that does not pass."""

    lengths: tuple[int, ...]
    passes: Callable[[str], bool]
    wrong: str
    has_check_digit: bool = True
    token: re.Pattern[str] = re.compile(r"\d+(?: \d+)*")


_SPACED = re.compile(r"\d+(?:[ .-]\d+)*")
_BROKEN = re.compile(r"\d+(?:[ \n]\d+)*")
_FORMS: dict[FieldName, _Form] = {
    FieldName.INN: _Form((10, 12), checksums.is_inn, "the check digit is wrong"),
    FieldName.KPP: _Form(
        (9,), checksums.is_kpp, "not the form of a КПП", False, re.compile(r"\d{4}[A-Z][\dA-Z]\d{3}|\d+(?: \d+)*")
    ),
    FieldName.OGRN: _Form((13, 15), checksums.is_ogrn, "the check digit is wrong"),
    FieldName.OKPO: _Form((8, 10), checksums.is_okpo, "the check digit is wrong"),
    FieldName.OKTMO: _Form((8, 11), checksums.is_oktmo, "not the form of an ОКТМО", False),
    FieldName.BIK: _Form((9,), checksums.is_bik, "a БИК begins with 0, 1 or 2", False),
    ACCOUNT: _Form((20,), checksums.is_account, "no account begins with this digit", False, _SPACED),
    FieldName.PURCHASE_CODE: _Form(
        (36,), lambda value: checksums.purchase_code(value) is not None, "the ИНН in it is wrong", True, _BROKEN
    ),
    FieldName.PURCHASE_NUMBER: _Form(
        (19, 11), lambda value: checksums.is_notice_44(value) or checksums.is_notice_223(value), "no form of a notice"
    ),
    FieldName.CONTRACT_REGISTRY_NUMBER: _Form(
        (19, 23),
        lambda value: checksums.is_contract_44(value) or checksums.is_contract_223(value),
        "the ИНН in it is wrong",
        True,
        re.compile(r"5\d{18}[A-Z]\d{4}|\d+(?: \d+)*"),
    ),
}
_KBK = re.compile(
    r"\d{3}[ -]?\d{4}[ -]?[0-9A-ZА-Я]{2}[ -]?[0-9A-ZА-Я][ -]?[0-9A-ZА-Я]{2}[ -]?[0-9A-ZА-Я]{5}[ -]?\d{3}(?!\w)"
)
_OWN_NUMBER = re.compile(
    r"(?=[^ ]*\d[^ ]*\d[^ ]*\d)(?!\d\d\.\d\d\.)[A-ZА-Я0-9][A-ZА-Яa-zа-я0-9]*(?:[./-][A-ZА-Яa-zа-я0-9]+){0,6}"
)
_TIGHT = re.compile(r"[\s:№#.,;|\[\](){}<>/\\_—–\-=\"«»]{0,16}(?:№|N)?\s{0,2}")
_QUALIFIER = re.compile(
    r"[\s:,(]{0,3}(?:(?:заказчик|поставщик|подрядчик|исполнител|участник|покупател|продав|получател|плательщик|банк|"
    r"организаци|юридическ|физическ|лиц|крупнейш|налогоплательщик|предпринимател|индивидуальн|при|наличии|для|код|"
    r"номер|закупк|учреждени|филиал|РФ|в|по|и|или)[а-яё]{0,4}[\s:;,()/-]{0,4}){1,7}(?:№|N)?\s{0,2}",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"учредител|акционер|членов|исполнительн[а-яё]{2,3} орган|руководител|выгодоприобретател", re.IGNORECASE
)
"""«ИНН учредителей участника закупки» is of none of the parties."""
_WORDS = re.compile(r"[^\d\n\t]{1,60}")
_LIKE = f"[0-9{re.escape(DIGIT_LIKE)}]"
_RUN = re.compile(rf"{_LIKE}(?: ?{_LIKE}){{2,40}}")
_MORE = re.compile(r"[ \t]*\n{1,2}[ \t]*(\d+)(?!\d)")
_LONGEST_TOKEN = 80
_MOST_SHARING = 6
"""Labels in front of one line of values: «ИНН/КПП/ОГРН …»."""
_BETWEEN = re.compile(r"[ /,\\();]{0,3}(?:и )?")

_NOTICE_44 = re.compile(r"(?<!(?:КОНТРАКТ|контракт|Контракт) № )(?<![\d.,])0[1-9]\d{9}(?:1[1-9]|[2-4]\d)\d{6}(?!\d)")
_PROTOCOL_223 = re.compile(r"(?:№|N) ?(3(?:1[1-9]|[2-4]\d)\d{8})-\d{2}(?!\d)")
"""A protocol under 223-FZ is numbered by its notice."""
_CONTRACT = re.compile(r"(?<![\d.,])(?:[123]\d{18}|5\d{18}(?:\d{4}|[A-Z]\d{4}))(?![\dA-Z])")
_INN_AND_KPP = re.compile(r"(?<![\d.,])(\d{12}|\d{10})(?![\d,])(?:[\s|/]{1,5}(\d{9})(?![\d,]))?")
_MOST_OF_A_TABLE = 300
_CODE_36 = re.compile(r"(?<!\d)\d(?:[ \n]?\d){35}(?!\d)")
_BARE_ACCOUNT = re.compile(r"(?<!\d)(?:40[1-8]\d\d|301\d\d|421\d\d)(?:643|810|156|840|978)\d{12}(?!\d)")
_AFTER_FIRM = re.compile(rf"(?:{LEGAL_FORM})[^\n\t\d]{{2,120}}?[»\"”][ ,]{{1,3}}(\d{{12}}|\d{{10}})(?=[\n\t]|\Z)")


def identifiers(page: PageReading) -> Iterator[Hit]:
    """The numbers of a page, those with a label first; nothing is said yet about whose they are."""
    taken: set[int] = set()
    for hit in _labelled(page):
        taken.add(hit.value_start)
        yield hit
    for hit in chain(_in_read_tables(page), _unlabelled(page)):
        if hit.value_start not in taken:
            yield hit


def _labelled(page: PageReading) -> Iterator[Hit]:
    labels = labels_in(page.text, is_ocr=page.is_ocr)
    number = 0
    while number < len(labels):
        run = [labels[number]]
        while (
            len(run) < _MOST_SHARING
            and number + len(run) < len(labels)
            and _is_beside(page, run[-1], labels[number + len(run)])
        ):
            run.append(labels[number + len(run)])
        number += len(run)
        following = labels[number].start if number < len(labels) else len(page.text)
        if any(label.name in _FORMS or label.name is FieldName.KBK for label in run):
            yield from _values_of(page, run, following)


def _is_beside(page: PageReading, label: Label, following: Label) -> bool:
    """Whether two labels share what comes after them: «ИНН/КПП 7707083893/770701001»."""
    is_near = following.start - label.end <= 5 and _BETWEEN.fullmatch(page.text, label.end, following.start)
    # Lines of a form that were joined to a paragraph have values of their own beside them.
    return bool(is_near) and page.line_at(label.start) is page.line_at(following.start)


def _values_of(page: PageReading, run: Sequence[Label], following: int) -> Iterator[Hit]:
    for region in regions_after(page, run[0].start, run[-1].end, following):
        found = list(_values_in(page, run, region))
        yield from found
        if found and not region.is_one_of_many:
            return


def _values_in(page: PageReading, run: Sequence[Label], region: Region) -> Iterator[Hit]:
    start = region.start
    for label in run:
        if label.name is None:
            continue
        hit = _value(page, label, replace(region, start=start))
        if hit is not None:
            start = hit.end
            yield hit


def _value(page: PageReading, label: Label, region: Region) -> Hit | None:
    if label.name is FieldName.KBK:
        return _budget_code(page, label, region)
    form = _FORMS.get(label.name) if label.name else None
    if form is None:
        return None
    near = _near(page.text, region)
    hit = _clean_number(page.text, label, region, form, near)
    if page.is_ocr and (hit is None or hit.is_valid is False):
        # A number that was read with a wrong digit may yet be one that a letter or a border spoilt.
        hit = _spoilt_number(page.text, label, region, form, near) or hit
    if hit is None:
        return _own_number(page.text, label, region, near) if label.name is FieldName.PURCHASE_NUMBER else None
    return hit if _is_believed(page, label, region, form, hit) else None


def _is_believed(page: PageReading, label: Label, region: Region, form: _Form, hit: Hit) -> bool:
    words = (
        page.text[slice(*region.words)] + page.text[max(label.end, hit.value_start - _LONGEST_TOKEN) : hit.value_start]
    )
    if _OF_OTHERS.search(words):
        return False
    if page.is_ocr and label.name is not ACCOUNT and len(hit.value) not in form.lengths:
        return False  # OCR lost a digit, or made one of a speck: the document says something else.
    return label.is_printed or bool(hit.is_valid)


def _near(text: str, region: Region) -> int:
    """Where a number stands that follows its label with nothing but marks and words such as «заказчика» between."""
    gap = _TIGHT.match(text, region.start, region.end)
    place = gap.end() if gap else region.start
    words = _QUALIFIER.match(text, region.start, region.end)
    if words and (place >= region.end or not text[place].isdigit()):
        gap = _TIGHT.match(text, words.end(), region.end)
        return gap.end() if gap else words.end()
    return place


def _clean_number(text: str, label: Label, region: Region, form: _Form, near: int) -> Hit | None:
    hit = _number_at(text, label, region, form, near)
    if hit is not None or not form.has_check_digit:
        return hit
    # «ИНН организации, на которую зарегистрировано право 7707083893»: further off only what passes its check.
    words = _WORDS.match(text, region.start, region.end)
    if words is None:
        return None
    hit = _number_at(text, label, region, form, words.end())
    return replace(hit, score=0.6) if hit is not None and hit.is_valid else None


def _number_at(text: str, label: Label, region: Region, form: _Form, place: int) -> Hit | None:
    token = form.token.match(text, place, min(region.end, place + _LONGEST_TOKEN))
    if token is None or (token.end() < len(text) and text[token.end()].isdigit()):
        return None
    hits = [_hit(label, region, form, _compact(prefix), place, place + len(prefix)) for prefix in prefixes(token[0])]
    hits = [hit for hit in hits if len(hit.value) in form.lengths]
    if hits:
        return next((hit for hit in hits if hit.is_valid), hits[0])
    return _broken_number(text, label, region, form, token)


def _compact(number: str) -> str:
    return re.sub(r"[ .\n-]", "", number)


def _broken_number(text: str, label: Label, region: Region, form: _Form, token: re.Match[str]) -> Hit | None:
    """A number that goes on in the next line; only one that is too short is joined, and only to the right length."""
    value = _compact(token[0])
    more = _MORE.match(text, token.end())
    if len(value) < min(form.lengths) and more is not None and len(value + more[1]) in form.lengths:
        hit = _hit(label, region, form, value + more[1], token.start(), more.end())
        if hit.is_valid:
            return hit
    if form.has_check_digit and label.is_printed and label.name in _ONE_OFF and _is_one_off(value, form.lengths):
        wanted = " or ".join(map(str, form.lengths))
        hit = _hit(label, region, form, value, token.start(), token.end())
        return replace(hit, is_valid=False, message=f"{len(value)} digits where {wanted} are needed", score=0.2)
    return None


_ONE_OFF = (FieldName.INN, FieldName.OGRN)


def _is_one_off(value: str, lengths: tuple[int, ...]) -> bool:
    return any(abs(len(value) - length) == 1 for length in lengths)


def _hit(label: Label, region: Region, form: _Form, value: str, start: int, end: int) -> Hit:
    is_valid = form.passes(value)
    return Hit(
        field=_account_kind(value) if label.name is ACCOUNT else label.name or FieldName.INN,
        value=value,
        start=region.label_start,
        value_start=start,
        end=end,
        method=region.method,
        is_valid=is_valid,
        message=None if is_valid else form.wrong,
        score=(0.9 if is_valid else 0.3) if label.is_printed else 0.6,
        words=region.words,
    )


def _account_kind(value: str) -> FieldName:
    if value.startswith(("301", "40102")):
        return FieldName.CORRESPONDENT_ACCOUNT
    return FieldName.TREASURY_ACCOUNT if value.startswith("03") else FieldName.SETTLEMENT_ACCOUNT


def _spoilt_number(text: str, label: Label, region: Region, form: _Form, near: int) -> Hit | None:
    run = _RUN.match(text, near, min(region.end, near + _LONGEST_TOKEN))
    number = repaired(run[0], form.lengths, form.passes) if run else None
    if number is None:
        return None
    hit = _hit(label, region, form, number.value, near, near + number.length)
    return replace(hit, is_repaired=True, message=number.message, score=0.5)


def _budget_code(page: PageReading, label: Label, region: Region) -> Hit | None:
    near = _near(page.text, region)
    code = _KBK.match(page.text, near, region.end)
    if code is None:
        return None
    value = re.sub("[ -]", "", code[0])
    return Hit(FieldName.KBK, value, region.label_start, near, code.end(), region.method, is_valid=True, score=0.9)


def _own_number(text: str, label: Label, region: Region, near: int) -> Hit | None:
    """A number that the customer or the platform gave the purchase: «Номер закупки: ТЭ-2026-001»."""
    says_number = re.search("номер|№", text[label.start : label.end], re.IGNORECASE)
    number = _OWN_NUMBER.match(text, near, min(region.end, near + _LONGEST_TOKEN))
    if (
        not says_number
        or number is None
        or len(number[0]) < 5
        or (number.end() < len(text) and text[number.end()].isalnum())
    ):
        return None
    message = "not a number of the unified system"
    return Hit(
        FieldName.PURCHASE_NUMBER,
        number[0],
        region.label_start,
        near,
        number.end(),
        region.method,
        message=message,
        score=0.4,
    )


def _in_read_tables(page: PageReading) -> Iterator[Hit]:
    """Numbers under «ИНН» and «КПП» in a table that OCR read as lines: those that pass, a КПП behind its ИНН."""
    for piece in page.pieces:
        if piece.label is not BlockLabel.TABLE or piece.table is not None:
            continue
        head, _, body = page.text[piece.start : piece.end].partition("\n")
        names = {label.name for label in labels_in(head, is_ocr=page.is_ocr)}
        if FieldName.INN not in names or re.search(r"\d{9}", head):
            continue
        words = piece.start, min(piece.end, piece.start + len(head) + _LONGEST_TOKEN)
        for match in islice(_INN_AND_KPP.finditer(page.text, piece.end - len(body), piece.end), _MOST_OF_A_TABLE):
            if checksums.is_inn(match[1]):
                yield replace(_bare(FieldName.INN, match[1], match, 1), words=words, score=0.5)
                if match[2] and FieldName.KPP in names and checksums.is_kpp(match[2]):
                    yield replace(_bare(FieldName.KPP, match[2], match, 2), words=words, score=0.5)


def _unlabelled(page: PageReading) -> Iterator[Hit]:
    for match in _CODE_36.finditer(page.text):
        value = re.sub(r"\s", "", match[0])
        if checksums.purchase_code(value) is not None:
            yield _bare(FieldName.PURCHASE_CODE, value, match)
    for match in _NOTICE_44.finditer(page.text):
        yield _bare(FieldName.PURCHASE_NUMBER, match[0], match)
    for match in _PROTOCOL_223.finditer(page.text):
        yield _bare(FieldName.PURCHASE_NUMBER, match[1], match, 1)
    for match in _CONTRACT.finditer(page.text):
        if checksums.is_contract_44(match[0]) or checksums.is_contract_223(match[0]):
            yield _bare(FieldName.CONTRACT_REGISTRY_NUMBER, match[0], match)
    for match in _AFTER_FIRM.finditer(page.text):
        is_valid = checksums.is_inn(match[1])
        yield replace(
            _bare(FieldName.INN, match[1], match, 1),
            start=match.start(),
            is_valid=is_valid,
            message=None if is_valid else _FORMS[FieldName.INN].wrong,
            score=0.4 if is_valid else 0.2,
        )
    for match in _BARE_ACCOUNT.finditer(page.text):
        yield replace(_bare(_account_kind(match[0]), match[0], match), is_valid=None, needs_bank=True)


def _bare(field: FieldName, value: str, match: re.Match[str], group: int = 0) -> Hit:
    start, end = match.span(group)
    return Hit(field, value, start, start, end, FieldMethod.PATTERN, is_valid=True, score=0.4)
