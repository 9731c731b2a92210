"""Given a shard and a model server, the server engine reads what can be read. The real pipeline, child processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.contract import BlockLabel, ContentFormat, ExitCode, PageStatus, ReadingFlag, Shard
from tests.ocr_command import Ended, results, write_shard
from tests.pages import encoded
from tests.tinymodels import paddle_tasks, tiny_models
from tests.vlmserver import Asked, Reply, StandIn, by_prompt, error, is_probe

pytestmark = pytest.mark.integration

ENGINE = "paddleocr-vl-server"
TABLE = "Table Recognition:"
KEY = "s3cr3t-key"
BLOCKS_ASKED = 8
"""Of the tiny layout model's thirteen: two columns are read at once; image, chart and seals are pictures."""
LEVELS_APART = 8


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


def page(number: int) -> Image.Image:
    """Print on paper that is darker, the higher the number."""
    paper = Image.new("L", (595, 842), 255 - LEVELS_APART * number)
    lines = ImageDraw.Draw(paper)
    for y in range(4, 842, 12):
        lines.line((30, y, 565, y), fill=0, width=2)
    return paper


def page_of(asked: Asked) -> int:
    """The number of the page that a crop was cut out of."""
    histogram = asked.picture.convert("L").histogram()
    return round((255 - histogram.index(max(histogram))) / LEVELS_APART)


def shard_of(folder: Path, stand_in: StandIn, pages: int, **options: str | float) -> Path:
    shard = Path(write_shard(folder, pages, ENGINE, server_url=stand_in.url, device="cpu", **options))
    for number in range(1, pages + 1):
        (folder / f"{number}.png").write_bytes(encoded(page(number)))
    return shard


def run(shard: Path, **variables: str) -> Ended:
    return paddle_tasks("run", str(shard), home=tiny_models(), **variables)


def test_pages_are_read_block_by_block(stand_in: StandIn, tmp_path: Path) -> None:
    ended = run(shard_of(tmp_path, stand_in, 3, requests=5))
    assert ended.code == ExitCode.ALL_DONE, ended.errors
    asked = [page_of(asked) for asked in stand_in.asked if not is_probe(asked)]
    assert {number: asked.count(number) for number in asked} == dict.fromkeys((1, 2, 3), BLOCKS_ASKED)
    assert stand_in.peak <= 5
    for result in results(tmp_path).values():
        assert (result.status, result.engine) == (PageStatus.DONE, ENGINE)
        assert result.model == "PaddleOCR-VL-1.6-0.9B+PP-DocLayoutV3+PP-LCNet_x1_0_doc_ori"
        assert result.confidence is None
        blocks = {block.label: block for block in result.blocks}
        assert {BlockLabel.HEADER, BlockLabel.TITLE, BlockLabel.FOOTNOTE, BlockLabel.PAGE_NUMBER} <= set(blocks)
        table = blocks[BlockLabel.TABLE]
        assert table.content_format is ContentFormat.HTML
        assert table.content.replace("\n", "").startswith("<table><tr><td>Наименование</td><td>Цена</td></tr><tr>")
        assert (blocks[BlockLabel.FORMULA].content_format, blocks[BlockLabel.FORMULA].content) == ("latex", "x^2")
        assert blocks[BlockLabel.PICTURE].content == ""


LOOP = "<fcel>Стол<fcel>100<nl>" * 400
CUT = " ".join(f"пункт {number}" for number in range(30))


def trouble(asked: Asked) -> Reply:
    """A server that fails each page in its own way."""
    number, is_table = page_of(asked), asked.prompt == TABLE
    if number == 3 and is_table:
        return error(500, "boom")
    if number == 6 and is_table:
        return Reply(LOOP)
    if number == 7 and not is_table:
        return Reply(CUT, "length")
    of_all = {2: error(400, "The prompt is too long"), 4: Reply(raw=b"<html>"), 5: Reply("")}
    return of_all.get(number) or by_prompt(asked)


def test_what_happens_to_a_page_is_told_of_that_page_alone(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.reply = trouble
    ended = run(shard_of(tmp_path, stand_in, 8))
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors
    read = results(tmp_path)
    assert {number for number, result in read.items() if result.status is PageStatus.FAILED} == {2, 3, 4}
    assert read[2].reason == "8 of 8 blocks could not be read: the model server answered 400: The prompt is too long"
    assert read[3].reason == (
        "1 of 8 blocks could not be read: the model server works, but failed 4 times with this block: "
        "it answered 500: boom"
    )
    assert (read[4].reason or "").startswith(
        "8 of 8 blocks could not be read: the model server answered something else than a chat completion: Invalid JSON"
    )
    flags = {number: set(result.quality_flags) for number, result in read.items()}
    assert [ReadingFlag.BLOCK_NOT_READ in flags[number] for number in (2, 3, 4)] == [True, True, True]
    assert sum(bool(block.content) for block in read[3].blocks) == BLOCKS_ASKED - 1
    assert not any(block.content for block in read[5].blocks)
    assert (flags[1], flags[5], flags[8]) == (set(), {ReadingFlag.NOTHING_READ}, set())
    assert flags[6] >= {ReadingFlag.REPETITION, ReadingFlag.READ_AGAIN}
    assert flags[7] >= {ReadingFlag.TRUNCATED, ReadingFlag.READ_AGAIN}


SUMS = "\n".join(["Сумма, руб.", *["0,00"] * 12, "1 234 567,89", "Итого 1 234 567,89"])
ODD_TABLES = {
    1: "<fcel>Поз<fcel>Цена<nl><fcel>Стол<fcel>100<nl>",
    2: "<fcel>A<fcel><nl><lcel><fcel>B<nl>",
    3: "<fcel>a" * 800 + "<nl>" + "<fcel>b<nl>" * 800,
}


def odd_answer(asked: Asked) -> Reply:
    if asked.prompt == TABLE:
        return Reply(ODD_TABLES[page_of(asked)])
    return Reply(SUMS) if (page_of(asked), asked.prompt) == (1, "OCR:") else by_prompt(asked)


def test_nothing_is_lost_between_the_model_and_the_result(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.reply = odd_answer
    ended = run(shard_of(tmp_path, stand_in, 3, use_seal_recognition=True))
    assert ended.code == ExitCode.ALL_DONE, ended.errors
    read = results(tmp_path)
    assert [block.content for block in read[1].blocks if block.label is BlockLabel.TEXT] == [SUMS]
    assert ReadingFlag.REPETITION not in read[1].quality_flags
    tables = {
        number: next(block for block in result.blocks if block.label is BlockLabel.TABLE)
        for number, result in read.items()
    }
    assert (
        tables[2].content.replace("\n", "") == "<table><tr><td>A</td><td></td></tr><tr><td></td><td>B</td></tr></table>"
    )
    assert (tables[3].content_format, len(tables[3].content.split())) == (ContentFormat.TEXT, 1600)
    assert ReadingFlag.REPETITION in read[3].quality_flags
    x0, y0, x1, y1 = tables[1].bbox_px
    seals = [block for block in read[1].blocks if block.label is BlockLabel.SEAL]
    assert [(seal.content, x0 < seal.bbox_px[0] < x1 and y0 < seal.bbox_px[1] < y1) for seal in seals] == [
        ("ООО «Поставщик»", True),
        ("ООО «Поставщик»", False),
    ]


def test_a_server_that_is_down_is_75_before_anything_is_loaded(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.stop()
    ended = run(shard_of(tmp_path, stand_in, 1, start_timeout_s=0.5))
    assert ended.code == ExitCode.TEMPORARY
    assert f"the model server at {stand_in.url} was not ready within 0.5 s: Connection refused" in ended.last_error
    assert results(tmp_path) == {}
    assert "Creating model" not in ended.errors


def test_a_server_that_dies_costs_no_page_and_the_retry_reads_the_rest(stand_in: StandIn, tmp_path: Path) -> None:
    def die(asked: Asked) -> Reply:
        if page_of(asked) == 4:
            stand_in.stop()
            return Reply(hangs_up=True)
        return by_prompt(asked)

    stand_in.reply = die
    shard = shard_of(tmp_path, stand_in, 8, concurrency=1, start_timeout_s=1.0)
    ended = run(shard)
    assert ended.code == ExitCode.TEMPORARY, ended.errors
    assert "stopped: 3 pages in a row had to be left for a retry" in ended.errors
    first = results(tmp_path)
    assert {number: result.status for number, result in first.items()} == dict.fromkeys((1, 2, 3), PageStatus.DONE)

    stand_in.asked.clear()
    stand_in.reply = by_prompt
    stand_in.start()
    whole = Shard.model_validate_json(shard.read_bytes())
    left = tuple(task for task in whole.pages if task.page_number not in first)
    shard.write_text(whole.model_copy(update={"pages": left}).model_dump_json())
    assert run(shard).code == ExitCode.ALL_DONE
    assert {page_of(asked) for asked in stand_in.asked if not is_probe(asked)} == {4, 5, 6, 7, 8}
    second = results(tmp_path)
    assert list(second) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {number: second[number] for number in first} == first


def test_a_block_that_breaks_the_server_costs_its_page_alone(stand_in: StandIn, tmp_path: Path) -> None:
    """Somebody starts the server again, as an orchestrator does."""
    breakdowns: list[str] = []

    def break_down(asked: Asked) -> Reply:
        if (page_of(asked), asked.prompt) != (3, TABLE):
            return by_prompt(asked)
        breakdowns.append(asked.prompt)
        stand_in.stop()
        threading.Timer(4.0, stand_in.start).start()
        return Reply(hangs_up=True)

    stand_in.reply = break_down
    ended = run(shard_of(tmp_path, stand_in, 6, concurrency=3))
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors
    read = results(tmp_path)
    assert list(read) == [1, 2, 3, 4, 5, 6]
    assert {number for number, result in read.items() if result.status is PageStatus.FAILED} == {3}
    assert (read[3].reason or "").startswith(
        "1 of 8 blocks could not be read: the model server broke down 2 times on this block alone: "
    )
    assert ReadingFlag.BLOCK_NOT_READ in read[3].quality_flags
    assert len(breakdowns) == 3


def test_a_server_with_too_short_a_context_fails_no_page(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.reply = lambda _: error(400, "This model's maximum context length is 2048 tokens")
    ended = run(shard_of(tmp_path, stand_in, 4))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE, ended.errors
    assert "answer of 4096 tokens: the model server answered 400: This model's maximum context" in ended.last_error
    assert results(tmp_path) == {}


def test_a_server_that_refuses_all_blocks_fails_no_page(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.reply = lambda asked: by_prompt(asked) if is_probe(asked) else error(400, "no pictures but white ones")
    ended = run(shard_of(tmp_path, stand_in, 6, concurrency=1))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE, ended.errors
    assert "all blocks of the first 3 pages failed" in ended.last_error
    assert results(tmp_path) == {}


def test_a_page_whose_answer_never_comes_is_given_up(stand_in: StandIn, tmp_path: Path) -> None:
    over = threading.Event()

    def hang(asked: Asked) -> Reply:
        if page_of(asked) == 2:
            over.wait()
        return by_prompt(asked)

    stand_in.reply = hang
    shard = shard_of(tmp_path, stand_in, 3)
    limited = Shard.model_validate_json(shard.read_bytes()).model_copy(update={"page_timeout_s": 4.0})
    shard.write_text(limited.model_dump_json())
    ended = run(shard)
    over.set()
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors
    read = results(tmp_path)
    assert [read[number].status for number in (1, 2, 3)] == [PageStatus.DONE, PageStatus.FAILED, PageStatus.DONE]
    assert read[2].reason == "not read within 4 s"


def test_the_key_comes_from_the_environment_and_is_told_to_nobody(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.api_key = KEY
    shard = shard_of(tmp_path, stand_in, 1)
    refused = run(shard)
    assert refused.code == ExitCode.ENGINE_UNAVAILABLE
    assert "refuses the key (401): OCR_SERVER_API_KEY, none is set" in refused.last_error
    ended = run(shard, OCR_SERVER_API_KEY=KEY)
    assert ended.code == ExitCode.ALL_DONE, ended.errors
    assert KEY not in ended.output + ended.errors + (tmp_path / "results/1.json").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"server_url": "http://localhost:8080"}, "server_url: give the address of the server with /v1"),
        ({"server_url": "ftp://localhost/v1"}, "server_url: give the address of the server with /v1"),
        ({"server_url": "http://:80:90/v1"}, "server_url: "),
        ({"server_url": "http://me:hush@localhost/v1"}, "a key goes into OCR_SERVER_API_KEY"),
        ({"server_url": "http://localhost/v1?key=hush/v1"}, "server_url: give it without user, password"),
        ({"requests": 0}, "requests: must be greater than or equal to 1"),
        ({"version": "1.7"}, "version: must be '1.5' or '1.6'"),
        ({"servr": "x"}, "servr: is unknown"),
    ],
)
def test_a_wrong_option_is_64(stand_in: StandIn, tmp_path: Path, options: dict[str, str | float], message: str) -> None:
    shard = write_shard(tmp_path, 1, ENGINE, **{"server_url": stand_in.url, **options})
    ended = run(Path(shard))
    assert ended.code == ExitCode.BAD_SHARD, ended.errors
    assert message in ended.last_error
    assert "hush" not in ended.errors


def test_the_doctor_examines_the_server_too(stand_in: StandIn) -> None:
    options = ("doctor", "--engine", ENGINE, "--option", f"server_url={stand_in.url}", "--without-gpu")
    sound = paddle_tasks(*options, home=tiny_models())
    assert sound.code == ExitCode.ALL_DONE, sound.output
    assert f"ok       the model server at {stand_in.url} serves PaddleOCR-VL-1.6-0.9B" in sound.output
    assert "ok       PP-DocLayoutV3 and PP-LCNet_x1_0_doc_ori loaded" in sound.output
    stand_in.stop()
    ill = paddle_tasks(*options, "--quick", home=tiny_models())
    assert ill.code == ExitCode.ENGINE_UNAVAILABLE
    assert f"missing  the model server at {stand_in.url} does not answer: Connection refused" in ill.output
