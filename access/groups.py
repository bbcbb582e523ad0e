"""The groups that a proxy says somebody belongs to."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from typing import Any

from access.clients import names

CLAIMS = ("groups", "roles")


def groups_of(header: str | None) -> frozenset[str]:
    """The groups of a header: names separated by commas, or a client principal of Entra.

    That one (`X-MS-CLIENT-PRINCIPAL`) is a JSON object in Base64, whose claims of type `groups` or
    `roles` count.
    """
    claims = _claims(header or "")
    if claims is None:
        return names(header)
    values = (claim.get("val") for claim in claims if claim.get("typ") in CLAIMS)
    return frozenset(value for value in values if isinstance(value, str))


def _claims(header: str) -> list[dict[str, Any]] | None:
    """The claims of a client principal; None if the header is none."""
    try:
        principal = json.loads(b64decode(header, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    claims = principal.get("claims") if isinstance(principal, dict) else None
    if not isinstance(claims, list):
        return None
    return [claim for claim in claims if isinstance(claim, dict)]
