"""Which host names are answered to, and which pages may send something."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from access.hosts import AccessError, allowed_hosts, host_name, is_allowed, is_loopback
from access.origins import foreign_origin


@pytest.mark.parametrize(
    ("netloc", "name"),
    [
        ("localhost:8050", "localhost"),
        ("LocalHost", "localhost"),
        ("monitor.example.org.:443", "monitor.example.org"),
        ("[::1]:8050", "::1"),
        ("[::1]", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("a:b", None),
        ("a:99999", None),
        ("user@localhost", None),
        ("localhost/evil.example", None),
        ("localhost?evil", None),
        ("localhost#evil", None),
        ("[::1", None),
        ("", None),
        (":8050", None),
    ],
)
def test_a_host_header_is_a_name_with_or_without_a_port(netloc: str, name: str | None) -> None:
    assert host_name(netloc) == name


@pytest.mark.parametrize(
    ("host", "configured", "asked", "allowed"),
    [
        ("127.0.0.1", (), "localhost:8050", True),
        ("127.0.0.1", (), "[::1]:8050", True),
        ("127.0.0.1", (), "evil.example:8050", False),
        ("127.0.0.1", (), "localhost.evil.example", False),
        ("127.0.0.1", (), "127.0.0.1.evil.example", False),
        ("127.0.0.1", (), None, False),
        ("10.0.0.7", (), "10.0.0.7:8050", True),
        ("10.0.0.7", (), "localhost", True),
        ("::1", (), "[::1]", True),
        ("0.0.0.0", ("Monitor.Example.org",), "monitor.example.org:8443", True),
        ("0.0.0.0", ("monitor.example.org",), "localhost", False),
        ("0.0.0.0", (".example.org",), "a.b.example.org", True),
        ("0.0.0.0", (".example.org",), "example.org", False),
        ("0.0.0.0", (".example.org",), "evilexample.org", False),
        ("0.0.0.0", ("bücher.example",), "xn--bcher-kva.example", True),
        ("0.0.0.0", ("fd00::7",), "[fd00::7]:8050", True),
    ],
)
def test_only_configured_names_are_answered_to(
    host: str, configured: tuple[str, ...], asked: str | None, allowed: bool
) -> None:
    assert is_allowed(asked, allowed_hosts(host, configured)) is allowed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_a_server_for_every_address_has_to_say_its_names(host: str) -> None:
    with pytest.raises(AccessError, match="ALLOWED_HOSTS=monitor"):
        allowed_hosts(host, ())


@pytest.mark.parametrize("name", ["http://a", "a b/", "a:b", ".", "*"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(AccessError, match="is no host name"):
        allowed_hosts("localhost", (name,))


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("10.0.0.7", False),
        ("0.0.0.0", False),
        ("", False),
        ("localhost.evil.example", False),
    ],
)
def test_what_is_this_machines_own(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, None),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8050"}, None),
        ({"Sec-Fetch-Site": "none"}, None),
        (
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            "https://evil.example",
        ),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:80"}, "http://localhost:80"),
        ({"Sec-Fetch-Site": "cross-site"}, "cross-site"),
        # A browser sends no Sec-Fetch-Site to a name without TLS.
        ({"Origin": "http://localhost:8050"}, None),
        ({"Origin": "https://localhost:8050"}, None),
        ({"Origin": "http://LOCALHOST:8050"}, None),
        ({"Origin": "http://localhost:8051"}, "http://localhost:8051"),
        ({"Origin": "http://localhost"}, "http://localhost"),
        ({"Origin": "http://localhost:8050.evil.example"}, "http://localhost:8050.evil.example"),
        ({"Origin": "http://evil.example"}, "http://evil.example"),
        ({"Origin": "null"}, "null"),
        ({"Origin": ""}, ""),
        ({"Origin": "file://"}, "file://"),
        ({"Origin": "http://[::1"}, "http://[::1"),
    ],
)
def test_pages_of_other_origins_are_told_apart(
    headers: dict[str, str], foreign: str | None
) -> None:
    sent = Headers({"Host": "localhost:8050", **headers})
    assert foreign_origin("POST", sent) == foreign
    assert foreign_origin("GET", sent) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("monitor.example.org", "https://monitor.example.org"),
        ("monitor.example.org:443", "https://monitor.example.org"),
        ("monitor.example.org", "http://monitor.example.org:80"),
        ("[::1]:8050", "http://[::1]:8050"),
    ],
)
def test_the_port_that_a_scheme_implies_need_not_be_said(host: str, origin: str) -> None:
    assert foreign_origin("POST", Headers({"Host": host, "Origin": origin})) is None
