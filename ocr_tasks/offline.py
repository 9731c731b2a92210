"""Runs something with the network off, to prove that it needs none."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")
_CLONE_NEWNET = 0x40000000
_INTERNET = (socket.AF_INET, socket.AF_INET6)


@dataclass
class NetworkUse:
    """What was tried while the network was off.

    Attributes:
        is_cut_by_kernel: Whether the kernel had taken the network away as well; it does so for the privileged only.
        refused: The hosts that somebody tried to reach.
    """

    is_cut_by_kernel: bool = False
    refused: list[str] = field(default_factory=list)


_watching: list[NetworkUse] = []


def without_network(call: Callable[[], ResultT]) -> tuple[ResultT, NetworkUse]:
    """Call something in a thread of its own while no other host can be reached.

    Connections and names are refused in Python, for the whole process as long as it takes; where the process may, the
    thread and those it starts get an empty network namespace, so that native code reaches nothing either.

    Raises:
        BaseException: What the call raises.
    """
    use = NetworkUse()
    results: list[ResultT] = []
    errors: list[BaseException] = []

    def run() -> None:
        use.is_cut_by_kernel = ctypes.CDLL(None).unshare(_CLONE_NEWNET) == 0
        try:
            results.append(call())
        except BaseException as error:  # for the caller, who waits
            errors.append(error)

    _install_guard()
    _watching.append(use)
    try:
        thread = threading.Thread(target=run, name="without-network")
        thread.start()
        thread.join()
    finally:
        _watching.remove(use)
    if errors:
        raise errors[0]
    return results[0], use


@lru_cache(maxsize=1)
def _install_guard() -> None:
    """An audit hook sees all of Python's use of sockets; it cannot be taken out again, so it looks whether it is on."""
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or not event.startswith("socket."):
        return
    host = _host(event, arguments)
    if host is not None and not _is_here(host):
        for use in _watching:
            use.refused.append(host)
        raise OSError(f"the network is off for this check: {host}")


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return str(arguments[0] or "localhost")
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        own, address = arguments
        return str(address[0]) if own.family in _INTERNET and address else None
    return None


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
