"""Fixtures of the Docker tier: the daemon that DOCKER_HOST names, and the OCR images it has."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.obstacles import OCR_IMAGE, PADDLEOCR_BASE_IMAGE, PADDLEOCR_IMAGE, docker_obstacle, missing


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """A client of the daemon. Without a daemon or image the test is skipped; where every tier is required, it fails."""
    if obstacle := docker_obstacle():
        missing(obstacle)
    client = docker.from_env(timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def ocr_image(docker_client: docker.DockerClient) -> str:
    """The tag of the CPU OCR image (TENDERLAKE_TEST_OCR_IMAGE), which the daemon has."""
    return OCR_IMAGE


@pytest.fixture(scope="session")
def paddleocr_base(docker_client: docker.DockerClient) -> str:
    """The tag of the stand-in for the official PaddleOCR-VL image."""
    if not docker_client.images.list(name=PADDLEOCR_BASE_IMAGE):
        missing(f"the Docker daemon has no image {PADDLEOCR_BASE_IMAGE}: docker/ocr/stand-in-base/build.sh")
    return PADDLEOCR_BASE_IMAGE


@pytest.fixture(scope="session")
def paddleocr_image(docker_client: docker.DockerClient, paddleocr_base: str) -> str:
    """The tag of the OCR image that docker/ocr/build.sh made on the stand-in."""
    if not docker_client.images.list(name=PADDLEOCR_IMAGE):
        missing(
            f"the Docker daemon has no image {PADDLEOCR_IMAGE}: "
            f"BASE_IMAGE={paddleocr_base} IMAGE_TAG={PADDLEOCR_IMAGE} docker/ocr/build.sh"
        )
    return PADDLEOCR_IMAGE
