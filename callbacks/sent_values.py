"""The values that pages already have, so that a refresh sends only what differs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from layouts.page_values import ROWS, SLOTS, PageValues, Rows, unpack
from queries.observed import UNOBSERVED, Observer


class SentValues:
    """The latest page values that were sent, by digest: viewers of equal pages share one entry.

    For a digest that is not here (of long ago, before a restart, or sent by another process) a page
    gets all of its values.
    """

    LARGEST = 2000
    MOST_BYTES = 6_000_000

    def __init__(self, observer: Observer = UNOBSERVED) -> None:
        self._packed: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._observer = observer

    def remember(self, page_values: PageValues) -> str:
        """Stores page values that are being sent. Returns their digest."""
        digest = page_values.digest
        with self._lock:
            if remembered := digest in self._packed:
                self._packed.move_to_end(digest)
        if not remembered:
            self._keep(digest, page_values.packed)
        return digest

    def recall(self, digest: str | None) -> PageValues | None:
        """The page values of a digest, or None."""
        if digest is None:
            return None
        with self._lock:
            packed = self._packed.get(digest)
        self._observer.looked_up("sent", packed is not None)
        return None if packed is None else unpack(packed)

    def _keep(self, digest: str, packed: bytes) -> None:
        with self._lock:
            self._bytes += len(packed) - len(self._packed.get(digest, b""))
            self._packed[digest] = packed
            self._packed.move_to_end(digest)
            while len(self._packed) > self.LARGEST or self._bytes > self.MOST_BYTES:
                self._bytes -= len(self._packed.popitem(last=False)[1])


def diff(now: PageValues, before: PageValues | None) -> list[list[Any]]:
    """What differs, one entry per kind of slots: the name in their ids and the property that each
    of them is, the new values by key, and for rows by key those that differ, each with its place
    and the cells that are new. The order is that of SLOTS.
    """
    changed = []
    for kind, (name, property_) in SLOTS.items():
        old = {} if before is None else before.kind(kind)
        whole, cells = {}, {}
        for key, value in now.kind(kind).items():
            if key in old and old[key] == value:
                continue
            some = _cells(value, old[key]) if key in old and kind in ROWS else None
            if some is None:
                whole[key] = now.property(kind, key)
            else:
                cells[key] = some
        if whole or cells:
            changed.append([name, property_, whole, cells])
    return changed


def _cells(rows: Rows, before: Rows) -> list[list[Any]] | None:
    """The rows that differ, with their position and new cells; None if rows came, went or changed
    their shape."""
    if len(rows) != len(before):
        return None
    changed = []
    for place, (row, old) in enumerate(zip(rows, before, strict=True)):
        if row.keys() != old.keys():
            return None
        if row != old:
            changed.append([place, {cell: new for cell, new in row.items() if new != old[cell]}])
    return changed
