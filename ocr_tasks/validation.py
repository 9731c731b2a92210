"""Tells in one line what is wrong with data, without showing the data: a shard's addresses are signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_SHOWN = 3
_MISSING = "missing"
_WORDS = {
    _MISSING: "is missing",
    "extra_forbidden": "is unknown",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}
"""What is said in place of the library's words, by its kinds of errors."""
_PARSING = re.compile(r", unable to .*$")
_BEGINNING = re.compile(r"^(Input|String|List|Tuple|Dictionary|Value|Data) should ")


def one_line(error: ValidationError, *, but_missing: bool = False) -> str:
    """Return where and what, such as ``pages.0.dpi: must be greater than 0``.

    Args:
        error: What the validation found.
        but_missing: Leave out that something is missing; where nothing else is wrong, nothing is returned.
    """
    problems = [
        problem
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
        if not (but_missing and problem["type"] == _MISSING)
    ]
    told = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {words(problem)}" if problem["loc"] else words(problem)
        for problem in problems[:_SHOWN]
    ]
    if len(problems) > _SHOWN:
        told.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(told)


def words(problem: Mapping[str, Any]) -> str:
    """What is wrong, in plain words: one of pydantic's error details."""
    said = _WORDS.get(problem["type"]) or str(problem["msg"]).removeprefix("Value error, ")
    return _BEGINNING.sub("must ", _PARSING.sub("", said))
