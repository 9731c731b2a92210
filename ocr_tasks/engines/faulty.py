"""An engine that fails on purpose: it proves that nothing is lost when a real one does. For tests."""

from __future__ import annotations

import os
import signal
import time
from enum import Enum
from typing import Annotated

from pydantic import Field

from ocr_tasks.contract import Block, BlockLabel, EngineSpec
from ocr_tasks.engines.base import Engine, EngineInfo, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.errors import EngineUnavailableError, PageTimeoutError
from ocr_tasks.images import PageImage

_CHUNK_BYTES = 64 * 2**20


class Fault(str, Enum):
    """How the engine fails, and what that imitates."""

    EXCEPTION = "exception"
    """An error in the engine's code on one page, such as an image shape its model cannot take."""
    TIMEOUT = "timeout"
    """A slow page that the engine itself gives up when its time is over."""
    HANG = "hang"
    """A deadlock: the call never comes back and does not care about its time limit."""
    CRASH = "crash"
    """A segmentation fault in a native library: the process is gone without a word."""
    OUT_OF_MEMORY = "out_of_memory"
    """A page that needs more memory than there is: takes memory until the system refuses or kills the process."""
    LOST = "lost"
    """A device that falls off the bus in the middle of a run: no later page can be read either."""
    GARBAGE = "garbage"
    """A model that answers nonsense: a box of NaN, a confidence of 7, text that is no valid Unicode."""


class FaultyOptions(EngineOptions):
    """Options of the faulty engine.

    Attributes:
        fault: How it fails.
        fault_page_number: On which page number it does, None on every page; other pages get one block of text.
        fault_memory_mib: Where ``out_of_memory`` stops if nothing else stops it, so that a test without limits does
            not take the machine down.
    """

    fault: Fault
    fault_page_number: Annotated[int, Field(ge=1)] | None = None
    fault_memory_mib: Annotated[int, Field(ge=1)] = 4096


class FaultyEngine(Engine):
    """Reads every page as ``page <number>``, but for the pages on which it fails."""

    def __init__(self, spec: EngineSpec) -> None:
        self._options = FaultyOptions.of(spec)

    @property
    def info(self) -> EngineInfo:
        """Name ``faulty``, version 1, no model."""
        return EngineInfo(name="faulty", version="1")

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Fail as the options say."""
        content = f"page {page.page_number}"
        if self._options.fault_page_number in (None, page.page_number):
            content = self._fail(page, timeout_s)
        block = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, page.width_px, page.height_px), content=content)
        if content:
            return PageReading(blocks=(block,), width_px=page.width_px, height_px=page.height_px)
        nonsense = block.model_copy(
            update={"bbox_px": (float("nan"), 9e9, -1.0, 0.0), "confidence": 7.0, "content": "\ud800\x00"}
        )
        return PageReading(blocks=(nonsense,), width_px=page.width_px, height_px=page.height_px, confidence=7.0)

    def _fail(self, page: PageImage, timeout_s: float) -> str:
        fault = self._options.fault
        if fault is Fault.EXCEPTION:
            raise RuntimeError(f"no kernel for an image of {page.width_px} × {page.height_px}")
        if fault is Fault.TIMEOUT:
            raise PageTimeoutError(f"not read within {timeout_s:g} s")
        if fault is Fault.LOST:
            raise EngineUnavailableError("the device is gone: look at the host's kernel log, then run the shard again")
        if fault is Fault.CRASH:
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault is Fault.OUT_OF_MEMORY:
            _take_memory(self._options.fault_memory_mib)
        while fault is Fault.HANG:
            time.sleep(3600)
        return ""


def _take_memory(limit_mib: int) -> None:
    taken = []
    for _ in range(-(-limit_mib * 2**20 // _CHUNK_BYTES)):
        taken.append(b"\x01" * _CHUNK_BYTES)  # ones, so that the pages are really touched
    raise MemoryError(f"{len(taken) * _CHUNK_BYTES / 2**20:.0f} MiB taken")
