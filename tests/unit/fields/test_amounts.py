"""Prices, totals, VAT, securities and advance: what a document says, and what it only speaks of."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenderlake.fields.amounts import MOST_COLUMNS, find_amounts
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.statements import MOST_STATEMENTS
from tenderlake.fields.totals import find_totals
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldUnit
from tests.fieldpages import found, page_of, values

pytestmark = pytest.mark.unit

FINDERS = (find_amounts, find_totals)
CONTEXT = DocumentContext(path="tender/document.pdf", page_count=1)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("Начальная (максимальная) цена контракта: 1 254 300,00 руб.", "1254300.00"),
        ("Начальная максимальная цена контракта (2 241 000, 00 рублей) определена методом рынка", "2241000.00"),
        ("Начальная (максимальная) цена договора (цена лота) составляет 12 480 350 рублей 50 копеек", "12480350.50"),
        ("Начальная (максимальная) цена, рублей: 7 404 815,00 без учета НДС", "7404815.00"),
        ("НМЦК составляет 1 200 000,00 руб. за 1 год оказания услуг", "1200000.00"),
        ("Начальная (макбимальная) цена, рублей: 7 404 815,00 без учета НДС", "7404815.00"),  # a letter misread
        ("НМЦК: 1,000,000 руб.", "1000000.00"),
        ("НМЦД – 1,5 млн руб. с НДС", "1500000.00"),
        ("НМЦ составляет 667,413 тыс. руб.", "667413.00"),
        ("Начальная (максимальная) цена контракта на поставку бумаги составляет 99 000,50 рублей", "99000.50"),
        ("Начальная (максимальная) цена контракта с учетом НДС 20 %: 120 000,00 руб.", "120000.00"),
        ("Максимальное значение цены контракта: 500 000,00 Российский рубль", "500000.00"),
        ("Начальная (максимальная) цена контракта\n268286.17", "268286.17"),
        ("НМЦК: 1500000", "1500000.00"),
        ("НМЦ лота № 1: 500 000,00 руб.", "500000.00"),
        ("HMЦK: 1 500 000,00 руб.", "1500000.00"),  # Latin letters, as OCR reads them
        ("НМЦК, тыс. руб.: 1 234,5", "1234500.00"),
        ("НМЦК (в тысячах рублей): 1 234,5", "1234500.00"),
        ("НМЦК, млн руб.: 2,5", "2500000.00"),
        ("НМЦК, тыс. руб.: 1 234 567,00 руб.", "1234567.00"),
        ("НМЦК (Двенадцать тысяч рублей) – 12 000,00", "12000.00"),
        ("НМЦК: 1 234\n567,89 руб.", "1234567.89"),
        ("НМЦК: 1 000 000,00 руб. /Один миллион рублей 00 копеек/", "1000000.00"),
        ("НМЦК: 1 000 000,00 руб. / без НДС", "1000000.00"),
        ("НМЦК: 1 000 000,00 руб. в части поставки оборудования", "1000000.00"),
        ("НМЦК = (100 000,00 + 200 000,00 + 300 000,00) / 3 = 200 000,00 руб.", "200000.00"),
        ("НМЦК = 1 000 000 / 3 = 333 333,33 руб.", "333333.33"),
        ("НМЦК = 100 000,00 х 12 мес. = 1 200 000,00 руб.", "1200000.00"),
        ("НМЦК: 1 000 000,00*", "1000000.00"),
        (
            "Размер обеспечения заявки: 5 400,00 рублей. Начальная (максимальная) цена контракта 540 000,00 руб.",
            "540000.00",
        ),
        ("Начальная цена договора 824 600,55 руб", "824600.55"),
    ],
)
def test_the_price_of_a_purchase(text: str, price: str) -> None:
    assert values(FINDERS, text)["nmck"] == [price]


@pytest.mark.parametrize(
    ("rows", "price"),
    [
        ([["НМЦК, тыс. руб.", "1 234,5"]], "1234500.00"),
        ([["НМЦК, тыс. руб."], ["1 234,5"]], "1234500.00"),
        ([["НМЦК, тыс. руб."], ["5,5 тыс. руб."]], "5500.00"),
        ([["Лот", "НМЦК, тыс. руб."], ["Бумага", "100,5"], ["Мел", "200,00"], ["Итого", "300,50"]], "300500.00"),
        ([["НМЦК", "1 234", "567,89"]], "1234.00"),
    ],
)
def test_the_price_of_a_purchase_in_a_table(rows: list[list[str]], price: str) -> None:
    assert values(FINDERS, rows)["nmck"] == [price]


@pytest.mark.parametrize(
    ("unit", "total"), [("руб.", "100.50"), ("тыс. руб.", "100500.00"), ("млн руб.", "100500000.00")]
)
def test_a_total_in_the_unit_of_its_column(unit: str, total: str) -> None:
    rows = [["Наименование", f"Стоимость, {unit}"], ["Бумага", "100,50"], ["Итого", "100,50"]]

    assert values(FINDERS, rows)["total_amount"] == [total]


@pytest.mark.parametrize(
    "text",
    [
        "Если начальная (максимальная) цена контракта не превышает 3 000 000 рублей, заявки подаются за семь дней.",
        "При начальной (максимальной) цене контракта 5 000 000 рублей и более",
        "в размере 5 % от начальной (максимальной) цены контракта, 62 715,00 руб.",
        "Обеспечение заявки составляет 1 % НМЦК: 12 543,00 руб.",
        "НМЦК свыше 20 млн. рублей",
        "НМЦК: 2026 год",
        "НМЦК составляет 100 000,00 руб. за каждый год оказания услуг",
        "НМЦК по извещению: 0321100018625000069",
        "НМЦ за ед., руб. 1 185,00",
        "обоснование начальной (максимальной) цены контракта.\n3. Перечень из 12 345,00 позиций",
        "Начальная (максимальная) цена контракта _________ рублей",
        "Начальная (максимальная) цена контракта определяется по статье 22, часть 1",
        "Начальная (максимальная) цена единицы услуги 5 400,00 руб.",
        "Максимальное значение цены контракта (далее – цена контракта) составляет 900 000,00 руб.",
    ],
)
def test_thresholds_shares_and_unit_prices_are_no_price_of_a_purchase(text: str) -> None:
    assert "nmck" not in values(FINDERS, text)


def test_a_price_with_and_without_vat_is_proved_by_the_rate() -> None:
    fields = found(FINDERS, "НМЦК: 7 404 815,00 без учета НДС (8 885 778,00 руб. с учетом НДС 20%)")
    assert [(price.value, price.is_valid) for price in fields[FieldName.NMCK]] == [
        ("7404815.00", True),
        ("8885778.00", True),
    ]


def test_a_semicolon_may_part_a_price_from_the_same_with_vat() -> None:
    fields = found(
        FINDERS, "Начальная (максимальная) цена договора: 3 958,40 тыс. руб. без НДС; 4 750,08 тыс. руб. с НДС"
    )
    assert [(price.value, price.is_valid) for price in fields[FieldName.NMCK]] == [
        ("3958400.00", True),
        ("4750080.00", True),
    ]


def test_a_price_stands_in_the_cell_beside_its_label_or_under_it() -> None:
    beside = found(FINDERS, [["Начальная (максимальная) цена контракта", "250 000,00"], ["Валюта", "Российский рубль"]])
    assert [(one.value, one.method) for one in beside[FieldName.NMCK]] == [("250000.00", FieldMethod.CELL)]
    assert [one.value for one in beside[FieldName.CURRENCY]] == ["RUB"]
    justification = [
        ["№", "Наименование", "Кол-во", "Источник 1, руб.", "Средняя цена, руб.", "НМЦК, руб."],
        ["1", "Кабель", "100", "10,00", "11,00", "1 100,00"],
        ["2", "Провод", "200", "20,00", "21,00", "4 200,00"],
        ["ИТОГО", "", "", "", "", "5 300,00"],
    ]
    assert values(FINDERS, justification)["nmck"] == ["5300.00"]


def test_a_column_of_unit_prices_is_no_price_of_the_purchase() -> None:
    goods = [["№", "Наименование", "НМЦ за ед., руб.", "Кол-во"], ["1", "Кабель", "1 185,00", "20"]]
    assert "nmck" not in values(FINDERS, goods)
    goods[0][2] = "НМЦ, руб. без НДС"
    assert "nmck" not in values(FINDERS, goods)


def test_the_words_prove_a_price_or_show_that_a_digit_is_wrong() -> None:
    text = "2.1. Цена Контракта составляет 1 254 300,00 ({}) рублей 00 копеек."
    (right,) = found(FINDERS, text.format("Один миллион двести пятьдесят четыре тысячи триста"))[
        FieldName.CONTRACT_PRICE
    ]
    (wrong,) = found(FINDERS, text.format("Один миллион двести пятьдесят пять тысяч триста"))[FieldName.CONTRACT_PRICE]
    (unread,) = found(FINDERS, text.format("Сумма прописью"))[FieldName.CONTRACT_PRICE]
    assert (right.is_valid, right.message) == (True, None)
    assert (wrong.value, wrong.is_valid) == ("1254300.00", False)
    assert wrong.message == "the words say another sum: Один миллион двести пятьдесят пять тысяч триста"
    assert unread.is_valid is None
    assert (right.number, right.unit) == (Decimal(1254300), FieldUnit.RUB)


def test_a_contract_price_with_its_vat() -> None:
    fields = values(
        FINDERS,
        "2. ЦЕНА КОНТРАКТА И ПОРЯДОК РАСЧЕТОВ",
        "2.1. Цена Контракта составляет 1 254 300,00 руб., в том числе НДС 20 % – 209 050,00 руб.",
        "2.2. Штраф составляет 1000 рублей, если цена контракта не превышает 3 млн. рублей (включительно).",
        "2.3. Штраф 10 процентов цены контракта; предложение о цене контракта 5 000 000,00 руб.",
    )
    assert fields["contract_price"] == ["1254300.00"]
    assert fields["vat_amount"] == ["209050.00"]
    assert fields["vat_rate"] == ["20"]
    (vat,) = found(FINDERS, "Цена договора: 120 000,00 руб., в т.ч. НДС 20 % 19 000,00 руб.")[FieldName.VAT_AMOUNT]
    assert vat.is_valid is False
    assert "nmck" not in fields


def test_totals_of_an_offer_prove_each_other() -> None:
    goods = [
        ["№", "Наименование", "Кол-во", "Цена, руб.", "Сумма, руб. без НДС"],
        ["1", "Кабель", "1200", "176,00", "211 200,00"],
    ]
    totals = [["Итого без НДС", "432 600,00"], ["НДС 20%", "86 520,00"], ["Итого с НДС", "519 120,00"]]
    fields = found(FINDERS, goods, totals)
    proved = {name.value: (one.value, one.is_valid) for name, (one,) in fields.items()}
    assert proved == {
        "total_without_vat": ("432600.00", True),
        "vat_amount": ("86520.00", True),
        "total_amount": ("519120.00", True),
        "vat_rate": ("20", None),
        "currency": ("RUB", None),
    }
    totals[2][1] = "519 120,90"
    wrong = found(FINDERS, goods, totals)
    assert [one.is_valid for one in wrong[FieldName.TOTAL_AMOUNT]] == [None]
    totals[1][1] = "86 250,00"
    wrong = found(FINDERS, goods, totals)
    assert [one.is_valid for one in wrong[FieldName.VAT_AMOUNT]] == [False]
    assert [one.message for one in wrong[FieldName.TOTAL_AMOUNT]] == [
        "the sum without VAT and the VAT do not make the total"
    ]


def test_an_invoice_as_ocr_reads_it() -> None:
    fields = found(
        FINDERS,
        [["№ Товары (работы, услуги) Кол-во | Ед. Цена Сумма"], ["Итого: 6 300,00"], ["В том числе НДС: 1 050,00"]],
        "Всего наименований 2, на сумму 6 300,00 руб.\nШесть тысяч триста рублей 00 копеек",
        is_ocr=True,
    )
    assert [(one.value, one.is_valid) for one in fields[FieldName.TOTAL_AMOUNT]] == [("6300.00", True)]
    assert [(one.value, one.is_valid) for one in fields[FieldName.VAT_AMOUNT]] == [("1050.00", True)]


def test_an_estimate_in_thousands_of_roubles() -> None:
    assert values(FINDERS, "Сметная стоимость 667,413 тыс. руб.\nстроительных работ 236,742 тыс. руб.") == {
        "estimate_total": ["667413.00"],
        "currency": ["RUB"],
    }
    fields = found(
        FINDERS,
        [
            ["Сметная стоимость", "1 234,567", "(987,65)", "тыс. руб."],
            ["Средства на оплату труда", "200,00", "", "тыс. руб."],
        ],
        [
            ["Итого по разделу 1", "900 000,00"],
            ["Итого по смете", "1 028 805,83"],
            ["НДС 20%", "205 761,17"],
            ["Всего по смете", "1 234 567,00"],
        ],
    )
    assert [(one.value, one.is_valid) for one in fields[FieldName.ESTIMATE_TOTAL]] == [("1234567.00", True)]
    assert [(one.value, one.is_valid) for one in fields[FieldName.TOTAL_WITHOUT_VAT]] == [("1028805.83", True)]
    assert FieldName.TOTAL_AMOUNT not in fields


@pytest.mark.parametrize(
    "text", ["Всего: 6", "Итого 3 449 посещений", "Всего Всего ед. Всего |9 $", "Итого по позиции 1 525,00"]
)
def test_what_is_counted_is_no_total(text: str) -> None:
    assert values(FINDERS, text) == {}


def test_a_total_with_its_vat_on_one_line() -> None:
    text = "Общая стоимость: 1 500 000,00 руб. (один миллион пятьсот тысяч рублей), в т.ч. НДС 20% - 250 000,00 руб."
    fields = found(FINDERS, text)
    assert [(one.value, one.is_valid) for one in fields[FieldName.TOTAL_AMOUNT]] == [("1500000.00", True)]
    assert [(one.value, one.is_valid) for one in fields[FieldName.VAT_AMOUNT]] == [("250000.00", True)]


def test_securities_as_percentage_and_sum_prove_each_other() -> None:
    fields = found(
        FINDERS,
        "Начальная (максимальная) цена контракта: 1 254 300,00 руб.",
        "Размер обеспечения заявки на участие в закупке: 12 543,00 руб. (1 %)",
        "Обеспечение исполнения Контракта – 10 % от НМЦК, что составляет 125 430,00 (Сто двадцать пять тысяч четыреста "
        "тридцать) рублей 00 копеек",
        "Обеспечение гарантийных обязательств: 0,5 % (ноль целых пять десятых процента) от НМЦК, 7 000,00 руб.",
    )
    said = {name.value: (one.value, one.is_valid) for name, (one,) in fields.items() if "security" in name.value}
    assert said == {
        "bid_security_amount": ("12543.00", True),
        "bid_security_percent": ("1", True),
        "contract_security_percent": ("10", True),
        "contract_security_amount": ("125430.00", True),
        "warranty_security_percent": ("0.5", None),
        "warranty_security_amount": ("7000.00", None),
    }


@pytest.mark.parametrize(
    "text",
    [
        "Размер обеспечения заявки составляет от 0,5 до 5 процентов начальной (максимальной) цены контракта.",
        "Размер обеспечения исполнения контракта не может превышать 30 процентов и быть менее 0,5 процента.",
        "Обеспечение исполнения контракта увеличивается в полтора раза, если цена снижена на 25 процентов.",
        "Обеспечение заявки не требуется. Штраф 5 000,00 руб.",
        "Размер авансового платежа не более 30 процентов цены контракта.",
    ],
)
def test_what_the_law_allows_is_no_security(text: str) -> None:
    assert values(FINDERS, text) == {}


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("Размер аванса: 30 % от цены Контракта", "30"),
        ("Заказчик выплачивает аванс в размере 20 (двадцати) процентов цены договора", "20"),
        ("2.3. Авансовый платеж не предусмотрен.", "0"),
        ("Размер аванса, %: 30.00%", "30"),
        ("Размер аванса, %: 30", "30"),
    ],
)
def test_the_advance(text: str, percent: str) -> None:
    assert values(FINDERS, text)["advance_percent"] == [percent]


def test_a_price_goes_on_in_the_next_block_where_its_sentence_does() -> None:
    cut = values(FINDERS, "Цена договора составляет", "345 678,90 руб.")
    assert cut["contract_price"] == ["345678.90"]
    ended = values(FINDERS, "Цена договора указана в спецификации.", "345 678,90 руб.")
    assert "contract_price" not in ended


def test_boxes_are_those_of_the_blocks_that_say_it() -> None:
    (price,) = found(FINDERS, "Введение", "НМЦК: 1 000 000,00 руб.", "Конец")[FieldName.NMCK]
    assert price.bbox_px == (0.0, 100.0, 1000.0, 190.0)
    assert price.raw_text == "НМЦК: 1 000 000,00 руб."


def test_five_thousand_sums_on_a_page_are_bounded() -> None:
    page = page_of("\n".join(f"НМЦК: {number} 000,00 руб., в т.ч. НДС 20 %" for number in range(1, 5001)))
    prices = [one.value for one in find_amounts(page, CONTEXT) if one.field is FieldName.NMCK]
    assert prices[:2] == ["1000.00", "2000.00"]
    assert len(prices) == MOST_STATEMENTS
    rows = [[f"Итого {number}", "1 000,00"] for number in range(5000)]
    assert sum(1 for _ in find_totals(page_of(rows), CONTEXT)) <= 1000


@pytest.mark.parametrize("piece", ["НМЦК ", "итого НДС 1 000,00 руб. "])
def test_a_cell_of_ten_megabytes_is_read_in_one_pass(piece: str) -> None:
    page = page_of([["Цена", piece * (10_000_000 // len(piece))]], piece * 10_000)
    assert sum(1 for finder in FINDERS for _ in finder(page, CONTEXT)) < 5000


def test_a_total_before_vat_is_put_on_it_is_the_one_without() -> None:
    rows = [["Итого", "432 600,00"], ["НДС 20 %", "86 520,00"], ["Всего", "519 120,00"]]
    fields = values(FINDERS, rows)
    assert fields["total_amount"] == ["519120.00"]
    assert fields["total_without_vat"] == ["432600.00"]


def test_the_price_without_vat_is_no_vat() -> None:
    fields = values(FINDERS, "НМЦД: 5 307 000,00 руб. с НДС 22 % (4 350 000,00 руб. без НДС)")
    assert fields["nmck"] == ["5307000.00", "4350000.00"]
    assert "vat_amount" not in fields


def test_the_price_at_which_a_contract_is_made() -> None:
    fields = values(
        FINDERS, "Договор заключается по цене 5 190 000 (пять миллионов сто девяносто тысяч) рублей 00 копеек."
    )
    assert fields["contract_price"] == ["5190000.00"]


def test_a_table_of_hundreds_of_prices_is_not_searched_to_its_end() -> None:
    rows = [["НМЦК"] * 300, [f"{number} 000,00" for number in range(100, 400)]]

    assert len(values(find_amounts, rows)["nmck"]) == MOST_COLUMNS


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("10 % от цены контракта, начальная (максимальная) цена которого 5 000 000 руб.", []),
        ("5 %, НМЦК: 1 000 000,00 руб.", []),
        ("5 % от НМЦК: 50 000,00 руб.", ["50000.00"]),
        ("5 % от начальной (максимальной) цены контракта (50 000,00 руб.)", ["50000.00"]),
    ],
)
def test_the_price_behind_a_security_is_not_its_sum(text: str, amounts: list[str]) -> None:
    said = values(FINDERS, f"Размер обеспечения исполнения контракта: {text}")

    assert said.get("contract_security_amount", []) == amounts


@pytest.mark.parametrize(
    ("title", "text", "field", "amount"),
    [
        (
            "ДОГОВОР № 5",
            "2.1. Общая стоимость услуг составляет 1 250 000 рублей 00 копеек.",
            "contract_price",
            "1250000.00",
        ),
        (
            "ДОГОВОР № 5",
            "Общая стоимость работ\nсоставляет 1 250 000 (Один миллион двести\nпятьдесят тысяч) рублей",
            "contract_price",
            "1250000.00",
        ),
        ("ДОГОВОР № 5", "Цена договора за 12 месяцев: 495 000 рублей", "contract_price", "495000.00"),
        (
            "ДОГОВОР № 5",
            "Предельная цена договора не может превышать 1 500 000 рублей.",
            "contract_price",
            "1500000.00",
        ),
        (
            "ПРОТОКОЛ № 2",
            "Победителем признано ООО «Луч», предложившее цену договора 940 000,00 руб.",
            "contract_price",
            "940000.00",
        ),
        (
            "ПРОТОКОЛ № 2",
            "признать победителем ООО «Луч» с ценой договора 940 000,00 руб.",
            "contract_price",
            "940000.00",
        ),
        (
            "АКТ",
            "Сметная (договорная) стоимость в соответствии с договором подряда 8 640 000,00 руб.",
            "contract_price",
            "8640000.00",
        ),
        ("КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ", "Стоимость работ составляет 99 000 рублей 00 копеек", "total_amount", "99000.00"),
        ("ЗАЯВКА НА УЧАСТИЕ", "Предлагаем поставить товар по цене 4 512 300,00 рублей", "total_amount", "4512300.00"),
        (
            "БАНКОВСКАЯ ГАРАНТИЯ",
            "уплатить сумму, не превышающую 128 000,00 руб., по контракту",
            "contract_security_amount",
            "128000.00",
        ),
        (
            "БАНКОВСКАЯ ГАРАНТИЯ",
            "в обеспечение заявки сумму в размере, не превышающем 7 000,00 руб.",
            "bid_security_amount",
            "7000.00",
        ),
    ],
)
def test_what_a_sum_is_follows_from_the_paper_that_tells_it(title: str, text: str, field: str, amount: str) -> None:
    page = page_of(title, text)
    context = CONTEXT.at(page)
    sums = {one.field.value: one.value for one in find_amounts(page, context) if one.unit is FieldUnit.RUB}
    assert sums == {field: amount}


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("ДОГОВОР № 5", "Стоимость одного часа работы составляет 2 450 рублей."),
        ("ДОГОВОР № 5", "Цена договора за 1 месяц: 41 250 рублей"),
        ("ДОГОВОР № 5", "Цена договора 41 250,00 руб. в месяц"),
        ("ДОГОВОР № 5", "Стоимость услуг: 1 500,00 руб. за один час"),
        ("ДОГОВОР № 5", "Стоимость работ: 15 000,00 руб./м2"),
        ("ДОГОВОР № 5", "Стоимость работ: 15 000,00 руб. / час"),
        ("ДОГОВОР № 5", "Стоимость работ: 15 000,00 руб./кв.м"),
        ("ДОГОВОР № 5", "Например, цена договора 1 000 000 рублей."),
        ("КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ", "Стоимость услуг составляет 2 500 руб. за единицу."),
        ("БАНКОВСКАЯ ГАРАНТИЯ", "неустойка 0,1 % суммы, не превышающей 5 000 рублей, за каждый день"),
        ("ДОГОВОР № 5", "Стоимость работ по первому этапу составляет 300 000 рублей."),
        ("ДОГОВОР № 5", "Штраф 1 000,00 руб., если цена контракта не превышает 3 млн. рублей (включительно)"),
        ("ДОГОВОР № 5", "Цена договора составляет ______ рублей, в том числе НДС."),
        ("ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "Стоимость работ составляет 300 000 рублей."),
        ("ЗАПРОС ЦЕН", "Закупка на сумму, не превышающую шестисот тысяч рублей (до 600 тыс. рублей)."),
    ],
)
def test_prices_of_a_part_thresholds_and_blanks_are_none_of_the_contract(title: str, text: str) -> None:
    page = page_of(title, text)
    assert list(find_amounts(page, CONTEXT.at(page))) == []


def test_what_is_planned_for_a_year_of_the_budget_is_no_price_of_the_contract() -> None:
    planned = [
        ["Код бюджетной классификации", "Сумма контракта (в валюте контракта)"],
        ["90101130160012010244", "718245.60"],
    ]
    assert values(FINDERS, planned) == {}


def test_a_row_of_an_invoice_with_net_vat_and_total() -> None:
    goods = [
        ["Наименование", "Кол-во", "Стоимость без налога", "Налоговая ставка", "Сумма налога", "Стоимость с налогом"],
        ["Картофель", "1 500", "48 000,00", "10%", "4 800,00", "52 800,00"],
        ["Всего к оплате", "", "48 000,00", "Х", "4 800,00", "52 800,00"],
    ]
    fields = values(FINDERS, goods)
    assert (fields["total_without_vat"], fields["vat_amount"]) == (["48000.00"], ["4800.00"])
    assert (fields["total_amount"], fields["vat_rate"]) == (["52800.00"], ["10"])


def test_a_total_in_words_alone_is_no_total_of_nothing() -> None:
    assert "estimate_total" not in values(FINDERS, "Итого по смете: Триста одна тысяча рублей 00 копеек")


def test_the_rate_that_is_told_most_often_comes_first() -> None:
    rates = found(FINDERS, "Источник: с учетом НДС 18%. Источник: с учетом НДС 20%. НМЦК определена с учетом НДС 20%.")
    best = max(rates[FieldName.VAT_RATE], key=lambda one: one.score)
    assert best.value == "20"
    assert values(FINDERS, "НДС 20 % по договору, НДС 20 %, НДС 20 %, по аналогу НДС 18 %")["vat_rate"] == ["20"]
    assert values(FINDERS, "НДС 10 % на молоко, НДС 20 % на воду")["vat_rate"] == ["10", "20"]


LOTS = [
    ["№ лота", "Предмет договора", "НМЦ лота, руб. с НДС", "Обеспечение заявки, руб."],
    ["Лот № 1", "Трубы стальные", "5 460 000,00", "109 200,00"],
    ["Лот № 2", "Трубы полиэтиленовые", "2 318 400,00", "не требуется"],
]
GOODS = [
    ["№", "Товар", "НМЦК, руб.", "Обеспечение заявки, руб."],
    ["1", "Трубы стальные", "5 460 000,00", "109 200,00"],
    ["2", "Трубы полиэтиленовые", "2 318 400,00", "46 368,00"],
]


def test_lots_have_prices_and_securities_of_their_own() -> None:
    fields = values(FINDERS, LOTS)
    assert sorted(fields["nmck"]) == ["2318400.00", "5460000.00"]
    assert fields["bid_security_amount"] == ["109200.00"]
    assert values(FINDERS, GOODS).get("nmck", []) == values(FINDERS, GOODS).get("bid_security_amount", []) == []


@pytest.mark.parametrize("lot", ["1", "Лот № 1", ""])
def test_prices_of_goods_of_one_lot_are_no_prices_of_lots(lot: str) -> None:
    rows = [
        ["№ лота", "Товар", "Начальная цена, руб.", "Обеспечение заявки, руб."],
        ["Лот № 1" if lot != "1" else lot, "Трубы стальные", "5 460 000,00", "109 200,00"],
        [lot, "Трубы полиэтиленовые", "2 318 400,00", "46 368,00"],
        ["Лот № 2" if lot != "1" else "2", "Насосы", "700 300,00", "14 006,00"],
    ]
    assert values(FINDERS, rows) == {}
    fields = values(FINDERS, [*rows, ["Итого", "", "8 478 700,00", "169 574,00"]])
    assert fields["nmck"] == ["8478700.00"]
    assert "bid_security_amount" not in fields


def test_prices_of_lots_in_running_text() -> None:
    fields = values(
        FINDERS,
        "3. Начальная (максимальная) цена договора:",
        "Лот 1 – 1 250 000 (Один миллион двести пятьдесят тысяч) рублей 00 копеек;\nлот 2 – 740 300 рублей.",
        "Лот 3 – без договора.",
    )
    assert sorted(fields["nmck"]) == ["1250000.00", "740300.00"]


def test_a_security_in_a_cell_of_its_own_needs_no_currency() -> None:
    fields = values(
        FINDERS,
        [["Размер обеспечения исполнения контракта", "861 438,04 (30 %)"], ["Обеспечение заявки, пункт", "12"]],
    )
    assert fields["contract_security_amount"] == ["861438.04"]
    assert fields["contract_security_percent"] == ["30"]
    assert "bid_security_amount" not in fields


@pytest.mark.parametrize(
    "text",
    [
        "Комиссия решила договор заключить на сумму 2 598 600,00 рублей.",
        "Заключить договор с ООО «Причалстрой» по цене 2 598 600,00 руб. с НДС.",
        "Контракт заключить с ООО «Парта» (ИНН 9801234567) по цене 2 598 600,00 рублей.",
    ],
)
def test_what_a_commission_decides_to_pay(text: str) -> None:
    assert values(FINDERS, "ПРОТОКОЛ", text)["contract_price"] == ["2598600.00"]


def test_years_are_parts_of_a_total_and_no_vat() -> None:
    years = [
        ["Мероприятие, руб.", "2024", "2025", "2026"],
        ["Ремонт", "1 000,00", "220,00", "1 220,00"],
        ["Итого", "1 000,00", "220,00", "1 220,00"],
    ]
    assert values(FINDERS, years) == {}
    with_whole = [
        ["Ремонт", "Всего, руб.", "на 2026 год", "на 2027 год"],
        ["Итого", "3 000,00", "1 000,00", "2 000,00"],
    ]
    assert values(FINDERS, with_whole)["total_amount"] == ["3000.00"]
    one_year = [["Объект", "Цена за месяц, руб.", "Стоимость за 2027 год, руб."], ["Итого", "100,00", "1 200,00"]]
    assert values(FINDERS, one_year)["total_amount"] == ["1200.00"]


def test_goods_of_several_rates_are_parted_by_the_heads_of_columns() -> None:
    goods = [
        ["Товар", "Сумма без учёта НДС, руб.", "НДС ставка, %", "НДС сумма, руб.", "Сумма с учётом НДС, руб."],
        ["Журнал", "7 200,00", "10", "720,00", "7 920,00"],
        ["Грамота", "2 500,00", "22", "550,00", "3 050,00"],
        ["Всего по накладной", "9 700,00", "Х", "1 270,00", "10 970,00"],
    ]
    fields = values(FINDERS, goods)
    assert (fields["total_without_vat"], fields["vat_amount"]) == (["9700.00"], ["1270.00"])
    assert fields["total_amount"] == ["10970.00"]


def test_vat_in_a_sentence_counts_where_it_is_its_rate_of_the_total() -> None:
    total = [["Стол", "871 320,00 руб."], ["Итого", "871 320,00 руб."]]
    said = "Восемьсот семьдесят одна тысяча триста двадцать рублей, включая НДС 22 % в сумме {} руб."
    assert values(FINDERS, total, said.format("157 123,28"))["vat_amount"] == ["157123.28"]
    assert "vat_amount" not in values(FINDERS, total, said.format("99 123,28"))


def test_a_net_price_of_a_form_is_proved_by_vat_and_total() -> None:
    form = [["Цена без НДС, руб.", "2 163 934,43"], ["Сумма НДС, руб.", "476 065,57"]]
    total = [["Итого с НДС, руб.", "2 640 000,00"]]
    assert values(FINDERS, [*form, *total])["total_without_vat"] == ["2163934.43"]
    assert "total_without_vat" not in values(FINDERS, form)


def test_the_whole_price_of_a_contract_is_no_total() -> None:
    fields = values(FINDERS, "КОНТРАКТ № 5", "1. Общая стоимость контракта 10 970,00 руб.")
    assert fields["contract_price"] == ["10970.00"]
    assert "total_amount" not in fields


def test_a_security_tells_the_currency() -> None:
    assert values(FINDERS, "Обеспечение заявки: 5 000,00 руб.")["currency"] == ["RUB"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2.1. Цена договора составляет двести пятьдесят две тысячи рублей, НДС не облагается.", ["252000.00"]),
        ("Цена договора: Один миллион двести тысяч рублей 50 копеек", ["1200000.50"]),
        ("Цена договора составляет двадцать одна тысяча рублей в месяц.", []),
        ("Цена договора: сто тысяч рублей 50 копеек (100 000,50 руб.)", ["100000.50"]),
        ("Цена договора: два миллиона сто тысяч рублей (2 150 000,00 руб.)", []),
        ("Цена договора: пятьсот тысяч рублей х 3 = 1 500 000 руб.", []),
        ("Цена договора определяется сторонами в рублях", []),
        ("Цена договора составляет десять рублей", []),
    ],
)
def test_a_price_in_words_alone(text: str, price: list[str]) -> None:
    assert values(FINDERS, "ДОГОВОР № 5", text).get("contract_price", []) == price


def test_a_guarantee_says_its_sum_in_words_and_what_it_secures() -> None:
    words = "обязуется уплатить любую сумму в пределах Один миллион двести тысяч рублей 50 копеек"
    assert values(FINDERS, "БАНКОВСКАЯ ГАРАНТИЯ № 5", words)["contract_security_amount"] == ["1200000.50"]
    bid = "в форме электронного документа, обеспечивающая исполнение заявки"
    row = [["Сумма независимой гарантии", "36 000,00 рублей"]]
    assert values(FINDERS, "НЕЗАВИСИМАЯ ГАРАНТИЯ", bid, row)["bid_security_amount"] == ["36000.00"]


def test_the_years_of_a_plan_below_the_requisites_of_its_head() -> None:
    plan = [
        ["Информация о заказчике", "", "", "Коды"],
        ["Дата изменения 16.02.2026", "", "", ""],
        ["Объект закупки", "Всего", "на 2026 год", "на 2027 год"],
        ["1", "2", "3", "4"],
        ["Ремонт моста", "48 350 000,00", "18 350 000,00", "30 000 000,00"],
        ["Итого предусмотрено на закупки", "48 350 000,00", "18 350 000,00", "30 000 000,00"],
    ]
    assert values(FINDERS, plan)["total_amount"] == ["48350000.00"]


def test_a_rate_under_the_requisites_of_an_invoice_and_chapters_of_an_estimate() -> None:
    head = [["Продавец", f"АО «{number}»", ""] for number in range(6)]
    goods = [["Товар", "Налоговая ставка", "Стоимость с налогом"], ["Хлор", "22%", "519 720,00"]]
    assert values(FINDERS, [*head, *goods])["vat_rate"] == ["22"]
    assert "total_amount" not in values(FINDERS, [["Итого по главам 1–9, руб.", "49 900,00"]])
