"""The pages of a document as images, one at a time, so that a long document takes no more memory than a short one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ocr_tasks.errors import PageError
from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.sniffing import MediaType
from ocr_tasks.service.splitter import Opened, Split

_OPEN_TIMEOUT_S = 60.0
_PAGE_TIMEOUT_S = 60.0
_MOST_PNG_BYTES = 2**30
_MOST_CHILDREN = 2
_SECRET_FREE = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_SPLIT = (MediaType.PDF, MediaType.TIFF)

MessageT = TypeVar("MessageT", bound=BaseModel)


@dataclass(frozen=True)
class ReceivedDocument:
    """A document on this machine's disk.

    Attributes:
        path: The file; it goes when the request ends.
        media_type: What it is, by its content.
        size_bytes: Its size.
        document_id: SHA-256 of its bytes, hexadecimal.
    """

    path: Path
    media_type: MediaType
    size_bytes: int
    document_id: str


@dataclass(frozen=True, eq=False)
class PagePicture:
    """The image file of one page. ``dpi``: None where nobody knows."""

    data: bytes
    dpi: int | None = None


class Pages(ABC):
    """The pages of one document, numbered from 1."""

    @abstractmethod
    async def count(self) -> int:
        """How many there are; called first, and once.

        Raises:
            ServiceError: 422, the document cannot be opened.
        """

    @abstractmethod
    async def picture(self, page_number: int) -> PagePicture:
        """The image of a page.

        Raises:
            PageError: There is none, with the reason.
        """

    async def close(self) -> None:  # noqa: B027  a picture holds nothing
        """End what works on it."""


class Splitters:
    """Lets two documents have a child process each, however many documents there are: each may take 4 GiB.

    A document keeps its child from page to page, unless another one has its turn and needs the room.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_MOST_CHILDREN)
        self._working: set[_SplitPages] = set()
        self._with_child: list[_SplitPages] = []
        """The one that has waited longest first."""

    @asynccontextmanager
    async def turn(self, pages: _SplitPages) -> AsyncIterator[None]:
        """Wait until this document may have a child at work."""
        async with self._turns:
            self.forget(pages)
            resting = []
            while len(self._with_child) >= _MOST_CHILDREN:
                resting.append(next(one for one in self._with_child if one not in self._working))
                self._with_child.remove(resting[-1])
            self._with_child.append(pages)
            self._working.add(pages)
            try:
                for one in resting:
                    await one.end_child()
                yield
            finally:
                self._working.remove(pages)

    def forget(self, pages: _SplitPages) -> None:
        """A document that has no child any more."""
        if pages in self._with_child:
            self._with_child.remove(pages)


def open_pages(document: ReceivedDocument, dpi: int, splitters: Splitters) -> Pages:
    """The pages of a document; nothing is opened yet."""
    return _SplitPages(document, dpi, splitters) if document.media_type in _SPLIT else _OnePicture(document)


class _OnePicture(Pages):
    """An image file as it was sent: the engine's own process decodes it."""

    def __init__(self, document: ReceivedDocument) -> None:
        self._path = document.path

    async def count(self) -> int:
        return 1

    async def picture(self, page_number: int) -> PagePicture:
        return PagePicture(await asyncio.to_thread(self._path.read_bytes))


class _SplitPages(Pages):
    """A PDF or TIFF, split by a child process; where that dies or hangs, the page fails and another child goes on."""

    def __init__(self, document: ReceivedDocument, dpi: int, splitters: Splitters) -> None:
        self._document = document
        self._dpi = dpi
        self._splitters = splitters
        self._child: asyncio.subprocess.Process | None = None

    async def count(self) -> int:
        kind = "PDF" if self._document.media_type is MediaType.PDF else "TIFF"
        try:
            async with self._splitters.turn(self):
                opened = await self._open()
        except PageError as error:
            raise ServiceError(422, ErrorCode.UNREADABLE_DOCUMENT, f"the {kind} cannot be opened: {error}") from None
        if opened.error or not opened.page_count:
            reason = opened.error or "it has no pages"
            raise ServiceError(422, ErrorCode.UNREADABLE_DOCUMENT, f"the {kind} cannot be opened: {reason}")
        return opened.page_count

    async def picture(self, page_number: int) -> PagePicture:
        async with self._splitters.turn(self):
            return await self._split(page_number)

    async def close(self) -> None:
        self._splitters.forget(self)
        await self.end_child()

    async def end_child(self) -> None:
        """Go on with another one, if there is more to do."""
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await asyncio.shield(child.wait())

    async def _split(self, page_number: int) -> PagePicture:
        if self._child is None and (error := (await self._open()).error):
            raise PageError(f"the document cannot be opened again: {error}")
        child = self._running()
        try:
            child[0].write(f"{page_number}\n".encode())
            split = await self._receive(Split, _PAGE_TIMEOUT_S)
            if split.error:
                raise PageError(f"the page cannot be rendered: {split.error}")
            if split.size_bytes > _MOST_PNG_BYTES:
                raise PageError("the page cannot be rendered: its image is too large")
            data = await asyncio.wait_for(child[1].readexactly(split.size_bytes), _PAGE_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError):
            await self.end_child()
            raise PageError("the page cannot be rendered: it crashed the program that does it") from None
        except asyncio.TimeoutError:
            await self.end_child()
            raise PageError(f"the page cannot be rendered within {_PAGE_TIMEOUT_S:g} s") from None
        return PagePicture(data, split.dpi)

    async def _open(self) -> Opened:
        document = self._document
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ocr_tasks.service.splitter", str(document.path), document.media_type.value, str(self._dpi)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: value for name in _SECRET_FREE if (value := os.environ.get(name))},
            start_new_session=True,
        )
        try:
            return await self._receive(Opened, _OPEN_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError):
            await self.end_child()
            raise PageError("it crashes the program that opens it") from None
        except asyncio.TimeoutError:
            await self.end_child()
            raise PageError(f"it was not opened within {_OPEN_TIMEOUT_S:g} s") from None

    async def _receive(self, message: type[MessageT], timeout_s: float) -> MessageT:
        try:
            line = await asyncio.wait_for(self._running()[1].readuntil(b"\n"), timeout_s)
            return message.model_validate_json(line)
        except (asyncio.LimitOverrunError, ValidationError):
            raise OSError("nonsense") from None

    def _running(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._child is None or self._child.stdin is None or self._child.stdout is None:
            raise OSError("the child is gone")
        return self._child.stdin, self._child.stdout
