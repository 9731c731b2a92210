"""Russian numerals in words: «двенадцать миллионов триста пятьдесят рублей 00 копеек», in every case.

Sums of contracts are written twice, in digits and in words, so that one proves the other. A word that is misread by a
letter or two («трнста») is understood where only one numeral is near it. Own code: num2words writes numerals but reads
none and knows no cases, number-parser reads them but gives up at «рублей 00 копеек» and at the first misread letter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

MOST_CHARACTERS = 400
"""Of a sum in words; what is longer is no sum."""
_LIKENESS = 0.82
_SHORTEST_MISREAD = 5
_LONGEST_WORD = 20

_CASES = {
    0: "ноль нуль ноля нуля нолем нулем",
    1: "один одна одно одного одной одному одним одну одном",
    2: "два две двух двум двумя",
    3: "три трех трем тремя",
    4: "четыре четырех четырем четырьмя",
    5: "пять пяти пятью",
    6: "шесть шести шестью",
    7: "семь семи семью",
    8: "восемь восьми восемью восьмью",
    9: "девять девяти девятью",
    10: "десять десяти десятью",
    11: "одиннадцать одиннадцати одиннадцатью",
    12: "двенадцать двенадцати двенадцатью",
    13: "тринадцать тринадцати тринадцатью",
    14: "четырнадцать четырнадцати четырнадцатью",
    15: "пятнадцать пятнадцати пятнадцатью",
    16: "шестнадцать шестнадцати шестнадцатью",
    17: "семнадцать семнадцати семнадцатью",
    18: "восемнадцать восемнадцати восемнадцатью",
    19: "девятнадцать девятнадцати девятнадцатью",
    20: "двадцать двадцати двадцатью",
    30: "тридцать тридцати тридцатью",
    40: "сорок сорока",
    50: "пятьдесят пятидесяти пятьюдесятью",
    60: "шестьдесят шестидесяти шестьюдесятью",
    70: "семьдесят семидесяти семьюдесятью",
    80: "восемьдесят восьмидесяти восемьюдесятью восьмьюдесятью",
    90: "девяносто девяноста",
    100: "сто ста",
    200: "двести двухсот двумстам двумястами двухстах",
    300: "триста трехсот тремстам тремястами трехстах",
    400: "четыреста четырехсот четыремстам четырьмястами четырехстах",
    500: "пятьсот пятисот пятистам пятьюстами пятистах",
    600: "шестьсот шестисот шестистам шестьюстами шестистах",
    700: "семьсот семисот семистам семьюстами семистах",
    800: "восемьсот восьмисот восьмистам восемьюстами восьмьюстами восьмистах",
    900: "девятьсот девятисот девятистам девятьюстами девятистах",
}
_SMALL = {word: number for number, words in _CASES.items() for word in words.split()}
_HALVES = {"полтора": Decimal("1.5"), "полторы": Decimal("1.5"), "полутора": Decimal("1.5")}
_SCALES = {
    **{f"тысяч{end}": 10**3 for end in ("", "а", "и", "е", "у", "ей", "ью", "ам", "ами", "ах")},
    **{
        f"{stem}{end}": scale
        for stem, scale in (("миллион", 10**6), ("миллиард", 10**9), ("триллион", 10**12))
        for end in ("", "а", "у", "ом", "е", "ы", "ов", "ам", "ами", "ах")
    },
}
_PARTS = {"десят": 1, "сот": 2, "тысячн": 3}
_KNOWN: dict[str, int | Decimal] = {**_SMALL, **_HALVES, **_SCALES}

_LOOK_ALIKES = str.maketrans("ёaceopxykmtbhu", "еасеорхукмтвни")
_WORD = re.compile(r"[а-я]+|[0-9]+")
_CURRENCY = re.compile(r"руб|долл|евро|юан")


@dataclass(frozen=True, slots=True)
class SpelledNumber:
    """A number in words. ``hundredths``: kopecks or cents, None where they are not said."""

    whole: Decimal
    hundredths: int | None = None

    def says(self, value: Decimal) -> bool:
        """Whether ``value`` is this number; kopecks count where they are said."""
        if self.whole != int(self.whole):
            return value == self.whole
        if value - value % 1 != self.whole:
            return False
        return self.hundredths is None or value % 1 == Decimal(self.hundredths) / 100


def spelled_number(text: str) -> SpelledNumber | None:
    """The number that ``text`` says in words, with its kopecks; None where it is no number or cannot be read."""
    if len(text) > MOST_CHARACTERS:
        return None
    words = _words(text)
    at = next((place for place, word in enumerate(words) if _CURRENCY.match(word)), len(words))
    whole = _fraction(words[:at])
    if whole is None:
        return None
    return SpelledNumber(whole, _hundredths(words[at + 1 :]))


def begins_as_numeral(text: str) -> bool:
    """Whether the first word is a numeral: «(Сто рублей)», not «(без НДС)»."""
    words = _words(text[:_LONGEST_WORD])
    return bool(words) and _meaning(words[0]) is not None


def _words(text: str) -> list[str]:
    found = _WORD.findall(text.lower().translate(_LOOK_ALIKES))
    return [word for word in found if word != "и"]


def _fraction(words: Sequence[str]) -> Decimal | None:
    """«ноль целых пять десятых» and everything without «целых»."""
    at = next((place for place, word in enumerate(words) if word.startswith("цел")), None)
    if at is None:
        return _number(words)
    whole, part = _number(words[:at]), _number(words[at + 1 : -1])
    places = next((places for stem, places in _PARTS.items() if words[-1].startswith(stem)), None)
    if whole is None or part is None or places is None:
        return None
    return whole + part.scaleb(-places)


def _number(words: Sequence[str]) -> Decimal | None:
    """Hundreds, tens and units descend within a scale, and scales descend: «пять двадцать» is no number."""
    if not words:
        return None
    total, group = Decimal(0), None
    last_scale, last_step = 10**15, 1000
    for meaning in _meanings(words):
        if meaning is None:
            return None
        if meaning >= 1000:
            if meaning >= last_scale:
                return None
            total += (1 if group is None else group) * meaning
            group, last_scale, last_step = None, int(meaning), 1000
            continue
        if _step(meaning) >= last_step:
            return None
        group, last_step = (group or Decimal(0)) + meaning, _step(meaning)
    total += group or 0
    return total if total == int(total) else None


def _meanings(words: Sequence[str]) -> Iterator[Decimal | None]:
    return (_meaning(word) for word in words)


def _step(number: Decimal) -> int:
    """What may follow: units after tens, nothing after units and teens."""
    return 100 if number >= 100 else 10 if number >= 20 else 1


@lru_cache(maxsize=2_000)
def _meaning(word: str) -> Decimal | None:
    known = _KNOWN.get(word)
    if known is not None:
        return Decimal(known)
    if not _SHORTEST_MISREAD <= len(word) <= _LONGEST_WORD:
        return None
    near = {_KNOWN[one] for one in difflib.get_close_matches(word, _KNOWN, n=5, cutoff=_LIKENESS)}
    return Decimal(near.pop()) if len(near) == 1 else None


def _hundredths(words: Sequence[str]) -> int | None:
    """«00 копеек», «пятьдесят копеек»."""
    at = next((place for place, word in enumerate(words) if word.startswith(("коп", "цент"))), None)
    if not at:
        return None
    said = words[at - 1]
    number = Decimal(said) if said.isdigit() else _number(words[:at])
    return int(number) if number is not None and number < 100 else None
