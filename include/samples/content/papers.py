"""The smaller papers: price request, inspection report, requirements and instruction for bids, an offer."""

from __future__ import annotations

from samples import tender
from samples.content.markup import beside, cell, clauses, grid, numbering, row
from samples.money import grouped, with_words
from samples.tender import CUSTOMER
from samples.typesetting import Sheet

LETTER_SHEET = Sheet(size_pt=12)
BID_SHEET = Sheet(size_pt=12, footer="{page}")


def price_request() -> str:
    """The letter that asked suppliers for prices."""
    asked = tender.ITEMS[:9]
    head = row(
        (
            cell("№", tag="th", width_pt=28),
            cell("Наименование товара", tag="th"),
            cell("Ед. изм.", tag="th", width_pt=46),
            cell("Количество", tag="th", width_pt=76),
        )
    )
    body = (
        row((cell(number, "c"), cell(item.name), cell(item.unit, "c"), cell(grouped(item.quantity, 0), "r")))
        for number, item in enumerate(asked, start=1)
    )
    letterhead = (
        f'<p class="c b">{CUSTOMER.full_name}</p><p class="c small">{CUSTOMER.address}<br/>'
        f"тел. {CUSTOMER.phone}, {CUSTOMER.email}<br/>"
        f"ИНН {CUSTOMER.inn} КПП {CUSTOMER.kpp} ОГРН {CUSTOMER.ogrn}</p><hr/>"
    )
    return (
        letterhead
        + beside("<p>03.02.2026 № 41</p>", "<p>Руководителям организаций<br/>(по списку рассылки)</p>", 300)
        + '<p class="b" style="margin-top:12pt">О предоставлении ценовой информации</p>'
        + clauses(
            (
                "В целях определения начальной (максимальной) цены контракта просим Вас предоставить информацию о "
                "цене товара, указанного в таблице, с учётом доставки и налога на добавленную стоимость.",
            )
        )
        + grid((head, *body))
        + '<div style="margin-top:10pt">'
        + clauses(
            (
                "Срок поставки: до 15 июня 2026 года. Порядок оплаты: в течение 7 рабочих дней с даты подписания "
                "документа о приёмке, без аванса. Гарантийный срок: не менее 24 месяцев.",
                "Ответ просим направить до 17.02.2026 по адресу электронной почты, указанному выше. Проведение данной "
                "процедуры сбора информации не влечёт за собой возникновения обязательств заказчика.",
            )
        )
        + "</div>"
        + f'<p style="margin-top:34pt">Директор ______________________ {CUSTOMER.director_short}</p>'
        + f'<p class="small" style="margin-top:40pt">Исп. {CUSTOMER.manager_short}, тел. {CUSTOMER.phone}</p>'
    )


def inspection_report() -> str:
    """What the commission found in the building; the quantities are those of the estimate."""
    head = row(
        (
            cell("№<br/>п/п", tag="th", width_pt=30),
            cell("Выявленные недостатки", tag="th"),
            cell("Ед. изм.", tag="th", width_pt=50),
            cell("Объём", tag="th", width_pt=56),
        )
    )
    units = {"100 шт": "шт", "шт": "шт", "100 м": "м"}
    found = (
        "Светильники с люминесцентными лампами: неисправны, мерцают",
        "Выключатели и розетки: оплавлены контакты, трещины корпусов",
        "Осветительные щитки: отсутствуют устройства защитного отключения",
        "Скрытая проводка с алюминиевыми жилами: изоляция хрупкая",
    )
    body = (
        row(
            (
                cell(number, "c"),
                cell(defect),
                cell(units[work.unit], "c"),
                cell(grouped(int(work.quantity * (100 if work.unit.startswith("100") else 1)), 0), "c"),
            )
        )
        for number, (defect, work) in enumerate(zip(found, tender.SECTIONS[0].works, strict=True), start=1)
    )
    return (
        '<p class="c b" style="font-size:14pt">АКТ ОСМОТРА № 3</p>'
        '<p class="c">электрических сетей освещения здания школы</p>'
        + beside("<p>г. Нижнелипск</p>", '<p class="r">19 января 2026 г.</p>', 245)
        + clauses(
            (
                "Комиссия в составе: председатель – заместитель директора по АХР Титова О. Н., члены комиссии – "
                "контрактный управляющий Лебедев И. П., электромонтёр Чернов В. А., произвела осмотр сетей освещения "
                f"здания, расположенного по адресу: {CUSTOMER.address}.",
                "Здание введено в эксплуатацию в 1978 году. Капитальный ремонт электрических сетей не проводился. В "
                "результате осмотра установлено следующее:",
            )
        )
        + grid((head, numbering(4), *body))
        + '<div style="margin-top:10pt">'
        + clauses(
            (
                "Сопротивление изоляции по результатам измерений на 11 линиях из 58 составляет менее 0,5 МОм, что "
                "ниже допустимого значения.",
                "Заключение комиссии: сети освещения находятся в неудовлетворительном состоянии, требуется их полная "
                "замена с переходом на светодиодные светильники.",
            )
        )
        + "</div>"
        + '<p style="margin-top:20pt">Председатель комиссии ______________________ О. Н. Титова</p>'
        '<p style="margin-top:12pt">Члены комиссии: ______________________ И. П. Лебедев</p>'
        '<p style="margin-top:12pt">______________________ В. А. Чернов</p>'
    )


def bid_requirements() -> tuple[str, str]:
    """What a bid must hold (annex 6)."""
    first = (
        f'<p class="r">Приложение № 6<br/>к извещению № {tender.PURCHASE_NUMBER}</p>'
        '<p class="c b" style="font-size:14pt;margin-top:12pt">ТРЕБОВАНИЯ К СОДЕРЖАНИЮ, СОСТАВУ ЗАЯВКИ</p>'
        '<p class="c b">на участие в электронном аукционе</p>'
        + clauses(
            (
                "1. Заявка на участие в закупке должна содержать информацию и документы, предусмотренные статьёй 43 "
                "Закона № 44-ФЗ, и состоит из следующих частей.",
                "2. Информация об участнике закупки: наименование, фирменное наименование, место нахождения, почтовый "
                "адрес, номер контактного телефона, идентификационный номер налогоплательщика.",
                "3. Предложение участника закупки в отношении объекта закупки: характеристики предлагаемого товара, "
                "соответствующие показателям, установленным в описании объекта закупки; товарный знак при наличии; "
                "наименование страны происхождения товара.",
                "4. Документы, подтверждающие соответствие участника требованиям части 1 статьи 31 Закона № 44-ФЗ, "
                "или декларация о соответствии таким требованиям.",
                "5. Декларация о принадлежности участника закупки к субъектам малого предпринимательства подаётся "
                "с использованием программно-аппаратных средств электронной площадки.",
                f"6. Обеспечение заявки вносится в размере {tender.BID_SECURITY_PERCENT} % начальной (максимальной) "
                f"цены контракта, то есть {grouped(tender.BID_SECURITY)} руб.",
                f"7. Заявки принимаются до 09:00 {tender.BIDS_UNTIL}. Подача заявки означает согласие участника на "
                "поставку товара и выполнение работ на условиях, указанных в извещении.",
            )
        )
    )
    second = (
        '<p class="c b">ФОРМА СВЕДЕНИЙ О ПРЕДЛАГАЕМОМ ТОВАРЕ</p>'
        + grid(
            (
                row(
                    (
                        cell("№", tag="th", width_pt=26),
                        cell("Наименование товара", tag="th", width_pt=216),
                        cell("Товарный знак", tag="th", width_pt=100),
                        cell("Страна происхождения", tag="th"),
                    )
                ),
                *(
                    row((cell(number, "c"), cell(item.name), cell(""), cell("")))
                    for number, item in enumerate(tender.ITEMS, start=1)
                ),
            )
        )
        + '<p style="margin-top:12pt">Руководитель организации ______________________ (подпись)</p>'
    )
    return first, second


def bid_instruction() -> tuple[str, ...]:
    """How to fill in a bid (annex 5): the file that is cut short."""
    return tuple(
        f'<p class="c b">ИНСТРУКЦИЯ ПО ЗАПОЛНЕНИЮ ЗАЯВКИ</p><p>Часть {part}</p>'
        + clauses(
            f"{part}.{number}. Участник закупки указывает значение показателя в точном соответствии с описанием "
            f"объекта закупки, позиция {number}: {item.name}. {item.requirement}."
            for number, item in enumerate(tender.ITEMS, start=1)
        )
        for part in (1, 2)
    )


def offer() -> tuple[str, ...]:
    """A price offer: the file that needs a password."""
    return (
        f'<p class="c b">{tender.BIDDER_NAME}</p><p class="c">ИНН {tender.BIDDER_INN} КПП {tender.BIDDER_KPP}</p>'
        '<p class="c b" style="margin-top:12pt">КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ</p>'
        + clauses(
            (
                f"Предлагаем поставить товар по перечню запроса от 03.02.2026 № 41 на сумму "
                f"{with_words(tender.FIRST_OFFER_TOTAL)}, в том числе НДС {tender.VAT_PERCENT} %.",
            )
        ),
    )
