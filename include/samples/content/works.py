"""What the contractor has to do: a specification of the works as a Word file, their estimate as an Excel workbook."""

from __future__ import annotations

from samples import tender
from samples.office import Cell, page_break, paragraph, sheet, table, word_document, workbook
from samples.tender import CUSTOMER

_ESTIMATE_HEAD = (
    "№ пп",
    "Обоснование",
    "Наименование работ и затрат",
    "Ед. изм.",
    "Кол-во",
    "Цена, руб.",
    "Всего, руб.",
)


def specification() -> bytes:
    """The technical specification of the works (DOCX, two pages)."""
    rooms = [
        (str(number), room.name, str(room.floor), str(room.panels), str(room.linear), str(room.exits))
        for number, room in enumerate(tender.ROOMS, start=1)
    ]
    panels = sum(room.panels for room in tender.ROOMS)
    blocks = (
        paragraph("ТЕХНИЧЕСКОЕ ЗАДАНИЕ", style="Title"),
        paragraph(f"на выполнение работ по замене сетей освещения: {CUSTOMER.short_name}", align="center"),
        paragraph("Общие положения", style="Heading1", level=0),
        paragraph(f"Заказчик: {CUSTOMER.full_name}, ИНН {CUSTOMER.inn}.", level=1),
        paragraph(f"Место выполнения работ: {CUSTOMER.address}.", level=1),
        paragraph(f"Срок выполнения работ: до {tender.WORKS_UNTIL}.", level=1),
        paragraph("Требования к работам", style="Heading1", level=0),
        paragraph("До начала работ исполнитель согласовывает с заказчиком:", level=1),
        paragraph("график отключений;", level=2),
        paragraph("порядок доступа в помещения.", level=2),
        paragraph(f"Виды и объёмы работ указаны в локальном сметном расчёте № {tender.ESTIMATE_NUMBER}.", level=1),
        page_break(),
        paragraph("Помещения", style="Heading1", level=0),
        table(
            ("№ п/п", "Помещение", "Этаж", "Панели, шт.", "Линейные, шт.", "Выход, шт."),
            rooms,
            f"Всего светильников-панелей: {panels} шт.",
        ),
        paragraph("Гарантийный срок на выполненные работы – 24 месяца.", level=1),
    )
    return word_document(blocks, f"Приложение № 7 к извещению № {tender.PURCHASE_NUMBER}")


def estimate() -> bytes:
    """The estimate (XLSX): a sheet of works by sections, and a sheet of what is added to them."""
    rows: list[list[Cell | None]] = [[f"Локальный сметный расчёт № {tender.ESTIMATE_NUMBER}"], list(_ESTIMATE_HEAD)]
    merged = [(0, 0, len(_ESTIMATE_HEAD) - 1)]
    number = 0
    for section in tender.SECTIONS:
        merged.append((len(rows), 0, len(_ESTIMATE_HEAD) - 1))
        rows.append([section.title])
        for work in section.works:
            number += 1
            rows.append([number, work.norm, work.name, work.unit, work.quantity, work.unit_price, work.total])
        merged.append((len(rows), 0, len(_ESTIMATE_HEAD) - 2))
        rows.append(["Итого по разделу", None, None, None, None, None, section.total])
    totals: list[list[Cell | None]] = [
        ["Составляющая", "Сумма, руб."],
        ["Прямые затраты", tender.DIRECT_COSTS],
        [f"Накладные расходы, {tender.OVERHEAD_PERCENT} %", tender.OVERHEADS],
        [f"Сметная прибыль, {tender.PROFIT_PERCENT} %", tender.PROFIT],
        [f"НДС, {tender.VAT_PERCENT} %", tender.WORKS_VAT],
        ["Всего по смете", tender.WORKS_TOTAL],
    ]
    return workbook({"Расчёт": sheet(rows, merged), "Итоги": sheet(totals)})
