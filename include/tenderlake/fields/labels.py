"""Labels of identifiers in the text of a page: «ИНН», «р/с», «Номер извещения», as printed and as OCR leaves them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenderlake.fields.lookalikes import in_cyrillic, shape
from tenderlake.lake.vocabulary import FieldName

ACCOUNT = FieldName.SETTLEMENT_ACCOUNT
"""Stands for all kinds of accounts in labels: the digits of an account say which it is."""

_CASE = r"[А-Я]{0,4}"
_ENDING = r"[А-Я]{2,3}"
_PURCHASE = (
    rf"(?:ЗАКУПК{_CASE}|ПРОЦЕДУР{_CASE}|ИЗВЕЩЕНИ{_CASE}|АУКЦИОН{_CASE}|КОНКУРС{_CASE}|"
    rf"ЗАПРОС{_CASE} (?:КОТИРОВОК|ПРЕДЛОЖЕНИЙ|ЦЕН))"
)
_ABOUT = r"(?: (?:О|ОБ|В) [^\n\t:№\d]{3,60}?)?"
_WORDS: dict[FieldName | None, str] = {
    FieldName.INN: rf"И ?Н ?Н(?: ЮЛ| ФЛ)?|ИДЕНТИФИКАЦИОНН{_ENDING}\sНОМЕР[А-Я]?\sНАЛОГОПЛАТЕЛЬЩИКА",
    FieldName.KPP: r"К ?П ?П|КОД[А-Я]?\sПРИЧИНЫ\sПОСТАНОВКИ\sНА\sУЧЕТ",
    FieldName.OGRN: r"О ?Г ?Р ?Н(?:ИП)?(?: ?\(?[/ ]?ОГРНИП\)?)?|"
    rf"ОСНОВН{_ENDING}\sГОСУДАРСТВЕНН{_ENDING}\sРЕГИСТРАЦИОНН{_ENDING}\sНОМЕР[А-Я]?",
    FieldName.OKPO: r"ОКПО",
    FieldName.OKTMO: r"ОКТМО",
    FieldName.BIK: rf"Б ?И ?К(?: ТОФК| БАНКА)?|БАНКОВСК{_ENDING}\sИДЕНТИФИКАЦИОНН{_ENDING}\sКОД[А-Я]?",
    ACCOUNT: r"[РК] ?/ ?СЧ?(?:ЕТ)?\.?|[РК]\. ?/? ?СЧ?\.?|"
    rf"(?:РАСЧ(?:ЕТН{_ENDING}|\.)?|КОРР?(?:ЕСПОНДЕНТСК{_ENDING}|\.)?|БАНКОВСК{_ENDING}|"
    rf"(?:ЕДИН{_ENDING}\s)?КАЗН(?:АЧЕЙСК{_ENDING}|\.)?)\s?(?:СЧ(?:ЕТ{_CASE}|\.)|/С)|"
    rf"ЕКС|СЧ\. ?№?|СЧЕТ[АУ]?(?: ПОЛУЧАТЕЛЯ| БАНКА)?(?: ?№)?|БАНКОВСКИ[ЕХ] РЕКВИЗИТ{_CASE}",
    FieldName.KBK: r"КБК|КОД[А-Я]?\sБЮДЖЕТНОЙ\sКЛАССИФИКАЦИИ",
    FieldName.PURCHASE_CODE: rf"ИКЗ|ИДЕНТИФИКАЦИОНН{_ENDING}\sКОД{_CASE}\sЗАКУПКИ",
    FieldName.CONTRACT_REGISTRY_NUMBER: rf"РЕЕСТРОВ{_ENDING} НОМЕР{_CASE} (?:КОНТРАКТ|ДОГОВОР){_CASE}|"
    rf"(?:НОМЕР{_CASE} |№ ?)?РЕЕСТРОВОЙ ЗАПИСИ(?! ИЗВЕЩЕНИ)",
    FieldName.PURCHASE_NUMBER: rf"(?:РЕЕСТРОВ{_ENDING} |УНИКАЛЬН{_ENDING} )?(?:НОМЕР{_CASE}|№) (?:В ЕИС |ЕИС )?"
    rf"{_PURCHASE}{_ABOUT}(?: В ЕИС)?|{_PURCHASE}{_ABOUT}\s{{0,2}}(?:№|N(?=[ \d])|НОМЕР)|"
    rf"(?:ИЗВЕЩЕНИ[ЕЯ]|ЗАКУПК[АИУЕ])(?=:?\s{{1,2}}(?:0\d{{18}}|3\d{{10}})(?!\d))|RЕGNUМВЕR=",
    FieldName.OKPD2: r"ОКПД ?-? ?2?",
    FieldName.KTRU: r"КТРУ",
    FieldName.OKVED2: r"ОКВЭД ?-? ?2?",
    None: rf"ОКАТО|ОКОПФ|ОКФС|ОКОГУ|ОКЕИ|СНИЛС|Л/ ?СЧ?|ЛИЦ(?:ЕВ{_ENDING}|\.) СЧ(?:ЕТ{_CASE}|\.)|"
    rf"ТЕЛ(?:ЕФОН{_CASE}|\.|/)|ФАКС{_CASE}|SWIFТ|ГОСТ|ИГК|ИКУ",
}
"""Labels in capitals, Latin look-alikes as Cyrillic letters, Ё as Е; None: they only end what stands before them."""
_NAMES = {f"g{number}": name for number, name in enumerate(_WORDS)}
_START, _END = r"(?<![А-ЯA-Z])(?=[АБВГЕЗИКЛНОПРСТФУRS№0468])", r"(?![А-ЯA-Z])"
"""Only places where a label may begin are looked at closer."""
_PRINTED = re.compile(
    _START
    + "(?:"
    + "|".join(f"(?P<g{number}>(?:{words}))" for number, words in enumerate(_WORDS.values()))
    + ")"
    + _END
)
_SHAPED_WORDS: dict[FieldName | None, str] = {
    FieldName.INN: r"Н?НН",
    FieldName.KPP: r"КНН",
    FieldName.OGRN: r"[О0]ГРН(?:НН)?",
    FieldName.BIK: r"[В68]НК",
    ACCOUNT: r"[РК]/[О0][Ч4]?|О[НЧ]\. ?(?:№|НО|НО\.)",
}
_SHAPED_NAMES = {f"g{number}": name for number, name in enumerate(_SHAPED_WORDS)}
_SHAPED = re.compile(
    _START
    + "(?:"
    + "|".join(f"(?P<g{number}>(?:{words}))" for number, words in enumerate(_SHAPED_WORDS.values()))
    + ")"
    + _END
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label in a text. ``name`` is None for those that only end what stands before them (ОКАТО, лицевой счет).

    ``is_printed``: its letters are right; else it only has the shape of a label, as OCR reads one.
    """

    name: FieldName | None
    start: int
    end: int
    is_printed: bool = True


def labels_in(text: str, *, is_ocr: bool) -> list[Label]:
    """The labels of a text, in order, none over another."""
    printed = [
        Label(_NAMES[match.lastgroup or ""], match.start(), match.end())
        for match in _PRINTED.finditer(in_cyrillic(text))
    ]
    return _together(printed, list(_misread(text))) if is_ocr else printed


def _misread(text: str) -> Iterator[Label]:
    for match in _SHAPED.finditer(shape(text)):
        yield Label(_SHAPED_NAMES[match.lastgroup or ""], match.start(), match.end(), is_printed=False)


def _together(printed: list[Label], misread: list[Label]) -> list[Label]:
    found: list[Label] = []
    for label in sorted((*printed, *misread), key=lambda label: (label.start, not label.is_printed)):
        if found and label.start < found[-1].end:
            if label.is_printed and not found[-1].is_printed:
                found[-1] = label
            continue
        found.append(label)
    return found
