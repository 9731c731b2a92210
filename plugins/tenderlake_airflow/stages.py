"""The stages as Airflow tasks call them: storage from the connection, keys and counts in and out.

Each function is one task; its docstring is the task's documentation in the UI. Heavy modules are imported inside, so
that parsing the DAG stays fast.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, AirflowSkipException

from tenderlake.settings import get_settings
from tenderlake_airflow.connection import open_storage

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import OutletEventAccessor

    from tenderlake.runs import PublishedRun

log = logging.getLogger(__name__)

_RUNNING_STATES = frozenset({"running", "queued"})


def _run_id() -> str:
    return str(get_current_context()["run_id"])


def discover(params: Mapping[str, Any]) -> list[str]:
    """List the inbox, claim what is new or changed, write the batches; returns their keys."""
    from tenderlake import discovery
    from tenderlake.runs import RunOptions

    context = get_current_context()
    instance, dag_id = context["ti"], context["ti"].dag_id

    def is_running(run_id: str) -> bool:
        try:
            return instance.get_dagrun_state(dag_id, run_id) in _RUNNING_STATES
        except AirflowRuntimeError as error:
            if (error.error.detail or {}).get("status_code") == 404:
                return False  # the run was deleted from Airflow, its claim holds nothing any more
            raise

    options = RunOptions.from_form(params, get_settings())
    storage, layout = open_storage()
    found = discovery.discover(
        storage,
        layout,
        _run_id(),
        options,
        now=context["ti"].start_date,
        is_running=is_running,
    )
    if found.source_count == 0 and (options.keys or options.prefix):
        log.warning(
            "Nothing taken: what the form names was processed before (to do it again, set Reprocess), or another run "
            "has it"
        )
    elif found.source_count == 0:
        log.info("Nothing new in the inbox")
    else:
        log.info("%d sources taken, in %d batches", found.source_count, len(found.batch_keys))
    return list(found.batch_keys)


def next_run(params: Mapping[str, Any]) -> dict[str, Any]:
    """The form of the run that goes on where this one's share of the inbox ended; skipped when nothing is waiting."""
    from tenderlake.runs import Discovery
    from tenderlake.storage import ObjectMissingError

    storage, layout = open_storage()
    try:
        continue_after = storage.get_model(layout.run(_run_id(), "discovery.json"), Discovery).continue_after
    except ObjectMissingError:
        continue_after = None
    if continue_after is None:
        raise AirflowSkipException("nothing more is waiting")
    return {**params, "start_after": continue_after}


def prepare(batch_key: str) -> dict[str, int]:
    """Open each document of a batch in a child process: pages with text or an image, or a typed rejection."""
    from tenderlake.preparation import prepare_batch
    from tenderlake.runs import Discovery

    storage, layout = open_storage()
    options = storage.get_model(layout.run(_run_id(), "discovery.json"), Discovery).options
    batch = prepare_batch(storage, layout, _run_id(), batch_key, options)
    return {
        "sources": len(batch.sources),
        "pages": sum(source.page_count for source in batch.sources),
        "image_pages": sum(source.image_pages for source in batch.sources),
    }


def plan() -> list[str]:
    """Leave out duplicates and pages read before, pack the other image pages into shards; returns their keys."""
    from tenderlake.planning import plan_run

    storage, layout = open_storage()
    planned = plan_run(storage, layout, _run_id())
    log.info(
        "%d pages for OCR in %d shards, %d pages were read before",
        planned.page_count,
        len(planned.shard_keys),
        planned.cached_page_count,
    )
    return list(planned.shard_keys)


def assemble(batch_key: str) -> dict[str, int]:
    """Put the pages of each document in order, stage its rows and its Markdown."""
    from tenderlake.assembly import assemble_batch
    from tenderlake.runs import Batch

    storage, layout = open_storage()
    number = storage.get_model(batch_key, Batch).number
    batch = assemble_batch(storage, layout, _run_id(), number)
    return {
        "sources": len(batch.outcomes),
        "left": sum(outcome.state is None for outcome in batch.outcomes),
        "pages": sum(outcome.page_count for outcome in batch.outcomes),
    }


def validate() -> dict[str, int]:
    """Run the Great Expectations suites over the staged tables, and the reconciliation of the run's sums."""
    from tenderlake.validation.stage import validate_run

    # It tells of its own insides in hundreds of lines, between which nobody finds ours.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    storage, layout = open_storage()
    result = validate_run(storage, layout, _run_id())
    for error in result.reconciliation_errors:
        log.error("Reconciliation: %s", error)
    return {
        **result.checked_rows,
        "critical": sum(bool(verdict.critical) for verdict in result.verdicts.values()),
        "warnings": sum(bool(verdict.warnings) for verdict in result.verdicts.values()),
    }


def publish(*, outlet_events: Mapping[Any, Any], tables: Sequence[Asset], changed: AssetAlias) -> dict[str, Any]:
    """Merge the rows into the Parquet partitions, write Markdown, quarantine notes and the report."""
    from tenderlake.publishing import publish_run

    storage, layout = open_storage()
    published = publish_run(storage, layout, _run_id())
    tell_of_changes(published, outlet_events[changed], tables)
    for state, count in sorted(published.state_counts.items()):
        log.info("%s: %d", state, count)
    return published.model_dump(mode="json")


def tell_of_changes(published: PublishedRun, events: OutletEventAccessor, tables: Sequence[Asset]) -> None:
    """An event for each table in which rows came or went, so that nobody is woken for the others.

    Airflow makes an event for every asset among a task's outlets, but through an alias only for those named here.
    """
    for asset in tables:
        extra = published.event_of(asset.name.rsplit(".", 1)[-1])
        if extra is not None:
            events.add(asset, extra=extra)


def close_run() -> dict[str, Any]:
    """Free the claim of the run; the run fails here where the system failed and sources are left for the next one."""
    from tenderlake.discovery import release_claim
    from tenderlake.publishing import unfinished_business

    storage, layout = open_storage()
    release_claim(storage, layout, _run_id())
    problems = unfinished_business(storage, layout, _run_id())
    if problems:
        raise AirflowFailException("; ".join(problems))
    return {}
