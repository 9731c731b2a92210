"""What the embedded Airflow is told, and what stays outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenderlake.embedded.airflow import Airflow, passed_on
from tenderlake.embedded.airflow_api import TaskInstance
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.state import S3Connection, StateFolder
from tenderlake.pools import PoolName, pools_file
from tenderlake.settings import Settings

pytestmark = pytest.mark.unit

S3 = S3Connection("http://127.0.0.1:8333", "key-id", "very-secret", "tenders")


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    state = StateFolder(tmp_path / "state")
    state.create()
    return Airflow(state, EmbeddedSettings(dags_folder=tmp_path, parallelism=3), Settings(), S3)


def test_settings_of_ours_and_docker_pass_and_strangers_do_not() -> None:
    caller = {
        "PATH": "/bin",
        "TENDERLAKE_ENGINE": "null",
        "DOCKER_HOST": "unix:///run/mine.sock",
        "AWS_PROFILE": "production",
        "AWS_SECRET_ACCESS_KEY": "of another cloud",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production",
        "HTTPS_PROXY": "http://proxy",
        "GITHUB_TOKEN": "token",
    }
    assert set(passed_on(caller)) == {"PATH", "TENDERLAKE_ENGINE", "DOCKER_HOST"}


def test_everything_that_hangs_on_the_port_moves_with_it(airflow: Airflow) -> None:
    environment = airflow.environment(18099)
    assert environment["AIRFLOW__API__PORT"] == "18099"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18099"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18099/execution/"
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_the_s3_connection_is_the_one_that_the_settings_name(airflow: Airflow) -> None:
    connection = json.loads(airflow.environment(8080)["AIRFLOW_CONN_TENDERLAKE_S3"])
    assert connection["conn_type"] == "aws"
    assert (connection["login"], connection["password"]) == ("key-id", "very-secret")
    assert connection["extra"]["endpoint_url"] == "http://127.0.0.1:8333"
    assert airflow.environment(8080)["TENDERLAKE_BUCKET"] == "tenders"


def test_there_is_one_user_with_a_password_that_stays(airflow: Airflow) -> None:
    environment = airflow.environment(8080)
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "operator:admin"
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert len(airflow.password) >= 16
    assert airflow.password == airflow.password
    keys = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
    assert {environment[key] for key in keys} == {airflow.environment(8081)[key] for key in keys}
    assert len({environment[key] for key in keys}) == 3


def test_a_task_log_is_found_where_airflow_writes_it(airflow: Airflow) -> None:
    path = airflow.task_log("ingest_tenders", "manual__1", TaskInstance("prepare", 2, "failed", 3))
    inside = "logs/dag_id=ingest_tenders/run_id=manual__1/task_id=prepare/map_index=2/attempt=3.log"
    assert path == airflow.home / inside


def test_pools_follow_the_settings_and_the_single_writers_stay_single() -> None:
    pools = json.loads(pools_file(Settings(gpu_pool_slots=5, cpu_pool_slots=3)))
    assert {name: pool["slots"] for name, pool in pools.items()} == {
        PoolName.GPU: 5,
        PoolName.CPU: 3,
        PoolName.LAKE: 1,
        PoolName.DISCOVERY: 1,
    }
