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
    ],
)
def test_type(filename: str, text: str, expected: DocumentType) -> None:
    assert classify(filename, text) is expected
