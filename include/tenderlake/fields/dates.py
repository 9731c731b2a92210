"""Dates of the purchase and of the document: deadlines with their time, start and end of the work, approval.

Phrases: 44-FZ, article 42 (notice), forms of the unified system, and real documents. A date counts only behind its
label; dates of laws, price sources and other contracts have none. A start point («со дня заключения») is no date.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.pagereading import PageReading, PlacedTable
from tenderlake.fields.statements import Statement, Wanted, raw, statements, wanted
from tenderlake.lake.vocabulary import FieldMethod, FieldName
from tenderlake.russiandates import FoundDate, dates_in

_APPLICATIONS = r"(?:заявок|заявки|предложений|предложения|котировочных заявок|конвертов)"
_LONGEST_BRIDGE = 140
_NOT_THIS_DATE = re.compile(
    r"рабоч\w+ дн|календарн\w+ дн|\bдней\b|\bдня\b(?! подачи)|\bсо дня\b|закон|постановлени|приказ|распоряжени|\bст\."
    r"|стать|№|\bфз\b",
    re.IGNORECASE,
)
_END = re.compile(r"окончани|завершени", re.IGNORECASE)
_UNTIL = re.compile(r"(?:\bдо|\bпо|[-–—])[\s«\"]*$", re.IGNORECASE)
_APPROVED = re.compile(r"(?<![а-яё])(?:УТВЕРЖДАЮ|УТВЕРЖД[ЕЁ]Н[АОЫ]?|Утверждаю|Утвержд[её]н[аоы]?)(?![а-яё])")
_APPROVAL_REACH = 350
_APPROVAL_PAGES = 2
_MOST_APPROVALS = 4
_BLOCK_ROWS = 6
_OTHER_BLOCK = re.compile(
    r"СОГЛАСОВ|Согласов|ТЕХНИЧЕСК|ИЗВЕЩЕНИ|ДОКУМЕНТАЦИ|КОНТРАКТ|ДОГОВОР|ПРОТОКОЛ|СМЕТ|УТВЕРЖД|ПОЛОЖЕНИ|ПРИЛОЖЕНИ",
    re.MULTILINE,
)
_OF_A_FORM = re.compile(r"Госкомстат|Росстат|Правительств", re.IGNORECASE)
_OF_A_MINISTRY = re.compile(r"\bМин[а-яё]{4}|Казначейств|ФНС|налогов", re.IGNORECASE)
_FORM = re.compile(r"форм[аы]\b|ОКУД|КНД|\bприказ[а-яё]{0,3}\s(?:\S+\s){0,8}№ ?\d{1,4}[нН]\b", re.IGNORECASE)
"""«Утверждена постановлением Госкомстата от 11.11.99»: of forms that the state approves, not of this paper.

Who writes «УТВЕРЖДАЮ» approves this paper, a minister too; a ministry approves forms and papers of its own.
"""
_FORM_REACH = 120
_ON_LINE_START = re.compile(r"(?:^|[\n\t|])[\s|«\"]{0,4}$")


@dataclass(frozen=True, slots=True)
class _Dated:
    field: FieldName
    label: Wanted
    takes_last: bool = False
    """Of a period («с … по …») the end is wanted."""
    has_time: bool = False
    score: float = 0.85


_DATED = (
    _Dated(
        FieldName.BID_DEADLINE,
        wanted(
            rf"(?:(?:дата|срок|дата\s(?:и\s)?(?:\(?время\)?)|время)\s?(?:и\s(?:\(?время\)?)\s)?(?:\(время\)\s)?"
            rf"(?:окончани[яе]\s)?(?:срока\s)?(?:подачи|при[её]ма)\s{_APPLICATIONS}"
            rf"|подать\sзаявку\sдо\b|\bподача\s{_APPLICATIONS}(?=\s?:)"
            rf"|окончани[еяи]\s(?:срока\s)?(?:подачи|при[её]ма)\s{_APPLICATIONS}"
            rf"|(?:при[её]м\s{_APPLICATIONS}|{_APPLICATIONS}\s(?:принимаются|подаются|направляются|представляются))(?=[^;\n]{{0,80}}\bдо\b))"
            r"(?:\sна\sучастие\s[^:\n\t\d]{0,80}?)?",
            "заявок",
            "заявки",
            "предложени",
            "конвертов",
        ),
        takes_last=True,
        has_time=True,
    ),
    _Dated(
        FieldName.AUCTION_DATE,
        wanted(
            r"(?:дата|день)\s(?:и\s(?:время|час)\s)?(?:проведения|начала)\s(?:электронного\s|открытого\s)?"
            r"(?:аукциона|торгов|процедуры\sподачи\sпредложений|переторжки)[^:\n\t\d]{0,80}",
            "аукцион",
            "торгов",
            "процедуры подачи",
            "переторжк",
        ),
        has_time=True,
    ),
    _Dated(
        FieldName.RESULTS_DATE,
        wanted(
            r"(?:дата|срок)\s[^:\n\t\d]{0,70}?подведения\sитогов[^:\n\t\d]{0,80}"
            r"|\bподведение\sитогов(?:\s(?:закупки|аукциона|конкурса|запроса\s[а-я]{4,12}))?(?=\s?[:\t–—-])",
            "итогов",
        ),
        has_time=True,
    ),
    _Dated(
        FieldName.RESULTS_DATE,
        wanted(
            r"(?:дата|срок)\s(?:и\s(?:время|место)\s)?рассмотрения\s(?:и\sоценки\s)?(?:вторых\sчастей\s)?заявок"
            r"[^:\n\t\d]{0,80}",
            "рассмотрения",
        ),
        has_time=True,
        score=0.6,
    ),
    _Dated(
        FieldName.WORK_START,
        wanted(
            r"(?:дата|срок)\sначала\s(?:исполнения|выполнения|оказания|поставки|работ)[^:\n\t\d]{0,60}"
            r"|\bначало(?:\s(?:выполнения\s)?(?:работ|оказания\sуслуг|поставки))?(?=\s{0,2}[-–—:])",
            "начал",
            reach=120,
        ),
    ),
    _Dated(
        FieldName.WORK_END,
        wanted(
            r"(?:дата|срок)\s(?:окончания|завершения)\s(?:исполнения|выполнения|оказания|поставки|работ)[^:\n\t\d]{0,60}"
            r"|\bсрок\sисполнения\s(?:контракта|договора)(?=\s{0,2}[:\t]?\s{0,2}\d\d?\.\d\d\.)"
            r"|\bсрок\sсдачи\s(?:проекта|работ|объекта|результат)[^:\n\t\d]{0,40}"
            r"|\b(?:окончание|завершение)(?:\s(?:выполнения\s)?(?:работ|оказания\sуслуг|поставки))?(?=\s{0,2}[-–—:])",
            "окончани",
            "завершени",
            "срок сдачи",
            "срок исполнения",
            reach=120,
        ),
    ),
    _Dated(
        FieldName.BID_VALIDITY,
        wanted(
            r"(?:срок действия|действительн[аы])\s(?:нашей\s|настоящей\s)?(?:заявки|предложения|оферты)"
            r"|\b(?:предложение|заявка|оферта)\sдействительн[оа](?=\s(?:до|по)\b)",
            "заявк",
            "предложени",
            "оферт",
        ),
        takes_last=True,
    ),
)
_PERIOD = wanted(
    r"\bсрок\w{0,2}\s(?:поставки|выполнения|оказания|исполнения|производства|проведения)[^:\n\t\d]{0,80}|\bпериод\s(?:поставки|выполнения|оказания)[^:\n\t\d]{0,80}"
    r"|\b(?:оказание\sуслуг|выполнение\sработ|поставка\s(?:товара|продукции))\s(?:осуществляется|производится)\s(?=с\s)"
    r"|\b(?:услуги|работы)\s(?:оказываются|выполняются)(?:\s(?:исполнителем|подрядчиком))?\s(?:в\sпериод\s)?(?=с\s)",
    "срок",
    "период",
    "осуществляется",
    "производится",
    "оказываются",
    "выполняются",
)
_DUTY = wanted(
    r"\b(?:услуги|работы|товары?|продукция|оборудование)\s[^.;\n]{0,60}?должн[аыо]\sбыть\s(?:оказаны|выполнены|завершены|поставлен[аыо]?)",
    "должн",
    reach=160,
)
_PAYMENT = wanted(r"\b(?:оплатить|оплата|срок\sоплаты|оплачивается)\b", "оплат", "оплачив", reach=80)
_END_LEAD = re.compile(r"(?:\bдо|не\s+позднее|по)[\s«\"]*$", re.IGNORECASE)
_PERIOD_START = re.compile(r"\bс[\s«\"]*$", re.IGNORECASE)
_PERIOD_MIDDLE = re.compile(r"\s*(?:г\.|года)?\s*(?:и\s+)?(?:по|до|[-–—])[\s«\"]*(?:включительно)?\s*$", re.IGNORECASE)


def find_dates(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Labelled dates of a page."""
    for dated in _DATED:
        yield from _labelled(page, dated)
    yield from _periods(page)
    yield from _ends(page)
    if page.page_number <= _APPROVAL_PAGES:
        yield from _approvals(page)


def date_candidate(field: FieldName, found: FoundDate, statement: Statement, score: float) -> Candidate:
    """The candidate of a date of a statement."""
    return Candidate(
        field=field,
        value=found.iso,
        raw_text=statement.raw_text(found.end),
        page_number=statement.page.page_number,
        bbox_px=statement.box(found.end),
        method=statement.method(found.start),
        date=found.date,
        score=score,
    )


def titled_date(page: PageReading, field: FieldName, date: dt.date, start: int, end: int, score: float) -> Candidate:
    """The candidate of a date in a title or a block of the head, ``page.text[start:end]``."""
    return Candidate(
        field=field,
        value=date.isoformat(),
        raw_text=raw(page, start, end),
        page_number=page.page_number,
        bbox_px=page.box_of(start, end),
        method=FieldMethod.TITLE,
        date=date,
        score=score,
    )


def _labelled(page: PageReading, dated: _Dated) -> Iterator[Candidate]:
    for statement in statements(page, dated.label):
        found = _date_behind(statement, dated)
        if found is not None:
            yield date_candidate(dated.field, found, statement, dated.score + (0.05 if found.time is not None else 0.0))


def _date_behind(statement: Statement, dated: _Dated) -> FoundDate | None:
    dates = list(dates_in(statement.text, with_times=dated.has_time))
    if not dates or dates[0].start > _LONGEST_BRIDGE:
        return None
    bridge = statement.text[: dates[0].start]
    if _NOT_THIS_DATE.search(bridge) or (dated.field is FieldName.WORK_START and _END.search(bridge)):
        return None
    if dated.takes_last and len(dates) > 1 and _is_period(statement.text[dates[0].end : dates[1].start]):
        return dates[1]
    return dates[0]


def _is_period(between: str) -> bool:
    """Whether what stands between two dates makes them a period: «до», «–»; of two lines each has its own date."""
    return "\n\n" not in between and _UNTIL.search(between) is not None


def _periods(page: PageReading) -> Iterator[Candidate]:
    """«Срок оказания услуг: с 15.09.2019 по 25.12.2019»."""
    for statement in statements(page, _PERIOD):
        dates = list(dates_in(statement.text))
        if len(dates) < 2 or not _PERIOD_START.search(statement.text[: dates[0].start]):
            continue
        if _PERIOD_MIDDLE.match(statement.text[dates[0].end : dates[1].start]):
            yield date_candidate(FieldName.WORK_START, dates[0], statement, 0.8)
            yield date_candidate(FieldName.WORK_END, dates[1], statement, 0.8)


def _ends(page: PageReading) -> Iterator[Candidate]:
    """«Срок поставки: в течение 30 дней, но не позднее 01.06.2026», «Оплатить не позднее 05.04.2019»."""
    for label, field in (
        (_PERIOD, FieldName.WORK_END),
        (_DUTY, FieldName.WORK_END),
        (_PAYMENT, FieldName.PAYMENT_TERM),
    ):
        for statement in statements(page, label):
            found = next(dates_in(statement.text), None)
            if found is not None and _END_LEAD.search(statement.label + statement.text[: found.start]):
                yield date_candidate(field, found, statement, 0.7)


def _approvals(page: PageReading) -> Iterator[Candidate]:
    """The date under «УТВЕРЖДАЮ», in the cells below where it stands in a table."""
    for piece in page.pieces:
        if piece.placed is not None:
            yield from _approval_in_table(page, piece.placed)
    for match in _APPROVED.finditer(page.text):
        block = page.piece_at(match.start())
        if block is None or block.table is not None or not _ON_LINE_START.search(page.text[: match.start()][-6:]):
            continue
        below = page.text[match.end() : match.end() + _APPROVAL_REACH]
        other = _OTHER_BLOCK.search(below)
        found = next(dates_in(below[: other.start()] if other is not None else below), None)
        if found is not None and not _is_of_a_form(page.text, match, found):
            end = match.end() + found.end
            yield titled_date(page, FieldName.APPROVAL_DATE, found.date, match.start(), end, 0.8)


def _is_of_a_form(text: str, approval: re.Match[str], date: FoundDate) -> bool:
    """Whether what was approved is the form that the paper is written in."""
    if approval[0][-1].lower() == "ю":
        return False
    by_whom = text[approval.end() : approval.end() + date.start]
    around = text[max(0, approval.start() - _FORM_REACH) : approval.end() + date.end + _FORM_REACH]
    is_of_ministry = _OF_A_MINISTRY.search(by_whom) is not None
    return _OF_A_FORM.search(by_whom) is not None or (is_of_ministry and _FORM.search(around) is not None)


def _approval_in_table(page: PageReading, table: PlacedTable) -> Iterator[Candidate]:
    heads = [cell for cell in table.cells if _APPROVED.match(page.text[cell.start : cell.end].strip(' «"|'))]
    for head in heads[:_MOST_APPROVALS]:
        columns = range(head.column, head.column + head.column_span)
        under = [
            cell for cell in table.cells if cell.column in columns and head.row <= cell.row <= head.row + _BLOCK_ROWS
        ]
        for cell in under:
            found = next(dates_in(page.text[cell.start : cell.end][:_APPROVAL_REACH]), None)
            if found is not None:
                said = " ".join(page.text[one.start : one.end] for one in under if one.row <= cell.row)
                yield Candidate(
                    field=FieldName.APPROVAL_DATE,
                    value=found.iso,
                    raw_text=" ".join(said.split())[:_APPROVAL_REACH],
                    page_number=page.page_number,
                    bbox_px=page.box_of(head.start, cell.end),
                    method=FieldMethod.CELL,
                    date=found.date,
                    score=0.8,
                )
                break
