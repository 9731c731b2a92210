"""The guards let real text pass: text layers of real documents, tables included, and transcriptions.

Measured: none of 604 pieces of transcriptions and none of 5,847 blocks of text layers is doubted, but for one document
that is filled with «кккккк» for want of text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_tasks.contract import BlockLabel, PageResult, ReadingFlag
from ocr_tasks.guards import text_flags
from tenderlake.documents import NATIVE_PAGES_NAME, DocumentManifest, PrepareLimits, PrepareOptions
from tenderlake.sandbox import PrepareSandbox
from tests.obstacles import corpus_folder

pytestmark = pytest.mark.corpus

MOST_DOUBTED = 0.01
"""Share of pieces of good text."""
PIECE_CHARACTERS = 3000
"""A page of text."""
FEWEST_PIECES = 300
FEWEST_BLOCKS = 1000
FILLER = "table-multipage-3p"
"""Its author typed one letter again and again: that is what the guards are to doubt."""

Piece = tuple[str, str, bool]
"""Where it is from, the text, whether it is a table."""


def transcriptions() -> Iterator[Piece]:
    for file in sorted(path for ending in ("*.txt", "*.gt.md") for path in corpus_folder().rglob(ending)):
        text = file.read_text(encoding="utf-8", errors="replace")
        for start in range(0, len(text), PIECE_CHARACTERS):
            yield file.name, text[start : start + PIECE_CHARACTERS], False


def text_layers(folder: Path) -> Iterator[Piece]:
    with PrepareSandbox(PrepareLimits(timeout_s=120)) as sandbox:
        for number, file in enumerate(
            sorted((*corpus_folder().glob("ru-*/*.pdf"), *corpus_folder().glob("multi/*.pdf")))
        ):
            output = folder / str(number)
            output.mkdir()
            if not isinstance(sandbox.prepare(file, output, "d0c", PrepareOptions(dpi=72)), DocumentManifest):
                continue
            for line in (output / NATIVE_PAGES_NAME).read_bytes().splitlines():
                page = PageResult.model_validate_json(line)
                for block in page.blocks:
                    yield f"{file.name} page {page.page_number}", block.content, block.label is BlockLabel.TABLE


def doubted(pieces: list[Piece]) -> list[tuple[str, list[str]]]:
    judged = [(name, text_flags(text, is_table=is_table)) for name, text, is_table in pieces if FILLER not in name]
    wrong = [(name, sorted(flag.value for flag in flags)) for name, flags in judged if flags]
    print(f"{len(wrong)} of {len(judged)} pieces doubted: {wrong}")
    return wrong


def test_transcriptions_are_not_doubted() -> None:
    pieces = list(transcriptions())
    assert len(pieces) >= FEWEST_PIECES
    assert len(doubted(pieces)) <= MOST_DOUBTED * len(pieces)


def test_text_layers_and_their_tables_are_not_doubted(tmp_path: Path) -> None:
    pieces = list(text_layers(tmp_path))
    assert len(pieces) >= FEWEST_BLOCKS
    assert sum(is_table for _, _, is_table in pieces) > FEWEST_BLOCKS // 100
    assert len(doubted(pieces)) <= MOST_DOUBTED * len(pieces)


def test_a_page_filled_with_one_letter_is_doubted() -> None:
    filled = [text_flags(text, is_table=False) for name, text, _ in transcriptions() if FILLER in name]
    assert filled
    assert all(ReadingFlag.REPETITION in flags for flags in filled)
