"""Decides to which network addresses the service may connect for a caller.

A caller who names an address makes the service connect from inside the platform's network: metadata servers, databases
and the service itself would be in reach (server-side request forgery). So only addresses of the public internet are
allowed, and what is judged is the resolved address that is then connected to, never the text of a host name.
"""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# What the properties of ``ipaddress`` leave out, or leave out in some versions of Python.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata server
        "168.63.129.16/32",  # Azure's metadata server, on a public address
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata server
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b:1::/48",  # NAT64 within a network
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",  # segment routing
        "fec0::/10",  # site local, of old
    )
)
_CARRIES_IPV4 = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96"))
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


def is_public(text: str) -> bool:
    """Whether a numeric address is one of the public internet; what is no address is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        return False
    return all(_is_public(form) for form in _forms(address))


def _forms(address: IPAddress) -> list[IPAddress]:
    """The address, and the IPv4 address that a translator on the way would make of it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if any(address in network for network in _CARRIES_IPV4):
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    if address in _SIX_TO_FOUR:
        return [ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)]
    return [address]


def _is_public(address: IPAddress) -> bool:
    return (
        address.is_global
        and not (address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified)
        and not (address.is_multicast or address.is_reserved)
        and not any(address.version == network.version and address in network for network in _NEVER)
    )
