"""The justification of the initial price: three price offers a position, then the sum, in digits and words."""

from __future__ import annotations

from samples import tender
from samples.content.markup import cell, clauses, grid, numbering, row
from samples.money import grouped, with_words
from samples.tender import CUSTOMER
from samples.typesetting import Sheet

TABLE_SHEET = Sheet(
    font="sans", size_pt=9, landscape=True, margin_left_pt=34, margin_right_pt=30, margin_top_pt=40, margin_bottom_pt=30
)
SUMMARY_SHEET = Sheet(size_pt=12.5)


def table_page() -> str:
    """The offers, position by position."""
    head = row(
        (
            cell("№<br/>п/п", tag="th", width_pt=22),
            cell("Наименование товара", tag="th"),
            cell("Ед. изм.", tag="th", width_pt=28),
            cell("Кол-во", tag="th", width_pt=38),
            cell("Источник № 1, руб.", tag="th", width_pt=54),
            cell("Источник № 2, руб.", tag="th", width_pt=54),
            cell("Источник № 3, руб.", tag="th", width_pt=54),
            cell("Средняя цена, руб.", tag="th", width_pt=54),
            cell("Среднее кв. откл.", tag="th", width_pt=46),
            cell("Коэф. вариации, %", tag="th", width_pt=50),
            cell("Стоимость, руб.", tag="th", width_pt=62),
        )
    )
    body = (
        row(
            (
                cell(number, "c"),
                cell(item.name, "n"),
                cell(item.unit, "c"),
                cell(grouped(item.quantity, 0), "r"),
                *(cell(grouped(offer), "r") for offer in item.offers),
                cell(grouped(item.price), "r"),
                cell(grouped(item.deviation), "r"),
                cell(grouped(item.variation_percent), "r"),
                cell(grouped(item.total), "r"),
            )
        )
        for number, item in enumerate(tender.ITEMS, start=1)
    )
    total = row((cell("<b>Итого</b>", span=10), cell(f"<b>{grouped(tender.GOODS_TOTAL)}</b>", "r")))
    return (
        f"<p>Приложение № 2 к извещению № {tender.PURCHASE_NUMBER}</p>"
        '<p class="c b" style="font-size:12pt;margin-top:4pt">'
        "ОБОСНОВАНИЕ НАЧАЛЬНОЙ (МАКСИМАЛЬНОЙ) ЦЕНЫ КОНТРАКТА</p>"
        '<p class="c">Метод сопоставимых рыночных цен (анализа рынка)</p>'
        '<p class="c" style="margin-bottom:8pt">Цены указаны с учётом НДС и доставки</p>'
        + grid((head, numbering(11), *body, total))
    )


def summary_page() -> str:
    """What the prices rest on, and what they come to."""
    t = tender
    variations = [item.variation_percent for item in t.ITEMS]
    return (
        '<p class="b">1. Источники ценовой информации</p>'
        + clauses(
            (
                "Запрос о предоставлении ценовой информации от 03.02.2026 № 41 направлен пяти поставщикам. Получены "
                "три ответа, использованные при расчёте:",
                "Источник № 1 – коммерческое предложение от 10.02.2026, вх. № 118;",
                "Источник № 2 – коммерческое предложение от 12.02.2026, вх. № 124;",
                "Источник № 3 – коммерческое предложение от 16.02.2026, вх. № 131.",
            )
        )
        + '<p class="b" style="margin-top:10pt">2. Однородность цен</p>'
        + clauses(
            (
                f"Коэффициент вариации цен составляет от {grouped(min(variations))}\u00a0% до "
                f"{grouped(max(variations))}\u00a0%, то есть не превышает 33\u00a0%. Совокупность цен однородна.",
            )
        )
        + '<p class="b" style="margin-top:10pt">3. Стоимость работ</p>'
        + clauses(
            (
                "Стоимость работ по замене сетей освещения определена проектно-сметным методом по локальному сметному "
                f"расчёту № {t.ESTIMATE_NUMBER} и составляет {grouped(t.WORKS_TOTAL)} руб. с НДС "
                f"{t.VAT_PERCENT}\u00a0%.",
            )
        )
        + '<p class="b" style="margin-top:10pt">4. Расчёт начальной (максимальной) цены контракта</p>'
        + grid(
            (
                row((cell("Составляющая цены", tag="th"), cell("Сумма, руб.", tag="th", width_pt=130))),
                row((cell("Товары (метод сопоставимых рыночных цен)"), cell(grouped(t.GOODS_TOTAL), "r"))),
                row((cell("Работы (проектно-сметный метод)"), cell(grouped(t.WORKS_TOTAL), "r"))),
                row((cell("<b>НМЦК</b>"), cell(f"<b>{grouped(t.INITIAL_PRICE)}</b>", "r"))),
            )
        )
        + '<p class="j" style="margin-top:12pt">Начальная (максимальная) цена контракта составляет '
        f"{with_words(t.INITIAL_PRICE)}, в том числе НДС {t.VAT_PERCENT}\u00a0%.</p>"
        f'<p style="margin-top:30pt">Контрактный управляющий ______________________ {CUSTOMER.manager_short}</p>'
        '<p style="margin-top:6pt">«11» марта 2026 г.</p>'
    )
