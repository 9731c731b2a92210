"""Reads the blocks of a page with the PaddleOCR-VL model in this process, one after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.blocktexts import TABLE_PROMPT, BlockText, BlockTexts, Crop, FirstPages, better_text
from ocr_tasks.engines.paddle_library import one_line_of, raise_if_fatal
from ocr_tasks.engines.paddleocr_vl_crops import other_size
from ocr_tasks.errors import PageTimeoutError
from ocr_tasks.guards import text_flags

log = logging.getLogger(__name__)

_SHARE_FOR_SECOND_READINGS = 0.8


class NativeTexts(BlockTexts):
    """The model behind PaddleX's own predictor; for one thread at a time.

    The predictor takes one crop at a time anyway (``PADDLEOCR_VL_LOCAL_BATCH_SIZE``), and ignores repetition_penalty,
    temperature and top_p: a doubtful crop is shown once more in another size.

    Args:
        predictor: A ``DocVLMLocalPredictor``.
    """

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self._generation = predictor.infer = _Generation(predictor.infer)
        self._first_pages = FirstPages()

    def read(self, crops: Sequence[Crop], *, max_new_tokens: int, timeout_s: float) -> list[BlockText]:
        """Read the crops in order, then the doubtful ones again; the time limit is looked at before every token."""
        started = time.monotonic()
        self._generation.limit(timeout_s)
        texts = [self._read_once(crop, max_new_tokens) for crop in crops]
        self._first_pages.require_sense(texts)
        # Less than all that is left: running out of it is to cost second readings, not the page.
        self._generation.limit((timeout_s - (time.monotonic() - started)) * _SHARE_FOR_SECOND_READINGS)
        for place, (crop, first) in enumerate(zip(crops, texts, strict=True)):
            if first.flags:
                try:
                    texts[place] = better_text(first, self._read_otherwise(crop, first.flags, max_new_tokens))
                except PageTimeoutError:
                    log.info("no time for the second reading of doubtful blocks")
                    break
        return texts

    def close(self) -> None:
        """Close the predictor."""
        self._predictor.close()

    def _read_otherwise(self, crop: Crop, doubts: frozenset[ReadingFlag], max_new_tokens: int) -> BlockText:
        """A text that was only cut off is read to twice its length, any other in another size."""
        if doubts == {ReadingFlag.TRUNCATED}:
            return self._read_once(crop, 2 * max_new_tokens)
        return self._read_once(other_size(crop), max_new_tokens)

    def _read_once(self, crop: Crop, max_new_tokens: int) -> BlockText:
        self._generation.require_time()
        # Red first: PaddleX 3.6.1 hands the array to Pillow as it is (models/doc_vlm/processors/common.py fetch_image),
        # while its client for servers turns it; so both backends see the same colours.
        item = {"image": crop.pixels[:, :, ::-1], "query": crop.prompt}
        try:
            results = list(
                self._predictor.predict(
                    [item],
                    skip_special_tokens=True,
                    use_cache=True,
                    min_pixels=crop.min_pixels,
                    max_pixels=crop.max_pixels,
                    max_new_tokens=max_new_tokens,
                )
            )
        except PageTimeoutError:
            raise
        except Exception as error:
            raise_if_fatal(error)
            log.warning("a block could not be read", exc_info=True)
            return BlockText(text="", failure=one_line_of(error))
        text = results[0]["result"] or ""
        flags = text_flags(text, is_table=crop.prompt == TABLE_PROMPT)
        if self._generation.is_truncated:
            flags |= {ReadingFlag.TRUNCATED}
        return BlockText(text=text, flags=flags)


@dataclass
class _Generation:
    """The model as the predictor calls it; stops at the time limit and knows whether the answer came to its end."""

    model: Any

    def __post_init__(self) -> None:
        self.is_truncated = False
        self._timeout_s = 0.0
        self._deadline = 0.0
        # Called before every token: an answer of 4096 tokens takes minutes on a slow card.
        self.model.register_forward_pre_hook(lambda *_: self.require_time())

    def limit(self, timeout_s: float) -> None:
        """Give so much time from now on."""
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s

    def require_time(self) -> None:
        """Raise ``PageTimeoutError`` where the time is over."""
        if time.monotonic() >= self._deadline:
            raise PageTimeoutError(f"not read within {self._timeout_s:g} s")

    def generate(self, inputs: Any, *, max_new_tokens: int, **options: Any) -> Any:
        """Generate, and look at where it ended: the predictor gives text alone."""
        generated = self.model.generate(inputs, max_new_tokens=max_new_tokens, **options)
        tokens = generated[0][0]
        end = self.model.generation_config.eos_token_id
        ends = end if isinstance(end, (list, tuple)) else (end,)
        self.is_truncated = len(tokens) >= max_new_tokens and int(tokens[-1]) not in ends
        return generated
