"""Addresses of the parties: behind a label, or lines and cells of their requisites that begin with a postal code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tenderlake.fields.hits import Hit
from tenderlake.fields.labelledtext import labelled_texts
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.roles import Roles
from tenderlake.lake.vocabulary import FieldMethod, FieldName

_LABEL = re.compile(
    r"(?:(?:юридический|почтовый|фактический)(?:[ и,/]{1,3}(?:юридический|почтовый|фактический))? адрес|"
    r"адрес(?! электронн| сайта| эл\.|"
    r" поставки| доставки| оказания| выполнения| в сети| страниц| площадк| официальн| места поставки)"
    r"(?: места нахождения| местонахождения)?|"
    r"место ?нахождени[ея](?! площадок)|местонахождение)(?: \(.{3,40}?\))?(?: организации| заказчика|"
    r" участника(?: закупки)?| поставщика| подрядчика)?",
    re.IGNORECASE,
)
_KIND_OF_PLACE = r"(?:г|гор|ул|обл|респ|край|р-н|пр-кт|пер|пл|наб|ш|б-р|пос|рп|пгт|мкр)"
_PART = re.compile(
    r"(?<!\d)\d{6}(?!\d)|(?<![А-Яа-яё])(?:г|гор|ул|обл|респ|пр|пр-кт|просп|пер|пл|д|стр|корп|оф|кв|пом|наб|ш|бул|пос|"
    rf"р-н)\.|(?<=[А-Яа-яё\d] ){_KIND_OF_PLACE}(?=[,\s])|(?<![А-Яа-яё]){_KIND_OF_PLACE}(?= [А-ЯЁ])|(?<![А-Яа-яё])"
    r"(?:город|улиц|област|республик|проспект|переул|площад|набережн|шоссе|бульвар|пос[её]лок|край|район|дом|офис)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"(?<!\d)\d{6}(?!\d)|росси|област|обл\.|край|республик|(?<![А-Яа-яё])(?:г\.|город |гор\.)"
    r"|[а-яё] (?:обл|г)(?=[,\s])",
    re.IGNORECASE,
)
_TOWN = re.compile(r"(?<![А-Яа-яё])(?:г\.|город(?![а-яё]))\s?[А-ЯЁ]|(?<!\d)\d{6}(?!\d)[^\n]{3,200}(?<!\d)\d{6}(?!\d)")
_END = re.compile(
    r"[,;.]?\s(?=(?:ИНН|КПП|ОГРН|[Тт]ел|[Фф]акс|[EeЕе]-?mail|р/с|Р/с|расч|к/с|л/с|БИК|[Бб]анк|именуем|в лице|"
    r"подтвержда|выража|сообща|"
    r"предлага|[Цц]ена |гарантиру|настоящим|[Пп]очтовый|[Фф]актический|[Юю]ридический))"
)
_BARE = re.compile(
    r"(?:^|[\n\t]|(?<=\d, )|(?<=[»\"”)], ))\d{6}, ?"
    r"(?:\n(?P<label>\((?:Исполнитель|Заказчик)\)?:? ?[–—-]? ?)(?=[А-ЯЁ]))?"
    r"(?:[^\n\t;]{0,200}?(?:,|[ ,](?:г|ул|пр|пер|д)\.)\n(?=[А-ЯЁа-яё\d]))?[^\n\t;]{10,250}",
    re.MULTILINE,
)
"""A line or a cell that begins with a postal code; the same behind a name or behind other requisites.

In invoices the label «Поставщик (Исполнитель):» takes two lines; its second one stands within the address.
"""
_LONGEST = 250
_MOST_BARE = 200


def addresses(page: PageReading, roles: Roles) -> Iterator[Hit]:
    """The addresses of a page; those without a label only where it is known whose they are."""
    taken: set[int] = set()
    for labelled in labelled_texts(page, _LABEL, anywhere=True):
        start, end = _bounds(page.text, labelled.start, labelled.end)
        if _is_address(page.text[start:end]):
            taken.add(start)
            role = roles.role_at(start, own_words=labelled.words(page))
            quoted = labelled.label_start if labelled.method is FieldMethod.LABEL else start
            hit = Hit(FieldName.ADDRESS, "", quoted, start, end, labelled.method, score=0.7, role=role)
            yield replace(hit, value=_value(page, start, end))
    for bare in islice(_BARE.finditer(page.lined_text), _MOST_BARE):
        start, end = _bounds(page.text, bare.start() + len(bare[0]) - len(bare[0].lstrip()), bare.end())
        value = _value(page, start, end)
        if bare["label"]:
            value = value.replace(bare["label"].strip(), "", 1).replace("  ", " ")
        role = roles.role_at(start) if _is_address(value) and start not in taken else None
        if role is not None:
            yield Hit(FieldName.ADDRESS, value, start, start, end, FieldMethod.PATTERN, score=0.5, role=role)


def _value(page: PageReading, start: int, end: int) -> str:
    return " ".join(page.text[start:end].split())


def _bounds(text: str, start: int, end: int) -> tuple[int, int]:
    stop = _END.search(text, start, end)
    end = stop.start() if stop else end
    while end > start and text[end - 1] in " ,;.\n":
        end -= 1
    return start, end


def _is_address(value: str) -> bool:
    parts = {match[0].lower() for match in _PART.finditer(value)}
    # Two towns in one address are two columns that were read as one.
    is_one = len(_TOWN.findall(value)) < 2 and len(value) <= _LONGEST
    return is_one and len(parts) >= 2 and _BEGINS.search(value[:60]) is not None and any(map(str.isdigit, value))
