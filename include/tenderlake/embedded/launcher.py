"""Everything on one machine, as one object: start, put documents in, run, look, stop.

Tests use it as the commands do::

    with Embedded(EmbeddedSettings(state_dir=tmp_path)) as here:
        here.upload(folder)
        result = here.wait(here.trigger())
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ocr_tasks.engines.tessdata import find_tessdata
from ocr_tasks.errors import EngineUnavailableError
from tenderlake.discovery import is_anything_new
from tenderlake.embedded.airflow import SERVICE as AIRFLOW
from tenderlake.embedded.airflow import Airflow
from tenderlake.embedded.airflow_api import AirflowApi, DagRun, new_run_id
from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.outcome import DocumentOutcome, read_outcomes
from tenderlake.embedded.patience import Patience
from tenderlake.embedded.progress import Screen
from tenderlake.embedded.query import open_lake
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.state import S3Connection, StateFolder
from tenderlake.embedded.uploads import Upload, find_documents, upload_documents
from tenderlake.embedded.watch import RunResult, RunWatch
from tenderlake.layout import Layout
from tenderlake.runs import RunOptions
from tenderlake.settings import Settings

DAG_ID = "ingest_tenders"

_LEAST_FREE_BYTES = 2**30


@dataclass
class Embedded:
    """The embedded services of one state folder.

    Args:
        settings: of the embedded services.
        pipeline: of the pipeline.
        extra_environment: more variables for Airflow and its tasks.
        screen: where progress and messages go.
        dag_id: the DAG that is run.
    """

    settings: EmbeddedSettings = field(default_factory=EmbeddedSettings)
    pipeline: Settings = field(default_factory=Settings)
    extra_environment: Mapping[str, str] = field(default_factory=dict)
    screen: Screen = field(default_factory=lambda: Screen(sys.stdout))
    dag_id: str = DAG_ID

    def __post_init__(self) -> None:
        self.state = StateFolder(self.settings.state_dir.absolute())
        self.layout = Layout(self.pipeline)
        self.s3_server = SeaweedFS(self.state, self.pipeline.bucket, self.settings.s3_port)

    def __enter__(self) -> Embedded:
        """Start everything."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    # Services

    def start(self) -> None:
        """Start what does not run yet; returns when the DAG can be triggered.

        Raises:
            EmbeddedError: something is missing or does not come up.
        """
        self._check_machine()
        with self.state.lock():
            self.start_s3()
            self.start_airflow()

    def start_s3(self) -> S3Connection:
        """Start the S3 server, or find it running."""
        if not self.s3_server.is_running:
            self.screen.say("Starting S3 (SeaweedFS) …")
        return self.s3_server.start()

    def start_airflow(self) -> AirflowApi:
        """Start Airflow, or find it running, with the DAG loaded and not paused."""
        airflow = self.airflow
        if not airflow.is_running:
            self.screen.say("Starting Airflow, which takes about half a minute …")
        api = airflow.start(is_busy=lambda api: bool(api.unfinished_runs(self.dag_id)))
        self._wait_for_dag(api)
        self._patience.ask(lambda: api.unpause(self.dag_id))
        return api

    def stop(self) -> None:
        """End everything that was started from this state folder, and nothing else."""
        with self.state.lock():
            if self.state.read_process(AIRFLOW):
                self.airflow.stop()
            self.s3_server.stop()

    @property
    def connection(self) -> S3Connection:
        """The S3 server's address and keys.

        Raises:
            EmbeddedError: it was never started.
        """
        known = self.state.read_connection()
        if known is None:
            raise EmbeddedError("nothing was started here yet: `make run`")
        return known

    @property
    def airflow(self) -> Airflow:
        """The Airflow of this folder, running or not."""
        return Airflow(
            self.state, self.settings, self.pipeline, self.connection, self.extra_environment, self.screen.say
        )

    @property
    def api(self) -> AirflowApi:
        """Its REST API."""
        return self.airflow.api()

    @property
    def _patience(self) -> Patience:
        airflow = self.airflow
        return Patience(lambda: airflow.is_running, airflow.supervisor_log.parent, self.screen)

    def _check_machine(self) -> None:
        self.state.create()
        free_bytes = shutil.disk_usage(self.state.path).free
        if free_bytes < _LEAST_FREE_BYTES:
            raise EmbeddedError(
                f"only {free_bytes // 2**20} MiB are free for {self.state.path}, {_LEAST_FREE_BYTES // 2**20} are "
                "needed: free some space or set TENDERLAKE_STATE_DIR to a folder on another disk"
            )
        if self.pipeline.engine == "tesseract":
            try:
                find_tessdata(self.pipeline.languages)
            except EngineUnavailableError as error:
                raise EmbeddedError(f"{error}; `make setup` does that where it may") from error

    def _wait_for_dag(self, api: AirflowApi) -> None:
        """Wait until the DAG files as they are now are loaded; what Airflow knows from before proves nothing."""
        started_at = self.airflow.started_at
        deadline = time.monotonic() + self.settings.start_timeout_s
        while True:
            parsed_at = self._patience.ask(lambda: api.dag_parsed_at(self.dag_id))
            problems = self._patience.ask(api.import_problems)
            if problems:
                said = "; ".join(f"{problem.filename}: {problem.last_line}" for problem in problems)
                raise EmbeddedError(f"Airflow cannot load DAG files: {said}")
            if parsed_at is not None and (started_at is None or parsed_at >= started_at):
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Airflow has not loaded the DAG {self.dag_id} from {self.settings.dags_folder}")
            time.sleep(0.5)

    # Documents and runs

    def upload(self, folder: Path) -> Upload:
        """Put a folder (or one file) into the inbox, with its sub-folders; only what is new or changed is sent."""
        documents = find_documents(folder, self.layout.inbox)
        return upload_documents(self.connection.storage(), documents)

    def unfinished_runs(self) -> list[DagRun]:
        """Runs that are queued or running, oldest first."""
        api = self.api
        return self._patience.ask(lambda: api.unfinished_runs(self.dag_id))

    def is_anything_new(self) -> bool:
        """Whether the inbox has something that was not processed and that no unfinished run has taken."""
        unfinished = {run.run_id for run in self.unfinished_runs()}
        options = RunOptions.from_form({}, self.pipeline)
        return is_anything_new(
            self.connection.storage(), self.layout, options, is_running=lambda run_id: run_id in unfinished
        )

    def trigger(self, conf: Mapping[str, object] | None = None) -> str:
        """Start a run; returns its id.

        Args:
            conf: values of the trigger form; what is left out has its default.
        """
        api, run_id = self.api, new_run_id()
        return self._patience.ask(lambda: api.trigger(self.dag_id, run_id, conf or {}, note="Triggered by make"))

    def wait(self, run_id: str | None = None) -> RunResult:
        """Wait for a run and for every other that is unfinished or starts meanwhile; shows progress.

        Failures are shown as they happen. A restart of Airflow's scheduler is shown and waited for.

        Args:
            run_id: the run, or None for whatever is unfinished.

        Raises:
            EmbeddedError: Airflow was stopped or no longer answers.
        """
        watch = RunWatch(self.airflow, self.dag_id, self.screen, self._patience, {run_id} if run_id else set())
        try:
            return watch.until_all_are_over()
        finally:
            self.screen.close()

    def outcomes(self, run_ids: tuple[str, ...]) -> list[DocumentOutcome]:
        """What became of the documents of these runs."""
        with open_lake(self.connection, self.layout, self.state.path / "duckdb") as database:
            return read_outcomes(database, self.layout, run_ids)

    @contextlib.contextmanager
    def s3_for_a_while(self) -> Iterator[S3Connection]:
        """The S3 server; where it does not run it is started, and stopped again."""
        if self.s3_server.is_running:
            yield self.s3_server.start()
            return
        if self.state.read_connection() is None:
            raise EmbeddedError("the lake is empty: nothing was started here yet; `make run` fills it")
        with self.state.lock():
            was_running = self.s3_server.is_running
            connection = self.s3_server.start()
            try:
                yield connection
            finally:
                if not was_running:
                    self.s3_server.stop()
