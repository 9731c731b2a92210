"""The embedded Airflow: its four processes on one machine, SQLite, and one user with a generated password."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from tenderlake.embedded.airflow_api import AirflowApi, AirflowUnavailableError, TaskInstance
from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.ports import LOOPBACK, choose_ports, wait_until_free
from tenderlake.embedded.processes import start_service
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.state import S3Connection, StateFolder, last_line
from tenderlake.pools import pools_file
from tenderlake.settings import Settings

SERVICE = "airflow"
USER = "operator"

_STOP_PATIENCE_S = 12.0
_TOOL_TIMEOUT_S = 300.0
# Everything else of the caller's environment stays outside: other clouds' keys, another Airflow's settings, proxies.
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
)
_PASSED_ON_PREFIXES = ("TENDERLAKE_", "DOCKER_", "LC_", "NVIDIA_", "CUDA_")


def passed_on(caller: Mapping[str, str]) -> dict[str, str]:
    """The part of the caller's environment that Airflow and its tasks see."""
    return {name: value for name, value in caller.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}


def connection_json(s3: S3Connection) -> str:
    """The Airflow connection to the embedded S3 server.

    How the client speaks is the pipeline's own business (:func:`tenderlake.storage.client_config`): Airflow takes all
    that stands in ``extra`` for secrets, and warns in every log of those that are too short to hide.
    """
    return json.dumps(
        {
            "conn_type": "aws",
            "login": s3.access_key_id,
            "password": s3.secret_access_key,
            "extra": {"endpoint_url": s3.endpoint_url, "region_name": s3.region},
        }
    )


@dataclass(frozen=True)
class Airflow:
    """Airflow with its home in the state folder.

    Args:
        state: where everything lies.
        settings: of the embedded services.
        pipeline: settings that decide the pools and the name of the S3 connection.
        s3: the storage that its tasks use.
        extra_environment: more variables for Airflow and its tasks.
        say: told what takes a while or went wrong.
    """

    state: StateFolder
    settings: EmbeddedSettings
    pipeline: Settings
    s3: S3Connection
    extra_environment: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = print

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.state.path / "airflow"

    @property
    def supervisor_log(self) -> Path:
        """What was restarted and when."""
        return self.state.logs / "airflow.log"

    @property
    def is_running(self) -> bool:
        """Whether the Airflow that was started from this folder lives."""
        process = self.state.read_process(SERVICE)
        return process is not None and process.is_running

    @property
    def started_at(self) -> datetime | None:
        """When it was started."""
        process = self.state.read_process(SERVICE)
        return process.started_at if process else None

    def task_log(self, dag_id: str, run_id: str, task: TaskInstance) -> Path:
        """Where the log of a task's last try lies."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task.task_id}"
        if task.map_index >= 0:
            folder /= f"map_index={task.map_index}"
        return folder / f"attempt={max(task.try_number, 1)}.log"

    @property
    def password(self) -> str:
        """The password of :data:`USER`."""
        return self.state.secret("airflow_password", lambda: secrets.token_urlsafe(15))

    def api(self) -> AirflowApi:
        """Its REST API."""
        port = self.state.read_ports(SERVICE).get("api", self.settings.airflow_port)
        return AirflowApi(f"http://{LOOPBACK}:{port}", USER, self.password)

    def start(self, *, is_busy: Callable[[AirflowApi], bool]) -> AirflowApi:
        """Start Airflow, or find it running; returns when all its parts are healthy and the pools exist.

        Args:
            is_busy: whether work is in flight that a restart would disturb.

        Raises:
            EmbeddedError: where it does not come up.
        """
        if self.is_running:
            api = self._wait_until_healthy()
            if self._settings_digest() == self.state.read_note(SERVICE):
                return api
            if is_busy(api):
                self.say("Settings have changed; Airflow takes them up at its next start (a run is at work now).")
                return api
            self.say("Settings have changed: Airflow is started again.")
        self.stop()
        self._launch()
        return self._wait_until_healthy()

    def stop(self) -> None:
        """Stop it if it was started from this folder; returns when every process of it is gone."""
        process = self.state.read_process(SERVICE)
        if process is None:
            return
        process.stop(signal.SIGTERM, patience_s=_STOP_PATIENCE_S)
        self.state.forget_process(SERVICE)
        wait_until_free(self.state.read_ports(SERVICE).values())

    def _launch(self) -> None:
        self.home.mkdir(exist_ok=True)
        ports = choose_ports(
            {"api": self.settings.airflow_port, **self.state.read_ports(SERVICE)},
            avoid=self.state.read_ports("seaweedfs").values(),
        )
        self.state.write_ports(SERVICE, ports)
        environment = self.environment(ports["api"])
        self.state.write_private(self._passwords_file.name, json.dumps({USER: self.password}))
        self._migrate_database(environment)
        self._import_pools(environment)
        for log in self.state.logs.glob("airflow*.log"):
            log.unlink()
        process = start_service(
            SERVICE,
            [sys.executable, "-m", "tenderlake.embedded.supervisor", self.state.logs],
            cwd=self.home,
            environment=environment,
            log=self.supervisor_log,
        )
        self.state.write_process(process)
        self.state.write_note(SERVICE, self._settings_digest())

    @property
    def _passwords_file(self) -> Path:
        return self.state.path / "airflow-passwords.json"

    def environment(self, api_port: int) -> dict[str, str]:
        """All variables of Airflow's processes; what depends on the port moves together."""
        base_url = f"http://{LOOPBACK}:{api_port}"
        caller = passed_on({**os.environ, **self.extra_environment})
        programs = str(Path(sys.executable).parent)
        return {
            **caller,
            "PATH": f"{programs}{os.pathsep}{caller.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "AIRFLOW_HOME": str(self.home),
            **self._airflow_settings(),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(api_port),
            "AIRFLOW__API__BASE_URL": base_url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base_url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._passwords_file),
            "AIRFLOW__CORE__FERNET_KEY": self.state.secret("airflow_fernet_key", _fernet_key),
            "AIRFLOW__API__SECRET_KEY": self.state.secret("airflow_secret_key"),
            "AIRFLOW__API_AUTH__JWT_SECRET": self.state.secret("airflow_jwt_secret"),
            f"AIRFLOW_CONN_{self.pipeline.s3_connection_id.upper()}": connection_json(self.s3),
            "TENDERLAKE_BUCKET": self.s3.bucket,
        }

    def _airflow_settings(self) -> dict[str, str]:
        return {
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.settings.dags_folder.resolve()),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.settings.plugins_folder.resolve()),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(self.settings.parallelism),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__INSTANCE_NAME": "Tenderlake",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        }

    def _settings_digest(self) -> str:
        """Changes when a running Airflow should be started again; the shell's own variables do not count."""
        mine = passed_on({**os.environ, **self.extra_environment})
        decisive = {name: value for name, value in mine.items() if name.startswith(_PASSED_ON_PREFIXES[:2])}
        parts = [decisive, self._airflow_settings(), connection_json(self.s3), pools_file(self.pipeline)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _migrate_database(self, environment: Mapping[str, str]) -> None:
        """Make or renew the tables; left out where this Airflow has made them already, since it takes seconds."""
        stamp, current = self.home / "database-version", version("apache-airflow-core")
        if stamp.exists() and stamp.read_text() == current and (self.home / "airflow.db").exists():
            return
        self.say("Preparing Airflow's database …")
        self._tool(["db", "migrate"], environment)
        stamp.write_text(current)

    def _import_pools(self, environment: Mapping[str, str]) -> None:
        """Pools come before any task: a task of a missing pool would wait for ever."""
        wanted = pools_file(self.pipeline)
        file = self.home / "pools.json"
        if file.exists() and file.read_text() == wanted:
            return
        file.write_text(wanted)
        try:
            self._tool(["pools", "import", str(file)], environment)
        except EmbeddedError:
            file.unlink()
            raise

    def _tool(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Run a command of Airflow to its end."""
        log = self.state.logs / "setup-airflow.log"
        airflow = Path(sys.executable).with_name("airflow")
        if not airflow.is_file():
            raise EmbeddedError(f"{airflow} is missing: run `make setup`")
        with log.open("ab") as output:
            result = subprocess.run(
                [str(airflow), *arguments],
                cwd=self.home,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_TOOL_TIMEOUT_S,
                check=False,
            )
        if result.returncode != 0:
            raise EmbeddedError(f"`airflow {' '.join(arguments[:2])}` failed: {last_line(log)} (log: {log})")

    def _wait_until_healthy(self) -> AirflowApi:
        api = self.api()
        deadline = time.monotonic() + self.settings.start_timeout_s
        missing = ["api-server"]
        while True:
            if not self.is_running:
                raise EmbeddedError(f"Airflow ended at once: {last_line(self.supervisor_log)} ({self.supervisor_log})")
            try:
                missing = api.unhealthy_parts()
            except AirflowUnavailableError:
                missing = ["api-server"]
            if not missing:
                return api
            if time.monotonic() > deadline:
                logs = self.state.logs / "airflow-*.log"
                raise EmbeddedError(
                    f"Airflow is not healthy after {self.settings.start_timeout_s:.0f} s ({', '.join(missing)}): "
                    f"{last_line(self.supervisor_log) or 'the machine may be too slow'} (logs: {logs})"
                )
            time.sleep(0.5)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
