"""Given a name and a first page, this is the type of the document."""

from __future__ import annotations

import pytest

from tenderlake.document_type import classify
from tenderlake.lake.vocabulary import DocumentType

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("filename", "text", "expected"),
    [
        ("Извещение.pdf", "", DocumentType.NOTICE),
        ("ТЗ_кабель.docx", "", DocumentType.TECHNICAL_SPECIFICATION),
        ("Приложение 1.pdf", "ТЕХНИЧЕСКОЕ ЗАДАНИЕ на поставку", DocumentType.TECHNICAL_SPECIFICATION),
        ("scan2.pdf", "РАМОЧНЫЙ ДОГОВОР № 17-РД/2026\nг. Порт", DocumentType.CONTRACT),
        ("Карточка контракта.docx", "Сведения о контракте, включённые в реестр контрактов", DocumentType.OTHER),
        ("scan3.pdf", "Изменение извещения о проведении электронного аукциона", DocumentType.NOTICE),
        ("Проект контракта.docx", "Муниципальный контракт № ___", DocumentType.CONTRACT),
        ("ЛСР 02-01.pdf", "ЛОКАЛЬНАЯ СМЕТА № 02-01-01", DocumentType.ESTIMATE),
        ("Обоснование НМЦК.tiff", "начальная (максимальная) цена контракта", DocumentType.NMCK_JUSTIFICATION),
        ("Протокол.pdf", "Протокол рассмотрения заявок", DocumentType.PROTOCOL),
        ("scan0001.pdf", "Форма заявки на участие в закупке", DocumentType.APPLICATION_FORM),
        (
            "Приложение 6. Требования к заявке.pdf",
            "Приложение № 6 к извещению о закупке",
            DocumentType.APPLICATION_FORM,
        ),
        ("Акт осмотра.png", "АКТ ОСМОТРА № 3. Комиссия: контрактный управляющий Лебедев", DocumentType.OTHER),
        ("photo.jpg", "Кот сидит на окне", DocumentType.OTHER),
        ("3_tz_svetilniki.pdf", "Светильники уличные", DocumentType.TECHNICAL_SPECIFICATION),
        ("Proekt_kontrakt.docx", "", DocumentType.CONTRACT),
    ],
)
def test_type(filename: str, text: str, expected: DocumentType) -> None:
    assert classify(filename, text).document_type is expected


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        (
            "Приложение № 1 к контракту № 5\n\nСПЕЦИФИКАЦИЯ\n\nИтого 100,00",
            DocumentType.CONTRACT,
            "title «СПЕЦИФИКАЦИЯ»",
        ),
        (
            "УТВЕРЖДАЮ\nДиректор\n\nТ Е Х Н И Ч Е С К О Е З А Д А Н И Е",
            DocumentType.TECHNICAL_SPECIFICATION,
            "title «ТЕХНИЧЕСКОЕЗАДАНИЕ»",
        ),
        ("Кот сидит на окне", DocumentType.OTHER, None),
        ("П Р О Т О К О Л № 7\nзаседания комиссии", DocumentType.PROTOCOL, "title «ПРОТОКОЛ № 7»"),
        (
            "Оглавление\nТехническое задание ........ 5\nПроект контракта\t12\nОТЧЁТ О РАБОТЕ",
            DocumentType.OTHER,
            "title «ОТЧЁТ О РАБОТЕ»",
        ),
        ("Работы выполнены по техническому заданию № 4 к договору № 5 от 01.02.2026", DocumentType.OTHER, None),
        (
            "Заказчик, именуемый в дальнейшем, в лице директора, действующего на основании устава.\n"
            "Обстоятельства: форс-мажор. Цена является твёрдой.",
            DocumentType.CONTRACT,
            "the text speaks of",
        ),
        (
            "Раздел 3. ОПИСАНИЕ ОБЪЕКТА ЗАКУПКИ\nПоставка бумаги",
            DocumentType.TECHNICAL_SPECIFICATION,
            "title «ОПИСАНИЕ ОБЪЕКТА ЗАКУПКИ»",
        ),
        ("ПРОТОКОЛ РАЗНОГЛАСИЙ к договору поставки № 5", DocumentType.OTHER, "title «ПРОТОКОЛ РАЗНОГЛАСИЙ"),
        ("ДОГОВОР НА ПОСТАВКУ БУМАГИ", DocumentType.CONTRACT, "title «ДОГОВОР НА ПОСТАВКУ"),
        ("СМЕТА НА РЕМОНТ КРОВЛИ", DocumentType.ESTIMATE, "title «СМЕТА НА РЕМОНТ"),
        (
            "ЗАПРОС О ПРЕДОСТАВЛЕНИИ ЦЕНОВОЙ ИНФОРМАЦИИ\nпросит Вас",
            DocumentType.OTHER,
            "title «ЗАПРОС О ПРЕДОСТАВЛЕНИИ",
        ),
        ("Запрос цен на оказание услуг", DocumentType.OTHER, "title «Запрос цен"),
        ("РАЗЪЯСНЕНИЯ ПОЛОЖЕНИЙ ИЗВЕЩЕНИЯ", DocumentType.OTHER, "title «РАЗЪЯСНЕНИЯ"),
        ("ПРЕТЕНЗИЯ\nоб уплате неустойки", DocumentType.OTHER, "title «ПРЕТЕНЗИЯ»"),
        ("ВЫПИСКА\nиз Единого государственного реестра", DocumentType.OTHER, "title «ВЫПИСКА»"),
        ("ДОГОВОР АРЕНДЫ ОФИСНОГО ПОМЕЩЕНИЯ № 001/24", DocumentType.CONTRACT, "title «ДОГОВОР АРЕНДЫ"),
        ("АКТ ВЫПОЛНЕННЫХ РАБОТ", DocumentType.OTHER, "title «АКТ"),
        ("ПРЕДЛОЖЕНИЕ О ЦЕНЕ ДОГОВОРА\nООО «Ромашка»", DocumentType.APPLICATION_FORM, "title «ПРЕДЛОЖЕНИЕ О ЦЕНЕ"),
        ("КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ\nна ваш запрос", DocumentType.OTHER, "title «КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ»"),
        (
            "5. ФОРС-МАЖОР\nСтороны освобождаются от ответственности.\n6. СРОК ДЕЙСТВИЯ ДОГОВОРА\n"
            "9. АДРЕСА, РЕКВИЗИТЫ И ПОДПИСИ СТОРОН",
            DocumentType.CONTRACT,
            "the text speaks of",
        ),
        (
            "Содержание\nПорядок оформления и предъявления заказчику результатов работ .... 10\n"
            "Состав и содержание работ по созданию системы .... 12\nЦели и назначения создания сервиса .... 14",
            DocumentType.TECHNICAL_SPECIFICATION,
            "the text speaks of",
        ),
        ("БАНКОВСКАЯ ГАРАНТИЯ № 12 на исполнение контракта", DocumentType.OTHER, "title «БАНКОВСКАЯ ГАРАНТИЯ"),
    ],
)
def test_the_reason_names_what_decided(text: str, expected: DocumentType, reason: str | None) -> None:
    found = classify("scan0001.pdf", text)
    assert found.document_type is expected
    assert (found.reason or "").startswith(reason or "")
    assert (found.reason is None) == (reason is None)


def test_a_title_beats_a_misleading_name() -> None:
    found = classify("Приложение к контракту.pdf", "ЛОКАЛЬНЫЙ СМЕТНЫЙ РАСЧЕТ № 5\nСметная стоимость 10 тыс. руб.")
    assert found.document_type is DocumentType.ESTIMATE
