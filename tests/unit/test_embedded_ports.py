"""Which ports the embedded services get."""

from __future__ import annotations

import socket

import pytest

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.ports import choose_ports, is_free

pytestmark = pytest.mark.unit


def test_the_usual_ports_are_taken_where_they_are_free() -> None:
    assert choose_ports({"s3": 8333, "filer": 8888}, free=lambda port: True) == {"s3": 8333, "filer": 8888}


def test_only_the_port_that_somebody_has_is_replaced() -> None:
    chosen = choose_ports({"s3": 8333, "filer": 8888}, free=lambda port: port != 8333)
    assert chosen["filer"] == 8888
    assert chosen["s3"] != 8333


def test_a_port_moves_with_its_neighbour() -> None:
    """GRPC listens at +10000: where that one is taken, the pair moves."""
    chosen = choose_ports({"s3": 8333}, offsets=(0, 10000), free=lambda port: port != 18333)
    assert chosen["s3"] != 8333
    assert chosen["s3"] + 10000 < 32768, "outgoing connections could take the neighbour"


def test_no_port_is_given_out_twice_and_none_that_is_spoken_for() -> None:
    chosen = choose_ports({"a": 9000, "b": 9000, "c": 9001}, free=lambda port: True, avoid=[9001])
    assert chosen["a"] == 9000
    assert len({*chosen.values(), 9001}) == 4


def test_without_any_free_port_the_message_names_what_wanted_one() -> None:
    with pytest.raises(EmbeddedError, match="for s3"):
        choose_ports({"s3": 8333}, free=lambda port: False)


def test_a_listening_server_makes_its_port_taken() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)
