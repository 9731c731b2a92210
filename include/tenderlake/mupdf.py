"""PyMuPDF as this project uses it: quiet, with one thread, without its layout models.

Every module gets ``pymupdf`` from here. Importing PyMuPDF 2 plainly also imports pymupdf4llm, NumPy and ONNX Runtime
where they are installed (they are: it requires them), which takes a second, 250 MB of address space and five threads.
A process with threads must not fork, and the sandbox forks. Nothing of ours uses the layout models.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNWANTED = ("pymupdf4llm", "pymupdf.layout")


@contextmanager
def _not_importable(*names: str) -> Iterator[None]:
    """Make ``import name`` fail inside the block for modules that are not imported yet."""
    blocked = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]  # None is how Python marks "do not import"
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]


with _not_importable(*_UNWANTED):
    import pymupdf

pymupdf.no_recommend_layout()
# Complaints of the library would go to the task's standard output; we take the first one as the reason instead.
pymupdf.set_messages(path=os.devnull)
pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)
# OCR needs no exact colours; without colour management pages render up to twice as fast, and no profile is parsed.
pymupdf.TOOLS.set_icc(False)

Page = Any
Document = Any
"""PyMuPDF has no type hints; these names say which of its objects is meant."""

_NUMBER_OF_BYTES = re.compile(r" \(?0x[0-9a-f]+\b\)?")
"""What bytes MuPDF met where it expected others; nobody can do anything with it."""
_INCOMPLETE = (
    "page may not be correct",
    "Ignoring error during interpretation",
    "treating as end of file",
    "padding truncated image",
    "premature end of file in jpeg",
)
_HARMLESS = ("dropping unclosed", "repairing PDF document", "trying to repair broken xref", "... repeated")


def forget_complaints() -> None:
    """Drop what MuPDF has complained about so far."""
    pymupdf.TOOLS.reset_mupdf_warnings()


def first_complaint() -> str | None:
    """The first thing MuPDF complained about since :func:`forget_complaints`, in its words, shortened; else None."""
    lines = str(pymupdf.TOOLS.mupdf_warnings(reset=False) or "").splitlines()
    telling = [line.strip() for line in lines if line.strip() and not line.startswith(_HARMLESS)]
    words = _NUMBER_OF_BYTES.sub("", telling[0]) if telling else ""
    return "".join(ch if ch.isprintable() else "?" for ch in words)[:200] or None


def is_page_incomplete() -> bool:
    """Whether MuPDF gave up a part of a page's content or pictures since :func:`forget_complaints`."""
    said = str(pymupdf.TOOLS.mupdf_warnings(reset=False) or "")
    return any(sign in said for sign in _INCOMPLETE)


__all__ = ["Document", "Page", "first_complaint", "forget_complaints", "is_page_incomplete", "pymupdf"]
