"""Whose request it is: only what a trusted proxy wrote is believed."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.limits.addresses import find_client

PEER = "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        ([], 0, PEER),
        (["198.51.100.1"], 0, PEER),
        (["198.51.100.1"], 1, "198.51.100.1"),
        (["10.9.9.9, 198.51.100.1"], 1, "198.51.100.1"),
        (["10.9.9.9", "198.51.100.1"], 1, "198.51.100.1"),
        (["10.9.9.9, 198.51.100.1, 192.0.2.7"], 2, "198.51.100.1"),
        (["198.51.100.1"], 2, "198.51.100.1"),
        ([], 2, PEER),
        (["198.51.100.1:4711"], 1, "198.51.100.1"),
        (["[2001:db8:1:2:3::4]:4711"], 1, "2001:db8:1:2::/64"),
        (["2001:db8:1:2:ffff::1"], 1, "2001:db8:1:2::/64"),
        (["::ffff:198.51.100.1"], 1, "198.51.100.1"),
        (["unknown"], 1, "unknown"),
        ([""], 1, "unknown"),
    ],
)
def test_client_is_the_nth_address_from_the_right(forwarded: list[str], proxies: int, client: str) -> None:
    assert find_client(PEER, forwarded, proxies) == client


def test_unix_socket_has_no_address() -> None:
    assert find_client(None, [], 0) == "unknown"


@given(st.lists(st.text(max_size=30), max_size=4), st.ip_addresses(v=4), st.integers(1, 3))
def test_what_the_client_claims_changes_nothing(claims: list[str], client: ipaddress.IPv4Address, proxies: int) -> None:
    written = [str(client), *(f"10.0.0.{number}" for number in range(1, proxies))]
    assert find_client("10.0.0.99", [*claims, ", ".join(written)], proxies) == str(client)


@given(st.lists(st.text(max_size=30), max_size=4))
def test_without_a_proxy_the_header_is_ignored(claims: list[str]) -> None:
    assert find_client(PEER, claims, 0) == PEER


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_addresses_of_one_ipv6_network_are_one_client(one: int, other: int) -> None:
    network = 0x2001_0DB8_0001_0002 << 64
    found = {find_client(str(ipaddress.IPv6Address(network + host)), [], 0) for host in (one, other)}
    assert found == {"2001:db8:1:2::/64"}
