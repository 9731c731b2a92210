"""Takes the text of digital pages as blocks: headings, paragraphs, list items, tables, running headers and footers.

Two steps, because headings and running headers show only when all pages are known: :meth:`NativeText.add` takes a page,
:meth:`NativeText.results` labels the blocks of all pages and yields a page result for each.
"""

from __future__ import annotations

import html
import pickle
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from ocr_tasks.boxes import Box
from ocr_tasks.contract import BBox, BlockLabel, ContentFormat, PageResult, PageStatus
from tenderlake.alignedforms import take_forms
from tenderlake.alignedtables import take_aligned_tables
from tenderlake.mupdf import Page, pymupdf
from tenderlake.overprint import Stamp, stamps_over
from tenderlake.pagecontent import PageContent
from tenderlake.readingorder import Paragraph, base_lines, order, paragraphs_of, rows_of
from tenderlake.ruledtables import PageTable, take_tables
from tenderlake.wording import CONTENTS_ENTRY, LIST_ITEM, HyphenHabits, clean

ENGINE = "native"
ENGINE_VERSION: str = pymupdf.__version__

_EDGE_SHARE = 0.16
_OVERLAP_PT = 2.0
_REPEATS = 3
_REPEATED_SHARE = 0.45
_COUNTING = 4
"""On fewer pages than these, words with a growing number are titles: Приложение 1, Приложение 2."""
_MAX_HEADING_CHARS = 200
_FULL_PAGE_CHARS = 600
"""So much in one size is the body text of its page, whatever size the annexes after it have."""
_LONGEST_SIGNATURE = 200
_MOST_WAITING_BYTES = 2 * 2**20
_MAX_BOLD_HEADING_CHARS = 120
_HEADING_SIZES = ((1.6, 1), (1.3, 2), (1.12, 3))
_NUMBER = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?i)[-–—\s]*(?:(?:стр(?:аница|\.)?|лист|page|p\.)\s*)?\d{1,5}(?:\s*(?:из|of|/)\s*\d{1,5})?[-–—\s]*"
)
_PAGE_WORD = re.compile(r"\b(?:стр|страниц\w|лист\w?|page|p)\b\.? #|(?:^|\s)#\s?(?:/|из|of)\s?#$", re.IGNORECASE)
_SECTION_NUMBER = re.compile(
    r"(?:\d{1,2}\.)+(?:\d{1,2})?\s+\S|(?:ГЛАВА|РАЗДЕЛ|СТАТЬЯ|ПРИЛОЖЕНИЕ|CHAPTER|SECTION)\b", re.IGNORECASE
)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class NativePage:
    """One digital page: its number, its size in pixels, its turn, and the factor from points to pixels."""

    page_number: int
    width_px: int
    height_px: int
    rotation_deg: int
    px_per_pt: float
    quality_flags: tuple[str, ...] = ()


class _Style(NamedTuple):
    """How a paragraph looks."""

    size: float
    is_bold: bool
    is_centered: bool
    row_count: int


_MarginKey = tuple[BlockLabel, str]
"""Which margin, and the words there with their numbers taken out: the same on every page for a running header."""


class _Piece(NamedTuple):
    """A block before it is labelled.

    ``style`` and ``lines`` (their texts and boxes) are those of a paragraph, ``margin`` that of a piece in one.
    """

    box: Box
    text: str
    content_format: ContentFormat = ContentFormat.TEXT
    label: BlockLabel = BlockLabel.TEXT
    heading_level: int | None = None
    style: _Style | None = None
    lines: tuple[tuple[str, BBox], ...] = ()
    margin: _MarginKey | None = None

    def packed(self) -> tuple[object, ...]:
        """Plain tuples, which take a tenth of the time to write and to read."""
        return tuple(self.box), *self[1:5], tuple(self.style) if self.style else None, *self[6:]

    @classmethod
    def unpacked(cls, packed: tuple[Any, ...]) -> _Piece:
        """The opposite of :meth:`packed`."""
        box, text, content_format, label, heading_level, style, lines, margin = packed
        style = _Style(*style) if style else None
        return cls(Box(*box), text, content_format, label, heading_level, style, lines, margin)


def _margin_of(piece: _Piece, height_pt: float) -> tuple[_MarginKey, tuple[int, ...]] | None:
    """What a piece in a margin is known by, and the numbers that this leaves out; None for other pieces."""
    zone = _zone(piece.box, height_pt) if piece.text else None
    if zone is None:
        return None
    plain = _TAG.sub(" ", piece.text) if piece.content_format is ContentFormat.HTML else piece.text
    plain = " ".join(plain.split())
    signature = _NUMBER.sub("#", plain)
    if len(signature) > _LONGEST_SIGNATURE:
        signature = sha256(signature.encode()).hexdigest()
    return (zone, signature), tuple([int(number[-18:]) for number in _NUMBER.findall(plain)])


def _spool() -> IO[bytes]:
    return SpooledTemporaryFile(_MOST_WAITING_BYTES)  # open as long as its owner, gone with it


@dataclass
class NativeText:
    """Collects the digital pages of one document.

    Pages wait in a file, in memory only while they are few: a document of a thousand pages takes no more than a short
    one. What is kept of each page is what stands in its margins.
    """

    document_id: str
    _waiting: IO[bytes] = field(default_factory=_spool, repr=False)
    _page_count: int = 0
    _margins: dict[_MarginKey, dict[int, tuple[int, ...]]] = field(default_factory=dict)
    _sizes: Counter[float] = field(default_factory=Counter)

    def add(self, page: Page, content: PageContent, native: NativePage, pictures: Sequence[Box] = ()) -> None:
        """Take the text of one page; raises whatever PyMuPDF raises.

        Args:
            page: The page of PyMuPDF.
            content: What was read from it.
            native: Its facts.
            pictures: The areas of a mixed page that OCR reads: each is an empty picture block in its place.
        """
        pieces = _pieces(page, content, pictures, native.px_per_pt)
        sizes = _sizes(pieces)
        self._sizes.update(sizes)
        waiting: list[tuple[object, ...]] = []
        for piece in pieces:
            if found := _margin_of(piece, content.turn.height_pt):
                key, numbers = found
                self._margins.setdefault(key, {}).setdefault(self._page_count, numbers)
                piece = piece._replace(margin=key)
            waiting.append(piece.packed())
        page_size = _size_of_most(sizes, _FULL_PAGE_CHARS)
        pickle.dump((native, page_size, waiting), self._waiting, pickle.HIGHEST_PROTOCOL)
        self._page_count += 1

    def results(self, page_keys: dict[int, str]) -> Iterator[PageResult]:
        """The page results in the order in which the pages were added; asked for once.

        Args:
            page_keys: The page key of every page number.
        """
        body_size = _size_of_most(self._sizes)
        repeated = self._repeated()
        self._waiting.seek(0)
        for _ in range(self._page_count):
            native, page_size, waiting = pickle.load(self._waiting)  # noqa: S301  # an unnamed file of our own
            pieces = [_Piece.unpacked(packed) for packed in waiting]
            size = max(body_size, page_size)
            labels = _margin_labels(pieces, repeated)
            labelled = [_label(piece, size, label) for piece, label in zip(pieces, labels, strict=True)]
            # Built in one go: checking every line by itself takes twice as long.
            yield PageResult.model_validate(
                {
                    "page_key": page_keys[native.page_number],
                    "document_id": self.document_id,
                    "page_number": native.page_number,
                    "status": PageStatus.DONE,
                    "engine": ENGINE,
                    "engine_version": ENGINE_VERSION,
                    "width_px": native.width_px,
                    "height_px": native.height_px,
                    "rotation_deg": native.rotation_deg,
                    "quality_flags": native.quality_flags,
                    "blocks": [_block(piece, native.px_per_pt) for piece in labelled],
                }
            )

    def _repeated(self) -> frozenset[_MarginKey]:
        """What stands in the same margin of several pages, page numbers aside.

        Left and right pages may differ, so nearly half of the pages from the first to the last occurrence are enough;
        a phrase that happens to begin a few pages of a long document is not.
        """
        if self._page_count < 2:
            return frozenset()
        needed = _REPEATS if self._page_count > _REPEATS else 2
        return frozenset(
            key
            for key, pages in self._margins.items()
            if len(pages) >= needed
            and len(pages) >= _REPEATED_SHARE * (max(pages) - min(pages) + 1)
            and _is_steady(pages, may_count=len(pages) >= _COUNTING or _is_page_count(key[1]))
        )


def _sizes(pieces: Sequence[_Piece]) -> Counter[float]:
    """The characters of paragraphs by font size, in half points."""
    sizes: Counter[float] = Counter()
    for piece in pieces:
        if piece.style is not None:
            sizes[round(piece.style.size * 2) / 2] += len(piece.text)
    return sizes


def _size_of_most(sizes: Counter[float], fewest_chars: int = 0) -> float:
    """The size that most characters have, 0 where these are too few to be body text."""
    size, chars = sizes.most_common(1)[0] if sizes else (0.0, 0)
    return size if chars >= fewest_chars else 0.0


def _is_page_count(signature: str) -> bool:
    return bool(_PAGE_WORD.search(signature)) or not any(map(str.isalpha, signature))


def _is_steady(pages: dict[int, tuple[int, ...]], *, may_count: bool) -> bool:
    """Whether every number in a margin is the same on all pages, or counts them (left and right pages, too)."""
    places = sorted(pages)
    for column in zip(*(pages[place] for place in places), strict=True):
        if len(set(column)) == 1:
            continue
        steps = {(b - a) / (q - p) for (p, q), (a, b) in zip(pairwise(places), pairwise(column), strict=True)}
        if not may_count or len(steps) != 1 or min(steps) <= 0:
            return False
    return True


def _zone(box: Box, height_pt: float) -> BlockLabel | None:
    if box.y1 <= _EDGE_SHARE * height_pt:
        return BlockLabel.HEADER
    if box.y0 >= (1 - _EDGE_SHARE) * height_pt:
        return BlockLabel.FOOTER
    return None


def _margin_labels(pieces: Sequence[_Piece], repeated: frozenset[_MarginKey]) -> list[BlockLabel | None]:
    """Header, footer or page number, where a piece is one; what stands alone on its page is what the page says."""
    labels = [_margin_label(piece, piece.margin, repeated) if piece.margin else None for piece in pieces]
    if None in labels:
        return labels
    return [label if label is BlockLabel.PAGE_NUMBER else None for label in labels]


def _margin_label(piece: _Piece, margin: _MarginKey, repeated: frozenset[_MarginKey]) -> BlockLabel | None:
    zone, is_repeated = margin[0], margin in repeated
    if piece.content_format is ContentFormat.TEXT and _PAGE_NUMBER.fullmatch(piece.text):
        return BlockLabel.PAGE_NUMBER if is_repeated or zone is BlockLabel.FOOTER else None
    return zone if is_repeated else None


def _pieces(page: Page, content: PageContent, pictures: Sequence[Box], px_per_pt: float) -> list[_Piece]:
    habits = HyphenHabits.of([line.text for line in content.lines])
    stamps = stamps_over(content.lines)
    tables, lines, sideways = take_tables(page, content, habits, stamps)
    aligned, lines = take_aligned_tables(lines, habits)
    grouped = base_lines(lines)
    forms, lines = take_forms(lines, habits, grouped)
    tables += [*aligned, *forms]
    apart, over_text = _parted(pictures, [*(line.box for line in lines), *(table.box for table in tables)])
    objects = [*(_table_piece(table) for table in tables), *map(_picture_piece, apart)]
    pieces: list[_Piece] = []
    for region in order(lines, [piece.box for piece in objects]):
        if region.object_number is not None:
            pieces.append(objects[region.object_number])
            continue
        is_all = not forms and len(region.lines) == len(lines)  # most pages are one region
        paragraphs = paragraphs_of(rows_of(grouped if is_all else base_lines(region.lines)))
        pieces += [_paragraph_piece(paragraph, habits, px_per_pt) for paragraph in paragraphs]
    # Text along the edge of a drawing sheet and the like: kept, at the end, where it breaks no sentence.
    pieces += [_Piece(line.box, clean(line.text), label=BlockLabel.OTHER) for line in sideways]
    pieces = [piece for piece in pieces if piece.text or piece.label is BlockLabel.PICTURE]
    for box in over_text:
        pieces.insert(_place_of(box, pieces), _picture_piece(box))
    for stamp in stamps:
        last = max((number for number, piece in enumerate(pieces) if piece.box.clipped(stamp.box).area > 0), default=-1)
        pieces.insert(last + 1, _stamp_piece(stamp, px_per_pt))
    return pieces


def _parted(pictures: Sequence[Box], texts: list[Box]) -> tuple[list[Box], list[Box]]:
    """Pictures apart from text, and those with text over them, such as seals: they must not cut sentences."""
    apart: list[Box] = []
    over_text: list[Box] = []
    for box in pictures:
        inner = box.grown(-_OVERLAP_PT) if min(box.width, box.height) > 3 * _OVERLAP_PT else box
        (over_text if any(text.clipped(inner).area > 0 for text in texts) else apart).append(box)
    return apart, over_text


def _place_of(box: Box, pieces: list[_Piece]) -> int:
    """After the last block that it overlaps, as a seal after the signatures; a picture behind the page comes first."""
    overlapped = [number for number, piece in enumerate(pieces) if piece.box.clipped(box).area > 0]
    if len(overlapped) == len(pieces):
        return 0
    return overlapped[-1] + 1 if overlapped else len(pieces)


def _paragraph_piece(paragraph: Paragraph, habits: HyphenHabits, px_per_pt: float) -> _Piece:
    return _Piece(
        paragraph.box,
        paragraph.text(habits),
        style=_Style(paragraph.size, paragraph.is_bold, paragraph.is_centered, len(paragraph.rows)),
        lines=tuple([(row.text, _px(row.box, px_per_pt)) for row in paragraph.rows]),
    )


def _stamp_piece(stamp: Stamp, px_per_pt: float) -> _Piece:
    texts = [clean(line.text) for line in stamp.lines]
    lines = [(text, _px(line.box, px_per_pt)) for text, line in zip(texts, stamp.lines, strict=True)]
    return _Piece(stamp.box, "\n".join(texts), label=BlockLabel.OTHER, lines=tuple(lines))


def _picture_piece(box: Box) -> _Piece:
    return _Piece(box, "", label=BlockLabel.PICTURE)


def _table_piece(table: PageTable) -> _Piece:
    return _Piece(table.box, table.html, ContentFormat.HTML, BlockLabel.TABLE)


def _label(piece: _Piece, body_size: float, edge: BlockLabel | None) -> _Piece:
    if edge is not None:
        if piece.content_format is ContentFormat.HTML:
            text = " ".join(html.unescape(_TAG.sub(" ", piece.text)).split())
            return piece._replace(label=edge, text=text, content_format=ContentFormat.TEXT)
        return piece._replace(label=edge)
    if piece.style is None:
        return piece
    level = _heading_level(piece.text, piece.style, body_size)
    if level is not None:
        return piece._replace(label=BlockLabel.HEADING, heading_level=level)
    return piece._replace(label=BlockLabel.LIST_ITEM) if LIST_ITEM.match(piece.text) else piece


def _heading_level(text: str, style: _Style, body_size: float) -> int | None:
    """1 to 4 by size against the body text; 4 for short bold paragraphs of body size that are numbered or centred."""
    if len(text) > _MAX_HEADING_CHARS or style.row_count > 4 or not any(char.isalpha() for char in text):
        return None
    if body_size <= 0 or text.endswith((",", ";")) or CONTENTS_ENTRY.search(text):
        return None
    for ratio, level in _HEADING_SIZES:
        if style.size >= ratio * body_size:
            return level
    if not style.is_bold or style.size < 0.95 * body_size:
        return None
    is_short = len(text) <= _MAX_BOLD_HEADING_CHARS
    if _SECTION_NUMBER.match(text) or (is_short and (style.is_centered or text.isupper())):
        return 4
    return None


def _px(box: Box, px_per_pt: float) -> BBox:
    x0, y0, x1, y1 = box
    return round(x0 * px_per_pt, 1), round(y0 * px_per_pt, 1), round(x1 * px_per_pt, 1), round(y1 * px_per_pt, 1)


def _block(piece: _Piece, px_per_pt: float) -> dict[str, object]:
    """The fields of a :class:`~ocr_tasks.contract.Block`."""
    return {
        "label": piece.label,
        "bbox_px": _px(piece.box, px_per_pt),
        "content": piece.text,
        "content_format": piece.content_format,
        "heading_level": piece.heading_level,
        "lines": [{"text": text, "bbox_px": bbox_px} for text, bbox_px in piece.lines],
    }
