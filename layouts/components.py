"""Component trees: every component of one, and what a component becomes in HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def components(part: Any) -> Iterator[Component]:
    """A component and every one below it in its children, from top to bottom; text is none."""
    if isinstance(part, (list, tuple)):
        for child in part:
            yield from components(child)
    elif isinstance(part, Component):
        yield part
        yield from components(getattr(part, "children", None))


def tag_of(part: Component) -> str | None:
    """The HTML tag of a component of dash.html; None for any other."""
    kind = type(part)
    return kind.__name__.lower() if kind.__module__.startswith("dash.html.") else None
