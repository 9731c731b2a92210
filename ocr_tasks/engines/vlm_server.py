"""The vision language model on a server, such as vLLM: every crop of a page is a request.

PaddleX's own client (inference/models/doc_vlm/predictor.py) is not used: it forgets ``finish_reason``, encodes all
crops of a page at once, loses the page for the failure of one crop, and knows of a dead server only by failing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import TABLE_PROMPT, BlockText, BlockTexts, Crop, better_text
from ocr_tasks.engines.paddleocr_vl_crops import other_size
from ocr_tasks.engines.vlm_server_http import (
    AnswerError,
    Completion,
    ModelServer,
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


class _Turn:
    """The time of a page; over as well once the page was given up."""

    def __init__(self, duration_s: float, is_given_up: threading.Event | None = None) -> None:
        self._duration_s = duration_s
        self._deadline = time.monotonic() + duration_s
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
        pauses_s: Waits between the tries of one request. A server that is gone for longer than all of them is not
            there: its pages are for a later run.
        check_timeout_s: How long the server may take to show that it works, where a block or page failed.
    """

    def __init__(
        self,
        server: ModelServer,
        model: str,
        *,
        requests: int,
        request_timeout_s: float,
        pauses_s: tuple[float, ...] = (0.5, 1.0, 2.0),
        check_timeout_s: float = 10.0,
    ) -> None:
        self._server = server
        self._model = model
        self._request_timeout_s = request_timeout_s
        self._pauses_s = pauses_s
        self._slots: RequestSlots[BlockText] = RequestSlots(requests)
        self._check_timeout_s = check_timeout_s
        self._check_lock = threading.Lock()
        self._was_working = True
        self._checked_at = float("-inf")

    def read(self, crops: Sequence[Crop], *, max_new_tokens: int, timeout_s: float) -> list[BlockText]:
        """Read the crops at the same time, as far as there are slots; see ``BlockTexts``."""
        turn = _Turn(timeout_s)
        texts = [self._slots.submit(partial(self._read_crop, crop, max_new_tokens, turn)) for crop in crops]
        try:
            return _all_of(texts, turn)
        except PageTimeoutError as error:
            if not self._is_server_working():
                raise self._unreachable(str(error)) from None
            raise
        finally:
            turn.give_up()
            for text in texts:
                text.cancel()

    def close(self) -> None:
        """End the threads and close the connections."""
        self._slots.close()
        self._server.close()

    def _read_crop(self, crop: Crop, max_new_tokens: int, turn: _Turn) -> BlockText:
        """Read a crop, once more if the first answer is doubtful."""
        if max(crop.pixels.shape) > MOST_SIDE_PX:
            return BlockText(
                text="", failure=f"a side of the block is longer than the {MOST_SIDE_PX} px of a JPEG file"
            )
        is_table = crop.prompt == TABLE_PROMPT
        try:
            first = _checked(self._ask(question_about(crop, max_new_tokens), turn), is_table=is_table)
        except (RequestRefusedError, AnswerError, ServerTroubleError) as error:
            return BlockText(text="", failure=str(error))
        doubts = first.flags & _DOUBTS
        if not doubts:
            return first
        try:
            answer = self._ask(_other_question(crop, max_new_tokens, doubts), turn.part(_SHARE_FOR_SECOND_READING))
        except (RequestRefusedError, AnswerError, ServerTroubleError, PageTimeoutError) as error:
            log.info("a doubtful block could not be read again: %s", error)
            return first
        return better_text(first, _checked(answer, is_table=is_table))

    def _ask(self, question: Question, turn: _Turn) -> Completion:
        """Ask until there is an answer.

        Raises:
            RequestRefusedError: The server refuses this crop.
            AnswerError: Its answer is none.
            ServerTroubleError: It works, but fails with this crop.
            PageTimeoutError: There is no time left.
            EngineUnreachableError: It does not work now.
            EngineUnavailableError: It is there, but not for us, or without the model.
        """
        body = question.body(self._model)
        for pause_s in self._pauses_s:
            try:
                return self._complete(body, turn)
            except ServerTroubleError as error:
                turn.tell(error)
            turn.pause(pause_s)
        try:
            return self._complete(body, turn)
        except ServerTroubleError as error:
            turn.left_s()
            if not self._is_server_working():
                raise self._unreachable(str(error)) from None
            raise ServerTroubleError(
                f"the model server works, but failed {len(self._pauses_s) + 1} times with this block: {error}"
            ) from None

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
                self._was_working = is_working(self._server, self._model, self._check_timeout_s)
                self._checked_at = time.monotonic()
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
    for error in sorted(errors, key=lambda error: not isinstance(error, TaskError)):
        raise error
    if waiting:
        raise turn.too_late()
    return [text.result() for text in texts]
