"""The operator that reads one shard of page images, in a container or in a child process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.exceptions import AirflowSkipException
from docker.errors import APIError, ImageNotFound, NotFound
from docker.types import DeviceRequest, LogConfig

from ocr_tasks.contract import EngineSpec, Runner, Shard
from tenderlake.engines import EngineRuntime, engine_environment, engine_image, engine_runtime, image_variable
from tenderlake.layout import Layout
from tenderlake.ocr import (
    Attempt,
    EngineUnavailableError,
    OcrError,
    TemporaryOcrError,
    pending_pages,
    read_shard,
    signed_shard,
)
from tenderlake.ocr_attempts import SHARD_VARIABLE, STOP_GRACE_S, ProcessRunner, Watchdog, follow
from tenderlake.runs import PlannedPage, PlannedShard
from tenderlake.settings import RunnerChoice, Settings, get_settings
from tenderlake.storage import Storage
from tenderlake_airflow.connection import open_storage

if TYPE_CHECKING:
    from airflow.sdk import Context

_SIGNED_FOR_SPARE_S = 900
"""URLs outlive the task's own timeout by this: the last page is written, whatever the clocks say."""


class OcrShardOperator(DockerOperator):
    """Reads one shard with the OCR image, or with the same command in a child process where there is no Docker.

    The container holds no credentials and touches nothing but its own pages: it gets a shard whose URLs are signed when
    the task starts. Pages that have a result are left out, so a retry, on any host, reads what is missing. It is not
    root, has a read-only file system, no capabilities and limits of memory, CPU and processes. The parent class offers
    none of these (its ``cpus`` is only a weight), hence a host configuration of our own.

    Args:
        shard_key: key of the :class:`tenderlake.runs.PlannedShard`.

    Raises:
        AirflowSkipException: all pages of the shard have results already.
        tenderlake.ocr.OcrError: see :mod:`tenderlake_airflow.retries` for what is tried again.
    """

    template_fields: ClassVar[Sequence[str]] = ("shard_key",)
    ui_color = "#d9ead3"

    def __init__(self, *, shard_key: str, **kwargs: Any) -> None:
        # Image and limits are settings, read when the task runs and not when the DAG is parsed.
        super().__init__(image="", auto_remove="force", mount_tmp_dir=False, **kwargs)
        self.shard_key = shard_key
        self._process: ProcessRunner | None = None
        self._is_killed = False

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the shard; returns counts for XCom."""
        settings = get_settings()
        storage, layout = open_storage()
        planned = storage.get_model(self.shard_key, PlannedShard)
        if not pending_pages(storage, planned.pages):
            raise AirflowSkipException(f"all {len(planned.pages)} pages of the shard have results already")
        self._configure(settings, storage, planned.engine)
        runner = self._choose_runner(settings, planned.engine)
        if runner is Runner.DOCKER:
            self.labels = self._labels(context, planned, storage)
            self._remove_leftovers(planned)
        else:
            self._process = ProcessRunner(settings, self.log)
        silence_s = engine_runtime(settings, planned.engine).silence_s
        expires_s = int(settings.shard_timeout_s) + _SIGNED_FOR_SPARE_S

        def attempt(pages: Sequence[PlannedPage]) -> Attempt:
            self._require_running()
            shard = signed_shard(storage, layout, planned, pages, runner, expires_s=expires_s)
            if self._process is not None:
                return self._process.run(shard, silence_s)
            with self._uploaded(storage, layout, context, shard, expires_s) as url:
                return self._run_container(settings, shard.engine, url, silence_s)

        started = time.monotonic()
        try:
            outcome = read_shard(storage, planned, attempt)
        except EngineUnavailableError as error:
            if runner is Runner.PROCESS:
                raise
            raise EngineUnavailableError(
                f"{error} (inside {self.image}: build the image with what it lacks)"
            ) from error
        duration_s = time.monotonic() - started
        self.log.info("%d pages in %.1f s, %d of them given up", outcome.pages, duration_s, outcome.blamed)
        return {"runner": runner.value, "pages": outcome.pages, "blamed": outcome.blamed, "attempts": outcome.attempts}

    def _configure(self, settings: Settings, storage: Storage, engine: EngineSpec) -> None:
        self.image = engine_image(settings, engine.name)
        if settings.docker_url:
            self.docker_url = settings.docker_url
        self.user = settings.ocr_user
        self.network_mode = settings.container_network(storage.endpoint_url)

    def _choose_runner(self, settings: Settings, engine: EngineSpec) -> Runner:
        """Where the shard runs; the log says why."""
        if settings.runner is RunnerChoice.PROCESS:
            self.log.info("Runner: child process (TENDERLAKE_RUNNER=process)")
            return Runner.PROCESS
        problem = self._docker_problem(engine)
        if problem is None:
            self.log.info("Runner: Docker container of %s", self.image)
            return Runner.DOCKER
        if settings.runner is RunnerChoice.DOCKER:
            raise problem
        self.log.info("Runner: child process, because %s", problem)
        return Runner.PROCESS

    def _docker_problem(self, engine: EngineSpec) -> OcrError | None:
        """Why no container can be started here: for a person to mend, or (a daemon that is silent) for time."""
        if isinstance(self.docker_url, str) and self.docker_url.startswith("unix://"):
            # Asked beforehand, because the hook logs an error where there is simply no Docker.
            socket = Path("/" + self.docker_url.removeprefix("unix://").lstrip("/"))
            if not socket.exists():
                return EngineUnavailableError(f"there is no Docker daemon at {socket}: start it or set DOCKER_HOST")
        try:
            image = self.cli.inspect_image(self.image)
        except ImageNotFound:
            return EngineUnavailableError(
                f"the Docker daemon has no image {self.image}: build it (docs/ocr-images.md says how), pull it or "
                f"`docker load` it on this host, or set {image_variable(engine.name)}"
            )
        except Exception as error:  # the hook has several classes of its own for a daemon that does not answer
            return TemporaryOcrError(
                f"the Docker daemon at {self.docker_url} does not answer ({type(error).__name__}): look at it, or set "
                "DOCKER_HOST"
            )
        user = self.user or image.get("Config", {}).get("User") or ""
        if user.split(":")[0] in ("", "0", "root"):
            return EngineUnavailableError(
                f"the image {self.image} would run as root: set TENDERLAKE_OCR_USER to a user id of the image"
            )
        return None

    def _labels(self, context: Context, planned: PlannedShard, storage: Storage) -> dict[str, str]:
        instance = context["ti"]
        return {
            # Two installations may share a Docker host, and their nightly runs have the same ids.
            "tenderlake.lake": f"{storage.endpoint_url}/{storage.bucket}",
            "tenderlake.dag_id": str(instance.dag_id),
            "tenderlake.run_id": str(instance.run_id),
            "tenderlake.shard_id": planned.shard_id,
            "tenderlake.try_number": str(instance.try_number),
        }

    def _remove_leftovers(self, planned: PlannedShard) -> None:
        """Remove containers of an earlier try whose worker died: two of them would read the same pages."""
        own = [
            f"{name}={self.labels[name]}" for name in ("tenderlake.lake", "tenderlake.run_id", "tenderlake.shard_id")
        ]
        for container in self.cli.containers(all=True, filters={"label": own}):
            self.log.warning("Removing container %s of an earlier try of %s", container["Id"][:12], planned.shard_id)
            self._remove(container["Id"])

    def _remove(self, container_id: str) -> None:
        try:
            self.cli.remove_container(container_id, force=True)
        except NotFound:
            pass
        except APIError as error:
            self.log.warning("Container %s could not be removed: %s", container_id[:12], error)

    @contextlib.contextmanager
    def _uploaded(
        self, storage: Storage, layout: Layout, context: Context, shard: Shard, expires_s: int
    ) -> Iterator[str]:
        """The signed shard as an object, for a URL that fits into a variable; gone when the attempt ends."""
        name = f"signed/{shard.shard_id}-{context['ti'].try_number}-{time.time_ns()}.json"
        key = layout.run(str(context["ti"].run_id), name)
        storage.put_model(key, shard)
        try:
            yield storage.presign_get(key, expires_s)
        finally:
            storage.delete([key])

    def _run_container(self, settings: Settings, engine: EngineSpec, shard_url: str, silence_s: float) -> Attempt:
        runtime = engine_runtime(settings, engine)
        self.container = self.cli.create_container(
            image=self.image,
            command=["run"],
            environment={**engine_environment(settings, engine.name), SHARD_VARIABLE: shard_url},
            host_config=self._host_config(settings, runtime),
            user=self.user,
            labels=self.labels,
            # The image's own check is for its service; progress lines say whether a shard is alive.
            healthcheck={"test": ["NONE"]},
        )
        container_id = self.container["Id"]
        try:
            # Apart, so that half a line on one stream does not spoil a progress line on the other.
            stream = self.cli.attach(container=container_id, stdout=True, stderr=True, stream=True, demux=True)
            self._require_running()
            self._start(container_id, runtime)
            self._require_running()
            with Watchdog(silence_s, lambda: self._kill(container_id)) as watchdog:
                said = follow(_lines(stream), watchdog, self.log)
                exit_code = int(self.cli.wait(container_id)["StatusCode"])
            if self.cli.inspect_container(container_id)["State"].get("OOMKilled"):
                self.log.warning("The container reached its memory limit (TENDERLAKE_OCR_MEMORY_BYTES)")
        except NotFound as error:
            raise TemporaryOcrError("the container was removed from outside") from error
        finally:
            self._remove(container_id)
            self.container = None
        return Attempt(exit_code, watchdog.end, said.is_ready, said.tail)

    def _require_running(self) -> None:
        """Airflow's signal may come at any time, also between making a container and knowing of it."""
        if self._is_killed:
            raise TemporaryOcrError("the task was told to stop")

    def _start(self, container_id: str, runtime: EngineRuntime) -> None:
        try:
            self.cli.start(container_id)
        except APIError as error:
            # No GPU runtime, a wrong user, no such network: nothing that another try would mend.
            cure = ""
            if runtime.gpu_device_ids:
                cure = (
                    f" (GPUs asked for: {', '.join(runtime.gpu_device_ids)}: install the NVIDIA container toolkit on "
                    "this host or choose others with TENDERLAKE_GPU_DEVICE_IDS; the PaddleOCR-VL engines also read "
                    'without one, very slowly, with "device": "cpu" in TENDERLAKE_ENGINE_OPTIONS)'
                )
            raise EngineUnavailableError(f"Docker cannot start {self.image}: {error.explanation}{cure}") from error

    def _kill(self, container_id: str) -> None:
        with contextlib.suppress(APIError):  # it may have ended by itself in the same moment
            self.cli.kill(container_id)

    def _host_config(self, settings: Settings, runtime: EngineRuntime) -> Any:
        limits = runtime.limits
        devices = [DeviceRequest(device_ids=list(runtime.gpu_device_ids), capabilities=[["gpu"]])]
        return self.cli.create_host_config(
            auto_remove=False,
            network_mode=self.network_mode,
            read_only=True,
            tmpfs={"/tmp": f"rw,nosuid,nodev,size={limits.tmp_bytes}"},  # noqa: S108 - inside the container
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            pids_limit=limits.pids,
            mem_limit=limits.memory_bytes,
            # The same limit with swap: Docker would allow twice the memory.
            memswap_limit=limits.memory_bytes,
            nano_cpus=int(settings.ocr_cpus * 1e9),
            shm_size=limits.shm_bytes,
            init=True,
            device_requests=devices if runtime.gpu_device_ids else None,
            # The task log keeps what it says; a file on the host would grow.
            log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "1"}),
        )

    def on_kill(self) -> None:
        """Stop the container or the child process, and make sure that it is gone."""
        self._is_killed = True
        if self._process is not None:
            self._process.stop()
        if self.container:
            container_id = self.container["Id"]
            self.log.info("Stopping the OCR container %s", container_id[:12])
            with contextlib.suppress(APIError):
                self.cli.stop(container_id, timeout=STOP_GRACE_S)
            self._remove(container_id)


def _lines(stream: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[str]:
    """Lines of a Docker attach stream (pairs of standard output and standard error), whose chunks end anywhere."""
    rests = [b"", b""]
    for chunks in stream:
        for number, chunk in enumerate(chunks):
            *whole, rests[number] = (rests[number] + (chunk or b"")).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace")
    yield from (rest.decode(errors="replace") for rest in rests if rest)
