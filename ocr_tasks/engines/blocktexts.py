"""What a vision language model is asked for: the text of one crop of a page at a time.

The PaddleOCR-VL pipeline finds the blocks, cuts them out and chooses the prompts; behind this border the model is
either in this process or on a server. One crop's failure is that crop's failure.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.errors import EngineUnavailableError
from ocr_tasks.guards import says_much_less, weight_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TABLE_PROMPT = "Table Recognition:"
"""What the pipeline asks of a table."""
_UNREAD_PAGES_AT_START = 3


@dataclass(frozen=True, eq=False)
class Crop:
    """One block cut out of a page.

    Attributes:
        pixels: Shape (height, width, 3), 8 bits, in the order blue, green, red.
        prompt: What the model is asked, such as ``OCR:`` or ``Table Recognition:``.
        min_pixels: The model sees the crop with at least so many pixels.
        max_pixels: And with at most so many.
    """

    pixels: npt.NDArray[np.uint8]
    prompt: str
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True)
class BlockText:
    """What the model said about a crop.

    Attributes:
        text: As the model wrote it; empty where it said nothing.
        flags: What is doubtful about it.
        failure: Why it could not be read, or not all of it; None where it was.
    """

    text: str
    flags: frozenset[ReadingFlag] = frozenset()
    failure: str | None = None


def better_text(first: BlockText, second: BlockText) -> BlockText:
    """The reading of a crop to keep, told to be one of two.

    That is the less doubtful one, of two that are only cut off the longer one, else the first. A second one that says
    much less is no better: little is easily said without doubt.
    """

    def badness(text: BlockText) -> tuple[int, int]:
        is_cut = text.flags == {ReadingFlag.TRUNCATED}
        return (weight_of(text.flags), -len(text.text) if is_cut else 0)

    is_no_choice = second.failure is not None or not second.text.strip() or says_much_less(second.text, first.text)
    kept = first if is_no_choice else min(first, second, key=badness)
    return replace(kept, flags=kept.flags | {ReadingFlag.READ_AGAIN})


class FirstPages:
    """Watches whether a model reads anything at all; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_read = False
        self._unread_pages = 0

    def require_sense(self, texts: Sequence[BlockText]) -> None:
        """Give up where nothing was ever read: then it is not the pages, and they must not be failed for good.

        Args:
            texts: All of a page.

        Raises:
            EngineUnavailableError: The first pages could not be read, none of their blocks.
        """
        if not texts:
            return
        with self._lock:
            self._has_read = self._has_read or any(text.failure is None for text in texts)
            self._unread_pages += not self._has_read
            if not self._has_read and self._unread_pages >= _UNREAD_PAGES_AT_START:
                raise EngineUnavailableError(
                    f"the model reads nothing, all blocks of the first {_UNREAD_PAGES_AT_START} pages failed "
                    f"({texts[-1].failure}): run python -m ocr_tasks doctor"
                )


class BlockTexts(ABC):
    """The model, wherever it runs; safe to use from several threads where the engine reads several pages at a time."""

    @abstractmethod
    def read(self, crops: Sequence[Crop], *, max_new_tokens: int, timeout_s: float) -> list[BlockText]:
        """Read crops of one page, in order, doubtful ones a second time with other settings.

        Args:
            crops: The crops.
            max_new_tokens: Where the model is stopped, for each crop.
            timeout_s: How long all of them may take.

        Raises:
            PageTimeoutError: They took longer.
            EngineUnreachableError: The model does not answer now.
            EngineUnavailableError: The model is gone for good.
        """

    def close(self) -> None:  # noqa: B027  most have nothing to give back
        """Give back what it holds."""
