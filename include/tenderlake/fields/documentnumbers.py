"""Number and date of the document, and of the contract it is or belongs to.

They stand in the head of the first page: in the title («КОНТРАКТ № 45 от 12.03.2026»), in a line of their own
(«5 апреля 2013 года N 44-ФЗ», «г. Москва  «15» марта 2026 г.»), or behind a label («Исх. № 5», «Дата: …»). Numbers of
laws, of sources of prices and of other contracts stand in sentences, and are none of these; a blank («№ ____») is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenderlake.fields.candidates import Candidate
from tenderlake.fields.checksums import is_notice_44, is_notice_223
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.dates import titled_date
from tenderlake.fields.pagereading import PageReading, PlacedCell
from tenderlake.fields.statements import Column, Statement, Wanted, columns_under, raw, statements, wanted
from tenderlake.lake.vocabulary import FieldMethod, FieldName
from tenderlake.russiandates import FoundDate, dates_in

_HEAD = 3500
"""Characters of the first page in which titles are looked for."""
_LONGEST_TITLE = 300
_BEHIND_TITLE = 60
_DATE_REACH = 180
_SIGN = r"(?:№|N[oº]?\.?|Ne|номер:?)"
_SIGNS = r"0-9A-Za-zА-Яа-яЁё./\\-"
_CODE = rf"(?P<number>(?=[{_SIGNS}]{{0,40}}\d)[0-9A-Za-zА-Яа-яЁё][{_SIGNS}]{{0,40}})(?![0-9A-Za-zА-Яа-яЁё_])"
"""Letters, digits and the signs between them, with one digit at least."""
_NUMBER = rf"{_SIGN}[ \t]{{0,2}}(?:№[ \t]?)?{_CODE}"
_KINDS = (
    r"СЧ[ЕЁ]Т(?:-[А-ЯЁа-яё]+)?(?: на оплату)?|(?:ИТОГОВЫЙ )?ПРОТОКОЛ|ДОКУМЕНТ О ПРИ[ЕЁ]МКЕ"
    r"|ПРИКАЗ|РАСПОРЯЖЕНИЕ|ПОСТАНОВЛЕНИЕ|РЕШЕНИЕ|ИЗВЕЩЕНИЕ|УВЕДОМЛЕНИЕ"
    r"|АКТ|ПИСЬМО|(?:ФЕДЕРАЛЬНЫЙ |ОБЛАСТНОЙ )?ЗАКОН"
    r"|(?:ЛОКАЛЬН\w+ |ОБЪЕКТН\w+ |СВОДН\w+ )?(?:РЕСУРСН\w+ )?СМЕТН\w+ РАСЧ[ЕЁ]Т"
    r"|(?:ЛОКАЛЬНАЯ |ОБЪЕКТНАЯ )?СМЕТА|(?:БАНКОВСКАЯ |НЕЗАВИСИМАЯ )ГАРАНТИЯ|ТЕХНИЧЕСКОЕ ЗАДАНИЕ|СПЕЦИФИКАЦИЯ"
    r"|(?:ТЕХНИКО-)?(?:КОММЕРЧЕСКОЕ |ЦЕНОВОЕ )?ПРЕДЛОЖЕНИЕ|ДОПОЛНИТЕЛЬНОЕ СОГЛАШЕНИЕ|СОГЛАШЕНИЕ|ЗАЯВКА"
    r"|(?:РАСХОДНАЯ |ТОВАРН\w{2,12}(?:-ТРАНСПОРТНАЯ)? )?НАКЛАДНАЯ"
    r"|ДОВЕРЕННОСТЬ|СПРАВКА"
)
_CONTRACTS = (
    r"(?:ПРОЕКТ )?(?:ГОСУДАРСТВЕНН\w{2} |МУНИЦИПАЛЬН\w{2} |ГРАЖДАНСКО-ПРАВОВО\w |РАМОЧН\w{2} )?(?:КОНТРАКТ|ДОГОВОР)"
)
_CONTRACT_HEAD = re.compile(rf"(?:^|\n)[ |«\"]{{0,3}}(?=[А-ЯЁ])(?i:{_CONTRACTS})(?![А-ЯЁа-яё])")
_TITLE = re.compile(
    rf"[ |«\"]{{0,3}}(?:(?P<contract>{_CONTRACTS})|(?P<other>{_KINDS}))(?![А-ЯЁа-яё])"
    rf"(?P<between>(?:[^\n№]|\n{{1,2}}(?=(?-i:[а-яё№]|[А-ЯЁ]{{4}}[А-ЯЁ ,-]{{0,120}}\n)))"
    rf"{{0,160}}?[\s(])??\s{{0,2}}{_NUMBER}",
    re.IGNORECASE,
)
_TO_PURCHASE = re.compile(r"заявка\s[^№]{0,60}(?:участи|закупк)", re.IGNORECASE)
"""«Заявка на участие в запросе предложений № …»: the number is that of the purchase."""
_TO_REQUEST = re.compile(r"(?:\bна|по)\s(?:ваш\s)?запрос[уа]?\s", re.IGNORECASE)
_NUMBER_OF_CONTRACT = re.compile(
    r"(?:контракт|договор)[а-яё]{1,3}\s(?:[а-яё -]{3,40}\s)?(?:от\s[«\"]?\d[^№\n]{5,30}\s)?(?:№|N)\s?\S+\Z",
    re.IGNORECASE,
)
_OF_A_CASE = re.compile(r"\bпо\s(?:делу|жалобе)\s", re.IGNORECASE)
_VERB = re.compile(r";|[а-яё](?:[еюуа]тся|[яаеу]ет|[аяею]ют|[её]н[аоы]?|ит)(?![а-яё])")
_TITLE_DATE = re.compile(
    r"(?:[^\n\d]{0,40}?\s{0,2}(?:от|г\.)?|[^\n\d]{0,120}?\sг\. ?[А-ЯЁ][А-ЯЁа-яё-]{2,30})\s{0,2}[«\"“]?\s?$"
)
_TITLE_WITH_DATE = re.compile(
    rf"[ |«\"]{{0,3}}(?:(?P<contract>{_CONTRACTS})|(?P<other>{_KINDS}))(?![А-ЯЁа-яё])[^\n№]{{0,100}}?\sот\s[«\"“]?",
    re.IGNORECASE,
)
_BEHIND_CONTRACT = (
    r"(?:к|по)\s(?:государственному\s|муниципальному\s|гражданско-правовому\s)?(?:контракту|договору)"
    rf"[^\n№]{{0,60}}?\s?{_NUMBER}"
)
_BELONGS_TO = re.compile(
    rf"(?:^|\n)[ \t|]{{0,3}}(?:Приложение[^\n]{{0,20}}\n?\s?|(?:Дополнительное\s)?Соглашение[^\n]{{0,40}}\n?\s?"
    rf"|Акт[^\n]{{0,80}}\n?\s?|Спецификация[^\n]{{0,30}}\n?\s?)?"
    rf"{_BEHIND_CONTRACT}",
    re.IGNORECASE,
)
_TO_CONTRACT = re.compile(rf"\b{_BEHIND_CONTRACT}", re.IGNORECASE)
_BASIS = re.compile(
    rf"\bоснование(?:\sпередачи[^:\n\t]{{0,50}})?\s?[: \t]\s?"
    rf"(?:государственный\s|муниципальный\s)?(?:контракт|договор)(?:\s(?:поставки|подряда|аренды|оказания|услуг)){{0,3}}"
    rf"\s{{0,2}}{_NUMBER}",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"(?:^|\n)[ |«\"]{0,3}(?:ПРЕТЕНЗИЯ|ТРЕБОВАНИЕ ОБ УПЛАТЕ"
    r"|(?:РЕШЕНИЕ|УВЕДОМЛЕНИЕ)\s{1,3}ОБ? (?:ОДНОСТОРОННЕМ|РАСТОРЖЕНИИ))",
    re.IGNORECASE,
)
"""Papers about one contract, which their text names."""
_CLAIMED = re.compile(
    rf"\b(?:контракт|договор)[а-яё]{{0,3}}\s(?:(?:аренды|поставки|(?:суб)?подряда|возмездного|оказания|услуг|"
    rf"купли-продажи|перевозки)\s){{0,3}}(?:от\s(?P<date>[«\"“]?\d[^\n№]{{5,30}}?)\s)?{_NUMBER}",
    re.IGNORECASE,
)
_OF_A_CONTRACT = re.compile(r"АКТ|СОГЛАШЕНИЕ|ДОПОЛНИТЕЛЬНОЕ|СПЕЦИФИКАЦИЯ|СЧ[ЕЁ]Т|НАКЛАДНАЯ|СПРАВКА", re.IGNORECASE)
_LINE = re.compile(
    r"[ |]{0,3}(?:ИКЗ[ :№]{0,3}\d{36}[ \t]{1,3})?"
    r"(?:(?:(?:г|с|п|д|пос|пгт|ст)\. ?)?[А-ЯЁ][А-ЯЁа-яё-]{2,25}[ \t,]{1,60})?(?:от )?"
    r"(?:[а-яё ]{20,90}\()?[«\"“_ ]{0,3}(?P<date>\d.{5,28}?)\)?"
    rf"(?:[ \t,]{{1,3}}{_NUMBER})?(?:[ \t]{{1,60}}(?:г|с|п|пос|пгт|ст)\. ?[А-ЯЁ][А-ЯЁа-яё -]{{2,40}})?[ |.]{{0,3}}"
)
_NOT_HEAD = re.compile(
    r"УТВЕРЖД|СОГЛАСОВ|ПРИНЯТ|ОДОБРЕН(?!И)|В РЕДАКЦИИ|\bред\.|С ИЗМЕНЕНИЯМИ|ВВЕД[ЕЁ]Н|ЗАРЕГИСТР", re.IGNORECASE
)
_BLOCK_REACH = 350
_OUTGOING = wanted(r"\b(?:исходящий|исх\.)", "исх", reach=60)
_FROM = re.compile(r"\s{0,2}от\s{0,2}[«\"“]?")
_OUTGOING_NUMBER = re.compile(rf"[ \t]{{0,2}}{_NUMBER}", re.IGNORECASE)
_NUMBER_BEHIND_DATE = re.compile(rf"[ \t]{{0,2}}(?:г\.|года)?[ \t]{{0,2}}{_NUMBER}", re.IGNORECASE)
_DATE_LABEL = wanted(
    r"(?:(?<=\n)|(?<=\t)|^)[ |]{0,3}"
    r"дата(?:\s(?:документа|составления|письма|оформления|выдачи|подготовки[^:\n\t\d]{0,60})"
    r"|(?:\sи\sвремя)?\s(?:размещения\sразъяснений|составления\sпротокола|подписания\sпротокола))?\s?[:\t]"
    r"|\bдата\sсоставления(?=\s\d)",
    "дата",
    reach=60,
)
_ISSUED = re.compile("выдачи", re.IGNORECASE)
_IS_ISSUED = re.compile(r"\b(?:независим|банковск)\w+ гаранти|\bдоверенность\b|\bсправка\b", re.IGNORECASE)
_CONTRACT_LABEL = wanted(
    r"\bномер\s(?:и\sдата\s)?(?:(?:государственного|муниципального)\s)?(?:контракта|договора)\s?[:\t]?",
    "номер",
    reach=80,
)
_ROW_OF_CONTRACT = re.compile(r"(?:договор|контракт)[^\n]*номер", re.IGNORECASE | re.DOTALL)
_GUARANTEE_LABEL = wanted(r"\bномер\s(?:независимой|банковской)\sгарантии\s?[:\t]?", "гарантии", reach=80)
_REGISTRY = re.compile(r"реестров[а-яё]{2,3}\s*$", re.IGNORECASE)
_LABELLED_NUMBER = re.compile(rf"[\s:–—-]{{0,4}}(?:№[ \t]?)?{_CODE}")
_CONTRACT_DATE_LABEL = wanted(r"\bдата\s(?:заключения|подписания)\s(?:контракта|договора)\s?[:\t]?", "дата", reach=60)
_ONE_CODE = re.compile(_CODE)
_ROWS_OF_A_FORM = 24
"""Of КС-2, whose head is often one table with the parties, the contract and then the number of the act."""
_NUMBER_COLUMN = re.compile(r"\s*номер\s+документа\s*(?=\t|\n|$)", re.IGNORECASE)
_DATE_COLUMN = re.compile(r"\s*дата\s+(?:составления|документа)\s*(?=\t|\n|$)", re.IGNORECASE)


def find_document_numbers(page: PageReading, context: DocumentContext) -> Iterator[Candidate]:
    """Number and date of the document and of its contract."""
    yield from _labelled(page)
    yield from _belongings(page)
    if page.page_number == 1:
        yield from _basis(page)
        yield from _claimed(page)
        yield from _titles(page)
        yield from _lines(page)
        yield from _columns(page)


def _titles(page: PageReading) -> Iterator[Candidate]:
    """The first title of the head; those behind it are titles of parts and annexes."""
    for start in _line_starts(page.text[:_HEAD]):
        match = _TITLE.match(page.text[: start + _LONGEST_TITLE], start)
        dated = match or _TITLE_WITH_DATE.match(page.text[: start + _LONGEST_TITLE], start)
        if dated is None or not _is_title(dated) or _is_value(page, start) or _is_about_another(dated):
            continue
        number_end = dated.end()
        if match is not None and _NUMBER_OF_CONTRACT.search(dated[0]):
            # «Акт сверки по договору № 61 от …»: number and date are those of the contract.
            yield from _belonging(page, match, date_before=True)
            return
        is_contract = bool(dated["contract"])
        is_own = not (is_contract and (_is_label(page, dated.start()) or "(контракт)" in dated[0].lower()))
        if match is not None and not _is_of_another(match):
            yield from _number(
                page, match["number"], match.start(), match.end(), is_contract=is_contract, score=0.9, is_both=is_own
            )
        date, end = _title_date(page.text, dated.start(), number_end)
        if date is not None:
            yield from _date(page, date, dated.start(), end, is_contract=is_contract, score=0.9, is_both=is_own)
        if not is_contract and _OF_A_CONTRACT.match(dated["other"]):
            yield from _contract_of(page, dated.end())
        return


def _contract_of(page: PageReading, start: int) -> Iterator[Candidate]:
    """«Акт № 12 сдачи-приемки услуг по договору № 45-У от 12.01.2026»."""
    match = _TO_CONTRACT.search(page.text[: start + _LONGEST_TITLE], start)
    if match is not None:
        yield from _belonging(page, match)


def _title_date(text: str, start: int, number_end: int) -> tuple[FoundDate | None, int]:
    """The date behind the number, else the one before it: «Закон от 21 ноября 2007 г. N 45»; with its end."""
    behind = next(dates_in(text[number_end : number_end + _DATE_REACH]), None)
    if behind is not None and _TITLE_DATE.fullmatch(text[number_end : number_end + behind.start]):
        return behind, number_end + behind.end
    return next(dates_in(text[start:number_end]), None), number_end


def _is_title(match: re.Match[str]) -> bool:
    """Titles are in capitals, or begin with one and have no verb: «Контракт заключается … № 5» is a sentence."""
    written = match["contract"] or match["other"]
    behind = match.string[match.end() : match.end() + _BEHIND_TITLE].partition("\n")[0]
    return written.isupper() or (written[:1].isupper() and _VERB.search(match[0] + behind) is None)


def _is_about_another(title: re.Match[str]) -> bool:
    """«Предложение на запрос № 77 от …», «Решение об отказе от контракта № 144»: number and date of something else."""
    return _TO_REQUEST.search(title[0]) is not None or _CLAIM.match(title[0]) is not None


def _is_of_another(match: re.Match[str]) -> bool:
    """Whether the number is that of the purchase or of a case in court, and not of the paper itself."""
    title = match[0].lstrip(' |«"')
    is_notice = title[:9].upper() == "ИЗВЕЩЕНИЕ" and (is_notice_44(match["number"]) or is_notice_223(match["number"]))
    return is_notice or _TO_PURCHASE.match(title) is not None or _OF_A_CASE.search(title) is not None


def _is_label(page: PageReading, start: int) -> bool:
    """Whether a place is in a cell with others to the right: «Договор подряда (контракт) | номер | 31» of an act."""
    place = page.cell_at(start)
    return place is not None and place[0].right_of(place[1]) is not None


def _is_value(page: PageReading, start: int) -> bool:
    """Whether a place is in a cell that another stands before: «Нормативный документ | Федеральный закон № 223-ФЗ»."""
    place = page.cell_at(start)
    return place is not None and any(not cell.is_empty for cell in place[0].left_of(place[1]))


def _line_starts(text: str) -> list[int]:
    return [0, *(place + 1 for place, char in enumerate(text) if char in "\n\t")]


def _number(
    page: PageReading, number: str, start: int, end: int, *, is_contract: bool, score: float, is_both: bool = True
) -> Iterator[Candidate]:
    number = number.rstrip("./\\-")
    fields = [FieldName.CONTRACT_NUMBER] if is_contract else []
    if not is_contract or is_both:
        fields.append(FieldName.DOCUMENT_NUMBER)
    for field in fields:
        yield Candidate(
            field=field,
            value=number,
            raw_text=raw(page, start, end),
            page_number=page.page_number,
            bbox_px=page.box_of(start, end),
            method=FieldMethod.TITLE,
            score=score,
        )


def _date(
    page: PageReading, date: FoundDate, start: int, end: int, *, is_contract: bool, score: float, is_both: bool = True
) -> Iterator[Candidate]:
    if is_contract:
        yield titled_date(page, FieldName.CONTRACT_DATE, date.date, start, end, score)
    if not is_contract or is_both:
        yield titled_date(page, FieldName.DOCUMENT_DATE, date.date, start, end, score)


def _belongings(page: PageReading) -> Iterator[Candidate]:
    """«Приложение № 1 к Контракту № 45 от 12.03.2026»: the contract that the document belongs to."""
    for match in _BELONGS_TO.finditer(page.text):
        yield from _belonging(page, match)


def _belonging(page: PageReading, match: re.Match[str], *, date_before: bool = False) -> Iterator[Candidate]:
    start, end = match.span()
    yield from _number(page, match["number"], start, end, is_contract=True, score=0.8, is_both=False)
    before = list(dates_in(match[0])) if date_before else []
    if before:
        yield from _date(page, before[-1], start, end, is_contract=True, score=0.8, is_both=False)
        return
    date = next(dates_in(page.text[end : end + _DATE_REACH]), None)
    if date is not None and _TITLE_DATE.fullmatch(page.text[end : end + date.start]):
        yield from _date(page, date, start, end + date.end, is_contract=True, score=0.8, is_both=False)


def _basis(page: PageReading) -> Iterator[Candidate]:
    """«Основание: контракт № 12-ЗК от 01.06.2026» of invoices."""
    for match in _BASIS.finditer(page.text):
        yield from _belonging(page, match)


def _claimed(page: PageReading) -> Iterator[Candidate]:
    """«… заключён контракт от 01.07.2025 № 144 …» of a claim: the first contract that it names."""
    claim = _CLAIM.search(page.text[:_HEAD])
    match = _CLAIMED.search(page.text[: claim.end() + _HEAD], claim.end()) if claim is not None else None
    if match is None:
        return
    date = next(dates_in(match["date"]), None) if match["date"] else None
    if date is None:
        yield from _belonging(page, match)
        return
    start, end = match.span()
    yield from _number(page, match["number"], start, end, is_contract=True, score=0.8, is_both=False)
    yield from _date(page, date, start, end, is_contract=True, score=0.8, is_both=False)


def _lines(page: PageReading) -> Iterator[Candidate]:
    """The first line of the head that is nothing but a date, with the place before and the number behind it."""
    head = page.text[:_HEAD]
    is_contract = _is_contract(head)
    start = 0
    for line in head.split("\n"):
        match = _LINE.fullmatch(line) if len(line) < 120 else None
        date = next(dates_in(match["date"]), None) if match is not None else None
        before = head[max(0, start - _BLOCK_REACH) : start]
        if match is not None and date is not None and _fills(date, match["date"]) and not _NOT_HEAD.search(before):
            end = start + len(line)
            yield from _date(page, date, start, end, is_contract=is_contract, score=0.7)
            if match["number"]:
                yield from _number(page, match["number"], start, end, is_contract=is_contract, score=0.7)
            return
        start += len(line) + 1


def _is_contract(head: str) -> bool:
    """Whether a title says so: «Договор заключается по цене …» is a sentence."""
    ends = ((match, head.find("\n", match.end())) for match in _CONTRACT_HEAD.finditer(head))
    return any(_VERB.search(head[match.start() : end if end >= 0 else len(head)]) is None for match, end in ends)


def _fills(date: FoundDate, text: str) -> bool:
    return date.start == 0 and not text[date.end :].strip(' _|.»"')


def _beside(page: PageReading, label: Wanted) -> Iterator[Statement]:
    """Forms with the value under its label have a rule of their own."""
    return (statement for statement in statements(page, label) if not statement.is_below)


def _labelled(page: PageReading) -> Iterator[Candidate]:
    if page.page_number == 1:
        yield from _outgoing(page)
        yield from _guarantee(page)
        for statement in _beside(page, _DATE_LABEL):
            date = next(dates_in(statement.text), None)
            if _ISSUED.search(statement.label) and not _IS_ISSUED.search(page.text[:_HEAD]):
                continue  # of a passport or a licence
            if date is not None and date.start <= 4:
                end = statement.text_start + date.end
                is_contract = _is_under_contract(page, statement)
                yield from _date(
                    page, date, statement.start, end, is_contract=is_contract, score=0.8, is_both=not is_contract
                )
    for statement in _beside(page, _CONTRACT_LABEL):
        match = _LABELLED_NUMBER.match(statement.text)
        if match is not None and not _REGISTRY.search(statement.before):
            end = statement.text_start + match.end()
            yield from _number(page, match["number"], statement.start, end, is_contract=True, score=0.7, is_both=False)
            if (date := _date_from(statement.text[match.end() :])) is not None:
                end += date.end
                yield from _date(page, date, statement.start, end, is_contract=True, score=0.7, is_both=False)
    for statement in _beside(page, _CONTRACT_DATE_LABEL):
        date = next(dates_in(statement.text), None)
        if date is not None and date.start <= 6:
            end = statement.text_start + date.end
            yield from _date(page, date, statement.start, end, is_contract=True, score=0.8, is_both=False)


def _guarantee(page: PageReading) -> Iterator[Candidate]:
    """«Номер независимой гарантии | 26777-777ТГ0003»."""
    for statement in _beside(page, _GUARANTEE_LABEL):
        if (match := _LABELLED_NUMBER.match(statement.text)) is not None:
            end = statement.text_start + match.end()
            yield from _number(page, match["number"], statement.start, end, is_contract=False, score=0.8)


def _is_under_contract(page: PageReading, statement: Statement) -> bool:
    """Whether «дата» stands under «номер» in the row of the contract, as in the forms КС-2 and КС-3."""
    place = page.cell_at(statement.start + len(statement.label) - 1) or page.cell_at(statement.start)
    if place is None:
        return False
    table, cell = place
    row = " ".join(page.text[one.start : one.end] for one in table.cells if one.row == cell.row - 1)
    return _ROW_OF_CONTRACT.search(row) is not None


def _outgoing(page: PageReading) -> Iterator[Candidate]:
    """«Исх. № 15-04/7 от 12.03.2026»."""
    for statement in _beside(page, _OUTGOING):
        if statement.before.endswith("("):
            continue  # «… направлены запросы (исх. от 02.02.2026 № 77) …» is another letter
        match = _OUTGOING_NUMBER.match(statement.text)
        if match is None:
            yield from _outgoing_date_first(page, statement)
            continue
        end = statement.text_start + match.end()
        yield from _number(page, match["number"], statement.start, end, is_contract=False, score=0.8)
        if (date := _date_from(statement.text[match.end() :])) is not None:
            yield from _date(page, date, statement.start, end + date.end, is_contract=False, score=0.8)


def _outgoing_date_first(page: PageReading, statement: Statement) -> Iterator[Candidate]:
    """«Исх. от 12.03.2026 № 15-04/7»."""
    date = _date_from(statement.text)
    if date is None:
        return
    end = statement.text_start + date.end
    yield from _date(page, date, statement.start, end, is_contract=False, score=0.8)
    if (match := _NUMBER_BEHIND_DATE.match(statement.text, date.end)) is not None:
        end = statement.text_start + match.end()
        yield from _number(page, match["number"], statement.start, end, is_contract=False, score=0.8)


def _date_from(text: str) -> FoundDate | None:
    """The date of a text that begins with «от 12.03.2026»."""
    date = next(dates_in(text), None)
    return date if date is not None and _FROM.fullmatch(text[: date.start]) else None


def _columns(page: PageReading) -> Iterator[Candidate]:
    """Forms with the number and the date under their labels: «Номер документа | Дата составления»."""
    for column in columns_under(page, _NUMBER_COLUMN, rows=_ROWS_OF_A_FORM):
        for cell in _first(column):
            number = page.text[cell.start : cell.end].strip()
            if _ONE_CODE.fullmatch(number):
                yield _cell_candidate(page, FieldName.DOCUMENT_NUMBER, column.header, cell, None)
    for column in columns_under(page, _DATE_COLUMN, rows=_ROWS_OF_A_FORM):
        for cell in _first(column):
            date = next(dates_in(page.text[cell.start : cell.end]), None)
            if date is not None:
                yield _cell_candidate(page, FieldName.DOCUMENT_DATE, column.header, cell, date)


def _first(column: Column) -> list[PlacedCell]:
    return [cell for cell in column.cells if not cell.is_empty][:1]


def _cell_candidate(
    page: PageReading, field: FieldName, header: PlacedCell, cell: PlacedCell, date: FoundDate | None
) -> Candidate:
    said = page.text[cell.start : cell.end].strip()
    return Candidate(
        field=field,
        value=date.iso if date is not None else said,
        raw_text=" ".join(f"{page.text[header.start : header.end]} {said}".split()),
        page_number=page.page_number,
        bbox_px=page.box_of(cell.start, cell.end),
        method=FieldMethod.CELL,
        date=date.date if date is not None else None,
        score=0.85,
    )
