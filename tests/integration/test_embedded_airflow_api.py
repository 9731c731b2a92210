"""What the launcher makes of Airflow's answers.

A small server answers as Airflow does: tokens that have run out, lists of several pages and a task that failed in a
certain way can be had from a real one only by waiting a day or breaking things. The e2e tier talks to the real one.
"""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tenderlake.embedded.airflow import Airflow as EmbeddedAirflow
from tenderlake.embedded.airflow_api import AirflowApi, AirflowUnavailableError, TaskInstance, new_run_id
from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.patience import Patience
from tenderlake.embedded.progress import Screen
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.state import S3Connection, StateFolder
from tenderlake.embedded.watch import RunWatch
from tenderlake.settings import Settings

pytestmark = pytest.mark.integration

TASKS = 250
LOG = {
    "content": [
        {"event": "::group::Log message source details"},
        {"level": "error", "event": "Failed to establish connection to Docker host"},
        {
            "level": "error",
            "event": "Task failed with exception",
            "error_detail": [
                {"exc_type": "StorageUnavailableError", "exc_value": "cannot reach S3\nsecond line"},
                {"exc_type": "EndpointConnectionError", "exc_value": "deeper"},
            ],
        },
        {"level": "info", "event": "::group::Post Execute"},
    ]
}
DAG_TASKS = {
    "tasks": [
        {"task_id": "assemble", "downstream_task_ids": ["publish"]},
        {"task_id": "publish", "downstream_task_ids": []},
        {"task_id": "discover", "downstream_task_ids": ["assemble", "prepare"]},
        {"task_id": "prepare", "downstream_task_ids": ["assemble"]},
    ]
}


class Airflow(BaseHTTPRequestHandler):
    valid_token: ClassVar[str] = "token-1"
    logins: ClassVar[int] = 0
    refusals: ClassVar[int] = 0
    answers_lost: ClassVar[int] = 0
    runs: ClassVar[list[str]] = []
    to_come: ClassVar[dict[str, list[str]]] = {}
    """States of runs, one for each time that it is asked for; the last one stays."""
    asked_for_tasks: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/dagRuns") and not sent["conf"]:
            self._start_run(sent["dag_run_id"])
        elif self.path != "/auth/token":
            self._answer(422, {"detail": "conf: unknown field"})
        elif sent == {"username": "operator", "password": "right"}:
            Airflow.logins += 1
            self._answer(201, {"access_token": self.valid_token})
        else:
            self._answer(401, {"detail": "Invalid credentials"})

    def _start_run(self, run_id: str) -> None:
        if Airflow.refusals:
            Airflow.refusals -= 1
            self._answer(503, {})
        elif run_id in Airflow.runs:
            self._answer(409, {"detail": "DagRun already exists"})
        else:
            Airflow.runs.append(run_id)
            if Airflow.answers_lost:
                Airflow.answers_lost -= 1
                self.close_connection = True
            else:
                self._answer(200, {"dag_run_id": run_id})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Bearer {self.valid_token}":
            self._answer(401, {"detail": "Invalid JWT token"})
        elif url.path.endswith("/taskInstances"):
            Airflow.asked_for_tasks[url.path.split("/")[-2]] += 1
            asked = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            numbers = range(asked["offset"], min(asked["offset"] + asked["limit"], TASKS))
            items = [{"task_id": "ocr", "map_index": n, "state": "success", "try_number": 1} for n in numbers]
            self._answer(200, {"task_instances": items, "total_entries": TASKS})
        elif "/logs/" in url.path:
            self._answer(200, LOG)
        elif url.path.endswith("/tasks"):
            self._answer(200, DAG_TASKS)
        elif url.path.endswith("/dagRuns"):
            unfinished = [run_id for run_id, states in Airflow.to_come.items() if states[0] in ("queued", "running")]
            items = [{"dag_run_id": run_id, "state": Airflow.to_come[run_id][0]} for run_id in unfinished]
            self._answer(200, {"dag_runs": items, "total_entries": len(items)})
        elif (states := Airflow.to_come.get(url.path.rsplit("/", 1)[1])) is not None:
            state = states.pop(0) if len(states) > 1 else states[0]
            self._answer(200, {"dag_run_id": url.path.rsplit("/", 1)[1], "state": state})
        elif "/dagRuns/" in url.path and unquote(url.path.rsplit("/", 1)[1]) in Airflow.runs:
            self._answer(200, {"dag_run_id": unquote(url.path.rsplit("/", 1)[1]), "state": "queued"})
        elif url.path.endswith("/pools"):
            self._answer(503, {})
        else:
            self._answer(404, {"detail": "not found"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def api() -> Iterator[AirflowApi]:
    Airflow.logins, Airflow.valid_token = 0, "token-1"
    Airflow.refusals, Airflow.answers_lost, Airflow.runs = 0, 0, []
    Airflow.to_come, Airflow.asked_for_tasks = {}, Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Airflow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield AirflowApi(f"http://127.0.0.1:{server.server_port}", "operator", "right")
    server.shutdown()
    server.server_close()


def test_a_token_is_fetched_once_and_again_when_it_has_run_out(api: AirflowApi) -> None:
    api.task_order("ingest_tenders")
    api.task_order("ingest_tenders")
    assert Airflow.logins == 1
    Airflow.valid_token = "token-2"
    assert api.task_order("ingest_tenders")
    assert Airflow.logins == 2


def test_a_wrong_password_is_said_and_not_shown(api: AirflowApi) -> None:
    stranger = AirflowApi(api.base_url, "operator", "wrong-password")
    with pytest.raises(AirflowUnavailableError, match="refused the login") as refusal:
        stranger.task_order("ingest_tenders")
    assert "wrong-password" not in f"{refusal.value}{stranger!r}"


def test_long_lists_are_read_to_the_end(api: AirflowApi) -> None:
    found = api.task_instances("ingest_tenders", "manual__2026-11-21T12:00:00+00:00")
    assert [task.map_index for task in found] == list(range(TASKS))


def test_tasks_stand_after_everything_they_wait_for(api: AirflowApi) -> None:
    assert api.task_order("ingest_tenders") == ["discover", "prepare", "assemble", "publish"]


def test_of_a_log_the_last_error_is_shown_in_one_line(api: AirflowApi) -> None:
    said = api.last_error("ingest_tenders", "run", TaskInstance("ocr", 0, "failed", 2))
    assert said == "StorageUnavailableError: cannot reach S3"


def test_what_is_not_there_is_told_from_what_does_not_work(api: AirflowApi) -> None:
    assert api.dag_parsed_at("no_such_dag") is None
    with pytest.raises(AirflowUnavailableError, match="503"):
        api.pool_slots()
    with pytest.raises(EmbeddedError, match="conf: unknown field"):
        api.trigger("ingest_tenders", new_run_id(), {"nonsense": 1}, "note")
    nowhere = AirflowApi("http://127.0.0.1:1", "operator", "right")
    with pytest.raises(AirflowUnavailableError, match="does not answer"):
        nowhere.unhealthy_parts()


def patience(*, is_running: bool = True, silence_limit_s: float = 60.0) -> Patience:
    return Patience(lambda: is_running, Path("logs"), Screen(io.StringIO()), silence_limit_s)


def test_a_busy_airflow_is_asked_again_and_starts_one_run(api: AirflowApi) -> None:
    Airflow.refusals, Airflow.answers_lost = 1, 1
    run_id = new_run_id()
    assert patience().ask(lambda: api.trigger("ingest_tenders", run_id, {}, "note")) == run_id
    assert (Airflow.runs, Airflow.refusals, Airflow.answers_lost) == ([run_id], 0, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (patience(silence_limit_s=0.0), r"has not answered for \d+ s \(logs: logs\)"),
        (patience(is_running=False), "Airflow was stopped"),
    ],
)
def test_the_waiting_has_an_end(api: AirflowApi, given: Patience, message: str) -> None:
    with pytest.raises(EmbeddedError, match=message):
        given.ask(api.pool_slots)


def test_what_airflow_refuses_is_not_asked_again(api: AirflowApi) -> None:
    with pytest.raises(EmbeddedError, match="conf: unknown field"):
        patience().ask(lambda: api.trigger("ingest_tenders", new_run_id(), {"nonsense": 1}, "note"))


def test_a_run_that_is_over_is_not_asked_for_again(api: AirflowApi, tmp_path: Path) -> None:
    # A chain of runs through a large inbox has hundreds of them, each with dozens of tasks, and is followed to its end.
    Airflow.to_come = {"first": ["success"], "second": ["running", "running", "failed"]}
    state = StateFolder(tmp_path / "state")
    state.create()
    state.secret("airflow_password", lambda: "right")
    state.write_ports("airflow", {"api": int(api.base_url.rpartition(":")[2])})
    s3 = S3Connection("http://127.0.0.1:9", "key", "secret", "bucket")
    here = EmbeddedAirflow(state, EmbeddedSettings(dags_folder=tmp_path), Settings(), s3)
    screen = Screen(io.StringIO())
    patience = Patience(lambda: True, tmp_path, screen)
    watch = RunWatch(here, "ingest", screen, patience, {"first"})
    result = watch.until_all_are_over()
    assert {run.run_id: run.state for run in result.runs} == {"first": "success", "second": "failed"}
    pages = 3  # of the list of tasks
    assert Airflow.asked_for_tasks == {"first": pages, "second": 3 * pages}
    Airflow.to_come["first"] = ["running", "success"]  # somebody has cleared a task of it
    assert [run.state for run in watch.until_all_are_over().runs] == ["success", "failed"]
    assert Airflow.asked_for_tasks["first"] > pages
