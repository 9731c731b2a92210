"""Whatever stands on a page, what is found there can be stored: numbers fit, dates are dates, texts are short."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenderlake.fields.amounts import find_amounts
from tenderlake.fields.dates import find_dates
from tenderlake.fields.documentnumbers import find_document_numbers
from tenderlake.fields.finding import FINDERS
from tenderlake.fields.terms import find_terms
from tenderlake.fields.totals import find_totals
from tests.fieldpages import found

pytestmark = pytest.mark.unit

OURS = (find_amounts, find_totals, find_dates, find_terms, find_document_numbers)
LONGEST_RAW = 1000
SCRAPS = st.sampled_from(
    [
        *("НМЦК", "Начальная (максимальная) цена контракта", "Цена договора", "составляет", "Итого", "в т.ч. НДС 20 %"),
        *("Обеспечение заявки", "Обеспечение исполнения контракта", "Аванс", "Сметная стоимость", "тыс. руб.", "руб."),
        *("Срок подачи заявок", "Срок поставки", "Оплата", "Гарантийный срок", "Место поставки", "УТВЕРЖДАЮ"),
        *("КОНТРАКТ №", "АКТ № 5 от", "Приложение № 1 к договору №", "в течение", "рабочих дней", "до", "с", "по", ":"),
        *("1 234 567,89", "999 999 999 999 999 999 999 999 999", "5 %", "20", "(двадцать)", "15.04.2026", "18:00 МСК"),
        *(
            "«5» мая 2026 г.",
            "31.02.2026",
            "№",
            "____",
            "\n",
            "\n\n",
            "\t",
            "(",
            ")",
            "İ",
            "\u0301",
            "ß",
            "٣",
            "\ud800",
        ),
    ]
)


@settings(max_examples=300)
@given(
    st.lists(st.lists(SCRAPS, max_size=12).map(" ".join), max_size=4),
    st.lists(st.lists(SCRAPS, max_size=4), max_size=4),
)
def test_what_is_found_can_be_stored(paragraphs: list[str], rows: list[list[str]]) -> None:
    for field, candidates in found(OURS, *paragraphs, rows).items():
        for one in candidates:
            assert one.value, field
            assert len(one.raw_text) <= LONGEST_RAW
            assert 0.0 <= one.score <= 1.0
            assert one.number is None or (one.number.is_finite() and abs(one.number) < 10**27)
            assert one.date is None or one.date == dt.date.fromisoformat(one.value[:10])
            assert (one.is_valid is False) == (one.message is not None)


def test_they_are_looked_for_in_every_document() -> None:
    assert set(OURS) <= set(FINDERS)
