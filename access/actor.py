"""Who asks for something, and whether that one may change anything."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import MonitorError


class NotAllowed(MonitorError):
    """Somebody may not do what was asked; the message says why. Nothing was changed."""


class NotSignedIn(MonitorError):
    """Nobody may see anything without a name or a token; the message says how to give one."""


class TooManyAttempts(MonitorError):
    """Too many wrong tokens came from an address; the message says when to try again."""


@dataclass(frozen=True)
class Actor:
    """Who sends a request or types a command.

    name: the user's or the token's; address: where the request comes from; refusal: why this one
    may not change anything, or None.
    """

    name: str
    address: str
    refusal: str | None = None

    def check(self) -> None:
        """Raises NotAllowed for those who may only look."""
        if self.refusal is not None:
            raise NotAllowed(self.refusal)
