"""Who may see and change what, as the settings say, and who sends a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.datastructures import Headers

from access.actor import Actor, NotAllowed, NotSignedIn
from access.clients import Network, client_address, is_forwarded, is_in
from access.groups import groups_of
from access.hosts import LOOPBACK, AccessError, is_loopback
from access.tokens import Tokens

ANONYMOUS = "anonymous"
READ_ONLY = "This dashboard only reads (READ_ONLY is set)."
UNKNOWN = (
    "Only programs on the dashboard's own machine may change something here without a login. "
    "Others need a token (API_TOKENS) or a proxy that logs them in (docs/security.md)."
)
NOT_IN_GROUP = "You may look only: your groups have no role that may change something."


@dataclass(frozen=True)
class Policy:
    """The rules.

    hosts: the names that are answered to; user_header, groups_header: what the proxies say who
    somebody is; proxies: whom to believe that; submitters: the groups that may change something
    (everybody if none is named); viewers: the groups that may look (everybody if none is named).
    """

    hosts: frozenset[str] = LOOPBACK
    read_only: bool = False
    user_header: str | None = None
    groups_header: str | None = None
    proxies: tuple[Network, ...] = ()
    submitters: frozenset[str] = frozenset()
    viewers: frozenset[str] = frozenset()
    tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        """Raises AccessError for rules that contradict each other."""
        if self.user_header and not self.proxies:
            raise AccessError("AUTH_USER_HEADER needs TRUSTED_PROXIES: anybody can send a header")
        if self.groups_header and not self.user_header:
            raise AccessError("AUTH_GROUPS_HEADER needs AUTH_USER_HEADER")
        if (self.submitters or self.viewers) and not self.groups_header:
            raise AccessError("SUBMITTER_GROUPS and VIEWER_GROUPS need AUTH_GROUPS_HEADER")

    def exposure(self, host: str) -> str | None:
        """What a dashboard that serves on `host` lets strangers do; None if it lets them nothing.

        With `read_only` or tokens, whoever configured it has thought of others.
        """
        if is_loopback(host) or self.user_header or self.tokens or self.read_only:
            return None
        return (
            f"everybody who reaches {host} sees all of this without a login, and only programs "
            "on this machine may change something. docs/security.md says how to let people log in."
        )

    def actor(self, peer: str, headers: Headers) -> Actor:
        """Who sends a request from the address `peer`.

        Raises NotSignedIn, NotAllowed (may not even look) or TooManyAttempts.
        """
        address = client_address(peer, headers, self.proxies)
        actor = self._with_token(address, headers) or self._with_name(peer, address, headers)
        if self.read_only:
            return Actor(actor.name, actor.address, READ_ONLY)
        return actor

    def _with_token(self, address: str, headers: Headers) -> Actor | None:
        scheme, _, secret = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens:
            return None
        token = self.tokens.find(secret.strip(), address)
        if token is None:
            raise NotSignedIn("The token is not known. Send Authorization: Bearer and a valid one")
        refusal = None if token.scope == "submit" else f"Token '{token.name}' may only read."
        return Actor(f"token {token.name}", address, refusal)

    def _with_name(self, peer: str, address: str, headers: Headers) -> Actor:
        if self.user_header is None:
            near = is_loopback(peer) and not self.proxies and not is_forwarded(headers)
            return Actor(ANONYMOUS, address, None if near else UNKNOWN)
        name = _text(headers.get(self.user_header, "")) if is_in(peer, self.proxies) else ""
        if not name:
            raise NotSignedIn("Log in: the proxy in front of the dashboard has to say who you are")
        return Actor(name, address, self._refusal(name, headers))

    def _refusal(self, name: str, headers: Headers) -> str | None:
        """Why a user may not change anything. Raises NotAllowed if it may not even look."""
        groups = groups_of(_text(headers.get(self.groups_header or "", "")))
        if self.viewers and not groups & (self.viewers | self.submitters):
            raise NotAllowed(f"{name} is in no group that may see this dashboard")
        may_submit = groups & self.submitters or not (self.submitters or self.viewers)
        return None if may_submit else NOT_IN_GROUP


def _text(header: str) -> str:
    """A header's text; WSGI gives its bytes as characters, and most proxies mean UTF-8."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace").strip()[:200]
