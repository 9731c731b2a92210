"""The local estimate: two landscape pages of numbers that add up, line by line, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from samples import tender
from samples.content.markup import beside, cell, grid, numbering, row
from samples.money import grouped
from samples.tender import CUSTOMER, Section
from samples.typesetting import Sheet

SHEET = Sheet(
    font="sans", size_pt=9, landscape=True, margin_left_pt=34, margin_right_pt=30, margin_top_pt=34, margin_bottom_pt=30
)
_COLUMNS = 12


def _number(value: Decimal) -> str:
    return grouped(value) if value else "–"


def _head() -> tuple[str, str, str]:
    first = row(
        (
            '<th rowspan="2" style="width:20pt">№<br/>пп</th>',
            '<th rowspan="2" style="width:88pt">Обоснование</th>',
            '<th rowspan="2">Наименование работ и затрат</th>',
            '<th rowspan="2" style="width:34pt">Ед. изм.</th>',
            '<th rowspan="2" style="width:40pt">Кол-во</th>',
            cell("<b>Стоимость единицы,<br/>руб.</b>", "c", span=3),
            cell("<b>Общая стоимость,<br/>руб.</b>", "c", span=3),
            '<th rowspan="2" style="width:46pt">Т/з,<br/>чел.-ч</th>',
        )
    )
    widths = (48, 48, 42, 54, 54, 50)
    labels = ("Всего", "Осн. з/п", "Эк. маш.") * 2
    second = row(cell(f"<b>{label}</b>", "c", width_pt=width) for label, width in zip(labels, widths, strict=True))
    return first, second, numbering(_COLUMNS)


def _section(section: Section, first_number: int) -> list[str]:
    lines = [row((cell(f"<b>{section.title}</b>", span=_COLUMNS),))]
    for number, work in enumerate(section.works, start=first_number):
        figures = (
            work.unit_price,
            work.unit_wages,
            work.unit_machines,
            work.total,
            work.wages,
            work.machines,
            work.man_hours,
        )
        lines.append(
            row(
                (
                    cell(number, "c"),
                    cell(work.norm, "n"),
                    cell(work.name),
                    cell(work.unit, "c n"),
                    cell(grouped(work.quantity, 2), "r"),
                    *(cell(_number(figure), "r") for figure in figures),
                )
            )
        )
    lines.append(
        _total(
            f"Итого по разделу {section.title.split('.')[0].split()[1]}",
            (section.total, section.wages, section.machines, section.man_hours),
        )
    )
    return lines


def _total(label: str, figures: Sequence[Decimal | None]) -> str:
    return row(
        (
            cell(f"<b>{label}</b>", span=8),
            *(cell("" if figure is None else f"<b>{_number(figure)}</b>", "r") for figure in figures),
        )
    )


def _thousands(value: Decimal) -> str:
    return grouped(value / 1000, 3)


def pages() -> tuple[str, str]:
    """Page 1: head, sections 1 and 2. Page 2: sections 3 and 4, totals, signatures."""
    t = tender
    agreed = '<p class="b">СОГЛАСОВАНО</p><p>Начальник отдела капитального ремонта<br/>______________ А. С. Громов</p>'
    approved = (
        f'<p class="b">УТВЕРЖДАЮ</p><p>Директор {CUSTOMER.short_name}<br/>______________ {CUSTOMER.director_short}</p>'
    )
    summary = (
        f"<p>Сметная стоимость: {_thousands(t.WORKS_TOTAL)} тыс. руб.<br/>"
        f"Средства на оплату труда: {_thousands(t.WAGES)} тыс. руб.<br/>"
        f"Сметная трудоёмкость: {grouped(t.MAN_HOURS)} чел.-ч<br/>"
        "Составлен в текущих ценах по состоянию на 1 квартал 2026 г.</p>"
    )
    counts = [len(section.works) for section in t.SECTIONS]
    starts = [1 + sum(counts[:index]) for index in range(len(counts))]
    numbered = list(zip(t.SECTIONS, starts, strict=True))
    first = (
        beside(agreed, approved, 560) + '<p class="c b" style="font-size:12pt;margin-top:6pt">'
        f"ЛОКАЛЬНЫЙ СМЕТНЫЙ РАСЧЁТ № {t.ESTIMATE_NUMBER}</p>"
        f'<p class="c">Замена сетей освещения здания {CUSTOMER.short_name} (ул. Школьная, д. 14)</p>'
        + summary
        + grid((*_head(), *_section(*numbered[0]), *_section(*numbered[1])))
    )
    totals = (
        _total("Итого прямые затраты по смете", (t.DIRECT_COSTS, t.WAGES, t.MACHINES, t.MAN_HOURS)),
        _total(f"Накладные расходы {t.OVERHEAD_PERCENT} % от ФОТ", (t.OVERHEADS, None, None, None)),
        _total(f"Сметная прибыль {t.PROFIT_PERCENT} % от ФОТ", (t.PROFIT, None, None, None)),
        _total("Итого с накладными расходами и сметной прибылью", (t.WORKS_NET, None, None, None)),
        _total(f"НДС {t.VAT_PERCENT} %", (t.WORKS_VAT, None, None, None)),
        _total("ВСЕГО по смете", (t.WORKS_TOTAL, None, None, None)),
    )
    second = (
        grid((*_head(), *_section(*numbered[2]), *_section(*numbered[3]), *totals))
        + '<p style="margin-top:12pt">Стоимость материалов учтена в перечне поставляемых товаров.</p>'
        + beside(
            "<p>Составил: инженер-сметчик ______________ Е. В. Панова</p>",
            f"<p>Проверил: контрактный управляющий ______________ {CUSTOMER.manager_short}</p>",
            340,
        )
    )
    return first, second
