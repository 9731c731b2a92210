"""Given an electronic book or an XPS document, its text, headings, tables and pictures come out in their order."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from ocr_tasks.htmltables import parse_html_table
from tenderlake.documents import PageKind
from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState
from tests.books import epub, fb2, xps
from tests.officefiles import scan, zipped
from tests.pdfs import ENGLISH, RUSSIAN
from tests.prepared import LIMITS, prepared, rejected

pytestmark = pytest.mark.unit

TABLE = '<table><tr><th colspan="2">Срок</th></tr><tr><td>начало</td><td>1 марта</td></tr></table>'
ROWS = [(0, 0, "Срок", 2), (1, 0, "начало", 1), (1, 1, "1 марта", 1)]


def cells(html: str) -> list[tuple[int, int, str, int]]:
    return [(cell.row, cell.column, cell.text, cell.column_span) for cell in parse_html_table(html).cells]


def test_an_epub_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    first = f'<h1>Общие положения</h1><p>Заказчик обязан:</p><ul><li>раз</li></ul><img src="../img/scan.png"/>{TABLE}'
    book = prepared(tmp_path, epub([first, "<h2>Сроки</h2><p>Десять дней.</p>"], parts={"OEBPS/img/scan.png": scan()}))

    assert book.manifest.media_type == "application/epub+zip"
    assert [page.kind for page in book.manifest.pages] == [PageKind.NATIVE, PageKind.IMAGE, PageKind.NATIVE]
    *said, (label, table) = book.said(1)
    assert said == [
        ("title 1", "Регламент закупок"),
        ("heading 1", "Общие положения"),
        ("text", "Заказчик обязан:"),
        ("list_item", "• раз"),
    ]
    assert (label, cells(table)) == ("table", ROWS)
    assert book.said(3) == [("heading 2", "Сроки"), ("text", "Десять дней.")]


def test_a_page_that_is_missing_in_an_epub_is_told(tmp_path: Path) -> None:
    data = epub(["<p>есть</p>", "<p>нет</p>"]).replace(b"chapter 2.xhtml", b"chapter 3.xhtml")
    (page,) = prepared(tmp_path, data).manifest.pages
    assert page.quality_flags == (PageFlag.REPAIRED_FILE,)


def test_an_epub_with_encrypted_pages_is_encrypted(tmp_path: Path) -> None:
    reference = '<enc:CipherReference URI="OEBPS/text/chapter%201.xhtml"/>'
    encryption = f'<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{reference}</encryption>'
    rejection = rejected(tmp_path, epub(["<p>тайна</p>"], parts={"META-INF/encryption.xml": encryption}))
    assert rejection.state is SourceState.QUARANTINED_ENCRYPTED


def test_an_epub_without_its_container_is_corrupt(tmp_path: Path) -> None:
    assert rejected(tmp_path, zipped({"mimetype": "application/epub+zip"})).state is SourceState.QUARANTINED_CORRUPT


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_an_fb2_is_read_with_its_sections_as_headings(tmp_path: Path, encoding: str) -> None:
    body = (
        "<title><p>Часть первая</p><p>Закупки</p></title><section><title><p>Сроки</p></title>"
        f'<p>Десять <strong>рабочих</strong> дней<a l:href="#n1" type="note">1</a>.</p>{TABLE}'
        '<image l:href="#scan.png"/>'
        "<section><title><p>Исключения</p></title><p>Нет.</p></section></section>"
    )
    notes = '<body name="notes"><title><p>Примечания</p></title><section id="n1"><title><p>1</p></title><p>Статья 42.</p></section></body>'  # noqa: E501
    picture = f'<binary id="scan.png" content-type="image/png">{base64.b64encode(scan()).decode()}</binary>'
    book = prepared(tmp_path, fb2(body, rest=notes + picture, encoding=encoding))

    said = [(label, content) for label, content in book.said(1) if label != "table"]
    assert said == [
        ("title 1", "Памятка заказчику"),
        ("text", "Иван Петров"),
        ("text", "О закупках."),
        ("heading 1", "Часть первая Закупки"),
        ("heading 2", "Сроки"),
        ("text", "Десять рабочих дней1."),
        ("heading 3", "Исключения"),
        ("text", "Нет."),
        ("text", "1 Статья 42."),
    ]
    assert [cells(block.content) for block in book.blocks() if block.label == "table"] == [ROWS]
    assert [page.kind for page in book.manifest.pages] == [PageKind.NATIVE, PageKind.IMAGE]


def test_an_fb2_that_refers_to_files_of_this_machine_is_refused(tmp_path: Path) -> None:
    attack = b'<!DOCTYPE FictionBook [<!ENTITY secret SYSTEM "file:///etc/passwd">]><FictionBook'
    data = fb2("<p>&secret;</p>").replace(b"<FictionBook", attack, 1)
    assert rejected(tmp_path, data).state is SourceState.QUARANTINED_CORRUPT


def test_an_xps_is_read_as_a_pdf_is(tmp_path: Path) -> None:
    document = prepared(tmp_path, xps([RUSSIAN, ENGLISH]))
    assert document.manifest.media_type == "application/vnd.ms-xpsdocument"
    for page in document.manifest.pages:
        assert (page.kind, page.quality_flags) == (PageKind.NATIVE, ())
        assert page.dpi is not None
        assert page.width_px / page.dpi == pytest.approx(210 / 25.4, abs=0.02)
    assert " ".join(document.texts(1)).split() == " ".join(RUSSIAN).split()
    assert " ".join(document.texts(2)).split() == " ".join(ENGLISH).split()
    assert not any(entry.is_dir() for entry in document.folder.iterdir())


def test_an_xps_of_too_many_pages_is_too_large(tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"max_pages": 1})
    assert rejected(tmp_path, xps([RUSSIAN, RUSSIAN]), limits=limits).state is SourceState.QUARANTINED_TOO_LARGE


def test_an_xps_without_its_pages_is_corrupt(tmp_path: Path) -> None:
    data = zipped({"[Content_Types].xml": "<Types/>", "all.fdseq": "<FixedDocumentSequence/>"})
    assert rejected(tmp_path, data).state is SourceState.QUARANTINED_CORRUPT
