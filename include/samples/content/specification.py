"""The technical specification: prose, a table over two pages with its head repeated, and a page that was scanned."""

from __future__ import annotations

from collections.abc import Sequence

from samples import tender
from samples.content.markup import beside, cell, clauses, grid, numbering, row
from samples.money import grouped
from samples.tender import CUSTOMER, Item
from samples.typesetting import Sheet

SHEET = Sheet(size_pt=11.5, footer="{page}")
ROOMS_SHEET = Sheet(size_pt=12)
_ITEMS_ON_FIRST_PAGE = 9


def _items(items: Sequence[Item], first_number: int) -> str:
    head = row(
        (
            cell("№<br/>п/п", tag="th", width_pt=22),
            cell("Наименование товара", tag="th", width_pt=98),
            cell("Требования к характеристикам", tag="th"),
            cell("Код ОКПД2", tag="th", width_pt=66),
            cell("Ед. изм.", tag="th", width_pt=26),
            cell("Кол-во", tag="th", width_pt=38),
        )
    )
    body = (
        row(
            (
                cell(number, "c"),
                cell(item.name),
                cell(item.requirement),
                cell(item.okpd2, "n"),
                cell(item.unit, "c"),
                cell(grouped(item.quantity, 0), "r"),
            )
        )
        for number, item in enumerate(items, start=first_number)
    )
    return grid((head, numbering(6), *body), size_pt=10.5)


def digital_pages() -> tuple[str, ...]:
    """The pages that were printed to PDF: prose, the two pages of table 1, conditions."""
    t = tender
    approval = (
        f'<p class="r">УТВЕРЖДАЮ<br/>Директор {CUSTOMER.short_name}<br/>____________ {CUSTOMER.director_short}<br/>'
        "«10» марта 2026 г.</p>"
    )
    first = (
        beside(f"<p>Приложение № 1<br/>к извещению № {t.PURCHASE_NUMBER}</p>", approval, 250)
        + '<p class="c b" style="font-size:14pt;margin-top:14pt">ОПИСАНИЕ ОБЪЕКТА ЗАКУПКИ</p>'
        '<p class="c b">(техническое задание)</p>'
        f'<p class="c" style="margin-bottom:12pt">{t.PURCHASE_OBJECT}</p>'
        '<p class="b">1. Общие сведения</p>'
        + clauses(
            (
                f"1.1. Заказчик: {CUSTOMER.full_name} (далее – Заказчик), ИНН {CUSTOMER.inn}, КПП {CUSTOMER.kpp}.",
                f"1.2. Место поставки товара и выполнения работ: {CUSTOMER.address}.",
                f"1.3. Срок поставки товара: с даты заключения контракта до {t.SUPPLY_UNTIL}. Поставка "
                "осуществляется в рабочие дни с 8:00 до 16:00 по местному времени, партиями по предварительной "
                "заявке Заказчика, направляемой не позднее чем за 3 (три) рабочих дня до даты поставки.",
                f"1.4. Срок выполнения работ: с 01.06.2026 до {t.WORKS_UNTIL}, в период летних каникул. Работы, "
                "связанные с отключением электроснабжения пищеблока, выполняются в нерабочее время.",
                "1.5. Источник финансирования: субсидия из бюджета городского округа Нижнелипск на 2026 год.",
            )
        )
        + '<p class="b">2. Требования к качеству и безопасности</p>'
        + clauses(
            (
                "2.1. Товар должен быть новым, не бывшим в употреблении, не восстановленным, выпущенным не ранее "
                "2025 года, свободным от прав третьих лиц. Кабельная продукция поставляется целыми строительными "
                "длинами на барабанах или в бухтах с ярлыками изготовителя.",
                "2.2. Качество товара подтверждается сертификатами соответствия техническим регламентам "
                "Таможенного союза ТР ТС 004/2011 и ТР ТС 020/2011, а для кабелей также сертификатом соответствия "
                "требованиям пожарной безопасности. Копии документов передаются вместе с товаром.",
                "2.3. Сечение токопроводящих жил, определённое по электрическому сопротивлению, должно "
                "соответствовать ГОСТ 22483. Заказчик вправе до приёмки провести выборочное испытание образцов в "
                "аккредитованной лаборатории; расходы на испытание продукции, не выдержавшей его, несёт Поставщик.",
                "2.4. Если в настоящем документе указан товарный знак, его следует читать со словами «или "
                "эквивалент». Эквивалентность определяется по характеристикам таблицы 1.",
                "2.5. Гарантийный срок на товар и на результат работ составляет не менее 24 (двадцати четырёх) "
                "месяцев с даты подписания документа о приёмке, если изготовителем не установлен больший срок.",
            )
        )
    )
    split = _ITEMS_ON_FIRST_PAGE
    second = '<p class="b">3. Количество и характеристики товара</p><p>Таблица 1</p>' + _items(tender.ITEMS[:split], 1)
    third = (
        "<p>Продолжение таблицы 1</p>"
        + _items(tender.ITEMS[split:], split + 1)
        + '<p class="b" style="margin-top:8pt">4. Состав работ</p>'
        + clauses(
            (
                "4.1. Демонтаж существующих светильников, установочных изделий, щитков и скрытой проводки.",
                "4.2. Прокладка кабельных линий в коробах и гофрированных трубах, монтаж щитов, светильников, "
                "розеток и выключателей в объёмах локального сметного расчёта "
                f"№ {t.ESTIMATE_NUMBER}.",
                "4.3. Пусконаладочные работы с оформлением протоколов измерений электротехнической лабораторией.",
                "4.4. Размещение светильников по помещениям приведено в приложении к настоящему описанию.",
            )
        )
    )
    return first, second, third


def rooms_page() -> str:
    """The page that is scanned: where the luminaires go."""
    head = row(
        (
            cell("№<br/>п/п", tag="th", width_pt=24),
            cell("Помещение", tag="th", width_pt=148),
            cell("Этаж", tag="th", width_pt=42),
            cell("Светильник 595х595, шт.", tag="th"),
            cell("Светильник 1200 мм, шт.", tag="th"),
            cell("Указатель «ВЫХОД», шт.", tag="th"),
        )
    )
    body = (
        row(
            (
                cell(number, "c"),
                cell(room.name, "n"),
                cell(room.floor or "подвал", "c"),
                cell(room.panels or "–", "c"),
                cell(room.linear or "–", "c"),
                cell(room.exits or "–", "c"),
            )
        )
        for number, room in enumerate(tender.ROOMS, start=1)
    )
    total = row(
        (
            cell("<b>Итого</b>", span=3),
            cell(f"<b>{sum(room.panels for room in tender.ROOMS)}</b>", "c"),
            cell(f"<b>{sum(room.linear for room in tender.ROOMS)}</b>", "c"),
            cell(f"<b>{sum(room.exits for room in tender.ROOMS)}</b>", "c"),
        )
    )
    return (
        "<p>Приложение к описанию объекта закупки</p>"
        '<p class="c b" style="font-size:14pt;margin-top:16pt">ВЕДОМОСТЬ РАЗМЕЩЕНИЯ СВЕТИЛЬНИКОВ</p>'
        f'<p class="c" style="margin-bottom:12pt">Здание {CUSTOMER.short_name}, ул. Школьная, д. 14</p>'
        + grid((head, *body, total))
        + '<p class="j" style="margin-top:12pt">Светильники размером 595х595 мм устанавливаются в подвесной потолок '
        "типа «Армстронг», линейные светильники крепятся к перекрытию. Указатели «ВЫХОД» размещаются над дверями "
        "эвакуационных выходов согласно плану эвакуации.</p>"
        '<p style="margin-top:26pt">Заместитель директора по АХР ______________________ О. Н. Титова</p>'
        f'<p style="margin-top:14pt">Директор ______________________ {CUSTOMER.director_short}</p>'
        '<p style="margin-top:6pt">«10» марта 2026 г.</p>'
    )
