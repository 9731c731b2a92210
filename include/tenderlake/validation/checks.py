"""Checking the staged rows of a batch: what the suites' failures mean for each document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from tenderlake.lake.schema import BLOCKS, DOCUMENTS, PAGES, Table
from tenderlake.lake.vocabulary import TextSource
from tenderlake.runs import Verdict
from tenderlake.validation.results import Severity
from tenderlake.validation.running import MOST_EXAMPLES, Failure, SuiteRunner, ValidationBrokenError, messages
from tenderlake.validation.suites import (
    BOX_TOLERANCE_PX,
    Check,
    Suite,
    block_suite,
    document_suite,
    page_suite,
)


def to_frame(table: Table, parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Rows as a pandas frame that keeps Arrow's types: whole numbers stay whole where some are missing."""
    frame = pa.concat_tables([table.schema.empty_table(), *parts]).to_pandas(types_mapper=pd.ArrowDtype)
    assert isinstance(frame, pd.DataFrame)  # noqa: S101 - pyarrow has no types
    return frame


class Validator:
    """Checks the batches of a run; memory is bounded by a batch."""

    def __init__(self, runner: SuiteRunner) -> None:
        self._runner = runner
        self._documents, self._pages, self._blocks = document_suite(), page_suite(), block_suite()

    def check_batch(self, documents: pd.DataFrame, pages: pd.DataFrame, blocks: pd.DataFrame) -> dict[str, Verdict]:
        """Check the rows of one batch, in frames made with :func:`to_frame`.

        Returns:
            The verdict on every document that failed something, by document_id.

        Raises:
            ValidationBrokenError: a column is missing, a type is wrong, or a check could not be made.
        """
        for table, frame in ((DOCUMENTS, documents), (PAGES, pages), (BLOCKS, blocks)):
            missing = [name for name in table.schema.names if name not in frame.columns]
            if missing:
                raise ValidationBrokenError(f"the rows of table {table.name} lack the columns {', '.join(missing)}")
        ids = {str(name) for frame in (documents, pages, blocks) for name in frame["document_id"].dropna()}
        if not ids:
            return {}
        checked = (
            (self._documents, _beside_page_counts(documents, pages)),
            (self._pages, _beside_document(pages, documents)),
            (self._blocks, _beside_page(blocks, pages)),
        )
        findings = [
            finding
            for suite, frame in checked
            for failure in self._runner.run(suite, frame)
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


_SIDES = ("x0", "y0", "x1", "y1")
