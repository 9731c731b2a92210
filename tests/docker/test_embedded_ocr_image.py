"""Given a Docker daemon with or without the image, what `make run` says before the run."""

from __future__ import annotations

import pytest

from tenderlake.embedded.ocr_image import missing_image_note
from tenderlake.settings import RunnerChoice, Settings

pytestmark = pytest.mark.docker

NO_SUCH_IMAGE = "tenderlake/no-such-image:1"


def test_an_image_that_is_there_is_no_matter_for_a_note(ocr_image: str) -> None:
    assert missing_image_note(Settings(ocr_image=ocr_image)) is None


@pytest.mark.usefixtures("docker_client")
def test_a_daemon_without_the_image_is_told_with_the_cure() -> None:
    note = missing_image_note(Settings(ocr_image=NO_SUCH_IMAGE))
    assert note is not None
    assert note.startswith(f"Docker answers but has no image {NO_SUCH_IMAGE}: OCR runs in child processes;")
    assert "TENDERLAKE_OCR_IMAGE" in note


@pytest.mark.usefixtures("docker_client")
def test_where_processes_were_chosen_nothing_is_said() -> None:
    assert missing_image_note(Settings(ocr_image=NO_SUCH_IMAGE, runner=RunnerChoice.PROCESS)) is None


@pytest.mark.usefixtures("docker_client")
def test_where_no_daemon_answers_nothing_is_said() -> None:
    assert missing_image_note(Settings(ocr_image=NO_SUCH_IMAGE, docker_url="unix:///nowhere/docker.sock")) is None
