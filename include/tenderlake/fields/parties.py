"""Names of the customer, the supplier and the participants.

A name is taken where the document says whose it is: in the sentence that names a party («…, именуемое в дальнейшем
«Поставщик»»), behind or under its word («Заказчик: …»), behind a label such as «Полное наименование», before its ИНН.
What only the head of a paper tells (its approval, its title) counts less, and only where nothing else names the
customer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from tenderlake.fields.hits import Hit
from tenderlake.fields.labelledtext import labelled_texts
from tenderlake.fields.lookalikes import in_cyrillic
from tenderlake.fields.organisations import LEGAL_FORM, name_key, names_in, normal_name
from tenderlake.fields.pagereading import PageReading, PlacedCell, PlacedTable
from tenderlake.fields.roles import Mark, OnLine, Roles
from tenderlake.fields.statements import HEADER_ROWS
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole

_FIELDS = {
    FieldRole.CUSTOMER: FieldName.CUSTOMER,
    FieldRole.SUPPLIER: FieldName.SUPPLIER,
    FieldRole.PARTICIPANT: FieldName.PARTICIPANT,
    FieldRole.BANK: FieldName.BANK,
}
WEAK = 0.4
"""Score of a name that nothing but the head of a paper tells."""
_WHOSE = (
    r"организации|предприятия|учреждения|участника|заказчика|поставщика|подрядчика|исполнителя|юридического|получателя|"
    r"покупателя|продавца"
)
_KIND_OF_NAME = r"(?:полное|краткое|сокращ[её]нное|фирменное)"
_NAME_LABEL = re.compile(
    rf"(?:{_KIND_OF_NAME}(?:[ и,]{{1,3}}{_KIND_OF_NAME})?(?: \(.{{3,30}}?\))? (?:фирменное )?наименование|"
    rf"наименование(?= (?:{_WHOSE}))|организация(?=\s{{0,2}}:)|организация, осуществляющая (?:размещение|закупку)|"
    r"участник (?:закупки|процедуры|конкурса|аукциона)(?![а-яё]))"
    rf"(?: (?:(?:{_WHOSE})(?: лица)?|закупки)){{0,2}}",
    re.IGNORECASE,
)
_PROMISE = re.compile(r"(?:Настоящим|НАСТОЯЩИМ|Мы),? ")
"""How a bid begins: «Настоящим ООО «Ромашка» подтверждает …»."""
_PLACED_BY = re.compile(
    r"Размещение осуществляет[ \t:]{1,4}Заказчик[ \t:\n]{1,3}(?P<name>(?=[А-ЯЁ])[^\n\t:]{8,250})(?=\n|\t|\Z)",
    re.IGNORECASE,
)
"""How the unified system prints who buys; names without quotation marks too."""
_APPROVAL = re.compile(r"^\W{0,4}УТВЕРЖДА[ЮЕ]|^\W{0,4}Утвержда[юе]")
_APPROVED_WITHIN = 350
_LINES_OF_HEAD = 14
_CONSTRUCTION = re.compile(r"^\W{0,4}\(наименование стройки\)", re.IGNORECASE)
_WITHIN = 400
_LINES_UNDER = 5
_FEW_COLUMNS = 4
_MOST_PARTICIPANTS = 30
_OF_PARTICIPANTS = re.compile(r"\W*(?:(?:полное |сокращ[её]нное )?наименование )?участник", re.IGNORECASE)
_REQUISITES = re.compile(
    r"\W{0,3}(?:(?:юр|почт|факт)[а-яё]{0,10}\.? ?)?(?:адрес|банк|ИНН|ОГРН|р/с|тел|реквизит)", re.IGNORECASE
)
_OFFICE = re.compile(r"директор|начальник|руководител|глава|главный|ректор|председател|заведующ|министр", re.IGNORECASE)
_TO_HEAD = re.compile(
    r"(?:^|\n)\W{0,4}(?:(?:генеральному )?директору|главному врачу|руководителю|начальнику|ректору|главе)[ :]",
    re.IGNORECASE,
)
_OF_AN_ORDER = re.compile(r"(?:приказ|постановлени|распоряжени|письм)[а-яё]{1,3}\s*\Z", re.IGNORECASE)
_ORDER_REACH = 20
"""«… приказом / Минэкономразвития России …» in two lines: who ordered that buys nothing here."""
_LONGEST = 300
_IS_LABEL = re.compile(r"организация, осуществляющая", re.IGNORECASE)
_MISREAD = re.compile(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])")
"""OCR that reads Latin words in a Russian name misreads it; the same name is often printed again, and read well."""
_MISREAD_LESS = 0.05
_MOST_OWNERS = 300


def parties(page: PageReading, roles: Roles, numbers: Iterable[Hit]) -> Iterator[Hit]:
    """The names of a page. ``numbers``: the identifiers of the page, with whose they are."""
    numbers = list(numbers)
    text = readable(page)
    for start, end, role, score in _named(page, roles, text, numbers):
        field = _FIELDS.get(role) if role else None
        name = normal_name(text[start:end])
        if field is not None and len(name) > 4 and not _IS_LABEL.match(name):
            misread = _MISREAD_LESS if page.is_ocr and _MISREAD.search(name) else 0.0
            yield Hit(field, name, start, start, end, FieldMethod.PHRASE, score=score - misread, role=role)


def readable(page: PageReading) -> str:
    """The text in which legal forms are looked for: OCR takes «ООО» for Latin letters or zeros."""
    if not page.is_ocr:
        return page.lined_text
    cyrillic = re.sub(r"(?<![\w.,])(?:[OО0]{3})(?=\s{1,2}[\"«“])", "ООО", page.lined_text)
    return re.sub(r"(?<!\w)[ПPП]?[AА][OО](?=\s{1,2}[\"«“])", lambda match: in_cyrillic(match[0]), cyrillic)


_Named = tuple[int, int, FieldRole | None, float]


def _named(page: PageReading, roles: Roles, text: str, numbers: list[Hit]) -> Iterator[_Named]:
    """Where names stand, whose they are, and how sure that is."""
    yield from _in_sentences(roles, text)
    yield from _at_marks(page, roles, text)
    yield from _labelled(page, roles, text)
    yield from _before_numbers(text, numbers)
    yield from ((*match.span("name"), FieldRole.CUSTOMER, 0.6) for match in _PLACED_BY.finditer(text))
    if roles.trail.default is FieldRole.PARTICIPANT:
        for match in _PROMISE.finditer(text):
            yield from _at(text, match.end(), match.end() + _LONGEST, FieldRole.PARTICIPANT, 0.7)
    if page.page_number == 1 and roles.trail.default is FieldRole.PARTICIPANT:
        yield from _addressee(page, text)
    if page.page_number == 1 and roles.trail.default is FieldRole.CUSTOMER:
        yield from _in_head(text)
    for match in re.finditer(r"\n[^\n]{0,40}наименование стройки", text):
        line = page.line_start(match.start())
        yield from ((start, end, FieldRole.CUSTOMER, WEAK) for start, end in names_in(text, line, match.start()))


def _in_sentences(roles: Roles, text: str) -> Iterator[_Named]:
    for sentence in roles.sentences:
        if sentence.named_at == sentence.start:
            yield from _at(text, sentence.start, sentence.end, sentence.role, 0.7)
            continue
        found = list(names_in(text, sentence.start, sentence.named_at))
        if found:
            # «ООО «А», именуемое …» begins with the name; «… для нужд ООО «А» (далее – Заказчик)» ends with it.
            start, end = found[-1] if sentence.is_aside else found[0]
            yield start, end, sentence.role, 0.9


def _at_marks(page: PageReading, roles: Roles, text: str) -> Iterator[_Named]:
    for mark in roles.marks:
        if mark.role is None:
            continue
        if mark.right:
            yield from _under_columns(roles, text, mark)
        elif (beside := page.line_beside(mark.start, mark.end)) is not None and not mark.rest:
            yield from _at(text, beside.start, beside.end + _LONGEST, mark.role, 0.65)
        elif mark.rest:
            yield from _after(text, mark, mark.role)
        elif (place := page.cell_at(mark.start)) is not None:
            for cell in _cells_of(*place, text):
                yield from _at(text, cell.start, cell.end, mark.role, 0.65)
        else:
            yield from _under(text, mark)


def _after(text: str, mark: Mark, role: FieldRole) -> Iterator[_Named]:
    """The name behind a party's word: of a known form, or whatever stands there up to a comma, behind a colon."""
    named = list(_at(text, mark.rest, mark.end + _LONGEST, role, 0.8))
    yield from named
    clause = re.match(r"[^,;:.(\n\t]{5,100}", text[mark.rest : mark.end])
    if not named and clause is not None and ":" in text[mark.start : mark.rest] and _is_whole_name(clause[0].strip()):
        yield mark.rest, mark.rest + len(clause[0].rstrip()), role, 0.55


def _at(text: str, start: int, end: int, role: FieldRole, score: float) -> Iterator[_Named]:
    """The name that begins right here; behind numbers and quotation marks only."""
    end = min(len(text), end)
    for name_start, name_end in names_in(text, start, end):
        if not re.search(r"[А-Яа-яЁё]", text[start:name_start]):
            yield name_start, name_end, role, score
        break


def _cells_of(table: PlacedTable, cell: PlacedCell, text: str) -> Iterator[PlacedCell]:
    """The cell beside a party's word, and the one below where there are few columns; of participants all below."""
    right = table.right_of(cell)
    is_named = right is not None and any(names_in(text, right.start, right.end))
    heads = _OF_PARTICIPANTS.match(text, cell.start, cell.end) is not None
    if right is not None:
        yield from table.cells_right_of(cell) if heads else (right,)
    below = (below for below in table.below(cell) if not below.is_empty)
    if heads and cell.row < HEADER_ROWS and not is_named:
        yield from islice(below, _MOST_PARTICIPANTS)
    elif table.column_count <= _FEW_COLUMNS:
        yield from islice(below, 1)


def _under(text: str, mark: Mark) -> Iterator[_Named]:
    """The name in one of the next lines: at its beginning, or behind somebody's office («Директор МКП «УКС»»)."""
    place = mark.end + 1
    for line in text[place : place + _WITHIN].split("\n")[:_LINES_UNDER]:
        if _REQUISITES.match(line):
            return
        for start, end in names_in(text, place, place + len(line)):
            if not text[place:start].strip() or (_OFFICE.search(text[place:start]) and text[start].isupper()):
                yield start, end, mark.role, 0.65
            return
        place += len(line) + 1


def _under_columns(roles: Roles, text: str, mark: Mark) -> Iterator[_Named]:
    """The first name of each of two columns."""
    names = list(names_in(text, mark.end, min(len(text), mark.end + _WITHIN)))
    lines = [roles.page.line_start(start) for start, _ in names]
    taken: set[FieldRole] = set()
    for number, (start, end) in enumerate(names):
        on_line = OnLine(number - lines.index(lines[number]), lines.count(lines[number]))
        role = roles.role_at(start, on_line=on_line)
        if role is not None and role not in taken:
            taken.add(role)
            yield start, end, role, 0.6


def _labelled(page: PageReading, roles: Roles, text: str) -> Iterator[_Named]:
    for labelled in labelled_texts(page, _NAME_LABEL):
        role = roles.role_at(labelled.start, own_words=labelled.words(page))
        if labelled.method is FieldMethod.CELL and _is_whole_name(text[labelled.start : labelled.end]):
            yield labelled.start, labelled.end, role, 0.7
            continue
        for start, end in names_in(text, labelled.start, max(labelled.end, min(len(text), labelled.start + _LONGEST))):
            yield start, end, role, 0.7
            break


def _is_whole_name(cell: str) -> bool:
    """Whether a cell holds a name and nothing else: «ФЕДЕРАЛЬНОЕ КАЗНАЧЕЙСТВО»."""
    if cell.lower().startswith(("не ", "нет", "отсутству")):
        return False
    is_short = 5 < len(cell) <= 150 and len(cell.split()) > 1
    return (
        is_short
        and cell[0].isupper()
        and not re.search(r"\d{4}|[:;_\n\t]|[А-ЯЁ]\. ?[А-ЯЁ]\.|,\s", cell)
        and not re.search(LEGAL_FORM, cell)
    )


def _before_numbers(text: str, numbers: list[Hit]) -> Iterator[_Named]:
    for number in numbers:
        if number.field is FieldName.INN and number.role is not None:
            for start, end in _right_before(text, number):
                yield start, end, number.role, 0.7


def with_names(page: PageReading, roles: Roles, numbers: Sequence[Hit]) -> list[Hit]:
    """The numbers, an ИНН of nobody with the role of the name before it, where the page says whose that name is."""
    if not any(number.field is FieldName.INN and number.role is None for number in numbers):
        return list(numbers)
    text = readable(page)
    owners: dict[str, set[FieldRole]] = defaultdict(set)
    for start, end, role, _ in islice(_named(page, roles, text, list(numbers)), _MOST_OWNERS):
        if role is not None:
            owners[name_key(normal_name(text[start:end]))].add(role)
    return [_with_owner(page, text, number, owners) for number in numbers]


def _with_owner(page: PageReading, text: str, number: Hit, owners: Mapping[str, set[FieldRole]]) -> Hit:
    if number.field is not FieldName.INN or number.role is not None:
        return number
    roles = {
        role
        for start, end in (_right_before(text, number) or _in_row(page, text, number))
        for role in owners.get(name_key(normal_name(text[start:end])), ())
    }
    return replace(number, role=roles.pop()) if len(roles) == 1 else number


def _in_row(page: PageReading, text: str, number: Hit) -> list[tuple[int, int]]:
    """The one name in the cells to the left of an ИНН, in the row of a table."""
    place = page.cell_at(number.value_start)
    cells = place[0].left_of(place[1]) if place is not None else ()
    names = [name for cell in cells for name in names_in(text, cell.start, cell.end)]
    return names if len(names) == 1 else []


def _right_before(text: str, number: Hit) -> list[tuple[int, int]]:
    """The name that ends where an ИНН begins, on its line or alone on the line above."""
    before = max(0, number.start - 200)
    if number.method is FieldMethod.PATTERN:
        line, limit = number.start, number.value_start
    else:
        limit = number.start
        line = max(text.rfind("\n", before, limit), text.rfind("\t", before, limit), before - 1) + 1
    names = list(names_in(text, line, limit))
    if not text[line:limit].strip() and number.method is FieldMethod.LABEL:
        limit = before + len(text[before:line].rstrip())
        names = list(names_in(text, text.rfind("\n", before, limit) + 1, limit))
        names = names if len(names) == 1 else []  # two names are two columns
    return [(start, end) for start, end in names if re.fullmatch(r"[\s,(/]{0,4}", text[end:limit])]


def _addressee(page: PageReading, text: str) -> Iterator[_Named]:
    """Whom an offer is for: «Главному врачу ГБУЗ «Больница» О. И. Саблину» in its head."""
    for match in islice(_TO_HEAD.finditer(text[:_WITHIN]), 1):
        for start, end in names_in(text, match.end(), page.line_end(match.end())):
            yield start, end, FieldRole.CUSTOMER, WEAK
            break


def _in_head(text: str) -> Iterator[_Named]:
    """The customer as the head of its paper tells: who approves it, a line of the title that is a name."""
    place = 0
    for line in text.split("\n", _LINES_OF_HEAD)[:_LINES_OF_HEAD]:
        if _APPROVAL.match(line):
            approved = place + len(line)
            for start, end in names_in(text, approved, min(len(text), approved + _APPROVED_WITHIN)):
                yield start, end, FieldRole.CUSTOMER, WEAK
                break
        for start, end in names_in(text, place, place + len(line)):
            before = text[place:start].strip().lower()
            if not before and _OF_AN_ORDER.search(text[max(0, place - _ORDER_REACH) : place]):
                continue
            if not before or before.endswith(("для", "для нужд", " в", "нужд")):
                yield start, end, FieldRole.CUSTOMER, WEAK
        place += len(line) + 1
