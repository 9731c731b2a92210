"""Given pages of Russian print, Tesseract reads them. The real library, real language data, pages made here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from ocr_tasks.contract import BBox, BlockLabel, ContentFormat, EngineSpec, ReadingFlag
from ocr_tasks.engines import PageReading, create_engine
from ocr_tasks.engines.tessdata import PREFIX_VARIABLE, data_file, find_tessdata
from ocr_tasks.engines.tesseract import TesseractEngine
from ocr_tasks.errors import BadShardError, EngineUnavailableError, PageError, PageTimeoutError
from ocr_tasks.htmltables import parse_html_table
from ocr_tasks.images import PageImage
from ocr_tasks.reading import EngineReader, PageRequest
from ocr_tasks.settings import RunSettings
from tests.obstacles import language_data_obstacle, missing
from tests.pages import encoded, printed_page
from tests.texts import said, squeezed, word_recall

pytestmark = pytest.mark.integration

HEADING = "ТЕХНИЧЕСКОЕ ЗАДАНИЕ"
PARAGRAPHS = (
    "Поставщик обязуется поставить Заказчику бумагу офисную в количестве 1200 пачек, а Заказчик обязуется принять "
    "и оплатить товар на условиях настоящего договора.",
    "Начальная (максимальная) цена договора: 1 254 300,00 рублей, в том числе НДС 20 %. ИНН 7701234567. "
    "Адрес: info@example.ru",
)
PRINTED = f"<h1>{HEADING}</h1>" + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
TRUTH = "\n".join((HEADING, *PARAGRAPHS))


@pytest.fixture(scope="module", autouse=True)
def language_data() -> None:
    if obstacle := language_data_obstacle():
        missing(obstacle)


@pytest.fixture(scope="module")
def engine() -> Iterator[TesseractEngine]:
    engine = TesseractEngine(EngineSpec(name="tesseract"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def printed() -> Image.Image:
    return printed_page(PRINTED)


def read(engine: TesseractEngine, image: Image.Image, dpi: int | None = 200, timeout_s: float = 120.0) -> PageReading:
    return engine.read(PageImage(image=image, page_number=1, dpi=dpi), timeout_s)


def text(reading: PageReading) -> str:
    return "\n".join(block.content for block in reading.blocks)


def test_russian_print_is_read_letter_by_letter(engine: TesseractEngine, printed: Image.Image) -> None:
    reading = read(engine, printed)

    assert squeezed(text(reading)) == squeezed(TRUTH)
    assert [block.label for block in reading.blocks] == [BlockLabel.HEADING, BlockLabel.TEXT, BlockLabel.TEXT]
    assert reading.blocks[0].heading_level == 1


def test_boxes_and_confidences_are_those_of_the_print(engine: TesseractEngine, printed: Image.Image) -> None:
    reading = read(engine, printed)

    assert (reading.width_px, reading.height_px, reading.rotation_deg) == (*printed.size, 0)
    assert reading.confidence is not None
    assert 0.85 < reading.confidence < 1
    for block in reading.blocks:
        assert block.confidence is not None
        assert block.content.split("\n") == [line.text for line in block.lines]
        for line in block.lines:
            # The ink of a line fills its box, and nothing is left of it.
            left, top, right, bottom = (round(edge) for edge in line.bbox_px)
            ink = ImageOps.invert(printed.crop((0, top, printed.width, bottom))).getbbox()
            assert ink is not None
            assert abs(ink[0] - left) <= 3
            assert abs(ink[2] - right) <= 3


def test_a_page_is_read_the_same_first_or_later(engine: TesseractEngine, printed: Image.Image) -> None:
    other = printed_page("<p>Приложение № 2 к договору поставки: спецификация товара, цены и сроки.</p>")
    before = read(engine, printed)
    read(engine, other)
    assert read(engine, printed) == before


def test_colour_reads_as_grey(engine: TesseractEngine, printed: Image.Image) -> None:
    assert read(engine, printed.convert("RGB")) == read(engine, printed)


def test_low_resolution_is_enlarged_and_boxes_stay_those_of_the_image(engine: TesseractEngine) -> None:
    small = printed_page(PRINTED, dpi=72)
    reading = read(engine, small, dpi=72)

    assert word_recall(TRUTH, text(reading)) > 0.9
    assert (reading.width_px, reading.height_px) == small.size
    left, top, right, bottom = reading.blocks[-1].bbox_px
    assert 0 <= left < right <= small.width
    assert 0 <= top < bottom <= small.height / 3  # the print ends in the upper third


@pytest.mark.parametrize("dpi", [None, 72])
def test_an_unknown_or_impossible_dpi_does_no_harm(
    engine: TesseractEngine, printed: Image.Image, dpi: int | None
) -> None:
    assert squeezed(text(read(engine, printed, dpi=dpi))) == squeezed(TRUTH)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (10, 200), (800, 600)])
def test_an_empty_page_is_read_as_empty(engine: TesseractEngine, size: tuple[int, int]) -> None:
    reading = read(engine, Image.new("L", size, 255), dpi=None)
    assert (reading.blocks, reading.confidence) == ((), None)


def test_a_picture_is_a_picture_and_rules_are_nothing(engine: TesseractEngine) -> None:
    page = printed_page(PRINTED)
    page.paste(Image.effect_noise((500, 500), 120), (600, 1500))
    page.paste(0, (150, 1200, 1500, 1204))
    labels = [block.label for block in read(engine, page).blocks]
    assert labels.count(BlockLabel.PICTURE) == 1
    assert set(labels) == {BlockLabel.HEADING, BlockLabel.TEXT, BlockLabel.PICTURE}


def test_a_page_that_takes_too_long_is_given_up_and_the_next_is_read(
    engine: TesseractEngine, printed: Image.Image
) -> None:
    with pytest.raises(PageTimeoutError, match=r"not read within 0\.001 s"):
        read(engine, printed, timeout_s=0.001)
    assert squeezed(text(read(engine, printed))) == squeezed(TRUTH)


def test_an_image_longer_than_tesseract_can_count_says_so(engine: TesseractEngine) -> None:
    with pytest.raises(PageError, match="33000 × 10 pixels, Tesseract takes 32767 at most"):
        read(engine, Image.new("L", (33_000, 10), 255), dpi=300)


def test_the_engine_says_which_model_read_the_page(engine: TesseractEngine) -> None:
    assert engine.info.name == "tesseract"
    assert engine.info.version.startswith("5.")
    assert engine.info.model == "rus+eng"
    assert engine.info.model_digest is not None
    assert len(engine.info.model_digest) == 64


def test_language_data_that_is_damaged_is_told_from_missing_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tesseract alone would go on without Russian, in English.
    good = data_file(find_tessdata(["eng"]), "eng")
    (tmp_path / "eng.traineddata").write_bytes(good.read_bytes())
    (tmp_path / "rus.traineddata").write_bytes(b"not a model")
    monkeypatch.setenv(PREFIX_VARIABLE, str(tmp_path))
    with pytest.raises(EngineUnavailableError, match=f"cannot load its language data in {tmp_path}"):
        create_engine(EngineSpec(name="tesseract", languages=("eng", "rus")))


def test_a_segmentation_mode_that_does_not_exist_is_a_bad_shard() -> None:
    with pytest.raises(BadShardError, match="psm"):
        create_engine(EngineSpec(name="tesseract", options={"psm": 99}))


def peppered(image: Image.Image, share: float) -> Image.Image:
    """A page with so many of its pixels black or white by chance, as from a worn drum or a bad fax."""
    chance = random.Random(7)  # noqa: S311  the same page each time
    worn = image.copy()
    for _ in range(round(share * worn.width * worn.height)):
        worn.putpixel((chance.randrange(worn.width), chance.randrange(worn.height)), chance.choice((0, 255)))
    return worn


def test_a_doubtful_page_is_read_again_without_its_specks(engine: TesseractEngine, printed: Image.Image) -> None:
    page = PageImage(image=peppered(printed, 0.1), page_number=1, dpi=200)
    first = engine.read(page, 120.0)
    second = engine.read_again(page, 120.0, frozenset({ReadingFlag.MIXED_SCRIPT}))

    assert second is not None
    assert word_recall(TRUTH, text(first)) < 0.8
    assert word_recall(TRUTH, text(second)) > 0.95
    assert (second.width_px, second.height_px) == printed.size


def test_grainy_print_of_which_nothing_is_read_is_read_again(engine: TesseractEngine, printed: Image.Image) -> None:
    grainy = Image.blend(printed.convert("L"), Image.effect_noise(printed.size, 60), 0.4)
    request = PageRequest(page_key="k", document_id="d", page_number=1, dpi=200, timeout_s=120)

    assert word_recall(TRUTH, text(read(engine, grainy))) < 0.1
    result = EngineReader(engine, RunSettings()).read(encoded(grainy), request)
    assert word_recall(TRUTH, said(result)) > 0.9
    assert result.quality_flags == (ReadingFlag.READ_AGAIN.value,)


def test_a_page_is_not_read_again_where_that_cannot_help(engine: TesseractEngine, printed: Image.Image) -> None:
    page = PageImage(image=printed, page_number=1, dpi=200)
    small = PageImage(image=printed_page(PRINTED, dpi=72), page_number=1, dpi=72)
    assert engine.read_again(page, 120.0, frozenset({ReadingFlag.TEXT_ON_BLANK_PAGE})) is None
    assert engine.read_again(small, 120.0, frozenset({ReadingFlag.MIXED_SCRIPT})) is None


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """A page that lies so many degrees clockwise from upright."""
    return image.rotate(-degrees, expand=True)


@pytest.mark.parametrize(("lies_deg", "rotation_deg"), [(90, 270), (180, 180), (270, 90)])
@pytest.mark.parametrize("skew_deg", [0.0, -2.5])
def test_a_turned_page_is_read_turned_upright(
    engine: TesseractEngine, lies_deg: int, rotation_deg: int, skew_deg: float
) -> None:
    upright = printed_page(PRINTED * 3).rotate(skew_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    reading = read(engine, turned(upright, lies_deg))

    assert reading.rotation_deg == rotation_deg
    assert (reading.width_px, reading.height_px) == upright.size
    assert word_recall("\n".join([TRUTH] * 3), text(reading)) > 0.95
    # Its blocks are where they are on the upright page.
    same = read(engine, upright)
    assert len(reading.blocks) == len(same.blocks)
    for block, other in zip(reading.blocks, same.blocks, strict=True):
        assert block.bbox_px == pytest.approx(other.bbox_px, abs=3)


@pytest.mark.parametrize("skew_deg", [-8.0, -3.0, -1.0, 0.5, 3.0, 8.0])
def test_a_skewed_page_is_read_and_its_boxes_are_those_of_the_page_as_it_is(
    engine: TesseractEngine, printed: Image.Image, skew_deg: float
) -> None:
    skewed = printed.rotate(skew_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    reading = read(engine, skewed)

    assert word_recall(TRUTH, text(reading)) > 0.95
    assert (reading.width_px, reading.height_px, reading.rotation_deg) == (*skewed.size, 0)
    left, top, right, bottom = ink_box(skewed)
    boxes = [block.bbox_px for block in reading.blocks]
    assert min(box[0] for box in boxes) == pytest.approx(left, abs=12)
    assert min(box[1] for box in boxes) == pytest.approx(top, abs=12)
    assert max(box[2] for box in boxes) == pytest.approx(right, abs=12)
    assert max(box[3] for box in boxes) == pytest.approx(bottom, abs=12)


def ink_box(image: Image.Image) -> BBox:
    box = ImageOps.invert(image).point(lambda level: 255 * (level > 64)).getbbox()
    assert box is not None
    return box


def test_faint_print_is_turned_and_levelled(engine: TesseractEngine) -> None:
    upright = printed_page(PRINTED * 3).rotate(3, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    faint = turned(upright, 180).point(lambda level: 235 + level // 13)
    reading = read(engine, faint)
    assert reading.rotation_deg == 180
    assert word_recall("\n".join([TRUTH] * 3), text(reading)) > 0.95


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_an_upright_page_with_specks_is_not_turned(engine: TesseractEngine, printed: Image.Image, share: float) -> None:
    assert read(engine, peppered(printed, share)).rotation_deg == 0


def test_a_photograph_is_not_turned(engine: TesseractEngine) -> None:
    noise = Image.effect_noise((40, 55), 160).resize((1600, 2200), Image.Resampling.BICUBIC)
    photograph = Image.blend(noise, Image.effect_noise(noise.size, 40), 0.15)
    reading = read(engine, photograph)
    assert (reading.rotation_deg, reading.width_px, reading.height_px) == (0, 1600, 2200)


def test_a_turned_page_with_specks_is_read_by_the_second_reading(engine: TesseractEngine) -> None:
    """One after the other: as it is, turned, without specks, turned without specks."""
    page = turned(peppered(printed_page(PRINTED * 3), 0.1), 180)
    request = PageRequest(page_key="k", document_id="d", page_number=1, dpi=200, timeout_s=120)
    result = EngineReader(engine, RunSettings()).read(encoded(page), request)
    assert result.rotation_deg == 180
    assert word_recall("\n".join([TRUTH] * 3), said(result)) > 0.9


def test_the_other_side_of_thin_paper_is_doubted_and_print_is_not(printed: Image.Image) -> None:
    blurred = ImageOps.mirror(printed).filter(ImageFilter.GaussianBlur(1.5))
    shining_through = blurred.point(lambda level: 250 - (255 - level) // 12)
    reader = EngineReader(create_engine(EngineSpec(name="tesseract")), RunSettings())
    request = PageRequest(page_key="key", document_id="document", page_number=1, dpi=200, timeout_s=120.0)
    back, front = (reader.read(encoded(image), request) for image in (shining_through, printed))
    reader.close()

    assert back.blocks  # Tesseract takes it for print
    assert ReadingFlag.TEXT_ON_BLANK_PAGE.value in back.quality_flags
    assert front.quality_flags == ()


ESTIMATE = (
    "<table><tr><td>№</td><td>Наименование работ</td><td>Количество</td><td>Сумма, руб.</td></tr>"
    "<tr><td>1</td><td>Прокладка кабеля в траншее</td><td>120</td><td>86 400,00</td></tr>"
    "<tr><td>2</td><td>Установка опор освещения</td><td>14</td><td>254 310,50</td></tr>"
    '<tr><td colspan="3">Итого по смете</td><td>340 710,50</td></tr></table>'
)
RULED = "<style>td {border: 0.6px solid black; padding: 2pt 4pt}</style>"


@pytest.mark.parametrize(("skew_deg", "turn_deg"), [(0.2, 0), (-2.0, 0), (0.0, 90)])
def test_a_ruled_table_is_a_table_with_its_spans_between_the_text_around_it(
    engine: TesseractEngine, skew_deg: float, turn_deg: int
) -> None:
    page = printed_page(f"{RULED}<p>{PARAGRAPHS[0]}</p>{ESTIMATE}<p>{PARAGRAPHS[1]}</p>")
    page = page.rotate(skew_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=255).rotate(turn_deg, expand=True)
    reading = read(engine, page)

    blocks = [block for block in reading.blocks if block.label is not BlockLabel.PICTURE]
    assert [block.label for block in blocks] == [BlockLabel.TEXT, BlockLabel.TABLE, BlockLabel.TEXT]
    table = blocks[1]
    assert table.content_format is ContentFormat.HTML
    in_lines = table.content.replace("<br>", " ")
    assert parse_html_table(in_lines).cells == parse_html_table(ESTIMATE).cells
    assert squeezed(blocks[0].content) == squeezed(PARAGRAPHS[0])
    assert table.confidence is not None
    assert "Прокладка кабеля в траншее" in [line.text for line in table.lines]
    assert all(0 <= line.bbox_px[0] < line.bbox_px[2] <= reading.width_px for line in table.lines)


def test_a_frame_around_the_page_is_no_table(engine: TesseractEngine) -> None:
    page = printed_page(PRINTED)
    ImageDraw.Draw(page).rectangle((60, 60, page.width - 60, page.height - 60), outline=0, width=4)
    assert squeezed(text(read(engine, page))) == squeezed(TRUTH)


def test_a_table_of_single_digits_keeps_every_cell(engine: TesseractEngine) -> None:
    rows = "".join(
        f"<tr>{''.join(f'<td>{(row + column) % 9 + 1}</td>' for column in range(5))}</tr>" for row in range(4)
    )
    framed = "<style>td {border: 1px solid black; padding: 4px}</style>"  # each cell with a frame of its own
    blocks = read(engine, printed_page(f"{framed}<p>{PARAGRAPHS[0]}</p><table>{rows}</table>")).blocks
    table = parse_html_table(blocks[-1].content)
    assert (table.row_count, table.column_count) == (4, 5)
    assert (
        sum(cell.text == str((cell.row + cell.column) % 9 + 1) for cell in table.cells) >= 16
    )  # «1» is read as «4» here and there
