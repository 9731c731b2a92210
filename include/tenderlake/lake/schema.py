"""The tables of the lake: every column declared once, for the files, the checks and the data dictionary.

A table lies in Hive partitions ``lake/<table>/ingest_date=YYYY-MM-DD/``. ``ingest_date`` is the day a source was first
taken in; it is in the path and **not** in the files. pandas and pyarrow read the partition key as a string and refuse
to merge it with a date column of the files ("Unable to merge: Field ingest_date has incompatible types"); DuckDB
(``…/**/*.parquet``), Polars (a folder, or ``hive_partitioning=True`` with a glob) and Spark read it as a date. So
readers get the column from the path alone, and every one of them works.

In the files all columns are optional: a column that is added later is null in the rows of older files.
``Column.nullable`` says what a row written today may be, and validation holds to it.

Times are UTC with time zone, lengths pixels of the page as people see it, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from ocr_tasks.contract import BlockLabel, ContentFormat, Runner, Word
from tenderlake.lake.vocabulary import (
    ColumnRole,
    DocumentType,
    FieldMethod,
    FieldName,
    FieldRole,
    FieldUnit,
    QualityGrade,
    RowKind,
    TableName,
    TextSource,
)
from tenderlake.states import SourceState

SCHEMA_VERSION = 3
"""Raised with every change of the columns; files of a newer version are refused by the writer."""

SCHEMA_VERSION_KEY = "tenderlake.schema_version"
TABLE_KEY = "tenderlake.table"

SHA256_PATTERN = "^[0-9a-f]{64}$"


STRING = pa.string()
STRINGS = pa.list_(pa.string())
INT32 = pa.int32()
INT64 = pa.int64()
FLOAT64 = pa.float64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
DECIMAL = pa.decimal128(38, 11)
"""Sums have two decimals, unit prices and quantities up to eleven (EIS schemas of 44-FZ, 10.2)."""
TIMESTAMP = pa.timestamp("us", tz="UTC")
BOX = pa.list_(pa.float64())


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: as in the file; ends with its unit where it has one.
        arrow_type: Arrow type of the values.
        meaning: one sentence for people.
        example: a value as people write it.
        unit: of the values, None where they have none.
        nullable: whether a row may have no value.
        words: the values that there are, with their meanings; None where any will do.
        minimum: smallest value.
        maximum: largest value.
        pattern: regular expression that every value matches.
        is_free_text: a string that documents fill, cleaned of control characters (see ``rows``); other strings are
            identifiers.
        since: schema version that brought the column; in files of older versions it is null.
    """

    name: str
    arrow_type: pa.DataType
    meaning: str
    example: str
    unit: str | None = None
    nullable: bool = False
    words: type[Word] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    is_free_text: bool = False
    since: int = 1

    @property
    def allowed(self) -> tuple[str, ...]:
        """The values that there are, empty where any will do."""
        return tuple(word.value for word in self.words or ())


@dataclass(frozen=True)
class Table:
    """One table.

    Args:
        name: folder of the table in the lake.
        meaning: one sentence for people.
        columns: in the order of the file.
        key_columns: identify a row.
        owner_columns: identify what is replaced as a whole when it is published again: all rows of a document, or the
            row of a source. They are the first key columns.
        leading_columns: the rows of a file are sorted by these strings, then by the key.
        lookup_columns: those in which people look for one value, wherever it is: they get Bloom filters.
        since: schema version that brought the table.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key_columns: tuple[str, ...]
    owner_columns: tuple[str, ...]
    leading_columns: tuple[str, ...] = ()
    lookup_columns: tuple[str, ...] = ()
    since: int = 1
    schema: pa.Schema = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        metadata = {SCHEMA_VERSION_KEY: str(SCHEMA_VERSION), TABLE_KEY: str(self.name)}
        fields = [pa.field(column.name, column.arrow_type) for column in self.columns]
        object.__setattr__(self, "schema", pa.schema(fields, metadata=metadata))

    @property
    def order_columns(self) -> tuple[str, ...]:
        """The rows of a file are sorted by these, null first."""
        return (*self.leading_columns, *self.key_columns)


_DOCUMENT_ID = Column(
    "document_id",
    STRING,
    "SHA-256 of the document's bytes: the same file under two names is one document.",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    pattern=SHA256_PATTERN,
)
_PAGE_NUMBER = Column("page_number", INT32, "Number of the page in the document, from 1.", "3", minimum=1)
_TENDER_ID = Column(
    "tender_id",
    STRING,
    "The purchase it belongs to: from the path in the inbox, else the purchase number in the document; null where "
    "neither says.",
    "0173100004525000001",
    nullable=True,
    is_free_text=True,
    since=2,
)
_RUN_ID = Column("run_id", STRING, "The run that wrote this row.", "scheduled__2026-11-20T23:00:00+00:00")
_FLAGS = (
    "What a reader should know about the quality, as short codes (docs/quality-flags.md); empty where there is "
    "nothing to say."
)

SOURCES = Table(
    name=TableName.SOURCES,
    meaning="Every object of the inbox, and every member of an archive in it, with the state it ended in.",
    columns=(
        Column("source_key", STRING, "S3 key of the object in the inbox.", "inbox/0173100004525000001/ТЗ.pdf"),
        Column("etag", STRING, "ETag of the object as it was taken in.", "9b2cf535f27731c974343645a3985328"),
        Column("size_bytes", INT64, "Size of the file.", "482133", unit="bytes", minimum=0),
        Column("last_modified", TIMESTAMP, "When the object was put into the inbox.", "2026-11-20 14:03:11+00:00"),
        Column(
            "archive_path", STRING, "Path in the archive; null for the object.", "Приложение 1/смета.xlsx", None, True
        ),
        Column(
            "document_id",
            STRING,
            "The document in this source; null where its bytes could not be read to the end.",
            _DOCUMENT_ID.example,
            nullable=True,
            pattern=SHA256_PATTERN,
        ),
        Column(
            "state",
            STRING,
            "How the way of this source ended.",
            "published",
            words=SourceState,
        ),
        Column(
            "state_reason",
            STRING,
            "Why, in words; null where the state says it all.",
            "the file is encrypted",
            nullable=True,
            is_free_text=True,
        ),
        Column("tender_id", STRING, "The purchase it belongs to, where known.", "0173100004525000001", None, True),
        _RUN_ID,
        Column("first_seen_at", TIMESTAMP, "When the source was first taken in.", "2026-11-20 23:00:04+00:00"),
        Column("finished_at", TIMESTAMP, "When this state was reached.", "2026-11-20 23:12:40+00:00"),
    ),
    key_columns=("source_key", "archive_path"),
    owner_columns=("source_key", "archive_path"),
    lookup_columns=("document_id", "tender_id"),
)

DOCUMENTS = Table(
    name=TableName.DOCUMENTS,
    meaning="Every published document.",
    columns=(
        _DOCUMENT_ID,
        Column("source_key", STRING, "The source it is published under.", "inbox/0173100004525000001/ТЗ.pdf"),
        Column("archive_path", STRING, "Path in the archive of that source.", "Приложение 1/смета.xlsx", None, True),
        Column("filename", STRING, "Name of the file.", "ТЗ.pdf", is_free_text=True),
        Column("media_type", STRING, "Type by content, not by name.", "application/pdf"),
        Column("size_bytes", INT64, "Size of the file.", "482133", unit="bytes", minimum=1),
        Column("page_count", INT32, "Pages of the document.", "12", unit="pages", minimum=1),
        Column("native_pages", INT32, "Pages whose text layer was taken.", "9", unit="pages", minimum=0),
        Column(
            "ocr_pages",
            INT32,
            "Pages given to OCR as a whole or in part; with native_pages, all pages.",
            "3",
            unit="pages",
            minimum=0,
        ),
        Column(
            "failed_pages", INT32, "Pages without text because they could not be read.", "0", unit="pages", minimum=0
        ),
        Column(
            "document_type",
            STRING,
            "What the document is in the tender; null where nobody looked.",
            "contract",
            nullable=True,
            words=DocumentType,
        ),
        Column(
            "document_type_reason",
            STRING,
            "Why it is taken for that; null where nothing was found.",
            "title «ТЕХНИЧЕСКОЕ ЗАДАНИЕ» on page 1",
            nullable=True,
            is_free_text=True,
            since=2,
        ),
        Column("languages", STRINGS, "Languages of its pages, ISO 639-3, the most frequent first.", "['rus', 'eng']"),
        Column(
            "quality_grade",
            STRING,
            "How far the text can be trusted; null where it was not graded.",
            "good",
            nullable=True,
            words=QualityGrade,
        ),
        Column("quality_flags", STRINGS, _FLAGS, "['read_again', 'truncated']"),
        _TENDER_ID,
        Column("markdown_key", STRING, "S3 key of the Markdown.", "markdown/0173100004525000001/ТЗ.pdf.md"),
        Column("engine", STRING, "OCR engine; null where no page was read by OCR.", "tesseract", None, True),
        Column("engine_version", STRING, "Its version.", "5.5.4", None, True),
        Column("model", STRING, "Model of the engine, where it has several.", "PaddleOCR-VL-0.9B", None, True),
        Column(
            "ocr_runner",
            STRING,
            "Where OCR ran; null where no page was read by OCR.",
            "docker",
            nullable=True,
            words=Runner,
        ),
        Column("ocr_image", STRING, "Container image of the OCR.", "tenderlake/ocr-cpu:0.2.0", None, True),
        Column("pipeline_version", STRING, "Version of Tenderlake.", "0.1.0"),
        Column(
            "reading_digest",
            STRING,
            "Names the options that decided how the pages were read: the same digest, the same reading.",
            "6f1ed002ab559585",
            nullable=True,
        ),
        _RUN_ID,
        Column("prepare_s", FLOAT64, "Time spent on making pages.", "1.7", unit="seconds", minimum=0),
        Column("ocr_s", FLOAT64, "Time spent by OCR, summed over pages.", "13.2", unit="seconds", minimum=0),
        Column("assemble_s", FLOAT64, "Time spent on putting the pages together.", "0.2", unit="seconds", minimum=0),
    ),
    key_columns=("document_id",),
    owner_columns=("document_id",),
    leading_columns=("tender_id",),
    lookup_columns=("tender_id", "document_id"),
)

PAGES = Table(
    name=TableName.PAGES,
    meaning="Every page of every published document, also those that could not be read.",
    columns=(
        _DOCUMENT_ID,
        _PAGE_NUMBER,
        Column(
            "width_px",
            INT32,
            "Width as people see the page; 0 where the file gives none.",
            "2480",
            unit="pixels",
            minimum=0,
        ),
        Column(
            "height_px",
            INT32,
            "Height as people see the page; 0 where the file gives none.",
            "3508",
            unit="pixels",
            minimum=0,
        ),
        Column("dpi", INT32, "Pixels an inch, where known.", "300", "pixels per inch", nullable=True, minimum=1),
        Column(
            "rotation_deg",
            INT32,
            "Clockwise turn that was applied to get the page upright: 0, 90, 180 or 270.",
            "0",
            unit="degrees",
            minimum=0,
            maximum=270,
        ),
        Column(
            "text_source",
            STRING,
            "Where the text comes from; ocr with flag mixed_page: a part of it; none: the page could not be read.",
            "ocr",
            words=TextSource,
        ),
        Column(
            "text",
            STRING,
            "Plain text; null where the page failed.",
            "1. Общие положения",
            None,
            True,
            is_free_text=True,
        ),
        Column(
            "markdown", STRING, "Markdown; null where the page failed.", "## 1. Общие", None, True, is_free_text=True
        ),
        Column("language", STRING, "Language of most of the text, where known.", "rus", None, True),
        Column(
            "confidence",
            FLOAT64,
            "The engine's own mean confidence, 0 to 1; null where it gives none: never invented.",
            "0.93",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("quality_flags", STRINGS, _FLAGS, "['mixed_script', 'read_again']"),
        Column("engine", STRING, "What read the page.", "tesseract", None, True),
        Column("model", STRING, "Model of the engine, where it has several.", "PaddleOCR-VL-0.9B", None, True),
        Column(
            "ocr_seconds", FLOAT64, "Time of OCR; null for pages that needed none.", "4.4", "seconds", True, minimum=0
        ),
        Column(
            "image_key", STRING, "S3 key of the page image, where one was made.", "work/documents/…/p1.jpg", None, True
        ),
        Column(
            "image_rotation_deg",
            INT32,
            "Clockwise turn from that image to the page that the boxes are on: 0, 90, 180 or 270; null without image.",
            "0",
            "degrees",
            True,
            minimum=0,
            maximum=270,
        ),
        Column("page_key", STRING, "Names the result by content.", _DOCUMENT_ID.example, None, True),
    ),
    key_columns=("document_id", "page_number"),
    owner_columns=("document_id",),
    lookup_columns=("document_id",),
)

BLOCKS = Table(
    name=TableName.BLOCKS,
    meaning="Every block of every page, in reading order.",
    columns=(
        _DOCUMENT_ID,
        _PAGE_NUMBER,
        Column("block_number", INT32, "Place in the reading order of the page, from 1.", "7", minimum=1),
        Column("label", STRING, "What the block is.", "table", words=BlockLabel),
        Column(
            "bbox_px",
            BOX,
            "Box [x0, y0, x1, y1], origin at the top left; all 0 where none is known.",
            "[120, 96, 860, 140]",
            unit="pixels",
        ),
        Column("content", STRING, "What it says, as content_format says.", "<table>…</table>", is_free_text=True),
        Column(
            "content_format",
            STRING,
            "How the content is written.",
            "html",
            words=ContentFormat,
        ),
        Column(
            "heading_level",
            INT32,
            "Level of a title or heading, from 1; null for other blocks and where it is not known.",
            "2",
            nullable=True,
            minimum=1,
            maximum=6,
            since=2,
        ),
        Column(
            "confidence",
            FLOAT64,
            "The engine's own confidence, 0 to 1; null where it gives none: never invented.",
            "0.91",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
    ),
    key_columns=("document_id", "page_number", "block_number"),
    owner_columns=("document_id",),
    lookup_columns=("document_id",),
)

TABLE_CELLS = Table(
    name=TableName.TABLE_CELLS,
    meaning="Every cell of every table, with a table that goes on over pages as one.",
    columns=(
        _DOCUMENT_ID,
        Column("table_number", INT32, "Number of the table in the document, from 1.", "2", minimum=1),
        Column(
            "row",
            INT32,
            "Number of the row in the table, from 1; counts on where the table goes on over pages. A header that is "
            "repeated there stands once.",
            "14",
            minimum=1,
        ),
        Column("column", INT32, "Number of the column in the table, from 1.", "3", minimum=1),
        Column("row_span", INT32, "Rows that the cell covers.", "1", unit="rows", minimum=1),
        Column("column_span", INT32, "Columns that the cell covers.", "1", unit="columns", minimum=1),
        _PAGE_NUMBER,
        Column("block_number", INT32, "The block of that page that the cell stands in.", "7", minimum=1),
        Column("row_kind", STRING, "What the row is.", "data", words=RowKind),
        Column(
            "column_role",
            STRING,
            "What the column says, by its header; null where no header tells.",
            "amount",
            nullable=True,
            words=ColumnRole,
        ),
        Column("text", STRING, "What the cell says.", "1 234 567,89", is_free_text=True),
        Column(
            "number",
            DECIMAL,
            "The number, where the cell is one («1 234 567,89», «12 руб. 50 коп.»); null for everything else.",
            "1234567.89",
            nullable=True,
        ),
        Column(
            "unit",
            STRING,
            "In what money the number is, or percent, as the cell, its column, its row or its table says; else null.",
            "RUB",
            nullable=True,
            words=FieldUnit,
            since=3,
        ),
        Column(
            "multiplier",
            INT64,
            "What the number is to be multiplied by: 1000 in a column «Сумма, тыс. руб.»; null where nothing is said.",
            "1000",
            nullable=True,
            minimum=1,
            since=3,
        ),
    ),
    key_columns=("document_id", "table_number", "row", "column"),
    owner_columns=("document_id",),
    lookup_columns=("document_id",),
    since=2,
)

FIELDS = Table(
    name=TableName.FIELDS,
    meaning="What a tender team looks for: identifiers, parties, sums and dates, every candidate with its proof.",
    columns=(
        _DOCUMENT_ID,
        Column("field_number", INT32, "Number of the row in the document, from 1.", "4", minimum=1),
        Column("field", STRING, "What it is.", "inn", words=FieldName),
        Column(
            "role",
            STRING,
            "Whose it is, where the document says so.",
            "customer",
            nullable=True,
            words=FieldRole,
        ),
        Column(
            "rank",
            INT32,
            "1 for the best candidate for this field and role in the document, then 2, 3, ….",
            "1",
            minimum=1,
        ),
        Column(
            "value",
            STRING,
            "The value in its normal form: digits without spaces, a decimal point, ISO dates.",
            "7707083893",
            is_free_text=True,
        ),
        Column("number", DECIMAL, "The value of sums, rates and terms.", "1234567.89", nullable=True),
        Column(
            "unit",
            STRING,
            "Unit of that number.",
            "RUB",
            nullable=True,
            words=FieldUnit,
        ),
        Column("date", DATE, "The value of dates and of the day of deadlines.", "2026-03-15", nullable=True),
        Column("raw_text", STRING, "What stands in the document.", "ИНН 7707083893", is_free_text=True),
        _PAGE_NUMBER,
        Column(
            "bbox_px",
            BOX,
            "Box [x0, y0, x1, y1] of the lines it stands in; all 0 where none is known.",
            "[120, 96, 860, 140]",
            unit="pixels",
        ),
        Column("method", STRING, "How it was found.", "label", words=FieldMethod),
        Column(
            "is_valid",
            BOOLEAN,
            "Whether its form, check digits or arithmetic hold; null where nothing can be checked.",
            "true",
            nullable=True,
        ),
        Column(
            "is_repaired",
            BOOLEAN,
            "Whether confused letters and digits were repaired; is_valid says whether it holds; raw_text is as read.",
            "false",
        ),
        Column(
            "validation_message",
            STRING,
            "What does not hold, or what was repaired; null where there is nothing to say.",
            "the check digit is wrong",
            nullable=True,
            is_free_text=True,
        ),
        _TENDER_ID,
    ),
    key_columns=("document_id", "field_number"),
    owner_columns=("document_id",),
    leading_columns=("tender_id",),
    lookup_columns=("tender_id", "document_id", "value"),
    since=2,
)

TABLES = {table.name: table for table in (SOURCES, DOCUMENTS, PAGES, BLOCKS, TABLE_CELLS, FIELDS)}
"""All tables by name."""
CONTENT_TABLES = tuple(table for table in TABLES.values() if table not in (DOCUMENTS, SOURCES))
"""Tables of what documents hold. ``documents`` and ``sources`` come after them: they are the commit mark."""
