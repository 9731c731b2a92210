"""Number and date of a document and of its contract: from its head, not from what it mentions."""

from __future__ import annotations

import pytest

from tenderlake.fields.context import DocumentContext
from tenderlake.fields.documentnumbers import find_document_numbers
from tests.fieldpages import Part, page_of, values

pytestmark = pytest.mark.unit

CONTEXT = DocumentContext(path="tender/document.pdf", page_count=1)


@pytest.mark.parametrize(
    ("text", "number", "date"),
    [
        ("Счет-оферта № 5 от 23 марта 2019 г.", ["5"], ["2019-03-23"]),
        ("ЛОКАЛЬНЫЙ СМЕТНЫЙ РАСЧЕТ № 192/2019-ЛС\n(локальная смета)", ["192/2019-ЛС"], []),
        ("ПРОТОКОЛ № 0101500000623000049-1\nподведения итогов", ["0101500000623000049-1"], []),
        ("Закон г. Москвы от 21 ноября 2007 г. N 45 «Кодекс»", ["45"], ["2007-11-21"]),
        ("5 апреля 2013 года N 44-ФЗ", ["44-ФЗ"], ["2013-04-05"]),
        ("П Р И К А З\nот 12.08.2014 № 257-ШТ", ["257-ШТ"], ["2014-08-12"]),
        ("ЗАЯВКА НА УЧАСТИЕ\nДата: «31» марта 2026 года Исходящий № №3103/1", ["3103/1"], ["2026-03-31"]),
        ("Исх. № 15-04/7 от 12.03.2026\nО направлении документов", ["15-04/7"], ["2026-03-12"]),
        ("ОБОСНОВАНИЕ\nДата подготовки обоснования НМЦК: 16.01.2026", [], ["2026-01-16"]),
        ("Исх. от 12.03.2026 № 15-04/7\nО направлении документов", ["15-04/7"], ["2026-03-12"]),
        ("ПРОТОКОЛ\n\nПОДВЕДЕНИЯ ИТОГОВ\n\n№ ИЭА1 от 16.03.2026", ["ИЭА1"], ["2026-03-16"]),
        ("Извещение об осуществлении закупки № 0101500000626000057", [], []),
        ("Решение от 9 июня 2024 г. по делу № А98-2546/2024", [], ["2024-06-09"]),
        ("Ценовое предложение на запрос № 77 от 15.04.2026", [], []),
        ("Расходная накладная № 118 от 03.04.2026", ["118"], ["2026-04-03"]),
        ("БАНКОВСКАЯ ГАРАНТИЯ № 25777-447-0123456 от 12.03.2026", ["25777-447-0123456"], ["2026-03-12"]),
    ],
)
def test_the_head_of_a_document(text: str, number: list[str], date: list[str]) -> None:
    fields = values(find_document_numbers, text)
    assert (fields.get("document_number", []), fields.get("document_date", [])) == (number, date)


def test_a_contract_has_its_number_twice() -> None:
    fields = values(
        find_document_numbers,
        "ГОСУДАРСТВЕННЫЙ КОНТРАКТ № 0132/2026-ЭА\nна поставку кабельной продукции",
        "г. Мурманск\t\t«15» марта 2026 г.",
        "действующего на основании доверенности № 12 от 10.01.2026",
    )
    assert fields == {
        "contract_number": ["0132/2026-ЭА"],
        "document_number": ["0132/2026-ЭА"],
        "contract_date": ["2026-03-15"],
        "document_date": ["2026-03-15"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "Приложение № 1\nк Контракту № 17-А от «12» марта 2026 г.",
        "АКТ № 3 от 30.04.2026\nсдачи-приемки услуг по договору № 17-А от 12.03.2026",
        "Номер контракта: 17-А\nДата заключения контракта: 12.03.2026",
        "ДОПОЛНИТЕЛЬНОЕ СОГЛАШЕНИЕ № 2\nк муниципальному контракту № 17-А от 12.03.2026 г.",
    ],
)
def test_the_contract_that_a_document_belongs_to(text: str) -> None:
    fields = values(find_document_numbers, text)
    assert (fields["contract_number"], fields["contract_date"]) == (["17-А"], ["2026-03-12"])
    assert "17-А" not in fields.get("document_number", [])


def test_a_form_has_number_and_date_under_their_labels() -> None:
    form = [["", "Номер документа", "Дата составления"], ["", "", ""], ["АКТ", "45-к", "12.03.2026"]]
    assert values(find_document_numbers, form) == {"document_number": ["45-к"], "document_date": ["2026-03-12"]}


@pytest.mark.parametrize(
    "text",
    [
        "Приложение Е.1.\nк Техническому заданию\n№________________________\nот «___» _ __________ 2014 г.",
        "КОНТРАКТ № ______\nг. Москва «___» ________ 2026 г.",
        "Основание: Техническое задание № 11-05/4-1489 от 06.12.2018",
        "Государственный контракт заключается по статье 93; см. договор № 51-8-2007 от 10.09.2007",
        "в соответствии с постановлением Правительства от 16.02.2008 № 87",
        "УТВЕРЖДАЮ\nДиректор\n«22» мая 2019 г.",
        "Принят\nГосударственной Думой\n22 марта 2013 года",
        "Лот № 1\n• Протокол №1 экспертной оценки",
        "Таблица № 2",
        "Постановление принимается большинством",
    ],
)
def test_blanks_and_numbers_of_something_else_are_none(text: str) -> None:
    assert values(find_document_numbers, text) == {}


@pytest.mark.parametrize("piece", ["КОНТРАКТ № ", "№ 1", "АКТ\n", "12.03.2026 ", "Приложение к договору № "])
def test_a_page_of_nothing_else_is_read_in_one_pass(piece: str) -> None:
    page = page_of(piece * (200_000 // len(piece)))
    assert sum(1 for _ in find_document_numbers(page, CONTEXT)) < 100_000


def test_a_law_in_a_form_gives_the_document_no_number() -> None:
    rows = [["5", "Нормативный документ", "Федеральный закон от 18.07.2011 № 223-ФЗ"], ["6", "Предмет", "Трубы"]]
    assert values(find_document_numbers, "ИЗВЕЩЕНИЕ О ЗАКУПКЕ", rows) == {}


def test_a_sentence_on_the_contract_makes_no_contract_of_a_protocol() -> None:
    fields = values(
        find_document_numbers,
        "ПРОТОКОЛ № 32615984127-03\nподведения итогов",
        "г. Заозёрск 27.04.2026",
        "Договор заключается по цене 5 190 000 рублей.",
    )
    assert fields == {"document_number": ["32615984127-03"], "document_date": ["2026-04-27"]}


def test_the_number_in_the_registry_is_no_number_of_the_contract() -> None:
    assert values(find_document_numbers, "реестровый номер контракта 2980455120525000016 (Источник № 3)") == {}


def test_the_number_and_the_date_of_the_contract_behind_a_label() -> None:
    fields = values(find_document_numbers, "Номер контракта – 15345-АШ/Д05 от 03.08.06 г.")
    assert fields == {"contract_number": ["15345-АШ/Д05"], "contract_date": ["2006-08-03"]}


def test_a_bid_has_its_own_number_not_that_of_the_purchase() -> None:
    fields = values(
        find_document_numbers,
        "ЗАЯВКА НА УЧАСТИЕ В ЗАПРОСЕ ПРЕДЛОЖЕНИЙ № 32616227714",
        "Дата: 02 июля 2026 г. Исх. № 117/07",
    )
    assert fields == {"document_number": ["117/07"], "document_date": ["2026-07-02"]}


def test_the_number_of_a_protocol_under_what_it_is_about() -> None:
    fields = values(
        find_document_numbers,
        "ПРОТОКОЛ\nрассмотрения и оценки заявок на участие в конкурсе\n№ 0198100006226000078-2",
        "Заявка № 3 отклонена на основании закона.",
    )
    assert fields == {"document_number": ["0198100006226000078-2"]}


def test_a_contract_is_the_basis_of_an_invoice() -> None:
    fields = values(find_document_numbers, "Счёт № 381 от 17.06.2026\nОснование: контракт № 12-ЗК от 01.06.2026")
    assert fields["contract_number"] == ["12-ЗК"]
    assert fields["contract_date"] == ["2026-06-01"]


def test_a_contract_made_in_a_village() -> None:
    fields = values(find_document_numbers, "КОНТРАКТ № Ф.2026.0027", [["с. Ольховка", "14.05.2026"]])
    assert fields["contract_date"] == ["2026-05-14"]


def test_the_letter_that_is_answered_is_not_the_document() -> None:
    fields = values(
        find_document_numbers,
        "Исх. № 54 от 12.01.2026",
        "КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ",
        "В ответ на Ваш запрос от 29.12.2025 № 1187 предлагаем",
    )
    assert fields == {"document_number": ["54"], "document_date": ["2026-01-12"]}


def test_the_contract_in_the_head_of_an_act_is_not_the_act() -> None:
    form = [
        ["Договор подряда (контракт)", "номер", "31-СМР"],
        ["", "дата", "14.01.2026"],
        ["Номер документа", "Дата составления", ""],
        ["3", "31.03.2026", ""],
    ]
    assert values(find_document_numbers, form) == {
        "contract_number": ["31-СМР"],
        "contract_date": ["2026-01-14"],
        "document_number": ["3"],
        "document_date": ["2026-03-31"],
    }


def test_the_contract_that_a_claim_is_about() -> None:
    claim = ("ПРЕТЕНЗИЯ", "Между сторонами заключён контракт от 01.07.2025 № 144-МК на ремонт.")
    refusal = ("РЕШЕНИЕ", "об одностороннем отказе", "от исполнения контракта от 01.07.2025 № 144-МК")
    kind = ("УВЕДОМЛЕНИЕ О РАСТОРЖЕНИИ", "договора аренды от 01.07.2025 № 144-МК, а не договора № 3 от 02.07.2024")
    for paper in (claim, refusal, kind):
        assert values(find_document_numbers, *paper) == {
            "contract_number": ["144-МК"],
            "contract_date": ["2025-07-01"],
        }


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        (
            ("Документ о приёмке № 7 от 30.04.2026", "Номер и дата контракта: 41-УП от 27.03.2026"),
            {
                "document_number": ["7"],
                "document_date": ["2026-04-30"],
                "contract_number": ["41-УП"],
                "contract_date": ["2026-03-27"],
            },
        ),
        (
            ("РАМОЧНЫЙ ДОГОВОР № 17-РД/2026", "28.04.2026"),
            {
                "contract_number": ["17-РД/2026"],
                "document_number": ["17-РД/2026"],
                "contract_date": ["2026-04-28"],
                "document_date": ["2026-04-28"],
            },
        ),
        (
            ("ИТОГОВЫЙ ПРОТОКОЛ № 7-03", "от 27.02.2026"),
            {"document_number": ["7-03"], "document_date": ["2026-02-27"]},
        ),
        (("ПРОТОКОЛ", "18 августа 2026 г.   г. Порт-Северный"), {"document_date": ["2026-08-18"]}),
        (
            ("Разъяснение", "Дата и время размещения разъяснений: 12.03.2026 09:40"),
            {"document_date": ["2026-03-12"]},
        ),
        (
            ("ДОВЕРЕННОСТЬ", "г. Каменск двенадцатое января две тысячи двадцать шестого года (12.01.2026)"),
            {"document_date": ["2026-01-12"]},
        ),
        (
            ("НАКЛАДНАЯ", [["Основание Договор № 15-к от 10.03.2026", ""]]),
            {"contract_number": ["15-к"], "contract_date": ["2026-03-10"]},
        ),
    ],
)
def test_heads_of_papers_of_a_purchase(parts: tuple[Part, ...], fields: dict[str, list[str]]) -> None:
    assert values(find_document_numbers, *parts) == fields


def test_a_letter_that_a_sentence_names_is_another_paper() -> None:
    text = "Направлены запросы пяти исполнителям (исх. от 02.02.2026 № 77), получено три ответа."
    assert values(find_document_numbers, "РАСЧЁТ ЦЕНЫ", text) == {}


def test_a_number_cut_by_a_speck_is_none() -> None:
    assert "document_number" not in values(find_document_numbers, "Счёт на оплату № M'111-381 от 17 июня 2026 г.")


def test_the_date_behind_the_code_of_the_purchase() -> None:
    head = "ИКЗ: 263980310274398030100100410012740244 г. Верхнеозёрск «20» апреля 2026 г."
    assert values(find_document_numbers, "МУНИЦИПАЛЬНЫЙ КОНТРАКТ № 41", head)["contract_date"] == ["2026-04-20"]


@pytest.mark.parametrize(
    "title",
    [
        "СОГЛАШЕНИЕ\nо расторжении контракта от 14.01.2026 № 0198/03-К",
        "АКТ СВЕРКИ взаимных расчётов между ООО «А» и ООО «Б» по договору № 0198/03-К от 14.01.2026",
        "УВЕДОМЛЕНИЕ о начислении пени по контракту от 14.01.2026 № 0198/03-К",
    ],
)
def test_the_number_in_a_title_is_that_of_the_contract_it_names(title: str) -> None:
    assert values(find_document_numbers, title) == {"contract_number": ["0198/03-К"], "contract_date": ["2026-01-14"]}


def test_the_date_of_a_contract_behind_its_subject_and_town() -> None:
    title = "МУНИЦИПАЛЬНЫЙ КОНТРАКТ № 08/26-Т на поставку дизельного топлива г. Каменск «19» января 2026 г."
    assert values(find_document_numbers, title)["contract_date"] == ["2026-01-19"]


def test_the_number_of_a_guarantee_and_the_basis_of_a_delivery() -> None:
    form = [["Номер независимой гарантии", "26777-777ТГ0003"], ["Дата выдачи", "05.02.2026"]]
    assert values(find_document_numbers, "НЕЗАВИСИМАЯ ГАРАНТИЯ", form) == {
        "document_number": ["26777-777ТГ0003"],
        "document_date": ["2026-02-05"],
    }
    basis = "Основание передачи (сдачи) / получения (приемки): договор поставки № 61/2026 от 20.01.2026"
    assert values(find_document_numbers, basis) == {"contract_number": ["61/2026"], "contract_date": ["2026-01-20"]}


def test_when_a_passport_was_issued_is_no_date_of_a_paper() -> None:
    form = [["Паспорт", "5704 123456"], ["Дата выдачи", "05.02.2020"]]
    assert "document_date" not in values(find_document_numbers, "АНКЕТА УЧАСТНИКА", form)
    assert values(find_document_numbers, "СПРАВКА № 5", "Дата выдачи: 05.02.2026")["document_date"] == ["2026-02-05"]
