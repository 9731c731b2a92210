"""Given names at the edge of what the store takes, the documents are published or quarantined like any other."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tenderlake.lake.reading import iter_table
from tenderlake.lake.schema import DOCUMENTS, SOURCES
from tenderlake.layout import Layout
from tenderlake.publishing import QuarantineNote, unfinished_business
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline

pytestmark = pytest.mark.integration

LONG_NAME = "Я" * 125 + "1.png"  # 255 bytes: the most that the server takes
ODD_NAMES = ("торги//смета.png", "bell\x07.png", "line\nbreak.png", "~e3b0c442/смета.png", " +%41&<>\"'?#.png ")


@pytest.fixture
def layout() -> Layout:
    return Layout(Settings(engine="null", engine_options={"text": "прочитано"}))


def scan(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (400, 300), shade).save(buffer, "PNG")
    return buffer.getvalue()


def states(storage: Storage, layout: Layout) -> dict[str, str]:
    rows = [row for _, part in iter_table(storage, layout, SOURCES) for row in part.to_pylist()]
    return {row["source_key"]: row["state"] for row in rows}


def notes(storage: Storage, layout: Layout) -> list[QuarantineNote]:
    listed = storage.list_objects(layout.settings.quarantine_prefix)
    return [storage.get_model(item.key, QuarantineNote) for item in listed]


def markdown_keys(storage: Storage, layout: Layout) -> list[str]:
    return [row["markdown_key"] for _, part in iter_table(storage, layout, DOCUMENTS) for row in part.to_pylist()]


def test_a_name_as_long_as_the_store_takes_is_quarantined_and_when_mended_published(
    storage: Storage, layout: Layout
) -> None:
    key = f"inbox/торги/{LONG_NAME}"
    storage.put_bytes(key, scan(1)[:60], "image/png")
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {key: "quarantined_corrupt"}
    assert [note.source_key for note in notes(storage, layout)] == [key]

    storage.put_bytes(key, scan(1), "image/png")
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {key: "published"}
    assert notes(storage, layout) == []
    assert unfinished_business(storage, layout, "run-2") == []
    [markdown_key] = markdown_keys(storage, layout)
    assert "прочитано" in storage.get_bytes(markdown_key).decode()
    assert [item.key for item in storage.list_objects(layout.settings.markdown_prefix)] == [markdown_key]


def test_odd_names_are_quarantined_and_when_mended_published(storage: Storage, layout: Layout) -> None:
    for shade, name in enumerate(ODD_NAMES):
        storage.put_bytes(f"inbox/{name}", scan(shade)[:60], "image/png")
    pipeline.run(storage, layout, "run-1")
    assert set(states(storage, layout).values()) == {"quarantined_corrupt"}
    assert len(notes(storage, layout)) == len(ODD_NAMES)

    for shade, name in enumerate(ODD_NAMES):
        storage.put_bytes(f"inbox/{name}", scan(shade), "image/png")
    pipeline.run(storage, layout, "run-2")
    assert sorted(states(storage, layout).values()) == ["published"] * len(ODD_NAMES)
    assert notes(storage, layout) == []
    listed = {item.key for item in storage.list_objects(layout.settings.markdown_prefix)}
    assert listed == set(markdown_keys(storage, layout))
    assert len(listed) == len(ODD_NAMES)
