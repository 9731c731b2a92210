"""Counts the pages of a PDF by its tree of pages, where the file says too few or makes no sense (ISO 32000-1, 7.7.3).

MuPDF believes the count in the root of the tree: pages past it would be lost without a word.
"""

from __future__ import annotations

from typing import Any

from tenderlake.mupdf import Document, pymupdf

_Node = Any
_MOST_DEPTH = 100
_MOST_NODES = 200_000
"""Of one tree, far more than pages are allowed."""
_MOST_MISSING = 1000
"""A count that is wrong by more is none."""


def mend_page_count(document: Document) -> None:
    """Correct the count of every branch that has more pages than it says, or says a number that cannot be.

    Pages that are counted and not there are left: each is told of when it is read.
    """
    mupdf = pymupdf.mupdf
    pdf = mupdf.pdf_document_from_fz_document(document.this)
    root = mupdf.pdf_dict_gets(mupdf.pdf_dict_gets(mupdf.pdf_trailer(pdf), "Root"), "Pages")
    tree = _PageTree()
    if not mupdf.pdf_is_dict(root) or tree.count(root) is None:
        return
    for node, count in tree.wrong:
        mupdf.pdf_dict_puts(node, "Count", mupdf.pdf_new_int(count))


class _PageTree:
    """Goes through a tree once. ``wrong``: the branches whose count has to be another, with that."""

    def __init__(self) -> None:
        self.wrong: list[tuple[_Node, int]] = []
        self._seen: set[int] = set()
        self._nodes = 0

    def count(self, node: _Node, depth: int = 0) -> int | None:
        """The pages of a branch; None where it has no end."""
        mupdf = pymupdf.mupdf
        kids = mupdf.pdf_dict_gets(node, "Kids")
        number = mupdf.pdf_to_num(node)
        if depth >= _MOST_DEPTH or (number and number in self._seen):
            return None
        self._seen.add(number)
        found = 0
        for place in range(mupdf.pdf_array_len(kids)):
            self._nodes += 1
            if self._nodes > _MOST_NODES:
                return None
            pages = self._count_kid(mupdf.pdf_array_get(kids, place), depth)
            if pages is None:
                return None
            found += pages
        said = mupdf.pdf_to_int(mupdf.pdf_dict_gets(node, "Count"))
        if found > said or said > found + _MOST_MISSING:
            self.wrong.append((node, found))
            return found
        return int(said)

    def _count_kid(self, kid: _Node, depth: int) -> int | None:
        mupdf = pymupdf.mupdf
        if not mupdf.pdf_is_dict(kid):
            return 0
        return self.count(kid, depth + 1) if mupdf.pdf_is_array(mupdf.pdf_dict_gets(kid, "Kids")) else 1
