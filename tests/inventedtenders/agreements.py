"""Contracts, guarantees, offers, protocols and estimates with the details of both sides."""

from __future__ import annotations

from decimal import Decimal

from samples.identifiers import organisation_inn, purchase_code
from samples.money import grouped, with_words
from tests.inventedtenders.parties import CITY, HEAT, HOSPITAL, KUZNETSOV, LIGHT, PROMBANK, VECTOR
from tests.inventedtenders.writing import Paper

_LAMPS_CODE = purchase_code(2026, CITY.inn, CITY.kpp, plan_line=41, order=1, okpd2="2740", expense_kind="244")
_LAMPS_PRICE = Decimal("1091697.84")
_LAMPS_VAT = Decimal("196863.55")

CITY_CONTRACT = Paper(
    "МК подписанный.pdf",
    "contract",
    f"""
# МУНИЦИПАЛЬНЫЙ КОНТРАКТ № 41-ЭА/2026
# на поставку светодиодных светильников уличного освещения
ИКЗ: {_LAMPS_CODE}
¦ г. Верхнеозёрск ¦ «20» апреля 2026 г.
{CITY.name}, именуемое в дальнейшем «Заказчик», в лице директора Гаврилова Олега Николаевича, действующего на основании Устава, с одной стороны, и {LIGHT.name}, именуемое в дальнейшем «Поставщик», в лице генерального директора Мельникова Сергея Юрьевича, действующего на основании Устава, с другой стороны, по результатам электронного аукциона (извещение № 0198300004526000123, протокол подведения итогов от 08.04.2026 № 0198300004526000123-1) заключили настоящий контракт о нижеследующем:
## 1. Предмет контракта
1.1. Поставщик обязуется поставить светильники светодиодные уличные (далее – Товар), а Заказчик – принять и оплатить Товар.
1.2. Место поставки: Приозёрная область, г. Верхнеозёрск, ул. Складская, д. 2.
1.3. Срок поставки: в течение 30 (тридцати) календарных дней с даты заключения контракта.
## 2. Цена контракта и порядок расчётов
2.1. Цена контракта составляет {with_words(_LAMPS_PRICE)}, в том числе НДС 22 % – {grouped(_LAMPS_VAT)} руб.
2.2. Цена контракта является твёрдой и определяется на весь срок исполнения контракта.
2.3. Авансовый платёж составляет 20 % от цены контракта, то есть {grouped(_LAMPS_PRICE * 20 / 100)} руб.
2.4. Оплата осуществляется в течение 7 (семи) рабочих дней с даты подписания документа о приёмке.
## 3. Ответственность сторон
3.1. Штраф за неисполнение обязательства устанавливается в размере 10 процентов цены контракта в случае, если она не превышает 3 млн рублей, и 1000 рублей за обязательство без стоимостного выражения.
3.2. Пеня начисляется в размере одной трёхсотой ключевой ставки.
## 4. Обеспечение
4.1. Обеспечение исполнения контракта составляет 128 435,04 руб. (10 % начальной (максимальной) цены контракта).
4.2. Гарантийный срок на Товар – 36 месяцев.
4.3. Контракт действует до 31.12.2026.
## 5. Адреса и банковские реквизиты сторон
¦ Заказчик:⏎{CITY.short}⏎Адрес: {CITY.address}⏎ИНН {CITY.inn} КПП {CITY.kpp}⏎ОГРН {CITY.ogrn}⏎ОКПО {CITY.okpo}⏎ОКТМО {CITY.oktmo}⏎Казначейский счёт {CITY.account}⏎ЕКС {CITY.bank.correspondent}⏎{CITY.bank.name}⏎БИК {CITY.bank.bik}⏎Тел. {CITY.phone}⏎{CITY.email}⏎Директор⏎__________ {CITY.head_short} ¦ Поставщик:⏎{LIGHT.short}⏎Адрес: {LIGHT.address}⏎ИНН {LIGHT.inn} КПП {LIGHT.kpp}⏎ОГРН {LIGHT.ogrn}⏎ОКПО {LIGHT.okpo}⏎ОКТМО {LIGHT.oktmo}⏎р/с {LIGHT.account}⏎в {LIGHT.bank.name}⏎к/с {LIGHT.bank.correspondent}⏎БИК {LIGHT.bank.bik}⏎Тел. {LIGHT.phone}⏎{LIGHT.email}⏎Генеральный директор⏎__________ {LIGHT.head_short}
""",
    f"""
contract_number = 41-ЭА/2026
contract_date = 2026-04-20
purchase_code = {_LAMPS_CODE}
purchase_number = 0198300004526000123
subject = поставку светодиодных светильников уличного освещения
customer = {CITY.name}
supplier = {LIGHT.name}
inn customer = {CITY.inn}
kpp customer = {CITY.kpp}
ogrn customer = {CITY.ogrn}
okpo customer = {CITY.okpo}
oktmo customer = {CITY.oktmo}
bik customer = {CITY.bank.bik}
treasury_account customer = {CITY.account}
correspondent_account customer = {CITY.bank.correspondent}
bank customer = {CITY.bank.name}
address customer = {CITY.address}
phone customer = {CITY.phone}
email customer = {CITY.email}
inn supplier = {LIGHT.inn}
kpp supplier = {LIGHT.kpp}
ogrn supplier = {LIGHT.ogrn}
okpo supplier = {LIGHT.okpo}
oktmo supplier = {LIGHT.oktmo}
bik supplier = {LIGHT.bank.bik}
settlement_account supplier = {LIGHT.account}
correspondent_account supplier = {LIGHT.bank.correspondent}
bank supplier = {LIGHT.bank.name}
address supplier = {LIGHT.address}
phone supplier = {LIGHT.phone}
email supplier = {LIGHT.email}
contract_price = {_LAMPS_PRICE}
vat_rate = 22
vat_amount = {_LAMPS_VAT}
currency = RUB
advance_percent = 20
contract_security_amount = 128435.04
contract_security_percent = 10
delivery_place = Приозёрная область, г. Верхнеозёрск, ул. Складская, д. 2
delivery_term = 30 calendar_days
payment_term = 7 working_days
warranty_term = 36 months
""",
    allowed="""
document_number = 41-ЭА/2026
document_date = 2026-04-20
purchase_method = электронный аукцион
""",
)

_BANK_INN = organisation_inn("980177341")
_WASH_PRICE = Decimal("1020000.00")

COMPANY_CONTRACT = Paper(
    "ДОГОВОР с ИП.docx",
    "contract",
    f"""
# ДОГОВОР № ЗТС-117/26
# возмездного оказания услуг
¦ г. Заозёрск ¦ 18 мая 2026 года
{HEAT.name} (далее – Заказчик), в лице генерального директора Журавлёва Петра Андреевича, действующего на основании Устава, и {KUZNETSOV.name} (далее – Исполнитель), ОГРНИП {KUZNETSOV.ogrn}, совместно именуемые «Стороны», в соответствии с Федеральным законом от 18.07.2011 № 223-ФЗ и на основании протокола № 32616020458-02 от 12.05.2026 заключили договор:
1. ПРЕДМЕТ ДОГОВОРА
1.1. Исполнитель обязуется оказать услуги по промывке тепловых сетей (далее – Услуги).
1.2. Срок оказания Услуг: начало – 01.06.2026, окончание – 20 августа 2026 г.
2. СТОИМОСТЬ УСЛУГ
2.1. Цена договора: 1 020 000 (один миллион двадцать тысяч) руб. 00 коп., НДС не облагается в связи с применением упрощённой системы налогообложения.
2.2. Предоплата в размере 30 % (306 000 руб. 00 коп.) перечисляется в течение 5 банковских дней со дня подписания договора.
2.3. Окончательный расчёт производится в течение 20 (двадцати) рабочих дней после подписания акта.
3. РЕКВИЗИТЫ СТОРОН
| ЗАКАЗЧИК | ИСПОЛНИТЕЛЬ
| {HEAT.short} | {KUZNETSOV.short}
| {HEAT.address} | {KUZNETSOV.address}
| ИНН {HEAT.inn}, КПП {HEAT.kpp} | ИНН {KUZNETSOV.inn}
| ОГРН {HEAT.ogrn} | ОГРНИП {KUZNETSOV.ogrn}
| Р/счёт {HEAT.account} | Р/счёт {KUZNETSOV.account}
| {HEAT.bank.name} | {KUZNETSOV.bank.name}
| К/счёт {HEAT.bank.correspondent} | К/счёт {KUZNETSOV.bank.correspondent}
| БИК {HEAT.bank.bik} | БИК {KUZNETSOV.bank.bik}
| эл. почта: {HEAT.email} | эл. почта: {KUZNETSOV.email}
| _____________ {HEAT.head_short} | _____________ {KUZNETSOV.head_short}
""",
    f"""
contract_number = ЗТС-117/26
contract_date = 2026-05-18
law = 223-FZ
purchase_number = 32616020458
customer = {HEAT.name}
supplier = {KUZNETSOV.name}
inn customer = {HEAT.inn}
kpp customer = {HEAT.kpp}
ogrn customer = {HEAT.ogrn}
settlement_account customer = {HEAT.account}
correspondent_account customer = {HEAT.bank.correspondent}
bik customer = {HEAT.bank.bik}
bank customer = {HEAT.bank.name}
address customer = {HEAT.address}
email customer = {HEAT.email}
inn supplier = {KUZNETSOV.inn}
ogrn supplier = {KUZNETSOV.ogrn}
settlement_account supplier = {KUZNETSOV.account}
correspondent_account supplier = {KUZNETSOV.bank.correspondent}
bik supplier = {KUZNETSOV.bank.bik}
bank supplier = {KUZNETSOV.bank.name}
address supplier = {KUZNETSOV.address}
email supplier = {KUZNETSOV.email}
contract_price = {_WASH_PRICE}
advance_percent = 30
currency = RUB
payment_term = 20 working_days
work_start = 2026-06-01
work_end = 2026-08-20
""",
    allowed="""
payment_term = 5 banking_days
document_number = ЗТС-117/26
document_date = 2026-05-18
subject = оказать услуги по промывке тепловых сетей
""",
)

DRAFT_CONTRACT = Paper(
    "Проект.pdf",
    "contract",
    f"""
> ПРОЕКТ
# КОНТРАКТ № ____________
¦ г. Приозёрье ¦ «___» __________ 2026 г.
{HOSPITAL.name}, именуемое в дальнейшем «Заказчик», в лице главного врача Никитиной Елены Сергеевны, действующей на основании Устава, и ______________________, именуемое в дальнейшем «Поставщик», в лице ____________, действующего на основании ____________, заключили настоящий Контракт:
1.1. Поставщик обязуется поставить расходные материалы для лаборатории (ИКЗ ____________________________________).
2.1. Цена Контракта составляет ______________ (______________) рублей ___ копеек, в том числе НДС ___ % (_______ руб.).
2.2. Оплата производится в течение 10 рабочих дней с даты подписания документа о приёмке по счёту Поставщика. Авансирование не предусмотрено.
3.1. Поставщик предоставляет обеспечение исполнения Контракта в размере 5 % от цены Контракта.
3.2. За каждый факт нарушения Поставщик уплачивает штраф 5000 рублей.
3.3. Реквизиты для перечисления обеспечения: получатель {HOSPITAL.short}, ИНН {HOSPITAL.inn}, КПП {HOSPITAL.kpp}, казначейский счёт {HOSPITAL.account} в {HOSPITAL.bank.name}, БИК {HOSPITAL.bank.bik}, ЕКС {HOSPITAL.bank.correspondent}, КБК 00000000000000000510, ОКТМО {HOSPITAL.oktmo}.
4.1. Контракт вступает в силу со дня подписания и действует по «31» декабря 2026 г.
¦ Заказчик:⏎{HOSPITAL.short}⏎{HOSPITAL.address}⏎ИНН {HOSPITAL.inn}⏎КПП {HOSPITAL.kpp}⏎ОГРН {HOSPITAL.ogrn}⏎______________/{HOSPITAL.head_short}/ ¦ Поставщик:⏎____________________⏎____________________⏎ИНН __________⏎КПП __________⏎ОГРН _____________⏎______________/____________/
""",
    f"""
customer = {HOSPITAL.name}
inn customer = {HOSPITAL.inn}
kpp customer = {HOSPITAL.kpp}
ogrn customer = {HOSPITAL.ogrn}
oktmo customer = {HOSPITAL.oktmo}
treasury_account customer = {HOSPITAL.account}
correspondent_account customer = {HOSPITAL.bank.correspondent}
bik customer = {HOSPITAL.bank.bik}
bank customer = {HOSPITAL.bank.name}
address customer = {HOSPITAL.address}
kbk = 00000000000000000510
contract_security_percent = 5
payment_term = 10 working_days
""",
    allowed="""
currency = RUB
subject = расходные материалы для лаборатории
""",
)

ESTIMATE = Paper(
    "02-01-07.pdf",
    "estimate",
    """
¦ СОГЛАСОВАНО:⏎__________________⏎«____» __________ 2026 г. ¦ УТВЕРЖДАЮ:⏎__________________⏎«____» __________ 2026 г.
Капитальный ремонт кровли здания котельной № 4, г. Заозёрск
(наименование стройки)
# ЛОКАЛЬНЫЙ СМЕТНЫЙ РАСЧЁТ (СМЕТА) № 02-01-07
на замену кровельного покрытия
(наименование работ и затрат)
Основание: дефектная ведомость № 12 от 15.01.2026
Составлен базисно-индексным методом
Сметная стоимость 1 842,63 тыс. руб.
в том числе: строительных работ 1 510,35 тыс. руб.
Средства на оплату труда рабочих 204,18 тыс. руб.
Составлена в уровне цен I квартала 2026 г.
| № п/п | Обоснование | Наименование работ и затрат | Ед. изм. | Кол-во | Цена за ед., руб. | Всего, руб.
| 1 | 2 | 3 | 4 | 5 | 6 | 7
| Раздел 1. Кровля
| 1 | ГЭСНр58-17-1 | Разборка покрытий кровель из рулонных материалов | 100 м2 | 6,4 | 18 420,55 | 117 891,52
| 2 | ГЭСН12-01-002-09 | Устройство кровель плоских из наплавляемых материалов | 100 м2 | 6,4 | 162 318,27 | 1 038 836,93
| 3 | ФСБЦ-12.1.02.03-0053 | Материал рулонный битумно-полимерный | м2 | 1 472 | 240,24 | 353 633,28
| Итого по разделу 1 | 1 510 361,73
| Итого по смете | 1 510 361,73
| НДС 22 % | 332 279,58
| ВСЕГО по смете | 1 842 641,31
Составил: инженер-сметчик                               Т. В. Белова
""",
    """
document_number = 02-01-07
subject = замену кровельного покрытия
estimate_total = 1842630.00
total_amount = 1842641.31
total_without_vat = 1510361.73
vat_rate = 22
vat_amount = 332279.58
currency = RUB
""",
    allowed="""
subject = Капитальный ремонт кровли здания котельной № 4, г. Заозёрск
estimate_total = 1842641.31
""",
)

SERVICE_ESTIMATE = Paper(
    "Смета на услуги.docx",
    "estimate",
    f"""
> Приложение № 2 к договору № ЗТС-117/26 от 18.05.2026
# СМЕТА
# на оказание услуг по промывке тепловых сетей
| № | Наименование услуги | Ед. изм. | Объём | Цена, руб. | Сумма, руб.
| 1 | Промывка гидропневматическая | км | 12,5 | 64 000,00 | 800 000,00
| 2 | Дезинфекция | км | 12,5 | 12 000,00 | 150 000,00
| 3 | Лабораторный анализ воды | проба | 28 | 2 500,00 | 70 000,00
| ИТОГО: | 1 020 000,00
Итого по смете: 1 020 000 рублей 00 копеек, НДС не облагается.
¦ Заказчик ____________ {HEAT.head_short} ¦ Исполнитель ____________ {KUZNETSOV.head_short}
""",
    """
contract_number = ЗТС-117/26
contract_date = 2026-05-18
subject = оказание услуг по промывке тепловых сетей
total_amount = 1020000.00
currency = RUB
""",
    allowed="""
estimate_total = 1020000.00
""",
)

AUCTION_PROTOCOL = Paper(
    "протокол.pdf",
    "protocol",
    f"""
# Протокол подведения итогов определения поставщика (подрядчика, исполнителя)
# № 0198300004526000123-1 от 08.04.2026
¦ Дата и время составления протокола ¦ 08.04.2026 15:40
¦ Номер извещения ¦ 0198300004526000123
¦ Наименование объекта закупки ¦ Поставка светодиодных светильников уличного освещения
¦ Способ определения поставщика ¦ Электронный аукцион
¦ Начальная (максимальная) цена контракта ¦ 1 284 350,40 Российский рубль
¦ Заказчик ¦ {CITY.name}
¦ Место проведения ¦ ЭТП «Приозёрье»
Присутствовали члены комиссии: Гаврилов О. Н., Рыбакова А. Л., Сомов П. П. Кворум имеется.
По окончании срока подачи заявок до 06.04.2026 08:00 подано 2 заявки.
| Идентификационный номер заявки | Наименование участника | ИНН | КПП | Предложение о цене, руб. | Порядковый номер
| 117804512 | {LIGHT.short} | {LIGHT.inn} | {LIGHT.kpp} | 1 091 697,84 | 1
| 117804690 | {VECTOR.short} | {VECTOR.inn} | {VECTOR.kpp} | 1 104 541,34 | 2
Победителем признан участник с идентификационным номером заявки 117804512: {LIGHT.name}, ИНН {LIGHT.inn}, предложивший наименьшую цену контракта 1 091 697,84 руб.
Контракт заключается не ранее чем через десять дней с даты размещения протокола.
""",
    f"""
document_number = 0198300004526000123-1
document_date = 2026-04-08
purchase_number = 0198300004526000123
purchase_method = электронный аукцион
platform = ЭТП «Приозёрье»
subject = Поставка светодиодных светильников уличного освещения
nmck = 1284350.40
currency = RUB
customer = {CITY.name}
participant = {LIGHT.short}
participant = {VECTOR.short}
inn participant = {LIGHT.inn}
inn participant = {VECTOR.inn}
kpp participant = {LIGHT.kpp}
kpp participant = {VECTOR.kpp}
bid_deadline = 2026-04-06
""",
    allowed=f"""
contract_price = 1091697.84
supplier = {LIGHT.name}
inn supplier = {LIGHT.inn}
kpp supplier = {LIGHT.kpp}
results_date = 2026-04-08
""",
)

COMPANY_PROTOCOL = Paper(
    "Протокол 223.docx",
    "protocol",
    f"""
# П Р О Т О К О Л № 32615984127-03
# подведения итогов запроса предложений в электронной форме
г. Заозёрск                                                                                    27.04.2026
Заказчик: {HEAT.name} (ИНН {HEAT.inn}).
Предмет закупки: поставка труб стальных предизолированных для ремонта тепловых сетей. Лот № 1.
Извещение № 32615984127 размещено 03.04.2026.
Начальная (максимальная) цена договора: 5 307 000,00 руб. с НДС.
На заседании присутствовали: Журавлёв П. А., Лаптева И. В., Ким В. С. Заседание правомочно.
1. Рассмотрены заявки:
1) {VECTOR.name}, ИНН {VECTOR.inn}, ОГРН {VECTOR.ogrn}, адрес: {VECTOR.address}. Цена предложения 5 190 000,00 руб. с НДС 22 %.
2) {KUZNETSOV.name}, ИНН {KUZNETSOV.inn}. Цена предложения 5 250 500,00 руб., НДС не облагается.
2. Признать победителем {VECTOR.short}. Голосовали: «за» – 3, «против» – 0.
Договор заключается по цене 5 190 000 (пять миллионов сто девяносто тысяч) рублей 00 копеек.
""",
    f"""
document_number = 32615984127-03
document_date = 2026-04-27
purchase_number = 32615984127
purchase_method = запрос предложений
lot_number = 1
subject = поставка труб стальных предизолированных для ремонта тепловых сетей
customer = {HEAT.name}
inn customer = {HEAT.inn}
nmck = 5307000.00
currency = RUB
vat_rate = 22
participant = {VECTOR.name}
participant = {KUZNETSOV.name}
inn participant = {VECTOR.inn}
inn participant = {KUZNETSOV.inn}
ogrn participant = {VECTOR.ogrn}
address participant = {VECTOR.address}
contract_price = 5190000.00
""",
    allowed=f"""
law = 223-FZ
supplier = {VECTOR.short}
inn supplier = {VECTOR.inn}
ogrn supplier = {VECTOR.ogrn}
address supplier = {VECTOR.address}
""",
)

OFFER = Paper(
    "КП.pdf",
    "other",
    f"""
{LIGHT.name}
ИНН {LIGHT.inn} / КПП {LIGHT.kpp}, ОГРН {LIGHT.ogrn}
{LIGHT.address}
р/с {LIGHT.account} в {LIGHT.bank.name}, БИК {LIGHT.bank.bik}, к/с {LIGHT.bank.correspondent}
тел./факс: {LIGHT.phone}, {LIGHT.email}
Исх. № 54 от 12.01.2026
> Директору {CITY.short}
> Гаврилову О. Н.
# КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ
В ответ на Ваш запрос от 29.12.2025 № 1187 предлагаем поставить светильники на следующих условиях:
| № | Наименование | Кол-во, шт. | Цена за ед. с НДС, руб. | Сумма с НДС, руб.
| 1 | Светильник светодиодный 60 Вт | 120 | 6 400,00 | 768 000,00
| 2 | Светильник светодиодный 100 Вт | 60 | 8 200,00 | 492 000,00
| Итого: | 1 260 000,00
| В том числе НДС 22 %: | 227 213,11
Срок действия предложения – до 30.06.2026. Срок поставки – 20 рабочих дней. Гарантия – 5 лет.
Генеральный директор                       {LIGHT.head_short}
""",
    f"""
document_number = 54
document_date = 2026-01-12
participant = {LIGHT.name}
inn participant = {LIGHT.inn}
kpp participant = {LIGHT.kpp}
ogrn participant = {LIGHT.ogrn}
settlement_account participant = {LIGHT.account}
correspondent_account participant = {LIGHT.bank.correspondent}
bik participant = {LIGHT.bank.bik}
bank participant = {LIGHT.bank.name}
address participant = {LIGHT.address}
phone participant = {LIGHT.phone}
email participant = {LIGHT.email}
total_amount = 1260000.00
vat_rate = 22
vat_amount = 227213.11
currency = RUB
delivery_term = 20 working_days
warranty_term = 5 years
""",
    allowed=f"""
customer = {CITY.short}
bid_validity = 2026-06-30
""",
)

GUARANTEE = Paper(
    "БГ.docx",
    "other",
    f"""
# НЕЗАВИСИМАЯ ГАРАНТИЯ № 26-0817/ИК
г. Верхнеозёрск, 17.04.2026
{PROMBANK.name}, ИНН {_BANK_INN}, БИК {PROMBANK.bik}, именуемое в дальнейшем «Гарант», настоящим обязуется уплатить Бенефициару – {CITY.name} (ИНН {CITY.inn}) – сумму, не превышающую 128 435,04 (сто двадцать восемь тысяч четыреста тридцать пять рублей 04 копейки), в случае неисполнения Принципалом – {LIGHT.name} (ИНН {LIGHT.inn}, ОГРН {LIGHT.ogrn}) – обязательств по контракту, заключаемому по результатам закупки № 0198300004526000123 (ИКЗ {_LAMPS_CODE}).
Требование платежа рассматривается в течение 5 рабочих дней. Гарантия вступает в силу со дня выдачи и действует по 28.02.2027 включительно.
Реквизиты Бенефициара: казначейский счёт {CITY.account}, ЕКС {CITY.bank.correspondent}, БИК {CITY.bank.bik}.
""",
    f"""
document_number = 26-0817/ИК
document_date = 2026-04-17
purchase_number = 0198300004526000123
purchase_code = {_LAMPS_CODE}
inn bank = {_BANK_INN}
inn customer = {CITY.inn}
inn supplier = {LIGHT.inn}
ogrn supplier = {LIGHT.ogrn}
bik bank = {PROMBANK.bik}
bik customer = {CITY.bank.bik}
treasury_account customer = {CITY.account}
correspondent_account customer = {CITY.bank.correspondent}
contract_security_amount = 128435.04
customer = {CITY.name}
supplier = {LIGHT.name}
currency = RUB
""",
)

INSTRUCTION = Paper(
    "Памятка участнику.docx",
    "other",
    """
# ПАМЯТКА УЧАСТНИКУ ЗАКУПКИ
Заявка заполняется на русском языке. В поле «ИНН» указываются 10 цифр для организаций и 12 цифр для индивидуальных предпринимателей, в поле «КПП» – 9 цифр, например 770101001, в поле «ОГРН» – 13 цифр.
Участники с уставным капиталом свыше 10 000 000 рублей представляют бухгалтерскую отчётность. Цена контракта при закупке малого объёма не может превышать 600 000 рублей.
Если начальная (максимальная) цена контракта превышает 20 000 000 рублей, обеспечение заявки составляет от 0,5 до 5 процентов.
Единый номер справочной службы 8-800-000-00-00. Сведения о сертификате: 03 8A 41 2B 77 00 5D B0 91. Номер партии 4601234567890, заказ 2026040112345678901.
Разъяснения положений извещения направляются в течение 2 (двух) рабочих дней. Приказ Минфина России от 10.04.2015 № 60н. ГОСТ Р 7.0.97-2016.
""",
    """
phone = 88000000000
""",
)

FOREIGN_INVOICE = Paper(
    "invoice.pdf",
    "other",
    """
# INVOICE No. 2026-00417
Lakeside Lighting Ltd., 14 Harbour Road, Dublin, Ireland
VAT ID: IE6388047V    IBAN: IE29AIBK93115212345678    SWIFT: AIBKIE2D
Date: March 3, 2026    Due: April 2, 2026
| Description | Qty | Unit price | Amount
| LED street light 60 W | 120 | EUR 64.50 | EUR 7,740.00
| Freight | 1 | EUR 310.00 | EUR 310.00
| Subtotal | EUR 8,050.00
| VAT 0 % (reverse charge) | EUR 0.00
| Total | EUR 8,050.00
""",
    """
""",
    allowed="""
total_amount = 8050.00
total_without_vat = 8050.00
vat_rate = 0
vat_amount = 0.00
currency = EUR
document_date = 2026-03-03
document_number = 2026-00417
""",
)
