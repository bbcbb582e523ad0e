"""Who observes caches and reads: api/metrics.py measures them."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Called at once, by the thread that does it; it must not wait for anything."""

    def looked_up(self, cache: str, hit: bool) -> None:
        """A cache lookup: the value was there, or had to be computed."""

    def refreshed(self, pipeline: str, seconds: float) -> None:
        """A pipeline's snapshot was read, in so many seconds."""

    def read_failed(self, query: str, refused: bool) -> None:
        """A read failed, or was refused because too many were running."""


class Unobserved:
    """An observer that ignores everything."""

    def looked_up(self, cache: str, hit: bool) -> None:
        """Ignores it."""

    def refreshed(self, pipeline: str, seconds: float) -> None:
        """Ignores it."""

    def read_failed(self, query: str, refused: bool) -> None:
        """Ignores it."""


UNOBSERVED = Unobserved()
