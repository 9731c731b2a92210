"""What an engine is: page images in, page readings out. It knows nothing of shards, storage or progress."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ocr_tasks.contract import Block, EngineSpec, ReadingFlag
from ocr_tasks.engines.options import EngineOptions

if TYPE_CHECKING:  # Pillow, which the pipeline that only asks for engines' names does not need
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
        quality_flags: What is doubtful about the reading, values of ``ReadingFlag``.
        unread_reason: Why a part of the page could not be read, None where all was. The page counts as failed, and
            keeps what was read.
    """

    blocks: tuple[Block, ...]
    width_px: int
    height_px: int
    rotation_deg: Literal[0, 90, 180, 270] = 0
    confidence: float | None = None
    quality_flags: tuple[str, ...] = ()
    unread_reason: str | None = None


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: something that is there, or what to do about something that is not."""

    is_ok: bool
    text: str


class Engine(ABC):
    """An engine, loaded and warm; ``concurrency`` pages at a time, each ``read`` from a thread of its own.

    The constructor takes the ``EngineSpec`` and loads everything that is slow to load. It raises
    ``EngineUnavailableError`` where something is missing and ``BadShardError`` for an option it does not know.
    """

    needs_worker: ClassVar[bool] = False
    """Whether it should run in a worker process that can be killed and replaced: for engines that hang or grow."""

    fits_beside_itself: ClassVar[bool] = False
    """Whether there is room for two of it: then the next worker process loads while the one before still reads."""

    secret_variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables with secrets that it needs itself; its worker process is given no others."""

    options_type: ClassVar[type[EngineOptions]] = EngineOptions
    """Its options, so that they can be checked without loading it."""

    @abstractmethod
    def __init__(self, spec: EngineSpec) -> None: ...

    @classmethod
    def start_wait_s(cls, spec: EngineSpec) -> float:
        """How long its constructor may wait for something else, such as a server, besides what loading takes."""
        return 0.0

    @classmethod
    def page_wait_s(cls, spec: EngineSpec) -> float:
        """How long ``read`` may wait for something else, such as its turn at a server, besides the time of the page."""
        return 0.0

    @property
    @abstractmethod
    def info(self) -> EngineInfo:
        """Which engine this is."""

    @property
    def concurrency(self) -> int:
        """How many pages it may read at the same time."""
        return 1

    @abstractmethod
    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read one page.

        Args:
            page: The page.
            timeout_s: How long it may take.

        Raises:
            PageTimeoutError: It took longer.
            PageError: It cannot be read, with the reason. Any other exception is a failed page as well.
            EngineUnavailableError: The engine cannot read for good; the run ends.
            EngineLostError: It broke, such as with its device; the run ends where it cannot be loaded afresh.
            EngineDiedError: It may have broken, or what it asks: the page fails if others are read.
            EngineUnreachableError: It cannot read now (such as a server that is down); the page stays unread.
            MemoryError: There is not enough memory; the run ends.
        """

    def read_again(self, page: PageImage, timeout_s: float, doubts: frozenset[ReadingFlag]) -> PageReading | None:
        """Read a page once more with other settings, because of doubts about the first reading.

        Returns:
            The second reading; None where the engine has no other settings that could help against these doubts.
        """
        return None

    def close(self) -> None:  # noqa: B027  most engines have nothing to give back
        """Give back what the engine holds."""

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Check what the engine needs, without a shard."""
        engine = cls(spec)
        engine.close()
        return [Finding(is_ok=True, text=f"engine {engine.info.name} {engine.info.version}")]

    @classmethod
    def diagnose_quickly(cls, spec: EngineSpec) -> list[Finding]:
        """The same within a second: nothing slow is loaded or read."""
        return cls.diagnose(spec)

    @classmethod
    def diagnose_container(cls, spec: EngineSpec) -> list[Finding]:
        """What of that lies in this container, for its health check: no server is asked, another's fault is not its."""
        return cls.diagnose_quickly(spec)
