"""Labelled pages of kinds that the rules were not made on: other fonts, other damage, layers of OCR, curves, forms.

The rules were tuned on :mod:`tests.labelledpages`; these pages were written and labelled before the rules first saw
them. How many they got wrong then, and what was mended, is told in ``docs/decisions.md``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from tenderlake.documents import PageKind
from tenderlake.mupdf import pymupdf
from tests.labelledpages import LabelledPage, text_layer
from tests.pdfs import A4_PT, draw_table, file_of, new_page, photograph, put_picture

Lines = Sequence[str]

PROTOCOL = (
    "ПРОТОКОЛ № 17/ЕП",
    "заседания единой комиссии по рассмотрению вторых частей заявок",
    "Присутствовали: председатель комиссии Гаврилюк О.Н., члены комиссии Щукин А.А., Юсупова Ф.Х.",
    "Кворум имеется, комиссия правомочна принимать решения.",
    "Заявка участника с порядковым номером 3 отклонена: не представлены сведения о стране происхождения.",
    "Голосовали «за» единогласно. Особых мнений не поступило.",
    "Подписи членов комиссии проставлены в электронной форме.",
)
SPECIFICATION = (
    "Кабель силовой ВВГнг(А)-LS 5х2,5-0,66 кВ ГОСТ 31996-2012, бухта 100 м",
    "Светильник светодиодный ДВО 36 Вт, 4000 К, IP40, не менее 3600 лм",
    "Автоматический выключатель ВА47-29 3P 25А 4,5кА, характеристика C",
    "Труба ПНД гофрированная d=20 мм с зондом, цвет серый (RAL 7035)",
    "Температура эксплуатации от -40 до +50 °C, влажность до 95 % при 25 °C",
    "Допускается поставка эквивалента по пп. 1, 3 и 4 настоящей спецификации",
)
CONTENTS = (
    "СОДЕРЖАНИЕ",
    "1. Общие положения ........................................ 3",
    "2. Предмет закупки ........................................ 5",
    "2.1. Требования к качеству работ ......................... 6",
    "3. Порядок подачи заявок ................................. 11",
    "Приложение А. Форма коммерческого предложения ............ 27",
)
ADDRESSES = (
    "620014, Свердловская обл., г. Екатеринбург, ул. 8 Марта, д. 5, оф. 412",
    "ООО «СтройКомплектСервис», ИНН 6671234567, КПП 667101001",
    "тел./факс +7 (343) 371-00-00, e-mail: info@sks-ural.example.ru",
    "р/сч 40702810900000012345 в Уральском филиале банка, БИК 046577795",
    "Генеральный директор Ёжиков Пётр Фёдорович, действует на основании Устава",
)
SOFTWARE = (
    "Системные требования: Windows Server 2022, PostgreSQL 15.4, Redis 7.2, Docker 24.0",
    "Интерфейс REST API (OpenAPI 3.1), авторизация OAuth 2.0 / OpenID Connect",
    "Поддержка браузеров Google Chrome 118+, Яндекс Браузер 23.9+, Mozilla Firefox 115 ESR",
    "Лицензия бессрочная, неисключительная, на 250 одновременных пользователей",
    "Резервное копирование не реже одного раза в сутки, RPO 24 ч, RTO 4 ч",
)
UKRAINIAN = (
    "Технічні вимоги до предмета закупівлі визначені замовником відповідно до законодавства.",
    "Учасник повинен надати у складі пропозиції довідку про досвід виконання договорів.",
    "Строк дії пропозиції не може бути меншим ніж дев'яносто днів із дати розкриття.",
)
KAZAKH = (
    "Мемлекеттік сатып алу туралы шарттың талаптары тараптардың келісімі бойынша өзгертіледі.",
    "Өнім беруші тауарды шартта көрсетілген мерзімде жеткізуге міндеттенеді.",
    "Тапсырыс беруші қабылдау актісіне қол қойғаннан кейін төлем жүргізеді.",
)
POLISH = (
    "Zamawiający zastrzega sobie prawo do unieważnienia postępowania bez podania przyczyny.",
    "Wykonawca załączy do oferty zaświadczenie właściwego naczelnika urzędu skarbowego.",
    "Termin związania ofertą wynosi trzydzieści dni od upływu terminu składania ofert.",
)
TURKISH = (
    "Yüklenici, sözleşme konusu işi ihale dokümanında belirlenen şartlara uygun olarak yapmayı",
    "kabul ve taahhüt eder. İşin süresi yer tesliminden itibaren yüz seksen takvim günüdür.",
    "Geçici teminat tutarı teklif edilen bedelin yüzde üçünden az olamaz.",
)
ENGLISH_BID = (
    "Bidders shall furnish, as part of the bid, a Bid-Securing Declaration using the form included",
    "in Section IV. Any bid not accompanied by a substantially responsive declaration shall be",
    "rejected by the Purchaser as non-responsive. Joint ventures must designate a lead partner",
    "authorised to incur liabilities and receive instructions on behalf of all partners.",
)
SOUND: dict[str, Lines] = {
    "protocol": PROTOCOL,
    "specification": SPECIFICATION,
    "contents": CONTENTS,
    "addresses": ADDRESSES,
    "software": SOFTWARE,
    "ukrainian": UKRAINIAN,
    "kazakh": KAZAKH,
    "polish": POLISH,
    "turkish": TURKISH,
    "english": ENGLISH_BID,
}
FONTS = ("tiro", "tibo", "cour", "cobo", "hebo", "heit")
STAMP = (
    "ДОКУМЕНТ ПОДПИСАН ЭЛЕКТРОННОЙ ПОДПИСЬЮ",
    "Сертификат 00B4A1C27D55E09F1122334455667788",
    "Владелец Щукин Андрей Александрович",
    "Действителен с 14.02.2025 до 10.05.2026",
)
BAD_OCR = (
    "ПP0T0K0Л Ns l7/EП зaceдaния eдинoй к0миccии п0 paccm0тpeнию",
    "Пpиcyтcтв0вaли: пpeдceдaтeль к0миccии Гaвpилюk 0.H., члeны",
    "Kв0pym имeeтcя, k0миccия пpaв0m0чнa пpинимaть peшeния",
)


def held_out_pages() -> Iterator[LabelledPage]:
    """All of them."""
    yield from _sound_pages()
    yield from _garbled_fonts()
    yield from _garbled_codes()
    yield from _layers_of_ocr()
    yield from _drawn_pages()
    yield from _pages_with_pictures()


def _native(name: str, make: Callable[[], Any]) -> LabelledPage:
    return LabelledPage(name, make, PageKind.NATIVE)


def _image(name: str, make: Callable[[], Any]) -> LabelledPage:
    return LabelledPage(name, make, PageKind.IMAGE)


def _mixed(name: str, make: Callable[[], Any]) -> LabelledPage:
    return LabelledPage(name, make, PageKind.MIXED)


def _written(
    lines: Lines,
    *,
    font: str = "tiro",
    size: float = 11,
    at: tuple[float, float] = (60, 90),
    page_size: tuple[float, float] = A4_PT,
    colour: tuple[float, float, float] = (0, 0, 0),
    opacity: float = 1,
) -> Any:
    document = pymupdf.open()
    _write(new_page(document, page_size), lines, font=font, size=size, at=at, colour=colour, opacity=opacity)
    return document


def _write(
    page: Any,
    lines: Lines,
    *,
    font: str = "tiro",
    size: float = 11,
    at: tuple[float, float] = (60, 90),
    colour: tuple[float, float, float] = (0, 0, 0),
    opacity: float = 1,
    render_mode: int = 0,
) -> None:
    writer = pymupdf.TextWriter(page.rect, opacity=opacity)
    for number, line in enumerate(lines):
        writer.append((at[0], at[1] + number * size * 1.35), line, font=pymupdf.Font(font), fontsize=size)
    writer.write_text(page, color=colour, render_mode=render_mode)


def _pixels(document: Any, *, dpi: int = 150) -> Image.Image:
    pixmap = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    return Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)


def _scan(lines: Lines, **style: Any) -> Image.Image:
    """Print as a scanner sees it: soft, with specks, on paper that is not quite white."""
    clean = _pixels(_written(lines, **style)).filter(ImageFilter.GaussianBlur(0.6))
    noise = Image.effect_noise(clean.size, 24).point(lambda level: max(0, level - 128) // 3)
    return Image.composite(Image.new("L", clean.size, 225), clean, noise).point(lambda level: min(level, 246))


# Sound text layers.


def _sound_pages() -> Iterator[LabelledPage]:
    for number, (name, lines) in enumerate(SOUND.items()):
        font = FONTS[number % len(FONTS)]
        yield _native(f"sound {name} in {font}", lambda lines=lines, font=font: _written(lines, font=font))
    yield _native("sound small print", lambda: _written(PROTOCOL * 3, size=6))
    yield _native("sound landscape", lambda: _written(SPECIFICATION, page_size=(842, 595)))
    yield _native("sound large title", lambda: _written(("КОНКУРСНАЯ", "ДОКУМЕНТАЦИЯ"), size=48))
    yield _native("sound subset fonts", _with_subset_fonts)
    yield _native("sound columns", _in_columns)
    yield _native("sound letters apart", lambda: _written(("У Т В Е Р Ж Д А Ю", "П Р О Т О К О Л", *PROTOCOL[1:5])))
    yield _native("sound coloured bars", _on_coloured_bars)
    yield _native("sound watermark of text", _with_text_watermark)
    yield _native("sound grid with text", _with_grid)
    yield _native("sound filled form", _filled_form)
    yield _native("sound notes", _with_notes)
    yield _native("sound chart of lines", _with_chart)
    yield _native("sound plan with labels", _plan_with_labels)
    yield _native("sound numbers alone", lambda: _written([f"{n} 4{n}7,0{n} 12{n}5 0,{n}" for n in range(1, 9)]))
    yield _native("sound signs to tick", lambda: _written(["☐ да ☐ нет", "№ п/п", "« ___ » ________ 20 ___ г."]))


def _with_subset_fonts() -> Any:
    document = _written(SOFTWARE, font="cour")
    document.subset_fonts()
    return document


def _in_columns() -> Any:
    document = _written([line[:38] for line in PROTOCOL], at=(50, 90))
    _write(document[0], [line[:38] for line in SPECIFICATION], at=(320, 90))
    return document


def _on_coloured_bars() -> Any:
    document = pymupdf.open()
    page = new_page(document)
    page.draw_rect((40, 60, 555, 100), fill=(0.1, 0.2, 0.5), color=None)
    _write(page, ["ИЗВЕЩЕНИЕ О ЗАКУПКЕ У ЕДИНСТВЕННОГО ПОСТАВЩИКА"], at=(50, 86), colour=(1, 1, 1))
    _write(page, PROTOCOL, at=(50, 130))
    return document


def _with_text_watermark() -> Any:
    document = _written(PROTOCOL)
    writer = pymupdf.TextWriter(document[0].rect, opacity=0.2)
    writer.append((120, 500), "ОБРАЗЕЦ", font=pymupdf.Font("hebo"), fontsize=90)
    writer.write_text(document[0], morph=(pymupdf.Point(300, 420), pymupdf.Matrix(45)))
    return document


def _with_grid() -> Any:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (60, 200, 380, 540), [80 + 24 * row for row in range(9)])
    _write(page, [line[:16] for line in SPECIFICATION], at=(66, 96), size=9)
    _write(page, [line[18:46] for line in SPECIFICATION], at=(206, 96), size=9)
    return document


def _filled_form() -> Any:
    document = _written(("ЗАЯВКА НА УЧАСТИЕ", "Наименование участника", "Почтовый адрес"), size=12)
    for number, value in enumerate(("ООО «Уралремстрой»", "Пермь, Комсомольский проспект, дом 34")):
        widget = pymupdf.Widget()
        widget.field_name = f"field {number}"
        widget.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect = pymupdf.Rect(220, 95 + 18 * number, 540, 111 + 18 * number)
        widget.field_value = value
        document[0].add_widget(widget)
    return document


def _with_notes() -> Any:
    document = _written(PROTOCOL)
    document[0].add_highlight_annot(pymupdf.Rect(60, 95, 300, 110))
    document[0].add_freetext_annot(pymupdf.Rect(350, 300, 520, 330), "see section 4 of the draft", fontsize=9)
    return document


def _with_chart() -> Any:
    document = _written(SPECIFICATION)
    shape = document[0].new_shape()
    for number in range(12):
        shape.draw_rect((80 + 35 * number, 600 - 13 * (number * 7 % 11), 105 + 35 * number, 600))
        shape.finish(fill=(0.2, 0.4, 0.1 * (number % 9)))
    shape.commit()
    return document


def _plan_with_labels() -> Any:
    document = pymupdf.open()
    page = new_page(document, (842, 595))
    _strokes(page, random.Random(3), 400)  # noqa: S311
    _write(page, [f"Помещение {n}, площадь {n},4 м2, отметка +{n}.250" for n in range(1, 9)], at=(500, 60), size=8)
    return document


def _strokes(page: Any, chance: random.Random, count: int) -> None:
    shape = page.new_shape()
    for _ in range(count):
        x, y = chance.uniform(40, 460), chance.uniform(40, 540)
        shape.draw_line((x, y), (x + chance.uniform(-90, 90), y + chance.uniform(-90, 90)))
    shape.finish(width=0.4)
    shape.commit()


# Fonts that say the wrong letters.

_RANGE = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]{4})> <([0-9a-f]{4})>")


def _remapped(lines: Lines, change: Callable[[str], str], *, font: str = "tiro") -> Any:
    document = _written(lines, font=font)
    for xref in range(1, document.xref_length()):
        kind, value = document.xref_get_key(xref, "ToUnicode") if document.xref_is_font(xref) else ("null", "")
        if kind == "xref":
            stream = int(value.split()[0])
            document.update_stream(stream, _changed_map(document.xref_stream(stream), change))
    return document


def _changed_map(cmap: bytes, change: Callable[[str], str]) -> bytes:
    """The same glyphs with other characters."""
    glyphs: dict[int, str] = {}
    for first, last, char in _RANGE.findall(cmap):
        glyphs |= {g: chr(int(char, 16) + g - int(first, 16)) for g in range(int(first, 16), int(last, 16) + 1)}
    changed = [(glyph, change(char)) for glyph, char in sorted(glyphs.items())]
    parts = [cmap[: cmap.index(b"endcodespacerange")].decode(), "endcodespacerange"]
    for start in range(0, len(changed), 100):
        chunk = changed[start : start + 100]
        parts.append(f"{len(chunk)} beginbfchar")
        parts += [f"<{glyph:04x}> <{text.encode('utf-16-be').hex()}>" for glyph, text in chunk]
        parts.append("endbfchar")
    return "\n".join([*parts, "endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]).encode()


_LOWER, _UPPER = "абвгдежзийклмнопрстуфхцчшщъыьэюя", "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"


def _permuted(seed: int) -> Callable[[str], str]:
    order = list(range(32))
    random.Random(seed).shuffle(order)  # noqa: S311
    table = {ord(letters[i]): letters[order[i]] for letters in (_LOWER, _UPPER) for i in range(32)}
    return lambda char: char.translate(table)


def _moved(by: int) -> Callable[[str], str]:
    return lambda char: chr(ord(char) + by) if "А" <= char <= "я" else char


_FEWER = str.maketrans(_LOWER + _UPPER, "aбвгдejзnйkлmнoпpctyфxцчшщъыьэюя" + "AБBГДEЖ3ИЙKЛMHOПPCTYФXЦЧШЩЪЫЬЭЮЯ")

WRONG_MAPS: dict[str, Callable[[str], str]] = {
    "letters permuted": _permuted(1),
    "letters permuted otherwise": _permuted(2),
    "to Greek": _moved(0x3B1 - 0x430),
    "to Armenian": _moved(0x561 - 0x430),
    "to Hangul": _moved(0xAC00 - 0x410),
    "to Latin Extended": _moved(0x100 - 0x410),
    "to ASCII from sign on": _moved(0x21 - 0x410),
    "to next letter": _moved(1),
    "to dingbats": _moved(0x2701 - 0x410),
    "all one letter": lambda char: "о" if char.isalpha() else char,
    "to spaces": lambda char: " " if char.isalpha() else char,
    "to two letters": lambda char: f"{char}{chr(ord(char) ^ 1)}" if char.isalpha() else char,
    "to private use": lambda char: chr(0xF000 + ord(char) % 0x400) if char.isalpha() else char,
    "to control codes": lambda char: chr(1 + ord(char) % 30) if char.isalpha() else char,
    "half to Latin": lambda char: char.translate(_FEWER),
    "to digits": lambda char: str(ord(char) % 10) if char.isalpha() else char,
}


def _garbled_fonts() -> Iterator[LabelledPage]:
    texts = (PROTOCOL, SPECIFICATION, ADDRESSES)
    for number, (name, change) in enumerate(WRONG_MAPS.items()):
        lines = texts[number % len(texts)]
        yield _image(f"font map {name}", lambda lines=lines, change=change: _remapped(lines, change))
    yield _image("font map, body alone", lambda: _one_of_two_fonts(PROTOCOL[:2], PROTOCOL[2:]))
    yield _image("font map, english permuted", lambda: _remapped(ENGLISH_BID, _rotated_latin))


def _rotated_latin(char: str) -> str:
    """As of a font whose letters begin elsewhere: a becomes n."""
    if not ("a" <= char.lower() <= "z"):
        return char
    start = ord("a") if char.islower() else ord("A")
    return chr(start + (ord(char) - start + 13) % 26)


def _one_of_two_fonts(sound: Lines, garbled: Lines) -> Any:
    """A title in a sound font, and the text below it in a broken one."""
    document = _remapped(garbled, _permuted(4))
    _write(document[0], sound, font="hebo", at=(60, 50))
    return document


# Bytes read in a wrong code page.


def _read_as(written: str, read: str) -> Callable[[str], str]:
    return lambda text: text.encode(written, "replace").decode(read, "replace")


WRONG_CODES: dict[str, Callable[[str], str]] = {
    "cp1251 read as koi8-r": _read_as("cp1251", "koi8-r"),
    "cp1251 read as cp866": _read_as("cp1251", "cp866"),
    "cp1251 read as mac roman": _read_as("cp1251", "mac-roman"),
    "cp1251 read as cp1250": _read_as("cp1251", "cp1250"),
    "cp1251 read as iso-8859-5": _read_as("cp1251", "iso8859-5"),
    "cp1251 read as greek": _read_as("cp1251", "cp1253"),
    "cp1251 read as baltic": _read_as("cp1251", "cp1257"),
    "cp866 read as cp437": _read_as("cp866", "cp437"),
    "cp866 read as koi8-r": _read_as("cp866", "koi8-r"),
    "koi8-r read as latin-1": _read_as("koi8-r", "latin-1"),
    "koi8-r read as cp866": _read_as("koi8-r", "cp866"),
    "iso-8859-5 read as cp1251": _read_as("iso8859-5", "cp1251"),
    "iso-8859-5 read as latin-1": _read_as("iso8859-5", "latin-1"),
    "mac read as latin-1": _read_as("mac-cyrillic", "latin-1"),
    "utf-8 read as cp866": _read_as("utf-8", "cp866"),
    "utf-8 read as koi8-r": _read_as("utf-8", "koi8-r"),
    "utf-8 read as cp1252": _read_as("utf-8", "cp1252"),
    "utf-8 read as cp1251 twice": lambda text: _read_as("utf-8", "cp1251")(_read_as("utf-8", "cp1251")(text)),
    "utf-16 read as latin-1": lambda text: text.encode("utf-16-le").decode("latin-1").replace("\x04", "\ufffd"),
    "cp1251 read as chinese": _read_as("cp1251", "gb18030"),
    "words backwards": lambda text: " ".join(word[::-1] for word in text.split()),
    "lines backwards": lambda text: text[::-1],
    "every second letter lost": lambda text: re.sub(r"(\w)\w", r"\1", text),
}


def _garbled_codes() -> Iterator[LabelledPage]:
    texts = (PROTOCOL, SPECIFICATION, ADDRESSES)
    for number, (name, spoil) in enumerate(WRONG_CODES.items()):
        lines = [spoil(line) for line in texts[number % len(texts)]]
        yield _image(name, lambda lines=lines: text_layer(lines))


# Scans with somebody's text layer, good or bad.


def _layers_of_ocr() -> Iterator[LabelledPage]:
    for name, layer in (("good", PROTOCOL), ("bad", BAD_OCR), ("one word", ("ПРОТОКОЛ",))):
        yield _image(f"scan, invisible layer, {name}", lambda layer=layer: _with_layer(layer, render_mode=3))
        yield _image(f"scan, transparent layer, {name}", lambda layer=layer: _with_layer(layer, opacity=0))
        yield _image(f"scan over its layer, {name}", lambda layer=layer: _over_layer(layer))
        yield _image(f"strips of a scan, invisible layer, {name}", lambda layer=layer: _strips(layer))
        yield _image(f"stencil of a scan, invisible layer, {name}", lambda layer=layer: _stencil(layer))
    yield _image("scan with margins, invisible layer", lambda: _with_layer(PROTOCOL, render_mode=3, margin=36))
    yield _mixed("scan, no layer, page number", lambda: _with_layer(("- 3 -",), at=(290, 820)))
    yield _mixed("scan, running title", lambda: _with_layer(("Протокол № 17/ЕП, страница 3",), at=(60, 30)))
    yield _image("scan turned, invisible layer", lambda: _turned_page(_with_layer(PROTOCOL, render_mode=3)))
    yield _mixed("scan, stamp of a signature", lambda: _with_layer(STAMP, at=(330, 700), size=8))


def _with_layer(
    lines: Lines,
    *,
    margin: float = 0,
    at: tuple[float, float] = (60, 90),
    size: float = 11,
    opacity: float = 1,
    render_mode: int = 0,
) -> Any:
    document = pymupdf.open()
    page = new_page(document)
    where = (margin, margin, A4_PT[0] - margin, A4_PT[1] - margin)
    put_picture(page, file_of(_scan(PROTOCOL)), where)
    _write(page, lines, at=at, size=size, opacity=opacity, render_mode=render_mode)
    return document


def _over_layer(lines: Lines) -> Any:
    document = _written(lines)
    put_picture(document[0], file_of(_scan(PROTOCOL)))
    return document


def _strips(lines: Lines) -> Any:
    document = pymupdf.open()
    page = new_page(document)
    scan = _scan(PROTOCOL)
    height = scan.height // 6 + 1
    for top in range(0, scan.height, height):
        strip = scan.crop((0, top, scan.width, min(top + height, scan.height)))
        scale = A4_PT[1] / scan.height
        put_picture(page, file_of(strip), (0, top * scale, A4_PT[0], (top + strip.height) * scale))
    _write(page, lines, render_mode=3)
    return document


def _stencil(lines: Lines) -> Any:
    """A scan of two levels with a mask: the paper is transparent."""
    document = pymupdf.open()
    page = new_page(document)
    ink = _scan(PROTOCOL).point(lambda level: 255 if level < 128 else 0)
    picture = Image.merge("LA", (Image.new("L", ink.size, 0), ink))
    put_picture(page, file_of(picture, "PNG"))
    _write(page, lines, render_mode=3)
    return document


def _turned_page(document: Any) -> Any:
    document[0].set_rotation(90)
    return document


# Letters drawn as curves and lines.


def _drawn_pages() -> Iterator[LabelledPage]:
    for name, lines in (("protocol", PROTOCOL), ("specification", SPECIFICATION), ("english", ENGLISH_BID)):
        yield _image(f"outlines, {name}", lambda lines=lines: _outlines(lines))
    yield _image("outlines with a page number", lambda: _outlines(PROTOCOL, real=("3",)))
    yield _image("outlines with a running title", lambda: _outlines(PROTOCOL, real=("Протокол № 17/ЕП",)))
    yield _image("pen strokes", lambda: _pen_strokes(PROTOCOL))
    yield _image("drawing with pen strokes and a stamp of text", lambda: _pen_strokes(PROTOCOL, real=("Лист 4",)))
    yield _native("frame alone", lambda: _framed(()))
    yield _native("frame with text", lambda: _framed(PROTOCOL))


def _outlines(lines: Lines, real: Lines = ()) -> Any:
    """As a drawing program saves text: every letter the outline of its glyph."""
    svg = _written(lines)[0].get_svg_image(text_as_path=True)
    with pymupdf.open("svg", svg.encode()) as drawing:
        document = pymupdf.open("pdf", drawing.convert_to_pdf())
    if real:
        _write(document[0], real, at=(60, 780), size=9)
    return document


def _pen_strokes(lines: Lines, real: Lines = ()) -> Any:
    """As a plotter writes: every letter a few thin strokes."""
    document = pymupdf.open()
    page = new_page(document)
    chance = random.Random(5)  # noqa: S311
    shape = page.new_shape()
    for row, line in enumerate(lines):
        for column, char in enumerate(line):
            if not char.isspace():
                x, y = 50 + column * 6, 90 + row * 14
                points = [(x + chance.uniform(0, 4), y + chance.uniform(0, 8)) for _ in range(4)]
                shape.draw_polyline([(x, y + 8), *points])
                shape.finish(width=0.5, closePath=False)
    shape.commit()
    if real:
        _write(page, real, at=(500, 820), size=8)
    return document


def _framed(lines: Lines) -> Any:
    document = pymupdf.open()
    page = new_page(document)
    page.draw_rect((30, 30, 565, 812), width=1)
    if lines:
        _write(page, lines)
    else:
        _write(page, ("Приложение № 4 к документации о закупке",), at=(180, 420))
    return document


# Text beside pictures.


def _pages_with_pictures() -> Iterator[LabelledPage]:
    table = file_of(_scan(SPECIFICATION, page_size=(520, 160), at=(20, 40)))
    yield _mixed("scanned table below text", lambda: _with_picture(table, (40, 420, 560, 580)))
    yield _mixed("two scanned tables", lambda: _with_picture(table, (40, 300, 560, 460), (40, 520, 560, 680)))
    yield _mixed("seal", lambda: _with_picture(_seal(), (350, 560, 460, 670)))
    yield _mixed("screenshot", lambda: _with_picture(_screenshot(), (60, 400, 530, 690)))
    yield _mixed("scanned table on a turned page", lambda: _turned_page(_with_picture(table, (40, 420, 560, 580))))
    yield _mixed("scan of half a page", lambda: _with_picture(file_of(_scan(SPECIFICATION)), (0, 300, 595, 842)))
    yield _native("photograph", lambda: _with_picture(file_of(photograph((500, 700))), (100, 300, 400, 720)))
    yield _native("gradient behind the title", lambda: _with_picture(_gradient(), (0, 0, 595, 70)))
    yield _native("small logo", lambda: _with_picture(_logo(), (500, 30, 540, 70)))
    yield _native("line drawn as a picture", lambda: _with_picture(_bar(), (60, 300, 540, 302)))
    yield _native("pale picture behind the text", _on_pale_picture)


def _with_picture(data: bytes, *places: tuple[float, float, float, float]) -> Any:
    document = _written(PROTOCOL)
    for number, place in enumerate(places):
        # The same picture twice on a page would be read once.
        put_picture(document[0], data if number == 0 else file_of(_scan(ADDRESSES, page_size=(520, 160))), place)
    return document


def _seal() -> bytes:
    """A round blue seal on nothing."""
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for inset in (10, 30, 120):
        draw.ellipse((inset, inset, 400 - inset, 400 - inset), outline=(20, 40, 170, 255), width=6)
    for number in range(24):
        draw.text(
            (60 + 12 * number, 60 + abs(12 - number) * 6), "ЖШ"[number % 2], fill=(20, 40, 170, 255), font_size=28
        )
    for number in range(4):
        draw.text((140, 140 + 30 * number), "ИНН 6671", fill=(20, 40, 170, 255), font_size=26)
    return file_of(picture, "PNG")


def _screenshot() -> bytes:
    picture = Image.new("RGB", (940, 580), (240, 240, 245))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 940, 40), fill=(30, 60, 120))
    for row in range(14):
        draw.text((40, 60 + 36 * row), SOFTWARE[row % len(SOFTWARE)], fill=(20, 20, 20), font_size=20)
    return file_of(picture, "PNG")


def _gradient() -> bytes:
    return file_of(Image.linear_gradient("L").resize((595, 70)).convert("RGB"))


def _logo() -> bytes:
    picture = Image.new("RGB", (120, 120), "white")
    ImageDraw.Draw(picture).regular_polygon((60, 60, 50), 5, fill=(200, 30, 30))
    return file_of(picture, "PNG")


def _bar() -> bytes:
    return file_of(Image.new("RGB", (960, 4), (0, 0, 90)), "PNG")


def _on_pale_picture() -> Any:
    """A letterhead with a pale emblem all over the paper."""
    document = pymupdf.open()
    page = new_page(document)
    pale = photograph((300, 420)).convert("L").point(lambda level: 236 + level // 16)
    put_picture(page, file_of(pale))
    _write(page, PROTOCOL)
    return document
