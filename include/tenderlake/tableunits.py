"""In what the numbers of a table are: «Сумма, тыс. руб.», «НДС, %», or «тыс. руб.» above the whole table.

A number stays as it stands in the paper; what it has to be multiplied by stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tenderlake.lake.vocabulary import ColumnRole, FieldUnit

_SCALE = (
    r"(?:(?P<thousand>тыс(?:яч\w{0,3}(?!\w)|\.|(?!\w)))|(?P<million>млн(?!\w)\.?|миллион\w{0,3}(?!\w))"
    r"|(?P<billion>млрд(?!\w)\.?|миллиард\w{0,3}(?!\w)))"
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_CURRENCY = (
    r"(?:(?P<RUB>(?:российск\w{2,3} )?рубл\w{1,3}(?!\w)|руб(?!\w)\.?|(?<!\w)р\.(?![\w/])|₽)"
    r"|(?P<USD>долл(?:ар\w{0,3}|\.)?(?: США)?(?!\w)|USD\b|\$)|(?P<EUR>евро(?!\w)|EUR\b|€)"
    r"|(?P<CNY>(?:китайск\w{2,3} )?юан\w{1,3}(?!\w)|CNY\b|¥))"
)
_MONEY = re.compile(rf"(?:\b{_SCALE}\s{{0,2}})?{_CURRENCY}", re.IGNORECASE)
_MONEY_ABOVE = re.compile(
    rf"(?:^|[(,:]|\bв)\s{{0,2}}(?:в\s)?(?P<money>(?:{_SCALE}\s{{0,2}})?{_CURRENCY})\W{{0,3}}\Z", re.IGNORECASE
)
"""The end of a title or a line above a table."""
_PERCENT = re.compile(r"(?<!\d)(?<!\d\s)%|\bв процентах\b", re.IGNORECASE)
"""«НДС, %»; «НДС 20 %» is a rate and no unit."""
_SCALE_OF_THINGS = re.compile(rf"(?:^|[(,\s]){_SCALE}\s{{0,2}}[a-zа-яё]", re.IGNORECASE)
_SAYS_ITSELF = re.compile(rf"{_SCALE}|{_CURRENCY}|%", re.IGNORECASE)
_LONGEST = 200
_LONGEST_ABOVE = 100
_OF_MONEY = frozenset({ColumnRole.PRICE, ColumnRole.AMOUNT, ColumnRole.VAT})


@dataclass(frozen=True)
class Scale:
    """``unit`` None: things are counted, of whatever kind. ``multiplier``: how many of the unit are one."""

    unit: FieldUnit | None
    multiplier: int


def scale_of_header(header: str, role: ColumnRole | None) -> Scale | None:
    """In what the numbers of a column are, by its header; None where it does not say, or says two things."""
    text = " ".join(header[:_LONGEST].split())
    found = {_scale(match) for match in _MONEY.finditer(text)}
    if found:
        return found.pop() if len(found) == 1 else None
    if role in (ColumnRole.VAT, None) and _PERCENT.search(text):
        return Scale(FieldUnit.PERCENT, 1)
    if role is ColumnRole.QUANTITY and (match := _SCALE_OF_THINGS.search(text)):
        return Scale(None, _multiplier(match))
    return None


def scale_above(text: str) -> Scale | None:
    """In what the money of a table is, by its title or the line above it: «Расчёт цены, тыс. руб.», «(руб.)»."""
    line = " ".join(text.split())
    if len(line) > _LONGEST_ABOVE:
        return None
    match = _MONEY_ABOVE.search(line)
    return _scale(match) if match else None


def scale_of_row(unit: str) -> Scale | None:
    """In what the numbers of a row are, by its cell of units; None where it is no money."""
    match = _MONEY.fullmatch(" ".join(unit[:_LONGEST].split()))
    return _scale(match) if match else None


def scale_of_cell(
    text: str, role: ColumnRole | None, *, column: Scale | None, row: Scale | None, table: Scale | None
) -> Scale | None:
    """In what the number of a cell is: what it says itself, else its column, its row, its table."""
    if _SAYS_ITSELF.search(text[:_LONGEST]):
        own = {_scale(match) for match in _MONEY.finditer(text[:_LONGEST])}
        # «5,5 тыс. руб.» is read as 5500 already.
        return Scale(own.pop().unit, 1) if len(own) == 1 else None
    if column is not None:
        return column
    if row is not None and role not in (ColumnRole.PRICE, ColumnRole.VAT):
        return row
    return table if role in _OF_MONEY else None


def _scale(match: re.Match[str]) -> Scale:
    unit = next(unit for unit in (FieldUnit.RUB, FieldUnit.USD, FieldUnit.EUR, FieldUnit.CNY) if match[unit.value])
    return Scale(unit, _multiplier(match))


def _multiplier(match: re.Match[str]) -> int:
    return next((scale for name, scale in _SCALES.items() if match[name]), 1)


def scales_of(headers: Sequence[Sequence[str]], roles: Sequence[ColumnRole | None]) -> tuple[Scale | None, ...]:
    """For each column: by its whole header from top to bottom."""
    return tuple(scale_of_header(" ".join(texts), role) for texts, role in zip(headers, roles, strict=True))
