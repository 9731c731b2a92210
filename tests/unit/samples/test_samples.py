"""The sample documents are what their README says: the right pages, text layers, sums, and the right things broken."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import docx
import openpyxl
import pymupdf
import pytest
from PIL import Image, ImageSequence

from samples import generate
from samples.collection import PASSWORD, Sample, make_samples
from samples.content import papers
from samples.identifiers import organisation_inn, organisation_ogrn, organisation_okpo, treasury_account
from samples.money import in_words, with_words
from samples.typesetting import FontsMissingError, Typesetter, find_fonts
from tests.obstacles import missing

pytestmark = pytest.mark.unit

PURCHASE = "0373200012326000457"
NOTICE = f"{PURCHASE}/Извещение.pdf"
SPECIFICATION = f"{PURCHASE}/Приложение 1. Описание объекта закупки.pdf"
JUSTIFICATION = f"{PURCHASE}/Приложение 2. Обоснование НМЦК.tif"
CONTRACT = f"{PURCHASE}/Приложение 3. Проект контракта.pdf"
ESTIMATE = f"{PURCHASE}/Приложение 4. Локальный сметный расчёт.pdf"
WORKBOOK = f"{PURCHASE}/Приложение 4. Локальный сметный расчёт.xlsx"
WORKS = f"{PURCHASE}/Приложение 7. Техническое задание на работы.docx"
BROKEN = f"{PURCHASE}/Приложение 5 (повреждено).pdf"
GARBLED = f"{PURCHASE}/Приложение 6. Требования к заявке.pdf"
ENCRYPTED = f"{PURCHASE}/Запросы цен/Коммерческое предложение 1 (под паролем).pdf"
SOURCE_STATES = {
    "published",
    "skipped_duplicate",
    "skipped_unsupported",
    "skipped_empty",
    "quarantined_corrupt",
    "quarantined_encrypted",
}


@dataclass(frozen=True)
class Expected:
    """A line of expected.tsv."""

    state: str
    pages: int
    native_pages: int
    ocr_pages: int
    facts: tuple[str, ...]


@pytest.fixture(scope="module")
def expected() -> Mapping[str, Expected]:
    lines = csv.DictReader(
        generate.EXPECTED.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return {
        line["path"]: Expected(
            line["state"],
            int(line["pages"]),
            int(line["native_pages"]),
            int(line["ocr_pages"]),
            tuple(line["facts"].split(";")) if line["facts"] else (),
        )
        for line in lines
    }


def fonts() -> Path:
    try:
        return find_fonts()
    except FontsMissingError as error:
        missing(f"only the committed samples are tested: {error}")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the generator makes now, run as people run it."""
    output: Path = tmp_path_factory.mktemp("samples")
    command = [sys.executable, str(generate.HERE / "generate.py"), str(output), "--fonts", str(fonts())]
    subprocess.run(command, check=True, cwd=output)
    return output


@pytest.fixture(scope="module", params=["committed", "generated"])
def folder(request: pytest.FixtureRequest) -> Path:
    """The documents in the repository, which need no fonts; and those that the generator makes now."""
    return generate.DOCUMENTS if request.param == "committed" else request.getfixturevalue("generated")


@pytest.fixture(scope="module")
def made_again() -> tuple[Sample, ...]:
    return make_samples(fonts())


def text_of_pages(path: Path) -> list[str]:
    with pymupdf.open(path) as document:
        return [" ".join(page.get_text().split()) for page in document]


def without_spaces(text: str) -> str:
    return "".join(text.split())


def test_the_inbox_holds_the_files_of_the_table_and_no_others(folder: Path, expected: Mapping[str, Expected]) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert found == set(expected)
    assert {line.state for line in expected.values()} == SOURCE_STATES
    assert sum((folder / name).stat().st_size for name in found) < 3_000_000


@pytest.mark.parametrize("name", [NOTICE, CONTRACT])
def test_a_digital_document_says_its_facts_in_its_text_layer(
    folder: Path, expected: Mapping[str, Expected], name: str
) -> None:
    pages = text_of_pages(folder / name)

    assert len(pages) == expected[name].pages == expected[name].native_pages
    assert all(len(page) > 500 for page in pages)
    assert expected[name].facts
    for fact in expected[name].facts:
        assert fact in " ".join(pages)
    assert not {"\u00a0", "\u00ad"} & set("".join(pages))


def test_the_contract_has_words_broken_at_line_ends(folder: Path) -> None:
    with pymupdf.open(folder / CONTRACT) as document:
        lines = document[1].get_text().splitlines()

    assert sum(line.endswith("-") for line in lines) >= 5


def test_the_specification_has_a_table_over_two_pages_and_one_scanned_page(
    folder: Path, expected: Mapping[str, Expected]
) -> None:
    *digital, scan = text_of_pages(folder / SPECIFICATION)

    assert len(digital) == expected[SPECIFICATION].native_pages
    assert expected[SPECIFICATION].ocr_pages == 1
    assert all("Код ОКПД2" in page for page in digital[1:])
    assert "Продолжение таблицы 1" in digital[2]
    assert scan == ""
    with pymupdf.open(folder / SPECIFICATION) as document:
        assert [image[8] for image in document[3].get_images()] == ["DCTDecode"]


def test_the_estimate_is_pictures_of_300_dpi_without_a_text_layer(
    folder: Path, expected: Mapping[str, Expected]
) -> None:
    with pymupdf.open(folder / ESTIMATE) as document:
        assert document.page_count == expected[ESTIMATE].ocr_pages
        for page in document:
            assert page.get_text() == ""
            assert page.rect.width > page.rect.height
            (image,) = page.get_image_info()
            assert round(image["width"] / page.rect.width * 72) == 300
            assert image["colorspace"] == 1


def test_the_office_files_open_in_other_programs(folder: Path) -> None:
    document = docx.Document(str(folder / WORKS))
    assert document.paragraphs[0].text == "ТЕХНИЧЕСКОЕ ЗАДАНИЕ"
    assert [len(table.rows) for table in document.tables] == [13]
    book = openpyxl.load_workbook(folder / WORKBOOK)
    assert book.sheetnames == ["Расчёт", "Итоги"]
    assert [cell.number_format for cell in book["Итоги"]["B"]] == ["General", *["#,##0.00"] * 5]
    amounts = [cell.value for cell in book["Итоги"]["B"]][1:]
    assert round(sum(amounts[:4]), 2) == amounts[4]


def test_a_garbled_text_layer_is_cp1251_read_as_latin1_under_sound_print(
    folder: Path, expected: Mapping[str, Expected]
) -> None:
    layer = " ".join(text_of_pages(folder / GARBLED))

    assert not any("а" <= letter.lower() <= "я" for letter in layer)
    restored = layer.encode("latin-1").decode("cp1251")
    for fact in expected[GARBLED].facts:
        assert fact in restored


def test_the_garbled_document_looks_like_a_sound_one(made_again: tuple[Sample, ...]) -> None:
    typesetter = Typesetter(fonts())
    sound = typesetter.save(typesetter.document(papers.bid_requirements(), papers.BID_SHEET), "sound")
    garbled = next(sample.data for sample in made_again if sample.path == GARBLED)

    with pymupdf.open("pdf", sound) as twin, pymupdf.open("pdf", garbled) as document:
        assert twin[0].get_text() != document[0].get_text()
        for page, other in zip(twin, document, strict=True):
            assert page.get_pixmap(dpi=72).samples == other.get_pixmap(dpi=72).samples


def test_the_justification_is_two_frames_black_and_white(folder: Path, expected: Mapping[str, Expected]) -> None:
    shapes = []
    with Image.open(folder / JUSTIFICATION) as image:
        for frame in ImageSequence.Iterator(image):
            assert frame.mode == "1"
            assert frame.info["compression"] == "group4"
            assert frame.info["dpi"] == (300, 300)
            shapes.append(frame.width > frame.height)
    assert len(shapes) == expected[JUSTIFICATION].ocr_pages
    assert shapes == [True, False]


@pytest.mark.parametrize(
    ("name", "format_", "mode", "dpi"),
    [("Акт осмотра.png", "PNG", "L", 300), ("Запросы цен/Запрос цен.jpg", "JPEG", "RGB", 200)],
)
def test_single_pictures(folder: Path, name: str, format_: str, mode: str, dpi: int) -> None:
    with Image.open(folder / PURCHASE / name) as image:
        image.load()
        assert (image.format, image.mode) == (format_, mode)
        assert [round(value) for value in image.info["dpi"]] == [dpi, dpi]


def test_the_broken_pdf_has_no_page_that_repair_finds(folder: Path) -> None:
    data = (folder / BROKEN).read_bytes()

    assert data.startswith(b"%PDF-")
    assert b"%%EOF" not in data
    with pymupdf.open("pdf", data) as document:
        assert document.is_repaired
        assert document.page_count == 0


def test_the_encrypted_pdf_opens_with_its_password_only(folder: Path) -> None:
    with pymupdf.open(folder / ENCRYPTED) as document:
        assert document.is_encrypted
        assert not document.authenticate("")
        assert document.authenticate(PASSWORD)
        assert "КОММЕРЧЕСКОЕ ПРЕДЛОЖЕНИЕ" in document[0].get_text()


def test_the_copy_is_the_notice_and_the_empty_file_is_empty(folder: Path) -> None:
    home = folder / PURCHASE

    assert (home / "Печатная форма извещения.pdf").read_bytes() == (folder / NOTICE).read_bytes()
    assert (home / "Запросы цен" / "Коммерческое предложение 2.pdf").stat().st_size == 0


def test_the_detached_signature_is_whole_der(folder: Path) -> None:
    data = (folder / f"{NOTICE}.sig").read_bytes()

    assert data[:2] == b"\x30\x82"  # SEQUENCE, a length of two bytes
    assert int.from_bytes(data[2:4], "big") == len(data) - 4
    assert bytes.fromhex("2a864886f70d010702") in data  # signedData


def test_the_same_bytes_come_out_again(generated: Path, made_again: tuple[Sample, ...]) -> None:
    differing = [sample.path for sample in made_again if (generated / sample.path).read_bytes() != sample.data]

    assert differing == []


def test_the_committed_truth_and_table_are_those_of_the_generator(made_again: tuple[Sample, ...]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in generate.TRUTH.iterdir()}

    assert committed == generate.truth_files(made_again)
    assert generate.EXPECTED.read_text(encoding="utf-8") == generate.expected_table(made_again)


def test_every_page_of_a_file_that_needs_ocr_has_its_truth(expected: Mapping[str, Expected]) -> None:
    for path, line in expected.items():
        truth = generate.TRUTH / f"{path.rpartition('/')[2]}.txt"
        assert truth.is_file() == (line.ocr_pages > 0)
        if line.ocr_pages:
            text = truth.read_text(encoding="utf-8")
            assert len(text.split("\f")) == line.pages
            for fact in line.facts:
                assert without_spaces(fact) in without_spaces(text)


def rows_of(name: str) -> Iterator[list[str]]:
    text = (generate.TRUTH / f"{name}.txt").read_text(encoding="utf-8")
    return csv.reader(io.StringIO(text.replace("\f", "\n")), delimiter="\t", quoting=csv.QUOTE_NONE)


def number(text: str) -> Decimal:
    return Decimal(0) if text == "–" else Decimal(without_spaces(text).replace(",", "."))


def test_the_estimate_adds_up_as_printed() -> None:
    lines = sections = costs = Decimal(0)
    totals: dict[str, Decimal] = {}
    for row in rows_of(ESTIMATE.rpartition("/")[2]):
        if len(row) == 12 and row[1].startswith("ГЭСН"):
            quantity, price, total = (number(row[column]) for column in (4, 5, 8))
            assert abs(quantity * price - total) <= Decimal("0.005")
            lines += total
        elif row and row[0].startswith("Итого по разделу"):
            assert number(row[1]) == lines
            sections, lines = sections + lines, Decimal(0)
        elif len(row) > 1:
            totals[row[0]] = number(row[1]) if row[1][0].isdigit() else costs

    assert totals["Итого прямые затраты по смете"] == sections > 0
    net = sections + totals["Накладные расходы 97 % от ФОТ"] + totals["Сметная прибыль 51 % от ФОТ"]
    assert totals["Итого с накладными расходами и сметной прибылью"] == net
    assert totals["ВСЕГО по смете"] == net + totals["НДС 22 %"]
    assert abs(net * 22 / 100 - totals["НДС 22 %"]) <= Decimal("0.005")


def test_the_initial_price_follows_from_three_offers_and_the_estimate() -> None:
    goods, final = Decimal(0), {}
    for row in rows_of(JUSTIFICATION.rpartition("/")[2]):
        if len(row) == 11 and row[2] in ("м", "шт"):
            quantity, *offers, mean = (number(row[column]) for column in (3, 4, 5, 6, 7))
            assert abs(sum(offers, Decimal(0)) / 3 - mean) <= Decimal("0.005")
            assert number(row[10]) == quantity * mean
            goods += number(row[10])
        elif len(row) == 2:
            final[row[0]] = row[1]

    assert number(final["Итого"]) == goods > 0
    assert number(final["НМЦК"]) == goods + number(final["Работы (проектно-сметный метод)"])


def test_the_luminaires_in_the_rooms_are_those_that_are_bought() -> None:
    rooms = [
        row for row in rows_of(SPECIFICATION.rpartition("/")[2]) if len(row) == 6 and row[2] in ("1", "2", "подвал")
    ]
    offered = {row[1]: row[3] for row in rows_of(JUSTIFICATION.rpartition("/")[2]) if len(row) == 11}

    placed = [sum(number(room[column]) for room in rooms) for column in (3, 4, 5)]
    bought = [
        number(offered[name])
        for name in (
            "Светильник светодиодный 595х595 мм",
            "Светильник светодиодный линейный 1200 мм",
            "Указатель световой аварийный «ВЫХОД»",
        )
    ]
    assert placed == bought


def test_check_digits_are_those_of_public_numbers() -> None:
    assert organisation_inn("770708389") == "7707083893"
    assert organisation_inn("970118636") == "9701186367"
    assert organisation_ogrn("103770001302") == "1037700013020"
    assert organisation_okpo("0003253") == "00032537"
    assert treasury_account("017003983", "40102810", "45370000059") == "40102810445370000059"
    assert treasury_account("004525988", "40102810", "45370000003") == "40102810545370000003"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (11, "одиннадцать"),
        (40, "сорок"),
        (1001, "одна тысяча один"),
        (2_222, "две тысячи двести двадцать два"),
        (13_000, "тринадцать тысяч"),
        (1_000_100, "один миллион сто"),
    ],
)
def test_numbers_in_words(value: int, words: str) -> None:
    assert in_words(value) == words


def test_roubles_and_kopecks_agree_with_their_numbers() -> None:
    assert with_words(Decimal("2662235.08")).replace("\u00a0", " ") == (
        "2 662 235,08 (два миллиона шестьсот шестьдесят две тысячи двести тридцать пять) рублей 08 копеек"
    )
    assert with_words(Decimal("21.01")).endswith("рубль 01 копейка")
