"""Whether a model server is there, healthy and serves the model: asked before the first page, and by the doctor."""

from __future__ import annotations

import logging
import math
import time

import numpy as np

from ocr_tasks.engines.base import Finding
from ocr_tasks.engines.blocktexts import Crop
from ocr_tasks.engines.paddleocr_vl_crops import GRID_PX
from ocr_tasks.engines.vlm_server_http import AnswerError, ModelServer, RequestRefusedError, ServerTroubleError
from ocr_tasks.engines.vlm_server_request import Question, question_about
from ocr_tasks.errors import EngineUnavailableError, EngineUnreachableError

log = logging.getLogger(__name__)

_PROBE_TIMEOUT_S = 5.0
_PAUSE_S = 1.0
_LOG_EVERY_S = 30.0
_SHOWN_MODELS = 5
_SMALL_SIDE_PX = 112
_ANSWER_TIMEOUT_S = 120.0
_REFUSAL_TIMEOUT_S = 20.0
"""An answer may take longer, a refusal does not."""


def await_model(server: ModelServer, model: str, start_timeout_s: float) -> None:
    """Wait until the server serves the model: vLLM refuses connections for minutes while it loads one.

    Raises:
        EngineUnreachableError: It did not answer in time.
        EngineUnavailableError: It answers, and waiting cannot help: wrong address, model or key.
    """
    deadline = time.monotonic() + start_timeout_s
    told_at = float("-inf")
    while True:
        try:
            require_model(server, model, _PROBE_TIMEOUT_S)
            server.check_health(_PROBE_TIMEOUT_S)
            return
        except ServerTroubleError as error:
            if time.monotonic() + _PAUSE_S > deadline:
                raise EngineUnreachableError(
                    f"the model server at {server.url} was not ready within {start_timeout_s:g} s: {error}; look "
                    "whether it runs, or give it longer (option start_timeout_s)"
                ) from None
            if time.monotonic() - told_at >= _LOG_EVERY_S:
                log.info("waiting for the model server at %s: %s", server.url, error)
                told_at = time.monotonic()
        time.sleep(_PAUSE_S)


def require_model(server: ModelServer, model: str, timeout_s: float) -> None:
    """Check that the server serves the model.

    Raises:
        EngineUnavailableError: It does not, or is no OpenAI-compatible server; the message says what to do.
        ServerTroubleError: It did not answer this time.
    """
    try:
        served = server.models(timeout_s)
    except (RequestRefusedError, AnswerError) as error:
        raise EngineUnavailableError(
            f"there is no OpenAI-compatible model server at {server.url}: asked for /models, {error}; "
            "check the option server_url, such as http://host:8080/v1"
        ) from None
    if model in served:
        return
    if len(served) == 1:
        raise EngineUnavailableError(
            f"the model server at {server.url} serves {served[0]!r} and not {model!r}: set the option model to "
            f"{served[0]!r} if that is the same model, or start the server with --served-model-name {model}"
        )
    shown = ", ".join(served[:_SHOWN_MODELS]) + (" …" if len(served) > _SHOWN_MODELS else "")
    raise EngineUnavailableError(
        f"the model server at {server.url} does not serve {model!r}, only {shown or 'no model at all'}: set the option "
        "model, or start the server with that model"
    )


def largest_question(max_new_tokens: int, max_pixels: int) -> Question:
    """As much as the server will be asked for at once, about a white picture."""
    side_px = math.isqrt(max_pixels) // GRID_PX * GRID_PX
    return question_about(_white_crop(side_px), max_new_tokens)


def require_answer(server: ModelServer, model: str, question: Question) -> None:
    """Check that the server takes the largest question: one whose context is too short refuses all blocks of all pages.

    Raises:
        EngineUnavailableError: It refuses; the message says what to do.
    """
    try:
        server.complete(question.body(model), _REFUSAL_TIMEOUT_S)
    except RequestRefusedError as error:
        raise EngineUnavailableError(_refusal(server, question, error)) from None
    except (ServerTroubleError, AnswerError) as error:  # the pages will show what that means
        log.warning("the model server did not read a white picture: %s", error)


def _refusal(server: ModelServer, question: Question, error: RequestRefusedError) -> str:
    return (
        f"the model server at {server.url} refuses a picture of {question.max_pixels} pixels and an answer of "
        f"{question.max_new_tokens} tokens: {error}; start it with a longer context (vLLM: --max-model-len), or set "
        "the options max_new_tokens and max_pixels lower"
    )


def is_working(server: ModelServer, model: str, timeout_s: float) -> bool:
    """Whether the server says that it is healthy and reads a small picture: one that hangs answers its health check.

    Raises:
        EngineUnavailableError: It refuses the key or redirects.
    """
    try:
        server.check_health(timeout_s)
        server.complete(question_about(_white_crop(_SMALL_SIDE_PX), max_new_tokens=1).body(model), timeout_s)
    except (ServerTroubleError, RequestRefusedError, AnswerError):  # a gateway may answer for a server that is gone
        return False
    return True


def server_findings(server: ModelServer, model: str, question: Question | None) -> list[Finding]:
    """The doctor's findings: reachable, serves the model; where there is a question, how fast it is answered."""
    try:
        require_model(server, model, _PROBE_TIMEOUT_S)
        server.check_health(_PROBE_TIMEOUT_S)
    except ServerTroubleError as error:
        text = f"the model server at {server.url} does not answer: {error}; look whether it runs"
        return [Finding(is_ok=False, text=text)]
    except EngineUnavailableError as error:
        return [Finding(is_ok=False, text=str(error))]
    served = Finding(is_ok=True, text=f"the model server at {server.url} serves {model}")
    return [served, _answer_finding(server, model, question)] if question else [served]


def _answer_finding(server: ModelServer, model: str, question: Question) -> Finding:
    started = time.monotonic()
    try:
        server.complete(question.body(model), _ANSWER_TIMEOUT_S)
    except RequestRefusedError as error:
        return Finding(is_ok=False, text=_refusal(server, question, error))
    except (ServerTroubleError, AnswerError, EngineUnavailableError) as error:
        return Finding(is_ok=False, text=f"the model server cannot read a picture: {error}")
    text = f"the model server read a picture of {question.max_pixels} pixels in {time.monotonic() - started:.2f} s"
    return Finding(is_ok=True, text=text)


def _white_crop(side_px: int) -> Crop:
    pixels = np.full((side_px, side_px, 3), 255, np.uint8)
    return Crop(pixels=pixels, prompt="OCR:", min_pixels=side_px**2, max_pixels=side_px**2)
