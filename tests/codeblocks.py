"""The examples of a document: its fenced blocks of code, to be run as readers run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True)
class CodeBlock:
    """``place`` is the file with the line of the first line of code, for messages."""

    language: str
    code: str
    heading: str
    place: str


def code_blocks(document: str) -> list[CodeBlock]:
    """All blocks of a document in ``docs/``, in order."""
    blocks, heading = [], ""
    tokens = MarkdownIt().parse((DOCS / document).read_text(encoding="utf-8"))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following:
            heading = following.content
        if token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 2
            blocks.append(CodeBlock(token.info, token.content, heading, f"docs/{document}:{line} ({heading})"))
    return blocks
