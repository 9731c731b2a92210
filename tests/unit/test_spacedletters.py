"""Given titles with spaces between their letters, their words come out whole; letters that spell no word stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.htmltables import parse_html_table
from tenderlake.document_type import classify
from tenderlake.lake.vocabulary import DocumentType
from tenderlake.mupdf import pymupdf
from tenderlake.nativetext import NativePage, NativeText
from tenderlake.pagecontent import read_page
from tenderlake.spacedletters import joined_letters
from tests.officefiles import docx, paragraph
from tests.pdfs import RUSSIAN, draw_table, new_page, reopened, write, write_lines
from tests.prepared import prepared

pytestmark = pytest.mark.unit


def spaced(text: str, between_words: int = 2) -> str:
    """A title as people type it."""
    return (" " * between_words).join(" ".join(word) for word in text.split())


def contents(document: Any) -> list[str]:
    """The blocks of the first page."""
    with reopened(document) as opened:
        page = opened[0]
        text = NativeText("d0c")
        text.add(page, read_page(page), NativePage(1, 595, 842, page.rotation, 1.0))
        (result,) = text.results({1: "key"})
    return [block.content for block in result.blocks]


def titled(title: str, *, turned_deg: int = 0) -> Any:
    """A page with this title over its text, shown turned."""
    document = pymupdf.open()
    page = new_page(document)
    write(page, title, (150, 60), size=14, bold=True)
    write_lines(page, RUSSIAN, (70, 110))
    page.set_rotation(turned_deg)
    return document


def tracked(title: str, *, spacing_pt: float) -> Any:
    """A page whose title is spaced by the PDF operator of character spacing."""
    document = pymupdf.open()
    page = new_page(document)
    write_lines(page, RUSSIAN, (70, 110))
    page.insert_text((70, 60), title, fontsize=14)
    (xref,) = [xref for xref in page.get_contents() if title.encode("latin-1").hex().encode() in _plain(document, xref)]
    stream = document.xref_stream(xref).replace(b"BT", b"BT %g Tc" % spacing_pt)
    document.update_stream(xref, stream)
    return document


def _plain(document: Any, xref: int) -> bytes:
    return bytes(document.xref_stream(xref)).lower()


@pytest.mark.parametrize("between_words", [2, 3])
@pytest.mark.parametrize("title", ["ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "ДОГОВОР НА ПОСТАВКУ", "Приказ о закупке № 5"])
def test_the_gaps_on_a_page_tell_the_words_of_a_title(title: str, between_words: int) -> None:
    assert contents(titled(spaced(title, between_words)))[0] == title


@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_the_page_may_be_turned(turned_deg: int) -> None:
    assert "ТЕХНИЧЕСКОЕ ЗАДАНИЕ" in contents(titled(spaced("ТЕХНИЧЕСКОЕ ЗАДАНИЕ"), turned_deg=turned_deg))


def test_a_title_may_be_spaced_by_the_program_that_set_it() -> None:
    title = "The company that listens to people and delivers."
    assert contents(tracked(title, spacing_pt=3.5))[0] == title


def test_without_wider_gaps_the_title_is_one_word() -> None:
    assert contents(titled("Т Е Х Н И Ч Е С К О Е З А Д А Н И Е"))[0] == "ТЕХНИЧЕСКОЕЗАДАНИЕ"


def test_titles_in_ruled_cells_are_whole() -> None:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (70, 330, 500), (80, 110, 140))
    for text, at in {
        spaced("ПРЕДМЕТ ДОГОВОРА"): (75, 100),
        "Кабель": (340, 100),
        "1 2 3 4 5": (75, 130),
        "А Б В Г Д": (340, 130),
    }.items():
        write(page, text, at, size=10)
    (table,) = contents(document)
    assert [cell.text for cell in parse_html_table(table).cells] == [
        "ПРЕДМЕТ ДОГОВОРА",
        "Кабель",
        "1 2 3 4 5",
        "А Б В Г Д",
    ]


def test_spaces_that_break_no_line_are_spaces_on_a_page_too() -> None:
    document = pymupdf.open()
    page = new_page(document)
    draw_table(page, (70, 330, 500), (80, 110, 140))
    title = spaced("ТЕХНИКА").replace(" ", "\u00a0")
    for text, at in {title: (75, 100), "Кабель": (340, 100), "Провод": (75, 130)}.items():
        write(page, text, at, size=10)
    write(page, title, (70, 60), size=14)
    found = contents(document)
    assert found[0] == "ТЕХНИКА"
    assert [cell.text for cell in parse_html_table(found[1]).cells][:2] == ["ТЕХНИКА", "Кабель"]


def test_columns_of_letters_stay_apart() -> None:
    document = titled("Ведомость")
    for row in range(4):
        for column, letter in enumerate("СМЕТА"):
            write(document[0], letter, (70 + 60 * column, 300 + 20 * row))
    assert not any("СМЕТА" in content for content in contents(document))


def test_titles_of_office_files_are_whole(tmp_path: Path) -> None:
    data = docx(paragraph(spaced("ТЕХНИЧЕСКОЕ ЗАДАНИЕ")) + paragraph("на поставку кабеля"))
    texts = prepared(tmp_path, data).texts()
    assert texts == ["ТЕХНИЧЕСКОЕ ЗАДАНИЕ", "на поставку кабеля"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("П Р И К А З о назначении", "ПРИКАЗ о назначении"),
        ("Приложение к П Р И К А З У № 4 5", "Приложение к ПРИКАЗУ № 4 5"),
        ("Т\u00a0Е\u00a0Х\u00a0Н\u00a0И\u00a0К\u00a0А", "ТЕХНИКА"),
        ("«Т Е Х Н И К А  И  Л Ю Д И»", "«ТЕХНИКА И ЛЮДИ»"),
        ("П р и к а з М и н и с т р а", "Приказ Министра"),
        ("p r é s e n t", "présent"),
        ("д о г о в о р .", "договор."),
    ],
)
def test_words_in_text_are_whole(text: str, whole: str) -> None:
    assert joined_letters(text) == whole


@pytest.mark.parametrize(
    "text",
    [
        "1 2 3 4 5 6",
        "А Б В Г Д Е",
        "a b c d e",
        "и в с к о",
        "П В С Ч П С В",
        "x y z w",
        "С  М  Е  Т  А",
        "Ф И О",
        "И. О. П. Е. Иванов",
        "№ 5 А и Б на 3 м",
        "П Р , З А",
    ],
)
def test_letters_that_spell_no_word_stay_as_they_are(text: str) -> None:
    assert joined_letters(text) == text


@given(st.text(alphabet="АБВОабво 1.,\u00a0", max_size=40))
def test_only_spaces_are_taken_out_and_once(text: str) -> None:
    joined = joined_letters(text)
    assert "".join(joined.split()) == "".join(text.split())
    assert joined_letters(joined) == joined


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Т Е Х Н И Ч Е С К О Е  З А Д А Н И Е", DocumentType.TECHNICAL_SPECIFICATION),
        ("Т Е Х Н И Ч Е С К О Е З А Д А Н И Е", DocumentType.TECHNICAL_SPECIFICATION),
        ("Л О К А Л Ь Н А Я С М Е Т А", DocumentType.ESTIMATE),
        ("Д О Г О В О Р", DocumentType.CONTRACT),
        ("С М Е Т А Н А", DocumentType.OTHER),
    ],
)
def test_the_type_is_seen_in_a_spaced_title(text: str, expected: DocumentType) -> None:
    assert classify("scan.pdf", f"{text}\n\nна поставку кабеля").document_type is expected
