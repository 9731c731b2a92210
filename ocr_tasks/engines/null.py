"""The engine that reads nothing: it proves that everything around an engine works. For tests."""

from __future__ import annotations

from ocr_tasks.contract import Block, BlockLabel, EngineSpec
from ocr_tasks.engines.base import Engine, EngineInfo, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.images import PageImage


class NullOptions(EngineOptions):
    """Options of the null engine. ``text``: what every page says; without it pages are empty."""

    text: str = ""


class NullEngine(Engine):
    """Answers at once, always the same: no block, or one block over the page with the option ``text``."""

    def __init__(self, spec: EngineSpec) -> None:
        self._text = NullOptions.of(spec).text

    @property
    def info(self) -> EngineInfo:
        """Name ``null``, version 1, no model."""
        return EngineInfo(name="null", version="1")

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Return the same for every page of a size."""
        width_px, height_px = page.width_px, page.height_px
        block = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, width_px, height_px), content=self._text)
        return PageReading(blocks=(block,) if self._text else (), width_px=width_px, height_px=height_px)
