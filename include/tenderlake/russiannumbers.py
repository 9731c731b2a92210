"""Numbers the Russian way: «1 234 567,89», «1 234-00», «12 руб. 50 коп.», «5,5 тыс. руб.», sums in running text.

Forms are those of real documents. Thousands are parted by spaces of any width, by dots, commas («1,000,000»: English
software) or apostrophes; kopecks follow a comma, a dot or, as in handwriting, a hyphen. «20,000» is ambiguous: twenty
thousand before «руб.», since kopecks have two digits, else twenty. Sums have two decimals, unit prices and quantities
up to eleven (EIS schemas of 44-FZ, 10.2: moneyType, moneyLongType, quantity18p11Type).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from tenderlake.lake.vocabulary import FieldUnit
from tenderlake.russiannumerals import MOST_CHARACTERS, SpelledNumber, begins_as_numeral, spelled_number

MOST_DECIMALS = 11
MOST_WHOLE_DIGITS = 27
"""With the decimals those of decimal(38, 11), the type of numbers in the lake."""
LONGEST_UNGROUPED = 12
"""Digits in one run without decimals; identifiers begin at 13 (ОГРН, EAN)."""
MONEY = frozenset({FieldUnit.RUB, FieldUnit.USD, FieldUnit.EUR, FieldUnit.CNY})

_SPACES = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u205f\u3000", " ") | dict.fromkeys(map(chr, range(0x2000, 0x200B)), " ")
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

# Every repetition is bounded, and what follows a number is matched step by step: the time is linear in the text.
_GROUPED = r"[0-9]{1,3}(?:[ '’][0-9]{3}){1,8}|[0-9]{1,3}(?:\.[0-9]{3}){2,8}|[0-9]{1,3}(?:,[0-9]{3}){2,8}"
_GROUPED_MIXED = r"[0-9]{1,3}(?:\.[0-9]{3}){1,8}(?=,[0-9]{1,2}(?![0-9]))|[0-9]{1,3}(?:,[0-9]{3}){1,8}(?=\.[0-9])"
_NUMBER = re.compile(
    rf"(?<![0-9.,])(?:(?P<grouped>{_GROUPED_MIXED}|{_GROUPED})|(?P<run>[0-9]{{1,27}}))"
    r"(?:(?:[.,]|(?<=[0-9]{3}) ?, ?(?=[0-9]{2}(?![0-9]))|(?<=[0-9]{3}) ?\. ?(?=00(?![0-9])))(?P<decimals>[0-9]{1,40})"
    r"|-(?P<kopecks>[0-9]{2})(?=[ \n]?(?:руб|р\.)))?(?![.,]?[0-9])",
    re.IGNORECASE,
)
_LOST_SPACE = re.compile(
    r"(?!(?:19|20)[0-9]{2} )[0-9]{4,6} (?=[0-9]{3}(?:[.,][0-9]{2}|(?: [0-9]{3})+[.,][0-9]{2})(?![0-9]))"
)
"""«1284 350,40»: one number whose space was not read, or two; a year before a sum is no part of it."""
_SCALE = re.compile(
    r"[ \n]{0,2}(?:(?P<thousand>тыс(?:яч[а-я]{0,3}|\.|(?![а-яё])))|(?P<million>млн(?![а-яё])\.?|миллион[а-я]{0,3})"
    r"|(?P<billion>млрд(?![а-яё])\.?|миллиард[а-я]{0,3}))",
    re.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_UNIT = re.compile(
    r"[ \n]{0,2}(?:"
    r"(?P<RUB>(?:российск[а-я]{2,3} )?рубл[а-яё]{1,3}(?![а-яё])|руб(?![а-яё])\.?|р\.(?![а-яё/])|₽|RU[BR]\b)"
    r"|(?P<USD>долл(?:ар[а-я]{0,3}|\.)?(?: США)?(?![а-яё])|USD\b|\$)|(?P<EUR>евро(?![а-яё])|EUR\b|€)"
    r"|(?P<CNY>(?:китайск[а-я]{2,3} )?юан[а-яё]{1,3}(?![а-яё])|CNY\b|¥)|(?P<percent>%|процент[а-я]{0,3}(?![а-яё])))",
    re.IGNORECASE,
)
_UNITS = {
    "RUB": FieldUnit.RUB,
    "USD": FieldUnit.USD,
    "EUR": FieldUnit.EUR,
    "CNY": FieldUnit.CNY,
    "percent": FieldUnit.PERCENT,
}
_CENTS = re.compile(
    r"[ \n]{0,2}(?P<cents>[0-9]{1,2}) ?(?:коп(?:е[а-я]{1,3}|\.|(?![а-яё]))|цент[а-я]{0,3})", re.IGNORECASE
)
_CENTS_ALONE = re.compile(r"[ \n]{0,2}(?:коп(?:е[а-я]{1,3}|\.|(?![а-яё])))", re.IGNORECASE)
_SMALLER_PART = re.compile(r"[ \n]{1,2}([0-9]{1,3})(?![0-9.,])")
_UNIT_IN_WORDS = re.compile(r"(?P<RUB>\bруб)|(?P<USD>\bдолл)|(?P<EUR>\bевро)|(?P<CNY>\bюан)", re.IGNORECASE)
_WORDS = re.compile(rf"[ \n]{{0,2}}\((?P<words>[^()]{{3,{MOST_CHARACTERS}}})\)")
_THOUSANDS_BEFORE_UNIT = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_PRECISE = Context(prec=80)

_SIGN = re.compile(r"\((?P<bracketed>[^()].*)\)|[-−–—] ?(?P<rest>[0-9].*)", re.DOTALL)
_HYPHEN_IN_CELL = re.compile(r"^([0-9]{1,3}(?: [0-9]{3}){1,8})-([0-9]{2})$|^([0-9]{3,12})-(00)$")
_BROKEN_IN_CELL = re.compile(r"(?<=[0-9])\n(?=[0-9]{3}(?: [0-9]{3}){0,8}[.,][0-9]{2}(?![0-9]))")
_REMARK = re.compile(
    r"[ \n,]{0,2}"
    r"(?:\(?(?:без|с|включая|в (?:том числе|т\. ?ч\.))(?: уч[её]т(?:а|ом))? НДС(?: ?\(?[0-9]{1,2} ?%\)?)?\)?)?"
    r" ?\*{0,3}",
    re.IGNORECASE,
)
_COUNTED = re.compile(r" ?[а-яёa-z./ ²³]{0,20}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum or another number in running text: ``text[start:end]`` is ``raw``.

    ``value`` is in units, not in thousands. ``unit`` is that of the text, None where none stands beside the number.
    ``spelled``: what the words in brackets say. ``is_plain``: a bare run of digits, such as any number of a clause.
    """

    value: Decimal
    unit: FieldUnit | None
    raw: str
    start: int
    end: int
    words: str | None = None
    spelled: SpelledNumber | None = None
    unscaled: Decimal = Decimal(0)
    is_plain: bool = False

    @property
    def words_agree(self) -> bool | None:
        """Whether digits and words say the same; None where there are no words, or words that cannot be read."""
        if self.spelled is None:
            return None
        return self.spelled.says(self.value) or self.spelled.says(self.unscaled)


def amounts_in(text: str) -> Iterator[Amount]:
    """The numbers of running text in order, with unit, scale and words where they stand beside them.

    Dates, clause numbers («1.2.3»), codes («22.29.25.000») and parts of longer numbers are not among them. Whether a
    number is a sum is for the caller to say: by its unit, by its label, or by its form. Neither are two numbers that
    may be one («1284 350,40»): a part of a sum is worse than none.
    """
    text = text.translate(_SPACES)
    position = 0
    while (match := _NUMBER.search(text, position)) is not None:
        lost = _LOST_SPACE.match(text, match.start())
        tail = _NUMBER.match(text, lost.end()) if lost is not None else None
        amount = _amount_at(text, tail or match)
        if tail is None:
            yield amount
        position = amount.end


def decimal_of(text: str) -> Decimal | None:
    """The number that a whole cell or string is; None where it is something else, or too long for decimal(38, 11).

    Numbers are: «1 234 567,89», «1 234-00», «12 руб. 50 коп.», «6 300,00 руб. без НДС», «20 %» (20), «5,5 тыс. руб.»
    (5500), «3 (три) шт.» (the words prove it), «(1 234,50)» (negative, as in balance sheets: order 66н of the Ministry
    of Finance), «7 404 / 815,00» over two lines of a narrow column. More than eleven decimals are rounded half up.

    No numbers are: empty marks («-», «х», «нет»), dates, ranges, bounds («до 5», «+5»), fractions («490/100»), clause
    numbers («1.2.3», «4.»), codes with a leading zero («007», «01.07»), runs of more than twelve digits (ОГРН,
    accounts), numbers with a unit of measure («100 м» is a unit in estimates), numbers in brackets without kopecks or
    groups («(1)» numbers a column), digits that their own words contradict.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    text = _UNSEEN.sub("", text).translate(_SPACES).replace("\t", " ").strip()
    text = _BROKEN_IN_CELL.sub(" ", _HYPHEN_IN_CELL.sub(r"\1\3,\2\4", text))
    signed = _SIGN.fullmatch(text)
    if signed is not None:
        text = signed["bracketed"] or signed["rest"]
    match = _NUMBER.match(text)
    if match is None:
        return None
    amount = _amount_at(text, match)
    if _is_code(match) or not _is_all_of(text, amount):
        return None
    if signed is None:
        return fitted(amount.value)
    return None if signed["bracketed"] and amount.is_plain else fitted(-amount.value)


def fitted(value: Decimal) -> Decimal | None:
    """The value with at most eleven decimals; None where decimal(38, 11) does not hold it."""
    if abs(value) >= 10**MOST_WHOLE_DIGITS:
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        value = value.quantize(Decimal(1).scaleb(-MOST_DECIMALS), ROUND_HALF_UP, _PRECISE)
    return value


class _Cursor:
    """A place in the text that moves on over what it takes."""

    def __init__(self, text: str, position: int) -> None:
        self._text, self.position = text, position

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self.position)
        if match is not None:
            self.position = match.end()
        return match

    def take_words(self) -> str | None:
        """Words in brackets that are a numeral; other brackets stay."""
        match = _WORDS.match(self._text, self.position)
        if match is None or not begins_as_numeral(match["words"]):
            return None
        self.position = match.end()
        return match["words"]


def _amount_at(text: str, match: re.Match[str]) -> Amount:
    """The number with what stands behind it: «12 480 350 (двенадцать миллионов …) рублей 00 копеек»."""
    cursor = _Cursor(text, match.end())
    words = cursor.take_words()
    scale = _scale(cursor)
    words = words or cursor.take_words()
    unit = _unit(cursor)
    cents = cursor.take(_CENTS) if unit in MONEY else None
    words = words or (cursor.take_words() if unit is not None else None)
    spelled = spelled_number(words) if words else None
    if unit is None and words:
        unit = _unit_in(words)
    unscaled = _value(match, is_thousands=scale is None and unit in MONEY)
    value = unscaled if scale is None else unscaled * scale[0] + scale[1]
    if cents is not None and value % 1 == 0:
        value += Decimal(cents["cents"]) / 100
    elif unit is None and cursor.take(_CENTS_ALONE):
        value, unit = value / 100, FieldUnit.RUB
    return Amount(
        value=value,
        unit=unit,
        raw=text[match.start() : cursor.position],
        start=match.start(),
        end=cursor.position,
        words=words,
        spelled=spelled,
        unscaled=unscaled,
        is_plain=match["run"] is not None and match["decimals"] is None and match["kopecks"] is None,
    )


def _value(match: re.Match[str], *, is_thousands: bool) -> Decimal:
    number = match[0]
    if is_thousands and _THOUSANDS_BEFORE_UNIT.fullmatch(number):
        return Decimal(re.sub("[.,]", "", number))
    whole = re.sub("[^0-9]", "", match["grouped"] or match["run"])
    decimals = match["decimals"] or match["kopecks"]
    return Decimal(f"{whole}.{decimals}" if decimals else whole)


def _scale(cursor: _Cursor) -> tuple[int, int] | None:
    """«млн» as its factor, «млн 200 тыс.» with what is to be added."""
    match = cursor.take(_SCALE)
    if match is None:
        return None
    factor, added = _SCALES[match.lastgroup or ""], 0
    position = cursor.position
    if (part := cursor.take(_SMALLER_PART)) and (smaller := cursor.take(_SCALE)):
        below = _SCALES[smaller.lastgroup or ""]
        if below < factor:
            return factor, int(part[1]) * below
    cursor.position = position
    return factor, added


def _unit(cursor: _Cursor) -> FieldUnit | None:
    match = cursor.take(_UNIT)
    return _UNITS[match.lastgroup or ""] if match is not None else None


def _unit_in(words: str) -> FieldUnit | None:
    """The currency that is said in the brackets: «100 000 (сто тысяч рублей)»."""
    match = _UNIT_IN_WORDS.search(words)
    return _UNITS[match.lastgroup or ""] if match is not None else None


def _is_code(match: re.Match[str]) -> bool:
    whole = match["grouped"] or match["run"]
    has_no_decimals = match["decimals"] is None and match["kopecks"] is None
    return (len(whole) > 1 and whole[0] == "0") or (has_no_decimals and len(match["run"] or "") > LONGEST_UNGROUPED)


def _is_all_of(text: str, amount: Amount) -> bool:
    """Whether nothing stands behind the number but a remark on VAT, a footnote mark, the dot of a sentence."""
    if amount.words_agree is False:
        return False
    rest = text[amount.end :]
    if amount.words_agree and amount.unit is None:
        return _COUNTED.fullmatch(rest) is not None
    if rest == ".":
        return not amount.is_plain or amount.unit is not None
    return _REMARK.fullmatch(rest) is not None
