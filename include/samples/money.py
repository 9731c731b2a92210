"""Sums in roubles as Russian documents write them: digits, and words that repeat the digits."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_UNITS = ("", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять")
_TEENS = (
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
)
_TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто")
_HUNDREDS = ("", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот")
_FEMININE = {"один": "одна", "два": "две"}
_RUBLE = ("рубль", "рубля", "рублей")
_KOPECK = ("копейка", "копейки", "копеек")
_THOUSAND = ("тысяча", "тысячи", "тысяч")
_MILLION = ("миллион", "миллиона", "миллионов")


def kopecks(value: Decimal) -> Decimal:
    """The value rounded half up to 0,01, as the money rules of public purchases ask."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def grouped(value: Decimal | int, places: int = 2) -> str:
    """Digits in groups of three with a comma: «1 234,50»; the spaces do not break over lines."""
    return f"{value:,.{places}f}".replace(",", "\u00a0").replace(".", ",")


def plural(number: int, forms: tuple[str, str, str]) -> str:
    """The form of a noun after a number: 1 рубль, 2 рубля, 5 рублей."""
    if number % 100 in range(11, 15):
        return forms[2]
    return forms[0] if number % 10 == 1 else forms[1] if number % 10 in (2, 3, 4) else forms[2]


def _below_thousand(number: int, *, feminine: bool) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [_HUNDREDS[hundreds]]
    if rest in range(10, 20):
        words.append(_TEENS[rest - 10])
    else:
        unit = _UNITS[rest % 10]
        words += [_TENS[rest // 10], _FEMININE.get(unit, unit) if feminine else unit]
    return [word for word in words if word]


def in_words(number: int) -> str:
    """A whole number from 1 to 999 999 999 in words, masculine: «один миллион двести тысяч три»."""
    millions, rest = divmod(number, 1_000_000)
    thousands, units = divmod(rest, 1000)
    words: list[str] = []
    if millions:
        words += [*_below_thousand(millions, feminine=False), plural(millions, _MILLION)]
    if thousands:
        words += [*_below_thousand(thousands, feminine=True), plural(thousands, _THOUSAND)]
    return " ".join(words + _below_thousand(units, feminine=False))


def with_words(value: Decimal) -> str:
    """«1 234,50 (одна тысяча двести тридцать четыре) рубля 50 копеек», kopecks in digits in both places."""
    rubles, cents = int(value), int(value * 100) % 100
    return f"{grouped(value)} ({in_words(rubles)}) {plural(rubles, _RUBLE)} {cents:02d} {plural(cents, _KOPECK)}"
