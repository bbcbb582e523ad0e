"""What a tick writes into a page: the values of its leaves by kind and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dash.development.base_component import Component

from layouts import ids
from layouts.formats import NONE


@dataclass(frozen=True)
class Leaves:
    """The values of a page's leaves: text, bar width in percent, table rows, whether shown."""

    text: Mapping[str, str] = field(default_factory=dict)
    bar: Mapping[str, float] = field(default_factory=dict)
    table: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    shown: Mapping[str, bool] = field(default_factory=dict)

    def __or__(self, other: Leaves) -> Leaves:
        """Both together."""
        return Leaves(
            {**self.text, **other.text},
            {**self.bar, **other.bar},
            {**self.table, **other.table},
            {**self.shown, **other.shown},
        )

    def under(self, prefix: str) -> Leaves:
        """The same leaves with a prefix to their keys."""
        kinds: list[Any] = [
            {f"{prefix}.{key}": value for key, value in kind.items()}
            for kind in (self.text, self.bar, self.table, self.shown)
        ]
        return Leaves(*kinds)

    def value(self, leaf_id: Mapping[str, str]) -> Any:
        """The property of a leaf by its id. Raises KeyError for a leaf without a value."""
        ((kind, key),) = leaf_id.items()
        if kind == "bar":
            return {"width": f"{self.bar[key]:.2f}%"}
        if kind == "shown":
            return not self.shown[key]
        return self.text[key] if kind == "text" else self.table[key]


def name_leaves(page: Component, prefix: str) -> Component:
    """Puts a prefix to the keys of the page's leaves, as `Leaves.under` does to their values."""
    for component, kind, key in _leaves(page):
        component.id = {kind: f"{prefix}.{key}"}
    return page


def fill(page: Component, leaves: Leaves | None) -> Component:
    """Writes the leaves into a page that is not sent yet, so that its first sight has numbers.

    Without leaves the page shows dashes: its numbers are not there yet.
    """
    for component, kind, key in _leaves(page):
        value = EMPTY[kind] if leaves is None else leaves.value({kind: key})
        setattr(component, ids.LEAVES[kind], value)
    return page


def _leaves(page: Component) -> Iterator[tuple[Any, str, str]]:
    for component in page._traverse():
        leaf_id = getattr(component, "id", None)
        if isinstance(leaf_id, dict) and len(leaf_id) == 1:
            ((kind, key),) = leaf_id.items()
            if kind in ids.LEAVES:
                yield component, kind, key


EMPTY: dict[str, Any] = {"text": NONE, "bar": {"width": "0%"}, "table": [], "shown": True}
