"""OCR: one shard read to the end, whatever happens to the engine.

A page is done when its result object exists, so every attempt starts with what is missing. Where the engine dies, the
pages that are left are halved until the page that kills it is alone; that page gets a failed result with the reason as
soon as another one is read after it, and the others are read in one go again. How an attempt is started, in a container
or a child process, is the caller's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from ocr_tasks.contract import ExitCode, PageResult, PageStatus, PageTask, ReadingFlag, Runner, Shard
from tenderlake.engines import engine_image
from tenderlake.errors import NeedsPersonError
from tenderlake.layout import Layout
from tenderlake.runs import PlannedPage, PlannedShard
from tenderlake.storage import ObjectTooLargeError, Storage

log = logging.getLogger(__name__)

_LOG_TAIL_LINES = 5
_MOST_SUSPECTS = 3
"""Pages in a row that kill the engine, none read between them: then it is not the pages. As in ``ocr_tasks.worker``."""
_LARGEST_RESULT_BYTES = 32 * 2**20


class OcrError(Exception):
    """A shard was not read to the end."""


class BadShardError(OcrError, NeedsPersonError):
    """The OCR image does not understand the shard: image and pipeline do not fit each other. No retry."""


class EngineUnavailableError(OcrError, NeedsPersonError):
    """Image, engine, GPU, model or language data are missing: a person has to mend it. No retry."""


class TemporaryOcrError(OcrError):
    """Storage or time trouble: a retry reads only what is missing."""


class AttemptEnd(StrEnum):
    """How an attempt ended, beyond its exit code."""

    EXITED = "exited"
    STALLED = "stalled"
    """Stopped from outside, because no page was finished in the time that one page may take."""


@dataclass(frozen=True)
class Attempt:
    """The end of one container or process: exit code (128 + signal where killed), and the last lines it wrote."""

    exit_code: int
    end: AttemptEnd = AttemptEnd.EXITED
    is_ready: bool = True
    """Whether the engine was ever ready for pages; where not, no page is to blame."""
    log_tail: tuple[str, ...] = ()

    @property
    def last_words(self) -> str:
        """The last lines in one, for a message."""
        return " | ".join(line for line in self.log_tail[-_LOG_TAIL_LINES:] if line) or "it said nothing"

    @property
    def has_died(self) -> bool:
        """Whether a page may have killed it: out of memory, a signal, or no progress."""
        return self.end is AttemptEnd.STALLED or self.exit_code == ExitCode.OUT_OF_MEMORY or self.exit_code > 128


@dataclass(frozen=True)
class ShardOutcome:
    """What became of the pages of a shard in one task."""

    pages: int
    """Pages without a result when the task began."""
    blamed: int
    """Pages that killed the engine and got a failed result for it."""
    attempts: int


def pending_pages(storage: Storage, pages: Sequence[PlannedPage]) -> list[PlannedPage]:
    """Those of the pages that have no result yet, in order."""
    exists = storage.in_parallel(lambda page: storage.exists(page.result_key), pages)
    return [page for page, is_done in zip(pages, exists, strict=True) if not is_done]


def read_result(storage: Storage, key: str) -> PageResult | None:
    """A page result as a container wrote it, None where it is none: containers read hostile documents.

    Raises:
        ObjectMissingError: there is no such object.
    """
    try:
        return PageResult.model_validate_json(storage.get_bytes(key, max_bytes=_LARGEST_RESULT_BYTES))
    except (ValidationError, ObjectTooLargeError):
        log.error("%s is no page result", key)
        return None


def signed_shard(
    storage: Storage,
    layout: Layout,
    planned: PlannedShard,
    pages: Sequence[PlannedPage],
    runner: Runner,
    *,
    expires_s: int,
) -> Shard:
    """The shard as the container gets it: each page with a URL to read its image and one to write its result."""
    return Shard(
        shard_id=planned.shard_id,
        engine=planned.engine,
        page_timeout_s=layout.settings.page_timeout_s,
        runner=runner,
        image=engine_image(layout.settings, planned.engine.name) if runner is Runner.DOCKER else None,
        pages=tuple(
            PageTask(
                page_key=page.page_key,
                document_id=page.document_id,
                page_number=page.page_number,
                image_url=storage.presign_get(page.image_key, expires_s),
                result_url=storage.presign_put(page.result_key, expires_s),
                dpi=page.dpi,
            )
            for page in pages
        ),
    )


def read_shard(
    storage: Storage, planned: PlannedShard, attempt: Callable[[Sequence[PlannedPage]], Attempt]
) -> ShardOutcome:
    """Read what is missing of a shard.

    Args:
        storage: the bucket.
        planned: the shard.
        attempt: starts the engine on some of the pages, waits for its end.

    Raises:
        BadShardError, EngineUnavailableError: no retry can help.
        TemporaryOcrError: a retry goes on with what is missing.
    """
    waiting = pending_pages(storage, planned.pages)
    count = size = len(waiting)
    attempts = 0
    suspects = _Suspects(storage, planned)
    while waiting:
        taken = waiting[:size]
        result = attempt(taken)
        attempts += 1
        left = pending_pages(storage, taken)
        suspects.compare(page for page in taken if page not in left)
        waiting = left + waiting[size:]
        size = len(waiting)
        if not left:
            continue
        if not result.has_died:
            raise _error(result, len(left))
        if not result.is_ready:
            raise TemporaryOcrError(f"the engine died before it read a page (exit code {result.exit_code})")
        if len(taken) == 1:
            suspects.add(taken[0], result)
            waiting = waiting[1:]
            size = len(waiting)
        else:
            # It reads in order, so what it hangs on is most likely the first page that is missing.
            size = 1 if result.end is AttemptEnd.STALLED else (len(left) + 1) // 2
            log.warning("The engine died (exit code %d), %d pages left: trying %d", result.exit_code, len(left), size)
    suspects.blame()
    return ShardOutcome(pages=count, blamed=suspects.blamed, attempts=attempts)


class _Suspects:
    """Pages that killed the engine one after the other, each alone; a broken host would kill it on every page."""

    def __init__(self, storage: Storage, planned: PlannedShard) -> None:
        self._storage, self._planned = storage, planned
        self._pages: list[tuple[PlannedPage, Attempt]] = []
        self.blamed = 0

    def add(self, page: PlannedPage, result: Attempt) -> None:
        """One more.

        Raises:
            EngineUnavailableError: too many in a row; none of them is blamed.
        """
        self._pages.append((page, result))
        if len(self._pages) >= _MOST_SUSPECTS:
            raise EngineUnavailableError(
                f"the engine dies on every page (exit code {result.exit_code}): {result.last_words}"
            )

    def compare(self, later: Iterable[PlannedPage]) -> None:
        """Blame them where one of the pages that got their results after them was read."""
        if self._pages and any(self._is_read(page) for page in later):
            self.blame()

    def blame(self) -> None:
        """Give them their failed results."""
        for page, result in self._pages:
            _blame(self._storage, self._planned, page, result)
        self.blamed += len(self._pages)
        self._pages.clear()

    def _is_read(self, page: PlannedPage) -> bool:
        # One that failed for its image says nothing for the engine.
        result = read_result(self._storage, page.result_key)
        return result is not None and result.status is PageStatus.DONE


def _error(result: Attempt, left: int) -> OcrError:
    if result.exit_code == ExitCode.BAD_SHARD:
        return BadShardError(
            f"the OCR image refuses the shard: image and pipeline are of different versions ({result.last_words})"
        )
    if result.exit_code == ExitCode.ENGINE_UNAVAILABLE:
        return EngineUnavailableError(f"the OCR engine cannot work here: {result.last_words}")
    if result.exit_code == ExitCode.TEMPORARY:
        return TemporaryOcrError(f"{left} pages are not read yet: {result.last_words}")
    if result.exit_code in (ExitCode.ALL_DONE, ExitCode.SOME_PAGES_FAILED):
        return TemporaryOcrError(f"the engine says that all is done, yet {left} pages have no result")
    return TemporaryOcrError(f"the engine ended with exit code {result.exit_code}: {result.last_words}")


def _blame(storage: Storage, planned: PlannedShard, page: PlannedPage, result: Attempt) -> None:
    """Write a failed result for the page that kills or stalls the engine, so that no run stumbles over it again."""
    if result.end is AttemptEnd.STALLED:
        reason = "the engine made no progress on this page and was stopped"
    elif result.exit_code == ExitCode.OUT_OF_MEMORY:
        reason = "the engine was killed on this page, most likely out of memory"
    else:
        reason = f"the engine crashed on this page (exit code {result.exit_code})"
    log.error("Document %s page %d: %s", page.document_id, page.page_number, reason)
    failed = PageResult(
        page_key=page.page_key,
        document_id=page.document_id,
        page_number=page.page_number,
        status=PageStatus.FAILED,
        reason=reason,
        engine=planned.engine.name,
        engine_version="unknown",
        width_px=0,
        height_px=0,
        quality_flags=(ReadingFlag.ENGINE_DIED.value,),
    )
    storage.put_model(page.result_key, failed)
