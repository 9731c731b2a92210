"""Given a container without privileges, as workers may be, a process that opens a document is shut off there, too."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.obstacles import ROOT

pytestmark = pytest.mark.docker

PROGRAM = textwrap.dedent("""
    import json, socket
    from pathlib import Path
    from tenderlake.isolation import confine_files, forbid_programs, isolate_process
    from attempts import successes
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    tried = [f"connect 127.0.0.1:{port}", f"send 127.0.0.1:{port}", "run /bin/true", "fork", "read /code/attempts.py"]
    own = ["write /tmp/own", "read /tmp/own", "thread"]
    assert successes([*tried, *own]) == [*tried, *own], "it could not be reached anyway"
    isolation = isolate_process()
    confine_files(isolation, [Path("/usr"), Path("/opt")], [Path("/tmp")])
    forbid_programs(isolation)
    print(json.dumps({**isolation.model_dump(), "done": successes([*tried, *own])}))
""")


@pytest.mark.parametrize("hardening", [{}, {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}])
@pytest.mark.parametrize("user", ["0:0", "10001:10001"])
def test_no_privileges_are_needed(
    docker_client: docker.DockerClient, ocr_image: str, user: str, hardening: dict[str, Any]
) -> None:
    code = {"tenderlake": ROOT / "include/tenderlake", "attempts.py": Path(ROOT, "tests/attempts.py")}
    said = docker_client.containers.run(
        ocr_image,
        ["-c", PROGRAM],
        entrypoint=["python3"],
        user=user,
        network_mode="none",
        remove=True,
        environment={"PYTHONPATH": "/code:/opt/ocr_tasks"},
        volumes={str(path): {"bind": f"/code/{name}", "mode": "ro"} for name, path in code.items()},
        tmpfs={"/tmp": "mode=1777"},  # noqa: S108  the container's own
        **hardening,
    )
    found = json.loads(said)
    assert found["has_system_call_filter"], "Docker's default profile allows filters"
    files = [] if found["landlock_version"] else ["read /code/attempts.py"]
    assert found["done"] == [*files, "write /tmp/own", "read /tmp/own", "thread"]
