"""Invented organisations and people whose identifiers pass the check sums that real ones pass.

Region 98 belongs to nobody; mail addresses end in ``.example``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

from samples.identifiers import organisation_inn, organisation_ogrn, organisation_okpo

_PERSON_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


@dataclass(frozen=True)
class Bank:
    """A bank, or the treasury body that keeps the account of a public customer."""

    name: str
    bik: str
    correspondent: str

    def account(self, before_key: str, after_key: str) -> str:
        """An account kept here: eight digits, the key that fits, eleven digits."""
        return _keyed(self.bik[6:], before_key, after_key)


@dataclass(frozen=True)
class Party:
    """Who buys, sells or guarantees."""

    name: str
    short: str
    inn: str
    kpp: str
    ogrn: str
    okpo: str
    oktmo: str
    address: str
    phone: str
    email: str
    bank: Bank
    account: str
    head: str
    head_short: str


def _keyed(condition: str, before_key: str, after_key: str) -> str:
    for key in "0123456789":
        digits = condition + before_key + key + after_key
        if sum(int(digit) * weight % 10 for digit, weight in zip(digits, cycle((7, 1, 3)), strict=False)) % 10 == 0:
            return before_key + key + after_key
    raise AssertionError("one of the ten keys always fits")


def _bank(name: str, bik: str) -> Bank:
    return Bank(name, bik, _keyed("0" + bik[4:6], "30101810", "00000000" + bik[6:]))


def _treasury(name: str, bik: str) -> Bank:
    return Bank(name, bik, _keyed("0" + bik[4:6], "40102810", "45370000081"))


def person_inn(first_ten: str) -> str:
    """The ИНН of a person: ten digits and two control digits."""
    eleven = first_ten + _control(first_ten)
    return eleven + _control(eleven)


def _control(digits: str) -> str:
    weights = _PERSON_WEIGHTS[-len(digits) :]
    return str(sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11 % 10)


def person_ogrn(first_fourteen: str) -> str:
    """The ОГРНИП: fourteen digits, then their value mod 13 mod 10."""
    return first_fourteen + str(int(first_fourteen) % 13 % 10)


TREASURY = _treasury("Отделение Верхнеозёрск Банка России//УФК по Приозёрной области, г. Верхнеозёрск", "019802107")
PROMBANK = _bank("ПАО «Приозёрный Промбанк» г. Верхнеозёрск", "049805633")
NORTH_BANK = _bank("Филиал «Северный» АО «Банк Развитие»", "049803742")

CITY = Party(
    "Муниципальное казённое учреждение «Управление городского хозяйства города Верхнеозёрска»",
    "МКУ «УГХ г. Верхнеозёрска»",
    organisation_inn("980310274"),
    "980301001",
    organisation_ogrn("102980310027"),
    organisation_okpo("3381906"),
    "98715000001",
    "998300, Приозёрная область, г. Верхнеозёрск, пр-кт Победы, д. 27, каб. 214",
    "+7 (000) 352-41-18",
    "torgi@ugh-verhneozersk.example",
    TREASURY,
    "03231643987150002100",
    "Гаврилов Олег Николаевич",
    "О. Н. Гаврилов",
)
HOSPITAL = Party(
    "Государственное бюджетное учреждение здравоохранения «Приозёрная районная больница»",
    "ГБУЗ «Приозёрная РБ»",
    organisation_inn("980415083"),
    "980401001",
    organisation_ogrn("103980415008"),
    organisation_okpo("5207714"),
    "98721000",
    "998412, Приозёрная область, г. Приозёрье, ул. Больничная, 3А",
    "8 (00052) 4-17-36",
    "zakup-rb@prioz.example",
    TREASURY,
    "03224643980000002100",
    "Никитина Елена Сергеевна",
    "Е. С. Никитина",
)
HEAT = Party(
    "Акционерное общество «Заозёрные тепловые сети»",
    "АО «Заозёрные тепловые сети»",
    organisation_inn("980127735"),
    "980101001",
    organisation_ogrn("105980127773"),
    organisation_okpo("7719345"),
    "98701000",
    "998020, Приозёрная область, г. Заозёрск, ул. Котельная, д. 9, стр. 2",
    "+7 000 219-90-04 доб. 115",
    "tender@zts.example",
    PROMBANK,
    PROMBANK.account("40702810", "10000004417"),
    "Журавлёв Пётр Андреевич",
    "П. А. Журавлёв",
)
LIGHT = Party(
    "Общество с ограниченной ответственностью «ТехноСвет-Сервис»",
    "ООО «ТехноСвет-Сервис»",
    organisation_inn("980533916"),
    "980501001",
    organisation_ogrn("119980533391"),
    organisation_okpo("4420871"),
    "98724000",
    "998107, Приозёрная область, г. Верхнеозёрск, ул. Заводская, д. 41, офис 6",
    "+7 (000) 777-15-20",
    "info@tehnosvet.example",
    NORTH_BANK,
    NORTH_BANK.account("40702810", "20110000592"),
    "Мельников Сергей Юрьевич",
    "С. Ю. Мельников",
)
KUZNETSOV = Party(
    "Индивидуальный предприниматель Кузнецов Артём Игоревич",
    "ИП Кузнецов А. И.",
    person_inn("9806047315"),
    "",
    person_ogrn("31898060004731"),
    "",
    "",
    "998115, Приозёрная область, г. Заозёрск, ул. Мира, д. 5, кв. 12",
    "8-900-000-31-77",
    "kuznetsov.a.i@mail.example",
    NORTH_BANK,
    NORTH_BANK.account("40802810", "70110000138"),
    "Кузнецов Артём Игоревич",
    "А. И. Кузнецов",
)
VECTOR = Party(
    "Акционерное общество «Вектор-Строй»",
    "АО «Вектор-Строй»",
    organisation_inn("980644102"),
    "980601001",
    organisation_ogrn("107980644410"),
    organisation_okpo("2290458"),
    "98727000",
    "998201, Приозёрная область, г. Верхнеозёрск, ш. Северное, вл. 14",
    "+7 (000) 640-00-33",
    "vector@vektor-stroy.example",
    PROMBANK,
    PROMBANK.account("40702810", "50000002904"),
    "Орлов Максим Дмитриевич",
    "М. Д. Орлов",
)
