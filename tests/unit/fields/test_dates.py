"""Deadlines, start and end of the work, approval: dates that a document sets, not those that it mentions."""

from __future__ import annotations

import pytest

from tenderlake.fields.context import DocumentContext
from tenderlake.fields.dates import find_dates
from tenderlake.lake.vocabulary import FieldMethod, FieldName
from tests.fieldpages import found, page_of, values

pytestmark = pytest.mark.unit

CONTEXT = DocumentContext(path="tender/document.pdf", page_count=1)


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("Дата и время окончания срока подачи заявок: 22.12.2025 08:00 (МСК)", "2025-12-22T08:00+03:00"),
        ("Срок подачи предложений: 15.04.2026 18:00 МСК+2", "2026-04-15T18:00+05:00"),
        ("Дата окончания подачи заявок на участие в закупке – «15» апреля 2026 г.", "2026-04-15"),
        ("Срок приема заявок с 01.04.2026 по 15.04.2026 10:00", "2026-04-15T10:00"),
        ("Заявки принимаются с 01.04.2026 до 10:00 (время московское) 15.04.2026 г.", "2026-04-15T10:00+03:00"),
        ("Дата окончания подачи заявок: 15.04.2026\n\nПодведение итогов — 20 апреля 2026", "2026-04-15"),
        ("Подача заявок: 01.04.2026 - 15.04.2026 06:10", "2026-04-15T06:10"),
        ("Окончание приёма котировочных заявок 15.04.2026 в 09 час. 30 мин. по местному времени", "2026-04-15T09:30"),
    ],
)
def test_the_deadline_of_bids_with_its_time(text: str, deadline: str) -> None:
    (candidate,) = found(find_dates, text)[FieldName.BID_DEADLINE]
    assert candidate.value == deadline
    assert candidate.date is not None
    assert candidate.date.isoformat() == deadline[:10]


def test_a_notice_as_a_form() -> None:
    notice = [
        ["Дата и время окончания срока подачи заявок", "22.12.2025 08:00 (МСК)"],
        ["Дата проведения процедуры подачи предложений о цене контракта", "22.12.2025 10:00 (МСК)"],
        ["Место и дата рассмотрения заявок и подведения итогов", "24.12.2025"],
        ["Дата начала исполнения контракта", "01.01.2026"],
        ["Дата окончания исполнения контракта", "31.12.2026"],
    ]
    fields = found(find_dates, notice)
    assert {name.value: one.value for name, (one,) in fields.items()} == {
        "bid_deadline": "2025-12-22T08:00+03:00",
        "auction_date": "2025-12-22T10:00+03:00",
        "results_date": "2025-12-24",
        "work_start": "2026-01-01",
        "work_end": "2026-12-31",
    }
    assert {one.method for (one,) in fields.values()} == {FieldMethod.CELL}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1.2 срок оказания услуг:\nначало – 15.09.2019\nокончание – 25.12.2019", ["2019-09-15"], ["2019-12-25"]),
        ("Срок выполнения работ: с 01 мая 2026 г. по 30 сентября 2026 г.", ["2026-05-01"], ["2026-09-30"]),
        ("Срок поставки: в течение 30 дней с даты заключения, но не позднее 01.06.2026", [], ["2026-06-01"]),
        ("Работы должны быть выполнены в срок до 1 сентября 2026 г.", [], ["2026-09-01"]),
        ("Начало выполнения работ: 06.05.2019 г.", ["2019-05-06"], []),
    ],
)
def test_start_and_end_of_the_work(text: str, start: list[str], end: list[str]) -> None:
    fields = values(find_dates, text)
    assert (fields.get("work_start", []), fields.get("work_end", [])) == (start, end)


def test_approval_is_the_date_under_it() -> None:
    (candidate,) = found(find_dates, "УТВЕРЖДАЮ\nДиректор\n_______ И.И. Иванов\n«05» февраля 2026 г.")[
        FieldName.APPROVAL_DATE
    ]
    assert (candidate.value, candidate.method) == ("2026-02-05", FieldMethod.TITLE)


def test_approval_stands_in_its_own_column() -> None:
    heads = [
        ["СОГЛАСОВАНО:", "УТВЕРЖДАЮ:"],
        ["Главный инженер", "Директор"],
        ["« 21 » 05 2019 г.", "« 22 » 05 2019 г."],
    ]
    assert values(find_dates, heads) == {"approval_date": ["2019-05-22"]}


@pytest.mark.parametrize(
    "text",
    [
        "УТВЕРЖДАЮ\nМинистр\n________ Е.Е. Балуев\n«____» ______________ 201_ г.",
        "УТВЕРЖДАЮ\nДиректор\n«___» ________ 2026 г.\nТЕХНИЧЕСКОЕ ЗАДАНИЕ\nпо договору от 12.03.2025",
        "Правила утверждены постановлением от 22.12.2012 № 1376",
        "Дата окончания подачи заявок «___» ________ 2026 г.",
        "Дата окончания срока подачи заявок: 31.02.2026",
        "Срок действия заявки составляет 60 дней с даты окончания приема заявок.",
        "Срок подачи заявок установлен Федеральным законом от 05.04.2013 № 44-ФЗ",
        "Срок выполнения работ: сентябрь 2026 – IV квартал 2026 года",
        "Договор от 18.05.2017 на сумму 7 400 763,60",
    ],
)
def test_blanks_and_dates_of_something_else_are_none(text: str) -> None:
    assert values(find_dates, text) == {}


@pytest.mark.parametrize(
    "piece", ["срок подачи заявок ", "УТВЕРЖДАЮ ", "12.12.2012 ", "срок поставки с 01.01.2026 по "]
)
def test_a_page_of_nothing_else_is_read_in_one_pass(piece: str) -> None:
    page = page_of(piece * (200_000 // len(piece)), [["УТВЕРЖДАЮ"]] * 2000)
    assert sum(1 for _ in find_dates(page, CONTEXT)) < 5000


def test_the_last_day_to_pay_and_to_deliver_a_project() -> None:
    assert values(find_dates, "Оплатить не позднее 05.04.2019")["payment_term"] == ["2019-04-05"]
    assert values(find_dates, "Срок сдачи проекта: 04.07.2019 г.")["work_end"] == ["2019-07-04"]


def test_the_end_of_the_work_is_not_its_start() -> None:
    fields = values(find_dates, "Сроки: начало – с даты заключения, окончание – не позднее 30 сентября 2026 года.")
    assert fields == {"work_end": ["2026-09-30"]}


def test_a_protocol_tells_when_bids_ended() -> None:
    fields = values(find_dates, "По окончании срока подачи заявок до 06.04.2026 08:00 подано 2 заявки.")
    assert fields == {"bid_deadline": ["2026-04-06T08:00"]}


def test_the_end_of_a_term_behind_a_dash() -> None:
    assert values(find_dates, "«3.1. Срок поставки – до 15.11.2026».") == {"work_end": ["2026-11-15"]}


def test_results_without_the_word_date_and_a_form_that_the_state_approved() -> None:
    assert values(find_dates, "Подведение итогов: не позднее 06.04.2026") == {"results_date": ["2026-04-06"]}
    assert values(find_dates, "Утверждена постановлением Госкомстата России от 11.11.99 № 100") == {}
    assert values(find_dates, "УТВЕРЖДАЮ\nМинистр здравоохранения области\nИ. И. Иванов\n12.01.2026") == {
        "approval_date": ["2026-01-12"]
    }
    assert values(find_dates, "Утверждена приказом директора от 11.11.2019 № 100") == {"approval_date": ["2019-11-11"]}
    assert values(find_dates, "Оказание услуг осуществляется с 01.03.2026 по 30.11.2026 (включительно)") == {
        "work_start": ["2026-03-01"],
        "work_end": ["2026-11-30"],
    }


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("УТВЕРЖДЁН\nприказом Министерства строительства области\nот 12.03.2026 № 45", ["2026-03-12"]),
        ("Утверждено\nприказом Минобрнауки от 02.02.2026 № 11-п", ["2026-02-02"]),
        ("Форма № 4\nУтверждена приказом Минстроя России от 02.02.2026 № 11", []),
        ("УТВЕРЖДЕНА\nприказом Министерства финансов Российской Федерации\nот 30.03.2015 № 52н", []),
        ("Форма по КНД 1150058\nУтверждена приказом ФНС России от 14.11.2022", []),
        ("Утверждено постановлением Правительства РФ от 26.12.2011 № 1137", []),
    ],
)
def test_a_ministry_approves_papers_and_the_forms_of_papers(text: str, dates: list[str]) -> None:
    assert values(find_dates, text).get("approval_date", []) == dates


def test_works_of_a_period_and_the_last_day_of_a_contract() -> None:
    fields = values(find_dates, "3.1. Работы выполняются с 06.04.2026 по 30.11.2027.")
    assert fields == {"work_start": ["2026-04-06"], "work_end": ["2027-11-30"]}
    assert values(find_dates, [["Срок исполнения контракта", "31.12.2028"]]) == {"work_end": ["2028-12-31"]}
