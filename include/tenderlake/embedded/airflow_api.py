"""The few calls of Airflow's REST API that the embedded services need, with typed answers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import urllib3

from tenderlake.embedded.errors import EmbeddedError

_PAGE = 100
_TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)
_NOT_BEGUN = ("queued", "running")
_ERROR_LEVELS = ("error", "critical")


class AirflowUnavailableError(EmbeddedError):
    """Airflow does not answer (yet)."""


class _ConflictError(EmbeddedError):
    """What is to be made is there already."""


def new_run_id() -> str:
    """An id for a run, as Airflow makes them for runs that people trigger."""
    return f"manual__{datetime.now(UTC).isoformat(timespec='seconds')}_{secrets.token_hex(4)}"


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG."""

    run_id: str
    state: str
    queued_at: datetime | None
    run_type: str = "manual"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in it."""
        return self.state not in _NOT_BEGUN


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run; ``map_index`` is -1 for a task that is not (or not yet) mapped."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int

    @property
    def is_done(self) -> bool:
        """Whether it ended well or was rightly left out."""
        return self.state in ("success", "skipped", "removed")

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly by itself."""
        return self.state == "failed"

    @property
    def name(self) -> str:
        """As people write it: ``prepare[3]``."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class ImportProblem:
    """A DAG file that Airflow cannot load."""

    filename: str
    last_line: str


@dataclass
class AirflowApi:
    """A client with the login of the embedded operator."""

    base_url: str
    username: str
    password: str = field(repr=False)
    _token: str | None = field(default=None, repr=False)
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=_TIMEOUT, retries=urllib3.Retry(2, backoff_factor=0.2)),
        repr=False,
    )

    def _send(
        self, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        try:
            return self._http.request(method, self.base_url + path, body=data, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise AirflowUnavailableError(
                f"Airflow at {self.base_url} does not answer, being stopped or too busy: `make run` goes on"
            ) from error

    def _login(self) -> str:
        answer = self._send("POST", "/auth/token", {"username": self.username, "password": self.password})
        if answer.status != 201:
            raise AirflowUnavailableError(f"Airflow at {self.base_url} refused the login ({answer.status})")
        self._token = str(answer.json()["access_token"])
        return self._token

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Call an endpoint; a missing thing is None, everything else that is no success an error."""
        answer = self._send(method, path, body, token=self._token or self._login())
        if answer.status == 401:  # a token lives a day, the services may live longer
            answer = self._send(method, path, body, token=self._login())
        if answer.status == 404:
            return None
        if answer.status >= 500:
            raise AirflowUnavailableError(f"Airflow answered {answer.status} to {method} {path}")
        if answer.status >= 400:
            kind = _ConflictError if answer.status == 409 else EmbeddedError
            raise kind(f"Airflow refused {method} {path} ({answer.status}): {_detail(answer)}")
        return answer.json() if answer.data else {}

    def _pages(self, path: str, name: str) -> Iterator[Any]:
        """All items of a collection."""
        offset, sign = 0, "&" if "?" in path else "?"
        while True:
            answer = self._call("GET", f"{path}{sign}limit={_PAGE}&offset={offset}") or {}
            items = answer.get(name, [])
            yield from items
            offset += len(items)
            if not items or offset >= int(answer.get("total_entries", 0)):
                return

    def unhealthy_parts(self) -> list[str]:
        """Parts of Airflow that do not work (yet); empty when all are well."""
        answer = self._send("GET", "/api/v2/monitor/health")
        if answer.status != 200:
            raise AirflowUnavailableError(f"Airflow at {self.base_url} answered {answer.status}")
        return [name for name, part in answer.json().items() if part.get("status") != "healthy"]

    def dag_parsed_at(self, dag_id: str) -> datetime | None:
        """When Airflow last loaded the DAG from its file; None where it does not know it."""
        answer = self._call("GET", f"/api/v2/dags/{quote(dag_id)}") or {}
        parsed_at = answer.get("last_parsed_time")
        return datetime.fromisoformat(parsed_at) if parsed_at else None

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._call("PATCH", f"/api/v2/dags/{quote(dag_id)}?update_mask=is_paused", {"is_paused": False})

    def import_problems(self) -> list[ImportProblem]:
        """DAG files that cannot be loaded."""
        return [
            ImportProblem(str(item["filename"]), str(item["stack_trace"]).strip().splitlines()[-1])
            for item in self._pages("/api/v2/importErrors", "import_errors")
        ]

    def pool_slots(self) -> dict[str, int]:
        """Slots of every pool."""
        return {str(item["name"]): int(item["slots"]) for item in self._pages("/api/v2/pools", "pools")}

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, object], note: str) -> str:
        """Trigger a run now; returns its id.

        Args:
            dag_id: the DAG.
            run_id: of :func:`new_run_id`. Asked again with the same id, where the answer was lost, Airflow starts no
                second run.
            conf: values of the trigger form.
            note: shown beside the run.
        """
        wanted = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf), "note": note}
        try:
            answer = self._call("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", wanted)
        except _ConflictError:
            return self.run(dag_id, run_id).run_id
        if answer is None:
            raise EmbeddedError(f"Airflow does not know the DAG {dag_id}")
        return str(answer["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """One run as it stands."""
        answer = self._call("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")
        if answer is None:
            raise EmbeddedError(f"run {run_id} of {dag_id} is gone: somebody deleted it")
        return _dag_run(answer)

    def unfinished_runs(self, dag_id: str) -> list[DagRun]:
        """Runs that are queued or running, oldest first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?state=queued&state=running&order_by=run_after"
        return [_dag_run(item) for item in self._pages(path, "dag_runs")]

    def task_order(self, dag_id: str) -> list[str]:
        """The DAG's tasks, each after everything it waits for."""
        answer = self._call("GET", f"/api/v2/dags/{quote(dag_id)}/tasks") or {}
        waiting_for: dict[str, set[str]] = {str(task["task_id"]): set() for task in answer.get("tasks", [])}
        for task in answer.get("tasks", []):
            for later in task.get("downstream_task_ids") or []:
                waiting_for[str(later)].add(str(task["task_id"]))
        order: list[str] = []
        while waiting_for:
            ready = sorted(task for task, before in waiting_for.items() if before <= set(order))
            order += ready
            for task in ready:
                del waiting_for[task]
        return order

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """All tasks of a run."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances"
        return [
            TaskInstance(str(item["task_id"]), int(item["map_index"]), item["state"], int(item["try_number"]))
            for item in self._pages(path, "task_instances")
        ]

    def last_error(self, dag_id: str, run_id: str, task: TaskInstance) -> str:
        """The last error in the log of a task's last try, in one line; empty where there is none."""
        path = (
            f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task.task_id)}"
            f"/logs/{max(task.try_number, 1)}?map_index={task.map_index}&full_content=true"
        )
        answer = self._call("GET", path) or {}
        entries = [entry for entry in answer.get("content", []) if isinstance(entry, dict)]
        for entry in reversed(entries):
            if str(entry.get("level", "")).lower() in _ERROR_LEVELS:
                return _error_line(entry)
        return ""


def _dag_run(answer: Mapping[str, Any]) -> DagRun:
    queued_at = answer.get("queued_at")
    return DagRun(
        run_id=str(answer["dag_run_id"]),
        state=str(answer["state"]),
        queued_at=datetime.fromisoformat(queued_at) if queued_at else None,
        run_type=str(answer.get("run_type", "manual")),
    )


def _error_line(entry: Mapping[str, Any]) -> str:
    """The exception where the entry has one (of a chain the outermost), else its text."""
    details = entry.get("error_detail") or []
    if details:
        first = details[0]
        return f"{first.get('exc_type')}: {first.get('exc_value')}".strip().splitlines()[0]
    return str(entry.get("event", "")).strip().splitlines()[0] if entry.get("event") else ""


def _detail(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        detail = answer.data.decode(errors="replace")
    return str(detail)[:500]
