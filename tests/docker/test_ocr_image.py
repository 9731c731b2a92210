"""Given the PaddleOCR-VL image, it is built only with its models, and reads hardened, offline and as its own user.

The base is a stand-in (docker/ocr/stand-in-base): there is no image registry and no GPU here, and no room for the
weights. Dockerfile, build script, ``ocr_tasks``, PaddleOCR and PaddlePaddle are the real ones; models are tiny.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from ocr_tasks.contract import ExitCode, PageStatus
from tests.containers import Container, code_here, code_in_image, page_result, shard_folder, write_shard
from tests.pages import encoded, printed_page
from tests.tinymodels import READING_SOON_ENDS, tiny_models

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
IMAGE_USER = 1000
MODELS = "/home/paddleocr/.paddlex/official_models"
ALL_PACKAGES = (
    "import json, importlib.metadata as m; print(json.dumps({d.metadata['Name'].lower(): d.version for d in "
    "m.distributions()}))"
)


@pytest.fixture
def container(docker_client: docker.DockerClient, paddleocr_image: str, tmp_path: Path) -> Iterator[Container]:
    container = Container(docker_client, paddleocr_image, shard_folder(tmp_path), memory_bytes=4 * 2**30, pids=1024)
    yield container
    container.remove()


@pytest.fixture
def built(docker_client: docker.DockerClient) -> Iterator[str]:
    """A tag for an image that a test builds."""
    tag = "tenderlake/test-ocr-build:1"
    yield tag
    remove_image(docker_client, tag)


def remove_image(client: docker.DockerClient, tag: str) -> None:
    if client.images.list(name=tag):
        client.images.remove(tag, force=True)


def build(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "docker/ocr/build.sh")],
        env={**os.environ, "PYTHON": sys.executable, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def page() -> bytes:
    return encoded(printed_page("<p>Начальная (максимальная) цена договора</p>"))


def run_python(client: docker.DockerClient, image: str, code: str) -> str:
    output: bytes = client.containers.run(image, ["-c", code], entrypoint="python", network_mode="none", remove=True)
    return output.decode()


def test_pages_are_read_without_network_rights_or_a_writable_root(container: Container) -> None:
    write_shard(container.folder, page(), b"no image", page(), engine="paddleocr-vl", **READING_SOON_ENDS)
    container.start("run", "/shard/shard.json")

    assert container.wait() == ExitCode.SOME_PAGES_FAILED, container.errors()
    results = [page_result(container.folder, number) for number in (1, 2, 3)]
    assert [result.status for result in results] == [PageStatus.DONE, PageStatus.FAILED, PageStatus.DONE]
    assert results[0].engine == "paddleocr-vl"
    assert str(results[0].model).startswith("PaddleOCR-VL-1.6")
    assert results[0].blocks
    assert [event.event for event in container.progress()] == ["ready", "page", "page", "page", "finished"]
    assert (container.folder / "results/1.json").stat().st_uid == IMAGE_USER


def test_the_doctor_finds_everything_in_place(container: Container) -> None:
    container.start("doctor", "--engine", "paddleocr-vl", "--without-gpu")
    assert container.wait() == ExitCode.ALL_DONE, container.output()
    for name in ("PaddleOCR-VL-1.6", "PP-DocLayoutV3"):
        assert f"{MODELS}/{name}: as the image was built" in container.output()
    assert "recognition with the network off" in container.output()


@pytest.mark.parametrize("command", [["doctor", "--engine", "paddleocr-vl", "--quick"], ["run", "/shard/shard.json"]])
def test_a_missing_gpu_ends_it_with_the_cure_and_never_falls_back(container: Container, command: list[str]) -> None:
    write_shard(container.folder, page(), engine="paddleocr-vl")
    container.start(*command)
    assert container.wait() == ExitCode.ENGINE_UNAVAILABLE
    assert "device=cpu" in container.output() + container.errors()
    assert not list((container.folder / "results").iterdir())


def test_the_service_works_hardened_and_its_health_is_seen(container: Container) -> None:
    """On a read-only root, with a volume for what it saves."""
    running = container.client.containers.run(
        container.image,
        detach=True,
        read_only=True,
        tmpfs={"/tmp": "size=256m", "/app/output": f"size=64m,uid={IMAGE_USER}"},  # noqa: S108  the container's own
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        mem_limit=container.memory_bytes,
        environment={"OCR_ENGINE_OPTIONS": json.dumps(READING_SOON_ENDS)},
    )
    container.container = running
    deadline = time.monotonic() + 120
    while b'"ready"' not in inside(container, HEALTH):
        assert time.monotonic() < deadline, container.errors()
        time.sleep(1)
    checked = running.exec_run(running.attrs["Config"]["Healthcheck"]["Test"][1:])
    assert (checked.exit_code, checked.output.decode().strip()) == (0, "healthy")
    body = json.dumps({"file": base64.b64encode(page()).decode()})
    answer = json.loads(inside(container, ASK, body))
    assert answer["pages"][0]["status"] == "done", answer


HEALTH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/health').read().decode())"
ASK = """
import sys, urllib.request as u
body = open('/tmp/body.json', 'rb').read()
request = u.Request('http://127.0.0.1:8081/ocr', data=body, headers={'Content-Type': 'application/json'})
print(u.urlopen(request, timeout=120).read().decode())
"""


def inside(container: Container, code: str, body: str = "") -> bytes:
    """What Python code prints in the running container."""
    if body:
        keep = ["python", "-c", "import base64, sys; open('/tmp/body.json', 'wb').write(base64.b64decode(sys.argv[1]))"]
        for_shell = base64.b64encode(body.encode()).decode()
        assert container.container.exec_run([*keep, for_shell]).exit_code == 0
    output: bytes = container.container.exec_run(["python", "-c", code]).output
    return output


def test_a_health_check_without_a_service_says_what_is_wrong(container: Container) -> None:
    checked = container.client.containers.create(container.image, entrypoint=["python", "/opt/ocr/health.py"])
    try:
        checked.start()
        assert checked.wait(timeout=60)["StatusCode"] == 1
        said = checked.logs().decode()
        assert "no GPU in /dev" in said
        assert "http://127.0.0.1:8081/health does not answer" in said
    finally:
        checked.remove(force=True)


@pytest.fixture
def changed_base(docker_client: docker.DockerClient, paddleocr_base: str) -> Iterator[Callable[[str], str]]:
    """Makes a base in which a shell command has changed something; answers its tag."""
    tag = "tenderlake/test-changed-base:1"

    def make(command: str) -> str:
        dockerfile = f"FROM {paddleocr_base}\nUSER root\nRUN {command}\nUSER paddleocr\n"
        docker_client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag)
        return tag

    yield make
    remove_image(docker_client, tag)


@pytest.mark.parametrize("file", ["PaddleOCR-VL-1.6/model.safetensors", "PP-DocLayoutV3/inference.pdiparams"])
@pytest.mark.parametrize("doctor", ["full", "quick"])
def test_an_image_without_a_model_file_is_not_made(
    docker_client: docker.DockerClient, changed_base: Callable[[str], str], built: str, file: str, doctor: str
) -> None:
    outcome = build(BASE_IMAGE=changed_base(f"rm {MODELS}/{file}"), IMAGE_TAG=built, DOCTOR=doctor)
    assert outcome.returncode != 0
    assert f"{MODELS}/{file}" in outcome.stdout
    assert not docker_client.images.list(name=built)


def test_a_host_on_which_paddle_cannot_be_imported_still_builds_with_the_quick_doctor(
    docker_client: docker.DockerClient, changed_base: Callable[[str], str], built: str
) -> None:
    paddle = "$(python -c 'import importlib.util as u; print(u.find_spec(\"paddle\").origin)')"
    fault = "libcuda.so.1: cannot open shared object file"
    base = changed_base(f"echo 'raise ImportError(\"{fault}\")' > {paddle}")
    refused = build(BASE_IMAGE=base, IMAGE_TAG=built)
    assert refused.returncode != 0
    assert f"PaddlePaddle cannot be imported ({fault})" in refused.stdout
    assert "build with DOCTOR=quick" in refused.stdout
    assert not docker_client.images.list(name=built)

    made = build(BASE_IMAGE=base, IMAGE_TAG=built, DOCTOR="quick")
    assert made.returncode == 0, made.stdout[-2000:]
    assert f"It has read nothing yet: docker run --rm --gpus all --network none {built} doctor" in made.stdout


def test_another_word_for_the_doctor_is_refused() -> None:
    refused = build(DOCTOR="none", BASE_IMAGE="tenderlake/no-such-base:1")
    assert refused.returncode == 1
    assert "DOCTOR=none: leave it empty, or say quick" in refused.stdout


def test_another_version_of_the_model_is_a_folder_in_the_build(
    docker_client: docker.DockerClient, paddleocr_base: str, built: str, container: Container
) -> None:
    container.start("doctor", "--engine", "paddleocr-vl", "--without-gpu", "--option", "version=1.5")
    assert container.wait() == ExitCode.ENGINE_UNAVAILABLE
    assert f"{MODELS}/PaddleOCR-VL-1.5" in container.output()
    container.remove()

    models = container.folder / "models"
    shutil.copytree(tiny_models() / "official_models/PaddleOCR-VL-1.5", models / "PaddleOCR-VL-1.5")
    outcome = build(BASE_IMAGE=paddleocr_base, IMAGE_TAG=built, MODELS=str(models))
    assert outcome.returncode == 0, outcome.stdout[-2000:]
    container.image = built
    container.start("doctor", "--engine", "paddleocr-vl", "--without-gpu", "--option", "version=1.5")
    assert container.wait() == ExitCode.ALL_DONE, container.output()
    assert f"{MODELS}/PaddleOCR-VL-1.5: as the image was built" in container.output()


@pytest.mark.parametrize(
    ("gpu", "image"),
    [
        ("", "paddleocr-vl:paddleocr3.6-nvidia-gpu-offline"),
        ("sm120", "paddleocr-vl:paddleocr3.6-nvidia-gpu-sm120-offline"),
    ],
)
def test_the_build_asks_for_the_registry_and_pins_the_tag(gpu: str, image: str) -> None:
    refused = build(GPU=gpu)
    assert refused.returncode == 1
    assert "set PADDLEOCR_REGISTRY" in refused.stdout
    assert image in refused.stdout
    nowhere = build(GPU=gpu, PADDLEOCR_REGISTRY="127.0.0.1:9/paddlepaddle/")
    assert nowhere.returncode == 1
    assert f"the base image 127.0.0.1:9/paddlepaddle/{image} is neither here nor can it be pulled" in nowhere.stdout


def test_what_the_base_has_keeps_its_version(
    docker_client: docker.DockerClient, paddleocr_base: str, paddleocr_image: str
) -> None:
    before = json.loads(run_python(docker_client, paddleocr_base, ALL_PACKAGES))
    after = json.loads(run_python(docker_client, paddleocr_image, ALL_PACKAGES))
    assert {name: after[name] for name in before} == before
    assert {"boto3", "python-multipart"} <= set(after) - set(before)


def test_the_image_keeps_the_user_and_holds_no_index_and_no_pipeline(
    docker_client: docker.DockerClient, paddleocr_image: str
) -> None:
    image = docker_client.images.get(paddleocr_image)
    config = image.attrs["Config"]
    environment = dict(variable.split("=", 1) for variable in config["Env"])
    assert config["User"] == "1000:1000"
    assert config["Entrypoint"] == ["python", "-m", "ocr_tasks"]
    assert config["Cmd"] == ["serve"]
    assert "8081/tcp" in config["ExposedPorts"]
    assert environment["HOME"] == "/home/paddleocr"
    assert not any(name.startswith(("PIP_", "UV_")) for name in environment)
    history = " ".join(step["CreatedBy"] for step in image.history())
    assert "http" not in history
    found = run_python(
        docker_client,
        paddleocr_image,
        "import importlib.util as u; print([m for m in ('tenderlake', 'airflow', 'ocr_tasks') if u.find_spec(m)])",
    )
    assert found.strip() == "['ocr_tasks']"


def test_the_image_is_made_of_the_code_that_is_tested_here(
    docker_client: docker.DockerClient, paddleocr_image: str
) -> None:
    in_image = code_in_image(docker_client, paddleocr_image, "/opt/ocr")
    assert in_image == code_here(), "the image is older than the code: run docker/ocr/build.sh"
