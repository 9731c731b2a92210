"""An engine that fails on purpose: it proves that nothing is lost when a real one does. For tests."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from contextlib import nullcontext, suppress
from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ocr_tasks.contract import Block, BlockLabel, EngineSpec
from ocr_tasks.engines.base import Engine, EngineInfo, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.errors import EngineLostError, EngineUnavailableError, EngineUnreachableError, PageTimeoutError
from ocr_tasks.images import PageImage

_CHUNK_BYTES = 64 * 2**20
_LOADING = 0


class Fault(str, Enum):
    """How the engine fails, and what that imitates."""

    NONE = "none"
    """It does not, and only shows what its other options say."""
    EXCEPTION = "exception"
    """An error in the engine's code on one page, such as an image shape its model cannot take."""
    TIMEOUT = "timeout"
    """A slow page that the engine itself gives up when its time is over."""
    HANG = "hang"
    """A deadlock: the call never comes back and does not care about its time limit."""
    FREEZE = "freeze"
    """The same in a native call that holds the interpreter's lock: no thread of the process runs any more."""
    CRASH = "crash"
    """A segmentation fault in a native library: the process is gone without a word."""
    KILLED = "killed"
    """The kernel's answer to a process that takes too much memory."""
    OUT_OF_MEMORY = "out_of_memory"
    """A page that needs more memory than there is: takes memory until the system refuses or kills the process."""
    GROWTH = "growth"
    """An engine that keeps memory of every page (PaddleOCR issue 17113)."""
    LOST = "lost"
    """A device that falls off the bus in the middle of a run: no later page can be read either."""
    UNREACHABLE = "unreachable"
    """A model server that does not answer now."""
    BABBLE = "babble"
    """A process that a document has taken over: it writes nonsense to whatever it has open."""
    GARBAGE = "garbage"
    """A model that answers nonsense: a box of NaN, a confidence of 7, text that is no valid Unicode."""


class FaultyOptions(EngineOptions):
    """Options of the faulty engine.

    Attributes:
        fault: How it fails.
        fault_page_number: On which page number it does, None on every page; other pages get one block of text.
            0: while it is loaded.
        fault_from_page_number: From which page number on it does, as on a host that breaks.
        fault_once_file: A path where nothing lies: it fails once, and leaves a file there that remembers it.
        fault_memory_mib: Where ``out_of_memory`` stops if nothing else stops it, so that a test without limits does
            not take the machine down; what ``growth`` keeps of a page.
        model_file: A file that must be there when it is loaded.
        takes_turns: Whether only one page is really read at a time, and the others wait for it.
        loads_file: A file that gets a byte each time that it is loaded.
        killed_on_load: At which loading it is killed, by ``loads_file``.
        hangs_from_load: From which loading on it never comes to an end, by ``loads_file``.
        page_s: How long it takes for a page, before it fails if it does.
        concurrency: How many pages it reads at the same time.
        tells_process: Whether the text of a page has the number of the process that read it.
        prints: What it prints on standard output, while it is loaded and with each page, as native libraries do.
    """

    fault: Fault
    fault_page_number: Annotated[int, Field(ge=_LOADING)] | None = None
    fault_from_page_number: Annotated[int, Field(ge=1)] = 1
    fault_once_file: str = ""
    fault_memory_mib: Annotated[int, Field(ge=1)] = 4096
    model_file: str = ""
    takes_turns: bool = False
    loads_file: str = ""
    killed_on_load: Annotated[int, Field(ge=1)] | None = None
    hangs_from_load: Annotated[int, Field(ge=1)] | None = None
    page_s: Annotated[float, Field(ge=0)] = 0.0
    concurrency: Annotated[int, Field(ge=1)] = 1
    tells_process: bool = False
    prints: str = ""


class FaultyEngine(Engine):
    """Reads every page as ``page <number>``, but for the pages on which it fails."""

    options_type = FaultyOptions

    def __init__(self, spec: EngineSpec) -> None:
        self._options = FaultyOptions.of(spec)
        self._kept: list[bytes] = []
        self._turn = threading.Lock() if self._options.takes_turns else nullcontext()
        self._print()
        self._count_loading()
        if self._options.model_file and not Path(self._options.model_file).is_file():
            raise EngineUnavailableError(f"the model {self._options.model_file} is missing")
        if self._options.fault_page_number == _LOADING:
            self._fail("nothing", timeout_s=0)

    @property
    def info(self) -> EngineInfo:
        """Name ``faulty``, version 1, no model."""
        return EngineInfo(name="faulty", version="1")

    @property
    def concurrency(self) -> int:
        """As the options say."""
        return self._options.concurrency

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Fail as the options say."""
        with self._turn:
            return self._read(page, timeout_s)

    def _read(self, page: PageImage, timeout_s: float) -> PageReading:
        self._print()
        time.sleep(self._options.page_s)
        content = f"page {page.page_number}"
        if self._options.tells_process:
            content += f" process {os.getpid()}"
        if self._is_due_on(page.page_number):
            self._fail(f"an image of {page.width_px} × {page.height_px}", timeout_s)
            if self._options.fault is Fault.GARBAGE:
                return self._nonsense(page)
        block = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, page.width_px, page.height_px), content=content)
        return PageReading(blocks=(block,), width_px=page.width_px, height_px=page.height_px)

    def _print(self) -> None:
        if self._options.prints:
            os.write(1, f"{self._options.prints}\n".encode())

    def _count_loading(self) -> None:
        if not self._options.loads_file:
            return
        with Path(self._options.loads_file).open("ab") as file:
            file.write(b".")
            loadings = file.tell()
        if loadings == self._options.killed_on_load:
            _strike(Fault.KILLED)
        if self._options.hangs_from_load is not None and loadings >= self._options.hangs_from_load:
            _strike(Fault.HANG)

    def _is_due_on(self, page_number: int) -> bool:
        if self._options.fault_page_number not in (None, page_number):
            return False
        if page_number < self._options.fault_from_page_number:
            return False
        if not self._options.fault_once_file:
            return True
        try:
            Path(self._options.fault_once_file).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _nonsense(self, page: PageImage) -> PageReading:
        nonsense = Block(label=BlockLabel.TEXT, bbox_px=(0, 0, 0, 0), content="").model_copy(
            update={"bbox_px": (float("nan"), 9e9, -1.0, 0.0), "confidence": 7.0, "content": "\ud800\x00"}
        )
        return PageReading(blocks=(nonsense,), width_px=page.width_px, height_px=page.height_px, confidence=7.0)

    def _fail(self, what: str, timeout_s: float) -> None:
        fault = self._options.fault
        if fault is Fault.OUT_OF_MEMORY:
            _take_memory(self._options.fault_memory_mib)
        if fault is Fault.GROWTH:
            self._kept.append(b"\x01" * (self._options.fault_memory_mib * 2**20))
        if error := _error(fault, what, timeout_s):
            raise error
        _strike(fault)


def _error(fault: Fault, what: str, timeout_s: float) -> Exception | None:
    """What the engine raises, where that is how it fails."""
    errors: dict[Fault, Exception] = {
        Fault.EXCEPTION: RuntimeError(f"no kernel for {what}"),
        Fault.TIMEOUT: PageTimeoutError(f"not read within {timeout_s:g} s"),
        Fault.LOST: EngineLostError("the device is gone: look at the host's kernel log, then run the shard again"),
        Fault.UNREACHABLE: EngineUnreachableError("the model server does not answer"),
    }
    return errors.get(fault)


def _strike(fault: Fault) -> None:
    """Hurt the process itself, where that is how it fails."""
    if fault is Fault.CRASH:
        signal.raise_signal(signal.SIGSEGV)
    if fault is Fault.KILLED:
        signal.raise_signal(signal.SIGKILL)
    if fault is Fault.BABBLE:
        _babble()
    if fault is Fault.FREEZE:
        ctypes.PyDLL(None).sleep(3600)
    while fault is Fault.HANG:
        time.sleep(3600)


def _babble() -> None:
    for descriptor in range(3, 256):
        with suppress(OSError):
            os.write(descriptor, b"\xff" * 64)


def _take_memory(limit_mib: int) -> None:
    taken = []
    for _ in range(-(-limit_mib * 2**20 // _CHUNK_BYTES)):
        taken.append(b"\x01" * _CHUNK_BYTES)  # ones, so that the pages are really touched
    raise MemoryError(f"{len(taken) * _CHUNK_BYTES / 2**20:.0f} MiB taken")
