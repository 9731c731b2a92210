"""Pages of which it is known whether their text layer says what is printed: sound ones, and every kind of damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenderlake.documents import PageKind
from tenderlake.mupdf import pymupdf
from tests.pdfs import (
    A4_PT,
    ENGLISH,
    RUSSIAN,
    digital_pdf,
    draw_table,
    file_of,
    new_page,
    photograph,
    printed,
    put_picture,
    scanned_pdf,
    write,
    write_lines,
)

Lines = Sequence[str]

ESTIMATE = (
    "№ Наименование работ Ед. Кол-во Цена Сумма",
    "1 Разборка покрытия кровли из рулонных материалов м2 120,5 310,00 37 355,00",
    "2 Устройство выравнивающей стяжки цементной м2 120,5 540,20 65 094,10",
    "3 Огрунтовка оснований битумной грунтовкой м2 120,5 95,00 11 447,50",
    "4 Устройство кровли плоской из наплавляемых материалов м2 120,5 1 120,00 134 960,00",
    "Итого по смете 248 856,60",
    "НДС 20 % 49 771,32",
    "Всего с учётом НДС 298 627,92",
)
REQUISITES = (
    "Заказчик: МБУЗ «Городская больница № 4», г. Пермь",
    "ИНН 5902123456 КПП 590201001 ОГРН 1025900001234",
    "р/с 40602810700000000025 БИК 045773001 ОКТМО 57701000",
    "Адрес: 614000, Пермский край, г. Пермь, ул. Ленина, д. 10",
    "Тел. (342) 212-34-56, e-mail: zakaz@gb4.example.ru",
    "Начальная (максимальная) цена контракта: 1 254 300,00 руб.",
)
TITLE = ("УТВЕРЖДАЮ", "Главный врач", "ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "на поставку медицинских изделий", "Пермь 2025")
NOTICE = (
    "ИЗВЕЩЕНИЕ О ПРОВЕДЕНИИ ЭЛЕКТРОННОГО АУКЦИОНА",
    "Номер извещения 0156300001225000017, ИКЗ 252590212345659020100100170012620244",
    "Способ определения поставщика: электронный аукцион, площадка РТС-тендер",
    "Окончание подачи заявок 12.11.2025 09:00 (МСК+2), ОКПД2 26.20.15.000",
    "Ноутбук Lenovo ThinkPad E16 Gen 2, процессор Intel Core i5-1335U, SSD 512 ГБ",
    "Требования к участникам закупки в соответствии с ч. 1 ст. 31 Закона № 44-ФЗ",
)
TEXTS: dict[str, Lines] = {
    "contract": RUSSIAN,
    "estimate": ESTIMATE,
    "requisites": REQUISITES,
    "title": TITLE,
    "notice": NOTICE,
    "capitals": tuple(line.upper() for line in RUSSIAN[:5]),
}

_ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_KEYBOARD = str.maketrans(
    "йцукенгшщзхъфывапролджэячсмитьбюЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>",
)
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")


def _shifted(text: str, by: int) -> str:
    return "".join(chr(ord(char) + by) if char.isalpha() and ord(char) + by > 32 else char for char in text)


DAMAGE: dict[str, Callable[[str], str]] = {
    "cp1251 read as latin-1": lambda text: text.encode("cp1251", "replace").decode("latin-1"),
    "utf-8 read as cp1251": lambda text: text.encode().decode("cp1251", "replace"),
    "utf-8 read as latin-1": lambda text: text.encode().decode("latin-1"),
    "koi8-r read as cp1251": lambda text: text.encode("koi8-r", "replace").decode("cp1251"),
    "cp866 read as cp1251": lambda text: text.encode("cp866", "replace").decode("cp1251", "replace"),
    "mac read as cp1251": lambda text: text.encode("mac-cyrillic", "replace").decode("cp1251", "replace"),
    "letters shifted to latin": lambda text: _shifted(text, -0x3D6),
    "letters shifted by seven": lambda text: text.lower().translate(
        str.maketrans(_ALPHABET, _ALPHABET[7:] + _ALPHABET[:7])
    ),
    "private use": lambda text: "".join(chr(0xE000 + ord(char) % 1000) if char.isalpha() else char for char in text),
    "look-alikes": lambda text: text.translate(_LOOK_ALIKE),
    "keyboard of another language": lambda text: text.translate(_KEYBOARD),
    "question marks": lambda text: text.encode("ascii", "replace").decode(),
    "replacement characters": lambda text: "".join("\ufffd" if char.isalpha() else char for char in text),
    "vowels lost": lambda text: "".join("\x02" if char.lower() in "аеиоуыэюя" else char for char in text),
}
"""What a text layer says instead of Russian print."""


@dataclass(frozen=True)
class LabelledPage:
    """A document of one page, and what should become of the page."""

    name: str
    make: Callable[[], Any]
    kind: PageKind


def labelled_pages() -> Iterator[LabelledPage]:
    """All of them."""
    for name, lines in {**TEXTS, "english": ENGLISH}.items():
        yield LabelledPage(f"sound {name}", lambda lines=lines: digital_pdf([lines]), PageKind.NATIVE)
        yield LabelledPage(f"sound sideways {name}", lambda lines=lines: _sideways(lines), PageKind.NATIVE)
        yield LabelledPage(f"no ToUnicode, {name}", lambda lines=lines: _unmapped(lines), PageKind.IMAGE)
        yield LabelledPage(f"scanned {name}", lambda lines=lines: scanned_pdf(_scan(lines)), PageKind.IMAGE)
        yield LabelledPage(f"invisible OCR, {name}", lambda lines=lines: _invisible(lines), PageKind.IMAGE)
        yield LabelledPage(f"OCR under the scan, {name}", lambda lines=lines: _under(lines), PageKind.IMAGE)
        yield LabelledPage(f"scan in {name}", lambda lines=lines: _with_scan(lines), PageKind.MIXED)
        yield LabelledPage(f"photograph in {name}", lambda lines=lines: _with_photograph(lines), PageKind.NATIVE)
        yield LabelledPage(f"curves, {name}", lambda lines=lines: _curves(lines), PageKind.IMAGE)
    for damage, spoil in DAMAGE.items():
        for name, lines in TEXTS.items():
            spoiled = [spoil(line) for line in lines]
            yield LabelledPage(f"{damage}, {name}", lambda spoiled=spoiled: text_layer(spoiled), PageKind.IMAGE)
        half = [*RUSSIAN, *map(spoil, RUSSIAN)]
        yield LabelledPage(f"{damage}, half of a page", lambda half=half: text_layer(half), PageKind.IMAGE)
    yield LabelledPage("sound ruled table", lambda: _table(ESTIMATE), PageKind.NATIVE)
    yield LabelledPage("sound blank page", lambda: digital_pdf([()]), PageKind.NATIVE)
    yield LabelledPage("sound page number", lambda: digital_pdf([("12",)]), PageKind.NATIVE)
    yield LabelledPage(
        "sound codes", lambda: digital_pdf([("26.20.15.000-00000012", "GB_17-2024/115")]), PageKind.NATIVE
    )
    yield LabelledPage(
        "sound blanks to fill in", lambda: digital_pdf([("Ф.И.О. ____________", "М.П.")]), PageKind.NATIVE
    )


def text_layer(lines: Lines) -> Any:
    """A page whose text layer says just this, whatever the characters."""
    document = pymupdf.open()
    page = new_page(document)

    body = "".join(f"<p>{_entities(line)}</p>" for line in lines)
    page.insert_htmlbox(pymupdf.Rect(60, 60, 540, 800), f"<div style='font-size:11px'>{body}</div>")
    return document


def _entities(line: str) -> str:
    return "".join(f"&#{ord(char)};" if ord(char) > 31 else "\ufffd" for char in line)


def _sideways(lines: Lines) -> Any:
    document = pymupdf.open()
    page = new_page(document)
    for number, line in enumerate(lines):
        write(page, line, (100 + 15 * number, 800), turned_deg=-90)
    return document


def _unmapped(lines: Lines) -> Any:
    document = digital_pdf([lines])
    for xref in range(1, document.xref_length()):
        if document.xref_is_font(xref):
            document.xref_set_key(xref, "ToUnicode", "null")
    return document


def _scan(lines: Lines) -> bytes:
    return file_of(printed(lines))


def _invisible(lines: Lines) -> Any:
    document = scanned_pdf(_scan(lines))
    write_lines(document[0], lines, hidden=True)
    return document


def _under(lines: Lines) -> Any:
    document = digital_pdf([lines])
    put_picture(document[0], _scan(lines))
    return document


def _with_scan(lines: Lines) -> Any:
    document = digital_pdf([lines])
    put_picture(document[0], file_of(printed(ESTIMATE, size_pt=(460, 220))), (70, 400, 530, 620))
    return document


def _with_photograph(lines: Lines) -> Any:
    document = digital_pdf([lines])
    put_picture(document[0], file_of(photograph()), (100, 400, 400, 600))
    return document


def _curves(lines: Lines) -> Any:
    """Every letter as an outline, as drawing programs save text."""
    document = pymupdf.open()
    page = new_page(document)
    shape = page.new_shape()
    for row, line in enumerate([*lines, *lines]):
        for column, char in enumerate(line):
            if not char.isspace():
                x, y = 50 + column * 6, 90 + row * 16
                shape.draw_bezier((x, y), (x + 4, y - 1), (x + 5, y + 8), (x, y + 8))
                shape.finish(fill=(0, 0, 0), closePath=True)
    shape.commit()
    return document


def _table(lines: Lines) -> Any:
    document = pymupdf.open()
    page = new_page(document, A4_PT)
    draw_table(page, (60, 100, 540), [80 + 20 * row for row in range(len(lines) + 1)])
    for row, line in enumerate(lines):
        number, _, rest = line.partition(" ")
        write(page, number[:6], (64, 94 + 20 * row), size=9)
        write(page, rest, (104, 94 + 20 * row), size=9)
    return document
