"""Following runs until they are over: progress, failures as they happen, restarts of Airflow's processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from tenderlake.embedded.airflow import Airflow
from tenderlake.embedded.airflow_api import AirflowApi, AirflowUnavailableError, DagRun, TaskInstance
from tenderlake.embedded.patience import LOOK_EVERY_S, Patience
from tenderlake.embedded.progress import Screen, progress_text, stage_progress

_REST_SHARE = 4
"""How many times as long as a look took the next one waits."""
_NO_MESSAGE = "it left no message in its log"


@dataclass(frozen=True)
class TaskFailure:
    """A task that failed for good: what it said last and where the whole log is."""

    run_id: str
    task: TaskInstance
    message: str
    log: Path


@dataclass(frozen=True)
class RunResult:
    """How some runs ended: the one that was waited for and those that it, or the clock, started meanwhile."""

    runs: tuple[DagRun, ...]
    failures: tuple[TaskFailure, ...] = ()

    @property
    def has_succeeded(self) -> bool:
        """Whether all of them ended well. Quarantined documents are no failure of a run."""
        return all(run.state == "success" for run in self.runs)

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(run.run_id for run in self.runs)


@dataclass
class RunWatch:
    """Follows runs of a DAG.

    Args:
        airflow: where they run.
        dag_id: the DAG.
        screen: where progress and failures are shown.
        patience: with an Airflow that does not answer.
        followed: ids of the runs to begin with; whatever else is unfinished is followed too.
    """

    airflow: Airflow
    dag_id: str
    screen: Screen
    patience: Patience
    followed: set[str]
    failures: dict[tuple[str, str], TaskFailure] = field(default_factory=dict)
    _over: dict[str, tuple[DagRun, list[TaskInstance]]] = field(default_factory=dict)
    """How runs that are over ended: a chain of them may be long, and they are not asked for again."""
    _told_retries: set[tuple[str, str, int]] = field(default_factory=set)
    _order: list[str] = field(default_factory=list)
    _supervisor_log_read: int = 0

    def until_all_are_over(self) -> RunResult:
        """Wait for the end of all runs, also of those that begin meanwhile.

        Raises:
            EmbeddedError: Airflow was stopped, or does not answer any more.
        """
        self._supervisor_log_read = len(self._supervisor_log())
        api = self.airflow.api()
        heard_at = time.monotonic()
        while True:
            try:
                asked_at = time.monotonic()
                runs = self._look(api)
                heard_at = time.monotonic()
                if all(run.is_over for run in runs) and not self._follow_others(api):
                    return RunResult(tuple(runs), tuple(self.failures.values()))
                # Runs of many tasks are much to tell, and the tasks need Airflow's answers too.
                time.sleep(max(LOOK_EVERY_S, _REST_SHARE * (heard_at - asked_at)))
            except AirflowUnavailableError as error:
                self.patience.wait(heard_at, error)
            self._show_restarts()

    def _look(self, api: AirflowApi) -> list[DagRun]:
        """Show how far the runs are, and return them as they stand."""
        self._order = self._order or api.task_order(self.dag_id)
        self._follow_others(api)
        found = [self._over.get(run_id) or self._look_at(api, run_id) for run_id in sorted(self.followed)]
        runs = [run for run, _ in found]
        instances = [instance for _, of_run in found for instance in of_run]
        several = f"{len(runs)} runs: " if len(runs) > 1 else ""
        self.screen.progress(several + progress_text(stage_progress(self._order, instances)))
        return runs

    def _look_at(self, api: AirflowApi, run_id: str) -> tuple[DagRun, list[TaskInstance]]:
        run = api.run(self.dag_id, run_id)
        instances = api.task_instances(self.dag_id, run_id)
        self._show_failures(api, run, instances)
        if run.is_over:
            self._over[run_id] = run, instances
        return run, instances

    def _follow_others(self, api: AirflowApi) -> bool:
        """Follow what is unfinished; whether there was anything new."""
        unfinished = {run.run_id for run in api.unfinished_runs(self.dag_id)}
        for run_id in unfinished:
            self._over.pop(run_id, None)  # somebody has cleared a task of it
        is_new = not unfinished <= self.followed
        self.followed |= unfinished
        return is_new

    def _show_failures(self, api: AirflowApi, run: DagRun, instances: list[TaskInstance]) -> None:
        for task in instances:
            if task.has_failed and (run.run_id, task.name) not in self.failures:
                failure = TaskFailure(
                    run.run_id,
                    task,
                    api.last_error(self.dag_id, run.run_id, task) or _NO_MESSAGE,
                    self.airflow.task_log(self.dag_id, run.run_id, task),
                )
                self.failures[(run.run_id, task.name)] = failure
                self.screen.say(f"{task.name} failed: {failure.message}\n  log: {failure.log}")
            elif task.state == "up_for_retry" and (run.run_id, task.name, task.try_number) not in self._told_retries:
                self._told_retries.add((run.run_id, task.name, task.try_number))
                message = api.last_error(self.dag_id, run.run_id, task) or _NO_MESSAGE
                self.screen.say(f"{task.name} is tried again: {message}")

    def _show_restarts(self) -> None:
        """The supervisor's log says which of Airflow's processes died."""
        log = self._supervisor_log()
        for line in log[self._supervisor_log_read :].splitlines():
            self.screen.say(f"Airflow: {line}")
        self._supervisor_log_read = len(log)

    def _supervisor_log(self) -> str:
        try:
            return self.airflow.supervisor_log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
