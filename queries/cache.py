"""Caches shared by all viewers: each value is computed once for all who want it.

Callers that want the same value at the same time share one computation (single flight), and the
values that were used last stay.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from database.engine import DATABASE_FAILURES, error_message
from pipelines.public_text import public_text
from queries.observed import UNOBSERVED, Observer

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
E = TypeVar("E")

LARGEST = 200


@dataclass(frozen=True)
class CachedResult(Generic[V]):
    """The last good value, and what is wrong with the database now, if anything.

    found: false when the database says that there is no such thing. read_at: when the value was
    read, on this process's monotonic clock in seconds.
    """

    value: V | None = None
    error: str | None = None
    found: bool = True
    read_at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the value was read."""
        return time.monotonic() - self.read_at


class _Entries(Generic[K, E]):
    """The entries that were used last, by key."""

    def __init__(self, make: Callable[[], E], largest: int) -> None:
        self._make = make
        self._largest = largest
        self._entries: OrderedDict[K, E] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> E:
        with self._lock:
            if key not in self._entries:
                self._entries[key] = self._make()
            self._entries.move_to_end(key)
            while len(self._entries) > self._largest:
                self._entries.popitem(last=False)
            return self._entries[key]


class _Query(Generic[V]):
    """A query's latest result, and the lock of whoever reads it."""

    def __init__(self) -> None:
        self.result: CachedResult[V] = CachedResult()
        self.began_at = -math.inf
        self.lock = threading.Lock()


class QueryCache(Generic[K, V]):
    """Results of the database by key, each read at most once per interval.

    `read` returns a value, or None when there is no such thing. When it raises, the result keeps
    the last value and carries the error.
    """

    def __init__(
        self,
        read: Callable[[K], V | None],
        interval: float,
        name: str = "",
        observer: Observer = UNOBSERVED,
        largest: int = LARGEST,
    ) -> None:
        self._read = read
        self._interval = interval
        self._name = name
        self._observer = observer
        self._queries: _Entries[K, _Query[V]] = _Entries(_Query, largest)

    def peek(self, key: K) -> CachedResult[V]:
        """The latest result, of any age, without waiting for the database."""
        return self._queries.get(key).result

    def latest(self, key: K, *, renew: bool = False) -> CachedResult[V]:
        """A result at most an interval old; with `renew`, one that is read after this call."""
        query, asked = self._queries.get(key), time.monotonic()
        with query.lock:
            oldest = asked if renew else asked - self._interval
            stale = query.began_at < oldest or query.began_at == -math.inf
            self._observer.looked_up(self._name, not stale)
            if stale:
                query.began_at = time.monotonic()
                query.result = self._attempt(key, query.result)
            return query.result

    def _attempt(self, key: K, last: CachedResult[V]) -> CachedResult[V]:
        try:
            value = self._read(key)
        except DATABASE_FAILURES as error:
            reason = error_message(error)
        except Exception:
            # A page outlives an error that nobody thought of, and shows that there is one.
            log.exception("Reading %s of %r failed", self._name, key)
            reason = "an unexpected error; see the server's log"
        else:
            return CachedResult(value, found=value is not None)
        self._observer.read_failed(self._name, False)
        public = public_text(reason)
        if public != last.error:
            log.warning("Can't read %s of %r: %s", self._name, key, reason)
        return CachedResult(last.value, public, read_at=last.read_at)


class _Version(Generic[V]):
    """The value of a key's latest version, and the lock of whoever computes it."""

    def __init__(self) -> None:
        self.version: Hashable = None
        self.value: V | None = None
        self.lock = threading.Lock()


class RenderCache(Generic[V]):
    """What was rendered, by key. Of each key the latest version is kept."""

    def __init__(
        self, name: str = "", observer: Observer = UNOBSERVED, largest: int = LARGEST
    ) -> None:
        self._name = name
        self._observer = observer
        self._versions: _Entries[Hashable, _Version[V]] = _Entries(_Version, largest)

    def get(self, key: Hashable, render: Callable[[], V], version: Hashable = None) -> V:
        """The value of a key and version, rendered if nobody has done so yet."""
        entry = self._versions.get(key)
        with entry.lock:
            hit = entry.value is not None and entry.version == version
            self._observer.looked_up(self._name, hit)
            if entry.value is None or not hit:
                entry.value, entry.version = render(), version
            return entry.value
