"""The Markdown of a document, page by page, with tables that go on over pages as one.

The table stands where it begins, and the marks of the pages that it goes on over follow it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ocr_tasks.contract import PageResult
from ocr_tasks.htmltables import ParseTable, parse_html_table, table_markdown
from ocr_tasks.markdown import document_page, front_matter, page_markdown
from tenderlake.continuedtables import PageTables, WholeTable

MARKDOWN_MEDIA_TYPE = "text/markdown; charset=utf-8"
_FLAGS = "quality_flags"


class DocumentMarkdown:
    """Writes pages in order to a text file; :meth:`close` writes what is kept back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._marks: list[str] = []
        """Of pages that hold nothing but more of the open table."""

    def add(
        self,
        page: PageResult,
        tables: PageTables,
        trouble: str | None = None,
        parse: ParseTable = parse_html_table,
    ) -> None:
        """Write one page.

        Args:
            page: the page.
            tables: what the walk through the document says of it.
            trouble: why only a part of it was read.
            parse: makes its tables.
        """
        self.close(tables.ended)
        kept_back = {*tables.continued, *(own.place for own in tables.own if own.is_open)}
        blocks = tuple(block for place, block in enumerate(page.blocks) if place not in kept_back)
        rest = page.model_copy(update={"blocks": blocks})
        text = document_page(page, page_markdown(rest, parse), trouble)
        if tables.goes_on:
            self._marks.append(text)
        else:
            self._file.write(text)

    def close(self, ended: WholeTable | None) -> None:
        """Write the table that no page goes on with."""
        if ended is None:
            return
        if text := table_markdown(ended.table):
            self._file.write(f"\n{text}\n")
        self._file.write("".join(self._marks))
        self._marks = []


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
