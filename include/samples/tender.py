"""The invented purchase that every sample document is about: one place for its facts, so that the documents agree.

Everything here is made up: customer, people, prices, numbers. The identifiers pass their check sums; region code 98
belongs to no region, the town and the oblast do not exist, mail addresses end in ``.example``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from statistics import stdev

from samples.identifiers import organisation_inn, organisation_ogrn, organisation_okpo, purchase_code, treasury_account
from samples.money import kopecks

PURCHASE_NUMBER = "0373200012326000457"
PURCHASE_OBJECT = (
    "Поставка кабельной продукции и электротехнических изделий с выполнением работ по замене сетей освещения "
    "здания школы"
)
PLATFORM = "Электронная торговая площадка «Торги-Пример»"
PLATFORM_URL = "https://etp.example"

VAT_PERCENT = 22
BID_SECURITY_PERCENT = 1
CONTRACT_SECURITY_PERCENT = 10
WARRANTY_SECURITY_PERCENT = 5
OVERHEAD_PERCENT = 97
PROFIT_PERCENT = 51

PUBLISHED_ON = "12.03.2026"
BIDS_UNTIL = "23.03.2026"
RESULTS_ON = "25.03.2026"
SUPPLY_UNTIL = "15.06.2026"
WORKS_UNTIL = "31.07.2026"
CONTRACT_ENDS_ON = "30.09.2026"
ESTIMATE_NUMBER = "02-01-14"


@dataclass(frozen=True)
class Customer:
    """The school that buys."""

    full_name: str
    short_name: str
    inn: str
    kpp: str
    ogrn: str
    okpo: str
    oktmo: str
    address: str
    director: str
    director_short: str
    manager: str
    manager_short: str
    phone: str
    email: str
    bank: str
    bik: str
    single_account: str
    treasury_account: str
    personal_account: str


_INN = organisation_inn("980101457")
_BIK = "019801004"
CUSTOMER = Customer(
    full_name=(
        "Муниципальное бюджетное общеобразовательное учреждение «Средняя общеобразовательная школа № 14» "
        "города Нижнелипска"
    ),
    short_name="МБОУ СОШ № 14",
    inn=_INN,
    kpp="980101001",
    ogrn=organisation_ogrn("102980101457"),
    okpo=organisation_okpo("4814572"),
    oktmo="98701000",
    address="998014, Заречная область, г. Нижнелипск, ул. Школьная, д. 14",
    director="Соколова Марина Викторовна",
    director_short="М. В. Соколова",
    manager="Лебедев Игорь Павлович",
    manager_short="И. П. Лебедев",
    phone="+7 (000) 514-57-00",
    email="zakupki@school14.example",
    bank="Отделение Нижнелипск Банка России // УФК по Заречной области, г. Нижнелипск",
    bik=_BIK,
    single_account=treasury_account(_BIK, "40102810", "45370000098"),
    treasury_account="03234643987010004800",
    personal_account="20726Х14570",
)
PURCHASE_CODE = purchase_code(2026, CUSTOMER.inn, CUSTOMER.kpp, plan_line=18, order=1, okpd2="0000", expense_kind="244")

BIDDER_NAME = "Общество с ограниченной ответственностью «Нижнелипская кабельная база»"
BIDDER_SHORT_NAME = "ООО «Нижнелипская кабельная база»"
BIDDER_INN = organisation_inn("980203314")
BIDDER_KPP = "980201001"


@dataclass(frozen=True)
class Item:
    """A position of goods; ``offers`` are the prices of the three sources in roubles, VAT included."""

    name: str
    requirement: str
    okpd2: str
    unit: str
    okei: str
    quantity: int
    offers: tuple[Decimal, Decimal, Decimal]

    @property
    def price(self) -> Decimal:
        """The mean of the three offers in roubles, rounded half up."""
        return kopecks(sum(self.offers, Decimal()) / len(self.offers))

    @property
    def deviation(self) -> Decimal:
        """The standard deviation (n - 1) of the offers in roubles."""
        return kopecks(stdev(self.offers))

    @property
    def variation_percent(self) -> Decimal:
        """The coefficient of variation: over 33 the prices would not be homogeneous."""
        return kopecks(stdev(self.offers) / self.price * 100)

    @property
    def total(self) -> Decimal:
        """Quantity times mean price, in roubles."""
        return kopecks(self.quantity * self.price)


def _item(name: str, requirement: str, okpd2: str, unit: str, quantity: int, offers: str) -> Item:
    first, second, third = (Decimal(offer) for offer in offers.split())
    return Item(name, requirement, okpd2, unit, {"м": "006", "шт": "796"}[unit], quantity, (first, second, third))


ITEMS = (
    _item(
        "Кабель силовой ВВГнг(А)-LS 3х1,5",
        "Медные однопроволочные жилы, число жил 3, сечение 1,5 мм²; изоляция и оболочка из ПВХ пониженной пожарной "
        "опасности; напряжение 0,66 кВ; класс пожарной опасности П1б.8.2.2.2",
        "27.32.13.111",
        "м",
        1850,
        "71.40 74.90 69.80",
    ),
    _item(
        "Кабель силовой ВВГнг(А)-LS 3х2,5",
        "Медные однопроволочные жилы, число жил 3, сечение 2,5 мм²; изоляция и оболочка из ПВХ пониженной пожарной "
        "опасности; напряжение 0,66 кВ; класс пожарной опасности П1б.8.2.2.2",
        "27.32.13.111",
        "м",
        2400,
        "112.30 118.00 109.75",
    ),
    _item(
        "Кабель силовой ВВГнг(А)-LS 5х4",
        "Медные однопроволочные жилы, число жил 5, сечение 4 мм²; напряжение 0,66 кВ; расцветка жил по "
        "ГОСТ 31947; срок службы не менее 30 лет",
        "27.32.13.111",
        "м",
        320,
        "289.50 301.20 284.00",
    ),
    _item(
        "Провод ПуГВ 1х6 жёлто-зелёный",
        "Медная многопроволочная жила класса 5, сечение 6 мм²; ПВХ изоляция; напряжение 450/750 В",
        "27.32.13.120",
        "м",
        180,
        "78.60 82.40 76.15",
    ),
    _item(
        "Кабель-канал ПВХ 25х16 мм",
        "Самозатухающий ПВХ, цвет белый; степень защиты не ниже IP40; длина отрезка 2 м",
        "22.21.29.130",
        "м",
        940,
        "46.20 49.00 45.10",
    ),
    _item(
        "Труба гофрированная ПВХ 20 мм",
        "Наружный диаметр 20 мм, с протяжкой; степень защиты IP55; температура монтажа от −5 до +60 °C",
        "22.21.21.129",
        "м",
        1260,
        "18.40 19.90 17.75",
    ),
    _item(
        "Светильник светодиодный 595х595 мм",
        "Потребляемая мощность не более 36 Вт; световой поток не менее 3600 лм; цветовая температура 4000 К; "
        "индекс цветопередачи Ra не менее 80; коэффициент пульсации не более 5 %; IP20",
        "27.40.39.113",
        "шт",
        186,
        "1845.00 1920.50 1798.00",
    ),
    _item(
        "Светильник светодиодный линейный 1200 мм",
        "Потребляемая мощность не более 40 Вт; световой поток не менее 4400 лм; цветовая температура 4000 К; "
        "степень защиты IP65; рассеиватель из поликарбоната",
        "27.40.39.113",
        "шт",
        64,
        "1390.00 1452.00 1365.30",
    ),
    _item(
        "Указатель световой аварийный «ВЫХОД»",
        "Время работы от аккумулятора не менее 3 часов; мощность не более 3 Вт; IP20",
        "27.40.39.119",
        "шт",
        22,
        "1120.00 1185.00 1098.40",
    ),
    _item(
        "Розетка скрытой установки с заземлением",
        "Номинальный ток 16 А, напряжение 250 В; защитные шторки; IP20; цвет белый",
        "27.33.13.110",
        "шт",
        148,
        "214.60 229.00 208.30",
    ),
    _item(
        "Выключатель одноклавишный",
        "Номинальный ток 10 А, напряжение 250 В; скрытая установка; IP20; цвет белый",
        "27.33.11.140",
        "шт",
        76,
        "156.20 163.90 151.75",
    ),
    _item(
        "Выключатель автоматический 1P 16 А",
        "Характеристика C; отключающая способность не менее 6 кА; ГОСТ IEC 60898-1",
        "27.12.22.000",
        "шт",
        54,
        "268.00 281.40 259.90",
    ),
    _item(
        "Дифференциальный автомат 2P 16 А 30 мА",
        "Тип A; характеристика C; отключающая способность не менее 6 кА; ГОСТ IEC 61009-1",
        "27.12.22.000",
        "шт",
        24,
        "1640.00 1718.00 1605.50",
    ),
    _item(
        "Щит распределительный навесной на 36 модулей",
        "Стальной корпус, порошковая окраска; степень защиты IP31; замок; шины N и PE",
        "27.12.31.000",
        "шт",
        4,
        "4980.00 5240.00 4865.00",
    ),
    _item(
        "Коробка распаячная 100х100х50 мм",
        "Открытая установка; степень защиты IP54; самозатухающий пластик; 8 вводов",
        "27.33.13.130",
        "шт",
        130,
        "98.30 104.00 95.60",
    ),
    _item(
        "Клемма соединительная на 3 проводника",
        "Сечение проводника от 0,2 до 4 мм²; номинальный ток 32 А; рычажный зажим",
        "27.33.13.130",
        "шт",
        1200,
        "24.10 25.90 23.40",
    ),
)
WORKS_OKPD2 = "43.21.10.290"
FIRST_OFFER_TOTAL = sum((item.quantity * item.offers[0] for item in ITEMS), Decimal())
GOODS_TOTAL = sum((item.total for item in ITEMS), Decimal())


@dataclass(frozen=True)
class Work:
    """A line of the estimate; prices in roubles a unit without VAT, ``hours`` man-hours a unit."""

    norm: str
    name: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    unit_wages: Decimal
    unit_machines: Decimal
    hours: Decimal

    @property
    def total(self) -> Decimal:
        """Direct costs of the line in roubles."""
        return kopecks(self.quantity * self.unit_price)

    @property
    def wages(self) -> Decimal:
        """Wages of the line in roubles."""
        return kopecks(self.quantity * self.unit_wages)

    @property
    def machines(self) -> Decimal:
        """Machines of the line in roubles."""
        return kopecks(self.quantity * self.unit_machines)

    @property
    def man_hours(self) -> Decimal:
        """Labour of the line in man-hours."""
        return kopecks(self.quantity * self.hours)


@dataclass(frozen=True)
class Section:
    """A section of the estimate."""

    title: str
    works: tuple[Work, ...]

    @property
    def total(self) -> Decimal:
        """Direct costs in roubles."""
        return sum((work.total for work in self.works), Decimal())

    @property
    def wages(self) -> Decimal:
        """Wages in roubles."""
        return sum((work.wages for work in self.works), Decimal())

    @property
    def machines(self) -> Decimal:
        """Machines in roubles."""
        return sum((work.machines for work in self.works), Decimal())

    @property
    def man_hours(self) -> Decimal:
        """Labour in man-hours."""
        return sum((work.man_hours for work in self.works), Decimal())


def _work(norm: str, name: str, unit: str, figures: str) -> Work:
    quantity, price, wages, machines, hours = (Decimal(figure) for figure in figures.split())
    return Work(norm, name, unit, quantity, price, wages, machines, hours)


SECTIONS = (
    Section(
        "Раздел 1. Демонтажные работы",
        (
            _work(
                "ГЭСНр67-04-005-01", "Демонтаж светильников с лампами", "100 шт", "2.50 7842.15 7512.40 118.30 26.40"
            ),
            _work("ГЭСНр67-04-001-01", "Демонтаж выключателей и розеток", "100 шт", "2.24 3186.70 3062.55 41.20 10.75"),
            _work("ГЭСНр67-04-003-01", "Демонтаж осветительных щитков", "шт", "4 684.30 641.85 18.45 2.26"),
            _work("ГЭСНр67-04-002-02", "Демонтаж скрытой проводки", "100 м", "18.50 1436.90 1358.10 32.75 4.78"),
        ),
    ),
    Section(
        "Раздел 2. Прокладка кабельных линий",
        (
            _work("ГЭСНм08-02-390-01", "Короб пластмассовый до 40 мм", "100 м", "9.40 6918.35 5846.20 214.60 19.90"),
            _work("ГЭСНм08-02-409-01", "Труба гофрированная до 25 мм", "100 м", "12.60 5274.80 4385.15 362.40 15.12"),
            _work("ГЭСНм08-02-399-01", "Кабель в коробах", "100 м", "19.70 1962.45 1694.30 87.15 5.84"),
            _work("ГЭСНм08-02-412-03", "Кабель в трубах", "100 м", "26.00 1548.60 1284.75 96.35 4.43"),
            _work("ГЭСНм08-02-412-09", "Провод заземления в трубах", "100 м", "1.80 1327.25 1106.40 78.50 3.82"),
        ),
    ),
    Section(
        "Раздел 3. Монтаж светильников и установочных изделий",
        (
            _work(
                "ГЭСНм08-03-594-17", "Светильник в подвесном потолке", "100 шт", "1.86 38450.20 31276.85 2148.30 104.55"
            ),
            _work(
                "ГЭСНм08-03-594-03", "Светильник линейный на потолке", "100 шт", "0.64 42318.75 34692.10 2386.40 115.96"
            ),
            _work("ГЭСНм08-03-600-02", "Указатель световой «Выход»", "шт", "22 386.45 318.20 21.60 1.06"),
            _work("ГЭСНм08-03-591-09", "Розетка скрытой установки", "100 шт", "1.48 12684.55 10937.40 318.20 37.30"),
            _work("ГЭСНм08-03-591-02", "Выключатель одноклавишный", "100 шт", "0.76 9846.30 8512.75 264.85 29.05"),
            _work("ГЭСНм08-03-599-01", "Щит распределительный навесной", "шт", "4 2874.60 2316.45 187.30 7.90"),
            _work("ГЭСНм08-03-526-01", "Выключатель автоматический", "шт", "78 412.85 356.10 14.25 1.19"),
            _work("ГЭСНм08-03-545-01", "Коробка ответвительная", "шт", "130 298.40 254.65 9.80 0.86"),
        ),
    ),
    Section(
        "Раздел 4. Пусконаладочные работы",
        (
            _work("ГЭСНп01-11-028-01", "Измерение сопротивления изоляции", "линия", "58 246.35 246.35 0 0.64"),
            _work("ГЭСНп01-11-013-01", "Проверка цепи «фаза – нуль»", "изм.", "46 318.70 318.70 0 0.81"),
            _work("ГЭСНп01-11-011-01", "Проверка цепи заземления", "100 т.", "1.48 8426.15 8426.15 0 21.60"),
        ),
    ),
)
DIRECT_COSTS = sum((section.total for section in SECTIONS), Decimal())
WAGES = sum((section.wages for section in SECTIONS), Decimal())
MACHINES = sum((section.machines for section in SECTIONS), Decimal())
MAN_HOURS = sum((section.man_hours for section in SECTIONS), Decimal())
OVERHEADS = kopecks(WAGES * OVERHEAD_PERCENT / 100)
PROFIT = kopecks(WAGES * PROFIT_PERCENT / 100)
WORKS_NET = DIRECT_COSTS + OVERHEADS + PROFIT
WORKS_VAT = kopecks(WORKS_NET * VAT_PERCENT / 100)
WORKS_TOTAL = WORKS_NET + WORKS_VAT

INITIAL_PRICE = GOODS_TOTAL + WORKS_TOTAL
INITIAL_PRICE_VAT = kopecks(INITIAL_PRICE * VAT_PERCENT / (100 + VAT_PERCENT))
BID_SECURITY = kopecks(INITIAL_PRICE * BID_SECURITY_PERCENT / 100)
CONTRACT_SECURITY = kopecks(INITIAL_PRICE * CONTRACT_SECURITY_PERCENT / 100)
WARRANTY_SECURITY = kopecks(INITIAL_PRICE * WARRANTY_SECURITY_PERCENT / 100)


@dataclass(frozen=True)
class Room:
    """How many luminaires go where; panels are 595x595, linear ones 1200 mm, exits are light signs."""

    name: str
    floor: int
    panels: int
    linear: int
    exits: int


ROOMS = (
    Room("Вестибюль, гардероб", 1, 14, 8, 4),
    Room("Кабинеты 101–108", 1, 48, 0, 0),
    Room("Столовая", 1, 18, 6, 2),
    Room("Пищеблок", 1, 0, 14, 1),
    Room("Спортивный зал, раздевалки", 1, 0, 24, 3),
    Room("Коридоры первого этажа", 1, 16, 0, 4),
    Room("Кабинеты 201–209", 2, 54, 0, 0),
    Room("Библиотека", 2, 12, 0, 1),
    Room("Актовый зал", 2, 10, 4, 3),
    Room("Коридоры второго этажа", 2, 14, 0, 4),
    Room("Подвал, электрощитовая", 0, 0, 8, 0),
)
