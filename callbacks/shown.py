"""What pages show already, so that a tick sends what differs and nothing else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from dash import no_update

from layouts import ids
from layouts.leaves import Leaves


class Shown:
    """The leaves that were sent lately, by their digest: viewers of equal pages share one entry.

    A digest that is not here (another process sent it, or long ago) costs one whole answer.
    """

    LARGEST = 500

    def __init__(self) -> None:
        self._leaves: OrderedDict[str, Leaves] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, leaves: Leaves) -> str:
        """Keeps leaves that are being sent; their digest names them."""
        digest = leaves.digest
        with self._lock:
            self._leaves[digest] = leaves
            self._leaves.move_to_end(digest)
            while len(self._leaves) > self.LARGEST:
                self._leaves.popitem(last=False)
        return digest

    def recall(self, digest: str | None) -> Leaves | None:
        """The leaves of a digest, or none."""
        with self._lock:
            return self._leaves.get(digest or "")


def changes(
    asked: list[dict[str, Any]], kind: str, now: Leaves, before: Leaves | None
) -> list[Any]:
    """The values of one kind of leaves in the order asked, `no_update` where nothing changed.

    asked: the outputs of a callback, each with an id `{…: "opening.key"}`.
    """
    name, _ = ids.LEAVES[kind]
    keys = [output["id"][name].partition(".")[2] for output in asked]
    old = {} if before is None else before.kind(kind)
    new = now.kind(kind)
    return [
        no_update
        if key not in new or (key in old and old[key] == new[key])
        else now.property(kind, key)
        for key in keys
    ]
