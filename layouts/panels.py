"""A panel that can be shown and hidden; the address remembers which are open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import ids


def panel(
    name: str,
    title: str,
    content: Sequence[Component],
    *,
    is_open: bool,
    extra: Sequence[Component] = (),
) -> html.Details:
    """A panel with its size beside the title; `extra` stands at the title's right
    while it is open."""
    # What it is called and how it opens, for assets/address.js.
    marks: Any = {"data-panel": name, "data-open": str(is_open).lower()}
    return html.Details(
        [
            html.Summary([title, html.Span(id=ids.text(f"{name}.size"), className="note")]),
            # Not in the summary, which is a button: a link within a button can't be reached.
            *extra,
            *content,
        ],
        open=is_open,
        className="panel",
        **marks,
    )
