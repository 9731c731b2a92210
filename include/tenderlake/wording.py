"""Characters and line ends of native text: what is kept, what is only typography."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Symbol and Wingdings fonts put their bullets and check boxes into the private use area.
_SYMBOLS = {
    0xF0B7: "•", 0xF0A7: "▪", 0xF06C: "●", 0xF06E: "■", 0xF076: "❖", 0xF0D8: "➢", 0xF0A8: "☐", 0xF06F: "☐", 0xF071: "☐",
    0xF0FC: "✓", 0xF0FE: "☑", 0xF0FB: "✗", 0xF078: "☒", 0xF02D: "–", 0xF0E0: "→",
}  # fmt: skip
# Control characters in no font: what Windows' code pages have in their place, where that is punctuation.
_PUNCTUATION = {0x82: "‚", 0x84: "„", 0x91: "‘", 0x92: "’", 0x93: "“", 0x94: "”", 0x95: "•", 0x96: "–", 0x97: "—"}
_DROPPED = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x200C, 0x2060, 0xFEFF], None)
_SPACES = dict.fromkeys([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F], " ")
_TRANSLATION = {**_DROPPED, **_SPACES, **_SYMBOLS, **_PUNCTUATION}
_SOFT_HYPHEN = "\xad"
# White space apart, which str.split takes out.
_TRANSLATED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200c\u2060\ufeff\ufffd\ue000-\uf8ff]")
_UNMAPPED_BULLET = re.compile("^(?:[\x80-\x9f\ufffd\ue000-\uf8ff]+\\s+)+(?=\\S)")
_PARTICLES = frozenset({"то", "либо", "нибудь", "таки", "ка"})
"""Russian particles that are always written with a hyphen before them."""
_COMPOUND_ADJECTIVE = re.compile(r"\w{4}(?:[бвгджзклмнпрстфхцчшщь]но|[сц]ко)$")
"""The first part of words such as организационно-правовой, which never lose their hyphen."""
_VOWEL = re.compile("[аеёиоуыэюяіїєaeiouyà-öø-ÿ]", re.IGNORECASE)
"""No part of a word without a vowel is left or carried over (Russian orthography of 1956, § 117): «р-н», «пр-во»."""
_CONTRACTION = re.compile("(?:кол|произ|изд|хоз|гос|об)-(?:во|ва|ву|вом|ве)")
_WORD_END = re.compile(
    r"(?:[ьъы]\w*|й|н{0,2}(?:ый|ая|ое|ые|ого|ому|ых|ым|ую)|ий|ие|ия|ии|ск(?:ий|ая|ое|ие|ого|ому|их|им|ую|ой)|"
    r"[ае]?ни[еяйю]|[ае]?нием|ци[яийю]|цией|ост[ьи]|остью|ств[оауе]|ством|тел[ья]|телей|ся)(?![\w.-])"
)
"""What Russian words end in and no word is."""
_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_PARTING_SHARE = 0.05
_WORD = re.compile(r"\w+(?:-\w+)*")
_LAST_PART = re.compile(r"[^\W\d_]+$")
_FIRST_PART = re.compile(r"\w+")
_ADDRESS = re.compile(r"[/@_]\S*$")
_ENDS_IN_NUMBER = re.compile(r"\d[-‐]$")

BULLETS = "•●▪■◦○‣⁃·➢►❖✓✔☐☑☒→"
DASHES = "–—―‒−⎯*-"
# Word's second bullet is the Latin letter o of Courier New.
LIST_ITEM = re.compile(
    rf"(?:[{BULLETS}]\s*|o\s+|(?:\d{{1,3}}(?:\.\d{{1,3}})*\)|[а-яa-z]\)|\(\d{{1,3}}\)|[{DASHES}])\s+)\S"
)
"""How an item of a list begins that its author marked by hand, or whose mark is part of the text."""
LEADERS = re.compile(r"(?:[.…·_] ?){4,}")
CONTENTS_ENTRY = re.compile(rf"(?:\t|{LEADERS.pattern})\s*\d{{1,4}}$")
"""How an entry of a table of contents ends: leaders or a tab, and the number of a page."""


def clean(text: str) -> str:
    """One line of text: spaces of any kind and number are one space, marks without meaning to a reader are gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    if _TRANSLATED.search(text):
        text = _UNMAPPED_BULLET.sub("• ", text.lstrip().translate(_SYMBOLS))
        text = " ".join(text.translate(_TRANSLATION).split())
        if _SOFT_HYPHEN in text:
            text = text[:-1].replace(_SOFT_HYPHEN, "") + text[-1]
    else:
        text = " ".join(text.split())
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class HyphenHabits:
    """How a page uses hyphens, to tell a parted word from one that is written with a hyphen.

    ``parts_words``: so many lines end with a hyphen that the page was set with automatic hyphenation. ``whole`` are the
    words written without a hyphen inside a line, ``hyphenated`` those written with one, in lower case.
    """

    parts_words: bool = True
    whole: frozenset[str] = frozenset()
    hyphenated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lines: list[str]) -> HyphenHabits:
        """The habits of a page, from its lines."""
        endings = sum(_last_part(line.rstrip()) is not None for line in lines)
        if not endings:
            return cls()
        words = [word.lower() for line in lines for word in _WORD.findall(line)]
        return cls(
            parts_words=endings >= _PARTING_SHARE * sum(any(map(str.isalpha, line)) for line in lines),
            whole=frozenset(word for word in words if "-" not in word),
            hyphenated=frozenset(word for word in words if "-" in word),
        )

    def keeps_hyphen(self, before: str, after: str) -> bool:
        """Whether the hyphen between the last part of a line and the first part of the next belongs to the word."""
        if _CONTRACTION.fullmatch(f"{before}-{after}".lower()) or not (_VOWEL.search(before) and _VOWEL.search(after)):
            return True
        if not after[0].islower() or before.isupper() or before[-1].isascii() != after[0].isascii():
            return True
        if after in _PARTICLES or f"{before}-{after}".lower() in self.hyphenated:
            return True
        if (before + after).lower() in self.whole:
            return False
        return not self.parts_words or bool(_COMPOUND_ADJECTIVE.search(before))


_ANY_HABITS = HyphenHabits()


def join_lines(lines: list[str], habits: HyphenHabits = _ANY_HABITS) -> str:
    """The lines of a paragraph as one text; words parted at line ends are whole again as ``habits`` say."""
    text = ""
    for line in lines:
        if not line:
            continue
        if not text:
            text = line
        elif text[-1] == _SOFT_HYPHEN:
            text = text[:-1] + line
        elif (before := _last_part(text)) and (after := _FIRST_PART.match(line)):
            is_kept = _ADDRESS.search(text[-200:]) or habits.keeps_hyphen(before, after.group())
            text = (text if is_kept else text[:-1]) + line
        elif _ENDS_IN_NUMBER.search(text[-12:]) or _is_cut_word(text, line):  # «№ 44-» and «ФЗ» on the next line
            text += line
        else:
            text = f"{text} {line}"
    return text.rstrip(_SOFT_HYPHEN)


def join_cell_lines(lines: list[str], habits: HyphenHabits) -> str:
    """The lines of a cell of a table as one text: as those of a paragraph, and a number that was cut is whole again."""
    if len(lines) > 1 and not all(map(_NUMBER.fullmatch, lines)):
        number = "".join(lines)
        if _NUMBER.fullmatch(number) and not _NUMBER.fullmatch(" ".join(lines)):
            return number
    return join_lines(lines, habits)


def _is_cut_word(text: str, line: str) -> bool:
    """Whether a narrow column cut a word without a hyphen, told by a rest that no word is."""
    return text[-1].islower() and bool(_WORD_END.match(line))


def _last_part(text: str) -> str | None:
    """The letters before a hyphen at the end of a line, None where it does not end so."""
    if text[-1:] not in ("-", "‐"):
        return None
    found = _LAST_PART.search(text[-40:-1])
    return found.group() if found else None
