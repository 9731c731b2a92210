"""How preparing a source ends early."""

from __future__ import annotations

from tenderlake.documents import Rejection
from tenderlake.states import SourceState

_MAX_REASON_CHARS = 500


class RejectedError(Exception):
    """The source ends here, in a final state and with a reason for people."""

    def __init__(self, state: SourceState, reason: str) -> None:
        super().__init__(reason)
        self.rejection = Rejection(state=state, reason=one_line(reason))


class ConverterNeededError(Exception):
    """Another program must convert the document, and this process may start none."""


def one_line(text: object) -> str:
    """An error's words for a reason: one line, printable, not endless."""
    words = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return words if len(words) <= _MAX_REASON_CHARS else words[: _MAX_REASON_CHARS - 1] + "…"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; MuPDF says it in words."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _MEMORY_SIGNS)


def is_disk_trouble(error: BaseException) -> bool:
    """Whether it is our disk that failed, not the document: decoders raise OSError without a number."""
    return isinstance(error, OSError) and error.errno is not None


_MEMORY_SIGNS = ("malloc", "calloc", "realloc", "out of memory", "bad_alloc", "cannot allocate")

NOT_ENOUGH_MEMORY = "it needs more memory than TENDERLAKE_DOCUMENT_MEMORY_BYTES allows"
