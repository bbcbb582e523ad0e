"""Who is told what the caches and the readings do; api/metrics.py makes numbers of it."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Is told at once, by the thread that does it, and must not wait for anything."""

    def looked_up(self, cache: str, hit: bool) -> None:
        """Somebody looked into a cache: what was wanted was there, or had to be made."""

    def refreshed(self, pipeline: str, seconds: float) -> None:
        """A pipeline's snapshot was taken, in so many seconds."""

    def read_failed(self, query: str, refused: bool) -> None:
        """A reading failed, or was refused as too many were under way."""


class Unobserved:
    """An observer whom nothing interests."""

    def looked_up(self, cache: str, hit: bool) -> None:
        """Forgets it."""

    def refreshed(self, pipeline: str, seconds: float) -> None:
        """Forgets it."""

    def read_failed(self, query: str, refused: bool) -> None:
        """Forgets it."""


UNOBSERVED = Unobserved()
