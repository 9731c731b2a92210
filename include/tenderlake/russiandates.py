"""Dates and times of Russian documents: «15 марта 2026 г.», «"12" августа 2014 г.», 15.03.26, «15.04.2026 18:00 МСК».

Forms are those of real documents. Blanks (««___» ________ 2026 г.», «201_ г.»), months or quarters without a day and
days that no calendar has (29.02.2023) are no dates. Own code: dateparser 1.5 fills a blank with today's day and month
and reads no «18:00 МСК», natasha 1.6 takes «03.08.06» for 1906.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 1900, 2099
PIVOT = 50
"""Two digits below are of this century: «03.08.06» is 2006, «12.06.91» is 1991."""
_MOSCOW_H = 3

_STEMS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTH = (
    r"(?:янв(?:аря|арь|\.)|февр?(?:аля|аль|\.)|мар(?:та|т|\.)|апр(?:еля|ель|\.)|ма[яй]|июн[яь]|июл[яь]|авг(?:уста|уст|\.)"
    r"|сент?(?:ября|ябрь|\.)|окт(?:ября|ябрь|\.)|ноя(?:бря|брь|б\.|\.)|дек(?:абря|абрь|\.))"
)
_QUOTE = r"[«»\"'“”„<>_ ]{0,6}"
_YEAR_WORD = r"(?:[ \n]?(?:года?|г\.?)(?![а-яё]))?"
_DATE = re.compile(
    rf"(?<![0-9.,/])(?:(?<!-)(?P<iso>(?P<y1>[0-9]{{4}})-(?P<m1>[0-9]{{2}})-(?P<d1>[0-9]{{2}})(?![0-9-]))"
    rf"|(?P<d2>[0-9]{{1,2}}) ?\. ?(?P<m2>[0-9]{{1,2}}) ?\. ?(?P<y2>[0-9]{{4}})(?![0-9]|[.,/][0-9]){_YEAR_WORD}"
    rf"|(?P<d3>[0-9]{{2}})\.(?P<m3>[0-9]{{2}})\.(?P<y3>[0-9]{{2}})(?![0-9]|[.,/][0-9]){_YEAR_WORD}"
    rf"|(?<!-)(?P<d4>[0-9]{{2}})(?P<sign>[/-])(?P<m4>[0-9]{{2}})(?P=sign)(?P<y4>[0-9]{{4}})(?![0-9/-]){_YEAR_WORD}"
    rf"|(?P<d5>[0-9]{{1,2}}){_QUOTE}[ .\n]{{0,2}}(?P<m5>{_MONTH})(?![а-яё]){_QUOTE}[ \n]{{0,2}}"
    rf"(?P<y5>[0-9]{{4}}(?![0-9])|[0-9]{{2}}(?= ?г(?![а-яё]))){_YEAR_WORD}"
    rf"|(?P<d6>[0-9]{{1,2}}) ?[»\"”“]{_QUOTE}\.?(?P<m6>[0-9]{{2}})[ .]{{1,2}}(?P<y6>[0-9]{{4}})(?![0-9]){_YEAR_WORD})",
    re.IGNORECASE,
)
_FORMS = range(1, 7)
_ZONE = (
    r"(?:[ \n]?\(?(?:(?P<moscow>(?:по )?МСК|MSK|(?:по )?моск[а-яё]{0,10}\.?(?: врем[а-яё]{1,3})?"
    r"|врем[а-яё]{1,3} моск[а-яё]{0,10})(?: ?(?P<ahead>[+-] ?[0-9]{1,2}))?"
    r"|(?:UTC|GMT) ?(?P<utc>[+-] ?[0-9]{1,2})(?::00)?)|(?P<plain>(?<=[0-9])[+-][0-9]{2}):00)?"
)
_CLOCK = (
    r"(?P<hour>[01]?[0-9]|2[0-4]) ?(?:[:.]|ч(?:ас(?:ов|а)?)?\.?) ?(?P<minute>[0-5][0-9])(?![0-9]|\.[0-9])"
    r"(?::[0-5][0-9])?(?: ?мин(?:ут[а-яё]?)?\.?)?"
)
_TIME_AFTER = re.compile(rf"(?:[ ,;\n\t(TТв]|до|время|[-–—]){{0,6}}(?<![0-9]){_CLOCK}{_ZONE}", re.IGNORECASE)
_TIME_BEFORE = re.compile(rf"(?<![0-9.]){_CLOCK}{_ZONE}\)?[ ,\n\t]{{1,3}}$", re.IGNORECASE)
_NEXT_DATE = re.compile(rf"[ )\n,]{{0,4}}[«\"“]?(?:{_DATE.pattern})", re.IGNORECASE)
_BEFORE = 70
"""Characters before a date where its time may stand: «до 18 часов 00 минут (время московское) 15 апреля 2026 г.»."""


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date of running text: ``text[start:end]`` is ``raw``, with its time where one stands beside it.

    ``utc_offset_h``: None where the document names no zone, or one without a place («по местному времени»).
    """

    date: dt.date
    raw: str
    start: int
    end: int
    time: dt.time | None = None
    utc_offset_h: int | None = None

    @property
    def iso(self) -> str:
        """«2026-04-15», «2026-04-15T18:00+03:00»; 24:00 is the end of the day: the next day's 00:00."""
        if self.time is None:
            return self.date.isoformat()
        zone = None if self.utc_offset_h is None else dt.timezone(dt.timedelta(hours=self.utc_offset_h))
        return dt.datetime.combine(self.date, self.time, zone).isoformat(timespec="minutes")


def dates_in(text: str, *, with_times: bool = False) -> Iterator[FoundDate]:
    """The dates of running text in order; with the times beside them where wanted. Linear in the text."""
    for match in _DATE.finditer(text):
        date = _date(match)
        if date is None:
            continue
        found = FoundDate(date, match[0].strip(), match.start(), match.end())
        yield _with_time(text, found) if with_times else found


def _date(match: re.Match[str]) -> dt.date | None:
    form = next(number for number in _FORMS if match[f"y{number}"])
    day, month, year = (match[f"{part}{form}"] for part in "dmy")
    try:
        return dt.date(_year(year), _month(month), int(day)) if FIRST_YEAR <= _year(year) <= LAST_YEAR else None
    except ValueError:
        return None


def _year(digits: str) -> int:
    number = int(digits)
    if len(digits) == 4:
        return number
    return number + (2000 if number < PIVOT else 1900)


def _month(written: str) -> int:
    if written.isdigit():
        return int(written)
    stem = next(stem for stem in _STEMS if written.lower().startswith(stem))
    return _STEMS.index(stem) + 1


def _with_time(text: str, found: FoundDate) -> FoundDate:
    after = _TIME_AFTER.match(text, found.end)
    if after is not None and _NEXT_DATE.match(text, after.end()):
        after = None  # «с 01.04.2026 до 10:00 15.04.2026»: the time of the date behind it
    before = None if after else _TIME_BEFORE.search(text[max(0, found.start - _BEFORE) : found.start].rstrip('«"“_'))
    clock = after or before
    if clock is None:
        return found
    hour, date = int(clock["hour"]), found.date
    if hour == 24:
        if clock["minute"] != "00" or date.year >= LAST_YEAR:
            return found
        hour, date = 0, date + dt.timedelta(days=1)
    start = found.start if before is None else found.start - len(before[0])
    end = after.end() if after is not None else found.end
    time = dt.time(hour, int(clock["minute"]))
    return FoundDate(date, text[start:end].strip(), start, end, time, _offset_h(clock))


def _offset_h(clock: re.Match[str]) -> int | None:
    if clock["moscow"]:
        hours = _MOSCOW_H + (int(clock["ahead"].replace(" ", "")) if clock["ahead"] else 0)
    elif clock["utc"] or clock["plain"]:
        hours = int((clock["utc"] or clock["plain"]).replace(" ", ""))
    else:
        return None
    return hours if -12 <= hours <= 14 else None
