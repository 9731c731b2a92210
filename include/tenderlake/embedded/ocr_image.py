"""Whether OCR could run in containers here, told before a run and not only in its log."""

from __future__ import annotations

import contextlib

import docker
from docker.errors import DockerException, ImageNotFound

from tenderlake.engines import engine_image, image_variable
from tenderlake.settings import RunnerChoice, Settings

_PATIENCE_S = 5
_CURES = {
    Settings.model_fields["ocr_image"].default: "`make image` builds it",
    Settings.model_fields["paddleocr_image"].default: "docker/ocr/build.sh builds it",
}


def missing_image_note(settings: Settings) -> str | None:
    """What to say where a Docker daemon answers and lacks the image; None where there is nothing to say.

    A machine without Docker is no matter for a note, and ``runner=docker`` fails with its own message.
    """
    if settings.runner is not RunnerChoice.AUTO:
        return None
    image = engine_image(settings, settings.engine)
    try:
        client = (
            docker.DockerClient(base_url=settings.docker_url, timeout=_PATIENCE_S)
            if settings.docker_url
            else docker.from_env(timeout=_PATIENCE_S)
        )
        with contextlib.closing(client):
            client.images.get(image)
    except ImageNotFound:
        cure = _CURES.get(image, f"pull or load it, or unset {image_variable(settings.engine)}")
        return f"Docker answers but has no image {image}: OCR runs in child processes; {cure}"
    except (DockerException, OSError):
        return None
    return None
