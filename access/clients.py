"""Where a request comes from, behind proxies or not."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from werkzeug.datastructures import Headers

from access.hosts import AccessError, ip_of

Network = IPv4Network | IPv6Network
# Headers that proxies add.
FORWARDING = (
    "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
)  # fmt: skip


def names(given: str | None) -> frozenset[str]:
    """The names of a setting that takes several, separated by commas."""
    return frozenset(filter(None, (name.strip() for name in (given or "").split(","))))


def networks(given: str | None) -> tuple[Network, ...]:
    """The addresses and networks of TRUSTED_PROXIES. Raises AccessError."""
    try:
        return tuple(ip_network(one) for one in sorted(names(given)))
    except ValueError as error:
        raise AccessError(
            f"TRUSTED_PROXIES: {error}; expected addresses or networks, e.g. 10.0.0.7, 10.1.0.0/16"
        ) from error


def is_in(address: str, proxies: Sequence[Network]) -> bool:
    """Whether an address belongs to one of the networks."""
    found = ip_of(address)
    return found is not None and any(found in network for network in proxies)


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy says that it passes the request on."""
    return any(name in headers for name in FORWARDING)


def client_address(peer: str, headers: Headers, proxies: Sequence[Network]) -> str:
    """The address that a request comes from: the last one before the trusted proxies.

    What a client itself writes into X-Forwarded-For stands before that, and is not believed.
    """
    address = peer
    passed = [one.strip() for one in headers.get("X-Forwarded-For", "").split(",")]
    while passed and is_in(address, proxies):
        address = passed.pop() or address
    return address[:45]
