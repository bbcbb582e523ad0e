"""Page values: what a refresh writes into the slots of a page, by kind and key."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson
from dash.development.base_component import Component

from layouts import tables
from layouts.components import components
from layouts.formats import NONE

# The kinds of slots: the key of their ids, and the property that they are.
SLOTS = {
    "text": ("text", "children"),
    "bar": ("bar", "style"),
    "table": ("table", tables.ROWS),
    "columns": ("table", tables.COLUMNS),
    "rows": ("list", tables.ROWS),
    "pages": ("list", tables.PAGES),
    "options": ("options", "options"),
    "href": ("href", "href"),
    "visible": ("visible", "hidden"),
}
Rows = list[dict[str, Any]]
# The kinds whose values are rows.
ROWS = ("table", "columns", "rows", "options")


@dataclass(frozen=True)
class PageValues:
    """The values of a page's slots, by kind: text, bar (width in percent), table (rows), columns
    (of a table), rows (of one page of a list), pages (how many it has), options (of a dropdown),
    href, visible (or not)."""

    text: Mapping[str, str] = field(default_factory=dict)
    bar: Mapping[str, float] = field(default_factory=dict)
    table: Mapping[str, Rows] = field(default_factory=dict)
    columns: Mapping[str, Rows] = field(default_factory=dict)
    rows: Mapping[str, Rows] = field(default_factory=dict)
    pages: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Rows] = field(default_factory=dict)
    href: Mapping[str, str] = field(default_factory=dict)
    visible: Mapping[str, bool] = field(default_factory=dict)

    def __or__(self, other: PageValues) -> PageValues:
        """Both together."""
        return PageValues(**{kind: {**mine, **other.kind(kind)} for kind, mine in self.kinds()})

    def under(self, prefix: str) -> PageValues:
        """The same values with a prefix to their keys."""
        return PageValues(
            **{
                kind: {f"{prefix}.{key}": value for key, value in values.items()}
                for kind, values in self.kinds()
            }
        )

    def without_tables(self, keys: Collection[str]) -> PageValues:
        """The same values without the tables of some keys."""
        same = {
            kind: {key: value for key, value in self.kind(kind).items() if key not in keys}
            for kind in ("table", "columns")
        }
        return replace(self, **same)

    def kind(self, kind: str) -> Mapping[str, Any]:
        """The values of one kind by key."""
        values: Mapping[str, Any] = getattr(self, kind)
        return values

    def kinds(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every kind with its values."""
        return ((each.name, self.kind(each.name)) for each in fields(self))

    @cached_property
    def digest(self) -> str:
        """Equal for page values of equal values."""
        return blake2b(self._written(), digest_size=12).hexdigest()

    @property
    def packed(self) -> bytes:
        """The values as `unpack` reads them, in a sixteenth of the size."""
        return zlib.compress(self._written(), level=1)

    def _written(self) -> bytes:
        return orjson.dumps(dict(self.kinds()), option=orjson.OPT_SORT_KEYS)

    def property(self, kind: str, key: str) -> Any:
        """What a slot's property is to be. Raises KeyError for a slot without a value."""
        value = self.kind(kind)[key]
        return PROPERTIES[kind](value) if kind in PROPERTIES else value


def unpack(packed: bytes) -> PageValues:
    """The page values that were packed."""
    return PageValues(**orjson.loads(zlib.decompress(packed)))


# Where the property is not the value itself.
PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "bar": lambda percent: {"width": f"{percent:.2f}%"},
    "visible": lambda visible: not visible,
}
EMPTY: dict[str, Any] = {"text": NONE, "table": [], "rows": [], "visible": True}


def fill(page: Component, page_values: PageValues | None) -> Component:
    """Writes values into a page that is not sent yet, so that it opens with its numbers.

    A slot without a value shows a dash: its number is not there yet.
    """
    values = page_values or PageValues()
    for component, kind, key in slots_of(page):
        given = key in values.kind(kind)
        if given or kind in EMPTY:
            value = values.property(kind, key) if given else EMPTY[kind]
            setattr(component, SLOTS[kind][1], value)
    return page


def name_slots(page: Component, opening: str) -> Component:
    """The page with the name of its opening before the key of every slot.

    No two openings share a name, so an answer that comes late can't write into another page.
    """
    for component, kind, key in list(slots_of(page)):
        component.id = {SLOTS[kind][0]: f"{opening}.{key}"}
    return page


def slots_of(page: Component) -> Iterator[tuple[Any, str, str]]:
    """Every slot of a page: its component, kind and key."""
    for component in components(page):
        slot_id = getattr(component, "id", None)
        if isinstance(slot_id, dict) and len(slot_id) == 1:
            ((name, key),) = slot_id.items()
            for kind, (own, _) in SLOTS.items():
                if own == name:
                    yield component, kind, key
