"""Prices of the purchase and of the contract, securities, advance, currency.

Phrases: 44-FZ, articles 22 (justification of the price), 42 (notice), 44 and 96 (securities), and real documents.
«Цена за единицу», thresholds and prices of sources are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedTable
from tenderlake.fields.roles import RoleTrail
from tenderlake.fields.statements import Column, Statement, Wanted, columns_under, searchable, statements, wanted
from tenderlake.fields.sums import (
    LEAST_PRICE,
    VAT_INSIDE,
    VAT_REMARK,
    Sum,
    currency_of,
    leads_to_a_sum,
    money_text,
    numbers_behind,
    percent_candidate,
    scale_of,
    sum_behind,
    sum_candidate,
)
from tenderlake.fields.totals import fits_rate
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole, FieldUnit
from tenderlake.russiannumbers import MONEY, decimal_of, fitted

_PRICE = (
    r"(?:начальн\w{1,4}\s{0,3}\(?\s?ма\w{4,6}льн\w{1,4}\s?\)?\s{0,3}цен\w{1,3}(?:\s(?:контракт|договор|лот|закупк)\w{0,3})?"
    r"|\bначальн(?:ая|ой|ую)\s{1,3}цен\w{1,3}(?:\s(?:контракт|договор|лот|закупк)\w{0,3})?"
    r"|\bнмц[кдл]?\b(?!\s?за)|максимальн\w{1,4} значени\w{1,3} цен\w{1,3} (?:контракт|договор)\w{0,2})"
)
_NMCK = wanted(_PRICE, "начальн", "нмц", "максимальн")
_NMCK_COLUMN = re.compile(rf"\s*{_PRICE}(?!.*(?:за ед|единиц))", re.IGNORECASE | re.DOTALL)
_TOTAL_ROW = re.compile(r"\s*(?:итого|всего)\b", re.IGNORECASE)
_LOT = re.compile(r"\s*(?:№\s?)?лот[а-я]{0,2}\s?(?:№\s?)?\d{1,3}\b", re.IGNORECASE)
_LOT_COLUMN = re.compile(r"\s*(?:№|номер)\s?(?:п/п\s?)?лота", re.IGNORECASE)
_NEXT_LOT = re.compile(r"[\s:.;,–—-]{0,6}лот[а-я]{0,2}\s?(?:№\s?)?\d{1,3}\s?[:–—-]\s?", re.IGNORECASE)
_MOST_LOTS = 50
_SECURITY_COLUMNS = (
    (
        FieldName.BID_SECURITY_AMOUNT,
        re.compile(r"\s*(?:размер |сумма )?обеспечени[еяю] (?:заявки|участия)", re.IGNORECASE),
    ),
    (
        FieldName.CONTRACT_SECURITY_AMOUNT,
        re.compile(r"\s*(?:размер |сумма )?обеспечени[еяю] (?:исполнения )?(?:контракта|договора)", re.IGNORECASE),
    ),
)
_QUANTITY = re.compile(r"\s*кол(?:-|ич|\.|во)", re.IGNORECASE)
_THOUSANDS = re.compile(r"\bтыс\.?\s?руб", re.IGNORECASE)
_ROUBLES = re.compile(r"\bруб|₽", re.IGNORECASE)
_OWN_UNIT = re.compile(r"[а-яё₽$€]", re.IGNORECASE)
MOST_COLUMNS = 20
"""With this header; more are no prices of purchases, and each cell of each is asked for its row."""
_MOST_HEADERS = 40
"""Cells in which a header is looked for."""
_CONTRACT_PRICE = wanted(
    r"(?:\bцена|\bстоимость|\bсумма)\s(?:(?:всех|работ|услуг|товара|товаров|продукции|по|выполняемых|поставляемого)\s){0,4}"
    r"(?:(?:настоящ|государственн|муниципальн|данн)\w{2,4}\s)?(?:контракт|договор)[ау]\b"
    r"|\bпредельн\w{2,3}\s(?:цена|сумма|стоимость)\s(?:настоящего\s)?(?:договора|контракта)"
    r"\sне\s(?:может|должна)\s(?:быть\s)?превы[а-я]{2,6}"
    r"|\bпредложивш\w{2,3}\s(?:[а-я]{6,12}ую\s)?цену\s(?:договора|контракта)"
    r"|\bпобедител\w{1,3}\s[^.\n]{3,200}?\sс\sценой\s(?:договора|контракта)"
    r"|\b(?:контракт|договор)\s(?:заключается|заключить)(?:\sс\s[^;\n]{3,160}?)?\s(?:по\sцене|на\sсумму)\b"
    r"|\bзаключить\s(?:контракт|договор)\sс\s[^;\n]{3,160}?\s(?:по\sцене|на\sсумму)\b"
    r"|\bсметная\s\(договорная\)\sстоимость(?:\sв\sсоответствии\sс\sдоговором(?:\sподряда)?(?:\s\(субподряда\))?)?",
    "контракт",
    "договор",
)
_WORKS_PRICE = wanted(
    r"\b(?:общая\s)?(?:стоимость|цена|сумма)\s(?:(?:всех|выполнения|оказания|выполняем\w{2}|оказываем\w{2}|поставляем\w{2,3})\s)?"
    r"(?:работ|услуг|товар(?:а|ов)|продукции)(?=\s{1,2}составля|\s?:)",
    "стоимость",
    "цена",
    "сумма",
)
_BID_PRICE = wanted(
    r"\b(?:предлага\w{2,4}|готов[аы]?|обязу\w{4,5})\s[^.;\n\d]{3,120}?\s(?:по\sцене|за\sцену|на\sсумму)(?:\s(?:контракта|договора))?"
    r"|\bцена\s(?:заявки|(?:нашего\s|настоящего\s)?предложения)\b",
    "цен",
    "сумму",
)
_ESTIMATE = wanted(r"\bсметная стоимость(?:\s(?:строительства|работ|ремонта|объекта))?\b", "сметная")
_SECURITIES = (
    (
        FieldName.BID_SECURITY_PERCENT,
        FieldName.BID_SECURITY_AMOUNT,
        wanted(r"обеспечени[еяю]\s(?:заяв(?:ки|ок)|участия)(?:\sна\sучастие\sв\s[а-яё ]{4,40})?", "обеспечени"),
    ),
    (
        FieldName.CONTRACT_SECURITY_PERCENT,
        FieldName.CONTRACT_SECURITY_AMOUNT,
        wanted(
            r"обеспечени[еяю]\s(?:исполнени[яе]\s)?(?:обязательств\s(?:по\s)?)?(?:настоящ\w{2,4}\s)?(?:контракт|договор)\w{1,2}",
            "обеспечени",
        ),
    ),
    (
        FieldName.WARRANTY_SECURITY_PERCENT,
        FieldName.WARRANTY_SECURITY_AMOUNT,
        wanted(r"обеспечени[еяю]\s(?:исполнени[яе]\s)?гарантийных\sобязательств", "обеспечени"),
    ),
)
_GUARANTEE = re.compile(r"(?:^|\n)[^\w\n]{0,4}(?:банковская |независимая )гарантия\b", re.IGNORECASE)
_GUARANTEED = wanted(
    r"\b(?:денежн\w{2,3}\s)?сумм[ауы]\s?,?\s(?:в\sразмере,?\s)?не\s(?:превышающ\w{2,3}|более)"
    r"|\bсумм[ауы]\s(?=в\sпределах)|\bсумма\s(?:независимой\s|банковской\s)?гарантии\b",
    "сумм",
)
_PENALTY = re.compile(r"неустой|штраф|\bпен[яиюе]\b", re.IGNORECASE)
_OF_A_BID = re.compile(r"обеспеч(?:ени[еяю]|ивающ\w{2,3}) (?:исполнени[ея] )?заявк|заявк[иу] на участие", re.IGNORECASE)
_LEAST_SECURITY = Decimal(100)
_ANY_SECURITY = re.compile(r"обеспечени[еяю]\s(?:заяв|участия|исполнени|контракт|договор|гарант|обязат)", re.IGNORECASE)
_BOUND = re.compile(
    r"превыша|более|менее|свыше|\bпен[яиюе]\b|неустой|штраф|увелич|уменьш|\bдо\b|полутор|снижен|антидемпинг|\bесли\b",
    re.IGNORECASE,
)
_STATED_PRICE = re.compile(
    r"начальная \(?\s?максимальная\s?\)? цена|(?<![%а-я] )\bнмц[кдл]?\s?(?::|=|составля|равн)", re.IGNORECASE
)
"""What follows is the price that the security is a share of."""
_OF_PRICE = re.compile(r"\bот\b", re.IGNORECASE)
_ADVANCE = wanted(
    r"\bаванс(?:а|ом|у|овый|ового|овым|ировани[ея])?\b(?:\sплат[её]ж(?:а|ом|у)?)?|\bпредоплат[аыуе]\b",
    "аванс",
    "предоплат",
    reach=160,
)
_NO_ADVANCE = re.compile(
    r"\s{0,2}(?:по\s(?:контракту|договору)\s)?(?:[-–—:]\s?)?не\s(?:предусмотрен|выплачива|предусматрива)\w*",
    re.IGNORECASE,
)
_CURRENCY = wanted(
    r"\bвалюта(?::\sнаименование,\sкод|\s(?:контракта|договора|закупки|цены|платежа|лота))?\b", "валюта", reach=80
)
_CURRENCY_NAMES = (
    (FieldUnit.RUB, re.compile(r"[\s:–—-]{0,4}(?:российск\w{2,3}\s)?рубл\w{1,2}\b|[\s:–—-]{0,4}RUB\b", re.IGNORECASE)),
    (FieldUnit.USD, re.compile(r"[\s:–—-]{0,4}(?:доллар\w{0,2}\b|USD\b)", re.IGNORECASE)),
    (FieldUnit.EUR, re.compile(r"[\s:–—-]{0,4}(?:евро\b|EUR\b)", re.IGNORECASE)),
    (FieldUnit.CNY, re.compile(r"[\s:–—-]{0,4}(?:китайск\w{2,3}\s)?(?:юан\w{1,2}\b|CNY\b)", re.IGNORECASE)),
)
_CALLED_PRICE = re.compile(r"[^.;\n]{0,40}\(далее\s?[–—-]?\s?[«\"]?цена (?:контракта|договора)", re.IGNORECASE)
"""«Максимальное значение цены контракта (далее – цена контракта) …»: what a contract without known quantities has."""
_OF_A_YEAR = re.compile(r"\s?\(в валюте", re.IGNORECASE)
"""«Сумма контракта (в валюте контракта)» heads what the notice plans to pay under each code of the budget."""
_OTHER_PRICE = re.compile(r"[\s,(]{0,3}(?:без|с)\s(?:уч[её]та\s|уч[её]том\s)?НДС", re.IGNORECASE)
_PRICES = frozenset({FieldName.NMCK, FieldName.CONTRACT_PRICE})


@dataclass(frozen=True, slots=True)
class _Price:
    field: FieldName
    label: Wanted
    score: float


_LABELLED = (
    _Price(FieldName.NMCK, _NMCK, 0.9),
    _Price(FieldName.CONTRACT_PRICE, _CONTRACT_PRICE, 0.8),
    _Price(FieldName.ESTIMATE_TOTAL, _ESTIMATE, 0.9),
)


def find_amounts(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Prices, securities, advance and currency of a page."""
    prices = [candidate for price in _LABELLED for candidate in _labelled(page, price)]
    prices += _of_works(page, context.trail)
    prices += _by_lots(page)
    prices += _in_columns(page)
    yield from prices
    yield from _securities_of_lots(page)
    yield from _securities(page, prices)
    yield from _guaranteed(page)
    yield from _advances(page)
    yield from _currencies(page, prices)


def _labelled(page: PageReading, price: _Price) -> Iterator[Candidate]:
    for statement in statements(page, price.label):
        if _is_another(price, statement):
            continue
        found = sum_behind(statement)
        if found is not None and price.label.pattern.search(searchable(found.bridge)):
            continue  # «Расчет НМЦК» over «НМЦК составляет …»: the nearer label has it
        if found is not None and price.field is FieldName.ESTIMATE_TOTAL:
            found = _in_roubles(statement, found)
        candidate = sum_candidate(price.field, statement, found, price.score) if found is not None else None
        if found is None or candidate is None:
            continue
        other = _other_with_vat(price, statement, found)
        if other is None:
            yield candidate
        else:
            # Both stand there, and one is the other with VAT: that proves both. The first is the price.
            yield replace(candidate, is_valid=candidate.is_valid is not False)
            yield replace(other, is_valid=other.is_valid is not False, score=price.score - 0.1)
        yield from _vat(statement, found)


def _of_works(page: PageReading, trail: RoleTrail) -> Iterator[Candidate]:
    """«Общая стоимость услуг составляет …»: the price in a contract, the total in an offer, in others of anything."""
    if trail.is_contract:
        yield from _labelled(page, _Price(FieldName.CONTRACT_PRICE, _WORKS_PRICE, 0.7))
    elif trail.default is FieldRole.PARTICIPANT:
        for label in (_WORKS_PRICE, _BID_PRICE):
            yield from _labelled(page, _Price(FieldName.TOTAL_AMOUNT, label, 0.7))


def _in_roubles(statement: Statement, found: Sum) -> Sum:
    """«Сметная стоимость | 1 234,567 | (987,65) | тыс. руб.»: the unit closes the row."""
    if found.amount.unit is None and _THOUSANDS.search(statement.text[found.end :]):
        return Sum(replace(found.amount, value=found.amount.value * 1000, unit=FieldUnit.RUB), found.bridge)
    return found


def _vat(statement: Statement, price: Sum) -> Iterator[Candidate]:
    """«…, в том числе НДС 20 % – 209 050,00 руб.» behind a price; the rate proves the sum."""
    tail = replace(statement, text=statement.text[price.end :], text_start=statement.text_start + price.end)
    label = VAT_INSIDE.match(tail.text)
    if label is None:
        return
    rate = int(label["rate"]) if label["rate"] else None
    for found in numbers_behind(tail):
        amount = found.amount
        if amount.end <= label.end():
            continue
        is_sum = amount.unit in MONEY or (amount.unit is None and not amount.is_plain)
        if _OTHER_PRICE.match(tail.text, amount.end):
            return  # «… с НДС 22 % (4 350 000,00 руб. без НДС)»
        candidate = sum_candidate(FieldName.VAT_AMOUNT, tail, found, 0.8) if is_sum else None
        if candidate is not None and leads_to_a_sum(tail.text[label.end() : amount.start]):
            fits = fits_rate(price.amount.value - amount.value, price.amount.value)
            holds = fits is not None and rate in (None, fits)
            message = None if holds else "the VAT is not its rate of the price before it"
            yield replace(candidate, is_valid=holds and candidate.is_valid is not False, message=message)
        return


def _is_another(price: _Price, statement: Statement) -> bool:
    """«Начальная (максимальная) цена договора» is no price of the contract; columns have a rule of their own."""
    if price.field is FieldName.NMCK:
        return statement.is_below or _CALLED_PRICE.match(statement.text) is not None
    if price.field is not FieldName.CONTRACT_PRICE:
        return False
    if _OF_A_YEAR.match(statement.page.text, statement.start + len(statement.label)):
        return True
    return re.search(r"(?:максимальн\w{0,4}\s?\)?|начальн\w{2,3})\s*$", statement.before, re.IGNORECASE) is not None


def _other_with_vat(price: _Price, statement: Statement, first: Sum) -> Candidate | None:
    """The same price with VAT, or without: «7 404 815,00 без учета НДС, (8 885 778,00 руб. с учетом НДС 20 %)»."""
    behind = [found for found in numbers_behind(statement) if found.amount.start >= first.end]
    for found in behind[:2]:
        between = statement.text[first.end : found.amount.start]
        if price.label.pattern.search(searchable(between)):
            return None
        is_other = "НДС" in between.upper() and fits_rate(first.amount.value, found.amount.value)
        if is_other and found.amount.unit not in (None, *MONEY):
            return None
        if is_other:
            amount = replace(found.amount, unit=found.amount.unit or first.amount.unit)
            return sum_candidate(price.field, statement, Sum(amount, between), price.score)
    return None


def _by_lots(page: PageReading) -> Iterator[Candidate]:
    """«Начальная (максимальная) цена договора: лот № 1 – 1 250 000 рублей; лот № 2 – 740 300 рублей»."""
    for statement in statements(page, _NMCK):
        place = statement.text_start
        for _ in range(_MOST_LOTS):
            lot = _NEXT_LOT.match(page.text, place)
            if lot is None:
                break
            end = page.line_end(lot.end())
            own = replace(statement, text=page.text[lot.end() : end].partition(";")[0], text_start=lot.end())
            found = sum_behind(own)
            candidate = sum_candidate(FieldName.NMCK, own, found, 0.9) if found is not None else None
            if candidate is not None:
                yield candidate
            place = lot.end() + len(own.text)


def _is_by_lots(page: PageReading, column: Column, cells: Sequence[PlacedCell]) -> bool:
    """Whether each of these cells of a column has a lot of its own in its row; one lot in many rows has many goods."""
    heads = column.table.cells[:_MOST_HEADERS]
    of_lots = {
        head.column
        for head in heads
        if head.row <= column.header.row and _LOT_COLUMN.match(page.text, head.start, head.end)
    }
    lots = [
        next((name for left in column.table.left_of(cell) if (name := _lot(page, left, of_lots))), "")
        for cell in cells
        if not _is_total(page, column.table, cell)
    ]
    return bool(lots) and all(lots) and len(set(lots)) == len(lots)


def _lot(page: PageReading, cell: PlacedCell, of_lots: Collection[int]) -> str:
    """What a cell says which lot is in its row; empty where it says none."""
    match = _LOT.match(page.text, cell.start, cell.end)
    if match is not None:
        return " ".join(match[0].split())
    return page.text[cell.start : cell.end].strip() if cell.column in of_lots else ""


def _securities_of_lots(page: PageReading) -> Iterator[Candidate]:
    """The columns of securities in a table of lots."""
    for field, head in _SECURITY_COLUMNS:
        for column in islice(columns_under(page, head), MOST_COLUMNS):
            numbers = [pair for pair in _numbers_of(page, column) if pair[1] >= _LEAST_SECURITY]
            if _is_by_lots(page, column, [cell for cell, _ in numbers]):
                for cell, number in numbers:
                    if not _is_total(page, column.table, cell):
                        yield _column_candidate(page, field, column.header, cell, number)


def _numbers_of(page: PageReading, column: Column) -> list[tuple[PlacedCell, Decimal]]:
    cells = [cell for cell in column.cells if not cell.is_empty]
    return [(cell, number) for cell in cells if (number := _number_in(page, column.header, cell)) is not None]


def _in_columns(page: PageReading) -> Iterator[Candidate]:
    """A column «НМЦК» with one sum, a row «Итого», or a row for each lot; sums of other rows are those of goods."""
    for column in islice(columns_under(page, _NMCK_COLUMN), MOST_COLUMNS):
        numbers = _numbers_of(page, column)
        prices = [pair for pair in numbers if pair[1] >= LEAST_PRICE]
        if len(numbers) > 1 and _is_by_lots(page, column, [cell for cell, _ in prices]):
            for cell, number in prices[:_MOST_LOTS]:
                yield _column_candidate(page, FieldName.NMCK, column.header, cell, number)
            continue
        found = next((pair for pair in numbers if _is_total(page, column.table, pair[0])), None)
        if found is None and len(numbers) == 1 and not _has_quantities(page, column.table):
            found = numbers[0]
        if found is not None and found[1] >= LEAST_PRICE:
            yield _column_candidate(page, FieldName.NMCK, column.header, *found)


def _number_in(page: PageReading, header: PlacedCell, cell: PlacedCell) -> Decimal | None:
    """What a cell says in the unit of its header, where it has none of its own."""
    said = page.text[cell.start : cell.end]
    number = decimal_of(said)
    if number is None or _OWN_UNIT.search(said):
        return number
    return fitted(number * scale_of(page.text[header.start : header.end]))


def _is_total(page: PageReading, table: PlacedTable, cell: PlacedCell) -> bool:
    return any(_TOTAL_ROW.match(page.text, left.start, left.end) for left in table.left_of(cell))


def _has_quantities(page: PageReading, table: PlacedTable) -> bool:
    """Whether a column of quantities is there: a single row may be priced by its unit."""
    return any(_QUANTITY.match(page.text, cell.start, cell.end) for cell in table.cells[:_MOST_HEADERS])


def _column_candidate(
    page: PageReading, field: FieldName, header: PlacedCell, cell: PlacedCell, number: Decimal
) -> Candidate:
    said = f"{page.text[header.start : header.end]} {page.text[cell.start : cell.end]}"
    return Candidate(
        field=field,
        value=money_text(number),
        raw_text=" ".join(said.split()),
        page_number=page.page_number,
        bbox_px=page.box_of(cell.start, cell.end),
        method=FieldMethod.CELL,
        number=number,
        unit=FieldUnit.RUB if _ROUBLES.search(said) else None,
        score=0.7,
    )


def _securities(page: PageReading, prices: Sequence[Candidate]) -> Iterator[Candidate]:
    for percent_field, amount_field, label in _SECURITIES:
        for statement in statements(page, label):
            percent, amount = _security(statement)
            base = _base(prices, percent, amount)
            if percent is not None:
                share = percent_candidate(percent_field, statement, percent, 0.8)
                yield share if share.is_valid is not None else replace(share, is_valid=base)
            if amount is not None:
                candidate = sum_candidate(amount_field, statement, amount, 0.8)
                if candidate is not None:
                    yield replace(candidate, is_valid=candidate.is_valid if candidate.is_valid is False else base)
                    yield from [currency_of(candidate)] if candidate.unit is not None else []


def _security(statement: Statement) -> tuple[Sum | None, Sum | None]:
    """The first percentage and the first sum of a statement on one security."""
    percent = amount = None
    bridge = ""
    for found in numbers_behind(statement):
        bridge += f" {found.bridge}"
        if _BOUND.search(bridge) or _ANY_SECURITY.search(bridge) or _STATED_PRICE.search(bridge):
            break
        if _is_percentage(found) and not VAT_REMARK.search(found.bridge[-20:]):
            # «от 0,5 до 5 процентов» says what the law allows; «5 % от НМЦК» what is asked for.
            if percent is None and 0 < found.amount.value <= 100 and not _OF_PRICE.search(found.bridge[-12:]):
                percent = found
        elif amount is None and found.amount.value >= _LEAST_SECURITY and _is_money(statement, found):
            amount = found
        bridge += found.amount.raw
    return percent, amount


def _is_money(statement: Statement, found: Sum) -> bool:
    """A currency; in a cell beside or under its label kopecks too: «Размер обеспечения | 861 438,04 (30 %)»."""
    if found.amount.unit is not None:
        return found.amount.unit in MONEY
    is_in_cell = statement.method(found.amount.start) is FieldMethod.CELL
    return is_in_cell and not found.bridge.strip() and found.amount.value.as_tuple().exponent == -2


def _guaranteed(page: PageReading) -> Iterator[Candidate]:
    """The sum of a guarantee, which secures a bid or a contract: «сумму, не превышающую 128 435,04 рублей»."""
    if page.page_number != 1 or not _GUARANTEE.search(page.text[:_TITLE_WITHIN]):
        return
    field = FieldName.BID_SECURITY_AMOUNT if _OF_A_BID.search(page.text) else FieldName.CONTRACT_SECURITY_AMOUNT
    for statement in statements(page, _GUARANTEED):
        if _PENALTY.search(statement.before):
            continue
        # «в обеспечение заявки» before it is what the sum is for.
        found = sum_behind(replace(statement, before=""))
        candidate = sum_candidate(field, statement, found, 0.7) if found is not None else None
        if candidate is not None:
            yield candidate
            if candidate.unit is not None:
                yield currency_of(candidate)


_TITLE_WITHIN = 1500


def _is_percentage(found: Sum) -> bool:
    """«5 %», and «Размер обеспечения, %: 5»."""
    return found.amount.unit is FieldUnit.PERCENT or (found.amount.unit is None and "%" in found.bridge)


def _base(prices: Sequence[Candidate], percent: Sum | None, amount: Sum | None) -> bool | None:
    """True where the sum is that percentage of a price on the page; the price may as well stand elsewhere."""
    if percent is None or amount is None:
        return None
    numbers = {price.number for price in prices if price.field in _PRICES and price.number is not None}
    wanted_sum = amount.amount.value
    is_share = any(abs(number * percent.amount.value / 100 - wanted_sum) <= Decimal("0.01") for number in numbers)
    return True if is_share else None


def _advances(page: PageReading) -> Iterator[Candidate]:
    for statement in statements(page, _ADVANCE):
        if (none := _NO_ADVANCE.match(statement.text)) is not None:
            yield _no_advance(statement, none.end())
            continue
        found = next(numbers_behind(statement), None)
        if found is None or not _is_percentage(found) or _BOUND.search(found.bridge):
            continue
        if 0 < found.amount.value <= 100 and not _BOUND.search(statement.before[-30:]):
            yield percent_candidate(FieldName.ADVANCE_PERCENT, statement, found, 0.8)


def _no_advance(statement: Statement, end: int) -> Candidate:
    return Candidate(
        field=FieldName.ADVANCE_PERCENT,
        value="0",
        raw_text=statement.raw_text(end),
        page_number=statement.page.page_number,
        bbox_px=statement.box(end),
        method=FieldMethod.PHRASE,
        number=Decimal(0),
        unit=FieldUnit.PERCENT,
        score=0.7,
    )


def _currencies(page: PageReading, prices: Sequence[Candidate]) -> Iterator[Candidate]:
    for price in prices:
        if price.unit is not None:
            yield currency_of(price)
    for statement in statements(page, _CURRENCY):
        for unit, name in _CURRENCY_NAMES:
            if (match := name.match(statement.text)) is not None:
                yield Candidate(
                    field=FieldName.CURRENCY,
                    value=unit.value,
                    raw_text=statement.raw_text(match.end()),
                    page_number=page.page_number,
                    bbox_px=statement.box(match.end()),
                    method=statement.method(match.end()),
                    score=0.95,
                )
