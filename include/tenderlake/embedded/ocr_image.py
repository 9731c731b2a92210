"""Whether OCR could run in containers here, told before a run and not only in its log."""

from __future__ import annotations

import contextlib

import docker
from docker.errors import DockerException, ImageNotFound

from tenderlake.settings import RunnerChoice, Settings

_PATIENCE_S = 5


def missing_image_note(settings: Settings) -> str | None:
    """What to say where a Docker daemon answers and lacks the image; None where there is nothing to say.

    A machine without Docker is no matter for a note, and ``runner=docker`` fails with its own message.
    """
    if settings.runner is not RunnerChoice.AUTO:
        return None
    try:
        client = (
            docker.DockerClient(base_url=settings.docker_url, timeout=_PATIENCE_S)
            if settings.docker_url
            else docker.from_env(timeout=_PATIENCE_S)
        )
        with contextlib.closing(client):
            client.images.get(settings.ocr_image)
    except ImageNotFound:
        is_own = settings.ocr_image == Settings.model_fields["ocr_image"].default
        cure = "`make image` builds it" if is_own else "pull or load it, or unset TENDERLAKE_OCR_IMAGE"
        return f"Docker answers but has no image {settings.ocr_image}: OCR runs in child processes; {cure}"
    except (DockerException, OSError):
        return None
    return None
