"""Given a shard in a mounted folder, the hardened CPU image reads it without any network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import tesserocr
from PIL import Image

from ocr_tasks.contract import EngineSpec, ExitCode, PageResult, PageStatus, PageTask, Progress, ProgressEvent, Shard
from tests.pages import encoded, printed_page
from tests.texts import said, squeezed

pytestmark = pytest.mark.docker

PRINTED = "Начальная (максимальная) цена договора: 1 254 300,00 рублей, в том числе НДС 20 %."
ROOT = Path(__file__).parents[2]
IMAGE_USER = 10001
MEMORY_BYTES = 512 * 2**20


@dataclass
class Container:
    """A container of the image, under the limits of production and without a network."""

    client: docker.DockerClient
    image: str
    folder: Path
    container: Any = None

    def start(self, *command: str) -> None:
        self.container = self.client.containers.run(
            self.image,
            list(command),
            detach=True,
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108  the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            network_mode="none",
            pids_limit=64,
            mem_limit=MEMORY_BYTES,
            memswap_limit=MEMORY_BYTES,
            nano_cpus=1_000_000_000,
            volumes={str(self.folder): {"bind": "/shard", "mode": "rw"}},
        )

    def wait(self) -> int:
        code: int = self.container.wait(timeout=120)["StatusCode"]
        return code

    def output(self) -> str:
        text: str = self.container.logs(stdout=True, stderr=False).decode()
        return text

    def errors(self) -> str:
        text: str = self.container.logs(stdout=False, stderr=True).decode()
        return text

    def progress(self) -> list[Progress]:
        return [Progress.model_validate_json(line) for line in self.output().splitlines()]


@pytest.fixture
def container(docker_client: docker.DockerClient, ocr_image: str, tmp_path: Path) -> Iterator[Container]:
    (tmp_path / "results").mkdir()
    # The image's user may write results and nothing else.
    (tmp_path / "results").chmod(0o777)
    tmp_path.chmod(0o755)
    container = Container(docker_client, ocr_image, tmp_path)
    yield container
    if container.container is not None:
        container.container.remove(force=True)


def write_shard(folder: Path, *images: bytes, engine: str = "tesseract", **options: str | int) -> None:
    tasks = []
    for number, image in enumerate(images, start=1):
        (folder / f"{number}.png").write_bytes(image)
        tasks.append(
            PageTask(
                page_key=str(number),
                document_id="d",
                page_number=number,
                image_url=f"{number}.png",
                result_url=f"results/{number}.json",
                dpi=200,
            )
        )
    shard = Shard(shard_id="s", engine=EngineSpec(name=engine, options={**options}), pages=tuple(tasks))
    (folder / "shard.json").write_text(shard.model_dump_json())


def result(folder: Path, number: int) -> PageResult:
    return PageResult.model_validate_json((folder / f"results/{number}.json").read_bytes())


def blank() -> bytes:
    return encoded(Image.new("L", (40, 30), 255))


def test_russian_pages_are_read_without_network_rights_or_a_writable_root(container: Container) -> None:
    write_shard(container.folder, encoded(printed_page(f"<p>{PRINTED}</p>")), b"no image", blank())
    container.start("run", "/shard/shard.json")

    assert container.wait() == ExitCode.SOME_PAGES_FAILED, container.errors()
    assert squeezed(said(result(container.folder, 1))) == squeezed(PRINTED)
    assert [result(container.folder, number).status for number in (1, 2, 3)] == [
        PageStatus.DONE,
        PageStatus.FAILED,
        PageStatus.DONE,
    ]
    assert [event.event for event in container.progress()] == ["ready", "page", "page", "page", "finished"]
    assert (container.folder / "results/1.json").stat().st_uid == IMAGE_USER


def test_the_image_reads_with_the_same_engine_as_a_process_here(container: Container) -> None:
    """A page is the same page wherever it is read: the same library, from locks that agree."""
    container.start("doctor")
    assert container.wait() == ExitCode.ALL_DONE, container.output()
    assert container.output().splitlines()[0] == f"ok       Tesseract {tesserocr.PyTessBaseAPI.Version()}"


def test_missing_language_data_is_told_by_the_exit_code(container: Container) -> None:
    container.start("doctor", "--languages", "rus,kaz")
    assert container.wait() == ExitCode.ENGINE_UNAVAILABLE
    assert "install tesseract-ocr-kaz" in container.output()


def test_docker_stop_ends_a_hanging_engine_as_temporary_and_keeps_results(container: Container) -> None:
    write_shard(container.folder, blank(), blank(), engine="faulty", fault="hang", fault_page_number=2)
    container.start("run", "/shard/shard.json")
    for line in container.container.logs(stream=True, follow=True):
        if Progress.model_validate_json(line.splitlines()[0]).event is ProgressEvent.PAGE:
            break
    container.container.stop(timeout=60)

    assert container.wait() == ExitCode.TEMPORARY  # 137 would mean that Docker had to kill it
    assert result(container.folder, 1).status is PageStatus.DONE


def test_the_memory_limit_kills_with_137_and_keeps_results(container: Container) -> None:
    write_shard(container.folder, blank(), blank(), engine="faulty", fault="out_of_memory", fault_page_number=2)
    container.start("run", "/shard/shard.json")

    assert container.wait() == ExitCode.OUT_OF_MEMORY
    assert result(container.folder, 1).status is PageStatus.DONE
    assert not (container.folder / "results/2.json").exists()


def test_the_image_holds_the_task_and_nothing_of_the_pipeline(container: Container) -> None:
    listing = container.client.containers.run(
        container.image,
        [
            "-c",
            "import sys, importlib.util as u; print([m for m in sys.argv[1:] if u.find_spec(m)])",
            "tenderlake",
            "airflow",
            "boto3",
            "pip",
            "ocr_tasks",
        ],
        entrypoint="python3",
        network_mode="none",
        remove=True,
    )
    assert listing.decode().strip() == "['ocr_tasks']"


def test_no_package_index_got_into_the_image(container: Container) -> None:
    image = container.client.images.get(container.image)
    history = " ".join(step["CreatedBy"] for step in image.history())
    assert "index" not in history
    assert "http" not in history
    assert not any(variable.startswith("PIP_") for variable in image.attrs["Config"]["Env"])
    assert image.attrs["Config"]["User"] == f"{IMAGE_USER}:{IMAGE_USER}"


def test_the_image_is_made_of_the_code_that_is_tested_here(container: Container) -> None:
    sums = container.client.containers.run(
        container.image,
        ["-c", "cd /opt/ocr_tasks && find ocr_tasks -name '*.py' -exec sha256sum {} +"],
        entrypoint="sh",
        network_mode="none",
        remove=True,
    )
    in_image = {path: digest for digest, path in (line.split() for line in sums.decode().splitlines())}
    here = {
        str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in ROOT.joinpath("ocr_tasks").rglob("*.py")
    }
    assert in_image == here, "the image is older than the code: run docker/ocr-cpu/build.sh"
