"""The stages of a run one after the other in this process, without Airflow: for tests of what they hand on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from ocr_tasks.contract import Runner
from tenderlake.assembly import assemble_batch
from tenderlake.discovery import discover, release_claim
from tenderlake.layout import Layout
from tenderlake.ocr import Attempt, read_shard, signed_shard
from tenderlake.ocr_attempts import ProcessRunner
from tenderlake.planning import plan_run
from tenderlake.preparation import prepare_batch
from tenderlake.publishing import publish_run
from tenderlake.runs import Discovery, PlannedPage, PlannedShard, PublishedRun, RunOptions
from tenderlake.storage import Storage
from tenderlake.validation.stage import validate_run

log = logging.getLogger(__name__)


def take(
    storage: Storage,
    layout: Layout,
    run_id: str,
    *,
    now: datetime | None = None,
    running: Sequence[str] = (),
    **options: object,
) -> Discovery:
    """Discover; ``running`` are other runs in flight."""
    form = RunOptions.model_validate({"engine": layout.settings.engine, **options})
    return discover(storage, layout, run_id, form, now=now or datetime.now(UTC), is_running=lambda id: id in running)


def prepare_and_plan(storage: Storage, layout: Layout, found: Discovery) -> Sequence[PlannedShard]:
    """Prepare every batch, then plan; returns the shards."""
    for key in found.batch_keys:
        prepare_batch(storage, layout, found.run_id, key, found.options)
    plan = plan_run(storage, layout, found.run_id)
    return [storage.get_model(key, PlannedShard) for key in plan.shard_keys]


def read(storage: Storage, layout: Layout, shard: PlannedShard) -> None:
    """Read a shard in child processes."""
    runner = ProcessRunner(layout.settings, log)

    def attempt(pages: Sequence[PlannedPage]) -> Attempt:
        return runner.run(signed_shard(storage, layout, shard, pages, Runner.PROCESS, expires_s=600), 120.0)

    read_shard(storage, shard, attempt)


def check(storage: Storage, layout: Layout, found: Discovery) -> None:
    """Assemble and validate."""
    for number in range(1, len(found.batch_keys) + 1):
        assemble_batch(storage, layout, found.run_id, number)
    validate_run(storage, layout, found.run_id)


def finish(storage: Storage, layout: Layout, found: Discovery) -> PublishedRun:
    """Assemble, validate, publish, release the claim."""
    check(storage, layout, found)
    published = publish_run(storage, layout, found.run_id)
    release_claim(storage, layout, found.run_id)
    return published


def run(storage: Storage, layout: Layout, run_id: str, **options: object) -> PublishedRun:
    """A whole run; options are those of the trigger form."""
    found = take(storage, layout, run_id, **options)
    for shard in prepare_and_plan(storage, layout, found):
        read(storage, layout, shard)
    return finish(storage, layout, found)
