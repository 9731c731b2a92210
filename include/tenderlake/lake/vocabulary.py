"""The words that the lake uses: names of its tables, and what documents, pages, cells and fields are called."""

from __future__ import annotations

from enum import StrEnum

from ocr_tasks.contract import Word


class TableName(StrEnum):
    """The tables of the lake; each is declared in ``schema``. Here for those who only name them."""

    SOURCES = "sources"
    DOCUMENTS = "documents"
    PAGES = "pages"
    BLOCKS = "blocks"
    TABLE_CELLS = "table_cells"
    FIELDS = "fields"


class DocumentType(Word):
    """What a document is in a tender."""

    TECHNICAL_SPECIFICATION = (
        "technical_specification",
        "What is bought, with its properties and terms.",
        "техническое задание, описание объекта закупки",
    )
    ESTIMATE = "estimate", "Works or goods with quantities, prices and sums.", "смета, ведомость объёмов работ"
    CONTRACT = "contract", "A contract or its draft.", "контракт, договор, проект контракта"
    NOTICE = "notice", "The notice of a purchase, and documentation that opens with it.", "извещение, документация"
    NMCK_JUSTIFICATION = (
        "nmck_justification",
        "How the customer came to the initial price.",
        "обоснование НМЦК",
    )
    APPLICATION_FORM = "application_form", "Bids, their forms, and how to fill them in.", "заявка, анкета участника"
    PROTOCOL = "protocol", "What a commission has decided.", "протокол"
    OTHER = "other", "Anything else, and what nothing tells."


class QualityGrade(Word):
    """How far the text of a document can be trusted; the limits are in ``tenderlake.quality``."""

    GOOD = "good", "No page failed or is doubtful; the mean confidence of OCR is 0.85 or more."
    FAIR = "fair", "A confidence of 0.70 or more, or up to a tenth of the pages failed, or up to half are doubtful."
    POOR = "poor", "Less than that: look at the pages before relying on the text."


class TextSource(Word):
    """Where the text of a page comes from."""

    NATIVE = "native", "From the text layer or the file itself: nothing was recognised."
    OCR = "ocr", "Read from an image of the page, as a whole or (flag mixed_page) in part."
    NONE = "none", "The page failed and has no text."


class RowKind(Word):
    """What a row of a table is; all cells that begin in a row are of its kind."""

    HEADER = "header", "Names the columns; the row of column numbers («1 2 3») under it too."
    DATA = "data", "An ordinary row."
    SECTION = "section", "A title over the full width: «Раздел 1. Земляные работы»."
    TOTAL = "total", "«Итого», «Всего», «в т.ч. НДС»: sums of the rows above."


class ColumnRole(Word):
    """What the cells of a column say, by its header."""

    ROW_NUMBER = "row_number", "Number of the row in the paper.", "№ п/п"
    NAME = "name", "What is bought or done.", "наименование"
    CODE = "code", "A code of a classifier, an estimate norm or an article number.", "код, шифр, артикул, обоснование"
    UNIT = "unit", "Unit of measure.", "ед. изм."
    QUANTITY = "quantity", "How many or how much.", "количество, объём"
    PRICE = "price", "Price of one unit.", "цена за единицу"
    AMOUNT = "amount", "Sum of the row.", "сумма, стоимость"
    VAT = "vat", "Value added tax: its rate or its sum.", "НДС"


class FieldName(Word):
    """What a field says about a purchase, with the Russian term that documents use."""

    PURCHASE_NUMBER = (
        "purchase_number",
        "Number of the notice in the unified system: 19 digits (44-FZ) or 11 (223-FZ); a number that the customer or "
        "the platform gave has no `is_valid`.",
        "номер извещения, реестровый номер закупки",
    )
    LAW = "law", "The law that the purchase is held under: 44-FZ or 223-FZ.", "44-ФЗ, 223-ФЗ"
    PURCHASE_CODE = "purchase_code", "Identification code of the purchase, 36 digits.", "ИКЗ"
    PURCHASE_METHOD = "purchase_method", "How the supplier is chosen.", "способ определения поставщика"
    PLATFORM = "platform", "Electronic platform that the purchase is held on.", "электронная площадка, ЭТП"
    LOT_NUMBER = "lot_number", "Number of the lot.", "лот №"
    SUBJECT = "subject", "What is bought, in words.", "предмет контракта, объект закупки"
    OKPD2 = "okpd2", "Code of the goods, works or services.", "ОКПД2"
    KTRU = "ktru", "Position in the catalogue of goods, works and services.", "КТРУ"
    OKVED2 = "okved2", "Code of a kind of business.", "ОКВЭД2"

    CUSTOMER = "customer", "Who buys.", "заказчик"
    SUPPLIER = "supplier", "Who sells or works under the contract.", "поставщик, подрядчик, исполнитель"
    PARTICIPANT = "participant", "Who takes part in the purchase.", "участник закупки"
    INN = "inn", "Taxpayer's number, 10 digits (organisations) or 12 (persons).", "ИНН"
    KPP = "kpp", "Reason of the tax registration, 9 characters.", "КПП"
    OGRN = "ogrn", "State registration number, 13 digits, or 15 of a sole trader.", "ОГРН, ОГРНИП"
    OKPO = "okpo", "Code of an organisation in statistics, 8 or 10 digits.", "ОКПО"
    OKTMO = "oktmo", "Code of a municipality, 8 or 11 digits.", "ОКТМО"
    BANK = "bank", "Bank of an account.", "банк"
    BIK = "bik", "Code of a bank, 9 digits.", "БИК"
    SETTLEMENT_ACCOUNT = "settlement_account", "Account of a party at its bank, 20 digits.", "расчётный счёт, р/с"
    CORRESPONDENT_ACCOUNT = (
        "correspondent_account",
        "Account of the bank; also the single treasury account that stands in its place. 20 digits.",
        "корреспондентский счёт, к/с, ЕКС",
    )
    TREASURY_ACCOUNT = "treasury_account", "Account at the treasury, 20 digits.", "казначейский счёт"
    KBK = "kbk", "Code of the budget classification, 20 characters.", "КБК"
    ADDRESS = "address", "Address of a party.", "адрес, место нахождения"
    EMAIL = "email", "E-mail address.", "адрес электронной почты"
    PHONE = "phone", "Telephone number.", "телефон"

    NMCK = "nmck", "Initial (maximum) price of the contract.", "НМЦК, НМЦД"
    CONTRACT_PRICE = "contract_price", "Price of the contract.", "цена контракта"
    TOTAL_AMOUNT = (
        "total_amount",
        "Total of the document, with value added tax where both are given.",
        "итого, всего",
    )
    TOTAL_WITHOUT_VAT = "total_without_vat", "Total without value added tax.", "итого без НДС"
    VAT_RATE = "vat_rate", "Rate of value added tax.", "ставка НДС"
    VAT_AMOUNT = "vat_amount", "Sum of value added tax.", "сумма НДС"
    ESTIMATE_TOTAL = "estimate_total", "Total of an estimate.", "всего по смете, сметная стоимость"
    CURRENCY = "currency", "Currency of the prices, ISO 4217.", "валюта"
    ADVANCE_PERCENT = "advance_percent", "Advance, in percent of the price.", "аванс"
    BID_SECURITY_PERCENT = "bid_security_percent", "Security of a bid, in percent.", "обеспечение заявки, %"
    BID_SECURITY_AMOUNT = "bid_security_amount", "Security of a bid, as a sum.", "обеспечение заявки, сумма"
    CONTRACT_SECURITY_PERCENT = (
        "contract_security_percent",
        "Security of performance, in percent.",
        "обеспечение исполнения контракта, %",
    )
    CONTRACT_SECURITY_AMOUNT = (
        "contract_security_amount",
        "Security of performance, as a sum.",
        "обеспечение исполнения контракта, сумма",
    )
    WARRANTY_SECURITY_PERCENT = (
        "warranty_security_percent",
        "Security of the warranty, in percent.",
        "обеспечение гарантийных обязательств, %",
    )
    WARRANTY_SECURITY_AMOUNT = (
        "warranty_security_amount",
        "Security of the warranty, as a sum.",
        "обеспечение гарантийных обязательств, сумма",
    )

    DOCUMENT_NUMBER = "document_number", "Number of this document.", "номер документа"
    DOCUMENT_DATE = "document_date", "Date of this document.", "дата документа"
    APPROVAL_DATE = "approval_date", "When the document was approved.", "утверждаю, дата утверждения"
    CONTRACT_NUMBER = "contract_number", "Number of the contract.", "номер контракта (договора)"
    CONTRACT_DATE = "contract_date", "Date of the contract.", "дата контракта (договора)"
    CONTRACT_REGISTRY_NUMBER = (
        "contract_registry_number",
        "Of the concluded contract in the unified system: 19 digits (44-FZ) or 23 characters (223-FZ).",
        "реестровый номер контракта (договора)",
    )
    BID_DEADLINE = "bid_deadline", "When bids are due.", "окончание срока подачи заявок"
    AUCTION_DATE = "auction_date", "Day of the auction.", "дата проведения аукциона"
    RESULTS_DATE = "results_date", "Day of the results.", "дата подведения итогов"
    BID_VALIDITY = "bid_validity", "How long a bid stays valid.", "срок действия заявки"
    WORK_START = "work_start", "When the work begins.", "начало выполнения работ"
    WORK_END = "work_end", "When the work has to be done.", "окончание выполнения работ"
    DELIVERY_TERM = "delivery_term", "How long the delivery may take.", "срок поставки"
    PAYMENT_TERM = "payment_term", "How long the payment may take.", "срок оплаты"
    WARRANTY_TERM = "warranty_term", "How long the warranty lasts.", "гарантийный срок"
    DELIVERY_PLACE = "delivery_place", "Where to deliver, or where the work is done.", "место поставки"


class FieldRole(Word):
    """Whose value a field is, where a document names several parties."""

    CUSTOMER = "customer", "Of who buys.", "заказчик"
    SUPPLIER = "supplier", "Of who sells or works.", "поставщик, подрядчик, исполнитель"
    PARTICIPANT = "participant", "Of who takes part in the purchase.", "участник закупки"
    OPERATOR = "operator", "Of the operator of the electronic platform.", "оператор площадки"
    BANK = (
        "bank",
        "Of the guarantor of a guarantee; the bank of an account has the role of the account's owner.",
        "гарант",
    )


class FieldMethod(Word):
    """How a value was found."""

    LABEL = "label", "Beside its label in running text: «ИНН 7707083893»."
    CELL = "cell", "In a table whose cell to the left or above is its label."
    PHRASE = "phrase", "In a sentence that says what it is."
    TITLE = "title", "In the title or the head of the document."
    PATTERN = "pattern", "By its form alone, where the form or a check digit proves enough."
    PATH = "path", "In the path or the name of the file."


class FieldUnit(Word):
    """Unit of a field's number."""

    RUB = "RUB", "Russian roubles.", "рубли"
    USD = "USD", "US dollars.", "доллары США"
    EUR = "EUR", "Euros.", "евро"
    CNY = "CNY", "Chinese yuan.", "юани"
    PERCENT = "percent", "Percent.", "%"
    CALENDAR_DAYS = "calendar_days", "Calendar days.", "календарные дни"
    WORKING_DAYS = "working_days", "Working days.", "рабочие дни"
    BANKING_DAYS = "banking_days", "Days on which banks work.", "банковские дни"
    WEEKS = "weeks", "Weeks.", "недели"
    MONTHS = "months", "Months.", "месяцы"
    YEARS = "years", "Years.", "годы"
    HOURS = "hours", "Hours.", "часы"
