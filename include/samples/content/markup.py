"""Small pieces of HTML that the documents share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_VOWEL, _CONSONANT, _LETTER = "[аеёиоуыэюя]", "[бвгджзклмнпрстфхцчшщ]", "[а-яё]"
_BREAKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        f"([йьъ])({_LETTER}{_LETTER})",
        f"({_VOWEL})({_VOWEL}{_LETTER})",
        f"({_VOWEL}{_CONSONANT})({_CONSONANT}{_VOWEL})",
        f"({_CONSONANT}{_VOWEL})({_CONSONANT}{_VOWEL})",
        f"({_VOWEL}{_CONSONANT})({_CONSONANT}{_CONSONANT}{_VOWEL})",
        f"({_VOWEL}{_CONSONANT}{_CONSONANT})({_CONSONANT}{_CONSONANT}{_VOWEL})",
    )
)


def cell(content: object, classes: str = "", *, width_pt: float | None = None, span: int = 1, tag: str = "td") -> str:
    """A table cell; ``span`` is how many columns it covers."""
    width = f' style="width:{width_pt}pt"' if width_pt else ""
    colspan = f' colspan="{span}"' if span > 1 else ""
    return f'<{tag} class="{classes}"{colspan}{width}>{content}</{tag}>'


def row(cells: Iterable[str]) -> str:
    """A table row of finished cells."""
    return f"<tr>{''.join(cells)}</tr>"


def grid(rows: Iterable[str], *, size_pt: float | None = None) -> str:
    """A ruled table; ``size_pt`` is its type size where it differs from the page's."""
    style = f' style="font-size:{size_pt}pt"' if size_pt else ""
    return f'<table class="grid"{style}>{"".join(rows)}</table>'


def numbering(columns: int) -> str:
    """The row «1 2 3 …» under a table's head."""
    return row(cell(number, "c small") for number in range(1, columns + 1))


def pairs(entries: Sequence[tuple[str, str]], label_width_pt: float) -> str:
    """A ruled table of two columns, label and value."""
    return grid(row((cell(label, width_pt=label_width_pt), cell(value))) for label, value in entries)


def beside(left: str, right: str, left_width_pt: float) -> str:
    """Two unruled columns."""
    return f"<table>{row((cell(left, width_pt=left_width_pt), cell(right)))}</table>"


def hyphenated(text: str) -> str:
    """Soft hyphens where Russian words may be broken (the six rules of P. Khristov); MuPDF's own patterns are worse."""
    for pattern in _BREAKS:
        text = pattern.sub("\\1\u00ad\\2", text)
    return text


def clauses(texts: Iterable[str]) -> str:
    """Justified and hyphenated paragraphs of plain text."""
    return "".join(f'<p class="j">{hyphenated(text)}</p>' for text in texts)
