"""Tesseract 5 through its own API, loaded once: a process a page would pay for loading the models every time."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

# Before the library is loaded, because OpenMP reads it then. One thread: Tesseract's own threads slow down several
# processes on one machine, and pages are what is worth doing in parallel.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import tesserocr
from PIL import Image, ImageFilter, ImageOps
from pydantic import Field
from tesserocr import OEM, PSM, PT, RIL, WritingDirection

from ocr_tasks.contract import BBox, EngineSpec, ReadingFlag
from ocr_tasks.engines.base import Engine, EngineInfo, Finding, PageReading
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.engines.tessdata import find_tessdata, model_digest
from ocr_tasks.engines.tesseract_doubts import reading_doubts
from ocr_tasks.engines.tesseract_layout import Paragraph, ParagraphKind, build_blocks, mean_confidence, page_words
from ocr_tasks.engines.tesseract_tables import find_ruled_page
from ocr_tasks.engines.tesseract_turning import (
    is_clearly_better,
    is_read_well,
    is_sideways,
    part_with_ink,
    substance,
    words_within,
)
from ocr_tasks.engines.tesseract_words import TextLine, Word
from ocr_tasks.errors import EngineUnavailableError, PageError, PageTimeoutError
from ocr_tasks.images import PageImage
from ocr_tasks.skew import find_skew_deg, level_image

log = logging.getLogger(__name__)

_MAX_SIDE_PX = 32767
"""Tesseract keeps coordinates in 16 bits."""
_LOW_DPI = 130
_GOOD_DPI = 300
"""Measured on Russian pages of known text: below 130 dpi, enlarging to 300 dpi cuts the character errors to a third or
less (at 72 dpi 0.090 to 0.032, 0.026 to 0.003); from 150 dpi on it only costs time."""
_DESPECKLING_DPI = 150
"""From here on strokes are wider than specks. Measured on a page with 5 and 10 % of its pixels black or white by
chance: 0.87 and 0.05 of the words are read as it is, all of them despeckled. Clean pages are read the same from 150 dpi
on, and not at all at 72. Enlarging such pages makes them worse, and costs more."""
_DESPECKLING_HELPS = frozenset(
    {ReadingFlag.NOTHING_READ, ReadingFlag.REPETITION, ReadingFlag.MIXED_SCRIPT, ReadingFlag.TOO_MUCH_TEXT}
)
"""What Tesseract reads from a blank page is mostly the other side of the paper, and no speck."""
_MAX_ENLARGEMENT = 4.0
_MAX_ENLARGED_PIXELS = 50_000_000
_WORKING_BYTES_PER_PIXEL = 4
_WORKING_BYTES = 64 * 2**20

Turn = Literal[0, 90, 180, 270]
"""Degrees clockwise."""
_TURNS: tuple[Turn, ...] = (180, 90, 270)
"""In the order they are tried: upside down, the print of pages whose tops are on the left is read as well."""
_TRANSPOSED = {
    90: Image.Transpose.ROTATE_270,  # Pillow counts the other way round
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_TOPS_RIGHT_DEG: Turn = 270
"""The turn that is needed where the tops of letters are on the right: those of all lines down that Tesseract reads."""
_SUM: dict[Turn, Turn] = {180: 90, 90: 0, 270: 180}
"""What it makes together with a turn before."""
_AS_MUCH = 0.8
"""Of what is read sideways the turned page must say at least so much: its layout is the better one."""

_KINDS = {
    PT.TABLE: ParagraphKind.TABLE,
    PT.CAPTION_TEXT: ParagraphKind.CAPTION,
    PT.FLOWING_IMAGE: ParagraphKind.PICTURE,
    PT.HEADING_IMAGE: ParagraphKind.PICTURE,
    PT.PULLOUT_IMAGE: ParagraphKind.PICTURE,
}
_NOT_CONTENT = (PT.HORZ_LINE, PT.VERT_LINE, PT.NOISE)


class TesseractOptions(EngineOptions):
    """Options of the Tesseract engine.

    Attributes:
        psm: Tesseract's page segmentation mode, 1..13; 3 is the automatic one.
    """

    psm: Annotated[int, Field(ge=1, le=13)] = PSM.AUTO


class TesseractEngine(Engine):
    """Reads print in any language that there is Tesseract data for, on one CPU core.

    The library comes with the ``tesserocr`` wheel; only the language data is the distribution's. Reading is
    deterministic: the neural models are used alone, without the old classifier that learns from page to page.
    """

    options_type = TesseractOptions

    def __init__(self, spec: EngineSpec) -> None:
        options = TesseractOptions.of(spec)
        folder = find_tessdata(spec.languages)
        self._info = EngineInfo(
            name="tesseract",
            version=tesserocr.PyTessBaseAPI.Version(),
            model="+".join(spec.languages),
            model_digest=model_digest(folder, spec.languages),
        )
        self._psm = options.psm
        damaged = EngineUnavailableError(
            f"Tesseract cannot load its language data in {folder}: install it again, it may be damaged"
        )
        try:
            self._api = tesserocr.PyTessBaseAPI(
                path=f"{folder}/", lang=self._info.model, oem=OEM.LSTM_ONLY, psm=options.psm
            )
        except RuntimeError as error:
            raise damaged from error
        # Tesseract goes on without a language that it cannot load, if it can load another.
        if set(self._api.GetLoadedLanguages()) < set(spec.languages):
            self._api.End()
            raise damaged

    @property
    def info(self) -> EngineInfo:
        """Name, the library's version, such as 5.5.4, and the languages as model."""
        return self._info

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read one page; ``timeout_s`` holds for recognition, the layout analysis before it takes about a second.

        A skewed page is levelled for reading, its boxes are those of the page as it is. A page that is badly read and
        clearly better when turned is read turned, its boxes are those of the turned page.
        """
        return self._read(page, _grey(page), timeout_s)

    def read_again(self, page: PageImage, timeout_s: float, doubts: frozenset[ReadingFlag]) -> PageReading | None:
        """Read a page without its specks, which Tesseract takes for letters; None where it has too few pixels."""
        if page.likely_dpi < _DESPECKLING_DPI or _DESPECKLING_HELPS.isdisjoint(doubts):
            return None
        return self._read(page, _grey(page).filter(ImageFilter.MedianFilter(3)), timeout_s)

    def close(self) -> None:
        """Free the models."""
        self._api.End()

    def _read(self, page: PageImage, image: Image.Image, timeout_s: float) -> PageReading:
        """Read the grey ``image`` of a page, turned where it is not upright."""
        clock = _Clock(timeout_s)
        paragraphs = self._read_paragraphs(image, page.likely_dpi, clock)
        rotation_deg: Turn = 0
        if is_sideways(paragraphs) or not is_read_well(paragraphs):
            try:
                turned = self._turned(page, image, paragraphs, clock)
            except (PageError, MemoryError) as error:  # the first reading is there
                log.warning("page %d: not read turned: %s", page.page_number, error)
                turned = None
            if turned:
                rotation_deg, paragraphs = turned
        width_px, height_px = _turned_size(image, rotation_deg)
        return PageReading(
            blocks=build_blocks(paragraphs, width_px=width_px, height_px=height_px),
            width_px=width_px,
            height_px=height_px,
            rotation_deg=rotation_deg,
            confidence=mean_confidence(page_words(paragraphs)),
            quality_flags=_doubts(paragraphs),
        )

    def _turned(
        self, page: PageImage, image: Image.Image, as_it_is: list[Paragraph], clock: _Clock
    ) -> tuple[Turn, list[Paragraph]] | None:
        """The turn at which the page is better read, and what is read then; None where there is none."""
        dpi, words = page.likely_dpi, page_words(as_it_is)
        if is_read_well(as_it_is):
            turned = self._read_paragraphs(_turn(image, _TOPS_RIGHT_DEG), dpi, clock)
            is_better = substance(page_words(turned)) >= _AS_MUCH * substance(words)
            return (_TOPS_RIGHT_DEG, turned) if is_better else None
        box = part_with_ink(image, dpi)
        turn = self._better_turn(image.crop(box), dpi, words_within(words, box), clock) if box else 0
        if not turn:
            return None
        turned = self._read_paragraphs(_turn(image, turn), dpi, clock)
        return (turn, turned) if is_clearly_better(page_words(turned), words) else None

    def _better_turn(self, part: Image.Image, dpi: float, as_it_is: list[Word], clock: _Clock) -> Turn:
        """The turn at which a part of a page is clearly better read, 0 where there is none."""
        for turn in _TURNS:
            paragraphs = self._read_paragraphs(_turn(part, turn), dpi, clock)
            if is_clearly_better(page_words(paragraphs), as_it_is):
                return _SUM[turn] if is_sideways(paragraphs) else turn
        return 0

    def _read_paragraphs(self, image: Image.Image, dpi: float, clock: _Clock) -> list[Paragraph]:
        """What stands in a grey image, enlarged and levelled for reading, with boxes on the image as it is."""
        enlargement = _enlargement(image, dpi)
        skew_deg = find_skew_deg(image, dpi)
        level = level_image(ImageOps.scale(image, enlargement) if enlargement > 1 else image, skew_deg)
        width, height = level.image.size
        if max(width, height) > _MAX_SIDE_PX:
            raise PageError(
                f"the image is {width} × {height} pixels, Tesseract takes {_MAX_SIDE_PX} at most: "
                "prepare it with a lower dpi"
            )
        scale = 1 / enlargement

        def on_page(box: BBox) -> BBox:
            left, top, right, bottom = (round(edge * scale, 1) for edge in level.back(box))
            return (left, top, right, bottom)

        read = self._read_level(level.image, round(dpi * enlargement), clock)
        return [paragraph.moved(on_page, scale) for paragraph in read]

    def _read_level(self, image: Image.Image, dpi: int, clock: _Clock) -> list[Paragraph]:
        """What stands in a level image: ruled tables cell by cell, those badly read a second time."""
        page = find_ruled_page(image, dpi) if self._psm == PSM.AUTO else None
        if page is None:
            return self._recognise(image, dpi, clock, self._psm)
        rest = self._recognise(page.rest, dpi, clock, self._psm)
        beside, texts = page.taken_apart(self._recognise(page.image, dpi, clock, self._psm))
        stacks = page.stacks(texts)
        texts = page.better(
            texts, stacks, [self._recognise(stack.image, dpi, clock, PSM.SINGLE_COLUMN) for stack in stacks]
        )
        single = page.single_cells(texts)
        texts = page.better(
            texts, single, [self._recognise(stack.image, dpi, clock, PSM.SINGLE_LINE) for stack in single]
        )
        return page.with_tables([*rest, *beside], texts)

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Check the library, the data of each language, and that it loads."""
        findings = [Finding(is_ok=True, text=f"Tesseract {tesserocr.PyTessBaseAPI.Version()}")]
        for language in spec.languages:
            try:
                folder = find_tessdata([language])
                digest = model_digest(folder, [language])
            except EngineUnavailableError as error:
                findings.append(Finding(is_ok=False, text=str(error)))
            else:
                findings.append(Finding(is_ok=True, text=f"{language} in {folder}, sha256 {digest[:12]}"))
        if all(finding.is_ok for finding in findings):
            findings.append(cls._diagnose_loading(spec))
        return findings

    @classmethod
    def _diagnose_loading(cls, spec: EngineSpec) -> Finding:
        try:
            engine = cls(spec)
        except EngineUnavailableError as error:
            return Finding(is_ok=False, text=str(error))
        engine.close()
        return Finding(is_ok=True, text=f"{engine.info.model} loads")

    def _recognise(self, image: Image.Image, dpi: int, clock: _Clock, psm: int) -> list[Paragraph]:
        """What stands in an image, with boxes on it."""
        _require_memory(image.width * image.height)
        self._api.SetPageSegMode(psm)
        try:
            self._api.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
            self._api.SetSourceResolution(dpi)
            if not self._api.Recognize(min(round(clock.remaining_s() * 1000), 2**31 - 1)):
                clock.remaining_s()
                raise PageError("Tesseract gave the page up; its own message is in the log")
            iterator = self._api.GetIterator()
            return list(_paragraphs(iterator)) if iterator else []
        finally:
            self._api.Clear()


class _Clock:
    """The time of one page, over all of its readings."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """What is left of it.

        Raises:
            PageTimeoutError: Nothing.
        """
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise PageTimeoutError(f"not read within {self._timeout_s:g} s")
        return remaining_s


def _doubts(paragraphs: Sequence[Paragraph]) -> tuple[str, ...]:
    lines = [line for paragraph in paragraphs if not paragraph.cells for line in paragraph.lines if line.words]
    cells = [line for paragraph in paragraphs for cell in paragraph.cells for line in cell.lines if line.words]
    return tuple(dict.fromkeys(flag.value for flag in reading_doubts(lines, cells)))


def _box(iterator: Any, level: int) -> BBox:
    left, top, right, bottom = iterator.BoundingBox(level) or (0, 0, 0, 0)
    return (left, top, right, bottom)


def _paragraphs(iterator: Any) -> Iterator[Paragraph]:
    """Walk Tesseract's result once, word by word: a paragraph each, but for tables and pictures a block each."""
    lines: list[TextLine] = []
    words: list[Word] = []
    if iterator.Empty(RIL.WORD):  # a page without anything on it; asking for its row would be a segmentation fault
        return
    while True:
        kind = _KINDS.get(iterator.BlockType(), ParagraphKind.TEXT)
        unit = RIL.BLOCK if kind in (ParagraphKind.TABLE, ParagraphKind.PICTURE) else RIL.PARA
        if iterator.BlockType() in _NOT_CONTENT:
            pass
        elif kind is ParagraphKind.PICTURE:
            if iterator.IsAtBeginningOf(RIL.BLOCK):  # it may have "words" of its own
                yield Paragraph(kind=kind, bbox_px=_box(iterator, RIL.BLOCK))
        else:
            words.extend(_word(iterator))
            if iterator.IsAtFinalElement(RIL.TEXTLINE, RIL.WORD):
                lines.append(TextLine(words=tuple(words), letter_height_px=_letter_height(iterator)))
                words = []
            if iterator.IsAtFinalElement(unit, RIL.WORD):
                yield Paragraph(kind=kind, lines=tuple(lines), is_sideways=_runs_down(iterator))
                lines = []
        if not iterator.Next(RIL.WORD):
            return


def _word(iterator: Any) -> list[Word]:
    """The word at the iterator, if it is one: a blank between rules counts as a word with a confidence of 95."""
    text = iterator.GetUTF8Text(RIL.WORD).strip()
    confidence = min(max(iterator.Confidence(RIL.WORD) / 100, 0.0), 1.0)
    return [Word(text=text, bbox_px=_box(iterator, RIL.WORD), confidence=round(confidence, 4))] if text else []


def _runs_down(iterator: Any) -> bool:
    """Whether the lines of the block run from the top to the bottom of the page."""
    _, direction, _, _ = iterator.Orientation()
    return bool(direction == WritingDirection.TOP_TO_BOTTOM)


def _letter_height(iterator: Any) -> float:
    """Height of the line's small letters; Tesseract's row height is that plus ascenders plus (negative) descenders."""
    row = iterator.RowAttributes()
    return float(row["row_height"] - row["ascenders"] + row["descenders"])


def _grey(page: PageImage) -> Image.Image:
    """The pixels in grey: colour costs 38 % more time."""
    return page.image if page.image.mode == "L" else page.image.convert("L")


def _turn(image: Image.Image, turn: Turn) -> Image.Image:
    return image.transpose(_TRANSPOSED[turn]) if turn else image


def _turned_size(image: Image.Image, turn: Turn) -> tuple[int, int]:
    return (image.height, image.width) if turn in (90, 270) else image.size


def _enlargement(image: Image.Image, dpi: float) -> float:
    """How much to enlarge: small print is not recognised, and small pixels are cheap."""
    if dpi >= _LOW_DPI:
        return 1.0
    room = math.sqrt(_MAX_ENLARGED_PIXELS / (image.width * image.height))
    return max(1.0, min(_GOOD_DPI / dpi, _MAX_ENLARGEMENT, room))


def _require_memory(pixels: int) -> None:
    """Fail before Tesseract has too little memory: it would then answer an empty page, and no error."""
    probe = bytearray(pixels * _WORKING_BYTES_PER_PIXEL + _WORKING_BYTES)  # reserved, never touched
    del probe
