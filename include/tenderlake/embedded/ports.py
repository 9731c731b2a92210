"""Free loopback ports: the usual ones where they are free, others where somebody has taken them."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from tenderlake.embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"

# Below Linux's ephemeral range (32768 and up) also with +10000, so that no outgoing connection takes a port that was
# free when it was chosen.
_CANDIDATES = range(11000, 22000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As servers do: a closed connection that lingers in TIME_WAIT does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def wait_until_free(ports: Collection[int], *, patience_s: float = 5.0) -> None:
    """Wait for the connections of a server that has ended to be closed; where a stranger has come, not for long."""
    deadline = time.monotonic() + patience_s
    while not all(is_free(port) for port in ports) and time.monotonic() < deadline:
        time.sleep(0.1)


def choose_ports(
    preferred: Mapping[str, int],
    *,
    offsets: Iterable[int] = (0,),
    free: Callable[[int], bool] = is_free,
    avoid: Iterable[int] = (),
) -> dict[str, int]:
    """One free port for each name: the preferred one, or a random other one.

    Args:
        preferred: name and the port it should have.
        offsets: every port is taken together with these neighbours (a gRPC port at +10000).
        free: tells whether a port can be had.
        avoid: ports that are spoken for though nobody listens on them yet.

    Raises:
        EmbeddedError: where nothing is free, which means that something else is wrong.
    """
    offsets = tuple(offsets)
    taken = set(avoid)
    chosen: dict[str, int] = {}
    for name, wish in preferred.items():
        for port in (wish, *random.sample(_CANDIDATES, 200)):
            group = {port + offset for offset in offsets}
            if not group & taken and all(free(member) for member in group):
                chosen[name] = port
                taken |= group
                break
        else:
            raise EmbeddedError(f"no free port on {LOOPBACK} for {name}: is the loopback network up?")
    return chosen
