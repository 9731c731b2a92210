"""Checking the staged rows of a run: what the suites' failures mean for each document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.fields.checksums import is_notice_44, is_notice_223
from tenderlake.lake.schema import BLOCKS, BOX, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.lake.vocabulary import FieldMethod, FieldName, TextSource
from tenderlake.validation.frames import HAS_CELLS, to_frame
from tenderlake.validation.results import MOST_EXAMPLES, Finding, FoundRow, Verdict
from tenderlake.validation.running import Failure, SuiteRunner, ValidationBrokenError, told
from tenderlake.validation.suites import (
    BOX_TOLERANCE_PX,
    Suite,
    block_suite,
    cell_suite,
    document_suite,
    field_suite,
    page_suite,
    price_suite,
    table_sum_suite,
)
from tenderlake.validation.sums import price_checks, table_sums

CHECKED_TABLES = (DOCUMENTS, PAGES, BLOCKS, TABLE_CELLS, FIELDS)
"""Those that have rows for each document."""


@dataclass(frozen=True)
class BatchFrames:
    """The rows of one batch or several, table by table, in frames made with :func:`to_frame`."""

    documents: pd.DataFrame
    pages: pd.DataFrame
    blocks: pd.DataFrame
    table_cells: pd.DataFrame
    fields: pd.DataFrame

    @classmethod
    def of(cls, rows: Callable[[Table], Iterable[pa.Table]]) -> BatchFrames:
        """The frames of all tables, given what yields the rows of one."""
        return cls(**{table.name: to_frame(table, rows(table)) for table in CHECKED_TABLES})

    @classmethod
    def joined(cls, batches: Sequence[BatchFrames]) -> BatchFrames:
        """The rows of several batches."""
        if len(batches) == 1:
            return batches[0]
        names = [table.name for table in CHECKED_TABLES]
        return cls(**{name: pd.concat([getattr(one, name) for one in batches], ignore_index=True) for name in names})

    @property
    def row_count(self) -> int:
        """Rows of all tables."""
        return sum(len(frame) for _, frame in self)

    def __iter__(self) -> Iterator[tuple[Table, pd.DataFrame]]:
        """Each table with its frame."""
        return ((table, getattr(self, table.name)) for table in CHECKED_TABLES)


class Validator:
    """Checks the documents of a run, each with all its rows at once."""

    def __init__(self, runner: SuiteRunner) -> None:
        self._runner = runner
        self._documents, self._pages, self._blocks = document_suite(), page_suite(), block_suite()
        self._cells, self._fields = cell_suite(), field_suite()
        self._sums, self._prices = table_sum_suite(), price_suite()

    def check(self, frames: BatchFrames) -> dict[str, Verdict]:
        """Check the rows of whole documents.

        Returns:
            The verdict on every document that failed something, by document_id.

        Raises:
            ValidationBrokenError: a column is missing, a type is wrong, or a check could not be made.
        """
        for table, frame in frames:
            missing = [name for name in table.schema.names if name not in frame.columns]
            if missing:
                raise ValidationBrokenError(f"the rows of table {table.name} lack the columns {', '.join(missing)}")
        ids = sorted({str(name) for _, frame in frames for name in frame["document_id"].dropna().unique()})
        if not ids:
            return {}
        checked: tuple[tuple[Suite, Callable[[], pd.DataFrame]], ...] = (
            (self._documents, lambda: _beside_counts(frames)),
            (self._pages, lambda: _beside_document(frames)),
            (self._blocks, lambda: _beside_page(frames.blocks, frames.pages)),
            (self._cells, lambda: _beside_block(frames.table_cells, frames.pages, frames.blocks)),
            (self._fields, lambda: beside_tender(_beside_page(frames.fields, frames.pages))),
        )
        found = [finding for suite, made in checked for finding in self._run(suite, made(), ids)]
        # After the cells and fields: their types hold by then.
        sums = table_sums(frames.table_cells)
        found += self._run(self._sums, sums, ids)
        found += self._run(self._prices, price_checks(frames.fields, sums), ids)
        return _verdicts(found)

    def _run(self, suite: Suite, frame: pd.DataFrame, ids: list[str]) -> list[tuple[str, Finding]]:
        return [finding for failure in self._runner.run(suite, frame) for finding in _findings(suite, failure, ids)]


def _verdicts(found: Iterable[tuple[str, Finding]]) -> dict[str, Verdict]:
    by_document: dict[str, list[Finding]] = {}
    for document_id, finding in found:
        by_document.setdefault(document_id, []).append(finding)
    return {document_id: Verdict(findings=tuple(findings)) for document_id, findings in by_document.items()}


def _findings(suite: Suite, failure: Failure, document_ids: list[str]) -> Iterator[tuple[str, Finding]]:
    if failure.rows is None:  # the table as a whole failed, and with it all its documents
        found = _finding(suite, failure, 1)
        yield from ((document_id, found) for document_id in document_ids)
        return
    nameless = failure.rows["document_id"].isna()
    if nameless.any():
        ((_, message),) = told(suite, Failure(failure.check, failure.rows[nameless]), 1)
        raise ValidationBrokenError(f"table {suite.name} has a row without a document_id ({message})")
    for document_id, rows in failure.rows.groupby("document_id", sort=False):
        yield str(document_id), _finding(suite, Failure(failure.check, rows), len(rows))


def _finding(suite: Suite, failure: Failure, row_count: int) -> Finding:
    check = failure.check
    rows = tuple(
        FoundRow(page_number=row.get("page_number"), message=message)
        for row, message in told(suite, failure, MOST_EXAMPLES)
    )
    return Finding(
        suite=suite.name, check=check.name, severity=check.severity, row_count=row_count, rows=rows, flag=check.flag
    )


def _beside_counts(frames: BatchFrames) -> pd.DataFrame:
    """Documents with the number of their rows in the other tables: pages of several kinds, tables, cells."""
    documents, pages, blocks = frames.documents, frames.pages, frames.blocks

    def count(rows: pd.DataFrame) -> pd.Series[int]:
        return documents["document_id"].map(rows["document_id"].value_counts()).astype("Int64").fillna(0)

    return documents.assign(
        counted_pages=documents["native_pages"] + documents["ocr_pages"],
        page_rows=count(pages),
        failed_page_rows=count(pages[pages["text_source"] == TextSource.NONE.value]),
        read_page_rows=count(pages[pages["text_source"] != TextSource.NONE.value]),
        ocr_page_rows=count(pages[pages["text_source"] == TextSource.OCR.value]),
        text_pages=count(pages[_has_text(pages)]),
        filled_tables=count(blocks[blocks[HAS_CELLS].fillna(False)]),
        cell_rows=count(frames.table_cells),
    )


def _has_text(pages: pd.DataFrame) -> pd.Series[bool]:
    return (pages["text"].str.strip().str.len() > 0).fillna(False)


def _beside_document(frames: BatchFrames) -> pd.DataFrame:
    """Pages with the id and the page count of their document, where it has a row, and the number of their blocks."""
    key, pages = ["document_id", "page_number"], frames.pages
    known = frames.documents.drop_duplicates("document_id")[["document_id", "page_count"]]
    counted = frames.blocks.groupby(key, sort=False).size().astype("Int64").rename("block_rows").reset_index()
    beside = (
        pages.assign(has_text=_has_text(pages))
        .merge(known.assign(known_document_id=known["document_id"]), on="document_id", how="left")
        .merge(counted, on=key, how="left")
    )
    return beside.assign(block_rows=beside["block_rows"].fillna(0))


def _beside_page(blocks: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Blocks with the size of their page, where it has a row, and the sides of their boxes."""
    key = ["document_id", "page_number"]
    known = pages.drop_duplicates(key)[[*key, "width_px", "height_px"]].rename(
        columns={"width_px": "page_width_px", "height_px": "page_height_px"}
    )
    beside = blocks.merge(known.assign(known_page_number=known["page_number"]), on=key, how="left")
    boxes = pa.array(beside["bbox_px"])
    if not pa.types.is_list(boxes.type):
        boxes = pa.nulls(len(boxes), BOX)  # the check of the type tells of it
    lengths = pc.list_value_length(boxes)
    whole = pc.if_else(pc.equal(lengths, len(_SIDES)), boxes, None)
    sides = {side: _series(pc.list_element(whole, place)) for place, side in enumerate(_SIDES)}
    limits = {
        limit: (beside[size] + BOX_TOLERANCE_PX).where(beside[size] > 0)
        for limit, size in (("x_limit", "page_width_px"), ("y_limit", "page_height_px"))
    }
    return beside.assign(bbox_length=_series(lengths), **sides, **limits)


def beside_tender(fields: pd.DataFrame) -> pd.DataFrame:
    """Fields with the mark of the purchase number that is not the one its document is filed under.

    Only where the document gives one proved number and no other, and is filed under a number of the same system.
    """
    is_number = (
        (fields["field"] == FieldName.PURCHASE_NUMBER.value).fillna(False)
        & fields["is_valid"].fillna(False)
        # What merely looks like a number of a purchase may be any.
        & (fields["method"] != FieldMethod.PATTERN.value).fillna(False)
    )
    numbers = fields[is_number]
    told = numbers.groupby("document_id")["value"].agg(["nunique", "first"])
    alone = told[told["nunique"] == 1]["first"]
    filed_under = {name for name in numbers["tender_id"].dropna().unique() if is_notice_44(name) or is_notice_223(name)}
    is_other = (
        is_number
        & fields["document_id"].isin(alone.index)
        & fields["tender_id"].isin(filed_under)
        & (fields["value"] != fields["tender_id"]).fillna(False)
    )
    return fields.assign(is_of_other_tender=is_other)


def _series(array: pa.Array) -> pd.Series[Any]:
    found: pd.Series[Any] = array.to_pandas(types_mapper=pd.ArrowDtype)
    return found


def _beside_block(cells: pd.DataFrame, pages: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Cells with the numbers of their page and block, where these have a row."""
    of_page, of_block = ["document_id", "page_number"], ["document_id", "page_number", "block_number"]
    known_pages = pages.drop_duplicates(of_page)[of_page]
    known_blocks = blocks.drop_duplicates(of_block)[of_block]
    return cells.merge(known_pages.assign(known_page_number=known_pages["page_number"]), on=of_page, how="left").merge(
        known_blocks.assign(known_block_number=known_blocks["block_number"]), on=of_block, how="left"
    )


_SIDES = ("x0", "y0", "x1", "y1")
