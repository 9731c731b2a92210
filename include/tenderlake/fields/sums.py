"""Sums behind their labels, and when one is believed.

A sum is believed where nothing but words that lead to a sum stand between it and its label («составляет», «в размере»),
never where a threshold («не превышает», «свыше») or a share («5 % от НМЦК») is told: laws and forms name the labels
again and again and have no sum of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.statements import Statement
from tenderlake.lake.vocabulary import FieldName, FieldUnit
from tenderlake.russiannumbers import MONEY, Amount, amounts_in, fitted
from tenderlake.russiannumerals import spelled_number

LEAST_PRICE = Decimal(1000)
"""What stands behind the label of a price and is less is a clause, a quantity or a unit price."""
_LEAST_BARE, _MOST_BARE = Decimal(100_000), Decimal(10**10)
"""«НМЦК: 1500000»: longer than years and clauses, shorter than most registry numbers."""
_LONGEST_BRIDGE = 200

VAT_INSIDE = re.compile(
    r"[\s,(]{0,3}(?P<label>в (?:том числе|т\. ?ч\.)|включая|с уч[её]том|с)[:,]?\s(?:сумма\s)?НДС"
    r"(?:[\s(]{0,3}(?P<rate>\d{1,2})\s?%\)?)?",
    re.IGNORECASE,
)
VAT_REMARK = re.compile(
    r"(?:в (?:том числе|т\. ?ч\.):? ?|с уч[её]том |без (?:уч[её]та )?|включая |с |вкл\. ?)?"
    r"НДС(?:[ (]{0,2}\d{1,2} ?%\)?)?|НДС не облагается",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\(далее[^()]{1,60}\)|№ ?\d{1,3}\b|\((?:цена|стоимость|в руб\w*\.?|руб\w*\.?)[^()\d]{0,40}\)"
    r"|\bза (?:12|24|36)(?: \([^()]{4,30}\))? мес[а-яё]{0,5}\.?",
    re.IGNORECASE,
)
_UNIT_WORD = (
    r"(?:единиц[ауы]|штук[ау]|час|сутки|смен[ау]|месяц|квартал|литр|тонн[ау]|километр|машино-?час|упаковк[ау]|пачк[ау]|"
    r"комплект|услуг[ау]|человек[а]?|человеко-час)(?![а-яё])"
)
PER_UNIT = re.compile(
    r"\s?/\s?(?:(?:м|т|л|г|ч|кг|км|га|шт|ед|мес|год|сут|чел|уп|упак|усл|кв|куб|пог|маш|компл)[.²³]*\d?(?![а-яё])"
    rf"|{_UNIT_WORD})"
    r"|\s(?:за|в)\s(?:(?:1|одн[а-яё]{1,3}|один)\s?(?:\([а-яё]{3,6}\)\s)?(?!год)(?=[а-яё])|кажд[а-яё]{2,3}\s"
    rf"|{_UNIT_WORD}|(?:шт|мес|год|км|кг|чел)(?![а-яё])|м2|м²|кв\.)",
    re.IGNORECASE,
)
"""Behind a sum that is the price of a unit or of a month: «2 500 руб. за единицу», «15 000 руб./м2»."""
_WHOLE_TERMS = frozenset({Decimal(12), Decimal(24), Decimal(36)})
"""Months."""
_LEAD = re.compile(
    r"(?:[:\t=–—-]|составля(?:ет|ют)|составит|составила|равн[аоы]|(?:в|на) (?:размере|сумм[еу]|объ[её]ме)"
    r"|определен[ао]?|установлен[ао]?)[\s(«\"]{0,4}$",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(
    r"(?:контракт|договор|лот|закупк|цен|руб|российск|составля|составит|равн|размер|сумм|уч[её]т|НДС|валют|работ|услуг"
    r"|товар|определен|установлен|принима|настоящ|общ|НМЦ|тыс|млн|включа|числе|начальн|максимальн|далее|объ[её]м|предмет"
    r"|процедур)\w*|ед|изм|том|в|с|без|и|на|по|не|т|ч|за|его|ее|её|р",
    re.IGNORECASE,
)
_NOT_A_SUM = re.compile(
    r"превыша|превыси|более|менее|свыше|\bвыше|\bниже|\bесли\b|\bслуча|процент|%|штраф|\bпен[яиюе]\b|неустой|снижен"
    r"|источник|коммерческ|\bТКП\b|единиц|уменьш|увелич|изменен|\bдо\b|\bот\b|за ед\b|квартал"
    r"|\bне\s+(?:установлен|определен)",
    re.IGNORECASE,
)
_SHARE_BEFORE = re.compile(
    r"(?:%|процент\w*)[ («\"]*\Z|(?:\bот|превыша\w+|более|менее|свыше|\bпри|\bбез|выше|ниже|обеспечени\w+|половин\w+"
    r"|част\w+|предложени\w+ о|единиц\w*|\bдо)[\s(«\"]*\Z",
    re.IGNORECASE,
)
_CONDITION_BEFORE = re.compile(
    r"\bесли\b|\b(?:на)?пример(?!н)|в случа[еях]|при услови|обеспечени|штраф|неустой|\bпен[яиюе]\b|аванс"
    r"|(?:процент\w*|%)\s+от",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_SAYS_ROUBLES = re.compile(r"\bруб", re.IGNORECASE)
_SAYS_SCALE = re.compile(
    r"(?P<thousand>\bтыс\.?\s?руб|(?:[,(]\s?|\bв\s)тысяч(?:ах)?\sруб)|\bмлн\.?\s?руб|(?:[,(]\s?|\bв\s)миллион(?:ов|ах)\sруб",
    re.IGNORECASE,
)
_TERM = re.compile(r"\s?\)?\s?(?:=|[+×*÷хx](?=\s?[\d(])|/\s?\d{1,3}(?![\d.,]|\s\d))", re.IGNORECASE)
"""Behind a number that is one of a formula: «(100 000,00 + 200 000,00) / 2 = 150 000,00»."""
_IN_WORDS = re.compile(
    r"[\s:–—-]{0,4}(?:(?:составля(?:ет|ют)|составит|равн[аоы]|(?:в|на) (?:размере|сумм[еу])|в пределах)\s{1,2})?[«\"(]?"
    r"(?P<words>(?:[а-яё]{2,16}\s{1,2}){1,25}рубл[а-яё]{1,3}"
    r"(?:\s(?:\d\d|[а-яё]{3,14}(?: [а-яё]{3,8})?)\sкоп[а-яё]{0,4}\.?)?)",
    re.IGNORECASE,
)
"""«Цена контракта составляет Один миллион двести тысяч рублей 50 копеек»: no digits but those of the kopecks."""
_BRACKET = re.compile(r"[\s,]{0,2}\(")
_DIGITS_WITHIN = 60
_BROKEN = re.compile(r"(?<=[0-9] [0-9]{3})\n(?=[0-9]{3}(?: [0-9]{3}){0,6}[.,][0-9]{2}(?![0-9]))")
"""Where a line ends between two groups of digits of one sum."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum behind a label: ``statement.text[start:end]``, and the words between."""

    amount: Amount
    bridge: str

    @property
    def end(self) -> int:
        """End of the sum in the text of the statement."""
        return self.amount.end


def numbers_behind(statement: Statement) -> Iterator[Sum]:
    """The numbers of a statement with what stands between them and the label or the number before."""
    at = 0
    # A tab parts cells: no group of digits goes over it, a unit in the next cell belongs to its number.
    for amount in amounts_in(_BROKEN.sub(" ", statement.text).replace("\t", "\n")):
        yield Sum(amount, statement.text[at : amount.start])
        at = amount.end


def sum_behind(statement: Statement, *, least: Decimal = LEAST_PRICE) -> Sum | None:
    """The sum that a label announces, None where it announces none."""
    if _SHARE_BEFORE.search(statement.before) or _CONDITION_BEFORE.search(statement.before):
        return None
    if (spelled := _in_words(statement, least)) is not None:
        return spelled
    bridge, is_formula = "", False
    for found in numbers_behind(statement):
        amount = found.amount
        if is_formula and not found.bridge.strip().endswith("="):
            continue
        bridge += "" if is_formula else found.bridge
        is_formula = _TERM.match(statement.text, amount.end) is not None
        if is_formula:
            continue
        if _is_remark(bridge, amount) or _is_whole_term(bridge, statement.text, amount):
            bridge += amount.raw
            continue
        if len(bridge) > _LONGEST_BRIDGE or not leads_to_a_sum(bridge):
            return None
        if PER_UNIT.match(statement.text, amount.end):
            return None
        amount = in_roubles(amount, f"{statement.label} {bridge}")
        return Sum(amount, bridge) if _is_sum(amount, bridge, least) else None
    return None


def _in_words(statement: Statement, least: Decimal) -> Sum | None:
    """A sum that stands in words alone right behind its label."""
    match = _IN_WORDS.match(statement.text)
    number = spelled_number(match["words"]) if match is not None else None
    if match is None or number is None or PER_UNIT.match(statement.text, match.end()):
        return None
    value = number.whole + Decimal(number.hundredths or 0) / 100
    if _TERM.match(statement.text, match.end()) or _says_other(value, statement.text[match.end() :]):
        return None
    amount = Amount(value, FieldUnit.RUB, match["words"], match.start("words"), match.end("words"))
    return Sum(amount, statement.text[: amount.start]) if value >= least else None


def _says_other(value: Decimal, behind: str) -> bool:
    """Whether the digits in brackets behind a sum in words are those of another sum."""
    bracket = _BRACKET.match(behind)
    found = next(amounts_in(behind[bracket.end() : bracket.end() + _DIGITS_WITHIN]), None) if bracket else None
    return found is not None and not found.start and found.unit in MONEY and found.value != value


def in_roubles(amount: Amount, words: str) -> Amount:
    """The sum in roubles where the words before it say that: «НМЦК, тыс. руб.: 1 234,5» are 1 234 500 roubles."""
    scale = scale_of(words)
    if amount.unit is None and _SAYS_ROUBLES.search(words):
        return replace(amount, value=amount.value * scale, unit=FieldUnit.RUB)
    if amount.spelled is not None and not amount.words_agree and amount.spelled.says(amount.value * scale):
        return replace(amount, value=amount.value * scale)
    return amount


def scale_of(words: str) -> int:
    """How many roubles the unit has that the words of a label or a header name: 1, 1000 or 1000000."""
    match = _SAYS_SCALE.search(words)
    return 1 if match is None else 10**3 if match["thousand"] else 10**6


def leads_to_a_sum(bridge: str) -> bool:
    """Whether the words between a label and a number say that the number is its sum."""
    words = _REMARK.sub(" ", VAT_REMARK.sub(" ", bridge))
    if _NOT_A_SUM.search(words) or any(char.isdigit() for char in words):
        return False
    if all(_PLAIN_WORD.fullmatch(word) for word in _WORD.findall(words)):
        return True
    return _LEAD.search(words) is not None


def _is_remark(bridge: str, amount: Amount) -> bool:
    """«с учетом НДС 20 %» and «лот № 1» before the sum."""
    if amount.unit is FieldUnit.PERCENT:
        return re.search(r"НДС[\s(]{0,3}$", bridge, re.IGNORECASE) is not None
    return amount.is_plain and amount.unit is None and re.search(r"№\s?$", bridge) is not None


def _is_whole_term(bridge: str, text: str, amount: Amount) -> bool:
    """«Цена договора за 12 месяцев: …»: for years, not for a month or a quarter, whose sums are parts of a price."""
    return amount.value in _WHOLE_TERMS and bridge.endswith("за ") and text.startswith(" мес", amount.end)


def _is_sum(amount: Amount, bridge: str, least: Decimal) -> bool:
    """A currency, kopecks or groups of digits; a bare number only where it is long and the words lead to it."""
    if amount.value < least or (amount.unit is not None and amount.unit not in MONEY):
        return False
    if amount.unit is not None or not amount.is_plain:
        return True
    return _LEAST_BARE <= amount.value < _MOST_BARE and _LEAD.search(bridge) is not None


def sum_candidate(field: FieldName, statement: Statement, found: Sum, score: float) -> Candidate | None:
    """The candidate of a sum; words that say another sum make it invalid. None where the lake cannot hold it."""
    number = fitted(found.amount.value)
    if number is None:
        return None
    return _candidate(field, statement, found, score, number=number, value=money_text(number), unit=found.amount.unit)


def percent_candidate(field: FieldName, statement: Statement, found: Sum, score: float) -> Candidate:
    """The candidate of a percentage, to four decimals; words that say another number make it invalid."""
    number = found.amount.value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return _candidate(field, statement, found, score, number=number, value=plain(number), unit=FieldUnit.PERCENT)


def _candidate(
    field: FieldName,
    statement: Statement,
    found: Sum,
    score: float,
    *,
    number: Decimal,
    value: str,
    unit: FieldUnit | None,
) -> Candidate:
    agrees = found.amount.words_agree
    words = " ".join((found.amount.words or "").split())
    kind = "number" if unit is FieldUnit.PERCENT else "sum"
    return Candidate(
        field=field,
        value=value,
        raw_text=statement.raw_text(found.end),
        page_number=statement.page.page_number,
        bbox_px=statement.box(found.end),
        method=statement.method(found.amount.start),
        number=number,
        unit=unit,
        is_valid=agrees,
        message=None if agrees is not False else f"the words say another {kind}: {words}",
        score=score,
    )


def money_text(number: Decimal) -> str:
    """A sum in its normal form: a decimal point and at least kopecks, no exponent: «1200.00», «0.125»."""
    text = plain(number)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def plain(number: Decimal) -> str:
    """A number in its normal form: a decimal point, no zeros behind it, no exponent: «20», «0.5»."""
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def currency_of(total: Candidate) -> Candidate:
    """The currency that a sum is in, as a field of its own."""
    currency = total.unit.value if total.unit is not None else ""
    return replace(
        total,
        field=FieldName.CURRENCY,
        value=currency,
        number=None,
        unit=None,
        is_valid=None,
        message=None,
        score=total.score,
    )
