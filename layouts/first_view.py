"""What is seen of a page until the scripts have drawn it."""

from __future__ import annotations

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from layouts.components import tag_of
from layouts.html_text import html_text
from layouts.page import places

# Panels below need scripts, and are below the fold.
LATER = "panel"


def first_view(page: Component, as_of: str | None) -> str:
    """The HTML of the header and of a filled page, as far as it needs no script.

    assets/first.js takes it away when the page itself is there.
    """
    children = page.children if isinstance(page.children, list) else [page.children]
    displayed = [child for child in children if not _later(child)]
    when = html.Span(f"as of {_utc(as_of)}" if as_of else "", className="age")
    header = html.Header([places(), html.Div(when, className="controls")], className="top")
    main = html.Main(html.Div(html.Div(displayed)))
    return html_text(html.Div([header, main], className="first"))


def _utc(as_of: str) -> str:
    return f"{datetime.fromisoformat(as_of).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _later(part: object) -> bool:
    tag = tag_of(part) if isinstance(part, Component) else None
    names = str(getattr(part, "className", "") or "").split()
    return tag in (None, "details") or LATER in names
