"""How long everyday queries take in DuckDB over S3, and how that grows with the lake: 10,000 to 1,000,000 pages.

The lake is made, not read: 4,000 pages of 200 documents a night, written as the pipeline writes its partitions (sorted,
with statistics and Bloom filters), on a SeaweedFS of its own. Ids have nothing to do with dates, and a tender's last
document comes a week after the others. A page has 2,500 letters of Russian-like words, as text and as Markdown: 2 KB in
the file. Blocks and cells are left out: none of the queries reads them.

Each query is asked of a connection of its own, about another tender or document every time, so that no answer is
cached; without settings, and with the one that docs/for-analysts.md gives. Processor seconds are those of this process,
so DuckDB's with all its threads, and not the server's.

With ``--compact`` the compact copy is made as well: how long the first copy of all nights takes, one night more, and
finding that nothing is to be done; then every query is asked of the copy too. With few pages a night the number of
files is what counts: ``--pages 400000 --pages-a-night 400 --compact`` is 1,000 nights.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks.contract import Word
from tenderlake.embedded.query import open_lake
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.compact import compact_lake
from tenderlake.lake.parquet import MEDIA_TYPE, ParquetWriter
from tenderlake.lake.schema import DOCUMENTS, FIELDS, PAGES, Table
from tenderlake.lake.vocabulary import DocumentType, FieldMethod, FieldName, FieldRole, TextSource
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage

DOCUMENT_PAGES = 20
TENDER_DOCUMENTS = 5
TENDER_PAGES = DOCUMENT_PAGES * TENDER_DOCUMENTS
DOCUMENT_FIELDS = 40
LAKE_TABLES = (DOCUMENTS, PAGES, FIELDS)
PROTOCOL_AFTER_NIGHTS = 7
"""The last document of a tender comes so much later, as protocols do."""
PAGE_LETTERS = 2_500
FIRST_NIGHT = dt.date(2026, 1, 1)
RUN_ID = "scheduled__2026-01-01T23:00:00+00:00"
FAST = ("SET parquet_metadata_cache = true",)
"""What docs/for-analysts.md tells people to set."""
TEXT_ROUNDS = 1
"""A search through the texts takes long, and is no look-up."""
SYLLABLES = "по ста вка ка бель до го вор за каз чик уча стник цен ра бо та у слу га тех ни чес ко е ни я при ло же"


@dataclass(frozen=True)
class Document:
    """``number``: of the document in its tender."""

    tender: int
    number: int

    @property
    def document_id(self) -> str:
        """As SHA-256 would make it."""
        return np.random.default_rng([self.tender, self.number]).bytes(32).hex()

    @property
    def tender_id(self) -> str:
        """19 digits, in no order of time."""
        return f"0{np.random.default_rng(self.tender).integers(10**17, 10**18 - 1)}".ljust(19, "0")


class Writer:
    """Makes the lake night by night, in constant memory."""

    def __init__(self, storage: Storage, layout: Layout, folder: Path, night_tenders: int) -> None:
        self._storage, self._layout, self._folder = storage, layout, folder
        self._night_tenders = night_tenders
        chance = np.random.default_rng(0)
        words = ["".join(chance.choice(SYLLABLES.split(), size)) for size in chance.integers(1, 6, 5_000)]
        # As in a language, few words are frequent; numbers are not.
        ranks = chance.zipf(1.2, 1_500_000) % len(words)
        self._letters = " ".join(
            words[rank] if number % 9 else str(chance.integers(10**6)) for number, rank in enumerate(ranks)
        )

    def write(self, night: int) -> None:
        """One partition of three tables."""
        documents = list(documents_of(night, self._night_tenders))
        chance = np.random.default_rng([1, night])
        for table, columns in (
            (DOCUMENTS, self._documents(documents, chance)),
            (PAGES, self._pages(documents, chance)),
            (FIELDS, self._fields(documents, chance)),
        ):
            self._upload(table, night, _rows(table, columns))

    def _upload(self, table: Table, night: int, rows: pa.Table) -> None:
        order = pc.sort_indices(rows, sort_keys=[(name, "ascending", "at_start") for name in table.order_columns])
        path = self._folder / "part.parquet"
        with ParquetWriter(path, table, lookup_rows=rows.num_rows) as writer:
            writer.write(rows.take(order))
        self._storage.upload(path, self._layout.partition(table.name, day_of(night)), MEDIA_TYPE)

    def _text(self, chance: np.random.Generator, count: int, letters: int) -> list[str]:
        starts = chance.integers(0, len(self._letters) - letters, count)
        return [self._letters[start : start + letters] for start in starts]

    def _documents(self, documents: Sequence[Document], chance: np.random.Generator) -> dict[str, Any]:
        return {
            "document_id": [document.document_id for document in documents],
            "tender_id": [document.tender_id for document in documents],
            "source_key": [f"inbox/{document.tender_id}/{document.number}.pdf" for document in documents],
            "filename": [f"{document.number}.pdf" for document in documents],
            "media_type": "application/pdf",
            "size_bytes": chance.integers(10_000, 10_000_000, len(documents)),
            "page_count": DOCUMENT_PAGES,
            "native_pages": DOCUMENT_PAGES,
            "ocr_pages": 0,
            "failed_pages": 0,
            "document_type": _chosen(chance, DocumentType, len(documents)),
            "markdown_key": [f"markdown/{document.tender_id}/{document.number}.pdf.md" for document in documents],
            "run_id": RUN_ID,
        }

    def _pages(self, documents: Sequence[Document], chance: np.random.Generator) -> dict[str, Any]:
        count = len(documents) * DOCUMENT_PAGES
        text = self._text(chance, count, PAGE_LETTERS)
        return {
            "document_id": np.repeat([document.document_id for document in documents], DOCUMENT_PAGES),
            "page_number": np.tile(np.arange(1, DOCUMENT_PAGES + 1), len(documents)),
            "width_px": 2480,
            "height_px": 3508,
            "dpi": 300,
            "rotation_deg": 0,
            "text_source": _chosen(chance, TextSource, count),
            "text": text,
            "markdown": [f"## {page}" for page in text],
            "language": "rus",
            "confidence": chance.random(count),
            "engine": "tesseract",
            "page_key": [chance.bytes(32).hex() for _ in range(count)],
        }

    def _fields(self, documents: Sequence[Document], chance: np.random.Generator) -> dict[str, Any]:
        count = len(documents) * DOCUMENT_FIELDS
        values = chance.integers(10**9, 10**10, count)
        return {
            "document_id": np.repeat([document.document_id for document in documents], DOCUMENT_FIELDS),
            "tender_id": np.repeat([document.tender_id for document in documents], DOCUMENT_FIELDS),
            "field_number": np.tile(np.arange(1, DOCUMENT_FIELDS + 1), len(documents)),
            "field": _chosen(chance, FieldName, count),
            "role": _chosen(chance, FieldRole, count),
            "rank": 1,
            "value": values.astype(str),
            "raw_text": self._text(chance, count, 40),
            "page_number": chance.integers(1, DOCUMENT_PAGES + 1, count),
            "bbox_px": [box.tolist() for box in chance.integers(0, 2480, (count, 4)).astype(float)],
            "method": _chosen(chance, FieldMethod, count),
            "is_valid": True,
            "is_repaired": False,
        }


def _chosen(chance: np.random.Generator, words: type[Word], count: int) -> list[str]:
    values = [word.value for word in words]
    return [values[index] for index in chance.integers(0, len(values), count)]


def _rows(table: Table, columns: dict[str, Any]) -> pa.Table:
    count = len(columns["document_id"])
    arrays = []
    for field in table.schema:
        values = columns.get(field.name)
        if values is None or isinstance(values, str | int | bool):
            arrays.append(pa.repeat(pa.scalar(values, field.type), count))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=table.schema)


def day_of(night: int) -> dt.date:
    """The ingest date of a night."""
    return FIRST_NIGHT + dt.timedelta(days=night)


def documents_of(night: int, night_tenders: int) -> Iterator[Document]:
    """What comes in a night: the tenders of that night without their protocols, and protocols of earlier ones."""
    for number in range(night_tenders):
        tender = night * night_tenders + number
        for document in range(TENDER_DOCUMENTS - 1):
            yield Document(tender, document)
        earlier = tender - PROTOCOL_AFTER_NIGHTS * night_tenders
        # The first nights have no earlier tenders: others take their place, so that every night has as many pages.
        yield Document(earlier if earlier >= 0 else tender + 10**6, TENDER_DOCUMENTS - 1)


Query = Callable[[duckdb.DuckDBPyConnection, Document], int]
"""Asks about a document or its tender; returns how many rows came."""


def fields_of_tender(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """All fields of one tender."""
    return len(lake.execute("SELECT * FROM fields WHERE tender_id = ?", [document.tender_id]).fetchall())


def pages_of_document(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """The text of one document."""
    sql = "SELECT page_number, text FROM pages WHERE document_id = ? ORDER BY page_number"
    return len(lake.execute(sql, [document.document_id]).fetchall())


def pages_of_tender(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """The texts of one tender, by a join."""
    sql = "SELECT page_number, text FROM pages JOIN documents USING (document_id) WHERE tender_id = ?"
    return len(lake.execute(sql, [document.tender_id]).fetchall())


def count_by_type(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """Documents and pages by type, over everything."""
    del document
    return len(lake.execute("SELECT document_type, count(*), sum(page_count) FROM documents GROUP BY ALL").fetchall())


def who_has_this_number(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """A number that stands in few documents, wherever it is."""
    return len(
        lake.execute("SELECT document_id FROM fields WHERE value = ?", [str(10**9 + document.tender)]).fetchall()
    )


def text_of_a_month(lake: duckdb.DuckDBPyConnection, document: Document) -> int:
    """Pages with two words, in the partitions of thirty nights."""
    del document
    sql = "SELECT count(*) FROM pages WHERE ingest_date < DATE '2026-01-31' AND regexp_matches(text, '(?i)кабел')"
    return len(lake.execute(sql).fetchall())


QUERIES: dict[str, tuple[Query, int]] = {
    "fields of one tender": (fields_of_tender, DOCUMENT_FIELDS * (TENDER_DOCUMENTS - 1)),
    "pages of one document": (pages_of_document, DOCUMENT_PAGES),
    "pages of one tender": (pages_of_tender, DOCUMENT_PAGES * (TENDER_DOCUMENTS - 1)),
    "count by type": (count_by_type, len(DocumentType)),
    "who has this number": (who_has_this_number, 0),
    "text search, 30 nights": (text_of_a_month, 1),
}
"""Each with the fewest rows that must come."""


@dataclass
class Spent:
    """What something took: by the clock, and of the processors in this process."""

    clock_s: float = 0.0
    processor_s: float = 0.0


@contextmanager
def measured() -> Iterator[Spent]:
    """What the block takes, once it is done."""
    spent = Spent()
    clock_s, processor_s = time.perf_counter(), time.process_time()
    yield spent
    spent.clock_s, spent.processor_s = time.perf_counter() - clock_s, time.process_time() - processor_s


def ask(connection: S3Connection, layout: Layout, folder: Path, title: str, tenders: int, rounds: int) -> None:
    """Print a line for each query: without and with the settings, the first time and the median afterwards.

    Args:
        connection: the server.
        layout: where the tables are.
        folder: for DuckDB's extensions.
        title: what is asked.
        tenders: so many there are.
        rounds: questions of which the median is taken.
    """
    chance = np.random.default_rng(tenders)
    for setting, statements in (("as it comes", ()), ("footers kept", FAST)):
        for name, (query, least) in QUERIES.items():
            with open_lake(connection, layout, folder) as lake:
                for statement in statements:
                    lake.execute(statement)
                times = []
                for _ in range(1 + (TEXT_ROUNDS if query is text_of_a_month else rounds)):
                    tender = int(chance.integers(0, tenders))
                    with measured() as spent:
                        found = query(lake, Document(tender, 0))
                    times.append(spent)
                    assert found >= least, f"{name}: {found} rows"
            first, *later = times
            clocks = [spent.clock_s for spent in later]
            print(
                f"{title:<17}  {name:<22} {setting:<12} first {first.clock_s:6.2f} s, "
                f"then {statistics.median(clocks):6.3f} s ({min(clocks):.3f} to {max(clocks):.3f} s), "
                f"processor {statistics.median(spent.processor_s for spent in later):6.3f} s",
                flush=True,
            )


def make_copy(storage: Storage, layout: Layout, writer: Writer, nights: int) -> None:
    """Make the compact copy of these nights and of one more; print what each step takes."""

    def write(path: Path, key: str, etag: str | None) -> None:
        storage.replace(path, key, MEDIA_TYPE, etag=etag)

    for step in ("all nights", "one night more", "nothing to do"):
        if step == "one night more":
            writer.write(nights)
        before = {table.name: _files(storage, layout.compact_table(table.name)) for table in LAKE_TABLES}
        with measured() as spent:
            problems = compact_lake(storage, layout, write)
        assert not problems, problems
        written, count = 0, 0
        for table in LAKE_TABLES:
            files = _files(storage, layout.compact_table(table.name))
            written += sum(size for key, (etag, size) in files.items() if before[table.name].get(key) != (etag, size))
            count += len(files)
        print(
            f"copy, {step}: {spent.clock_s:.1f} s, processor {spent.processor_s:.1f} s, {written / 2**20:,.0f} MB "
            f"written, {count} files; memory of the process at most "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:,.0f} MB",
            flush=True,
        )


def _files(storage: Storage, prefix: str) -> dict[str, tuple[str, int]]:
    return {item.key: (item.etag, item.size_bytes) for item in storage.list_objects(prefix)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--pages-a-night", type=int, default=4_000, help=f"{TENDER_PAGES} at least")
    parser.add_argument("--compact", action="store_true", help="measure the compact copy as well")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    night_tenders = max(1, arguments.pages_a_night // TENDER_PAGES)
    layout, settings = Layout(Settings()), Settings()
    # The views are made of whatever lies where the lake is said to be.
    copy = Layout(Settings(lake_prefix=settings.compact_prefix, compact_prefix="elsewhere/"))
    with (
        tempfile.TemporaryDirectory(prefix="tenderlake-bench-") as name,
        SeaweedFS.in_folder(Path(name, "s3")) as connection,
    ):
        storage, written = connection.storage(), 0
        writer = Writer(storage, layout, Path(name), night_tenders)
        for pages in sorted(arguments.pages):
            nights = -(-pages // (night_tenders * TENDER_PAGES))
            for night in range(written, nights):
                writer.write(night)
            written = max(written, nights)
            for table in LAKE_TABLES:
                sizes = [item.size_bytes for item in storage.list_objects(layout.table(table.name))]
                print(f"{pages:>9,} pages  {table.name}: {len(sizes)} files, {sum(sizes) / 2**20:,.0f} MB", flush=True)
            if arguments.compact:
                make_copy(storage, layout, writer, written)
                written += 1
            for title, where in ((f"{pages:>9,} pages", layout), *([("    compact copy", copy)] * arguments.compact)):
                ask(connection, where, Path(name, "extensions"), title, nights * night_tenders, arguments.rounds)


if __name__ == "__main__":
    main()
