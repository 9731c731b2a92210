"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tenderlake.fields.hits import Hit
from tenderlake.fields.pagereading import PageReading
from tenderlake.lake.vocabulary import FieldMethod, FieldName

_LOCAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_+-]|\.(?=[A-Za-z0-9_])){0,63}\Z")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9а-яё-]{1,63}\.){1,6}(?:[A-Za-z]{2,12}|рф)(?![A-Za-zа-яё0-9-])")
_LONGEST_LOCAL = 64
_MOST_TRIED = 5000
_MOST_OF_A_LABEL = 10
_PHONE_LABEL = re.compile(
    r"(?<![А-Яа-яЁё])(?P<fax>(?:тел(?:ефон[а-яё]{0,3})?\.?\s?[/,и]\s?)?факс[а-яё]{0,2})|"
    r"(?<![А-Яа-яЁё])(?:тел(?:ефон[а-яё]{0,3})?"
    r"|моб(?:ильн[а-яё]{2,3})?)(?![а-яё])|(?<![А-Яа-яЁё\w])т\.(?=\s?[(+\d])",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\d.,№/-])(?<!\d )(?:(?:\+ ?7|8|7(?=-))[ \-–(]{0,3}(?:\d[ \-–)(]{0,2}){10}|"
    r"\(\d{3,5}\) ?(?:\d{1,3}(?:[ –-]\d{2}){2}|\d{5,7}))(?![\d])"
)
_LOCAL_NUMBER = re.compile(r"(?<![\d.,№/-])\d{2,3}[ –-]\d{2}[ –-]\d{2}(?![\d–-])")
_AFTER_LABEL = re.compile(r"(?:[\s.:,;№()/]|\(?[А-Яа-яЁё]+\)?){0,6}")
_LONGEST_AFTER_LABEL = 60
_SEVERAL = re.compile(r"\s?[,;/и]\s?")


def contacts(page: PageReading) -> Iterator[Hit]:
    """The e-mail addresses and telephones of a page."""
    yield from _emails(page)
    yield from _phones(page)


def _emails(page: PageReading) -> Iterator[Hit]:
    for at in islice(re.finditer("@", page.text), _MOST_TRIED):
        window = page.text[max(0, at.start() - _LONGEST_LOCAL) : at.start()]
        beginning = re.search(r"[A-Za-z0-9._+-]{1,64}\Z", window)
        local = _LOCAL.search(beginning[0].lstrip("._+-")) if beginning else None
        domain = _DOMAIN.match(page.text, at.end(), min(len(page.text), at.end() + 200))
        if local is None or domain is None:
            continue
        start = at.start() - len(local[0])
        value = (local[0] + "@" + domain[0]).lower()
        yield Hit(FieldName.EMAIL, value, start, start, domain.end(), FieldMethod.PATTERN, is_valid=True, score=0.8)


def _phones(page: PageReading) -> Iterator[Hit]:
    taken: list[tuple[int, int]] = []
    for label in islice(_PHONE_LABEL.finditer(page.text), _MOST_TRIED):
        is_fax = label["fax"] is not None and label["fax"].lower().startswith("факс")
        for hit in _after_label(page, label):
            taken.append((hit.value_start, hit.end))
            if not is_fax:
                yield hit
    ends = {start for start, _ in taken}
    for match in _NUMBER.finditer(page.text):
        digits = re.sub(r"\D", "", match[0])
        # Eleven digits in a row are a phone only where a plus or brackets say so.
        if match.start() not in ends and re.search(r"\+|\(|[ -]\d\d[ -]\d\d$", match[0]) and len(digits) >= 10:
            yield _phone(page, match.start(), match, FieldMethod.PATTERN)


def _after_label(page: PageReading, label: re.Match[str]) -> Iterator[Hit]:
    gap = _AFTER_LABEL.match(page.text, label.end(), label.end() + _LONGEST_AFTER_LABEL)
    place = gap.end() if gap else label.end()
    if not _NUMBER.match(page.text, place) and (line := page.line_beside(label.start(), label.end())) is not None:
        number = _NUMBER.search(page.text, line.start, line.end)
        place = number.start() if number else place
    for _ in range(_MOST_OF_A_LABEL):
        match = _NUMBER.match(page.text, place) or _LOCAL_NUMBER.match(page.text, place)
        if match is None:
            return
        yield _phone(page, label.start(), match, FieldMethod.LABEL)
        several = _SEVERAL.match(page.text, match.end())
        if several is None:
            return
        place = several.end()


def _phone(page: PageReading, start: int, match: re.Match[str], method: FieldMethod) -> Hit:
    digits = re.sub(r"\D", "", match[0])
    if len(digits) == 10:
        value = f"+7{digits}"
    elif len(digits) == 11:
        value = f"+7{digits[1:]}"
    else:
        value = match[0]
    if method is FieldMethod.LABEL and page.cell_at(start) and page.cell_at(start) != page.cell_at(match.start()):
        start, method = match.start(), FieldMethod.CELL
    score = 0.8 if method is not FieldMethod.PATTERN else 0.5
    return Hit(FieldName.PHONE, value, start, match.start(), match.end(), method, score=score)
