"""The commands behind ``make``: ``python -m tenderlake.embedded run|submit|stop|status|sql``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.launcher import Embedded
from tenderlake.embedded.ocr_image import missing_image_note
from tenderlake.embedded.outcome import attention_lines, outcome_table, totals_line
from tenderlake.embedded.query import lake_tables, open_lake, print_query, print_tables
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.uploads import find_documents
from tenderlake.embedded.watch import RunResult
from tenderlake.storage import StorageError

_WIDTH_OF_FILES = 140
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def forget_foreign_variables() -> None:
    """Drop what would lead this process away from the services on the loopback address: other S3 keys, proxies."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower() in _PROXIES]:
        del os.environ[name]


def run(here: Embedded, documents: str) -> int:
    """Start everything, put documents in, wait for the runs, show what came out."""
    check_documents(here, documents)
    here.start()
    put_documents(here, documents)
    if here.is_anything_new():
        say_what_ocr_lacks(here)
        result = here.wait(here.trigger())
    elif here.unfinished_runs():
        here.screen.say("Nothing new, but a run is at work:")
        result = here.wait()
    else:
        here.screen.say("Nothing new: every document of the inbox has been processed.\n")
        show_addresses(here)
        return 0
    show_result(here, result)
    show_addresses(here)
    return 0 if result.has_succeeded else 1


def submit(here: Embedded, documents: str) -> int:
    """Put documents in and trigger a run, without waiting for it."""
    if not documents:
        raise EmbeddedError("say which documents: `make submit DOCS=folder`")
    check_documents(here, documents)
    here.start()
    put_documents(here, documents)
    if not here.is_anything_new():
        here.screen.say("Nothing new: no run is needed.")
        return 0
    say_what_ocr_lacks(here)
    run_id = here.trigger()
    here.screen.say(
        f"Triggered {run_id}: {here.api.base_url}/dags/{here.dag_id}/runs/{run_id} (`make run` waits for it)"
    )
    return 0


def say_what_ocr_lacks(here: Embedded) -> None:
    """Say it where OCR falls back to child processes for want of an image only."""
    if note := missing_image_note(here.pipeline):
        here.screen.say(note)


def check_documents(here: Embedded, documents: str) -> None:
    """Find out that there is no such folder before a minute has gone into starting Airflow."""
    if documents:
        find_documents(Path(documents).expanduser(), here.layout.inbox)


def put_documents(here: Embedded, documents: str) -> None:
    """Put the given folder into the inbox; without one the samples, unless the inbox holds somebody's own documents."""
    folder = Path(documents).expanduser() if documents else here.settings.samples_folder
    if not documents:
        samples = {sample.key for sample in find_documents(folder, here.layout.inbox)}
        listed = here.connection.storage().list_objects(here.layout.inbox)
        if any(item.key not in samples for item in listed):
            here.screen.say("Inbox: taken as it is (no DOCS given)")
            return
    upload = here.upload(folder)
    counts = f"{len(upload.new)} new, {len(upload.changed)} changed, {len(upload.same)} as they were"
    here.screen.say(f"Inbox: {counts} ({upload.sent_bytes / 1e6:.1f} MB sent from {folder})")


def show_result(here: Embedded, result: RunResult) -> None:
    """The table of documents, sums, and what a person should look at."""
    outcomes = here.outcomes(result.run_ids)
    if outcomes:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_OF_FILES
        print(f"\n{outcome_table(outcomes, width)}\n\n{totals_line(outcomes)}")
        for line in attention_lines(outcomes):
            print(f"  {line}")
    else:
        print("\nNo document was brought to an end.")
    for failed in (run for run in result.runs if run.state != "success"):
        print(f"Run {failed.run_id} has failed; what it left is taken by the next `make run`.")
        for failure in (failure for failure in result.failures if failure.run_id == failed.run_id):
            print(f"  {failure.task.name}: {failure.message}\n    log: {failure.log}")
    settings, bucket, storage = here.pipeline, here.connection.bucket, here.connection.storage()
    print(f"\nMarkdown  s3://{bucket}/{settings.markdown_prefix}\nParquet   s3://{bucket}/{settings.lake_prefix}")
    for report in (here.layout.report(run_id, "index.html") for run_id in result.run_ids):
        if storage.exists(report):  # a run that failed early has none
            print(f"Report    s3://{bucket}/{report}")


def show_addresses(here: Embedded) -> None:
    """Where everything is and how to get in."""
    airflow = here.airflow
    print(f"S3        {here.connection.endpoint_url}  keys: {here.state.connection_file}")
    print(f"Airflow   {airflow.api().base_url}  user: {airflow.api().username}  password: {airflow.password}")
    print('\nQuery:  make sql Q="select filename, page_count, quality_grade from documents"')
    print("Stop:   make stop")


def stop(here: Embedded) -> int:
    """End what was started."""
    running = [here.s3_server.is_running, here.state.read_connection() is not None and here.airflow.is_running]
    here.stop()
    here.screen.say("Stopped." if any(running) else "Nothing was running.")
    return 0


def status(here: Embedded) -> int:
    """What runs; the exit status is 0 where all of it does, else 3."""
    s3_runs = here.s3_server.is_running
    airflow_runs = here.state.read_connection() is not None and here.airflow.is_running
    if not (s3_runs and airflow_runs):
        print(f"S3: {_running(s3_runs)}. Airflow: {_running(airflow_runs)}. `make run` starts both.")
        return 3
    missing = here.api.unhealthy_parts()
    print(f"S3: running. Airflow: {'not healthy: ' + ', '.join(missing) if missing else 'running'}.")
    for unfinished in here.unfinished_runs():
        print(f"Run {unfinished.run_id}: {unfinished.state}")
    show_addresses(here)
    return 3 if missing else 0


def _running(runs: bool) -> str:
    return "running" if runs else "not running"


def sql(here: Embedded, query: str) -> int:
    """Query the lake; without a query, say which tables there are."""
    with here.s3_for_a_while() as s3:
        if not lake_tables(s3, here.layout):
            raise EmbeddedError("the lake is empty: no document was published yet; `make run` fills it")
        with open_lake(s3, here.layout, here.state.path / "duckdb") as database:
            if query.strip():
                print_query(database, query, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)
            else:
                print_tables(database)
                print('\nmake sql Q="select …" queries them; `describe pages` shows the columns of one.')
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    commands = argparse.ArgumentParser(prog="tenderlake.embedded", description=__doc__)
    choices = commands.add_subparsers(dest="command", required=True)
    for name, documents_help in (
        ("run", "folder of documents; the samples where there is none"),
        ("submit", "folder of documents"),
    ):
        command = choices.add_parser(name)
        command.add_argument("documents", nargs="?", default="", help=documents_help)
    choices.add_parser("stop")
    choices.add_parser("status")
    choices.add_parser("sql").add_argument("query", nargs="?", default="", help="a query; none lists the tables")
    return commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = parser().parse_args(arguments)
    commands: dict[str, Callable[[Embedded], int]] = {
        "run": lambda here: run(here, options.documents),
        "submit": lambda here: submit(here, options.documents),
        "stop": stop,
        "status": status,
        "sql": lambda here: sql(here, options.query),
    }
    forget_foreign_variables()
    try:
        return commands[options.command](Embedded(EmbeddedSettings()))
    except (EmbeddedError, StorageError) as error:
        print(f"error: {error}", file=sys.stderr)
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            print(f"error: TENDERLAKE_{name}: {problem['msg']}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted. What was started goes on: `make run` shows it, `make stop` ends it.", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
