"""Terms counted from an event, and the place of delivery: «в течение 20 (двадцати) рабочих дней с даты заключения».

The start point is half of a term: it stays in the raw text, and no date is computed, which would need it and a calendar
of working days. «Дней» alone are calendar days (Civil Code, articles 190 to 194). «В течении» is a frequent mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.statements import Statement, Wanted, statements, wanted
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldUnit
from tenderlake.russiannumerals import spelled_number

_NUMERAL_WORD = r"(?!рабоч|календ|банк)[а-яё]{2,16}"
_TERM = re.compile(
    r"(?<![\d.,/№-])(?:(?:\d{1,3}\s?[-–—]\s?)?(?P<digits>\d{1,4})(?: ?-? ?(?:ти|х|и|го|ми))?(?![\d.,/]\d)\s{0,2}"
    r"(?:\(\s?(?P<words>[а-яё -]{2,60}?)\s?\)\s{0,2})?"
    rf"|(?P<spelled>(?<![а-яё]){_NUMERAL_WORD}(?: {_NUMERAL_WORD})?)\s)"
    r"\s{0,2}(?:(?P<kind>рабоч|календарн|банковск)[а-яё]{1,4}\s{1,2})?"
    r"(?P<unit>дн(?:я|ей|ю)|день|месяц[а-яё]{0,3}|мес\.|недел[а-яё]{1,2}|час(?:а|ов)?|сут(?:ок|ки)|лет|год(?:а|у)?)(?![а-яё])"
    r"(?:\s{0,2},?\s{1,2}(?P<start>(?:(?:считая|начиная)\s)?(?:с|со|от|после|до|следующ[а-яё]{2,3})\s[^.;,\n()]{3,90}))?",
    re.IGNORECASE,
)
_UNITS = (
    ("дн", FieldUnit.CALENDAR_DAYS),
    ("ден", FieldUnit.CALENDAR_DAYS),
    ("сут", FieldUnit.CALENDAR_DAYS),
    ("мес", FieldUnit.MONTHS),
    ("недел", FieldUnit.WEEKS),
    ("час", FieldUnit.HOURS),
    ("лет", FieldUnit.YEARS),
    ("год", FieldUnit.YEARS),
)
_KINDS = {"рабоч": FieldUnit.WORKING_DAYS, "банковск": FieldUnit.BANKING_DAYS, "календарн": FieldUnit.CALENDAR_DAYS}
_LONGEST_BRIDGE = 220
_MOST_YEARS = 99
_OTHER_BLOCK = re.compile(r"(?<![^\W\d_])\d[^\n]*\n\n", re.DOTALL)
"""A block that has a number of its own: what stands in the next one is told of something else."""
_NOT_THIS_TERM = re.compile(
    r"уведом|претензи|штраф|неустой|\bпен[яиюе]\b|просроч|извеща|сообщ|расторж|возвра|замен|устран|рассмотр|подпис[ыа]ва|мотивированн"
    r"|гарантийн\w+ обязательств|за кажд|обеспечени|заявк",
    re.IGNORECASE,
)


_NOT_DELIVERY = re.compile(rf"{_NOT_THIS_TERM.pattern}|оплат", re.IGNORECASE)
_NOT_DOING = re.compile(rf"{_NOT_THIS_TERM.pattern}|оплачива|\bоплат(?:а|ить|ит)\b|гарантийн\w+ ремонт", re.IGNORECASE)
"""A delivery may begin after a payment («после оплаты в течение 10 дней»), a payment ends what is said of it."""


@dataclass(frozen=True, slots=True)
class _Timed:
    field: FieldName
    label: Wanted
    score: float
    refuses: re.Pattern[str] = _NOT_THIS_TERM


_TIMED = (
    _Timed(
        FieldName.DELIVERY_TERM,
        wanted(
            r"\bсрок(?:и|ом)?\s(?:\(период\)\s)?(?:поставки|выполнения|оказания|исполнения|производства|передачи|доставки)"
            r"(?:\s(?:товаров|товара|работ|работы|услуг|услуги|продукции|оборудования|договора|контракта))?",
            "срок",
        ),
        0.9,
        _NOT_DELIVERY,
    ),
    _Timed(
        FieldName.DELIVERY_TERM,
        wanted(
            r"\b(?:поставка|отгрузка|передача)(?:\s(?:товара|продукции|оборудования))?(?=\sв\sтечение\s)"
            r"|\b(?:услуги|работы|товары?|продукция|поставка(?:\s(?:товара|продукции|оборудования))?)\s(?:\([а-яё]{3,10}\)\s)?[^.;\n]{0,60}?"
            r"(?:должн[аыо]\sбыть\s(?:оказаны|выполнены|поставлен[аы]?)|предоставляются|поставляются|поставляется|осуществляется"
            r"|производится|выполняются|оказываются)"
            r"|\b(?:поставщик|исполнитель|подрядчик)\s(?:[^.;\n]{0,30}\s)?обязуется\s(?:поставить|выполнить|оказать)"
            r"|\b(?:поставщик|исполнитель|подрядчик)\s(?:поставляет|выполняет|оказывает)\b",
            "в течение",
            "должн",
            "предоставля",
            "поставля",
            "осуществля",
            "производит",
            "выполняют",
            "оказыва",
            "обязуется",
            "поставляет",
            "выполняет",
            "оказывает",
            reach=200,
        ),
        0.7,
        _NOT_DOING,
    ),
    _Timed(
        FieldName.PAYMENT_TERM,
        wanted(
            r"\b(?:(?:срок\w{0,2}\s(?:и\s(?:порядок|условия)\s)?|условия\s)оплаты|оплата"
            r"|(?:окончательный\s)?расч[её]ты?\s(?:за|в\sтечение|производится)|(?:заказчик|покупатель)\s(?:[^.;\n]{0,40}?\s)?(?:оплачивает|производит\sоплату)"
            r"|оплатить|оплачивается|оплачиваются)\b",
            "оплат",
            "оплачив",
            "расчет",
            "расчёт",
        ),
        0.8,
    ),
    _Timed(
        FieldName.WARRANTY_TERM,
        wanted(
            r"\b(?:гарантийный\s(?:срок|период)|срок\w{0,2}\s(?:предоставления\s)?гаранти(?:и|йного)(?:\s(?:качества|обслуживания))?|гарантия\s(?:качества|на)"
            r"|(?<!банковская\s)(?<!независимая\s)гарантия(?=\s{0,2}[-–—:]|\s\d|\sне\sменее\s\d))",
            "гаранти",
        ),
        0.9,
        re.compile(
            r"уведом|претензи|штраф|неустой|просроч|устран|замен|возвра|обеспечени|срок годности", re.IGNORECASE
        ),
    ),
    _Timed(
        FieldName.BID_VALIDITY,
        wanted(
            r"\bсрок\w?\sдействия\s(?:(?:нашей|настоящей|настоящего|данной|ценового|коммерческого)\s)?(?:заявки|предложения|оферты)"
            r"|\b(?:заявка|предложение|оферта)\s(?:является\s)?действительн[ао]\b",
            "срок действия",
            "сроком действия",
            "действительн",
        ),
        0.9,
        re.compile(r"обеспечени|гаранти", re.IGNORECASE),
    ),
)
_PLACE = wanted(
    r"\bместо(?:,\s(?:условия|порядок|сроки)(?:\s?(?:,|и)\s?(?:условия|порядок|сроки|период))?)?\s(?:поставки|доставки|оказания|выполнения|передачи|исполнения|нахождения\sобъекта)"
    r"(?:\s(?:товаров|товара|услуг|услуги|работ|работы|продукции|оборудования|обязательств|поставки|контракта|договора|и|выполнения|оказания)\b){0,4}"
    r"(?:\s?\([^()\n]{3,60}\))?",
    "место",
)
_ADDRESS = re.compile(
    r"(?<!\d)\d{6}(?!\d)|\b(?:г|ул|пер|пр-кт|просп|пл|обл|р-н|д|дом|пос|с|ш|наб|б-р|мкр)\. ?[А-ЯЁ\d]"
    r"|\b(?:обл|респ|край|г|ул|пер|пр-кт|р-н) [А-ЯЁ]|[а-яё] (?:обл|респ|г|ул|пер|пр-кт|р-н)(?=,| [А-ЯЁ\d])"
    r"|\b(?:область|край|республика|район|город|улица|проспект"
    r"|набережная|шоссе|переулок|площадь|бульвар)\b|по месту нахождения|\bсклад\b",
    re.IGNORECASE,
)
_COLON = re.compile(r"\s{0,2}:[ ]{0,2}[^\s:]")
_PLACE_LEAD = re.compile(
    r"[\s:.–—-]{0,12}(?:[^.:\n]{0,80}?по (?:следующему )?адресу\s?[:–—-]?\s?)?",
    re.IGNORECASE,
)
_PLACE_END = re.compile(r"(?<=[\d)»])\.\s+(?=[А-ЯЁ][а-яё]{3})|;\s|\t")


def find_terms(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Terms and places of a page."""
    for timed in _TIMED:
        for statement in statements(page, timed.label):
            candidate = _term(statement, timed)
            if candidate is not None:
                yield candidate
    yield from _places(page)


def _term(statement: Statement, timed: _Timed) -> Candidate | None:
    for match in _TERM.finditer(statement.text):
        before = statement.text[: match.start()]
        if match.start() > _LONGEST_BRIDGE or timed.refuses.search(before) or _OTHER_BLOCK.search(before):
            return None
        number, agrees = _number(match)
        if number is None:
            continue
        return Candidate(
            field=timed.field,
            value=str(number),
            raw_text=statement.raw_text(match.end()),
            page_number=statement.page.page_number,
            bbox_px=statement.box(match.end()),
            method=statement.method(match.start()),
            number=Decimal(number),
            unit=_unit(match),
            is_valid=agrees,
            message=None if agrees is not False else f"the words say another number: {match['words']}",
            score=timed.score + (0.05 if match["start"] else 0.0),
        )
    return None


def _number(match: re.Match[str]) -> tuple[int | None, bool | None]:
    """The number, and whether the words in brackets say the same."""
    if match["digits"] is None:
        spelled = spelled_number(match["spelled"])
        return (int(spelled.whole), None) if spelled is not None and spelled.whole >= 1 else (None, None)
    number = int(match["digits"])
    if number == 0 or (match["unit"].lower().startswith(("год", "лет")) and number > _MOST_YEARS):
        return None, None
    spelled = spelled_number(match["words"]) if match["words"] else None
    return number, None if spelled is None else spelled.says(Decimal(number))


def _unit(match: re.Match[str]) -> FieldUnit:
    if match["kind"]:
        return _KINDS[match["kind"].lower()]
    written = match["unit"].lower()
    return next(unit for stem, unit in _UNITS if written.startswith(stem))


def _places(page: PageReading) -> Iterator[Candidate]:
    for statement in statements(page, _PLACE):
        # In a table the rest of the label's cell belongs to the label, but for what stands behind a colon.
        is_apart = statement.is_row and not statement.is_below and not _COLON.match(statement.text)
        cell_end = statement.text.find("\t") + 1 if is_apart else 0
        lead = _PLACE_LEAD.match(statement.text, cell_end)
        start = lead.end() if lead is not None else cell_end
        told = _PLACE_END.split(statement.text[start:], maxsplit=1)[0].rstrip(" \n\t.;,")
        if len(told) < 5 or not _ADDRESS.search(told):
            continue
        end = start + len(told)
        yield Candidate(
            field=FieldName.DELIVERY_PLACE,
            value=" ".join(told.split()),
            raw_text=statement.raw_text(end),
            page_number=page.page_number,
            bbox_px=statement.box(end),
            method=FieldMethod.CELL if statement.is_row else FieldMethod.LABEL,
            score=0.8,
        )
