"""Given a shard for ``paddleocr-vl``, the real pipeline reads it, with tiny random models in real child processes.

Random weights say nothing about how well anything is read. What is tested is all that surrounds it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ocr_tasks.contract import BlockLabel, ExitCode, PageResult, PageStatus, ReadingFlag
from tests.obstacles import ocr_python
from tests.ocr_command import Ended, results, write_shard
from tests.pages import encoded, printed_page
from tests.tinymodels import READING_SOON_ENDS, copied_models, paddle_environment, paddle_tasks, tiny_models

pytestmark = pytest.mark.integration

PRINTED = printed_page("<h1>Договор поставки</h1><p>Поставщик обязуется поставить товар.</p>" * 6, dpi=72)


def strip() -> bytes:
    """Wider than the model takes: print in a band of 30,000 pixels."""
    image = Image.new("L", (30_000, 40), 255)
    draw = ImageDraw.Draw(image)
    for left in range(0, 30_000, 200):
        draw.text((left, 12), "Кабель", fill=0)
    return encoded(image)


def cmyk() -> bytes:
    buffer = io.BytesIO()
    PRINTED.convert("CMYK").save(buffer, "JPEG")
    return buffer.getvalue()


THREADS = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines import create_engine
from ocr_tasks.images import load_page_image

def in_a_thread_of_its_own(call, *arguments):
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(call, *arguments).result()

page = load_page_image(Path(sys.argv[2]).read_bytes(), page_number=1, dpi=None, max_pixels=10**8)
engine = in_a_thread_of_its_own(create_engine, EngineSpec(name="paddleocr-vl", options=json.loads(sys.argv[1])))
for _ in range(2):
    reading = in_a_thread_of_its_own(engine.read, page, 120)
    assert reading.unread_reason is None, reading.unread_reason
    print(len(reading.blocks))
"""

PAGES = {
    1: encoded(PRINTED),
    2: b"\x89PNG\r\n\x1a\nbroken",
    3: b"",
    4: encoded(Image.new("RGB", (1, 1), "black")),
    5: strip(),
    6: "Это текст, а не картинка".encode(),
    7: encoded(Image.new("RGB", (600, 840), "white")),
    8: encoded(PRINTED.convert("1")),
    9: cmyk(),
    10: encoded(PRINTED.transpose(Image.Transpose.ROTATE_90)),  # counterclockwise, as Pillow counts
    11: encoded(PRINTED.transpose(Image.Transpose.ROTATE_180)),
    12: encoded(PRINTED.transpose(Image.Transpose.ROTATE_270)),
}
TURNS_DEG = {10: 90, 11: 180, 12: 270}
"""How far, clockwise, these pages must be turned to be upright."""


def write_pages(folder: Path, *numbers: int, **options: str | int) -> str:
    """A shard of those pages, numbered from 1 in that order."""
    shard = write_shard(folder, len(numbers), "paddleocr-vl", **{**READING_SOON_ENDS, **options})
    for place, number in enumerate(numbers, 1):
        (folder / f"{place}.png").write_bytes(PAGES[number])
    return shard


@pytest.fixture(scope="module")
def read_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[int, PageResult]:
    """The results of all pages, good and bad, of one shard."""
    folder = tmp_path_factory.mktemp("shard")
    ended = paddle_tasks("run", write_pages(folder, *PAGES), home=tiny_models())
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors[-3000:]
    assert [event.event for event in ended.progress] == ["ready", *["page"] * len(PAGES), "finished"]
    return results(folder)


def test_bad_pages_fail_with_their_reason_and_all_others_are_read(read_pages: dict[int, PageResult]) -> None:
    failed = {number: page.reason for number, page in read_pages.items() if page.status is PageStatus.FAILED}
    assert set(failed) == {2, 3, 6}
    assert failed[3] == "the image file is empty"
    assert "no image of a known kind" in str(failed[6])


def test_a_page_has_its_blocks_in_reading_order(read_pages: dict[int, PageResult]) -> None:
    page = read_pages[1]
    assert [block.label for block in page.blocks] == [
        BlockLabel.HEADER,
        BlockLabel.TITLE,
        BlockLabel.HEADING,
        BlockLabel.TEXT,  # two columns that the pipeline joined
        BlockLabel.TABLE,
        BlockLabel.SEAL,  # in the table
        BlockLabel.FORMULA,
        BlockLabel.PICTURE,
        BlockLabel.PICTURE,
        BlockLabel.SEAL,
        BlockLabel.FOOTNOTE,
        BlockLabel.PAGE_NUMBER,
    ]
    assert page.confidence is None
    assert all(block.confidence is None for block in page.blocks)
    assert all(block.layout_score and 0.8 < block.layout_score < 1 for block in page.blocks)
    title = page.blocks[1]
    assert title.bbox_px == pytest.approx((0.05 * 595, 0.05 * 842, 0.95 * 595, 0.11 * 842), abs=1)
    assert title.polygon_px is not None


def test_text_is_read_and_an_unfinished_answer_is_flagged(read_pages: dict[int, PageResult]) -> None:
    """The tiny model never comes to an end by itself."""
    page = read_pages[1]
    assert any(block.content for block in page.blocks)
    assert {ReadingFlag.TRUNCATED, ReadingFlag.READ_AGAIN} <= set(page.quality_flags)


def test_a_blank_page_has_no_text(read_pages: dict[int, PageResult]) -> None:
    page = read_pages[7]
    assert page.blocks
    assert not any(block.content for block in page.blocks)
    assert page.quality_flags == ()


@pytest.mark.parametrize(("number", "size"), [(4, (1, 1)), (5, (30_000, 40))])
def test_no_shape_of_a_page_is_too_odd(read_pages: dict[int, PageResult], number: int, size: tuple[int, int]) -> None:
    page = read_pages[number]
    assert (page.status, page.width_px, page.height_px, page.rotation_deg) == (PageStatus.DONE, *size, 0)


@pytest.mark.parametrize("number", TURNS_DEG)
def test_a_turned_page_is_read_upright_and_its_boxes_are_those_of_the_upright_page(
    read_pages: dict[int, PageResult], number: int
) -> None:
    """The tiny model that finds the turn looks for the corner with the most ink."""
    page, upright = read_pages[number], read_pages[1]
    assert (page.rotation_deg, upright.rotation_deg) == (TURNS_DEG[number], 0)
    assert (page.width_px, page.height_px) == (upright.width_px, upright.height_px) == PRINTED.size
    assert [block.label for block in page.blocks] == [block.label for block in upright.blocks]
    for block, same in zip(page.blocks, upright.blocks, strict=True):
        assert block.bbox_px == pytest.approx(same.bbox_px, abs=2)


@pytest.mark.parametrize("number", [8, 9])
def test_grey_and_cmyk_are_read_like_colour(read_pages: dict[int, PageResult], number: int) -> None:
    assert [block.label for block in read_pages[number].blocks] == [block.label for block in read_pages[1].blocks]
    assert any(block.content for block in read_pages[number].blocks)


def test_a_result_names_what_read_it(read_pages: dict[int, PageResult]) -> None:
    page = read_pages[1]
    assert page.engine == "paddleocr-vl"
    assert "paddlex" in page.engine_version
    assert page.model == "PaddleOCR-VL-1.6-0.9B+PP-DocLayoutV3+PP-LCNet_x1_0_doc_ori"
    assert page.model_digest is not None
    assert len(page.model_digest) == 64


def test_the_other_version_is_an_option_and_workers_are_replaced(
    read_pages: dict[int, PageResult], tmp_path: Path
) -> None:
    """On a root that cannot be written the library gets a home below TMPDIR."""
    models = tiny_models() / "official_models"
    shard = write_pages(tmp_path, 1, 7, 1, 11, version="1.5", models_folder=str(models), use_orientation=False)
    ended = paddle_tasks("run", shard, home=tmp_path / "none", OCR_WORKER_PAGES="2", TMPDIR=str(tmp_path))
    assert ended.code == ExitCode.ALL_DONE, ended.errors[-3000:]
    assert ended.errors.count("Creating model: ('PP-DocLayoutV3'") == 2
    first, _, third, turned = results(tmp_path).values()
    assert turned.rotation_deg == 0
    assert first.blocks == third.blocks
    assert first.model == "PaddleOCR-VL-1.5-0.9B+PP-DocLayoutV3"
    assert first.model_digest != read_pages[1].model_digest
    assert [block.content for block in first.blocks] != [block.content for block in read_pages[1].blocks]
    assert (tmp_path / f"ocr-paddlex-{os.getuid()}").is_dir()


def test_the_thread_that_loads_need_not_be_the_one_that_reads(tmp_path: Path) -> None:
    """Paddle imported by another thread than the main one leaves all others in static mode, where nothing is read."""
    (tmp_path / "page.png").write_bytes(PAGES[1])
    ended = subprocess.run(
        [str(ocr_python()), "-c", THREADS, json.dumps(READING_SOON_ENDS), str(tmp_path / "page.png")],
        env=paddle_environment(tiny_models()),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.split() == ["12", "12"]


def test_a_page_that_takes_too_long_is_given_up_within_a_block(tmp_path: Path) -> None:
    shard = Path(write_pages(tmp_path, 1, 7, max_new_tokens=4000))
    shard.write_text(json.dumps(json.loads(shard.read_text()) | {"page_timeout_s": 5}))
    ended = paddle_tasks("run", str(shard), home=tiny_models())
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors[-3000:]
    read = results(tmp_path)
    assert read[1].reason == "not read within 5 s"
    assert ReadingFlag.ENGINE_DIED not in read[1].quality_flags
    assert read[2].status is PageStatus.DONE


def test_a_block_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    """A chat template that fails: the layout is found, and of the text it is said how much is missing and why."""
    home = copied_models(tmp_path)
    (home / "official_models/PaddleOCR-VL-1.6/chat_template.jinja").write_text("{{ 1 // 0 }}")
    ended = paddle_tasks("run", write_pages(tmp_path, 1, 7), home=home)
    assert ended.code == ExitCode.SOME_PAGES_FAILED, ended.errors[-3000:]
    page, blank = results(tmp_path).values()
    assert page.status is PageStatus.FAILED
    assert "blocks could not be read: ZeroDivisionError" in str(page.reason)
    assert ReadingFlag.BLOCK_NOT_READ in page.quality_flags
    assert len(page.blocks) == 12
    assert blank.status is PageStatus.DONE


def test_no_gpu_is_said_and_nothing_is_read_on_the_cpu_instead(tmp_path: Path) -> None:
    ended = paddle_tasks("run", write_pages(tmp_path, 1, device="gpu:0"), home=tiny_models())
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "device gpu:0" in ended.last_error
    assert "device=cpu" in ended.last_error
    assert results(tmp_path) == {}


@pytest.mark.parametrize("file", ["PaddleOCR-VL-1.6/tokenizer.model", "PP-DocLayoutV3/inference.pdiparams"])
def test_a_missing_model_file_is_named(file: str, tmp_path: Path) -> None:
    home = copied_models(tmp_path)
    (home / "official_models" / file).unlink()
    ended = paddle_tasks("run", write_pages(tmp_path, 1), home=home)
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert f"{file} is missing" in ended.last_error


def test_weights_that_were_cut_off_are_named(tmp_path: Path) -> None:
    home = copied_models(tmp_path)
    weights = home / "official_models/PaddleOCR-VL-1.6/model.safetensors"
    whole_bytes = weights.stat().st_size
    os.truncate(weights, whole_bytes - 1000)
    ended = paddle_tasks("run", write_pages(tmp_path, 1), home=home)
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert (
        f"model.safetensors is not whole, it has {whole_bytes - 1000} bytes instead of {whole_bytes}"
        in ended.last_error
    )


def test_a_moved_home_is_explained(tmp_path: Path) -> None:
    ended = paddle_tasks("run", write_pages(tmp_path, 1), home=tmp_path / "elsewhere")
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "PADDLE_PDX_CACHE_HOME" in ended.last_error
    assert "No available model hosting platforms detected" in ended.last_error


def test_the_doctor_reads_a_page_without_a_network(tmp_path: Path) -> None:
    manifest = tmp_path / "models.json"
    ended = doctor("--without-gpu", "--record-models", str(manifest), home=tiny_models())
    assert ended.code == ExitCode.ALL_DONE, ended.output + ended.errors[-3000:]
    assert all(line.startswith("ok ") for line in ended.output.splitlines())
    assert "recognition with the network off: " in ended.output
    assert "dynamic graph mode" in ended.output
    recorded = {file["path"] for file in json.loads(manifest.read_text())["files"]}
    assert {"PaddleOCR-VL-1.5/model.safetensors", "PP-DocLayoutV3/inference.json"} <= recorded
    assert "PP-LCNet_x1_0_doc_ori/inference.json" in recorded


def test_the_doctor_says_which_file_is_not_the_one_of_the_image(tmp_path: Path) -> None:
    home, manifest = copied_models(tmp_path), tmp_path / "models.json"
    recorded = doctor("--quick", "--without-gpu", "--record-models", str(manifest), home=home)
    assert recorded.code == ExitCode.ALL_DONE, recorded.output
    weights = home / "official_models/PaddleOCR-VL-1.6/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (home / "official_models/PP-DocLayoutV3/inference.json").unlink()
    ended = doctor("--without-gpu", home=home, OCR_MODELS_MANIFEST=str(manifest))
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    missing = [line for line in ended.output.splitlines() if line.startswith("missing")]
    assert len(missing) == 2
    assert "model.safetensors is not the one the image was built with" in missing[0]
    assert "PP-DocLayoutV3/inference.json is missing" in missing[1]
    assert "recognition" not in ended.output


def test_without_the_model_for_it_pages_are_not_turned_and_the_doctor_says_so(tmp_path: Path) -> None:
    home = copied_models(tmp_path)
    shutil.rmtree(home / "official_models/PP-LCNet_x1_0_doc_ori")
    ended = doctor("--quick", "--without-gpu", home=home)
    assert ended.code == ExitCode.ALL_DONE, ended.output
    assert "pages that are turned are read as they are: PP-LCNet_x1_0_doc_ori is not there" in ended.output
    wanted = doctor("--quick", "--without-gpu", "--option", "use_orientation=true", home=home)
    assert wanted.code == ExitCode.ENGINE_UNAVAILABLE
    assert "PP-LCNet_x1_0_doc_ori is missing" in wanted.output


def test_the_quick_doctor_wants_the_gpu_it_is_asked_about() -> None:
    ended = doctor("--quick", "--option", "device=gpu:99", home=tiny_models())
    assert ended.code == ExitCode.ENGINE_UNAVAILABLE
    assert "start the container with --gpus all" in ended.output


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("version=1.7", "version: must be '1.5' or '1.6'"),
        ("device=tpu", "device: must match pattern"),
        ("max_pixels=4000", "min_pixels must not be greater than max_pixels"),
        ("colour", "give NAME=VALUE"),
    ],
)
def test_a_wrong_option_is_a_bad_shard(option: str, message: str, tmp_path: Path) -> None:
    ended = doctor("--quick", "--option", option, home=tmp_path)
    assert ended.code == ExitCode.BAD_SHARD
    assert message in ended.last_error


def doctor(*arguments: str, home: Path, **variables: str) -> Ended:
    return paddle_tasks("doctor", "--engine", "paddleocr-vl", *arguments, home=home, **variables)
