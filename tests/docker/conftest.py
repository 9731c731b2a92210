"""Fixtures of the Docker tier: the daemon that DOCKER_HOST names, and the CPU OCR image it has."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.obstacles import OCR_IMAGE, docker_obstacle, missing


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
