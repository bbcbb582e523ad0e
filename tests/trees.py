"""What the tests ask of a component tree."""

from __future__ import annotations

import json
from typing import Any

from dash.development.base_component import Component

from layouts.components import components
from layouts.page_values import slots_of

# A table's columns are as it was built, and it has all its rows, unless a tick says otherwise.
OPTIONAL = {"columns", "pages"}


def ids_of(page: Component) -> list[str]:
    """The ids in the page, each as Dash writes it."""
    found = (getattr(component, "id", None) for component in components(page))
    return [written(component_id) for component_id in found if component_id is not None]


def written(component_id: Any) -> str:
    """An id as Dash writes it into the page: of several parts, as JSON with sorted keys."""
    if isinstance(component_id, str):
        return component_id
    return json.dumps(component_id, sort_keys=True, separators=(",", ":"))


def slot_ids(page: Component) -> list[tuple[str, str]]:
    """Kind and key of every slot that has to have a value, in the page's order."""
    return [(kind, key) for _, kind, key in slots_of(page) if kind not in OPTIONAL]


def find(page: Component, component_id: Any) -> Any:
    """The component with an id."""
    wanted = written(component_id)
    (found,) = [
        component
        for component in components(page)
        if (own := getattr(component, "id", None)) is not None and written(own) == wanted
    ]
    return found


def text_of(part: Any) -> str:
    """All the text in a tree, in its order."""
    if isinstance(part, Component):
        part = getattr(part, "children", None)
    if isinstance(part, list | tuple):
        return " ".join(text_of(child) for child in part)
    return text_of(part) if isinstance(part, Component) else str("" if part is None else part)


def links(page: Component) -> list[str]:
    """Where the links lead."""
    return [part.href for part in components(page) if getattr(part, "href", None) is not None]
