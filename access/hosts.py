"""Which host names the dashboard answers to.

Without this check, a page of another site whose name is made to resolve to this machine (DNS
rebinding) would be of the same origin as the dashboard, and could read it and submit jobs.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from pipelines.errors import MonitorError

NAME = re.compile(r"[\w.:-]+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class AccessError(MonitorError):
    """Settings of who may do what that can't be used; the message says what to change."""


def host_name(netloc: str) -> str | None:
    """The name or address of `name:port`, in lower case and without brackets; None if invalid."""
    try:
        found = urlsplit(f"//{netloc}")
        # Reading the port checks it.
        valid = found.netloc == netloc and "@" not in netloc and found.port != 0
    except ValueError:
        return None
    return found.hostname.rstrip(".") if valid and found.hostname else None


def allowed_hosts(host: str, configured: Collection[str]) -> frozenset[str]:
    """The names to answer to: the configured ones, else the loopback names and `host`.

    A name with a leading dot stands for its subdomains. Raises AccessError if nothing is configured
    and `host` is no single address.
    """
    if configured:
        return frozenset(_normal(name) for name in configured)
    if is_every_address(host):
        raise AccessError(
            f"HOST={host or repr(host)} serves on every address of this machine: name the hosts "
            "that browsers ask for, e.g. ALLOWED_HOSTS=monitor.example.org,localhost"
        )
    return LOOPBACK | {_normal(host)}


def is_allowed(netloc: str | None, allowed: Collection[str]) -> bool:
    """Whether a Host header, with or without a port, is one of the allowed names."""
    name = host_name(netloc) if netloc else None
    return name is not None and any(
        name == one or (one.startswith(".") and name.endswith(one)) for one in allowed
    )


def is_every_address(host: str) -> bool:
    """Whether a server that binds to `host` listens on every address of the machine."""
    found = ip_of(host)
    return host == "" or (found is not None and found.is_unspecified)


def is_loopback(address: str) -> bool:
    """Whether an address or a host name is this machine's own."""
    found = ip_of(address)
    return address.lower() == "localhost" or (found is not None and found.is_loopback)


def ip_of(address: str) -> IPv4Address | IPv6Address | None:
    """The IP address, that of version 4 where version 6 only wraps it; None if it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _normal(name: str) -> str:
    """A configured name as `host_name` gives it. Raises AccessError."""
    dot, bare = name[: name.startswith(".")], name.strip().lstrip(".")
    found = host_name(f"[{bare}]" if bare.count(":") > 1 and bare[0] != "[" else bare)
    if found is None or not NAME.fullmatch(found):
        raise AccessError(f"ALLOWED_HOSTS: '{name}' is no host name")
    return dot + _ascii(found)


def _ascii(name: str) -> str:
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AccessError(f"ALLOWED_HOSTS: '{name}' is no host name") from error
