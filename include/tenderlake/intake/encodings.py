"""Finds the encoding of a text file: Unicode by its marks and rules, one-byte code pages by how Russian they look.

Detectors that know a hundred encodings take short Russian texts for Bulgarian, Hebrew or Mac code pages; here only
those compete that Russian and European offices have written in.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from ocr_tasks.letters import word_rarity

_CODE_PAGES = ("cp1251", "cp866", "koi8_r", "mac_cyrillic", "iso8859_5", "cp1252")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_CHARSET = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE
)
_OF_LETTERS = re.compile(
    r"cp\d+|iso8859[-_]\d+|koi8[-_]\w|mac[-_]\w+|gb\w+|big5\w*|euc_\w+|shift_jis\w*|hz|johab|tis-620"
)
"""What a file may name: Python calls compression, names of hosts and escapes encodings as well."""
_HEAD_BYTES = 4096
_SAMPLE_BYTES = 400_000
_SAMPLE_CHARS = 20_000
_COMMON = frozenset("оеаинтсрвлкмдпуяОЕАИНТСРВЛКМДПУЯ")
_TYPOGRAPHY = frozenset("«»№–—“”„‘’…•·§°±©®™€\xa0\xad")
_CASE_BREAK = re.compile(r"[a-zа-яёà-ÿ][A-ZА-ЯЁÀ-Þ]")
_MIXED_WORD = re.compile(r"[A-Za-z][А-Яа-яЁё]|[А-Яа-яЁё][A-Za-z]")
_LONELY = re.compile(r"\dа\d|(?:(?<=\s)|^)[БГДЕЁЖЗЙЛМНПРТФХЦЧШЩЪЫЬЭЮбгдеёжзйлмнпртфхцчшщъыьэю](?=\s|$)")
"""Letters alone that are no words, and one in a number: dashes and spaces of another code page."""
_HIGH_WORD = re.compile(r"[^\W\d_]+")
_RUSSIAN_OR_LATIN = re.compile(r"[А-Яа-яЁёß-öø-ÿÄÖÜÉ]")
_LEAST_SCORE = 0.0
_TYPICAL_RARITY = 2.4
_LEAST_SOUND_SHARE = 0.9
"""Of the letters beyond ASCII, in a text in UTF-8 of which some are damaged: of one in a code page nearly none fit."""
_CUT_BYTES = 1000
"""Long enough that nobody writes all of it in ASCII but for the last letter."""
_RARELY_USED = {"mac_cyrillic": 0.12, "iso8859_5": 0.12}
_UNKNOWN_WORD = 3.5
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\f\r\x1a")
"""Old programs end a text with 0x1A."""
_CONTROL = re.compile(b"[" + re.escape(_CONTROLS) + b"]")
_MOST_SLIPS = 0.001
"""Of all bytes: Word and LibreOffice leave a control character of theirs in a web page now and then."""
_BOX = re.compile("[\u2500-\u259f]")


@dataclass(frozen=True)
class DecodedText:
    """A text and the encoding it was in."""

    text: str
    encoding: str


def decode_text(data: bytes, declared: str | None = None) -> DecodedText | None:
    """Decode the bytes of a text file.

    Args:
        data: All bytes.
        declared: The encoding that the file itself names; believed where the bytes bear it out.

    Returns:
        The text, or None where the bytes are no text in any encoding known here.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return DecodedText(data.decode(encoding, "replace"), encoding)
    if wide := _wide_encoding(data):
        return DecodedText(data.decode(wide, "replace"), wide)
    if (plain := _without_controls(data)) is None:
        return None
    data = plain
    try:
        return DecodedText(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        # A text that was cut in the middle of a letter is one in UTF-8 all the same.
        if error.start >= len(data) - 3 and len(data) > _CUT_BYTES:
            return DecodedText(data.decode("utf-8", "ignore"), "utf-8")
    if (mended := _nearly_utf_8(data)) is not None:
        return DecodedText(mended, "utf-8")
    code_page = _best_code_page(data, declared)
    return DecodedText(data.decode(code_page, "replace"), code_page) if code_page is not None else None


def declared_encoding(data: bytes) -> str | None:
    """The encoding that a web page or XML file names at its beginning."""
    found = _CHARSET.search(data[:_HEAD_BYTES])
    return next((group.decode("ascii") for group in found.groups() if group), None) if found else None


def _without_controls(data: bytes) -> bytes | None:
    """The text without the control characters that no text has; None where there are more than a slip leaves."""
    if _CONTROL.search(data) is None:
        return data
    plain = data.translate(None, _CONTROLS)
    slips = len(data) - len(plain)
    return None if b"\0" in data or slips > len(data) * _MOST_SLIPS else plain


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte is one of a few."""
    sample = data[:4096]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) < 8 or b"\0" not in sample:
        return None
    for encoding, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if sum(byte in (0, 4, 0x20) for byte in high) > 0.9 * len(high):
            text = sample.decode(encoding, "replace")
            if not any(char < " " and char not in "\t\n\r\f" for char in text):
                return encoding
    return None


def _nearly_utf_8(data: bytes) -> str | None:
    """A text in UTF-8 in which a program has cut letters in two, as it does where fields have so many bytes."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    high = sum(not char.isascii() for char in text[:_SAMPLE_BYTES])
    return text if high - damaged >= _LEAST_SOUND_SHARE * high else None


def _best_code_page(data: bytes, declared: str | None) -> str | None:
    sample = data[:_SAMPLE_BYTES]
    scores = {
        code_page: _likeness(_high_words(sample, code_page)) - _RARELY_USED.get(code_page, 0.0)
        for code_page in _CODE_PAGES
    }
    best = max(_CODE_PAGES, key=lambda code_page: scores[code_page])
    if declared is not None:
        named = _normal(declared)
        if named in scores and scores[named] >= scores[best] - 0.3:
            return named
    if scores[best] >= _LEAST_SCORE:
        return best
    named = _normal(declared) if declared is not None and b"\0" not in data else None
    return named if named is not None and _OF_LETTERS.fullmatch(named) else None


def _normal(encoding: str) -> str | None:
    """The name used here of an encoding named by a file."""
    try:
        name = codecs.lookup(encoding.strip()).name
    except (LookupError, ValueError):
        return None
    return {"koi8-r": "koi8_r", "mac-cyrillic": "mac_cyrillic", "iso8859-5": "iso8859_5"}.get(name, name)


def _high_words(data: bytes, code_page: str) -> str:
    """The parts of a text that hold letters beyond ASCII, up to a length that decides."""
    words: list[str] = []
    size = 0
    for word in data.split():
        if not word.isascii():
            words.append(word.decode(code_page, "replace"))
            size += len(word)
            if size > _SAMPLE_CHARS:
                break
    return " ".join(words)


def _likeness(text: str) -> float:
    """How much a text looks like one, about -2 to 1; only what is beyond ASCII counts."""
    points, count = 0.0, 0
    for char in text:
        if char.isascii():
            continue
        count += 1
        if char in _COMMON:
            points += 1.0
        elif _RUSSIAN_OR_LATIN.match(char):
            points += 0.3
        elif char not in _TYPOGRAPHY and not char.isalpha():
            points -= 2.0 if not _BOX.match(char) else 0.7
    if not count:
        return 0.0
    points -= 2.0 * (len(_CASE_BREAK.findall(text)) + len(_MIXED_WORD.findall(text)) + len(_LONELY.findall(text)))
    rarities = [
        rarity if (rarity := word_rarity(word)) is not None else _UNKNOWN_WORD
        for word in _HIGH_WORD.findall(text)
        if len(word) >= 4 and not word.isascii()
    ]
    if not rarities and not points:
        return 0.0  # nothing but quotes, dashes and such
    rarity = sum(rarities) / len(rarities) if rarities else 3.0
    return points / count - 0.25 * (rarity - _TYPICAL_RARITY)
