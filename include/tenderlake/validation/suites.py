"""What is expected of the tables: checks built from the schema, and the rules that it cannot say.

A :class:`Check` is one expectation of Great Expectations, a short name, and how its failure is told to a person. The
library takes five seconds to import, so it is handed in as ``gxe`` (``great_expectations.expectations``) and never
imported here.

Checks with :attr:`Check.is_structural` are about the code and not about documents: their failure stops the run.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import ModuleType
from typing import Any

import pyarrow as pa

from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Column, Table
from tenderlake.lake.vocabulary import TextSource
from tenderlake.validation.results import DocumentFlag, Severity

Row = Mapping[str, Any]
"""A row of a checked frame."""

BOX_TOLERANCE_PX = 1.0
"""Boxes are rounded and scaled on their way: so far they may reach over the edge of a page."""


@dataclass(frozen=True)
class Check:
    """One expectation.

    Args:
        name: short and stable; with the suite's name it identifies the check in reports.
        expect: makes the expectation, given ``great_expectations.expectations``.
        tell: says in words what is wrong with a row that fails.
        severity: what a failure means for the document.
        flag: the quality flag that a warning becomes.
        is_structural: a failure is an error of the pipeline.
    """

    name: str
    expect: Callable[[ModuleType], Any]
    tell: Callable[[Row], str]
    severity: Severity = Severity.CRITICAL
    is_structural: bool = False
    flag: DocumentFlag = DocumentFlag.VALIDATION_WARNING


@dataclass(frozen=True)
class Suite:
    """All checks of one frame.

    Args:
        name: of the table, or of what is checked.
        checks: what is expected.
        place: names a row to a person, as the beginning of a sentence.
    """

    name: str
    checks: tuple[Check, ...]
    place: Callable[[Row], str]


def document_suite() -> Suite:
    """Checks of table ``documents``, with what :func:`tenderlake.validation.checks` counts in ``pages``."""
    return Suite(DOCUMENTS.name, (*_schema_checks(DOCUMENTS), _has_rows(DOCUMENTS), *_document_rules()), lambda row: "")


def page_suite() -> Suite:
    """Checks of table ``pages``, each row beside its document."""
    return Suite(
        PAGES.name,
        (*_schema_checks(PAGES), _has_rows(PAGES), *_page_rules()),
        lambda row: f"page {_text(row['page_number'])}: ",
    )


def block_suite() -> Suite:
    """Checks of table ``blocks``, each row beside its page. A batch of blank pages has no blocks."""
    return Suite(
        BLOCKS.name,
        (*_schema_checks(BLOCKS), *_block_rules()),
        lambda row: f"page {_text(row['page_number'])}, block {_text(row['block_number'])}: ",
    )


def cell_suite() -> Suite:
    """Checks of table ``table_cells``, each row beside its page and its block. A batch of letters has no cells."""
    return Suite(
        TABLE_CELLS.name,
        (*_schema_checks(TABLE_CELLS), *_cell_rules()),
        lambda row: (
            f"page {_text(row['page_number'])}, table {_text(row['table_number'])}, row {_text(row['row'])}, "
            f"column {_text(row['column'])}: "
        ),
    )


def field_suite() -> Suite:
    """Checks of table ``fields``, each row beside its page. A batch of scanned drawings has no fields."""
    return Suite(
        FIELDS.name,
        (*_schema_checks(FIELDS), *_field_rules()),
        lambda row: f"page {_text(row['page_number'])}, field {row['field']}: ",
    )


def table_sum_suite() -> Suite:
    """Arithmetic of tables, on the frame of :func:`tenderlake.validation.sums.table_sums`."""
    check = Check(
        "adds_up",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="holds", value_set=[True]),
        _tell_sum,
        Severity.WARNING,
        flag=DocumentFlag.SUMS_DO_NOT_ADD_UP,
    )
    return Suite(
        "sums of tables",
        (check,),
        lambda row: f"page {row['page_number']}, table {row['table_number']}, row {row['row']}: ",
    )


def price_suite() -> Suite:
    """Prices of purchases against tables, on the frame of :func:`tenderlake.validation.sums.price_checks`."""
    check = Check(
        "is_that_of_table",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="holds", value_set=[True]),
        lambda row: f"it is {_short(row['stated'])}, and the tables make {_short(row['computed'])}",
        Severity.WARNING,
        flag=DocumentFlag.PRICE_DIFFERS_FROM_TABLE,
    )
    return Suite("prices and tables", (check,), lambda row: f"page {row['page_number']}, field {row['field']}: ")


def sources_suite() -> Suite:
    """Checks of how each source of a run ended, on the frame of :mod:`tenderlake.validation.reconciliation`."""
    checks = (
        Check(
            "taken",
            lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="is_taken", value_set=[True]),
            lambda row: "it has an outcome, and nobody took it",
        ),
        Check(
            "one_outcome",
            lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="outcomes", value_set=[1]),
            lambda row: (
                f"it was taken, and has {row['outcomes'] or 'no'} {'outcomes' if row['outcomes'] else 'outcome'}"
            ),
        ),
        _equal(
            "all_pages",
            "pages_found",
            "pages_accounted",
            lambda row: f"{row['pages_found']} pages were found in it, and {row['pages_accounted']} are accounted for",
        ),
    )
    return Suite("reconciliation of sources", checks, lambda row: f"{row['source']}: ")


def sums_suite() -> Suite:
    """Checks of the sums of a run."""
    check = _equal(
        "sums",
        "discovered",
        "accounted",
        lambda row: (
            f"{row['discovered']} discovered are not {row['published']} published + {row['unpacked']} unpacked + "
            f"{row['skipped']} skipped + {row['quarantined']} quarantined + {row['left']} left"
        ),
    )
    return Suite("reconciliation of sums", (check,), lambda row: f"{row['measure']}: ")


def _schema_checks(table: Table) -> Iterator[Check]:
    for column in table.columns:
        yield _has_type(column)
        if not column.nullable:
            yield _is_present(column)
        if column.allowed:
            yield _is_allowed(column)
        if column.minimum is not None or column.maximum is not None:
            yield _is_in_range(column)
        if column.pattern is not None:
            yield _matches(column)
    yield _key_is_unique(table)


def _has_type(column: Column) -> Check:
    name = _python_type(column.arrow_type)
    return Check(
        f"{column.name}_type",
        lambda gxe: gxe.ExpectColumnValuesToBeOfType(column=column.name, type_=name),
        lambda row: f"{column.name} has to be of type {name}",
        is_structural=True,
    )


def _python_type(arrow_type: pa.DataType) -> str:
    """What Great Expectations calls the type of a pandas column that is backed by Arrow."""
    kinds = {
        pa.types.is_string: "str",
        pa.types.is_boolean: "bool",
        pa.types.is_integer: "int",
        pa.types.is_floating: "float",
        pa.types.is_decimal: "Decimal",
        pa.types.is_date: "date",
        pa.types.is_timestamp: "datetime",
        pa.types.is_list: "list",
    }
    return next(name for is_kind, name in kinds.items() if is_kind(arrow_type))


def _is_present(column: Column) -> Check:
    return Check(
        f"{column.name}_present",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column=column.name),
        lambda row: f"{column.name} is missing",
    )


def _is_allowed(column: Column) -> Check:
    return Check(
        f"{column.name}_known",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.allowed)),
        lambda row: f"{column.name} {_quoted(row[column.name])} is none of {', '.join(column.allowed)}",
    )


def _is_in_range(column: Column) -> Check:
    def tell(row: Row) -> str:
        value = row[column.name]
        if column.minimum is not None and value < column.minimum:
            return f"{column.name} {_text(value)} is below {column.minimum:g}"
        return f"{column.name} {_text(value)} is above {column.maximum:g}"

    return Check(
        f"{column.name}_in_range",
        lambda gxe: gxe.ExpectColumnValuesToBeBetween(
            column=column.name, min_value=column.minimum, max_value=column.maximum
        ),
        tell,
    )


def _matches(column: Column) -> Check:
    return Check(
        f"{column.name}_well_formed",
        lambda gxe: gxe.ExpectColumnValuesToMatchRegex(column=column.name, regex=column.pattern),
        lambda row: f"{column.name} {_quoted(row[column.name])} does not match {column.pattern}",
    )


def _key_is_unique(table: Table) -> Check:
    columns = list(table.key_columns)
    return Check(
        "key_unique",
        lambda gxe: (
            gxe.ExpectColumnValuesToBeUnique(column=columns[0])
            if len(columns) == 1
            else gxe.ExpectCompoundColumnsToBeUnique(column_list=columns)
        ),
        lambda row: f"there is more than one row for this {columns[-1].removesuffix('_number').removesuffix('_id')}",
    )


def _has_rows(table: Table) -> Check:
    # Every expectation on a column passes on an empty frame.
    return Check(
        "not_empty",
        lambda gxe: gxe.ExpectTableRowCountToBeBetween(min_value=1),
        lambda row: f"table {table.name} has no rows",
    )


def _document_rules() -> Iterator[Check]:
    yield _equal(
        "all_pages_counted",
        "page_count",
        "counted_pages",
        lambda row: f"{row['native_pages']} native and {row['ocr_pages']} OCR pages are not {row['page_count']} pages",
    )
    yield _equal(
        "all_pages_there",
        "page_count",
        "page_rows",
        lambda row: f"it has {row['page_count']} pages, and {row['page_rows']} rows in table pages",
    )
    yield _equal(
        "failed_pages_counted",
        "failed_pages",
        "failed_page_rows",
        lambda row: f"failed_pages is {row['failed_pages']}, and {row['failed_page_rows']} rows in table pages failed",
    )
    yield Check(
        "engine_named",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="engine", row_condition=_column("ocr_page_rows") > 0),
        lambda row: "pages were read by OCR, and no engine is named",
    )
    # A table of the lake may be empty by right, but not beside rows of another that have to be in it as well.
    yield Check(
        "cells_there",
        lambda gxe: gxe.ExpectColumnValuesToBeBetween(
            column="cell_rows", min_value=1, row_condition=_column("filled_tables") > 0
        ),
        lambda row: f"it has tables in {row['filled_tables']} blocks, and no row in table table_cells",
    )
    yield Check(
        "some_text",
        lambda gxe: gxe.ExpectColumnValuesToBeBetween(
            column="text_pages", min_value=1, row_condition=_column("read_page_rows") > 0
        ),
        lambda row: "none of its pages has any text",
        Severity.WARNING,
        flag=DocumentFlag.NO_TEXT,
    )


def _page_rules() -> Iterator[Check]:
    yield Check(
        "document_there",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="known_document_id"),
        lambda row: "its document has no row in table documents",
    )
    yield _not_above(
        "within_document",
        "page_number",
        "page_count",
        lambda row: f"the document has only {row['page_count']} pages",
    )
    yield Check(
        "rotation_known",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="rotation_deg", value_set=[0, 90, 180, 270]),
        lambda row: f"rotation_deg {row['rotation_deg']} is none of 0, 90, 180, 270",
    )
    yield Check(
        "text_in_blocks",
        lambda gxe: gxe.ExpectColumnValuesToBeBetween(
            column="block_rows",
            min_value=1,
            row_condition=_column("has_text") == True,  # noqa: E712
        ),
        lambda row: "the page has text, and no row in table blocks",
    )
    for column in ("text", "markdown"):
        yield _null_on_failed_page(column)
        yield _present_on_page_that_was_read(column)
    for column in ("engine", "page_key"):
        yield _present_on_page_by_ocr(column)
    for column in ("width_px", "height_px"):
        yield _positive_on_page_by_ocr(column)


def _null_on_failed_page(column: str) -> Check:
    return Check(
        f"failed_without_{column}",
        lambda gxe: gxe.ExpectColumnValuesToBeNull(
            column=column, row_condition=_column("text_source") == TextSource.NONE.value
        ),
        lambda row: f"the page failed, and yet it has {column}",
    )


def _present_on_page_that_was_read(column: str) -> Check:
    return Check(
        f"read_with_{column}",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(
            column=column, row_condition=_column("text_source") != TextSource.NONE.value
        ),
        lambda row: f"the page was read, and {column} is missing",
    )


def _present_on_page_by_ocr(column: str) -> Check:
    return Check(
        f"ocr_with_{column}",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(
            column=column, row_condition=_column("text_source") == TextSource.OCR.value
        ),
        lambda row: f"the page was read by OCR, and {column} is missing",
    )


def _positive_on_page_by_ocr(column: str) -> Check:
    """Only an image must have a size: office files and texts have none, and none is invented."""
    return Check(
        f"{column}_positive",
        lambda gxe: gxe.ExpectColumnValuesToBeBetween(
            column=column, min_value=1, row_condition=_column("text_source") == TextSource.OCR.value
        ),
        lambda row: f"{column} is {row[column]}",
        Severity.WARNING,
    )


def _block_rules() -> Iterator[Check]:
    yield _page_there()
    yield from _box_rules()


def _cell_rules() -> Iterator[Check]:
    yield _page_there()
    yield Check(
        "block_there",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="known_block_number"),
        lambda row: f"block {row['block_number']} of the page has no row in table blocks",
    )


def _field_rules() -> Iterator[Check]:
    yield _page_there()
    yield from _box_rules()
    yield Check(
        "repaired_is_valid",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(
            column="is_valid",
            value_set=[True],
            row_condition=_column("is_repaired") == True,  # noqa: E712
        ),
        lambda row: f"{_quoted(row['raw_text'])} was repaired to {_quoted(row['value'])}, and that does not hold",
        # An account that was misread twice: its letter is repaired, and the БИК says that a digit is wrong as well.
        Severity.WARNING,
    )
    yield Check(
        "one_of_each_rank",
        lambda gxe: gxe.ExpectCompoundColumnsToBeUnique(column_list=["document_id", "field", "role", "rank"]),
        lambda row: f"there is more than one value of rank {row['rank']}",
        Severity.WARNING,
    )
    yield Check(
        "of_this_tender",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="is_of_other_tender", value_set=[False]),
        lambda row: f"the document gives {row['value']}, and its path says {row['tender_id']}",
        Severity.WARNING,
        flag=DocumentFlag.OTHER_TENDER,
    )


def _page_there() -> Check:
    return Check(
        "page_there",
        lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="known_page_number"),
        lambda row: "its page has no row in table pages",
    )


def _box_rules() -> Iterator[Check]:
    yield Check(
        "box_of_four",
        lambda gxe: gxe.ExpectColumnValuesToBeInSet(column="bbox_length", value_set=[4]),
        lambda row: f"bbox_px has {row['bbox_length']} numbers instead of four",
    )
    for low, high in (("x0", "x1"), ("y0", "y1")):
        yield _box_rule(_not_above(f"box_{low}_before_{high}", low, high, _tell_inside_out))
    for low in ("x0", "y0"):
        yield _side_on_page(low)
    for high, limit in (("x1", "x_limit"), ("y1", "y_limit")):
        yield _box_rule(_not_above(f"box_{high}_on_page", high, limit, _tell_outside))


def _box_rule(check: Check) -> Check:
    return replace(check, severity=Severity.WARNING, flag=DocumentFlag.BOXES_OFF_PAGE)


def _side_on_page(side: str) -> Check:
    return _box_rule(
        Check(
            f"box_{side}_on_page",
            lambda gxe: gxe.ExpectColumnValuesToBeBetween(column=side, min_value=-BOX_TOLERANCE_PX),
            _tell_outside,
        )
    )


def _equal(name: str, one: str, other: str, tell: Callable[[Row], str]) -> Check:
    return Check(
        name,
        lambda gxe: gxe.ExpectColumnPairValuesToBeEqual(
            column_A=one, column_B=other, ignore_row_if="either_value_is_missing"
        ),
        tell,
    )


def _not_above(name: str, lower: str, upper: str, tell: Callable[[Row], str]) -> Check:
    return Check(
        name,
        lambda gxe: gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=upper, column_B=lower, or_equal=True, ignore_row_if="either_value_is_missing"
        ),
        tell,
    )


def _column(name: str) -> Any:  # the library has no types
    from great_expectations.expectations.row_conditions import Column as GxColumn

    return GxColumn(name)


def _tell_sum(row: Row) -> str:
    what = "the rows above make" if row["is_total"] else "quantity × price makes"
    return f"{what} {_short(row['computed'])}, and {_short(row['stated'])} stands there"


def _tell_inside_out(row: Row) -> str:
    return f"the box {_box(row)} is turned inside out"


def _tell_outside(row: Row) -> str:
    size = f"{_text(row['page_width_px'])} × {_text(row['page_height_px'])} px"
    return f"the box {_box(row)} reaches outside the page ({size})"


def _box(row: Row) -> str:
    return f"[{', '.join(_text(row[side]) for side in ('x0', 'y0', 'x1', 'y1'))}]"


def _short(number: Decimal) -> str:
    """A number without the zeros that its column adds."""
    whole, _, decimals = f"{number:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _quoted(value: object) -> str:
    return reprlib.repr(value)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "?" if value is None else str(value)
