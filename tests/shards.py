"""Shards of small pages for tests."""

from __future__ import annotations

import io

from PIL import Image

from ocr_tasks.contract import EngineSpec
from tenderlake.layout import Layout
from tenderlake.runs import PlannedPage, PlannedShard
from tenderlake.storage import Storage


def page_image() -> bytes:
    """A small white page."""
    buffer = io.BytesIO()
    Image.new("L", (200, 100), 255).save(buffer, "PNG")
    return buffer.getvalue()


def planned_shard(
    storage: Storage, layout: Layout, count: int, engine: str = "null", **options: str | int
) -> PlannedShard:
    """A shard of ``count`` white pages whose images lie in the bucket; options are those of the engine."""
    pages = []
    for number in range(1, count + 1):
        key = f"{number:064d}"
        storage.put_bytes(f"work/images/{number}.png", page_image(), "image/png")
        pages.append(
            PlannedPage(
                page_key=key,
                document_id="0" * 64,
                page_number=number,
                image_key=f"work/images/{number}.png",
                result_key=layout.page_result(key),
                dpi=300,
            )
        )
    spec = EngineSpec(name=engine, options=dict(options))
    return PlannedShard(shard_id="shard-0001", engine=spec, pages=tuple(pages), expected_s=1.0)
