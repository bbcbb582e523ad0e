"""Lets requests in: from known hosts, from the dashboard's own pages, of those who may."""

from __future__ import annotations

from flask import Flask, abort, g, request

from access.actor import Actor, NotAllowed, NotSignedIn, TooManyAttempts
from access.hosts import is_allowed
from access.origins import foreign_origin
from access.policy import Policy

# Whoever watches the machine asks by an address and has no name.
OPEN_PATHS = ("/healthz", "/readyz")
STATUSES = {NotSignedIn: 401, NotAllowed: 403, TooManyAttempts: 429}


def register(server: Flask, policy: Policy) -> None:
    """Checks each request before anything else does."""

    def let_in() -> None:
        if request.path in OPEN_PATHS:
            return
        if not is_allowed(request.headers.get("Host"), policy.hosts):
            abort(400, "This host name is not served here; ALLOWED_HOSTS names those that are")
        if foreign_origin(request.method, request.headers) is not None:
            abort(403, "Pages of other sites may not send this. Nothing was changed")
        try:
            g.actor = policy.actor(request.remote_addr or "", request.headers)
        except tuple(STATUSES) as error:
            abort(STATUSES[type(error)], str(error))

    server.before_request(let_in)


def current_actor() -> Actor:
    """Who sends the request that is being answered."""
    actor: Actor = g.actor
    return actor
