"""Labels on the left and values on the right become a table; columns of text and details of two parties do not."""

from __future__ import annotations

import pytest

from ocr_tasks.boxes import Box
from tenderlake.alignedforms import take_forms
from tenderlake.pagelines import TextLine
from tenderlake.wording import HyphenHabits

pytestmark = pytest.mark.unit

LEFT, RIGHT, STEP, SIZE = 50.0, 300.0, 14.0, 10.0

Side = str | None


def lines_of(*rows: tuple[Side, Side], bold: frozenset[int] = frozenset()) -> list[TextLine]:
    """Base lines with what stands on the left and on the right of each."""
    lines = []
    for number, row in enumerate(rows):
        top = 100 + number * STEP
        for x, text in zip((LEFT, RIGHT), row, strict=True):
            if text is not None:
                box = Box(x, top, x + len(text) * SIZE * 0.45, top + SIZE * 1.2)
                lines.append(TextLine(box, text, SIZE, number in bold))
    return lines


def taken(lines: list[TextLine]) -> tuple[list[list[str]], list[str]]:
    """The texts of each form cell by cell, and of the lines that are left."""
    forms, left = take_forms(lines, HyphenHabits.of([]))
    return [[cell.text for cell in form.cells] for form in forms], [line.text for line in left]


def test_a_form_is_read_by_rows_with_all_lines_of_a_label_and_a_value() -> None:
    forms, left = taken(
        lines_of(
            ("Номер извещения", "0198300004526000123"),
            ("Наименование объекта закупки", "Поставка светодиодных светильников"),
            (None, "уличного освещения"),
            ("Дата и время окончания срока", "06.04.2026 08:00"),
            ("подачи заявок", None),
            ("Почтовый адрес", "998300, Приозёрная область,"),
            (None, "г. Верхнеозёрск"),
        )
    )
    assert forms == [
        [
            "Номер извещения",
            "0198300004526000123",
            "Наименование объекта закупки",
            "Поставка светодиодных светильников уличного освещения",
            "Дата и время окончания срока подачи заявок",
            "06.04.2026 08:00",
            "Почтовый адрес",
            "998300, Приозёрная область, г. Верхнеозёрск",
        ]
    ]
    assert left == []


def test_a_value_in_the_middle_of_its_label_belongs_to_all_of_it() -> None:
    forms, _ = taken(
        lines_of(
            ("Валюта", "Российский рубль"),
            ("Начальная (максимальная)", None),
            ("цена контракта", "1284350.40"),
            ("Источник финансирования", "Бюджет города"),
        )
    )
    assert forms == [
        [
            "Валюта",
            "Российский рубль",
            "Начальная (максимальная) цена контракта",
            "1284350.40",
            "Источник финансирования",
            "Бюджет города",
        ]
    ]


def test_a_bold_heading_parts_forms_and_a_short_one_follows_its_neighbour() -> None:
    forms, left = taken(
        lines_of(
            ("Номер извещения", "0198300004526000123"),
            ("Способ закупки", "Электронный аукцион"),
            ("Валюта", "Российский рубль"),
            ("Обеспечение заявки", None),
            ("Размер обеспечения заявки", "12843.50"),
            bold=frozenset({3}),
        )
    )
    assert forms == [
        [
            "Номер извещения",
            "0198300004526000123",
            "Способ закупки",
            "Электронный аукцион",
            "Валюта",
            "Российский рубль",
        ],
        ["Размер обеспечения заявки", "12843.50"],
    ]
    assert left == ["Обеспечение заявки"]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            [
                ("Поставщик обязуется передать товар в", "в срок до 30 дней. Приёмка товара ведётся"),
                ("собственность заказчика, а заказчик", "по количеству и качеству на складе заказчика"),
                ("обязуется принять и оплатить его в", "в присутствии представителя поставщика."),
                ("порядке и на условиях контракта.", "Недостатки устраняются за 10 дней."),
                ("Цена является твёрдой и определяется", "Гарантийный срок составляет 12 месяцев"),
            ],
            id="columns of text",
        ),
        pytest.param(
            [
                ("Заказчик", "Поставщик"),
                ("МКУ «УГХ»", "ООО «ТехноСвет»"),
                ("ИНН 9803102743", "ИНН 9805339160"),
                ("БИК 019802107", "БИК 049803742"),
            ],
            id="details of two parties",
        ),
        pytest.param(
            [
                ("1.", "Поставка товара в течение 30 дней со дня заявки"),
                ("2.", "Оплата товара в течение 7 дней со дня приёмки"),
                ("3.", "Гарантия на товар 12 месяцев со дня приёмки"),
            ],
            id="numbered clauses",
        ),
        pytest.param(
            [
                ("For an inclusive ecosystem", "For an empowered workforce"),
                ("For digital transformation", "For a greener planet"),
                ("For sustainable value", "For societal well-being"),
            ],
            id="slogans",
        ),
    ],
)
def test_what_stands_side_by_side_for_another_reason_stays_text(rows: list[tuple[Side, Side]]) -> None:
    forms, left = taken(lines_of(*rows))
    assert forms == []
    assert len(left) == 2 * len(rows)
