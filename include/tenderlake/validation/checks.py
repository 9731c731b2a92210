"""Checking the staged rows of a batch: what the suites' failures mean for each document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.lake.vocabulary import ColumnRole, RowKind, TextSource
from tenderlake.runs import Verdict
from tenderlake.tablesums import SumCell, SumCheck, check_sums
from tenderlake.validation.results import Severity
from tenderlake.validation.running import MOST_EXAMPLES, Failure, SuiteRunner, ValidationBrokenError, messages
from tenderlake.validation.suites import (
    BOX_TOLERANCE_PX,
    Check,
    Suite,
    block_suite,
    cell_suite,
    document_suite,
    field_suite,
    page_suite,
    table_sum_suite,
)

CHECKED_TABLES = (DOCUMENTS, PAGES, BLOCKS, TABLE_CELLS, FIELDS)
"""Those that have rows for each document."""


def to_frame(table: Table, parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Rows as a pandas frame that keeps Arrow's types: whole numbers stay whole where some are missing."""
    frame = pa.concat_tables([table.schema.empty_table(), *parts]).to_pandas(types_mapper=pd.ArrowDtype)
    assert isinstance(frame, pd.DataFrame)  # noqa: S101 - pyarrow has no types
    return frame


@dataclass(frozen=True)
class BatchFrames:
    """The rows of one batch, table by table, in frames made with :func:`to_frame`."""

    documents: pd.DataFrame
    pages: pd.DataFrame
    blocks: pd.DataFrame
    table_cells: pd.DataFrame
    fields: pd.DataFrame

    @classmethod
    def of(cls, rows: Callable[[Table], Iterable[pa.Table]]) -> BatchFrames:
        """The frames of all tables, given what yields the rows of one."""
        return cls(**{table.name: to_frame(table, rows(table)) for table in CHECKED_TABLES})

    def __iter__(self) -> Iterator[tuple[Table, pd.DataFrame]]:
        """Each table with its frame."""
        return ((table, getattr(self, table.name)) for table in CHECKED_TABLES)


class Validator:
    """Checks the batches of a run; memory is bounded by a batch."""

    def __init__(self, runner: SuiteRunner) -> None:
        self._runner = runner
        self._documents, self._pages, self._blocks = document_suite(), page_suite(), block_suite()
        self._cells, self._fields, self._sums = cell_suite(), field_suite(), table_sum_suite()

    def check_batch(self, frames: BatchFrames) -> dict[str, Verdict]:
        """Check the rows of one batch.

        Returns:
            The verdict on every document that failed something, by document_id.

        Raises:
            ValidationBrokenError: a column is missing, a type is wrong, or a check could not be made.
        """
        for table, frame in frames:
            missing = [name for name in table.schema.names if name not in frame.columns]
            if missing:
                raise ValidationBrokenError(f"the rows of table {table.name} lack the columns {', '.join(missing)}")
        ids = {str(name) for _, frame in frames for name in frame["document_id"].dropna()}
        if not ids:
            return {}
        checked: tuple[tuple[Suite, Callable[[], pd.DataFrame]], ...] = (
            (self._documents, lambda: _beside_page_counts(frames.documents, frames.pages)),
            (self._pages, lambda: _beside_document(frames.pages, frames.documents)),
            (self._blocks, lambda: _beside_page(frames.blocks, frames.pages)),
            (self._cells, lambda: _beside_block(frames.table_cells, frames.pages, frames.blocks)),
            (self._fields, lambda: _beside_page(frames.fields, frames.pages)),
            # After the cells: their types hold by then.
            (self._sums, lambda: table_sums(frames.table_cells)),
        )
        findings = [
            finding
            for suite, made in checked
            for failure in self._runner.run(suite, made())
            for finding in _findings(suite, failure, sorted(ids))
        ]
        return _verdicts(findings)


class _Finding(NamedTuple):
    """What one check says of one document."""

    document_id: str
    check: Check
    message: str


def _findings(suite: Suite, failure: Failure, document_ids: list[str]) -> Iterator[_Finding]:
    told = messages(suite, failure)
    if failure.rows is None:  # the table as a whole failed, and with it all its documents
        yield from (_Finding(document_id, failure.check, told[0]) for document_id in document_ids)
        return
    for row, message in zip(failure.rows, told, strict=True):
        if row["document_id"] is None:
            raise ValidationBrokenError(f"table {suite.name} has a row without a document_id ({message})")
        yield _Finding(row["document_id"], failure.check, message)


def _verdicts(findings: Iterable[_Finding]) -> dict[str, Verdict]:
    by_document: dict[str, dict[Check, list[str]]] = {}
    for document_id, check, message in findings:
        by_document.setdefault(document_id, {}).setdefault(check, []).append(message)
    return {
        document_id: Verdict(
            critical=_told(by_check, Severity.CRITICAL),
            warnings=_told(by_check, Severity.WARNING),
        )
        for document_id, by_check in by_document.items()
    }


def _told(by_check: dict[Check, list[str]], severity: Severity) -> tuple[str, ...]:
    """The first messages of every check, and how many more there are, each said once."""
    told: list[str] = []
    for check, all_messages in by_check.items():
        if check.severity is severity:
            distinct = list(dict.fromkeys(all_messages))
            told.extend(distinct[:MOST_EXAMPLES])
            if len(distinct) > MOST_EXAMPLES:
                told.append(f"and {len(distinct) - MOST_EXAMPLES} more like this: {distinct[MOST_EXAMPLES - 1]}")
    return tuple(dict.fromkeys(told))


def _beside_page_counts(documents: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Documents with the number of their rows in ``pages``: all, failed, and read by OCR."""

    def count(rows: pd.DataFrame) -> pd.Series[int]:
        return documents["document_id"].map(rows["document_id"].value_counts()).astype("Int64").fillna(0)

    return documents.assign(
        counted_pages=documents["native_pages"] + documents["ocr_pages"],
        page_rows=count(pages),
        failed_page_rows=count(pages[pages["text_source"] == TextSource.NONE.value]),
        ocr_page_rows=count(pages[pages["text_source"] == TextSource.OCR.value]),
    )


def _beside_document(pages: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Pages with the id and the page count of their document, where it has a row."""
    known = documents.drop_duplicates("document_id")[["document_id", "page_count"]]
    return pages.merge(known.assign(known_document_id=known["document_id"]), on="document_id", how="left")


def _beside_page(blocks: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Blocks with the size of their page, where it has a row, and the sides of their boxes."""
    key = ["document_id", "page_number"]
    known = pages.drop_duplicates(key)[[*key, "width_px", "height_px"]].rename(
        columns={"width_px": "page_width_px", "height_px": "page_height_px"}
    )
    beside = blocks.merge(known.assign(known_page_number=known["page_number"]), on=key, how="left")
    boxes = [list(box) if pd.api.types.is_list_like(box) else None for box in beside["bbox_px"]]
    sides = {
        side: pd.Series([box[place] if box and len(box) == len(_SIDES) else None for box in boxes], dtype="Float64")
        for place, side in enumerate(_SIDES)
    }
    limits = {
        limit: (beside[size] + BOX_TOLERANCE_PX).where(beside[size] > 0)
        for limit, size in (("x_limit", "page_width_px"), ("y_limit", "page_height_px"))
    }
    lengths = pd.Series([None if box is None else len(box) for box in boxes], dtype="Int64")
    return beside.assign(bbox_length=lengths, **sides, **limits)


def _beside_block(cells: pd.DataFrame, pages: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Cells with the numbers of their page and block, where these have a row."""
    of_page, of_block = ["document_id", "page_number"], ["document_id", "page_number", "block_number"]
    known_pages = pages.drop_duplicates(of_page)[of_page]
    known_blocks = blocks.drop_duplicates(of_block)[of_block]
    return cells.merge(known_pages.assign(known_page_number=known_pages["page_number"]), on=of_page, how="left").merge(
        known_blocks.assign(known_block_number=known_blocks["block_number"]), on=of_block, how="left"
    )


def table_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """Every relation of numbers that the tables of a batch promise, and whether it holds; see ``tablesums``.

    Cells without a place or of an unknown kind are left out: other checks tell of them.
    """
    of_table = ["document_id", "table_number"]
    cells = cells.dropna(subset=[*of_table, "page_number", "row", "column", "row_kind"])
    cells = cells[cells["row_kind"].isin([kind.value for kind in RowKind])]
    has_amounts = cells[(cells["column_role"] == ColumnRole.AMOUNT.value).fillna(False)][of_table].drop_duplicates()
    rows = cells.merge(has_amounts, on=of_table).sort_values([*of_table, "row", "column"])
    checks = [
        {"document_id": document_id, "table_number": table_number, **asdict(check)}
        for (document_id, table_number), table in rows.groupby(of_table, sort=False)
        for check in check_sums([_sum_cell(cell) for cell in table.itertuples(index=False)])
    ]
    names = [*of_table, *(field.name for field in dataclass_fields(SumCheck))]
    return pd.DataFrame(checks, columns=names)


def _sum_cell(cell: Any) -> SumCell:  # a named tuple of pandas
    return SumCell(
        page_number=int(cell.page_number),
        row=int(cell.row),
        column=int(cell.column),
        row_kind=RowKind(cell.row_kind),
        column_role=next((role for role in ColumnRole if role.value == cell.column_role), None),
        text=str(cell.text),
        number=None if pd.isna(cell.number) else cell.number,
    )


_SIDES = ("x0", "y0", "x1", "y1")
