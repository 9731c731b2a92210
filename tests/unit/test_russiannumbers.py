"""Numbers of Russian documents: whole cells, sums in running text, sums in words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.lake.vocabulary import FieldUnit
from tenderlake.russiannumbers import amounts_in, decimal_of
from tenderlake.russiannumerals import spelled_number

pytestmark = pytest.mark.unit

NBSP, THIN = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1 234 567,89", "1234567.89"),
        (f"1{NBSP}234{THIN}567,89", "1234567.89"),
        ("1.234.567,89", "1234567.89"),
        ("1,234.50", "1234.5"),
        ("1,000,000", "1000000"),
        ("1'234,5", "1234.5"),
        ("2 241 000, 00 рублей", "2241000"),
        ("1 234-00", "1234"),
        ("950-00", "950"),
        ("1234-50 руб.", "1234.5"),
        ("12 руб. 50 коп.", "12.5"),
        ("50 коп.", "0.5"),
        ("8 125 (восемь тысяч сто двадцать пять) рублей 50 копеек", "8125.5"),
        ("1 000 000 рублей 00 копеек (Один миллион рублей 00 копеек)", "1000000"),
        ("6 300,00 руб.", "6300"),
        ("7 404 815,00 без учета НДС", "7404815"),
        ("1 000,00 руб. (в т.ч. НДС 20%)", "1000"),
        ("1 234,50*", "1234.5"),
        ("20 %", "20"),
        ("0,5 (ноль целых пять десятых) процента", "0.5"),
        ("(1 234,50)", "-1234.5"),
        ("-5,5", "-5.5"),
        ("− 5,5", "-5.5"),
        ("5,5 тыс. руб.", "5500"),
        ("667,413 тыс. руб.", "667413"),
        ("1 млн 200 тыс. руб.", "1200000"),
        ("20,000 руб.", "20000"),
        ("20,000", "20"),
        ("3 (три) шт.", "3"),
        ("1,5 (полтора) млн рублей", "1500000"),
        ("7 404\n815,00", "7404815"),
        ("0,30000000000000004", "0.3"),
        ("0", "0"),
        ("9" * 27, None),
        ("9" * 27 + ",5", "9" * 27 + ".5"),
        ("9" * 28 + ",5", None),
    ],
)
def test_a_cell_that_is_a_number(cell: str, number: str | None) -> None:
    assert decimal_of(cell) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    "cell",
    [
        *("", "-", "—", "х", "x", "нет", "<*>", "итого", "руб.", "NaN", "Infinity", "1e5", "٣", "²"),
        *("15.09.2019", "15.09.19", "10:30", "10-00", "1.2.3", "4.", "(1)", "44-ФЗ", "2026 г.", "5 дней", "100 м"),
        *("007", "01.07", "330-06-43", "+7 (999) 123-45-67", "1127746123456", "40702810900000012345", "22.29.25.000"),
        *("+5", "до 5", "≤ 5", "3-5", "490/100", "3х2,5", "3 (пять) шт.", "ТЕРм08-02-396-05"),
        *("1 2345", "12 34", "1 234 56", "1 234,50\n1 500,00"),
    ],
)
def test_a_cell_that_is_none(cell: str) -> None:
    assert decimal_of(cell) is None


KOPECKS = st.decimals(min_value=0, max_value=10**12, places=2)
PARTED = st.sampled_from([" ", NBSP, THIN, "'"])


def grouped(number: Decimal, sign: str, mark: str) -> str:
    return f"{number:,.2f}".replace(".", "m").replace(",", sign).replace("m", mark)


@given(KOPECKS, PARTED, st.sampled_from([",", "."]), st.sampled_from(["", " руб.", " рублей", " ₽", "\nруб."]))
def test_whatever_is_written_comes_back(number: Decimal, sign: str, mark: str, unit: str) -> None:
    assert decimal_of(grouped(number, sign, mark) + unit) == number


@given(KOPECKS.filter(lambda number: number >= 1000))
def test_dots_and_commas_between_thousands_come_back(number: Decimal) -> None:
    assert decimal_of(grouped(number, ".", ",")) == decimal_of(grouped(number, ",", ".")) == number


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_roubles_and_kopecks_come_back(roubles: int, kopecks: int) -> None:
    said = f"{roubles:,} руб. {kopecks:02} коп.".replace(",", " ")
    assert decimal_of(said) == Decimal(roubles) + Decimal(kopecks) / 100


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    number = decimal_of(text)
    assert number is None or (number.is_finite() and abs(number) < 10**27)
    for amount in amounts_in(text):
        assert text[amount.start : amount.end].split() == amount.raw.split()


UNITS = "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
UNITS += " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"


def spelled(number: int) -> str:
    """The number in words, without care for gender: «один тысяча»."""
    if number == 0:
        return "ноль"
    words = []
    for scale, name in ((10**9, "миллиардов"), (10**6, "миллионов"), (1000, "тысяч"), (1, "")):
        group, number = divmod(number, scale)
        if group:
            words += [*_spelled_group(group), name]
    return " ".join(word for word in words if word)


def _spelled_group(group: int) -> list[str]:
    words = [HUNDREDS.split()[group // 100 - 1]] if group >= 100 else []
    rest = group % 100
    if rest >= 20:
        words.append(TENS.split()[rest // 10 - 2])
        rest %= 10
    return [*words, UNITS.split()[rest]] if rest else words


@given(st.integers(0, 10**12 - 1))
def test_numbers_in_words_come_back(number: int) -> None:
    found = spelled_number(spelled(number))
    assert found is not None
    assert found.whole == number


@given(st.integers(1, 10**9), st.integers(0, 99))
def test_words_prove_the_digits_and_show_a_wrong_one(roubles: int, kopecks: int) -> None:
    text = f"{roubles:,} ({spelled(roubles)}) рублей {kopecks:02} копеек".replace(",", " ")
    (amount,) = amounts_in(f"Цена составляет {text}.")
    assert (amount.value, amount.unit, amount.words_agree) == (
        Decimal(roubles) + Decimal(kopecks) / 100,
        FieldUnit.RUB,
        True,
    )
    (wrong,) = amounts_in(text.replace(f"({spelled(roubles)})", f"({spelled(roubles + 1)})"))
    assert wrong.words_agree is False


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("двадцати", "20"),
        ("Двенадцать миллионов четыреста восемьдесят тысяч триста пятьдесят", "12480350"),
        ("одна тысяча двести рублей", "1200"),
        ("полтора миллиона", "1500000"),
        ("ноль целых пять десятых", "0.5"),
        ("две целых двадцать пять сотых", "2.25"),
        ("cто двадцaть", "120"),  # Latin c and a
        ("двести трнста", None),
        ("трнста", "300"),
        ("пятсот тысячь", "500000"),
        ("пять двадцать", None),
        ("тысяча миллионов", None),
        ("без НДС", None),
        ("", None),
    ],
)
def test_words(words: str, number: str | None) -> None:
    found = spelled_number(words)
    assert (None if found is None else found.whole) == (None if number is None else Decimal(number))


def test_sums_in_running_text_are_told_from_dates_clauses_and_codes() -> None:
    text = (
        "1.2.3. По договору от 15.09.2019 № 45-8 цена за код 22.29.25.000 составляет 12\u00a0480\u202f350,00 руб. "
        "(1,5 млн рублей), в т.ч. НДС 20 %; ещё 1 000 000 рублей 50 коп., 20,000 руб. и 300 $."
    )
    said = [(str(amount.value), amount.unit and amount.unit.value) for amount in amounts_in(text)]
    assert [pair for pair in said if pair[1]] == [
        ("12480350.00", "RUB"),
        ("1500000.0", "RUB"),
        ("20", "percent"),
        ("1000000.5", "RUB"),
        ("20000", "RUB"),
        ("300", "USD"),
    ]
    assert not {"2019", "22", "25.000"} & {value for value, _ in said}


def test_cells_of_a_row_are_not_joined() -> None:
    assert [str(amount.value) for amount in amounts_in("1 200\t176,00\t211 200,00")] == ["1200", "176.00", "211200.00"]


@pytest.mark.parametrize(
    "piece", ["9", "1 000 ", "1,000,", "1.", "(", "12 (сто ", "1 млн ", " ", "руб", "1-", "тысяча "]
)
def test_long_hostile_texts_are_read_in_one_pass(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert decimal_of(text) is None
    assert spelled_number(text) is None
    assert sum(1 for _ in amounts_in(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Итого 1284 350,40", []),
        ("Итого по смете 1510 361,73 руб.", []),
        ("Всего 1284 350 000,00 руб., НДС 20 000,00 руб.", ["20000"]),
        ("Субсидия 2026 350 000,00", ["2026", "350000"]),
        ("Итого 1 284 350,40", ["1284350.4"]),
        ("Итого 1284350,40", ["1284350.4"]),
        ("по 1500 шт.", ["1500"]),
    ],
)
def test_two_numbers_that_may_be_one_are_none(text: str, values: list[str]) -> None:
    assert [amount.value for amount in amounts_in(text)] == list(map(Decimal, values))
