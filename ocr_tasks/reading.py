"""Reads one page: the bytes of an image in, a page result out, whatever the image and the engine do.

A page that cannot be read ends in a ``failed`` result that says why. Only what is about more than the page is raised.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocr_tasks.contract import EngineSpec, PageResult, PageStatus, PageTask, ReadingFlag
from ocr_tasks.engines import Engine, EngineInfo, PageReading, create_engine, engine_class
from ocr_tasks.errors import EngineDiedError, EngineUnreachableError, PageError, TaskError
from ocr_tasks.guards import Judged, better_reading, find_doubts
from ocr_tasks.images import PageImage, load_page_image
from ocr_tasks.settings import RunSettings, WorkerUse
from ocr_tasks.validation import one_line

log = logging.getLogger(__name__)

_MAX_REASON_LENGTH = 500


class PageRequest(BaseModel):
    """What a reader needs to know of a page; the addresses of the shard are none of its business."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page_key: str
    document_id: str
    page_number: Annotated[int, Field(ge=1)]
    dpi: Annotated[int, Field(gt=0)] | None = None
    timeout_s: Annotated[float, Field(gt=0)]

    @classmethod
    def of(cls, task: PageTask, timeout_s: float) -> PageRequest:
        """The request for a page of a shard."""
        return cls(
            page_key=task.page_key,
            document_id=task.document_id,
            page_number=task.page_number,
            dpi=task.dpi,
            timeout_s=timeout_s,
        )


class PageReader(ABC):
    """Reads pages with a warm engine, up to ``concurrency`` at a time, each from a thread of its own."""

    @property
    @abstractmethod
    def info(self) -> EngineInfo:
        """Which engine reads."""

    @property
    @abstractmethod
    def concurrency(self) -> int:
        """How many pages may be read at the same time."""

    @abstractmethod
    def read(self, image: bytes, request: PageRequest) -> PageResult:
        """Read one page; what is wrong with this page alone becomes its failed result.

        Raises:
            EngineUnreachableError: The engine cannot read now; the page stays unread.
            TaskError: Nothing can be read any more.
            MemoryError: There is not enough memory.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what the reader holds."""


def open_reader(spec: EngineSpec, settings: RunSettings) -> PageReader:
    """Load an engine, in this process or in a worker process, as engine and settings say.

    Raises:
        EngineUnavailableError: Something it needs is missing; the message says what to install.
        EngineUnreachableError: It needs something that does not answer now.
        BadShardError: One of its options is wrong.
    """
    needs_worker = engine_class(spec.name).needs_worker and settings.worker is WorkerUse.AUTO
    if needs_worker or settings.worker is WorkerUse.ALWAYS:
        from ocr_tasks.worker import WorkerReader  # here, because the worker needs this module

        return WorkerReader(spec, settings)
    return EngineReader(create_engine(spec), settings)


class EngineReader(PageReader):
    """Reads with an engine in this process."""

    def __init__(self, engine: Engine, settings: RunSettings) -> None:
        self._engine = engine
        self._settings = settings

    @property
    def info(self) -> EngineInfo:
        """That of the engine."""
        return self._engine.info

    @property
    def concurrency(self) -> int:
        """That of the engine."""
        return self._engine.concurrency

    def read(self, image: bytes, request: PageRequest) -> PageResult:
        """Decode the image and read it, a second time with other settings where the first reading is doubtful."""
        started = time.monotonic()
        page: PageImage | None = None
        try:
            page = load_page_image(
                image, page_number=request.page_number, dpi=request.dpi, max_pixels=self._settings.max_pixels
            )
            reading = self._read_guarded(page, request.timeout_s)
            return page_result(request, self.info, reading, duration_s=time.monotonic() - started)
        except (TaskError, MemoryError):
            raise
        except Exception as error:
            # A PageError explains itself; anything else is a defect, and its traceback is needed.
            known = isinstance(error, (PageError, ValidationError))
            result = failed_page(request, self.info, error, page=page, duration_s=time.monotonic() - started)
            log.warning(
                "page %d of %s failed: %s", request.page_number, request.document_id, result.reason, exc_info=not known
            )
            return result

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _read_guarded(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read a page, and once more where there are doubts; the better reading with all doubts about it."""
        started = time.monotonic()
        kept = _judged(self._engine.read(page, timeout_s), page)
        remaining_s = timeout_s - (time.monotonic() - started)
        flags: set[str] = set()
        if kept.doubts and remaining_s > 0:
            second = self._second_reading(page, remaining_s, kept)
            if second:
                flags.add(ReadingFlag.READ_AGAIN.value)
                kept = better_reading(kept, second)
        flags.update(kept.reading.quality_flags, (doubt.value for doubt in kept.doubts))
        return replace(kept.reading, quality_flags=tuple(sorted(flags)))

    def _second_reading(self, page: PageImage, remaining_s: float, first: Judged) -> Judged | None:
        """What the engine reads with other settings; None where it has none, or fails: the first reading stays."""
        try:
            reading = self._engine.read_again(page, remaining_s, first.doubts)
            return _judged(reading, page) if reading else None
        except Exception as error:
            if isinstance(error, TaskError) and not isinstance(error, EngineUnreachableError):
                raise
            # Out of memory and a server that is down too: the first reading is there, and another day brings no better.
            known = isinstance(error, (PageError, MemoryError, EngineUnreachableError))
            log.warning("page %d: the second reading failed: %s", page.page_number, error, exc_info=not known)
            return None


def _judged(reading: PageReading, page: PageImage) -> Judged:
    """A reading with the doubts of the guards and those of its engine; that it read something twice is no doubt."""
    own = {flag for flag in ReadingFlag if flag.value in reading.quality_flags and flag is not ReadingFlag.READ_AGAIN}
    return Judged(reading, find_doubts(reading, page) | own)


def page_result(request: PageRequest, info: EngineInfo, reading: PageReading, *, duration_s: float) -> PageResult:
    """Build the result and read it back as the pipeline will: an engine's nonsense is found here, not there.

    Raises:
        ValidationError: The reading is no valid result.
    """
    result = _empty_result(request, info).model_copy(
        update={
            "status": PageStatus.FAILED if reading.unread_reason else PageStatus.DONE,
            "reason": reading.unread_reason,
            "width_px": reading.width_px,
            "height_px": reading.height_px,
            "rotation_deg": reading.rotation_deg,
            "confidence": reading.confidence,
            "quality_flags": reading.quality_flags,
            "blocks": reading.blocks,
            "duration_s": duration_s,
        }
    )
    return PageResult.model_validate_json(result.model_dump_json(warnings="error"))


def failed_page(
    request: PageRequest, info: EngineInfo, error: Exception, *, page: PageImage | None = None, duration_s: float = 0.0
) -> PageResult:
    """The result of a page that could not be read."""
    return _empty_result(request, info).model_copy(
        update={
            "status": PageStatus.FAILED,
            "reason": _reason(error),
            "quality_flags": (ReadingFlag.ENGINE_DIED.value,) if isinstance(error, EngineDiedError) else (),
            "width_px": page.width_px if page else 0,
            "height_px": page.height_px if page else 0,
            "duration_s": duration_s,
        }
    )


def _empty_result(request: PageRequest, info: EngineInfo) -> PageResult:
    return PageResult(
        page_key=request.page_key,
        document_id=request.document_id,
        page_number=request.page_number,
        status=PageStatus.DONE,
        engine=info.name,
        engine_version=info.version,
        model=info.model,
        model_digest=info.model_digest,
        width_px=0,
        height_px=0,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, PageError):
        reason = str(error)
    elif isinstance(error, ValidationError):
        reason = f"the engine gave no valid result: {one_line(error)}"
    else:
        reason = f"the engine failed: {type(error).__name__}: {error}"
    return reason[:_MAX_REASON_LENGTH].encode(errors="replace").decode()
