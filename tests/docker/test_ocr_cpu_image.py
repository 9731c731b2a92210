"""Given a shard in a mounted folder, the hardened CPU image reads it without any network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import tesserocr

from ocr_tasks.contract import ExitCode, PageStatus, Progress, ProgressEvent
from tests.containers import Container, blank, code_here, code_in_image, page_result, shard_folder, write_shard
from tests.pages import encoded, printed_page
from tests.texts import said, squeezed

pytestmark = pytest.mark.docker

PRINTED = "Начальная (максимальная) цена договора: 1 254 300,00 рублей, в том числе НДС 20 %."
IMAGE_USER = 10001


@pytest.fixture
def container(docker_client: docker.DockerClient, ocr_image: str, tmp_path: Path) -> Iterator[Container]:
    container = Container(docker_client, ocr_image, shard_folder(tmp_path))
    yield container
    container.remove()


def test_russian_pages_are_read_without_network_rights_or_a_writable_root(container: Container) -> None:
    write_shard(container.folder, encoded(printed_page(f"<p>{PRINTED}</p>")), b"no image", blank())
    container.start("run", "/shard/shard.json")

    assert container.wait() == ExitCode.SOME_PAGES_FAILED, container.errors()
    assert squeezed(said(page_result(container.folder, 1))) == squeezed(PRINTED)
    assert [page_result(container.folder, number).status for number in (1, 2, 3)] == [
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
    assert page_result(container.folder, 1).status is PageStatus.DONE


def test_the_memory_limit_kills_with_137_and_keeps_results(container: Container) -> None:
    write_shard(container.folder, blank(), blank(), engine="faulty", fault="out_of_memory", fault_page_number=2)
    container.start("run", "/shard/shard.json")

    assert container.wait() == ExitCode.OUT_OF_MEMORY
    assert page_result(container.folder, 1).status is PageStatus.DONE
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
    in_image = code_in_image(container.client, container.image, "/opt/ocr_tasks")
    assert in_image == code_here(), "the image is older than the code: run docker/ocr-cpu/build.sh"
