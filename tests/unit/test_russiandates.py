"""Dates and times as Russian documents write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.russiandates import dates_in

pytestmark = pytest.mark.unit

MONTHS = [
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
]
FORMS = (
    "{day} {month} {year} г.",
    "{day} {month} {year} года",
    "{day:02} {month} {year}г.",
    "«{day}» {month} {year} г.",
    "« {day:02} » {month} {year} года",
    '"{day:02}" {month} {year} г.',
    "«{day:02}» {number:02} {year} г.",
    "{day:02}.{number:02}.{year}",
    "{day:02}.{number:02}.{year} г.",
    "{day}.{number:02}.{year}",
    "{day:02}/{number:02}/{year}",
    "{day:02}-{number:02}-{year}",
    "{year}-{number:02}-{day:02}",
    "{day}.{month} {year} г.",
)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(FORMS))
def test_every_form_of_a_date_comes_back(date: dt.date, form: str) -> None:
    written = form.format(day=date.day, number=date.month, month=MONTHS[date.month - 1], year=date.year)
    (found,) = dates_in(f"Договор заключен {written}, в городе Москве")
    assert found.date == date


@given(st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)))
def test_years_of_two_digits_come_back(date: dt.date) -> None:
    assert [found.date for found in dates_in(f"от {date:%d.%m.%y}")] == [date]
    assert [found.date for found in dates_in(f"{date.day} {MONTHS[date.month - 1]} {date:%y} г.")] == [date]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("27 ноября 2018 г.", ["2018-11-27"]),
        ("01.01.07-15.07.07", ["2007-01-01", "2007-07-15"]),
        ("с 15 марта по 20 мая 2026 года", ["2026-05-20"]),
        ("15.04.2026 18:00 МСК", ["2026-04-15T18:00+03:00"]),
        ("15.04.2026 г., 09.00 (UTC+3)", ["2026-04-15T09:00+03:00"]),
        ("15.04.2026 в 18:00 (МСК+2)", ["2026-04-15T18:00+05:00"]),
        ("2026-04-15T18:00+03:00", ["2026-04-15T18:00+03:00"]),
        ("15.04.2026 в 10 ч. 00 мин. по местному времени", ["2026-04-15T10:00"]),
        ("до 18 часов 00 минут (время московское) 15 апреля 2026 г.", ["2026-04-15T18:00+03:00"]),
        ("с 01.04.2026 до 10:00 15.04.2026", ["2026-04-01", "2026-04-15T10:00"]),
        ("15.04.2026 24:00", ["2026-04-16T00:00"]),
        ("31.12.2026 23:59 (МСК)", ["2026-12-31T23:59+03:00"]),
    ],
)
def test_times_and_zones(text: str, said: list[str]) -> None:
    assert [found.iso for found in dates_in(text, with_times=True)] == said


@pytest.mark.parametrize(
    "text",
    [
        *(
            "«___» ________ 2026 г.",
            "«__» марта 20__ г.",
            "201_ г.",
            "сентябрь 2024",
            "IV квартал 2025 года",
            "2026 год",
        ),
        *("29.02.2023", "31 апреля 2026 г.", "00.01.2026", "32.01.2026", "15.13.2026", "2026-13-01", "15.03.9999"),
        *("5.4.3", "1.2.10", "22.29.25.000", "68.32.1", "330-06-43", "№ 05030856/170019-0877", "12.05", "10:30"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert list(dates_in(text)) == []


@given(st.text(alphabet='0123456789. -«»"г:мартаянвМСК(\n', max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for found in dates_in(text, with_times=True):
        assert found.raw in text
        assert found.iso.startswith(("19", "20", "2100"))


@pytest.mark.parametrize("piece", ["1", "1.", "12.12.", "«", "12 _", "12 мар", "12.12.2012 1", " ", "время "])
def test_long_hostile_texts_are_read_in_one_pass(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert sum(1 for _ in dates_in(text, with_times=True)) < len(text)
