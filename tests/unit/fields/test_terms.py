"""Terms counted from an event, and places: what is promised, in which days, from when."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.fields.context import DocumentContext
from tenderlake.fields.terms import find_terms
from tenderlake.lake.vocabulary import FieldName, FieldUnit
from tests.fieldpages import found, page_of, values

pytestmark = pytest.mark.unit

CONTEXT = DocumentContext(path="tender/document.pdf", page_count=1)


@pytest.mark.parametrize(
    ("text", "field", "number", "unit"),
    [
        (
            "Услуги должны быть оказаны в течении 20 (двадцати) рабочих дней с момента заключения",
            "delivery_term",
            20,
            "working_days",
        ),
        (
            "Срок поставки: в течение 10 календарных дней с даты подписания договора",
            "delivery_term",
            10,
            "calendar_days",
        ),
        (
            "Срок выполнения работ не может составлять более 10 рабочих дней с даты заключения",
            "delivery_term",
            10,
            "working_days",
        ),
        ("Срок оказания услуг – десять банковских дней", "delivery_term", 10, "banking_days"),
        ("Товары предоставляются в срок до 5 (пяти) рабочих дней с момента оплаты", "delivery_term", 5, "working_days"),
        ("6. Сроки оказания услуги.\nВ течение 3 месяцев со дня подписания", "delivery_term", 3, "months"),
        ("Срок исполнения договора\t45 дней", "delivery_term", 45, "calendar_days"),
        ("Оплата в течение 30 календарных дней с даты поставки", "payment_term", 30, "calendar_days"),
        (
            "Заказчик оплачивает товар не позднее 7 (семи) рабочих дней с даты подписания",
            "payment_term",
            7,
            "working_days",
        ),
        ("Гарантийный срок — не менее 12 месяцев с даты поставки", "warranty_term", 12, "months"),
        ("Срок поставки: 4-6 недель", "delivery_term", 6, "weeks"),
        ("Гарантия на работы: 5 (пять) лет", "warranty_term", 5, "years"),
        (
            "Срок действия нашей заявки составляет 60 календарных дней с даты окончания приема",
            "bid_validity",
            60,
            "calendar_days",
        ),
    ],
)
def test_a_term_with_its_unit(text: str, field: str, number: int, unit: str) -> None:
    (candidate,) = found(find_terms, text)[FieldName(field)]
    assert (candidate.value, candidate.number, candidate.unit) == (str(number), Decimal(number), FieldUnit(unit))


def test_the_start_point_is_half_of_a_term() -> None:
    text = "Срок поставки товара: в течение 30 (тридцати) календарных дней с даты заключения Контракта, партиями."
    (candidate,) = found(find_terms, text)[FieldName.DELIVERY_TERM]
    assert candidate.raw_text == text.removesuffix(", партиями.")
    assert candidate.is_valid is True


def test_words_that_say_another_number_make_a_term_doubtful() -> None:
    (candidate,) = found(find_terms, "Срок поставки: 20 (тридцать) дней")[FieldName.DELIVERY_TERM]
    assert (candidate.value, candidate.is_valid) == ("20", False)
    assert candidate.message == "the words say another number: тридцать"


@given(st.integers(1, 999), st.sampled_from(["рабочих", "календарных", "банковских"]))
def test_every_number_of_days_comes_back(days: int, kind: str) -> None:
    fields = values(find_terms, f"Срок выполнения работ составляет {days} {kind} дней с даты подписания договора.")
    assert fields == {"delivery_term": [str(days)]}


@pytest.mark.parametrize(
    "text",
    [
        "Заказчик рассматривает заявку в течение 5 рабочих дней.",
        "Срок поставки: ____ дней",
        "Срок выполнения работ: с 01.05.2026 по 30.09.2026",
        "Оплата производится по факту. За каждый день просрочки, начиная со 2 дня, пеня.",
        "В гарантийный срок недостатки устраняются в течение 10 дней",
        "Срок поставки по п. 4.10 договора",
        "Срок оказания услуг: с момента подписания Договора по 31 декабря 2026 года",
        "Обеспечение возвращается в течение 15 дней; оплата без аванса",
    ],
)
def test_terms_of_something_else_are_none(text: str) -> None:
    assert values(find_terms, text) == {}


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (
            ("1.2. Место поставки: г. Мурманск, ул. Домостроительная, д. 18, склад №2.",),
            "г. Мурманск, ул. Домостроительная, д. 18, склад №2",
        ),
        (
            (
                "4. Место оказания услуги.",
                "Услуги должны быть оказаны по адресу: 141200, Московская обл., г. Пушкино, д.12/2.",
            ),
            "141200, Московская обл., г. Пушкино, д.12/2",
        ),
        (
            (
                [
                    [
                        "Место поставки товара, выполнения работы или оказания услуги",
                        "обл Вологодская, г. Вологда, пр-кт Победы, д.33",
                    ]
                ],
            ),
            "обл Вологодская, г. Вологда, пр-кт Победы, д.33",
        ),
        (([["6", "Место поставки: г. Мурманск, ул. Мира, 1. Срок поставки: 30 дней."]],), "г. Мурманск, ул. Мира, 1"),
        (("Место поставки определяется Заказчиком.",), None),
        (("Место выполнения работ: в соответствии с техническим заданием",), None),
    ],
)
def test_places(parts: tuple[str, ...], place: str | None) -> None:
    assert values(find_terms, *parts).get("delivery_place") == (None if place is None else [place])


@pytest.mark.parametrize("piece", ["срок поставки ", "срок поставки 5 ", "оплата (", "место поставки г. ", "услуги "])
def test_a_page_of_nothing_else_is_read_in_one_pass(piece: str) -> None:
    page = page_of(piece * (200_000 // len(piece)))
    assert sum(1 for _ in find_terms(page, CONTEXT)) < 5000


def test_a_warranty_in_short() -> None:
    assert values(find_terms, "Срок поставки – 20 рабочих дней. Гарантия – 5 лет.")["warranty_term"] == ["5"]


def test_how_long_a_bid_holds() -> None:
    found_terms = values(find_terms, "4. Настоящая заявка действительна в течение 90 календарных дней.")
    assert found_terms == {"bid_validity": ["90"]}


def test_a_place_in_the_cell_of_its_label() -> None:
    row = [["1.2. Место поставки: г. Верхнеозёрск, ул. Складская, д. 2."], ["1.3. Срок поставки: 5 рабочих дней"]]
    assert values(find_terms, row)["delivery_place"] == ["г. Верхнеозёрск, ул. Складская, д. 2"]


def test_a_delivery_without_the_word_term() -> None:
    text = "3.1. Поставка в течение 10 календарных дней со дня получения заявки."
    assert values(find_terms, text)["delivery_term"] == ["10"]
    assert values(find_terms, "Срок поставки: 5 дней. Гарантия не менее 12 месяцев.")["warranty_term"] == ["12"]


@pytest.mark.parametrize(
    "place",
    [
        "Российская Федерация, обл Северная, г Каменск, ул Школьная, 2",
        "Северная обл, Каменск г, Гаражная ул, 5",
    ],
)
def test_a_place_as_the_register_of_addresses_writes_it(place: str) -> None:
    form = [["Место поставки товара, выполнения работы или оказания услуги", place]]
    assert values(find_terms, form)["delivery_place"] == [place]
    form = [["7. Место, условия и сроки поставки", f"{place}; ежемесячно"]]
    assert values(find_terms, form)["delivery_place"] == [place]


def test_what_a_supplier_does_within_a_term() -> None:
    text = "2. Поставщик поставляет топливо в течение 2 (двух) рабочих дней с момента заявки."
    assert values(find_terms, text)["delivery_term"] == ["2"]
    text = "Исполнитель оказывает услуги после оплаты в течение 5 дней."
    assert values(find_terms, text)["delivery_term"] == ["5"]


@pytest.mark.parametrize(
    "text",
    [
        "Исполнитель оказывает услуги, а Заказчик оплачивает их в течение 30 дней.",
        "Исполнитель оказывает услуги в соответствии с ТЗ. Заказчик оплачивает в течение 30 дней.",
        "Поставщик обязуется поставить товар, а Заказчик обязуется оплатить его в течение 30 дней.",
        "Подрядчик выполняет гарантийный ремонт в течение 5 дней со дня обращения.",
    ],
)
def test_the_term_of_a_payment_or_a_repair_is_none_of_delivery(text: str) -> None:
    assert "delivery_term" not in values(find_terms, text)


def test_how_long_a_guarantee_of_a_bank_is_valid_is_no_warranty() -> None:
    for guarantee in ("Банковская гарантия не менее 30 дней", "Независимая гарантия: 30 дней"):
        assert "warranty_term" not in values(find_terms, guarantee)
