"""Whether letters look like a language: finds text layers whose characters are not what is printed.

No dictionary: a table says for every pair of letters how rare it is in running text, and a word is *unlikely* when its
pairs are rare on average. Words of a language, known or not, stay far below the threshold; shifted, mis-decoded or
misread letters land far above it (measured on real documents: 0 to 7 % of the letters of sound pages stand in unlikely
words, 55 to 100 % of garbled ones).

The tables were counted over Russian laws and program messages (Cyrillic) and over program messages in English, German,
French, Spanish, Italian, Polish, Portuguese, Dutch, Swedish and Czech (Latin, accents dropped, half of the weight
English). A digit is ``-2.2 * log10(P(second letter | first letter))``, rounded, at most 9. Row and column 0 stand for
the edge of the word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

_CYRILLIC_LETTERS = " абвгдежзийклмнопрстуфхцчшщъыьэюя"
_CYRILLIC_RARITY = """
944343463393442223233365469999465
284354353542332943325653465999953
328796256493274162483945993238943
229587296293253254454969954937795
327665499398354192783989799999999
329465157293253233463976479758985
265442444533331552337765454999966
624972199295972678695999989998999
316373488394623395793997399648995
145454363333433454239544467999942
099895798895375587239998779999998
328699358296396174422984989999799
335968249295583299673899599952932
126499199295545259593999999938994
429664287194992299434486699925974
293233444533333443237665455999884
439898299393396151763896999967995
317447246295734265443757759937994
446487479393344234313457569954993
328296297294763272384899699942996
254533344753433823239668253999738
529989193299487194753599979977999
048576499399874294486889999999699
339599299095999469895999999949999
519998189194593694846999979996999
429699199193473484545999899986998
729999099199996999995999999995999
999999099999999999999999999999992
195345285925426934439929549999996
197887492294951789239896846999934
696665997862153945518478949999999
195993967987576984729999192999969
097383373978734986539946792999946
"""
_LATIN_LETTERS = " abcdefghijklmnopqrstuvwxyz"
_LATIN_RARITY = """
933333344354333335323343654
253337535454232446232445544
325661666246255268345276837
327462772353476268352388954
126641756265564259445466755
145334445455332645223555455
226653367178366169343398748
135651744286453358344276867
227761786277455279453386958
334333436654332246322646574
225741556274543359734356975
225552654275463249333355947
225631555265265258643367646
223661667286534239645367758
126322425364564257632447845
254334346564332437233343675
325452654395365238243367856
349776979599377566665084979
225431546275544266433345845
136362663274455336632365845
127562662286565259344465746
233443446354322538222655564
316661778296564269446468736
227652762286573269347496736
135362575296647428662576446
134354556454434329433564875
324541865264543347654354934
"""


def _pairs(letters: str, table: str) -> dict[str, int]:
    rows = table.split()
    return {first + second: int(rows[i][j]) for i, first in enumerate(letters) for j, second in enumerate(letters)}


_RARITY = _pairs(_CYRILLIC_LETTERS, _CYRILLIC_RARITY) | _pairs(_LATIN_LETTERS, _LATIN_RARITY)

UNLIKELY_WORD = 3.85
"""Mean rarity above which a word is unlikely. Languages average 2.2 to 2.6, garbled text 3.7 to 5.7."""
NEVER_SEEN = 9.0
"""Rarity of what is no word at all: two alphabets in one, signs inside."""
MAX_UNLIKELY_SHARE = 0.15
"""Share of letters in unlikely words above which a text is garbled."""
ALLOWED_UNLIKELY_LETTERS = 16
"""Letters in unlikely words that are let pass first: in a short list two odd words are no share of anything."""
MAX_ACCENTED_SHARE = 0.4
"""cp1251 read as Latin-1 is nearly all accented letters; no European language comes near this share."""
MAX_BAD_SHARE = 0.02
"""Share of characters in words that hold a character without meaning."""
MAX_LONE_BAD_SHARE = 0.15
"""The same for characters that stand alone: bullets and check boxes are often without meaning in a sound text."""
MIN_ALPHANUMERIC_SHARE = 0.5
"""Texts are letters and digits; shifted letters often become punctuation."""
MIN_CHARACTERS = 24
"""Below this no statistics are made of a text."""

_WORD = re.compile(r"[^\W\d_]+")
# A sign or a digit inside a word: glyph numbers read as characters, print in one alphabet read as another.
_BROKEN = re.compile(
    r"[A-Za-zА-яЁё][\\^`{|}~\[\]<>®©¤§¬¦«»¶][A-Za-zА-яЁё]|[a-zа-яё]\d[A-Za-zА-яЁё]|[A-Za-zА-яЁё]\d[a-zа-яё]"
)
_ADDRESS = re.compile(r"[/@]|^[0-9A-Fa-f-]+$|^<|>$")
_SHORTEST_HUMP = 3.4
"""Parts of an identifier such as setPublishDate are longer on average than those of misread capitals: HacToaLuee."""
_CAMEL = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_REPEATED_MARK = re.compile(r"([^\w\s]|_)(?:\s*\1)+")
# Letters of Serbian and Macedonian that stand for capitals where Mac or DOS code pages were read as cp1251, and the
# rarest of Ukrainian, which stands for the most frequent vowel.
_MAC_SIGNS = frozenset("ЂЃЉЊЌЋЏђѓљњќћџҐ")
# What the last letter of the alphabet, and it alone, becomes in small Mac text read as cp1251: «требованиЯ».
_INNER_CAPITAL = re.compile("[а-яё]Я")
_MAX_INNER_SHARE = 0.004
_LOST_LETTERS = re.compile(r"\?{3,}")
_SOUTH_SLAVIC = frozenset({"srp", "mkd"})


@dataclass(frozen=True)
class LetterVerdict:
    """Whether a text may be believed; ``problem`` says in words why not."""

    is_sound: bool
    problem: str = ""


_SOUND = LetterVerdict(is_sound=True)


def judge_letters(text: str, languages: tuple[str, ...] = ("rus", "eng")) -> LetterVerdict:
    """Test whether ``text`` can be what is printed.

    Args:
        text: The text of a page.
        languages: Tesseract's codes of the languages that are expected. They only lift tests that another alphabet
            would fail; a text in a language that was not asked for is sound all the same.
    """
    problem = _bad_characters(text) or _wrong_alphabet(text, languages) or _unlikely_words(text)
    return LetterVerdict(is_sound=False, problem=problem) if problem else _SOUND


@lru_cache(maxsize=2_000)
def is_meaningless(char: str) -> bool:
    """Whether a character stands for nothing: unmapped, of private use, a control character."""
    if char < "\x7f":
        return char < " " and char not in "\t\n\r"
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs")


def _bad_characters(text: str) -> str:
    if "???" in text:  # a program's answer to letters that its code page has not
        text = _LOST_LETTERS.sub(lambda match: "\ufffd" * len(match[0]), text)
    bad = {char for char in set(text) if is_meaningless(char)}
    if not bad:
        return ""
    in_words = alone = total = 0
    for token in text.split():
        total += len(token)
        count = sum(char in bad for char in token)
        if count and len(token) > 1:
            in_words += count
        alone += count
    if in_words > MAX_BAD_SHARE * total or alone > MAX_LONE_BAD_SHARE * total:
        return f"{alone} of {total} characters have no meaning (the font does not say which letters they are)"
    return ""


def _counts(text: str) -> Counter[str]:
    return Counter({char: text.count(char) for char in set(text)})


def _has_too_many_signs(counts: Counter[str]) -> bool:
    marks = sum(count for char, count in counts.items() if not char.isspace())
    return sum(count for char, count in counts.items() if char.isalnum()) < MIN_ALPHANUMERIC_SHARE * marks


def _wrong_alphabet(text: str, languages: tuple[str, ...]) -> str:
    counts = _counts(text)
    marks = sum(count for char, count in counts.items() if not char.isspace())
    if _has_too_many_signs(counts):
        # Leaders of dots and lines to write on are no signs of garbling.
        counts = _counts(_REPEATED_MARK.sub(r"\1", text))
        marks = sum(count for char, count in counts.items() if not char.isspace())
        if marks >= MIN_CHARACTERS and _has_too_many_signs(counts):
            return "more signs than letters and digits"
    if marks < MIN_CHARACTERS:
        return ""
    letters = sum(count for char, count in counts.items() if char.isalpha())
    accented = sum(count for char, count in counts.items() if "\xc0" <= char <= "\xff")
    if letters >= MIN_CHARACTERS and accented > MAX_ACCENTED_SHARE * letters:
        return "accented Latin letters where words should be (a wrong code page)"
    foreign = sum(counts[char] for char in _MAC_SIGNS)
    if _SOUTH_SLAVIC.isdisjoint(languages) and foreign > MAX_BAD_SHARE * letters:
        return "letters of a wrong code page"
    most = max(2, _MAX_INNER_SHARE * letters)
    if counts["Я"] > most and len(_INNER_CAPITAL.findall(text)) > most:
        return "capitals inside of words (a wrong code page)"
    return ""


def _unlikely_words(text: str) -> str:
    """Each different word counts once, so that a filler repeated a hundred times does not decide."""
    counts = [_judged_letters(token) for token in set(text.split())]
    judged, unlikely = sum([count for count, _ in counts]), sum([count for _, count in counts])
    if judged >= MIN_CHARACTERS and unlikely - ALLOWED_UNLIKELY_LETTERS > MAX_UNLIKELY_SHARE * judged:
        parts = (part for token in set(text.split()) for part, rarity in _judged_parts(token) if rarity > UNLIKELY_WORD)
        example = max(parts, key=_tells_most)
        return f"{unlikely * 100 // judged} % of the letters are in words of no language, such as '{example[:20]}'"
    return ""


@lru_cache(maxsize=20_000)
def _judged_letters(token: str) -> tuple[int, int]:
    """How many letters of a token can be judged, and how many of them stand in unlikely words."""
    parts = _judged_parts(token)
    return sum(len(part) for part, _ in parts), sum(len(part) for part, rarity in parts if rarity > UNLIKELY_WORD)


def _judged_parts(token: str) -> tuple[tuple[str, float], ...]:
    """The words of a token that can be judged, each with its rarity."""
    if len(token) < 4:
        return ()
    if _BROKEN.search(token) and not _ADDRESS.search(token):
        return ((token, NEVER_SEEN),)
    judged: list[tuple[str, float]] = []
    for word in _WORD.findall(token):
        if len(word) < 4:
            continue
        parts = [word] if word.islower() or word.isupper() or word.istitle() else _CAMEL.split(word)
        if len(parts) > 1 and (len(word) < _SHORTEST_HUMP * len(parts) or len(parts[-1]) == 1):
            judged.append((word, NEVER_SEEN))
            continue
        judged += [(part, rarity) for part in parts if (rarity := word_rarity(part)) is not None]
    return tuple(judged)


def _tells_most(word: str) -> tuple[bool, int, str]:
    """The longest word up to twelve letters is the best example; the last item keeps the choice the same every run."""
    return 0 < len(word) <= 12, len(word), word


def word_rarity(word: str) -> float | None:
    """How rare the letter pairs of a word are on average: 0 (usual) to 9 (never seen), 9 for two alphabets in a word.

    None where nothing can be said: fewer than four letters, fillers such as ``хххх``, other alphabets.
    """
    if len(word) < 4 or len(set(word.lower())) < 3:
        return None
    lower = word.lower().replace("ё", "е")
    if not lower.isascii():
        has_cyrillic = any("Ѐ" <= char <= "ӿ" for char in lower)
        if has_cyrillic and any("a" <= char <= "z" for char in lower):
            return NEVER_SEEN
        if not has_cyrillic:
            lower = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    padded = f" {lower} "
    try:
        total = sum([_RARITY[padded[i : i + 2]] for i in range(len(padded) - 1)])
    except KeyError:
        return None
    return total / (len(padded) - 1)
