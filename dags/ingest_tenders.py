"""Tender documents from the inbox to the lake.

Takes what is new or changed in `inbox/`, reads every page (sound text layers as they are, the others by OCR), checks
the outcome and publishes Parquet tables in `lake/` and Markdown in `markdown/`. Runs every night; *Trigger* starts it
by hand with a form. Inbox objects are never changed or moved.

| Task | What it does | If it fails |
| --- | --- | --- |
| `discover` | lists the inbox, claims what is new, packs batches | S3 or its keys: see the log, trigger again |
| `prepare` | opens each document in a child process with limits | retried; its batch is left for the next run |
| `plan` | drops duplicates and pages read before, packs OCR shards | trigger again |
| `ocr` | reads one shard in a container (or a child process) | retried unless image, GPU or model is missing |
| `assemble` | puts pages together: rows and Markdown | retried |
| `validate` | Great Expectations suites, sums of the run | a pipeline fault: see the log |
| `publish` | the only writer of the lake; `sources` is written last | retried, safe to repeat |
| `close_run` | frees the claims; **red when something is left** | its log says what was left and why |
| `next_run`, `trigger_next_run` | start the next run when more is waiting | the next night takes the rest |

**A bad document never fails a run.** It ends in `quarantine/<state>/<path>.json`, which says why and what to do; the
report of the run (`reports/<run>/index.html`) lists all of them. A run fails only where the system failed; then nothing
is lost: the next run takes what was left, and pages that were read are not read again.

**To do a document again**: *Trigger* with its path under *Keys* and *Reprocess* = quarantined, failed pages or all. A
file that was mended and uploaded again is taken without that.

**To take a document out of the lake**: put an empty file of its name into the inbox. What is deleted from the inbox
stays in the lake: people clear their inbox up.

**To stop a run**: mark it failed; its containers are stopped, and the next run takes its documents.

Settings (`TENDERLAKE_…`) are described in `docs/settings.md`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, AssetAlias, task
from airflow.timetables.trigger import CronTriggerTimetable

from tenderlake.lake.vocabulary import TableName
from tenderlake.settings import get_settings
from tenderlake_airflow import stages
from tenderlake_airflow.form import trigger_form
from tenderlake_airflow.ocr_shard import OcrShardOperator
from tenderlake_airflow.retries import RETRY_POLICY

SETTINGS = get_settings()
TABLES = [
    Asset(name=f"tenderlake.{table}", uri=f"s3://{SETTINGS.bucket}/{SETTINGS.lake_prefix}{table}")
    for table in TableName
]
CHANGED = AssetAlias("tenderlake.changed_tables")

with DAG(
    dag_id="ingest_tenders",
    dag_display_name="Tender documents to the lake",
    description="Inbox in S3 → pages → OCR → checked Parquet tables and Markdown",
    doc_md=__doc__,
    schedule=CronTriggerTimetable(SETTINGS.schedule_cron, timezone=SETTINGS.schedule_timezone),
    catchup=False,
    max_active_runs=SETTINGS.max_active_runs,
    dagrun_timeout=timedelta(hours=20),
    tags=["tenderlake", "nightly"],
    params=trigger_form(SETTINGS),
    default_args={
        "owner": "tenderlake",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(minutes=30),
        # Of two runs the older one goes first: its pages have to reach the GPUs while the other one is prepared.
        "weight_rule": "upstream",
    },
):
    batches = task(pool="discovery")(stages.discover)()

    next_form = task(pool="discovery")(stages.next_run)()
    trigger_next_run = TriggerDagRunOperator(
        task_id="trigger_next_run", trigger_dag_id="ingest_tenders", conf=next_form, pool="discovery"
    )
    batches >> next_form >> trigger_next_run

    prepared = task(pool="cpu", execution_timeout=timedelta(hours=4))(stages.prepare).expand(batch_key=batches)

    # Goes on with the batches that were prepared; one that failed is left for the next run.
    shards = task(pool="cpu", trigger_rule="all_done_min_one_success")(stages.plan)()
    [batches, prepared] >> shards

    ocr = OcrShardOperator.partial(
        task_id="ocr",
        pool="gpu",
        pool_slots=SETTINGS.ocr_pool_slots,
        execution_timeout=timedelta(seconds=SETTINGS.shard_timeout_s),
    ).expand(shard_key=shards)

    # Runs whatever became of the shards: documents that have all their results are published.
    assembled = task(pool="cpu", trigger_rule="all_done", execution_timeout=timedelta(hours=2))(stages.assemble).expand(
        batch_key=batches
    )
    ocr >> assembled

    validated = task(pool="cpu", trigger_rule="all_done_min_one_success", execution_timeout=timedelta(hours=1))(
        stages.validate
    )()

    # Through the alias only tables that have changed get an event; as inlets Airflow knows all of them from the start.
    published = task(pool="lake", inlets=TABLES, outlets=[CHANGED], execution_timeout=timedelta(hours=2))(
        stages.publish
    )(tables=TABLES, changed=CHANGED)

    closed = task(pool="lake", trigger_rule="all_done")(stages.close_run)()
    assembled >> validated >> published >> closed
