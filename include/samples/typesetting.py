"""HTML to PDF: pages, fonts, footers, and a text layer that is right on purpose or wrong on purpose.

MuPDF's own text layer of these fonts says NO-BREAK SPACE for every space and SOFT HYPHEN for every hyphen, because the
pairs share a glyph. So the ToUnicode maps are written anew here, which is also the place to garble one.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path

import pymupdf

FONT_FOLDERS = (
    Path("/usr/share/fonts/truetype/liberation"),
    Path("/usr/share/fonts/truetype/liberation2"),
    Path("/usr/share/fonts/liberation"),
    Path("/usr/share/fonts/liberation-fonts"),
)
_FONT_FILES = {
    "Liberation Serif Regular": ("serif", "", "LiberationSerif-Regular.ttf"),
    "Liberation Serif Bold": ("serif", "font-weight:bold", "LiberationSerif-Bold.ttf"),
    "Liberation Serif Italic": ("serif", "font-style:italic", "LiberationSerif-Italic.ttf"),
    "Liberation Sans Regular": ("sans", "", "LiberationSans-Regular.ttf"),
    "Liberation Sans Bold": ("sans", "font-weight:bold", "LiberationSans-Bold.ttf"),
    "Liberation Sans Italic": ("sans", "font-style:italic", "LiberationSans-Italic.ttf"),
}
_BASE_CSS = """
p { margin: 0 0 4pt 0; }
table { border-collapse: collapse; width: 100%; }
table.grid td, table.grid th { border: 0.6px solid black; padding: 1.5pt 3pt; }
th { font-weight: bold; text-align: center; vertical-align: middle; }
.j { text-align: justify; }
.c { text-align: center; }
.r { text-align: right; white-space: nowrap; }
.n { white-space: nowrap; }
.m { vertical-align: middle; }
.small { font-size: 80%; }
.b { font-weight: bold; }
.i { font-style: italic; }
.break { page-break-before: always; }
"""
_CREATION_DATE = "D:20260312091500+03'00'"


class FontsMissingError(Exception):
    """The fonts the documents are set in are not on this machine."""


class TextLayer(Enum):
    """What a reader of the text layer gets."""

    SOUND = "sound"
    GARBLED = "garbled"
    """Cyrillic as CP1251 bytes read as Latin-1, «Èçâåùåíèå»: the pages look right all the same."""


@dataclass(frozen=True)
class Sheet:
    """A kind of page, A4; margins in points."""

    font: str = "serif"
    size_pt: float = 12
    landscape: bool = False
    margin_left_pt: float = 70
    margin_right_pt: float = 40
    margin_top_pt: float = 50
    margin_bottom_pt: float = 50
    footer: str = ""
    """Text at the foot; ``{page}`` and ``{pages}`` are filled in. Empty: no footer."""

    @property
    def paper(self) -> pymupdf.Rect:
        """The page in points."""
        return pymupdf.paper_rect("a4-l" if self.landscape else "a4")


def find_fonts(folder: Path | None = None) -> Path:
    """The folder of the Liberation fonts.

    Raises:
        FontsMissingError: if neither ``folder`` nor the usual places have all of them.
    """
    for candidate in (folder,) if folder else FONT_FOLDERS:
        if all((candidate / file).is_file() for _, _, file in _FONT_FILES.values()):
            return candidate
    raise FontsMissingError(
        "The Liberation fonts were not found: install them (Debian: apt-get install fonts-liberation) "
        "or name their folder with --fonts."
    )


class Typesetter:
    """Sets HTML in the fonts of one folder."""

    def __init__(self, fonts: Path) -> None:
        self._archive = pymupdf.Archive(str(fonts))
        self._fonts = {name: pymupdf.Font(fontfile=str(fonts / file)) for name, (_, _, file) in _FONT_FILES.items()}
        self._font_css = "\n".join(
            f"@font-face {{ font-family: {family}; {style}; src: url({file}); }}"
            for family, style, file in _FONT_FILES.values()
        )

    def document(self, pages: Sequence[str], sheet: Sheet) -> pymupdf.Document:
        """Each text starts a new page and goes on over as many pages as it needs; footers are added."""
        buffer = io.BytesIO()
        writer = pymupdf.DocumentWriter(buffer)
        body = pymupdf.Rect(sheet.paper)
        body += (sheet.margin_left_pt, sheet.margin_top_pt, -sheet.margin_right_pt, -sheet.margin_bottom_pt)
        for html in pages:
            story = pymupdf.Story(self._html(html, sheet), user_css=self._css(sheet), archive=self._archive)
            more = True
            while more:
                device = writer.begin_page(sheet.paper)
                more, _ = story.place(body)
                story.draw(device)
                writer.end_page()
        writer.close()
        document = pymupdf.open("pdf", buffer.getvalue())
        if sheet.footer:
            self._add_footers(document, sheet)
        return document

    def save(self, document: pymupdf.Document, title: str, *, text_layer: TextLayer = TextLayer.SOUND) -> bytes:
        """The document as PDF: subset fonts, the wanted text layer, fixed dates and ids, so always the same bytes."""
        document.subset_fonts()
        self._write_text_layer(document, text_layer)
        self.set_identity(document, title)
        data: bytes = document.tobytes(garbage=4, deflate=True, no_new_id=True)
        return data

    @staticmethod
    def set_identity(document: pymupdf.Document, title: str) -> None:
        """Dates and ids that do not depend on when and where."""
        document.set_metadata(
            {
                "title": title,
                "producer": "Tenderlake samples",
                "creationDate": _CREATION_DATE,
                "modDate": _CREATION_DATE,
            }
        )
        identity = title.encode("utf-8").hex().upper()[:32].ljust(32, "0")
        document.xref_set_key(-1, "ID", f"[<{identity}><{identity}>]")

    @staticmethod
    def _html(html: str, sheet: Sheet) -> str:
        return f'<body lang="ru" style="font-family:{sheet.font};font-size:{sheet.size_pt}pt">{html}</body>'

    def _css(self, sheet: Sheet) -> str:
        return f"{self._font_css}\n{_BASE_CSS}\ntable {{ font-family: {sheet.font}; font-size: {sheet.size_pt}pt; }}"

    def _add_footers(self, document: pymupdf.Document, sheet: Sheet) -> None:
        for number, page in enumerate(document, start=1):
            text = sheet.footer.format(page=number, pages=document.page_count)
            place = pymupdf.Rect(
                sheet.margin_left_pt,
                page.rect.height - 38,
                page.rect.width - sheet.margin_right_pt,
                page.rect.height - 18,
            )
            story = f'<body style="font-family:{sheet.font};font-size:9pt;text-align:center">{text}</body>'
            page.insert_htmlbox(place, story, css=self._font_css, archive=self._archive)

    def _write_text_layer(self, document: pymupdf.Document, text_layer: TextLayer) -> None:
        letters = {chr(code) for code in itertools.chain(range(0x20, 0x7F), range(0xA1, 0x180), range(0x400, 0x460))}
        letters |= set("–—−„“”«»№…•²³°×≤≥±")
        letters -= {"\u00ad"}
        for page in document:
            for xref, _, _, name, _, _, _ in page.get_fonts(full=True):
                font = self._fonts[name.partition("+")[2] or name]
                glyphs = {font.has_glyph(ord(letter)): letter for letter in sorted(letters, reverse=True)}
                glyphs.pop(0, None)
                kind, value = document.xref_get_key(xref, "ToUnicode")
                if kind != "xref":
                    raise AssertionError(f"font {name} has no ToUnicode map")
                document.update_stream(int(value.split()[0]), _to_unicode(glyphs, text_layer))


def _to_unicode(glyphs: dict[int, str], text_layer: TextLayer) -> bytes:
    """A ToUnicode CMap (PDF 32000-1, 9.10.3) for two-byte glyph numbers."""
    if text_layer is TextLayer.GARBLED:
        glyphs = {glyph: letter.encode("cp1251", "replace").decode("latin-1") for glyph, letter in glyphs.items()}
    head = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
    )
    lines = [f"<{glyph:04x}> <{ord(letter):04x}>" for glyph, letter in sorted(glyphs.items())]
    blocks = [
        f"{len(chunk)} beginbfchar\n" + "\n".join(chunk) + "\nendbfchar\n"
        for chunk in (lines[start : start + 100] for start in range(0, len(lines), 100))
    ]
    tail = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    return (head + "".join(blocks) + tail).encode("ascii")


class _TextOfHtml(HTMLParser):
    """Text in reading order: a line a paragraph, a line a table row with tabs between its cells."""

    _LINE_ENDS = frozenset({"p", "div", "h1", "h2", "h3", "tr", "li", "hr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a cell, break a line."""
        if tag in ("td", "th"):
            self._line += "\t" if self._line else ""
            self._in_cell = True
        elif tag == "br" or tag in self._LINE_ENDS:
            self._end_line()

    def handle_endtag(self, tag: str) -> None:
        """End a cell, a paragraph or a row."""
        if tag in ("td", "th"):
            self._in_cell = False
        elif tag in self._LINE_ENDS:
            self._end_line()

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self._line += data.replace("\u00ad", "").replace("_", "")

    def _end_line(self) -> None:
        if self._in_cell:
            self._line += " "
            return
        cells = (" ".join(cell.split()) for cell in self._line.split("\t"))
        if line := "\t".join(cell for cell in cells if cell):
            self._lines.append(line)
        self._line = ""

    def text(self) -> str:
        """All lines."""
        self._end_line()
        return "\n".join(self._lines) + "\n"


def plain_text(html: str) -> str:
    """The text a person would type off the page: paragraphs and table rows a line each, plain spaces, no blank lines.

    Soft hyphens and the underscores of places to fill in are left out.
    """
    parser = _TextOfHtml()
    parser.feed(html)
    parser.close()
    return parser.text()
