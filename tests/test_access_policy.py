"""Who somebody is, and may change something: by token, by a proxy's headers, by being near."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from werkzeug.datastructures import Headers

from access.actor import Actor, NotAllowed, NotSignedIn, TooManyAttempts
from access.clients import client_address, networks
from access.groups import groups_of
from access.hosts import AccessError
from access.policy import ANONYMOUS, NOT_IN_GROUP, READ_ONLY, UNKNOWN, Policy
from access.tokens import new_token, read_tokens

PROXY, NEAR, FAR = "10.0.0.2", "127.0.0.1", "192.0.2.9"
SECRET, ENTRY = new_token("nightly", "submit")
LOOKING, LOOKING_ENTRY = new_token("grafana", "read")


def behind_proxy(**more: object) -> Policy:
    return Policy(user_header="X-Forwarded-User", proxies=networks(PROXY), **more)  # type: ignore[arg-type]


def sent(**headers: str) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("peer", "headers", "refusal"),
    [
        (NEAR, {}, None),
        ("::1", {}, None),
        (FAR, {}, UNKNOWN),
        ("", {}, UNKNOWN),
        # Whoever is behind a proxy on this machine is not on this machine.
        (NEAR, {"X_Forwarded_For": FAR}, UNKNOWN),
        (NEAR, {"Forwarded": "for=1.2.3.4"}, UNKNOWN),
        (NEAR, {"Via": "1.1 proxy"}, UNKNOWN),
        (NEAR, {"X_Real_IP": FAR}, UNKNOWN),
        # Nobody has said whom to believe.
        (NEAR, {"X_Forwarded_User": "ada", "X_Forwarded_For": FAR}, UNKNOWN),
    ],
)
def test_without_a_login_only_this_machine_may_change_something(
    peer: str, headers: dict[str, str], refusal: str | None
) -> None:
    actor = Policy().actor(peer, sent(**headers))
    assert (actor.name, actor.refusal) == (ANONYMOUS, refusal)


def test_with_proxies_this_machine_is_no_exception() -> None:
    assert Policy(proxies=networks(PROXY)).actor(NEAR, sent()).refusal == UNKNOWN


def test_a_trusted_proxy_says_who_somebody_is() -> None:
    actor = behind_proxy().actor(PROXY, sent(X_Forwarded_User="ada", X_Forwarded_For=FAR))
    assert actor == Actor("ada", FAR)


@pytest.mark.parametrize("peer", [FAR, NEAR, ""])
def test_nobody_else_is_believed(peer: str) -> None:
    with pytest.raises(NotSignedIn):
        behind_proxy().actor(peer, sent(X_Forwarded_User="ada"))


@pytest.mark.parametrize("name", ["", "  "])
def test_whom_the_proxy_does_not_name_sees_nothing(name: str) -> None:
    with pytest.raises(NotSignedIn):
        behind_proxy().actor(PROXY, sent(X_Forwarded_User=name))


def test_a_name_may_have_any_letters() -> None:
    name = "Zoë 🌍".encode().decode("latin-1")
    assert behind_proxy().actor(PROXY, sent(X_Forwarded_User=name)).name == "Zoë 🌍"


@pytest.mark.parametrize(
    ("submitters", "viewers", "groups", "refusal"),
    [
        ("", "", "", None),
        ("geo", "", "geo, hr", None),
        ("geo", "", "hr", NOT_IN_GROUP),
        ("geo", "", "", NOT_IN_GROUP),
        ("geo", "", "geology", NOT_IN_GROUP),
        ("geo", "all", "all", NOT_IN_GROUP),
        ("geo", "all", "geo", None),
        ("", "all", "all", NOT_IN_GROUP),
    ],
)
def test_groups_give_roles(submitters: str, viewers: str, groups: str, refusal: str | None) -> None:
    roles = {"submitters": submitters, "viewers": viewers}
    chosen = {role: frozenset({name}) for role, name in roles.items() if name}
    policy = behind_proxy(groups_header="X-Groups", **chosen)
    assert policy.actor(PROXY, sent(X_Forwarded_User="a", X_Groups=groups)).refusal == refusal


def test_who_is_in_no_group_does_not_even_look() -> None:
    policy = behind_proxy(groups_header="X-Groups", viewers=frozenset({"all"}))
    with pytest.raises(NotAllowed, match="ada is in no group"):
        policy.actor(PROXY, sent(X_Forwarded_User="ada", X_Groups="others"))


def test_the_principal_of_entra_has_groups_and_roles() -> None:
    claims = [
        {"typ": "groups", "val": "4f1c"},
        {"typ": "roles", "val": "Geo.Submit"},
        {"typ": "name", "val": "Ada"},
        {"typ": "groups"},
        "odd",
    ]
    header = b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    assert groups_of(header) == {"4f1c", "Geo.Submit"}


@pytest.mark.parametrize(
    ("header", "groups"),
    [
        (None, set()),
        ("", set()),
        ("geo", {"geo"}),
        ("a,b , c", {"a", "b", "c"}),
        (b64encode(b"[1]").decode(), {"WzFd"}),
        (b64encode(b'{"claims": 7}').decode(), {b64encode(b'{"claims": 7}').decode()}),
    ],
)
def test_other_headers_are_names(header: str | None, groups: set[str]) -> None:
    assert groups_of(header) == groups


@pytest.mark.parametrize(
    ("peer", "passed", "address"),
    [
        (FAR, "", FAR),
        (FAR, "1.2.3.4", FAR),
        (PROXY, "1.2.3.4", "1.2.3.4"),
        # What a client writes itself stands before what the proxy adds.
        (PROXY, "127.0.0.1, 1.2.3.4", "1.2.3.4"),
        (PROXY, "1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (PROXY, "", PROXY),
    ],
)
def test_where_a_request_comes_from(peer: str, passed: str, address: str) -> None:
    assert client_address(peer, sent(X_Forwarded_For=passed), networks(PROXY)) == address


def test_tokens_say_who_and_what() -> None:
    policy = behind_proxy(tokens=read_tokens(f"{ENTRY}, {LOOKING_ENTRY}"))
    actor = policy.actor(FAR, sent(Authorization=f"Bearer {SECRET}"))
    assert actor == Actor("token nightly", FAR)
    looking = policy.actor(FAR, sent(Authorization=f"bearer {LOOKING}"))
    assert (looking.name, looking.refusal) == ("token grafana", "Token 'grafana' may only read.")


def test_a_wrong_token_is_no_login_even_here() -> None:
    with pytest.raises(NotSignedIn):
        Policy(tokens=read_tokens(ENTRY)).actor(NEAR, sent(Authorization="Bearer pm_x"))


def test_guessing_ends_and_others_go_on() -> None:
    tokens = read_tokens(ENTRY)
    assert [tokens.find(f"pm_{guess}", FAR) for guess in range(10)] == [None] * 10
    with pytest.raises(TooManyAttempts):
        tokens.find(SECRET, FAR)
    assert tokens.find(SECRET, NEAR) is not None


def test_the_settings_have_no_secret() -> None:
    assert SECRET not in ENTRY
    assert new_token("a", "read")[0] != new_token("a", "read")[0]
    assert len(SECRET) > 40


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("pm_a-secret", "an entry is not name:scope:hash"),
        (ENTRY.replace("submit", "admin"), "expected one of: read, submit"),
        (f"{ENTRY},{new_token('nightly', 'read')[1]}", "given twice"),
        ("a b:read:" + "0" * 64, "an entry is not"),
    ],
    ids=["secret", "scope", "twice", "name"],
)
def test_entries_that_are_none_are_refused_without_repeating_them(given: str, message: str) -> None:
    with pytest.raises(AccessError, match=message) as refused:
        read_tokens(given)
    assert "secret" not in str(refused.value)


def test_who_only_reads_keeps_a_name() -> None:
    actor = Policy(read_only=True).actor(NEAR, sent())
    assert actor == Actor(ANONYMOUS, NEAR, READ_ONLY)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"user_header": "X-User"}, "needs TRUSTED_PROXIES"),
        ({"groups_header": "X-Groups"}, "needs AUTH_USER_HEADER"),
        ({"submitters": frozenset({"a"})}, "need AUTH_GROUPS_HEADER"),
        ({"viewers": frozenset({"a"})}, "need AUTH_GROUPS_HEADER"),
    ],
)
def test_rules_that_would_not_hold_are_refused(rules: dict[str, object], message: str) -> None:
    with pytest.raises(AccessError, match=message):
        Policy(**rules)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["proxy", "10.0.0.0/99", "10.0.0.1/24"])
def test_proxies_are_addresses_or_networks(given: str) -> None:
    with pytest.raises(AccessError, match="TRUSTED_PROXIES"):
        networks(given)


@pytest.mark.parametrize(
    ("host", "policy", "open_to_all"),
    [
        ("127.0.0.1", Policy(), False),
        ("localhost", Policy(), False),
        ("10.0.0.7", Policy(), True),
        ("0.0.0.0", Policy(), True),
        ("0.0.0.0", Policy(read_only=True), False),
        ("0.0.0.0", behind_proxy(), False),
        ("0.0.0.0", Policy(tokens=read_tokens(ENTRY)), False),
    ],
)
def test_a_dashboard_that_is_open_to_all_says_so(
    host: str, policy: Policy, open_to_all: bool
) -> None:
    assert (policy.exposure(host) is not None) is open_to_all
