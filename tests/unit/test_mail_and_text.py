"""Given an e-mail, a web page or a text file, this is what people read in it."""

from __future__ import annotations

import base64
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.htmltables import parse_html_table
from tenderlake.documents import DocumentManifest, Rejection, Unpacking
from tenderlake.intake.encodings import decode_text
from tenderlake.intake.outlook import rtf_of
from tenderlake.intake.plaintext import find_delimiter
from tenderlake.intake.sniffing import DocumentFormat
from tenderlake.states import SourceState
from tests.officefiles import Storage, ole, outlook, scan
from tests.prepared import LIMITS, outcome_of, prepared, rejected, unpacked

pytestmark = pytest.mark.unit

ORDER = "Прошу предоставить ценовую информацию на поставку кабеля."


def rows(html: str) -> list[list[str]]:
    """The texts of a table, row by row."""
    table = parse_html_table(html)
    found: list[list[str]] = [[] for _ in range(table.row_count)]
    for one in table.cells:
        found[one.row].append(one.text)
    return found


# ---- encodings


TEXTS = (
    "Наименование;Цена\n",
    "ТЕХНИЧЕСКОЕ ЗАДАНИЕ на поставку",
    "№ п/п;Ёмкость, л",
    "Договор № 15 от 01.02.2025 г.",
    "привет мир",
    ORDER,
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp866", "koi8_r"]
)
@pytest.mark.parametrize("text", TEXTS)
def test_russian_is_told_in_every_encoding_that_offices_wrote(text: str, encoding: str) -> None:
    if encoding in ("cp866", "koi8_r") and "№" in text:
        text = text.replace("№", "N")
    decoded = decode_text(text.encode(encoding))
    assert decoded is not None
    assert decoded.text == text


@pytest.mark.parametrize("text", ["Über die Größe der Straße für alle Bürger", "café déjà vu à la carte"])
def test_other_european_texts_are_not_taken_for_russian(text: str) -> None:
    decoded = decode_text(text.encode("cp1252"))
    assert decoded is not None
    assert (decoded.text, decoded.encoding) == (text, "cp1252")


def test_a_letter_that_a_program_cut_in_two_spoils_no_text() -> None:
    whole = "Наименование;Цена\nБумага офисная;12\n" * 5
    decoded = decode_text(whole.encode().replace("я;".encode(), b"\xd1;", 1))
    assert decoded is not None
    assert decoded.text == whole.replace("я;", "\ufffd;", 1)


@pytest.mark.parametrize("text", ["1\xa0234,50;2\xa0000\n3;4", "“ISO 9001” – copy", "Price – 5 EUR"])
def test_dashes_quotes_and_fixed_spaces_of_windows_are_no_letters(text: str) -> None:
    decoded = decode_text(text.encode("cp1252"))
    assert decoded is not None
    assert decoded.text == text


def test_a_web_page_in_a_language_not_known_here_is_read_as_it_says(tmp_path: Path) -> None:
    page = "<html><head><meta charset=windows-1252></head><body><p>på største får – nå</p></body></html>"
    assert prepared(tmp_path, page.encode("cp1252")).texts() == ["på største får – nå"]


def test_a_short_text_is_not_cut_while_its_type_is_found(tmp_path: Path) -> None:
    assert prepared(tmp_path, "ألف باء".encode()).texts() == ["ألف باء"]


@pytest.mark.parametrize("data", [b"\0\1\2\3" * 20, bytes(range(0x80, 0x100)) * 8, b"text\x07\x1b[0m"])
def test_what_is_no_text_is_not_decoded(data: bytes) -> None:
    assert decode_text(data) is None


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_stray_control_character_hides_no_text(tmp_path: Path, encoding: str) -> None:
    text = ORDER * 30
    page = f"<html><head><meta charset={encoding}></head><body><p>{text[:500]}\x01{text[500:]}</p></body></html>"
    assert prepared(tmp_path, page.encode(encoding)).texts() == [text]


def test_a_page_too_deep_to_be_read_does_not_pass_for_an_empty_one(tmp_path: Path) -> None:
    rejection = rejected(tmp_path, b"<html><body>" + b"<div>" * 3000 + ORDER.encode())
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert rejection.reason == "the document is damaged: its elements lie in each other without end"


@given(st.binary(max_size=400))
def test_no_bytes_break_the_search_for_an_encoding(data: bytes) -> None:
    decoded = decode_text(data)
    assert decoded is None or isinstance(decoded.text, str)


def test_headers_without_end_cost_no_time_without_end(tmp_path: Path) -> None:
    """Python's reader of parameters counts the quotes from the beginning at every semicolon."""
    head = b"From: a@example.org\r\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b'\r\nContent-Type: text/plain; a="'
    members = unpacked(tmp_path, head + b'\\";' * 100_000 + b"\r\n\r\nText")
    (message,) = members.values()
    assert isinstance(message, bytes)
    assert message.endswith(b"Text")


# ---- plain text and tables of values


def test_a_line_without_end_is_cut_between_its_words(tmp_path: Path) -> None:
    words = [f"слово{number}" for number in range(20_000)]
    found = prepared(tmp_path, " ".join(words).encode())
    texts = [text for page in found.native for text in found.texts(page)]
    assert max(map(len, texts)) <= 8000
    assert " ".join(texts).split() == words


def test_a_text_is_paragraphs_and_its_form_feeds_are_page_ends(tmp_path: Path) -> None:
    text = "Заголовок\n\nПервая строка\nвторая строка\n\n1. Пункт\n\fВторая страница\x1a"
    found = prepared(tmp_path, text.encode("cp866"))
    assert found.manifest.media_type == DocumentFormat.TXT
    assert found.said(1) == [
        ("text", "Заголовок"),
        ("text", "Первая строка\nвторая строка"),
        ("list_item", "1. Пункт"),
    ]
    assert found.texts(2) == ["Вторая страница"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_values_become_a_table_whatever_parts_them(tmp_path: Path, delimiter: str) -> None:
    lines = [["Товар", "Цена", "Срок"], ['"Кабель; ВВГ, 3|5"' if delimiter != "\t" else "Кабель", "100", "10"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    found = prepared(tmp_path, text.encode("cp1251"))
    assert found.manifest.media_type == DocumentFormat.CSV
    assert rows(found.texts()[0]) == [[value.strip('"') for value in line] for line in lines]


@pytest.mark.parametrize(
    "text",
    [
        "Мы, нижеподписавшиеся, составили акт.\nПриёмка, как видно, прошла.\nЗамечаний, увы, нет.\n",
        "Первая строка\nвторая строка\n",
        "Уважаемый Иван Иванович, добрый день!\nПросим, пожалуйста, ответить.\n",
    ],
)
def test_sentences_with_commas_are_no_table(text: str) -> None:
    assert find_delimiter(text) is None


def test_a_text_that_turns_into_data_is_left_out(tmp_path: Path) -> None:
    rejection = rejected(tmp_path, b"plain words\n" * 2000 + bytes(range(32)) * 100)
    assert rejection.state is SourceState.SKIPPED_UNSUPPORTED


def test_json_is_its_values_with_their_names(tmp_path: Path) -> None:
    data = b'{"purchase": {"name": "\\u0411\\u0443\\u043c\\u0430\\u0433\\u0430", '
    data += b'"lots": [{"price": 100.50, "x": null}, {"ok": true}]}}'
    found = prepared(tmp_path, data)
    assert found.manifest.media_type == "application/json"
    assert found.texts() == ["purchase.name: Бумага", "purchase.lots.price: 100.50", "purchase.lots.ok: true"]


@pytest.mark.parametrize("name", ["p:order", "base-order", "title.order"])
def test_an_xml_file_whose_root_begins_like_an_element_of_a_web_page_is_none(tmp_path: Path, name: str) -> None:
    found = prepared(tmp_path, f'<?xml version="1.0"?><{name} xmlns:p="urn:o"><sum>5</sum></{name}>'.encode())
    assert found.manifest.media_type == DocumentFormat.XML
    assert found.texts()[-1] == "sum: 5"


def test_a_name_that_stands_twice_in_json_has_both_values(tmp_path: Path) -> None:
    assert prepared(tmp_path, b'{"lot": {"a": 1}, "lot": {"a": 2, "a": 3}}').texts() == [
        "lot.a: 1",
        "lot.a: 2",
        "lot.a: 3",
    ]


@pytest.mark.parametrize("name", ["undefined", "idna", "punycode", "zlib", "rot13", "no-such"])
def test_a_file_that_names_no_encoding_of_texts_is_judged_by_its_bytes(name: str) -> None:
    decoded = decode_text(bytes(range(128, 256)) * 30, name)
    assert decoded is None or decoded.encoding != name


def test_values_that_lie_deep_keep_the_end_of_their_names(tmp_path: Path) -> None:
    """With all of it a file of a megabyte would become gigabytes."""
    data = b'{"' + b"a" * 600 + b'": {"' + b"b" * 600 + b'": [1, 2]}}'
    found = prepared(tmp_path, data)
    assert found.texts() == [f"…{'a' * 398}.{'b' * 600}: {value}" for value in (1, 2)]


def test_a_signature_within_xml_is_no_text(tmp_path: Path) -> None:
    signed = f"<?xml version='1.0'?><notice><number>0373</number><signature>{'MIIabc+/' * 50}==</signature></notice>"
    assert prepared(tmp_path, signed.encode()).texts() == [
        "notice",
        "number: 0373",
        "signature: [data, 402 characters]",
    ]


def test_an_unknown_xml_file_is_read_by_its_elements(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1251"?><notice><price cur="RUB">100</price><name>Кабель</name></notice>'
    )
    found = prepared(tmp_path, text.encode("cp1251"))
    assert found.texts() == ["notice", "price: 100; cur = RUB", "name: Кабель"]


# ---- web pages


PAGE = """<!doctype html><html><head><meta charset="windows-1251"><title>Извещение</title>
<style>p { color: red }</style><script>document.write("нет")</script></head><body>
<h2>Сведения о закупке</h2><p>Начальная <b>цена</b>:<br>100&nbsp;000 руб.</p>
<ol start="3"><li>Кабель<ul><li>медный</li></ul></li><li>Лампа</li></ol>
<div style="display:none">скрыто</div><img src="http://example.org/a.png">
<table><thead><tr><td rowspan="2">№</td><td colspan="2">Цена</td></tr></thead>
<tr><td>без НДС</td><td>с НДС</td></tr><tr><td>1</td><td>100</td><td>120</td></tr></table>
<table><tr><td>одна ячейка</td></tr></table></body></html>"""


def test_a_web_page_keeps_its_structure_and_runs_nothing(tmp_path: Path) -> None:
    found = prepared(tmp_path, PAGE.encode("cp1251"))
    assert found.manifest.media_type == DocumentFormat.HTML
    *before, table, last = found.said()
    assert before == [
        ("title 1", "Извещение"),
        ("heading 2", "Сведения о закупке"),
        ("text", "Начальная цена:\n100 000 руб."),
        ("list_item", "3. Кабель"),
        ("list_item", "• медный"),
        ("list_item", "4. Лампа"),
    ]
    cells = parse_html_table(table[1]).cells
    assert [(one.text, one.row, one.column) for one in cells] == [
        ("№", 0, 0),
        ("Цена", 0, 1),
        ("без НДС", 1, 1),
        ("с НДС", 1, 2),
        ("1", 2, 0),
        ("100", 2, 1),
        ("120", 2, 2),
    ]
    assert (cells[0].row_span, cells[1].column_span, cells[0].is_header) == (2, 2, True)
    assert last == ("text", "одна ячейка")


def test_the_declared_encoding_of_a_web_page_gives_way_to_the_real_one(tmp_path: Path) -> None:
    found = prepared(tmp_path, PAGE.encode("utf-8"))
    assert found.texts()[1] == "Сведения о закупке"


@pytest.mark.parametrize("begin", ["<style>td {}</style>\n<table>", "<table border=1>", "<br>\n<table>"])
def test_a_table_that_a_site_calls_a_workbook_is_a_web_page(tmp_path: Path, begin: str) -> None:
    page = f"{begin}<tr><th>№</th><th>Поставщик</th></tr><tr><td>1</td><td>ООО</td></tr></table>"
    assert rows(prepared(tmp_path, page.encode("cp1251")).texts()[0]) == [["№", "Поставщик"], ["1", "ООО"]]


def test_a_page_of_tags_without_end_ends(tmp_path: Path) -> None:
    found = prepared(tmp_path, b"<html><body>" + b"<div>" * 1000 + b"<table><tr><td>" * 300 + b"text")
    assert any("text" in text for text in found.texts())


# ---- e-mail


def message(subject: str = "Запрос цен") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Иванов <ivanov@example.org>", "zakupki@example.org", subject
    mail["Date"] = "Tue, 20 Jan 2026 10:00:00 +0300"
    mail.set_content(ORDER, charset="koi8-r")
    return mail


def test_an_email_is_its_message_and_its_attachments(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Техническое задание.pdf")
    mail.add_attachment(message("Вложенное"))
    members = unpacked(tmp_path, mail.as_bytes())
    assert list(members) == ["message.txt", "Техническое задание.pdf", "Вложенное.eml"]
    body = members["message.txt"]
    assert isinstance(body, bytes)
    assert body.decode() == (
        "\nFrom: Иванов <ivanov@example.org>\nTo: zakupki@example.org\nDate: Tue, 20 Jan 2026 10:00:00 +0300\n"
        f"Subject: Запрос цен\nFiles: Техническое задание.pdf; Вложенное.eml\n\n{ORDER}\n"
    )
    inner = members["Вложенное.eml"]
    assert isinstance(inner, bytes)
    (tmp_path / "inner").mkdir()
    assert ORDER.encode() in unpacked(tmp_path / "inner", inner)["message.txt"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "name",
    [
        b'name="=?koi8-r?B?y8/UydLP18vJLmRvYw==?="',
        b"name*=windows-1251''%EA%EE%F2%E8%F0%EE%E2%EA%E8.doc",
        b"name*0*=windows-1251''%EA%EE%F2%E8; name*1*=%F0%EE%E2%EA%E8.doc",
        'name="котировки.doc"'.encode("cp1251"),
        'name="котировки.doc"'.encode(),
    ],
)
def test_names_of_attachments_are_read_however_they_were_written(tmp_path: Path, name: bytes) -> None:
    data = (
        b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\nContent-Type: application/msword; " + name + b"\r\n"
        b"Content-Disposition: attachment\r\n\r\nDATA\r\n--b--\r\n"
    )
    assert unpacked(tmp_path, data)["котировки.doc"] == b"DATA"


def test_the_text_of_a_message_is_no_message_again(tmp_path: Path) -> None:
    body = unpacked(tmp_path, message().as_bytes())["message.txt"]
    assert isinstance(body, bytes)
    (tmp_path / "body").mkdir()
    assert ORDER in prepared(tmp_path / "body", body).texts()


def test_a_message_with_a_table_is_kept_as_a_web_page(tmp_path: Path) -> None:
    mail = message()
    mail.add_alternative("<p>Цены</p><table><tr><td>a</td><td>1</td></tr></table>", subtype="html")
    members = unpacked(tmp_path, mail.as_bytes())
    assert list(members) == ["message.html"]
    page = members["message.html"]
    assert isinstance(page, bytes)
    (tmp_path / "page").mkdir()
    texts = prepared(tmp_path / "page", page).texts()
    assert texts[0] == "From: Иванов <ivanov@example.org>"
    assert rows(texts[-1]) == [["a", "1"]]


def test_a_logo_of_a_message_is_named_and_left_out_and_a_scan_in_it_is_kept(tmp_path: Path) -> None:
    mail = message()
    mail.add_related(scan(100, 50), maintype="image", subtype="png", cid="<logo>", filename="logo.png")
    mail.add_related(scan(), maintype="image", subtype="png", cid="<scan>", filename="scan.png")
    members = unpacked(tmp_path, mail.as_bytes())
    logo = members["logo.png"]
    assert isinstance(logo, Rejection)
    assert logo.state is SourceState.SKIPPED_UNSUPPORTED
    assert members["scan.png"] == scan()
    body = members["message.txt"]
    assert isinstance(body, bytes)
    assert "Files: scan.png" in body.decode().splitlines()


def test_a_saved_web_page_is_its_text_and_its_pictures(tmp_path: Path) -> None:
    parts = {
        ("text/html; charset=windows-1251", "https://example.org/a"): "<h1>Извещение</h1>".encode("cp1251"),
        ("image/png", "https://example.org/i/scan.png?v=1"): scan(),
        ("image/png", "cid:logo"): scan(100, 50),
        ("text/css", "cid:css-1"): b"body {}",
    }
    raw = b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=B\r\n\r\n"
    for (kind, place), content in parts.items():
        head = f"--B\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Location: {place}\r\n\r\n"
        raw += head.encode() + base64.encodebytes(content) + b"\r\n"
    members = unpacked(tmp_path, raw + b"--B--\r\n")
    assert list(members) == ["message.html", "scan.png", "attachment 2.png", "attachment 3.css"]
    assert members["scan.png"] == scan()
    assert all(isinstance(members[name], Rejection) for name in ("attachment 2.png", "attachment 3.css"))


def test_a_file_with_a_name_and_a_place_is_no_layout(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment(b"<upd/>", maintype="text", subtype="xml", filename="upd.xml", disposition="inline")
    (part,) = mail.iter_attachments()
    part["Content-Location"] = "upd.xml"
    assert unpacked(tmp_path, mail.as_bytes())["upd.xml"] == b"<upd/>"


def test_no_name_leads_out_of_the_message(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="../../etc/passwd")
    mail.add_attachment(b"y", maintype="application", subtype="pdf", filename="C:\\Windows\\a.pdf")
    assert list(unpacked(tmp_path, mail.as_bytes())) == ["message.txt", "passwd", "a.pdf"]


def test_too_many_attachments_are_a_bomb(tmp_path: Path) -> None:
    mail = message()
    for number in range(5):
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=f"{number}.pdf")
    limits = LIMITS.model_copy(update={"max_archive_members": 4})
    assert rejected(tmp_path, mail.as_bytes(), limits=limits).state is SourceState.QUARANTINED_ARCHIVE_BOMB


def test_an_outlook_message_gives_its_attachments_and_the_messages_within(tmp_path: Path) -> None:
    inner = outlook({"0037": "Ответ", "1000": "Цена 100 руб."}, header_bytes=24)
    attached: Storage = {"__substg1.0_3707001F": "Смета.xlsx".encode("utf-16-le"), "__substg1.0_37010102": b"PK data"}
    forwarded: Storage = {
        "__substg1.0_3001001F": "Ответ поставщика".encode("utf-16-le"),
        "__substg1.0_3701000D": inner,
    }
    sent = struct.pack("<IIQ", 0x00390040, 0, (1_768_892_400 + 11_644_473_600) * 10_000_000)
    data = ole(
        outlook(
            {"0037": "Запрос", "0C1A": "Иванов", "5D01": "ivanov@example.org", "0E04": "Отдел закупок", "1000": ORDER},
            attachments=[attached, forwarded],
            fixed=sent,
        )
    )
    members = unpacked(tmp_path, data)
    assert list(members) == ["message.txt", "Смета.xlsx", "Ответ поставщика/message.txt"]
    body = members["message.txt"]
    assert isinstance(body, bytes)
    assert body.decode().splitlines()[:6] == [
        "",
        "From: Иванов <ivanov@example.org>",
        "To: Отдел закупок",
        "Date: Tue, 20 Jan 2026 07:00:00 +0000",
        "Subject: Запрос",
        "Files: Смета.xlsx; Ответ поставщика",
    ]
    assert members["Смета.xlsx"] == b"PK data"
    assert members["Ответ поставщика/message.txt"] == "\nSubject: Ответ\n\nЦена 100 руб.".encode()


def test_compressed_rich_text_is_expanded() -> None:
    """The example of [MS-OXRTFCP] 3.1.1."""
    data = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf_of(data) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_expansion_of_rich_text(data: bytes) -> None:
    head = struct.pack("<IIII", len(data), 5000, 0x75465A4C, 0)
    assert len(rtf_of(head + data)) <= 5000 + 17


def test_any_mail_ends_in_a_typed_outcome(tmp_path: Path) -> None:
    raw = message().as_bytes()
    for cut in range(0, len(raw), 37):
        assert isinstance(outcome_of(tmp_path, raw[: cut + 1]), DocumentManifest | Unpacking | Rejection)
