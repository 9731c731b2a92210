"""Text that Markdown shows as it is: hostile files and models write it, and nothing in it may become markup."""

from __future__ import annotations

import re

_INLINE = re.compile(r"[\\`*<]|&(?=#?\w+;)|(?<=[^\s_])_+(?!\w)|(?<=\])\(")
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
_LINE_START = re.compile(r"^(\s*)([#>+\[-]|=+\s*$|~~~|(?:_\s*){3,}$)", re.MULTILINE)
_TAG_IN_FORMULA = re.compile(r"<(?=[A-Za-z/!?])")


def escape(text: str) -> str:
    """Text that a CommonMark reader shows as it is (https://spec.commonmark.org, 2.4 Backslash escapes).

    Numbers at the start of a line stay, so that clauses keep their numbers. Underscores stay where they cannot end an
    emphasis (6.2 Emphasis, rules 3 to 8): inside words, and after a space, as in blanks to fill in. Square brackets
    stay where they begin no line: a link needs a round bracket behind them, or a definition at the start of a line.
    """
    text = _INLINE.sub(lambda match: _ENTITIES.get(match[0]) or "".join(f"\\{sign}" for sign in match[0]), text)
    return _LINE_START.sub(lambda match: f"{match[1]}\\{match[2]}", text)


def formula(source: str) -> str:
    """LaTeX between ``$$``, with nothing in it that readers without formulas take for HTML or a picture."""
    lines = (line.strip() for line in source.replace("$$", "").splitlines())
    text = "\n".join(line for line in lines if line)
    text = _TAG_IN_FORMULA.sub(r"\\lt ", text).replace("](", "] (")
    return f"$$\n{text}\n$$" if text else ""
