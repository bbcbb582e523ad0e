"""Components as HTML text, for what is shown before the browser can draw them itself."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from dash import dcc
from dash.development.base_component import Component

from layouts.components import tag_of

# The properties that are attributes; others are React's, or name what a callback writes.
ATTRIBUTES = {"className": "class", "href": "href", "title": "title", "role": "role"}
VOID = frozenset({"br", "hr", "img", "input"})


def html_text(part: Any) -> str:
    """The HTML of text, a component or a list; all text is escaped.

    What is hidden is left out, and what only a script can draw becomes an empty box.
    """
    if isinstance(part, (list, tuple)):
        return "".join(map(html_text, part))
    if isinstance(part, Component):
        return "" if getattr(part, "hidden", None) else _rendered(part)
    return "" if part is None else escape(str(part))


def _rendered(part: Component) -> str:
    if isinstance(part, dcc.Link):
        return _element("a", part)
    tag = tag_of(part)
    return _element(tag, part) if tag else '<div class="undrawn"></div>'


def _element(tag: str, part: Component) -> str:
    attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in _attributes(part))
    if tag in VOID:
        return f"<{tag}{attributes}>"
    return f"<{tag}{attributes}>{html_text(getattr(part, 'children', None))}</{tag}>"


def _attributes(part: Component) -> Iterable[tuple[str, Any]]:
    for name, value in part.to_plotly_json()["props"].items():
        if value is None:
            continue
        if name == "style":
            yield name, ";".join(f"{key}:{one}" for key, one in value.items())
        elif name in ATTRIBUTES:
            yield ATTRIBUTES[name], value
        elif name.startswith(("aria-", "data-")):
            yield name, value
