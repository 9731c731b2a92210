"""Tells in one line what is wrong with data, without showing the data: a shard's addresses are signed."""

from __future__ import annotations

from pydantic import ValidationError

_SHOWN = 3


def one_line(error: ValidationError) -> str:
    """Return where and what, such as ``pages.0.dpi: Input should be greater than 0``."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" if problem["loc"] else problem["msg"]
        for problem in problems[:_SHOWN]
    ]
    if len(problems) > _SHOWN:
        told.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(told)
