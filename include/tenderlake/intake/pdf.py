"""Prepares PDF files: for every page its native text or an image for OCR.

A page that can be neither read nor drawn does not lose the others: it becomes an image page without an image
(``image_name`` None) with flag ``render_failed``, and its reason says what is wrong. The same happens to a page of a
damaged file of which nothing is left: it must not pass for a blank one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter
from pathlib import Path

from tenderlake.documents import PageKind, PagePlan, PrepareLimits, PrepareOptions, TextLayerMode
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.outcome import NOT_ENOUGH_MEMORY, RejectedError, is_disk_trouble, is_out_of_memory, one_line
from tenderlake.intake.pagetree import mend_page_count
from tenderlake.intake.pdffiles import attached_files, encrypts_files_only, has_files
from tenderlake.letters import judge_letters
from tenderlake.mupdf import Document, Page, first_complaint, forget_complaints, is_page_incomplete, pymupdf
from tenderlake.nativetext import ENGINE, ENGINE_VERSION, NativePage, NativeText
from tenderlake.pagecontent import PageContent, read_page
from tenderlake.pageflags import PageFlag
from tenderlake.picturetext import PictureFinder
from tenderlake.rendering import PageImage, is_one_colour, page_scale, render_page, render_pictures
from tenderlake.states import SourceState
from tenderlake.textlayer import Judgement, judge_page

_PAGES_BETWEEN_SHRINKS = 25
_TEXT_PAGE = 0.1
"""What a page of text alone counts as among these: it leaves fonts, which the next pages want again."""
_PUBLIC_KEY_FILTER = re.compile(rb"/Filter\s*/Adobe\.PubSec\b")
"""Encryption for the holders of certificates (ISO 32000-1, 7.6.4)."""


def native_page_key(document_id: str, page_number: int, options: PrepareOptions) -> str:
    """The page key of a native page: the same for the same bytes, options and version of the library."""
    parts = [document_id, page_number, options.digest, ENGINE, ENGINE_VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def prepare_pdf(
    path: Path,
    folder: PreparedFolder,
    document_id: str,
    options: PrepareOptions,
    limits: PrepareLimits,
    passwords: Sequence[str] = (),
) -> tuple[PagePlan, ...]:
    """Prepare all pages of a PDF; ``passwords`` are tried where one is needed.

    Raises:
        RejectedError: A password is needed, nothing of the file can be read, or it has too many pages.
    """
    forget_complaints()
    with _open(path) as document:
        are_files_locked = _unlock(document, passwords)
        page_count = _count_pages(document, limits)
        _refuse_dynamic_form(document)
        job = _PdfJob(document, folder, document_id, options, limits)
        pages = tuple(job.prepare(number) for number in range(1, page_count + 1))
        if all(page.kind is PageKind.IMAGE and page.image_name is None for page in pages):
            raise RejectedError(_state_of(pages), f"no page can be read: {pages[0].reason}")
        job.write_native_pages(pages)
        files = attached_files(document, job.pages_with_files, are_locked=are_files_locked)
        folder.attach(files, path.stat().st_size, limits)
    return pages


def _open(path: Path) -> Document:
    try:
        document = pymupdf.open(path, filetype="pdf")
    except Exception as error:  # PyMuPDF has many error types; all mean that the file does not open
        if is_out_of_memory(error):
            raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, NOT_ENOUGH_MEMORY) from error
        complaint = first_complaint() or one_line(str(error).replace(str(path), "the file"))
        if _PUBLIC_KEY_FILTER.search(path.read_bytes()):
            raise RejectedError(
                SourceState.QUARANTINED_ENCRYPTED, "the PDF is encrypted for the holders of certain certificates"
            ) from error
        if "crypt" in complaint.lower():
            raise RejectedError(
                SourceState.QUARANTINED_ENCRYPTED, f"the encryption is not known: {complaint}"
            ) from error
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, f"the PDF is damaged beyond repair: {complaint}"
        ) from error
    if not document.is_pdf:  # MuPDF goes by the content, and reads the rest of a PDF after a piece of HTML as HTML
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, "the PDF is damaged beyond repair: its beginning is missing"
        )
    return document


def _unlock(document: Document, passwords: Sequence[str]) -> bool:
    """Open an encrypted document; whether the files within it stay locked."""
    # Asked once, before anything else: asking again after a successful password makes all pages come back empty.
    if not document.needs_pass or any(document.authenticate(password) for password in passwords):
        return False
    if not encrypts_files_only(document):
        raise RejectedError(
            SourceState.QUARANTINED_ENCRYPTED, "the PDF needs a password that is not in TENDERLAKE_PASSWORDS"
        )
    document.is_encrypted = False  # PyMuPDF would refuse pages that nothing locks
    return True


def _count_pages(document: Document, limits: PrepareLimits) -> int:
    try:
        mend_page_count(document)
        page_count = int(document.page_count)
    except Exception as error:
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, f"the PDF has no list of pages: {one_line(error)}"
        ) from error
    if page_count < 1:
        complaint = first_complaint()
        raise RejectedError(
            SourceState.QUARANTINED_CORRUPT, "the PDF has no pages" + (f": {complaint}" if complaint else "")
        )
    if page_count > limits.max_pages:
        raise RejectedError(
            SourceState.QUARANTINED_TOO_LARGE,
            f"it has {page_count} pages, more than TENDERLAKE_MAX_PAGES ({limits.max_pages})",
        )
    return page_count


def _refuse_dynamic_form(document: Document) -> None:
    """A dynamic XFA form has no pages until Adobe's program makes them: it would pass for a blank document."""
    catalog = document.pdf_catalog()  # 0 where it is lost; MuPDF may find the pages without it
    if catalog and document.xref_get_key(catalog, "NeedsRendering") == ("bool", "true"):
        raise RejectedError(
            SourceState.QUARANTINED_CONVERSION_FAILED, "a dynamic XFA form: only Adobe Acrobat can make its pages"
        )


def _with_sound_boxes(page: Page) -> Page:
    """The page as viewers show it whose crop box lies outside of it, or whose unit is no size: whole.

    MuPDF would show an empty sheet, or nothing, and the page would pass for a blank one.
    """
    if _is_crop_box_outside(page):
        page.set_cropbox(page.mediabox)
    if page.rect.is_empty:
        page.parent.xref_set_key(page.xref, "UserUnit", "1")
        return page.parent.reload_page(page)
    return page


def _is_crop_box_outside(page: Page) -> bool:
    if _is_crop_box_sound(page):
        return False
    whole, crop = page.mediabox, page.cropbox  # the second has its zero at the top of the first, but not at its left
    return bool(crop.x1 <= whole.x0 or crop.x0 >= whole.x1 or crop.y1 <= 0 or crop.y0 >= whole.height)


def _is_crop_box_sound(page: Page) -> bool:
    """A quick look at what the file says, which spares most pages PyMuPDF's boxes: those take 0.1 ms."""
    mupdf = pymupdf.mupdf
    entries = mupdf.pdf_page_from_fz_page(page.this).obj()
    crop = mupdf.pdf_dict_get_inheritable(entries, pymupdf.PDF_NAME("CropBox"))
    if not crop.m_internal:
        return True
    whole = mupdf.pdf_dict_get_inheritable(entries, pymupdf.PDF_NAME("MediaBox"))
    shown = mupdf.fz_intersect_rect(mupdf.pdf_to_rect(crop), mupdf.pdf_to_rect(whole))
    return not mupdf.fz_is_empty_rect(shown)


def _state_of(pages: tuple[PagePlan, ...]) -> SourceState:
    is_large = any(page.reason == NOT_ENOUGH_MEMORY for page in pages)
    return SourceState.QUARANTINED_TOO_LARGE if is_large else SourceState.QUARANTINED_CORRUPT


@dataclass
class _PdfJob:
    """The pages of one document, one after another."""

    document: Document
    folder: PreparedFolder
    document_id: str
    options: PrepareOptions
    limits: PrepareLimits
    pictures: PictureFinder = field(default_factory=PictureFinder)
    text: NativeText = field(init=False)
    earlier_ocr: NativeText = field(init=False)
    pages_with_files: list[int] = field(default_factory=list)
    pages_in_store: float = 0.0

    def __post_init__(self) -> None:
        self.text = NativeText(self.document_id)
        self.earlier_ocr = NativeText(self.document_id)

    def write_native_pages(self, pages: tuple[PagePlan, ...]) -> None:
        """Label and write the native texts, when all pages are known."""
        keys = {
            page.page_number: native_page_key(self.document_id, page.page_number, self.options)
            for page in pages
            if page.has_native_result
        }
        results = merge(self.text.results(keys), self.earlier_ocr.results(keys), key=attrgetter("page_number"))
        self.folder.add_native_pages(results)

    def prepare(self, number: int) -> PagePlan:
        """One page; whatever goes wrong with it is in the plan."""
        forget_complaints()
        if self.pages_in_store >= _PAGES_BETWEEN_SHRINKS:  # MuPDF would keep up to 256 MB of pictures and fonts
            pymupdf.TOOLS.store_shrink(100)
            self.pages_in_store = 0.0
        size = (0, 0)
        try:
            page = _with_sound_boxes(self.document.load_page(number - 1))
            rect = page.rect
            size = (round(rect.width), round(rect.height))
            if has_files(page):
                self.pages_with_files.append(number)
            return self._prepare(number, page)
        except Exception as error:  # the library raises nearly anything on a broken page
            if is_disk_trouble(error):
                raise
            if is_out_of_memory(error):
                pymupdf.TOOLS.store_shrink(100)
                return self._failed(number, NOT_ENOUGH_MEMORY, size)
            complaint = first_complaint() or one_line(error)
            return self._failed(number, f"the page cannot be drawn: {complaint}", size)

    def _prepare(self, number: int, page: Page) -> PagePlan:
        content, judgement = self._judge(page)
        self.pages_in_store += _TEXT_PAGE if content is not None and content.drawn.has_text_only else 1.0
        if content is not None and judgement.kind is not PageKind.IMAGE:
            if PageFlag.BLANK_PAGE in judgement.flags and (damage := self._damage(page)):
                return self._failed(number, f"nothing is left of this page of a damaged file: {damage}", (0, 0))
            try:
                return self._native_or_mixed(number, page, content, judgement)
            except Exception as error:
                if is_out_of_memory(error) or self.options.text_layer is TextLayerMode.ONLY:
                    raise
                judgement = Judgement(PageKind.IMAGE, f"the text layer cannot be taken: {one_line(error)}")
        return self._image(number, page, content, judgement)

    def _judge(self, page: Page) -> tuple[PageContent | None, Judgement]:
        try:
            content = read_page(page, with_hidden_text=self.options.text_layer is TextLayerMode.ONLY)
            return content, judge_page(page, content, self.options, self.pictures)
        except Exception as error:
            if is_out_of_memory(error) or self.options.text_layer is TextLayerMode.ONLY:
                raise
            return None, Judgement(PageKind.IMAGE, f"the content cannot be read as text: {one_line(error)}")

    def _damage(self, page: Page) -> str | None:
        """Why a page that shows nothing may have shown something once, else None."""
        complaint = first_complaint()
        if complaint is not None and "error" in complaint:
            return complaint
        if self.document.is_repaired and not page.read_contents():
            return complaint or "its content is missing"
        return None

    def _native_or_mixed(self, number: int, page: Page, content: PageContent, judgement: Judgement) -> PagePlan:
        plan = self._native(number, page, content, judgement)
        if judgement.kind is PageKind.NATIVE:
            return plan
        scale = page_scale(content.turn.width_pt, content.turn.height_pt, self.options.dpi, self.limits.max_page_pixels)
        try:
            image = render_pictures(page, content, judgement.areas, scale)
        except Exception as error:  # the text is safe; that the pictures are not read is said
            if is_disk_trouble(error):
                raise
            why = NOT_ENOUGH_MEMORY if is_out_of_memory(error) else one_line(error)
            reason = f"{judgement.reason}; they cannot be drawn: {why}"
            return plan.model_copy(update={"kind": PageKind.MIXED, "reason": reason})
        return plan.model_copy(
            update={
                "kind": PageKind.MIXED,
                "image_name": self.folder.add_image(number, image),
                "image_media_type": image.media_type,
                "image_size_bytes": len(image.data),
            }
        )

    def _native(self, number: int, page: Page, content: PageContent, judgement: Judgement) -> PagePlan:
        turn = content.turn
        scale = page_scale(turn.width_pt, turn.height_pt, self.options.dpi, self.limits.max_page_pixels)
        native = NativePage(
            page_number=number,
            width_px=max(1, round(turn.width_pt * scale.px_per_pt)),
            height_px=max(1, round(turn.height_pt * scale.px_per_pt)),
            rotation_deg=turn.rotation_deg,
            px_per_pt=scale.px_per_pt,
            quality_flags=self._flags(judgement.flags),
        )
        self.text.add(page, content, native, judgement.areas)
        return PagePlan(
            page_number=number,
            kind=PageKind.NATIVE,
            reason=judgement.reason,
            width_px=native.width_px,
            height_px=native.height_px,
            dpi=scale.dpi,
            rotation_deg=native.rotation_deg,  # type: ignore[arg-type]  # one of the four, checked by pydantic
            quality_flags=native.quality_flags,
        )

    def _image(self, number: int, page: Page, content: PageContent | None, judgement: Judgement) -> PagePlan:
        image = render_page(page, content, dpi=self.options.dpi, max_pixels=self.limits.max_page_pixels)
        if (damage := self._damage(page)) and is_one_colour(image):
            return self._failed(number, f"nothing is left of this page of a damaged file: {damage}", (0, 0))
        return PagePlan(
            has_earlier_ocr=self._keep_earlier_ocr(number, page, image, judgement),
            page_number=number,
            kind=PageKind.IMAGE,
            reason=judgement.reason,
            width_px=image.width_px,
            height_px=image.height_px,
            dpi=image.dpi,
            rotation_deg=int(page.rotation) % 360,  # type: ignore[arg-type]
            image_name=self.folder.add_image(number, image),
            image_media_type=image.media_type,
            image_size_bytes=len(image.data),
            quality_flags=self._flags((*judgement.flags, *image.flags)),
        )

    def _keep_earlier_ocr(self, number: int, page: Page, image: PageImage, judgement: Judgement) -> bool:
        """Keep the text that an OCR program left in the file, where it is made of words: ours may fail."""
        if PageFlag.HIDDEN_TEXT_LAYER not in judgement.flags or self.options.text_layer is not TextLayerMode.AUTO:
            return False
        content = read_page(page, with_hidden_text=True)
        text = content.visible_text
        if content.sideways_deg or not text or not judge_letters(text, self.options.languages).is_sound:
            return False
        native = NativePage(
            page_number=number,
            width_px=image.width_px,
            height_px=image.height_px,
            rotation_deg=content.turn.rotation_deg,
            px_per_pt=image.width_px / max(content.turn.width_pt, 1e-3),
            quality_flags=self._flags((PageFlag.HIDDEN_TEXT_LAYER, PageFlag.EARLIER_OCR_TAKEN)),
        )
        self.earlier_ocr.add(page, content, native)
        return True

    def _flags(self, flags: tuple[PageFlag, ...]) -> tuple[str, ...]:
        repaired = (PageFlag.REPAIRED_FILE,) if self.document.is_repaired else ()
        damaged = (PageFlag.DAMAGED_PAGE,) if is_page_incomplete() else ()
        return tuple(flag.value for flag in dict.fromkeys((*flags, *repaired, *damaged)))

    def _failed(self, number: int, reason: str, size: tuple[int, int]) -> PagePlan:
        return PagePlan(
            page_number=number,
            kind=PageKind.IMAGE,
            reason=reason,
            width_px=size[0],
            height_px=size[1],
            quality_flags=self._flags((PageFlag.RENDER_FAILED,)),
        )
