"""Leaves that are drawn once for all viewers of the same numbers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from queries.observed import UNOBSERVED, Observer

T = TypeVar("T")


class Drawn(Generic[T]):
    """The latest results by key; those who ask for the same one at the same time share it.

    Of each key one version is kept, so that numbers that move don't pile up.
    """

    LARGEST = 200

    def __init__(self, name: str = "", observer: Observer = UNOBSERVED) -> None:
        self._name = name
        self._observer = observer
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, draw: Callable[[], T], version: Hashable = None) -> T:
        """The result for a key and its version, drawn if nobody has yet."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.version != version:
                entry = self._entries[key] = _Entry(version)
            self._entries.move_to_end(key)
            while len(self._entries) > self.LARGEST:
                self._entries.popitem(last=False)
        with entry.lock:
            self._observer.looked(self._name, entry.result is not None)
            if entry.result is None:
                entry.result = draw()
            return entry.result


class _Entry(Generic[T]):
    """A result, and who draws it."""

    def __init__(self, version: Hashable) -> None:
        self.version = version
        self.result: T | None = None
        self.lock = threading.Lock()
