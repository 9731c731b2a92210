"""Which purchase a source belongs to, from its path in the inbox."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=8)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def tender_id_of(path: str, pattern: str) -> str | None:
    """The first match of the pattern in the path (its first group, where it has one), None where nothing matches.

    The default pattern of the settings finds purchase numbers of the unified system: 19 digits under 44-FZ, under
    223-FZ 11 that begin with 3 and the year.
    """
    match = _compiled(pattern).search(path)
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]
