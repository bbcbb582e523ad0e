"""What pages show already, so that a tick sends what differs and nothing else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from callbacks.shelf import Shelf
from layouts import ids
from layouts.leaves import ROWS, Leaves, Rows, unpack
from queries.observed import UNOBSERVED, Observer


class Shown:
    """The leaves that were sent lately, by their digest: viewers of equal pages share one entry.

    A digest that is neither here nor on the shelf (long ago, or before a restart) costs one whole
    answer. A single process needs no shelf.
    """

    LARGEST = 2000
    MOST_BYTES = 6_000_000

    def __init__(self, shelf: Shelf | None = None, observer: Observer = UNOBSERVED) -> None:
        self._packed: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._shelf = shelf
        self._observer = observer

    def remember(self, leaves: Leaves) -> str:
        """Keeps leaves that are being sent; their digest names them."""
        digest = leaves.digest
        with self._lock:
            if known := digest in self._packed:
                self._packed.move_to_end(digest)
        if not known:
            packed = leaves.packed
            self._keep(digest, packed)
            if self._shelf is not None:
                self._shelf.put(digest, packed)
        return digest

    def recall(self, digest: str | None) -> Leaves | None:
        """The leaves of a digest, or none."""
        if digest is None:
            return None
        with self._lock:
            packed = self._packed.get(digest)
        self._observer.looked("shown", packed is not None)
        if packed is None and self._shelf is not None:
            packed = self._shelf.get(digest)
            self._observer.looked("shelf", packed is not None)
        return None if packed is None else unpack(packed)

    def _keep(self, digest: str, packed: bytes) -> None:
        with self._lock:
            self._bytes += len(packed) - len(self._packed.get(digest, b""))
            self._packed[digest] = packed
            self._packed.move_to_end(digest)
            while len(self._packed) > self.LARGEST or self._bytes > self.MOST_BYTES:
                self._bytes -= len(self._packed.popitem(last=False)[1])


def changes(now: Leaves, before: Leaves | None) -> list[list[Any]]:
    """What differs, one entry a kind of leaves: the name in their ids and the property that each
    of them is, the new values by key, and for rows by key those that differ, each with its place
    and the cells that are new. The order is that of ids.LEAVES.
    """
    told = []
    for kind, (name, property_) in ids.LEAVES.items():
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
            told.append([name, property_, whole, cells])
    return told


def _cells(rows: Rows, before: Rows) -> list[list[Any]] | None:
    """The rows that differ, with their place and new cells; none if rows came, went or changed
    their shape."""
    if len(rows) != len(before):
        return None
    told = []
    for place, (row, old) in enumerate(zip(rows, before, strict=True)):
        if row.keys() != old.keys():
            return None
        if row != old:
            told.append([place, {cell: new for cell, new in row.items() if new != old[cell]}])
    return told
