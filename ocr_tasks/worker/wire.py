"""What a reader and its worker process say to each other over a socket.

A frame is two sizes (32 bits each, network order), a JSON header and a body of bytes: the image of a page on the way
to the worker, the JSON of a ``PageResult`` on the way back. Nothing is pickled: the worker handles hostile documents.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Annotated, Final, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines import EngineInfo
from ocr_tasks.errors import (
    BadShardError,
    EngineLostError,
    EngineUnavailableError,
    EngineUnreachableError,
    TaskError,
)
from ocr_tasks.reading import PageRequest
from ocr_tasks.settings import RunSettings

LOADING: Final = 0
"""The number of the answer to ``Start``; pages are numbered from 1."""

_SIZES = struct.Struct("!II")
_MAX_HEADER_BYTES = 2**20
_MAX_MESSAGE_LENGTH = 4000
_ERRORS: dict[str, type[TaskError] | type[MemoryError]] = {
    "BadShardError": BadShardError,
    "EngineLostError": EngineLostError,  # before the class that it is a case of
    "EngineUnavailableError": EngineUnavailableError,
    "EngineUnreachableError": EngineUnreachableError,
    "MemoryError": MemoryError,
}


class WireError(Exception):
    """The other side said what makes no sense."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Start(_Message):
    """To the worker, once: load this engine."""

    engine: EngineSpec
    settings: RunSettings


class Read(_Message):
    """To the worker: read a page; the body is its image."""

    number: Annotated[int, Field(gt=LOADING)]
    request: PageRequest


class Ready(_Message):
    """From the worker: the engine is loaded."""

    kind: Literal["ready"] = "ready"
    number: Literal[0] = LOADING
    info: EngineInfo
    concurrency: Annotated[int, Field(ge=1, le=1024)]


class Result(_Message):
    """From the worker: a page has been read; the body is its result."""

    kind: Literal["result"] = "result"
    number: Annotated[int, Field(gt=LOADING)]


class Failure(_Message):
    """From the worker: the engine could not be loaded, or what it raised that is about more than one page."""

    kind: Literal["failure"] = "failure"
    number: int
    error: Literal[
        "BadShardError", "EngineLostError", "EngineUnavailableError", "EngineUnreachableError", "MemoryError"
    ]
    message: Annotated[str, Field(max_length=_MAX_MESSAGE_LENGTH)]

    @classmethod
    def of(cls, number: int, error: TaskError | MemoryError) -> Failure:
        """What to say of an error."""
        message = str(error)[:_MAX_MESSAGE_LENGTH].encode(errors="replace").decode()
        name = next((name for name, kind in _ERRORS.items() if isinstance(error, kind)), "EngineUnavailableError")
        return cls.model_validate({"number": number, "error": name, "message": message})

    @property
    def exception(self) -> TaskError | MemoryError:
        """The error, to be raised on this side."""
        return _ERRORS[self.error](self.message)


Answer = Annotated[Union[Ready, Result, Failure], Field(discriminator="kind")]  # noqa: UP007  pydantic on Python 3.10
ANSWER: TypeAdapter[Ready | Result | Failure] = TypeAdapter(Answer)


class Channel:
    """One end of the socket. Frames may be sent from several threads; one thread receives.

    Args:
        connection: The socket.
        max_body_bytes: What says it has a longer body is not listened to.
    """

    def __init__(self, connection: socket.socket, *, max_body_bytes: int) -> None:
        self._connection = connection
        self._max_body_bytes = max_body_bytes
        self._sending = threading.Lock()

    def send(self, header: BaseModel, body: bytes = b"") -> None:
        """Send a frame.

        Raises:
            OSError: Nobody is there any more.
        """
        text = header.model_dump_json().encode()
        with self._sending:
            self._connection.sendall(_SIZES.pack(len(text), len(body)) + text)
            self._connection.sendall(body)

    def receive(self) -> tuple[bytes, bytes] | None:
        """Wait for a frame: its header and its body, None where the other side has closed its end.

        Raises:
            WireError: It is no frame.
            OSError: Nobody is there any more.
        """
        try:
            header_bytes, body_bytes = _SIZES.unpack(self._receive_exactly(_SIZES.size))
            if header_bytes > _MAX_HEADER_BYTES or body_bytes > self._max_body_bytes:
                raise WireError(f"a frame of {header_bytes} + {body_bytes} bytes")
            return self._receive_exactly(header_bytes), self._receive_exactly(body_bytes)
        except EOFError:
            return None

    def stop_sending(self) -> None:
        """Let the other side know that nothing will come any more."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def shut_down(self) -> None:
        """Wake whoever sends or waits for a frame; what has arrived can still be received."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def _receive_exactly(self, count: int) -> bytes:
        """So many bytes; ``EOFError`` where the other side closes its end before."""
        received = bytearray(count)
        view, filled = memoryview(received), 0
        while filled < count:
            part = self._connection.recv_into(view[filled:])
            if not part:
                raise EOFError
            filled += part
        return bytes(received)
