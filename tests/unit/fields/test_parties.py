"""Whose a value is, and what the parties of a purchase are called."""

from __future__ import annotations

import pytest

from ocr_tasks.contract import Block, BlockLabel, Line
from tenderlake.fields.context import DocumentContext
from tenderlake.fields.finding import FieldFinder
from tenderlake.fields.organisations import normal_name
from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.requisites import find_requisites
from tenderlake.lake.vocabulary import FieldName, FieldRole
from tests.fieldpages import Part, found, page_of, values
from tests.pageresults import page_result

pytestmark = pytest.mark.unit

CUSTOMER, SUPPLIER, PARTICIPANT = FieldRole.CUSTOMER, FieldRole.SUPPLIER, FieldRole.PARTICIPANT
SCHOOL, FIRM = "9701186367", "7707083893"


def owners(*parts: Part, field: FieldName = FieldName.INN, is_ocr: bool = False) -> dict[str, FieldRole | None]:
    """Whose the values of a field are."""
    return {one.value: one.role for one in found(find_requisites, *parts, is_ocr=is_ocr).get(field, [])}


def names(*parts: Part, is_ocr: bool = False) -> dict[str, list[str]]:
    """The names of the parties that a page tells."""
    fields = found(find_requisites, *parts, is_ocr=is_ocr)
    parties = (FieldName.CUSTOMER, FieldName.SUPPLIER, FieldName.PARTICIPANT)
    return {field.value: sorted(one.value for one in fields[field]) for field in parties if field in fields}


PREAMBLE = (
    "Государственное бюджетное образовательное учреждение города Москвы «Школа № 1» (ИНН 9701186367), именуемое в "
    "дальнейшем «Заказчик», в лице директора Петровой А. А., действующей на основании Устава, с одной стороны, и "
    "Общество с ограниченной ответственностью «Ромашка» (ИНН 7707083893), именуемое в дальнейшем «Поставщик», в лице "
    "генерального директора Сидорова С. С., с другой стороны, заключили настоящий контракт:"
)
REQUISITES = [
    ["ЗАКАЗЧИК:", "ПОСТАВЩИК:"],
    [
        "ГБОУ «Школа № 1»\nАдрес: 123456, г. Москва, ул. Ленина, д. 5\nИНН 9701186367 КПП 770101001\nБИК 004525988",
        "ООО «Ромашка»\nЮридический адрес: 190000, г. Санкт-Петербург, Невский пр., д. 1\n"
        "ИНН/КПП 7707083893/770701001\nр/с 40602810700000000025\nв ПАО «Банк» г. Вологда\nк/с "
        "30101810800000000746\nБИК 049805746",
    ],
]


def test_the_first_sentence_of_a_contract_names_both_parties() -> None:
    assert owners(PREAMBLE) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    assert names(PREAMBLE) == {"customer": ["ГБОУ города Москвы «Школа № 1»"], "supplier": ["ООО «Ромашка»"]}


def test_requisites_in_two_columns_of_a_table() -> None:
    assert owners(REQUISITES) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    assert owners(REQUISITES, field=FieldName.BIK) == {"004525988": CUSTOMER, "049805746": SUPPLIER}
    assert owners(REQUISITES, field=FieldName.BANK) == {"ПАО «Банк» г. Вологда": SUPPLIER}
    assert owners(REQUISITES, field=FieldName.ADDRESS) == {
        "123456, г. Москва, ул. Ленина, д. 5": CUSTOMER,
        "190000, г. Санкт-Петербург, Невский пр., д. 1": SUPPLIER,
    }
    assert names(REQUISITES) == {"customer": ["ГБОУ «Школа № 1»"], "supplier": ["ООО «Ромашка»"]}


def test_the_heading_of_a_party_may_stand_in_its_cell() -> None:
    cells = [["Заказчик\nГБОУ «Школа № 1»\nИНН 9701186367", "Исполнитель:\nИП Иванов Иван Иванович\nИНН 500100732259"]]
    assert owners(cells) == {SCHOOL: CUSTOMER, "500100732259": SUPPLIER}


def test_columns_of_parties_beside_rows_of_labels() -> None:
    rows = [["", "Заказчик", "Подрядчик"], ["ИНН", SCHOOL, FIRM], ["КПП", "770101001", "770701001"]]
    assert owners(rows) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    assert owners(rows, field=FieldName.KPP) == {"770101001": CUSTOMER, "770701001": SUPPLIER}


def test_two_columns_that_were_read_line_by_line() -> None:
    text = (
        "Заказчик: Поставщик:\nГБОУ «Школа № 1» ООО «Ромашка»\n"  # as OCR reads two columns
        "ИНН 9701186367 КПП 770101001 ИНН 7707083893 КПП 770701001"
    )
    assert owners(text, is_ocr=True) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    assert names(text, is_ocr=True) == {"customer": ["ГБОУ «Школа № 1»"], "supplier": ["ООО «Ромашка»"]}
    alone = "Заказчик: Поставщик:\nИНН 7707083893"
    assert owners(alone, is_ocr=True) == {FIRM: None}


def lined(text: str, *places: tuple[float, float]) -> Block:
    """A block whose lines stand at these left edges and heights, 300 pixels wide."""
    lines = [
        Line(text=line, bbox_px=(x, y, x + 300, y + 15)) for line, (x, y) in zip(text.split("\n"), places, strict=True)
    ]
    box = (min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places) + 300, places[-1][1] + 15)
    return Block(label=BlockLabel.TEXT, bbox_px=box, content=text, lines=tuple(lines))


def test_two_columns_of_a_scan_are_told_by_where_their_lines_stand() -> None:
    blocks = (
        Block(
            label=BlockLabel.TEXT,
            bbox_px=(50, 100, 600, 115),
            content="Заказчик: Исполнитель:",
            lines=(Line(text="Заказчик: Исполнитель:", bbox_px=(50, 100, 600, 115)),),
        ),
        lined("ИНН 7707083893\nКПП 770701001", (460, 140), (460, 160)),
        lined("ИНН 9701186367\nКПП 770101001", (50, 140), (50, 160)),
    )
    reading = PageReading.of(page_result(*blocks, size_px=(900, 1200)), is_ocr=True)
    found_here = list(find_requisites(reading, DocumentContext("scan.png", 1).at(reading)))
    assert {one.value: one.role for one in found_here if one.field is FieldName.INN} == {
        FIRM: SUPPLIER,
        SCHOOL: CUSTOMER,
    }
    assert {one.value: one.role for one in found_here if one.field is FieldName.KPP} == {
        "770701001": SUPPLIER,
        "770101001": CUSTOMER,
    }
    boxes = {one.value: one.bbox_px for one in found_here if one.field is FieldName.INN}
    assert boxes == {FIRM: (460, 140, 760, 155), SCHOOL: (50, 140, 350, 155)}


def test_a_label_says_itself_whose_it_is() -> None:
    assert owners("ИНН Заказчика: 9701186367\nИНН участника закупки: 7707083893") == {
        SCHOOL: CUSTOMER,
        FIRM: PARTICIPANT,
    }
    assert owners([["ИНН поставщика", FIRM]]) == {FIRM: SUPPLIER}


def test_a_section_belongs_to_the_party_in_its_heading_until_the_next() -> None:
    parts = ("Сведения о заказчике", "ИНН 9701186367", "Сведения об участнике закупки", "ИНН 7707083893")
    assert owners(*parts) == {SCHOOL: CUSTOMER, FIRM: PARTICIPANT}


def test_lists_of_participants() -> None:
    protocol: Part = [
        ["№ п/п", "Наименование участника", "ИНН", "Цена, руб."],
        ["1", "ООО «Ромашка»", FIRM, "250 000,00"],
        ["2", "ИП Иванов Иван Иванович", "500100732259", "255 000,00"],
    ]
    assert names("ПРОТОКОЛ", protocol) == {"participant": ["ИП Иванов Иван Иванович", "ООО «Ромашка»"]}
    assert owners("ПРОТОКОЛ", protocol) == {FIRM: PARTICIPANT, "500100732259": PARTICIPANT}


def test_what_a_document_is_says_whose_its_values_are() -> None:
    assert owners("АНКЕТА УЧАСТНИКА", "ИНН 7707083893") == {FIRM: PARTICIPANT}
    assert owners("ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "ИНН 9701186367") == {SCHOOL: CUSTOMER}
    assert owners("Счет на оплату № 5", "ИНН 7707083893") == {FIRM: SUPPLIER}
    assert owners("Федеральный закон", "ИНН 7707083893") == {FIRM: None}


def test_a_guarantee_names_the_bank_the_firm_and_the_customer() -> None:
    text = (
        "ПАО «Сбербанк» (ИНН 7707083893), именуемое в дальнейшем «Гарант», отвечает за ООО «Ромашка» "
        "(ИНН 5408181095), именуемое в дальнейшем «Принципал», перед ГБОУ «Школа № 1» (ИНН 9701186367), "
        "именуемым в дальнейшем «Бенефициар»"
    )
    assert owners(text) == {FIRM: FieldRole.BANK, "5408181095": SUPPLIER, SCHOOL: CUSTOMER}


def test_who_typed_a_letter_is_no_supplier() -> None:
    assert owners("Исполнитель: Иванова Т. П.\nтел. (495) 123-45-67", field=FieldName.PHONE) == {"+74951234567": None}


def finder_of(*pages: PageReading) -> FieldFinder:
    finder = FieldFinder(DocumentContext("contract.docx", len(pages)), (find_requisites,))
    for page in pages:
        finder.add(page)
    return finder


def test_a_section_goes_on_on_the_next_page() -> None:
    first, second = page_of("Реквизиты Поставщика:"), page_of("ИНН 7707083893", number=2)
    (inn,) = [one.candidate for one in finder_of(first, second).ranked() if one.candidate.field is FieldName.INN]
    assert (inn.role, inn.page_number) == (SUPPLIER, 2)


def test_a_number_that_is_somebodys_on_one_page_is_told_once() -> None:
    pages = page_of("ИНН 7707083893"), page_of("ИНН Поставщика 7707083893", number=2)
    found_in_all = [one.candidate for one in finder_of(*pages).ranked() if one.candidate.field is FieldName.INN]
    assert [(one.value, one.role) for one in found_in_all] == [(FIRM, SUPPLIER)]


def test_the_inn_in_the_purchase_code_is_the_customers_and_comes_first() -> None:
    page = page_of("ИКЗ 232970118636777010100101070020000244", "ИНН 7707083893", "ИНН 9701186367")
    ranked = [one.candidate for one in finder_of(page).ranked()]
    assert [(one.value, one.role) for one in ranked if one.field is FieldName.INN] == [(SCHOOL, CUSTOMER), (FIRM, None)]
    assert [one.value for one in ranked if one.field is FieldName.LAW] == ["44-FZ"]


def test_the_law_that_a_repaired_number_tells_was_not_repaired_itself() -> None:
    fields = found(find_requisites, "Номер извещения О101500000623000057", is_ocr=True)
    assert fields[FieldName.PURCHASE_NUMBER][0].is_repaired
    assert [(law.value, law.is_repaired) for law in fields[FieldName.LAW]] == [("44-FZ", False)]


def test_an_account_that_is_misread_twice_is_repaired_once_and_does_not_hold() -> None:
    (account,) = found(find_requisites, "р/с 4О702810900000000001", "БИК 044525225", is_ocr=True)[
        FieldName.SETTLEMENT_ACCOUNT
    ]
    assert (account.value, account.is_repaired, account.is_valid) == ("40702810900000000001", True, False)


def test_what_only_the_head_tells_gives_way_to_what_the_text_says() -> None:
    head: tuple[Part, ...] = ("УТВЕРЖДАЮ\nДиректор АО «Порт»", "ТЕХНИЧЕСКОЕ ЗАДАНИЕ")
    assert names(*head) == {"customer": ["АО «Порт»"]}
    assert names(*head, "Заказчик: АО «Аэропорт»") == {"customer": ["АО «Аэропорт»"]}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Заказчик: Акционерное общество «Полярная Энергетика»", "АО «Полярная Энергетика»"),
        ("Заказчик – МКП «УКС», г. Пушкин", "МКП «УКС»"),
        ('Покупатель OOO "Кафе-кондитерская "Зефир", ИНН 7799492773', "ООО «Кафе-кондитерская «Зефир»"),
        ("в администрации города Перми (далее – Заказчик)", "администрация города Перми"),
        ("1.2 Заказчик\nМинистерство связи Пермского края.", "Министерство связи Пермского края"),
        ("ЗАКАЗЧИК: ПОДРЯДЧИК:\nДиректор МКП «УКС»\n______ / И. И. Иванов", "МКП «УКС»"),
    ],
)
def test_names_of_the_customer(text: str, name: str) -> None:
    fields = found(find_requisites, text, is_ocr="OOO" in text)
    values = [one.value for one in fields.get(FieldName.CUSTOMER, [])]
    if "ПОДРЯДЧИК" in text:
        assert values in ([], [name])
    else:
        assert values == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Заказчик обязан оплатить товар, а поставщик – поставить его.",
        "6) муниципальный заказчик – орган либо муниципальное унитарное предприятие либо иное лицо",
        "Заказчик: не указан",
        "Заказчик: ______________",
        "Договор заключается Заказчиком с Министерством",
    ],
)
def test_sentences_about_the_customer_do_not_name_him(text: str) -> None:
    assert names(text) == {}


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ('Общество с ограниченной ответственностью "Ромашка"', "ООО «Ромашка»"),
        ("Публичное акционерное общество «Сбербанк России»", "ПАО «Сбербанк России»"),
        ("федерального государственного унитарного предприятия «ЖКХ»", "ФГУП «ЖКХ»"),
        ("Муниципальное бюджетное дошкольное образовательное учреждение «Детский сад № 5»", "МБДОУ «Детский сад № 5»"),
        ("Министерства обороны", "Министерство обороны"),
        ("Белоярской АЭС", "Белоярская АЭС"),
        ("АО “НПП „Исток“”", "АО «НПП «Исток»»"),
    ],
)
def test_one_name_is_written_in_one_way(written: str, normal: str) -> None:
    assert normal_name(written) == normal


def placed(*lines: tuple[str, float, float], label: BlockLabel = BlockLabel.TEXT) -> PageReading:
    """A page of one-line blocks, each with its left edge and its top; ten pixels a character."""
    blocks = tuple(
        Block(
            label=label,
            bbox_px=(x, y, x + 10 * len(words), y + 20),
            content=words,
            lines=(Line(text=words, bbox_px=(x, y, x + 10 * len(words), y + 20)),),
        )
        for words, x, y in lines
    )
    return PageReading.of(page_result(*blocks, size_px=(1000, 1000)), is_ocr=False)


def test_a_form_without_rules_is_read_by_height_whatever_the_order_of_its_columns() -> None:
    labels = ("Извещение о закупке", 300.0, 0.0), ("Номер извещения", 10.0, 50.0), ("Заказчик", 10.0, 80.0)
    more = ("ИНН", 10.0, 110.0), ("Предмет закупки", 10.0, 140.0), ("Номер контактного телефона", 10.0, 170.0)
    said = (
        ("0101500000623000057", 500.0, 50.0),
        ("АО «Порт»", 500.0, 80.0),
        ("7707083893", 500.0, 110.0),
        ("Поставка бумаги офисной", 500.0, 140.0),
        ("8-495-2147000", 500.0, 170.0),
    )
    found_in_all = {one.candidate.field: one.candidate for one in finder_of(placed(*labels, *more, *said)).ranked()}
    assert found_in_all[FieldName.PURCHASE_NUMBER].value == "0101500000623000057"
    assert found_in_all[FieldName.CUSTOMER].value == "АО «Порт»"
    assert (found_in_all[FieldName.INN].value, found_in_all[FieldName.INN].role) == (FIRM, CUSTOMER)
    assert found_in_all[FieldName.SUBJECT].value == "Поставка бумаги офисной"
    assert found_in_all[FieldName.PHONE].value == "+74952147000"


def test_parties_named_in_passing() -> None:
    text = (
        "обязуется уплатить Бенефициару – ГБОУ «Школа № 1» (ИНН 9701186367) за Принципала – ООО «Ромашка» "
        "(ИНН 7707083893, ОГРН 1027700132195)"
    )
    assert owners(text) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    assert owners(text, field=FieldName.OGRN) == {"1027700132195": SUPPLIER}
    assert owners("Реквизиты Бенефициара: БИК 019802107", field=FieldName.BIK) == {"019802107": CUSTOMER}


def test_bids_of_a_protocol_are_no_longer_about_the_customer() -> None:
    parts = (
        "ПРОТОКОЛ",
        "Заказчик: АО «Порт» (ИНН 9701186367).",
        "Предмет закупки: ремонт причала.",
        "1. Рассмотрены заявки:",
        "1) ООО «Ромашка», ИНН 7707083893. Цена предложения 5 190 000,00 руб.",
    )
    assert owners(*parts) == {SCHOOL: CUSTOMER, FIRM: PARTICIPANT}
    assert names(*parts) == {"customer": ["АО «Порт»"], "participant": ["ООО «Ромашка»"]}
    assert owners("ПРОТОКОЛ", "Победителем признано ООО «Ромашка», ИНН 7707083893") == {FIRM: PARTICIPANT}


def test_values_beside_an_inn_are_its_owners() -> None:
    parts = (
        "Обеспечение перечисляется: ИНН 9701186367, КПП 770101001, БИК 004525988",
        [["Заказчик:\nГБОУ «Школа № 1»\nИНН 9701186367", "Поставщик:\n__________\nИНН __________"]],
    )
    assert owners(*parts, field=FieldName.KPP) == {"770101001": CUSTOMER}
    assert owners(*parts, field=FieldName.BIK) == {"004525988": CUSTOMER}


def test_a_value_between_two_inns_of_a_row_is_beside_neither() -> None:
    rows = [["№", "ИНН", "КПП", "ИНН", "КПП"], ["1", SCHOOL, "970101001", FIRM, "770701001"]]
    kpps = found(find_requisites, rows)[FieldName.KPP]
    assert {one.value: one.beside_inn for one in kpps} == {"970101001": None, "770701001": FIRM}


def test_requisites_without_labels_are_known_by_their_column() -> None:
    rows = [
        ["ЗАКАЗЧИК", "ИСПОЛНИТЕЛЬ"],
        [
            "998020, Приозёрная область, г. Заозёрск, ул. Котельная, д. 9",
            "998115, Приозёрная обл., г. Заозёрск, ул. Мира, 5",
        ],
        ["Р/счёт 40602810700000000025", "Р/счёт 40802810570110000138"],
        ["ПАО «Промбанк» г. Вологда", "Филиал «Северный» АО «Банк Развитие»"],
    ]
    assert owners(rows, field=FieldName.ADDRESS) == {
        "998020, Приозёрная область, г. Заозёрск, ул. Котельная, д. 9": CUSTOMER,
        "998115, Приозёрная обл., г. Заозёрск, ул. Мира, 5": SUPPLIER,
    }
    assert owners(rows, field=FieldName.BANK) == {
        "ПАО «Промбанк» г. Вологда": CUSTOMER,
        "Филиал «Северный» АО «Банк Развитие»": SUPPLIER,
    }


def test_participants_in_a_table_that_ocr_read_as_lines() -> None:
    read = (
        "Номер Наименование участника ИНН КПП Предложение\n"
        "117804512 ООО «Ромашка» 7707083893 | 770701001 | 1 091 697,84 1"
    )
    page = placed(("ПРОТОКОЛ", 0.0, 0.0))
    block = Block(label=BlockLabel.TABLE, bbox_px=(0, 50, 900, 90), content=read)
    whole = PageReading.of(page_result(page.pieces[0].block, block, size_px=(1000, 1000)), is_ocr=True)
    found_in_all = [one.candidate for one in finder_of(whole).ranked()]
    numbers = {
        (one.field.value, one.value, one.role) for one in found_in_all if one.field in (FieldName.INN, FieldName.KPP)
    }
    assert numbers == {("inn", FIRM, PARTICIPANT), ("kpp", "770701001", PARTICIPANT)}


def test_the_first_row_of_a_numbered_form_is_no_header() -> None:
    form = [
        ["1", "Фирменное наименование", "ИП Сафина Лилия Маратовна"],
        ["2", "Место жительства", "998112, г. Заозёрск, б-р Строителей, д. 22"],
        ["3", "Банковские реквизиты", "р/с 40802810000000000456 в АО «Альянс-Банк»"],
    ]
    fields = values(find_requisites, "ЗАЯВКА НА УЧАСТИЕ В ЗАПРОСЕ ПРЕДЛОЖЕНИЙ", "2. Сведения об участнике:", form)
    assert fields["participant"] == ["ИП Сафина Лилия Маратовна"]


def test_the_participants_of_a_protocol_stand_under_their_word() -> None:
    bids = [
        ["Номер заявки", "Участник закупки", "Предложение о цене контракта, руб."],
        ["1", "ООО «МедТехноПоставка»", "26 980 000,00"],
        ["2", "ИП Сафина Л. М.", "–"],
    ]
    fields = values(find_requisites, "ПРОТОКОЛ рассмотрения и оценки заявок", bids)
    assert fields["participant"] == ["ИП Сафина Л. М.", "ООО «МедТехноПоставка»"]


def test_the_customer_and_the_address_of_a_short_notice() -> None:
    fields = values(
        find_requisites,
        "Извещение о закупке у единственного поставщика",
        "№ 32617003391",
        "Наименование заказчика: Областное государственное унитарное предприятие «Приозёрскавтодор»",
        "Адрес места нахождения: 998330, Приозёрная область, г. Верхнеозёрск, ул. Дорожная, 15",
    )
    assert fields["purchase_number"] == ["32617003391"]
    assert fields["customer"] == ["ОГУП «Приозёрскавтодор»"]
    assert fields["address"] == ["998330, Приозёрная область, г. Верхнеозёрск, ул. Дорожная, 15"]


def test_parties_named_in_brackets_or_without_quotation_marks() -> None:
    claim = (
        f"Между ГБОУ «Школа № 1» (Заказчик, ИНН {SCHOOL}) и ООО «Ромашка» (Подрядчик, ИНН {FIRM}) заключён контракт."
    )
    assert owners(claim) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    plain = (
        f"ООО «Ромашка», ИНН {FIRM}, именуемое в дальнейшем Подрядчик, с одной стороны, и ГБОУ «Школа № 1», "
        f"ИНН {SCHOOL}, именуемое в дальнейшем Заказчик, с другой стороны, заключили договор"
    )
    assert owners(plain) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}


def test_an_inn_behind_a_name_is_of_whom_the_name_is() -> None:
    assert owners(f"от ГБОУ «Школа № 1», ИНН {SCHOOL}", "ГБОУ «Школа № 1» (Заказчик) требует уплатить пени.") == {
        SCHOOL: CUSTOMER
    }


def test_the_bank_of_an_invoice_stands_before_its_code() -> None:
    head = [["АО «Озеробанк» г. Лесной\nБанк получателя", "БИК", "044525225"]]
    assert values(find_requisites, head)["bank"] == ["АО «Озеробанк» г. Лесной"]


def test_a_party_whose_word_its_numbers_follow() -> None:
    assert owners(f"ЗАКАЗЧИК ИНН {SCHOOL}", f"ПОСТАВЩИК ИНН {FIRM}") == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}


def test_two_parties_in_one_line() -> None:
    line = "Покупатель: АО «Порт». Поставщик: ООО «Ромашка»."
    assert names(line) == {"customer": ["АО «Порт»"], "supplier": ["ООО «Ромашка»"]}


def test_all_participants_of_a_table() -> None:
    bids = [
        ["Участник", "ИНН", "Цена, руб. с НДС"],
        ["ООО «Ромашка»", FIRM, "5 120 000,00"],
        ["ГБОУ «Школа № 1»", SCHOOL, "5 300 000,00"],
    ]
    assert sorted(names(bids)["participant"]) == ["ГБОУ «Школа № 1»", "ООО «Ромашка»"]
    form = [["Наименование", "Сведения об участнике"], ["Имя", "ИП Соловьёв Павел Аркадьевич"], ["Банк", "ПАО «Банк»"]]
    assert "ПАО «Банк»" not in names(form).get("participant", [])


def test_the_guarantor_is_the_bank_of_a_guarantee() -> None:
    assert values(find_requisites, "НЕЗАВИСИМАЯ ГАРАНТИЯ", "Гарант: АО «Светлобанк»")["bank"] == ["АО «Светлобанк»"]
    heading = [["7. Банковские реквизиты", ""], ["Банк:", "7. Банковские реквизиты"]]
    assert "bank" not in values(find_requisites, heading)


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (
            "Поставщик ООО «Ромашка», ИНН 7799434926, КПП 779901001, 121170,\n"
            "(Исполнитель): Москва г, Кутузовский пр-кт, дом № 1/7",
            "121170, Москва г, Кутузовский пр-кт, дом № 1/7",
        ),
        (
            "Поставщик: ООО «Ромашка», ИНН 7799434926, 998200, г.\nЛесной, ул. Речная, д. 3",
            "998200, г. Лесной, ул. Речная, д. 3",
        ),
        ("Заказчик: АО «Газ» (ИНН 7799434926), 998500, г. Лесной, ул. Речная, 1", "998500, г. Лесной, ул. Речная, 1"),
    ],
)
def test_an_address_behind_other_requisites(line: str, address: str) -> None:
    assert values(find_requisites, line)["address"] == [address]


def test_the_inn_of_a_row_is_of_whom_its_name_is() -> None:
    bids = [
        ["Номер заявки", "Наименование участника", "ИНН", "КПП"],
        ["117804512", "ООО «Ромашка»", FIRM, "779901001"],
        ["117804690", "ГБОУ «Школа № 1»", SCHOOL, "970101001"],
    ]
    read = ("Номер извещения 0198300004526000123", bids)
    assert set(owners(*read, is_ocr=True).values()) == {FieldRole.PARTICIPANT}
    assert set(owners(*read, field=FieldName.KPP, is_ocr=True).values()) == {FieldRole.PARTICIPANT}


@pytest.mark.parametrize("other", ["Заказчик", "Поставщик"])
def test_the_head_of_another_column_does_not_say_whose_a_number_is(other: str) -> None:
    bids = [
        ["№", "Наименование участника", "ИНН", other],
        ["1", "ООО «Ромашка»", FIRM, "ГБОУ «Лицей»"],
        ["2", "АО «Василёк»", "5408181095", "ГБОУ «Лицей»"],
    ]
    assert set(owners(bids).values()) == {PARTICIPANT}
    assert set(owners("ПРОТОКОЛ", bids).values()) == {PARTICIPANT}


def test_rows_below_a_party_of_a_form_are_its_own() -> None:
    form = [
        ["1", "Заказчик", "ГБОУ «Школа № 1»"],
        ["1.1", "ИНН", SCHOOL],
        ["2", "Поставщик", "ООО «Ромашка»"],
        ["2.1", "ИНН", FIRM],
    ]
    assert owners(form) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}


def test_a_university_in_short() -> None:
    written = "Федеральное государственное бюджетное образовательное учреждение высшего образования «ПГТУ»"
    assert normal_name(written) == "ФГБОУ ВО «ПГТУ»"


def test_who_ordered_how_prices_are_found_buys_nothing() -> None:
    title = "ОБОСНОВАНИЕ НАЧАЛЬНОЙ (МАКСИМАЛЬНОЙ) ЦЕНЫ КОНТРАКТА"
    by_order = "Метод рынка в соответствии с приказом\nМинэкономразвития России от 02.10.2013 № 567"
    assert "customer" not in names(f"{title}\n{by_order}", is_ocr=True)


def test_parties_with_two_names_in_one_paragraph() -> None:
    invoice = (
        f"Поставщик (Исполнитель): ООО «Ромашка», ИНН {FIRM} "
        f"Покупатель (Заказчик): ГБОУ «Школа № 1», ИНН {SCHOOL} Основание: Договор № 61"
    )
    assert owners(invoice) == {FIRM: SUPPLIER, SCHOOL: CUSTOMER}
    act = f"Заказчик (Генподрядчик): ГБОУ «Школа № 1», ИНН {SCHOOL}"
    assert owners(act) == {SCHOOL: CUSTOMER}


def test_whom_a_contract_was_concluded_with() -> None:
    refusal = (
        f"Заказчик ГБОУ «Школа № 1» (ИНН {SCHOOL}) принял решение об отказе от исполнения контракта на поставку "
        f"бумаги, заключённого с ООО «Ромашка» (ИНН {FIRM})."
    )
    assert owners(refusal) == {SCHOOL: CUSTOMER, FIRM: SUPPLIER}
    request = f"Заказчик просит подтвердить опыт: договор, заключённый с ГБОУ «Школа № 1» (ИНН {SCHOOL})"
    assert owners(request) == {SCHOOL: None}


def test_participants_side_by_side() -> None:
    bids = [["Номер заявки", "1", "2"], ["Участник", "ООО «Ромашка»", "ГБОУ «Школа № 1»"], ["ИНН", FIRM, SCHOOL]]
    assert names(bids)["participant"] == ["ГБОУ «Школа № 1»", "ООО «Ромашка»"]
