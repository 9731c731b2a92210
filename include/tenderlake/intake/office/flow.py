"""Pages of documents that have text in an order but no places: office files, web pages, plain text.

A reader of a format hands its headings, paragraphs, tables and pictures to :class:`Flow` in reading order and says
where a page ends. Blocks have the box (0, 0, 0, 0) and pages the size 0 x 0: nothing is known, so nothing is invented.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ocr_tasks.contract import BBox, Block, BlockLabel, ContentFormat, PageResult, PageStatus
from ocr_tasks.htmltables import Table, table_html
from tenderlake.documents import PageKind, PagePlan, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake.attachments import Attachment
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.office.metafiles import is_metafile, picture_in, size_cm, unzipped
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.pictures import picture_size, prepare_picture
from tenderlake.pageflags import PageFlag
from tenderlake.spacedletters import joined_letters
from tenderlake.states import SourceState
from tenderlake.wording import CONTENTS_ENTRY, LIST_ITEM, clean

ENGINE = "native"
ENGINE_VERSION = "office-3"
"""Raised when the same file would be read differently."""
NO_PLACE: BBox = (0.0, 0.0, 0.0, 0.0)
MOST_PAGE_CHARS = 12_000
"""Of a page whose end no file says: about four printed pages."""
MOST_REAL_PAGE_CHARS = 60_000
"""Of a page that the file ends itself; beyond this nobody printed it."""
MOST_TABLE_ROWS = 500
"""Of one page."""
_LEAST_SIDE_PX = 200
_LEAST_PIXELS = 160_000
_LEAST_SHOWN_CM = 3.0
_DECORATION_USES = 3
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Picture:
    """A picture within a document: its file's bytes, and its size as shown, in centimetres, where that is known."""

    data: bytes
    name: str
    shown_cm: tuple[float, float] | None = None

    @property
    def digest(self) -> bytes:
        """The same for the same bytes."""
        return hashlib.sha256(self.data).digest()


@dataclass
class _Page:
    blocks: list[Block] = field(default_factory=list)
    notes: list[Block] = field(default_factory=list)
    margins: list[Block] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    chars: int = 0
    flags: set[PageFlag] = field(default_factory=set)

    @property
    def has_content(self) -> bool:
        return bool(self.blocks or self.notes or self.pictures)


class Flow:
    """Collects what a document says, page by page.

    Args:
        limits: How many pages there may be.
        has_real_pages: The file itself says where its pages end; else they end where they grow long.
    """

    def __init__(self, limits: PrepareLimits, *, has_real_pages: bool = False) -> None:
        self._limits = limits
        self._most_chars = MOST_REAL_PAGE_CHARS if has_real_pages else MOST_PAGE_CHARS
        self._done: list[_Page] = []
        self._page = _Page()
        self.media_type: str | None = None
        """Where the reader knows better than the sniffer, such as of a table in a text file."""
        self.attachments: list[Attachment] = []
        """The files within the document, in their order."""
        self.lost: list[str] = []
        """Parts of the document that are damaged or missing: all pages are flagged."""

    @property
    def has_pages(self) -> bool:
        """Whether a page has ended already."""
        return bool(self._done)

    @property
    def page_is_empty(self) -> bool:
        """Whether nothing stands on this page yet."""
        return not self._page.has_content

    def text(self, text: str, label: BlockLabel = BlockLabel.TEXT, level: int | None = None) -> None:
        """A paragraph; its line breaks stay. Without a word in it, it is left out."""
        clean_text = clean_lines(text)
        if not clean_text:
            return
        if label is BlockLabel.TEXT and "\n" not in clean_text and LIST_ITEM.match(clean_text):
            label = BlockLabel.LIST_ITEM  # its author typed the mark
        self._make_room(len(clean_text))
        level = max(1, min(6, level)) if level else None
        block = Block(label=label, bbox_px=NO_PLACE, content=clean_text, heading_level=level)
        self._page.blocks.append(block)

    def heading(self, text: str, level: int) -> None:
        """A heading of level 1 to 6. An entry of a table of contents is none, however bold it is."""
        is_entry = CONTENTS_ENTRY.search(text.rstrip())
        self.text(" ".join(text.split()), *(() if is_entry else (BlockLabel.HEADING, level)))

    def note(self, text: str) -> None:
        """A footnote: it goes to the end of the page."""
        if clean_text := clean_lines(text):
            self._page.notes.append(Block(label=BlockLabel.FOOTNOTE, bbox_px=NO_PLACE, content=clean_text))

    def margin(self, text: str, label: BlockLabel) -> None:
        """A running header or footer: it stands on the page and does not begin one."""
        if clean_text := clean_lines(text):
            self._page.margins.append(Block(label=label, bbox_px=NO_PLACE, content=clean_text))

    def table(self, table: Table) -> None:
        """A table; one without a word is left out."""
        if not any(cell.text for cell in table.cells):
            return
        size = sum(len(cell.text) for cell in table.cells)
        self._make_room(size)
        content = _SURROGATES.sub("\ufffd", table_html(table))
        self._page.blocks.append(
            Block(label=BlockLabel.TABLE, bbox_px=NO_PLACE, content=content, content_format=ContentFormat.HTML)
        )

    def picture(self, picture: Picture) -> None:
        """A picture on this page; what becomes of it is decided when all of them are known."""
        self._page.pictures.append(_without_metafile(picture))

    def unread(self, name: str) -> None:
        """Something within the document that is not read, such as an equation of an old program: its name is kept."""
        self.text(f"[{name}]", BlockLabel.OTHER)

    def attach(self, attachment: Attachment, *, is_shown: bool) -> None:
        """A file within the document; its name stands in the text where the document shows it."""
        if is_shown:
            self.text(f"[embedded file: {attachment.name}]", BlockLabel.OTHER)
        self.attachments.append(attachment)

    def refuse_endless(self, chars: int) -> None:
        """Refuse text before it is looked at that fits on no number of pages: one string may stand in all cells."""
        if chars > self._limits.max_pages * MOST_REAL_PAGE_CHARS:
            raise RejectedError(
                SourceState.QUARANTINED_TOO_LARGE,
                f"a sheet of {chars} letters: more than fit on {self._limits.max_pages} pages (TENDERLAKE_MAX_PAGES)",
            )

    def end_page(self) -> None:
        """Begin a new page, whether or not this one has anything."""
        if len(self._done) + 1 >= self._limits.max_pages:
            raise RejectedError(
                SourceState.QUARANTINED_TOO_LARGE,
                f"it has more than {self._limits.max_pages} pages (TENDERLAKE_MAX_PAGES)",
            )
        self._done.append(self._page)
        self._page = _Page()

    def _make_room(self, chars: int) -> None:
        if self._page.chars and self._page.chars + chars > self._most_chars:
            self.end_page()
        self._page.chars += chars

    def write(self, folder: PreparedFolder, document_id: str, options: PrepareOptions) -> tuple[PagePlan, ...]:
        """Write all pages, the image pages of pictures after the page they stand on.

        Raises:
            RejectedError: There is nothing at all in the document, or too many pages.
        """
        pages = [*self._done, self._page] if self._page.has_content or not self._done else self._done
        if not any(page.has_content or page.margins for page in pages):
            if self.lost:
                raise RejectedError(
                    SourceState.QUARANTINED_CORRUPT,
                    f"the document is damaged: nothing is left of it without {self.lost[0]}",
                )
            raise RejectedError(SourceState.SKIPPED_EMPTY, "there is no text and no picture in it")
        if self.lost:
            for page in pages:
                page.flags.add(PageFlag.REPAIRED_FILE)
        uses = Counter(picture.digest for page in pages for picture in page.pictures)
        plans: list[PagePlan] = []
        results: list[PageResult] = []
        shown: set[bytes] = set()
        for page in pages:
            place = len(plans)
            plans.append(_native_plan(place + 1, page))
            if options.text_layer is not TextLayerMode.ONLY:
                for picture in page.pictures:
                    self._add_picture_page(page, picture, uses, shown, plans, folder, place)
            elif any(picture_is_large(picture) or _is_unread(picture) for picture in page.pictures):
                page.flags.add(PageFlag.PICTURES_NOT_READ)
            plans[place] = _native_plan(place + 1, page)
            results.append(_result(document_id, plans[place], page, options))
            if len(plans) > self._limits.max_pages:
                raise RejectedError(
                    SourceState.QUARANTINED_TOO_LARGE,
                    f"with its pictures it has more than {self._limits.max_pages} pages (TENDERLAKE_MAX_PAGES)",
                )
        folder.add_native_pages(results)
        return tuple(plans)

    def _add_picture_page(
        self,
        page: _Page,
        picture: Picture,
        uses: Counter[bytes],
        shown: set[bytes],
        plans: list[PagePlan],
        folder: PreparedFolder,
        place: int,
    ) -> None:
        if uses[picture.digest] >= _DECORATION_USES or picture.digest in shown:
            return
        if _is_unread(picture):
            page.flags.add(PageFlag.PICTURES_NOT_READ)
        if not picture_is_large(picture):
            return
        shown.add(picture.digest)
        reason = f"a picture on page {place + 1} of the document, large enough to hold text ({picture.name})"
        plans.append(prepare_picture(picture.data, len(plans) + 1, reason, folder, self._limits))


def picture_is_large(picture: Picture) -> bool:
    """Whether a picture may hold text to read: it is no icon, rule or small logo, and a format that can be decoded."""
    size = picture_size(picture.data)
    if size is None or min(size) < _LEAST_SIDE_PX or size[0] * size[1] < _LEAST_PIXELS:
        return False
    return picture.shown_cm is None or min(picture.shown_cm) >= _LEAST_SHOWN_CM


def _without_metafile(picture: Picture) -> Picture:
    """The picture within a metafile, where it shows nothing else."""
    data = unzipped(picture.data)
    if not is_metafile(data):
        return picture
    shown_cm = picture.shown_cm or size_cm(data)
    return replace(picture, data=picture_in(data) or picture.data, shown_cm=shown_cm)


def _is_unread(picture: Picture) -> bool:
    """Whether a picture is a drawing that may hold text, and that nothing here draws."""
    return is_metafile(picture.data) and (picture.shown_cm is None or min(picture.shown_cm) >= _LEAST_SHOWN_CM)


def clean_lines(text: str) -> str:
    """Text with its line breaks, without empty lines, control characters and other marks that say nothing."""
    lines = (clean(joined_letters(_SURROGATES.sub("\ufffd", line))) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _native_plan(number: int, page: _Page) -> PagePlan:
    flags = set(page.flags) if page.has_content or page.margins else {PageFlag.BLANK_PAGE}
    return PagePlan(
        page_number=number,
        kind=PageKind.NATIVE,
        reason="the file holds its text",
        width_px=0,
        height_px=0,
        quality_flags=tuple(sorted(flag.value for flag in flags)),
    )


def _result(document_id: str, plan: PagePlan, page: _Page, options: PrepareOptions) -> PageResult:
    headers = [block for block in page.margins if block.label is BlockLabel.HEADER]
    footers = [block for block in page.margins if block.label is not BlockLabel.HEADER]
    key = [document_id, plan.page_number, options.digest, ENGINE, ENGINE_VERSION]
    return PageResult(
        page_key=hashlib.sha256(json.dumps(key).encode()).hexdigest(),
        document_id=document_id,
        page_number=plan.page_number,
        status=PageStatus.DONE,
        engine=ENGINE,
        engine_version=ENGINE_VERSION,
        width_px=0,
        height_px=0,
        quality_flags=plan.quality_flags,
        blocks=(*headers, *page.blocks, *page.notes, *footers),
    )


def rows_of_text(lines: Iterable[Sequence[str]]) -> str:
    """Rows of cells as lines: what a table within a cell becomes."""
    return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)
