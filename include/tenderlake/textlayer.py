"""Decides for each page of a PDF whether its text layer is taken or the page goes to OCR as an image.

The rule of thumb is what loses least. OCR of a sound page loses about one letter in a hundred and a few seconds; a
text layer that does not say what is printed, or a scanned table that nobody reads, loses the page. Doubt goes to OCR.

*Mixed pages*: sound text beside a picture. The whole page goes to OCR where the pictures take at least
:data:`MIXED_PICTURE_SHARE` of it **and** look like print (light background with marks on it, a scanned table or a
screenshot); the price is that the sound text of this page is read by OCR too. Below that share, and for photographs,
the text layer is taken and the page is flagged ``pictures_not_read``: logos, signatures and seals are no reason to give
up exact text, and their words are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

from tenderlake.documents import PageKind, PrepareOptions, TextLayerMode
from tenderlake.letters import judge_letters
from tenderlake.mupdf import Page, pymupdf
from tenderlake.pageflags import PageFlag

if TYPE_CHECKING:
    from tenderlake.pagecontent import Box, PageContent

SCAN_PICTURE_SHARE = 0.5
"""Pictures over this share of the page: a scan, whatever text is stamped on it."""
MIXED_PICTURE_SHARE = 0.10
"""A strip 3 cm high across an A4 page: the smallest scanned table that is worth more than exact text."""
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
_EDGE_STRENGTH = 60
_MIN_EDGE_SHARE = 0.01
_BACKGROUND_LEVELS = 16
_LIGHT_LEVEL = 128
_MIN_BACKGROUND_SHARE = 0.45
_BLANK_LEVEL = 240


@dataclass(frozen=True)
class Judgement:
    """Where the text of a page comes from, and why in words that go into the manifest."""

    kind: PageKind
    reason: str
    flags: tuple[PageFlag, ...] = ()


def judge_page(page: Page, content: PageContent, options: PrepareOptions) -> Judgement:
    """Decide native or image for one page.

    Args:
        page: The page of PyMuPDF, looked at once more (at low resolution) where its pictures decide.
        content: What was read from it.
        options: ``text_layer`` ``ignore`` makes every page an image, ``only`` makes every page native; the languages
            are those that are expected.
    """
    if options.text_layer is TextLayerMode.IGNORE:
        return Judgement(PageKind.IMAGE, "text layers are ignored (text_layer = ignore)")
    judgement = _judge(page, content, options.languages)
    if options.text_layer is TextLayerMode.ONLY and judgement.kind is PageKind.IMAGE:
        reason = f"only text layers are read (text_layer = only), though: {judgement.reason}"
        return Judgement(PageKind.NATIVE, reason, tuple(dict.fromkeys((*judgement.flags, *_unread(content)))))
    return judgement


def _unread(content: PageContent) -> tuple[PageFlag, ...]:
    return (PageFlag.PICTURES_NOT_READ,) if content.picture_share >= SMALL_PICTURE_SHARE else ()


def _judge(page: Page, content: PageContent, languages: tuple[str, ...]) -> Judgement:
    text = content.visible_text
    characters = len("".join(text.split()))
    return (
        _hidden_layer(content, characters)
        or _garbled_layer(text, languages)
        or _hardly_any_text(page, content, characters)
        or _pictures(page, content)
        or Judgement(
            PageKind.NATIVE,
            "the text layer is sound",
            (*_unread(content), *((PageFlag.HIDDEN_TEXT_LAYER,) if content.hidden_text.strip() else ())),
        )
    )


def _hidden_layer(content: PageContent, characters: int) -> Judgement | None:
    """Text that an opaque picture covers, or that is drawn invisibly over one: how OCR programs leave their text."""
    hidden = len("".join(content.hidden_text.split()))
    is_invisible = hidden > HIDDEN_SHARE * (hidden + characters) and content.picture_share >= MIXED_PICTURE_SHARE
    if content.covered_text_share <= HIDDEN_SHARE and not is_invisible:
        return None
    where = "invisible over a picture" if is_invisible else "hidden under a picture"
    return Judgement(PageKind.IMAGE, f"the text is {where} (an earlier OCR)", (PageFlag.HIDDEN_TEXT_LAYER,))


def _garbled_layer(text: str, languages: tuple[str, ...]) -> Judgement | None:
    verdict = judge_letters(text, languages)
    if verdict.is_sound:
        return None
    return Judgement(PageKind.IMAGE, f"the text layer is garbled: {verdict.problem}", (PageFlag.GARBLED_TEXT_LAYER,))


def _hardly_any_text(page: Page, content: PageContent, characters: int) -> Judgement | None:
    if characters == 0:
        return _no_text(page, content)
    if characters < SPARSE_CHARACTERS and content.picture_share >= SMALL_PICTURE_SHARE:
        return Judgement(PageKind.IMAGE, f"only {characters} characters of text beside a picture")
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


def _pictures(page: Page, content: PageContent) -> Judgement | None:
    share = content.picture_share
    if share < MIXED_PICTURE_SHARE:
        return None
    look = _look(page, content)
    if share >= SCAN_PICTURE_SHARE:
        if any(_has_marks(look, box) for box in content.pictures):
            return Judgement(
                PageKind.IMAGE, f"a picture covers {share:.0%} of the page under the text", (PageFlag.MIXED_PAGE,)
            )
        return None
    if any(_has_marks(look, box) and _is_like_print(look, box) for box in content.pictures):
        return Judgement(
            PageKind.IMAGE, f"pictures that may hold text cover {share:.0%} of the page", (PageFlag.MIXED_PAGE,)
        )
    return None


def _looks_blank(page: Page) -> bool:
    """Whether the page is white all over: white rectangles are drawings, too."""
    scale = min(_LOOK_DPI / 72, _LOOK_SIDE_PX / max(page.rect.width, page.rect.height, 1.0))
    pixels = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    return min(pixels.samples, default=255) >= _BLANK_LEVEL


_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class _Look:
    """The page in grey at low resolution, the edges in it, and a mask that leaves out its own text."""

    pixels: Image.Image
    edges: Image.Image
    outside_text: Image.Image
    scale: float

    def histogram(self, image: Image.Image, box: Box) -> list[int]:
        x0, y0, x1, y1 = (int(value * self.scale) for value in box)
        part = (x0, y0, max(x0 + 1, x1), max(y0 + 1, y1))
        return image.crop(part).histogram(mask=self.outside_text.crop(part))


def _look(page: Page, content: PageContent) -> _Look:
    scale = min(_LOOK_DPI / 72, _LOOK_SIDE_PX / max(content.turn.width_pt, content.turn.height_pt, 1.0))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    pixels = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    sideways_deg = (content.turn.rotation_deg - content.page_turn.rotation_deg) % 360
    if sideways_deg:
        pixels = pixels.transpose(_CLOCKWISE[sideways_deg])
    outside_text = Image.new("L", pixels.size, 255)
    draw = ImageDraw.Draw(outside_text)
    for line in (*content.lines, *content.sideways):
        x0, y0, x1, y1 = (value * scale for value in line.box)
        draw.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), fill=0)
    return _Look(pixels, pixels.filter(ImageFilter.FIND_EDGES), outside_text, scale)


def _has_marks(look: _Look, box: Box) -> bool:
    """Whether a picture holds anything but even shades and pale watermarks."""
    histogram = look.histogram(look.edges, box)
    return sum(histogram[_EDGE_STRENGTH:]) > _MIN_EDGE_SHARE * sum(histogram)


def _is_like_print(look: _Look, box: Box) -> bool:
    """Whether most of a picture is one even light background, as in print and screenshots but not in photographs."""
    histogram = look.histogram(look.pixels, box)
    mode = max(range(256), key=histogram.__getitem__)
    background = sum(histogram[max(0, mode - _BACKGROUND_LEVELS) : mode + _BACKGROUND_LEVELS + 1])
    return mode >= _LIGHT_LEVEL and background > _MIN_BACKGROUND_SHARE * sum(histogram)
