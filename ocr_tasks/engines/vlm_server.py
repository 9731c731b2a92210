"""The vision language model on a server, such as vLLM: every crop of a page is a request.

PaddleX's own client (inference/models/doc_vlm/predictor.py) is not used: it forgets ``finish_reason``, encodes all
crops of a page at once, loses the page for the failure of one crop, and knows of a dead server only by failing.

Who is to blame for a failure decides what becomes of a page. A server with too much to do is waited for. Where it
breaks down while several crops are read, nobody knows on which: it is waited for, and each page that was in flight is
read on alone, crop by crop.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import TABLE_PROMPT, BlockText, BlockTexts, Crop, FirstPages, better_text
from ocr_tasks.engines.paddleocr_vl_crops import other_size
from ocr_tasks.engines.vlm_server_gate import Gate
from ocr_tasks.engines.vlm_server_http import (
    AnswerError,
    Completion,
    ConnectionLostError,
    ModelServer,
    OverloadedError,
    RequestRefusedError,
    ServerTroubleError,
)
from ocr_tasks.engines.vlm_server_probe import is_working, require_model
from ocr_tasks.engines.vlm_server_request import MOST_SIDE_PX, Question, question_about
from ocr_tasks.engines.vlm_server_slots import RequestSlots
from ocr_tasks.errors import EngineUnreachableError, PageTimeoutError, TaskError
from ocr_tasks.guards import text_flags

log = logging.getLogger(__name__)

_CHECK_HOLDS_S = 1.0
_NOT_FOUND = 404
_PENALTY = 1.1
_TABLE_PENALTY = 1.05
"""A penalty hits the tokens between the cells of a table too."""
_SHARE_FOR_SECOND_READING = 0.8
"""Of the page's time that is left: running out of it is to cost the second reading, not the page."""
_DOUBTS = frozenset({ReadingFlag.REPETITION, ReadingFlag.TRUNCATED})
_LONGEST_PAUSE_S = 30.0
"""Between two tries where the server has too much to do, unless it asks for more time."""
_LONGEST_PAUSE_ASKED_FOR_S = 60.0
_BREAKDOWNS_ALONE = 2
"""Once may be chance."""


class _BrokenDownError(Exception):
    """The server broke down, or the connection to it, while it read a crop."""


class _Turn:
    """The time of a page; over as well once the page was given up."""

    def __init__(self, duration_s: float, is_given_up: threading.Event | None = None) -> None:
        self._duration_s = duration_s
        self.started_at = time.monotonic()
        self._deadline = self.started_at + duration_s
        self._is_given_up = is_given_up or threading.Event()
        self._has_told = False

    def left_s(self) -> float:
        """Seconds left, more than 0; raises ``PageTimeoutError`` when there are none."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0 or self._is_given_up.is_set():
            raise self.too_late()
        return left_s

    def too_late(self) -> PageTimeoutError:
        """What to say when the time is over."""
        return PageTimeoutError(f"the model server did not answer within {self._duration_s:.3g} s")

    def part(self, share: float) -> _Turn:
        """A turn that is over earlier."""
        return _Turn(share * self.left_s(), self._is_given_up)

    def pause(self, duration_s: float) -> None:
        """Wait, but not longer than there is time."""
        self._is_given_up.wait(min(duration_s, self.left_s()))

    def tell(self, error: ServerTroubleError) -> None:
        """Log what goes wrong, once for all blocks of a page."""
        if not self._has_told:
            self._has_told = True
            log.info("the model server did not answer, blocks are tried again: %s", error)

    def give_up(self) -> None:
        """End the turn for whoever works on it."""
        self._is_given_up.set()


class VlmServer(BlockTexts):
    """Reads crops with a model server; safe to use from several threads.

    Memory is bounded: a crop is encoded when it is its turn, so there are never more than ``requests`` JPEG files.

    Args:
        server: Where it is.
        model: The name of the model on it.
        requests: Requests in flight, over all pages.
        request_timeout_s: After so long without an answer a request is tried again, if the page has time.
        return_timeout_s: How long a server that broke down is waited for, within the time of the page. Then its pages
            are for a later run.
        pauses_s: Waits between the tries of one request. A server with too much to do is asked for longer, until the
            time of the page is over.
        check_timeout_s: How long the server may take to show that it works, where a block or page failed.
    """

    def __init__(
        self,
        server: ModelServer,
        model: str,
        *,
        requests: int,
        request_timeout_s: float,
        return_timeout_s: float = 300.0,
        pauses_s: tuple[float, ...] = (0.5, 1.0, 2.0),
        check_timeout_s: float = 10.0,
    ) -> None:
        self._server = server
        self._model = model
        self._request_timeout_s = request_timeout_s
        self._pauses_s = pauses_s
        self._slots: RequestSlots[BlockText] = RequestSlots(requests)
        self._gate = Gate()
        self._first_pages = FirstPages()
        self._overloaded_at = float("-inf")
        self._return_timeout_s = return_timeout_s
        self._check_timeout_s = check_timeout_s
        self._check_lock = threading.Lock()
        self._was_working = True
        self._checked_at = float("-inf")
        self._broken_since = float("-inf")

    def read(self, crops: Sequence[Crop], *, max_new_tokens: int, timeout_s: float) -> list[BlockText]:
        """Read the crops at the same time, as far as there are slots; see ``BlockTexts``."""
        turn = _Turn(timeout_s)
        try:
            texts, reason = self._read_together(crops, max_new_tokens, turn)
            if reason is not None:
                log.warning("the model server broke down (%s): its pages are read one by one, block by block", reason)
                texts = self._read_alone(crops, texts, max_new_tokens, turn, reason)
        except TimeoutError:
            raise self._unreachable("it broke down, and the time of this page was over before its turn") from None
        except PageTimeoutError as error:
            if self._overloaded_at > turn.started_at:
                raise self._unreachable("it has too much to do") from None
            if not self._is_server_working():
                raise self._unreachable(str(error)) from None
            raise
        read = [text for text in texts if text is not None]
        self._first_pages.require_sense(read)
        return read

    def close(self) -> None:
        """End the threads and close the connections."""
        self._slots.close()
        self._server.close()

    def _read_together(
        self, crops: Sequence[Crop], max_new_tokens: int, turn: _Turn
    ) -> tuple[list[BlockText | None], str | None]:
        """Read the crops; what broke down, with None for the crops that were not read until then, or None."""
        with self._gate.together(turn.left_s()):
            requests = _Turn(turn.left_s())
            texts = [self._slots.submit(partial(self._read_crop, crop, max_new_tokens, requests)) for crop in crops]
            try:
                return list(_all_of(texts, requests)), None
            except _BrokenDownError as error:
                reason = str(error)
            finally:
                requests.give_up()
                running = [text for text in texts if not text.cancel()]
            wait(running, turn.left_s())  # until nothing of this page is in flight
            return [_text_of(text) for text in texts], reason

    def _read_alone(
        self,
        crops: Sequence[Crop],
        texts: Sequence[BlockText | None],
        max_new_tokens: int,
        turn: _Turn,
        reason: str,
    ) -> list[BlockText | None]:
        """Read the crops without a text while nothing else is read."""
        with self._gate.alone(turn.left_s()):
            return [
                self._read_crop_alone(crop, max_new_tokens, turn, reason) if text is None else text
                for crop, text in zip(crops, texts, strict=True)
            ]

    def _read_crop_alone(self, crop: Crop, max_new_tokens: int, turn: _Turn, reason: str) -> BlockText:
        for _ in range(_BREAKDOWNS_ALONE):
            self._await_server(turn, reason)
            try:
                return self._read_crop(crop, max_new_tokens, turn, is_alone=True)
            except _BrokenDownError as error:
                reason = str(error)
                turn.pause(self._pauses_s[-1])  # it may still answer while it goes down
                self._checked_at = float("-inf")
        return BlockText(
            text="", failure=f"the model server broke down {_BREAKDOWNS_ALONE} times on this block alone: {reason}"
        )

    def _await_server(self, turn: _Turn, reason: str) -> None:
        """Wait until the server works again.

        Raises:
            EngineUnreachableError: It does not, in the time that it has or in that of the page.
        """
        try:
            while not self._is_server_working():
                if time.monotonic() - self._broken_since > self._return_timeout_s:
                    raise self._unreachable(reason)
                turn.pause(_CHECK_HOLDS_S)
        except PageTimeoutError:
            raise self._unreachable(reason) from None

    def _read_crop(self, crop: Crop, max_new_tokens: int, turn: _Turn, *, is_alone: bool = False) -> BlockText:
        """Read a crop, once more if the first answer is doubtful; errors as in ``_ask``, but for its own failures."""
        if max(crop.pixels.shape) > MOST_SIDE_PX:
            return BlockText(
                text="", failure=f"a side of the block is longer than the {MOST_SIDE_PX} px of a JPEG file"
            )
        is_table = crop.prompt == TABLE_PROMPT
        try:
            first = _checked(
                self._ask(question_about(crop, max_new_tokens), turn, is_alone=is_alone), is_table=is_table
            )
        except (RequestRefusedError, AnswerError, ServerTroubleError) as error:
            return BlockText(text="", failure=str(error))
        doubts = first.flags & _DOUBTS
        if not doubts:
            return first
        other = _other_question(crop, max_new_tokens, doubts).body(self._model)
        try:
            answer = self._complete(other, turn.part(_SHARE_FOR_SECOND_READING))
        except (RequestRefusedError, AnswerError, ServerTroubleError, PageTimeoutError) as error:
            log.info("a doubtful block could not be read again: %s", error)
            return first
        return better_text(first, _checked(answer, is_table=is_table))

    def _ask(self, question: Question, turn: _Turn, *, is_alone: bool) -> Completion:
        """Ask until there is an answer.

        Raises:
            RequestRefusedError: The server refuses this crop.
            AnswerError: Its answer is none.
            ServerTroubleError: It works, but fails with this crop.
            _BrokenDownError: It broke down, on this crop or on another one; ``is_alone`` says so at once.
            PageTimeoutError: There is no time left.
            EngineUnavailableError: It is there, but not for us, or without the model.
        """
        body = question.body(self._model)
        pauses_s = iter(self._pauses_s)
        patience_s = self._pauses_s[0]
        while True:
            try:
                return self._complete(body, turn)
            except OverloadedError as error:
                trouble: ServerTroubleError = error
                self._overloaded_at = time.monotonic()
                patience_s = min(2 * patience_s, _LONGEST_PAUSE_S)
                asked_for_s = min(error.retry_after_s, _LONGEST_PAUSE_ASKED_FOR_S)
                # Not all at the same time: it is because they are so many.
                pause_s: float | None = max(asked_for_s, patience_s) * random.uniform(1.0, 1.5)  # noqa: S311
            except ServerTroubleError as error:
                trouble = error
                is_told = is_alone and isinstance(error, ConnectionLostError)
                pause_s = None if is_told else next(pauses_s, None)
            turn.tell(trouble)
            if pause_s is None:
                raise self._judged(trouble, turn)
            turn.pause(pause_s)

    def _judged(self, trouble: ServerTroubleError, turn: _Turn) -> Exception:
        """What it means that a crop was tried in vain."""
        turn.left_s()
        if isinstance(trouble, ConnectionLostError) or not self._is_server_working():
            return _BrokenDownError(str(trouble))
        return ServerTroubleError(
            f"the model server works, but failed {len(self._pauses_s) + 1} times with this block: {trouble}"
        )

    def _complete(self, body: dict[str, object], turn: _Turn) -> Completion:
        try:
            return self._server.complete(body, min(self._request_timeout_s, turn.left_s()))
        except RequestRefusedError as error:
            if error.status == _NOT_FOUND:  # said of a wrong path and of a model that is not served
                require_model(self._server, self._model, turn.left_s())
            raise

    def _is_server_working(self) -> bool:
        """Whether the block or the page is to blame: asked once for all that fail at the same time."""
        with self._check_lock:
            if time.monotonic() - self._checked_at > _CHECK_HOLDS_S:
                is_now = is_working(self._server, self._model, self._check_timeout_s)
                self._checked_at = time.monotonic()
                if self._was_working and not is_now:
                    self._broken_since = self._checked_at
                self._was_working = is_now
            return self._was_working

    def _unreachable(self, reason: str) -> EngineUnreachableError:
        return EngineUnreachableError(f"the model server at {self._server.url} does not work now: {reason}")


def _other_question(crop: Crop, max_new_tokens: int, doubts: frozenset[ReadingFlag]) -> Question:
    """How to ask the second time.

    A text that was only cut is asked for at twice the length. Against loops (PaddleOCR issues 16710, 17288, 17903)
    there are a small penalty and another size of the picture; how often they help was not measured with real weights.
    """
    if ReadingFlag.REPETITION not in doubts:
        return question_about(crop, 2 * max_new_tokens)
    penalty = _TABLE_PENALTY if crop.prompt == TABLE_PROMPT else _PENALTY
    return question_about(other_size(crop), max_new_tokens, penalty)


def _checked(completion: Completion, *, is_table: bool) -> BlockText:
    flags = text_flags(completion.text, is_table=is_table)
    if completion.is_cut:
        flags |= {ReadingFlag.TRUNCATED}
    return BlockText(text=completion.text, flags=flags)


def _all_of(texts: Sequence[Future[BlockText]], turn: _Turn) -> list[BlockText]:
    """Wait for all; the first error ends it."""
    done, waiting = wait(texts, timeout=turn.left_s(), return_when=FIRST_EXCEPTION)
    errors = [error for text in done if (error := text.exception())]
    # What is about the server comes first: a crop that is late may be late because of it.
    for error in sorted(errors, key=lambda error: not isinstance(error, TaskError | _BrokenDownError)):
        raise error
    if waiting:
        raise turn.too_late()
    return [text.result() for text in texts]


def _text_of(text: Future[BlockText]) -> BlockText | None:
    """What was read, None where nothing was."""
    return text.result() if text.done() and not text.cancelled() and text.exception() is None else None
