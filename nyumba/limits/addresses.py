"""Whose request it is, as far as the network tells.

Invariant: only what a trusted proxy wrote is believed. Each appends the address it was reached from, so of
X-Forwarded-For only as many entries count, from the right, as there are proxies; the rest is the client's own claim.
"""

import ipaddress
from collections.abc import Sequence

IPV6_NETWORK_BITS = 64  # what one customer gets: within it, changing the address costs nothing


def find_client(peer: str | None, forwarded: Sequence[str], trusted_proxies: int) -> str:
    """The network address to count for, IPv6 as its /64.

    `peer` is the other end of the connection, None for a unix socket; `forwarded` are the X-Forwarded-For fields in
    their order. A request that passed fewer proxies than configured counts for the first that is known of it.
    """
    claimed = [entry.strip() for field in forwarded for entry in field.split(",")]
    hops = [*claimed, peer or ""]
    return _normalise(hops[max(0, len(hops) - 1 - trusted_proxies)])


def _normalise(hop: str) -> str:
    try:
        address = ipaddress.ip_address(_strip_port(hop))
    except ValueError:
        return "unknown"  # a proxy that hides its clients: they share one count
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), IPV6_NETWORK_BITS), strict=False))


def _strip_port(hop: str) -> str:
    """Some proxies write `192.0.2.1:1234` or `[2001:db8::1]:1234`; a bare IPv6 address has several colons."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
