"""The shard operator against a real Docker daemon and a real S3 server."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from ocr_tasks.contract import PageResult, PageStatus, Runner
from tenderlake.layout import Layout
from tenderlake.ocr import EngineUnavailableError
from tenderlake.runs import PlannedShard
from tenderlake.settings import Settings, get_settings
from tenderlake.storage import Storage
from tenderlake_airflow.ocr_shard import OcrShardOperator
from tests.shards import planned_shard
from tests.tinymodels import READING_SOON_ENDS

pytestmark = pytest.mark.docker

SHARD_KEY = "work/runs/run-1/shards/shard-0001.json"
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="ingest_tenders", run_id="run-1", try_number=1, map_index=0)}


@pytest.fixture
def airflow_storage(
    storage: Storage, s3_server: Any, ocr_image: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Storage]:
    """A bucket that the operator finds as in production: by the Airflow connection and the settings."""
    connection = {
        "conn_type": "aws",
        "login": s3_server.access_key_id,
        "password": s3_server.secret_access_key,
        "extra": {"endpoint_url": s3_server.endpoint_url, "region_name": "us-east-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_TENDERLAKE_S3", json.dumps(connection))
    monkeypatch.setenv("TENDERLAKE_BUCKET", storage.bucket)
    monkeypatch.setenv("TENDERLAKE_OCR_IMAGE", ocr_image)
    monkeypatch.setenv("TENDERLAKE_RUNNER", "docker")
    get_settings.cache_clear()
    yield storage
    get_settings.cache_clear()


def operator(**kwargs: Any) -> OcrShardOperator:
    return OcrShardOperator(task_id="ocr", shard_key=SHARD_KEY, **kwargs)


def put_shard(storage: Storage, count: int, engine: str = "null", **options: str | int) -> PlannedShard:
    shard = planned_shard(storage, Layout(Settings()), count, engine, **options)
    storage.put_model(SHARD_KEY, shard)
    return shard


@pytest.fixture
def with_paddleocr(airflow_storage: Storage, paddleocr_image: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The image that the PaddleOCR-VL engines are read with; that of the others has no PaddleOCR."""
    monkeypatch.setenv("TENDERLAKE_PADDLEOCR_IMAGE", paddleocr_image)
    get_settings.cache_clear()
    return paddleocr_image


def results(storage: Storage, shard: PlannedShard) -> list[PageResult]:
    return [storage.get_model(page.result_key, PageResult) for page in shard.pages]


def own_containers(client: docker.DockerClient) -> list[Any]:
    return list(client.containers.list(all=True, filters={"label": "tenderlake.run_id=run-1"}))


def test_a_shard_is_read_in_a_container_that_is_gone_afterwards(
    airflow_storage: Storage, docker_client: docker.DockerClient, ocr_image: str
) -> None:
    shard = put_shard(airflow_storage, 2)
    counts = operator().execute(CONTEXT)
    assert counts == {"runner": "docker", "pages": 2, "blamed": 0, "attempts": 1}
    for result in results(airflow_storage, shard):
        assert (result.status, result.runner, result.image) == (PageStatus.DONE, Runner.DOCKER, ocr_image)
    assert own_containers(docker_client) == []
    assert list(airflow_storage.list_objects("work/runs/run-1/signed/")) == []
    with pytest.raises(AirflowSkipException):
        operator().execute(CONTEXT)


def test_the_container_is_locked_down_and_holds_no_credentials(
    airflow_storage: Storage, docker_client: docker.DockerClient, s3_server: Any
) -> None:
    put_shard(airflow_storage, 1, engine="faulty", fault="hang", fault_page_number=1)
    task = operator()
    thread = start_in_background(task)
    container = wait_for_container(docker_client)
    attributes = container.attrs
    host = attributes["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["PidsLimit"] == 256
    assert host["Memory"] == host["MemorySwap"] == 4 * 2**30
    assert host["NanoCpus"] == 2_000_000_000
    assert host["Init"] is True
    assert host["ShmSize"] == 256 * 2**20
    assert host["NetworkMode"] == "host", "S3 listens on this host's loopback address"
    assert host["Tmpfs"] == {"/tmp": f"rw,nosuid,nodev,size={2**30}"}  # noqa: S108 - inside the container
    assert not host["Binds"]
    assert not host["Privileged"]
    assert not attributes["Mounts"]
    assert attributes["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert attributes["Config"]["Cmd"] == ["run"]
    environment = "\n".join(attributes["Config"]["Env"])
    assert s3_server.secret_access_key not in environment
    assert s3_server.secret_access_key not in json.dumps(attributes["Config"]["Cmd"])
    task.on_kill()
    thread.join(60)
    assert not thread.is_alive()


def start_in_background(task: OcrShardOperator) -> threading.Thread:
    """A task that will be killed; whatever it ends with then is Airflow's business."""

    def run() -> None:
        with contextlib.suppress(Exception):
            task.execute(CONTEXT)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def wait_for_container(client: docker.DockerClient) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        running = client.containers.list(filters={"label": "tenderlake.run_id=run-1", "status": "running"})
        if running:
            return running[0]
        time.sleep(0.2)
    raise AssertionError("no container was started")


def test_on_kill_stops_and_removes_the_container(airflow_storage: Storage, docker_client: docker.DockerClient) -> None:
    put_shard(airflow_storage, 1, engine="faulty", fault="hang", fault_page_number=1)
    task = operator()
    thread = start_in_background(task)
    wait_for_container(docker_client)
    task.on_kill()
    thread.join(60)
    assert not thread.is_alive()
    assert own_containers(docker_client) == []


def test_a_container_of_a_dead_worker_is_removed_before_the_next_try(
    airflow_storage: Storage, docker_client: docker.DockerClient, ocr_image: str
) -> None:
    left = docker_client.containers.run(
        ocr_image,
        entrypoint=["sleep", "600"],
        detach=True,
        network_mode="none",
        labels={
            "tenderlake.lake": f"{airflow_storage.endpoint_url}/{airflow_storage.bucket}",
            "tenderlake.run_id": "run-1",
            "tenderlake.shard_id": "shard-0001",
        },
    )
    put_shard(airflow_storage, 1)
    operator().execute(CONTEXT)
    with pytest.raises(docker.errors.NotFound):
        left.reload()


def test_a_page_out_of_memory_fails_alone(
    airflow_storage: Storage, monkeypatch: pytest.MonkeyPatch, docker_client: docker.DockerClient
) -> None:
    monkeypatch.setenv("TENDERLAKE_OCR_MEMORY_BYTES", str(200 * 2**20))
    get_settings.cache_clear()
    shard = put_shard(airflow_storage, 4, engine="faulty", fault="out_of_memory", fault_page_number=2)
    counts = operator().execute(CONTEXT)
    assert counts["blamed"] == 1
    failed = [result for result in results(airflow_storage, shard) if result.status is PageStatus.FAILED]
    assert [result.page_number for result in failed] == [2]
    assert "out of memory" in str(failed[0].reason)
    assert own_containers(docker_client) == []


def test_a_missing_image_says_how_to_get_it(airflow_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_OCR_IMAGE", "tenderlake/no-such-image:1")
    get_settings.cache_clear()
    put_shard(airflow_storage, 1)
    with pytest.raises(EngineUnavailableError, match=r"no image tenderlake/no-such-image:1: build it"):
        operator().execute(CONTEXT)


def test_auto_falls_back_to_a_process_and_says_why(
    airflow_storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TENDERLAKE_OCR_IMAGE", "tenderlake/no-such-image:1")
    monkeypatch.setenv("TENDERLAKE_RUNNER", "auto")
    get_settings.cache_clear()
    shard = put_shard(airflow_storage, 1)
    assert operator().execute(CONTEXT)["runner"] == "process"
    said = "Runner: child process, because the Docker daemon has no image tenderlake/no-such-image:1: build it"
    assert said in capsys.readouterr().out
    assert results(airflow_storage, shard)[0].runner is Runner.PROCESS


def test_an_unknown_engine_fails_at_once(airflow_storage: Storage) -> None:
    put_shard(airflow_storage, 1, engine="no-such-engine")
    with pytest.raises(EngineUnavailableError, match="no-such-engine"):
        operator().execute(CONTEXT)


def test_a_gpu_that_is_not_there_fails_at_once_and_leaves_no_container(
    airflow_storage: Storage, monkeypatch: pytest.MonkeyPatch, docker_client: docker.DockerClient
) -> None:
    monkeypatch.setenv("TENDERLAKE_GPU_DEVICE_IDS", "0")
    get_settings.cache_clear()
    put_shard(airflow_storage, 1)
    with pytest.raises(EngineUnavailableError, match=r"Docker cannot start.*install the NVIDIA container toolkit"):
        operator().execute(CONTEXT)
    assert own_containers(docker_client) == []


def test_paddleocr_vl_reads_in_its_own_image_with_limits_of_its_own(
    airflow_storage: Storage, with_paddleocr: str, docker_client: docker.DockerClient
) -> None:
    shard = put_shard(airflow_storage, 2, engine="paddleocr-vl", **READING_SOON_ENDS)
    task = operator()
    thread = start_in_background(task)
    host = wait_for_container(docker_client).attrs["HostConfig"]
    thread.join(300)
    assert (host["Memory"], host["PidsLimit"], host["ShmSize"]) == (16 * 2**30, 1024, 2**30)
    assert host["ReadonlyRootfs"] is True
    assert not host["DeviceRequests"], "device=cpu needs no GPU"
    for result in results(airflow_storage, shard):
        assert (result.status, result.runner, result.image) == (PageStatus.DONE, Runner.DOCKER, with_paddleocr)
        assert str(result.model).startswith("PaddleOCR-VL-1.6")


def test_paddleocr_vl_asks_for_the_first_gpu_and_says_what_is_missing(
    airflow_storage: Storage, with_paddleocr: str
) -> None:
    put_shard(airflow_storage, 1, engine="paddleocr-vl")
    with pytest.raises(EngineUnavailableError, match=rf"cannot start {with_paddleocr}.*GPUs asked for: 0:.*toolkit"):
        operator().execute(CONTEXT)


def test_a_missing_paddleocr_image_names_its_setting(airflow_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_PADDLEOCR_IMAGE", "tenderlake/no-such-image:1")
    get_settings.cache_clear()
    put_shard(airflow_storage, 1, engine="paddleocr-vl-server")
    with pytest.raises(EngineUnavailableError, match=r"no image tenderlake/no-such.*TENDERLAKE_PADDLEOCR_IMAGE"):
        operator().execute(CONTEXT)


def test_the_key_of_a_server_is_in_the_container_and_nowhere_else(
    airflow_storage: Storage,
    with_paddleocr: str,
    docker_client: docker.DockerClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server never answers, so that there is time to look."""
    monkeypatch.setenv("TENDERLAKE_OCR_SERVER_API_KEY", "key-of-the-model-server")
    get_settings.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        put_shard(airflow_storage, 1, engine="paddleocr-vl-server", device="cpu", server_url=address)
        task = operator()
        thread = start_in_background(task)
        container = wait_for_container(docker_client)
        assert "OCR_SERVER_API_KEY=key-of-the-model-server" in container.attrs["Config"]["Env"]
        assert "key-of-the-model-server" not in json.dumps(container.attrs["Config"]["Cmd"])
        task.on_kill()
        thread.join(60)
    written = [airflow_storage.get_bytes(item.key) for item in airflow_storage.list_objects("")]
    assert not any(b"key-of-the-model-server" in content for content in written)
    assert "key-of-the-model-server" not in caplog.text + "".join(capfd.readouterr())
