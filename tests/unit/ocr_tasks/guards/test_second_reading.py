"""A doubtful page is read once more; the better reading is kept, with everything that is still doubtful about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from ocr_tasks.contract import Block, BlockLabel, PageResult, PageStatus, ReadingFlag
from ocr_tasks.engines import Engine, EngineInfo, PageReading
from ocr_tasks.errors import EngineUnavailableError, EngineUnreachableError, PageTimeoutError
from ocr_tasks.guards import Judged, better_reading
from ocr_tasks.images import PageImage
from ocr_tasks.reading import EngineReader, PageRequest
from ocr_tasks.settings import RunSettings
from tests.pages import encoded, printed_page
from tests.texts import said

pytestmark = pytest.mark.unit

GOOD = "Поставщик обязуется поставить товар в срок, а Заказчик принять и оплатить его."
LOOP = GOOD + " Срок поставки " * 60
LOOK_ALIKE = "Пocтaвщик oбязyeтcя пocтaвить тoвap в cpoк, а Заказчик принять и оплатить его."
PAGE = encoded(printed_page(f"<p>{GOOD}</p>", dpi=100))
REQUEST = PageRequest(page_key="key", document_id="document", page_number=1, dpi=100, timeout_s=60.0)

Second = Callable[[PageImage], PageReading | None]


def reading_of(text: str, *flags: ReadingFlag, unread_reason: str | None = None) -> PageReading:
    block = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, 827, 1169), content=text)
    return PageReading(
        blocks=(block,) if text else (),
        width_px=827,
        height_px=1169,
        quality_flags=tuple(flag.value for flag in flags),
        unread_reason=unread_reason,
    )


class TwoSettings(Engine):
    """An engine that reads one thing first and another with its other settings."""

    def __init__(self, first: PageReading, second: Second) -> None:
        self._first, self._second = first, second
        self.doubts: list[frozenset[ReadingFlag]] = []
        self.seconds_left: list[float] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="two-settings", version="1")

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        return self._first

    def read_again(self, page: PageImage, timeout_s: float, doubts: frozenset[ReadingFlag]) -> PageReading | None:
        self.doubts.append(doubts)
        self.seconds_left.append(timeout_s)
        return self._second(page)


def read(first: PageReading, second: Second) -> tuple[PageResult, TwoSettings]:
    engine = TwoSettings(first, second)
    return EngineReader(engine, RunSettings()).read(PAGE, REQUEST), engine


def failing(error: Exception) -> Second:
    def fail(page: PageImage) -> PageReading:
        raise error

    return fail


def test_a_sound_page_is_read_once() -> None:
    result, engine = read(reading_of(GOOD), failing(AssertionError("not asked for")))
    assert (said(result), result.quality_flags, engine.doubts) == (GOOD, (), [])


def test_a_loop_is_replaced_by_what_the_second_reading_says() -> None:
    result, engine = read(reading_of(LOOP), lambda page: reading_of(GOOD))

    assert (said(result), result.quality_flags) == (GOOD, ("read_again",))
    assert engine.doubts == [frozenset({ReadingFlag.REPETITION})]
    assert 0 < engine.seconds_left[0] <= REQUEST.timeout_s


def test_what_stays_doubtful_is_kept_and_flagged() -> None:
    first = reading_of(LOOP, ReadingFlag.TRUNCATED)
    result, engine = read(first, lambda page: reading_of(LOOP + " и так далее", ReadingFlag.TRUNCATED))

    assert (result.status, said(result)) == (PageStatus.DONE, LOOP)
    assert result.quality_flags == ("read_again", "repetition", "truncated")
    assert engine.doubts == [frozenset({ReadingFlag.REPETITION, ReadingFlag.TRUNCATED})]


def test_doubts_of_the_engine_alone_are_reason_enough() -> None:
    result, engine = read(reading_of(GOOD, ReadingFlag.TRUNCATED), lambda page: reading_of(GOOD + " Точка."))
    assert (said(result), result.quality_flags) == (GOOD + " Точка.", ("read_again",))
    assert engine.doubts == [frozenset({ReadingFlag.TRUNCATED})]


def test_blocks_that_the_engine_read_again_itself_are_no_doubt() -> None:
    result, engine = read(reading_of(GOOD, ReadingFlag.READ_AGAIN), failing(AssertionError("not asked for")))
    assert (result.quality_flags, engine.doubts) == (("read_again",), [])


def test_an_engine_without_other_settings_keeps_its_reading() -> None:
    result, _ = read(reading_of(LOOP), lambda page: None)
    assert (said(result), result.quality_flags) == (LOOP, ("repetition",))


@pytest.mark.parametrize(
    "error",
    [
        PageTimeoutError("not read within 3 s"),
        RuntimeError("no kernel"),
        ValueError(),
        MemoryError(),
        EngineUnreachableError("the model server does not answer now"),
    ],
)
def test_a_second_reading_that_fails_never_loses_the_first(error: Exception) -> None:
    result, _ = read(reading_of(LOOP), failing(error))
    assert (result.status, said(result), result.quality_flags) == (PageStatus.DONE, LOOP, ("repetition",))


def test_what_is_about_more_than_the_page_is_raised() -> None:
    with pytest.raises(EngineUnavailableError):
        read(reading_of(LOOP), failing(EngineUnavailableError("the device is gone")))


def judged(text: str, *doubts: ReadingFlag, unread_reason: str | None = None) -> Judged:
    return Judged(reading_of(text, unread_reason=unread_reason), frozenset(doubts))


@pytest.mark.parametrize(
    ("first", "second", "is_second_better"),
    [
        (judged(GOOD), judged(GOOD), False),
        (judged(LOOP, ReadingFlag.REPETITION), judged(GOOD), True),
        (judged(LOOP, ReadingFlag.REPETITION), judged(LOOK_ALIKE, ReadingFlag.MIXED_SCRIPT), True),
        (judged(LOOK_ALIKE, ReadingFlag.MIXED_SCRIPT), judged(LOOP, ReadingFlag.REPETITION), False),
        (judged(LOOP, ReadingFlag.REPETITION), judged(""), False),
        (judged(GOOD * 9 + LOOP, ReadingFlag.REPETITION), judged("Поставщик"), False),
        (judged("Invented", ReadingFlag.TEXT_ON_BLANK_PAGE), judged(""), True),
        (judged(GOOD * 50, ReadingFlag.TOO_MUCH_TEXT), judged("12"), True),
        (judged(GOOD, ReadingFlag.TRUNCATED), judged(GOOD, unread_reason="block 2 could not be read"), False),
        (judged(GOOD, unread_reason="block 2 could not be read"), judged(GOOD), True),
        (judged("", ReadingFlag.BLOCK_NOT_READ), judged(GOOD), True),
        (judged("\ud800", ReadingFlag.REPETITION), judged("\ud800"), True),
    ],
)
def test_the_less_doubtful_reading_is_better_unless_it_lost_the_text(
    first: Judged, second: Judged, is_second_better: bool
) -> None:
    assert better_reading(first, second) is (second if is_second_better else first)


def test_the_same_loop_in_other_blocks_is_seen() -> None:
    block = reading_of(GOOD).blocks[0]
    looping = replace(reading_of(GOOD), blocks=(block,) * 12)
    result, _ = read(looping, lambda page: reading_of(GOOD))
    assert (said(result), result.quality_flags) == (GOOD, ("read_again",))


def test_a_printed_page_of_which_nothing_is_read_is_doubted() -> None:
    printed = printed_page("<p>Извещение о закупке</p>")
    request = PageRequest(page_key="k", document_id="d", page_number=1, timeout_s=10)
    reader = EngineReader(TwoSettings(reading_of(""), lambda page: reading_of(GOOD)), RunSettings())
    assert reader.read(encoded(printed), request).quality_flags == (ReadingFlag.READ_AGAIN.value,)

    nothing = EngineReader(TwoSettings(reading_of(""), lambda page: reading_of("")), RunSettings())
    assert ReadingFlag.NOTHING_READ.value in nothing.read(encoded(printed), request).quality_flags
    blank = nothing.read(encoded(Image.new("L", printed.size, 255)), request)
    assert blank.quality_flags == ()
