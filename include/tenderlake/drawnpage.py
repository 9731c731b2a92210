"""What a PDF page draws: its text, its words, and what is painted in which order.

To interpret the content of a page takes longer than anything that is done with the result, and every question to
PyMuPDF's ``Page`` does it anew. Here it is done once for pages of nothing but text, which most are. A display list
would serve all questions, but leaves out pieces of text without ink: the spaces that Word writes by themselves.

All boxes are those of the unrotated page in points, origin at the top left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from tenderlake.mupdf import Page, pymupdf

_mupdf = pymupdf.mupdf

# Without TEXT_CID_FOR_UNKNOWN_UNICODE a glyph that the font does not map to a character comes as U+FFFD and can be
# counted; with it (PyMuPDF's default) it comes as some letter. Ligatures are taken apart. White space comes as plain
# spaces, as it is cleaned anyway: preserved, it parts a justified line into a span a word, which takes time.
_TEXT_FLAGS = pymupdf.TEXT_MEDIABOX_CLIP
# Says besides whether anything else is painted. Lazy: else a line drawn in the middle of a line of text would part it.
_PAINT_FLAGS = _mupdf.FZ_STEXT_PRESERVE_IMAGES | _mupdf.FZ_STEXT_COLLECT_VECTORS | _mupdf.FZ_STEXT_LAZY_VECTORS

Painted = tuple[str, tuple[float, float, float, float]]
"""What was done (``fill-image``, ``stroke-path``, …: PyMuPDF's names in ``get_bboxlog``), and the bounds of it."""
Word = tuple[float, float, float, float, str, int, int, int]
"""Its box, its text, and the numbers of its block, of the line in the block and of itself in the line."""


class DrawnPage:
    """The drawing of one page, its notes and form fields included; raises whatever PyMuPDF raises on a broken page.

    ``has_text_only``: nothing else is painted.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._text = page.get_textpage(flags=_TEXT_FLAGS | _PAINT_FLAGS)
        kinds = set(_kinds_of_blocks(self._text))
        self.has_text_only = kinds <= {_mupdf.FZ_STEXT_BLOCK_TEXT}
        if _mupdf.FZ_STEXT_BLOCK_IMAGE in kinds:  # the pictures would be encoded with the text
            self._text = page.get_textpage(flags=_TEXT_FLAGS)

    def text(self) -> dict[str, Any]:
        """Blocks, lines and spans as in PyMuPDF's ``TextPage.extractDICT``."""
        return cast("dict[str, Any]", self._text.extractDICT())

    def words(self) -> list[Word]:
        """The words, parted by white space."""
        return cast("list[Word]", self._text.extractWORDS())

    def painted(self, *, with_text: bool) -> list[Painted]:
        """What is painted, in its order; text only where it is asked for, as there are hundreds of pieces a page."""
        device = _PaintLog(with_text=with_text)
        rotation = self._page.rotation
        if rotation:
            self._page.set_rotation(0)
        try:
            _mupdf.fz_run_page(self._page.this, device, _mupdf.FzMatrix(), _mupdf.FzCookie())
            _mupdf.fz_close_device(device)
        finally:
            if rotation:
                self._page.set_rotation(rotation)
        return device.painted


def _kinds_of_blocks(text_page: Any) -> Iterator[int]:
    block = text_page.this.m_internal.first_block
    while block:
        yield block.type
        block = block.next


class _PaintLog(_mupdf.FzDevice2):  # type: ignore[name-defined, misc]  # MuPDF has no type hints
    """Writes down what MuPDF paints. MuPDF calls back only for what is named in ``use_virtual_…``."""

    def __init__(self, *, with_text: bool) -> None:
        super().__init__()
        self.painted: list[Painted] = []
        self.use_virtual_fill_path()
        self.use_virtual_stroke_path()
        self.use_virtual_fill_shade()
        self.use_virtual_fill_image()
        self.use_virtual_fill_image_mask()
        if with_text:
            self.use_virtual_fill_text()
            self.use_virtual_stroke_text()

    def _add(self, kind: str, rect: Any) -> None:
        self.painted.append((kind, (rect.x0, rect.y0, rect.x1, rect.y1)))

    def fill_path(self, _context: Any, path: Any, _even_odd: Any, matrix: Any, *_style: Any) -> None:
        self._add("fill-path", _mupdf.ll_fz_bound_path(path, None, matrix))

    def stroke_path(self, _context: Any, path: Any, stroke: Any, matrix: Any, *_style: Any) -> None:
        self._add("stroke-path", _mupdf.ll_fz_bound_path(path, stroke, matrix))

    def fill_shade(self, _context: Any, shade: Any, matrix: Any, *_style: Any) -> None:
        self._add("fill-shade", _mupdf.ll_fz_bound_shade(shade, matrix))

    def fill_image(self, _context: Any, _image: Any, matrix: Any, *_style: Any) -> None:
        self._add("fill-image", _mupdf.ll_fz_transform_rect(_mupdf.fz_unit_rect, matrix))

    def fill_image_mask(self, _context: Any, _image: Any, matrix: Any, *_style: Any) -> None:
        self._add("fill-imgmask", _mupdf.ll_fz_transform_rect(_mupdf.fz_unit_rect, matrix))

    def fill_text(self, _context: Any, text: Any, matrix: Any, *_style: Any) -> None:
        self._add("fill-text", _mupdf.ll_fz_bound_text(text, None, matrix))

    def stroke_text(self, _context: Any, text: Any, stroke: Any, matrix: Any, *_style: Any) -> None:
        self._add("stroke-text", _mupdf.ll_fz_bound_text(text, stroke, matrix))
