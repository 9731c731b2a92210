"""What the rows and columns of a table are: its header, sections and totals, and what each column says.

Headers of Russian tender tables have up to three storeys («Стоимость единицы, руб.» over «Всего», «В том числе») and
end in a row that numbers the columns («1 2 3 4», also «8 = 6 × 7»). The words are those of estimates, specifications
and price justifications.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from ocr_tasks.htmltables import Cell, Table
from tenderlake.lake.vocabulary import ColumnRole, RowKind
from tenderlake.russiannumbers import decimal_of
from tenderlake.tableunits import Scale, scale_above, scales_of

_MOST_HEADER_ROWS = 8
_LONGEST_HEADER_TEXT = 200
_LONGEST_NAME = 60
"""Of a column; a text that is longer only speaks of names and prices."""
_FEWEST_NAMED, _LEAST_NAMED_SHARE = 2, 0.25
"""Cells of a header whose words are known; the others may say anything."""

_ROLES: tuple[tuple[ColumnRole, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern, re.IGNORECASE))
    for role, pattern in (
        (ColumnRole.ROW_NUMBER, r"^№ ?(?:п ?[/.]? ?п\.?|строки|позиции)?$|^N,? ?п/п$|^п/п$|^№№|^номер (?:п/п|строки)"),
        (ColumnRole.VAT, r"\bндс\b"),
        (ColumnRole.PRICE, r"^(?:[а-яё() ]{0,40}\bцен[аы]|стоимость|нмц[а-яё]?)\b.*\b(?:единиц|ед\b)"),
        (ColumnRole.UNIT, r"^ед\.?,?(?: ?изм\w*\.?)?$|единиц\w* измерения|^ед\. ?изм"),
        (ColumnRole.QUANTITY, r"^кол(?:-? ?во|ичество|\.)|^объ[её]м"),
        (ColumnRole.AMOUNT, r"(?:общая|итоговая) цена|цена (?:общая|всего)"),
        (ColumnRole.PRICE, r"\bцен[аы]\b|стоимость единиц|нмц за ед|на единицу|за единицу|за ед\."),
        (ColumnRole.AMOUNT, r"сумма|общая стоимость|^стоимость|^всего|^итого|^нмцк?\b|^нмцд\b"),
        (ColumnRole.CODE, r"^код|артикул|окпд|ктру|^обоснование|шифр"),
        (ColumnRole.NAME, r"наименование|товары ?\(работы|предмет|описание"),
    )
)
"""In the order of their trust: «Наименование единицы измерения» is a unit, «Цена за единицу измерения» a price."""
_REMARK_ON_VAT = re.compile(
    r"[,(]? ?(?:(?:без|с)(?: уч[её]та| уч[её]том)?|включая|вкл\.?|(?<=[,(] )в том числе|(?<=[,(])в том числе"
    r"|(?<=[,(] )в т\. ?ч\.|(?<=[,(])в т\. ?ч\.) ндс(?: ?\d{1,2} ?%)?\)?|[,(]? ?ндс (?:не облагается|включ[её]н)\)?",
    re.IGNORECASE,
)
_REMARK_ON_MONEY = re.compile(
    r",? ?\(?(?:руб\.?|рублей|₽|без ндс|с ндс|с уч[её]том ндс|в т\. ?ч\. ндс).*$", re.IGNORECASE
)
_HYPHENATED = re.compile(r"(?<=[а-яё])- ?\n?(?=[а-яё])")
_TOTAL = re.compile(
    r"\s*(?:итого(?!в[а-яё])|итогов[а-яё]{2,3} (?:сумм|стоимост|цен)|всего(?! наименований)|в ?т(?:ом|\.) ?ч(?:исле|\.)"
    r"|ндс\b|сумма ндс|к оплате|промежуточный итог|итоги)",
    re.IGNORECASE,
)
_TOTAL_FOR_SURE = re.compile(r"\s*(?:промежуточный )?итог", re.IGNORECASE)
"""Whatever the row has besides: nothing that is bought is called so."""
_PART = re.compile(r"\s*в ?т(?:ом|\.) ?ч(?:исле|\.)", re.IGNORECASE)
"""Parts of a line have quantities of their own more often than totals have."""
_LETTER = re.compile(r"[^\W\d_xх]", re.IGNORECASE)
"""Of a unit; «х» says that there is none."""
_NUMBER_OF_COLUMN = re.compile(r"\(?(\d{1,2})\)?(?: ?=.*)?")


@dataclass(frozen=True)
class TableMeaning:
    """``row_kinds`` has an entry a row, the others one a column; None where the header does not tell.

    ``scale`` is what a title of the whole table says of its money.
    """

    row_kinds: tuple[RowKind, ...]
    column_roles: tuple[ColumnRole | None, ...]
    column_scales: tuple[Scale | None, ...]
    scale: Scale | None


def meaning_of(table: Table) -> TableMeaning:
    """What the rows and columns of a whole table are."""
    rows = _rows(table)
    header_rows = _header_rows(table, rows)
    storeys = _storeys(table, header_rows)
    roles = _roles(storeys)
    kinds = tuple(RowKind.HEADER if number < header_rows else _kind(cells, roles) for number, cells in enumerate(rows))
    titles = (cell.text for cells in rows[: max(1, header_rows)] for cell in cells if _is_title(cell, table))
    scale = next((scale for text in titles if (scale := scale_above(text)) is not None), None)
    return TableMeaning(kinds, roles, scales_of(storeys, roles), scale)


def role_of_header(header: str) -> ColumnRole | None:
    """What a column with this header says; None where the words are not known."""
    text = re.sub(r"\s+", " ", _HYPHENATED.sub("", header.strip()[:_LONGEST_HEADER_TEXT]))
    core = _REMARK_ON_MONEY.sub("", _REMARK_ON_VAT.sub("", text)).strip()
    return next((role for role, pattern in _ROLES if pattern.search(core)), None)


def has_header_of_its_own(table: Table, before: Table) -> bool:
    """Whether the first row of a table names columns, and others than those of the table before it."""
    filled = [cell for cell in _top(table, 1).cells if cell.text.strip()]
    named = {
        cell.column: role
        for cell in filled
        if len(cell.text) <= _LONGEST_NAME and (role := role_of_header(cell.text)) is not None
    }
    if len(named) < max(_FEWEST_NAMED, len(filled) / 2) or any(decimal_of(cell.text) is not None for cell in filled):
        return False
    top = _top(before, _MOST_HEADER_ROWS)
    known = _roles(_storeys(top, _header_rows(top, _rows(top))))
    return any(known[column] is not role for column, role in named.items())


def _top(table: Table, row_count: int) -> Table:
    """The first rows; cells stand in reading order."""
    cells = tuple(takewhile(lambda cell: cell.row < row_count, table.cells))
    return Table(cells, min(row_count, table.row_count), table.column_count)


def is_numbering_row(texts: Sequence[str]) -> bool:
    """Whether the cells number the columns: «1 2 3 4», empty cells and formulas («8 = 6 × 7») allowed."""
    filled = [text.strip() for text in texts if text.strip()]
    numbers = [int(match[1]) for text in filled if (match := _NUMBER_OF_COLUMN.fullmatch(text))]
    is_most = len(numbers) >= 0.6 * len(texts)
    return len(numbers) == len(filled) >= 3 and is_most and numbers == list(range(1, len(numbers) + 1))


def _rows(table: Table) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[] for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row].append(cell)
    return rows


def _header_rows(table: Table, rows: list[list[Cell]]) -> int:
    """How many rows at the top are the header; 0 where the table begins with its data."""
    looked_at = rows[:_MOST_HEADER_ROWS]
    for number, cells in enumerate(looked_at):
        if is_numbering_row([cell.text for cell in cells]) and number + 1 < len(rows):
            return number + 1
    marked = 0
    while marked < len(looked_at) and looked_at[marked] and all(cell.is_header for cell in looked_at[marked]):
        marked += 1
    count = max(marked, _named_rows(looked_at, table.column_count))
    # A cell of the header that reaches down takes its rows along.
    while True:
        reach = max((cell.row + cell.row_span for row in looked_at[:count] for cell in row), default=0)
        if reach <= count or reach > _MOST_HEADER_ROWS:
            return count if count < len(rows) else marked
        count = reach


def _named_rows(rows: list[list[Cell]], column_count: int) -> int:
    """Rows up to the first one that names columns; a title over the whole width may stand above it."""
    for number, cells in enumerate(rows):
        filled = [cell for cell in cells if cell.text.strip()]
        if len(filled) == 1 and filled[0].column_span >= column_count:
            continue
        names = [cell for cell in filled if role_of_header(cell.text) is not None]
        has_numbers = any(decimal_of(cell.text) is not None for cell in filled)
        is_header = len(names) >= max(_FEWEST_NAMED, _LEAST_NAMED_SHARE * len(filled))
        return number + 1 if is_header and not has_numbers else 0
    return 0


def _kind(cells: list[Cell], roles: Sequence[ColumnRole | None]) -> RowKind:
    column_count = len(roles)
    filled = [cell for cell in cells if cell.text.strip()]
    said = [cell.text for cell in filled[:3] if _TOTAL.match(cell.text)]
    if said:
        is_sure = any(_TOTAL_FOR_SURE.match(text) for text in said)
        return RowKind.TOTAL if is_sure or not _is_line_of_its_own(filled, roles) else RowKind.DATA
    if column_count > 1 and len(filled) == 1 and decimal_of(filled[0].text) is None:
        # A row that goes on in one column only, after the page ended, is text and not a title.
        is_wide = filled[0].column_span > 1 or filled[0].column == 0
        return RowKind.SECTION if is_wide and filled[0].row_span == 1 and column_count > 2 else RowKind.DATA
    return RowKind.DATA


def _is_line_of_its_own(filled: list[Cell], roles: Sequence[ColumnRole | None]) -> bool:
    """Whether a row that begins like a total is what is bought: «В том числе кабель | м | 10 | 150,00 | 1 500,00».

    Totals have a quantity at times, with its unit even, and prices where offers are compared; none has all of it.
    """

    def is_number(cell: Cell) -> bool:
        return decimal_of(cell.text) is not None

    has = {roles[cell.column] for cell in filled if is_number(cell)}
    has_unit = any(roles[cell.column] is ColumnRole.UNIT and _LETTER.search(cell.text) for cell in filled)
    if ColumnRole.QUANTITY not in has or not (has_unit or ColumnRole.ROW_NUMBER in has):
        return False
    return ColumnRole.PRICE in has or (has_unit and any(_PART.match(cell.text) for cell in filled[:3]))


def _storeys(table: Table, header_rows: int) -> list[list[str]]:
    """What the header says of each column, from top to bottom."""
    storeys: list[list[str]] = [[] for _ in range(table.column_count)]
    for cell in table.cells:
        is_header = cell.row < header_rows and not _is_title(cell, table)
        if is_header and not _NUMBER_OF_COLUMN.fullmatch(cell.text.strip()):
            for column in range(cell.column, min(cell.column + cell.column_span, table.column_count)):
                storeys[column].append(cell.text[:_LONGEST_HEADER_TEXT])
    return storeys


def _is_title(cell: Cell, table: Table) -> bool:
    """Whether it goes over the whole width."""
    return cell.column_span >= table.column_count > 1


def _roles(storeys: Sequence[list[str]]) -> tuple[ColumnRole | None, ...]:
    return tuple(_role(texts) for texts in storeys)


def _role(storeys: list[str]) -> ColumnRole | None:
    """By the whole header from top to bottom, else by its lowest storey that says something."""
    if not storeys:
        return None
    whole = role_of_header(" ".join(storeys))
    return whole or next((role for text in reversed(storeys) if (role := role_of_header(text))), None)
