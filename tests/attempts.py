"""What a document tries that has taken over the process that opens it. Standard library only: it runs anywhere."""

from __future__ import annotations

import encodings.idna  # noqa: F401  # needed to connect, and out of reach by then
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path


def connect(target: str) -> None:
    """``host:port``, or the path of a local socket."""
    if target.startswith("/"):
        with socket.socket(socket.AF_UNIX) as local:
            local.connect(target)
        return
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass


def send(target: str) -> None:
    """A datagram, as those that ask for names."""
    host, _, port = target.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"secret", (host, int(port)))


def read(path: str) -> None:
    """The bytes of a file."""
    Path(path).read_bytes()


def write(path: str) -> None:
    """A new file."""
    Path(path).write_bytes(b"was here")


def signal(pid: str) -> None:
    """Whether a process could be ended."""
    os.kill(int(pid), 0)


def run(program: str) -> None:
    """Another program."""
    subprocess.run([program], check=True)


def fork(_: str) -> None:
    """Another process."""
    if child := os.fork():
        os.waitpid(child, 0)
    else:
        os._exit(0)


def thread(_: str) -> None:
    """Another thread of this process, which libraries may need."""
    try:
        started = threading.Thread(target=int)
        started.start()
        started.join()
    except RuntimeError as error:
        raise OSError("no thread") from error


ATTEMPTS: dict[str, Callable[[str], None]] = {
    attempt.__name__: attempt for attempt in (connect, send, read, write, signal, run, fork, thread)
}


def successes(attempts: Sequence[str]) -> list[str]:
    """Which of these succeed, each an attempt and its target, such as ``read /etc/hostname``."""
    done = []
    for attempt in attempts:
        name, _, target = attempt.partition(" ")
        try:
            ATTEMPTS[name](target)
        except (OSError, subprocess.SubprocessError):
            continue
        done.append(attempt)
    return done


if __name__ == "__main__":
    print(json.dumps(successes(sys.argv[1:])))
