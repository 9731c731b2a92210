"""Identifiers as documents write them: behind a label, in a cell beside or under it, spoilt by OCR, or none at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.contract import BlockLabel
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.requisites import MOST_NUMBERS, find_requisites
from tenderlake.lake.vocabulary import FieldMethod, FieldName
from tests.fieldpages import Part, found, page_of, values

pytestmark = pytest.mark.unit

PLAIN = (
    ("ИНН 7707083893", "inn", "7707083893"),
    ("ИНН: 500100732259", "inn", "500100732259"),
    ("ИHH 7707083893", "inn", "7707083893"),
    ("ИНН7707083893,", "inn", "7707083893"),
    ("ИНН 7707 083893", "inn", "7707083893"),
    ("ИНН участника закупки (при наличии): 7707083893", "inn", "7707083893"),
    ("Идентификационный номер\nналогоплательщика – 7707083893", "inn", "7707083893"),
    ("КПП 7707AB001", "kpp", "7707AB001"),
    ("ОГРН/ОГРНИП: 304500116000050", "ogrn", "304500116000050"),
    ("ОКПО 00032537", "okpo", "00032537"),
    ("ОКТМО 45 382 000", "oktmo", "45382000"),
    ("БИК ТОФК 017003983", "bik", "017003983"),
    ("р/с № 40602810700000000025", "settlement_account", "40602810700000000025"),
    ("расчётный счёт 40602.810.7.00000000025", "settlement_account", "40602810700000000025"),
    ("к/с 30101810400000000225", "correspondent_account", "30101810400000000225"),
    ("Единый казначейский счет 40102810445370000059", "correspondent_account", "40102810445370000059"),
    ("Казначейский счет: 03100643000000018500", "treasury_account", "03100643000000018500"),
    ("КБК 700-0410-1320300010-242 226 330", "kbk", "70004101320300010242"),
    ("ИКЗ: 23 29701186367770101001 0107 002 0000 244", "purchase_code", "232970118636777010100101070020000244"),
    ("Номер извещения 0101500000623000057", "purchase_number", "0101500000623000057"),
    ("Извещение о проведении запроса котировок № 32616383976", "purchase_number", "32616383976"),
    ("…/view/common-info.html?regNumber=0340200003325000123", "purchase_number", "0340200003325000123"),
    ("Реестровый номер договора: 57721632827260015610000", "contract_registry_number", "57721632827260015610000"),
    ("Код ОКПД2: 27.32.13.110", "okpd2", "27.32.13.110"),
    ("бумага 17.12.14.119-00000003", "ktru", "17.12.14.119-00000003"),
    ("ОКВЭД 68.32.1", "okved2", "68.32.1"),
    ("Лот № 3", "lot_number", "3"),
    ("e-mail: Zakupki@School-1.edu.ru.", "email", "zakupki@school-1.edu.ru"),
    ("тел. 8 (812) 111-22-33, факс 111-22-34", "phone", "+78121112233"),
)


@pytest.mark.parametrize(("text", "field", "value"), PLAIN)
def test_a_label_and_its_value(text: str, field: str, value: str) -> None:
    assert values(find_requisites, text)[field] == [value]


TRAPS: tuple[Part, ...] = (
    "ИНН (при наличии) учредителей участника закупки: 500100732259",
    [["ИНН членов коллегиального исполнительного органа", "500100732259"]],
    "Артикул 7707083893, штрих-код 4601234567890, счёт-фактура № 40702810900000012345 от 01.02.2026",
    "Приказ ФНС от 12.12.2012 № 1234567890; заказ 1234567890123456789",
    "ИНН (10 или 12 цифр) ____________, КПП (9 цифр) _________, ОГРН – 13 знаков",
    "ИНН организации указывается в части 1 раздела 10, БИК – в разделе 2 пункта 1234567",
    "Адрес сервера 10.20.30.100, версия 10.11.12.130, ГОСТ 12.1.004-91",
    "Протокол № 12 от 12.03.2026, извещение № 5",
    "Телефонный справочник 2024, пароль a@b, @school",
    [["№", "Наименование", "ИНН", "Сумма"], ["1", "Бумага", "", "7 707 083 893,00"]],
    [["Реквизит", "Длина"], ["ИНН", "10 или 12"], ["КПП", "9"], ["ОГРН", "13"], ["Номер извещения", "19"]],
)


@pytest.mark.parametrize("part", TRAPS, ids=range(len(TRAPS)))
def test_a_number_is_not_yet_an_identifier(part: Part) -> None:
    assert values(find_requisites, part) == {}


def test_inn_and_kpp_may_share_a_label_and_a_cell() -> None:
    for part in ("ИНН/КПП 7707083893/770701001", [["ИНН / КПП", "7707083893 / 770701001"]]):
        assert values(find_requisites, part) == {"inn": ["7707083893"], "kpp": ["770701001"]}


def test_two_accounts_may_share_their_label() -> None:
    text = "Казначейский счёт/Единый казначейский счет 03214643000000013234/40102810745370000024, БИК ТОФК 012202102"
    fields = found(find_requisites, text)
    assert [one.value for one in fields[FieldName.TREASURY_ACCOUNT]] == ["03214643000000013234"]
    (single,) = fields[FieldName.CORRESPONDENT_ACCOUNT]
    assert (single.value, single.is_valid) == ("40102810745370000024", True)


def test_a_form_with_several_labels_in_a_row() -> None:
    form = [["ИНН", "7707083893", "КПП", "770701001"], ["ОГРН", "1027700132195", "ОКПО", "00032537"]]
    assert values(find_requisites, form) == {
        "inn": ["7707083893"],
        "kpp": ["770701001"],
        "ogrn": ["1027700132195"],
        "okpo": ["00032537"],
    }


def test_a_column_of_identifiers_under_its_label() -> None:
    rows = [["№", "Участник", "ИНН"], ["1", "ООО «Ромашка»", "7707083893"], ["2", "ИП Иванов И. И.", "500100732259"]]
    fields = found(find_requisites, rows)
    assert {(inn.value, inn.method) for inn in fields[FieldName.INN]} == {
        ("7707083893", FieldMethod.CELL),
        ("500100732259", FieldMethod.CELL),
    }


def test_a_wrong_check_digit_stays_and_is_told() -> None:
    (inn,) = found(find_requisites, "ИНН 7705123456")[FieldName.INN]
    assert (inn.value, inn.is_valid, inn.message) == ("7705123456", False, "the check digit is wrong")


def test_a_digit_too_few_is_told_in_a_digital_document_and_left_out_of_a_scan() -> None:
    (inn,) = found(find_requisites, "ИНН 770708389")[FieldName.INN]
    assert (inn.is_valid, inn.message) == (False, "9 digits where 10 or 12 are needed")
    assert values(find_requisites, "ИНН 770708389", is_ocr=True) == {}


def test_a_number_broken_at_the_end_of_a_line_is_joined_only_to_what_passes() -> None:
    assert values(find_requisites, "р/с 4060281070000\n0000025") == {"settlement_account": ["40602810700000000025"]}
    assert values(find_requisites, "ОГРН 102770013219\n6 шт.").get("ogrn") != ["1027700132196"]


def test_an_account_is_checked_against_the_bank_of_the_same_party() -> None:
    right = found(find_requisites, "р/с 40602810700000000025, БИК 049805746")
    assert right[FieldName.SETTLEMENT_ACCOUNT][0].is_valid is True
    wrong = found(find_requisites, "р/с 40702810900000012345, БИК 044525225")[FieldName.SETTLEMENT_ACCOUNT][0]
    assert (wrong.is_valid, wrong.message) == (False, "the control key does not fit the БИК 044525225")
    alone = found(find_requisites, "р/с 40702810900000012345")[FieldName.SETTLEMENT_ACCOUNT][0]
    assert alone.is_valid is None


def test_numbers_without_a_label_have_to_prove_themselves() -> None:
    assert values(find_requisites, "Оплата на 40602810700000000025 в банке с БИК 049805746")["settlement_account"] == [
        "40602810700000000025"
    ]
    assert "settlement_account" not in values(find_requisites, "Оплата на 40602810700000000025")
    assert values(find_requisites, "код 232970118636777010100101070020000244")["purchase_code"]
    assert values(find_requisites, "код 232970118636877010100101070020000244") == {}
    assert values(find_requisites, "контракт 2782543560821000023") == {
        "contract_registry_number": ["2782543560821000023"]
    }


def test_an_inn_right_behind_the_name_of_a_firm_needs_no_label() -> None:
    (inn,) = found(find_requisites, "АНКЕТА УЧАСТНИКА", "ООО «НордТехРесурс» 7705123456")[FieldName.INN]
    assert (inn.value, inn.is_valid, inn.method) == ("7705123456", False, FieldMethod.PATTERN)


def test_a_number_of_the_platform_is_kept_and_told_apart() -> None:
    (number,) = found(find_requisites, "Номер закупки: ТЭ-2026-001 Лот: 1")[FieldName.PURCHASE_NUMBER]
    assert (number.value, number.is_valid) == ("ТЭ-2026-001", None)
    assert number.message == "not a number of the unified system"


OCR_LINES = (
    ("HH 7799434926", "inn", "7799434926", False),
    ("BHK 044583222", "bik", "044583222", False),
    ("КИП 770801001", "kpp", "770801001", False),
    ("P/e 40602810700000000025", "settlement_account", "40602810700000000025", False),
    ("Cu. Ne }30101810400000000225", "correspondent_account", "30101810400000000225", False),
    ("4 |инн 5408181095", "inn", "5408181095", False),
    ("БИК 1044525225", "bik", "044525225", True),
    ("ИНН 77О7О83893", "inn", "7707083893", True),
    ("ОГРН 1О27700132195", "ogrn", "1027700132195", True),
    ("ОКВЭД 68.321", "okved2", "68.32.1", True),
)
"""As Tesseract left them on scans, and with letters for digits."""


@pytest.mark.parametrize(("line", "field", "value", "is_repaired"), OCR_LINES)
def test_what_ocr_makes_of_labels_and_digits(line: str, field: str, value: str, is_repaired: bool) -> None:
    (candidate,) = found(find_requisites, line, is_ocr=True)[FieldName(field)]
    assert (candidate.value, candidate.is_repaired) == (value, is_repaired)
    assert (candidate.message is not None) is is_repaired
    assert candidate.raw_text in line


@pytest.mark.parametrize("line", ["HH 7799434926", "БИК 1044525225", "ИНН 77О7О83893", "ОКВЭД 68.321"])
def test_nothing_is_repaired_in_a_text_layer(line: str) -> None:
    fields = found(find_requisites, line)
    assert all(not candidate.is_repaired for candidates in fields.values() for candidate in candidates)
    assert not any(candidate.is_valid for candidates in fields.values() for candidate in candidates)


def test_clean_digits_are_never_changed_and_three_letters_are_too_many() -> None:
    (inn,) = found(find_requisites, "ИНН 7707083894", is_ocr=True)[FieldName.INN]
    assert (inn.value, inn.is_valid, inn.is_repaired) == ("7707083894", False, False)
    assert values(find_requisites, "ИНН 77О7О8З893", is_ocr=True) == {}


def test_a_value_is_placed_by_its_line_where_lines_are_known() -> None:
    page = page_of("ИНН 7707083893\nКПП 770701001")
    (inn,) = [c for c in find_requisites(page, DocumentContext("x", 1)) if c.field is FieldName.INN]
    assert inn.bbox_px == (0.0, 0.0, 1000.0, 90.0)
    assert page.pieces[0].label is BlockLabel.TEXT


HOSTILE = st.lists(
    st.sampled_from(
        [
            "ИНН",
            "КПП",
            "/",
            " ",
            "\n",
            "1",
            "7707083893",
            "ООО «",
            "»",
            "Заказчик:",
            "именуемое «Поставщик»",
            "@",
            "р/с",
            "тел.",
            "О",
            "№",
        ]
    ),
    max_size=60,
).map("".join)


@given(HOSTILE, st.booleans())
def test_whatever_stands_there_a_quotation_is_from_the_page(text: str, is_ocr: bool) -> None:
    page = page_of(text, [[text, text], [text]], is_ocr=is_ocr)
    said = " ".join(page.text.split())
    for candidate in find_requisites(page, DocumentContext("x", 1).at(page)):
        assert candidate.raw_text in said
        assert candidate.value


@pytest.mark.parametrize(
    "part",
    [
        "1234567890" * 20_000,
        "1 " * 50_000,
        "ИНН " * 20_000,
        "ООО «" * 20_000,
        "извещения о " * 3_000,
        "адрес: г. " * 3_000,
        "именуемое в дальнейшем «Заказчик» " * 3_000,
        "Заказчик: Поставщик:\nООО «А» ООО «Б»\n" * 1_000,
        "a." * 50_000 + "@" * 1000,
        [["ИНН", "7" * 10_000_000]],
    ],
    ids=lambda part: part[:12] if isinstance(part, str) else "a cell of 10 MB",
)
def test_endless_repetition_ends(part: Part) -> None:
    """What would not end takes hours, not seconds: the test needs no clock."""
    fields = values(find_requisites, part, is_ocr=True)
    assert all(len(found_values) <= MOST_NUMBERS for found_values in fields.values())


def test_five_thousand_identifiers_on_a_page_are_looked_at_up_to_a_limit() -> None:
    page = page_of("\n".join(f"ИНН {number:010d}" for number in range(1, 5001)))
    assert sum(1 for _ in find_requisites(page, DocumentContext("x", 1))) == MOST_NUMBERS


def test_the_record_of_a_notice_is_no_contract() -> None:
    said = found(find_requisites, [["Номер реестровой записи извещения", "0198100006226000078"]])

    assert [one.value for one in said[FieldName.PURCHASE_NUMBER]] == ["0198100006226000078"]
    assert FieldName.CONTRACT_REGISTRY_NUMBER not in said
