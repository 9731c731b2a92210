"""Given the crops of a page and a model in this process, these texts come out, and what is wrong says how far it goes.

The model is a stand-in with the interface of PaddleX's predictor; the real one runs in the integration tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import BlockText, Crop, better_text
from ocr_tasks.engines.paddle_library import one_line_of
from ocr_tasks.engines.paddleocr_vl_native import NativeTexts
from ocr_tasks.errors import EngineUnavailableError, PageTimeoutError

pytestmark = pytest.mark.unit

END = 2
SOUND = "Поставщик обязуется поставить товар, а Заказчик обязуется принять и оплатить его."
LOOP = "обязуется поставить " * 100
PADDLE_ERROR = """

--------------------------------------
C++ Traceback (most recent call last):
--------------------------------------
0   paddle::memory::allocation::Allocator::Allocate()

----------------------
Error Message Summary:
----------------------
ResourceExhaustedError:

Out of memory error on GPU 0. Cannot allocate 2.5GB memory on GPU 0.
"""


class StandIn:
    """A predictor that answers as it is told; an answer has a token a word and, if it is complete, an end."""

    def __init__(self, answer: Callable[[dict[str, Any]], str]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.infer: Any = SimpleNamespace(
            generate=self._generate,
            generation_config=SimpleNamespace(eos_token_id=END),
            register_forward_pre_hook=self._set_hook,
        )
        self._answer = answer

    def predict(self, items: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
        (item,) = items
        self.asked.append({**item, **options})
        text = self._answer(self.asked[-1])
        limit = options["max_new_tokens"]
        self.infer.generate({"words": len(text.split())}, max_new_tokens=limit, use_cache=True)
        return [{"result": " ".join(text.split()[:limit])}]

    def close(self) -> None:
        pass

    def _generate(self, inputs: dict[str, int], *, max_new_tokens: int, use_cache: bool) -> Any:
        tokens = [*[7] * inputs["words"], END][:max_new_tokens]
        for _ in tokens:
            self._hook(None, None)
        return ([tokens],)

    def _set_hook(self, hook: Callable[..., None]) -> None:
        self._hook = hook


def crop(prompt: str = "OCR:") -> Crop:
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, :, 0] = 250  # blue
    return Crop(pixels=pixels, prompt=prompt, min_pixels=112_896, max_pixels=1_003_520)


def read(predictor: StandIn, *crops: Crop, limit: int = 4096, timeout_s: float = 100.0) -> list[BlockText]:
    return NativeTexts(predictor).read(crops or [crop()], max_new_tokens=limit, timeout_s=timeout_s)


def test_a_sound_text_is_read_once() -> None:
    predictor = StandIn(lambda asked: SOUND)
    assert read(predictor) == [BlockText(text=SOUND)]
    assert len(predictor.asked) == 1


def test_the_model_sees_the_colours_of_the_page() -> None:
    predictor = StandIn(lambda asked: SOUND)
    read(predictor)
    assert predictor.asked[0]["image"][0, 0].tolist() == [0, 0, 250]  # red, green, blue


def test_a_loop_is_read_again_in_another_size() -> None:
    predictor = StandIn(lambda asked: LOOP if asked["min_pixels"] == 112_896 else SOUND)
    (text,) = read(predictor)
    assert text == BlockText(text=SOUND, flags=frozenset({ReadingFlag.READ_AGAIN}))


def test_a_loop_that_stays_is_kept_whole_and_flagged() -> None:
    (text,) = read(StandIn(lambda asked: LOOP))
    assert text.text.split() == LOOP.split()
    assert text.flags == {ReadingFlag.REPETITION, ReadingFlag.READ_AGAIN}


def test_a_text_that_is_cut_off_is_read_to_twice_its_length() -> None:
    predictor = StandIn(lambda asked: SOUND)
    (text,) = read(predictor, limit=6)
    assert text == BlockText(text=SOUND, flags=frozenset({ReadingFlag.READ_AGAIN}))
    assert [asked["max_new_tokens"] for asked in predictor.asked] == [6, 12]


def test_a_text_that_fills_its_limit_exactly_is_not_cut_off() -> None:
    predictor = StandIn(lambda asked: SOUND)
    (text,) = read(predictor, limit=len(SOUND.split()) + 1)
    assert text == BlockText(text=SOUND)


def test_a_text_longer_than_twice_its_limit_is_flagged() -> None:
    (text,) = read(StandIn(lambda asked: SOUND), limit=3)
    assert text.flags == {ReadingFlag.TRUNCATED, ReadingFlag.READ_AGAIN}
    assert text.text == " ".join(SOUND.split()[:6])


def test_what_fails_with_one_crop_leaves_the_others() -> None:
    def answer(asked: dict[str, Any]) -> str:
        if asked["query"] == "Table Recognition:":
            raise ValueError("absolute aspect ratio must be smaller than 200")
        return SOUND

    first, table, last = read(StandIn(answer), crop(), crop("Table Recognition:"), crop())
    assert first == last == BlockText(text=SOUND)
    assert table == BlockText(text="", failure="ValueError: absolute aspect ratio must be smaller than 200")


def test_a_model_that_never_reads_anything_is_not_the_fault_of_the_pages() -> None:
    def fail(asked: dict[str, Any]) -> str:
        raise TypeError("int(Tensor) is not supported in static graph mode")

    texts = NativeTexts(StandIn(fail))
    for _ in range(2):
        assert texts.read([crop()], max_new_tokens=9, timeout_s=100.0)[0].failure is not None
    with pytest.raises(EngineUnavailableError, match="static graph mode"):
        texts.read([crop()], max_new_tokens=9, timeout_s=100.0)


def test_a_model_that_has_read_something_is_believed_to_work() -> None:
    answers = iter([SOUND])

    def answer(asked: dict[str, Any]) -> str:
        return next(answers)  # nothing more: StopIteration

    texts = NativeTexts(StandIn(answer))
    failures = [texts.read([crop()], max_new_tokens=99, timeout_s=100.0)[0].failure is not None for _ in range(6)]
    assert failures == [False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), MemoryError),
        (RuntimeError(PADDLE_ERROR), MemoryError),
        (OSError("(External) CUDA error(700), an illegal memory access was encountered."), EngineUnavailableError),
        (SystemError("(Fatal) CUBLAS error(13)"), EngineUnavailableError),
    ],
)
def test_what_no_other_crop_could_survive_ends_the_run(error: Exception, expected: type[Exception]) -> None:
    def answer(asked: dict[str, Any]) -> str:
        raise error

    with pytest.raises(expected):
        read(StandIn(answer))


def test_a_trace_of_c_is_not_what_people_are_told() -> None:
    assert one_line_of(RuntimeError(PADDLE_ERROR)) == (
        "RuntimeError: ResourceExhaustedError: Out of memory error on GPU 0. Cannot allocate 2.5GB memory on GPU 0."
    )


def test_the_time_limit_holds_within_a_crop() -> None:
    def answer(asked: dict[str, Any]) -> str:
        time.sleep(0.05)  # past the limit before the first token
        return SOUND

    with pytest.raises(PageTimeoutError, match=r"0\.01 s"):
        read(StandIn(answer), timeout_s=0.01)


def test_a_second_reading_without_time_leaves_the_first() -> None:
    """The second reading never gets its first token: the first one had used up the time."""

    def answer(asked: dict[str, Any]) -> str:
        if asked["min_pixels"] != 112_896:
            raise PageTimeoutError("not read within 1 s")
        return LOOP

    (text,) = read(StandIn(answer))
    assert text.flags == {ReadingFlag.REPETITION}


CUT = frozenset({ReadingFlag.TRUNCATED})
LOOPS = frozenset({ReadingFlag.TRUNCATED, ReadingFlag.REPETITION})
MIXED = frozenset({ReadingFlag.MIXED_SCRIPT})
TABLE = "".join(f"<fcel>{row}<fcel>{row * 100}<nl>" for row in range(80))


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (BlockText("loop loop", LOOPS), BlockText("text", CUT), "text"),
        (BlockText("text", CUT), BlockText("loop loop", LOOPS), "text"),
        (BlockText("text", CUT), BlockText("text and more", CUT), "text and more"),
        (BlockText("loop", LOOPS), BlockText("longer loop", LOOPS), "loop"),
        (BlockText("loop loop", LOOPS), BlockText(" "), "loop loop"),
        (BlockText(SOUND + " COCTAB", MIXED), BlockText("1"), SOUND + " COCTAB"),
        (BlockText(SOUND + " COCTAB", MIXED), BlockText(SOUND), SOUND),
        (BlockText(TABLE + "<fcel>x<nl>" * 40, LOOPS), BlockText("<fcel>Поз<nl>"), TABLE + "<fcel>x<nl>" * 40),
        (BlockText(TABLE + "<fcel>x<nl>" * 40, LOOPS), BlockText(TABLE), TABLE),
        (BlockText(SOUND, MIXED), BlockText(SOUND + " x", CUT), SOUND),
        (BlockText("loop loop", LOOPS), BlockText("", failure="boom"), "loop loop"),
    ],
)
def test_the_better_of_two_readings_is_kept(first: BlockText, second: BlockText, kept: str) -> None:
    better = better_text(first, second)
    assert better.text == kept
    assert ReadingFlag.READ_AGAIN in better.flags
