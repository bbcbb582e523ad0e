"""Where the tables contradict each other: shown only when they do."""

from __future__ import annotations

import pandas as pd
from dash import html

from layouts import ids
from layouts.formats import format_count
from layouts.leaves import Leaves

KEY = "contradictions"


def contradictions() -> html.Section:
    """A notice, hidden until there is something to say."""
    return html.Section(
        [html.Strong("The tables contradict each other: "), html.Span(id=ids.text(KEY))],
        id=ids.shown(KEY),
        className="notice",
        hidden=True,
    )


def contradiction_values(found: pd.DataFrame) -> Leaves:
    """The notice's leaves, from one row a kind of contradiction."""
    told = [
        f"{format_count(count)} {text}"
        for text, count in zip(found["text"], found["count"], strict=True)
    ]
    return Leaves(text={KEY: "; ".join(told)}, shown={KEY: bool(told)})
