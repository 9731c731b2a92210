"""Shows the numbers of a sheet as people see them: the formats of Excel (ECMA-376 part 1, 18.8.30 and 18.8.31).

What no format says is kept: all digits, without the noise of binary fractions. Thousands and decimals are parted as in
Russian («1 234,56») where the workbook is in Russian, else as in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

BUILT_IN_FORMATS = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "SHORTDATE", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "SHORTDATE h:mm",
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
_MONTHS = {
    True: ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
           "декабря"),
    False: ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December"),
}  # fmt: skip
_SHORT_MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_WEEKDAYS = {
    True: ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
    False: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<ampm>AM/PM|A/P)|(?P<short>SHORTDATE)|'
    r"(?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?|[gG]{1,3}|e+)|(?P<number>[0#?][0#?,.]*(?:[eE][+-][0#?]+)?|\.[0#?]+)|"
    r"(?P<other>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?")
_ELAPSED = re.compile(r"[hH]+|[mM]+|[sS]+")
_MOST_SERIAL = 2_958_466
"""The first day of the year 10000: beyond, a number is no date."""


@dataclass(frozen=True)
class NumberStyle:
    """How a workbook shows numbers: its language, and the year that its days are counted from."""

    is_russian: bool = True
    since_1904: bool = False

    @property
    def decimal_point(self) -> str:
        """Between a number and its fraction."""
        return "," if self.is_russian else "."

    @property
    def thousands(self) -> str:
        """Between thousands."""
        return " " if self.is_russian else ","


def shown_number(value: float, code: str, style: NumberStyle) -> str:
    """A number as a cell with this format shows it; a format that makes no sense is as none."""
    try:
        return _shown(value, code, style).strip()
    except (ValueError, OverflowError, InvalidOperation, ArithmeticError):
        return plain_number(value, style)


def plain_number(value: float, style: NumberStyle) -> str:
    """All fifteen digits that Excel keeps, without exponent where that is readable."""
    if value == 0:
        return "0"
    text = format(value, ".15g")
    if "e" in text:
        exponent = int(text.partition("e")[2])
        if -10 <= exponent <= 20:
            text = format(Decimal(text), "f")
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", style.decimal_point)


def is_date_format(code: str) -> bool:
    """Whether a format shows a date or a time."""
    return any(section.is_date for section in _sections(code))


def _shown(value: float, code: str, style: NumberStyle) -> str:
    sections = _sections(code)
    section, is_minus_shown = _chosen(sections, value)
    if section.is_date:
        return _date(value, section, style)
    if section.is_general:
        return section.around(plain_number(value if is_minus_shown else abs(value), style))
    if section.pattern is None:
        return plain_number(value, style) if "@" in section.words else section.words
    return _number(value if is_minus_shown else abs(value), section, style)


@dataclass(frozen=True)
class _Section:
    """One of the up to four sections of a format: tokens as (kind, text)."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None = None

    @property
    def is_date(self) -> bool:
        return any(kind in ("date", "elapsed", "short") for kind, _ in self.tokens)

    @property
    def is_general(self) -> bool:
        return any(kind == "general" for kind, _ in self.tokens)

    @property
    def pattern(self) -> str | None:
        found = [text for kind, text in self.tokens if kind == "number"]
        return found[0] if found else None

    @property
    def words(self) -> str:
        return "".join(text for kind, text in self.tokens if kind == "word")

    def around(self, number: str) -> str:
        """The number within the words of the section."""
        parts: list[str] = []
        is_shown = False
        for kind, text in self.tokens:
            if kind == "word":
                parts.append(text)
            elif kind in ("number", "general") and not is_shown:
                parts.append(number)
                is_shown = True
        return "".join(parts)


@lru_cache(maxsize=2000)
def _sections(code: str) -> tuple[_Section, ...]:
    sections: list[_Section] = []
    tokens: list[tuple[str, str]] = []
    condition: tuple[str, float] | None = None
    if code.strip().lower() in ("general", "основной", ""):
        return (_Section((("general", ""),)),)
    code = re.sub("general|основной", "\x01", code, flags=re.IGNORECASE)
    for match in _TOKEN.finditer(code[:1000]):
        if match[0] == ";":
            sections.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
            continue
        found = _token(match)
        if found is not None and found[0] == "condition":
            limit = _CONDITION.match(found[1])
            condition = (limit[1], float(limit[2])) if limit else None
        elif found is not None:
            tokens.append(found)
    sections.append(_Section(tuple(tokens), condition))
    return tuple(sections)


def _token(match: re.Match[str]) -> tuple[str, str] | None:
    kind = match.lastgroup
    if kind is None:
        return None
    text = match[kind]
    if kind in ("quoted", "escaped"):
        return "word", text
    if kind == "bracket":
        return _bracket(text)
    if kind == "other":
        return ("general", "") if text == "\x01" else ("word", text)
    return ("date", text) if kind == "ampm" else (kind, text)


def _bracket(text: str) -> tuple[str, str] | None:
    if _ELAPSED.fullmatch(text):
        return "elapsed", text.lower()
    if currency := _CURRENCY.fullmatch(text):
        return "word", currency[1]
    return ("condition", text) if _CONDITION.match(text) else None


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section, bool]:
    """The section for a value, and whether a minus is still to be shown."""
    conditional = [section for section in sections if section.condition is not None]
    if conditional:
        for section in conditional:
            sign, limit = section.condition or ("=", 0.0)
            if {"<": value < limit, ">": value > limit, "=": value == limit, "<=": value <= limit,
                ">=": value >= limit, "<>": value != limit}[sign]:  # fmt: skip
                return section, True
        others = [section for section in sections if section.condition is None]
        return (others or sections)[0], True
    if value < 0 and len(sections) > 1:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], True
    return sections[0], True


def _number(value: float, section: _Section, style: NumberStyle) -> str:
    pattern = section.pattern or "0"
    if "e" in pattern.lower():
        places = len(pattern.lower().partition("e")[0].partition(".")[2])
        return section.around(format(value, f".{places}E").replace(".", style.decimal_point))
    if any(kind == "word" and "/" in text for kind, text in section.tokens):
        return plain_number(value, style)  # a fraction: the decimals say the same
    amount = Decimal(repr(value))
    if any(kind == "word" and "%" in text for kind, text in section.tokens):
        amount *= 100
    bare = pattern.rstrip(",")
    amount /= Decimal(1000) ** (len(pattern) - len(bare))
    whole, _, fraction = bare.partition(".")
    fraction = fraction.replace(",", "")
    rounded = amount.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    digits, _, decimals = format(abs(rounded), "f").partition(".")
    least = sum(char == "0" for char in whole)
    digits = digits.lstrip("0").rjust(least, "0") if least else digits.lstrip("0")
    while decimals and fraction[len(decimals) - 1] in "#?" and decimals.endswith("0"):
        decimals = decimals[:-1]
    if "," in whole:
        digits = _grouped(digits, style.thousands)
    number = digits + (style.decimal_point + decimals if decimals else "")
    return section.around(("-" if rounded < 0 else "") + number)


def _grouped(digits: str, separator: str) -> str:
    first = len(digits) % 3 or 3
    return separator.join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])


def _date(value: float, section: _Section, style: NumberStyle) -> str:
    if not 0 <= value < _MOST_SERIAL:
        return plain_number(value, style)
    moment = _moment(value, style)
    has_halves = any(text.upper() in ("AM/PM", "A/P") for kind, text in section.tokens if kind == "date")
    parts: list[str] = []
    clock = [(place, kind, text) for place, (kind, text) in enumerate(section.tokens) if kind in ("date", "elapsed")]
    for place, (kind, text) in enumerate(section.tokens):
        if kind == "word":
            parts.append(text)
        elif kind == "short":
            parts.append(
                moment.strftime("%d.%m.%Y") if style.is_russian else f"{moment.month}/{moment.day}/{moment.year}"
            )
        elif kind == "elapsed":
            parts.append(_elapsed(value, text))
        elif kind == "date":
            parts.append(_date_part(moment, text, _is_minutes(place, clock), has_halves, style))
    return "".join(parts)


def _is_minutes(place: int, clock: list[tuple[int, str, str]]) -> bool:
    """``m`` is minutes after hours and before seconds, else a month."""
    where = next((index for index, (at, _, _) in enumerate(clock) if at == place), 0)
    before = clock[where - 1][2].lower() if where else ""
    after = clock[where + 1][2].lower() if where + 1 < len(clock) else ""
    return before.startswith("h") or after.startswith("s")


def _date_part(moment: datetime, text: str, is_minutes: bool, has_halves: bool, style: NumberStyle) -> str:
    low, size = text.lower(), len(text)
    if low in ("am/pm", "a/p"):
        return "AM" if moment.hour < 12 else "PM"
    if low[0] == "y" or low[0] == "e":
        return f"{moment.year % 100:02d}" if size <= 2 and low[0] == "y" else str(moment.year)
    if low[0] == "m":
        return _padded(moment.minute, size) if is_minutes else _month(moment, size, style)
    if low[0] == "d":
        names = _WEEKDAYS[style.is_russian]
        if size >= 3:
            return names[moment.weekday()] if size > 3 else names[moment.weekday()][: 2 if style.is_russian else 3]
        return _padded(moment.day, size)
    if low[0] == "h":
        return _padded((moment.hour % 12 or 12) if has_halves else moment.hour, size)
    if low[0] == "s":
        whole, point, fraction = low.partition(".")
        tail = f".{moment.microsecond:06d}"[: len(fraction) + 1] if point else ""
        return _padded(moment.second, len(whole)) + tail
    return ""


def _month(moment: datetime, size: int, style: NumberStyle) -> str:
    if size <= 2:
        return _padded(moment.month, size)
    name = _MONTHS[style.is_russian][moment.month - 1]
    if size == 3:
        return _SHORT_MONTHS[moment.month - 1] if style.is_russian else name[:3]
    return name if size == 4 else name[0]


def _padded(value: int, size: int) -> str:
    return f"{value:02d}" if size >= 2 else str(value)


def _elapsed(value: float, unit: str) -> str:
    seconds = round(value * 86400)
    return _padded(seconds // {"h": 3600, "m": 60, "s": 1}[unit[0]], len(unit))


def _moment(value: float, style: NumberStyle) -> datetime:
    """The day and time of a serial number; Excel counts a 29 February 1900 that never was."""
    # Sheets know no time zones.
    base = datetime(1904, 1, 1) if style.since_1904 else datetime(1899, 12, 30 if value >= 60 else 31)  # noqa: DTZ001
    seconds = round(value * 86400, 3)
    moment = base + timedelta(seconds=seconds)
    if moment.microsecond >= 500_000 and abs(seconds - round(seconds)) < 0.002:
        moment += timedelta(seconds=1) - timedelta(microseconds=moment.microsecond)
    return moment
