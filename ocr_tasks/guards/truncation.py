"""Text that stops before its end, where the text alone shows it. Engines that know why a model stopped say more."""

from __future__ import annotations

import re

_TABLE = re.compile(r"<(/?)table\b", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{")
_ROW_END = "<nl>"
_CELL = re.compile(r"<(?:fcel|ecel|lcel|ucel|xcel)>")


def is_truncated(text: str, *, is_table: bool) -> bool:
    """Whether a table or a formula was begun and not ended.

    An unbalanced brace is no sign: models forget one in the middle of a formula that is whole.
    """
    if is_table and (_has_open_table(text) or _has_short_last_row(text)):
        return True
    kinds = [match.group(1) for match in _ENVIRONMENT.finditer(text)]
    return kinds.count("begin") > kinds.count("end")


def _has_open_table(text: str) -> bool:
    marks = [match.group(1) for match in _TABLE.finditer(text)]
    return marks.count("") > marks.count("/")


def _has_short_last_row(text: str) -> bool:
    """OTSL has no end mark, but each row has the same number of cells."""
    *rows, last = text.rstrip().split(_ROW_END)
    if not rows or not last:
        return False
    widths = {len(_CELL.findall(row)) for row in rows}
    return len(widths) == 1 and len(_CELL.findall(last)) < max(widths)
