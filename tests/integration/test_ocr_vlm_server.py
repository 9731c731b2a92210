"""Given a model server of any kind, crops come back as texts, or as failures of their own. Real HTTP, no real model."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from pydantic import SecretStr

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import BlockText, Crop
from ocr_tasks.engines.vlm_server import VlmServer
from ocr_tasks.engines.vlm_server_http import ModelServer
from ocr_tasks.engines.vlm_server_probe import await_model, largest_question, require_answer, server_findings
from ocr_tasks.errors import EngineUnavailableError, EngineUnreachableError, PageTimeoutError
from tests.obstacles import ocr_python
from tests.vlmserver import ANSWERS, MODEL, Asked, Reply, StandIn, error

pytestmark = pytest.mark.integration

TEXT, TABLE, FORMULA = "OCR:", "Table Recognition:", "Formula Recognition:"
KEY = "s3cr3t-key"
LOOP = "поставка товара " * 400
WORDS = ("поставка", "товара", "заказчик", "договор", "оплата", "срок", "приёмка", "акт", "цена", "гарантия", "пеня")
LONG = " ".join(random.Random(7).choices(WORDS, k=1500))  # noqa: S311  any text that is none of a loop


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@contextmanager
def reading(
    stand_in: StandIn,
    *,
    requests: int = 8,
    request_timeout_s: float = 30.0,
    return_timeout_s: float = 0.0,
    key: str | None = None,
) -> Iterator[VlmServer]:
    """What the engine reads with; it tries three times, without waiting long, and not for a server that is gone."""
    server = ModelServer(stand_in.url, api_key=SecretStr(key) if key else None, connections=requests)
    texts = VlmServer(
        server,
        MODEL,
        requests=requests,
        request_timeout_s=request_timeout_s,
        return_timeout_s=return_timeout_s,
        pauses_s=(0.05, 0.05),
        check_timeout_s=0.5,
    )
    try:
        yield texts
    finally:
        texts.close()


def crop(prompt: str = TEXT, *, number: int = 0) -> Crop:
    """A crop that is brighter, the higher its number."""
    pixels = np.full((56, 84, 3), 10 * number, np.uint8)
    return Crop(pixels=pixels, prompt=prompt, min_pixels=112_896, max_pixels=1_003_520)


def number_of(asked: Asked) -> int:
    """The number of the crop that a request is about."""
    return round(asked.picture.convert("L").resize((1, 1)).getpixel((0, 0)) / 10)


def read(stand_in: StandIn, *crops: Crop, timeout_s: float = 30.0, max_new_tokens: int = 4096) -> list[BlockText]:
    with reading(stand_in) as texts:
        return texts.read(crops, max_new_tokens=max_new_tokens, timeout_s=timeout_s)


def is_check(asked: Asked) -> bool:
    """Whether a request is the small white picture that only asks whether the server works."""
    return bool(asked.body["max_completion_tokens"] == 1)


def failure(stand_in: StandIn, reply: Reply) -> str:
    """Why the second of three crops could not be read; the others have to be."""
    stand_in.reply = lambda asked: reply if number_of(asked) == 2 else Reply(f"crop {number_of(asked)}")
    first, second, third = read(stand_in, *(crop(number=number) for number in (1, 2, 3)))
    assert (first, third) == (BlockText("crop 1"), BlockText("crop 3"))
    assert second.text == ""
    assert second.failure is not None
    return second.failure


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    """Answers one after the other, the last one for ever."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_each_crop_gets_its_own_answer_in_order(stand_in: StandIn) -> None:
    stand_in.reply = lambda asked: Reply(f"{asked.prompt} {number_of(asked)}")
    crops = [crop(prompt, number=number) for number, prompt in enumerate((TEXT, TABLE, FORMULA) * 7)]
    assert read(stand_in, *crops) == [BlockText(f"{crop.prompt} {number}") for number, crop in enumerate(crops)]


def test_no_crops_and_no_text_are_no_failures(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: Reply("")
    assert read(stand_in) == []
    assert read(stand_in, crop()) == [BlockText("")]


def test_colours_arrive_in_their_order(stand_in: StandIn) -> None:
    blue_first = np.zeros((60, 60, 3), np.uint8)
    blue_first[:, :, 0] = 255
    read(stand_in, Crop(pixels=blue_first, prompt=TEXT, min_pixels=1, max_pixels=10_000))
    red, green, blue = stand_in.asked[0].picture.getpixel((30, 30))
    assert (red < 10, green < 10, blue > 245) == (True, True, True)


PADDLEX = """
import sys
import numpy as np
from paddleocr import PaddleOCRVL

pixels = np.load(sys.argv[2])
pipeline = PaddleOCRVL(
    use_layout_detection=False, vl_rec_backend="vllm-server", vl_rec_server_url=sys.argv[1], device="cpu"
)
pipeline.predict(pixels, prompt_label=sys.argv[3], use_queues=False)
"""


@pytest.mark.parametrize(("label", "prompt"), [("ocr", TEXT), ("table", TABLE)])
def test_a_request_is_the_one_that_paddlex_sends(
    stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory, label: str, prompt: str
) -> None:
    folder = tmp_path_factory.mktemp("paddlex")
    pixels = np.random.default_rng(0).integers(0, 256, (90, 210, 3), dtype=np.uint8)
    np.save(folder / "crop.npy", pixels)
    subprocess.run(
        [str(ocr_python()), "-c", PADDLEX, stand_in.url, str(folder / "crop.npy"), label],
        env={
            "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
            "PADDLE_PDX_CACHE_HOME": str(folder),
            "HOME": str(folder),
        },
        check=True,
        timeout=120,
    )
    read(stand_in, Crop(pixels=pixels, prompt=prompt, min_pixels=112_896, max_pixels=1_003_520))
    theirs, ours = (asked.body for asked in stand_in.asked)
    assert ours == theirs


def test_requests_in_flight_are_bounded_over_all_pages(stand_in: StandIn) -> None:
    enough = threading.Barrier(4)
    stand_in.reply = lambda _: Reply(str(enough.wait(20)))  # answers when four are there, so fewer would hang
    with reading(stand_in, requests=4) as texts, ThreadPoolExecutor(3) as pages:
        read = [pages.submit(texts.read, [crop()] * 8, max_new_tokens=10, timeout_s=30.0) for _ in range(3)]
        assert [len(page.result()) for page in read] == [8, 8, 8]
    assert (stand_in.count, stand_in.peak) == (24, 4)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(400, "The prompt is too long"), "the model server answered 400: The prompt is too long"),
        (error(413, "Too large"), "the model server answered 413: Too large"),
        (error(422, "No such field"), "the model server answered 422: No such field"),
        (Reply(status=404, raw=b'{"detail": "Not Found"}'), "the model server answered 404: Not Found"),
        (Reply(status=400, raw=b'{"object": "error", "message": "old"}'), "the model server answered 400: old"),
        (Reply(status=418, raw=b"<html>tea</html>"), "the model server answered 418"),
        (Reply(status=400, raw=b"[" * 100_000), "the model server answered 400"),
        (Reply(raw=b"<html>Welcome</html>"), "something else than a chat completion: Invalid JSON"),
        (Reply(raw=b""), "something else than a chat completion: Invalid JSON"),
        (Reply(raw=b"\xff\xfe\x00"), "something else than a chat completion: Invalid JSON"),
        (Reply(raw=b"{}"), "something else than a chat completion: choices: is missing"),
        (Reply(raw=b'{"choices": []}'), "choices: must have at least 1 item"),
        (Reply(raw=b'{"choices": [{"message": {"content": 7}}]}'), "content: must be a valid string"),
        (Reply(raw=b'{"choices": [{"message": {"content": "\\ud800"}}]}'), "something else than a chat completion"),
        (Reply(text=None), "choices.0.message.content: must be a valid string"),
        (Reply("а" * 10_000_000), "the model server answered more than 2 MiB"),
        (error(500, "CUDA error"), "works, but failed 3 times with this block: it answered 500: CUDA error"),
        (Reply(hangs_up=True), "the model server broke down 2 times on this block alone: "),
        (Reply("cut off", headers={"Content-Length": "9999"}), "broke down 2 times on this block alone: "),
    ],
)
def test_what_a_server_does_to_one_crop_is_that_crops_failure(stand_in: StandIn, reply: Reply, reason: str) -> None:
    assert reason in failure(stand_in, reply)


def test_a_servers_words_are_shown_short_and_without_secrets(stand_in: StandIn) -> None:
    stand_in.api_key = KEY
    stand_in.reply = lambda asked: error(400, f"\x1b[31mkey {KEY}\n\n{json.dumps(asked.body)}{'x' * 5000}")
    with reading(stand_in, key=KEY) as texts:
        [text] = texts.read([crop()], max_new_tokens=10, timeout_s=30.0)
    assert text.failure is not None
    assert text.failure.startswith("the model server answered 400: [31mkey … {")
    assert "base64" not in text.failure
    assert KEY not in text.failure
    assert len(text.failure) < 300


@pytest.mark.parametrize("trouble", [error(503, "busy"), error(429, "slow down"), Reply(hangs_up=True)])
def test_trouble_that_passes_is_no_failure(stand_in: StandIn, trouble: Reply) -> None:
    stand_in.reply = in_turn(trouble, trouble, Reply("Текст"))
    assert read(stand_in, crop()) == [BlockText("Текст")]


def test_a_request_without_an_answer_is_tried_again(stand_in: StandIn) -> None:
    over = threading.Event()
    replies = in_turn(Reply("late"), Reply("Текст"))

    def reply(asked: Asked) -> Reply:
        answer = replies(asked)
        if answer.text == "late":
            over.wait()
        return answer

    stand_in.reply = reply
    with reading(stand_in, request_timeout_s=0.3) as texts:
        assert texts.read([crop()], max_new_tokens=10, timeout_s=30.0) == [BlockText("Текст")]
    over.set()


def test_a_server_that_restarts_is_waited_for(stand_in: StandIn) -> None:
    def reply(_: Asked) -> Reply:
        if stand_in.count == 1:
            stand_in.stop()
            stand_in.start()
        return Reply("Текст")

    stand_in.reply = reply
    assert read(stand_in, crop()) == [BlockText("Текст")]


def test_a_server_that_dies_leaves_the_page_unread(stand_in: StandIn) -> None:
    def die(_: Asked) -> Reply:
        stand_in.stop()
        return Reply(hangs_up=True)

    stand_in.reply = die
    with pytest.raises(EngineUnreachableError, match="does not work now: Connection refused"):
        read(stand_in, crop(), crop(), crop())


def test_a_server_that_says_it_is_ill_leaves_the_page_unread(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: error(500, "EngineDeadError")
    stand_in.is_healthy = False
    with pytest.raises(EngineUnreachableError, match="does not work now: it answered 500: EngineDeadError"):
        read(stand_in, crop())


OVERLOADED = [error(429, "rate limit"), error(503, "queue is full")]


@pytest.mark.parametrize("overloaded", OVERLOADED)
def test_a_server_with_too_much_to_do_is_asked_until_it_has_time(stand_in: StandIn, overloaded: Reply) -> None:
    stand_in.reply = in_turn(*[overloaded] * 5, Reply("Текст"))
    assert read(stand_in, crop()) == [BlockText("Текст")]
    assert stand_in.count == 6


@pytest.mark.parametrize("overloaded", OVERLOADED)
def test_a_server_with_too_much_to_do_all_the_time_leaves_the_page_unread(stand_in: StandIn, overloaded: Reply) -> None:
    """Small requests pass, as they do at a gateway that counts tokens."""
    stand_in.reply = lambda asked: Reply("x") if is_check(asked) else overloaded
    with pytest.raises(EngineUnreachableError, match="does not work now: it has too much to do"):
        read(stand_in, crop(), crop(), timeout_s=1.0)


def test_a_server_says_when_it_wants_to_be_asked_again(stand_in: StandIn) -> None:
    later = Reply(status=429, raw=b"{}", headers={"Retry-After": "2"})
    stand_in.reply = in_turn(later, Reply("Текст"))
    with pytest.raises(EngineUnreachableError):
        read(stand_in, crop(), timeout_s=1.0)
    assert stand_in.count == 1
    stand_in.reply = in_turn(later, Reply("Текст"))
    assert read(stand_in, crop()) == [BlockText("Текст")]


def test_blocks_that_wait_behind_an_overload_are_not_to_blame_either(stand_in: StandIn) -> None:
    stand_in.reply = lambda asked: Reply("x") if is_check(asked) else OVERLOADED[0]
    with reading(stand_in, requests=1) as texts, ThreadPoolExecutor(3) as pages:
        read = [pages.submit(texts.read, [crop()] * 3, max_new_tokens=10, timeout_s=1.0) for _ in range(3)]
        assert [type(page.exception()) for page in read] == [EngineUnreachableError] * 3


class Breaking:
    """A server that breaks down on one crop, and is started again after a while.

    Attributes:
        breakdowns: How often it did.
        alone: Whether nothing else was asked for at the time, each time.
    """

    def __init__(self, stand_in: StandIn, number: int, *, survives_alone: bool = False) -> None:
        self._stand_in = stand_in
        self._number = number
        self._survives_alone = survives_alone
        self._lock = threading.Lock()
        self._current = 0
        self.breakdowns = 0
        self.alone: list[bool] = []
        stand_in.reply = self._reply

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self._current += 1
        try:
            time.sleep(0.05)  # so that others are in flight
            if is_check(asked) or number_of(asked) != self._number:
                return Reply(f"crop {number_of(asked)}")
            with self._lock:
                is_alone = self._current == 1
                if self._survives_alone and is_alone:
                    return Reply("survived")
                self.alone.append(is_alone)
                self.breakdowns += 1
            self._stand_in.stop()
            threading.Timer(1.0, self._stand_in.start).start()
            return Reply(hangs_up=True)
        finally:
            with self._lock:
                self._current -= 1


def read_pages(stand_in: StandIn, pages: list[list[Crop]], **limits: float) -> list[list[BlockText]]:
    """Read pages at the same time."""
    with reading(stand_in, **limits) as texts, ThreadPoolExecutor(len(pages)) as threads:
        read = [threads.submit(texts.read, page, max_new_tokens=10, timeout_s=30.0) for page in pages]
        return [page.result() for page in read]


PAGES = [[crop(number=10 * page + block) for block in range(2)] for page in range(2)]


def test_a_block_that_breaks_the_server_is_found_and_costs_only_itself(stand_in: StandIn) -> None:
    breaking = Breaking(stand_in, 11)
    pages = read_pages(stand_in, PAGES, return_timeout_s=20.0)
    assert pages[0] == [BlockText("crop 0"), BlockText("crop 1")]
    assert pages[1][0] == BlockText("crop 10")
    assert (pages[1][1].failure or "").startswith("the model server broke down 2 times on this block alone: ")
    assert breaking.alone[-2:] == [True, True]
    assert breaking.breakdowns == 3


def test_a_server_that_broke_down_by_chance_costs_nothing(stand_in: StandIn) -> None:
    Breaking(stand_in, 11, survives_alone=True)
    assert read_pages(stand_in, PAGES, return_timeout_s=20.0) == [
        [BlockText("crop 0"), BlockText("crop 1")],
        [BlockText("crop 10"), BlockText("survived")],
    ]


def test_a_server_that_does_not_come_back_leaves_the_page_unread(stand_in: StandIn) -> None:
    def die(_: Asked) -> Reply:
        stand_in.stop()
        return Reply(hangs_up=True)

    stand_in.reply = die
    with reading(stand_in, return_timeout_s=300.0) as texts, pytest.raises(EngineUnreachableError, match="refused"):
        texts.read([crop(), crop()], max_new_tokens=10, timeout_s=2.0)


@pytest.fixture
def never() -> Iterator[Callable[[Asked], Reply]]:
    """An answer to a crop that does not come before the test is over; anything else is answered."""
    over = threading.Event()

    def wait(asked: Asked) -> Reply:
        if not is_check(asked):
            over.wait()
        return Reply("late")

    yield wait
    over.set()


def test_a_page_that_takes_too_long_is_given_up(stand_in: StandIn, never: Callable[[Asked], Reply]) -> None:
    stand_in.reply = never
    with pytest.raises(PageTimeoutError, match=r"the model server did not answer within 0\.3 s"):
        read(stand_in, *[crop()] * 20, timeout_s=0.3)


def test_an_answer_byte_by_byte_does_not_outlive_the_page(stand_in: StandIn) -> None:
    stand_in.reply = lambda asked: Reply("x" * 1000, drips_every_s=None if is_check(asked) else 0.05)
    with pytest.raises(PageTimeoutError):
        read(stand_in, crop(), timeout_s=0.3)


def test_a_hanging_server_that_is_ill_leaves_the_page_unread(
    stand_in: StandIn, never: Callable[[Asked], Reply]
) -> None:
    stand_in.reply = never
    stand_in.is_healthy = False
    with pytest.raises(EngineUnreachableError):
        read(stand_in, crop(), timeout_s=0.3)


def test_a_server_that_hangs_leaves_the_page_unread_whatever_it_says_of_its_health(stand_in: StandIn) -> None:
    over = threading.Event()
    stand_in.reply = lambda _: Reply(str(over.wait()))
    with pytest.raises(EngineUnreachableError, match=r"does not work now: the model server did not answer within 0\.3"):
        read(stand_in, crop(), timeout_s=0.3)
    over.set()


def test_a_server_that_fails_every_picture_leaves_the_page_unread(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: error(500, "CUDA out of memory")
    with pytest.raises(EngineUnreachableError, match="does not work now: it answered 500: CUDA out of memory"):
        read(stand_in, crop(), crop())


def test_a_page_given_up_frees_its_slots(stand_in: StandIn, never: Callable[[Asked], Reply]) -> None:
    stand_in.reply = never
    with reading(stand_in, requests=2) as texts:
        with pytest.raises(PageTimeoutError):
            texts.read([crop()] * 50, max_new_tokens=10, timeout_s=0.3)
        stand_in.reply = lambda _: Reply("Текст")
        assert texts.read([crop()] * 3, max_new_tokens=10, timeout_s=30.0) == [BlockText("Текст")] * 3


@pytest.mark.parametrize(
    ("prompt", "loop", "penalty"), [(TEXT, LOOP, 1.1), (TABLE, "<fcel>Стол<fcel>100<nl>" * 300, 1.05)]
)
def test_a_loop_is_asked_once_more_with_a_penalty(stand_in: StandIn, prompt: str, loop: str, penalty: float) -> None:
    stand_in.reply = in_turn(Reply(loop, "length"), Reply(ANSWERS[prompt]))
    assert read(stand_in, crop(prompt)) == [BlockText(ANSWERS[prompt], frozenset({ReadingFlag.READ_AGAIN}))]
    first, second = (asked.body for asked in stand_in.asked)
    assert "repetition_penalty" not in first
    assert second["repetition_penalty"] == penalty
    assert second["mm_processor_kwargs"] != first["mm_processor_kwargs"]


def test_a_loop_that_stays_is_kept_and_flagged(stand_in: StandIn) -> None:
    stand_in.reply = in_turn(Reply(LOOP), Reply(LOOP, "length"))
    [text] = read(stand_in, crop())
    assert text == BlockText(LOOP, frozenset({ReadingFlag.REPETITION, ReadingFlag.READ_AGAIN}))
    assert stand_in.count == 2


def test_a_text_that_is_cut_is_asked_for_at_twice_the_length(stand_in: StandIn) -> None:
    stand_in.reply = in_turn(Reply(LONG[:5000], "length"), Reply(LONG))
    assert read(stand_in, crop(), max_new_tokens=100) == [BlockText(LONG, frozenset({ReadingFlag.READ_AGAIN}))]
    assert [asked.body["max_completion_tokens"] for asked in stand_in.asked] == [100, 200]


def test_a_text_that_stays_cut_is_the_longer_one_and_flagged(stand_in: StandIn) -> None:
    stand_in.reply = in_turn(Reply(LONG[:5000], "length"), Reply(LONG[:9000], "length"))
    [text] = read(stand_in, crop())
    assert text == BlockText(LONG[:9000], frozenset({ReadingFlag.TRUNCATED, ReadingFlag.READ_AGAIN}))


def test_a_second_reading_without_a_word_is_no_better(stand_in: StandIn) -> None:
    stand_in.reply = in_turn(Reply(LOOP), Reply(" "))
    [text] = read(stand_in, crop())
    assert text == BlockText(LOOP, frozenset({ReadingFlag.REPETITION, ReadingFlag.READ_AGAIN}))


@pytest.mark.parametrize("second", [error(400, "longer than the context"), Reply(raw=b"nonsense")])
def test_a_second_reading_that_fails_leaves_the_first(stand_in: StandIn, second: Reply) -> None:
    stand_in.reply = in_turn(Reply(LONG[:5000], "length"), second)
    assert read(stand_in, crop()) == [BlockText(LONG[:5000], frozenset({ReadingFlag.TRUNCATED}))]


def test_a_second_reading_has_only_the_time_that_is_left(stand_in: StandIn, never: Callable[[Asked], Reply]) -> None:
    stand_in.reply = lambda asked: Reply(LONG, "length") if stand_in.count == 1 else never(asked)
    assert read(stand_in, crop(), timeout_s=1.0) == [BlockText(LONG, frozenset({ReadingFlag.TRUNCATED}))]


def test_a_crop_wider_than_a_jpeg_file_is_its_own_failure(stand_in: StandIn) -> None:
    wide = Crop(pixels=np.zeros((1, 70_000, 3), np.uint8), prompt=TEXT, min_pixels=1, max_pixels=10_000)
    failed, good = read(stand_in, wide, crop())
    assert failed.failure == "a side of the block is longer than the 65500 px of a JPEG file"
    assert good == BlockText(ANSWERS[TEXT])


def test_a_key_is_sent_and_no_key_is_not(stand_in: StandIn) -> None:
    read(stand_in, crop())
    stand_in.api_key = KEY
    with reading(stand_in, key=KEY) as texts:
        assert texts.read([crop()], max_new_tokens=10, timeout_s=30.0) == [BlockText(ANSWERS[TEXT])]
    assert [headers.get("Authorization") for headers in stand_in.headers] == [None, f"Bearer {KEY}"]


@pytest.mark.parametrize(("key", "hint"), [(None, "none is set"), ("wr0ng", "check it")])
def test_a_refused_key_ends_the_run(stand_in: StandIn, key: str | None, hint: str) -> None:
    stand_in.api_key = KEY
    with reading(stand_in, key=key) as texts, pytest.raises(EngineUnavailableError) as caught:
        texts.read([crop()], max_new_tokens=10, timeout_s=30.0)
    assert str(caught.value) == (
        f"the model server at {stand_in.url} refuses the key (401): OCR_SERVER_API_KEY, {hint}"
    )


def test_a_model_that_is_gone_ends_the_run(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: error(404, f"The model `{MODEL}` does not exist.")
    stand_in.models = ("PaddleOCR-VL-1.5-0.9B",)
    with pytest.raises(EngineUnavailableError, match=r"serves 'PaddleOCR-VL-1\.5-0\.9B' and not 'PaddleOCR-VL-1\.6"):
        read(stand_in, crop())


def test_a_redirect_is_not_followed(stand_in: StandIn) -> None:
    with StandIn() as elsewhere:
        stand_in.reply = lambda _: Reply(status=307, raw=b"", headers={"Location": elsewhere.url})
        with pytest.raises(EngineUnavailableError, match="answered 307, a redirect, which is not followed"):
            read(stand_in, crop())
        assert (elsewhere.count, elsewhere.headers) == (0, [])


def test_proxies_of_the_environment_are_not_asked(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        assert read(stand_in, crop()) == [BlockText(ANSWERS[TEXT])]
        assert proxy.headers == []


def started_late(stand_in: StandIn) -> None:
    stand_in.stop()
    threading.Timer(1.5, stand_in.start).start()


def loading(stand_in: StandIn) -> None:
    stand_in.is_healthy = False
    threading.Timer(1.5, setattr, (stand_in, "is_healthy", True)).start()


@pytest.mark.parametrize("delay", [started_late, loading])
def test_a_server_that_loads_its_model_is_waited_for(stand_in: StandIn, delay: Callable[[StandIn], None]) -> None:
    delay(stand_in)
    await_model(ModelServer(stand_in.url), MODEL, 30.0)


def test_a_server_that_does_not_come_is_a_temporary_matter(stand_in: StandIn) -> None:
    stand_in.stop()
    with pytest.raises(EngineUnreachableError, match=r"was not ready within 1 s: Connection refused; look whether"):
        await_model(ModelServer(stand_in.url), MODEL, 1.0)


def test_a_host_that_nobody_knows_is_a_temporary_matter() -> None:
    with pytest.raises(EngineUnreachableError, match="its host name is not known here"):
        await_model(ModelServer("http://no-such-host.invalid:8080/v1"), MODEL, 0.1)


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        (("mine",), "serves 'mine' and not 'PaddleOCR-VL-1.6-0.9B': set the option model to 'mine'"),
        ((), "does not serve 'PaddleOCR-VL-1.6-0.9B', only no model at all"),
        (("a", "b"), "does not serve 'PaddleOCR-VL-1.6-0.9B', only a, b: set the option model"),
        (("a", "b", "c", "d", "e", "f"), "only a, b, c, d, e …"),
        (error(404, "Not Found"), "asked for /models, the model server answered 404: Not Found; check the option"),
        (Reply(raw=b"<html>"), "asked for /models, the model server answered something else than a list of models"),
        (Reply(status=302, raw=b"", headers={"Location": "/login"}), "a redirect, which is not followed"),
        (Reply(status=403, raw=b""), "refuses the key (403): OCR_SERVER_API_KEY, none is set"),
    ],
)
def test_what_only_a_person_can_mend_is_said_at_once(
    stand_in: StandIn, models: Reply | tuple[str, ...], reason: str
) -> None:
    stand_in.models = models
    with pytest.raises(EngineUnavailableError) as caught:
        await_model(ModelServer(stand_in.url), MODEL, 300.0)
    assert reason in str(caught.value)


def test_a_secure_address_of_an_insecure_server_is_said_at_once(stand_in: StandIn) -> None:
    with pytest.raises(EngineUnavailableError, match="no secure connection to the model server"):
        await_model(ModelServer(stand_in.url.replace("http:", "https:")), MODEL, 300.0)


LARGEST = largest_question(4096, 1_003_520)
SHORT_CONTEXT = "This model's maximum context length is 2048 tokens. However, you requested 4096 tokens"


def with_a_short_context(asked: Asked) -> Reply:
    """Answers nothing but questions as small as no block ever is."""
    return Reply("x") if is_check(asked) else error(400, SHORT_CONTEXT)


def test_a_server_that_will_refuse_every_block_is_found_before_the_first_page(stand_in: StandIn) -> None:
    stand_in.reply = with_a_short_context
    with pytest.raises(EngineUnavailableError) as caught:
        require_answer(ModelServer(stand_in.url), MODEL, LARGEST)
    assert f"answer of 4096 tokens: the model server answered 400: {SHORT_CONTEXT}; start it with" in str(caught.value)
    [_, finding] = server_findings(ModelServer(stand_in.url), MODEL, LARGEST)
    assert (finding.is_ok, finding.text) == (False, str(caught.value))


@pytest.mark.parametrize(
    "trouble", [error(503, "busy"), error(500, "boom"), Reply(raw=b"<html>"), Reply(hangs_up=True)]
)
def test_anything_else_is_left_to_the_pages(stand_in: StandIn, trouble: Reply) -> None:
    stand_in.reply = lambda _: trouble
    require_answer(ModelServer(stand_in.url), MODEL, LARGEST)


def test_a_server_that_refuses_all_of_the_first_pages_is_to_blame_for_it(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: error(400, "no such picture")
    with reading(stand_in) as texts:
        for _ in range(2):
            assert texts.read([], max_new_tokens=10, timeout_s=30.0) == []
            assert all(text.failure for text in texts.read([crop()] * 2, max_new_tokens=10, timeout_s=30.0))
        for _ in range(2):
            with pytest.raises(
                EngineUnavailableError, match=r"all blocks of the first 3 pages failed .*no such picture"
            ):
                texts.read([crop()] * 2, max_new_tokens=10, timeout_s=30.0)


def test_pages_that_are_refused_later_are_to_blame_themselves(stand_in: StandIn) -> None:
    stand_in.reply = in_turn(Reply("Текст"), error(400, "no such picture"))
    with reading(stand_in) as texts:
        failures = [texts.read([crop()], max_new_tokens=10, timeout_s=30.0)[0].failure for _ in range(5)]
    assert [failure is not None for failure in failures] == [False, True, True, True, True]


def test_the_doctor_finds_a_sound_server_sound(stand_in: StandIn) -> None:
    findings = server_findings(ModelServer(stand_in.url), MODEL, LARGEST)
    assert [finding.is_ok for finding in findings] == [True, True]
    assert findings[0].text == f"the model server at {stand_in.url} serves {MODEL}"
    assert "read a picture of 960400 pixels in" in findings[1].text
    [asked] = stand_in.asked
    assert (asked.body["max_completion_tokens"], asked.picture.size) == (4096, (980, 980))
    assert server_findings(ModelServer(stand_in.url), MODEL, None) == findings[:1]
    assert stand_in.count == 1


def test_the_doctor_says_what_is_wrong_with_a_server(stand_in: StandIn) -> None:
    stand_in.reply = lambda _: error(400, "mm_processor_kwargs")
    assert [finding.is_ok for finding in server_findings(ModelServer(stand_in.url), MODEL, LARGEST)] == [True, False]
    stand_in.models = ("mine",)
    assert [finding.is_ok for finding in server_findings(ModelServer(stand_in.url), MODEL, LARGEST)] == [False]
    stand_in.stop()
    [finding] = server_findings(ModelServer(stand_in.url), MODEL, LARGEST)
    assert (
        finding.text == f"the model server at {stand_in.url} does not answer: Connection refused; look whether it runs"
    )
