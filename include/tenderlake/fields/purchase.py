"""What is bought, how, where and under which law: subject, method, platform, law."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ocr_tasks.contract import BlockLabel
from tenderlake.fields.hits import Hit
from tenderlake.fields.labelledtext import labelled_texts
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.roles import RoleTrail
from tenderlake.lake.vocabulary import FieldMethod, FieldName

_SUBJECT_LABEL = re.compile(
    r"(?:предмет(?:ом)? (?:закупки|контракта|договора|аукциона|конкурса|запроса котировок|запроса предложений|торгов|"
    r"процедуры|лота|"
    r"электронного аукциона)|"
    r"(?:наименование )?объекта? закупки|наименование (?:закупки|предмета (?:закупки|контракта|договора)|лота|"
    r"(?:оказываемых )?услуг(?:и)?|"
    r"(?:выполняемых )?работ|закупаемых? товар[а-яё]{1,2})|краткое описание (?:закупки|предмета закупки)|"
    r"по предмету|на объект|предмет(?=\s{0,2}:)|по закупке(?=\s{0,2}:))(?![а-яё])",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^\W{0,4}(?:(?:частное )?техническое задание|технические требования|описание (?:объекта|предмета) закупки|"
    r"(?:локальн[а-яё]{2,3} )?(?:смета|сметный расч[её]т)[^\n]{0,30}|"
    r"(?:проект\s)?(?:(?:государственн|муниципальн|гражданско-правов|рамочн)[а-яё]{2,3}\s)?"
    r"(?:контракт|договор)а?(?: № ?\S{1,40})?|"
    r"на право заключения (?:(?:государственного|муниципального)\s)?(?:контракта|договора)|"
    r"(?:обоснование|расч[её]т|определение)[^\n]{0,30} (?:начальн|цены|НМЦ)[^\n]{0,60}?)"
    r"\W{0,3}(?:$|(?=\sна\s|\sпо\s))",
    re.IGNORECASE,
)
_TITLE_LABEL = re.compile(r"название(?: тендера| процедуры)?(?=\s{0,2}:)", re.IGNORECASE)
"""Says anything; believed where what follows is a thing to buy."""
_CAPTIONS = (
    re.compile(r"\n{1,2}[^\w\n]{0,4}\(наименование работ и затрат"),
    re.compile(r"\n{1,2}[^\w\n]{0,4}\(наименование стройки"),
)
"""Stands under the subject of an estimate, in the form that all estimates have."""
_WHAT = re.compile(
    r"^(?:(?:на |по ){1,2}(?=[а-яё])|(?=выполнени|оказани|поставк|разработк|доработк|приобретени|закупк|создани|"
    r"модернизаци|"
    r"разведени|услуг|проведени|строительств|ремонт|капитальн|монтаж|аренд|обслуживани|содержани|изготовлени|установк|"
    r"сопровождени|обеспечени|организаци|развити|реконструкци|техническ))(?P<what>[^\n]{8,})",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\s?\((?:далее|характеристики)[^()]{0,200}\)?.{0,3}$|\s?\(далее\s?[–—-][^()]{1,60}\)", re.IGNORECASE
)
_MOST_LINES = 8
_LINES_OF_HEAD = 40
_SHORTEST, _LONGEST = 12, 700
_NO_SUBJECT = re.compile(
    r"^(?:[а-яё\d]{1,2}\)|\d{1,2}\.\d|.{0,60}обязу[ею]тся|[-–—•]|контракт|договор|является|указан|определ|согласно|"
    r"в соответстви|не указан|закупки?$|_|должн|может|№|\d+[.)]?$|[^«\"]{0,80}@|отдел (?:закуп|снабж))",
    re.IGNORECASE,
)
_END_OF_SENTENCE = re.compile(
    r"(?<![ .][А-Яа-яё])(?<![ .][а-яё]{2})\.\s(?=[А-ЯЁ][а-яё]{2,} |(?:ОКПД|ОКВЭД|КТРУ|ИКЗ|НМЦ)[КД]?[ \d])"
)
_ACCUSATIVE = re.compile(
    r"^((?:разработ|поста|доработ|закуп|установ|постав|модернизац|реконструкц|организац|аренд|утилизац|эксплуатац|"
    r"подготов))"
    r"(ку|вку|ию|у)(?= )",
    re.IGNORECASE,
)
_NOMINATIVE = {"у": "а", "ю": "я"}
"""«на разработку системы» is about «разработка системы»."""
_WORK = r"(?:поставк|оказани|выполнени|приобретени|закупк|проведени|разработк|строительств|капитальн|ремонт)[а-яё]{0,3}"
_IN_PASSING = (
    re.compile(rf"цен[а-яё]{{0,3}}\s(?:на|по)\s[«\"](?P<what>{_WORK}\s[^«»\"\t]{{8,300}})[»\"]", re.IGNORECASE),
    re.compile(
        r"(?:аукцион|конкурс|запрос[а-яё]{0,2}\s(?:цен|котировок|предложений))[а-яё]{0,2}(?:\s№\s?\S{5,30})?\s(?:на|по)\s"
        rf"(?P<what>{_WORK}\s[^\n\t]{{8,300}}?)(?=[.;]\s|[.;)]{{0,2}}\n|[.;)]{{0,2}}\Z|\sдля\s(?:нужд\s)?[А-ЯЁ])",
        re.IGNORECASE,
    ),
)
"""«… о ценах на «Оказание услуг …»», «подведение итогов запроса цен № 5 на поставку хлора»."""
_DATIVE = re.compile(r"^(?:(поставк|закупк|разработк)е|(оказани|выполнени|приобретени|проведени)ю)(?= )", re.IGNORECASE)
_METHOD_LABEL = re.compile(
    r"способ (?:определения поставщика(?: \([^()]{3,60}\))?|закупки|проведения закупки|размещения заказа|"
    r"осуществления закупки)",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"(?:открыт[а-яё]{2,3} |закрыт[а-яё]{2,3} )?(?:электронн[а-яё]{2,3} )?(?:открыт[а-яё]{2,3} )?(?:аукцион|конкурс|"
    r"запрос котировок|"
    r"запрос предложений|запрос цен|закупка у единственного поставщика)[^\n\t.;,]{0,60}",
    re.IGNORECASE,
)
_METHOD_TITLE = re.compile(
    r"(?:^|\n)\W{0,3}(?:изменени[а-яё]{1,2}\s(?:в\s)?)?(?:извещени|протокол|уведомлени|документаци|приглашени|разъяснени|заявк|для\sучасти)[а-яё]{0,2}\s[^.;]{0,120}?(?P<electronic>электронн[а-яё]{2,3}\s)?"
    r"(?P<method>аукцион|открыт[а-яё]{2,3}\sконкурс|конкурс|запрос[а-яё]{0,2}\s(?:котировок|предложений|цен)|"
    r"закупк[аеи]\sу\sединственного\sпоставщика)[а-яё]{0,2}(?![а-яё])",
    re.IGNORECASE,
)
_METHODS = (
    ("единственного", "закупка у единственного поставщика"),
    ("аукцион", "аукцион"),
    ("открыт", "открытый конкурс"),
    ("конкурс", "конкурс"),
    ("котировок", "запрос котировок"),
    ("предложений", "запрос предложений"),
    ("цен", "запрос цен"),
)
"""By a part of the word, whatever its case: «о запросе котировок»."""
_LONGEST_HEAD = 600
_PLATFORM_LABEL = re.compile(
    r"(?:наименование )?(?:электронной (?:торговой )?площадки|ЭТП|электронная площадка|"
    r"оператор электронной площадки)"
    r"(?: в информационно-телекоммуникационной сети [«\"]?Интернет[»\"]?| в сети [«\"]?Интернет[»\"]?)?",
    re.IGNORECASE,
)
_PLATFORM = re.compile(
    r"https?://[\w./-]{4,80}|(?:[a-z0-9-]{2,40}\.){1,3}(?:ru|рф|com)(?!\w)|[^\n\t;]{0,60}?(?:ЭТП |РТС|Сбербанк|"
    r"СБЕРБАНК|Росэлторг|ЕЭТП|"
    r"Единая электронная торговая|АСТ|Российский аукционный дом|РАД|ТЭК|Фабрикант|Национальная электронная площадка|"
    r"B2B|ГПБ|Lot-online|OTC|"
    r"ZakazRF|Автодор)[^\n\t;,]{0,60}|(?:П?АО|ООО|ЗАО|НКО) [«\"][^»\"\n\t]{2,60}[»\"]"
)
_ADDRESS = re.compile(r"https?:|[a-z0-9.-]+$")
_LAW_NUMBER = re.compile(r"(?<![\d-])(?P<number>44|223)\s?[-–—]\s?ФЗ(?![а-яё])", re.IGNORECASE)
_LAW = re.compile(r"закон[а-яё]{0,3}(?:[^\n\t;]{0,60}?)(?:№|N)?\s{0,2}(?P<number>44|223)\s?[-–—]\s?ФЗ", re.IGNORECASE)


def purchase(page: PageReading, trail: RoleTrail) -> Iterator[Hit]:
    """Subject, method, platform and law, as far as this page tells."""
    yield from _subjects(page)
    if trail.is_of_purchase:
        yield from _methods(page)
        yield from _platforms(page)
        for found in _LAW.finditer(page.text):
            value = f"{found['number']}-FZ"
            yield Hit(FieldName.LAW, value, found.start(), found.start(), found.end(), FieldMethod.PHRASE, score=0.5)
        yield from _law_by_number(page)


def _law_by_number(page: PageReading) -> Iterator[Hit]:
    """«по ст. 31 44-ФЗ», where the page has no other law of purchases."""
    found = list(_LAW_NUMBER.finditer(page.text))
    if len({match["number"] for match in found}) == 1:
        first = found[0]
        value = f"{first['number']}-FZ"
        yield Hit(FieldName.LAW, value, first.start(), first.start(), first.end(), FieldMethod.PATTERN, score=0.4)


def _subjects(page: PageReading) -> Iterator[Hit]:
    found = list(_announced(page))
    yield from found if found or page.page_number > 1 else _in_passing(page)


def _in_passing(page: PageReading) -> Iterator[Hit]:
    """What a sentence of the first page names, where no label and no title does."""
    for pattern in _IN_PASSING:
        if (match := pattern.search(page.lined_text)) is not None:
            yield from _subject(page, match.start("what"), *match.span("what"), FieldMethod.TITLE, 0.4)
            return


def _announced(page: PageReading) -> Iterator[Hit]:
    """Behind labels, under titles and over the caption of an estimate."""
    for labelled in labelled_texts(page, _SUBJECT_LABEL, anywhere=True):
        if labelled.is_column:
            continue  # «Наименование услуги» over the lines of an estimate
        yield from _subject(page, labelled.label_start, labelled.start, labelled.end, labelled.method, 0.8)
    for labelled in labelled_texts(page, _TITLE_LABEL, anywhere=True):
        if _WHAT.match(page.text[labelled.start : labelled.end]):
            yield from _subject(page, labelled.label_start, labelled.start, labelled.end, labelled.method, 0.6)
    if page.page_number == 1:
        yield from _title(page)
    captions = [list(caption.finditer(page.lined_text)) for caption in _CAPTIONS]
    for caption in captions[0] or captions[1]:
        line = page.line_start(caption.start())
        if (what := _WHAT.match(page.lined_text[line : caption.start()])) is not None:
            start = line + what.start("what")
            yield from _subject(page, start, start, caption.start(), FieldMethod.PHRASE, 0.6)


def _methods(page: PageReading) -> Iterator[Hit]:
    if page.page_number == 1:
        yield from _method_of_title(page)
    for labelled in labelled_texts(page, _METHOD_LABEL):
        if (found := _METHOD.search(page.text, labelled.start, labelled.end)) is not None:
            value = found[0].strip(' .,»"').lower()
            yield Hit(
                FieldName.PURCHASE_METHOD, value, found.start(), found.start(), found.end(), labelled.method, score=0.8
            )


def _method_of_title(page: PageReading) -> Iterator[Hit]:
    """«Извещение о проведении запроса котировок в электронной форме»."""
    head = page.lined_text[:_LONGEST_HEAD]
    for title in _METHOD_TITLE.finditer(head):
        stem = " ".join(title["method"].lower().split())
        method = next(name for part, name in _METHODS if part in stem)
        name = f"электронный {method}" if method == "аукцион" and title["electronic"] else method
        yield Hit(
            FieldName.PURCHASE_METHOD,
            name,
            title.start(),
            title.start("method"),
            title.end(),
            FieldMethod.TITLE,
            score=0.6,
        )
        return


def _platforms(page: PageReading) -> Iterator[Hit]:
    for labelled in labelled_texts(page, _PLATFORM_LABEL):
        if (found := _PLATFORM.match(page.text, labelled.start, labelled.end)) is not None:
            value = found[0].strip(" .,")
            score = 0.7 if _ADDRESS.match(value) else 0.75
            yield Hit(
                FieldName.PLATFORM, value, found.start(), found.start(), found.end(), labelled.method, score=score
            )


def _subject(
    page: PageReading, label_start: int, start: int, end: int, method: FieldMethod, score: float
) -> Iterator[Hit]:
    value = _tidy(page.text[start:end])
    if _SHORTEST <= len(value) <= _LONGEST and not _NO_SUBJECT.match(value) and re.search(r"[А-Яа-яё]{4}", value):
        begin = label_start if method is FieldMethod.LABEL else start
        yield Hit(FieldName.SUBJECT, value, begin, start, end, method, score=score)


def _tidy(text: str) -> str:
    value = _ASIDE.sub("", " ".join(text.split()))
    if (sentence := _END_OF_SENTENCE.search(value)) is not None:
        value = value[: sentence.start()]
    value = _DATIVE.sub(lambda match: f"{match[1]}а" if match[1] else f"{match[2]}е", value)
    value = _ACCUSATIVE.sub(lambda match: match[1] + match[2][:-1] + _NOMINATIVE[match[2][-1]], value.strip(" .,;:"))
    while value[:1] in '«"' and value[-1:] in '»"' and value[1:-1].count("«") == value[1:-1].count("»"):
        value = value[1:-1].strip()
    return value


def _title(page: PageReading) -> Iterator[Hit]:
    """The lines under the title that say what for: «ТЕХНИЧЕСКОЕ ЗАДАНИЕ / на оказание услуг по …»."""
    lines = list(_lines(page))
    for number, (start, line) in enumerate(lines[:_LINES_OF_HEAD]):
        title = _TITLE.match(line)
        if title is None:
            continue
        if line[title.end() :].strip():
            rest = [(start + title.end() + 1, line[title.end() :].strip()), *lines[number + 1 :]]
        else:
            rest = lines[number + 1 :]
        yield from _purpose(page, rest)
        return


def _purpose(page: PageReading, lines: list[tuple[int, str]]) -> Iterator[Hit]:
    if not lines or (what := _WHAT.match(lines[0][1])) is None:
        return
    start = lines[0][0] + what.start("what")
    end = lines[0][0] + len(lines[0][1])
    for place, line in lines[1:_MOST_LINES]:
        piece, first = page.piece_at(place), page.piece_at(start)
        is_same = piece is first or (piece and first and piece.label is first.label is BlockLabel.HEADING)
        if (
            not is_same
            or page.text[end - 1] == "."
            or not (line[:1].islower() or line[:1] in '«"(' or not _is_new(line))
        ):
            break
        end = place + len(line)
    yield from _subject(page, start, start, end, FieldMethod.TITLE, 0.6)


def _is_new(line: str) -> bool:
    """Whether a line is not the continuation of the one above: a number, a form of organisation, all capitals."""
    return bool(re.match(r"\W{0,3}(?:\d|П?АО |ООО |г\. |[А-ЯЁ ]{6,}$|УТВЕРЖД|СОГЛАСОВ)", line))


def _lines(page: PageReading) -> Iterator[tuple[int, str]]:
    place = 0
    for line in page.lined_text.split("\n", 300)[:300]:
        if line.strip():
            yield place, line
        place += len(line) + 1
