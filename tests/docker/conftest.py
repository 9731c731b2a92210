"""Fixtures of the Docker tier: the daemon that DOCKER_HOST names, and the CPU OCR image it has."""

from __future__ import annotations

import os
from collections.abc import Iterator

import docker
import pytest

from tests.tiers import OCR_IMAGE, docker_obstacle


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """A client of the daemon. Without a daemon or image the test is skipped; where every tier is required, it fails."""
    obstacle = docker_obstacle()
    if obstacle is not None:
        if os.environ.get("TENDERLAKE_REQUIRE_ALL_TIERS") == "1":
            pytest.fail(obstacle, pytrace=False)
        pytest.skip(obstacle)
    client = docker.from_env(timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def ocr_image(docker_client: docker.DockerClient) -> str:
    """The tag of the CPU OCR image (TENDERLAKE_TEST_OCR_IMAGE), which the daemon has."""
    return OCR_IMAGE
