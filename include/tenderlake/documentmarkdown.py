"""The Markdown of a document, page by page, with tables that go on over pages as one.

The table stands where it begins, and the marks of the pages that it goes on over follow it. Only the open table is kept
in memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from ocr_tasks.contract import Block, PageResult
from ocr_tasks.htmltables import ParseTable, Table, parse_html_table, table_markdown
from ocr_tasks.markdown import document_page, front_matter, page_markdown
from tenderlake.continuedtables import continuation_of, joined, last_table

MARKDOWN_MEDIA_TYPE = "text/markdown; charset=utf-8"
_FLAGS = "quality_flags"


@dataclass
class _OpenTable:
    """A table at the end of the last page; ``marks`` are the pages that hold nothing but more of it."""

    table: Table
    block: Block
    page: PageResult
    marks: list[str] = field(default_factory=list)


class DocumentMarkdown:
    """Writes pages in order to a text file; :meth:`close` writes what is kept back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._open: _OpenTable | None = None

    def add(self, page: PageResult, trouble: str | None = None, parse: ParseTable = parse_html_table) -> None:
        """Write one page; ``trouble`` says why only a part of it was read."""
        blocks = list(page.blocks)
        end = last_table(page)
        is_whole_page = False
        if self._open is not None:
            found = continuation_of(self._open.table, self._open.block, self._open.page, page, parse)
            if found is None:
                self.close()
            else:
                place = found.first + found.block_count - 1
                self._open.table = joined(self._open.table, found.table)
                self._open.block, self._open.page = blocks[place], page
                is_whole_page = end == place
                del blocks[found.first : place + 1]
                end = None if is_whole_page or end is None else end - found.block_count
        if self._open is not None and is_whole_page:
            self._open.marks.append(self._text(page, blocks, trouble, parse))
            return
        self.close()
        ending = blocks.pop(end) if end is not None else None
        self._file.write(self._text(page, blocks, trouble, parse))
        if ending is not None:
            self._open = _OpenTable(parse(ending.content), ending, page)

    def close(self) -> None:
        """Write the table that no page goes on with."""
        if self._open is None:
            return
        if text := table_markdown(self._open.table):
            self._file.write(f"\n{text}\n")
        self._file.write("".join(self._open.marks))
        self._open = None

    def _text(self, page: PageResult, blocks: list[Block], trouble: str | None, parse: ParseTable) -> str:
        rest = page.model_copy(update={"blocks": tuple(blocks)})
        return document_page(page, page_markdown(rest, parse), trouble)


def add_flags(source: Path, target: Path, flags: Sequence[str]) -> None:
    """Write the Markdown of a document with more quality flags in its front matter, in constant memory.

    What validation finds is known only when the Markdown is written.
    """
    with source.open(encoding="utf-8", newline="") as old, target.open("w", encoding="utf-8", newline="") as new:
        line = old.readline()
        is_front = line == "---\n"
        new.write(line)
        while is_front and (line := old.readline()):
            if line.startswith(f"{_FLAGS}: "):
                known = json.loads(line.partition(" ")[2])
                line = front_matter({_FLAGS: list(dict.fromkeys([*known, *flags]))}).splitlines(keepends=True)[1]
            new.write(line)
            is_front = line != "---\n"
        shutil.copyfileobj(old, new)
