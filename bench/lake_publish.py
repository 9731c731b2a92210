"""Publishing pages into a partition that holds ten times as many: time and memory, and what a reader then waits for.

Pages are made, not read: Russian words at random, so that they compress as text does. Published on a SeaweedFS of its
own, by a fresh process, against writing the new rows alone: one Parquet file a table, PUT as it is.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import boto3

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import SourceRef
from tenderlake.embedded.query import open_lake
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.parquet import ParquetWriter
from tenderlake.lake.rows import BlockRow, CellRow, DocumentRow, FieldRow, PageRow, Row
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.lake.staging import read_staging
from tenderlake.lake.vocabulary import FieldMethod, FieldName, TextSource
from tenderlake.layout import Layout
from tenderlake.publishing import publish_run
from tenderlake.runs import SourceOutcome
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage, client_config
from tests.stagedruns import NIGHT, STAGED_TABLES, stage_outcomes

DOCUMENT_PAGES = 20
TENDER_DOCUMENTS = 5
BATCH_DOCUMENTS = 16
PAGE_BLOCKS, PAGE_CELLS, DOCUMENT_FIELDS = 12, 25, 40
TEXT = """поставка кабель договор заказчик участник закупки цена контракта начальная максимальная рублей копеек работы
услуги техническое задание приложение срок исполнения обеспечение заявки банк гарантия лицензия смета расчёт объём"""
WORDS = TEXT.split()


def words(chance: random.Random, count: int) -> str:
    """So many words, with numbers among them."""
    return " ".join(
        chance.choice(WORDS) if chance.random() < 0.8 else str(chance.randrange(10**6)) for _ in range(count)
    )


def document_id(number: int) -> str:
    """An id as SHA-256 would make it."""
    return random.Random(number).randbytes(32).hex()  # noqa: S311


def rows(table: Table, number: int) -> Iterator[Row]:
    """The rows of one document."""
    chance = random.Random(f"{table.name} {number}")  # noqa: S311
    id, tender_id = document_id(number), f"{number // TENDER_DOCUMENTS:019d}"
    if table is DOCUMENTS:
        yield DocumentRow(
            document_id=id,
            source_key=f"inbox/{tender_id}/{number}.pdf",
            filename=f"{number}.pdf",
            media_type="application/pdf",
            size_bytes=100_000,
            page_count=DOCUMENT_PAGES,
            native_pages=DOCUMENT_PAGES,
            ocr_pages=0,
            failed_pages=0,
            tender_id=tender_id,
            markdown_key=f"markdown/{tender_id}/{number}.pdf.md",
            pipeline_version="0.1.0",
            reading_digest="digest",
            run_id="bench",
        )
    if table is FIELDS:
        for field in range(1, DOCUMENT_FIELDS + 1):
            yield FieldRow(
                document_id=id,
                field_number=field,
                field=list(FieldName)[field % len(FieldName)],
                rank=1,
                value=str(chance.randrange(10**10)),
                number=Decimal(chance.randrange(10**9)) / 100,
                raw_text=words(chance, 5),
                page_number=1,
                bbox_px=(1.0, 2.0, 3.0, 4.0),
                method=FieldMethod.LABEL,
                tender_id=tender_id,
            )
    for page in range(1, DOCUMENT_PAGES + 1):
        if table is PAGES:
            text = words(chance, 300)
            yield PageRow(
                document_id=id,
                page_number=page,
                width_px=2480,
                height_px=3508,
                text_source=TextSource.NATIVE,
                text=text,
                markdown=text,
                language="rus",
            )
        if table is BLOCKS:
            for block in range(1, PAGE_BLOCKS + 1):
                box = (float(chance.randrange(2480)), float(chance.randrange(3508)), 2000.0, 3000.0)
                yield BlockRow(
                    document_id=id,
                    page_number=page,
                    block_number=block,
                    label=BlockLabel.TEXT,
                    bbox_px=box,
                    content=words(chance, 25),
                )
        if table is TABLE_CELLS:
            for cell in range(PAGE_CELLS):
                yield CellRow(
                    document_id=id,
                    table_number=1,
                    row=page * 10 + cell // 5,
                    column=cell % 5 + 1,
                    page_number=page,
                    block_number=1,
                    text=words(chance, 2),
                    number=Decimal(chance.randrange(10**7)) / 100,
                )


def stage(storage: Storage, layout: Layout, run_id: str, numbers: range) -> None:
    """A run with these documents, as assemble and validate leave it."""
    markdown = layout.run(run_id, "markdown.md")
    storage.put_bytes(markdown, b"markdown", "text/markdown")
    outcomes = {
        document_id(number): SourceOutcome(
            source=source(number),
            document_id=document_id(number),
            state=SourceState.PUBLISHED,
            markdown_staging_key=markdown,
            page_count=DOCUMENT_PAGES,
            native_pages=DOCUMENT_PAGES,
        )
        for number in numbers
    }
    number_of = dict(zip(outcomes, numbers, strict=True))
    stage_outcomes(
        storage,
        layout,
        run_id,
        list(outcomes.values()),
        lambda table, outcome: rows(table, number_of[str(outcome.document_id)]),
        batch_sources=BATCH_DOCUMENTS,
    )


def source(number: int) -> SourceRef:
    """The source of a document."""
    key = f"inbox/{number // TENDER_DOCUMENTS:019d}/{number}.pdf"
    return SourceRef(key=key, etag="1", size_bytes=100_000, last_modified=NIGHT)


def write_alone(storage: Storage, layout: Layout, run_id: str, batches: int) -> None:
    """The staged rows, one file a table, without merging them with anything."""
    for table in STAGED_TABLES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "alone.parquet")
            with ParquetWriter(path, table) as writer:
                for number in range(1, batches + 1):
                    for part in read_staging(storage, layout, run_id, table, number):
                        writer.write(part)
            storage.upload(path, f"work/alone/{table.name}.parquet", "application/vnd.apache.parquet")


def look_ups(number: int) -> dict[str, tuple[str, list[str]]]:
    """Queries that people ask, about one document, with their values."""
    tender_id, id = f"{number // TENDER_DOCUMENTS:019d}", document_id(number)
    return {
        "fields of a tender": ("SELECT * FROM fields WHERE tender_id = ?", [tender_id]),
        "pages of a document": ("SELECT text FROM pages WHERE document_id = ?", [id]),
        "fields of a document": ("SELECT * FROM fields WHERE document_id = ?", [id]),
        "cells of a document": ("SELECT * FROM table_cells WHERE document_id = ?", [id]),
        "who has this number": ("SELECT document_id FROM fields WHERE value = ?", ["1234567890"]),
        "documents by type": ("SELECT document_type, count(*) FROM documents GROUP BY 1", []),
    }


def child(connection: S3Connection, mode: str, run_id: str, batches: int) -> None:
    """Run one of the two ways in a fresh process; prints its seconds and the most memory it took."""
    command = [sys.executable, __file__, "--child", mode, connection.bucket, run_id, str(batches)]
    environment = {**connection.environment(), "AWS_DEFAULT_REGION": connection.region, "PATH": "/usr/bin"}
    print(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout, end="")


def child_main(mode: str, bucket: str, run_id: str, batches: str) -> None:
    """What the fresh process does."""
    storage = Storage(boto3.client("s3", config=client_config()), bucket)
    layout = Layout(Settings())
    started, cpu_started_s = time.monotonic(), time.process_time()
    if mode == "publish":
        publish_run(storage, layout, run_id)
    else:
        write_alone(storage, layout, run_id, int(batches))
    took_s, cpu_s = time.monotonic() - started, time.process_time() - cpu_started_s
    # Not ru_maxrss, which remembers the size of the process that started this one. Mapped files count in.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{mode:<8} {run_id:<8} {took_s:6.1f} s, {cpu_s:6.1f} s of processor time, {peak_mb:5.0f} MB at most")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--existing", type=int, default=100_000)
    arguments = parser.parse_args()
    layout = Layout(Settings())
    with tempfile.TemporaryDirectory() as folder, SeaweedFS.in_folder(Path(folder)) as connection:
        storage = connection.storage()
        old, new = arguments.existing // DOCUMENT_PAGES, arguments.pages // DOCUMENT_PAGES
        runs = {"first": range(old), "second": range(old, old + new), "again": range(old // 2, old // 2 + 10)}
        for run_id, numbers in runs.items():
            stage(storage, layout, run_id, numbers)
            batches = -(-len(numbers) // BATCH_DOCUMENTS)
            print(f"{run_id}: {len(numbers) * DOCUMENT_PAGES} pages")
            child(connection, "alone", run_id, batches)
            child(connection, "publish", run_id, batches)
        for item in storage.list_objects("lake/"):
            print(f"{item.key:<60} {item.size_bytes / 2**20:7.1f} MB")
        with open_lake(connection, layout, Path(folder, "extensions")) as lake:
            for name, (query, values) in look_ups(old // 3).items():
                times = []
                for _ in range(5):
                    started = time.monotonic()
                    lake.execute(query, values).fetchall()
                    times.append(time.monotonic() - started)
                print(f"{name:<22} first {times[0]:6.3f} s, then {min(times[1:]):6.3f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child_main(*sys.argv[2:])
    else:
        main()
