"""A container of an OCR image that reads a shard in a mounted folder, hardened as in production, without a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from PIL import Image

from ocr_tasks.contract import EngineSpec, PageResult, PageTask, Progress, Shard
from tests.pages import encoded


@dataclass
class Container:
    """One container; the limits are those of production, made smaller for small engines."""

    client: docker.DockerClient
    image: str
    folder: Path
    memory_bytes: int = 512 * 2**20
    pids: int = 64
    container: Any = None

    def start(self, *command: str, **environment: str) -> None:
        self.container = self.client.containers.run(
            self.image,
            list(command),
            detach=True,
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108  the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            network_mode="none",
            pids_limit=self.pids,
            mem_limit=self.memory_bytes,
            memswap_limit=self.memory_bytes,
            nano_cpus=1_000_000_000,
            environment=environment,
            volumes={str(self.folder): {"bind": "/shard", "mode": "rw"}},
        )

    def wait(self) -> int:
        code: int = self.container.wait(timeout=300)["StatusCode"]
        return code

    def output(self) -> str:
        text: str = self.container.logs(stdout=True, stderr=False).decode()
        return text

    def errors(self) -> str:
        text: str = self.container.logs(stdout=False, stderr=True).decode()
        return text

    def progress(self) -> list[Progress]:
        return [Progress.model_validate_json(line) for line in self.output().splitlines()]

    def remove(self) -> None:
        if self.container is not None:
            self.container.remove(force=True)


def shard_folder(folder: Path) -> Path:
    """Make a folder for a shard: the image's user may write results into it and nothing else."""
    (folder / "results").mkdir()
    (folder / "results").chmod(0o777)
    folder.chmod(0o755)
    return folder


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


def page_result(folder: Path, number: int) -> PageResult:
    return PageResult.model_validate_json((folder / f"results/{number}.json").read_bytes())


def blank() -> bytes:
    return encoded(Image.new("L", (40, 30), 255))


def code_in_image(client: docker.DockerClient, image: str, folder: str) -> dict[str, str]:
    """SHA-256 of every module of ``ocr_tasks`` that lies in a folder of the image, by path, as ``code_here`` has it."""
    sums = client.containers.run(
        image,
        ["-c", f"cd {folder} && find ocr_tasks -name '*.py' -exec sha256sum {{}} +"],
        entrypoint="sh",
        network_mode="none",
        remove=True,
    )
    return {path: digest for digest, path in (line.split() for line in sums.decode().splitlines())}


def code_here() -> dict[str, str]:
    """SHA-256 of every module of ``ocr_tasks`` in this repository, by path."""
    root = Path(__file__).parents[1]
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in root.joinpath("ocr_tasks").rglob("*.py")
    }
