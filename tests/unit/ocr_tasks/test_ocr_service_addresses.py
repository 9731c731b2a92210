"""Given an address that a caller names, only the public internet is connected to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.service.addresses import is_public

pytestmark = pytest.mark.unit

PRIVATE_NETWORKS = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "203.0.113.0/24"),
)


def v4_addresses(network: str) -> st.SearchStrategy[ipaddress.IPv4Address]:
    return st.ip_addresses(v=4, network=network)


private_v4 = st.one_of(*(v4_addresses(network) for network in PRIVATE_NETWORKS))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "0.0.0.1", "::", "10.1.2.3", "192.168.0.1", "172.31.255.255", "169.254.169.254"),
        *("100.100.100.200", "192.0.0.192", "168.63.129.16", "255.255.255.255", "224.0.0.1", "198.18.0.1"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "100::1"),
        *("::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "2002:7f00:1::"),
        *("2001::1", "::ffff:0:127.0.0.1", "localhost", "", "127.1", "0x7f000001", "2130706433"),
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2a00:1450:4010:c0e::71", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "172.32.0.1"],
)
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_public(address)


@given(private_v4)
def test_a_private_address_is_refused_in_every_form(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = [
        str(address),
        str(ipaddress.IPv6Address(0xFFFF << 32 | number)),
        str(ipaddress.IPv6Address(number)),
        str(ipaddress.IPv6Address(0xFFFF << 48 | number)),
        str(ipaddress.IPv6Address((0x64_FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | number << 80)),
    ]
    assert [form for form in forms if is_public(form)] == []


@given(st.ip_addresses(v=6))
def test_what_python_calls_private_is_never_public(address: ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


@given(st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    assert is_public(text) in (True, False)
