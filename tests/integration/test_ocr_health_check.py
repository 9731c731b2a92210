"""Given a service in whatever state, the container's health check fails for what is wrong with this container alone.

Swarm, ECS and others replace a container that is unhealthy. Here the check and the service are child processes.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.obstacles import ocr_python
from tests.ocrservice import OcrService, engine, serving, starting, wait_for
from tests.tinymodels import READING_SOON_ENDS, ROOT, copied_models, paddle_environment, tiny_models
from tests.vlmserver import StandIn

pytestmark = pytest.mark.integration

NOBODY = "http://127.0.0.1:1/v1"


def checked(service: OcrService, home: Path, **variables: str) -> tuple[int, list[str]]:
    """Exit status and lines of docker/ocr/health.py."""
    port = service.url.rpartition(":")[2]
    ended = subprocess.run(
        [str(ocr_python()), str(ROOT / "docker/ocr/health.py")],
        env=paddle_environment(home, OCR_SERVICE_PORT=port, OCR_SERVICE_HOST="127.0.0.1", **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not ended.stderr, ended.stderr
    return ended.returncode, ended.stdout.splitlines()


def asking(server_url: str) -> dict[str, str]:
    """The variables of a service whose model is on a server."""
    return engine("paddleocr-vl-server", server_url=server_url, device="cpu", start_timeout_s=0.1)


def test_a_model_server_that_is_down_is_no_failure_of_this_container(tmp_path: Path) -> None:
    home = tiny_models()
    variables = asking(NOBODY)
    with starting(tmp_path, python=str(ocr_python()), PADDLE_PDX_CACHE_HOME=str(home), **variables) as service:
        wait_for(lambda: service.health()["reason"])
        status, lines = checked(service, home, **variables)
        assert (status, lines[0]) == (0, "healthy")
        assert NOBODY in lines[1]


def test_a_model_server_with_another_model_is_none_either(tmp_path: Path) -> None:
    home = tiny_models()
    with StandIn() as server:
        server.models = ("another-model",)
        variables = asking(server.url)
        with starting(tmp_path, python=str(ocr_python()), PADDLE_PDX_CACHE_HOME=str(home), **variables) as service:
            service.wait_until("failed")
            status, lines = checked(service, home, **variables)
    assert (status, lines[0]) == (0, "healthy")
    assert lines[1].startswith("the engine is failed: ")
    assert "another-model" in lines[1]


@pytest.mark.parametrize("name", ["paddleocr-vl", "paddleocr-vl-server"])
def test_a_model_file_that_this_container_lacks_is_a_failure(tmp_path: Path, name: str) -> None:
    home = copied_models(tmp_path)
    layout = home / "official_models/PP-DocLayoutV3/inference.pdiparams"
    layout.unlink()
    variables = asking(NOBODY) if name == "paddleocr-vl-server" else engine(name, **READING_SOON_ENDS)
    with starting(tmp_path, python=str(ocr_python()), PADDLE_PDX_CACHE_HOME=str(home), **variables) as service:
        service.wait_until("failed")
        status, lines = checked(service, home, **variables)
    assert status == 1
    assert str(layout) in lines[0]


def test_a_service_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        assert checked(service, tmp_path, OCR_ENGINE="null") == (0, ["healthy"])
        service.stop(signal.SIGTERM)
        status, lines = checked(service, tmp_path, OCR_ENGINE="null")
    assert status == 1
    assert f"{service.url}/health does not answer" in lines[0]
