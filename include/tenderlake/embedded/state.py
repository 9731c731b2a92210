"""The folder that the embedded services live in: their data, logs and secrets, readable by their owner alone."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from pydantic import ValidationError

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.processes import ServiceProcess
from tenderlake.storage import Storage, client_config

REGION = "us-east-1"


@dataclass(frozen=True)
class S3Connection:
    """How to reach the embedded S3 server and its one bucket."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    bucket: str
    region: str = REGION

    def environment(self) -> dict[str, str]:
        """The variables that boto3, the AWS command line and most S3 tools understand."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": self.region,
            "TENDERLAKE_BUCKET": self.bucket,
        }

    def storage(self) -> Storage:
        """The bucket."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
            config=client_config(),
        )
        return Storage(client, self.bucket)


@dataclass(frozen=True)
class StateFolder:
    """Names of everything in the state folder, and the ways to read and write it."""

    path: Path

    @property
    def connection_file(self) -> Path:
        """Endpoint and keys of S3, for people's own tools."""
        return self.path / "connection.env"

    @property
    def logs(self) -> Path:
        """Output of the services."""
        return self.path / "logs"

    def create(self) -> None:
        """Make the folder, closed to others.

        Raises:
            EmbeddedError: where it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self.logs.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            raise EmbeddedError(
                f"cannot write to {self.path} ({error.strerror}): free some space or set TENDERLAKE_STATE_DIR to a "
                "folder of yours"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for oneself while services are started or stopped; another command waits its turn."""
        self.create()
        with (self.path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # let go by the kernel, also when this process dies
            yield

    def write_private(self, name: str, text: str) -> Path:
        """Write a file that only its owner reads; a reader sees the old or the new one, never half."""
        target = self.path / name
        descriptor, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}.")  # mkstemp makes it 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(temporary).replace(target)
        return target

    def secret(self, name: str, make: Callable[[], str] = secrets.token_hex) -> str:
        """The secret of this name, made at random on first use and kept."""
        known = self._read_json("secrets.json")
        if name not in known:
            known[name] = make()
            self.write_private("secrets.json", json.dumps(known, indent=1))
        return known[name]

    def _read_json(self, name: str) -> dict[str, str]:
        try:
            value = json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise EmbeddedError(f"{self.path / name} is damaged: `make stop`, then delete {self.path}") from error
        return {str(key): str(text) for key, text in value.items()}

    def write_connection(self, connection: S3Connection) -> None:
        """Write ``connection.env``."""
        lines = [f"{name}={value}" for name, value in connection.environment().items()]
        self.write_private(self.connection_file.name, "\n".join(lines) + "\n")

    def read_connection(self) -> S3Connection | None:
        """What ``connection.env`` says, or None before the first start."""
        try:
            lines = self.connection_file.read_text().splitlines()
        except FileNotFoundError:
            return None
        known = dict(line.split("=", 1) for line in lines if "=" in line)
        try:
            return S3Connection(
                endpoint_url=known["AWS_ENDPOINT_URL"],
                access_key_id=known["AWS_ACCESS_KEY_ID"],
                secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
                bucket=known["TENDERLAKE_BUCKET"],
                region=known["AWS_REGION"],
            )
        except KeyError as error:
            raise EmbeddedError(f"{self.connection_file} lacks {error}: delete it, the next start writes it") from error

    def read_ports(self, service: str) -> dict[str, int]:
        """The ports that a service had last time."""
        return {name: int(port) for name, port in self._read_json(f"{service}-ports.json").items()}

    def write_ports(self, service: str, ports: dict[str, int]) -> None:
        """Keep the ports of a service."""
        self.write_private(f"{service}-ports.json", json.dumps(ports))

    def read_note(self, service: str) -> str | None:
        """What was noted about the settings that a service was started with."""
        try:
            return (self.path / f"{service}.settings").read_text()
        except FileNotFoundError:
            return None

    def write_note(self, service: str, note: str) -> None:
        """Note the settings that a service was started with."""
        self.write_private(f"{service}.settings", note)

    def read_process(self, service: str) -> ServiceProcess | None:
        """The process that was written down for a service, whether it lives or not."""
        try:
            return ServiceProcess.model_validate_json((self.path / f"{service}.pid.json").read_text())
        except (FileNotFoundError, ValidationError):
            return None

    def write_process(self, process: ServiceProcess) -> None:
        """Write down the process of a service."""
        self.write_private(f"{process.name}.pid.json", process.model_dump_json())

    def forget_process(self, service: str) -> None:
        """The service was stopped."""
        with suppress(FileNotFoundError):
            (self.path / f"{service}.pid.json").unlink()


def last_line(log: Path) -> str:
    """The last line of a log that says something; empty where there is none."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return ""
    return lines[-1] if lines else ""
