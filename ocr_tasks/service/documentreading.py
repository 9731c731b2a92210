"""Reads a document page by page: a page that fails, or time that is over, does not lose the pages that were read."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field

from ocr_tasks.contract import PageStatus
from ocr_tasks.engines import EngineInfo
from ocr_tasks.errors import PageError, PageTimeoutError
from ocr_tasks.markdown import document_page, page_markdown
from ocr_tasks.reading import PageRequest, failed_page
from ocr_tasks.service.answers import DocumentResult, DocumentStatus, ServicePage
from ocr_tasks.service.enginehost import EngineHost, PagePlace
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.pages import PagePicture, Pages, ReceivedDocument, Splitters, open_pages
from ocr_tasks.service.settings import ServiceSettings


@dataclass
class DocumentReading:
    """One document on its way.

    Attributes:
        request_id: Names it in logs and in the output.
        document: What is read.
        host: What reads.
        splitters: Take PDFs and TIFFs apart.
        settings: Limits.
        page_timeout_s: How long a page may take.
        stopping: Set when the service is being stopped: pages in work are finished, no other is begun.
        error: Why the document was given up before its end, None where it was not.
    """

    request_id: str
    document: ReceivedDocument
    host: EngineHost
    splitters: Splitters
    settings: ServiceSettings
    page_timeout_s: float
    stopping: asyncio.Event
    error: ServiceError | None = None
    _pages: list[ServicePage] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)
    _is_time_over: bool = False
    _has_slow_page: bool = False

    async def run(self) -> DocumentResult:
        """Read all pages, one after the other, and say how it went.

        Raises:
            ServiceError: The document cannot be opened, or has too many pages: nothing was read.
        """
        pages = open_pages(self.document, self.settings.dpi, self.splitters)
        try:
            count = await self._count(pages)
            await self._read_until_stopped(pages, count)
        finally:
            await pages.close()
        if self.error is None and (self._is_time_over or (self._has_slow_page and not self._pages_read)):
            self.error = self._timeout(count)
        return self._result(count)

    async def _count(self, pages: Pages) -> int:
        count = await pages.count()
        if count > self.settings.max_pages:
            raise ServiceError(
                413,
                ErrorCode.TOO_LARGE,
                f"the document has {count} pages, more than {self.settings.max_pages}: split it, or let the operator "
                "raise OCR_SERVICE_MAX_PAGES",
            )
        return count

    async def _read_until_stopped(self, pages: Pages, count: int) -> None:
        """Give the page in work up where the service is being stopped and has no more time for it."""
        reading = asyncio.ensure_future(self._read_all(pages, count))
        stop = asyncio.ensure_future(self._stop_is_over())
        try:
            await asyncio.wait({reading, stop}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            else:
                self.error = _stopping()
        finally:
            reading.cancel()
            stop.cancel()
            await asyncio.gather(reading, stop, return_exceptions=True)

    async def _stop_is_over(self) -> None:
        await self.stopping.wait()
        await asyncio.sleep(self.settings.stop_s)

    async def _read_all(self, pages: Pages, count: int) -> None:
        """The next page is rendered while one is read, where no other document waits: more would only take memory."""
        upcoming = asyncio.ensure_future(self._prepare(pages, 1))
        try:
            for number in range(1, count + 1):
                try:
                    place, picture = await upcoming
                    if number < count:
                        upcoming = asyncio.ensure_future(self._prepare(pages, number + 1))
                    try:
                        self._pages.append(await self._read(number, picture))
                    finally:
                        place.give_back()
                except ServiceError as error:
                    self.error = error
                if self._is_over(number, count):
                    return
        finally:
            upcoming.cancel()
            with suppress(asyncio.CancelledError, ServiceError):
                (await upcoming)[0].give_back()

    async def _prepare(self, pages: Pages, number: int) -> tuple[PagePlace, PagePicture | PageError]:
        """The image of a page when there is room for it, or why there is none.

        Raises:
            ServiceError: There was no room in time.
        """
        place = await self.host.take_place(self._left_s)
        try:
            return place, await pages.picture(number)
        except PageError as error:
            return place, error
        except BaseException:
            place.give_back()
            raise

    def _is_over(self, number: int, count: int) -> bool:
        if self.error is None and number < count:
            if self.stopping.is_set():
                self.error = _stopping()
            elif self._is_time_over or self._left_s() <= 0:
                self.error = self._timeout(count)
        return self.error is not None

    async def _read(self, number: int, picture: PagePicture | PageError) -> ServicePage:
        dpi = picture.dpi if isinstance(picture, PagePicture) else None
        request = PageRequest(
            page_key=hashlib.sha256(f"{self.document.document_id} {number}".encode()).hexdigest(),
            document_id=self.document.document_id,
            page_number=number,
            dpi=dpi,
            timeout_s=self.page_timeout_s,
        )
        started = time.monotonic()
        try:
            if isinstance(picture, PageError):
                raise picture
            result = await self.host.read(picture.data, request, self._left_s)
        except PageError as error:
            info = self.host.info or EngineInfo(name=self.settings.engine, version="unknown")
            result = failed_page(request, info, error, duration_s=time.monotonic() - started)
            self._is_time_over = isinstance(error, PageTimeoutError)
        if result.status is PageStatus.FAILED and result.duration_s >= self.page_timeout_s:
            self._has_slow_page = True
        return ServicePage(**dict(result), markdown=page_markdown(result), dpi=dpi)

    def _left_s(self) -> float:
        return self._started + self.settings.document_timeout_s - time.monotonic()

    def _timeout(self, count: int) -> ServiceError:
        return ServiceError(
            504,
            ErrorCode.TIMEOUT,
            f"the time is over: {self._pages_read} of {count} pages were read, the rest given up",
        )

    @property
    def _pages_read(self) -> int:
        return sum(page.status is PageStatus.DONE for page in self._pages)

    def _result(self, count: int) -> DocumentResult:
        if self._pages_read == count:
            status = DocumentStatus.DONE
        else:
            status = DocumentStatus.SOME_PAGES_FAILED if self._pages_read else DocumentStatus.FAILED
        return DocumentResult(
            request_id=self.request_id,
            status=status,
            reason=self.error.message if self.error else None,
            document_id=self.document.document_id,
            media_type=self.document.media_type,
            size_bytes=self.document.size_bytes,
            page_count=count,
            pages_read=self._pages_read,
            duration_s=round(time.monotonic() - self._started, 3),
            markdown="\n".join(document_page(page, page.markdown) for page in self._pages).strip("\n"),
            pages=tuple(self._pages),
        )


def _stopping() -> ServiceError:
    return ServiceError(503, ErrorCode.STOPPING, "the service is being stopped", retry_after_s=10)
