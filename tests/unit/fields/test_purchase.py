"""What is bought, how, where and under which law."""

from __future__ import annotations

import pytest

from tenderlake.fields.requisites import find_requisites
from tests.fieldpages import Part, values

pytestmark = pytest.mark.unit

NOTICE: tuple[Part, ...] = (
    "Извещение о проведении электронного аукциона",
    [
        ["Номер извещения", "0101500000623000057"],
        ["Наименование объекта закупки", "Поставка бумаги офисной для нужд учреждения"],
        ["Способ определения поставщика (подрядчика, исполнителя)", "Электронный аукцион"],
        ["Наименование электронной площадки в информационно-телекоммуникационной сети «Интернет»", "РТС-тендер"],
        ["Организация, осуществляющая размещение", "ФЕДЕРАЛЬНОЕ КАЗНАЧЕЙСТВО"],
        ["Почтовый адрес", "Российская Федерация, 101000, Москва, ПЕР БОЛЬШОЙ ЗЛАТОУСТИНСКИЙ, Д. 6, СТР. 1"],
        ["Адрес электронной почты", "zakupki@roskazna.example.ru"],
        ["Номер контактного телефона", "8-495-2147000"],
        ["Факс", "8-495-2147001"],
    ],
    [["Товар", "Код позиции", "Количество"], ["Бумага", "17.12.14.119-00000003", "100"]],
)


def test_the_form_of_a_notice() -> None:
    assert values(find_requisites, *NOTICE) == {
        "purchase_number": ["0101500000623000057"],
        "law": ["44-FZ"],
        "subject": ["Поставка бумаги офисной для нужд учреждения"],
        "purchase_method": ["электронный аукцион"],
        "platform": ["РТС-тендер"],
        "customer": ["ФЕДЕРАЛЬНОЕ КАЗНАЧЕЙСТВО"],
        "address": ["Российская Федерация, 101000, Москва, ПЕР БОЛЬШОЙ ЗЛАТОУСТИНСКИЙ, Д. 6, СТР. 1"],
        "email": ["zakupki@roskazna.example.ru"],
        "phone": ["+74952147000"],
        "ktru": ["17.12.14.119-00000003"],
    }


@pytest.mark.parametrize(
    ("parts", "subject"),
    [
        (("Предмет закупки: Поставка кабельной продукции.",), "Поставка кабельной продукции"),
        (("участие в закупке по предмету: Ремонт кровли школы. Срок – 60 дней.",), "Ремонт кровли школы"),
        (("Объект закупки", "Услуги по уборке помещений школы"), "Услуги по уборке помещений школы"),
        (("ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "на разработку и внедрение системы"), "разработка и внедрение системы"),
        (("ТЕХНИЧЕСКОЕ ЗАДАНИЕ\nна поставку бумаги\nдля нужд школы",), "поставка бумаги для нужд школы"),
        (("КОНТРАКТ № 12/2026 на поставку бумаги офисной",), "поставка бумаги офисной"),
        (
            ("на на выполнение работ по ремонту сетей\n(наименование работ и затрат, объекта)",),
            "выполнение работ по ремонту сетей",
        ),
    ],
)
def test_what_is_bought(parts: tuple[str, ...], subject: str) -> None:
    assert values(find_requisites, *parts)["subject"] == [subject]


@pytest.mark.parametrize(
    "text",
    [
        "1. Предмет контракта\n1.1. Поставщик обязуется поставить товар, а Заказчик принять его",
        "2) наименование объекта закупки указывается заказчиком\nа) с учетом положений части 2 настоящей статьи",
        "Предмет закупки: не указан",
    ],
)
def test_clauses_about_the_subject_are_none(text: str) -> None:
    assert "subject" not in values(find_requisites, text)


def test_the_law_is_that_of_the_number_or_of_a_paper_of_a_purchase() -> None:
    assert values(find_requisites, "Извещение № 32616383976")["law"] == ["223-FZ"]
    by_law = "в соответствии с Федеральным законом от 18.07.2011 № 223-ФЗ"
    assert values(find_requisites, "ИЗВЕЩЕНИЕ о закупке", by_law)["law"] == ["223-FZ"]
    assert "law" not in values(find_requisites, "ФЕДЕРАЛЬНЫЙ ЗАКОН", "О контрактной системе", by_law)


def test_the_name_of_a_platform_comes_before_its_address() -> None:
    form = [
        ["Наименование электронной площадки в сети «Интернет»", "АО «Площадка Приозёрья»"],
        ["Электронная площадка", "http://etp.example.ru"],
    ]
    names = values(find_requisites, "Извещение", form)["platform"]
    assert names == ["АО «Площадка Приозёрья»", "http://etp.example.ru"]


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("тел. (00041) 2-31-77", ["+70004123177"]),
        ("Call us: (818) 708-8131", []),
        ("т. (342) 2123344", ["+73422123344"]),
    ],
)
def test_a_phone_of_another_country_is_none_of_ours(text: str, phones: list[str]) -> None:
    assert values(find_requisites, text).get("phone", []) == phones


def test_a_dash_behind_a_label_is_as_good_as_a_colon() -> None:
    text = "1.1. Предмет договора – поставка металлопроката по заявкам. ОКПД2 24.10.31.000"
    assert values(find_requisites, text)["subject"] == ["поставка металлопроката по заявкам"]


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Повестка: подведение итогов запроса цен № 32606050413 на поставку хлора жидкого.", "поставка хлора жидкого"),
        ("(параметры запроса предложений по поставке туалетных модулей для АО «Север»).", "поставка туалетных модулей"),
        ("сведения о ценах на «Оказание услуг по авторскому надзору»", "Оказание услуг по авторскому надзору"),
    ],
)
def test_a_subject_in_a_sentence_counts_where_nothing_else_tells_it(text: str, subject: str) -> None:
    assert values(find_requisites, "ПРОТОКОЛ", text)["subject"] == [subject]
    assert values(find_requisites, "Предмет закупки: поставка насосов", text)["subject"] == ["поставка насосов"]


def test_whom_to_ask_is_no_subject() -> None:
    assert "subject" not in values(find_requisites, "Контакт по закупке: Отдел закупок АО «Север», e-mail: a@b.example")


def test_a_notice_without_the_sign_of_a_number() -> None:
    assert values(find_requisites, "Извещение: 32606050413")["purchase_number"] == ["32606050413"]
    contract = "ГОСУДАРСТВЕННЫЙ КОНТРАКТ № 0137200001226000088"
    assert "purchase_number" not in values(find_requisites, contract)


@pytest.mark.parametrize(
    ("title", "method"),
    [
        ("Изменение извещения о проведении электронного аукциона", "электронный аукцион"),
        ("ЗАЯВКА НА УЧАСТИЕ В ЗАПРОСЕ ПРЕДЛОЖЕНИЙ № 32616227714", "запрос предложений"),
        ("Извещение\n(для участия в электронном аукционе)", "электронный аукцион"),
    ],
)
def test_the_method_in_a_title(title: str, method: str) -> None:
    assert values(find_requisites, title)["purchase_method"] == [method]


def test_a_notice_of_a_purchase_from_a_single_supplier() -> None:
    title = "Извещение об осуществлении закупки у единственного поставщика (подрядчика, исполнителя)"
    assert values(find_requisites, title)["purchase_method"] == ["закупка у единственного поставщика"]


def test_the_head_of_a_numbered_column_is_no_subject() -> None:
    plan = [
        ["Информация о заказчике", "Коды"],
        ["Наименование объекта закупки", "Планируемый год размещения"],
        ["1", "2"],
        ["Капитальный ремонт моста", "2026"],
    ]
    assert "Планируемый год размещения" not in values(find_requisites, plan).get("subject", [])


def test_the_building_of_an_estimate_without_a_work() -> None:
    page = ("СВОДНЫЙ СМЕТНЫЙ РАСЧЁТ СТОИМОСТИ", "Строительство спортивного комплекса\n(наименование стройки)")
    assert values(find_requisites, *page)["subject"] == ["Строительство спортивного комплекса"]


def test_codes_with_their_names_between() -> None:
    text = "Классификация по ОКПД2: 15.20.31.000 Обувь с металлическим подноском; 15.20.32.110"
    assert values(find_requisites, text)["okpd2"] == ["15.20.31.000", "15.20.32.110"]


def test_a_budget_code_under_a_head_within_a_table() -> None:
    form = [
        ["Валюта", "Российский рубль", ""],
        ["Всего", "на 2026 год", "на 2027 год"],
        ["3 600,00", "1 200,00", "2 400,00"],
        ["Этапы исполнения", "", ""],
        ["Код бюджетной классификации", "на 2026 год", "на 2027 год"],
        ["71405030400121300244", "1 200,00", "2 400,00"],
    ]
    assert values(find_requisites, form)["kbk"] == ["71405030400121300244"]
