"""A text layer may be believed or not: languages pass, wrong code pages and shifted letters do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.letters import judge_letters
from tests.pdfs import ENGLISH, RUSSIAN

pytestmark = pytest.mark.unit

RUSSIAN_TEXT = "\n".join(RUSSIAN)
SOUND = {
    "russian": RUSSIAN_TEXT,
    "english": "\n".join(ENGLISH),
    "german": "Der Auftragnehmer verpflichtet sich, die Geräte fristgemäß zu liefern und während der Gewährleistung "
    "auftretende Mängel unverzüglich zu beseitigen.",
    "french": "Le présent marché a pour objet la fourniture d'équipements destinés à l'hôpital régional, livrés après "
    "réception définitive des matériels commandés.",
    "polish": "Wykonawca zobowiązuje się dostarczyć urządzenia w terminie trzydziestu dni od podpisania umowy oraz "
    "usunąć wszelkie usterki.",
    "ukrainian": "Постачальник зобов'язується передати товар у власність замовника, а замовник зобов'язується його "
    "прийняти та оплатити в установлений термін.",
    "kazakh": "Мемлекеттік сатып алу туралы шарттың талаптары тараптардың келісімі бойынша өзгертіледі. Тапсырыс "
    "беруші қабылдау актісіне қол қойғаннан кейін төлем жүргізеді.",
    "greek": "Ο ανάδοχος υποχρεούται να παραδώσει τα είδη της προμήθειας εντός τριάντα ημερών από την υπογραφή της "
    "σύμβασης, στους χώρους της αναθέτουσας αρχής.",
    "korean": "입찰 참가자는 계약 체결일로부터 삼십일 이내에 장비를 납품하여야 하며 "
    "보증 기간은 십이 개월 이상이어야 한다.",
    "table of text": "│Наименование│Количество│Цена│\n├────────────┼──────────┼────┤\n│Светильник  │120       │3600│",
    "spaced form": f"Наименование участника{' ' * 60}подпись{' ' * 40}дата\n" + RUSSIAN_TEXT,
    "codes": "ОКПД2 26.20.15.000 КТРУ 26.20.15.000-00000012 ИНН 5902123456 КПП 590201001 ОГРН 1025900001234 БИК "
    "045773001 purchaseNoticeOK setFirstPublishDate GB_17-2024/115-ЭА",
    "form": "Ф.И.О. ____________________  Подпись ______________ Дата ___.___.20__ г. М.П. ....................... 12",
    "months": "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "bullets": "\uf0b7 поставка\n\uf0b7 монтаж\n\uf0b7 пусконаладочные работы\n\uf0b7 обучение персонала заказчика",
    "numbers": "1 250,00 3 780,00 12 4 725 000,00 18% 1.1 2.2.1 15.03.2025 № 44/1 100 200 300 400",
    "few": "Xq",
    "filler": "к" * 500 + "\n" + "х" * 40,
    "empty": "",
}


@pytest.mark.parametrize("name", SOUND)
def test_languages_codes_and_forms_are_sound(name: str) -> None:
    verdict = judge_letters(SOUND[name])
    assert verdict.is_sound, verdict.problem


def shifted(text: str, by: int) -> str:
    """Cyrillic letters moved by a number of code points, as by a font whose map was lost."""
    return "".join(chr(ord(char) + by) if "А" <= char <= "я" else char for char in text)


GARBLED = {
    "letters minus 0x3D6": shifted(RUSSIAN_TEXT, -0x3D6),
    "ascii minus 29": "".join(chr(ord(char) - 29) if char > "=" else char for char in "\n".join(ENGLISH)),
    "cp1251 as latin-1": RUSSIAN_TEXT.encode("cp1251").decode("latin-1"),
    "utf-8 as cp1251": RUSSIAN_TEXT.encode().decode("cp1251", "replace"),
    "utf-8 as latin-1": RUSSIAN_TEXT.encode().decode("latin-1"),
    "koi8-r as cp1251": RUSSIAN_TEXT.encode("koi8-r").decode("cp1251"),
    "cp1251 as koi8-r": RUSSIAN_TEXT.encode("cp1251").decode("koi8-r"),
    "cp866 as cp1251": RUSSIAN_TEXT.encode("cp866").decode("cp1251", "replace"),
    "capitals as mac": RUSSIAN_TEXT.upper().encode("mac-cyrillic").decode("cp1251", "replace"),
    "cp1251 as cp1250": RUSSIAN_TEXT.encode("cp1251").decode("cp1250", "replace"),
    "cp1251 as greek": RUSSIAN_TEXT.encode("cp1251", "replace").decode("cp1253", "replace"),
    "cp866 as koi8-r": RUSSIAN_TEXT.encode("cp866").decode("koi8-r"),
    "syllables in a row": shifted(RUSSIAN_TEXT, 0xAC00 - 0x410),
    "spaces for letters": "".join(" " if char.isalpha() else char for char in RUSSIAN_TEXT),
    "look-alike letters": RUSSIAN_TEXT.translate(str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")),
    "russian print read as english": "HacToaLuee TexHM4ecKoe 3agaHMe onpegenaeT Tpe6oBaHMA K nocTaBKe o6opyqoBaHMA qna "
    "HyKg MyHMLMnanbHoro yYpexqeHMA rpaxpaHckoro npaBa MHbIx hu3w4yeckMx nMu",
    "unmapped": "\ufffd" * 30 + " слово " + "\ufffd" * 30,
    "private use": "".join(chr(0xE000 + ord(char) % 200) for char in RUSSIAN_TEXT),
    "control characters": RUSSIAN_TEXT.replace("а", "\x03").replace("о", "\x11"),
    "glyph numbers": " ".join("".join(chr(33 + ord(char) % 15) for char in word) for word in RUSSIAN_TEXT.split()),
    "one font of two": RUSSIAN_TEXT + "\n" + shifted(RUSSIAN_TEXT[:200], -0x3D6),
}


@pytest.mark.parametrize("name", GARBLED)
def test_what_is_not_printed_there_is_garbled(name: str) -> None:
    verdict = judge_letters(GARBLED[name])
    assert not verdict.is_sound
    assert verdict.problem


def test_the_problem_names_a_word_that_people_can_look_for() -> None:
    problem = judge_letters(GARBLED["koi8-r as cp1251"]).problem
    example = problem.partition("'")[2].partition("'")[0]
    assert example in GARBLED["koi8-r as cp1251"].split(" ")


def test_serbian_letters_are_sound_where_serbian_is_asked_for() -> None:
    text = "Понуђач ће испоручити љубичасте џакове њивских ђубрива чим буде могуће"
    assert not judge_letters(text).is_sound
    assert judge_letters(text, ("srp", "rus")).is_sound


@given(st.integers(1, 31))
def test_an_alphabet_turned_by_any_number_of_letters_is_garbled(by: int) -> None:
    alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    turned = RUSSIAN_TEXT.lower().translate(str.maketrans(alphabet, alphabet[by:] + alphabet[:by]))
    assert not judge_letters(turned).is_sound


@given(st.text(max_size=400))
def test_any_text_gets_a_verdict_and_an_unsound_one_has_a_problem(text: str) -> None:
    verdict = judge_letters(text)
    assert verdict.is_sound == (verdict.problem == "")
