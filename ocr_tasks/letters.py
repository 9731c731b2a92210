"""How rare the letter pairs of a word are in running text, and which letters of two alphabets look alike.

No dictionary: a table says for every pair of letters how rare it is.

The tables were counted over Russian laws and program messages (Cyrillic) and over program messages in English, German,
French, Spanish, Italian, Polish, Portuguese, Dutch, Swedish and Czech (Latin, accents dropped, half of the weight
English). A digit is ``-2.2 * log10(P(second letter | first letter))``, rounded, at most 9. Row and column 0 stand for
the edge of the word.
"""

from __future__ import annotations

import re
import unicodedata
from operator import add

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

_CYRILLIC = re.compile("[Ѐ-ӿ]")
_LATIN = re.compile("[a-z]")

NEVER_SEEN = 9.0
"""Rarity of what is no word at all: two alphabets in one, signs inside."""

LATIN_OF_CYRILLIC = dict(zip("АВЕЁКМНОРСТУХаеёорсухі", "ABEEKMHOPCTYXaeeopcyxi", strict=True))
"""Cyrillic letters that are printed like Latin ones."""
CYRILLIC_OF_LATIN = dict(zip("ABEKMHOPCTYXaeopcyxi", "АВЕКМНОРСТУХаеорсухі", strict=True))
"""The same the other way round."""


def word_rarity(word: str) -> float | None:
    """How rare the letter pairs of a word are on average: 0 (usual) to 9 (never seen), 9 for two alphabets in a word.

    None where nothing can be said: fewer than four letters, fillers such as ``хххх``, other alphabets.
    """
    lower = word.lower()
    if len(word) < 4 or len(set(lower)) < 3:
        return None
    lower = lower.replace("ё", "е")
    if not lower.isascii():
        if not _CYRILLIC.search(lower):
            lower = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
        elif _LATIN.search(lower):
            return NEVER_SEEN
    padded = f" {lower} "
    try:
        total = sum(map(_RARITY.__getitem__, map(add, padded, padded[1:])))
    except KeyError:
        return None
    return total / (len(padded) - 1)
