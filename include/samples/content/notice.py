"""The notice: a print form of an electronic auction, with label and value tables, as purchase sites print it."""

from __future__ import annotations

from samples import tender
from samples.content.markup import cell, grid, pairs, row
from samples.money import grouped, with_words
from samples.tender import CUSTOMER
from samples.typesetting import Sheet

SHEET = Sheet(
    font="sans",
    size_pt=9.5,
    margin_left_pt=56,
    footer=f"Извещение № {tender.PURCHASE_NUMBER} · страница {{page}} из {{pages}}",
)
_LABEL_PT = 175


def _account(purpose: str) -> str:
    return (
        f"Получатель: {CUSTOMER.short_name}, л/с {CUSTOMER.personal_account}. "
        f"Казначейский счёт: {CUSTOMER.treasury_account}. БИК: {CUSTOMER.bik}. "
        f"Единый казначейский счёт: {CUSTOMER.single_account}. {CUSTOMER.bank}. "
        f"Назначение платежа: {purpose}, извещение № {tender.PURCHASE_NUMBER}, НДС не облагается"
    )


def _items() -> str:
    head = row(
        (
            cell("Наименование товара, работы", tag="th", width_pt=160),
            cell("Код ОКПД2", tag="th", width_pt=68),
            cell("Ед. изм. (ОКЕИ)", tag="th", width_pt=52),
            cell("Кол-во", tag="th", width_pt=42),
            cell("Цена за ед., руб.", tag="th", width_pt=58),
            cell("Стоимость, руб.", tag="th"),
        )
    )
    goods = (
        row(
            (
                cell(item.name),
                cell(item.okpd2, "n"),
                cell(f"{item.unit} ({item.okei})", "c"),
                cell(grouped(item.quantity, 0), "r"),
                cell(grouped(item.price), "r"),
                cell(grouped(item.total), "r"),
            )
        )
        for item in tender.ITEMS
    )
    works = row(
        (
            cell(f"Работы по замене сетей освещения (локальный сметный расчёт № {tender.ESTIMATE_NUMBER})"),
            cell(tender.WORKS_OKPD2, "n"),
            cell("усл. ед. (876)", "c"),
            cell("1", "r"),
            cell(grouped(tender.WORKS_TOTAL), "r"),
            cell(grouped(tender.WORKS_TOTAL), "r"),
        )
    )
    total = row((cell("<b>Итого</b>", span=5), cell(f"<b>{grouped(tender.INITIAL_PRICE)}</b>", "r")))
    return grid((head, *goods, works, total))


def pages() -> tuple[str, ...]:
    """The notice as one flow."""
    t, c = tender, CUSTOMER
    sections = [
        '<p class="c b" style="font-size:13pt">ИЗВЕЩЕНИЕ</p>'
        '<p class="c b">о проведении электронного аукциона</p>'
        f'<p class="c">для закупки № {t.PURCHASE_NUMBER}</p>',
        "<h3>Общая информация</h3>",
        pairs(
            (
                ("Номер извещения", t.PURCHASE_NUMBER),
                ("Наименование объекта закупки", t.PURCHASE_OBJECT),
                ("Способ определения поставщика (подрядчика, исполнителя)", "Электронный аукцион"),
                ("Наименование электронной площадки в сети «Интернет»", t.PLATFORM),
                ("Адрес электронной площадки", t.PLATFORM_URL),
                ("Размещение осуществляет", f"Заказчик: {c.full_name}"),
                ("Дата размещения извещения", t.PUBLISHED_ON),
            ),
            _LABEL_PT,
        ),
        "<h3>Контактная информация</h3>",
        pairs(
            (
                ("ИНН / КПП заказчика", f"{c.inn} / {c.kpp}"),
                ("ОГРН", c.ogrn),
                ("Место нахождения и почтовый адрес", c.address),
                ("Ответственное должностное лицо", c.manager),
                ("Адрес электронной почты", c.email),
                ("Номер контактного телефона", c.phone),
            ),
            _LABEL_PT,
        ),
        "<h3>Информация о процедуре закупки</h3>",
        pairs(
            (
                ("Дата и время окончания срока подачи заявок", f"{t.BIDS_UNTIL} 09:00 (МСК+2)"),
                ("Дата проведения процедуры подачи предложений о цене контракта", f"{t.BIDS_UNTIL} 11:00 (МСК+2)"),
                ("Дата подведения итогов определения поставщика", t.RESULTS_ON),
            ),
            _LABEL_PT,
        ),
        "<h3>Начальная (максимальная) цена контракта</h3>",
        pairs(
            (
                ("Начальная (максимальная) цена контракта", with_words(t.INITIAL_PRICE)),
                ("Валюта", "Российский рубль"),
                ("В том числе НДС", f"{t.VAT_PERCENT} %, {grouped(t.INITIAL_PRICE_VAT)} руб."),
                ("Источник финансирования", "Субсидия из бюджета городского округа Нижнелипск на 2026 год"),
                ("Идентификационный код закупки (ИКЗ)", t.PURCHASE_CODE),
                ("Размер аванса", "Не предусмотрен"),
            ),
            _LABEL_PT,
        ),
        "<h3>Объект закупки</h3>",
        _items(),
        "<h3>Преимущества и требования к участникам</h3>",
        pairs(
            (
                ("Преимущества", "Закупка у субъектов малого предпринимательства (статья 30 Закона № 44-ФЗ)"),
                (
                    "Единые требования к участникам",
                    "Соответствие части 1 статьи 31 Закона № 44-ФЗ; отсутствие в реестре недобросовестных поставщиков",
                ),
                ("Дополнительные требования", "Не установлены"),
                ("Национальный режим", "Применяется в соответствии со статьёй 14 Закона № 44-ФЗ"),
            ),
            _LABEL_PT,
        ),
        "<h3>Обеспечение заявки</h3>",
        pairs(
            (
                ("Размер обеспечения заявки", f"{t.BID_SECURITY_PERCENT} % ({grouped(t.BID_SECURITY)} руб.)"),
                ("Порядок внесения", "Денежные средства на специальном счёте или независимая гарантия"),
                ("Реквизиты счёта", _account("обеспечение заявки")),
            ),
            _LABEL_PT,
        ),
        "<h3>Обеспечение исполнения контракта и гарантийных обязательств</h3>",
        pairs(
            (
                (
                    "Размер обеспечения исполнения контракта",
                    f"{t.CONTRACT_SECURITY_PERCENT} % ({grouped(t.CONTRACT_SECURITY)} руб.)",
                ),
                ("Реквизиты счёта", _account("обеспечение исполнения контракта")),
                (
                    "Размер обеспечения гарантийных обязательств",
                    f"{t.WARRANTY_SECURITY_PERCENT} % ({grouped(t.WARRANTY_SECURITY)} руб.)",
                ),
            ),
            _LABEL_PT,
        ),
        "<h3>Условия контракта</h3>",
        pairs(
            (
                ("Место поставки товара, выполнения работ", c.address),
                ("Срок поставки товара", f"С даты заключения контракта до {t.SUPPLY_UNTIL}"),
                ("Срок выполнения работ", f"С 01.06.2026 до {t.WORKS_UNTIL}"),
                ("Срок исполнения контракта", f"До {t.CONTRACT_ENDS_ON}"),
                ("Требования к гарантии качества", "Не менее 24 месяцев с даты подписания документа о приёмке"),
            ),
            _LABEL_PT,
        ),
        "<h3>Перечень прикреплённых документов</h3>",
        "<p>1. Описание объекта закупки.<br/>2. Обоснование начальной (максимальной) цены контракта.<br/>"
        "3. Проект контракта.<br/>4. Локальный сметный расчёт.<br/>5. Инструкция по заполнению заявки.<br/>"
        "6. Требования к содержанию, составу заявки на участие.</p>",
    ]
    return ("".join(sections),)
