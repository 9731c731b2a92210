"""Whether a reason is one that a person understands."""

from __future__ import annotations

import re

_FOR_PROGRAMMERS = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt)\b|Traceback|errno|\b0x[0-9a-f]+|\b(?:error|status|code) -?\d"
    r"|\b(?-i:None|NoneType|True|False|nan|self)\b|<[\w. ]+ object|\bobject at\b|^['\"]|\.py\b|: *$|\bcodec\b|/tmp/",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3


def is_for_people(reason: str | None) -> bool:
    """Some words of English, without names and numbers that only a programmer knows: exceptions, codes, addresses."""
    words = re.findall(r"[A-Za-z]{2,}", reason or "")
    return len(words) >= _FEWEST_WORDS and not _FOR_PROGRAMMERS.search(reason or "")
