"""What an engine is: page images in, page readings out. It knows nothing of shards, storage or progress."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from ocr_tasks.contract import Block, EngineSpec
from ocr_tasks.images import PageImage


@dataclass(frozen=True)
class EngineInfo:
    """Which engine read a page; part of what a result is addressed by.

    Attributes:
        name: Its name in the registry.
        version: Version of the program that reads.
        model: What it reads with, such as ``rus+eng``.
        model_digest: SHA-256 over the model's files, hexadecimal.
    """

    name: str
    version: str
    model: str | None = None
    model_digest: str | None = None


@dataclass(frozen=True)
class PageReading:
    """What an engine read from one page.

    Attributes:
        blocks: In reading order.
        width_px: Width of the image the boxes are on, after ``rotation_deg`` was applied.
        height_px: Its height.
        rotation_deg: How far the engine turned the image to read it, clockwise.
        confidence: Mean confidence of its words, weighted by their length, 0..1; None where the engine gives none.
        quality_flags: What is doubtful about the reading.
    """

    blocks: tuple[Block, ...]
    width_px: int
    height_px: int
    rotation_deg: Literal[0, 90, 180, 270] = 0
    confidence: float | None = None
    quality_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: something that is there, or what to do about something that is not."""

    is_ok: bool
    text: str


class Engine(ABC):
    """An engine, loaded and warm; one page at a time.

    The constructor takes the ``EngineSpec`` and loads everything that is slow to load. It raises
    ``EngineUnavailableError`` where something is missing and ``BadShardError`` for an option it does not know.
    """

    @abstractmethod
    def __init__(self, spec: EngineSpec) -> None: ...

    @property
    @abstractmethod
    def info(self) -> EngineInfo:
        """Which engine this is."""

    @abstractmethod
    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read one page.

        Args:
            page: The page.
            timeout_s: How long it may take.

        Raises:
            PageTimeoutError: It took longer.
            PageError: It cannot be read, with the reason. Any other exception is a failed page as well.
            EngineUnavailableError: The engine is gone for good (such as a lost device); the run ends.
            MemoryError: There is not enough memory; the run ends.
        """

    def close(self) -> None:  # noqa: B027  most engines have nothing to give back
        """Give back what the engine holds."""

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Check what the engine needs, without a shard."""
        engine = cls(spec)
        engine.close()
        return [Finding(is_ok=True, text=f"engine {engine.info.name} {engine.info.version}")]
