"""Prepares DjVu documents with DjVuLibre's programs, where they are installed.

Every page is a scan: it becomes a page image, one after the other, so that a long book takes no more room than a short
one. Text that an OCR program left in the file is kept as a candidate, as that of a PDF is. The programs are GPL and are
started, never linked; a page that they cannot decode is a failed page of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ocr_tasks.contract import BBox, Block, BlockLabel, Line, PageResult, PageStatus
from tenderlake.documents import PageKind, PagePlan, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.outcome import ConverterNeededError, RejectedError, one_line
from tenderlake.intake.programs import find_program, run_program
from tenderlake.letters import judge_letters
from tenderlake.pageflags import PageFlag
from tenderlake.paragraphs import with_joined_lines
from tenderlake.rendering import MAX_SIDE_PX, PageImage, encode
from tenderlake.states import SourceState
from tenderlake.wording import clean

ENGINE = "native"
ENGINE_VERSION = "djvu-1"
"""Raised when the same hidden text would be read differently."""
_PROGRAMS = ("ddjvu", "djvused", "djvutxt")
_FINER = 1.5
"""Pages up to so many times as fine as asked keep their own pixels, as scans in PDFs do."""
_READABLE_SIDE_PX = 1400
_BELIEVED_DPI = (60, 2400)
_MOST_TEXT_BYTES = 8 << 20
_MOST_WORDS_BYTES = 1 << 16
_FACTS = re.compile(r"width=(\d+)\s+height=(\d+)(?:\s+rotation=(\d))?")
_DPI = re.compile(r"INFO \[\d+\]\s+DjVu \d+x\d+, v\d+, (\d+) dpi")
_COMPLAINT = re.compile(r"^(?:\*{3}|ddjvu:|djvused:|djvutxt:)\s*(?:\[[\d-]+\]\s*)?")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_PART = re.compile(r'[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+', re.DOTALL)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": " ", "r": " ", "f": "\n", "v": "\n"}


class _UnreadableError(Exception):
    """DjVuLibre cannot make anything of a file or page; says why in its words."""


@dataclass(frozen=True)
class _PageFacts:
    """The size of a page as stored, its turns by 90 degrees, and its resolution where one can be believed."""

    width_px: int
    height_px: int
    turns: int
    dpi: int | None


def prepare_djvu(
    path: Path,
    folder: PreparedFolder,
    work: Path,
    document_id: str,
    options: PrepareOptions,
    limits: PrepareLimits,
    *,
    may_start_programs: bool,
) -> tuple[PagePlan, ...]:
    """Prepare all pages of a DjVu document.

    Args:
        path: The document.
        folder: Gets the page images and the hidden texts.
        work: An empty folder, which the caller removes.
        document_id: Its SHA-256.
        options: How pages are made.
        limits: Of pages, pixels and time.
        may_start_programs: This process may start others.

    Raises:
        RejectedError: DjVuLibre is not installed, nothing of the file can be read, or it has too many pages.
        ConverterNeededError: This process may start no other.
    """
    programs = {name: program for name in _PROGRAMS if (program := find_program(name))}
    if len(programs) < len(_PROGRAMS):
        raise RejectedError(
            SourceState.SKIPPED_UNSUPPORTED,
            "a DjVu document: only DjVuLibre can decode it, and it is not installed on the workers "
            "(package djvulibre-bin of Debian and Ubuntu)",
        )
    if not may_start_programs:
        raise ConverterNeededError
    decoder = _Decoder(path.absolute(), work.absolute(), programs, limits)
    return _DjvuJob(decoder, folder, document_id, options, limits, is_cut=_is_cut(path)).prepare()


def _is_cut(path: Path) -> bool:
    """Whether the file is shorter than it says: DjVuLibre makes what it can of the last page and is silent."""
    with path.open("rb") as file:
        size_bytes = int.from_bytes(file.read(12)[8:], "big")
    return path.stat().st_size < 12 + size_bytes


@dataclass(frozen=True)
class _Decoder:
    """Asks DjVuLibre's programs about one document."""

    path: Path
    work: Path
    programs: dict[str, Path]
    limits: PrepareLimits

    def count_pages(self) -> int:
        """How many pages the document has; raises :class:`_UnreadableError`."""
        said = self._ask("djvused", "-e", "n").strip()
        if not said.isdecimal():
            raise _UnreadableError("it has no list of pages")
        return int(said)

    def facts(self, number: int) -> _PageFacts:
        """Size and resolution of a page; raises :class:`_UnreadableError`."""
        said = self._ask("djvused", "-e", f"select {number}; size; dump")
        found, dpi = _FACTS.search(said), _DPI.search(said)
        if found is None or not int(found[1]) or not int(found[2]):
            raise _UnreadableError("it has no size")
        believed = int(dpi[1]) if dpi and _BELIEVED_DPI[0] <= int(dpi[1]) <= _BELIEVED_DPI[1] else None
        return _PageFacts(int(found[1]), int(found[2]), int(found[3] or 0) % 4, believed)

    def hidden_text(self, number: int) -> str:
        """The hidden text of a page with its places, as an s-expression; raises :class:`_UnreadableError`."""
        return self._ask("djvutxt", f"--page={number}", "--detail=line")

    def draw(self, number: int, size: tuple[int, int] | None) -> tuple[Image.Image, bool]:
        """The pixels of a page, upright, and whether a part of them is missing; raises :class:`_UnreadableError`.

        ``size``: the most it may have across and down; None for its own pixels, of which two-level ones stay so.
        """
        drawn = self.work / "page.pnm"
        scale = [f"-size={size[0]}x{size[1]}"] if size else ["-subsample=1"]
        complaint = self._run("ddjvu", ["-format=pnm", f"-page={number}", *scale, str(self.path), str(drawn)])
        try:
            with warnings.catch_warnings(), Image.open(drawn, formats=["PPM"]) as image:
                warnings.simplefilter("ignore")
                if image.width * image.height > self.limits.max_page_pixels or max(image.size) > MAX_SIDE_PX:
                    raise _UnreadableError(f"it is drawn with {image.width} x {image.height} pixels")
                image.load()
                return image.copy(), complaint is not None
        except (FileNotFoundError, SyntaxError, ValueError) as error:
            raise _UnreadableError(complaint or one_line(error)) from error
        finally:
            drawn.unlink(missing_ok=True)

    def _ask(self, program: str, *arguments: str) -> str:
        answer = self.work / "answer"
        self._run(program, [*arguments, str(self.path)], answer)
        with answer.open("rb") as file:
            return file.read(_MOST_TEXT_BYTES).decode("utf-8", "replace")

    def _run(self, program: str, arguments: Sequence[str], output: Path | None = None) -> str | None:
        """What the program complained of, though it did its work; raises :class:`_UnreadableError` if it did not."""
        errors = self.work / "errors"
        code = run_program([self.programs[program], *arguments], self.work, self.limits, output=output, errors=errors)
        with errors.open("rb") as file:
            complaint = self._complaint(file.read(_MOST_WORDS_BYTES).decode("utf-8", "replace"))
        if code != 0:
            raise _UnreadableError(complaint or f"{program} ended with status {code}")
        return complaint

    def _complaint(self, said: str) -> str | None:
        lines = (_COMPLAINT.sub("", line).strip() for line in said.splitlines())
        first = next((line for line in lines if line), None)
        return None if first is None else one_line(first.replace(str(self.path), "the file"))


@dataclass
class _DjvuJob:
    """The pages of one document, one after another."""

    decoder: _Decoder
    folder: PreparedFolder
    document_id: str
    options: PrepareOptions
    limits: PrepareLimits
    is_cut: bool
    results: list[PageResult] = field(default_factory=list)

    def prepare(self) -> tuple[PagePlan, ...]:
        try:
            page_count = self.decoder.count_pages()
        except _UnreadableError as error:
            raise RejectedError(SourceState.QUARANTINED_CORRUPT, f"the DjVu document is damaged: {error}") from error
        if page_count > self.limits.max_pages:
            raise RejectedError(
                SourceState.QUARANTINED_TOO_LARGE,
                f"it has {page_count} pages, more than TENDERLAKE_MAX_PAGES ({self.limits.max_pages})",
            )
        pages = tuple(self._page(number) for number in range(1, page_count + 1))
        if all(page.kind is PageKind.IMAGE and page.image_name is None for page in pages):
            reason = f"no page can be read: {pages[0].reason}" if pages else "the DjVu document has no pages"
            raise RejectedError(SourceState.QUARANTINED_CORRUPT, reason)
        self.folder.add_native_pages(self.results)
        return pages

    def _page(self, number: int) -> PagePlan:
        try:
            facts = self.decoder.facts(number)
            if self.options.text_layer is TextLayerMode.ONLY:
                return self._text_page(number, facts)
            size = self._size(facts)
            pixels, is_damaged = self.decoder.draw(number, size)
        except _UnreadableError as error:
            return PagePlan(
                page_number=number,
                kind=PageKind.IMAGE,
                reason=f"the page cannot be drawn: {error}",
                width_px=0,
                height_px=0,
                quality_flags=(PageFlag.RENDER_FAILED.value,),
            )
        return self._image_page(number, facts, pixels, is_damaged=is_damaged)

    def _size(self, facts: _PageFacts) -> tuple[int, int] | None:
        """The size a page is drawn with; None for its own."""
        shorter, longer = sorted((facts.width_px, facts.height_px))
        wanted = self.options.dpi
        factor = 1.0
        if facts.dpi is not None and facts.dpi > _FINER * wanted:
            factor = min(1.0, max(wanted / facts.dpi, _READABLE_SIDE_PX / shorter))
        factor = min(factor, math.sqrt(self.limits.max_page_pixels / (shorter * longer)), MAX_SIDE_PX / longer)
        if factor == 1.0:
            return None
        size = max(1, int(facts.width_px * factor)), max(1, int(facts.height_px * factor))
        return size[::-1] if facts.turns % 2 else size

    def _image_page(self, number: int, facts: _PageFacts, pixels: Image.Image, *, is_damaged: bool) -> PagePlan:
        own_width_px = facts.height_px if facts.turns % 2 else facts.width_px
        factor = pixels.width / own_width_px
        image = encode(pixels, max(1, round(facts.dpi * factor)) if facts.dpi else None)
        text = self._hidden_text(number) if self.options.text_layer is TextLayerMode.AUTO else ()
        flags = [PageFlag.HIDDEN_TEXT_LAYER] if text else []
        flags += [PageFlag.DAMAGED_PAGE] if is_damaged else []
        is_small = facts.width_px * facts.height_px > self.limits.max_page_pixels
        flags += [PageFlag.DOWNSCALED] if is_small else []
        flags += [PageFlag.REPAIRED_FILE] if self.is_cut else []
        return PagePlan(
            page_number=number,
            kind=PageKind.IMAGE,
            reason="a DjVu page is a scan; its text is hidden (an earlier OCR)" if text else "a DjVu page is a scan",
            width_px=image.width_px,
            height_px=image.height_px,
            dpi=image.dpi,
            rotation_deg=0,
            image_name=self.folder.add_image(number, image),
            image_media_type=image.media_type,
            image_size_bytes=len(image.data),
            has_earlier_ocr=self._keep_earlier_ocr(number, facts, image, text),
            quality_flags=tuple(flag.value for flag in flags),
        )

    def _text_page(self, number: int, facts: _PageFacts) -> PagePlan:
        """A page of which only the hidden text is wanted."""
        flags = (PageFlag.HIDDEN_TEXT_LAYER.value, PageFlag.PICTURES_NOT_READ.value)
        size = (facts.height_px, facts.width_px) if facts.turns % 2 else (facts.width_px, facts.height_px)
        self.results.append(self._result(number, facts, size, self._hidden_text(number), flags))
        return PagePlan(
            page_number=number,
            kind=PageKind.NATIVE,
            reason="only text layers are read (text_layer = only), though: a DjVu page is a scan",
            width_px=size[0],
            height_px=size[1],
            dpi=facts.dpi,
            quality_flags=flags,
        )

    def _hidden_text(self, number: int) -> tuple[_Paragraph, ...]:
        try:
            return tuple(paragraphs_of(self.decoder.hidden_text(number)))
        except _UnreadableError:
            return ()

    def _keep_earlier_ocr(self, number: int, facts: _PageFacts, image: PageImage, text: Sequence[_Paragraph]) -> bool:
        """Keep the text that an OCR program left in the file, where it is made of words: ours may fail."""
        words = "\n".join(line for paragraph in text for _, line in paragraph)
        if not words or not judge_letters(words, self.options.languages).is_sound:
            return False
        flags = (PageFlag.HIDDEN_TEXT_LAYER.value, PageFlag.EARLIER_OCR_TAKEN.value)
        self.results.append(self._result(number, facts, (image.width_px, image.height_px), text, flags))
        return True

    def _result(
        self,
        number: int,
        facts: _PageFacts,
        size: tuple[int, int],
        text: Sequence[_Paragraph],
        flags: tuple[str, ...],
    ) -> PageResult:
        key = [self.document_id, number, self.options.digest, ENGINE, ENGINE_VERSION]
        place = _Place(facts, size)
        page = PageResult(
            page_key=hashlib.sha256(json.dumps(key).encode()).hexdigest(),
            document_id=self.document_id,
            page_number=number,
            status=PageStatus.DONE,
            engine=ENGINE,
            engine_version=ENGINE_VERSION,
            width_px=size[0],
            height_px=size[1],
            quality_flags=flags,
            blocks=tuple(place.block(paragraph) for paragraph in text),
        )
        return with_joined_lines(page)


@dataclass(frozen=True)
class _Place:
    """Turns places of the hidden text into those of the page image."""

    facts: _PageFacts
    size: tuple[int, int]

    def block(self, paragraph: _Paragraph) -> Block:
        """The block of a paragraph."""
        lines = tuple(Line(text=text, bbox_px=self._box(zone)) for zone, text in paragraph)
        boxes = [line.bbox_px for line in lines]
        return Block(
            label=BlockLabel.TEXT,
            bbox_px=(
                min(box[0] for box in boxes),
                min(box[1] for box in boxes),
                max(box[2] for box in boxes),
                max(box[3] for box in boxes),
            ),
            content="\n".join(line.text for line in lines),
            lines=lines,
        )

    def _box(self, zone: _Zone) -> BBox:
        """Upright pages only: where the text of a turned page stands is not told alike by all programs."""
        width, height = self.size
        if self.facts.turns:
            return 0.0, 0.0, float(width), float(height)
        across, down = width / self.facts.width_px, height / self.facts.height_px
        xs = sorted(min(max(x * across, 0.0), float(width)) for x in zone[0::2])
        ys = sorted(min(max(height - y * down, 0.0), float(height)) for y in zone[1::2])
        return round(xs[0], 1), round(ys[0], 1), round(xs[1], 1), round(ys[1], 1)


_Zone = tuple[float, float, float, float]
"""Left, lower, right and upper edge, in pixels of the page as stored, from its lower left corner."""
_Paragraph = tuple[tuple[_Zone, str], ...]
"""The lines of a paragraph, each with its place."""


def paragraphs_of(expression: str) -> Iterator[_Paragraph]:
    """The paragraphs in a hidden text as ``djvutxt --detail=line`` writes it (djvused(1), "Hidden text syntax").

    Zones lie in each other: page, column, region, paragraph, line. Lines of the same zone are a paragraph.
    """
    open_zones: list[tuple[int, list[float]]] = []
    lines: list[tuple[_Zone, str]] = []
    paragraph = count = 0
    for part in _PART.findall(expression):
        if part == "(":
            count += 1
            open_zones.append((count, []))
        elif part == ")":
            open_zones = open_zones[:-1]
        elif part.startswith('"') and open_zones:
            around = open_zones[-2:][0][0]
            if around != paragraph and lines:
                yield tuple(lines)
                lines = []
            paragraph = around
            lines += _lines_in(part[1:-1], open_zones[-1][1])
        elif open_zones and _NUMBER.fullmatch(part):
            open_zones[-1][1].append(float(part))
    if lines:
        yield tuple(lines)


def _lines_in(quoted: str, numbers: Sequence[float]) -> Iterator[tuple[_Zone, str]]:
    left, lower, right, upper = (*numbers, 0.0, 0.0, 0.0, 0.0)[:4]
    text = _ESCAPE.sub(_unescaped, quoted)
    return (((left, lower, right, upper), line) for part in text.splitlines() if (line := clean(part)))


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code, 8)) if code.isdecimal() else _ESCAPED.get(code, code)
