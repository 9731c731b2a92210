"""Decides for each page of a PDF whether its text layer is taken or the page goes to OCR as an image.

The rule of thumb is what loses least. OCR of a sound page loses about one letter in a hundred and a few seconds; a
text layer that does not say what is printed, or a scanned table that nobody reads, loses the page. Doubt goes to OCR.

*Mixed pages*: sound text beside pictures that may hold text (:mod:`tenderlake.picturetext`). The text is taken from the
text layer, the pictures alone go to OCR, and what both say is merged by its place. Photographs of some size are not
read, and the page is flagged ``pictures_not_read``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenderlake.documents import PageKind, PrepareOptions, TextLayerMode
from tenderlake.letters import judge_font, judge_letters
from tenderlake.mupdf import Page, pymupdf
from tenderlake.pageflags import PageFlag

if TYPE_CHECKING:
    from ocr_tasks.boxes import Box
    from tenderlake.pagecontent import PageContent
    from tenderlake.picturetext import PictureFinder, PictureText

HIDING_PICTURE_SHARE = 0.10
"""Pictures over this share of the page may have invisible text over them from OCR."""
SMALL_PICTURE_SHARE = 0.02
"""Below this a picture is a logo or a line drawn as a picture, and is not mentioned."""
SPARSE_CHARACTERS = 50
"""A page with fewer characters and a picture or drawings is read as an image."""
OUTLINE_PATHS = 200
"""So many shapes of the size of letters, on a page with fewer characters than that, are letters drawn as curves."""
HIDDEN_SHARE = 0.5
"""Share of the text layer under the picture, or invisible, above which it is somebody's old OCR."""

_LOOK_DPI = 50
_LOOK_SIDE_PX = 1000
_BLANK_LEVEL = 240


@dataclass(frozen=True)
class Judgement:
    """Where the text of a page comes from, and why in words that go into the manifest.

    ``areas``: the pictures of a mixed page that go to OCR.
    """

    kind: PageKind
    reason: str
    flags: tuple[PageFlag, ...] = ()
    areas: tuple[Box, ...] = ()


def judge_page(page: Page, content: PageContent, options: PrepareOptions, pictures: PictureFinder) -> Judgement:
    """Decide native or image for one page.

    Args:
        page: The page of PyMuPDF, looked at once more (at low resolution) where its pictures decide.
        content: What was read from it.
        options: ``text_layer`` ``ignore`` makes every page an image, ``only`` makes every page native; the languages
            are those that are expected.
        pictures: Remembers the pictures of the pages before.
    """
    if options.text_layer is TextLayerMode.IGNORE:
        return Judgement(PageKind.IMAGE, "text layers are ignored (text_layer = ignore)")
    judgement = _judge(page, content, options.languages, pictures)
    if options.text_layer is TextLayerMode.ONLY and judgement.kind is not PageKind.NATIVE:
        reason = f"only text layers are read (text_layer = only), though: {judgement.reason}"
        return Judgement(PageKind.NATIVE, reason, _unread_flags(judgement, content))
    return judgement


def _unread_flags(judgement: Judgement, content: PageContent) -> tuple[PageFlag, ...]:
    flags = [flag for flag in judgement.flags if flag is not PageFlag.MIXED_PAGE]
    if content.picture_share >= SMALL_PICTURE_SHARE or judgement.areas:
        flags.append(PageFlag.PICTURES_NOT_READ)
    return tuple(dict.fromkeys(flags))


def _judge(page: Page, content: PageContent, languages: tuple[str, ...], pictures: PictureFinder) -> Judgement:
    text = content.visible_text
    characters = len("".join(text.split()))
    judgement = (
        _hidden_layer(content, characters)
        or _garbled_layer(text, languages)
        or _garbled_font(content.text_of_fonts, len(text))
        or _hardly_any_text(page, content, characters)
    )
    if judgement is not None:
        return judgement
    found = pictures.find(page, content)
    return _sparse_text(content, characters, found) or _sound_layer(content, found)


def _sparse_text(content: PageContent, characters: int, found: PictureText) -> Judgement | None:
    """A page number on a scan that does not look like print, such as a form on dark paper."""
    is_picture_page = content.picture_share >= SMALL_PICTURE_SHARE and characters < SPARSE_CHARACTERS
    if not is_picture_page or (found.areas and found.unread_share < SMALL_PICTURE_SHARE):
        return None
    return Judgement(PageKind.IMAGE, f"only {characters} characters of text beside a picture")


def _sound_layer(content: PageContent, found: PictureText) -> Judgement:
    """Native, or mixed where pictures on the page may hold text of their own."""
    flags = [
        flag
        for flag, is_set in (
            (PageFlag.MIXED_PAGE, bool(found.areas)),
            (PageFlag.PICTURES_NOT_READ, found.unread_share >= SMALL_PICTURE_SHARE),
            (PageFlag.TABLES_NOT_SOUGHT, content.is_drawing),
            (PageFlag.HIDDEN_TEXT_LAYER, bool(content.hidden_text.strip())),
        )
        if is_set
    ]
    if not found.areas:
        return Judgement(PageKind.NATIVE, "the text layer is sound", tuple(flags))
    reason = f"the text layer is sound, pictures on {found.areas_share:.0%} of the page may hold more text"
    return Judgement(PageKind.MIXED, reason, tuple(flags), found.areas)


def _hidden_layer(content: PageContent, characters: int) -> Judgement | None:
    """Text that an opaque picture covers, or that is drawn invisibly over one: how OCR programs leave their text."""
    hidden = len("".join(content.hidden_text.split()))
    is_invisible = hidden > HIDDEN_SHARE * (hidden + characters) and content.picture_share >= HIDING_PICTURE_SHARE
    if content.covered_text_share <= HIDDEN_SHARE and not is_invisible:
        return None
    where = "invisible over a picture" if is_invisible else "hidden under a picture"
    return Judgement(PageKind.IMAGE, f"the text is {where} (an earlier OCR)", (PageFlag.HIDDEN_TEXT_LAYER,))


def _garbled_layer(text: str, languages: tuple[str, ...]) -> Judgement | None:
    verdict = judge_letters(text, languages)
    if verdict.is_sound:
        return None
    return Judgement(PageKind.IMAGE, f"the text layer is garbled: {verdict.problem}", (PageFlag.GARBLED_TEXT_LAYER,))


def _garbled_font(texts: tuple[str, ...], characters: int) -> Judgement | None:
    """One font of several that says something else than what is printed, such as that of the headings."""
    if len(texts) < 2:
        return None
    for text in texts:
        if 2 * len(text) <= characters and (problem := judge_font(text)):
            reason = f"the text layer is garbled: in one of the fonts {problem}"
            return Judgement(PageKind.IMAGE, reason, (PageFlag.GARBLED_TEXT_LAYER,))
    return None


def _hardly_any_text(page: Page, content: PageContent, characters: int) -> Judgement | None:
    if characters == 0:
        return _no_text(page, content)
    if characters < OUTLINE_PATHS < content.glyph_sized_paths:
        return Judgement(
            PageKind.IMAGE,
            f"only {characters} characters of text and {content.glyph_sized_paths} small drawn shapes",
            (PageFlag.LETTERS_AS_CURVES,),
        )
    return None


def _no_text(page: Page, content: PageContent) -> Judgement:
    if content.pictures:
        return Judgement(PageKind.IMAGE, "no text layer, pictures only")
    if content.has_visible_paint and not _looks_blank(page):
        return Judgement(PageKind.IMAGE, "no text layer, drawings only", (PageFlag.LETTERS_AS_CURVES,))
    flags = (PageFlag.BLANK_PAGE, *((PageFlag.HIDDEN_TEXT_LAYER,) if content.hidden_text.strip() else ()))
    return Judgement(PageKind.NATIVE, "the page is blank", flags)


def _looks_blank(page: Page) -> bool:
    """Whether the page is white all over: white rectangles are drawings, too."""
    scale = min(_LOOK_DPI / 72, _LOOK_SIDE_PX / max(page.rect.width, page.rect.height, 1.0))
    pixels = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    return min(pixels.samples, default=255) >= _BLANK_LEVEL
