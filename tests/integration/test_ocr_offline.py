"""Given the network off, nothing else is reached, and everything is afterwards. Real sockets."""

from __future__ import annotations

import socket
import threading

import pytest

from ocr_tasks.offline import without_network

pytestmark = pytest.mark.integration

DOCUMENTATION_HOST = "192.0.2.1"
"""Nobody's address (RFC 5737)."""


def test_hosts_and_names_are_refused_and_told() -> None:
    def try_both() -> list[str]:
        told = []
        for call in (
            lambda: socket.create_connection((DOCUMENTATION_HOST, 80)),
            lambda: socket.getaddrinfo("a.test", 80),
        ):
            with pytest.raises(OSError, match="the network is off for this check") as caught:
                call()
            told.append(str(caught.value).rsplit(" ", 1)[1])
        return told

    told, use = without_network(try_both)
    assert told == use.refused == [DOCUMENTATION_HOST, "a.test"]


def test_other_threads_are_refused_as_well() -> None:
    refused = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((DOCUMENTATION_HOST, 80))
        except OSError:
            refused.set()

    def start_and_wait() -> None:
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()

    _, use = without_network(start_and_wait)
    assert refused.is_set()
    assert use.refused == [DOCUMENTATION_HOST]


def test_the_network_is_back_afterwards() -> None:
    without_network(lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        server.accept()[0].close()


def test_what_goes_wrong_inside_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        without_network(lambda: 1 // 0)
