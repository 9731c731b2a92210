"""Names of organisations: their legal forms, where a name ends, and the form in which names are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABBREVIATIONS = (
    "ООО|П?АО|ОАО|ЗАО|НАО|АНО|НКО|ИП|[ФО]?ГУП|МУП|МКП|ФКП|ГКП|ГП|ФГБУЗ?|ФГБОУ|ФГБНУ|ФГКУ|ФГАУ|ФГАОУ|ФКУ|ФБУЗ?|ОГБУЗ?|КГБУЗ?|ОГКУ|"
    "ГБУЗ?|ГБОУ|ГБПОУ|ГКУЗ?|ГКОУ|ГАУЗ?|ГАОУ|ГУЗ|МБУЗ?|МБОУ|МБДОУ|МБУК|МКУК?|МКОУ|МКДОУ|МАУ|МАОУ|МАДОУ|МДОУ|МОУ|КОГБУЗ|"
    "НП|МОО|РОО|ТСЖ|СНТ|КФХ|АКБ|КБ"
)
_STEMS = (
    r"(?:федеральн|государственн|муниципальн|областн|краев|бюджетн|казенн|казённ|автономн|дошкольн|общеобразовательн|"
    r"профессиональн|образовательн|научн|унитарн|некоммерческ|частн)[а-яё]{1,4}"
)
_WRITTEN = (
    r"обществ[а-яё]{1,3} с ограниченной ответственностью|(?:публичн[а-яё]{2,3} |непубличн[а-яё]{2,3} |"
    r"открыт[а-яё]{2,3} |"
    r"закрыт[а-яё]{2,3} )?акционерн[а-яё]{2,3} обществ[а-яё]{1,3}|индивидуальн[а-яё]{2,3} предпринимател[а-яё]{1,3}|"
    rf"(?=[^\n\t]{{0,60}}(?:государственн|муниципальн|федеральн|областн|краев|некоммерческ))"
    rf"(?:{_STEMS} ){{1,5}}(?:учреждени|предприяти|организаци)[а-яё]{{1,3}}(?: здравоохранения)?"
)
LEGAL_FORM = rf"(?<![А-ЯЁа-яёA-Za-z])(?=[А-Яа-я])(?:{_ABBREVIATIONS}|(?i:{_WRITTEN}))(?![А-ЯЁа-яёA-Za-z])"
"""A legal form, short or written out, in any case: «ООО», «Государственного бюджетного учреждения»."""
_BODY = (
    r"(?<![А-ЯЁа-яё«\"“-])(?i:Министерств|Администраци|Департамент|Управлени|Комитет|Правительств|"
    r"Федеральн[а-яё]{2,3} (?:служб|агентств)|"
    r"Государственн[а-яё]{2,3} инспекци|Инспекци|Агентств|Филиал|Дирекци|Фонд|Университет|Институт|Академи|"
    r"Госкорпораци|"
    r"Государственн[а-яё]{2,3} корпораци)[а-яё]{0,3}(?![а-яё])"
)
_PLANT = (
    r"(?<![А-ЯЁа-яё-])Мин[а-яё]{5,25} (?:России|РФ)(?![а-яё])|"
    r"(?<![А-ЯЁа-яё-])(?:[А-ЯЁ][а-яё]{2,20}(?:ая|ой|ий|ый|ого|ое) )(?:АЭС|ГЭС|ТЭЦ|ГРЭС|больниц[аы]|школ[аы]|завода?)"
    r"(?![а-яё])"
)
_NAME = re.compile(f"(?<![А-ЯЁа-яё-])(?=[А-ЯЁа-яё])(?:{LEGAL_FORM}|(?P<body>{_BODY})|(?P<whole>{_PLANT}))")
_WRITTEN_FORMS = (
    (re.compile(r"обществ[а-яё]{1,3} с ограниченной ответственностью", re.IGNORECASE), "ООО"),
    (re.compile(r"непубличн[а-яё]{2,3} акционерн[а-яё]{2,3} обществ[а-яё]{1,3}", re.IGNORECASE), "АО"),
    (re.compile(r"публичн[а-яё]{2,3} акционерн[а-яё]{2,3} обществ[а-яё]{1,3}", re.IGNORECASE), "ПАО"),
    (re.compile(r"открыт[а-яё]{2,3} акционерн[а-яё]{2,3} обществ[а-яё]{1,3}", re.IGNORECASE), "ОАО"),
    (re.compile(r"закрыт[а-яё]{2,3} акционерн[а-яё]{2,3} обществ[а-яё]{1,3}", re.IGNORECASE), "ЗАО"),
    (re.compile(r"акционерн[а-яё]{2,3} обществ[а-яё]{1,3}", re.IGNORECASE), "АО"),
    (re.compile(r"индивидуальн[а-яё]{2,3} предпринимател[а-яё]{1,3}", re.IGNORECASE), "ИП"),
)
_INSTITUTION = re.compile(
    rf"((?:{_STEMS} ){{1,5}})(учреждени|предприяти)[а-яё]{{1,3}}"
    r"(?: (здравоохранения)| (высшего|дополнительного|дополнительного профессионального) (образования)(?= ))?",
    re.IGNORECASE,
)
_HEADS = (
    (re.compile(r"^(администраци|инспекци|дирекци|академи|корпораци)[ияюей]{1,2}(?= )", re.IGNORECASE), "я"),
    (re.compile(r"^(министерств|правительств|агентств)(?:а|у|ом|е)(?= )", re.IGNORECASE), "о"),
    (re.compile(r"^(управлени)(?:я|ю|ем|и)(?= )", re.IGNORECASE), "е"),
    (re.compile(r"^(департамент|комитет|филиал|фонд|университет|институт)(?:а|у|ом|е)(?= )", re.IGNORECASE), ""),
    (re.compile(r"^([А-ЯЁ][а-яё]{2,20}(?:ск|н))ой(?= (?:АЭС|ГЭС|ТЭЦ|ГРЭС)$)"), "ая"),
)
"""First words of a name in an oblique case, and the ending they have in the nominative."""
_OPENING, _CLOSING, _EITHER = "«„", "»”", '"“'
_END_OF_CLAUSE = re.compile(
    r"[,;:()\n\t_]|\.(?=\s|$)|\s[–—-]\s|(?<=[а-яё»])\s+(?:ИНН|КПП|ОГРН|в лице|именуем|далее|расположенн)"
)
_WITH_INITIALS = re.compile(
    r"(?:ИП|индивидуальн[а-яё]{2,3} предпринимател[а-яё]{1,3}) [А-ЯЁ][а-яё-]{1,30} [А-ЯЁ]\. ?[А-ЯЁ]\.", re.IGNORECASE
)
_LONGEST_NAME = 250
_LONGEST_QUOTED = 200
_MOST_WORDS_BEFORE_QUOTE = 60


def names_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where names with a legal form or of public bodies stand in ``text[start:end]``: their beginnings and ends."""
    place = start
    # One search for all kinds: three, each to the end of a long text, would make the work square.
    for match in _NAME.finditer(text, start, end):
        if match.start() < place:
            continue
        name_end = match.end() if match["whole"] else name_end_of(text, match.start(), end)
        if match["whole"] or _is_name(text, match, name_end):
            yield match.start(), name_end
        place = max(name_end, match.end())


_NAMED_AFTER_FORM = re.compile(r"[^\n\t]{0,80}?[«“„\"]|\s(?:[А-ЯЁ]|«)")


def _is_name(text: str, match: re.Match[str], end: int) -> bool:
    """Whether a legal form has a name of its own behind it: «муниципальное предприятие либо иное лицо» has none."""
    if end <= match.end():
        return False
    if match["body"]:
        return text[match.start()].isupper() or len(text[match.start() : end].split()) > 2
    return _NAMED_AFTER_FORM.match(text, match.end(), end) is not None


def name_end_of(text: str, start: int, end: int) -> int:
    """Where the name that begins at ``start`` ends: with its last quotation mark, else with its clause."""
    end = min(end, start + _LONGEST_NAME)
    if (person := _WITH_INITIALS.match(text, start, end)) is not None:
        return person.end()
    quote = re.compile(r"[«“„\"]").search(text, start, min(end, start + _MOST_WORDS_BEFORE_QUOTE + 60))
    clause = _END_OF_CLAUSE.search(text, start, end)
    clause_end = clause.start() if clause else end
    if clause and quote and not text[clause_end : quote.start()].strip(" \n"):
        clause_end = quote.end()  # «Муниципальное учреждение» and its name on the next line
    if quote is None or quote.start() > clause_end:
        return _trimmed(text, start, clause_end)
    quoted_end = _quoted_end(text, quote.start(), end)
    following = re.compile(r"\s{1,2}(?=[«“„\"])").match(text, quoted_end, end)
    return _quoted_end(text, following.end(), end) if following else quoted_end


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " .-–—":
        end -= 1
    return end


def _quoted_end(text: str, start: int, end: int) -> int:
    """Behind the closing mark that fits the opening one at ``start``; marks nest, and the last ones may be missing."""
    depth, last = 0, start
    for place in range(start, min(end, start + _LONGEST_QUOTED)):
        letter = text[place]
        # A name may go on in the next line, but not behind a closing mark.
        if letter == "\t" or (letter == "\n" and last > start):
            break
        opens = letter in _OPENING or (letter in _EITHER and _opens(text, place))
        if opens:
            depth += 1
        elif letter in _CLOSING or letter in _EITHER:
            depth, last = depth - 1, place + 1
            # The second mark of «Аэропорт «Казань», г. Казань is often left out.
            if depth <= 0 or text[place + 1 : place + 2] in ("", ",", ";", "\n", "\t", ")"):
                break
    return last if last > start else _trimmed(text, start, min(end, start + _LONGEST_QUOTED))


def _opens(text: str, place: int) -> bool:
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    return (before.isspace() or before in '(«“„"') and not after.isspace()


def normal_name(text: str) -> str:
    """A name as it is compared: short legal form, «» for all quotation marks, first word in the nominative."""
    name = " ".join(text.split()).strip(" ,;:.-–—")
    if _WITH_INITIALS.fullmatch(f"{name}."):
        name += "."
    for pattern, short in _WRITTEN_FORMS:
        name = pattern.sub(short, name)
    name = _INSTITUTION.sub(_initials, name)
    for pattern, ending in _HEADS:
        name = pattern.sub(rf"\g<1>{ending}", name)
    return _quotes(name)


def _initials(match: re.Match[str]) -> str:
    words = [*match[1].split(), match[2], *([match[3]] if match[3] else [])]
    level = [*match[4].split(), match[5]] if match[4] else []
    return " ".join("".join(word[0].upper() for word in part) for part in (words, level) if part)


def _quotes(name: str) -> str:
    """All quotation marks as « and »."""
    letters = []
    for place, letter in enumerate(name):
        if letter in _OPENING or (letter in _EITHER and _opens(name, place)):
            letters.append("«")
        elif letter in _CLOSING or letter in _EITHER:
            letters.append("»")
        else:
            letters.append(letter)
    return "".join(letters)


def name_key(name: str) -> str:
    """What two spellings of a name have in common: no quotation marks, no case, ё as е."""
    return re.sub(r"[^\w]+", " ", name.casefold().replace("ё", "е")).strip()
