"""Whose a value is: the customer's, the supplier's, a participant's, the platform's or a guarantor's.

Said, from the nearest to the farthest, by the label itself («ИНН Заказчика»), by the column or the row of a table, by
the sentence that names a party («…, именуемое в дальнейшем «Поставщик»»), by the column of two-column requisites at the
end of a contract, by the last line that names a party and nothing else, on this page or the ones before, and at last by
what the document is: a questionnaire speaks of the participant, a notice of the customer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

from ocr_tasks.contract import BBox, BlockLabel
from tenderlake.fields.pagereading import PageReading, PlacedCell
from tenderlake.lake.vocabulary import FieldRole

_STEMS = {
    FieldRole.CUSTOMER: r"заказчик|покупател|бенефициар|грузополучател|арендатор",
    FieldRole.SUPPLIER: r"поставщик|подрядчик|исполнител|продав(?:ец|ц)|принципал|генподрядчик|арендодател",
    FieldRole.PARTICIPANT: r"участник|заявител|претендент|победител",
    FieldRole.OPERATOR: r"оператор(?=[а-яё]{0,3} (?:электронн|ЭТП|торгов|площадк))",
    FieldRole.BANK: r"гарант(?!и)|банк-гарант",
}
_PARTY = "|".join(f"(?P<{role.value}>(?:{stems}))" for role, stems in _STEMS.items())
_WORD = re.compile(rf"(?<![а-яё-])(?:{_PARTY})[а-яё]{{0,4}}(?![а-яё])", re.IGNORECASE)
_BARE = re.sub(r"\?P<[a-z]+>", "?:", _PARTY)
_ABOUT = (
    r"(?:(?:\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s|[ivx]{1,4}[.)]\s?|\d{1,2}[.)])?\s?"
    r"(?:(?:полное |сокращ[её]нное |краткое |юридический |почтовый |банковские |основные |общая |контактная )?"
    r"(?:реквизиты|сведения|информация|данные|адрес[а-яё]{0,3}|наименование|анкета|карточка|от имени|от|со стороны|"
    r"подпис[а-яё]{1,3})"
    r"(?: и реквизиты| и банковские реквизиты)?(?: об?| организации| предприятия)? ){0,2})"
)
_ADJECTIVE = r"(?:государственн[а-яё]{2,3} |муниципальн[а-яё]{2,3} |генеральн[а-яё]{2,3} |единственн[а-яё]{2,3} )?"
_OF_WHAT = (
    r"(?:\s?(?:\(.{1,40}?\)|закупки|закупок|аукциона|конкурса|торгов|процедуры|электронной площадки|услуг|работ|"
    r"товара?))?"
)
_ALONE = re.compile(
    rf"^[\s«\"(]{{0,4}}{_ABOUT}{_ADJECTIVE}(?P<party>(?:{_BARE})[а-яё]{{0,4}}){_OF_WHAT}[\s:.«»\"”_–—-]{{0,40}}$",
    re.IGNORECASE,
)
"""A line, or a cell, that names a party and says nothing else: «Заказчик:», «4. Сведения об участнике закупки»."""
_BEFORE_NAME = re.compile(
    r"^[^\w\n]{0,4}(?:\d{1,2}(?:\.\d{1,2}){0,2}[.)]? )?"
    rf"{_ADJECTIVE}(?P<party>(?:{_BARE})[а-яё]{{0,2}}){_OF_WHAT}"
    r"(?:\s?[:–—-]\s|\s(?=(?:О[АО]О|П?АО|З[А]О|OOO|000|[Гг]осударственн|[Мм]униципальн|[Фф]едеральн|[Фф]?Г[БКА]?[УО]|"
    r"М[БКА]?[ОУ]|ИП [А-ЯЁ]|(?:ИНН|КПП|ОГРН|БИК|[Рр]/с)\b)))",
    re.IGNORECASE,
)
"""The beginning of a line that goes on with the party's name: «Поставщик ООО «Ромашка», ИНН …»."""
_PERSON = re.compile(r"\s{0,2}[А-ЯЁ][а-яё]+(?:\s[А-ЯЁ]\.\s?[А-ЯЁ]\.|\s[А-ЯЁ][а-яё]+\s[А-ЯЁ][а-яё]+(?:ич|на)(?![а-яё]))")
"""«Исполнитель: Иванова Т. П.» is who typed a letter."""
_TWO_ALONE = re.compile(
    rf"^\W{{0,4}}(?P<left>(?:{_BARE})[а-яё]{{0,2}})\W{{1,60}}(?P<right>(?:{_BARE})[а-яё]{{0,2}})\W{{0,20}}$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"(?:(?:именуем[а-яё]{{2,3}}|в дальнейшем|далее(?: по тексту)?)[^\n«\"“]{{0,40}}?[«\"“–—-]\s?"
    r"|именуем[а-яё]{2,3} (?:в дальнейшем|далее) )"
    rf"{_ADJECTIVE}(?P<party>(?:{_BARE})[а-яё]{{0,2}})[»\"”),]",
    re.IGNORECASE,
)
_APPOSITION = re.compile(
    rf"(?<![А-Яа-яё])(?:{_BARE})[а-яё]{{0,4}}\)? ?[–—:-] ?(?=[А-ЯЁа-яё«\"])(?!(?:{_BARE}))",
    re.IGNORECASE,
)
"""«… перед Бенефициаром – ГБОУ «Школа» (ИНН …)»: up to the next party or the end of the line."""
_CALLED_TWICE = re.compile(rf"(?<![А-Яа-яё])(?P<party>(?:{_BARE})[а-яё]{{0,4}})\s?\(\Z", re.IGNORECASE)
"""«Заказчик (Генподрядчик): …», «Поставщик (Исполнитель): …»: the first word says who it is."""
_LONGEST_WORD = 20
_CONCLUDED = re.compile(
    r"(?:контракт|договор)[а-яё]{0,3}\b[^.\n]{0,200}?заключ[её]нн[а-яё]{2,3}\sс\s(?=[А-ЯЁ])", re.IGNORECASE
)
_WITHIN_DECISION = 500
_DECIDES = re.compile(
    r"(?<![а-яё])заказчик[а-яё]{0,2}(?![а-яё]).{0,400}?(?:\bреш(?:ил|ени)|отказ|расторж|расторг)",
    re.IGNORECASE | re.DOTALL,
)
_BRACKETED = re.compile(rf"[»\"”]\s?\((?P<party>(?:{_BARE})[а-яё]{{0,2}})(?:[,;][^()\n]{{0,200}})?\)", re.IGNORECASE)
"""«ООО «Ромашка» (Подрядчик, ИНН …)»."""
_WINNER = re.compile(
    r"победител[а-яё]{1,3}\s(?:признан|являет|стал)|(?:признать|признан[аоы]?)\sпобедител", re.IGNORECASE
)
_BIDS = re.compile(
    r"^\W{0,4}(?:\d{1,2}[.)] ?)?(?:на участие в [а-яё ]{5,60})?"
    r"(?:рассмотрен|поступил|подан|участники закупки|перечень участников|сведения об "
    r"участниках|"
    r"победител|признать победител|победителем признан)[а-яё]{0,3}(?= заявк|\W|$)",
    re.IGNORECASE,
)
"""What begins the part of a protocol that is about bids."""
_GOES_ON = re.compile(
    r"^\W{0,4}(?:ИНН|КПП|ОГРН|БИК|ОКПО|ОКТМО|[РКЛ]/|расч|корр|казнач|ЕКС|единый казн|банк|в\s|"
    r"(?:юр|почт|факт)[а-яё.]{0,10} ?адрес|адрес|место ?нахожд|тел|факс|e-?mail|эл|\d{6}|г\.|ул\.|\(|директор|в лице|"
    r"далее|именуем)",
    re.IGNORECASE,
)
"""Lines that go on with the requisites of a party after its name."""
_ONE_SIDE = re.compile(r"с (?:одной|другой) стороны", re.IGNORECASE)
_LONGEST_HEADING = 120
_LONGEST_SENTENCE = 1500
_MOST_SENTENCES = 500
_TITLES: tuple[tuple[re.Pattern[str], FieldRole | None], ...] = (
    (
        re.compile(
            r"^\W{0,4}(?:заявка на участие|анкета|предложение о цене|ценовое предложение|"
            r"(?:технико-)?коммерческое предложение|"
            r"согласие участника|декларация|гарантийное письмо|письмо о соответствии|сведения об участнике|"
            r"опись документов)",
            re.IGNORECASE,
        ),
        FieldRole.PARTICIPANT,
    ),
    (re.compile(r"^\W{0,4}сч[её]т(?:-оферта|-договор|-фактура| на оплату| №|\W)", re.IGNORECASE), FieldRole.SUPPLIER),
    (
        re.compile(
            r"^\W{0,4}(?:(?:частное )?техническое задание|описание (?:объекта|предмета) закупки|техническая часть|"
            r"извещение|изменени[ея] (?:в )?извещени|"
            r"разъяснени[ея] |приглашение (?:принять|к участию)|уведомление о проведении|"
            r"запрос |обоснование|расч[её]т нач|ценовой анализ|(?:аукционная |конкурсная |закупочная |"
            r"котировочная )?документация|"
            r"информационная карта|задание на проектирование|технические требования)",
            re.IGNORECASE,
        ),
        FieldRole.CUSTOMER,
    ),
    (re.compile(r"^\W{0,4}(?:реестровый )?номер (?:извещения|закупки)(?![а-яё])", re.IGNORECASE), None),
    (
        re.compile(
            r"^\W{0,4}(?:проект )?(?:(?:государственный |муниципальный |гражданско-правовой |рамочный )?(?:контракт|"
            r"договор)(?: №| на | поставки| аренды| купли| возмездного| "
            r"подряда| оказания|\W{0,4}$)|(?:итоговый )?протокол(?! разногласий| испытаний)|(?:банковская |"
            r"независимая )гарантия|"
            r"дополнительное соглашение|спецификация)",
            re.IGNORECASE,
        ),
        None,
    ),
)
_CONTRACT_TITLE = re.compile(
    r"^\W{0,4}(?:проект )?(?:государственн\w{2,3} |муниципальн\w{2,3} |гражданско-правов\w{2,3} |рамочн\w{2,3} )?"
    r"(?:контракт|договор)(?![а-яё]{2})",
    re.IGNORECASE,
)
_LINES_WITH_TITLE = 40
_SAME_HEIGHT = 2.5
"""Two lines are beside each other where their tops differ by less than so many heights of a line."""


def role_in(text: str) -> FieldRole | None:
    """The party that a few words name, None where they name none or several."""
    found = {FieldRole(match.lastgroup or "") for match in _WORD.finditer(text)}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class RoleTrail:
    """What the pages before leave for the next one.

    Args:
        carried: the party that was spoken of last.
        default: whose values a document of this kind has that does not say so.
        is_contract: whether its title says that it is a contract, or the draft of one.
        is_of_purchase: whether its title is one of the papers of a purchase; laws and reports are not.
        has_begun: whether its first page was seen.
    """

    carried: FieldRole | None = None
    default: FieldRole | None = None
    is_of_purchase: bool = False
    is_contract: bool = False
    has_begun: bool = False


def trail_of(first_page: PageReading) -> RoleTrail:
    """What the title on the first page says of a document."""
    for line in first_page.lined_text.split("\n", _LINES_WITH_TITLE)[:_LINES_WITH_TITLE]:
        for pattern, role in _TITLES:
            if pattern.match(line[:_LONGEST_HEADING]):
                is_contract = _CONTRACT_TITLE.match(line) is not None
                return RoleTrail(default=role, is_of_purchase=True, is_contract=is_contract, has_begun=True)
    return RoleTrail(has_begun=True)


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that opens what belongs to a party, or ends it (``role`` None)."""

    start: int
    end: int
    role: FieldRole | None
    right: FieldRole | None = None
    """Of the right column where the line heads two."""
    rest: int = 0
    """Where the party's name begins on the line, 0 where nothing follows."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a contract says of one of its parties, ``text[start:end]``. ``is_aside``: «(далее – Заказчик)»."""

    start: int
    end: int
    role: FieldRole
    named_at: int
    is_aside: bool


@dataclass(frozen=True, slots=True)
class OnLine:
    """The place of a value among those of its kind on its line, from 0, and how many there are."""

    place: int = 0
    count: int = 1


_ALONE_ON_LINE = OnLine()
_COLUMNS = 2


@dataclass(frozen=True, eq=False)
class Roles:
    """Whose the values of one page are."""

    page: PageReading
    trail: RoleTrail

    @cached_property
    def marks(self) -> list[Mark]:
        """The lines that name a party, and the headings that end what was said of one."""
        return list(_marks(self.page))

    @cached_property
    def _mark_starts(self) -> list[int]:
        return [mark.start for mark in self.marks]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences that name a party."""
        return list(_sentences(self.page))

    @cached_property
    def _columns(self) -> list[_Columns]:
        return list(_columns_of(self.page, self.marks))

    @property
    def last(self) -> FieldRole | None:
        """The party that the page speaks of at its end: for the next one."""
        return next(iter([mark.role for mark in self.marks[-1:] if mark.right is None]), self.trail.carried)

    def are_parted(self, one: int, other: int) -> bool:
        """Whether a line that names a party stands between two places."""
        return bisect_right(self._mark_starts, one) != bisect_right(self._mark_starts, other)

    def role_at(self, start: int, *, own_words: str = "", on_line: OnLine = _ALONE_ON_LINE) -> FieldRole | None:
        """Whose the value is that stands at ``start``.

        ``own_words``: its label with what is said between label and value. ``on_line``: two values of a kind on one
        line are those of two columns.
        """
        if (role := role_in(own_words)) is not None:
            return role
        if (role := self._in_table(start)) is not None:
            return role
        if (role := self._in_sentence(start)) is not None:
            return role
        columns = next((c for c in reversed(self._columns) if c.start <= start < c.end), None)
        if columns is not None:
            return columns.role_at(self.page, start, on_line)
        return self._in_section(start, on_line)

    def _in_section(self, start: int, on_line: OnLine) -> FieldRole | None:
        number = bisect_right(self._mark_starts, start) - 1
        if number < 0:
            return self.trail.carried or self.trail.default
        mark = self.marks[number]
        if mark.right is not None:
            # Two columns of a text without places: nobody knows whose a value is that is alone on its line.
            return (mark.role, mark.right)[on_line.place] if on_line.count == _COLUMNS else None
        if self._heads_another_column(mark, start):
            return None
        return mark.role or self.trail.default

    def _heads_another_column(self, mark: Mark, start: int) -> bool:
        """Whether a party heads a column beside that of a value, as in «Наименование участника | ИНН | Заказчик»."""
        place, head = self.page.cell_at(start), self.page.cell_at(mark.start)
        if place is None or head is None or place[0] is not head[0]:
            return False
        own = next((cell for cell in place[0].above(place[1]) if cell.row == head[1].row), None)
        return own is not None and _NUMBERS.match(self.page.text, own.start, own.end) is not None

    def _in_sentence(self, start: int) -> FieldRole | None:
        return next((one.role for one in self.sentences if one.start <= start < one.end), None)

    def _in_table(self, start: int) -> FieldRole | None:
        place = self.page.cell_at(start)
        if place is None:
            return None
        table, cell = place
        # In the cell itself: «ЗАКАЗЧИК: ГБУ «Школа» ИНН …».
        number = bisect_right(self._mark_starts, start) - 1
        if number >= 0 and self.marks[number].start >= cell.start and self.marks[number].role is not None:
            return self.marks[number].role
        for other in table.left_of(cell):
            if (role := self._alone(other)) is not None:
                return role
        for number, other in enumerate(table.above(cell)):
            if number > _MOST_CELLS_UP:
                break
            if (role := self._alone(other)) is not None:
                return role
        return None

    def _alone(self, cell: PlacedCell) -> FieldRole | None:
        text = self.page.text[cell.start : min(cell.end, cell.start + _LONGEST_HEADING)]
        return _alone(text)


_MOST_CELLS_UP = 60
_NUMBERS = re.compile(r"\W*(?:ИНН|КПП|ОГРН)", re.IGNORECASE)


def _alone(text: str) -> FieldRole | None:
    match = _ALONE.match(text) if len(text) < _LONGEST_HEADING else None
    return role_in(match["party"]) or _only(match["party"]) if match else None


def _only(word: str) -> FieldRole | None:
    """The role of a word without what follows it: «оператор» alone."""
    return FieldRole.OPERATOR if word.lower().startswith("оператор") else None


def _marks(page: PageReading) -> Iterator[Mark]:
    """The lines of a page that name a party, and those that end what was said of one.

    A heading of a party goes on to the next heading. «Заказчик: ООО «Ромашка», …» in a text is about him to the end of
    its paragraph, and in those that go on with his requisites.
    """
    open_until = 0
    for place, part in _parts(page):
        mark = _mark(page, part, place)
        if mark is not None:
            yield mark
            open_until = _end_of_paragraph(page, place) if mark.rest else 0
        elif open_until and place > open_until and not _GOES_ON.match(part):
            yield Mark(place, place, None)
            open_until = 0


def _parts(page: PageReading) -> Iterator[tuple[int, str]]:
    """What may be a line that names a party: lines of text and of cells, and those that a paragraph was joined of."""
    for piece in page.pieces:
        place = piece.start
        for line in page.lined_text[piece.start : piece.end].split("\n"):
            for part in line.split("\t"):
                if part.strip():
                    yield from _seen_lines(page, place, part)
                place += len(part) + 1


def _seen_lines(page: PageReading, place: int, part: str) -> Iterator[tuple[int, str]]:
    """A line of the text; apart from it the first lines that were joined to it, each with a value beside it."""
    end = place + len(part)
    line = page.line_at(place)
    while line is not None and place == line.start and line.end < end and page.line_beside(line.start, line.end):
        yield line.start, page.lined_text[line.start : line.end].rstrip()
        place, line = line.end, page.line_at(line.end)
    yield place, page.lined_text[place:end].rstrip()


def _end_of_paragraph(page: PageReading, place: int) -> int:
    piece = page.piece_at(place)
    # Rows of a table are of whom its cells say.
    return piece.end if piece is not None and piece.table is None else 0


def _mark(page: PageReading, line: str, place: int) -> Mark | None:
    head = line[:_LONGEST_HEADING]
    end = place + len(line)
    if len(line) <= _LONGEST_HEADING and not line[:1].islower():
        if (two := _TWO_ALONE.match(head)) and (left := role_in(two["left"])) and (right := role_in(two["right"])):
            return Mark(place, end, left, right) if left != right else Mark(place, end, left)
        if (role := _alone(head)) is not None:
            return Mark(place, end, role)
    named = _BEFORE_NAME.match(head)
    if named and _PERSON.match(line, named.end()) and role_in(named["party"]) is FieldRole.SUPPLIER:
        return Mark(place, end, None)
    if named and (role := role_in(named["party"])):
        return Mark(place, end, role, rest=place + named.end())
    if len(line) <= _LONGEST_HEADING and _BIDS.match(head):
        return Mark(place, end, FieldRole.PARTICIPANT)
    piece = page.piece_at(place)
    if piece is not None and piece.label in (BlockLabel.TITLE, BlockLabel.HEADING) and piece.start == place:
        return Mark(place, end, None)
    return None


def _sentences(page: PageReading) -> Iterator[Sentence]:
    """What of a contract's first sentence is about whom: up to the word that names the party, and to its «стороны»."""
    last = 0
    yield from _appositions(page)
    yield from _winners(page)
    yield from _concluded(page)
    yield from _bracketed(page)
    for match in islice(_NAMED.finditer(page.text), _MOST_SENTENCES):
        role = role_in(match["party"])
        if role is None:
            continue
        before = max(last, match.start() - _LONGEST_SENTENCE)
        paragraph = page.text.rfind("\n\n", before, match.start())
        side = _ONE_SIDE.search(page.text, match.end(), match.end() + 600)
        following = _NAMED.search(page.text, match.end(), match.end() + 600)
        end = match.end()
        if side is not None and (following is None or side.start() < following.start()):
            end = side.end()
        start = paragraph + 2 if paragraph >= 0 else before
        yield Sentence(start, end, role, match.start(), is_aside=match[0][:5].lower() == "далее")
        last = end


def _bracketed(page: PageReading) -> Iterator[Sentence]:
    """«Между МКУ «А» (Заказчик) и ООО «Б» (Подрядчик, ИНН …)»: each from the one before, in its paragraph."""
    last = 0
    for match in islice(_BRACKETED.finditer(page.text), _MOST_SENTENCES):
        role = role_in(match["party"])
        start = max(last, page.text.rfind("\n", 0, match.start()) + 1, match.start() - _LONGEST_HEADING)
        if role is not None:
            yield Sentence(start, match.end(), role, match.start() + 1, is_aside=True)
        last = match.end()


def _concluded(page: PageReading) -> Iterator[Sentence]:
    """«Заказчик … принял решение об отказе от контракта …, заключённого с ООО «Ромашка» (ИНН …)»: in its clause."""
    for match in islice(_CONCLUDED.finditer(page.lined_text), _MOST_SENTENCES):
        if _DECIDES.search(page.lined_text, max(0, match.start() - _WITHIN_DECISION), match.end()):
            end = min(page.line_end(match.end()), match.end() + _LONGEST_HEADING)
            yield Sentence(match.end(), end, FieldRole.SUPPLIER, match.end(), is_aside=True)


def _winners(page: PageReading) -> Iterator[Sentence]:
    """«Победителем признано ООО «Ромашка», ИНН …»: to the end of the line."""
    for match in islice(_WINNER.finditer(page.lined_text), _MOST_SENTENCES):
        end = page.line_end(match.end())
        yield Sentence(match.end(), end, FieldRole.PARTICIPANT, end, is_aside=False)


def _appositions(page: PageReading) -> Iterator[Sentence]:
    """Parties named in passing, each up to the next one or the end of its line."""
    found = list(islice(_APPOSITION.finditer(page.lined_text), _MOST_SENTENCES))
    for match, following in zip_longest(found, found[1:]):
        before = _CALLED_TWICE.search(page.lined_text, max(0, match.start() - _LONGEST_WORD), match.start())
        role = role_in(before["party"] if before is not None and ")" in match[0] else match[0])
        end = min(page.line_end(match.end()), following.start() if following else len(page.text))
        place = page.cell_at(match.start())
        if role is not None and not _PERSON.match(page.lined_text, match.end()):
            yield Sentence(match.end(), min(end, place[1].end) if place else end, role, match.end(), is_aside=True)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Two columns of requisites: ``text[start:end]``, parted at ``split_px``."""

    start: int
    end: int
    left: FieldRole
    right: FieldRole
    top_px: float
    split_px: float

    def role_at(self, page: PageReading, position: int, on_line: OnLine) -> FieldRole | None:
        if on_line.count == _COLUMNS:
            return (self.left, self.right)[on_line.place]
        line = page.line_at(position)
        if line is None:
            box = page.box_of(position, position + 1)
            return (self.left if box[0] < self.split_px else self.right) if box[2] > box[0] else None
        return self.left if _x_of(line.bbox_px, line.start, line.end, position) < self.split_px else self.right


def _x_of(box: BBox, start: int, end: int, position: int) -> float:
    """About where on a line a character stands."""
    return box[0] + (box[2] - box[0]) * (position - start) / max(end - start, 1)


def _columns_of(page: PageReading, marks: Sequence[Mark]) -> Iterator[_Columns]:
    """Pairs of marks beside each other: both columns are read one after the other, or line by line."""
    for number, mark in enumerate(marks):
        end = next((m.start for m in marks[number + 1 :] if m.role is None), len(page.text))
        if mark.right is not None and mark.role is not None:
            if (line := page.line_at(mark.start)) is not None:
                middle = (line.bbox_px[0] + line.bbox_px[2]) / 2
                yield _Columns(mark.end, end, mark.role, mark.right, line.bbox_px[1], middle)
            continue
        for other in marks[number + 1 : number + 4]:
            if other.role is None or mark.role in (None, other.role) or other.right is not None:
                continue
            columns = _beside(page, mark, other, end)
            if columns is not None:
                yield columns


def _beside(page: PageReading, first: Mark, second: Mark, end: int) -> _Columns | None:
    one, two = page.box_of(first.start, first.end), page.box_of(second.start, second.end)
    height = max(one[3] - one[1], two[3] - two[1])
    is_level = height > 0 and abs(one[1] - two[1]) < _SAME_HEIGHT * height
    if not is_level or first.role is None or second.role is None:
        return None
    if one[2] <= two[0] + height:
        return _Columns(first.start, end, first.role, second.role, one[1], two[0] - height)
    if two[2] <= one[0] + height:
        return _Columns(first.start, end, second.role, first.role, two[1], one[0] - height)
    return None
