"""Given the images of the model server, they start it as the recipes say, and say what is missing.

Neither vLLM nor a GPU is here: the bases are stand-ins whose ``vllm`` and ``paddleocr`` print how they were called.
What this cannot show: that vLLM takes these arguments, loads the model and fits into a card. PaddleOCR's own parser of
arguments cannot be asked either: it refuses to be imported without vLLM. Real are the Dockerfiles, the build script and
the entry script. How the engine gets along with such a server is tested against one that answers like vLLM
(tests/integration/test_ocr_paddleocr_vl_server.py).
"""

from __future__ import annotations

import http.server
import io
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.tinymodels import tiny_models

pytestmark = pytest.mark.docker

BUILD = Path(__file__).parents[2] / "docker/vllm/build.sh"
EXIT_UNAVAILABLE = 69
RECORDER = """#!/bin/bash
[ "$1" = genai_server ] && cat "${@: -1}"
printf '<%s>' "$(basename "$0")" "$@"
echo
env | grep -E '^(HF_|TRANSFORMERS_|VLLM_|DO_NOT|HOME|PADDLE_)' | sort
id -u
touch /tmp/written && ! touch /usr/written 2>/dev/null
"""


@dataclass(frozen=True)
class Image:
    """An image of the server on its stand-in, and how it is run."""

    client: docker.DockerClient
    tag: str

    def run(self, *command: str, models: Path | None = None, **environment: str) -> tuple[int, str]:
        """Exit code and all that was said, hardened and without a network."""
        container = self.client.containers.create(
            self.tag,
            list(command),
            read_only=True,
            tmpfs={"/tmp": "exec,size=64m"},  # noqa: S108  the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            network_mode="none",
            environment=environment,
            volumes={str(models): {"bind": "/models", "mode": "ro"}} if models else {},
        )
        try:
            container.start()
            code: int = container.wait(timeout=60)["StatusCode"]
            return code, container.logs().decode()
        finally:
            container.remove(force=True)


def context(**files: bytes | str) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def build(kind: str, base: str, tag: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BUILD), kind],
        env={**os.environ, "BASE_IMAGE": base, "IMAGE_TAG": tag, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def removed_afterwards(client: docker.DockerClient, *tags: str) -> Iterator[None]:
    try:
        yield
    finally:
        for tag in tags:
            if client.images.list(name=tag):
                client.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def native(docker_client: docker.DockerClient, ocr_image: str) -> Iterator[Image]:
    base, tag = "tenderlake/test-vllm-base:1", "tenderlake/test-vllm:1"
    dockerfile = f"FROM {ocr_image}\nUSER root\nCOPY vllm /usr/local/bin/\nENTRYPOINT []\n"
    with removed_afterwards(docker_client, tag, base):
        docker_client.images.build(fileobj=context(Dockerfile=dockerfile, vllm=RECORDER), custom_context=True, tag=base)
        outcome = build("native", base, tag)
        assert outcome.returncode == 0, outcome.stdout
        yield Image(docker_client, tag)


@pytest.fixture(scope="module")
def genai_base(docker_client: docker.DockerClient, paddleocr_base: str) -> Iterator[str]:
    """The stand-in of PaddleOCR's image, with user, HOME and model; its ``paddleocr`` says how it was called."""
    base = "tenderlake/test-genai-base:1"
    dockerfile = f"FROM {paddleocr_base}\nUSER root\nCOPY paddleocr /usr/local/bin/\nUSER paddleocr\n"
    with removed_afterwards(docker_client, base):
        docker_client.images.build(
            fileobj=context(Dockerfile=dockerfile, paddleocr=RECORDER), custom_context=True, tag=base
        )
        yield base


@pytest.fixture(scope="module")
def genai(docker_client: docker.DockerClient, genai_base: str) -> Iterator[Image]:
    tag = "tenderlake/test-genai:1"
    with removed_afterwards(docker_client, tag):
        outcome = build("genai", genai_base, tag)
        assert outcome.returncode == 0, outcome.stdout
        yield Image(docker_client, tag)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models as a host has it: they are readable for everybody."""
    shutil.copytree(tiny_models() / "official_models", tmp_path / "models")
    tmp_path.chmod(0o755)
    for path in (tmp_path / "models").rglob("*"):
        path.chmod(0o755)
    return tmp_path / "models"


def test_vllm_is_started_by_the_recipe_and_offline(native: Image, models: Path) -> None:
    code, said = native.run(models=models)
    assert code == 0, said
    called, *environment = said.splitlines()
    assert called == (
        "<vllm><serve></models/PaddleOCR-VL-1.6><--served-model-name><PaddleOCR-VL-1.6-0.9B>"
        "<--host><0.0.0.0><--port><8080><--trust-remote-code><--max-num-batched-tokens><16384>"
        "<--no-enable-prefix-caching><--mm-processor-cache-gb><0><--max-model-len><16384>"
        "<--gpu-memory-utilization><0.7>"
    )
    assert {"HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1", "VLLM_NO_USAGE_STATS=1", "HOME=/tmp"} <= set(environment)
    assert environment[-1] == "10002"


def test_settings_and_arguments_reach_vllm(native: Image, models: Path) -> None:
    code, said = native.run(
        "--enforce-eager",
        models=models,
        MODEL_FOLDER="/models/PaddleOCR-VL-1.5",
        GPU_MEMORY_UTILIZATION="0.85",
        MAX_MODEL_LEN="8192",
        PORT="9000",
        TRUST_REMOTE_CODE="0",
    )
    assert code == 0, said
    called = said.splitlines()[0]
    assert called.startswith("<vllm><serve></models/PaddleOCR-VL-1.5><--served-model-name><PaddleOCR-VL-1.5-0.9B>")
    assert "<--port><9000>" in called
    assert "trust-remote-code" not in called
    assert called.endswith("<--max-model-len><8192><--gpu-memory-utilization><0.85><--enforce-eager>")


def test_the_key_is_on_no_command_line(native: Image, models: Path) -> None:
    _, said = native.run(models=models, VLLM_API_KEY="key-of-the-server")
    called, *environment = said.splitlines()
    assert "key-of-the-server" not in called
    assert "VLLM_API_KEY=key-of-the-server" in environment


def test_a_model_may_be_baked_in(docker_client: docker.DockerClient, native: Image, models: Path) -> None:
    tag = "tenderlake/test-vllm-baked:1"
    with removed_afterwards(docker_client, tag):
        outcome = build("native", "tenderlake/test-vllm-base:1", tag, MODELS=str(models))
        assert outcome.returncode == 0, outcome.stdout
        code, said = Image(docker_client, tag).run("check")
    assert (code, said.strip()) == (0, "the model in /models/PaddleOCR-VL-1.6 is there")


def test_paddleocrs_server_gets_the_same_limits(genai: Image) -> None:
    code, said = genai.run(GPU_MEMORY_UTILIZATION="0.85")
    assert code == 0, said
    lines = said.splitlines()
    assert lines[:4] == [
        "gpu-memory-utilization: 0.85",
        "max-model-len: 16384",
        "max-num-batched-tokens: 16384",
        "api-server-count: 1",
    ]
    assert lines[4].startswith(
        "<paddleocr><genai_server><--model_name><PaddleOCR-VL-1.6-0.9B>"
        "<--model_dir></home/paddleocr/.paddlex/official_models/PaddleOCR-VL-1.6>"
        "<--host><0.0.0.0><--port><8080><--backend><vllm><--backend_config>"
    )
    assert {"HF_HUB_OFFLINE=1", "HOME=/home/paddleocr"} <= set(lines)
    assert lines[-1] == "1000"


def test_a_missing_model_says_how_to_bring_it(native: Image) -> None:
    code, said = native.run()
    assert code == EXIT_UNAVAILABLE
    assert "there is no model folder /models/PaddleOCR-VL-1.6: mount it" in said
    assert "nothing is downloaded" in said


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_model_that_is_not_whole_is_named(native: Image, models: Path, damage: str) -> None:
    weights = models / "PaddleOCR-VL-1.6/model.safetensors"
    weights.unlink()
    if damage == "empty":
        weights.touch()
    code, said = native.run(models=models)
    assert code == EXIT_UNAVAILABLE
    assert "is not whole: model.safetensors is missing, empty" in said


def test_an_offline_image_without_its_model_is_not_made(docker_client: docker.DockerClient, genai_base: str) -> None:
    base, tag = "tenderlake/test-genai-empty:1", "tenderlake/test-genai-none:1"
    with removed_afterwards(docker_client, tag, base):
        dockerfile = (
            f"FROM {genai_base}\nUSER root\nRUN rm -r /home/paddleocr/.paddlex/official_models/PaddleOCR-VL-1.6\n"
        )
        docker_client.images.build(fileobj=context(Dockerfile=dockerfile), custom_context=True, tag=base)
        outcome = build("genai", base, tag)
        assert outcome.returncode != 0
        assert "there is no model folder" in outcome.stdout
        assert not docker_client.images.list(name=tag)


@pytest.mark.parametrize(
    ("name", "value"), [("GPU_MEMORY_UTILIZATION", "85"), ("PORT", "http"), ("MAX_MODEL_LEN", "16k")]
)
def test_a_setting_that_cannot_work_is_named(native: Image, models: Path, name: str, value: str) -> None:
    code, said = native.run(models=models, **{name: value})
    assert code == EXIT_UNAVAILABLE
    assert f"{name}={value}" in said


def test_the_build_of_the_offline_image_asks_for_the_registry() -> None:
    refused = build("genai", "", "tenderlake/test-none:1", GPU="sm120")
    assert refused.returncode == 1
    assert "set PADDLEOCR_REGISTRY" in refused.stdout
    assert "paddleocr-genai-vllm-server:paddleocr3.6-nvidia-gpu-sm120-offline" in refused.stdout


class Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:  # the name that the library calls
        self.send_response(self.status if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "healthy"), (503, "the server is not healthy"), (None, "nothing")]
)
def test_the_health_check_asks_the_server(native: Image, status: int | None, expected: str) -> None:
    handler = type("Answering", (Health,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        port = server.server_port
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        container = native.client.containers.create(
            native.tag, ["health"], network_mode="host", environment={"PORT": str(port)}
        )
        try:
            container.start()
            code = container.wait(timeout=60)["StatusCode"]
            assert expected in container.logs().decode()
            assert (code == 0) == (status == 200)
        finally:
            container.remove(force=True)
            if status is not None:
                server.shutdown()


def test_the_images_serve_as_no_root_and_check_their_health(native: Image, genai: Image) -> None:
    for image, user in ((native, "10002:10002"), (genai, "1000:1000")):
        config = image.client.images.get(image.tag).attrs["Config"]
        assert config["User"] == user
        assert config["Healthcheck"]["Test"][-1] == "health"
        assert "8080/tcp" in config["ExposedPorts"]
