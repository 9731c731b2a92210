"""Plan: which documents the run assembles, and its image pages packed into OCR shards.

Each document is read once, however many sources carry it; a page whose result exists is not read again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ocr_tasks.contract import EngineSpec, PageStatus
from tenderlake.documents import DocumentManifest, PagePlan, PreparedSource, PrepareOptions
from tenderlake.engines import (
    REFERENCE_PAGE_PIXELS,
    EngineProfile,
    engine_profile,
    engine_revision,
    engine_spec,
    identifying_spec,
)
from tenderlake.lake.reading import PublishedDocument, published_documents
from tenderlake.layout import Layout
from tenderlake.ocr import read_result
from tenderlake.preparation import prepared_key
from tenderlake.runs import Discovery, PlannedPage, PlannedShard, PreparedBatch, PrimarySource, RunPlan
from tenderlake.settings import Settings
from tenderlake.storage import ObjectMissingError, Storage

log = logging.getLogger(__name__)

SMALLEST_SHARD_STARTUPS = 10
"""A shard is not made smaller, to fill idle slots, than so many times the start of its engine."""


class WeighedPage(NamedTuple):
    """A page to be read and the seconds that its engine is expected to need."""

    page: PlannedPage
    expected_s: float


def reading_digest(options: PrepareOptions, engine: EngineSpec, revision: str) -> str:
    """Sixteen hexadecimal digits that name everything that decides how a document's pages are read."""
    text = json.dumps([options.digest, engine.model_dump(mode="json"), revision], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def page_key(document_id: str, page_number: int, digest: str) -> str:
    """The address of a page result by content: SHA-256 over document, page and :func:`reading_digest`."""
    return hashlib.sha256(f"{document_id}/{page_number}/{digest}".encode()).hexdigest()


def prepared_sources(storage: Storage, layout: Layout, discovery: Discovery) -> Iterable[PreparedSource]:
    """What prepare did, batch by batch; a batch whose task failed has no outcome and is left for the next run."""
    for number in range(1, len(discovery.batch_keys) + 1):
        try:
            batch = storage.get_model(prepared_key(layout, discovery.run_id, number), PreparedBatch)
        except ObjectMissingError:
            log.warning("Batch %d was not prepared: its sources are left for the next run", number)
            continue
        yield from batch.sources


def plan_run(storage: Storage, layout: Layout, run_id: str) -> RunPlan:
    """Choose the sources that documents are published under, pack their pages into shards, write ``plan.json``."""
    settings = layout.settings
    discovery = storage.get_model(layout.run(run_id, "discovery.json"), Discovery)
    options = discovery.options
    engine = engine_spec(options, settings)
    digest = reading_digest(options.prepare_options, identifying_spec(engine), engine_revision(settings, engine))
    sources = [source for source in prepared_sources(storage, layout, discovery) if source.manifest_key]
    in_lake = published_documents(storage, layout, {str(source.document_id) for source in sources})
    taken = {item.source.identity: str(item.document_id) for item in sources}
    groups = _by_document(sources)
    found = storage.in_parallel(lambda group: _primary_source(storage, group, in_lake, taken), groups)
    primaries = {str(group[0].document_id): primary for group, primary in zip(groups, found, strict=True)}
    # Most documents have no page for OCR, and their manifests are not asked for.
    to_read = [
        group[0]
        for group in groups
        if group[0].image_pages and not primaries[str(group[0].document_id)].is_published_already
    ]
    profile = engine_profile(engine.name)
    by_document = storage.in_parallel(lambda item: _image_pages(storage, layout, item, digest, profile), to_read)
    planned = [page for pages_of_document in by_document for page in pages_of_document]
    pages = _without_result(storage, planned, read_failed_again=options.is_repeating)
    shards = pack_shards(pages, engine, settings)
    shard_keys = tuple(layout.run(run_id, f"shards/{shard.shard_id}.json") for shard in shards)
    for key, shard in zip(shard_keys, shards, strict=True):
        storage.put_model(key, shard)
    plan = RunPlan(
        engine=engine,
        reading_digest=digest,
        primary_sources=primaries,
        shard_keys=shard_keys,
        page_count=len(pages),
        cached_page_count=len(planned) - len(pages),
    )
    storage.put_model(layout.run(run_id, "plan.json"), plan)
    return plan


def _by_document(sources: Sequence[PreparedSource]) -> list[list[PreparedSource]]:
    groups: dict[str, list[PreparedSource]] = {}
    for source in sources:
        groups.setdefault(str(source.document_id), []).append(source)
    return [sorted(group, key=lambda s: (s.source.key, s.source.archive_path or "")) for group in groups.values()]


def _primary_source(
    storage: Storage,
    group: Sequence[PreparedSource],
    in_lake: Mapping[str, PublishedDocument],
    taken: Mapping[tuple[str, str | None], str],
) -> PrimarySource:
    """The source that a document is published under: the one of the lake while it stands, else the first by key."""
    first, published = group[0].source, in_lake.get(str(group[0].document_id))
    if published is None:
        return PrimarySource(key=first.key, archive_path=first.archive_path)
    if published.source_key is None:
        return PrimarySource(key=first.key, archive_path=first.archive_path, is_in_lake=True)
    earlier = PrimarySource(key=published.source_key, archive_path=published.archive_path, is_in_lake=True)
    bytes_there_now = taken.get((earlier.key, earlier.archive_path))
    if bytes_there_now == published.document_id:
        return earlier
    if bytes_there_now is None and storage.exists(earlier.key):
        return earlier.model_copy(update={"is_published_already": True})
    # Its source is gone from the inbox or carries other bytes: the document moves to the first one that has it.
    return earlier.model_copy(update={"key": first.key, "archive_path": first.archive_path})


def _image_pages(
    storage: Storage, layout: Layout, source: PreparedSource, digest: str, profile: EngineProfile
) -> list[WeighedPage]:
    manifest = storage.get_model(str(source.manifest_key), DocumentManifest)
    prefix = layout.document(manifest.document_id, manifest.options.digest)
    return [
        WeighedPage(_planned_page(layout, manifest.document_id, page, prefix, digest), _expected_s(page, profile))
        for page in manifest.image_pages
        if page.image_name is not None
    ]


def _planned_page(layout: Layout, document_id: str, page: PagePlan, prefix: str, digest: str) -> PlannedPage:
    key = page_key(document_id, page.page_number, digest)
    return PlannedPage(
        page_key=key,
        document_id=document_id,
        page_number=page.page_number,
        image_key=f"{prefix}{page.image_name}",
        result_key=layout.page_result(key),
        dpi=page.dpi,
    )


def _expected_s(page: PagePlan, profile: EngineProfile) -> float:
    return profile.page_s * max(0.1, page.width_px * page.height_px / REFERENCE_PAGE_PIXELS)


def _without_result(storage: Storage, pages: Sequence[WeighedPage], *, read_failed_again: bool) -> list[WeighedPage]:
    def is_missing(item: WeighedPage) -> bool:
        if not read_failed_again:
            return not storage.exists(item.page.result_key)
        try:
            result = read_result(storage, item.page.result_key)
        except ObjectMissingError:
            return True
        if result is None or result.status is PageStatus.FAILED:
            storage.delete([item.page.result_key])
            return True
        return False

    missing = storage.in_parallel(is_missing, pages)
    return [item for item, flag in zip(pages, missing, strict=True) if flag]


def pack_shards(pages: Sequence[WeighedPage], engine: EngineSpec, settings: Settings) -> list[PlannedShard]:
    """Pack pages, in order, into shards of about equal expected time.

    As many shards as it takes for none to exceed ``shard_target_s``; more where slots of the pool would stay idle and a
    shard still has :data:`SMALLEST_SHARD_STARTUPS` of work; never more than ``max_shards``.
    """
    if not pages:
        return []
    profile = engine_profile(engine.name)
    total_s = sum(item.expected_s for item in pages)
    room_s = max(settings.shard_target_s - profile.startup_s, profile.page_s)
    slots = max(1, settings.gpu_pool_slots // settings.ocr_pool_slots)
    wanted = max(math.ceil(total_s / room_s), min(slots, int(total_s / (SMALLEST_SHARD_STARTUPS * profile.startup_s))))
    count = max(1, min(wanted, settings.max_shards, len(pages)))
    slices: list[list[WeighedPage]] = [[] for _ in range(count)]
    passed_s = 0.0
    for item in pages:
        # The middle of the page decides, so that equal pages make equal shards.
        slices[min(count - 1, int((passed_s + item.expected_s / 2) / total_s * count))].append(item)
        passed_s += item.expected_s
    return [
        PlannedShard(
            shard_id=f"shard-{number:04d}",
            engine=engine,
            pages=tuple(item.page for item in chunk),
            expected_s=profile.startup_s + sum(item.expected_s for item in chunk),
        )
        for number, chunk in enumerate((chunk for chunk in slices if chunk), start=1)
    ]
