"""An engine that answers nonsense: each page costs itself at most, and the lake, the report and Markdown stay sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from tenderlake.lake.reading import iter_table
from tenderlake.lake.schema import BLOCKS, DOCUMENTS, FIELDS, PAGES, SOURCES, TABLE_CELLS, Table
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline
from tests.pdfs import file_of, photograph

pytestmark = pytest.mark.integration


def block(
    content: str, box: tuple[float, ...] = (0, 0, 100, 20), label: str = "text", content_format: str = "text"
) -> dict[str, Any]:
    return {"label": label, "bbox_px": list(box), "content": content, "content_format": content_format}


def table(html: str) -> list[dict[str, Any]]:
    return [block(html, label="table", content_format="html")]


def inn(number: int) -> str:
    """A number of a company with its check digit."""
    digits = f"77{number:07d}"
    control = sum(int(digit) * weight for digit, weight in zip(digits, (2, 4, 10, 3, 5, 9, 4, 6, 8), strict=True))
    return f"{digits}{control % 11 % 10}"


MEGABYTES = "Кабель силовой " * 350_000
"""10 MB in UTF-8."""
NONSENSE: dict[str, Callable[[], list[dict[str, Any]] | str]] = {
    # No results at all: the contract refuses them.
    "box_of_nan": lambda: '[{"label": "text", "bbox_px": [NaN, 0, 1, 1], "content": "x"}]',
    "endless_box": lambda: '[{"label": "text", "bbox_px": [0, 0, 1e999, 1], "content": "x"}]',
    "half_a_surrogate": lambda: '[{"label": "text", "bbox_px": [0, 0, 1, 1], "content": "a\\ud800b"}]',
    # Results, such as they are.
    "boxes_elsewhere": lambda: [block("Поставка", (-5e4, 0, 9e300, 50)), block("товара", (90, 90, 10, 10))],
    "open_html": lambda: table(
        '<table><tr><td rowspan=99999999 colspan=99999999>Цена<td>5<tr><th><table><tr><td>"' * 50
    ),
    "megabytes_in_a_cell": lambda: table(f"<table><tr><td>{MEGABYTES}</td></tr></table>"),
    "thousands_of_cells": lambda: table("<table>" + ("<tr>" + "<td>5</td>" * 10 + "</tr>") * 2000 + "</table>"),
    "controls": lambda: [block("Цена\x00\x07\x1b[31m кон\u202eтракта\u2066 \u200f100 \ufeffруб.\x0c\x0b\u2028")],
    "thousands_of_fields": lambda: [block("\n".join(f"ИНН {inn(number)}" for number in range(5000)))],
    "no_text": list,
    "script": lambda: [block("<script>alert(1)</script>", (0, 0, 9e4, 1))],
}
REFUSED = {"box_of_nan", "endless_box", "half_a_surrogate"}


@dataclass(frozen=True)
class Lake:
    """The lake after the run, by the names of the documents."""

    storage: Storage
    names: dict[str, str]
    sources: dict[str, dict[str, Any]]
    documents: dict[str, dict[str, Any]]

    def rows(self, name: str, table: Table) -> list[dict[str, Any]]:
        (document_id,) = (id for id, other in self.names.items() if other == name)
        return [row for row in rows(self.storage, table) if row["document_id"] == document_id]


LAYOUT = Layout(Settings(engine="null", engine_options={"text": "прочитано"}))


def rows(storage: Storage, table: Table) -> list[dict[str, Any]]:
    parts = [part for _, part in iter_table(storage, LAYOUT, table)]
    return list(pa.concat_tables(parts).to_pylist()) if parts else []


def test_nonsense_costs_its_own_page_and_the_lake_stays_sound(storage: Storage) -> None:
    for number, name in enumerate([*NONSENSE, "sound"]):
        storage.put_bytes(f"inbox/{name}.png", file_of(photograph((300 + number, 200)), "PNG"), "image/png")
    found = pipeline.take(storage, LAYOUT, "run-1")
    (shard,) = pipeline.prepare_and_plan(storage, LAYOUT, found)
    pipeline.read(storage, LAYOUT, shard)
    names = names_by_document(storage, found.batch_keys)
    keys = {names[page.document_id]: page.result_key for page in shard.pages}
    for name, made in NONSENSE.items():
        write_blocks(storage, keys[name], made())
    pipeline.finish(storage, LAYOUT, found)

    lake = Lake(
        storage,
        names,
        {row["source_key"].removeprefix("inbox/").removesuffix(".png"): row for row in rows(storage, SOURCES)},
        {row["filename"].removesuffix(".png"): row for row in rows(storage, DOCUMENTS)},
    )
    assert {name: row["state"] for name, row in lake.sources.items()} == {
        name: "quarantined_ocr_failed" if name in REFUSED else "published" for name in [*NONSENSE, "sound"]
    }
    for name in REFUSED:
        assert keys[name] in lake.sources[name]["state_reason"], "the message says which object"
    assert sorted(lake.documents) == sorted({*NONSENSE, "sound"} - REFUSED)
    assert_what_was_read(lake)
    assert_what_people_see(storage)


def names_by_document(storage: Storage, batch_keys: tuple[str, ...]) -> dict[str, str]:
    prepared = [
        source
        for key in batch_keys
        for source in json.loads(storage.get_bytes(key.replace("/batches/", "/prepared/")))["sources"]
    ]
    return {one["document_id"]: one["source"]["key"].removeprefix("inbox/").removesuffix(".png") for one in prepared}


def write_blocks(storage: Storage, key: str, blocks: list[dict[str, Any]] | str) -> None:
    """What a hostile engine puts into the place of a page's result."""
    result = json.loads(storage.get_bytes(key))
    written = blocks if isinstance(blocks, str) else json.dumps(blocks, ensure_ascii=False)
    data = json.dumps({**result, "blocks": "here"}).replace('"here"', written)
    storage.put_bytes(key, data.encode(), "application/json")


def assert_what_was_read(lake: Lake) -> None:
    flags = {name: set(row["quality_flags"]) for name, row in lake.documents.items()}
    assert {name for name, found in flags.items() if "boxes_off_page" in found} == {"boxes_elsewhere", "script"}
    assert {name for name, found in flags.items() if "no_text" in found} == {"no_text"}
    (cell,) = lake.rows("megabytes_in_a_cell", TABLE_CELLS)
    assert cell["text"] == MEGABYTES.strip()
    assert len(lake.rows("thousands_of_cells", TABLE_CELLS)) == 20_000
    assert len(lake.rows("open_html", TABLE_CELLS)) == 200
    assert 0 < len(lake.rows("thousands_of_fields", FIELDS)) <= 5000
    ((page,), (block,)) = (lake.rows("controls", table) for table in (PAGES, BLOCKS))
    for text in (page["text"], page["markdown"], block["content"]):
        assert not {"\x00", "\x07", "\x1b", "\x0c", "\x0b"} & set(text)
    assert "\u202e" in block["content"], "marks of direction are text, whatever they do to a terminal"


def assert_what_people_see(storage: Storage) -> None:
    report = json.loads(storage.get_bytes("reports/run-1/report.json"))
    assert report["reconciliation"]["errors"] == []
    assert {document["path"] for document in report["checked_documents"]} == {
        "boxes_elsewhere.png",
        "no_text.png",
        "script.png",
    }
    pages = [item.key for item in storage.list_objects("reports/run-1/") if item.key.endswith(".html")]
    assert len(pages) > len(report["data_docs"]) > 0
    for key in pages:
        assert b"<script" not in storage.get_bytes(key)
