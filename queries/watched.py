"""Answers of the database that somebody is looking at: each is read once for all who look."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.engine import explain
from queries.observed import UNOBSERVED, Observer

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class Answer(Generic[V]):
    """The last good value, and what is wrong with the database now, if anything.

    `found` is false when the database says that there is no such thing.
    """

    value: V | None = None
    error: str | None = None
    found: bool = True
    taken: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the value was read, by this process's clock."""
        return time.monotonic() - self.taken


class Watched(Generic[K, V]):
    """Values by key, each read at most once an interval, however many look.

    `take` reads a value, or none when there is no such thing. What it raises is told in the answer,
    which keeps the last value.
    """

    LARGEST = 200

    def __init__(
        self,
        take: Callable[[K], V | None],
        interval: float,
        name: str = "",
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._take = take
        self._interval = interval
        self._name = name
        self._observer = observer
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._lock = threading.Lock()

    def latest(self, key: K, *, renew: bool = False) -> Answer[V]:
        """The value, at most an interval old; with `renew`, read after this call."""
        entry, asked = self._entry(key), time.monotonic()
        with entry.lock:
            oldest = asked if renew else asked - self._interval
            stale = entry.read_at < oldest or entry.read_at == -math.inf
            self._observer.looked(self._name, not stale)
            if stale:
                entry.read_at = time.monotonic()
                entry.answer = self._attempt(key, entry.answer)
            return entry.answer

    def _entry(self, key: K) -> _Entry[V]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self.LARGEST:
                self._entries.popitem(last=False)
            return entry

    def _attempt(self, key: K, last: Answer[V]) -> Answer[V]:
        try:
            value = self._take(key)
        except (DBAPIError, PoolTimeoutError) as error:
            reason = explain(error)
        except Exception:
            # A page outlives what nobody thought of, and says that there is something.
            log.exception("Reading %s of %s failed", self._name, key)
            reason = "an unexpected error; the server's log has it"
        else:
            return Answer(value, found=value is not None)
        self._observer.unanswered(self._name, False)
        return Answer(last.value, reason, taken=last.taken)


class _Entry(Generic[V]):
    """A watched value, and who may read it."""

    def __init__(self) -> None:
        self.answer: Answer[V] = Answer()
        self.read_at = -math.inf
        self.lock = threading.Lock()
