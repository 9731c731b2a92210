"""The engine that reads nothing: it proves that everything around an engine works. For tests."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import Field

from ocr_tasks.contract import Block, BlockLabel, EngineSpec
from ocr_tasks.engines.base import Engine, EngineInfo, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.images import PageImage


class NullOptions(EngineOptions):
    """Options of the null engine.

    Attributes:
        text: What every page says; without it pages are empty.
        page_s: How long it takes for a page.
        concurrency: How many pages it reads at the same time.
    """

    text: str = ""
    page_s: Annotated[float, Field(ge=0)] = 0.0
    concurrency: Annotated[int, Field(ge=1)] = 1


class NullEngine(Engine):
    """Answers always the same: no block, or one block over the page with the option ``text``."""

    options_type = NullOptions

    def __init__(self, spec: EngineSpec) -> None:
        self._options = NullOptions.of(spec)

    @property
    def info(self) -> EngineInfo:
        """Name ``null``, version 1, no model."""
        return EngineInfo(name="null", version="1")

    @property
    def concurrency(self) -> int:
        """As the options say."""
        return self._options.concurrency

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Return the same for every page of a size."""
        time.sleep(self._options.page_s)
        text = self._options.text
        width_px, height_px = page.width_px, page.height_px
        block = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, width_px, height_px), content=text)
        return PageReading(blocks=(block,) if text else (), width_px=width_px, height_px=height_px)
