"""The quality flags that preparing puts on a page; they go into the column ``quality_flags`` of the tables.

Beside them stand those of OCR, ``ocr_tasks.contract.ReadingFlag``; no code is in both. All are told in
``docs/quality-flags.md``.
"""

from __future__ import annotations

from enum import StrEnum


class PageFlag(StrEnum):
    """What a reader of a page's text should know about how it was got."""

    BLANK_PAGE = "blank_page"
    """Nothing is printed on the page; it was not sent to OCR."""
    HIDDEN_TEXT_LAYER = "hidden_text_layer"
    """The page carries text that people do not see, such as somebody's old OCR under a scan; it was not used."""
    EARLIER_OCR_TAKEN = "earlier_ocr_taken"
    """OCR of the page failed; its text is the one that somebody's old OCR left under the scan."""
    GARBLED_TEXT_LAYER = "garbled_text_layer"
    """The text layer does not say what is printed: wrong character codes, wrong letters."""
    LETTERS_AS_CURVES = "letters_as_curves"
    """Text is drawn as outlines, so there are no characters to take."""
    MIXED_PAGE = "mixed_page"
    """Sound text beside pictures that may hold text: the text comes from the text layer, the rest from OCR."""
    PICTURES_NOT_READ = "pictures_not_read"
    """Text was taken from the text layer or the file; some pictures of some size on the page were not read."""
    TABLES_NOT_SOUGHT = "tables_not_sought"
    """A drawing of very many lines: its text was taken line by line, no table was looked for among its lines."""
    DOWNSCALED = "downscaled"
    """The page image is smaller than asked, because of the limit of pixels."""
    REPAIRED_FILE = "repaired_file"
    """The file is damaged and was repaired while reading: something may be missing."""
    DAMAGED_PAGE = "damaged_page"
    """Errors in the page's content or in a picture on it: a part of it was not read."""
    RENDER_FAILED = "render_failed"
    """No image could be made of the page, so it could not be read."""
