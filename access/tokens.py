"""Tokens with which scripts use the API. Only their hashes are stored."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from access.actor import TooManyAttempts
from access.clients import names
from access.hosts import AccessError

SCOPES = ("read", "submit")
# Wrong tokens that an address may send in a minute.
ATTEMPTS = RateLimitItemPerMinute(10)
ENTRY = re.compile(r"(?P<name>[\w.@-]{1,50}):(?P<scope>[a-z]+):(?P<digest>[0-9a-f]{64})")
BEGINNING = "pm_"


@dataclass(frozen=True)
class Token:
    """A token as the settings have it: whose it is, what it may, the SHA-256 of its secret."""

    name: str
    scope: str
    digest: str


class Tokens:
    """The known tokens, and how often an address was wrong."""

    def __init__(self, known: Sequence[Token] = ()) -> None:
        self._known = tuple(known)
        self._wrong = MovingWindowRateLimiter(MemoryStorage())

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._known)

    def find(self, secret: str, address: str) -> Token | None:
        """The token with this secret, if there is one. Raises TooManyAttempts.

        It takes as long for a secret that is nearly right as for any other.
        """
        if not self._wrong.test(ATTEMPTS, address):
            raise TooManyAttempts("Too many wrong tokens came from here. Try again in a minute")
        digest = digest_of(secret)
        found = [token for token in self._known if hmac.compare_digest(token.digest, digest)]
        if not found:
            self._wrong.hit(ATTEMPTS, address)
        return found[0] if found else None


def digest_of(secret: str) -> str:
    """The hash of a secret. Secrets are long and random, so that one round of SHA-256 is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_token(name: str, scope: str) -> tuple[str, str]:
    """A new token's secret, and its entry for API_TOKENS. Raises AccessError."""
    secret = BEGINNING + secrets.token_urlsafe(32)
    entry = f"{name}:{scope}:{digest_of(secret)}"
    read_tokens(entry)
    return secret, entry


def bearer(secret: str) -> str:
    """The header of a request with a token."""
    return f"Authorization: Bearer {secret}"


def read_tokens(given: str | None) -> Tokens:
    """The tokens of API_TOKENS: `name:scope:hash`, separated by commas. Raises AccessError."""
    known = [_read(entry) for entry in sorted(names(given))]
    if len({token.name for token in known}) < len(known):
        raise AccessError("API_TOKENS: a name is given twice")
    return Tokens(known)


def _read(entry: str) -> Token:
    found = ENTRY.fullmatch(entry)
    # An entry may be a secret that was put there by mistake: it is not repeated.
    if found is None:
        raise AccessError(
            "API_TOKENS: an entry is not name:scope:hash; `python app.py token NAME` prints one"
        )
    if found["scope"] not in SCOPES:
        raise AccessError(
            f"API_TOKENS: '{found['name']}' has scope '{found['scope']}'; "
            f"expected one of: {', '.join(SCOPES)}"
        )
    return Token(**found.groupdict())
