"""Good rows pass, and every rule has rows that break it and are told in words a person understands."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.validation import checks
from tenderlake.validation.checks import CHECKED_TABLES, BatchFrames, Validator
from tenderlake.validation.results import MOST_EXAMPLES, DocumentFlag, Severity, Verdict
from tenderlake.validation.running import SuiteRunner, ValidationBrokenError
from tenderlake.validation.suites import (
    Check,
    Suite,
    block_suite,
    cell_suite,
    document_suite,
    field_suite,
    page_suite,
    price_suite,
    table_sum_suite,
)

pytestmark = pytest.mark.unit

CONTRACT, ESTIMATE = "c" * 64, "e" * 64


@dataclass
class Batch:
    """Rows of a batch, as dictionaries that a test may spoil."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    table_cells: list[dict[str, Any]] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)

    def frames(self) -> BatchFrames:
        return BatchFrames.of(lambda table: [pa.Table.from_pylist(getattr(self, table.name), schema=table.schema)])

    def extend(self, other: Batch) -> None:
        for table in CHECKED_TABLES:
            getattr(self, table.name).extend(getattr(other, table.name))


def good_batch(contract: str = CONTRACT, estimate: str = ESTIMATE) -> Batch:
    """A contract of three pages (native, by OCR, failed) and an estimate of one page without any block."""
    document = {
        "source_key": "inbox/договор.pdf",
        "filename": "договор.pdf",
        "media_type": "application/pdf",
        "size_bytes": 1000,
        "document_type": "contract",
        "languages": ["rus"],
        "quality_grade": "poor",
        "quality_flags": [],
        "markdown_key": "markdown/договор.pdf.md",
        "engine": "tesseract",
        "engine_version": "5.5.4",
        "ocr_runner": "process",
        "pipeline_version": "0.1.0",
        "run_id": "run",
        "prepare_s": 1.0,
        "ocr_s": 4.0,
        "assemble_s": 0.1,
    }
    page = {"width_px": 1000, "height_px": 2000, "rotation_deg": 0, "quality_flags": [], "dpi": 300}
    read = {"text": "текст", "markdown": "текст"}
    block = {"label": "text", "bbox_px": [10.0, 20.0, 900.0, 50.0], "content": "текст", "content_format": "text"}
    by_ocr = {"engine": "tesseract", "page_key": "k", "ocr_seconds": 4.0}
    return Batch(
        documents=[
            {
                "document_id": contract,
                **document,
                "page_count": 3,
                "native_pages": 1,
                "ocr_pages": 2,
                "failed_pages": 1,
            },
            {
                "document_id": estimate,
                **document,
                "page_count": 1,
                "native_pages": 1,
                "ocr_pages": 0,
                "failed_pages": 0,
                "engine": None,
                "ocr_runner": None,
                "quality_grade": None,
                "document_type": None,
            },
        ],
        pages=[
            {"document_id": contract, "page_number": 1, **page, **read, "text_source": "native"},
            {
                "document_id": contract,
                "page_number": 2,
                **page,
                **read,
                **by_ocr,
                "text_source": "ocr",
                "confidence": 0.9,
            },
            {"document_id": contract, "page_number": 3, **page, **by_ocr, "text_source": "none"},
            # A workbook: its pages have no size and its blocks no place.
            {
                "document_id": estimate,
                "page_number": 1,
                **page,
                "width_px": 0,
                "height_px": 0,
                "dpi": None,
                **read,
                "text_source": "native",
            },
        ],
        blocks=[
            {"document_id": contract, "page_number": 1, "block_number": 1, **block},
            {"document_id": contract, "page_number": 2, "block_number": 1, **block, "confidence": 0.9},
            {"document_id": contract, "page_number": 2, "block_number": 2, **block, "confidence": 0.8},
            {"document_id": estimate, "page_number": 1, "block_number": 1, **block, "bbox_px": [0.0, 0.0, 0.0, 0.0]},
        ],
        table_cells=list(price_cells(contract)),
        fields=[
            {
                "document_id": contract,
                "field_number": 1,
                "field": "inn",
                "role": "customer",
                "rank": 1,
                "value": "7707083893",
                "raw_text": "ИНН 7707083893",
                "page_number": 2,
                "bbox_px": [10.0, 20.0, 900.0, 50.0],
                "method": "label",
                "is_valid": True,
                "is_repaired": True,
                "number": None,
                "unit": None,
            },
        ],
    )


PRICES = (
    ("header", "Кол-во", "Цена", "Сумма"),
    ("data", "3", "10.50", "31.50"),
    ("data", "2", "4", "8"),
    ("total", "", "Итого", "39.50"),
)


def price_cells(document_id: str) -> Iterator[dict[str, Any]]:
    """The second block of page 2: quantities, prices and sums that add up."""
    for row, (kind, *texts) in enumerate(PRICES, start=1):
        for column, (role, text) in enumerate(zip(("quantity", "price", "amount"), texts, strict=True), start=1):
            yield {
                "document_id": document_id,
                "table_number": 1,
                "row": row,
                "column": column,
                "row_span": 1,
                "column_span": 1,
                "page_number": 2,
                "block_number": 2,
                "row_kind": kind,
                "column_role": role,
                "text": text,
                "number": Decimal(text) if text[:1].isdigit() else None,
            }


@pytest.fixture(scope="module")
def runner() -> SuiteRunner:
    return SuiteRunner()


@pytest.fixture(scope="module")
def validator(runner: SuiteRunner) -> Validator:
    return Validator(runner)


def test_good_rows_have_no_verdict(validator: Validator) -> None:
    assert validator.check(good_batch().frames()) == {}


def test_a_batch_without_documents_is_fine(validator: Validator) -> None:
    """All its sources were duplicates, or broken."""
    assert validator.check(Batch().frames()) == {}


def test_blank_documents_without_a_block_are_flagged_and_no_more(validator: Validator) -> None:
    batch = good_batch()
    batch.blocks, batch.table_cells, batch.fields = [], [], []
    for page in batch.pages:
        page.update({name: " \n" for name in ("text", "markdown") if page.get(name)})
    verdicts = validator.check(batch.frames())
    assert list(verdicts) == [CONTRACT, ESTIMATE]
    for verdict in verdicts.values():
        assert (verdict.critical, verdict.warnings) == ((), ("none of its pages has any text",))
        assert verdict.flags == (DocumentFlag.NO_TEXT,)


@pytest.mark.parametrize("content", ["<table><!-- <tr><td>5</td></tr> --></table>", "<table title='<td>'>5</table>"])
def test_a_table_without_a_cell_costs_only_itself(validator: Validator, content: str) -> None:
    batch = good_batch()
    batch.blocks[2].update(label="table", content_format="html", content=content)
    batch.table_cells = []
    assert validator.check(batch.frames()) == {}


Spoil = Callable[[Batch], object]


def document_is(**values: object) -> Spoil:
    return lambda batch: batch.documents[0].update(values)


def page_is(number: int, **values: object) -> Spoil:
    return lambda batch: batch.pages[number - 1].update(values)


def block_is(**values: object) -> Spoil:
    return lambda batch: batch.blocks[2].update(values)


def cell_is(number_of_row: int, /, **values: object) -> Spoil:
    """Spoil the amount of a row."""
    return lambda batch: batch.table_cells[3 * number_of_row - 1].update(values)


def field_is(**values: object) -> Spoil:
    return lambda batch: batch.fields[0].update(values)


def twice(table: str, place: int) -> Spoil:
    return lambda batch: getattr(batch, table).append(copy.deepcopy(getattr(batch, table)[place]))


def gone(table: str, place: int) -> Spoil:
    return lambda batch: getattr(batch, table).pop(place)


def second_of_its_rank(batch: Batch) -> None:
    """Of a field that is nobody's, as most are."""
    first = batch.fields[0]
    first["role"] = None
    batch.fields.append(first | {"field_number": 2, "value": "7728168971"})


HUGE = "я" * 5000

CRITICAL: dict[str, tuple[Spoil, str]] = {
    # The schema: present, known, in range, well formed, unique.
    **{
        f"documents.{name}_present": (document_is(**{name: None}), f"{name} is missing")
        for name in (
            *("source_key", "filename", "media_type", "size_bytes", "page_count", "native_pages", "ocr_pages"),
            *("failed_pages", "languages", "quality_flags", "markdown_key", "pipeline_version", "run_id"),
            *("prepare_s", "ocr_s", "assemble_s"),
        )
    },
    **{
        f"documents.{name}_in_range": (document_is(**{name: -2}), f"{name} -2 is below {least}")
        for name, least in (
            *(("size_bytes", 1), ("page_count", 1), ("native_pages", 0), ("ocr_pages", 0), ("failed_pages", 0)),
            *(("prepare_s", 0), ("ocr_s", 0), ("assemble_s", 0)),
        )
    },
    "documents.document_type_known": (document_is(document_type="poem"), "document_type 'poem' is none of technical_"),
    "documents.quality_grade_known": (document_is(quality_grade="A"), "quality_grade 'A' is none of good, fair, poor"),
    "documents.ocr_runner_known": (document_is(ocr_runner="cloud"), "ocr_runner 'cloud' is none of docker, process"),
    "documents.key_unique": (twice("documents", 0), "there is more than one row for this document"),
    **{
        f"pages.{name}_present": (page_is(2, **{name: None}), f"page 2: {name} is missing")
        for name in ("width_px", "height_px", "rotation_deg", "quality_flags", "text_source")
    },
    **{
        f"pages.{name}_in_range": (page_is(2, **{name: -2}), f"page 2: {name} -2 is below {least}")
        for name, least in (
            *(("width_px", 0), ("height_px", 0), ("dpi", 1), ("rotation_deg", 0), ("ocr_seconds", 0)),
            ("image_rotation_deg", 0),
        )
    },
    "pages.page_number_in_range": (page_is(2, page_number=0), "page 0: page_number 0 is below 1"),
    "pages.page_number_present": (page_is(2, page_number=None), "page ?: page_number is missing"),
    "pages.confidence_in_range": (page_is(2, confidence=1.7), "page 2: confidence 1.7 is above 1"),
    "pages.text_source_known": (page_is(2, text_source="guess"), "page 2: text_source 'guess' is none of native, ocr"),
    "pages.key_unique": (twice("pages", 1), "page 2: there is more than one row for this page"),
    **{
        f"blocks.{name}_present": (block_is(**{name: None}), f"page 2, block 2: {name} is missing")
        for name in ("label", "bbox_px", "content", "content_format")
    },
    "blocks.page_number_present": (block_is(page_number=None), "page ?, block 2: page_number is missing"),
    "blocks.page_number_in_range": (block_is(page_number=0), "page 0, block 2: page_number 0 is below 1"),
    "blocks.block_number_present": (block_is(block_number=None), "page 2, block ?: block_number is missing"),
    "blocks.block_number_in_range": (block_is(block_number=0), "page 2, block 0: block_number 0 is below 1"),
    "blocks.label_known": (block_is(label=HUGE), "page 2, block 2: label 'яяяяяяяяяяяя...яяяяяяяяяяяяя' is none of"),
    "blocks.content_format_known": (
        block_is(content_format="rtf"),
        "content_format 'rtf' is none of text, html, latex",
    ),
    "blocks.heading_level_in_range": (block_is(heading_level=7), "page 2, block 2: heading_level 7 is above 6"),
    "blocks.confidence_in_range": (block_is(confidence=-0.5), "page 2, block 2: confidence -0.5 is below 0"),
    "blocks.key_unique": (twice("blocks", 2), "page 2, block 2: there is more than one row for this block"),
    # What the schema cannot say.
    "documents.all_pages_counted": (document_is(native_pages=2), "2 native and 2 OCR pages are not 3 pages"),
    "documents.all_pages_there": (gone("pages", 1), "it has 3 pages, and 2 rows in table pages"),
    "documents.failed_pages_counted": (
        document_is(failed_pages=0),
        "failed_pages is 0, and 1 rows in table pages failed",
    ),
    "documents.cells_there": (
        lambda batch: (
            batch.table_cells.clear(),
            block_is(label="table", content="<table><tr><TD >5</td>", content_format="html")(batch),
        ),
        "it has tables in 1 blocks, and no row in table table_cells",
    ),
    "pages.text_in_blocks": (gone("blocks", 0), "page 1: the page has text, and no row in table blocks"),
    "documents.engine_named": (document_is(engine=None), "pages were read by OCR, and no engine is named"),
    "pages.within_document": (page_is(2, page_number=8), "page 8: the document has only 3 pages"),
    "pages.rotation_known": (page_is(2, rotation_deg=45), "page 2: rotation_deg 45 is none of 0, 90, 180, 270"),
    "pages.document_there": (gone("documents", 0), "page 1: its document has no row in table documents"),
    "pages.failed_without_text": (page_is(3, text="x"), "page 3: the page failed, and yet it has text"),
    "pages.failed_without_markdown": (page_is(3, markdown="x"), "page 3: the page failed, and yet it has markdown"),
    "pages.read_with_text": (page_is(1, text=None), "page 1: the page was read, and text is missing"),
    "pages.read_with_markdown": (page_is(1, markdown=None), "page 1: the page was read, and markdown is missing"),
    "pages.ocr_with_engine": (page_is(2, engine=None), "page 2: the page was read by OCR, and engine is missing"),
    "pages.ocr_with_page_key": (page_is(2, page_key=None), "page 2: the page was read by OCR, and page_key is missing"),
    **{
        f"table_cells.{name}_present": (cell_is(2, **{name: None}), f"{name} is missing")
        for name in (
            *("table_number", "row", "column", "row_span", "column_span", "page_number", "block_number", "row_kind"),
            "text",
        )
    },
    **{
        f"table_cells.{name}_in_range": (cell_is(2, **{name: 0}), f"{name} 0 is below 1")
        for name in (
            *("table_number", "row", "column", "row_span", "column_span", "page_number", "block_number"),
            "multiplier",
        )
    },
    "table_cells.unit_known": (cell_is(2, unit="тыс."), "unit 'тыс.' is none of RUB, USD"),
    "table_cells.row_kind_known": (cell_is(2, row_kind="sum"), "row_kind 'sum' is none of header, data"),
    "table_cells.column_role_known": (cell_is(2, column_role="sum"), "column_role 'sum' is none of row_number"),
    "table_cells.key_unique": (twice("table_cells", 0), "there is more than one row for this column"),
    "table_cells.page_there": (cell_is(2, page_number=9), "page 9, table 1, row 2, column 3: its page has no row"),
    "table_cells.block_there": (cell_is(2, block_number=9), "block 9 of the page has no row in table blocks"),
    **{
        f"fields.{name}_present": (field_is(**{name: None}), f"{name} is missing")
        for name in (
            *("field_number", "field", "rank", "value", "raw_text", "page_number", "bbox_px", "method"),
            "is_repaired",
        )
    },
    **{
        f"fields.{name}_in_range": (field_is(**{name: 0}), f"{name} 0 is below 1")
        for name in ("field_number", "rank", "page_number")
    },
    **{
        f"fields.{name}_known": (field_is(**{name: "luck"}), f"{name} 'luck' is none of")
        for name in ("field", "role", "method", "unit")
    },
    "fields.key_unique": (twice("fields", 0), "there is more than one row for this field"),
    "fields.page_there": (field_is(page_number=9), "page 9, field inn: its page has no row in table pages"),
    "fields.box_of_four": (field_is(bbox_px=[1.0]), "page 2, field inn: bbox_px has 1 numbers instead of four"),
    "blocks.page_there": (block_is(page_number=9), "page 9, block 2: its page has no row in table pages"),
    "blocks.box_of_four": (block_is(bbox_px=[1.0, 2.0]), "page 2, block 2: bbox_px has 2 numbers instead of four"),
}

SIDES = ("x0", "y0", "x1", "y1")


def bad_boxes(table: str, row_is: Callable[..., Spoil], place: str) -> dict[str, tuple[Spoil, str]]:
    """The four sides beyond the page of 1000 × 2000 px, and the two ways to turn a box inside out."""
    outside = {
        "x0": [-2.0, 20.0, 90.0, 50.0],
        "y0": [10.0, -1.5, 90.0, 50.0],
        "x1": [10.0, 20.0, 1001.5, 50.0],
        "y1": [10.0, 20.0, 90.0, 2002.0],
    }
    inside_out = {"x0_before_x1": [100.0, 20.0, 90.0, 50.0], "y0_before_y1": [10.0, 60.0, 90.0, 50.0]}

    def box(sides: list[float]) -> str:
        return f"page 2, {place}: the box [{', '.join(f'{side:g}' for side in sides)}]"

    return {
        **{
            f"{table}.box_{name}": (row_is(bbox_px=sides), f"{box(sides)} is turned inside out")
            for name, sides in inside_out.items()
        },
        **{
            f"{table}.box_{name}_on_page": (
                row_is(bbox_px=sides),
                f"{box(sides)} reaches outside the page (1000 × 2000 px)",
            )
            for name, sides in outside.items()
        },
    }


WARNINGS: dict[str, tuple[Spoil, str]] = {
    "pages.width_px_positive": (page_is(2, width_px=0), "page 2: width_px is 0"),
    "pages.height_px_positive": (page_is(2, height_px=0), "page 2: height_px is 0"),
    **bad_boxes("blocks", block_is, "block 2"),
    **bad_boxes("fields", field_is, "field inn"),
    "sums of tables.adds_up": (
        cell_is(4, number=Decimal("39.05")),
        "page 2, table 1, row 4: the rows above make 39.50, and 39.05 stands there",
    ),
    "prices and tables.is_that_of_table": (
        field_is(field="nmck", is_repaired=False, number=Decimal("45.20")),
        "page 2, field nmck: it is 45.20, and the tables make 39.50",
    ),
    "fields.repaired_is_valid": (
        field_is(is_valid=False),
        "page 2, field inn: 'ИНН 7707083893' was repaired to '7707083893', and that does not hold",
    ),
    "fields.one_of_each_rank": (second_of_its_rank, "page 2, field inn: there is more than one value of rank 1"),
    "fields.of_this_tender": (
        field_is(
            field="purchase_number",
            is_repaired=False,
            value="0373200012326000457",
            tender_id="0373200012326000458",
        ),
        "page 2, field purchase_number: the document gives 0373200012326000457, and its path says 0373200012326000458",
    ),
    "documents.some_text": (
        lambda batch: (
            [page.update(text="") for page in batch.pages[:2]],
            [block.update(content="") for block in batch.blocks[:3]],
        ),
        "none of its pages has any text",
    ),
}

FLAGS = {
    **{f"{table}.box_{side}_on": DocumentFlag.BOXES_OFF_PAGE for table in ("blocks", "fields") for side in SIDES},
    **{f"{table}.box_{side}_before": DocumentFlag.BOXES_OFF_PAGE for table in ("blocks", "fields") for side in SIDES},
    "sums of tables.adds_up": DocumentFlag.SUMS_DO_NOT_ADD_UP,
    "prices and tables.is_that_of_table": DocumentFlag.PRICE_DIFFERS_FROM_TABLE,
    "documents.some_text": DocumentFlag.NO_TEXT,
    "fields.of_this_tender": DocumentFlag.OTHER_TENDER,
}
"""Of warnings; names end with what they are compared to."""

ELSEWHERE = {
    "documents.not_empty": "test_pages_without_any_document_are_critical",
    "pages.not_empty": "test_documents_without_any_page_are_critical",
    **{
        f"{table}.document_id_present": "test_a_row_of_no_document_is_an_error_of_ours"
        for table in (table.name for table in CHECKED_TABLES)
    },
    **{
        f"{table}.document_id_well_formed": "test_a_malformed_document_id_is_critical"
        for table in (table.name for table in CHECKED_TABLES)
    },
}


OURS, OTHER, PLATFORM = "0373200012326000457", "0373200012326000458", "ТЕНДЕР-2026-17"


@pytest.mark.parametrize(
    ("tender_id", "numbers"),
    [
        (OURS, [("label", OURS, True)]),
        (OURS, [("label", OTHER, True), ("label", OURS, True)]),
        (OURS, [("label", OTHER, True), ("cell", "0373200012326000459", True)]),
        (OURS, [("pattern", OTHER, True)]),
        (OURS, [("label", OTHER, False)]),
        (OURS, [("label", "17-ЗК", None)]),
        (PLATFORM, [("label", OTHER, True)]),
        (None, [("label", OTHER, True)]),
    ],
)
def test_a_number_that_may_be_another_is_not_held_against_the_path(
    tender_id: str | None, numbers: list[tuple[str, str, bool | None]]
) -> None:
    batch = good_batch()
    first = batch.fields[0] | {"field": "purchase_number", "is_repaired": False, "tender_id": tender_id}
    batch.fields = [
        first | {"field_number": number, "rank": number, "method": method, "value": value, "is_valid": is_valid}
        for number, (method, value, is_valid) in enumerate(numbers, start=1)
    ]
    assert not checks.beside_tender(batch.frames().fields)["is_of_other_tender"].any()


SUITES = (
    *(document_suite(), page_suite(), block_suite(), cell_suite(), field_suite()),
    *(table_sum_suite(), price_suite()),
)


def test_every_check_has_rows_that_break_it() -> None:
    names = {f"{suite.name}.{check.name}" for suite in SUITES for check in suite.checks if not check.is_structural}
    assert names == CRITICAL.keys() | WARNINGS.keys() | ELSEWHERE.keys()
    assert set(ELSEWHERE.values()) <= globals().keys()


@dataclass(frozen=True)
class Checked:
    """What came out for all the spoiled documents, which were checked in one batch: each check costs a second."""

    verdicts: dict[str, Verdict]
    failed_checks: set[str]

    def of(self, name: str) -> dict[str, Verdict]:
        """The verdicts on the documents that were made for a check."""
        return {kind: self.verdicts[made] for kind, made in case_ids(name).items() if made in self.verdicts}


def case_ids(name: str) -> dict[str, str]:
    return {kind: hashlib.sha256(f"{name} {kind}".encode()).hexdigest() for kind in ("contract", "estimate")}


@pytest.fixture(scope="module")
def checked() -> Checked:
    everything = Batch()
    for name, (spoil, _) in (CRITICAL | WARNINGS).items():
        batch = good_batch(**case_ids(name))
        spoil(batch)
        everything.extend(batch)
    runner = SuiteRunner()
    verdicts = Validator(runner).check(everything.frames())
    return Checked(verdicts, {f"{result.suite}.{result.name}" for result in runner.results if not result.is_passed})


@pytest.mark.parametrize("name", CRITICAL)
def test_bad_rows_are_critical_for_their_document_alone(name: str, checked: Checked) -> None:
    verdicts = checked.of(name)
    assert list(verdicts) == ["contract"]
    assert any(CRITICAL[name][1] in told for told in verdicts["contract"].critical), verdicts
    assert name in checked.failed_checks


@pytest.mark.parametrize("name", WARNINGS)
def test_doubtful_rows_are_a_warning_and_no_more(name: str, checked: Checked) -> None:
    ((kind, verdict),) = checked.of(name).items()
    assert (kind, verdict.critical, verdict.warnings) == ("contract", (), (WARNINGS[name][1],))
    assert verdict.flags == (FLAGS.get(name.rpartition("_")[0], FLAGS.get(name, DocumentFlag.VALIDATION_WARNING)),)
    assert name in checked.failed_checks


def test_a_box_may_reach_one_pixel_over_the_edge(validator: Validator) -> None:
    batch = good_batch()
    block_is(bbox_px=[-1.0, -0.5, 1001.0, 2000.4])(batch)
    assert validator.check(batch.frames()) == {}


def test_documents_without_any_page_are_critical(validator: Validator) -> None:
    batch = good_batch()
    batch.pages, batch.blocks, batch.table_cells, batch.fields = [], [], [], []
    verdicts = validator.check(batch.frames())
    assert list(verdicts) == [CONTRACT, ESTIMATE]
    assert "table pages has no rows" in verdicts[ESTIMATE].critical
    assert "it has 1 pages, and 0 rows in table pages" in verdicts[ESTIMATE].critical


def test_pages_without_any_document_are_critical(validator: Validator) -> None:
    batch = good_batch()
    batch.documents = []
    verdicts = validator.check(batch.frames())
    assert "table documents has no rows" in verdicts[ESTIMATE].critical
    assert "page 1: its document has no row in table documents" in verdicts[ESTIMATE].critical


def test_a_malformed_document_id_is_critical(validator: Validator) -> None:
    batch = good_batch()
    for row in (*batch.documents, *batch.pages, *batch.blocks, *batch.table_cells, *batch.fields):
        row["document_id"] = row["document_id"].replace(CONTRACT, "../../etc")
    critical = validator.check(batch.frames())["../../etc"].critical
    assert "document_id '../../etc' does not match ^[0-9a-f]{64}$" in critical
    assert "page 1: document_id '../../etc' does not match ^[0-9a-f]{64}$" in critical
    assert "page 1, block 1: document_id '../../etc' does not match ^[0-9a-f]{64}$" in critical


def test_many_failures_of_one_kind_are_told_once_and_counted(validator: Validator) -> None:
    batch = good_batch()
    batch.table_cells = []
    block = batch.blocks[2]
    batch.blocks[1:3] = [{**block, "block_number": number, "confidence": 2.0} for number in range(1, 301)]
    verdict = validator.check(batch.frames())[CONTRACT]
    (finding,) = verdict.findings
    assert (finding.suite, finding.check, finding.row_count) == ("blocks", "confidence_in_range", 300)
    assert [row.page_number for row in finding.rows] == [2] * MOST_EXAMPLES
    assert verdict.critical == (
        *(f"page 2, block {number}: confidence 2 is above 1" for number in range(1, MOST_EXAMPLES + 1)),
        "and 295 more like this: page 2, block 5: confidence 2 is above 1",
    )
    assert verdict.reason.startswith("page 2, block 1: confidence 2 is above 1; page 2, block 2: ")
    assert verdict.reason.endswith("; and 1 more in the report of the run")


def test_each_failing_document_of_a_batch_gets_its_own_verdict(validator: Validator) -> None:
    batch = good_batch()
    page_is(2, confidence=1.7)(batch)
    batch.blocks[3].update(bbox_px=[-50.0, 0.0, 0.0, 0.0])
    verdicts = validator.check(batch.frames())
    assert {name: (verdict.critical, verdict.warnings) for name, verdict in verdicts.items()} == {
        CONTRACT: (("page 2: confidence 1.7 is above 1",), ()),
        ESTIMATE: ((), ("page 1, block 1: the box [-50, 0, 0, 0] reaches outside the page (0 × 0 px)",)),
    }


# Errors of the pipeline are no failures of documents


@pytest.mark.parametrize("table", [table.name for table in CHECKED_TABLES])
def test_a_row_of_no_document_is_an_error_of_ours(table: str, validator: Validator) -> None:
    batch = good_batch()
    getattr(batch, table)[0]["document_id"] = None
    with pytest.raises(ValidationBrokenError, match=f"table {table} has a row without a document_id"):
        validator.check(batch.frames())


def test_a_missing_column_stops_the_run(validator: Validator) -> None:
    frames = good_batch().frames()
    pages = frames.pages.drop(columns=["confidence", "model"])
    with pytest.raises(ValidationBrokenError, match="the rows of table pages lack the columns confidence, model"):
        validator.check(dataclasses.replace(frames, pages=pages))


@pytest.mark.parametrize(
    ("table", "column"),
    [(PAGES, "dpi"), (DOCUMENTS, "filename"), (BLOCKS, "bbox_px"), (TABLE_CELLS, "number"), (FIELDS, "date")],
)
def test_a_wrong_type_stops_the_run(table: Table, column: str, validator: Validator) -> None:
    frames = good_batch().frames()
    frame = getattr(frames, table.name)
    wrong = pd.Series([0.5] * len(frame), dtype=pd.ArrowDtype(pa.float32()))
    with pytest.raises(ValidationBrokenError, match=f"{column} has to be of type"):
        validator.check(dataclasses.replace(frames, **{table.name: frame.assign(**{column: wrong})}))


def test_an_expectation_that_cannot_be_evaluated_stops_the_run(runner: SuiteRunner) -> None:
    check = Check("odd", lambda gxe: gxe.ExpectColumnValuesToNotBeNull(column="no such column"), lambda row: "odd")
    with pytest.raises(ValidationBrokenError, match=r"check odd of strange could not be made: .*no such column"):
        runner.run(Suite("strange", (check,), lambda row: ""), pd.DataFrame({"x": [1]}))


# Results over a run


def test_results_are_summed_over_the_batches_of_a_run() -> None:
    runner = SuiteRunner()
    validator = Validator(runner)
    for confidence in (0.5, 1.7, 1.8):
        batch = good_batch()
        page_is(2, confidence=confidence)(batch)
        validator.check(batch.frames())
    results = {(result.suite, result.name): result for result in runner.results}
    assert results["pages", "confidence_in_range"].model_dump() == {
        "suite": "pages",
        "name": "confidence_in_range",
        "expectation": "expect_column_values_to_be_between",
        "severity": Severity.CRITICAL,
        "checked_rows": 12,
        "failed_rows": 2,
        "examples": tuple(
            {"document_id": CONTRACT, "page_number": 2, "message": f"page 2: confidence {confidence} is above 1"}
            for confidence in (1.7, 1.8)
        ),
    }
    assert results["blocks", "label_known"].is_passed


def test_nothing_is_left_behind_and_nothing_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Validator(SuiteRunner()).check(good_batch().frames())
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
