"""The words that the lake uses: names of its tables, and what documents, pages, cells and fields are called."""

from __future__ import annotations

from enum import StrEnum


class TableName(StrEnum):
    """The tables of the lake; each is declared in ``schema``. Here for those who only name them."""

    SOURCES = "sources"
    DOCUMENTS = "documents"
    PAGES = "pages"
    BLOCKS = "blocks"
    TABLE_CELLS = "table_cells"
    FIELDS = "fields"


class DocumentType(StrEnum):
    """What a document is in a tender."""

    TECHNICAL_SPECIFICATION = "technical_specification"
    ESTIMATE = "estimate"
    CONTRACT = "contract"
    NOTICE = "notice"
    NMCK_JUSTIFICATION = "nmck_justification"
    APPLICATION_FORM = "application_form"
    PROTOCOL = "protocol"
    OTHER = "other"


class QualityGrade(StrEnum):
    """How far the text of a document can be trusted."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class TextSource(StrEnum):
    """Where the text of a page comes from; ``none``: the page failed and has no text."""

    NATIVE = "native"
    OCR = "ocr"
    NONE = "none"


class RowKind(StrEnum):
    """What a row of a table is; all cells that begin in a row are of its kind."""

    HEADER = "header"
    """Names the columns; the row of column numbers («1 2 3») under it too."""
    DATA = "data"
    SECTION = "section"
    """A title over the full width: «Раздел 1. Земляные работы»."""
    TOTAL = "total"
    """«Итого», «Всего», «в т.ч. НДС»: sums of the rows above."""


class ColumnRole(StrEnum):
    """What the cells of a column say, by its header."""

    ROW_NUMBER = "row_number"
    NAME = "name"
    CODE = "code"
    UNIT = "unit"
    QUANTITY = "quantity"
    PRICE = "price"
    AMOUNT = "amount"
    VAT = "vat"


class FieldName(StrEnum):
    """What a field says about a purchase."""

    PURCHASE_NUMBER = "purchase_number"
    """Of the notice in the unified system: 19 digits (44-FZ) or 11 (223-FZ)."""
    LAW = "law"
    """``44-FZ`` or ``223-FZ``."""
    PURCHASE_CODE = "purchase_code"
    """ИКЗ, 36 digits."""
    PURCHASE_METHOD = "purchase_method"
    PLATFORM = "platform"
    LOT_NUMBER = "lot_number"
    SUBJECT = "subject"
    OKPD2 = "okpd2"
    KTRU = "ktru"
    OKVED2 = "okved2"

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    PARTICIPANT = "participant"
    INN = "inn"
    KPP = "kpp"
    OGRN = "ogrn"
    OKPO = "okpo"
    OKTMO = "oktmo"
    BANK = "bank"
    BIK = "bik"
    SETTLEMENT_ACCOUNT = "settlement_account"
    CORRESPONDENT_ACCOUNT = "correspondent_account"
    """Also the single treasury account (ЕКС) that stands in its place."""
    TREASURY_ACCOUNT = "treasury_account"
    KBK = "kbk"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"

    NMCK = "nmck"
    """Initial (maximum) price of the contract, НМЦК or НМЦД."""
    CONTRACT_PRICE = "contract_price"
    TOTAL_AMOUNT = "total_amount"
    """«Итого», «Всего» of the document, with VAT where both are given."""
    TOTAL_WITHOUT_VAT = "total_without_vat"
    VAT_RATE = "vat_rate"
    VAT_AMOUNT = "vat_amount"
    ESTIMATE_TOTAL = "estimate_total"
    CURRENCY = "currency"
    ADVANCE_PERCENT = "advance_percent"
    BID_SECURITY_PERCENT = "bid_security_percent"
    BID_SECURITY_AMOUNT = "bid_security_amount"
    CONTRACT_SECURITY_PERCENT = "contract_security_percent"
    CONTRACT_SECURITY_AMOUNT = "contract_security_amount"
    WARRANTY_SECURITY_PERCENT = "warranty_security_percent"
    WARRANTY_SECURITY_AMOUNT = "warranty_security_amount"

    DOCUMENT_NUMBER = "document_number"
    DOCUMENT_DATE = "document_date"
    APPROVAL_DATE = "approval_date"
    CONTRACT_NUMBER = "contract_number"
    CONTRACT_DATE = "contract_date"
    CONTRACT_REGISTRY_NUMBER = "contract_registry_number"
    """Of the concluded contract in the unified system: 19 digits (44-FZ) or 23 characters (223-FZ)."""
    BID_DEADLINE = "bid_deadline"
    AUCTION_DATE = "auction_date"
    RESULTS_DATE = "results_date"
    BID_VALIDITY = "bid_validity"
    WORK_START = "work_start"
    WORK_END = "work_end"
    DELIVERY_TERM = "delivery_term"
    PAYMENT_TERM = "payment_term"
    WARRANTY_TERM = "warranty_term"
    DELIVERY_PLACE = "delivery_place"


class FieldRole(StrEnum):
    """Whose value a field is, where a document names several parties."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    PARTICIPANT = "participant"
    OPERATOR = "operator"
    """Of the electronic platform."""
    BANK = "bank"
    """The guarantor of a guarantee; the bank of an account is ``field`` bank with the role of the account's owner."""


class FieldMethod(StrEnum):
    """How a value was found."""

    LABEL = "label"
    """Beside its label in running text: «ИНН 7707083893»."""
    CELL = "cell"
    """In a table whose cell to the left or above is its label."""
    PHRASE = "phrase"
    """In a sentence that says what it is."""
    TITLE = "title"
    """In the title or the head of the document."""
    PATTERN = "pattern"
    """By its form alone, where the form or a check digit proves enough."""
    PATH = "path"
    """In the path or the name of the file."""


class FieldUnit(StrEnum):
    """Unit of a field's number."""

    RUB = "RUB"
    USD = "USD"
    EUR = "EUR"
    CNY = "CNY"
    PERCENT = "percent"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    BANKING_DAYS = "banking_days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    HOURS = "hours"
