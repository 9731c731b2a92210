"""Finds the pictures in a digital page that may hold text: a scanned table, a seal, a stamp.

Pictures that touch are one (scans come in strips and tiles). What is worth reading: a light even background with marks
on it, as print has and photographs have not, of the size of a seal or more. Left out are blank pictures and watermarks,
photographs, and letterheads: small pictures in the top margin, whose words stand beside them in text. A picture that
stands in the same place of several pages is read on the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from PIL import Image, ImageDraw, ImageFilter

from ocr_tasks.boxes import Box, union
from tenderlake.mupdf import Page, pymupdf
from tenderlake.pagecontent import PageContent, covered_share

SMALLEST_SHARE = 0.004
"""Of a page: a stamp of 4 x 6 cm has a fortieth, a facsimile of a signature with its name about half of this."""
SMALLEST_SIDE_PT = 20.0
LETTERHEAD_SHARE = 0.02
"""Smaller pictures in the top margin are coats of arms and logos."""

_TOP_MARGIN = 0.14
_TOUCHING_PT = 2.0
_MOST_PICTURES = 2000
_LOOK_DPI = 50
_LOOK_SIDE_PX = 1000
_EDGE_STRENGTH = 60
_MIN_EDGE_SHARE = 0.01
_BACKGROUND_LEVELS = 16
_LIGHT_LEVEL = 128
_MIN_BACKGROUND_SHARE = 0.45


@dataclass(frozen=True)
class PictureText:
    """The areas of a page that OCR should read, and the share of the page that pictures take that it should not."""

    areas: tuple[Box, ...]
    areas_share: float
    unread_share: float


@dataclass
class PictureFinder:
    """Finds picture text page by page of one document."""

    _seen: set[bytes] = field(default_factory=set)

    def find(self, page: Page, content: PageContent) -> PictureText:
        """Look at the pictures of a page; its own text is not counted as theirs."""
        groups = [group.clipped(content.page_box) for group in touching(content.pictures)]
        large = [group for group in groups if _is_large(group, content.page_box)]
        if not large:
            return PictureText((), 0.0, 0.0)
        look = _look(page, content)
        marked = [group for group in large if look.has_marks(group)]
        printed = [group for group in marked if look.is_like_print(group)]
        areas = tuple(group for group in printed if self._is_new(look.digest(group)))
        unread = tuple(group for group in marked if group not in printed)
        return PictureText(areas, covered_share(areas, content.page_box), covered_share(unread, content.page_box))

    def _is_new(self, digest: bytes) -> bool:
        is_new = digest not in self._seen
        self._seen.add(digest)
        return is_new


def _is_large(box: Box, page_box: Box) -> bool:
    if min(box.width, box.height) < SMALLEST_SIDE_PT or box.area < SMALLEST_SHARE * page_box.area:
        return False
    is_in_letterhead = box.y1 <= _TOP_MARGIN * page_box.height
    return not is_in_letterhead or box.area >= LETTERHEAD_SHARE * page_box.area


def touching(boxes: Iterable[Box]) -> list[Box]:
    """Boxes that touch or overlap as one, top to bottom."""
    left = sorted(dict.fromkeys(boxes))
    if len(left) > _MOST_PICTURES:  # a drawing made of dots; comparing each with each would take minutes
        return [union(left)]
    groups: list[Box] = []
    while left:
        group = left.pop()
        while joined := [box for box in left if _touch(group, box)]:
            left = [box for box in left if box not in joined]
            group = union([group, *joined])
        groups.append(group)
    return sorted(groups, key=lambda box: (box.y0, box.x0))


def _touch(box: Box, other: Box) -> bool:
    return (
        box.x0 - _TOUCHING_PT <= other.x1
        and other.x0 - _TOUCHING_PT <= box.x1
        and box.y0 - _TOUCHING_PT <= other.y1
        and other.y0 - _TOUCHING_PT <= box.y1
    )


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

    def has_marks(self, box: Box) -> bool:
        """Whether a picture holds anything but even shades and pale watermarks."""
        histogram = self._histogram(self.edges, box)
        return sum(histogram[_EDGE_STRENGTH:]) > _MIN_EDGE_SHARE * sum(histogram)

    def is_like_print(self, box: Box) -> bool:
        """Whether most of a picture is one even light background, as in print but not in photographs."""
        histogram = self._histogram(self.pixels, box)
        mode = max(range(256), key=histogram.__getitem__)
        background = sum(histogram[max(0, mode - _BACKGROUND_LEVELS) : mode + _BACKGROUND_LEVELS + 1])
        return mode >= _LIGHT_LEVEL and background > _MIN_BACKGROUND_SHARE * sum(histogram)

    def digest(self, box: Box) -> bytes:
        """Names what is seen in a box, and where."""
        part = self._part(box)
        return sha256(repr(part).encode() + self.pixels.crop(part).tobytes()).digest()

    def _part(self, box: Box) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (int(value * self.scale) for value in box)
        return x0, y0, max(x0 + 1, x1), max(y0 + 1, y1)

    def _histogram(self, image: Image.Image, box: Box) -> list[int]:
        part = self._part(box)
        return image.crop(part).histogram(mask=self.outside_text.crop(part))


def _look(page: Page, content: PageContent) -> _Look:
    scale = min(_LOOK_DPI / 72, _LOOK_SIDE_PX / max(content.turn.width_pt, content.turn.height_pt, 1.0))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    pixels = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    if content.sideways_deg:
        pixels = pixels.transpose(_CLOCKWISE[content.sideways_deg])
    outside_text = Image.new("L", pixels.size, 255)
    draw = ImageDraw.Draw(outside_text)
    for line in (*content.lines, *content.sideways):
        x0, y0, x1, y1 = (value * scale for value in line.box)
        draw.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), fill=0)
    return _Look(pixels, pixels.filter(ImageFilter.FIND_EDGES), outside_text, scale)
