"""The stage validate on a made run: time and memory by its size, with sound rows and with rows that all fail.

The run lies on a SeaweedFS of its own and is checked by a fresh process. Against it: the same rows checked one batch at
a time, which shows what a look of Great Expectations costs however few rows there are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa

from tenderlake.assembly import assembled_key
from tenderlake.documents import PreparedSource, SourceRef
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.state import S3Connection
from tenderlake.lake.parquet import MEDIA_TYPE, ParquetWriter
from tenderlake.lake.schema import BLOCKS, BOX, DOCUMENTS, FIELDS, PAGES, TABLE_CELLS, Table
from tenderlake.layout import Layout
from tenderlake.preparation import prepared_key
from tenderlake.runs import AssembledBatch, Batch, Discovery, PreparedBatch, RunOptions, SourceOutcome
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import Storage, client_config
from tenderlake.validation import stage

RUN = "bench"
NIGHT = dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC)
BATCH_DOCUMENTS, DOCUMENT_PAGES, PAGE_BLOCKS, PAGE_CELLS, COLUMNS = 16, 50, 10, 10, 5
TEXT = "Поставщик обязуется поставить товар, а Заказчик обязуется принять и оплатить его в срок. " * 20


def filled(table: Table, count: int, values: dict[str, Any]) -> pa.Table:
    """Rows with these columns (a single value for all rows, or one a row) and null in the others."""
    arrays = []
    for field in table.schema:
        value = values.get(field.name)
        if isinstance(value, pa.Array):
            arrays.append(value)
        else:
            arrays.append(pa.array(value if isinstance(value, np.ndarray) else [value] * count, field.type))
    return pa.Table.from_arrays(arrays, schema=table.schema)


def batch_rows(number: int, *, is_bad: bool) -> dict[Table, pa.Table]:
    """Digital documents whose pages have ten blocks, a table of two rows that adds up and a field."""
    ids = np.array([f"{number:08x}{place:056x}" for place in range(BATCH_DOCUMENTS)])
    page_ids = np.repeat(ids, DOCUMENT_PAGES)
    pages = np.tile(np.arange(1, DOCUMENT_PAGES + 1), BATCH_DOCUMENTS)
    count = len(pages)
    x0 = np.random.default_rng(number).uniform(0, 1000, count * PAGE_BLOCKS)
    corners = np.stack([x0, x0, x0 + (10_000 if is_bad else 1000), x0 + 30], axis=1).ravel()
    cell = np.tile(np.arange(PAGE_CELLS), count)
    row, column = cell // COLUMNS, cell % COLUMNS
    amounts = np.array([None, None, Decimal(3), Decimal("10.50"), Decimal("31.50")])
    return {
        DOCUMENTS: filled(
            DOCUMENTS,
            BATCH_DOCUMENTS,
            {
                "document_id": ids,
                "page_count": DOCUMENT_PAGES,
                "native_pages": DOCUMENT_PAGES,
                "languages": ["rus"],
                "quality_flags": [],
                **dict.fromkeys(("ocr_pages", "failed_pages", "prepare_s", "ocr_s", "assemble_s"), 0),
                **dict.fromkeys(("source_key", "filename", "media_type", "markdown_key", "pipeline_version"), "x"),
                "run_id": RUN,
                "size_bytes": 1000,
            },
        ),
        PAGES: filled(
            PAGES,
            count,
            {
                "document_id": page_ids,
                "page_number": pages,
                "width_px": 2480,
                "height_px": 3508,
                "rotation_deg": 0,
                "text_source": "native",
                "text": TEXT,
                "markdown": TEXT,
                "quality_flags": [],
            },
        ),
        BLOCKS: filled(
            BLOCKS,
            count * PAGE_BLOCKS,
            {
                "document_id": np.repeat(page_ids, PAGE_BLOCKS),
                "page_number": np.repeat(pages, PAGE_BLOCKS),
                "block_number": np.tile(np.arange(1, PAGE_BLOCKS + 1), count),
                "bbox_px": pa.FixedSizeListArray.from_arrays(pa.array(corners), 4).cast(BOX),
                "label": "text",
                "content": TEXT[:170],
                "content_format": "text",
            },
        ),
        TABLE_CELLS: filled(
            TABLE_CELLS,
            count * PAGE_CELLS,
            {
                "document_id": np.repeat(page_ids, PAGE_CELLS),
                "table_number": np.repeat(pages, PAGE_CELLS),
                "page_number": np.repeat(pages, PAGE_CELLS),
                "row": row + 1,
                "column": column + 1,
                "row_span": 1,
                "column_span": 1,
                "block_number": 1,
                "row_kind": "data",
                "column_role": np.array(["row_number", "name", "quantity", "price", "amount"])[column],
                "text": "31,50",
                "number": amounts[column],
            },
        ),
        FIELDS: filled(
            FIELDS,
            count,
            {
                "document_id": page_ids,
                "field_number": pages,
                "page_number": pages,
                "rank": 1,
                "field": "inn",
                "value": "7707083893",
                "raw_text": "ИНН 7707083893",
                "bbox_px": [0.0, 0.0, 10.0, 10.0],
                "method": "label",
                "is_valid": True,
                "is_repaired": False,
            },
        ),
    }


def stage_run(storage: Storage, layout: Layout, batch_count: int, *, is_bad: bool) -> None:
    """A run as assemble leaves it."""
    keys = []
    for number in range(1, batch_count + 1):
        sources = tuple(
            SourceRef(key=f"inbox/{number}-{place}", etag="e", size_bytes=1, last_modified=NIGHT)
            for place in range(BATCH_DOCUMENTS)
        )
        keys.append(layout.run(RUN, f"batches/batch-{number:04d}.json"))
        storage.put_model(keys[-1], Batch(number=number, sources=sources))
        rows = batch_rows(number, is_bad=is_bad)
        ids = rows[DOCUMENTS]["document_id"].to_pylist()
        outcomes = tuple(
            SourceOutcome(
                source=source,
                document_id=id,
                state=SourceState.PUBLISHED,
                markdown_staging_key="m",
                page_count=DOCUMENT_PAGES,
            )
            for source, id in zip(sources, ids, strict=True)
        )
        prepared = tuple(
            PreparedSource(source=source, document_id=id, manifest_key="m", page_count=DOCUMENT_PAGES)
            for source, id in zip(sources, ids, strict=True)
        )
        storage.put_model(prepared_key(layout, RUN, number), PreparedBatch(number=number, sources=prepared))
        storage.put_model(assembled_key(layout, RUN, number), AssembledBatch(number=number, outcomes=outcomes))
        for table, made in rows.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "batch.parquet")
                with ParquetWriter(path, table) as writer:
                    writer.write(made)
                storage.upload(path, layout.staging(RUN, table.name, number), MEDIA_TYPE)
    storage.put_model(
        layout.run(RUN, "discovery.json"),
        Discovery(
            run_id=RUN,
            started_at=NIGHT,
            options=RunOptions(),
            batch_keys=tuple(keys),
            source_count=batch_count * BATCH_DOCUMENTS,
            continue_after=None,
        ),
    )


def measure(connection: S3Connection, name: str, batch_count: int, mode: str) -> None:
    """Validate the run that is staged, in a fresh process."""
    command = [sys.executable, __file__, "--child", mode]
    environment = {**os.environ, **connection.environment()}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    pages = batch_count * BATCH_DOCUMENTS * DOCUMENT_PAGES
    print(f"{name:<28} {batch_count:4} batches {pages:8,} pages: {told.strip()}", flush=True)


def child_main(mode: str) -> None:
    """What the fresh process does."""
    layout = Layout(Settings(data_docs=mode != "bare"))
    if mode == "alone":
        stage.MOST_ROWS = 1
    storage = Storage(boto3.client("s3", config=client_config()), os.environ["TENDERLAKE_BUCKET"])
    started, cpu_started_s = time.monotonic(), time.process_time()
    validation = stage.validate_run(storage, layout, RUN)
    took_s, cpu_s = time.monotonic() - started, time.process_time() - cpu_started_s
    # Not ru_maxrss, which remembers the size of the process that started this one. Mapped files count in.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    size_mb = len(storage.get_bytes(layout.run(RUN, "validation.json"))) / 2**20
    failed = sum(check.failed_rows for check in validation.checks)
    print(
        f"{took_s:6.1f} s, {cpu_s:6.1f} s of processor time, {peak_mb:5.0f} MB at most, {failed:,} failed rows, "
        f"validation.json {size_mb:.1f} MB"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=125, help="of 800 pages and 8,000 blocks and cells each")
    arguments = parser.parse_args()
    layout, few = Layout(Settings()), max(1, arguments.batches // 10)
    with tempfile.TemporaryDirectory() as folder, SeaweedFS.in_folder(Path(folder)) as connection:
        storage = connection.storage()
        stage_run(storage, layout, few, is_bad=False)
        measure(connection, "one batch at a time", few, "alone")
        measure(connection, "together", few, "together")
        measure(connection, "together, no Data Docs", few, "bare")
        stage_run(storage, layout, few, is_bad=True)
        measure(connection, "every block off its page", few, "together")
        stage_run(storage, layout, arguments.batches, is_bad=False)
        measure(connection, "together", arguments.batches, "together")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child_main(sys.argv[2])
    else:
        main()
