"""Codes of classifiers, numbers of lots, and the law of a purchase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tenderlake.fields.hits import Hit, Region, regions_after
from tenderlake.fields.labels import Label, labels_in
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.vocabulary import FieldMethod, FieldName

_OKPD2 = re.compile(r"(?<![\d.,])(\d{2})[.,] ?(\d{2})[.,] ?(\d{2})[.,] ?(\d{3})(?!\d|[.,]\d)(?! ?[-–—−] ?\d{8})")
_OKPD2_PARENT = re.compile(r"(?<![\d.,])\d{2}\.\d{1,2}(?:\.\d{1,2})?(?!\d|[.,]\d)")
_KTRU = re.compile(r"(?<![\d.,])(\d{2})[.,] ?(\d{2})[.,] ?(\d{2})[.,] ?(\d{3}) ?[-–—−] ?(\d{8})(?!\d)")
_OKVED2 = re.compile(r"(?<![\d.,])\d{2}\.\d{1,2}(?:\.\d{1,2})?(?!\d|[.,]\d)")
_OKVED2_SPOILT = re.compile(r"(?<![\d.,])(\d{2}\.\d{2})(\d)(?!\d|[.,]\d)")
_GAP = re.compile(r"[\s:№()«»\"-]{0,12}(?:код[а-яё]{0,2}\s?|основной\s?|по\s?){0,3}[\s:№]{0,4}", re.IGNORECASE)
_MORE = re.compile(r"(?:\s?[,;/]\s?|\s{1,2}и\s|\s[^;\d\n\t]{3,80};\s?)")
_LOT = re.compile(
    r"(?<![А-Яа-яЁё-])(?:[Лл]от(?:а|у|ом|е)?|ЛОТ)(?:\s?№\s?|\s?:\s?|\s)(\d{1,3})"
    r"(?![\d/]|[.,]\d|[ \u00a0]\d{3}(?!\d))(?! ?(?:руб|%|шт))"
)
_MOST_OF_A_LABEL = 200
_LONGEST_SEPARATOR = 4
_CODES = (FieldName.OKPD2, FieldName.KTRU, FieldName.OKVED2)


def codes(page: PageReading) -> Iterator[Hit]:
    """The codes of a page: КТРУ by its form, ОКПД2 and ОКВЭД2 after their label or in its column, numbers of lots."""
    for match in _KTRU.finditer(page.text):
        value = ".".join(match.groups()[:4]) + "-" + match[5]
        yield Hit(
            FieldName.KTRU, value, match.start(), match.start(), match.end(), FieldMethod.PATTERN, True, score=0.9
        )
    yield from _labelled(page)
    for match in _LOT.finditer(page.text):
        yield Hit(
            FieldName.LOT_NUMBER, str(int(match[1])), match.start(), match.start(1), match.end(), FieldMethod.LABEL
        )


def _labelled(page: PageReading) -> Iterator[Hit]:
    labels = [label for label in labels_in(page.text, is_ocr=False) if label.name in _CODES]
    number = 0
    while number < len(labels):
        run = [labels[number]]
        while number + len(run) < len(labels) and _is_beside(page.text, run[-1], labels[number + len(run)]):
            run.append(labels[number + len(run)])
        number += len(run)
        following = labels[number].start if number < len(labels) else len(page.text)
        for region in regions_after(page, run[0].start, run[-1].end, following):
            found = list(_in_region(page, run, region))
            yield from found
            if found and not region.is_one_of_many:
                break


def _is_beside(text: str, label: Label, following: Label) -> bool:
    """«ОКПД2/ОКВЭД2: 24.20.13.130/24.20»: what follows belongs to both."""
    return following.start - label.end <= _LONGEST_SEPARATOR and text[label.end : following.start].strip() in ("/", ",")


def _in_region(page: PageReading, run: Sequence[Label], region: Region) -> Iterator[Hit]:
    """The codes of a region: one after the other those of the labels, then more of the last one."""
    gap = _GAP.match(page.text, region.start, region.end)
    place, quoted = gap.end() if gap else region.start, region.label_start
    for number in range(_MOST_OF_A_LABEL):
        name = run[min(number, len(run) - 1)].name or FieldName.OKPD2
        found = _code(page, name, place, region.end)
        if found is None:
            return
        value, end, message = found
        hit = Hit(name, value, quoted, place, end, region.method, True, score=0.8)
        yield replace(hit, is_repaired=message is not None, message=message)
        more = _MORE.match(page.text, end, region.end)
        if more is None:
            return
        place = quoted = more.end()


def _code(page: PageReading, name: FieldName, place: int, end: int) -> tuple[str, int, str | None] | None:
    if name is FieldName.OKPD2:
        if match := _OKPD2.match(page.text, place, end):
            return ".".join(match.groups()), match.end(), None
        match = _OKPD2_PARENT.match(page.text, place, end)
        return (match[0], match.end(), None) if match else None
    if name is FieldName.OKVED2:
        if match := _OKVED2.match(page.text, place, end):
            return match[0], match.end(), None
        # OCR loses the dot before a last single digit: no code has three digits in a group.
        match = _OKVED2_SPOILT.match(page.text, place, end) if page.is_ocr else None
        return (f"{match[1]}.{match[2]}", match.end(), f"read as {match[0]}") if match else None
    return None
