"""Given a registry that asks for a password, images are pushed to it, and the password stays nowhere."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from tests.obstacles import missing

pytestmark = pytest.mark.docker

SCRIPT = Path(__file__).parents[2] / "docker/push_to_registry.sh"
KEY_ID = "tenant-key-id"
SECRET = "S3cret/with+odd=letters$HOME"
IMAGE = "tenderlake/test-push:source"


@dataclass(frozen=True)
class Registry:
    """A real registry (Debian's docker-registry) on the loopback address."""

    endpoint: str
    client: docker.DockerClient
    home: Path

    def push(self, **variables: str | None) -> subprocess.CompletedProcess[str]:
        """Run the script; None unsets a variable."""
        given: dict[str, str | None] = {
            "REGISTRY_ENDPOINT": self.endpoint,
            "KEY_ID": KEY_ID,
            "KEY_SECRET": SECRET,
            "VERSION": "1.2.3",
            "IMAGE": IMAGE,
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            **variables,
        }
        environment = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
        for name in (name for name, value in given.items() if value is None):
            environment.pop(name, None)
        environment.pop("DOCKER_CONFIG", None)
        return subprocess.run([str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)

    def pulled_id(self, reference: str) -> str:
        image = self.client.images.pull(reference, auth_config={"username": KEY_ID, "password": SECRET})
        return str(image.id)


@pytest.fixture
def registry(docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Registry]:
    server, htpasswd = shutil.which("docker-registry"), shutil.which("htpasswd")
    if not (server and htpasswd):
        missing("docker-registry or htpasswd is missing: apt-get install docker-registry apache2-utils")
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    hashed = subprocess.run([htpasswd, "-Bni", KEY_ID], input=SECRET, capture_output=True, text=True, check=True)
    (tmp_path / "htpasswd").write_text(hashed.stdout)
    (tmp_path / "home").mkdir()
    (tmp_path / "config.yml").write_text(
        f"version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path}/storage}}}}\n"
        f"http: {{addr: '{endpoint}'}}\n"
        f"auth: {{htpasswd: {{realm: test, path: {tmp_path}/htpasswd}}}}\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "serve", str(tmp_path / "config.yml")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(endpoint, process)
        make_image(docker_client)
        yield Registry(endpoint, docker_client, tmp_path / "home")
    finally:
        for image in docker_client.images.list(filters={"label": "tenderlake.test=push"}):
            docker_client.images.remove(image.id, force=True)
        process.terminate()
        process.wait(30)


def wait_for(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{endpoint}/v2/", timeout=2)
        except urllib.error.HTTPError as error:
            assert error.code == 401, "it has to ask for a password"
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the registry did not start")


def make_image(client: docker.DockerClient) -> None:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in (
            ("Dockerfile", b"FROM scratch\nLABEL tenderlake.test=push\nCOPY file /\n"),
            ("file", b"x"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    context.seek(0)
    client.images.build(fileobj=context, custom_context=True, tag=IMAGE)


def test_version_and_latest_are_pushed_and_the_digest_pulls_the_same_image(registry: Registry) -> None:
    pushed = registry.push(NAME="site/ocr")
    assert pushed.returncode == 0, pushed.stderr
    target = f"{registry.endpoint}/site/ocr"
    *_, by_tag, by_digest = pushed.stdout.splitlines()
    assert by_tag == f"{target}:1.2.3"
    assert re.fullmatch(re.escape(target) + "@sha256:[0-9a-f]{64}", by_digest)

    source = registry.client.images.get(IMAGE).id
    for tag in ("1.2.3", "latest"):
        registry.client.images.remove(f"{target}:{tag}")
    assert registry.pulled_id(by_digest) == source
    assert registry.pulled_id(f"{target}:1.2.3") == registry.pulled_id(f"{target}:latest") == source


def test_the_name_in_the_registry_is_that_of_the_image(registry: Registry) -> None:
    pushed = registry.push()
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.splitlines()[-2] == f"{registry.endpoint}/test-push:1.2.3"


@pytest.mark.parametrize("secret", [SECRET, "not-the-secret"])
def test_the_secret_is_neither_printed_nor_left_behind(registry: Registry, secret: str) -> None:
    pushed = registry.push(KEY_SECRET=secret)
    assert (pushed.returncode == 0) == (secret == SECRET)
    assert secret not in pushed.stdout + pushed.stderr
    assert not any(registry.home.rglob("*")), "HOME and TMPDIR are as they were"


def test_a_wrong_password_says_what_to_look_at(registry: Registry) -> None:
    refused = registry.push(KEY_SECRET="not-the-secret")
    assert refused.returncode == 1
    said = refused.stderr.splitlines()[-1]
    assert said == (
        f"docker/push_to_registry.sh: cannot log in to {registry.endpoint}: "
        "look at REGISTRY_ENDPOINT, KEY_ID and KEY_SECRET"
    )


def test_a_password_of_before_is_not_used(registry: Registry) -> None:
    """What a person has logged in with in ~/.docker is another one's key."""
    configuration = registry.home / ".docker/config.json"
    configuration.parent.mkdir()
    configuration.write_text('{"auths": {}}')
    assert registry.push().returncode == 0
    assert configuration.read_text() == '{"auths": {}}'


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"KEY_SECRET": None, "VERSION": ""}, "not set: KEY_SECRET VERSION"),
        ({"REGISTRY_ENDPOINT": None}, "not set: REGISTRY_ENDPOINT"),
        ({"REGISTRY_ENDPOINT": "https://registry.example"}, "give the host alone, without https://"),
        ({"REGISTRY_ENDPOINT": "registry.example/folder"}, "give a host, such as"),
        ({"REGISTRY_ENDPOINT": "-x"}, "give a host, such as"),
        ({"VERSION": "1 2"}, "VERSION=1 2: a tag has"),
        ({"VERSION": "latest"}, "VERSION=latest: give the version"),
        ({"KEY_SECRET": "two\nlines"}, "holds a line break"),
        ({"NAME": "Site/OCR"}, "NAME=Site/OCR: a name has"),
        ({"IMAGE": "tenderlake/no-such-image:1"}, "has no image tenderlake/no-such-image:1: build it"),
        ({"DOCKER_HOST": "unix:///nowhere.sock"}, "no Docker daemon answers"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(
    registry: Registry, variables: dict[str, str | None], reason: str
) -> None:
    refused = registry.push(**variables)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "two" not in refused.stderr


def test_a_registry_that_is_not_there_is_told(registry: Registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"127.0.0.1:{free.getsockname()[1]}"
    refused = registry.push(REGISTRY_ENDPOINT=nowhere)
    assert refused.returncode == 1
    assert f"cannot log in to {nowhere}" in refused.stderr
