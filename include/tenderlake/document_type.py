"""What kind of tender document this is: by the title it bears, by what its text speaks of, and by its file name.

Titles count where a title stands: at the start of a line that begins with a capital, the better the nearer to the head.
«Приложение № 1 к контракту» says what a document belongs to and not what it is, so such lines, tables of contents and
references in sentences are passed over. Marks in the body vote beside the title; alone they decide only together, since
a law and a report speak of everything. The file name is the weakest vote: «Приложение №1 - НМЦК.xls».

Types are those that a purchase has by articles 33, 34 and 42 of 44-FZ and that the unified system tags its attachments
with (object, justification of the price, draft contract, requirements to the bid). Kinds that the lake has no type for
(an act, an order, a guarantee) are recognised, so that they are not taken for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenderlake.fields.pagereading import clean
from tenderlake.lake.vocabulary import DocumentType

HEAD_CHARACTERS = 20_000
"""How much of a document is looked at: the first pages."""

_MOST_TITLE_LINES = 120
_LONGEST_TITLE = 120
_CAPITALS_POINTS, _SHORT_POINTS, _DEPTH_PENALTY = 2.0, 1.0, 1 / 40
_MARK_POINTS, _MOST_MARK_POINTS = 0.5, 1.5
_FEWEST_MARKS = 3
"""Different ones, where no title stands beside them."""
_NAME_POINTS = 1.2
_LEAST_POINTS = 0.9
"""Less than a title in small letters near the head, than three marks, than a name: no reason to believe it."""
_LONGEST_QUOTE = 80
_SHORTEST_RUN = 12
"""Characters of a title whose words run together: ТЕХНИЧЕСКОЕЗАДАНИЕ."""


@dataclass(frozen=True)
class Classification:
    """A type and why; ``reason`` is None where nothing was found and the type is ``other``."""

    document_type: DocumentType
    reason: str | None = None


@dataclass(frozen=True)
class _Kind:
    """One kind of document: how its title begins, what its body says, what its file is called."""

    document_type: DocumentType
    title: re.Pattern[str]
    title_run_together: re.Pattern[str]
    marks: re.Pattern[str] | None = None
    name: re.Pattern[str] | None = None


def _kind(document_type: DocumentType, title: str, marks: str = "", name: str = "") -> _Kind:
    return _Kind(
        document_type,
        re.compile(title, re.IGNORECASE),
        re.compile(title.replace(" ?", "").replace(" ", ""), re.IGNORECASE),
        re.compile(marks, re.IGNORECASE) if marks else None,
        re.compile(name, re.IGNORECASE) if name else None,
    )


_KINDS: tuple[_Kind, ...] = (
    _kind(
        DocumentType.NMCK_JUSTIFICATION,
        r"(?:определение и )?обоснование (?:начальн\w+|нмц\w*|цены)|расч[её]т (?:и обоснование )?(?:начальн\w+|нмц\w*"
        r"|цены)|ценовой анализ|анализ цен\b",
        r"метод\w* сопоставимых рыночных цен|коэффициент\w* вариации|среднее квадратич\w+ отклонени\w+"
        r"|источник\w* (?:ценовой информации|№ ?\d)|(?:тарифн|проектно-сметн|затратн|нормативн)\w+ метод\w*",
        r"нмц[кд]?\b|обосновани\w+ (?:начальн|цен)|расч[её]т цен|\bnmck?\b",
    ),
    _kind(
        DocumentType.ESTIMATE,
        r"(?:локальн\w+ |объектн\w+ |сводн\w+ )?(?:ресурсн\w+ )?сметн\w+ расч[её]т|(?:локальная|объектная|ресурсная)"
        r" (?:ресурсная )?смета|смета(?: №| на | контракта|$)|ведомость (?:объ[её]м|дефект|материал|работ)\w*"
        r"|дефектн\w+ (?:ведомость|акт)",
        r"сметная стоимость|средства на оплату труда|в базисном уровне цен|наименование стройки|\b(?:гэсн|фер|тер)\w*"
        r" ?\d\d-\d\d|гранд-смета|(?:от|%) фот\b",
        r"\bсмет\w*|\bлср?\b|ведомост\w+ объ[её]м|дефектн\w+ ведомост|\bsmet[ay]\b",
    ),
    _kind(
        DocumentType.PROTOCOL,
        r"(?:итоговый )?протокол(?! разногласий| испытаний| согласования)(?: №| подведения| рассмотрения| вскрытия"
        r"| оценки| заседания| проведения| о признании| об? |$)|выписка из протокола",
        r"признать победител\w+|признать .{0,60}несостоявш|идентификационный номер заявки|члены комиссии|голосовали"
        r"|на заседании комиссии|присутствовали",
        r"\bпротокол\w*|\bprotokol\w*",
    ),
    _kind(
        DocumentType.NOTICE,
        r"извещение(?: об? | №|$)|изменени[ея] (?:в )?извещени[ея]|печатная форма"
        r"|уведомление о проведении|приглашение (?:принять|к участию)"
        r"|запрос котировок(?: №| на |$)",
        r"номер извещения|дата и время окончания (?:срока )?подачи|информация о процедуре закупки|контактная информация"
        r"|общая информация(?: о закупке)?|адрес электронной площадки|наименование электронной площадки",
        r"\bизвещени\w*|печатн\w+ форм|\bizves(?:hch|h|ch|c)enie",
    ),
    _kind(
        DocumentType.APPLICATION_FORM,
        r"(?:форма )?заявк[аи] на участие|анкета участника|согласие участника|декларация о соответстви\w+"
        r"|опись документов|(?:общие )?требовани[ея] к (?:содержанию|составу|заявк\w+)"
        r"|инструкция по заполнению|форма (?:№ ?)?\d+\.?|гарантийное письмо|образец заявки"
        r"|(?:ценовое )?предложение (?:участника )?о цене (?:контракта|договора)",
        r"участник закупки|настоящим (?:\w+ ){0,3}(?:подтвержда|деклариру|гарантиру)\w+|исх\. ?№"
        r"|наименование участника",
        r"заявк\w*|анкет\w+|\bформа \d",
    ),
    _kind(
        DocumentType.TECHNICAL_SPECIFICATION,
        r"(?:частное )?техническое задание|описание (?:объекта|предмета) закупки|технические требования"
        r"|задание на проектирование|техническая часть",
        r"требования к (?:качеству|безопасности|функци\w+|системе|поставляемому|выполн\w+|услуг\w+|работ\w+)"
        r"|наименование и (?:объ[её]м|количество)|место (?:поставки|выполнения|оказания)|или эквивалент"
        r"|гарантийный срок|порядок (?:контроля и )?при[её]мки|порядок оформления и предъявления"
        r"|состав и содержание работ по созданию|(?:цели и )?назначени\w+ (?:и цел\w+ )?создания",
        r"\b(?:т\.?з|tz)\b|техническ\w+ задани|описани\w+ (?:объекта|предмета)|\bооз\b|техническ\w+ требован",
    ),
    _kind(
        DocumentType.CONTRACT,
        r"проект (?:государственн\w+ |муниципальн\w+ )?(?:контракта|договора)\b|договор [а-яё]{4,}(?:а|ы|и|я)$"
        r"|(?:проект )?(?:государственн\w+ |муниципальн\w+ |гражданско-правов\w+ |рамочн\w+ )?(?:контракта?|договора?)"
        r"(?: ?№| на | поставки| подряда| оказания| возмездного| купли| аренды| хранения| страхования"
        r"| перевозки| лизинга| (?:энерго|тепло|водо|газо)снабжения|$)|спецификация(?: №| к | товар| поставл|$)",
        r"именуем\w+ в дальнейшем|действующ\w+ на основании|предмет (?:контракта|договора)|форс-мажор"
        r"|реквизиты и подписи|является тв[её]рдой|стороны (?:\w+ ){0,4}заключили|срок действия (?:контракта|договора)"
        r"|стороны освобождаются|порядок разрешения споров",
        r"(?<!карточка )(?<!реестр )(?:контракт|договор)\w*|\bспецификаци\w+|\b(?:c|k)ontra(?:c|k)t\b|\bdogovor\w?\b",
    ),
    # What the lake has no type for.
    _kind(
        DocumentType.OTHER,
        r"(?:аукционн|конкурсн|закупочн|котировочн)\w+ документация|документация (?:об?|по|для) |информационная карта",
    ),
    _kind(
        DocumentType.OTHER,
        r"(?:технико-)?коммерческое предложение|(?:ценовое )?предложение о цене|прайс-лист"
        r"|сч[её]т(?:-оферта| на оплату|-договор|-фактура)\b"
        r"|запрос (?:(?:о|на) предоставлени\w+ )?(?:технико-)?(?:коммерческ|цен|информации о цен)\w*",
        r"банк получателя|всего наименований|всего к оплате|\bсч\. ?№|оплата данного сч[её]та|предложение действительно"
        r"|предоставить (?:ценовую )?информацию о (?:цене|стоимости)|не влеч[её]т (?:за собой )?возникновени\w+",
    ),
    _kind(DocumentType.OTHER, r"(?:банковская |независимая )гарантия"),
    _kind(
        DocumentType.OTHER,
        r"акт(?: №| осмотра| о при[её]мке| при[её]м\w*| сдачи| выполненн| оказанн| сверки|$)"
        r"|универсальный передаточный документ|товарная накладная|справка о стоимости выполненных",
    ),
    _kind(
        DocumentType.OTHER,
        r"дополнительное соглашение|соглашение о расторжении|протокол разногласий|претензия(?: |$)"
        r"|требование об уплате|уведомление о расторжении",
    ),
    _kind(
        DocumentType.OTHER,
        r"(?:запрос (?:о |на )?)?разъяснени[ея] (?:положени|документаци|извещени|по запрос)\w*|ответ на запрос"
        r"|положение о закупк\w+",
    ),
    _kind(
        DocumentType.OTHER,
        r"(?:сведения|информация) о (?:заключ[её]нном )?(?:контракте|договоре)|план-график|"
        r"выписка(?: из (?:егрюл|егрип|единого|реестра)\b|$)|лицензия(?: №|$)|доверенность(?: №|$)|устав(?: |$)",
    ),
    _kind(
        DocumentType.OTHER,
        r"решение (?:единственного|общего собрания|о согласии|об одобрении|об одностороннем)"
        r"|(?:приказ|распоряжение|постановление|решение)(?: №| от|$)|(?:федеральный )?закон(?: |$)|кодекс\b"
        r"|свидетельство|программа и методика|руководство (?:пользователя|администратора)|отч[её]т(?: |$)"
        r"|аналитическая записка",
    ),
)
_BELONGS_TO = re.compile(
    r"приложение|к (?:контракт|договор|извещени|документаци|приказ|техническ|муниципальн|государственн)\w*"
    r"|по (?:контракт|договор)\w*",
    re.IGNORECASE,
)
_CONTENTS = re.compile(r"\.{4,}|…{2,}|\t ?\d{1,3}\s*$")
_PART = re.compile(r"(?:раздел|часть|глава|том)\s+(?:[IVXА-Я]+|№? ?\d+)[.:)]?\s*|\d{1,2}\.\s+", re.IGNORECASE)


def classify(filename: str, head_text: str) -> Classification:
    """The type of a document.

    Args:
        filename: its name, as people gave it.
        head_text: the text of its first pages, lines as they stand; :data:`HEAD_CHARACTERS` of it are looked at.
    """
    text = clean(head_text[:HEAD_CHARACTERS])
    name = re.sub(r"[_\-.,()]+", " ", clean(filename))
    lines = list(_title_lines(text))
    best, best_points = Classification(DocumentType.OTHER), 0.0
    for kind in _KINDS:
        points, reason = _judged(kind, lines, text, name)
        if points > max(best_points, _LEAST_POINTS):
            best, best_points = Classification(kind.document_type, reason), points
    return best


def _judged(kind: _Kind, lines: list[tuple[int, str]], text: str, name: str) -> tuple[float, str | None]:
    """Points of one kind, and the strongest reason for it."""
    title_points, title = _best_title(kind, lines)
    marks = sorted({match[0].lower() for match in kind.marks.finditer(text)}) if kind.marks else []
    distinct = len({mark[:12] for mark in marks})
    mark_points = min(_MARK_POINTS * distinct, _MOST_MARK_POINTS)
    named = kind.name.search(name) if kind.name else None
    if title is None and distinct < _FEWEST_MARKS:
        mark_points = 0.0  # a few words alone say nothing
    points = title_points + mark_points + (_NAME_POINTS if named else 0.0)
    if title is not None:
        return points, f"title «{title[:_LONGEST_QUOTE]}»"
    if named is not None:
        return points, f"file name with «{named[0]}»"
    return points, "the text speaks of " + ", ".join(f"«{' '.join(mark.split())[:40]}»" for mark in marks[:3])


def _title_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that may be titles, with their depth."""
    depth = 0
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            continue
        if depth >= _MOST_TITLE_LINES:
            return
        depth += 1
        line = _PART.sub("", line, count=1) if _PART.match(line) else line
        if line[:1].isupper() and not _BELONGS_TO.match(line) and not _CONTENTS.search(line):
            yield depth, line


def _is_run_together(line: str) -> bool:
    """Whether a line may be a title whose letters stood apart, without more space between its words."""
    return len(line) >= _SHORTEST_RUN and line.isupper() and not any(map(str.isspace, line))


def _best_title(kind: _Kind, lines: list[tuple[int, str]]) -> tuple[float, str | None]:
    best, title = 0.0, None
    for depth, line in lines:
        pattern = kind.title_run_together if _is_run_together(line) else kind.title
        match = pattern.match(line)
        if match is None:
            continue
        points = _CAPITALS_POINTS * match[0].isupper() + _SHORT_POINTS * (len(line) < _LONGEST_TITLE)
        points -= _DEPTH_PENALTY * depth
        if points > best:
            best, title = points, " ".join(line.split())
    return best, title
