"""Totals of a document and its VAT: rows «Итого», «в том числе НДС 20 %», «Всего к оплате», proved by arithmetic.

VAT within a total is total · r / (100 + r), on top of a net sum net · r / 100. Rates: 18 % to 2018, 20 % 2019 to 2025,
22 % from 2026 (425-FZ of 28.11.2025), reduced 10 %, simplified taxation 5 and 7 % (Tax Code, article 164).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.pagereading import PageReading, Piece
from tenderlake.fields.statements import columns_under, raw, searchable
from tenderlake.fields.sums import PER_UNIT, VAT_INSIDE, currency_of, money_text, scale_of
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldUnit
from tenderlake.russiannumbers import MONEY, Amount, amounts_in, fitted
from tenderlake.russiannumerals import spelled_number

VAT_RATES = (22, 20, 18, 10, 7, 5)
_TOLERANCE = Decimal("0.02")
"""Roubles by which rounded sums of a few rows may differ."""
_MOST_TOTALS = 200
"""Rows of totals of a page that are looked at: an estimate has some for each section."""
_LONGEST_LINE = 400
_VAT_GAP = 20

_TOTAL = re.compile(
    r"[ \t|]{0,6}(?:\d{1,3}[.)]?[ \t]{1,3})?(?P<label>(?:итого|всего|общая (?:сумма|стоимость)"
    r"(?!\s(?:настоящ\w{2,4} )?(?:контракт|договор))"
    r"|итоговая (?:сумма|стоимость)|к оплате|в (?:том числе|т\. ?ч\.)[ ,:]{0,3}НДС|(?:сумма |кроме того,? ?)?НДС)\b)",
    re.IGNORECASE,
)
_LABEL_RATE = re.compile(r"НДС[^\d\n]{0,14}?(\d{1,2}) ?%", re.IGNORECASE)
_NOT_OF_DOCUMENT = re.compile(
    r"раздел|\bглав[аеуы]м?\b|\bглавам|позици|страниц|лист|прямы|накладн(?!ой\b)|зарплат|материал|машин|оборудован|балл|\bНР\b|\bСП\b|этап|\bФОТ\b|единиц"
    r"|\bед\b|цена|наименован|участник|заявок|заявк|голос|мест|человек|часов|\bпо п",
    re.IGNORECASE,
)
_VAT = re.compile(r"^(?:в (?:том числе|т\. ?ч\.)[ ,:]{0,3}|сумма |кроме того,? ?)?НДС", re.IGNORECASE)
_WITHOUT_VAT = re.compile(r"без (?:уч[её]та )?НДС", re.IGNORECASE)
_WITH_VAT = re.compile(r"(?:с|включая|с уч[её]том|в т\.? ?ч\.?|в том числе) НДС|к оплате", re.IGNORECASE)
_ALL = re.compile(r"всего", re.IGNORECASE)
_OF_ESTIMATE = re.compile(r"по (?:локальн\w+ |объектн\w+ |сводн\w+ )?(?:смете|сметному|расч[её]ту)", re.IGNORECASE)
_LISTED = re.compile(r"всего наименований \d{1,5},? на сумму", re.IGNORECASE)
_WORDS_BEHIND = re.compile(
    r"[\s(]{1,3}((?:[а-яё]{2,16} ){1,25}рубл[а-яё]{1,3}(?: \d\d коп[а-яё]{0,4})?)", re.IGNORECASE
)
_RATE = re.compile(
    r"НДС[^\d\n%;.]{0,14}?(?<![\d.,])(\d{1,2}) ?(?:\([^()]{2,30}\) ?)?(?:%|процент)|(?<![\d.,])(\d{1,2}) ?% ?НДС",
    re.IGNORECASE,
)
_RATE_COLUMN = re.compile(r"\s*(?:налоговая )?ставка(?![а-яё])", re.IGNORECASE)
_RATE_CELL = re.compile(r"\s*(\d{1,2}) ?%\s*")
_MOST_COLUMNS = 20
_RARE = 3
"""So many times as often as a rare rate is the usual one told."""
_ROUBLES = re.compile(r"\bруб|₽", re.IGNORECASE)
_PRICE_HEAD = re.compile(r"(?:сумма|стоимость|цена|всего|итого)[^\t\n\d]{0,30}\bруб", re.IGNORECASE)
_HEAD = 2000
"""Characters in which the head of a table is looked for."""
_PERIOD = re.compile(
    r"\b20\d\d\b|\b(?:[IVX]{1,3}|[1-4])[- ]?(?:й )?(?:кв|полугод)|\b(?:январ|феврал|март|апрел|май|мая|июн|июл|август|"
    r"сентябр|октябр|ноябр|декабр)[а-яё]{0,2}\b",
    re.IGNORECASE,
)
"""What heads a column of a part of the whole: «2026 год», «II квартал»."""
_ROWS_OF_A_FORM = 24
"""In which the head of columns may stand: forms begin with the requisites of the parties, in the same table."""
_IS_NUMBER = re.compile(r"(?!\s*20\d\d\s*\Z)[\d\s.,%-]*")
_FEWEST_PERIODS = 2
_TAX = re.compile(r"НДС|налог", re.IGNORECASE)
_NET_PRICE = re.compile(
    r"[ \t|]{0,6}(?:\d{1,3}[.)]?[ \t]{1,3})?"
    r"(?P<label>(?:цена|стоимость|сумма)[^\d\t\n]{0,40}?\sбез (?:уч[её]та )?НДС\b)",
    re.IGNORECASE,
)
_MOST_INSIDE = 50
_SUM_WITHIN = 80
_LEADS = re.compile(r"[\s:–—-]{0,4}(?:(?:в сумме|в размере|составля\w{2,3})\s)?", re.IGNORECASE)


def find_totals(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Totals, VAT and its rate on a page."""
    totals = [*_rows(page), *_listed(page)]
    totals += [*_inside(page, totals)]
    totals += [*_net_prices(page, totals)]
    for total in _proved(totals):
        yield total
        if total.unit is not None and total.field is not FieldName.VAT_AMOUNT:
            yield currency_of(total)
    yield from _rates(page, has_sums=bool(totals))
    yield from _column_rates(page)


def fits_rate(one: Decimal, other: Decimal) -> int | None:
    """The rate of VAT that makes the greater sum of the smaller, None where there is none."""
    net, gross = sorted((one, other))
    return next((rate for rate in VAT_RATES if abs(net * (100 + rate) / 100 - gross) <= _TOLERANCE), None)


@dataclass(frozen=True, slots=True)
class _Total:
    candidate: Candidate
    rate: int | None


def _rows(page: PageReading) -> Iterator[_Total]:
    """Lines and rows of tables that begin with the label of a total."""
    lowered = searchable(page.text)
    if not any(hint in lowered for hint in ("итог", "всего", "ндс", "к оплате", "общая с")):
        return
    count = 0
    for piece in page.pieces:
        start = piece.start
        for line in lowered[piece.start : piece.end].split("\n"):
            found = _row(page, piece, start, line[:_LONGEST_LINE])
            start += len(line) + 1
            yield from found
            count += len(found)
            if count >= _MOST_TOTALS:
                return


def _row(page: PageReading, piece: Piece, start: int, line: str) -> list[_Total]:
    """The total of a line, and the VAT behind it: «Итого: 120 000,00 руб., в т.ч. НДС 20 % 20 000,00 руб.»."""
    match = _TOTAL.match(line)
    if match is None:
        return []
    printed = page.text[start : start + len(line)].replace("\t", "\n")
    amounts = [amount for amount in amounts_in(printed) if amount.start >= match.end()]
    amounts = _of_whole(page, piece, start, [amount for amount in amounts if not _is_rate(amount)])
    unit = _unit(page, piece, line)
    amount = _amount(amounts, is_row=piece.table is not None, is_priced=unit is not None)
    scale = _scale(page, piece, line)
    if amount is None or not (number := _fitted(amount, scale)):
        return []  # «рублей 00 копеек» behind a sum in words is no total of nothing
    if piece.table is None and PER_UNIT.match(printed, amount.end):
        return []
    label = line[match.start("label") : amount.start]
    if _NOT_OF_DOCUMENT.search(label):
        return []
    if piece.table is not None and (parts := _parted(page, start, amounts)) is not None:
        place = _Place(page, start, match.start("label"), is_cell=True)
        fields = (FieldName.TOTAL_WITHOUT_VAT, FieldName.VAT_AMOUNT, FieldName.TOTAL_AMOUNT)
        return [
            _Total(_total(place, field, part, number, unit, 0.7), None)
            for field, part in zip(fields, parts, strict=True)
            if (number := _fitted(part, scale)) is not None
        ]
    score = 0.6 + (0.2 if _WITH_VAT.search(label) else 0.05 if _ALL.match(label) else 0.0)
    rate = _LABEL_RATE.search(label)
    place = _Place(page, start, match.start("label"), "\t" in line[: amount.start])
    total = _total(place, _field(label), amount, number, unit, score)
    found = [_Total(_with_words(page, total, amount, start + amount.end), int(rate[1]) if rate is not None else None)]
    inside = VAT_INSIDE.match(printed, amount.end) if piece.table is None else None
    vat = next((one for one in amounts if inside is not None and 0 <= one.start - inside.end() <= _VAT_GAP), None)
    if inside is not None and vat is not None and (vat_number := _fitted(vat, scale)) is not None:
        tax = _total(replace(place, label=inside.start("label")), FieldName.VAT_AMOUNT, vat, vat_number, unit, score)
        found.append(_Total(tax, int(inside["rate"]) if inside["rate"] else None))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of a page at ``start``, with the place of a label in it."""

    page: PageReading
    start: int
    label: int
    is_cell: bool


def _total(
    place: _Place, field: FieldName, amount: Amount, number: Decimal, unit: FieldUnit | None, score: float
) -> Candidate:
    start, end = place.start + place.label, place.start + amount.end
    return Candidate(
        field=field,
        value=money_text(number),
        raw_text=raw(place.page, start, end),
        page_number=place.page.page_number,
        bbox_px=place.page.box_of(start, end),
        method=FieldMethod.CELL if place.is_cell else FieldMethod.LABEL,
        number=number,
        unit=amount.unit or unit,
        score=score,
    )


def _parted(page: PageReading, start: int, amounts: Sequence[Amount]) -> Sequence[Amount] | None:
    """«Всего к оплате | 67 250,00 | Х | 6 725,00 | 73 975,00»: the sum without VAT, the VAT and the total of a row.

    Goods of several rates have a VAT that fits none: there the head of its column says what it is.
    """
    sums = [amount for amount in amounts if _has_kopecks(amount) or amount.unit in MONEY]
    for net, vat, gross in zip(sums, sums[1:], sums[2:], strict=False):
        is_sum = vat.value and net.value + vat.value == gross.value
        if is_sum and (
            fits_rate(net.value, gross.value) is not None
            or any(_TAX.search(head) for head in _column_heads(page, start + vat.start))
        ):
            return net, vat, gross
    return None


def _column_heads(page: PageReading, position: int) -> list[str]:
    """What stands in the first rows over the cell that a place of the text lies in, downwards; numbers left out."""
    place = page.cell_at(position)
    if place is None:
        return []
    table, cell = place
    heads = [page.text[head.start : head.end] for head in table.heads_of(cell, _ROWS_OF_A_FORM)]
    return [head for head in heads if not _IS_NUMBER.fullmatch(head)]


def _of_whole(page: PageReading, piece: Piece, start: int, amounts: list[Amount]) -> list[Amount]:
    """Without the sums under the heads of years or quarters, where there are several: the whole is none of them."""
    if piece.placed is None:
        return amounts
    heads = [_column_heads(page, start + amount.start)[-1:] for amount in amounts]
    periods = [_PERIOD.search(head[0]) if head else None for head in heads]
    if len({found[0].lower() for found in periods if found is not None}) < _FEWEST_PERIODS:
        return amounts
    return [amount for amount, found in zip(amounts, periods, strict=True) if found is None]


def _inside(page: PageReading, totals: Sequence[_Total]) -> Iterator[_Total]:
    """«…, включая НДС 22 % в сумме 157 123,28 руб.» anywhere on the page, where that is its rate of a total."""
    grosses = [one.candidate for one in totals if one.candidate.field is FieldName.TOTAL_AMOUNT]
    if not grosses:
        return
    for match in islice(VAT_INSIDE.finditer(page.text), _MOST_INSIDE):
        lead = _LEADS.match(page.text, match.end())
        begin = lead.end() if lead is not None else match.end()
        amount = next(amounts_in(page.text[begin : begin + _SUM_WITHIN]), None)
        if amount is None or amount.start > 1 or not (amount.unit in MONEY or _has_kopecks(amount)):
            continue
        rates = (int(match["rate"]),) if match["rate"] else VAT_RATES
        number = fitted(amount.value)
        if number and any(_is_on_top(number, (one.number or Decimal(0)) - number, rates) for one in grosses):
            place = _Place(page, match.start("label"), 0, is_cell=False)
            behind = replace(amount, end=begin + amount.end - match.start("label"))
            rate = int(match["rate"]) if match["rate"] else None
            yield _Total(_total(place, FieldName.VAT_AMOUNT, behind, number, amount.unit, 0.6), rate)


def _net_prices(page: PageReading, totals: Sequence[_Total]) -> Iterator[_Total]:
    """«Цена без НДС | 2 163 934,43» of a form, where the VAT and the total prove that it is no price of a unit."""
    by_field = {
        field: {one.candidate.number or Decimal(0) for one in totals if one.candidate.field is field}
        for field in (FieldName.VAT_AMOUNT, FieldName.TOTAL_AMOUNT)
    }
    for piece, _ in page.tables if all(by_field.values()) else ():
        start = piece.start
        for line in page.text[piece.start : piece.end].split("\n"):
            match = _NET_PRICE.match(line[:_LONGEST_LINE])
            amounts = [*amounts_in(line[match.end() :].replace("\t", "\n"))] if match is not None else []
            number = fitted(amounts[-1].value) if amounts else None
            grosses = by_field[FieldName.TOTAL_AMOUNT]
            if match is not None and number and any(number + vat in grosses for vat in by_field[FieldName.VAT_AMOUNT]):
                place = _Place(page, start, match.start("label"), is_cell=True)
                amount = replace(amounts[-1], end=match.end() + amounts[-1].end)
                yield _Total(_total(place, FieldName.TOTAL_WITHOUT_VAT, amount, number, None, 0.6), None)
            start += len(line) + 1


def _field(label: str) -> FieldName:
    if _VAT.match(label):
        return FieldName.VAT_AMOUNT
    if _WITHOUT_VAT.search(label):
        return FieldName.TOTAL_WITHOUT_VAT
    return FieldName.ESTIMATE_TOTAL if _OF_ESTIMATE.search(label) else FieldName.TOTAL_AMOUNT


def _is_rate(amount: Amount) -> bool:
    return amount.unit is FieldUnit.PERCENT


def _amount(amounts: Sequence[Amount], *, is_row: bool, is_priced: bool) -> Amount | None:
    """The sum of a row is its last one (quantities stand before); in running text it follows its label."""
    sums = [
        amount
        for amount in amounts
        if amount.unit in MONEY or _has_kopecks(amount) or (is_priced and not amount.is_plain)
    ]
    if not sums:
        return None
    if is_row:
        return sums[-1]
    return sums[0] if sums[0] is amounts[0] else None


def _has_kopecks(amount: Amount) -> bool:
    return amount.unit is None and amount.value.as_tuple().exponent == -2


def _fitted(amount: Amount, scale: int) -> Decimal | None:
    return fitted(amount.value * (1 if amount.unit is not None else scale))


def _scale(page: PageReading, piece: Piece, line: str) -> int:
    """How many roubles the unit of a row has, which its head tells: «Стоимость, тыс. руб.»."""
    if piece.table is None or _ROUBLES.search(line):
        return scale_of(line)
    head = _PRICE_HEAD.search(_head(page, piece))
    return scale_of(head[0]) if head is not None else 1


def _head(page: PageReading, piece: Piece) -> str:
    return page.text[max(0, piece.start - _HEAD) : min(piece.end, piece.start + _HEAD)]


def _unit(page: PageReading, piece: Piece, line: str) -> FieldUnit | None:
    """Roubles where the row, its table, or the head of the table before says so."""
    if _ROUBLES.search(line):
        return FieldUnit.RUB
    return FieldUnit.RUB if _PRICE_HEAD.search(_head(page, piece)) else None


def _with_words(page: PageReading, candidate: Candidate, amount: Amount, end: int) -> Candidate:
    """«6 300,00 руб.», and under it «Шесть тысяч триста рублей 00 копеек»."""
    spelled, words = amount.spelled, amount.words
    if spelled is None and (behind := _WORDS_BEHIND.match(page.text, end)) is not None:
        spelled, words = spelled_number(behind[1]), behind[1]
    if spelled is None:
        return candidate
    if spelled.says(amount.value):
        return replace(candidate, is_valid=True, unit=candidate.unit or FieldUnit.RUB)
    return replace(candidate, is_valid=False, message=f"the words say another sum: {' '.join((words or '').split())}")


def _listed(page: PageReading) -> Iterator[_Total]:
    """«Всего наименований 2, на сумму 6 300,00 руб.» of invoices."""
    for match in _LISTED.finditer(page.text):
        amount = next(amounts_in(page.text[match.end() : match.end() + 300]), None)
        if amount is None or amount.start > 4 or (number := fitted(amount.value)) is None or amount.is_plain:
            continue
        end = match.end() + amount.end
        candidate = Candidate(
            field=FieldName.TOTAL_AMOUNT,
            value=money_text(number),
            raw_text=raw(page, match.start(), end),
            page_number=page.page_number,
            bbox_px=page.box_of(match.start(), end),
            method=FieldMethod.PHRASE,
            number=number,
            unit=amount.unit,
            score=0.9,
        )
        yield _Total(_with_words(page, candidate, amount, end), None)


def _proved(totals: Sequence[_Total]) -> Iterator[Candidate]:
    """Totals with what arithmetic says of them: net + VAT = total, VAT = the rate of either."""
    by_field: dict[FieldName, dict[Decimal, Candidate]] = {}
    rates: dict[Decimal, int] = {}
    for total in totals:
        number = total.candidate.number or Decimal(0)
        same = by_field.setdefault(total.candidate.field, {})
        if number not in same or (same[number].is_valid is None and total.candidate.is_valid is not None):
            same[number] = total.candidate
        if total.rate is not None:
            rates[number] = total.rate
    vats = by_field.get(FieldName.VAT_AMOUNT, {})
    _part_nets(by_field, list(vats))
    verdicts: dict[tuple[FieldName, Decimal], bool] = {}
    for vat in vats:
        for field, number, holds in _checks(vat, rates.get(vat), by_field):
            verdicts[field, number] = verdicts.get((field, number), False) or holds
    for field, same in by_field.items():
        for number, candidate in same.items():
            yield _judged(candidate, verdicts.get((field, number)))


def _part_nets(by_field: dict[FieldName, dict[Decimal, Candidate]], vats: Sequence[Decimal]) -> None:
    """«Итого 432 600», «НДС 20 % 86 520», «Всего 519 120»: the first total is the one without VAT."""
    for field in (FieldName.TOTAL_AMOUNT, FieldName.ESTIMATE_TOTAL):
        same = by_field.get(field, {})
        for net in [net for net in same if any(vat and net + vat in same for vat in vats)]:
            parted = replace(same.pop(net), field=FieldName.TOTAL_WITHOUT_VAT)
            by_field.setdefault(FieldName.TOTAL_WITHOUT_VAT, {}).setdefault(net, parted)


def _checks(
    vat: Decimal, rate: int | None, by_field: dict[FieldName, dict[Decimal, Candidate]]
) -> Iterator[tuple[FieldName, Decimal, bool]]:
    """What a sum of VAT says of itself and of the totals of the page; wrong only where one total of a kind is there."""
    rates = VAT_RATES if rate is None else (rate,)
    nets = list(by_field.get(FieldName.TOTAL_WITHOUT_VAT, ()))
    grosses = list(by_field.get(FieldName.TOTAL_AMOUNT, ()))
    estimates = list(by_field.get(FieldName.ESTIMATE_TOTAL, ()))
    fitting = [
        *((FieldName.TOTAL_WITHOUT_VAT, net, True) for net in nets if _is_on_top(vat, net, rates)),
        *((FieldName.TOTAL_AMOUNT, gross, True) for gross in grosses if _is_on_top(vat, gross - vat, rates)),
        *((FieldName.ESTIMATE_TOTAL, net, True) for net in estimates if _is_on_top(vat, net, rates)),
        *((FieldName.ESTIMATE_TOTAL, gross, True) for gross in estimates if _is_on_top(vat, gross - vat, rates)),
    ]
    yield from fitting
    if fitting:
        yield FieldName.VAT_AMOUNT, vat, True
    elif len(nets) == len(grosses) == 1 and nets[0] + vat != grosses[0]:
        yield FieldName.VAT_AMOUNT, vat, False
        yield FieldName.TOTAL_AMOUNT, grosses[0], False
        yield FieldName.TOTAL_WITHOUT_VAT, nets[0], False


def _is_on_top(vat: Decimal, net: Decimal, rates: Sequence[int]) -> bool:
    return any(abs(net * rate / 100 - vat) <= _TOLERANCE for rate in rates)


def _judged(candidate: Candidate, holds: bool | None) -> Candidate:
    if holds is None or candidate.is_valid is False:
        return candidate
    if holds:
        return replace(candidate, is_valid=True)
    return replace(candidate, is_valid=False, message="the sum without VAT and the VAT do not make the total")


def _column_rates(page: PageReading) -> Iterator[Candidate]:
    """The one rate under «Налоговая ставка» of an invoice."""
    for column in islice(columns_under(page, _RATE_COLUMN, rows=_ROWS_OF_A_FORM), _MOST_COLUMNS):
        cells = {
            match[1]: cell for cell in column.cells if (match := _RATE_CELL.fullmatch(page.text, cell.start, cell.end))
        }
        if len(cells) == 1 and int(rate := next(iter(cells))) in VAT_RATES:
            cell = cells[rate]
            yield Candidate(
                field=FieldName.VAT_RATE,
                value=rate,
                raw_text=" ".join(f"{page.text[column.header.start : column.header.end]} {rate} %".split()),
                page_number=page.page_number,
                bbox_px=page.box_of(cell.start, cell.end),
                method=FieldMethod.CELL,
                number=Decimal(rate),
                unit=FieldUnit.PERCENT,
                score=0.7,
            )


def _rates(page: PageReading, *, has_sums: bool) -> Iterator[Candidate]:
    """The rates that a page names, the usual one before others; one that is rare beside it is that of some source."""
    told = [(match, int(match[1] or match[2])) for match in _RATE.finditer(page.text)]
    counts = Counter(rate for _, rate in told)
    usual = max(counts, key=lambda rate: counts[rate], default=0)
    for match, rate in told:
        if rate in VAT_RATES and counts[rate] * _RARE > counts[usual]:
            yield Candidate(
                field=FieldName.VAT_RATE,
                value=str(rate),
                raw_text=raw(page, match.start(), match.end()),
                page_number=page.page_number,
                bbox_px=page.box_of(match.start(), match.end()),
                method=FieldMethod.PHRASE,
                number=Decimal(rate),
                unit=FieldUnit.PERCENT,
                score=(0.7 if has_sums else 0.5) + (0.05 if rate == usual else 0.0),
            )
