"""How preparing a source ends early."""

from __future__ import annotations

import errno
import re
import struct

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
    """An error's words for a reason: plain, in one line, not endless, and about the file rather than about programs."""
    if _is_for_programmers(text):
        return NO_SENSE
    said = _PYTHON_OBJECT.sub("the file", _plain(text) if isinstance(text, BaseException) else str(text))
    said = _NUMBER_OF_ERROR.sub("", said)
    words = " ".join("".join(char if char.isprintable() else " " for char in said).split())
    return words if len(words) <= _MAX_REASON_CHARS else words[: _MAX_REASON_CHARS - 1] + "…"


def _is_for_programmers(error: object) -> bool:
    """Whether an error says what went wrong within a reader, as in "list index out of range"."""
    if not isinstance(error, BaseException):
        return False
    has_errno = isinstance(error, OSError) and error.errno is not None
    return has_errno or isinstance(error, _PROGRAMMERS_ERRORS) or not str(error).strip()


def _plain(error: BaseException) -> str:
    """What a library says of checksums, positions and codes of its own, in the words of people."""
    said = str(error)
    return next((words for sign, words in _PLAIN_WORDS if sign.search(said)), said)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; MuPDF says it in words."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _MEMORY_SIGNS)


def is_disk_trouble(error: BaseException) -> bool:
    """Whether it is our disk that failed, not the document.

    Decoders raise OSError without a number, and damaged files send their readers to places that no file has.
    """
    return isinstance(error, OSError) and error.errno is not None and error.errno not in _IMPOSSIBLE_PLACE


_PLAIN_WORDS = tuple(
    (re.compile(sign, re.IGNORECASE), words)
    for sign, words in (
        (r"\bcrc|checksum", "its checksum is wrong"),
        (r"end.of.stream|ended before|unexpected end|truncated|\beof\b|end of (?:data|file)", "it ends too early"),
        (r"magic number|not a zip|central dir|bad 7z|invalid header", "its list of contents is damaged"),
        (r"line \d+, column \d+", "its XML is damaged"),
        (r"cannot identify", "its beginning makes no sense"),
        (r"data stream|codec configuration|decoder error|buffer overrun", "its data is damaged"),
        (
            r"error -?\d|decompress|invalid (?:distance|data|block|code|stored|literal|bit)|corrupt",
            "its data is damaged",
        ),
    )
)

_MEMORY_SIGNS = ("malloc", "calloc", "realloc", "out of memory", "bad_alloc", "cannot allocate")
_IMPOSSIBLE_PLACE = (errno.EINVAL, errno.EOVERFLOW)
"""What the kernel says of a negative or far too large offset (lseek(2), pread(2))."""
_PROGRAMMERS_ERRORS = (
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    UnicodeError,
    RecursionError,
    struct.error,
)
_NUMBER_OF_ERROR = re.compile(r"^code=\d+: ")
"""What MuPDF's errors begin with."""
_PYTHON_OBJECT = re.compile(r"<_io\.[^<>]*>")

NO_SENSE = "what it says of its own structure makes no sense"
"""In place of what only programmers understand; the task's log has that."""
NOT_ENOUGH_MEMORY = "it needs more memory than TENDERLAKE_DOCUMENT_MEMORY_BYTES allows"
